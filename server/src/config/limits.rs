//! How much is asked at once: of one target, and in all. A probe that a limit holds back too long is not started, and its
//! time becomes unknown by staleness.

use uphold_core::document::{Item, Table};
use uphold_core::time::Millis;

/// The limits of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many probes may be under way at once to one host and port.
    pub per_target: u32,
    /// How many may be started within a second to one host and port.
    pub per_target_second: u32,
    /// How many may be under way in all.
    pub in_flight: u32,
    /// How far the clock of a vantage point that reports may be off before it is said to be.
    pub clock_skew: Millis,
}

impl Default for Limits {
    /// Far above what a configuration that is meant needs: a hundred checks of one service every second stay below.
    fn default() -> Self {
        Self { per_target: 500, per_target_second: 5_000, in_flight: 10_000, clock_skew: Millis(2_000) }
    }
}

/// Reads `[limits]`.
pub(super) fn read(root: &mut Table<'_, '_>) -> Limits {
    let base = Limits::default();
    let Some(mut table) = root.table("limits") else { return base };
    let mut one = |key, otherwise| table.option(key, Item::positive).map_or(otherwise, |found| found.value);
    let (per_target, per_target_second, in_flight) = (
        one("probes_per_target", base.per_target),
        one("probes_per_target_second", base.per_target_second),
        one("probes_in_flight", base.in_flight),
    );
    let clock_skew = table.option("clock_skew", Item::length).map_or(base.clock_skew, |found| found.value);
    let limits = Limits { per_target, per_target_second, in_flight, clock_skew };
    table.finish();
    limits
}
