//! The public maintenance schedule: the page, the calendar and the feed, and the fact that something was published.

use std::sync::Arc;

use serde_json::{Value, json};
use uphold::access::{Scope, Tokens};
use uphold::live::Live;
use uphold::operate::publication;
use uphold::schedule::Standing;
use uphold::web::schedule_shows;
use uphold_core::id::FactId;
use uphold_core::ledger::fact::Record;
use uphold_core::time::{Instant, Millis};

use crate::browser::wait;
use crate::crash::Server;
use crate::program::{request_with, root};
use crate::sample::{Story, live_with, noon};
use crate::web::{Site, unbalanced};

const BY: &str = "server:local";
const DAY: i64 = 86_400_000;

/// A maintenance of the solution that begins so many hours after noon and takes so many; `more` replaces keys.
fn maintenance(id: &str, hours: [i64; 2], more: Value) -> String {
    let from = noon() + Millis(hours[0] * 3_600_000);
    let mut line = json!({
        "type": "maintenance", "id": id, "scope": { "solution": "workload-security" }, "class": "scheduled",
        "status": "CONFIRMED", "from": from.to_string(), "until": (from + Millis(hours[1] * 3_600_000)).to_string(),
        "recorded_at": (noon() - Millis(30 * DAY)).to_string(),
    });
    for (key, value) in more.as_object().unwrap() {
        line[key] = value.clone();
    }
    line.to_string()
}

fn plain(id: &str, hours: [i64; 2]) -> String {
    maintenance(id, hours, json!({}))
}

fn published(about: &str, days_ago: i64) -> String {
    let at = (noon() - Millis(days_ago * DAY)).to_string();
    json!({
        "type": "notice", "id": format!("n-{about}"), "about": { "id": about }, "kind": "maintenance", "customer": "public",
        "channel": "page", "published_at": at, "recorded_at": at,
    })
    .to_string()
}

fn correction(id: &str, of: &str, minutes_ago: i64, change: Value) -> String {
    let at = (noon() - Millis(minutes_ago * 60_000)).to_string();
    let mut line = json!({ "type": "correction", "id": id, "of": of, "why": "a test", "recorded_at": at });
    for (key, value) in change.as_object().unwrap() {
        line[key] = value.clone();
    }
    line.to_string()
}

fn picture(told: &[String]) -> Live {
    live_with(Story::Grown, noon(), told)
}

