//! People's accounts: who may sign in, what each may do, and the sessions in which they do it.
//!
//! Everything is in `accounts.db` in the data folder and nothing in the ledger, so that a person can be erased. Every
//! question opens the file anew, as that of the tokens is: what another process did counts at once, and a file that cannot be
//! read lets nobody in. Not here: tokens for programs (`access.rs`), cookies and forms (`web/`).

mod acts;
mod error;
mod identities;
mod invitations;
mod password;
mod people;
mod sessions;
mod sign_in;
mod store;
mod throttle;
mod weak;

use std::fmt;

use uphold_core::id::CustomerId;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Millis};

pub use acts::{Act, Cause};
pub use error::AccountsError;
pub use identities::{Identity, Link, Ways};
pub use invitations::{Invitation, Invited, Whom};
pub use password::{LENGTH_MAX, LENGTH_MIN, PasswordError, Passwords};
pub use sessions::{SESSION_IDLE_MAX, SESSION_LENGTH_MAX, SessionEntry, SignedIn};
pub use sign_in::{Accounts, Browser, SignInError};
pub use store::{FILE, Store, copy};
pub use throttle::Return;
pub(crate) use throttle::network;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Role {
    /// See everything and change what may be changed.
    Operator,
    /// See everything.
    Viewer,
    /// See what is one customer's, and nobody else's.
    Customer,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Operator, Self::Viewer, Self::Customer];

    /// Its name, in files and addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Customer => "customer",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether whoever has this role may do what `needed` is asked for. An operator may see what a viewer sees; a customer
    /// stands apart: its pages show one customer, which the others are not.
    #[must_use]
    pub fn may(self, needed: Self) -> bool {
        self == needed || (self, needed) == (Self::Operator, Self::Viewer)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A role, with the customer where it is that of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// See everything and change what may be changed.
    Operator,
    /// See everything.
    Viewer,
    /// See what is this customer's.
    Customer(CustomerId),
}

impl Standing {
    /// A role with its customer.
    ///
    /// # Errors
    /// When a customer has no id, another role has one, or the id is none.
    pub fn new(role: Role, customer: Option<&str>) -> Result<Self, AccountsError> {
        match (role, customer.filter(|id| !id.is_empty())) {
            (Role::Operator, None) => Ok(Self::Operator),
            (Role::Viewer, None) => Ok(Self::Viewer),
            (Role::Customer, Some(id)) => CustomerId::parse(id).map(Self::Customer).map_err(AccountsError::BadCustomer),
            (Role::Customer, None) => Err(AccountsError::NoCustomer),
            (_, Some(_)) => Err(AccountsError::NotACustomer(role)),
        }
    }

    /// As it is stored; nothing, where that is none.
    fn read(role: &str, customer: Option<String>) -> Option<Self> {
        match (Role::find(role)?, customer.map(|id| CustomerId::parse(&id))) {
            (Role::Operator, None) => Some(Self::Operator),
            (Role::Viewer, None) => Some(Self::Viewer),
            (Role::Customer, Some(Ok(customer))) => Some(Self::Customer(customer)),
            _ => None,
        }
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Viewer => Role::Viewer,
            Self::Customer(_) => Role::Customer,
        }
    }

    /// The customer.
    #[must_use]
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Customer(customer) => Some(customer),
            _ => None,
        }
    }
}

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The number of the account, which nobody else ever gets.
    pub id: i64,
    /// The name of the account.
    pub name: String,
    /// What it may do.
    pub standing: Standing,
    /// Since when there is such an account.
    pub created_at: Instant,
}

/// A secret of 256 random bits. It is told once; what is kept is its SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Draws one.
    pub(crate) fn draw() -> Result<Self, AccountsError> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(AccountsError::Random)?;
        Ok(Self(Digest(bits).to_string()))
    }

    /// A text that may be one: 64 digits in hex.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        is_hex.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the one that it is told to.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&[self.0.as_bytes()])
    }

    /// What every form of a session carries: whoever cannot read the session's cookie cannot know it.
    #[must_use]
    pub fn form_token(&self) -> String {
        Digest::of(&[b"uphold form", self.0.as_bytes()]).to_string()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// How long a link for somebody new, or for a lost password, is good.
pub const INVITATION_LENGTH: Millis = Millis(72 * 3_600_000);

/// How long the link of a first start is good; another start makes another.
pub const FIRST_LINK_LENGTH: Millis = Millis(3_600_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_sees_what_a_viewer_sees_and_a_customer_stands_apart() {
        let may = |role: Role| Role::ALL.map(|needed| role.may(needed));
        assert_eq!(may(Role::Operator), [true, true, false]);
        assert_eq!(may(Role::Viewer), [false, true, false]);
        assert_eq!(may(Role::Customer), [false, false, true]);
    }

    #[test]
    fn a_secret_shows_itself_to_nobody_by_accident() {
        let secret = Secret::draw().unwrap();
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_ne!(secret, Secret::draw().unwrap());
        assert_eq!(Secret::parse(secret.reveal()), Some(secret.clone()));
        assert_ne!(secret.form_token(), secret.digest().to_string(), "what is stored opens no form");
        for wrong in ["", "abc", &"A".repeat(64), &"0".repeat(65)] {
            assert_eq!(Secret::parse(wrong), None);
        }
    }
}
