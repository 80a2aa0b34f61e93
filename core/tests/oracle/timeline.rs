//! Facts known at a time (R10, R14) and the state of each point at each tick (R1, R13). No composition here.

use crate::model::*;
use std::collections::BTreeMap;

/// A point at a tick; `degraded` is already mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obs {
    /// Not registered at this tick.
    Absent,
    Unknown,
    Up,
    Down,
}

/// Every point's states; index 0 is the first tick of the horizon.
pub(crate) type Points = BTreeMap<String, Vec<Obs>>;

/// R10: instants from T on do not exist, so the horizon ends there.
pub(crate) fn end_of_time(world: &World) -> i64 {
    match world.known_at {
        Some(t) => t.min(world.horizon.1),
        None => world.horizon.1,
    }
}

fn is_known(world: &World, recorded_at: i64) -> bool {
    world.known_at.is_none_or(|t| recorded_at <= t)
}

/// The version of each fact that holds: recorded by T, the one recorded last, not retracted since.
pub(crate) fn known<'a, T>(world: &World, facts: &'a [Fact<T>]) -> Vec<&'a Fact<T>> {
    let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        let newer = latest.get(fact.id.as_str()).is_none_or(|j| fact.recorded_at >= facts[*j].recorded_at);
        if is_known(world, fact.recorded_at) && newer {
            latest.insert(&fact.id, i);
        }
    }
    let retracted = |fact: &Fact<T>| {
        let mine = world.retractions.iter().filter(|r| r.of == fact.id && is_known(world, r.recorded_at));
        mine.into_iter().any(|r| r.recorded_at >= fact.recorded_at)
    };
    let mut order: Vec<usize> = latest.into_values().collect();
    order.sort();
    order.into_iter().map(|i| &facts[i]).filter(|f| !retracted(f)).collect()
}

/// R1: the run that rules at `t`: the last one to begin; at equal times the one recorded last, then the worst state.
fn ruling<'a>(runs: &[&'a Fact<Run>], t: i64) -> Option<&'a Fact<Run>> {
    let begun = runs.iter().filter(|r| r.body.from <= t);
    begun.max_by_key(|r| (r.body.from, r.recorded_at, r.body.seen)).copied()
}

fn mapped(seen: Seen, degraded: Degraded) -> Obs {
    match (seen, degraded) {
        (Seen::Up, _) | (Seen::Degraded, Degraded::Up) => Obs::Up,
        (Seen::Down, _) | (Seen::Degraded, Degraded::Down) => Obs::Down,
        (Seen::Unknown, _) => Obs::Unknown,
    }
}

/// The instant of the k-th observation of a run (1-based), taken as evenly spaced, rounded up.
fn instant_of(run: &Run, k: i64) -> i64 {
    if run.n <= 1 {
        return run.from;
    }
    run.from + ((k - 1) * (run.last - run.from) + run.n - 2) / (run.n - 1)
}

/// R13: rows of failing runs, as (indices, instant of confirmation).
fn failing_rows(runs: &[&Fact<Run>], degraded: Degraded, failures: i64) -> Vec<(Vec<usize>, Option<i64>)> {
    let mut rows = Vec::new();
    let mut row: (Vec<usize>, Option<i64>) = (Vec::new(), None);
    let mut seen = 0;
    for (i, run) in runs.iter().enumerate() {
        match mapped(run.body.seen, degraded) {
            Obs::Down => {
                if seen < failures && seen + run.body.n >= failures {
                    row.1 = Some(instant_of(&run.body, failures - seen));
                }
                seen += run.body.n;
                row.0.push(i);
            }
            Obs::Up => {
                rows.push(std::mem::take(&mut row));
                seen = 0;
            }
            // Silence, and an observation that saw nothing, do not break a row.
            Obs::Unknown | Obs::Absent => {}
        }
    }
    rows.push(row);
    rows
}

/// The confirmed state of a failing tick.
fn confirmed(t: i64, confirmed_at: Option<i64>, confirm: &Confirm) -> Obs {
    match confirmed_at {
        None if confirm.unconfirmed_down => Obs::Down,
        None => Obs::Up,
        Some(at) if confirm.onset == Onset::Confirmation && t < at => Obs::Up,
        Some(_) => Obs::Down,
    }
}

fn states_of(world: &World, point: &Point, degraded: Degraded, confirm: &Confirm) -> Vec<Obs> {
    let all = known(world, &world.runs);
    let mine: Vec<&Fact<Run>> = all.into_iter().filter(|r| r.body.point == point.id).collect();
    // Only runs that rule somewhere take part: of runs that begin together one is left.
    let mut runs: Vec<&Fact<Run>> = Vec::new();
    for run in &mine {
        if ruling(&mine, run.body.from).is_some_and(|r| std::ptr::eq(r, *run)) {
            runs.push(run);
        }
    }
    runs.sort_by_key(|r| r.body.from);
    let rows = failing_rows(&runs, degraded, confirm.failures);
    let gaps = known(world, &world.gaps);
    let mut states = Vec::new();
    for t in world.horizon.0..end_of_time(world) {
        let registered = point.from <= t && point.until.is_none_or(|u| t < u);
        let blind = gaps.iter().any(|g| {
            let mine = g.body.vantage.as_ref().is_none_or(|v| *v == point.vantage);
            mine && g.body.from <= t && g.body.until.is_none_or(|u| t < u)
        });
        let fresh = ruling(&runs, t).filter(|r| point.staleness.is_none_or(|s| t < r.body.last + s));
        states.push(match fresh {
            _ if !registered => Obs::Absent,
            _ if blind => Obs::Unknown,
            None => Obs::Unknown,
            Some(run) => match mapped(run.body.seen, degraded) {
                Obs::Down => {
                    let index = runs.iter().position(|r| std::ptr::eq(*r, run));
                    let row = rows.iter().find(|(members, _)| index.is_some_and(|i| members.contains(&i)));
                    confirmed(t, row.and_then(|r| r.1), confirm)
                }
                other => other,
            },
        });
    }
    states
}

/// The states of all registered points.
pub(crate) fn points(world: &World, degraded: Degraded, confirm: &Confirm) -> Points {
    let mut found = Points::new();
    for point in known(world, &world.points) {
        found.insert(point.body.id.clone(), states_of(world, &point.body, degraded, confirm));
    }
    found
}
