//! The checks file: what is measured, from where, how often. Definitions are files; a problem is reported with its place.
//!
//! Here: what all checks have. What a kind of check has, and assertions, are read by the modules below.

pub mod alerts;
mod around;
mod assertion;
mod definition;
mod kind;
mod limits;
mod page;
mod points;
mod retention;
pub mod sign_in;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use uphold_core::agreement::Agreement;
use uphold_core::diagnostic::{Diagnostic, Refusal, Severity};
use uphold_core::document::{self, Findings, Item, Placed, Table};
use uphold_core::history::CheckScope;
use uphold_core::id::{CheckId, InterfaceId, SolutionId, VantageId};
use uphold_core::ledger::digest::Digest;
use uphold_core::nearest::nearest;
use uphold_core::run::Staleness;
use uphold_core::time::Millis;
use uphold_probe::Check;
use uphold_probe::browser::Browsers;
use uphold_probe::egress::Cidr;

use around::Around;
pub use definition::Defined;
use kind::Kind;
pub use limits::Limits;
use points::Points;
pub use retention::Retention;

/// Probes start on a grid of this length.
pub const TICK: Millis = Millis(100);

/// What is measured from one vantage point.
#[derive(Debug, Clone)]
pub struct Checks {
    /// The name of this vantage point.
    pub vantage: VantageId,
    /// Every vantage point that observations are taken in from, this one among them.
    pub vantage_points: Vec<VantageId>,
    /// Address ranges that are not public and may be reached all the same.
    pub allow: Vec<Cidr>,
    /// The name servers to ask; none means those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// What is kept of failures.
    pub evidence: EvidenceLimits,
    /// How long what was observed stays in the ledger.
    pub retention: Retention,
    /// The browsers that checks run in, if any does.
    pub browsers: Option<Arc<Browsers>>,
    /// How much is asked at once.
    pub limits: Limits,
    /// The checks, also those that this vantage point does not measure itself.
    pub checks: Vec<Arc<CheckDefinition>>,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// How much evidence is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceLimits {
    /// At most so many times a day, of each check.
    pub per_day: u32,
    /// How long the files stay. What the ledger says of them stays as long as the observations.
    pub keep: Millis,
}

impl Default for EvidenceLimits {
    fn default() -> Self {
        Self { per_day: 24, keep: Millis(35 * 86_400_000) }
    }
}

/// One repeated measurement.
#[derive(Debug, Clone)]
pub struct CheckDefinition {
    /// Its id.
    pub id: CheckId,
    /// Where it is measured from.
    pub vantage_points: Vec<VantageId>,
    /// What it measures.
    pub scope: CheckScope,
    /// How often.
    pub interval: Millis,
    /// How long an observation may be trusted.
    pub staleness: Staleness,
    /// How it comes to know.
    pub source: Source,
    /// Its definition.
    pub defined: Defined,
}

/// How a check comes to know the state of what it measures.
#[derive(Debug, Clone)]
pub enum Source {
    /// It asks.
    Probe(Arc<Check>),
    /// It is told.
    Heartbeat(Heartbeat),
}

/// How often a report must come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// How often.
    pub every: Millis,
    /// How much later than that it may be.
    pub grace: Millis,
}

impl Heartbeat {
    /// How long after a report the next one must have come.
    #[must_use]
    pub fn limit(self) -> Millis {
        self.every + self.grace
    }

    /// How often it is looked at: what is seen is dated to this.
    fn looked_at(self) -> Millis {
        Millis(self.every.0.clamp(1_000, 10_000) / TICK.0 * TICK.0)
    }
}

/// What came of reading a checks file.
#[derive(Debug)]
pub struct Reading {
    /// The checks, when nothing was an error.
    pub checks: Option<Checks>,
    /// Every finding, in the order of the file.
    pub findings: Vec<Diagnostic>,
}

/// Reads a checks file against the agreement that it measures. All problems are found in one pass. `folder` is what the paths
/// in the file are relative to.
#[must_use]
pub fn read_checks(source: &str, folder: &Path, agreement: &Agreement) -> Reading {
    read_checks_of(source, folder, agreement, agreement)
}

