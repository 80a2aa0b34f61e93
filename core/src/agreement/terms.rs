//! Terms: the questions that every measurement of a promise must answer.
//!
//! A term is stated by the contract, by a document that stands with it, or by `[policy]` (the operator chose, since the
//! contract is silent). One that is needed and stated by none is an error, never a hidden default.

use super::composition::{Composition, Level};
use super::exclusion::{Cap, Exclusion, NoticeRule};
use super::indicator::{Confirm, ConnectionsTerm, Outage, Slice};
use super::period::{PeriodTerm, ServiceTime};
use super::remedy::{ClaimTerm, Remedy, Termination};
use super::sources::{Lookup, Stated, percent};
use super::words::{
    Aggregate, Binding, Customers, DaysAre, ExcludeOrder, Indicator, Partial, Per, Suspended, UnknownPolicy, up_or_down,
};
use crate::diagnostic::Refusal;
use crate::document::{Findings, Item};
use crate::ratio::Ratio;
use crate::time::{Millis, Zone};
use crate::timeline::State;
use std::collections::BTreeMap;

/// What the reference says about one term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermDoc {
    /// The key.
    pub key: &'static str,
    /// What it may be.
    pub values: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// Which commitments need it.
    pub needed: &'static str,
}

const fn term(key: &'static str, values: &'static str, question: &'static str, needed: &'static str) -> TermDoc {
    TermDoc { key, values, question, needed }
}

