//! Worked examples of runs, staleness, equal times, confirmation and composition (rules 1, 4, 13, 14).

use crate::build::*;
use crate::fraction::Frac;
use crate::model::*;
use crate::timeline::{Obs, points};

const FIRST: Confirm = Confirm { failures: 1, onset: Onset::FirstFailure, unconfirmed_down: false };

/// The states of point `p` as one letter per tick.
fn letters(world: &World, degraded: Degraded, confirm: Confirm) -> String {
    let states = points(world, degraded, &confirm);
    states["p"]
        .iter()
        .map(|s| match s {
            Obs::Absent => '-',
            Obs::Unknown => '?',
            Obs::Up => 'u',
            Obs::Down => 'd',
        })
        .collect()
}

#[test]
fn a_state_holds_to_the_next_run_or_until_it_is_stale() {
    // Up first seen at 2, last at 4, staleness 3: holds on [2, 7). Down at 9: [9, 11) as the next run begins at 11.
    let mut w = world(16);
    point(&mut w, "p", Some(3));
    w.points[0].body.from = 1;
    w.points[0].body.until = Some(15);
    run(&mut w, "a", "p", (2, 4, Seen::Up, 3));
    run(&mut w, "b", "p", (9, 9, Seen::Down, 1));
    run(&mut w, "c", "p", (11, 11, Seen::Degraded, 1));
    assert_eq!(letters(&w, Degraded::Up, FIRST), "-?uuuuu??dduuu?-");
    assert_eq!(letters(&w, Degraded::Down, FIRST), "-?uuuuu??ddddd?-");
}

#[test]
fn at_equal_times_the_latest_record_wins_and_then_the_worst_state() {
    let mut w = world(3);
    point(&mut w, "p", None);
    for (id, recorded_at, seen) in [("a", 5, Seen::Down), ("b", 6, Seen::Up), ("c", 6, Seen::Degraded)] {
        let body = Run { point: "p".into(), from: 0, last: 0, seen, n: 1 };
        w.runs.push(Fact { id: id.into(), recorded_at, body });
    }
    assert_eq!(letters(&w, Degraded::Down, FIRST), "ddd");
    assert_eq!(letters(&w, Degraded::Up, FIRST), "uuu");
    w.runs[2].body.seen = Seen::Unknown;
    assert_eq!(letters(&w, Degraded::Up, FIRST), "???");
}

#[test]
fn an_observer_gap_is_unknown_and_only_for_its_vantage() {
    let mut w = world(6);
    watch(&mut w, "p", &[(0, Seen::Up)]);
    w.gaps.push(fact("g", Gap { vantage: Some("v-p".into()), from: 1, until: Some(2) }));
    w.gaps.push(fact("h", Gap { vantage: Some("other".into()), from: 2, until: Some(3) }));
    w.gaps.push(fact("i", Gap { vantage: None, from: 4, until: None }));
    assert_eq!(letters(&w, Degraded::Up, FIRST), "u?uu??");
}

#[test]
fn what_was_not_recorded_by_t_is_not_known_and_instants_after_t_do_not_exist() {
    let mut w = world(10);
    watch(&mut w, "p", &[(0, Seen::Up), (3, Seen::Down), (6, Seen::Up)]);
    w.known_at = Some(5);
    assert_eq!(letters(&w, Degraded::Up, FIRST), "uuudd");
    // A correction recorded at 8: the run at 3 was up. At T = 7 it is not known yet.
    let mut corrected = w.runs[1].clone();
    corrected.recorded_at = 8;
    corrected.body.seen = Seen::Up;
    w.runs.push(corrected);
    w.known_at = Some(7);
    assert_eq!(letters(&w, Degraded::Up, FIRST), "uuudddu");
    w.known_at = Some(8);
    assert_eq!(letters(&w, Degraded::Up, FIRST), "uuuuuuuu");
    // Retracting it leaves the older run.
    w.retractions.push(Retraction { of: "p-1".into(), recorded_at: 9 });
    w.retractions.push(Retraction { of: "p-2".into(), recorded_at: 9 });
    w.known_at = Some(9);
    assert_eq!(letters(&w, Degraded::Up, FIRST), "uuuuuuuuu");
    w.runs[0].body.seen = Seen::Down;
    assert_eq!(letters(&w, Degraded::Up, FIRST), "ddddddddd");
}