/// The same where an agreement has several revisions: a check may measure whatever `agreement` covers, and what is missing is
/// what `current`, the revision in force, covers.
#[must_use]
pub fn read_checks_of(source: &str, folder: &Path, agreement: &Agreement, current: &Agreement) -> Reading {
    let findings = Findings::default();
    let root = document::parse(source, &findings);
    let checks = {
        let first_line = 0..source.find('\n').unwrap_or(source.len());
        let mut root = Table::new(root.get_ref(), first_line, "the checks file", &findings);
        let checks = read_root(&mut root, source, folder, [agreement, current]);
        root.finish();
        checks
    };
    let findings = findings.into_sorted();
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    Reading { checks: checks.filter(|_| !failed), findings }
}

fn read_root(
    root: &mut Table<'_, '_>,
    source: &str,
    folder: &Path,
    [agreement, current]: [&Agreement; 2],
) -> Option<Checks> {
    let points = points::read(root);
    let limits = limits::read(root);
    let (allow, name_servers) = root.table("egress").map_or_else(Default::default, |mut table| {
        let ranges = table.find("allow").and_then(|item| item.each(table.findings, read_range));
        let servers = table.find("name_servers").and_then(|item| item.each(table.findings, read_name_server));
        table.finish();
        (ranges.unwrap_or_default(), servers.unwrap_or_default())
    });
    let evidence = read_evidence(root);
    let retention = retention::read(root, evidence);
    let around = Around::read(root, folder);
    let place = root.span.clone();
    let findings = root.findings;
    let mut checks: Vec<Arc<CheckDefinition>> = Vec::new();
    let mut spans = Vec::new();
    let tables = root.tables("check", "this check");
    let written = tables.len();
    for mut table in tables {
        let span = table.span.clone();
        let check = read_check(&mut table, agreement, points.as_ref(), &around);
        table.finish();
        let Some(check) = check else { continue };
        if checks.iter().any(|other| other.id == check.id) {
            findings.push(
                Diagnostic::error(format!("the id `{}` is used twice", check.id), span.clone())
                    .help("give each check an id of its own"),
            );
        }
        checks.push(Arc::new(check));
        spans.push(span);
    }
    // A check that could not be read may be the one that is missed.
    if checks.len() == written {
        warn_of_unmeasured(&checks, current, findings, place);
    }
    let placed: Vec<_> = checks.iter().zip(spans).map(|(check, span)| points::placed(check, span)).collect();
    points::warn_of_too_few(&placed, agreement, findings);
    let Points { own: vantage, all: vantage_points } = points?;
    let (browsers, digest) = (around.used_browsers(), Digest::of(&[source.as_bytes()]));
    Some(Checks { vantage, vantage_points, allow, name_servers, limits, evidence, retention, browsers, checks, digest })
}

fn read_evidence(root: &mut Table<'_, '_>) -> EvidenceLimits {
    const DAY: Millis = Millis(86_400_000);
    let per_day = root.option("evidence_per_day", |item| match item.whole()? {
        many @ 0..=1_000 => Ok(many),
        many => Err(Refusal::new(format!("`evidence_per_day` is {many}")).help("use from 0 to 1000")),
    });
    let keep = root.option("evidence_keep", |item| match item.length()? {
        short if short < DAY => Err(Refusal::new(format!("`evidence_keep` is {short}")).help("use at least 24h")),
        keep => Ok(keep),
    });
    let usual = EvidenceLimits::default();
    EvidenceLimits {
        per_day: per_day.map_or(usual.per_day, |many| many.value),
        keep: keep.map_or(usual.keep, |keep| keep.value),
    }
}

/// An interface without a check is unknown for ever: that is honest, and seldom meant.
fn warn_of_unmeasured(
    checks: &[Arc<CheckDefinition>],
    agreement: &Agreement,
    findings: &Findings,
    place: std::ops::Range<usize>,
) {
    let measured: BTreeSet<&CheckScope> = checks.iter().map(|check| &check.scope).collect();
    for solution in &agreement.solutions {
        for interface in &solution.interfaces {
            let scope = CheckScope::whole(solution.id.clone(), interface.id.clone());
            if !measured.contains(&scope) {
                let message = format!("no check measures `{}` of `{}`", scope.interface, scope.solution);
                findings.push(
                    Diagnostic::warning(message, place.clone())
                        .help("add a `[[check]]` for it; until then all of its time is unknown"),
                );
            }
        }
    }
}

