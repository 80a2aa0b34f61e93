//! The pages about customers: how each stands, what concerns it, its frozen statements, and many of them at once.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use uphold::accounts::Standing;
use uphold::clock::Clock;
use uphold::ledger::Ledger;
use uphold::live::Live;
use uphold::operate::closing;
use uphold_core::history::Reader;
use uphold_core::ledger::book::Frozen;
use uphold_core::ledger::fact::Fact;

use crate::customers::{customer, live, tell};
use crate::sample::{self, Story, noon};
use crate::web::{Answer, Site, unbalanced};

/// What is told besides, of customers that stand otherwise.
const TOLD: &str = r#"
{"type":"assent","id":"a-3","customer":"bolt","document":"terms-of-use","kind":"withdraw","at":"2026-11-01T00:00:00Z","recorded_at":"2026-11-01T00:00:00Z"}
{"type":"entitlement","id":"e-cord","scope":{"solution":"workload-security","interface":"api","customer":"cord"},"paid":true,"from":"2026-01-01T00:00:00Z","revision":"an-older-one","recorded_at":"2026-01-01T00:00:00Z"}
{"type":"entitlement","id":"e-dale","scope":{"customer":"dale"},"paid":false,"from":"2026-01-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}
{"type":"fee","id":"f-elm","scope":{"customer":"elm"},"from":"2026-11-01T00:00:00Z","until":"2026-12-01T00:00:00Z","amount":"10","currency":"EUR","recorded_at":"2026-11-01T00:00:00Z"}
{"type":"suspension","id":"s-cord","scope":{"solution":"workload-security","customer":"cord"},"extent":"part","act":"flooding","ordered_at":"2026-11-21T00:00:00Z","enforced_at":"2026-11-21T00:04:00Z","recorded_at":"2026-11-21T00:00:00Z"}
{"type":"notice","id":"n-cord","about":{"id":"s-cord"},"kind":"suspension","channel":"mail","customer":"cord","accepted_at":"2026-11-21T00:09:30Z","recorded_at":"2026-11-21T00:10:00Z"}
{"type":"connections","id":"c-1","scope":{"solution":"workload-security","interface":"connections","customer":"acme"},"from":"2026-11-20T00:00:00Z","until":"2026-11-21T00:00:00Z","expected":5000,"connected":4990,"customer_side":7,"undetermined":1,"recorded_at":"2026-11-21T00:00:00Z"}
{"type":"connections","id":"c-3","scope":{"solution":"workload-security","interface":"connections","region":"osaka","customer":"acme"},"from":"2026-11-20T00:00:00Z","until":"2026-11-21T00:00:00Z","expected":7,"connected":7,"customer_side":0,"undetermined":0,"recorded_at":"2026-11-21T00:00:00Z"}
{"type":"connections","id":"c-2","scope":{"solution":"workload-security","interface":"connections","customer":"acme"},"from":"2026-11-21T00:00:00Z","until":"2026-11-22T00:00:00Z","expected":5000,"connected":4998,"customer_side":2,"undetermined":0,"recorded_at":"2026-11-22T00:00:00Z"}
"#;

fn with(mut live: Live, lines: &str) -> Live {
    let mut reader = Reader::new(&live.agreement);
    lines.lines().filter(|line| !line.is_empty()).for_each(|line| reader.line(line));
    let (more, _, bad) = reader.finish();
    assert_eq!(bad, []);
    tell(&mut live, more);
    live
}

/// The rows of the table of customers: the id, and the text of the row without its marks.
fn rows(page: &str) -> Vec<(String, String)> {
    let row = |part: &str| {
        let (id, rest) = part.split_once("\">").unwrap();
        let text: String = rest
            .split("</tr>")
            .next()
            .unwrap()
            .split('<')
            .map(|tag| tag.split_once('>').map_or(tag, |(_, text)| text))
            .collect::<Vec<_>>()
            .join(" ");
        (id.to_owned(), text)
    };
    page.split("<th scope=\"row\"><a href=\"/customers/").skip(1).map(row).collect()
}

async fn ids(site: &Site, query: &str) -> Vec<String> {
    let page = site.get(&format!("/customers{query}")).await;
    assert_eq!(page.status, 200, "{query}: {}", page.body);
    rows(&page.body).into_iter().map(|(id, _)| id).collect()
}

/// What a page says, with plain spaces where a line must not break.
fn plain(answer: &Answer) -> String {
    answer.body.replace('\u{a0}', " ")
}

fn whole(answer: &Answer, language: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains(&format!("<html lang=\"{language}\"")));
    assert_eq!(unbalanced(&answer.body), Vec::<String>::new());
}

