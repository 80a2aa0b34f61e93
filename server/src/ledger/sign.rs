//! Signing the head of the ledger, and never two heads of which one does not continue the other.
//!
//! Two files lie beside the database. `ledger.key` is the private key, for the owner alone. `signed.checkpoint` is the last
//! checkpoint that was signed; it is kept apart so that an older database that is put in place of a newer one is noticed.
//! It is on the disk before anybody sees it. Whoever copies the whole folder back, with this file, is not noticed here, but
//! by the checkpoints that others hold.
//!
//! Not here: the forms of keys, notes and checkpoints (`uphold_core::ledger`), and when to sign (`cli/serve.rs`).

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use uphold_core::ledger::checkpoint::Checkpoint;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::Fact;
use uphold_core::ledger::leaf::commitment;
use uphold_core::ledger::note::{ED25519, Note, VerifierKey, is_name, sealed};
use uphold_core::ledger::tree::{self, Frontier};

use super::{Entry, LedgerError, Reader};

/// The private key in the data folder.
pub const KEY_FILE: &str = "ledger.key";

/// The last checkpoint that was signed, in the data folder.
pub const SIGNED_FILE: &str = "signed.checkpoint";

/// What begins a private key in its textual form.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A checkpoint with the note that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: String,
}

/// Signs the head of one ledger. Whoever has it must hold the lock of the data folder: see [`super::Ledger`].
#[derive(Debug)]
pub struct Signer {
    folder: PathBuf,
    key: Key,
    /// The tree over the stored bytes that were hashed so far.
    seen: Frontier,
}

struct Key {
    private: SigningKey,
    public: VerifierKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the private key of {}", self.public)
    }
}

impl Signer {
    /// Reads the key of the ledger in `folder`. If there is none yet, makes one for the ledger named `origin`, or for a
    /// name made of the key, and signs that nothing is signed yet.
    ///
    /// # Errors
    /// When a file cannot be read or written, one of the two is missing, or the key is of another name than `origin`.
    pub fn open(folder: &Path, origin: Option<&str>) -> Result<Self, LedgerError> {
        let path = folder.join(KEY_FILE);
        if !path.exists() {
            make_key(folder, origin)?;
        }
        let key = Key::read(&path)?;
        if let Some(origin) = origin.filter(|origin| *origin != key.public.name()) {
            let problem = format!("it is the key of `{}`, and `{origin}` is asked for", key.public.name());
            return Err(LedgerError::Key { path, problem });
        }
        last_of(folder, &key.public)?;
        Ok(Self { folder: folder.to_owned(), key, seen: Frontier::default() })
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &VerifierKey {
        &self.key.public
    }

    /// Signs the head of the tree, if it has grown since the last time, and returns what is signed now. Every byte that the
    /// root stands for was read from the database and hashed again, by this process.
    ///
    /// # Errors
    /// When the database does not continue what was signed before, does not have the hashes that it says, or a file cannot
    /// be written. Then nothing is signed.
    pub fn sign(&mut self, reader: &Reader) -> Result<Signed, LedgerError> {
        // From the file, not from memory: another process may have signed.
        let last = last_of(&self.folder, &self.key.public)?;
        let head = reader.head()?;
        let is_known = (self.seen.size(), self.seen.root()) == (last.checkpoint.size, last.checkpoint.root);
        if !is_known || head.size < last.checkpoint.size {
            self.seen = continued(reader, &last.checkpoint)?;
        }
        let mut grown = self.seen.clone();
        reader.visit(grown.size()..head.size, |entry| {
            whole(&entry).map_err(|problem| reader.damaged(format!("fact {} {problem}", entry.leaf.seq)))?;
            append(&mut grown, reader, entry.leaf.seq, entry.hash)
        })?;
        if (grown.size(), grown.root()) != (head.size, head.root) {
            // Either other leaves stand before these than those that we saw, or the head is wrong.
            continued(reader, &last.checkpoint)?;
            return Err(reader.damaged("the root of the tree is not the root over the leaves".to_owned()));
        }
        if head.size == last.checkpoint.size {
            return Ok(last);
        }
        let origin = self.key.public.name().to_owned();
        let checkpoint = Checkpoint { origin, size: head.size, root: head.root, extensions: Vec::new() };
        let signed = self.key.sign(checkpoint);
        replace(&self.folder.join(SIGNED_FILE), signed.note.as_bytes(), 0o644)?;
        self.seen = grown;
        Ok(signed)
    }
}

/// The public key of the ledger in `folder`.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn public_key(folder: &Path) -> Result<VerifierKey, LedgerError> {
    Key::read(&folder.join(KEY_FILE)).map(|key| key.public)
}

