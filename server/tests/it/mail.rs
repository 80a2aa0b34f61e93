//! Alerts by mail, against a mail server of the test's own: STARTTLS and TLS with a real certificate, sign-in, refusals.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use uphold::config::alerts::read_alerts;
use uphold::notify::{self, Delivered, Then, Undelivered};
use uphold_core::agreement::Language;

use crate::alerts::tried;
use crate::program::text;
use crate::sample;

/// How the server behaves beside the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quirk {
    /// It speaks TLS from the beginning.
    Tls,
    /// It offers no STARTTLS.
    NoStartTls,
    /// Somebody between says more after the reply to STARTTLS.
    Injected,
    /// It offers AUTH LOGIN alone.
    LoginAlone,
    /// It refuses every sign-in.
    WrongPassword,
    /// It refuses the address of the second reader for good.
    NoSecond,
    /// It refuses every reader for now.
    Greylisted,
    /// It refuses the mail for good.
    Spam,
    /// It refuses the mail for now.
    Full,
    /// Its greeting has no end.
    Endless,
}

/// What the server took, and everything that it was told.
#[derive(Debug, Default)]
struct Heard {
    lines: Vec<String>,
    /// Which of the lines came through TLS.
    secure: Vec<bool>,
    mails: Vec<String>,
}

struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    folder: tempfile::TempDir,
}

impl Server {
    /// A server for `localhost`; the authority that signed it is in `ca.pem`.
    async fn start(quirks: impl Into<BTreeSet<Quirk>>) -> Self {
        let quirks = quirks.into();
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(folder.path().join("password"), "open sesame").unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = config.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Heard>>::default();
        let shared = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let talk = Talk { quirks: quirks.clone(), heard: Arc::clone(&shared) };
                // A client that leaves in the middle is what some tests are about.
                let _ = talk.serve(stream, &acceptor).await;
            }
        });
        Self { address, heard, folder }
    }

    fn file(&self, security: &str, login: bool) -> PathBuf {
        let login = if login { "user = \"uphold\"\nsecret_file = \"password\"\n" } else { "" };
        let path = self.folder.path().join("alerts.toml");
        let file = format!(
            "[egress]\nallow = [\"127.0.0.0/8\", \"::1/128\"]\n[[channel]]\nname = \"mail\"\nkind = \"smtp\"\n\
             host = \"localhost\"\nport = {}\nsecurity = \"{security}\"\nca_file = \"ca.pem\"\n{login}\
             from = \"uphold@example.com\"\nto = [\"first@example.com\", \"second@example.com\"]\n",
            self.address.port()
        );
        std::fs::write(&path, file).unwrap();
        path
    }

    async fn send(&self, security: &str, login: bool) -> Result<Delivered, Undelivered> {
        let source = std::fs::read_to_string(self.file(security, login)).unwrap();
        let alerts = read_alerts(&source, self.folder.path(), None).alerts.unwrap();
        let open = notify::open(&alerts.channels[0]).unwrap();
        let message = notify::test("mail", Language::Ja, Some("https://sla.example.com"), sample::noon());
        notify::deliver(&open, &notify::egress(&alerts), &message, "msg_1", sample::noon()).await
    }

    fn mails(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap().mails)
    }

    /// Whether nothing but the beginning of a conversation was said in the clear.
    fn kept_secrets(&self) -> bool {
        let heard = self.heard.lock().unwrap();
        let clear = heard.lines.iter().zip(&heard.secure).filter(|(_, secure)| !**secure).map(|(line, _)| line);
        clear.into_iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS")
    }
}

struct Talk {
    quirks: BTreeSet<Quirk>,
    heard: Arc<Mutex<Heard>>,
}

enum Next {
    StartTls,
    Over,
}

