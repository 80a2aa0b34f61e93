//! `uphold person`: who may sign in.

use uphold_core::time::Instant;

use super::first::failure;
use super::{DataFolder, Failure};
use crate::accounts::{Cause, Role, Standing, Store};
use crate::clock::Clock;
use crate::terminal::say;

/// What to do with people.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print a link with which somebody chooses a password, once: for somebody new, or for a password that was lost
    Invite {
        #[command(flatten)]
        folder: DataFolder,
        /// The name of the account; everything that is done with it is recorded under this name
        name: String,
        /// What they may do; not needed for a lost password
        #[arg(long, value_enum)]
        role: Option<Role>,
        /// The customer whose figures they may see; with the role `customer`
        #[arg(long, value_name = "ID")]
        customer: Option<String>,
        /// Where the server's pages are
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        server: String,
        #[command(flatten)]
        reason: Reason,
    },
    /// List who may sign in
    List {
        #[command(flatten)]
        folder: DataFolder,
    },
    /// Remove somebody: their sessions end at once
    Remove {
        #[command(flatten)]
        folder: DataFolder,
        /// The name of the account
        name: String,
        #[command(flatten)]
        reason: Reason,
    },
}

/// Why something is done.
#[derive(Debug, clap::Args)]
pub(super) struct Reason {
    /// Why; the ledger keeps it
    #[arg(long, value_name = "TEXT", default_value = "on the command line")]
    why: String,
}

impl Reason {
    /// Who does something on the command line, and why.
    pub(super) fn cause(&self, at: Instant) -> Cause {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".to_owned());
        Cause { by: format!("cli:{user}"), why: self.why.clone(), at }
    }
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let now = Clock::system().now();
    match command {
        Command::Invite { folder, name, role, customer, server, reason } => {
            let standing = role.map(|role| Standing::new(role, customer.as_deref())).transpose().map_err(failure)?;
            if customer.is_some() && standing.is_none() {
                return Err(Failure::new("`--customer` says nothing without a role").help("add `--role customer`"));
            }
            let store = store(folder)?;
            let invited = store.invite(name, standing.as_ref(), &reason.cause(now)).map_err(failure)?;
            let what = if invited.is_reset { "a new password" } else { "the first password" };
            say(&format!("a link for {what} of `{name}`, good once and until {}:", invited.expires_at));
            outln!("{}/join/{}", server.trim_end_matches('/'), invited.secret.reveal());
        }
        Command::List { folder } => {
            for person in store(folder)?.people().map_err(failure)? {
                let of = person.standing.customer().map_or_else(String::new, |customer| format!(" of {customer}"));
                outln!("{}  {}{of}  since {}", person.name, person.standing.role(), person.created_at);
            }
        }
        Command::Remove { folder, name, reason } => {
            store(folder)?.remove(name, &reason.cause(now)).map_err(failure)?;
        }
    }
    Ok(())
}

/// The accounts of a data folder, which must be there: a folder that is misspelled must not become one.
fn store(folder: &DataFolder) -> Result<Store, Failure> {
    if !folder.data.is_dir() {
        return Err(Failure::new(format!("there is no folder `{}`", folder.data.display()))
            .help("name the folder that `uphold serve` keeps its ledger in"));
    }
    let store = Store::of(&folder.data);
    store.prepare().map_err(failure)?;
    Ok(store)
}
