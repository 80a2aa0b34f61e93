//! Acts: what was done to accounts and tokens, kept in the same transaction until the ledger has it.

use rusqlite::{Transaction, params};
use uphold_core::time::Instant;

use super::{AccountsError, Role, Store};
use crate::access::Token;

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
    /// What it is now: a role, the scopes of a token; or with which identity provider it was done.
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
    IdentityLinked,
    IdentityUnlinked,
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "person-created",
            Self::Removed => "person-removed",
            Self::RoleChanged => "role-changed",
            Self::IdentityLinked => "identity-linked",
            Self::IdentityUnlinked => "identity-unlinked",
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

/// The same of what is done to somebody's link to an identity provider. Who they are there is not told.
pub(super) fn note_identity(
    transaction: &Transaction<'_>,
    deed: Deed,
    name: &str,
    issuer: &str,
    cause: &Cause,
) -> Result<(), rusqlite::Error> {
    write(transaction, deed.name(), &format!("person:{name}"), Some(issuer), cause)
}

/// The tokens that were there when it was asked last.
fn told(transaction: &Transaction<'_>) -> Result<Vec<(String, String)>, rusqlite::Error> {
    let mut statement = transaction.prepare("SELECT name, sha256 FROM told_tokens")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
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
    /// Writes down which tokens came and went since it was asked last.
    ///
    /// # Errors
    /// When the accounts cannot be read or written.
    pub fn notice_tokens(&self, now: &[Token], cause: &Cause) -> Result<(), AccountsError> {
        let told = self.read(|transaction| told(transaction).map_err(|error| self.sqlite("read", error)))?;
        let held =
            |token: &Token| told.iter().any(|(name, sha256)| *name == token.name && sha256 == token.fingerprint());
        let gone = |(name, sha256): &&(String, String)| {
            !now.iter().any(|token| token.name == *name && token.fingerprint() == sha256)
        };
        let (new, gone): (Vec<&Token>, Vec<_>) =
            (now.iter().filter(|token| !held(token)).collect(), told.iter().filter(gone).collect());
        if new.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let change = |transaction: &Transaction<'_>| {
            for (name, sha256) in gone {
                transaction.execute("DELETE FROM told_tokens WHERE name = ?1 AND sha256 = ?2", [name, sha256])?;
                write(transaction, "token-revoked", &format!("token:{name}"), None, cause)?;
            }
            for token in new {
                let sql = "INSERT INTO told_tokens VALUES (?1, ?2)";
                transaction.execute(sql, [token.name.as_str(), token.fingerprint()])?;
                let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
                let subject = format!("token:{}", token.name);
                write(transaction, "token-created", &subject, Some(&scopes.join(",")), cause)?;
            }
            Ok(())
        };
        self.write(|transaction| change(transaction).map_err(|error| self.sqlite("write", error)))
    }

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
