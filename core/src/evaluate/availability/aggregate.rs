//! Aggregates: how a period's figure is made of what counted. Exact fractions of big integers throughout.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::pass::Pass;
use super::slices::{self, Slice, Under, Value};
use super::ticks::Ticks;
use super::{Case, Resolve};
use crate::agreement::{Aggregate, Customers};
use crate::evaluate::compose::weighs;
use crate::history::{Impact, Population};
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::timeline::{State, Timeline};

/// The figure of a period; absent when nothing counts.
pub(super) fn ratio(
    case: &Case<'_, '_>,
    resolve: Resolve,
    pass: &Pass,
    slices: &[Slice],
    ticks: &Ticks,
) -> Option<Ratio> {
    match case.goal.aggregate {
        Aggregate::Duration => duration(case, resolve, pass),
        Aggregate::GoodSlices => good_slices(case, pass, slices),
        Aggregate::SliceMean => slice_mean(case, resolve, pass, slices),
        Aggregate::Events => events(case, ticks),
        Aggregate::Users => users(case, pass),
    }
}

/// What counts and did not leave.
fn denominator(case: &Case<'_, '_>, pass: &Pass) -> IntervalSet {
    case.counted.all().difference(&pass.removed)
}

/// Up time over counted time. Of a weighted root a down instant keeps the share of its parts that are up.
fn duration(case: &Case<'_, '_>, resolve: Resolve, pass: &Pass) -> Option<Ratio> {
    let all = i128::from(denominator(case, pass).length().0);
    let up = all - i128::from(pass.down.length().0);
    let Some(parts) = case.root.and_then(|root| root.weighted()) else { return Ratio::new(up, all) };
    let mut sum = Sum::default();
    sum.add(up, 1);
    for (length, good, weight) in shares(&parts, resolve, &pass.down) {
        sum.add(length * good, weight);
    }
    let (num, den) = sum.finish();
    Ratio::new(num, den * all)
}

/// The lengths of the down pieces with the weight that was up in each and the weight of all.
fn shares(parts: &[(i64, Timeline)], resolve: Resolve, down: &IntervalSet) -> Vec<(i128, i128, i128)> {
    let mut edges: Vec<_> = parts.iter().flat_map(|(_, states)| states.steps().iter().map(|(at, _)| *at)).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut found = Vec::new();
    for part in down.parts() {
        let first = edges.partition_point(|at| *at <= part.from());
        let inside = edges[first..].iter().take_while(|at| **at < part.until()).copied();
        let mut from = part.from();
        for until in inside.chain([part.until()]) {
            let Some(piece) = Interval::new(from, until) else { continue };
            let (mut good, mut weight) = (0, 0);
            for (own, states) in parts {
                let state = states.at(from);
                weight += if weighs(state) { i128::from(*own) } else { 0 };
                let up = state == State::Up || (state == State::Unknown && resolve == Resolve::Up);
                good += if up { i128::from(*own) } else { 0 };
            }
            if weight > 0 {
                found.push((i128::from(piece.length().0), good, weight));
            }
            from = until;
        }
    }
    found
}

fn overlaps(slice: &Slice, set: &IntervalSet) -> bool {
    !slice.set().intersect(set).parts().is_empty()
}

/// Good slices over slices in which something counts.
fn good_slices(case: &Case<'_, '_>, pass: &Pass, slices: &[Slice]) -> Option<Ratio> {
    let counts = denominator(case, pass);
    let (mut good, mut all) = (0_i64, 0_i64);
    for slice in slices.iter().filter(|slice| overlaps(slice, &counts)) {
        all += 1;
        good += i64::from(!overlaps(slice, &pass.down));
    }
    Ratio::new(good, all)
}

/// The mean of the ratios of the slices in which something counts.
fn slice_mean(case: &Case<'_, '_>, resolve: Resolve, pass: &Pass, slices: &[Slice]) -> Option<Ratio> {
    let counts = denominator(case, pass);
    let mut sum = Sum::default();
    let mut all = 0_i128;
    for slice in slices.iter().filter(|slice| overlaps(slice, &counts)) {
        match slice.value {
            _ if !overlaps(slice, &case.counted.judged) => sum.add(1, 1),
            Value::Share { good, valid } => sum.add(good, valid),
            Value::Unobserved => sum.add(i128::from(resolve == Resolve::Up), 1),
            Value::Leaves => continue,
        }
        all += 1;
    }
    let (num, den) = sum.finish();
    Ratio::new(num, den * all)
}

