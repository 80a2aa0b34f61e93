//! Random cases of one customer: entitlements, service time, suspensions, credits.

use std::collections::BTreeSet;

use serde_json::json;

use crate::compare::compare;
use crate::compare_exclusion::{draw_exclusions, draw_outage};
use crate::compare_slices::draw_goals;
use crate::compare_timeline::{draw_confirm, draw_gaps, draw_runs};
use crate::draw::Draw;
use crate::fraction::Frac;
use crate::model::*;
use crate::parts::draw_parts;
use crate::scene::{HOURS, MILLIS, Scene, decimal, percent, quoted, share};

/// Draws for whom the case is judged.
pub(crate) fn draw_customer(draw: &mut Draw, scene: &mut Scene) {
    scene.customer = Some("acme");
    let (partial, name) =
        draw.pick(&[(Partial::Restrict, "restrict"), (Partial::Full, "full"), (Partial::DeemedUp, "deemed-up")]);
    scene.terms.partial = partial;
    scene.state("partial", quoted(name));
    for number in 0..draw.pick(&[1, 1, 2, 0, 3]) {
        let whole = draw.one_in(2);
        let told = scene.fact(draw, "entitlement", (&format!("t{number}"), 0), |scene, draw| {
            let (from, until) = if whole { (0, None) } else { spanned(scene, draw) };
            let customer = if draw.one_in(5) { "other" } else { "acme" };
            let mut keys = scene.spanned(from, until);
            keys.insert("scope".into(), json!({"solution": "s", "customer": customer}));
            keys.insert("paid".into(), true.into());
            Some((from, Entitlement { customer: customer.into(), from, until }, keys))
        });
        scene.world.entitlements.extend(told);
    }
    if draw.one_in(4) {
        // What was not paid for gives no right.
        let line = json!({
            "type": "entitlement", "id": "free", "paid": false, "from": scene.clock.text(0),
            "scope": {"customer": "acme"}, "recorded_at": scene.clock.text(0),
        });
        scene.lines.push(line.to_string());
    }
}

fn spanned(scene: &Scene, draw: &mut Draw) -> (i64, Option<i64>) {
    let (from, until) = scene.span(draw, scene.end() / 2);
    (from, (!draw.one_in(3)).then_some(until))
}

/// Draws suspensions. `down` says whether they may count as down, which means nothing for events.
pub(crate) fn draw_suspensions(draw: &mut Draw, scene: &mut Scene, down: bool) {
    let all = [
        (SuspendedAs::Measured, "measured"),
        (SuspendedAs::Up, "up"),
        (SuspendedAs::Excluded, "excluded"),
        (SuspendedAs::Down, "down"),
    ];
    let (suspended, name) = draw.pick(if down { &all } else { &all[..3] });
    scene.terms.suspended = suspended;
    scene.state("suspended", quoted(name));
    for number in 0..draw.below(4) {
        let told = scene.fact(draw, "suspension", (&format!("u{number}"), 0), |scene, draw| {
            let (ordered_at, until) = scene.span(draw, scene.end() / 4);
            let enforced_at = (!draw.one_in(5)).then(|| ordered_at + draw.within(0, 5));
            let lifted_at = (!draw.one_in(4)).then_some(until + 5);
            let customer = if draw.one_in(4) { "other" } else { "acme" };
            let mut keys = serde_json::Map::new();
            keys.insert("scope".into(), json!({"solution": "s", "customer": customer}));
            keys.insert("extent".into(), "whole".into());
            keys.insert("act".into(), "attack".into());
            keys.insert("ordered_at".into(), scene.clock.text(ordered_at));
            keys.extend(enforced_at.map(|at| ("enforced_at".to_owned(), scene.clock.text(at))));
            keys.extend(lifted_at.map(|at| ("lifted_at".to_owned(), scene.clock.text(at))));
            let customer = customer.to_owned();
            Some((ordered_at, Suspension { customer, ordered_at, enforced_at, lifted_at, noticed_at: None }, keys))
        });
        scene.world.suspensions.extend(told);
    }
}

/// Draws hours of service; local days have 24 ticks.
pub(crate) fn draw_service_time(draw: &mut Draw, scene: &mut Scene) {
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    if draw.one_in(2) {
        return;
    }
    let on: Vec<usize> = (0..7).filter(|_| draw.below(4) > 0).collect();
    let from = draw.within(0, 23);
    let until = from + 1 + draw.within(0, 24 - from);
    let holiday = draw.one_in(3).then(|| draw.within(0, 7));
    let mut hours = Vec::new();
    for day in 0..scene.end() / 24 {
        // Tick 0 is the beginning of a Sunday, the 25th of January.
        if on.contains(&(day as usize % 7)) && holiday != Some(day) {
            hours.push((24 * day + from, 24 * day + until));
        }
    }
    scene.terms.service_time = Some(hours);
    scene.state("service_time", quoted("open"));
    let names: Vec<String> = on.iter().map(|day| quoted(DAYS[*day])).collect();
    let holidays = holiday.map_or(String::new(), |day| format!("2026-01-{}", 25 + day));
    scene.tables += &format!(
        "[[calendar]]\nid = \"open\"\ndays = [{}]\nfrom = \"{from:02}:00\"\nuntil = \"{until:02}:00\"\nholidays = [{holidays}]\n",
        names.join(", "),
    );
}

