//! Numbers that look random and are the same for the same seed.

/// A generator (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which must be positive.
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        let limit = limit.max(1).unsigned_abs();
        i64::try_from(self.roll() % limit).unwrap_or(0)
    }

    /// A length from `least` on, most often short and seldom up to 32 times as long.
    pub(super) fn length(&mut self, least: i64) -> i64 {
        let doubled = self.roll().trailing_ones().min(4);
        (least << doubled) + self.below(least << doubled)
    }
}