#[tokio::test]
async fn the_list_says_how_each_customer_stands_and_invents_nothing() {
    let site = Site::of(with(live(), TOLD)).await.for_viewer().await;
    let page = site.get("/customers").await;
    whole(&page, "en");
    let rows = rows(&page.body);
    let of = |id: &str| &rows.iter().find(|(other, _)| other == id).unwrap_or_else(|| panic!("{id}: {rows:?}")).1;
    for (id, said) in [
        (
            "acme",
            &[
                "Workload Security",
                "paid, from 1 October 2026",
                "accepted, from",
                "person-of-acme",
                "Connections of installed software: 4,998 of 5,000",
                "osaka: 7 of 7",
                "none in force",
            ][..],
        ),
        // What was accepted and taken back covers no longer.
        ("bolt", &["Not covered", "paid, from", "ended on 1 November 2026", "9 of 10"]),
        (
            "cord",
            &[
                "Not covered",
                "No acceptance is recorded.",
                "an-older-one; now reference is in force",
                "Suspended since 21 November 2026",
                "flooding",
                "Never counted.",
            ],
        ),
        ("dale", &["Not covered", "A right is recorded, and not a paid one."]),
        ("elm", &["Not covered", "No entitlement is recorded."]),
    ] {
        for word in said {
            assert!(of(id).contains(word), "{id}: `{word}` in {}", of(id));
        }
    }
    assert_eq!(ids(&site, "?standing=covered").await, ["acme"]);
    assert_eq!(ids(&site, "?standing=uncovered").await, ["bolt", "cord", "dale", "elm"]);
    assert_eq!(ids(&site, "?standing=suspended").await, ["cord"]);
    assert_eq!(ids(&site, "?standing=behind").await, ["cord"]);
    assert_eq!(ids(&site, "?id=L").await, ["bolt", "dale", "elm"]);
    assert_eq!(ids(&site, "?id=%3Cb%3E").await, Vec::<String>::new());
    for query in ["?standing=x", "?page=1", "?id=a&id=b"] {
        assert_eq!(site.get(&format!("/customers{query}")).await.status, 400, "{query}");
    }
    let japanese = site.ask("GET", "/customers", &["cookie: lang=ja"]).await;
    whole(&japanese, "ja");
    assert!(japanese.body.contains("お客様一覧") && japanese.body.contains("適用範囲外"));
    let empty = Site::of(sample::live(Story::Empty, noon())).await.for_viewer().await.get("/customers").await;
    assert!(empty.body.contains("No customer is recorded yet"), "{}", empty.body);
    assert!(!empty.body.contains("/tell/"), "a viewer records nothing");
}

