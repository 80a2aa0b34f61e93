//! Remedies: what a miss earns, worked out step by step, and the right to end the contract.

use super::fee::Charged;
use super::period;
use super::view::View;
use crate::agreement::{
    Base, Binding, CreditCap, CreditUnit, End, Remedy, Rounding, RoundingMode, Termination, Tier, TierRange, TotalPer,
};
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::statement::{Credit, CreditNote, GoalRow, Right, Row, Verdict};
use crate::time::{Millis, Period};

/// What a goal's figures earn. `lost` is the down time of the lower and of the upper pass.
pub(super) fn credit(
    view: &View<'_>,
    remedy: &Remedy,
    row: &GoalRow,
    binding: Binding,
    period: &Period,
    lost: (Millis, Millis),
) -> Option<Credit> {
    let bounds = row.availability.as_ref()?;
    let charged = Charged::find(view, remedy.base, period.interval, view.binds);
    let mut notes: Vec<CreditNote> = charged.as_ref().err().into_iter().copied().collect();
    let charged = charged.ok();
    let worked = |figure: &Ratio, lost: Millis| work_out(view, remedy, figure, lost, charged.as_ref());
    let (least, most) = (worked(&bounds.upper, lost.1), worked(&bounds.lower, lost.0));
    let range = least.amount.clone().zip(most.amount.clone());
    let owes = row.verdict == Verdict::Missed || (row.verdict == Verdict::NoTarget && row.target.is_none());
    let binding = if binding == Binding::Lower { most } else { least };
    notes.extend(binding.notes);
    if !owes {
        notes.push(CreditNote::NotMissed);
    }
    let amount = if owes { binding.amount } else { charged.as_ref().and_then(|_| Ratio::new(0, 1)) };
    let (base, currency) = charged.map(|charged| (charged.base, charged.currency)).unzip();
    Some(Credit {
        tier: binding.tier.filter(|_| owes),
        unit: binding.tier.filter(|_| owes).and_then(|tier| remedy.tiers.get(tier)).map(|tier| tier.credit.clone()),
        before: binding.before.filter(|_| owes),
        base,
        currency,
        amount,
        range,
        notes,
    })
}

/// What one figure earns.
struct Worked {
    tier: Option<usize>,
    before: Option<Ratio>,
    amount: Option<Ratio>,
    notes: Vec<CreditNote>,
}

fn work_out(view: &View<'_>, remedy: &Remedy, figure: &Ratio, lost: Millis, charged: Option<&Charged>) -> Worked {
    let tier = remedy.tiers.iter().position(|tier| matches(tier, figure, lost));
    let mut worked = Worked { tier, before: None, amount: None, notes: Vec::new() };
    let Some(charged) = charged else { return worked };
    let Some(tier) = tier.and_then(|tier| remedy.tiers.get(tier)) else {
        worked.amount = Ratio::new(0, 1);
        return worked;
    };
    let exact = match &tier.credit {
        CreditUnit::Share(share) => Some(charged.base.times(share)),
        CreditUnit::ServiceDays(number) => charged.of_days(view, *number),
        CreditUnit::TimesLost(times) => charged.of_time(lost).map(|cost| cost.times(times)),
        CreditUnit::PerStarted { step, share } => {
            let started = (lost.0 + step.0 - 1) / step.0.max(1);
            Ratio::new(started, 1).map(|number| charged.base.times(share).times(&number))
        }
    };
    let Some(exact) = exact else { return worked };
    let cap = remedy.cap.as_ref().and_then(|cap| match cap {
        CreditCap::Share(share) => Some(charged.base.times(share)),
        CreditCap::Days(number) => charged.of_days(view, *number),
        CreditCap::Amount(amount) => Some(amount.clone()),
    });
    let mut amount = exact.clone();
    if let Some(cap) = cap
        && amount > cap
    {
        worked.notes.push(CreditNote::Capped);
        amount = cap;
    }
    amount = rounded(&amount, &remedy.rounding);
    if let Some(payout) = &remedy.payout
        && !amount.is_zero()
        && (amount < payout.least || (amount == payout.least && !payout.inclusive))
    {
        worked.notes.push(CreditNote::BelowPayout);
        amount = Ratio::new(0, 1).unwrap_or(amount);
    }
    worked.before = Some(exact);
    worked.amount = Some(amount);
    worked
}

fn matches(tier: &Tier, figure: &Ratio, lost: Millis) -> bool {
    match &tier.range {
        TierRange::Availability { low, high } => holds(low, high, figure),
        TierRange::Downtime { low, high } => holds(low, high, &lost),
    }
}

fn holds<T: Ord>(low: &End<T>, high: &End<T>, value: &T) -> bool {
    let above = match low {
        End::Open => true,
        End::Including(end) => value >= end,
        End::Excluding(end) => value > end,
    };
    let below = match high {
        End::Open => true,
        End::Including(end) => value <= end,
        End::Excluding(end) => value < end,
    };
    above && below
}

