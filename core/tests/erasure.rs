//! Laws of erasing: after a hole that ends before a round of key frames everything younger is what it was, and no hole
//! anywhere makes an instant up or down that was not.
//!
//! The stories are observations of several vantage points in their order, with slots missed, silence, clocks set back, and
//! registrations that change, flushed whenever it pleases.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uphold_core::agreement::{Confirm, Onset};
use uphold_core::id::{CheckId, Series, VantageId};
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::ledger::fold::Fold;
use uphold_core::ledger::segment::{OpenRun, Segment, is_key_frame, key_frame_of, segment_of};
use uphold_core::run::{Observed, Run, Sight, Staleness, observed_timeline};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::{State, Timeline};

const VANTAGES: usize = 2;
const CHECKS: usize = 2;
const INTERVALS: [i64; CHECKS] = [10, 7];

fn vantage(vantage: usize) -> VantageId {
    VantageId::parse(["tokyo-1", "osaka"][vantage]).unwrap()
}

fn series((of, check): (usize, usize)) -> Series {
    Series { check: CheckId::parse(&format!("check-{check}")).unwrap(), vantage: vantage(of) }
}

fn all_series() -> impl Iterator<Item = Series> {
    (0..VANTAGES).flat_map(|of| (0..CHECKS).map(move |check| series((of, check))))
}

#[derive(Debug, Clone)]
enum Step {
    Observe { of: (usize, usize), skip: i64, state: Observed },
    Flush { vantage: usize, after: i64, is_key: bool },
    Register { of: (usize, usize), from: i64, length: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let state = prop_oneof![
        5 => Just(Observed::Up), 3 => Just(Observed::Down), 1 => Just(Observed::Degraded), 1 => Just(Observed::Unknown)
    ];
    let skip = prop_oneof![10 => Just(0i64), 1 => 1i64..5];
    let of = (0..VANTAGES, 0..CHECKS);
    let observe = (of.clone(), skip, state).prop_map(|(of, skip, state)| Step::Observe { of, skip, state });
    let flush = (0..VANTAGES, prop_oneof![1 => -15i64..0, 4 => 0i64..30], prop::bool::weighted(0.3))
        .prop_map(|(vantage, after, is_key)| Step::Flush { vantage, after, is_key });
    let length = prop_oneof![50i64..300, Just(1_000_000i64)];
    let register = (of, 0i64..40, length).prop_map(|(of, from, length)| Step::Register { of, from, length });
    proptest::collection::vec(prop_oneof![24 => observe, 8 => flush, 1 => register], 20..150)
}

/// What a ledger holds of a story.
#[derive(Debug, Clone)]
enum Told {
    Registered(Series, Interval),
    Flushed { segment: Segment, is_key: bool },
}

/// One story as it is told, and what was really observed.
struct Story {
    told: Vec<Told>,
    fold: Fold,
    recorder: BTreeMap<Series, Vec<OpenRun>>,
}

impl Story {
    fn of(steps: &[Step]) -> Self {
        let mut story = Self { told: Vec::new(), fold: Fold::new(), recorder: BTreeMap::new() };
        for series in all_series() {
            story.register(series, Interval::ALL);
        }
        for step in steps {
            match *step {
                Step::Observe { of, skip, state } => story.observe(of, skip, state),
                Step::Flush { vantage, after, is_key } => story.flush(vantage, after, is_key),
                Step::Register { of, from, length } => {
                    // A registration is of the time after what is recorded.
                    let through = story.fold.through(&vantage(of.0)).unwrap_or(Instant(0));
                    let from = through + Millis(1 + from);
                    story.register(series(of), Interval::new(from, from + Millis(length)).unwrap());
                }
            }
        }
        (0..VANTAGES).for_each(|vantage| story.flush(vantage, 0, false));
        story
    }

    fn register(&mut self, series: Series, active: Interval) {
        let interval = INTERVALS[usize::from(series.check.as_str() == "check-1")];
        self.fold.register(&series, Millis(interval), active);
        self.told.push(Told::Registered(series, active));
    }

