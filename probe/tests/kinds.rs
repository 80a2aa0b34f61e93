//! TCP, TLS, DNS, ICMP and gRPC probes against small servers on loopback that behave in one way each.

use bytes::Bytes;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NS, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;
use uphold_core::run::Observed;
use uphold_core::time::Instant;
use uphold_probe::assertion::{About, Assertion, Otherwise};
use uphold_probe::dns::{Asked, DnsCheck, DnsSettings, RecordKind};
use uphold_probe::egress::{Cidr, Egress, Host, Resolver};
use uphold_probe::grpc::{GrpcCheck, GrpcSettings};
use uphold_probe::icmp::IcmpCheck;
use uphold_probe::outcome::{Cause, Evidence, Outcome};
use uphold_probe::tcp::TcpCheck;
use uphold_probe::tls::{self, Protocol, TlsCheck, TlsSettings};
use uphold_probe::url::Endpoint;
use uphold_probe::{Check, measure};

const LIMIT: Duration = Duration::from_secs(5);

fn ranges() -> Vec<Cidr> {
    vec![Cidr::parse("127.0.0.0/8").unwrap(), Cidr::parse("::1/128").unwrap()]
}

fn now() -> Instant {
    Instant::parse("2026-11-23T00:00:00Z").unwrap()
}

async fn look(check: Check, egress: &Egress) -> (Observed, String) {
    let Outcome { state, cause, .. } = measure(&check, egress, now()).await;
    (state, cause.to_string())
}

fn down(cause: impl Into<String>) -> (Observed, String) {
    (Observed::Down, cause.into())
}

fn up(cause: impl Into<String>) -> (Observed, String) {
    (Observed::Up, cause.into())
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::parse(&address.to_string()).unwrap()
}

// TCP

/// A server that greets, and answers `PING` with `PONG`.
async fn greeter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4];
                if stream.write_all(b"220 hello\r\n").await.is_ok() && stream.read_exact(&mut asked).await.is_ok() {
                    let _ = stream.write_all(b"PONG\r\n").await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_tcp_connection_is_up_and_a_closed_port_is_down() {
    let egress = Egress::new(ranges());
    let open = greeter().await;
    assert_eq!(look(Check::Tcp(TcpCheck::new(endpoint(open))), &egress).await, up("connected"));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(look(Check::Tcp(TcpCheck::new(endpoint(closed))), &egress).await, down("connection refused"));
}

#[tokio::test]
async fn a_tcp_reply_is_held_against_what_is_expected() {
    let egress = Egress::new(ranges());
    let open = greeter().await;
    let with = |reply: &str, timeout| {
        Check::Tcp(TcpCheck {
            send: Some(b"PING".to_vec()),
            reply_contains: Some(reply.into()),
            timeout,
            ..TcpCheck::new(endpoint(open))
        })
    };
    assert_eq!(look(with("PONG", LIMIT), &egress).await, up("answered"));
    let wrong = measure(&with("PANG", LIMIT), &egress, now()).await;
    assert_eq!((wrong.state, wrong.cause), (Observed::Down, Cause::ReplyLacks));
    let Some(Evidence::Answer(evidence)) = wrong.evidence.as_deref() else { panic!("an answer is kept") };
    assert_eq!(evidence.body_start, b"220 hello\r\nPONG\r\n");
}

#[tokio::test]
async fn an_unreachable_host_is_down_when_nothing_answers_and_unknown_when_it_may_not_be_reached() {
    let private = Check::Tcp(TcpCheck::new(Endpoint::parse("10.0.0.1:80").unwrap()));
    let (state, cause) = look(private, &Egress::new(ranges())).await;
    assert_eq!(state, Observed::Unknown);
    assert!(cause.contains("10.0.0.1 is private (RFC 1918) and not in `egress.allow`"), "{cause}");
    // A listener whose queue is never taken from answers nothing beyond the connection.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let check = TcpCheck {
        reply_contains: Some(b"x".to_vec()),
        timeout: Duration::from_millis(50),
        ..TcpCheck::new(endpoint(silent.local_addr().unwrap()))
    };
    let said = look(Check::Tcp(check), &Egress::new(ranges())).await;
    assert_eq!(said, down("timed out after 50 ms while waiting for the answer"));
}

