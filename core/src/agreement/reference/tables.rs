//! The data of the reference.

use super::super::words::{
    Aggregate, Base, Binding, CapMeasure, CapScope, ClaimFrom, CoverageNeed, Customers, DaysAre, Effect, ExcludeOrder,
    Extent, Indicator, MidPeriod, Missing, NoticeBy, Onset, Partial, Per, QualifyOn, RoundingMode, Suspended,
    SuspendedFrom, TakesEffect, TotalPer, UnknownPolicy, Worth,
};
use super::Shape::{
    Address, Boolean, Clause, Clock, Date, Decimal, Either, Fixed, Id, Length, List, Moment, Percent, Set, Table,
    Texts, Weights, Whole, Word, Zone,
};
use super::{KeyDoc, KindDoc, Shape, TableDoc, WordSet};

const fn must(key: &'static str, shape: Shape, says: &'static str) -> KeyDoc {
    KeyDoc { key, shape, needed: true, says }
}

const fn may(key: &'static str, shape: Shape, says: &'static str) -> KeyDoc {
    KeyDoc { key, shape, needed: false, says }
}

const COUNT: Shape = Whole(1, u32::MAX);
const MONTHS: Shape = Whole(1, 120);
const UP_DOWN: Shape = Fixed(&["up", "down"]);
const LIMIT: Shape = Either(&[Length, Fixed(&["none"])]);

/// How strongly a clause binds.
pub(super) static FORCE: WordSet = WordSet {
    name: "Force",
    says: "How strongly a clause binds.",
    words: &[
        ("statement", "Says what is so."),
        ("objective", "A goal, without a promise to reach it."),
        ("efforts", "A promise to try."),
        ("duty", "A promise to do."),
        ("permission", "What a party may do."),
        ("condition", "What must hold for the rest to apply."),
    ],
};

