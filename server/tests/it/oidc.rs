//! Signing in through an identity provider that others wrote: oidc-provider of npm, whose entry `UPHOLD_OIDC_PROVIDER` names,
//! which `./test` sets. Providers that lie are in `oidc_lies.rs`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use uphold::config::sign_in::read_sign_in;

use crate::accounts::{acts, serve_at};
use crate::browser::{Browser as Chromium, Running, free_address, has_browser, wait};
use crate::console::looked_at;
use crate::operations::{examined, result};
use crate::pages::{choose, join, send};
use crate::program::{root, text, uphold};

/// A browser that knows cookies and follows nothing by itself.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// Where it leads, as an address of the host that said it where it says no other.
    fn leads(&self, from: SocketAddr) -> String {
        let to = self.header("location").unwrap_or_else(|| panic!("{} {}", self.status, self.body));
        if to.starts_with('/') { format!("http://{from}{to}") } else { to.to_owned() }
    }
}

/// The address and the path of a URL.
fn parts(url: &str) -> (SocketAddr, &str) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url}"));
    let at = rest.find('/').unwrap_or(rest.len());
    (rest[..at].parse().unwrap(), &rest[at..])
}

impl Browser {
    fn ask(&mut self, url: &str, form: Option<&str>) -> Reply {
        let (address, path) = parts(url);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (method, body) = form.map_or(("GET", ""), |form| ("POST", form));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncookie: {}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let headers: Vec<(String, String)> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        for (_, value) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = value.split_once('=').unwrap();
            let kept = rest.split(';').next().unwrap();
            let is_over = value.to_ascii_lowercase().contains("max-age=0") || value.contains("1970");
            if is_over {
                self.cookies.remove(name)
            } else {
                self.cookies.insert(name.to_owned(), kept.to_owned())
            };
        }
        Reply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), headers, body: body.to_owned() }
    }

    /// Signs in at the provider as somebody, and says where it leads back to.
    fn visit(&mut self, address: &str, who: &str) -> String {
        let (provider, _) = parts(address);
        let mut url = address.to_owned();
        for _ in 0..12 {
            let reply = self.ask(&url, None);
            if reply.status == 303 || reply.status == 302 {
                url = reply.leads(provider);
            } else {
                assert_eq!(reply.status, 200, "{url}: {}", reply.body);
                let prompt = if reply.body.contains("value=\"login\"") { "login" } else { "consent" };
                let form = format!("prompt={prompt}&login={who}&password=any");
                url = self.ask(&url, Some(&form)).leads(provider);
            }
            if parts(&url).0 != provider {
                return url;
            }
        }
        panic!("the provider leads nowhere: {url}");
    }

    /// Begins at a form of ours, signs in at the provider, and comes back.
    fn through(&mut self, form: &str, body: &str, who: &str) -> Reply {
        let page = self.ask(form, Some(body));
        let target = page.header("refresh").and_then(|refresh| refresh.strip_prefix("0; url="));
        let back = self.visit(target.unwrap_or_else(|| panic!("{} {}", page.status, page.body)), who);
        self.ask(&back, None)
    }
}

/// The provider of npm; it ends with its standard input.
struct Npm {
    child: Child,
    issuer: String,
}

