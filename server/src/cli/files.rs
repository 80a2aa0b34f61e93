//! The files that a server measures by: reading them, and reading them again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use uphold_core::diagnostic::Severity;
use uphold_core::id::VantageId;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::Millis;

use super::{Failure, count, read_agreement, read_file, report};
use crate::clock::Clock;
use crate::config;
use crate::configuration::{Configuration, InForce, Outcome};
use crate::error::file_failure;
use crate::ledger::keep_agreement;
use crate::measure::{Reload, ReloadError, Settings};
use crate::service_manager::ServiceManager;

/// Which files, and as which vantage point the checks file is read.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) agreement: PathBuf,
    pub(super) checks: PathBuf,
    pub(super) vantage: Option<VantageId>,
}

impl Files {
    /// Reads both files and prints what is wrong with them. The text of the agreement comes with the settings.
    pub(super) fn read(&self, flush_every: Millis) -> Result<(Settings, String), Failure> {
        let (agreement, agreement_source) = read_agreement(&self.agreement)?;
        let source = read_file(&self.checks)?;
        let reading = config::read_checks(&source, super::folder_of(&self.checks), &agreement);
        let name = self.checks.display().to_string();
        eprint!("{}", report::render(&reading.findings, &source, &name, false));
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
        let settings = Settings {
            agreement: Arc::new(agreement),
            agreement_digest: Digest::of(&[agreement_source.as_bytes()]),
            checks,
            flush_every,
            clock: Clock::system(),
        };
        Ok((settings, agreement_source))
    }

    /// The same files by paths that mean the same from every folder.
    fn absolute(&self) -> Result<Self, Failure> {
        // Links stay links: whoever changes where one leads changes the file.
        let whole = |path: &Path| std::path::absolute(path).map_err(|error| file_failure("read", path, error));
        Ok(Self { agreement: whole(&self.agreement)?, checks: whole(&self.checks)?, vantage: self.vantage.clone() })
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
            v: 1,
            agreement: files.agreement.clone(),
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
            let (settings, agreement) = files.read(Millis(0))?;
            let kept = keep_agreement(&data, &agreement);
            kept.map_err(|error| Failure::new("the agreement cannot be kept").because(error))?;
            Ok::<_, Failure>(settings)
        });
        let settings = read.await.map_err(|error| Failure::new("the files cannot be read").because(error))??;
        let in_force = in_force(&settings);
        let Settings { agreement, agreement_digest, checks, .. } = settings;
        let (reply, answer) = oneshot::channel();
        let by = "signal:SIGHUP".to_owned();
        let reload = Reload { agreement, agreement_digest, checks, by, reply };
        let failed = |error: ReloadError| Failure::new("the files cannot come into force").because(error);
        self.reload.send(reload).await.map_err(|_| failed(ReloadError::Ended))?;
        let facts = answer.await.unwrap_or(Err(ReloadError::Ended)).map_err(failed)?;
        Ok((facts, in_force))
    }
}

/// The digests of what was read.
pub(super) fn in_force(settings: &Settings) -> InForce {
    InForce { agreement: settings.agreement_digest.to_string(), checks: settings.checks.digest.to_string() }
}

/// A failure without the word that begins it, to be told by another process.
fn said(failure: &Failure) -> String {
    let text = failure.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}
