//! Terms of what follows from a miss: credits, the right to end the contract, and how a credit is claimed.

use super::period::Span;
use super::sources::{Lookup, percent};
use super::words::{Base, ClaimFrom, RoundingMode, TotalPer};
use crate::diagnostic::Refusal;
use crate::document::{Findings, Item, Table};
use crate::id::CalendarId;
use crate::ratio::Ratio;
use crate::time::Millis;

/// One end of a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<T> {
    /// There is none.
    Open,
    /// This value is within.
    Including(T),
    /// This value is the first without.
    Excluding(T),
}

/// The values that a tier is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TierRange {
    /// Of the availability.
    Availability {
        /// The lower end.
        low: End<Ratio>,
        /// The upper end.
        high: End<Ratio>,
    },
    /// Of the down time of the period.
    Downtime {
        /// The lower end.
        low: End<Millis>,
        /// The upper end.
        high: End<Millis>,
    },
}

/// What a credit is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditUnit {
    /// A share of the base fee.
    Share(Ratio),
    /// Days of service: the base fee's part for so many of the period's days.
    ServiceDays(u32),
    /// A multiple of the base fee's part for the time that was lost.
    TimesLost(Ratio),
    /// A share of the base fee for every started step of down time.
    PerStarted {
        /// The step.
        step: Millis,
        /// The share.
        share: Ratio,
    },
}

/// An interval of figures and the credit that it earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// For which figures.
    pub range: TierRange,
    /// What it earns.
    pub credit: CreditUnit,
    /// Its bytes in the file, for lints.
    pub span: std::ops::Range<usize>,
}

impl Tier {
    fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let low = read_end(&mut table, "from", "above", percent)?;
        let high = read_end(&mut table, "up_to", "below", percent)?;
        let down_low = read_end(&mut table, "down_from", "down_above", |item| item.length())?;
        let down_high = read_end(&mut table, "down_up_to", "down_below", |item| item.length())?;
        let credit = read_credit(&mut table);
        table.finish();
        let of_time = down_low != End::Open || down_high != End::Open;
        let range = match (low == End::Open && high == End::Open, of_time) {
            (true, true) => TierRange::Downtime { low: down_low, high: down_high },
            (false, false) => TierRange::Availability { low, high },
            (true, false) => {
                return Err(Refusal::new("a tier does not say for which figures it is").help(
                    "give its ends: `from` or `above`, `below` or `up_to` for an availability; `down_from`, `down_above`, `down_below`, `down_up_to` for down time",
                ));
            }
            (false, true) => {
                return Err(Refusal::new("a tier is about an availability or about down time, not both")
                    .help("keep the ends of one of them, or write two tiers"));
            }
        };
        Ok(Self { range, credit: credit?, span: item.span.clone() })
    }
}

fn read_end<T: PartialEq>(
    table: &mut Table<'_, '_>,
    including: &'static str,
    excluding: &'static str,
    read: impl Fn(&Item<'_>) -> Result<T, Refusal>,
) -> Result<End<T>, Refusal> {
    match (table.option(including, &read), table.option(excluding, &read)) {
        (Some(_), Some(_)) => Err(Refusal::new(format!("a tier has both `{including}` and `{excluding}`"))
            .help(format!("keep one: `{including}` includes the value, `{excluding}` does not"))),
        (Some(end), None) => Ok(End::Including(end.value)),
        (None, Some(end)) => Ok(End::Excluding(end.value)),
        (None, None) => Ok(End::Open),
    }
}

fn read_credit(table: &mut Table<'_, '_>) -> Result<CreditUnit, Refusal> {
    let share = table.option("credit", percent);
    let days = table.option("service_days", Item::positive);
    let times = table.option("times_lost", decimal);
    let step = table.option("per_started", Item::length);
    match (share, days, times, step) {
        (Some(share), None, None, None) => Ok(CreditUnit::Share(share.value)),
        (Some(share), None, None, Some(step)) if step.value > Millis(0) => {
            Ok(CreditUnit::PerStarted { step: step.value, share: share.value })
        }
        (None, Some(days), None, None) => Ok(CreditUnit::ServiceDays(days.value)),
        (None, None, Some(times), None) => Ok(CreditUnit::TimesLost(times.value)),
        _ => Err(Refusal::new("a tier does not say what it earns").help(
            "give one of: `credit = \"10\"` (percent of the fee), `credit` with `per_started = \"1h\"`, `service_days = 3`, `times_lost = \"50\"`",
        )),
    }
}

/// Reads a plain decimal in quotes.
fn decimal(item: &Item<'_>) -> Result<Ratio, Refusal> {
    Ok(Ratio::parse_decimal(item.quoted_number()?)?)
}

/// The most that one credit may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditCap {
    /// A share of the base fee.
    Share(Ratio),
    /// The base fee's part for so many days of the period.
    Days(u32),
    /// An amount.
    Amount(Ratio),
}

