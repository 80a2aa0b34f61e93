//! People: who there is, what each may do, and their end.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use uphold_core::time::Instant;

use super::acts::{Deed, note};
use super::{AccountsError, Cause, Person, Role, Standing, Store};

/// How long the name of an account may be.
pub(super) const NAME_MAX: usize = 64;

/// What is selected of a person, in the order that [`person`] reads.
pub(super) const PERSON: &str = "p.id, p.name, p.role, p.customer, p.created_at";

/// Reads a person. A role that is none of ours gives nothing.
pub(super) fn person(row: &Row<'_>) -> Result<Option<Person>, rusqlite::Error> {
    let (role, customer): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    let Some(standing) = Standing::read(&role, customer) else { return Ok(None) };
    Ok(Some(Person { id: row.get(0)?, name: row.get(1)?, standing, created_at: Instant(row.get(4)?) }))
}

/// Whether a text can be the name of an account.
pub(super) fn check_name(name: &str) -> Result<(), AccountsError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+@".contains(c);
    // A name that begins with a point could be read as a step upwards in an address.
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let fits = begins && name.len() <= NAME_MAX && name.chars().all(plain);
    if fits { Ok(()) } else { Err(AccountsError::BadName(name.chars().take(NAME_MAX).collect())) }
}

/// Takes back the links that somebody made: they must not leave a way in behind.
fn take_links(transaction: &Transaction<'_>, name: &str) -> Result<(), rusqlite::Error> {
    transaction.execute("DELETE FROM invitations WHERE by = ?1", [format!("person:{name}")]).map(drop)
}

impl Store {
    /// Everybody, by name.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn people(&self) -> Result<Vec<Person>, AccountsError> {
        let sql = format!("SELECT {PERSON} FROM people p ORDER BY p.name");
        let read = |transaction: &Transaction<'_>| {
            let mut statement = transaction.prepare(&sql)?;
            let rows = statement.query_map([], person)?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let found = self.read(|transaction| read(transaction).map_err(|error| self.sqlite("read", error)))?;
        found.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| self.damaged("somebody has a role that is none"))
    }

    /// The person of that name, with the hash of their password.
    pub(super) fn credentials(&self, name: &str) -> Result<Option<(Person, String)>, AccountsError> {
        let sql = format!("SELECT {PERSON}, p.password FROM people p WHERE p.name = ?1");
        self.read(|transaction| {
            let found = transaction.query_row(&sql, [name], |row| Ok((person(row)?, row.get(5)?))).optional();
            let found = found.map_err(|error| self.sqlite("read", error))?;
            Ok(found.and_then(|(person, hash)| Some((person?, hash))))
        })
    }

    /// Gives somebody another role, and ends their sessions: what an open page may do is what they may do now.
    ///
    /// # Errors
    /// When there is no such person, nobody else is an operator, or the accounts cannot be written.
    pub fn set_standing(&self, name: &str, standing: &Standing, cause: &Cause) -> Result<(), AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        self.write(|transaction| {
            let (id, role, name) = self.find(transaction, name)?;
            if role == Role::Operator.name() && standing.role() != Role::Operator {
                self.keep_an_operator(transaction, id, &name)?;
            }
            let customer = standing.customer().map(ToString::to_string);
            let sql = "UPDATE people SET role = ?2, customer = ?3 WHERE id = ?1";
            transaction.execute(sql, params![id, standing.role().name(), customer]).map_err(refuse)?;
            transaction.execute("DELETE FROM sessions WHERE person = ?1", [id]).map_err(refuse)?;
            transaction.execute("DELETE FROM invitations WHERE person = ?1", [id]).map_err(refuse)?;
            take_links(transaction, &name).map_err(refuse)?;
            note(transaction, Deed::RoleChanged, &name, Some(standing.role()), cause).map_err(refuse)
        })
    }

    /// Removes somebody with everything that is known of them, and ends their sessions; or takes back a link, where somebody
    /// was only invited. Links that they made are of no use any more.
    ///
    /// # Errors
    /// When there is no such person, nobody else is an operator, or the accounts cannot be written.
    pub fn remove(&self, name: &str, cause: &Cause) -> Result<(), AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        self.write(|transaction| {
            let taken = transaction.execute("DELETE FROM invitations WHERE name = ?1", [name]).map_err(refuse)?;
            let (id, role, name) = match self.find(transaction, name) {
                Err(AccountsError::NoSuchPerson(_)) if taken > 0 => return Ok(()),
                found => found?,
            };
            if role == Role::Operator.name() {
                self.keep_an_operator(transaction, id, &name)?;
            }
            transaction.execute("DELETE FROM people WHERE id = ?1", [id]).map_err(refuse)?;
            take_links(transaction, &name).map_err(refuse)?;
            note(transaction, Deed::Removed, &name, None, cause).map_err(refuse)
        })
    }

    fn find(&self, transaction: &Transaction<'_>, name: &str) -> Result<(i64, String, String), AccountsError> {
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found = transaction.query_row("SELECT id, role, name FROM people WHERE name = ?1", [name], row).optional();
        let found = found.map_err(|error| self.sqlite("read", error))?;
        found.ok_or_else(|| AccountsError::NoSuchPerson(name.chars().take(NAME_MAX).collect()))
    }

    fn keep_an_operator(&self, transaction: &Transaction<'_>, id: i64, name: &str) -> Result<(), AccountsError> {
        let sql = "SELECT count(*) FROM people WHERE role = 'operator' AND id <> ?1";
        let others: i64 =
            transaction.query_row(sql, [id], |row| row.get(0)).map_err(|error| self.sqlite("read", error))?;
        if others > 0 { Ok(()) } else { Err(AccountsError::LastOperator(name.to_owned())) }
    }
}
