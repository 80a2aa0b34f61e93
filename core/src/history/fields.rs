//! What each type of line may hold, as data: for programs that make lines from other formats.
//!
//! Here: the keys of every type that [`super::Reader`] reads, and what a value of each must be. Not here: how a line is
//! read; a test holds the two against each other.

use super::read::TYPES;
use super::{LogDigest, Recovery, Subprocessor, Suspension};
use crate::diagnostic::Refusal;
use crate::id::{CheckId, CommitmentId, CustomerId, FactId, IdError, InterfaceId, PartId, SolutionId, VantageId};
use crate::ratio::Ratio;
use crate::run::Observed;
use crate::time::{Instant, Millis};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// Texts with `|` between them; a list in the line.
    Texts,
    /// A moment.
    Time,
    /// A whole number, written without quotes.
    Whole,
    /// `true` or `false`, written without quotes.
    Flag,
    /// An exact decimal; in quotes in the line.
    Amount,
    /// One of these words.
    Word(&'static [&'static str]),
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
    /// The id of a region, a zone, an instance or a feature.
    Part,
    /// The id of a customer.
    Customer,
    /// The id of a customer, or `public`, which is spelled like one.
    Audience,
    /// The id of a commitment.
    Commitment,
    /// The id of a fact.
    Fact,
}

impl FieldKind {
    /// Whether a text is such a value.
    ///
    /// # Errors
    /// When it is not, with what to write instead.
    pub fn check(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::Text | Self::Texts => Ok(()),
            Self::Time => Instant::parse(text).map(drop).map_err(Refusal::from),
            Self::Whole => match text.parse::<u64>() {
                Ok(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
                _ => Err(Refusal::new(format!("`{text}` is not a whole number"))),
            },
            Self::Flag if ["true", "false"].contains(&text) => Ok(()),
            Self::Flag => Err(Refusal::not_among("a yes or no", text, &["true", "false"])),
            Self::Amount => Ratio::parse_decimal(text).map(drop).map_err(Refusal::from),
            Self::Word(words) if words.contains(&text) => Ok(()),
            Self::Word(words) => Err(Refusal::not_among("one of the words that this key knows", text, words)),
            Self::State => match Observed::find(text) {
                Some(_) => Ok(()),
                None => Err(Refusal::not_among("a state", text, &Observed::ALL.map(Observed::name))),
            },
            Self::Staleness if text == "none" => Ok(()),
            Self::Staleness => Millis::parse(text).map(drop).map_err(Refusal::from),
            Self::Check => id(CheckId::parse(text)),
            Self::Vantage => id(VantageId::parse(text)),
            Self::Solution => id(SolutionId::parse(text)),
            Self::Interface => id(InterfaceId::parse(text)),
            Self::Part => id(PartId::parse(text)),
            Self::Customer | Self::Audience => id(CustomerId::parse(text)),
            Self::Commitment => id(CommitmentId::parse(text)),
            Self::Fact => id(FactId::parse(text)),
        }
    }
}

fn id<T>(parsed: Result<T, IdError>) -> Result<(), Refusal> {
    parsed.map(drop).map_err(Refusal::from)
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
    /// Whether it may have a scope.
    scoped: bool,
}

const ROLES: [&str; 2] = ["measure", "control"];
const ASSENT_KINDS: [&str; 5] = ["accept", "agree", "acknowledge", "withdraw", "terminate"];
const STATUSES: [&str; 5] = ["TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED"];
const EXTENTS: [&str; 2] = ["whole", "part"];
const STAGES: [&str; 5] = ["investigating", "identified", "monitoring", "resolved", "postmortem"];
const PLAN_ACTIONS: [&str; 3] = ["adopted", "reviewed", "updated"];
const DECISIONS: [&str; 2] = ["accepted", "refused"];

