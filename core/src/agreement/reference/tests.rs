use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::super::obligation;
use super::super::terms::TERMS;
use super::tables::{COMMON, FORCE, INLINE, KINDS, SHAPES, TABLES};
use super::{TableDoc, schema};
use crate::agreement::{Force, read};

const SAMPLE: &str = include_str!("../../../../examples/reference/agreement.toml");
const NEW: [&str; 2] = [
    include_str!("../../../../examples/new/agreement.toml"),
    include_str!("../../../../examples/new/agreement.ja.toml"),
];

/// A key that nothing has, and that is near to nothing: the reader then names every key that it takes.
const STRANGE: &str = "qqqqqqqqqqqqqqqq";

/// The keys that the reader takes, by the name that it gives the table.
fn taken(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in read(source).findings {
        let Some(name) = finding.message.strip_suffix(&format!(" has no key `{STRANGE}`")) else { continue };
        let help = finding.help.unwrap();
        let keys = help.strip_prefix("valid keys here: ").unwrap_or_else(|| panic!("{help}"));
        all.entry(name.trim_matches('`').to_owned())
            .or_default()
            .extend(keys.split(", ").map(|key| key.trim_matches('`').to_owned()));
    }
    all
}

/// The source with a strange key in each of its tables.
fn with_strange_keys(source: &str) -> String {
    let mut text = format!("{STRANGE} = 0\n");
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        text.push_str(&line.replace("{ ", &format!("{{ {STRANGE} = 0, ")));
        text.push('\n');
        if line.starts_with('[') {
            text.push_str(&format!("{STRANGE} = 0\n"));
        }
    }
    text
}

fn names<'a>(keys: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    keys.into_iter().map(str::to_owned).collect()
}

fn table(name: &str) -> &'static TableDoc {
    let all = TABLES.iter().chain(INLINE);
    all.into_iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"))
}

#[test]
fn the_reference_has_every_key_of_every_table_that_the_reader_takes_and_no_other() {
    let mut taken = taken(&with_strange_keys(SAMPLE));
    let every_term = || TERMS.iter().map(|term| term.key);
    let of_agreement = ["takes_effect", "mid_period", "covered_when"];
    let mut expect = |reader: &str, tables: &[&str], more: &[&str]| {
        let documented = tables.iter().flat_map(|name| table(name).keys).map(|key| key.key).chain(more.iter().copied());
        assert_eq!(taken.remove(reader), Some(names(documented)), "{reader}");
    };
    let root = ["agreement", "document", "definition", "calendar", "clause", "solution", "commitment", "policy"];
    expect("the agreement", &[], &root);
    expect("[agreement]", &["[agreement]"], &[]);
    expect("this document", &["[[document]]"], &[]);
    expect("this definition", &["[[definition]]"], &[]);
    expect("this calendar", &["[[calendar]]"], &[]);
    expect("this clause", &["[[clause]]"], &[]);
    expect("this solution", &["[[solution]]"], &[]);
    expect("this interface", &["[[solution.interface]]"], &[]);
    let terms: Vec<&str> = every_term().collect();
    expect("[policy]", &[], &terms);
    expect("[terms]", &[], &terms);
    let terms: Vec<&str> = every_term().filter(|term| !of_agreement.contains(term)).collect();
    expect("this commitment", &["[[commitment]]"], &terms);
    expect("targets", &["an item of `targets`"], &[]);
    for text in ["title", "provider", "note", "term", "text", "name"] {
        expect(text, &[], &["en", "ja"]);
    }
    for (reader, inline) in [
        ("period", "period"),
        ("confirm", "confirm"),
        ("connections", "connections"),
        ("outage", "outage"),
        ("slice", "slice"),
        ("exclusions", "exclusion"),
        ("notice", "notice"),
        ("maintenance_notice", "notice"),
        ("extension", "extension"),
        ("maintenance_extension", "extension"),
        ("caps", "cap"),
        ("remedy", "remedy"),
        ("tiers", "tier"),
        ("cap", "credit-cap"),
        ("rounding", "rounding"),
        ("total", "total"),
        ("termination", "termination"),
        ("claim", "claim"),
        ("exercise_every", "every"),
        ("review_every", "every"),
    ] {
        expect(reader, &[inline], &[]);
    }
    expect("vantages", &["composition", "weights"], &[]);
    expect("zones", &["composition", "weights"], &[]);
    expect("controls", &["composition", "weights"], &[]);
    expect("regions", &["weights"], &[]);
    assert_eq!(taken, BTreeMap::new(), "tables that the reference does not have");
}

