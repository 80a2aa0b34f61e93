//! Runs: the unit that is stored, exported and evaluated, and the timeline that they say.

use crate::agreement::{Confirm, Onset};
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

/// How a series of runs is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// How long an observation may be trusted.
    pub staleness: Staleness,
    /// What an observed degradation counts as.
    pub degraded: State,
    /// How failures become an outage; absent means that each counts at once.
    pub confirm: Option<Confirm>,
}

/// The timeline that `runs` say. Unknown before the first observation and whenever the last one is stale; unknown in
/// `gaps`, where the observer was not watching.
///
/// A run holds on `[from, min(next run's from, end of staleness))`. Of runs that begin at one instant the latest recorded
/// wins, then the worst. The order of `runs` does not matter.
///
/// ```
/// use uphold_core::{run::*, time::*, timeline::State, interval::IntervalSet};
/// let run = Run { from: Instant(0), last: Instant(50), state: Observed::Up, n: 6, recorded_at: Instant(60) };
/// let sight = Sight { staleness: Staleness::After(Millis(30)), degraded: State::Down, confirm: None };
/// let t = observed_timeline(&[run], sight, &IntervalSet::empty());
/// assert_eq!((t.at(Instant(79)), t.at(Instant(80))), (State::Up, State::Unknown));
/// ```
#[must_use]
pub fn observed_timeline(runs: &[Run], sight: Sight, gaps: &IntervalSet) -> Timeline {
    let mut order: Vec<&Run> = runs.iter().collect();
    order.sort_unstable_by_key(|run| {
        (run.from, std::cmp::Reverse(run.recorded_at), run.state, std::cmp::Reverse(run.last))
    });
    order.dedup_by_key(|run| run.from);
    let counts = confirmed(&order, sight);
    let mut steps = Vec::with_capacity(order.len() * 2);
    for (place, run) in order.iter().enumerate() {
        let next = order.get(place + 1).map_or(Instant::MAX, |next| next.from);
        match counts[place] {
            Failing::Not(state) => steps.push((run.from, state)),
            Failing::From(at) => {
                if at > run.from {
                    steps.push((run.from, State::Up));
                }
                if at < next {
                    // The row may have been confirmed by an earlier run.
                    steps.push((at.max(run.from), State::Down));
                }
            }
        }
        let stale = sight.staleness.end(run.last);
        if stale < next {
            steps.retain(|(at, _)| *at < stale);
            steps.push((stale, State::Unknown));
        }
    }
    let seen = Timeline::from_steps(steps);
    if gaps.parts().is_empty() { seen } else { seen.overlay(gaps, State::Unknown) }
}

/// What a run counts as.
#[derive(Clone, Copy)]
enum Failing {
    /// This state, all of it.
    Not(State),
    /// Down from this instant on, and up before it.
    From(Instant),
}

/// Which failing runs count, and from when. A row of failures is broken by an observation that it works; silence and an
/// observation that failed itself do not break it.
fn confirmed(order: &[&Run], sight: Sight) -> Vec<Failing> {
    let state = |run: &Run| match run.state {
        Observed::Up => State::Up,
        Observed::Down => State::Down,
        Observed::Degraded => sight.degraded,
        Observed::Unknown => State::Unknown,
    };
    let Some(confirm) = sight.confirm else { return order.iter().map(|run| Failing::Not(state(run))).collect() };
    let mut counts: Vec<Failing> = order.iter().map(|run| Failing::Not(state(run))).collect();
    let needed = u64::from(confirm.failures);
    let mut row: Vec<usize> = Vec::new();
    let (mut seen, mut at) = (0_u64, None);
    for place in 0..=order.len() {
        match order.get(place).map(|run| (run, state(run))) {
            Some((run, State::Down)) => {
                if seen < needed && seen.saturating_add(run.n) >= needed {
                    at = Some(run.instant_of(needed - seen));
                }
                seen = seen.saturating_add(run.n);
                row.push(place);
            }
            Some((_, State::Unknown | State::Excluded)) => {}
            Some((_, State::Up)) | None => {
                for failing in row.drain(..) {
                    counts[failing] = match (at, confirm.onset) {
                        (None, _) => Failing::Not(confirm.unconfirmed),
                        (Some(at), Onset::Confirmation) => Failing::From(at),
                        (Some(_), Onset::FirstFailure | Onset::Report) => Failing::Not(State::Down),
                    };
                }
                (seen, at) = (0, None);
            }
        }
    }
    counts
}

