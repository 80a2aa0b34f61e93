//! Slices: the pieces of each local day in which a part of a figure is decided.

use std::collections::BTreeMap;

use super::ticks::Ticks;
use super::{Case, Resolve};
use crate::agreement::{BadWhen, Below, Customers, Indicator, Worth};
use crate::evaluate::view::View;
use crate::history::{Counts, Fact};
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::time::{Instant, Millis};

/// What a slice is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Good events of valid ones, or up milliseconds of counted ones.
    Share { good: i128, valid: i128 },
    /// Nobody observed it.
    Unobserved,
    /// It leaves the figure.
    Leaves,
}

/// One slice, or several of one day that are judged as one.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    /// From its start to its end.
    pub(super) span: Interval,
    /// Its pieces, where it is made of several.
    pieces: Vec<Interval>,
    pub(super) value: Value,
}

impl Slice {
    pub(super) fn parts(&self) -> impl Iterator<Item = Interval> + '_ {
        let own = self.pieces.is_empty().then_some(self.span);
        own.into_iter().chain(self.pieces.iter().copied())
    }

    pub(super) fn set(&self) -> IntervalSet {
        self.parts().collect()
    }

    pub(super) fn leaves(&self) -> bool {
        self.value == Value::Leaves && self.pieces.is_empty()
    }

    /// Whether its failures are too many; an unobserved one is as the pass reads unknown time.
    pub(super) fn is_bad(&self, limit: &BadWhen, resolve: Resolve) -> bool {
        match self.value {
            Value::Leaves => false,
            Value::Unobserved => resolve == Resolve::Down,
            Value::Share { good, valid } => {
                let Some(failed) = Ratio::new(valid - good, valid) else { return false };
                failed > limit.share || (limit.inclusive && failed == limit.share)
            }
        }
    }
}

/// Where slices begin and end: from each local day's start, in elapsed time, the last of a day cut by its end. They reach
/// as far around the period as qualification looks.
pub(super) fn grid(case: &Case<'_, '_>) -> Vec<Interval> {
    let Some(slice) = &case.goal.slice else { return Vec::new() };
    let margin = case.terms.outage.as_ref().map_or(Millis(0), |outage| outage.value.minimum + outage.value.merge_gap);
    let zone = case.view.zone();
    let (from, until) = (case.period.interval.from() - margin, case.period.interval.until() + margin);
    let until = until.min(case.view.now);
    let mut found = Vec::new();
    let mut day = zone.date(from);
    let mut starts = zone.start_of_day(day);
    while starts < until {
        let Ok(next) = day.tomorrow() else { break };
        let ends = zone.start_of_day(next).min(case.view.now);
        let mut at = starts;
        while at < ends {
            let end = (at + slice.width).min(ends);
            if end > from && at < until {
                found.extend(Interval::new(at, end));
            }
            at = end;
        }
        day = next;
        starts = zone.start_of_day(day);
    }
    found
}

/// Every slice of the grid with what it is worth, on the time that exclusion leaves.
pub(super) fn judged(case: &Case<'_, '_>, grid: &[Interval], raw: &IntervalSet, ticks: &Ticks) -> Vec<Slice> {
    match case.goal.indicator {
        Indicator::States => grid.iter().map(|span| of_states(*span, raw, ticks)).collect(),
        Indicator::Counts => of_events(case, grid, ticks),
    }
}

/// How much of `set` lies in `span`.
fn within(set: &IntervalSet, span: Interval) -> i128 {
    let parts = set.parts();
    let first = parts.partition_point(|part| part.until() <= span.from());
    let inside = parts[first..].iter().take_while(|part| part.from() < span.until());
    inside.filter_map(|part| part.intersect(span)).map(|part| i128::from(part.length().0)).sum()
}

fn of_states(span: Interval, raw: &IntervalSet, ticks: &Ticks) -> Slice {
    let inside = IntervalSet::from(span);
    let remains = inside.difference(&ticks.gone);
    let valid = i128::from(remains.length().0);
    let value = if valid == 0 {
        Value::Leaves
    } else {
        let relevant = if within(&ticks.as_up, span) == 0 { remains } else { remains.difference(&ticks.as_up) };
        let down: i128 = relevant.parts().iter().map(|part| within(raw, *part)).sum();
        Value::Share { good: valid - down, valid }
    };
    Slice { span, pieces: Vec::new(), value }
}

