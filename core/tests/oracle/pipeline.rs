//! One pass of the whole pipeline with every unknown instant resolved one way (R2): the class of each tick and the
//! fraction. The fixed order: coverage, indicator, composition, slice, qualification, exclusion and caps, aggregate.

use crate::compose::{Resolve, names, share_up, state};
use crate::fraction::Frac;
use crate::model::*;
use crate::qualify::{from_report, qualified};
use crate::slices::{self, Slice, Tick, Value};
use crate::timeline::{Obs, Points, end_of_time, known};
use crate::windows::{blanket, in_force, permitted, windows};

/// The class of one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Outside,
    Up,
    Down,
    Removed,
    AsUp,
    Unknown,
}

/// R3: how a tick is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    Outside,
    Counted,
    /// Before the first entitlement, deemed up.
    Deemed,
}

/// One judged thing: everything a pass needs.
pub(crate) struct Case<'a> {
    pub(crate) world: &'a World,
    pub(crate) commitment: &'a Commitment,
    pub(crate) target: &'a Target,
    pub(crate) customer: Option<&'a String>,
    pub(crate) root: &'a Node,
    pub(crate) period: &'a Period,
}

/// The result of one pass.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) classes: Vec<Class>,
    pub(crate) ratio: Option<Frac>,
    /// Downtime ticks, for credits by duration.
    pub(crate) down: i64,
}

fn len(world: &World) -> usize {
    (end_of_time(world) - world.horizon.0).max(0) as usize
}

fn instant(world: &World, i: usize) -> i64 {
    world.horizon.0 + i as i64
}

/// R3, P2: the cover of each tick; without the period when `period` is absent.
pub(crate) fn cover(case: &Case, period: Option<&Period>) -> Vec<Cover> {
    let world = case.world;
    let entitlements = known(world, &world.entitlements);
    let mine: Vec<&Entitlement> =
        entitlements.iter().map(|e| &e.body).filter(|e| Some(&e.customer) == case.customer).collect();
    let first = mine.iter().map(|e| e.from).min();
    let mut found = Vec::new();
    for i in 0..len(world) {
        let t = instant(world, i);
        let in_period = period.is_none_or(|p| p.start <= t && t < p.end);
        let served = case.commitment.service_time.as_ref().is_none_or(|s| s.iter().any(|(a, b)| *a <= t && t < *b));
        let entitled = mine.iter().any(|e| e.from <= t && e.until.is_none_or(|u| t < u));
        let touched = mine.iter().any(|e| e.from < case.period.end && e.until.is_none_or(|u| case.period.start < u));
        found.push(match case.commitment.partial {
            _ if !in_period || !served => Cover::Outside,
            _ if case.customer.is_none() || entitled => Cover::Counted,
            Partial::Full if touched => Cover::Counted,
            Partial::DeemedUp if touched && first.is_some_and(|f| t < f) => Cover::Deemed,
            _ => Cover::Outside,
        });
    }
    found
}

fn suspended(case: &Case, i: usize) -> bool {
    let t = instant(case.world, i);
    known(case.world, &case.world.suspensions).iter().any(|s| {
        let begun = s.body.enforced_at.is_some_and(|e| e <= t);
        Some(&s.body.customer) == case.customer && begun && s.body.lifted_at.is_none_or(|l| t < l)
    })
}

/// The raw composed timeline, onset by report and suspensions applied.
fn raw(case: &Case, points: &Points, resolve: Resolve) -> Vec<bool> {
    let mut down: Vec<bool> =
        (0..len(case.world)).map(|i| state(case.root, points, i, resolve, &[]) == Obs::Down).collect();
    if case.commitment.confirm.onset == Onset::Report {
        let mut reports = Vec::new();
        for report in known(case.world, &case.world.reports) {
            let concerns = report.body.customer.is_none() || report.body.customer.as_ref() == case.customer;
            if concerns && report.body.at >= case.world.horizon.0 {
                reports.push((report.body.at - case.world.horizon.0) as usize);
            }
        }
        down = from_report(&down, &reports);
    }
    if matches!(case.commitment.suspended, SuspendedAs::Up | SuspendedAs::Down) {
        for (i, tick) in down.iter_mut().enumerate() {
            if suspended(case, i) {
                *tick = case.commitment.suspended == SuspendedAs::Down;
            }
        }
    }
    down
}

