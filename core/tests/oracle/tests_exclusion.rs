//! Worked examples of qualification, exclusion, notice, extension and caps (rules 3, 6, 7, 13, 15).

use crate::build::*;
use crate::fraction::Frac;
use crate::model::*;

/// A point "p" that is down on the given intervals and up otherwise.
fn down_on(end: i64, outages: &[(i64, i64)]) -> World {
    let mut w = world(end);
    let mut seen = vec![(-100, Seen::Up)];
    for (from, until) in outages {
        seen.push((*from, Seen::Down));
        seen.push((*until, Seen::Up));
    }
    watch(&mut w, "p", &seen);
    w
}

fn qualify(minimum: i64, merge_gap: i64, gap_is_downtime: bool, on: QualifyOn) -> Option<Qualify> {
    Some(Qualify { minimum, merge_gap, gap_is_downtime, on })
}

#[test]
fn one_hour_down_and_ten_excluded_of_a_month_give_the_two_printed_fractions() {
    // 720 h in ticks of an hour; section 4: 719/720 with as-up, 709/710 with remove.
    let mut w = down_on(720, &[(100, 101)]);
    w.plans.push(window("m", "maintenance", &[], 300, 310));
    let mut t = terms(exact(Some(Frac::new(999, 1000))));
    t.exclusions = vec![class("maintenance", Extent::Announced, Effect::AsUp)];
    let f = one_number(&w, &t, &subject(leaf("p")), &period(0, 720), Frac::new(719, 720));
    assert_eq!(f.tally, Tally { covered: 720, up: 709, down: 1, excluded: 10, unknown: 0, as_up: 10 });
    t.exclusions[0].effect = Effect::Remove;
    let f = one_number(&w, &t, &subject(leaf("p")), &period(0, 720), Frac::new(709, 710));
    assert_eq!(f.verdict, Verdict::Missed);
    t.exclusions[0].effect = Effect::Nothing;
    one_number(&w, &t, &subject(leaf("p")), &period(0, 720), Frac::new(719, 720));
    // A class that the agreement does not name never excludes.
    t.exclusions.clear();
    assert_eq!(one_number(&w, &t, &subject(leaf("p")), &period(0, 720), Frac::new(719, 720)).tally.excluded, 0);
}

#[test]
fn excluding_first_splits_a_twelve_minute_outage() {
    // Down on [100, 112); a window on [105, 107); outages under 10 minutes do not count. Excluding first leaves pieces
    // of 5 and 5: no downtime, 1438 of 1438. Qualifying first keeps 12 - 2 = 10: 1428 of 1438.
    let mut w = down_on(1440, &[(100, 112)]);
    w.plans.push(window("m", "maintenance", &[], 105, 107));
    let mut t = terms(exact(None));
    t.exclusions = vec![class("maintenance", Extent::Actual, Effect::Remove)];
    t.qualify = qualify(10, 0, false, QualifyOn::Whole);
    let s = subject(leaf("p"));
    one_number(&w, &t, &s, &period(0, 1440), Frac::new(1428, 1438));
    t.exclude_before_qualification = true;
    one_number(&w, &t, &s, &period(0, 1440), Frac::whole(1));
}

#[test]
fn gaps_merge_before_the_minimum_is_tested() {
    // Down on [10, 14) and [16, 20): the span is 10. Apart neither reaches 10.
    let w = down_on(100, &[(10, 14), (16, 20)]);
    let s = subject(leaf("p"));
    let mut t = terms(exact(None));
    let p = period(0, 100);
    for (merge_gap, gap_is_downtime, minimum, up) in
        [(0, false, 5, 100), (1, true, 5, 100), (2, false, 10, 92), (2, true, 10, 90), (2, true, 11, 100)]
    {
        t.qualify = qualify(minimum, merge_gap, gap_is_downtime, QualifyOn::Whole);
        one_number(&w, &t, &s, &p, Frac::new(up, 100));
    }
}

