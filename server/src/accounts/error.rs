//! Why something about an account could not be done.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use uphold_core::id::IdError;

use super::Role;

/// Why something about an account could not be done.
#[derive(Debug)]
pub enum AccountsError {
    /// The database could not be read or written.
    Sqlite {
        /// Which.
        path: PathBuf,
        /// What was tried.
        act: &'static str,
        /// Why not.
        error: rusqlite::Error,
    },
    /// The file could not be made or read.
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The file is no database of accounts.
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// The file was written by a later program.
    TooNew {
        /// Which.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// What is in the file contradicts itself.
    Damaged {
        /// Which.
        path: PathBuf,
        /// How.
        problem: &'static str,
    },
    /// No random numbers could be drawn.
    Random(getrandom::Error),
    /// A task ended in a defect.
    Defect,
    /// A text is no name of an account.
    BadName(String),
    /// There is an account of that name already.
    NameTaken(String),
    /// There is none of that name.
    NoSuchPerson(String),
    /// A customer's id is none.
    BadCustomer(IdError),
    /// The role of a customer needs one.
    NoCustomer,
    /// The role has nothing to do with a customer.
    NotACustomer(Role),
    /// A link for a lost password was asked for with another role than the person has.
    OtherRole(String),
    /// Somebody new needs a role.
    NoRole(String),
    /// Without this account nobody could let anybody in.
    LastOperator(String),
    /// A link was used, has expired, or never was.
    NoSuchInvitation,
    /// Somebody else's account is linked to this identity.
    IdentityTaken,
    /// Without this nobody could come into the account any more.
    LastWayIn,
    /// What was asked for is not so any more: somebody changed it in between.
    Changed,
}

impl AccountsError {
    /// Whether it is the request that was wrong, so that whoever made it must be told.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Sqlite { .. }
                | Self::Io { .. }
                | Self::Foreign { .. }
                | Self::TooNew { .. }
                | Self::Damaged { .. }
                | Self::Random(_)
                | Self::Defect
        )
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::TooNew { .. } => Some("use a newer uphold"),
            Self::Foreign { .. } | Self::Damaged { .. } | Self::Sqlite { .. } => Some(
                "restore the file from a backup, or move it away; without it a new start prints a link for a first operator",
            ),
            Self::Io { .. } => Some("give the user that runs uphold access to it"),
            Self::BadName(_) => Some("use 1 to 64 letters, digits, `-`, `_`, `.`, `+` or `@`"),
            Self::NoSuchPerson(_) => Some("`uphold person list` lists them"),
            Self::NoRole(_) => Some("say with `--role` what they may do: operator, viewer or customer"),
            Self::NoCustomer => Some("say with `--customer` whose figures they may see"),
            Self::NotACustomer(_) => Some("`--customer` goes with `--role customer`"),
            Self::OtherRole(_) => Some("leave `--role` out for a lost password; an operator changes roles on the page"),
            Self::LastOperator(_) => Some("make another operator first, with `uphold person invite`"),
            _ => None,
        }
    }
}

impl fmt::Display for AccountsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, act, .. } => write!(f, "cannot {act} in `{}`", path.display()),
            Self::Io { path, .. } => write!(f, "cannot use `{}`", path.display()),
            Self::Foreign { path } => write!(f, "`{}` is no database of accounts", path.display()),
            Self::TooNew { path, found, known } => {
                write!(f, "`{}` has version {found}, and this program knows {known}", path.display())
            }
            Self::Damaged { path, problem } => write!(f, "`{}` is damaged: {problem}", path.display()),
            Self::Random(_) => f.write_str("cannot draw random numbers"),
            Self::Defect => f.write_str("a task ended in a defect of uphold"),
            Self::BadName(name) => write!(f, "`{name}` is no name of an account"),
            Self::NameTaken(name) => write!(f, "there is an account `{name}` already"),
            Self::NoSuchPerson(name) => write!(f, "there is no account `{name}`"),
            Self::BadCustomer(_) => f.write_str("the customer's id is none"),
            Self::NoCustomer => f.write_str("the role `customer` needs a customer"),
            Self::NotACustomer(role) => write!(f, "the role `{role}` has no customer"),
            Self::OtherRole(name) => write!(f, "`{name}` has another role"),
            Self::NoRole(name) => write!(f, "there is no account `{name}` yet, and it is not said what it may do"),
            Self::LastOperator(name) => write!(f, "`{name}` is the only operator"),
            Self::NoSuchInvitation => f.write_str("the link was used, has expired, or never was"),
            Self::IdentityTaken => f.write_str("another account is linked to this identity"),
            Self::LastWayIn => f.write_str("there is no other way into the account"),
            Self::Changed => f.write_str("it was changed in between"),
        }
    }
}

impl Error for AccountsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Sqlite { error, .. } => Some(error),
            Self::Io { error, .. } => Some(error),
            Self::Random(error) => Some(error),
            Self::BadCustomer(error) => Some(error),
            _ => None,
        }
    }
}
