//! Laws of segments: what is flushed is what was observed, nothing is listed that need not be, and the lazy fold says what
//! the plain words of `ledger/segment.rs` say.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uphold_core::id::{CheckId, Series, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::fold::Fold;
use uphold_core::ledger::segment::{OpenRun, Segment, continued, segment_of};
use uphold_core::run::{Observed, Run};
use uphold_core::time::{Instant, Millis};

const CHECKS: usize = 3;

/// The definition, word by word: every series is touched at every segment.
#[derive(Default)]
struct Plain {
    through: Option<Instant>,
    terms: BTreeMap<CheckId, (Millis, Interval)>,
    runs: BTreeMap<CheckId, BTreeMap<Instant, Run>>,
    versions: BTreeMap<CheckId, Vec<Run>>,
}

impl Plain {
    fn apply(&mut self, segment: &Segment, recorded_at: Instant) {
        let through = self.through.map_or(segment.through(), |before| before.max(segment.through()));
        self.through = Some(through);
        let mut listed = BTreeSet::new();
        for (check, run) in segment.runs() {
            self.keep(check, run.recorded(recorded_at));
            listed.insert((check.clone(), run.from));
        }
        for (check, (interval, active)) in self.terms.clone() {
            let Some(run) = self.runs.get(&check).and_then(|runs| runs.values().next_back()).cloned() else { continue };
            if listed.contains(&(check.clone(), run.from)) || !active.contains(run.last) {
                continue;
            }
            let mut next = run.clone();
            while next.last + interval <= through && next.last + interval < active.until() {
                next = Run { last: next.last + interval, n: next.n + 1, recorded_at, ..next };
            }
            if next != run {
                self.keep(&check, next);
            }
        }
    }

    fn keep(&mut self, check: &CheckId, run: Run) {
        self.versions.entry(check.clone()).or_default().push(run.clone());
        self.runs.entry(check.clone()).or_default().insert(run.from, run);
    }

    fn runs(&self, check: &CheckId) -> Vec<Run> {
        self.runs.get(check).map(|runs| runs.values().cloned().collect()).unwrap_or_default()
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// The check observes: `skip` slots were missed before it, and it is `off` from its grid.
    Observe {
        check: usize,
        skip: i64,
        off: i64,
        state: Observed,
    },
    /// An observation from the past arrives, or a known run is reclassified.
    Late {
        check: usize,
        back: i64,
        state: Observed,
    },
    /// A flush, this much after (or before) the latest observation; `wait` passes until it is recorded.
    Flush {
        after: i64,
        wait: i64,
        whole: bool,
    },
    Register {
        check: usize,
        interval: i64,
        from: i64,
        length: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let state = prop_oneof![6 => Just(Observed::Up), 1 => Just(Observed::Down), 1 => Just(Observed::Unknown)];
    let skip = prop_oneof![8 => Just(0i64), 1 => 1i64..4];
    let off = prop_oneof![12 => Just(0i64), 1 => -3i64..4];
    let check = 0..CHECKS;
    let observe = (check.clone(), skip, off, state.clone()).prop_map(|(check, skip, off, state)| Step::Observe {
        check,
        skip,
        off,
        state,
    });
    let late = (check.clone(), 0i64..60, state).prop_map(|(check, back, state)| Step::Late { check, back, state });
    let flush =
        (-25i64..40, 0i64..3, any::<bool>()).prop_map(|(after, wait, whole)| Step::Flush { after, wait, whole });
    let length = prop_oneof![1i64..200, Just(1_000_000i64)];
    let register = (check, 1i64..15, -50i64..300, length).prop_map(|(check, interval, from, length)| Step::Register {
        check,
        interval,
        from,
        length,
    });
    proptest::collection::vec(prop_oneof![24 => observe, 1 => late, 8 => flush, 1 => register], 0..120)
}

fn vantage() -> VantageId {
    VantageId::parse("tokyo-1").unwrap()
}

fn series(check: usize) -> Series {
    Series { check: CheckId::parse(&format!("check-{check}")).unwrap(), vantage: vantage() }
}

/// What was really observed, and the two folds that must say so.
struct World {
    actual: Vec<BTreeMap<Instant, OpenRun>>,
    changed: BTreeSet<(usize, Instant)>,
    intervals: Vec<i64>,
    recorded_at: Instant,
    fold: Fold,
    /// A fold that keeps no versions and settles now and then.
    short: Fold,
    plain: Plain,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            actual: vec![BTreeMap::new(); CHECKS],
            changed: BTreeSet::new(),
            intervals: vec![0; CHECKS],
            recorded_at: Instant(1_000),
            fold: Fold::with_versions(),
            short: Fold::new(),
            plain: Plain::default(),
        };
        // The last check is never registered unless a step does it.
        for (check, interval) in [(0, 10), (1, 7)] {
            world.register(check, interval, Interval::ALL);
        }
        world.intervals[2] = 5;
        world
    }

