//! From a name to its addresses: the system's own settings (`/etc/resolv.conf`, `/etc/hosts`), asked without a cache and
//! without a thread for each question. Whether an address may be reached is not judged here.
//!
//! Other sources of `nsswitch.conf` (mDNS, LDAP) are not asked. `localhost` is the loopback whatever a name server says
//! (RFC 6761).

use super::query::{Answer, QueryError, ask};
use super::{Family, HostName};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, RecordType};
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const RESOLV_CONF: &str = "/etc/resolv.conf";
const HOSTS: &str = "/etc/hosts";

/// How often the system's files are looked at for a change.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// At most this many addresses of a name are kept, of each family.
const ADDRESSES_MAX: usize = 16;

/// Asks name servers for addresses.
#[derive(Debug, Default)]
pub struct Resolver {
    /// Servers that the configuration names; none means the system's.
    servers: Vec<SocketAddr>,
    system: Mutex<Option<System>>,
}

#[derive(Debug, Clone)]
struct System {
    looked_at: Instant,
    changed: [Option<SystemTime>; 2],
    settings: Arc<Settings>,
}

/// What the files say.
#[derive(Debug, Default)]
struct Settings {
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    ndots: u32,
    patience: Duration,
    attempts: u32,
    hosts: HashMap<String, Vec<IpAddr>>,
}

/// Why a name has no address that we know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupError {
    /// What is wrong.
    pub problem: LookupProblem,
}

/// What is wrong with a name, or with who was asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupProblem {
    /// There is no such name.
    NoSuchName,
    /// There is such a name, without an address of the wanted family.
    NoAddress,
    /// Nobody could say: no server answered, or those that did could not find out.
    Unanswered(String),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            LookupProblem::NoSuchName => f.write_str("there is no such name"),
            LookupProblem::NoAddress => f.write_str("it has no address"),
            LookupProblem::Unanswered(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for LookupError {}

impl Resolver {
    /// A resolver that asks these servers; with none, those of the system.
    #[must_use]
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers, system: Mutex::default() }
    }

    /// The addresses of the name, IPv6 first where this machine has a way to it. They are asked for anew each time.
    ///
    /// # Errors
    /// When the name has none, or nobody could say.
    pub async fn find(&self, name: &HostName, family: Family) -> Result<Vec<IpAddr>, LookupError> {
        let name = name.as_str();
        let bare = name.strip_suffix('.').unwrap_or(name);
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        if bare == "localhost" || bare.ends_with(".localhost") {
            return some(loopback.into_iter().filter(|address| family.has(*address)).collect());
        }
        let settings = self.settings().await;
        if let Some(known) = settings.hosts.get(bare) {
            return some(known.iter().copied().filter(|address| family.has(*address)).collect());
        }
        let mut worst = LookupProblem::NoSuchName;
        for candidate in settings.candidates(name) {
            match self.addresses(&settings, &candidate, family).await {
                Ok(found) => return Ok(sorted(found).await),
                Err(LookupProblem::NoSuchName) => {}
                // That one form of the name could not be asked about leaves open whether it exists.
                Err(LookupProblem::NoAddress) if matches!(worst, LookupProblem::Unanswered(_)) => {}
                Err(problem) => worst = problem,
            }
        }
        Err(LookupError { problem: worst })
    }

    /// What the name servers answer to one question, tried in turn.
    pub(crate) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Answer, LookupError> {
        let settings = self.settings().await;
        settings.ask(name, kind).await.map_err(|problem| LookupError { problem })
    }

    async fn addresses(&self, settings: &Settings, name: &Name, family: Family) -> Result<Vec<IpAddr>, LookupProblem> {
        let of = async |kind: RecordType, wanted: bool| match wanted {
            true => settings.ask(name, kind).await.and_then(|answer| addresses_of(&answer, name, kind)),
            false => Err(LookupProblem::NoAddress),
        };
        let (v4, v6) =
            tokio::join!(of(RecordType::A, family != Family::V6), of(RecordType::AAAA, family != Family::V4));
        match (v6, v4) {
            (Ok(v6), Ok(v4)) => Ok([v6, v4].concat()),
            (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found),
            (Err(one @ LookupProblem::Unanswered(_)), Err(_)) | (Err(_), Err(one @ LookupProblem::Unanswered(_))) => {
                Err(one)
            }
            (Err(LookupProblem::NoSuchName), _) | (_, Err(LookupProblem::NoSuchName)) => Err(LookupProblem::NoSuchName),
            _ => Err(LookupProblem::NoAddress),
        }
    }

    /// The settings in force: the files of the system are read again when they have changed.
    async fn settings(&self) -> Arc<Settings> {
        let now = Instant::now();
        let known = self.system.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = &known
            && now - known.looked_at < LOOK_EVERY
        {
            return Arc::clone(&known.settings);
        }
        let changed = [changed(RESOLV_CONF).await, changed(HOSTS).await];
        let settings = match known.filter(|known| known.changed == changed) {
            Some(known) => known.settings,
            None => Arc::new(Settings::read(&self.servers).await),
        };
        let system = System { looked_at: now, changed, settings: Arc::clone(&settings) };
        *self.system.lock().unwrap_or_else(PoisonError::into_inner) = Some(system);
        settings
    }
}

