//! Moments, lengths and periods as statements and figures print them: compact, exact to the millisecond, in a zone that is named
//! beside them.

use uphold_core::interval::Interval;
use uphold_core::time::{Instant, Millis, Period, Zone};

use super::Words;

/// A moment for machines and for people.
pub(crate) struct Moment {
    /// RFC 3339 in UTC.
    pub(crate) iso: String,
    /// The date and the wall clock of the zone, which stands in a heading near by.
    pub(crate) text: String,
}

/// `3 Oct 2026, 01:00:00`, with thousandths where there are any. The second of two equal wall-clock times, where clocks
/// were put back, says what it is in UTC.
pub(crate) fn moment(words: &Words, at: Instant) -> Moment {
    if at >= Instant::MAX {
        return Moment { iso: String::new(), text: words.texts.get("statement-open-end") };
    }
    let mut clock = clock(at, &words.zone);
    if is_second(&words.zone, at) {
        clock = words
            .texts
            .with("statement-second", &[("clock", clock.into()), ("utc", self::clock(at, &Zone::utc()).into())]);
    }
    let date = words.short_date(words.zone.date(at));
    let text = words.texts.with("statement-at", &[("date", unbroken(&date).into()), ("clock", clock.into())]);
    Moment { iso: at.to_string(), text }
}

/// The text with spaces at which no line breaks.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

fn clock(at: Instant, zone: &Zone) -> String {
    let clock: String = at.local(zone).chars().skip(11).collect();
    match at.0.rem_euclid(1000) {
        0 => clock,
        part => format!("{clock}.{part:03}"),
    }
}

/// Whether the wall clock had shown the same time before on the same day.
fn is_second(zone: &Zone, at: Instant) -> bool {
    let text = at.local(zone);
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i64>().ok());
    let (Some(hours), Some(minutes), Some(seconds)) = (part(11..13), part(14..16), part(17..19)) else { return false };
    let wall = Millis((hours * 3600 + minutes * 60 + seconds) * 1000 + at.0.rem_euclid(1000));
    zone.at_wall_clock(zone.date(at), wall) != at
}

/// `743:05:09`: hours, minutes and seconds, with thousandths where there are any.
pub(crate) fn clock_length(length: Millis) -> String {
    let sign = if length.0 < 0 { "−" } else { "" };
    let whole = length.0.unsigned_abs();
    let (seconds, part) = (whole / 1000, whole % 1000);
    let text = format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if part == 0 { text } else { format!("{text}.{part:03}") }
}

/// Exact seconds with their digits in groups.
pub(crate) fn seconds(words: &Words, length: Millis) -> String {
    decimal(words, &length.seconds())
}

/// A decimal with the digits before its point in groups.
pub(crate) fn decimal(words: &Words, text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("−", digits));
    match digits.split_once('.') {
        Some((whole, decimals)) => format!("{sign}{}.{decimals}", words.number(whole)),
        None => format!("{sign}{}", words.number(digits)),
    }
}

/// The name of a period: a month, a quarter or a year by its name, any other by its two ends.
pub(crate) fn period(words: &Words, period: &Period) -> String {
    let name = period.name.as_str();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_calendar = match (name.get(..4), name.get(4..)) {
        (Some(year), Some("")) => is_digits(year),
        (Some(year), Some(rest)) => {
            let rest = rest.strip_prefix("-Q").or_else(|| rest.strip_prefix('-'));
            is_digits(year) && rest.is_some_and(|rest| (1..=2).contains(&rest.len()) && is_digits(rest))
        }
        _ => false,
    };
    if is_calendar { unbroken(&words.period(name)) } else { span(words, period.interval) }
}

/// Both ends of a span.
pub(crate) fn span(words: &Words, span: Interval) -> String {
    let (from, until) = (moment(words, span.from()).text, moment(words, span.until()).text);
    words.texts.with("statement-span", &[("from", from.into()), ("until", until.into())])
}

#[cfg(test)]
mod tests {
    use super::super::Texts;
    use super::*;
    use uphold_core::agreement::Language;

    fn words(language: Language, zone: &str) -> Words {
        Words { texts: Texts(language), zone: Zone::parse(zone).unwrap() }
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn the_second_of_two_equal_times_says_what_it_is_in_utc() {
        let words = words(Language::En, "Europe/Berlin");
        let text = |at: Instant| moment(&words, at).text.replace('\u{a0}', " ");
        assert_eq!(text(at("2026-10-25T00:30:00Z")), "25 Oct 2026, 02:30:00");
        assert_eq!(text(at("2026-10-25T01:30:00Z")), "25 Oct 2026, 02:30:00 (01:30:00 UTC)");
        assert_eq!(text(at("2026-10-25T02:30:00.05Z")), "25 Oct 2026, 03:30:00.050");
    }

    #[test]
    fn lengths_are_exact_and_may_be_less_than_nothing() {
        assert_eq!(clock_length(Millis(2_674_809_000)), "743:00:09");
        assert_eq!(clock_length(Millis(-61_250)), "−0:01:01.250");
        assert_eq!(seconds(&words(Language::En, "UTC"), Millis(-1_234_500)), "−1,234.5");
    }

    #[test]
    fn a_period_without_a_name_of_the_calendar_is_told_by_its_ends() {
        let words = words(Language::Ja, "Asia/Tokyo");
        let interval = Interval::new(at("2026-10-01T15:00:00Z"), at("2026-10-02T15:00:00Z")).unwrap();
        let named = |name: &str| period(&words, &Period { name: name.to_owned(), interval });
        assert_eq!(named("2026-10"), "2026年10月");
        assert_eq!(named("2026-Q3"), "2026年第3四半期");
        for name in ["to 2026-10-02", "2026-10-02/2026-10-03", "claim c-1", "2026-10-02"] {
            assert_eq!(
                named(name).replace('\u{a0}', " "),
                "2026年10月2日 00:00:00 ～ 2026年10月3日 00:00:00",
                "{name}"
            );
        }
    }
}