/// How money is rounded, once per credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounding {
    /// To a multiple of this.
    pub unit: Ratio,
    /// In which way.
    pub mode: RoundingMode,
}

/// The least credit that is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// The amount.
    pub least: Ratio,
    /// Whether exactly this amount is paid.
    pub inclusive: bool,
}

/// What a miss earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// From the first that matches.
    pub tiers: Vec<Tier>,
    /// The fee that credits are shares of.
    pub base: Base,
    /// The most that one credit may be.
    pub cap: Option<CreditCap>,
    /// The least that is paid.
    pub payout: Option<Payout>,
    /// How amounts are rounded.
    pub rounding: Rounding,
    /// The most that all credits of a span may be, as a share of that span's fees.
    pub total: Option<(Ratio, TotalPer)>,
    /// Of credits of one group for one customer and period only the largest is paid.
    pub group: Option<String>,
}

impl Remedy {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let tiers = table.get("tiers").and_then(|item| item.each(findings, |item| Tier::read(item, findings)));
        let base = table.require("base", Base::read);
        let cap = table.option("cap", |item| read_cap(item, findings));
        let least = table.option("pays_from", decimal);
        let more = table.option("pays_above", decimal);
        let rounding = table.require("rounding", |item| read_rounding(item, findings));
        let total = table.option("total", |item| read_total(item, findings));
        let group = table.option("group", Item::word);
        table.finish();
        let incomplete = || Refusal::new("a remedy is not complete").help("it needs `tiers`, `base` and `rounding`");
        let payout = match (least, more) {
            (Some(_), Some(_)) => {
                return Err(Refusal::new("a remedy has both `pays_from` and `pays_above`")
                    .help("keep one: `pays_from` includes the amount, `pays_above` does not"));
            }
            (Some(least), None) => Some(Payout { least: least.value, inclusive: true }),
            (None, Some(more)) => Some(Payout { least: more.value, inclusive: false }),
            (None, None) => None,
        };
        Ok(Self {
            tiers: tiers.ok_or_else(incomplete)?,
            base: base.ok_or_else(incomplete)?.value,
            cap: cap.map(|cap| cap.value),
            payout,
            rounding: rounding.ok_or_else(incomplete)?.value,
            total: total.map(|total| total.value),
            group: group.map(|group| group.value),
        })
    }
}

fn read_cap(item: &Item<'_>, findings: &Findings) -> Result<CreditCap, Refusal> {
    let mut table = item.table(findings)?;
    let share = table.option("percent", percent).map(|share| CreditCap::Share(share.value));
    let days = table.option("days", Item::positive).map(|days| CreditCap::Days(days.value));
    let amount = table.option("amount", decimal).map(|amount| CreditCap::Amount(amount.value));
    table.finish();
    match (share, days, amount) {
        (Some(cap), None, None) | (None, Some(cap), None) | (None, None, Some(cap)) => Ok(cap),
        _ => Err(Refusal::new("a cap of credits is one of `percent`, `days` and `amount`")
            .help("write { percent = \"100\" }, { days = 30 } or { amount = \"500\" }")),
    }
}

fn read_rounding(item: &Item<'_>, findings: &Findings) -> Result<Rounding, Refusal> {
    let mut table = item.table(findings)?;
    let unit = table.require("unit", decimal);
    let mode = table.require("mode", RoundingMode::read);
    table.finish();
    let incomplete =
        || Refusal::new("`rounding` is not complete").help("write { unit = \"0.01\", mode = \"half-up\" }");
    let unit = unit.ok_or_else(incomplete)?.value;
    if unit.is_zero() {
        return Err(
            Refusal::new("nothing can be rounded to a multiple of 0").help("write the smallest step, as in \"0.01\"")
        );
    }
    Ok(Rounding { unit, mode: mode.ok_or_else(incomplete)?.value })
}

fn read_total(item: &Item<'_>, findings: &Findings) -> Result<(Ratio, TotalPer), Refusal> {
    let mut table = item.table(findings)?;
    let share = table.require("percent", percent);
    let per = table.require("per", TotalPer::read);
    table.finish();
    let incomplete = || Refusal::new("`total` is not complete").help("write { percent = \"8\", per = \"term\" }");
    Ok((share.ok_or_else(incomplete)?.value, per.ok_or_else(incomplete)?.value))
}

