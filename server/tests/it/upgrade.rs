//! Ledgers that earlier versions wrote: read as they are, brought up to date, and grown by this one.
//!
//! `tests/upgrade/` has a folder for each schema that was ever released: a backup that the program of that time made, and
//! the history that it exported. A next migration adds a folder, made by the program before it.

use std::path::{Path, PathBuf};

use uphold::ledger::{FILE, Reader};
use uphold_core::id::CustomerId;
use uphold_core::ledger::tree::Frontier;

use crate::crash::{Server, checks, flapping_target};
use crate::program::{root, stdout};

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("server/tests/upgrade")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The root over the first leaves of a ledger.
fn root_of(database: &Path, size: u64) -> String {
    let mut frontier = Frontier::default();
    let visit = |_, hash| {
        frontier.append(hash);
        Ok(())
    };
    Reader::open(database).unwrap().hashes(0..size, visit).unwrap();
    frontier.root().to_string()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => std::fs::copy(entry.path(), to.join(entry.file_name())).map(drop).unwrap(),
        }
    }
}

#[test]
fn a_ledger_of_every_earlier_version_is_verified_restored_and_grown() {
    let found = folders();
    assert!(!found.is_empty());
    for old in found {
        let folder = tempfile::tempdir().unwrap();
        let (backup, data) = (folder.path().join("backup"), folder.path().join("data"));
        copy(&old, &backup);
        let said = stdout(["ledger", "verify", "--data", backup.to_str().unwrap()]);
        assert!(said.contains("every hash is right"), "{}: {said}", old.display());
        let before = Reader::open(&backup.join(FILE)).unwrap().head().unwrap();
        let history = std::fs::read_to_string(old.join("history.jsonl")).unwrap();
        assert_eq!(stdout(["export", "history", "--data", backup.to_str().unwrap()]), history, "{}", old.display());
        let to = data.to_str().unwrap();
        stdout(["restore", backup.to_str().unwrap(), "--data", to]);

        let agreement = std::fs::read_dir(data.join("agreements")).unwrap().next().unwrap().unwrap().path();
        let checks_file = folder.path().join("checks.toml");
        std::fs::write(&checks_file, checks(flapping_target())).unwrap();
        Server::start(&data, &agreement, &checks_file).stop();
        assert!(stdout(["ledger", "verify", "--data", to]).contains("every hash is right"));
        let reader = Reader::open(&data.join(FILE)).unwrap();
        assert!(reader.head().unwrap().size > before.size, "nothing was recorded on top of it");
        assert_eq!(root_of(&data.join(FILE), before.size), before.root.to_string());
        // What it can do since.
        assert_eq!(reader.tag(&CustomerId::parse("acme-1").unwrap()).unwrap().len(), 64);
        let now = stdout(["export", "history", "--data", to]);
        for told in history.lines().filter(|line| line.contains("\"fee\"")) {
            assert!(now.lines().any(|line| line == told), "{told}");
        }
    }
}
