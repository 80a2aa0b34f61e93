//! Words that would be markup, commands or formulas, told in every field that takes words, and addresses that make no sense:
//! what every page and every file makes of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use uphold::accounts::Standing;
use uphold::ledger::{Ledger, NewFact, Signer};
use uphold::live::Live;
use uphold::web::routes::{Kind, Method, ROUTES};
use uphold_core::history::{FieldKind, LineType};
use uphold_core::id::{CustomerId, FactId};
use uphold_core::ledger::fact::{Fact, Record};
use uphold_core::ledger::record::Recorded;

use crate::sample::{self, Story, noon};
use crate::web::{Answer, Site};

/// Markup for a page, a formula for a table, and a line of its own for a calendar.
const EVIL: &str = "=1+1\"'><img src=x onerror=alert(1)></script>\r\nATTACH:https://evil.example/\u{202e}計画";

/// What only an answer that did not escape it has.
const MARKUP: &str = "<img src=x";

/// What people tell; everything else is measured.
const MEASURED: [&str; 5] = ["check", "run", "observation", "observer_gap", "counts"];

/// A line with [`EVIL`] in every field that takes any text.
fn hostile(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let name = line["type"].as_str().unwrap().to_owned();
    for field in LineType::find(&name).unwrap().fields() {
        // A corrected value has to be one that the corrected field may have.
        if field.key.starts_with("set") || field.key == "by" {
            continue;
        }
        let Some(value) = line.get_mut(field.key) else { continue };
        match (field.kind, &value) {
            (FieldKind::Text, Value::Object(_)) => *value = serde_json::json!({ "en": EVIL, "ja": EVIL }),
            (FieldKind::Text, Value::String(_)) if !is_closed(&name, field.key) => *value = EVIL.into(),
            (FieldKind::Texts, Value::Array(items)) => *value = vec![EVIL; items.len()].into(),
            _ => {}
        }
    }
    line
}

/// Texts that the rules hold against something, so that not every text is one: digests, names of classes, currencies.
fn is_closed(line: &str, key: &str) -> bool {
    matches!(
        (line, key),
        (_, "digest" | "document" | "plan" | "currency") | ("impact" | "population" | "capacity", "unit")
    )
}

/// The lines of the examples in the handbook, one of every type at least.
fn lines() -> Vec<Value> {
    let text = include_str!("../../../docs/history.md");
    let blocks = text.split("```jsonl\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines: Vec<Value> = blocks.flat_map(str::lines).filter(|line| line.starts_with('{')).map(hostile).collect();
    let types: BTreeSet<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types.len(), LineType::ALL.iter().map(|line| line.name).collect::<BTreeSet<_>>().len(), "{types:?}");
    lines
}

fn record(place: usize, line: &Value) -> Record {
    let mut line = line.clone();
    line.as_object_mut().unwrap().retain(|key, _| !["recorded_at", "by", "v"].contains(&key.as_str()));
    Record {
        id: FactId::parse(&format!("told-{place}")).unwrap(),
        by: "token:ops".to_owned(),
        // A reason of two lines is refused already.
        why: EVIL.replace("\r\n", " "),
        customer: line.to_string().contains("\"acme\"").then(|| CustomerId::parse("acme").unwrap()),
        line: line.to_string(),
    }
}

/// A site on which all of it was told, with a ledger that has it.
async fn site() -> Site {
    let lines = lines();
    let texts: Vec<String> = lines.iter().map(Value::to_string).collect();
    let mut live: Live = sample::live_with(Story::Grown, noon(), &texts);
    let told: Vec<Record> = lines
        .iter()
        .filter(|line| !MEASURED.contains(&line["type"].as_str().unwrap_or_default()))
        .enumerate()
        .map(|(place, line)| record(place, line))
        .collect();
    let of = |(seq, record): (usize, &Record)| Recorded::read(record, seq as u64, noon()).ok().map(|(told, _)| told);
    live.records = Arc::new(told.iter().enumerate().filter_map(of).collect());
    assert!(live.records.len() > 20, "{}", live.records.len());
    live.ledger.size = told.len() as u64;
    let site = Site::of(live).await;
    let ledger = Ledger::open(site.data.path(), Arc::new(noon)).unwrap();
    let facts = told.into_iter().map(|record| NewFact { fact: Fact::Record(record), segment: None }).collect();
    ledger.append(facts).await.unwrap();
    Signer::open(site.data.path(), Some("sla.example.com")).unwrap().sign(&ledger.reader().unwrap()).unwrap();
    site
}

/// The addresses of this host that a page leads to.
fn links(html: &str) -> Vec<String> {
    let found = html.split("href=\"").skip(1).chain(html.split("src=\"").skip(1));
    let found =
        found.filter_map(|rest| rest.split('"').next()).filter(|to| to.starts_with('/') && !to.starts_with("//"));
    found.map(|to| to.split('#').next().unwrap_or(to).replace("&#38;", "&").replace("&amp;", "&")).collect()
}

/// What is wrong with an answer that has these words in it.
fn wrong(answer: &Answer) -> Option<&'static str> {
    let media = answer.header("content-type").unwrap_or_default();
    let body = answer.body.as_str();
    if answer.header("x-content-type-options") != Some("nosniff") {
        return Some("a browser may guess what it is");
    }
    if answer.header("content-security-policy").is_none_or(|policy| policy.contains("unsafe")) {
        return Some("scripts of others may run");
    }
    if answer.head.contains("ATTACH") {
        return Some("the words reached the head");
    }
    match media.split(';').next().unwrap_or_default() {
        "text/html" | "application/atom+xml" if body.contains(MARKUP) || body.contains("\"'>") => Some("markup"),
        "text/calendar" if body.lines().any(|line| line.starts_with("ATTACH")) => Some("a line of their own"),
        "text/csv" if body.lines().any(|line| line.split(',').any(|cell| cell.trim_matches('"').starts_with("=1"))) => {
            Some("a formula")
        }
        _ => None,
    }
}

