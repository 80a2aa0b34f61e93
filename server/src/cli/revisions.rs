//! Reading the revisions of an agreement that a command is given: files, and folders of files.

use std::path::{Path, PathBuf};

use uphold_core::agreement::Agreement;
use uphold_core::evaluate::Problem;
use uphold_core::ledger::digest::Digest;

use super::{Failure, read_agreement};
use crate::error::file_failure;
use crate::revisions::{Revisions, files_of};

/// One revision, and where it was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) path: PathBuf,
    pub(super) agreement: Agreement,
    pub(super) text: String,
}

/// The files that these paths name; every `*.toml` of a folder.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let found = files_of(path).map_err(|error| file_failure("read the folder", path, error))?;
        if found.is_empty() {
            return Err(Failure::new(format!("the folder `{}` holds no agreement", path.display()))
                .help("put the file of each revision in it, named `*.toml`"));
        }
        files.extend(found);
    }
    Ok(files)
}

/// Reads every revision, the oldest first. The problems of all files are printed before the command fails.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Read>, Failure> {
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for path in files(paths)? {
        match read_agreement(&path) {
            Ok((agreement, text)) => all.push(Read { path, agreement, text }),
            Err(failure) => failures.push(failure),
        }
    }
    all.sort_by_key(|read| read.agreement.valid.from());
    let Some(last) = failures.pop() else { return Ok(all) };
    for failure in failures {
        errln!("{failure}\n");
    }
    Err(last)
}

/// What was read, as the revisions of one agreement. What they have against each other is printed, but for the last, which ends
/// the command.
pub(super) fn together(read: &[Read]) -> Result<Revisions, Failure> {
    let each = read.iter().map(|read| (read.agreement.clone(), Digest::of(&[read.text.as_bytes()]))).collect();
    Revisions::new(each).map_err(refused)
}

/// Prints all problems but the last, which ends the command.
pub(super) fn refused(mut problems: Vec<Problem>) -> Failure {
    let last = problems.pop();
    for Problem { message, help } in problems {
        errln!("error: {message}\nhelp: {help}\n");
    }
    match last {
        Some(Problem { message, help }) => Failure::new(message).help(help),
        None => Failure::new("nothing can be judged"),
    }
}

/// The file that a revision was read from.
pub(super) fn file_of<'a>(read: &'a [Read], revision: &str) -> Option<&'a Path> {
    read.iter().find(|read| read.agreement.revision == revision).map(|read| read.path.as_path())
}