/// A right to end the contract after repeated misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Termination {
    /// How many periods must be missed.
    pub missed: u32,
    /// Among how many consecutive complete ones.
    pub of: u32,
    /// What counts as missed: a missed verdict, or more down time than this.
    pub down_above: Option<Millis>,
    /// How long after it arose the right lasts; absent means until it is used.
    pub lapse: Option<Millis>,
}

impl Termination {
    pub(super) fn read_all(item: &Item<'_>, findings: &Findings) -> Result<Vec<Self>, Refusal> {
        item.each(findings, |item| Self::read(item, findings))
            .ok_or_else(|| Refusal::new("`termination` cannot be used as it stands"))
    }

    fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let missed = table.require("missed", Item::positive);
        let of = table.require("of", Item::positive);
        let down_above = table.option("down_above", Item::length);
        let lapse = table.require("lapse", |item| match item.text()? {
            "none" => Ok(None),
            _ => item.length().map(Some),
        });
        table.finish();
        let incomplete = || {
            Refusal::new("a right to end the contract is not complete")
                .help("write { missed = 2, of = 3, lapse = \"30d\" }; `lapse = \"none\"` if it never lapses")
        };
        let (missed, of) = (missed.ok_or_else(incomplete)?.value, of.ok_or_else(incomplete)?.value);
        if missed > of {
            return Err(Refusal::new(format!("{missed} of {of} periods can never be missed"))
                .help("`missed` is how many among `of` consecutive periods, so it is the smaller one"));
        }
        let lapse = lapse.ok_or_else(incomplete)?.value;
        Ok(Self { missed, of, down_above: down_above.map(|length| length.value), lapse })
    }
}

/// How long a customer has to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    /// Elapsed time or calendar days.
    Span(Span),
    /// Days of business by a calendar of the agreement.
    BusinessDays(u32, CalendarId),
    /// Calendar months.
    Months(u32),
}

/// How a credit is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimTerm {
    /// Whether it is given without being asked for.
    pub automatic: bool,
    /// How long the customer has.
    pub within: Option<Within>,
    /// From when that runs.
    pub from: ClaimFrom,
    /// What must be handed in, by name.
    pub evidence: Vec<String>,
}

impl ClaimTerm {
    pub(super) fn read(item: &Item<'_>, findings: &Findings, terms: &Lookup<'_, '_, '_, '_>) -> Result<Self, Refusal> {
        const HELP: &str = "use \"automatic\" or { days = 30, from = \"period-end\" }";
        let Some(mut table) = item.find_table(findings) else {
            return match item.text().map_err(|refusal| refusal.help(HELP))? {
                "automatic" => {
                    Ok(Self { automatic: true, within: None, from: ClaimFrom::PeriodEnd, evidence: Vec::new() })
                }
                other => Err(Refusal::new(format!("`{other}` is not a way to claim a credit")).help(HELP)),
            };
        };
        let elapsed = table.option("within", Item::length).map(|length| Within::Span(Span::Elapsed(length.value)));
        let days = table.option("days", Item::positive).map(|days| Within::Span(Span::CalendarDays(days.value)));
        let months = table.option("months", Item::positive).map(|months| Within::Months(months.value));
        let business = table.option("business_days", Item::positive);
        let calendar = table.option("calendar", |item| terms.calendar(item.text()?));
        let from = table.require("from", ClaimFrom::read);
        let evidence = table.find("evidence").map(|item| item.each(findings, Item::word));
        table.finish();
        let business = match (business, calendar) {
            (Some(days), Some(calendar)) => Some(Within::BusinessDays(days.value, calendar.value)),
            (None, None) => None,
            _ => {
                return Err(Refusal::new("`business_days` and `calendar` of a claim stand together")
                    .help("name the `[[calendar]]` that says which days are days of business"));
            }
        };
        let mut given = [elapsed, days, months, business].into_iter().flatten();
        let within = given.next().ok_or_else(|| {
            Refusal::new("a claim has no deadline").help("give one of `within`, `days`, `months` and `business_days`")
        })?;
        if given.next().is_some() {
            return Err(Refusal::new("a claim has two deadlines")
                .help("keep one of `within`, `days`, `months` and `business_days`"));
        }
        let evidence = match evidence {
            None => Vec::new(),
            Some(list) => list.ok_or_else(|| Refusal::new("`evidence` cannot be used as it stands"))?,
        };
        let from = from.ok_or_else(|| Refusal::new("a claim does not say from when its deadline runs"))?.value;
        Ok(Self { automatic: false, within: Some(within), from, evidence })
    }
}
