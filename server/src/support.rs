//! `uphold support-bundle`: what somebody who helps needs to see, and nothing that is secret.
//!
//! What is not known to be harmless is left out: of configuration only listed keys keep their texts, of addresses only the
//! host, and comments are left out altogether. The agreement, the facts and the keys are not in it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use toml::de::{DeTable, DeValue};
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, tzdb_version};
use uphold_probe::egress::{Cidr, Egress, Family, Host};
use uphold_probe::url::{Endpoint, Url};

use crate::doctor::{Finding, Subject};
use crate::error::{Failure, file_failure};
use crate::ledger::{FILE, Reader, sqlite_version};
use crate::revisions::files_of;

/// In the place of what may be secret.
const REMOVED: &str = "[removed]";

/// So much of a running server's metrics is read.
const METRICS_MAX: u64 = 8 << 20;

/// The keys of configuration whose texts are no secrets.
const HARMLESS: [&str; 37] = [
    "allow",
    "base_url",
    "body",
    "check",
    "every",
    "family",
    "from",
    "grace",
    "header",
    "id",
    "interface",
    "interval",
    "kind",
    "language",
    "method",
    "min_for",
    "name",
    "name_servers",
    "otherwise",
    "protocol_min",
    "quorum",
    "record",
    "region",
    "repeat_every",
    "role",
    "security",
    "severities",
    "solution",
    "solutions",
    "staleness",
    "status",
    "time_server",
    "timeout",
    "to",
    "type",
    "unknown_after",
    "vantage",
];

/// Keys whose texts are addresses, of which the host is kept.
const ADDRESSES: [&str; 5] = ["address", "host", "issuer", "server", "url"];

/// Writes the bundle.
///
/// # Errors
/// When it is there already, or cannot be written.
pub async fn write(out: &Path, subject: &Subject<'_>, findings: &[Finding]) -> Result<(), Failure> {
    let mut parts: Vec<(&str, Vec<u8>)> = Vec::new();
    let now = subject.clock.now();
    parts.push(("about.json", pretty(&about(subject, now))));
    parts.push(("doctor.json", pretty(&json!({ "findings": findings }))));
    parts.push(("data-folder.json", pretty(&data_folder(subject.data))));
    parts.push(("ledger.json", pretty(&ledger(subject.data))));
    for (name, path) in
        [("checks.json", &subject.checks), ("alerts.json", &subject.alerts), ("sign-in.json", &subject.sign_in)]
    {
        if let Some(source) = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok()) {
            parts.push((name, pretty(&redacted(&source))));
        }
    }
    if let Some(metrics) = metrics(subject.listen).await {
        parts.push(("metrics.txt", metrics));
    }
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(out);
    let file = file.map_err(|error| file_failure("make the bundle", out, error))?;
    archive(file, &parts, now).map_err(|error| file_failure("write", out, error))
}

fn archive(file: std::fs::File, parts: &[(&str, Vec<u8>)], now: Instant) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(file);
    for (name, bytes) in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime((now.0.max(0) / 1_000).unsigned_abs());
        header.set_cksum();
        archive.append_data(&mut header, format!("uphold-support/{name}"), bytes.as_slice())?;
    }
    let mut file = archive.into_inner()?;
    file.flush()?;
    file.sync_all()
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn about(subject: &Subject<'_>, now: Instant) -> Value {
    let digest = |path: &std::path::PathBuf| std::fs::read(path).ok().map(|bytes| Digest::of(&[&bytes]).to_string());
    let files = subject.agreements.iter().flat_map(|path| files_of(path).unwrap_or_default());
    let agreements: Vec<String> = files.filter_map(|path| digest(&path)).collect();
    json!({
        "made_at": now.to_string(),
        "uphold": env!("CARGO_PKG_VERSION"),
        "sqlite": sqlite_version(),
        "tzdb": tzdb_version(),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
        "processors": std::thread::available_parallelism().ok().map(std::num::NonZero::get),
        "service_manager": std::env::var_os("INVOCATION_ID").is_some(),
        "agreements_sha256": agreements,
        "checks_sha256": subject.checks.as_ref().and_then(digest),
    })
}

/// The names, sizes and rights of the files in the folder; what is in them is not looked at.
fn data_folder(data: &Path) -> Value {
    let entries = std::fs::read_dir(data).into_iter().flatten().flatten();
    let files: Map<String, Value> = entries
        .filter_map(|entry| {
            let found = entry.metadata().ok()?;
            let of =
                json!({ "bytes": found.len(), "mode": format!("{:03o}", found.mode() & 0o777), "user": found.uid() });
            Some((entry.file_name().to_string_lossy().into_owned(), of))
        })
        .collect();
    json!({ "files": files })
}

