//! Timelines that zoom: a span of time drawn as bars, from a year down to a minute, with its table and with links to every
//! other span.
//!
//! Here: which span is asked for, where its neighbours are, and the drawing. Not here: whose states they are.

use jiff::Span;
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::time::{Instant, Millis, Zone};
use uphold_core::timeline::{State, Tally, Timeline};

use super::strip;
use crate::wording::{Texts, Words};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The spans that are one click away: what an address calls each, the key of its name, and its length.
const LEVELS: [(&str, &str, i64); 7] = [
    ("year", "zoom-year", 365 * DAY),
    ("quarter", "zoom-quarter", 90 * DAY),
    ("month", "zoom-month", 30 * DAY),
    ("week", "zoom-week", 7 * DAY),
    ("day", "zoom-day", DAY),
    ("hour", "zoom-hour", HOUR),
    ("minute", "zoom-minute", MINUTE),
];

/// What is shown unless asked otherwise, as a place in [`LEVELS`].
const FIRST: usize = 4;

/// The shortest and the longest span that is drawn. The script of the page has the same.
const LENGTHS: [i64; 2] = [SECOND, 400 * DAY];

/// How many bars a drawing has at most.
const BARS_MAX: i64 = 370;

/// What a bar may stand for.
const BARS: [i64; 14] = [
    SECOND / 10,
    SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
];

/// What may lie between two marks of the axis, of which there are at most [`TICKS_MAX`].
const TICKS: [i64; 20] = [
    SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    21 * DAY,
    91 * DAY,
];
const TICKS_MAX: i64 = 6;

/// How many changes of state the table behind a drawing lists.
const CHANGES_SHOWN: usize = 50;

/// What an address asks for.
#[derive(Debug, Default, Clone)]
pub(super) struct Asked {
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    pub(super) last: Option<String>,
}

/// Why a span cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadSpan {
    /// One of its ends is no moment.
    NoMoment,
    /// It has one end alone, or a `last` besides.
    Halved,
    /// It ends before it begins, or is too short or too long.
    Length,
    /// There is no such `last`.
    NoLevel,
}

impl BadSpan {
    /// What is wrong, and what to do.
    pub(super) fn text(self, texts: Texts) -> String {
        match self {
            Self::NoMoment => texts.get("span-no-moment"),
            Self::Halved => texts.get("span-halved"),
            Self::Length => texts.get("span-length"),
            Self::NoLevel => {
                texts.with("span-no-level", &[("levels", LEVELS.map(|(name, ..)| name).join(", ").into())])
            }
        }
    }
}

/// A span that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Its ends.
    pub(super) span: Interval,
    /// The place in [`LEVELS`] of what is shown up to now, if it moves along with the time.
    follows: Option<usize>,
}

impl Window {
    /// What is asked for, as it is now.
    pub(super) fn of(asked: &Asked, now: Instant) -> Result<Self, BadSpan> {
        let up_to_now = |place: usize| {
            let from = Instant(now.0.saturating_sub(LEVELS[place].2).max(Instant::MIN.0));
            let span = Interval::new(from, now).ok_or(BadSpan::Length)?;
            Ok(Self { span, follows: Some(place) })
        };
        match (&asked.from, &asked.until, &asked.last) {
            (None, None, None) => up_to_now(FIRST),
            (None, None, Some(last)) => {
                up_to_now(LEVELS.iter().position(|(name, ..)| name == last).ok_or(BadSpan::NoLevel)?)
            }
            (Some(from), Some(until), None) => {
                let [from, until] = [moment(from)?, moment(until)?];
                let span = Interval::new(from, until).ok_or(BadSpan::Length)?;
                let fits = (LENGTHS[0]..=LENGTHS[1]).contains(&span.length().0);
                fits.then_some(Self { span, follows: None }).ok_or(BadSpan::Length)
            }
            _ => Err(BadSpan::Halved),
        }
    }

    /// What follows the `?` of its address.
    pub(super) fn query(&self) -> String {
        match self.follows {
            Some(place) => format!("last={}", LEVELS[place].0),
            None => query(self.span.from().0, self.span.until().0),
        }
    }
}

/// A plus sign in an address is read as a space, which no moment has.
fn moment(text: &str) -> Result<Instant, BadSpan> {
    Instant::parse(&text.replace(' ', "+")).map_err(|_| BadSpan::NoMoment)
}

fn query(from: i64, until: i64) -> String {
    format!("from={}&until={}", Instant(from), Instant(until))
}

