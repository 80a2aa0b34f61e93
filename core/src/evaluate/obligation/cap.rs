//! The limit on maintenance: how much of a period actual work takes.
//!
//! Judged apart from caps on exclusions: whether a window was announced does not matter here.

use super::maintenance::{plans, rules};
use super::{Case, Event, Found, cause};
use crate::agreement::{CapScope, Exempt};
use crate::evaluate::caps::is_exempt;
use crate::evaluate::windows::{self, Window};
use crate::history::MaintenanceStatus;
use crate::interval::{Interval, IntervalSet};
use crate::statement::{EventNote, ReasonKind, Verdict};
use crate::time::{Instant, Millis};

/// Actual work of the classes takes at most `limit`, the instants apart in which exempt work went on, too.
pub(super) fn judge(case: &Case<'_, '_>, classes: &[String], limit: Millis, scope: CapScope, exempt: Exempt) -> Found {
    let view = case.view;
    // Work of any class can be exempt by who did it.
    let every: std::collections::BTreeSet<String> =
        view.known.facts.maintenance.iter().map(|fact| fact.body.class.clone()).collect();
    let rules = rules(&every.into_iter().collect::<Vec<_>>(), None, None);
    let near = |window: &Window| scope == CapScope::All || view.concerns(&window.scope);
    let windows: Vec<Window> =
        windows::maintenance(view, &rules).into_iter().map(|(window, _)| window).filter(near).collect();
    let (exempted, others): (Vec<&Window>, Vec<&Window>) = windows.iter().partition(|window| is_exempt(exempt, window));
    let capped: Vec<&Window> = others.into_iter().filter(|window| classes.contains(&window.class)).collect();

    let spared = union(&exempted, |window| window.work.clone());
    let used = union(&capped, |window| window.work.clone()).difference(&spared).intersect(&case.judged);
    let spared_ahead = union(&exempted, |window| ahead(case, window));
    let planned = union(&capped, |window| ahead(case, window)).difference(&spared_ahead);
    let beyond = after(&used, limit);

    let mut events = Vec::new();
    for (window, note) in capped.iter().map(|window| (*window, EventNote::Worked)).chain(
        exempted.iter().filter(|window| classes.contains(&window.class)).map(|window| (*window, EventNote::ExemptWork)),
    ) {
        let work = window.work.intersect(&case.judged);
        let (Some(first), Some(last)) = (work.parts().first(), work.parts().last()) else { continue };
        let kind = match note {
            EventNote::ExemptWork => ReasonKind::Measured,
            _ if work.intersect(&beyond).parts().is_empty() => ReasonKind::Kept,
            _ => ReasonKind::Missed,
        };
        let cause = cause(&window.id, note, Some(work.length()), Some(limit));
        events.push(Event::new(first.from(), last.until(), kind, cause));
    }
    let left = (limit - used.length() - planned.length()).max(Millis(0));
    let found = Found { idle: Verdict::Met, ..Found::of(Some(limit), events) };
    found
        .time("used", Some(used.length()))
        .time("limit", Some(limit))
        .time("planned", Some(planned.length()))
        .time("left", Some(left))
}

fn union(windows: &[&Window], part: impl Fn(&Window) -> IntervalSet) -> IntervalSet {
    windows.iter().flat_map(|window| part(window).parts().to_vec()).collect()
}

/// What a window still plans of the period, from the moment of knowledge on.
fn ahead(case: &Case<'_, '_>, window: &Window) -> IntervalSet {
    let plans = plans(case.view, window);
    let Some(latest) = plans.last().filter(|plan| {
        !matches!(plan.body.status, MaintenanceStatus::Cancelled | MaintenanceStatus::Completed)
            && plan.body.actual_until.is_none()
    }) else {
        return IntervalSet::empty();
    };
    let future = Interval::new(case.view.now, Instant::MAX).and_then(|future| future.intersect(latest.body.planned));
    future.map_or_else(IntervalSet::empty, IntervalSet::from).intersect(&case.judged)
}

/// What is left of a set when its first `limit` are gone.
fn after(used: &IntervalSet, limit: Millis) -> IntervalSet {
    let mut left = limit;
    let mut beyond = Vec::new();
    for part in used.parts() {
        let within = part.length().min(left);
        left = left - within;
        beyond.extend(Interval::new(part.from() + within, part.until()));
    }
    beyond.into_iter().collect()
}
