//! The browser probe with a real Chromium against small servers on loopback that behave in one way each.
//!
//! Needs Debian's `chromium` and `chromium-driver`. Where they are missing the tests say so and are skipped; `CI=true` makes
//! that a failure.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uphold_core::run::Observed;
use uphold_core::time::Instant;
use uphold_probe::browser::{BrowserCheck, BrowserSettings, Browsers, Credentials, SignIn};
use uphold_probe::egress::{Cidr, Egress};
use uphold_probe::outcome::{Cause, Evidence, Outcome, PageEvidence};
use uphold_probe::{Check, measure};

const PASSWORD: &str = "correct horse";

/// Long enough for a page that comes, on a machine that builds something beside.
const PATIENT: Duration = Duration::from_secs(60);

/// How long a page is given that never comes.
const SHORT: Duration = Duration::from_secs(4);

/// One test at a time: several browsers at once are slow on a small machine, and slow is what some of them are about.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Browsers of their own for a test; nothing where this machine has none.
struct World {
    _turn: Option<tokio::sync::MutexGuard<'static, ()>>,
    browsers: Arc<Browsers>,
    egress: Egress,
    site: SocketAddr,
    asked: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Option<Self> {
        let browsers = match Browsers::find(None, None, 1) {
            Ok(browsers) => Arc::new(browsers),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "{error}");
                eprintln!("skipped: {error}");
                return None;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        browsers.keep_in(&folder.path().join("browser")).unwrap();
        let egress = Egress::new(vec![Cidr::parse("127.0.0.1/32").unwrap()]);
        let asked = Arc::new(AtomicUsize::new(0));
        Some(Self {
            _turn: Some(TURN.lock().await),
            browsers,
            egress,
            site: serve(Arc::clone(&asked)).await,
            asked,
            folder,
        })
    }

    fn settings(&self, path: &str) -> BrowserSettings {
        BrowserSettings {
            url: format!("http://{}{path}", self.site),
            wait_for: "#ready".to_owned(),
            text: None,
            sign_in: None,
            assertions: Vec::new(),
            timeout: PATIENT,
        }
    }

    fn sign_in(&self, password: &str) -> SignIn {
        SignIn {
            user_field: "#user".to_owned(),
            password_field: "#password".to_owned(),
            submit: "button".to_owned(),
            origins: Vec::new(),
            credentials: Credentials::parse(&format!("ops\n{password}\n")).unwrap(),
        }
    }

    async fn look(&self, settings: BrowserSettings) -> Outcome {
        let check = BrowserCheck::new(settings, Arc::clone(&self.browsers)).unwrap();
        let outcome = measure(&Check::Browser(Box::new(check)), &self.egress, Instant(0)).await;
        // A profile goes with its browser.
        let left: Vec<_> = std::fs::read_dir(self.folder.path().join("browser")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(processes(self.folder.path()), Vec::<String>::new());
        outcome
    }
}

/// The processes whose command line names the folder.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(&folder)).collect()
}

fn page(outcome: &Outcome) -> &PageEvidence {
    match outcome.evidence.as_deref() {
        Some(Evidence::Page(page)) => page,
        other => panic!("{other:?}, {:?}", outcome.cause),
    }
}

async fn serve(asked: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asked = Arc::clone(&asked);
            tokio::spawn(async move {
                let _ = answer(stream, &asked).await;
            });
        }
    });
    address
}

const LOGIN: &str = "<title>sign in</title><form method=post action=/login><input id=user name=u>\
                     <input id=password type=password name=p><button>go</button></form>";

