//! The reference as a JSON Schema, for editors that check and complete TOML by one.
//!
//! It is wider than the reader: which terms a commitment needs depends on its kind and on what `[policy]` and the documents
//! state, which `uphold check` knows and a schema does not say.

use serde_json::{Map, Value, json};

use super::super::terms::TERMS;
use super::super::words::SETS;
use super::tables::{FORCE, INLINE, SHAPES, TABLES};
use super::{KeyDoc, Shape, TableDoc, WordSet};

/// The terms that stand in `[agreement]`, beside `[policy]`, and not in a commitment.
const OF_AGREEMENT: [&str; 3] = ["takes_effect", "mid_period", "covered_when"];

/// The schema, draft 2020-12.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for set in std::iter::once(&FORCE).chain(SETS) {
        definitions.insert(set.name.to_owned(), words(set));
    }
    for table in INLINE {
        definitions.insert(table.name.to_owned(), object(table, &[]));
    }
    let all: Vec<&str> = TERMS.iter().map(|term| term.key).collect();
    let of_commitments: Vec<&str> = all.iter().copied().filter(|key| !OF_AGREEMENT.contains(key)).collect();
    for table in &TABLES {
        let (name, terms): (&str, &[&str]) = match table.name {
            "[agreement]" => ("agreement", &[]),
            "[[document]]" => ("document", &[]),
            "[document.terms]" => ("terms", &all),
            "[[definition]]" => ("definition", &[]),
            "[[calendar]]" => ("calendar", &[]),
            "[[clause]]" => ("clause", &[]),
            "[[solution]]" => ("solution", &[]),
            "[[solution.interface]]" => ("interface", &[]),
            "[[commitment]]" => ("commitment", &of_commitments),
            "[commitment.policy]" => continue,
            "[policy]" => ("policy", &all),
            _ => ("target", &[]),
        };
        definitions.insert(name.to_owned(), object(table, terms));
    }
    let list = |name: &str| json!({ "type": "array", "items": reference(name) });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An agreement of Uphold",
        "description": "One revision of a service level agreement. Written by `uphold reference --format schema`.",
        "type": "object",
        "additionalProperties": false,
        "required": ["agreement"],
        "properties": {
            "agreement": reference("agreement"),
            "document": list("document"),
            "definition": list("definition"),
            "calendar": list("calendar"),
            "clause": list("clause"),
            "solution": list("solution"),
            "commitment": list("commitment"),
            "policy": reference("policy"),
        },
        "$defs": definitions,
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn words(set: &WordSet) -> Value {
    let each: Vec<Value> =
        set.words.iter().map(|(word, says)| json!({ "const": word, "description": says.trim() })).collect();
    json!({ "description": set.says.trim(), "oneOf": each })
}

fn object(table: &TableDoc, terms: &[&str]) -> Value {
    let mut properties = Map::new();
    for KeyDoc { key, shape: of, says, .. } in table.keys {
        properties.insert((*key).to_owned(), described(shape(*of), says));
    }
    for term in TERMS.iter().filter(|term| terms.contains(&term.key)) {
        if let Some((_, of)) = SHAPES.iter().find(|(key, _)| *key == term.key) {
            properties.insert(term.key.to_owned(), described(shape(*of), term.question));
        }
    }
    let required: Vec<&str> = table.keys.iter().filter(|key| key.needed).map(|key| key.key).collect();
    json!({
        "description": table.says,
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn described(mut value: Value, says: &str) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.insert("description".to_owned(), says.into());
    }
    value
}

fn shape(of: Shape) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match of {
        Shape::Texts => json!({
            "type": "object",
            "additionalProperties": false,
            "minProperties": 1,
            "properties": { "en": { "type": "string" }, "ja": { "type": "string" } },
        }),
        Shape::Word => json!({ "type": "string", "minLength": 1 }),
        Shape::Id => pattern("^[a-z0-9][a-z0-9_.-]{0,63}$"),
        Shape::Clause => pattern("^[A-Za-z0-9().-]{1,32}$"),
        Shape::Address => pattern("^https?://"),
        Shape::Zone => json!({ "type": "string", "examples": ["UTC", "Asia/Tokyo", "Europe/Berlin"] }),
        Shape::Moment => json!({ "type": "string", "format": "date-time" }),
        Shape::Date => json!({ "type": "string", "format": "date" }),
        Shape::Clock => pattern("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
        Shape::Length => pattern("^(P[0-9TWDHMS]+|([0-9]+(w|d|h|m|s|ms))+)$"),
        Shape::Percent | Shape::Decimal => pattern("^[0-9]+([.][0-9]+)?$"),
        Shape::Whole(least, u32::MAX) => json!({ "type": "integer", "minimum": least }),
        Shape::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Set(set) => reference(set.name),
        Shape::Fixed(words) => json!({ "enum": words }),
        Shape::Weights => json!({ "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 } }),
        Shape::Table(table) => reference(table.name),
        Shape::List(item) => json!({ "type": "array", "items": shape(*item) }),
        Shape::Either(all) => json!({ "anyOf": all.iter().map(|each| shape(*each)).collect::<Vec<_>>() }),
    }
}
