//! The law of rule 2, by enumeration: every way to resolve the unknown lies within the bounds.

use crate::build::*;
use crate::compose::Resolve;
use crate::evaluate::{bounds, merged};
use crate::fraction::Frac;
use crate::model::*;
use crate::pipeline::{Case, Class, pass};
use crate::timeline::{Obs, Points};

const TICKS: usize = 8;

/// Points "a", "b", "c" with a fixed pattern each; `?` is what gets resolved.
fn pattern(letters: [&str; 3]) -> Points {
    let mut points = Points::new();
    for (id, letters) in ["a", "b", "c"].iter().zip(letters) {
        let states = letters.chars().map(|l| match l {
            'u' => Obs::Up,
            'd' => Obs::Down,
            _ => Obs::Unknown,
        });
        points.insert(String::from(*id), states.collect());
    }
    points
}

/// Every way to make each unknown up or down.
fn resolutions(points: &Points) -> Vec<Points> {
    let mut found = vec![points.clone()];
    for (id, states) in points {
        for (i, _) in states.iter().enumerate().filter(|(_, s)| **s == Obs::Unknown) {
            let mut next = Vec::new();
            for way in &found {
                for choice in [Obs::Up, Obs::Down] {
                    let mut copy = way.clone();
                    copy.get_mut(id).expect("it was copied")[i] = choice;
                    next.push(copy);
                }
            }
            found = next;
        }
    }
    found
}

/// Asserts the law for one pipeline, and that the merged classes agree with every resolution.
fn law(terms: &Commitment, root: &Node, points: &Points, world: &World) {
    let window = period(1, TICKS as i64 - 1);
    let case = Case { world, commitment: terms, target: &terms.targets[0], customer: None, root, period: &window };
    let (lower, upper) = bounds(&case, points, UnknownPolicy::Bounds);
    let classes = merged(&lower, &upper);
    for way in resolutions(points) {
        let one = pass(&case, &way, Resolve::Keep, false);
        let within = match (&lower.ratio, &one.ratio, &upper.ratio) {
            (Some(low), Some(x), Some(high)) => low <= x && x <= high,
            // With everything excluded in one run there is no fraction to compare.
            _ => true,
        };
        assert!(within, "{:?} is not within {:?} and {:?} for {way:?} {terms:?}", one.ratio, lower.ratio, upper.ratio);
        // With a minimum an instant that both runs call up may be `as-up` in between (READINGS 53): only its label moves.
        if terms.caps.is_empty() && (terms.qualify.is_none() || terms.exclusions.is_empty()) {
            for (bound, found) in classes.iter().zip(&one.classes) {
                assert!(*bound == Class::Unknown || bound == found, "{classes:?} against {:?}", one.classes);
            }
        }
    }
}

fn shapes() -> Vec<Node> {
    let parts = || vec![leaf("a"), leaf("b"), leaf("c")];
    let inner = node("ab", Kind::Any(vec![leaf("a"), leaf("b")]));
    vec![
        node("s", Kind::All(parts())),
        node("s", Kind::Any(parts())),
        node("s", Kind::DownWhen(2, parts())),
        node("s", Kind::All(vec![inner, leaf("c")])),
        node("s", Kind::Weighted(vec![(1, leaf("a")), (2, leaf("b")), (3, leaf("c"))])),
        node("s", Kind::Guard { measured: Box::new(leaf("a")), control: Box::new(leaf("b")) }),
    ]
}

fn patterns() -> Vec<Points> {
    vec![
        pattern(["uud?ddu?", "u?duuddu", "uudd?uuu"]),
        pattern(["dd?d?udu", "uuuuuuuu", "u?d?uuud"]),
        pattern(["????uuuu", "uuuudddd", "dduudd?u"]),
    ]
}

