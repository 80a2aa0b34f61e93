//! Slices (R5, P6): anchored at each day start, judged on the uncut timeline or on what exclusion leaves.

use crate::fraction::Frac;
use crate::model::*;
use crate::timeline::{end_of_time, known};
use std::collections::BTreeMap;

/// One slice as tick indices, and what it is worth.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) from: usize,
    pub(crate) until: usize,
    pub(crate) value: Value,
}

/// What a slice is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Ratio(Frac),
    /// R5: no observation at all.
    Unobserved,
    /// Leaves the mean.
    Leave,
}

/// What a tick is for the slice that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Counts,
    /// Excluded with effect `remove`.
    Gone,
    /// Excluded with effect `as-up`.
    AsUp,
}

/// Where each slice begins and ends.
pub(crate) fn grid(world: &World, width: i64) -> Vec<(usize, usize)> {
    let (first, last) = (world.horizon.0, end_of_time(world));
    let mut found = Vec::new();
    for (d, day) in world.day_starts.iter().enumerate() {
        let day_end = world.day_starts.get(d + 1).copied().unwrap_or(i64::MAX).min(last);
        let mut from = *day;
        while from < day_end {
            let until = (from + width).min(day_end);
            if until > first {
                found.push(((from.max(first) - first) as usize, (until - first) as usize));
            }
            from = until;
        }
    }
    found
}

fn worth(worth: Worth) -> Value {
    match worth {
        Worth::Good => Value::Ratio(Frac::whole(1)),
        Worth::Bad => Value::Ratio(Frac::whole(0)),
        Worth::Leave => Value::Leave,
    }
}

/// A timeline slice: the share of up among the ticks that remain.
pub(crate) fn of_timeline(down: &[bool], ticks: &[Tick], from: usize, until: usize) -> Value {
    let mut up = 0;
    let mut all = 0;
    for i in from..until {
        if ticks[i] == Tick::Gone {
            continue;
        }
        all += 1;
        up += i64::from(ticks[i] == Tick::AsUp || !down[i]);
    }
    if all == 0 { Value::Leave } else { Value::Ratio(Frac::new(up, all)) }
}

/// A slice of counts. A count leaves when all of its ticks are gone; when none counts but some are as-up it is good.
pub(crate) fn of_counts(counts: &Counts, rule: &Slices, ticks: &[Tick], from: usize, until: usize) -> Value {
    let (mut good, mut valid) = (0, 0);
    let mut observed = false;
    let mut left = false;
    for (a, b, count) in counts.range(from..until).flat_map(|(_, list)| list) {
        assert!(*b <= until, "counts may not straddle slices");
        match of_ticks(&ticks[*a..*b]) {
            Tick::Gone => left = true,
            Tick::AsUp => {
                observed = true;
                good += count.valid;
                valid += count.valid;
            }
            Tick::Counts => {
                observed = true;
                good += count.good;
                valid += count.valid;
            }
        }
    }
    let remains = (from..until).any(|i| ticks[i] != Tick::Gone);
    match () {
        () if !remains || (left && !observed) => Value::Leave,
        () if (from..until).all(|i| ticks[i] != Tick::Counts) => Value::Ratio(Frac::whole(1)),
        () if !observed => Value::Unobserved,
        () if valid == 0 => worth(rule.empty),
        () if valid < rule.minimum => worth(rule.below),
        () => Value::Ratio(Frac::new(good, valid)),
    }
}

/// The known counts of a stream as (first index, end index, count), by first index.
pub(crate) type Counts<'a> = BTreeMap<usize, Vec<(usize, usize, &'a Count)>>;

/// The known counts of a stream that lie on the timeline.
pub(crate) fn counts<'a>(world: &'a World, stream: &str) -> Counts<'a> {
    let (first, end) = (world.horizon.0, end_of_time(world));
    let mut found = Counts::new();
    for fact in known(world, &world.counts) {
        let count = &fact.body;
        if count.stream == stream && first <= count.from && count.until <= end {
            let (a, b) = ((count.from - first) as usize, (count.until - first) as usize);
            found.entry(a).or_default().push((a, b, count));
        }
    }
    found
}

/// What the ticks under a count make of it.
pub(crate) fn of_ticks(ticks: &[Tick]) -> Tick {
    match () {
        () if ticks.contains(&Tick::Counts) => Tick::Counts,
        () if ticks.contains(&Tick::AsUp) => Tick::AsUp,
        () => Tick::Gone,
    }
}

/// P6: whether a slice of this value is bad. An unobserved one is as the run says.
pub(crate) fn is_bad(value: &Value, bad_when: &BadWhen, unknown_is_down: bool) -> bool {
    match value {
        Value::Leave => false,
        Value::Unobserved => unknown_is_down,
        Value::Ratio(ratio) => {
            let failed = Frac::whole(1).minus(ratio);
            match bad_when {
                BadWhen::Above(limit) => failed > *limit,
                BadWhen::AtLeast(limit) => failed >= *limit,
            }
        }
    }
}
