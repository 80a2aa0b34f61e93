//! Random cases of qualification, windows and caps.

use serde_json::{Map, Value, json};

use crate::compare::compare;
use crate::compare_timeline::{draw_confirm, draw_gaps, draw_runs};
use crate::draw::Draw;
use crate::model::*;
use crate::parts::draw_parts;
use crate::scene::{HOURS, MILLIS, Scene, quoted};

const CLASSES: [&str; 3] = ["scheduled", "emergency", "force-majeure"];
/// What the oracle calls work of a class that a cap exempts.
const EXEMPT: &str = "!";

/// Draws which outages count.
pub(crate) fn draw_outage(draw: &mut Draw, scene: &mut Scene) {
    if draw.one_in(2) {
        return;
    }
    let minimum = draw.within(1, 9);
    let (on, name) = draw.pick(&[
        (QualifyOn::Whole, "whole"),
        (QualifyOn::Clipped, "clipped"),
        (QualifyOn::ClippedToCoverage, "clipped-to-coverage"),
    ]);
    let length = if draw.one_in(3) {
        format!("longer_than = \"{}ms\"", minimum * scene.clock.tick - 1)
    } else {
        format!("at_least = \"{}\"", scene.clock.length(minimum))
    };
    let (mut merge_gap, mut gap_is_downtime, mut merged) = (0, false, String::new());
    if draw.one_in(2) {
        merge_gap = draw.within(0, 7);
        gap_is_downtime = draw.one_in(2) && !scene.monotone;
        let gap = if gap_is_downtime { "down" } else { "up" };
        merged = format!(", merge_gap = \"{}\", gap = \"{gap}\"", scene.clock.length(merge_gap));
    }
    scene.terms.qualify = Some(Qualify { minimum, merge_gap, gap_is_downtime, on });
    scene.state("outage", format!("{{ {length}{merged}, qualify = \"{name}\" }}"));
    scene.terms.exclude_before_qualification = draw.one_in(2);
    let order = if scene.terms.exclude_before_qualification { "before" } else { "after" };
    scene.state("exclude", quoted(&format!("{order}-qualification")));
}

/// Draws which classes are excluded, and the windows of these classes and of one that the agreement does not name.
pub(crate) fn draw_exclusions(draw: &mut Draw, scene: &mut Scene) {
    let first_length = draw.within(2, 30);
    let mut texts = Vec::new();
    for class in CLASSES {
        if draw.one_in(4) {
            continue;
        }
        let (rule, text) = some_rule(draw, scene, class);
        scene.terms.exclusions.push(Exclusion { class: format!("{class}{EXEMPT}"), ..rule.clone() });
        scene.terms.exclusions.push(rule);
        texts.push(text);
    }
    scene.state("exclusions", format!("[{}]", texts.join(", ")));
    let doubles = texts.iter().any(|text| text.contains("double"));
    for number in 0..draw.below(6) {
        match draw.below(5) {
            0 => draw_cause(draw, scene, number, "exclusion"),
            1 => draw_cause(draw, scene, number, "incident"),
            _ => draw_maintenance(draw, scene, number, doubles.then_some(first_length)),
        }
    }
    draw_caps(draw, scene);
}

