//! Laws of the real evaluator, on random cases: what lines in what order cannot change, and what bounds promise.

use serde_json::json;
use uphold_core::statement::{Statement, Verdict};

use crate::compare::stated;
use crate::compare_customer::everything;
use crate::compare_exclusion::{draw_exclusions, draw_outage};
use crate::draw::Draw;
use crate::model::{Binding, UnknownPolicy};
use crate::parts::{draw_parts, tell_checks};
use crate::scene::{HOURS, Scene, quoted};

#[test]
fn reordering_and_duplicating_lines_never_changes_a_statement() {
    for seed in 0..300 {
        let scene = everything(&mut Draw::seeded(seed));
        let told = stated(&scene, &scene.lines).unwrap();
        let mut draw = Draw::seeded(seed + 1_000_000);
        let mut lines = scene.lines.clone();
        for _ in 0..draw.below(8) {
            let again = draw.pick(&scene.lines);
            lines.push(again);
        }
        for place in (1..lines.len()).rev() {
            lines.swap(place, draw.below(place + 1));
        }
        assert_eq!(stated(&scene, &lines), Ok(told), "seed {seed}");
    }
}

/// The hours in which each point is observed one by one.
const OBSERVED: std::ops::Range<i64> = 30..42;

/// A case by states with bounds in which few observations are unknown: its lines without those, and of each one its line
/// as if it were up and as if it were down.
fn partly_unknown(draw: &mut Draw) -> (Scene, Vec<[String; 2]>) {
    let mut scene = Scene::new(draw, HOURS);
    scene.monotone = true;
    scene.terms.unknown = UnknownPolicy::Bounds;
    scene.state("unknown", quoted("bounds"));
    // A case whose verdict needs both bounds, since it shall hold for every way to resolve them.
    scene.terms.binding = Binding::Both;
    scene.state("binding", quoted("both"));
    scene.stated.remove("min_observed");
    (scene.period.start, scene.period.end) = (32, 40);
    scene.world.known_at = Some(scene.end() + 50);
    draw_parts(draw, &mut scene, true);
    for check in &mut scene.parts.checks {
        (check.active, check.staleness) = ((-100, None), None);
    }
    tell_checks(&mut scene);
    draw_outage(draw, &mut scene);
    if !scene.parts.weighs() && draw.one_in(2) {
        let (width, limit) = (draw.pick(&[1, 2, 3]), draw.pick(&["0", "34", "50"]));
        let slice = format!("{{ width = \"{}\", bad_above = \"{limit}\" }}", scene.clock.length(width));
        scene.state("slice", slice);
        scene.state("aggregate", quoted(draw.pick(&["duration", "good-slices", "slice-mean"])));
    }
    if draw.one_in(2) {
        draw_exclusions(draw, &mut scene);
    }
    let mut open = Vec::new();
    for (number, check) in scene.parts.checks.clone().iter().enumerate() {
        for vantage in 0..check.vantages {
            for at in OBSERVED {
                let line = |state: &str| {
                    let told = json!({
                        "type": "observation", "check": format!("c{number}"), "vantage": format!("v{vantage}"),
                        "at": scene.clock.text(at), "state": state,
                    });
                    told.to_string()
                };
                match draw.below(10) {
                    0 if open.len() < 5 && scene.period.start <= at => open.push([line("up"), line("down")]),
                    1..=3 => scene.lines.push(line("down")),
                    _ => scene.lines.push(line("up")),
                }
            }
        }
    }
    (scene, open)
}

fn unknown(line: &str) -> String {
    line.replace("\"state\":\"up\"", "\"state\":\"unknown\"")
}

#[test]
fn every_way_to_resolve_the_unknown_lies_within_the_bounds() {
    let mut resolved = 0;
    for seed in 0..400 {
        let (scene, open) = partly_unknown(&mut Draw::seeded(seed));
        let base: Vec<String> = scene.lines.iter().cloned().chain(open.iter().map(|[up, _]| unknown(up))).collect();
        let bounds = stated(&scene, &base).unwrap();
        for way in 0..1_usize << open.len() {
            let chosen = open.iter().enumerate().map(|(place, both)| both[way >> place & 1].clone());
            let lines: Vec<String> = scene.lines.iter().cloned().chain(chosen).collect();
            within(&stated(&scene, &lines).unwrap(), &bounds, seed, &scene);
            resolved += 1;
        }
    }
    assert!(resolved > 4_000, "only {resolved} ways");
}

fn within(one: &Statement, bounds: &Statement, seed: u64, scene: &Scene) {
    for (row, all) in one.rows.iter().zip(&bounds.rows) {
        let (Some(found), Some(bound)) = (&row.availability, &all.availability) else { continue };
        assert!(
            bound.lower <= found.lower && found.upper <= bound.upper,
            "seed {seed}, {}: {found:?} is not within {bound:?}\n{}",
            row.subject,
            scene.agreement()
        );
        let sure = matches!(all.verdict, Verdict::Met | Verdict::Missed);
        assert!(!sure || row.verdict == all.verdict, "seed {seed}: {:?} and {:?}", row.verdict, all.verdict);
    }
}
