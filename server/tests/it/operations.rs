//! Operating the program itself: under a service manager, examined by `doctor`, shown by `support-bundle`.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::alerts::{Receiver, tried};
use crate::program::{read, request, root, stdout, text, uphold};

/// A server of the program; it is killed with the test.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agreement() -> PathBuf {
    root().join("examples/cloud-one/agreement.toml")
}

/// A check of a port at which nobody listens, so that the API is down.
fn checks(folder: &Path) -> PathBuf {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = folder.join("checks.toml");
    let file = format!(
        "vantage = \"local\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n[[check]]\nid = \"api\"\nsolution = \"workload-security\"\n\
         interface = \"api\"\nkind = \"http\"\nurl = \"http://{closed}/S3CR3T-path?key=S3CR3T-query\"\ninterval = \"1s\"\n\
         timeout = \"1s\"\nstaleness = \"5s\"\nheaders = {{ authorization = \"Bearer S3CR3T-header\" }}\n"
    );
    std::fs::write(&path, file).unwrap();
    path
}

impl Server {
    fn start(folder: &Path, configure: impl FnOnce(&mut Command)) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = uphold(["serve", "--flush-every", "1s", "--listen", &address.to_string()]);
        command.arg("--agreement").arg(agreement()).arg("--checks").arg(checks(folder));
        command.arg("--data").arg(folder.join("data"));
        configure(&mut command);
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { child, address }
    }

    /// Asks until the answer is what is waited for.
    fn until(&mut self, path: &str, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            if let Ok((200, body)) = request(self.address, "GET", path, "")
                && wanted(&body)
            {
                return body;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "the server ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn terminate(&self) {
        assert!(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap().success());
    }
}

#[test]
fn the_service_manager_hears_of_the_start_of_life_and_of_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let other_end = UnixDatagram::bind(&socket).unwrap();
    other_end.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut server = Server::start(folder.path(), |command| {
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "300000");
    });
    let heard = |wanted: &str| {
        let mut bytes = [0; 512];
        loop {
            let length = other_end.recv(&mut bytes).unwrap();
            let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if said.starts_with(wanted) {
                return said;
            }
        }
    };
    heard("READY=1");
    assert!(request(server.address, "GET", "/status", "").is_ok(), "ready means that pages are served");
    heard("WATCHDOG=1");
    let status = heard("STATUS=");
    assert!(status.contains("1 check measured"), "{status}");
    server.terminate();
    heard("STOPPING=1");
    assert!(server.child.wait().unwrap().success());
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(
        !log.contains("uphold_") && !folder.path().join("data/tokens.json").exists(),
        "a log keeps no secret: {log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_of_an_outage_and_counts_it() {
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let alerts = folder.path().join("alerts.toml");
    std::fs::write(folder.path().join("hook"), "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3").unwrap();
    let file = format!(
        "[egress]\nallow = [\"127.0.0.0/8\"]\n[[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://{}/\"\n\
         secret_file = \"credential:hook\"\n",
        receiver.address
    );
    std::fs::write(&alerts, file).unwrap();
    let without = tried(&alerts, &[]).await;
    assert!(text(&without).contains("$CREDENTIALS_DIRECTORY is not set"), "{}", text(&without));
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut server = Server::start(&path, |command| {
            command.arg("--alerts").arg(&alerts).env("CREDENTIALS_DIRECTORY", path.as_os_str());
        });
        let metrics = server.until("/metrics", |body| body.contains("messages_sent_total{channel=\"hook\"} 1"));
        assert!(metrics.contains("uphold_alert_messages_waiting{channel=\"hook\"} 0"), "{metrics}");
        assert!(metrics.contains("uphold_clock_state{state=\"not-known\"}"), "{metrics}");
        let (_, checks) = read(server.address, &path.join("data"), "/api/v1/checks");
        let checks: Value = serde_json::from_str(&checks).unwrap();
        assert!(checks["clock"]["state"].is_string(), "{checks}");
        let mode = std::fs::metadata(path.join("data/notifications.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        server.terminate();
        assert!(server.child.wait().unwrap().success());
        let log = std::fs::read_to_string(path.join("log")).unwrap();
        assert!(log.contains("the message was taken") && !log.contains("whsec_"), "{log}");
    })
    .await
    .unwrap();
}

