//! Reporting to another server what this vantage point observed: its sender.
//!
//! The ledger of this server is the spool. What is sent next is worked out anew each time, from what is durable here and
//! from up to when the receiver says that it knows; so a crash on either side, a lost answer or a restored backup needs no
//! bookkeeping of its own. Not here: what the receiver takes of a report (`vantage/intake.rs`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;
use uphold_core::history::Gap;
use uphold_core::id::{Series, VantageId};
use uphold_core::ledger::book::Registration;
use uphold_core::ledger::segment::OpenRun;
use uphold_core::ledger::tree::Frontier;
use uphold_core::run::Staleness;
use uphold_core::time::{Instant, Millis};
use uphold_probe::deliver::{Post, post};
use uphold_probe::egress::Egress;
use uphold_probe::outcome::Cause;
use uphold_probe::tls::ClientConfig;
use uphold_probe::url::Url;

use super::vantage::{Desk, GAPS_MAX, REPORT_VERSION, Report, ReportedGap, ReportedSeries};
use crate::clock::Clock;
use crate::ledger::book::Book;
use crate::ledger::{BookError, LedgerError, Reader, read_book, read_on};
use crate::live::Live;

/// About how many runs one report holds; what is left goes into the next.
const RUNS: usize = 5_000;

/// How long sending one report may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The shortest and the longest time until a failed report is tried again.
const PAUSE: (u64, u64) = (1_000, 60_000);

/// A report waits so long after the one before it, and longer the larger that was.
const REST: (u64, u64) = (1_000, 200);

/// Where reports go.
pub struct Receiver {
    /// The address that takes them in.
    pub url: Url,
    /// The secret of a token that is bound to this vantage point.
    pub secret: String,
    /// Whom to trust.
    pub tls: Arc<ClientConfig>,
    /// The way out.
    pub egress: Egress,
}

impl fmt::Debug for Receiver {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Sends what one ledger says of one vantage point.
#[derive(Debug)]
pub struct Reporter {
    receiver: Receiver,
    vantage: VantageId,
    clock: Clock,
    desk: Desk,
    follower: Option<Follower>,
    path: PathBuf,
    /// Up to when the receiver knows what was observed here.
    after: Option<Instant>,
}

/// A book that follows a ledger that another part of this process writes.
#[derive(Debug)]
struct Follower {
    reader: Reader,
    book: Book,
    tree: Frontier,
}

/// Why a report was not taken in. It is tried again.
#[derive(Debug)]
pub enum ReportError {
    /// The own ledger could not be read.
    Book(BookError),
    /// No answer came back.
    Send(Cause),
    /// It was refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the answer says.
        detail: String,
    },
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Refused { status, detail } => write!(f, "HTTP {status}: {detail}"),
        }
    }
}

impl std::error::Error for ReportError {}

impl From<LedgerError> for ReportError {
    fn from(error: LedgerError) -> Self {
        Self::Book(BookError::Ledger(error))
    }
}

impl Follower {
    fn open(path: &Path) -> Result<Self, BookError> {
        let reader = Reader::open(path)?;
        let known = read_book(path.parent().unwrap_or(Path::new(".")), &reader)?;
        Ok(Self { reader, book: known.book, tree: known.tree })
    }

    fn follow(&mut self) -> Result<(), BookError> {
        let (book, tree) = (std::mem::take(&mut self.book), std::mem::take(&mut self.tree));
        (self.book, self.tree) = read_on(&self.reader, book, tree)?;
        Ok(())
    }
}

/// What a vantage point reports next: nothing, if the receiver knows all that is durable here. `after` is up to when it says
/// that it does, `now` what the clock of the sender says.
#[must_use]
pub fn next_report(book: &Book, vantage: &VantageId, after: Option<Instant>, now: Instant) -> Option<Report> {
    report_of(book, vantage, after, now, RUNS)
}

