//! The web layer over real connections: every route, both languages, what is refused, and live events.

use std::sync::Arc;

use sample::Story;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use uphold::access::{Scope, Tokens};
use uphold::accounts::{Accounts, Browser, Cause, Standing};
use uphold::clock::{Clock, ManualTime};
use uphold::identity::IdentityProvider;
use uphold::live::{Counters, Lags, Live};
use uphold::measure::Append;
use uphold::measure::heartbeat::HeartbeatError;
use uphold::web::routes::{Access, Kind, Method, ROUTES};
use uphold::web::{LOOPBACK_HOSTS, WebState, router};
use uphold_core::time::Millis;

use crate::{sample, told};

/// A password of those who are made for a test.
pub(crate) const PASSWORD: &str = "korrekt pferd batterie";

pub(crate) struct Site {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) live: watch::Sender<Arc<Live>>,
    pub(crate) tokens: Tokens,
    pub(crate) accounts: Accounts,
    pub(crate) hand: Arc<ManualTime>,
    pub(crate) data: tempfile::TempDir,
    /// The cookie of whoever asks, where it is always the same one.
    pub(crate) reader: Option<String>,
    _told: tokio::sync::mpsc::Receiver<Append>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

impl Site {
    pub(crate) async fn of(live: Live) -> Self {
        Self::printing(live, uphold::printer::Printer::default()).await
    }

    /// The same with something that makes PDFs.
    pub(crate) async fn printing(live: Live, printer: uphold::printer::Printer) -> Self {
        Self::with(live, printer, |_| None).await
    }

