//! `uphold new`: a commented agreement to begin with.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::clock::Clock;
use crate::error::file_failure;

const ENGLISH: &str = include_str!("../../../examples/new/agreement.toml");
const JAPANESE: &str = include_str!("../../../examples/new/agreement.ja.toml");

/// The date of the templates, which becomes the first day of the current month.
const VALID_FROM: &str = "2026-01-01T00:00:00Z";
/// The file that is written into a folder.
const FILE: &str = "agreement.toml";

/// Write a commented agreement to begin with.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file that ends in `.toml`, or a folder for `agreement.toml`; it is made if it does not exist
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    path: PathBuf,
    /// The language of its texts and comments
    #[arg(long, value_parser = ["en", "ja"], default_value = "en")]
    lang: String,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let is_file = args.path.extension().is_some_and(|end| end == "toml") && !args.path.is_dir();
    let path = match args.path.as_path() {
        here if here == Path::new(".") => PathBuf::from(FILE),
        file if is_file => file.to_owned(),
        folder => folder.join(FILE),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| file_failure("create the folder", folder, error))?;
    }
    let template = if args.lang == "ja" { JAPANESE } else { ENGLISH };
    let today = Clock::system().now().to_string();
    let month = today.get(..7).unwrap_or("2026-01");
    let text = template.replace(VALID_FROM, &format!("{month}-01T00:00:00Z"));
    let mut file = File::create_new(&path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(format!("`{}` exists, and is never overwritten", path.display()))
            .help("name another file, or another folder"),
        _ => file_failure("write", &path, error),
    })?;
    file.write_all(text.as_bytes()).map_err(|error| file_failure("write", &path, error))?;
    let path = path.display();
    outln!("wrote `{path}`\nnext: make it say what your contract says, then `uphold check {path}`");
    Ok(())
}
