//! Importers: what another tool recorded, as a history file that `uphold evaluate` reads.
//!
//! One file for each source. An importer writes what its source says and nothing else: how that counts is for the
//! agreement. Not here: the command line.

pub mod csv;
pub mod upptime;

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::error::{Failure, file_failure};

/// Refuses a path at which something is already: an import never replaces a file.
///
/// # Errors
/// When something is there.
pub fn must_be_new(path: &Path, help: &str) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(format!("`{}` exists already, and an import replaces no file", path.display()))
            .help(help)
            .exit(2));
    }
    Ok(())
}

/// Writes a file that must not exist yet.
///
/// # Errors
/// When it exists or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(format!("cannot write `{}`", path.display()))
            .because(error)
            .help("create its folder first, or check the spelling of the path"),
        _ => file_failure("write", path, error),
    })
}

/// Writes lines at the end of a file, which is made if it does not exist. A last line without its end gets it first, so
/// that no two facts come to stand on one line.
///
/// # Errors
/// When it cannot be read or written.
pub fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let separator = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{separator}{text}").as_bytes())
    };
    write().map_err(|error| file_failure("add to", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_after_a_last_line_that_was_not_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        append(&path, "a\n").unwrap();
        append(&path, "b").unwrap();
        append(&path, "c\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\nc\n");
    }

    #[test]
    fn a_file_that_exists_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        must_be_new(&path, "").unwrap();
        write_new(&path, "a").unwrap();
        assert!(must_be_new(&path, "").is_err());
        assert!(write_new(&path, "b").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a");
    }
}
