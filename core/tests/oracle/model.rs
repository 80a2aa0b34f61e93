//! The neutral input of the oracle: plain facts and plain terms, time in ticks (one unit of `i64`), no calendar.
//! Each sentence names the rule of the agreement language ("R6" is rule 6, "P7" is primitive 7) that it comes from.

use crate::fraction::Frac;

/// One line of the history. R10: `recorded_at` decides whether it is known. Section 7: of facts with the same id the
/// one recorded last holds; a correction that sets a value is simply a later fact with the same id. A maintenance
/// line carries its sequence inside its id, since "same id and sequence" is one fact.
#[derive(Clone, Debug)]
pub(crate) struct Fact<T> {
    pub(crate) id: String,
    pub(crate) recorded_at: i64,
    pub(crate) body: T,
}

/// A correction that retracts (P14): versions of `of` recorded at or before `recorded_at` are gone from then on.
#[derive(Clone, Debug)]
pub(crate) struct Retraction {
    pub(crate) of: String,
    pub(crate) recorded_at: i64,
}

/// What one observation says (R1). Ordered from best to worst for the rule of equal times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Up,
    Degraded,
    Unknown,
    Down,
}

/// One point of observation: a check from one vantage (R1). It is registered on [from, until).
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) id: String,
    pub(crate) vantage: String,
    /// R1: staleness belongs to the check; `None` is the written-out `none`: a state never grows stale.
    pub(crate) staleness: Option<i64>,
    pub(crate) from: i64,
    pub(crate) until: Option<i64>,
}

/// R1: n observations of one state at one point, the first at `from`, the last at `last`.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) point: String,
    pub(crate) from: i64,
    pub(crate) last: i64,
    pub(crate) seen: Seen,
    pub(crate) n: i64,
}

/// The observer itself did not look (section 7). `vantage` absent = every vantage; open end = not over yet.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) vantage: Option<String>,
    pub(crate) from: i64,
    pub(crate) until: Option<i64>,
}

/// R1, R5: events of one stream on [from, until). They may not straddle slices.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    pub(crate) stream: String,
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) good: i64,
    pub(crate) valid: i64,
}

/// R8: one step of the number of users.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) users: i64,
}

/// R8: users affected on [from, until); `set` where the users are known by name.
#[derive(Clone, Debug)]
pub(crate) struct Impact {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) affected: i64,
    pub(crate) set: Option<Vec<String>>,
}

/// R3: a customer is entitled on [from, until).
#[derive(Clone, Debug)]
pub(crate) struct Entitlement {
    pub(crate) customer: String,
    pub(crate) from: i64,
    pub(crate) until: Option<i64>,
}

/// One maintenance line, or another excluded cause. R6: sequence 0 is the first plan, higher ones change it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) window: String,
    pub(crate) sequence: i64,
    pub(crate) class: String,
    /// Ids of nodes of the composition that the work touches; empty = all.
    pub(crate) scope: Vec<String>,
    /// Absent = every customer.
    pub(crate) customer: Option<String>,
    pub(crate) from: i64,
    pub(crate) until: Option<i64>,
    /// What really happened; an end that is not known is open (R6: as known at the time of knowledge).
    pub(crate) actual: Option<(i64, Option<i64>)>,
    pub(crate) cancelled: bool,
}

/// A notice about one sequence of a window (R6).
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) window: String,
    pub(crate) sequence: i64,
    pub(crate) published_at: Option<i64>,
    /// Customer and acceptance time.
    pub(crate) accepted: Vec<(String, i64)>,
}

/// A customer's report of an outage (P4, onset by report). `customer` absent = counts for everybody.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) customer: Option<String>,
    pub(crate) at: i64,
}

/// R17: the suspension of one customer.
#[derive(Clone, Debug)]
pub(crate) struct Suspension {
    pub(crate) customer: String,
    pub(crate) ordered_at: i64,
    pub(crate) enforced_at: Option<i64>,
    pub(crate) lifted_at: Option<i64>,
    pub(crate) noticed_at: Option<i64>,
}

/// R18: a beacon written before the disruption.
#[derive(Clone, Debug)]
pub(crate) struct Beacon {
    pub(crate) at: i64,
    pub(crate) acknowledged: bool,
    pub(crate) read_back: bool,
}

/// R18: a disaster or an exercise.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    pub(crate) exercise: bool,
    pub(crate) disrupted_at: i64,
    /// Each interface of the plan, and when it was verified healthy.
    pub(crate) healthy: Vec<Option<i64>>,
    pub(crate) beacons: Vec<Beacon>,
}

