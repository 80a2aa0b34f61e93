//! The periods that a commitment is judged for.

use crate::agreement::{PeriodLength, Terms};
use crate::time::Period;

/// The commitment's own periods that overlap the one that was asked for, in order; or that one itself, where the terms
/// leave the length to whoever asks.
///
/// # Panics
/// Never: every instant of a period has a month.
#[must_use]
pub fn periods(terms: &Terms, asked: &Period) -> Vec<Period> {
    let (zone, span) = (&terms.zone.value, asked.interval);
    let mut found = Vec::new();
    let mut at = span.from();
    while at < span.until() {
        let month = zone.month_of(at);
        let (year, month_number) = month.name.split_once('-').unwrap_or((&month.name, "01"));
        let name = match terms.period.value {
            PeriodLength::Month => month.name.clone(),
            PeriodLength::Quarter => format!("{year}-Q{}", month_number.parse::<u8>().map_or(1, |m| m.div_ceil(3))),
            PeriodLength::Year => year.to_owned(),
            PeriodLength::Asked => return vec![asked.clone()],
        };
        let Ok(period) = Period::parse(&name, zone) else { break };
        at = period.interval.until();
        found.push(period);
    }
    found
}
