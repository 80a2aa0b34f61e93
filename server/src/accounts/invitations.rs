//! Links that are good for one use: of the first start, for somebody new, for a lost password.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use uphold_core::time::Instant;

use super::acts::{Deed, note};
use super::identities::WayIn;
use super::people::{PERSON, check_name, person};
use super::{AccountsError, Cause, FIRST_LINK_LENGTH, INVITATION_LENGTH, Person, Role, Secret, Standing, Store};

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// What the link ends with; it is told once.
    pub secret: Secret,
    /// Whether it is for somebody who has an account.
    pub is_reset: bool,
    /// Until when it is good.
    pub expires_at: Instant,
}

/// Whom a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Whoever starts first, and chooses a name.
    First,
    /// Somebody new, of this name.
    New(String),
    /// Somebody who has an account of this name, and wants another password.
    Known(String),
}

/// What a link that is still good is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// For whom.
    pub whom: Whom,
    /// What they may do.
    pub standing: Standing,
    /// Until when it is good.
    pub expires_at: Instant,
}

/// A row of the table.
struct Found {
    name: Option<String>,
    person: Option<i64>,
    standing: Standing,
    expires_at: Instant,
    by: String,
    why: String,
}

impl Found {
    fn invitation(self) -> Invitation {
        let whom = match (self.name, self.person) {
            (None, _) => Whom::First,
            (Some(name), None) => Whom::New(name),
            (Some(name), Some(_)) => Whom::Known(name),
        };
        Invitation { whom, standing: self.standing, expires_at: self.expires_at }
    }
}

impl Store {
    /// Makes the link of a first start, if nobody was ever let in; it replaces the one of the start before.
    ///
    /// # Errors
    /// When the accounts cannot be written.
    pub fn first_link(&self, now: Instant) -> Result<Option<Secret>, AccountsError> {
        let secret = Secret::draw()?;
        let made = self.write(|transaction| {
            let refuse = |error| self.sqlite("write", error);
            transaction.execute("DELETE FROM invitations WHERE name IS NULL", []).map_err(refuse)?;
            if self.is_set_up(transaction)? {
                return Ok(false);
            }
            let sql = "INSERT INTO invitations VALUES (?1, NULL, NULL, 'operator', NULL, ?2, ?3, ?4)";
            let (by, why) = ("first-start", "the link of the first start");
            let until = now + FIRST_LINK_LENGTH;
            transaction.execute(sql, params![secret.digest().0, until.0, by, why]).map_err(refuse)?;
            Ok(true)
        })?;
        Ok(made.then_some(secret))
    }

    /// Whether the link of a first start cannot be used any more, since an operator was made.
    fn is_set_up(&self, transaction: &Transaction<'_>) -> Result<bool, AccountsError> {
        let sql = "SELECT set_up_at IS NOT NULL OR EXISTS (SELECT 1 FROM people) FROM meta";
        transaction.query_row(sql, [], |row| row.get(0)).map_err(|error| self.sqlite("read", error))
    }

