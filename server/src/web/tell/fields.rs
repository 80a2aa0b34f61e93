//! The fields of a form: one for each key of a type of record, with what it may hold.

use std::collections::BTreeSet;

use serde_json::Value;
use uphold_core::history::{Field, FieldKind};

use super::{Asked, Filled};
use crate::live::Live;
use crate::wording::{Words, form};

/// How many ids a field suggests.
const SUGGESTED_MAX: usize = 50;

/// One field.
pub(super) struct FieldView {
    /// The key, which is the name of the field too.
    pub(super) key: &'static str,
    /// What it is called.
    pub(super) label: String,
    /// What stands in it.
    pub(super) value: String,
    /// Which element it is: `text`, `prose`, `time`, `number` or `choice`.
    pub(super) element: &'static str,
    /// What can be chosen: the value, its name, and whether it is the one that is chosen.
    pub(super) choices: Vec<(String, String, bool)>,
    /// What is suggested for it.
    pub(super) suggestions: Vec<String>,
    /// Whether the record must have it.
    pub(super) required: bool,
}

impl FieldView {
    /// Whether something stands in it.
    pub(super) fn is_filled(&self) -> bool {
        !self.value.is_empty()
    }
}

/// The keys that a form has, and whether each is among those that are seen at once.
pub(super) fn keys(asked: &Asked) -> Vec<(Field, bool)> {
    let hidden = ["id", "recorded_at", "by"];
    let all = asked.of_type.fields().filter(|field| !hidden.contains(&field.key));
    // Which window a correction is of cannot be changed by it.
    let all = all.filter(|field| asked.corrects.is_none() || field.key != "sequence");
    let usual = ["scope.solution", "scope.interface", "scope.customer"];
    let mut keys: Vec<(Field, bool)> = all
        .map(|field| {
            let of_time = field.kind == FieldKind::Time && !field.key.starts_with("term_");
            (field, field.required || usual.contains(&field.key) || of_time || asked.corrects.is_some())
        })
        .collect();
    // What it is about comes first.
    keys.sort_by_key(|(field, _)| !field.key.starts_with("scope."));
    keys
}

/// The fields that are seen at once, and the others.
pub(super) fn views(words: &Words, live: &Live, asked: &Asked, filled: &Filled) -> (Vec<FieldView>, Vec<FieldView>) {
    let (seen, more): (Vec<_>, Vec<_>) = keys(asked).into_iter().partition(|(_, seen)| *seen);
    let views =
        |keys: Vec<(Field, bool)>| keys.into_iter().map(|(field, _)| view(words, live, field, filled)).collect();
    (views(seen), views(more))
}

fn view(words: &Words, live: &Live, field: Field, filled: &Filled) -> FieldView {
    let value = filled.text(field.key).to_owned();
    let texts = words.texts;
    let choices: Vec<(String, String)> = match field.kind {
        FieldKind::Word(known) => known.iter().map(|word| ((*word).to_owned(), form::word(texts, word))).collect(),
        FieldKind::Flag => vec![("true".to_owned(), texts.get("tell-yes")), ("false".to_owned(), texts.get("tell-no"))],
        FieldKind::Solution => {
            let solutions = live.agreement.solutions.iter();
            solutions.map(|each| (each.id.to_string(), words.phrase(&each.name).text)).collect()
        }
        FieldKind::Interface => interfaces(words, live),
        _ => Vec::new(),
    };
    let mut choices: Vec<(String, String, bool)> =
        choices.into_iter().map(|(known, name)| (known.clone(), name, known == value)).collect();
    if !choices.is_empty() {
        // Nothing is chosen for anybody: what is not said must be left out on purpose.
        choices.insert(0, (String::new(), texts.get("tell-unsaid"), value.is_empty()));
    }
    let element = match field.kind {
        _ if !choices.is_empty() => "choice",
        // What is no time of the page's zone must be seen as it was written.
        FieldKind::Time if value.is_empty() || value.len() <= "2026-11-30T15:00:00".len() => "time",
        FieldKind::Whole => "number",
        FieldKind::Text if field.key == "text" => "prose",
        _ => "text",
    };
    let (key, label, required) = (field.key, form::key(texts, field.key), field.required);
    FieldView { key, label, value, element, choices, suggestions: suggestions(live, field), required }
}

fn interfaces(words: &Words, live: &Live) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let all = live.agreement.solutions.iter().flat_map(|solution| &solution.interfaces);
    all.filter(|each| seen.insert(each.id.clone()))
        .map(|each| (each.id.to_string(), words.phrase(&each.name).text))
        .collect()
}

/// What may well stand in a field.
fn suggestions(live: &Live, field: Field) -> Vec<String> {
    let lines = || live.records.iter().rev().filter_map(|told| serde_json::from_str::<Value>(&told.line).ok());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let found: BTreeSet<String> = match (field.kind, field.key) {
        (FieldKind::Customer | FieldKind::Audience, _) => {
            let known =
                uphold_core::evaluate::customers(&live.history).into_iter().map(|customer| customer.to_string());
            known.chain((field.kind == FieldKind::Audience).then(|| "public".to_owned())).collect()
        }
        (FieldKind::Fact, "about") => {
            live.incidents.iter().rev().map(|incident| incident.id.to_string()).take(SUGGESTED_MAX).collect()
        }
        (FieldKind::Fact, "about.id") => {
            let told = ["maintenance", "incident", "suspension", "subprocessor", "publication"];
            let of = lines().filter(|line| told.iter().any(|kind| line["type"] == *kind));
            of.filter_map(|line| text(&line["id"])).take(SUGGESTED_MAX).collect()
        }
        (_, "class") => {
            let terms = live.agreement.commitments.iter().filter_map(|commitment| commitment.availability());
            terms.flat_map(|terms| &terms.exclusions.value).map(|exclusion| exclusion.class.clone()).collect()
        }
        (_, "cause") => live.incidents.iter().map(|incident| incident.body.cause.clone()).take(SUGGESTED_MAX).collect(),
        (_, "document") => live.agreement.documents.iter().map(|document| document.id.to_string()).collect(),
        (_, "plan") => {
            let plans = lines().filter(|line| line["type"] == "plan");
            plans.filter_map(|line| text(&line["digest"])).take(SUGGESTED_MAX).collect()
        }
        (FieldKind::Commitment, _) => live.agreement.commitments.iter().map(|each| each.id.to_string()).collect(),
        _ => BTreeSet::new(),
    };
    found.into_iter().collect()
}