fn read_range(item: &Item<'_>) -> Result<Cidr, Refusal> {
    let text = item.text()?;
    Cidr::parse(text)
        .map_err(|error| Refusal::new(error.to_string()).help("write an address range, as in `10.0.0.0/8`"))
}

fn read_name_server(item: &Item<'_>) -> Result<SocketAddr, Refusal> {
    let text = item.text()?;
    let refusal = || Refusal::new(format!("`{text}` is no address with a port")).help("write it as in `10.0.0.53:53`");
    text.parse().map_err(|_| refusal())
}

fn read_check(
    table: &mut Table<'_, '_>,
    agreement: &Agreement,
    points: Option<&Points>,
    around: &Around<'_>,
) -> Option<CheckDefinition> {
    let id = table.require("id", |item| Ok(CheckId::parse(item.text()?)?));
    let solution = table.require("solution", |item| {
        let id = SolutionId::parse(item.text()?)?;
        let names = agreement.solutions.iter().map(|solution| solution.id.as_str());
        known("the agreement has no solution", id.as_str(), names)?;
        Ok(id)
    });
    let interface = table.require("interface", |item| {
        let id = InterfaceId::parse(item.text()?)?;
        if let Some(found) = solution.as_ref().and_then(|solution| agreement.find_solution(&solution.value)) {
            let names = found.interfaces.iter().map(|interface| interface.id.as_str());
            known(&format!("the solution `{}` has no interface", found.id), id.as_str(), names)?;
        }
        Ok(id)
    });
    let kind = kind::read_name(table)?;
    let scope = |id: Option<Placed<CheckId>>| {
        Some((id?.value, CheckScope::whole(solution.as_ref()?.value.clone(), interface.as_ref()?.value.clone())))
    };
    if kind == Kind::Heartbeat {
        let heartbeat = read_heartbeat(table)?;
        let (id, scope) = scope(id)?;
        let interval = heartbeat.looked_at();
        let staleness = Staleness::After(Millis(interval.0 * 3));
        let (source, defined) = (Source::Heartbeat(heartbeat), definition::of_heartbeat(heartbeat));
        // It is told to one server.
        let vantage_points = points.map(|points| points.own.clone()).into_iter().collect();
        return Some(CheckDefinition { id, vantage_points, scope, interval, staleness, source, defined });
    }
    let vantage_points = points::read_of_check(table, points);
    let interval = table.require("interval", read_interval);
    let timeout = table.require("timeout", |item| Ok(Millis::parse(item.text()?)?));
    let staleness = table.require("staleness", |item| match item.text()? {
        "none" => Ok(Staleness::None),
        text => Ok(Staleness::After(Millis::parse(text)?)),
    });
    check_lengths(table, interval.as_ref(), timeout.as_ref(), staleness.as_ref());
    let (check, defined) =
        kind.read(table, duration(timeout.map_or(Millis(10_000), |timeout| timeout.value)), around)?;
    let (id, scope) = scope(id)?;
    let source = Source::Probe(Arc::new(check));
    let (interval, staleness) = (interval?.value, staleness?.value);
    Some(CheckDefinition { id, vantage_points, scope, interval, staleness, source, defined })
}

fn read_heartbeat(table: &mut Table<'_, '_>) -> Option<Heartbeat> {
    let every = table.require("every", |item| match item.length()? {
        every if every.0 < 1_000 => Err(Refusal::new(format!("`every` is {every}")).help("use at least 1s")),
        every => Ok(every),
    });
    let grace = table.require("grace", Item::length);
    Some(Heartbeat { every: every?.value, grace: grace?.value })
}