/// R6, R7, R15: what exclusion makes of each tick.
fn excluded(case: &Case, points: &Points, resolve: Resolve, policy_removes: bool, down: &[bool]) -> Vec<Tick> {
    let terms = case.commitment;
    let windows = windows(case.world, &terms.exclusions, case.customer);
    let allowed = permitted(case.world, &terms.exclusions, &terms.caps, case.root, &windows, down);
    let relieves = |i: usize, found: &[(&[String], bool)]| {
        let scopes: Vec<&[String]> = found.iter().map(|f| f.0).collect();
        // R17: a suspension that counts as down is down in both compositions, unless the window is on the subject itself.
        let stays = terms.suspended == SuspendedAs::Down && suspended(case, i);
        let relieved = || match stays {
            true => scopes.iter().any(|scope| names(scope, &case.root.id)),
            false => state(case.root, points, i, resolve, &scopes) == Obs::Up,
        };
        down[i] && !scopes.is_empty() && relieved()
    };
    let uncounted = case.target.stream.as_ref().map(|s| uncounted(case, s));
    let mut ticks = Vec::new();
    for i in 0..down.len() {
        let removing = in_force(&terms.exclusions, &windows, &allowed, i, &[Effect::Remove]);
        let all = in_force(&terms.exclusions, &windows, &allowed, i, &[Effect::Remove, Effect::AsUp]);
        let unseen = policy_removes
            && match &uncounted {
                None => state(case.root, points, i, Resolve::Keep, &[]) == Obs::Unknown,
                Some(uncounted) => uncounted[i],
            };
        ticks.push(match () {
            () if terms.suspended == SuspendedAs::Excluded && suspended(case, i) => Tick::Gone,
            () if blanket(&removing, case.root) || relieves(i, &removing) => Tick::Gone,
            () if blanket(&all, case.root) || relieves(i, &all) => Tick::AsUp,
            () if unseen => Tick::Gone,
            () => Tick::Counts,
        });
    }
    ticks
}

/// Every slice of the horizon with its value on the ticks that count.
fn all_slices(case: &Case, down: &[bool], ticks: &[Tick]) -> Vec<Slice> {
    let Some(rule) = &case.target.slices else { return Vec::new() };
    let counts = case.target.stream.as_ref().map(|s| slices::counts(case.world, s));
    let mut found = Vec::new();
    for (from, until) in slices::grid(case.world, rule.width) {
        let value = match &counts {
            None => slices::of_timeline(down, ticks, from, until),
            Some(counts) => slices::of_counts(counts, rule, ticks, from, until),
        };
        found.push(Slice { from, until, value });
    }
    found
}

/// Ticks that no count covers, for indicators of counts.
fn uncounted(case: &Case, stream: &str) -> Vec<bool> {
    let mut result = vec![true; len(case.world)];
    for (a, b, _) in slices::counts(case.world, stream).values().flatten() {
        for tick in &mut result[*a..*b] {
            *tick = false;
        }
    }
    result
}

/// The timeline that qualification sees: bad slices are down as a whole.
fn painted(case: &Case, down: &[bool], ticks: &[Tick], resolve: Resolve) -> Vec<bool> {
    let bad_when = case.target.slices.as_ref().and_then(|s| s.bad_when.as_ref());
    let mut result = down.to_vec();
    if let Some(bad_when) = bad_when {
        for slice in all_slices(case, down, ticks) {
            let bad = slices::is_bad(&slice.value, bad_when, resolve == Resolve::Down);
            for tick in &mut result[slice.from..slice.until] {
                *tick = bad;
            }
        }
    } else if let Some(stream) = &case.target.stream {
        // Counts without a comparator have no down; a tick that no count covers is unknown.
        result = uncounted(case, stream).iter().map(|u| *u && resolve == Resolve::Down).collect();
    }
    for (i, tick) in result.iter_mut().enumerate() {
        *tick = *tick && ticks[i] == Tick::Counts;
    }
    result
}

