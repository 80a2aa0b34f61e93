//! Signed notes as C2SP specifies them (c2sp.org/signed-note): a text, an empty line, and a line for each signature.
//!
//! Ed25519 alone, and verification alone: whoever signs has a private key, which core never sees. A note says nothing until
//! it was verified with a key that came from somewhere else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519, VerifyingKey};

use crate::ledger::digest::Digest;

/// The signature type of Ed25519.
pub const ED25519: u8 = 1;

/// How long a note may be, in bytes.
pub const NOTE_MAX: usize = 1 << 16;

/// How many signatures a note may have.
pub const SIGNATURES_MAX: usize = 64;

/// What begins a signature line: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// A public key with the name of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

/// A text with signatures, none of which was verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

/// Why a text is no verifier key, or a note does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteError {
    /// The verifier key cannot be read.
    Key(&'static str),
    /// The note cannot be read.
    Malformed(&'static str),
    /// The key did not sign.
    Unsigned {
        /// The name of the key.
        name: String,
        /// Who signed instead.
        signed: Vec<String>,
    },
    /// There is a signature under the name of the key, and it is not right.
    Invalid {
        /// The name of the key.
        name: String,
    },
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(problem) => write!(f, "not a verifier key: {problem}"),
            Self::Malformed(problem) => write!(f, "not a signed note: {problem}"),
            Self::Unsigned { name, signed } => {
                write!(f, "it is not signed by the key `{name}` that was given, but by {}", signed.join(", "))
            }
            Self::Invalid { name } => write!(f, "the signature of `{name}` is not right"),
        }
    }
}

impl std::error::Error for NoteError {}

impl VerifierKey {
    /// A key of that name, from its 32 bytes.
    ///
    /// # Errors
    /// When the name or the bytes are none.
    pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("a name has no spaces, no `+` and no control characters"));
        }
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key("its bytes are no Ed25519 key"))?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Reads `name+hash+base64`, as [`fmt::Display`] writes it.
    ///
    /// # Errors
    /// When it is anything else, or the hash is not the one of the key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it has the form name+hash+base64"));
        };
        let data = STANDARD.decode(data).map_err(|_| NoteError::Key("its last part is not base64"))?;
        let Some((&ED25519, key)) = data.split_first() else {
            return Err(NoteError::Key("it is of another type than Ed25519"));
        };
        let key = key.try_into().map_err(|_| NoteError::Key("it has not 32 bytes"))?;
        let key = Self::new(name, key)?;
        if hash == hex(key.id()) { Ok(key) } else { Err(NoteError::Key("its hash is not the hash of the key")) }
    }

    /// The name of its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first bytes of the SHA-256 of name and key, by which a signature names its key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let digest = Digest::of(&[self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()]);
        let [a, b, c, d, ..] = digest.0;
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex(self.id()), STANDARD.encode(data))
    }
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// When it has not the form of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let malformed = |problem| Err(NoteError::Malformed(problem));
        if bytes.len() > NOTE_MAX {
            return malformed("it is too long");
        }
        let Ok(whole) = std::str::from_utf8(bytes) else { return malformed("it is not UTF-8 text") };
        if whole.chars().any(|c| c.is_ascii_control() && c != '\n') {
            return malformed("it has control characters");
        }
        let Some((text, lines)) = whole.rsplit_once("\n\n") else {
            return malformed("no empty line stands before the signatures");
        };
        let Some(lines) = lines.strip_suffix('\n') else { return malformed("its last line has no end") };
        let signatures: Vec<Signature> = lines.split('\n').map(Signature::parse).collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return malformed("it has too many signatures");
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, which nobody vouches for yet.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The text, if this key signed it. Signatures of other keys are passed over.
    ///
    /// # Errors
    /// When the key did not sign, or a signature under its name is not right.
    pub fn verify(&self, key: &VerifierKey) -> Result<&str, NoteError> {
        let ours = |signature: &&Signature| signature.name == key.name && signature.id == key.id();
        let mut count = 0;
        for signature in self.signatures.iter().filter(ours) {
            let invalid = || NoteError::Invalid { name: key.name.clone() };
            let given = Ed25519::from_slice(&signature.bytes).map_err(|_| invalid())?;
            key.key.verify_strict(self.text.as_bytes(), &given).map_err(|_| invalid())?;
            count += 1;
        }
        if count == 0 {
            let signed = self.signatures.iter().map(|other| format!("{}+{}", other.name, hex(other.id))).collect();
            return Err(NoteError::Unsigned { name: format!("{}+{}", key.name, hex(key.id())), signed });
        }
        Ok(&self.text)
    }
}

