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
        for i in 0..states.len() {
            if states[i] != Obs::Unknown {
                continue;
            }
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
        assert!(within, "{:?} is not within {:?} and {:?} for {way:?}", one.ratio, lower.ratio, upper.ratio);
        if terms.caps.is_empty() {
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
                for mut terms in pipelines() {
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
    // k = 1, at least two reporting; a is up, b and c unknown: fewer than two report, so the bounds are 0 and 1. Were b
    // to report "up" the answer is up: fine. But k = 2 over reporting with a down, b unknown, min 1: up, by both bounds,
    // though b may be down and then the answer is down: 0 lies below the lower bound 1.
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
