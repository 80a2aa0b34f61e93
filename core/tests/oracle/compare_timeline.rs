//! Random cases of what is seen: staleness, gaps, confirmation, composition, controls, corrections, knowledge.

use serde_json::{Map, Value, json};

use crate::compare::compare;
use crate::draw::Draw;
use crate::model::*;
use crate::parts::{draw_parts, point_id, tell_checks};
use crate::scene::{HOURS, MILLIS, Scene};

const SEEN: [(Seen, &str); 4] =
    [(Seen::Up, "up"), (Seen::Down, "down"), (Seen::Unknown, "unknown"), (Seen::Degraded, "degraded")];

/// Draws what every point saw.
pub(crate) fn draw_runs(draw: &mut Draw, scene: &mut Scene, most: usize) {
    tell_checks(scene);
    for (number, check) in scene.parts.checks.clone().iter().enumerate() {
        for vantage in 0..check.vantages {
            let mut taken = Vec::new();
            for place in 0..draw.below(most) {
                let id = format!("r{number}.{vantage}.{place}");
                let named = draw.one_in(4);
                draw_run(draw, scene, (number, vantage), named.then_some(&id), &mut taken);
            }
        }
    }
}

type Taken = Vec<(i64, i64, Seen)>;

fn draw_run(draw: &mut Draw, scene: &mut Scene, series: (usize, usize), id: Option<&String>, taken: &mut Taken) {
    let (number, vantage) = series;
    let active = scene.parts.checks[number].active;
    let mut make = |scene: &Scene, draw: &mut Draw| {
        // What was observed outside a registration belongs to another one, by our decision 0004.
        let last_start = active.1.unwrap_or(scene.end()).min(scene.end());
        let from = draw.within(active.0.max(0), last_start);
        let length = if draw.one_in(2) { draw.within(0, scene.end() / 6) } else { 0 };
        let (seen, name) = draw.pick(&SEEN);
        // Of evenly spaced observations each lies on a tick, or ticks are milliseconds, to which an instant is rounded.
        let n = match length {
            0 => 1,
            _ if scene.clock != MILLIS => draw.pick(&[2, length + 1]),
            _ => 2 + draw.within(0, 5),
        };
        let mut keys = scene.spanned(from, None);
        keys.insert("last".into(), scene.clock.text(from + length));
        keys.insert("state".into(), name.into());
        keys.insert("n".into(), Value::from(n));
        keys.insert("check".into(), format!("c{number}").into());
        keys.insert("vantage".into(), format!("v{vantage}").into());
        let run = Run { point: point_id(number, vantage), from, last: from + length, seen, n };
        (from <= last_start).then_some((from + length, run, keys))
    };
    if let Some(id) = id {
        let told = scene.fact(draw, "run", (id, 0), make);
        scene.world.runs.extend(told);
        return;
    }
    let Some((event, body, mut keys)) = make(scene, draw) else { return };
    let recorded_at = scene.recorded(draw, event);
    // Runs of one beginning, record and state that end differently are no history that anything writes.
    if taken.contains(&(body.from, recorded_at, body.seen)) {
        return;
    }
    taken.push((body.from, recorded_at, body.seen));
    keys.insert("type".into(), "run".into());
    keys.insert("recorded_at".into(), scene.clock.text(recorded_at));
    if body.n == 1 && draw.one_in(2) {
        keys.insert("type".into(), "observation".into());
        let at = keys.remove("from").unwrap();
        keys.insert("at".into(), at);
        keys.retain(|key, _| key != "last" && key != "n");
    }
    scene.lines.push(Value::from(keys).to_string());
    let id = format!("anonymous-{}", scene.world.runs.len());
    scene.world.runs.push(Fact { id, recorded_at, body });
}

/// Draws times in which nobody looked.
pub(crate) fn draw_gaps(draw: &mut Draw, scene: &mut Scene) {
    for number in 0..draw.below(3) {
        let told = scene.fact(draw, "observer_gap", (&format!("g{number}"), 0), |scene, draw| {
            let (from, until) = scene.span(draw, scene.end() / 4);
            let until = (!draw.one_in(4)).then_some(until);
            let vantage = draw.pick(&[None, Some("v0"), Some("v1")]);
            let mut keys = scene.spanned(from, until);
            keys.insert("why".into(), "".into());
            if let Some(vantage) = vantage {
                keys.insert("vantage".into(), vantage.into());
            }
            Some((from, Gap { vantage: vantage.map(String::from), from, until }, keys))
        });
        scene.world.gaps.extend(told);
    }
}

/// Draws how failures become an outage.
pub(crate) fn draw_confirm(draw: &mut Draw, scene: &mut Scene) {
    if draw.one_in(2) {
        return;
    }
    let failures = 1 + draw.within(0, 4);
    let (onset, name) = draw.pick(&[
        (Onset::FirstFailure, "first-failure"),
        (Onset::Confirmation, "confirmation"),
        (Onset::Report, "report"),
    ]);
    let unconfirmed_down = draw.one_in(2);
    scene.terms.confirm = Confirm { failures, onset, unconfirmed_down };
    let unconfirmed = if unconfirmed_down { "down" } else { "up" };
    scene.state("confirm", format!("{{ failures = {failures}, onset = \"{name}\", unconfirmed = \"{unconfirmed}\" }}"));
    if onset != Onset::Report {
        return;
    }
    for number in 0..draw.below(5) {
        let told = scene.fact(draw, "report", (&format!("q{number}"), 0), |scene, draw| {
            let at = draw.within(0, scene.end());
            let customer = draw.pick(&["acme", "other"]);
            let keys: Map<String, Value> = [
                ("at".to_owned(), scene.clock.text(at)),
                ("customer".to_owned(), customer.into()),
                ("scope".to_owned(), json!({"solution": "s"})),
            ]
            .into_iter()
            .collect();
            // Where no customer is judged, everybody's report counts.
            Some((at, Report { customer: scene.customer.map(|_| customer.into()), at }, keys))
        });
        scene.world.reports.extend(told);
    }
}

fn timeline(draw: &mut Draw) -> Scene {
    let clock = draw.pick(&[MILLIS, HOURS]);
    let mut scene = Scene::new(draw, clock);
    draw_parts(draw, &mut scene, false);
    draw_runs(draw, &mut scene, 8);
    draw_gaps(draw, &mut scene);
    draw_confirm(draw, &mut scene);
    scene
}

#[test]
fn what_is_seen_is_judged_as_by_the_oracle() {
    compare("timeline", 25, timeline);
}
