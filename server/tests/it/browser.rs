//! The demo as a person sees it: in a real browser, through its own pages.
//!
//! Needs Debian's `chromium` and `chromium-driver`. Where they are missing the test says so and is skipped; `CI=true` makes
//! that a failure.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use uphold::clock::Clock;
use uphold_core::time::Instant;

use crate::program::{request, stdout, uphold};

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A process that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One browser, driven by the W3C WebDriver protocol.
pub(crate) struct Browser {
    driver: SocketAddr,
    session: String,
    _process: Running,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let driver = free_address();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={}", driver.port())).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Running(command.spawn().unwrap());
        wait(|| request(driver, "GET", "/status", "").is_ok_and(|(status, _)| status == 200).then_some(()));
        let profile = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = [
            "headless=new",
            "no-sandbox",
            "disable-gpu",
            "disable-quic",
            "no-first-run",
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
            "disable-dev-shm-usage",
            "window-size=1280,1000",
        ]
        .map(|arg| format!("--{arg}"))
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": args}}}});
        let (status, body) = request(driver, "POST", "/session", &wanted.to_string()).unwrap();
        assert_eq!(status, 200, "{body}");
        let session: Value = serde_json::from_str(&body).unwrap();
        let session = session["value"]["sessionId"].as_str().unwrap().to_owned();
        Self { driver, session, _process: process, _profile: profile }
    }

    pub(crate) fn command(&self, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}/{path}", self.session);
        let (status, answer) = request(self.driver, "POST", &path, &body.to_string()).unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        serde_json::from_str::<Value>(&answer).unwrap()["value"].take()
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    pub(crate) fn script(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    pub(crate) fn click(&self, selector: &str) {
        let found = self.command("element", &json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.command(&format!("element/{id}/click"), &json!({}));
    }

    /// Presses keys one after the other, as a person at a keyboard does.
    pub(crate) fn press(&self, keys: &str) {
        let both = |key: char| ["keyDown", "keyUp"].map(|act| json!({ "type": act, "value": key.to_string() }));
        let actions: Vec<Value> = keys.chars().flat_map(both).collect();
        self.command("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    /// Presses Tab until an element has the focus.
    pub(crate) fn tab_to(&self, selector: &str) {
        let is_there = format!("return document.activeElement === document.querySelector({})", json!(selector));
        for _ in 0..30 {
            if self.script(&is_there) == json!(true) {
                return;
            }
            self.press(TAB);
        }
        panic!("`{selector}` cannot be reached by keyboard");
    }

    /// What stands at the head of the page about who is signed in.
    pub(crate) fn head(&self) -> String {
        let head = self.script("return document.querySelector('.me')?.innerText ?? ''");
        head.as_str().unwrap().to_owned()
    }

    /// Runs a script that hands its result to its last argument.
    pub(crate) fn script_that_waits(&self, script: &str) -> Value {
        self.command("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Asks the browser itself for something.
    pub(crate) fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// What a person reads on the page.
    pub(crate) fn text(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap().to_owned()
    }

    /// What clause 4(g) says, and the state of its mark.
    fn says(&self) -> (String, String) {
        let found = self.script(
            "const e = document.querySelector('#clause-4g .says-large');
             return e ? [e.innerText, e.querySelector('.mark').classList[1]] : ['', ''];",
        );
        (found[0].as_str().unwrap().to_owned(), found[1].as_str().unwrap().to_owned())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without it the browser would outlive its driver.
        let _ = request(self.driver, "DELETE", &format!("/session/{}", self.session), "");
    }
}

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Waits until there is something. A test that waits for what never comes fails after a minute.
pub(crate) fn wait<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = ready() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("waited for a minute in vain");
}

/// Whether there is a browser to test with. Where there is none a test says that it is skipped; in continuous integration it
/// fails.
pub(crate) fn has_browser() -> bool {
    let is_there = installed("chromedriver") && installed("chromium");
    if !is_there {
        assert!(std::env::var_os("CI").is_none(), "chromium or chromedriver is missing");
        eprintln!("skipped: chromium or chromedriver is missing");
    }
    is_there
}

/// Starts a demo, and waits until it has printed its last address: of its first start the link for the first operator.
pub(crate) fn demo(data: &Path, listen: SocketAddr, sample: SocketAddr, more: &[&str]) -> (Running, Option<String>) {
    let is_first = !data.join("ledger.db").exists();
    let mut command = uphold(["demo", "--listen", &listen.to_string(), "--sample", &sample.to_string()]);
    let command = command.args(more).arg("--data").arg(data).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Running(command.spawn().unwrap());
    let mut printed = BufReader::new(process.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let wanted = if is_first { "/join/".to_owned() } else { format!("http://{listen}/") };
    let line = printed.find(|line| line.contains(&wanted)).unwrap();
    // What it prints later must find a reader.
    std::thread::spawn(move || printed.count());
    (process, is_first.then(|| line.trim().to_owned()))
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_part_that_is_broken_and_mended_shows_on_open_pages_in_both_languages() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (listen, sample) = (free_address(), free_address());
    let (_demo, link) = demo(folder.path(), listen, sample, &["--no-past"]);
    let link = link.unwrap();

    let (english, japanese, control) = (Browser::start(), Browser::start(), Browser::start());
    english.open(&format!("http://{listen}/?lang=en"));
    japanese.open(&format!("http://{listen}/?lang=ja"));
    control.open(&format!("http://{sample}/control"));
    let pages = [&english, &japanese];
    for page in pages {
        wait(|| (page.says().1 == "up").then_some(()));
        // A reload would forget this.
        page.script("window.neverReloaded = true;");
    }
    let clock = Clock::system();
    for (mode, state, words) in [("down", "down", ["API has been down", "停止"]), ("up", "up", ["", ""])] {
        control.click(&format!("#api button[value={mode}]"));
        let from = clock.monotonic();
        for (page, words) in pages.iter().zip(words) {
            let (text, _) = wait(|| Some(page.says()).filter(|(_, mark)| mark == state));
            assert!(text.contains(words), "{text}");
            eprintln!("{mode}: on the page after {}", clock.monotonic() - from);
        }
    }
    for page in pages {
        assert_eq!(page.script("return window.neverReloaded === true"), json!(true));
    }
    a_timeline_is_zoomed_by_keyboard_and_keeps_its_place(&english, listen, &link);
    the_figure_is_right(listen, folder.path());
}

/// The timeline of the check that was broken: reached and zoomed by keys, then left open while the ledger grows.
fn a_timeline_is_zoomed_by_keyboard_and_keeps_its_place(page: &Browser, listen: SocketAddr, link: &str) {
    page.open(link);
    page.press(&format!("alice{TAB}korrekt pferd batterie{TAB}korrekt pferd batterie{ENTER}"));
    wait(|| page.head().contains("Signed in as alice").then_some(()));
    page.open(&format!("http://{listen}/checks/api?last=hour"));
    let span = || {
        let found =
            page.script("const t = document.getElementById('timeline'); return [t.dataset.from, t.dataset.until];");
        let number = |place: usize| found[place].as_str().unwrap().parse::<i64>().unwrap();
        (number(0), number(1))
    };
    let has_focus = || page.script("return document.activeElement.id === 'timeline'") == json!(true);
    assert!(!has_focus());
    page.script("document.getElementById('timeline').focus();");
    let mut length = span().1 - span().0;
    assert_eq!(length, 3_600_000);
    for (key, factor) in [("+", 2), ("+", 2), ("-", 1)] {
        page.press(key);
        length = if factor == 2 { length / 2 } else { length * 2 };
        wait(|| (span().1 - span().0 == length && has_focus()).then_some(()));
    }
    // Left: earlier by half of it.
    let before = span();
    page.press("\u{E012}");
    wait(|| (span() == (before.0 - length / 2, before.1 - length / 2) && has_focus()).then_some(()));
    // What is recorded meanwhile changes the page, and not what it shows.
    let shown = span();
    page.script("window.neverReloaded = true;");
    let known = || page.script("return document.getElementById('main').dataset.known;");
    let first = known();
    wait(|| (known() != first).then_some(()));
    assert_eq!((span(), has_focus()), (shown, true));
    assert_eq!(page.script("return window.neverReloaded === true"), json!(true));
    assert!(page.script("return location.search").as_str().unwrap().starts_with("?from="));
    // Its links lead to the same without a script.
    page.click(".zoom a[href*='last=minute'], .zoom a:last-of-type");
    wait(|| (span().1 - span().0 != length).then_some(()));
}

#[test]
fn the_first_operator_comes_in_and_out_by_keyboard_over_plain_http_on_this_machine() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (listen, sample) = (free_address(), free_address());
    let (_demo, link) = demo(folder.path(), listen, sample, &[]);
    let link = link.unwrap();
    let browser = Browser::start();
    browser.open(&link);
    // The name has the focus from the start.
    browser.press(&format!("alice{TAB}korrekt pferd batterie{TAB}korrekt pferd batterie{ENTER}"));
    wait(|| browser.head().contains("Signed in as alice").then_some(()));
    assert_eq!(browser.script("return document.cookie"), json!(""), "no script sees the session");
    browser.open(&link);
    assert!(browser.script("return document.body.innerText").as_str().unwrap().contains("not good any more"));
    // A session of one name of this machine is none of the other, and each keeps its own.
    let local = format!("http://localhost:{}", listen.port());
    browser.open(&format!("{local}/people"));
    browser.press(&format!("alice{TAB}korrekt pferd batterie{ENTER}"));
    wait(|| browser.head().contains("Signed in as alice").then_some(()));
    assert_eq!(browser.script("return location.pathname"), json!("/people"), "and led on to what was wanted");
    browser.tab_to(".me button");
    browser.press(ENTER);
    wait(|| browser.head().starts_with("Sign in").then_some(()));
    browser.open(&format!("http://{listen}/account"));
    assert!(browser.head().contains("Signed in as alice"));
    let sound = stdout(["ledger", "verify", "--data", folder.path().to_str().unwrap()]);
    assert!(sound.contains("every hash is right"), "{sound}");
}

/// The live downtime is what lies between the observations, and what an export says offline.
fn the_figure_is_right(listen: SocketAddr, folder: &Path) {
    let (status, body) = request(listen, "GET", "/api/v1/statement", "").unwrap();
    assert_eq!(status, 200);
    let live: Value = serde_json::from_str(&body).unwrap();
    let known = live["as_known_at"].as_str().unwrap();
    let data = folder.to_str().unwrap();
    let history = stdout(["export", "history", "--data", data, "--as-known-at", known]);
    let file = folder.join("history.jsonl");
    std::fs::write(&file, &history).unwrap();
    let agreement = folder.join("revisions");
    let period = live["period"]["name"].as_str().unwrap();
    let files = ["--agreement", agreement.to_str().unwrap(), "--history", file.to_str().unwrap()];
    let offline =
        stdout([&["evaluate", "--period", period, "--as-known-at", known, "--format", "json"], &files[..]].concat());
    let offline: Value = serde_json::from_str(&offline).unwrap();
    assert_eq!(offline["commitments"], live["commitments"]);

    let runs: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Two of the three vantage points decide.
    let second_of_api = |state: &str| {
        let mut last: BTreeMap<&str, &str> = BTreeMap::new();
        for run in runs.iter().filter(|run| run["check"] == "api" && run["state"] == state) {
            last.insert(run["vantage"].as_str().unwrap(), run["from"].as_str().unwrap());
        }
        let mut last: Vec<Instant> = last.values().map(|from| Instant::parse(from).unwrap()).collect();
        assert_eq!(last.len(), 3);
        last.sort();
        last[1]
    };
    let row = live["commitments"].as_array().unwrap().iter().find(|row| row["subject"] == "workload-security/api");
    assert_eq!(row.unwrap()["seconds"]["down"], (second_of_api("up") - second_of_api("down")).seconds());
}
