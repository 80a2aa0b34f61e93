//! Terms: the questions that every measurement of a promise must answer.
//!
//! A term is stated by the commitment (the contract says so) or by `[policy]` (the operator chose, since the contract is
//! silent). One that is needed and stated by neither is an error, never a hidden default.

use std::fmt;

use crate::diagnostic::{Diagnostic, Refusal};
use crate::document::{Item, Placed, Table};
use crate::time::{Millis, Zone};
use crate::timeline::State;

/// Who stated a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The contract.
    Contract,
    /// The operator, where the contract is silent.
    Policy,
}

/// A term's value, and who stated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// Who stated it.
    pub origin: Origin,
}

/// How the states of several parts make the state of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composition {
    /// Up when all parts are up; down when any is down.
    All,
    /// Up when any part is up; down when all are down.
    Any,
    /// Down when at least this many parts are down.
    DownWhen(u32),
}

impl Composition {
    /// How many of `n` parts must be down for the whole to be down.
    #[must_use]
    pub fn threshold(self, n: usize) -> usize {
        match self {
            Self::All => 1,
            Self::Any => n,
            Self::DownWhen(k) => k as usize,
        }
    }

    fn parse(item: &Item<'_>, findings: &crate::document::Findings) -> Result<Self, Refusal> {
        if let Some(mut table) = item.find_table(findings) {
            let k = table.require("down_when", Item::whole);
            table.finish();
            return match k {
                Some(Placed { value: 0, .. }) => Err(Refusal::new("`down_when` must be at least 1")),
                Some(k) => Ok(Self::DownWhen(k.value)),
                None => Err(Refusal::new(format!("`{}` does not say how its parts combine", item.name))),
            };
        }
        match item.text()? {
            "all" => Ok(Self::All),
            "any" => Ok(Self::Any),
            other => Err(Refusal::not_among("a way to combine parts", other, &["all", "any"])
                .help("use \"all\", \"any\", or { down_when = 2 }")),
        }
    }
}

impl fmt::Display for Composition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Any => f.write_str("any"),
            Self::DownWhen(k) => write!(f, "{{ down_when = {k} }}"),
        }
    }
}

/// What time that was not observed counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// As neither: the figure is a lower and an upper bound.
    Bounds,
    /// As up.
    Up,
    /// As down.
    Down,
    /// As excluded.
    Excluded,
}

impl UnknownPolicy {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Bounds, "bounds"), (Self::Up, "up"), (Self::Down, "down"), (Self::Excluded, "excluded")];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        named(self, &Self::ALL)
    }
}

/// Which bound of an availability must reach the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The lower: unobserved time counts against the provider.
    Lower,
    /// The upper: unobserved time counts for the provider.
    Upper,
    /// Both; where they disagree the verdict is indeterminate.
    Both,
}

impl Binding {
    const ALL: [(Self, &'static str); 3] = [(Self::Lower, "lower"), (Self::Upper, "upper"), (Self::Both, "both")];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        named(self, &Self::ALL)
    }
}

/// How long the periods are that a commitment is judged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodLength {
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
    /// The very period that was asked for, whatever its length, judged as one.
    Asked,
}

impl PeriodLength {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Month, "month"), (Self::Quarter, "quarter"), (Self::Year, "year"), (Self::Asked, "asked")];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        named(self, &Self::ALL)
    }
}

fn named<T: Copy + PartialEq>(value: T, all: &[(T, &'static str)]) -> &'static str {
    all.iter().find(|(each, _)| *each == value).map_or("", |(_, name)| name)
}

fn one_of<T: Copy>(item: &Item<'_>, what: &str, all: &[(T, &'static str)]) -> Result<T, Refusal> {
    let text = item.text()?;
    all.iter().find(|(_, name)| *name == text).map(|(value, _)| *value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        Refusal::not_among(what, text, &names)
    })
}

