//! The snapshot beside the database: what makes a start quick that would have to read a year of measurements.
//!
//! It is believed only as far as the ledger bears it out: the tree that it names and the leaves after it must give the root
//! of the ledger, or it is passed over and every fact is read. Whether a row before it was changed since, and whether it says what
//! the facts say, is what `uphold ledger verify` finds.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use uphold_core::ledger::book::{self, Book};
use uphold_core::ledger::snapshot::{Snapshot, SnapshotError};
use uphold_core::ledger::tree::Frontier;

use super::reader::{BookError, Entry, Reader};
use super::sign::replace;
use super::{LedgerError, sign};

/// The snapshot in the data folder.
pub const SNAPSHOT_FILE: &str = "book.snapshot";

/// What the whole ledger adds up to.
#[derive(Debug)]
pub struct Known {
    /// The book.
    pub book: Book,
    /// The tree over the leaves.
    pub tree: Frontier,
    /// How many of the facts were not read, because the snapshot knew of them.
    pub by_snapshot: u64,
}

/// What the whole ledger adds up to, with its tree: from the snapshot in `folder`, if there is one that is of this ledger,
/// and from every fact after it.
///
/// # Errors
/// When the ledger cannot be read, holds what cannot be understood, or its root is not the root over its leaves.
pub fn read_book(folder: &Path, reader: &Reader) -> Result<Known, BookError> {
    match resumed(folder, reader) {
        Ok(Some(known)) => return Ok(known),
        Ok(None) => {}
        Err(useless) => tracing::warn!(%useless, "the snapshot is of no use; every fact is read"),
    }
    let head = reader.head()?;
    let (book, tree) = read_until(reader, Book::default(), Frontier::default(), head.size)?;
    if (tree.size(), tree.root()) != (head.size, head.root) {
        let problem = "the root of the tree is not the root over the leaves".to_owned();
        return Err(reader.damaged(problem).into());
    }
    Ok(Known { book, tree, by_snapshot: 0 })
}

/// The book and its tree with every fact that was appended since.
///
/// # Errors
/// When the ledger cannot be read or holds what cannot be understood.
pub fn read_on(reader: &Reader, book: Book, tree: Frontier) -> Result<(Book, Frontier), BookError> {
    let size = reader.head()?.size;
    read_until(reader, book, tree, size)
}

fn read_until(reader: &Reader, mut book: Book, mut tree: Frontier, size: u64) -> Result<(Book, Frontier), BookError> {
    let places = book.size..size;
    take(reader, &mut book, places, |entry| tree.append(entry.hash))?;
    Ok((book, tree))
}

/// Writes down what a book says of measurements. `tree` is that of a part of the ledger that the book has taken in.
///
/// # Errors
/// When the ledger cannot be read or the file cannot be written.
pub fn keep_snapshot(folder: &Path, reader: &Reader, book: &Book, mut tree: Frontier) -> Result<Frontier, LedgerError> {
    reader.hashes(tree.size()..book.size, |seq, hash| sign::append(&mut tree, reader, seq, hash))?;
    replace(&folder.join(SNAPSHOT_FILE), &Snapshot::of(book, tree.clone()).to_bytes(), 0o600)?;
    Ok(tree)
}

/// What is wrong with a snapshot, as far as the ledger can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotFault {
    /// It is no whole snapshot of this version; a start passes it over.
    Damaged,
    /// It says something else than the facts say.
    False,
}

impl fmt::Display for SnapshotFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "it is damaged, or of another version",
            Self::False => "it says something else than the facts",
        })
    }
}

/// Holds the snapshot in `folder` against every fact that it speaks of. Nothing, where it is right, there is none, or something was
/// erased since, so that no start believes it.
///
/// # Errors
/// When the ledger or the file cannot be read.
pub fn check_snapshot(folder: &Path, reader: &Reader) -> Result<Option<SnapshotFault>, BookError> {
    let path = folder.join(SNAPSHOT_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LedgerError::io(&path, error).into()),
    };
    let Ok(said) = Snapshot::from_bytes(&bytes) else { return Ok(Some(SnapshotFault::Damaged)) };
    if said.tree.size() > reader.head()?.size {
        return Ok(Some(SnapshotFault::False));
    }
    if reader.erasures()?.iter().any(|erased| erased.seq >= said.tree.size()) {
        return Ok(None);
    }
    let (book, tree) = read_until(reader, Book::default(), Frontier::default(), said.tree.size())?;
    let is_right = Snapshot::of(&book, tree).to_bytes() == bytes;
    Ok((!is_right).then_some(SnapshotFault::False))
}

