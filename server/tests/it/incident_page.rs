//! Incidents and solutions as pages, over real connections.

use uphold_core::time::Millis;

use crate::sample::{self, Story};
use crate::told;
use crate::web::{Site, unbalanced};

#[tokio::test]
async fn the_list_has_the_newest_first_and_can_be_narrowed_down() {
    let site = Site::told(Story::Grown).await;
    let all = site.get("/incidents").await.body;
    let place = |page: &str, id: &str| page.find(&format!("href=\"/incidents/{id}\""));
    assert!(place(&all, "inc-2") < place(&all, "inc-1") && place(&all, "inc-1") < place(&all, "inc-0"), "{all}");
    assert!(place(&all, "inc-0").is_some() && place(&all, "inc-2").is_some());
    let open = site.get("/incidents?state=open&solution=workload-security").await.body;
    assert!(place(&open, "inc-2").is_some() && place(&open, "inc-1").is_none(), "{open}");
    let over = site.get("/incidents?state=closed").await.body;
    assert!(place(&over, "inc-2").is_none() && place(&over, "inc-1").is_some(), "{over}");
    let none = site.get("/incidents?solution=other").await.body;
    assert!(none.contains("No incident is of this kind"), "{none}");
    let empty = Site::told(Story::Empty).await.get("/incidents").await.body;
    assert!(empty.contains("No incident is known"), "{empty}");
    for query in ["state=broken", "solution=No%20One", "after=x", "page=2"] {
        let bad = site.get(&format!("/incidents?{query}")).await;
        assert!(bad.status == 400 && bad.body.contains("`state` is open or closed"), "{query}: {}", bad.status);
    }
}

#[tokio::test]
async fn a_long_list_comes_in_pages_that_miss_none_and_repeat_none() {
    let mut live = told::operated(Story::Young, sample::noon());
    let first = live.incidents[0].clone();
    live.incidents = (0..60)
        .map(|number| {
            let mut one = first.clone();
            one.id = uphold_core::id::FactId::parse(&format!("many/{number:02}")).unwrap();
            let from = one.body.span.from() - Millis(number * 7_200_000);
            one.body.span = uphold_core::interval::Interval::new(from, from + Millis(60_000)).unwrap();
            one
        })
        .collect();
    let site = Site::of(live).await;
    let (mut path, mut found) = ("/incidents?state=closed".to_owned(), Vec::new());
    for _ in 0..5 {
        let page = site.get(&path).await;
        assert_eq!((page.status, unbalanced(&page.body)), (200, Vec::new()), "{path}");
        let links = page.body.split("href=\"/incidents/many%2F").skip(1);
        found.extend(links.map(|rest| rest[..2].to_owned()));
        let older = page.body.split("<a href=\"").filter(|rest| rest.contains(">Earlier ones</a>")).last();
        match older.and_then(|rest| rest.split('"').next()) {
            Some(next) if page.body.contains(">Earlier ones</a>") => path = next.replace("&#38;", "&"),
            _ => break,
        }
    }
    let expected: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
    assert_eq!(found, expected);
    assert_eq!(site.get("/incidents/many%2F07").await.status, 200);
}

#[tokio::test]
async fn an_incident_is_told_from_its_onset_to_what_was_learned() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    let page = site.get("/incidents/inc-1").await;
    assert_eq!((page.status, unbalanced(&page.body)), (200, Vec::new()));
    for said in [
        "Workload Security, API",
        "<th scope=\"row\">Detection</th><td>22 November 2026, 12:10:20 UTC</td><td>15\u{a0}s</td>",
        "<th scope=\"row\">First notice</th>",
        "<th scope=\"row\">Restoration</th>",
        "<dd>unforeseen</dd>",
        "<dd>example-cloud</dd>",
        "<strong>Identified</strong>",
        "Nobody watched the disk.",
        "<dt>status-page</dt>",
        "<code>cause</code>: <del>unscheduled</del> <ins>unforeseen</ins>",
        "token:ops: told by &#60;b&#62;phone",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(!page.body.contains("<script>"));
    let japanese = site.ask("GET", "/incidents/inc-1", &["cookie: lang=ja"]).await.body;
    assert!(
        japanese.contains("ディスクの空き容量不足です。") && japanese.contains("<strong>原因特定</strong>"),
        "{japanese}"
    );
    let open = site.get("/incidents/inc-2").await.body;
    for said in ["not classified yet", "Nothing was told of it yet", "No postmortem was written", "class=\"growing\""] {
        assert!(open.contains(said), "{said}: {open}");
    }
}

#[tokio::test]
async fn an_incident_of_one_customer_is_nobody_elses() {
    let site = Site::told(Story::Grown).await;
    for path in ["/incidents", "/status", "/solutions/workload-security", "/incidents/inc-1"] {
        let page = site.get(path).await.body;
        assert!(!page.contains("acme"), "{path}: {page}");
    }
    for path in ["/incidents/inc-acme", "/incidents/unknown", "/incidents/u-1", "/incidents/%00"] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_status_page_tells_of_open_incidents_and_of_those_of_the_last_days() {
    let site = Site::told(Story::Grown).await;
    let page = site.get("/status").await.body;
    let (now, days) = page.split_once("The last 14 days").unwrap();
    assert!(now.contains("Open incidents") && now.contains("/incidents/inc-2"), "{now}");
    assert!(days.contains("/incidents/inc-1") && days.contains("Nobody watched the disk."), "{days}");
    assert!(!page.contains("/incidents/inc-0"), "it ended long ago");
    for internal in ["api-health", "token:ops", "hunter2"] {
        assert!(!page.contains(internal), "{internal}");
    }
}

#[tokio::test]
async fn a_solution_tells_of_its_interfaces_its_checks_and_where_it_runs() {
    let site = Site::told(Story::Grown).await.for_viewer().await;
    for page in ["/", "/status"] {
        assert!(site.get(page).await.body.contains("href=\"/solutions/workload-security\""), "{page}");
    }
    let page = site.get("/solutions/workload-security").await.body;
    for said in [
        "/checks/api-health\"",
        "/incidents/inc-2",
        "<td>tokyo-2</td>",
        "Example Mail",
        "from 1 December 2026, 00:00:00 UTC on",
        "class=\"strip\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let empty = Site::told(Story::Empty).await.for_viewer().await.get("/solutions/workload-security").await;
    for said in ["No incident is known", "Nothing measures it", "Nobody has told where it runs", "No sub-processor"] {
        assert!(empty.status == 200 && empty.body.contains(said), "{said}");
    }
    assert_eq!(site.get("/solutions/other").await.status, 404);
}