/// One link to another span.
pub(super) struct Link {
    /// What follows the `?` of the address.
    pub(super) query: String,
    /// What it says.
    pub(super) name: String,
    /// Whether it is what is shown.
    pub(super) is_here: bool,
}

/// One row: the states of something over the span.
pub(super) struct Row {
    /// What it is of.
    pub(super) title: String,
    /// What it shows, for those who do not see it.
    pub(super) label: String,
    /// Its bars, the oldest first; neighbours that are wholly in one state are one.
    pub(super) bars: Vec<Bar>,
    /// How long each state held, in the order of the heads of the table; nothing for one that a row of this kind has not.
    pub(super) held: [Option<String>; 5],
    /// The latest changes of state, the last first.
    pub(super) changes: Vec<Change>,
    /// How many more there are.
    pub(super) more: usize,
}

/// One bar. Its place and width are percentages of the drawing.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    /// Where a mark of it stands.
    pub(super) middle: String,
    /// When, and how that time was spent.
    pub(super) title: String,
    /// Its parts from the top.
    pub(super) parts: Vec<Part>,
    /// Whether all of it was down, which a line below it tells too.
    pub(super) is_down: bool,
    /// The state that a mark below it tells of, if it is one that must not be missed.
    pub(super) mark: Option<&'static str>,
}

/// One state's part of a bar.
pub(super) struct Part {
    pub(super) y: i64,
    pub(super) height: i64,
    pub(super) state: &'static str,
}

/// A stretch in one state.
pub(super) struct Change {
    pub(super) state: &'static str,
    pub(super) label: String,
    pub(super) length: String,
    pub(super) from: String,
    pub(super) until: String,
}

/// A mark of the axis.
pub(super) struct Tick {
    pub(super) x: String,
    pub(super) label: String,
}

/// All that is drawn around the rows.
pub(super) struct Axis {
    /// The span in words.
    pub(super) span: String,
    /// Its ends and the present in milliseconds, for the script.
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
    pub(super) now_ms: i64,
    pub(super) ticks: Vec<Tick>,
    pub(super) levels: Vec<Link>,
    pub(super) earlier: Option<Link>,
    pub(super) later: Option<Link>,
    pub(super) closer: Option<Link>,
    pub(super) wider: Option<Link>,
}

/// What the states of a row mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What was seen: no check is ever excluded, so that this state stands for degraded.
    Seen,
    /// What it counts as.
    Counted,
}

impl Meaning {
    fn name(self, state: State) -> &'static str {
        match (self, state) {
            (Self::Seen, State::Excluded) => "degraded",
            (_, state) => state.name(),
        }
    }

    fn label(self, words: &Words, state: State) -> String {
        match (self, state) {
            (Self::Seen, State::Excluded) => words.texts.get("state-degraded"),
            (_, state) => words.state(state),
        }
    }

    fn spent(self, words: &Words, tally: &Tally) -> String {
        let parts = [
            (State::Down, tally.down),
            (State::Excluded, tally.excluded),
            (State::Unknown, tally.unknown),
            (State::Up, tally.up),
        ];
        let held: Vec<_> = parts.into_iter().filter(|(_, length)| length.0 > 0).collect();
        match held.as_slice() {
            [(state, _)] => self.label(words, *state),
            several => {
                let say = |(state, length): &(State, Millis)| {
                    format!("{} {}", self.label(words, *state), words.held(*state, *length))
                };
                words.list(&several.iter().map(say).collect::<Vec<_>>())
            }
        }
    }
}

/// The axis of a window, and where its neighbours are.
pub(super) fn axis(words: &Words, window: Window, now: Instant) -> Axis {
    let (from, until) = (window.span.from().0, window.span.until().0);
    let length = until - from;
    let texts = words.texts;
    let link = |from: i64, until: i64, key: &str| {
        let fits = from >= Instant::MIN.0 && until <= Instant::MAX.0;
        fits.then(|| Link { query: query(from, until), name: texts.get(key), is_here: false })
    };
    // The middle stays where it is, unless what is to come would be shown.
    let around = |length: i64, key: &str| {
        let until = (from + (until - from) / 2 + length / 2).min(now.0.max(until));
        (LENGTHS[0]..=LENGTHS[1]).contains(&length).then(|| link(until - length, until, key)).flatten()
    };
    let level = |(place, (name, key, length)): (usize, &(&str, &str, i64))| {
        let follows = window.follows.is_some() || until >= now.0;
        let query = match around(*length, key) {
            Some(link) if !follows => link.query,
            _ => format!("last={name}"),
        };
        let is_here = window.follows == Some(place) || (window.follows.is_none() && *length == until - from);
        Link { query, name: texts.get(key), is_here }
    };
    let step = length / 2;
    Axis {
        span: texts.with(
            "range",
            &[("from", words.moment(window.span.from()).into()), ("until", words.moment(window.span.until()).into())],
        ),
        from_ms: from,
        until_ms: until,
        now_ms: now.0,
        ticks: ticks(words, window.span),
        levels: LEVELS.iter().enumerate().map(level).collect(),
        earlier: link(from - step, until - step, "zoom-earlier"),
        later: (until < now.0).then(|| (until + step).min(now.0)).and_then(|end| link(end - length, end, "zoom-later")),
        closer: around(length / 2, "zoom-closer"),
        wider: around((length * 2).min(LENGTHS[1]), "zoom-wider").filter(|_| length < LENGTHS[1]),
    }
}

