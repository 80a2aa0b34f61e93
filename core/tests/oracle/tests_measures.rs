//! Worked examples of slices, counts, aggregates, targets and credits (rules 5, 8, 9 and section 3).

use crate::build::*;
use crate::evaluate::evaluate;
use crate::fraction::Frac;
use crate::model::*;
use crate::remedy::{capped_over, credit, rounded, termination};

fn percent(hundredths: i64) -> Frac {
    Frac::new(hundredths, 10_000)
}

fn tier(from: End, until: End, unit: Unit) -> Tier {
    Tier { on_downtime: false, from, until, unit }
}

fn remedy(tiers: Vec<Tier>) -> Remedy {
    Remedy {
        paid: (1000, 30),
        tiers,
        fee: Frac::whole(1000),
        cap: None,
        minimum_payout: None,
        rounding_unit: Frac::new(1, 100),
        rounding: Rounding::HalfUp,
    }
}

#[test]
fn sixty_bad_minutes_of_a_thirty_day_month() {
    // Atlassian: 60 of 43,200 minutes: 43,140/43,200 = 719/720 = 99.861 %, below 99.9 % and not below 99.0 %: 10 %.
    // A tick is a minute, a minute is bad when more than 5 % of the requests fail.
    let mut w = world(43_200);
    for t in 0..43_200 {
        let good = if (5000..5060).contains(&t) { 94 } else { 95 };
        w.counts.push(count(t, t, t + 1, good, 100));
    }
    let rule = slices(1, Some(BadWhen::Above(Frac::new(5, 100))));
    let mut target = sliced(Some("s"), rule, Aggregate::GoodSlices);
    target.at_least = Some(percent(9990));
    let share = Unit::ShareOfFee(Frac::new(10, 100));
    target.remedy = Some(remedy(vec![tier(End::Including(percent(9900)), End::Excluding(percent(9990)), share)]));
    let s = subject(leaf("p"));
    let f = one_number(&w, &terms(target), &s, &period(0, 43_200), Frac::new(43_140, 43_200));
    assert_eq!((f.verdict, f.credit), (Verdict::Missed, Some(Frac::whole(100))));
    assert_eq!((f.tally.up, f.tally.down), (43_140, 60));
}

#[test]
fn eight_hundred_sixty_four_of_8640_intervals_at_ninety_percent() {
    // Stedi: 864 of 8,640 five-minute intervals have 90 %, the others 100 %: the mean is exactly 99 %.
    let mut w = world(8640);
    for t in 0..8640 {
        w.counts.push(count(t, t, t + 1, if t % 10 == 0 { 9 } else { 10 }, 10));
    }
    let target = sliced(Some("s"), slices(1, None), Aggregate::MeanOfSlices);
    one_number(&w, &terms(target), &subject(leaf("p")), &period(0, 8640), Frac::new(99, 100));
}

/// Slices of 10 ticks: 0 good, 1 at 1/2, 2 empty, 3 unobserved, 4 with 1 of 4 events bad, 5 good.
fn five() -> World {
    let mut w = world(60);
    w.counts.push(count(0, 0, 10, 10, 10));
    w.counts.push(count(1, 10, 15, 10, 10));
    w.counts.push(count(2, 15, 20, 0, 10));
    w.counts.push(count(3, 20, 30, 0, 0));
    w.counts.push(count(4, 40, 50, 3, 4));
    w.counts.push(count(5, 50, 60, 10, 10));
    w
}

#[test]
fn empty_unobserved_and_thin_slices_differ() {
    let (w, s, p) = (five(), subject(leaf("p")), period(0, 60));
    let judged = |slices: Slices, aggregate| {
        let (_, lower, upper) = judge(&w, &terms(sliced(Some("s"), slices, aggregate)), &s, &p);
        (lower, upper)
    };
    let sum = |twelfths: i64, n: i64| Frac::new(twelfths, 12 * n);
    // Mean: 1 + 1/2 + empty 1 + (0 or 1) + 3/4 + 1 = 51/12 or 63/12, of 6.
    assert_eq!(judged(slices(10, None), Aggregate::MeanOfSlices), (sum(51, 6), sum(63, 6)));
    // Empty counts as bad: 1 less. Empty leaves: 5 slices.
    let empty = |empty| Slices { empty, ..slices(10, None) };
    assert_eq!(judged(empty(Worth::Bad), Aggregate::MeanOfSlices), (sum(39, 6), sum(51, 6)));
    assert_eq!(judged(empty(Worth::Leave), Aggregate::MeanOfSlices), (sum(39, 5), sum(51, 5)));
    // Fewer than 5 events: the fifth is good, or leaves.
    let thin = |below| Slices { minimum: 5, below, ..slices(10, None) };
    assert_eq!(judged(thin(Worth::Good), Aggregate::MeanOfSlices), (sum(54, 6), sum(66, 6)));
    assert_eq!(judged(thin(Worth::Leave), Aggregate::MeanOfSlices), (sum(42, 5), sum(54, 5)));
    // Bad when at least, or above, a quarter fails: 1 and 4 are bad, or only 1.
    let bad = |b| slices(10, Some(b));
    let quarter = || Frac::new(1, 4);
    assert_eq!(judged(bad(BadWhen::AtLeast(quarter())), Aggregate::GoodSlices), (Frac::new(3, 6), Frac::new(4, 6)));
    assert_eq!(judged(bad(BadWhen::Above(quarter())), Aggregate::GoodSlices), (Frac::new(4, 6), Frac::new(5, 6)));
    // The exact duration of bad slices is the same here; the events are 33 of 44.
    assert_eq!(judged(bad(BadWhen::Above(quarter())), Aggregate::Exact), (Frac::new(4, 6), Frac::new(5, 6)));
    assert_eq!(judged(slices(10, None), Aggregate::EventRatio), (Frac::new(33, 44), Frac::new(33, 44)));
}