// TLS

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    trust: Arc<ClientConfig>,
    pem: String,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let trust = tls::with_roots([certificate.der().clone()]).unwrap();
    Authority { issuer: Issuer::new(params, key), trust, pem: certificate.pem() }
}

impl Authority {
    /// A server whose certificate is for `a.example` and 127.0.0.1 and ends on the first of January of a year.
    fn server(&self, year: i32, protocols: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
        let names = ["a.example", "*.b.example", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(protocols)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap()
    }
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

async fn serve_tls(config: ServerConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read_u8().await;
                }
            });
        }
    });
    address
}

async fn look_tls(
    authority: &Authority,
    address: SocketAddr,
    change: impl FnOnce(&mut TlsSettings),
) -> (Observed, String) {
    let mut settings = TlsSettings { tls: Arc::clone(&authority.trust), ..TlsSettings::new(endpoint(address)) };
    change(&mut settings);
    look(Check::Tls(TlsCheck::new(settings).unwrap()), &Egress::new(ranges())).await
}

fn days(least: u32, otherwise: Otherwise) -> Vec<Assertion> {
    vec![Assertion { about: About::CertificateDaysMin(least), otherwise }]
}

#[tokio::test]
async fn a_certificate_is_judged_by_its_chain_its_names_and_the_days_it_has_left() {
    let authority = authority();
    // The machine's own clock judges the chain, the instant of the observation the days: 2100 is far from both.
    let address = serve_tls(authority.server(2100, BOTH)).await;
    let left = (Instant::parse("2100-01-01T00:00:00Z").unwrap() - now()).0 / 86_400_000;
    let good = format!("the certificate is valid for {left} more days");
    assert_eq!(look_tls(&authority, address, |_| {}).await, up(good.clone()));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        look_tls(&authority, address, |s| s.names = names(&["a.example", "x.b.example"])).await,
        up(good.clone())
    );
    assert_eq!(
        look_tls(&authority, address, |s| s.names = names(&["a.example", "c.example"])).await,
        down("the certificate is not valid for `c.example`")
    );
    assert_eq!(
        look_tls(&authority, address, |s| s.server_name = Some("c.example".to_owned())).await,
        down("the certificate is for another name")
    );
    let untrusting = look_tls(&authority, address, |s| s.tls = tls::public_roots()).await;
    assert_eq!(untrusting, down("the certificate is not signed by a trusted authority"));
    let other = self::authority();
    // The same authority from a file of PEM, beside another one and beside or in place of the public ones.
    let pem = format!("# ours\n{}{}", other.pem, authority.pem);
    for only in [false, true] {
        let trust = tls::with_authorities(pem.as_bytes(), only).unwrap();
        assert_eq!(look_tls(&authority, address, |s| s.tls = trust).await, up(good.clone()));
        let trust = tls::with_authorities(other.pem.as_bytes(), only).unwrap();
        assert_eq!(look_tls(&authority, address, |s| s.tls = trust).await.0, Observed::Down);
    }
    for (otherwise, state) in [(Otherwise::Down, Observed::Down), (Otherwise::Degraded, Observed::Degraded)] {
        let (seen, cause) = look_tls(&authority, address, |s| s.assertions = days(1_000_000, otherwise)).await;
        assert_eq!((seen, cause.ends_with("fewer than 1000000")), (state, true), "{cause}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_down() {
    let authority = authority();
    let address = serve_tls(authority.server(2021, BOTH)).await;
    assert_eq!(look_tls(&authority, address, |_| {}).await, down("the certificate has expired"));
}

#[tokio::test]
async fn an_older_protocol_than_permitted_is_down() {
    let authority = authority();
    let address = serve_tls(authority.server(2100, &[&rustls::version::TLS12])).await;
    assert_eq!(look_tls(&authority, address, |_| {}).await.0, Observed::Up);
    assert_eq!(
        look_tls(&authority, address, |s| s.protocol_min = Protocol::Tls13).await,
        down("TLS 1.2 was agreed on, which is older than permitted")
    );
}

// DNS

type Zone = fn(&Name, RecordType, usize) -> (ResponseCode, Vec<RData>);

/// A name server that answers by a function, which is told how many questions came before.
async fn name_server(ip: &str, zone: Zone) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((ip, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let query = question.queries[0].clone();
            let (code, answers) = zone(&query.name, query.query_type, counted.fetch_add(1, Ordering::SeqCst));
            let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
            answer.add_query(query.clone());
            answer.metadata.response_code = code;
            for data in answers {
                answer.add_answer(Record::from_rdata(query.name.clone(), 60, data));
            }
            // A forged answer with another number comes first and must be passed over.
            let mut forged = answer.clone();
            forged.metadata.id = answer.metadata.id.wrapping_add(1);
            forged.metadata.response_code = ResponseCode::NXDomain;
            socket.send_to(&forged.to_vec().unwrap(), from).await.unwrap();
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    (address, count)
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn good_zone(asked: &Name, kind: RecordType, _: usize) -> (ResponseCode, Vec<RData>) {
    let data = match (asked.to_ascii().as_str(), kind) {
        ("a.example.", RecordType::A) => vec![RData::A(A::new(192, 0, 2, 7)), RData::A(A::new(192, 0, 2, 8))],
        ("a.example.", RecordType::TXT) => vec![RData::TXT(TXT::new(vec!["v=spf1 ".into(), "-all".into()]))],
        ("a.example.", RecordType::NS) => vec![RData::NS(NS(name("localhost.")))],
        ("alias.example.", RecordType::CNAME) => vec![RData::CNAME(CNAME(name("A.Example.")))],
        ("a.example." | "alias.example.", _) => vec![],
        ("broken.example.", _) => return (ResponseCode::ServFail, vec![]),
        _ => return (ResponseCode::NXDomain, vec![]),
    };
    (ResponseCode::NoError, data)
}

async fn look_dns(zone: Zone, change: impl FnOnce(&mut DnsSettings, SocketAddr)) -> (Observed, String) {
    let (server, _) = name_server("127.0.0.1", zone).await;
    let egress = Egress::with_resolver(ranges(), Resolver::new(vec![server]));
    let mut settings = DnsSettings::new("a.example", RecordKind::A);
    change(&mut settings, server);
    look(Check::Dns(DnsCheck::new(settings).unwrap()), &egress).await
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn records_are_compared_as_a_set() {
    assert_eq!(look_dns(good_zone, |_, _| {}).await, up("records found: 2"));
    let both = look_dns(good_zone, |s, _| s.values = texts(&["192.0.2.8", "192.0.2.7"])).await;
    assert_eq!(both, up("records found: 2"));
    let one = look_dns(good_zone, |s, _| s.values = texts(&["192.0.2.8"])).await;
    assert_eq!(one, down("the records are not those expected: 192.0.2.7, 192.0.2.8"));
    let among = look_dns(good_zone, |s, _| {
        s.values = texts(&["192.0.2.8"]);
        s.exactly = false;
    });
    assert_eq!(among.await, up("records found: 2"));
    let text = look_dns(good_zone, |s, _| {
        s.record = RecordKind::Txt;
        s.values = texts(&["v=spf1 -all"]);
    });
    assert_eq!(text.await, up("records found: 1"));
    let alias = look_dns(good_zone, |s, _| {
        *s = DnsSettings { values: texts(&["a.example"]), ..DnsSettings::new("alias.example", RecordKind::Cname) };
    });
    assert_eq!(alias.await, up("records found: 1"));
}

#[tokio::test]
async fn what_is_not_there_is_down_and_what_nobody_can_say_is_unknown() {
    let of = |text: &'static str, record| look_dns(good_zone, move |s, _| *s = DnsSettings::new(text, record));
    assert_eq!(of("no.example", RecordKind::A).await, down("could not resolve `no.example`: there is no such name"));
    assert_eq!(of("a.example", RecordKind::Mx).await, down("the name has no MX record"));
    let (state, cause) = of("broken.example", RecordKind::A).await;
    assert_eq!(state, Observed::Unknown, "{cause}");
}

#[tokio::test]
async fn one_named_server_is_a_target_like_any_other() {
    let asked = |s: &mut DnsSettings, server: SocketAddr| s.asked = Asked::Server(endpoint(server));
    assert_eq!(look_dns(good_zone, asked).await, up("records found: 2"));
    let private = look_dns(good_zone, |s, _| s.asked = Asked::Server(Endpoint::parse("10.0.0.53:53").unwrap()));
    assert_eq!(private.await.0, Observed::Unknown);
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent_address = silent.local_addr().unwrap();
    let said = look_dns(good_zone, move |s, _| {
        s.asked = Asked::Server(endpoint(silent_address));
        s.timeout = Duration::from_millis(200);
    });
    assert_eq!(said.await, down(format!("the name server `{silent_address}` does not answer")));
}

#[tokio::test]
async fn every_name_server_of_the_zone_must_answer_alike() {
    let all = |s: &mut DnsSettings, server: SocketAddr| s.asked = Asked::AllNameServers { port: server.port() };
    assert_eq!(look_dns(good_zone, all).await, up("records found: 2"));
    let differs = look_dns(good_zone, |s, server| {
        all(s, server);
        s.values = texts(&["192.0.2.9"]);
    });
    let wanted = "the name server `localhost` answers differently: 192.0.2.7, 192.0.2.8";
    assert_eq!(differs.await, down(wanted));
    fn hostile(asked: &Name, kind: RecordType, before: usize) -> (ResponseCode, Vec<RData>) {
        match (asked.to_ascii().as_str(), kind) {
            ("a.example.", RecordType::NS) => (ResponseCode::NoError, vec![RData::NS(NS(name("ns.example.")))]),
            ("ns.example.", RecordType::A) => (ResponseCode::NoError, vec![RData::A(A::new(169, 254, 169, 254))]),
            _ => good_zone(asked, kind, before),
        }
    }
    let (state, cause) = look_dns(hostile, all).await;
    assert_eq!(state, Observed::Unknown);
    assert!(cause.ends_with("169.254.169.254 is a cloud metadata address, which is never permitted"), "{cause}");
}

#[tokio::test]
async fn a_name_is_resolved_once_and_a_second_answer_gains_nothing() {
    // The first answer is the canary that may be reached, every later one is another address.
    fn rebinding(_: &Name, kind: RecordType, before: usize) -> (ResponseCode, Vec<RData>) {
        let address = if before < 2 { A::new(127, 0, 0, 1) } else { A::new(127, 0, 0, 66) };
        (ResponseCode::NoError, if kind == RecordType::A { vec![RData::A(address)] } else { vec![] })
    }
    let open = greeter().await;
    let (server, count) = name_server("127.0.0.1", rebinding).await;
    let egress = Egress::with_resolver(ranges(), Resolver::new(vec![server]));
    let target = Endpoint::parse(&format!("rebind.example.:{}", open.port())).unwrap();
    assert_eq!(look(Check::Tcp(TcpCheck::new(target.clone())), &egress).await, up("connected"));
    assert_eq!(count.load(Ordering::SeqCst), 2, "one question for each family, and no more");
    // Nothing is remembered either: the next probe asks anew.
    assert_eq!(look(Check::Tcp(TcpCheck::new(target)), &egress).await, down("connection refused"));
}

#[tokio::test]
async fn a_name_that_leads_to_a_metadata_address_is_never_connected_to() {
    fn metadata(_: &Name, kind: RecordType, _: usize) -> (ResponseCode, Vec<RData>) {
        let data = match kind {
            RecordType::A => RData::A(A::new(169, 254, 169, 254)),
            _ => RData::AAAA("fd00:ec2::254".parse::<std::net::Ipv6Addr>().unwrap().into()),
        };
        (ResponseCode::NoError, vec![data])
    }
    let (server, _) = name_server("127.0.0.1", metadata).await;
    let everything = vec![Cidr::parse("0.0.0.0/0").unwrap(), Cidr::parse("::/0").unwrap()];
    let egress = Egress::with_resolver(everything, Resolver::new(vec![server]));
    let (state, cause) = look(Check::Tcp(TcpCheck::new(Endpoint::parse("m.example.:80").unwrap())), &egress).await;
    assert_eq!(state, Observed::Unknown);
    assert!(cause.ends_with("is a cloud metadata address, which is never permitted"), "{cause}");
}

// ICMP

#[tokio::test]
async fn a_ping_comes_back_or_says_what_this_machine_lacks() {
    let check = IcmpCheck { timeout: LIMIT, ..IcmpCheck::new(Host::parse("127.0.0.1").unwrap()) };
    let outcome = measure(&Check::Icmp(check), &Egress::new(ranges()), now()).await;
    if outcome.cause == Cause::PingNotAllowed {
        println!("skipped: this machine permits no ping; {}", outcome.cause.help().unwrap());
        assert_eq!(outcome.state, Observed::Unknown);
    } else {
        assert_eq!((outcome.state, outcome.cause), (Observed::Up, Cause::Replied));
    }
}

// gRPC

#[derive(Clone, Copy)]
enum Health {
    Says(u8),
    Fails(&'static str),
    Endless,
    Html,
}

async fn serve_grpc<S: AsyncRead + AsyncWrite + Unpin>(stream: S, health: Health) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let kind = if matches!(health, Health::Html) { "text/html" } else { "application/grpc+proto" };
        let mut head = Response::new(());
        head.headers_mut().insert("content-type", kind.parse().unwrap());
        if let Health::Fails(code) = health {
            head.headers_mut().insert("grpc-status", code.parse().unwrap());
            let _ = respond.send_response(head, true);
            continue;
        }
        tokio::spawn(async move {
            let message = asked(request).await;
            let mut body = respond.send_response(head, false).unwrap();
            if matches!(health, Health::Endless) {
                while body.send_data(Bytes::from(vec![0; 1024]), false).is_ok() {
                    tokio::task::yield_now().await;
                }
                return;
            }
            let status = match (health, message.as_slice()) {
                (Health::Says(status), [0, 0, 0, 0, 0]) => status,
                (Health::Says(_), [0, 0, 0, 0, 5, 0x0a, 3, b'a', b'p', b'i']) => 2,
                _ => 3,
            };
            body.send_data(Bytes::from(vec![0, 0, 0, 0, 2, 8, status]), false).unwrap();
            let trailers: HeaderMap = [("grpc-status".parse().unwrap(), "0".parse().unwrap())].into_iter().collect();
            body.send_trailers(trailers).unwrap();
        });
    }
}

async fn asked(request: Request<h2::RecvStream>) -> Vec<u8> {
    assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
    assert_eq!(request.headers()["te"], "trailers");
    let mut body = request.into_body();
    let mut message = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        message.extend_from_slice(&data);
    }
    message
}

async fn grpc_server(health: Health) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_grpc(stream, health));
        }
    });
    address
}