async fn answer(mut stream: TcpStream, asked: &AtomicUsize) -> std::io::Result<()> {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    let head = loop {
        let more = stream.read(&mut buffer).await?;
        read.extend_from_slice(&buffer[..more]);
        if let Some(end) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            break String::from_utf8_lossy(&read[..end]).into_owned();
        }
        if more == 0 {
            return Ok(());
        }
    };
    asked.fetch_add(1, Ordering::SeqCst);
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    if path == "/silent" {
        // The connection stays open, and nothing comes.
        return stream.read(&mut buffer).await.map(drop);
    }
    if path == "/endless" {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p id=other>").await?;
        loop {
            stream.write_all(&[b'x'; 1 << 16]).await?;
        }
    }
    let to = |to: &str| (302, format!("Location: {to}\r\n"), String::new());
    let html = |body: &str| (200, "Content-Type: text/html\r\n".to_owned(), body.to_owned());
    let (status, headers, body) = match path.as_str() {
        "/up" => html("<title>up</title><h1 id=ready>ready</h1><p>12 workloads</p>"),
        "/hidden" => html("<title>hidden</title><h1 id=ready style='display:none'>ready</h1><p>?code=7"),
        "/503" => (503, String::new(), "<h1>broken</h1>".to_owned()),
        "/alert" => html("<script>for (let i = 0; i < 3; i++) alert(i)</script><h1 id=ready>ready</h1>"),
        "/hang" => html("<h1>hang</h1><script>while (true) {}</script><h1 id=ready>ready</h1>"),
        "/download" => html("<a id=a href=/file.bin download>a</a><script>a.click()</script><h1 id=ready>ready</h1>"),
        "/file.bin" => (200, "Content-Disposition: attachment\r\n".to_owned(), "x".repeat(1 << 20)),
        "/to-file" => to("file:///etc/passwd"),
        "/script-to-file" => html("<title>s</title><script>location = 'file:///etc/passwd'</script><pre>stays</pre>"),
        "/frame-of-file" => {
            html("<title>f</title><iframe id=ready src='file:///etc/passwd' width=600></iframe><p>framed</p>")
        }
        "/to-metadata" => to("http://169.254.169.254/latest/meta-data/"),
        "/to-loopback" => to("http://127.0.0.2:8099/"),
        "/loop" => to("/loop"),
        "/sign-in" => html(LOGIN),
        "/sign-in-shown" => html(&LOGIN.replace("type=password", "")),
        "/login" => {
            let (_, body) = {
                while !String::from_utf8_lossy(&read).contains("p=") {
                    let more = stream.read(&mut buffer).await?;
                    read.extend_from_slice(&buffer[..more]);
                }
                ((), String::from_utf8_lossy(&read).into_owned())
            };
            if body.ends_with("u=ops&p=correct+horse") {
                html("<title>console</title><h1 id=ready>welcome</h1>")
            } else {
                html(&format!("<title>no, ops wrong battery</title><p>ops and wrong battery</p>{LOGIN}"))
            }
        }
        _ => (404, String::new(), String::new()),
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
    stream.write_all(answer.as_bytes()).await
}

#[tokio::test]
async fn a_page_that_shows_what_it_must_is_up_whatever_else_it_does() {
    let Some(world) = World::new().await else { return };
    for path in ["/up", "/alert", "/download"] {
        let outcome = world.look(world.settings(path)).await;
        assert_eq!((outcome.state, &outcome.cause), (Observed::Up, &Cause::Shown), "{path}");
        assert!(outcome.evidence.is_none() && outcome.phases.total_us > 0);
    }
    let text = |text: &str| {
        let (text, timeout) = (Some(text.to_owned()), if text == "12 workloads" { PATIENT } else { SHORT });
        world.look(BrowserSettings { text, timeout, ..world.settings("/up") })
    };
    assert_eq!(text("12 workloads").await.cause, Cause::Shown);
    let missing = text("13 workloads").await;
    assert!(missing.state == Observed::Down && matches!(missing.cause, Cause::TextNotShown(_)), "{:?}", missing.cause);
}

#[tokio::test]
async fn a_page_that_does_not_show_it_is_down_with_its_picture() {
    let Some(world) = World::new().await else { return };
    let hidden = world.look(BrowserSettings { timeout: SHORT, ..world.settings("/hidden?code=7#x") }).await;
    // The page of that path with a query is not there: the status says so.
    assert_eq!((hidden.state, &hidden.cause), (Observed::Down, &Cause::Status(404)));
    let hidden = world.look(BrowserSettings { timeout: SHORT, ..world.settings("/hidden") }).await;
    assert_eq!(hidden.state, Observed::Down);
    assert_eq!(hidden.cause.to_string(), "the page did not show `#ready`");
    let kept = page(&hidden);
    assert_eq!((kept.url.as_str(), kept.title.as_str()), (&*format!("http://{}/hidden", world.site), "hidden"));
    assert!(kept.picture.as_ref().is_some_and(|picture| picture.len() > 1_000));

    let broken = world.look(BrowserSettings { timeout: SHORT, ..world.settings("/503") }).await;
    assert_eq!((broken.state, broken.cause), (Observed::Down, Cause::Status(503)));
    let looping = world.look(world.settings("/loop")).await;
    assert_eq!(looping.state, Observed::Down);
    assert!(looping.cause.to_string().contains("ERR_TOO_MANY_REDIRECTS"), "{}", looping.cause);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let closed = world.look(BrowserSettings { url: format!("http://{closed}/"), ..world.settings("/") }).await;
    assert_eq!((closed.state, closed.cause), (Observed::Down, Cause::ConnectionRefused));
}