    fn observe(&mut self, of: (usize, usize), skip: i64, state: Observed) {
        let runs = self.recorder.entry(series(of)).or_default();
        let interval = INTERVALS[of.1];
        match runs.last_mut() {
            // A gap of three slots is longer than observations are trusted, so it begins a run.
            Some(run) if run.state == state && skip < 3 => {
                run.last = run.last + Millis(interval * (1 + skip));
                run.n += 1;
            }
            last => {
                let at = last.map_or(Instant(interval), |run| run.last + Millis(interval * (1 + skip)));
                runs.push(OpenRun { from: at, last: at, state, n: 1 });
            }
        }
    }

    fn flush(&mut self, of: usize, after: i64, is_key: bool) {
        let vantage = vantage(of);
        let own = self.recorder.iter().filter(|(series, _)| series.vantage == vantage);
        let latest = own.filter_map(|(_, runs)| Some(runs.last()?.last.0)).max().unwrap_or(0);
        let through = Instant(latest + after);
        let make = if is_key { key_frame_of } else { segment_of };
        let segment = make(&self.fold, &vantage, &self.recorder, through).unwrap();
        let plain = segment_of(&self.fold, &vantage, &self.recorder, through).unwrap();
        let mut other = self.fold.clone();
        other.apply(&plain, Instant(0));
        let goes_forward = self.fold.through(&vantage).is_none_or(|before| before <= through)
            && self.fold.open_runs(&vantage).all(|(_, open)| open.last <= through)
            && segment.runs().iter().all(|(_, run)| run.last <= through);
        assert!(!is_key || is_key_frame(&self.fold, &segment) == goes_forward);
        let is_key = is_key_frame(&self.fold, &segment);
        self.fold.apply(&segment, self.recorded_at());
        for series in all_series().filter(|series| series.vantage == vantage) {
            assert!(self.fold.bare_runs(&series).eq(other.bare_runs(&series)), "a key frame says what a segment says");
            if let Some(runs) = self.recorder.get_mut(&series) {
                assert!(self.fold.bare_runs(&series).eq(whole(&self.told, &series, runs)), "{series}");
                runs.drain(..runs.len() - 1);
            }
        }
        self.told.push(Told::Flushed { segment: Segment::decode(&segment.encode()).unwrap(), is_key });
    }

    fn recorded_at(&self) -> Instant {
        Instant(10_000 + self.told.len() as i64)
    }

    /// What is left when something of the flushes at some places is gone: for each, whether it is known whose it was.
    fn without(&self, lost: impl Fn(usize) -> Option<bool>) -> Fold {
        let mut fold = Fold::new();
        for (place, told) in self.told.iter().enumerate() {
            match told {
                Told::Registered(series, active) => {
                    let interval = INTERVALS[usize::from(series.check.as_str() == "check-1")];
                    fold.register(series, Millis(interval), *active);
                }
                Told::Flushed { segment, .. } => match lost(place) {
                    Some(is_known) => fold.forget(is_known.then_some(segment.vantage())),
                    None => fold.apply(segment, Instant(10_000 + place as i64)),
                },
            }
        }
        fold
    }
}

/// The runs that were flushed and those of the recorder, which has forgotten all but the last of the former.
fn whole<'a>(told: &'a [Told], series: &'a Series, recorder: &'a [OpenRun]) -> impl Iterator<Item = OpenRun> + 'a {
    let mut all: BTreeMap<Instant, OpenRun> = BTreeMap::new();
    let mut fold = Fold::new();
    for (place, told) in told.iter().enumerate() {
        match told {
            Told::Registered(series, active) => {
                let interval = INTERVALS[usize::from(series.check.as_str() == "check-1")];
                fold.register(series, Millis(interval), *active);
            }
            Told::Flushed { segment, .. } => fold.apply(segment, Instant(place as i64)),
        }
    }
    all.extend(fold.bare_runs(series).map(|run| (run.from, run)));
    all.extend(recorder.iter().map(|run| (run.from, *run)));
    all.into_values()
}

fn timeline(runs: &[Run], staleness: Staleness, confirm: Option<Confirm>, gap: Option<Instant>) -> Timeline {
    let gaps =
        gap.and_then(|until| Interval::new(Instant::MIN, until)).map_or_else(IntervalSet::empty, IntervalSet::from);
    observed_timeline(runs, Sight { staleness, degraded: State::Down, confirm }, &gaps)
}

/// Every instant at which one of two timelines may change, and those beside.
fn instants<'a>(timelines: &'a [&Timeline]) -> impl Iterator<Item = Instant> + 'a {
    let steps = timelines.iter().flat_map(|timeline| timeline.steps().iter().map(|(at, _)| *at));
    steps.flat_map(|at| [Instant(at.0 - 1), at, Instant(at.0 + 1)])
}

