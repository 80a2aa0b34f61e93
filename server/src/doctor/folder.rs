//! The data folder: its rights, the disk below it, the ledger, the keys, and the last copy.

use std::fs::Metadata;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use uphold_core::time::{Instant, Millis};

use super::Finding;
use crate::access;
use crate::ledger::{
    FILE, KEY_FILE, LedgerError, Reader, SIGNED_FILE, check_continues, last_backup, sqlite_version, verify,
};
use crate::notify;

/// Below this much free space nothing can be recorded soon.
const FREE_LEAST: u64 = 100 << 20;

/// Below this much it is time to look.
const FREE_LITTLE: u64 = 1 << 30;

/// The growth of so long is taken for the growth to come.
const GROWTH_OVER: Millis = Millis(7 * 86_400_000);

/// So many of the latest facts are looked at for it.
const GROWTH_FACTS: u64 = 50_000;

/// A copy that is older may be too old.
const BACKUP_OLD: Millis = Millis(7 * 86_400_000);

pub(super) fn examine(data: &Path, now: Instant) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("sqlite", format!("SQLite {}", sqlite_version()))];
    let metadata = match std::fs::metadata(data) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => {
            findings.push(Finding::problem(
                "data-folder",
                format!("`{}` is no folder", data.display()),
                "name the folder that holds the ledger with `--data`",
            ));
            return findings;
        }
        Err(error) => {
            findings.push(Finding::problem(
                "data-folder",
                format!("`{}`: {error}", data.display()),
                "`uphold serve` makes the folder at its first start; check the spelling of the path",
            ));
            return findings;
        }
    };
    findings.push(rights(data, &metadata));
    findings.push(fsync(data));
    findings.push(disk(data, now));
    findings.push(ledger(data));
    findings.push(signature(data));
    for (check, file) in [("key-file", KEY_FILE), ("tokens-file", access::FILE), ("notifications-file", notify::FILE)] {
        findings.extend(private(check, &data.join(file)));
    }
    findings.push(backup(data, now));
    findings
}

fn rights(data: &Path, metadata: &Metadata) -> Finding {
    const CHECK: &str = "data-folder";
    let (user, owner, mode) = (rustix::process::geteuid().as_raw(), metadata.uid(), metadata.mode() & 0o777);
    let said = format!("`{}` belongs to user {owner} and has mode {mode:03o}", data.display());
    if user != 0 && owner != user {
        let help = format!("run this as the user that runs the server, or give it the folder: `chown {user}`");
        return Finding::problem(CHECK, format!("{said}, and this is user {user}"), help);
    }
    if mode & 0o022 != 0 {
        return Finding::problem(CHECK, format!("{said}: others can write into it"), "`chmod 700` it");
    }
    if mode & 0o005 != 0 {
        return Finding::warning(CHECK, format!("{said}: others can read it"), "`chmod 700` it");
    }
    Finding::ok(CHECK, said)
}

/// Writes, flushes and renames a file as the server does, and removes it.
fn fsync(data: &Path) -> Finding {
    const CHECK: &str = "durable-writes";
    let (new, old) = (data.join(".doctor.new"), data.join(".doctor"));
    let tried = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&new)?;
        file.write_all(b"uphold doctor\n")?;
        file.sync_all()?;
        std::fs::rename(&new, &old)?;
        std::fs::File::open(data)?.sync_all()
    };
    let done = tried();
    // Whatever was left behind says nothing.
    let _ = std::fs::remove_file(&new);
    let _ = std::fs::remove_file(&old);
    match done {
        Ok(()) => Finding::ok(CHECK, "a file can be written, flushed and renamed"),
        Err(error) => Finding::problem(
            CHECK,
            format!("a file cannot be written and flushed: {error}"),
            "put the data folder on a local file system that this user may write to",
        ),
    }
}

