//! The words of the language: closed sets of values, each with the name that files use.

use super::reference::WordSet;
use crate::diagnostic::Refusal;
use crate::document::Item;
use crate::timeline::State;

/// Declares closed sets: the type, its values with their names, and what one is called in messages. What is written above
/// each value is also what the reference of the language says of it.
macro_rules! words {
    ($(#[doc = $doc:literal] $name:ident, $what:literal { $(#[doc = $each:literal] $variant:ident = $text:literal,)* })*) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $each] $variant,)*
        }

        impl $name {
            /// The set as the reference of the language shows it.
            pub const DOC: WordSet =
                WordSet { name: stringify!($name), says: $doc, words: &[$(($text, $each)),*] };

            /// All of them, with the names that files use.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$variant, $text),)*];

            /// The name that files use.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            pub(super) fn read(item: &Item<'_>) -> Result<Self, Refusal> {
                one_of(item, $what, Self::NAMES)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    )*

        /// Every closed set of the terms.
        pub(super) const SETS: &[WordSet] = &[$($name::DOC),*];
    };
}

pub(super) fn one_of<T: Copy>(item: &Item<'_>, what: &str, all: &[(T, &'static str)]) -> Result<T, Refusal> {
    let text = item.text()?;
    all.iter().find(|(_, name)| *name == text).map(|(value, _)| *value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        Refusal::not_among(what, text, &names)
    })
}

/// Up or down, for terms that say what something counts as.
pub(super) fn up_or_down(item: &Item<'_>) -> Result<State, Refusal> {
    one_of(item, "a state that time can count as", &[(State::Up, "up"), (State::Down, "down")])
}