impl Talk {
    fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    async fn serve(&self, mut stream: TcpStream, acceptor: &TlsAcceptor) -> std::io::Result<()> {
        if self.is(Quirk::Endless) {
            loop {
                stream.write_all(&[b'2'; 4096]).await?;
            }
        }
        if self.is(Quirk::Tls) {
            self.converse(&mut BufReader::new(acceptor.accept(stream).await?), true, true).await?;
            return Ok(());
        }
        let mut clear = BufReader::new(stream);
        if let Next::StartTls = self.converse(&mut clear, true, false).await? {
            let stream = acceptor.accept(clear.into_inner()).await?;
            self.converse(&mut BufReader::new(stream), false, true).await?;
        }
        Ok(())
    }

    async fn converse<S>(&self, stream: &mut BufReader<S>, greet: bool, secure: bool) -> std::io::Result<Next>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if greet {
            stream.write_all(b"220-mail.example\r\n220 at your service\r\n").await?;
        }
        loop {
            let Some(line) = self.line(stream, secure).await? else { return Ok(Next::Over) };
            let reply = match line.split([' ', ':']).next().unwrap() {
                "EHLO" => self.offers(secure),
                "STARTTLS" => {
                    let more = if self.is(Quirk::Injected) { "250 you are who you are\r\n" } else { "" };
                    stream.write_all(format!("220 go on\r\n{more}").as_bytes()).await?;
                    return Ok(Next::StartTls);
                }
                "AUTH" => self.sign_in(&line, stream, secure).await?,
                "RCPT" if self.is(Quirk::Greylisted) => "451 4.7.1 come back later".to_owned(),
                "RCPT" if self.is(Quirk::NoSecond) && line.contains("second@") => "550 5.1.1 nobody here".to_owned(),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let mail = self.mail(stream, secure).await?;
                    match () {
                        () if self.is(Quirk::Spam) => "554 5.7.1 not\r\x1b[31m wanted".to_owned(),
                        () if self.is(Quirk::Full) => "452 4.2.2 no room".to_owned(),
                        () => {
                            self.heard.lock().unwrap().mails.push(mail);
                            "250 2.0.0 queued as 4711".to_owned()
                        }
                    }
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(Next::Over);
                }
                _ => "250 ok".to_owned(),
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
    }

    fn offers(&self, secure: bool) -> String {
        let tls = if secure || self.is(Quirk::NoStartTls) { "" } else { "250-STARTTLS\r\n" };
        let ways = if self.is(Quirk::LoginAlone) { "LOGIN" } else { "LOGIN PLAIN" };
        format!("250-mail.example\r\n250-SIZE 1000000\r\n{tls}250-AUTH {ways}\r\n250 8BITMIME")
    }

    async fn sign_in<S>(&self, line: &str, stream: &mut BufReader<S>, secure: bool) -> std::io::Result<String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        use base64::Engine as _;
        let read =
            |text: &str| String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap();
        let is_right = if let Some(secret) = line.strip_prefix("AUTH PLAIN ") {
            read(secret) == "\0uphold\0open sesame"
        } else {
            stream.write_all(b"334 VXNlcm5hbWU6\r\n").await?;
            let user = self.line(stream, secure).await?.unwrap_or_default();
            stream.write_all(b"334 UGFzc3dvcmQ6\r\n").await?;
            let password = self.line(stream, secure).await?.unwrap_or_default();
            (read(&user), read(&password)) == ("uphold".to_owned(), "open sesame".to_owned())
        };
        let taken = is_right && !self.is(Quirk::WrongPassword);
        Ok(if taken { "235 2.7.0 welcome" } else { "535 5.7.8 who are you" }.to_owned())
    }

    async fn line<S>(&self, stream: &mut BufReader<S>, secure: bool) -> std::io::Result<Option<String>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        let mut heard = self.heard.lock().unwrap();
        heard.lines.push(line.clone());
        heard.secure.push(secure);
        Ok(Some(line))
    }

    async fn mail<S>(&self, stream: &mut BufReader<S>, secure: bool) -> std::io::Result<String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut mail = String::new();
        while let Some(line) = self.line(stream, secure).await? {
            if line == "." {
                break;
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
            mail.push_str("\r\n");
        }
        Ok(mail)
    }
}

