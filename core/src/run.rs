//! Runs: the unit that is stored, exported and evaluated, and the timeline that they say.

use crate::interval::IntervalSet;
use crate::time::{Instant, Millis};
use crate::timeline::{State, Timeline};

/// What one observation saw. Ordered from the worst, which decides between observations of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Observed {
    /// The target did not do what it must.
    Down,
    /// The observation itself failed, so it says nothing about the target.
    Unknown,
    /// The target worked, but worse than it should. A term of the agreement says what that counts as.
    Degraded,
    /// The target did what it must.
    Up,
}

impl Observed {
    /// All four, from the worst.
    pub const ALL: [Self; 4] = [Self::Down, Self::Unknown, Self::Degraded, Self::Up];

    /// The name that files and interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Degraded => "degraded",
            Self::Up => "up",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// `n` observations of one state by one series, the first at `from` and the last at `last`: raw and unconfirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The first observation.
    pub from: Instant,
    /// The last observation; equal to `from` for a run of one.
    pub last: Instant,
    /// What all of them saw.
    pub state: Observed,
    /// How many there were; at least one.
    pub n: u64,
    /// When the run was recorded.
    pub recorded_at: Instant,
}

/// How long an observation may be trusted when no other follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// Until this much time after it.
    After(Millis),
    /// For ever: the source records changes only.
    None,
}

impl Staleness {
    /// When an observation at `last` stops saying anything.
    #[must_use]
    pub fn end(self, last: Instant) -> Instant {
        match self {
            Self::After(limit) => last + limit,
            Self::None => Instant::MAX,
        }
    }
}

/// The timeline that `runs` say, with `degraded` counted as the given state. Unknown before the first observation and
/// whenever the last one is stale; unknown in `gaps`, where the observer was not watching.
///
/// A run holds on `[from, min(next run's from, end of staleness))`. Of runs that begin at one instant the latest recorded
/// wins, then the worst. The order of `runs` does not matter.
///
/// ```
/// use uphold_core::{run::*, time::*, timeline::State, interval::IntervalSet};
/// let run = Run { from: Instant(0), last: Instant(50), state: Observed::Up, n: 6, recorded_at: Instant(60) };
/// let t = observed_timeline(&[run], Staleness::After(Millis(30)), State::Down, &IntervalSet::empty());
/// assert_eq!((t.at(Instant(79)), t.at(Instant(80))), (State::Up, State::Unknown));
/// ```
#[must_use]
pub fn observed_timeline(runs: &[Run], staleness: Staleness, degraded: State, gaps: &IntervalSet) -> Timeline {
    let mut order: Vec<&Run> = runs.iter().collect();
    order.sort_unstable_by_key(|run| {
        (run.from, std::cmp::Reverse(run.recorded_at), run.state, std::cmp::Reverse(run.last))
    });
    order.dedup_by_key(|run| run.from);
    let mut steps = Vec::with_capacity(order.len() * 2);
    for (place, run) in order.iter().enumerate() {
        let next = order.get(place + 1).map_or(Instant::MAX, |next| next.from);
        let state = match run.state {
            Observed::Up => State::Up,
            Observed::Down => State::Down,
            Observed::Degraded => degraded,
            Observed::Unknown => State::Unknown,
        };
        steps.push((run.from, state));
        let stale = staleness.end(run.last);
        if stale < next {
            steps.push((stale, State::Unknown));
        }
    }
    let seen = Timeline::from_steps(steps);
    if gaps.parts().is_empty() { seen } else { seen.overlay(gaps, State::Unknown) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Interval;
    use Observed::{Degraded, Down, Up};

    fn run(from: i64, last: i64, state: Observed) -> Run {
        Run { from: Instant(from), last: Instant(last), state, n: 1, recorded_at: Instant(last) }
    }

    fn states(runs: &[Run], at: &[i64]) -> Vec<State> {
        let t = observed_timeline(runs, Staleness::After(Millis(20)), State::Down, &IntervalSet::empty());
        at.iter().map(|at| t.at(Instant(*at))).collect()
    }

    #[test]
    fn a_run_holds_until_the_next_one_or_until_it_is_stale() {
        let runs = [run(0, 50, Up), run(60, 70, Down)];
        assert_eq!(
            states(&runs, &[-1, 0, 59, 60, 89, 90]),
            [State::Unknown, State::Up, State::Up, State::Down, State::Down, State::Unknown]
        );
    }

    #[test]
    fn a_stale_gap_is_unknown_and_never_backdated() {
        let runs = [run(0, 0, Up), run(100, 100, Up)];
        assert_eq!(states(&runs, &[19, 20, 99, 100]), [State::Up, State::Unknown, State::Unknown, State::Up]);
    }

    #[test]
    fn of_two_runs_at_one_instant_the_latest_recorded_wins_then_the_worst() {
        let early = Run { recorded_at: Instant(1), ..run(0, 0, Down) };
        let late = Run { recorded_at: Instant(2), ..run(0, 0, Up) };
        assert_eq!(states(&[early.clone(), late.clone()], &[0]), [State::Up]);
        assert_eq!(states(&[late, early], &[0]), [State::Up]);
        assert_eq!(states(&[run(0, 0, Up), run(0, 0, Down)], &[0]), [State::Down]);
    }

    #[test]
    fn degraded_counts_as_the_term_says() {
        let t = |degraded| {
            observed_timeline(&[run(0, 0, Degraded)], Staleness::None, degraded, &IntervalSet::empty()).at(Instant(5))
        };
        assert_eq!((t(State::Up), t(State::Down)), (State::Up, State::Down));
    }

    #[test]
    fn time_in_which_the_observer_was_dead_is_unknown() {
        let gaps = IntervalSet::from(Interval::new(Instant(5), Instant(8)).unwrap());
        let t = observed_timeline(&[run(0, 0, Up)], Staleness::None, State::Down, &gaps);
        assert_eq!([4, 5, 7, 8].map(|at| t.at(Instant(at))), [State::Up, State::Unknown, State::Unknown, State::Up]);
    }
}
