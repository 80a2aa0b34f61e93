//! A small hosted service to measure: a web console, an API and an agent gateway of a fictional product, and a control page
//! that breaks and mends each of them. It is a process of its own and knows nothing of the rest of the program.

mod part;
mod words;

pub use part::{Mode, Part};

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use jiff::Timestamp;
use part::Switches;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use words::Language;

use crate::terminal::say;

/// How late a slow part answers.
pub const SLOW: Duration = Duration::from_millis(1500);

/// Serves the sample service at the address, and nowhere else, until the process ends. Each break and each mend is a line on standard
/// output with the time that `now` gives.
///
/// # Errors
/// When the address cannot be listened at.
pub async fn run(listen: SocketAddr, now: fn() -> Timestamp) -> Result<(), io::Error> {
    let listener = TcpListener::bind(listen).await?;
    say(&format!("{} sample service listens at http://{}/control", in_seconds(now()), listener.local_addr()?));
    serve(listener, now).await
}

/// As [`run`], with a listener that is open already.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, now: fn() -> Timestamp) -> Result<(), io::Error> {
    let sample = Arc::new(Sample { address: listener.local_addr()?, switches: Switches::all_up(now()), now });
    axum::serve(listener, router(sample)).await
}

struct Sample {
    address: SocketAddr,
    switches: Switches,
    now: fn() -> Timestamp,
}

type Service = State<Arc<Sample>>;

fn router(sample: Arc<Sample>) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/control")))
        .route(Part::Console.path(), get(console))
        .route("/console/overview", post(overview))
        .route(Part::Api.path(), get(items))
        .route(Part::Connect.path(), get(connect).post(connect))
        .route("/control", get(control))
        .route("/control/{part}", get(show_part).post(switch_by_form).put(switch_by_json))
        .route("/assets/sample.css", get(style))
        .layer(middleware::map_response(protect))
        .with_state(sample)
}

async fn protect(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/sample.css"))
}

#[derive(Template)]
#[template(path = "sample_console.html")]
struct ConsolePage;

#[derive(Template)]
#[template(path = "sample_overview.html")]
struct OverviewPage {
    items: &'static [Item],
}

/// A thing that the fictional product keeps for its customers.
#[derive(Debug, Clone, Copy, Serialize)]
struct Item {
    id: u32,
    name: &'static str,
    region: &'static str,
    state: &'static str,
}

const ITEMS: &[Item] = &[
    Item { id: 1001, name: "Head office gateway", region: "tokyo", state: "connected" },
    Item { id: 1002, name: "Osaka branch gateway", region: "osaka", state: "connected" },
    Item { id: 1003, name: "Warehouse sensors", region: "tokyo", state: "connected" },
    Item { id: 1004, name: "Test bench", region: "osaka", state: "paused" },
];

async fn console(State(sample): Service) -> Response {
    let wrong = || Html("<!doctype html><title>Welcome</title><p>It works.</p>").into_response();
    sample.answer(Part::Console, || page(&ConsolePage), wrong).await
}

/// Any name and password will do: there is nothing to protect.
async fn overview(State(sample): Service) -> Response {
    let wrong = || Html("<!doctype html><title>Welcome</title><p>It works.</p>").into_response();
    sample.answer(Part::Console, || page(&OverviewPage { items: ITEMS }), wrong).await
}

async fn items(State(sample): Service) -> Response {
    let right = || Json(serde_json::json!({ "items": ITEMS })).into_response();
    sample.answer(Part::Api, right, || Json(serde_json::json!({ "message": "ok" })).into_response()).await
}

async fn connect(State(sample): Service) -> Response {
    let say = |accepted: bool| Json(serde_json::json!({ "accepted": accepted })).into_response();
    sample.answer(Part::Connect, || say(true), || say(false)).await
}

