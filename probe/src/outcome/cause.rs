//! Why an outcome is what it is: a closed set, so that every reason can be said in every language.
//!
//! Here: the reasons as data, and their English. The words of pages live in the server. Texts of the target are cut short
//! here; they are foreign, so whoever shows them must escape them.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// The parts of a measurement, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// From the name to its addresses.
    Resolve,
    /// From the address to a connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the request to the first byte of the answer.
    FirstByte,
    /// The rest of the answer.
    Body,
}

/// How long something took or may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Took(pub Duration);

impl fmt::Display for Took {
    /// `2 s`, or `1500 ms` where it is no whole second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(length) = self;
        if length.subsec_nanos() == 0 && !length.is_zero() {
            write!(f, "{} s", length.as_secs())
        } else {
            write!(f, "{} ms", length.as_millis())
        }
    }
}

/// What a target or this machine said in its own words, cut to a length that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    /// At most this many characters are kept.
    pub const CHARACTERS_MAX: usize = 200;

    /// The text without control characters, cut short.
    #[must_use]
    pub fn new(text: impl fmt::Display) -> Self {
        let text = text.to_string();
        Self(text.chars().filter(|c| !c.is_control()).take(Self::CHARACTERS_MAX).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an outcome is what it is. What is right and what is wrong is the state beside it: `Status` is the cause of an up as
/// well as of a down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The target answered with this HTTP status, and the status alone decided.
    Status(u16),
    /// A connection was made, and nothing more was asked.
    Connected,
    /// The target answered as it should.
    Replied,
    /// The certificate is valid for this many whole days more.
    CertificateGood(i64),
    /// The name has this many records of the type.
    Records(usize),
    /// The service says that it serves.
    Serving,

    /// It answered as it should, but later than it may.
    Slow {
        /// How long it took.
        took: Took,
        /// How long it may take.
        limit: Took,
    },
    /// It did not end in time.
    TimedOut {
        /// The limit.
        after: Took,
        /// What was under way.
        step: Step,
    },

    /// Our own policy does not permit the address.
    NotPermitted {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
        /// What the address is used for.
        used: &'static str,
    },
    /// The address hands out credentials; no setting permits it.
    Metadata {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// There is no such name.
    NoSuchName(String),
    /// The name has no address.
    NoAddress(String),
    /// No name server could be asked about the name, or none could find out.
    NotResolved {
        /// The name.
        host: String,
        /// What happened.
        why: Said,
    },

    /// Nobody listens at the port.
    ConnectionRefused,
    /// The target broke the connection off.
    ConnectionReset,
    /// The connection was given up on our side.
    ConnectionAborted,
    /// A router knows no way to the host.
    NoRoute,
    /// The network gave up connecting before our own limit.
    NetworkGaveUp,
    /// The connection ended inside the answer.
    ClosedEarly,
    /// Another failure of the connection.
    Failed(Said),

    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet.
    CertificateEarly,
    /// The certificate is for another name.
    CertificateOtherName,
    /// Nobody that is trusted signed the certificate.
    CertificateUntrusted,
    /// The certificate was revoked.
    CertificateRevoked,
    /// The certificate is not valid for another reason.
    CertificateBad(Said),
    /// The connection ended inside the handshake.
    TlsClosed,
    /// Another failure of the handshake.
    TlsFailed(Said),
    /// The certificate is valid for fewer days than it should be.
    CertificateEnds {
        /// Whole days left.
        days: i64,
        /// How many there should be.
        least: u32,
    },
    /// An assertion on the certificate was made where there is none that can be read.
    NoCertificate,
    /// The certificate is not valid for a name that it should be valid for.
    CertificateLacks(String),
    /// An older protocol than permitted was agreed on.
    ProtocolOld(&'static str),

    /// The answer is no HTTP.
    NotHttp(Said),
    /// More redirects than the check follows.
    TooManyRedirects(u8),
    /// A redirect to a text that is no URL.
    RedirectUnreadable,
    /// A redirect to a URL that may not be probed.
    RedirectForbidden,
    /// The header is absent.
    HeaderMissing(String),
    /// The header is there and should not be.
    HeaderPresent(String),
    /// The header has another value.
    HeaderDiffers(String),
    /// The header does not contain the text.
    HeaderLacks(String),
    /// The header does not match the pattern.
    HeaderUnmatched(String),
    /// The body does not contain the text; `cut` if only its first part was read.
    BodyLacks {
        /// The status of the answer.
        status: u16,
        /// Whether only a part was read.
        cut: bool,
    },
    /// The body contains a text that it must not.
    BodyHas {
        /// The status of the answer.
        status: u16,
    },
    /// The body does not match the pattern; `cut` if only its first part was read.
    BodyUnmatched {
        /// The status of the answer.
        status: u16,
        /// Whether only a part was read.
        cut: bool,
    },
    /// The body is compressed, which was not asked for, so it cannot be judged.
    BodyEncoded(Said),
    /// The body is no JSON.
    NotJson,
    /// The body is longer than what is read, so it cannot be read as JSON.
    JsonCut,
    /// The path selects nothing.
    JsonMissing(String),
    /// The path selects something and should not.
    JsonPresent(String),
    /// The selected value is another.
    JsonDiffers(String),
    /// The selected value is out of its bounds, or no number.
    JsonOutOfBounds(String),
    /// The reply does not contain what it should.
    ReplyLacks,

    /// The name server answered with an error.
    DnsFailed(Said),
    /// The name has no record of the type.
    NoRecord(&'static str),
    /// The records are not those that are expected; these were found.
    RecordsDiffer(Said),
    /// One name server of the zone answers differently.
    NameServerDiffers {
        /// Its name.
        server: String,
        /// What it answered.
        found: Said,
    },
    /// One name server of the zone does not answer.
    NameServerSilent(String),
    /// No name server of the zone could be found.
    NoNameServer(String),

    /// This machine does not let us send a ping.
    PingNotAllowed,
    /// The answer is no gRPC.
    NotGrpc(Said),
    /// The service says that it does not serve, in its own word.
    NotServing(&'static str),
    /// The call ended with this gRPC status.
    GrpcStatus(u32),

    /// The last report said so.
    Reported,
    /// No report came in time.
    Overdue(Took),
    /// No report has come yet, and the first is not due.
    NotReportedYet,
    /// Reports may have been missed while nobody could take them.
    ReportsMissed,

    /// A page of a browser check showed what was waited for.
    Shown,
    /// A page of a browser check did not show what was waited for.
    NotShown(Said),
    /// It did not show the text.
    TextNotShown(Said),
    /// It still asked for the password after the sign-in.
    NotSignedIn,
    /// It could not be opened or used.
    PageFailed(Said),
    /// It moved more than this many MiB, so the browser was cut off.
    PageTooLarge(u64),
    /// The selector of the check is none.
    SelectorBad(Said),
    /// The page to sign in is of an origin that may not have the credentials.
    SignInElsewhere(Said),
    /// The field for the password is none that hides what is typed.
    NoPasswordField(Said),
    /// All of so many browsers were in use.
    BrowserBusy(usize),
    /// The browser failed.
    Browser(Said),

    /// This machine lacks something: sockets, memory, a network.
    Machine(Said),
    /// This process was not running meanwhile.
    Stalled,
    /// The measurement ended in a defect of ours.
    Defect,
}

impl Cause {
    /// What would mend it on our side, if a setting of the machine would.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::PingNotAllowed => Some(PING_HELP),
            _ => None,
        }
    }
}

/// How a machine is told to let a program ping without privileges.
const PING_HELP: &str = "Run `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"` as root, and set it in \
                         /etc/sysctl.d/ so that it stays.";

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of_answers(f)
            .or_else(|| self.of_connections(f))
            .or_else(|| self.of_tls(f))
            .or_else(|| self.of_http(f))
            .or_else(|| self.of_others(f))
            .or_else(|| self.of_pages(f))
            .unwrap_or(Ok(()))
    }
}

type Written = Option<fmt::Result>;

impl Cause {
    fn of_answers(&self, f: &mut fmt::Formatter<'_>) -> Written {
        Some(match self {
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::Connected => f.write_str("connected"),
            Self::Replied => f.write_str("answered"),
            Self::CertificateGood(days) => write!(f, "the certificate is valid for {days} more days"),
            Self::Records(count) => write!(f, "records found: {count}"),
            Self::Serving => f.write_str("SERVING"),
            Self::Slow { took, limit } => write!(f, "answered after {took}, over {limit}"),
            Self::TimedOut { after, step } => {
                let doing = match step {
                    Step::Resolve => "resolving the name",
                    Step::Connect => "connecting",
                    Step::Tls => "in the TLS handshake",
                    Step::FirstByte => "waiting for the answer",
                    Step::Body => "reading the body",
                };
                write!(f, "timed out after {after} while {doing}")
            }
            Self::Reported => f.write_str("reported"),
            Self::Overdue(limit) => write!(f, "no report within {limit}"),
            Self::NotReportedYet => f.write_str("nothing was reported yet, and the first report is not due"),
            Self::ReportsMissed => f.write_str("a report may have been missed while uphold was not running"),
            _ => return None,
        })
    }

    fn of_connections(&self, f: &mut fmt::Formatter<'_>) -> Written {
        Some(match self {
            Self::NotPermitted { host, address, used } => write!(
                f,
                "refused to connect to `{host}`: {address} is {used} and not in `{}`",
                crate::egress::ALLOW_SETTING
            ),
            Self::Metadata { host, address } => write!(
                f,
                "refused to connect to `{host}`: {address} is a cloud metadata address, which is never permitted"
            ),
            Self::NoSuchName(host) => write!(f, "could not resolve `{host}`: there is no such name"),
            Self::NoAddress(host) => write!(f, "could not resolve `{host}`: it has no address"),
            Self::NotResolved { host, why } => write!(f, "could not resolve `{host}`: {why}"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::ConnectionReset => f.write_str("connection reset"),
            Self::ConnectionAborted => f.write_str("connection aborted"),
            Self::NoRoute => f.write_str("no route to the host"),
            Self::NetworkGaveUp => f.write_str("the network gave up connecting"),
            Self::ClosedEarly => f.write_str("the connection closed before the answer was complete"),
            Self::Failed(said) => write!(f, "the connection failed: {said}"),
            Self::Machine(said) => write!(f, "this machine could not measure: {said}"),
            Self::Stalled => f.write_str("this process was not running meanwhile"),
            Self::Defect => f.write_str("the probe ended in a defect of uphold"),
            _ => return None,
        })
    }

    fn of_tls(&self, f: &mut fmt::Formatter<'_>) -> Written {
        Some(match self {
            Self::CertificateExpired => f.write_str("the certificate has expired"),
            Self::CertificateEarly => f.write_str("the certificate is not valid yet"),
            Self::CertificateOtherName => f.write_str("the certificate is for another name"),
            Self::CertificateUntrusted => f.write_str("the certificate is not signed by a trusted authority"),
            Self::CertificateRevoked => f.write_str("the certificate is revoked"),
            Self::CertificateBad(said) => write!(f, "the certificate is not valid: {said}"),
            Self::TlsClosed => f.write_str("the connection closed inside the TLS handshake"),
            Self::TlsFailed(said) => write!(f, "TLS failed: {said}"),
            Self::CertificateEnds { days, least } => {
                write!(f, "the certificate is valid for {days} more days, fewer than {least}")
            }
            Self::NoCertificate => f.write_str("there is no certificate that can be read"),
            Self::CertificateLacks(name) => write!(f, "the certificate is not valid for `{name}`"),
            Self::ProtocolOld(found) => write!(f, "{found} was agreed on, which is older than permitted"),
            _ => return None,
        })
    }

    fn of_http(&self, f: &mut fmt::Formatter<'_>) -> Written {
        let part = |cut: &bool| if *cut { "the first part of the body" } else { "the body" };
        Some(match self {
            Self::NotHttp(said) => write!(f, "the answer is not HTTP as it should be: {said}"),
            Self::TooManyRedirects(most) => write!(f, "more than {most} redirects"),
            Self::RedirectUnreadable => f.write_str("redirected to what is no URL"),
            Self::RedirectForbidden => f.write_str("redirected to a URL that may not be probed"),
            Self::HeaderMissing(name) => write!(f, "the header `{name}` is missing"),
            Self::HeaderPresent(name) => write!(f, "the header `{name}` is there and should not be"),
            Self::HeaderDiffers(name) => write!(f, "the header `{name}` is not as expected"),
            Self::HeaderLacks(name) => write!(f, "the header `{name}` does not contain the expected text"),
            Self::HeaderUnmatched(name) => write!(f, "the header `{name}` does not match the pattern"),
            Self::BodyLacks { status, cut } => {
                write!(f, "HTTP {status}, but {} does not contain the expected text", part(cut))
            }
            Self::BodyHas { status } => write!(f, "HTTP {status}, but the body contains a text that it must not"),
            Self::BodyUnmatched { status, cut } => {
                write!(f, "HTTP {status}, but {} does not match the pattern", part(cut))
            }
            Self::BodyEncoded(said) => write!(f, "the body is compressed ({said}), which was not asked for"),
            Self::NotJson => f.write_str("the body is not JSON"),
            Self::JsonCut => f.write_str("the body is longer than what is read, so it cannot be read as JSON"),
            Self::JsonMissing(path) => write!(f, "`{path}` selects nothing in the body"),
            Self::JsonPresent(path) => write!(f, "`{path}` selects a value in the body and should not"),
            Self::JsonDiffers(path) => write!(f, "the value at `{path}` is not as expected"),
            Self::JsonOutOfBounds(path) => write!(f, "the value at `{path}` is not within its bounds"),
            Self::ReplyLacks => f.write_str("the reply does not contain the expected text"),
            _ => return None,
        })
    }

    fn of_others(&self, f: &mut fmt::Formatter<'_>) -> Written {
        Some(match self {
            Self::DnsFailed(said) => write!(f, "the name server answered: {said}"),
            Self::NoRecord(kind) => write!(f, "the name has no {kind} record"),
            Self::RecordsDiffer(found) => write!(f, "the records are not those expected: {found}"),
            Self::NameServerDiffers { server, found } => {
                write!(f, "the name server `{server}` answers differently: {found}")
            }
            Self::NameServerSilent(server) => write!(f, "the name server `{server}` does not answer"),
            Self::NoNameServer(name) => write!(f, "no name server of `{name}` was found"),
            Self::PingNotAllowed => f.write_str("this machine does not permit pings (net.ipv4.ping_group_range)"),
            Self::NotGrpc(said) => write!(f, "the answer is not gRPC as it should be: {said}"),
            Self::NotServing(word) => f.write_str(word),
            Self::GrpcStatus(code) => write!(f, "gRPC status {code}"),
            _ => return None,
        })
    }

    fn of_pages(&self, f: &mut fmt::Formatter<'_>) -> Written {
        Some(match self {
            Self::Shown => f.write_str("the page shows what it must"),
            Self::NotShown(what) => write!(f, "the page did not show `{what}`"),
            Self::TextNotShown(text) => write!(f, "the page did not show the text `{text}`"),
            Self::NotSignedIn => f.write_str("the sign-in was not accepted: the page still asks for the password"),
            Self::PageFailed(said) => write!(f, "the page could not be opened or used: {said}"),
            Self::PageTooLarge(most) => write!(f, "the page moved more than {most} MiB and was cut off"),
            Self::SelectorBad(selector) => write!(f, "`{selector}` is no CSS selector"),
            Self::SignInElsewhere(origin) => {
                write!(f, "nothing was typed: the page to sign in is at `{origin}`, which the check does not name")
            }
            Self::NoPasswordField(selector) => {
                write!(f, "nothing was typed: `{selector}` is no field that hides a password")
            }
            Self::BrowserBusy(all) => write!(f, "no browser was free in time; {all} may run at once"),
            Self::Browser(said) => write!(f, "the browser failed: {said}"),
            _ => return None,
        })
    }
}

/// One sample of every cause, for tests of what is made of them: each variant once at least.
#[must_use]
pub fn samples() -> Vec<Cause> {
    use Cause as C;
    let took = |ms| Took(Duration::from_millis(ms));
    let (said, name) = (|| Said::new("x y"), || "a.example".to_owned());
    let mut all = vec![C::Status(503), C::Connected, C::Replied, C::CertificateGood(3), C::Records(2), C::Serving];
    all.push(C::Slow { took: took(1500), limit: took(1000) });
    for step in [Step::Resolve, Step::Connect, Step::Tls, Step::FirstByte, Step::Body] {
        all.push(C::TimedOut { after: took(2000), step });
    }
    let address = IpAddr::from([10, 0, 0, 1]);
    all.extend([
        C::NotPermitted { host: name(), address, used: "private (RFC 1918)" },
        C::Metadata { host: name(), address },
        C::NoSuchName(name()),
        C::NoAddress(name()),
        C::NotResolved { host: name(), why: said() },
    ]);
    all.extend([C::ConnectionRefused, C::ConnectionReset, C::ConnectionAborted, C::NoRoute, C::NetworkGaveUp]);
    all.extend([C::ClosedEarly, C::Failed(said()), C::CertificateExpired, C::CertificateEarly]);
    all.extend([C::CertificateOtherName, C::CertificateUntrusted, C::CertificateRevoked, C::CertificateBad(said())]);
    all.extend([C::TlsClosed, C::TlsFailed(said()), C::CertificateEnds { days: 3, least: 14 }, C::NoCertificate]);
    all.extend([C::CertificateLacks(name()), C::ProtocolOld("TLS 1.2"), C::NotHttp(said()), C::TooManyRedirects(3)]);
    all.extend([C::RedirectUnreadable, C::RedirectForbidden, C::HeaderMissing(name()), C::HeaderPresent(name())]);
    all.extend([C::HeaderDiffers(name()), C::HeaderLacks(name()), C::HeaderUnmatched(name())]);
    for cut in [false, true] {
        all.extend([C::BodyLacks { status: 200, cut }, C::BodyUnmatched { status: 200, cut }]);
    }
    all.extend([C::BodyHas { status: 200 }, C::BodyEncoded(said()), C::NotJson, C::JsonCut, C::JsonMissing(name())]);
    all.extend([C::JsonPresent(name()), C::JsonDiffers(name()), C::JsonOutOfBounds(name()), C::ReplyLacks]);
    all.extend([C::DnsFailed(said()), C::NoRecord("MX"), C::RecordsDiffer(said())]);
    all.extend([C::NameServerDiffers { server: name(), found: said() }, C::NameServerSilent(name())]);
    all.extend([C::NoNameServer(name()), C::PingNotAllowed, C::NotGrpc(said()), C::NotServing("NOT_SERVING")]);
    all.extend([C::GrpcStatus(12), C::Reported, C::Overdue(took(60_000)), C::NotReportedYet, C::ReportsMissed]);
    all.extend([C::Shown, C::NotShown(said()), C::TextNotShown(said()), C::NotSignedIn, C::PageFailed(said())]);
    all.extend([C::PageTooLarge(64), C::SelectorBad(said()), C::SignInElsewhere(said()), C::NoPasswordField(said())]);
    all.extend([C::BrowserBusy(2), C::Browser(said()), C::Machine(said()), C::Stalled, C::Defect]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_cause_is_said_and_no_two_are_said_alike() {
        let all: Vec<String> = samples().iter().map(ToString::to_string).collect();
        assert!(all.iter().all(|text| !text.is_empty()), "{all:?}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn what_a_target_says_is_cut_and_has_no_control_characters() {
        let said = Said::new(format!("a\r\n\u{1b}[31m{}", "é".repeat(500)));
        assert!(said.as_str().starts_with("a[31mé"));
        assert_eq!(said.as_str().chars().count(), Said::CHARACTERS_MAX);
    }
}
