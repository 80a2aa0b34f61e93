//! The real evaluator against the oracle on commitments that are not percentages: maintenance notice and cap, suspension
//! notice, recovery time and point. Verdicts and figures must agree.
//!
//! One tick is one millisecond here. `UPHOLD_ORACLE_CASES` sets how many cases (2,000).
//!
//! Left out, since the evaluator knows more than the oracle: plans that move to other time (they need a notice of their
//! own), a service without customers where a notice is proved by acceptance, and disasters without any recovery.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use uphold_core::agreement::{self, Agreement};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::{self as real, History};
use uphold_core::id::{CustomerId, FactId, InterfaceId, SolutionId};
use uphold_core::interval::Interval;
use uphold_core::statement::{Amount, Row, Statement, Verdict as RealVerdict};
use uphold_core::time::{Instant, Millis, Period as RealPeriod};

use crate::build::{leaf, node, period};
use crate::duties::{
    Anchor, Duty, maintenance_cap, maintenance_notice, recovery_point, recovery_time, suspension_notice,
};
use crate::model::*;

/// 2026-01-01T00:00:00Z, tick 0.
const BASE: i64 = 1_767_225_600_000;
const TICKS: i64 = 200;

/// One random case, in a form that neither evaluator reads.
#[derive(Debug, Clone)]
struct Random {
    /// Whether a customer is judged, and whether its notices are proved by acceptance.
    customer: bool,
    accepted: bool,
    lead: i64,
    cap: i64,
    cap_of_all: bool,
    exempt: bool,
    from_enforcement: bool,
    exercises: bool,
    /// Of suspension notices, recovery times and recovery points.
    limits: [i64; 3],
    windows: Vec<RandomWindow>,
    suspensions: Vec<RandomSuspension>,
    recoveries: Vec<RandomRecovery>,
    period: (i64, i64),
    known: i64,
}

#[derive(Debug, Clone)]
struct RandomWindow {
    scheduled: bool,
    iaas: bool,
    controllable: bool,
    scope: usize,
    /// 0 for everybody, 1 for the judged customer, 2 for another.
    customer: usize,
    from: i64,
    length: i64,
    /// A second plan that begins so much later within the first and ends so much after its own begin.
    second: Option<(i64, i64)>,
    actual: Option<(i64, Option<i64>)>,
    cancelled: bool,
    recorded: i64,
    /// When the last plan was told with what really happened.
    told_later: i64,
    published: Option<i64>,
    accepted: Option<i64>,
    /// How much later than they came the notices were recorded.
    late: i64,
}

#[derive(Debug, Clone)]
struct RandomSuspension {
    ours: bool,
    ordered: i64,
    enforced: Option<i64>,
    noticed: Option<i64>,
    late: i64,
}

#[derive(Debug, Clone)]
struct RandomRecovery {
    exercise: bool,
    disrupted: i64,
    healthy: Option<i64>,
    point: Option<i64>,
    late: i64,
}

fn random_window() -> impl Strategy<Value = RandomWindow> {
    let of = proptest::option::of::<std::ops::Range<i64>>;
    let plan = (0..TICKS, 1..40_i64, proptest::option::of((0..40_i64, 1..40_i64)));
    let actual = proptest::option::of((-5..20_i64, of(1..50)));
    let kind = (prop::bool::weighted(0.8), prop::bool::weighted(0.3), any::<bool>(), 0..4_usize, 0..4_usize);
    let told = (-60..40_i64, 0..30_i64, prop::bool::weighted(0.15));
    let notices = (of(-70..10), of(-70..10), prop_oneof![3 => Just(0_i64), 1 => 0..60_i64]);
    (kind, plan, actual, told, notices).prop_map(|(kind, plan, actual, told, notices)| RandomWindow {
        scheduled: kind.0,
        iaas: kind.1,
        controllable: kind.2,
        scope: kind.3,
        customer: kind.4.saturating_sub(1),
        from: plan.0,
        length: plan.1,
        second: plan.2.map(|(later, length)| (later % plan.1, length)),
        actual: actual.map(|(offset, length)| (plan.0 + offset, length)),
        cancelled: told.2,
        recorded: plan.0 + told.0,
        told_later: told.1,
        published: notices.0.map(|ahead| plan.0 + ahead),
        accepted: notices.1.map(|ahead| plan.0 + ahead),
        late: notices.2,
    })
}

