//! What can happen: one structure for each type of line of a history file.
//!
//! Here: the shapes, with their units. Not here: how a line is read ([`super::Reader`]), and what a fact means for a
//! figure ([`crate::evaluate`]).

use super::write::Seen;
use crate::agreement::Text;
use crate::id::{CheckId, CommitmentId, CustomerId, FactId, InterfaceId, PartId, Series, SolutionId};
use crate::interval::Interval;
use crate::run::Run;
use crate::time::Instant;

/// A body with what every line says: which fact it is, when it was recorded, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<T> {
    /// The fact. Of lines with one id the one recorded last holds.
    pub id: FactId,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// Who recorded it.
    pub by: Option<String>,
    /// What happened.
    pub body: T,
}

/// The finer parts of a scope. An absent one means all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Parts {
    /// A region that the solution is served from.
    pub region: Option<PartId>,
    /// An availability zone of a region.
    pub zone: Option<PartId>,
    /// One instance or cluster.
    pub instance: Option<PartId>,
    /// One feature.
    pub feature: Option<PartId>,
    /// One customer.
    pub customer: Option<CustomerId>,
}

/// What a fact is about. An absent key means all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Scope {
    /// The solution.
    pub solution: Option<SolutionId>,
    /// The interface of it.
    pub interface: Option<InterfaceId>,
    /// The finer parts.
    pub parts: Parts,
}

/// What a check measures: always one interface of one solution, perhaps a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckScope {
    /// The solution.
    pub solution: SolutionId,
    /// The interface of it.
    pub interface: InterfaceId,
    /// The finer parts.
    pub parts: Parts,
}

impl CheckScope {
    /// The interface as a whole.
    #[must_use]
    pub fn whole(solution: SolutionId, interface: InterfaceId) -> Self {
        Self { solution, interface, parts: Parts::default() }
    }
}

/// What a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It measures the service.
    Measure,
    /// It measures what the service is compared with, such as the origin behind it: while a control is down, a failure of
    /// what is measured is nobody's outage.
    Control,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Measure, Self::Control];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measure => "measure",
            Self::Control => "control",
        }
    }
}

/// A run with an id of its own, so that it can be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRun {
    /// Whose run it is.
    pub series: Series,
    /// What was observed; recorded when the fact was.
    pub run: Run,
}

/// An observation with an id of its own, so that it can be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedObservation {
    /// Whose observation it is.
    pub series: Series,
    /// What was observed.
    pub seen: Seen,
}

/// Events of one source within a span: how many there were, and how many of them were good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The check that counted; absent for a source that is no check.
    pub check: Option<CheckId>,
    /// What was counted. Where a check counted and the line has no scope, what is known at a moment has the check's own.
    pub scope: Scope,
    /// When.
    pub span: Interval,
    /// Good events; at most `valid`.
    pub good: u64,
    /// Events that count at all.
    pub valid: u64,
}

/// How many users there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// Of what.
    pub scope: Scope,
    /// When.
    pub span: Interval,
    /// What one user is, such as `user` or `seat`.
    pub unit: String,
    /// How many.
    pub count: u64,
}

/// How many users were affected by something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Of what.
    pub scope: Scope,
    /// When.
    pub span: Interval,
    /// What one user is, such as `user` or `seat`.
    pub unit: String,
    /// How many.
    pub count: u64,
    /// Which ones, where they are known: then overlapping impacts are united instead of summed.
    pub user_set: Option<Vec<String>>,
}

/// Something that exists for a time, such as a virtual machine of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Which: its instance, its customer.
    pub scope: Scope,
    /// What it is, such as `vm`.
    pub kind: String,
    /// Its tier, where tiers decide a promise.
    pub tier: Option<String>,
    /// When it exists.
    pub span: Interval,
}

/// Where a part of a solution is served from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Of what.
    pub scope: Scope,
    /// Which part of it, in words.
    pub part: String,
    /// The third-party provider.
    pub provider: String,
    /// Its data centre.
    pub data_centre: String,
    /// When.
    pub span: Interval,
}

/// A customer's right to use a solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Whose, and to what. The customer is always there.
    pub scope: Scope,
    /// Whether it was paid for.
    pub paid: bool,
    /// When it holds.
    pub span: Interval,
    /// The contract term that it is a part of, where that is longer.
    pub term: Option<Interval>,
    /// When it was last renewed.
    pub renewed_at: Option<Instant>,
    /// The revision of the agreement that was agreed.
    pub revision: Option<String>,
}

/// What a customer pays for a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// Who pays for what.
    pub scope: Scope,
    /// For when.
    pub span: Interval,
    /// An exact decimal, such as `1200.50`.
    pub amount: crate::ratio::Ratio,
    /// An ISO 4217 code.
    pub currency: String,
}

/// What a customer did with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AssentKind {
    /// Accepted it, as terms are accepted.
    Accept,
    /// Agreed to what it says.
    Agree,
    /// Said that it was read.
    Acknowledge,
    /// Took an earlier assent back.
    Withdraw,
    /// Ended the contract that it is about.
    Terminate,
}

