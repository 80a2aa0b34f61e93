//! Problems: what a history holds that an agreement says nothing about, so that no figure could be honest.

use std::collections::BTreeSet;
use std::fmt;

use super::{Customers, Request};
use crate::agreement::{Aggregate, Agreement, Commitment, Indicator, Level, PeriodTerm, Promise, Span};
use crate::history::{Check, History, Role};
use crate::id::{PartId, SolutionId};

/// A term that the history needs and the agreement does not state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What cannot be done, in one line.
    pub message: String,
    /// What to do, in one sentence.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Every problem that revisions of one agreement, in the order of their validity, have with each other: two of them in
/// force at once, none in force for a while, or nothing that says how they follow one another.
#[must_use]
pub fn revision_problems(revisions: &[Agreement]) -> Vec<Problem> {
    let mut found = BTreeSet::new();
    of_revisions(revisions, &mut found);
    found.into_iter().collect()
}

/// Every problem of evaluating `revisions` over what is known.
#[must_use]
pub fn problems(revisions: &[Agreement], known: &History, request: &Request) -> Vec<Problem> {
    let mut found: BTreeSet<Problem> = revision_problems(revisions).into_iter().collect();
    let customers = request.customers != Customers::Nobody;
    for agreement in revisions {
        if customers && agreement.covered_when.is_none() {
            found.insert(silent(AGREEMENT, "covered_when", "a customer is judged"));
        }
        for commitment in &agreement.commitments {
            let name = format!("the commitment `{}`", commitment.id);
            of_levels(agreement, commitment, known, &name, &mut found);
            let Promise::Availability(terms) = &commitment.promise else { continue };
            if customers && terms.partial.is_none() {
                found.insert(silent(&name, "partial", "a customer is judged"));
            }
            if customers && terms.suspended.is_none() && !known.facts.suspensions.is_empty() {
                found.insert(silent(&name, "suspended", "a customer was suspended"));
            }
            of_slices(commitment, request, &name, &mut found);
            let by_counts = terms.goals.iter().any(|goal| goal.indicator == Indicator::Counts);
            if by_counts && terms.goals.iter().any(|goal| goal.aggregate != Aggregate::Events) {
                of_counts(commitment, known, &name, &mut found);
            }
        }
    }
    found.into_iter().collect()
}

/// What the table of the agreement itself is called in messages.
const AGREEMENT: &str = "the agreement";

fn silent(who: &str, term: &str, because: &str) -> Problem {
    let place = if who == AGREEMENT { "in [agreement]" } else { "in the commitment" };
    Problem {
        message: format!("{who} does not state `{term}`, and {because}"),
        help: format!("state `{term}`: {place} if the contract says it, in [policy] if you chose it"),
    }
}

/// Revisions must be of one agreement, follow one another without overlap or gap, and say how they bind.
fn of_revisions(revisions: &[Agreement], found: &mut BTreeSet<Problem>) {
    let mut add = |message: String, help: &str| {
        found.insert(Problem { message, help: help.to_owned() });
    };
    for pair in revisions.windows(2) {
        let [one, two] = pair else { continue };
        let names = format!("revisions `{}` and `{}`", one.revision, two.revision);
        if one.id != two.id {
            add(format!("`{}` and `{}` are two agreements", one.id, two.id), "give the revisions of one agreement");
        } else if one.revision == two.revision {
            // Told below.
        } else if one.valid.until() > two.valid.from() {
            add(format!("{names} are both valid from {}", two.valid.from()), "end the earlier one with `valid_until`");
        } else if one.valid.until() < two.valid.from() {
            let (end, start) = (one.valid.until(), two.valid.from());
            add(format!("no revision is valid from {end} to {start}"), "let each begin when the one before it ends");
        }
    }
    // Not of neighbours alone: a third may lie between two of one name.
    for (place, one) in revisions.iter().enumerate() {
        if revisions[..place].iter().any(|other| other.id == one.id && other.revision == one.revision) {
            add(format!("the revision `{}` is given twice", one.revision), "give each revision once");
        }
    }
    if revisions.len() > 1 {
        for (term, stated) in [
            ("takes_effect", revisions.iter().any(|each| each.takes_effect.is_some())),
            ("mid_period", revisions.iter().any(|each| each.mid_period.is_some())),
        ] {
            if !stated {
                found.insert(silent(AGREEMENT, term, "it has several revisions"));
            }
        }
    }
}

/// More slices than anybody can mean take more memory than there is.
const MOST_SLICES: i64 = 3_000_000;

