//! Copies of the ledger: made while a server is writing, verified before they count, put back only where nothing is.
//!
//! A copy is a folder with the database, the texts of the agreements, and the files of evidence that are still kept. The private key and the last signed checkpoint are
//! not in it: the one is a secret, and the other put back with an older database would hide that it is older.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::agreements::AGREEMENTS;
use super::evidence::EvidenceFiles;
use super::lock::FolderLock;
use super::sign::check_continues;
use super::sqlite::{self, FILE};
use super::verify::{Report, verify};
use super::{LedgerError, Reader};
use uphold_core::time::Instant;

/// A file whose age is that of the last copy.
const STAMP: &str = "last.backup";

/// Copies the ledger in `data` into the new folder `copy`, as of one moment, and verifies the copy. A server may be writing.
///
/// # Errors
/// When `copy` exists, a file cannot be read or written, or the copy is not sound; then `copy` is not there.
pub fn backup(data: &Path, copy: &Path) -> Result<Report, LedgerError> {
    if copy.exists() {
        return Err(LedgerError::Exists { path: copy.to_owned() });
    }
    let part = beside(copy);
    clear(&part)?;
    make_own(&part)?;
    let made = copy_all(data, &part).and_then(|report| {
        std::fs::rename(&part, copy).map_err(|error| LedgerError::io(copy, error))?;
        // When the last copy was made is good to know and no part of it.
        let _ = std::fs::write(data.join(STAMP), b"");
        Ok(report)
    });
    if made.is_err() {
        // What could not be made is of no use; that it cannot be removed is not the news.
        let _ = clear(&part);
    }
    made
}

/// When the last copy of `data` was made, as far as is known here.
#[must_use]
pub fn last_backup(data: &Path) -> Option<Instant> {
    let modified = std::fs::metadata(data.join(STAMP)).and_then(|found| found.modified()).ok()?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Instant)
}

/// Puts a copy back into `data`, where no ledger may be, and verifies it there.
///
/// # Errors
/// When there is a ledger in `data`, the copy is not sound, or it does not continue what was signed in `data`; then `data`
/// has no ledger.
pub fn restore(copy: &Path, data: &Path) -> Result<Report, LedgerError> {
    make_own(data)?;
    let _lock = FolderLock::take(data)?;
    let database = data.join(FILE);
    // A log without its database belongs to one that somebody moved away: SQLite would apply it to ours.
    for path in [&database, &data.join(format!("{FILE}-wal")), &data.join(format!("{FILE}-shm"))] {
        if path.exists() {
            return Err(LedgerError::Exists { path: path.clone() });
        }
    }
    let part = beside(&database);
    clear(&part)?;
    make_own(&part)?;
    let made = copy_all(copy, &part).and_then(|report| {
        check_continues(data, &Reader::open(&part.join(FILE))?)?;
        take_agreements(&part, data)?;
        EvidenceFiles::of(&part).copy(&EvidenceFiles::of(data))?;
        std::fs::rename(part.join(FILE), &database).map_err(|error| LedgerError::io(&database, error))?;
        sync(data)?;
        Ok(report)
    });
    // Either it was emptied, or it is of no use.
    let _ = clear(&part);
    made
}

/// Makes a folder, if it is not there, that nobody else on this machine can look into: a copy holds what the ledger holds.
fn make_own(folder: &Path) -> Result<(), LedgerError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| LedgerError::io(folder, error))
}

fn copy_all(from: &Path, to: &Path) -> Result<Report, LedgerError> {
    let database = to.join(FILE);
    copy_database(&from.join(FILE), &database)?;
    EvidenceFiles::of(from).copy(&EvidenceFiles::of(to))?;
    let report = verify(&database, &mut |_, _| {})?;
    if let Some(problem) = report.problems.first() {
        return Err(LedgerError::Damaged { path: from.join(FILE), problem: problem.to_string() });
    }
    take_agreements(from, to)?;
    sync(to)?;
    Ok(report)
}

/// Copies a database as of one moment, into one file without a log beside it, and returns when it is on the disk.
fn copy_database(from: &Path, to: &Path) -> Result<(), LedgerError> {
    let source = sqlite::open_read_only(from)?;
    if sqlite::schema_version(&source, from)? == 0 {
        return Err(LedgerError::Foreign { path: from.to_owned() });
    }
    let refuse = |error| LedgerError::sqlite(to, "copy", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags).map_err(refuse)?;
    target.pragma_update(None, "synchronous", "full").map_err(refuse)?;
    // All pages in one step: one read of the source, which holds up no writer and which no writer can disturb.
    Backup::new(&source, &mut target).and_then(|copy| copy.step(-1)).map_err(refuse)?;
    target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).map_err(refuse)?;
    target.close().map_err(|(_, error)| refuse(error))?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| LedgerError::io(to, error))
}