/// The lines of a calendar, put together again where they were folded.
fn unfolded(calendar: &str) -> Vec<String> {
    calendar.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn what_is_ahead_stands_first_with_its_notice_and_what_is_past_says_what_happened() {
    let site = Site::of(picture(&[
        plain("ahead", [240, 2]),
        published("ahead", 1),
        plain("short", [72, 1]),
        published("short", 1),
        maintenance(
            "done",
            [-48, 1],
            json!({ "status": "COMPLETED", "actual_from": "2026-11-20T12:40:00Z", "actual_until": "2026-11-20T13:44:56Z" }),
        ),
        published("done", 20),
    ]))
    .await;
    let page = site.get("/maintenance").await.body;
    let (ahead, past) = page.split_once("<h2 id=\"past\">").unwrap();
    let place = |id: &str| ahead.find(&format!("id=\"window-{id}\"")).unwrap();
    assert!(place("short") < place("ahead"), "the nearest first");
    let of = |id: &str| ahead[place(id)..].split("</article>").next().unwrap().replace('\u{a0}', " ");
    // Eleven days ahead of seven; four days ahead of seven.
    assert!(
        of("ahead").contains("<strong>Notice as promised:</strong> given 11 d ahead, promised 7 d."),
        "{}",
        of("ahead")
    );
    assert!(of("ahead").contains("That is 4 d more than promised."), "{}", of("ahead"));
    assert!(
        of("short").contains("<strong>Notice too short:</strong> given 4 d ahead, promised 7 d."),
        "{}",
        of("short")
    );
    assert!(of("short").contains("That is 3 d less than promised."), "{}", of("short"));
    assert!(past.contains("id=\"window-done\"") && !ahead.contains("window-done"));
    assert!(past.contains("20 November 2026, 12:40:00 UTC until 20 November 2026, 13:44:56 UTC"), "{past}");
    assert!(past.replace('\u{a0}', " ").contains("10 min beyond the planned end"), "{past}");
    let japanese = site.ask("GET", "/maintenance", &["cookie: lang=ja"]).await.body;
    assert!(japanese.contains("約束どおりの予告：") && japanese.contains("予告が不足："), "{japanese}");
    assert_eq!(unbalanced(&japanese), Vec::<String>::new());
}

#[tokio::test]
async fn the_bar_of_the_month_has_what_is_used_planned_and_left_as_text_too() {
    let site = Site::of(picture(&[
        maintenance(
            "done",
            [-48, 2],
            json!({ "status": "COMPLETED", "actual_from": "2026-11-20T13:00:00Z", "actual_until": "2026-11-20T14:30:00Z" }),
        ),
        plain("soon", [24, 2]),
        // Next month's takes nothing of this month.
        plain("later", [240, 5]),
    ]))
    .await;
    for path in ["/maintenance", "/"] {
        let page = site.get(path).await.body.replace('\u{a0}', " ");
        let label = "Of 8 h are used 1 h 30 min, planned 2 h, left 4 h 30 min.";
        assert!(page.contains(&format!("aria-label=\"{label}\"")), "{path}: {page}");
        assert!(page.contains("</svg>Left</dt><dd>4 h 30 min</dd>"), "{path}");
    }
}

#[tokio::test]
async fn an_empty_schedule_says_so_and_pages_that_are_not_there_are_refused() {
    let site = Site::told(Story::Empty).await;
    for (language, words) in [("en", "No maintenance is planned."), ("ja", "予定されているメンテナンスはありません。")]
    {
        let page = site.ask("GET", "/maintenance", &[&format!("cookie: lang={language}")]).await;
        assert!(page.body.contains(words), "{}", page.body);
    }
    for path in ["/maintenance?page=2", "/maintenance?page=0", "/maintenance?page=x", "/maintenance?pages=1"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains("This page cannot be shown as asked"), "{path}");
    }
    for path in ["/maintenance.ics?lang=xx", "/maintenance.atom?nonsense=1", "/maintenance.ics?lang"] {
        assert_eq!(site.get(path).await.status, 400, "{path}");
    }
    let calendar = site.get("/maintenance.ics").await;
    assert_eq!(calendar.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert!(!calendar.body.contains("VEVENT"));
    assert!(!site.get("/maintenance.atom").await.body.contains("<entry>"));
}

#[tokio::test]
async fn the_past_comes_in_pages() {
    let many: Vec<String> = (0..60).map(|n| plain(&format!("m-{n}"), [-48 - n, 1])).collect();
    let site = Site::of(picture(&many)).await;
    let first = site.get("/maintenance").await.body;
    let second = site.get("/maintenance?page=2").await.body;
    assert_eq!([&first, &second].map(|page| page.matches("<article").count()), [50, 10]);
    assert!(first.contains("href=\"/maintenance?page=2\"") && second.contains("href=\"/maintenance?page=1\""));
    assert!(first.contains("id=\"window-m-0\"") && second.contains("id=\"window-m-59\""), "the latest first");
    assert_eq!(site.get("/maintenance?page=3").await.status, 400);
}

#[tokio::test]
async fn what_a_single_customer_is_told_never_shows_in_public() {
    let own = json!({ "scope": { "solution": "workload-security", "customer": "acme" } });
    let site = Site::of(picture(&[
        plain("ours", [240, 1]),
        maintenance("own", [240, 1], own.clone()),
        // Told of everybody at first, and put right; told of one customer at first, and taken back.
        plain("mended", [240, 1]),
        correction("c-1", "mended", 60, json!({ "set": own })),
        maintenance("back", [240, 1], own),
        correction("c-2", "back", 60, json!({ "retract": true })),
        maintenance("perhaps", [240, 1], json!({ "status": "TENTATIVE" })),
    ]))
    .await;
    for path in ["/maintenance", "/maintenance.ics", "/maintenance.atom", "/status", "/"] {
        let body = site.get(path).await.body;
        for id in ["own", "mended", "back", "perhaps", "acme"] {
            assert!(!body.contains(&format!("window-{id}")) && !body.contains(&format!("{id}@")), "{path} {id}");
            assert!(!body.contains("acme"), "{path}");
        }
    }
    assert!(site.get("/maintenance").await.body.contains("window-ours"));
    assert_eq!(site.get("/maintenance.ics").await.body.matches("BEGIN:VEVENT").count(), 1);
}

#[tokio::test]
async fn a_change_keeps_the_name_of_an_event_and_raises_its_sequence() {
    let event = async |told: &[String]| -> Vec<String> {
        let calendar = Site::of(picture(told)).await.get("/maintenance.ics").await.body;
        let lines = unfolded(&calendar);
        assert!(calendar.split("\r\n").all(|line| line.len() <= 75), "{calendar}");
        ["UID", "SEQUENCE", "STATUS", "DTSTART", "X-MAINTNOTE-STATUS"]
            .into_iter()
            .map(|key| lines.iter().find(|line| line.starts_with(&format!("{key}:"))).unwrap().clone())
            .collect()
    };
    let first = plain("m", [240, 2]);
    let planned = event(std::slice::from_ref(&first)).await;
    assert_eq!(
        planned,
        [
            "UID:m@cloud-one.maintenance",
            "SEQUENCE:0",
            "STATUS:CONFIRMED",
            "DTSTART:20261202T123456Z",
            "X-MAINTNOTE-STATUS:CONFIRMED"
        ]
    );
    let move_to = json!({ "set": { "from": "2026-12-03T10:00:00Z", "until": "2026-12-03T11:00:00Z" } });
    let moved = event(&[first.clone(), correction("c", "m", 60, move_to)]).await;
    assert_eq!(
        moved[..4],
        ["UID:m@cloud-one.maintenance", "SEQUENCE:1", "STATUS:CONFIRMED", "DTSTART:20261203T100000Z"]
    );
    let second = json!({ "sequence": 1, "recorded_at": (noon() - Millis(DAY)).to_string() });
    let next = event(&[first.clone(), maintenance("m", [264, 2], second)]).await;
    assert_eq!(
        next[..4],
        ["UID:m@cloud-one.maintenance", "SEQUENCE:2", "STATUS:CONFIRMED", "DTSTART:20261203T123456Z"]
    );
    for change in [json!({ "retract": true }), json!({ "set": { "status": "CANCELLED" } })] {
        let gone = event(&[first.clone(), correction("c", "m", 60, change)]).await;
        assert_eq!(gone[..3], ["UID:m@cloud-one.maintenance", "SEQUENCE:1", "STATUS:CANCELLED"]);
    }
    let page = Site::of(picture(&[first, correction("c", "m", 60, json!({ "retract": true }))])).await;
    assert!(page.get("/maintenance").await.body.contains("<strong>Cancelled</strong>"));
}

#[tokio::test]
async fn an_instance_of_a_customer_is_not_named_on_the_schedule() {
    let of = |id: &str, instance: &str| {
        maintenance(id, [240, 2], json!({ "scope": { "solution": "workload-security", "instance": instance } }))
    };
    let resource = json!({
        "type": "resource", "id": "r", "scope": { "solution": "workload-security", "instance": "vm-of-acme", "customer": "acme" },
        "kind": "vm", "from": "2026-10-01T00:00:00Z", "recorded_at": "2026-10-01T00:00:00Z",
    });
    let site = Site::of(picture(&[resource.to_string(), of("m-1", "vm-of-acme"), of("m-2", "vm-of-nobody")])).await;
    for page in ["/maintenance", "/maintenance.ics", "/maintenance.atom", "/status"] {
        let body = unfolded(&site.get(page).await.body).join("\n");
        assert!(!body.contains("vm-of-acme") && body.contains("vm-of-nobody"), "{page}: {body}");
    }
}

#[tokio::test]
async fn words_of_people_stay_words_everywhere() {
    let evil = "<script>alert(1)</script>; \"x\", y\\z & 計画";
    let site = Site::of(picture(&[maintenance("m", [240, 2], json!({ "impact": evil }))])).await;
    let page = site.get("/maintenance").await.body;
    assert!(!page.contains("<script>alert") && page.contains("&#60;script&#62;alert(1)"), "{page}");
    let atom = site.get("/maintenance.atom").await.body;
    assert!(!atom.contains("<script>") && atom.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{atom}");
    let calendar = unfolded(&site.get("/maintenance.ics").await.body);
    let told = calendar.iter().find(|line| line.starts_with("DESCRIPTION:")).unwrap();
    assert!(told.contains("</script>\\; \"x\"\\, y\\\\z & 計画"), "{told}");
}

#[tokio::test]
async fn a_calendar_is_known_again_until_something_is_told() {
    let site = Site::of(picture(&[plain("m", [240, 2])])).await;
    let first = site.get("/maintenance.ics").await;
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
    let again = site.ask("GET", "/maintenance.ics", &[&format!("if-none-match: {tag}")]).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    // Each language is an answer of its own, and a newer picture too.
    let japanese = site.ask("GET", "/maintenance.ics?lang=ja", &[&format!("if-none-match: {tag}")]).await;
    assert_eq!(japanese.status, 200);
    assert!(
        unfolded(&japanese.body).iter().any(|line| line.starts_with("SUMMARY:メンテナンス：")),
        "{}",
        japanese.body
    );
    site.live.send_replace(Arc::new(picture(&[plain("m", [264, 2])])));
    let newer = site.ask("GET", "/maintenance.ics", &[&format!("if-none-match: {tag}")]).await;
    assert_eq!(newer.status, 200);
    assert_ne!(newer.header("etag"), Some(tag.as_str()));
}

#[test]
fn how_far_a_maintenance_has_come_follows_from_what_was_told() {
    let of = |hours: [i64; 2], more: Value| picture(&[maintenance("m", hours, more)]).schedule[0].standing;
    let began = json!({ "status": "IN-PROCESS", "actual_from": "2026-11-22T11:00:00Z" });
    assert_eq!(of([1, 1], json!({})), Standing::Planned);
    assert_eq!(of([-1, 2], json!({})), Standing::Due);
    assert_eq!(of([-2, 1], json!({})), Standing::Untold);
    assert_eq!(of([-1, 2], began.clone()), Standing::Running);
    assert_eq!(of([-2, 1], began), Standing::Overrun);
    assert_eq!(of([-2, 1], json!({ "status": "COMPLETED" })), Standing::Completed);
    assert_eq!(of([1, 1], json!({ "status": "CANCELLED" })), Standing::Cancelled);
}

/// What is due of a picture, as the lines to be recorded.
fn due(live: &Live, now: Instant) -> Vec<(Record, Value)> {
    let records = publication::due(live, now, BY, &schedule_shows);
    records.into_iter().map(|record| (record.clone(), serde_json::from_str(&record.line).unwrap())).collect()
}

/// The line of a record as the ledger gives it, recorded at a moment.
fn recorded(line: &Value, at: Instant) -> String {
    let mut line = line.clone();
    line["recorded_at"] = json!(at.to_string());
    line["by"] = json!(BY);
    line.to_string()
}

#[test]
fn what_the_schedule_shows_is_recorded_once_as_published_and_proves_the_notice() {
    let told = vec![
        plain("m", [240, 2]),
        plain("over", [-48, 1]),
        maintenance("off", [240, 1], json!({ "status": "CANCELLED" })),
    ];
    let live = picture(&told);
    let now = noon() + Millis(250);
    let due_now = due(&live, now);
    assert_eq!(due_now.len(), 1, "{due_now:?}");
    let (record, line) = &due_now[0];
    assert_eq!((record.id.as_str(), record.by.as_str()), ("published-m-0", BY));
    assert_eq!(line["about"], json!({ "id": "m" }));
    assert_eq!((&line["customer"], &line["published_at"]), (&json!("public"), &json!(now.to_string())));
    assert!(line.get("recorded_at").is_none() && line.get("by").is_none());

    let after = live_with(Story::Grown, noon() + Millis(1000), &[told, vec![recorded(line, now)]].concat());
    assert!(due(&after, noon() + Millis(60_000)).is_empty(), "recorded once");
    let window = after.schedule.iter().find(|window| window.id.as_str() == "m").unwrap();
    assert_eq!(window.published_at, Some(now));
    // The evaluation of the month in which it begins counts it: ten days less a quarter of a second.
    let announced = &window.announced[0];
    assert_eq!(announced.begins - announced.published_at.unwrap(), Millis(10 * DAY - 250));
    assert_eq!(announced.kind.name(), "kept");
}

#[test]
fn nothing_is_published_that_no_page_shows() {
    let own = json!({ "scope": { "solution": "workload-security", "customer": "acme" } });
    let live = picture(&[plain("m", [240, 2]), maintenance("own", [240, 2], own)]);
    assert!(publication::due(&live, noon(), BY, &|_, _| false).is_empty());
    assert!(!schedule_shows(&live, &FactId::parse("own").unwrap()));
    assert_eq!(due(&live, noon()).len(), 1);
}

#[test]
fn a_plan_that_was_changed_under_its_number_was_published_when_it_was_shown() {
    let first = plain("m", [240, 2]);
    let (_, notice) = due(&picture(std::slice::from_ref(&first)), noon() - Millis(3 * DAY)).remove(0);
    let notice = recorded(&notice, noon() - Millis(3 * DAY));
    let earlier = json!({ "set": { "from": "2026-11-30T12:34:56Z", "until": "2026-11-30T13:34:56Z" } });
    let told = vec![first, notice, correction("c", "m", 1, earlier)];
    let live = picture(&told);
    let (_, line) = due(&live, noon()).remove(0);
    assert_eq!((&line["type"], &line["of"]), (&json!("correction"), &json!("published-m-0")));
    let mended =
        live_with(Story::Grown, noon() + Millis(1000), &[told.clone(), vec![recorded(&line, noon())]].concat());
    assert_eq!(mended.schedule[0].published_at, Some(noon()));
    assert!(due(&mended, noon() + Millis(5000)).is_empty());
    // Who does the work, and how far it has come, changes nothing of the plan that was published.
    let told = vec![told[0].clone(), told[1].clone(), correction("c", "m", 1, json!({ "set": { "performer": "us" } }))];
    assert!(due(&picture(&told), noon()).is_empty());
}

#[test]
fn a_real_server_records_since_when_its_schedule_shows_what_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let (data, checks) = (folder.path().join("data"), folder.path().join("checks.toml"));
    std::fs::create_dir(&data).unwrap();
    // Nobody listens there: what is measured does not matter here.
    std::fs::write(&checks, crate::crash::checks("127.0.0.1:9".parse().unwrap())).unwrap();
    let secret = Tokens::of(&data).create("ops", &Scope::FREE, Instant(0)).unwrap();
    let agreement = root().join("examples/cloud-one/agreement.toml");
    let server = Server::start(&data, &agreement, &checks);
    let bearer = format!("Bearer {secret}");
    let now = uphold::clock::Clock::system().now();
    let [from, until] = [10, 11].map(|days| (now + Millis(days * DAY)).to_string());
    let tell = |id: &str| {
        let line = json!({
            "type": "maintenance", "id": id, "scope": { "solution": "workload-security" }, "class": "scheduled",
            "status": "CONFIRMED", "from": from, "until": until,
        });
        let told = json!({ "why": "a test", "records": [line] }).to_string();
        let headers =
            [("Authorization", bearer.as_str()), ("Idempotency-Key", id), ("Content-Type", "application/json")];
        let (status, body) = request_with(server.address, "POST", "/api/v1/records", &headers, &told).unwrap();
        assert_eq!(status, 201, "{body}");
    };
    tell("m-1");
    let notices = || -> Vec<Value> {
        let path = "/api/v1/records?type=notice";
        let (_, body) = request_with(server.address, "GET", path, &[("Authorization", &bearer)], "").unwrap();
        serde_json::from_str::<Value>(&body).unwrap()["records"].as_array().unwrap().clone()
    };
    let notice = wait(|| notices().into_iter().next());
    assert_eq!((&notice["fact"], &notice["by"]), (&json!("published-m-1-0"), &json!("server:local")));
    let at = Instant::parse(notice["record"]["published_at"].as_str().unwrap()).unwrap();
    let recorded_at = Instant::parse(notice["recorded_at"].as_str().unwrap()).unwrap();
    assert!(now < at && at <= recorded_at, "{notice}");
    let (_, page) = request_with(server.address, "GET", "/maintenance", &[], "").unwrap();
    assert!(page.contains("id=\"window-m-1\""), "{page}");
    // The schedule is looked at again for another window, and the first is not recorded a second time.
    tell("m-2");
    let all = wait(|| Some(notices()).filter(|all| all.iter().any(|notice| notice["fact"] == "published-m-2-0")));
    assert_eq!(all.len(), 2, "each once: {all:?}");
    server.stop();
}
