//! Handing a mail to a mail server (RFC 5321, with STARTTLS of RFC 3207, implicit TLS of RFC 8314 and AUTH of RFC 4954).
//!
//! The conversation is ours, since what a server answered is what is told to people, and since nothing that was said before
//! TLS may be taken for said within it. Not here: what a mail looks like.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::egress::{Egress, Family, Host};
use crate::meter::{Failure, Meter, Way, connect, secure};
use crate::outcome::{Cause, Said, Step};
use crate::tls;

/// The longest reply that is read; RFC 5321 permits lines of 512 bytes.
const REPLY_BYTES_MAX: usize = 16 * 1024;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// It begins in the clear and is made one of TLS before anything else is said; a server that offers none is left.
    StartTls,
    /// It is one of TLS from the beginning.
    Tls,
    /// It stays in the clear, which is permitted on the loopback alone.
    None,
}

/// Who one is to the server.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A mail and the server that is to take it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The server.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Whom to trust.
    pub tls: Arc<ClientConfig>,
    /// The name that this machine gives itself.
    pub hello: String,
    /// Who one is to the server, where it asks.
    pub login: Option<Login>,
    /// Where complaints go.
    pub from: String,
    /// Who is to get it; at least one.
    pub to: Vec<String>,
    /// The mail, with its headers.
    pub message: Vec<u8>,
    /// How long the whole may take.
    pub timeout: Duration,
}

/// What a server replied to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its three digits.
    pub code: u16,
    /// Its lines, joined by spaces, without control characters.
    pub text: String,
    /// The lines as they came.
    lines: Vec<String>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// That a server took a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it said to the whole mail.
    pub reply: Reply,
    /// Those to whom it would not send it, with what it said.
    pub refused: Vec<(String, Reply)>,
}

/// Why a server did not take a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpError {
    /// It could not be reached, or the connection broke.
    Unreachable(Cause),
    /// It refused a command.
    Refused {
        /// What was asked, without secrets.
        command: &'static str,
        /// What it said.
        reply: Reply,
    },
    /// It offers no STARTTLS.
    NoStartTls,
    /// It said more than the reply to STARTTLS before TLS began, which somebody between may have put there.
    SaidTooEarly,
    /// It offers no way to sign in that is known here.
    NoLogin,
    /// What it says is not SMTP.
    NotSmtp(Said),
    /// In the clear, and not on the loopback.
    NotLoopback,
    /// The address cannot stand in a command.
    Address(String),
}

impl SmtpError {
    /// Whether trying again later is of no use: the server said that it will never take this.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            // 421 and 454 come as 4xx; a login that is refused may be one that was just changed.
            Self::Refused { command, reply } => reply.code >= 500 && !matches!(*command, "AUTH" | "STARTTLS" | "EHLO"),
            Self::NotLoopback | Self::Address(_) => true,
            Self::Unreachable(_) | Self::NoStartTls | Self::SaidTooEarly | Self::NoLogin | Self::NotSmtp(_) => false,
        }
    }
}

impl fmt::Display for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(cause) => cause.fmt(f),
            Self::Refused { command, reply } => write!(f, "the server answered {command} with `{reply}`"),
            Self::NoStartTls => f.write_str("the server offers no STARTTLS"),
            Self::SaidTooEarly => f.write_str("something was said in the clear after the server agreed to TLS"),
            Self::NoLogin => f.write_str("the server offers neither AUTH PLAIN nor AUTH LOGIN"),
            Self::NotSmtp(said) => write!(f, "the answer is not SMTP: {said}"),
            Self::NotLoopback => f.write_str("`security = \"none\"` is permitted on the loopback alone"),
            Self::Address(address) => write!(f, "`{}` cannot be sent to", address.escape_default()),
        }
    }
}

impl std::error::Error for SmtpError {}

impl From<Failure> for SmtpError {
    fn from(failure: Failure) -> Self {
        Self::Unreachable(failure.cause)
    }
}

impl From<std::io::Error> for SmtpError {
    fn from(error: std::io::Error) -> Self {
        Failure::from(error).into()
    }
}

/// Whether the text is an address that can stand in a command as it is: one `@`, printable ASCII, no spaces, brackets or
/// quotes. Nothing that could end the command gets through.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&b));
    text.len() <= 254 && text.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain))
}