#[test]
fn exclusion_leaves_the_remainder_of_a_slice_at_weight_one() {
    // [15, 20) is excluded: slice 1 is judged by [10, 15), all good. Then all of slice 1 is excluded: it leaves.
    let (mut w, s, p) = (five(), subject(leaf("p")), period(0, 60));
    w.plans.push(window("m", "maintenance", &[], 15, 20));
    let mut t = terms(sliced(Some("s"), slices(10, None), Aggregate::MeanOfSlices));
    t.exclusions = vec![class("maintenance", Extent::Announced, Effect::Remove)];
    assert_eq!(judge(&w, &t, &s, &p).1, Frac::new(57, 72));
    w.plans[0].body.from = 10;
    assert_eq!(judge(&w, &t, &s, &p).1, Frac::new(45, 60));
    t.exclusions[0].effect = Effect::AsUp;
    assert_eq!(judge(&w, &t, &s, &p).1, Frac::new(57, 72));
    // The policy `excluded`: the unobserved slice leaves: 1 + 1 + 1 + 3/4 + 1 of 5.
    t.unknown = UnknownPolicy::Excluded;
    one_number(&w, &t, &s, &p, Frac::new(57, 60));
}

#[test]
fn slices_are_anchored_at_each_day_start() {
    // Days of 25 and 35 ticks, slices of 10: [0,10) [10,20) [20,25) | [25,35) [35,45) [45,55) [55,60). One down tick at
    // 24 makes [20, 25) bad (1/5 > 1/10): 6 of 7 slices, 55 of 60 ticks. At > 1/5 it is not bad.
    let mut w = world(60);
    w.day_starts = vec![0, 25];
    watch(&mut w, "p", &[(-1, Seen::Up), (24, Seen::Down), (25, Seen::Up)]);
    let target = |limit: Frac, aggregate| sliced(None, slices(10, Some(BadWhen::Above(limit))), aggregate);
    let (s, p) = (subject(leaf("p")), period(0, 60));
    one_number(&w, &terms(target(Frac::new(1, 10), Aggregate::GoodSlices)), &s, &p, Frac::new(6, 7));
    one_number(&w, &terms(target(Frac::new(1, 10), Aggregate::Exact)), &s, &p, Frac::new(55, 60));
    one_number(&w, &terms(target(Frac::new(1, 5), Aggregate::GoodSlices)), &s, &p, Frac::whole(1));
}

#[test]
fn bad_slices_in_a_row_can_be_required() {
    // Bad slices of one tick at 3, and at 10 to 14: with a minimum of 5 ticks only the row counts: 25 of 30.
    let mut w = world(30);
    for t in 0..30 {
        let bad = t == 3 || (10..15).contains(&t);
        w.counts.push(count(t, t, t + 1, i64::from(!bad), 1));
    }
    let mut t = terms(sliced(Some("s"), slices(1, Some(BadWhen::Above(Frac::new(1, 10)))), Aggregate::GoodSlices));
    t.qualify = Some(Qualify { minimum: 5, merge_gap: 0, gap_is_downtime: false, on: QualifyOn::Whole });
    one_number(&w, &t, &subject(leaf("p")), &period(0, 30), Frac::new(25, 30));
}

