//! The proof that one fact is in the ledger: what its leaf is, and the hashes that lead from it to a root that was signed.
//!
//! The form is that of C2SP ([tlog-proof](https://c2sp.org/tlog-proof)), so that other tools read it too. Its `extra` is
//! ours: canonical JSON with the `leaf`, and where the fact is open its `payload` and `salt`, as a line of a bundle has them.
//! Not here: what a statement follows from, which only a bundle proves, and where the hashes come from.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ledger::canonical::{self, CanonicalError, FieldError, Fields, Value};
use crate::ledger::checkpoint::{Checkpoint, CheckpointError};
use crate::ledger::digest::Digest;
use crate::ledger::fact::{Fact, FactError};
use crate::ledger::leaf::{Leaf, LeafError, commitment};
use crate::ledger::note::VerifierKey;
use crate::ledger::tree;

/// The first line.
pub const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// The most bytes that a proof has.
pub const PROOF_MAX: usize = 1 << 20;

/// What a leaf is a commitment to, shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What keeps it from being guessed.
    pub salt: &'a [u8; 32],
    /// The canonical bytes of the fact.
    pub payload: &'a [u8],
}

/// What a proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The leaf that stands in it.
    pub leaf: Leaf,
    /// The fact that it is a commitment to, where the proof shows it, with its canonical text.
    pub fact: Option<(Fact, String)>,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofError {
    /// It has not the form of one; what is wrong.
    Malformed(&'static str),
    /// The checkpoint is not signed by the key.
    Checkpoint(CheckpointError),
    /// What it shows is not canonical.
    Canonical(CanonicalError),
    /// What it shows has not the keys that it must.
    Field(FieldError),
    /// What it shows is no leaf.
    Leaf(LeafError),
    /// What it shows is no fact.
    Fact(FactError),
    /// The leaf is of another place than the proof says.
    Place,
    /// The hashes do not lead to the root that was signed.
    Root,
    /// The leaf is a commitment to something else.
    Commitment,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "it is no proof of a fact: {what}"),
            Self::Checkpoint(error) => write!(f, "its checkpoint does not hold: {error}"),
            Self::Canonical(error) => write!(f, "what it shows is not canonical: {error}"),
            Self::Field(error) => write!(f, "what it shows cannot be read: {error}"),
            Self::Leaf(error) => error.fmt(f),
            Self::Fact(error) => error.fmt(f),
            Self::Place => f.write_str("its leaf is of another place than it says"),
            Self::Root => f.write_str("its hashes do not lead from the leaf to the root that was signed"),
            Self::Commitment => f.write_str("its leaf is a commitment to something else than it shows"),
        }
    }
}

impl std::error::Error for ProofError {}

impl From<CheckpointError> for ProofError {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(error)
    }
}

impl From<CanonicalError> for ProofError {
    fn from(error: CanonicalError) -> Self {
        Self::Canonical(error)
    }
}

impl From<FieldError> for ProofError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<LeafError> for ProofError {
    fn from(error: LeafError) -> Self {
        Self::Leaf(error)
    }
}

impl From<FactError> for ProofError {
    fn from(error: FactError) -> Self {
        Self::Fact(error)
    }
}