/// Every term that there is, in the order of the reference.
#[rustfmt::skip]
pub const TERMS: [TermDoc; 54] = [
    term("zone", "an IANA time zone", "in whose calendar does a period begin and end?", "always"),
    term("period", "month, quarter, year, asked, { fiscal = 12, from = 2026-04-01 }, { billing = 1 }, { rolling = \"30d\" }, { claim_days = 365 }", "how long is the period that is judged?", "always"),
    term("close_after", "a length of time", "how long after the end of a period is its statement frozen?", "always"),
    term("decimals", "2 to 12", "how many decimals of a percentage are shown, rounded toward the worse?", "always"),
    term("unknown", "bounds, up, down, excluded", "what does time count as that nobody observed?", "availability"),
    term("min_observed", "a percentage in quotes", "below which observed share is a verdict indeterminate?", "may be left out"),
    term("degraded", "up, down", "what does a degraded answer count as?", "availability by states, monitoring"),
    term("service_time", "24x7, or the id of a calendar", "in which hours is the service promised?", "availability, monitoring"),
    term("vantages", "all, any, { down_when = K }, { down_when = K, over = \"reporting\", min_reporting = N }", "how do several vantage points make one check?", "availability by states, monitoring"),
    term("checks", "as `vantages`, and weighted, worst at the top", "how do several checks make one part?", "availability by states, monitoring"),
    term("instances", "as `checks`", "how do several instances make one feature?", "where the history has instances below what is judged"),
    term("features", "as `checks`", "how do several features make one interface?", "where the history has features below what is judged"),
    term("interfaces", "as `checks`, and { weights = { NAME = 1 } } at the top", "how do several interfaces make one solution?", "where what is judged has several interfaces"),
    term("zones", "as `interfaces`", "how do several zones make one region?", "where the history has zones below what is judged"),
    term("regions", "as `interfaces`", "how do several regions make one solution?", "where the history has regions below what is judged"),
    term("controls", "as `vantages`", "how do several control checks make the one that an outage is compared with?", "where the history has control checks"),
    term("confirm", "{ failures = 2, onset = \"first-failure\", unconfirmed = \"up\" }", "how many failures in a row make an outage, and from when?", "may be left out: every failure counts at once"),
    term("outage", "{ at_least = \"10m\", merge_gap = \"5m\", gap = \"up\", qualify = \"whole\" }, or longer_than", "which outages are long enough to count?", "may be left out: all"),
    term("days_are", "elapsed, calendar", "is a notice of so many days a number of hours, or of calendar days?", "where a notice is written in `days`"),
    term("connections", "{ down_below = \"90\", customer_side = \"connected\", undetermined = \"unknown\" }", "how many connections of installed software may be missing, and whose fault counts?", "where the history has connections of what is judged"),
    term("exclude", "after-qualification, before-qualification", "does excluded time leave before or after outages are tested for their length?", "where there are both `outage` and `exclusions`"),
    term("exclusions", "a list of { class, extent, effect, notice, extension }", "which time leaves the figure?", "availability; an empty list says none"),
    term("caps", "a list of { classes, limit, measure, scope, period, exempt }", "up to how much time may classes be excluded?", "may be left out: without limit"),
    term("partial", "restrict, full, deemed-up", "what counts of a period in which a customer had the service only in part?", "where a customer is judged"),
    term("suspended", "measured, up, down, excluded", "what does the time of a customer's suspension count as?", "where a judged customer was suspended"),
    term("customers", "pooled, separate", "whose events and users count together?", "availability by counts or users"),
    term("binding", "lower, upper, both", "which bound of the availability must reach the target?", "where there is a target"),
    term("indicator", "states, counts", "what is measured?", "availability"),
    term("aggregate", "duration, good-slices, slice-mean, events, users", "how is a period's figure made?", "availability"),
    term("slice", "{ width = \"5m\", bad_above = \"5\", empty = \"good\", minimum = 100, below = \"good\" }, or bad_from", "how is time cut for judging, and when is a slice bad?", "where the aggregate is of slices, or counts make down time"),
    term("remedy", "{ tiers, base, rounding, cap, pays_from, total, group }", "what does a miss earn?", "may be left out: nothing"),
    term("termination", "a list of { missed, of, lapse }", "after how many misses may the contract be ended?", "may be left out: never"),
    term("claim", "automatic, or { days, within, months or business_days; from; evidence }", "how is a credit asked for?", "where there is a remedy"),
    term("classes", "a list of classes", "which classes of maintenance?", "the kinds about maintenance"),
    term("maintenance_notice", "{ lead = \"7d\", by = \"published\" }, or days = 7", "how long before must maintenance be announced, by which proof?", "maintenance-notice"),
    term("maintenance_extension", "{ lead = \"30m\", at_most = \"8h\", at_most_double = true, by = \"published\" }", "how may maintenance be extended?", "maintenance-extension"),
    term("maintenance_limit", "a length of time", "how long may maintenance take in a period?", "maintenance-cap"),
    term("cap_scope", "subject, all", "does the limit hold for each subject or for all together?", "maintenance-cap"),
    term("cap_exempt", "none, uncontrollable-iaas", "which work does not count toward the limit?", "maintenance-cap"),
    term("noticed_within", "a length of time, or none", "how soon must the notice come?", "suspension-notice, notice"),
    term("noticed_from", "decision, enforcement", "from when is promptness measured?", "suspension-notice"),
    term("restored_within", "a length of time, or none", "how soon must service be restored?", "suspension-restore, incident-restore"),
    term("rto", "a length of time, or none", "within which time is service back after a disaster?", "recovery-time"),
    term("rpo", "a length of time, or none", "of how much time may data be lost?", "recovery-point"),
    term("exercises_count", "true, false", "can an exercise meet the recovery target?", "recovery-time, recovery-point"),
    term("exercise_every", "{ months = 12 }, { days = 90 }, a length of time, or none", "how often is recovery exercised?", "recovery-exercise"),
    term("review_every", "{ months = 12 }, { days = 90 }, a length of time, or none", "how often is the recovery plan reviewed?", "plan-review"),
    term("capacity_every", "{ days = 1 }, a length of time, or none", "how often is capacity looked at?", "capacity-watch"),
    term("about", "incident, subprocessor", "what is the notice about?", "notice"),
    term("to", "public, customer", "whom must the notice reach?", "notice"),
    term("what", "as the lines of the history name it", "what must be published or logged?", "publication, logging"),
    term("takes_effect", "at-once, frozen-until-renewal, on-renewal", "when does a new revision begin to bind a customer?", "where there are several revisions"),
    term("mid_period", "split, at-start, at-end", "which revision judges a period in which it changes?", "where there are several revisions"),
    term("covered_when", "a list of entitlement, assent", "what must a customer have to be covered?", "where a customer is judged"),
];

/// The terms that every commitment has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The zone of the calendar.
    pub zone: Stated<Zone>,
    /// The periods it is judged for.
    pub period: Stated<PeriodTerm>,
    /// How long after a period's end its statement is frozen.
    pub close_after: Stated<Millis>,
    /// Decimals of a percentage that is shown; never used to compare.
    pub decimals: Stated<u32>,
}