fn some_rule(draw: &mut Draw, scene: &Scene, class: &str) -> (Exclusion, String) {
    let (extent, extent_name) =
        draw.pick(&[(Extent::Announced, "announced"), (Extent::Actual, "actual"), (Extent::Intersection, "down")]);
    let effects = [(Effect::AsUp, "as-up"), (Effect::Nothing, "none"), (Effect::Remove, "remove")];
    let removes = !scene.monotone || scene.terms.qualify.is_none();
    let (effect, effect_name) = draw.pick(if removes { &effects } else { &effects[..2] });
    // Without a customer nobody can accept a notice.
    let accepted = draw.one_in(if scene.customer.is_some() { 2 } else { 8 });
    let (by, by_name) = if accepted { (NoticeBy::Accepted, "accepted") } else { (NoticeBy::Published, "published") };
    let mut text = format!("{{ class = \"{class}\", extent = \"{extent_name}\", effect = \"{effect_name}\"");
    let mut lead = None;
    if draw.one_in(2) {
        // Local days of UTC have 24 hours, so that both ways to write a lead mean the same.
        let ticks = if scene.clock == HOURS { draw.pick(&[0, 5, 12, 24, 48]) } else { draw.within(0, 30) };
        let length = scene.clock.length(ticks);
        text += &match ticks {
            24 | 48 if scene.clock == HOURS && draw.one_in(2) => {
                format!(", notice = {{ days = {}, by = \"{by_name}\" }}", ticks / 24)
            }
            _ => format!(", notice = {{ lead = \"{length}\", by = \"{by_name}\" }}"),
        };
        lead = Some(ticks);
    }
    let mut extension = None;
    if draw.below(3) > 0 {
        let lead = draw.within(0, 12);
        let mut limits = String::new();
        let (mut longest, mut doubles) = (None, false);
        if draw.one_in(3) {
            longest = Some(draw.within(0, 30));
            limits += &format!(", at_most = \"{}\"", scene.clock.length(longest.unwrap()));
        }
        if draw.one_in(3) {
            doubles = true;
            limits += ", at_most_double = true";
        }
        text += &format!(", extension = {{ lead = \"{}\"{limits}, by = \"{by_name}\" }}", scene.clock.length(lead));
        extension = Some(ExtensionRule { lead, longest, doubles });
    }
    // Rule 6: per customer by its acceptance, per solution by publication, which the oracle is told in its own words.
    let by = if scene.customer.is_none() { NoticeBy::Published } else { by };
    (Exclusion { class: class.into(), extent, effect, lead, by, extension }, text + " }")
}

fn some_class(draw: &mut Draw) -> &'static str {
    draw.pick(&[CLASSES[0], CLASSES[0], CLASSES[1], CLASSES[2], "unnamed"])
}

fn some_customer(draw: &mut Draw, scene: &Scene) -> Option<&'static str> {
    if scene.customer.is_some() { draw.pick(&[None, None, Some("acme"), Some("other")]) } else { None }
}

/// A span, mostly one that begins about when the period does or in it.
fn near(scene: &Scene, draw: &mut Draw, longest: i64) -> (i64, i64) {
    if draw.one_in(3) {
        return scene.span(draw, longest);
    }
    let from = draw.within((scene.period.start - 20).max(0), scene.period.end);
    (from, from + 1 + draw.within(0, longest))
}

/// An incident or an exclusion: time of a class that nobody planned.
fn draw_cause(draw: &mut Draw, scene: &mut Scene, number: usize, kind: &str) {
    let window = format!("x{number}");
    let told = scene.fact(draw, kind, (&window, 0), |scene, draw| {
        let (from, until) = near(scene, draw, scene.end() / 4);
        let until = (!draw.one_in(6)).then_some(until);
        let (class, place, customer) = (some_class(draw), scene.parts.some_place(draw), some_customer(draw, scene));
        let mut keys = scene.spanned(from, until);
        keys.insert("cause".into(), class.into());
        keys.insert("scope".into(), scene.parts.scope(place, customer));
        if kind == "exclusion" {
            keys.insert("ground".into(), "".into());
        }
        let plan = Plan {
            window: window.clone(),
            sequence: 0,
            class: class.into(),
            scope: scene.parts.covered(place),
            customer: customer.map(String::from),
            from,
            until,
            actual: Some((from, until)),
            cancelled: false,
        };
        Some((from, plan, keys))
    });
    scene.world.plans.extend(told);
    let begins: Vec<i64> = scene.world.plans.iter().rev().take(1).map(|plan| plan.body.from).collect();
    draw_notices(draw, scene, number, (&window, 0), &begins);
}

