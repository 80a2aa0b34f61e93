//! Pages that are documents: statements with what can be kept of them, the agreement, comparisons, and sub-processors.

use std::sync::Arc;

use serde_json::{Value, json};
use uphold::live::Live;
use uphold_core::time::Millis;

use crate::browser::has_browser;
use crate::sample::{self, Story, live_with, noon};
use crate::web::{Site, unbalanced};

async fn japanese(site: &Site, path: &str) -> String {
    let answer = site.ask("GET", path, &["cookie: lang=ja"]).await;
    assert_eq!(answer.status, 200, "{path}");
    assert!(answer.body.contains("<html lang=\"ja\""), "{path}");
    assert_eq!(unbalanced(&answer.body), Vec::<String>::new(), "{path}");
    answer.body
}

#[tokio::test]
async fn a_statement_is_a_page_and_files_of_the_same_figures() {
    let site = Site::told(Story::Grown).await;
    let list = site.get("/statements").await.body;
    for month in ["2026-09", "2026-10", "2026-11"] {
        assert!(list.contains(&format!("href=\"/statements/{month}\"")), "{month}: {list}");
    }
    assert!(!list.contains("/statements/2026-08") && !list.contains("/statements/2026-12"));
    assert!(list.contains("The month is in progress") && list.contains("figures may still change until"), "{list}");
    assert!(japanese(&site, "/statements").await.contains("実績報告書"));

    let page = site.get("/statements/2026-11").await.body;
    assert!(page.contains("href=\"/assets/") && !page.contains("<style"), "its style is a file here");
    assert!(page.contains("/statements/2026-11/statement.csv?lang=en"), "{page}");
    // This machine was given no printer: nothing is offered that there is not.
    assert!(!page.contains("statement.pdf") && page.contains("use “Print” of your browser"));
    let pdf = site.get("/statements/2026-11/statement.pdf").await;
    assert_eq!(pdf.status, 404);
    assert!(pdf.body.contains("There is no PDF"), "{}", pdf.body);

    let json = site.get("/statements/2026-11/statement.json").await;
    let statement: Value = serde_json::from_str(&json.body).unwrap();
    let same: Value = serde_json::from_str(&site.get("/api/v1/statement").await.body).unwrap();
    assert_eq!(statement, same);
    let disposition = "attachment; filename=\"cloud-one-2026-11-now.json\"";
    assert_eq!(json.header("content-disposition"), Some(disposition));
    let csv = site.get("/statements/2026-11/statement.csv").await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(csv.body.lines().count(), 1 + statement["commitments"].as_array().unwrap().len());
    let html = site.get("/statements/2026-11/statement.html?lang=ja").await.body;
    assert!(html.contains("<html lang=\"ja\">") && html.contains("<style>") && !html.contains("class=\"around\""));
}

#[tokio::test]
async fn what_no_statement_has_is_not_found_and_what_nobody_understands_is_refused() {
    let site = Site::told(Story::Grown).await;
    for path in [
        "/statements/2026-08",
        "/statements/2026-12",
        "/statements/November",
        "/statements/2026-11?number=1",
        "/statements/2026-11/statement.exe",
        "/statements/2026-11/..%2f..%2fetc",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("There is no such statement"), "{path}");
    }
    for path in [
        "/statements?page=0",
        "/statements?page=2",
        "/statements?pages=1",
        "/statements/2026-11?number=x",
        "/statements/2026-11?customer=acme",
        "/statements/2026-11/statement.csv?lang=xx",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains("This page cannot be shown as asked"), "{path}");
    }
    // Without anything measured there is the month in progress alone.
    let empty = Site::told(Story::Empty).await;
    assert_eq!(empty.get("/statements").await.body.matches("href=\"/statements/2").count(), 1);
}

#[tokio::test]
async fn no_customer_is_in_a_statement_for_everybody() {
    let told = json!({
        "type": "suspension", "id": "sus-1", "scope": { "solution": "workload-security", "customer": "acme-corp" },
        "extent": "whole", "act": "denial-of-service", "ordered_at": "2026-11-20T00:00:00Z",
        "enforced_at": "2026-11-20T00:02:00Z", "recorded_at": "2026-11-20T00:02:00Z",
    });
    let site = Site::of(live_with(Story::Grown, noon(), &[told.to_string()])).await;
    for path in [
        "/statements",
        "/statements/2026-11",
        "/statements/2026-11/statement.csv",
        "/statements/2026-11/statement.html",
    ] {
        let body = site.get(path).await.body;
        assert!(!body.contains("acme-corp"), "{path}");
    }
    // The contract page tells how many, and how long it took: of nobody by name.
    let contract = site.get("/").await.body.replace('\u{a0}', " ");
    assert!(contract.contains("<dt>Suspensions in force</dt><dd>1</dd>"), "{contract}");
    assert!(contract.contains("<dt>Longest time until one took effect</dt><dd>2 min</dd>"), "{contract}");
    assert!(!contract.contains("acme-corp"));
}