async fn changed(path: &str) -> Option<SystemTime> {
    tokio::fs::metadata(Path::new(path)).await.ok()?.modified().ok()
}

fn some(found: Vec<IpAddr>) -> Result<Vec<IpAddr>, LookupError> {
    if found.is_empty() { Err(LookupError { problem: LookupProblem::NoAddress }) } else { Ok(found) }
}

fn addresses_of(answer: &Answer, name: &Name, kind: RecordType) -> Result<Vec<IpAddr>, LookupProblem> {
    let found: Vec<IpAddr> = answer
        .data(name, kind)
        .into_iter()
        .filter_map(|data| match data {
            RData::A(a) => Some(IpAddr::from(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::from(aaaa.0)),
            _ => None,
        })
        .take(ADDRESSES_MAX)
        .collect();
    match answer.code {
        ResponseCode::NXDomain => Err(LookupProblem::NoSuchName),
        ResponseCode::NoError if found.is_empty() => Err(LookupProblem::NoAddress),
        ResponseCode::NoError => Ok(found),
        other => Err(LookupProblem::Unanswered(format!("the name server answered: {other}"))),
    }
}

/// Those that this machine has no way to come last; else the order stays.
async fn sorted(found: Vec<IpAddr>) -> Vec<IpAddr> {
    if !found.iter().any(IpAddr::is_ipv6) || found.iter().all(IpAddr::is_ipv6) {
        return found;
    }
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for address in found {
        if address.is_ipv4() || has_way(address).await { near.push(address) } else { far.push(address) }
    }
    near.extend(far);
    near
}

/// Whether the kernel knows a way to the address. Nothing is sent.
async fn has_way(address: IpAddr) -> bool {
    match tokio::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await {
        Ok(socket) => socket.connect((address, 9)).await.is_ok(),
        Err(_) => false,
    }
}

impl Settings {
    async fn read(servers: &[SocketAddr]) -> Self {
        let hosts = tokio::fs::read_to_string(HOSTS).await.unwrap_or_default();
        let conf = tokio::fs::read(RESOLV_CONF).await.unwrap_or_default();
        Self::parse(&conf, &hosts, servers)
    }

    fn parse(conf: &[u8], hosts: &str, servers: &[SocketAddr]) -> Self {
        // A line that cannot be read is passed over, as the C library does.
        let (conf, _) = resolv_conf::Config::parse_with_errors(conf);
        let own = |ip: &resolv_conf::ScopedIp| SocketAddr::new(ip.clone().into(), 53);
        let servers = match servers {
            [] if conf.nameservers.is_empty() => vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 53))],
            [] => conf.nameservers.iter().map(own).collect(),
            named => named.to_vec(),
        };
        Self {
            servers,
            search: conf.get_last_search_or_domain().cloned().collect(),
            ndots: conf.ndots,
            patience: Duration::from_secs(u64::from(conf.timeout.clamp(1, 5))),
            attempts: conf.attempts.clamp(1, 3),
            hosts: parse_hosts(hosts),
        }
    }

    /// The full names that a name may stand for, in the order in which they are tried.
    fn candidates(&self, name: &str) -> Vec<Name> {
        let absolute = |text: &str| {
            let mut name = Name::from_ascii(text).ok()?;
            name.set_fqdn(true);
            Some(name)
        };
        if name.ends_with('.') {
            return absolute(name).into_iter().collect();
        }
        let searched = self.search.iter().filter_map(|domain| absolute(&format!("{name}.{domain}")));
        let dots = u32::try_from(name.matches('.').count()).unwrap_or(u32::MAX);
        let itself = absolute(name);
        if dots >= self.ndots.max(1) {
            itself.into_iter().chain(searched).collect()
        } else {
            searched.chain(absolute(name)).collect()
        }
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Answer, LookupProblem> {
        let mut last = None;
        for server in (0..self.attempts).flat_map(|_| &self.servers) {
            match ask(*server, name, kind, true, self.patience).await {
                // Another server may know what this one could not find out.
                Ok(answer) if !matches!(answer.code, ResponseCode::ServFail | ResponseCode::Refused) => {
                    return Ok(answer);
                }
                Ok(answer) => last = Some(format!("the name server answered: {}", answer.code)),
                Err(error @ (QueryError::Io(_) | QueryError::TimedOut | QueryError::Unreadable)) => {
                    last = Some(error.to_string());
                }
            }
        }
        Err(LookupProblem::Unanswered(last.unwrap_or_else(|| "there is no name server".to_owned())))
    }
}

