//! Facts that others tell the engine: recorded by it, so that the book takes everything in the order of the ledger.
//!
//! One write is under way at a time, of observations, of told facts, or of what another vantage point reports. Not here: who
//! may tell what, and what of a report counts (`vantage/intake.rs`).

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{Fact, Measurement};
use uphold_core::ledger::segment::{Segment, monthly_segment_of};
use uphold_core::time::{Instant, Millis};

use super::vantage::{Accepted, Delivery, Refused, by, intake};
use super::{Engine, Written, joined, start};
use crate::ledger::{LedgerError, NewFact, Receipt};

/// A request to record facts, all of them or none.
#[derive(Debug)]
pub struct Append {
    /// What happened, with what it refers to.
    pub facts: Vec<NewFact>,
    /// Gets one receipt for each fact when they are on disk and in the picture's book.
    pub reply: oneshot::Sender<Result<Vec<Receipt>, LedgerError>>,
}

/// Who waits for what is being written.
#[derive(Debug)]
enum Reply {
    Told(oneshot::Sender<Result<Vec<Receipt>, LedgerError>>),
    Delivered(oneshot::Sender<Result<Accepted, Refused>>, Accepted),
}

/// A request that is recorded when what was observed here so far is: no picture may know later than its own observations.
#[derive(Debug)]
pub(super) enum Waiting {
    /// Facts that were told.
    Told(Append),
    /// What another vantage point reports.
    Delivery(Delivery),
}

/// Own observations that are no older need no flush of their own before something else is recorded.
const FRESH: Millis = Millis(500);

/// A request that is being written.
#[derive(Debug)]
pub(super) struct Appending {
    facts: Vec<NewFact>,
    /// What the measurement among them says.
    segment: Option<Segment>,
    reply: Reply,
    written: JoinHandle<Written>,
}

impl Engine {
    /// Begins to record what was observed here, and then what waits. Nothing else may be under way.
    pub(super) fn begin_after_flush(&mut self, waiting: Waiting) {
        if self.settings.clock.monotonic() - self.last_flush >= FRESH {
            self.begin_flush();
        }
        match self.flush {
            Some(_) => self.waiting_append = Some(waiting),
            None => self.begin_waiting(waiting),
        }
    }

    /// Begins to record what waits. Nothing else may be under way.
    pub(super) fn begin_waiting(&mut self, waiting: Waiting) {
        match waiting {
            Waiting::Told(request) => self.begin(request.facts, None, Reply::Told(request.reply)),
            Waiting::Delivery(delivery) => self.begin_delivery(delivery),
        }
    }

    /// Begins to record what another vantage point observed, or refuses it.
    fn begin_delivery(&mut self, delivery: Delivery) {
        match self.facts_of(&delivery) {
            Ok((facts, segment, accepted)) => {
                self.begin(facts, Some(segment), Reply::Delivered(delivery.reply, accepted));
            }
            Err(refused) => drop(delivery.reply.send(Err(refused))),
        }
    }

    /// A report as facts of this ledger: its runs as a segment that says what the book does not expect, and its gaps.
    fn facts_of(&self, delivery: &Delivery) -> Result<(Vec<NewFact>, Segment, Accepted), Refused> {
        let Delivery { vantage, report, .. } = delivery;
        if !self.settings.checks.remote().any(|remote| remote == vantage) {
            return Err(Refused::NoSuchPoint);
        }
        let taken = intake(report, vantage, &self.book, self.settings.clock.now())?;
        let through = Instant(report.through);
        let segment = monthly_segment_of(&self.book.fold, vantage, &taken.runs, through)
            .map_err(|error| Refused::Contradiction(error.to_string()))?;
        let bytes = segment.encode();
        let fact = Fact::Measurement(Measurement {
            id: start::fact_id("reported", through),
            by: by(vantage),
            vantage: vantage.clone(),
            through,
            segment: Digest::of(&[&bytes]),
            runs: segment.runs().len() as u64,
        });
        let mut facts = vec![NewFact { fact, segment: Some(bytes) }];
        facts.extend(taken.gaps.into_iter().map(|gap| NewFact { fact: Fact::ObserverGap(gap), segment: None }));
        Ok((facts, segment, Accepted { through, matched: taken.matched, unmatched: taken.unmatched }))
    }

    fn begin(&mut self, facts: Vec<NewFact>, segment: Option<Segment>, reply: Reply) {
        let ledger = std::sync::Arc::clone(&self.ledger);
        let news = facts.clone();
        let written = tokio::spawn(async move { ledger.append(news).await });
        self.append = Some(Appending { facts, segment, reply, written });
    }

    /// Takes what was recorded into the book and answers.
    pub(super) fn appended(&mut self, done: Written) {
        let Some(Appending { facts, segment, reply, .. }) = self.append.take() else { return };
        if let Ok(receipts) = &done {
            for (new, receipt) in facts.iter().zip(receipts) {
                if !receipt.duplicate {
                    let segment = segment.as_ref().filter(|_| matches!(new.fact, Fact::Measurement(_)));
                    self.take_in(&new.fact, segment, receipt);
                }
            }
        }
        // Whoever asked may have gone; what was told is recorded all the same.
        match reply {
            Reply::Told(reply) if done.is_err() => drop(reply.send(done)),
            Reply::Told(reply) => {
                // Whoever tells something looks at the picture next.
                self.publishing.hurry();
                self.publishing.once_shown(Box::new(move || drop(reply.send(done))));
            }
            Reply::Delivered(reply, accepted) => {
                self.publishing.fall_behind();
                drop(reply.send(done.map(|_| accepted).map_err(unrecorded)));
            }
        }
        self.draw_if_behind();
    }

    /// Waits for the request that is being written, if any.
    pub async fn finish_append(&mut self) {
        if self.append.is_some() {
            let done = appending(&mut self.append).await;
            self.appended(done);
            self.finish_picture().await;
        }
    }

    /// Records everything that waits to be, one request after another: what [`Engine::run`] does between ticks.
    ///
    /// # Errors
    /// When a flush that a change of the configuration needs could not be written.
    pub async fn serve_waiting(&mut self) -> Result<(), LedgerError> {
        loop {
            self.finish_append().await;
            self.finish_flush().await?;
            self.finish_append().await;
            if let Ok(request) = self.told.1.try_recv() {
                self.begin_after_flush(Waiting::Told(request));
            } else if let Ok(delivery) = self.deliveries.try_recv() {
                self.begin_after_flush(Waiting::Delivery(delivery));
            } else if let Ok(reload) = self.reloads.1.try_recv() {
                self.begin_reload(reload);
            } else {
                return Ok(());
            }
        }
    }
}

/// Why a report that was fit could not be recorded.
fn unrecorded(error: LedgerError) -> Refused {
    match error {
        LedgerError::Conflict { id, .. } => Refused::Contradiction(format!("`{id}` was reported with another content")),
        LedgerError::Unwritable { id, source } => Refused::Malformed(format!("`{id}` cannot be recorded: {source}")),
        error => {
            tracing::error!(error = &error as &dyn std::error::Error, "a report cannot be recorded");
            Refused::NotRecorded
        }
    }
}

/// Ready when the request under way is written; never, when there is none.
pub(super) async fn appending(append: &mut Option<Appending>) -> Written {
    match append {
        Some(append) => joined((&mut append.written).await),
        None => std::future::pending().await,
    }
}
