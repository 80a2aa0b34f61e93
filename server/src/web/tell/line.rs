//! From what stands in the fields of a form to a line of the history, and back.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use uphold_core::history::{Field, FieldKind, LineType};
use uphold_core::id::FactId;
use uphold_core::ledger::record::Recorded;
use uphold_core::time::{Instant, Zone};

use super::{Asked, CORRECTION, fields};
use crate::wording::{Words, form};

/// What stands in the fields.
pub(super) struct Filled(BTreeMap<String, String>);

impl Filled {
    pub(super) fn new(given: BTreeMap<String, String>) -> Self {
        Self(given.into_iter().map(|(key, value)| (key, value.trim().to_owned())).collect())
    }

    /// What a line says, as fields hold it.
    pub(super) fn of_line(words: &Words, line_type: LineType, line: &Map<String, Value>) -> Self {
        let said = |field: Field| {
            let value = find(line, field.key)?;
            let text = match value {
                Value::String(text) if field.kind == FieldKind::Time => local(text, &words.zone),
                Value::String(text) => text.clone(),
                Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
                Value::Null => return None,
                other => other.to_string(),
            };
            Some((field.key.to_owned(), text))
        };
        Self(line_type.fields().filter_map(said).collect())
    }

    /// The same, with what was given in place of what is known.
    pub(super) fn overlaid(mut self, given: BTreeMap<String, String>) -> Self {
        self.0.extend(given);
        self
    }

    /// What stands in a field.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }
}

/// The longest value that an address may give to a field.
const GIVEN_MAX: usize = 4096;

/// Of what an address gives that which a form has fields for: an address may come from anywhere, and it must neither bring
/// what the form does not show nor more than a field holds.
pub(super) fn given(words: &Words, asked: &Asked, given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let plain = |value: &str| value.len() <= GIVEN_MAX && !value.chars().any(char::is_control);
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for (field, _) in fields::keys(asked) {
        let Some(value) = given.get(field.key).map(|value| value.trim()).filter(|value| plain(value)) else { continue };
        let is_time = field.kind == FieldKind::Time;
        kept.insert(field.key.to_owned(), if is_time { local(value, &words.zone) } else { value.to_owned() });
    }
    // Which record it is to be stands in a field of its own, which a correction has none of.
    let id = given.get("id").filter(|id| asked.corrects.is_none() && FactId::parse(id).is_ok());
    kept.extend(id.map(|id| ("id".to_owned(), id.clone())));
    kept
}

/// The value of a key; a point leads into a table.
fn find<'a>(line: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => line.get(key),
        Some((table, inner)) => line.get(table)?.get(inner),
    }
}

fn put(line: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => _ = line.insert(key.to_owned(), value),
        Some((table, inner)) => {
            let table = line.entry(table).or_insert_with(|| json!({}));
            if let Some(table) = table.as_object_mut() {
                table.insert(inner.to_owned(), value);
            }
        }
    }
}

/// A moment as a field of the page's zone holds it; as it is written, where it is finer than that or there twice.
fn local(text: &str, zone: &Zone) -> String {
    let Ok(at) = Instant::parse(text) else { return text.to_owned() };
    let shown = at.local(zone);
    let shown = shown.get(..19).unwrap_or(&shown).replace(' ', "T");
    if read_time(&shown, zone) == Ok(at) { shown } else { text.to_owned() }
}

/// Why a text is no moment.
#[derive(Debug, PartialEq, Eq)]
enum NoTime {
    Unreadable,
    /// The clocks change then.
    Twice,
}

fn read_time(text: &str, zone: &Zone) -> Result<Instant, NoTime> {
    if let Ok(at) = Instant::parse(text) {
        return Ok(at);
    }
    let civil: DateTime = text.replace(' ', "T").parse().map_err(|_| NoTime::Unreadable)?;
    let zone = TimeZone::get(zone.name()).map_err(|_| NoTime::Unreadable)?;
    let at = zone.to_ambiguous_timestamp(civil).unambiguous().map_err(|_| NoTime::Twice)?;
    Ok(Instant(at.as_millisecond()))
}

/// The line that a form says.
///
/// # Errors
/// Everything that is wrong with it, in the reader's words.
pub(super) fn read(words: &Words, asked: &Asked, filled: &Filled) -> Result<Map<String, Value>, Vec<String>> {
    let (mut line, mut wrongs) = (Map::new(), Vec::new());
    line.insert("type".to_owned(), asked.of_type.name.into());
    for (field, _) in fields::keys(asked) {
        match value(words, field, filled.text(field.key)) {
            Ok(Some(value)) => put(&mut line, field.key, value),
            Ok(None) => {}
            Err(Unfit(wrong)) => wrongs.push(wrong),
        }
    }
    if filled.text("why").is_empty() {
        wrongs.push(words.texts.with("tell-missing", &[("name", words.texts.get("tell-why").into())]));
    }
    if !wrongs.is_empty() {
        return Err(wrongs);
    }
    match &asked.corrects {
        None => {
            if !filled.text("id").is_empty() {
                line.insert("id".to_owned(), filled.text("id").into());
            }
            Ok(line)
        }
        Some((id, known)) => correction(id, known, line, filled).ok_or_else(|| vec![words.texts.get("tell-no-change")]),
    }
}

