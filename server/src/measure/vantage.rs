//! Vantage points over the network: what another measuring place reports, and what is known of those that do.
//!
//! A report says, in order and since the last one that was taken in, what one vantage point observed, and in which time it
//! was not watching. The engine that it is delivered to makes a segment of it against its own book (`intake.rs`), so that
//! its ledger does not depend on how another one was written. Not here: HTTP on either side, and the sender (`reporter.rs`).

mod intake;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use uphold_core::id::VantageId;
use uphold_core::time::{Instant, Millis};

use crate::config::Checks;
use crate::ledger::book::Book;

pub(super) use intake::{by, intake};

/// The version of reports that this program writes and reads.
pub const REPORT_VERSION: u32 = 1;

/// An instant that lies further ahead of this server's clock than this is refused: the clock of the sender is wrong.
pub const FUTURE_MAX: Millis = Millis(60_000);

/// What reports of one vantage point may cost: each so much time, and more by its length; so much may be saved up.
const COST: Millis = Millis(500);
const BYTES_PER_MILLI: usize = 200;
const SAVED_MAX: Millis = Millis(60_000);

/// How many gaps one report may hold. Each is a fact.
pub const GAPS_MAX: usize = 200;

/// How many reports may wait for the engine.
const WAITING_MAX: usize = 16;

/// What one vantage point observed since it last reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The version of the format.
    pub v: u32,
    /// What the sender's clock said when this was sent, in milliseconds.
    pub now: i64,
    /// Up to when the sender believes that the receiver knows it; absent, if it believes that nothing is known.
    pub after: Option<i64>,
    /// Up to when this report speaks.
    pub through: i64,
    /// How many series the sender has registered.
    pub registered: u64,
    /// What it observed after `after`, a registration at a time.
    pub series: Vec<ReportedSeries>,
    /// When it was not watching.
    pub gaps: Vec<ReportedGap>,
}

/// What was observed under one registration of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedSeries {
    /// The check.
    pub check: String,
    /// What it measures.
    pub solution: String,
    /// What it measures.
    pub interface: String,
    /// How often it observes.
    pub interval_ms: i64,
    /// How long an observation may be trusted; absent for ever.
    pub staleness_ms: Option<i64>,
    /// The SHA-256 of what it asks and expects.
    pub definition: String,
    /// From when on this registration holds.
    pub from: i64,
    /// Until when; absent where it holds still.
    pub until: Option<i64>,
    /// Whole runs, each `[from, last, state, n]`, rising and apart from each other.
    pub runs: Vec<(i64, i64, String, u64)>,
}

/// A time in which the vantage point was not watching.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedGap {
    /// The id of the fact.
    pub id: String,
    /// From when.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// Why.
    pub why: String,
}

/// What a report that was taken in has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Up to when this vantage point is known now, durably.
    pub through: Instant,
    /// How many of the reported series are registered here with the same definition.
    pub matched: usize,
    /// How many are not: what they observed is not taken in.
    pub unmatched: usize,
}

/// Why a report is refused. Nothing of it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No vantage point of that name reports to this server.
    NoSuchPoint,
    /// It does not begin where the last one ended.
    OutOfStep {
        /// Up to when this vantage point is known.
        through: Option<Instant>,
    },
    /// It speaks of a time that has not come.
    Future {
        /// How far ahead.
        ahead: Millis,
    },
    /// It is not what a report must be.
    Malformed(String),
    /// It contradicts itself, or what was reported before.
    Contradiction(String),
    /// Too many came in too short a time.
    TooMany,
    /// It could not be recorded.
    NotRecorded,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPoint => f.write_str("no vantage point of that name reports to this server"),
            Self::OutOfStep { through: Some(through) } => {
                write!(f, "the report must begin after {through}, up to when this vantage point is known")
            }
            Self::OutOfStep { through: None } => {
                f.write_str("the report must begin at the beginning: nothing is known of this vantage point")
            }
            Self::Future { ahead } => {
                write!(
                    f,
                    "the report speaks of a time {ahead} ahead of this server's clock; set the clock of the sender"
                )
            }
            Self::Malformed(what) | Self::Contradiction(what) => f.write_str(what),
            Self::TooMany => f.write_str("too many reports came in too short a time"),
            Self::NotRecorded => f.write_str("the report could not be recorded; the server's log says why"),
        }
    }
}

