//! Identities: who somebody is at an identity provider, as a way into an account.
//!
//! An account is found by issuer and subject and by nothing else: names and addresses of mail change hands, and a provider may
//! let people choose theirs. Not here: how a provider is asked (`crate::identity`).

use std::fmt;
use std::net::IpAddr;

use rusqlite::{OptionalExtension as _, Transaction, params};
use uphold_core::time::Instant;

use super::acts::{Deed, note_identity};
use super::people::{PERSON, check_name, person};
use super::{Accounts, AccountsError, Browser, Cause, Person, Return, Secret, SignInError, SignedIn, Store, Whom};

/// Who somebody is at an identity provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider, as it calls itself.
    pub issuer: String,
    /// The somebody, as it calls them: it never gives this to anybody else.
    pub subject: String,
}

impl fmt::Debug for Identity {
    /// Without the subject, which is a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What somebody shows to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WayIn {
    /// A password that has this hash.
    Password(String),
    /// Who they are at a provider.
    Identity(Identity),
}

impl WayIn {
    /// What is kept as the hash of the password.
    pub(super) fn hash(&self) -> &str {
        match self {
            Self::Password(hash) => hash,
            Self::Identity(_) => NO_PASSWORD,
        }
    }

    /// Who they are at a provider, where it is that.
    pub(super) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Password(_) => None,
            Self::Identity(identity) => Some(identity),
        }
    }
}

/// What is kept of an account that has no password.
const NO_PASSWORD: &str = "";

/// The ways into an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways {
    /// Whether it has a password.
    pub has_password: bool,
    /// Its links, the oldest first; at most one to each provider.
    pub links: Vec<Link>,
}

/// A link of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// To whom.
    pub identity: Identity,
    /// Since when.
    pub linked_at: Instant,
}

impl Store {
    /// The ways into an account: by password, and through providers, be they still asked or not.
    ///
    /// # Errors
    /// When there is no such account, or the accounts cannot be read.
    pub fn ways(&self, person: i64) -> Result<Ways, AccountsError> {
        self.read(|transaction| {
            let refuse = |error| self.sqlite("read", error);
            let sql = "SELECT password <> '' FROM people WHERE id = ?1";
            let has_password = transaction.query_row(sql, [person], |row| row.get(0)).optional().map_err(refuse)?;
            let has_password = has_password.ok_or(AccountsError::Changed)?;
            let links = links(transaction, person).map_err(refuse)?;
            Ok(Ways { has_password, links })
        })
    }

    /// Whose account an identity is linked to.
    fn identified(&self, identity: &Identity) -> Result<Option<Person>, AccountsError> {
        let sql = format!(
            "SELECT {PERSON} FROM people p JOIN identities i ON i.person = p.id WHERE i.issuer = ?1 AND i.subject = ?2"
        );
        self.read(|transaction| {
            let found = transaction.query_row(&sql, [&identity.issuer, &identity.subject], person).optional();
            Ok(found.map_err(|error| self.sqlite("read", error))?.flatten())
        })
    }

    /// Links the account of a session that has not ended to an identity. It replaces the one that it had there, which ends
    /// every other session: one of them may have begun through it.
    ///
    /// # Errors
    /// When the session has ended, the identity is linked to another account, or the accounts cannot be written.
    fn link(&self, signed: &SignedIn, identity: &Identity, cause: &Cause) -> Result<(), AccountsError> {
        self.write(|transaction| {
            let refuse = |error| self.sqlite("write", error);
            let sql = "SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?1 AND person = ?2)";
            let lasts: bool =
                transaction.query_row(sql, [signed.session, signed.person.id], |row| row.get(0)).map_err(refuse)?;
            if !lasts {
                return Err(AccountsError::Changed);
            }
            let sql = "SELECT EXISTS (SELECT 1 FROM identities WHERE person = ?1 AND issuer = ?2 AND subject = ?3)";
            let same = params![signed.person.id, identity.issuer, identity.subject];
            if transaction.query_row(sql, same, |row| row.get(0)).map_err(refuse)? {
                return Ok(());
            }
            if self.unlink_in(transaction, &signed.person, &identity.issuer, cause)? {
                end_others(transaction, signed).map_err(refuse)?;
            }
            self.link_in(transaction, &signed.person, identity, cause)
        })
    }