#[tokio::test]
async fn a_page_that_never_ends_or_never_answers_is_down_in_time() {
    let Some(world) = World::new().await else { return };
    for path in ["/silent", "/hang"] {
        let outcome = world.look(BrowserSettings { timeout: SHORT, ..world.settings(path) }).await;
        assert_eq!(outcome.state, Observed::Down, "{path}: {}", outcome.cause);
    }
    // A page that floods us is cut off, or has not shown it when the time is up.
    let endless = world.look(BrowserSettings { timeout: SHORT, ..world.settings("/endless") }).await;
    assert_ne!(endless.state, Observed::Up, "{}", endless.cause);
}

#[tokio::test]
async fn signing_in_types_the_password_only_where_it_is_hidden_and_shows_it_nowhere() {
    let Some(world) = World::new().await else { return };
    let with = |path: &str, sign_in: SignIn, timeout| BrowserSettings {
        sign_in: Some(sign_in),
        timeout,
        ..world.settings(path)
    };
    let good = world.look(with("/sign-in", world.sign_in(PASSWORD), PATIENT)).await;
    assert_eq!((good.state, good.cause), (Observed::Up, Cause::Shown));
    assert!(good.phases.body_us > 0 && good.phases.first_byte_us > 0);

    let wrong = world.look(with("/sign-in", world.sign_in("wrong battery"), Duration::from_secs(8))).await;
    assert_eq!((wrong.state, &wrong.cause), (Observed::Down, &Cause::NotSignedIn));
    assert_eq!(page(&wrong).title, "no, [redacted] [redacted]");
    assert!(page(&wrong).picture.is_some() && !format!("{wrong:?}").contains("wrong battery"));

    let shown = world.look(with("/sign-in-shown", world.sign_in(PASSWORD), PATIENT)).await;
    assert_eq!(shown.state, Observed::Unknown);
    assert!(matches!(shown.cause, Cause::NoPasswordField(_)), "{:?}", shown.cause);

    let bad = SignIn { user_field: "##".to_owned(), ..world.sign_in(PASSWORD) };
    let bad = world.look(with("/sign-in", bad, PATIENT)).await;
    assert!(bad.state == Observed::Unknown && matches!(bad.cause, Cause::SelectorBad(_)), "{:?}", bad.cause);

    // The page is of another origin than the check's URL: the credentials are not for it.
    let elsewhere = format!("http://localhost:{}", world.site.port());
    let moved = BrowserSettings { url: format!("{elsewhere}/sign-in"), ..with("/", world.sign_in(PASSWORD), PATIENT) };
    let check = |settings| world.look(settings);
    assert_eq!(check(moved).await.cause, Cause::Shown, "the own origin is permitted");
}

#[tokio::test]
async fn no_page_reads_a_file_or_reaches_an_address_that_is_not_permitted() {
    let Some(world) = World::new().await else { return };
    let file = world.look(world.settings("/to-file")).await;
    assert_eq!((file.state, &file.cause), (Observed::Down, &Cause::RedirectForbidden));
    assert!(page(&file).url.starts_with("http://"));
    for path in ["/script-to-file", "/frame-of-file"] {
        let text = Some("root:".to_owned());
        let settings = BrowserSettings { text, timeout: SHORT, wait_for: "body".to_owned(), ..world.settings(path) };
        let outcome = world.look(settings).await;
        assert_eq!(outcome.state, Observed::Down, "{path}");
        assert!(page(&outcome).url.ends_with(path), "the page stays where it was: {:?}", page(&outcome));
    }
    let metadata = world.look(world.settings("/to-metadata")).await;
    assert!(matches!(metadata.cause, Cause::Metadata { .. }), "{}", metadata.cause);
    assert_eq!(metadata.state, Observed::Unknown);
    let loopback = world.look(world.settings("/to-loopback")).await;
    assert_eq!(loopback.state, Observed::Unknown);
    assert!(matches!(loopback.cause, Cause::NotPermitted { used: "loopback", .. }), "{}", loopback.cause);
    for scheme in ["file:///etc/passwd", "data:text/html,x", "chrome://version", "javascript:1", "about:blank"] {
        let settings = BrowserSettings { url: scheme.to_owned(), ..world.settings("/") };
        assert!(BrowserCheck::new(settings, Arc::clone(&world.browsers)).is_err(), "{scheme}");
    }
    let closed = World { egress: Egress::default(), ..world };
    let before = closed.asked.load(Ordering::SeqCst);
    let refused = closed.look(closed.settings("/up")).await;
    assert!(matches!(refused.cause, Cause::NotPermitted { .. }), "{}", refused.cause);
    assert_eq!(closed.asked.load(Ordering::SeqCst), before, "nothing went past the proxy");
}

