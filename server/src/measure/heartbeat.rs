//! Heartbeats: checks that are told, by something that runs at the customer or in a nightly job, in place of asking.
//!
//! Here: what a silence means, as a pure function; the reports on their way to the engine; and the file in which the last
//! report of each check outlives this process. Not here: the route that takes reports in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uphold_core::id::CheckId;
use uphold_core::run::Observed;
use uphold_core::time::Instant;
use uphold_probe::outcome::{Cause, Took};

use crate::config::Heartbeat;

/// Reports that wait to be taken in: at most so many, so that a flood of them fills no memory.
const WAITING_MAX: usize = 4096;

/// What was reported last, and when it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// What it said.
    pub state: Observed,
    /// When it came in, by our clock.
    pub at: Instant,
}

/// What a heartbeat says at `now`. `since` is from when on reports could be taken in without a break: of the time before, a
/// missing report proves nothing.
///
/// A report holds for `every` + `grace`. After that it is down, once so much time was watched in which none came. Until
/// then it is unknown.
#[must_use]
pub fn state(heartbeat: Heartbeat, since: Instant, last: Option<Report>, now: Instant) -> (Observed, Cause) {
    let limit = heartbeat.limit();
    match last {
        Some(report) if now <= report.at + limit => (report.state, Cause::Reported),
        _ if now > since + limit => {
            (Observed::Down, Cause::Overdue(Took(Duration::from_millis(limit.0.unsigned_abs()))))
        }
        Some(_) => (Observed::Unknown, Cause::ReportsMissed),
        None => (Observed::Unknown, Cause::NotReportedYet),
    }
}

/// Why a report was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartbeatError {
    /// No check of that name is a heartbeat.
    NoSuchCheck,
    /// Unknown is nothing that can be reported.
    NotAState,
    /// More reports wait than can be taken in, or the engine has ended.
    Busy,
}

impl fmt::Display for HeartbeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchCheck => "there is no heartbeat check of that name",
            Self::NotAState => "`unknown` cannot be reported: use `up`, `degraded` or `down`",
            Self::Busy => "more reports wait than can be taken in",
        })
    }
}

impl std::error::Error for HeartbeatError {}

/// Where reports are handed in.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    checks: Arc<RwLock<BTreeSet<CheckId>>>,
    reports: mpsc::Sender<(CheckId, Report)>,
}

impl Inbox {
    /// An inbox for these checks, and where its reports come out.
    pub(super) fn new(checks: BTreeSet<CheckId>) -> (Self, mpsc::Receiver<(CheckId, Report)>) {
        let (reports, taken) = mpsc::channel(WAITING_MAX);
        (Self { checks: Arc::new(RwLock::new(checks)), reports }, taken)
    }

    /// Takes reports for these checks from now on.
    pub(super) fn listen_for(&self, checks: BTreeSet<CheckId>) {
        *self.checks.write().unwrap_or_else(PoisonError::into_inner) = checks;
    }

    pub(super) fn report(&self, check: &CheckId, report: Report) -> Result<(), HeartbeatError> {
        if !self.checks.read().unwrap_or_else(PoisonError::into_inner).contains(check) {
            return Err(HeartbeatError::NoSuchCheck);
        }
        if report.state == Observed::Unknown {
            return Err(HeartbeatError::NotAState);
        }
        self.reports.try_send((check.clone(), report)).map_err(|_| HeartbeatError::Busy)
    }
}

/// One heartbeat as the engine follows it.
#[derive(Debug)]
pub(super) struct Pulse {
    pub(super) heartbeat: Heartbeat,
    /// From when on reports could be taken in.
    pub(super) since: Instant,
    pub(super) last: Option<Report>,
    /// The last instant and state that was recorded.
    recorded: Option<(Instant, Observed)>,
}

impl Pulse {
    pub(super) fn new(heartbeat: Heartbeat, since: Instant, last: Option<Report>) -> Self {
        // A report of the future is one of a clock that was set back since: it would hold for too long.
        Self { heartbeat, since, last: last.filter(|report| report.at <= since), recorded: None }
    }

    /// Takes a report in. What must be recorded at once is returned: a change of state, at an instant after all before it.
    pub(super) fn take(&mut self, report: Report) -> Option<(Instant, Observed, Cause)> {
        if self.last.is_some_and(|last| last.at > report.at) {
            return None;
        }
        self.last = Some(report);
        let at = match self.recorded {
            Some((_, state)) if state == report.state => return None,
            Some((at, _)) => report.at.max(Instant(at.0 + 1)),
            None => report.at,
        };
        self.recorded = Some((at, report.state));
        Some((at, report.state, Cause::Reported))
    }

    /// What is to be recorded for an instant of the grid; nothing if something later already is.
    pub(super) fn look(&mut self, slot: Instant) -> Option<(Instant, Observed, Cause)> {
        if self.recorded.is_some_and(|(at, _)| at >= slot) {
            return None;
        }
        let (state, cause) = state(self.heartbeat, self.since, self.last, slot);
        self.recorded = Some((slot, state));
        Some((slot, state, cause))
    }
}

/// The file of the last reports, beside the ledger. It is no evidence: what was observed is in the ledger.
#[derive(Debug, Clone)]
pub(super) struct File(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    check: String,
    state: String,
    at: i64,
}