/// Throws the snapshot away, so that the next start reads every fact.
///
/// # Errors
/// When it is there and stays.
pub fn forget_snapshot(folder: &Path) -> Result<(), LedgerError> {
    let path = folder.join(SNAPSHOT_FILE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(LedgerError::io(&path, error)),
        _ => Ok(()),
    }
}

/// Why a snapshot is of no use.
#[derive(Debug)]
enum Useless {
    /// It cannot be read.
    Unreadable(std::io::Error),
    /// It is none.
    Snapshot(SnapshotError),
    /// The facts that it leaves to the ledger cannot be read there.
    Book(BookError),
    /// It knows more facts than the ledger has.
    Ahead { knows: u64, has: u64 },
    /// The leaves after it do not lead to the ledger's root.
    Forked,
    /// Something was erased since.
    Erased,
}

impl fmt::Display for Useless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Snapshot(error) => error.fmt(f),
            Self::Book(error) => error.fmt(f),
            Self::Ahead { knows, has } => write!(f, "it knows {knows} facts, and the ledger has {has}"),
            Self::Forked => f.write_str("the ledger does not continue it"),
            Self::Erased => f.write_str("some of what it says was erased since"),
        }
    }
}

impl From<BookError> for Useless {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

impl From<LedgerError> for Useless {
    fn from(error: LedgerError) -> Self {
        Self::Book(error.into())
    }
}

/// The book by the snapshot; none where there is no snapshot.
fn resumed(folder: &Path, reader: &Reader) -> Result<Option<Known>, Useless> {
    let bytes = match std::fs::read(folder.join(SNAPSHOT_FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Useless::Unreadable(error)),
    };
    let snapshot = Snapshot::from_bytes(&bytes).map_err(Useless::Snapshot)?;
    drop(bytes);
    let head = reader.head()?;
    if snapshot.tree.size() > head.size {
        return Err(Useless::Ahead { knows: snapshot.tree.size(), has: head.size });
    }
    let mut book = Book::default();
    for run in snapshot.others().chunk_by(|one, next| one + 1 == *next) {
        book.size = run[0];
        take(reader, &mut book, run[0]..run[0] + run.len() as u64, |_| ())?;
    }
    let (tree, by_snapshot) = (snapshot.tree.clone(), snapshot.tree.size());
    let (book, tree) = read_until(reader, snapshot.resume(book), tree, head.size)?;
    if (tree.size(), tree.root()) != (head.size, head.root) {
        return Err(Useless::Forked);
    }
    if book.holes.erasures().iter().any(|erased| erased.seq >= by_snapshot) {
        return Err(Useless::Erased);
    }
    Ok(Some(Known { book, tree, by_snapshot }))
}

/// Takes the facts of these places into the book.
fn take(
    reader: &Reader,
    book: &mut Book,
    places: std::ops::Range<u64>,
    mut seen: impl FnMut(&Entry),
) -> Result<(), BookError> {
    let mut refused: Option<book::BookError> = None;
    let done = reader.visit(places, |entry| {
        seen(&entry);
        let payload = entry.payload.as_ref().map(|payload| payload.bytes.as_slice());
        book.take(&entry.leaf, payload, entry.segment.as_deref()).map_err(|error| {
            let problem = error.to_string();
            refused = Some(error);
            reader.damaged(problem)
        })
    });
    match refused {
        Some(error) => Err(BookError::Fact(error)),
        None => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{FILE, samples};

    fn open(folder: &Path) -> Reader {
        Reader::open(&folder.join(FILE)).unwrap()
    }

    /// How much evidence a book knows of.
    fn evidence(book: &Book) -> usize {
        book.evidence.values().map(Vec::len).sum()
    }

    #[test]
    fn a_start_by_the_snapshot_is_a_start_by_all_facts() {
        let folder = tempfile::tempdir().unwrap();
        samples::ledger(folder.path(), 40);
        let (half, tree) = {
            let reader = open(folder.path());
            let mut book = Book::default();
            // Nothing is erased in the last few.
            take(&reader, &mut book, 0..36, |_| ()).unwrap();
            let tree = keep_snapshot(folder.path(), &reader, &book, Frontier::default()).unwrap();
            (book, tree)
        };
        assert_eq!((half.size, tree.size()), (36, 36));
        let reader = open(folder.path());
        let Known { book, tree, by_snapshot } = resumed(folder.path(), &reader).unwrap().unwrap();
        assert_eq!(by_snapshot, 36);
        let whole = reader.book(Book::default(), uphold_core::time::Instant::MAX).unwrap();
        assert_eq!(check_snapshot(folder.path(), &reader).unwrap(), None);
        let head = reader.head().unwrap();
        assert_eq!((tree.size(), tree.root()), (head.size, head.root));
        assert_eq!((book.history(), book.size, evidence(&book)), (whole.history(), whole.size, evidence(&whole)));
        assert!(book.size > 36);
    }

    #[test]
    fn a_snapshot_is_passed_over_once_something_was_erased() {
        let folder = tempfile::tempdir().unwrap();
        samples::ledger(folder.path(), 40);
        let reader = open(folder.path());
        let mut book = Book::default();
        take(&reader, &mut book, 0..20, |_| ()).unwrap();
        keep_snapshot(folder.path(), &reader, &book, Frontier::default()).unwrap();
        assert!(matches!(resumed(folder.path(), &reader), Err(Useless::Erased)));
        assert_eq!(read_book(folder.path(), &reader).unwrap().by_snapshot, 0);
    }

    /// Whoever can write in the folder can make a whole snapshot that a start believes, and an examination does not.
    #[test]
    fn a_snapshot_that_says_something_else_than_the_facts_is_found() {
        let folder = tempfile::tempdir().unwrap();
        samples::ledger(folder.path(), 5);
        let reader = open(folder.path());
        let Known { book, tree, .. } = read_book(folder.path(), &reader).unwrap();
        keep_snapshot(folder.path(), &reader, &book, tree).unwrap();
        let path = folder.path().join(SNAPSHOT_FILE);
        let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let body = text[..text.len() - 65].replace(",\"up\",", ",\"down\",");
        assert_ne!(body, text[..text.len() - 65]);
        let digest = uphold_core::ledger::digest::Digest::of(&[body.as_bytes()]);
        std::fs::write(&path, format!("{body}{digest}\n")).unwrap();
        assert!(resumed(folder.path(), &reader).unwrap().is_some(), "a start cannot see it");
        assert_eq!(check_snapshot(folder.path(), &reader).unwrap(), Some(SnapshotFault::False));
        std::fs::write(&path, &body).unwrap();
        assert_eq!(check_snapshot(folder.path(), &reader).unwrap(), Some(SnapshotFault::Damaged));
        forget_snapshot(folder.path()).unwrap();
        assert_eq!(check_snapshot(folder.path(), &reader).unwrap(), None);
    }

    #[test]
    fn a_snapshot_of_another_ledger_or_a_damaged_one_is_passed_over() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        samples::ledger(folder.path(), 30);
        samples::ledger(other.path(), 20);
        let reader = open(other.path());
        let Known { book, tree, .. } = read_book(other.path(), &reader).unwrap();
        keep_snapshot(other.path(), &reader, &book, tree).unwrap();
        let [from, to] = [&other, &folder].map(|folder| folder.path().join(SNAPSHOT_FILE));
        std::fs::copy(&from, &to).unwrap();
        let reader = open(folder.path());
        assert!(matches!(resumed(folder.path(), &reader), Err(Useless::Forked)));
        let known = read_book(folder.path(), &reader).unwrap();
        assert_eq!((known.book.size, known.by_snapshot), (reader.head().unwrap().size, 0));
        assert_eq!(known.tree.size(), reader.head().unwrap().size);

        let mut bytes = std::fs::read(&to).unwrap();
        bytes[10] ^= 1;
        std::fs::write(&to, bytes).unwrap();
        assert!(matches!(resumed(folder.path(), &reader), Err(Useless::Snapshot(SnapshotError::Damaged))));
        read_book(folder.path(), &reader).unwrap();
        forget_snapshot(folder.path()).unwrap();
        forget_snapshot(folder.path()).unwrap();
        assert!(resumed(folder.path(), &reader).unwrap().is_none());
    }
}