#[tokio::test]
async fn a_mail_is_taken_over_starttls_and_over_tls_and_no_secret_goes_in_the_clear() {
    for (quirks, security) in [(vec![], "starttls"), (vec![Quirk::Tls], "tls"), (vec![Quirk::LoginAlone], "starttls")] {
        let server = Server::start(quirks.iter().copied().collect::<BTreeSet<_>>()).await;
        let delivered = server.send(security, true).await.unwrap();
        assert_eq!(delivered.said, "250 2.0.0 queued as 4711");
        let mails = server.mails();
        let [mail] = mails.as_slice() else { panic!("one mail") };
        assert!(
            mail.contains("Message-ID: <msg_1@example.com>\r\n") && mail.contains("Subject: Uphold =?utf-8?b?"),
            "{mail}"
        );
        assert!(server.kept_secrets(), "{:?}", server.heard.lock().unwrap());
        let heard = server.heard.lock().unwrap();
        for line in ["MAIL FROM:<uphold@example.com>", "RCPT TO:<first@example.com>", "RCPT TO:<second@example.com>"] {
            assert!(heard.lines.iter().any(|heard| heard == line), "{line}");
        }
    }
}

#[tokio::test]
async fn a_local_server_may_be_spoken_to_in_the_clear() {
    let server = Server::start([Quirk::NoStartTls]).await;
    assert_eq!(server.send("none", false).await.unwrap().said, "250 2.0.0 queued as 4711");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_or_weakens_the_connection_gets_nothing() {
    for (quirk, said) in [
        (Quirk::NoStartTls, "the server offers no STARTTLS"),
        (Quirk::Injected, "something was said in the clear after the server agreed to TLS"),
    ] {
        let server = Server::start([quirk]).await;
        let refused = server.send("starttls", true).await.unwrap_err();
        assert_eq!((refused.why.as_str(), refused.then), (said, Then::Retry(None)));
        assert!(server.kept_secrets() && server.mails().is_empty());
    }
    let server = Server::start([]).await;
    // Another authority than the one that signed the server's certificate.
    let other = Server::start([]).await;
    std::fs::copy(other.folder.path().join("ca.pem"), server.folder.path().join("ca.pem")).unwrap();
    let refused = server.send("starttls", true).await.unwrap_err();
    assert!(refused.why.contains("certificate"), "{}", refused.why);
    assert!(server.kept_secrets() && server.mails().is_empty());
}

#[tokio::test]
async fn what_the_server_answers_is_told_word_for_word_and_decides_what_follows() {
    for (quirk, said, then) in [
        (Quirk::WrongPassword, "the server answered AUTH with `535 5.7.8 who are you`", Then::Retry(None)),
        (Quirk::Greylisted, "the server answered RCPT with `451 4.7.1 come back later`", Then::Retry(None)),
        (Quirk::Spam, "the server answered the mail with `554 5.7.1 not[31m wanted`", Then::GiveUp),
        (Quirk::Full, "the server answered the mail with `452 4.2.2 no room`", Then::Retry(None)),
        (Quirk::Endless, "the answer is not SMTP: the reply does not end", Then::Retry(None)),
    ] {
        let server = Server::start([quirk]).await;
        let refused = server.send("starttls", true).await.unwrap_err();
        assert_eq!((refused.why.as_str(), refused.then), (said, then));
    }
}

#[tokio::test]
async fn one_reader_who_is_refused_keeps_no_other_from_being_told() {
    let server = Server::start([Quirk::NoSecond]).await;
    let delivered = server.send("starttls", true).await.unwrap();
    assert_eq!(delivered.said, "250 2.0.0 queued as 4711; not to second@example.com: 550 5.1.1 nobody here");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn the_test_command_sends_a_mail_and_says_what_the_server_said() {
    let server = Server::start([]).await;
    let output = tried(&server.file("starttls", true), &[]).await;
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("mail (smtp): taken: 250 2.0.0 queued as 4711"), "{}", text(&output));
    assert!(!text(&output).contains("sesame"));
    assert_eq!(server.mails().len(), 1);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = Server { address: nobody, ..Server::start([]).await };
    let output = tried(&gone.file("starttls", true), &[]).await;
    assert!(text(&output).contains("mail (smtp): not taken: connection refused"), "{}", text(&output));
}