impl File {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.join("heartbeats.json"))
    }

    /// What the file says; nothing where it cannot be read, which makes the checks unknown until they report.
    pub(super) fn read(&self) -> BTreeMap<CheckId, Report> {
        let Ok(text) = std::fs::read(&self.0) else { return BTreeMap::new() };
        let lines: Vec<Line> = serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(file = %self.0.display(), %error, "the last reports cannot be read and are not known");
            Vec::new()
        });
        let read = |line: Line| {
            let report = Report { state: Observed::find(&line.state)?, at: Instant(line.at) };
            Some((CheckId::parse(&line.check).ok()?, report))
        };
        lines.into_iter().filter_map(read).collect()
    }

    /// Replaces the file as a whole.
    pub(super) fn write(&self, reports: &[(CheckId, Report)]) -> std::io::Result<()> {
        let line = |(check, report): &(CheckId, Report)| Line {
            check: check.to_string(),
            state: report.state.name().to_owned(),
            at: report.at.0,
        };
        let text = serde_json::to_vec(&reports.iter().map(line).collect::<Vec<_>>())?;
        let new = self.0.with_extension("new");
        let mut file = std::fs::File::create(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(new, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::time::Millis;

    const BEAT: Heartbeat = Heartbeat { every: Millis(60_000), grace: Millis(10_000) };

    fn at(since: i64, last: Option<(Observed, i64)>, now: i64) -> (Observed, String) {
        let last = last.map(|(state, at)| Report { state, at: Instant(at) });
        let (state, cause) = state(BEAT, Instant(since), last, Instant(now));
        (state, cause.to_string())
    }

    #[test]
    fn what_never_reported_is_unknown_until_the_first_deadline_and_then_down() {
        assert_eq!(at(0, None, 0).0, Observed::Unknown);
        assert_eq!(
            at(0, None, 70_000),
            (Observed::Unknown, "nothing was reported yet, and the first report is not due".to_owned())
        );
        assert_eq!(at(0, None, 70_001), (Observed::Down, "no report within 70 s".to_owned()));
    }

    #[test]
    fn a_report_holds_for_its_time_and_the_grace_and_not_longer() {
        for said in [Observed::Up, Observed::Degraded, Observed::Down] {
            assert_eq!(at(0, Some((said, 5_000)), 75_000).0, said);
            assert_eq!(at(0, Some((said, 5_000)), 75_001).0, Observed::Down);
        }
    }

    #[test]
    fn what_may_have_been_reported_while_nobody_listened_is_unknown() {
        // The report was at 0; this process listens since 65 s, and one may have come at 60 s.
        assert_eq!(at(65_000, Some((Observed::Up, 0)), 70_000).0, Observed::Up);
        assert_eq!(at(65_000, Some((Observed::Up, 0)), 70_001).0, Observed::Unknown);
        assert_eq!(at(65_000, Some((Observed::Up, 0)), 135_000).0, Observed::Unknown);
        assert_eq!(at(65_000, Some((Observed::Up, 0)), 135_001).0, Observed::Down);
    }

    #[test]
    fn a_change_is_recorded_at_once_and_instants_only_go_forward() {
        let mut pulse = Pulse::new(BEAT, Instant(0), None);
        let instant = |seen: Option<(Instant, Observed, Cause)>| seen.map(|(at, state, _)| (at.0, state));
        assert_eq!(instant(pulse.look(Instant(10_000))), Some((10_000, Observed::Unknown)));
        let up = |at| Report { state: Observed::Up, at: Instant(at) };
        assert_eq!(instant(pulse.take(up(9_990))), Some((10_001, Observed::Up)));
        assert_eq!(instant(pulse.look(Instant(10_001))), None);
        assert_eq!(instant(pulse.take(up(12_000))), None, "no change");
        assert_eq!(instant(pulse.take(Report { state: Observed::Down, at: Instant(11_000) })), None, "an older one");
        assert_eq!(instant(pulse.look(Instant(20_000))), Some((20_000, Observed::Up)));
        assert_eq!(instant(pulse.look(Instant(90_000))), Some((90_000, Observed::Down)));
    }

    #[test]
    fn only_a_known_heartbeat_can_report_and_only_a_state() {
        let id = |text| CheckId::parse(text).unwrap();
        let (inbox, mut taken) = Inbox::new(BTreeSet::from([id("job")]));
        let report = |state| Report { state, at: Instant(1) };
        assert_eq!(inbox.report(&id("other"), report(Observed::Up)), Err(HeartbeatError::NoSuchCheck));
        assert_eq!(inbox.report(&id("job"), report(Observed::Unknown)), Err(HeartbeatError::NotAState));
        for _ in 0..WAITING_MAX {
            assert_eq!(inbox.report(&id("job"), report(Observed::Up)), Ok(()));
        }
        assert_eq!(inbox.report(&id("job"), report(Observed::Up)), Err(HeartbeatError::Busy));
        assert_eq!(taken.try_recv().unwrap(), (id("job"), report(Observed::Up)));
    }

    #[test]
    fn the_last_reports_outlive_the_process_and_a_broken_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::new(folder.path());
        assert_eq!(file.read(), BTreeMap::new());
        let reports = [(CheckId::parse("job").unwrap(), Report { state: Observed::Degraded, at: Instant(7) })];
        file.write(&reports).unwrap();
        assert_eq!(file.read(), BTreeMap::from(reports));
        std::fs::write(folder.path().join("heartbeats.json"), "[{").unwrap();
        assert_eq!(file.read(), BTreeMap::new());
    }
}
