//! The byte formats and the arithmetic of the ledger: what is hashed, what is stored, and what a segment says.
//!
//! Everything here is final from its first release: a format is never changed, it gets a next version beside it. Not
//! here: where the bytes lie, and who may append them.

pub mod act;
pub mod book;
pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod digest;
pub mod erase;
pub mod evidence;
pub mod fact;
pub mod fold;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod record;
pub mod segment;
pub mod snapshot;
pub mod tag;
pub mod tree;