fn take_agreements(from: &Path, to: &Path) -> Result<(), LedgerError> {
    let (from, to) = (from.join(AGREEMENTS), to.join(AGREEMENTS));
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(&to).map_err(|error| LedgerError::io(&to, error))?;
    for entry in std::fs::read_dir(&from).map_err(|error| LedgerError::io(&from, error))? {
        let path = entry.map_err(|error| LedgerError::io(&from, error))?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            std::fs::copy(&path, to.join(name)).map_err(|error| LedgerError::io(&path, error))?;
        }
    }
    sync(&to)
}

/// The name under which something is made before it gets its own.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn clear(part: &Path) -> Result<(), LedgerError> {
    match std::fs::remove_dir_all(part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LedgerError::io(part, error)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), LedgerError> {
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| LedgerError::io(folder, error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::ledger::{KEY_FILE, SIGNED_FILE, Signer, keep_agreement, samples};

    #[test]
    fn a_copy_is_sound_whole_and_made_of_one_moment_while_facts_are_written() {
        let data = tempfile::tempdir().unwrap();
        samples::ledger(data.path(), 20);
        keep_agreement(data.path(), "the text").unwrap();
        Signer::open(data.path(), None).unwrap();
        let copies = tempfile::tempdir().unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let sizes: Vec<u64> = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut next = 20;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    samples::append(data.path(), next..next + 1);
                    next += 1;
                }
            });
            let made = (0..5).map(|number| backup(data.path(), &copies.path().join(number.to_string())).unwrap());
            let made: Vec<Report> = made.collect();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            made.iter().map(|report| report.leaves).collect()
        });
        assert!(sizes.is_sorted() && sizes[0] >= 20, "{sizes:?}");
        for (number, size) in sizes.iter().enumerate() {
            let copy = copies.path().join(number.to_string());
            let mut names: Vec<String> = std::fs::read_dir(&copy)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            assert_eq!(names, [AGREEMENTS, FILE], "neither a log nor a key");
            let again = verify(&copy.join(FILE), &mut |_, _| {}).unwrap();
            assert_eq!((again.leaves, again.problems), (*size, Vec::new()));
        }
        let error = backup(data.path(), &copies.path().join("0")).unwrap_err();
        assert!(matches!(error, LedgerError::Exists { .. }), "{error}");
    }

    #[test]
    fn a_ledger_that_is_damaged_makes_no_copy() {
        let (data, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = samples::ledger(data.path(), 5);
        Connection::open(path).unwrap().execute("UPDATE leaves SET hash = zeroblob(32) WHERE seq = 2", []).unwrap();
        let error = backup(data.path(), &copies.path().join("copy")).unwrap_err();
        assert!(error.to_string().contains("leaves 2: its hash is not"), "{error}");
        assert_eq!(std::fs::read_dir(copies.path()).unwrap().count(), 0);
        assert!(matches!(backup(copies.path(), &copies.path().join("b")), Err(LedgerError::Missing { .. })));
    }

    #[test]
    fn a_copy_is_put_back_where_nothing_is_and_only_if_it_continues_what_was_signed() {
        let (data, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = samples::ledger(data.path(), 5);
        keep_agreement(data.path(), "the text").unwrap();
        let (old, new) = (copies.path().join("old"), copies.path().join("new"));
        backup(data.path(), &old).unwrap();
        samples::append(data.path(), 5..9);
        Signer::open(data.path(), None).unwrap().sign(&Reader::open(&path).unwrap()).unwrap();
        samples::append(data.path(), 9..11);
        backup(data.path(), &new).unwrap();
        assert!(matches!(restore(&new, data.path()), Err(LedgerError::Exists { .. })));
        for file in [FILE, &format!("{FILE}-wal"), &format!("{FILE}-shm")] {
            let _ = std::fs::remove_file(data.path().join(file));
        }
        let error = restore(&old, data.path()).unwrap_err();
        assert!(matches!(error, LedgerError::Behind { size: 5, signed: 9, .. }), "{error}");
        assert!(!path.exists());
        assert_eq!(restore(&new, data.path()).unwrap().leaves, 11);
        assert!(
            crate::ledger::Ledger::open(data.path(), std::sync::Arc::new(|| uphold_core::time::Instant(1))).is_ok()
        );
        // Into an empty folder anything goes: nothing was signed there.
        let fresh = copies.path().join("fresh");
        assert_eq!(restore(&old, &fresh).unwrap().leaves, 5);
        assert!(fresh.join(AGREEMENTS).is_dir() && !fresh.join(KEY_FILE).exists() && !fresh.join(SIGNED_FILE).exists());
        for folder in [&old, &new, &fresh] {
            let mode = std::fs::metadata(folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{} is for its owner alone", folder.display());
        }
    }
}
