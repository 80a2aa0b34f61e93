//! What another tool recorded, imported and evaluated by the real command line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program::{stdout, text, uphold};

/// The sites whose published uptime hides outages shorter than 15 minutes.
const HIDING: [&str; 9] = [
    "catalog-autocomplete",
    "catalog-demo",
    "catalog-search",
    "community-forum",
    "did-you-mean-playground",
    "manual",
    "manual-dev",
    "my-sql-playground",
    "playground",
];

/// An import of `source` into a folder of its own.
struct Imported {
    folder: tempfile::TempDir,
    said: String,
}

impl Imported {
    fn of(source: &Path, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("history.jsonl"), folder.path().join("agreement.toml")];
        let [history, agreement] = paths.each_ref().map(|path| path.to_str().unwrap());
        let args = ["import", "upptime", source.to_str().unwrap(), "--history", history, "--agreement", agreement];
        let said = stdout(args.iter().chain(more));
        Self { folder, said }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The row of one site for one period.
    fn row(&self, site: &str, period: &str) -> Value {
        let (agreement, history) = (self.file("agreement.toml"), self.file("history.jsonl"));
        let args = ["--agreement", &agreement, "--history", &history, "--period", period, "--format", "json"];
        let json = stdout(["evaluate"].iter().chain(&args));
        let statement: Value = serde_json::from_str(&json).unwrap();
        let rows = statement["commitments"].as_array().unwrap();
        rows.iter().find(|row| row["subject"] == site).unwrap_or_else(|| panic!("no row for {site}")).clone()
    }
}

/// The exact availability of a row in percent; both bounds must be the same.
fn percent(row: &Value) -> f64 {
    assert_eq!(row["availability"]["exact_lower"], row["availability"]["exact_upper"]);
    let number = |key: &str| row["availability"]["exact_lower"][key].as_str().unwrap().parse::<f64>().unwrap();
    100.0 * number("num") / number("den")
}

#[test]
fn figures_of_a_real_upptime_repository_are_what_it_publishes_once_short_outages_are_dropped() {
    let Some(suites) = std::env::var_os("UPHOLD_SUITES") else {
        eprintln!("UPHOLD_SUITES is not set: the Upptime repository was not imported");
        return;
    };
    let source = PathBuf::from(suites).join("upptime/manticoresoftware");
    let published: Value = serde_json::from_slice(&fs::read(source.join("published.json")).unwrap()).unwrap();
    let end = jiff::Timestamp::from_second(published["summary_commit_epoch_s"].as_i64().unwrap()).unwrap();
    let (truth, hidden) = (Imported::of(&source, &[]), Imported::of(&source, &["--drop-below", "15m"]));
    let mut differ = BTreeSet::new();
    let mut sites = 0;
    println!("{:24} {:>9} {:>14} {:>12} {:>9}", "site", "published", "--drop-below", "exact", "hidden s");
    for summary in published["summary"].as_array().unwrap() {
        let slug = summary["slug"].as_str().unwrap();
        let says: f64 = summary["uptime"].as_str().unwrap().trim_end_matches('%').parse().unwrap();
        let start = published["sites"][slug]["startTime"].as_str().unwrap();
        let period = format!("{start}/{end}");
        let (with, without) = (hidden.row(slug, &period), truth.row(slug, &period));
        assert!((percent(&with) - says).abs() <= 0.011, "{slug}: {} and not {says}", percent(&with));
        assert_eq!(with["seconds"]["unknown"], "0");
        let seconds = |row: &Value| row["seconds"]["down"].as_str().unwrap().parse::<f64>().unwrap();
        if (percent(&without) - says).abs() > 0.011 {
            differ.insert(slug.to_owned());
        }
        let hides = seconds(&without) - seconds(&with);
        println!("{slug:24} {says:>9.2} {:>14.4} {:>12.4} {hides:>9}", percent(&with), percent(&without));
        sites += 1;
    }
    assert_eq!(sites, 18);
    assert_eq!(differ.iter().map(String::as_str).collect::<Vec<_>>(), HIDING);
    assert!(
        hidden.said.contains("hidden by `--drop-below 15m`: 24 episodes at 9 sites, 12607 seconds"),
        "{}",
        hidden.said
    );
}

/// Runs git in `folder` at a time, as if nobody had configured it.
fn git(folder: &Path, time: i64, args: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(args);
    for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        command.env(name, format!("@{time} +0000"));
    }
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

/// Commits one status of a site as Upptime does.
fn status(folder: &Path, time: i64, slug: &str, state: &str, code: u16) {
    let updated = jiff::Timestamp::from_second(time).unwrap();
    let file = format!(
        "url: https://example.org/{slug}\nstatus: {state}\ncode: {code}\nresponseTime: 120\n\
         lastUpdated: {updated}\nstartTime: 2026-08-01T00:00:00.000Z\ngenerator: Upptime\n"
    );
    fs::create_dir_all(folder.join("history")).unwrap();
    fs::write(folder.join(format!("history/{slug}.yml")), file).unwrap();
    git(folder, time, &["add", "."]);
    git(folder, time, &["commit", "-m", &format!("{slug} is {state} ({code} in 120 ms) [skip ci] [upptime]")]);
}

