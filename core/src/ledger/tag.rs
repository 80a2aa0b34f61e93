//! Subject tags: by which a customer recognises the leaves of its own facts, and nobody else does.
//!
//! A tag is made with a secret of the ledger, so that nobody can try out names. Not here: where the secret is kept.

use crate::id::CustomerId;
use crate::ledger::digest::Digest;
use crate::ledger::leaf::PUBLIC;

/// What the hash begins with, so that it is good for nothing else.
const DOMAIN: &[u8] = b"uphold customer tag v1\0";

/// The tag of a customer's facts: SHA-256 over a fixed text, the ledger's secret and the customer's id, in hexadecimal.
/// [`PUBLIC`] for what is nobody's in particular.
#[must_use]
pub fn subject_tag(secret: &[u8; 32], customer: Option<&CustomerId>) -> String {
    match customer {
        None => PUBLIC.to_owned(),
        Some(customer) => Digest::of(&[DOMAIN, secret, customer.as_str().as_bytes()]).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_depends_on_the_secret_and_on_the_customer() {
        let (acme, other) = (CustomerId::parse("acme").unwrap(), CustomerId::parse("other").unwrap());
        let tag = subject_tag(&[7; 32], Some(&acme));
        // Worked out with Python's hashlib.
        assert_eq!(tag, "04ca08682b4dadbcfa930a9209b64e2e3ec1c7496e4283984661a15554c80e7f");
        assert_ne!(tag, subject_tag(&[8; 32], Some(&acme)));
        assert_ne!(tag, subject_tag(&[7; 32], Some(&other)));
        assert_eq!(subject_tag(&[7; 32], None), PUBLIC);
    }
}
