//! A leaf: the public line of the ledger that a fact leaves behind. It outlives the payload, and tells nothing of it.
//!
//! Not here: the payload itself (`fact.rs`) and the tree over the leaves (`tree.rs`).

use std::fmt;

use crate::ledger::canonical::{self, CanonicalError, FieldError, Fields, Value};
use crate::ledger::digest::Digest;
use crate::ledger::fact::FactKind;
use crate::time::Instant;

/// The subject tag of a fact that everybody may see.
pub const PUBLIC: &str = "public";

/// The line of one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its place in the ledger, from 0.
    pub seq: u64,
    /// The kind of the fact.
    pub kind: FactKind,
    /// The version of that kind's payload.
    pub kind_version: u32,
    /// When the ledger took it; never earlier than the leaf before.
    pub recorded_at: Instant,
    /// Whose fact it is: [`PUBLIC`], or a tag that only one customer can recognise.
    pub subject_tag: String,
    /// What binds the payload without showing it: see [`commitment`].
    pub commitment: Digest,
}

/// Why some bytes are not a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeafError {
    /// They are not canonical.
    Canonical(CanonicalError),
    /// They do not hold what a leaf must.
    Field(FieldError),
}

impl fmt::Display for LeafError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canonical(error) => write!(f, "not a leaf: {error}"),
            Self::Field(error) => write!(f, "not a leaf: {error}"),
        }
    }
}

impl std::error::Error for LeafError {}

impl From<CanonicalError> for LeafError {
    fn from(error: CanonicalError) -> Self {
        Self::Canonical(error)
    }
}

impl From<FieldError> for LeafError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

/// The commitment to a payload: SHA-256 of the salt, then the payload. Without the salt nobody can guess the payload.
#[must_use]
pub fn commitment(salt: &[u8; 32], payload: &[u8]) -> Digest {
    Digest::of(&[salt, payload])
}

impl Leaf {
    /// The canonical bytes, which are hashed and kept.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::to_bytes(&Value::map([
            ("commitment", Value::text(self.commitment)),
            ("kind", Value::text(self.kind.name())),
            ("kind_version", Value::Int(self.kind_version.into())),
            ("recorded_at", Value::Int(self.recorded_at.0)),
            ("seq", Value::count(self.seq)),
            ("subject_tag", Value::text(&self.subject_tag)),
            ("v", Value::Int(1)),
        ]))
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// When they are no leaf of version 1, exactly as [`Self::encode`] writes it.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        let mut fields = Fields::of(canonical::parse(bytes)?, "leaf")?;
        if fields.int("v")? != 1 {
            return Err(FieldError::new("v", "is a version that this program does not know").into());
        }
        let kind = fields.text("kind")?;
        let leaf = Self {
            seq: u64::try_from(fields.int("seq")?).map_err(|_| FieldError::new("seq", "is negative"))?,
            kind: FactKind::find(&kind).ok_or_else(|| FieldError::new("kind", "is a kind that is not known"))?,
            kind_version: u32::try_from(fields.int("kind_version")?)
                .map_err(|_| FieldError::new("kind_version", "is out of range"))?,
            recorded_at: Instant(fields.int("recorded_at")?),
            subject_tag: fields.text("subject_tag")?,
            commitment: Digest::parse(&fields.text("commitment")?)
                .map_err(|error| FieldError::new("commitment", error))?,
        };
        fields.finish()?;
        Ok(leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_read_back_and_has_one_spelling() {
        let leaf = Leaf {
            seq: 7,
            kind: FactKind::Check,
            kind_version: 1,
            recorded_at: Instant(1_790_000_000_000),
            subject_tag: PUBLIC.to_owned(),
            commitment: commitment(&[1; 32], b"{}"),
        };
        let bytes = leaf.encode();
        assert_eq!(Leaf::decode(&bytes), Ok(leaf));
        let text = String::from_utf8(bytes).unwrap();
        for (old, new) in [
            ("\"v\":1", "\"v\":2"),
            ("\"seq\":7", "\"seq\":-7"),
            ("check", "cheque"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
            ("\"seq\":7,", ""),
        ] {
            let bad = text.replace(old, new);
            assert_ne!(bad, text);
            assert!(Leaf::decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
