//! The fold of segments: the runs of every series, as `segment.rs` defines them.
//!
//! A segment that lists nothing costs one entry in its vantage point's list of flushes, however many series there are. The
//! open run of a series is continued when somebody looks: over any stretch of flushes in which nothing else happened to
//! the series, continuing once to the last `through` is continuing at every flush. So that the list does not grow for ever,
//! a fold that keeps no versions settles all series from time to time, and then needs the last flush alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{CheckId, Series, VantageId};
use crate::interval::Interval;
use crate::ledger::segment::{OpenRun, Segment, continued};
use crate::run::Run;
use crate::time::{Instant, Millis};

/// After so many flushes of a vantage point all but the last are forgotten, where no versions are kept.
const FLUSHES_MAX: usize = 4_096;

/// Segments applied so far.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    keeps_versions: bool,
    /// Whether there may be a run to forget.
    has_runs: bool,
    vantages: BTreeMap<VantageId, Vantage>,
}

#[derive(Debug, Clone, Default)]
struct Vantage {
    flushes: Vec<Flush>,
    checks: BTreeMap<CheckId, History>,
}

#[derive(Debug, Clone, Copy)]
struct Flush {
    /// Never falls from one flush to the next.
    through: Instant,
    recorded_at: Instant,
}

/// What continuation needs to know of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    interval: Millis,
    active: Interval,
}

#[derive(Debug, Clone, Default)]
struct History {
    terms: Option<Terms>,
    /// Rising by `from`; the last is the open run. Settled: true as of the first `settled` flushes of the vantage point.
    /// A copy of the fold shares them until they change.
    runs: Arc<Vec<Run>>,
    settled: usize,
    /// What the runs were at earlier flushes, if the fold keeps versions.
    past: Vec<Past>,
}

/// A part of the past of one run.
#[derive(Debug, Clone)]
enum Past {
    Listed(Run),
    /// A run that was continued over the flushes `[first, until)`, under these terms.
    Grown {
        run: Run,
        terms: Terms,
        first: usize,
        until: usize,
    },
}

impl Terms {
    fn continued(self, run: OpenRun, through: Instant) -> OpenRun {
        if !self.active.contains(run.last) {
            return run;
        }
        continued(run, self.interval, through.min(self.active.until() - Millis(1)))
    }
}

/// The run continued over these flushes, recorded when the first of them that reaches its last observation was.
fn grown(run: &Run, terms: Terms, flushes: &[Flush]) -> Run {
    let Some(end) = flushes.last() else { return run.clone() };
    let next = terms.continued(bare(run), end.through);
    if next == bare(run) {
        return run.clone();
    }
    let reached = flushes.partition_point(|flush| flush.through < next.last);
    next.recorded(flushes[reached].recorded_at)
}

fn bare(run: &Run) -> OpenRun {
    OpenRun { from: run.from, last: run.last, state: run.state, n: run.n }
}

impl History {
    /// Continues the open run over the flushes up to `until`.
    fn settle(&mut self, flushes: &[Flush], until: usize, keeps_versions: bool) {
        let first = std::mem::replace(&mut self.settled, until);
        let (Some(terms), Some(open)) = (self.terms, self.runs.last()) else { return };
        let next = grown(open, terms, &flushes[first..until]);
        if next == *open {
            return;
        }
        let Some(open) = Arc::make_mut(&mut self.runs).last_mut() else { return };
        let run = std::mem::replace(open, next);
        if keeps_versions {
            self.past.push(Past::Grown { run, terms, first, until });
        }
    }

    /// The open run as of all flushes.
    fn open(&self, flushes: &[Flush]) -> Option<Run> {
        let open = self.runs.last()?;
        Some(self.terms.map_or_else(|| open.clone(), |terms| grown(open, terms, &flushes[self.settled..])))
    }

    /// Takes the runs that the flush at `place` lists, all of them, in order.
    fn list(&mut self, flushes: &[Flush], place: usize, listed: &[(CheckId, OpenRun)], keeps_versions: bool) {
        self.settle(flushes, place, keeps_versions);
        let runs = Arc::make_mut(&mut self.runs);
        for (_, run) in listed {
            let run = run.recorded(flushes[place].recorded_at);
            if keeps_versions {
                self.past.push(Past::Listed(run.clone()));
            }
            match runs.binary_search_by_key(&run.from, |known| known.from) {
                Ok(known) => runs[known] = run,
                Err(new) => runs.insert(new, run),
            }
        }
        let open_is_listed = self.runs.last().map(|run| run.from) == listed.last().map(|(_, run)| run.from);
        if open_is_listed {
            self.settled = place + 1;
        }
    }
}

