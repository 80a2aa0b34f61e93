//! The contract, time, exact evaluation and ledger arithmetic of Uphold.
//!
//! Everything here is a pure function of its arguments: no clock, no random numbers, no input or output, no floats. The
//! server, the command line and the verifier call the same code, so that they cannot disagree.

pub mod agreement;
pub mod columns;
pub mod diagnostic;
pub mod document;
pub mod evaluate;
pub mod history;
pub mod id;
pub mod interval;
pub mod ledger;
pub mod nearest;
pub mod ratio;
pub mod run;
pub mod statement;
pub mod time;
pub mod timeline;
