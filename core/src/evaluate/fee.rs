//! Fees: what credits are shares of, and what a lost time or a day of it cost.
//!
//! Not here: what a miss earns of it.

use super::view::View;
use crate::agreement::Base;
use crate::history::{Fact, Fee};
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::statement::CreditNote;
use crate::time::Millis;

/// What was charged for a time that is judged.
#[derive(Debug, Clone)]
pub(super) struct Charged {
    /// The base of credits.
    pub(super) base: Ratio,
    /// In which currency.
    pub(super) currency: String,
    /// The time that these fees pay for, and what they come to for it.
    paid: (IntervalSet, Ratio),
}

impl Charged {
    /// The fees for the judged part of a span, or why there are none to reckon with.
    pub(super) fn find(view: &View<'_>, rule: Base, span: Interval, judged: &IntervalSet) -> Result<Self, CreditNote> {
        let judged = judged.intersect(&IntervalSet::from(span));
        let own: Vec<&Fact<Fee>> = fees(view)
            .filter(|fact| match rule {
                Base::FeesStarting => span.contains(fact.body.span.from()),
                Base::FeesProRata => judged.parts().iter().any(|part| fact.body.span.intersect(*part).is_some()),
            })
            .collect();
        let currency = own.first().map(|fact| fact.body.currency.clone()).ok_or(CreditNote::NoFee)?;
        if own.iter().any(|fact| fact.body.currency != currency) {
            return Err(CreditNote::MixedCurrencies);
        }
        let paid_by = |fact: &Fact<Fee>| {
            let whole = IntervalSet::from(fact.body.span);
            match rule {
                Base::FeesStarting => whole,
                Base::FeesProRata => whole.intersect(&judged),
            }
        };
        let parts = own.iter().filter_map(|fact| {
            let part = Ratio::of(paid_by(fact).length(), fact.body.span.length())?;
            Some(fact.body.amount.times(&part))
        });
        let sum = parts.reduce(|sum, part| sum.plus(&part)).ok_or(CreditNote::NoFee)?;
        let time = own.iter().flat_map(|fact| paid_by(fact).parts().to_vec()).collect();
        // A fee that starts in a period belongs to all of it: what judges a part of the period has that part of the fee.
        let base = match rule {
            Base::FeesStarting => {
                Ratio::of(judged.length(), span.length()).map_or_else(|| sum.clone(), |part| sum.times(&part))
            }
            Base::FeesProRata => sum.clone(),
        };
        Ok(Self { base, currency, paid: (time, sum) })
    }

    /// What a time costs at the rate of these fees.
    pub(super) fn of_time(&self, time: Millis) -> Option<Ratio> {
        Ratio::of(time, self.paid.0.length()).map(|part| self.paid.1.times(&part))
    }

    /// What a number of days costs at their rate, by the local dates of the time that they pay for.
    pub(super) fn of_days(&self, view: &View<'_>, number: u32) -> Option<Ratio> {
        let days: i64 = self.paid.0.parts().iter().map(|part| days(view, *part)).sum();
        Ratio::new(i64::from(number), days).map(|part| self.paid.1.times(&part))
    }
}

/// The number of local days, by the first and the last date; at least one.
fn days(view: &View<'_>, span: Interval) -> i64 {
    let zone = view.zone();
    let (first, last) = (zone.date(span.from()), zone.date(span.until()));
    let apart = first.duration_until(last).as_hours() / 24;
    apart.max(1)
}

fn fees<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Fact<Fee>> + use<'a> {
    let (customer, subject) = (view.customer(), view.scope());
    view.known.facts.fees.iter().filter(move |fact| {
        let scope = &fact.body.scope;
        customer.is_some() && scope.parts.customer.as_ref() == customer && scope.meets(&subject)
    })
}