fn report_of(book: &Book, vantage: &VantageId, after: Option<Instant>, now: Instant, most: usize) -> Option<Report> {
    let mut through = book.fold.through(vantage).filter(|through| after.is_none_or(|after| *through > after))?;
    let all: Vec<Series> = book.fold.series().filter(|series| series.vantage == *vantage).collect();
    let mut runs: Vec<(&Series, OpenRun)> = Vec::new();
    for series in &all {
        let news = apart(book.fold.bare_runs(series)).filter(|run| after.is_none_or(|after| run.last > after));
        runs.extend(news.map(|run| (series, run)));
    }
    let own = book.gaps.iter().filter(|gap| gap.vantage.as_ref() == Some(vantage));
    let mut gaps: Vec<&Gap> = own.filter(|gap| after.is_none_or(|after| gap.interval.until() >= after)).collect();
    // A part of it, if it is much: everything that began by a certain instant, which becomes what the report speaks of.
    let least = after.map_or(Instant::MIN, |after| after + Millis(1));
    let most = most.max(2 * all.len());
    runs.sort_by_key(|(_, run)| run.from);
    gaps.sort_by_key(|gap| gap.interval.from());
    let next = [runs.get(most).map(|(_, run)| run.from), gaps.get(GAPS_MAX / 2).map(|gap| gap.interval.from())];
    for from in next.into_iter().flatten() {
        through = through.min((from - Millis(1)).max(least));
    }
    runs.retain(|(_, run)| run.from <= through);
    gaps.retain(|gap| gap.interval.from() <= through);
    Some(Report {
        v: REPORT_VERSION,
        now: now.0,
        after: after.map(|after| after.0),
        through: through.0,
        registered: book.open_checks().filter(|known| known.check.series.vantage == *vantage).count() as u64,
        series: by_registration(book, vantage, runs),
        gaps: gaps.into_iter().map(reported_gap).collect(),
    })
}

/// Runs without what they overlap: of time that came twice, when a clock was set back, the first observation counts. It is
/// in a gap in any case.
fn apart(runs: impl Iterator<Item = OpenRun>) -> impl Iterator<Item = OpenRun> {
    let mut end = Instant::MIN;
    runs.filter_map(move |run| {
        let from = run.from.max(if end == Instant::MIN { end } else { end + Millis(1) });
        end = end.max(run.last);
        let n = if from == run.from { run.n } else { 1 };
        (from <= run.last).then_some(OpenRun { from, n, ..run })
    })
}

fn by_registration(book: &Book, vantage: &VantageId, runs: Vec<(&Series, OpenRun)>) -> Vec<ReportedSeries> {
    let mut by_series: std::collections::BTreeMap<&Series, Vec<OpenRun>> = std::collections::BTreeMap::new();
    for (series, run) in runs {
        by_series.entry(series).or_default().push(run);
    }
    let mut reported = Vec::new();
    for known in book.checks.iter().filter(|known| known.check.series.vantage == *vantage) {
        let active = known.check.active;
        let Some(runs) = by_series.get(&known.check.series) else { continue };
        let own = runs.iter().filter(|run| active.contains(run.last));
        let runs: Vec<_> = own.map(|run| (run.from.0, run.last.0, run.state.name().to_owned(), run.n)).collect();
        if !runs.is_empty() {
            reported.push(reported_series(known, runs));
        }
    }
    reported
}

fn reported_series(known: &Registration, runs: Vec<(i64, i64, String, u64)>) -> ReportedSeries {
    let Registration { check, interval, definition } = known;
    ReportedSeries {
        check: check.series.check.to_string(),
        solution: check.scope.solution.to_string(),
        interface: check.scope.interface.to_string(),
        interval_ms: interval.0,
        staleness_ms: match check.staleness {
            Staleness::After(limit) => Some(limit.0),
            Staleness::None => None,
        },
        definition: definition.to_string(),
        from: check.active.from().0,
        until: Some(check.active.until()).filter(|until| *until != Instant::MAX).map(|until| until.0),
        runs,
    }
}

fn reported_gap(gap: &Gap) -> ReportedGap {
    let (from, until) = (gap.interval.from().0, gap.interval.until().0);
    ReportedGap { id: gap.id.clone(), from, until, why: gap.why.clone() }
}

/// What the receiver answers; only what is needed of it.
#[derive(Debug, Deserialize)]
struct Answer {
    through: Option<i64>,
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<Known>,
}

#[derive(Debug, Deserialize)]
struct Known {
    through: Option<i64>,
}

impl Reporter {
    /// A reporter of the ledger at `path`.
    #[must_use]
    pub fn new(receiver: Receiver, vantage: VantageId, path: PathBuf, clock: Clock, desk: Desk) -> Self {
        desk.tell_uplink(|_| {});
        Self { receiver, vantage, clock, desk, follower: None, path, after: None }
    }