fn parse_hosts(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut hosts: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
        for name in words {
            hosts.entry(name.to_ascii_lowercase()).or_default().push(address);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(conf: &str, hosts: &str) -> Settings {
        Settings::parse(conf.as_bytes(), hosts, &[])
    }

    fn tried(conf: &str, name: &str) -> Vec<String> {
        settings(conf, "").candidates(name).iter().map(Name::to_ascii).collect()
    }

    #[test]
    fn a_short_name_is_searched_for_and_a_full_one_is_tried_first() {
        let conf = "search a.example b.example\noptions ndots:2";
        assert_eq!(tried(conf, "api"), ["api.a.example.", "api.b.example.", "api."]);
        assert_eq!(tried(conf, "api.svc"), ["api.svc.a.example.", "api.svc.b.example.", "api.svc."]);
        assert_eq!(tried(conf, "x.y.z"), ["x.y.z.", "x.y.z.a.example.", "x.y.z.b.example."]);
        assert_eq!(tried(conf, "api."), ["api."]);
        assert_eq!(tried("", "_sip._tcp.example.com"), ["_sip._tcp.example.com."]);
    }

    #[test]
    fn the_servers_are_those_of_the_file_or_those_named_or_the_own_machine() {
        let own: SocketAddr = "127.0.0.1:53".parse().unwrap();
        assert_eq!(settings("", "").servers, [own]);
        let two = settings("nameserver 192.0.2.1\nnameserver 2001:db8::1\nbroken", "").servers;
        assert_eq!(two, ["192.0.2.1:53".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()]);
        let named: SocketAddr = "127.0.0.1:5353".parse().unwrap();
        assert_eq!(Settings::parse(b"nameserver 192.0.2.1", "", &[named]).servers, [named]);
    }

    #[test]
    fn a_hosts_file_is_read_as_the_system_reads_it() {
        let hosts = parse_hosts("# all\n127.0.0.1 localhost Me.Example # mine\n::1 me.example\nnonsense x\n");
        assert_eq!(hosts["me.example"], ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        assert!(!hosts.contains_key("x"));
    }
}
