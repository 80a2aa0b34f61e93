//! The facts of today: what can be written into the ledger, each kind with its version and its canonical payload.
//!
//! A payload is canonical JSON; times are integer milliseconds, and what is absent is an absent key. Facts of
//! configuration carry digests, never contents and never secrets. Every payload names its `id`, chosen by whoever reports
//! it so that a repeated report is one fact, and `by`, who says so. Not here: when a fact was recorded (`leaf.rs`), and
//! what a measurement's segment says (`segment.rs`).

use std::fmt;

use crate::id::{AgreementId, CheckId, CustomerId, FactId, IdError, InterfaceId, Series, SolutionId, VantageId};
use crate::interval::Interval;
use crate::ledger::act::{self, Act};
use crate::ledger::canonical::{self, CanonicalError, FieldError, Fields, Value};
use crate::ledger::digest::Digest;
use crate::ledger::erase::{self, Erasure};
use crate::ledger::evidence::{self, Evidence};
use crate::ledger::record;
use crate::ledger::segment::Segment;
use crate::run::Staleness;
use crate::time::{Instant, Millis};

/// How long `by` may be, in bytes.
pub const BY_MAX: usize = 128;

/// How long a reason may be, in bytes.
pub const WHY_MAX: usize = 2_000;

/// How long the line of a record may be, in bytes.
pub const LINE_MAX: usize = 65_536;

/// What becomes of a revision that is no longer in use.
const WITHDRAWN: &str = "withdrawn";

/// The kinds of fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    /// A revision of an agreement came into use, or is withdrawn.
    Agreement,
    /// A series is registered, or its registration changed.
    Check,
    /// A flush of runs of one vantage point.
    Measurement,
    /// An observer was not watching.
    ObserverGap,
    /// Something that happened, as somebody tells it.
    Record,
    /// Evidence of an observation is kept.
    Evidence,
    /// A statement of a period that is over was frozen.
    Statement,
    /// Facts were erased.
    Erasure,
    /// Somebody changed who may do what.
    Act,
}

impl FactKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Agreement,
        Self::Check,
        Self::Measurement,
        Self::ObserverGap,
        Self::Record,
        Self::Evidence,
        Self::Statement,
        Self::Erasure,
        Self::Act,
    ];

    /// The name that the formats use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Check => "check",
            Self::Measurement => "measurement",
            Self::ObserverGap => "observer_gap",
            Self::Record => "record",
            Self::Evidence => "evidence",
            Self::Statement => "statement",
            Self::Erasure => "erasure",
            Self::Act => "act",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The version that this program writes; [`Fact::version`] says when it writes a later one.
    #[must_use]
    pub fn version(self) -> u32 {
        match self {
            Self::Agreement
            | Self::Check
            | Self::Measurement
            | Self::ObserverGap
            | Self::Record
            | Self::Evidence
            | Self::Statement
            | Self::Erasure
            | Self::Act => 1,
        }
    }
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// See [`Agreement`].
    Agreement(Agreement),
    /// See [`Check`].
    Check(Check),
    /// See [`Measurement`].
    Measurement(Measurement),
    /// See [`ObserverGap`].
    ObserverGap(ObserverGap),
    /// See [`Record`].
    Record(Record),
    /// See [`Evidence`].
    Evidence(Evidence),
    /// See [`Statement`].
    Statement(Statement),
    /// See [`Erasure`].
    Erasure(Erasure),
    /// See [`Act`].
    Act(Act),
}

/// A revision of an agreement came into use beside those that are in use already, or its text is another now. From when until
/// when it binds, the text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// The agreement.
    pub agreement: AgreementId,
    /// Which revision of it, as its author names them.
    pub revision: String,
    /// The digest of the agreement's file.
    pub digest: Digest,
    /// The digest of the file that defines the checks.
    pub definitions: Digest,
    /// That it is no longer in use and is not to judge anything. Version 2 alone can say so.
    pub withdrawn: bool,
}

/// A series is registered. A later registration of the same series replaces the earlier one from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// The check and the vantage point.
    pub series: Series,
    /// The solution that it observes.
    pub solution: SolutionId,
    /// The interface of the solution that it observes.
    pub interface: InterfaceId,
    /// The grid on which it observes; at least a millisecond.
    pub interval: Millis,
    /// How long its observations may be trusted. [`Staleness::None`] is an absent `staleness_ms`.
    pub staleness: Staleness,
    /// When it exists. An end at [`Instant::MAX`] is open: an absent `until`.
    pub active: Interval,
    /// The digest of its definition.
    pub definition: Digest,
}

