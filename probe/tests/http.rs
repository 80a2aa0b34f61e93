//! The HTTP probe against small servers on loopback that behave in one way each.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uphold_core::run::Observed;
use uphold_core::time::Instant;
use uphold_probe::assertion::{About, Assertion, BodyTest, Bound, Decimal, JsonTest, Otherwise, Path};
use uphold_probe::egress::{Cidr, Egress};
use uphold_probe::http::{BODY_BYTES_MAX, HttpCheck, HttpMethod, HttpSettings, StatusSet};
use uphold_probe::outcome::{AnswerEvidence, Cause, Evidence, Outcome};
use uphold_probe::tls;

/// Serves each connection with `behave`, which gets the head of the request.
async fn serve<F, R>(behave: F) -> SocketAddr
where
    F: Fn(TcpStream, String) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let behave = Arc::new(behave);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let behave = behave.clone();
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                behave(stream, head).await;
            });
        }
    });
    address
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { break };
        head.push(byte);
    }
    String::from_utf8(head).unwrap()
}

fn kept(outcome: &Outcome) -> AnswerEvidence {
    match outcome.evidence.as_deref() {
        Some(Evidence::Answer(evidence)) => evidence.clone(),
        other => panic!("{other:?}"),
    }
}

async fn answer(text: impl Into<String>) -> SocketAddr {
    let text = text.into();
    serve(move |mut stream, _| {
        let text = text.clone();
        async move { stream.write_all(text.as_bytes()).await.unwrap() }
    })
    .await
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn loopback() -> Egress {
    Egress::new(vec![Cidr::parse("127.0.0.0/8").unwrap()])
}

async fn look(address: SocketAddr, change: impl FnOnce(&mut HttpSettings)) -> Outcome {
    let mut settings = HttpSettings::new(format!("http://{address}/path?q=1"));
    change(&mut settings);
    probe(&HttpCheck::new(settings).unwrap(), &loopback()).await
}

fn said(outcome: &Outcome) -> (Observed, &'static str) {
    (outcome.state, outcome.cause.to_string().leak())
}

async fn probe(check: &HttpCheck, egress: &Egress) -> Outcome {
    uphold_probe::http::probe(check, egress, Instant(0)).await
}

#[tokio::test]
async fn a_right_answer_is_up_and_carries_no_evidence() {
    let outcome = look(answer(ok("hello")).await, |s| s.expect.body_contains = Some("ell".to_owned())).await;
    assert_eq!(said(&outcome), (Observed::Up, "HTTP 200"));
    assert_eq!(outcome.evidence, None);
    let phases = outcome.phases;
    assert!(phases.total_us >= phases.resolve_us + phases.connect_us + phases.first_byte_us);
    assert_eq!(phases.tls_us, 0);
}

#[tokio::test]
async fn the_request_says_who_asks_and_asks_for_no_compression() {
    let address = serve(|mut stream, head| async move {
        let body = head.to_lowercase();
        stream.write_all(ok(&body).as_bytes()).await.unwrap();
    })
    .await;
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        "get /path?q=1 http/1.1\r\n".to_owned(),
        format!("\r\nhost: {address}\r\n"),
        format!("\r\nuser-agent: uphold/{version}\r\n"),
        "\r\naccept-encoding: identity\r\n".to_owned(),
        "\r\nconnection: close\r\n".to_owned(),
        "\r\nx-mine: a b\r\n".to_owned(),
    ] {
        let outcome = look(address, |s| {
            s.headers.push(("X-Mine".to_owned(), "A b".to_owned()));
            s.expect.body_contains = Some(line.clone());
        })
        .await;
        assert_eq!(outcome.state, Observed::Up, "{line} {outcome:?}");
    }
}