/// The note of a text and one Ed25519 signature over it. The text ends with a newline.
#[must_use]
pub fn sealed(text: &str, key: &VerifierKey, signature: &[u8; 64]) -> String {
    let data = [key.id().as_slice(), signature].concat();
    format!("{text}\n{MARK}{} {}\n", key.name, STANDARD.encode(data))
}

impl Signature {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let parts = line.strip_prefix(MARK).and_then(|rest| rest.split_once(' '));
        let (name, data) = parts.ok_or(NoteError::Malformed("a signature line has the form — name base64"))?;
        if !is_name(name) {
            return Err(NoteError::Malformed("a signature line has no name that a key can have"));
        }
        let data = STANDARD.decode(data).map_err(|_| NoteError::Malformed("a signature is not base64"))?;
        let Some((id, bytes)) = data.split_first_chunk::<4>().filter(|(_, bytes)| !bytes.is_empty()) else {
            return Err(NoteError::Malformed("a signature is too short"));
        };
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

/// Whether a key can have this name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementation.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SIGNED: &str =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_key_has_one_spelling() {
        let key = VerifierKey::parse(KEY).unwrap();
        assert_eq!((key.name(), key.to_string().as_str()), ("PeterNeumann", KEY));
        for (place, _) in KEY.char_indices() {
            let mut bad = KEY.as_bytes().to_vec();
            bad[place] ^= 1;
            let bad = String::from_utf8(bad).unwrap();
            assert!(VerifierKey::parse(&bad).is_err(), "{bad}");
        }
        assert!(VerifierKey::parse("").is_err() && VerifierKey::parse("a b+00000000+AAAA").is_err());
    }

    #[test]
    fn a_note_holds_for_its_key_and_text_alone() {
        let key = VerifierKey::parse(KEY).unwrap();
        let note = format!("{TEXT}\n{SIGNED}");
        assert_eq!(Note::parse(note.as_bytes()).unwrap().verify(&key), Ok(TEXT));
        for place in 0..note.len() {
            let mut bad = note.clone().into_bytes();
            bad[place] ^= 1 << (place % 7);
            let held = Note::parse(&bad).and_then(|note| note.verify(&key).map(str::to_owned));
            assert!(held.is_err(), "byte {place}");
        }
    }

    #[test]
    fn signatures_of_others_are_passed_over_and_a_wrong_one_of_ours_is_not() {
        let key = VerifierKey::parse(KEY).unwrap();
        let other = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
        let verified = |note: String| Note::parse(note.as_bytes()).unwrap().verify(&key).map(str::to_owned);
        assert_eq!(verified(format!("{TEXT}\n{other}{SIGNED}{other}")), Ok(TEXT.to_owned()));
        let error = verified(format!("{TEXT}\n{other}")).unwrap_err().to_string();
        assert!(
            error.contains("not signed by the key `PeterNeumann+c74f20a3`") && error.contains("EnochRoot+af0cfe78")
        );
        let wrong = SIGNED.replace("x08go/Z", "x08go/a");
        assert_eq!(
            verified(format!("{TEXT}\n{SIGNED}{wrong}")),
            Err(NoteError::Invalid { name: "PeterNeumann".into() })
        );
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for bad in [
            String::new(),
            TEXT.to_owned(),
            format!("{TEXT}\n"),
            format!("{TEXT}{SIGNED}"),
            format!("{TEXT}\n{}", SIGNED.trim_end()),
            format!("{TEXT}\n{SIGNED}\n"),
            format!("{TEXT}\r\n{SIGNED}"),
            format!("{TEXT}\n{SIGNED}— EnochRoot rwz+\n"),
            format!("{TEXT}\n{}", SIGNED.repeat(SIGNATURES_MAX + 1)),
            format!("{}\n{SIGNED}", TEXT.repeat(1000)),
        ] {
            assert!(matches!(Note::parse(bad.as_bytes()), Err(NoteError::Malformed(_))), "{bad}");
        }
    }
}
