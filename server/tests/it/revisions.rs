//! Several revisions of one agreement: frozen months, a running server that gets one more, bundles, and what is refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use uphold::access::{Scope, Tokens};
use uphold::clock::Clock;
use uphold::ledger::{FILE, NewFact, Reader};
use uphold::live::Live;
use uphold::measure::Append;
use uphold::operate::closing;
use uphold::operate::follow::follow;
use uphold::revisions::Revisions;
use uphold_core::agreement::Agreement;
use uphold_core::interval::Interval;
use uphold_core::ledger::book::Frozen;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::Fact;
use uphold_core::time::{Instant, Millis};

use crate::crash::{Server, flapping_target};
use crate::program::{read, request, request_with, root, stdout, text, uphold};
use crate::sample::{Story, live, noon};

const BY: &str = "server:local";

/// How long a state is waited for, as polls: half a minute.
const POLLS: usize = 600;
const POLL: std::time::Duration = std::time::Duration::from_millis(50);

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// The picture with another revision from an instant on, as a server shows it that was given it later.
fn with_second(mut live: Live, from: Instant) -> Live {
    let mut first = Agreement::clone(&live.agreement);
    let mut second = first.clone();
    first.valid = Interval::new(first.valid.from(), from).unwrap();
    (second.valid, second.revision) = (Interval::new(from, Instant::MAX).unwrap(), "2".to_owned());
    let each = [first, second].map(|agreement| (agreement.clone(), Digest::of(&[agreement.revision.as_bytes()])));
    live.revisions = Revisions::new(each.into()).unwrap();
    live.agreement = Arc::clone(live.revisions.in_force(live.as_known_at));
    let mut named = (*live.named).clone();
    let mut more = named[0].clone();
    (more.seq, more.fact.revision) = (5_000, "2".to_owned());
    named.push(more);
    live.named = Arc::new(named);
    live
}

/// The picture with what was frozen.
fn with_frozen(mut live: Live, facts: &[NewFact]) -> Live {
    let mut statements = (*live.statements).clone();
    for new in facts {
        let Fact::Statement(fact) = &new.fact else { panic!("{new:?}") };
        statements.push(Frozen { seq: 20_000, recorded_at: live.as_known_at, fact: fact.clone() });
    }
    live.statements = Arc::new(statements);
    live
}

fn statement(facts: &[NewFact]) -> (u64, Value) {
    let [new] = facts else { panic!("{facts:?}") };
    let Fact::Statement(fact) = &new.fact else { panic!("{new:?}") };
    (fact.number, serde_json::from_slice(new.segment.as_deref().unwrap()).unwrap())
}

#[test]
fn a_closed_month_of_two_revisions_is_frozen_with_the_rows_of_both() {
    let picture = with_second(live(Story::Grown, noon()), at("2026-10-15T00:00:00Z"));
    let october = closing::closed(&picture).into_iter().find(|period| period.name == "2026-10").unwrap();
    let (number, frozen) = statement(&closing::due(&picture, &october, BY));
    assert_eq!((number, &frozen["revisions"]), (1, &serde_json::json!(["reference", "2"])));
    let rows = frozen["commitments"].as_array().unwrap().iter();
    let covered: Vec<_> = rows
        .filter(|row| row["id"] == "service-availability")
        .map(|row| (row["revision"].as_str(), row["seconds"]["covered"].as_str()))
        .collect();
    // 14 days and 17.
    assert_eq!(covered, [(Some("reference"), Some("1209600")), (Some("2"), Some("1468800"))]);
    // Each may close a month that it judges a part of; the longest time that any of them gives counts.
    let mut slow = picture.clone();
    let each = slow.revisions.each().iter().map(|(agreement, digest)| (Agreement::clone(agreement), *digest));
    let mut each: Vec<_> = each.collect();
    for commitment in &mut each[0].0.commitments {
        commitment.terms.close_after.value = Millis(20 * 86_400_000);
    }
    slow.revisions = Revisions::new(each).unwrap();
    let november = slow.revisions.month_of(noon());
    assert_eq!(closing::closes_at(&slow, &october) - october.interval.until(), Millis(20 * 86_400_000));
    assert_eq!(closing::closes_at(&slow, &november), closing::closes_at(&picture, &november), "the first ended before");
}

