//! Caps: up to how much time the windows of some classes may exclude within a period.
//!
//! A cap is consumed in the order of time by the union of its windows; after it is used up, what was measured counts.

use super::period::spans;
use super::view::View;
use super::windows::Window;
use crate::agreement::{Cap, CapMeasure, CapScope, Effect, Exclusion, Exempt, Extent};
use crate::history::Scope;
use crate::interval::{Interval, IntervalSet};
use crate::time::{Instant, Millis, Period};

/// The time in which a window acts, caps apart.
pub(super) fn extent<'w>(window: &'w Window, rule: &Exclusion) -> &'w IntervalSet {
    match rule.extent {
        Extent::Announced | Extent::Down => &window.announced,
        Extent::Actual => &window.actual,
    }
}

/// For each window the time in which it may exclude, after every cap. `subject` is what is judged, and `down` its measured
/// down time.
pub(super) fn allowed(
    view: &View<'_>,
    caps: &[Cap],
    windows: &[(Window, &Exclusion)],
    (subject, down): (&Scope, &IntervalSet),
    period: &Period,
) -> Vec<IntervalSet> {
    let acts = |rule: &Exclusion| rule.effect != Effect::Nothing;
    let mut allowed: Vec<IntervalSet> = windows
        .iter()
        .map(|(window, rule)| if acts(rule) { extent(window, rule).clone() } else { IntervalSet::empty() })
        .collect();
    let touches = |window: &Window| window.scope.meets(subject);
    for cap in caps {
        let capped = |window: &Window| cap.classes.contains(&window.class) && !is_exempt(cap.exempt, window);
        let consumes = |window: &Window| capped(window) && (cap.scope == CapScope::All || touches(window));
        let consumed: IntervalSet = windows
            .iter()
            .filter(|(window, _)| consumes(window))
            .flat_map(|(window, _)| match cap.measure {
                CapMeasure::Announced => window.announced.parts().to_vec(),
                CapMeasure::Actual => window.actual.parts().to_vec(),
                CapMeasure::Down => window.announced.intersect(down).parts().to_vec(),
            })
            .collect();
        let exempt: IntervalSet = windows
            .iter()
            .filter(|(window, rule)| !capped(window) && acts(rule) && touches(window))
            .flat_map(|(window, rule)| extent(window, rule).parts().to_vec())
            .collect();
        let consumed = consumed.difference(&exempt);
        let Some(hull) = hull(&allowed) else { continue };
        let mut beyond = Vec::new();
        for span in spans(&cap.period, view, whole_days(view, hull), period) {
            if let Some(at) = used_up(&consumed, span.interval, cap.limit) {
                beyond.extend(Interval::new(at, span.interval.until()));
            }
        }
        let beyond: IntervalSet = beyond.into_iter().collect();
        for (place, (window, _)) in windows.iter().enumerate() {
            if capped(window) {
                allowed[place] = allowed[place].difference(&beyond);
            }
        }
    }
    allowed
}

/// Whether a window consumes nothing of a cap by what it is.
pub(super) fn is_exempt(exempt: Exempt, window: &Window) -> bool {
    exempt == Exempt::UncontrollableIaas && window.uncontrollable_iaas
}

/// The first instant at which all of `limit` has been consumed within `span`, if that happens.
fn used_up(consumed: &IntervalSet, span: Interval, limit: Millis) -> Option<Instant> {
    if limit == Millis(0) {
        return Some(span.from());
    }
    let mut left = limit;
    for part in consumed.parts().iter().filter_map(|part| part.intersect(span)) {
        if part.length() >= left {
            return Some(part.from() + left);
        }
        left = left - part.length();
    }
    None
}

fn hull(sets: &[IntervalSet]) -> Option<Interval> {
    let parts = || sets.iter().flat_map(|set| set.parts());
    Interval::new(parts().map(|part| part.from()).min()?, parts().map(|part| part.until()).max()?)
}

/// The same up to the end of its last local day: a rolling period ends with a day, and that of the last one counts too.
fn whole_days(view: &View<'_>, hull: Interval) -> Interval {
    let zone = view.zone();
    let last = zone.date(hull.until() - Millis(1));
    let end = last.tomorrow().map_or(Instant::MAX, |next| zone.start_of_day(next));
    Interval::new(hull.from(), end.max(hull.until())).unwrap_or(hull)
}

/// Windows under which the components that they cover are relieved, with the time in which they may.
pub(super) fn in_force<'w>(
    windows: &'w [(Window, &Exclusion)],
    allowed: &'w [IntervalSet],
    effects: &[Effect],
) -> Vec<(&'w Window, bool, &'w IntervalSet)> {
    windows
        .iter()
        .zip(allowed)
        .filter(|((_, rule), allowed)| effects.contains(&rule.effect) && !allowed.parts().is_empty())
        .map(|((window, rule), allowed)| (window, rule.extent != Extent::Down, allowed))
        .collect()
}