/// All facts. `horizon` is the uncut timeline (R3): at least the period and every look-around. `day_starts` are the
/// local day starts in it, the first at or before its beginning (R5). `known_at` is T of R10.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) horizon: (i64, i64),
    pub(crate) day_starts: Vec<i64>,
    pub(crate) known_at: Option<i64>,
    pub(crate) points: Vec<Fact<Point>>,
    pub(crate) runs: Vec<Fact<Run>>,
    pub(crate) gaps: Vec<Fact<Gap>>,
    pub(crate) counts: Vec<Fact<Count>>,
    pub(crate) populations: Vec<Fact<Population>>,
    pub(crate) impacts: Vec<Fact<Impact>>,
    pub(crate) entitlements: Vec<Fact<Entitlement>>,
    pub(crate) plans: Vec<Fact<Plan>>,
    pub(crate) notices: Vec<Fact<Notice>>,
    pub(crate) reports: Vec<Fact<Report>>,
    pub(crate) suspensions: Vec<Fact<Suspension>>,
    pub(crate) recoveries: Vec<Fact<Recovery>>,
    pub(crate) retractions: Vec<Retraction>,
}

/// A component of the composition (R4). Windows name components by `id`; the root is the subject.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) kind: Kind,
}

/// R4, R14: how a component is judged from its parts.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A point of observation, by id.
    Point(String),
    /// Up when all parts are up.
    All(Vec<Node>),
    /// Up when any part is up.
    Any(Vec<Node>),
    /// R4: down at k downs over all registered parts.
    DownWhen(usize, Vec<Node>),
    /// R14: down at k downs among those reporting; unknown below `min_reporting`.
    Reporting { k: usize, min_reporting: usize, parts: Vec<Node> },
    /// R4: up weight ÷ weight at each instant; only at the root, only with `Aggregate::Exact`.
    Weighted(Vec<(i64, Node)>),
    /// R2 "control probes": down only when the measured part is down while the control is up.
    Guard { measured: Box<Node>, control: Box<Node> },
}

/// Who is judged. Several roots are the composition `worst` (R4): each is judged alone, the least ratio counts.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) customer: Option<String>,
    pub(crate) roots: Vec<Node>,
}

/// A measurement or cap period [start, end).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// R1: what `degraded` counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Degraded {
    Up,
    Down,
}

/// P4, R13: when an outage begins. `unconfirmed_down` is the "otherwise" of R13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onset {
    FirstFailure,
    Confirmation,
    Report,
}

/// R13, P7: how many failures in a row confirm an outage at one point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confirm {
    pub(crate) failures: i64,
    pub(crate) onset: Onset,
    pub(crate) unconfirmed_down: bool,
}

/// P6: the share of failures compared with a threshold.
#[derive(Clone, Debug)]
pub(crate) enum BadWhen {
    Above(Frac),
    AtLeast(Frac),
}

/// R5: what an empty slice, or one below the minimum, is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    Good,
    Bad,
    Leave,
}

/// R5, P6: slices of a width from each local day's start.
#[derive(Clone, Debug)]
pub(crate) struct Slices {
    pub(crate) width: i64,
    /// Absent only for the mean of slice ratios.
    pub(crate) bad_when: Option<BadWhen>,
    pub(crate) empty: Worth,
    /// Fewer valid events than this take `below`.
    pub(crate) minimum: i64,
    pub(crate) below: Worth,
}

/// R3: on what the minimum duration is tested. `Clipped` cuts by entitlement, service time and period;
/// `ClippedToCoverage` by entitlement and service time alone (READINGS 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QualifyOn {
    Whole,
    Clipped,
    ClippedToCoverage,
}

/// R13, P7: merge gaps first, then the minimum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Qualify {
    /// An outage of at least this many ticks qualifies.
    pub(crate) minimum: i64,
    /// Gaps of at most this many ticks are merged.
    pub(crate) merge_gap: i64,
    pub(crate) gap_is_downtime: bool,
    pub(crate) on: QualifyOn,
}

/// P8: which part of a window excludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Announced,
    Actual,
    Intersection,
}

/// P8: what exclusion does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Remove,
    AsUp,
    Nothing,
}

/// R6: by which time a notice is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeBy {
    Published,
    Accepted,
}

/// R6, R15: what an extension must satisfy; its limits refer to the first plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtensionRule {
    /// Its notice must come this long before the end then in force.
    pub(crate) lead: i64,
    /// The new end may lie at most this far beyond the first plan's end.
    pub(crate) longest: Option<i64>,
    /// Nor further than the first plan is long.
    pub(crate) doubles: bool,
}

/// P8, R15: one class of exclusion that the agreement names; other classes never exclude.
#[derive(Clone, Debug)]
pub(crate) struct Exclusion {
    pub(crate) class: String,
    pub(crate) extent: Extent,
    pub(crate) effect: Effect,
    /// Required lead of the notice; `None` = no notice needed.
    pub(crate) lead: Option<i64>,
    pub(crate) by: NoticeBy,
    /// `None` = extensions have no effect.
    pub(crate) extension: Option<ExtensionRule>,
}

