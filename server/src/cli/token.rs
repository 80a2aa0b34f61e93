//! `uphold token`: who may ask the interface for what.

use super::{DataFolder, Failure};
use crate::access::{Scope, Tokens};
use crate::clock::Clock;
use crate::terminal::say;

/// What to do with tokens.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a token, and print its secret: once, and never again
    Create {
        #[command(flatten)]
        folder: DataFolder,
        /// Everything that is done with it is recorded under this name
        name: String,
        /// What it may be used for; may be given several times
        #[arg(long, value_enum, required = true)]
        scope: Vec<Scope>,
    },
    /// List the tokens, without their secrets
    List {
        #[command(flatten)]
        folder: DataFolder,
    },
    /// End a token: it is of no use from the next request on
    Revoke {
        #[command(flatten)]
        folder: DataFolder,
        /// Its name
        name: String,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Create { folder, name, scope } => {
            let secret = Tokens::of(&folder.data).create(name, scope, Clock::system().now())?;
            say("keep this secret: it cannot be shown again");
            println!("{secret}");
        }
        Command::List { folder } => {
            for token in Tokens::of(&folder.data).list()? {
                let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
                println!("{}  {}  made {}", token.name, scopes.join(","), token.created_at);
            }
        }
        Command::Revoke { folder, name } => Tokens::of(&folder.data).revoke(name)?,
    }
    Ok(())
}
