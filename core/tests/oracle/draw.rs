//! A stream of choices that random cases are made of: from a seed, or replayed from a list so that a failure can be
//! shrunk. The first of every choice is the plainest one.

/// The choices of one case.
pub(crate) struct Draw {
    drawn: Vec<u32>,
    at: usize,
    /// The state of the source; a replay has none, and after its list every choice is the first one.
    source: Option<u64>,
    /// Whether cases are kept small, so that very many can be looked at.
    only_small: bool,
}

impl Draw {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            drawn: Vec::new(),
            at: 0,
            source: Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1)),
            only_small: false,
        }
    }

    pub(crate) fn replayed(drawn: Vec<u32>) -> Self {
        Self { drawn, at: 0, source: None, only_small: false }
    }

    /// The same choices, of small cases only.
    pub(crate) fn small(self, only_small: bool) -> Self {
        Self { only_small, ..self }
    }

    /// How long the horizon of a case is.
    pub(crate) fn horizon(&mut self) -> i64 {
        self.pick(if self.only_small { &[96] } else { &[96, 288] })
    }

    /// Every choice so far.
    pub(crate) fn into_drawn(self) -> Vec<u32> {
        self.drawn
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let Some(source) = &mut self.source else {
            self.at += 1;
            return self.drawn.get(self.at - 1).map_or(0, |drawn| (*drawn as usize).min(n - 1));
        };
        // SplitMix64.
        *source = source.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *source;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = ((mixed ^ (mixed >> 31)) >> 16) as usize % n;
        self.drawn.push(drawn as u32);
        drawn
    }

    /// One of `from..until`.
    pub(crate) fn within(&mut self, from: i64, until: i64) -> i64 {
        from + self.below((until - from).max(1) as usize) as i64
    }

    /// True in about one of `n` cases.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub(crate) fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())].clone()
    }
}

/// A list that still fails and cannot easily be made shorter or smaller.
pub(crate) fn shrunk(mut list: Vec<u32>, fails: impl Fn(&[u32]) -> bool) -> Vec<u32> {
    let mut tries = 6_000;
    let mut attempt = |list: &mut Vec<u32>, next: Vec<u32>| {
        tries -= 1;
        let better = tries > 0 && next != *list && fails(&next);
        if better {
            *list = next;
        }
        better
    };
    loop {
        let mut progress = false;
        for chunk in [64, 16, 8, 4, 2, 1] {
            let mut at = 0;
            while at < list.len() {
                let end = (at + chunk).min(list.len());
                let without = [&list[..at], &list[end..]].concat();
                let mut zeroed = list.clone();
                zeroed[at..end].fill(0);
                if attempt(&mut list, without) {
                    progress = true;
                } else {
                    progress |= attempt(&mut list, zeroed);
                    at += chunk;
                }
            }
        }
        for at in 0..list.len() {
            for less in [list[at] / 2, list[at].saturating_sub(1)] {
                let mut next = list.clone();
                next[at] = less;
                progress |= attempt(&mut list, next);
            }
        }
        if !progress {
            return list;
        }
    }
}