    /// Takes a link away that an account has to a provider; whether it had one.
    fn unlink_in(
        &self,
        transaction: &Transaction<'_>,
        who: &Person,
        issuer: &str,
        cause: &Cause,
    ) -> Result<bool, AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        let sql = "DELETE FROM identities WHERE person = ?1 AND issuer = ?2";
        let was_linked = transaction.execute(sql, params![who.id, issuer]).map_err(refuse)? > 0;
        if was_linked {
            note_identity(transaction, Deed::IdentityUnlinked, &who.name, issuer, cause).map_err(refuse)?;
        }
        Ok(was_linked)
    }

    /// The same in a transaction that does more.
    pub(super) fn link_in(
        &self,
        transaction: &Transaction<'_>,
        who: &Person,
        identity: &Identity,
        cause: &Cause,
    ) -> Result<(), AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        let Identity { issuer, subject } = identity;
        let sql = "SELECT person FROM identities WHERE issuer = ?1 AND subject = ?2";
        let held: Option<i64> =
            transaction.query_row(sql, [issuer, subject], |row| row.get(0)).optional().map_err(refuse)?;
        match held {
            Some(person) if person == who.id => return Ok(()),
            Some(_) => return Err(AccountsError::IdentityTaken),
            None => {}
        }
        let sql = "INSERT INTO identities (issuer, subject, person, linked_at) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(sql, params![issuer, subject, who.id, cause.at.0]).map_err(refuse)?;
        note_identity(transaction, Deed::IdentityLinked, &who.name, issuer, cause).map_err(refuse)
    }

    /// Unlinks the account of a session from a provider, and ends its other sessions: one of them may have begun through it.
    ///
    /// # Errors
    /// When nobody could come in any more, the account is not linked, or the accounts cannot be written.
    pub fn unlink(&self, signed: &SignedIn, issuer: &str, cause: &Cause) -> Result<(), AccountsError> {
        let who = &signed.person;
        self.write(|transaction| {
            let refuse = |error| self.sqlite("write", error);
            let sql = "SELECT password <> '' FROM people WHERE id = ?1";
            let has_password: Option<bool> =
                transaction.query_row(sql, [who.id], |row| row.get(0)).optional().map_err(refuse)?;
            if !has_password.ok_or(AccountsError::Changed)? {
                return Err(AccountsError::LastWayIn);
            }
            if !self.unlink_in(transaction, who, issuer, cause)? {
                return Err(AccountsError::Changed);
            }
            end_others(transaction, signed).map_err(refuse)
        })
    }

    /// Unlinks an account from every provider, in a transaction that gives it another way in.
    pub(super) fn unlink_all(
        &self,
        transaction: &Transaction<'_>,
        who: &Person,
        cause: &Cause,
    ) -> Result<(), AccountsError> {
        let refuse = |error| self.sqlite("write", error);
        let unlink = || -> Result<(), rusqlite::Error> {
            let mut statement = transaction.prepare("DELETE FROM identities WHERE person = ?1 RETURNING issuer")?;
            let issuers: Vec<String> =
                statement.query_map([who.id], |row| row.get(0))?.collect::<Result<_, rusqlite::Error>>()?;
            issuers
                .iter()
                .try_for_each(|issuer| note_identity(transaction, Deed::IdentityUnlinked, &who.name, issuer, cause))
        };
        unlink().map_err(refuse)
    }
}

impl Accounts {
    /// Takes one of the tries that an address has to come back from a provider, before it is known how it ends.
    ///
    /// # Errors
    /// How long to wait, where there is none.
    pub fn take_return(&self, how: Return, address: Option<IpAddr>) -> Result<(), SignInError> {
        let now = self.monotonic();
        self.throttle().take_return(how, address, now).map_err(SignInError::Wait)
    }