/// The tables of the file, in the order in which one writes them.
#[rustfmt::skip]
pub(super) static TABLES: [TableDoc; 12] = [
    TableDoc { name: "[agreement]", says: "The agreement itself: one revision of it. It also takes the terms of the agreement as a whole: `takes_effect`, `mid_period` and `covered_when`.", keys: &[
        must("id", Id, "the same over all revisions"),
        must("title", Texts, "its title"),
        must("provider", Texts, "who promises"),
        must("revision", Word, "which revision this is, as its author counts them"),
        must("languages", List(&Fixed(&["en", "ja"])), "the languages that every text has"),
        must("authoritative", Fixed(&["en", "ja"]), "the language that governs where two differ"),
        may("note", Texts, "what the reader of another language is told about the one that governs"),
        must("valid_from", Moment, "from when this revision is in force"),
        may("valid_until", Moment, "until just before when; absent means without end"),
        may("takes_effect", Set(&TakesEffect::DOC), "a term"),
        may("mid_period", Set(&MidPeriod::DOC), "a term"),
        may("covered_when", List(&Set(&CoverageNeed::DOC)), "a term"),
    ] },
    TableDoc { name: "[[document]]", says: "A document that makes up the contract together with this agreement. The order of the tables is the order of precedence, as far as `prevails_over` does not say otherwise.", keys: &[
        must("id", Id, "its id"),
        must("title", Texts, "its title"),
        may("address", Address, "where it can be read"),
        may("this", Boolean, "whether it is this agreement itself"),
        may("prevails_over", List(&Id), "the documents that it prevails over"),
        may("terms", Table(&TERMS_OF_TABLE), "terms that it states"),
    ] },
    TableDoc { name: "[document.terms]", says: "Terms that a document states. Those of a document above this agreement prevail over the commitments; those of the others fill what the commitments leave open.", keys: &[] },
    TableDoc { name: "[[definition]]", says: "What a word means.", keys: &[
        must("term", Texts, "the word"),
        must("text", Texts, "what it means"),
        may("document", Id, "the document that defines it; absent means this agreement"),
    ] },
    TableDoc { name: "[[calendar]]", says: "Days and hours in which a service is promised, or in which business is done.", keys: &[
        must("id", Id, "its id"),
        must("days", List(&Fixed(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"])), "which days of the week"),
        must("from", Clock, "from when on each day, by the clock of the commitment's zone"),
        must("until", Clock, "until when; the day ends at `24:00`"),
        may("holidays", List(&Date), "days that are left out"),
    ] },
    TableDoc { name: "[[clause]]", says: "One numbered passage of the contract.", keys: &[
        must("id", Clause, "the number that the contract prints"),
        must("force", Set(&FORCE), "how strongly it binds"),
        must("title", Texts, "its heading"),
        must("text", Texts, "what it says"),
    ] },
    TableDoc { name: "[[solution]]", says: "One hosted service that the agreement covers.", keys: &[
        must("id", Id, "its id"),
        must("name", Texts, "its name"),
        may("covered_from", Moment, "from when it is judged at all; absent means as long as the revision is in force"),
        must("interface", List(&Table(&INTERFACE)), "the ways in which it is reached"),
    ] },
    TableDoc { name: "[[solution.interface]]", says: "One way in which the solution above it is reached.", keys: INTERFACE.keys },
    TableDoc { name: "[[commitment]]", says: "One measurable promise of a clause. It also takes every term that its kind can have: a term that the contract states stands here.", keys: &[
        must("id", Id, "its id"),
        must("name", Texts, "its name"),
        must("clause", Clause, "the clause that promises it"),
        must("kind", Shape::Fixed(&KIND_NAMES), "what kind of promise it is"),
        must("per", Set(&Per::DOC), "what it is judged for, one by one: `availability` and `monitoring` not per agreement, the other kinds per agreement or solution"),
        may("solutions", List(&Id), "the solutions that it is about; absent means all"),
        may("target", Percent, "`availability`, `monitoring`: the least figure that is promised; absent means that nothing is"),
        may("targets", List(&Table(&GOAL)), "`availability`: several figures instead, which must all be reached"),
        may("policy", Table(&TERMS_OF_TABLE), "what the operator chose for this commitment alone"),
    ] },
    TableDoc { name: "[commitment.policy]", says: "What the operator chose for the commitment above it alone; it goes before `[policy]`. It takes every term that the commitment's kind can have.", keys: &[] },
    TableDoc { name: "[policy]", says: "What the operator chose where the contract is silent: terms for all commitments. It takes every term.", keys: &[] },
    TableDoc { name: "an item of `targets`", says: "One of several figures that must all be reached. What it leaves out, the commitment's terms say.", keys: GOAL.keys },
];

#[rustfmt::skip]
static TERMS_OF_TABLE: TableDoc = TableDoc { name: "terms", says: "Terms.", keys: &[] };

#[rustfmt::skip]
static INTERFACE: TableDoc = TableDoc { name: "interface", says: "One way in which a solution is reached.", keys: &[
    must("id", Id, "its id"),
    must("name", Texts, "its name"),
] };

#[rustfmt::skip]
static GOAL: TableDoc = TableDoc { name: "target", says: "One of several figures.", keys: &[
    may("name", Word, "what it is called"),
    must("target", Percent, "the least figure that is promised"),
    may("indicator", Set(&Indicator::DOC), "what is measured"),
    may("aggregate", Set(&Aggregate::DOC), "how the figure is made"),
    may("slice", Table(&SLICE), "how time is cut"),
] };

/// The tables that stand inline as the values of terms.
pub(super) static INLINE: [&TableDoc; 19] = [
    &COMPOSITION,
    &WEIGHTS,
    &PERIOD,
    &CONFIRM,
    &CONNECTIONS,
    &OUTAGE,
    &SLICE,
    &EXCLUSION,
    &NOTICE,
    &EXTENSION,
    &CAP,
    &REMEDY,
    &TIER,
    &CREDIT_CAP,
    &ROUNDING,
    &TOTAL,
    &TERMINATION,
    &CLAIM,
    &EVERY,
];

#[rustfmt::skip]
static COMPOSITION: TableDoc = TableDoc { name: "composition", says: "How many parts must be down for the whole to be down.", keys: &[
    must("down_when", COUNT, "at least so many known to be down make the whole down"),
    may("over", Fixed(&["registered", "reporting"]), "whether parts that do not report count; `registered` if left out"),
    may("min_reporting", Whole(0, u32::MAX), "with `reporting`: the whole is unknown when fewer report"),
] };

#[rustfmt::skip]
static WEIGHTS: TableDoc = TableDoc { name: "weights", says: "How much each part weighs.", keys: &[
    must("weights", Weights, "the weight of each part by its name"),
] };

#[rustfmt::skip]
static PERIOD: TableDoc = TableDoc { name: "period", says: "A period that is no calendar month, quarter or year. It is of one kind: keep one of `fiscal`, `billing`, `rolling` and `claim`.", keys: &[
    may("fiscal", MONTHS, "every so many months from a date on"),
    may("from", Date, "with `fiscal`: a date on which a period begins"),
    may("billing", MONTHS, "every so many months from the start of the customer's term"),
    may("rolling", Length, "for each day, the time of this length that ends with it"),
    may("rolling_days", COUNT, "the same in local calendar days"),
    may("claim", Length, "for each claim, the time of this length before it was filed"),
    may("claim_days", COUNT, "the same in local calendar days"),
    may("used_once", Boolean, "with `claim`: whether down time before an earlier accepted claim counts as up"),
] };

#[rustfmt::skip]
static CONFIRM: TableDoc = TableDoc { name: "confirm", says: "How failed observations become an outage.", keys: &[
    must("failures", COUNT, "how many in a row confirm it"),
    must("onset", Set(&Onset::DOC), "from when it then counts"),
    must("unconfirmed", UP_DOWN, "what a row counts as that was never confirmed"),
] };

#[rustfmt::skip]
static CONNECTIONS: TableDoc = TableDoc { name: "connections", says: "When missing connections of installed software are down time.", keys: &[
    must("down_below", Percent, "a smaller connected share than this is down"),
    must("customer_side", Set(&Missing::DOC), "what software counts as that is missing for a reason on the customer's side"),
    must("undetermined", Set(&Missing::DOC), "what software counts as that is missing for a reason that nobody knows"),
] };

#[rustfmt::skip]
static OUTAGE: TableDoc = TableDoc { name: "outage", says: "Which outages are long enough to count.", keys: &[
    may("at_least", Length, "the least length; an outage of exactly this length counts"),
    may("longer_than", Length, "instead: an outage of exactly this length does not count"),
    may("merge_gap", Length, "outages that are no further apart than this are one"),
    may("gap", UP_DOWN, "with `merge_gap`: what the time between them counts as"),
    must("qualify", Set(&QualifyOn::DOC), "what the length is tested on"),
] };

#[rustfmt::skip]
static SLICE: TableDoc = TableDoc { name: "slice", says: "How the time of a period is cut for judging, from each local day's start.", keys: &[
    must("width", Length, "how long one is; at most a day"),
    may("bad_above", Percent, "a slice with more failures than this is bad"),
    may("bad_from", Percent, "instead: a slice with exactly this share is bad already"),
    may("empty", Set(&Worth::DOC), "what a slice without valid events is worth; needed with counts"),
    may("minimum", COUNT, "the least number of valid events that decide"),
    may("below", Either(&[Set(&Worth::DOC), Fixed(&["whole-day"])]), "with `minimum`: what a slice with fewer is worth; `whole-day` judges all of one day together"),
] };

#[rustfmt::skip]
static EXCLUSION: TableDoc = TableDoc { name: "exclusion", says: "One class of time that the agreement names. A class that it does not name never excludes.", keys: &[
    must("class", Word, "the class of a maintenance, or the cause of an incident or an exclusion"),
    must("extent", Set(&Extent::DOC), "which part of its windows acts"),
    must("effect", Set(&Effect::DOC), "what it does"),
    may("notice", Table(&NOTICE), "the notice that a window needs; absent means none"),
    may("extension", Table(&EXTENSION), "what extensions need; absent means that they have no effect"),
] };

#[rustfmt::skip]
static NOTICE: TableDoc = TableDoc { name: "notice", says: "How long before something its notice must come: either `lead` or `days`. Limits are inclusive.", keys: &[
    may("lead", Length, "elapsed time"),
    may("days", Whole(0, u32::MAX), "local calendar days"),
    must("by", Set(&NoticeBy::DOC), "which time of a notice proves it"),
] };

#[rustfmt::skip]
static EXTENSION: TableDoc = TableDoc { name: "extension", says: "What makes an extension valid. Its limits refer to the first plan.", keys: &[
    must("lead", Length, "how long before the end then in force its notice must come"),
    may("at_most", Length, "by how much the first plan's end may be passed"),
    may("at_most_double", Boolean, "whether the planned length may at most be doubled"),
    must("by", Set(&NoticeBy::DOC), "which time of a notice proves it"),
] };

#[rustfmt::skip]
static CAP: TableDoc = TableDoc { name: "cap", says: "A limit on the time that some classes may take within a period.", keys: &[
    must("classes", List(&Word), "the classes that it limits"),
    must("limit", Length, "how much time; exactly this much is within it"),
    must("measure", Set(&CapMeasure::DOC), "what consumes it"),
    must("scope", Set(&CapScope::DOC), "whose windows consume it together"),
    must("period", PERIOD_SHAPE, "within which period"),
    may("exempt", EXEMPT, "what consumes nothing; `none` if left out"),
] };

#[rustfmt::skip]
static REMEDY: TableDoc = TableDoc { name: "remedy", says: "What a miss earns.", keys: &[
    must("tiers", List(&Table(&TIER)), "figures and what each earns; the first that matches pays"),
    must("base", Set(&Base::DOC), "the fee that credits are shares of"),
    must("rounding", Table(&ROUNDING), "how an amount is rounded, once"),
    may("cap", Table(&CREDIT_CAP), "the most that one credit may be"),
    may("pays_from", Decimal, "the least amount that is paid"),
    may("pays_above", Decimal, "instead: exactly this amount is not paid"),
    may("total", Table(&TOTAL), "the most that all credits of a span may be"),
    may("group", Word, "of credits of one group for one customer and period only the largest is paid"),
] };

#[rustfmt::skip]
static TIER: TableDoc = TableDoc { name: "tier", says: "An interval of figures, of the availability or of the down time, and the credit that it earns: one of `credit`, `credit` with `per_started`, `service_days` and `times_lost`.", keys: &[
    may("from", Percent, "from this availability on"),
    may("above", Percent, "above this availability"),
    may("up_to", Percent, "up to and with this availability"),
    may("below", Percent, "below this availability"),
    may("down_from", Length, "from this down time on"),
    may("down_above", Length, "above this down time"),
    may("down_up_to", Length, "up to and with this down time"),
    may("down_below", Length, "below this down time"),
    may("credit", Percent, "percent of the fee"),
    may("per_started", Length, "with `credit`: for every started step of down time"),
    may("service_days", COUNT, "what so many local days cost at the rate of the fees that cover them"),
    may("times_lost", Decimal, "so many times what the lost time costs at the rate of the fees that cover it"),
] };

#[rustfmt::skip]
static CREDIT_CAP: TableDoc = TableDoc { name: "credit-cap", says: "The most that one credit may be: one of the three.", keys: &[
    may("percent", Percent, "percent of the fee"),
    may("days", COUNT, "the fee's part for so many days"),
    may("amount", Decimal, "an amount"),
] };

#[rustfmt::skip]
static ROUNDING: TableDoc = TableDoc { name: "rounding", says: "How money is rounded.", keys: &[
    must("unit", Decimal, "to a multiple of this, such as `\"0.01\"`"),
    must("mode", Set(&RoundingMode::DOC), "in which way"),
] };

#[rustfmt::skip]
static TOTAL: TableDoc = TableDoc { name: "total", says: "The most that all credits of a span may be.", keys: &[
    must("percent", Percent, "percent of that span's fees"),
    must("per", Set(&TotalPer::DOC), "which span"),
] };

#[rustfmt::skip]
static TERMINATION: TableDoc = TableDoc { name: "termination", says: "A right to end the contract after repeated misses.", keys: &[
    must("missed", COUNT, "how many periods must be missed"),
    must("of", COUNT, "among how many consecutive complete ones"),
    may("down_above", Length, "what counts as missed: more down time than this, instead of a missed verdict"),
    must("lapse", LIMIT, "how long after it arose the right lasts"),
] };

#[rustfmt::skip]
static CLAIM: TableDoc = TableDoc { name: "claim", says: "How a credit is asked for, with one deadline: `within`, `days`, `months` or `business_days`.", keys: &[
    may("within", Length, "elapsed time"),
    may("days", COUNT, "local calendar days"),
    may("months", COUNT, "calendar months"),
    may("business_days", COUNT, "days of business"),
    may("calendar", Id, "with `business_days`: the calendar that says which days those are"),
    must("from", Set(&ClaimFrom::DOC), "from when the deadline runs"),
    may("evidence", List(&Word), "what must be handed in, by name"),
] };

#[rustfmt::skip]
static EVERY: TableDoc = TableDoc { name: "every", says: "At least once in any span of this length: one of the two.", keys: &[
    may("months", COUNT, "calendar months"),
    may("days", COUNT, "local calendar days"),
] };

const PERIOD_SHAPE: Shape = Either(&[Fixed(&["month", "quarter", "year", "asked"]), Table(&PERIOD)]);
const EXEMPT: Shape = Fixed(&["none", "uncontrollable-iaas"]);
const PARTS: Shape = Either(&[Fixed(&["all", "any"]), Table(&COMPOSITION)]);
const TOP_PARTS: Shape = Either(&[Fixed(&["all", "any", "weighted", "worst"]), Table(&COMPOSITION), Table(&WEIGHTS)]);
const CLAIM_SHAPE: Shape = Either(&[Fixed(&["automatic"]), Table(&CLAIM)]);
const EVERY_SHAPE: Shape = Either(&[Length, Fixed(&["none"]), Table(&EVERY)]);

/// What the value of each term looks like.
#[rustfmt::skip]
pub(super) static SHAPES: [(&str, Shape); 54] = [
    ("zone", Zone),
    ("period", PERIOD_SHAPE),
    ("close_after", Length),
    ("decimals", Whole(2, 12)),
    ("unknown", Set(&UnknownPolicy::DOC)),
    ("min_observed", Percent),
    ("degraded", UP_DOWN),
    ("service_time", Either(&[Fixed(&["24x7"]), Id])),
    ("vantages", PARTS),
    ("checks", TOP_PARTS),
    ("instances", TOP_PARTS),
    ("features", TOP_PARTS),
    ("interfaces", TOP_PARTS),
    ("zones", TOP_PARTS),
    ("regions", TOP_PARTS),
    ("controls", PARTS),
    ("confirm", Table(&CONFIRM)),
    ("outage", Table(&OUTAGE)),
    ("days_are", Set(&DaysAre::DOC)),
    ("connections", Table(&CONNECTIONS)),
    ("exclude", Set(&ExcludeOrder::DOC)),
    ("exclusions", List(&Table(&EXCLUSION))),
    ("caps", List(&Table(&CAP))),
    ("partial", Set(&Partial::DOC)),
    ("suspended", Set(&Suspended::DOC)),
    ("customers", Set(&Customers::DOC)),
    ("binding", Set(&Binding::DOC)),
    ("indicator", Set(&Indicator::DOC)),
    ("aggregate", Set(&Aggregate::DOC)),
    ("slice", Table(&SLICE)),
    ("remedy", Table(&REMEDY)),
    ("termination", List(&Table(&TERMINATION))),
    ("claim", CLAIM_SHAPE),
    ("classes", List(&Word)),
    ("maintenance_notice", Table(&NOTICE)),
    ("maintenance_extension", Table(&EXTENSION)),
    ("maintenance_limit", Length),
    ("cap_scope", Set(&CapScope::DOC)),
    ("cap_exempt", EXEMPT),
    ("noticed_within", LIMIT),
    ("noticed_from", Set(&SuspendedFrom::DOC)),
    ("restored_within", LIMIT),
    ("rto", LIMIT),
    ("rpo", LIMIT),
    ("exercises_count", Boolean),
    ("exercise_every", EVERY_SHAPE),
    ("review_every", EVERY_SHAPE),
    ("capacity_every", EVERY_SHAPE),
    ("about", Fixed(&["incident", "subprocessor"])),
    ("to", Fixed(&["public", "customer"])),
    ("what", Word),
    ("takes_effect", Set(&TakesEffect::DOC)),
    ("mid_period", Set(&MidPeriod::DOC)),
    ("covered_when", List(&Set(&CoverageNeed::DOC))),
];

/// The terms that every commitment has.
pub(super) const COMMON: [&str; 4] = ["zone", "period", "close_after", "decimals"];

/// Every kind of commitment, in the order of the reference.
#[rustfmt::skip]
pub(super) static KINDS: [KindDoc; 16] = [
    KindDoc { kind: "availability", says: "a percentage of time, slices, events or users", terms: &[
        "unknown", "min_observed", "service_time", "degraded", "vantages", "checks", "instances", "features",
        "interfaces", "zones", "regions", "controls", "confirm", "outage", "exclude", "days_are", "connections", "exclusions", "caps", "partial",
        "suspended", "customers", "binding", "indicator", "aggregate", "slice", "remedy", "termination", "claim",
    ] },
    KindDoc { kind: "monitoring", says: "an observed share of time", terms: &[
        "service_time", "degraded", "vantages", "checks", "instances", "features", "interfaces", "zones", "regions",
        "controls", "confirm", "connections",
    ] },
    KindDoc { kind: "maintenance-notice", says: "every maintenance of some classes is announced in time", terms: &["classes", "maintenance_notice", "days_are"] },
    KindDoc { kind: "maintenance-extension", says: "every extension of a maintenance follows its rule", terms: &["classes", "maintenance_extension"] },
    KindDoc { kind: "maintenance-cap", says: "actual work takes at most so long in a period", terms: &["classes", "maintenance_limit", "cap_scope", "cap_exempt"] },
    KindDoc { kind: "suspension-notice", says: "a suspended customer is told promptly", terms: &["noticed_within", "noticed_from"] },
    KindDoc { kind: "suspension-restore", says: "a suspension ends soon", terms: &["restored_within"] },
    KindDoc { kind: "incident-restore", says: "an interruption ends soon", terms: &["restored_within"] },
    KindDoc { kind: "recovery-time", says: "service is back after a disaster within a time", terms: &["rto", "exercises_count"] },
    KindDoc { kind: "recovery-point", says: "data is lost of no more than a time before a disaster", terms: &["rpo", "exercises_count"] },
    KindDoc { kind: "recovery-exercise", says: "recovery is exercised again and again", terms: &["exercise_every"] },
    KindDoc { kind: "plan-review", says: "the recovery plan is reviewed or updated again and again", terms: &["review_every"] },
    KindDoc { kind: "capacity-watch", says: "capacity is looked at again and again", terms: &["capacity_every"] },
    KindDoc { kind: "notice", says: "somebody is told of something", terms: &["about", "to", "noticed_within"] },
    KindDoc { kind: "publication", says: "something stands at a public address all the time", terms: &["what"] },
    KindDoc { kind: "logging", says: "a customer's policies or events are logged all the time", terms: &["what"] },
];

const KIND_NAMES: [&str; 16] = [
    "availability",
    "monitoring",
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