impl Run {
    /// The instant of its `k`-th observation, counted from 1, taken as evenly spaced and rounded up.
    fn instant_of(&self, k: u64) -> Instant {
        if self.n <= 1 {
            return self.from;
        }
        let length = i128::from((self.last - self.from).0);
        let (k, n) = (i128::from(k), i128::from(self.n));
        let after = ((k - 1) * length + n - 2) / (n - 1);
        self.from + Millis(i64::try_from(after).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Interval;
    use Observed::{Degraded, Down, Up};

    fn run(from: i64, last: i64, state: Observed) -> Run {
        Run { from: Instant(from), last: Instant(last), state, n: 1, recorded_at: Instant(last) }
    }

    fn sight(staleness: Staleness, degraded: State) -> Sight {
        Sight { staleness, degraded, confirm: None }
    }

    fn states(runs: &[Run], at: &[i64]) -> Vec<State> {
        let t = observed_timeline(runs, sight(Staleness::After(Millis(20)), State::Down), &IntervalSet::empty());
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
            observed_timeline(&[run(0, 0, Degraded)], sight(Staleness::None, degraded), &IntervalSet::empty())
                .at(Instant(5))
        };
        assert_eq!((t(State::Up), t(State::Down)), (State::Up, State::Down));
    }

    #[test]
    fn time_in_which_the_observer_was_dead_is_unknown() {
        let gaps = IntervalSet::from(Interval::new(Instant(5), Instant(8)).unwrap());
        let t = observed_timeline(&[run(0, 0, Up)], sight(Staleness::None, State::Down), &gaps);
        assert_eq!([4, 5, 7, 8].map(|at| t.at(Instant(at))), [State::Up, State::Unknown, State::Unknown, State::Up]);
    }

    fn confirmed_states(onset: Onset, unconfirmed: State, runs: &[Run], at: &[i64]) -> Vec<State> {
        let confirm = Some(Confirm { failures: 3, onset, unconfirmed });
        let sight = Sight { staleness: Staleness::After(Millis(20)), degraded: State::Down, confirm };
        let t = observed_timeline(runs, sight, &IntervalSet::empty());
        at.iter().map(|at| t.at(Instant(*at))).collect()
    }

    #[test]
    fn a_confirmed_row_counts_from_its_first_failure_or_from_its_third() {
        let failing = Run { n: 4, ..run(10, 40, Down) };
        let runs = [run(0, 0, Up), failing, run(50, 50, Up)];
        assert_eq!(
            confirmed_states(Onset::FirstFailure, State::Up, &runs, &[9, 10, 49, 50]),
            [State::Up, State::Down, State::Down, State::Up]
        );
        assert_eq!(
            confirmed_states(Onset::Confirmation, State::Up, &runs, &[10, 29, 30, 49]),
            [State::Up, State::Up, State::Down, State::Down]
        );
    }

    #[test]
    fn a_row_that_an_earlier_run_confirmed_stays_down_after_silence_that_somebody_saw() {
        let unseen = |at| run(at, at, Observed::Unknown);
        let failing = Run { n: 3, ..run(0, 2, Down) };
        let runs = [failing, unseen(10), run(20, 20, Down)];
        assert_eq!(
            confirmed_states(Onset::Confirmation, State::Up, &runs, &[1, 2, 9, 10, 19, 20, 25]),
            [State::Up, State::Down, State::Down, State::Unknown, State::Unknown, State::Down, State::Down]
        );
    }

    #[test]
    fn silence_does_not_break_a_row_and_an_answer_does() {
        let silent = [run(0, 0, Down), run(100, 100, Down), run(200, 200, Down)];
        assert_eq!(
            confirmed_states(Onset::FirstFailure, State::Up, &silent, &[0, 20, 100, 200]),
            [State::Down, State::Unknown, State::Down, State::Down]
        );
        let answered = [run(0, 0, Down), run(10, 10, Down), run(15, 15, Up), run(20, 20, Down)];
        assert_eq!(confirmed_states(Onset::FirstFailure, State::Up, &answered, &[0, 10, 20]), [State::Up; 3]);
        assert_eq!(
            confirmed_states(Onset::FirstFailure, State::Down, &answered, &[0, 15, 20]),
            [State::Down, State::Up, State::Down]
        );
    }
}
