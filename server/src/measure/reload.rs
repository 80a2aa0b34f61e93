//! Changing the configuration while measuring: an agreement and a checks file take the place of those in force.
//!
//! What was observed so far is flushed with the change, in one append: after it the ledger has both or neither. A check that
//! stays as it is keeps everything: its state, its instants, the probe that is under way. One that changes begins anew, like
//! one that is added. Not here: reading the files, and telling whoever asked (`configuration.rs`, `cli`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use uphold_core::id::{AgreementId, CheckId, VantageId};
use uphold_core::time::{Instant, Millis};
use uphold_probe::egress::{Egress, Resolver};

use super::revisions::{self, CannotJudge, MissingRevision};
use super::{Engine, Settings, Target, evidence, heartbeat, start};
use crate::config::{CheckDefinition, Checks, Source, TICK};
use crate::ledger::LedgerError;
use crate::ledger::book::Book;
use crate::revisions::Revisions;

/// A request to measure by other files.
#[derive(Debug)]
pub struct Reload {
    /// The revisions of the agreement to judge by.
    pub revisions: Revisions,
    /// What is measured from now on.
    pub checks: Checks,
    /// Who says so.
    pub by: String,
    /// Gets how many facts say what changed, when they are on disk and in force.
    pub reply: oneshot::Sender<Result<usize, ReloadError>>,
}

/// Why a configuration did not come into force. Nothing was changed.
#[derive(Debug, Clone)]
pub enum ReloadError {
    /// It is another agreement, and no revision of the one in force.
    OtherAgreement {
        /// The one in force.
        ours: AgreementId,
        /// The one in the file.
        theirs: AgreementId,
    },
    /// It gives this vantage point another name.
    OtherVantage {
        /// Its name.
        ours: VantageId,
        /// The name in the file.
        theirs: VantageId,
    },
    /// A revision that judged time is not among the new ones.
    Missing(MissingRevision),
    /// The new revisions leave open what is recorded.
    Judge(CannotJudge),
    /// What changed could not be recorded.
    Ledger(LedgerError),
    /// Measuring has ended.
    Ended,
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherAgreement { ours, theirs } => {
                write!(f, "`{theirs}` is another agreement than `{ours}`, which is in force")
            }
            Self::OtherVantage { ours, theirs } => {
                write!(f, "the vantage point `{ours}` cannot become `{theirs}` while it measures; restart the server")
            }
            Self::Missing(missing) => missing.fmt(f),
            Self::Judge(open) => open.fmt(f),
            Self::Ledger(_) => f.write_str("what changed cannot be recorded"),
            Self::Ended => f.write_str("measuring has ended"),
        }
    }
}

impl ReloadError {
    /// What to do about it, if there is one thing to do.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Missing(_) => Some(MissingRevision::HELP),
            Self::Judge(open) => open.help(),
            _ => None,
        }
    }
}

impl std::error::Error for ReloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ledger(error) => Some(error),
            _ => None,
        }
    }
}

/// A change that is being written with the flush before it.
#[derive(Debug)]
pub(super) struct Changing {
    settings: Settings,
    at: Instant,
    facts: usize,
    reply: oneshot::Sender<Result<usize, ReloadError>>,
}

impl Changing {
    pub(super) fn refuse(self, error: &LedgerError) {
        // Whoever asked may have gone.
        let _ = self.reply.send(Err(ReloadError::Ledger(error.clone())));
    }
}

impl Engine {
    /// Begins to change the configuration, or refuses to. Nothing else may be under way.
    pub(super) fn begin_reload(&mut self, reload: Reload) {
        let Reload { revisions, checks, by, reply } = reload;
        let (ours, theirs) = (self.settings.revisions.id().clone(), revisions.id().clone());
        if ours != theirs {
            let _ = reply.send(Err(ReloadError::OtherAgreement { ours, theirs }));
            return;
        }
        let (ours, theirs) = (self.settings.checks.vantage.clone(), checks.vantage.clone());
        if ours != theirs {
            let _ = reply.send(Err(ReloadError::OtherVantage { ours, theirs }));
            return;
        }
        let now = self.settings.clock.now();
        let may =
            revisions::may_go(&self.book, &self.settings.revisions, &revisions, now).map_err(ReloadError::Missing);
        let may = may.and_then(|()| {
            let judged = revisions::must_judge(&self.book, self.settings.revisions.all(), revisions.all());
            judged.map_err(ReloadError::Judge)
        });
        if let Err(error) = may {
            let _ = reply.send(Err(error));
            return;
        }
        if let Some(browsers) = &checks.browsers {
            // A folder of their own: what the browsers so far are doing goes on in theirs.
            let profiles = self.profiles.join(self.settings.clock.now().0.to_string());
            let made = std::fs::create_dir_all(&self.profiles).and_then(|()| browsers.keep_in(&profiles));
            if let Err(error) = made {
                let _ = reply.send(Err(ReloadError::Ledger(LedgerError::io(&profiles, error))));
                return;
            }
        }
        let (flush_every, clock) = (self.settings.flush_every, self.settings.clock.clone());
        // The flush speaks of this instant too, so the change is of the next.
        let now = clock.now();
        let settings = Settings { revisions, checks, flush_every, clock };
        let facts = start::definitions(&self.book, &settings, now + Millis(1), &by);
        let changing = Changing { settings, at: now, facts: facts.len(), reply };
        self.begin_flush_with(now, facts, Some(changing));
    }