/// R7: what consumes a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CapMeasure {
    Announced,
    Actual,
    Down,
}

/// R7: whose windows consume a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CapScope {
    /// Windows that touch the subject or one of its components.
    Subject,
    /// Every window of the world.
    Everything,
}

/// R7: a limit on excluded time of some classes. Classes of the agreement that are not listed are exempt from it.
#[derive(Clone, Debug)]
pub(crate) struct Cap {
    pub(crate) classes: Vec<String>,
    pub(crate) limit: i64,
    pub(crate) measure: CapMeasure,
    pub(crate) scope: CapScope,
    pub(crate) periods: Vec<Period>,
}

/// P9, R2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownPolicy {
    Bounds,
    Up,
    Down,
    Excluded,
}

/// P2, R3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partial {
    Restrict,
    Full,
    DeemedUp,
}

/// P11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Exact,
    GoodSlices,
    MeanOfSlices,
    EventRatio,
    UserWeighted,
}

/// R17: what the time of a suspension counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SuspendedAs {
    Measured,
    Up,
    Down,
    Excluded,
}

/// One target with the indicator it is measured by; several in a commitment are conjoined (P11).
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Count stream; `None` = the four-state timeline.
    pub(crate) stream: Option<String>,
    pub(crate) slices: Option<Slices>,
    pub(crate) aggregate: Aggregate,
    /// `None` = measured and reported only.
    pub(crate) at_least: Option<Frac>,
    pub(crate) remedy: Option<Remedy>,
}

/// Section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Lower,
    Upper,
    Both,
}

/// A commitment that is a percentage.
#[derive(Clone, Debug)]
pub(crate) struct Commitment {
    pub(crate) targets: Vec<Target>,
    pub(crate) degraded: Degraded,
    pub(crate) confirm: Confirm,
    pub(crate) qualify: Option<Qualify>,
    pub(crate) exclude_before_qualification: bool,
    pub(crate) exclusions: Vec<Exclusion>,
    pub(crate) caps: Vec<Cap>,
    pub(crate) unknown: UnknownPolicy,
    /// R16.
    pub(crate) min_observed: Option<Frac>,
    pub(crate) binding: Binding,
    pub(crate) partial: Partial,
    /// P2: agreed service time; `None` = always.
    pub(crate) service_time: Option<Vec<(i64, i64)>>,
    pub(crate) suspended: SuspendedAs,
}

/// R9: one end of a tier.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Open,
    Including(Frac),
    Excluding(Frac),
}

/// P12: the unit of a credit. Percentages are fractions of 1.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    ShareOfFee(Frac),
    ServiceDays(i64),
    /// Times the fee for the time lost, pro rata of the period.
    ProRata(Frac),
    /// A share of the fee for each started step of downtime.
    PerStartedStep {
        step: i64,
        share: Frac,
    },
}

/// R9: an interval with explicit ends, on the ratio or on the downtime in ticks.
#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub(crate) on_downtime: bool,
    pub(crate) from: End,
    pub(crate) until: End,
    pub(crate) unit: Unit,
}

/// R9: rounding, once per credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Down,
    Up,
    HalfUp,
    HalfEven,
}

/// R9, P12.
#[derive(Clone, Debug)]
pub(crate) struct Remedy {
    pub(crate) tiers: Vec<Tier>,
    pub(crate) fee: Frac,
    /// How many ticks, and how many local days, the fee pays for.
    pub(crate) paid: (i64, i64),
    /// Most that one credit may be.
    pub(crate) cap: Option<Frac>,
    /// A credit below it is not paid.
    pub(crate) minimum_payout: Option<Frac>,
    pub(crate) rounding_unit: Frac,
    pub(crate) rounding: Rounding,
}

/// R2: the four classes; they sum to `covered`. `as_up` is the part of `excluded` that counts as up (R15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) covered: i64,
    pub(crate) up: i64,
    pub(crate) down: i64,
    pub(crate) excluded: i64,
    pub(crate) unknown: i64,
    pub(crate) as_up: i64,
}

/// Section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    Indeterminate,
    NoTarget,
    NoOccasion,
    NotCovered,
    InProgress,
}

/// What is found for one target.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) tally: Tally,
    pub(crate) lower: Option<Frac>,
    pub(crate) upper: Option<Frac>,
    /// R16, always from the timeline before a policy substitutes.
    pub(crate) observed: Option<Frac>,
    pub(crate) verdict: Verdict,
    /// What is owed by the binding bound.
    pub(crate) credit: Option<Frac>,
    /// Credits at the upper and at the lower bound.
    pub(crate) credit_range: Option<(Frac, Frac)>,
}

/// What is found for a commitment, a subject and a period.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) findings: Vec<Finding>,
    pub(crate) verdict: Verdict,
    pub(crate) credit: Option<Frac>,
}
