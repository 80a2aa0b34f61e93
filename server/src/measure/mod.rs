//! Measuring: ticks start probes, outcomes become runs, runs become facts, facts become the picture that is shown.
//!
//! [`Engine`] is driven by [`Engine::run`] in the server and step by step in tests, by the same methods. What is shown is
//! always in the ledger first. Not here: how a probe measures (`uphold_probe`), what runs mean (`uphold_core`).

mod append;
mod evidence;
mod gate;
pub mod heartbeat;
mod publish;
pub mod recorder;
mod reload;
pub mod reporter;
pub mod retention;
mod revisions;
pub mod schedule;
mod snapshots;
mod start;
pub mod vantage;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use uphold_core::id::{CheckId, Series};
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{Fact, Measurement};
use uphold_core::ledger::segment::Segment;
use uphold_core::run::Observed;
use uphold_core::time::{Instant, Millis};
use uphold_probe::Check;
use uphold_probe::egress::Egress;
use uphold_probe::outcome::{Cause, Outcome, Phases};

use crate::clock::Clock;
use crate::config::{CheckDefinition, Checks, Retention, Source, TICK};
use crate::ledger::book::Book;
use crate::ledger::{Ledger, LedgerError, NewFact, Receipt};
use crate::live::{Counters, Lags, Live};
use crate::revisions::Revisions;
use append::{Appending, Waiting, appending};
use gate::Gate;
use publish::{Publishing, drawn};
use recorder::{Recorder, Snapshot};
use reload::Changing;
use retention::{Erase, Erasing, erasing};
use schedule::Schedule;
use snapshots::{Snapshots, kept};
use vantage::{Delivery, Desk};

pub use append::Append;
pub(crate) use publish::picture;
pub use reload::{Reload, ReloadError};
pub use revisions::{CannotJudge, MissingRevision, must_judge, must_stay};
pub use start::StartError;
pub(crate) use start::definitions;

/// How often the durable checkpoint is renewed: after a crash, what was observed since the last one is unknown.
pub const CHECKPOINT_EVERY: Millis = Millis(5_000);

/// A probe that could not be started within this time of its instant is not started: it would be dated wrongly.
const LATE_MAX: Millis = Millis(1_000);

/// Ticks further apart than this mean that this process was not running: what timed out meanwhile says nothing.
const STALL: Millis = Millis(1_000);

/// What the engine is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The revisions of the agreement.
    pub revisions: Revisions,
    /// What is measured.
    pub checks: Checks,
    /// The longest time between two flushes of runs.
    pub flush_every: Millis,
    /// Where the time comes from.
    pub clock: Clock,
}

/// How many requests to record may wait.
const TOLD_MAX: usize = 256;

/// Counts that any task may read.
#[derive(Debug, Default)]
struct SharedCounters {
    started: AtomicU64,
    finished: AtomicU64,
    missed: AtomicU64,
    held_back: AtomicU64,
    lags: [AtomicU64; Lags::BOUNDS.len() + 1],
    lag_sum: AtomicI64,
    failed_writes: AtomicU64,
    /// When the last tick was, by the monotonic clock.
    ticked: AtomicI64,
}

/// What the rest of the program holds of a running engine.
#[derive(Debug, Clone)]
pub struct Handle {
    /// The picture; it changes whenever facts were recorded.
    pub live: watch::Receiver<Arc<Live>>,
    /// Takes facts to be recorded.
    pub tell: mpsc::Sender<Append>,
    /// Takes what other vantage points report, and knows of them.
    pub desk: Desk,
    /// Takes a configuration that is to come into force.
    pub reload: mpsc::Sender<Reload>,
    /// Takes requests to erase what is old.
    pub erase: mpsc::Sender<Erase>,
    /// How long what was observed is to be kept.
    pub retention: watch::Receiver<Retention>,
    counters: Arc<SharedCounters>,
    inbox: heartbeat::Inbox,
}

impl Handle {
    /// Takes in what something outside reports of itself: `at` is when the report came in, by the clock of this server and
    /// never by the sender's. It is seen at the next tick, and a change of state is dated to `at`.
    ///
    /// # Errors
    /// When no heartbeat check has that name, the state is none that can be reported, or too many reports wait.
    pub fn report_heartbeat(
        &self,
        check: &CheckId,
        state: Observed,
        at: Instant,
    ) -> Result<(), heartbeat::HeartbeatError> {
        self.inbox.report(check, heartbeat::Report { state, at })
    }