/// A multiple of the unit, in the stated way.
fn rounded(amount: &Ratio, rounding: &Rounding) -> Ratio {
    let Some(steps) = amount.over(&rounding.unit) else { return amount.clone() };
    let (whole, rest) = steps.floor();
    let Some(half) = Ratio::new(1, 2) else { return amount.clone() };
    let one_more = match rounding.mode {
        RoundingMode::Down => false,
        RoundingMode::Up => !rest.is_zero(),
        RoundingMode::HalfUp => rest >= half,
        RoundingMode::HalfEven => rest > half || (rest == half && whole.bit(0)),
    };
    let whole = if one_more { whole + 1 } else { whole };
    Ratio::new(whole, 1).map_or_else(|| amount.clone(), |whole| rounding.unit.times(&whole))
}

/// The span over which the total of credits is capped, around a period.
pub(super) fn total_span(view: &View<'_>, per: TotalPer, period: &Period) -> Option<Interval> {
    match per {
        TotalPer::Year => {
            Period::parse(&format!("{:04}", view.zone().date(period.interval.from()).year()), view.zone())
                .ok()
                .map(|year| year.interval)
        }
        TotalPer::Term => super::coverage::entitlements(view)
            .map(|fact| fact.body.term.unwrap_or(fact.body.span))
            .find(|term| term.contains(period.interval.from())),
    }
}

/// Cuts the credits of rows in the order of their periods to what the total cap of their span still has.
pub(super) fn cap_total(view: &View<'_>, total: &(Ratio, TotalPer), rows: &mut [Row]) {
    let mut paid: Vec<(Interval, Ratio)> = Vec::new();
    for row in rows {
        let Some(span) = total_span(view, total.1, &row.period) else { continue };
        let Some(credit) = &mut row.credit else { continue };
        let Some(amount) = credit.amount.clone() else { continue };
        let Ok(charged) = Charged::find(view, Base::FeesProRata, span, &IntervalSet::from(span)) else { continue };
        let cap = charged.base.times(&total.0);
        let earlier = paid.iter().filter(|(other, _)| *other == span).map(|(_, amount)| amount.clone());
        let spent = earlier.reduce(|sum, part| sum.plus(&part));
        let left = spent.map_or(cap.clone(), |spent| cap.minus(&spent));
        if amount > left {
            credit.amount = Some(left.clone());
            credit.notes.push(CreditNote::TotalCapped);
        }
        paid.push((span, credit.amount.clone().unwrap_or(amount)));
    }
}

/// Of the credits of one group for one customer and period only the largest is paid.
pub(super) fn do_not_stack(rows: &mut [(Row, Option<String>)]) {
    for place in 0..rows.len() {
        let Some(group) = rows[place].1.clone() else { continue };
        let amount = |row: &Row| row.credit.as_ref().and_then(|credit| credit.amount.clone());
        let Some(own) = amount(&rows[place].0).filter(|own| !own.is_zero()) else { continue };
        let same = |other: &(Row, Option<String>)| {
            other.1.as_ref() == Some(&group)
                && other.0.customer() == rows[place].0.customer()
                && other.0.period.interval.intersect(rows[place].0.period.interval).is_some()
        };
        let larger = rows.iter().enumerate().any(|(other, row)| {
            other != place
                && same(row)
                && amount(&row.0)
                    .is_some_and(|other_amount| other_amount > own || (other_amount == own && other < place))
        });
        if larger && let Some(credit) = &mut rows[place].0.credit {
            credit.amount = Ratio::new(0, 1);
            credit.notes.push(CreditNote::NotStacked);
        }
    }
}

/// The right to end the contract that arises with each of the rows, which are consecutive periods in order.
pub(super) fn termination(terms: &[Termination], rows: &mut [Row]) {
    for place in 0..rows.len() {
        let rights = terms.iter().filter_map(|term| {
            let missed = |row: &Row| match term.down_above {
                Some(limit) => row.verdict != Verdict::InProgress && row.tally.down > limit,
                None => row.verdict == Verdict::Missed,
            };
            let first = (place + 1).saturating_sub(term.of as usize);
            let number = rows[first..=place].iter().filter(|row| missed(row)).count();
            let arises = rows[place].period.interval.until();
            (missed(&rows[place]) && number >= term.missed as usize)
                .then(|| Right { arises, lapses: term.lapse.map(|lapse| arises + lapse) })
        });
        let right = rights.min_by_key(|right| std::cmp::Reverse(right.lapses));
        rows[place].termination = right;
    }
}

/// From when periods must be judged so that totals and rights that reach back are right.
pub(super) fn reaches_back(view: &View<'_>, asked: Interval) -> Interval {
    let Some(terms) = view.commitment.availability() else { return asked };
    let mut from = asked.from();
    if let Some((_, per)) = terms.remedy.as_ref().and_then(|remedy| remedy.value.total.clone()) {
        let period = Period { name: String::new(), interval: asked };
        if let Some(span) = total_span(view, per, &period) {
            from = from.min(span.from());
        }
    }
    let of = terms.termination.iter().flat_map(|terms| &terms.value).map(|term| term.of).max().unwrap_or(1);
    for _ in 1..of {
        // One more period of any kind ends just before the earliest one.
        let Some(before) = Interval::new(from - Millis(1), from) else { break };
        let asked = Period { name: String::new(), interval: before };
        match period::periods(view, &asked).first() {
            Some(period) if period.interval.from() < from => from = period.interval.from(),
            _ => break,
        }
    }
    Interval::new(from, asked.until()).unwrap_or(asked)
}
