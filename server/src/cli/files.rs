//! The files that a server measures by: reading them, and reading them again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use uphold_core::diagnostic::Severity;
use uphold_core::id::VantageId;
use uphold_core::time::{Instant, Millis};

use super::revisions::{self, Read};
use super::{Failure, count, read_file, report};
use crate::clock::Clock;
use crate::config;
use crate::configuration::{Configuration, InForce, Outcome};
use crate::error::file_failure;
use crate::ledger::keep_agreement;
use crate::measure::{Reload, ReloadError, Settings};
use crate::revisions::Revisions;
use crate::service_manager::ServiceManager;

/// Which files, and as which vantage point the checks file is read.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// Files of revisions, and folders of such files.
    pub(super) agreements: Vec<PathBuf>,
    pub(super) checks: PathBuf,
    pub(super) vantage: Option<VantageId>,
}

impl Files {
    /// Reads all files and prints what is wrong with them. What was read of the agreement comes with the settings.
    pub(super) fn read(&self, flush_every: Millis) -> Result<(Settings, Vec<Read>), Failure> {
        let read = revisions::read(&self.agreements)?;
        let (revisions, clock) = (revisions::together(&read)?, Clock::system());
        in_force_now(&revisions, clock.now())?;
        let source = read_file(&self.checks)?;
        let (covering, current) = (revisions.covering(clock.now()), revisions.in_force(clock.now()));
        let reading = config::read_checks_of(&source, super::folder_of(&self.checks), &covering, current);
        let name = self.checks.display().to_string();
        err!("{}", report::render(&reading.findings, &source, &name, false));
        let errors = reading.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let mut checks = reading.checks.ok_or_else(|| {
            Failure::new(format!("the checks file `{name}` has {}", count(errors, "error", "errors")))
                .help("mend them and start again; nothing was changed")
        })?;
        if let Some(vantage) = self.vantage.as_ref().filter(|vantage| **vantage != checks.vantage) {
            checks = checks.seen_from(vantage).ok_or_else(|| {
                Failure::new(format!("the checks file `{name}` has no vantage point `{vantage}`"))
                    .help("list it in `vantage_points`")
            })?;
        }
        let settings = Settings { revisions, checks, flush_every, clock };
        Ok((settings, read))
    }

    /// The same files by paths that mean the same from every folder.
    fn absolute(&self) -> Result<Self, Failure> {
        // Links stay links: whoever changes where one leads changes the file.
        let whole = |path: &Path| std::path::absolute(path).map_err(|error| file_failure("read", path, error));
        let agreements = self.agreements.iter().map(|path| whole(path)).collect::<Result<_, _>>()?;
        Ok(Self { agreements, checks: whole(&self.checks)?, vantage: self.vantage.clone() })
    }
}

/// Reads the files again whenever this process gets SIGHUP, and hands them to the engine.
#[derive(Debug)]
pub(super) struct Reloading {
    files: Files,
    data: PathBuf,
    configuration: Configuration,
    reload: mpsc::Sender<Reload>,
    clock: Clock,
    hangup: Signal,
}

impl Reloading {
    /// Writes down which files are in force.
    pub(super) fn begin(
        files: &Files,
        data: &Path,
        in_force: InForce,
        reload: mpsc::Sender<Reload>,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let files = files.absolute()?;
        // Before anybody can read where to send the signal: without a handler it would end this process.
        let hangup =
            signal(SignalKind::hangup()).map_err(|error| Failure::new("cannot listen for SIGHUP").because(error))?;
        let configuration = Configuration {
            v: 2,
            agreements: files.agreements.clone(),
            checks: files.checks.clone(),
            vantage: files.vantage.as_ref().map(ToString::to_string),
            in_force,
            reloads: 0,
            last_reload: None,
        };
        configuration.write(data)?;
        Ok(Self { files, data: data.to_owned(), configuration, reload, clock, hangup })
    }

    /// Waits for SIGHUP, for ever. The service manager hears of each.
    pub(super) async fn run(mut self, manager: Arc<ServiceManager>) {
        while self.hangup.recv().await.is_some() {
            manager.reloading();
            self.again().await;
            manager.ready();
        }
    }

    async fn again(&mut self) {
        let now = self.clock.now();
        let (outcome, in_force) = match self.apply().await {
            Ok((facts, in_force)) => {
                tracing::info!(facts, "the configuration was read again and is in force");
                (Outcome::applied(now, facts), in_force)
            }
            Err(failure) => {
                tracing::error!("the configuration was read again and is not in force: {failure}");
                (Outcome::refused(now, said(&failure)), self.configuration.in_force.clone())
            }
        };
        self.configuration.reloads += 1;
        (self.configuration.last_reload, self.configuration.in_force) = (Some(outcome), in_force);
        if let Err(failure) = self.configuration.write(&self.data) {
            tracing::error!("what came of reading the configuration again cannot be written down: {failure}");
        }
    }

    async fn apply(&self) -> Result<(usize, InForce), Failure> {
        let (files, data) = (self.files.clone(), self.data.clone());
        let read = tokio::task::spawn_blocking(move || {
            let (settings, agreements) = files.read(Millis(0))?;
            keep(&data, &agreements)?;
            Ok::<_, Failure>(settings)
        });
        let settings = read.await.map_err(|error| Failure::new("the files cannot be read").because(error))??;
        let in_force = in_force(&settings);
        let Settings { revisions, checks, .. } = settings;
        let (reply, answer) = oneshot::channel();
        let by = "signal:SIGHUP".to_owned();
        let reload = Reload { revisions, checks, by, reply };
        let failed = |error: ReloadError| {
            let help = error.help().map(str::to_owned);
            let failure = Failure::new("the files cannot come into force").because(error);
            match help {
                Some(help) => failure.help(help),
                None => failure,
            }
        };
        self.reload.send(reload).await.map_err(|_| failed(ReloadError::Ended))?;
        let facts = answer.await.unwrap_or(Err(ReloadError::Ended)).map_err(failed)?;
        Ok((facts, in_force))
    }
}

/// The digests of what was read.
pub(super) fn in_force(settings: &Settings) -> InForce {
    let agreements = settings.revisions.each().iter();
    InForce {
        agreements: agreements.map(|(agreement, digest)| (agreement.revision.clone(), digest.to_string())).collect(),
        checks: settings.checks.digest.to_string(),
    }
}

/// Keeps the texts of all revisions, for bundles and for whoever asks what was in force.
pub(super) fn keep(data: &Path, read: &[Read]) -> Result<(), Failure> {
    let kept = read.iter().try_for_each(|read| keep_agreement(data, &read.text));
    kept.map_err(|error| Failure::new("the agreement cannot be kept").because(error))
}

/// Of one revision pages say whether it is in force; of several that are not nobody could say which to show.
fn in_force_now(revisions: &Revisions, now: Instant) -> Result<(), Failure> {
    if revisions.all().len() < 2 || revisions.any_in_force(now) {
        return Ok(());
    }
    let names: Vec<String> = revisions.all().iter().map(|agreement| format!("`{}`", agreement.revision)).collect();
    let valid = revisions.valid();
    let (from, until) = (valid.from(), valid.until());
    Err(Failure::new(format!("none of the revisions {} is in force now", names.join(", ")))
        .because(match valid.until() <= now {
            true => format!("the last of them ended at {until}"),
            false => format!("the first of them begins at {from}"),
        })
        .help("give the one that is in force too"))
}

/// A failure without the word that begins it, to be told by another process.
fn said(failure: &Failure) -> String {
    let text = failure.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}