#[tokio::test]
async fn words_that_people_told_are_words_on_every_page_and_every_link_leads_somewhere() {
    let site = site().await;
    let customer = Standing::Customer(CustomerId::parse("acme").unwrap());
    let mut people = vec!["x-nobody: 1".to_owned()];
    for (name, standing) in [("op", Standing::Operator), ("acme", customer)] {
        people.push(site.signed_in(name, standing).await);
    }
    let mut with_words = BTreeMap::<&str, usize>::new();
    for cookie in &people {
        let starts = ROUTES.iter().filter(|route| route.method == Method::Get && route.kind != Kind::Events);
        let starts: Vec<String> =
            starts.flat_map(|route| ["", "?lang=ja"].map(|more| format!("{}{more}", route.sample))).collect();
        let mut seen: BTreeSet<String> = starts.iter().cloned().collect();
        let mut ahead: VecDeque<(String, String)> = starts.into_iter().map(|to| (to, String::new())).collect();
        while let Some((to, from)) = ahead.pop_front() {
            let answer = site.ask("GET", &to, &[cookie]).await;
            assert!(answer.status < 500 || answer.status == 503, "{to} from {from}: {}", answer.status);
            assert!(from.is_empty() || answer.status != 404, "{from} leads to {to}, which is not there");
            assert_eq!(wrong(&answer), None, "{to} from {from}: {}", answer.body);
            if answer.body.contains("onerror=alert(1)") {
                *with_words.entry(answer.header("content-type").map_or("", |media| kind_of(media))).or_default() += 1;
            }
            if answer.header("content-type").is_some_and(|media| media.starts_with("text/html")) && seen.len() < 600 {
                for link in links(&answer.body) {
                    if seen.insert(link.clone()) {
                        ahead.push_back((link, to.clone()));
                    }
                }
            }
        }
    }
    // The words really came through, in every format that shows them.
    for media in ["text/html", "application/atom+xml", "text/calendar", "application/json"] {
        assert!(with_words.get(media).is_some_and(|&n| n > 0), "{media}: {with_words:?}");
    }
    assert!(with_words["text/html"] > 40, "{with_words:?}");
}

fn kind_of(media: &str) -> &'static str {
    ["text/html", "application/atom+xml", "text/calendar", "application/json", "text/csv"]
        .into_iter()
        .find(|kind| media.starts_with(kind))
        .unwrap_or_default()
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_refused_and_never_repeated_as_markup() {
    const KEYS: [&str; 16] = [
        "from",
        "to",
        "until",
        "at",
        "as_known_at",
        "period",
        "month",
        "page",
        "after",
        "before",
        "lang",
        "of",
        "kind",
        "next",
        "with",
        "q",
    ];
    let parts = [
        "%3Cimg%20src=x%20onerror=alert(1)%3E",
        "%22'%3E%3Cimg%20src=x%3E",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%FF%FE",
        "%0d%0aATTACH:x",
        "99999999999999999999",
        "-1",
        "9999-12",
        "0000-00",
        "9999-12-31T23:59:59Z",
        "NaN",
        &"9".repeat(5_000),
        "",
    ];
    let site = site().await;
    let operator = site.signed_in("op", Standing::Operator).await;
    let mut asked = 0;
    for route in ROUTES.iter().filter(|route| route.method == Method::Get && route.kind != Kind::Events) {
        for part in parts {
            let placed = |piece: &str| if piece.starts_with('{') { part.to_owned() } else { piece.to_owned() };
            let path = route.path.split('/').map(placed).collect::<Vec<_>>().join("/");
            let query: Vec<String> = KEYS.iter().map(|key| format!("{key}={part}")).collect();
            let one_by_one = query.iter().map(|pair| format!("{}?{pair}", route.sample));
            for address in one_by_one.chain([path, format!("{}?{}", route.sample, query.join("&"))]) {
                let answer = site.ask("GET", &address, &[&operator]).await;
                assert!(answer.status < 500, "{address:.200}: {} {}", answer.status, answer.body);
                if answer.status == 414 {
                    // The address was refused before it was read.
                    continue;
                }
                assert_eq!(wrong(&answer), None, "{address:.200}: {} {}", answer.head, answer.body);
                asked += 1;
            }
        }
    }
    assert!(asked > 5_000, "{asked}");
}

#[tokio::test]
async fn no_more_event_streams_are_open_than_the_limit_and_one_that_ends_makes_room() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let site = Site::of(sample::live(Story::Young, noon())).await;
    let open = async || {
        let mut stream = tokio::net::TcpStream::connect(site.address).await.unwrap();
        stream.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        (String::from_utf8_lossy(&head[9..]).into_owned(), stream)
    };
    let mut streams = Vec::new();
    for _ in 0..1024 {
        let (status, stream) = open().await;
        assert_eq!(status, "200");
        streams.push(stream);
    }
    assert_eq!(open().await.0, "503");
    // Everything else goes on.
    assert_eq!(site.get("/status").await.status, 200);
    streams.pop();
    while open().await.0 != "200" {
        tokio::task::yield_now().await;
    }
}