    /// When the engine ticked last, by the monotonic clock: what no longer ticks no longer measures.
    #[must_use]
    pub fn last_tick(&self) -> Millis {
        Millis(self.counters.ticked.load(Ordering::Relaxed))
    }

    /// How the measuring goes.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            probes_started: self.counters.started.load(Ordering::Relaxed),
            probes_finished: self.counters.finished.load(Ordering::Relaxed),
            slots_missed: self.counters.missed.load(Ordering::Relaxed),
            slots_held_back: self.counters.held_back.load(Ordering::Relaxed),
            last_tick: self.last_tick(),
            tick_lags: Lags {
                counts: std::array::from_fn(|class| self.counters.lags[class].load(Ordering::Relaxed)),
                sum: Millis(self.counters.lag_sum.load(Ordering::Relaxed)),
            },
            failed_writes: self.counters.failed_writes.load(Ordering::Relaxed),
        }
    }
}

/// Measures, records and publishes.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    ledger: Arc<Ledger>,
    book: Book,
    targets: Vec<Target>,
    /// The place of each target by its key, which a probe under way knows it by.
    keys: HashMap<u64, usize>,
    next_key: u64,
    recorder: Recorder,
    schedule: Schedule,
    gate: Gate,
    /// What was due and is held back by a limit, by the key of its target.
    waiting: VecDeque<(u64, Instant)>,
    egress: Arc<Egress>,
    outcomes: (mpsc::UnboundedSender<Finished>, mpsc::UnboundedReceiver<Finished>),
    in_flight: usize,
    inbox: heartbeat::Inbox,
    reports: mpsc::Receiver<(CheckId, heartbeat::Report)>,
    reports_file: heartbeat::File,
    /// Reports came in that are not in the file yet.
    reports_changed: bool,
    /// A run began that is not in the ledger yet.
    changed: bool,
    last_flush: Millis,
    last_checkpoint: Millis,
    /// The wall clock and the monotonic one at the last tick.
    last_tick: Option<(Instant, Millis)>,
    last_stall: Option<Millis>,
    /// Gaps that were found, and evidence, that are not in the ledger yet.
    found: Vec<Fact>,
    /// Keeps evidence of failures.
    keeper: evidence::Keeper,
    /// Where browsers keep their profiles while a check runs.
    profiles: PathBuf,
    flush: Option<Flush>,
    /// What others tell, and what of it is being written.
    told: (mpsc::Sender<Append>, mpsc::Receiver<Append>),
    desk: Desk,
    deliveries: mpsc::Receiver<Delivery>,
    reloads: (mpsc::Sender<Reload>, mpsc::Receiver<Reload>),
    append: Option<Appending>,
    erases: (mpsc::Sender<Erase>, mpsc::Receiver<Erase>),
    erasing: Option<Erasing>,
    retention: watch::Sender<Retention>,
    /// What is recorded after the flush under way.
    waiting_append: Option<Waiting>,
    retry: Retry,
    publishing: Publishing,
    /// The data folder.
    folder: PathBuf,
    snapshots: Snapshots,
    head: (u64, Digest),
    checkpoint: Option<JoinHandle<Result<(), LedgerError>>>,
    live: watch::Sender<Arc<Live>>,
    counters: Arc<SharedCounters>,
}

/// One check as this vantage point runs it.
#[derive(Debug)]
struct Target {
    /// Names it for as long as its definition stays.
    key: u64,
    check: Arc<CheckDefinition>,
    /// Which host and port it asks.
    name: Arc<str>,
    series: Series,
    in_flight: bool,
    /// Why the latest observation was what it was.
    cause: Option<Cause>,
    /// What is known of it, where it is a heartbeat.
    pulse: Option<heartbeat::Pulse>,
    /// What was kept of its failures.
    kept: evidence::Tally,
}

/// A probe that ended.
#[derive(Debug)]
struct Finished {
    target: u64,
    name: Arc<str>,
    slot: Instant,
    started: Millis,
    outcome: Outcome,
}

impl Finished {
    /// What is reported of a probe that never came to an outcome: that says nothing of its target.
    fn defect(target: &Target, slot: Instant, started: Millis) -> Self {
        let outcome =
            Outcome { state: Observed::Unknown, phases: Phases::default(), cause: Cause::Defect, evidence: None };
        Self { target: target.key, name: Arc::clone(&target.name), slot, started, outcome }
    }
}

/// Reports a probe's outcome when it is dropped, so that one that panics is reported, too.
struct Report {
    outcomes: mpsc::UnboundedSender<Finished>,
    finished: Option<Finished>,
}

