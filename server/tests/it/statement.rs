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
