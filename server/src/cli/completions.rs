//! `uphold completions`: what completes commands and options in a shell, made from the commands themselves.

use clap::CommandFactory as _;

use super::{Cli, Failure};

/// Print what completes commands and options in a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell that is to complete them
    #[arg(value_enum)]
    shell: Shell,
}

/// The shells whose form is tried; the library knows more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let shell = match args.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "uphold", &mut script);
    out!("{}", String::from_utf8_lossy(&script));
    Ok(())
}
