//! `uphold reference`: every table, key, term and word of the agreement language.

use uphold_core::agreement::reference;

use super::Failure;

/// Print the reference of the agreement language.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A page, or a JSON Schema for editors
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Markdown,
    Schema,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match args.format {
        Format::Markdown => out!("{}", reference::markdown()),
        Format::Schema => outln!("{:#}", reference::schema()),
    }
    Ok(())
}