words! {
    /// What a commitment is judged for, one by one.
    Per, "what a commitment is judged for" {
        /// Everything that the agreement covers, as one.
        Agreement = "agreement",
        /// Each solution.
        Solution = "solution",
        /// Each interface of each solution.
        Interface = "interface",
        /// Each region that the history speaks of.
        Region = "region",
        /// Each availability zone that the history speaks of.
        Zone = "zone",
        /// Each instance that the history speaks of.
        Instance = "instance",
        /// Each feature that the history speaks of.
        Feature = "feature",
    }

    /// What time that was not observed counts as.
    UnknownPolicy, "a treatment of unknown time" {
        /// As neither: the figure is a lower and an upper bound.
        Bounds = "bounds",
        /// As up.
        Up = "up",
        /// As down.
        Down = "down",
        /// As excluded.
        Excluded = "excluded",
    }

    /// Which bound of an availability must reach the target.
    Binding, "a binding bound" {
        /// The lower: unobserved time counts against the provider.
        Lower = "lower",
        /// The upper: unobserved time counts for the provider.
        Upper = "upper",
        /// Both; where they disagree the verdict is indeterminate.
        Both = "both",
    }

    /// What is measured.
    Indicator, "an indicator" {
        /// The state at every instant, as checks observe it.
        States = "states",
        /// Counted events, good ones among valid ones.
        Counts = "counts",
    }

    /// How a period's figure is made.
    Aggregate, "an aggregate" {
        /// Up time over counted time, to the millisecond.
        Duration = "duration",
        /// Good slices over slices.
        GoodSlices = "good-slices",
        /// The mean of the slices' ratios.
        SliceMean = "slice-mean",
        /// Good events over valid events.
        Events = "events",
        /// One minus affected user time over user time.
        Users = "users",
    }

    /// When an outage begins.
    Onset, "an onset of outages" {
        /// With its first failed observation.
        FirstFailure = "first-failure",
        /// With the failure that confirmed it.
        Confirmation = "confirmation",
        /// With the first report of a customer within it.
        Report = "report",
    }

    /// What a slice is worth that its events do not decide.
    Worth, "what a slice is worth" {
        /// Wholly good.
        Good = "good",
        /// Wholly bad.
        Bad = "bad",
        /// Nothing: it leaves the figure.
        Leave = "leave",
    }

    /// What the minimum duration of an outage is tested on.
    QualifyOn, "what an outage is tested on" {
        /// The whole outage, also outside the time that counts.
        Whole = "whole",
        /// Its part within the period and the customer's coverage.
        Clipped = "clipped",
        /// Its part within the customer's coverage; the edges of a period do not cut it.
        ClippedToCoverage = "clipped-to-coverage",
    }

    /// Whether excluded time leaves before or after outages are tested for their length.
    ExcludeOrder, "an order of exclusion" {
        /// After: a window never shortens the outage that is tested.
        AfterQualification = "after-qualification",
        /// Before: a window can split an outage into parts that are too short.
        BeforeQualification = "before-qualification",
    }

    /// What a length that is written in days is.
    DaysAre, "a meaning of days" {
        /// So many times 24 hours.
        Elapsed = "elapsed",
        /// Local calendar days: to the same time by the wall clock.
        Calendar = "calendar",
    }

    /// What software counts as that is not connected for a reason that is not the provider's.
    Missing, "what missing software counts as" {
        /// As if it were connected.
        Connected = "connected",
        /// As if it were not expected.
        Left = "left-out",
        /// As lost.
        Lost = "lost",
        /// As connected or lost: nobody knows.
        Unknown = "unknown",
    }

    /// Which part of a window excludes.
    Extent, "an extent of exclusion" {
        /// All of the announced time, with valid extensions.
        Announced = "announced",
        /// The actual time within what was announced.
        Actual = "actual",
        /// The down time within what was announced.
        Down = "down",
    }

    /// What exclusion does.
    Effect, "an effect of exclusion" {
        /// The time leaves numerator and denominator.
        Remove = "remove",
        /// The time stays in the denominator and counts as up.
        AsUp = "as-up",
        /// Nothing: the measured state decides.
        Nothing = "none",
    }

    /// Which time of a notice proves it.
    NoticeBy, "a proof of notice" {
        /// When it was published for all.
        Published = "published",
        /// When the channel accepted it for the customer.
        Accepted = "accepted",
    }

    /// What consumes a cap.
    CapMeasure, "a measure of a cap" {
        /// Announced time.
        Announced = "announced",
        /// Actual time.
        Actual = "actual",
        /// Down time within the announced.
        Down = "down",
    }

    /// Whose windows consume a cap together.
    CapScope, "a scope of a cap" {
        /// Those that touch what is judged.
        Subject = "subject",
        /// All.
        All = "all",
    }

    /// What a customer's period counts that did not have the service all the time.
    Partial, "a treatment of partial periods" {
        /// Only the time in which it had it.
        Restrict = "restrict",
        /// The whole period.
        Full = "full",
        /// The time before it had it counts as up.
        DeemedUp = "deemed-up",
    }

    /// What the time of a customer's suspension counts as.
    Suspended, "what a suspension counts as" {
        /// What was measured.
        Measured = "measured",
        /// Up.
        Up = "up",
        /// Down.
        Down = "down",
        /// Excluded.
        Excluded = "excluded",
    }

    /// Whose events count together.
    Customers, "a way to group customers" {
        /// Those of all customers.
        Pooled = "pooled",
        /// Those of the customer that is judged.
        Separate = "separate",
    }

    /// What a customer must have to be covered.
    CoverageNeed, "a condition of coverage" {
        /// An entitlement that was paid for.
        Entitlement = "entitlement",
        /// Acceptance of the terms, not withdrawn and not terminated.
        Assent = "assent",
    }

    /// When a new revision of the agreement begins to bind a customer.
    TakesEffect, "when a revision takes effect" {
        /// At once, for all.
        AtOnce = "at-once",
        /// Never for a running entitlement: the revision of its start stays until it ends or is renewed.
        FrozenUntilRenewal = "frozen-until-renewal",
        /// With the first renewal after it.
        OnRenewal = "on-renewal",
    }

    /// Which revision judges a period in which the revision changes.
    MidPeriod, "a rule for a change of revision" {
        /// Each its own part, in rows of their own.
        Split = "split",
        /// The one in force at the period's start.
        AtStart = "at-start",
        /// The one in force at the period's end.
        AtEnd = "at-end",
    }

    /// From when promptness is measured.
    SuspendedFrom, "a start of promptness" {
        /// From the decision.
        Decision = "decision",
        /// From when it took effect.
        Enforcement = "enforcement",
    }

    /// Which fee a credit is a share of.
    Base, "a base of credits" {
        /// The fees of spans that begin within the period.
        FeesStarting = "fees-starting",
        /// The part of every fee that falls on the period, by elapsed time.
        FeesProRata = "fees-pro-rata",
    }

    /// How money is rounded.
    RoundingMode, "a way to round money" {
        /// Toward zero.
        Down = "down",
        /// Away from zero.
        Up = "up",
        /// To the nearest; halves go up.
        HalfUp = "half-up",
        /// To the nearest; halves go to the even neighbour.
        HalfEven = "half-even",
    }

    /// From when the deadline of a claim runs.
    ClaimFrom, "a start of a claim's deadline" {
        /// From the end of the period.
        PeriodEnd = "period-end",
        /// From the end of the period's last outage.
        OutageEnd = "outage-end",
        /// From when the statement is frozen.
        Statement = "statement",
    }

    /// Over what a cap on all credits runs.
    TotalPer, "a span of a total cap" {
        /// The customer's contract term.
        Term = "term",
        /// A calendar year.
        Year = "year",
    }
}
