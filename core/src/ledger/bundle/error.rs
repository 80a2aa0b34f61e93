//! Why a bundle does not prove what it says.

use std::fmt;

use crate::evaluate::Problem;
use crate::id::CustomerId;
use crate::ledger::book::BookError;
use crate::ledger::canonical::{CanonicalError, FieldError};
use crate::ledger::checkpoint::CheckpointError;
use crate::ledger::digest::Digest;
use crate::ledger::leaf::LeafError;
use crate::time::TimeError;

/// What is wrong with a bundle, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A line is not canonical JSON.
    Canonical(CanonicalError),
    /// A key does not hold what it must.
    Field(FieldError),
    /// A line stands where another must.
    Order {
        /// What must stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The bundle ends too early.
    Ended {
        /// What must come next.
        expected: &'static str,
    },
    /// The bundle is of a format that this program does not know.
    Version(i64),
    /// The checkpoint does not hold.
    Checkpoint(CheckpointError),
    /// A leaf cannot be read.
    Leaf(LeafError),
    /// A leaf has another place than it says.
    Place {
        /// What it says.
        says: u64,
        /// Where it stands.
        stands: u64,
    },
    /// A leaf was recorded earlier than the one before.
    Backwards(u64),
    /// A payload is not what its leaf is a commitment to.
    Commitment(u64),
    /// The segment of a fact is not the one that it speaks of.
    Segment(u64, &'static str),
    /// A fact that everybody may see is not opened, or cannot be understood: nothing can be judged without it.
    Fact(BookError),
    /// The leaves do not have the root that was signed.
    Root {
        /// The root over the leaves that are here.
        found: Digest,
        /// The root that was signed.
        signed: Digest,
    },
    /// The agreement cannot be read.
    Agreement,
    /// The agreement is not one that the ledger names.
    Unnamed {
        /// Which revision.
        revision: String,
        /// The digest of its text.
        digest: Digest,
    },
    /// Two texts of one revision.
    Repeated {
        /// Which revision.
        revision: String,
    },
    /// The period cannot be read.
    Period(TimeError),
    /// The agreement leaves open what the facts ask.
    Judge(Box<Problem>),
    /// The statement is not the one that follows from the facts.
    Statement {
        /// The first line of it that differs, from 1.
        line: usize,
        /// What it says.
        says: String,
        /// What follows from the facts.
        follows: String,
    },
    /// The subject tag of a leaf is not that of the customer whose fact it is.
    Tag(u64, &'static str),
    /// A fact of the customer that the bundle is for stays closed.
    Withheld(u64),
    /// What stays closed has a part in the figures.
    Depends(CustomerId),
    /// A leaf is shown as erased, and the fact at the place that it names does not say so.
    Unexplained(u64, u64),
    /// A fact that says what was erased is wrong.
    Erasure(u64, &'static str),
    /// What was known at the time that is asked for was erased since, by the fact at this place.
    Erased(u64),
    /// The end does not say what stands before it.
    Tail(&'static str),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

impl std::error::Error for BundleError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canonical(error) => error.fmt(f),
            Self::Field(error) => error.fmt(f),
            Self::Order { expected, found } => write!(f, "`{found}` stands where {expected} must"),
            Self::Ended { expected } => write!(f, "the bundle ends where {expected} must follow"),
            Self::Version(found) => {
                let (first, last) = (super::VERSION, super::VERSION_ERASED);
                write!(f, "a bundle of version {found}, and this program knows versions {first} and {last}")
            }
            Self::Checkpoint(error) => write!(f, "the checkpoint does not hold: {error}"),
            Self::Leaf(error) => error.fmt(f),
            Self::Place { says, stands } => write!(f, "leaf {says} stands where leaf {stands} must"),
            Self::Backwards(seq) => write!(f, "leaf {seq} was recorded earlier than the one before"),
            Self::Commitment(seq) => write!(f, "the payload of fact {seq} is not what its leaf is a commitment to"),
            Self::Segment(seq, problem) => write!(f, "the segment of fact {seq} {problem}"),
            Self::Fact(error) => write!(f, "{error}: nothing can be judged without it"),
            Self::Root { found, signed } => {
                write!(f, "the leaves have the root {found}, and the one that was signed is {signed}")
            }
            Self::Agreement => f.write_str("the agreement cannot be read"),
            Self::Unnamed { revision, digest } => {
                write!(f, "the ledger does not name this text of revision `{revision}` (SHA-256 {digest}) as its last")
            }
            Self::Repeated { revision } => write!(f, "there are two texts of revision `{revision}`"),
            Self::Period(error) => error.fmt(f),
            Self::Judge(problem) => problem.fmt(f),
            Self::Statement { line, says, follows } => {
                write!(f, "the statement says in its line {line} `{says}`, and from the facts follows `{follows}`")
            }
            Self::Tag(seq, problem) => write!(f, "the subject tag of fact {seq} {problem}"),
            Self::Withheld(seq) => {
                write!(f, "fact {seq} is of the customer that the bundle is for, and is not shown to it")
            }
            Self::Depends(customer) => write!(
                f,
                "the figures of `{customer}` depend on facts of other customers, which its bundle may not show"
            ),
            Self::Unexplained(seq, by) => {
                write!(f, "fact {seq} is shown as erased by fact {by}, and fact {by} does not say so")
            }
            Self::Erasure(seq, problem) => write!(f, "fact {seq}, which says what was erased, {problem}"),
            Self::Erased(seq) => {
                write!(f, "what was known then was erased in part, as fact {seq} says: ask for what was known later")
            }
            Self::Tail(problem) => write!(f, "the end {problem}"),
        }
    }
}

impl From<CanonicalError> for Fault {
    fn from(error: CanonicalError) -> Self {
        Self::Canonical(error)
    }
}

impl From<FieldError> for Fault {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<LeafError> for Fault {
    fn from(error: LeafError) -> Self {
        Self::Leaf(error)
    }
}

impl From<CheckpointError> for Fault {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(error)
    }
}

impl From<BookError> for Fault {
    fn from(error: BookError) -> Self {
        Self::Fact(error)
    }
}