#[tokio::test]
async fn a_head_request_reads_no_body() {
    let address = serve(|mut stream, head| async move {
        let status = if head.starts_with("HEAD ") { 204 } else { 500 };
        let text = format!("HTTP/1.1 {status} x\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
    })
    .await;
    let outcome = look(address, |s| s.method = HttpMethod::Head).await;
    assert_eq!(said(&outcome), (Observed::Up, "HTTP 204"));
}

#[tokio::test]
async fn a_wrong_status_is_down_with_redacted_evidence() {
    let body = "x".repeat(3000);
    let head = "HTTP/1.1 503 Busy\r\nSet-Cookie: sid=1\r\nRetry-After: 7\r\nContent-Length: 3000\r\n\r\n";
    let outcome = look(answer(format!("{head}{body}")).await, |_| {}).await;
    assert_eq!(said(&outcome), (Observed::Down, "HTTP 503"));
    let evidence = kept(&outcome);
    assert_eq!((evidence.status, evidence.body_len, evidence.body_cut), (Some(503), 3000, false));
    assert_eq!(evidence.body_start, body.as_bytes()[..1024]);
    assert_eq!(evidence.body_sha256, <[u8; 32]>::from(Sha256::digest(&body)));
    let header = |name: &str| evidence.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!((header("set-cookie"), header("retry-after")), (Some("[redacted]"), Some("7")));
}

#[tokio::test]
async fn a_secret_of_the_request_does_not_come_back_in_evidence() {
    let address = serve(|mut stream, head| async move {
        let text = format!("HTTP/1.1 500 x\r\nContent-Length: {}\r\n\r\n{head}", head.len());
        stream.write_all(text.as_bytes()).await.unwrap();
    })
    .await;
    let outcome = look(address, |s| s.headers.push(("Authorization".to_owned(), "Bearer topsecret".to_owned()))).await;
    let body = String::from_utf8(kept(&outcome).body_start).unwrap();
    assert!(body.contains("authorization: [redacted]\r\n"), "{body}");
}

#[tokio::test]
async fn the_statuses_that_are_right_can_be_chosen() {
    let address = answer("HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n").await;
    let outcome = look(address, |s| s.expect.status = StatusSet::parse("401").unwrap()).await;
    assert_eq!(said(&outcome), (Observed::Up, "HTTP 401"));
    let outcome = look(answer(ok("")).await, |s| s.expect.status = StatusSet::parse("401").unwrap()).await;
    assert_eq!(said(&outcome), (Observed::Down, "HTTP 200"));
}

#[tokio::test]
async fn a_body_without_the_expected_text_is_down() {
    let outcome = look(answer(ok("maintenance")).await, |s| s.expect.body_contains = Some("welcome".to_owned())).await;
    assert_eq!(said(&outcome), (Observed::Down, "HTTP 200, but the body does not contain the expected text"));
    assert_eq!(kept(&outcome).body_start, b"maintenance");
}

/// A body of the letter `a` without end.
async fn endless() -> SocketAddr {
    serve(|mut stream, _| async move {
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        let mut open = stream.write_all(head).await;
        while open.is_ok() {
            open = stream.write_all(&[b'a'; 4096]).await;
        }
    })
    .await
}

#[tokio::test]
async fn an_endless_body_is_cut_and_the_assertions_decide() {
    let address = endless().await;
    assert_eq!(said(&look(address, |_| {}).await), (Observed::Up, "HTTP 200"));
    let found = look(address, |s| s.expect.body_contains = Some("a".repeat(BODY_BYTES_MAX))).await;
    assert_eq!(found.state, Observed::Up);
    let missing = look(address, |s| s.expect.body_contains = Some("a".repeat(BODY_BYTES_MAX + 1))).await;
    let detail = "HTTP 200, but the first part of the body does not contain the expected text";
    assert_eq!(said(&missing), (Observed::Down, detail));
    let evidence = kept(&missing);
    assert_eq!((evidence.body_len, evidence.body_cut), (BODY_BYTES_MAX as u64, true));
}

#[tokio::test]
async fn a_body_that_ends_before_its_length_is_down() {
    let outcome = look(answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await, |_| {}).await;
    assert_eq!(said(&outcome), (Observed::Down, "the connection closed before the answer was complete"));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_down() {
    let outcome = look(answer("SSH-2.0-OpenSSH_9.2\r\n\r\n").await, |_| {}).await;
    assert_eq!(outcome.state, Observed::Down);
    assert!(outcome.cause.to_string().starts_with("the answer is not HTTP as it should be"), "{}", outcome.cause);
}

#[tokio::test]
async fn an_answer_without_end_to_its_head_is_down() {
    let address = serve(|mut stream, _| async move {
        let mut open = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while open.is_ok() {
            open = stream.write_all(b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await;
        }
    })
    .await;
    assert_eq!(look(address, |_| {}).await.state, Observed::Down);
}

#[tokio::test]
async fn no_answer_in_time_is_down() {
    let address = serve(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let outcome = look(address, |s| s.timeout = Duration::from_millis(250)).await;
    assert_eq!(said(&outcome), (Observed::Down, "timed out after 250 ms while waiting for the answer"));
    assert!(outcome.phases.first_byte_us > 0 && outcome.phases.total_us >= outcome.phases.first_byte_us);
}

#[tokio::test]
async fn a_body_that_stops_is_down() {
    let address = serve(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let outcome = look(address, |s| s.timeout = Duration::from_millis(250)).await;
    assert_eq!(said(&outcome), (Observed::Down, "timed out after 250 ms while reading the body"));
}

#[tokio::test]
async fn a_right_answer_that_took_too_long_is_degraded() {
    // One microsecond is less than any exchange takes.
    let outcome = look(answer(ok("")).await, |s| s.expect.degraded_after = Some(Duration::from_micros(1))).await;
    assert_eq!(outcome.state, Observed::Degraded);
    assert!(outcome.cause.to_string().starts_with("answered after "), "{}", outcome.cause);
    let outcome = look(answer(ok("")).await, |s| s.expect.degraded_after = Some(Duration::from_secs(9))).await;
    assert_eq!(outcome.state, Observed::Up);
}

#[tokio::test]
async fn a_refused_connection_is_down() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(said(&look(closed, |_| {}).await), (Observed::Down, "connection refused"));
}

#[tokio::test]
async fn a_reset_connection_is_down() {
    let address = serve(|stream, _| async move { stream.set_zero_linger().unwrap() }).await;
    assert_eq!(said(&look(address, |_| {}).await), (Observed::Down, "connection reset"));
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_down() {
    let outcome = look(answer("").await, |_| {}).await;
    assert_eq!(said(&outcome), (Observed::Down, "the connection closed before the answer was complete"));
}

#[tokio::test]
async fn a_refusal_by_our_own_policy_is_unknown_and_opens_no_connection() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let address = serve(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let check = HttpCheck::new(HttpSettings::new(format!("http://{address}/"))).unwrap();
    let outcome = probe(&check, &Egress::default()).await;
    let detail = "refused to connect to `127.0.0.1`: 127.0.0.1 is loopback and not in `egress.allow`";
    assert_eq!(said(&outcome), (Observed::Unknown, detail));
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

async fn redirecting(to: &str) -> SocketAddr {
    answer(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other_unless_it_is_to_be_followed() {
    let end = answer(ok("end")).await;
    let address = redirecting(&format!("http://{end}/")).await;
    assert_eq!(said(&look(address, |_| {}).await), (Observed::Down, "HTTP 302"));
    let followed = look(address, |s| {
        s.redirects = 1;
        s.expect.body_contains = Some("end".to_owned());
    })
    .await;
    assert_eq!(said(&followed), (Observed::Up, "HTTP 200"));
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_judged_again() {
    for (to, why) in [
        (
            "http://169.254.169.254/latest/meta-data/",
            "169.254.169.254 is a cloud metadata address, which is never permitted",
        ),
        (
            "http://[::ffff:169.254.169.254]/",
            "::ffff:169.254.169.254 is a cloud metadata address, which is never permitted",
        ),
        ("http://10.0.0.1/", "10.0.0.1 is private (RFC 1918) and not in `egress.allow`"),
        ("http://[::1]/", "::1 is loopback and not in `egress.allow`"),
    ] {
        let outcome = look(redirecting(to).await, |s| s.redirects = 3).await;
        assert_eq!(outcome.state, Observed::Unknown, "{to}");
        assert!(outcome.cause.to_string().ends_with(why), "{to}: {}", outcome.cause);
    }
}

#[tokio::test]
async fn a_redirect_to_what_may_not_be_probed_is_down() {
    for to in ["file:///etc/passwd", "http://2852039166/", "http://0xa9fea9fe/", "http://u:p@127.0.0.1/"] {
        let outcome = look(redirecting(to).await, |s| s.redirects = 3).await;
        assert_eq!(said(&outcome), (Observed::Down, "redirected to a URL that may not be probed"), "{to}");
    }
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let address =
        serve(move |mut stream, _| {
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                stream.write_all(b"HTTP/1.1 301 x\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n").await.unwrap()
            }
        })
        .await;
    let outcome = look(address, |s| s.redirects = 3).await;
    assert_eq!(said(&outcome), (Observed::Down, "more than 3 redirects"));
    assert_eq!(seen.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_secret_header_does_not_follow_a_redirect_to_another_origin() {
    let end = serve(|mut stream, head| async move {
        let body = if head.contains("authorization") { "leaked" } else { "clean" };
        stream.write_all(ok(body).as_bytes()).await.unwrap();
    })
    .await;
    let outcome = look(redirecting(&format!("http://{end}/")).await, |s| {
        s.redirects = 1;
        s.headers.push(("Authorization".to_owned(), "Bearer topsecret".to_owned()));
        s.expect.body_contains = Some("clean".to_owned());
    })
    .await;
    assert_eq!(said(&outcome), (Observed::Up, "HTTP 200"));
}

fn data(name: &str) -> String {
    format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(data(name)).unwrap()
}

/// Answers over TLS with the certificate; a client that goes away is no failure of the server.
async fn serve_tls(name: &str) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate(name)], PrivateKeyDer::from_pem_file(data("server.key")).unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = finish(&mut stream).await;
            });
        }
    });
    address
}

async fn finish<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> std::io::Result<()> {
    read_head(stream).await;
    stream.write_all(ok("over TLS").as_bytes()).await?;
    stream.shutdown().await
}

async fn look_tls(name: &str, trusting: bool) -> Outcome {
    let mut settings = HttpSettings::new(format!("https://{}/", serve_tls(name).await));
    if trusting {
        settings.tls = tls::with_roots([certificate("authority.pem")]).unwrap();
    }
    settings.expect.body_contains = Some("over TLS".to_owned());
    probe(&HttpCheck::new(settings).unwrap(), &loopback()).await
}

#[tokio::test]
async fn https_with_a_trusted_certificate_is_up() {
    let outcome = look_tls("good.pem", true).await;
    assert_eq!(said(&outcome), (Observed::Up, "HTTP 200"));
    assert!(outcome.phases.tls_us > 0);
}

#[tokio::test]
async fn a_certificate_that_is_not_right_is_down_and_says_why() {
    for (name, trusting, why) in [
        ("self-signed.pem", true, "the certificate is not signed by a trusted authority"),
        ("good.pem", false, "the certificate is not signed by a trusted authority"),
        ("expired.pem", true, "the certificate has expired"),
        ("other-name.pem", true, "the certificate is for another name"),
    ] {
        assert_eq!(said(&look_tls(name, trusting).await), (Observed::Down, why), "{name}");
    }
}

#[tokio::test]
async fn https_to_a_port_that_speaks_plain_http_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let check = HttpCheck::new(HttpSettings::new(format!("https://{address}/"))).unwrap();
    let outcome = probe(&check, &loopback()).await;
    assert_eq!(outcome.state, Observed::Down);
    assert!(outcome.cause.to_string().starts_with("TLS failed: "), "{}", outcome.cause);
}

// Assertions, and what a hostile target may try.

fn must(about: About) -> Vec<Assertion> {
    vec![Assertion { about, otherwise: Otherwise::Down }]
}

#[tokio::test]
async fn an_assertion_that_fails_says_down_or_degraded_with_its_own_cause() {
    let address = answer(ok(r#"{"status":"ok","queue":120}"#)).await;
    let at_most = |text| JsonTest::Within(vec![Bound::AtMost(Decimal::parse(text).unwrap())]);
    let queue = |most| About::Json { path: Path::parse("$.queue").unwrap(), test: at_most(most) };
    let outcome = look(address, |s| s.assertions = must(queue("120"))).await;
    assert_eq!(said(&outcome), (Observed::Up, "HTTP 200"));
    let outcome = look(address, |s| {
        s.assertions = vec![Assertion { about: queue("100"), otherwise: Otherwise::Degraded }];
    })
    .await;
    assert_eq!(said(&outcome), (Observed::Degraded, "the value at `$.queue` is not within its bounds"));
    assert!(outcome.evidence.is_some());
    // An assertion on the status takes the place of 200 to 299.
    let teapot = answer("HTTP/1.1 418 x\r\nContent-Length: 0\r\n\r\n").await;
    let status = |text| must(About::Status(StatusSet::parse(text).unwrap()));
    assert_eq!(said(&look(teapot, |s| s.assertions = status("418")).await), (Observed::Up, "HTTP 418"));
    assert_eq!(said(&look(teapot, |s| s.assertions = status("200")).await), (Observed::Down, "HTTP 418"));
}

#[tokio::test]
async fn a_compression_bomb_is_neither_unpacked_nor_read_beyond_the_limit() {
    // A body that says that it is compressed and never ends: what is read stays within the limit.
    let address = serve(|mut stream, _| async move {
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b\x08";
        let mut open = stream.write_all(head).await;
        while open.is_ok() {
            open = stream.write_all(&[0; 4096]).await;
        }
    })
    .await;
    let outcome = look(address, |s| s.assertions = must(About::Body(BodyTest::Lacks("x".to_owned())))).await;
    let wanted = "the body is compressed (gzip), which was not asked for";
    assert_eq!(said(&outcome), (Observed::Down, wanted));
    let evidence = kept(&outcome);
    assert_eq!((evidence.body_len, evidence.body_cut), (BODY_BYTES_MAX as u64, true));
}

#[tokio::test]
async fn json_that_is_cut_or_nested_without_end_is_down() {
    let exists = || must(About::Json { path: Path::parse("$.a").unwrap(), test: JsonTest::Exists(true) });
    let long = answer(ok(&format!(r#"{{"a":"{}"}}"#, "x".repeat(BODY_BYTES_MAX)))).await;
    let cut = "the body is longer than what is read, so it cannot be read as JSON";
    assert_eq!(said(&look(long, |s| s.assertions = exists()).await), (Observed::Down, cut));
    let whole = look(long, |s| {
        s.assertions = exists();
        s.body_bytes_max = 2 * BODY_BYTES_MAX;
    });
    assert_eq!(said(&whole.await), (Observed::Up, "HTTP 200"));
    let deep = answer(ok(&"[".repeat(60_000))).await;
    assert_eq!(said(&look(deep, |s| s.assertions = exists()).await), (Observed::Down, "the body is not JSON"));
}

#[tokio::test]
async fn a_redirect_to_a_metadata_address_is_refused_whatever_is_permitted_and_however_it_is_written() {
    let everything = Egress::new(vec![Cidr::parse("0.0.0.0/0").unwrap(), Cidr::parse("::/0").unwrap()]);
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:a9fe:a9fe::1]/",
    ] {
        let address = redirecting(to).await;
        let mut settings = HttpSettings::new(format!("http://{address}/"));
        settings.redirects = 3;
        let outcome = probe(&HttpCheck::new(settings).unwrap(), &everything).await;
        assert_eq!(outcome.state, Observed::Unknown, "{to}");
        assert!(matches!(outcome.cause, Cause::Metadata { .. }), "{to}: {}", outcome.cause);
    }
    for odd in ["http://0x7f.1/", "http://2130706433/", "http://017700000001/", "http://169.254.169.254.:80@x/"] {
        let address = redirecting(odd).await;
        let outcome = look(address, |s| s.redirects = 1).await;
        assert_eq!(said(&outcome), (Observed::Down, "redirected to a URL that may not be probed"), "{odd}");
    }
    let private = redirecting("http://10.0.0.1/").await;
    let outcome = look(private, |s| s.redirects = 1).await;
    assert!(matches!(outcome.cause, Cause::NotPermitted { .. }), "{}", outcome.cause);
}
