//! The kinds of checks, and the keys that each has.

use std::sync::Arc;
use std::time::Duration;

use uphold_core::diagnostic::{Diagnostic, Refusal};
use uphold_core::document::{Item, Placed, Table};
use uphold_core::ledger::canonical::Value;
use uphold_core::time::Millis;
use uphold_probe::Check;
use uphold_probe::dns::{Asked, DnsCheck, DnsSettings, RecordKind};
use uphold_probe::egress::{Family, Host};
use uphold_probe::grpc::{GrpcCheck, GrpcSettings};
use uphold_probe::http::{BODY_BYTES_LIMIT, Expect, HttpCheck, HttpMethod, HttpSettings};
use uphold_probe::icmp::IcmpCheck;
use uphold_probe::tcp::TcpCheck;
use uphold_probe::tls::{Protocol, TlsCheck, TlsSettings};
use uphold_probe::url::Endpoint;

use super::around::{Around, Trust};
use super::assertion::{self, Allowed, read_status};
use super::definition::{self, Defined, Members};
use super::page;

/// The kinds of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Tcp,
    Tls,
    Dns,
    Icmp,
    Grpc,
    Browser,
    Heartbeat,
}

const NAMES: [(&str, Kind); 8] = [
    ("http", Kind::Http),
    ("tcp", Kind::Tcp),
    ("tls", Kind::Tls),
    ("dns", Kind::Dns),
    ("icmp", Kind::Icmp),
    ("grpc", Kind::Grpc),
    ("browser", Kind::Browser),
    ("heartbeat", Kind::Heartbeat),
];

/// Reads `kind`, or `type` as it was called first. Without one, no key of the check can be judged.
pub(super) fn read_name(table: &mut Table<'_, '_>) -> Option<Kind> {
    let read = |item: &Item<'_>| {
        let text = item.text()?;
        let found = NAMES.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
        found.ok_or_else(|| Refusal::not_among("a kind of check", text, &NAMES.map(|(name, _)| name)))
    };
    let older = table.option("type", read);
    let has_older = table.keys().any(|key| key == "type");
    let kind = if has_older { table.option("kind", read) } else { table.require("kind", read) };
    if let (Some(older), Some(_)) = (&older, &kind) {
        let error = Diagnostic::error("this check has both `kind` and `type`", older.span.clone());
        table.findings.push(error.help("remove `type`, which is the older name of `kind`"));
    }
    let kind = kind.or(older).map(|kind| kind.value);
    if kind.is_none() {
        table.take_all();
    }
    kind
}

impl Kind {
    /// Reads what a check of this kind asks and expects, with the definition that this comes to.
    pub(super) fn read(
        self,
        table: &mut Table<'_, '_>,
        timeout: Duration,
        around: &Around<'_>,
    ) -> Option<(Check, Defined)> {
        match self {
            Self::Http => http(table, timeout, around),
            Self::Tcp => tcp(table, timeout),
            Self::Tls => tls(table, timeout, around),
            Self::Dns => dns(table, timeout),
            Self::Icmp => icmp(table, timeout),
            Self::Grpc => grpc(table, timeout, around),
            Self::Browser => page::read(table, timeout, around),
            Self::Heartbeat => None,
        }
    }
}

fn http(table: &mut Table<'_, '_>, timeout: Duration, around: &Around<'_>) -> Option<(Check, Defined)> {
    let url = table.require("url", text);
    let expect = table.table("expect").map(read_expect);
    let redirects = table.option("redirects", |item| match item.whole()? {
        hops @ 0..=10 => Ok(u8::try_from(hops).unwrap_or(10)),
        hops => Err(Refusal::new(format!("`redirects` is {hops}")).help("use from 0 to 10")),
    });
    let method = table.option("method", |item| match item.text()? {
        "GET" => Ok(HttpMethod::Get),
        "HEAD" => Ok(HttpMethod::Head),
        other => Err(Refusal::not_among("a method of a check", other, &["GET", "HEAD"])),
    });
    let headers = table.table("headers").map_or_else(Vec::new, read_headers);
    let body_bytes_max = table.option("body_bytes_max", |item| match usize::try_from(item.positive()?) {
        Ok(bytes) if bytes <= BODY_BYTES_LIMIT => Ok(bytes),
        _ => Err(Refusal::new(format!("`body_bytes_max` is more than {BODY_BYTES_LIMIT}"))),
    });
    let family = read_family(table);
    let assertions = assertion::read(table, Allowed::Http);
    let in_the_clear = url.as_ref().is_some_and(|url| url.value.to_ascii_lowercase().starts_with("http:"));
    let trust = Trust::read(table, around, in_the_clear.then_some("its URL is not `https`"));
    let url = url?;
    let base = HttpSettings::new(url.value);
    let settings = HttpSettings {
        timeout,
        expect: expect.unwrap_or_default(),
        redirects: redirects.map_or(0, |redirects| redirects.value),
        method: method.map_or(HttpMethod::Get, |method| method.value),
        headers,
        body_bytes_max: body_bytes_max.map_or(base.body_bytes_max, |bytes| bytes.value),
        family,
        assertions,
        tls: trust.as_ref().map_or_else(|| Arc::clone(&base.tls), |trust| Arc::clone(&trust.tls)),
        ..base
    };
    let mut members = definition::of_http(&settings);
    trust.iter().for_each(|trust| trust.define(&mut members));
    let check = made(table, url.span, HttpCheck::new(settings))?;
    Some((Check::Http(Box::new(check)), definition::defined(members)))
}

