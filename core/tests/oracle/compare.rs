//! The real evaluator against the oracle: every tally, both fractions, the observed share, the verdict, the credits.
//!
//! `UPHOLD_ORACLE_CASES` sets how many random cases all themes have together (10,000), `UPHOLD_ORACLE_SEED` the first
//! seed. A case that differs is shrunk and shown as an agreement and a history.

use uphold_core::agreement;
use uphold_core::evaluate::{Customers, Request};
use uphold_core::history::{History, Reader};
use uphold_core::id::CustomerId;
use uphold_core::interval::Interval;
use uphold_core::ratio::Ratio;
use uphold_core::statement::{Availability, Credit, GoalRow, Row, Statement, Verdict as RealVerdict};
use uphold_core::time::Period as RealPeriod;
use uphold_core::timeline::Tally as RealTally;

use crate::draw::{Draw, shrunk};
use crate::evaluate::{conjoined, evaluate};
use crate::fraction::Frac;
use crate::model::*;
use crate::parts::{ALWAYS_UP, INTERFACES};
use crate::scene::Scene;

/// Compares as many cases as the theme's share of all of them, in percent.
pub(crate) fn compare(theme: &str, percent: u64, make: fn(&mut Draw) -> Scene) {
    let number = |key: &str, default: u64| std::env::var(key).map_or(default, |text| text.parse().unwrap());
    let cases = (number("UPHOLD_ORACLE_CASES", 10_000) * percent).div_ceil(100);
    let first = number("UPHOLD_ORACLE_SEED", 0);
    for seed in first..first + cases {
        let mut draw = Draw::seeded(seed);
        let scene = make(&mut draw);
        if difference(&scene).is_some() {
            let drawn = draw.into_drawn();
            let fails = |list: &[u32]| difference(&make(&mut Draw::replayed(list.to_vec()))).is_some();
            let least = make(&mut Draw::replayed(shrunk(drawn, fails)));
            panic!("{theme}, seed {seed}: {}\n{}", difference(&least).unwrap(), shown(&least));
        }
    }
}

fn shown(scene: &Scene) -> String {
    let of_customer = scene.customer.unwrap_or("nobody");
    let Period { start, end, .. } = scene.period;
    let terms = scene.agreement();
    let terms = terms.split_once("[[commitment]]").map_or("", |(_, own)| own);
    format!(
        "for {of_customer}, from {} to {}, known at {} ({:?})\n{terms}\n{}\nin ticks {:#?}",
        scene.clock.at(start),
        scene.clock.at(end),
        scene.clock.at(scene.world.known_at.unwrap()),
        scene.clock,
        scene.lines.join("\n"),
        scene.world.plans,
    )
}

/// The statement of the real evaluator, or what it refuses.
pub(crate) fn stated(scene: &Scene, lines: &[String]) -> Result<Statement, String> {
    let reading = agreement::read(&scene.agreement());
    let Some(agreement) = reading.agreement else { return Err(format!("refused: {:#?}", reading.findings)) };
    let mut reader = Reader::new(&agreement);
    lines.iter().for_each(|line| reader.line(line));
    let (history, _, bad): (History, _, _) = reader.finish();
    if !bad.is_empty() {
        return Err(format!("bad lines: {bad:#?}"));
    }
    let period = match &scene.asked {
        Some(name) => RealPeriod::parse(name, &agreement.commitments[0].terms.zone.value).unwrap(),
        None => {
            let interval = Interval::new(scene.clock.at(scene.period.start), scene.clock.at(scene.period.end)).unwrap();
            RealPeriod { name: "asked".into(), interval }
        }
    };
    let request = Request {
        period,
        as_known_at: scene.clock.at(scene.world.known_at.unwrap()),
        customers: scene.customer.map_or(Customers::Nobody, |id| Customers::One(CustomerId::parse(id).unwrap())),
    };
    uphold_core::evaluate::evaluate(std::slice::from_ref(&agreement), &history, &request)
        .map_err(|problems| format!("{problems:#?}"))
}

/// What differs, if anything does.
pub(crate) fn difference(scene: &Scene) -> Option<String> {
    let statement = match stated(scene, &scene.lines) {
        Ok(statement) => statement,
        Err(refused) => return Some(refused),
    };
    // Events and users are drawn for the first interface only.
    let events = |target: &Target| target.stream.is_some() || target.aggregate == Aggregate::UserWeighted;
    let first_only = scene.parts.per_interface && scene.terms.targets.iter().any(events);
    let subjects = scene.parts.subjects().into_iter().take(if first_only { 1 } else { 2 });
    subjects.into_iter().find_map(|(interface, roots)| {
        let name = interface.map(|one| INTERFACES[one]);
        let of_subject = |row: &&Row| row.subject.interface.as_ref().map(|id| id.as_str()) == name;
        let row = statement.rows.iter().find(of_subject).expect("every subject has a row");
        of_row(scene, row, &outcome(scene, interface, roots)).map(|found| format!("{}: {found}", row.subject))
    })
}