impl Drop for Report {
    fn drop(&mut self) {
        // Nobody listens only when the engine has ended, and then nobody needs to know.
        if let Some(finished) = self.finished.take() {
            let _ = self.outcomes.send(finished);
        }
    }
}

/// A flush that is being written.
#[derive(Debug)]
struct Flush {
    snapshot: Snapshot,
    facts: Vec<Fact>,
    /// What comes into force when it is written.
    changing: Option<Changing>,
    written: JoinHandle<Result<Vec<Receipt>, LedgerError>>,
}

/// When to try again to write, after a failure.
#[derive(Debug, Default)]
struct Retry {
    /// Since when nothing could be written.
    since: Option<Instant>,
    not_before: Millis,
    pause: Millis,
}

impl Engine {
    /// What the rest of the program may hold of it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            live: self.live.subscribe(),
            tell: self.told.0.clone(),
            desk: self.desk.clone(),
            reload: self.reloads.0.clone(),
            erase: self.erases.0.clone(),
            retention: self.retention.subscribe(),
            counters: Arc::clone(&self.counters),
            inbox: self.inbox.clone(),
        }
    }

    /// Measures until `stop` is ready, then records what is left.
    ///
    /// # Errors
    /// When the ledger can no longer be written at all, or what was left at the end could not be recorded.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), LedgerError> {
        let mut stop = std::pin::pin!(stop);
        let mut ticks = tokio::time::interval(Duration::from_millis(TICK.0.unsigned_abs()));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                // In this order: a stall must be seen before the outcomes that it spoiled.
                biased;
                () = &mut stop => break,
                _ = ticks.tick() => {
                    self.tick();
                    self.flush_if_due();
                    self.checkpoint_if_due();
                    self.draw_if_behind();
                    self.keep_snapshot_if_due();
                    self.keeper.expire_if_due(self.settings.clock.now(), self.settings.clock.monotonic());
                }
                done = written(&mut self.flush) => {
                    self.flushed(done).or_else(|error| if error.is_final() { Err(error) } else { Ok(()) })?;
                }
                done = saved(&mut self.checkpoint) => self.checkpoint_saved(done),
                done = appending(&mut self.append) => self.appended(done),
                live = drawn(&mut self.publishing) => self.publish(live),
                done = kept(&mut self.snapshots) => self.snapshot_kept(done),
                Some(reload) = self.reloads.1.recv(), if self.is_idle() => self.begin_reload(reload),
                Some(request) = self.told.1.recv(), if self.is_idle() => {
                    self.begin_after_flush(Waiting::Told(request));
                }
                Some(delivery) = self.deliveries.recv(), if self.is_idle() => {
                    self.begin_after_flush(Waiting::Delivery(delivery));
                }
                Some(request) = self.erases.1.recv(), if self.erasing.is_none() => self.begin_erasing(request),
                done = erasing(&mut self.erasing), if self.is_idle() => self.erased(done),
                Some(finished) = self.outcomes.1.recv() => self.take(finished),
            }
        }
        self.leave_off_erasing();
        self.tick_heartbeats();
        self.save_reports(&self.reports_file);
        // A failure of the flush under way does not matter if the last one succeeds.
        let _ = self.finish_flush().await;
        self.finish_append().await;
        self.keeper.settle().await;
        self.begin_flush();
        let done = self.finish_flush().await;
        self.finish_picture().await;
        self.keep_last_snapshot().await;
        done
    }

    /// Starts every probe that is due.
    pub fn tick(&mut self) {
        let (now, monotonic) = (self.settings.clock.now(), self.settings.clock.monotonic());
        self.counters.ticked.store(monotonic.0, Ordering::Relaxed);
        if let Some((wall, last)) = self.last_tick.replace((now, monotonic)) {
            let (apart, stepped) = (monotonic - last, (now - wall) - (monotonic - last));
            let lag = Millis((apart.0 - TICK.0).max(0));
            self.counters.lags[Lags::class(lag)].fetch_add(1, Ordering::Relaxed);
            self.counters.lag_sum.fetch_add(lag.0, Ordering::Relaxed);
            if apart > STALL {
                self.last_stall = Some(monotonic);
                tracing::warn!(length = %apart, "the process was not running; what failed meanwhile is unknown");
            }
            if stepped.0.abs() > STALL.0 {
                self.last_stall = Some(monotonic);
                self.clock_stepped(wall, now);
            }
            // What is shown is of what is recorded: a revision that comes into force is shown with the next fact.
            self.changed |= self.settings.revisions.changes_within(wall, now);
        }
        if self.last_stall == Some(monotonic) {
            self.restart_heartbeats(now);
        }
        self.tick_heartbeats();
        let (due, passed_over) = self.schedule.take(now);
        let mut missed = passed_over;
        let waiting = std::mem::take(&mut self.waiting);
        missed += self.begin_due(waiting, now, monotonic, true);
        let due = due.into_iter().map(|due| (self.targets[due.check].key, due.slot)).collect();
        missed += self.begin_due(due, now, monotonic, false);
        self.counters.missed.fetch_add(missed, Ordering::Relaxed);
    }

    /// Starts what is due, as far as the limits permit; what they hold back waits. Returns how much is too late.
    fn begin_due(&mut self, due: VecDeque<(u64, Instant)>, now: Instant, monotonic: Millis, waited: bool) -> u64 {
        let mut missed = 0;
        for (key, slot) in due {
            // What waited for a limit may have been taken away since.
            let Some(target) = self.keys.get(&key).map(|place| &self.targets[*place]) else { continue };
            if target.in_flight || now - slot > LATE_MAX {
                missed += 1;
                self.counters.held_back.fetch_add(u64::from(waited), Ordering::Relaxed);
                continue;
            }
            match &target.check.source {
                Source::Heartbeat(_) => self.look(self.keys[&key], slot),
                Source::Probe(check) if self.gate.admit(&target.name, monotonic) => {
                    let check = Arc::clone(check);
                    self.probe(self.keys[&key], slot, check, monotonic);
                }
                Source::Probe(_) => self.waiting.push_back((key, slot)),
            }
        }
        missed
    }

    /// Whether nothing is being written.
    fn is_idle(&self) -> bool {
        self.flush.is_none() && self.append.is_none()
    }

    /// The wall clock jumped, or the machine slept: of the time in between, or of the time that comes twice, nobody can
    /// say what was observed when.
    fn clock_stepped(&mut self, before: Instant, after: Instant) {
        tracing::warn!(%before, %after, "the clock was stepped; the time in between is unknown");
        let why = "the clock was stepped";
        self.found.extend(start::gap(&self.settings, Some(&self.settings.checks.vantage), before, after, why));
        self.changed = true;
    }

    fn probe(&mut self, place: usize, slot: Instant, check: Arc<Check>, started: Millis) {
        let (egress, outcomes) = (Arc::clone(&self.egress), self.outcomes.0.clone());
        let target = &mut self.targets[place];
        target.in_flight = true;
        let defect = Finished::defect(target, slot, started);
        self.in_flight += 1;
        self.counters.started.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let mut report = Report { outcomes, finished: Some(defect) };
            let outcome = uphold_probe::measure(&check, &egress, slot).await;
            if let Some(finished) = &mut report.finished {
                finished.outcome = outcome;
            }
        });
    }

    /// Waits until no probe is under way and takes all their outcomes, with what is kept of them.
    pub async fn settle(&mut self) {
        while self.in_flight > 0 {
            if let Some(finished) = self.outcomes.1.recv().await {
                self.take(finished);
            }
        }
        self.keeper.settle().await;
    }

    fn take(&mut self, finished: Finished) {
        self.in_flight -= 1;
        self.gate.ended(&finished.name);
        self.counters.finished.fetch_add(1, Ordering::Relaxed);
        // A probe of a check that was changed or taken away meanwhile says nothing of what is measured now.
        let Some(place) = self.keys.get(&finished.target).copied() else { return };
        self.targets[place].in_flight = false;
        let late = self.last_tick.is_some_and(|(_, last)| self.settings.clock.monotonic() - last > STALL);
        let stalled = late || self.last_stall.is_some_and(|stall| stall >= finished.started);
        let (state, cause) = match finished.outcome.state {
            // An answer that waited for us may look slow, as well as lost.
            Observed::Down | Observed::Degraded if stalled => (Observed::Unknown, Cause::Stalled),
            state => (state, finished.outcome.cause),
        };
        let (at, per_day) = (finished.slot, self.settings.checks.evidence.per_day);
        let target = &mut self.targets[place];
        if target.kept.take(per_day, at, state) {
            let (series, phases, evidence) =
                (target.series.clone(), finished.outcome.phases, finished.outcome.evidence);
            self.keeper.keep(evidence::Seen { series, at, state, cause: cause.clone(), phases, evidence });
        }
        self.observe(place, at, state, cause);
    }

    fn observe(&mut self, target: usize, at: Instant, state: Observed, cause: Cause) {
        let target = &mut self.targets[target];
        let staleness = target.check.staleness;
        target.cause = Some(cause);
        if self.recorder.observe(&target.series, staleness, at, state) {
            self.changed = true;
        }
    }

    /// Takes in the reports that came since the last tick.
    fn tick_heartbeats(&mut self) {
        while let Ok((check, report)) = self.reports.try_recv() {
            let target = self.targets.iter_mut().position(|target| target.series.check == check);
            let Some(target) = target else { continue };
            self.reports_changed = true;
            let seen = self.targets[target].pulse.as_mut().and_then(|pulse| pulse.take(report));
            if let Some((at, state, cause)) = seen {
                self.observe(target, at, state, cause);
            }
        }
    }

    /// Looks at a heartbeat that is due.
    fn look(&mut self, place: usize, slot: Instant) {
        let seen = self.targets[place].pulse.as_mut().and_then(|pulse| pulse.look(slot));
        if let Some((at, state, cause)) = seen {
            self.observe(place, at, state, cause);
        }
    }

    /// Reports may have been lost: from now on they are waited for anew.
    fn restart_heartbeats(&mut self, now: Instant) {
        for pulse in self.targets.iter_mut().filter_map(|target| target.pulse.as_mut()) {
            pulse.since = now;
        }
    }

    /// Writes down the last reports.
    fn save_reports(&self, file: &heartbeat::File) {
        let reports = self.last_reports();
        if self.reports_changed
            && let Err(error) = file.write(&reports)
        {
            tracing::error!(%error, "the last reports cannot be written down");
        }
    }

    fn last_reports(&self) -> Vec<(CheckId, heartbeat::Report)> {
        let last = |target: &Target| Some((target.series.check.clone(), target.pulse.as_ref()?.last?));
        self.targets.iter().filter_map(last).collect()
    }

    /// Begins to record what was observed, if a run began or the time has come, and no flush is under way.
    pub fn flush_if_due(&mut self) {
        let now = self.settings.clock.monotonic();
        let due = now - self.last_flush >= self.settings.flush_every;
        let is_ready = self.changed || due || self.keeper.is_ready();
        if is_ready && self.is_idle() && now >= self.retry.not_before {
            self.begin_flush();
        }
    }

    fn begin_flush(&mut self) {
        self.begin_flush_with(self.settings.clock.now(), Vec::new(), None);
    }

    /// Begins to record what was observed up to `through`, and more facts with it, all of it or nothing.
    fn begin_flush_with(&mut self, through: Instant, more: Vec<Fact>, changing: Option<Changing>) {
        let snapshot = match self.recorder.snapshot(&self.book.fold, through) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::error!(%error, "observations contradict each other and cannot be recorded");
                return;
            }
        };
        let bytes = snapshot.segment.encode();
        let fact = Fact::Measurement(Measurement {
            id: start::fact_id("measurement", through),
            by: start::author(&self.settings),
            vantage: self.settings.checks.vantage.clone(),
            through: snapshot.segment.through(),
            segment: Digest::of(&[&bytes]),
            runs: snapshot.segment.runs().len() as u64,
        });
        let mut news = vec![NewFact { fact: fact.clone(), segment: Some(bytes) }];
        let mut facts = vec![fact];
        facts.extend(more);
        facts.append(&mut self.found);
        facts.append(&mut self.keeper.ready());
        news.extend(facts.iter().skip(1).map(|fact| NewFact { fact: fact.clone(), segment: None }));
        let ledger = Arc::clone(&self.ledger);
        self.changed = false;
        self.last_flush = self.settings.clock.monotonic();
        let written = tokio::spawn(async move { ledger.append(news).await });
        self.flush = Some(Flush { snapshot, facts, changing, written });
    }

    /// Waits for the flush that is under way, if any.
    ///
    /// # Errors
    /// When it failed. What was observed stays, and a later flush tries again.
    pub async fn finish_flush(&mut self) -> Result<(), LedgerError> {
        if self.flush.is_none() {
            return Ok(());
        }
        let done = written(&mut self.flush).await;
        let done = self.flushed(done);
        self.finish_picture().await;
        done
    }

    /// Takes a fact into the book that the ledger has just got.
    fn take_in(&mut self, fact: &Fact, segment: Option<&Segment>, receipt: &Receipt) {
        if let Err(error) = self.book.apply(fact, segment, receipt.recorded_at) {
            tracing::error!(error = &error as &dyn std::error::Error, "a fact is recorded that cannot be judged");
        }
        self.head = (receipt.tree_size, receipt.root);
    }

    /// Takes in what was flushed, and begins what waited for it.
    fn flushed(&mut self, done: Written) -> Result<(), LedgerError> {
        let done = self.take_flushed(done);
        if let Some(waiting) = self.waiting_append.take() {
            self.begin_waiting(waiting);
        }
        done
    }

    fn take_flushed(&mut self, done: Written) -> Result<(), LedgerError> {
        let Some(flush) = self.flush.take() else { return Ok(()) };
        let now = self.settings.clock.monotonic();
        match done {
            Ok(receipts) => {
                for (fact, receipt) in flush.facts.iter().zip(&receipts) {
                    let segment = matches!(fact, Fact::Measurement(_)).then_some(&flush.snapshot.segment);
                    self.take_in(fact, segment, receipt);
                }
                self.recorder.recorded(&flush.snapshot);
                if let Some(since) = std::mem::take(&mut self.retry).since {
                    tracing::info!(%since, "observations can be recorded again");
                }
                self.publishing.fall_behind();
                if let Some(changing) = flush.changing {
                    self.change(changing);
                }
                Ok(())
            }
            Err(error) => {
                if let Some(changing) = flush.changing {
                    changing.refuse(&error);
                }
                // What was observed stays with the recorder, and a later tick tries again.
                self.changed = true;
                let found = |fact: &Fact| matches!(fact, Fact::ObserverGap(_) | Fact::Evidence(_));
                self.found.extend(flush.facts.into_iter().filter(found));
                self.counters.failed_writes.fetch_add(1, Ordering::Relaxed);
                if self.retry.since.is_none() {
                    tracing::error!(error = &error as &dyn std::error::Error, "observations cannot be recorded");
                    self.retry.since = Some(self.settings.clock.now());
                    self.publishing.hurry();
                }
                self.retry.pause = Millis((self.retry.pause.0 * 2).clamp(1_000, 30_000));
                self.retry.not_before = now + self.retry.pause;
                Err(error)
            }
        }
    }

    /// Begins to save what a crash must not lose, if the time has come.
    pub fn checkpoint_if_due(&mut self) {
        let now = self.settings.clock.monotonic();
        if now - self.last_checkpoint < CHECKPOINT_EVERY || self.checkpoint.is_some() {
            return;
        }
        self.last_checkpoint = now;
        let Ok(snapshot) = self.recorder.snapshot(&self.book.fold, self.settings.clock.now()) else { return };
        let (ledger, vantage) = (Arc::clone(&self.ledger), self.settings.checks.vantage.clone());
        let reports =
            std::mem::take(&mut self.reports_changed).then(|| (self.reports_file.clone(), self.last_reports()));
        self.checkpoint = Some(tokio::spawn(async move {
            if let Some((file, reports)) = reports
                && let Ok(Err(error)) = tokio::task::spawn_blocking(move || file.write(&reports)).await
            {
                tracing::error!(%error, "the last reports cannot be written down");
            }
            ledger.save_checkpoint(&vantage, snapshot.segment.encode()).await
        }));
    }

    /// Waits for the checkpoint that is being saved, if any.
    pub async fn finish_checkpoint(&mut self) {
        if self.checkpoint.is_some() {
            let done = saved(&mut self.checkpoint).await;
            self.checkpoint_saved(done);
        }
    }

    fn checkpoint_saved(&mut self, done: Result<(), LedgerError>) {
        self.checkpoint = None;
        if let Err(error) = done {
            self.counters.failed_writes.fetch_add(1, Ordering::Relaxed);
            tracing::error!(error = &error as &dyn std::error::Error, "the checkpoint cannot be saved");
        }
    }
}

type Written = Result<Vec<Receipt>, LedgerError>;

/// Ready when the flush under way is written; never, when there is none.
async fn written(flush: &mut Option<Flush>) -> Written {
    match flush {
        Some(flush) => joined((&mut flush.written).await),
        None => std::future::pending().await,
    }
}

async fn saved(checkpoint: &mut Option<JoinHandle<Result<(), LedgerError>>>) -> Result<(), LedgerError> {
    match checkpoint {
        Some(task) => joined(task.await),
        None => std::future::pending().await,
    }
}

/// A task of ours that panicked is a defect: it must not be taken for success.
fn joined<T>(done: Result<T, tokio::task::JoinError>) -> T {
    match done {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
