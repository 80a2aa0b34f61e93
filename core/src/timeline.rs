//! Four-state timelines: what is true of a subject at every instant.
//!
//! A timeline covers all of time. It is a list of steps, each holding until the next; before the first step it is unknown.

use crate::interval::{Interval, IntervalSet};
use crate::time::{Instant, Millis};

/// What an instant counts as. Ordered from the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Observed not to work.
    Down,
    /// Not observed: neither uptime nor downtime.
    Unknown,
    /// Taken out of the judgement by a rule of the agreement.
    Excluded,
    /// Observed to work.
    Up,
}

impl State {
    /// All four, from the worst.
    pub const ALL: [Self; 4] = [Self::Down, Self::Unknown, Self::Excluded, Self::Up];

    /// The name that files and interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Excluded => "excluded",
            Self::Up => "up",
        }
    }
}

/// How long a subject was in each state within some span. The four sum to the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Time observed up.
    pub up: Millis,
    /// Time observed down.
    pub down: Millis,
    /// Time excluded.
    pub excluded: Millis,
    /// Time not observed.
    pub unknown: Millis,
}

impl Tally {
    /// The whole span.
    #[must_use]
    pub fn covered(&self) -> Millis {
        self.up + self.down + self.excluded + self.unknown
    }

    fn add(&mut self, state: State, length: Millis) {
        let place = match state {
            State::Up => &mut self.up,
            State::Down => &mut self.down,
            State::Excluded => &mut self.excluded,
            State::Unknown => &mut self.unknown,
        };
        *place = *place + length;
    }
}

/// A stretch in which a subject was down, with what was not observed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The first instant down.
    pub from: Instant,
    /// The first instant that is known to be down no more; none while it lasts.
    pub until: Option<Instant>,
}

/// The state of one subject over all of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Strictly rising instants; neighbours differ in state; the first step is never unknown.
    steps: Vec<(Instant, State)>,
}

impl Timeline {
    /// Unknown at every instant.
    #[must_use]
    pub fn unknown() -> Self {
        Self { steps: Vec::new() }
    }

    /// Builds from steps in rising order of time; a later step at the same instant replaces the earlier one.
    #[must_use]
    pub fn from_steps(steps: impl IntoIterator<Item = (Instant, State)>) -> Self {
        let mut timeline = Self::unknown();
        for (at, state) in steps {
            timeline.push(at, state);
        }
        timeline
    }

    fn push(&mut self, at: Instant, state: State) {
        if self.steps.last().is_some_and(|(last, _)| *last == at) {
            self.steps.pop();
        }
        if self.end_state() != state {
            self.steps.push((at, state));
        }
    }

    fn end_state(&self) -> State {
        self.steps.last().map_or(State::Unknown, |(_, state)| *state)
    }

    /// The state at an instant.
    #[must_use]
    pub fn at(&self, at: Instant) -> State {
        match self.steps.partition_point(|(from, _)| *from <= at) {
            0 => State::Unknown,
            after => self.steps[after - 1].1,
        }
    }

    /// The steps: each state holds until the next step; before the first it is unknown.
    #[must_use]
    pub fn steps(&self) -> &[(Instant, State)] {
        &self.steps
    }