#[test]
fn a_server_whose_secrets_cannot_be_read_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let alerts = folder.path().join("alerts.toml");
    let file = "[[channel]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https://a.example/\"\nsecret_file = \"none\"\n";
    std::fs::write(&alerts, file).unwrap();
    let mut command = uphold(["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--agreement").arg(agreement()).arg("--checks").arg(checks(folder.path()));
    let output = command.arg("--data").arg(folder.path().join("data")).arg("--alerts").arg(&alerts).output().unwrap();
    assert!(text(&output).contains("cannot use the channel `a`"), "{}", text(&output));
    assert!(!folder.path().join("data").exists());
}

/// What `doctor` finds: each examination with its result.
pub(crate) fn examined(data: &Path, more: &[&str], code: i32) -> Vec<(String, String, String)> {
    let mut command = uphold(["doctor", "--format", "json", "--listen", "127.0.0.1:0"]);
    let output = command.arg("--data").arg(data).args(more).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", text(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = found["findings"].as_array().unwrap().iter();
    findings.map(|each| (word(each, "check"), word(each, "result"), word(each, "said"))).collect()
}

pub(crate) fn result<'a>(found: &'a [(String, String, String)], check: &str) -> &'a str {
    let found = found.iter().find(|(name, ..)| name == check);
    found.map_or_else(|| panic!("`{check}` was not examined"), |(_, result, _)| result)
}

/// A data folder with a ledger, a key and tokens.
fn used(folder: &Path) -> PathBuf {
    let mut server = Server::start(folder, |_| {});
    server.until("/metrics", |body| body.contains("state=\"down\"} 1"));
    server.terminate();
    assert!(server.child.wait().unwrap().success());
    let data = folder.join("data");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    data
}