#[tokio::test]
async fn the_page_of_a_customer_has_what_concerns_it_and_leads_to_the_forms() {
    let site = Site::of(with(live(), TOLD)).await;
    let cookie = site.signed_in("op", Standing::Operator).await;
    let page = site.ask("GET", "/customers/acme", &[&cookie]).await;
    whole(&page, "en");
    for word in
        ["cause-of-acme", "act-of-acme", "notice-to-acme", "work-for-all", "word-to-acme", "Terms of use", "4,990"]
    {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    assert!(!page.body.contains("bolt"), "{}", page.body);
    let form = site.ask("GET", "/tell/entitlement?scope.customer=acme", &[&cookie]).await;
    assert!(page.body.contains("href=\"/tell/entitlement?scope.customer=acme\""), "{}", page.body);
    assert!(form.body.contains("value=\"acme\""), "the form has the customer filled in");
    let form = site.ask("GET", "/tell/assent?customer=acme", &[&cookie]).await;
    assert!(form.body.contains("value=\"acme\"") && page.body.contains("href=\"/tell/assent?customer=acme\""));
    // How long a suspension took to be enforced, and to be told.
    let cord = site.ask("GET", "/customers/cord/suspensions", &[&cookie]).await;
    whole(&cord, "en");
    let cord = plain(&cord);
    for word in ["4 min after the order", "9 min 30 s after the order", "still in force", "/tell/correction?of=s-cord"]
    {
        assert!(cord.contains(word), "{word}: {cord}");
    }
    let bolt = site.ask("GET", "/customers/bolt/suspensions", &[&cookie]).await.body;
    assert!(bolt.contains("not told, as far as is recorded"), "a mail that was never accepted proves nothing: {bolt}");
    for (path, status) in [
        ("/customers/nobody", 404),
        ("/customers/nobody/incidents", 404),
        ("/customers/nobody/statements/2026-11", 404),
        ("/customers/nobody/statements/2026-11/statement.json", 404),
        ("/customers/acme/secrets", 404),
        ("/customers/acme/incidents?page=0", 400),
        ("/customers/acme/incidents?page=2", 400),
        ("/customers/acme/statements/2026-08", 404),
    ] {
        assert_eq!(site.ask("GET", path, &[&cookie]).await.status, status, "{path}");
    }
    // A viewer sees the same, and is offered no form.
    let viewer = site.signed_in("view", Standing::Viewer).await;
    let seen = site.ask("GET", "/customers/acme", &[&viewer]).await.body;
    assert!(seen.contains("cause-of-acme") && !seen.contains("/tell/"), "{seen}");
    let japanese = site.ask("GET", "/customers/acme", &[&format!("{cookie}; lang=ja")]).await;
    whole(&japanese, "ja");
    assert!(japanese.body.contains("現在の状況") && japanese.body.contains("実績報告書"));
}

#[tokio::test]
async fn what_concerns_a_customer_comes_in_pages_and_nothing_of_it_is_lost() {
    let mut lines = String::new();
    for n in 0..120 {
        let at = format!("2026-10-{:02}T{:02}:00:00Z", n / 24 + 1, n % 24);
        let until = format!("2026-10-{:02}T{:02}:30:00Z", n / 24 + 1, n % 24);
        writeln!(lines, r#"{{"type":"incident","id":"many-{n}","scope":{{"customer":"acme"}},"from":"{at}","until":"{until}","cause":"many-{n}-","recorded_at":"{until}"}}"#).unwrap();
    }
    let site = Site::of(with(live(), &lines)).await;
    let cookie = site.signed_in("acme", customer("acme")).await;
    let first = site.ask("GET", "/mine", &[&cookie]).await.body;
    assert_eq!(first.matches(">many-").count(), 3, "five in all, with the two others of November");
    assert!(first.contains("href=\"/mine/incidents\">All 122"), "{first}");
    let mut found = 0;
    for page in 1..=3 {
        let answer = site.ask("GET", &format!("/mine/incidents?page={page}"), &[&cookie]).await;
        whole(&answer, "en");
        found += answer.body.matches(">many-").count();
        assert_eq!(answer.body.contains(&format!("page={}\"", page + 1)), page < 3);
    }
    assert_eq!(found, 120);
    assert_eq!(site.ask("GET", "/mine/incidents?page=4", &[&cookie]).await.status, 400);
    assert_eq!(site.ask("GET", "/mine/incidents?customer=bolt", &[&cookie]).await.status, 400);
    assert_eq!(site.ask("GET", "/mine/nothing", &[&cookie]).await.status, 404);
}

/// The picture with October frozen for everybody and for each customer, and the ledger that has the texts.
async fn frozen(site: &Site, live: &Live) -> Live {
    let october = closing::closed(live).remove(1);
    let due = closing::due(live, &october, "server:local");
    let ledger = Ledger::open(site.data.path(), Arc::new(noon)).unwrap();
    let mut statements = Vec::new();
    for (seq, new) in due.iter().enumerate() {
        let Fact::Statement(fact) = &new.fact else { panic!("{:?}", new.fact) };
        statements.push(Frozen { seq: seq as u64, recorded_at: noon(), fact: fact.clone() });
    }
    ledger.append(due).await.unwrap();
    Live { statements: Arc::new(statements), ..live.clone() }
}

#[tokio::test]
async fn a_customer_has_its_own_frozen_statements_and_nobody_elses() {
    let live = with(live(), TOLD);
    let site = Site::of(live.clone()).await;
    let live = frozen(&site, &live).await;
    site.live.send(Arc::new(live)).unwrap();
    let mut texts = Vec::new();
    for (mine, other) in [("acme", "bolt"), ("bolt", "acme")] {
        let cookie = site.signed_in(mine, customer(mine)).await;
        let page = plain(&site.ask("GET", "/mine", &[&cookie]).await);
        let address = "/mine/statements/2026-10/statement.json?number=1&#38;lang=en";
        assert!(page.contains(address) && page.contains("Version 1") && page.contains("it never changes"), "{page}");
        assert!(page.contains("<option value=\"2026-10\">October 2026</option>"), "{page}");
        let list = plain(&site.ask("GET", "/mine/statements", &[&cookie]).await);
        assert!(list.contains("September 2026") && list.contains("Version 1"), "{list}");
        let json = site.ask("GET", "/mine/statements/2026-10/statement.json?number=1", &[&cookie]).await;
        assert_eq!(
            json.header("content-disposition"),
            Some(&*format!("attachment; filename=\"cloud-one-{mine}-2026-10-1.json\""))
        );
        let statement: Value = serde_json::from_str(&json.body).unwrap();
        assert!(statement["commitments"].as_array().unwrap().iter().all(|row| row["customer"] == mine));
        assert!(!json.body.contains(other));
        for path in [
            format!("/customers/{other}/statements/2026-10/statement.json?number=1"),
            format!("/customers/{mine}/statements/2026-10/statement.json?number=1"),
        ] {
            assert_eq!(site.ask("GET", &path, &[&cookie]).await.status, 403, "{path}");
        }
        for query in [format!("?customer={other}"), format!("?number=1&customer={other}")] {
            let path = format!("/mine/statements/2026-10/statement.json{query}");
            assert_eq!(site.ask("GET", &path, &[&cookie]).await.status, 400, "{path}");
        }
        texts.push(json.body);
    }
    assert_ne!(texts[0], texts[1]);
    // Whoever sees everything gets the same text of each.
    let viewer = site.signed_in("view", Standing::Viewer).await;
    for (id, text) in ["acme", "bolt"].iter().zip(&texts) {
        let path = format!("/customers/{id}/statements/2026-10/statement.json?number=1");
        assert_eq!(site.ask("GET", &path, &[&viewer]).await.body, *text);
    }
    let everybody = site.get("/statements/2026-10/statement.json?number=1").await.body;
    assert!(!everybody.contains("acme") && !everybody.contains("bolt"), "{everybody}");
}

/// A picture of so many customers, each with a right, an acceptance, a count of software and a frozen statement a month.
fn crowded(customers: usize) -> Live {
    let mut lines = String::new();
    for n in 0..customers {
        let id = format!("c-{n:05}");
        writeln!(lines, r#"{{"type":"entitlement","id":"e-{id}","scope":{{"solution":"workload-security","customer":"{id}"}},"paid":{},"from":"2025-10-01T00:00:00Z","recorded_at":"2025-10-01T00:00:00Z"}}"#, n % 10 > 0).unwrap();
        writeln!(lines, r#"{{"type":"assent","id":"a-{id}","customer":"{id}","document":"terms-of-use","kind":"accept","at":"2025-10-01T00:00:00Z","recorded_at":"2025-10-01T00:00:00Z"}}"#).unwrap();
        for month in 1..=MONTHS {
            let from = format!("202{}-{:02}-01T00:00:00Z", 5 + (month + 8) / 12, (month + 8) % 12 + 1);
            writeln!(lines, r#"{{"type":"connections","id":"n-{id}-{month}","scope":{{"solution":"workload-security","interface":"connections","customer":"{id}"}},"from":"{from}","expected":10,"connected":9,"recorded_at":"{from}"}}"#).unwrap();
        }
    }
    let mut live = with(sample::live(Story::Grown, noon()), &lines);
    let statement = |id: String, month: usize| uphold_core::ledger::fact::Statement {
        id: uphold_core::id::FactId::parse(&format!("s-{id}-{month}")).unwrap(),
        by: "server:local".to_owned(),
        agreement: live.agreement.id.clone(),
        period: format!("202{}-{:02}", 5 + (month + 8) / 12, (month + 8) % 12 + 1),
        customer: uphold_core::id::CustomerId::parse(&id).ok(),
        number: 1,
        as_known_at: noon(),
        text: uphold_core::ledger::digest::Digest::of(&[id.as_bytes()]),
        figures: uphold_core::ledger::digest::Digest::of(&[id.as_bytes()]),
    };
    let all = (0..customers).flat_map(|n| (1..=MONTHS).map(move |month| (format!("c-{n:05}"), month)));
    let frozen = |(id, month)| Frozen { seq: 0, recorded_at: noon(), fact: statement(id, month) };
    live.statements = Arc::new(all.map(frozen).collect());
    live
}

const MONTHS: usize = 13;

/// How many customers there are at once: those of the largest service that is meant.
const MANY: usize = 10_000;

#[tokio::test]
async fn ten_thousand_customers_of_thirteen_months_are_told_in_bounded_pages() {
    let site = Site::of(crowded(MANY)).await.for_viewer().await;
    let (mut seen, mut path) = (0, "/customers?standing=uncovered".to_owned());
    loop {
        let page = site.get(&path).await.body;
        let rows = rows(&page).len();
        assert!(rows <= 50 && page.len() < 200_000, "{rows} {}", page.len());
        seen += rows;
        let Some((_, next)) = page.split_once("<p class=\"pages\">") else { break };
        let next = next.split("</p>").next().unwrap();
        let Some(to) =
            next.split("href=\"").filter(|part| part.contains("rel=\"next\"")).find_map(|part| part.split('"').next())
        else {
            break;
        };
        path = to.replace("&#38;", "&");
    }
    assert_eq!(seen, MANY / 10, "those whose right is not paid, each once");
    for path in [
        "/customers",
        "/customers?standing=covered",
        "/customers/c-05001",
        "/customers/c-05001/statements",
        "/customers/c-05001/agents",
    ] {
        let begun = Clock::system().now();
        let answer = site.get(path).await;
        println!("{path}: {} bytes in {} ms", answer.body.len(), (Clock::system().now() - begun).0);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.len() < 200_000, "{path}: {}", answer.body.len());
    }
    let cookie = site.signed_in("c", customer("c-05001")).await;
    let begun = Clock::system().now();
    let answer = site.send("GET", "/mine", &[&cookie], "").await;
    println!("/mine: {} bytes in {} ms", answer.body.len(), (Clock::system().now() - begun).0);
    assert!(answer.body.contains("c-05001") && !answer.body.contains("c-05002"));
    let agents = site.get("/customers/c-05001/agents").await.body;
    assert_eq!(agents.matches("<tr><td>").count(), MONTHS);
}
