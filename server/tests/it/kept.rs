//! Evidence as a user meets it: something fails, the ledger names the files, the interface hands them out, and a file that
//! was changed is found.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use uphold::access::{Scope, Tokens};
use uphold_core::time::Instant;

use crate::crash::Server;
use crate::program::{request, request_with, root, stdout, text, uphold};

const ANSWER: &str = "HTTP/1.1 503 X\r\nSet-Cookie: sid=topsecret\r\nLocation: /x?code=topsecret\r\nContent-Type: text/html\r\n\
                      Content-Length: 36\r\nConnection: close\r\n\r\n<script>alert('hello')</script>12345";

/// A target that answers everybody alike.
fn target() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Whoever does not take the answer does not need it.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(ANSWER.as_bytes());
        }
    });
    address
}

struct Site {
    folder: tempfile::TempDir,
    server: Server,
    secret: String,
}

impl Site {
    fn start(check: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "vantage = \"local\"\nevidence_per_day = 5\n[egress]\nallow = [\"127.0.0.0/8\"]\n[[check]]\nid = \"api\"\n\
             solution = \"workload-security\"\ninterface = \"api\"\n{check}"
        );
        std::fs::write(folder.path().join("checks.toml"), text).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let secret = Tokens::of(&folder.path().join("data")).create("ops", &[Scope::Read], Instant(0)).unwrap();
        let server = serve(folder.path());
        Self { folder, server, secret }
    }

    fn ask(&self, path: &str) -> (u16, String) {
        let bearer = format!("Bearer {}", self.secret);
        request_with(self.server.address, "GET", path, &[("Authorization", &bearer)], "").unwrap()
    }

    /// Waits until something is kept of the check.
    fn kept(&self) -> Value {
        loop {
            let (status, body) = self.ask("/api/v1/checks/api/evidence");
            assert_eq!(status, 200, "{body}");
            let list: Value = serde_json::from_str(&body).unwrap();
            if list["evidence"].as_array().is_some_and(|list| !list.is_empty()) {
                return list;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// An answer with its headers, as bytes.
    fn raw(&self, path: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        let (host, secret) = (self.server.address, &self.secret);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let end = all.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
        (String::from_utf8_lossy(&all[..end]).to_lowercase(), all[end + 4..].to_vec())
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

fn serve(folder: &Path) -> Server {
    let agreement = root().join("examples/cloud-one/agreement.toml");
    Server::start(&folder.join("data"), &agreement, &folder.join("checks.toml"))
}

#[test]
fn what_failed_is_kept_named_and_handed_out_and_a_changed_file_is_found() {
    let times = "interval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n";
    let site = Site::start(&format!("kind = \"http\"\nurl = \"http://{}/\"\n{times}", target()));
    let list = site.kept();
    let first = &list["evidence"][0];
    assert_eq!((first["state"].as_str(), first["cause"].as_str()), (Some("down"), Some("HTTP 503")));
    assert!(first["took_us"]["total"].as_u64().unwrap() > 0);
    assert_eq!(list["next"], Value::Null);
    let digest = first["files"][0]["digest"].as_str().unwrap();
    let (head, body) = site.raw(&format!("/api/v1/evidence/{digest}"));
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n") && head.contains("x-content-type-options: nosniff")
    );
    assert!(head.contains(&format!("content-disposition: attachment; filename=\"{digest}.json\"")), "{head}");
    let body = String::from_utf8(body).unwrap();
    assert!(!body.contains("topsecret"), "{body}");
    let answer = &serde_json::from_str::<Value>(&body).unwrap()["answer"];
    assert_eq!((answer["status"].as_u64(), answer["body_bytes"].as_u64()), (Some(503), Some(36)));
    assert_eq!(answer["body_start"], "<script>alert('hello')</script>12345");

    assert_eq!(request(site.server.address, "GET", "/api/v1/checks/api/evidence", "").unwrap().0, 401);
    for (path, status) in [
        ("/api/v1/checks/other/evidence", 404),
        ("/api/v1/checks/api/evidence?limit=0", 400),
        ("/api/v1/checks/api/evidence?after=999999", 200),
        ("/api/v1/evidence/xyz", 400),
        ("/api/v1/evidence/..%2fledger.key", 400),
        (&format!("/api/v1/evidence/{}", "0".repeat(64)), 404),
    ] {
        assert_eq!(site.ask(path).0, status, "{path}");
    }
    it_is_verified_and_copied(&site, digest);
}

fn it_is_verified_and_copied(site: &Site, digest: &str) {
    let (data, copy) = (site.path("data"), site.path("copy"));
    let verified = stdout(["ledger", "verify", "--data", &data]);
    assert!(verified.contains("of evidence named, 0 not kept any more"), "{verified}");
    stdout(["backup", "--data", &data, &copy]);
    let file = |folder: &str| Path::new(folder).join("evidence").join(digest);
    assert_eq!(std::fs::read(file(&data)).unwrap(), std::fs::read(file(&copy)).unwrap());
    std::fs::write(file(&copy), "another").unwrap();
    let changed = uphold(["ledger", "verify", "--data", &copy]).output().unwrap();
    assert_eq!(changed.status.code(), Some(1));
    let said = text(&changed);
    assert!(said.contains("evidence ") && said.contains("it is not what its name says"), "{said}");
    let fresh = site.path("fresh");
    stdout(["restore", &copy, "--data", &fresh]);
    assert!(!file(&fresh).exists(), "what was changed is no evidence");
    std::fs::remove_file(file(&copy)).unwrap();
    let verified = stdout(["ledger", "verify", "--data", &copy]);
    assert!(verified.contains(", 1 not kept any more\nevery hash is right"), "{verified}");
    // The server itself hands out nothing that was changed.
    std::fs::write(file(&data), "another").unwrap();
    let (status, body) = site.ask(&format!("/api/v1/evidence/{digest}"));
    assert!(status == 500 && body.contains("\"code\":\"changed\""), "{body}");
}

/// The processes whose command line names the folder.
fn processes(folder: &Path) -> usize {
    let folder = folder.display().to_string();
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&folder)).count()
}

#[test]
fn a_page_that_fails_is_kept_with_its_picture_and_no_browser_outlives_a_killed_server() {
    for program in ["chromedriver", "chromium"] {
        if is_missing(program) {
            assert!(std::env::var_os("CI").is_none(), "{program} is missing");
            eprintln!("skipped: {program} is missing");
            return;
        }
    }
    let site = Site::start(&format!(
        "kind = \"browser\"\nurl = \"http://{}/console?session=topsecret\"\nwait_for = \"#ready\"\ninterval = \"10s\"\n\
         timeout = \"5s\"\nstaleness = \"30s\"\n",
        target()
    ));
    let list = site.kept();
    let first = &list["evidence"][0];
    assert_eq!((first["state"].as_str(), first["cause"].as_str()), (Some("down"), Some("HTTP 503")));
    let files = first["files"].as_array().unwrap();
    assert_eq!(files[1]["media"], "image/png");
    let (head, picture) = site.raw(&format!("/api/v1/evidence/{}", files[1]["digest"].as_str().unwrap()));
    assert!(head.contains("content-type: image/png") && picture.starts_with(b"\x89PNG"), "{head}");
    let (_, document) = site.ask(&format!("/api/v1/evidence/{}", files[0]["digest"].as_str().unwrap()));
    assert!(document.contains("/console\"") && !document.contains("topsecret"), "{document}");

    // The server dies while a browser runs: the next check begins at the next tick of its grid.
    let profiles = site.folder.path().join("data/browser");
    while processes(&profiles) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let Site { folder, server, .. } = site;
    server.kill();
    while processes(&profiles) > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    serve(folder.path()).kill();
}

fn is_missing(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    !std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