#[tokio::test]
async fn the_agreement_is_a_document_at_an_address_that_stays() {
    let site = Site::told(Story::Revised).await;
    let newest = site.get("/agreement").await.body;
    let second = site.get("/agreement/2").await.body;
    let strip = |page: &str| page.split("<footer").next().unwrap().split("<main").nth(1).unwrap().to_owned();
    assert_eq!(strip(&newest), strip(&second), "the second is in force");
    assert!(newest.contains("99.95") && newest.contains("<code>days_are = elapsed</code>"), "{newest}");
    let first = site.get("/agreement/1").await.body;
    assert!(first.contains("not in force at this moment") || first.contains("<strong>"), "{first}");
    assert!(!first.contains("99.95"), "{first}");
    assert!(japanese(&site, "/agreement").await.contains("定期メンテナンス"));
    let none = site.get("/agreement/3").await;
    assert_eq!(none.status, 404);
    assert!(none.body.contains("There is no revision of this name"), "{}", none.body);
    let history = site.get("/agreement/history").await.body;
    assert!(history.contains("href=\"/agreement/1\""), "{history}");
    assert!(history.contains("href=\"/agreement/compare?from=1&#38;to=2\""), "{history}");
}

#[tokio::test]
async fn two_revisions_are_compared_either_way() {
    let site = Site::told(Story::Revised).await;
    let forth = site.get("/agreement/compare?from=1&to=2").await.body;
    assert!(
        forth.contains("<del>99.9")
            && forth.contains("<ins>99.95")
            && forth.contains("1 better for the customer, 0 worse")
    );
    let back = site.get("/agreement/compare?from=2&to=1").await.body;
    assert!(back.contains("<del>99.95") && back.contains("0 better for the customer, 1 worse"), "{back}");
    // The one in force against the one before it, where none is named.
    assert_eq!(site.get("/agreement/compare").await.body.matches("<ins>").count(), forth.matches("<ins>").count());
    assert!(site.get("/agreement/compare?from=2").await.body.contains("Both say the same."));
    assert!(japanese(&site, "/agreement/compare").await.contains("2 つの改訂版を比較"));
    assert_eq!(site.get("/agreement/compare?from=1&to=9").await.status, 404);
    assert_eq!(site.get("/agreement/compare?form=1").await.status, 400);
    let alone = Site::told(Story::Grown).await.get("/agreement/compare").await;
    assert_eq!(alone.status, 200);
    assert!(alone.body.contains("There is only one revision"), "{}", alone.body);
}

fn subprocessor(id: &str, name: &str, action: &str, effective: &str, more: Value) -> String {
    let mut line = json!({
        "type": "subprocessor", "id": id, "scope": { "solution": "workload-security" }, "name": name, "action": action,
        "effective_at": effective, "recorded_at": "2026-10-01T00:00:00Z",
    });
    for (key, value) in more.as_object().unwrap() {
        line[key] = value.clone();
    }
    line.to_string()
}