/// Good events over valid events. A count belongs where it begins.
fn events(case: &Case<'_, '_>, ticks: &Ticks) -> Option<Ratio> {
    let (mut good, mut valid) = (0_i128, 0_i128);
    for (from, facts) in slices::counts(case.view, slices::customers(case)) {
        let deemed = case.counted.deemed.contains(from);
        if !deemed && !case.counted.judged.contains(from) {
            continue;
        }
        for fact in facts {
            let (own, all) = (i128::from(fact.body.good), i128::from(fact.body.valid));
            match slices::under(fact.body.span, ticks) {
                _ if deemed => good += all,
                Under::Gone => continue,
                Under::AsUp => good += all,
                Under::Counts => good += own,
            }
            valid += all;
        }
    }
    Ratio::new(good, valid)
}

/// One minus the lost user time over the user time, both over what counts. Impacts whose users are known by name are
/// united; the others are summed, up to all users.
fn users(case: &Case<'_, '_>, pass: &Pass) -> Option<Ratio> {
    let (populations, impacts) = of_subject(case);
    let counts = denominator(case, pass);
    let mut edges: Vec<_> =
        populations.iter().map(|fact| fact.span).chain(impacts.iter().map(|fact| fact.span)).collect();
    edges.extend(pass.as_up.parts());
    edges.extend(case.counted.deemed.parts());
    let mut edges: Vec<_> = edges.into_iter().flat_map(|span| [span.from(), span.until()]).collect();
    edges.sort_unstable();
    edges.dedup();
    let (mut lost, mut all) = (0_i128, 0_i128);
    for part in counts.parts() {
        let first = edges.partition_point(|at| *at <= part.from());
        let inside = edges[first..].iter().take_while(|at| **at < part.until()).copied();
        let mut from = part.from();
        for until in inside.chain([part.until()]) {
            let Some(piece) = Interval::new(from, until) else { continue };
            let holds = |span: Interval| span.contains(from);
            let users: i128 =
                populations.iter().filter(|fact| holds(fact.span)).map(|fact| i128::from(fact.count)).sum();
            let spared = pass.as_up.contains(from) || case.counted.deemed.contains(from);
            let affected = if spared { 0 } else { affected(impacts.iter().filter(|fact| holds(fact.span)).copied()) };
            let length = i128::from(piece.length().0);
            lost += length * affected.min(users);
            all += length * users;
            from = until;
        }
    }
    Ratio::new(all - lost, all)
}

fn affected<'a>(impacts: impl Iterator<Item = &'a Impact>) -> i128 {
    let mut named: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut summed = 0_i128;
    for impact in impacts {
        match &impact.user_set {
            Some(set) => named.extend(set.iter().map(String::as_str)),
            None => summed += i128::from(impact.count),
        }
    }
    summed + i128::try_from(named.len()).unwrap_or(i128::MAX)
}

fn of_subject<'a>(case: &Case<'_, 'a>) -> (Vec<&'a Population>, Vec<&'a Impact>) {
    let (scope, view) = (case.view.scope(), case.view);
    let grouped = |customer: &Option<crate::id::CustomerId>| match slices::customers(case) {
        Customers::Pooled => true,
        Customers::Separate => customer.as_ref() == view.customer(),
    };
    let populations = view.known.facts.populations.iter().map(|fact| &fact.body);
    let impacts = view.known.facts.impacts.iter().map(|fact| &fact.body);
    (
        populations.filter(|own| grouped(&own.scope.parts.customer) && scope.covers(&own.scope)).collect(),
        impacts.filter(|own| grouped(&own.scope.parts.customer) && scope.meets(&own.scope)).collect(),
    )
}

/// A sum of fractions: numerators are added per denominator, and different denominators are joined two by two, so that
/// the numbers that are multiplied stay about equally long.
#[derive(Default)]
struct Sum {
    by_denominator: BTreeMap<i128, i128>,
}

impl Sum {
    fn add(&mut self, num: i128, den: i128) {
        *self.by_denominator.entry(den).or_default() += num;
    }

    fn finish(self) -> (BigInt, BigInt) {
        let mut all: Vec<(BigInt, BigInt)> =
            self.by_denominator.into_iter().map(|(den, num)| (BigInt::from(num), BigInt::from(den))).collect();
        while all.len() > 1 {
            all = all
                .chunks(2)
                .map(|pair| match pair {
                    [(a, b), (c, d)] => (a * d + c * b, b * d),
                    [one] => one.clone(),
                    _ => (BigInt::ZERO, BigInt::from(1)),
                })
                .collect();
        }
        all.pop().unwrap_or((BigInt::ZERO, BigInt::from(1)))
    }
}