#[tokio::test]
async fn a_revision_that_reaches_back_makes_a_next_number_beside_what_was_frozen() {
    // October is not among the last two closed months, which are judged by the hour in any case.
    let picture = live(Story::Grown, noon() + Millis(70 * 86_400_000));
    let october = closing::closed(&picture).remove(1);
    let frozen: Vec<NewFact> =
        closing::closed(&picture).iter().flat_map(|period| closing::due(&picture, period, BY)).collect();
    let picture = with_frozen(picture, &frozen);
    // One that begins after all that was judged changes nothing of it.
    let ahead = with_second(picture.clone(), picture.as_known_at + Millis(86_400_000));
    assert_eq!(closing::due(&ahead, &october, BY), []);
    let back = with_second(picture.clone(), at("2026-10-15T00:00:00Z"));
    let (number, second) = statement(&closing::due(&back, &october, BY));
    assert_eq!((number, &second["revisions"]), (2, &serde_json::json!(["reference", "2"])));

    let (shown, seen) = tokio::sync::watch::channel(Arc::new(picture));
    let (tell, mut told) = tokio::sync::mpsc::channel::<Append>(1);
    tokio::time::pause();
    let following = tokio::spawn(follow(seen, tell, BY.to_owned()));
    let soon = std::time::Duration::from_secs(600);
    assert!(tokio::time::timeout(soon, told.recv()).await.is_err(), "nothing is due");
    shown.send_replace(Arc::new(back));
    let append = tokio::time::timeout(soon, told.recv()).await.expect("it is due before the hour is over").unwrap();
    let (number, again) = statement(&append.facts);
    assert_eq!((number, &again["period"]["name"]), (2, &Value::from("2026-10")));
    drop(append);
    following.await.unwrap();
}

/// The reference agreement as one of several revisions.
fn revision(name: &str, from: Instant, until: Option<Instant>) -> String {
    let source = std::fs::read_to_string(root().join("examples/cloud-one/agreement.toml")).unwrap();
    let until = until.map_or_else(String::new, |until| format!("\nvalid_until = {until}"));
    let source = source.replacen("valid_from = 2026-01-01T00:00:00Z", &format!("valid_from = {from}{until}"), 1);
    source.replacen("revision = \"reference\"", &format!("revision = \"{name}\""), 1)
}

/// A folder with revisions, a checks file, and room for data.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let checks = format!(
            "vantage = \"local\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n[[check]]\nid = \"api\"\n\
             solution = \"workload-security\"\ninterface = \"api\"\nkind = \"http\"\nurl = \"http://{}/\"\n\
             interval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n",
            flapping_target()
        );
        std::fs::write(folder.path().join("checks.toml"), checks).unwrap();
        std::fs::create_dir(folder.path().join("revisions")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the file of a revision.
    fn put(&self, name: &str, from: Instant, until: Option<Instant>) -> PathBuf {
        let path = self.path(&format!("revisions/{name}.toml"));
        std::fs::write(&path, revision(name, from, until)).unwrap();
        path
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(&format!("revisions/{name}.toml"))).unwrap();
    }

    /// The command of a server over these files.
    fn command(&self) -> Command {
        let mut command = uphold(["serve", "--listen", "127.0.0.1:0", "--agreement"]);
        command.arg(self.path("revisions")).arg("--checks").arg(self.path("checks.toml"));
        command.arg("--data").arg(self.path("data"));
        command
    }

    fn serve(&self) -> Server {
        Server::start(&self.path("data"), &self.path("revisions"), &self.path("checks.toml"))
    }

    /// Runs a command on the data folder: whether it went well, and what it said.
    fn run(&self, args: &[&str]) -> (bool, String) {
        let output = uphold(args).arg("--data").arg(self.path("data")).output().unwrap();
        (output.status.success(), text(&output))
    }

    fn bundle(&self, name: &str) -> (String, PathBuf) {
        let (data, bundle) = (self.path("data"), self.path(name));
        let month = Clock::system().now().to_string()[..7].to_owned();
        stdout(["export", "bundle", "--data", data.to_str().unwrap(), "--period", &month, bundle.to_str().unwrap()]);
        let key = stdout(["ledger", "key", "--data", data.to_str().unwrap()]);
        (key.lines().next().unwrap().to_owned(), bundle)
    }

    fn verified(&self, key: &str, bundle: &Path, more: &[&Path]) -> (bool, String) {
        let agreements = more.iter().flat_map(|path| ["--agreement", path.to_str().unwrap()]);
        let args = ["verify", bundle.to_str().unwrap(), "--key", key];
        let output = uphold(args.into_iter().chain(agreements)).output().unwrap();
        (output.status.success(), text(&output))
    }
}

