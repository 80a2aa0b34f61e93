//! The one program of Uphold, as a library that its binary and its tests use.

pub mod ledger;
