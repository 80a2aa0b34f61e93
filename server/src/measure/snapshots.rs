//! When the snapshot of the book is written: now and then while measuring, beside it, and at a clean end.

use tokio::task::JoinHandle;
use uphold_core::ledger::tree::Frontier;
use uphold_core::time::Millis;

use super::{Engine, joined};
use crate::ledger::{LedgerError, keep_snapshot};

/// So many facts are read in a second or so.
const FACTS: u64 = 100_000;

/// A clean end writes no snapshot for fewer facts than this.
const FACTS_AT_END: u64 = 1_000;

/// After a failure, wait this long.
const PAUSE: Millis = Millis(3_600_000);

/// The snapshot that lies beside the ledger.
#[derive(Debug)]
pub(super) struct Snapshots {
    /// The tree that it, or the start, knew.
    tree: Frontier,
    not_before: Millis,
    writing: Option<JoinHandle<Result<Frontier, LedgerError>>>,
}

impl Snapshots {
    pub(super) fn new(tree: Frontier) -> Self {
        Self { tree, not_before: Millis(0), writing: None }
    }
}

/// Ready when the snapshot under way is written; never, when there is none.
pub(super) async fn kept(snapshots: &mut Snapshots) -> Result<Frontier, LedgerError> {
    match &mut snapshots.writing {
        Some(writing) => joined(writing.await),
        None => std::future::pending().await,
    }
}

impl Engine {
    /// Begins to write a snapshot, if a start by the last one would take long.
    pub(super) fn keep_snapshot_if_due(&mut self) {
        let is_due = self.book.size - self.snapshots.tree.size() >= FACTS;
        if is_due && self.snapshots.writing.is_none() && self.settings.clock.monotonic() >= self.snapshots.not_before {
            self.begin_snapshot();
        }
    }

    fn begin_snapshot(&mut self) {
        let (ledger, folder) = (std::sync::Arc::clone(&self.ledger), self.folder.clone());
        let (book, tree) = (self.book.clone(), self.snapshots.tree.clone());
        self.snapshots.writing = Some(tokio::task::spawn_blocking(move || {
            let reader = ledger.reader()?;
            keep_snapshot(&folder, &reader, &book, tree)
        }));
    }

    /// Takes note of the snapshot that was written.
    pub(super) fn snapshot_kept(&mut self, done: Result<Frontier, LedgerError>) {
        self.snapshots.writing = None;
        match done {
            Ok(tree) => self.snapshots.tree = tree,
            Err(error) => {
                self.snapshots.not_before = self.settings.clock.monotonic() + PAUSE;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the snapshot cannot be written; the next start reads more facts");
            }
        }
    }

    /// Writes a snapshot at the end, if it spares the next start some work.
    pub(super) async fn keep_last_snapshot(&mut self) {
        if self.snapshots.writing.is_some() {
            let done = kept(&mut self.snapshots).await;
            self.snapshot_kept(done);
        }
        if self.book.size - self.snapshots.tree.size() >= FACTS_AT_END {
            self.begin_snapshot();
            let done = kept(&mut self.snapshots).await;
            self.snapshot_kept(done);
        }
    }
}