/// A maintenance with its changes of plan.
fn draw_maintenance(draw: &mut Draw, scene: &mut Scene, number: usize, length: Option<i64>) {
    let window = format!("m{number}");
    let (start, end) = near(scene, draw, scene.end() / 6);
    let end = length.map_or(end, |length| start + length);
    let (class, place, customer) = (some_class(draw), scene.parts.some_place(draw), some_customer(draw, scene));
    let iaas = draw.one_in(4);
    let sequences = draw.pick(&[1, 2, 2, 3]);
    let mut plan = (start, Some(end));
    for sequence in 0..sequences {
        let before = plan;
        if sequence > 0 {
            plan = changed(draw, plan, scene.end());
        }
        let mut is_first = true;
        let told = scene.fact(draw, "maintenance", (&window, sequence), |scene, draw| {
            // A telling of the same plan changes what happened, not what was planned: that is another sequence.
            let other_class = if draw.one_in(8) { some_class(draw) } else { class };
            // An end that is not planned is as known, and then a limit on extensions says nothing of it.
            let open = draw.one_in(12) && sequence + 1 == sequences && sequence == 0 && length.is_none();
            let until = if open { None } else { plan.1 };
            // What happened is told with the latest plan; who tells it with an earlier one alone is not compared.
            let happened = sequence + 1 == sequences && draw.below(4) > 0;
            let actual = happened.then(|| {
                let from = draw.within(plan.0 - 4, plan.0 + 8).max(0);
                (from, (!draw.one_in(5)).then(|| from + 1 + draw.within(0, scene.end() / 5)))
            });
            let cancelled = draw.one_in(10);
            let mut keys = scene.spanned(plan.0, until);
            let status = if cancelled { "CANCELLED" } else { draw.pick(&["CONFIRMED", "IN-PROCESS", "COMPLETED"]) };
            for (key, value) in [
                ("sequence", json!(sequence)),
                ("scope", scene.parts.scope(place, customer)),
                ("class", other_class.into()),
                ("status", status.into()),
                ("iaas", iaas.into()),
                ("controllable", (!iaas).into()),
            ] {
                keys.insert(key.into(), value);
            }
            if let Some((from, until)) = actual {
                keys.insert("actual_from".into(), scene.clock.text(from));
                keys.extend(until.map(|until| ("actual_until".to_owned(), scene.clock.text(until))));
            }
            let class = if iaas { format!("{other_class}{EXEMPT}") } else { other_class.into() };
            let body = Plan {
                window: window.clone(),
                sequence,
                class,
                scope: scene.parts.covered(place),
                customer: customer.map(String::from),
                from: plan.0,
                until,
                actual,
                cancelled,
            };
            let event = if is_first && draw.one_in(2) { 0 } else { plan.0 };
            is_first = false;
            Some((event, body, keys))
        });
        scene.world.plans.extend(told);
        let end_before = before.1.unwrap_or(plan.0);
        let anchors = if sequence > 0 { [plan.0, end_before, end_before] } else { [plan.0; 3] };
        draw_notices(draw, scene, number, (&window, sequence), &anchors);
    }
}

/// The next plan: an extension, a move, or a shorter window.
fn changed(draw: &mut Draw, plan: (i64, Option<i64>), end: i64) -> (i64, Option<i64>) {
    let until = plan.1.unwrap_or(end);
    match draw.below(6) {
        0..=3 => (plan.0, Some(until + draw.within(1, 20))),
        4 => {
            let by = draw.within(-15, 15);
            ((plan.0 + by).max(0), Some((until + by).max(1 + (plan.0 + by).max(0))))
        }
        _ => (plan.0, Some(plan.0 + draw.within(1, until - plan.0 + 1))),
    }
}

/// Draws notices: long before, or about as long as must be before one of the instants that matter, or at any time.
fn draw_notices(draw: &mut Draw, scene: &mut Scene, number: usize, about: (&str, i64), anchors: &[i64]) {
    let (window, sequence) = about;
    let Some(class) = scene.world.plans.last().map(|plan| &plan.body.class) else { return };
    let mut leads = vec![draw.within(0, 30)];
    for rule in scene.terms.exclusions.iter().filter(|rule| rule.class == *class) {
        leads.extend(rule.lead);
        leads.extend(rule.extension.map(|extension| extension.lead));
    }
    for place in 0..draw.below(3) {
        let id = format!("n{number}.{sequence}.{place}");
        let some_time = |scene: &Scene, draw: &mut Draw| match draw.below(4) {
            0 => draw.within(-60, 1),
            1 => draw.within(-60, scene.end()),
            _ => draw.pick(anchors) - draw.pick(&leads) + draw.pick(&[0, 0, 1, -1]),
        };
        let told = scene.fact(draw, "notice", (&id, 0), |scene, draw| {
            let at = some_time(scene, draw);
            let published_at = (draw.below(3) > 0).then_some(at);
            let (customer, accepts) = draw.pick(&[("public", false), ("acme", true), ("other", true)]);
            let accepted_at = accepts.then(|| some_time(scene, draw));
            let mut keys: Map<String, Value> = Map::new();
            keys.insert("about".into(), json!({"id": window, "sequence": sequence}));
            keys.insert("kind".into(), "maintenance".into());
            keys.insert("customer".into(), customer.into());
            keys.insert("channel".into(), "mail".into());
            keys.extend(published_at.map(|at| ("published_at".to_owned(), scene.clock.text(at))));
            keys.extend(accepted_at.map(|at| ("accepted_at".to_owned(), scene.clock.text(at))));
            let accepted = accepted_at.map(|at| (customer.to_owned(), at)).into_iter().collect();
            let event = accepted_at.unwrap_or(at).max(0);
            Some((event, Notice { window: window.into(), sequence, published_at, accepted }, keys))
        });
        scene.world.notices.extend(told);
    }
}

