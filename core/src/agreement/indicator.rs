//! Terms of what is measured and how outages are found: confirmation, slices, qualification.

use super::sources::percent;
use super::words::{Missing, Onset, QualifyOn, Worth, up_or_down};
use crate::diagnostic::Refusal;
use crate::document::{Findings, Item};
use crate::ratio::Ratio;
use crate::time::Millis;
use crate::timeline::State;

/// How failed observations become an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirm {
    /// How many failures in a row confirm it; at least 1.
    pub failures: u32,
    /// From when it then counts.
    pub onset: Onset,
    /// What a row counts as that was never confirmed.
    pub unconfirmed: State,
}

impl Confirm {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let failures = table.require("failures", Item::positive);
        let onset = table.require("onset", Onset::read);
        let unconfirmed = table.require("unconfirmed", up_or_down);
        table.finish();
        let incomplete = || Refusal::new(format!("`{}` is not complete", item.name));
        Ok(Self {
            failures: failures.ok_or_else(incomplete)?.value,
            onset: onset.ok_or_else(incomplete)?.value,
            unconfirmed: unconfirmed.ok_or_else(incomplete)?.value,
        })
    }
}

/// When the failures of a slice make it bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadWhen {
    /// The share of failures.
    pub share: Ratio,
    /// Whether that share itself is bad already.
    pub inclusive: bool,
}

/// What becomes of a slice with too few events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Below {
    /// It takes this worth.
    Takes(Worth),
    /// All such slices of one local day are judged together as one.
    WholeDay,
}

/// How the time of a period is cut for judging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// How long one is; the last of a day may be shorter.
    pub width: Millis,
    /// When one is bad.
    pub bad: Option<BadWhen>,
    /// What one is worth that was observed and holds no valid event; needed with counts.
    pub empty: Option<Worth>,
    /// The least number of valid events that decide, and what becomes of a slice with fewer.
    pub minimum: Option<(u64, Below)>,
}

impl Slice {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let width = table.require("width", Item::length);
        let above = table.option("bad_above", percent);
        let from = table.option("bad_from", percent);
        let empty = table.option("empty", Worth::read);
        let minimum = table.option("minimum", Item::positive);
        let below = table.option("below", |item| match item.text()? {
            "whole-day" => Ok(Below::WholeDay),
            _ => Worth::read(item).map(Below::Takes),
        });
        table.finish();
        let bad = match (above, from) {
            (Some(_), Some(_)) => {
                return Err(Refusal::new("a slice has both `bad_above` and `bad_from`")
                    .help("keep one: `bad_above` is `>`, `bad_from` is `>=`"));
            }
            (Some(above), None) => Some(BadWhen { share: above.value, inclusive: false }),
            (None, Some(from)) => Some(BadWhen { share: from.value, inclusive: true }),
            (None, None) => None,
        };
        let minimum = match (minimum, below) {
            (Some(minimum), Some(below)) => Some((u64::from(minimum.value), below.value)),
            (None, None) => None,
            _ => {
                return Err(Refusal::new("`minimum` and `below` of a slice stand together")
                    .help("say how many events decide a slice, and what one with fewer is worth"));
            }
        };
        let width = width.ok_or_else(|| Refusal::new("a slice has no `width`"))?.value;
        if width <= Millis(0) || width > Millis(86_400_000) {
            return Err(Refusal::new("the `width` of a slice must be more than 0 and at most a day")
                .help("write it as in \"1m\", \"5m\" or \"1h\""));
        }
        Ok(Self { width, bad, empty: empty.map(|empty| empty.value), minimum })
    }
}

/// Which outages count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The least length; an outage of exactly this length counts.
    pub minimum: Millis,
    /// Outages that are no further apart than this are one.
    pub merge_gap: Millis,
    /// What the time between merged outages counts as.
    pub gap: State,
    /// What the length is tested on.
    pub qualify: QualifyOn,
}

impl Outage {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let at_least = table.option("at_least", Item::length);
        let longer_than = table.option("longer_than", Item::length);
        let merge_gap = table.option("merge_gap", Item::length);
        let gap = table.option("gap", up_or_down);
        let qualify = table.require("qualify", QualifyOn::read);
        table.finish();
        let minimum = match (at_least, longer_than) {
            (Some(_), Some(_)) => {
                return Err(Refusal::new("an outage has both `at_least` and `longer_than`")
                    .help("keep one: `at_least` includes an outage of exactly that length, `longer_than` does not"));
            }
            (Some(least), None) => least.value,
            (None, Some(more)) => more.value + Millis(1),
            (None, None) => Millis(0),
        };
        let (merge_gap, gap) = match (merge_gap, gap) {
            (None, None) => (Millis(0), State::Up),
            (Some(merge_gap), Some(gap)) => (merge_gap.value, gap.value),
            _ => return Err(Refusal::new("`merge_gap` and `gap` of an outage stand together").help(
                "say how far apart outages are one, and what the time between counts as: `gap = \"up\"` or `\"down\"`",
            )),
        };
        let qualify = qualify.ok_or_else(|| Refusal::new("an outage does not say what it is tested on"))?.value;
        Ok(Self { minimum, merge_gap, gap, qualify })
    }
}

/// When missing connections of installed software are down time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionsTerm {
    /// A smaller connected share than this is down.
    pub down_below: Ratio,
    /// What software counts as that is missing for a reason on the customer's side.
    pub customer_side: Missing,
    /// What software counts as that is missing for a reason that nobody knows.
    pub undetermined: Missing,
}

impl ConnectionsTerm {
    pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Result<Self, Refusal> {
        let mut table = item.table(findings)?;
        let down_below = table.require("down_below", percent);
        let customer_side = table.require("customer_side", Missing::read);
        let undetermined = table.require("undetermined", Missing::read);
        table.finish();
        let incomplete = || Refusal::new(format!("`{}` is not complete", item.name));
        Ok(Self {
            down_below: down_below.ok_or_else(incomplete)?.value,
            customer_side: customer_side.ok_or_else(incomplete)?.value,
            undetermined: undetermined.ok_or_else(incomplete)?.value,
        })
    }

    /// What numbers of connections are: down, up, or unknown where those that nobody can place decide.
    #[must_use]
    pub fn state(&self, expected: u64, connected: u64, customer_side: u64, undetermined: u64) -> State {
        let (mut least, mut most, mut of) = (u128::from(connected), u128::from(connected), u128::from(expected));
        for (kind, number) in [(self.customer_side, customer_side), (self.undetermined, undetermined)] {
            let number = u128::from(number);
            match kind {
                Missing::Connected => (least, most) = (least + number, most + number),
                Missing::Left => of = of.saturating_sub(number),
                Missing::Unknown => most += number,
                Missing::Lost => {}
            }
        }
        let is_down = |connected: u128| Ratio::new(connected, of).is_some_and(|share| share < self.down_below);
        match (is_down(least), is_down(most)) {
            (true, true) => State::Down,
            (false, false) => State::Up,
            _ => State::Unknown,
        }
    }
}
