//! Exclusion: which time leaves the figure, and which counts as up whatever was measured.

use super::pass::suspended;
use super::{Case, Resolve, slices};
use crate::agreement::{Effect, Indicator, Suspended};
use crate::evaluate::caps;
use crate::evaluate::compose::Relief;
use crate::evaluate::windows::Window;
use crate::interval::{Interval, IntervalSet};
use crate::timeline::State;

/// What exclusion makes of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticks {
    /// Leaves numerator and denominator.
    pub(super) gone: IntervalSet,
    /// Counts as up.
    pub(super) as_up: IntervalSet,
}

/// Compose twice: as measured, and with what an admissible window covers set to up. What was down and is then up is
/// excluded. Whole extents act on the subject where their scope covers it, whatever was measured.
pub(super) fn of(case: &Case<'_, '_>, resolve: Resolve, leaves: bool, down: &IntervalSet) -> Ticks {
    let caps = case.terms.caps.as_ref().map_or(&[][..], |caps| caps.value.as_slice());
    let allowed = caps::allowed(case.view, caps, case.windows, (&case.subject, down), case.period);
    let acting = |effects: &[Effect]| caps::in_force(case.windows, &allowed, effects);
    let removed = excluded(case, resolve, down, &acting(&[Effect::Remove]));
    let all = excluded(case, resolve, down, &acting(&[Effect::Remove, Effect::AsUp]));
    let mut gone = removed;
    if case.terms.suspended.as_ref().is_some_and(|term| term.value == Suspended::Excluded) {
        gone = gone.union(&suspended(case.view));
    }
    let as_up = all.difference(&gone);
    if leaves {
        let unseen = match case.goal.indicator {
            Indicator::States => case.states.when(State::Unknown, Interval::ALL),
            Indicator::Counts => slices::uncounted(case),
        };
        gone = gone.union(&unseen.difference(&as_up));
    }
    Ticks { gone, as_up }
}

fn excluded(
    case: &Case<'_, '_>,
    resolve: Resolve,
    down: &IntervalSet,
    acting: &[(&Window, bool, &IntervalSet)],
) -> IntervalSet {
    if acting.is_empty() {
        return IntervalSet::empty();
    }
    let covering = |(window, _, _): &&(&Window, bool, &IntervalSet)| window.scope.covers(&case.subject);
    let whole: IntervalSet = acting
        .iter()
        .filter(covering)
        .filter(|(_, whole, _)| *whole)
        .flat_map(|(_, _, set)| set.parts().to_vec())
        .collect();
    // What covers the subject relieves it: also events, which have no components, and a check that is judged alone.
    let mut relieved: IntervalSet =
        acting.iter().filter(covering).flat_map(|(_, _, set)| set.parts().to_vec()).collect();
    if let Some(root) = case.root {
        let relief: Vec<Relief<'_>> = acting
            .iter()
            .filter(|(window, ..)| window.scope.meets(&case.subject))
            .map(|(window, _, set)| Relief { scope: &window.scope, set })
            .collect();
        let states = root.timeline(&relief);
        let mut up = states.when(State::Up, Interval::ALL);
        if resolve == Resolve::Up {
            up = up.union(&states.when(State::Unknown, Interval::ALL));
        }
        if case.terms.suspended.as_ref().is_some_and(|term| term.value == Suspended::Down) {
            // Work on a part does not lift a suspension, which no part measures.
            up = up.difference(&suspended(case.view));
        }
        relieved = relieved.union(&up);
    }
    let during: IntervalSet = acting.iter().flat_map(|(_, _, set)| set.parts().to_vec()).collect();
    whole.union(&down.intersect(&relieved).intersect(&during))
}