/// A flush of runs: what one segment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// The vantage point.
    pub vantage: VantageId,
    /// Up to when the segment speaks.
    pub through: Instant,
    /// The digest of the segment's canonical bytes.
    pub segment: Digest,
    /// How many runs the segment lists.
    pub runs: u64,
}

/// An observer was not watching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObserverGap {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// The vantage point; all of them where absent.
    pub vantage: Option<VantageId>,
    /// When.
    pub span: Interval,
    /// Why.
    pub why: String,
}

/// Something that happened, as somebody tells it: a maintenance, an incident, a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The fact. One thing may be told several times, each time by another fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// Why it is told.
    pub why: String,
    /// What happened: the line of a history (`crate::history`), without `recorded_at` and `by`, which the ledger knows.
    pub line: String,
    /// The customer that alone is concerned, whose the fact then is; absent for what is everybody's to see.
    pub customer: Option<CustomerId>,
}

/// A statement of a period that is over, frozen as it was known. What is learned later makes another, beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// The agreement.
    pub agreement: AgreementId,
    /// The period, as its name is written: `2026-10`.
    pub period: String,
    /// The customer that it is for; absent for nobody in particular.
    pub customer: Option<CustomerId>,
    /// Which statement of this period and customer it is, from 1.
    pub number: u64,
    /// What was recorded later is not in it.
    pub as_known_at: Instant,
    /// The digest of its text, in the public JSON form.
    pub text: Digest,
    /// The digest of its figures alone: equal where nothing that is owed or judged differs.
    pub figures: Digest,
}

impl Measurement {
    /// Whether it says of its segment what the segment says; if not, what differs. The digest is not compared.
    ///
    /// # Errors
    /// What differs, to be said of the segment.
    pub fn agrees_with(&self, segment: &Segment) -> Result<(), &'static str> {
        if *segment.vantage() != self.vantage {
            return Err("is of another vantage point than the fact says");
        }
        if segment.through() != self.through {
            return Err("speaks up to another time than the fact says");
        }
        if segment.runs().len() as u64 != self.runs {
            return Err("lists another number of runs than the fact says");
        }
        Ok(())
    }
}

/// Why some bytes are not a payload of that kind and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactError {
    /// This program does not know the version.
    Version {
        /// The kind.
        kind: FactKind,
        /// The version that is not known.
        version: u32,
    },
    /// The bytes are not canonical.
    Canonical(FactKind, CanonicalError),
    /// A key does not hold what it must.
    Field(FactKind, FieldError),
}

impl fmt::Display for FactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { kind, version } => {
                write!(f, "facts `{}` of version {version} are newer than this program", kind.name())
            }
            Self::Canonical(kind, error) => write!(f, "not a fact `{}`: {error}", kind.name()),
            Self::Field(kind, error) => write!(f, "not a fact `{}`: {error}", kind.name()),
        }
    }
}

impl std::error::Error for FactError {}

impl Fact {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> FactKind {
        match self {
            Self::Agreement(_) => FactKind::Agreement,
            Self::Check(_) => FactKind::Check,
            Self::Measurement(_) => FactKind::Measurement,
            Self::ObserverGap(_) => FactKind::ObserverGap,
            Self::Record(_) => FactKind::Record,
            Self::Evidence(_) => FactKind::Evidence,
            Self::Statement(_) => FactKind::Statement,
            Self::Erasure(_) => FactKind::Erasure,
            Self::Act(_) => FactKind::Act,
        }
    }

    /// The version that its payload is written in.
    #[must_use]
    pub fn version(&self) -> u32 {
        match self {
            // What version 1 can say stays in it, so that older programs read it.
            Self::Agreement(fact) if fact.withdrawn => 2,
            other => other.kind().version(),
        }
    }

    /// The id that whoever reports it chose.
    #[must_use]
    pub fn id(&self) -> &FactId {
        match self {
            Self::Agreement(fact) => &fact.id,
            Self::Check(fact) => &fact.id,
            Self::Measurement(fact) => &fact.id,
            Self::ObserverGap(fact) => &fact.id,
            Self::Record(fact) => &fact.id,
            Self::Evidence(fact) => &fact.id,
            Self::Statement(fact) => &fact.id,
            Self::Erasure(fact) => &fact.id,
            Self::Act(fact) => &fact.id,
        }
    }

