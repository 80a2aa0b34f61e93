//! The demo as a process: its made-up past, its three vantage points, and that it goes on.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use uphold::ledger::{FILE, Reader};
use uphold_core::ledger::book::Book;
use uphold_core::ledger::record::Recorded;
use uphold_core::time::Instant;

use crate::browser::{free_address, wait};
use crate::program::{request, request_with, stdout, uphold};

/// Tells a process to stop, and waits until it has.
fn terminate(mut process: Child) {
    let told = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status().unwrap();
    assert!(told.success() && process.wait().unwrap().success());
}

#[test]
fn the_demo_begins_with_a_past_that_is_judged_and_says_that_it_is_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let (listen, sample, data) = (free_address(), free_address(), folder.path().join("demo"));
    let addresses = [listen.to_string(), sample.to_string()];
    let start = || {
        let mut command = uphold(["demo", "--listen", &addresses[0], "--sample", &addresses[1], "--data"]);
        command.arg(&data).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let demo = start();
    let get = |path: &str| request(listen, "GET", path, "").ok().filter(|(status, _)| *status == 200);
    let points = || {
        let told: serde_json::Value = serde_json::from_str(&get("/api/v1/vantage-points")?.1).ok()?;
        let all = told["vantage_points"].as_array()?;
        (all.len() == 3 && all.iter().all(|one| one["own"] == true || one["reports_taken"].as_u64() > Some(0)))
            .then_some(())
    };
    wait(points);
    for (path, words) in [("/?lang=en", "Simulated"), ("/status", "Simulated")] {
        let (_, page) =
            request_with(listen, "GET", path.split('?').next().unwrap(), &[("Cookie", "lang=en")], "").unwrap();
        assert!(page.contains(words), "{path}");
    }
    // A document of a month that was made up says so itself, also as it was frozen, and in every form.
    let (_, list) = get("/statements").unwrap();
    let month = list.rsplit("href=\"/statements/20").next().unwrap().split(['?', '"']).next().unwrap();
    for file in ["", "/statement.html", "/statement.csv", "/statement.json"] {
        let path = format!("/statements/20{month}{file}");
        let (status, text) = request_with(listen, "GET", &path, &[("Cookie", "lang=en")], "").unwrap();
        assert!(
            status == 200 && (text.contains("Simulated: everything before") || text.contains("made_up_until")),
            "{path}"
        );
    }
    terminate(demo);
    // Everything that a contract asks after has facts in it; a started demo goes on.
    stdout(["ledger", "verify", "--data", data.to_str().unwrap()]);
    let reader = Reader::open(&data.join(FILE)).unwrap();
    let book = reader.book(Book::default(), Instant::MAX).unwrap();
    let months: BTreeSet<&str> = book.statements.iter().map(|frozen| &*frozen.fact.period).collect();
    assert!(months.len() >= 12, "{months:?}");
    assert!(book.statements.iter().any(|frozen| frozen.fact.number == 2), "a correction changed a frozen month");
    let of = |customer: &str| {
        book.records.iter().filter(|told| told.customer.as_ref().is_some_and(|of| of.as_str() == customer)).count()
    };
    assert!(of("acme") > 100 && of("globex") > of("acme"), "two customers, one of which was suspended");
    let attributed = |told: &&Recorded| told.line.contains("\"attributed_to\":\"example-cloud\"");
    assert_eq!(book.records.iter().filter(attributed).count(), 1);
    assert_eq!(book.revisions.len(), 2);
    drop(reader);
    let facts = book.size;
    let demo = start();
    wait(|| get("/status"));
    terminate(demo);
    let reader = Reader::open(&data.join(FILE)).unwrap();
    assert!(reader.book(Book::default(), Instant::MAX).unwrap().size > facts);
}
