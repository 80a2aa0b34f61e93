//! Error budgets: how much time a target leaves, how much of it is spent, and how fast it is being spent.
//!
//! The rules of the burn rates are those that the field uses for a period of 30 days; they are applied to any target. Unknown
//! time is no error here: that nobody watches is another alarm.

use crate::agreement::{Aggregate, Commitment, Indicator};
use crate::interval::Interval;
use crate::ratio::Ratio;
use crate::statement::Row;
use crate::time::{Instant, Millis};
use crate::timeline::Timeline;

/// How urgent an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody is woken.
    Page,
    /// It is looked at in working hours.
    Ticket,
}

impl Urgency {
    /// The name that interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// When a rate is too fast: in a long window, and in a short one still, so that the alarm ends soon after its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurnRule {
    /// The long window.
    pub long: Millis,
    /// The short window, a twelfth of it.
    pub short: Millis,
    /// The rate above which it is too fast, in tenths: 1 spends the whole budget in the whole period.
    pub tenths: i64,
    /// How urgent that is.
    pub urgency: Urgency,
}

/// Of 30 days' budget: 2 % in an hour, 5 % in six hours, 10 % in three days.
pub const BURN_RULES: [BurnRule; 3] = [
    BurnRule { long: Millis(3_600_000), short: Millis(300_000), tenths: 144, urgency: Urgency::Page },
    BurnRule { long: Millis(21_600_000), short: Millis(1_800_000), tenths: 60, urgency: Urgency::Page },
    BurnRule { long: Millis(259_200_000), short: Millis(21_600_000), tenths: 10, urgency: Urgency::Ticket },
];

/// How fast a budget is being spent, by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burn {
    /// The rule.
    pub rule: BurnRule,
    /// The share of the long window that was down; absent where all of it is excluded.
    pub long: Option<Ratio>,
    /// The share of the short window that was down.
    pub short: Option<Ratio>,
    /// Whether both are above what the rule allows.
    pub fires: bool,
}

/// What each rule finds of a timeline: error above `tenths` / 10 of what the target leaves, in both windows before `now`.
///
/// A target of 100 % leaves nothing, and any down time in both windows fires. Where a target leaves so much that the rate
/// cannot be reached (14.4 times 7 % is more than everything), that rule never fires.
#[must_use]
pub fn burns(timeline: &Timeline, target: &Ratio, now: Instant) -> Vec<Burn> {
    let budget = Ratio::new(1, 1).map_or_else(|| target.clone(), |one| one.minus(target));
    let share = |length: Millis| {
        let window = Interval::new(now - length, now)?;
        let tally = timeline.tally(&window.into());
        Ratio::of(tally.down, tally.covered() - tally.excluded)
    };
    let rules = BURN_RULES.into_iter().map(|rule| {
        let most = Ratio::new(rule.tenths, 10).map(|factor| factor.times(&budget));
        let (long, short) = (share(rule.long), share(rule.short));
        let is_above =
            |share: &Option<Ratio>| share.as_ref().zip(most.as_ref()).is_some_and(|(share, most)| share > most);
        Burn { rule, fires: is_above(&long) && is_above(&short), long, short }
    });
    rules.collect()
}

/// What a target leaves of one period, and what is spent of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How long the subject may be down in the whole period, rounded down to a millisecond.
    pub allowed: Millis,
    /// How long it was down, at least.
    pub spent_least: Millis,
    /// How long it was down, at most: with all that was not observed.
    pub spent_most: Millis,
}

/// The budget of a row; none where the target is of something else than time, or there is no target.
#[must_use]
pub fn budget(commitment: &Commitment, row: &Row) -> Option<Budget> {
    let terms = commitment.availability()?;
    let goal = terms.goals.first().filter(|_| terms.goals.len() == 1)?;
    if goal.indicator != Indicator::States || goal.aggregate != Aggregate::Duration {
        return None;
    }
    let target = row.target.as_ref()?;
    let counted = row.counted.length() - row.tally.excluded;
    let left = Ratio::new(1, 1)?.minus(&target.ratio).times(&Ratio::new(counted.0, 1)?);
    let allowed = Millis(i64::try_from(left.floor().0).ok()?);
    Some(Budget { allowed, spent_least: row.tally.down, spent_most: row.tally.down + row.tally.unknown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::State;

    const NOW: Instant = Instant(10_000_000_000);

    /// Up for ever, and down in the last `length` before `now`.
    fn down_for(length: i64) -> Timeline {
        Timeline::from_steps([(Instant(0), State::Up), (NOW - Millis(length), State::Down)])
    }

    fn fires(timeline: &Timeline, percent: &str) -> Vec<bool> {
        let target = Ratio::parse_percent(percent).unwrap();
        burns(timeline, &target, NOW).into_iter().map(|burn| burn.fires).collect()
    }

    #[test]
    fn a_rule_fires_above_its_rate_in_both_windows_and_not_at_it() {
        // 99.9 %: 14.4 times a thousandth of an hour are 51.84 s.
        assert_eq!(fires(&down_for(51_840), "99.9"), [false, false, false]);
        assert_eq!(fires(&down_for(51_841), "99.9"), [true, false, false]);
        // 6 times a thousandth of six hours are 129.6 s; a thousandth of three days are 259.2 s.
        assert_eq!(fires(&down_for(129_600), "99.9"), [true, false, false]);
        assert_eq!(fires(&down_for(129_601), "99.9"), [true, true, false]);
        assert_eq!(fires(&down_for(259_201), "99.9"), [true, true, true]);
    }

    #[test]
    fn an_outage_that_ended_before_the_short_window_fires_no_more() {
        let ended = |ago: i64| {
            Timeline::from_steps([
                (Instant(0), State::Up),
                (NOW - Millis(ago + 600_000), State::Down),
                (NOW - Millis(ago), State::Up),
            ])
        };
        // 1.44 % of five minutes are 4.32 s.
        assert!(fires(&ended(290_000), "99.9")[0]);
        assert!(!fires(&ended(295_681), "99.9")[0]);
    }

    #[test]
    fn nothing_may_be_spent_of_a_target_of_everything() {
        assert_eq!(fires(&down_for(0), "100"), [false, false, false]);
        assert_eq!(fires(&down_for(1), "100"), [true, true, true]);
    }

    #[test]
    fn unknown_time_is_no_error_and_excluded_time_leaves_the_window() {
        let steps = |middle| {
            Timeline::from_steps([
                (Instant(0), State::Up),
                (NOW - Millis(3_600_000), middle),
                (NOW - Millis(50_000), State::Down),
            ])
        };
        assert!(!fires(&steps(State::Unknown), "99.9")[0], "50 s of an hour");
        assert!(fires(&steps(State::Excluded), "99.9")[0], "all of what counts");
        let nothing = Timeline::unknown();
        assert_eq!(fires(&nothing, "99.9"), [false; 3]);
        assert_eq!(burns(&nothing, &Ratio::parse_percent("99.9").unwrap(), NOW)[0].long, Ratio::new(0, 1));
    }
}
