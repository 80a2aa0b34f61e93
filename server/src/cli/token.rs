//! `uphold token`: who may ask the interface for what.

use uphold_core::id::VantageId;

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
        /// The vantage point that it reports for; with the scope `vantage`
        #[arg(long, value_name = "NAME", value_parser = VantageId::parse)]
        vantage: Option<VantageId>,
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
        Command::Create { folder, name, scope, vantage } => {
            let tokens = Tokens::of(&folder.data);
            let secret = tokens.create_for(name, scope, vantage.as_ref(), Clock::system().now())?;
            say("keep this secret: it cannot be shown again");
            outln!("{secret}");
        }
        Command::List { folder } => {
            for token in Tokens::of(&folder.data).list()? {
                let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
                let of = token.vantage.as_ref().map_or_else(String::new, |vantage| format!(" of {vantage}"));
                outln!("{}  {}{of}  made {}", token.name, scopes.join(","), token.created_at);
            }
        }
        Command::Revoke { folder, name } => Tokens::of(&folder.data).revoke(name)?,
    }
    Ok(())
}