impl Terms {
    pub(super) fn read(terms: &Lookup<'_, '_, '_, '_>, findings: &Findings) -> Option<Self> {
        let zone = terms.need("zone", |item| Ok(Zone::parse(item.text()?)?));
        let period = terms.need("period", |item| PeriodTerm::read(item, findings));
        let close_after = terms.need("close_after", Item::length);
        let decimals = terms.need("decimals", read_decimals);
        Some(Self { zone: zone?, period: period?, close_after: close_after?, decimals: decimals? })
    }
}

fn read_decimals(item: &Item<'_>) -> Result<u32, Refusal> {
    const HELP: &str = "write how many are shown, from 2 to 12; a verdict never depends on it";
    match item.whole().map_err(|refusal| refusal.help(HELP))? {
        decimals @ 2..=12 => Ok(decimals),
        other => Err(Refusal::new(format!("`decimals` must be from 2 to 12, and this is {other}")).help(HELP)),
    }
}

/// What days are, where a notice is written in them.
pub(super) fn days_are(
    terms: &Lookup<'_, '_, '_, '_>,
    mut notices: impl Iterator<Item = NoticeRule>,
) -> Option<DaysAre> {
    let needed = notices.any(|notice| notice.needs_days());
    let stated = if needed { terms.need("days_are", DaysAre::read) } else { terms.find("days_are", DaysAre::read) };
    stated.map(|stated| stated.value)
}

/// How observations make the state of what is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateTerms {
    /// What an observed degradation counts as: up or down.
    pub degraded: Stated<State>,
    /// How parts combine, level by level. Levels that only a history can need may be missing.
    pub levels: BTreeMap<Level, Stated<Composition>>,
    /// How control checks combine.
    pub controls: Option<Stated<Composition>>,
    /// How failures become an outage; absent means that each counts at once.
    pub confirm: Option<Stated<Confirm>>,
    /// When missing connections of installed software are down time.
    pub connections: Option<Stated<ConnectionsTerm>>,
}

impl StateTerms {
    pub(super) fn read(
        terms: &Lookup<'_, '_, '_, '_>,
        findings: &Findings,
        per: Per,
        interfaces: bool,
    ) -> Option<Self> {
        let degraded = terms.need("degraded", up_or_down);
        let mut levels = BTreeMap::new();
        for level in Level::ALL {
            let read = |item: &Item<'_>| Composition::read(item, findings);
            let needed = match level {
                Level::Vantages | Level::Checks => true,
                Level::Interfaces => interfaces && per != Per::Interface,
                _ => false,
            };
            let found = if needed { terms.need(level.key(), read) } else { terms.find(level.key(), read) };
            if let Some(found) = found {
                levels.insert(level, found);
            }
        }
        let controls = terms.find("controls", |item| Composition::read(item, findings));
        let confirm = terms.find("confirm", |item| Confirm::read(item, findings));
        let connections = terms.find("connections", |item| ConnectionsTerm::read(item, findings));
        Some(Self { degraded: degraded?, levels, controls, confirm, connections })
    }
}

/// One thing that must be reached. Several in one commitment must all be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// What it is called, where there are several.
    pub name: Option<String>,
    /// The least figure that was promised, if any was.
    pub target: Option<Target>,
    /// What is measured.
    pub indicator: Indicator,
    /// How the figure is made.
    pub aggregate: Aggregate,
    /// How time is cut.
    pub slice: Option<Slice>,
}

/// A promised percentage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As the contract writes it, in percent.
    pub percent: String,
    /// The same as an exact fraction.
    pub ratio: Ratio,
}

impl Target {
    pub(super) fn read(item: &Item<'_>) -> Result<Self, Refusal> {
        let text = item.text().map_err(|refusal| {
            refusal.help("write the percentage in quotes, as in `target = \"99.95\"`, so that it stays exact")
        })?;
        let ratio = Ratio::parse_percent(text)?;
        if ratio > Ratio::parse_percent("100")? {
            return Err(Refusal::new(format!("a target of {text} % is more than 100 %")).help("write at most \"100\""));
        }
        Ok(Self { percent: text.to_owned(), ratio })
    }
}

