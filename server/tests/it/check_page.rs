//! The page of one check and of its evidence, over real connections.

use std::sync::Arc;

use uphold::clock::Clock;
use uphold_core::history::{Check, CheckScope, Role};
use uphold_core::id::{CheckId, InterfaceId, Series, SolutionId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::run::{Observed, Run, Staleness};
use uphold_core::time::{Instant, Millis};

use crate::sample::{self, Story};
use crate::told::{self, PICTURE, SEEN};
use crate::web::{Site, unbalanced};

const LEVELS: [&str; 7] = ["year", "quarter", "month", "week", "day", "hour", "minute"];

fn digest(bytes: &[u8]) -> String {
    Digest::of(&[bytes]).to_string()
}

#[tokio::test]
async fn a_check_is_shown_from_a_year_to_a_minute_with_links_that_need_no_script() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    let first = site.get("/checks/api-health").await;
    assert_eq!(first.status, 200);
    for said in ["Together", "From local", "clause 4(g)", "aria-current=\"true\">Day</a>", "/assets/"] {
        assert!(first.body.contains(said), "{said}: {}", first.body);
    }
    for level in LEVELS {
        let path = format!("/checks/api-health?last={level}");
        assert!(first.body.contains(&format!("?last={level}#timeline")), "{level}");
        for language in ["en", "ja"] {
            let page = site.ask("GET", &path, &[&format!("cookie: lang={language}")]).await;
            assert_eq!((page.status, unbalanced(&page.body)), (200, Vec::new()), "{level}");
            // The choice of language leads to the same span.
            assert!(page.body.contains(&format!("?last={level}&#38;lang=ja")), "{level}: {}", page.body);
            assert!(page.body.contains("role=\"img\"") && page.body.contains("<details id=\"timeline-table\">"));
        }
    }
    // The outage of this day is there as a mark, in words, and in the table; a span before it has none.
    assert!(first.body.contains("href=\"#mark-down\""), "{}", first.body);
    assert!(first.body.contains("1\u{a0}min 15\u{a0}s"), "{}", first.body);
    let fixed = "from=2026-11-20T10:00:00Z&until=2026-11-20T12:00:00Z";
    let before = site.get(&format!("/checks/api-health?{fixed}")).await.body;
    assert!(!before.contains("href=\"#mark-down\"") && before.contains("Together: up"), "{before}");
    assert!(before.contains("?from=2026-11-20T10:30:00Z&#38;until=2026-11-20T11:30:00Z#timeline"), "{before}");
    assert!(before.contains(&format!("?{}&#38;lang=ja", fixed.replace('&', "&#38;"))));
    let redirect = site.get(&format!("/checks/api-health?{fixed}&lang=ja")).await;
    assert_eq!(redirect.header("location"), Some(format!("/checks/api-health?{fixed}").as_str()));
}

