//! Acts: what was done to accounts and tokens, kept in the same transaction until the ledger has it.

use rusqlite::{Transaction, params};
use uphold_core::time::Instant;

use super::{AccountsError, Role, Store};

/// Who does something, why, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Who: `person:alice`, `cli:root`.
    pub by: String,
    /// Why, in their words.
    pub why: String,
    /// When.
    pub at: Instant,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its place among those that the ledger does not have yet.
    pub id: i64,
    /// The id of the fact that it becomes.
    pub fact: String,
    /// What was done: `person-created`.
    pub what: String,
    /// To whom or what: `person:alice`.
    pub subject: String,
    /// What it is now: a role, the scopes of a token.
    pub to: Option<String>,
    /// Who, why and when.
    pub cause: Cause,
}

/// What can be done to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Created,
    Removed,
    RoleChanged,
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "person-created",
            Self::Removed => "person-removed",
            Self::RoleChanged => "role-changed",
        }
    }
}

/// Writes down what is done to a person, in the transaction that does it.
pub(super) fn note(
    transaction: &Transaction<'_>,
    deed: Deed,
    name: &str,
    role: Option<Role>,
    cause: &Cause,
) -> Result<(), rusqlite::Error> {
    write(transaction, deed.name(), &format!("person:{name}"), role.map(Role::name), cause)
}

fn write(
    transaction: &Transaction<'_>,
    what: &str,
    subject: &str,
    to: Option<&str>,
    cause: &Cause,
) -> Result<(), rusqlite::Error> {
    // The number is given once, and a copy of the file that is put back must not say another thing under the same id.
    let sql = "INSERT INTO acts (fact, what, subject, \"to\", by, why, at)
        VALUES ('act:' || lower(hex(randomblob(16))), ?1, ?2, ?3, ?4, ?5, ?6)";
    transaction.execute(sql, params![what, subject, to, cause.by, cause.why, cause.at.0]).map(drop)
}

impl Store {
    /// What the ledger does not have yet, oldest first.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn acts(&self) -> Result<Vec<Act>, AccountsError> {
        let read = |transaction: &Transaction<'_>| {
            let sql = "SELECT id, fact, what, subject, \"to\", by, why, at FROM acts ORDER BY id LIMIT 100";
            let mut statement = transaction.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let cause = Cause { by: row.get(5)?, why: row.get(6)?, at: Instant(row.get(7)?) };
                let (id, fact, what) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Act { id, fact, what, subject: row.get(3)?, to: row.get(4)?, cause })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        self.read(|transaction| read(transaction).map_err(|error| self.sqlite("read", error)))
    }

    /// Forgets what the ledger has.
    ///
    /// # Errors
    /// When the accounts cannot be written.
    pub fn forget_act(&self, id: i64) -> Result<(), AccountsError> {
        self.write(|transaction| {
            let done = transaction.execute("DELETE FROM acts WHERE id = ?1", [id]);
            done.map(drop).map_err(|error| self.sqlite("write", error))
        })
    }
}