fn random() -> impl Strategy<Value = Random> {
    let late = || prop_oneof![3 => Just(0_i64), 1 => 0..60_i64];
    let of = proptest::option::of::<std::ops::Range<i64>>;
    let suspension = (prop::bool::weighted(0.7), 0..TICKS, of(0..20), prop::option::weighted(0.8, -10..40_i64), late())
        .prop_map(|(ours, ordered, enforced, noticed, late)| RandomSuspension {
            ours,
            ordered,
            enforced: enforced.map(|after| ordered + after),
            noticed: noticed.map(|after| ordered + after),
            late,
        });
    let recovery = (any::<bool>(), 0..TICKS, of(0..60), of(0..60), late()).prop_map(
        |(exercise, disrupted, healthy, point, late)| RandomRecovery {
            exercise,
            disrupted,
            healthy: healthy.map(|after| disrupted + after),
            point: point.map(|before| disrupted - before),
            late,
        },
    );
    let terms = (any::<bool>(), any::<bool>(), 0..40_i64, 0..60_i64, any::<bool>(), prop::bool::weighted(0.7));
    let more = (any::<bool>(), any::<bool>(), [0..40_i64, 0..60_i64, 0..60_i64]);
    let facts = (vec(random_window(), 0..4), vec(suspension, 0..3), vec(recovery, 0..3));
    let time = (0..80_i64, 60..150_i64, prop_oneof![3 => Just(TICKS + 100), 1 => 20..TICKS]);
    (terms, more, facts, time).prop_map(|(terms, more, facts, time)| Random {
        customer: terms.0,
        accepted: terms.0 && terms.1,
        lead: terms.2,
        cap: terms.3,
        cap_of_all: terms.4,
        exempt: terms.5,
        from_enforcement: more.0,
        exercises: more.1,
        limits: more.2,
        windows: facts.0,
        suspensions: facts.1,
        recoveries: facts.2,
        period: (time.0, time.0 + time.1),
        known: time.2,
    })
}

impl Random {
    fn agreement(&self) -> Agreement {
        let commitment = |kind: &str, terms: String| {
            format!(
                "[[commitment]]\nid = \"{kind}\"\nname = {{ en = \"C\" }}\nclause = \"1\"\nkind = \"{kind}\"\nper = \"solution\"\nsolutions = [\"s\"]\n{terms}\n"
            )
        };
        let by = if self.accepted { "accepted" } else { "published" };
        let (scope, exempt) =
            (if self.cap_of_all { "all" } else { "subject" }, if self.exempt { "uncontrollable-iaas" } else { "none" });
        let from = if self.from_enforcement { "enforcement" } else { "decision" };
        let [noticed, rto, rpo] = self.limits;
        let commitments = [
            commitment(
                "maintenance-notice",
                format!(
                    "classes = [\"scheduled\"]\nmaintenance_notice = {{ lead = \"{}ms\", by = \"{by}\" }}",
                    self.lead
                ),
            ),
            commitment(
                "maintenance-cap",
                format!(
                    "classes = [\"scheduled\"]\nmaintenance_limit = \"{}ms\"\ncap_scope = \"{scope}\"\ncap_exempt = \"{exempt}\"",
                    self.cap
                ),
            ),
            commitment("suspension-notice", format!("noticed_within = \"{noticed}ms\"\nnoticed_from = \"{from}\"")),
            commitment("recovery-time", format!("rto = \"{rto}ms\"\nexercises_count = {}", self.exercises)),
            commitment("recovery-point", format!("rpo = \"{rpo}ms\"\nexercises_count = {}", self.exercises)),
        ];
        let reading = agreement::read(&format!("{HEAD}{}{POLICY}", commitments.concat()));
        reading.agreement.unwrap_or_else(|| panic!("{:#?}", reading.findings))
    }

    fn history(&self) -> History {
        let mut history = History::default();
        for (number, window) in self.windows.iter().enumerate() {
            window.tell(number, &mut history.facts);
        }
        for (number, event) in self.suspensions.iter().enumerate() {
            event.tell(number, &mut history.facts);
        }
        for (number, event) in self.recoveries.iter().enumerate() {
            let body = real::Recovery {
                solution: SolutionId::parse("s").unwrap(),
                exercise: event.exercise,
                plan: None,
                disrupted_at: at(event.disrupted),
                healthy_at: event.healthy.map(at),
                recovery_point_at: event.point.map(at),
                verdict: None,
            };
            history.facts.recoveries.push(recorded(&format!("r{number}"), event.recorded(), body));
        }
        history
    }

