//! What follows from the figures by itself: incidents and frozen statements, first as pure functions over a picture, then
//! by the real program.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use uphold::access::{Scope, Tokens};
use uphold::ledger::{LedgerError, NewFact};
use uphold::live::{BudgetView, Live};
use uphold::measure::Append;
use uphold::operate::alerts::{self, Conditions, Severity};
use uphold::operate::follow::follow;
use uphold::operate::{closing, incident};
use uphold_core::evaluate::burns;
use uphold_core::id::{FactId, PartId};
use uphold_core::ledger::book::Frozen;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{Fact, Record};
use uphold_core::ledger::record::Recorded;
use uphold_core::ratio::Ratio;
use uphold_core::time::{Instant, Millis};

use crate::crash::Server;
use crate::program::{request_with, root, stdout};
use crate::sample::{Story, live, noon};

const BY: &str = "server:local";

/// How long a state is waited for, as polls: half a minute.
const POLLS: usize = 600;
const POLL: std::time::Duration = std::time::Duration::from_millis(50);

/// The picture with more that was told.
fn with(mut live: Live, records: &[Record]) -> Live {
    let mut history = (*live.history).clone();
    let mut all = (*live.records).clone();
    for record in records {
        let seq = 10_000 + all.len() as u64;
        let (recorded, said) = Recorded::read(record, seq, live.as_known_at).unwrap();
        all.push(recorded);
        history.append(said);
    }
    let facts = history.known_at(live.as_known_at).facts;
    live.incidents = facts.incidents.clone();
    live.facts = Arc::new(facts);
    (live.history, live.records) = (Arc::new(history), Arc::new(all));
    live
}

fn record(by: &str, line: &Value) -> Record {
    let id = FactId::parse(&format!("{}-{by}", line["id"].as_str().unwrap())).unwrap();
    Record { id, by: by.to_owned(), why: "a test".to_owned(), line: line.to_string(), customer: None }
}

/// What each incident of a picture says of its times and cause.
fn incidents(live: &Live) -> Vec<(Instant, Option<Instant>, &str)> {
    let open = |until: Instant| Some(until).filter(|until| *until < Instant::MAX);
    live.incidents.iter().map(|i| (i.body.span.from(), open(i.body.span.until()), i.body.cause.as_str())).collect()
}

#[test]
fn an_incident_opens_with_the_onset_and_ends_with_the_restoration() {
    let down = live(Story::Young, noon());
    let records = incident::due(&down, BY);
    let told = with(down, &records);
    let (first, second) = (noon() - Millis(480_000), noon() - Millis(75_000));
    let ended = Some(noon() - Millis(419_500));
    assert_eq!(incidents(&told), [(first, ended, "unclassified"), (second, None, "unclassified")]);
    assert!(told.incidents.iter().all(|each| each.body.detected_at == Some(noon())));
    assert_eq!(told.incidents[0].body.scope.solution.as_ref().unwrap().as_str(), "workload-security");
    assert_eq!(incident::due(&told, BY), [], "what was told is not told again");

    let up = with(live(Story::Young, noon() + Millis(120_000)), &records);
    let records: Vec<Record> = records.into_iter().chain(incident::due(&up, BY)).collect();
    assert_eq!(records.len(), 3);
    let restored = with(live(Story::Young, noon() + Millis(120_000)), &records);
    let restoration = Some(noon() + Millis(60_000));
    assert_eq!(incidents(&restored), [(first, ended, "unclassified"), (second, restoration, "unclassified")]);
    assert_eq!(incident::due(&restored, BY), []);
}

#[test]
fn an_incident_of_an_instance_is_its_owners() {
    let of_vm_at = |at: Instant| {
        let mut live = live(Story::Young, at);
        for line in live.timelines.iter_mut().filter(|line| line.subject.interface.is_some()) {
            line.subject.parts.instance = Some(PartId::parse("vm-1").unwrap());
        }
        live
    };
    let of_vm = || of_vm_at(noon());
    let vm = json!({
        "type": "resource", "id": "r", "kind": "vm", "from": "2026-01-01T00:00:00Z",
        "scope": { "solution": "workload-security", "instance": "vm-1", "customer": "acme" },
    });
    let named = |live: &Live| -> Vec<Option<String>> {
        live.incidents.iter().map(|each| each.body.scope.parts.customer.as_ref().map(ToString::to_string)).collect()
    };
    let whose = |records: &[Record]| -> Vec<Option<String>> {
        records.iter().map(|record| record.customer.as_ref().map(ToString::to_string)).collect()
    };
    let acme = Some("acme".to_owned());
    let owned = with(of_vm(), &[record("token:ops", &vm)]);
    let records = incident::due(&owned, BY);
    assert_eq!(whose(&records), [acme.clone(), acme.clone()]);
    let told = with(owned, &records);
    assert_eq!(named(&told), [acme.clone(), acme.clone()]);
    assert_eq!(incident::due(&told, BY), []);
    // What brings it up to date is its owner's too.
    let up = with(of_vm_at(noon() + Millis(120_000)), &[record("token:ops", &vm)]);
    assert_eq!(whose(&incident::due(&with(up, &records), BY)), [acme]);
    // Nobody's is everybody's.
    let records = incident::due(&of_vm(), BY);
    assert_eq!((whose(&records), named(&with(of_vm(), &records))), (vec![None, None], vec![None, None]));
}

