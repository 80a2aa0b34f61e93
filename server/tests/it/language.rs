//! The agreement language as its author meets it: the reference, the templates, what `check` tells, and statements.

use std::path::Path;

use crate::program::{root, stdout, text, uphold};

/// What a command of a folder prints, all of it, with its exit code.
fn said(folder: &Path, args: &[&str]) -> String {
    let output = uphold(args).current_dir(folder).output().unwrap();
    format!("{}exit {}\n", text(&output), output.status.code().unwrap_or(-1))
}

#[test]
fn the_committed_reference_is_what_the_program_prints() {
    for (file, format) in [("docs/reference.md", "markdown"), ("docs/agreement.schema.json", "schema")] {
        let committed = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        let printed = stdout(["reference", "--format", format]);
        assert!(committed == printed, "{file} is stale: `uphold reference --format {format} > {file}`");
    }
}

#[test]
fn a_new_agreement_passes_its_check_without_a_finding_and_is_never_overwritten() {
    for lang in ["en", "ja"] {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        assert!(said(here, &["new", "--lang", lang]).ends_with("then `uphold check agreement.toml`\nexit 0\n"));
        assert!(said(here, &["new", "deep/er", "--lang", lang]).contains("wrote `deep/er/agreement.toml`"));
        assert!(said(here, &["new", "other.toml", "--lang", lang]).contains("wrote `other.toml`"));
        for file in ["agreement.toml", "deep/er/agreement.toml", "other.toml"] {
            let output = uphold(["check", file]).current_dir(here).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
            let before = std::fs::read(here.join(file)).unwrap();
            let again = said(here, &["new", file]);
            assert!(again.contains("exists, and is never overwritten") && again.ends_with("exit 1\n"), "{again}");
            assert_eq!(std::fs::read(here.join(file)).unwrap(), before);
        }
    }
}

/// The template as one revision, in force from `from` until `until`.
fn revision(name: &str, from: &str, until: &str, policy: &str) -> String {
    let source = std::fs::read_to_string(root().join("examples/new/agreement.toml")).unwrap();
    let until = if until.is_empty() { String::new() } else { format!("\nvalid_until = {until}") };
    source
        .replace("revision = \"1\"", &format!("revision = \"{name}\""))
        .replace("valid_from = 2026-01-01T00:00:00Z", &format!("valid_from = {from}{until}"))
        .replace("\n[policy]\n", &format!("\n[policy]\n{policy}\n"))
}

const MID_OCTOBER: &str = "2026-10-10T00:00:00Z";
const RULES: &str = "takes_effect = \"at-once\"\nmid_period = \"split\"";

/// Two interfaces of which one is down for two hours, two customers, and the fee of one.
const HISTORY: &str = r#"{"type":"check","id":"web","scope":{"solution":"shop","interface":"web"},"vantage":"t","staleness":"none","from":"2026-09-01T00:00:00Z"}
{"type":"check","id":"api","scope":{"solution":"shop","interface":"api"},"vantage":"t","staleness":"none","from":"2026-09-01T00:00:00Z"}
{"type":"observation","check":"web","vantage":"t","at":"2026-09-01T00:00:00Z","state":"up"}
{"type":"observation","check":"api","vantage":"t","at":"2026-09-01T00:00:00Z","state":"up"}
{"type":"observation","check":"api","vantage":"t","at":"2026-10-05T00:00:00Z","state":"down"}
{"type":"observation","check":"api","vantage":"t","at":"2026-10-05T02:00:00Z","state":"up"}
{"type":"entitlement","id":"e1","scope":{"solution":"shop","customer":"acme"},"paid":true,"from":"2026-01-01T00:00:00Z","until":null,"recorded_at":"2026-01-01T00:00:00Z"}
{"type":"fee","id":"f1","scope":{"solution":"shop","customer":"acme"},"from":"2026-10-01T00:00:00Z","until":"2026-11-01T00:00:00Z","amount":"100.00","currency":"USD","recorded_at":"2026-01-01T00:00:00Z"}
{"type":"entitlement","id":"e2","scope":{"solution":"shop","customer":"bolt"},"paid":true,"from":"2026-10-20T00:00:00Z","until":null,"recorded_at":"2026-01-01T00:00:00Z"}
"#;

/// A folder with one agreement, its two halves as revisions, and a history.
fn world() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    write("a.toml", &revision("1", "2026-01-01T00:00:00Z", "", ""));
    write("r1.toml", &revision("1", "2026-01-01T00:00:00Z", MID_OCTOBER, RULES));
    write("r2.toml", &revision("2", MID_OCTOBER, "", RULES));
    write("h.jsonl", HISTORY);
    folder
}

fn evaluated(folder: &Path, agreements: &[&str], more: &[&str]) -> String {
    let mut args = vec!["evaluate", "--history", "h.jsonl", "--as-known-at", "2026-11-20T00:00:00Z"];
    agreements.iter().for_each(|file| args.extend(["--agreement", file]));
    args.extend(more);
    // A newer database of zones is no change of a statement's form.
    said(folder, &args).replace(uphold_core::time::tzdb_version(), "TZDB")
}

#[test]
fn a_statement_for_the_terminal_has_customers_credits_claims_and_reasons() {
    let folder = world();
    let args = ["--period", "2026-10", "--customer", "all", "--reasons"];
    insta::assert_snapshot!(evaluated(folder.path(), &["a.toml"], &args));
}

#[test]
fn a_statement_over_two_revisions_has_a_row_for_each_whatever_their_order() {
    let folder = world();
    let args = ["--period", "2026-10", "--customer", "acme"];
    let text = evaluated(folder.path(), &["r2.toml", "r1.toml"], &args);
    assert_eq!(text, evaluated(folder.path(), &["r1.toml", "r2.toml"], &args));
    insta::assert_snapshot!(text);
}

#[test]
fn revisions_that_overlap_are_refused_by_check_and_evaluate_alike() {
    let folder = world();
    let check = said(folder.path(), &["check", "a.toml", "r2.toml", "--format", "json"]);
    assert!(check.contains("are both valid from") && check.ends_with("exit 1\n"), "{check}");
    insta::assert_snapshot!(evaluated(folder.path(), &["a.toml", "r2.toml"], &["--period", "2026-10"]));
    assert!(said(folder.path(), &["check", "r2.toml", "r1.toml"]).ends_with("exit 0\n"));
}

#[test]
fn a_customer_that_nobody_knows_is_refused_with_the_nearest_one() {
    let folder = world();
    let asked = |customer| evaluated(folder.path(), &["a.toml"], &["--period", "2026-10", "--customer", customer]);
    insta::assert_snapshot!([asked("acmee"), asked("somebody"), asked("A B")].join("\n"));
}

#[test]
fn check_tells_other_programs_its_findings_and_every_silent_term() {
    let folder = world();
    let json: serde_json::Value =
        serde_json::from_str(&stdout(["check", "--format", "json", folder.path().join("a.toml").to_str().unwrap()]))
            .unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);
    let agreement = &json["agreements"][0];
    assert_eq!(agreement["silent"][0]["term"], "covered_when");
    let commitments = agreement["commitments"].as_array().unwrap();
    let kinds: Vec<&str> = commitments.iter().map(|each| each["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["availability", "notice"]);
    for commitment in commitments {
        let silent = commitment["silent"].as_array().unwrap();
        assert!(silent.iter().any(|term| term["term"] == "zone" && term["stated_by"] == "policy"), "{commitment}");
        assert!(silent.iter().all(|term| term["term"] != "target" && term["question"] != ""), "{commitment}");
    }
}