    /// The same where people may sign in through somebody else.
    pub(crate) async fn with(
        live: Live,
        printer: uphold::printer::Printer,
        identity_provider: impl FnOnce(Clock) -> Option<IdentityProvider>,
    ) -> Self {
        let (sender, live) = watch::channel(Arc::new(live));
        let counters = Counters {
            probes_started: 12,
            probes_finished: 11,
            slots_missed: 1,
            slots_held_back: 0,
            last_tick: Millis(0),
            tick_lags: Lags { counts: [7, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0], sum: Millis(1250) },
            failed_writes: 2,
        };
        let data = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(data.path());
        let (clock, hand) = Clock::manual(sample::noon());
        let accounts = Accounts::of(data.path(), clock.clone());
        accounts.store().prepare().unwrap();
        let (tell, told) = tokio::sync::mpsc::channel(8);
        let state = WebState {
            live,
            tokens: tokens.clone(),
            accounts: accounts.clone(),
            identity_provider: identity_provider(clock.clone()),
            tell,
            heartbeat: Arc::new(|check, _, _| match check.as_str() {
                "nightly" => Ok(()),
                _ => Err(HeartbeatError::NoSuchCheck),
            }),
            data: data.path().to_owned(),
            desk: uphold::measure::vantage::Desk::new().0,
            clock,
            board: uphold::notify::Board::default(),
            printer,
            counters: Arc::new(move || counters),
            allowed_hosts: LOOPBACK_HOSTS.iter().chain(&["sla.example.com"]).map(|&host| host.to_owned()).collect(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(state).into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, live: sender, tokens, accounts, hand, data, reader: None, _told: told }
    }

    pub(crate) async fn told(story: Story) -> Self {
        let site = Self::of(told::operated(story, sample::noon())).await;
        told::keep_ledger(site.data.path(), story).await;
        site
    }

    /// The same for somebody who is signed in and may see everything.
    pub(crate) async fn for_viewer(mut self) -> Self {
        self.reader = Some(self.signed_in("viewer", Standing::Viewer).await);
        self
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let Some(reader) = &self.reader else { return self.send(method, path, headers, "").await };
        let more = headers.iter().filter_map(|header| header.strip_prefix("cookie: "));
        let cookie = std::iter::once(reader.as_str()).chain(more).collect::<Vec<_>>().join("; ");
        let others = headers.iter().copied().filter(|header| !header.starts_with("cookie: "));
        self.send(method, path, &others.chain([cookie.as_str()]).collect::<Vec<_>>(), "").await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = if headers.iter().any(|h| h.starts_with("host:")) { "" } else { "host: localhost\r\n" };
        let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let request = format!("{method} {path} HTTP/1.1\r\n{host}{more}{length}connection: close\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).await.unwrap();
        // A PDF is no text; of such an answer the head and the beginning are looked at.
        let text = String::from_utf8_lossy(&raw).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// An operator and a customer who are signed in.
    async fn signed_in_all(&self) -> (String, String) {
        let customer = uphold_core::id::CustomerId::parse("acme").unwrap();
        let operator = self.signed_in("operator", Standing::Operator).await;
        (operator, self.signed_in("customer", Standing::Customer(customer)).await)
    }

    /// Makes somebody and signs them in: the header with the cookie of the session.
    pub(crate) async fn signed_in(&self, name: &str, standing: Standing) -> String {
        let cause = Cause { by: "test".to_owned(), why: "a test".to_owned(), at: sample::noon() };
        let invited = self.accounts.store().invite(name, Some(&standing), &cause).unwrap();
        let secret = self.accounts.accept(invited.secret, String::new(), PASSWORD.to_owned(), Browser::default()).await;
        format!("cookie: __Host-session={}", secret.unwrap().reveal())
    }

    /// What an answer says that is no text: its head, and its body as far as it is one.
    pub(crate) async fn raw(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let cookie = self.reader.as_ref().map_or_else(String::new, |reader| format!("{reader}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{cookie}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).await.unwrap();
        String::from_utf8_lossy(&raw).into_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }
}

/// Whether a route is a link that is good once, and so for nobody who was not given one.
fn is_link(route: &uphold::web::routes::Route) -> bool {
    route.path.starts_with("/join/")
}

/// Every page whose answer ends; an event stream does not.
fn ending() -> impl Iterator<Item = &'static uphold::web::routes::Route> {
    ROUTES.iter().filter(|route| {
        let is_open = matches!(route.access, Access::Everybody | Access::TokenForCustomers(_));
        route.kind != Kind::Events && route.method == Method::Get && is_open && !is_link(route)
    })
}

/// Elements that are open at the end, and those that were closed out of order.
pub(crate) fn unbalanced(html: &str) -> Vec<String> {
    const VOID: [&str; 6] = ["meta", "link", "br", "!DOCTYPE", "input", "img"];
    let (mut open, mut wrong): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or("");
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                wrong.push(tag.to_owned());
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    wrong.extend(open.into_iter().map(str::to_owned));
    wrong
}

#[tokio::test]
async fn the_overview_tells_of_what_is_promised_and_of_nothing_twice() {
    let site = Site::told(Story::Young).await;
    let count = |text: &str, what: &str| text.matches(what).count();
    // The agreement has a clause on monitoring too, which is judged by the same checks.
    let contract = site.get("/").await.body;
    let overview = contract.split("</section>").next().unwrap();
    assert_eq!((count(overview, "class=\"headline\""), count(overview, "<li class=\"whole\">")), (1, 1), "{overview}");
    assert_eq!(count(&contract, "<li><a href=\"#monitoring"), 0);
    let status = site.get("/status").await.body;
    assert_eq!(count(&status, "<div class=\"subject\""), 4, "three interfaces and the whole");
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages_and_every_story() {
    for story in [Story::Empty, Story::Young, Story::Grown, Story::Revised] {
        let site = Site::told(story).await;
        let problem = "/no-such-page";
        let (operator, customer) = site.signed_in_all().await;
        // Of nothing that was measured or told there is no page of its own; evidence is looked at by its own tests.
        let is_absent = |path: &str| {
            let of_one = ["/checks/", "/incidents/", "/ledger/"].iter().any(|one| path.starts_with(one));
            // Of a customer of whom nothing is recorded neither.
            ["/evidence/", "/customers/"].iter().any(|one| path.starts_with(one)) || (of_one && story == Story::Empty)
        };
        let pages = ROUTES.iter().filter(|route| route.kind == Kind::Page && route.method == Method::Get);
        // The revisions of that story have other names.
        let is_missing = |route: &uphold::web::routes::Route| {
            is_link(route)
                || is_absent(route.sample)
                || route.path == uphold::identity::RETURN_PATH
                || (story == Story::Revised && route.sample == "/agreement/reference")
        };
        let pages = pages.map(|route| (route.sample, if is_missing(route) { 404 } else { 200 }));
        for ((path, status), language) in pages.chain([(problem, 404)]).flat_map(|page| [(page, "en"), (page, "ja")]) {
            let session = if path.starts_with("/mine") { &customer } else { &operator };
            let answer = site.ask("GET", path, &[&format!("{session}; lang={language}")]).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.body.contains(&format!("<html lang=\"{language}\"")), "{path}");
            assert_eq!(answer.header("content-language"), Some(language));
            assert_eq!(unbalanced(&answer.body), Vec::<String>::new(), "{path} {language} {story:?}");
            for inline in ["<style", " style=\"", " onclick", "javascript:"] {
                assert!(!answer.body.contains(inline), "{path} has {inline}");
            }
            // Every script is a file of ours.
            assert_eq!(answer.body.matches("<script").count(), answer.body.matches("<script src=\"/assets/").count());
        }
    }
}

#[tokio::test]
async fn the_contract_page_says_what_is_down_and_for_how_long() {
    let site = Site::told(Story::Young).await;
    let english = site.get("/").await.body;
    assert!(english.contains("API has been down for <time class=\"growing\""), "{english}");
    assert!(english.contains(">1\u{a0}min 15\u{a0}s</time>"));
    assert!(english.contains("Clause 4(g)"));
    assert!(english.contains("Nothing in this clause is measured."));
    assert!(!english.contains("This English text governs."));
    let japanese = site.ask("GET", "/", &["accept-language: ja"]).await.body;
    assert!(japanese.contains("日本語は参考訳です。"));
    assert!(japanese.contains("停止しています"));
    let up = Site::told(Story::Grown).await.get("/").await.body;
    assert!(up.contains("All three interfaces are up"));
    let empty = Site::told(Story::Empty).await.get("/").await.body;
    assert!(empty.contains("None of the 3 interfaces is observed"));
}

#[tokio::test]
async fn a_clause_tells_its_figures_in_the_words_of_a_statement() {
    let site = Site::told(Story::Grown).await;
    let english = site.get("/").await.body;
    for said in [
        "<dt>Longest time between two</dt>",
        "<dt>Limit</dt><dd>8:00:00 (28,800 s)</dd>",
        "November\u{a0}2026 so far (UTC)",
        "Observed share, November 2026 so far",
        "<dt>Time not observed</dt>",
    ] {
        assert!(english.contains(said), "{said}");
    }
    let japanese = site.ask("GET", "/", &["accept-language: ja"]).await.body;
    for said in ["<dt>実施の間隔の最長</dt>", "<dt>上限</dt>", "観測率、2026年11月（現在まで）"] {
        assert!(japanese.contains(said), "{said}");
    }
    for page in [english, japanese] {
        assert!(!page.contains("<dt><code>") && !page.contains("longest_gap</dt>"));
    }
    let empty = Site::told(Story::Empty).await.get("/").await.body;
    assert!(empty.contains("Observed share, November 2026 so far"));
}

#[tokio::test]
async fn the_status_page_tells_customers_nothing_of_how_it_is_measured() {
    let site = Site::told(Story::Young).await;
    let status = site.get("/status").await.body;
    assert!(status.contains("Part of the service is down"));
    for internal in ["api-health", "the connection failed", "10.0.0.7", "@local"] {
        assert!(!status.contains(internal), "{internal}");
    }
    let viewer = site.signed_in("viewer", Standing::Viewer).await;
    let checks = site.ask("GET", "/checks", &[&viewer]).await.body;
    assert!(checks.contains("the connection failed: &#60;b&#62;Unavailable"), "{checks}");
}

#[tokio::test]
async fn a_choice_of_language_is_kept_and_leads_back_to_the_page() {
    let site = Site::told(Story::Empty).await;
    let answer = site.get("/status?lang=ja&a=b").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/status?a=b")));
    assert_eq!(answer.header("set-cookie"), Some("lang=ja; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"));
    assert_eq!(site.get("/?lang=de").await.status, 200);
    // A path that a browser would read as another host never becomes the target of a redirect.
    assert_eq!(site.get("//evil.example/?lang=ja").await.status, 404);
    let both = ["cookie: lang=en", "accept-language: ja"];
    assert!(site.ask("GET", "/", &both).await.body.contains("<html lang=\"en\""));
}

#[tokio::test]
async fn every_route_refuses_a_foreign_host_and_every_method_that_it_does_not_list() {
    let site = Site::told(Story::Empty).await;
    for route in ROUTES {
        for host in ["evil.example", "localhost.evil.example", "localhost:80:80"] {
            let answer = site.ask("GET", route.sample, &[&format!("host: {host}")]).await;
            assert_eq!(answer.status, 421, "{} {host}", route.path);
        }
        let posts = ROUTES.iter().any(|other| other.path == route.path && other.method == Method::Post);
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if method == "POST" && posts {
                continue;
            }
            let answer = site.ask(method, route.sample, &[]).await;
            assert_eq!(answer.status, 405, "{method} {}", route.path);
            let gets = ROUTES.iter().any(|other| other.path == route.path && other.method == Method::Get);
            let allowed = match (gets, posts) {
                (true, true) => "GET,HEAD,POST",
                (true, false) => "GET,HEAD",
                _ => "POST",
            };
            assert_eq!(answer.header("allow"), Some(allowed), "{}", route.path);
        }
    }
    let twice = site.ask("GET", "/", &["host: localhost", "host: localhost"]).await;
    assert_eq!(twice.status, 400);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::told(Story::Young).await;
    let foreign = site.ask("GET", "/", &["host: evil.example"]).await;
    let mut answers = vec![foreign, site.get("/nowhere").await, site.get("/api/nowhere").await];
    for route in ending() {
        let answer = site.get(route.sample).await;
        let head = site.ask("HEAD", route.sample, &[]).await;
        assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "{}", route.path);
        let kept = match route.path {
            "/status" => "public, no-cache",
            "/maintenance.ics" | "/maintenance.atom" => "public, max-age=60",
            _ => "no-store",
        };
        assert_eq!(answer.header("cache-control"), Some(kept), "{}", route.path);
        answers.push(answer);
    }
    for answer in answers {
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"), "{csp}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_digest() {
    let site = Site::told(Story::Empty).await;
    let page = site.get("/").await.body;
    let named: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(named.len(), 3);
    for address in named {
        let answer = site.get(address).await;
        assert_eq!(answer.status, 200, "{address}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    assert_eq!(site.get("/assets/0000000000000000/style.css").await.status, 404);
}

#[tokio::test]
async fn the_interface_for_programs_answers_json_and_problems() {
    let site = Site::told(Story::Grown).await;
    for route in ending().filter(|route| route.kind == Kind::Api) {
        let answer = site.get(route.sample).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", route.path);
        let _: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    }
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let agreement = value(&site.get("/api/v1/agreement").await.body);
    assert_eq!(agreement["clauses"][8]["title"]["en"], "What service availability means");
    assert_eq!(agreement["commitments"][0]["terms"]["zone"]["origin"], "policy");
    let statement = value(&site.get("/api/v1/statement").await.body);
    assert_eq!(statement["inputs"]["lines"], 1234);
    assert_eq!(value(&site.get("/api/v1/ledger").await.body)["as_known_at"], "2026-11-22T12:34:56Z");
    for (method, path, status, code) in
        [("GET", "/api/v2", 404, "not-found"), ("PUT", "/api/v1/ledger", 405, "method-not-allowed")]
    {
        let answer = site.ask(method, path, &[]).await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!((answer.status, &value(&answer.body)["code"]), (status, &code.into()));
    }
    let foreign = site.ask("GET", "/api/v1/ledger", &["host: evil.example"]).await;
    assert_eq!(value(&foreign.body)["code"], "foreign-host");
}

/// Reads Prometheus text: each sample with its name, the text of its labels, and its value.
fn samples(text: &str) -> Vec<(&str, &str, &str)> {
    let mut declared = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            declared.extend(rest.strip_prefix("TYPE ").and_then(|rest| rest.split(' ').next()));
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let family = declared.last().copied().unwrap_or_default();
        let of_histogram = ["_bucket", "_sum", "_count"].map(|part| format!("{family}{part}"));
        assert!(name == family || of_histogram.iter().any(|part| part == name), "{name} stands outside its family");
        assert!(value.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{line}");
        found.push((name, labels.strip_suffix('}').unwrap(), value));
    }
    found
}

#[tokio::test]
async fn metrics_can_be_parsed_and_tell_exact_bounds() {
    let site = Site::told(Story::Young).await;
    let answer = site.get("/metrics").await;
    let samples = samples(&answer.body);
    let value = |name: &str, labels: &[&str]| {
        let mut hits = samples.iter().filter(|s| s.0 == name && labels.iter().all(|label| s.1.contains(label)));
        let (Some(hit), None) = (hits.next(), hits.next()) else { panic!("{name} {labels:?} is not one sample") };
        hit.2
    };
    let api = "interface=\"api\"";
    assert_eq!(value("uphold_state", &[api, "state=\"down\""]), "1");
    assert_eq!(value("uphold_state", &[api, "state=\"up\""]), "0");
    assert_eq!(value("uphold_period_state_seconds", &[api, "state=\"down\""]), "135.5");
    assert_eq!(value("uphold_probes_started_total", &[]), "12");
    let lags = |le: &str| value("uphold_tick_lag_seconds_bucket", &[&format!("le=\"{le}\"")]);
    assert_eq!(["0.001", "0.002", "0.005", "1", "5", "+Inf"].map(lags), ["7", "7", "9", "9", "10", "10"]);
    assert_eq!(value("uphold_tick_lag_seconds_sum", &[]), "1.25");
    assert_eq!(value("uphold_tick_lag_seconds_count", &[]), "10");
    // 584.5 seconds up of the 1,859,696 that have passed since the month began.
    assert_eq!(value("uphold_availability_ratio", &[api, "bound=\"lower\""]), "0.000314298681");
}

#[tokio::test]
async fn an_event_tells_of_the_present_picture_and_of_each_newer_one() {
    let site = Site::told(Story::Young).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut heard = String::new();
    for (moment, known) in [(0, "2026-11-22T12:34:56Z"), (1000, "2026-11-22T12:34:57Z")] {
        site.live.send_replace(Arc::new(sample::live(Story::Young, sample::noon() + Millis(moment))));
        while !heard.contains(&format!("\"as_known_at\":\"{known}\"")) {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the stream ended: {heard}");
            heard.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
    }
    assert!(heard.contains("content-type: text/event-stream"));
    assert!(heard.contains("event: live\ndata: {\"as_known_at\""), "{heard}");
    assert!(heard.contains("\"ledger\":{\"size\":1234,\"root\":\"9f86"));
}

/// What a token of no use, of another use and of the right use gets from every route, by its access.
#[tokio::test]
async fn every_route_asks_for_the_token_that_the_table_says() {
    let site = Site::told(Story::Young).await;
    let bearer = |secret: &str| format!("authorization: Bearer {secret}");
    let osaka = uphold_core::id::VantageId::parse("osaka").unwrap();
    let revoked = site.tokens.create_for("revoked", &Scope::ALL, Some(&osaka), sample::noon()).unwrap();
    site.tokens.revoke("revoked").unwrap();
    let mut made = Vec::new();
    for scope in Scope::ALL {
        let vantage = (scope == Scope::Vantage).then_some(&osaka);
        made.push((scope, site.tokens.create_for(scope.name(), &[scope], vantage, sample::noon()).unwrap()));
    }
    let strangers = ["authorization: Basic b3BzOm9wcw==".to_owned(), bearer("uphold_00"), bearer(&revoked), bearer("")];
    for route in ROUTES.iter().filter(|route| route.kind != Kind::Events) {
        let method = if route.method == Method::Get { "GET" } else { "POST" };
        let (address, needed) = match route.access {
            Access::Everybody => (route.sample.to_owned(), None),
            Access::Token(scope) => (route.sample.to_owned(), Some(scope)),
            Access::TokenForCustomers(scope) => (format!("{}?customer=all", route.sample), Some(scope)),
            Access::Person(_) | Access::SignedIn => continue,
        };
        let without = site.ask(method, &address, &[]).await;
        assert_eq!(without.status == 401, needed.is_some(), "{method} {address}: {}", without.status);
        let Some(needed) = needed else { continue };
        assert_eq!(without.header("www-authenticate"), Some("Bearer"));
        for stranger in &strangers {
            assert_eq!(site.ask(method, &address, &[stranger]).await.status, 401, "{method} {address} {stranger}");
        }
        for (scope, secret) in &made {
            let status = site.ask(method, &address, &[&bearer(secret)]).await.status;
            assert_eq!(status == 403, *scope != needed, "{method} {address} with {scope}: {status}");
            assert_ne!(status, 401);
            let twice = site.ask(method, &address, &[&bearer(secret), &bearer(secret)]).await;
            assert_eq!(twice.status, 401, "two tokens are none");
        }
    }
}

#[tokio::test]
async fn a_customer_is_never_shown_to_whoever_brings_no_token_however_the_address_is_written() {
    let site = Site::told(Story::Grown).await;
    for address in [
        "/api/v1/statement?customer=acme",
        "/api/v1/statement?period=2026-11&customer=all",
        "/api/v1/statement?%63ustomer=all",
        "/api/v1/statement?customer",
        "/api/v1/statement?a=b&customer=acme&customer=other",
    ] {
        assert_eq!(site.get(address).await.status, 401, "{address}");
    }
    for address in ["/api/v1/statement?Customer=acme", "/api/v1/statement?period=2026-11&;customer=acme"] {
        assert_eq!(site.get(address).await.status, 400, "{address}");
    }
    assert_eq!(site.get("/api/v1/statement?period=2026-11").await.status, 200);
    assert_eq!(site.get("/api/v1/statement?period=1999-13").await.status, 400);
    // What would take for ever to work out, for whoever asks.
    let ages = site.get("/api/v1/statement?period=0001-01-01T00:00:00Z/9999-01-01T00:00:00Z").await;
    assert_eq!(ages.status, 400, "{}", ages.body);
    assert!(ages.body.contains("400 days"), "{}", ages.body);
}

#[tokio::test]
async fn a_job_reports_in_with_its_token_and_hears_what_is_wrong() {
    let site = Site::told(Story::Young).await;
    let secret = site.tokens.create("nightly", &[Scope::Heartbeat], sample::noon()).unwrap();
    let bearer = format!("authorization: Bearer {secret}");
    for (path, status) in [
        ("nightly", 202),
        ("nightly?state=down", 202),
        ("nightly?state=broken", 400),
        ("nightly?stat=up", 400),
        ("other", 404),
        ("No%20Check", 404),
    ] {
        let answer = site.ask("POST", &format!("/api/v1/heartbeats/{path}"), &[&bearer]).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_history_of_the_agreement_tells_every_revision_and_for_whom_each_change_is_better() {
    let site = Site::told(Story::Revised).await;
    let page = site.get("/agreement/history").await.body;
    let (newest, first) = page.split_once("Revision 1</h2>").unwrap();
    assert!(newest.contains("Revision 2</h2>"), "the newest stands first: {page}");
    assert!(newest.contains("<strong>In force now</strong>") && first.contains("No longer in force"), "{page}");
    assert!(newest.contains("What it changed of revision 1") && !first.contains("What it changed"), "{page}");
    let better = newest.lines().find(|line| line.contains("class=\"better\"")).unwrap();
    for part in ["better for the customer:", "<code>target</code>", "<del>99.9", "<ins>99.95"] {
        assert!(better.contains(part), "{part}: {better}");
    }
    assert!(newest.contains("1 better for the customer, 0 worse"), "{newest}");
    assert!(newest.contains(", fact 12<") && first.contains(", fact 2<"), "{page}");
    let japanese = site.ask("GET", "/agreement/history", &["cookie: lang=ja"]).await.body;
    assert!(japanese.contains("契約の改訂履歴") && japanese.contains("お客様に有利："), "{japanese}");
    assert!(site.get("/").await.body.contains("<a href=\"/agreement/history\">"));
    // One revision alone has no history to compare.
    let alone = Site::told(Story::Grown).await.get("/agreement/history").await.body;
    assert!(alone.contains("Revision reference</h2>") && !alone.contains("What it changed"), "{alone}");
}

#[tokio::test]
async fn a_month_of_two_revisions_is_shown_with_the_name_of_each() {
    let site = Site::told(Story::Revised).await;
    for (language, words) in [
        ("en", ["Judged by revision 2", "Judged by revision 1"]),
        ("ja", ["改訂版 2 による判定", "改訂版 1 による判定"]),
    ] {
        let page = site.ask("GET", "/", &[&format!("cookie: lang={language}")]).await.body;
        let api = page.split("<h3>").skip(1).find(|part| part.contains(">API</span></h3>")).unwrap();
        let [newest, first] = words.map(|words| api.find(words).unwrap_or_else(|| panic!("{words}: {api}")));
        assert!(newest < first, "the revision in force stands first");
    }
    // A customer who only wants to know how it stands is told of the one in force.
    assert!(!site.get("/status").await.body.contains("Judged by"));
    let alone = Site::told(Story::Grown).await;
    assert!(!alone.get("/").await.body.contains("Judged by"));
    // No time of before the second revision is drawn as time without an agreement.
    let outside = |page: &str| page.matches("class=\"outside").count();
    assert_eq!(outside(&site.get("/status").await.body), outside(&alone.get("/status").await.body));
    let metrics = site.get("/metrics").await.body;
    let mut series: Vec<(&str, &str)> = samples(&metrics).into_iter().map(|(name, labels, _)| (name, labels)).collect();
    let all = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), all, "a series is told once");
    let statement: serde_json::Value = serde_json::from_str(&site.get("/api/v1/statement").await.body).unwrap();
    assert_eq!(statement["revisions"], serde_json::json!(["1", "2"]));
    let rows = statement["commitments"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["id"] == "interface-availability" && row["subject"] == "workload-security/api");
    let said: Vec<_> = rows.map(|row| (row["revision"].as_str(), row["target"].as_str())).collect();
    assert_eq!(said, [(Some("1"), Some("99.9")), (Some("2"), Some("99.95"))]);
}

#[tokio::test]
async fn programs_are_told_all_revisions_and_each_of_them() {
    let site = Site::told(Story::Revised).await;
    let get = async |path: &str| -> serde_json::Value { serde_json::from_str(&site.get(path).await.body).unwrap() };
    let list = get("/api/v1/agreement/revisions").await;
    let all = list["revisions"].as_array().unwrap();
    let of = |key: &str| all.iter().map(|each| each[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("revision"), ["1", "2"]);
    assert_eq!(of("in_force"), [false, true]);
    assert_eq!(of("seq"), [2, 12]);
    assert_eq!(all[0]["valid"]["until"], all[1]["valid"]["from"]);
    assert!(all[1]["valid"]["until"].is_null());
    assert!(of("digest").iter().all(|digest| digest.as_str().unwrap().len() == 64));
    assert_eq!(get("/api/v1/agreement/revisions/2").await, get("/api/v1/agreement").await);
    assert_eq!(get("/api/v1/agreement/revisions/1").await["revision"], "1");
    let none = site.get("/api/v1/agreement/revisions/3").await;
    assert_eq!(none.status, 404);
    assert!(none.body.contains("no-such-revision"), "{}", none.body);
}