impl std::error::Error for Refused {}

/// A report on its way to the engine.
#[derive(Debug)]
pub struct Delivery {
    /// Whose it is.
    pub vantage: VantageId,
    /// What it says.
    pub report: Report,
    /// Gets the answer, when what was taken in is on disk.
    pub reply: oneshot::Sender<Result<Accepted, Refused>>,
}

/// One vantage point as this server knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Whether it is this server itself.
    pub own: bool,
    /// Up to when its observations are recorded.
    pub through: Option<Instant>,
    /// How many series it should have, by the checks file of this server.
    pub series: usize,
    /// When it last reported, by the clock of this server, since this server started.
    pub last_report: Option<Instant>,
    /// How far its clock was ahead of this server's when its last report came in, the way of the report included.
    pub clock_skew: Option<Millis>,
    /// Whether that is more than the checks file permits.
    pub is_skewed: bool,
    /// How many series it has registered, by its last report.
    pub reported_series: Option<u64>,
    /// How many series of its last report have another definition here, or none.
    pub unmatched: usize,
    /// How many reports were taken in since this server started.
    pub taken: u64,
    /// How many were refused since then.
    pub refused: u64,
}

/// How the reports that this server sends go, if it sends any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uplink {
    /// Up to when the other server has said that it knows what was observed here.
    pub acknowledged: Option<Instant>,
    /// How many reports were taken in.
    pub sent: u64,
    /// How many could not be delivered, or were refused.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct State {
    points: BTreeMap<VantageId, Point>,
    /// What reports may still cost, and when that was so.
    allowance: BTreeMap<VantageId, (Millis, Millis)>,
    clock_skew: Millis,
    uplink: Option<Uplink>,
}

/// Where reports are handed in, and what is known of those who send them.
#[derive(Debug, Clone)]
pub struct Desk {
    deliveries: mpsc::Sender<Delivery>,
    state: Arc<Mutex<State>>,
}