    fn world(&self) -> World {
        let mut world =
            World { horizon: (-200, 600), day_starts: vec![-200], known_at: Some(self.known), ..World::default() };
        for (number, window) in self.windows.iter().enumerate() {
            window.plan(number, self.exempt, &mut world);
        }
        for (number, event) in self.suspensions.iter().enumerate() {
            let body = Suspension {
                customer: if event.ours { "us" } else { "them" }.into(),
                ordered_at: event.ordered,
                enforced_at: event.enforced,
                lifted_at: None,
                noticed_at: event.noticed,
            };
            world.suspensions.push(Fact { id: format!("x{number}"), recorded_at: event.recorded(), body });
        }
        for (number, event) in self.recoveries.iter().enumerate() {
            let beacon = |at| Beacon { at, acknowledged: true, read_back: true };
            let body = Recovery {
                exercise: event.exercise,
                disrupted_at: event.disrupted,
                healthy: vec![event.healthy],
                beacons: event.point.into_iter().map(beacon).collect(),
            };
            world.recoveries.push(Fact { id: format!("r{number}"), recorded_at: event.recorded(), body });
        }
        world
    }

    fn statement(&self) -> Statement {
        let interval = Interval::new(at(self.period.0), at(self.period.1)).unwrap();
        let request = Request {
            period: RealPeriod { name: "asked".into(), interval },
            as_known_at: at(self.known),
            customers: if self.customer { Customers::One(CustomerId::parse("us").unwrap()) } else { Customers::Nobody },
        };
        evaluate(std::slice::from_ref(&self.agreement()), &self.history(), &request).unwrap()
    }

    /// What the oracle finds of each commitment, by its id.
    fn duties(&self) -> Vec<(&'static str, Duty)> {
        let (world, period) = (self.world(), period(self.period.0, self.period.1));
        let class = |name: &str| Exclusion {
            class: name.into(),
            extent: Extent::Actual,
            effect: Effect::Remove,
            lead: Some(self.lead),
            by: if self.accepted { NoticeBy::Accepted } else { NoticeBy::Published },
            extension: None,
        };
        let subject = Subject {
            customer: self.customer.then(|| "us".into()),
            roots: vec![node("s", Kind::All(vec![leaf("console"), leaf("api")]))],
        };
        let cap = Cap {
            classes: vec!["scheduled".into()],
            limit: self.cap,
            measure: CapMeasure::Actual,
            scope: if self.cap_of_all { CapScope::Everything } else { CapScope::Subject },
            periods: Vec::new(),
        };
        // For the notice exempt work is announced like any other, so that its class is asked for, too.
        let of_notice = [class("scheduled"), class("exempt-scheduled")];
        let of_cap = [class("scheduled"), class("exempt-scheduled"), class("exempt-emergency")];
        let anchor = if self.from_enforcement { Anchor::Enforcement } else { Anchor::Decision };
        let [noticed, rto, rpo] = self.limits;
        let mut duties = vec![
            ("maintenance-notice", maintenance_notice(&world, &of_notice, &subject, &period)),
            ("maintenance-cap", maintenance_cap(&world, &of_cap, &cap, &subject, &period)),
            ("recovery-time", recovery_time(&world, self.exercises, rto, &period)),
            ("recovery-point", recovery_point(&world, self.exercises, rpo, &period)),
        ];
        if self.customer {
            duties.push(("suspension-notice", suspension_notice(&world, anchor, noticed, &subject, &period)));
        }
        duties
    }
}

impl RandomWindow {
    fn scope(&self) -> real::Scope {
        let (solution, interface) =
            [(None, None), (Some("s"), None), (Some("s"), Some("console")), (Some("t"), None)][self.scope];
        let customer = [None, Some("us"), Some("them")][self.customer];
        real::Scope {
            solution: solution.map(|id| SolutionId::parse(id).unwrap()),
            interface: interface.map(|id| InterfaceId::parse(id).unwrap()),
            parts: real::Parts {
                customer: customer.map(|id| CustomerId::parse(id).unwrap()),
                ..real::Parts::default()
            },
        }
    }

    /// Every plan as (sequence, begin, end).
    fn plans(&self) -> Vec<(u32, i64, i64)> {
        let second = self.second.map(|(later, length)| (1, self.from + later, self.from + later + length));
        [(0, self.from, self.from + self.length)].into_iter().chain(second).collect()
    }

    /// Each telling: its sequence, begin, end, when it was recorded, and whether what happened is told with it.
    fn tellings(&self) -> Vec<(u32, i64, i64, i64, bool)> {
        let mut all: Vec<_> = self
            .plans()
            .into_iter()
            .map(|(n, from, until)| (n, from, until, self.recorded + i64::from(n), false))
            .collect();
        let (n, from, until, recorded, _) = *all.last().unwrap();
        all.push((n, from, until, recorded + 1 + self.told_later, true));
        all
    }