    /// The pieces of `span`, in order, without gaps.
    pub fn pieces(&self, span: Interval) -> impl Iterator<Item = (Interval, State)> + '_ {
        let mut next = self.steps.partition_point(|(from, _)| *from <= span.from());
        let mut from = span.from();
        std::iter::from_fn(move || {
            let until = self.steps.get(next).map_or(span.until(), |(at, _)| (*at).min(span.until()));
            let piece = Interval::new(from, until)?;
            let state = if next == 0 { State::Unknown } else { self.steps[next - 1].1 };
            from = until;
            next += 1;
            Some((piece, state))
        })
    }

    /// How long each state held within `span`.
    #[must_use]
    pub fn tally(&self, span: &IntervalSet) -> Tally {
        let mut tally = Tally::default();
        for part in span.parts() {
            for (piece, state) in self.pieces(*part) {
                tally.add(state, piece.length());
            }
        }
        tally
    }

    /// The outages as known at `now`, an instant that does not exist yet, that had not ended before `since`, in order. Each
    /// begins with the first instant down and ends with the first that is up or excluded: that nobody watched is no end.
    #[must_use]
    pub fn outages(&self, since: Instant, now: Instant) -> Vec<Outage> {
        let known = &self.steps[..self.steps.partition_point(|(at, _)| *at < now)];
        let mut outages = Vec::new();
        let mut until = None;
        let mut begin: Option<Instant> = None;
        for (at, state) in known.iter().rev() {
            match state {
                State::Down => begin = Some(*at),
                State::Unknown => {}
                State::Up | State::Excluded => {
                    outages.extend(begin.take().map(|from| Outage { from, until }));
                    if *at < since {
                        break;
                    }
                    until = Some(*at);
                }
            }
        }
        outages.extend(begin.map(|from| Outage { from, until }));
        outages.reverse();
        outages
    }

    /// The instants of `span` in one state.
    #[must_use]
    pub fn when(&self, wanted: State, span: Interval) -> IntervalSet {
        self.pieces(span).filter(|(_, state)| *state == wanted).map(|(piece, _)| piece).collect()
    }

    /// The timeline with every instant's state replaced by what `rule` says of it.
    #[must_use]
    pub fn map(&self, rule: impl Fn(State) -> State) -> Self {
        let before = rule(State::Unknown);
        let start = (before != State::Unknown).then_some((Instant::MIN, before));
        Self::from_steps(start.into_iter().chain(self.steps.iter().map(|(at, state)| (*at, rule(*state)))))
    }

    /// The timeline with `state` in force at the instants of `set`.
    #[must_use]
    pub fn overlay(&self, set: &IntervalSet, state: State) -> Self {
        let cover = Self::from_steps(
            set.parts().iter().flat_map(|part| [(part.from(), State::Up), (part.until(), State::Unknown)]),
        );
        Self::combine(&[self, &cover], |states| if states[1] == State::Up { state } else { states[0] })
    }

    /// The timeline within `span`, with `outside` in force before and after it.
    #[must_use]
    pub fn only(&self, span: Interval, outside: State) -> Self {
        let after = (span.until() < Interval::ALL.until()).then_some((span.until(), outside));
        let within = self.pieces(span).map(|(piece, state)| (piece.from(), state));
        Self::from_steps([(Instant::MIN, outside)].into_iter().chain(within).chain(after))
    }

    /// The timeline whose state at every instant is `rule` of the parts' states there.
    #[must_use]
    pub fn combine(parts: &[&Self], rule: impl Fn(&[State]) -> State) -> Self {
        let mut now = vec![State::Unknown; parts.len()];
        Self::merge(parts, |changes| {
            for (place, state) in changes {
                now[*place] = *state;
            }
            rule(&now)
        })
    }

    /// The timeline whose state at every instant is `rule` of how many parts are in each state there. A step costs as much
    /// as parts change in it, and not as much as there are.
    #[must_use]
    pub fn combine_counts(parts: &[&Self], rule: impl Fn(Counts) -> State) -> Self {
        let mut now = vec![State::Unknown; parts.len()];
        let mut counts = Counts::of(&now);
        Self::merge(parts, |changes| {
            for (place, state) in changes {
                *counts.of_mut(std::mem::replace(&mut now[*place], *state)) -= 1;
                *counts.of_mut(*state) += 1;
            }
            rule(counts)
        })
    }

    /// Goes through the instants at which parts change. `state` gets the changes of one instant, each the place of a part
    /// and its state, and says what holds from there on; first of all it gets none, for the beginning of time.
    fn merge(parts: &[&Self], mut state: impl FnMut(&[(usize, State)]) -> State) -> Self {
        let mut edges: Vec<(Instant, usize, State)> = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            edges.extend(part.steps.iter().map(|(at, state)| (*at, place, *state)));
        }
        edges.sort_unstable_by_key(|(at, place, _)| (*at, *place));
        let mut merged = Self::unknown();
        merged.push(Instant::MIN, state(&[]));
        let mut changes = Vec::new();
        for of_one_instant in edges.chunk_by(|one, next| one.0 == next.0) {
            changes.clear();
            changes.extend(of_one_instant.iter().map(|(_, place, state)| (*place, *state)));
            merged.push(of_one_instant[0].0, state(&changes));
        }
        merged
    }
}

/// How many of some parts are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Up.
    pub up: usize,
    /// Down.
    pub down: usize,
    /// Excluded.
    pub excluded: usize,
    /// Unknown.
    pub unknown: usize,
}

impl Counts {
    /// Those of these states.
    #[must_use]
    pub fn of(states: &[State]) -> Self {
        let mut counts = Self::default();
        for state in states {
            *counts.of_mut(*state) += 1;
        }
        counts
    }

    /// All parts.
    #[must_use]
    pub fn all(self) -> usize {
        self.up + self.down + self.excluded + self.unknown
    }