/// What a server says that must refuse to start; one that starts all the same is ended.
fn refused(command: &mut Command) -> String {
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = (0..POLLS).any(|_| {
        std::thread::sleep(POLL);
        process.try_wait().unwrap().is_some()
    });
    if !ended {
        process.kill().unwrap();
    }
    let output = process.wait_with_output().unwrap();
    assert!(ended && !output.status.success(), "it serves: {}", text(&output));
    text(&output)
}

fn get(server: &Server, path: &str) -> Value {
    let (status, body) = request(server.address, "GET", path, "").unwrap();
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// The revisions that a server has, each with the place of its fact.
fn listed(server: &Server) -> Vec<(String, u64)> {
    let list = get(server, "/api/v1/agreement/revisions");
    let of = |each: &Value| (each["revision"].as_str().unwrap().to_owned(), each["seq"].as_u64().unwrap());
    list["revisions"].as_array().unwrap().iter().map(of).collect()
}

fn names(server: &Server) -> Vec<String> {
    listed(server).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_server_takes_up_a_revision_at_its_instant_and_its_bundle_is_proved_by_both() {
    let site = Site::new();
    let change = Clock::system().now() + Millis(5_000);
    let first = site.put("1", at("2026-01-01T00:00:00Z"), Some(change));
    let second = site.put("2", change, None);
    let server = site.serve();
    assert_eq!(names(&server), ["1", "2"]);
    let in_force = || get(&server, "/api/v1/agreement")["revision"].as_str().unwrap().to_owned();
    assert!((0..POLLS).any(|_| {
        std::thread::sleep(POLL);
        in_force() == "2"
    }));
    let known = at(get(&server, "/api/v1/agreement/revisions")["as_known_at"].as_str().unwrap());
    assert!(known >= change, "{known} is before {change}");
    let statement = get(&server, "/api/v1/statement");
    assert_eq!(statement["revisions"], serde_json::json!(["1", "2"]));
    server.stop();
    let (key, bundle) = site.bundle("bundle.jsonl");
    let folder = site.path("revisions");
    for files in [&[][..], &[folder.as_path()], &[second.as_path(), first.as_path()]] {
        let (holds, said) = site.verified(&key, &bundle, files);
        assert!(
            holds && said.contains("revision `1`, is the text") && said.contains("revision `2`, is the text"),
            "{said}"
        );
    }
    let (holds, said) = site.verified(&key, &bundle, &[second.as_path()]);
    assert!(!holds && said.contains("its revision `1`"), "{said}");
    let whole = std::fs::read_to_string(&bundle).unwrap();
    for revision in ["1", "2"] {
        let place = whole.find(&format!("revision = \\\"{revision}\\\"")).unwrap();
        let mut changed = whole.clone();
        // A word of a comment: nothing but the digest of the text differs.
        let from = whole[..place].rfind("not\\n# legal advice").unwrap();
        changed.replace_range(from..=from, "N");
        std::fs::write(site.path("changed.jsonl"), changed).unwrap();
        let (holds, said) = site.verified(&key, &site.path("changed.jsonl"), &[]);
        assert!(!holds && said.contains("proves nothing"), "{revision}: {said}");
    }
}

#[test]
fn a_running_server_takes_one_revision_more_and_gives_none_back_that_judged() {
    let site = Site::new();
    let (first, far) = (at("2026-01-01T00:00:00Z"), Clock::system().now() + Millis(400 * 86_400_000));
    site.put("1", first, None);
    let server = site.serve();
    let before = listed(&server);
    assert_eq!(before.len(), 1);
    // One more, from some day on; the first gets its end.
    site.put("1", first, Some(far));
    site.put("2", far, None);
    let (done, said) = site.run(&["reload", "--dry-run"]);
    assert!(done && said.contains(&format!("revision 2: added, valid from {far}")), "{said}");
    assert!(said.contains("from  before it: `cloud-one`, revision 1") && said.contains("valid_until"), "{said}");
    assert_eq!(listed(&server), before, "a look changes nothing");
    let (done, said) = site.run(&["reload", "--yes"]);
    assert!(done && said.contains("2 facts say what changed"), "{said}");
    let after = listed(&server);
    assert_eq!(names(&server), ["1", "2"]);
    assert!(after[0].1 > before[0].1 && after[1].1 == after[0].1 + 1, "in the order of their validity: {after:?}");
    assert_eq!(get(&server, "/api/v1/agreement")["revision"], "1");
    // One that judged nothing yet may go again.
    site.remove("2");
    site.put("1", first, None);
    let (done, said) = site.run(&["reload", "--yes"]);
    assert!(done && said.contains("): withdrawn; it judged nothing"), "{said}");
    assert_eq!(names(&server), ["1"]);
    // One that judged may not.
    site.remove("1");
    site.put("3", first, None);
    let is_kept = |said: &str| said.contains("the revision `1` (SHA-256 ") && said.contains("valid_until");
    let (done, said) = site.run(&["reload", "--yes"]);
    assert!(!done && is_kept(&said), "{said}");
    assert_eq!(names(&server), ["1"]);
    server.stop();
    // Nor by a restart.
    let said = refused(&mut site.command());
    assert!(is_kept(&said), "{said}");
    let (key, bundle) = site.bundle("bundle.jsonl");
    let (holds, said) = site.verified(&key, &bundle, &[]);
    assert!(holds && !said.contains("revision `2`"), "what is withdrawn is no part of it: {said}");
    let reader = Reader::open(&site.path("data").join(FILE)).unwrap();
    let facts = reader.read(0..u64::MAX).unwrap().into_iter().filter_map(|entry| entry.fact().unwrap());
    let named: Vec<_> = facts
        .filter_map(|fact| match fact {
            Fact::Agreement(named) => Some((named.revision, named.withdrawn)),
            _ => None,
        })
        .collect();
    let wanted = [("1", false), ("1", false), ("2", false), ("2", true), ("1", false)];
    assert_eq!(named, wanted.map(|(name, withdrawn)| (name.to_owned(), withdrawn)));
}

#[test]
fn a_server_that_a_signal_tells_to_forget_a_revision_refuses() {
    let site = Site::new();
    let change = Clock::system().now() - Millis(86_400_000);
    site.put("1", at("2026-01-01T00:00:00Z"), Some(change));
    site.put("2", change, None);
    let server = site.serve();
    // The first ended before anything was measured here: it judged nothing of this ledger.
    site.remove("1");
    let (done, said) = site.run(&["reload", "--yes"]);
    assert!(done && said.contains("revision 1 (SHA-256 "), "{said}");
    site.remove("2");
    site.put("3", change, None);
    let data = site.path("data");
    let read =
        || -> Value { serde_json::from_slice(&std::fs::read(data.join("configuration.json")).unwrap()).unwrap() };
    let before = read()["reloads"].as_u64().unwrap();
    let pid = std::fs::read_to_string(data.join("lock")).unwrap();
    assert!(Command::new("kill").args(["-HUP", pid.trim()]).status().unwrap().success());
    assert!((0..POLLS).any(|_| {
        std::thread::sleep(POLL);
        read()["reloads"].as_u64().unwrap() > before
    }));
    let outcome = read()["last_reload"].clone();
    assert_eq!(outcome["applied"], false);
    assert!(outcome["why"].as_str().unwrap().contains("the revision `2` (SHA-256 "), "{outcome}");
    assert_eq!(names(&server), ["2"]);
    server.stop();
}

#[test]
fn what_was_known_before_a_revision_was_told_is_judged_without_it() {
    let site = Site::new();
    std::fs::create_dir(site.path("data")).unwrap();
    let secret = Tokens::of(&site.path("data")).create("ops", &Scope::FREE, Instant(0)).unwrap();
    let (first, hour) = (at("2026-01-01T00:00:00Z"), Millis(3_600_000));
    let change = Clock::system().now() - hour;
    site.put("1", first, None);
    let server = site.serve();
    let known = get(&server, "/api/v1/agreement/revisions")["as_known_at"].as_str().unwrap().to_owned();
    site.put("1", first, Some(change));
    site.put("2", change, None);
    let (done, said) = site.run(&["reload", "--yes"]);
    assert!(done, "{said}");
    let judged = |more: &str| {
        let period = format!("{}/{}", change - hour, change + hour + hour);
        let (path, bearer) = (format!("/api/v1/statement?period={period}{more}"), format!("Bearer {secret}"));
        let (status, body) = request_with(server.address, "GET", &path, &[("Authorization", &bearer)], "").unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        let statement: Value = serde_json::from_str(&body).unwrap();
        let rows = statement["commitments"].as_array().unwrap().iter();
        let mut names: Vec<String> = rows.map(|row| row["revision"].as_str().unwrap().to_owned()).collect();
        names.dedup();
        names
    };
    assert_eq!(judged(""), ["1", "2"]);
    assert_eq!(judged(&format!("&as_known_at={known}")), ["1"]);
    server.stop();
}

#[test]
fn a_revision_that_could_not_judge_what_is_recorded_is_refused_even_if_it_is_to_come() {
    let site = Site::new();
    std::fs::create_dir(site.path("data")).unwrap();
    let secret = Tokens::of(&site.path("data")).create("ops", &Scope::FREE, Instant(0)).unwrap();
    let (first, far) = (at("2026-01-01T00:00:00Z"), Clock::system().now() + Millis(400 * 86_400_000));
    site.put("1", first, None);
    let server = site.serve();
    let paid = serde_json::json!({ "why": "a test", "records": [{ "type": "entitlement", "scope": { "customer": "acme" },
        "paid": true, "from": "2026-01-01T00:00:00Z", "until": null }] });
    let bearer = format!("Bearer {secret}");
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "paid")];
    let (status, body) = request_with(server.address, "POST", "/api/v1/records", &headers, &paid.to_string()).unwrap();
    assert_eq!(status, 201, "{body}");
    site.put("1", first, Some(far));
    let silent = revision("2", far, None).replacen("partial = \"restrict\"\n", "", 1);
    std::fs::write(site.path("revisions/2.toml"), silent).unwrap();
    let (done, said) = site.run(&["reload", "--dry-run"]);
    assert!(!done && said.contains("could no longer be judged") && said.contains("does not state `partial`"), "{said}");
    let pid = std::fs::read_to_string(site.path("data/lock")).unwrap();
    let read =
        || -> Value { serde_json::from_slice(&std::fs::read(site.path("data/configuration.json")).unwrap()).unwrap() };
    assert!(Command::new("kill").args(["-HUP", pid.trim()]).status().unwrap().success());
    assert!((0..POLLS).any(|_| {
        std::thread::sleep(POLL);
        read()["reloads"] == 1
    }));
    assert_eq!(read()["last_reload"]["applied"], false);
    assert!(read()["last_reload"]["why"].as_str().unwrap().contains("does not state `partial`"), "{}", read());
    assert_eq!(names(&server), ["1"]);
    server.stop();
}

