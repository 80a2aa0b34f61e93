//! Random cases of slices, counts, users, and conjoined targets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::compare::compare;
use crate::compare_exclusion::{draw_exclusions, draw_outage};
use crate::compare_timeline::{draw_gaps, draw_runs};
use crate::draw::Draw;
use crate::model::*;
use crate::parts::{INTERFACES, draw_parts};
use crate::scene::{HOURS, Scene, percent, quoted, share};

const STREAM: &str = "counted";

/// Draws what is measured: one target, or two that are conjoined. Counts lie within slices of one width.
pub(crate) fn draw_goals(draw: &mut Draw, scene: &mut Scene) {
    if scene.parts.weighs() {
        return;
    }
    let width = draw.pick(&scene.widths);
    let mut targets = Vec::new();
    let mut goals = Vec::new();
    for _ in 0..1 + usize::from(draw.one_in(3)) {
        let (target, text) = some_goal(draw, scene, width);
        targets.push(target);
        goals.push(text);
    }
    if targets.len() > 1 {
        for target in &mut targets {
            target.at_least = Some(share(draw.pick(&[100_000, 99_000, 90_000, 75_000, 50_000])));
        }
    } else {
        targets[0].at_least = scene.terms.targets[0].at_least.clone();
        for (key, value) in keys_of(&goals[0]) {
            scene.state(key, value);
        }
    }
    let thin = targets.iter().any(|target| target.slices.as_ref().is_some_and(|slices| slices.minimum > 0));
    if thin {
        scene.refuse_bounds(draw);
    }
    let (counts, users) = (
        targets.iter().any(|target| target.stream.is_some()),
        targets.iter().any(|target| target.aggregate == Aggregate::UserWeighted),
    );
    let sliced = targets.iter().any(|target| target.slices.is_some());
    scene.terms.targets = targets;
    scene.goals = goals.iter().map(|goal| format!(", {goal}")).collect();
    let separate = draw.one_in(2);
    scene.state("customers", quoted(if separate { "separate" } else { "pooled" }));
    if counts {
        draw_counts(draw, scene, sliced.then_some(width), separate);
    }
    if users {
        draw_users(draw, scene, separate);
    }
}

/// The terms of a goal, one by one: they are written in its target, or in the commitment.
fn keys_of(goal: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut rest = goal;
    for key in ["indicator", "aggregate", "slice"] {
        let Some(after) = rest.strip_prefix(&format!("{key} = ")) else { continue };
        let end = if key == "slice" { after.len() } else { after.find(", ").unwrap_or(after.len()) };
        found.push((key, after[..end].to_owned()));
        rest = after[end..].strip_prefix(", ").unwrap_or("");
    }
    found
}

fn some_goal(draw: &mut Draw, scene: &Scene, width: i64) -> (Target, String) {
    let (aggregate, name) = draw.pick(&[
        (Aggregate::Exact, "duration"),
        (Aggregate::GoodSlices, "good-slices"),
        (Aggregate::MeanOfSlices, "slice-mean"),
        (Aggregate::EventRatio, "events"),
        (Aggregate::UserWeighted, "users"),
    ]);
    let counts = aggregate == Aggregate::EventRatio || (aggregate != Aggregate::UserWeighted && draw.one_in(2));
    let bad_needed = aggregate == Aggregate::GoodSlices || (aggregate == Aggregate::Exact && counts);
    let sliced = bad_needed || aggregate == Aggregate::MeanOfSlices || draw.one_in(3);
    let indicator = if counts { "counts" } else { "states" };
    let mut text = format!("indicator = \"{indicator}\", aggregate = \"{name}\"");
    let slices = sliced.then(|| {
        let (slices, slice) = some_slices(draw, scene, width, counts, bad_needed);
        text += &format!(", slice = {slice}");
        slices
    });
    let target = Target { stream: counts.then(|| STREAM.into()), slices, aggregate, at_least: None, remedy: None };
    (target, text)
}

fn some_slices(draw: &mut Draw, scene: &Scene, width: i64, counts: bool, bad_needed: bool) -> (Slices, String) {
    let mut text = format!("{{ width = \"{}\"", scene.clock.length(width));
    let mut bad_when = None;
    if bad_needed || draw.one_in(2) {
        let limit = share(draw.pick(&[0, 10_000, 25_000, 33_333, 50_000, 100_000]));
        let above = draw.one_in(2);
        text += &format!(", {} = \"{}\"", if above { "bad_above" } else { "bad_from" }, percent(&limit));
        bad_when = Some(if above { BadWhen::Above(limit) } else { BadWhen::AtLeast(limit) });
    }
    let worths = [(Worth::Good, "good"), (Worth::Bad, "bad"), (Worth::Leave, "leave")];
    let (empty, name) = draw.pick(&worths);
    if counts || draw.one_in(2) {
        text += &format!(", empty = \"{name}\"");
    }
    let (mut minimum, mut below) = (0, Worth::Good);
    if counts && draw.one_in(3) {
        minimum = draw.within(1, 8);
        let (worth, name) = draw.pick(&worths);
        below = worth;
        text += &format!(", minimum = {minimum}, below = \"{name}\"");
    }
    (Slices { width, bad_when, empty, minimum, below }, text + " }")
}

