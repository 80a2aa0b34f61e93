//! Short ways to build facts and terms for the oracle's own tests.

use crate::evaluate::evaluate;
use crate::fraction::Frac;
use crate::model::*;

/// A fact known from the start.
pub(crate) fn fact<T>(id: &str, body: T) -> Fact<T> {
    Fact { id: id.into(), recorded_at: i64::MIN, body }
}

/// An empty world on [0, end) with a day start at 0.
pub(crate) fn world(end: i64) -> World {
    World { horizon: (0, end), day_starts: vec![0], ..World::default() }
}

/// Registers a point without staleness and gives it runs (from, state), each of one observation.
pub(crate) fn watch(world: &mut World, id: &str, runs: &[(i64, Seen)]) {
    point(world, id, None);
    for (n, (from, seen)) in runs.iter().enumerate() {
        run(world, &format!("{id}-{n}"), id, (*from, *from, *seen, 1));
    }
}

pub(crate) fn point(world: &mut World, id: &str, staleness: Option<i64>) {
    let body = Point { id: id.into(), vantage: format!("v-{id}"), staleness, from: i64::MIN, until: None };
    world.points.push(fact(id, body));
}

pub(crate) fn run(world: &mut World, id: &str, point: &str, (from, last, seen, n): (i64, i64, Seen, i64)) {
    world.runs.push(Fact { id: id.into(), recorded_at: last, body: Run { point: point.into(), from, last, seen, n } });
}

pub(crate) fn leaf(id: &str) -> Node {
    Node { id: id.into(), kind: Kind::Point(id.into()) }
}

pub(crate) fn node(id: &str, kind: Kind) -> Node {
    Node { id: id.into(), kind }
}

/// A subject without a customer.
pub(crate) fn subject(root: Node) -> Subject {
    Subject { customer: None, roots: vec![root] }
}

pub(crate) fn period(start: i64, end: i64) -> Period {
    Period { start, end }
}

/// Exact duration, target as given, no remedy.
pub(crate) fn exact(at_least: Option<Frac>) -> Target {
    Target { stream: None, slices: None, aggregate: Aggregate::Exact, at_least, remedy: None }
}

pub(crate) fn sliced(stream: Option<&str>, slices: Slices, aggregate: Aggregate) -> Target {
    Target { stream: stream.map(String::from), slices: Some(slices), aggregate, at_least: None, remedy: None }
}

pub(crate) fn slices(width: i64, bad_when: Option<BadWhen>) -> Slices {
    Slices { width, bad_when, empty: Worth::Good, minimum: 0, below: Worth::Good }
}

/// The plainest commitment: exact time, bounds, no exclusion.
pub(crate) fn terms(target: Target) -> Commitment {
    Commitment {
        targets: vec![target],
        degraded: Degraded::Up,
        confirm: Confirm { failures: 1, onset: Onset::FirstFailure, unconfirmed_down: false },
        qualify: None,
        exclude_before_qualification: false,
        exclusions: Vec::new(),
        caps: Vec::new(),
        unknown: UnknownPolicy::Bounds,
        min_observed: None,
        binding: Binding::Both,
        partial: Partial::Restrict,
        service_time: None,
        suspended: SuspendedAs::Measured,
    }
}

/// A class that needs no notice.
pub(crate) fn class(name: &str, extent: Extent, effect: Effect) -> Exclusion {
    Exclusion { class: name.into(), extent, effect, lead: None, by: NoticeBy::Published, extension: None }
}

/// A window carried out as announced.
pub(crate) fn window(name: &str, class: &str, scope: &[&str], from: i64, until: i64) -> Fact<Plan> {
    let body = Plan {
        window: name.into(),
        sequence: 0,
        class: class.into(),
        scope: scope.iter().map(|s| String::from(*s)).collect(),
        customer: None,
        from,
        until: Some(until),
        actual: Some((from, Some(until))),
        cancelled: false,
    };
    fact(&format!("{name}#0"), body)
}

pub(crate) fn notice(name: &str, sequence: i64, published_at: i64) -> Fact<Notice> {
    let body = Notice { window: name.into(), sequence, published_at: Some(published_at), accepted: Vec::new() };
    fact(&format!("n-{name}#{sequence}"), body)
}

pub(crate) fn count(n: i64, from: i64, until: i64, good: i64, valid: i64) -> Fact<Count> {
    fact(&format!("c{n}"), Count { stream: "s".into(), from, until, good, valid })
}

/// The only finding, with its two fractions.
pub(crate) fn judge(world: &World, terms: &Commitment, subject: &Subject, period: &Period) -> (Finding, Frac, Frac) {
    let finding = evaluate(world, terms, subject, period).findings.remove(0);
    let (lower, upper) = (finding.lower.clone().expect("counted time"), finding.upper.clone().expect("counted time"));
    (finding, lower, upper)
}

/// Asserts that both bounds are the same fraction, and gives the finding.
pub(crate) fn one_number(
    world: &World,
    terms: &Commitment,
    subject: &Subject,
    period: &Period,
    expected: Frac,
) -> Finding {
    let (finding, lower, upper) = judge(world, terms, subject, period);
    assert_eq!((&lower, &upper), (&expected, &expected));
    finding
}
