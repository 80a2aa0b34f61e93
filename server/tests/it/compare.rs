//! `uphold compare` as its reader meets it.

use std::path::{Path, PathBuf};

use crate::program::{root, text, uphold};

fn example() -> PathBuf {
    root().join("examples/cloud-one/agreement.toml")
}

/// The example in a later revision: `changes` replace what must stand there once.
fn revision(folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let mut source = std::fs::read_to_string(example()).unwrap();
    for (from, to) in changes {
        assert_eq!(source.matches(from).count(), 1, "{from}");
        source = source.replacen(from, to, 1);
    }
    let path = folder.join("new.toml");
    std::fs::write(&path, source).unwrap();
    path
}

fn said(folder: &Path, old: &Path, new: &Path, more: &[&str]) -> String {
    let output = uphold(["compare"]).arg(old).arg(new).args(more).output().unwrap();
    let said = text(&output).replace(folder.to_str().unwrap(), "FOLDER").replace(root().to_str().unwrap(), "ROOT");
    format!("{said}exit {}\n", output.status.code().unwrap_or(-1))
}

const CHANGES: [(&str, &str); 8] = [
    ("revision = \"reference\"", "revision = \"next\""),
    ("is announced at least 7 days ahead on a public page", "is announced at least 14 days ahead on a public page"),
    ("7 日以上前に公開ページで知らせ", "14 日以上前に公開ページで知らせ"),
    ("maintenance_notice = { days = 7,", "maintenance_notice = { days = 14,"),
    ("rto = \"5h\"", "rto = \"6h\""),
    ("close_after = \"7d\"", "close_after = \"9d\""),
    ("id = \"agreement-page\"", "id = \"contract-page\""),
    ("kind = \"monitoring\"", "kind = \"monitoring\"\ntarget = \"99\""),
];

#[test]
fn two_revisions_of_the_example() {
    let folder = tempfile::tempdir().unwrap();
    let new = revision(folder.path(), &CHANGES);
    insta::assert_snapshot!("text", said(folder.path(), &example(), &new, &[]));
    insta::assert_snapshot!("japanese", said(folder.path(), &example(), &new, &["--lang", "ja"]));
    insta::assert_snapshot!("json", said(folder.path(), &example(), &new, &["--format", "json"]));
}

#[test]
fn the_exit_code_says_whether_they_differ_and_whether_they_could_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let same = said(folder.path(), &example(), &example(), &[]);
    assert!(same.ends_with("\nboth say the same\nexit 0\n"), "{same}");
    let published = root().join("examples/published");
    let [one, other] = ["01-aws-ec2.toml", "02-aws-ec2-2008.toml"].map(|name| published.join(name));
    let differ = said(folder.path(), &one, &other, &[]);
    assert!(
        differ.contains("\n  removed  ") && differ.contains("\n  added    ") && differ.ends_with("exit 1\n"),
        "{differ}"
    );
    let wrong = revision(folder.path(), &[("rto = \"5h\"", "rto = \"soon\"")]);
    for said in [
        said(folder.path(), &example(), &wrong, &[]),
        said(folder.path(), &folder.path().join("none.toml"), &example(), &[]),
    ] {
        assert!(said.contains("error: ") && said.contains("help: ") && said.ends_with("exit 2\n"), "{said}");
    }
}
