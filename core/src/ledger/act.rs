//! The fact that somebody did something to who may do what: an account, a role, a token.
//!
//! It names accounts and tokens by their names alone, and never a customer, a secret or anything else of a person: whoever
//! verifies the ledger reads it. Not here: who may do what, and what a fact about the service says (`record.rs`).

use crate::id::FactId;
use crate::ledger::canonical::{FieldError, Fields, Value};
use crate::ledger::fact::{BY_MAX, Fact, WHY_MAX, instant, plain};
use crate::time::Instant;

/// How long the name of what was done may be, in bytes.
pub const WHAT_MAX: usize = 64;

/// Somebody did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The fact.
    pub id: FactId,
    /// Who did it: `person:alice`, `cli:root`.
    pub by: String,
    /// What was done, in lower-case letters and hyphens: `person-created`, `role-changed`, `token-revoked`.
    pub what: String,
    /// To whom or what: `person:bob`, `token:reporter`.
    pub subject: String,
    /// What that is now: a role, or scopes with commas between them; or with which identity provider it was done. Absent where
    /// nothing is left.
    pub to: Option<String>,
    /// Why.
    pub why: String,
    /// When.
    pub at: Instant,
}

/// Adds what the payload has beside `id` and `by`.
pub(super) fn encode(fact: &Act, members: &mut Vec<(&'static str, Value)>) {
    members.extend([
        ("what", Value::text(&fact.what)),
        ("subject", Value::text(&fact.subject)),
        ("why", Value::text(&fact.why)),
        ("at", Value::Int(fact.at.0)),
    ]);
    members.extend(fact.to.iter().map(|to| ("to", Value::text(to))));
}

/// Reads what [`encode`] adds.
pub(super) fn decode((id, by): (FactId, String), fields: &mut Fields) -> Result<Fact, FieldError> {
    let what = plain(fields, "what", WHAT_MAX)?;
    if !what.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
        return Err(FieldError::new("what", "has something else than lower-case letters and hyphens"));
    }
    let subject = plain(fields, "subject", BY_MAX)?;
    let to = match fields.find_text("to")? {
        Some(to) if (1..=BY_MAX).contains(&to.len()) && !to.chars().any(char::is_control) => Some(to),
        Some(_) => {
            return Err(FieldError::new("to", format!("must have 1 to {BY_MAX} bytes and no control characters")));
        }
        None => None,
    };
    let why = plain(fields, "why", WHY_MAX)?;
    let at = instant(fields.int("at")?, "at")?;
    Ok(Fact::Act(Act { id, by, what, subject, to, why, at }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fact::FactKind;

    #[test]
    fn what_an_act_must_say_is_held_against_it() {
        let fact = Fact::Act(Act {
            id: FactId::parse("act:1").unwrap(),
            by: "person:alice".to_owned(),
            what: "role-changed".to_owned(),
            subject: "person:bob".to_owned(),
            to: Some("viewer".to_owned()),
            why: "moved on".to_owned(),
            at: Instant(5),
        });
        let text = String::from_utf8(fact.encode()).unwrap();
        assert_eq!(Fact::decode(FactKind::Act, 1, text.as_bytes()), Ok(fact));
        for (old, new, says) in [
            ("role-changed", "role changed", "`what`: has something else"),
            ("role-changed", "", "`what`: must have 1 to 64"),
            ("person:bob", "", "`subject`: must have 1 to 128"),
            ("\"viewer\"", "\"\"", "`to`: must have 1 to 128"),
            ("moved on", "", "`why`: must have 1 to"),
            ("\"at\":5", "\"at\":253402128000000", "`at`: lies outside"),
            ("\"at\":5,", "", "`at`: is missing"),
            ("\"at\":5,", "\"at\":5,\"aux\":1,", "`aux`: is unknown"),
        ] {
            let bad = text.replacen(old, new, 1);
            assert_ne!(bad, text, "{old}");
            let error = Fact::decode(FactKind::Act, 1, bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let without = text.replacen("\"to\":\"viewer\",", "", 1);
        assert!(Fact::decode(FactKind::Act, 1, without.as_bytes()).is_ok());
    }
}