    /// Who says so: `server:tokyo-1`, `cli:root`.
    #[must_use]
    pub fn by(&self) -> &str {
        match self {
            Self::Agreement(fact) => &fact.by,
            Self::Check(fact) => &fact.by,
            Self::Measurement(fact) => &fact.by,
            Self::ObserverGap(fact) => &fact.by,
            Self::Record(fact) => &fact.by,
            Self::Evidence(fact) => &fact.by,
            Self::Statement(fact) => &fact.by,
            Self::Erasure(fact) => &fact.by,
            Self::Act(fact) => &fact.by,
        }
    }

    /// The customer whose fact it is; nobody's where everybody may see it.
    #[must_use]
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Agreement(_)
            | Self::Check(_)
            | Self::Measurement(_)
            | Self::ObserverGap(_)
            | Self::Evidence(_)
            | Self::Erasure(_)
            | Self::Act(_) => None,
            Self::Record(fact) => fact.customer.as_ref(),
            Self::Statement(fact) => fact.customer.as_ref(),
        }
    }

    /// The canonical payload, of the version that [`Self::version`] says.
    ///
    /// Values that no payload can hold (an integer beyond 2^53 - 1, an empty `by`) are written as they are and refused by
    /// [`Self::decode`], which whoever stores a fact calls once before.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut members = vec![("id", Value::text(self.id())), ("by", Value::text(self.by()))];
        match self {
            Self::Agreement(fact) => {
                members.extend([
                    ("agreement", Value::text(&fact.agreement)),
                    ("revision", Value::text(&fact.revision)),
                    ("digest", Value::text(fact.digest)),
                    ("definitions", Value::text(fact.definitions)),
                ]);
                members.extend(fact.withdrawn.then_some(("use", Value::text(WITHDRAWN))));
            }
            Self::Check(fact) => encode_check(fact, &mut members),
            Self::Measurement(fact) => members.extend([
                ("vantage", Value::text(&fact.vantage)),
                ("through", Value::Int(fact.through.0)),
                ("segment", Value::text(fact.segment)),
                ("runs", Value::count(fact.runs)),
            ]),
            Self::ObserverGap(fact) => {
                members.extend([
                    ("from", Value::Int(fact.span.from().0)),
                    ("until", Value::Int(fact.span.until().0)),
                    ("why", Value::text(&fact.why)),
                ]);
                members.extend(fact.vantage.iter().map(|vantage| ("vantage", Value::text(vantage))));
            }
            Self::Record(fact) => {
                members.extend([("why", Value::text(&fact.why)), ("line", Value::text(&fact.line))]);
            }
            Self::Evidence(fact) => evidence::encode(fact, &mut members),
            Self::Erasure(fact) => erase::encode(fact, &mut members),
            Self::Act(fact) => act::encode(fact, &mut members),
            Self::Statement(fact) => members.extend([
                ("agreement", Value::text(&fact.agreement)),
                ("period", Value::text(&fact.period)),
                ("number", Value::count(fact.number)),
                ("as_known_at", Value::Int(fact.as_known_at.0)),
                ("text", Value::text(fact.text)),
                ("figures", Value::text(fact.figures)),
            ]),
        }
        members.extend(self.customer().map(|customer| ("customer", Value::text(customer))));
        canonical::to_bytes(&Value::Map(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// When the version is not known, or the bytes are not exactly what [`Self::encode`] writes for some fact.
    pub fn decode(kind: FactKind, version: u32, bytes: &[u8]) -> Result<Self, FactError> {
        let is_withdrawal = (kind, version) == (FactKind::Agreement, 2);
        if version != 1 && !is_withdrawal {
            return Err(FactError::Version { kind, version });
        }
        let value = canonical::parse(bytes).map_err(|error| FactError::Canonical(kind, error))?;
        decode_fields(kind, is_withdrawal, value).map_err(|error| FactError::Field(kind, error))
    }
}

fn encode_check(fact: &Check, members: &mut Vec<(&'static str, Value)>) {
    members.extend([
        ("check", Value::text(&fact.series.check)),
        ("vantage", Value::text(&fact.series.vantage)),
        ("solution", Value::text(&fact.solution)),
        ("interface", Value::text(&fact.interface)),
        ("interval_ms", Value::Int(fact.interval.0)),
        ("from", Value::Int(fact.active.from().0)),
        ("definition", Value::text(fact.definition)),
    ]);
    if let Staleness::After(limit) = fact.staleness {
        members.push(("staleness_ms", Value::Int(limit.0)));
    }
    if fact.active.until() != Instant::MAX {
        members.push(("until", Value::Int(fact.active.until().0)));
    }
}

fn decode_fields(kind: FactKind, is_withdrawal: bool, value: Value) -> Result<Fact, FieldError> {
    let mut fields = Fields::of(value, "payload")?;
    let head = (id(&mut fields, "id", FactId::parse)?, plain(&mut fields, "by", BY_MAX)?);
    let fact = match kind {
        FactKind::Agreement => Fact::Agreement(Agreement {
            id: head.0,
            by: head.1,
            agreement: id(&mut fields, "agreement", AgreementId::parse)?,
            revision: fields.text("revision")?,
            digest: digest(&mut fields, "digest")?,
            definitions: digest(&mut fields, "definitions")?,
            withdrawn: is_withdrawal && withdrawn(&mut fields)?,
        }),
        FactKind::Check => decode_check(head, &mut fields)?,
        FactKind::Measurement => Fact::Measurement(Measurement {
            id: head.0,
            by: head.1,
            vantage: id(&mut fields, "vantage", VantageId::parse)?,
            through: instant(fields.int("through")?, "through")?,
            segment: digest(&mut fields, "segment")?,
            runs: count(&mut fields, "runs")?,
        }),
        FactKind::ObserverGap => {
            let vantage = fields.find_text("vantage")?.map(|text| VantageId::parse(&text));
            let from = instant(fields.int("from")?, "from")?;
            let until = instant(fields.int("until")?, "until")?;
            Fact::ObserverGap(ObserverGap {
                id: head.0,
                by: head.1,
                vantage: vantage.transpose().map_err(|error| FieldError::new("vantage", error))?,
                span: span(from, until)?,
                why: plain(&mut fields, "why", WHY_MAX)?,
            })
        }
        FactKind::Record => {
            let line = plain(&mut fields, "line", LINE_MAX)?;
            let customer = customer(&mut fields)?;
            if customer.as_ref().is_some_and(|customer| !record::may_be_of(&line, customer)) {
                return Err(FieldError::new("customer", "is not the one that the line names"));
            }
            let why = plain(&mut fields, "why", WHY_MAX)?;
            Fact::Record(Record { id: head.0, by: head.1, why, line, customer })
        }
        FactKind::Statement => Fact::Statement(Statement {
            id: head.0,
            by: head.1,
            agreement: id(&mut fields, "agreement", AgreementId::parse)?,
            period: plain(&mut fields, "period", BY_MAX)?,
            customer: customer(&mut fields)?,
            number: count(&mut fields, "number")?,
            as_known_at: instant(fields.int("as_known_at")?, "as_known_at")?,
            text: digest(&mut fields, "text")?,
            figures: digest(&mut fields, "figures")?,
        }),
        FactKind::Evidence => evidence::decode(head, &mut fields)?,
        FactKind::Erasure => erase::decode(head, &mut fields)?,
        FactKind::Act => act::decode(head, &mut fields)?,
    };
    fields.finish()?;
    Ok(fact)
}

/// Version 2 of an agreement's fact has a key more: what becomes of the revision.
fn withdrawn(fields: &mut Fields) -> Result<bool, FieldError> {
    match fields.text("use")?.as_str() {
        WITHDRAWN => Ok(true),
        _ => Err(FieldError::new("use", "is not `withdrawn`")),
    }
}

fn decode_check((fact_id, by): (FactId, String), fields: &mut Fields) -> Result<Fact, FieldError> {
    let series =
        Series { check: id(fields, "check", CheckId::parse)?, vantage: id(fields, "vantage", VantageId::parse)? };
    let length = |length: i64, key| {
        if length >= 1 { Ok(Millis(length)) } else { Err(FieldError::new(key, "is shorter than a millisecond")) }
    };
    let staleness = match fields.find_int("staleness_ms")? {
        Some(limit) => Staleness::After(length(limit, "staleness_ms")?),
        None => Staleness::None,
    };
    let from = instant(fields.int("from")?, "from")?;
    let until = match fields.find_int("until")? {
        Some(until) => instant(until, "until")?,
        None => Instant::MAX,
    };
    Ok(Fact::Check(Check {
        id: fact_id,
        by,
        series,
        solution: id(fields, "solution", SolutionId::parse)?,
        interface: id(fields, "interface", InterfaceId::parse)?,
        interval: length(fields.int("interval_ms")?, "interval_ms")?,
        staleness,
        active: span(from, until)?,
        definition: digest(fields, "definition")?,
    }))
}

pub(super) fn id<T>(
    fields: &mut Fields,
    key: &str,
    parse: impl Fn(&str) -> Result<T, IdError>,
) -> Result<T, FieldError> {
    parse(&fields.text(key)?).map_err(|error| FieldError::new(key, error))
}

fn customer(fields: &mut Fields) -> Result<Option<CustomerId>, FieldError> {
    let found = fields.find_text("customer")?.map(|text| CustomerId::parse(&text));
    found.transpose().map_err(|error| FieldError::new("customer", error))
}

pub(super) fn digest(fields: &mut Fields, key: &str) -> Result<Digest, FieldError> {
    Digest::parse(&fields.text(key)?).map_err(|error| FieldError::new(key, error))
}

pub(super) fn count(fields: &mut Fields, key: &str) -> Result<u64, FieldError> {
    u64::try_from(fields.int(key)?).map_err(|_| FieldError::new(key, "is negative"))
}

/// A text of one line that says something.
pub(super) fn plain(fields: &mut Fields, key: &str, max: usize) -> Result<String, FieldError> {
    let text = fields.text(key)?;
    if (1..=max).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(FieldError::new(key, format!("must have 1 to {max} bytes and no control characters")))
    }
}

pub(super) fn instant(ms: i64, key: &str) -> Result<Instant, FieldError> {
    let at = Instant(ms);
    if Interval::ALL.contains(at) { Ok(at) } else { Err(FieldError::new(key, "lies outside the years 1 to 9999")) }
}

fn span(from: Instant, until: Instant) -> Result<Interval, FieldError> {
    Interval::new(from, until).ok_or_else(|| FieldError::new("until", "is not later than `from`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap() -> Fact {
        Fact::ObserverGap(ObserverGap {
            id: FactId::parse("gap-1").unwrap(),
            by: "server:tokyo-1".to_owned(),
            vantage: None,
            span: Interval::new(Instant(-5), Instant(10)).unwrap(),
            why: "the server was \"down\"".to_owned(),
        })
    }

    #[test]
    fn a_key_that_is_unknown_missing_or_wrong_is_named() {
        let text = String::from_utf8(gap().encode()).unwrap();
        assert_eq!(Fact::decode(FactKind::ObserverGap, 1, text.as_bytes()), Ok(gap()));
        for (old, new, says) in [
            ("\"why\"", "\"whx\"", "`why`: is missing"),
            ("\"why\"", "\"vantage\":\"Tokyo\",\"why\"", "`vantage`: `Tokyo` is not a vantage point id"),
            ("\"until\":10", "\"until\":-5", "`until`: is not later than `from`"),
            ("\"until\":10", "\"until\":253402128000000", "`until`: lies outside the years 1 to 9999"),
            ("server:tokyo-1", "", "`by`: must have 1 to 128 bytes"),
            ("gap-1", "gap 1", "`id`: `gap 1` is not a fact id"),
            ("\"until\":10", "\"until\":10,\"v\":1", "`v`: is unknown"),
            ("{", " {", "not canonical at byte 0"),
        ] {
            let bad = text.replacen(old, new, 1);
            assert_ne!(bad, text);
            let error = Fact::decode(FactKind::ObserverGap, 1, bad.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("not a fact `observer_gap`: "), "{error}");
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_payload_of_another_kind_or_version_is_refused() {
        let bytes = gap().encode();
        for kind in FactKind::ALL {
            assert_eq!(Fact::decode(kind, 1, &bytes).is_ok(), kind == FactKind::ObserverGap);
            assert_eq!(FactKind::find(kind.name()), Some(kind));
        }
        let error = Fact::decode(FactKind::ObserverGap, 2, &bytes).unwrap_err().to_string();
        assert_eq!(error, "facts `observer_gap` of version 2 are newer than this program");
    }
}