    fn tell(&self, number: usize, facts: &mut real::Facts) {
        let id = format!("m{number}");
        for (sequence, from, until, when, last) in self.tellings() {
            let cancelled = last && self.cancelled;
            let body = real::Maintenance {
                sequence,
                scope: self.scope(),
                class: if self.scheduled { "scheduled" } else { "emergency" }.into(),
                performer: None,
                iaas: self.iaas,
                controllable: self.controllable,
                status: if cancelled { real::MaintenanceStatus::Cancelled } else { real::MaintenanceStatus::Confirmed },
                impact: None,
                planned: Interval::new(at(from), at(until)).unwrap(),
                actual_from: self.actual.filter(|_| last).map(|(from, _)| at(from)),
                actual_until: self.actual.filter(|_| last).and_then(|(from, length)| Some(at(from + length?))),
            };
            facts.maintenance.push(recorded(&id, when, body));
        }
        let mut notice = |audience: real::Audience, published_at: Option<i64>, accepted_at: Option<i64>| {
            let Some(given) = published_at.or(accepted_at) else { return };
            let body = real::Notice {
                about: FactId::parse(&id).unwrap(),
                sequence: 0,
                kind: "maintenance".into(),
                audience,
                channel: "mail".into(),
                published_at: published_at.map(at),
                accepted_at: accepted_at.map(at),
                delivered_at: None,
                acknowledged_at: None,
                failed_at: None,
            };
            facts.notices.push(recorded(&format!("n{}", facts.notices.len()), given + self.late, body));
        };
        notice(real::Audience::Public, self.published, None);
        notice(real::Audience::Customer(CustomerId::parse("us").unwrap()), None, self.accepted);
    }

    fn plan(&self, number: usize, exempt: bool, world: &mut World) {
        let window = format!("m{number}");
        let spared = exempt && self.iaas && !self.controllable;
        for (sequence, from, until, recorded_at, last) in self.tellings() {
            let class = if self.scheduled { "scheduled" } else { "emergency" };
            let body = Plan {
                window: window.clone(),
                sequence: i64::from(sequence),
                class: if spared { format!("exempt-{class}") } else { class.into() },
                scope: [vec![], vec!["s".into()], vec!["console".into()], vec!["t".into()]][self.scope].clone(),
                customer: [None, Some("us".into()), Some("them".into())][self.customer].clone(),
                from,
                until: Some(until),
                actual: self.actual.filter(|_| last).map(|(from, length)| (from, length.map(|length| from + length))),
                cancelled: last && self.cancelled,
            };
            world.plans.push(Fact { id: format!("{window}#{sequence}"), recorded_at, body });
        }
        for (name, published_at, accepted_at) in [("p", self.published, None), ("a", None, self.accepted)] {
            let Some(given) = published_at.or(accepted_at) else { continue };
            let accepted = accepted_at.into_iter().map(|at| ("us".to_owned(), at)).collect();
            let body = Notice { window: window.clone(), sequence: 0, published_at, accepted };
            world.notices.push(Fact { id: format!("n-{window}-{name}"), recorded_at: given + self.late, body });
        }
    }
}

impl RandomSuspension {
    /// With its notice, so that both are known at one time.
    fn recorded(&self) -> i64 {
        [Some(self.ordered), self.enforced, self.noticed].into_iter().flatten().max().unwrap() + self.late
    }

    fn tell(&self, number: usize, facts: &mut real::Facts) {
        let customer = CustomerId::parse(if self.ours { "us" } else { "them" }).unwrap();
        let parts = real::Parts { customer: Some(customer.clone()), ..real::Parts::default() };
        let body = real::Suspension {
            scope: real::Scope { solution: Some(SolutionId::parse("s").unwrap()), interface: None, parts },
            extent: real::SuspensionExtent::Whole,
            act: "attack".into(),
            direction: None,
            ordered_at: at(self.ordered),
            enforced_at: self.enforced.map(at),
            lifted_at: None,
            review_at: None,
        };
        let id = format!("x{number}");
        facts.suspensions.push(recorded(&id, self.recorded(), body));
        let Some(noticed) = self.noticed else { return };
        let body = real::Notice {
            about: FactId::parse(&id).unwrap(),
            sequence: 0,
            kind: "suspension".into(),
            audience: real::Audience::Customer(customer),
            channel: "mail".into(),
            published_at: None,
            accepted_at: Some(at(noticed)),
            delivered_at: None,
            acknowledged_at: None,
            failed_at: None,
        };
        facts.notices.push(recorded(&format!("nx{number}"), self.recorded(), body));
    }
}

