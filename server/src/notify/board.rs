//! How telling people goes, and what is known of the clock: what any other task may read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uphold_core::time::Instant;

use crate::clock_sync::ClockSync;

/// What is shown of both. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Shown>>);

/// What stands on the board.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Each channel by its name.
    pub channels: BTreeMap<String, Counts>,
    /// What is known of the clock, and since when; nothing before the first look.
    pub clock: Option<(ClockSync, Instant)>,
}

/// The messages of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Handed over.
    pub sent: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Given up, for whatever reason.
    pub lost: u64,
    /// On their way.
    pub waiting: u64,
    /// The other side said that nothing will ever be taken there.
    pub disabled: bool,
}

impl Board {
    /// What stands there now.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.lock().clone()
    }

    /// Writes down what is known of the clock; since when, and whether it is another state than before.
    pub fn set_clock(&self, sync: ClockSync, now: Instant) -> bool {
        let mut shown = self.lock();
        let since = shown.clock.as_ref().filter(|(before, _)| before.name() == sync.name()).map(|(_, since)| *since);
        shown.clock = Some((sync, since.unwrap_or(now)));
        since.is_none()
    }

    pub(super) fn count(&self, channel: &str, change: impl FnOnce(&mut Counts)) {
        change(self.lock().channels.entry(channel.to_owned()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        // Numbers are whole whatever became of who wrote them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