#[test]
fn an_outage_over_the_edge_of_the_period_qualifies_whole_or_clipped() {
    // Down on [92, 104), the period is [100, 200), minimum 10: whole 12 qualifies, 4 count; clipped 4 does not.
    let w = down_on(200, &[(92, 104)]);
    let s = subject(leaf("p"));
    let mut t = terms(exact(None));
    let p = period(100, 200);
    t.qualify = qualify(10, 0, false, QualifyOn::Whole);
    one_number(&w, &t, &s, &p, Frac::new(96, 100));
    t.qualify = qualify(10, 0, false, QualifyOn::Clipped);
    one_number(&w, &t, &s, &p, Frac::whole(1));
    t.qualify = qualify(10, 0, false, QualifyOn::ClippedToCoverage);
    one_number(&w, &t, &s, &p, Frac::new(96, 100));
    t.service_time = Some(vec![(98, 200)]);
    one_number(&w, &t, &s, &p, Frac::whole(1));
}

#[test]
fn extents_differ_in_what_they_take_of_a_window() {
    // Announced [10, 20), carried out [15, 25), down [18, 22) of 100. Announced: 10 leave, 2 down stay: 88/90.
    // Actual ∩ announced = [15, 20): 93/95. Intersection: [18, 20) leaves: 96/98.
    let mut w = down_on(100, &[(18, 22)]);
    w.plans.push(window("m", "maintenance", &[], 10, 20));
    w.plans[0].body.actual = Some((15, Some(25)));
    let s = subject(leaf("p"));
    let p = period(0, 100);
    let cases = [(Extent::Announced, 88, 90), (Extent::Actual, 93, 95), (Extent::Intersection, 96, 98)];
    for (extent, up, all) in cases {
        let mut t = terms(exact(None));
        t.exclusions = vec![class("maintenance", extent, Effect::Remove)];
        one_number(&w, &t, &s, &p, Frac::new(up, all));
    }
}

#[test]
fn a_window_on_a_part_excludes_only_what_it_explains() {
    // All of a and b. a down [10, 14) under a window on a, [10, 20); b down [12, 16). Raw down [10, 16); with a relieved
    // [12, 16) remains. So [10, 12) leaves: 94/98.
    let mut w = world(100);
    watch(&mut w, "a", &[(-1, Seen::Up), (10, Seen::Down), (14, Seen::Up)]);
    watch(&mut w, "b", &[(-1, Seen::Up), (12, Seen::Down), (16, Seen::Up)]);
    w.plans.push(window("m", "maintenance", &["a"], 10, 20));
    let s = subject(node("s", Kind::All(vec![leaf("a"), leaf("b")])));
    for extent in [Extent::Announced, Extent::Actual, Extent::Intersection] {
        let mut t = terms(exact(None));
        t.exclusions = vec![class("maintenance", extent, Effect::Remove)];
        one_number(&w, &t, &s, &period(0, 100), Frac::new(94, 98));
    }
    // The scope names the subject: its whole time leaves, unknown too.
    w.plans[0].body.scope = vec!["s".into()];
    w.gaps.push(fact("g", Gap { vantage: None, from: 17, until: Some(19) }));
    let mut t = terms(exact(None));
    t.exclusions = vec![class("maintenance", Extent::Announced, Effect::Remove)];
    let f = one_number(&w, &t, &s, &period(0, 100), Frac::whole(1));
    assert_eq!((f.tally.excluded, f.tally.unknown), (10, 0));
}

/// 100 ticks, down throughout [50, 60), a window announced there that needs 7 ticks of notice.
fn noticed(at: i64) -> (World, Commitment) {
    let mut w = down_on(100, &[(50, 60)]);
    w.plans.push(window("m", "maintenance", &[], 50, 60));
    w.notices.push(notice("m", 0, at));
    let mut t = terms(exact(None));
    t.exclusions = vec![class("maintenance", Extent::Actual, Effect::Remove)];
    t.exclusions[0].lead = Some(7);
    (w, t)
}

