//! Dates, lengths of time and numbers, put into words for one language and one zone, which is always named.

use fluent_bundle::FluentValue;
use jiff::civil::Date;
use uphold_core::agreement::{Language, Lead, Text};
use uphold_core::interval::Interval;
use uphold_core::statement::Verdict;
use uphold_core::time::{Instant, Millis, Zone};
use uphold_core::timeline::{State, Tally};

use super::texts::Texts;

/// A text of the agreement, with the language that it is really in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phrase {
    /// The language's code.
    pub(crate) lang: &'static str,
    /// What it says.
    pub(crate) text: String,
}

/// A sentence that may hold a length of time which grows while it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sentence {
    /// What stands before the length; all of it when there is none.
    pub(crate) before: String,
    /// The length, and the instant that it counts from in milliseconds.
    pub(crate) lasting: Option<(String, i64)>,
    /// What stands after.
    pub(crate) after: String,
}

impl Sentence {
    /// A sentence without a growing length.
    pub(crate) fn plain(text: String) -> Self {
        Self { before: text, ..Self::default() }
    }
}

/// The words of one language, with the zone of its times.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// The language.
    pub(crate) texts: Texts,
    /// The zone.
    pub(crate) zone: Zone,
}

impl Words {
    /// A text of the agreement in this language, or in another where it has none in this.
    pub(crate) fn phrase(&self, text: &Text) -> Phrase {
        let language =
            if text.0.contains_key(&self.texts.0) { Some(self.texts.0) } else { text.0.keys().next().copied() };
        Phrase { lang: language.map_or("", Language::code), text: text.in_language(self.texts.0).to_owned() }
    }

    /// `22 November 2026`.
    pub(crate) fn date(&self, date: Date) -> String {
        self.texts.with(
            "date",
            &[
                ("day", date.day().to_string().into()),
                ("month", i64::from(date.month()).into()),
                ("year", date.year().to_string().into()),
            ],
        )
    }

    /// `22 Nov 2026`: for tables.
    pub(crate) fn short_date(&self, date: Date) -> String {
        let year = ("year", date.year().to_string().into());
        self.texts.with("short-date", &[("day", date.day().to_string().into()), self.month(date), year])
    }

    /// `22 Nov`: for axes, whose heading names the year.
    pub(crate) fn day_month(&self, date: Date) -> String {
        self.texts.with("day-month", &[("day", date.day().to_string().into()), self.month(date)])
    }

    fn month(&self, date: Date) -> (&'static str, FluentValue<'static>) {
        let name = match date.month() {
            1 => "month-1",
            2 => "month-2",
            3 => "month-3",
            4 => "month-4",
            5 => "month-5",
            6 => "month-6",
            7 => "month-7",
            8 => "month-8",
            9 => "month-9",
            10 => "month-10",
            11 => "month-11",
            _ => "month-12",
        };
        ("month", self.texts.get(name).into())
    }

    /// `22 November 2026, 12:34:56 UTC`.
    pub(crate) fn moment(&self, at: Instant) -> String {
        let date = self.date(self.zone.date(at));
        self.texts.with(
            "moment",
            &[("date", date.into()), ("clock", self.clock(at, 8).into()), ("zone", self.zone.name().into())],
        )
    }

    /// `12:34`, without the zone: only for use beside a place that names it.
    pub(crate) fn minute(&self, at: Instant) -> String {
        self.clock(at, 5)
    }

    /// `12:34:56`, without the zone, as [`Self::minute`].
    pub(crate) fn second(&self, at: Instant) -> String {
        self.clock(at, 8)
    }

    fn clock(&self, at: Instant, length: usize) -> String {
        at.local(&self.zone).chars().skip(11).take(length).collect()
    }

    /// The name of a period, such as `November 2026`.
    pub(crate) fn period(&self, name: &str) -> String {
        let Some((year, rest)) = name.split_once('-').filter(|_| !name.contains('/')) else { return name.to_owned() };
        let year = ("year", year.into());
        match rest.strip_prefix('Q') {
            Some(quarter) => self.texts.with("quarter", &[year, ("quarter", quarter.into())]),
            None => self.texts.with("month", &[year, ("month", rest.parse::<i64>().unwrap_or(1).into())]),
        }
    }

    /// When something is in force.
    pub(crate) fn validity(&self, valid: Interval) -> String {
        let from = self.moment(valid.from());
        if valid.until() >= Instant::MAX {
            self.texts.with("valid-from", &[("from", from.into())])
        } else {
            let until = self.moment(valid.until());
            self.texts.with("valid-between", &[("from", from.into()), ("until", until.into())])
        }
    }

    /// The two largest units of a length, for one that grows: `4 min 10 s`. The script of the page has the same rule.
    pub(crate) fn lasting(&self, length: Millis) -> String {
        self.units(length.0.max(0) / 1000, 2)
    }

    /// A whole length to the second, a part of a second counted as one.
    pub(crate) fn length(&self, length: Millis) -> String {
        self.units(length.0.max(0).unsigned_abs().div_ceil(1000).try_into().unwrap_or(i64::MAX), 4)
    }

    /// A length to the millisecond, for what is compared: of two that differ none looks like the other.
    pub(crate) fn exact_length(&self, length: Millis) -> String {
        let (whole, part) = (length.0.unsigned_abs() / 1000, length.0.unsigned_abs() % 1000);
        let sign = if length.0 < 0 { "−" } else { "" };
        let seconds = i64::try_from(whole).unwrap_or(i64::MAX);
        if part == 0 {
            return format!("{sign}{}", self.units(seconds, 4));
        }
        let last = format!("{}.{part:03}\u{a0}{}", seconds % 60, self.texts.get("unit-second"));
        match seconds / 60 * 60 {
            0 => format!("{sign}{last}"),
            minutes => format!("{sign}{} {last}", self.units(minutes, 4)),
        }
    }