/// The terms of one commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The zone of the calendar.
    pub zone: Stated<Zone>,
    /// The length of the periods it is judged for.
    pub period: Stated<PeriodLength>,
    /// What unobserved time counts as.
    pub unknown: Stated<UnknownPolicy>,
    /// What an observed degradation counts as: up or down.
    pub degraded: Stated<State>,
    /// How vantage points make the state of a check.
    pub vantages: Stated<Composition>,
    /// How checks make the state of an interface.
    pub checks: Stated<Composition>,
    /// How interfaces make the state of a solution; needed where a commitment is judged per solution.
    pub interfaces: Option<Stated<Composition>>,
    /// Which bound must reach the target; needed where there is one.
    pub binding: Option<Stated<Binding>>,
    /// Decimals of a percentage that is shown; needed always, and never used to compare.
    pub decimals: Stated<u32>,
    /// How long after a period's end its statement is frozen.
    pub close_after: Stated<Millis>,
}

/// What the reference says about one term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermDoc {
    /// The key.
    pub key: &'static str,
    /// What it may be.
    pub values: &'static str,
    /// The question that it answers.
    pub question: &'static str,
}

/// Every term that there is, in the order of the reference.
pub const TERMS: [TermDoc; 10] = [
    TermDoc { key: "zone", values: "an IANA time zone", question: "in whose calendar does a period begin and end?" },
    TermDoc {
        key: "period",
        values: "month, quarter, year, or asked: the period that was asked for",
        question: "how long is the period that is judged?",
    },
    TermDoc {
        key: "unknown",
        values: "bounds, up, down, excluded",
        question: "what does time count as that nobody observed?",
    },
    TermDoc { key: "degraded", values: "up, down", question: "what does a degraded answer count as?" },
    TermDoc {
        key: "vantages",
        values: "all, any, { down_when = K }",
        question: "how many vantage points must see a check down?",
    },
    TermDoc {
        key: "checks",
        values: "all, any, { down_when = K }",
        question: "how do several checks make one interface?",
    },
    TermDoc {
        key: "interfaces",
        values: "all, any, { down_when = K }",
        question: "how do several interfaces make one solution?",
    },
    TermDoc {
        key: "binding",
        values: "lower, upper, both",
        question: "which bound of the availability must reach the target?",
    },
    TermDoc {
        key: "decimals",
        values: "2 to 12",
        question: "how many decimals of a percentage are shown, rounded toward the worse?",
    },
    TermDoc {
        key: "close_after",
        values: "a length of time",
        question: "how long after the end of a period is its statement frozen?",
    },
];

/// Terms as one table states them: any may be missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Partial {
    zone: Option<Zone>,
    period: Option<PeriodLength>,
    unknown: Option<UnknownPolicy>,
    degraded: Option<State>,
    vantages: Option<Composition>,
    checks: Option<Composition>,
    interfaces: Option<Composition>,
    binding: Option<Binding>,
    decimals: Option<u32>,
    close_after: Option<Millis>,
    /// Keys that were written and refused: their absence is not reported a second time.
    refused: Vec<&'static str>,
}

impl Partial {
    /// Takes every term that the table states.
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        const DEGRADED: [(State, &str); 2] = [(State::Up, "up"), (State::Down, "down")];
        let findings = table.findings;
        let mut refused = Vec::new();
        let mut take = |key: &'static str| {
            let item = table.find(key);
            if item.is_some() {
                refused.push(key);
            }
            item
        };
        let composition = |item: &Item<'_>| Composition::parse(item, findings);
        let mut partial = Self {
            zone: take("zone").and_then(|i| i.accept(findings, |i| Ok(Zone::parse(i.text()?)?))),
            period: take("period").and_then(|i| i.accept(findings, |i| one_of(i, "a period", &PeriodLength::ALL))),
            unknown: take("unknown")
                .and_then(|i| i.accept(findings, |i| one_of(i, "a treatment of unknown time", &UnknownPolicy::ALL))),
            degraded: take("degraded")
                .and_then(|i| i.accept(findings, |i| one_of(i, "what degraded counts as", &DEGRADED))),
            vantages: take("vantages").and_then(|i| i.accept(findings, composition)),
            checks: take("checks").and_then(|i| i.accept(findings, composition)),
            interfaces: take("interfaces").and_then(|i| i.accept(findings, composition)),
            binding: take("binding").and_then(|i| i.accept(findings, |i| one_of(i, "a binding bound", &Binding::ALL))),
            decimals: take("decimals").and_then(|i| i.accept(findings, read_decimals)),
            close_after: take("close_after").and_then(|i| i.accept(findings, |i| Ok(Millis::parse(i.text()?)?))),
            refused: Vec::new(),
        };
        partial.refused = refused;
        partial
    }
}