/// Draws the states of something over a window, as far as time has gone.
pub(super) fn row(
    words: &Words,
    title: String,
    timeline: &Timeline,
    meaning: Meaning,
    window: Window,
    now: Instant,
) -> Row {
    let past = Interval::new(Instant::MIN, now).and_then(|past| past.intersect(window.span));
    let tally = past.map(|past| timeline.tally(&IntervalSet::from(past))).unwrap_or_default();
    let spent = past.map_or_else(|| words.texts.get("not-yet"), |_| meaning.spent(words, &tally));
    let (changes, more) = past.map_or_else(Default::default, |past| changes(words, timeline, meaning, past));
    Row {
        label: words.texts.with("bar", &[("when", title.as_str().into()), ("spent", spent.into())]),
        title,
        bars: past.map_or_else(Vec::new, |past| bars(words, timeline, meaning, window.span, past)),
        held: held(words, meaning, &tally),
        changes,
        more,
    }
}

fn held(words: &Words, meaning: Meaning, tally: &Tally) -> [Option<String>; 5] {
    let length = |state, length| Some(words.held(state, length));
    let between = length(State::Excluded, tally.excluded);
    let [degraded, excluded] = match meaning {
        Meaning::Seen => [between, None],
        Meaning::Counted => [None, between],
    };
    [
        length(State::Up, tally.up),
        length(State::Down, tally.down),
        degraded,
        excluded,
        length(State::Unknown, tally.unknown),
    ]
}

fn bars(words: &Words, timeline: &Timeline, meaning: Meaning, span: Interval, past: Interval) -> Vec<Bar> {
    let length = span.length().0;
    let step = BARS.into_iter().find(|step| length <= step * BARS_MAX).unwrap_or(2 * DAY);
    let mut slots: Vec<(Interval, Tally)> = Vec::new();
    let mut from = past.from().0;
    while let Some(slot) = Interval::new(Instant(from), Instant((from + step).min(past.until().0))) {
        let tally = timeline.tally(&IntervalSet::from(slot));
        match slots.last_mut() {
            Some((last, before)) if only(before).is_some() && only(before) == only(&tally) => {
                *last = Interval::new(last.from(), slot.until()).unwrap_or(slot);
                *before = timeline.tally(&IntervalSet::from(*last));
            }
            _ => slots.push((slot, tally)),
        }
        from += step;
    }
    let bar = |(slot, tally): (Interval, Tally)| {
        let [left, right] = [slot.from(), slot.until()].map(|at| (at - span.from()).0);
        let when =
            [("from", stamp(words, slot.from(), length).into()), ("until", stamp(words, slot.until(), length).into())];
        let when = words.texts.with("range", &when);
        let spent = meaning.spent(words, &tally);
        Bar {
            x: percent(left, length),
            width: percent(right - left, length),
            middle: percent((left + right) / 2, length),
            title: words.texts.with("bar", &[("when", when.into()), ("spent", spent.into())]),
            parts: parts(&tally, meaning),
            is_down: only(&tally) == Some(State::Down),
            mark: match (tally.down.0 > 0, tally.excluded.0 > 0 && meaning == Meaning::Seen) {
                (true, _) => Some("down"),
                (false, true) => Some("degraded"),
                (false, false) => None,
            },
        }
    };
    slots.into_iter().map(bar).collect()
}

/// The state that all of a time was in, if it was in one.
fn only(tally: &Tally) -> Option<State> {
    let parts = [
        (State::Up, tally.up),
        (State::Down, tally.down),
        (State::Excluded, tally.excluded),
        (State::Unknown, tally.unknown),
    ];
    let mut held = parts.into_iter().filter(|(_, length)| length.0 > 0);
    held.next().map(|(state, _)| state).filter(|_| held.next().is_none())
}

