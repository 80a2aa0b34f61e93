//! What each type of line may hold, as data: for programs that make lines from other formats.
//!
//! Here: the keys of every type that [`super::Reader`] reads, and what a value of each must be. Not here: how a line is
//! read; a test holds the two against each other.

use super::read::TYPES;
use crate::diagnostic::Refusal;
use crate::id::{CheckId, InterfaceId, SolutionId, VantageId};
use crate::run::Observed;
use crate::time::{Instant, Millis};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A moment.
    Time,
    /// A whole number, written without quotes.
    Whole,
    /// What was observed: up, degraded, down or unknown.
    State,
    /// A length of time, or `none`.
    Staleness,
    /// The id of a check.
    Check,
    /// The id of a vantage point.
    Vantage,
    /// The id of a solution.
    Solution,
    /// The id of an interface.
    Interface,
}

impl FieldKind {
    /// Whether a text is such a value.
    ///
    /// # Errors
    /// When it is not, with what to write instead.
    pub fn check(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::Text => Ok(()),
            Self::Time => Instant::parse(text).map(drop).map_err(Refusal::from),
            Self::Whole => match text.parse::<u64>() {
                Ok(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
                _ => Err(Refusal::new(format!("`{text}` is not a whole number"))),
            },
            Self::State => match Observed::find(text) {
                Some(_) => Ok(()),
                None => Err(Refusal::not_among("a state", text, &Observed::ALL.map(Observed::name))),
            },
            Self::Staleness if text == "none" => Ok(()),
            Self::Staleness => Millis::parse(text).map(drop).map_err(Refusal::from),
            Self::Check => CheckId::parse(text).map(drop).map_err(Refusal::from),
            Self::Vantage => VantageId::parse(text).map(drop).map_err(Refusal::from),
            Self::Solution => SolutionId::parse(text).map(drop).map_err(Refusal::from),
            Self::Interface => InterfaceId::parse(text).map(drop).map_err(Refusal::from),
        }
    }
}

/// One key of a type of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name; a point leads into a table, as in `scope.solution`.
    pub key: &'static str,
    /// What its value is.
    pub kind: FieldKind,
    /// Whether every line of the type must have it.
    pub required: bool,
}

/// One type of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineType {
    /// Its name.
    pub name: &'static str,
    /// Its own keys.
    fields: &'static [Field],
}

/// The keys that a line of any type may have, beside `v` and `type`.
const EVERYWHERE: [Field; 2] = [may("recorded_at", FieldKind::Time), may("by", FieldKind::Text)];

impl LineType {
    /// Every type that is evaluated.
    pub const ALL: [Self; TYPES.len()] = [
        Self {
            name: "check",
            fields: &[
                must("id", FieldKind::Check),
                must("scope.solution", FieldKind::Solution),
                must("scope.interface", FieldKind::Interface),
                must("vantage", FieldKind::Vantage),
                must("staleness", FieldKind::Staleness),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
            ],
        },
        Self {
            name: "run",
            fields: &[
                may("id", FieldKind::Text),
                must("check", FieldKind::Check),
                must("vantage", FieldKind::Vantage),
                must("from", FieldKind::Time),
                must("last", FieldKind::Time),
                must("state", FieldKind::State),
                must("n", FieldKind::Whole),
            ],
        },
        Self {
            name: "observation",
            fields: &[
                may("id", FieldKind::Text),
                must("check", FieldKind::Check),
                must("vantage", FieldKind::Vantage),
                must("at", FieldKind::Time),
                must("state", FieldKind::State),
                may("detail", FieldKind::Text),
                may("latency_ms", FieldKind::Whole),
            ],
        },
        Self {
            name: "observer_gap",
            fields: &[
                may("id", FieldKind::Text),
                may("vantage", FieldKind::Vantage),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                may("why", FieldKind::Text),
                must("recorded_at", FieldKind::Time),
            ],
        },
    ];

    /// The type of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.name == name)
    }

    /// Its keys: its own, then those that every line may have.
    pub fn fields(self) -> impl Iterator<Item = Field> + Clone {
        let own = move |field: &Field| !self.fields.iter().any(|other| other.key == field.key);
        self.fields.iter().copied().chain(EVERYWHERE.into_iter().filter(own))
    }
}

const fn must(key: &'static str, kind: FieldKind) -> Field {
    Field { key, kind, required: true }
}

const fn may(key: &'static str, kind: FieldKind) -> Field {
    Field { key, kind, required: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Reader;
    use serde_json::{Map, Value};

    fn sample(field: Field) -> Value {
        let text = match field.kind {
            FieldKind::Whole => return Value::from(2),
            FieldKind::Text => "words",
            FieldKind::Time if field.key == "from" => "2026-01-01T00:00:00Z",
            FieldKind::Time => "2026-01-02T00:00:00Z",
            FieldKind::State => "degraded",
            FieldKind::Staleness => "5m",
            FieldKind::Check | FieldKind::Vantage | FieldKind::Solution | FieldKind::Interface => "api-1",
        };
        assert_eq!(field.kind.check(text), Ok(()));
        Value::from(text)
    }

    /// Whether a line with these fields is one that can be read.
    fn is_good(line: LineType, fields: impl Iterator<Item = Field>) -> bool {
        let mut json = Map::new();
        json.insert("type".into(), line.name.into());
        for field in fields {
            match field.key.split_once('.') {
                None => drop(json.insert(field.key.into(), sample(field))),
                Some((table, key)) => {
                    let table = json.entry(table).or_insert_with(|| Map::new().into());
                    table.as_object_mut().unwrap().insert(key.into(), sample(field));
                }
            }
        }
        let mut reader = Reader::of_a_part();
        reader.line(&Value::Object(json).to_string());
        reader.finish().2.is_empty()
    }

    #[test]
    fn the_keys_are_those_that_the_reader_reads() {
        assert_eq!(LineType::ALL.map(|line| line.name), TYPES);
        for line in LineType::ALL {
            assert!(is_good(line, line.fields()), "{}: all", line.name);
            assert!(is_good(line, line.fields().filter(|field| field.required)), "{}: required", line.name);
            for left_out in line.fields().filter(|field| field.required) {
                let others = line.fields().filter(|field| field.key != left_out.key);
                assert!(!is_good(line, others), "{} without {}", line.name, left_out.key);
            }
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        for (kind, bad) in [
            (FieldKind::Time, "yesterday"),
            (FieldKind::Whole, "+1"),
            (FieldKind::Whole, "1.5"),
            (FieldKind::State, "UP"),
            (FieldKind::Staleness, "never"),
            (FieldKind::Check, "My Check"),
        ] {
            assert!(kind.check(bad).is_err(), "{bad}");
        }
    }
}
