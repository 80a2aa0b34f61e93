//! Telling by hand through forms, to a real server: what is wrong is said, the consequence comes before the record, and what is
//! recorded is what was shown.

use std::path::Path;

use serde_json::{Value, json};
use uphold::access::{Scope, Tokens};
use uphold::accounts::{Accounts, Browser, Cause, Standing};
use uphold::clock::Clock;

use uphold_core::time::{Instant, Millis};

use crate::crash::Server;
use crate::program::{request_with, root};
use crate::web::PASSWORD;

/// A server with somebody who is signed in.
struct Desk {
    server: Server,
    cookie: String,
    token: String,
    _folder: tempfile::TempDir,
}

/// Makes somebody, and signs them in.
fn signed_in(data: &Path, name: &str, standing: &Standing) -> String {
    let clock = Clock::system();
    let cause = Cause { by: "test".to_owned(), why: "a test".to_owned(), at: clock.now() };
    let accounts = Accounts::of(data, clock);
    accounts.store().prepare().unwrap();
    let invited = accounts.store().invite(name, Some(standing), &cause).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accept = accounts.accept(invited.secret, String::new(), PASSWORD.to_owned(), Browser::default());
    format!("__Host-session={}", runtime.block_on(accept).unwrap().reveal())
}

impl Desk {
    fn open(standing: &Standing) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let checks = folder.path().join("checks.toml");
        std::fs::copy(root().join("examples/demo/checks.toml"), &checks).unwrap();
        let token = Tokens::of(&data).create("ops", &Scope::FREE, Clock::system().now()).unwrap();
        let cookie = signed_in(&data, "ana", standing);
        let server = Server::start(&data, &root().join("examples/cloud-one/agreement.toml"), &checks);
        Self { server, cookie, token, _folder: folder }
    }

    fn get(&self, path: &str) -> (u16, String) {
        request_with(self.server.address, "GET", path, &[("Cookie", &self.cookie)], "").unwrap()
    }

    /// What stands in a hidden field of a page.
    fn hidden(page: &str, name: &str) -> String {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().unwrap().to_owned()
    }

    /// Sends a form with what its page carries.
    fn send(&self, path: &str, page: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let carried = ["csrf", "key", "seen"].into_iter().filter(|name| page.contains(&format!("name=\"{name}\"")));
        let carried: Vec<(&str, String)> = carried.map(|name| (name, Self::hidden(page, name))).collect();
        let all = carried.iter().map(|(name, value)| (*name, value.as_str())).chain(fields.iter().copied());
        let body: Vec<String> = all.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let origin = format!("http://{}", self.server.address);
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("Origin", &origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        request_with(self.server.address, "POST", path, &headers, &body.join("&")).unwrap()
    }

    fn records(&self, kind: &str) -> Vec<Value> {
        let bearer = format!("Bearer {}", self.token);
        let path = format!("/api/v1/records?type={kind}");
        let (_, body) = request_with(self.server.address, "GET", &path, &[("Authorization", &bearer)], "").unwrap();
        serde_json::from_str::<Value>(&body).unwrap()["records"].as_array().unwrap().clone()
    }
}

const EXERCISE: [(&str, &str); 7] = [
    ("solution", "workload-security"),
    ("kind", "exercise"),
    ("disrupted_at", "2026-11-01T02:00"),
    ("healthy_at", "2026-11-01T05:10:00"),
    ("recovery_point_at", "2026-11-01T01:45:00Z"),
    ("id", "exercise-1"),
    ("why", "the yearly exercise"),
];

#[test]
fn a_form_shows_what_is_wrong_then_the_consequence_and_records_what_was_shown_once() {
    let desk = Desk::open(&Standing::Operator);
    let (status, empty) = desk.get("/tell/recovery");
    assert_eq!(status, 200);
    // What is wrong is said, all of it, and what was filled in stays.
    let bad = [("kind", "exercise"), ("disrupted_at", "soon"), ("why", "the yearly exercise")];
    let (status, page) = desk.send("/tell/recovery", &empty, &bad);
    assert_eq!(status, 422);
    for says in ["Solution is missing", "“soon” is no time", "value=\"the yearly exercise\""] {
        assert!(page.contains(says), "{says}: {page}");
    }
    // A button to record cannot skip the consequence.
    let all = [&EXERCISE[..], &[("record", "yes")]].concat();
    let (status, preview) = desk.send("/tell/recovery", &empty, &all);
    assert_eq!(status, 200, "{preview}");
    assert!(preview.contains("If this is recorded now") && preview.contains("Recovery time (RTO)"), "{preview}");
    assert_eq!(desk.records("recovery"), Vec::<Value>::new());
    // What was changed since is shown first.
    let changed: Vec<_> =
        all.iter().map(|(k, v)| (*k, if *k == "healthy_at" { "2026-11-01T09:10" } else { *v })).collect();
    let (status, again) = desk.send("/tell/recovery", &preview, &changed);
    assert_eq!(status, 200);
    assert!(Desk::hidden(&again, "seen") != Desk::hidden(&preview, "seen"));
    assert_eq!(desk.records("recovery"), Vec::<Value>::new());
    // Sent twice it is one fact.
    for _ in 0..2 {
        assert_eq!(desk.send("/tell/recovery", &preview, &all).0, 303);
    }
    let told = desk.records("recovery");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["by"], &told[0]["why"]), (&json!("person:ana"), &json!("the yearly exercise")));
    assert_eq!(told[0]["record"]["healthy_at"], "2026-11-01T05:10:00Z");
}