fn parts(tally: &Tally, meaning: Meaning) -> Vec<Part> {
    let part = |(y, height, state): (i64, i64, State)| Part { y, height, state: meaning.name(state) };
    strip::heights(tally).into_iter().map(part).collect()
}

fn changes(words: &Words, timeline: &Timeline, meaning: Meaning, past: Interval) -> (Vec<Change>, usize) {
    let pieces: Vec<(Interval, State)> = timeline.pieces(past).collect();
    let more = pieces.len().saturating_sub(CHANGES_SHOWN);
    let change = |(piece, state): &(Interval, State)| Change {
        state: meaning.name(*state),
        label: meaning.label(words, *state),
        length: words.held(*state, piece.length()),
        from: words.moment(piece.from()),
        until: words.moment(piece.until()),
    };
    (pieces.iter().rev().take(CHANGES_SHOWN).map(change).collect(), more)
}

/// A part of a whole in percent, with three decimals.
fn percent(part: i64, whole: i64) -> String {
    let thousandths = i128::from(part) * 100_000 / i128::from(whole.max(1));
    format!("{}.{:03}%", thousandths / 1_000, thousandths % 1_000)
}

/// A moment as an axis over so much time shows it.
fn stamp(words: &Words, at: Instant, length: i64) -> String {
    let date = words.zone.date(at);
    if length <= HOUR {
        words.second(at)
    } else if length <= DAY {
        words.minute(at)
    } else {
        let day = ("day", words.day_month(date).into());
        words.texts.with("day-minute", &[day, ("minute", words.minute(at).into())])
    }
}

fn ticks(words: &Words, span: Interval) -> Vec<Tick> {
    let length = span.length().0;
    let step = TICKS.into_iter().find(|step| length <= step * TICKS_MAX).unwrap_or(91 * DAY);
    let shown = |at: Instant| {
        if step >= DAY {
            words.day_month(words.zone.date(at))
        } else if step >= MINUTE {
            words.minute(at)
        } else {
            words.second(at)
        }
    };
    let tick = |at: Instant| Tick { x: percent((at - span.from()).0, length), label: shown(at) };
    let mut found: Vec<Tick> = Vec::new();
    for at in grid(&words.zone, span, step) {
        // One that stands at the very edge would be cut off.
        let left = (at - span.from()).0;
        if left * 100 >= length * 2 && left * 100 <= length * 96 {
            found.push(tick(at));
        }
    }
    found
}

