//! What `uphold serve` does beside measuring and serving: telling people, looking at the clock, and telling the service manager.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use uphold_core::diagnostic::Severity;

use super::{Failure, count, folder_of, read_file, report};
use crate::clock::Clock;
use crate::clock_sync::{self, ClockSync};
use crate::config::alerts::{Alerts, read_alerts};
use crate::live::Live;
use crate::measure::Handle;
use crate::notify::{self, Board, Notifier, Open};
use crate::service_manager::ServiceManager;
use uphold_core::agreement::Agreement;

/// How often it is looked at the clock.
const CLOCK_EVERY: Duration = Duration::from_secs(60);

/// How often the service manager is told how it goes.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// An alerts file with its secrets read.
pub(super) struct Telling {
    pub(super) alerts: Alerts,
    pub(super) channels: Vec<Open>,
}

/// Reads an alerts file and its secrets, and prints what is wrong with it.
pub(super) fn read_telling(path: &Path, agreement: Option<&Agreement>) -> Result<Telling, Failure> {
    let alerts = read_alerts_file(path, agreement)?;
    let channels = alerts.channels.iter().map(notify::open).collect::<Result<_, _>>()?;
    Ok(Telling { alerts, channels })
}

/// Reads an alerts file and prints what is wrong with it.
pub(super) fn read_alerts_file(path: &Path, agreement: Option<&Agreement>) -> Result<Alerts, Failure> {
    let source = read_file(path)?;
    let reading = read_alerts(&source, folder_of(path), agreement);
    let name = path.display().to_string();
    err!("{}", report::render(&reading.findings, &source, &name, false));
    let errors = reading.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    reading.alerts.ok_or_else(|| {
        Failure::new(format!("the alerts file `{name}` has {}", count(errors, "error", "errors")))
            .help("mend them and start again; nothing was changed")
    })
}

/// The tasks. They end when this is dropped or ended.
pub(super) struct Background {
    stop: Option<oneshot::Sender<()>>,
    telling: Option<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    manager: Arc<ServiceManager>,
}

impl Background {
    /// Begins everything but what `ready` says.
    pub(super) fn begin(
        telling: Option<Telling>,
        data: &Path,
        handle: &Handle,
        clock: &Clock,
        board: &Board,
        manager: Arc<ServiceManager>,
    ) -> Self {
        let mut all = Self { stop: None, telling: None, others: Vec::new(), manager };
        let alerts = telling.as_ref().map(|telling| telling.alerts.clone());
        if let Some(telling) = telling {
            let (live, clock, board) = (handle.live.clone(), clock.clone(), board.clone());
            let notifier = Notifier::start(data, telling.alerts, telling.channels, live, clock, board);
            let (stop, stopped) = oneshot::channel();
            all.stop = Some(stop);
            all.telling = Some(tokio::spawn(notifier.run(async move {
                let _ = stopped.await;
            })));
        }
        all.others.push(tokio::spawn(watch_clock(alerts, clock.clone(), board.clone())));
        all.others.push(tokio::spawn(tell_manager(Arc::clone(&all.manager), handle.clone(), clock.clone())));
        all
    }

    pub(super) fn ready(&self) {
        self.manager.ready();
    }

    pub(super) fn stopping(&self) {
        self.manager.stopping();
    }

    /// Ends the tasks; what is being handed over is waited for, shortly.
    pub(super) async fn end(self) {
        drop(self.stop);
        for task in &self.others {
            task.abort();
        }
        if let Some(telling) = self.telling
            && telling.await.is_err()
        {
            tracing::error!("telling people ended in a defect of uphold");
        }
    }
}

/// Looks at the clock again and again; the log is told when it is another state than before.
async fn watch_clock(alerts: Option<Alerts>, clock: Clock, board: Board) {
    let server = alerts.as_ref().and_then(|alerts| alerts.time_server.clone());
    let egress = alerts.as_ref().map(notify::egress).unwrap_or_default();
    let timesync = PathBuf::from(clock_sync::TIMESYNC);
    let mut looks = tokio::time::interval(CLOCK_EVERY);
    loop {
        looks.tick().await;
        let sync = clock_sync::look(&clock, &egress, server.as_ref(), &timesync).await;
        let said = sync.to_string();
        let is_bad = matches!(sync, ClockSync::NotSynchronised(_));
        if board.set_clock(sync, clock.now()) {
            if is_bad { tracing::warn!("{said}") } else { tracing::info!("{said}") }
        }
    }
}

/// Tells the service manager that we are alive, while the engine ticks and no longer, and how it goes.
async fn tell_manager(manager: Arc<ServiceManager>, handle: Handle, clock: Clock) {
    let watchdog = manager.watchdog();
    let mut beats = tokio::time::interval(watchdog.unwrap_or(STATUS_EVERY).min(STATUS_EVERY));
    loop {
        beats.tick().await;
        if manager.may_hear_of_life(clock.monotonic() - handle.last_tick()) {
            manager.alive();
        }
        manager.status(&status(&handle.live));
    }
}

fn status(live: &watch::Receiver<Arc<Live>>) -> String {
    let live = live.borrow().clone();
    let (checks, facts) = (live.checks.len(), live.ledger.size);
    match live.not_recorded_since {
        Some(since) => format!("nothing can be recorded since {since}"),
        None => {
            format!("{} measured, {facts} facts, as known at {}", count(checks, "check", "checks"), live.as_known_at)
        }
    }
}
