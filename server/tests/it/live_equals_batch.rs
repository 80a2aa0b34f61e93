//! What is shown live is what `uphold evaluate` computes offline from an export, to the fraction; and both are right by a
//! count that is as simple as can be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use uphold::clock::{Clock, ManualTime};
use uphold::ledger::NewFact;
use uphold::measure::{Append, Engine, Handle, Settings};
use uphold::revisions::Revisions;
use uphold::{config, sample_service};
use uphold_core::id::FactId;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::fact::{Fact, Record};
use uphold_core::statement::Inputs;
use uphold_core::time::{Instant, Millis};
use uphold_core::timeline::State;

use crate::program::{Dice, request, root, stdout, uphold};

const START: &str = "2026-10-05T10:00:00Z";
const TICK: Millis = Millis(100);
const HOUR: i64 = 3_600_000;
const STALE: i64 = 10_000;

/// What the test itself knows of the truth.
#[derive(Default)]
struct Truth {
    /// Each observation that was recorded: its instant, and whether it saw the part down.
    seen: BTreeMap<&'static str, BTreeMap<i64, bool>>,
    /// Time in which no server ran.
    dead: Vec<(i64, i64)>,
}

const PARTS: [(&str, &str, i64); 3] =
    [("console", "console", 0), ("api", "api", 600), ("connect", "connections", 1_300)];

struct World {
    clock: Clock,
    hand: Arc<ManualTime>,
    folder: tempfile::TempDir,
    sample: SocketAddr,
    broken: BTreeMap<&'static str, bool>,
    truth: Truth,
    /// What is written otherwise in the checks file.
    edit: (&'static str, &'static str),
    /// The files of the revisions, in the order in which they are given.
    revisions: Vec<&'static str>,
}

