//! Cases that the comparison found, made small: what each shows, with figures by hand.

use serde_json::{Value, json};

use crate::compare::stated;
use crate::draw::Draw;
use crate::scene::{HOURS, Scene, quoted};

/// A case without facts, from hour 24 to hour 48, for solution `s` as a whole.
fn plain() -> Scene {
    let mut scene = Scene::new(&mut Draw::replayed(Vec::new()), HOURS);
    (scene.period.start, scene.period.end) = (24, 48);
    for (key, value) in [("vantages", "any"), ("checks", "all"), ("interfaces", "all"), ("controls", "all")] {
        scene.state(key, quoted(value));
    }
    scene
}

fn told(scene: &mut Scene, mut line: Value, times: &[(&str, i64)]) {
    for (key, hour) in times {
        line[*key] = scene.clock.text(*hour);
    }
    scene.lines.push(line.to_string());
}

/// Registers a check of an interface, of a part such as `region east` and with a role where they are not empty, and says
/// what it sees from which hour on.
fn check(scene: &mut Scene, id: &str, (interface, part, role): (&str, &str, &str), seen: &[(i64, &str)]) {
    let mut line = json!({
        "type": "check", "id": id, "vantage": "v", "staleness": "none",
        "scope": {"solution": "s", "interface": interface},
        "role": if role.is_empty() { "measure" } else { role },
    });
    if let Some((level, name)) = part.split_once(' ') {
        line["scope"][level] = name.into();
    }
    let from = if role == "control" { seen[0].0 } else { 0 };
    told(scene, line, &[("from", from), ("recorded_at", 0)]);
    for (hour, state) in seen {
        let line = json!({"type": "observation", "check": id, "vantage": "v", "state": state});
        told(scene, line, &[("at", *hour)]);
    }
}

fn exclusion(scene: &mut Scene, id: &str, scope: Value, from: i64, until: i64) {
    let line = json!({"type": "exclusion", "id": id, "cause": "scheduled", "ground": "", "scope": scope});
    told(scene, line, &[("from", from), ("until", until), ("recorded_at", 0)]);
}

/// Hours up, down, excluded and unknown of the first subject, and both bounds in percent.
fn figures(scene: &Scene) -> ([i64; 4], String, String) {
    let statement = stated(scene, &scene.lines).unwrap();
    let row = &statement.rows[0];
    let hours = [row.tally.up, row.tally.down, row.tally.excluded, row.tally.unknown].map(|sum| sum.0 / 3_600_000);
    let bounds = row.availability.as_ref().unwrap();
    (hours, bounds.lower.percent(2), bounds.upper.percent(2))
}

fn percents(hours: [i64; 4], lower: &str, upper: &str) -> ([i64; 4], String, String) {
    (hours, lower.to_owned(), upper.to_owned())
}

#[test]
fn an_outage_before_a_control_was_registered_counts() {
    let mut scene = plain();
    check(&mut scene, "c", ("console", "", ""), &[(0, "up"), (30, "down"), (36, "up")]);
    check(&mut scene, "a", ("api", "", ""), &[(0, "up")]);
    check(&mut scene, "origin", ("console", "", "control"), &[(33, "down")]);
    // Down from 30 to 33; from 33 on the control is down too, so it is nobody's outage.
    assert_eq!(figures(&scene), percents([21, 3, 0, 0], "87.50", "87.50"));
}

#[test]
fn a_confirmed_row_is_down_again_after_somebody_saw_nothing() {
    let mut scene = plain();
    scene.state("confirm", "{ failures = 1, onset = \"confirmation\", unconfirmed = \"up\" }");
    check(&mut scene, "c", ("console", "", ""), &[(0, "up"), (30, "down"), (32, "unknown"), (36, "down"), (40, "up")]);
    check(&mut scene, "a", ("api", "", ""), &[(0, "up")]);
    assert_eq!(figures(&scene), percents([14, 6, 0, 4], "58.33", "75.00"));
}

#[test]
fn a_rolling_cap_holds_on_the_day_of_the_last_window() {
    let mut scene = plain();
    scene.state("exclusions", "[{ class = \"scheduled\", extent = \"announced\", effect = \"remove\" }]");
    scene.state(
        "caps",
        "[{ classes = [\"scheduled\"], limit = \"2h\", measure = \"announced\", scope = \"subject\", \
        period = { rolling_days = 1 } }]",
    );
    check(&mut scene, "c", ("console", "", ""), &[(0, "up"), (30, "down"), (36, "up")]);
    check(&mut scene, "a", ("api", "", ""), &[(0, "up")]);
    exclusion(&mut scene, "x", json!({"solution": "s"}), 30, 35);
    // Of five announced hours two are excluded; the other three count, and the hour after them.
    assert_eq!(figures(&scene), percents([18, 4, 2, 0], "81.81", "81.81"));
}