#[test]
fn a_git_checkout_of_upptime_is_read_through_its_commits() {
    // 2026-08-01T00:00:00Z
    const START: i64 = 1_785_542_400;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path();
    git(source, START, &["init", "-q"]);
    status(source, START + 60, "shop", "up", 200);
    status(source, START + 120, "old", "up", 200);
    status(source, START + 3_600, "shop", "down", 503);
    status(source, START + 4_200, "shop", "up", 200);
    status(source, START + 7_200, "shop", "degraded", 200);
    status(source, START + 9_000, "shop", "up", 200);
    fs::remove_file(source.join("history/old.yml")).unwrap();
    fs::write(source.join("history/summary.json"), r#"[{"name":"The shop","slug":"shop","uptime":"97.92%"}]"#).unwrap();
    git(source, START + 86_400, &["add", "."]);
    git(source, START + 86_400, &["commit", "-q", "-m", "summary"]);

    let truth = Imported::of(source, &[]);
    assert!(truth.said.contains("left out, since Upptime watches them no more: `old`"), "{}", truth.said);
    let period = truth.said.split("--period ").nth(1).unwrap().trim();
    assert_eq!(period, "2026-08-01T00:00:00Z/2026-08-02T00:00:00Z");
    let row = truth.row("shop", period);
    assert_eq!((&row["seconds"]["down"], &row["seconds"]["covered"]), (&Value::from("2400"), &Value::from("86400")));
    assert_eq!(row["reasons"].as_array().unwrap().iter().filter(|reason| reason["kind"] == "down").count(), 2);
    assert!(fs::read_to_string(truth.file("agreement.toml")).unwrap().contains("name.en = \"The shop\""));
    let hidden = Imported::of(source, &["--drop-below", "15m"]);
    assert_eq!(hidden.row("shop", period)["seconds"]["down"], "1800");
}

/// What the program says when it refuses, with the folder's own name taken out.
fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = uphold(args).current_dir(folder).output().unwrap();
    assert!(!output.status.success(), "{}", text(&output));
    assert!(output.stdout.is_empty(), "{}", text(&output));
    String::from_utf8(output.stderr).unwrap()
}

const TABLE: &str = "site,time,ok\napi,1785542400,1\napi,later,0\napi,1785542500,2\napi,1785542600,0\n";

fn table(folder: &Path) -> Vec<&'static str> {
    fs::write(folder.join("a.csv"), TABLE).unwrap();
    "import csv a.csv --type observation --map at=time --map check=site --map state=ok --set vantage=tokyo \
     --time-format epoch-s --state-map 1=up,0=down --history h.jsonl"
        .split_whitespace()
        .collect()
}

#[test]
fn a_table_with_bad_rows_writes_nothing_and_lists_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let args = table(folder.path());
    insta::assert_snapshot!(refusal(folder.path(), &args).trim_end(), @r"
    a.csv:3: column 2 (`time`): `later` is not a time in seconds since 1970; choose another `--time-format`
    a.csv:4: column 3 (`ok`): `2` is not a state; say what it means with `--state-map 2=up`
    error: the table `a.csv` has 2 bad rows
    help: mend the rows named above, or leave them out with `--skip-bad-rows`; nothing was written
    ");
    assert!(!folder.path().join("h.jsonl").exists());
}

#[test]
fn several_tables_make_one_history_and_none_is_ever_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = table(folder.path());
    args.push("--skip-bad-rows");
    assert!(uphold(&args).current_dir(folder.path()).output().unwrap().status.success());
    let history = folder.path().join("h.jsonl");
    assert_eq!(fs::read_to_string(&history).unwrap().lines().count(), 2);
    insta::assert_snapshot!(refusal(folder.path(), &args).trim_end(), @r"
    error: `h.jsonl` exists already, and an import replaces no file
    help: name another path, or add the lines to this file with `--append`
    ");
    args.push("--append");
    assert!(uphold(&args).current_dir(folder.path()).output().unwrap().status.success());
    assert_eq!(fs::read_to_string(&history).unwrap().lines().count(), 4);
}

#[test]
fn what_cannot_be_imported_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut args = table(path);
    args[4] = "observations";
    insta::assert_snapshot!(refusal(path, &args).trim_end(), @r"
    error: cannot understand `--type`
      caused by: `observations` is not a type of history line
    help: did you mean `observation`?
    ");
    args[4] = "observer_gap";
    insta::assert_snapshot!(refusal(path, &args).trim_end(), @r"
    error: cannot import `a.csv`
      caused by: `at` is not a key of the type `observer_gap`
    help: use one of: `vantage`, `from`, `until`, `why`, `erased_at`, `id`, `recorded_at`, `by`
    ");
    git(path, 0, &["init", "-q"]);
    git(path, 0, &["commit", "-q", "--allow-empty", "-m", "nothing"]);
    let upptime = ["import", "upptime", ".", "--history", "h.jsonl", "--agreement", "a.toml"];
    insta::assert_snapshot!(refusal(path, &upptime).trim_end(), @r"
    error: no commit of `.` touches `history/*.yml`
    help: name the checkout of an Upptime repository
    ");
    assert!(!path.join("h.jsonl").exists() && !path.join("a.toml").exists());
}
