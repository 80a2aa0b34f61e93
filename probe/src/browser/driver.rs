//! One browser of its own: a chromedriver that starts a Chromium with an empty profile, and the W3C WebDriver protocol with
//! which it is spoken to. Both end with the session, however it ends.

use super::{pool, pool::Browsers};
use crate::drive::driven;
use crate::egress::{Cidr, Egress, Family, Host};
use crate::meter::Failure;
use crate::outcome::{Cause, Said};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// How long chromedriver and Chromium may take to start.
const START: Duration = Duration::from_secs(30);

/// How long they may take to end before nobody waits for them any more.
const END: Duration = Duration::from_secs(10);

/// The longest answer of chromedriver: a picture of a page is the largest.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Runs chromedriver in a session of its own until the pipe to us closes, which the kernel does for us however we end. Then
/// everything that it started is killed, those that left the session (Chromium's crash handlers) by the profile that they
/// name, and the profile removed.
const KEEPER: &str = r#"setsid "$@" </dev/null &
pid=$!
cat >/dev/null
kill -KILL -"$pid" 2>/dev/null
wait "$pid" 2>/dev/null
looks=0
while [ $looks -lt 50 ]; do
  files=$(printf '%s\n' "$HOME/" | grep -lsF -f - /proc/[0-9]*/cmdline)
  [ -n "$files" ] || break
  for file in $files; do
    left=${file#/proc/}
    kill -KILL "${left%/cmdline}" 2>/dev/null
  done
  looks=$((looks + 1))
  sleep 0.1
done
rm -rf "$HOME" 2>/dev/null || { sleep 1; rm -rf "$HOME"; }"#;

/// What Chromium is told. Nothing of it goes anywhere by itself, keeps anything, or asks anybody.
const ARGUMENTS: [&str; 29] = [
    "--headless=new",
    "--window-size=1280,1000",
    "--hide-scrollbars",
    "--mute-audio",
    "--lang=en-US",
    // Over a pipe nobody else on this machine can speak to the browser, and it ends with chromedriver.
    "--remote-debugging-pipe",
    // The only way out is the proxy, for loopback addresses too; no name is resolved here.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--dns-prefetch-disable",
    "--no-pings",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-client-side-phishing-detection",
    "--disable-breakpad",
    "--disable-sync",
    "--disable-auto-reload",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-search-engine-choice-screen",
    "--disable-features=OptimizationHints,OptimizationGuideModelDownloading,MediaRouter,Translate,\
     AutofillServerCommunication,CertificateTransparencyComponentUpdater,NetworkTimeServiceQuerying,DnsOverHttps",
];

/// A browser that was started.
#[derive(Debug)]
pub(super) struct Session {
    /// The pipe that keeps the browser alive.
    lifeline: Option<ChildStdin>,
    keeper: Child,
    port: u16,
    base: String,
    egress: Egress,
    id: String,
}

/// Why a command was not done.
#[derive(Debug)]
pub(super) enum DriverError {
    /// chromedriver says why: the word of the protocol, and more.
    Said {
        /// As `no such element`.
        error: String,
        /// What went wrong, for people.
        message: String,
    },
    /// It does not answer as it should, or at all.
    Broken(String),
}

impl DriverError {
    /// Whether the browser is gone, so that nothing more can come of it.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::Said { error, message } => {
                const GONE: [&str; 4] = ["tab crashed", "not reachable", "disconnected", "session deleted"];
                matches!(error.as_str(), "invalid session id" | "no such window" | "session not created")
                    || GONE.iter().any(|gone| message.contains(gone))
            }
        }
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The first line is for people; the others list frames of the program.
            Self::Said { message, error } => f.write_str(message.lines().next().unwrap_or(error)),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

impl From<DriverError> for Failure {
    /// What chromedriver does wrong says nothing about the page.
    fn from(error: DriverError) -> Self {
        Self::unknown(Cause::Browser(Said::new(error)))
    }
}

fn broken(what: impl fmt::Display) -> DriverError {
    DriverError::Broken(format!("chromedriver: {what}"))
}

impl Session {
    /// Starts a browser whose connections all go through the proxy at that port of the loopback.
    pub(super) async fn start(browsers: &Browsers, proxy: u16) -> Result<Self, Failure> {
        let machine = |error: std::io::Error| Failure::unknown(Cause::Machine(Said::new(error)));
        let profile = browsers.profile().map_err(machine)?;
        let base = base();
        let mut keeper = match keeper(browsers, &profile, &base).spawn() {
            Ok(keeper) => keeper,
            Err(error) => {
                let _ = std::fs::remove_dir_all(&profile);
                return Err(machine(error));
            }
        };
        let loopback = Cidr::parse("127.0.0.1/32").expect("the text is a range");
        let (lifeline, egress) = (keeper.stdin.take(), Egress::new(vec![loopback]));
        let mut session = Self { lifeline, keeper, port: 0, base, egress, id: String::new() };
        match session.open(&capabilities(browsers, &profile, proxy)).await {
            Ok(()) => Ok(session),
            Err(error) => {
                session.end().await;
                Err(error.into())
            }
        }
    }