/// Hands a mail over, once.
///
/// # Errors
/// Why the server did not take it. Those to whom it would not send it are no error while it takes the mail for one.
pub async fn submit(egress: &Egress, mail: &Submission) -> Result<Accepted, SmtpError> {
    if let Some(bad) = std::iter::once(&mail.from).chain(&mail.to).find(|address| !is_address(address)) {
        return Err(SmtpError::Address(bad.clone()));
    }
    let mut meter = Meter::start();
    let mut said = None;
    let talk = async {
        let done = conversation(egress, mail, &mut meter).await;
        said = Some(done);
        Ok::<(), Failure>(())
    };
    let end = tokio::time::timeout(mail.timeout, talk).await;
    match said {
        Some(done) => done,
        None => {
            let (_, end) = meter.finish(mail.timeout, end);
            Err(end.map_or_else(SmtpError::from, |()| SmtpError::NotSmtp(Said::new("nothing was said"))))
        }
    }
}

async fn conversation(egress: &Egress, mail: &Submission, meter: &mut Meter) -> Result<Accepted, SmtpError> {
    let way = Way { host: &mail.host, port: mail.port, family: Family::Any, timeout: mail.timeout };
    let stream = connect(egress, way, meter).await?;
    let name = tls::server_name(&mail.host);
    let name = name.ok_or_else(|| SmtpError::NotSmtp(Said::new("no certificate can be for this host")))?;
    let tls = tls::speaking(&mail.tls, b"");
    match mail.security {
        Security::Tls => {
            let stream = secure(stream, &tls, &name, meter).await?;
            meter.enter(Step::FirstByte);
            let mut talk = Talk::new(stream);
            talk.expect("the connection", 220).await?;
            talk.hand_over(mail).await
        }
        Security::StartTls => {
            meter.enter(Step::FirstByte);
            let stream = start_tls(stream, mail).await?;
            let stream = secure(stream, &tls, &name, meter).await?;
            meter.enter(Step::FirstByte);
            Talk::new(stream).hand_over(mail).await
        }
        Security::None if stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) => {
            meter.enter(Step::FirstByte);
            let mut talk = Talk::new(stream);
            talk.expect("the connection", 220).await?;
            talk.hand_over(mail).await
        }
        Security::None => Err(SmtpError::NotLoopback),
    }
}

/// Agrees on TLS; the stream comes back where the handshake begins.
async fn start_tls(stream: TcpStream, mail: &Submission) -> Result<TcpStream, SmtpError> {
    let mut talk = Talk::new(stream);
    talk.expect("the connection", 220).await?;
    let offers = talk.hello(mail).await?;
    if !offers.iter().any(|offer| offer == "STARTTLS") {
        return Err(SmtpError::NoStartTls);
    }
    talk.command("STARTTLS", "STARTTLS", 220).await?;
    if !talk.buffer.is_empty() {
        return Err(SmtpError::SaidTooEarly);
    }
    Ok(talk.stream)
}