    /// Reports until the engine ends, whose picture `live` is; then once more what it recorded last.
    pub async fn run(mut self, mut live: watch::Receiver<Arc<Live>>) {
        let (mut pause, mut said) = (PAUSE.0, None);
        loop {
            let rest = match self.send_all().await {
                Ok(bytes) => {
                    if said.take().is_some() {
                        tracing::info!(to = %self.receiver.url, "reports are taken in again");
                    }
                    pause = PAUSE.0;
                    if live.changed().await.is_err() {
                        break;
                    }
                    REST.0 + bytes as u64 / REST.1
                }
                Err(error) => {
                    let text = error.to_string();
                    if said.as_ref() != Some(&text) {
                        tracing::warn!(to = %self.receiver.url, %error, "reports are not taken in; they are kept and tried again");
                        said = Some(text);
                    }
                    let wait = pause / 2 + jitter(pause / 2);
                    pause = (pause * 2).min(PAUSE.1);
                    wait
                }
            };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(rest)) => {}
                () = ended(&mut live) => break,
            }
        }
        if let Err(error) = self.send_all().await {
            tracing::warn!(%error, "what was observed last is not reported yet; the next start does it");
        }
    }

    /// Reports everything that is durable here and not known there. Returns how many bytes that took.
    ///
    /// # Errors
    /// When the own ledger cannot be read, no answer comes, or a report is refused.
    pub async fn send_all(&mut self) -> Result<usize, ReportError> {
        let mut bytes = 0;
        while let Some(report) = self.next().await? {
            match self.send(&report).await {
                Ok(sent) => bytes += sent,
                Err(error) => {
                    self.desk.tell_uplink(|uplink| uplink.failed += 1);
                    return Err(error);
                }
            }
        }
        Ok(bytes)
    }

    async fn next(&mut self) -> Result<Option<Report>, ReportError> {
        let (follower, path) = (self.follower.take(), self.path.clone());
        let (vantage, after, now) = (self.vantage.clone(), self.after, self.clock.now());
        let made = tokio::task::spawn_blocking(move || {
            let mut follower = match follower {
                Some(follower) => follower,
                None => Follower::open(&path).map_err(ReportError::Book)?,
            };
            follower.follow().map_err(ReportError::Book)?;
            let report = next_report(&follower.book, &vantage, after, now);
            Ok::<_, ReportError>((follower, report))
        });
        let (follower, report) = super::joined(made.await)?;
        self.follower = Some(follower);
        Ok(report)
    }

    async fn send(&mut self, report: &Report) -> Result<usize, ReportError> {
        let body = serde_json::to_vec(report).unwrap_or_default();
        let length = body.len();
        let bearer = ("authorization".to_owned(), format!("Bearer {}", self.receiver.secret));
        let (url, headers, tls) = (self.receiver.url.clone(), vec![bearer], Arc::clone(&self.receiver.tls));
        let request = Post { url, headers, body, timeout: PATIENCE, tls };
        let reply = post(&self.receiver.egress, &request).await.map_err(ReportError::Send)?;
        let refused = |detail: String| ReportError::Refused { status: reply.status, detail };
        let answer: Answer = serde_json::from_slice(&reply.body)
            .map_err(|_| refused("the answer is none of a server of Uphold".to_owned()))?;
        let known = match (reply.status, answer.through) {
            (200, Some(through)) => {
                self.desk.tell_uplink(|uplink| uplink.sent += 1);
                Some(Instant(through))
            }
            (409, _) if answer.code == "out-of-step" => {
                let known = answer.errors.first().and_then(|known| known.through).map(Instant);
                // The same answer to the same question would be asked for ever.
                if known == self.after {
                    return Err(refused(answer.detail));
                }
                known
            }
            _ => return Err(refused(answer.detail)),
        };
        self.after = known;
        self.desk.tell_uplink(|uplink| uplink.acknowledged = known);
        Ok(length)
    }
}

/// Ready when nobody publishes any more.
async fn ended(live: &mut watch::Receiver<Arc<Live>>) {
    let mut other = live.clone();
    while other.changed().await.is_ok() {}
}

/// A random number below `most`, so that many senders do not come back at once.
fn jitter(most: u64) -> u64 {
    let mut random = [0; 8];
    // Without random numbers all of them come back at once, which is a nuisance and no error.
    let _ = getrandom::fill(&mut random);
    u64::from_be_bytes(random) % most.max(1)
}

#[cfg(test)]
mod tests {
    use super::super::vantage::intake;
    use super::*;
    use uphold_core::id::{CheckId, FactId, InterfaceId, SolutionId};
    use uphold_core::interval::Interval;
    use uphold_core::ledger::digest::Digest;
    use uphold_core::ledger::fact::{self, Fact};
    use uphold_core::ledger::segment::{Segment, segment_of};
    use uphold_core::run::Observed;

    fn osaka() -> VantageId {
        VantageId::parse("osaka").unwrap()
    }

    fn series(check: &str) -> Series {
        Series { check: CheckId::parse(check).unwrap(), vantage: osaka() }
    }

    /// A book with two registered series.
    fn book() -> Book {
        let mut book = Book::default();
        for check in ["a", "b"] {
            let fact = Fact::Check(fact::Check {
                id: FactId::parse(check).unwrap(),
                by: "test".to_owned(),
                series: series(check),
                solution: SolutionId::parse("s").unwrap(),
                interface: InterfaceId::parse("i").unwrap(),
                interval: Millis(10),
                staleness: Staleness::None,
                active: Interval::new(Instant(0), Instant::MAX).unwrap(),
                definition: Digest::of(&[b"d"]),
            });
            book.apply(&fact, None, Instant(0)).unwrap();
        }
        book
    }

