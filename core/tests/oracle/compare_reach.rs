//! Whether the random cases reach the rules: for each rule there is a case in which another rule gives another figure, so
//! that the comparison can fail there.

use crate::compare::outcome;
use crate::compare_customer::{customer, remedy};
use crate::compare_exclusion::{exclusion, qualification};
use crate::compare_slices::sliced;
use crate::compare_timeline::timeline;
use crate::draw::Draw;
use crate::fraction::Frac;
use crate::model::*;
use crate::scene::Scene;

type Make = fn(&mut Draw) -> Scene;
type Change = fn(&mut Scene);

const SEEN: [(&str, Change); 12] = [
    ("staleness", |scene| scene.world.points.iter_mut().for_each(|point| point.body.staleness = None)),
    ("registration", |scene| scene.world.points.iter_mut().for_each(|point| point.body.until = None)),
    ("gaps", |scene| scene.world.gaps.clear()),
    ("knowledge", |scene| scene.world.known_at = Some(scene.end() + 5)),
    ("retractions", |scene| scene.world.retractions.clear()),
    ("corrections", first_tellings),
    ("degraded", |scene| {
        scene.terms.degraded = if scene.terms.degraded == Degraded::Up { Degraded::Down } else { Degraded::Up };
    }),
    ("failures", |scene| scene.terms.confirm.failures = 1),
    ("onset", |scene| scene.terms.confirm.onset = Onset::FirstFailure),
    ("unconfirmed", |scene| scene.terms.confirm.unconfirmed_down ^= true),
    ("unknown", |scene| scene.terms.unknown = UnknownPolicy::Excluded),
    ("least observed", |scene| scene.terms.min_observed = None),
];

const QUALIFIED: [(&str, Change); 4] = [
    ("least length", |scene| change(scene, |outage| outage.minimum = 0)),
    ("merge gap", |scene| change(scene, |outage| outage.merge_gap = 0)),
    ("time of gaps", |scene| change(scene, |outage| outage.gap_is_downtime ^= true)),
    ("whole or clipped", |scene| change(scene, |outage| outage.on = QualifyOn::Clipped)),
];

const EXCLUDED: [(&str, Change); 18] = [
    ("order", |scene| scene.terms.exclude_before_qualification ^= true),
    ("extent announced", |scene| rules(scene, |rule| rule.extent = Extent::Announced)),
    ("extent actual", |scene| rules(scene, |rule| rule.extent = Extent::Actual)),
    ("extent down", |scene| rules(scene, |rule| rule.extent = Extent::Intersection)),
    ("effect", |scene| {
        rules(scene, |rule| {
            rule.effect = if rule.effect == Effect::Remove { Effect::AsUp } else { Effect::Remove };
        });
    }),
    ("lead", |scene| rules(scene, |rule| rule.lead = None)),
    ("inclusive lead", |scene| rules(scene, |rule| rule.lead = rule.lead.map(|lead| lead + 1))),
    ("extensions", |scene| rules(scene, |rule| rule.extension = None)),
    ("longest extension", |scene| {
        rules(scene, |rule| {
            rule.extension = rule.extension.map(|own| ExtensionRule { longest: None, doubles: false, ..own })
        });
    }),
    ("lead of extensions", |scene| {
        rules(scene, |rule| rule.extension = rule.extension.map(|own| ExtensionRule { lead: own.lead + 9, ..own }));
    }),
    ("cancelled", |scene| scene.world.plans.iter_mut().for_each(|plan| plan.body.cancelled = false)),
    ("scope", |scene| scene.world.plans.iter_mut().for_each(|plan| plan.body.scope.clear())),
    ("open ends", |scene| {
        for plan in &mut scene.world.plans {
            plan.body.actual = plan.body.actual.map(|(from, until)| (from, until.or(Some(from + 1))));
        }
    }),
    ("caps", |scene| scene.terms.caps.clear()),
    ("limit of caps", |scene| scene.terms.caps.iter_mut().for_each(|cap| cap.limit += 1)),
    ("measure of caps", |scene| {
        for cap in &mut scene.terms.caps {
            cap.measure = if cap.measure == CapMeasure::Announced { CapMeasure::Down } else { CapMeasure::Announced };
        }
    }),
    ("scope of caps", |scene| scene.terms.caps.iter_mut().for_each(|cap| cap.scope = CapScope::Everything)),
    ("periods of caps", |scene| {
        let whole = Period { start: -10_000, end: 10_000 };
        scene.terms.caps.iter_mut().for_each(|cap| cap.periods = vec![whole.clone()]);
    }),
];

