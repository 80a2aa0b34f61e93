//! Retention: fifteen months of observations from two vantage points, of which the oldest are erased while everything
//! younger stays what it is: live, read anew, in a bundle, and after a crash in between.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{mpsc, oneshot, watch};
use uphold::access::{Scope, Tokens};
use uphold::clock::Clock;
use uphold::config::{self, Retention};
use uphold::ledger::book::Book;
use uphold::ledger::{BookError, FILE, Ledger, NewFact, Reader, SNAPSHOT_FILE, Signer, keep_agreement, verify};
use uphold::live::Live;
use uphold::measure::recorder::Recorder;
use uphold::measure::retention::{Erase, Plan, plan};
use uphold::measure::{Append, Engine, Handle, Settings};
use uphold::operate::closing;
use uphold::operate::retention::{Known, Need, limit};
use uphold::revisions::Revisions;
use uphold_core::agreement::{Agreement, MidPeriod, Origin, Stated, TakesEffect};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::History;
use uphold_core::id::{CheckId, FactId, Series, VantageId};
use uphold_core::interval::Interval;
use uphold_core::ledger::digest::Digest;
use uphold_core::ledger::erase::Erasure;
use uphold_core::ledger::evidence::{Evidence, File, Media, Took};
use uphold_core::ledger::fact::{Fact, FactKind, Measurement, Record};
use uphold_core::run::{Observed, Staleness};
use uphold_core::statement::{Row, Statement};
use uphold_core::time::{Instant, Millis, Zone};

use crate::crash::Server;
use crate::program::{request_with, stdout, text, uphold};
use crate::sample::{Story, live, noon};

const AGREEMENT: &str = r#"[agreement]
id = "small"
title = { en = "Small" }
provider = { en = "Example" }
revision = "1"
languages = ["en"]
authoritative = "en"
valid_from = 2025-01-01T00:00:00Z
[[clause]]
id = "1"
force = "duty"
title = { en = "Availability" }
text.en = "The shop is available for 99.9 % of each month."
[[solution]]
id = "shop"
name = { en = "Shop" }
[[solution.interface]]
id = "web"
name = { en = "Web" }
[[commitment]]
id = "availability"
name = { en = "Availability" }
clause = "1"
kind = "availability"
per = "interface"
target = "99.9"
period = "month"
[policy]
zone = "UTC"
service_time = "24x7"
indicator = "states"
aggregate = "duration"
unknown = "bounds"
binding = "both"
degraded = "up"
confirm = { failures = 2, onset = "confirmation", unconfirmed = "up" }
vantages = { down_when = 1 }
checks = "all"
exclusions = []
decimals = 3
close_after = "7d"
partial = "restrict"
covered_when = ["entitlement"]
"#;

const CHECKS: &str = r#"
vantage = "tokyo-1"
vantage_points = ["tokyo-1", "osaka"]
[retention]
measurements = "400d"
[[check]]
id = "front"
solution = "shop"
interface = "web"
kind = "tcp"
address = "shop.example:443"
interval = "600s"
timeout = "2s"
staleness = "1300s"
"#;

const STEP: Millis = Millis(600_000);
const DAY: Millis = Millis(86_400_000);
const BEGIN: &str = "2025-01-01T00:00:00Z";
const END: &str = "2026-04-10T00:00:00Z";

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn series(vantage: &str) -> Series {
    Series { check: CheckId::parse("front").unwrap(), vantage: VantageId::parse(vantage).unwrap() }
}

/// What the shop was at an instant: one outage is in time that will be erased, one lies across the cut, one is younger.
fn truth(instant: Instant) -> Observed {
    let outages = [
        ("2025-02-10T06:00:00Z", "2025-02-10T09:00:00Z"),
        ("2025-02-28T23:50:00Z", "2025-03-01T05:00:00Z"),
        ("2025-07-04T12:00:00Z", "2025-07-04T13:00:00Z"),
    ];
    let is_down = outages.iter().any(|(from, until)| (at(from)..at(until)).contains(&instant));
    if is_down { Observed::Down } else { Observed::Up }
}

struct World {
    folder: tempfile::TempDir,
    agreement: Agreement,
    now: Arc<AtomicI64>,
}