#[test]
fn a_late_notice_disqualifies_and_the_limit_is_inclusive() {
    let (s, p) = (subject(leaf("p")), period(0, 100));
    let (w, t) = noticed(43);
    one_number(&w, &t, &s, &p, Frac::whole(1));
    let (w, t) = noticed(44);
    one_number(&w, &t, &s, &p, Frac::new(90, 100));
}

#[test]
fn notice_is_judged_by_acceptance_for_each_customer() {
    let (mut w, mut t) = noticed(0);
    t.exclusions[0].by = NoticeBy::Accepted;
    w.notices[0].body.accepted = vec![("early".into(), 43), ("late".into(), 44)];
    for c in ["early", "late", "never"] {
        w.entitlements.push(fact(c, Entitlement { customer: c.into(), from: 0, until: None }));
        let s = Subject { customer: Some(c.into()), ..subject(leaf("p")) };
        let expected = if c == "early" { Frac::whole(1) } else { Frac::new(90, 100) };
        one_number(&w, &t, &s, &period(0, 100), expected);
    }
}

#[test]
fn an_extension_needs_its_own_notice_before_the_end_then_in_force() {
    // The window [50, 60) is extended to 66; the outage lasts to 70. Valid: 66 - 50 = 16 leave, 4 down: 80/84.
    // Notice at 56 is 4 before the end then in force; at 57 only 3: no effect: 10 leave, 10 down: 80/90.
    for (at, longest, up, all) in [(56, 6, 80, 84), (57, 6, 80, 90), (56, 5, 80, 90)] {
        let (mut w, mut t) = noticed(0);
        w.runs.clear();
        watch_again(&mut w, &[(-1, Seen::Up), (50, Seen::Down), (70, Seen::Up)]);
        let mut longer = window("m", "maintenance", &[], 50, 66);
        longer.id = "m#1".into();
        longer.body.sequence = 1;
        longer.body.actual = Some((50, Some(70)));
        w.plans.push(longer);
        w.notices.push(notice("m", 1, at));
        t.exclusions[0].extension = Some(ExtensionRule { lead: 4, longest: Some(longest), doubles: false });
        one_number(&w, &t, &subject(leaf("p")), &period(0, 100), Frac::new(up, all));
    }
}

fn watch_again(w: &mut World, seen: &[(i64, Seen)]) {
    for (n, (at, seen)) in seen.iter().enumerate() {
        run(w, &format!("again-{n}"), "p", (*at, *at, *seen, 1));
    }
}

#[test]
fn an_open_end_is_as_known_and_a_cancelled_window_is_none() {
    let (mut w, t) = noticed(0);
    w.plans[0].body.actual = Some((52, None));
    let s = subject(leaf("p"));
    // Actual from 52 on, but never beyond the announced end: [52, 60) leaves: 90/92.
    one_number(&w, &t, &s, &period(0, 100), Frac::new(90, 92));
    w.known_at = Some(55);
    let f = judge(&w, &t, &s, &period(0, 100)).0;
    assert_eq!((f.verdict, f.tally.covered, f.tally.excluded, f.tally.down), (Verdict::InProgress, 55, 3, 2));
    w.known_at = None;
    w.plans[0].body.cancelled = true;
    one_number(&w, &t, &s, &period(0, 100), Frac::new(90, 100));
}

fn capped(measure: CapMeasure, scope: CapScope) -> Commitment {
    let mut t = terms(exact(None));
    t.exclusions =
        vec![class("maintenance", Extent::Actual, Effect::Remove), class("emergency", Extent::Actual, Effect::Remove)];
    let periods = vec![period(0, 50), period(50, 200)];
    t.caps = vec![Cap { classes: vec!["maintenance".into()], limit: 8, measure, scope, periods }];
    t
}