#[test]
fn a_correction_sets_what_was_changed_and_nothing_else() {
    let desk = Desk::open(&Standing::Operator);
    let (_, empty) = desk.get("/tell/recovery");
    let all = [&EXERCISE[..], &[("record", "yes")]].concat();
    let (_, preview) = desk.send("/tell/recovery", &empty, &all);
    assert_eq!(desk.send("/tell/recovery", &preview, &all).0, 303);
    assert_eq!(desk.get("/tell/correction?of=no-such-thing").0, 404);
    let (status, form) = desk.get("/tell/correction?of=exercise-1");
    assert!(status == 200 && form.contains("value=\"2026-11-01T05:10:00\""), "{form}");
    let of: Vec<_> = [&[("of", "exercise-1")], &EXERCISE[..]].concat();
    let (status, page) = desk.send("/tell/correction", &form, &of);
    assert!(status == 422 && page.contains("Nothing is changed"), "{page}");
    let changed: Vec<_> =
        of.iter().map(|(k, v)| (*k, if *k == "healthy_at" { "2026-11-01T08:10" } else { *v })).collect();
    let (status, preview) = desk.send("/tell/correction", &form, &changed);
    assert!(status == 200 && preview.contains("If this is recorded now"), "{preview}");
    assert_eq!(desk.send("/tell/correction", &preview, &[&changed[..], &[("record", "yes")]].concat()).0, 303);
    let told = desk.records("correction");
    assert_eq!(told[0]["record"]["set"], json!({ "healthy_at": "2026-11-01T08:10:00Z" }));
    // It is known from then on, and can be taken back altogether.
    let (_, form) = desk.get("/tell/correction?of=exercise-1");
    assert!(form.contains("value=\"2026-11-01T08:10:00\""), "{form}");
    let retract = [&of[..], &[("retract", "true")]].concat();
    let (_, preview) = desk.send("/tell/correction", &form, &retract);
    assert_eq!(desk.send("/tell/correction", &preview, &[&retract[..], &[("record", "yes")]].concat()).0, 303);
    assert_eq!(desk.get("/tell/correction?of=exercise-1").0, 404);
}