#[test]
fn the_reference_has_the_terms_that_each_kind_takes() {
    let kinds = ["availability", "monitoring"].into_iter().chain(obligation::KINDS);
    assert_eq!(KINDS.iter().map(|kind| kind.kind).collect::<Vec<_>>(), kinds.collect::<Vec<_>>());
    for kind in &KINDS {
        let source = format!(
            "[policy]\nindicator = \"states\"\naggregate = \"duration\"\n[[commitment]]\nkind = \"{}\"\n{STRANGE} = 0\n",
            kind.kind
        );
        let base = ["id", "name", "clause", "kind", "per", "solutions", "policy"];
        let targets: &[&str] = match kind.kind {
            "availability" => &["target", "targets"],
            "monitoring" => &["target"],
            _ => &[],
        };
        let expected = base.iter().chain(targets).chain(&COMMON).chain(kind.terms).copied();
        assert_eq!(taken(&source).remove("this commitment"), Some(names(expected)), "{}", kind.kind);
    }
}

#[test]
fn every_term_has_a_shape_and_every_force_its_word() {
    assert_eq!(SHAPES.map(|(key, _)| key), TERMS.map(|term| term.key));
    let words: Vec<&str> = FORCE.words.iter().map(|(word, _)| *word).collect();
    assert_eq!(words, Force::ALL.map(Force::name));
}

/// A TOML file as an editor hands it to a schema: dates and times are texts.
fn as_json(source: &str) -> Value {
    fn of(value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Integer(number) => Value::from(number.as_str().parse::<i64>().unwrap()),
            DeValue::Float(number) => panic!("no term is a float: {number:?}"),
            DeValue::Boolean(value) => Value::from(*value),
            DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
            DeValue::Array(items) => items.iter().map(|item| of(item.get_ref())).collect(),
            DeValue::Table(table) => of_table(table),
        }
    }
    fn of_table(table: &DeTable<'_>) -> Value {
        table.iter().map(|(key, value)| (key.get_ref().to_string(), of(value.get_ref()))).collect()
    }
    of_table(DeTable::parse(source).unwrap().get_ref())
}

/// What a schema has against a value; the keywords that ours uses, and no others.
fn against(schema: &Value, root: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let mut refuse = |why: String| found.push(format!("{place}: {why}"));
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                return against(&root["$defs"][name], root, value, place, found);
            }
            "type" => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("{other}"),
                };
                if !fits {
                    return refuse(format!("is no {rule}"));
                }
            }
            "const" if value.as_str() != rule.as_str() => refuse(format!("is not {rule}")),
            "enum" if !rule.as_array().unwrap().iter().any(|each| each.as_str() == value.as_str()) => {
                refuse(format!("is none of {rule}"));
            }
            "minimum" if value.as_i64().unwrap() < rule.as_i64().unwrap() => refuse("too small".to_owned()),
            "maximum" if value.as_i64().unwrap() > rule.as_i64().unwrap() => refuse("too large".to_owned()),
            "anyOf" | "oneOf" => {
                let fits = |each: &&Value| {
                    let mut inner = Vec::new();
                    against(each, root, value, place, &mut inner);
                    inner.is_empty()
                };
                if rule.as_array().unwrap().iter().filter(fits).count() == 0 {
                    refuse("fits none of several".to_owned());
                }
            }
            "required" => {
                for key in rule.as_array().unwrap().iter().map(|key| key.as_str().unwrap()) {
                    if value.get(key).is_none() {
                        refuse(format!("lacks {key}"));
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(items) = schema.get("items") {
        for item in value.as_array().into_iter().flatten() {
            against(items, root, item, place, found);
        }
    }
    for (key, item) in value.as_object().into_iter().flatten() {
        let known = schema.get("properties").and_then(|all| all.get(key));
        match (known, schema.get("additionalProperties")) {
            (Some(of), _) | (None, Some(of @ Value::Object(_))) => {
                against(of, root, item, &format!("{place}.{key}"), found);
            }
            (None, Some(_)) => found.push(format!("{place} has no {key}")),
            (None, None) => {}
        }
    }
}

#[test]
fn the_schema_takes_what_the_reader_takes_and_refuses_a_slip() {
    let schema = schema();
    let wrong = |source: &str| {
        let mut found = Vec::new();
        against(&schema, &schema, &as_json(source), "", &mut found);
        found
    };
    for source in [SAMPLE, NEW[0], NEW[1], include_str!("../../../../examples/cloud-one/agreement.toml")] {
        assert_eq!(read(source).findings, []);
        assert_eq!(wrong(source), Vec::<String>::new());
    }
    for (from, to) in [
        ("unknown = \"up\"", "unknown = \"upp\""),
        ("clause = \"1\"", "claus = \"1\""),
        ("failures = 2", "failures = 0"),
        ("lead = \"30m\"", "lead = 30"),
        ("id = \"shop\"", "ids = \"shop\""),
    ] {
        let slip = SAMPLE.replacen(from, to, 1);
        assert_ne!(slip, SAMPLE, "{from}");
        assert_ne!(wrong(&slip), Vec::<String>::new(), "{to}");
    }
}