fn read_expect(mut expect: Table<'_, '_>) -> Expect {
    let status = expect.option("status", read_status);
    let body_contains = expect.option("body_contains", text);
    let degraded_after = expect.option("degraded_after", |item| Ok(Millis::parse(item.text()?)?));
    expect.finish();
    Expect {
        status: status.map_or_else(Default::default, |status| status.value),
        body_contains: body_contains.map(|text| text.value),
        degraded_after: degraded_after.map(|limit| super::duration(limit.value)),
    }
}

fn read_headers(table: Table<'_, '_>) -> Vec<(String, String)> {
    let findings = table.findings;
    let read = |item: Item<'_>| Some((item.name.clone(), item.accept(findings, text)?));
    table.items().filter_map(read).collect()
}

fn tcp(table: &mut Table<'_, '_>, timeout: Duration) -> Option<(Check, Defined)> {
    let endpoint = read_address(table);
    let send = table.option("send", text);
    let reply_contains = table.option("reply_contains", text);
    let family = read_family(table);
    let assertions = assertion::read(table, Allowed::Latency);
    let endpoint = endpoint?.value;
    let mut members = definition::begin("tcp", timeout);
    definition::push(&mut members, "address", Value::text(&endpoint));
    for (key, value) in [("send", &send), ("reply_contains", &reply_contains)] {
        if let Some(text) = value {
            definition::push(&mut members, key, Value::text(&text.value));
        }
    }
    let bytes = |text: Option<Placed<String>>| text.map(|text| text.value.into_bytes());
    let check =
        TcpCheck { endpoint, send: bytes(send), reply_contains: bytes(reply_contains), assertions, family, timeout };
    Some((Check::Tcp(check.clone()), finished(members, family, &check.assertions)))
}

fn tls(table: &mut Table<'_, '_>, timeout: Duration, around: &Around<'_>) -> Option<(Check, Defined)> {
    let endpoint = read_address(table);
    let server_name = table.option("server_name", text);
    let names = table.find("names").and_then(|item| item.each(table.findings, text)).unwrap_or_default();
    let protocol_min = table.option("protocol_min", |item| {
        let text = item.text()?;
        let found = Protocol::ALL.into_iter().find(|protocol| protocol.name() == text);
        found.ok_or_else(|| Refusal::not_among("a version of TLS", text, &Protocol::ALL.map(Protocol::name)))
    });
    let family = read_family(table);
    let assertions = assertion::read(table, Allowed::Certificate);
    let trust = Trust::read(table, around, None);
    let endpoint = endpoint?;
    let mut members = definition::begin("tls", timeout);
    definition::push(&mut members, "address", Value::text(&endpoint.value));
    let base = TlsSettings::new(endpoint.value);
    let settings = TlsSettings {
        server_name: server_name.map(|name| name.value),
        names,
        protocol_min: protocol_min.map_or(base.protocol_min, |protocol| protocol.value),
        assertions,
        family,
        timeout,
        tls: trust.as_ref().map_or_else(|| Arc::clone(&base.tls), |trust| Arc::clone(&trust.tls)),
        ..base
    };
    trust.iter().for_each(|trust| trust.define(&mut members));
    if let Some(name) = &settings.server_name {
        definition::push(&mut members, "server_name", Value::text(name));
    }
    definition::push(&mut members, "names", definition::texts(&settings.names));
    definition::push(&mut members, "protocol_min", Value::text(settings.protocol_min.name()));
    let defined = finished(members, family, &settings.assertions);
    Some((Check::Tls(made(table, endpoint.span, TlsCheck::new(settings))?), defined))
}