#[test]
fn failures_need_confirmation_and_silence_does_not_break_their_row() {
    // One failure at 1 (recovered at 2): never confirmed. Failure at 4, silence from 5, failures at 7 and 8: a row of 3.
    let mut w = world(12);
    point(&mut w, "p", Some(1));
    let seen = [(0, Seen::Up), (1, Seen::Down), (2, Seen::Up), (4, Seen::Down)];
    for (n, (at, seen)) in seen.into_iter().enumerate() {
        run(&mut w, &format!("r{n}"), "p", (at, at, seen, 1));
    }
    run(&mut w, "x", "p", (7, 8, Seen::Down, 2));
    run(&mut w, "y", "p", (9, 11, Seen::Up, 3));
    let confirm = |onset, unconfirmed_down| Confirm { failures: 3, onset, unconfirmed_down };
    assert_eq!(letters(&w, Degraded::Up, confirm(Onset::FirstFailure, false)), "uuu?d??dduuu");
    assert_eq!(letters(&w, Degraded::Up, confirm(Onset::Confirmation, false)), "uuu?u??uduuu");
    assert_eq!(letters(&w, Degraded::Up, confirm(Onset::FirstFailure, true)), "udu?d??dduuu");
}

#[test]
fn operators_judge_the_same_facts_differently() {
    // a: down on [0, 4); b: down on [2, 6); c: up. Over 10 ticks: all 6 down, any (a, b) 2 down, 2 of 3 the same 2.
    let mut w = world(10);
    watch(&mut w, "a", &[(0, Seen::Down), (4, Seen::Up)]);
    watch(&mut w, "b", &[(0, Seen::Up), (2, Seen::Down), (6, Seen::Up)]);
    watch(&mut w, "c", &[(0, Seen::Up)]);
    let parts = || vec![leaf("a"), leaf("b"), leaf("c")];
    let t = terms(exact(None));
    let p = period(0, 10);
    one_number(&w, &t, &subject(node("s", Kind::All(parts()))), &p, Frac::new(4, 10));
    one_number(&w, &t, &subject(node("s", Kind::Any(vec![leaf("a"), leaf("b")]))), &p, Frac::new(8, 10));
    one_number(&w, &t, &subject(node("s", Kind::DownWhen(2, parts()))), &p, Frac::new(8, 10));
    // Weights 1, 1, 2: 2 ticks at 3/4, 2 at 2/4, 2 at 3/4, 4 at 1: (1.5 + 1 + 1.5 + 4) / 10 = 8/10.
    let weighted = Kind::Weighted(vec![(1, leaf("a")), (1, leaf("b")), (2, leaf("c"))]);
    one_number(&w, &t, &subject(node("s", weighted)), &p, Frac::new(8, 10));
    // Worst of a (6/10) and c (1): 6/10.
    let worst = Subject { customer: None, roots: vec![leaf("c"), leaf("a")] };
    one_number(&w, &t, &worst, &p, Frac::new(6, 10));
    // A control that is down on [2, 6) forgives half of a's four ticks.
    let guard = Kind::Guard { measured: Box::new(leaf("a")), control: Box::new(leaf("b")) };
    one_number(&w, &t, &subject(node("s", guard)), &p, Frac::new(8, 10));
}

#[test]
fn a_quorum_over_registered_points_is_three_valued_and_one_over_reporting_points_is_not() {
    // a down for good; b unknown throughout; c up on [0, 4), then silent.
    let mut w = world(8);
    watch(&mut w, "a", &[(0, Seen::Down)]);
    point(&mut w, "b", None);
    point(&mut w, "c", Some(4));
    run(&mut w, "r", "c", (0, 0, Seen::Up, 1));
    let parts = || vec![leaf("a"), leaf("b"), leaf("c")];
    let t = terms(exact(None));
    let p = period(0, 8);
    // Two of three registered: one known down, two (later three) undecided: unknown throughout.
    let (f, lower, upper) = judge(&w, &t, &subject(node("s", Kind::DownWhen(2, parts()))), &p);
    assert_eq!((f.tally.unknown, lower, upper), (8, Frac::whole(0), Frac::whole(1)));
    assert_eq!(f.observed, Some(Frac::whole(0)));
    // Three of three: c is known up on [0, 4): the unknowns cannot reach 3.
    let (f, lower, _) = judge(&w, &t, &subject(node("s", Kind::DownWhen(3, parts()))), &p);
    assert_eq!((f.tally.up, f.tally.unknown, lower), (4, 4, Frac::new(4, 8)));
    // Over reporting, k = 2, at least two reporting: up while a and c report, unknown when only a does.
    let over = Kind::Reporting { k: 2, min_reporting: 2, parts: parts() };
    let (f, _, _) = judge(&w, &t, &subject(node("s", over)), &p);
    assert_eq!((f.tally.up, f.tally.down, f.tally.unknown), (4, 0, 4));
    // k = 1: one reporting down is down, however few report.
    let over = Kind::Reporting { k: 1, min_reporting: 2, parts: parts() };
    let (f, _, _) = judge(&w, &t, &subject(node("s", over)), &p);
    assert_eq!((f.tally.down, f.tally.unknown), (8, 0));
}