/// What the oracle finds. Each target is judged on what it measures: events and users have no composition.
pub(crate) fn outcome(scene: &Scene, interface: Option<usize>, roots: Vec<Node>) -> Outcome {
    let mut measured_world = scene.world.clone();
    let body = Point { id: ALWAYS_UP.into(), vantage: ALWAYS_UP.into(), staleness: None, from: i64::MIN, until: None };
    measured_world.points.push(Fact { id: ALWAYS_UP.into(), recorded_at: i64::MIN, body });
    let first = measured_world.horizon.0;
    let body = Run { point: ALWAYS_UP.into(), from: first, last: first, seen: Seen::Up, n: 1 };
    measured_world.runs.push(Fact { id: ALWAYS_UP.into(), recorded_at: i64::MIN, body });
    let customer = scene.customer.map(String::from);
    let mut findings = Vec::new();
    for target in &scene.terms.targets {
        let measured = target.stream.is_none() && target.aggregate != Aggregate::UserWeighted;
        let roots = if measured { roots.clone() } else { vec![scene.parts.unmeasured(interface)] };
        let terms = Commitment { targets: vec![target.clone()], ..scene.terms.clone() };
        let mut world = measured_world.clone();
        if !measured {
            world.gaps.clear();
        }
        let subject = Subject { customer: customer.clone(), roots };
        findings.extend(evaluate(&world, &terms, &subject, &scene.period).findings);
    }
    let verdict = conjoined(&findings);
    let credit = findings.iter().filter_map(|found| found.credit.clone()).max();
    Outcome { findings, verdict, credit }
}

fn of_row(scene: &Scene, row: &Row, outcome: &Outcome) -> Option<String> {
    if !same_verdict(row.verdict, outcome.verdict) {
        return Some(format!("{:?} instead of {:?} ({:?})", row.verdict, outcome.verdict, outcome.findings));
    }
    if scene.has_fee && amount(row.credit.as_ref()) != outcome.credit {
        return Some(format!("{:?} instead of {:?}", row.credit, outcome.credit));
    }
    if let [only] = outcome.findings.as_slice() {
        let figures = (row.verdict, &row.availability, row.tally, &row.observed, row.credit.as_ref());
        return of_goal(scene, figures, only);
    }
    row.goals.iter().zip(&outcome.findings).enumerate().find_map(|(place, (goal, finding))| {
        let GoalRow { verdict, availability, tally, observed, credit, .. } = goal;
        let figures = (*verdict, availability, *tally, observed, credit.as_ref());
        of_goal(scene, figures, finding).map(|found| format!("goal {place}: {found}"))
    })
}

type Figures<'a> = (RealVerdict, &'a Option<Availability>, RealTally, &'a Option<Ratio>, Option<&'a Credit>);

fn of_goal(scene: &Scene, figures: Figures<'_>, finding: &Finding) -> Option<String> {
    let (verdict, bounds, t, observed, credit) = figures;
    let f = finding.tally;
    let tick = scene.clock.tick;
    let real = (t.covered().0, t.up.0, t.down.0, t.excluded.0, t.unknown.0);
    let naive = (f.covered * tick, f.up * tick, f.down * tick, f.excluded * tick, f.unknown * tick);
    let bounds = bounds.as_ref().map(|bounds| (fraction(&bounds.lower), fraction(&bounds.upper)));
    let expected = finding.lower.clone().zip(finding.upper.clone());
    let range = credit.and_then(|credit| credit.range.as_ref());
    let range = range.map(|(least, most)| (fraction(least), fraction(most)));
    let same_credit = !scene.has_fee || (amount(credit) == finding.credit && range == finding.credit_range);
    let same = real == naive
        && bounds == expected
        && observed.as_ref().map(fraction) == finding.observed
        && same_verdict(verdict, finding.verdict)
        && same_credit;
    let ticks = (real.0 / tick, real.1 / tick, real.2 / tick, real.3 / tick, real.4 / tick);
    (!same).then(|| {
        format!("{ticks:?} {bounds:?} {observed:?} {verdict:?} {credit:?}\ninstead of {finding:?}", observed = observed)
    })
}

fn amount(credit: Option<&Credit>) -> Option<Frac> {
    credit.and_then(|credit| credit.amount.as_ref()).map(fraction)
}

fn same_verdict(real: RealVerdict, naive: Verdict) -> bool {
    matches!(
        (real, naive),
        (RealVerdict::Met, Verdict::Met)
            | (RealVerdict::Missed, Verdict::Missed)
            | (RealVerdict::Indeterminate, Verdict::Indeterminate)
            | (RealVerdict::NoTarget, Verdict::NoTarget)
            | (RealVerdict::NotCovered, Verdict::NotCovered)
            | (RealVerdict::InProgress, Verdict::InProgress)
    )
}

fn fraction(ratio: &Ratio) -> Frac {
    Frac::new(ratio.num().clone(), ratio.den().clone())
}
