//! Availability by exact duration: both bounds of the share of counted time that was up, and the verdict on it.

use crate::agreement::{Binding, Commitment, UnknownPolicy};
use crate::interval::{Interval, IntervalSet};
use crate::ratio::Ratio;
use crate::statement::{Availability, Verdict};
use crate::timeline::{State, Tally, Timeline};

/// What came of judging one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Both bounds; absent when no time is left to judge.
    pub availability: Option<Availability>,
    /// How the counted time was spent.
    pub tally: Tally,
}

/// Judges the counted time of one period; `ended` says whether the period is over.
///
/// The lower bound takes every unknown instant as down, the upper bound as up. Excluded time leaves both the numerator
/// and the denominator.
#[must_use]
pub fn judge(commitment: &Commitment, timeline: &Timeline, counted: Option<Interval>, ended: bool) -> Judged {
    let substituted = substitute(timeline, commitment.terms.unknown.value);
    let span = counted.map_or_else(IntervalSet::empty, IntervalSet::from);
    let tally = substituted.tally(&span);
    let denominator = tally.up + tally.down + tally.unknown;
    let availability = Ratio::of(tally.up, denominator)
        .zip(Ratio::of(tally.up + tally.unknown, denominator))
        .map(|(lower, upper)| Availability { lower, upper });
    let verdict = match (&availability, &commitment.target) {
        _ if !ended => Verdict::InProgress,
        (None, _) => Verdict::NotCovered,
        (Some(_), None) => Verdict::NoTarget,
        (Some(bounds), Some(target)) => {
            let binding = commitment.terms.binding.as_ref().map_or(Binding::Both, |binding| binding.value);
            compare(bounds, &target.ratio, binding)
        }
    };
    Judged { verdict, availability, tally }
}

/// What unknown time counts as, where the terms say that it counts as something.
fn substitute(timeline: &Timeline, policy: UnknownPolicy) -> Timeline {
    let to = match policy {
        UnknownPolicy::Bounds => return timeline.clone(),
        UnknownPolicy::Up => State::Up,
        UnknownPolicy::Down => State::Down,
        UnknownPolicy::Excluded => State::Excluded,
    };
    timeline.map(|state| if state == State::Unknown { to } else { state })
}

fn compare(bounds: &Availability, target: &Ratio, binding: Binding) -> Verdict {
    let met = |ratio: &Ratio| if ratio >= target { Verdict::Met } else { Verdict::Missed };
    match binding {
        Binding::Lower => met(&bounds.lower),
        Binding::Upper => met(&bounds.upper),
        Binding::Both => match (met(&bounds.lower), met(&bounds.upper)) {
            (Verdict::Met, _) => Verdict::Met,
            (_, Verdict::Missed) => Verdict::Missed,
            _ => Verdict::Indeterminate,
        },
    }
}
