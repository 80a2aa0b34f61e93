//! Facts told over the interface to a real server: recorded once, judged at once, kept, and proven.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use uphold::access::{Scope, Tokens};
use uphold_core::time::Instant;

use crate::crash::{Server, checks, flapping_target};
use crate::program::{request_with, root, stdout, text, uphold};

struct Site {
    folder: tempfile::TempDir,
    server: Server,
    secret: String,
}

impl Site {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("checks.toml"), checks(flapping_target())).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let secret = Tokens::of(&folder.path().join("data")).create("ops", &Scope::FREE, Instant(0)).unwrap();
        let server = serve(folder.path());
        Self { folder, server, secret }
    }

    fn ask(&self, method: &str, path: &str, key: Option<&str>, body: &str) -> (u16, Value) {
        ask(self.server.address, &self.secret, method, path, key, body)
    }

    fn tell(&self, key: &str, record: &Value) -> (u16, Value) {
        let body = json!({ "why": "a test", "records": [record] });
        self.ask("POST", "/api/v1/records", Some(key), &body.to_string())
    }
}

fn serve(folder: &Path) -> Server {
    let agreement = root().join("examples/cloud-one/agreement.toml");
    Server::start(&folder.join("data"), &agreement, &folder.join("checks.toml"))
}

fn ask(address: SocketAddr, secret: &str, method: &str, path: &str, key: Option<&str>, body: &str) -> (u16, Value) {
    let bearer = format!("Bearer {secret}");
    let mut headers = vec![("Authorization", bearer.as_str())];
    headers.extend(key.map(|key| ("Idempotency-Key", key)));
    let (status, body) = request_with(address, method, path, &headers, body).unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

fn recovery(id: &str, minute: u32) -> Value {
    json!({
        "type": "recovery", "id": id, "solution": "workload-security", "kind": "exercise",
        "disrupted_at": format!("2026-01-10T00:{minute:02}:00Z"), "healthy_at": "2026-01-10T03:00:00Z",
    })
}

#[test]
fn what_is_told_is_recorded_once_and_kept_over_a_restart_and_in_the_export() {
    let site = Site::start();
    let (status, first) = site.tell("key-1", &recovery("r-1", 0));
    assert_eq!(status, 201, "{first}");
    assert_eq!(first["records"][0]["duplicate"], false);
    let (status, again) = site.tell("key-1", &recovery("r-1", 0));
    assert_eq!((status, &again["records"][0]["duplicate"]), (200, &json!(true)), "{again}");
    assert_eq!(again["records"][0]["seq"], first["records"][0]["seq"]);
    let (status, other) = site.tell("key-1", &recovery("r-1", 5));
    assert_eq!((status, other["code"].as_str()), (409, Some("idempotency-conflict")), "{other}");
    // Told anew under another key, the same exercise says something else from then on.
    let (status, _) = site.tell("key-2", &recovery("r-1", 5));
    assert_eq!(status, 201);

    let (status, list) = site.ask("GET", "/api/v1/records?limit=1&type=recovery", None, "");
    assert_eq!((status, list["records"][0]["why"].as_str()), (200, Some("a test")), "{list}");
    assert_eq!(list["records"][0]["by"], "token:ops");
    let next = list["next"].as_u64().unwrap();
    let (_, rest) = site.ask("GET", &format!("/api/v1/records?after={next}&type=recovery"), None, "");
    assert_eq!((rest["records"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null), "{rest}");

    let Site { folder, server, secret } = site;
    server.kill();
    let server = serve(folder.path());
    let (_, list) = ask(server.address, &secret, "GET", "/api/v1/records?type=recovery", None, "");
    let ids: Vec<&str> =
        list["records"].as_array().unwrap().iter().map(|r| r["record"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["r-1", "r-1"], "{list}");
    server.kill();
    let data = folder.path().join("data");
    let verified = uphold(["ledger", "verify", "--data"]).arg(&data).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified));
    let exported = stdout(["export", "history", "--data", data.to_str().unwrap()]);
    let told: Vec<&str> = exported.lines().filter(|line| line.contains("\"recovery\"")).collect();
    assert_eq!(told.len(), 2, "{exported}");
    assert!(told.iter().all(|line| line.contains("\"by\":\"token:ops\"") && line.contains("\"recorded_at\"")));
}

#[test]
fn a_dry_run_says_what_would_change_and_records_nothing() {
    let site = Site::start();
    let now = uphold::clock::Clock::system().now();
    let at = |seconds: i64| Instant((now.0 / 1000 - seconds) * 1000).to_string();
    let suspension = json!({
        "type": "suspension", "id": "s-1", "scope": { "customer": "acme", "solution": "workload-security" },
        "extent": "whole", "act": "an attack from its network", "ordered_at": at(60), "enforced_at": at(50),
    });
    let body = json!({ "why": "a test", "records": [suspension], "dry_run": true }).to_string();
    let (status, answer) = site.ask("POST", "/api/v1/records", None, &body);
    assert_eq!((status, &answer["recorded"]), (200, &json!(false)), "{answer}");
    let changes = answer["changes"].as_array().unwrap();
    let notice = changes.iter().find(|change| change["after"]["id"] == "suspension-notice");
    assert!(notice.is_some(), "{answer:#}");
    let (_, list) = site.ask("GET", "/api/v1/records", None, "");
    assert_eq!(theirs(&list), Vec::<&Value>::new());
}

#[test]
fn an_update_tells_nobody_else_of_what_concerns_one_customer() {
    let site = Site::start();
    let incident = json!({
        "type": "incident", "id": "i-acme", "scope": { "customer": "acme" }, "from": "2026-01-10T00:00:00Z", "cause": "attack",
    });
    let update = json!({
        "type": "update", "id": "u-acme", "about": "i-acme", "at": "2026-01-10T00:00:00Z", "stage": "resolved", "text": "x",
    });
    // In whatever order a request has them.
    let together = json!({ "why": "a test", "records": [update, incident] }).to_string();
    let (status, answer) = site.ask("POST", "/api/v1/records", Some("key"), &together);
    assert!(status == 422 && answer["errors"].to_string().contains("concerns `acme` alone"), "{answer}");
    let mut private = update.clone();
    private["customer"] = json!("acme");
    let both = json!({ "why": "a test", "records": [private, incident] }).to_string();
    assert_eq!(site.ask("POST", "/api/v1/records", Some("key-both"), &both).0, 201);
    let (status, answer) = site.tell("key-update", &update);
    assert!(status == 422 && answer["errors"].to_string().contains("concerns `acme` alone"), "{answer}");
}

#[test]
fn what_is_on_an_instance_of_a_customer_has_to_name_it() {
    let site = Site::start();
    let scope = json!({ "solution": "workload-security", "instance": "vm-1" });
    let mut owned = scope.clone();
    owned["customer"] = json!("acme");
    let vm = json!({ "type": "resource", "id": "r", "scope": owned, "kind": "vm", "from": "2026-01-01T00:00:00Z" });
    let incident = |id: &str, scope: &Value| {
        json!({
            "type": "incident", "id": id, "scope": scope, "from": "2026-01-10T00:00:00Z", "cause": "disk",
        })
    };
    let refused = |(status, answer): (u16, Value)| {
        assert!(status == 422 && answer["errors"].to_string().contains("`vm-1` belongs to `acme`"), "{answer}");
    };
    // What was told while it was nobody's stays, and can be mended in all but what it is on.
    assert_eq!(site.tell("key-before", &incident("i-before", &scope)).0, 201);
    // In whatever order a request has them.
    let together = json!({ "why": "a test", "records": [incident("i-1", &scope), vm] }).to_string();
    refused(site.ask("POST", "/api/v1/records", Some("key-together"), &together));
    assert_eq!(site.tell("key-vm", &vm).0, 201);
    refused(site.tell("key-1", &incident("i-1", &scope)));
    let mut work = json!({
        "type": "maintenance", "id": "m", "sequence": 0, "scope": scope, "class": "scheduled-maintenance",
        "status": "CONFIRMED", "from": "2026-12-01T00:00:00Z", "until": "2026-12-01T01:00:00Z",
    });
    refused(site.tell("key-work", &work));
    work["scope"] = owned.clone();
    assert_eq!(site.tell("key-work-2", &work).0, 201);
    assert_eq!(site.tell("key-2", &incident("i-1", &owned)).0, 201);
    let elsewhere = json!({ "solution": "workload-security", "region": "tokyo" });
    assert_eq!(site.tell("key-3", &incident("i-2", &elsewhere)).0, 201);
    let correction = |id: &str, of: &str, set: Value| json!({ "type": "correction", "id": id, "of": of, "set": set, "why": "a test" });
    refused(site.tell("key-4", &correction("c-1", "i-2", json!({ "scope": scope }))));
    assert_eq!(site.tell("key-5", &correction("c-2", "i-before", json!({ "until": "2026-01-10T01:00:00Z" }))).0, 201);
}

#[test]
fn what_no_history_could_hold_is_refused_with_every_reason() {
    let site = Site::start();
    let said = |records: Value, why: &str| {
        let body = json!({ "why": why, "records": records }).to_string();
        let (status, answer) = site.ask("POST", "/api/v1/records", Some("key"), &body);
        (status, answer["code"].as_str().unwrap_or("").to_owned(), answer["errors"].to_string())
    };
    let mut with_time = recovery("r", 0);
    with_time["recorded_at"] = json!("2026-01-01T00:00:00Z");
    let mut backwards = recovery("r", 0);
    backwards["healthy_at"] = json!("2026-01-09T00:00:00Z");
    let mut elsewhere = recovery("r", 0);
    elsewhere["solution"] = json!("workload-securty");
    for (records, why, says) in [
        (json!([]), "a test", "the request tells nothing"),
        (json!([recovery("r", 0)]), "", "`why` must have"),
        (json!([recovery("r", 0), with_time]), "a test", "`recorded_at` is not yours to say"),
        (json!([{ "type": "run" }]), "a test", "a `run` is measured and cannot be told"),
        (json!([{ "type": "recoverie" }]), "a test", "did you mean `recovery`?"),
        (json!([recovery("r", 0), backwards]), "a test", "\"record\":1"),
        (json!([elsewhere]), "a test", "did you mean `workload-security`?"),
        (json!([{ "type": "correction", "of": "nothing", "retract": true, "why": "x" }]), "a test", "nothing"),
    ] {
        let (status, code, errors) = said(records.clone(), why);
        assert_eq!((status, code.as_str()), (422, "bad-records"), "{records}: {errors}");
        assert!(errors.contains(says), "{records}: {errors}");
    }
    let (status, _) = site.tell("key-0", &fee("f-1", "acme"));
    assert_eq!(status, 201);
    let correction = |set: Value| json!({ "type": "correction", "id": "c", "of": "f-1", "set": set, "why": "x" });
    for (record, says) in [
        (correction(json!({ "scope": { "customer": "other" } })), "cannot make `f-1` another customer's"),
        (correction(json!({ "scope": {} })), "cannot make `f-1` another customer's"),
        (fee("f-1", "other"), "`f-1` was told before as another customer's"),
    ] {
        let (status, answer) = site.tell("key-00", &record);
        assert!(status == 422 && answer["errors"].to_string().contains(says), "{record}: {answer}");
    }
    let good = json!({ "why": "a test", "records": [recovery("r", 0)] }).to_string();
    let (status, answer) = site.ask("POST", "/api/v1/records", None, &good);
    assert_eq!((status, answer["code"].as_str()), (400, Some("bad-idempotency-key")));
    let (status, _) = site.ask("POST", "/api/v1/records", Some("with space"), &good);
    assert_eq!(status, 400);
    for body in ["", "[]", "{", "{\"why\":1,\"records\":[]}", "{\"why\":\"a\",\"records\":[],\"more\":1}"] {
        let (status, answer) = site.ask("POST", "/api/v1/records", Some("key"), body);
        assert_eq!((status, answer["code"].as_str()), (400, Some("bad-body")), "{body}");
    }
    let long = format!("{{\"why\":\"{}\",\"records\":[]}}", "x".repeat(5 << 20));
    // The server may close the connection before it has read all of it.
    if let Ok((status, _)) = request_with(
        site.server.address,
        "POST",
        "/api/v1/records",
        &[("Authorization", &format!("Bearer {}", site.secret))],
        &long,
    ) {
        assert_eq!(status, 413);
    }
    let (_, list) = site.ask("GET", "/api/v1/records", None, "");
    assert_eq!(theirs(&list).len(), 1, "nothing of a refused request is recorded: {list}");
}

/// What was told with a token; the server itself tells of incidents.
fn theirs(list: &Value) -> Vec<&Value> {
    list["records"].as_array().unwrap().iter().filter(|record| record["by"] == "token:ops").collect()
}

fn fee(id: &str, customer: &str) -> Value {
    json!({
        "type": "fee", "id": id, "scope": { "customer": customer }, "from": "2026-01-01T00:00:00Z",
        "until": "2027-01-01T00:00:00Z", "amount": "1234.50", "currency": "EUR",
    })
}

#[test]
fn the_bundle_of_a_customer_shows_its_facts_and_nobody_elses() {
    let site = Site::start();
    for customer in ["acme", "zebra-7"] {
        let (status, answer) = site.tell(&format!("fee-{customer}"), &fee(&format!("f-{customer}"), customer));
        assert_eq!(status, 201, "{answer}");
        let correction = json!({
            "type": "correction", "id": format!("c-{customer}"), "of": format!("f-{customer}"), "why": "a typing error",
            "set": { "amount": format!("77{}", customer.len()) },
        });
        let (status, answer) = site.tell(&format!("correct-{customer}"), &correction);
        assert_eq!(status, 201, "{answer}");
    }
    let Site { folder, server, .. } = site;
    server.stop();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (data, bundle) = (path("data"), path("acme.bundle"));
    let key = stdout(["ledger", "key", "--data", &data]);
    let tag = stdout(["ledger", "tag", "--data", &data, "--customer", "acme"]);
    let export = |more: &[&str]| {
        let args = ["export", "bundle", "--data", &data, "--period", "2026-11", &bundle];
        stdout(args.iter().chain(more).copied())
    };
    let said = export(&["--customer", "acme"]);
    assert!(said.contains("2 of them closed"), "{said}");
    let shown = std::fs::read_to_string(&bundle).unwrap();
    assert!(shown.contains("f-acme") && shown.contains("c-acme"));
    for secret in ["f-zebra-7", "c-zebra-7", "zebra-7"] {
        assert!(!shown.contains(secret), "the bundle of acme shows `{secret}`");
    }
    let verify = |more: &[&str]| {
        let args = ["verify", &bundle, "--key", key.trim()];
        uphold(args.iter().chain(more)).output().unwrap()
    };
    let proved = verify(&["--tag", tag.trim()]);
    assert!(proved.status.success(), "{}", text(&proved));
    assert!(text(&proved).contains("what 2 facts of other customers say"), "{}", text(&proved));
    // Somebody else's tag is that of leaves that are closed here: for its owner this bundle would keep something back.
    let theirs = stdout(["ledger", "tag", "--data", &data, "--customer", "zebra-7"]);
    let refused = verify(&["--tag", theirs.trim()]);
    assert!(!refused.status.success() && text(&refused).contains("proves nothing"), "{}", text(&refused));
    let said = export(&["--customer", "all"]);
    assert!(said.contains("the facts of 2 customers are open in it"), "{said}");
    assert!(stdout(["ledger", "verify", "--data", &data]).contains("every hash is right"));
}