#[test]
fn an_open_incident_ends_and_another_begins_between_two_pictures() {
    let before = live(Story::Young, noon() - Millis(450_000));
    let records = incident::due(&before, BY);
    assert_eq!(records.len(), 1);
    let later = || live(Story::Young, noon());
    let due = incident::due(&with(later(), &records), BY);
    let ids: std::collections::BTreeSet<_> = due.iter().map(|record| record.id.clone()).collect();
    assert_eq!((due.len(), ids.len()), (2, 2), "{due:?}");
    let records: Vec<Record> = records.into_iter().chain(due).collect();
    let told = with(later(), &records);
    let (first, second) = (noon() - Millis(480_000), noon() - Millis(75_000));
    let ended = Some(noon() - Millis(419_500));
    assert_eq!(incidents(&told), [(first, ended, "unclassified"), (second, None, "unclassified")]);
    assert_eq!(incident::due(&told, BY), []);
}

#[test]
fn what_a_person_said_of_an_incident_is_left_as_it_is() {
    let down = live(Story::Young, noon());
    let mut records = incident::due(&down, BY);
    let id = serde_json::from_str::<Value>(&records[1].line).unwrap()["id"].clone();
    let correct = |set: Value| {
        record("token:ops", &json!({ "type": "correction", "id": "c", "of": id, "set": set, "why": "looked at" }))
    };
    // Of the cause: its times are still ours to tell.
    records.push(correct(json!({ "cause": "unforeseen" })));
    let later = || live(Story::Young, noon() + Millis(120_000));
    let told = with(later(), &records);
    let due = incident::due(&told, BY);
    let told = with(told, &due);
    assert_eq!(incidents(&told)[1].2, "unforeseen");
    assert_eq!(incidents(&told)[1].1, Some(noon() + Millis(60_000)));
    // Of its end: not any more.
    *records.last_mut().unwrap() = correct(json!({ "until": (noon() + Millis(90_000)).to_string() }));
    let told = with(later(), &records);
    assert_eq!(incident::due(&told, BY), []);
}

#[test]
fn an_outage_that_later_facts_deny_is_taken_back_unless_a_person_spoke_of_it() {
    let picture = live(Story::Grown, noon());
    let records = incident::due(&picture, BY);
    // One of a minute and a quarter today; what ended more than a week ago was for an earlier server to tell.
    assert_eq!(records.len(), 1, "{records:?}");
    let mut line: Value = serde_json::from_str(&records[0].line).unwrap();
    let from = noon() - Millis(86_400_000);
    line["id"] = json!(format!("incident-workload-security-{}", from.0));
    line["from"] = json!(from.to_string());
    line["until"] = json!((from + Millis(60_000)).to_string());
    let invented = record(BY, &line);
    let told = with(picture.clone(), &[records[0].clone(), invented.clone()]);
    let due = incident::due(&told, BY);
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].why, "later facts show no such outage");
    assert_eq!(incidents(&with(told, &due)).len(), 1);
    let looked =
        json!({ "type": "correction", "id": "c", "of": line["id"], "set": { "cause": "a drill" }, "why": "x" });
    let told = with(picture, &[records[0].clone(), invented, record("token:ops", &looked)]);
    assert_eq!(incident::due(&told, BY), []);
}

/// The picture with statements frozen.
fn with_frozen(mut live: Live, facts: &[NewFact]) -> Live {
    let mut statements = (*live.statements).clone();
    for new in facts {
        let Fact::Statement(fact) = &new.fact else { panic!("{new:?}") };
        assert_eq!(Digest::of(&[new.segment.as_deref().unwrap()]), fact.text);
        statements.push(Frozen { seq: 20_000, recorded_at: live.as_known_at, fact: fact.clone() });
    }
    live.statements = Arc::new(statements);
    live
}