impl Sample {
    /// Answers as the mode of the part says.
    async fn answer(&self, part: Part, right: impl Fn() -> Response, wrong: impl Fn() -> Response) -> Response {
        match self.switches.get(part).0 {
            Mode::Up => right(),
            Mode::Down => (StatusCode::SERVICE_UNAVAILABLE, "the service is not available\n").into_response(),
            Mode::Hang => std::future::pending().await,
            Mode::Close => closed_connection(),
            Mode::Wrong => wrong(),
            Mode::Slow => {
                tokio::time::sleep(SLOW).await;
                right()
            }
        }
    }

    fn switch(&self, part: Part, mode: Mode) {
        let now = (self.now)();
        if self.switches.set(part, mode, now) {
            let verb = if mode == Mode::Up { "mended" } else { "broken" };
            say(&format!("{} {} {verb}: {}", in_seconds(now), part.name(), mode.name()));
        }
    }

    /// Whether a change may come from this request: it names this machine as its host, and if a page sent it, one of ours did. A
    /// foreign page that points a name of its own at this address fails the first, and any other foreign page the second.
    fn is_own(&self, method: &Method, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let Some(host) = text(header::HOST) else { return false };
        let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let ours = name == "localhost" || address.is_some_and(|a| a == self.address.ip() || a.is_loopback());
        let same_origin = match text(header::ORIGIN) {
            Some(origin) => origin.strip_prefix("http://") == Some(host),
            // Every browser names the origin of a form that is posted.
            None => method != Method::POST,
        };
        ours && port == self.address.port().to_string() && same_origin
    }
}

/// A response that ends with an error before its first byte. The server then drops the connection without an answer.
fn closed_connection() -> Response {
    let failed = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionAborted));
    Body::from_stream(futures_util::stream::iter([failed])).into_response()
}

struct PartView {
    part: Part,
    mode: Mode,
    since: Timestamp,
}

#[derive(Template)]
#[template(path = "sample_control.html")]
struct ControlPage {
    say: Language,
    parts: Vec<PartView>,
}

#[derive(Deserialize)]
struct ControlQuery {
    lang: Option<String>,
}

async fn control(State(sample): Service, Query(query): Query<ControlQuery>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chosen = query.lang.as_deref().and_then(Language::find);
    let say = chosen.unwrap_or_else(|| Language::choose(accept));
    let parts = Part::ALL.map(|part| {
        let (mode, since) = sample.switches.get(part);
        PartView { part, mode, since }
    });
    ([(header::VARY, "accept-language")], page(&ControlPage { say, parts: parts.into() })).into_response()
}

async fn show_part(State(sample): Service, Path(name): Path<String>) -> Result<Response, Refused> {
    let part = Part::find(&name).ok_or(Refused::NoSuchPart)?;
    let (mode, since) = sample.switches.get(part);
    Ok(Json(serde_json::json!({ "part": name, "mode": mode.name(), "since": in_seconds(since) })).into_response())
}

#[derive(Deserialize)]
struct Wanted {
    mode: String,
    #[serde(default)]
    lang: String,
}