#[test]
fn the_unknown_policies_give_one_number_and_the_bounds_two() {
    // Up on [0, 6), unknown on [6, 8), down on [8, 10).
    let mut w = world(10);
    point(&mut w, "p", Some(1));
    run(&mut w, "u", "p", (0, 5, Seen::Up, 6));
    run(&mut w, "d", "p", (8, 9, Seen::Down, 2));
    let s = subject(leaf("p"));
    let p = period(0, 10);
    let mut t = terms(exact(Some(Frac::new(7, 10))));
    let (f, lower, upper) = judge(&w, &t, &s, &p);
    assert_eq!((lower, upper, f.verdict), (Frac::new(6, 10), Frac::new(8, 10), Verdict::Indeterminate));
    assert_eq!(f.tally, Tally { covered: 10, up: 6, down: 2, excluded: 0, unknown: 2, as_up: 0 });
    t.unknown = UnknownPolicy::Up;
    assert_eq!(one_number(&w, &t, &s, &p, Frac::new(8, 10)).verdict, Verdict::Met);
    t.unknown = UnknownPolicy::Down;
    assert_eq!(one_number(&w, &t, &s, &p, Frac::new(6, 10)).verdict, Verdict::Missed);
    t.unknown = UnknownPolicy::Excluded;
    assert_eq!(one_number(&w, &t, &s, &p, Frac::new(6, 8)).tally.excluded, 2);
    // Observed 8/10: below a minimum of 9/10 nothing is decided, at 8/10 it is.
    t.min_observed = Some(Frac::new(9, 10));
    assert_eq!(one_number(&w, &t, &s, &p, Frac::new(6, 8)).verdict, Verdict::Indeterminate);
    t.min_observed = Some(Frac::new(8, 10));
    assert_eq!(one_number(&w, &t, &s, &p, Frac::new(6, 8)).verdict, Verdict::Met);
}

#[test]
fn an_outage_counts_from_the_customers_report() {
    // Down on [2, 6) and [8, 9); the customer reports at 4, somebody else at 2 and at 8.
    let mut w = world(10);
    let seen = [(0, Seen::Up), (2, Seen::Down), (6, Seen::Up), (8, Seen::Down), (9, Seen::Up)];
    watch(&mut w, "p", &seen);
    w.reports.push(fact("r1", Report { customer: Some("us".into()), at: 4 }));
    w.reports.push(fact("r2", Report { customer: Some("them".into()), at: 2 }));
    w.reports.push(fact("r3", Report { customer: Some("them".into()), at: 8 }));
    w.entitlements.push(fact("e", Entitlement { customer: "us".into(), from: 0, until: None }));
    let mut s = subject(leaf("p"));
    s.customer = Some("us".into());
    let mut t = terms(exact(None));
    t.confirm.onset = Onset::Report;
    one_number(&w, &t, &s, &period(0, 10), Frac::new(8, 10));
    // A report that names nobody counts for all: the second outage too.
    w.reports.push(fact("r4", Report { customer: None, at: 8 }));
    one_number(&w, &t, &s, &period(0, 10), Frac::new(7, 10));
}

#[test]
fn a_suspension_touches_its_customer_only_and_is_classified_by_the_terms() {
    let mut w = world(10);
    watch(&mut w, "p", &[(0, Seen::Up), (9, Seen::Down)]);
    for c in ["us", "them"] {
        w.entitlements.push(fact(&format!("e-{c}"), Entitlement { customer: c.into(), from: 0, until: None }));
    }
    let body =
        Suspension { customer: "us".into(), ordered_at: 1, enforced_at: Some(2), lifted_at: Some(5), noticed_at: None };
    w.suspensions.push(fact("x", body));
    let customer = |c: &str| Subject { customer: Some(c.into()), ..subject(leaf("p")) };
    let p = period(0, 10);
    let cases = [
        (SuspendedAs::Measured, Frac::new(9, 10)),
        (SuspendedAs::Up, Frac::new(9, 10)),
        (SuspendedAs::Down, Frac::new(6, 10)),
        (SuspendedAs::Excluded, Frac::new(6, 7)),
    ];
    for (suspended, expected) in cases {
        let t = Commitment { suspended, ..terms(exact(None)) };
        one_number(&w, &t, &customer("us"), &p, expected);
        one_number(&w, &t, &customer("them"), &p, Frac::new(9, 10));
    }
}