    /// Gives such a try back, where it was not in vain or not theirs to mend.
    pub fn forgive_return(&self, how: Return, address: Option<IpAddr>) {
        self.throttle().forgive_return(how, address);
    }

    /// Begins a session for whoever a provider says it is; nothing, where no account is linked to them.
    ///
    /// # Errors
    /// When the accounts cannot be read or written.
    pub async fn sign_in_as(&self, identity: Identity, browser: Browser) -> Result<Option<Secret>, AccountsError> {
        let asked = identity.clone();
        let Some(who) = self.ask(move |store, _| store.identified(&asked)).await? else { return Ok(None) };
        self.begin(who, WayIn::Identity(identity), browser).await.map(Some)
    }

    /// Whether a link is good, and the name that goes with it could be an account's: asked before somebody is sent away.
    ///
    /// # Errors
    /// Why not.
    pub async fn may_join(&self, link: Secret, name: String) -> Result<(), AccountsError> {
        let found = self.ask(move |store, now| store.invitation(&link, now)).await?;
        match found.ok_or(AccountsError::NoSuchInvitation)?.whom {
            Whom::New(_) | Whom::Known(_) if name.is_empty() => Ok(()),
            Whom::First | Whom::New(_) | Whom::Known(_) => check_name(&name),
        }
    }

    /// Uses a link: whoever a provider says it is comes in through it from now on, and through nothing else.
    ///
    /// # Errors
    /// Why not.
    pub async fn accept_as(
        &self,
        link: Secret,
        name: String,
        identity: Identity,
        browser: Browser,
    ) -> Result<Secret, AccountsError> {
        let way = WayIn::Identity(identity);
        let kept = way.clone();
        let who = self.ask(move |store, now| store.accept(&link, &name, &kept, now)).await?;
        self.begin(who, way, browser).await
    }

    /// Links the account of a session to an identity.
    ///
    /// # Errors
    /// When the session has ended, the identity is linked to another account, or the accounts cannot be written.
    pub async fn link(&self, signed: SignedIn, identity: Identity) -> Result<(), AccountsError> {
        self.ask(move |store, now| store.link(&signed, &identity, &by_oneself(&signed, now))).await
    }

    /// Unlinks the account of whoever is signed in.
    ///
    /// # Errors
    /// When nobody could come in any more, the account is not linked, or the accounts cannot be written.
    pub async fn unlink(&self, signed: SignedIn, issuer: String) -> Result<(), AccountsError> {
        self.ask(move |store, now| store.unlink(&signed, &issuer, &by_oneself(&signed, now))).await
    }

    /// Whether somebody who is signed in knows the password of their account.
    ///
    /// # Errors
    /// Why not.
    pub async fn confirm(&self, signed: &SignedIn, password: &str, browser: &Browser) -> Result<(), SignInError> {
        self.compare(&signed.person.name, password, browser.address).await.map(drop)
    }
}

fn links(transaction: &Transaction<'_>, person: i64) -> Result<Vec<Link>, rusqlite::Error> {
    let sql = "SELECT issuer, subject, linked_at FROM identities WHERE person = ?1 ORDER BY linked_at, issuer";
    let mut statement = transaction.prepare(sql)?;
    let link = |row: &rusqlite::Row<'_>| {
        let identity = Identity { issuer: row.get(0)?, subject: row.get(1)? };
        Ok(Link { identity, linked_at: Instant(row.get(2)?) })
    };
    statement.query_map([person], link)?.collect()
}

/// Ends every session of somebody but the one that they show.
fn end_others(transaction: &Transaction<'_>, signed: &SignedIn) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM sessions WHERE person = ?1 AND id <> ?2";
    transaction.execute(sql, [signed.person.id, signed.session]).map(drop)
}

fn by_oneself(signed: &SignedIn, now: Instant) -> Cause {
    Cause { by: format!("person:{}", signed.person.name), why: "on the page of their account".to_owned(), at: now }
}
