//! Statements as documents: what `uphold evaluate` hands on.

use crate::program::{root, stdout};

fn evaluated(more: &[&str]) -> String {
    let month = root().join("examples/month");
    let file = |name: &str| month.join(name).to_string_lossy().into_owned();
    let (agreement, history) = (file("agreement.toml"), file("history.jsonl"));
    let mut args = vec!["evaluate", "--agreement", &agreement, "--history", &history, "--period", "2026-10"];
    args.extend(["--as-known-at", "2026-11-10T09:00:00Z"]);
    args.extend(more);
    stdout(args)
}

#[test]
fn the_example_of_a_month_becomes_a_page_in_each_language_and_a_table() {
    let page = evaluated(&["--customer", "acme", "--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.ends_with("</html>"));
    assert!(page.contains("99.737 % is below the promised 99.9 %."));
    let command = "uphold evaluate --agreement AGREEMENT.toml --history HISTORY.jsonl --period 2026-10 --customer acme \
        --as-known-at 2026-11-10T09:00:00Z --format html --lang ja";
    let page = evaluated(&["--customer", "acme", "--format", "html", "--lang", "ja"]);
    assert!(page.contains("<html lang=\"ja\">") && page.contains(command));
    let table = evaluated(&["--customer", "acme", "--format", "csv"]);
    assert!(table.starts_with("agreement,revision,commitment,kind,clause,force,subject,customer,period,"));
    assert_eq!(table.lines().count(), 8);
}

/// The example's agreement in two revisions, the second of which promises more from the middle of the month on.
fn two_revisions(folder: &std::path::Path) -> [String; 2] {
    let one = std::fs::read_to_string(root().join("examples/month/agreement.toml")).unwrap();
    let begins = "valid_from = 2026-04-01T00:00:00Z";
    let old = one.replace(begins, &format!("{begins}\nvalid_until = 2026-10-15T22:00:00Z"));
    let new = one.replace(begins, "valid_from = 2026-10-15T22:00:00Z").replace("\"2026-04\"", "\"2026-10\"");
    let new = new.replace("decimals = 3", "decimals = 4\ntakes_effect = \"at-once\"\nmid_period = \"split\"");
    [("old.toml", old), ("new.toml", new)].map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    })
}

#[test]
fn a_page_of_two_revisions_says_which_one_each_row_and_each_choice_belongs_to() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = two_revisions(folder.path());
    let history = root().join("examples/month/history.jsonl").to_string_lossy().into_owned();
    let mut args = vec!["evaluate", "--agreement", &old, "--agreement", &new, "--history", &history];
    args.extend(["--period", "2026-10", "--customer", "acme", "--as-known-at", "2026-11-10T09:00:00Z"]);
    let page = stdout([&args[..], &["--format", "html"]].concat());
    for revision in ["2026-04", "2026-10"] {
        let heading = format!("<th scope=\"rowgroup\" colspan=\"8\">revision {revision}</th>");
        assert_eq!(page.matches(&heading).count(), 1, "{heading}");
    }
    let choice = |decimals: u8, revision: &str| {
        let value =
            format!("<code>decimals = {decimals}</code></td><td><span class=\"quiet\">revision {revision}</span>");
        page.contains(&value)
    };
    assert!(choice(3, "2026-04") && choice(4, "2026-10"), "{page}");
    assert!(page.contains("<code>period = month</code></td><td>every commitment"), "{page}");
    let text = stdout(args);
    assert!(text.contains("shortest notice") && !text.contains("shortest_notice"), "{text}");
}
