//! The DNS probe: the records of a name, as the system's resolver, one server or every name server of the zone tells them.
//!
//! Servers that a configuration or the zone itself names are reached by the same rules as any target. The servers of the
//! system are trusted.

use crate::assertion::{self, Assertion, Facts};
use crate::egress::query::{Answer, QueryError, ask};
use crate::egress::{Egress, Family, Host, LookupProblem, Resolved};
use crate::meter::{Failure, Meter, outcome};
use crate::outcome::{Cause, Outcome, Said, Step};
use crate::url::Endpoint;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, RecordType};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

/// At most this many name servers of a zone are asked.
const NAME_SERVERS_MAX: usize = 16;

/// The types of records that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Authorities that may sign certificates.
    Caa,
    /// An alias.
    Cname,
    /// Where mail goes.
    Mx,
    /// The name servers of a zone.
    Ns,
    /// The name of an address.
    Ptr,
    /// The start of a zone, with its serial number.
    Soa,
    /// Where a service is.
    Srv,
    /// Texts.
    Txt,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 10] =
        [Self::A, Self::Aaaa, Self::Caa, Self::Cname, Self::Mx, Self::Ns, Self::Ptr, Self::Soa, Self::Srv, Self::Txt];

    /// The name as zones write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Soa => "SOA",
            Self::Srv => "SRV",
            Self::Txt => "TXT",
        }
    }

    fn kind(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Caa => RecordType::CAA,
            Self::Cname => RecordType::CNAME,
            Self::Mx => RecordType::MX,
            Self::Ns => RecordType::NS,
            Self::Ptr => RecordType::PTR,
            Self::Soa => RecordType::SOA,
            Self::Srv => RecordType::SRV,
            Self::Txt => RecordType::TXT,
        }
    }

    /// A value in the form in which values are compared: names in lower case without the last dot, addresses in their
    /// shortest form, texts as they are.
    fn plain(self, value: &str) -> String {
        match self {
            Self::Txt => value.to_owned(),
            Self::A | Self::Aaaa => {
                value.parse::<IpAddr>().map_or_else(|_| value.to_owned(), |address| address.to_string())
            }
            _ => {
                let words = value.split_whitespace().map(|word| word.strip_suffix('.').unwrap_or(word));
                words.collect::<Vec<_>>().join(" ").to_lowercase()
            }
        }
    }
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Asked {
    /// The system's resolver.
    #[default]
    System,
    /// One server.
    Server(Endpoint),
    /// Every name server of the zone, at this port. All must give the same answer.
    AllNameServers {
        /// The port, 53 unless it is a test.
        port: u16,
    },
}

/// The settings of a DNS check, not yet judged.
#[derive(Debug, Clone)]
pub struct DnsSettings {
    /// The full name.
    pub name: String,
    /// The type of records.
    pub record: RecordKind,
    /// The values that must be there. None: any record will do.
    pub values: Vec<String>,
    /// Whether no other value may be there.
    pub exactly: bool,
    /// Who is asked.
    pub asked: Asked,
    /// What else must hold.
    pub assertions: Vec<Assertion>,
    /// How long the whole probe may take.
    pub timeout: Duration,
}

impl DnsSettings {
    /// Settings that expect any record of the type.
    #[must_use]
    pub fn new(name: impl Into<String>, record: RecordKind) -> Self {
        Self {
            name: name.into(),
            record,
            values: Vec::new(),
            exactly: true,
            asked: Asked::System,
            assertions: Vec::new(),
            timeout: Duration::from_secs(10),
        }
    }
}

/// A DNS check that was judged once.
#[derive(Debug, Clone)]
pub struct DnsCheck {
    name: Name,
    record: RecordKind,
    values: BTreeSet<String>,
    exactly: bool,
    asked: Asked,
    assertions: Vec<Assertion>,
    timeout: Duration,
}

/// Why settings make no DNS check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsCheckError {
    /// The name cannot be asked for.
    Name(String),
    /// An expected value is not of the type of the record.
    Value {
        /// The value.
        value: String,
        /// What it should be.
        record: &'static str,
    },
}

impl fmt::Display for DnsCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "could not ask for `{}`: it is no DNS name", name.escape_default()),
            Self::Value { value, record } => {
                write!(f, "could not expect `{}`: a record of type {record} has an address", value.escape_default())
            }
        }
    }
}

impl std::error::Error for DnsCheckError {}

impl DnsCheck {
    /// Whom it asks: a server, or those of a zone.
    pub(crate) fn target(&self) -> String {
        match &self.asked {
            Asked::System => "the system's resolver".to_owned(),
            Asked::Server(endpoint) => endpoint.to_string(),
            Asked::AllNameServers { port } => format!("the name servers of {}:{port}", self.name),
        }
    }

