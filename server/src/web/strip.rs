//! Strips: time drawn as a row of bars, one for each day or minute, with a table behind it.
//!
//! A state is told by its place and pattern as well as by its colour: any downtime also puts a mark below its bar.

use jiff::Span;
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::{State, Tally, Timeline};

use crate::wording::Words;

/// Bars' height in the drawing.
const HEIGHT: i64 = 34;
/// The least height of a state that was there at all, so that a second of downtime can be seen in a day.
const LEAST: i64 = 8;
/// From one bar to the next.
const STEP: usize = 10;

/// One drawing.
pub(super) struct Strip {
    /// The heading above it.
    pub(super) title: String,
    /// What it shows, for those who do not see it.
    pub(super) label: String,
    /// The width of the drawing.
    pub(super) width: usize,
    /// The bars, the oldest first.
    pub(super) bars: Vec<Bar>,
    /// What stands under its two ends.
    pub(super) ends: [String; 2],
    /// The same as a table: neighbours that say the same are one row.
    pub(super) table: Vec<TableRow>,
}

/// One bar.
pub(super) struct Bar {
    /// Its place.
    pub(super) x: usize,
    /// When, and how that time was spent.
    pub(super) title: String,
    /// Its parts from the top; empty before the agreement was in force.
    pub(super) parts: Vec<Part>,
    /// Whether there was downtime.
    pub(super) marked: bool,
}

/// One state's part of a bar.
pub(super) struct Part {
    pub(super) y: i64,
    pub(super) height: i64,
    /// The state's name, which is also its class.
    pub(super) state: &'static str,
}

/// A stretch of bars that say the same.
pub(super) struct TableRow {
    /// When.
    pub(super) when: String,
    /// How it was spent.
    pub(super) spent: String,
}

/// What one bar stands for.
pub(super) struct Slot {
    label: String,
    span: Option<Interval>,
}

/// The last `count` days up to `now`, in the zone of the words.
pub(super) fn days(words: &Words, now: Instant, count: i64) -> Vec<Slot> {
    let zone = &words.zone;
    let today = zone.date(now - Millis(1));
    let day = |back: i64| today.saturating_sub(Span::new().days(back));
    let slot = |back: i64| Slot {
        label: words.date(day(back)),
        span: Interval::new(zone.start_of_day(day(back)), zone.start_of_day(day(back - 1)).min(now)),
    };
    (0..count).rev().map(slot).collect()
}

/// The last `count` minutes up to `now`, the current one included as far as it went.
pub(super) fn minutes(words: &Words, now: Instant, count: i64) -> Vec<Slot> {
    let current = (now.0 - 1).div_euclid(60_000);
    let slot = |back: i64| {
        let from = Instant((current - back) * 60_000);
        Slot { label: words.minute(from), span: Interval::new(from, (from + Millis(60_000)).min(now)) }
    };
    (0..count).rev().map(slot).collect()
}

/// Draws the slots of a timeline, as far as the agreement is in force.
pub(super) fn draw(
    words: &Words,
    [title, label]: [String; 2],
    slots: &[Slot],
    timeline: &Timeline,
    valid: Interval,
) -> Strip {
    let mut bars = Vec::with_capacity(slots.len());
    let mut rows: Vec<(&str, &str, String)> = Vec::new();
    for (place, slot) in slots.iter().enumerate() {
        let counted = slot.span.and_then(|span| span.intersect(valid));
        let tally = counted.map(|span| timeline.tally(&IntervalSet::from(span)));
        let spent = tally.map_or_else(|| words.texts.get("not-in-force"), |tally| words.spent(&tally));
        let title = words.texts.with("bar", &[("when", slot.label.as_str().into()), ("spent", spent.as_str().into())]);
        bars.push(Bar {
            x: place * STEP,
            title,
            parts: tally.map_or_else(Vec::new, |tally| parts(&tally)),
            marked: tally.is_some_and(|tally| tally.down.0 > 0),
        });
        match rows.last_mut() {
            Some((_, until, same)) if *same == spent => *until = &slot.label,
            _ => rows.push((&slot.label, &slot.label, spent)),
        }
    }
    let row = |(from, until, spent): (&str, &str, String)| {
        let range = [("from", from.into()), ("until", until.into())];
        let when = if from == until { from.to_owned() } else { words.texts.with("range", &range) };
        TableRow { when, spent }
    };
    let end = |slot: Option<&Slot>| slot.map_or_else(String::new, |slot| slot.label.clone());
    Strip {
        title,
        label,
        width: slots.len() * STEP - 2,
        bars,
        ends: [end(slots.first()), end(slots.last())],
        table: rows.into_iter().map(row).collect(),
    }
}

