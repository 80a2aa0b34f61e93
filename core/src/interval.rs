//! Half-open intervals of time and sets of them.

use crate::time::{Instant, Millis};

/// A span `[from, until)` that is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    from: Instant,
    until: Instant,
}

impl Interval {
    /// All time that can be written.
    pub const ALL: Self = Self { from: Instant::MIN, until: Instant::MAX };

    /// The interval `[from, until)`, if it is not empty.
    #[must_use]
    pub fn new(from: Instant, until: Instant) -> Option<Self> {
        (from < until).then_some(Self { from, until })
    }

    /// The first instant in it.
    #[must_use]
    pub fn from(self) -> Instant {
        self.from
    }

    /// The first instant after it.
    #[must_use]
    pub fn until(self) -> Instant {
        self.until
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> Millis {
        self.until - self.from
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn contains(self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }

    /// What both intervals cover.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.until.min(other.until))
    }
}

/// A set of instants, as sorted intervals that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntervalSet {
    parts: Vec<Interval>,
}

impl IntervalSet {
    /// The set with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The parts in order.
    #[must_use]
    pub fn parts(&self) -> &[Interval] {
        &self.parts
    }

    /// The total length.
    #[must_use]
    pub fn length(&self) -> Millis {
        self.parts.iter().map(|part| part.length()).sum()
    }

    /// Whether the instant is in the set.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        let after = self.parts.partition_point(|part| part.from <= at);
        after > 0 && self.parts[after - 1].contains(at)
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.parts.iter().chain(&other.parts).copied().collect()
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut i, mut j) = (0, 0);
        let mut parts = Vec::new();
        while i < self.parts.len() && j < other.parts.len() {
            let (a, b) = (self.parts[i], other.parts[j]);
            parts.extend(a.intersect(b));
            if a.until <= b.until {
                i += 1;
            } else {
                j += 1;
            }
        }
        Self { parts }
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut parts = Vec::new();
        let mut j = 0;
        for part in &self.parts {
            let mut from = part.from;
            while j < other.parts.len() && other.parts[j].until <= from {
                j += 1;
            }
            let mut k = j;
            while k < other.parts.len() && other.parts[k].from < part.until {
                parts.extend(Interval::new(from, other.parts[k].from));
                from = from.max(other.parts[k].until);
                k += 1;
            }
            parts.extend(Interval::new(from, part.until));
        }
        Self { parts }
    }
}

impl FromIterator<Interval> for IntervalSet {
    fn from_iter<T: IntoIterator<Item = Interval>>(iter: T) -> Self {
        let mut given: Vec<Interval> = iter.into_iter().collect();
        given.sort_unstable();
        let mut parts: Vec<Interval> = Vec::with_capacity(given.len());
        for next in given {
            match parts.last_mut() {
                Some(last) if next.from <= last.until => last.until = last.until.max(next.until),
                _ => parts.push(next),
            }
        }
        Self { parts }
    }
}

impl From<Interval> for IntervalSet {
    fn from(part: Interval) -> Self {
        Self { parts: vec![part] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKS: i64 = 6;

    /// The set whose instants are the bits of `mask`.
    fn set(mask: u32) -> IntervalSet {
        (0..TICKS).filter(|t| mask >> t & 1 == 1).filter_map(|t| Interval::new(Instant(t), Instant(t + 1))).collect()
    }

    fn mask(set: &IntervalSet) -> u32 {
        (0..TICKS).filter(|t| set.contains(Instant(*t))).map(|t| 1 << t).sum()
    }

    fn well_formed(set: &IntervalSet) -> bool {
        set.parts.windows(2).all(|w| w[0].until < w[1].from)
    }

    #[test]
    fn every_pair_of_sets_over_six_ticks_agrees_with_bit_arithmetic() {
        for a in 0..1u32 << TICKS {
            for b in 0..1u32 << TICKS {
                let (x, y) = (set(a), set(b));
                for (got, want) in [(x.union(&y), a | b), (x.intersect(&y), a & b), (x.difference(&y), a & !b)] {
                    assert_eq!(mask(&got), want, "{a:06b} {b:06b}");
                    assert!(well_formed(&got), "{got:?}");
                    assert_eq!(got.length().0, i64::from(want.count_ones()));
                }
            }
        }
    }

    #[test]
    fn an_empty_or_backward_span_is_no_interval() {
        assert_eq!(Interval::new(Instant(1), Instant(1)), None);
        assert_eq!(Interval::new(Instant(2), Instant(1)), None);
    }
}