async fn switch_by_form(
    State(sample): Service,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Refused> {
    sample.switch_as_asked(&Method::POST, &headers, &name, &wanted.mode)?;
    let language = Language::find(&wanted.lang).map_or("", |say| say.pick("?lang=en", "?lang=ja"));
    Ok(Redirect::to(&format!("/control{language}#{name}")).into_response())
}

async fn switch_by_json(
    state: Service,
    path: Path<String>,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Refused> {
    state.switch_as_asked(&Method::PUT, &headers, &path, &wanted.mode)?;
    show_part(state, path).await
}

impl Sample {
    fn switch_as_asked(&self, method: &Method, headers: &HeaderMap, part: &str, mode: &str) -> Result<(), Refused> {
        if !self.is_own(method, headers) {
            return Err(Refused::Foreign);
        }
        let part = Part::find(part).ok_or(Refused::NoSuchPart)?;
        self.switch(part, Mode::find(mode).ok_or(Refused::NoSuchMode)?);
        Ok(())
    }
}

/// Why nothing was switched.
#[derive(Debug, Clone, Copy)]
enum Refused {
    Foreign,
    NoSuchPart,
    NoSuchMode,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Foreign => (StatusCode::FORBIDDEN, "could not switch: the request did not come from this page\n"),
            Self::NoSuchPart => {
                (StatusCode::NOT_FOUND, "could not find the part: it is `console`, `api` or `connect`\n")
            }
            Self::NoSuchMode => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "could not switch: the mode is `up`, `down`, `hang`, `close`, `wrong` or `slow`\n",
            ),
        };
        (status, text).into_response()
    }
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn in_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    fn at_noon() -> Timestamp {
        Timestamp::from_second(1_800_014_400).unwrap()
    }

    async fn start() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, at_noon));
        address
    }

    /// All that comes back until the connection closes.
    async fn ask(address: SocketAddr, line: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let text = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn see(address: SocketAddr, path: &str) -> String {
        ask(address, &format!("GET {path}"), &format!("Host: {address}\r\n"), "").await
    }

    async fn put(address: SocketAddr, part: &str, mode: &str) -> String {
        let headers = format!("Host: {address}\r\nContent-Type: application/json\r\n");
        ask(address, &format!("PUT /control/{part}"), &headers, &format!("{{\"mode\":\"{mode}\"}}")).await
    }

    async fn submit(address: SocketAddr, host: &str, origin: Option<&str>) -> String {
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let headers = format!("Host: {host}\r\n{origin}Content-Type: application/x-www-form-urlencoded\r\n");
        ask(address, "POST /control/api", &headers, "lang=ja&mode=down").await
    }

    const RIGHT: [(Part, &str); 3] = [
        (Part::Console, "id=\"console-ready\""),
        (Part::Api, "\"name\":\"Head office gateway\""),
        (Part::Connect, "{\"accepted\":true}"),
    ];

    #[tokio::test]
    async fn each_part_works_breaks_in_each_way_and_is_mended_alone() {
        let address = start().await;
        for (part, right) in RIGHT {
            let works = async || {
                let answer = see(address, part.path()).await;
                answer.starts_with("HTTP/1.1 200 ") && answer.contains(right)
            };
            assert!(works().await, "{part:?}");
            put(address, part.name(), "down").await;
            assert!(see(address, part.path()).await.starts_with("HTTP/1.1 503 "), "{part:?}");
            for (other, right) in RIGHT.into_iter().filter(|(other, _)| *other != part) {
                assert!(see(address, other.path()).await.contains(right), "{other:?}");
            }
            put(address, part.name(), "wrong").await;
            let wrong = see(address, part.path()).await;
            assert!(wrong.starts_with("HTTP/1.1 200 ") && !wrong.contains(right), "{part:?}");
            put(address, part.name(), "close").await;
            assert_eq!(see(address, part.path()).await, "", "{part:?}");
            put(address, part.name(), "up").await;
            assert!(works().await, "{part:?}");
        }
    }

    fn sample(mode: Mode) -> Sample {
        let sample = Sample {
            address: SocketAddr::from(([127, 0, 0, 1], 8081)),
            switches: Switches::all_up(at_noon()),
            now: at_noon,
        };
        sample.switches.set(Part::Api, mode, at_noon());
        sample
    }

    async fn answer_of(sample: &Sample) -> Response {
        sample.answer(Part::Api, || "right".into_response(), || "wrong".into_response()).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_part_never_answers() {
        let year = Duration::from_secs(365 * 86_400);
        assert!(tokio::time::timeout(year, answer_of(&sample(Mode::Hang))).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_part_answers_rightly_after_one_and_a_half_seconds() {
        let sample = sample(Mode::Slow);
        let early = tokio::time::timeout(SLOW - Duration::from_millis(1), answer_of(&sample)).await;
        assert!(early.is_err());
        let late = tokio::time::timeout(SLOW + Duration::from_millis(1), answer_of(&sample)).await;
        assert_eq!(late.unwrap().status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn signing_in_leads_to_the_overview() {
        let address = start().await;
        let page = ask(address, "POST /console/overview", &format!("Host: {address}\r\n"), "").await;
        assert!(page.contains("id=\"console-overview\"") && page.contains("Warehouse sensors"));
    }

    #[tokio::test]
    async fn the_control_page_speaks_the_language_that_is_asked_for() {
        let address = start().await;
        let japanese = format!("Host: {address}\r\nAccept-Language: ja,en;q=0.5\r\n");
        assert!(ask(address, "GET /control", &japanese, "").await.contains("<html lang=\"ja\">"));
        assert!(ask(address, "GET /control?lang=en", &japanese, "").await.contains("Break and mend</h1>"));
        assert!(see(address, "/control").await.contains("<html lang=\"en\">"));
        assert!(see(address, "/control?lang=ja").await.contains("故障と復旧</h1>"));
    }

    #[tokio::test]
    async fn the_control_page_shows_the_state_of_each_part_and_since_when() {
        let address = start().await;
        assert_eq!(see(address, "/control").await.matches("class=\"state up\"").count(), 3);
        put(address, "connect", "close").await;
        let page = see(address, "/control").await;
        assert_eq!(page.matches("class=\"state up\"").count(), 2);
        assert!(page.contains("<strong>Closes the connection</strong>"));
        assert!(page.contains("<time datetime=\"2027-01-15T12:00:00Z\">"), "{page}");
    }

    #[tokio::test]
    async fn a_form_of_the_page_switches_and_leads_back_in_its_language() {
        let address = start().await;
        let answer = submit(address, &address.to_string(), Some(&format!("http://{address}"))).await;
        assert!(answer.starts_with("HTTP/1.1 303 ") && answer.contains("location: /control?lang=ja#api"), "{answer}");
        assert!(see(address, "/control/api").await.contains("\"mode\":\"down\""));
        let local = format!("localhost:{}", address.port());
        assert!(submit(address, &local, Some(&format!("http://{local}"))).await.starts_with("HTTP/1.1 303 "));
    }

    #[tokio::test]
    async fn a_form_of_a_foreign_page_switches_nothing() {
        let address = start().await;
        let (own, port) = (address.to_string(), address.port());
        let rebound = format!("evil.example:{port}");
        for (host, origin) in [
            (own.as_str(), None),
            (own.as_str(), Some("null".to_owned())),
            (own.as_str(), Some("http://evil.example".to_owned())),
            (own.as_str(), Some(format!("http://127.0.0.1:{}", port ^ 1))),
            (own.as_str(), Some(format!("https://{own}"))),
            (rebound.as_str(), Some(format!("http://{rebound}"))),
            ("127.0.0.1", Some("http://127.0.0.1".to_owned())),
        ] {
            let answer = submit(address, host, origin.as_deref()).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{host} {origin:?}: {answer}");
        }
        assert!(see(address, "/control/api").await.contains("\"mode\":\"up\""));
    }

    #[tokio::test]
    async fn an_unknown_part_or_mode_is_refused() {
        let address = start().await;
        assert!(put(address, "database", "down").await.starts_with("HTTP/1.1 404 "));
        assert!(put(address, "api", "burn").await.starts_with("HTTP/1.1 422 "));
        assert!(see(address, "/control/database").await.starts_with("HTTP/1.1 404 "));
    }

    #[tokio::test]
    async fn every_answer_forbids_scripts_and_frames() {
        let address = start().await;
        for path in ["/console", "/control", "/assets/sample.css", "/nowhere"] {
            let answer = see(address, path).await;
            assert!(answer.contains("content-security-policy: default-src 'none'; style-src 'self'"), "{path}");
        }
    }
}
