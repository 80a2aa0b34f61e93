//! Why it is not known who somebody is at the identity provider.

use std::error::Error;
use std::fmt;

use uphold_probe::outcome::Cause;

use super::token::TokenError;
use crate::accounts::AccountsError;

/// Why it is not known who somebody is. Of a secret, a code or a token nothing is in it.
#[derive(Debug)]
pub enum IdentityError {
    /// Nothing like this was begun in this browser; or it was used already, or took too long.
    NotBegun,
    /// The provider does not say who they are, with the code of its reason.
    Refused(String),
    /// The provider could not be asked for this.
    Unreachable(Document, Cause),
    /// What it answered cannot be used.
    Unusable(Document, Flaw),
    /// Its token is not believed.
    Token(TokenError),
    /// Too many ask at this moment.
    Busy,
    /// No random numbers could be drawn.
    Accounts(AccountsError),
}

/// What comes from a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// Its description, at `/.well-known/openid-configuration`.
    Description,
    /// What the browser brings back.
    Return,
    /// The answer to what the browser brought.
    Token,
    /// Its keys.
    Keys,
}

/// What is wrong with something that came from a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Another status than 200, with the code of an error if there was one.
    Status(u16, Option<String>),
    /// It is longer than it may be, or broke off.
    TooLong,
    /// It is no such document.
    Unreadable,
    /// Something that must be there is not.
    Incomplete,
    /// It is of another provider.
    OtherIssuer,
    /// It names an address that can be listened to on the way, or none.
    Address(&'static str),
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Description => "the description of the identity provider",
            Self::Return => "what the browser brought back",
            Self::Token => "the token of the identity provider",
            Self::Keys => "the keys of the identity provider",
        })
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status, None) => write!(f, "HTTP {status}"),
            Self::Status(status, Some(code)) => write!(f, "HTTP {status}: {code}"),
            Self::TooLong => f.write_str("it is too long, or broke off"),
            Self::Unreadable => f.write_str("it is no such document"),
            Self::Incomplete => f.write_str("it lacks what must be there"),
            Self::OtherIssuer => f.write_str("it is of another issuer than the one in the sign-in file"),
            Self::Address(key) => write!(f, "`{key}` is no address over https"),
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBegun => f.write_str("nothing like this was begun in this browser"),
            Self::Refused(code) => write!(f, "the identity provider refuses: {code}"),
            Self::Unreachable(what, cause) => write!(f, "{what} cannot be fetched: {cause}"),
            Self::Unusable(what, flaw) => write!(f, "{what} cannot be used: {flaw}"),
            Self::Token(error) => error.fmt(f),
            Self::Busy => f.write_str("too many ask the identity provider at this moment"),
            Self::Accounts(error) => error.fmt(f),
        }
    }
}

impl Error for IdentityError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Token(error) => error.source(),
            Self::Accounts(error) => error.source(),
            _ => None,
        }
    }
}