#[test]
fn before_the_first_entitlement_slices_are_worth_one() {
    // Entitled from 20: the first two slices are 1 whatever was measured: 1 + 1 + 1 + 0 + 3/4 + 1 = 57/12 of 6.
    let mut w = five();
    w.entitlements.push(fact("e", Entitlement { customer: "us".into(), from: 20, until: None }));
    let s = Subject { customer: Some("us".into()), ..subject(leaf("p")) };
    let mut t = terms(sliced(Some("s"), slices(10, None), Aggregate::MeanOfSlices));
    t.partial = Partial::DeemedUp;
    assert_eq!(judge(&w, &t, &s, &period(0, 60)).1, Frac::new(57, 72));
    t.targets[0].aggregate = Aggregate::EventRatio;
    assert_eq!(judge(&w, &t, &s, &period(0, 60)).1, Frac::new(43, 44));
}

#[test]
fn users_weigh_the_time() {
    // 100 users on [0, 10), 50 on [10, 20): 1,500. Impacts: {x, y} on [0, 5), {y, z} on [3, 6), 40 more on [12, 14),
    // 30 more on [13, 15). Lost: 2*3 + 3*2 + 2*1 + 40 + min(70, 50) + 30 = 134.
    let mut w = world(20);
    watch(&mut w, "p", &[(-1, Seen::Up)]);
    w.populations.push(fact("a", Population { from: 0, until: 10, users: 100 }));
    w.populations.push(fact("b", Population { from: 10, until: 20, users: 50 }));
    let named = |from, until, users: [&str; 2]| Impact {
        from,
        until,
        affected: 2,
        set: Some(users.iter().map(|u| String::from(*u)).collect()),
    };
    let plain = |from, until, affected| Impact { from, until, affected, set: None };
    w.impacts.push(fact("1", named(0, 5, ["x", "y"])));
    w.impacts.push(fact("2", named(3, 6, ["y", "z"])));
    w.impacts.push(fact("3", plain(12, 14, 40)));
    w.impacts.push(fact("4", plain(13, 15, 30)));
    let target = Target { aggregate: Aggregate::UserWeighted, ..exact(None) };
    one_number(&w, &terms(target), &subject(leaf("p")), &period(0, 20), Frac::new(1366, 1500));
}

#[test]
fn conjoined_targets_are_missed_by_either_and_pay_the_larger_credit() {
    // Snowflake's shape: at most 1 % errors 99.9 % of the time and at most 10 % 99.99 %. Of 1,000 slices one has 5 %.
    let mut w = world(1000);
    for t in 0..1000 {
        w.counts.push(count(t, t, t + 1, if t == 7 { 95 } else { 100 }, 100));
    }
    let part = |limit: Frac, goal: Frac, share: i64| {
        let mut target = sliced(Some("s"), slices(1, Some(BadWhen::Above(limit))), Aggregate::GoodSlices);
        target.remedy =
            Some(remedy(vec![tier(End::Open, End::Excluding(goal.clone()), Unit::ShareOfFee(Frac::new(share, 100)))]));
        target.at_least = Some(goal);
        target
    };
    let mut t = terms(part(Frac::new(1, 100), percent(9990), 10));
    t.targets.push(part(Frac::new(10, 100), percent(9999), 25));
    let (s, p) = (subject(leaf("p")), period(0, 1000));
    let met = evaluate(&w, &t, &s, &p);
    assert_eq!((met.verdict, met.credit), (Verdict::Met, Some(Frac::whole(0))));
    w.counts[7].body.good = 80;
    let missed = evaluate(&w, &t, &s, &p);
    assert_eq!((missed.verdict, missed.credit), (Verdict::Missed, Some(Frac::whole(250))));
    t.targets.iter_mut().for_each(|target| target.at_least = None);
    assert_eq!(evaluate(&w, &t, &s, &p).verdict, Verdict::NoTarget);
}

#[test]
fn the_credit_follows_the_binding_bound() {
    // 90 up, 4 unknown, 6 down of 100: lower 90/100, upper 94/100; below 95 %: 10 %, below 92 %: 30 %.
    let mut w = world(100);
    point(&mut w, "p", Some(1));
    run(&mut w, "a", "p", (0, 89, Seen::Up, 90));
    run(&mut w, "b", "p", (94, 99, Seen::Down, 6));
    let mut target = exact(Some(Frac::new(95, 100)));
    let (low, goal) = (Frac::new(92, 100), Frac::new(95, 100));
    target.remedy = Some(remedy(vec![
        tier(End::Including(low.clone()), End::Excluding(goal), Unit::ShareOfFee(Frac::new(10, 100))),
        tier(End::Open, End::Excluding(low), Unit::ShareOfFee(Frac::new(30, 100))),
    ]));
    let mut t = terms(target);
    let (s, p) = (subject(leaf("p")), period(0, 100));
    for (binding, owed) in [(Binding::Lower, 300), (Binding::Upper, 100), (Binding::Both, 100)] {
        t.binding = binding;
        let f = judge(&w, &t, &s, &p).0;
        assert_eq!((f.verdict, f.credit), (Verdict::Missed, Some(Frac::whole(owed))));
        assert_eq!(f.credit_range, Some((Frac::whole(100), Frac::whole(300))));
    }
    // At 93 % the bounds disagree: indeterminate, nothing is paid, the range shows.
    t.targets[0].at_least = Some(Frac::new(93, 100));
    let f = judge(&w, &t, &s, &p).0;
    assert_eq!((f.verdict, f.credit), (Verdict::Indeterminate, Some(Frac::whole(0))));
    assert!(f.credit_range.is_some());
}