fn dns(table: &mut Table<'_, '_>, timeout: Duration) -> Option<(Check, Defined)> {
    let name = table.require("name", text);
    let record = table.require("record", |item| {
        let text = item.text()?;
        let found = RecordKind::ALL.into_iter().find(|record| record.name() == text);
        found.ok_or_else(|| Refusal::not_among("a type of record", text, &RecordKind::ALL.map(RecordKind::name)))
    });
    let values = table.find("values").and_then(|item| item.each(table.findings, text)).unwrap_or_default();
    let exactly = table.option("exactly", Item::boolean).is_none_or(|exactly| exactly.value);
    let all = table.option("all_name_servers", Item::boolean).is_some_and(|all| all.value);
    let port = table.option("port", read_port).map_or(53, |port| port.value);
    let server = table.option("server", |item| {
        let host = Host::parse(item.text()?).map_err(|error| Refusal::new(error.to_string()))?;
        Ok(Endpoint::new(host, port))
    });
    if let (Some(server), true) = (&server, all) {
        let message = "this check has both `server` and `all_name_servers`";
        table.findings.push(Diagnostic::error(message, server.span.clone()).help("remove one of them"));
    }
    let assertions = assertion::read(table, Allowed::Latency);
    let asked = match server {
        Some(server) => Asked::Server(server.value),
        None if all => Asked::AllNameServers { port },
        None => Asked::System,
    };
    let (name, record) = (name?, record?.value);
    let mut members = definition::begin("dns", timeout);
    definition::push(&mut members, "name", Value::text(&name.value));
    definition::push(&mut members, "record", Value::text(record.name()));
    definition::push(&mut members, "values", definition::texts(&values));
    definition::push(&mut members, "exactly", Value::text(exactly));
    let asked_of = match &asked {
        Asked::System => "system".to_owned(),
        Asked::Server(server) => server.to_string(),
        Asked::AllNameServers { port } => format!("all:{port}"),
    };
    definition::push(&mut members, "asked", Value::text(asked_of));
    let settings = DnsSettings { name: name.value, record, values, exactly, asked, assertions, timeout };
    let defined = finished(members, Family::Any, &settings.assertions);
    Some((Check::Dns(made(table, name.span, DnsCheck::new(settings))?), defined))
}

fn icmp(table: &mut Table<'_, '_>, timeout: Duration) -> Option<(Check, Defined)> {
    let host = table.require("host", |item| Host::parse(item.text()?).map_err(|error| Refusal::new(error.to_string())));
    let family = read_family(table);
    let assertions = assertion::read(table, Allowed::Latency);
    let host = host?.value;
    let mut members = definition::begin("icmp", timeout);
    definition::push(&mut members, "host", Value::text(&host));
    let defined = finished(members, family, &assertions);
    Some((Check::Icmp(IcmpCheck { host, family, assertions, timeout }), defined))
}

fn grpc(table: &mut Table<'_, '_>, timeout: Duration, around: &Around<'_>) -> Option<(Check, Defined)> {
    let endpoint = read_address(table);
    let service = table.option("service", text).map_or_else(String::new, |service| service.value);
    let over_tls = table.option("tls", Item::boolean).is_none_or(|tls| tls.value);
    let family = read_family(table);
    let assertions = assertion::read(table, Allowed::Certificate);
    let trust = Trust::read(table, around, (!over_tls).then_some("its `tls` is false"));
    let endpoint = endpoint?;
    let mut members = definition::begin("grpc", timeout);
    trust.iter().for_each(|trust| trust.define(&mut members));
    definition::push(&mut members, "address", Value::text(&endpoint.value));
    definition::push(&mut members, "service", Value::text(&service));
    definition::push(&mut members, "tls", Value::text(over_tls));
    let base = GrpcSettings::new(endpoint.value);
    let tls = trust.map(|trust| trust.tls).or_else(|| base.tls.clone()).filter(|_| over_tls);
    let settings = GrpcSettings { service, tls, assertions, family, timeout, ..base };
    let defined = finished(members, family, &settings.assertions);
    Some((Check::Grpc(made(table, endpoint.span, GrpcCheck::new(settings))?), defined))
}

fn finished(mut members: Members, family: Family, assertions: &[uphold_probe::assertion::Assertion]) -> Defined {
    definition::push_family(&mut members, family);
    definition::push_assertions(&mut members, assertions);
    definition::defined(members)
}

/// A check, or a finding that says why the settings make none.
fn made<T, E: std::fmt::Display>(table: &Table<'_, '_>, span: std::ops::Range<usize>, made: Result<T, E>) -> Option<T> {
    made.map_err(|error| table.findings.push(Diagnostic::error(error.to_string(), span))).ok()
}

fn text(item: &Item<'_>) -> Result<String, Refusal> {
    Ok(item.text()?.to_owned())
}

fn read_address(table: &mut Table<'_, '_>) -> Option<Placed<Endpoint>> {
    table.require("address", |item| Endpoint::parse(item.text()?).map_err(|error| Refusal::new(error.to_string())))
}

fn read_port(item: &Item<'_>) -> Result<u16, Refusal> {
    u16::try_from(item.positive()?).map_err(|_| Refusal::new(format!("`{}` must be from 1 to 65535", item.name)))
}

fn read_family(table: &mut Table<'_, '_>) -> Family {
    let family = table.option("family", |item| match item.text()? {
        "ipv4" => Ok(Family::V4),
        "ipv6" => Ok(Family::V6),
        other => Err(Refusal::not_among("a family of addresses", other, &["ipv4", "ipv6"])),
    });
    family.map_or(Family::Any, |family| family.value)
}