    fn register(&mut self, check: usize, interval: i64, active: Interval) {
        self.intervals[check] = interval;
        self.fold.register(&series(check), Millis(interval), active);
        self.short.register(&series(check), Millis(interval), active);
        self.plain.terms.insert(series(check).check, (Millis(interval), active));
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Observe { check, skip, off, state } => {
                let due = self.intervals[check] * (1 + skip);
                let (at, open) = match self.actual[check].values().next_back() {
                    Some(open) => (open.last + Millis((due + off).max(1)), Some(*open)),
                    None => (Instant(off), None),
                };
                let run = match open {
                    // A gap of three slots is above the staleness limit, so it splits the run.
                    Some(open) if open.state == state && skip < 3 => OpenRun { last: at, n: open.n + 1, ..open },
                    _ => OpenRun { from: at, last: at, state, n: 1 },
                };
                self.observed(check, run);
            }
            Step::Late { check, back, state } => {
                let Some(open) = self.actual[check].values().next_back() else { return };
                let from = open.from - Millis(back);
                let run = OpenRun { from, last: from, state, n: 1 };
                let known = self.actual[check].get(&from).map(|known| OpenRun { state, ..*known });
                self.observed(check, known.unwrap_or(run));
            }
            Step::Flush { after, wait, whole } => self.flush(after, wait, whole),
            Step::Register { check, interval, from, length } => {
                self.register(check, interval, Interval::new(Instant(from), Instant(from + length)).unwrap());
            }
        }
    }

    fn observed(&mut self, check: usize, run: OpenRun) {
        self.actual[check].insert(run.from, run);
        self.changed.insert((check, run.from));
    }

    fn flush(&mut self, after: i64, wait: i64, whole: bool) {
        let latest = self.actual.iter().filter_map(|runs| runs.values().map(|run| run.last.0).max()).max();
        let through = Instant(latest.unwrap_or(0) + after);
        self.recorded_at = self.recorded_at + Millis(wait);
        let mut flushed: BTreeMap<Series, Vec<OpenRun>> = BTreeMap::new();
        for (check, runs) in self.actual.iter().enumerate() {
            for (from, run) in runs {
                // What did not change may be told again: it is not listed for that.
                if whole || self.changed.contains(&(check, *from)) {
                    flushed.entry(series(check)).or_default().push(*run);
                }
            }
        }
        let segment = segment_of(&self.fold, &vantage(), &flushed, through).unwrap();
        self.assert_minimal(&segment);
        let segment = Segment::decode(&segment.encode()).unwrap();
        self.fold.apply(&segment, self.recorded_at);
        self.short.apply(&segment, self.recorded_at);
        if whole {
            self.short.settle();
        }
        self.plain.apply(&segment, self.recorded_at);
        self.changed.clear();
        self.assert_right();
    }

    /// Without any one of its listings, the segment would say something else.
    fn assert_minimal(&self, segment: &Segment) {
        for place in 0..segment.runs().len() {
            let mut runs = segment.runs().to_vec();
            let (check, run) = runs.remove(place);
            let fewer = Segment::new(vantage(), segment.through(), runs).unwrap();
            let mut fold = self.fold.clone();
            fold.apply(&fewer, self.recorded_at);
            let series = Series { check, vantage: vantage() };
            assert_ne!(fold.find_run(&series, run.from), Some(run), "{series} is listed for nothing");
        }
    }

    fn assert_right(&self) {
        for (check, actual) in self.actual.iter().enumerate() {
            let series = series(check);
            let runs = self.fold.runs(&series);
            let bare: Vec<OpenRun> =
                runs.iter().map(|run| OpenRun { from: run.from, last: run.last, state: run.state, n: run.n }).collect();
            assert_eq!(bare, actual.values().copied().collect::<Vec<_>>(), "{series}");
            assert_eq!(self.fold.open_run(&series), bare.last().copied());
            assert_eq!(runs, self.plain.runs(&series.check), "{series}");
            assert_eq!(runs, self.short.runs(&series), "{series}, settled");
            let versions = self.plain.versions.get(&series.check).cloned().unwrap_or_default();
            assert_eq!(self.fold.versions(&series), versions, "{series}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_flushed_is_what_was_observed(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.flush(0, 1, false);
    }
}

#[test]
fn a_regular_series_is_never_listed_after_its_first_flush() {
    let mut fold = Fold::new();
    let (interval, state) = (Millis(10_000), Observed::Up);
    fold.register(&series(0), interval, Interval::ALL);
    let mut lists = Vec::new();
    for minute in 1..=100 {
        let last = Instant(minute * 60_000);
        let n = u64::try_from(minute).unwrap() * 6 + 1;
        let run = OpenRun { from: Instant(0), last, state, n };
        let through = last + Millis(minute * 97 % 10_000);
        let actual = BTreeMap::from([(series(0), vec![run])]);
        let segment = segment_of(&fold, &vantage(), &actual, through).unwrap();
        lists.push(segment.runs().len());
        fold.apply(&segment, through + Millis(5));
        assert_eq!(fold.open_run(&series(0)), Some(run));
    }
    assert_eq!((lists[0], lists[1..].iter().sum::<usize>()), (1, 0));
    let recorded_at = Instant(100 * 60_000 + 9_700 + 5);
    assert_eq!(fold.runs(&series(0)), [fold.open_run(&series(0)).unwrap().recorded(recorded_at)]);
}

#[test]
fn a_series_that_went_silent_is_listed_until_it_observes_again() {
    let mut fold = Fold::new();
    fold.register(&series(0), Millis(10), Interval::ALL);
    let run = OpenRun { from: Instant(0), last: Instant(50), state: Observed::Up, n: 6 };
    let mut flush = |actual: Option<OpenRun>, through| {
        let actual = actual.map(|run| (series(0), vec![run])).into_iter().collect();
        let segment = segment_of(&fold, &vantage(), &actual, Instant(through)).unwrap();
        fold.apply(&segment, Instant(through));
        (segment.runs().iter().map(|(_, run)| *run).collect::<Vec<_>>(), fold.open_run(&series(0)).unwrap())
    };
    assert_eq!(flush(Some(run), 50), (vec![run], run));
    assert_eq!(flush(None, 100), (vec![run], run), "silent: listed as it was");
    assert_eq!(flush(None, 150), (vec![run], run), "still silent: listed again");
    let back = OpenRun { from: Instant(180), last: Instant(200), n: 3, ..run };
    assert_eq!(flush(Some(back), 200), (vec![back], back));
    let on = continued(back, Millis(10), Instant(260));
    assert_eq!(flush(Some(on), 260), (vec![], on));
}

#[test]
fn a_retired_series_is_not_continued_at_or_after_its_end() {
    let mut fold = Fold::new();
    let until = Interval::new(Instant(0), Instant(70)).unwrap();
    fold.register(&series(0), Millis(10), until);
    let run = OpenRun { from: Instant(0), last: Instant(50), state: Observed::Up, n: 6 };
    fold.apply(&Segment::new(vantage(), Instant(50), vec![(series(0).check, run)]).unwrap(), Instant(50));
    let empty = |through| Segment::new(vantage(), Instant(through), Vec::new()).unwrap();
    fold.apply(&empty(500), Instant(501));
    let end = OpenRun { last: Instant(60), n: 7, ..run };
    assert_eq!(fold.runs(&series(0)), [end.recorded(Instant(501))]);
    fold.register(&series(0), Millis(10), Interval::new(Instant(500), Instant::MAX).unwrap());
    fold.apply(&empty(600), Instant(601));
    assert_eq!(fold.runs(&series(0)), [end.recorded(Instant(501))], "it comes back with a new run only");
}