/// The last checkpoint that was signed in `folder`.
///
/// # Errors
/// When there is none, or it is not signed by the key in the folder.
pub fn last_signed(folder: &Path) -> Result<Signed, LedgerError> {
    last_of(folder, &public_key(folder)?)
}

/// Whether the database continues what was signed in `folder`, if anything was. Every leaf up to there is hashed again.
///
/// # Errors
/// When it does not, or one of the two files is missing or cannot be read.
pub fn check_continues(folder: &Path, reader: &Reader) -> Result<(), LedgerError> {
    let (key, signed) = (folder.join(KEY_FILE), folder.join(SIGNED_FILE));
    if !key.exists() {
        // A key that was never written after the first, empty checkpoint signed nothing.
        return if !signed.exists() || signs_nothing(&signed) {
            Ok(())
        } else {
            Err(LedgerError::Key { path: key, problem: format!("it is missing, and `{SIGNED_FILE}` is there") })
        };
    }
    continued(reader, &last_signed(folder)?.checkpoint).map(drop)
}

/// The tree over as many leaves of the database as were signed, if they are the same.
fn continued(reader: &Reader, signed: &Checkpoint) -> Result<Frontier, LedgerError> {
    let (size, path) = (reader.head()?.size, reader.path().to_owned());
    if size < signed.size {
        return Err(LedgerError::Behind { path, size, signed: signed.size });
    }
    let mut seen = Frontier::default();
    reader.hashes(0..signed.size, |seq, hash| append(&mut seen, reader, seq, hash))?;
    if (seen.size(), seen.root()) != (signed.size, signed.root) {
        return Err(LedgerError::Forked { path, signed: signed.size });
    }
    Ok(seen)
}

pub(super) fn append(frontier: &mut Frontier, reader: &Reader, seq: u64, hash: Digest) -> Result<(), LedgerError> {
    if seq != frontier.size() {
        return Err(reader.damaged(format!("leaf {seq} stands where leaf {} must", frontier.size())));
    }
    frontier.append(hash);
    Ok(())
}

/// Whether what a leaf is a commitment to is what it says, as far as it is there; if not, what is wrong.
fn whole(entry: &Entry) -> Result<(), &'static str> {
    let Some(payload) = &entry.payload else { return Ok(()) };
    if commitment(&payload.salt, &payload.bytes) != entry.leaf.commitment {
        return Err("has another payload than its leaf is a commitment to");
    }
    match (entry.fact(), &entry.segment) {
        (Ok(Some(Fact::Measurement(measurement))), Some(segment)) if Digest::of(&[segment]) != measurement.segment => {
            Err("has another segment than it says")
        }
        (Ok(Some(Fact::Statement(statement))), Some(text)) if Digest::of(&[text]) != statement.text => {
            Err("has another text than it says")
        }
        (Ok(_), _) => Ok(()),
        (Err(_), _) => Err("cannot be understood"),
    }
}

impl Key {
    fn new(name: &str, seed: &[u8; 32]) -> Option<Self> {
        let private = SigningKey::from_bytes(seed);
        let public = VerifierKey::new(name, private.verifying_key().as_bytes()).ok()?;
        Some(Self { private, public })
    }