fn known<'a>(message: &str, id: &str, mut names: impl Iterator<Item = &'a str> + Clone) -> Result<(), Refusal> {
    if names.clone().any(|name| name == id) {
        return Ok(());
    }
    let refusal = Refusal::new(format!("{message} `{id}`"));
    Err(match nearest(id, names.clone()) {
        Some(near) => refusal.help(format!("did you mean `{near}`?")),
        None => refusal.help(format!("it has `{}`", names.by_ref().collect::<Vec<_>>().join("`, `"))),
    })
}

fn read_interval(item: &Item<'_>) -> Result<Millis, Refusal> {
    let interval = Millis::parse(item.text()?)?;
    if interval.0 < 1_000 || interval.0 % TICK.0 != 0 {
        return Err(Refusal::new(format!("`interval` is {interval}")).help("use at least 1s, in steps of 100ms"));
    }
    Ok(interval)
}

/// A probe ends before the next begins, and an observation is trusted until the next one can have come.
fn check_lengths(
    table: &Table<'_, '_>,
    interval: Option<&Placed<Millis>>,
    timeout: Option<&Placed<Millis>>,
    staleness: Option<&Placed<Staleness>>,
) {
    let (Some(interval), Some(timeout)) = (interval, timeout) else { return };
    if timeout.value > interval.value {
        table.findings.push(
            Diagnostic::error("the timeout is longer than the interval", timeout.span.clone())
                .label(format!("longer than `interval` ({})", interval.value))
                .help("a probe must end before the next one begins"),
        );
    }
    let least = interval.value + timeout.value;
    if let Some(Placed { value: Staleness::After(limit), span }) = staleness
        && *limit < least
    {
        table.findings.push(
            Diagnostic::error("observations would be stale before the next one can come", span.clone())
                .label(format!("shorter than interval + timeout ({least})"))
                .help(format!("use at least `{least}`; twice the interval and more rides out a lost probe")),
        );
    }
}

