//! Alerts by webhook, from a picture to what the other side received: signatures, tries, order, crashes, languages.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sample::Story;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use uphold::clock::{Clock, ManualTime};
use uphold::clock_sync::{ClockSync, Why};
use uphold::config::alerts::{Alerts, read_alerts};
use uphold::live::Live;
use uphold::notify::{self, Board, FILE, Notifier, TRIES};
use uphold_core::agreement::{Language, Text};
use uphold_core::time::{Instant, Millis};

use crate::program::{root, text, uphold};
use crate::sample;

/// The secret of every webhook here: 24 bytes.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
const SECRET_BYTES: &[u8] = b"0123456789abcdef01234567";

/// What a receiver got.
#[derive(Debug, Clone)]
struct Got {
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        let found =
            self.head.lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    fn title(&self) -> String {
        self.json()["data"]["title"].as_str().unwrap().to_owned()
    }
}

/// A web server that remembers what it got, and answers what it is told to; 204 where it is told nothing.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { address, got: Arc::default(), answers: Arc::default() };
        let shared = receiver.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut raw = Vec::new();
                while let Some(part) = Some(stream.read_buf(&mut raw).await.unwrap()).filter(|read| *read > 0) {
                    let _ = part;
                    if whole(&raw) {
                        break;
                    }
                }
                let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
                let head = String::from_utf8(raw[..end].to_vec()).unwrap();
                shared.got.lock().unwrap().push(Got { head, body: raw[end + 4..].to_vec() });
                let answer = shared.answers.lock().unwrap().pop_front();
                let answer = answer.unwrap_or("204 No Content\r\n");
                let _ = stream.write_all(format!("HTTP/1.1 {answer}connection: close\r\n\r\n").as_bytes()).await;
            }
        });
        receiver
    }

    fn answer(&self, answers: &[&'static str]) {
        self.answers.lock().unwrap().extend(answers);
    }

    fn take(&self) -> Vec<Got> {
        std::mem::take(&mut self.got.lock().unwrap())
    }

    fn kinds(&self) -> Vec<String> {
        self.take().iter().map(Got::kind).collect()
    }
}

fn whole(raw: &[u8]) -> bool {
    let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    raw.len() >= end + 4 + length
}

/// HMAC-SHA256 (RFC 2104), written out from SHA-256: it shares nothing with the library that signs.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let sha256 = |parts: &[&[u8]]| -> [u8; 32] {
        use sha2::Digest as _;
        parts.iter().fold(sha2::Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
    };
    let opening = pad(0x36);
    let inner: Vec<&[u8]> = std::iter::once(&opening[..]).chain(parts.iter().copied()).collect();
    sha256(&[&pad(0x5c), &sha256(&inner)])
}

fn verify(got: &Got) {
    use base64::Engine as _;
    let (id, at) = (got.header("webhook-id").unwrap(), got.header("webhook-timestamp").unwrap());
    let mac = hmac(SECRET_BYTES, &[id.as_bytes(), b".", at.as_bytes(), b".", &got.body]);
    let expected = format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(mac));
    assert_eq!(got.header("webhook-signature"), Some(expected.as_str()));
}

/// A notifier over a picture that the test changes.
struct World {
    folder: tempfile::TempDir,
    clock: Clock,
    hand: Arc<ManualTime>,
    live: watch::Sender<Arc<Live>>,
    board: Board,
    file: String,
}

impl World {
    fn new(file: &str) -> Self {
        let (clock, hand) = Clock::manual(sample::noon());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        std::fs::write(folder.path().join("routing"), "R0UT1NG").unwrap();
        let live = watch::Sender::new(Arc::new(up()));
        let file = format!("base_url = \"https://sla.example.com\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n{file}");
        Self { folder, clock, hand, live, board: Board::default(), file }
    }

    fn of(receiver: &Receiver, more: &str) -> Self {
        Self::new(&channel("hook", receiver, more))
    }

    fn alerts(&self) -> Alerts {
        let reading = read_alerts(&self.file, self.folder.path(), None);
        reading.alerts.unwrap_or_else(|| panic!("{:#?}", reading.findings))
    }

    fn start(&self) -> Notifier {
        let alerts = self.alerts();
        let channels = alerts.channels.iter().map(|channel| notify::open(channel).unwrap()).collect();
        let live = self.live.subscribe();
        Notifier::start(self.folder.path(), alerts, channels, live, self.clock.clone(), self.board.clone())
    }

    fn show(&self, live: Live) {
        self.live.send_replace(Arc::new(live));
    }

    fn pass(&self, seconds: i64) {
        self.hand.pass(Millis(seconds * 1_000));
    }
}