#[tokio::test]
async fn what_a_check_asks_is_shown_without_its_secrets() {
    let site = Site::told(Story::Young).await.for_viewer().await;
    let page = site.get("/checks/api-health").await.body;
    for said in ["https://api.example.com/health?…", "authorization [secret]", "<code>timeout_ms</code>"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("hunter2"));
    let other = site.get("/checks/agents").await.body;
    assert!(other.contains("its definition is not known here"), "{other}");
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_told_what_to_write_instead() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    for (query, says) in [
        ("last=decade", "`last` is one of year, quarter"),
        ("from=yesterday&until=2026-11-22T12:00:00Z", "are moments as in"),
        ("from=2026-11-22T12:00:00Z", "Give both"),
        ("from=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z", "must come after"),
        ("from=2020-11-22T12:00:00Z&until=2026-11-22T11:00:00Z", "at most 400 days"),
        ("form=2026-11-22T12:00:00Z", "has a name that this page does not know"),
        ("before=-1", "has a name that this page does not know"),
    ] {
        let page = site.get(&format!("/checks/api-health?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.body.contains(says), "{query}: {}", page.body);
        assert!(page.body.contains("<a href=\"/checks/api-health\">"), "{query}");
        let japanese = site.ask("GET", &format!("/checks/api-health?{query}"), &["cookie: lang=ja"]).await;
        assert!(japanese.body.contains("このアドレスは解釈できません"), "{query}");
    }
    for path in ["/checks/other", "/checks/No%20Check", "/checks/%3Cscript%3E", "/evidence/zz", "/evidence/zz/picture"]
    {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_a_foreign_machine_answered_is_text_and_nothing_else() {
    let site = Site::told(Story::Young).await.for_viewer().await;
    let page = site.get("/checks/api-health?last=hour").await.body;
    let (seen, picture) = (digest(SEEN.as_bytes()), digest(PICTURE));
    for link in [&seen, &picture] {
        assert!(page.contains(&format!("href=\"/evidence/{link}\"")), "{page}");
    }
    assert!(page.contains("First byte 1.5\u{a0}ms") || page.contains("First byte 1.5 ms"), "{page}");
    for language in ["en", "ja"] {
        let cookie = format!("cookie: lang={language}");
        let evidence = site.ask("GET", &format!("/evidence/{seen}"), &[&cookie]).await;
        assert_eq!((evidence.status, unbalanced(&evidence.body)), (200, Vec::new()));
        assert!(evidence.body.contains("&#60;script&#62;alert(&#39;probe&#39;)"), "{}", evidence.body);
        assert!(!evidence.body.contains("<script>"));
        assert!(evidence.body.contains("[redacted]") && evidence.body.contains("href=\"/checks/api-health\""));
        let shown = site.ask("GET", &format!("/evidence/{picture}"), &[&cookie]).await;
        assert!(
            shown.body.contains(&format!("<img src=\"/evidence/{picture}/picture\"")) && !shown.body.contains("alert")
        );
    }
    // It begins as a picture does, and what follows is a script: it has the type of a picture, and may run nothing.
    let raw = site.raw(&format!("/evidence/{picture}/picture")).await;
    assert!(
        raw.contains("content-type: image/png\r\n") && raw.contains("x-content-type-options: nosniff\r\n"),
        "{raw}"
    );
    assert!(raw.contains("content-security-policy: sandbox; default-src 'none'"), "{raw}");
    // What was seen is no picture, and is not handed out as one.
    assert_eq!(site.get(&format!("/evidence/{seen}/picture")).await.status, 404);
    let gone = site.get(&format!("/evidence/{}", digest(b"gone"))).await;
    assert!(gone.status == 404 && gone.body.contains("files expire"), "{}", gone.body);
    std::fs::write(site.data.path().join("evidence").join(&seen), "other").unwrap();
    let changed = site.get(&format!("/evidence/{seen}")).await;
    assert!(changed.status == 500 && changed.body.contains("is no evidence"), "{}", changed.body);
}

#[tokio::test]
async fn a_check_that_is_measured_no_more_keeps_its_page() {
    let mut live = told::operated(Story::Grown, sample::noon());
    live.checks.retain(|view| view.series.check.as_str() != "api-health");
    live.definitions.clear();
    live.evidence = Arc::default();
    let page = Site::of(live).await.for_viewer().await.get("/checks/api-health").await;
    assert_eq!(page.status, 200);
    for said in ["is not measured any more", "Nothing is kept of this span", "No vantage point measures it now"] {
        assert!(page.body.contains(said), "{said}");
    }
}

/// Ten thousand checks with thirteen months each, of which one flaps every ten minutes: its page reads no other's runs.
#[tokio::test]
async fn the_page_of_one_check_among_very_many_comes_at_once() {
    let mut live = told::operated(Story::Young, sample::noon());
    let mut history = (*live.history).clone();
    let from = sample::noon() - Millis(395 * 86_400_000);
    let scope = CheckScope::whole(SolutionId::parse("workload-security").unwrap(), InterfaceId::parse("api").unwrap());
    for number in 0..10_000 {
        let series = Series {
            check: CheckId::parse(&format!("check-{number}")).unwrap(),
            vantage: VantageId::parse("local").unwrap(),
        };
        history.checks.push(Check {
            series: series.clone(),
            scope: scope.clone(),
            staleness: Staleness::After(Millis(1_200_000)),
            weight: 1,
            role: Role::Measure,
            active: Interval::new(from, Instant::MAX).unwrap(),
            recorded_at: from,
        });
        let step = Millis(if number == 0 { 600_000 } else { 30 * 86_400_000 });
        let run = |place: i64| {
            let at = from + Millis(step.0 * place);
            let state = if place % 2 == 0 { Observed::Up } else { Observed::Down };
            Run { from: at, last: at + step - Millis(5_000), state, n: 2, recorded_at: at + step }
        };
        let runs = (0..).map(run).take_while(|run| run.last < sample::noon());
        history.runs.insert(series, runs.collect());
    }
    live.history = Arc::new(history);
    let site = Site::of(live).await.for_viewer().await;
    let clock = Clock::system();
    for level in LEVELS {
        let began = clock.monotonic();
        let page = site.get(&format!("/checks/check-0?last={level}")).await;
        let took = clock.monotonic() - began;
        eprintln!("{level}: {took}, {} bytes", page.body.len());
        assert_eq!(page.status, 200);
        // An unoptimized build on a shared machine is several times slower than what is shipped.
        assert!(took < Millis(4_000), "{level}: {took}");
    }
}

#[tokio::test]
async fn a_long_list_of_checks_comes_in_pages_and_can_be_narrowed_down() {
    let mut live = sample::live(Story::Wide, sample::noon());
    let (pattern, down) =
        (live.checks[0].clone(), live.checks.iter().find(|each| each.series.check.as_str() == "api-health-5"));
    let down = down.unwrap().clone();
    let named = |number: usize| {
        let mut check = pattern.clone();
        check.series.check = CheckId::parse(&format!("many-{number:03}")).unwrap();
        check
    };
    live.checks = (0..250).map(named).chain([down]).collect();
    let site = Site::of(live).await.for_viewer().await;
    let listed = |body: &str| -> Vec<String> {
        let found = body.split("<th scope=\"row\"><a href=\"/checks/").skip(1);
        found.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let (mut all, mut to) = (Vec::new(), Some("/checks".to_owned()));
    while let Some(address) = to {
        let page = site.get(&address).await.body;
        assert!(listed(&page).len() <= 100, "{address}");
        all.extend(listed(&page));
        let next = page.split("\" rel=\"next\"").next().filter(|before| before.len() < page.len());
        to = next.and_then(|before| before.rsplit("href=\"").next()).map(str::to_owned);
    }
    // What is down stands first, the others as they were.
    assert_eq!(all.len(), 251);
    assert_eq!([&all[0], &all[1], &all[250]], ["api-health-5", "many-000", "many-249"]);

    let asked = [
        ("state=down", 1),
        ("q=many-24", 10),
        ("solution=service-5", 1),
        ("q=many&state=down", 0),
        ("q=many-1&page=1", 100),
    ];
    for (query, count) in asked {
        let page = site.get(&format!("/checks?{query}")).await;
        assert_eq!((page.status, listed(&page.body).len()), (200, count), "{query}");
    }
    assert!(site.get("/checks?q=many&page=2").await.body.contains("href=\"/checks?q=many&#38;page=3\""));
    for query in
        ["state=broken", "page=0", "page=4", "page=99999999999999999999", "page=18446744073709551615", "customer=acme"]
    {
        assert_eq!(site.get(&format!("/checks?{query}")).await.status, 400, "{query}");
    }
}
