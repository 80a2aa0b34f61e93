//! The database of accounts: opening, its schema, and copies of it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::AccountsError;

/// The file in the data folder.
pub const FILE: &str = "accounts.db";

/// Marks a database as one of accounts: `UPHA` in ASCII.
const APPLICATION_ID: i64 = 0x5550_4841;

/// The numbered migrations, in order. The schema version is how many of them a database has seen.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../migrations/accounts/0001_people.sql"),
    include_str!("../../migrations/accounts/0002_identities.sql"),
];

const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// How long a writer waits for another.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// The accounts of one data folder. Every call opens the file anew and may wait for the disk.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The accounts of a data folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join(FILE) }
    }

    /// Makes the file where there is none, brings its schema up to date, and says whether it can be used.
    ///
    /// # Errors
    /// When it cannot be made or read, is none of ours, or is newer than this program.
    pub fn prepare(&self) -> Result<(), AccountsError> {
        if !self.path.exists() {
            self.make()?;
        }
        self.open().map(drop)
    }

    /// Reads something in one transaction.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        let mut connection = self.open()?;
        let transaction = connection.transaction().map_err(|error| self.sqlite("read", error))?;
        work(&transaction)
    }

    /// Writes something in one transaction: all of it, or nothing where it ends in an error.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        let mut connection = self.open()?;
        let refuse = |error| self.sqlite("write", error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refuse)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(refuse)?;
        Ok(done)
    }

    pub(super) fn sqlite(&self, act: &'static str, error: rusqlite::Error) -> AccountsError {
        AccountsError::Sqlite { path: self.path.clone(), act, error }
    }

    pub(super) fn damaged(&self, problem: &'static str) -> AccountsError {
        AccountsError::Damaged { path: self.path.clone(), problem }
    }

    fn open(&self) -> Result<Connection, AccountsError> {
        let connection = self.connect()?;
        // What was emptied is not a new beginning: only `prepare` makes one, where there is no file.
        match self.version(&connection)? {
            0 => Err(self.damaged("it is empty")),
            SCHEMA_VERSION => Ok(connection),
            _ => {
                let mut connection = connection;
                self.migrate(&mut connection)?;
                Ok(connection)
            }
        }
    }

    /// Opens the file, which must exist.
    fn connect(&self) -> Result<Connection, AccountsError> {
        let refuse = |error| self.sqlite("open the accounts", error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(refuse)?;
        connection.busy_timeout(BUSY_MAX).map_err(refuse)?;
        connection.pragma_update(None, "synchronous", "full").map_err(refuse)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(refuse)?;
        // Who was removed is overwritten, and not only marked as free.
        connection.pragma_update(None, "secure_delete", true).map_err(refuse)?;
        Ok(connection)
    }

    /// Makes the file, whole, where there is none.
    fn make(&self) -> Result<(), AccountsError> {
        let beside = Self { path: self.path.with_extension(format!("db.{}.new", std::process::id())) };
        let io = |error| AccountsError::Io { path: self.path.clone(), error };
        // Its owner's from its first byte; SQLite gives its journal the same mode.
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside.path);
        drop(file.map_err(io)?);
        let made = beside.connect().and_then(|mut connection| beside.migrate(&mut connection));
        // A link and no rename: whoever was quicker keeps what it made.
        let placed = made.and_then(|()| match std::fs::hard_link(&beside.path, &self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(io(error)),
            _ => Ok(()),
        });
        let _ = std::fs::remove_file(&beside.path);
        placed
    }

    fn migrate(&self, connection: &mut Connection) -> Result<(), AccountsError> {
        if self.version(connection)? == SCHEMA_VERSION {
            return Ok(());
        }
        let refuse = |error| self.sqlite("bring the schema up to date", error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refuse)?;
        // Another process may have done it while this one waited.
        let from = self.version(&transaction)?;
        for (version, sql) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
            transaction.execute_batch(sql).map_err(refuse)?;
            let told = "INSERT INTO meta VALUES (1, ?1, ?2, NULL) ON CONFLICT DO UPDATE SET schema_version = ?1";
            transaction.execute(told, params![version, APPLICATION_ID]).map_err(refuse)?;
        }
        transaction.commit().map_err(refuse)
    }

    /// The version of a database's schema: 0 for an empty one.
    fn version(&self, connection: &Connection) -> Result<i64, AccountsError> {
        let foreign = || AccountsError::Foreign { path: self.path.clone() };
        let count = |sql: &str| {
            connection
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .map_err(|error| self.sqlite("read the version of the accounts", error))
        };
        if count("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'")? == 0 {
            let is_empty = count("SELECT count(*) FROM sqlite_schema")? == 0;
            return if is_empty { Ok(0) } else { Err(foreign()) };
        }
        let found: Result<(i64, i64), _> =
            connection
                .query_row("SELECT schema_version, application_id FROM meta", [], |row| Ok((row.get(0)?, row.get(1)?)));
        match found {
            Ok((found, APPLICATION_ID)) if found > SCHEMA_VERSION => {
                Err(AccountsError::TooNew { path: self.path.clone(), found, known: SCHEMA_VERSION })
            }
            Ok((found, APPLICATION_ID)) => Ok(found),
            Ok(_) | Err(_) => Err(foreign()),
        }
    }
}