/// How many facts of each kind there are, and from when to when.
fn ledger(data: &Path) -> Value {
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut first, mut last) = (None, None);
    let read = Reader::open(&data.join(FILE)).and_then(|reader| {
        reader.visit(0..u64::MAX, |entry| {
            *kinds.entry(entry.leaf.kind.name()).or_default() += 1;
            first.get_or_insert(entry.leaf.recorded_at);
            last = Some(entry.leaf.recorded_at);
            Ok(())
        })
    });
    json!({
        "facts": kinds,
        "first_recorded_at": first.map(|at| at.to_string()),
        "last_recorded_at": last.map(|at| at.to_string()),
        "error": read.err().map(|error| error.to_string()),
    })
}

/// A configuration file as JSON, without whatever may be secret.
fn redacted(source: &str) -> Value {
    let (root, errors) = DeTable::parse_recoverable(source);
    let mut value = table(root.get_ref());
    if let Some(object) = value.as_object_mut().filter(|_| !errors.is_empty()) {
        // What the errors say may repeat what stands there.
        object.insert("[errors]".to_owned(), Value::from(errors.len()));
    }
    value
}

fn table(table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), redact(key, value.get_ref()))
    };
    Value::Object(table.iter().map(entry).collect())
}

fn redact(key: &str, value: &DeValue<'_>) -> Value {
    match value {
        DeValue::Table(inner) => Value::Object(
            inner
                .iter()
                .map(|(inner_key, value)| {
                    let name: &str = inner_key.get_ref();
                    // The values of headers are no secrets only where somebody looked at each.
                    let shown = if key == "headers" { Value::from(REMOVED) } else { redact(name, value.get_ref()) };
                    (name.to_owned(), shown)
                })
                .collect(),
        ),
        DeValue::Array(items) => items.iter().map(|item| redact(key, item.get_ref())).collect(),
        DeValue::String(text) => Value::from(text_of(key, text)),
        DeValue::Integer(number) => Value::from(number.as_str()),
        DeValue::Float(number) => Value::from(number.as_str()),
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Datetime(at) => Value::from(at.to_string()),
    }
}

fn text_of(key: &str, text: &str) -> String {
    if ADDRESSES.contains(&key) {
        return host_of(text).unwrap_or_else(|| REMOVED.to_owned());
    }
    if key == "base_url" {
        return host_of(text).unwrap_or_else(|| REMOVED.to_owned());
    }
    if HARMLESS.contains(&key) { text.to_owned() } else { REMOVED.to_owned() }
}

/// The scheme, the host and the port: a path or a query may hold a secret.
fn host_of(text: &str) -> Option<String> {
    if let Ok(url) = Url::parse(text) {
        return Some(format!("{}://{}/…", url.scheme().name(), url.authority()));
    }
    if let Ok(endpoint) = Endpoint::parse(text) {
        return Some(endpoint.to_string());
    }
    Host::parse(text).ok().map(|host| host.to_string())
}

/// The metrics of the server that runs here, if one does.
async fn metrics(listen: std::net::SocketAddr) -> Option<Vec<u8>> {
    let asked = async {
        let egress = Egress::new(vec![Cidr::single(listen.ip())]);
        let to = egress.resolve(&Host::Address(listen.ip()), listen.port(), Family::Any).await.ok()?;
        let mut stream = egress.connect(&to, Duration::from_secs(5)).await.ok()?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.take(METRICS_MAX).read_to_end(&mut answer).await.ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        // Another program may listen there, whose answer is none of ours.
        let is_ours =
            answer.starts_with(b"HTTP/1.1 200") && answer.windows(17).any(|part| part == b"uphold_build_info");
        is_ours.then(|| answer.split_off(end + 4))
    };
    tokio::time::timeout(Duration::from_secs(10), asked).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_harmless_is_left_out() {
        let source = r#"
# a comment with S3CR3T
vantage = "tokyo"
surprise = "S3CR3T"
[[check]]
id = "api"
url = "https://api.example.com:8443/S3CR3T?token=S3CR3T"
headers = { Authorization = "Bearer S3CR3T", name = "S3CR3T" }
send = "S3CR3T"
expect = { body_contains = "S3CR3T", status = "200" }
assert = [{ json = "$.S3CR3T", equals = "S3CR3T" }]
[[channel]]
url = "https://user:S3CR3T@hooks.example.com/"
secret_file = "/etc/S3CR3T"
deeper = { still = { deeper = ["S3CR3T"] } }
"#;
        let shown = redacted(source);
        assert!(!shown.to_string().contains("S3CR3T"), "{shown:#}");
        assert_eq!(shown["check"][0]["url"], "https://api.example.com:8443/…");
        assert_eq!((&shown["vantage"], &shown["check"][0]["id"]), (&Value::from("tokyo"), &Value::from("api")));
        assert_eq!(shown["channel"][0]["url"], REMOVED);
        let broken = redacted("id = \"a\"\nurl = \"https://S3CR3T\n[[x");
        assert!(!broken.to_string().contains("S3CR3T"), "{broken:#}");
    }
}
