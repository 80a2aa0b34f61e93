//! Commitments that are not percentages: maintenance notice and cap, suspension promptness, recovery
//! (rules 6, 7, 15, 17, 18). Each gives a verdict and the figures it rests on.

use crate::compose::touches;
use crate::model::*;
use crate::timeline::{end_of_time, known};
use crate::windows::windows;

/// The verdict on a duty and what was measured, in ticks; one figure for each event, or one sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duty {
    pub(crate) verdict: Verdict,
    pub(crate) measured: Vec<Option<i64>>,
}

/// One missed event misses, else one undecided event is indeterminate; no event is no occasion; an unfinished period
/// is in progress whatever it holds so far.
fn together(world: &World, period: &Period, events: Vec<(Verdict, Option<i64>)>) -> Duty {
    let has = |v: Verdict| events.iter().any(|e| e.0 == v);
    let verdict = match () {
        () if end_of_time(world) < period.end => Verdict::InProgress,
        () if events.is_empty() => Verdict::NoOccasion,
        () if has(Verdict::Missed) => Verdict::Missed,
        () if has(Verdict::Indeterminate) => Verdict::Indeterminate,
        () => Verdict::Met,
    };
    Duty { verdict, measured: events.into_iter().map(|e| e.1).collect() }
}

fn starts_in(period: &Period, at: i64) -> bool {
    period.start <= at && at < period.end
}

fn judged(met: bool) -> Verdict {
    if met { Verdict::Met } else { Verdict::Missed }
}

/// Every window of the named classes whose first planned start lies in the period was announced in time (R6).
pub(crate) fn maintenance_notice(world: &World, exclusions: &[Exclusion], subject: &Subject, period: &Period) -> Duty {
    let mut events = Vec::new();
    for window in windows(world, exclusions, subject.customer.as_ref()) {
        let concerns = subject.roots.iter().any(|root| touches(&window.scope, root));
        if concerns && !window.cancelled && starts_in(period, window.start) {
            events.push((judged(window.in_time), None));
        }
    }
    together(world, period, events)
}

/// R7: the cap as a commitment: the union of actual work of the capped classes, inadmissible windows included, without
/// instants that exempt work covers too. Section 3: an unused cap is met.
pub(crate) fn maintenance_cap(
    world: &World,
    exclusions: &[Exclusion],
    cap: &Cap,
    subject: &Subject,
    period: &Period,
) -> Duty {
    let windows = windows(world, exclusions, subject.customer.as_ref());
    let mut used = 0;
    for t in period.start.max(world.horizon.0)..period.end.min(end_of_time(world)) {
        let i = (t - world.horizon.0) as usize;
        let working = |capped: bool| {
            windows.iter().any(|w| {
                let near = cap.scope == CapScope::Everything || subject.roots.iter().any(|r| touches(&w.scope, r));
                cap.classes.contains(&w.class) == capped && near && w.work[i]
            })
        };
        used += i64::from(working(true) && !working(false));
    }
    together(world, period, vec![(judged(used <= cap.limit), Some(used))])
}

/// R17: from where promptness is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Decision,
    Enforcement,
}

/// R17: every suspension of the subject's customer decided in the period was noticed within the limit. The figure may
/// be negative; never noticed is missed.
pub(crate) fn suspension_notice(world: &World, anchor: Anchor, limit: i64, subject: &Subject, period: &Period) -> Duty {
    let mut events = Vec::new();
    for fact in known(world, &world.suspensions) {
        let event = &fact.body;
        if Some(&event.customer) != subject.customer.as_ref() || !starts_in(period, event.ordered_at) {
            continue;
        }
        let from = match anchor {
            Anchor::Decision => Some(event.ordered_at),
            Anchor::Enforcement => event.enforced_at,
        };
        // Without an enforcement there is nothing to measure from.
        let Some(from) = from else { continue };
        let took = event.noticed_at.map(|at| at - from);
        events.push((judged(took.is_some_and(|t| t <= limit)), took));
    }
    together(world, period, events)
}

fn recoveries<'a>(world: &'a World, exercises_count: bool, period: &Period) -> Vec<&'a Recovery> {
    let mut found: Vec<&Recovery> = known(world, &world.recoveries).into_iter().map(|r| &r.body).collect();
    found.retain(|r| (exercises_count || !r.exercise) && starts_in(period, r.disrupted_at));
    found
}

/// R18: the recovery time ends when the last interface of the plan is verified healthy; nothing verified is
/// indeterminate; some but not all verified has not ended.
pub(crate) fn recovery_time(world: &World, exercises_count: bool, limit: i64, period: &Period) -> Duty {
    let mut events = Vec::new();
    for event in recoveries(world, exercises_count, period) {
        let all = event.healthy.iter().all(|h| h.is_some());
        let last = event.healthy.iter().flatten().max();
        let so_far = end_of_time(world) - event.disrupted_at;
        events.push(match last {
            None => (Verdict::Indeterminate, None),
            Some(last) if all => (judged(last - event.disrupted_at <= limit), Some(last - event.disrupted_at)),
            Some(_) if so_far > limit => (Verdict::Missed, None),
            Some(_) => (Verdict::Indeterminate, None),
        });
    }
    together(world, period, events)
}

/// R18: the recovery point is the latest acknowledged beacon that was read back; unacknowledged beacons are passed
/// over; nothing read back is indeterminate.
pub(crate) fn recovery_point(world: &World, exercises_count: bool, limit: i64, period: &Period) -> Duty {
    let mut events = Vec::new();
    for event in recoveries(world, exercises_count, period) {
        let kept = event.beacons.iter().filter(|b| b.acknowledged && b.read_back && b.at <= event.disrupted_at);
        events.push(match kept.map(|b| b.at).max() {
            None => (Verdict::Indeterminate, None),
            Some(at) => (judged(event.disrupted_at - at <= limit), Some(event.disrupted_at - at)),
        });
    }
    together(world, period, events)
}