    /// Measures by the new configuration from now on. What says so is in the book.
    pub(super) fn change(&mut self, changing: Changing) {
        let Changing { settings, at, facts, reply } = changing;
        let mut old: Vec<Option<Target>> = std::mem::take(&mut self.targets).into_iter().map(Some).collect();
        let known: BTreeMap<CheckId, usize> =
            old.iter().flatten().enumerate().map(|(place, target)| (target.check.id.clone(), place)).collect();
        let mut places = Vec::new();
        for check in settings.checks.own() {
            let place = known.get(&check.id).copied();
            let kept = place.filter(|place| old[*place].as_ref().is_some_and(|target| is_same(&target.check, check)));
            places.push((kept, check.interval));
            let target = match kept.and_then(|place| old[place].take()) {
                Some(target) => Target { check: Arc::clone(check), ..target },
                None => {
                    let last = place.and_then(|place| old[place].as_ref()?.pulse.as_ref()?.last);
                    self.next_key += 1;
                    Target::new(self.next_key, check, &settings.checks.vantage, at, last, &self.book)
                }
            };
            self.targets.push(target);
        }
        for gone in old.into_iter().flatten() {
            self.recorder.forget(&gone.series);
        }
        self.schedule = self.schedule.changed(&places, TICK, at + Millis(1));
        self.keys = self.targets.iter().enumerate().map(|(place, target)| (target.key, place)).collect();
        self.gate.limits = settings.checks.limits;
        self.keeper.limit(settings.checks.evidence);
        self.retention.send_replace(settings.checks.retention);
        self.inbox.listen_for(heartbeats(&self.targets));
        self.egress = egress(&settings.checks);
        self.settings = settings;
        self.reports_changed = true;
        self.desk.refresh(&self.book, &self.settings.checks);
        self.publishing.hurry();
        // Whoever asked looks at the picture next. They may have gone; the change is in force all the same.
        self.publishing.once_shown(Box::new(move || drop(reply.send(Ok(facts)))));
        self.draw_if_behind();
    }
}

/// Whether nothing of a check changed that its observations depend on.
fn is_same(old: &CheckDefinition, new: &CheckDefinition) -> bool {
    (old.defined.digest, &old.scope, old.interval, old.staleness)
        == (new.defined.digest, &new.scope, new.interval, new.staleness)
}

/// The checks that are told.
pub(super) fn heartbeats(targets: &[Target]) -> BTreeSet<CheckId> {
    targets.iter().filter(|target| target.pulse.is_some()).map(|target| target.series.check.clone()).collect()
}

/// The way out that a checks file permits.
pub(super) fn egress(checks: &Checks) -> Arc<Egress> {
    let resolver = Resolver::new(checks.name_servers.clone());
    Arc::new(Egress::with_resolver(checks.allow.clone(), resolver))
}

impl Target {
    /// A target of which nothing is known yet, but perhaps the last report of a heartbeat.
    pub(super) fn new(
        key: u64,
        check: &Arc<CheckDefinition>,
        vantage: &VantageId,
        now: Instant,
        last: Option<heartbeat::Report>,
        book: &Book,
    ) -> Self {
        let series = uphold_core::id::Series { check: check.id.clone(), vantage: vantage.clone() };
        let (pulse, name) = match &check.source {
            Source::Heartbeat(beat) => (Some(heartbeat::Pulse::new(*beat, now, last)), String::new()),
            Source::Probe(probe) => (None, probe.target()),
        };
        let kept = evidence::Tally::of(book, &series);
        Self { key, check: Arc::clone(check), name: name.into(), series, in_flight: false, cause: None, pulse, kept }
    }
}