#[tokio::test]
async fn a_browser_that_is_killed_is_unknown_and_the_next_one_is_new() {
    let Some(world) = World::new().await else { return };
    let (name, folder) = ("chromedriver --port=0", world.folder.path().to_owned());
    let before: Vec<u32> = of_ours(name);
    let asked = Arc::clone(&world.asked);
    let killer = tokio::task::spawn_blocking(move || {
        // The browser asks for the page that never comes: it runs, and so does its driver.
        loop {
            let driver = of_ours(name).into_iter().find(|pid| !before.contains(pid) && is_in(*pid, &folder));
            if let Some(pid) = driver.filter(|_| asked.load(Ordering::SeqCst) > 0) {
                let told = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
                assert!(told.unwrap().success());
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let killed = world.look(world.settings("/silent")).await;
    killer.await.unwrap();
    assert_eq!(killed.state, Observed::Unknown, "{}", killed.cause);
    assert!(matches!(killed.cause, Cause::Browser(_)), "{:?}", killed.cause);
    assert_eq!(world.look(world.settings("/up")).await.cause, Cause::Shown);
}

/// The processes whose command line contains the text.
fn of_ours(text: &str) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(text) && !line.starts_with("sh ")
        })
        .collect()
}

/// Whether a process has its home in the folder: other tests have drivers, too.
fn is_in(pid: u32, folder: &Path) -> bool {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    String::from_utf8_lossy(&environment).contains(&format!("HOME={}", folder.display()))
}

#[tokio::test]
async fn a_check_whose_turn_does_not_come_is_unknown_and_one_that_is_dropped_leaves_nothing() {
    let Some(world) = World::new().await else { return };
    let first = BrowserCheck::new(world.settings("/silent"), Arc::clone(&world.browsers)).unwrap();
    let egress = world.egress.clone();
    let first = tokio::spawn(async move { measure(&Check::Browser(Box::new(first)), &egress, Instant(0)).await });
    let profiles = world.folder.path().join("browser");
    let count = || std::fs::read_dir(&profiles).unwrap().count();
    while count() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let settings = BrowserSettings { timeout: Duration::from_millis(200), ..world.settings("/up") };
    let second = BrowserCheck::new(settings, Arc::clone(&world.browsers)).unwrap();
    let second = measure(&Check::Browser(Box::new(second)), &world.egress, Instant(0)).await;
    assert_eq!((second.state, second.cause), (Observed::Unknown, Cause::BrowserBusy(1)));
    while world.asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // As when the server ends: nobody waits for the browser, and it goes all the same.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    while count() > 0 || !processes(world.folder.path()).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_document_that_asks_for_more_is_printed_without_it() {
    let Some(world) = World::new().await else { return };
    let site = format!("http://{}/plain", world.site);
    let document = format!(
        "<!DOCTYPE html><title>t</title><link rel=stylesheet href='{site}?style'><h1>Printed</h1><img src='{site}?picture'>\
         <iframe src='{site}?frame'></iframe><iframe src='file:///etc/passwd'></iframe>\
         <script>fetch('{site}?script', {{ mode: 'no-cors' }}); new WebSocket('ws://{}/socket')</script>",
        world.site
    );
    let pdf = world.browsers.print(&document, PATIENT).await.unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 1_000, "{}", pdf.len());
    assert_eq!(world.asked.load(Ordering::SeqCst), 0);
    // The same browser does ask where a check may.
    let outcome = world.look(world.settings("/plain")).await;
    assert!(world.asked.load(Ordering::SeqCst) > 0, "{outcome:?}");
}
