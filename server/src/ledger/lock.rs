//! The lock on a data folder: one server writes into it, whatever else happens.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::ledger::error::LedgerError;

/// The name of the lock file in the data folder. It stays there; the lock on it is what counts.
const FILE: &str = "lock";

/// Holds the lock for as long as it lives. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file would not do: a process that is being started at this moment may hold it open for a while.
        let _ = self.file.unlock();
    }
}

impl FolderLock {
    /// Takes the lock of a data folder and writes our process id into it.
    pub(crate) fn take(folder: &Path) -> Result<Self, LedgerError> {
        if !folder.is_dir() {
            return Err(LedgerError::Missing { path: folder.to_owned() });
        }
        let path = folder.join(FILE);
        // Not truncated: the id in it belongs to whoever holds the lock.
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(|error| LedgerError::io(folder, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(LedgerError::Locked { folder: folder.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(LedgerError::io(&path, error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.sync_all());
        written.map_err(|error| LedgerError::io(&path, error))?;
        Ok(Self { file })
    }
}

/// The process that has a data folder open for writing, if one has.
#[must_use]
pub fn holder(folder: &Path) -> Option<u32> {
    let mut file = File::open(folder.join(FILE)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_with_the_process_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let error = FolderLock::take(folder.path()).unwrap_err();
        let want = format!("data folder `{}` is in use by process {}", folder.path().display(), std::process::id());
        assert_eq!(error.to_string(), want);
        assert_eq!(holder(folder.path()), Some(std::process::id()));
        drop(first);
        assert_eq!(holder(folder.path()), None);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere");
        let error = FolderLock::take(&missing).unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` does not exist", missing.display()));
    }
}