    /// How long a state held, to the second and rounded toward the worse: time up down, all other time up.
    pub(crate) fn held(&self, state: State, length: Millis) -> String {
        if state == State::Up { self.units(length.0.max(0) / 1000, 4) } else { self.length(length) }
    }

    /// How long before something its notice must come.
    pub(crate) fn lead(&self, lead: Lead) -> String {
        match lead {
            Lead::Elapsed(length) => self.length(length),
            Lead::CalendarDays(days) => self.texts.with("calendar-days", &[("n", days.into())]),
        }
    }

    /// The name of a verdict.
    pub(crate) fn verdict(&self, verdict: Verdict) -> String {
        let texts = self.texts;
        match verdict {
            Verdict::Met => texts.get("verdict-met"),
            Verdict::Missed => texts.get("verdict-missed"),
            Verdict::Indeterminate => texts.get("verdict-indeterminate"),
            Verdict::NoTarget => texts.get("verdict-no-target"),
            Verdict::NoOccasion => texts.get("verdict-no-occasion"),
            Verdict::NotCovered => texts.get("verdict-not-covered"),
            Verdict::InProgress => texts.get("verdict-in-progress"),
        }
    }

    fn units(&self, seconds: i64, most: usize) -> String {
        let parts = [
            (seconds / 86_400, self.texts.get("unit-day")),
            (seconds / 3600 % 24, self.texts.get("unit-hour")),
            (seconds / 60 % 60, self.texts.get("unit-minute")),
            (seconds % 60, self.texts.get("unit-second")),
        ];
        let first = parts.iter().position(|(n, _)| *n > 0).unwrap_or(parts.len() - 1);
        let shown = parts.iter().skip(first).take(most).filter(|(n, _)| *n > 0);
        let text: Vec<String> = shown.map(|(n, unit)| format!("{n}\u{a0}{unit}")).collect();
        if text.is_empty() { format!("0\u{a0}{}", self.texts.get("unit-second")) } else { text.join(" ") }
    }

    /// A whole number with its digits in groups of three.
    pub(crate) fn number(&self, digits: &str) -> String {
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    }

    /// The name of a state.
    pub(crate) fn state(&self, state: State) -> String {
        let texts = self.texts;
        match state {
            State::Up => texts.get("state-up"),
            State::Down => texts.get("state-down"),
            State::Excluded => texts.get("state-excluded"),
            State::Unknown => texts.get("state-unknown"),
        }
    }

    /// How a span was spent: `up` when it was in one state, else each state with its length.
    pub(crate) fn spent(&self, tally: &Tally) -> String {
        let parts = [
            (State::Down, tally.down),
            (State::Unknown, tally.unknown),
            (State::Excluded, tally.excluded),
            (State::Up, tally.up),
        ];
        let present: Vec<(State, Millis)> = parts.into_iter().filter(|(_, length)| length.0 > 0).collect();
        match present.as_slice() {
            [(state, _)] => self.state(*state),
            several => self.list(
                &several.iter().map(|(s, n)| format!("{} {}", self.state(*s), self.held(*s, *n))).collect::<Vec<_>>(),
            ),
        }
    }

    /// A list in one line.
    pub(crate) fn list(&self, parts: &[String]) -> String {
        parts.join(&self.texts.get("list-separator"))
    }

    /// A sentence whose blank `duration` is a length that grows.
    pub(crate) fn growing(
        &self,
        sentence: impl FnOnce(Texts, &'static str) -> String,
        since: Instant,
        now: Instant,
    ) -> Sentence {
        // A control character cannot stand in a name or a text, so it marks the blank's place.
        const BLANK: &str = "\u{1}";
        let text = sentence(self.texts, BLANK);
        match text.split_once(BLANK) {
            Some((before, after)) => Sentence {
                before: before.to_owned(),
                lasting: Some((self.lasting(now - since), since.0)),
                after: after.to_owned(),
            },
            None => Sentence::plain(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(language: Language, zone: &str) -> Words {
        Words { texts: Texts(language), zone: Zone::parse(zone).unwrap() }
    }

    #[test]
    fn a_moment_names_its_zone_in_both_languages() {
        let at = Instant::parse("2026-11-22T23:04:05Z").unwrap();
        assert_eq!(words(Language::En, "UTC").moment(at), "22 November 2026, 23:04:05 UTC");
        assert_eq!(words(Language::Ja, "Asia/Tokyo").moment(at), "2026年11月23日 08:04:05（Asia/Tokyo）");
    }

    #[test]
    fn a_growing_length_shows_two_units_and_a_measured_one_all_of_them() {
        let words = words(Language::En, "UTC");
        let plain = |text: String| text.replace('\u{a0}', " ");
        let length = Millis(90_061_001);
        assert_eq!(plain(words.lasting(length)), "1 d 1 h");
        assert_eq!(plain(words.length(length)), "1 d 1 h 1 min 2 s");
        assert_eq!(plain(words.lasting(Millis(3_600_000))), "1 h");
        assert_eq!(plain(words.length(Millis(1))), "1 s");
        assert_eq!(plain(words.held(State::Up, Millis(1999))), "1 s");
        assert_eq!(plain(words.held(State::Down, Millis(1001))), "2 s");
        assert_eq!(plain(words.length(Millis(0))), "0 s");
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let words = words(Language::En, "UTC");
        assert_eq!(["7", "123", "1234", "1234567"].map(|n| words.number(n)), ["7", "123", "1,234", "1,234,567"]);
        assert_eq!((words.period("2026-11"), words.period("2026")), ("November 2026".into(), "2026".into()));
    }
}