/// Draws what a miss earns.
pub(crate) fn draw_remedy(draw: &mut Draw, scene: &mut Scene) {
    let (fee, paid, base) = draw_fees(draw, scene);
    let Some(fee) = fee else { return };
    let mut tiers = Vec::new();
    let mut texts = Vec::new();
    for _ in 0..1 + draw.below(4) {
        let (tier, text) = some_tier(draw, scene);
        tiers.push(tier);
        texts.push(text);
    }
    let mut text = format!("{{ tiers = [{}], base = \"{base}\"", texts.join(", "));
    let mut cap = None;
    if draw.one_in(3) {
        let (amount, own) = match draw.below(3) {
            0 => {
                let part = share(draw.within(0, 100_001));
                (fee.times(&part), format!("percent = \"{}\"", percent(&part)))
            }
            1 => {
                let days = draw.within(1, 5);
                (fee.times(&Frac::new(days, paid.1)), format!("days = {days}"))
            }
            _ => {
                let amount = Frac::new(draw.within(0, 200_000), 1_000);
                (amount.clone(), format!("amount = \"{}\"", decimal(&amount)))
            }
        };
        cap = Some(amount);
        text += &format!(", cap = {{ {own} }}");
    }
    let unit = Frac::new(draw.pick(&[1, 5, 10, 1_000, 3]), draw.pick(&[1, 10, 100]));
    let (rounding, mode) = draw.pick(&[
        (Rounding::Down, "down"),
        (Rounding::Up, "up"),
        (Rounding::HalfUp, "half-up"),
        (Rounding::HalfEven, "half-even"),
    ]);
    text += &format!(", rounding = {{ unit = \"{}\", mode = \"{mode}\" }}", decimal(&unit));
    let mut minimum_payout = None;
    if draw.one_in(3) {
        let least = Frac::new(draw.within(0, 1_000), 10);
        let inclusive = draw.one_in(2);
        text += &format!(", {} = \"{}\"", if inclusive { "pays_from" } else { "pays_above" }, decimal(&least));
        // Amounts are multiples of a hundredth, so the next payable one lies further away than this.
        let more = if inclusive { Frac::whole(0) } else { Frac::new(1, 1_000_000) };
        minimum_payout = Some(least.plus(&more));
    }
    scene.state("remedy", text + " }");
    scene.state("claim", quoted("automatic"));
    let remedy = Remedy { tiers, fee, paid, cap, minimum_payout, rounding_unit: unit, rounding };
    for target in &mut scene.terms.targets {
        target.remedy = Some(remedy.clone());
    }
    scene.has_fee = true;
}

/// Fees: what they come to, nothing where none is known; the ticks and days that they pay for; the rule.
fn draw_fees(draw: &mut Draw, scene: &mut Scene) -> (Option<Frac>, (i64, i64), &'static str) {
    let starting = draw.one_in(2);
    let Period { start, end, .. } = scene.period;
    let mut sum: Option<Frac> = None;
    let mut paid = BTreeSet::new();
    for number in 0..1 + draw.below(2) {
        let (from, until) = scene.span(draw, scene.end() / 2);
        let amount = Frac::new(draw.within(1, 1_000_000), draw.pick(&[1, 10, 100]));
        let customer = if draw.one_in(6) { "other" } else { "acme" };
        let line = json!({
            "type": "fee", "id": format!("f{number}"), "from": scene.clock.text(from), "until": scene.clock.text(until),
            "scope": {"solution": "s", "customer": customer}, "amount": decimal(&amount), "currency": "EUR",
            "recorded_at": scene.clock.text(0),
        });
        scene.lines.push(line.to_string());
        let shared = until.min(end) - from.max(start);
        let part = match starting {
            _ if customer == "other" => continue,
            true if start <= from && from < end => {
                paid.extend(from..until);
                amount
            }
            false if shared > 0 => {
                paid.extend(from.max(start)..until.min(end));
                amount.times(&Frac::new(shared, until - from))
            }
            _ => continue,
        };
        sum = Some(sum.map_or(part.clone(), |sum| sum.plus(&part)));
    }
    (sum, ticks_and_days(scene, &paid), if starting { "fees-starting" } else { "fees-pro-rata" })
}

