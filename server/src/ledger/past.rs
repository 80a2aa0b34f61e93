//! A ledger of a past that is made up: facts with the times at which a server would have recorded them.
//!
//! Only into a folder in which no ledger is. Many facts share one transaction, each with its own time.

use std::path::Path;

use uphold_core::ledger::digest::Digest;
use uphold_core::time::Instant;

use super::lock::FolderLock;
use super::sqlite::{FILE, Prepared, Store};
use super::{LedgerError, NewFact, prepare};

/// So many facts are written in one transaction.
const GROUP: usize = 10_000;

/// A ledger under construction.
#[derive(Debug)]
pub struct Past {
    store: Store,
    _lock: FolderLock,
    waiting: Vec<(Instant, Vec<Prepared>)>,
    facts: usize,
}

impl Past {
    /// Begins a ledger in `folder`, which must exist and have none.
    ///
    /// # Errors
    /// When there is a ledger, or it cannot be written.
    pub fn begin(folder: &Path) -> Result<Self, LedgerError> {
        let path = folder.join(FILE);
        if path.exists() {
            return Err(LedgerError::Exists { path });
        }
        let lock = FolderLock::take(folder)?;
        Ok(Self { store: Store::open(&path)?, _lock: lock, waiting: Vec::new(), facts: 0 })
    }

    /// Adds facts that were recorded at that time, which must not be before that of earlier ones.
    ///
    /// # Errors
    /// When a fact is not what it must be, or cannot be written.
    pub fn append(&mut self, at: Instant, facts: Vec<NewFact>) -> Result<(), LedgerError> {
        let prepared: Result<Vec<Prepared>, _> = facts.into_iter().map(prepare).collect();
        let prepared = prepared?;
        self.facts += prepared.len();
        self.waiting.push((at, prepared));
        if self.facts >= GROUP { self.write() } else { Ok(()) }
    }

    /// Writes everything that was added. The size and the root of the tree.
    ///
    /// # Errors
    /// When it cannot be written, or an id was used for two facts.
    pub fn head(&mut self) -> Result<(u64, Digest), LedgerError> {
        self.write()?;
        Ok(self.store.head())
    }

    /// Writes everything that was added.
    ///
    /// # Errors
    /// When it cannot be written, or an id was used for two facts.
    pub fn write(&mut self) -> Result<(), LedgerError> {
        self.facts = 0;
        self.store.write_past(std::mem::take(&mut self.waiting))
    }
}