#[test]
fn a_month_is_frozen_when_its_time_has_passed_and_revised_beside_when_more_is_learned() {
    let names = |live: &Live| closing::closed(live).into_iter().map(|period| period.name).collect::<Vec<_>>();
    let mut picture = live(Story::Grown, noon());
    assert_eq!(names(&picture), ["2026-09", "2026-10"]);
    let october = closing::closed(&picture).remove(1);
    let closes = closing::closes_at(&picture, &october);
    picture.as_known_at = closes - Millis(1);
    assert_eq!(names(&picture), ["2026-09"]);
    picture.as_known_at = closes;
    assert_eq!(names(&picture), ["2026-09", "2026-10"]);

    picture.as_known_at = noon();
    let frozen = closing::due(&picture, &october, BY);
    let text: Value = serde_json::from_slice(frozen[0].segment.as_deref().unwrap()).unwrap();
    assert_eq!((frozen.len(), text["period"]["name"].as_str()), (1, Some("2026-10")));
    let picture = with_frozen(picture, &frozen);
    assert_eq!(closing::due(&picture, &october, BY), []);
    let mut later = picture.clone();
    later.as_known_at = noon() + Millis(14 * 86_400_000);
    assert_eq!(closing::due(&later, &october, BY), [], "time alone changes nothing");

    // A customer becomes known: it has a statement of its own, and nobody else's changes.
    let paid = json!({ "type": "entitlement", "id": "e", "scope": { "customer": "acme" }, "paid": true,
        "from": "2026-01-01T00:00:00Z", "until": null });
    let told = with(later.clone(), &[record("token:ops", &paid)]);
    let due = closing::due(&told, &october, BY);
    let whose: Vec<Option<&str>> = due.iter().map(|new| new.fact.customer().map(|c| c.as_str())).collect();
    assert_eq!(whose, [Some("acme")]);

    // It turns out that the observer had watched all the time in which it was said to be away.
    let cause = json!({ "type": "correction", "id": "c", "of": "g1", "retract": true, "why": "it was another server" });
    let told = with(later, &[record("token:ops", &cause)]);
    let due = closing::due(&told, &october, BY);
    let Some(Fact::Statement(second)) = due.first().map(|new| &new.fact) else { panic!("no revision: {due:?}") };
    assert_eq!((due.len(), second.number), (1, 2));
    assert!(closing::due(&with_frozen(told, &due), &october, BY).is_empty());
}

#[test]
fn a_budget_that_is_spent_too_fast_is_an_alert_unless_its_subject_is_told_to_be_down() {
    let conditions = Conditions { unknown_after: Millis(300_000), clock: None };
    let kinds = |live: &Live| -> Vec<(String, Severity)> {
        let wrong = alerts::alerts(live, &conditions);
        wrong.alerts.iter().map(|(key, alert)| (key.as_str().to_owned(), alert.severity)).collect()
    };
    // The reference agreement has no target, so the picture gets a budget by hand.
    let subject =
        |live: &Live| live.timelines.iter().find(|line| line.subject.to_string().ends_with("/api")).cloned().unwrap();
    let with_budget = |mut live: Live| {
        let line = subject(&live);
        let target = Ratio::parse_percent("99.9").unwrap();
        live.budgets = vec![BudgetView {
            commitment: line.commitment,
            subject: line.subject,
            period: live.statement.period.clone(),
            target: "99.9".to_owned(),
            budget: None,
            burns: burns(&line.timeline, &target, live.as_known_at),
        }];
        live
    };
    let down = with_budget(live(Story::Young, noon()));
    assert!(down.budgets[0].burns.iter().any(|burn| burn.fires));
    assert_eq!(kinds(&down), [("down/workload-security/api".to_owned(), Severity::Page)]);
    // It is up again since a minute, and 135 s of the last hour were too much.
    let up = with_budget(live(Story::Young, noon() + Millis(120_000)));
    assert_eq!(kinds(&up), [("burning/workload-security/api".to_owned(), Severity::Page)]);
    let since = alerts::alerts(&up, &conditions).alerts.into_values().next().unwrap().since;
    assert_eq!(since, noon() - Millis(480_000), "the first of that down time");
    // The short windows have passed.
    let later = with_budget(live(Story::Young, noon() + Millis(8 * 3_600_000)));
    assert_eq!(kinds(&later), []);
}

#[tokio::test]
async fn a_revision_that_could_not_be_recorded_is_due_again() {
    // October is not among the last two closed months, which are judged by the hour in any case.
    let picture = live(Story::Grown, noon() + Millis(70 * 86_400_000));
    assert_eq!((closing::closed(&picture).len(), incident::due(&picture, BY)), (4, Vec::new()));
    let frozen: Vec<NewFact> =
        closing::closed(&picture).iter().flat_map(|period| closing::due(&picture, period, BY)).collect();
    let gap = json!({ "type": "correction", "id": "c", "of": "g1", "retract": true, "why": "it was another server" });
    let picture = Arc::new(with(with_frozen(picture, &frozen), &[record("token:ops", &gap)]));
    let (shown, seen) = tokio::sync::watch::channel(Arc::clone(&picture));
    let (tell, mut told) = tokio::sync::mpsc::channel::<Append>(1);
    // The pause after a failure passes by itself.
    tokio::time::pause();
    let following = tokio::spawn(follow(seen, tell, BY.to_owned()));
    let number = |append: &Append| match &append.facts[0].fact {
        Fact::Statement(statement) => (statement.period.clone(), statement.number),
        other => panic!("{other:?}"),
    };
    let first = told.recv().await.unwrap();
    assert_eq!(number(&first), ("2026-10".to_owned(), 2));
    first.reply.send(Err(LedgerError::Closed)).unwrap();
    shown.send_replace(Arc::clone(&picture));
    let soon = std::time::Duration::from_secs(600);
    let again = tokio::time::timeout(soon, told.recv()).await.expect("it is due before the hour is over").unwrap();
    assert_eq!(again.facts, first.facts);
    drop(again);
    following.await.unwrap();
}