/// A conversation, and what was read of it beyond the last reply.
struct Talk<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Everything from EHLO on.
    async fn hand_over(mut self, mail: &Submission) -> Result<Accepted, SmtpError> {
        let offers = self.hello(mail).await?;
        if let Some(login) = &mail.login {
            self.sign_in(login, &offers).await?;
        }
        self.command("MAIL", &format!("MAIL FROM:<{}>", mail.from), 250).await?;
        let mut refused = Vec::new();
        for to in &mail.to {
            match self.command("RCPT", &format!("RCPT TO:<{to}>"), 250).await {
                Ok(_) => {}
                Err(SmtpError::Refused { reply, .. }) => refused.push((to.clone(), reply)),
                Err(error) => return Err(error),
            }
        }
        if refused.len() == mail.to.len() {
            let (_, reply) = refused.swap_remove(0);
            return Err(SmtpError::Refused { command: "RCPT", reply });
        }
        self.command("DATA", "DATA", 354).await?;
        self.stream.write_all(&stuffed(&mail.message)).await?;
        self.stream.flush().await?;
        let reply = self.expect("the mail", 250).await?;
        // The mail is theirs now, whatever becomes of the farewell.
        let _ = self.stream.write_all(b"QUIT\r\n").await;
        let _ = self.stream.shutdown().await;
        Ok(Accepted { reply, refused })
    }

    /// Says who one is; what the server offers, in upper case.
    async fn hello(&mut self, mail: &Submission) -> Result<Vec<String>, SmtpError> {
        let reply = self.command("EHLO", &format!("EHLO {}", mail.hello), 250).await?;
        Ok(reply.lines.iter().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect())
    }

    async fn sign_in(&mut self, login: &Login, offers: &[String]) -> Result<(), SmtpError> {
        let offered = |way: &str| {
            offers
                .iter()
                .filter_map(|offer| offer.strip_prefix("AUTH"))
                .any(|ways| ways.split([' ', '=']).any(|offered| offered == way))
        };
        if offered("PLAIN") {
            let secret = base64(format!("\0{}\0{}", login.user, login.password).as_bytes());
            self.command("AUTH", &format!("AUTH PLAIN {secret}"), 235).await?;
        } else if offered("LOGIN") {
            self.command("AUTH", "AUTH LOGIN", 334).await?;
            self.command("AUTH", &base64(login.user.as_bytes()), 334).await?;
            self.command("AUTH", &base64(login.password.as_bytes()), 235).await?;
        } else {
            return Err(SmtpError::NoLogin);
        }
        Ok(())
    }

    /// Sends a line and reads the reply to it, which must have this code or another of its hundred.
    async fn command(&mut self, name: &'static str, line: &str, code: u16) -> Result<Reply, SmtpError> {
        if line.bytes().any(|byte| byte == b'\r' || byte == b'\n' || byte == 0) {
            return Err(SmtpError::Address(line.to_owned()));
        }
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        self.expect(name, code).await
    }

    async fn expect(&mut self, command: &'static str, code: u16) -> Result<Reply, SmtpError> {
        let reply = self.reply().await?;
        if reply.code / 100 == code / 100 { Ok(reply) } else { Err(SmtpError::Refused { command, reply }) }
    }

    async fn reply(&mut self) -> Result<Reply, SmtpError> {
        let mut lines = Vec::new();
        let mut length = 0;
        loop {
            let line = self.line().await?;
            length += line.len();
            if length > REPLY_BYTES_MAX {
                return Err(SmtpError::NotSmtp(Said::new("the reply does not end")));
            }
            let (code, rest) = line.split_at_checked(3).unwrap_or((&line, ""));
            let digits: Option<u16> = code.parse().ok().filter(|code| (200..600).contains(code));
            let Some(code) = digits else { return Err(SmtpError::NotSmtp(Said::new(&line))) };
            let more = rest.starts_with('-');
            if !(rest.is_empty() || more || rest.starts_with(' ')) {
                return Err(SmtpError::NotSmtp(Said::new(&line)));
            }
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !more {
                let text = Said::new(lines.join(" ")).to_string();
                return Ok(Reply { code, text, lines });
            }
        }
    }

    async fn line(&mut self) -> Result<String, SmtpError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.buffer.len() > REPLY_BYTES_MAX {
                return Err(SmtpError::NotSmtp(Said::new("the reply does not end")));
            }
            let mut part = [0; 1024];
            let read = self.stream.read(&mut part).await?;
            if read == 0 {
                return Err(SmtpError::Unreachable(Cause::ClosedEarly));
            }
            self.buffer.extend_from_slice(&part[..read]);
        }
    }
}

/// The mail as DATA carries it: every line ends with CRLF, a point at its beginning is doubled, and a lone one ends it.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 16);
    let message = message.strip_suffix(b"\n").unwrap_or(message);
    for line in message.split(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        // A bare CR is taken for the end of a line by some servers.
        out.extend(line.iter().filter(|byte| **byte != b'\r'));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_cannot_end_itself() {
        assert_eq!(stuffed(b"a\r\n.\r\nb\n..c\r\n"), b"a\r\n..\r\nb\r\n...c\r\n.\r\n");
        assert_eq!(stuffed(b"a\r.\rb"), b"a.b\r\n.\r\n");
        assert_eq!(stuffed(b"x\n"), b"x\r\n.\r\n");
    }

    #[test]
    fn only_plain_addresses_can_stand_in_a_command() {
        for good in ["a@b.example", "first.last+tag@b.example", "o'neil@b.example"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b\r\nRCPT TO:<x@y>",
            "<a@b>",
            "\"a b\"@c",
            "a@b,c@d",
            "ä@b",
            "a@[::1]",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }
}