const SLICED: [(&str, Change); 6] = [
    ("width", |scene| slices(scene, |slices| slices.width = 24)),
    ("empty", |scene| {
        slices(scene, |slices| slices.empty = if slices.empty == Worth::Good { Worth::Bad } else { Worth::Good });
    }),
    ("least events", |scene| slices(scene, |slices| slices.minimum = 0)),
    ("too few events", |scene| slices(scene, |slices| slices.below = Worth::Leave)),
    ("bad when", |scene| {
        slices(scene, |slices| {
            slices.bad_when = slices.bad_when.clone().map(|bad| match bad {
                BadWhen::Above(limit) => BadWhen::AtLeast(limit),
                BadWhen::AtLeast(limit) => BadWhen::Above(limit),
            });
        });
    }),
    ("users by name", |scene| scene.world.impacts.iter_mut().for_each(|impact| impact.body.set = None)),
];

const CUSTOMERS: [(&str, Change); 5] = [
    ("restrict", |scene| scene.terms.partial = Partial::Restrict),
    ("full", |scene| scene.terms.partial = Partial::Full),
    ("deemed up", |scene| scene.terms.partial = Partial::DeemedUp),
    ("service time", |scene| scene.terms.service_time = None),
    ("suspensions", |scene| scene.world.suspensions.clear()),
];

const PAID: [(&str, Change); 7] = [
    ("cap of a credit", |scene| remedies(scene, |remedy| remedy.cap = None)),
    ("least payout", |scene| remedies(scene, |remedy| remedy.minimum_payout = None)),
    ("rounding down", |scene| remedies(scene, |remedy| remedy.rounding = Rounding::Down)),
    ("rounding up", |scene| remedies(scene, |remedy| remedy.rounding = Rounding::Up)),
    ("the first tier", |scene| remedies(scene, |remedy| remedy.tiers.reverse())),
    ("ends of tiers", |scene| {
        remedies(scene, |remedy| {
            for end in remedy.tiers.iter_mut().flat_map(|tier| [&mut tier.from, &mut tier.until]) {
                *end = match end.clone() {
                    End::Open => End::Open,
                    End::Including(value) => End::Excluding(value),
                    End::Excluding(value) => End::Including(value),
                };
            }
        });
    }),
    ("fee", |scene| remedies(scene, |remedy| remedy.fee = remedy.fee.plus(&Frac::whole(1)))),
];

/// As if nothing had been told again.
fn first_tellings(scene: &mut Scene) {
    let mut seen = std::collections::BTreeSet::new();
    scene.world.runs.retain(|fact| seen.insert(fact.id.clone()));
    scene.world.gaps.retain(|fact| seen.insert(fact.id.clone()));
}

fn change(scene: &mut Scene, change: fn(&mut Qualify)) {
    scene.terms.qualify.iter_mut().for_each(change);
}

fn rules(scene: &mut Scene, change: fn(&mut Exclusion)) {
    scene.terms.exclusions.iter_mut().for_each(change);
}

fn slices(scene: &mut Scene, change: fn(&mut Slices)) {
    scene.terms.targets.iter_mut().filter_map(|target| target.slices.as_mut()).for_each(change);
}

fn remedies(scene: &mut Scene, change: fn(&mut Remedy)) {
    scene.terms.targets.iter_mut().filter_map(|target| target.remedy.as_mut()).for_each(change);
}

fn outcomes(scene: &Scene) -> Vec<Outcome> {
    scene.parts.subjects().into_iter().map(|(interface, roots)| outcome(scene, interface, roots)).collect()
}

fn same(a: &Outcome, b: &Outcome) -> bool {
    let findings = a.findings.iter().zip(&b.findings).all(|(a, b)| {
        (a.tally, &a.lower, &a.upper, &a.observed) == (b.tally, &b.lower, &b.upper, &b.observed)
            && a.credit_range == b.credit_range
    });
    findings && a.verdict == b.verdict && a.credit == b.credit
}

/// Names of rules that decided in no case of a theme.
fn unreached(make: Make, rules: &[(&'static str, Change)]) -> Vec<&'static str> {
    let mut left: Vec<&(&'static str, Change)> = rules.iter().collect();
    for seed in 0..4_000 {
        if left.is_empty() {
            break;
        }
        let plain = outcomes(&make(&mut Draw::seeded(seed).small(true)));
        left.retain(|(_, change)| {
            let mut scene = make(&mut Draw::seeded(seed).small(true));
            change(&mut scene);
            outcomes(&scene).iter().zip(&plain).all(|(one, other)| same(one, other))
        });
    }
    left.into_iter().map(|(name, _)| *name).collect()
}

#[test]
fn every_rule_decides_in_some_random_case() {
    let all: [(Make, &[(&'static str, Change)]); 6] = [
        (timeline, &SEEN),
        (qualification, &QUALIFIED),
        (exclusion, &EXCLUDED),
        (sliced, &SLICED),
        (customer, &CUSTOMERS),
        (remedy, &PAID),
    ];
    let found: Vec<&str> = all.iter().flat_map(|(make, rules)| unreached(*make, rules)).collect();
    assert_eq!(found, [""; 0], "rules that no case reaches");
}
