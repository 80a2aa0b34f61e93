//! Facts that others tell the engine: recorded by it, so that the book takes everything in the order of the ledger.
//!
//! One write is under way at a time, of observations or of told facts. Not here: who may tell what.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Engine, Written, joined};
use crate::ledger::{LedgerError, NewFact, Receipt};

/// A request to record facts, all of them or none.
#[derive(Debug)]
pub struct Append {
    /// What happened, with what it refers to.
    pub facts: Vec<NewFact>,
    /// Gets one receipt for each fact when they are on disk and in the picture's book.
    pub reply: oneshot::Sender<Result<Vec<Receipt>, LedgerError>>,
}

/// A request that is being written.
#[derive(Debug)]
pub(super) struct Appending {
    request: Append,
    written: JoinHandle<Written>,
}

impl Engine {
    /// Begins to record what was told. Nothing else may be under way.
    pub(super) fn begin_append(&mut self, request: Append) {
        let ledger = std::sync::Arc::clone(&self.ledger);
        let news = request.facts.clone();
        let written = tokio::spawn(async move { ledger.append(news).await });
        self.append = Some(Appending { request, written });
    }

    /// Takes what was recorded into the book and answers.
    pub(super) fn appended(&mut self, done: Written) {
        let Some(Appending { request: Append { facts, reply }, .. }) = self.append.take() else { return };
        if let Ok(receipts) = &done {
            for (new, receipt) in facts.iter().zip(receipts) {
                if !receipt.duplicate {
                    self.take_in(&new.fact, None, receipt);
                }
            }
            self.behind = Some(self.settings.clock.monotonic());
            self.publish_if_behind();
        }
        // Whoever asked may have gone; what was told is recorded all the same.
        let _ = reply.send(done);
    }

    /// Waits for the request that is being written, if any.
    pub async fn finish_append(&mut self) {
        if self.append.is_some() {
            let done = appending(&mut self.append).await;
            self.appended(done);
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