/// One pass. `policy_removes` is the policy `excluded`: unknown ticks leave after they have qualified as up.
pub(crate) fn pass(case: &Case, points: &Points, resolve: Resolve, policy_removes: bool) -> Pass {
    let n = len(case.world);
    let terms = case.commitment;
    let covers = cover(case, Some(case.period));
    let raw = raw(case, points, resolve);
    let ticks = excluded(case, points, resolve, policy_removes, &raw);
    let untouched = vec![Tick::Counts; n];
    let seen = if terms.exclude_before_qualification { &ticks } else { &untouched };
    let mut down = painted(case, &raw, seen, resolve);
    if let Some(rule) = &terms.qualify {
        let clip = if rule.on == QualifyOn::Clipped { covers.clone() } else { cover(case, None) };
        let inside: Vec<bool> = clip.iter().map(|c| *c == Cover::Counted).collect();
        down = qualified(&down, rule, &inside);
    }
    // A slice that lost a part to exclusion is judged by its remainder.
    let remainder = painted(case, &raw, &ticks, resolve);
    let has_slices = terms_have_comparator(case);
    let finals = all_slices(case, &raw, &ticks);
    let mut left = vec![false; n];
    for slice in finals.iter().filter(|s| s.value == Value::Leave) {
        left[slice.from..slice.until].fill(true);
    }
    let mut classes = Vec::new();
    for i in 0..n {
        classes.push(match (covers[i], ticks[i]) {
            (Cover::Outside, _) => Class::Outside,
            (Cover::Deemed, _) => Class::Up,
            (_, Tick::Gone) => Class::Removed,
            (_, Tick::AsUp) => Class::AsUp,
            _ if left[i] => Class::Removed,
            _ if down[i] && (!has_slices || remainder[i]) => Class::Down,
            _ => Class::Up,
        });
    }
    let ratio = aggregate(case, points, resolve, &classes, &covers, &ticks, &finals);
    let lost = classes.iter().filter(|c| **c == Class::Down).count() as i64;
    Pass { classes, ratio, down: lost }
}

fn terms_have_comparator(case: &Case) -> bool {
    case.target.slices.as_ref().is_some_and(|s| s.bad_when.is_some())
}

fn aggregate(
    case: &Case,
    points: &Points,
    resolve: Resolve,
    classes: &[Class],
    covers: &[Cover],
    ticks: &[Tick],
    finals: &[Slice],
) -> Option<Frac> {
    match case.target.aggregate {
        Aggregate::Exact => exact(case, points, resolve, classes),
        Aggregate::GoodSlices => good_slices(classes, finals),
        Aggregate::MeanOfSlices => mean_of_slices(resolve, classes, covers, finals),
        Aggregate::EventRatio => event_ratio(case, covers, ticks),
        Aggregate::UserWeighted => user_weighted(case, classes, covers),
    }
}

fn quotient(num: &Frac, den: i64) -> Option<Frac> {
    if den == 0 { None } else { Some(num.times(&Frac::new(1, den))) }
}

/// P11: up ÷ (up + down), `as-up` on both sides; under a weighted root a down tick keeps its up share.
fn exact(case: &Case, points: &Points, resolve: Resolve, classes: &[Class]) -> Option<Frac> {
    let (mut up, mut all) = (0, 0);
    let mut shares = Frac::whole(0);
    for (i, class) in classes.iter().enumerate() {
        match class {
            Class::Up | Class::AsUp => up += 1,
            Class::Down if matches!(case.root.kind, Kind::Weighted(_)) => {
                shares = reduced(shares.plus(&share_up(case.root, points, i, resolve)));
            }
            Class::Down => {}
            _ => continue,
        }
        all += 1;
    }
    quotient(&shares.plus(&Frac::whole(up)), all)
}