impl Desk {
    /// A desk that nobody reports to yet, and where its deliveries come out.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Delivery>) {
        let (deliveries, delivered) = mpsc::channel(WAITING_MAX);
        (Self { deliveries, state: Arc::default() }, delivered)
    }

    /// Every vantage point of the checks file.
    #[must_use]
    pub fn points(&self) -> Vec<(VantageId, Point)> {
        self.state().points.iter().map(|(vantage, point)| (vantage.clone(), *point)).collect()
    }

    /// How this server's own reports go.
    #[must_use]
    pub fn uplink(&self) -> Option<Uplink> {
        self.state().uplink
    }

    /// Hands in a report of so many bytes and waits until it is recorded or refused. `now` and `monotonic` are this
    /// server's clocks.
    ///
    /// # Errors
    /// Why it is refused.
    pub async fn deliver(
        &self,
        vantage: VantageId,
        report: Report,
        bytes: usize,
        (now, monotonic): (Instant, Millis),
    ) -> Result<Accepted, Refused> {
        let known = (vantage.clone(), report.registered, Millis(report.now.saturating_sub(now.0)));
        let done = match self.admit(&vantage, bytes, monotonic) {
            Ok(()) => self.hand_over(vantage, report).await,
            Err(refused) => Err(refused),
        };
        self.note(known, now, &done);
        done
    }

    async fn hand_over(&self, vantage: VantageId, report: Report) -> Result<Accepted, Refused> {
        let (reply, answer) = oneshot::channel();
        let delivery = Delivery { vantage, report, reply };
        self.deliveries.send(delivery).await.map_err(|_| Refused::NotRecorded)?;
        answer.await.map_err(|_| Refused::NotRecorded)?
    }

    /// Whether another report of this vantage point, of so many bytes, may come now.
    fn admit(&self, vantage: &VantageId, bytes: usize, monotonic: Millis) -> Result<(), Refused> {
        let mut state = self.state();
        if state.points.get(vantage).is_none_or(|point| point.own) {
            return Err(Refused::NoSuchPoint);
        }
        let cost = COST + Millis(i64::try_from(bytes / BYTES_PER_MILLI).unwrap_or(i64::MAX / 2));
        let (left, at) = state.allowance.entry(vantage.clone()).or_insert((SAVED_MAX, monotonic));
        *left = (*left + (monotonic - *at)).min(SAVED_MAX);
        *at = monotonic;
        if *left < cost {
            return Err(Refused::TooMany);
        }
        *left = *left - cost;
        Ok(())
    }

    fn note(
        &self,
        (vantage, registered, skew): (VantageId, u64, Millis),
        now: Instant,
        done: &Result<Accepted, Refused>,
    ) {
        let mut state = self.state();
        let limit = state.clock_skew;
        let Some(point) = state.points.get_mut(&vantage).filter(|point| !point.own) else { return };
        let was_skewed = std::mem::replace(&mut point.is_skewed, skew.0.saturating_abs() > limit.0);
        (point.last_report, point.clock_skew) = (Some(now), Some(skew));
        if point.is_skewed && !was_skewed {
            tracing::warn!(%vantage, %skew, "the clock of a vantage point is off; set it right");
        }
        match done {
            Ok(accepted) => {
                if accepted.unmatched > 0 && point.unmatched != accepted.unmatched {
                    let series = accepted.unmatched;
                    tracing::warn!(%vantage, series, "a vantage point measures by other definitions; what differs is unknown");
                }
                point.taken += 1;
                (point.reported_series, point.unmatched) = (Some(registered), accepted.unmatched);
            }
            // That is how a sender learns where to begin.
            Err(Refused::OutOfStep { .. }) => {}
            // A line for each would be a flood of its own.
            Err(Refused::TooMany) => point.refused += 1,
            Err(refused) => {
                point.refused += 1;
                tracing::warn!(%vantage, %refused, "a report of a vantage point is refused");
            }
        }
    }

    /// Takes over what the book and the checks file say.
    pub(super) fn refresh(&self, book: &Book, checks: &Checks) {
        let mut state = self.state();
        state.clock_skew = checks.limits.clock_skew;
        state.points.retain(|vantage, _| checks.vantage_points.contains(vantage));
        for vantage in &checks.vantage_points {
            let point = state.points.entry(vantage.clone()).or_default();
            point.own = *vantage == checks.vantage;
            point.through = book.fold.through(vantage);
            point.series = checks.checks.iter().filter(|check| check.vantage_points.contains(vantage)).count();
        }
    }

    /// Says how this server's own reports go.
    pub(super) fn tell_uplink(&self, change: impl FnOnce(&mut Uplink)) {
        change(self.state().uplink.get_or_insert_default());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it stays whole whoever panicked: every change is one assignment after another.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_refused_and_time_earns_room_again() {
        let (desk, _deliveries) = Desk::new();
        let osaka = VantageId::parse("osaka").unwrap();
        assert_eq!(desk.admit(&osaka, 0, Millis(0)), Err(Refused::NoSuchPoint));
        desk.state().points.insert(osaka.clone(), Point::default());
        for _ in 0..SAVED_MAX.0 / COST.0 {
            assert_eq!(desk.admit(&osaka, 0, Millis(0)), Ok(()));
        }
        assert_eq!(desk.admit(&osaka, 0, COST - Millis(1)), Err(Refused::TooMany));
        assert_eq!(desk.admit(&osaka, 0, COST), Ok(()));
        assert_eq!(desk.admit(&osaka, 0, COST), Err(Refused::TooMany));
        // The largest report that comes in at all can be paid for.
        let later = Millis(2 * SAVED_MAX.0);
        assert_eq!(desk.admit(&osaka, 4 << 20, later), Ok(()));
        assert_eq!(desk.admit(&osaka, 4 << 20, later), Ok(()));
        assert_eq!(desk.admit(&osaka, 4 << 20, later), Err(Refused::TooMany));
    }
}
