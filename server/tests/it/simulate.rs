//! A simulated past is a whole ledger, is what it says, and is marked.

use std::collections::BTreeSet;

use uphold::access::{Scope, Tokens};
use uphold::ledger::{FILE, Reader, SNAPSHOT_FILE, read_book};
use uphold_core::ledger::book::Book;
use uphold_core::ledger::fact::{Fact, FactKind};
use uphold_core::ledger::segment::{Segment, begins_a_month, is_key_frame};
use uphold_core::run::Observed;
use uphold_core::time::Instant;

use crate::crash::Server;
use crate::live_equals_batch::export;
use crate::program::{request, request_with, root, stdout, text, uphold};

fn simulated(folder: &std::path::Path, seed: &str, months: &str) -> String {
    let agreement = folder.join("agreement.toml");
    let example = std::fs::read_to_string(root().join("examples/cloud-one/agreement.toml")).unwrap();
    std::fs::write(&agreement, example).unwrap();
    let checks = std::fs::read_to_string(root().join("examples/demo/checks.toml")).unwrap();
    let points = "vantage = \"tokyo-1\"\nvantage_points = [\"tokyo-1\", \"osaka-1\"]";
    std::fs::write(folder.join("checks.toml"), checks.replace("vantage = \"local\"", points)).unwrap();
    let data = folder.join(seed);
    let path = |name: &std::path::Path| name.to_str().unwrap().to_owned();
    let (agreement, checks, data) = (path(&agreement), path(&folder.join("checks.toml")), path(&data));
    let files = ["simulate", "--agreement", &agreement, "--checks", &checks, "--data", &data, "--seed", seed];
    stdout([&files[..], &["--months", months, "--until", "2026-06-20T00:00:00Z", "--outages", "40"]].concat())
}

#[test]
fn a_simulated_past_is_a_sound_ledger_whose_every_fact_says_that_it_is_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let said = simulated(folder.path(), "7", "1");
    assert!(said.contains("6 series") && said.contains("all of it simulated"), "{said}");
    let data = folder.path().join("7");
    stdout(["ledger", "verify", "--data", data.to_str().unwrap()]);
    let reader = Reader::open(&data.join(FILE)).unwrap();
    let (mut so_far, mut frames) = (Book::default(), 0);
    let mut kinds = BTreeSet::new();
    let mut last = Instant::MIN;
    reader
        .visit(0..u64::MAX, |entry| {
            let fact = entry.fact().unwrap().unwrap();
            assert_eq!(fact.by(), "server:simulator");
            assert!(entry.leaf.recorded_at >= last);
            last = entry.leaf.recorded_at;
            kinds.insert(fact.kind().name());
            if let Fact::Measurement(measurement) = &fact {
                assert!(measurement.through <= entry.leaf.recorded_at, "nothing is known before it is observed");
                let segment = Segment::decode(entry.segment.as_ref().unwrap()).unwrap();
                let before = so_far.fold.through(&measurement.vantage);
                if before.is_none_or(|before| begins_a_month(before, measurement.through)) {
                    assert!(is_key_frame(&so_far.fold, &segment), "each month begins with all that is known");
                    frames += 1;
                }
            }
            let payload = entry.payload.as_ref().map(|payload| payload.bytes.as_slice());
            so_far.take(&entry.leaf, payload, entry.segment.as_deref()).unwrap();
            Ok(())
        })
        .unwrap();
    assert_eq!(frames, 2 * 2, "two months of two vantage points");
    // Nothing of it was erased, and nobody was let in.
    assert_eq!(kinds.len(), FactKind::ALL.len() - 2, "{kinds:?}");
    // Every series is up and down, on its grid, without a hole but where the server was stopped.
    let book = reader.book(Book::default(), Instant::MAX).unwrap();
    for series in book.fold.series() {
        let runs: Vec<_> = book.fold.bare_runs(&series).collect();
        assert!(runs.iter().filter(|run| run.state == Observed::Down).count() > 3, "{series}");
        for pair in runs.windows(2) {
            let apart = (pair[1].from - pair[0].last).0;
            let stopped = book.gaps.iter().any(|gap| {
                gap.vantage.as_ref() == Some(&series.vantage)
                    && gap.interval.from() <= pair[1].from
                    && gap.interval.until() > pair[0].last
            });
            assert!(apart == 2_000 || stopped, "{series}: {pair:?}");
            assert_eq!(i64::try_from(pair[0].n - 1).unwrap() * 2_000, (pair[0].last - pair[0].from).0);
        }
    }
    // The month that is over is frozen, and there are incidents.
    assert_eq!(book.statements.iter().map(|each| &*each.fact.period).collect::<Vec<_>>(), ["2026-05"]);
    assert!(book.records.iter().any(|record| record.line.contains("\"incident\"")));
    // The snapshot that it leaves is of this ledger.
    assert!(data.join(SNAPSHOT_FILE).exists());
    assert_eq!(read_book(&data, &reader).unwrap().book.history(), book.history());
}

