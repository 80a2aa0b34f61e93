//! Terms of time: the periods that are judged, and the hours of service.

use super::sources::Lookup;
use super::words::one_of;
use crate::diagnostic::Refusal;
use crate::document::{Findings, Item, Table};
use crate::id::CalendarId;
use crate::time::{Date, Millis};

/// The periods that a commitment is judged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodTerm {
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
    /// The very period that was asked for, whatever its length, judged as one.
    Asked,
    /// Every `months` months from a date on: fiscal years and quarters. Steps clamp to the month's end.
    Fiscal {
        /// A date on which a period begins.
        from: Date,
        /// How many months each has.
        months: u32,
    },
    /// Every `months` months from the start of the customer's contract term.
    Billing {
        /// How many months each has.
        months: u32,
    },
    /// For each local day, the time of this length that ends with the day.
    Rolling(Span),
    /// For each claim of the customer, the time before it was filed.
    Claim {
        /// How much of it.
        span: Span,
        /// Whether down time before an earlier claim that was accepted counts as up: it has been used.
        used_once: bool,
    },
}

/// A length of time that is either elapsed or counted in local calendar days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// Elapsed time.
    Elapsed(Millis),
    /// Local calendar days.
    CalendarDays(u32),
}

impl PeriodTerm {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        const HELP: &str = "use \"month\", \"quarter\", \"year\", \"asked\", { fiscal = 12, from = 2026-04-01 }, \
            { billing = 1 }, { rolling = \"30d\" }, { rolling_days = 30 }, { claim = \"30d\" } or { claim_days = 365 }";
        type Make = fn() -> PeriodTerm;
        const WORDS: [(Make, &str); 4] = [
            (|| PeriodTerm::Month, "month"),
            (|| PeriodTerm::Quarter, "quarter"),
            (|| PeriodTerm::Year, "year"),
            (|| PeriodTerm::Asked, "asked"),
        ];
        let Some(mut table) = item.find_table(findings) else {
            item.text().map_err(|refusal| refusal.help(HELP))?;
            return one_of(item, "a period", &WORDS).map(|make| make());
        };
        let found = Self::read_table(&mut table);
        table.finish();
        found?.ok_or_else(|| Refusal::new(format!("`{}` does not say how long a period is", item.name)).help(HELP))
    }

    fn read_table(table: &mut Table<'_, '_>) -> Result<Option<Self>, Refusal> {
        let months = |item: &Item<'_>| match item.whole()? {
            months @ 1..=120 => Ok(months),
            other => Err(Refusal::new(format!("a period of {other} months is none")).help("use 1 to 120")),
        };
        let fiscal = table.option("fiscal", months);
        let from = table.option("from", Item::date);
        let billing = table.option("billing", months);
        let rolling = table.option("rolling", Item::length).map(|length| Span::Elapsed(length.value));
        let rolling_days = table.option("rolling_days", Item::positive).map(|days| Span::CalendarDays(days.value));
        let claim = table.option("claim", Item::length).map(|length| Span::Elapsed(length.value));
        let claim_days = table.option("claim_days", Item::positive).map(|days| Span::CalendarDays(days.value));
        let used_once = table.option("used_once", Item::boolean);
        if let Some(used) = &used_once
            && claim.is_none()
            && claim_days.is_none()
        {
            let finding = crate::diagnostic::Diagnostic::error("`used_once` is about claims", used.span.clone());
            table.findings.push(finding.help("leave it out, or judge by `claim_days`"));
        }
        let used_once = used_once.is_some_and(|used| used.value);
        if fiscal.is_some() != from.is_some() {
            return Err(Refusal::new("`fiscal` and `from` of a period stand together").help(
                "write { fiscal = 12, from = 2026-04-01 }: how many months, and a date on which a period begins",
            ));
        }
        let all = [
            fiscal.zip(from).map(|(months, from)| Self::Fiscal { from: from.value, months: months.value }),
            billing.map(|months| Self::Billing { months: months.value }),
            rolling.or(rolling_days).map(Self::Rolling),
            claim.or(claim_days).map(|span| Self::Claim { span, used_once }),
        ];
        let mut given = all.into_iter().flatten();
        let first = given.next();
        if given.next().is_some() {
            return Err(
                Refusal::new("a period is of one kind").help("keep one of `fiscal`, `billing`, `rolling` and `claim`")
            );
        }
        Ok(first)
    }
}

/// A day of the week, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days and hours in which a service is promised, or in which business is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Which days of the week, Monday first.
    pub days: [bool; 7],
    /// From when on each day, in milliseconds after local midnight by the wall clock.
    pub from: Millis,
    /// Until when on each day; 24 h is the day's end.
    pub until: Millis,
    /// Days that are left out.
    pub holidays: Vec<Date>,
}

impl Calendar {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Option<Self> {
        let findings = table.findings;
        let id = table.require("id", |item| Ok(CalendarId::parse(item.text()?)?));
        let days = table.get("days").and_then(|item| {
            item.each(findings, |item| {
                let text = item.text()?;
                WEEKDAYS
                    .iter()
                    .position(|day| *day == text)
                    .ok_or_else(|| Refusal::not_among("a day of the week", text, &WEEKDAYS))
            })
        });
        let from = table.require("from", wall_clock);
        let until = table.require("until", wall_clock);
        let holidays = table.find("holidays").map(|item| item.each(findings, Item::date));
        if let (Some(from), Some(until)) = (&from, &until)
            && until.value <= from.value
        {
            let finding = crate::diagnostic::Diagnostic::error(
                "the hours of a calendar end before they begin",
                until.span.clone(),
            );
            findings.push(finding.help(
                "write hours within one day, as in `from = \"09:00\"`, `until = \"17:00\"`; the day ends at \"24:00\"",
            ));
            return None;
        }
        let mut on = [false; 7];
        for day in days? {
            on[day] = true;
        }
        Some(Self {
            id: id?.value,
            days: on,
            from: from?.value,
            until: until?.value,
            holidays: match holidays {
                None => Vec::new(),
                Some(list) => list?,
            },
        })
    }
}

/// Reads `HH:MM`, up to `24:00`.
fn wall_clock(item: &Item<'_>) -> Result<Millis, Refusal> {
    let text = item.text()?;
    let refuse = || {
        Refusal::new(format!("`{text}` is not a time of day"))
            .help("write it as in \"09:00\"; the day ends at \"24:00\"")
    };
    let (hours, minutes) = text.split_once(':').ok_or_else(refuse)?;
    if hours.len() != 2 || minutes.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return Err(refuse());
    }
    let hours: i64 = hours.parse().map_err(|_| refuse())?;
    let minutes: i64 = minutes.parse().map_err(|_| refuse())?;
    let of_day = hours * 60 + minutes;
    if minutes > 59 || of_day > 24 * 60 { Err(refuse()) } else { Ok(Millis(of_day * 60_000)) }
}

/// When the service is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceTime {
    /// Always.
    Always,
    /// In the hours of a calendar of the agreement.
    Calendar(CalendarId),
}

impl ServiceTime {
    pub(super) fn read(item: &Item<'_>, terms: &Lookup<'_, '_, '_, '_>) -> Result<Self, Refusal> {
        const HELP: &str = "use \"24x7\" or the id of a `[[calendar]]`";
        match item.text().map_err(|refusal| refusal.help(HELP))? {
            "24x7" => Ok(Self::Always),
            id if CalendarId::parse(id).is_err() => Err(Refusal::new(format!("`{id}` is no service time")).help(HELP)),
            id => terms.calendar(id).map(Self::Calendar),
        }
    }
}