/// Qualifications, with the two orders of exclusion.
fn pipelines() -> Vec<Commitment> {
    let mut found = Vec::new();
    for on in [QualifyOn::Whole, QualifyOn::Clipped, QualifyOn::ClippedToCoverage] {
        for (minimum, merge_gap, gap_is_downtime) in [(1, 0, false), (3, 0, false), (3, 1, true)] {
            for before in [false, true] {
                let mut t = terms(exact(None));
                t.qualify = Some(Qualify { minimum, merge_gap, gap_is_downtime, on });
                t.exclude_before_qualification = before;
                found.push(t);
            }
        }
    }
    found
}

#[test]
fn every_resolution_lies_within_the_bounds_without_exclusion() {
    let w = world(TICKS as i64);
    for points in patterns() {
        for root in shapes() {
            for terms in pipelines().iter().filter(|_| !matches!(root.kind, Kind::Weighted(_))) {
                law(terms, &root, &points, &w);
            }
            law(&terms(exact(None)), &root, &points, &w);
        }
    }
}

#[test]
fn every_resolution_lies_within_the_bounds_with_windows_and_caps() {
    let mut w = world(TICKS as i64);
    w.plans.push(window("m", "maintenance", &["a"], 2, 5));
    w.plans.push(window("n", "maintenance", &[], 5, 6));
    for effect in [Effect::Remove, Effect::AsUp] {
        for extent in [Extent::Announced, Extent::Intersection] {
            for measure in [None, Some(CapMeasure::Down), Some(CapMeasure::Announced)] {
                for mut terms in pipelines().into_iter().filter(|t| !gap_counts(t)) {
                    terms.exclusions = vec![class("maintenance", extent, effect)];
                    if let Some(measure) = measure {
                        let classes = vec!["maintenance".into()];
                        let periods = vec![period(0, TICKS as i64)];
                        terms.caps = vec![Cap { classes, limit: 2, measure, scope: CapScope::Subject, periods }];
                    }
                    for points in patterns() {
                        law(&terms, &shapes()[2], &points, &w);
                    }
                }
            }
        }
    }
}

fn gap_counts(terms: &Commitment) -> bool {
    terms.qualify.is_some_and(|q| q.gap_is_downtime)
}

#[test]
fn downtime_in_merged_gaps_and_relief_by_window_break_the_law_as_written() {
    // READINGS 20. "p" is d ? d under a window on the part p of the subject at tick 1; minimum 3, gaps of 1 merge and
    // are downtime. Unknown = down: the tick is raw down and relieved up: it leaves: 0 of 2 are up, and so below.
    // Unknown = up: the tick is a merged gap, so it is downtime, and it is not raw down, so it stays: 0 of 3.
    // With one up tick added the "upper" run gives 1/4 and the "lower" run 1/3.
    let mut w = world(4);
    w.plans.push(window("m", "maintenance", &["a"], 1, 2));
    let mut terms = terms(exact(None));
    terms.exclusions = vec![class("maintenance", Extent::Intersection, Effect::Remove)];
    terms.qualify = Some(Qualify { minimum: 3, merge_gap: 1, gap_is_downtime: true, on: QualifyOn::Whole });
    let points = pattern(["d?du", "uuuu", "uuuu"]);
    let root = node("s", Kind::All(vec![leaf("a"), leaf("b")]));
    let whole = period(0, 4);
    let target = &terms.targets[0];
    let case = Case { world: &w, commitment: &terms, target, customer: None, root: &root, period: &whole };
    let (lower, upper) = bounds(&case, &points, UnknownPolicy::Bounds);
    assert_eq!((lower.ratio, upper.ratio), (Some(Frac::new(1, 3)), Some(Frac::new(1, 4))));
}