#[tokio::test]
async fn sub_processors_are_listed_as_they_are_now_with_the_notice_of_each_change() {
    let own = json!({ "scope": { "solution": "workload-security", "customer": "acme-corp" } });
    let told = [
        subprocessor(
            "s-1",
            "Cloud <One>",
            "added",
            "2026-01-01T00:00:00Z",
            json!({ "sla": "https://cloud.example/sla" }),
        ),
        subprocessor("s-2", "Gone Ltd", "added", "2026-01-01T00:00:00Z", json!({ "sla": "javascript:alert(1)" })),
        subprocessor("s-3", "Gone Ltd", "removed", "2026-06-01T00:00:00Z", json!({})),
        subprocessor("s-4", "Next Inc", "added", "2026-12-22T12:34:56Z", json!({})),
        subprocessor("s-5", "Secret Inc", "added", "2026-01-01T00:00:00Z", own),
        json!({
            "type": "notice", "about": { "id": "s-4" }, "kind": "subprocessor", "customer": "public", "channel": "page",
            "published_at": "2026-11-22T12:34:56Z", "recorded_at": "2026-11-22T12:34:56Z",
        })
        .to_string(),
    ];
    let site = Site::of(live_with(Story::Grown, noon(), &told)).await;
    let page = site.get("/sub-processors").await.body.replace('\u{a0}', " ");
    let (present, rest) = page.split_once("id=\"ahead\"").unwrap();
    let (ahead, past) = rest.split_once("id=\"past\"").unwrap();
    assert!(present.contains("Cloud &#60;One&#62;") && !present.contains("Gone Ltd") && !present.contains("Next Inc"));
    assert!(ahead.contains("Next Inc") && ahead.contains("22 November 2026, 12:34:56 UTC, 30 d ahead"), "{ahead}");
    assert!(past.contains("Gone Ltd") && past.contains("removed"));
    assert!(page.contains("href=\"https://cloud.example/sla\"") && !page.contains("javascript:"), "{page}");
    assert!(!page.contains("Secret Inc") && !page.contains("acme-corp"));
    let contract = site.get("/").await.body;
    assert!(contract.contains("<dt>In use at present</dt><dd>Cloud &#60;One&#62;</dd>"), "{contract}");
    assert!(japanese(&site, "/sub-processors").await.contains("現在利用中"));
    let empty = Site::told(Story::Grown).await.get("/sub-processors").await.body;
    assert!(empty.contains("No sub-processor was told to this server."), "{empty}");
}

#[tokio::test]
async fn the_contract_page_draws_what_was_achieved_beside_what_was_promised() {
    let told = [
        json!({
            "type": "recovery", "id": "r-1", "solution": "workload-security", "kind": "exercise",
            "disrupted_at": "2026-11-02T00:00:00Z", "healthy_at": "2026-11-02T03:10:00Z",
            "recovery_point_at": "2026-11-01T23:45:00Z", "recorded_at": "2026-11-02T06:00:00Z",
        })
        .to_string(),
        json!({
            "type": "maintenance", "id": "m-1", "scope": { "solution": "workload-security" }, "class": "scheduled",
            "status": "CONFIRMED", "from": "2026-12-04T12:34:56Z", "until": "2026-12-04T13:34:56Z",
            "recorded_at": "2026-11-22T12:00:00Z",
        })
        .to_string(),
    ];
    let site = Site::of(live_with(Story::Grown, noon(), &told)).await;
    let page = site.get("/").await.body.replace('\u{a0}', " ");
    for said in [
        // Five hours and twenty-four hours are promised.
        "achieved 3 h 10 min; at most 5 h promised.",
        "achieved 15 min; at most 24 h promised.",
        "<dt>Last exercise</dt><dd>2 November 2026, 00:00:00 UTC</dd>",
        // Twelve months after the last.
        "<dt>Next due</dt><dd>2 November 2027, 00:00:00 UTC</dd>",
        "<dt>Next window</dt><dd>in 12 d, on 4 December 2026, 12:34:56 UTC</dd>",
        // Nothing is published of it in this picture: five days are left for that.
        "<dt>Notice still to come:</dt><dd>promised 7 d ahead; no publication is recorded. 5 d are left to give it.</dd>",
        "href=\"/maintenance#window-m-1\"",
    ] {
        let said = said.replace("24 h", "1 d");
        assert!(page.contains(&said), "{said}: {page}");
    }
    let empty = Site::told(Story::Empty).await.get("/").await.body;
    for said in ["not measured; at most", "<dd>none is planned</dd>", "<dd>none is recorded yet</dd>"] {
        assert!(empty.contains(said), "{said}");
    }
}