#[test]
fn revisions_that_do_not_fit_are_refused_by_every_command_before_anything_is_written() {
    let now = Clock::system().now();
    let (long_ago, yesterday, tomorrow) =
        (at("2026-01-01T00:00:00Z"), now - Millis(86_400_000), now + Millis(86_400_000));
    let cases: [(&str, Vec<String>); 7] = [
        (
            "the revision `1` is given twice",
            vec![
                revision("1", long_ago, Some(yesterday)),
                revision("2", yesterday, Some(tomorrow)),
                revision("1", tomorrow, None),
            ],
        ),
        ("are both valid from", vec![revision("1", long_ago, None), revision("2", yesterday, None)]),
        ("no revision is valid from", vec![revision("1", long_ago, Some(yesterday)), revision("2", tomorrow, None)]),
        (
            "`cloud-one` and `other` are two agreements",
            vec![
                revision("1", long_ago, Some(yesterday)),
                revision("2", yesterday, None).replacen("id = \"cloud-one\"", "id = \"other\"", 1),
            ],
        ),
        (
            "the agreement does not state `mid_period`, and it has several revisions",
            vec![revision("1", long_ago, Some(yesterday)), revision("2", yesterday, None)]
                .into_iter()
                .map(|text| text.replacen("mid_period = \"split\"\n", "", 1))
                .collect(),
        ),
        (
            "none of the revisions `1`, `2` is in force now",
            vec![
                revision("1", long_ago, Some(yesterday - Millis(1))),
                revision("2", yesterday - Millis(1), Some(yesterday)),
            ],
        ),
        ("holds no agreement", Vec::new()),
    ];
    for (wanted, texts) in cases {
        let site = Site::new();
        for (place, text) in texts.iter().enumerate() {
            std::fs::write(site.path(&format!("revisions/{place}.toml")), text).unwrap();
        }
        let folder = site.path("revisions");
        let said = refused(&mut site.command());
        assert!(said.contains(wanted) && said.contains("help: "), "{wanted}: {said}");
        assert!(!site.path("data").exists(), "{wanted}");
        let mut doctor = uphold(["doctor", "--data"]);
        let output = doctor.arg(site.path("data")).arg("--agreement").arg(&folder).output().unwrap();
        let said = text(&output);
        let by_doctor = match wanted {
            "holds no agreement" => "or holds no `*.toml`",
            "none of the revisions `1`, `2` is in force now" => "none of the revisions is in force now",
            other => other,
        };
        assert!(!output.status.success() && said.contains(by_doctor), "{wanted}: {said}");
        // Two agreements may be checked at once, and whether one is in force is no matter of the files alone.
        if !wanted.starts_with("none of") && !wanted.ends_with("two agreements") {
            let output = uphold(["check"]).arg(&folder).output().unwrap();
            assert!(!output.status.success() && text(&output).contains(wanted), "{wanted}: {}", text(&output));
        }
    }
}

