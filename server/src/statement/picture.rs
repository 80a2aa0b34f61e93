//! The picture of a period: one strip of time with its axis of local dates.
//!
//! It is drawn from the stretches that the row itself gives, so that picture, table and figures cannot differ. A state is
//! told by place and pattern as well as by colour: down time stands out below the strip. However many stretches there
//! are, the strip has [`COLUMNS`] columns, each in the worst state that it holds.

use uphold_core::interval::Interval;
use uphold_core::statement::Row;
use uphold_core::time::{Date, Instant, Millis, Zone};
use uphold_core::timeline::State;

use crate::wording::Words;

/// How finely time is drawn.
const COLUMNS: i64 = 720;
/// The most marks that an axis has.
const MARKS: i64 = 8;

/// One strip.
pub(super) struct Picture {
    /// The states that it shows with their pieces.
    pub(super) layers: Vec<Layer>,
    /// The marks of the axis.
    pub(super) marks: Vec<Mark>,
}

/// Everything in one state.
pub(super) struct Layer {
    /// The state's name, which is also its class; `outside` for time that did not count.
    pub(super) class: &'static str,
    /// Where the pieces begin and how wide they are, in percent of the period.
    pub(super) pieces: Vec<(String, String)>,
}

/// One mark of the axis.
pub(super) struct Mark {
    /// Its place in percent of the period.
    pub(super) x: String,
    /// What it says.
    pub(super) label: String,
    /// On which side of its place the label stands.
    pub(super) anchor: &'static str,
    /// Whether it may be left out where there is little room.
    pub(super) minor: bool,
}