    async fn open(&mut self, wanted: &Value) -> Result<(), DriverError> {
        let started = timeout(START, port_of(&mut self.keeper)).await;
        self.port = started.map_err(|_| broken("it did not start in time"))??;
        let made = self.send(Method::POST, "/session", Some(wanted), START).await?;
        let id = made["sessionId"].as_str().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        self.id = id.ok_or_else(|| broken("it named no session"))?.to_owned();
        Ok(())
    }

    /// A command of the session, without a body where it is one that asks.
    pub(super) async fn command(
        &self,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, DriverError> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        self.send(method, &format!("/session/{}/{path}", self.id), body, limit).await
    }

    /// What a script returns that is run in the page.
    pub(super) async fn script(&self, script: &str, args: Value, limit: Duration) -> Result<Value, DriverError> {
        self.command("execute/sync", Some(&json!({ "script": script, "args": args })), limit).await
    }

    /// Whether chromedriver itself answers, whatever the page does.
    pub(super) async fn answers(&self) -> bool {
        self.send(Method::GET, "/status", None, Duration::from_secs(3)).await.is_ok()
    }

    /// Ends the browser, and waits until nothing of it is left.
    pub(super) async fn end(mut self) {
        drop(self.lifeline.take());
        let _ = timeout(END, self.keeper.wait()).await;
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, DriverError> {
        let sent = timeout(limit, self.exchange(method, path, body)).await;
        let (status, answer) = sent.map_err(|_| broken("it did not answer in time"))??;
        let mut answer: Value = serde_json::from_slice(&answer).map_err(|_| broken("its answer is not JSON"))?;
        let value = answer["value"].take();
        if status == 200 {
            return Ok(value);
        }
        let text = |key: &str| value[key].as_str().unwrap_or("").to_owned();
        Err(DriverError::Said { error: text("error"), message: text("message") })
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Bytes), DriverError> {
        let host = Host::Address([127, 0, 0, 1].into());
        let to = self.egress.resolve(&host, self.port, Family::V4).await.map_err(broken)?;
        let stream = self.egress.connect(&to, END).await.map_err(broken)?;
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.base).parse().map_err(broken)?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&format!("127.0.0.1:{}", self.port)).map_err(broken)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let talk = async {
            let answer = sender.send_request(request).await.map_err(broken)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(broken)?;
            Ok((status, body.to_bytes()))
        };
        driven(connection, talk).await
    }
}

/// A path that a page cannot guess: with it, a page that reaches the port cannot give commands.
fn base() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let part = || RandomState::new().hash_one(0);
    format!("/{:016x}{:016x}", part(), part())
}

fn keeper(browsers: &Browsers, profile: &Path, base: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "sh"]).arg(browsers.chromedriver()).arg("--port=0").arg(format!("--url-base={base}"));
    // What our own environment holds is none of the browser's business, and its home is the profile.
    command.env_clear().env("HOME", profile).env("LANG", "C.UTF-8");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    // The name of a socket in it may have about a hundred bytes.
    if profile.as_os_str().len() < 50 {
        command.env("TMPDIR", profile);
    }
    // An interrupt from the terminal is for us: we end the browser.
    command.process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The port that chromedriver says that it listens at.
async fn port_of(keeper: &mut Child) -> Result<u16, DriverError> {
    const SAYS: &str = "started successfully on port ";
    let output = keeper.stdout.take().ok_or_else(|| broken("it has no output"))?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.map_err(broken)? {
        if let Some((_, port)) = line.split_once(SAYS) {
            let port = port.trim_end_matches('.').parse().map_err(broken)?;
            // Whatever it says later must find a reader, or it would wait for one.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(port);
        }
    }
    Err(broken("it ended before it listened"))
}

fn capabilities(browsers: &Browsers, profile: &Path, proxy: u16) -> Value {
    let mut args: Vec<String> = ARGUMENTS.map(str::to_owned).to_vec();
    let data: PathBuf = profile.join("data");
    args.push(format!("--user-data-dir={}", data.display()));
    args.push(format!("--proxy-server=socks5://127.0.0.1:{proxy}"));
    // Chromium's sandbox refuses to run as root.
    if pool::own_user() == Some(0) {
        args.push("--no-sandbox".to_owned());
    }
    json!({ "capabilities": { "alwaysMatch": {
        // We look ourselves what the page shows, so a page that never ends loading is no reason to wait.
        "pageLoadStrategy": "none",
        "unhandledPromptBehavior": "dismiss",
        "goog:chromeOptions": {
            "binary": browsers.chromium(),
            "args": args,
            "excludeSwitches": ["disable-popup-blocking"],
            "prefs": { "download_restrictions": 3, "download.prompt_for_download": false },
        },
    } } })
}
