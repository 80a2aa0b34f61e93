//! A bundle: everything that one statement follows from, in one file that anybody can verify offline.
//!
//! Canonical JSON, one object a line: what was asked, the signed checkpoint, the agreement, every leaf up to the checkpoint
//! with what it is a commitment to, the statement, and the end. `docs/bundle.md` is the public description.
//!
//! The key to verify with never comes from the bundle. Not here: files, and which facts a customer may see.

mod erased;
mod error;
#[cfg(test)]
mod tests;
mod verify;
mod write;

pub use erased::Gone;
pub use error::{BundleError, Fault};
pub use verify::{Proof, Revision, Verifier};
pub use write::{Opened, Shown, Writer};

use crate::evaluate::Customers;
use crate::id::CustomerId;
use crate::ledger::canonical::{FieldError, Fields, Value};
use crate::time::Instant;

/// The version of the format, where nothing was erased.
pub const VERSION: i64 = 1;

/// The version of the format that also knows leaves of facts that were erased.
pub const VERSION_ERASED: i64 = 2;

/// How long a line may be, in bytes.
pub const LINE_MAX: usize = 1 << 26;

/// What a bundle answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The period, as `Period::parse` reads it.
    pub period: String,
    /// What was recorded later does not count.
    pub as_known_at: Instant,
    /// For whom.
    pub customers: Customers,
}

impl Question {
    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![("period", Value::text(&self.period)), ("as_known_at", Value::Int(self.as_known_at.0))];
        match &self.customers {
            Customers::Nobody => {}
            Customers::One(customer) => members.push(("customer", Value::text(customer))),
            Customers::All => members.push(("customers", Value::text("all"))),
        }
        members
    }

    fn read(fields: &mut Fields) -> Result<Self, FieldError> {
        let (one, all) = (fields.find_text("customer")?, fields.find_text("customers")?);
        let customers = match (one, all.as_deref()) {
            (None, None) => Customers::Nobody,
            (Some(id), None) => {
                Customers::One(CustomerId::parse(&id).map_err(|error| FieldError::new("customer", error))?)
            }
            (None, Some("all")) => Customers::All,
            _ => return Err(FieldError::new("customers", "must be `all`, and without a `customer` beside it")),
        };
        Ok(Self { period: fields.text("period")?, as_known_at: Instant(fields.int("as_known_at")?), customers })
    }
}