    fn flush(book: &mut Book, through: i64, runs: &[(&str, i64, i64, Observed)]) {
        let run = |from: i64, last: i64, state| {
            let n = u64::try_from((last - from) / 10 + 1).unwrap();
            OpenRun { from: Instant(from), last: Instant(last), state, n }
        };
        let runs = runs.iter().map(|(check, from, last, state)| (series(check).check, run(*from, *last, *state)));
        let segment = Segment::new(osaka(), Instant(through), runs.collect()).unwrap();
        book.fold.apply(&segment, Instant(through));
    }

    /// Takes every report into another book, as an engine does, and says how many there were.
    fn reported(there: &Book, here: &mut Book, most: usize) -> usize {
        let now = Instant(1_000_000);
        for count in 0..1_000 {
            let after = here.fold.through(&osaka());
            let Some(report) = report_of(there, &osaka(), after, now, most) else { return count };
            let taken = intake(&report, &osaka(), here, now).unwrap();
            let segment = segment_of(&here.fold, &osaka(), &taken.runs, Instant(report.through)).unwrap();
            here.fold.apply(&segment, now);
        }
        panic!("there is no end of it");
    }

    fn runs(book: &Book, check: &str) -> Vec<OpenRun> {
        book.fold.bare_runs(&series(check)).collect()
    }

    #[test]
    fn much_is_reported_in_parts_that_add_up_to_the_whole() {
        let mut there = book();
        // One is steady all the while, the other changes at every instant.
        for step in 0..100 {
            let at = step * 20;
            let state = if step % 2 == 0 { Observed::Up } else { Observed::Down };
            flush(&mut there, at + 15, &[("a", 0, at + 10, Observed::Up), ("b", at, at + 10, state)]);
        }
        for (most, least) in [(5, 20), (1_000, 1)] {
            let mut here = book();
            let count = reported(&there, &mut here, most);
            assert!(count >= least && (most < 1_000 || count == 1), "{count} reports of {most}");
            assert_eq!(runs(&here, "a"), runs(&there, "a"));
            assert_eq!(runs(&here, "b"), runs(&there, "b"));
            assert_eq!(here.fold.through(&osaka()), there.fold.through(&osaka()));
        }
    }

    #[test]
    fn many_gaps_are_reported_in_parts_and_none_is_left_out() {
        let mut there = book();
        for number in 0..350 {
            let (from, until) = (Instant(number * 20), Instant(number * 20 + 15));
            let gap = fact::ObserverGap {
                id: FactId::parse(&format!("gap-{number}")).unwrap(),
                by: "test".to_owned(),
                vantage: Some(osaka()),
                span: Interval::new(from, until).unwrap(),
                why: "a test".to_owned(),
            };
            there.apply(&Fact::ObserverGap(gap), None, until).unwrap();
        }
        flush(&mut there, 7_000, &[("a", 0, 6_990, Observed::Up)]);
        let (mut after, mut told) = (None, std::collections::BTreeSet::new());
        while let Some(report) = report_of(&there, &osaka(), after, Instant(9_000), 1_000) {
            assert!(report.gaps.len() <= GAPS_MAX);
            told.extend(report.gaps.into_iter().map(|gap| gap.id));
            after = Some(Instant(report.through));
        }
        assert_eq!((told.len(), after), (350, Some(Instant(7_000))));
    }

    #[test]
    fn time_that_came_twice_is_reported_once_and_stops_nothing() {
        let mut there = book();
        flush(&mut there, 500, &[("a", 0, 500, Observed::Up)]);
        let mut here = book();
        assert_eq!(reported(&there, &mut here, 1_000), 1);
        // The clock was set back to 300: until it is 500 again, nothing is news.
        flush(&mut there, 400, &[("a", 300, 400, Observed::Down), ("a", 0, 500, Observed::Up)]);
        assert_eq!(reported(&there, &mut here, 1_000), 0);
        flush(&mut there, 700, &[("a", 300, 700, Observed::Down), ("a", 0, 500, Observed::Up)]);
        assert_eq!(reported(&there, &mut here, 1_000), 1);
        flush(&mut there, 800, &[("a", 300, 800, Observed::Down), ("a", 0, 500, Observed::Up)]);
        assert_eq!(reported(&there, &mut here, 1_000), 1);
        let seen: Vec<_> = runs(&here, "a").iter().map(|run| (run.from.0, run.last.0, run.state)).collect();
        assert_eq!(seen, [(0, 500, Observed::Up), (501, 800, Observed::Down)]);
    }
}
