//! Commitments that are not percentages of up time: what is owed, and by when.
//!
//! Here: the terms of each kind. What a history says about them is in [`crate::evaluate`].

use super::exclusion::{Exempt, ExtensionRule, NoticeRule, read_exempt};
use super::period::Span;
use super::sources::{Lookup, Stated};
use super::terms::days_are;
use super::words::{CapScope, SuspendedFrom, one_of};
use crate::diagnostic::Refusal;
use crate::document::{Findings, Item};
use crate::time::{Instant, Millis, Zone};

/// A limit that the contract or its operator states, or says that there is none.
pub type Limit = Option<Millis>;

/// How often something must happen: at least once in any span of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Every {
    /// So many calendar months.
    Months(u32),
    /// A length of time.
    Span(Span),
}

impl Every {
    /// The last moment at which the next one is in time after one at `at`. Months keep the wall clock and clamp to the
    /// month's end.
    #[must_use]
    pub fn after(self, zone: &Zone, at: Instant) -> Instant {
        match self {
            Self::Span(Span::Elapsed(length)) => at + length,
            Self::Span(Span::CalendarDays(days)) => zone.shift_days(at, i64::from(days)),
            Self::Months(months) => {
                let date = zone.date(at);
                let later = Zone::months_after(date, i64::from(months));
                zone.shift_days(at, i64::from((later - date).get_days()))
            }
        }
    }

    fn read(item: &Item<'_>, findings: &Findings) -> Result<Option<Self>, Refusal> {
        const HELP: &str =
            "write { months = 12 }, { days = 90 }, a length as in \"90d\", or \"none\" if there is no limit";
        let Some(mut table) = item.find_table(findings) else {
            return match item.text().map_err(|refusal| refusal.help(HELP))? {
                "none" => Ok(None),
                _ => item.length().map(|length| Some(Self::Span(Span::Elapsed(length)))),
            };
        };
        let months = table.option("months", Item::positive).map(|months| Self::Months(months.value));
        let days = table.option("days", Item::positive).map(|days| Self::Span(Span::CalendarDays(days.value)));
        table.finish();
        match (months, days) {
            (Some(every), None) | (None, Some(every)) => Ok(Some(every)),
            _ => Err(Refusal::new(format!("`{}` does not say how often", item.name)).help(HELP)),
        }
    }
}

/// What must happen again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recurring {
    /// An exercise of the recovery plan.
    Exercise,
    /// A review or an update of the recovery plan.
    PlanReview,
    /// A look at capacity.
    Capacity,
}

/// What a notice tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    /// An interruption, measured from when it was detected, or else from its start.
    Incident,
    /// A change of sub-processor, measured back from when it takes effect.
    Subprocessor,
}

/// Whom a notice must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum To {
    /// Everybody, by publication.
    Public,
    /// The customer that is judged.
    Customer,
}

/// What is owed, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obligation {
    /// Every maintenance of some classes is announced in time.
    MaintenanceNotice {
        /// Which classes.
        classes: Stated<Vec<String>>,
        /// How long before, by which proof.
        notice: Stated<NoticeRule>,
    },
    /// Every extension of a maintenance follows its rule.
    MaintenanceExtension {
        /// Which classes.
        classes: Stated<Vec<String>>,
        /// The rule.
        extension: Stated<ExtensionRule>,
    },
    /// Actual work takes at most so long in a period.
    MaintenanceCap {
        /// Which classes.
        classes: Stated<Vec<String>>,
        /// How long.
        limit: Stated<Millis>,
        /// Whose work counts together.
        scope: Stated<CapScope>,
        /// What does not count.
        exempt: Stated<Exempt>,
    },
    /// A suspended customer is told promptly.
    SuspensionNotice {
        /// Within which time.
        within: Stated<Limit>,
        /// From when.
        from: Stated<SuspendedFrom>,
    },
    /// A suspension ends soon.
    SuspensionRestore {
        /// Within which time of its enforcement.
        within: Stated<Limit>,
    },
    /// An interruption ends soon.
    IncidentRestore {
        /// Within which time.
        within: Stated<Limit>,
    },
    /// Service is back after a disaster within a time.
    RecoveryTime {
        /// Within which time.
        within: Stated<Limit>,
        /// Whether an exercise can meet it.
        exercises: Stated<bool>,
    },
    /// Data is lost of no more than a time before a disaster.
    RecoveryPoint {
        /// Of how much time.
        within: Stated<Limit>,
        /// Whether an exercise can meet it.
        exercises: Stated<bool>,
    },
    /// Something happens again and again.
    Recurring {
        /// What.
        what: Recurring,
        /// How often.
        every: Stated<Option<Every>>,
    },
    /// Somebody is told of something.
    Notice {
        /// Of what.
        about: Stated<About>,
        /// Whom.
        to: Stated<To>,
        /// How soon after an incident, or how long before a change.
        within: Stated<Limit>,
    },
    /// Something stands at a public address all the time.
    Publication {
        /// What, as publication lines name it.
        what: Stated<String>,
    },
    /// A customer's policies or events are logged all the time.
    Logging {
        /// Which, as log lines name them.
        what: Stated<String>,
    },
}

/// Every kind of obligation, by the name that files use.
pub(super) const KINDS: [&str; 14] = [
    "maintenance-notice",
    "maintenance-extension",
    "maintenance-cap",
    "suspension-notice",
    "suspension-restore",
    "incident-restore",
    "recovery-time",
    "recovery-point",
    "recovery-exercise",
    "plan-review",
    "capacity-watch",
    "notice",
    "publication",
    "logging",
];