#[test]
fn a_minimum_and_removal_by_relief_break_the_law_as_written() {
    // READINGS 53. a is d u d d u under a window on a at tick 0, b unknown at 0; both must be up; minimum 2.
    // Unknown = down: tick 0 is not relieved, its outage of 1 does not qualify, so it counts as up: 3/5.
    // Unknown = up: tick 0 is raw down and relieved up, it leaves: 2/4.
    let mut w = world(5);
    w.plans.push(window("m", "maintenance", &["a"], 0, 1));
    let mut terms = terms(exact(None));
    terms.exclusions = vec![class("maintenance", Extent::Intersection, Effect::Remove)];
    terms.qualify = Some(Qualify { minimum: 2, merge_gap: 0, gap_is_downtime: false, on: QualifyOn::Whole });
    let points = pattern(["duddu", "?uuuu", "uuuuu"]);
    let root = node("s", Kind::All(vec![leaf("a"), leaf("b")]));
    let whole = period(0, 5);
    let target = &terms.targets[0];
    let case = Case { world: &w, commitment: &terms, target, customer: None, root: &root, period: &whole };
    let (lower, upper) = bounds(&case, &points, UnknownPolicy::Bounds);
    assert_eq!((lower.ratio, upper.ratio), (Some(Frac::new(3, 5)), Some(Frac::new(2, 4))));
}

#[test]
fn a_cap_on_down_time_breaks_the_law_as_written() {
    // READINGS 54. ? u u u d, a window announced on [0, 4) that removes, a cap of 1 tick of down time.
    // Unknown = down: tick 0 leaves and exhausts the cap, [1, 4) counts as measured: 3/4.
    // Unknown = up: nothing is consumed, all of [0, 4) leaves: 0/1.
    let mut w = world(5);
    w.plans.push(window("m", "maintenance", &[], 0, 4));
    let mut terms = terms(exact(None));
    terms.exclusions = vec![class("maintenance", Extent::Announced, Effect::Remove)];
    let (classes, periods) = (vec!["maintenance".into()], vec![period(0, 5)]);
    terms.caps = vec![Cap { classes, limit: 1, measure: CapMeasure::Down, scope: CapScope::Subject, periods }];
    let points = pattern(["?uuud", "uuuuu", "uuuuu"]);
    let (root, whole) = (leaf("a"), period(0, 5));
    let target = &terms.targets[0];
    let case = Case { world: &w, commitment: &terms, target, customer: None, root: &root, period: &whole };
    let (lower, upper) = bounds(&case, &points, UnknownPolicy::Bounds);
    assert_eq!((lower.ratio, upper.ratio), (Some(Frac::new(3, 4)), Some(Frac::whole(0))));
}

#[test]
fn every_resolution_lies_within_the_bounds_for_slices_with_windows() {
    let mut w = world(TICKS as i64);
    w.plans.push(window("m", "maintenance", &["a"], 2, 5));
    w.plans.push(window("n", "maintenance", &[], 5, 6));
    for effect in [Effect::Remove, Effect::AsUp] {
        for extent in [Extent::Announced, Extent::Intersection] {
            for aggregate in [Aggregate::Exact, Aggregate::GoodSlices, Aggregate::MeanOfSlices] {
                let rule = slices(3, Some(BadWhen::Above(Frac::new(1, 2))));
                for mut terms in pipelines().into_iter().filter(|t| !gap_counts(t)) {
                    terms.targets = vec![sliced(None, rule.clone(), aggregate)];
                    terms.exclusions = vec![class("maintenance", extent, effect)];
                    for points in patterns() {
                        law(&terms, &shapes()[2], &points, &w);
                    }
                }
            }
        }
    }
}

#[test]
fn every_resolution_lies_within_the_bounds_for_slices() {
    let w = world(TICKS as i64);
    for bad_when in [BadWhen::Above(Frac::new(1, 2)), BadWhen::AtLeast(Frac::new(1, 2))] {
        for aggregate in [Aggregate::Exact, Aggregate::GoodSlices, Aggregate::MeanOfSlices] {
            let target = sliced(None, slices(2, Some(bad_when.clone())), aggregate);
            for mut terms in pipelines() {
                terms.targets = vec![target.clone()];
                for points in patterns() {
                    law(&terms, &shapes()[0], &points, &w);
                }
            }
        }
    }
}

