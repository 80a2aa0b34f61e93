//! Worked examples of the commitments that are not percentages (rules 6, 7, 17, 18).

use crate::build::*;
use crate::duties::*;
use crate::model::*;

fn customer(name: &str) -> Subject {
    Subject { customer: Some(name.into()), ..subject(leaf("p")) }
}

#[test]
fn maintenance_must_be_announced_in_time() {
    let mut w = world(200);
    let mut class = class("maintenance", Extent::Actual, Effect::Remove);
    class.lead = Some(7);
    let judge = |w: &World| maintenance_notice(w, &[class.clone()], &subject(leaf("p")), &period(0, 100)).verdict;
    assert_eq!(judge(&w), Verdict::NoOccasion);
    w.plans.push(window("m", "maintenance", &[], 50, 60));
    assert_eq!(judge(&w), Verdict::Missed);
    w.notices.push(notice("m", 0, 43));
    assert_eq!(judge(&w), Verdict::Met);
    // One late window misses, a cancelled one, one of another period and one elsewhere do not.
    w.plans.push(window("late", "maintenance", &[], 70, 80));
    assert_eq!(judge(&w), Verdict::Missed);
    w.plans[1].body.cancelled = true;
    w.plans.push(window("next", "maintenance", &[], 100, 110));
    w.plans.push(window("elsewhere", "maintenance", &["q"], 70, 80));
    assert_eq!(judge(&w), Verdict::Met);
    w.known_at = Some(99);
    assert_eq!(judge(&w), Verdict::InProgress);
}

#[test]
fn the_cap_as_a_commitment_counts_actual_work_without_notice_too() {
    // Work [10, 20) as planned, overrun to 25 without extension; emergency work over [18, 22) is exempt: 15 - 4 = 11.
    let mut w = world(100);
    let mut classes = vec![class("maintenance", Extent::Actual, Effect::Remove)];
    classes[0].lead = Some(7);
    classes.push(class("emergency", Extent::Actual, Effect::Remove));
    let mut cap = Cap {
        classes: vec!["maintenance".into()],
        limit: 11,
        measure: CapMeasure::Actual,
        scope: CapScope::Subject,
        periods: Vec::new(),
    };
    let s = subject(leaf("p"));
    let p = period(0, 100);
    let met = |used| Duty { verdict: Verdict::Met, measured: vec![Some(used)] };
    assert_eq!(maintenance_cap(&w, &classes, &cap, &s, &p), met(0));
    w.plans.push(window("m", "maintenance", &[], 10, 20));
    w.plans[0].body.actual = Some((10, Some(25)));
    w.plans.push(window("e", "emergency", &[], 18, 22));
    assert_eq!(maintenance_cap(&w, &classes, &cap, &s, &p), met(11));
    cap.limit = 10;
    assert_eq!(maintenance_cap(&w, &classes, &cap, &s, &p).verdict, Verdict::Missed);
}

#[test]
fn a_suspension_is_noticed_within_the_limit_or_missed() {
    let judge = |noticed_at, enforced_at, anchor| {
        let mut w = world(100);
        let body = Suspension { customer: "us".into(), ordered_at: 10, enforced_at, lifted_at: None, noticed_at };
        w.suspensions.push(fact("x", body));
        assert_eq!(suspension_notice(&w, anchor, 5, &customer("them"), &period(0, 100)).verdict, Verdict::NoOccasion);
        suspension_notice(&w, anchor, 5, &customer("us"), &period(0, 100))
    };
    let duty = |verdict, took| Duty { verdict, measured: vec![took] };
    assert_eq!(judge(Some(15), Some(20), Anchor::Decision), duty(Verdict::Met, Some(5)));
    assert_eq!(judge(Some(16), Some(20), Anchor::Decision), duty(Verdict::Missed, Some(6)));
    assert_eq!(judge(Some(16), Some(20), Anchor::Enforcement), duty(Verdict::Met, Some(-4)));
    assert_eq!(judge(None, Some(20), Anchor::Decision), duty(Verdict::Missed, None));
    assert_eq!(judge(Some(16), None, Anchor::Enforcement).verdict, Verdict::NoOccasion);
}

#[test]
fn recovery_is_judged_by_verified_interfaces_and_read_beacons() {
    let beacon = |at, acknowledged, read_back| Beacon { at, acknowledged, read_back };
    let mut w = world(100);
    let p = period(0, 100);
    let beacons = vec![beacon(5, true, true), beacon(8, true, true), beacon(9, false, true), beacon(10, true, false)];
    let body = Recovery { exercise: false, disrupted_at: 12, healthy: vec![Some(15), Some(20)], beacons };
    w.recoveries.push(fact("r", body));
    let time = |w: &World, limit| recovery_time(w, false, limit, &p);
    // The last interface at 20 is 8 after 12; the last good beacon at 8 is 4 before.
    assert_eq!(time(&w, 8), Duty { verdict: Verdict::Met, measured: vec![Some(8)] });
    assert_eq!(time(&w, 7).verdict, Verdict::Missed);
    assert_eq!(recovery_point(&w, false, 4, &p), Duty { verdict: Verdict::Met, measured: vec![Some(4)] });
    assert_eq!(recovery_point(&w, false, 3, &p).verdict, Verdict::Missed);
    // One interface never verified: not ended, so missed once the limit is over. None: indeterminate.
    w.recoveries[0].body.healthy[1] = None;
    assert_eq!(time(&w, 8).verdict, Verdict::Missed);
    assert_eq!(time(&w, 88).verdict, Verdict::Indeterminate);
    w.recoveries[0].body.healthy[0] = None;
    assert_eq!(time(&w, 8).verdict, Verdict::Indeterminate);
    w.recoveries[0].body.beacons.truncate(0);
    assert_eq!(recovery_point(&w, false, 4, &p).verdict, Verdict::Indeterminate);
    // An exercise counts only where the contract says so.
    w.recoveries[0].body.exercise = true;
    assert_eq!(time(&w, 8).verdict, Verdict::NoOccasion);
    assert_eq!(recovery_time(&w, true, 8, &p).verdict, Verdict::Indeterminate);
}
