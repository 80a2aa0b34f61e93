//! Definitions after published service level agreements: each reads without a finding, except those that are listed here.

use std::path::PathBuf;

use uphold_core::agreement::{self, Reading};

/// What is found on purpose: the file and its one finding.
const EXPECTED: [(&str, &str); 2] = [
    ("21-github-2020", "an availability of 99.0000 % misses the target and is in no tier"),
    ("21-github-2020", "an availability of 99.9000 % meets the target, and this tier is for it"),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/published")
}

/// Every definition: its name, and what came of reading it.
fn definitions() -> Vec<(String, Reading)> {
    let mut found: Vec<(String, Reading)> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, agreement::read(&std::fs::read_to_string(&path).unwrap()))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn every_definition_reads_with_the_findings_that_are_listed_and_no_other() {
    let mut found = Vec::new();
    for (name, reading) in definitions() {
        found.extend(reading.findings.iter().map(|finding| (name.clone(), finding.message.clone())));
    }
    let expected: Vec<(String, String)> =
        EXPECTED.iter().map(|(name, message)| ((*name).to_owned(), (*message).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_definition_has_a_case_of_its_own() {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let names: Vec<String> = definitions().into_iter().map(|(name, _)| name).collect();
    assert!(!names.is_empty());
    for name in names {
        let case = cases.join(format!("published-{name}.case"));
        assert!(case.exists(), "{} is missing", case.display());
    }
}
