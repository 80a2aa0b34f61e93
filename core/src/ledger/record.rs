//! Records: what people and programs tell, between the ledger's payload and the line of a history.
//!
//! A payload has the line without `recorded_at` and `by`: the ledger knows both, and nobody else may say them. Not here:
//! who may tell what, and what follows from it.

use crate::history::{BadLine, History, Reader};
use crate::id::{CustomerId, FactId};
use crate::ledger::fact::Record;
use crate::time::Instant;
use serde_json::{Map, Value};

/// A record as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the ledger.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// The fact.
    pub id: FactId,
    /// Who told it.
    pub by: String,
    /// Why.
    pub why: String,
    /// The whole line, as a history has it.
    pub line: String,
    /// The customer whose fact it is; nobody's where everybody may see it.
    pub customer: Option<CustomerId>,
}

impl Recorded {
    /// What the ledger has of a record at a place, with what it says.
    ///
    /// # Errors
    /// When its line is none of a history.
    pub fn read(record: &Record, seq: u64, recorded_at: Instant) -> Result<(Self, History), BadLine> {
        let line = whole(record, recorded_at);
        let history = history_of(&line)?;
        let (id, by, why) = (record.id.clone(), record.by.clone(), record.why.clone());
        let customer = record.customer.clone();
        Ok((Self { seq, recorded_at, id, by, why, line, customer }, history))
    }
}

/// The line of a record as it would be recorded at a time.
#[must_use]
pub fn whole(record: &Record, recorded_at: Instant) -> String {
    // What is no object stays as it is, and the reader says what is wrong with it.
    let Ok(mut members) = serde_json::from_str::<Map<String, Value>>(&record.line) else { return record.line.clone() };
    members.insert("recorded_at".to_owned(), Value::String(recorded_at.to_string()));
    members.insert("by".to_owned(), Value::String(record.by.clone()));
    Value::Object(members).to_string()
}

/// The customer that a line names as the one that it concerns: its `customer`, or the `customer` of its `scope`. A notice to
/// `public` names none, and neither does a correction, which is whose the corrected line is.
#[must_use]
pub fn customer_named(line: &Map<String, Value>) -> Option<CustomerId> {
    let named = line.get("customer").filter(|named| *named != "public");
    let named = named.or_else(|| line.get("scope")?.get("customer"))?.as_str()?;
    CustomerId::parse(named).ok()
}

/// Whether a line may be a fact of this customer: it names it, or it is a correction.
pub(super) fn may_be_of(line: &str, customer: &CustomerId) -> bool {
    // What is no object is refused by whoever reads the line.
    let Ok(line) = serde_json::from_str::<Map<String, Value>>(line) else { return true };
    line.get("type").is_some_and(|kind| kind == "correction") || customer_named(&line).as_ref() == Some(customer)
}

fn history_of(line: &str) -> Result<History, BadLine> {
    let mut reader = Reader::of_a_part();
    reader.line(line);
    let (history, _, mut bad) = reader.finish();
    match bad.pop() {
        None => Ok(history),
        Some(bad) => Err(bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str) -> Record {
        Record {
            id: FactId::parse("key-1").unwrap(),
            by: "token:ops".to_owned(),
            why: "told by phone".to_owned(),
            line: line.to_owned(),
            customer: None,
        }
    }

    #[test]
    fn a_line_names_its_customer_at_its_head_or_in_its_scope() {
        for (line, names) in [
            (r#"{"type":"report","customer":"acme"}"#, Some("acme")),
            (r#"{"type":"fee","scope":{"customer":"acme"}}"#, Some("acme")),
            (r#"{"type":"notice","customer":"public"}"#, None),
            (r#"{"type":"notice","customer":"public","scope":{"customer":"acme"}}"#, Some("acme")),
            (r#"{"type":"incident","scope":{"solution":"shop"}}"#, None),
            (r#"{"type":"incident"}"#, None),
        ] {
            let named = customer_named(&serde_json::from_str(line).unwrap());
            assert_eq!(named.as_ref().map(CustomerId::as_str), names, "{line}");
            let (acme, other) = (CustomerId::parse("acme").unwrap(), CustomerId::parse("other").unwrap());
            assert_eq!((may_be_of(line, &acme), may_be_of(line, &other)), (names.is_some(), false), "{line}");
        }
        assert!(may_be_of(r#"{"type":"correction","of":"x"}"#, &CustomerId::parse("acme").unwrap()));
    }

    #[test]
    fn a_record_becomes_a_line_with_the_time_and_the_author_that_the_ledger_knows() {
        let line =
            r#"{"type":"report","id":"r-1","customer":"acme","scope":{"solution":"shop"},"at":"2026-11-01T00:00:00Z"}"#;
        let (recorded, history) = Recorded::read(&record(line), 7, Instant(0)).unwrap();
        assert_eq!(history.facts.reports.len(), 1);
        assert_eq!(history.facts.reports[0].recorded_at, Instant(0));
        assert_eq!(history.facts.reports[0].by.as_deref(), Some("token:ops"));
        assert!(recorded.line.contains("\"recorded_at\":\"1970-01-01T00:00:00Z\""), "{}", recorded.line);
    }

    #[test]
    fn a_line_that_no_history_has_is_refused_with_its_reason() {
        for (line, says) in [
            (r#"{"type":"reprot"}"#, "did you mean `report`?"),
            ("[]", "line 1"),
            (r#"{"type":"report","id":"r-1"}"#, "customer"),
        ] {
            let bad = Recorded::read(&record(line), 7, Instant(0)).unwrap_err();
            assert!(bad.to_string().contains(says) || says == "line 1", "{bad}");
        }
    }
}