fn channel(name: &str, receiver: &Receiver, more: &str) -> String {
    format!(
        "[[channel]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://{}/in\"\nsecret_file = \"secret\"\n{more}\n",
        receiver.address
    )
}

/// The API is down.
fn down() -> Live {
    sample::live(Story::Young, sample::noon())
}

/// Everything is up; the outage ended at noon and one minute.
fn up() -> Live {
    sample::live(Story::Young, sample::noon() + Millis(120_000))
}

async fn step(notifier: &mut Notifier) {
    notifier.step();
    notifier.settle().await;
}

#[tokio::test]
async fn an_outage_is_told_once_and_its_end_once_with_a_signature_that_holds() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    step(&mut notifier).await;
    assert_eq!(receiver.take().iter().map(Got::json).collect::<Vec<_>>(), Vec::<Value>::new(), "nothing is wrong");
    world.show(down());
    for _ in 0..5 {
        step(&mut notifier).await;
        world.pass(20);
    }
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    verify(&got[0]);
    let told = got[0].json();
    assert_eq!(told["type"], "alert.triggered");
    let data = &told["data"];
    assert_eq!(data["key"], "down/workload-security/api");
    assert_eq!((&data["kind"], &data["severity"]), (&Value::from("down"), &Value::from("page")));
    assert_eq!(data["url"], "https://sla.example.com/status");
    assert_eq!(data["since"], (sample::noon() - Millis(75_000)).to_string());
    assert!(data["commitments"][0]["figure"].as_str().unwrap().contains('%'), "{data}");
    let judged: Vec<_> =
        data["commitments"].as_array().unwrap().iter().map(|each| each["commitment"].clone()).collect();
    assert_eq!(judged, ["interface-availability", "service-availability"], "one outage is told once");

    world.show(up());
    step(&mut notifier).await;
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    verify(&got[0]);
    let over = got[0].json();
    assert_eq!(over["type"], "alert.resolved");
    assert_eq!(over["data"]["key"], "down/workload-security/api");
    assert_eq!(over["data"]["lasted_ms"], 135_000);
    assert!(got[0].title().ends_with("is up again"), "{}", got[0].title());
    world.pass(600);
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 0);
    let counts = world.board.shown().channels["hook"];
    assert_eq!((counts.sent, counts.failed, counts.waiting), (2, 0, 0));
}

