//! When the snapshot of the book is written: now and then while measuring, beside it, and at a clean end.

use tokio::task::JoinHandle;
use uphold_core::ledger::tree::Frontier;
use uphold_core::time::Millis;

use super::{Engine, joined};
use crate::ledger::{LedgerError, forget_snapshot, keep_snapshot};

/// So many facts are read in a second or so.
const FACTS: u64 = 100_000;

/// A clean end writes no snapshot for fewer facts than this.
const FACTS_AT_END: u64 = 1_000;

/// After a failure, wait this long.
const PAUSE: Millis = Millis(3_600_000);

/// The snapshot that lies beside the ledger.
#[derive(Debug)]
pub(super) struct Snapshots {
    /// A tree of the ledger, so that the next one need not be made from the first leaf.
    tree: Frontier,
    /// How many facts the file knows of.
    kept: u64,
    not_before: Millis,
    writing: Option<JoinHandle<Result<Frontier, LedgerError>>>,
    /// The book may know what the ledger no longer does: nothing is to be written.
    pub(super) hold: bool,
    /// What is being written knows what the ledger no longer does.
    void: bool,
}

impl Snapshots {
    /// Of a start that knew this tree, and a file that knows of so many facts.
    pub(super) fn new(tree: Frontier, kept: u64) -> Self {
        Self { tree, kept, not_before: Millis(0), writing: None, hold: false, void: false }
    }

    /// The book was read anew, and the file is gone.
    pub(super) fn begin_anew(&mut self) {
        (self.kept, self.hold, self.void) = (0, false, self.writing.is_some());
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
        let is_ready = self.settings.clock.monotonic() >= self.snapshots.not_before;
        if is_ready && self.snapshots.writing.is_none() {
            self.begin_snapshot(FACTS);
        }
    }

    /// Begins to write a snapshot, if the last one lacks so many facts.
    fn begin_snapshot(&mut self, facts: u64) {
        if self.snapshots.hold || self.book.size.saturating_sub(self.snapshots.kept) < facts {
            return;
        }
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
        let done = match std::mem::take(&mut self.snapshots.void) {
            true => forget_snapshot(&self.folder),
            false => done.map(|tree| {
                self.snapshots.kept = tree.size();
                self.snapshots.tree = tree;
            }),
        };
        if let Err(error) = done {
            self.snapshots.not_before = self.settings.clock.monotonic() + PAUSE;
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the snapshot cannot be written; the next start reads more facts");
        }
    }

    /// Writes a snapshot at the end, if it spares the next start some work.
    pub(super) async fn keep_last_snapshot(&mut self) {
        for facts in [u64::MAX, FACTS_AT_END] {
            if self.snapshots.writing.is_none() {
                self.begin_snapshot(facts);
            }
            if self.snapshots.writing.is_some() {
                let done = kept(&mut self.snapshots).await;
                self.snapshot_kept(done);
            }
        }
    }
}