/// The keys that a line of any type has beside `v` and `type`, unless it says otherwise of its own.
const EVERYWHERE: [Field; 3] =
    [may("id", FieldKind::Fact), must("recorded_at", FieldKind::Time), may("by", FieldKind::Text)];

/// The keys of a scope.
const SCOPE: [Field; 7] = [
    may("scope.solution", FieldKind::Solution),
    may("scope.interface", FieldKind::Interface),
    may("scope.region", FieldKind::Part),
    may("scope.zone", FieldKind::Part),
    may("scope.instance", FieldKind::Part),
    may("scope.feature", FieldKind::Part),
    may("scope.customer", FieldKind::Customer),
];

impl LineType {
    /// Every type.
    pub const ALL: [Self; TYPES.len()] = [
        scoped(
            "check",
            &[
                must("id", FieldKind::Check),
                must("scope.solution", FieldKind::Solution),
                must("scope.interface", FieldKind::Interface),
                must("vantage", FieldKind::Vantage),
                must("staleness", FieldKind::Staleness),
                may("weight", FieldKind::Whole),
                may("role", FieldKind::Word(&ROLES)),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                may("recorded_at", FieldKind::Time),
            ],
        ),
        plain(
            "run",
            &[
                must("check", FieldKind::Check),
                must("vantage", FieldKind::Vantage),
                must("from", FieldKind::Time),
                must("last", FieldKind::Time),
                must("state", FieldKind::State),
                must("n", FieldKind::Whole),
                may("recorded_at", FieldKind::Time),
            ],
        ),
        plain(
            "observation",
            &[
                must("check", FieldKind::Check),
                must("vantage", FieldKind::Vantage),
                must("at", FieldKind::Time),
                must("state", FieldKind::State),
                may("detail", FieldKind::Text),
                may("latency_ms", FieldKind::Whole),
                may("recorded_at", FieldKind::Time),
            ],
        ),
        plain(
            "observer_gap",
            &[
                may("vantage", FieldKind::Vantage),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                may("why", FieldKind::Text),
                may("erased_at", FieldKind::Time),
            ],
        ),
        scoped(
            "counts",
            &[
                may("check", FieldKind::Check),
                must("from", FieldKind::Time),
                must("until", FieldKind::Time),
                must("good", FieldKind::Whole),
                must("valid", FieldKind::Whole),
                may("recorded_at", FieldKind::Time),
            ],
        ),
        scoped(
            "population",
            &[
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                must("unit", FieldKind::Text),
                must("count", FieldKind::Whole),
            ],
        ),
        scoped(
            "impact",
            &[
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                must("unit", FieldKind::Text),
                must("count", FieldKind::Whole),
                may("user_set", FieldKind::Texts),
            ],
        ),
        scoped(
            "resource",
            &[
                must("kind", FieldKind::Text),
                may("attributes.tier", FieldKind::Text),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
            ],
        ),
        scoped(
            "placement",
            &[
                must("part", FieldKind::Text),
                must("provider", FieldKind::Text),
                must("data_centre", FieldKind::Text),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
            ],
        ),
        scoped(
            "entitlement",
            &[
                must("scope.customer", FieldKind::Customer),
                must("paid", FieldKind::Flag),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                may("term_from", FieldKind::Time),
                may("term_until", FieldKind::Time),
                may("renewed_at", FieldKind::Time),
                may("revision", FieldKind::Text),
            ],
        ),
        scoped(
            "fee",
            &[
                must("from", FieldKind::Time),
                must("until", FieldKind::Time),
                must("amount", FieldKind::Amount),
                must("currency", FieldKind::Text),
            ],
        ),
        plain(
            "assent",
            &[
                must("customer", FieldKind::Customer),
                may("person", FieldKind::Text),
                must("document", FieldKind::Text),
                must("kind", FieldKind::Word(&ASSENT_KINDS)),
                must("at", FieldKind::Time),
                may("until", FieldKind::Time),
            ],
        ),
        scoped(
            "maintenance",
            &[
                must("id", FieldKind::Fact),
                may("sequence", FieldKind::Whole),
                must("class", FieldKind::Text),
                may("performer", FieldKind::Text),
                may("iaas", FieldKind::Flag),
                may("controllable", FieldKind::Flag),
                must("status", FieldKind::Word(&STATUSES)),
                may("impact", FieldKind::Text),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                may("actual_from", FieldKind::Time),
                may("actual_until", FieldKind::Time),
            ],
        ),
        plain(
            "notice",
            &[
                must("about.id", FieldKind::Fact),
                may("about.sequence", FieldKind::Whole),
                must("kind", FieldKind::Text),
                must("customer", FieldKind::Audience),
                must("channel", FieldKind::Text),
                may("published_at", FieldKind::Time),
                may("accepted_at", FieldKind::Time),
                may("delivered_at", FieldKind::Time),
                may("acknowledged_at", FieldKind::Time),
                may("failed_at", FieldKind::Time),
            ],
        ),
        scoped(
            "incident",
            &[
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                must("cause", FieldKind::Text),
                may("attributed_to", FieldKind::Text),
                may("detected_at", FieldKind::Time),
                may("disaster", FieldKind::Flag),
                may("declared_at", FieldKind::Time),
            ],
        ),
        plain(
            "update",
            &[
                must("about", FieldKind::Fact),
                may("customer", FieldKind::Customer),
                must("at", FieldKind::Time),
                must("stage", FieldKind::Word(&STAGES)),
                must("text", FieldKind::Text),
            ],
        ),
        scoped(
            "exclusion",
            &[
                must("cause", FieldKind::Text),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                must("ground", FieldKind::Text),
            ],
        ),
        scoped(
            "suspension",
            &[
                must("scope.customer", FieldKind::Customer),
                must("extent", FieldKind::Word(&EXTENTS)),
                must("act", FieldKind::Text),
                may("direction", FieldKind::Word(&Suspension::DIRECTIONS)),
                must("ordered_at", FieldKind::Time),
                may("enforced_at", FieldKind::Time),
                may("lifted_at", FieldKind::Time),
                may("review_at", FieldKind::Time),
            ],
        ),
        plain(
            "plan",
            &[
                must("solution", FieldKind::Solution),
                must("digest", FieldKind::Text),
                must("action", FieldKind::Word(&PLAN_ACTIONS)),
                must("at", FieldKind::Time),
            ],
        ),
        plain(
            "recovery",
            &[
                must("solution", FieldKind::Solution),
                must("kind", FieldKind::Word(&Recovery::KINDS)),
                may("plan", FieldKind::Text),
                must("disrupted_at", FieldKind::Time),
                may("healthy_at", FieldKind::Time),
                may("recovery_point_at", FieldKind::Time),
                may("verdict", FieldKind::Text),
            ],
        ),
        scoped(
            "subprocessor",
            &[
                must("name", FieldKind::Text),
                must("action", FieldKind::Word(&Subprocessor::ACTIONS)),
                must("effective_at", FieldKind::Time),
                may("sla", FieldKind::Text),
            ],
        ),
        plain(
            "publication",
            &[
                must("what", FieldKind::Text),
                must("address", FieldKind::Text),
                may("digest", FieldKind::Text),
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
            ],
        ),
        scoped(
            "connections",
            &[
                must("from", FieldKind::Time),
                may("until", FieldKind::Time),
                must("expected", FieldKind::Whole),
                must("connected", FieldKind::Whole),
                may("customer_side", FieldKind::Whole),
                may("undetermined", FieldKind::Whole),
            ],
        ),
        scoped(
            "capacity",
            &[
                must("resource", FieldKind::Text),
                must("at", FieldKind::Time),
                must("used", FieldKind::Whole),
                must("limit", FieldKind::Whole),
                must("unit", FieldKind::Text),
            ],
        ),
        scoped("report", &[must("customer", FieldKind::Customer), must("at", FieldKind::Time)]),
        plain(
            "log_digest",
            &[
                must("customer", FieldKind::Customer),
                must("kind", FieldKind::Word(&LogDigest::KINDS)),
                must("from", FieldKind::Time),
                must("until", FieldKind::Time),
                must("count", FieldKind::Whole),
                must("digest", FieldKind::Text),
            ],
        ),
        plain(
            "claim",
            &[
                must("id", FieldKind::Fact),
                must("customer", FieldKind::Customer),
                must("commitment", FieldKind::Commitment),
                may("period", FieldKind::Text),
                must("filed_at", FieldKind::Time),
                may("evidence", FieldKind::Texts),
                may("decision", FieldKind::Word(&DECISIONS)),
                may("decided_at", FieldKind::Time),
                may("amount", FieldKind::Amount),
            ],
        ),
        plain(
            "correction",
            &[
                must("of", FieldKind::Fact),
                may("sequence", FieldKind::Whole),
                must("retract", FieldKind::Flag),
                must("why", FieldKind::Text),
            ],
        ),
    ];