#[tokio::test]
async fn each_channel_speaks_its_language() {
    let (english, japanese) = (Receiver::start().await, Receiver::start().await);
    let file = channel("en", &english, "") + &channel("ja", &japanese, "language = \"ja\"");
    let world = World::new(&file);
    let mut notifier = world.start();
    world.show(down());
    step(&mut notifier).await;
    let (en, ja) = (english.take().remove(0), japanese.take().remove(0));
    assert!(en.title().ends_with("is down"), "{}", en.title());
    assert!(ja.title().ends_with("が停止しています"), "{}", ja.title());
    for (got, words) in [(&en, ["Since ", "Clause 4(g)", "so far: "]), (&ja, ["から（", "4(g) 条項", "（現在まで）: "])]
    {
        let text = got.json()["data"]["text"].as_str().unwrap().to_owned();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    world.show(up());
    world.pass(60);
    step(&mut notifier).await;
    assert!(japanese.take()[0].title().ends_with("が復旧しました"));
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_with_the_same_id_and_body() {
    let receiver = Receiver::start().await;
    receiver.answer(&["500 Oops\r\n", "302 Found\r\nlocation: http://127.0.0.1:1/\r\n", "503 Busy\r\n"]);
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    world.show(down());
    for (number, pause) in TRIES[1..4].iter().enumerate() {
        step(&mut notifier).await;
        assert_eq!(receiver.got.lock().unwrap().len(), number + 1);
        world.hand.pass(Millis(pause.0 - 1));
        step(&mut notifier).await;
        assert_eq!(receiver.got.lock().unwrap().len(), number + 1, "it was tried too early");
        // At most a tenth is added so that many senders do not come at once.
        world.hand.pass(Millis(pause.0 / 10 + 1));
    }
    step(&mut notifier).await;
    let got = receiver.take();
    assert_eq!(got.len(), 4);
    got.iter().for_each(verify);
    assert!(
        got.iter().all(|each| each.header("webhook-id") == got[0].header("webhook-id") && each.body == got[0].body)
    );
    assert_ne!(got[0].header("webhook-timestamp"), got[3].header("webhook-timestamp"), "each try is dated");
    let counts = world.board.shown().channels["hook"];
    assert_eq!((counts.sent, counts.failed, counts.waiting), (1, 3, 0));
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it() {
    let receiver = Receiver::start().await;
    receiver.answer(&["429 Slow down\r\nretry-after: 900\r\n"]);
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    world.show(down());
    step(&mut notifier).await;
    world.pass(899);
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 1);
    world.pass(1);
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_gone_is_asked_no_more_until_the_next_start() {
    let receiver = Receiver::start().await;
    receiver.answer(&["410 Gone\r\n"]);
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    world.show(down());
    step(&mut notifier).await;
    assert!(world.board.shown().channels["hook"].disabled);
    for _ in 0..3 {
        world.pass(3_600);
        step(&mut notifier).await;
    }
    assert_eq!(receiver.kinds(), ["alert.triggered"]);
    drop(notifier);
    let mut notifier = world.start();
    step(&mut notifier).await;
    assert_eq!(receiver.kinds(), ["alert.triggered"], "after a restart it is told anew");
}

#[tokio::test]
async fn a_crash_neither_loses_a_message_nor_tells_it_under_another_id() {
    let receiver = Receiver::start().await;
    receiver.answer(&["500 Oops\r\n"]);
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    world.show(down());
    step(&mut notifier).await;
    // The process dies between two tries, without a farewell.
    drop(notifier);
    world.pass(60);
    let mut notifier = world.start();
    step(&mut notifier).await;
    let got = receiver.take();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    // And after it was taken: nothing is told twice, and the end is told.
    drop(notifier);
    let mut notifier = world.start();
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 0);
    drop(notifier);
    world.show(up());
    world.pass(60);
    let mut notifier = world.start();
    step(&mut notifier).await;
    assert_eq!(receiver.kinds(), ["alert.resolved"]);
}

#[tokio::test]
async fn a_message_that_was_under_way_at_a_crash_is_told_again_with_the_same_id() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    world.show(down());
    // What is written down before anything goes out is what a crash at that moment leaves.
    notifier.step();
    let left = std::fs::read(world.folder.path().join(FILE)).unwrap();
    notifier.settle().await;
    drop(notifier);
    std::fs::write(world.folder.path().join(FILE), left).unwrap();
    let mut notifier = world.start();
    step(&mut notifier).await;
    let got = receiver.take();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
}

#[tokio::test]
async fn a_disk_that_takes_nothing_keeps_nobody_from_being_told() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    // A folder stands where the file is written.
    std::fs::create_dir(world.folder.path().join("notifications.new")).unwrap();
    world.show(Live { not_recorded_since: Some(sample::noon()), ..up() });
    step(&mut notifier).await;
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].json()["data"]["kind"], "not-recorded");
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 0, "in one process it is told once");
}

#[tokio::test]
async fn an_outage_that_is_no_longer_observed_is_not_told_to_be_over() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "severities = [\"page\"]");
    let mut notifier = world.start();
    world.show(down());
    step(&mut notifier).await;
    assert_eq!(receiver.kinds(), ["alert.triggered"]);
    // Much later nothing was observed for hours.
    world.show(Live { as_known_at: sample::noon() + Millis(10_000_000), ..stale() });
    world.pass(600);
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 0);
    world.show(up());
    step(&mut notifier).await;
    assert_eq!(receiver.kinds(), ["alert.resolved"]);
}

/// A picture in which the last observations are old.
fn stale() -> Live {
    use uphold_core::interval::Interval;
    use uphold_core::timeline::State;
    let from = sample::noon() + Millis(1_000);
    let mut live = down();
    for line in &mut live.timelines {
        let gap = Interval::new(from, Instant::MAX).unwrap();
        line.timeline = line.timeline.overlay(&gap.into(), State::Unknown);
    }
    live
}

#[tokio::test]
async fn what_is_unknown_for_long_is_a_ticket_and_no_outage() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "solutions = [\"workload-security\"]");
    let mut notifier = world.start();
    world.show(Live { as_known_at: sample::noon() + Millis(300_999), ..stale() });
    step(&mut notifier).await;
    assert_eq!(receiver.take().len(), 0, "not for five minutes yet");
    world.show(Live { as_known_at: sample::noon() + Millis(301_000), ..stale() });
    // One message after the other goes to one channel.
    for _ in 0..9 {
        step(&mut notifier).await;
    }
    let got = receiver.take();
    assert!(!got.is_empty());
    for got in got {
        let data = &got.json()["data"];
        assert_eq!((&data["kind"], &data["severity"]), (&Value::from("unknown"), &Value::from("ticket")));
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_ticket_and_shown() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    let off = |by| ClockSync::NotSynchronised(Why::Off { server: "ntp.example".to_owned(), by: Millis(by) });
    assert!(world.board.set_clock(off(5_000), world.clock.now()));
    assert!(!world.board.set_clock(off(6_000), world.clock.now()), "the log is told once");
    step(&mut notifier).await;
    let got = receiver.take().remove(0);
    assert_eq!(got.json()["data"]["kind"], "clock-not-synchronised");
    let text = got.json()["data"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("it is 6s ahead of the time server ntp.example"), "{text}");
    world.board.set_clock(ClockSync::Synchronised("ntp.example".to_owned()), world.clock.now());
    world.pass(60);
    step(&mut notifier).await;
    assert_eq!(receiver.kinds(), ["alert.resolved"]);
}

