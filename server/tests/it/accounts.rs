//! People's accounts over real connections: the first start, sessions, forms, throttling, and who may open what.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sample::Story;
use uphold::accounts::{Cause, Secret, Standing};
use uphold_core::ledger::fact::Fact;
use uphold_core::time::Millis;

use crate::browser::{free_address, wait};
use crate::program::{root, text, uphold};
use crate::sample;
use crate::web::{Answer, PASSWORD, Site};

/// What a browser says of a form of our own pages.
pub(crate) const OURS: [&str; 3] =
    ["origin: http://localhost", "sec-fetch-site: same-origin", "content-type: application/x-www-form-urlencoded"];

impl Site {
    /// Sends a form as a browser does from a page of ours.
    pub(crate) async fn form(&self, path: &str, cookie: &str, body: &str) -> Answer {
        let cookie = if cookie.is_empty() { "x-none: 1" } else { cookie };
        self.send("POST", path, &[&OURS[..], &[cookie]].concat(), body).await
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.form("/sign-in", "", &format!("name={name}&password={}", password.replace(' ', "+"))).await
    }

    /// The field of every form of a session.
    pub(crate) async fn form_token(&self, cookie: &str) -> String {
        let page = self.ask("GET", "/account", &[cookie]).await.body;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().unwrap().to_owned()
    }

    /// Whether a session is good for anything.
    pub(crate) async fn knows(&self, cookie: &str) -> bool {
        self.ask("GET", "/account", &[cookie]).await.status == 200
    }
}

/// The header with the session that an answer began.
pub(crate) fn session(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap_or_else(|| panic!("{}", answer.head));
    assert!(set.ends_with("; Secure; HttpOnly; SameSite=Lax") && set.contains("; Path=/;"), "{set}");
    format!("cookie: {}", set.split(';').next().unwrap())
}

fn cause(at: uphold_core::time::Instant) -> Cause {
    Cause { by: "test".to_owned(), why: "a test".to_owned(), at }
}