fn duration(length: Millis) -> Duration {
    Duration::from_millis(length.0.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGREEMENT: &str = include_str!("../../examples/cloud-one/agreement.toml");

    fn agreement() -> Agreement {
        uphold_core::agreement::read(AGREEMENT).agreement.unwrap()
    }

    const GOOD: &str = r#"
vantage = "local"
[egress]
allow = ["127.0.0.0/8"]
[[check]]
id = "api"
solution = "workload-security"
interface = "api"
type = "http"
url = "http://127.0.0.1:1/"
interval = "5s"
timeout = "2s"
staleness = "15s"
expect = { status = "200", body_contains = "x", degraded_after = "1s" }
"#;

    fn messages(source: &str) -> Vec<String> {
        read_checks(source, Path::new(""), &agreement()).findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_good_file_is_read_and_what_it_does_not_measure_is_a_warning() {
        let reading = read_checks(GOOD, Path::new(""), &agreement());
        assert_eq!(reading.checks.unwrap().checks.len(), 1);
        let warnings: Vec<_> = reading.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            warnings,
            [
                "no check measures `console` of `workload-security`",
                "no check measures `connections` of `workload-security`"
            ]
        );
    }

    #[test]
    fn each_mistake_has_a_message_of_its_own() {
        for (from, to, message) in [
            ("\"api\"\ntype", "\"apo\"\ntype", "the solution `workload-security` has no interface `apo`"),
            ("workload-security", "workload", "the agreement has no solution `workload`"),
            ("\"5s\"", "\"5x\"", "`5x` is not a length of time"),
            ("\"5s\"", "\"50ms\"", "`interval` is 50ms"),
            ("\"2s\"", "\"6s\"", "the timeout is longer than the interval"),
            ("\"15s\"", "\"6s\"", "observations would be stale before the next one can come"),
            ("127.0.0.0/8", "127.0.0.0/99", "127.0.0.0/99"),
            ("\"http\"", "\"htp\"", "`htp` is not a kind of check"),
            ("status", "statu", "[expect] has no key `statu`"),
        ] {
            let found = messages(&GOOD.replacen(from, to, 1));
            assert!(found.iter().any(|found| found.contains(message)), "{message}: {found:?}");
        }
    }

    #[test]
    fn the_digest_of_a_check_changes_with_its_definition_alone() {
        let digest =
            |source: &str| read_checks(source, Path::new(""), &agreement()).checks.unwrap().checks[0].defined.digest;
        assert_ne!(digest(GOOD), digest(&GOOD.replace("\"x\"", "\"y\"")));
        assert_eq!(digest(GOOD), digest(&GOOD.replace("\nvantage", "\n# a remark\nvantage")));
    }

    const POINTS: &str = "vantage = \"local\"\nvantage_points = [\"local\", \"osaka\"]\n";

    #[test]
    fn a_check_is_measured_from_the_points_of_the_file_or_from_its_own() {
        let names = |source: &str| -> Vec<String> {
            let checks = read_checks(source, Path::new(""), &agreement()).checks.unwrap();
            checks.checks[0].vantage_points.iter().map(ToString::to_string).collect()
        };
        let two = GOOD.replace("vantage = \"local\"\n", POINTS);
        assert_eq!(names(GOOD), ["local"]);
        assert_eq!(names(&two), ["local", "osaka"]);
        let own = two.replace("id = \"api\"", "id = \"api\"\nvantage_points = [\"osaka\"]");
        assert_eq!(names(&own), ["osaka"]);
        let digest =
            |source: &str| read_checks(source, Path::new(""), &agreement()).checks.unwrap().checks[0].defined.digest;
        assert_eq!(digest(GOOD), digest(&own), "where it is measured from is no part of what is measured");
        let osaka = VantageId::parse("osaka").unwrap();
        let beat = format!(
            "{two}[[check]]\nid = \"job\"\nsolution = \"workload-security\"\ninterface = \"api\"\nkind = \"heartbeat\"\nevery = \"60s\"\ngrace = \"10s\"\n"
        );
        let seen = read_checks(&beat, Path::new(""), &agreement()).checks.unwrap().seen_from(&osaka).unwrap();
        assert_eq!((seen.checks.len(), seen.own().count(), seen.remote().count()), (1, 1, 0));
        assert!(read_checks(GOOD, Path::new(""), &agreement()).checks.unwrap().seen_from(&osaka).is_none());
    }

    #[test]
    fn a_mistake_in_vantage_points_has_a_message_of_its_own_and_too_few_of_them_are_a_warning() {
        let two = GOOD.replace("vantage = \"local\"\n", POINTS);
        for (from, to, message) in [
            ("[\"local\", \"osaka\"]", "[\"osaka\"]", "`vantage_points` lacks `local`"),
            ("[\"local\", \"osaka\"]", "[\"local\", \"local\"]", "the vantage point `local` is listed twice"),
            (
                "id = \"api\"",
                "id = \"api\"\nvantage_points = [\"osaca\"]",
                "`vantage_points` of the file lacks `osaca`",
            ),
            ("id = \"api\"", "id = \"api\"\nvantage_points = []", "`vantage_points` names no vantage point"),
            ("[egress]", "[limits]\nprobes_per_target = 0\n[egress]", "`probes_per_target`"),
        ] {
            let found = messages(&two.replacen(from, to, 1));
            assert!(found.iter().any(|found| found.contains(message)), "{message}: {found:?}");
        }
        let asking = AGREEMENT.replace("vantages = { down_when = 1 }", "vantages = { down_when = 2 }");
        let asking = uphold_core::agreement::read(&asking).agreement.unwrap();
        let warned = |source: &str| {
            let findings = read_checks(source, Path::new(""), &asking).findings;
            findings.iter().any(|finding| finding.message.contains("asks 2 vantage points, and `api` has 1"))
        };
        assert!(warned(GOOD) && !warned(&two));
    }

    /// The good file with other lines in place of what makes its check one of HTTP.
    fn of_kind(lines: &str) -> String {
        let (before, _) = GOOD.split_once("type = ").unwrap();
        format!("{before}{lines}")
    }

    const TIMES: &str = "interval = \"5s\"\ntimeout = \"2s\"\nstaleness = \"15s\"\n";

    #[test]
    fn every_kind_of_check_is_read() {
        for lines in [
            "kind = \"http\"\nurl = \"https://a.example/\"\nmethod = \"GET\"\nheaders = { x-a = \"b\" }\nfamily = \"ipv6\"\n\
             body_bytes_max = 131072\nexpect = { status = [\"200-204\", 401] }\n",
            "kind = \"tcp\"\naddress = \"db.example:5432\"\nsend = \"PING\"\nreply_contains = \"PONG\"\n",
            "kind = \"tls\"\naddress = \"a.example:443\"\nserver_name = \"b.example\"\nnames = [\"c.example\"]\n\
             protocol_min = \"1.3\"\n",
            "kind = \"dns\"\nname = \"a.example\"\nrecord = \"MX\"\nvalues = [\"10 m.example\"]\nexactly = false\n\
             all_name_servers = true\n",
            "kind = \"dns\"\nname = \"a.example\"\nrecord = \"A\"\nserver = \"1.1.1.1\"\nport = 53\n",
            "kind = \"icmp\"\nhost = \"a.example\"\nfamily = \"ipv4\"\n",
            "kind = \"grpc\"\naddress = \"a.example:50051\"\nservice = \"api\"\ntls = false\n",
        ] {
            let source =
                of_kind(&format!("{lines}{TIMES}assert = [{{ latency_ms_max = 800, otherwise = \"degraded\" }}]\n"));
            let reading = read_checks(&source, Path::new(""), &agreement());
            assert!(reading.checks.is_some(), "{lines}: {:?}", reading.findings);
        }
        let reading = read_checks(
            &of_kind("kind = \"heartbeat\"\nevery = \"24h\"\ngrace = \"30m\"\n"),
            Path::new(""),
            &agreement(),
        );
        let check = &reading.checks.unwrap().checks[0];
        assert_eq!((check.interval, check.staleness), (Millis(10_000), Staleness::After(Millis(30_000))));
        assert!(matches!(check.source, Source::Heartbeat(beat) if beat.limit() == Millis(88_200_000)));
    }

    #[test]
    fn every_assertion_is_read_and_two_in_one_are_not() {
        let with = |assert: &str| {
            let http = "kind = \"http\"\nurl = \"https://a.example/\"\n";
            messages(&of_kind(&format!("{http}{TIMES}assert = [{{ {assert} }}]\n")))
        };
        let none = with("status = 200");
        for good in [
            "status = [\"200-299\", 401]",
            "header = \"content-type\", contains = \"json\"",
            "header = \"x\", matches = \"^a+$\", otherwise = \"degraded\"",
            "header = \"x\", exists = false",
            "body_contains = \"a\"",
            "body_lacks = \"a\"",
            "body_matches = \"v[0-9]+\"",
            "json = \"$.a\", equals = \"ok\"",
            "json = \"$.a\", equals = -1.5",
            "json = \"$.a\", exists = true",
            "json = \"$.a[*]\", at_least = 1, less_than = 2.5",
            "latency_ms_max = 800",
            "certificate_days_min = 14",
        ] {
            assert_eq!(with(good), none, "{good}");
        }
        for (bad, message) in [
            ("otherwise = \"degraded\"", "this assertion says nothing"),
            ("status = 200, latency_ms_max = 1", "this assertion has `latency_ms_max` and `status`"),
            ("header = \"x\"", "this assertion has no test"),
            ("header = \"x\", equals = \"a\", contains = \"b\"", "this assertion has two tests"),
            ("header = \"a b\", exists = true", "`a b` is no name of a header"),
            ("body_matches = \"(a\"", "the pattern cannot be read: unclosed group"),
            ("json = \"a\", exists = true", "the path cannot be read"),
            ("json = \"$..a..b\", exists = true", "the path is not permitted"),
            ("json = \"$.a\", at_most = \"5\"", "`at_most` must be a number"),
            ("status = 99", "could not read expected status `99`"),
            ("latency_ms_max = 0", "`latency_ms_max` must be at least 1"),
            ("body_containz = \"a\"", "has no key `body_containz`"),
            ("status = 200, otherwise = \"dwn\"", "`dwn` is not what an assertion makes of a target"),
        ] {
            let found = with(bad);
            assert!(found.iter().any(|found| found.contains(message)), "{bad}: {found:?}");
        }
    }

    #[test]
    fn what_a_kind_cannot_do_says_so() {
        for (lines, message) in [
            ("kind = \"tcp\"\naddress = \"db.example\"\n", "could not read address `db.example`"),
            ("kind = \"tcp\"\naddress = \"0x7f.1:80\"\n", "could not read host `0x7f.1`"),
            ("kind = \"tcp\"\naddress = \"2130706433:80\"\n", "could not read host `2130706433`"),
            ("kind = \"tcp\"\naddress = \"a.example:80\"\nurl = \"x\"\n", "this check has no key `url`"),
            ("kind = \"tls\"\naddress = \"a.example:443\"\nprotocol_min = \"1.1\"\n", "`1.1` is not a version of TLS"),
            ("kind = \"dns\"\nname = \"a.example\"\nrecord = \"AAA\"\n", "`AAA` is not a type of record"),
            ("kind = \"dns\"\nname = \"a.example\"\nrecord = \"A\"\nvalues = [\"x\"]\n", "could not expect `x`"),
            (
                "kind = \"dns\"\nname = \"a.example\"\nrecord = \"A\"\nserver = \"1.1.1.1\"\nall_name_servers = true\n",
                "this check has both `server` and `all_name_servers`",
            ),
            (
                "kind = \"http\"\nurl = \"http://a.example/\"\nheaders = { x = \"a\\r\\nb: c\" }\n",
                "could not use header `x`",
            ),
            ("kind = \"http\"\nurl = \"http://a.example/\"\nheaders = { Host = \"b\" }\n", "the probe sets it itself"),
            ("kind = \"http\"\nurl = \"file:///etc/passwd\"\n", "it must begin with `http://` or `https://`"),
            (
                "kind = \"http\"\nurl = \"http://a.example/\"\nassert = [{ certificate_days_min = 3 }]\n",
                "could not judge a certificate",
            ),
            (
                "kind = \"icmp\"\nhost = \"a.example\"\nassert = [{ certificate_days_min = 3 }]\n",
                "has no key `certificate_days_min`",
            ),
            (
                "kind = \"http\"\ntype = \"http\"\nurl = \"http://a.example/\"\n",
                "this check has both `kind` and `type`",
            ),
            ("url = \"http://a.example/\"\n", "this check lacks `kind`"),
        ] {
            let found = messages(&of_kind(&format!("{TIMES}{lines}")));
            assert!(found.iter().any(|found| found.contains(message)), "{lines}: {found:?}");
        }
    }

    #[test]
    fn a_slip_in_the_kind_names_the_nearest_and_hides_no_other_key() {
        let reading = read_checks(&of_kind(&format!("kind = \"heartbeet\"\n{TIMES}")), Path::new(""), &agreement());
        let errors: Vec<_> = reading.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].help.as_deref(), Some("did you mean `heartbeat`?"));
    }

    #[test]
    fn a_definition_keeps_its_digest_and_no_secret_is_in_it() {
        let digest =
            |source: &str| read_checks(source, Path::new(""), &agreement()).checks.unwrap().checks[0].defined.digest;
        // What 0.1 wrote for the same check: a ledger must not take it for another one.
        assert_eq!(digest(GOOD).to_string(), "9d53395962df35b2356f23a413a8b71fa9a964b8f6b2593cd3f6fc3ad29cab9f");
        assert_eq!(digest(GOOD), digest(&GOOD.replace("type =", "kind =")));
        let with = |value: &str| digest(&GOOD.replace("\nexpect", &format!("\nheaders = {value}\nexpect")));
        assert_eq!(with("{ authorization = \"Bearer 1\" }"), with("{ authorization = \"Bearer 2\" }"));
        assert_ne!(with("{ x-a = \"1\" }"), with("{ x-a = \"2\" }"));
        let asserting = |text: &str| digest(&format!("{GOOD}assert = [{{ {text} }}]\n"));
        assert_ne!(asserting("latency_ms_max = 1"), asserting("latency_ms_max = 2"));
        assert_ne!(asserting("json = \"$.a\", equals = \"1\""), asserting("json = \"$.a\", equals = 1"));
    }
}
