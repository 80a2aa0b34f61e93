//! A checkpoint as C2SP specifies it (c2sp.org/tlog-checkpoint): which ledger, how many leaves, and the root over them. It
//! is the text of a signed note.
//!
//! Not here: signing, and when it may be done (the server's `ledger/sign.rs`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ledger::digest::Digest;
use crate::ledger::note::{Note, NoteError, VerifierKey};

/// The head of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger: the name of the key that signs it.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// Further lines, which the specification reserves; we write none.
    pub extensions: Vec<String>,
}

/// Why some bytes are no checkpoint, or one that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// The note around it does not hold.
    Note(NoteError),
    /// The text is no checkpoint.
    Malformed(&'static str),
    /// It is signed by the key, but says that it is of another ledger.
    Origin {
        /// What it says.
        found: String,
        /// The name of the key.
        key: String,
    },
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => error.fmt(f),
            Self::Malformed(problem) => write!(f, "not a checkpoint: {problem}"),
            Self::Origin { found, key } => write!(f, "it is of the ledger `{found}`, and the key is of `{key}`"),
        }
    }
}

impl std::error::Error for CheckpointError {}

impl From<NoteError> for CheckpointError {
    fn from(error: NoteError) -> Self {
        Self::Note(error)
    }
}

impl Checkpoint {
    /// The text, which is what is signed.
    ///
    /// ```
    /// use uphold_core::ledger::{checkpoint::Checkpoint, tree};
    /// let empty = Checkpoint { origin: "example.com/sla".into(), size: 0, root: tree::root(&[]), extensions: vec![] };
    /// assert_eq!(empty.encode(), "example.com/sla\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    /// assert_eq!(Checkpoint::parse(&empty.encode()), Ok(empty));
    /// ```
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0));
        self.extensions.iter().for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
        text
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When it is anything else than what [`Self::encode`] writes.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let lines = text.strip_suffix('\n').ok_or(malformed("its last line has no end"))?;
        let mut lines = lines.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(malformed("it names no ledger"))?;
        let size = lines.next().ok_or(malformed("it has no size"))?;
        let number: u64 = size.parse().map_err(|_| malformed("its size is no number"))?;
        if number.to_string() != size {
            return Err(malformed("its size has another spelling than digits without a leading zero"));
        }
        let root =
            lines.next().and_then(|line| STANDARD.decode(line).ok()).ok_or(malformed("its root is not base64"))?;
        let root = Digest::from_bytes(&root).map_err(|_| malformed("its root has not 32 bytes"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(malformed("it has an empty line"));
        }
        Ok(Self { origin: origin.to_owned(), size: number, root, extensions })
    }

    /// Reads the signed note of a checkpoint of the ledger that the key belongs to.
    ///
    /// # Errors
    /// When the key did not sign it, or it is no checkpoint of that ledger.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        let checkpoint = Self::parse(note.verify(key)?)?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin { found: checkpoint.origin, key: key.name().to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let text = "example.com/sla\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!((checkpoint.size, checkpoint.encode().as_str()), (42, text));
        let more = format!("{text}an extension\n");
        assert_eq!(Checkpoint::parse(&more).unwrap().encode(), more);
        for (old, new) in [
            ("example.com/sla", ""),
            ("42", "042"),
            ("42", "+42"),
            ("42", "-42"),
            ("42", "18446744073709551616"),
            ("42", ""),
            ("uFU=", "uFV="),
            ("uFU=", "uFU"),
            ("47DE", "DE"),
            ("uFU=\n", "uFU="),
            ("uFU=\n", "uFU=\n\n"),
        ] {
            let bad = text.replacen(old, new, 1);
            assert!(Checkpoint::parse(&bad).is_err(), "{bad}");
        }
    }
}
