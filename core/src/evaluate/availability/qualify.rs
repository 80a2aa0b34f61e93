//! Qualification: which down time is an outage.

use super::Case;
use crate::agreement::{Outage, QualifyOn};
use crate::evaluate::coverage;
use crate::evaluate::view::View;
use crate::interval::{Interval, IntervalSet};
use crate::time::Instant;
use crate::timeline::State;

/// The time of the outages that count. Gaps are merged first, then the length is tested on the span from the first onset
/// to the last end.
pub(super) fn outages(case: &Case<'_, '_>, down: &IntervalSet, outage: &Outage) -> IntervalSet {
    let tested = match outage.qualify {
        QualifyOn::Whole => down.clone(),
        QualifyOn::Clipped => down.intersect(&case.counted.judged),
        QualifyOn::ClippedToCoverage => down.intersect(&uncut(case, outage)),
    };
    let mut merged: Vec<Interval> = Vec::new();
    for part in tested.parts() {
        match merged.last_mut() {
            Some(last) if part.from() - last.until() <= outage.merge_gap => {
                *last = Interval::new(last.from(), part.until()).unwrap_or(*last);
            }
            _ => merged.push(*part),
        }
    }
    let long: IntervalSet = merged.into_iter().filter(|span| span.length() >= outage.minimum).collect();
    if outage.gap == State::Down { long } else { long.intersect(&tested) }
}

/// What counts for the customer around the period, whose own edges do not cut it.
fn uncut(case: &Case<'_, '_>, outage: &Outage) -> IntervalSet {
    let margin = outage.minimum + outage.merge_gap;
    let period = case.period.interval;
    let around = Interval::new(period.from() - margin, period.until() + margin).unwrap_or(period);
    let always = IntervalSet::from(Interval::ALL);
    let view = View { binds: &always, ..*case.view };
    let partial = case.terms.partial.as_ref().map(|partial| partial.value);
    coverage::counted(&view, &case.terms.service_time.value, partial, period, around).judged
}

/// Each outage from the first report within it; one that nobody reported is none.
pub(super) fn from_reports(view: &View<'_>, down: &IntervalSet) -> IntervalSet {
    let mut reports: Vec<Instant> = view
        .known
        .facts
        .reports
        .iter()
        .filter(|fact| view.customer().is_none_or(|customer| fact.body.customer == *customer))
        .filter(|fact| fact.body.scope.meets(&view.scope()))
        .map(|fact| fact.body.at)
        .collect();
    reports.sort_unstable();
    down.parts()
        .iter()
        .filter_map(|part| {
            let first = reports.get(reports.partition_point(|at| *at < part.from()))?;
            Interval::new(*first, part.until())
        })
        .collect()
}