impl RandomRecovery {
    fn recorded(&self) -> i64 {
        self.healthy.unwrap_or(self.disrupted) + self.late
    }
}

const HEAD: &str = r#"
[agreement]
id = "random"
title = { en = "Random" }
provider = { en = "Nobody" }
revision = "1"
languages = ["en"]
authoritative = "en"
valid_from = 2025-01-01T00:00:00Z
[[clause]]
id = "1"
force = "duty"
title = { en = "One" }
text = { en = "One." }
[[solution]]
id = "s"
name = { en = "S" }
[[solution.interface]]
id = "console"
name = { en = "Console" }
[[solution.interface]]
id = "api"
name = { en = "API" }
[[solution]]
id = "t"
name = { en = "T" }
[[solution.interface]]
id = "t-api"
name = { en = "API" }
"#;

const POLICY: &str = r#"
[policy]
zone = "UTC"
period = "asked"
decimals = 3
close_after = "0s"
covered_when = []
"#;

fn at(tick: i64) -> Instant {
    Instant(BASE + tick)
}

fn recorded<T>(id: &str, when: i64, body: T) -> real::Fact<T> {
    real::Fact { id: FactId::parse(id).unwrap(), recorded_at: at(when), by: None, body }
}

fn time(row: &Row, key: &str) -> Option<i64> {
    row.measured.iter().find(|measured| measured.key == key).map(|measured| match measured.amount {
        Amount::Time(Millis(length)) => length,
        _ => panic!("{key} is no length"),
    })
}

fn count(row: &Row, key: &str) -> usize {
    let found = row.measured.iter().find(|measured| measured.key == key);
    match found.map(|measured| &measured.amount) {
        Some(Amount::Count(number)) => usize::try_from(*number).unwrap(),
        other => panic!("{key}: {other:?}"),
    }
}

/// Whether the row's figures are those that the oracle measured event by event.
fn same_figures(row: &Row, duty: &Duty, exercises: bool) -> bool {
    let longest = duty.measured.iter().flatten().max().copied();
    let lacking = duty.measured.iter().filter(|took| took.is_none()).count();
    match row.kind {
        "maintenance-notice" => count(row, "windows") == duty.measured.len(),
        "maintenance-cap" => time(row, "used") == duty.measured[0],
        "suspension-notice" => {
            (count(row, "suspensions"), count(row, "untold"), time(row, "slowest_notice"))
                == (duty.measured.len(), lacking, longest)
        }
        _ => {
            let exercised =
                if exercises { (count(row, "exercises"), time(row, "longest_exercise")) } else { (0, None) };
            count(row, "disasters") + exercised.0 == duty.measured.len()
                && time(row, "longest").max(exercised.1) == longest
        }
    }
}

fn same_verdict(real: RealVerdict, naive: Verdict) -> bool {
    matches!(
        (real, naive),
        (RealVerdict::Met, Verdict::Met)
            | (RealVerdict::Missed, Verdict::Missed)
            | (RealVerdict::Indeterminate, Verdict::Indeterminate)
            | (RealVerdict::NoOccasion, Verdict::NoOccasion)
            | (RealVerdict::InProgress, Verdict::InProgress)
    )
}

#[test]
fn the_evaluator_agrees_with_the_oracle_on_random_duties() {
    let cases = std::env::var("UPHOLD_ORACLE_CASES").map_or(2_000, |text| text.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seen: RefCell<BTreeMap<(&str, &str), u32>> = RefCell::default();
    let judged = TestRunner::new(config).run(&random(), |case| {
        let statement = case.statement();
        for (kind, duty) in case.duties() {
            let row = statement.rows.iter().find(|row| row.kind == kind).unwrap();
            *seen.borrow_mut().entry((kind, row.verdict.name())).or_default() += 1;
            prop_assert!(
                same_verdict(row.verdict, duty.verdict) && same_figures(row, &duty, case.exercises),
                "{kind}: {:?} {:?} instead of {duty:?}",
                row.verdict,
                row.measured
            );
        }
        Ok(())
    });
    if let Err(error) = judged {
        panic!("{error}");
    }
    // A comparison that never meets a case says nothing about it.
    let seen = seen.into_inner();
    for kind in ["maintenance-notice", "maintenance-cap", "suspension-notice", "recovery-time", "recovery-point"] {
        for verdict in ["met", "missed", "in progress"] {
            assert!(
                cases < 1_000 || seen.get(&(kind, verdict)).is_some_and(|times| *times > 20),
                "{kind} {verdict}: {seen:?}"
            );
        }
    }
}