async fn look_grpc(health: Health, service: &str) -> (Observed, String) {
    let settings = GrpcSettings {
        service: service.to_owned(),
        tls: None,
        timeout: LIMIT,
        ..GrpcSettings::new(endpoint(grpc_server(health).await))
    };
    look(Check::Grpc(GrpcCheck::new(settings).unwrap()), &Egress::new(ranges())).await
}

#[tokio::test]
async fn a_grpc_service_is_up_when_it_says_that_it_serves_and_down_otherwise() {
    assert_eq!(look_grpc(Health::Says(1), "").await, up("SERVING"));
    assert_eq!(look_grpc(Health::Says(2), "").await, down("NOT_SERVING"));
    assert_eq!(look_grpc(Health::Says(0), "").await, down("UNKNOWN"));
    assert_eq!(look_grpc(Health::Says(1), "api").await, down("NOT_SERVING"));
    assert_eq!(look_grpc(Health::Says(1), "other").await, down("SERVICE_UNKNOWN"));
    assert_eq!(look_grpc(Health::Fails("12"), "").await, down("gRPC status 12"));
    let endless = look_grpc(Health::Endless, "").await;
    assert_eq!(endless, down("the answer is not gRPC as it should be: the answer is too long"));
    let html = look_grpc(Health::Html, "").await;
    assert_eq!(html, down("the answer is not gRPC as it should be: its content type is another"));
}

#[tokio::test]
async fn a_grpc_service_over_tls_has_a_certificate_that_can_be_judged() {
    let authority = authority();
    let mut config = authority.server(2100, BOTH);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(serve_grpc(stream, Health::Says(1)));
            }
        }
    });
    let with = |assertions| {
        let settings = GrpcSettings {
            tls: Some(Arc::clone(&authority.trust)),
            assertions,
            timeout: LIMIT,
            ..GrpcSettings::new(endpoint(address))
        };
        Check::Grpc(GrpcCheck::new(settings).unwrap())
    };
    assert_eq!(look(with(days(30, Otherwise::Down)), &Egress::new(ranges())).await, up("SERVING"));
    let ends = look(with(days(1_000_000, Otherwise::Degraded)), &Egress::new(ranges())).await;
    assert_eq!(ends.0, Observed::Degraded);
}
