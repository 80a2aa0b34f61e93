//! Reasons: what made a stretch of time count as it does, and what made an event kept or missed.

use crate::agreement::Lead;
use crate::id::{FactId, InterfaceId, Series};
use crate::interval::Interval;
use crate::time::{Instant, Millis};
use crate::timeline::State;

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonKind {
    /// Time that counts as this state.
    State(State),
    /// An event that kept its promise.
    Kept,
    /// An event that missed its promise.
    Missed,
    /// An event of which nobody can say.
    Undecided,
    /// An event that is measured against no promise.
    Measured,
}

impl ReasonKind {
    /// The name that files and interfaces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::State(state) => state.name(),
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::Undecided => "undecided",
            Self::Measured => "measured",
        }
    }
}

/// What a window of an excludable class did to the time it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WindowAct {
    /// Its time left the figure.
    Removed,
    /// Its time counts as up.
    AsUp,
    /// Its notice came too late, or never, so the measured state counts.
    ShortNotice {
        /// How long before it began the notice came, if one came.
        given: Option<Millis>,
        /// How long before it had to come.
        needed: Lead,
    },
    /// The work went on beyond what was announced, so the measured state counts.
    Overrun,
    /// The cap was used up, so the measured state counts.
    CapUsedUp,
    /// Its class is named and has no effect.
    NoEffect,
}

impl PartialOrd for Lead {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Lead {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |lead: &Self| match lead {
            Self::Elapsed(length) => (0, length.0),
            Self::CalendarDays(days) => (1, i64::from(*days)),
        };
        key(self).cmp(&key(other))
    }
}

/// What an event of an obligation shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventNote {
    /// A maintenance was announced so long before it began; never, when there is no time.
    Announced,
    /// An extension was announced so long before the end then in force.
    Extended,
    /// An extension passed the longest end that it may have.
    ExtendedTooFar,
    /// Work took so long.
    Worked,
    /// Work that the limit exempts took so long.
    ExemptWork,
    /// A notice came so long after what it tells about, or before it where it must come before; never, when there is no
    /// time.
    Noticed,
    /// Service was restored after so long; not yet, when there is no time.
    Restored,
    /// Service was verified healthy so long after the disruption; not at all, when there is no time.
    Recovered,
    /// Data of so much time before the disruption was lost; nothing was read back, when there is no time.
    DataLost,
    /// It happened.
    Happened,
    /// It had not happened for so long.
    NotSince,
    /// It stood at its public address, or was logged.
    Present,
    /// It did not stand at its public address, or was not logged.
    Absent,
}

/// What made a stretch of time count as it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// What a check saw, or did not see.
    Check {
        /// The interface that it measures.
        interface: InterfaceId,
        /// The check and the vantage point.
        series: Series,
    },
    /// No check measures this interface.
    NotMeasured {
        /// The interface.
        interface: InterfaceId,
    },
    /// The observer was not watching.
    Gap {
        /// The fact's id.
        id: String,
        /// Why.
        why: String,
    },
    /// What was observed is no longer kept.
    Erased {
        /// The fact that says so.
        id: String,
        /// Why.
        why: String,
        /// When it was erased.
        on: Instant,
    },
    /// A window of maintenance, of an incident or of an exclusion.
    Window {
        /// The fact.
        id: FactId,
        /// Its class.
        class: String,
        /// What it did.
        act: WindowAct,
        /// When it was recorded, if that was after it began: a figure that got better afterwards is worth a look.
        recorded_late: Option<Instant>,
    },
    /// The customer was suspended.
    Suspended {
        /// The fact.
        id: FactId,
    },
    /// Down, and shorter than the outages that count.
    TooShort {
        /// The least length that counts.
        minimum: Millis,
    },
    /// Failures that were never confirmed, or came before the onset.
    NotConfirmed,
    /// Up between two outages that count as one.
    MergedGap,
    /// Judged by the slice that it lies in.
    Slice,
    /// Nothing was counted.
    NotCounted,
    /// Time before the customer had the service, which counts as up.
    DeemedUp,
    /// Unobserved time counts as the policy says.
    Policy,
    /// Something that an obligation is judged by.
    Event {
        /// The fact, if there is one.
        id: Option<FactId>,
        /// What it shows.
        note: EventNote,
        /// How long that took.
        took: Option<Millis>,
        /// How long it may take.
        limit: Option<Millis>,
    },
}

/// A stretch of time, and what made it count as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// When.
    pub interval: Interval,
    /// What it counts as.
    pub kind: ReasonKind,
    /// What made it so.
    pub causes: Vec<Cause>,
}

