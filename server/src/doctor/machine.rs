//! The machine: its clock, its limits, what it permits, and the network.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use uphold_probe::Check;
use uphold_probe::dns::{Asked, DnsCheck, DnsSettings, RecordKind};
use uphold_probe::egress::{Cidr, Egress, Host, Resolver};
use uphold_probe::icmp;
use uphold_probe::url::Endpoint;

use super::{Finding, Read, Subject};
use crate::clock_sync::{self, ClockSync};
use crate::config::Source;
use crate::notify;

/// Files that the program has open whatever it measures.
const FILES_OWN: u64 = 128;

/// Files that one check may have open at once: its connection, and a question to a name server.
const FILES_A_CHECK: u64 = 2;

/// What a browser check starts.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

pub(super) async fn examine(subject: &Subject<'_>, read: &Read) -> Vec<Finding> {
    let mut findings = vec![clock(subject, read).await, open_files(read), pings(read), browser(read)];
    findings.extend(egress(read));
    findings.extend(name_servers(subject, read).await);
    findings.extend(provider_answers(read).await);
    findings.push(listening(subject.listen).await);
    findings
}

async fn clock(subject: &Subject<'_>, read: &Read) -> Finding {
    const CHECK: &str = "clock";
    let server = read.alerts.as_ref().and_then(|alerts| alerts.time_server.as_ref());
    let egress = read.alerts.as_ref().map(notify::egress).unwrap_or_default();
    let sync = clock_sync::look(&subject.clock, &egress, server, Path::new(clock_sync::TIMESYNC)).await;
    match &sync {
        ClockSync::Synchronised(_) => Finding::ok(CHECK, sync.to_string()),
        ClockSync::NotSynchronised(_) => {
            Finding::problem(CHECK, sync.to_string(), "run a time service such as chrony or systemd-timesyncd")
        }
        ClockSync::NotKnown => Finding::warning(
            CHECK,
            sync.to_string(),
            "name a server with `time_server` in the alerts file, or use systemd-timesyncd",
        ),
    }
}

fn open_files(read: &Read) -> Finding {
    const CHECK: &str = "open-files";
    let checks = read.checks.as_ref().map_or(0, |checks| checks.checks.len() as u64);
    let needed = FILES_OWN + FILES_A_CHECK * checks;
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < needed => Finding::problem(
            CHECK,
            format!("{limit} files may be open, and {checks} checks may need {needed}"),
            "raise it: `LimitNOFILE=` of the unit, or `ulimit -n`",
        ),
        Some(limit) => Finding::ok(CHECK, format!("{limit} files may be open; {checks} checks need {needed} at most")),
        None => Finding::ok(CHECK, "any number of files may be open"),
    }
}