impl World {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sample = listener.local_addr().unwrap();
        tokio::spawn(sample_service::serve(listener, || jiff::Timestamp::UNIX_EPOCH));
        let (clock, hand) = Clock::manual(Instant::parse(START).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let agreement = std::fs::read_to_string(root().join("examples/cloud-one/agreement.toml")).unwrap();
        let agreement = agreement.replace("valid_from = 2026-01-01T00:00:00Z", &format!("valid_from = {START}"));
        std::fs::write(folder.path().join("agreement.toml"), agreement).unwrap();
        let broken = PARTS.iter().map(|(part, ..)| (*part, false)).collect();
        Self {
            clock,
            hand,
            folder,
            sample,
            broken,
            truth: Truth::default(),
            edit: ("", ""),
            revisions: vec!["agreement.toml"],
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn engine(&self) -> Engine {
        let read = |name: &&str| {
            let source = std::fs::read_to_string(self.path(name)).unwrap();
            let agreement = uphold_core::agreement::read(&source).agreement.unwrap();
            (agreement, Digest::of(&[source.as_bytes()]))
        };
        let revisions = Revisions::new(self.revisions.iter().map(read).collect()).unwrap();
        let checks = std::fs::read_to_string(root().join("examples/demo/checks.toml")).unwrap();
        let checks = checks.replace("127.0.0.1:8081", &self.sample.to_string()).replace(self.edit.0, self.edit.1);
        let checks = config::read_checks(&checks, Path::new(""), revisions.in_force(self.clock.now())).checks.unwrap();
        let settings = Settings { revisions, checks, flush_every: Millis(60_000), clock: self.clock.clone() };
        Engine::start(self.folder.path(), settings).await.unwrap()
    }

    /// Breaks or mends a part, over HTTP as a person would.
    async fn switch(&mut self, part: &'static str, mode: &'static str) {
        let sample = self.sample;
        let path = format!("/control/{part}");
        let body = format!(r#"{{"mode":"{mode}"}}"#);
        let (status, answer) =
            tokio::task::spawn_blocking(move || request(sample, "PUT", &path, &body)).await.unwrap().unwrap();
        assert_eq!(status, 200, "{answer}");
        self.broken.insert(part, mode != "up");
    }

    /// One tick of the real engine, with every probe awaited.
    async fn tick(&mut self, engine: &mut Engine) {
        let before = self.clock.now().0;
        self.hand.pass(TICK);
        let now = self.clock.now().0;
        for (part, _, phase) in PARTS {
            // An engine that has just started is also due for the instant at which it did.
            let due = [before, now].into_iter().filter(|at| (at - phase).rem_euclid(2_000) == 0);
            for at in due {
                self.truth.seen.entry(part).or_default().entry(at).or_insert(self.broken[part]);
            }
        }
        engine.tick();
        engine.settle().await;
        engine.flush_if_due();
        engine.finish_flush().await.unwrap();
        engine.checkpoint_if_due();
        engine.finish_checkpoint().await;
    }

    /// Seconds up, down and unknown of one part until `known`, counted in steps of so many milliseconds.
    fn count(&self, part: &str, known: i64, step: usize) -> (String, String, String) {
        self.count_from(Instant::parse(START).unwrap().0, part, known, step)
    }

    fn count_from(&self, start: i64, part: &str, known: i64, step: usize) -> (String, String, String) {
        let (mut up, mut down, mut unknown) = (0, 0, 0);
        for at in (start..known).step_by(step) {
            let dead = self.truth.dead.iter().any(|(from, until)| (*from..*until).contains(&at));
            let last = self.truth.seen[part].range(..=at).next_back();
            match last {
                Some((slot, was_down)) if !dead && at < slot + STALE => {
                    *(if *was_down { &mut down } else { &mut up }) += 1
                }
                _ => unknown += 1,
            }
        }
        let seconds = |ticks: i64| Millis(ticks * step as i64).seconds();
        (seconds(up), seconds(down), seconds(unknown))
    }
}

/// The live statement, as the interface serves it.
pub(crate) fn live(handle: &Handle) -> (Instant, serde_json::Value) {
    let live = handle.live.borrow().clone();
    let inputs = Inputs { digest: live.ledger.root.clone(), lines: live.ledger.size, skipped: 0 };
    (live.as_known_at, live.statement.to_json(&inputs)["commitments"].clone())
}

pub(crate) fn export(folder: &Path, to: &Path, more: &[&str]) {
    let (folder, to) = (folder.to_str().unwrap(), to.to_str().unwrap());
    stdout([&["export", "history", "--data", folder, "--output", to], more].concat());
}

pub(crate) fn evaluated(agreement: &Path, history: &Path, known: Instant) -> serde_json::Value {
    evaluated_by(&[agreement], history, known)
}

pub(crate) fn evaluated_by(revisions: &[&Path], history: &Path, known: Instant) -> serde_json::Value {
    let (history, known) = (history.to_str().unwrap(), known.to_string());
    let args = ["evaluate", "--history", history, "--period", "2026-10", "--format", "json", "--as-known-at", &known];
    let files = revisions.iter().flat_map(|path| ["--agreement", path.to_str().unwrap()]);
    let text = stdout(args.into_iter().chain(files));
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["commitments"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_random_breaking_is_the_same_live_and_offline_and_right() {
    let mut world = World::new().await;
    let mut dice = Dice(0x5eed);
    let mut engine = world.engine().await;
    let handle = engine.handle();
    let mut shown = Vec::new();
    for tick in 1..=HOUR / TICK.0 {
        if dice.below(150) == 0 {
            let part = PARTS[usize::try_from(dice.below(3)).unwrap()].0;
            let mode = ["up", "down", "close", "wrong"][usize::try_from(dice.below(4)).unwrap()];
            world.switch(part, mode).await;
        }
        world.tick(&mut engine).await;
        if tick % 1_499 == 0 {
            shown.push(live(&handle));
        }
    }
    shown.push(live(&handle));
    assert!(shown.len() > 20);

    let history = world.path("history.jsonl");
    for (known, statement) in &shown {
        export(world.folder.path(), &history, &["--as-known-at", &known.to_string()]);
        assert_eq!(evaluated(&world.path("agreement.toml"), &history, *known), *statement, "as known at {known}");
    }
    export(world.folder.path(), &history, &["--every-version"]);
    for (known, statement) in shown.iter().step_by(5) {
        assert_eq!(evaluated(&world.path("agreement.toml"), &history, *known), *statement, "every version, at {known}");
    }
    let (known, statement) = shown.last().unwrap();
    for (part, interface, _) in PARTS {
        let row = row(statement, &format!("workload-security/{interface}"));
        assert_eq!(seconds(row), world.count(part, known.0, 100), "{part}");
        assert_ne!(row["seconds"]["down"], "0", "{part} was never down: the test shows nothing");
    }
}

/// The second revision promises less, and begins between two ticks.
#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_comes_into_force_while_measuring_judges_from_then_on_live_and_offline() {
    const CHANGE: &str = "2026-10-05T10:12:00.05Z";
    const AVAILABILITY: &str = "id = \"interface-availability\"";
    let mut world = World::new().await;
    let source = std::fs::read_to_string(world.path("agreement.toml")).unwrap();
    let promised = |percent: &str| {
        let target = format!("{AVAILABILITY}\ntarget = \"{percent}\"\nbinding = \"both\"");
        source.replacen(AVAILABILITY, &target, 1)
    };
    let from = format!("valid_from = {START}");
    let first = promised("99.9").replacen(&from, &format!("{from}\nvalid_until = {CHANGE}"), 1);
    let second = promised("5").replacen(&from, &format!("valid_from = {CHANGE}"), 1);
    std::fs::write(world.path("agreement.toml"), &first).unwrap();
    std::fs::write(world.path("second.toml"), second.replacen("revision = \"reference\"", "revision = \"2\"", 1))
        .unwrap();
    world.revisions = vec!["second.toml", "agreement.toml"];
    let (mut dice, mut engine) = (Dice(0xbeef), world.engine().await);
    let (handle, change) = (engine.handle(), Instant::parse(CHANGE).unwrap());
    let mut shown = Vec::new();
    for tick in 1..=15_000 {
        if dice.below(120) == 0 {
            let part = PARTS[usize::try_from(dice.below(3)).unwrap()].0;
            world.switch(part, ["up", "down"][usize::try_from(dice.below(2)).unwrap()]).await;
        }
        world.tick(&mut engine).await;
        let picture = handle.live.borrow().clone();
        let wanted = if world.clock.now() >= change { "2" } else { "reference" };
        assert_eq!(picture.agreement.revision, wanted, "at {}", world.clock.now());
        assert!(picture.budgets.iter().all(|view| view.target == if wanted == "2" { "5" } else { "99.9" }));
        assert_eq!(picture.budgets.len(), 3, "one for each interface, of the revision in force");
        if tick % 1_499 == 0 || (7_195..7_206).contains(&tick) {
            shown.push(live(&handle));
        }
    }
    shown.push(live(&handle));
    let (history, files) = (world.path("history.jsonl"), [world.path("agreement.toml"), world.path("second.toml")]);
    let offline = |known| evaluated_by(&[&files[0], &files[1]], &history, known);
    for (known, statement) in &shown {
        export(world.folder.path(), &history, &["--as-known-at", &known.to_string()]);
        assert_eq!(offline(*known), *statement, "as known at {known}");
    }
    let (known, statement) = shown.last().unwrap();
    for (part, interface, _) in PARTS {
        let rows = statement.as_array().unwrap().iter();
        let rows: Vec<_> = rows
            .filter(|row| row["id"] == "interface-availability")
            .filter(|row| row["subject"] == format!("workload-security/{interface}"))
            .collect();
        let said: Vec<_> = rows.iter().map(|row| (row["revision"].as_str(), row["target"].as_str())).collect();
        assert_eq!(said, [(Some("reference"), Some("99.9")), (Some("2"), Some("5"))]);
        assert_eq!(seconds(rows[0]), world.count(part, change.0, 50), "{part}, before");
        assert_eq!(seconds(rows[1]), world.count_from(change.0, part, known.0, 50), "{part}, after");
        assert!(rows.iter().all(|row| row["seconds"]["down"] != "0"), "{part} was never down: the test shows nothing");
    }
    // A server that starts again names no revision twice, and goes on with both.
    drop(engine);
    let named = |world: &World| {
        let reader = uphold::ledger::Reader::open(&world.path(uphold::ledger::FILE)).unwrap();
        let facts = reader.read(0..u64::MAX).unwrap().into_iter().filter_map(|entry| entry.fact().unwrap());
        let named = facts.filter_map(|fact| match fact {
            Fact::Agreement(named) => Some((named.revision, named.withdrawn)),
            _ => None,
        });
        named.collect::<Vec<_>>()
    };
    let both = [("reference".to_owned(), false), ("2".to_owned(), false)];
    assert_eq!(named(&world), both, "in the order of their validity");
    drop(world.engine().await);
    assert_eq!(named(&world), both);
}

/// Twelve seconds are an outage by the first revision, and none by the second.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_an_outage_by_its_own_revision_stays_one_in_pictures_and_incidents_of_the_next() {
    const CHANGE: &str = "2026-10-05T10:01:00Z";
    const AVAILABILITY: &str = "id = \"interface-availability\"";
    let mut world = World::new().await;
    let source = std::fs::read_to_string(world.path("agreement.toml")).unwrap();
    let from = format!("valid_from = {START}");
    let first = source.replacen(&from, &format!("{from}\nvalid_until = {CHANGE}"), 1);
    let lenient = "outage = { at_least = \"1h\", qualify = \"whole\" }\nexclude = \"after-qualification\"";
    let second = source.replacen(AVAILABILITY, &format!("{AVAILABILITY}\n{lenient}"), 1);
    let second = second.replacen(&from, &format!("valid_from = {CHANGE}"), 1);
    std::fs::write(world.path("agreement.toml"), &first).unwrap();
    std::fs::write(world.path("second.toml"), second.replacen("revision = \"reference\"", "revision = \"2\"", 1))
        .unwrap();
    world.revisions = vec!["agreement.toml", "second.toml"];
    let mut engine = world.engine().await;
    for tick in 0..1_200 {
        // Down from 20 s to 32 s and from 80 s to 92 s: before the change, and after it.
        match tick {
            200 | 800 => world.switch("api", "down").await,
            320 | 920 => world.switch("api", "up").await,
            _ => {}
        }
        world.tick(&mut engine).await;
    }
    let picture = engine.handle().live.borrow().clone();
    assert_eq!(picture.agreement.revision, "2");
    let mine = |line: &&uphold::live::SubjectTimeline| {
        line.commitment.as_str() == "interface-availability" && line.subject.to_string().ends_with("/api")
    };
    let line = picture.timelines.iter().find(mine).unwrap();
    let at = |seconds: i64| line.timeline.at(Instant::parse(START).unwrap() + Millis(seconds * 1_000));
    assert_eq!([at(15), at(25), at(40), at(85)], [State::Up, State::Down, State::Up, State::Up]);
    let incidents = uphold::operate::incident::due(&picture, "server:local");
    assert!(incidents.iter().any(|told| told.line.contains("\"interface\":\"api\"") && told.line.contains("10:00:2")));
}

pub(crate) fn row<'s>(statement: &'s serde_json::Value, subject: &str) -> &'s serde_json::Value {
    statement.as_array().unwrap().iter().find(|row| row["subject"] == subject).unwrap()
}

pub(crate) fn seconds(row: &serde_json::Value) -> (String, String, String) {
    let get = |key: &str| row["seconds"][key].as_str().unwrap().to_owned();
    (get("up"), get("down"), get("unknown"))
}

/// The server flushes every 60 s, and what it observed counts for 10 s.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_between_two_flushes_is_shown_beside_what_was_observed_until_then() {
    let mut world = World::new().await;
    let mut engine = world.engine().await;
    for _ in 0..400 {
        world.tick(&mut engine).await;
    }
    let handle = engine.handle();
    let told = Fact::Record(Record {
        id: FactId::parse("told").unwrap(),
        by: "test".to_owned(),
        why: "A call came in".to_owned(),
        customer: None,
        line: r#"{"type":"report","customer":"acme","at":"2026-10-05T10:00:20Z"}"#.to_owned(),
    });
    let (reply, mut answer) = tokio::sync::oneshot::channel();
    handle.tell.send(Append { facts: vec![NewFact { fact: told, segment: None }], reply }).await.unwrap();
    engine.serve_waiting().await.unwrap();
    answer.try_recv().unwrap().unwrap();
    let live = handle.live.borrow().clone();
    assert_eq!(live.records.len(), 1);
    let just_before = live.as_known_at - Millis(1);
    for (_, interface, _) in PARTS {
        let subject = format!("workload-security/{interface}");
        let line = live.timelines.iter().find(|line| line.subject.to_string() == subject).unwrap();
        assert_eq!(line.timeline.at(just_before), State::Up, "{subject} at {just_before}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_in_which_the_server_was_dead_is_unknown_and_nothing_else_is() {
    let mut world = World::new().await;
    let mut engine = world.engine().await;
    for _ in 0..3 {
        for _ in 0..437 {
            world.tick(&mut engine).await;
        }
        // A crash: nothing is flushed. The checkpoint of at most 5 s ago is all that is left of the tail.
        let died = world.clock.now();
        drop(engine);
        world.hand.pass(Millis(33_000));
        engine = world.engine().await;
        let gap = last_gap(&world);
        assert!(gap.0 > died.0 - 5_100 && gap.0 <= died.0 + 1, "the checkpoint was {} ms old", died.0 - gap.0);
        assert_eq!(gap.1, world.clock.now().0);
        world.truth.dead.push(gap);
    }
    for _ in 0..400 {
        world.tick(&mut engine).await;
    }
    engine.flush_if_due();
    engine.finish_flush().await.unwrap();
    let (known, statement) = live(&engine.handle());
    let row = row(&statement, "workload-security/console");
    // The observations of the lost tail lie in the gap, so the count does not need to forget them.
    assert_eq!(seconds(row), world.count("console", known.0, 1));
    assert_eq!(row["seconds"]["down"], "0");
    let verified = uphold(["ledger", "verify", "--data", world.folder.path().to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success());
}

/// The span of the gap that was recorded last, on the grid of ticks.
fn last_gap(world: &World) -> (i64, i64) {
    let history = stdout(["export", "history", "--data", world.folder.path().to_str().unwrap()]);
    let line = history.lines().rfind(|line| line.contains("observer_gap")).unwrap();
    let gap: serde_json::Value = serde_json::from_str(line).unwrap();
    let at = |key: &str| Instant::parse(gap[key].as_str().unwrap()).unwrap().0;
    (at("from"), at("until"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_stepped_adds_unknown_time_and_never_downtime() {
    for step in [HOUR, -HOUR] {
        let mut world = World::new().await;
        let mut engine = world.engine().await;
        for _ in 0..600 {
            world.tick(&mut engine).await;
        }
        world.hand.step(Millis(step));
        for _ in 0..700 {
            world.tick(&mut engine).await;
        }
        let (_, statement) = live(&engine.handle());
        for row in statement.as_array().unwrap() {
            assert_eq!(row["seconds"]["down"], "0", "{step}: {row}");
        }
        let history = stdout(["export", "history", "--data", world.folder.path().to_str().unwrap()]);
        assert!(history.contains("the clock was stepped"), "{step}: {history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_checks_file_is_known_from_its_change_on_live_and_offline() {
    let mut world = World::new().await;
    let mut shown = Vec::new();
    let edits = [
        ("", ""),
        ("interval = \"2s\"", "interval = \"3s\""),
        ("vantage = \"local\"", "vantage = \"tokyo\""),
        ("interface = \"console\"", "interface = \"api\""),
        ("", ""),
    ];
    for edit in edits {
        world.edit = edit;
        let mut engine = world.engine().await;
        for _ in 0..300 {
            world.tick(&mut engine).await;
        }
        engine.flush_if_due();
        engine.finish_flush().await.unwrap();
        shown.push(live(&engine.handle()));
        drop(engine);
        world.hand.pass(Millis(20_000));
    }
    let history = world.path("history.jsonl");
    export(world.folder.path(), &history, &["--every-version"]);
    for (known, statement) in &shown {
        let offline = evaluated(&world.path("agreement.toml"), &history, *known);
        assert_eq!(offline, *statement, "as known at {known}");
        for row in offline.as_array().unwrap() {
            assert_eq!(row["seconds"]["down"], "0", "{row}");
        }
    }
    // A renamed vantage point goes on measuring: its own time is not all unknown.
    let seconds = |at: usize| row(&shown[at].1, "workload-security/api")["seconds"]["up"].as_str().unwrap().to_owned();
    let up = |at: usize| seconds(at).parse::<f64>().unwrap();
    assert!(up(2) > up(1) + 20.0 && up(4) > up(3) + 20.0, "{} {} {} {}", up(1), up(2), up(3), up(4));
}
