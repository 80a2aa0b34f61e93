//! Which probes are due at a tick.
//!
//! A check is due on a grid of its interval, shifted by a phase of its own so that the load spreads. The grid is fixed to
//! the epoch: a restart does not move it. Not here: clocks and probes.

use std::collections::BTreeMap;

use uphold_core::time::{Instant, Millis};

/// The checks in the order in which they fall due.
#[derive(Debug, Default)]
pub struct Schedule {
    checks: Vec<Grid>,
    due: BTreeMap<Instant, Vec<usize>>,
}

#[derive(Debug, Clone, Copy)]
struct Grid {
    interval: Millis,
    phase: Millis,
}

impl Grid {
    /// The first instant of the grid at or after `at`.
    fn next(self, at: Instant) -> Instant {
        let past = (at.0 - self.phase.0).rem_euclid(self.interval.0);
        if past == 0 { at } else { at + Millis(self.interval.0 - past) }
    }
}

/// A check that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its place in the list that the schedule was made of.
    pub check: usize,
    /// The instant of its grid that this probe is for.
    pub slot: Instant,
}

impl Schedule {
    /// A schedule of checks with these intervals, from `start` on. Phases are multiples of `tick`.
    #[must_use]
    pub fn new(intervals: &[Millis], tick: Millis, start: Instant) -> Self {
        let mut schedule = Self::default();
        let count = i64::try_from(intervals.len()).unwrap_or(i64::MAX).max(1);
        for (place, interval) in intervals.iter().enumerate() {
            let share = interval.0 * i64::try_from(place).unwrap_or(0) / count;
            let grid = Grid { interval: *interval, phase: Millis(share - share % tick.0) };
            schedule.checks.push(grid);
            schedule.due.entry(grid.next(start)).or_default().push(place);
        }
        schedule
    }

    /// The schedule of another list of checks from `now` on. Each check that was in the old list, at the place given with
    /// it, keeps its grid and what it is due for; the others get one of their own.
    #[must_use]
    pub fn changed(&self, checks: &[(Option<usize>, Millis)], tick: Millis, now: Instant) -> Self {
        let due: BTreeMap<usize, Instant> =
            self.due.iter().flat_map(|(slot, checks)| checks.iter().map(|check| (*check, *slot))).collect();
        let intervals: Vec<Millis> = checks.iter().map(|(_, interval)| *interval).collect();
        let fresh = Self::new(&intervals, tick, now);
        let mut schedule = Self::default();
        for (place, (kept, _)) in checks.iter().enumerate() {
            let old = kept.and_then(|old| Some((*self.checks.get(old)?, *due.get(&old)?)));
            let (grid, slot) = old.unwrap_or_else(|| (fresh.checks[place], fresh.checks[place].next(now)));
            schedule.checks.push(grid);
            schedule.due.entry(slot).or_default().push(place);
        }
        schedule
    }

    /// When the next check is due.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.due.keys().next().copied()
    }

    /// Takes the checks that are due at `now`, each with its latest instant that is not after `now`, and says how many
    /// earlier instants were passed over because nobody came for them.
    pub fn take(&mut self, now: Instant) -> (Vec<Due>, u64) {
        let later = self.due.split_off(&(now + Millis(1)));
        let passed = std::mem::replace(&mut self.due, later);
        let (mut due, mut missed) = (Vec::new(), 0);
        for (slot, checks) in passed {
            for check in checks {
                let grid = self.checks[check];
                let skipped = (now - slot).0 / grid.interval.0;
                let slot = slot + Millis(skipped * grid.interval.0);
                missed += skipped.unsigned_abs();
                due.push(Due { check, slot });
                self.due.entry(slot + grid.interval).or_default().push(check);
            }
        }
        (due, missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_falls_due_on_its_grid_and_load_is_spread() {
        let mut schedule = Schedule::new(&[Millis(1_000); 4], Millis(100), Instant(50));
        let mut slots = Vec::new();
        for now in (0..3_000).step_by(100) {
            let (due, missed) = schedule.take(Instant(now));
            assert_eq!(missed, 0);
            assert!(due.len() <= 1, "{due:?}");
            slots.extend(due.iter().map(|due| (due.check, due.slot.0)));
        }
        assert_eq!(slots[..5], [(1, 200), (2, 500), (3, 700), (0, 1_000), (1, 1_200)]);
    }

    #[test]
    fn a_late_tick_takes_the_latest_instant_and_counts_those_it_passed_over() {
        let mut schedule = Schedule::new(&[Millis(1_000)], Millis(100), Instant(0));
        assert_eq!(schedule.take(Instant(0)), (vec![Due { check: 0, slot: Instant(0) }], 0));
        assert_eq!(schedule.take(Instant(3_250)), (vec![Due { check: 0, slot: Instant(3_000) }], 2));
        assert_eq!(schedule.next(), Some(Instant(4_000)));
    }

    #[test]
    fn a_check_that_stays_keeps_its_instants_when_others_come_and_go() {
        let mut schedule = Schedule::new(&[Millis(1_000); 4], Millis(100), Instant(0));
        schedule.take(Instant(300));
        // The third stays, behind two new ones; the others go.
        let list = [(None, Millis(500)), (None, Millis(700)), (Some(2), Millis(1_000))];
        let mut schedule = schedule.changed(&list, Millis(100), Instant(350));
        let mut slots = Vec::new();
        for now in (400..2_000).step_by(100) {
            slots.extend(schedule.take(Instant(now)).0.into_iter().filter(|due| due.check == 2).map(|due| due.slot.0));
        }
        assert_eq!(slots, [500, 1_500]);
    }

    #[test]
    fn a_clock_that_ran_backwards_makes_nothing_due_until_it_has_caught_up() {
        let mut schedule = Schedule::new(&[Millis(1_000)], Millis(100), Instant(10_000));
        schedule.take(Instant(10_000));
        assert_eq!(schedule.take(Instant(5_000)), (vec![], 0));
        assert_eq!(schedule.take(Instant(11_000)).0.len(), 1);
    }
}