/// A service that can be broken.
fn target(broken: &Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let broken = Arc::clone(broken);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let status = if broken.load(Ordering::SeqCst) { "503 Service Unavailable" } else { "200 OK" };
            // A probe that was given up leaves a connection that breaks.
            let _ = stream.read(&mut [0; 1024]);
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    address
}

fn all_up(metrics: &str) -> bool {
    let mut states = metrics.lines().filter(|line| line.starts_with("uphold_state{") && line.contains("state=\"up\""));
    states.clone().count() > 0 && states.all(|line| line.ends_with(" 1"))
}

#[test]
fn a_real_server_opens_and_closes_an_incident_that_the_export_judges_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (data, checks) = (folder.path().join("data"), folder.path().join("checks.toml"));
    std::fs::create_dir(&data).unwrap();
    let broken = Arc::new(AtomicBool::new(false));
    std::fs::write(&checks, crate::crash::checks(target(&broken))).unwrap();
    let secret = Tokens::of(&data).create("ops", &Scope::FREE, Instant(0)).unwrap();
    let agreement = root().join("examples/cloud-one/agreement.toml");
    let server = Server::start(&data, &agreement, &checks);
    let bearer = format!("Bearer {secret}");
    let get = |path: &str| {
        let (status, body) = request_with(server.address, "GET", path, &[("Authorization", &bearer)], "").unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    let until = |wanted: &dyn Fn(&Value) -> bool| {
        for _ in 0..POLLS {
            let list: Value = serde_json::from_str(&get("/api/v1/incidents")).unwrap();
            if wanted(&list["incidents"]) {
                return list["incidents"].clone();
            }
            std::thread::sleep(POLL);
        }
        panic!("it did not come to this: {}", get("/api/v1/incidents"));
    };
    // Everything is seen to be well first.
    assert!((0..POLLS).any(|_| {
        std::thread::sleep(POLL);
        all_up(&get("/metrics"))
    }));
    broken.store(true, Ordering::SeqCst);
    // Each of the three interfaces has an incident, and the solution that they take down with them has none beside.
    let all = |list: &Value, wanted: fn(&Value) -> bool| {
        let list = list.as_array().unwrap();
        list.len() == 3 && list.iter().all(|each| wanted(&each["until"]))
    };
    let times = |list: &Value, key: &str| {
        let mut times: Vec<String> =
            list.as_array().unwrap().iter().map(|each| each[key].as_str().unwrap().to_owned()).collect();
        times.sort();
        times
    };
    let open = until(&|list| all(list, Value::is_null));
    assert!(get("/metrics").contains("uphold_incidents_open 3"));
    broken.store(false, Ordering::SeqCst);
    let over = until(&|list| all(list, Value::is_string));
    assert_eq!((times(&over, "id"), times(&over, "from")), (times(&open, "id"), times(&open, "from")));
    let statement: Value = serde_json::from_str(&get("/api/v1/statement")).unwrap();
    let down = |statement: &Value| {
        let rows = statement["commitments"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["id"] == "service-availability").unwrap();
        let reasons = row["reasons"].as_array().unwrap().iter();
        reasons
            .filter(|each| each["kind"] == "down")
            .map(|each| (each["from"].clone(), each["until"].clone()))
            .collect()
    };
    let live: Vec<(Value, Value)> = down(&statement);
    assert_eq!(live.first().unwrap().0, times(&over, "from")[0], "{statement:#}");
    assert_eq!(live.last().unwrap().1, times(&over, "until")[2], "{statement:#}");
    server.stop();
    let history = folder.path().join("history.jsonl");
    std::fs::write(&history, stdout(["export", "history", "--data", data.to_str().unwrap()])).unwrap();
    let month = statement["period"]["name"].as_str().unwrap();
    let (history, agreement) = (history.to_str().unwrap(), agreement.to_str().unwrap());
    let args = ["evaluate", "--agreement", agreement, "--history", history, "--period", month, "--format", "json"];
    let offline: Value = serde_json::from_str(&stdout(args)).unwrap();
    assert_eq!(down(&offline), live);
}