#[test]
fn equal_seeds_make_equal_pasts_and_no_ledger_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let history = |seed: &str| {
        simulated(folder.path(), seed, "0");
        let history = folder.path().join(format!("{seed}.jsonl"));
        export(&folder.path().join(seed), &history, &[]);
        std::fs::read_to_string(history).unwrap()
    };
    let one = history("1");
    assert!(one != history("2"));
    std::fs::rename(folder.path().join("1"), folder.path().join("before")).unwrap();
    assert!(one == history("1"));
    let data = folder.path().join("1");
    let args =
        ["simulate", "--agreement", "agreement.toml", "--checks", "checks.toml", "--data", data.to_str().unwrap()];
    let output = uphold(args).current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("ledger.db"), "{}", text(&output));
}

/// The lists that come in pages are, page by page, what they are at once.
fn assert_pages_add_up(port: std::net::SocketAddr, secret: &str) {
    let bearer = format!("Bearer {secret}");
    let ask = |path: &str| request_with(port, "GET", path, &[("Authorization", &bearer)], "").unwrap();
    let get = |path: &str| {
        let (status, body) = ask(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap()
    };
    for (list, limit, least) in [("incidents", 7, 15), ("statements", 1, 1)] {
        let whole = get(&format!("/api/v1/{list}?limit=1000"));
        let (all, mut pages, mut after) = (whole[list].as_array().unwrap(), Vec::new(), String::new());
        assert!(all.len() >= least && whole["next"].is_null(), "{list}: {}", all.len());
        for _ in 0..all.len() + 20 {
            let page = get(&format!("/api/v1/{list}?limit={limit}{after}"));
            pages.extend(page[list].as_array().unwrap().clone());
            match &page["next"] {
                serde_json::Value::Null => break,
                serde_json::Value::String(next) => after = format!("&after={next}"),
                next => after = format!("&after={next}"),
            }
        }
        // The server goes on freezing months that ended since.
        assert!(pages.starts_with(all), "{list}: {pages:?} instead of {all:?}");
        for bad in ["limit=0", "limit=1001", "after=x", "page=2"] {
            let (status, body) = ask(&format!("/api/v1/{list}?{bad}"));
            assert!(status == 400 && body.contains("bad-query"), "{list}?{bad}: {status} {body}");
        }
    }
    let newest = get("/api/v1/incidents?limit=1000");
    let begins: Vec<&str> =
        newest["incidents"].as_array().unwrap().iter().map(|i| i["from"].as_str().unwrap()).collect();
    assert!(begins.is_sorted_by(|one, next| one >= next), "the newest first");
}

#[test]
fn a_server_that_starts_from_the_snapshot_says_what_the_export_says() {
    let folder = tempfile::tempdir().unwrap();
    simulated(folder.path(), "3", "1");
    let (data, agreement) = (folder.path().join("3"), folder.path().join("agreement.toml"));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start_at(port, &data, &agreement, &folder.path().join("checks.toml"), &[]);
    let (status, body) = request(port, "GET", "/api/v1/statement?period=2026-05", "").unwrap();
    assert_eq!(status, 200, "{body}");
    let secret = Tokens::of(&data).create("ops", &[Scope::Read], Instant(0)).unwrap();
    assert_pages_add_up(port, &secret);
    server.stop();
    stdout(["ledger", "verify", "--data", data.to_str().unwrap()]);
    let shown: serde_json::Value = serde_json::from_str(&body).unwrap();
    // The export reads every fact.
    let history = folder.path().join("history.jsonl");
    export(&data, &history, &["--every-version"]);
    let (agreement, history) = (agreement.to_str().unwrap(), history.to_str().unwrap());
    let known = shown["as_known_at"].as_str().unwrap();
    let args = ["evaluate", "--agreement", agreement, "--history", history, "--period", "2026-05", "--format", "json"];
    let text = stdout([&args[..], &["--as-known-at", known]].concat());
    let computed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["commitments"], computed["commitments"]);
    let log = std::fs::read_to_string(folder.path().join("3.log")).unwrap();
    assert!(!log.contains("the snapshot is of no use"), "{log}");
}