fn of_slices(commitment: &Commitment, request: &Request, name: &str, found: &mut BTreeSet<Problem>) {
    const DAY: i64 = 86_400_000;
    let Promise::Availability(terms) = &commitment.promise else { return };
    let of_span = |span: &Span| match span {
        Span::Elapsed(length) => length.0,
        Span::CalendarDays(days) => i64::from(*days) * DAY,
    };
    let longest = match &commitment.terms.period.value {
        PeriodTerm::Month => 31 * DAY,
        PeriodTerm::Quarter => 92 * DAY,
        PeriodTerm::Year => 366 * DAY,
        PeriodTerm::Asked => request.period.interval.length().0,
        PeriodTerm::Fiscal { months, .. } | PeriodTerm::Billing { months } => i64::from(*months) * 31 * DAY,
        PeriodTerm::Rolling(span) | PeriodTerm::Claim { span, .. } => of_span(span),
    };
    let margin = terms.outage.as_ref().map_or(0, |outage| (outage.value.minimum + outage.value.merge_gap).0);
    for slice in terms.goals.iter().filter_map(|goal| goal.slice.as_ref()) {
        if longest.saturating_add(margin.saturating_mul(2)) / slice.width.0.max(1) > MOST_SLICES {
            found.insert(Problem {
                message: format!("{name} cuts its period into more than {MOST_SLICES} slices of {}", slice.width),
                help: "use wider slices, or shorter periods".to_owned(),
            });
        }
    }
}

/// Counts may not straddle the slices that they are judged in.
fn of_counts(commitment: &Commitment, known: &History, name: &str, found: &mut BTreeSet<Problem>) {
    let Promise::Availability(terms) = &commitment.promise else { return };
    let zone = &commitment.terms.zone.value;
    for slice in terms.goals.iter().filter_map(|goal| goal.slice.as_ref()) {
        let straddles = known.facts.counts.iter().find(|fact| {
            let span = fact.body.span;
            let day = zone.start_of_day(zone.date(span.from()));
            let into = (span.from() - day).0 % slice.width.0;
            let next_day =
                zone.date(span.from()).tomorrow().map_or(crate::time::Instant::MAX, |next| zone.start_of_day(next));
            let ends = (span.from() + slice.width - crate::time::Millis(into)).min(next_day);
            span.until() > ends
        });
        if let Some(fact) = straddles {
            found.insert(Problem {
                message: format!(
                    "{name} is judged in slices of {}, and the counts `{}` from {} to {} lie in several",
                    slice.width,
                    fact.id,
                    fact.body.span.from(),
                    fact.body.span.until()
                ),
                help: "count within the slices, which begin with each local day".to_owned(),
            });
        }
    }
}

/// Whether a check names its part of a level.
fn named_at(level: Level, check: &Check) -> bool {
    let parts = &check.scope.parts;
    match level {
        Level::Regions => parts.region.is_some(),
        Level::Zones => parts.zone.is_some(),
        Level::Features => parts.feature.is_some(),
        Level::Instances => parts.instance.is_some(),
        Level::Vantages | Level::Checks | Level::Interfaces => false,
    }
}

/// Parts that the history names below what is judged need to be told how they combine.
fn of_levels(
    agreement: &Agreement,
    commitment: &Commitment,
    known: &History,
    name: &str,
    found: &mut BTreeSet<Problem>,
) {
    let Some(states) = commitment.states() else { return };
    let solutions: BTreeSet<&SolutionId> = agreement.covered(commitment).map(|solution| &solution.id).collect();
    let covered: Vec<&Check> = known.checks.iter().filter(|check| solutions.contains(&check.scope.solution)).collect();
    let own_level = match commitment.per {
        crate::agreement::Per::Region => Some(Level::Regions),
        crate::agreement::Per::Zone => Some(Level::Zones),
        crate::agreement::Per::Instance => Some(Level::Instances),
        crate::agreement::Per::Feature => Some(Level::Features),
        _ => None,
    };
    for (level, key) in [
        (Level::Regions, (|check| check.scope.parts.region.as_ref()) as fn(&Check) -> Option<&PartId>),
        (Level::Zones, |check| check.scope.parts.zone.as_ref()),
        (Level::Features, |check| check.scope.parts.feature.as_ref()),
        (Level::Instances, |check| check.scope.parts.instance.as_ref()),
    ] {
        let named = covered.iter().any(|check| key(check).is_some());
        if named && own_level != Some(level) && !states.levels.contains_key(&level) {
            found.insert(silent(name, level.key(), &format!("its checks name {}", level.key())));
        }
    }
    let mut above = None;
    for level in [Level::Regions, Level::Zones, Level::Interfaces, Level::Features, Level::Instances, Level::Checks] {
        let exists = match level {
            Level::Interfaces => commitment.per != crate::agreement::Per::Interface,
            Level::Checks | Level::Vantages => true,
            _ => own_level != Some(level) && covered.iter().any(|check| named_at(level, check)),
        };
        let is_final = states.levels.get(&level).is_some_and(|term| term.value.is_final());
        if let (true, true, Some(over)) = (exists, is_final, above) {
            found.insert(Problem {
                message: format!("{name} combines `{}` to a figure, and `{over}` stand above them", level.key()),
                help: "let the levels above be judged one by one, or combine these to a state".to_owned(),
            });
        }
        above = if exists { Some(level.key()) } else { above };
    }
    let counted = known
        .facts
        .connections
        .iter()
        .any(|fact| fact.body.scope.solution.as_ref().map_or(!solutions.is_empty(), |id| solutions.contains(id)));
    if counted && states.connections.is_none() {
        found.insert(silent(name, "connections", "the history counts connections"));
    }
    let controls = covered.iter().any(|check| check.role == Role::Control);
    if controls && states.controls.is_none() {
        found.insert(silent(name, "controls", "its checks include controls"));
    }
}