impl World {
    /// A ledger of fifteen months; the registrations come from a server that was there at their beginning.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let agreement = uphold_core::agreement::read(AGREEMENT).agreement.unwrap();
        keep_agreement(folder.path(), AGREEMENT).unwrap();
        let world = Self { folder, agreement, now: Arc::new(AtomicI64::new(0)) };
        drop(world.engine(BEGIN).await);
        world.observe().await;
        world
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self) -> PathBuf {
        self.data().join(FILE)
    }

    async fn engine(&self, now: &str) -> Engine {
        let checks = config::read_checks(CHECKS, Path::new(""), &self.agreement).checks.unwrap();
        let settings = Settings {
            revisions: Revisions::one(self.agreement.clone(), Digest::of(&[AGREEMENT.as_bytes()])),
            checks,
            flush_every: Millis(60_000),
            clock: Clock::manual(at(now)).0,
        };
        Engine::start(self.data(), settings).await.unwrap()
    }

    fn ledger(&self) -> Ledger {
        let now = Arc::clone(&self.now);
        Ledger::open(self.data(), Arc::new(move || Instant(now.load(Ordering::SeqCst)))).unwrap()
    }

    fn book(&self) -> Book {
        Reader::open(&self.path()).unwrap().book(Book::default(), Instant::MAX).unwrap()
    }

    /// Observes every ten minutes and flushes every day, from both vantage points; Osaka was away in May 2025.
    async fn observe(&self) {
        let ledger = self.ledger();
        let mut book = self.book();
        let mut recorders = ["tokyo-1", "osaka"].map(|name| (name, Recorder::new(VantageId::parse(name).unwrap())));
        let mut instant = at(BEGIN) + STEP;
        while instant < at(END) {
            let is_away =
                |name| name == "osaka" && (at("2025-05-03T00:00:00Z")..at("2025-05-20T00:00:00Z")).contains(&instant);
            for (name, recorder) in recorders.iter_mut().filter(|(name, _)| !is_away(*name)) {
                recorder.observe(&series(name), Staleness::After(Millis(1_300_000)), instant, truth(instant));
                if (instant - at(BEGIN)).0 % DAY.0 == STEP.0 {
                    let snapshot = recorder.snapshot(&book.fold, instant).unwrap();
                    self.append(&ledger, &mut book, measurement(name, &snapshot.segment), instant).await;
                    recorder.recorded(&snapshot);
                }
            }
            if [at("2025-02-10T06:00:00Z"), at("2025-07-04T12:00:00Z")].contains(&instant) {
                self.append(&ledger, &mut book, evidence(instant), instant).await;
            }
            instant = instant + STEP;
        }
    }

    async fn append(&self, ledger: &Ledger, book: &mut Book, new: NewFact, now: Instant) {
        self.now.store(now.0, Ordering::SeqCst);
        ledger.append(vec![new]).await.unwrap();
        *book = ledger.reader().unwrap().book(std::mem::take(book), Instant::MAX).unwrap();
    }

    /// The statement of a month as its rows.
    fn rows(&self, history: &History, month: &str, known: Instant) -> Vec<Row> {
        self.statement(history, month, known).rows
    }

    fn statement(&self, history: &History, month: &str, known: Instant) -> Statement {
        let period = Zone::utc().month_of(at(&format!("{month}-01T00:00:00Z")));
        let request = Request { period, as_known_at: known, customers: Customers::Nobody };
        evaluate(std::slice::from_ref(&self.agreement), history, &request).unwrap()
    }
}

fn measurement(vantage: &str, segment: &uphold_core::ledger::segment::Segment) -> NewFact {
    let bytes = segment.encode();
    let fact = Measurement {
        id: FactId::parse(&format!("m-{vantage}-{}", segment.through().0)).unwrap(),
        by: format!("server:{vantage}"),
        vantage: segment.vantage().clone(),
        through: segment.through(),
        segment: Digest::of(&[&bytes]),
        runs: segment.runs().len() as u64,
    };
    NewFact { fact: Fact::Measurement(fact), segment: Some(bytes) }
}

fn evidence(instant: Instant) -> NewFact {
    let fact = Evidence {
        id: FactId::parse(&format!("e-{}", instant.0)).unwrap(),
        by: "server:tokyo-1".to_owned(),
        series: series("tokyo-1"),
        at: instant,
        state: Observed::Down,
        cause: "connection refused".to_owned(),
        took: Took::default(),
        files: vec![File { digest: Digest::of(&[b"gone"]), media: Media::Json, bytes: 4 }],
    };
    NewFact { fact: Fact::Evidence(fact), segment: None }
}

