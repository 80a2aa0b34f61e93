//! Availability: both bounds of what counts as up, and the verdict on them.
//!
//! The lower bound is the whole pipeline with every unknown instant down, the upper bound with every unknown instant up:
//! [`pass`] is one such run, in the fixed order composition → slice → qualification → exclusion and caps → aggregate.

mod aggregate;
mod pass;
mod qualify;
mod reasons;
mod slices;
mod ticks;

use super::compose::{self, Node};
use super::coverage::{self, Counted};
use super::remedy;
use super::view::View;
use super::windows::{Window, windows};
use crate::agreement::{Aggregate, Availability as Terms, Binding, Exclusion, Goal, Indicator, Target, UnknownPolicy};
use crate::history::Scope;
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::statement::{Availability, GoalRow, Verdict};
use crate::time::{Millis, Period};
use crate::timeline::{State, Tally, Timeline};
use pass::Pass;

/// How the unknown instants of a pass are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolve {
    /// As up.
    Up,
    /// As down.
    Down,
}

/// What one goal is judged by.
pub(super) struct Case<'v, 'a> {
    pub(super) view: &'v View<'a>,
    pub(super) terms: &'a Terms,
    pub(super) goal: &'a Goal,
    pub(super) period: &'v Period,
    /// What is judged: the subject, or the part of it that is judged alone.
    pub(super) subject: Scope,
    /// What is measured; absent where events or users are.
    pub(super) root: Option<&'v Node<'a>>,
    /// The composed states of the root, without any relief.
    pub(super) states: &'v Timeline,
    pub(super) counted: &'v Counted,
    /// Every window that may excuse something, of whatever it is.
    pub(super) windows: &'v [(Window, &'a Exclusion)],
}

/// Both passes over one case.
struct Both {
    lower: Pass,
    upper: Pass,
}

impl Both {
    fn of(case: &Case<'_, '_>, policy: UnknownPolicy) -> Self {
        let (low, high, leaves) = match policy {
            UnknownPolicy::Bounds => (Resolve::Down, Resolve::Up, false),
            UnknownPolicy::Up => (Resolve::Up, Resolve::Up, false),
            UnknownPolicy::Down => (Resolve::Down, Resolve::Down, false),
            UnknownPolicy::Excluded => (Resolve::Up, Resolve::Up, true),
        };
        let lower = pass::run(case, low, leaves);
        let upper = if low == high { lower.clone() } else { pass::run(case, high, leaves) };
        Self { lower, upper }
    }

    /// An instant is up, down or excluded if both passes say so, else unknown.
    fn merged(&self) -> Timeline {
        let (lower, upper) = (self.lower.timeline(), self.upper.timeline());
        Timeline::combine(&[&lower, &upper], |states| if states[0] == states[1] { states[0] } else { State::Unknown })
    }
}

/// Judges one goal of a commitment for one period.
pub(super) fn judge(view: &View<'_>, terms: &Terms, goal: &Goal, period: &Period) -> GoalRow {
    let partial = terms.partial.as_ref().map(|partial| partial.value);
    let counted = coverage::counted(view, &terms.service_time.value, partial, period.interval, period.interval);
    let used = super::claim::used(view, period);
    let counted = Counted {
        deemed: counted.deemed.union(&counted.judged.intersect(&used)),
        judged: counted.judged.difference(&used),
    };
    let tree = match (&terms.states, goal.indicator, goal.aggregate) {
        (Some(states), Indicator::States, aggregate) if aggregate != Aggregate::Users => {
            Some(compose::tree(view, states))
        }
        _ => None,
    };
    let roots: Vec<Option<&Node<'_>>> = match tree.as_ref().map(|tree| (tree, tree.worst())) {
        Some((_, Some(parts))) if !parts.is_empty() => parts.iter().map(Some).collect(),
        Some((tree, _)) => vec![Some(tree)],
        None => vec![None],
    };
    let windows = windows(view, &terms.exclusions.value);
    let mut worst: Option<OfRoot> = None;
    let mut least_upper: Option<Ratio> = None;
    for root in roots {
        // Without checks the time is down only where events say so.
        let states = root.map_or_else(|| Timeline::unknown().map(|_| State::Up), |root| root.timeline(&[]));
        let subject = root.and_then(Node::place).cloned().unwrap_or_else(|| view.scope());
        let case =
            Case { view, terms, goal, period, subject, root, states: &states, counted: &counted, windows: &windows };
        let found = of_root(&case);
        // The bounds are those of two passes over all roots: in one of them nothing may count of a root.
        least_upper = match (least_upper, found.upper.clone()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let is_worse = worst.as_ref().is_none_or(|held| match (&found.lower, &held.lower) {
            (Some(new), Some(held)) => new < held,
            (new, held) => new.is_some() && held.is_none(),
        });
        if is_worse {
            worst = Some(found);
        }
    }
    let Some(OfRoot { mut row, lower, lost, .. }) = worst else { return nothing(goal) };
    row.availability = lower.zip(least_upper).map(|(lower, upper)| Availability { lower, upper });
    let binding = terms.binding.as_ref().map_or(Binding::Both, |binding| binding.value);
    row.verdict = verdict(view, terms, &row, binding, period);
    row.credit =
        terms.remedy.as_ref().and_then(|remedy| remedy::credit(view, &remedy.value, &row, binding, period, lost));
    row
}

