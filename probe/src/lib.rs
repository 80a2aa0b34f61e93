//! One measurement of one target, and the one way out to the network.
//!
//! Every outbound connection of Uphold is made by [`egress`], which decides where it may go. What lives here measures once
//! and says what it saw; when to measure, what to confirm and what a contract makes of it do not live here.

pub mod assertion;
pub mod browser;
mod check;
pub mod deliver;
pub mod dns;
mod drive;
pub mod egress;
pub mod grpc;
pub mod http;
pub mod icmp;
mod meter;
pub mod ntp;
pub mod outcome;
pub mod tcp;
pub mod tls;
pub mod url;

pub use check::{Check, measure};