/// Writes a proof: the leaf, what of its fact may be shown, the hashes from it to the root, and the note of the checkpoint.
///
/// # Errors
/// When the payload is not canonical.
pub fn write(leaf: &Leaf, shown: Option<Shown<'_>>, hashes: &[Digest], note: &str) -> Result<String, CanonicalError> {
    let mut members = vec![("leaf".to_owned(), canonical::parse(&leaf.encode())?)];
    if let Some(Shown { salt, payload }) = shown {
        members.push(("payload".to_owned(), canonical::parse(payload)?));
        members.push(("salt".to_owned(), Value::text(Digest(*salt))));
    }
    let extra = canonical::to_bytes(&Value::Map(members.into_iter().collect()));
    let mut text = format!("{HEAD}\nextra {}\nindex {}\n", STANDARD.encode(extra), leaf.seq);
    for hash in hashes {
        text.push_str(&STANDARD.encode(hash.0));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(note);
    Ok(text)
}

/// Verifies a proof with a key that came from somewhere else.
///
/// # Errors
/// When it proves nothing, and why.
pub fn verify(text: &str, key: &VerifierKey) -> Result<Proven, ProofError> {
    let malformed = ProofError::Malformed;
    let (proof, note) = text.split_once("\n\n").ok_or(malformed("it has no checkpoint"))?;
    let mut lines = proof.split('\n');
    if lines.next() != Some(HEAD) {
        return Err(malformed("its first line is another"));
    }
    let extra = lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or(malformed("it shows no leaf"))?;
    let extra = STANDARD.decode(extra).map_err(|_| malformed("what it shows is not base64"))?;
    let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(malformed("it has no index"))?;
    let index: u64 = index
        .parse()
        .ok()
        .filter(|number: &u64| number.to_string() == index)
        .ok_or(malformed("its index is no number"))?;
    let hash = |line: &str| STANDARD.decode(line).ok().and_then(|bytes| Digest::from_bytes(&bytes).ok());
    let hashes: Option<Vec<Digest>> = lines.map(hash).collect();
    let hashes = hashes.ok_or(malformed("a hash of it is not one in base64"))?;
    let checkpoint = Checkpoint::open(note.as_bytes(), key)?;
    let (leaf, fact) = read(&extra)?;
    if leaf.seq != index {
        return Err(ProofError::Place);
    }
    let hash = tree::leaf_hash(&leaf.encode());
    if !tree::verify_inclusion(hash, index, checkpoint.size, &hashes, checkpoint.root) {
        return Err(ProofError::Root);
    }
    Ok(Proven { checkpoint, leaf, fact })
}

/// The leaf that is shown, and the fact that it is a commitment to.
fn read(extra: &[u8]) -> Result<(Leaf, Option<(Fact, String)>), ProofError> {
    let mut fields = Fields::of(canonical::parse(extra)?, "the extra of a proof")?;
    let leaf = fields.find("leaf").ok_or(ProofError::Malformed("it shows no leaf"))?;
    let leaf = Leaf::decode(&canonical::to_bytes(&leaf))?;
    let payload = fields.find("payload");
    let salt = fields.find_text("salt")?;
    fields.finish()?;
    let fact = match (payload, salt) {
        (None, None) => None,
        (Some(payload), Some(salt)) => {
            let salt = Digest::parse(&salt).map_err(|_| ProofError::Malformed("its salt has not 64 digits"))?;
            let bytes = canonical::to_bytes(&payload);
            if commitment(&salt.0, &bytes) != leaf.commitment {
                return Err(ProofError::Commitment);
            }
            let fact = Fact::decode(leaf.kind, leaf.kind_version, &bytes)?;
            Some((fact, String::from_utf8_lossy(&bytes).into_owned()))
        }
        _ => return Err(ProofError::Malformed("it has a payload without its salt, or a salt alone")),
    };
    Ok((leaf, fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::FactId;
    use crate::interval::Interval;
    use crate::ledger::fact::ObserverGap;
    use crate::ledger::leaf::PUBLIC;
    use crate::ledger::note::sealed;
    use crate::time::Instant;
    use ed25519_dalek::{Signer as _, SigningKey};

    const SALT: [u8; 32] = [7; 32];

    fn entries(count: u64) -> Vec<(Leaf, Vec<u8>)> {
        let entry = |seq: u64| {
            let fact = Fact::ObserverGap(ObserverGap {
                id: FactId::parse(&format!("gap-{seq}")).unwrap(),
                by: "server:tokyo".to_owned(),
                vantage: None,
                span: Interval::new(Instant(0), Instant(1)).unwrap(),
                why: "restart".to_owned(),
            });
            let payload = fact.encode();
            let leaf = Leaf {
                seq,
                kind: fact.kind(),
                kind_version: 1,
                recorded_at: Instant(1_000),
                subject_tag: PUBLIC.to_owned(),
                commitment: commitment(&SALT, &payload),
            };
            (leaf, payload)
        };
        (0..count).map(entry).collect()
    }

    fn signed(leaves: &[Digest], name: &str) -> (String, VerifierKey) {
        let private = SigningKey::from_bytes(&[3; 32]);
        let key = VerifierKey::new(name, private.verifying_key().as_bytes()).unwrap();
        let checkpoint = Checkpoint {
            origin: name.to_owned(),
            size: leaves.len() as u64,
            root: tree::root(leaves),
            extensions: vec![],
        };
        let text = checkpoint.encode();
        let signature = private.sign(text.as_bytes()).to_bytes();
        (sealed(&text, &key, &signature), key)
    }

    #[test]
    fn a_proof_holds_for_every_place_and_no_changed_byte_of_it_does() {
        let entries = entries(5);
        let leaves: Vec<Digest> = entries.iter().map(|(leaf, _)| tree::leaf_hash(&leaf.encode())).collect();
        let (note, key) = signed(&leaves, "sla.example.com");
        for (place, (leaf, payload)) in entries.iter().enumerate() {
            let hashes = tree::inclusion_proof(&leaves, place).unwrap();
            let shown = Shown { salt: &SALT, payload };
            let proof = write(leaf, Some(shown), &hashes, &note).unwrap();
            let proven = verify(&proof, &key).unwrap();
            assert_eq!((&proven.leaf, proven.checkpoint.size), (leaf, 5));
            assert_eq!(proven.fact.unwrap().1.as_bytes(), payload);
            // One that shows the leaf alone proves it all the same.
            assert_eq!(verify(&write(leaf, None, &hashes, &note).unwrap(), &key).unwrap().fact, None);
            let (mut kept, bytes) = (Vec::new(), proof.as_bytes());
            for at in 0..bytes.len() {
                let mut changed = bytes.to_vec();
                changed[at] ^= 1;
                if String::from_utf8(changed).is_ok_and(|changed| verify(&changed, &key).is_ok()) {
                    kept.push(at);
                }
            }
            assert_eq!(kept, Vec::<usize>::new(), "{proof}");
        }
    }

    #[test]
    fn a_proof_of_another_ledger_or_another_place_proves_nothing() {
        let entries = entries(4);
        let leaves: Vec<Digest> = entries.iter().map(|(leaf, _)| tree::leaf_hash(&leaf.encode())).collect();
        let (note, key) = signed(&leaves, "sla.example.com");
        let (leaf, payload) = &entries[1];
        let hashes = tree::inclusion_proof(&leaves, 1).unwrap();
        let proof = |shown| write(leaf, shown, &hashes, &note).unwrap();
        let good = proof(Some(Shown { salt: &SALT, payload }));
        let (_, other) = signed(&leaves, "other.example.com");
        assert!(matches!(verify(&good, &other), Err(ProofError::Checkpoint(_))));
        assert_eq!(verify(&good.replace("index 1\n", "index 2\n"), &key), Err(ProofError::Place));
        assert!(matches!(verify(&good.replace("index 1\n", "index 01\n"), &key), Err(ProofError::Malformed(_))));
        assert_eq!(verify(&proof(Some(Shown { salt: &[8; 32], payload })), &key), Err(ProofError::Commitment));
        assert_eq!(
            verify(&proof(Some(Shown { salt: &SALT, payload: &entries[2].1 })), &key),
            Err(ProofError::Commitment)
        );
        let stranger = tree::inclusion_proof(&leaves, 2).unwrap();
        assert_eq!(verify(&write(leaf, None, &stranger, &note).unwrap(), &key), Err(ProofError::Root));
        for text in ["", "c2sp.org/tlog-proof@v1\nindex 1\n\n", "c2sp.org/tlog-proof@v2\nextra e30=\nindex 1\n\n"] {
            assert!(matches!(verify(text, &key), Err(ProofError::Malformed(_))), "{text:?}");
        }
    }
}
