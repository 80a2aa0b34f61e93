//! The files of evidence in the data folder, each under the SHA-256 of its bytes. The ledger says which there are; a file
//! expires, and what the ledger says of it stays.
//!
//! Nobody but the user that runs the server may read them. Not here: what is worth keeping.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use uphold_core::ledger::digest::Digest;
use uphold_core::time::Instant;

use super::LedgerError;

/// The folder in the data folder.
pub(super) const EVIDENCE: &str = "evidence";

/// How a file begins that is not whole yet.
const PART: &str = ".part-";

/// The files of one data folder.
#[derive(Debug, Clone)]
pub struct EvidenceFiles {
    folder: PathBuf,
}

/// What a verification found of the files that the ledger names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvidenceCount {
    /// How many it names.
    pub named: u64,
    /// How many of them are not there any more.
    pub missing: u64,
}

impl EvidenceFiles {
    /// The files in a data folder.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self { folder: data.join(EVIDENCE) }
    }

    /// Keeps a file and returns when it is on the disk. Its age counts from `at`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, bytes: &[u8], at: Instant) -> Result<Digest, LedgerError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let fail = |path: &Path, error| LedgerError::io(path, error);
        let digest = Digest::of(&[bytes]);
        let path = self.path(digest);
        let folder = &self.folder;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| fail(folder, error))?;
        // The same picture may be taken again: then the file is as old as the last time.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!("{PART}{}-{number}", std::process::id()));
        let written = write(&part, bytes, at).and_then(|()| std::fs::rename(&part, &path)).and_then(|()| sync(folder));
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        written.map_err(|error| fail(&path, error))?;
        Ok(digest)
    }

    /// The bytes of a file, if it is kept.
    ///
    /// # Errors
    /// When it cannot be read, or holds other bytes.
    pub fn find(&self, digest: Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        let path = self.path(digest);
        match std::fs::read(&path) {
            Ok(bytes) if Digest::of(&[&bytes]) == digest => Ok(Some(bytes)),
            Ok(_) => Err(LedgerError::Damaged { path, problem: "it is not what its name says".to_owned() }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::io(&path, error)),
        }
    }

    /// Removes every file that is older than that; how many.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file not removed.
    pub fn expire(&self, before: Instant) -> Result<u64, LedgerError> {
        let mut removed = 0;
        for path in self.all()? {
            let changed = match std::fs::metadata(&path).and_then(|file| file.modified()) {
                Ok(changed) => changed,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(LedgerError::io(&path, error)),
            };
            if changed < system_time(before) {
                std::fs::remove_file(&path).map_err(|error| LedgerError::io(&path, error))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Copies every whole file into another data folder, with its age; how many. What is not what its name says stays
    /// behind: it is no evidence.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(super) fn copy(&self, to: &Self) -> Result<u64, LedgerError> {
        let mut copied = 0;
        for path in self.all()? {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(digest) = name.and_then(|name| Digest::parse(name).ok()) else { continue };
            // It may have expired meanwhile.
            let Ok(Some(bytes)) = self.find(digest) else { continue };
            let age = std::fs::metadata(&path).and_then(|file| file.modified());
            to.keep(&bytes, age.map_or(Instant(0), instant))?;
            copied += 1;
        }
        Ok(copied)
    }

    /// Which of the files that a ledger names are missing, and which are changed, by the place that names them.
    pub(super) fn check(&self, named: &BTreeMap<Digest, u64>) -> (EvidenceCount, Vec<(u64, LedgerError)>) {
        let mut count = EvidenceCount { named: named.len() as u64, missing: 0 };
        let mut changed = Vec::new();
        for (digest, seq) in named {
            match self.find(*digest) {
                Ok(Some(_)) => {}
                Ok(None) => count.missing += 1,
                Err(error) => changed.push((*seq, error)),
            }
        }
        (count, changed)
    }

    fn all(&self) -> Result<Vec<PathBuf>, LedgerError> {
        let fail = |error| LedgerError::io(&self.folder, error);
        match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            entries => entries.map_err(fail)?.map(|entry| entry.map(|entry| entry.path()).map_err(fail)).collect(),
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }
}

fn write(path: &Path, bytes: &[u8], at: Instant) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_modified(system_time(at))?;
    file.sync_all()
}

fn sync(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

fn system_time(at: Instant) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

fn instant(time: SystemTime) -> Instant {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_kept_under_its_digest_for_nobody_else_and_expires() {
        let data = tempfile::tempdir().unwrap();
        let files = EvidenceFiles::of(data.path());
        assert_eq!(files.expire(Instant(1)).unwrap(), 0, "there is no folder yet");
        let (old, new) = (files.keep(b"old", Instant(1_000)).unwrap(), files.keep(b"new", Instant(9_000)).unwrap());
        assert_eq!(files.keep(b"old", Instant(5_000)).unwrap(), old);
        assert_eq!(files.find(old).unwrap().as_deref(), Some(&b"old"[..]));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&files.folder), mode(&files.path(new))), (0o700, 0o600));
        assert_eq!(files.expire(Instant(4_000)).unwrap(), 0, "it was taken again");
        assert_eq!(files.expire(Instant(6_000)).unwrap(), 1);
        assert_eq!((files.find(old).unwrap(), files.all().unwrap().len()), (None, 1));
    }

    #[test]
    fn a_changed_file_is_never_given_out_nor_copied() {
        let (data, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, copies) = (EvidenceFiles::of(data.path()), EvidenceFiles::of(copy.path()));
        let (good, bad) = (files.keep(b"good", Instant(7_000)).unwrap(), files.keep(b"bad", Instant(7_000)).unwrap());
        std::fs::write(files.path(bad), "other").unwrap();
        assert!(matches!(files.find(bad), Err(LedgerError::Damaged { .. })));
        let gone = Digest::of(&[b"gone"]);
        let (count, changed) = files.check(&BTreeMap::from([(good, 1), (bad, 2), (gone, 3)]));
        assert_eq!(count, EvidenceCount { named: 3, missing: 1 });
        assert_eq!(changed.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [2]);
        assert_eq!(files.copy(&copies).unwrap(), 1);
        assert_eq!(copies.find(good).unwrap().as_deref(), Some(&b"good"[..]));
        assert_eq!(copies.expire(Instant(7_000)).unwrap(), 0, "a copy is as old as what it is of");
        assert_eq!(copies.expire(Instant(7_001)).unwrap(), 1);
    }
}