    /// Judges the settings.
    ///
    /// # Errors
    /// When the name cannot be asked for, or a value is not of the type of the record.
    pub fn new(settings: DnsSettings) -> Result<Self, DnsCheckError> {
        let record = settings.record;
        let is_name = matches!(Host::parse(&settings.name), Ok(Host::Name(_)));
        let name = Name::from_ascii(&settings.name).ok().filter(|_| is_name);
        let mut name = name.ok_or_else(|| DnsCheckError::Name(settings.name.clone()))?;
        name.set_fqdn(true);
        let fits = |value: &str| match record {
            RecordKind::A => value.parse::<std::net::Ipv4Addr>().is_ok(),
            RecordKind::Aaaa => value.parse::<std::net::Ipv6Addr>().is_ok(),
            _ => true,
        };
        if let Some(value) = settings.values.iter().find(|value| !fits(value)) {
            return Err(DnsCheckError::Value { value: value.clone(), record: record.name() });
        }
        Ok(Self {
            name,
            record,
            values: settings.values.iter().map(|value| record.plain(value)).collect(),
            exactly: settings.exactly,
            asked: settings.asked,
            assertions: settings.assertions,
            timeout: settings.timeout,
        })
    }

    fn found(&self, answer: &Answer) -> BTreeSet<String> {
        let text = |data: &RData| match data {
            RData::TXT(text) => String::from_utf8_lossy(&text.txt_data.concat()).into_owned(),
            other => self.record.plain(&other.to_string()),
        };
        answer.data(&self.name, self.record.kind()).into_iter().map(text).collect()
    }

    fn is_right(&self, found: &BTreeSet<String>) -> bool {
        if self.exactly { *found == self.values } else { self.values.is_subset(found) }
    }
}

/// Measures once, under the timeout of the check.
pub async fn probe(check: &DnsCheck, egress: &Egress, at: Instant) -> Outcome {
    let mut meter = Meter::start();
    let end = timeout(check.timeout, look(check, egress, &mut meter)).await;
    let (phases, end) = meter.finish(check.timeout, end);
    let found = match end {
        Ok(found) => found,
        Err(failure) => return failure.outcome(phases),
    };
    let facts = Facts { http: None, phases, certificate_until: None, at };
    let good = || (Observed::Up, Cause::Records(found.len()));
    let (state, cause) = assertion::judge(&check.assertions, &facts).unwrap_or_else(good);
    outcome(state, phases, cause, None)
}

/// The values that were found, when they are right.
async fn look(check: &DnsCheck, egress: &Egress, meter: &mut Meter) -> Result<BTreeSet<String>, Failure> {
    let answer = match &check.asked {
        Asked::AllNameServers { port } => return look_everywhere(check, egress, *port, meter).await,
        Asked::System => from_resolver(egress, &check.name, check.record.kind()).await?,
        Asked::Server(server) => {
            let to = egress.resolve(server.host(), server.port(), Family::Any).await?;
            meter.enter(Step::FirstByte);
            from_server(&to, &check.name, check.record.kind(), true, check.timeout).await.map_err(
                |error| match error {
                    QueryError::Io(error) => Failure::of_io(&error),
                    QueryError::TimedOut => Failure::down(Cause::NameServerSilent(server.to_string())),
                    QueryError::Unreadable => Failure::down(Cause::DnsFailed(Said::new(error))),
                },
            )?
        }
    };
    let found = values(check, &answer)?;
    if !check.values.is_empty() && !check.is_right(&found) {
        return Err(Failure::down(Cause::RecordsDiffer(listed(&found))));
    }
    Ok(found)
}

