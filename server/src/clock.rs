//! The one place that reads a clock. Tests steer time through [`Clock::manual`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use uphold_core::time::{Instant, Millis};

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clocks.
    System {
        /// When the monotonic clock was first read.
        start: std::time::Instant,
    },
    /// A test's hand.
    Manual(Arc<ManualTime>),
}

/// Time that moves when a test says so.
#[derive(Debug, Default)]
pub struct ManualTime {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl ManualTime {
    /// Lets time pass: both clocks go on by `length`.
    pub fn pass(&self, length: Millis) {
        self.wall.fetch_add(length.0, Ordering::SeqCst);
        self.monotonic.fetch_add(length.0, Ordering::SeqCst);
    }

    /// Steps the wall clock alone, as a person or a time server does.
    pub fn step(&self, by: Millis) {
        self.wall.fetch_add(by.0, Ordering::SeqCst);
    }
}

impl Clock {
    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let start = std::time::Instant::now();
        Self::System { start }
    }

    /// A clock that stands at `now` until its hand is moved.
    #[must_use]
    pub fn manual(now: Instant) -> (Self, Arc<ManualTime>) {
        let time = Arc::new(ManualTime { wall: AtomicI64::new(now.0), monotonic: AtomicI64::new(0) });
        (Self::Manual(Arc::clone(&time)), time)
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Self::System { .. } => Instant(jiff::Timestamp::now().as_millisecond()),
            Self::Manual(time) => Instant(time.wall.load(Ordering::SeqCst)),
        }
    }

    /// Time since the clock was made, which no one can step.
    #[must_use]
    pub fn monotonic(&self) -> Millis {
        match self {
            Self::System { start } => Millis(i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)),
            Self::Manual(time) => Millis(time.monotonic.load(Ordering::SeqCst)),
        }
    }
}

/// The kernel's monotonic clock in microseconds, which the service manager compares with its own.
#[must_use]
pub fn boot_micros() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_moves_the_wall_clock_and_not_the_monotonic_one() {
        let (clock, hand) = Clock::manual(Instant(1_000));
        hand.pass(Millis(50));
        hand.step(Millis(-500));
        assert_eq!((clock.now(), clock.monotonic()), (Instant(550), Millis(50)));
    }
}
