//! Signing in, using a link, and changing a password: what takes a while, and what is throttled.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use uphold_core::time::{Instant, Millis};

use super::identities::WayIn;
use super::password::{LENGTH_MAX, Unworked, check};
use super::people::{NAME_MAX, check_name};
use super::throttle::Throttle;
use super::{AccountsError, PasswordError, Passwords, Person, Secret, SignedIn, Store, Whom};
use crate::clock::Clock;

/// The accounts as a server uses them.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    throttle: Arc<Mutex<Throttle>>,
    clock: Clock,
}

/// Why somebody is not signed in.
#[derive(Debug)]
pub enum SignInError {
    /// The name or the password is not right; which of them is not said.
    Wrong,
    /// There were too many tries: the next one may come after this time.
    Wait(Millis),
    /// Too many others sign in at this moment.
    Busy,
    /// The new password cannot be one.
    Password(PasswordError),
    /// The accounts do not let it be.
    Accounts(AccountsError),
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong => f.write_str("the name or the password is not right"),
            Self::Wait(length) => write!(f, "there were too many tries: wait {length}"),
            Self::Busy => f.write_str("too many others sign in at this moment"),
            Self::Password(error) => error.fmt(f),
            Self::Accounts(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SignInError {}

impl From<AccountsError> for SignInError {
    fn from(error: AccountsError) -> Self {
        Self::Accounts(error)
    }
}

impl From<PasswordError> for SignInError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

impl From<Unworked> for SignInError {
    fn from(unworked: Unworked) -> Self {
        match unworked {
            Unworked::Busy => Self::Busy,
            Unworked::Defect => Self::Accounts(AccountsError::Defect),
        }
    }
}

/// The browser that somebody signs in with.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// Where it is.
    pub address: Option<IpAddr>,
    /// What it calls itself.
    pub name: String,
    /// The session that it shows already.
    pub session: Option<Secret>,
}

impl Accounts {
    /// The accounts of a data folder.
    #[must_use]
    pub fn of(folder: &Path, clock: Clock) -> Self {
        Self { store: Store::of(folder), passwords: Passwords::default(), throttle: Arc::default(), clock }
    }

    /// The accounts themselves, for whoever may wait for the disk.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What works on passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Asks the accounts something, beside everything else.
    ///
    /// # Errors
    /// What the work ends in.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, Instant) -> Result<T, AccountsError> + Send + 'static,
    ) -> Result<T, AccountsError> {
        let (store, now) = (self.store.clone(), self.clock.now());
        tokio::task::spawn_blocking(move || work(&store, now)).await.map_err(|_| AccountsError::Defect)?
    }

    /// Begins a session for whoever knows the password of an account.
    ///
    /// # Errors
    /// Why not.
    pub async fn sign_in(&self, name: &str, password: &str, browser: Browser) -> Result<Secret, SignInError> {
        let (who, hash) = self.compare(name, password, browser.address).await?;
        Ok(self.begin(who, WayIn::Password(hash), browser).await?)
    }

    /// Uses a link: somebody new chooses a password, and is signed in.
    ///
    /// # Errors
    /// Why not.
    pub async fn accept(
        &self,
        link: Secret,
        name: String,
        password: String,
        browser: Browser,
    ) -> Result<Secret, SignInError> {
        let asked = link.clone();
        let found = self.ask(move |store, now| store.invitation(&asked, now)).await?;
        // Before a password is worked on: that costs, and this does not.
        let name = match found.ok_or(AccountsError::NoSuchInvitation)?.whom {
            Whom::First => name,
            Whom::New(name) | Whom::Known(name) => name,
        };
        check_name(&name)?;
        check(&password, &name)?;
        let way = WayIn::Password(self.passwords.hash(password).await?);
        let kept = way.clone();
        let who = self.ask(move |store, now| store.accept(&link, &name, &kept, now)).await?;
        Ok(self.begin(who, way, browser).await?)
    }

    /// Changes the password of somebody who knows the old one, ends all their sessions and begins another.
    ///
    /// # Errors
    /// Why not.
    pub async fn change_password(
        &self,
        signed: &SignedIn,
        old: &str,
        new: String,
        browser: Browser,
    ) -> Result<Secret, SignInError> {
        check(&new, &signed.person.name)?;
        let (who, before) = self.compare(&signed.person.name, old, browser.address).await?;
        let hash = self.passwords.hash(new).await?;
        let (id, kept) = (who.id, hash.clone());
        self.ask(move |store, now| store.set_password(id, &before, &kept, now)).await?;
        Ok(self.begin(who, WayIn::Password(hash), browser).await?)
    }

    /// Whose password it is, with its hash. A name that nobody has takes as long as one that somebody has.
    pub(super) async fn compare(
        &self,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<(Person, String), SignInError> {
        // No account has a longer name, and what is counted must not grow with what is sent.
        let name: String = name.chars().take(NAME_MAX + 1).collect();
        self.throttle().take(&name, address, self.clock.monotonic()).map_err(SignInError::Wait)?;
        let asked = name.clone();
        let known = self.ask(move |store, _| store.credentials(&asked)).await?;
        let hash = known.as_ref().map(|(_, hash)| hash.clone());
        let password: String = if password.len() > LENGTH_MAX { String::new() } else { password.to_owned() };
        let is_right = self.passwords.is_right(password, hash).await?;
        match known.filter(|_| is_right) {
            Some(known) => {
                self.throttle().succeed(&name, address);
                Ok(known)
            }
            None => Err(SignInError::Wrong),
        }
    }

    pub(super) async fn begin(&self, who: Person, way: WayIn, browser: Browser) -> Result<Secret, AccountsError> {
        let Browser { name, session, .. } = browser;
        self.ask(move |store, now| store.begin_session(&who, &way, session.as_ref(), &name, now)).await
    }

    pub(super) fn monotonic(&self) -> Millis {
        self.clock.monotonic()
    }

    pub(super) fn throttle(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