/// A promise of availability: a percentage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// What must be reached; never empty.
    pub goals: Vec<Goal>,
    /// Which bound must reach the target; there where a goal has one.
    pub binding: Option<Stated<Binding>>,
    /// What unobserved time counts as.
    pub unknown: Stated<UnknownPolicy>,
    /// The least observed share for a verdict.
    pub min_observed: Option<Stated<Ratio>>,
    /// How observations make states; there where a goal is measured by states.
    pub states: Option<StateTerms>,
    /// When the service is promised.
    pub service_time: Stated<ServiceTime>,
    /// What counts of a customer's partial period.
    pub partial: Option<Stated<Partial>>,
    /// What a customer's suspension counts as.
    pub suspended: Option<Stated<Suspended>>,
    /// Whose events count together.
    pub customers: Option<Stated<Customers>>,
    /// Which outages count; absent means all.
    pub outage: Option<Stated<Outage>>,
    /// Whether exclusion comes before or after that.
    pub exclude: Option<Stated<ExcludeOrder>>,
    /// Which time leaves the figure.
    pub exclusions: Stated<Vec<Exclusion>>,
    /// Up to how much.
    pub caps: Option<Stated<Vec<Cap>>>,
    /// What a miss earns.
    pub remedy: Option<Stated<Remedy>>,
    /// After which misses the contract may be ended.
    pub termination: Option<Stated<Vec<Termination>>>,
    /// How a credit is asked for.
    pub claim: Option<Stated<ClaimTerm>>,
}

impl Availability {
    /// Reads the terms that go with the goals. `None` when one is missing or refused, which is then a finding.
    pub(super) fn read(
        terms: &Lookup<'_, '_, '_, '_>,
        findings: &Findings,
        goals: Vec<Goal>,
        per: Per,
        interfaces: bool,
    ) -> Option<Self> {
        let by_states =
            goals.iter().any(|goal| goal.indicator == Indicator::States && goal.aggregate != Aggregate::Users);
        let pooled = goals.iter().any(|goal| goal.indicator == Indicator::Counts || goal.aggregate == Aggregate::Users);
        let states = if by_states { Some(StateTerms::read(terms, findings, per, interfaces)) } else { None };
        let unknown = terms.need("unknown", UnknownPolicy::read);
        let service_time = terms.need("service_time", |item| ServiceTime::read(item, terms));
        let mut exclusions = terms.need("exclusions", |item| Exclusion::read_all(item, findings));
        let each = || exclusions.iter().flat_map(|exclusions| &exclusions.value);
        let days_are = days_are(terms, each().filter_map(|exclusion| exclusion.notice));
        for exclusion in exclusions.iter_mut().flat_map(|exclusions| &mut exclusions.value) {
            exclusion.notice = exclusion.notice.map(|notice| notice.with_days(days_are));
        }
        let outage = terms.find("outage", |item| Outage::read(item, findings));
        let ordered = outage.is_some() && exclusions.as_ref().is_some_and(|all| !all.value.is_empty());
        let exclude =
            if ordered { terms.need("exclude", ExcludeOrder::read) } else { terms.find("exclude", ExcludeOrder::read) };
        let promised = goals.iter().any(|goal| goal.target.is_some());
        let binding =
            if promised { terms.need("binding", Binding::read) } else { terms.find("binding", Binding::read) };
        let customers =
            if pooled { terms.need("customers", Customers::read) } else { terms.find("customers", Customers::read) };
        let remedy = terms.find("remedy", |item| Remedy::read(item, findings));
        let read_claim = |item: &Item<'_>| ClaimTerm::read(item, findings, terms);
        let claim = if remedy.is_some() { terms.need("claim", read_claim) } else { terms.find("claim", read_claim) };
        let all = Self {
            goals,
            binding,
            min_observed: terms.find("min_observed", percent),
            partial: terms.find("partial", Partial::read),
            suspended: terms.find("suspended", Suspended::read),
            caps: terms.find("caps", |item| Cap::read_all(item, findings)),
            termination: terms.find("termination", |item| Termination::read_all(item, findings)),
            states: match states {
                None => None,
                Some(read) => Some(read?),
            },
            unknown: unknown?,
            service_time: service_time?,
            customers,
            outage,
            exclude,
            exclusions: exclusions?,
            remedy,
            claim,
        };
        (!terms.failed()).then_some(all)
    }

    /// The least figure that was promised, where there is exactly one goal with one.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        self.goals.iter().find_map(|goal| goal.target.as_ref())
    }
}

/// A promise to watch: the observed share of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitoring {
    /// The least share, if any was promised.
    pub target: Option<Target>,
    /// How observations make states.
    pub states: StateTerms,
    /// When the service is promised.
    pub service_time: Stated<ServiceTime>,
}