#[tokio::test]
async fn the_status_page_tells_of_maintenance_and_is_drawn_once_for_a_picture() {
    let window = |id: &str, day: u32| {
        json!({
            "type": "maintenance", "id": id, "scope": { "solution": "workload-security" }, "class": "scheduled",
            "status": "CONFIRMED", "from": format!("2026-12-{day:02}T00:00:00Z"), "until": format!("2026-12-{day:02}T01:00:00Z"),
            "recorded_at": "2026-11-20T00:00:00Z",
        })
        .to_string()
    };
    let picture = |n: u32| -> Live {
        let told: Vec<String> = (1..=n).map(|day| window(&format!("m-{day}"), day)).collect();
        live_with(Story::Grown, noon(), &told)
    };
    let site = Site::of(picture(7)).await;
    let first = site.get("/status").await;
    assert_eq!(first.body.matches("href=\"/maintenance#window-").count(), 5, "the next five");
    assert_eq!(first.header("cache-control"), Some("public, no-cache"));
    assert_eq!(first.header("vary"), Some("cookie, accept-language"));
    let tag = first.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = site.ask("GET", "/status", &[&format!("if-none-match: {known}")]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
    }
    assert_eq!(site.ask("GET", "/status", &["if-none-match: \"other\""]).await.status, 200);
    let japanese = site.ask("GET", "/status", &["cookie: lang=ja", &format!("if-none-match: {tag}")]).await;
    assert_eq!(japanese.status, 200);
    assert!(japanese.body.contains("今後のメンテナンス"), "{}", japanese.body);
    site.live.send_replace(Arc::new(Live { as_known_at: noon() + Millis(1000), ..picture(0) }));
    let newer = site.ask("GET", "/status", &[&format!("if-none-match: {tag}")]).await;
    assert_eq!(newer.status, 200);
    assert!(newer.body.contains("No maintenance is planned."), "{}", newer.body);
}

#[tokio::test]
async fn a_statement_becomes_a_pdf_where_there_is_a_browser() {
    if !has_browser() {
        return;
    }
    let picture = live_with(Story::Grown, noon(), &[]);
    let site = Site::printing(picture, uphold::printer::Printer::of(None)).await;
    // What still changes would be printed anew for every request: that is not for whoever comes by.
    let page = site.get("/statements/2026-11").await.body;
    assert!(!page.contains("statement.pdf") && page.contains("statement.csv"), "{page}");
    assert_eq!(site.get("/statements/2026-11/statement.pdf").await.status, 404);
    let site = site.for_viewer().await;
    let page = site.get("/statements/2026-11").await.body;
    assert!(page.contains("/statements/2026-11/statement.pdf?lang=en"), "{page}");
    // Asked for twice at once it is made once: the second answer is the first one's bytes.
    let ask = || site.get("/statements/2026-11/statement.pdf?lang=ja");
    let (first, second) = tokio::join!(ask(), ask());
    for pdf in [&first, &second] {
        assert_eq!((pdf.status, pdf.header("content-type")), (200, Some("application/pdf")), "{}", pdf.head);
        assert!(pdf.body.starts_with("%PDF-") && pdf.body.len() > 10_000, "{}", pdf.body.len());
    }
    assert_eq!(first.body, second.body);
}

#[tokio::test]
async fn of_many_solutions_the_worst_are_shown_in_full_and_a_long_statement_comes_in_parts() {
    let site = Site::of(sample::live(Story::Wide, noon())).await;
    for page in ["/", "/status"] {
        let body = site.get(page).await.body;
        for number in 0..sample::SOLUTIONS {
            // The sixth is down; the others are alike, and the first of them are shown.
            let is_full = [0, 1, 2, 5].contains(&number);
            let strips = body.contains(&format!("id=\"interface-availability-service-{number}-api\""));
            assert_eq!(strips, is_full, "{page} {number}");
            assert!(body.contains(&format!("href=\"/solutions/service-{number}\"")), "{page} {number}");
        }
        assert!(body.contains("More services."), "{page}");
    }

    let whole = site.get("/statements/2026-11/statement.html").await.body;
    let rows = |body: &str| -> Vec<String> {
        let found = body.split("<section class=\"row\" id=\"").skip(1);
        found.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let all = rows(&whole);
    assert!(all.len() > 48, "{}", all.len());
    assert!(!whole.contains("are told in full here"));
    let (mut told, mut to) = (Vec::new(), Some("/statements/2026-11".to_owned()));
    while let Some(address) = to {
        let page = site.get(&address).await.body;
        told.extend(rows(&page));
        // The overview leads to every row, on whichever part it is.
        for row in &all {
            assert!(page.contains(&format!("#{row}\"")), "{address} {row}");
        }
        let next = page.split("\" rel=\"next\"").next().filter(|before| before.len() < page.len());
        to = next.and_then(|before| before.rsplit("href=\"").next()).map(|link| link.replace("#part", ""));
    }
    assert_eq!(told, all);
    let last = japanese(&site, "/statements/2026-11?part=9999").await;
    assert_eq!(rows(&last).last(), all.last());
    assert!(last.contains("行目までの詳細"), "{last}");
    assert_eq!(site.get("/statements/2026-11?part=-1").await.status, 400);
}