/// Copies the accounts of one folder into another that has none, as of one moment and without the sessions and links: what
/// was let in then is not let in again by a copy. Says whether there were any accounts to copy.
///
/// # Errors
/// When either file cannot be used.
pub fn copy(from: &Path, to: &Path) -> Result<bool, AccountsError> {
    let (source, target) = (Store::of(from), Store::of(to));
    if !source.path.exists() {
        return Ok(false);
    }
    let source = source.open()?;
    {
        target.prepare()?;
        let mut made = target.open()?;
        let refuse = |error| target.sqlite("copy the accounts", error);
        Backup::new(&source, &mut made).and_then(|copy| copy.step(-1)).map_err(refuse)?;
        made.execute_batch("DELETE FROM sessions; DELETE FROM invitations;").map_err(refuse)?;
    }
    let synced = std::fs::File::open(&target.path).and_then(|file| file.sync_all());
    synced.map_err(|error| AccountsError::Io { path: target.path.clone(), error })?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        Store::of(folder.path()).prepare().unwrap();
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_an_earlier_program_wrote_is_brought_up_to_date_and_keeps_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = (Store::of(folder.path()), folder.path().join(FILE));
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute("INSERT INTO meta VALUES (1, 1, ?1, NULL)", [APPLICATION_ID]).unwrap();
        let person = "INSERT INTO people (name, role, password, created_at, password_at)
            VALUES ('alice', 'operator', '$argon2id$x', 1, 1)";
        old.execute_batch(person).unwrap();
        drop(old);
        store.prepare().unwrap();
        let alice = &store.people().unwrap()[0];
        let ways = store.ways(alice.id).unwrap();
        assert_eq!((&*alice.name, ways.has_password, ways.links.len()), ("alice", true, 0));
    }

    #[test]
    fn what_is_newer_foreign_or_damaged_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = (Store::of(folder.path()), folder.path().join(FILE));
        store.prepare().unwrap();
        let change = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        change("UPDATE meta SET schema_version = 99");
        assert!(matches!(store.prepare(), Err(AccountsError::TooNew { found: 99, known: SCHEMA_VERSION, .. })));
        change(&format!("UPDATE meta SET schema_version = {SCHEMA_VERSION}, application_id = 7"));
        assert!(matches!(store.prepare(), Err(AccountsError::Foreign { .. })));
        for bytes in
            [&b"not a database, and longer than the head of one would have to be to look like it ......"[..]; 1]
        {
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(store.prepare(), Err(AccountsError::Sqlite { .. })));
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        std::fs::write(&path, b"").unwrap();
        assert!(matches!(store.prepare(), Err(AccountsError::Damaged { .. })), "emptied is not new");
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (a INTEGER)").unwrap();
        assert!(matches!(store.prepare(), Err(AccountsError::Foreign { .. })));
    }
}