impl Vantage {
    /// Forgets the flushes that nothing depends on any more: all but the last, once every series is settled.
    fn forget_flushes(&mut self) {
        let all = self.flushes.len();
        for history in self.checks.values_mut() {
            history.settle(&self.flushes, all, false);
            history.settled = all.min(1);
        }
        self.flushes.drain(..all.saturating_sub(1));
    }
}

impl Fold {
    /// A fold that knows nothing yet, and of every run only the latest version.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A fold that also keeps what every run was after each segment: see [`Self::versions`].
    #[must_use]
    pub fn with_versions() -> Self {
        Self { keeps_versions: true, ..Self::default() }
    }

    /// Registers a series, or changes its registration, for the segments that follow.
    pub fn register(&mut self, series: &Series, interval: Millis, active: Interval) {
        let vantage = self.vantages.entry(series.vantage.clone()).or_default();
        let history = vantage.checks.entry(series.check.clone()).or_default();
        history.settle(&vantage.flushes, vantage.flushes.len(), self.keeps_versions);
        history.terms = Some(Terms { interval, active });
    }

    /// Applies a segment, in the order of the ledger.
    pub fn apply(&mut self, segment: &Segment, recorded_at: Instant) {
        if !self.vantages.contains_key(segment.vantage()) {
            self.vantages.insert(segment.vantage().clone(), Vantage::default());
        }
        let Some(vantage) = self.vantages.get_mut(segment.vantage()) else { return };
        if vantage.flushes.len() >= FLUSHES_MAX && !self.keeps_versions {
            vantage.forget_flushes();
        }
        let place = vantage.flushes.len();
        let through = vantage.flushes.last().map_or(segment.through(), |flush| flush.through.max(segment.through()));
        vantage.flushes.push(Flush { through, recorded_at });
        self.has_runs |= !segment.runs().is_empty();
        for listed in segment.runs().chunk_by(|a, b| a.0 == b.0) {
            let history = vantage.checks.entry(listed[0].0.clone()).or_default();
            history.list(&vantage.flushes, place, listed, self.keeps_versions);
        }
    }

    /// Settles every series, and forgets the flushes that nothing depends on any more. A fold that keeps versions needs all
    /// of them.
    pub fn settle(&mut self) {
        if !self.keeps_versions {
            self.vantages.values_mut().for_each(Vantage::forget_flushes);
        }
    }

    /// The last flush of each vantage point: up to when it speaks, and when it was recorded.
    pub(super) fn last_flushes(&self) -> impl Iterator<Item = (&VantageId, Instant, Instant)> {
        let last = |(vantage, known): (_, &Vantage)| {
            let Flush { through, recorded_at } = *known.flushes.last()?;
            Some((vantage, through, recorded_at))
        };
        self.vantages.iter().filter_map(last)
    }

    /// Goes on from what a fold knew after these flushes, the last of each vantage point. Registrations stay as they are.
    pub(super) fn resume(&mut self, flushes: Vec<(VantageId, Instant, Instant)>, runs: Vec<(Series, Vec<Run>)>) {
        for (vantage, through, recorded_at) in flushes {
            self.vantages.entry(vantage).or_default().flushes = vec![Flush { through, recorded_at }];
        }
        for (series, runs) in runs {
            self.has_runs |= !runs.is_empty();
            let vantage = self.vantages.entry(series.vantage).or_default();
            vantage.checks.entry(series.check).or_default().runs = Arc::new(runs);
        }
        for vantage in self.vantages.values_mut() {
            let settled = vantage.flushes.len();
            vantage.checks.values_mut().for_each(|history| history.settled = settled);
        }
    }

    /// A segment of this vantage point is gone; of any, where nobody can say whose it was. What the segments before it said
    /// is forgotten: the one that is gone may have said otherwise. A series is unknown until a later segment lists it.
    pub fn forget(&mut self, vantage: Option<&VantageId>) {
        // Most holes follow another, and then there is nothing left to forget.
        if !self.has_runs {
            return;
        }
        self.has_runs = vantage.is_some();
        for (_, known) in self.vantages.iter_mut().filter(|(id, _)| vantage.is_none_or(|vantage| vantage == *id)) {
            for history in known.checks.values_mut() {
                history.runs = Arc::default();
                history.past.clear();
            }
        }
    }

