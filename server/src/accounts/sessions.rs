//! Sessions: what a browser shows to be somebody, until it ends.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use uphold_core::time::{Instant, Millis};

use super::identities::WayIn;
use super::people::{PERSON, person};
use super::{AccountsError, Identity, Person, Secret, Store};

/// How long a session lasts that nobody uses.
pub const SESSION_IDLE_MAX: Millis = Millis(12 * 3_600_000);

/// How long a session lasts.
pub const SESSION_LENGTH_MAX: Millis = Millis(7 * 86_400_000);

/// How exactly it is known when a session was used last: a page that keeps itself up to date would write every second.
const SEEN_EVERY: Millis = Millis(60_000);

/// How much of the name that a browser gives itself is kept, in characters.
const BROWSER_MAX: usize = 160;

/// How many sessions one person has at most: the oldest ends.
const SESSIONS_MAX: i64 = 20;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The number of the session.
    pub session: i64,
    /// Who it is.
    pub person: Person,
    /// What every form of this session carries.
    pub form_token: String,
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub created_at: Instant,
    /// When it was used last, to the minute.
    pub seen_at: Instant,
    /// What the browser called itself.
    pub browser: String,
}

/// A session that is not over, with the moment at which it was used last.
const GOOD: &str = "s.created_at > ?2 AND s.created_at <= ?4 AND s.seen_at > ?3";

impl Store {
    /// Begins a session of somebody whose way in is still the one that was just looked at. The session that the browser had
    /// before ends: nothing that was known before signing in is good after it.
    pub(super) fn begin_session(
        &self,
        who: &Person,
        way: &WayIn,
        before: Option<&Secret>,
        browser: &str,
        now: Instant,
    ) -> Result<Secret, AccountsError> {
        let secret = Secret::draw()?;
        let refuse = |error| self.sqlite("write", error);
        self.write(|transaction| {
            if let Some(before) = before {
                transaction.execute("DELETE FROM sessions WHERE digest = ?1", [before.digest().0]).map_err(refuse)?;
            }
            let old = "DELETE FROM sessions WHERE created_at <= ?1 OR seen_at <= ?2";
            let limits = [(now - SESSION_LENGTH_MAX).0, (now - SESSION_IDLE_MAX).0];
            transaction.execute(old, limits).map_err(refuse)?;
            let many = "DELETE FROM sessions WHERE person = ?1 AND id NOT IN
                (SELECT id FROM sessions WHERE person = ?1 ORDER BY seen_at DESC, id DESC LIMIT ?2)";
            transaction.execute(many, [who.id, SESSIONS_MAX - 1]).map_err(refuse)?;
            let browser: String = browser.chars().filter(|c| !c.is_control()).take(BROWSER_MAX).collect();
            let (is_still, [one, other]) = match way {
                WayIn::Password(hash) => ("password = ?5 AND password <> ?6", [hash.as_str(), ""]),
                WayIn::Identity(Identity { issuer, subject }) => (
                    "id = (SELECT person FROM identities WHERE issuer = ?5 AND subject = ?6)",
                    [issuer.as_str(), subject.as_str()],
                ),
            };
            let sql = format!(
                "INSERT INTO sessions (digest, person, created_at, seen_at, browser)
                SELECT ?1, id, ?2, ?2, ?3 FROM people WHERE id = ?4 AND {is_still}"
            );
            let row = params![secret.digest().0, now.0, browser, who.id, one, other];
            match transaction.execute(&sql, row).map_err(refuse)? {
                1 => Ok(()),
                _ => Err(AccountsError::Changed),
            }
        })?;
        Ok(secret)
    }

    /// Whose session it is; nobody's, where it is over or never was.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn session(&self, secret: &Secret, now: Instant) -> Result<Option<SignedIn>, AccountsError> {
        let sql = format!(
            "SELECT {PERSON}, s.id, s.seen_at FROM sessions s JOIN people p ON p.id = s.person
            WHERE s.digest = ?1 AND {GOOD}"
        );
        let limits = (now - SESSION_LENGTH_MAX, now - SESSION_IDLE_MAX);
        let read = |row: &Row<'_>| Ok((person(row)?, row.get(5)?, Instant(row.get(6)?)));
        let found = self.read(|transaction| {
            // A clock that was set back must not make a session last longer than it may.
            let row = params![secret.digest().0, limits.0.0, limits.1.0, (now + SEEN_EVERY).0];
            let found = transaction.query_row(&sql, row, read).optional();
            found.map_err(|error| self.sqlite("read", error))
        })?;
        let Some((Some(person), session, seen_at)) = found else { return Ok(None) };
        if now - seen_at >= SEEN_EVERY {
            self.write(|transaction| {
                let done = transaction.execute("UPDATE sessions SET seen_at = ?2 WHERE id = ?1", [session, now.0]);
                done.map_err(|error| self.sqlite("write", error))
            })?;
        }
        Ok(Some(SignedIn { session, person, form_token: secret.form_token() }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the accounts cannot be written.
    pub fn end_session(&self, session: i64) -> Result<(), AccountsError> {
        self.write(|transaction| {
            let done = transaction.execute("DELETE FROM sessions WHERE id = ?1", [session]);
            done.map(drop).map_err(|error| self.sqlite("write", error))
        })
    }

    /// Ends one session of a person, whose own it must be, or all of them. Says how many ended.
    ///
    /// # Errors
    /// When the accounts cannot be written.
    pub fn end_sessions(&self, person: i64, one: Option<i64>) -> Result<usize, AccountsError> {
        self.write(|transaction| {
            let sql = "DELETE FROM sessions WHERE person = ?1 AND (?2 IS NULL OR id = ?2)";
            transaction.execute(sql, params![person, one]).map_err(|error| self.sqlite("write", error))
        })
    }

    /// The sessions of a person that are not over, the one used last first.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn sessions(&self, person: i64, now: Instant) -> Result<Vec<SessionEntry>, AccountsError> {
        let sql = format!(
            "SELECT s.id, s.created_at, s.seen_at, s.browser FROM sessions s WHERE s.person = ?1 AND {GOOD}
            ORDER BY s.seen_at DESC, s.id DESC"
        );
        let limits = (now - SESSION_LENGTH_MAX, now - SESSION_IDLE_MAX);
        let read = |transaction: &Transaction<'_>| {
            let mut statement = transaction.prepare(&sql)?;
            let row = params![person, limits.0.0, limits.1.0, (now + SEEN_EVERY).0];
            let rows = statement.query_map(row, |row| {
                let (created_at, seen_at) = (Instant(row.get(1)?), Instant(row.get(2)?));
                Ok(SessionEntry { id: row.get(0)?, created_at, seen_at, browser: row.get(3)? })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        self.read(|transaction| read(transaction).map_err(|error| self.sqlite("read", error)))
    }

    /// Changes a password that still has the hash that was just compared, and ends every session of the person.
    pub(super) fn set_password(&self, who: i64, old: &str, new: &str, now: Instant) -> Result<(), AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        self.write(|transaction| {
            let sql = "UPDATE people SET password = ?3, password_at = ?4 WHERE id = ?1 AND password = ?2";
            if transaction.execute(sql, params![who, old, new, now.0]).map_err(refuse)? == 0 {
                return Err(AccountsError::Changed);
            }
            transaction.execute("DELETE FROM sessions WHERE person = ?1", [who]).map_err(refuse)?;
            // A link for a password that was lost is of no use to whoever has found it.
            transaction.execute("DELETE FROM invitations WHERE person = ?1", [who]).map(drop).map_err(refuse)
        })
    }
}