/// The counts that are about the subject, by their start.
pub(super) fn counts<'a>(view: &View<'a>, customers: Customers) -> BTreeMap<Instant, Vec<&'a Fact<Counts>>> {
    let (scope, customer) = (view.scope(), view.customer());
    let mut found: BTreeMap<Instant, Vec<&Fact<Counts>>> = BTreeMap::new();
    let past = view.now;
    let own = view.known.facts.counts.iter().filter(|fact| {
        let theirs = fact.body.scope.parts.customer.as_ref();
        let grouped = match customers {
            Customers::Pooled => true,
            Customers::Separate => theirs == customer,
        };
        grouped && scope.covers(&fact.body.scope) && fact.body.span.until() <= past
    });
    for fact in own {
        found.entry(fact.body.span.from()).or_default().push(fact);
    }
    found
}

pub(super) fn customers(case: &Case<'_, '_>) -> Customers {
    case.terms.customers.as_ref().map_or(Customers::Pooled, |term| term.value)
}

/// Time that no count covers.
pub(super) fn uncounted(case: &Case<'_, '_>) -> IntervalSet {
    let counted: IntervalSet =
        counts(case.view, customers(case)).values().flatten().map(|fact| fact.body.span).collect();
    case.view.past().difference(&counted)
}

/// What exclusion makes of the time under a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Under {
    /// Some of it counts as measured.
    Counts,
    /// None does, and some counts as up.
    AsUp,
    /// All of it left.
    Gone,
}

pub(super) fn under(span: Interval, ticks: &Ticks) -> Under {
    let length = i128::from(span.length().0);
    let (gone, as_up) = (within(&ticks.gone, span), within(&ticks.as_up, span));
    match () {
        () if gone + as_up < length => Under::Counts,
        () if as_up > 0 => Under::AsUp,
        () => Under::Gone,
    }
}

/// What the counts of one slice come to.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    good: i128,
    valid: i128,
    observed: bool,
    left: bool,
}

fn of_events(case: &Case<'_, '_>, grid: &[Interval], ticks: &Ticks) -> Vec<Slice> {
    let Some(terms) = &case.goal.slice else { return Vec::new() };
    let counts = counts(case.view, customers(case));
    let mut slices = Vec::new();
    let mut pooled: BTreeMap<Instant, (Vec<Interval>, Sum)> = BTreeMap::new();
    for span in grid {
        let mut sum = Sum::default();
        for fact in counts.range(span.from()..span.until()).flat_map(|(_, facts)| facts) {
            sum.add(&fact.body, under(fact.body.span, ticks));
        }
        if let Some((minimum, Below::WholeDay)) = terms.minimum
            && sum.observed
            && sum.valid < i128::from(minimum)
        {
            let zone = case.view.zone();
            let (pieces, day) = pooled.entry(zone.start_of_day(zone.date(span.from()))).or_default();
            pieces.push(*span);
            *day = day.plus(sum);
            continue;
        }
        slices.push(Slice { span: *span, pieces: Vec::new(), value: sum.value(*span, terms, ticks) });
    }
    for (pieces, sum) in pooled.into_values() {
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { continue };
        let Some(span) = Interval::new(first.from(), last.until()) else { continue };
        let value = if sum.valid == 0 { worth(terms.empty) } else { Value::Share { good: sum.good, valid: sum.valid } };
        slices.push(Slice { span, pieces, value });
    }
    slices.sort_by_key(|slice| slice.span);
    slices
}

fn worth(worth: Option<Worth>) -> Value {
    match worth {
        Some(Worth::Good) | None => Value::Share { good: 1, valid: 1 },
        Some(Worth::Bad) => Value::Share { good: 0, valid: 1 },
        Some(Worth::Leave) => Value::Leaves,
    }
}

impl Sum {
    fn add(&mut self, counts: &Counts, under: Under) {
        let (good, valid) = (i128::from(counts.good), i128::from(counts.valid));
        match under {
            Under::Gone => self.left = true,
            Under::AsUp => *self = self.plus(Self { good: valid, valid, observed: true, left: false }),
            Under::Counts => *self = self.plus(Self { good, valid, observed: true, left: false }),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            good: self.good + other.good,
            valid: self.valid + other.valid,
            observed: self.observed || other.observed,
            left: self.left || other.left,
        }
    }

    fn value(self, span: Interval, terms: &crate::agreement::Slice, ticks: &Ticks) -> Value {
        let length = i128::from(span.length().0);
        let (gone, as_up) = (within(&ticks.gone, span), within(&ticks.as_up, span));
        match () {
            () if gone == length || (self.left && !self.observed) => Value::Leaves,
            () if gone + as_up == length => Value::Share { good: 1, valid: 1 },
            () if !self.observed => Value::Unobserved,
            () if self.valid == 0 => worth(terms.empty),
            () => match terms.minimum {
                Some((minimum, Below::Takes(below))) if self.valid < i128::from(minimum) => worth(Some(below)),
                _ => Value::Share { good: self.good, valid: self.valid },
            },
        }
    }
}