impl AssentKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Accept, Self::Agree, Self::Acknowledge, Self::Withdraw, Self::Terminate];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Agree => "agree",
            Self::Acknowledge => "acknowledge",
            Self::Withdraw => "withdraw",
            Self::Terminate => "terminate",
        }
    }
}

/// A customer's word on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assent {
    /// Whose.
    pub customer: CustomerId,
    /// Who gave it.
    pub person: Option<String>,
    /// The SHA-256 of the document in hex, or its id in the agreement.
    pub document: String,
    /// What was done.
    pub kind: AssentKind,
    /// From when it holds, and until when: an open end lasts until it is withdrawn.
    pub span: Interval,
}

/// How far a maintenance has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaintenanceStatus {
    /// May happen; it is not announced by this line.
    Tentative,
    /// Will happen.
    Confirmed,
    /// Will not happen.
    Cancelled,
    /// Is happening.
    InProcess,
    /// Has happened.
    Completed,
}

impl MaintenanceStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Tentative, Self::Confirmed, Self::Cancelled, Self::InProcess, Self::Completed];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tentative => "TENTATIVE",
            Self::Confirmed => "CONFIRMED",
            Self::Cancelled => "CANCELLED",
            Self::InProcess => "IN-PROCESS",
            Self::Completed => "COMPLETED",
        }
    }
}

/// One state of one maintenance, which the fact's id names. Lines with one id and sequence are one plan, told again; a
/// higher sequence changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// 0 for the first plan.
    pub sequence: u32,
    /// On what.
    pub scope: Scope,
    /// The class that exclusions and caps name, such as `scheduled` or `emergency`.
    pub class: String,
    /// Who does it.
    pub performer: Option<String>,
    /// Whether the performer provides the infrastructure.
    pub iaas: bool,
    /// Whether the provider can control it.
    pub controllable: bool,
    /// How far it has come.
    pub status: MaintenanceStatus,
    /// What it does to users, in words, such as `NO-IMPACT`.
    pub impact: Option<String>,
    /// When it is planned.
    pub planned: Interval,
    /// When it really began.
    pub actual_from: Option<Instant>,
    /// When it really ended; absent while it goes on.
    pub actual_until: Option<Instant>,
}

/// Whom a notice is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// Everybody: it was published.
    Public,
    /// One customer.
    Customer(CustomerId),
}

/// The times that prove a notice, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The id of what it tells about: a maintenance, an incident, a suspension, a sub-processor …
    pub about: FactId,
    /// The sequence of the maintenance that it tells about; 0 for anything else.
    pub sequence: u32,
    /// What kind of thing it tells about, such as `maintenance` or `suspension`.
    pub kind: String,
    /// Whom it is for.
    pub audience: Audience,
    /// How it was given, such as `schedule-page` or `mail`.
    pub channel: String,
    /// When it could be read by everybody.
    pub published_at: Option<Instant>,
    /// When the channel accepted it.
    pub accepted_at: Option<Instant>,
    /// When it reached the customer.
    pub delivered_at: Option<Instant>,
    /// When the customer said that it was read.
    pub acknowledged_at: Option<Instant>,
    /// When the channel gave up.
    pub failed_at: Option<Instant>,
}

/// An interruption, by its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Of what.
    pub scope: Scope,
    /// When; an open end while it lasts.
    pub span: Interval,
    /// Its class, such as `unscheduled`, `unforeseen` or `attack`.
    pub cause: String,
    /// Whose fault it was, such as a sub-processor.
    pub attributed_to: Option<String>,
    /// When it was noticed.
    pub detected_at: Option<Instant>,
    /// Whether it is a disaster, for which the recovery plan runs.
    pub disaster: bool,
    /// When that was declared.
    pub declared_at: Option<Instant>,
}

/// How far those who deal with an interruption have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// It is being looked into.
    Investigating,
    /// Its cause is known.
    Identified,
    /// It is mended, and watched.
    Monitoring,
    /// It is over.
    Resolved,
    /// What is to be learned of it.
    Postmortem,
}

impl Stage {
    /// All of them, in the order in which they follow.
    pub const ALL: [Self; 5] =
        [Self::Investigating, Self::Identified, Self::Monitoring, Self::Resolved, Self::Postmortem];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
            Self::Postmortem => "postmortem",
        }
    }
}

/// What those who deal with something tell of it while it lasts, and after. No figure follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The id of what it tells about: an incident, a maintenance …
    pub about: FactId,
    /// The one customer that it is for; absent, everybody.
    pub customer: Option<CustomerId>,
    /// As of when.
    pub at: Instant,
    /// How far they have come.
    pub stage: Stage,
    /// What they say.
    pub text: Said,
}

/// What people say, with its language or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// In whatever language it is.
    Plain(String),
    /// In these languages; at least one.
    In(Text),
}

/// Time that somebody says does not count, by its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionFact {
    /// For what.
    pub scope: Scope,
    /// The class that the agreement's exclusions name.
    pub cause: String,
    /// When.
    pub span: Interval,
    /// Why, in words.
    pub ground: String,
}