/// How many ticks these are, and how many local days: of each row of ticks from its first date to its last, at least one.
fn ticks_and_days(scene: &Scene, ticks: &BTreeSet<i64>) -> (i64, i64) {
    let mut days = 0;
    for first in ticks.iter().filter(|tick| !ticks.contains(&(*tick - 1))) {
        let end = (*first..).find(|tick| !ticks.contains(tick)).unwrap();
        days += i64::from((scene.date(end) - scene.date(*first)).get_days()).max(1);
    }
    (ticks.len() as i64, days)
}

fn some_tier(draw: &mut Draw, scene: &Scene) -> (Tier, String) {
    let on_downtime = draw.one_in(3);
    let mut ends = Vec::new();
    let mut texts = Vec::new();
    let names = match on_downtime {
        false => [("from", "above"), ("up_to", "below")],
        true => [("down_from", "down_above"), ("down_up_to", "down_below")],
    };
    for (including, excluding) in names {
        // At least one end says what the tier is about.
        let open = draw.one_in(3) && !(ends.len() == 1 && texts.is_empty());
        let (value, text) = if on_downtime {
            let ticks = draw.within(0, 20);
            (Frac::whole(ticks), scene.clock.length(ticks))
        } else {
            let part = share(draw.pick(&[0, 50_000, 75_000, 90_000, 99_000, 100_000]));
            (part.clone(), percent(&part))
        };
        let inclusive = draw.one_in(2);
        ends.push(match () {
            () if open => End::Open,
            () if inclusive => End::Including(value),
            () => End::Excluding(value),
        });
        if !open {
            texts.push(format!("{} = \"{text}\"", if inclusive { including } else { excluding }));
        }
    }
    let (unit, text) = some_unit(draw, scene);
    texts.push(text);
    let until = ends.pop().unwrap();
    let from = ends.pop().unwrap();
    (Tier { on_downtime, from, until, unit }, format!("{{ {} }}", texts.join(", ")))
}

fn some_unit(draw: &mut Draw, scene: &Scene) -> (Unit, String) {
    let part = share(draw.within(0, 100_001));
    match draw.below(4) {
        0 => (Unit::ShareOfFee(part.clone()), format!("credit = \"{}\"", percent(&part))),
        1 => {
            let days = draw.within(1, 8);
            (Unit::ServiceDays(days), format!("service_days = {days}"))
        }
        2 => {
            let times = Frac::new(draw.within(1, 500), 10);
            (Unit::ProRata(times.clone()), format!("times_lost = \"{}\"", decimal(&times)))
        }
        _ => {
            let step = draw.within(1, 6);
            let text = format!("credit = \"{}\", per_started = \"{}\"", percent(&part), scene.clock.length(step));
            (Unit::PerStartedStep { step, share: part }, text)
        }
    }
}

pub(crate) fn customer(draw: &mut Draw) -> Scene {
    let clock = draw.pick(&[HOURS, MILLIS]);
    let mut scene = Scene::new(draw, clock);
    draw_customer(draw, &mut scene);
    draw_parts(draw, &mut scene, true);
    draw_runs(draw, &mut scene, 6);
    draw_outage(draw, &mut scene);
    draw_suspensions(draw, &mut scene, true);
    if clock == HOURS {
        draw_service_time(draw, &mut scene);
    }
    if draw.one_in(2) {
        draw_exclusions(draw, &mut scene);
    }
    scene
}

pub(crate) fn remedy(draw: &mut Draw) -> Scene {
    let clock = draw.pick(&[HOURS, MILLIS]);
    let mut scene = Scene::new(draw, clock);
    draw_customer(draw, &mut scene);
    draw_parts(draw, &mut scene, true);
    draw_runs(draw, &mut scene, 8);
    if clock == HOURS && draw.one_in(3) {
        draw_goals(draw, &mut scene);
    }
    draw_remedy(draw, &mut scene);
    scene
}

pub(crate) fn everything(draw: &mut Draw) -> Scene {
    let mut scene = Scene::new(draw, HOURS);
    if draw.below(3) > 0 {
        draw_customer(draw, &mut scene);
    }
    draw_parts(draw, &mut scene, false);
    draw_runs(draw, &mut scene, 6);
    draw_gaps(draw, &mut scene);
    draw_confirm(draw, &mut scene);
    if draw.one_in(2) {
        draw_goals(draw, &mut scene);
    }
    draw_outage(draw, &mut scene);
    draw_exclusions(draw, &mut scene);
    draw_service_time(draw, &mut scene);
    if scene.customer.is_some() {
        let states = |target: &Target| target.stream.is_none() && target.aggregate != Aggregate::UserWeighted;
        let by_states = scene.terms.targets.iter().all(states);
        draw_suspensions(draw, &mut scene, by_states);
        draw_remedy(draw, &mut scene);
    }
    scene
}

#[test]
fn customers_are_judged_as_by_the_oracle() {
    compare("customer", 10, customer);
}

#[test]
fn credits_are_those_of_the_oracle() {
    compare("remedy", 10, remedy);
}

#[test]
fn everything_together_is_judged_as_by_the_oracle() {
    compare("everything", 15, everything);
}