fn draw_caps(draw: &mut Draw, scene: &mut Scene) {
    if draw.one_in(2) {
        return;
    }
    let mut texts = Vec::new();
    for _ in 0..1 + draw.below(2) {
        let plain: Vec<&str> = CLASSES.into_iter().filter(|_| draw.below(3) > 0).collect();
        let exempt = draw.one_in(2);
        let limit = draw.within(0, 20);
        let (mut measure, mut name) = draw.pick(&[
            (CapMeasure::Announced, "announced"),
            (CapMeasure::Actual, "actual"),
            (CapMeasure::Down, "down"),
        ]);
        let whole =
            scene.terms.exclusions.iter().any(|rule| {
                plain.contains(&rule.class.trim_end_matches(EXEMPT)) && rule.extent != Extent::Intersection
            });
        let bounds = scene.terms.unknown == UnknownPolicy::Bounds && (whole || scene.monotone);
        if bounds && measure == CapMeasure::Down {
            (measure, name) = (CapMeasure::Actual, "actual");
        }
        let (scope, scope_name) = draw.pick(&[(CapScope::Subject, "subject"), (CapScope::Everything, "all")]);
        let (periods, period) = draw.pick(&scene.cap_periods);
        let of_all = |class: &&str| [(*class).to_owned(), format!("{class}{EXEMPT}")];
        let classes = if exempt {
            plain.iter().map(|class| (*class).to_owned()).collect()
        } else {
            plain.iter().flat_map(of_all).collect()
        };
        scene.terms.caps.push(Cap { classes, limit, measure, scope, periods });
        let listed: Vec<String> = plain.iter().map(|class| quoted(class)).collect();
        texts.push(format!(
            "{{ classes = [{}], limit = \"{}\", measure = \"{name}\", scope = \"{scope_name}\", period = {period}, exempt = \"{}\" }}",
            listed.join(", "),
            scene.clock.length(limit),
            if exempt { "uncontrollable-iaas" } else { "none" },
        ));
    }
    scene.state("caps", format!("[{}]", texts.join(", ")));
}

pub(crate) fn exclusion(draw: &mut Draw) -> Scene {
    let clock = draw.pick(&[MILLIS, HOURS]);
    let mut scene = Scene::new(draw, clock);
    draw_parts(draw, &mut scene, true);
    draw_runs(draw, &mut scene, 8);
    draw_gaps(draw, &mut scene);
    draw_outage(draw, &mut scene);
    draw_exclusions(draw, &mut scene);
    scene
}

pub(crate) fn qualification(draw: &mut Draw) -> Scene {
    let clock = draw.pick(&[MILLIS, HOURS]);
    let mut scene = Scene::new(draw, clock);
    draw_parts(draw, &mut scene, true);
    draw_runs(draw, &mut scene, 12);
    draw_confirm(draw, &mut scene);
    draw_outage(draw, &mut scene);
    scene
}

#[test]
fn windows_and_caps_are_judged_as_by_the_oracle() {
    compare("exclusion", 20, exclusion);
}

#[test]
fn outages_qualify_as_by_the_oracle() {
    compare("qualification", 10, qualification);
}