fn picture(handle: &Handle) -> Arc<Live> {
    handle.live.borrow().clone()
}

async fn tell(engine: &mut Engine, handle: &Handle, facts: Vec<NewFact>) {
    let (reply, answer) = oneshot::channel();
    handle.tell.send(Append { facts, reply }).await.unwrap();
    engine.serve_waiting().await.unwrap();
    answer.await.unwrap().unwrap();
}

/// Freezes every month that is closed, but for those named.
async fn freeze(engine: &mut Engine, handle: &Handle, but: &[&str]) {
    let live = picture(handle);
    for period in closing::closed(&live).iter().filter(|period| !but.contains(&period.name.as_str())) {
        let facts = closing::due(&live, period, "server:tokyo-1");
        if !facts.is_empty() {
            tell(engine, handle, facts).await;
        }
    }
}

/// Asks as the daily task does, and waits until it is done.
async fn retain(engine: &mut Engine, handle: &Handle) -> Option<Plan> {
    let live = picture(handle);
    let before = limit(&Known::from(&*live), at(END) - Millis(DAY.0 * 400)).before;
    let (reply, answer) = oneshot::channel();
    let by = "server:tokyo-1".to_owned();
    handle.erase.send(Erase { limit: before, by, why: "the retention policy".to_owned(), reply }).await.unwrap();
    engine.finish_erasing().await.unwrap();
    answer.await.unwrap().unwrap()
}

const CUT: &str = "2025-03-01T00:10:00.001Z";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_erased_and_everything_younger_stays_exactly_what_it_was() {
    let world = World::new().await;
    let mut engine = world.engine(END).await;
    let handle = engine.handle();
    freeze(&mut engine, &handle, &[]).await;
    let before = picture(&handle);
    let root = Reader::open(&world.path()).unwrap().head().unwrap();

    let snapshot = world.data().join(SNAPSHOT_FILE);
    std::fs::write(&snapshot, "what was known before").unwrap();
    let done = retain(&mut engine, &handle).await.expect("two months can go");
    assert_eq!(done.before, at(CUT));
    assert!(!snapshot.exists(), "it knows what was erased");
    let kinds: Vec<(FactKind, u64)> = done.parts.iter().map(|part| (part.kind, part.count)).collect();
    // January and February from both vantage points, and one piece of evidence.
    assert_eq!(kinds, [(FactKind::Measurement, 118), (FactKind::Evidence, 1)]);

    // The live picture is that of the ledger as it is now, read anew.
    let live = picture(&handle);
    assert_eq!(*live.history, world.book().history());
    assert_eq!(live.history.erased_before(), Some(at(CUT)));
    assert_eq!(live.statement.rows, before.statement.rows);
    // Every leaf is where it was.
    let reader = Reader::open(&world.path()).unwrap();
    let mut frontier = uphold_core::ledger::tree::Frontier::default();
    reader
        .hashes(0..root.size, |_, hash| {
            frontier.append(hash);
            Ok(())
        })
        .unwrap();
    assert_eq!(frontier.root(), root.root);
    let report = verify(&world.path(), &mut |_, _| {}).unwrap();
    assert_eq!((report.problems, report.erased, report.erasures.len()), (Vec::new(), 119, 2));
    assert!(report.erasures.iter().all(|erased| erased.left == 0));

    for month in closing::closed(&before) {
        let rows = |live: &Live| world.rows(&live.history, &month.name, live.as_known_at);
        if month.interval.from() >= at(CUT) {
            assert_eq!(rows(&live), rows(&before), "{}", month.name);
        } else {
            let json = rows(&live)[0].reasons.iter().map(|reason| reason.text()).collect::<Vec<_>>().join("\n");
            assert!(json.contains(&format!("what was observed was erased at {}", at(END))), "{}: {json}", month.name);
        }
    }
    // March lost its first minutes and keeps its outage from there, although it began and was confirmed in February.
    let march = world.statement(&live.history, "2025-03", live.as_known_at).to_json_text(&inputs());
    let march: serde_json::Value = serde_json::from_str(&march).unwrap();
    let seconds = &march["commitments"][0]["seconds"];
    assert_eq!((seconds["down"].as_str(), seconds["unknown"].as_str()), (Some("17399.999"), Some("600.001")));

    // Nothing is frozen again because of it, and nothing is left to erase.
    assert!(closing::closed(&live).iter().all(|month| closing::due(&live, month, "server:tokyo-1").is_empty()));
    assert_eq!(retain(&mut engine, &handle).await, None);
}