#[test]
fn every_form_can_be_opened_by_an_operator_and_by_nobody_else() {
    let desk = Desk::open(&Standing::Operator);
    let (_, index) = desk.get("/tell");
    let forms: Vec<&str> = index.split("href=\"/tell/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(forms.len() > 20, "{forms:?}");
    for kind in forms {
        let (status, page) = desk.get(&format!("/tell/{kind}"));
        assert!(status == 200 && page.contains("name=\"why\""), "{kind}");
        let (status, _) = desk.send(&format!("/tell/{kind}"), &page, &[]);
        assert_eq!(status, 422, "{kind}: an empty form is refused, and not with a defect");
    }
    for kind in ["run", "check", "observation", "observer_gap", "no-such-kind"] {
        assert_eq!(desk.get(&format!("/tell/{kind}")).0, 404, "{kind}");
    }
    let viewer = Desk::open(&Standing::Viewer);
    assert_eq!(viewer.get("/tell/incident").0, 403);
    // A form of somebody else's page is refused before it is read.
    let (_, page) = desk.get("/tell/recovery");
    assert_eq!(viewer.send("/tell/recovery", &page, &EXERCISE).0, 403);
}

const HOUR: i64 = 3_600_000;

/// Asks what a maintenance from so many hours from now would come to; in the language of the cookie.
fn foreseen(desk: &Desk, kind: &str, id: &str, span: (Instant, Instant), more: &[(&str, &str)]) -> String {
    let (from, until) = (span.0.to_string(), span.1.to_string());
    let mut fields = vec![
        ("scope.solution", "workload-security"),
        ("class", "scheduled"),
        ("status", "CONFIRMED"),
        ("from", &from),
        ("until", &until),
        ("id", id),
        ("why", "an upgrade"),
    ];
    fields.retain(|(key, _)| more.iter().all(|(other, _)| key != other));
    fields.extend(more.iter().copied());
    let (_, form) = desk.get(kind);
    let (status, page) = desk.send(kind, &form, &fields);
    assert_eq!(status, 200, "{page}");
    if more.contains(&("record", "yes")) {
        assert_eq!(desk.send(kind, &page, &fields).0, 303);
    }
    page.replace('\u{a0}', " ")
}

fn hours_from(begin: Instant, from: i64, length: i64) -> (Instant, Instant) {
    (begin + Millis(from * HOUR), begin + Millis((from + length) * HOUR))
}

#[test]
fn a_window_is_shown_with_its_notice_and_with_what_it_leaves_of_the_hours_before_it_is_recorded() {
    let desk = Desk::open(&Standing::Operator);
    let form = "/tell/maintenance";
    let now = Clock::system().now();
    let short = foreseen(&desk, form, "m-1", hours_from(now, 6 * 24 + 3, 2), &[]);
    for says in [
        "Published now, this window begins in 6 d 2 h 59 min",
        "the agreement asks 7 d: 21 h",
        "Notice too short:",
        "of 8 h, 6 h are left after it",
        "It takes 2 h of the limit.",
        "Of 8 h are used 0 s, planned by others 0 s, taken by this window 2 h, left 6 h.",
        "url(#pattern-adds)",
        "The server publishes it on the maintenance schedule as soon as it is recorded",
    ] {
        assert!(short.contains(says), "{says}: {short}");
    }
    assert_eq!(desk.records("maintenance"), Vec::<Value>::new(), "a look records nothing");
    assert_eq!(desk.records("notice"), Vec::<Value>::new(), "and publishes nothing");

    // Three hours of a far month, then seven more of which one is the same time: nine in all, counted once.
    let month = Instant::parse("2031-03-10T00:00:00Z").unwrap();
    let kept = foreseen(&desk, form, "m-2", hours_from(month, 0, 3), &[("record", "yes")]);
    assert!(kept.contains("Notice as promised:") && kept.contains("more than needed."), "{kept}");
    let over = foreseen(&desk, form, "m-3", hours_from(month, 2, 7), &[]);
    for says in [
        "March 2031: the limit of 8 h is exceeded by 1 h.",
        "It takes 6 h of the limit.",
        "Of 8 h are used 0 s, planned by others 3 h, taken by this window 6 h: 1 h too much.",
    ] {
        assert!(over.contains(says), "{says}: {over}");
    }
    let inside = foreseen(&desk, form, "m-4", hours_from(month, 1, 1), &[]);
    assert!(inside.contains("of 8 h, 5 h are left after it.</strong> It takes nothing of the limit"), "{inside}");

    // Over the end of a month it takes of both.
    let end = Instant::parse("2031-05-01T00:00:00Z").unwrap();
    let both = foreseen(&desk, form, "m-5", hours_from(end, -2, 5), &[]);
    assert!(
        both.contains("April 2031: of 8 h, 6 h are left") && both.contains("May 2031: of 8 h, 5 h are left"),
        "{both}"
    );

    // A beginning that is moved within the window stays announced; what is only a thought announces nothing.
    let later = foreseen(&desk, form, "m-2", hours_from(month, 1, 2), &[("sequence", "1")]);
    assert!(later.contains("Notice as promised:") && !later.contains("No notice of this work is judged"), "{later}");
    let thought = foreseen(&desk, form, "m-6", hours_from(month, 9, 1), &[("status", "TENTATIVE")]);
    assert!(thought.contains("It is tentative: nobody is told of it"), "{thought}");
    assert!(
        !thought.contains("It concerns one customer alone") && !thought.contains("No notice of this work"),
        "{thought}"
    );

    // What is called off gives its time back, and nothing more is asked of its notice.
    let off = foreseen(&desk, form, "m-2", hours_from(month, 0, 3), &[("status", "CANCELLED")]);
    assert!(off.contains("of 8 h, 8 h are left after it.</strong> It gives 3 h back."), "{off}");
    assert!(!off.contains("Published now"), "{off}");
}

#[test]
fn what_a_window_would_come_to_is_said_in_japanese_and_of_a_customer_alone_by_what_proves_it() {
    let mut desk = Desk::open(&Standing::Operator);
    let now = Clock::system().now();
    let form = "/tell/maintenance";
    let stranger = foreseen(&desk, form, "own", hours_from(now, 200, 2), &[("scope.customer", "acme")]);
    assert!(stranger.contains("No notice of this work is judged"), "{stranger}");
    let (_, page) = desk.get("/tell/entitlement");
    let right = [("scope.customer", "acme"), ("paid", "true"), ("from", "2026-01-01T00:00"), ("why", "they ordered")];
    let right = [&right[..], &[("record", "yes")]].concat();
    let (_, page) = desk.send("/tell/entitlement", &page, &right);
    assert_eq!(desk.send("/tell/entitlement", &page, &right).0, 303, "{page}");
    let own = foreseen(&desk, form, "own", hours_from(now, 200, 2), &[("scope.customer", "acme")]);
    assert!(own.contains("It concerns one customer alone") && own.contains("(acme)"), "{own}");
    assert!(!own.contains("Published now"), "{own}");
    desk.cookie = format!("{}; lang=ja", desk.cookie);
    let short = foreseen(&desk, form, "m-1", hours_from(now, 6 * 24 + 3, 9), &[]);
    for says in ["いま公開すると、開始まで 6 日 2 時間 59 分", "契約が求める 7 日 に 21 時間", "を 1 時間 超えます"]
    {
        assert!(short.contains(says), "{says}: {short}");
    }
    let kept = foreseen(&desk, form, "m-1", hours_from(now, 8 * 24, 1), &[]);
    assert!(kept.contains("約束どおりの予告：") && kept.contains("残りは 7 時間 です"), "{kept}");
}