    /// The type of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.name == name)
    }

    /// Its keys: its own, then those of its scope, then those that every line may have. A correction has `set` besides,
    /// which has the keys of the line that it corrects.
    pub fn fields(self) -> impl Iterator<Item = Field> + Clone {
        let scope = SCOPE.into_iter().filter(move |_| self.scoped);
        let own = move |field: &Field| !self.fields.iter().any(|other| other.key == field.key);
        self.fields.iter().copied().chain(scope.chain(EVERYWHERE).filter(own))
    }
}

const fn plain(name: &'static str, fields: &'static [Field]) -> LineType {
    LineType { name, fields, scoped: false }
}

const fn scoped(name: &'static str, fields: &'static [Field]) -> LineType {
    LineType { name, fields, scoped: true }
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
    use crate::history::{AssentKind, Decision, MaintenanceStatus, PlanAction, Reader, Role, Stage, SuspensionExtent};
    use serde_json::{Map, Value};

    fn sample(field: Field) -> Value {
        let text = match field.kind {
            FieldKind::Whole if field.key == "expected" => return Value::from(9),
            FieldKind::Whole => return Value::from(2),
            FieldKind::Flag => return Value::from(true),
            FieldKind::Texts => return Value::from(vec!["a", "b"]),
            FieldKind::Text if field.key == "currency" => "JPY",
            FieldKind::Text => "words",
            FieldKind::Amount => "1200.50",
            FieldKind::Word(words) => words[0],
            FieldKind::Time if field.key.ends_with("from") => "2026-01-01T00:00:00Z",
            FieldKind::Time if field.key.ends_with("until") || field.key == "lifted_at" => "2026-01-03T00:00:00Z",
            FieldKind::Time => "2026-01-02T00:00:00Z",
            FieldKind::State => "degraded",
            FieldKind::Staleness => "5m",
            _ => "api-1",
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
    fn the_words_are_those_that_lines_know() {
        assert_eq!(ROLES, Role::ALL.map(Role::name));
        assert_eq!(ASSENT_KINDS, AssentKind::ALL.map(AssentKind::name));
        assert_eq!(STATUSES, MaintenanceStatus::ALL.map(MaintenanceStatus::name));
        assert_eq!(EXTENTS, SuspensionExtent::ALL.map(SuspensionExtent::name));
        assert_eq!(STAGES, Stage::ALL.map(Stage::name));
        assert_eq!(PLAN_ACTIONS, PlanAction::ALL.map(PlanAction::name));
        assert_eq!(DECISIONS, Decision::ALL.map(Decision::name));
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
            (FieldKind::Flag, "yes"),
            (FieldKind::Amount, "1,200"),
            (FieldKind::Word(&EXTENTS), "all"),
            (FieldKind::Fact, "two words"),
        ] {
            assert!(kind.check(bad).is_err(), "{bad}");
        }
    }
}