/// The agreement until the year of the erasing, and another revision from then on.
fn two_revisions(agreement: &Agreement) -> Revisions {
    let change = at("2026-01-01T00:00:00Z");
    let (mut one, mut two) = (agreement.clone(), agreement.clone());
    one.valid = Interval::new(one.valid.from(), change).unwrap();
    two.valid = Interval::new(change, Instant::MAX).unwrap();
    two.revision = "2".to_owned();
    two.takes_effect = Some(Stated { value: TakesEffect::AtOnce, origin: Origin::Contract });
    two.mid_period = Some(Stated { value: MidPeriod::Split, origin: Origin::Contract });
    Revisions::new(vec![(one, Digest::of(&[b"one"])), (two, Digest::of(&[b"two"]))]).unwrap()
}

fn inputs() -> uphold_core::statement::Inputs {
    uphold_core::statement::Inputs { digest: String::new(), lines: 0, skipped: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_statement_or_an_incident_still_needs_stays() {
    let world = World::new().await;
    let mut engine = world.engine(END).await;
    let handle = engine.handle();
    let wanted = at(END) - Millis(DAY.0 * 400);
    let held = |live: &Live| limit(&Known::from(live), wanted);
    let needs = held(&picture(&handle));
    assert_eq!(needs.held[0].1, Need::Unfrozen("2025-01".to_owned()));
    // Also when another revision is in force by now: what the first one judged is not frozen either.
    let mut later = Live::clone(&picture(&handle));
    later.revisions = two_revisions(&world.agreement);
    later.agreement = Arc::clone(later.revisions.in_force(later.as_known_at));
    assert_eq!((&*later.agreement.revision, held(&later)), ("2", needs));
    assert_eq!(retain(&mut engine, &handle).await, None);

    freeze(&mut engine, &handle, &["2026-03"]).await;
    // March 2026 may reach back a year, into the first of what is old enough.
    let needs = held(&picture(&handle));
    assert_eq!((needs.before, needs.held.len()), (at("2025-02-28T00:00:00Z"), 1));
    let done = retain(&mut engine, &handle).await.expect("January can go");
    assert_eq!(done.before, at("2025-02-01T00:10:00.001Z"));

    freeze(&mut engine, &handle, &[]).await;
    assert_eq!(held(&picture(&handle)), uphold::operate::retention::Limit { before: wanted, held: Vec::new() });
    let line = r#"{"type":"incident","id":"i-1","scope":{"solution":"shop"},"from":"2025-02-10T06:00:00Z","until":null,"cause":"unforeseen"}"#;
    let record = Record {
        id: FactId::parse("told-1").unwrap(),
        by: "token:ops".to_owned(),
        why: "it is not over".to_owned(),
        line: line.to_owned(),
        customer: None,
    };
    tell(&mut engine, &handle, vec![NewFact { fact: Fact::Record(record), segment: None }]).await;
    let needs = held(&picture(&handle));
    let id = FactId::parse("i-1").unwrap();
    assert_eq!(needs.held, [(at("2025-02-10T06:00:00Z"), Need::Incident(id))]);
    assert_eq!(retain(&mut engine, &handle).await, None, "February is needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vantage_point_that_was_away_holds_the_cut_at_its_last_key_frame() {
    let world = World::new().await;
    let reader = Reader::open(&world.path()).unwrap();
    let before = |limit: &str| plan(&reader, at(limit)).unwrap().map(|plan| plan.before.to_string());
    // Osaka had no flush from the 3rd to the 20th of May, so its frame of May is that of the first.
    assert_eq!(before("2025-05-15T00:00:00Z").as_deref(), Some("2025-05-01T00:10:00.001Z"));
    assert_eq!(before("2025-02-01T00:10:00.001Z").as_deref(), Some("2025-02-01T00:10:00.001Z"));
    // One instant earlier the frame speaks of what must stay. The first flush of all is a frame, with nothing before it.
    assert_eq!(before("2025-02-01T00:10:00Z"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasing_that_was_cut_short_is_finished_at_the_next_start_and_a_bundle_still_proves_its_statement() {
    let world = World::new().await;
    let mut engine = world.engine(END).await;
    let handle = engine.handle();
    freeze(&mut engine, &handle, &[]).await;
    let frozen = picture(&handle).statements.len();
    drop((engine, handle));
    let july = |known: Book| world.statement(&known.history(), "2025-07", at("2025-08-01T00:00:00Z")).figures();
    let in_august = || Reader::open(&world.path()).unwrap().book(Book::default(), at("2025-08-01T00:00:00Z")).unwrap();
    let whole = july(in_august());
    let cut = plan(&Reader::open(&world.path()).unwrap(), at("2025-03-06T00:00:00Z")).unwrap().unwrap();
    let facts = cut.facts("cli", "a test", at(END));
    // Killed after the first fact was recorded and nothing was deleted yet.
    let Fact::Erasure(first) = &facts[0].fact else { panic!("{facts:?}") };
    assert_eq!((first.kind, first.before, first.until), (FactKind::Measurement, Some(at(CUT)), cut.until));
    world.now.store(at(END).0, Ordering::SeqCst);
    world.ledger().append(facts[..1].to_vec()).await.unwrap();
    let report = verify(&world.path(), &mut |_, _| {}).unwrap();
    assert_eq!((report.problems.len(), report.erased, report.erasures[0].left), (0, 0, 118));
    drop(world.engine(END).await);
    let report = verify(&world.path(), &mut |_, _| {}).unwrap();
    assert_eq!((report.problems.len(), report.erased, report.erasures[0].left), (0, 118, 0));

    let data = world.data().to_str().unwrap();
    assert!(stdout(["ledger", "verify", "--data", data]).contains("118 facts `measurement` of places 0 to "));
    Signer::open(world.data(), None).unwrap().sign(&Reader::open(&world.path()).unwrap()).unwrap();
    let key = stdout(["ledger", "key", "--data", data]);
    for (month, down) in [("2025-07", "\"down\": \"3000\""), ("2025-02", "\"down\": \"0\"")] {
        let bundle = world.data().join(format!("{month}.bundle"));
        let (bundle, text) = (bundle.to_str().unwrap(), world.data().join("statement.json"));
        stdout(["export", "bundle", "--data", data, "--period", month, bundle]);
        let proved = stdout(["verify", bundle, "--key", key.trim(), "--statement", text.to_str().unwrap()]);
        let says = "what 118 facts `measurement` said: erased at 2026-04-10T00:00:00Z, a test (cli); what was observed \
                    before 2025-03-01T00:10:00.001Z is unknown";
        assert!(proved.contains(says), "{proved}");
        let text = std::fs::read_to_string(text).unwrap();
        assert!(text.contains(down), "{month}: {text}");
    }
    // The statements that were frozen while everything was there are still there, with their texts.
    let book = world.book();
    assert_eq!(book.statements.len(), frozen);
    let reader = Reader::open(&world.path()).unwrap();
    assert!(book.statements.iter().all(|frozen| reader.text(frozen.fact.text).unwrap().is_some()));
    // And an export judges as the ledger does.
    let (agreement, history) = (world.data().join("agreement.toml"), world.data().join("history.jsonl"));
    std::fs::write(&agreement, AGREEMENT).unwrap();
    let (agreement, history) = (agreement.to_str().unwrap(), history.to_str().unwrap());
    stdout(["export", "history", "--data", data, "--output", history]);
    let known = book.recorded_at.unwrap();
    let (known, whole_history) = (known.to_string(), book.history());
    for month in ["2025-02", "2025-03", "2025-07"] {
        let args = ["evaluate", "--agreement", agreement, "--history", history, "--period", month, "--format", "json"];
        let told: serde_json::Value =
            serde_json::from_str(&stdout([&args[..], &["--as-known-at", &known]].concat())).unwrap();
        let ours = world.statement(&whole_history, month, at(&known)).to_json(&inputs());
        assert_eq!(told["commitments"], ours["commitments"], "{month}");
    }
    // What was known in February cannot be said any more, and what was known in August can.
    let known = |time: &str| reader.book(Book::default(), at(time));
    assert!(matches!(known("2025-02-15T00:00:00Z"), Err(BookError::Erased { .. })));
    assert_eq!(in_august().history().erased_before(), Some(at(CUT)));
    assert_eq!(july(in_august()), whole);
    assert_interface_refuses(&world, agreement);
}

/// The interface says of an instant in erased time that nobody can say what was known then.
fn assert_interface_refuses(world: &World, agreement: &str) {
    let checks = world.data().join("checks.toml");
    std::fs::write(&checks, CHECKS).unwrap();
    let secret = Tokens::of(world.data()).create("ops", &Scope::FREE, Instant(0)).unwrap();
    let server = Server::start(world.data(), Path::new(agreement), &checks);
    let bearer = format!("Bearer {secret}");
    let asked = |path: &str| request_with(server.address, "GET", path, &[("Authorization", &bearer)], "").unwrap();
    let (status, body) = asked("/api/v1/statement?as_known_at=2025-02-15T00:00:00Z");
    assert!(status == 410 && body.contains("knowledge-erased") && body.contains("erased at 2026-04-10"), "{body}");
    let (status, body) = asked("/api/v1/statement?period=2025-07&as_known_at=2025-08-01T00:00:00Z");
    assert!(status == 200 && body.contains("\"down\": \"3000\""), "{body}");
    // The statement of an erased month is unknown now, and points at what was frozen while it was known.
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    let host = server.address;
    write!(stream, "GET /api/v1/statement?period=2025-02 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let link = answer.lines().find_map(|line| line.strip_prefix("link: <")).expect("it names the frozen one");
    let (frozen, relation) = link.split_once('>').unwrap();
    assert_eq!(relation.trim_end(), "; rel=\"memento\"");
    let (status, body) = asked(frozen);
    assert!(status == 200 && body.contains("\"2025-02\"") && !body.contains("was erased"), "{frozen}: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_is_erased_with_its_corrections_and_never_what_others_refer_to() {
    let world = World::new().await;
    let mut engine = world.engine(END).await;
    let handle = engine.handle();
    let record = |id: &str, line: &str| NewFact {
        fact: Fact::Record(Record {
            id: FactId::parse(id).unwrap(),
            by: "token:ops".to_owned(),
            why: "told by a person whose name is Taro".to_owned(),
            line: line.to_owned(),
            customer: None,
        }),
        segment: None,
    };
    let incident = r#"{"type":"incident","id":"i-1","scope":{"solution":"shop"},"from":"2025-07-04T12:00:00Z","until":"2025-07-04T13:00:00Z","cause":"unforeseen"}"#;
    let correction = r#"{"type":"correction","id":"c-1","of":"i-1","set":{"cause":"Taro"},"why":"asked Taro"}"#;
    let notice = r#"{"type":"notice","id":"n-1","about":{"id":"i-1"},"kind":"incident","channel":"page","customer":"public","published_at":"2025-07-04T12:10:00Z"}"#;
    let facts = vec![record("told-1", incident), record("told-2", correction), record("told-3", notice)];
    tell(&mut engine, &handle, facts).await;
    drop((engine, handle));
    let data = world.data().to_str().unwrap();
    let says = |args: &[&str], code: i32, says: &str| {
        let output = uphold([&["ledger", "erase", "--data", data], args].concat()).output().unwrap();
        let said = text(&output);
        assert_eq!((output.status.code(), said.contains(says)), (Some(code), true), "{args:?}: {said}");
    };
    says(&["--fact", "told-1", "--why", "a name"], 1, "`told-3`, refers to it and would make no sense");
    says(&["--fact", "told-9", "--why", "a name"], 1, "the ledger has no such fact");
    let any = world.book();
    assert_eq!(any.records.len(), 3);
    says(&["--fact", "m-tokyo-1-1735690200000", "--why", "x"], 1, "only what was told can be erased alone");
    says(&["--fact", "told-3"], 2, "--why");
    says(&["--fact", "told-3", "--dry-run"], 0, "would erase 1 fact of the record");
    assert_eq!(world.book().records.len(), 3, "a dry run changes nothing");
    says(&["--fact", "told-3", "--why", "a name"], 0, "erased 1 fact; their leaves stay");
    says(&["--fact", "told-1", "--why", "a name"], 0, "erased 2 facts; their leaves stay");
    assert_eq!(world.book().records.len(), 0);
    assert_eq!(verify(&world.path(), &mut |_, _| {}).unwrap().problems, []);
    // The bytes are gone, and not only out of sight.
    for file in [FILE, "ledger.db-wal"] {
        let bytes = std::fs::read(world.data().join(file)).unwrap_or_default();
        assert!(!bytes.windows(4).any(|window| window == b"Taro"), "{file}");
    }
    // A server that has the folder open is named.
    let engine = world.engine(END).await;
    says(&["--before", "2025-03-06T00:00:00Z", "--dry-run"], 0, "held from");
    says(&["--fact", "told-3", "--why", "x"], 1, "has no such fact");
    drop(engine);
}

#[tokio::test]
async fn the_policy_is_applied_once_a_day_and_only_where_there_is_one() {
    let live = Arc::new(live(Story::Grown, noon()));
    let kept = Millis(DAY.0 * 400);
    let (shown, seen) = watch::channel(Arc::clone(&live));
    let (policy, asked) = watch::channel(Retention::default());
    let (erase, mut requests) = mpsc::channel(1);
    tokio::time::pause();
    let task = tokio::spawn(uphold::operate::retention::retain(seen, asked, erase, "server:local".to_owned()));
    let day = std::time::Duration::from_secs(86_400);
    assert!(tokio::time::timeout(day, requests.recv()).await.is_err(), "nothing is erased unless it is said");
    policy.send_replace(Retention { measurements: Some(kept) });
    let request = tokio::time::timeout(day, requests.recv()).await.unwrap().unwrap();
    assert_eq!(request.limit, limit(&Known::from(&*live), live.as_known_at - kept).before);
    assert_eq!(
        (request.by.as_str(), request.why.as_str()),
        ("server:local", "the retention policy: measurements 400d")
    );
    request.reply.send(Ok(None)).unwrap();
    assert!(tokio::time::timeout(day, requests.recv()).await.is_err(), "the day is the picture's");
    shown.send_replace(Arc::new(Live { as_known_at: live.as_known_at + DAY, ..(*live).clone() }));
    let request = tokio::time::timeout(day, requests.recv()).await.unwrap().unwrap();
    assert_eq!(request.limit, limit(&Known::from(&*live), live.as_known_at - kept).before, "September is not frozen");
    drop((request, requests));
    task.await.unwrap();
}

#[tokio::test]
async fn a_row_of_which_no_fact_speaks_is_never_deleted() {
    let world = World::new().await;
    let ledger = world.ledger();
    let reader = ledger.reader().unwrap();
    let first = reader.read(0..20).unwrap();
    let place = first.iter().find(|entry| entry.leaf.kind == FactKind::Measurement).unwrap().leaf.seq;
    let erasure = Erasure {
        id: FactId::parse("erasure-1").unwrap(),
        by: "cli".to_owned(),
        why: "a test".to_owned(),
        kind: FactKind::Measurement,
        from: place,
        until: place + 1,
        count: 1,
        before: Some(at(BEGIN) + DAY),
    };
    let new = NewFact { fact: Fact::Erasure(erasure.clone()), segment: None };
    let receipt = ledger.append(vec![new]).await.unwrap().remove(0);
    let erased = |fact: &Erasure, seq| uphold_core::ledger::erase::Erased {
        seq,
        recorded_at: receipt.recorded_at,
        fact: fact.clone(),
    };
    // The fact that is recorded counts, and not what whoever asks says of it.
    let wider = Erasure { until: place + 3, ..erasure.clone() };
    let error = ledger.erase(&erased(&wider, receipt.seq)).await.unwrap_err();
    assert!(error.to_string().contains("does not say that fact"), "{error}");
    let error = ledger.erase(&erased(&erasure, receipt.seq - 1)).await.unwrap_err();
    assert!(error.to_string().contains("does not say that anything was erased"), "{error}");
    assert_eq!(ledger.erase(&erased(&erasure, receipt.seq)).await.unwrap(), 1);
    assert_eq!(ledger.erase(&erased(&erasure, receipt.seq)).await.unwrap(), 0, "done again it does nothing");
    assert!(ledger.reader().unwrap().read(place..place + 1).unwrap()[0].payload.is_none());
}