    /// Reads `PRIVATE+KEY+name+hash+base64`.
    fn read(path: &Path) -> Result<Self, LedgerError> {
        let refuse = |problem: &str| LedgerError::Key { path: path.to_owned(), problem: problem.to_owned() };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(refuse("it is missing: no key was made in this folder yet"));
            }
            Err(error) => return Err(LedgerError::io(path, error)),
        };
        let mode = std::fs::metadata(path).map_err(|error| LedgerError::io(path, error))?.mode();
        if mode & 0o077 != 0 {
            return Err(refuse("others than its owner may use it, so it may be known to them"));
        }
        let unreadable = || refuse("it is not the private key of a ledger");
        let parts = text.trim_end().strip_prefix(PRIVATE).ok_or_else(unreadable)?;
        let (name, rest) = parts.split_once('+').ok_or_else(unreadable)?;
        let (hash, data) = rest.split_once('+').ok_or_else(unreadable)?;
        let data = STANDARD.decode(data).map_err(|_| unreadable())?;
        let Some((&ED25519, seed)) = data.split_first() else { return Err(unreadable()) };
        let key = seed.try_into().ok().and_then(|seed| Self::new(name, seed)).ok_or_else(unreadable)?;
        if hex(key.public.id()) == hash { Ok(key) } else { Err(unreadable()) }
    }

    fn encode(&self) -> String {
        let data = [&[ED25519], self.private.as_bytes().as_slice()].concat();
        format!("{PRIVATE}{}+{}+{}\n", self.public.name(), hex(self.public.id()), STANDARD.encode(data))
    }

    fn sign(&self, checkpoint: Checkpoint) -> Signed {
        let text = checkpoint.encode();
        let note = sealed(&text, &self.public, &self.private.sign(text.as_bytes()).to_bytes());
        Signed { checkpoint, note }
    }
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// Makes a key. The checkpoint over nothing is there first: a key without a checkpoint is one whose checkpoint was lost.
fn make_key(folder: &Path, origin: Option<&str>) -> Result<(), LedgerError> {
    let (path, signed) = (folder.join(KEY_FILE), folder.join(SIGNED_FILE));
    if signed.exists() && !signs_nothing(&signed) {
        let problem = format!("it is missing, and `{SIGNED_FILE}` is there");
        return Err(LedgerError::Key { path, problem });
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(LedgerError::Random)?;
    let public = SigningKey::from_bytes(&seed).verifying_key();
    let made: String = Digest::of(&[public.as_bytes()]).to_string().chars().take(16).collect();
    let name = origin.map_or_else(|| format!("uphold-{made}"), str::to_owned);
    let unusable = || {
        let problem = format!("`{name}` is no name for a ledger: it has no spaces and no `+`");
        LedgerError::Key { path: path.clone(), problem }
    };
    if !is_name(&name) {
        return Err(unusable());
    }
    let key = Key::new(&name, &seed).ok_or_else(unusable)?;
    let nothing = Checkpoint { origin: name.clone(), size: 0, root: tree::root(&[]), extensions: Vec::new() };
    replace(&signed, key.sign(nothing).note.as_bytes(), 0o644)?;
    replace(&path, key.encode().as_bytes(), 0o600)
}

fn signs_nothing(path: &Path) -> bool {
    let note = std::fs::read(path).ok().and_then(|bytes| Note::parse(&bytes).ok());
    // Not verified: there is no key to verify it with, and nothing that it could allow.
    let checkpoint = note.and_then(|note| Checkpoint::parse(note.unverified_text()).ok());
    checkpoint.is_some_and(|checkpoint| checkpoint.size == 0)
}

fn last_of(folder: &Path, key: &VerifierKey) -> Result<Signed, LedgerError> {
    let path = folder.join(SIGNED_FILE);
    let refuse = |problem: String| LedgerError::Key { path: path.clone(), problem };
    match std::fs::read(&path) {
        Ok(bytes) => {
            let checkpoint = Checkpoint::open(&bytes, key).map_err(|error| refuse(error.to_string()))?;
            let note = String::from_utf8(bytes).map_err(|error| refuse(error.to_string()))?;
            Ok(Signed { checkpoint, note })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(refuse(format!("it is missing, and `{KEY_FILE}` is there: nobody can say what was signed with it")))
        }
        Err(error) => Err(LedgerError::io(&path, error)),
    }
}

/// Puts bytes in the place of a file, all at once, and returns when they are on the disk.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), LedgerError> {
    let fresh = path.with_extension("new");
    let refuse = |error| LedgerError::io(path, error);
    // One that a crash left behind may have another mode.
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refuse(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh).map_err(refuse)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(refuse)?;
    std::fs::rename(&fresh, path).map_err(refuse)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{FILE, samples};
    use uphold_core::ledger::tree::{consistency_proof, verify_consistency};

    /// A ledger of so many facts, without a key.
    fn folder(facts: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        samples::ledger(folder.path(), facts);
        folder
    }

    fn reader(folder: &Path) -> Reader {
        Reader::open(&folder.join(FILE)).unwrap()
    }

    fn grow(folder: &Path, from: i64, until: i64) {
        samples::append(folder, from..until);
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_has_one_spelling() {
        let folder = folder(0);
        let key = Signer::open(folder.path(), None).unwrap().public().to_string();
        assert!(key.starts_with("uphold-"), "{key}");
        assert_eq!(Signer::open(folder.path(), None).unwrap().public().to_string(), key);
        assert_eq!(public_key(folder.path()).unwrap().to_string(), key);
        let path = folder.path().join(KEY_FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let error = Signer::open(folder.path(), Some("sla.example.com")).unwrap_err().to_string();
        assert!(error.contains("and `sla.example.com` is asked for"), "{error}");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let error = Signer::open(folder.path(), None).unwrap_err().to_string();
        assert!(error.contains("others than its owner may use it"), "{error}");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for bad in ["", "PRIVATE+KEY+", &text.replace("uphold-", "uphald-"), &text[1..]] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(Signer::open(folder.path(), None), Err(LedgerError::Key { .. })), "{bad}");
        }
    }

    #[test]
    fn every_signed_head_continues_the_ones_before_and_nothing_is_signed_twice() {
        let folder = folder(1);
        let mut signer = Signer::open(folder.path(), Some("sla.example.com")).unwrap();
        let mut all = vec![signer.sign(&reader(folder.path())).unwrap()];
        for size in [2, 3, 7, 8, 20] {
            let before = i64::try_from(all.last().unwrap().checkpoint.size).unwrap();
            grow(folder.path(), before, size);
            // A process of its own sees the same as one that goes on.
            let signed = if size % 2 == 0 {
                signer.sign(&reader(folder.path()))
            } else {
                Signer::open(folder.path(), None).unwrap().sign(&reader(folder.path()))
            };
            all.push(signed.unwrap());
            assert_eq!(signer.sign(&reader(folder.path())).unwrap(), *all.last().unwrap());
        }
        let hashes: Vec<Digest> =
            reader(folder.path()).read(0..u64::MAX).unwrap().into_iter().map(|entry| entry.hash).collect();
        for (older, newer) in all.iter().flat_map(|older| all.iter().map(move |newer| (older, newer))) {
            let (old, new) = (&older.checkpoint, &newer.checkpoint);
            if old.size <= new.size {
                let proof = consistency_proof(
                    &hashes[..usize::try_from(new.size).unwrap()],
                    usize::try_from(old.size).unwrap(),
                );
                assert!(verify_consistency(old.size, new.size, &proof.unwrap(), old.root, new.root));
            }
            assert_eq!(Checkpoint::open(newer.note.as_bytes(), signer.public()).unwrap(), *new);
        }
        assert_eq!(last_signed(folder.path()).unwrap(), *all.last().unwrap());
    }

    #[test]
    fn an_old_backup_that_was_put_back_is_never_signed_and_never_opened() {
        let folder = folder(5);
        let old = std::fs::read(folder.path().join(FILE)).unwrap();
        grow(folder.path(), 5, 9);
        let mut signer = Signer::open(folder.path(), None).unwrap();
        signer.sign(&reader(folder.path())).unwrap();
        std::fs::write(folder.path().join(FILE), &old).unwrap();
        let opened =
            || super::super::Ledger::open(folder.path(), std::sync::Arc::new(|| uphold_core::time::Instant(1)));
        let says =
            format!("ledger `{}` has 5 facts, and a checkpoint over 9 was signed", folder.path().join(FILE).display());
        assert_eq!(signer.sign(&reader(folder.path())).unwrap_err().to_string(), says);
        assert_eq!(opened().unwrap_err().to_string(), says);
        // The same number of facts and more, but others.
        for until in [109, 120] {
            std::fs::write(folder.path().join(FILE), &old).unwrap();
            grow(folder.path(), 105, until);
            let error = signer.sign(&reader(folder.path())).unwrap_err();
            assert!(matches!(error, LedgerError::Forked { signed: 9, .. }), "{error}");
            assert!(matches!(opened().unwrap_err(), LedgerError::Forked { signed: 9, .. }));
        }
        assert_eq!(last_signed(folder.path()).unwrap().checkpoint.size, 9);
    }

    #[test]
    fn two_servers_with_one_key_sign_one_history() {
        let (one, two) = (folder(4), tempfile::tempdir().unwrap());
        let share = |file: &str| std::fs::copy(one.path().join(file), two.path().join(file)).unwrap();
        let mut first = Signer::open(one.path(), None).unwrap();
        first.sign(&reader(one.path())).unwrap();
        for file in [FILE, KEY_FILE, SIGNED_FILE] {
            share(file);
        }
        let mut second = Signer::open(two.path(), None).unwrap();
        second.sign(&reader(two.path())).unwrap();
        grow(one.path(), 4, 6);
        grow(two.path(), 14, 17);
        first.sign(&reader(one.path())).unwrap();
        // What was signed last is the one thing that both must see.
        share(SIGNED_FILE);
        let error = second.sign(&reader(two.path())).unwrap_err();
        assert!(matches!(error, LedgerError::Forked { signed: 6, .. }), "{error}");
    }

    #[test]
    fn a_file_that_is_missing_or_forged_stops_the_signing() {
        let folder = folder(3);
        Signer::open(folder.path(), None).unwrap().sign(&reader(folder.path())).unwrap();
        let (key, signed) = (folder.path().join(KEY_FILE), folder.path().join(SIGNED_FILE));
        let kept = (std::fs::read(&key).unwrap(), std::fs::read(&signed).unwrap());
        let stopped = |says: &str| {
            for error in [
                Signer::open(folder.path(), None).map(drop).unwrap_err(),
                check_continues(folder.path(), &reader(folder.path())).unwrap_err(),
            ] {
                assert!(error.to_string().contains(says), "{error}");
            }
        };
        std::fs::remove_file(&signed).unwrap();
        stopped("nobody can say what was signed with it");
        std::fs::write(&signed, String::from_utf8(kept.1.clone()).unwrap().replace("\n3\n", "\n0\n")).unwrap();
        stopped("is not right");
        std::fs::write(&signed, &kept.1).unwrap();
        std::fs::remove_file(&key).unwrap();
        stopped("it is missing, and `signed.checkpoint` is there");
        std::fs::write(&key, &kept.0).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert!(check_continues(folder.path(), &reader(folder.path())).is_ok());
    }

    #[test]
    fn bytes_that_changed_in_the_database_are_not_signed() {
        for change in [
            "UPDATE leaves SET leaf = CAST(replace(leaf, 'public', 'publik') AS BLOB) WHERE seq = 4",
            "UPDATE payloads SET payload = CAST(replace(payload, 'stopped', 'started') AS BLOB) WHERE seq = 8",
            "UPDATE payloads SET salt = zeroblob(32) WHERE seq = 4",
            "UPDATE segments SET bytes = CAST(replace(bytes, 'up', 'down') AS BLOB)",
            "UPDATE tree_head SET root = zeroblob(32)",
            "UPDATE tree_head SET size = 7",
            "DELETE FROM leaves WHERE seq = 4",
        ] {
            let folder = folder(3);
            let mut signer = Signer::open(folder.path(), None).unwrap();
            signer.sign(&reader(folder.path())).unwrap();
            grow(folder.path(), 3, 9);
            let connection = rusqlite::Connection::open(folder.path().join(FILE)).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            assert!(connection.execute(change, []).unwrap() > 0, "{change}");
            let error = signer.sign(&reader(folder.path())).expect_err(change);
            assert!(matches!(error, LedgerError::Damaged { .. }), "{change}: {error}");
            assert_eq!(last_signed(folder.path()).unwrap().checkpoint.size, 3);
        }
    }
}