#[tokio::test]
async fn names_cannot_add_a_line_or_markup() {
    let receiver = Receiver::start().await;
    let world = World::of(&receiver, "");
    let mut notifier = world.start();
    let mut live = down();
    let mut agreement = (*live.agreement).clone();
    let hostile = "API\r\nwebhook-id: evil\u{0}\u{1b}[31m";
    for interface in agreement.solutions.iter_mut().flat_map(|solution| solution.interfaces.iter_mut()) {
        interface.name = Text([(Language::En, hostile.to_owned())].into());
    }
    live.agreement = Arc::new(agreement);
    world.show(live);
    step(&mut notifier).await;
    let got = receiver.take().remove(0);
    verify(&got);
    assert!(!got.title().chars().any(char::is_control), "{:?}", got.title());
    assert!(got.title().contains("webhook-id: evil"), "it is a text and nothing else");
    assert_eq!(got.head.matches("webhook-id").count(), 1);
}

#[tokio::test]
async fn no_webhook_reaches_what_the_file_does_not_permit() {
    let receiver = Receiver::start().await;
    for (url, allow, why) in [
        (format!("http://{}/", receiver.address), "10.0.0.0/8", "127.0.0.1 is loopback and not in `egress.allow`"),
        (format!("http://localhost:{}/", receiver.address.port()), "10.0.0.0/8", "is loopback"),
        ("http://169.254.169.254/latest/".to_owned(), "0.0.0.0/0", "cloud metadata address, which is never permitted"),
        ("http://[::ffff:169.254.169.254]/".to_owned(), "::/0", "never permitted"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = format!(
            "[egress]\nallow = [\"{allow}\"]\n[[channel]]\nname = \"in\"\nkind = \"webhook\"\nbody = \"slack\"\nurl = \"{url}\"\n"
        );
        let path = folder.path().join("alerts.toml");
        std::fs::write(&path, file).unwrap();
        let output = tried(&path, &[]).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output).contains(why), "{url}: {}", text(&output));
    }
    assert_eq!(receiver.take().len(), 0);
}

/// What `uphold alerts test` says.
pub(crate) async fn tried(path: &Path, more: &[&str]) -> std::process::Output {
    let mut command = uphold(["alerts", "test", "--alerts"]);
    command.arg(path).args(more);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_test_command_says_what_each_side_answered() {
    let receiver = Receiver::start().await;
    receiver.answer(&["200 OK\r\ncontent-length: 2\r\n", "403 Forbidden\r\n"]);
    let world = World::new(&(channel("good", &receiver, "") + &channel("bad", &receiver, "language = \"ja\"")));
    let path = world.folder.path().join("alerts.toml");
    std::fs::write(&path, &world.file).unwrap();
    let output = tried(&path, &[]).await;
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("good (webhook): taken: HTTP 200") && said.contains("bad (webhook): not taken: HTTP 403"),
        "{said}"
    );
    assert!(said.contains("one channel did not take the message"), "{said}");
    let got = receiver.take();
    got.iter().for_each(verify);
    assert_eq!(got[0].kind(), "alert.test");
    assert_eq!(got[1].title(), "Uphold のテスト通知");
    assert!(tried(&path, &["--channel", "good"]).await.status.success());
    let unknown = text(&tried(&path, &["--channel", "goo"]).await);
    assert!(unknown.contains("the alerts file has no channel `goo`"), "{unknown}");
    std::fs::remove_file(world.folder.path().join("secret")).unwrap();
    let unread = text(&tried(&path, &[]).await);
    assert!(unread.contains("cannot use the channel `good`") && unread.contains("cannot read the secret"), "{unread}");
}

#[test]
fn check_reads_the_alerts_file_with_the_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.toml");
    let file = "[[channel]]\nname = \"c\"\nkind = \"webhook\"\nbody = \"slack\"\nurl = \"https://a.example/\"\nsolutions = [\"x\"]\n";
    std::fs::write(&path, file).unwrap();
    let mut command = uphold(["check"]);
    command.arg(root().join("examples/cloud-one/agreement.toml")).arg("--alerts").arg(&path);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("the agreement has no solution `x`"), "{}", text(&output));
}