fn read_decimals(item: &Item<'_>) -> Result<u32, Refusal> {
    match item.whole()? {
        decimals @ 2..=12 => Ok(decimals),
        other => Err(Refusal::new(format!("`decimals` must be from 2 to 12, and this is {other}"))),
    }
}

/// Which of the terms that not every commitment needs this one does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    pub(super) interfaces: bool,
    pub(super) binding: bool,
}

/// The terms of a commitment: what it states itself, and what the policy fills in. Every needed term that neither states
/// is a finding at `place`.
pub(super) fn resolve(own: &Partial, policy: &Partial, needs: Needs, place: &Table<'_, '_>) -> Option<Terms> {
    let silent = |key: &'static str| {
        if own.refused.contains(&key) || policy.refused.contains(&key) {
            return;
        }
        let doc = TERMS.iter().find(|term| term.key == key);
        let (question, values) = doc.map_or(("", ""), |term| (term.question, term.values));
        place.findings.missing(
            Diagnostic::error(format!("neither this commitment nor `[policy]` states `{key}`"), place.span.clone())
                .label(question)
                .help(format!(
                    "state `{key}` ({values}): in the commitment if the contract says it, in [policy] if you chose it"
                )),
        );
    };
    fn pick<T: Clone>(own: &Option<T>, policy: &Option<T>, absent: impl FnOnce()) -> Option<Stated<T>> {
        let own = own.clone().map(|value| Stated { value, origin: Origin::Contract });
        let stated = own.or_else(|| policy.clone().map(|value| Stated { value, origin: Origin::Policy }));
        if stated.is_none() {
            absent();
        }
        stated
    }
    let zone = pick(&own.zone, &policy.zone, || silent("zone"));
    let period = pick(&own.period, &policy.period, || silent("period"));
    let unknown = pick(&own.unknown, &policy.unknown, || silent("unknown"));
    let degraded = pick(&own.degraded, &policy.degraded, || silent("degraded"));
    let vantages = pick(&own.vantages, &policy.vantages, || silent("vantages"));
    let checks = pick(&own.checks, &policy.checks, || silent("checks"));
    let interfaces = pick(&own.interfaces, &policy.interfaces, || {
        if needs.interfaces {
            silent("interfaces");
        }
    });
    let binding = pick(&own.binding, &policy.binding, || {
        if needs.binding {
            silent("binding");
        }
    });
    let decimals = pick(&own.decimals, &policy.decimals, || silent("decimals"));
    let close_after = pick(&own.close_after, &policy.close_after, || silent("close_after"));
    Some(Terms {
        zone: zone?,
        period: period?,
        unknown: unknown?,
        degraded: degraded?,
        vantages: vantages?,
        checks: checks?,
        interfaces,
        binding,
        decimals: decimals?,
        close_after: close_after?,
    })
}

impl Terms {
    /// Every term as the file would write it, with who stated it.
    #[must_use]
    pub fn list(&self) -> Vec<(&'static str, String, Origin)> {
        let mut all = vec![
            ("zone", self.zone.value.to_string(), self.zone.origin),
            ("period", self.period.value.name().to_owned(), self.period.origin),
            ("unknown", self.unknown.value.name().to_owned(), self.unknown.origin),
            ("degraded", self.degraded.value.name().to_owned(), self.degraded.origin),
            ("vantages", self.vantages.value.to_string(), self.vantages.origin),
            ("checks", self.checks.value.to_string(), self.checks.origin),
        ];
        if let Some(interfaces) = &self.interfaces {
            all.push(("interfaces", interfaces.value.to_string(), interfaces.origin));
        }
        if let Some(binding) = &self.binding {
            all.push(("binding", binding.value.name().to_owned(), binding.origin));
        }
        all.push(("decimals", self.decimals.value.to_string(), self.decimals.origin));
        all.push(("close_after", self.close_after.value.to_string(), self.close_after.origin));
        all
    }
}
