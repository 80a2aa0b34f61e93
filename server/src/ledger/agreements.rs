//! The texts of agreements, kept in the data folder under the digests that the ledger names. The ledger has the digests
//! alone; a bundle needs the texts.

use std::path::{Path, PathBuf};

use uphold_core::agreement::{self, Agreement};
use uphold_core::ledger::book::Book;
use uphold_core::ledger::digest::Digest;

use super::LedgerError;

/// The folder in the data folder.
pub(super) const AGREEMENTS: &str = "agreements";

/// Keeps the text of an agreement, if it is not kept yet.
///
/// # Errors
/// When it cannot be written.
pub fn keep_agreement(data: &Path, text: &str) -> Result<(), LedgerError> {
    let folder = data.join(AGREEMENTS);
    std::fs::create_dir_all(&folder).map_err(|error| LedgerError::io(&folder, error))?;
    let digest = Digest::of(&[text.as_bytes()]);
    // A file that a crash cut short is not what its name says, and is written again.
    if matches!(find_agreement(data, digest), Ok(Some(_))) {
        return Ok(());
    }
    let path = file(data, digest);
    std::fs::write(&path, text).map_err(|error| LedgerError::io(&path, error))
}

/// The text of that digest, if it is kept.
///
/// # Errors
/// When the file cannot be read, or holds another text.
pub fn find_agreement(data: &Path, digest: Digest) -> Result<Option<String>, LedgerError> {
    let path = file(data, digest);
    match std::fs::read(&path) {
        Ok(bytes) if Digest::of(&[&bytes]) == digest => Ok(String::from_utf8(bytes).ok()),
        Ok(_) => Err(LedgerError::Damaged { path, problem: "it is not the text that its name says".to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LedgerError::io(&path, error)),
    }
}

/// The revisions that a book names as in use, as far as their texts are kept and can be read; the oldest first.
///
/// # Errors
/// When a file cannot be read, or holds another text.
pub fn agreements_in_use(data: &Path, book: &Book) -> Result<Vec<(Agreement, Digest)>, LedgerError> {
    let mut found = Vec::new();
    for named in book.revisions.iter() {
        let digest = named.fact.digest;
        let text = find_agreement(data, digest)?;
        found.extend(text.and_then(|text| agreement::read(&text).agreement).map(|agreement| (agreement, digest)));
    }
    found.sort_by_key(|(agreement, _)| agreement.valid.from());
    Ok(found)
}

fn file(data: &Path, digest: Digest) -> PathBuf {
    data.join(AGREEMENTS).join(format!("{digest}.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_under_its_digest_and_mended_when_it_was_cut_short() {
        let data = tempfile::tempdir().unwrap();
        let digest = Digest::of(&[b"the text"]);
        assert_eq!(find_agreement(data.path(), digest).unwrap(), None);
        keep_agreement(data.path(), "the text").unwrap();
        assert_eq!(find_agreement(data.path(), digest).unwrap().as_deref(), Some("the text"));
        std::fs::write(file(data.path(), digest), "the te").unwrap();
        assert!(matches!(find_agreement(data.path(), digest), Err(LedgerError::Damaged { .. })));
        keep_agreement(data.path(), "the text").unwrap();
        assert_eq!(find_agreement(data.path(), digest).unwrap().as_deref(), Some("the text"));
    }
}