impl Reason {
    /// The state that the time counts as, where the reason is about time.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        match self.kind {
            ReasonKind::State(state) => Some(state),
            _ => None,
        }
    }

    /// One English sentence without a full stop.
    #[must_use]
    pub fn text(&self) -> String {
        let causes: Vec<String> = self.causes.iter().map(|cause| cause.text(self.kind)).collect();
        if causes.is_empty() { self.kind.name().to_owned() } else { causes.join("; ") }
    }

    /// The fact that it rests on first, if it rests on one.
    #[must_use]
    pub fn fact(&self) -> Option<String> {
        self.causes.iter().find_map(|cause| match cause {
            Cause::Check { series, .. } => Some(series.to_string()),
            Cause::Gap { id, .. } | Cause::Erased { id, .. } => Some(id.clone()),
            Cause::Window { id, .. } | Cause::Suspended { id } | Cause::Event { id: Some(id), .. } => {
                Some(id.as_str().to_owned())
            }
            _ => None,
        })
    }
}

impl Cause {
    fn text(&self, kind: ReasonKind) -> String {
        match self {
            Self::Check { interface, series } if kind == ReasonKind::State(State::Unknown) => {
                format!("{series} did not observe {interface}")
            }
            Self::Check { interface, series } => format!("{series} saw {interface} down"),
            Self::NotMeasured { interface } => format!("no check measures {interface}"),
            Self::Gap { why, .. } => format!("the observer was not watching: {why}"),
            Self::Erased { why, on, .. } => format!("what was observed was erased at {on}: {why}"),
            Self::Window { id, class, act, recorded_late } => {
                let late = recorded_late.map_or_else(String::new, |at| format!(" (recorded after it began, at {at})"));
                format!("{class} `{id}` {}{late}", act.text())
            }
            Self::Suspended { id } => format!("the customer was suspended (`{id}`)"),
            Self::TooShort { minimum } => format!("down for less than {minimum}, which is no outage"),
            Self::NotConfirmed => "failures that were not confirmed".to_owned(),
            Self::MergedGap => "between two outages that count as one".to_owned(),
            Self::Slice => "judged by its slice".to_owned(),
            Self::NotCounted => "no events were counted".to_owned(),
            Self::DeemedUp => "before the customer had the service, which counts as up".to_owned(),
            Self::Policy => "not observed, and counted as the policy says".to_owned(),
            Self::Event { id, note, took, limit } => {
                let fact = id.as_ref().map_or_else(String::new, |id| format!("`{id}` "));
                let limit = limit.map_or_else(String::new, |limit| format!(" (limit {limit})"));
                format!("{fact}{}{limit}", note.text(*took))
            }
        }
    }
}

impl WindowAct {
    fn text(self) -> String {
        match self {
            Self::Removed => "is excluded".to_owned(),
            Self::AsUp => "is excluded and counts as up".to_owned(),
            Self::ShortNotice { given: Some(given), needed } => {
                format!("was announced {given} ahead instead of {needed}, so what was measured counts")
            }
            Self::ShortNotice { given: None, needed } => {
                format!("was not announced (needed: {needed} ahead), so what was measured counts")
            }
            Self::Overrun => "went on beyond what was announced, so what was measured counts".to_owned(),
            Self::CapUsedUp => "is beyond what the cap allows, so what was measured counts".to_owned(),
            Self::NoEffect => "excludes nothing".to_owned(),
        }
    }
}

impl EventNote {
    fn text(self, took: Option<Millis>) -> String {
        let said = |some: &str, none: &str| match took {
            Some(took) => some.replace("{}", &took.to_string()),
            None => none.to_owned(),
        };
        match self {
            Self::Announced => said("was announced {} ahead", "was never announced"),
            Self::Extended => said("was extended {} before its end", "was extended without notice"),
            Self::ExtendedTooFar => said("was extended by {}", "was extended without end"),
            Self::Worked => said("took {}", "goes on"),
            Self::ExemptWork => said("took {}, which is exempt", "goes on, which is exempt"),
            Self::Noticed => said("was told after {}", "was never told"),
            Self::Restored => said("was restored after {}", "is not restored"),
            Self::Recovered => said("was healthy after {}", "was not verified healthy"),
            Self::DataLost => said("lost the data of {}", "read nothing back"),
            Self::Happened => "happened".to_owned(),
            Self::NotSince => said("had not happened for {}", "never happened"),
            Self::Present => "was there".to_owned(),
            Self::Absent => "was not there".to_owned(),
        }
    }
}