    /// Whether there was ever an operator.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn has_begun(&self) -> Result<bool, AccountsError> {
        self.read(|transaction| self.is_set_up(transaction))
    }

    /// Makes a link: for somebody new, who gets `standing`; for a lost password where there is an account of that name, whose
    /// role must then not be said or be the same. A new link replaces the one before.
    ///
    /// # Errors
    /// When the name is none, somebody new is to have no role, somebody known another one, or the accounts cannot be written.
    pub fn invite(&self, name: &str, standing: Option<&Standing>, cause: &Cause) -> Result<Invited, AccountsError> {
        check_name(name)?;
        let secret = Secret::draw()?;
        let expires_at = cause.at + INVITATION_LENGTH;
        let is_reset = self.write(|transaction| {
            let refuse = |error| self.sqlite("write", error);
            let sql = format!("SELECT {PERSON} FROM people p WHERE p.name = ?1");
            let known = transaction.query_row(&sql, [name], person).optional().map_err(refuse)?;
            let known = match known {
                None => None,
                Some(None) => return Err(self.damaged("somebody has a role that is none")),
                Some(found) => found,
            };
            let standing = match (&known, standing) {
                (None, None) => return Err(AccountsError::NoRole(name.to_owned())),
                (None, Some(standing)) => standing,
                (Some(person), None) => &person.standing,
                (Some(person), Some(standing)) if person.standing == *standing => standing,
                (Some(_), Some(_)) => return Err(AccountsError::OtherRole(name.to_owned())),
            };
            transaction.execute("DELETE FROM invitations WHERE name = ?1", [name]).map_err(refuse)?;
            let sql = "INSERT INTO invitations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let (id, customer) = (known.as_ref().map(|p| p.id), standing.customer().map(ToString::to_string));
            let role = standing.role().name();
            let row = params![secret.digest().0, name, id, role, customer, expires_at.0, cause.by, cause.why];
            transaction.execute(sql, row).map_err(refuse)?;
            Ok(known.is_some())
        })?;
        Ok(Invited { secret, is_reset, expires_at })
    }

    /// What a link is for; nothing, where it was used, has expired, or never was.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn invitation(&self, secret: &Secret, now: Instant) -> Result<Option<Invitation>, AccountsError> {
        self.read(|transaction| {
            let Some(found) = self.find_link(transaction, secret, now)? else { return Ok(None) };
            Ok(Some(found.invitation()))
        })
    }

    /// The links that are still good, but for that of a first start.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn invitations(&self, now: Instant) -> Result<Vec<Invitation>, AccountsError> {
        let sql = "SELECT name, person, role, customer, expires_at, by, why FROM invitations
            WHERE name IS NOT NULL AND expires_at > ?1 ORDER BY name";
        let read = |transaction: &Transaction<'_>| {
            let mut statement = transaction.prepare(sql)?;
            let rows = statement.query_map([now.0], link)?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let found = self.read(|transaction| read(transaction).map_err(|error| self.sqlite("read", error)))?;
        Ok(found.into_iter().flatten().map(Found::invitation).collect())
    }

    /// Uses a link: makes the account, or gives it this way in alone and ends its sessions. `name` counts for the link of a
    /// first start alone; the others have theirs.
    ///
    /// # Errors
    /// When the link is not good, the name is none or taken, the way in is another account's, or the accounts cannot be
    /// written.
    pub(super) fn accept(
        &self,
        secret: &Secret,
        name: &str,
        way: &WayIn,
        now: Instant,
    ) -> Result<Person, AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        self.write(|transaction| {
            let found = self.find_link(transaction, secret, now)?.ok_or(AccountsError::NoSuchInvitation)?;
            let name = found.name.as_deref().unwrap_or(name);
            check_name(name)?;
            transaction.execute("DELETE FROM invitations WHERE digest = ?1", [secret.digest().0]).map_err(refuse)?;
            if let Some(id) = found.person {
                let sql = "UPDATE people SET password = ?2, password_at = ?3 WHERE id = ?1";
                transaction.execute(sql, params![id, way.hash(), now.0]).map_err(refuse)?;
                transaction.execute("DELETE FROM sessions WHERE person = ?1", [id]).map_err(refuse)?;
            } else {
                self.create(transaction, name, way, &found, now)?;
            }
            let sql = format!("SELECT {PERSON} FROM people p WHERE p.name = ?1");
            let made = transaction.query_row(&sql, [name], person).map_err(refuse)?;
            let made = made.ok_or_else(|| self.damaged("somebody has a role that is none"))?;
            let cause = Cause { by: format!("person:{}", made.name), why: "with a link".to_owned(), at: now };
            self.unlink_all(transaction, &made, &cause)?;
            if let Some(identity) = way.identity() {
                self.link_in(transaction, &made, identity, &cause)?;
            }
            Ok(made)
        })
    }

    fn create(
        &self,
        transaction: &Transaction<'_>,
        name: &str,
        way: &WayIn,
        found: &Found,
        now: Instant,
    ) -> Result<(), AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        let (role, customer) = (found.standing.role(), found.standing.customer().map(ToString::to_string));
        let sql = "INSERT INTO people (name, role, customer, password, created_at, password_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO NOTHING";
        if transaction.execute(sql, params![name, role.name(), customer, way.hash(), now.0]).map_err(refuse)? == 0 {
            return Err(AccountsError::NameTaken(name.to_owned()));
        }
        if role == Role::Operator {
            let sql = "UPDATE meta SET set_up_at = ?1 WHERE set_up_at IS NULL";
            transaction.execute(sql, [now.0]).map_err(refuse)?;
            // The link of a first start ends with it, whichever way the operator came.
            transaction.execute("DELETE FROM invitations WHERE name IS NULL", []).map_err(refuse)?;
        }
        let cause = Cause { by: found.by.clone(), why: found.why.clone(), at: now };
        note(transaction, Deed::Created, name, Some(role), &cause).map_err(refuse)
    }

    fn find_link(
        &self,
        transaction: &Transaction<'_>,
        secret: &Secret,
        now: Instant,
    ) -> Result<Option<Found>, AccountsError> {
        let sql = "SELECT name, person, role, customer, expires_at, by, why FROM invitations WHERE digest = ?1";
        let found = transaction.query_row(sql, [secret.digest().0], link).optional();
        let found = found.map_err(|error| self.sqlite("read", error))?.flatten();
        let Some(found) = found.filter(|found| now < found.expires_at) else { return Ok(None) };
        let is_first = found.name.is_none();
        Ok(if is_first && self.is_set_up(transaction)? { None } else { Some(found) })
    }
}

fn link(row: &Row<'_>) -> Result<Option<Found>, rusqlite::Error> {
    let (role, customer): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    let Some(standing) = Standing::read(&role, customer) else { return Ok(None) };
    let (name, person, expires_at) = (row.get(0)?, row.get(1)?, Instant(row.get(4)?));
    Ok(Some(Found { name, person, standing, expires_at, by: row.get(5)?, why: row.get(6)? }))
}