#[test]
fn doctor_says_what_is_right_and_what_is_wrong_with_one_line_of_help_each() {
    let folder = tempfile::tempdir().unwrap();
    let data = used(folder.path());
    let (agreement, checks) = (agreement(), folder.path().join("checks.toml"));
    let files = ["--agreement", agreement.to_str().unwrap(), "--checks", checks.to_str().unwrap()];
    let found = examined(&data, &files, 0);
    for check in [
        "data-folder",
        "durable-writes",
        "ledger",
        "signature",
        "key-file",
        "tokens-file",
        "agreement",
        "open-files",
        "listening",
    ] {
        assert_eq!(result(&found, check), "ok", "{check}: {found:?}");
    }
    assert_eq!((result(&found, "backup"), result(&found, "checks-file")), ("warning", "warning"), "{found:?}");
    stdout(["backup", "--data", data.to_str().unwrap(), folder.path().join("copy").to_str().unwrap()]);
    assert_eq!(result(&examined(&data, &[], 0), "backup"), "ok");
    let mode = |path: PathBuf, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(data.join("ledger.key"), 0o644);
    mode(data.clone(), 0o770);
    let found = examined(&data, &[], 1);
    assert_eq!((result(&found, "key-file"), result(&found, "data-folder")), ("problem", "problem"));
    assert_eq!(result(&found, "signature"), "problem", "such a key is not used");
    let plain = uphold(["doctor", "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(text(&plain).contains("help: `chmod 600") && text(&plain).contains("found 3 problems"), "{}", text(&plain));
    assert_eq!(result(&examined(&folder.path().join("nowhere"), &[], 1), "data-folder"), "problem");
    let left: Vec<_> = std::fs::read_dir(&data).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("doctor")), "{left:?}");
}

#[test]
fn doctor_finds_a_ledger_that_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let data = used(folder.path());
    let path = data.join("ledger.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // Wherever it stands: one of them is what a leaf commits to.
    let is_there = |place: &usize| bytes[*place..].starts_with(b"workload-security");
    let places: Vec<usize> = (0..bytes.len()).filter(is_there).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|place| bytes[place] ^= 1);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(result(&examined(&data, &[], 1), "ledger"), "problem");
}

#[test]
fn a_support_bundle_holds_no_secret_from_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = used(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("hook"), "whsec_S3CR3TS3CR3TS3CR3TS3CR3TS3CR3TS3").unwrap();
    std::fs::write(path("password"), "S3CR3T-password").unwrap();
    std::fs::write(path("slack"), "https://hooks.slack.example/services/S3CR3T-slack").unwrap();
    let alerts = "# S3CR3T-comment\n[[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://h.example/S3CR3T-in-path\"\n\
        secret_file = \"hook\"\n[[channel]]\nname = \"slack\"\nkind = \"webhook\"\nbody = \"slack\"\nurl_file = \"slack\"\n\
        [[channel]]\nname = \"mail\"\nkind = \"smtp\"\nhost = \"mail.example\"\nsecurity = \"tls\"\nuser = \"S3CR3T-user\"\n\
        secret_file = \"password\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\n";
    std::fs::write(path("alerts.toml"), alerts).unwrap();
    std::fs::write(path("client"), "S3CR3T-of-the-client").unwrap();
    let sign_in = "# S3CR3T-comment\nbase_url = \"https://sla.example\"\n[identity_provider]\n\
        issuer = \"https://id.invalid/S3CR3T-tenant\"\nclient_id = \"S3CR3T-client\"\nsecret_file = \"client\"\n\
        name = \"Example ID\"\n";
    std::fs::write(path("sign-in.toml"), sign_in).unwrap();
    std::fs::write(path("checks.toml"), std::fs::read_to_string(path("checks.toml")).unwrap() + "# S3CR3T-comment\n")
        .unwrap();
    let key = std::fs::read_to_string(data.join("ledger.key")).unwrap();
    let tokens: Value = serde_json::from_slice(&std::fs::read(data.join("tokens.json")).unwrap()).unwrap();
    let token = tokens["tokens"][0]["sha256"].as_str().unwrap().to_owned();
    let agreement = agreement();
    let (checks, alerts, out) = (path("checks.toml"), path("alerts.toml"), path("bundle.tar"));
    let listen = "127.0.0.1:1";
    let args = ["--data", data.to_str().unwrap(), "--agreement", agreement.to_str().unwrap(), "--checks", &checks];
    let (sign_in, files) = (path("sign-in.toml"), ["--alerts", &alerts, "--sign-in"]);
    let said = stdout([&["support-bundle"], &args[..], &files, &[&sign_in, "--listen", listen, &out]].concat());
    assert!(said.contains("read it before you send it"), "{said}");

    let mut archive = tar::Archive::new(std::fs::File::open(&out).unwrap());
    let mut names = Vec::new();
    let mut all = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().to_string_lossy().into_owned());
        entry.read_to_string(&mut all).unwrap();
    }
    for name in ["about", "doctor", "data-folder", "ledger", "checks", "alerts", "sign-in"] {
        assert!(names.contains(&format!("uphold-support/{name}.json")), "{names:?}");
    }
    let first_token = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let first_token = first_token.split_whitespace().find(|word| word.starts_with("uphold_")).unwrap().to_owned();
    let secrets = key.split_whitespace().flat_map(|word| word.split('+')).filter(|word| word.len() > 20);
    for secret in secrets.chain([token.as_str(), &first_token, "S3CR3T", "Bearer", "whsec_"]) {
        assert!(!all.contains(secret), "`{secret}` is in the bundle:\n{all}");
    }
    for shown in [
        "\"uphold\":",
        "workload-security",
        "h.example",
        "https://id.invalid/…",
        "Example ID",
        "[removed]",
        "\"measurement\":",
    ] {
        assert!(all.contains(shown), "{shown}: {all}");
    }
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let again = uphold([&["support-bundle"], &args[..], &[&out]].concat()).stdout(Stdio::null()).output().unwrap();
    assert!(text(&again).contains("cannot make the bundle"), "{}", text(&again));
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let folder = tempfile::tempdir().unwrap();
    let unit = std::fs::read_to_string(root().join("packaging/uphold.service")).unwrap();
    for needed in
        ["Type=notify\n", "WatchdogSec=", "DynamicUser=yes\n", "StateDirectory=uphold\n", "ProtectSystem=strict\n"]
    {
        assert!(unit.contains(needed), "{needed}");
    }
    // The place for signing in through a provider, as it stands there and once it is used.
    let plain = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let prepared = format!("#{plain} --sign-in /etc/uphold/sign-in.toml\n");
    assert!(unit.contains(&prepared), "{prepared}");
    assert!(unit.contains("#LoadCredential=sign-in-secret:"), "{unit}");
    let used = unit
        .replacen(&format!("{plain}\n"), "", 1)
        .replace(&prepared, &prepared[1..])
        .replace("#LoadCredential", "LoadCredential");
    assert_eq!(used.lines().filter(|line| line.starts_with("ExecStart=")).count(), 1);
    understood(&folder.path().join("uphold.service"), &unit);
    understood(&folder.path().join("uphold.service"), &used);
}

/// Has systemd look at a unit, where there is one.
fn understood(path: &Path, unit: &str) {
    std::fs::write(path, unit.replace("/usr/bin/uphold", env!("CARGO_BIN_EXE_uphold"))).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(path).output() {
        Ok(output) => assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output)),
        Err(error) => println!("skipped: systemd-analyze: {error}"),
    }
}
