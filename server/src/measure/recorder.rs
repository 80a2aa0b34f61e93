//! What was observed and is not yet in the ledger: the runs of one vantage point since its last flush.
//!
//! Pure bookkeeping: it is told of outcomes and asked for segments. Not here: time, probes, the ledger.

use std::collections::BTreeMap;

use uphold_core::id::{Series, VantageId};
use uphold_core::ledger::fold::Fold;
use uphold_core::ledger::segment::{OpenRun, Segment, SegmentError, monthly_segment_of};
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::Instant;

/// Runs that began or grew since they were last in the ledger.
#[derive(Debug)]
pub struct Recorder {
    vantage: VantageId,
    runs: BTreeMap<Series, Vec<OpenRun>>,
}

/// A segment, and the runs that it was made of.
#[derive(Debug)]
pub struct Snapshot {
    /// What to record.
    pub segment: Segment,
    runs: BTreeMap<Series, Vec<OpenRun>>,
}

impl Recorder {
    /// A recorder that has observed nothing.
    #[must_use]
    pub fn new(vantage: VantageId) -> Self {
        Self { vantage, runs: BTreeMap::new() }
    }

    /// Takes one observation, which is later than all before it of its series. Returns whether a run began.
    ///
    /// A run grows while the state stays and no gap is longer than the observations may be trusted.
    pub fn observe(&mut self, series: &Series, staleness: Staleness, at: Instant, state: Observed) -> bool {
        let runs = match self.runs.get_mut(series) {
            Some(runs) => runs,
            None => self.runs.entry(series.clone()).or_default(),
        };
        match runs.last_mut() {
            Some(run) if run.state == state && at <= staleness.end(run.last) => {
                run.last = at;
                run.n += 1;
                false
            }
            _ => {
                runs.push(OpenRun { from: at, last: at, state, n: 1 });
                true
            }
        }
    }

    /// Forgets a series: what it observes from now on is of another definition, and begins a run of its own.
    pub fn forget(&mut self, series: &Series) {
        self.runs.remove(series);
    }

    /// The segment that brings the ledger up to `through`; the first of a month is a key frame.
    ///
    /// # Errors
    /// When the runs contradict each other, which no order of [`Self::observe`] can bring about.
    pub fn snapshot(&self, recorded: &Fold, through: Instant) -> Result<Snapshot, SegmentError> {
        let segment = monthly_segment_of(recorded, &self.vantage, &self.runs, through)?;
        Ok(Snapshot { segment, runs: self.runs.clone() })
    }

    /// Forgets what `snapshot` recorded, but for the run of each series that can still grow.
    pub fn recorded(&mut self, snapshot: &Snapshot) {
        for (series, runs) in &mut self.runs {
            let Some(saved) = snapshot.runs.get(series) else { continue };
            let last = runs.last().copied();
            runs.retain(|run| Some(*run) == last || !saved.contains(run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::id::CheckId;
    use uphold_core::interval::Interval;
    use uphold_core::time::Millis;

    fn series() -> Series {
        Series { check: CheckId::parse("api").unwrap(), vantage: VantageId::parse("local").unwrap() }
    }

    fn fold() -> Fold {
        let mut fold = Fold::new();
        fold.register(&series(), Millis(10), Interval::ALL);
        fold
    }

    const STALE: Staleness = Staleness::After(Millis(25));

    #[test]
    fn a_run_grows_until_the_state_changes_or_the_gap_is_too_long() {
        let mut recorder = Recorder::new(series().vantage);
        let began =
            [(0, Observed::Up), (10, Observed::Up), (20, Observed::Down), (30, Observed::Down), (60, Observed::Down)]
                .map(|(at, state)| recorder.observe(&series(), STALE, Instant(at), state));
        assert_eq!(began, [true, false, true, false, true]);
    }

    #[test]
    fn a_regular_series_is_listed_once_and_then_continued() {
        let (mut recorder, mut fold) = (Recorder::new(series().vantage), fold());
        let mut listed = Vec::new();
        for flush in 0..3 {
            for step in 0..4 {
                recorder.observe(&series(), STALE, Instant(flush * 40 + step * 10), Observed::Up);
            }
            let through = Instant(flush * 40 + 35);
            let snapshot = recorder.snapshot(&fold, through).unwrap();
            listed.push(snapshot.segment.runs().len());
            fold.apply(&snapshot.segment, through);
            recorder.recorded(&snapshot);
        }
        assert_eq!(listed, [1, 0, 0]);
        assert_eq!(
            fold.open_run(&series()).unwrap(),
            OpenRun { from: Instant(0), last: Instant(110), state: Observed::Up, n: 12 }
        );
    }

    #[test]
    fn what_is_observed_while_a_flush_is_under_way_is_in_the_next_one() {
        let (mut recorder, mut fold) = (Recorder::new(series().vantage), fold());
        recorder.observe(&series(), STALE, Instant(0), Observed::Up);
        let snapshot = recorder.snapshot(&fold, Instant(5)).unwrap();
        recorder.observe(&series(), STALE, Instant(10), Observed::Down);
        recorder.observe(&series(), STALE, Instant(20), Observed::Up);
        fold.apply(&snapshot.segment, Instant(6));
        recorder.recorded(&snapshot);
        let next = recorder.snapshot(&fold, Instant(25)).unwrap();
        fold.apply(&next.segment, Instant(26));
        let states: Vec<_> = fold.runs(&series()).iter().map(|run| (run.from.0, run.state)).collect();
        assert_eq!(states, [(0, Observed::Up), (10, Observed::Down), (20, Observed::Up)]);
    }
}