fn disk(data: &Path, now: Instant) -> Finding {
    const CHECK: &str = "disk-space";
    let stat = match rustix::fs::statvfs(data) {
        Ok(stat) => stat,
        Err(error) => {
            return Finding::warning(CHECK, format!("the free space is not known: {error}"), "look at the disk");
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let mut said = format!("{} are free", size(free));
    let growth = growth(data, now).filter(|bytes| *bytes > 0);
    let days = growth.map(|bytes| free / bytes);
    if let (Some(bytes), Some(days)) = (growth, days) {
        said.push_str(&format!("; the ledger grows by about {} a day, which lasts for {days} days", size(bytes)));
    }
    const HELP: &str = "make room, or move the data folder to a larger disk: nothing can be recorded on a full one";
    if free < FREE_LEAST {
        Finding::problem(CHECK, said, HELP)
    } else if free < FREE_LITTLE || days.is_some_and(|days| days < 30) {
        Finding::warning(CHECK, said, HELP)
    } else {
        Finding::ok(CHECK, said)
    }
}

/// How many bytes the ledger grows by in a day, as it did lately; nothing for one that is too young to say.
fn growth(data: &Path, now: Instant) -> Option<u64> {
    let path = data.join(FILE);
    let bytes = std::fs::metadata(&path).ok()?.len();
    let reader = Reader::open(&path).ok()?;
    let size = reader.head().ok()?.size;
    let mut lately: Vec<Instant> = Vec::new();
    reader
        .hashes(size.saturating_sub(1)..size, |_, _| Ok(()))
        .and_then(|()| {
            reader.visit(size.saturating_sub(GROWTH_FACTS)..size, |entry| {
                lately.extend(Some(entry.leaf.recorded_at).filter(|at| now - *at <= GROWTH_OVER));
                Ok(())
            })
        })
        .ok()?;
    let (first, count) = (lately.first()?, u64::try_from(lately.len()).ok()?);
    let length = u64::try_from((now - *first).0).ok().filter(|length| *length >= 3_600_000)?;
    Some(
        u64::try_from(u128::from(bytes / size.max(1)) * u128::from(count) * 86_400_000 / u128::from(length))
            .unwrap_or(u64::MAX),
    )
}

fn ledger(data: &Path) -> Finding {
    const CHECK: &str = "ledger";
    match verify(&data.join(FILE), &mut |_, _| {}) {
        Ok(report) if report.is_sound() => {
            Finding::ok(CHECK, format!("{} facts, every hash is right, root {}", report.leaves, report.root))
        }
        Ok(report) => {
            let first = report.problems.first().map_or_else(String::new, ToString::to_string);
            let help = "stop the server, keep the folder as it is, and restore a copy with `uphold restore`";
            Finding::problem(CHECK, format!("{} problems, the first: {first}", report.problems.len()), help)
        }
        Err(LedgerError::Missing { .. }) => {
            Finding::warning(CHECK, "there is no ledger yet", "`uphold serve` makes it at its first start")
        }
        Err(error) => Finding::problem(CHECK, chain(&error), error.help().unwrap_or("look at the folder")),
    }
}

fn signature(data: &Path) -> Finding {
    const CHECK: &str = "signature";
    if !data.join(SIGNED_FILE).exists() {
        return Finding::ok(CHECK, "nothing was signed yet");
    }
    match Reader::open(&data.join(FILE)).and_then(|reader| check_continues(data, &reader)) {
        Ok(()) => Finding::ok(CHECK, "the ledger continues what was signed last"),
        Err(error) => Finding::problem(CHECK, chain(&error), error.help().unwrap_or("restore a newer copy")),
    }
}

/// A file that is its owner's alone; one that is not there is of no concern.
pub(super) fn private(check: &'static str, path: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(path).ok()?.mode() & 0o777;
    let said = format!("`{}` has mode {mode:03o}", path.display());
    Some(if mode & 0o077 == 0 {
        Finding::ok(check, said)
    } else {
        Finding::problem(check, format!("{said}: others can get at it"), format!("`chmod 600 {}`", path.display()))
    })
}

fn backup(data: &Path, now: Instant) -> Finding {
    const CHECK: &str = "backup";
    const HELP: &str =
        "copy the ledger to another machine with `uphold backup`, and keep `ledger.key` where secrets are kept";
    match last_backup(data) {
        Some(at) if now - at <= BACKUP_OLD => Finding::ok(CHECK, format!("the last copy was made at {at}")),
        Some(at) => Finding::warning(CHECK, format!("the last copy was made at {at}"), HELP),
        None => Finding::warning(CHECK, "no copy is known that `uphold backup` made of this folder", HELP),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Bytes in the largest unit that leaves a whole number, rounded down.
fn size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let found = units.into_iter().find(|(shift, _)| bytes >> shift >= 1);
    found.map_or_else(|| format!("{bytes} B"), |(shift, unit)| format!("{} {unit}", bytes >> shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_their_unit() {
        assert_eq!([0, 1023, 1024, (5 << 30) - 1, 5 << 30].map(size), ["0 B", "1023 B", "1 KiB", "4 GiB", "5 GiB"]);
    }
}