fn nothing(goal: &Goal) -> GoalRow {
    GoalRow {
        name: goal.name.clone(),
        target: goal.target.clone(),
        verdict: Verdict::NotCovered,
        availability: None,
        tally: Tally::default(),
        observed: None,
        reasons: Vec::new(),
        credit: None,
    }
}

/// What one root comes to.
struct OfRoot {
    /// All but its bounds.
    row: GoalRow,
    lower: Option<Ratio>,
    upper: Option<Ratio>,
    /// Its down time in the lower and in the upper pass.
    lost: (Millis, Millis),
}

fn of_root(case: &Case<'_, '_>) -> OfRoot {
    let policy = case.terms.unknown.value;
    let both = Both::of(case, policy);
    let all = case.counted.all();
    let merged = both.merged();
    // The observed share is that of the measurement, whatever a policy makes of the rest.
    let seen = match policy {
        UnknownPolicy::Bounds => merged.tally(&all),
        _ => Both::of(case, UnknownPolicy::Bounds).merged().tally(&all),
    };
    let observed = Ratio::of(seen.up + seen.down, seen.up + seen.down + seen.unknown);
    let row = GoalRow {
        tally: merged.tally(&all),
        observed,
        reasons: reasons::of(case, &both.lower, &merged),
        ..nothing(case.goal)
    };
    let lost = (both.lower.down.length(), both.upper.down.length());
    OfRoot { row, lower: both.lower.ratio, upper: both.upper.ratio, lost }
}

fn verdict(view: &View<'_>, terms: &Terms, row: &GoalRow, binding: Binding, period: &Period) -> Verdict {
    if view.now < period.interval.until() {
        return Verdict::InProgress;
    }
    let Some(bounds) = &row.availability else { return Verdict::NotCovered };
    let Some(target) = &row.target else { return Verdict::NoTarget };
    let verdict = compare(bounds, target, binding);
    let too_little = match (&terms.min_observed, &row.observed) {
        (Some(least), Some(observed)) => *observed < least.value,
        _ => false,
    };
    if too_little { Verdict::Indeterminate } else { verdict }
}

pub(super) fn compare(bounds: &Availability, target: &Target, binding: Binding) -> Verdict {
    let met = |ratio: &Ratio| if *ratio >= target.ratio { Verdict::Met } else { Verdict::Missed };
    match binding {
        Binding::Lower => met(&bounds.lower),
        Binding::Upper => met(&bounds.upper),
        Binding::Both => match (met(&bounds.lower), met(&bounds.upper)) {
            (Verdict::Met, _) => Verdict::Met,
            (_, Verdict::Missed) => Verdict::Missed,
            _ => Verdict::Indeterminate,
        },
    }
}

/// Of several goals that must all be reached: one missed is missed, else one indeterminate is indeterminate.
pub(super) fn together(goals: &[GoalRow]) -> Option<&GoalRow> {
    const ORDER: [Verdict; 7] = [
        Verdict::InProgress,
        Verdict::Missed,
        Verdict::Indeterminate,
        Verdict::NotCovered,
        Verdict::Met,
        Verdict::NoOccasion,
        Verdict::NoTarget,
    ];
    ORDER.iter().find_map(|verdict| {
        let same = goals.iter().filter(|goal| goal.verdict == *verdict);
        // Of several misses the one that owes more; the first among equals.
        same.reduce(|held, next| if owed(next) > owed(held) { next } else { held })
    })
}

fn owed(goal: &GoalRow) -> Option<&Ratio> {
    goal.credit.as_ref().and_then(|credit| credit.amount.as_ref())
}

/// The timeline that a commitment's subject is judged by around a period, for drawing it.
pub(super) fn timeline(view: &View<'_>, terms: &Terms, period: &Period) -> Timeline {
    let Some(goal) = terms.goals.first() else { return Timeline::unknown() };
    let tree = terms.states.as_ref().map(|states| compose::tree(view, states));
    let states = tree.as_ref().map_or_else(|| Timeline::unknown().map(|_| State::Up), |root| root.timeline(&[]));
    let counted = Counted { judged: IntervalSet::from(Interval::ALL), deemed: IntervalSet::empty() };
    let (subject, root) = (view.scope(), tree.as_ref());
    let windows = windows(view, &terms.exclusions.value);
    let case = Case { view, terms, goal, period, subject, root, states: &states, counted: &counted, windows: &windows };
    Both::of(&case, terms.unknown.value).merged()
}