impl Npm {
    fn start(entry: &Path, back: &str) -> Self {
        let script = root().join("server/tests/it/oidc_provider.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(entry).arg(back);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut issuer = String::new();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        printed.read_line(&mut issuer).unwrap();
        // It warns that its pages are for trying, and must have somebody to say that to.
        std::thread::spawn(move || printed.lines().count());
        Self { child, issuer: issuer.trim().to_owned() }
    }
}

impl Drop for Npm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a sign-in file beside its secret.
fn write_file(folder: &Path, address: SocketAddr, issuer: &str, secret: &str) -> String {
    std::fs::write(folder.join("secret"), format!("{secret}\n")).unwrap();
    let path = folder.join("sign-in.toml");
    std::fs::write(&path, file(&format!("http://{address}"), issuer)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A sign-in file for a provider on the loopback.
pub(crate) fn file(base: &str, issuer: &str) -> String {
    format!(
        "base_url = \"{base}\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n[identity_provider]\nissuer = \"{issuer}\"\n\
         client_id = \"uphold\"\nsecret_file = \"secret\"\nname = \"Example ID\"\n"
    )
}

/// Ends a server as a service manager does.
fn stop(mut server: Child) {
    let id = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_provider_that_others_wrote_lets_in_whom_it_should_and_nobody_else() {
    let Some(entry) = std::env::var_os("UPHOLD_OIDC_PROVIDER") else {
        eprintln!("skipped: UPHOLD_OIDC_PROVIDER does not name the entry of oidc-provider; ./test does");
        return;
    };
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let at = |path: &str| format!("http://{address}{path}");
    let provider = Npm::start(Path::new(&entry), &at("/sign-in/return"));
    let path = write_file(folder.path(), address, &provider.issuer, "a secret: with signs");
    let (server, link) = serve_at(folder.path(), address, &["--sign-in", &path]);
    let link = link.unwrap();

    // Whoever starts first joins without a password.
    let mut alice = Browser::default();
    assert!(alice.ask(&at(&link), None).body.contains("Join with Example ID instead"));
    let joined = alice.through(&at(&format!("{link}/identity")), "name=alice", "alice-there");
    assert_eq!((joined.status, joined.header("location")), (303, Some("/")));
    let account = alice.ask(&at("/account"), None);
    assert!(account.body.contains("Signed in as alice") && account.body.contains("This account has no password"));
    assert_eq!(alice.ask(&at(&link), None).status, 404, "the link is used");
    let token = account.body.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let refused = alice.ask(&at("/account/identity/removal"), Some(&format!("csrf={token}")));
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("This is the only way into your account"));

    // She comes in again through the same provider, with another session, and is led on.
    let before = alice.cookies["__Host-session"].clone();
    let back = alice.through(&at("/sign-in/identity"), "next=/people", "alice-there");
    assert_eq!((back.status, back.header("location")), (303, Some("/people")));
    assert_ne!(alice.cookies["__Host-session"], before);
    assert!(!alice.cookies.contains_key("__Host-away"), "it was good once");
    assert_eq!(alice.ask(&at("/people"), None).status, 200);
    let mut old = Browser::default();
    old.cookies.insert("__Host-session".to_owned(), before);
    assert_eq!(old.ask(&at("/account"), None).status, 303, "the session before is over");

    // Whom nobody invited does not get in, whatever the provider says of them.
    let mut mallory = Browser::default();
    let stranger = mallory.through(&at("/sign-in/identity"), "next=/people", "mallory");
    assert_eq!(stranger.status, 403);
    assert!(stranger.body.contains("No account here is yours yet") && stranger.body.contains("Ask an operator"));
    assert!(!mallory.cookies.contains_key("__Host-session"));

    // Where the provider is away, the server starts, and says so to whoever wants to go there.
    stop(server);
    drop(provider);
    let (server, _) = serve_at(folder.path(), address, &["--sign-in", &path]);
    assert!(mallory.ask(&at("/sign-in"), None).body.contains("Sign in with Example ID"));
    let away = mallory.ask(&at("/sign-in/identity"), Some("next=/"));
    assert_eq!(away.status, 502);
    assert!(away.body.contains("Example ID could not be asked"), "{}", away.body);
    assert_eq!(alice.ask(&at("/people"), None).status, 200, "sessions go on");
    // What was done is recorded every two seconds.
    let issuer = std::fs::read_to_string(&path).unwrap();
    let issuer = issuer.split_once("issuer = \"").unwrap().1.split('"').next().unwrap().to_owned();
    let linked = format!("identity-linked person:alice Some(\"{issuer}\") person:alice with a link");
    let told = || acts(&folder.path().join("data"));
    wait(|| told().contains(&linked).then_some(()));
    stop(server);
}

#[test]
fn a_wrong_file_stops_the_start_with_its_place_and_no_secret_is_shown() {
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let path = write_file(folder.path(), address, "http://127.0.0.1:9", "hunter2");
    let agreement = root().join("examples/new/agreement.toml");
    let start = || {
        let mut command = uphold(["serve", "--listen", &address.to_string(), "--sign-in", &path]);
        command.arg("--agreement").arg(&agreement).arg("--data").arg(folder.path().join("data"));
        text(&command.arg("--checks").arg(root().join("packaging/etc/checks.toml")).output().unwrap())
    };
    std::fs::write(folder.path().join("secret"), "hunter2\nand more").unwrap();
    let said = start();
    assert!(said.contains("cannot use the identity provider") && said.contains("no text of one line"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let good = std::fs::read_to_string(&path).unwrap();
    let bad = good.replace("http://127.0.0.1:9", "http://id.example.com").replace("client_id", "client");
    std::fs::write(&path, bad).unwrap();
    let said = start();
    assert!(said.contains("sign-in.toml:5") && said.contains("without encryption"), "{said}");
    assert!(said.contains("client_id") && said.contains("has 3 errors"), "{said}");
    let checked = uphold(["check", agreement.to_str().unwrap(), "--sign-in", &path]).output().unwrap();
    assert!(text(&checked).contains("sign-in.toml:5") && !checked.status.success(), "{}", text(&checked));
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

/// Links the account that is signed in, through the pages of the provider, and stops at the first page of ours after them.
fn link_by_hand(browser: &Chromium, at_account: &str) {
    browser.open(at_account);
    browser.script("document.getElementById('confirm').value = 'korrekt pferd batterie'");
    browser.click("form[action='/account/identity'] button");
    wait(|| {
        let where_now = browser.script(
            "return document.readyState !== 'complete' ? '' : location.pathname === '/sign-in/return' ? 'back'
                : document.querySelector('[name=prompt]')?.value ?? ''",
        );
        match where_now.as_str().unwrap() {
            "back" => return Some(()),
            "login" => {
                choose(browser, "login", "ana-there");
                choose(browser, "password", "any");
                send(browser, "form button");
            }
            "consent" => send(browser, "form button"),
            _ => {}
        }
        None
    });
}

#[test]
fn axe_finds_nothing_serious_where_there_is_a_provider_in_either_theme() {
    let (axe, entry) = (std::env::var_os("UPHOLD_AXE"), std::env::var_os("UPHOLD_OIDC_PROVIDER"));
    let Some((axe, entry)) = axe.zip(entry).filter(|_| has_browser()) else {
        eprintln!("skipped: UPHOLD_AXE and UPHOLD_OIDC_PROVIDER do not name what is needed; ./test does");
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
    let at = |path: &str| format!("http://{address}{path}");
    let provider = Npm::start(Path::new(&entry), &at("/sign-in/return"));
    let path = write_file(folder.path(), address, &provider.issuer, "a secret: with signs");
    let (server, link) = serve_at(folder.path(), address, &["--sign-in", &path]);
    let (_server, link, browser) = (Running(server), link.unwrap(), Chromium::start());
    let mut wrong = Vec::new();
    let theme = |theme: &str| {
        let media = serde_json::json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        browser.devtools("Emulation.setEmulatedMedia", media);
    };
    let mut look = |what: &str, shown: &[&str]| {
        let text = browser.text();
        assert!(shown.iter().all(|shown| text.contains(shown)), "{what}: {text}");
        wrong.extend(looked_at(&browser, &axe, what));
    };
    let [light, dark] = [("light", "en"), ("dark", "ja")];
    for (each, sign_in, joining) in [
        (light, "Sign in with Example ID", "Join with Example ID instead"),
        (dark, "Example ID でサインイン", "代わりに Example ID で登録"),
    ] {
        theme(each.0);
        browser.open(&at(&format!("/sign-in?lang={}", each.1)));
        look(&format!("/sign-in {}", each.0), &[sign_in]);
        browser.open(&at(&format!("{link}?lang={}", each.1)));
        look(&format!("/join {}", each.0), &[joining]);
    }
    browser.open(&at("/sign-in?lang=en"));
    join(&browser, &at(&link), Some("ana"));
    let accounts = rusqlite::Connection::open(folder.path().join("data").join(uphold::accounts::FILE)).unwrap();
    let sql = "INSERT INTO identities SELECT 'https://old.example.com/' || hex(zeroblob(60)), 'x', id, 0 FROM people";
    assert_eq!(accounts.execute(sql, []).unwrap(), 1);
    for (each, unlinked, linked, idle) in [
        (light, "Link with Example ID", "Your account is linked with Example ID", "Links that do not work at present"),
        (dark, "Example ID と連携する", "アカウントを Example ID と連携しました", "現在使えない連携"),
    ] {
        theme(each.0);
        let account = at(&format!("/account?lang={}", each.1));
        browser.open(&account);
        look(&format!("/account {}", each.0), &[unlinked, idle, "old.example.com"]);
        link_by_hand(&browser, &account);
        look(&format!("/sign-in/return {}", each.0), &[linked, "<b>ana-there</b>", "ana-there@example.com"]);
        browser.open(&account);
        look(&format!("/account linked {}", each.0), &["ana-there"]);
        assert!(!browser.text().contains("@example.com"), "what is shown once is not kept: {}", browser.text());
        send(&browser, "form[action='/account/identity/removal'] button");
        assert!(browser.text().contains(unlinked), "{}", browser.text());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Answers so many questions with a description, and is away afterwards.
fn described(times: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let named = ["authorization_endpoint", "token_endpoint", "jwks_uri"].map(|key| format!("\"{key}\":\"{issuer}/x\""));
    let body = format!("{{\"issuer\":\"{issuer}\",{}}}", named.join(","));
    let answers = std::thread::spawn(move || {
        let answer = |_| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&head[..length]).into_owned()
        };
        (0..times).map(answer).collect()
    });
    (issuer, answers)
}

#[test]
fn doctor_looks_at_the_sign_in_file_its_secret_and_whether_the_provider_describes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (issuer, answers) = described(3);
    let path = write_file(folder.path(), free_address(), &issuer, "S3CR3T");
    let (secret, data) = (folder.path().join("secret"), folder.path().join("nowhere"));
    let mode = |mode| std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
    let examine = || examined(&data, &["--sign-in", &path], 1);
    mode(0o600);
    let found = examine();
    for check in ["sign-in-file", "identity-provider", "secret-file", "egress-of-sign-in", "provider-answers"] {
        assert_eq!(result(&found, check), "ok", "{check}: {found:?}");
    }
    mode(0o644);
    let found = examine();
    assert_eq!((result(&found, "secret-file"), result(&found, "identity-provider")), ("problem", "ok"), "{found:?}");
    assert!(!format!("{found:?}").contains("S3CR3T"));
    // One that calls itself otherwise, be it by a slash.
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replace(&issuer, &format!("{issuer}/"))).unwrap();
    let found = examine();
    assert_eq!(result(&found, "provider-answers"), "problem");
    assert!(format!("{found:?}").contains("another issuer than the one in the sign-in file"), "{found:?}");
    let asked = answers.join().unwrap();
    let description = "GET /.well-known/openid-configuration HTTP/1.1";
    assert!(asked.iter().all(|head| head.starts_with(description) && !head.contains("S3CR3T")), "{asked:?}");
    // It is away now.
    assert_eq!(result(&examine(), "provider-answers"), "problem");
    std::fs::remove_file(&secret).unwrap();
    let found = examine();
    assert_eq!(result(&found, "identity-provider"), "problem");
    assert!(found.iter().all(|(check, ..)| check != "provider-answers"), "{found:?}");
    std::fs::write(&path, good.replace("client_id", "client")).unwrap();
    let found = examine();
    assert_eq!(result(&found, "sign-in-file"), "problem");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(result(&examine(), "sign-in-file"), "problem");
    let without = examined(&data, &[], 1);
    assert!(without.iter().all(|(check, ..)| !check.contains("sign-in") && !check.contains("provider")), "{without:?}");
}

#[test]
fn the_example_is_a_sign_in_file() {
    let path = root().join("examples/sign-in.toml");
    let reading = read_sign_in(&std::fs::read_to_string(&path).unwrap(), path.parent().unwrap());
    assert_eq!(reading.findings, []);
    assert_eq!(reading.file.unwrap().base_url, "https://sla.example.com");
}