/// How much of a solution was suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuspensionExtent {
    /// All of it.
    Whole,
    /// A part.
    Part,
}

impl SuspensionExtent {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Whole, Self::Part];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
        }
    }
}

/// A temporary suspension of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Of whom, from what. The customer is always there.
    pub scope: Scope,
    /// How much.
    pub extent: SuspensionExtent,
    /// What endangered the service, such as `denial-of-service`.
    pub act: String,
    /// Whether that was aimed at the customer's environment or came from it: `aimed-at` or `coming-from`.
    pub direction: Option<String>,
    /// When it was decided.
    pub ordered_at: Instant,
    /// When it took effect.
    pub enforced_at: Option<Instant>,
    /// When it ended; absent while it lasts.
    pub lifted_at: Option<Instant>,
    /// When it is to be looked at again.
    pub review_at: Option<Instant>,
}

/// What was done with a recovery plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlanAction {
    /// It was put in force.
    Adopted,
    /// It was looked through.
    Reviewed,
    /// It was changed.
    Updated,
}

impl PlanAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Adopted, Self::Reviewed, Self::Updated];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Reviewed => "reviewed",
            Self::Updated => "updated",
        }
    }
}

/// A step in the life of a solution's recovery plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose plan.
    pub solution: SolutionId,
    /// The SHA-256 of the plan in hex.
    pub digest: String,
    /// What was done.
    pub action: PlanAction,
    /// When.
    pub at: Instant,
}

/// One recovery: an exercise or the real thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Of what.
    pub solution: SolutionId,
    /// Whether it was an exercise.
    pub exercise: bool,
    /// The digest of the plan that was run.
    pub plan: Option<String>,
    /// When the service was disrupted.
    pub disrupted_at: Instant,
    /// When the last interface of the plan was verified healthy.
    pub healthy_at: Option<Instant>,
    /// The latest moment whose data was read back.
    pub recovery_point_at: Option<Instant>,
    /// What those who ran it say of it, in words; it decides nothing.
    pub verdict: Option<String>,
}

/// A step in the life of a sub-processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subprocessor {
    /// For what it is used.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// What happened: `added`, `changed` or `removed`.
    pub action: String,
    /// From when.
    pub effective_at: Instant,
    /// Where its own agreement can be read.
    pub sla: Option<String>,
}

/// A document that stood at a public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// What it is, such as `maintenance-schedule`, `sub-processors` or `agreement`.
    pub what: String,
    /// Where.
    pub address: String,
    /// The SHA-256 of what stood there, in hex.
    pub digest: Option<String>,
    /// When.
    pub span: Interval,
}

/// How many of the software installed at customers was connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// Of what.
    pub scope: Scope,
    /// When.
    pub span: Interval,
    /// How many should have been.
    pub expected: u64,
    /// How many were.
    pub connected: u64,
    /// How many were missing for a reason on the customer's side.
    pub customer_side: u64,
    /// How many were missing for a reason that nobody knows.
    pub undetermined: u64,
}

/// How much of something was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Of what.
    pub scope: Scope,
    /// Which resource, such as `disk`.
    pub resource: String,
    /// When.
    pub at: Instant,
    /// How much was used.
    pub used: u64,
    /// How much there is.
    pub limit: u64,
    /// In what, such as `bytes`.
    pub unit: String,
}

/// A customer's report of an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who reported.
    pub customer: CustomerId,
    /// What.
    pub scope: Scope,
    /// When.
    pub at: Instant,
}

/// The digest of what was logged for a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDigest {
    /// For whom.
    pub customer: CustomerId,
    /// `policy` or `event`.
    pub kind: String,
    /// When.
    pub span: Interval,
    /// How many records.
    pub count: u64,
    /// SHA-256 over them, in hex.
    pub digest: String,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// It was accepted.
    Accepted,
    /// It was refused.
    Refused,
}

impl Decision {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Accepted, Self::Refused];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// A customer's claim for a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub customer: CustomerId,
    /// Under which commitment.
    pub commitment: CommitmentId,
    /// For which of its periods, by name; for a period that is anchored at the claim it may be absent.
    pub period: Option<String>,
    /// When it was filed.
    pub filed_at: Instant,
    /// What was handed in with it, by name.
    pub evidence: Vec<String>,
    /// What became of it.
    pub decision: Option<Decision>,
    /// When that was decided.
    pub decided_at: Option<Instant>,
    /// What was paid, an exact decimal.
    pub amount: Option<crate::ratio::Ratio>,
}

/// What a correction does with the line that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Replaces the values of these keys; the line so made is recorded when the correction was.
    Set(serde_json::Map<String, serde_json::Value>),
    /// Takes back all that was recorded of it up to then.
    Retract,
}

/// What an earlier line should have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The id of the line.
    pub of: FactId,
    /// Which plan of a maintenance; absent means the highest sequence for a change and every one for a retraction.
    pub sequence: Option<u32>,
    /// What becomes of it.
    pub change: Change,
    /// Why.
    pub why: String,
}
