//! Timelines of very many subjects over one span, in columns: the exact duration of each state, at a few bytes a step.
//!
//! A fleet has a million of them. Here: what a plain figure of time needs, whole windows taken out. Slices, outages and
//! composition are not here but in [`crate::evaluate`], which a test holds this against.

use crate::interval::{Interval, IntervalSet};
use crate::time::{Instant, Millis};
use crate::timeline::{State, Tally, Timeline};

/// The longest span whose milliseconds can be counted in 32 bits: a little over 49 days.
pub const LONGEST: Millis = Millis(u32::MAX as i64);

/// Timelines of many subjects over one span.
#[derive(Debug, Clone)]
pub struct Columns {
    span: Interval,
    /// Where the steps of each subject begin; one more than there are subjects.
    starts: Vec<u32>,
    /// When each step begins, in milliseconds after the span's start. The first of each subject is 0.
    offsets: Vec<u32>,
    /// The state that each step begins, as its place in [`State::ALL`].
    states: Vec<u8>,
}

impl Columns {
    /// No timelines over a span; `None` when the span is longer than [`LONGEST`].
    #[must_use]
    pub fn new(span: Interval) -> Option<Self> {
        let fits = span.length() <= LONGEST;
        fits.then(|| Self { span, starts: vec![0], offsets: Vec::new(), states: Vec::new() })
    }

    /// How many timelines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes the columns take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.offsets.capacity() * size_of::<u32>() + self.states.capacity()
    }

    /// Adds one timeline, of which the part within the span is kept. `false` when there are more steps than 32 bits count.
    #[must_use]
    pub fn push(&mut self, timeline: &Timeline) -> bool {
        for (piece, state) in timeline.pieces(self.span) {
            let place = State::ALL.iter().position(|each| *each == state).unwrap_or(0);
            self.offsets.push(self.offset(piece.from()));
            self.states.push(u8::try_from(place).unwrap_or(0));
        }
        let Ok(end) = u32::try_from(self.offsets.len()) else { return false };
        self.starts.push(end);
        true
    }

    fn offset(&self, at: Instant) -> u32 {
        u32::try_from((at - self.span.from()).0).unwrap_or(u32::MAX)
    }

    /// For each timeline, in the order in which they were added, how long each state held; what lies in `windows` is
    /// excluded whatever was seen.
    pub fn tallies(&self, windows: &IntervalSet) -> impl Iterator<Item = Tally> + '_ {
        let end = self.offset(self.span.until());
        let windows: Vec<(u32, u32)> = windows
            .parts()
            .iter()
            .filter_map(|window| window.intersect(self.span))
            .map(|window| (self.offset(window.from()), self.offset(window.until())))
            .collect();
        self.starts.windows(2).map(move |pair| {
            let (first, last) = (pair[0] as usize, pair[1] as usize);
            let (offsets, states) = (&self.offsets[first..last], &self.states[first..last]);
            let mut lengths = [0_u32; 4];
            let mut excluded = 0_u32;
            let ends = offsets.iter().skip(1).copied().chain([end]);
            for ((from, until), state) in offsets.iter().copied().zip(ends).zip(states) {
                let inside: u32 =
                    windows.iter().map(|(start, stop)| until.min(*stop).saturating_sub(from.max(*start))).sum();
                lengths[usize::from(*state)] += until - from - inside;
                excluded += inside;
            }
            let millis = |length: u32| Millis(i64::from(length));
            let [down, unknown, left, up] = lengths;
            Tally { up: millis(up), down: millis(down), unknown: millis(unknown), excluded: millis(left + excluded) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: i64 = 100;

    fn interval(from: i64, until: i64) -> Interval {
        Interval::new(Instant(from), Instant(until)).unwrap()
    }

    proptest! {
        #[test]
        fn columns_tally_what_the_timeline_tallies(
            steps in proptest::collection::vec(proptest::collection::vec((-20..130_i64, 0..4_usize), 0..12), 0..6),
            windows in proptest::collection::vec((-20..120_i64, 1..40_i64), 0..4),
        ) {
            let span = interval(0, LENGTH);
            let windows: IntervalSet = windows.into_iter().map(|(from, length)| interval(from, from + length)).collect();
            let timelines: Vec<Timeline> = steps
                .into_iter()
                .map(|mut steps| {
                    steps.sort();
                    Timeline::from_steps(steps.into_iter().map(|(at, state)| (Instant(at), State::ALL[state])))
                })
                .collect();
            let mut columns = Columns::new(span).unwrap();
            for timeline in &timelines {
                prop_assert!(columns.push(timeline));
            }
            let expected: Vec<Tally> = timelines
                .iter()
                .map(|timeline| timeline.overlay(&windows, State::Excluded).tally(&span.into()))
                .collect();
            prop_assert_eq!(columns.tallies(&windows).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_span_of_more_than_49_days_is_refused() {
        assert!(Columns::new(interval(0, LONGEST.0)).is_some());
        assert!(Columns::new(interval(0, LONGEST.0 + 1)).is_none());
    }
}