#[test]
fn a_check_may_measure_what_any_revision_covers() {
    let site = Site::new();
    let tomorrow = Clock::system().now() + Millis(86_400_000);
    site.put("1", at("2026-01-01T00:00:00Z"), Some(tomorrow));
    let interface = "[[solution.interface]]\nid = \"api\"";
    let second = revision("2", tomorrow, None);
    assert!(second.contains(interface));
    let more = "[[solution.interface]]\nid = \"mail\"\nname = { en = \"Mail\", ja = \"メール\" }\n";
    std::fs::write(site.path("revisions/2.toml"), second.replacen(interface, &format!("{more}{interface}"), 1))
        .unwrap();
    let checks = std::fs::read_to_string(site.path("checks.toml")).unwrap();
    std::fs::write(site.path("checks.toml"), checks.replacen("interface = \"api\"", "interface = \"mail\"", 1))
        .unwrap();
    let checked = |files: &str| {
        let output =
            uphold(["check"]).arg(site.path(files)).arg("--checks").arg(site.path("checks.toml")).output().unwrap();
        (output.status.success(), text(&output))
    };
    let (good, said) = checked("revisions");
    assert!(good && said.contains("no check measures `api`") && !said.contains("no check measures `mail`"), "{said}");
    let (good, said) = checked("revisions/1.toml");
    assert!(!good && said.contains("has no interface `mail`"), "{said}");
    let server = site.serve();
    let (_, checks) = read(server.address, &site.path("data"), "/api/v1/checks");
    let checks: Value = serde_json::from_str(&checks).unwrap();
    assert_eq!(checks["checks"][0]["interface"], "mail");
    server.stop();
}