fn pings(read: &Read) -> Finding {
    const CHECK: &str = "pings";
    let checks = read.checks.iter().flat_map(|checks| &checks.checks);
    let is_ping = |source: &Source| matches!(source, Source::Probe(check) if matches!(**check, Check::Icmp(_)));
    match (checks.filter(|check| is_ping(&check.source)).count(), icmp::is_permitted()) {
        (_, true) => Finding::ok(CHECK, "this machine permits pings"),
        (0, false) => Finding::ok(CHECK, "this machine does not permit pings, and no check needs them"),
        (count, false) => Finding::problem(
            CHECK,
            format!("this machine does not permit pings, and {count} checks need them"),
            "`sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"` as root",
        ),
    }
}

fn browser(read: &Read) -> Finding {
    const CHECK: &str = "browser";
    if !read.browser {
        return Finding::ok(CHECK, "no check needs a browser");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| BROWSERS.map(|name| folder.join(name)))
        .find(|candidate| candidate.is_file());
    match found {
        Some(found) => Finding::ok(CHECK, format!("`{}` is there", found.display())),
        None => Finding::problem(
            CHECK,
            "a check needs a browser, and none is in $PATH",
            "install the package `chromium` and its driver",
        ),
    }
}

/// Ranges so wide that nothing is refused any more but metadata addresses.
fn egress(read: &Read) -> Vec<Finding> {
    let of_checks = read.checks.as_ref().map(|checks| ("egress-of-checks", &checks.allow));
    let of_alerts = read.alerts.as_ref().map(|alerts| ("egress-of-alerts", &alerts.allow));
    let judge = |(check, allow): (&'static str, &Vec<Cidr>)| {
        let holds = |cidr: &Cidr, address: &str| address.parse().is_ok_and(|address| cidr.contains(address));
        let is_wide = |cidr: &&Cidr| {
            (holds(cidr, "10.0.0.1") && holds(cidr, "127.0.0.1")) || (holds(cidr, "fd00::1") && holds(cidr, "::1"))
        };
        match allow.iter().find(is_wide) {
            Some(wide) => Finding::warning(
                check,
                format!("`{wide}` permits every private network and this machine itself"),
                "name the networks that are meant, as in `10.1.0.0/16`",
            ),
            None => Finding::ok(check, format!("{} ranges beyond the public Internet are permitted", allow.len())),
        }
    };
    let of_sign_in = read.sign_in.as_ref().map(|file| ("egress-of-sign-in", &file.allow));
    of_checks.into_iter().chain(of_alerts).chain(of_sign_in).map(judge).collect()
}

/// Whether the name servers answer: those that are named, or those of the system.
async fn name_servers(subject: &Subject<'_>, read: &Read) -> Vec<Finding> {
    const CHECK: &str = "name-servers";
    const NAME: &str = "com";
    let named: Vec<SocketAddr> = read.checks.as_ref().map_or_else(Vec::new, |checks| checks.name_servers.clone());
    let ask = async |asked: Asked, egress: &Egress, who: String| {
        let settings = DnsSettings {
            asked,
            exactly: false,
            timeout: Duration::from_secs(5),
            ..DnsSettings::new(NAME, RecordKind::Ns)
        };
        let Ok(check) = DnsCheck::new(settings) else { return Finding::ok(CHECK, "not asked") };
        let outcome = uphold_probe::measure(&Check::Dns(check), egress, subject.clock.now()).await;
        if outcome.state == uphold_core::run::Observed::Up {
            return Finding::ok(CHECK, format!("{who} answers"));
        }
        let help = "look at /etc/resolv.conf, or name servers with `egress.name_servers` in the checks file";
        Finding::warning(CHECK, format!("{who}: {}", outcome.cause), help)
    };
    if named.is_empty() {
        let egress = Egress::with_resolver(Vec::new(), Resolver::default());
        return vec![ask(Asked::System, &egress, "the resolver of the system".to_owned()).await];
    }
    let mut findings = Vec::new();
    for server in named {
        let host = match server {
            SocketAddr::V4(v4) => Host::Address((*v4.ip()).into()),
            SocketAddr::V6(v6) => Host::Address((*v6.ip()).into()),
        };
        let egress = Egress::new(vec![Cidr::single(server.ip())]);
        findings.push(ask(Asked::Server(Endpoint::new(host, server.port())), &egress, server.to_string()).await);
    }
    findings
}

/// Whether the identity provider describes itself as the one of the sign-in file.
async fn provider_answers(read: &Read) -> Option<Finding> {
    const CHECK: &str = "provider-answers";
    let provider = read.identity_provider.as_ref()?;
    Some(match provider.examine().await {
        Ok(()) => Finding::ok(CHECK, format!("`{}` describes itself as the sign-in file says", provider.name())),
        Err(error) => Finding::problem(
            CHECK,
            format!("`{}`: {error}", provider.name()),
            "compare `issuer` with what the provider calls itself, and `egress.allow` with where it is, in the sign-in file",
        ),
    })
}

/// Whether the address can be listened on, or a server answers there already.
async fn listening(address: SocketAddr) -> Finding {
    const CHECK: &str = "listening";
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Finding::ok(CHECK, format!("{address} is free: no server runs there")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::ok(CHECK, format!("something listens on {address}: the server, if it runs"))
        }
        Err(error) => Finding::problem(
            CHECK,
            format!("{address} cannot be listened on: {error}"),
            "choose another address with `--listen`",
        ),
    }
}
