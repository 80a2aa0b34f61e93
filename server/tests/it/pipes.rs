//! Printing to somebody who stops reading: every command that prints ends as if it had been read to its end.

use std::process::Stdio;

use crate::crash::Server;
use crate::program::{root, uphold};

/// Runs a command twice, once read and once with nobody at the other end, and compares how it ends.
fn ends_alike(args: &[&str]) {
    let read = uphold(args).output().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let unread = uphold(args).stdin(Stdio::null()).stdout(writer).output().unwrap();
    assert!(!read.stdout.is_empty(), "{args:?} prints nothing: {}", String::from_utf8_lossy(&read.stderr));
    let said = String::from_utf8_lossy(&unread.stderr);
    assert!(!said.contains("panicked"), "{args:?}: {said}");
    assert_eq!(unread.status.code(), read.status.code(), "{args:?}: {said}");
}

#[test]
fn a_command_that_nobody_reads_to_its_end_ends_quietly_with_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let agreement = root().join("examples/cloud-one/agreement.toml");
    let checks = root().join("examples/demo/checks.toml");
    drop(Server::start(&data, &agreement, &checks));
    let paths = [
        &agreement,
        &root().join("examples/month/agreement.toml"),
        &root().join("examples/month/history.jsonl"),
        &data,
    ];
    let [agreement, month, history, data] = paths.map(|path| path.to_str().unwrap());
    let evaluate = ["evaluate", "--agreement", month, "--history", history, "--period", "2026-10"];
    for format in ["text", "json", "csv", "html"] {
        ends_alike(&[&evaluate[..], &["--format", format]].concat());
    }
    for args in [
        &["--help"][..],
        &["check", agreement],
        &["check", agreement, "--format", "json"],
        &["compare", month, agreement],
        &["reference"],
        &["reference", "--format", "schema"],
        &["completions", "bash"],
        &["export", "history", "--data", data],
        &["ledger", "key", "--data", data],
        &["ledger", "verify", "--data", data],
        &["token", "list", "--data", data],
        &["doctor", "--data", data],
    ] {
        ends_alike(args);
    }
}