/// Draws a row that is judged by time; nothing where no time counted.
pub(super) fn draw(words: &Words, row: &Row) -> Option<Picture> {
    if row.tally.covered().0 == 0 || row.counted.parts().is_empty() {
        return None;
    }
    let span = row.period.interval;
    let columns = columns(row);
    let classes: [(&'static str, Option<State>); 5] = [
        ("outside", None),
        ("up", Some(State::Up)),
        ("excluded", Some(State::Excluded)),
        ("unknown", Some(State::Unknown)),
        ("down", Some(State::Down)),
    ];
    let layer = |(class, state)| Layer { class, pieces: pieces(&columns, state) };
    let layers = classes.into_iter().map(layer).filter(|layer| !layer.pieces.is_empty()).collect();
    Some(Picture { layers, marks: marks(words, span) })
}

/// The worst state of each column; nothing where none of its time counted.
fn columns(row: &Row) -> Vec<Option<State>> {
    let mut columns = vec![None; usize::try_from(COLUMNS).unwrap_or(0)];
    let mut mark = |interval: Interval, state: State| {
        for column in touched(row.period.interval, interval) {
            if let Some(held) = columns.get_mut(column) {
                *held = Some(held.map_or(state, |held: State| held.min(state)));
            }
        }
    };
    row.counted.parts().iter().for_each(|part| mark(*part, State::Up));
    for reason in &row.reasons {
        if let Some(state) = reason.state() {
            mark(reason.interval, state);
        }
    }
    columns
}

/// The columns that a stretch touches.
fn touched(span: Interval, stretch: Interval) -> std::ops::Range<usize> {
    let Some(inside) = stretch.intersect(span) else { return 0..0 };
    let length = i128::from(span.length().0);
    let place = |at: Instant| i128::from((at - span.from()).0) * i128::from(COLUMNS);
    let first = place(inside.from()) / length;
    let after = (place(inside.until()) + length - 1) / length;
    usize::try_from(first).unwrap_or(0)..usize::try_from(after).unwrap_or(0)
}

/// The runs of columns in one state.
fn pieces(columns: &[Option<State>], state: Option<State>) -> Vec<(String, String)> {
    let mut pieces = Vec::new();
    let mut first = 0;
    for run in columns.chunk_by(|a, b| a == b) {
        if run.first() == Some(&state) {
            let (from, until) = (thousandths(first, columns.len()), thousandths(first + run.len(), columns.len()));
            pieces.push((percent(from), percent(until - from)));
        }
        first += run.len();
    }
    pieces
}

/// A share in thousandths of a percent.
fn thousandths(part: usize, whole: usize) -> usize {
    part * 100_000 / whole.max(1)
}

/// Thousandths of a percent as SVG writes lengths.
fn percent(thousandths: usize) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// How far the marks of an axis are apart.
enum Step {
    Hours(i64),
    Days(i64),
    Months(i64),
}

fn step(span: Interval) -> Step {
    let hours = span.length().0 / 3_600_000;
    let days = hours / 24;
    match () {
        () if hours <= 2 * MARKS => Step::Hours(2),
        () if days <= 2 => Step::Hours(12),
        () if days <= MARKS => Step::Days(1),
        () if days <= 7 * MARKS => Step::Days(7),
        () if days <= 31 * MARKS => Step::Months(1),
        () if days <= 93 * MARKS => Step::Months(3),
        () => Step::Months(12 * (days / (366 * MARKS) + 1)),
    }
}

fn marks(words: &Words, span: Interval) -> Vec<Mark> {
    let zone = &words.zone;
    let first = zone.date(span.from());
    let mut marks = Vec::new();
    for number in 0..=4 * MARKS {
        let (at, label) = match step(span) {
            Step::Hours(hours) => {
                let at = zone.at_wall_clock(first, Millis(number * hours * 3_600_000));
                let midnight = zone.start_of_day(zone.date(at)) == at;
                (at, if midnight { words.day_month(zone.date(at)) } else { words.minute(at) })
            }
            Step::Days(days) => dated(words, zone, first.saturating_add(jiff::Span::new().days(number * days))),
            Step::Months(months) => dated(words, zone, Zone::months_after(first.first_of_month(), number * months)),
        };
        if at >= span.until() {
            break;
        }
        if at >= span.from() {
            let minor = marks.len() % 2 == 1;
            marks.push(mark(span, at, label, minor));
        }
    }
    marks
}

fn dated(words: &Words, zone: &Zone, date: Date) -> (Instant, String) {
    (zone.start_of_day(date), words.day_month(date))
}

fn mark(span: Interval, at: Instant, label: String, minor: bool) -> Mark {
    let share = |length: Millis| usize::try_from(length.0).unwrap_or(0);
    let (part, whole) = (share(at - span.from()), share(span.length()));
    let anchor = match part * 100 / whole.max(1) {
        0..=3 => "start",
        97.. => "end",
        _ => "middle",
    };
    Mark { x: percent(thousandths(part, whole)), label, anchor, minor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::Texts;
    use uphold_core::agreement::Language;
    use uphold_core::time::Period;

    fn span(name: &str, zone: &str) -> (Words, Interval) {
        let zone = Zone::parse(zone).unwrap();
        let interval = Period::parse(name, &zone).unwrap().interval;
        (Words { texts: Texts(Language::En), zone }, interval)
    }

    #[test]
    fn an_axis_has_few_marks_at_local_dates_whatever_the_period() {
        let labels = |name: &str, zone: &str| {
            let (words, interval) = span(name, zone);
            marks(&words, interval).into_iter().map(|mark| mark.label).collect::<Vec<_>>()
        };
        assert_eq!(labels("2026-10", "Europe/Berlin"), ["1 Oct", "8 Oct", "15 Oct", "22 Oct", "29 Oct"]);
        assert_eq!(labels("2026-Q3", "UTC"), ["1 Jul", "1 Aug", "1 Sep"]);
        assert_eq!(labels("2026", "Asia/Tokyo"), ["1 Jan", "1 Apr", "1 Jul", "1 Oct"]);
        let day = "2026-10-01T00:00:00Z/2026-10-02T00:00:00Z";
        assert_eq!(labels(day, "UTC"), ["1 Oct", "12:00"]);
        let decade = "2020-01-01T00:00:00Z/2040-01-01T00:00:00Z";
        assert!(labels(decade, "UTC").len() <= 10);
    }

    #[test]
    fn a_second_is_a_column_and_the_last_one_is_within_the_strip() {
        let (_, october) = span("2026-10", "UTC");
        let second = |at: Instant| touched(october, Interval::new(at, at + Millis(1000)).unwrap());
        assert_eq!(second(october.from()), 0..1);
        assert_eq!(second(october.until() - Millis(1000)), 719..720);
        assert_eq!(touched(october, october), 0..720);
        assert_eq!([1, 360, 720].map(|column| percent(thousandths(column, 720))), ["0.138%", "50%", "100%"]);
    }
}