    fn of_mut(&mut self, state: State) -> &mut usize {
        match state {
            State::Up => &mut self.up,
            State::Down => &mut self.down,
            State::Excluded => &mut self.excluded,
            State::Unknown => &mut self.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Down, Excluded, Unknown, Up};

    fn line(steps: &[(i64, State)]) -> Timeline {
        Timeline::from_steps(steps.iter().map(|(at, state)| (Instant(*at), *state)))
    }

    fn span(from: i64, until: i64) -> Interval {
        Interval::new(Instant(from), Instant(until)).unwrap()
    }

    #[test]
    fn a_timeline_is_unknown_before_its_first_step() {
        let t = line(&[(10, Up), (20, Down)]);
        assert_eq!(
            [t.at(Instant(9)), t.at(Instant(10)), t.at(Instant(19)), t.at(Instant(20))],
            [Unknown, Up, Up, Down]
        );
    }

    #[test]
    fn steps_that_change_nothing_are_not_kept_and_a_later_step_at_one_instant_wins() {
        let t = line(&[(0, Unknown), (1, Up), (2, Up), (3, Down), (3, Up), (4, Down)]);
        assert_eq!(t.steps(), [(Instant(1), Up), (Instant(4), Down)]);
    }

    #[test]
    fn the_four_states_sum_to_the_span() {
        let t = line(&[(10, Up), (20, Down), (25, Excluded), (30, Unknown)]);
        let tally = t.tally(&span(5, 40).into());
        assert_eq!((tally.up.0, tally.down.0, tally.excluded.0, tally.unknown.0), (10, 5, 5, 15));
        assert_eq!(tally.covered(), Millis(35));
    }

    #[test]
    fn pieces_cover_a_span_that_begins_and_ends_inside_steps() {
        let t = line(&[(10, Up), (20, Down)]);
        let got: Vec<_> = t.pieces(span(15, 22)).collect();
        assert_eq!(got, [(span(15, 20), Up), (span(20, 22), Down)]);
    }

    #[test]
    fn an_outage_begins_down_and_ends_when_the_subject_is_known_to_be_down_no_more() {
        let t = line(&[
            (10, Up),
            (20, Down),
            (25, Unknown),
            (30, Down),
            (40, Up),
            (50, Unknown),
            (60, Down),
            (65, Unknown),
            (70, Excluded),
            (80, Down),
            (90, Unknown),
        ]);
        let all = |since, now| -> Vec<(i64, Option<i64>)> {
            let outages = t.outages(Instant(since), Instant(now));
            outages.into_iter().map(|o| (o.from.0, o.until.map(|until| until.0))).collect()
        };
        assert_eq!(all(0, 100), [(20, Some(40)), (60, Some(70)), (80, None)]);
        assert_eq!(all(40, 100), [(20, Some(40)), (60, Some(70)), (80, None)]);
        assert_eq!(all(41, 100), [(60, Some(70)), (80, None)]);
        assert_eq!(all(71, 100), [(80, None)]);
        assert_eq!(all(0, 40), [(20, None)], "what comes later is not known");
        assert_eq!(all(0, 20), []);
        assert_eq!(line(&[(5, Down)]).outages(Instant(0), Instant(9)), [Outage { from: Instant(5), until: None }]);
    }

    #[test]
    fn an_overlay_holds_inside_its_set_and_nowhere_else() {
        let t = line(&[(0, Up), (10, Down)]);
        let over = t.overlay(&IntervalSet::from(span(5, 15)), Unknown);
        assert_eq!(over, line(&[(0, Up), (5, Unknown), (15, Down)]));
    }

    #[test]
    fn only_a_span_is_an_overlay_of_all_that_is_outside_it() {
        let t = line(&[(0, Up), (10, Down), (20, Unknown), (30, Up)]);
        let ends = [Interval::ALL.from(), Instant(-5), Instant(0), Instant(10), Instant(15), Instant(20), Instant(40)];
        for from in ends {
            for until in ends.into_iter().chain([Interval::ALL.until()]) {
                let Some(span) = Interval::new(from, until) else { continue };
                let outside = IntervalSet::from(Interval::ALL).difference(&span.into());
                for state in [Up, Down, Excluded, Unknown] {
                    let all = |line: &Timeline| line.pieces(Interval::ALL).collect::<Vec<_>>();
                    assert_eq!(all(&t.only(span, state)), all(&t.overlay(&outside, state)), "{span:?} {state:?}");
                }
            }
        }
    }

    #[test]
    fn counting_parts_is_looking_at_each_of_them() {
        let all = [Up, Down, Excluded, Unknown];
        let part = |seed: i64| -> Timeline {
            let step = |k: i64| (k * (seed % 3 + 1), all[usize::try_from((seed * 7 + k * k * 5) % 4).unwrap()]);
            line(&(0..20).map(step).collect::<Vec<_>>())
        };
        let parts: Vec<Timeline> = (0..6).map(part).collect();
        let parts: Vec<&Timeline> = parts.iter().collect();
        for wanted in all {
            for least in 0..=6 {
                let counted = |counts: Counts| {
                    let Counts { up, down, excluded, unknown } = counts;
                    assert_eq!(counts.all(), 6);
                    let found = [(Up, up), (Down, down), (Excluded, excluded), (Unknown, unknown)];
                    if found.iter().any(|(state, count)| *state == wanted && *count >= least) { Down } else { Up }
                };
                let looked = |states: &[State]| {
                    if states.iter().filter(|state| **state == wanted).count() >= least { Down } else { Up }
                };
                assert_eq!(Timeline::combine_counts(&parts, counted), Timeline::combine(&parts, looked));
            }
        }
    }

    #[test]
    fn a_rule_sees_every_part_at_every_instant() {
        let (a, b) = (line(&[(0, Up), (10, Down)]), line(&[(5, Up)]));
        let worst = Timeline::combine(&[&a, &b], |s| s.iter().copied().min().unwrap());
        assert_eq!(worst, line(&[(5, Up), (10, Down)]));
    }
}
