//! What can go wrong with a ledger, in words for whoever runs it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uphold_core::id::FactId;
use uphold_core::ledger::fact::FactError;

/// Why the ledger could not do something. It clones, because one failed commit fails every request that was in it.
#[derive(Debug, Clone)]
pub enum LedgerError {
    /// Another process has the data folder open.
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// The process, if it could be read.
        pid: Option<u32>,
    },
    /// The data folder does not exist, or is no folder.
    Missing {
        /// The data folder, or the database that should lie in it.
        path: PathBuf,
    },
    /// The data folder or the database may not be written, or not be read.
    Denied {
        /// The folder or file.
        path: PathBuf,
    },
    /// The disk is full.
    Full {
        /// The database.
        path: PathBuf,
    },
    /// The database was written by a newer program.
    TooNew {
        /// The database.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The file is a database, but not a ledger.
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The SQLite library has a bug that can lose committed data.
    UnsafeSqlite {
        /// Its version number, such as 3051002 for 3.51.2.
        version: i32,
    },
    /// The database contradicts itself.
    Damaged {
        /// The database.
        path: PathBuf,
        /// What contradicts what.
        problem: String,
    },
    /// The database has fewer facts than were signed.
    Behind {
        /// The database.
        path: PathBuf,
        /// How many facts it has.
        size: u64,
        /// How many facts the last signed checkpoint is over.
        signed: u64,
    },
    /// The database has other facts than were signed.
    Forked {
        /// The database.
        path: PathBuf,
        /// How many facts the last signed checkpoint is over.
        signed: u64,
    },
    /// The private key or the last signed checkpoint cannot be used.
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// Something is where something new should be made.
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The fact id was used before, for something else.
    Conflict {
        /// The id.
        id: FactId,
        /// The fact that has it.
        seq: Option<u64>,
    },
    /// The fact has no payload that could be read back.
    Unwritable {
        /// The id.
        id: FactId,
        /// Why not.
        source: FactError,
    },
    /// The segment given with a fact is not the one that the fact is about.
    Segment {
        /// The id.
        id: FactId,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be used.
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// SQLite refused.
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: Arc<rusqlite::Error>,
    },
    /// The system gave no random bytes.
    Random(getrandom::Error),
    /// The writer has ended: the ledger was closed.
    Closed,
}

impl LedgerError {
    /// What to do about it, if that is not already said.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Locked { .. } => Some("stop the other server, or give this one a data folder of its own"),
            Self::Missing { .. } => Some("create the data folder first, owned by the user that runs the server"),
            Self::Denied { .. } => Some("let the user that runs the server read and write the data folder"),
            Self::Full { .. } => {
                Some("free space on the disk of the data folder; nothing that was acknowledged is lost")
            }
            Self::TooNew { .. } => Some("run the newer program, or restore a backup from before the upgrade"),
            Self::UnsafeSqlite { .. } => Some("build with the SQLite that comes with the program"),
            Self::Damaged { .. } => Some("keep the file as it is, and restore a backup into another folder"),
            Self::Behind { .. } | Self::Forked { .. } => Some(
                "put the newer ledger back; if it is lost, begin a ledger with a new key in an empty folder, and tell those \
                 who hold checkpoints of this one",
            ),
            Self::Exists { .. } => Some("name a path where nothing is: nothing is ever overwritten"),
            Self::Key { .. } => Some("see `docs/evidence.md` for what the two files are and how to keep them"),
            _ => None,
        }
    }

    /// Whether trying again is of no use.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Closed)
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, source: Arc::new(error) },
        }
    }

    pub(crate) fn sqlite(path: &Path, doing: &'static str, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::Denied { path },
            Some(ErrorCode::CannotOpen) if !path.exists() => Self::Missing { path },
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, problem: error.to_string() },
            _ => Self::Sqlite { path, doing, source: Arc::new(error) },
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { folder, pid: Some(pid) } => {
                write!(f, "data folder `{}` is in use by process {pid}", folder.display())
            }
            Self::Locked { folder, pid: None } => {
                write!(f, "data folder `{}` is in use by another process", folder.display())
            }
            Self::Missing { path } => write!(f, "`{}` does not exist", path.display()),
            Self::Denied { path } => write!(f, "`{}` may not be opened for reading and writing", path.display()),
            Self::Full { path } => write!(f, "no space is left to write `{}`", path.display()),
            Self::TooNew { path, found, known } => write!(
                f,
                "ledger `{}` has schema version {found}, and this program knows versions up to {known}",
                path.display()
            ),
            Self::Foreign { path } => write!(f, "`{}` is not a ledger of Uphold", path.display()),
            Self::UnsafeSqlite { version } => write!(
                f,
                "SQLite {}.{}.{} can lose committed data (the WAL-reset bug), so it is not used",
                version / 1_000_000,
                version / 1000 % 1000,
                version % 1000
            ),
            Self::Damaged { path, problem } => write!(f, "ledger `{}` is damaged: {problem}", path.display()),
            Self::Behind { path, size, signed } => {
                write!(f, "ledger `{}` has {size} facts, and a checkpoint over {signed} was signed", path.display())
            }
            Self::Forked { path, signed } => write!(
                f,
                "ledger `{}` is another history than the one whose first {signed} facts were signed",
                path.display()
            ),
            Self::Exists { path } => write!(f, "`{}` is there already", path.display()),
            Self::Key { path, problem } => write!(f, "cannot use `{}`: {problem}", path.display()),
            Self::Conflict { id, seq: Some(seq) } => {
                write!(f, "fact `{id}` was recorded before as number {seq}, and says something else")
            }
            Self::Conflict { id, seq: None } => write!(f, "fact `{id}` is given twice and says different things"),
            Self::Unwritable { id, .. } => write!(f, "fact `{id}` cannot be recorded"),
            Self::Segment { id, problem } => write!(f, "fact `{id}` cannot be recorded: its segment {problem}"),
            Self::Io { path, .. } => write!(f, "cannot use `{}`", path.display()),
            Self::Sqlite { path, doing, .. } => write!(f, "cannot {doing} in ledger `{}`", path.display()),
            Self::Random(_) => f.write_str("cannot get random bytes from the system"),
            Self::Closed => f.write_str("the ledger is closed"),
        }
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unwritable { source, .. } => Some(source),
            Self::Io { source, .. } => Some(&**source),
            Self::Sqlite { source, .. } => Some(&**source),
            Self::Random(source) => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_read_only_folder_are_told_apart_and_named() {
        let says = |kind: io::ErrorKind| LedgerError::io(Path::new("/data"), kind.into()).to_string();
        assert_eq!(says(io::ErrorKind::ReadOnlyFilesystem), "`/data` may not be opened for reading and writing");
        assert_eq!(says(io::ErrorKind::PermissionDenied), "`/data` may not be opened for reading and writing");
        assert_eq!(says(io::ErrorKind::StorageFull), "no space is left to write `/data`");
        assert_eq!(says(io::ErrorKind::NotFound), "`/data` does not exist");
    }

    #[test]
    fn an_unsafe_sqlite_is_named_by_its_version() {
        let error = LedgerError::UnsafeSqlite { version: 3_051_002 };
        assert_eq!(error.to_string(), "SQLite 3.51.2 can lose committed data (the WAL-reset bug), so it is not used");
    }
}