/// Lowest terms, only so that thousands of sums stay small.
fn reduced(f: Frac) -> Frac {
    let zero = num_bigint::BigInt::from(0);
    let (mut a, mut b) = (f.num.clone(), f.den.clone());
    while b != zero {
        (a, b) = (b.clone(), a % b);
    }
    if a == zero { f } else { Frac { num: f.num / &a, den: f.den / &a } }
}

/// R5, P11: good slices ÷ slices that have a counted tick.
fn good_slices(classes: &[Class], finals: &[Slice]) -> Option<Frac> {
    let (mut good, mut all) = (0, 0);
    for slice in finals {
        let inside = &classes[slice.from..slice.until];
        let has = |c: Class| inside.contains(&c);
        if !(has(Class::Up) || has(Class::Down) || has(Class::AsUp)) {
            continue;
        }
        all += 1;
        good += i64::from(!has(Class::Down));
    }
    quotient(&Frac::whole(good), all)
}

/// R5, P11: the mean of the ratios of the slices that have a counted tick.
fn mean_of_slices(resolve: Resolve, classes: &[Class], covers: &[Cover], finals: &[Slice]) -> Option<Frac> {
    let mut sum = Frac::whole(0);
    let mut all = 0;
    for slice in finals {
        let inside = slice.from..slice.until;
        if classes[inside.clone()].iter().all(|c| matches!(c, Class::Outside | Class::Removed)) {
            continue;
        }
        let deemed = covers[inside].iter().all(|c| *c != Cover::Counted);
        sum = reduced(sum.plus(&match &slice.value {
            _ if deemed => Frac::whole(1),
            Value::Ratio(ratio) => ratio.clone(),
            Value::Unobserved => Frac::whole(i64::from(resolve == Resolve::Up)),
            Value::Leave => continue,
        }));
        all += 1;
    }
    quotient(&sum, all)
}

/// P11: good ÷ valid events. A count belongs where it begins.
fn event_ratio(case: &Case, covers: &[Cover], ticks: &[Tick]) -> Option<Frac> {
    let stream = case.target.stream.as_ref().expect("an event ratio needs a stream of counts");
    let (mut good, mut valid) = (0, 0);
    for (a, b, count) in slices::counts(case.world, stream).values().flatten() {
        let as_up = match (covers[*a], slices::of_ticks(&ticks[*a..*b])) {
            (Cover::Outside, _) | (Cover::Counted, Tick::Gone) => continue,
            (Cover::Deemed, _) | (_, Tick::AsUp) => true,
            _ => false,
        };
        good += if as_up { count.valid } else { count.good };
        valid += count.valid;
    }
    quotient(&Frac::whole(good), valid)
}

/// R8: 1 − affected ÷ users, both summed over counted ticks.
fn user_weighted(case: &Case, classes: &[Class], covers: &[Cover]) -> Option<Frac> {
    let world = case.world;
    let (populations, impacts) = (known(world, &world.populations), known(world, &world.impacts));
    let (mut lost, mut all) = (0, 0);
    for (i, class) in classes.iter().enumerate() {
        if matches!(class, Class::Outside | Class::Removed) {
            continue;
        }
        let t = instant(world, i);
        let users: i64 =
            populations.iter().filter(|p| p.body.from <= t && t < p.body.until).map(|p| p.body.users).sum();
        let mut named: Vec<&String> = Vec::new();
        let mut affected = 0;
        for impact in impacts.iter().filter(|x| x.body.from <= t && t < x.body.until) {
            match &impact.body.set {
                Some(set) => named.extend(set),
                None => affected += impact.body.affected,
            }
        }
        named.sort();
        named.dedup();
        affected += named.len() as i64;
        all += users;
        // R3: time before the first entitlement is up, so nobody lost it.
        let spared = *class == Class::AsUp || covers[i] == Cover::Deemed;
        lost += if spared { 0 } else { affected.min(users) };
    }
    quotient(&Frac::whole(all - lost), all)
}