/// The instants of a span that lie so far apart from the start of their local day, or begin every so many days.
fn grid(zone: &Zone, span: Interval, step: i64) -> Vec<Instant> {
    let mut found = Vec::new();
    let mut date = zone.date(span.from());
    let days = (step / DAY).max(1);
    loop {
        let (start, next) = (zone.start_of_day(date), zone.start_of_day(date.saturating_add(Span::new().days(days))));
        if start >= span.until() || next <= start {
            return found;
        }
        let end = if step >= DAY { start + Millis(1) } else { next };
        let mut at = start;
        while at < end {
            if span.contains(at) {
                found.push(at);
            }
            at = at + Millis(step);
        }
        date = date.saturating_add(Span::new().days(days));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::agreement::Language;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn words(zone: &str) -> Words {
        Words { texts: Texts(Language::En), zone: Zone::parse(zone).unwrap() }
    }

    fn asked(from: &str, until: &str, last: &str) -> Asked {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Asked { from: some(from), until: some(until), last: some(last) }
    }

    const NOON: &str = "2026-11-22T12:00:00Z";

    #[test]
    fn a_span_is_what_is_asked_for_or_a_reason_why_not() {
        let now = at(NOON);
        let window = |from: &str, until: &str, last: &str| Window::of(&asked(from, until, last), now);
        assert_eq!(window("", "", "").unwrap().span.length(), Millis(DAY));
        assert_eq!(window("", "", "minute").unwrap().span.from(), now - Millis(MINUTE));
        let fixed = window("2026-11-22T20:00:00 09:00", "2026-11-22T11:30:00Z", "").unwrap();
        assert_eq!(
            (fixed.span.from(), fixed.query().as_str()),
            (at("2026-11-22T11:00:00Z"), "from=2026-11-22T11:00:00Z&until=2026-11-22T11:30:00Z")
        );
        for (from, until, last, bad) in [
            ("yesterday", NOON, "", BadSpan::NoMoment),
            (NOON, "", "", BadSpan::Halved),
            (NOON, NOON, "day", BadSpan::Halved),
            (NOON, NOON, "", BadSpan::Length),
            (NOON, "2026-11-22T12:00:00.5Z", "", BadSpan::Length),
            ("2020-01-01T00:00:00Z", NOON, "", BadSpan::Length),
            ("", "", "decade", BadSpan::NoLevel),
        ] {
            assert_eq!(window(from, until, last), Err(bad), "{from} {until} {last}");
        }
    }

    #[test]
    fn every_level_has_few_bars_that_fill_it_and_few_marks() {
        let now = at(NOON);
        let words = words("Asia/Kolkata");
        // A minute in each hour is down: no two bars of a long span are alike, and none can be left out.
        let hours = (0..24 * 400).flat_map(|hour| {
            let from = now - Millis(hour * HOUR);
            [(from, State::Down), (from + Millis(MINUTE), State::Up)]
        });
        let mut steps: Vec<(Instant, State)> = hours.collect();
        steps.sort_unstable_by_key(|(at, _)| *at);
        let timeline = Timeline::from_steps(steps);
        for (name, _, length) in LEVELS {
            let window = Window::of(&asked("", "", name), now).unwrap();
            assert_eq!(window.span.length().0, length);
            let row = row(&words, "api".to_owned(), &timeline, Meaning::Seen, window, now);
            assert!(!row.bars.is_empty() && row.bars.len() <= 370, "{name}: {}", row.bars.len());
            assert!(row.bars.iter().all(|bar| bar.parts.iter().map(|part| part.height).sum::<i64>() == 34));
            let axis = axis(&words, window, now);
            assert!((2..=7).contains(&axis.ticks.len()), "{name}: {}", axis.ticks.len());
            assert_eq!(axis.levels.iter().filter(|level| level.is_here).count(), 1, "{name}");
            assert!(axis.later.is_none() && axis.earlier.is_some());
        }
    }

    #[test]
    fn what_is_alike_is_one_bar_and_what_is_short_is_marked() {
        let now = at(NOON);
        let down = now - Millis(6 * HOUR);
        let steps = [(now - Millis(DAY), State::Up), (down, State::Down), (down + Millis(1), State::Up)];
        let timeline = Timeline::from_steps(steps);
        let window = Window::of(&Asked::default(), now).unwrap();
        let drawn = row(&words("UTC"), "api".to_owned(), &timeline, Meaning::Counted, window, now);
        let marks: Vec<Option<&str>> = drawn.bars.iter().map(|bar| bar.mark).collect();
        assert_eq!(marks, [None, Some("down"), None]);
        assert_eq!((drawn.bars[0].x.as_str(), drawn.bars[0].width.as_str()), ("0.000%", "75.000%"));
        assert_eq!(drawn.changes.len(), 3);
        assert_eq!(drawn.held.map(|held| held.is_some()), [true, true, false, true, true]);
        // What is to come is no state.
        let later = Window { span: Interval::new(now, now + Millis(HOUR)).unwrap(), follows: None };
        assert!(row(&words("UTC"), String::new(), &timeline, Meaning::Seen, later, now).bars.is_empty());
    }

    #[test]
    fn a_fixed_span_is_zoomed_around_its_middle_and_never_beyond_now() {
        let now = at(NOON);
        let window = Window::of(&asked("2026-11-20T10:00:00Z", "2026-11-20T12:00:00Z", ""), now).unwrap();
        let found = axis(&words("UTC"), window, now);
        let query = |link: &Option<Link>| link.as_ref().unwrap().query.clone();
        assert_eq!(query(&found.closer), "from=2026-11-20T10:30:00Z&until=2026-11-20T11:30:00Z");
        assert_eq!(query(&found.wider), "from=2026-11-20T09:00:00Z&until=2026-11-20T13:00:00Z");
        assert_eq!(query(&found.earlier), "from=2026-11-20T09:00:00Z&until=2026-11-20T11:00:00Z");
        assert_eq!(query(&found.later), "from=2026-11-20T11:00:00Z&until=2026-11-20T13:00:00Z");
        assert_eq!(found.levels[3].query, "from=2026-11-15T12:00:00Z&until=2026-11-22T12:00:00Z");
        assert_eq!(found.levels[6].query, "from=2026-11-20T10:59:30Z&until=2026-11-20T11:00:30Z");
    }
}
