//! The rules of STYLE.md that a machine can keep, held against every file of the repository.
//!
//! One test a rule. Each rule also has a test on samples, beside it, that shows it fire: a check that cannot fail is a
//! defect. Not here: what rustfmt, clippy and the compiler's lints check already.

mod dependence;
mod rules;
mod source;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

/// One place that breaks a rule.
pub(crate) struct Breach {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

impl Source {
    pub(crate) fn breach(&self, offset: usize, what: &str) -> Breach {
        self.breach_on(self.line_at(offset), what)
    }

    pub(crate) fn breach_on(&self, line: usize, what: &str) -> Breach {
        Breach { path: self.path.clone(), line, what: what.to_owned() }
    }
}

/// Written by tools or for them, or grown with every build.
const NOT_OURS: [&str; 4] = [".git", "target", "node_modules", "corpus"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server's folder lies in the repository").to_owned()
}

/// Every text file below `folder`, its path written with `/`.
fn read_all(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("a folder of the repository").flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            read_all(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(Source::new(&path, &text));
        }
    }
}

fn repository() -> Vec<Source> {
    let mut found = Vec::new();
    read_all(&root(), "", &mut found);
    source::mark_test_modules(&mut found);
    found
}

fn report(breaches: &[Breach]) {
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} place(s) break this rule of STYLE.md:\n{}", lines.len(), lines.join("\n"));
}

fn hold(rule: fn(&Source) -> Vec<Breach>) {
    report(&repository().iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn the_walk_sees_the_repository() {
    let all = repository();
    for path in ["Cargo.toml", "core/src/lib.rs", "probe/src/lib.rs", "server/src/main.rs", "README.md", "test"] {
        assert!(all.iter().any(|source| source.path == path), "`{path}` was not read");
    }
    let functions: usize = all.iter().filter(|source| source.is_rust()).map(|source| source.functions().len()).sum();
    assert!(functions > 100, "only {functions} functions were seen");
}

#[test]
fn no_lint_is_switched_off_silently() {
    hold(rules::no_allow);
}

#[test]
fn no_test_is_ignored() {
    hold(rules::no_ignored_test);
}

#[test]
fn nothing_unfinished_is_shipped() {
    hold(rules::no_unfinished_code);
}

#[test]
fn every_note_of_work_names_its_issue() {
    hold(rules::notes_name_an_issue);
}

#[test]
fn functions_have_at_most_seventy_lines() {
    hold(rules::functions_are_short);
}

#[test]
fn handlers_have_at_most_twenty_lines() {
    hold(rules::handlers_are_thin);
}

#[test]
fn files_have_at_most_eight_hundred_lines() {
    hold(rules::files_are_short);
}

#[test]
fn every_module_says_what_lives_in_it() {
    hold(rules::modules_are_documented);
}

#[test]
fn core_has_no_floats() {
    hold(rules::core_has_no_floats);
}

#[test]
fn libraries_do_not_print() {
    hold(rules::libraries_do_not_print);
}

#[test]
fn no_error_is_a_bare_text() {
    hold(rules::errors_are_types);
}

#[test]
fn the_server_has_one_clock() {
    hold(rules::one_clock);
}

#[test]
fn no_name_hides_its_content() {
    hold(rules::names_say_what_is_there);
}

#[test]
fn every_trait_has_two_implementors() {
    report(&rules::traits_are_shared(&repository()));
}

#[test]
fn documents_name_tests_that_exist() {
    report(&rules::documents_name_real_tests(&repository()));
}

#[test]
fn links_between_documents_lead_somewhere() {
    report(&rules::links_lead_somewhere(&repository(), &|path| root().join(path).exists()));
}

#[test]
fn core_uses_pure_libraries_alone() {
    hold(dependence::core_stays_pure);
}

#[test]
fn the_probe_needs_neither_server_nor_ledger() {
    hold(dependence::probe_stands_alone);
}

#[test]
fn no_module_of_the_server_looks_upwards() {
    hold(dependence::nothing_looks_upwards);
}

#[test]
fn pages_never_touch_sql() {
    hold(dependence::web_has_no_sql);
}

#[test]
fn chrono_is_nowhere() {
    hold(dependence::no_chrono);
}