#[test]
fn a_cap_is_consumed_in_time_order_and_the_excess_counts() {
    // Maintenance and down on [10, 16) and [20, 26), cap 8: [10, 16) and [20, 22) leave, 4 ticks are down: 88/92.
    let mut w = down_on(100, &[(10, 16), (20, 26)]);
    w.plans.push(window("m1", "maintenance", &[], 10, 16));
    w.plans.push(window("m2", "maintenance", &[], 20, 26));
    let s = subject(leaf("p"));
    let t = capped(CapMeasure::Actual, CapScope::Subject);
    one_number(&w, &t, &s, &period(0, 100), Frac::new(88, 92));
    // Overlapping windows are a union: the same.
    w.plans.push(window("m3", "maintenance", &[], 10, 16));
    one_number(&w, &t, &s, &period(0, 100), Frac::new(88, 92));
    // Exempt work over [12, 16) consumes nothing there: m1 takes 2, m2 takes 6: all leave.
    w.plans.push(window("e", "emergency", &[], 12, 16));
    one_number(&w, &t, &s, &period(0, 100), Frac::whole(1));
    // Facts from before the measurement period consume too: of [15, 100) 15, 20 and 21 leave.
    w.plans.pop();
    one_number(&w, &t, &s, &period(15, 100), Frac::new(78, 82));
}

#[test]
fn a_cap_has_its_own_periods_and_its_own_measure() {
    // Maintenance on [46, 56), down on [48, 56). By actual: 4 consumed before 50, 6 after: within 8 each: all leave.
    let mut w = down_on(100, &[(48, 56)]);
    w.plans.push(window("m", "maintenance", &[], 46, 56));
    let s = subject(leaf("p"));
    one_number(&w, &capped(CapMeasure::Actual, CapScope::Subject), &s, &period(0, 100), Frac::whole(1));
    // With a cap of 3 in each period: [46, 49) and [50, 53) leave; 49 and [53, 56) are down: 90/94.
    let mut t = capped(CapMeasure::Actual, CapScope::Subject);
    t.caps[0].limit = 3;
    one_number(&w, &t, &s, &period(0, 100), Frac::new(90, 94));
    // By down time, 3 in each: 46..50 leave (2 consumed), [50, 53) leave, [53, 56) down: 90/93.
    t.caps[0].measure = CapMeasure::Down;
    one_number(&w, &t, &s, &period(0, 100), Frac::new(90, 93));
    // By announced time the same as by actual here; a window elsewhere consumes only where the scope is everything.
    t.caps[0].measure = CapMeasure::Announced;
    w.plans.push(window("other", "maintenance", &["elsewhere"], 0, 2));
    one_number(&w, &t, &s, &period(0, 100), Frac::new(90, 94));
    // 2 consumed elsewhere: only 46 is left before 50.
    t.caps[0].scope = CapScope::Everything;
    // Leave: 46, 50, 51, 52 (4). Down: 48, 49, 53, 54, 55 (5). Up: 100 - 9 = 91. 91/96.
    one_number(&w, &t, &s, &period(0, 100), Frac::new(91, 96));
}

#[test]
fn entitlement_in_the_middle_has_three_modes() {
    // Entitled on [40, 90) of 100; down on [0, 10), [50, 60) and [95, 100).
    let mut w = down_on(100, &[(0, 10), (50, 60), (95, 100)]);
    w.entitlements.push(fact("e", Entitlement { customer: "us".into(), from: 40, until: Some(90) }));
    let s = Subject { customer: Some("us".into()), ..subject(leaf("p")) };
    let p = period(0, 100);
    let mode = |partial| Commitment { partial, ..terms(exact(None)) };
    one_number(&w, &mode(Partial::Restrict), &s, &p, Frac::new(40, 50));
    one_number(&w, &mode(Partial::Full), &s, &p, Frac::new(75, 100));
    // Deemed up: [0, 40) up, [90, 100) outside: 80/90.
    one_number(&w, &mode(Partial::DeemedUp), &s, &p, Frac::new(80, 90));
    let outside = crate::evaluate::evaluate(&w, &mode(Partial::Full), &s, &period(90, 95));
    assert_eq!(outside.verdict, Verdict::NotCovered);
}