const TRUST: [Staleness; 2] = [Staleness::After(Millis(25)), Staleness::None];

/// Erases everything before a place, and compares what is younger than the round of key frames that follows.
fn assert_prefix(story: &Story, cut: usize) {
    let erased = story.without(|place| (place < cut).then_some(place % 2 == 0));
    for series in all_series() {
        let frame = story.told[cut..].iter().find_map(|told| match told {
            Told::Flushed { segment, is_key } if *segment.vantage() == series.vantage => {
                Some((segment.through(), *is_key))
            }
            _ => None,
        });
        // The first flush that is left must be a key frame, or this vantage point is not of the round.
        let Some((through, true)) = frame else { continue };
        let younger = |fold: &Fold| fold.runs(&series).into_iter().filter(|run| run.last > through).collect::<Vec<_>>();
        assert_eq!(younger(&erased), younger(&story.fold), "{series} after {through}");
        assert_eq!(erased.open_run(&series), story.fold.open_run(&series), "{series}");
        let onsets = [Onset::FirstFailure, Onset::Confirmation];
        let confirms = onsets.map(|onset| Some(Confirm { failures: 3, onset, unconfirmed: State::Up }));
        for (staleness, confirm) in
            TRUST.into_iter().flat_map(|trust| confirms.into_iter().chain([None]).map(move |c| (trust, c)))
        {
            let of = |fold: &Fold| timeline(&fold.runs(&series), staleness, confirm, Some(through + Millis(1)));
            let (left, whole) = (of(&erased), of(&story.fold));
            for at in instants(&[&left, &whole]) {
                assert_eq!(left.at(at), whole.at(at), "{series} at {at} with {confirm:?}");
            }
        }
    }
}

/// Erases whatever it is told to, and looks for an instant that became known by it.
fn assert_only_unknown_grows(story: &Story, lost: &[Option<bool>]) {
    let left = story.without(|place| lost[place % lost.len()]);
    for series in all_series() {
        for staleness in TRUST {
            let of = |fold: &Fold| timeline(&fold.runs(&series), staleness, None, None);
            let (left, whole) = (of(&left), of(&story.fold));
            for at in instants(&[&left, &whole]) {
                let (is, was) = (left.at(at), whole.at(at));
                assert!(is == was || is == State::Unknown, "{series} at {at} was {was:?} and became {is:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn erasing_everything_before_a_round_of_key_frames_leaves_what_is_younger_as_it_was(steps in steps()) {
        let story = Story::of(&steps);
        let keys: Vec<usize> = (0..story.told.len())
            .filter(|place| matches!(story.told[*place], Told::Flushed { is_key: true, .. }))
            .collect();
        keys.into_iter().for_each(|cut| assert_prefix(&story, cut));
    }

    #[test]
    fn erasing_anything_makes_no_instant_up_or_down_that_was_not(
        steps in steps(),
        lost in proptest::collection::vec(prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(Some)], 1..40),
    ) {
        assert_only_unknown_grows(&Story::of(&steps), &lost);
    }
}

#[test]
fn a_service_that_was_up_all_along_is_unknown_until_a_key_frame_lists_it_and_whole_after() {
    let mut story = Story { told: Vec::new(), fold: Fold::new(), recorder: BTreeMap::new() };
    story.register(series((0, 0)), Interval::ALL);
    for flush in 0..9 {
        (0..6).for_each(|_| story.observe((0, 0), 0, Observed::Up));
        story.flush(0, 0, flush == 6);
    }
    let whole = story.fold.open_run(&series((0, 0)));
    assert_eq!(whole, Some(OpenRun { from: Instant(10), last: Instant(540), state: Observed::Up, n: 54 }));
    // Place 0 is the registration; the key frame stands at 7.
    for first in 1..=7 {
        assert_eq!(story.without(|place| (place < first).then_some(false)).open_run(&series((0, 0))), whole);
    }
    // Without the frame nothing lists it, and nobody may guess.
    assert_eq!(story.without(|place| (place == 7).then_some(true)).runs(&series((0, 0))), []);
    assert_eq!(story.without(|place| (place == 8).then_some(true)).runs(&series((0, 0))), []);
}