/// Draws counted events. Each source is a feature of its own, since one source may not count a time twice.
fn draw_counts(draw: &mut Draw, scene: &mut Scene, width: Option<i64>, separate: bool) {
    for number in 0..draw.pick(&[0, 4, 20, 60]) {
        let told = scene.fact(draw, "counts", (&format!("e{number}"), 0), |scene, draw| {
            let from = draw.within(0, scene.end());
            // Counts may not straddle slices, which begin with each local day.
            let days = &scene.world.day_starts;
            let end = width.map_or(from + 6, |width| {
                let next = days.partition_point(|day| *day <= from);
                let day = days[next - 1];
                (from + width - (from - day) % width).min(days.get(next).copied().unwrap_or(scene.end()))
            });
            let until = from + 1 + draw.within(0, end - from);
            let valid = draw.pick(&[0, 1, 2, 3, 5, 10]);
            let good = draw.within(0, valid + 1);
            let customer = draw.pick(&[None, Some("acme"), Some("other")]);
            let elsewhere = draw.one_in(8);
            let scope = json!({ "solution": if elsewhere { "t" } else { "s" }, "feature": format!("f{number}") });
            let scope = scoped(scene, scope, customer);
            let mine = !separate || customer == scene.customer;
            let stream = if mine && !elsewhere { STREAM } else { "another" };
            let mut keys = scene.spanned(from, Some(until));
            keys.insert("scope".into(), scope);
            keys.insert("good".into(), good.into());
            keys.insert("valid".into(), valid.into());
            Some((until, Count { stream: stream.into(), from, until, good, valid }, keys))
        });
        scene.world.counts.extend(told);
    }
}

/// A scope with its customer and, where interfaces are judged, the first of them, which alone is compared then.
fn scoped(scene: &Scene, mut scope: Value, customer: Option<&str>) -> Value {
    if let Some(customer) = customer {
        scope["customer"] = customer.into();
    }
    if scene.parts.per_interface && scope["solution"] == "s" {
        scope["interface"] = INTERFACES[0].into();
    }
    scope
}

fn draw_users(draw: &mut Draw, scene: &mut Scene, separate: bool) {
    for number in 0..draw.below(5) {
        let told = scene.fact(draw, "population", (&format!("p{number}"), 0), |scene, draw| {
            let (from, until) = scene.span(draw, scene.end());
            let users = draw.within(0, 20);
            let customer = if separate { scene.customer } else { draw.pick(&[None, Some("acme"), Some("other")]) };
            let scope = scoped(scene, json!({"solution": "s"}), customer);
            let mut keys = scene.spanned(from, Some(until));
            keys.insert("scope".into(), scope);
            keys.insert("unit".into(), "seat".into());
            keys.insert("count".into(), users.into());
            Some((from, Population { from, until, users }, keys))
        });
        scene.world.populations.extend(told);
    }
    for number in 0..draw.below(6) {
        let told = scene.fact(draw, "impact", (&format!("i{number}"), 0), |scene, draw| {
            let (from, until) = scene.span(draw, scene.end() / 4);
            let mut affected = draw.within(0, 12);
            let named: BTreeSet<&str> = ["ann", "ben", "cyd"].into_iter().filter(|_| draw.one_in(2)).collect();
            let set = draw.one_in(2).then(|| named.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>());
            let customer = if separate { scene.customer } else { draw.pick(&[None, Some("acme"), Some("other")]) };
            let scope = scoped(scene, json!({"solution": "s"}), customer);
            let mut keys = scene.spanned(from, Some(until));
            if let Some(set) = &set {
                affected = affected.max(set.len() as i64);
                keys.insert("user_set".into(), json!(set));
            }
            keys.insert("scope".into(), scope);
            keys.insert("unit".into(), "seat".into());
            keys.insert("count".into(), affected.into());
            Some((from, Impact { from, until, affected, set }, keys))
        });
        scene.world.impacts.extend(told);
    }
}

pub(crate) fn sliced(draw: &mut Draw) -> Scene {
    let mut scene = Scene::new(draw, HOURS);
    draw_parts(draw, &mut scene, true);
    draw_runs(draw, &mut scene, 6);
    draw_gaps(draw, &mut scene);
    draw_goals(draw, &mut scene);
    draw_outage(draw, &mut scene);
    if draw.one_in(2) {
        draw_exclusions(draw, &mut scene);
    }
    scene
}

#[test]
fn slices_events_and_users_are_judged_as_by_the_oracle() {
    compare("slices", 20, sliced);
}