#[test]
fn tiers_have_explicit_ends_and_units() {
    // GitHub 2020: from above 99.0 to 99.9 inclusive 10 %, below 99.0 25 %; exactly 99.0 is in no tier.
    let share = |n| Unit::ShareOfFee(Frac::new(n, 100));
    let github = remedy(vec![
        tier(End::Excluding(percent(9900)), End::Including(percent(9990)), share(10)),
        tier(End::Open, End::Excluding(percent(9900)), share(25)),
    ]);
    for (ratio, owed) in [(9990, 100), (9991, 0), (9901, 100), (9900, 0), (9899, 250)] {
        assert_eq!(credit(&github, &percent(ratio), 0), Frac::whole(owed));
    }
    let with = |unit| remedy(vec![tier(End::Open, End::Open, unit)]);
    let half = Frac::new(1, 2);
    // 3 service days of 30 at 1,000; ten times the fee for 7 of 1,000 ticks; 5 % per started step of 4 ticks.
    assert_eq!(credit(&with(Unit::ServiceDays(3)), &half, 0), Frac::whole(100));
    assert_eq!(credit(&with(Unit::ProRata(Frac::whole(10))), &half, 7), Frac::whole(70));
    let step = || Unit::PerStartedStep { step: 4, share: Frac::new(5, 100) };
    assert_eq!(credit(&with(step()), &half, 9), Frac::whole(150));
    // A tier on downtime: more than 5 ticks.
    let mut long = with(share(10));
    long.tiers[0] = Tier { on_downtime: true, from: End::Excluding(Frac::whole(5)), until: End::Open, unit: share(10) };
    assert_eq!((credit(&long, &half, 5), credit(&long, &half, 6)), (Frac::whole(0), Frac::whole(100)));
    // A cap, and a minimum payout below which nothing is paid.
    let mut limited = with(step());
    limited.cap = Some(Frac::whole(120));
    assert_eq!(credit(&limited, &half, 9), Frac::whole(120));
    limited.minimum_payout = Some(Frac::whole(121));
    assert_eq!(credit(&limited, &half, 9), Frac::whole(0));
}

#[test]
fn money_is_rounded_once_by_the_stated_mode() {
    // Zentera: 5/365 of 50,000 = 684.9315… = 684.93.
    let cent = Frac::new(1, 100);
    let amount = Frac::whole(50_000).times(&Frac::new(5, 365));
    assert_eq!(rounded(&amount, &cent, Rounding::HalfUp), Frac::new(68_493, 100));
    assert_eq!(rounded(&amount, &cent, Rounding::Up), Frac::new(68_494, 100));
    let unit = Frac::whole(1);
    for (mode, of_half, of_three_halves) in
        [(Rounding::Down, 0, 1), (Rounding::Up, 1, 2), (Rounding::HalfUp, 1, 2), (Rounding::HalfEven, 0, 2)]
    {
        assert_eq!(rounded(&Frac::new(1, 2), &unit, mode), Frac::whole(of_half));
        assert_eq!(rounded(&Frac::new(3, 2), &unit, mode), Frac::whole(of_three_halves));
    }
}

#[test]
fn credits_share_a_cap_over_its_own_period() {
    let credits: Vec<(Period, Frac)> = (0..4).map(|n| (period(n * 10, n * 10 + 10), Frac::whole(40))).collect();
    let paid = capped_over(&credits, &Frac::whole(100), &[period(0, 30)]);
    assert_eq!(paid, vec![Frac::whole(40), Frac::whole(40), Frac::whole(20), Frac::whole(40)]);
}

#[test]
fn a_right_to_terminate_arises_at_the_end_of_the_kth_missed_period() {
    use Verdict::{Indeterminate, Met, Missed};
    let periods: Vec<(Period, Verdict)> = [Missed, Met, Missed, Indeterminate, Missed, Missed]
        .into_iter()
        .enumerate()
        .map(|(n, v)| (period(n as i64 * 10, n as i64 * 10 + 10), v))
        .collect();
    // Two of three: at the end of the third (30), the fifth (3 and 5) and the sixth.
    assert_eq!(termination(&periods, 2, 3, 5), vec![(30, 35), (50, 55), (60, 65)]);
    // Two of two: only the last two.
    assert_eq!(termination(&periods, 2, 2, 5), vec![(60, 65)]);
}
