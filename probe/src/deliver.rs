//! Handing something over to somebody else's server: a POST to a web server, a mail to a mail server. And asking one for a
//! document.
//!
//! Connections are made by `egress`, once, and nothing is retried or followed. Not here: what is said, and when to try
//! again.

mod exchange;
mod fetch;
mod post;
mod smtp;

pub use fetch::{Fetch, Fetched, fetch};
pub use post::{Post, Posted, post};
pub use smtp::{Accepted, Login, Reply, Security, SmtpError, Submission, is_address, submit};