/// What is changed of a line that is known: whole values, as a correction has them.
fn correction(
    id: &str,
    known: &Map<String, Value>,
    line: Map<String, Value>,
    filled: &Filled,
) -> Option<Map<String, Value>> {
    let head = json!({ "type": CORRECTION, "of": id, "why": filled.text("why") });
    let mut correction = head.as_object()?.clone();
    if filled.text("retract") == "true" {
        correction.insert("retract".to_owned(), true.into());
        return Some(correction);
    }
    let fixed = ["type", "id", "sequence", "v", "recorded_at", "by"];
    let mut set: Map<String, Value> = line
        .iter()
        .filter(|(key, value)| known.get(*key) != Some(*value))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    for (key, value) in known {
        if !line.contains_key(key) && !value.is_null() {
            set.insert(key.clone(), Value::Null);
        }
    }
    set.retain(|key, _| !fixed.contains(&key.as_str()));
    if set.is_empty() {
        return None;
    }
    correction.insert("set".to_owned(), Value::Object(set));
    Some(correction)
}

/// What is wrong with a field, in the reader's words.
struct Unfit(String);

fn value(words: &Words, field: Field, text: &str) -> Result<Option<Value>, Unfit> {
    let name = || form::key(words.texts, field.key);
    if text.is_empty() {
        let missing = || words.texts.with("tell-missing", &[("name", name().into())]);
        return if field.required { Err(Unfit(missing())) } else { Ok(None) };
    }
    if field.kind == FieldKind::Time {
        let blanks = || [("name", name().into()), ("text", text.into()), ("zone", words.zone.name().into())];
        return match read_time(text, &words.zone) {
            Ok(at) => Ok(Some(at.to_string().into())),
            Err(NoTime::Unreadable) => Err(Unfit(words.texts.with("tell-bad-time", &blanks()[..2]))),
            Err(NoTime::Twice) => Err(Unfit(words.texts.with("tell-time-twice", &blanks()))),
        };
    }
    let refused =
        |why: String| Unfit(words.texts.with("tell-bad-value", &[("name", name().into()), ("why", why.into())]));
    field.kind.check(text).map_err(|refusal| refused(refusal.to_string()))?;
    Ok(Some(match field.kind {
        FieldKind::Whole => text.parse::<u64>().map_err(|error| refused(error.to_string()))?.into(),
        FieldKind::Flag => (text == "true").into(),
        FieldKind::Texts => text.split('|').map(str::trim).filter(|part| !part.is_empty()).collect(),
        _ => text.into(),
    }))
}

/// The line of an id as it is known now: as it was told last, with what corrections set since.
pub(super) fn known(records: &[Recorded], id: &str) -> Option<Map<String, Value>> {
    let read = |told: &Recorded| serde_json::from_str::<Map<String, Value>>(&told.line).ok();
    let is = |line: &Map<String, Value>, key: &str, value: &str| line.get(key).is_some_and(|held| held == value);
    // A text search first: reading every line would be slow where there are many.
    let mut known = None;
    for line in records.iter().filter(|told| !id.is_empty() && told.line.contains(id)).filter_map(read) {
        if is(&line, "id", id) && !is(&line, "type", CORRECTION) {
            known = Some(line);
        } else if is(&line, "type", CORRECTION) && is(&line, "of", id) {
            if line.contains_key("retract") {
                known = None;
            } else if let (Some(known), Some(set)) = (known.as_mut(), line.get("set").and_then(Value::as_object)) {
                known.extend(set.clone());
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(line: Value) -> Recorded {
        Recorded {
            seq: 0,
            recorded_at: Instant(0),
            id: uphold_core::id::FactId::parse("x").unwrap(),
            by: "person:ana".to_owned(),
            why: "because".to_owned(),
            line: line.to_string(),
            customer: None,
        }
    }

    #[test]
    fn a_record_is_known_with_its_corrections_and_not_after_it_was_taken_back() {
        let told = json!({ "type": "incident", "id": "i-1", "cause": "unknown", "from": "2026-01-01T00:00:00Z" });
        let set = json!({ "type": "correction", "id": "c-1", "of": "i-1", "set": { "cause": "network" }, "why": "w" });
        let retracted = json!({ "type": "correction", "id": "c-2", "of": "i-1", "retract": true, "why": "w" });
        let mut records = vec![recorded(told), recorded(set)];
        assert_eq!(known(&records, "i-1").unwrap()["cause"], "network");
        assert!(known(&records, "i-2").is_none() && known(&records, "").is_none());
        records.push(recorded(retracted));
        assert!(known(&records, "i-1").is_none());
    }

    #[test]
    fn times_are_read_in_the_zone_of_the_page_and_never_guessed() {
        let tokyo = Zone::parse("Asia/Tokyo").unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let at = |text| Instant::parse(text).unwrap();
        assert_eq!(read_time("2026-11-30T15:00", &tokyo), Ok(at("2026-11-30T06:00:00Z")));
        assert_eq!(read_time("2026-11-30 15:00:30", &tokyo), Ok(at("2026-11-30T06:00:30Z")));
        assert_eq!(read_time("2026-11-30T15:00:00+01:00", &tokyo), Ok(at("2026-11-30T14:00:00Z")));
        // Clocks go back on 25 October 2026 and forward on 29 March.
        assert_eq!(read_time("2026-10-25T02:30", &berlin), Err(NoTime::Twice));
        assert_eq!(read_time("2026-03-29T02:30", &berlin), Err(NoTime::Twice));
        assert_eq!(read_time("tomorrow", &berlin), Err(NoTime::Unreadable));
        // What is shown is what is read.
        assert_eq!(local("2026-11-30T06:00:00Z", &tokyo), "2026-11-30T15:00:00");
        assert_eq!(local("2026-10-25T00:30:00Z", &berlin), "2026-10-25T00:30:00Z");
        assert_eq!(local("2026-11-30T06:00:00.5Z", &tokyo), "2026-11-30T06:00:00.5Z");
    }
}
