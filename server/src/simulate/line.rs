//! One series through the simulated time: when it fails, and what a segment says of it.

use uphold_core::id::Series;
use uphold_core::interval::Interval;
use uphold_core::ledger::segment::OpenRun;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis};

/// A series that observes on a grid and misses nothing while somebody watches.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) series: Series,
    pub(super) interval: Millis,
    /// One instant of its grid.
    pub(super) phase: Instant,
    /// Its open run: `last` is the first observation that a change left it with, and grows with time.
    pub(super) open: Option<OpenRun>,
}

impl Line {
    /// The first observation at or after an instant.
    pub(super) fn due(&self, at: Instant) -> Instant {
        let behind = (self.phase - at).0.rem_euclid(self.interval.0);
        at + Millis(behind)
    }

    /// The last observation at or before an instant.
    pub(super) fn seen(&self, at: Instant) -> Instant {
        let ahead = (at - self.phase).0.rem_euclid(self.interval.0);
        at - Millis(ahead)
    }

    /// A run that began at `from` and goes on up to `through`.
    pub(super) fn run(&self, from: Instant, through: Instant, state: Observed) -> OpenRun {
        let last = self.seen(through).max(from);
        let n = ((last - from).0 / self.interval.0 + 1).unsigned_abs();
        OpenRun { from, last, state, n }
    }

    /// The observations that first see an outage and first see that it is over; none where no observation sees it.
    pub(super) fn observed(&self, outage: Interval) -> Option<(Instant, Instant)> {
        let (down, up) = (self.due(outage.from()), self.due(outage.until()));
        (down < up).then_some((down, up))
    }

    /// The state changes with the observation at `at`. The run that ends, whole, and the one that begins.
    pub(super) fn change(&mut self, at: Instant, state: Observed) -> [Option<OpenRun>; 2] {
        let ended = self.open.map(|open| self.run(open.from, at - self.interval, open.state));
        let begun = OpenRun { from: at, last: at, state, n: 1 };
        self.open = Some(begun);
        [ended, Some(begun)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::id::{CheckId, VantageId};

    fn line() -> Line {
        let series = Series { check: CheckId::parse("a").unwrap(), vantage: VantageId::parse("v").unwrap() };
        Line { series, interval: Millis(10), phase: Instant(3), open: None }
    }

    #[test]
    fn a_series_observes_on_its_grid() {
        let line = line();
        assert_eq!([3, 4, 13].map(|at| line.due(Instant(at)).0), [3, 13, 13]);
        assert_eq!([3, 12, 13].map(|at| line.seen(Instant(at)).0), [3, 3, 13]);
        assert_eq!(
            line.run(Instant(3), Instant(29), Observed::Up),
            OpenRun { from: Instant(3), last: Instant(23), state: Observed::Up, n: 3 }
        );
        let outage = |from, until| Interval::new(Instant(from), Instant(until)).unwrap();
        assert_eq!(line.observed(outage(4, 12)), None, "between two observations nobody sees it");
        assert_eq!(line.observed(outage(4, 24)), Some((Instant(13), Instant(33))));
    }
}