#[test]
fn over_reporting_points_is_not_monotone_so_bounds_must_be_refused_there() {
    // k = 2, at least one reporting, a down, b unknown: only a reports, so it is up by both bounds. But b may be down,
    // and then the answer is down: 0 lies below the lower bound 1.
    let w = world(1);
    let points = pattern(["d", "?", "u"]);
    let over = Kind::Reporting { k: 2, min_reporting: 1, parts: vec![leaf("a"), leaf("b")] };
    let root = node("s", over);
    let terms = terms(exact(None));
    let window = period(0, 1);
    let target = &terms.targets[0];
    let case = Case { world: &w, commitment: &terms, target, customer: None, root: &root, period: &window };
    let (lower, _) = bounds(&case, &points, UnknownPolicy::Bounds);
    assert_eq!(lower.ratio, Some(Frac::whole(1)));
    let outside = resolutions(&points).iter().any(|way| pass(&case, way, Resolve::Keep, false).ratio < lower.ratio);
    assert!(outside);
}

/// A small deterministic source of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn any_pattern(choices: &mut Choices) -> Points {
    let mut left = 5;
    let mut letters: Vec<String> = Vec::new();
    for _ in 0..3 {
        let mut row = String::new();
        for _ in 0..TICKS {
            row.push(match choices.below(5) {
                0 if left > 0 => {
                    left -= 1;
                    '?'
                }
                1 | 2 => 'd',
                _ => 'u',
            });
        }
        letters.push(row);
    }
    pattern([&letters[0], &letters[1], &letters[2]])
}

/// One case with everything chosen, except what is known to break the law.
fn any_case(choices: &mut Choices) -> (World, Commitment) {
    let mut w = world(TICKS as i64);
    for n in 0..choices.below(4) {
        let scope: &[&str] = [&[][..], &["a"], &["b"], &["ab", "c"]][choices.below(4) as usize];
        let (from, long) = (choices.below(7) as i64, choices.below(4) as i64 + 1);
        let class = ["maintenance", "emergency"][choices.below(2) as usize];
        w.plans.push(window(&format!("w{n}"), class, scope, from, from + long));
    }
    let extents = [Extent::Announced, Extent::Actual, Extent::Intersection];
    let effects = [Effect::Remove, Effect::AsUp];
    let qualifies = choices.below(2) == 0;
    // READINGS 53: a minimum and effect `remove` break the law.
    let effect = if qualifies { Effect::AsUp } else { effects[choices.below(2) as usize] };
    let mut t = terms(exact(None));
    for name in ["maintenance", "emergency"] {
        t.exclusions.push(class(name, extents[choices.below(3) as usize], effect));
    }
    t.exclude_before_qualification = choices.below(2) == 0;
    if qualifies {
        let (minimum, merge_gap) = (choices.below(4) as i64 + 1, choices.below(3) as i64);
        let on = [QualifyOn::Whole, QualifyOn::Clipped][choices.below(2) as usize];
        t.qualify = Some(Qualify { minimum, merge_gap, gap_is_downtime: false, on });
    }
    if choices.below(2) == 0 {
        // READINGS 54: measure `down` breaks the law as well.
        let measure = [CapMeasure::Announced, CapMeasure::Actual][choices.below(2) as usize];
        let (classes, limit) = (vec!["maintenance".into()], choices.below(4) as i64);
        let periods = vec![period(0, 4), period(4, TICKS as i64)];
        t.caps = vec![Cap { classes, limit, measure, scope: CapScope::Subject, periods }];
    }
    (w, t)
}

#[test]
fn every_resolution_lies_within_the_bounds_for_any_terms() {
    let mut choices = Choices(1);
    for _ in 0..1500 {
        let points = any_pattern(&mut choices);
        let (w, t) = any_case(&mut choices);
        for root in &shapes()[..4] {
            law(&t, root, &points, &w);
        }
    }
}