#[test]
fn the_worst_part_is_excluded_by_a_window_on_that_part() {
    let mut scene = plain();
    scene.state("interfaces", quoted("worst"));
    scene.state("exclusions", "[{ class = \"scheduled\", extent = \"announced\", effect = \"remove\" }]");
    check(&mut scene, "c", ("console", "", ""), &[(0, "up"), (30, "down"), (36, "up")]);
    check(&mut scene, "a", ("api", "", ""), &[(0, "up")]);
    exclusion(&mut scene, "x", json!({"solution": "s", "interface": "console"}), 24, 36);
    exclusion(&mut scene, "y", json!({"solution": "s", "interface": "api"}), 24, 36);
    // Each part has 12 hours left, all of them up; the console, judged as the first of equals, lost its six.
    assert_eq!(figures(&scene), percents([12, 0, 12, 0], "100.00", "100.00"));
}

#[test]
fn a_check_that_is_judged_alone_is_relieved_by_a_window_on_its_interface() {
    let mut scene = plain();
    scene.parts.per_interface = true;
    scene.state("checks", quoted("worst"));
    scene.state("exclusions", "[{ class = \"scheduled\", extent = \"down\", effect = \"remove\" }]");
    check(&mut scene, "c1", ("console", "", ""), &[(0, "up"), (30, "down"), (36, "up")]);
    check(&mut scene, "c2", ("console", "", ""), &[(0, "up")]);
    exclusion(&mut scene, "x", json!({"solution": "s", "interface": "console"}), 30, 34);
    // Four of six hours leave, two stay: 18 of 20.
    assert_eq!(figures(&scene), percents([18, 2, 4, 0], "90.00", "90.00"));
}

#[test]
fn regions_below_an_interface_weigh_by_their_own_names() {
    let mut scene = plain();
    scene.parts.per_interface = true;
    scene.state("regions", "{ weights = { east = 3, west = 1 } }");
    check(&mut scene, "c1", ("console", "region east", ""), &[(0, "up")]);
    check(&mut scene, "c2", ("console", "region west", ""), &[(0, "up"), (30, "down"), (42, "up")]);
    // Twelve hours at three quarters: 12 + 9 of 24.
    assert_eq!(figures(&scene), percents([12, 12, 0, 0], "87.50", "87.50"));
}

#[test]
fn the_bounds_of_the_worst_part_are_those_of_each_pass() {
    let mut scene = plain();
    scene.state("interfaces", quoted("worst"));
    scene.state("exclusions", "[{ class = \"scheduled\", extent = \"down\", effect = \"remove\" }]");
    scene.state("instances", quoted("all"));
    check(&mut scene, "c1", ("console", "instance east", ""), &[(0, "down")]);
    check(&mut scene, "c2", ("console", "instance west", ""), &[(0, "unknown")]);
    check(&mut scene, "a", ("api", "", ""), &[(0, "up"), (36, "down")]);
    exclusion(&mut scene, "x", json!({"solution": "s", "interface": "console", "instance": "east"}), 24, 48);
    // The console is down all day if its west is, and else all of it leaves; the API is up for half a day.
    assert_eq!(figures(&scene), percents([0, 0, 0, 24], "0.00", "50.00"));
}

#[test]
fn work_on_a_part_does_not_lift_a_suspension_that_counts_as_down() {
    let mut scene = plain();
    scene.customer = Some("acme");
    scene.state("partial", quoted("full"));
    scene.state("suspended", quoted("down"));
    scene.state("exclusions", "[{ class = \"scheduled\", extent = \"down\", effect = \"remove\" }]");
    check(&mut scene, "c", ("console", "", ""), &[(0, "up")]);
    check(&mut scene, "a", ("api", "", ""), &[(0, "up")]);
    let acme = json!({"solution": "s", "customer": "acme"});
    let line = json!({"type": "entitlement", "id": "t", "paid": true, "scope": acme});
    told(&mut scene, line, &[("from", 0), ("recorded_at", 0)]);
    let line = json!({"type": "suspension", "id": "u", "extent": "whole", "act": "attack", "scope": acme});
    let times = [("ordered_at", 30), ("enforced_at", 30), ("lifted_at", 36), ("recorded_at", 30)];
    told(&mut scene, line, &times);
    exclusion(&mut scene, "x", json!({"solution": "t"}), 24, 48);
    exclusion(&mut scene, "y", json!({"solution": "s", "interface": "api"}), 24, 48);
    assert_eq!(figures(&scene), percents([18, 6, 0, 0], "75.00", "75.00"));
}