/// The parts of a bar from the top.
fn parts(tally: &Tally) -> Vec<Part> {
    let part = |(y, height, state): (i64, i64, State)| Part { y, height, state: state.name() };
    heights(tally).into_iter().map(part).collect()
}

/// Where the part of each state begins and how high it is: what was good at the top, what was down at the bottom beside its
/// mark.
pub(super) fn heights(tally: &Tally) -> Vec<(i64, i64, State)> {
    let lengths = [
        (State::Up, tally.up.0),
        (State::Excluded, tally.excluded.0),
        (State::Unknown, tally.unknown.0),
        (State::Down, tally.down.0),
    ];
    let whole = tally.covered().0.max(1);
    let mut heights: Vec<(State, i64)> = lengths
        .into_iter()
        .filter(|(_, length)| *length > 0)
        .map(|(state, length)| (state, (HEIGHT * length / whole).max(LEAST)))
        .collect();
    let sum: i64 = heights.iter().map(|(_, height)| height).sum();
    if let Some((_, largest)) = heights.iter_mut().max_by_key(|(_, height)| *height) {
        *largest += HEIGHT - sum;
    }
    let mut y = 0;
    let placed = heights.into_iter().map(|(state, height)| {
        y += height;
        (y - height, height, state)
    });
    placed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::Texts;
    use uphold_core::agreement::Language;
    use uphold_core::time::Zone;

    fn words(zone: &str) -> Words {
        Words { texts: Texts(Language::En), zone: Zone::parse(zone).unwrap() }
    }

    #[test]
    fn the_parts_fill_a_bar_and_the_least_of_them_can_be_seen() {
        let day = 86_400_000;
        for (up, down, excluded, unknown) in [(day - 1, 1, 0, 0), (1, 1, 1, day - 3), (day, 0, 0, 0), (0, day, 0, 0)] {
            let [up, down, excluded, unknown] = [up, down, excluded, unknown].map(Millis);
            let drawn = parts(&Tally { up, down, excluded, unknown });
            assert_eq!(drawn.iter().map(|part| part.height).sum::<i64>(), HEIGHT);
            assert!(drawn.iter().all(|part| part.height >= LEAST));
            assert_eq!(drawn.iter().any(|part| part.state == "down"), down.0 > 0);
        }
    }

    #[test]
    fn days_meet_each_other_over_a_change_of_the_clocks_and_end_now() {
        let now = Instant::parse("2026-10-26T12:00:00Z").unwrap();
        let slots = days(&words("Europe/Berlin"), now, 3);
        let spans: Vec<Interval> = slots.iter().filter_map(|slot| slot.span).collect();
        assert!(spans.windows(2).all(|pair| pair[0].until() == pair[1].from()));
        assert_eq!(spans[1].length(), Millis(25 * 3_600_000));
        assert_eq!((slots.len(), spans[2].until()), (3, now));
    }

    #[test]
    fn time_outside_the_agreement_is_no_state_and_equal_neighbours_are_one_row() {
        let words = words("UTC");
        let now = Instant::parse("2026-10-26T12:00:30Z").unwrap();
        let from = Instant::parse("2026-10-26T11:58:00Z").unwrap();
        let timeline = Timeline::from_steps([(from, State::Up), (now - Millis(10_000), State::Down)]);
        let valid = Interval::new(from, Instant::MAX).unwrap();
        let strip = draw(&words, [String::new(), String::new()], &minutes(&words, now, 5), &timeline, valid);
        let table: Vec<(&str, &str)> = strip.table.iter().map(|r| (r.when.as_str(), r.spent.as_str())).collect();
        assert_eq!(table[0], ("11:56 to 11:57", "agreement not in force"));
        assert_eq!(table[1], ("11:58 to 11:59", "up"));
        assert_eq!(table[2].0, "12:00");
        assert_eq!(table[2].1.replace('\u{a0}', " "), "down 10 s, up 20 s");
        assert_eq!(strip.bars.iter().map(|bar| bar.marked).collect::<Vec<_>>(), [false, false, false, false, true]);
    }
}
