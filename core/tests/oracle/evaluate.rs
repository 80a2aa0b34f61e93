//! A commitment, a subject, a period: both passes, the merge of their classes, the verdict and the credit
//! (R2, R9, R16, section 3).

use crate::compose::Resolve;
use crate::fraction::Frac;
use crate::model::*;
use crate::pipeline::{Case, Class, Pass, pass};
use crate::remedy::credit;
use crate::timeline::{Points, end_of_time, points};

/// Judges every target of a commitment for a subject and a period.
pub(crate) fn evaluate(world: &World, commitment: &Commitment, subject: &Subject, period: &Period) -> Outcome {
    let points = points(world, commitment.degraded, &commitment.confirm);
    let mut findings = Vec::new();
    for target in &commitment.targets {
        findings.push(of_target(world, commitment, target, subject, period, &points));
    }
    let verdict = conjoined(&findings);
    // R9: of conjoined targets the larger credit.
    let credit = findings.iter().filter_map(|f| f.credit.clone()).max();
    Outcome { findings, verdict, credit }
}

/// Conjoined targets: one missed is missed, else one indeterminate is indeterminate.
pub(crate) fn conjoined(findings: &[Finding]) -> Verdict {
    let order = [
        Verdict::InProgress,
        Verdict::Missed,
        Verdict::Indeterminate,
        Verdict::NotCovered,
        Verdict::Met,
        Verdict::NoOccasion,
        Verdict::NoTarget,
    ];
    let verdicts: Vec<Verdict> = findings.iter().map(|f| f.verdict).collect();
    order.into_iter().find(|v| verdicts.contains(v)).unwrap_or(Verdict::NoTarget)
}

/// The two passes that a policy asks for: (lower, upper).
pub(crate) fn bounds(case: &Case, points: &Points, policy: UnknownPolicy) -> (Pass, Pass) {
    let (low, high, removes) = match policy {
        UnknownPolicy::Bounds => (Resolve::Down, Resolve::Up, false),
        UnknownPolicy::Up => (Resolve::Up, Resolve::Up, false),
        UnknownPolicy::Down => (Resolve::Down, Resolve::Down, false),
        UnknownPolicy::Excluded => (Resolve::Up, Resolve::Up, true),
    };
    (pass(case, points, low, removes), pass(case, points, high, removes))
}

/// R2: an instant is up, down or excluded if both runs say so, else unknown.
pub(crate) fn merged(lower: &Pass, upper: &Pass) -> Vec<Class> {
    let mut found = Vec::new();
    for (a, b) in lower.classes.iter().zip(&upper.classes) {
        let excluded = |c: &Class| matches!(c, Class::Removed | Class::AsUp);
        found.push(match () {
            () if a == b => *a,
            () if excluded(a) && excluded(b) => Class::AsUp,
            () => Class::Unknown,
        });
    }
    found
}

/// Sums the classes.
pub(crate) fn tally(classes: &[Class]) -> Tally {
    let mut t = Tally::default();
    for class in classes {
        match class {
            Class::Outside => continue,
            Class::Up => t.up += 1,
            Class::Down => t.down += 1,
            Class::Removed => t.excluded += 1,
            Class::AsUp => {
                t.excluded += 1;
                t.as_up += 1;
            }
            Class::Unknown => t.unknown += 1,
        }
        t.covered += 1;
    }
    t
}

fn of_target(
    world: &World,
    commitment: &Commitment,
    target: &Target,
    subject: &Subject,
    period: &Period,
    points: &Points,
) -> Finding {
    let mut worst: Option<(Tally, Tally, Pass, Pass)> = None;
    let mut least_upper: Option<Frac> = None;
    for root in &subject.roots {
        let case = Case { world, commitment, target, customer: subject.customer.as_ref(), root, period };
        let (lower, upper) = bounds(&case, points, commitment.unknown);
        let (raw_lower, raw_upper) = bounds(&case, points, UnknownPolicy::Bounds);
        let seen = tally(&merged(&raw_lower, &raw_upper));
        least_upper = match (least_upper, upper.ratio.clone()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let lesser = match &worst {
            None => true,
            Some(w) => match (&lower.ratio, &w.2.ratio) {
                (Some(a), Some(b)) => a < b,
                (a, b) => a.is_some() && b.is_none(),
            },
        };
        if lesser {
            worst = Some((tally(&merged(&lower, &upper)), seen, lower, upper));
        }
    }
    let (sums, seen, lower, upper) = worst.expect("a subject has at least one root");
    let (lower_ratio, upper_ratio) = (lower.ratio.clone(), least_upper);
    let watched = seen.up + seen.down + seen.unknown;
    let observed = if watched == 0 { None } else { Some(Frac::new(seen.up + seen.down, watched)) };
    let mut verdict = compared(target, commitment.binding, &lower_ratio, &upper_ratio);
    let too_little = match (&commitment.min_observed, &observed) {
        (Some(minimum), Some(observed)) => observed < minimum,
        _ => false,
    };
    if too_little && matches!(verdict, Verdict::Met | Verdict::Missed) {
        verdict = Verdict::Indeterminate;
    }
    if end_of_time(world) < period.end {
        verdict = Verdict::InProgress;
    }
    let mut finding = Finding {
        tally: sums,
        lower: lower_ratio,
        upper: upper_ratio,
        observed,
        verdict,
        credit: None,
        credit_range: None,
    };
    pay(&mut finding, target, commitment.binding, lower.down, upper.down);
    finding
}

/// Section 3: the verdict of exact comparison.
fn compared(target: &Target, binding: Binding, lower: &Option<Frac>, upper: &Option<Frac>) -> Verdict {
    let (Some(lower), Some(upper)) = (lower, upper) else { return Verdict::NotCovered };
    let Some(goal) = &target.at_least else { return Verdict::NoTarget };
    let met = |b: bool| if b { Verdict::Met } else { Verdict::Missed };
    match binding {
        Binding::Lower => met(lower >= goal),
        Binding::Upper => met(upper >= goal),
        Binding::Both if lower >= goal => Verdict::Met,
        Binding::Both if upper < goal => Verdict::Missed,
        Binding::Both => Verdict::Indeterminate,
    }
}

/// R9: the credit follows the binding bound; only a missed target pays; the range is always shown.
fn pay(finding: &mut Finding, target: &Target, binding: Binding, lost_low: i64, lost_high: i64) {
    let (Some(remedy), Some(lower), Some(upper)) = (&target.remedy, &finding.lower, &finding.upper) else { return };
    let least = credit(remedy, upper, lost_high);
    let most = credit(remedy, lower, lost_low);
    finding.credit = match finding.verdict {
        Verdict::Missed | Verdict::NoTarget if binding == Binding::Lower => Some(most.clone()),
        Verdict::Missed | Verdict::NoTarget => Some(least.clone()),
        Verdict::Met => Some(Frac::whole(0)),
        _ => Some(Frac::whole(0)),
    };
    finding.credit_range = Some((least, most));
}