#[tokio::test]
async fn the_link_of_the_first_start_is_good_once_and_never_again_after_there_is_an_operator() {
    let site = Site::told(Story::Young).await;
    let store = site.accounts.store();
    assert!(site.get("/sign-in").await.body.contains("There is no operator yet"));
    let old = store.first_link(sample::noon()).unwrap().unwrap();
    let link = store.first_link(sample::noon()).unwrap().unwrap();
    let path = |link: &Secret| format!("/join/{}", link.reveal());
    assert_eq!(site.get(&path(&old)).await.status, 404, "another start makes another link");
    assert_eq!(site.get(&path(&link)).await.status, 200);
    assert_eq!(site.get(&path(&link)).await.status, 200, "looking uses nothing up");
    let body = "name=alice&password=korrekt+pferd+batterie&again=korrekt+pferd+batterie";
    for (bad, says) in [
        ("name=alice&password=short&again=short", "too short"),
        ("name=alice&password=Password1234&again=Password1234", "anybody tries"),
        ("name=alice&password=korrekt+pferd+batterie&again=korrekt", "not the same"),
    ] {
        let answer = site.form(&path(&link), "", bad).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert!(answer.body.contains(says), "{}", answer.body);
    }
    let made = site.form(&path(&link), "", body).await;
    assert_eq!((made.status, made.header("location")), (303, Some("/")));
    assert!(site.knows(&session(&made)).await);
    assert_eq!(store.people().unwrap()[0].standing, Standing::Operator);
    // Neither this link, nor one that was kept, nor a new start lets anybody in again.
    for link in [&link, &old] {
        assert_eq!(site.get(&path(link)).await.status, 404);
        assert_eq!(site.form(&path(link), "", &body.replace("alice", "mallory")).await.status, 404);
    }
    assert_eq!(store.first_link(sample::noon()).unwrap(), None);
    assert_eq!(store.people().unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_of_the_first_start_ends_with_its_hour_and_with_any_operator() {
    let site = Site::told(Story::Young).await;
    let store = site.accounts.store();
    let link = store.first_link(sample::noon()).unwrap().unwrap();
    site.hand.pass(Millis(3_600_000));
    assert_eq!(site.get(&format!("/join/{}", link.reveal())).await.status, 404);
    let link = store.first_link(sample::noon()).unwrap().unwrap();
    // A viewer is no operator, and nobody starts first any more all the same.
    site.signed_in("bob", Standing::Viewer).await;
    assert_eq!(store.invitation(&link, sample::noon()).unwrap(), None);
}

#[tokio::test]
async fn a_session_begins_anew_at_sign_in_and_no_browser_brings_its_own() {
    let site = Site::told(Story::Young).await;
    let before = site.signed_in("alice", Standing::Operator).await;
    let planted = format!("cookie: __Host-session={}", "0".repeat(64));
    let body = "name=Alice&password=korrekt+pferd+batterie&next=/checks";
    for shown in [&planted, &before] {
        let answer = site.form("/sign-in", shown, body).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/checks")));
        let after = session(&answer);
        assert_ne!(after, *shown);
        assert!(site.knows(&after).await && !site.knows(shown).await);
    }
    // The database has nothing that could be shown as a session.
    let file = std::fs::read(site.data.path().join(uphold::accounts::FILE)).unwrap();
    let now = session(&site.sign_in("alice", PASSWORD).await);
    let secret = now.split_once('=').unwrap().1.as_bytes();
    assert!(!file.windows(64).any(|bytes| bytes == secret));
}

#[tokio::test]
async fn nobody_is_led_to_another_host_after_signing_in() {
    let site = Site::told(Story::Young).await;
    site.signed_in("alice", Standing::Operator).await;
    for next in ["//evil.example", "https://evil.example/", "/%5Cevil.example", "/sign-out", "javascript:alert(1)", ""]
    {
        let body = format!("name=alice&password=korrekt+pferd+batterie&next={next}");
        assert_eq!(site.form("/sign-in", "", &body).await.header("location"), Some("/"), "{next}");
    }
    let anonymous = site.get("/checks?a=b").await;
    assert_eq!((anonymous.status, anonymous.header("location")), (303, Some("/sign-in?next=/checks%3Fa%3Db")));
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let site = Site::told(Story::Young).await;
    let cookie = site.signed_in("alice", Standing::Operator).await;
    let other = site.signed_in("mallory", Standing::Viewer).await;
    let (token, foreign) = (site.form_token(&cookie).await, site.form_token(&other).await);
    assert_ne!(token, foreign);
    let body = |token: &str| format!("csrf={token}");
    for bad in ["", "a=b", &body(""), &body(&foreign), &body(&token[1..]), &format!("{0}&{0}", body(&token))] {
        let answer = site.form("/sign-out", &cookie, bad).await;
        assert_eq!(answer.status, 403, "{bad}");
        assert!(answer.body.contains("This form is of another session"), "{}", answer.body);
    }
    for strange in [
        vec!["origin: https://evil.example", OURS[2]],
        vec!["origin: null", OURS[2]],
        vec!["origin: http://localhost.evil.example", OURS[1], OURS[2]],
        vec!["origin: http://localhost", "sec-fetch-site: cross-site", OURS[2]],
        vec!["origin: http://localhost", "sec-fetch-site: same-site", OURS[2]],
        vec![OURS[2]],
    ] {
        for (path, body) in [("/sign-out", body(&token)), ("/sign-in", "name=alice&password=x".to_owned())] {
            let answer = site.send("POST", path, &[&strange[..], &[&*cookie]].concat(), &body).await;
            assert_eq!(answer.status, 403, "{path} {strange:?}");
            assert!(answer.body.contains("did not come from here"), "{}", answer.body);
        }
    }
    let plain = ["origin: http://localhost", "content-type: text/plain", &cookie];
    assert_eq!(site.send("POST", "/sign-out", &plain, &body(&token)).await.status, 400);
    assert!(site.knows(&cookie).await, "nothing of this ended the session");
    assert_eq!(site.form("/sign-out", &cookie, &body(&token)).await.status, 303);
    assert!(!site.knows(&cookie).await);
    let nobody = site.form("/account/sessions", "", "csrf=x").await;
    assert_eq!(nobody.status, 401);
    assert!(nobody.body.contains("You are not signed in"), "{}", nobody.body);
}

#[tokio::test]
async fn sessions_end_with_what_they_rest_on() {
    let site = Site::told(Story::Young).await;
    site.signed_in("root", Standing::Operator).await;
    let first = site.signed_in("alice", Standing::Operator).await;
    let enter = async || session(&site.sign_in("alice", PASSWORD).await);
    let cause = cause(sample::noon());
    let store = site.accounts.store();

    let (second, token) = (enter().await, site.form_token(&first).await);
    let body =
        format!("csrf={token}&old=korrekt+pferd+batterie&password=another+one+of+these&again=another+one+of+these");
    let changed = session(&site.form("/account/password", &first, &body).await);
    assert!(site.knows(&changed).await && !site.knows(&first).await && !site.knows(&second).await);
    assert_eq!(site.sign_in("alice", PASSWORD).await.status, 401);

    let invited = store.invite("alice", None, &cause).unwrap();
    assert!(invited.is_reset && site.knows(&changed).await, "a link alone changes nothing");
    let body = "name=root&password=korrekt+pferd+batterie&again=korrekt+pferd+batterie";
    let reset = session(&site.form(&format!("/join/{}", invited.secret.reveal()), "", body).await);
    assert!(!site.knows(&changed).await);
    assert!(site.ask("GET", "/account", &[&reset]).await.body.contains("Signed in as alice"), "nobody else's");

    store.set_standing("alice", &Standing::Viewer, &cause).unwrap();
    assert!(!site.knows(&reset).await);
    let (here, there) = (enter().await, enter().await);
    let token = site.form_token(&here).await;
    assert_eq!(site.form("/account/sessions", &here, &format!("csrf={token}")).await.status, 303);
    assert!(!site.knows(&here).await && !site.knows(&there).await);

    let last = enter().await;
    store.remove("alice", &cause).unwrap();
    assert!(!site.knows(&last).await);
    assert_eq!(site.sign_in("alice", PASSWORD).await.status, 401);
    let file = std::fs::read(site.data.path().join(uphold::accounts::FILE)).unwrap();
    assert!(!file.windows(7).any(|bytes| bytes == b"$argon2".as_slice()) || store.people().unwrap().len() == 1);
}

#[tokio::test]
async fn a_session_ends_by_itself_when_it_is_not_used_and_in_any_case() {
    let site = Site::told(Story::Young).await;
    let idle = site.signed_in("alice", Standing::Operator).await;
    let used = session(&site.sign_in("alice", PASSWORD).await);
    site.hand.pass(Millis(11 * 3_600_000));
    assert!(site.knows(&used).await);
    site.hand.pass(Millis(3_600_000 + 1));
    assert!(site.knows(&used).await && !site.knows(&idle).await);
    for _ in 0..15 {
        site.hand.pass(Millis(10 * 3_600_000));
        assert!(site.knows(&used).await);
    }
    site.hand.pass(Millis(10 * 3_600_000));
    assert!(!site.knows(&used).await, "seven days are over");
}

#[tokio::test]
async fn one_ends_only_ones_own_sessions() {
    let site = Site::told(Story::Young).await;
    let alice = site.signed_in("alice", Standing::Operator).await;
    let bob = site.signed_in("bob", Standing::Viewer).await;
    let other = session(&site.sign_in("alice", PASSWORD).await);
    let number = async |cookie: &str| {
        let page = site.ask("GET", "/account", &[cookie]).await.body;
        let (row, _) = page.split_once("This one").unwrap();
        let rest = &page[row.len()..];
        let (_, rest) = rest.split_once("name=\"session\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (of_alice, of_other) = (number(&alice).await, number(&other).await);
    let token = site.form_token(&bob).await;
    assert_eq!(site.form("/account/sessions", &bob, &format!("csrf={token}&session={of_alice}")).await.status, 303);
    assert!(site.knows(&alice).await && site.knows(&bob).await);
    let token = site.form_token(&alice).await;
    let answer = site.form("/account/sessions", &alice, &format!("csrf={token}&session={of_other}")).await;
    assert_eq!(answer.header("location"), Some("/account"));
    assert!(site.knows(&alice).await && !site.knows(&other).await);
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down_and_told_so_and_learns_no_names() {
    let site = Site::told(Story::Young).await;
    site.signed_in("alice", Standing::Operator).await;
    let worked = || site.accounts.passwords().worked();
    let mut answers = Vec::new();
    for name in ["alice", "nobody"] {
        for _ in 0..5 {
            let before = worked();
            let answer = site.sign_in(name, "wrong wrong wrong").await;
            assert_eq!((answer.status, worked() - before), (401, 1), "{name}: as much work for either");
            answers.push(answer.body.replace(name, ""));
        }
        let before = worked();
        let refused = site.sign_in(name, PASSWORD).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")), "{name}");
        assert!(refused.body.contains("Try again in 60 seconds"), "{}", refused.body);
        assert_eq!(worked(), before, "no work at all");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "nothing differs but the name that was typed");
    site.hand.pass(Millis(60_000));
    assert_eq!(site.sign_in("alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn accounts_that_cannot_be_read_let_nobody_in_and_hide_nothing_public() {
    let site = Site::told(Story::Young).await;
    let cookie = site.signed_in("alice", Standing::Operator).await;
    let path = site.data.path().join(uphold::accounts::FILE);
    for bytes in
        [&b""[..], &b"no database at all, and long enough to be taken for the head of one, if it were looked at"[..]]
    {
        std::fs::write(&path, bytes).unwrap();
        for page in ["/account", "/checks"] {
            assert_eq!(site.ask("GET", page, &[&cookie]).await.status, 503, "{page}");
        }
        assert_eq!(site.ask("GET", "/api/v1/records", &[&cookie]).await.status, 503);
        assert_eq!(site.sign_in("alice", PASSWORD).await.status, 503);
        assert_eq!(site.ask("GET", "/status", &[&cookie]).await.status, 200);
        assert!(site.accounts.store().first_link(sample::noon()).is_err(), "and nobody starts first");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is replaced");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(site.ask("GET", "/account", &[&cookie]).await.status, 503);
    assert_eq!(site.sign_in("alice", PASSWORD).await.status, 503);
}

#[tokio::test]
async fn where_the_browser_will_drop_the_cookie_the_page_says_so() {
    let site = Site::told(Story::Young).await;
    site.signed_in("alice", Standing::Operator).await;
    let warning = "Signing in does not work over this address";
    assert!(!site.get("/sign-in").await.body.contains(warning));
    let on = async |headers: &[&str]| site.ask("GET", "/sign-in", headers).await.body.contains(warning);
    assert!(!on(&["host: 127.0.0.1:8080"]).await);
    let far = "host: sla.example.com";
    assert!(on(&[far]).await);
    assert!(!on(&[far, "x-forwarded-proto: https"]).await);
    let headers = [far, "origin: http://sla.example.com", OURS[1], OURS[2]];
    let answer = site.send("POST", "/sign-in", &headers, "name=alice&password=korrekt+pferd+batterie").await;
    assert_eq!((answer.status, answer.header("set-cookie")), (403, None));
    assert!(answer.body.contains(warning));
    let headers = [far, "origin: https://sla.example.com", OURS[1], OURS[2]];
    let answer = site.send("POST", "/sign-in", &headers, "name=alice&password=korrekt+pferd+batterie").await;
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn an_operator_invites_changes_and_removes_with_a_reason_and_never_the_last_one() {
    let site = Site::told(Story::Young).await;
    let root = site.signed_in("root", Standing::Operator).await;
    let token = site.form_token(&root).await;
    let send = async |path: &str, more: &str| site.form(path, &root, &format!("csrf={token}&{more}")).await;
    assert_eq!(send("/people", "name=bob&role=viewer").await.status, 422, "it must be said why");
    assert_eq!(send("/people", "name=b+ob&role=viewer&why=new").await.status, 422);
    assert_eq!(send("/people", "name=bob&role=customer&why=new").await.status, 422, "of which customer");
    assert_eq!(send("/people", "name=bob&role=king&why=new").await.status, 409);
    let made = send("/people", "name=bob&role=customer&customer=acme&why=new").await;
    assert_eq!(made.status, 201);
    let (_, link) = made.body.split_once("http://localhost/join/").unwrap();
    let link = format!("/join/{}", &link[..64]);
    assert!(site.ask("GET", "/people", &[&root]).await.body.contains("Take back"));
    let body = "name=x&password=korrekt+pferd+batterie&again=korrekt+pferd+batterie";
    let bob = session(&site.form(&link, "", body).await);
    assert!(site.ask("GET", "/people/bob", &[&root]).await.body.contains("customer of acme"));
    assert_eq!(site.ask("GET", "/people/nobody", &[&root]).await.status, 404);

    assert_eq!(send("/people/bob/role", "role=operator&why=more+to+do").await.status, 422, "it must be confirmed");
    assert!(site.knows(&bob).await);
    assert_eq!(send("/people/bob/role", "role=operator&why=more+to+do&sure=yes").await.status, 303);
    assert!(!site.knows(&bob).await);
    let bob = session(&site.sign_in("bob", PASSWORD).await);
    let of_bob = site.form_token(&bob).await;
    let left = site.form("/people", &bob, &format!("csrf={of_bob}&name=eve&role=operator&why=later")).await;
    let (_, link) = left.body.split_once("/join/").unwrap();
    let link = format!("/join/{}", &link[..64]);
    assert_eq!(site.get(&link).await.status, 200);
    assert_eq!(send("/people/bob/removal", "why=left").await.status, 422);
    assert_eq!(send("/people/bob/removal", "why=left&sure=yes").await.status, 303);
    assert!(!site.knows(&bob).await);
    assert_eq!(site.get(&link).await.status, 404, "nobody leaves a way in behind");
    for (path, more) in [("/people/root/removal", ""), ("/people/root/role", "&role=viewer")] {
        let last = send(path, &format!("why=bye&sure=yes{more}")).await;
        assert_eq!(last.status, 409, "{path}");
        assert!(last.body.contains("This is the only operator"), "{}", last.body);
    }
    let acts = site.accounts.store().acts().unwrap();
    let told: Vec<_> = acts.iter().map(|act| (&*act.what, &*act.subject, &*act.cause.by, &*act.cause.why)).collect();
    let wanted = [
        ("person-created", "person:root", "test", "a test"),
        ("person-created", "person:bob", "person:root", "new"),
        ("role-changed", "person:bob", "person:root", "more to do"),
        ("person-removed", "person:bob", "person:root", "left"),
    ];
    assert_eq!(told, wanted);
}

/// A server of its own, and the link of its first start.
fn serve(folder: &Path) -> (Child, SocketAddr, String) {
    let address = free_address();
    let (child, link) = serve_at(folder, address, &[]);
    (child, address, link.unwrap())
}

/// The same at an address and with more arguments; no link is printed where there is an operator.
pub(crate) fn serve_at(folder: &Path, address: SocketAddr, more: &[&str]) -> (Child, Option<String>) {
    let closed = free_address();
    let checks = format!(
        "vantage = \"local\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n[[check]]\nid = \"api\"\n\
         solution = \"workload-security\"\ninterface = \"api\"\nkind = \"tcp\"\naddress = \"{closed}\"\n\
         interval = \"1s\"\ntimeout = \"1s\"\nstaleness = \"5s\"\n"
    );
    std::fs::write(folder.join("checks.toml"), checks).unwrap();
    let mut command = uphold(["serve", "--flush-every", "1s", "--listen", &address.to_string()]);
    command.arg("--agreement").arg(root().join("examples/cloud-one/agreement.toml"));
    command.arg("--checks").arg(folder.join("checks.toml")).arg("--data").arg(folder.join("data"));
    command.args(more);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let has_begun = folder.join("data").join(uphold::accounts::FILE).exists();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mark = if has_begun { "uphold serves" } else { "/join/" };
    let line = lines.find(|line| line.contains(mark)).unwrap();
    std::thread::spawn(move || lines.count());
    (child, line.split_once("/join/").map(|(_, secret)| format!("/join/{}", secret.trim())))
}

/// Sends a form as a browser does; the status.
fn post(address: SocketAddr, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// What the ledger says was done: what, to what, what that is now, and by whom.
pub(crate) fn acts(data: &Path) -> Vec<String> {
    let reader = uphold::ledger::Reader::open(&data.join(uphold::ledger::FILE)).unwrap();
    let head = reader.head().unwrap();
    let entries = reader.read(0..head.size).unwrap();
    let acts = entries.iter().filter_map(|entry| match entry.fact() {
        Ok(Some(Fact::Act(act))) => Some(format!("{} {} {:?} {} {}", act.what, act.subject, act.to, act.by, act.why)),
        _ => None,
    });
    acts.collect()
}

#[test]
fn what_is_done_to_people_and_tokens_is_in_the_ledger_whoever_did_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (mut server, address, link) = serve(folder.path());
    let on = |args: &[&str]| {
        let mut command = uphold(args);
        let output = command.arg("--data").arg(&data).env("USER", "carol").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    let words = "password=korrekt+pferd+batterie&again=korrekt+pferd+batterie";
    assert_eq!(post(address, &link, &format!("name=alice&{words}")), "303");
    on(&["token", "create", "reporter", "--scope", "read"]);
    let printed = on(&["person", "invite", "bob", "--role", "viewer", "--why", "joins the team"]);
    let (_, link) = printed.split_once("/join/").unwrap();
    assert_eq!(post(address, &format!("/join/{}", &link[..64]), words), "303");
    assert!(on(&["person", "list"]).contains("bob  viewer  since "));
    on(&["person", "remove", "bob", "--why", "left"]);
    let seen = |wanted: &str| wait(|| acts(&data).iter().any(|act| act.contains(wanted)).then_some(()));
    seen("token-created token:reporter");
    on(&["token", "revoke", "reporter"]);
    seen("token-revoked token:reporter None server:local seen in the file of tokens");
    seen("person-removed");
    let told = acts(&data);
    for wanted in [
        "person-created person:alice Some(\"operator\") first-start the link of the first start",
        "person-created person:bob Some(\"viewer\") cli:carol joins the team",
        "person-removed person:bob None cli:carol left",
        "token-created token:first Some(\"read,record,heartbeat\") server:local seen in the file of tokens",
    ] {
        assert_eq!(told.iter().filter(|act| *act == wanted).count(), 1, "{wanted}: {told:?}");
    }
    // A clean end signs what was recorded last, so that the bundle below has it.
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success());
    assert!(on(&["ledger", "verify"]).contains("every hash is right"));
    on(&["export", "history"]);
    let bundle = folder.path().join("bundle.jsonl");
    let month = uphold::clock::Clock::system().now().to_string()[..7].to_owned();
    on(&["export", "bundle", "--period", &month, bundle.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&bundle).unwrap().contains("token-revoked"));
    let key = on(&["ledger", "key"]);
    let verified = uphold(["verify", bundle.to_str().unwrap(), "--key", key.lines().next().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified));
    let copy = folder.path().join("copy");
    assert!(on(&["backup", copy.to_str().unwrap()]).contains("accounts of people"));
    let store = uphold::accounts::Store::of(&copy);
    assert_eq!(store.people().unwrap().len(), 1);
    let mode = std::fs::metadata(copy.join(uphold::accounts::FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let alice = store.people().unwrap()[0].id;
    let now = uphold::clock::Clock::system().now();
    assert_eq!(store.sessions(alice, now).unwrap(), [], "a copy lets nobody in who was");
    assert_eq!(uphold::accounts::Store::of(&data).sessions(alice, now).unwrap().len(), 1);
    let back = folder.path().join("back");
    let restored = uphold(["restore"]).arg(&copy).arg("--data").arg(&back).output().unwrap();
    assert!(text(&restored).contains("everybody has to sign in anew"), "{}", text(&restored));
    assert_eq!(uphold::accounts::Store::of(&back).people().unwrap().len(), 1);
}