    /// Every series that was registered or listed.
    pub fn series(&self) -> impl Iterator<Item = Series> + '_ {
        self.vantages.iter().flat_map(|(vantage, known)| {
            known.checks.keys().map(|check| Series { check: check.clone(), vantage: vantage.clone() })
        })
    }

    /// Up to when the segments of a vantage point speak.
    #[must_use]
    pub fn through(&self, vantage: &VantageId) -> Option<Instant> {
        Some(self.vantages.get(vantage)?.flushes.last()?.through)
    }

    /// The runs of a series, rising by `from`, each recorded when it last changed or grew.
    #[must_use]
    pub fn runs(&self, series: &Series) -> Vec<Run> {
        let Some((history, flushes)) = self.history(series) else { return Vec::new() };
        let mut runs = history.runs.to_vec();
        if let (Some(last), Some(open)) = (runs.last_mut(), history.open(flushes)) {
            *last = open;
        }
        runs
    }

    /// The same without when they were recorded, and without a copy of all of them.
    pub fn bare_runs(&self, series: &Series) -> impl Iterator<Item = OpenRun> + '_ {
        let (closed, open) = match self.history(series) {
            Some((history, flushes)) => {
                (&history.runs[..history.runs.len().saturating_sub(1)], history.open(flushes).as_ref().map(bare))
            }
            None => (&[][..], None),
        };
        closed.iter().map(bare).chain(open)
    }

    /// Every version of every run of a series: what each segment that listed or extended a run made of it, in the order
    /// of the ledger. Those recorded up to a time are what was known then. Empty unless the fold keeps versions.
    #[must_use]
    pub fn versions(&self, series: &Series) -> Vec<Run> {
        let Some((history, flushes)) = self.history(series) else { return Vec::new() };
        let tail = match (history.terms, history.runs.last()) {
            (Some(terms), Some(run)) if self.keeps_versions => {
                Some(Past::Grown { run: run.clone(), terms, first: history.settled, until: flushes.len() })
            }
            _ => None,
        };
        let mut versions = Vec::new();
        for past in history.past.iter().chain(&tail) {
            match past {
                Past::Listed(run) => versions.push(run.clone()),
                Past::Grown { run, terms, first, until } => {
                    let mut run = bare(run);
                    for flush in &flushes[*first..*until] {
                        let next = terms.continued(run, flush.through);
                        if next != run {
                            versions.push(next.recorded(flush.recorded_at));
                        }
                        run = next;
                    }
                }
            }
        }
        versions
    }

    /// The open run of a series.
    #[must_use]
    pub fn open_run(&self, series: &Series) -> Option<OpenRun> {
        let (history, flushes) = self.history(series)?;
        history.open(flushes).as_ref().map(bare)
    }

    /// The open runs of all series of a vantage point that have one.
    pub fn open_runs(&self, vantage: &VantageId) -> impl Iterator<Item = (&CheckId, OpenRun)> + '_ {
        self.vantages.get(vantage).into_iter().flat_map(|known| {
            known.checks.iter().filter_map(|(check, history)| Some((check, bare(&history.open(&known.flushes)?))))
        })
    }

    /// The runs of a series from the open one back, without when they were recorded.
    pub fn runs_back(&self, series: &Series) -> impl Iterator<Item = OpenRun> + '_ {
        let (closed, open) = match self.history(series) {
            Some((history, flushes)) => {
                (&history.runs[..history.runs.len().saturating_sub(1)], history.open(flushes).as_ref().map(bare))
            }
            None => (&[][..], None),
        };
        open.into_iter().chain(closed.iter().rev().map(bare))
    }

    /// The run of a series that begins at `from`.
    #[must_use]
    pub fn find_run(&self, series: &Series, from: Instant) -> Option<OpenRun> {
        let (history, _) = self.history(series)?;
        let place = history.runs.binary_search_by_key(&from, |run| run.from).ok()?;
        if place + 1 == history.runs.len() { self.open_run(series) } else { Some(bare(&history.runs[place])) }
    }

    /// What the next segment would make of the open run if it did not list it.
    #[must_use]
    pub fn predicted(&self, series: &Series, open: OpenRun, through: Instant) -> OpenRun {
        let Some((history, flushes)) = self.history(series) else { return open };
        let through = flushes.last().map_or(through, |flush| flush.through.max(through));
        history.terms.map_or(open, |terms| terms.continued(open, through))
    }

    fn history(&self, series: &Series) -> Option<(&History, &[Flush])> {
        let vantage = self.vantages.get(&series.vantage)?;
        Some((vantage.checks.get(&series.check)?, &vantage.flushes))
    }
}