impl Obligation {
    /// The name of its kind that files use.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MaintenanceNotice { .. } => "maintenance-notice",
            Self::MaintenanceExtension { .. } => "maintenance-extension",
            Self::MaintenanceCap { .. } => "maintenance-cap",
            Self::SuspensionNotice { .. } => "suspension-notice",
            Self::SuspensionRestore { .. } => "suspension-restore",
            Self::IncidentRestore { .. } => "incident-restore",
            Self::RecoveryTime { .. } => "recovery-time",
            Self::RecoveryPoint { .. } => "recovery-point",
            Self::Recurring { what: Recurring::Exercise, .. } => "recovery-exercise",
            Self::Recurring { what: Recurring::PlanReview, .. } => "plan-review",
            Self::Recurring { what: Recurring::Capacity, .. } => "capacity-watch",
            Self::Notice { .. } => "notice",
            Self::Publication { .. } => "publication",
            Self::Logging { .. } => "logging",
        }
    }

    /// Reads the terms of a kind. `None` when one is missing or refused, which is then a finding.
    pub(super) fn read(kind: &str, terms: &Lookup<'_, '_, '_, '_>, findings: &Findings) -> Option<Self> {
        let classes = || terms.need("classes", |item| words(item, findings));
        match kind {
            "maintenance-notice" => {
                let classes = classes();
                let mut notice = terms.need("maintenance_notice", |item| NoticeRule::read(item, findings));
                let days_are = days_are(terms, notice.iter().map(|notice| notice.value));
                if let Some(notice) = &mut notice {
                    notice.value = notice.value.with_days(days_are);
                }
                Some(Self::MaintenanceNotice { classes: classes?, notice: notice? })
            }
            "maintenance-extension" => {
                let classes = classes();
                let extension = terms.need("maintenance_extension", |item| ExtensionRule::read(item, findings));
                Some(Self::MaintenanceExtension { classes: classes?, extension: extension? })
            }
            "maintenance-cap" => {
                let classes = classes();
                let limit = terms.need("maintenance_limit", Item::length);
                let scope = terms.need("cap_scope", CapScope::read);
                let exempt = terms.need("cap_exempt", read_exempt);
                Some(Self::MaintenanceCap { classes: classes?, limit: limit?, scope: scope?, exempt: exempt? })
            }
            "suspension-notice" => {
                let within = terms.need("noticed_within", limit);
                let from = terms.need("noticed_from", SuspendedFrom::read);
                Some(Self::SuspensionNotice { within: within?, from: from? })
            }
            "suspension-restore" => Some(Self::SuspensionRestore { within: terms.need("restored_within", limit)? }),
            "incident-restore" => Some(Self::IncidentRestore { within: terms.need("restored_within", limit)? }),
            "recovery-exercise" => Self::recurring(Recurring::Exercise, "exercise_every", terms, findings),
            "plan-review" => Self::recurring(Recurring::PlanReview, "review_every", terms, findings),
            "capacity-watch" => Self::recurring(Recurring::Capacity, "capacity_every", terms, findings),
            "publication" => Some(Self::Publication { what: terms.need("what", Item::word)? }),
            "logging" => Some(Self::Logging { what: terms.need("what", Item::word)? }),
            "notice" => Self::read_notice(terms),
            _ => Self::read_recovery(kind, terms),
        }
    }

    fn recurring(
        what: Recurring,
        key: &'static str,
        terms: &Lookup<'_, '_, '_, '_>,
        findings: &Findings,
    ) -> Option<Self> {
        Some(Self::Recurring { what, every: terms.need(key, |item| Every::read(item, findings))? })
    }

    fn read_notice(terms: &Lookup<'_, '_, '_, '_>) -> Option<Self> {
        const ABOUT: [(About, &str); 2] = [(About::Incident, "incident"), (About::Subprocessor, "subprocessor")];
        const TO: [(To, &str); 2] = [(To::Public, "public"), (To::Customer, "customer")];
        let about = terms.need("about", |item| one_of(item, "what a notice can be about", &ABOUT));
        let to = terms.need("to", |item| one_of(item, "whom a notice can be for", &TO));
        let within = terms.need("noticed_within", limit);
        Some(Self::Notice { about: about?, to: to?, within: within? })
    }

    fn read_recovery(kind: &str, terms: &Lookup<'_, '_, '_, '_>) -> Option<Self> {
        let key = if kind == "recovery-time" { "rto" } else { "rpo" };
        let within = terms.need(key, limit);
        let exercises = terms.need("exercises_count", Item::boolean);
        let (within, exercises) = (within?, exercises?);
        Some(if kind == "recovery-time" {
            Self::RecoveryTime { within, exercises }
        } else {
            Self::RecoveryPoint { within, exercises }
        })
    }
}

fn limit(item: &Item<'_>) -> Result<Limit, Refusal> {
    match item.text()? {
        "none" => Ok(None),
        _ => item
            .length()
            .map(Some)
            .map_err(|refusal| refusal.or_help("write a length, or \"none\" if there is no limit")),
    }
}

fn words(item: &Item<'_>, findings: &Findings) -> Result<Vec<String>, Refusal> {
    item.list()?;
    let all = item.each(findings, Item::word);
    all.ok_or_else(|| Refusal::new(format!("`{}` cannot be used as it stands", item.name)))
}