/// The values of an answer, of which there must be one.
fn values(check: &DnsCheck, answer: &Answer) -> Result<BTreeSet<String>, Failure> {
    match answer.code {
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return Err(Failure::down(Cause::NoSuchName(plain(&check.name)))),
        other => return Err(Failure::down(Cause::DnsFailed(Said::new(other)))),
    }
    let found = check.found(answer);
    if found.is_empty() { Err(Failure::down(Cause::NoRecord(check.record.name()))) } else { Ok(found) }
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

fn listed(found: &BTreeSet<String>) -> Said {
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    Said::new(if found.is_empty() { "none".to_owned() } else { found.join(", ") })
}

async fn from_resolver(egress: &Egress, name: &Name, kind: RecordType) -> Result<Answer, Failure> {
    egress.resolver().ask(name, kind).await.map_err(|error| {
        let why = match error.problem {
            LookupProblem::Unanswered(why) => why,
            other => format!("{other:?}"),
        };
        Failure::unknown(Cause::NotResolved { host: plain(name), why: Said::new(why) })
    })
}

/// Asks the addresses of a server in turn until one answers.
async fn from_server(
    to: &Resolved,
    name: &Name,
    kind: RecordType,
    recursive: bool,
    patience: Duration,
) -> Result<Answer, QueryError> {
    let count = u32::try_from(to.addresses().count()).unwrap_or(u32::MAX).saturating_add(1);
    let mut last = QueryError::TimedOut;
    for address in to.addresses() {
        match ask(address, name, kind, recursive, patience / count).await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Asks every name server of the zone. All must answer, and alike.
async fn look_everywhere(
    check: &DnsCheck,
    egress: &Egress,
    port: u16,
    meter: &mut Meter,
) -> Result<BTreeSet<String>, Failure> {
    let mut servers = Vec::new();
    for name in name_servers(egress, &check.name).await? {
        let host = Host::parse(&name).map_err(|_| Failure::down(Cause::NameServerSilent(name.clone())))?;
        servers.push((name, egress.resolve(&host, port, Family::Any).await?));
    }
    meter.enter(Step::FirstByte);
    let mut asked = JoinSet::new();
    for (server, to) in servers {
        let (name, kind, patience) = (check.name.clone(), check.record.kind(), check.timeout);
        asked.spawn(async move { (server, from_server(&to, &name, kind, false, patience).await) });
    }
    let mut answers = Vec::new();
    while let Some(Ok((server, answer))) = asked.join_next().await {
        let answer = answer.map_err(|_| Failure::down(Cause::NameServerSilent(server.clone())))?;
        answers.push((server, answer));
    }
    // In the order of names, so that the same fault is told the same way each time.
    answers.sort_by(|a, b| a.0.cmp(&b.0));
    let mut agreed: Option<BTreeSet<String>> = None;
    for (server, answer) in answers {
        let found = if answer.code == ResponseCode::NoError { check.found(&answer) } else { BTreeSet::new() };
        let first = agreed.get_or_insert_with(|| found.clone());
        let right = if check.values.is_empty() { found == *first } else { check.is_right(&found) };
        if !right {
            return Err(Failure::down(Cause::NameServerDiffers { server, found: listed(&found) }));
        }
    }
    match agreed {
        Some(found) if !found.is_empty() => Ok(found),
        _ => Err(Failure::down(Cause::NoRecord(check.record.name()))),
    }
}

/// The name servers of the zone that the name is in: of the name itself, or of the nearest name above it that has some.
async fn name_servers(egress: &Egress, name: &Name) -> Result<Vec<String>, Failure> {
    let mut zone = name.clone();
    while !zone.is_root() {
        let answer = from_resolver(egress, &zone, RecordType::NS).await?;
        let own = answer.records.iter().filter(|record| record.name == zone);
        let servers = own.filter_map(|record| match &record.data {
            RData::NS(server) => Some(plain(&server.0)),
            _ => None,
        });
        let mut servers: Vec<String> = servers.collect();
        if !servers.is_empty() {
            servers.sort();
            servers.dedup();
            servers.truncate(NAME_SERVERS_MAX);
            return Ok(servers);
        }
        zone = zone.base_name();
    }
    Err(Failure::down(Cause::NoNameServer(plain(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_in_one_form() {
        for (record, written, plain) in [
            (RecordKind::Aaaa, "2001:DB8:0::1", "2001:db8::1"),
            (RecordKind::Mx, "10  Mail.Example.COM.", "10 mail.example.com"),
            (RecordKind::Soa, "ns.a. admin.a. 7 1 2 3 4", "ns.a admin.a 7 1 2 3 4"),
            (RecordKind::Txt, "v=spf1  -all.", "v=spf1  -all."),
        ] {
            assert_eq!(record.plain(written), plain);
        }
    }

    #[test]
    fn what_cannot_be_asked_for_or_expected_is_refused() {
        let with = |name: &str, record, value: &str| {
            let values = vec![value.to_owned()];
            DnsCheck::new(DnsSettings { values, ..DnsSettings::new(name, record) })
        };
        assert!(with("_sip._tcp.a.example", RecordKind::Srv, "1 2 3 b.example").is_ok());
        for name in ["", "a..b", "a b", "127.0.0.1", "é.example", &"a".repeat(64)] {
            assert!(matches!(with(name, RecordKind::Txt, "x"), Err(DnsCheckError::Name(_))), "{name}");
        }
        assert_eq!(
            with("a.example", RecordKind::A, "::1").unwrap_err().to_string(),
            "could not expect `::1`: a record of type A has an address"
        );
    }
}
