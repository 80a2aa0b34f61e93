//! The alerts file: who is told what, and how. Secrets are named in it and lie elsewhere.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use uphold_core::agreement::{Agreement, Language};
use uphold_core::diagnostic::{Diagnostic, Refusal, Severity as Bad};
use uphold_core::document::{self, Findings, Item, Table};
use uphold_core::id::SolutionId;
use uphold_core::time::Millis;
use uphold_probe::deliver::{Security, is_address};
use uphold_probe::egress::{Cidr, Host};
use uphold_probe::url::{Scheme, Url};

use super::{known, read_name_server, read_range};
use crate::operate::alerts::Severity;
use crate::secret::SecretFile;

/// Where PagerDuty takes events.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// How long something is unknown before it is told, unless the file says otherwise.
const UNKNOWN_AFTER: Millis = Millis(300_000);

/// The most channels of one file.
const CHANNELS_MAX: usize = 50;

/// What the file says.
#[derive(Debug, Clone)]
pub struct Alerts {
    /// Where readers reach this server, for the links in messages; without a slash at its end.
    pub base_url: Option<String>,
    /// How long something must be unknown before it is told.
    pub unknown_after: Millis,
    /// Address ranges that are not public and may be reached all the same.
    pub allow: Vec<Cidr>,
    /// The name servers to ask; none means those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// The server whose time ours is held against, where one is named.
    pub time_server: Option<Host>,
    /// Who is told.
    pub channels: Vec<Channel>,
}

/// One way to tell people.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name, in logs and metrics.
    pub name: String,
    /// How.
    pub way: Way,
    /// In which language.
    pub language: Language,
    /// How bad what is told must be.
    pub severities: BTreeSet<Severity>,
    /// Of which solutions; of all, and of what belongs to none, where absent.
    pub solutions: Option<BTreeSet<SolutionId>>,
    /// How long something must be wrong before it is told.
    pub min_for: Millis,
    /// How often it is told again while it lasts.
    pub repeat_every: Option<Millis>,
    /// More authorities to trust, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// How people are told.
#[derive(Debug, Clone)]
pub enum Way {
    /// By a POST.
    Webhook(Webhook),
    /// By mail.
    Smtp(Smtp),
}

/// A POST.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where to.
    pub url: UrlOrFile,
    /// In which form.
    pub body: Body,
    /// The secret to sign with; of PagerDuty the routing key.
    pub secret: Option<SecretFile>,
}

/// An address that may itself be a secret.
#[derive(Debug, Clone)]
pub enum UrlOrFile {
    /// It stands in the file.
    Url(Url),
    /// It is a secret.
    File(SecretFile),
}

/// The form of a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Our own, which `docs/alerts.md` describes.
    Standard,
    /// What Slack's incoming webhooks take.
    Slack,
    /// What the workflows of Teams take.
    Teams,
    /// Events API v2.
    Pagerduty,
}

const BODIES: [(&str, Body); 4] =
    [("standard", Body::Standard), ("slack", Body::Slack), ("teams", Body::Teams), ("pagerduty", Body::Pagerduty)];

/// A mail server, and who gets the mail.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// The server.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The user, and where the password lies.
    pub login: Option<(String, SecretFile)>,
    /// Who it is from.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// What came of reading an alerts file.
#[derive(Debug)]
pub struct Reading {
    /// What it says, when nothing was an error.
    pub alerts: Option<Alerts>,
    /// Every finding, in the order of the file.
    pub findings: Vec<Diagnostic>,
}

/// Reads an alerts file. `folder` is where it lies: relative paths are below it. The solutions that it names are held against
/// the agreement, where there is one. All problems are found in one pass.
#[must_use]
pub fn read_alerts(source: &str, folder: &Path, agreement: Option<&Agreement>) -> Reading {
    let findings = Findings::default();
    let root = document::parse(source, &findings);
    let alerts = {
        let first_line = 0..source.find('\n').unwrap_or(source.len());
        let mut root = Table::new(root.get_ref(), first_line, "the alerts file", &findings);
        let alerts = read_root(&mut root, folder, agreement);
        root.finish();
        alerts
    };
    let findings = findings.into_sorted();
    let failed = findings.iter().any(|finding| finding.severity == Bad::Error);
    Reading { alerts: Some(alerts).filter(|_| !failed), findings }
}

fn read_root(root: &mut Table<'_, '_>, folder: &Path, agreement: Option<&Agreement>) -> Alerts {
    let base_url = root.option("base_url", |item| Ok(read_url(item)?.to_string().trim_end_matches('/').to_owned()));
    let unknown_after = root.option("unknown_after", at_least_a_second);
    let time_server = root.option("time_server", read_host);
    let (allow, name_servers) = root.table("egress").map_or_else(Default::default, |mut table| {
        let ranges = table.find("allow").and_then(|item| item.each(table.findings, read_range));
        let servers = table.find("name_servers").and_then(|item| item.each(table.findings, read_name_server));
        table.finish();
        (ranges.unwrap_or_default(), servers.unwrap_or_default())
    });
    let place = root.span.clone();
    let mut channels: Vec<Channel> = Vec::new();
    let tables = root.tables("channel", "this channel");
    if tables.is_empty() {
        let warning = Diagnostic::warning("the alerts file has no channel: nobody is told", place);
        root.findings.push(warning.help("add a `[[channel]]`"));
    } else if tables.len() > CHANNELS_MAX {
        let message = format!("the alerts file has {} channels", tables.len());
        root.findings.push(Diagnostic::error(message, place).help(format!("use at most {CHANNELS_MAX}")));
    }
    for mut table in tables {
        let span = table.span.clone();
        let channel = read_channel(&mut table, folder, agreement);
        table.finish();
        let Some(channel) = channel else { continue };
        if channels.iter().any(|other| other.name == channel.name) {
            let message = format!("the name `{}` is used twice", channel.name);
            root.findings.push(Diagnostic::error(message, span).help("give each channel a name of its own"));
        }
        channels.push(channel);
    }
    Alerts {
        base_url: base_url.map(|url| url.value),
        unknown_after: unknown_after.map_or(UNKNOWN_AFTER, |length| length.value),
        allow,
        name_servers,
        time_server: time_server.map(|host| host.value),
        channels,
    }
}

fn read_channel(table: &mut Table<'_, '_>, folder: &Path, agreement: Option<&Agreement>) -> Option<Channel> {
    let name = table.require("name", |item| {
        let name = item.word()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.len() <= 64 && name.chars().all(plain) {
            return Ok(name);
        }
        Err(Refusal::new(format!("`{}` is no name of a channel", name.escape_default()))
            .help("use 1 to 64 letters, digits, `-`, `_` or `.`"))
    });
    let language = table.option("language", |item| {
        let codes = Language::ALL.map(Language::code);
        let text = item.text()?;
        Language::find(text).ok_or_else(|| Refusal::not_among("a language of messages", text, &codes))
    });
    let severities = table.find("severities").and_then(|item| item.each(table.findings, read_severity));
    let solutions = table.find("solutions").and_then(|item| {
        item.each(table.findings, |item| {
            let id = SolutionId::parse(item.text()?)?;
            if let Some(agreement) = agreement {
                let names = agreement.solutions.iter().map(|solution| solution.id.as_str());
                known("the agreement has no solution", id.as_str(), names)?;
            }
            Ok(id)
        })
    });
    let min_for = table.option("min_for", Item::length);
    let repeat_every = table.option("repeat_every", |item| match item.length()? {
        length if length.0 < 60_000 => Err(Refusal::new(format!("`repeat_every` is {length}")).help("use at least 1m")),
        length => Ok(length),
    });
    let ca_file = table.option("ca_file", |item| Ok(folder.join(item.word()?)));
    let kind = table.require("kind", |item| match item.text()? {
        "webhook" => Ok(true),
        "smtp" => Ok(false),
        other => Err(Refusal::not_among("a kind of channel", other, &["webhook", "smtp"])),
    });
    let Some(kind) = kind else {
        // Which keys it may have depends on its kind.
        table.take_all();
        return None;
    };
    let way = if kind.value {
        read_webhook(table, folder).map(Way::Webhook)
    } else {
        read_smtp(table, folder).map(Way::Smtp)
    };
    Some(Channel {
        name: name?.value,
        way: way?,
        language: language.map_or(Language::En, |language| language.value),
        severities: severities.map_or_else(|| Severity::ALL.into(), |some| some.into_iter().collect()),
        solutions: solutions.map(|some| some.into_iter().collect()),
        min_for: min_for.map_or(Millis(0), |length| length.value),
        repeat_every: repeat_every.map(|length| length.value),
        ca_file: ca_file.map(|path| path.value),
    })
}

fn read_severity(item: &Item<'_>) -> Result<Severity, Refusal> {
    let text = item.text()?;
    let found = Severity::ALL.into_iter().find(|severity| severity.name() == text);
    found.ok_or_else(|| Refusal::not_among("a severity", text, &Severity::ALL.map(Severity::name)))
}

fn read_webhook(table: &mut Table<'_, '_>, folder: &Path) -> Option<Webhook> {
    let body = table.option("body", |item| {
        let text = item.text()?;
        let found = BODIES.iter().find(|(name, _)| *name == text).map(|(_, body)| *body);
        found.ok_or_else(|| Refusal::not_among("a form of messages", text, &BODIES.map(|(name, _)| name)))
    });
    let body = body.map_or(Body::Standard, |body| body.value);
    let url = table.option("url", read_url);
    let file = table.option("url_file", |item| read_secret_file(item, folder));
    let needs_secret = matches!(body, Body::Standard | Body::Pagerduty);
    let read = |item: &Item<'_>| read_secret_file(item, folder);
    let secret = if needs_secret { table.require("secret_file", read) } else { table.option("secret_file", read) };
    let url = match (url, file) {
        (Some(url), None) => {
            warn_of_clear_text(table, &url.value, url.span);
            UrlOrFile::Url(url.value)
        }
        (None, Some(file)) => UrlOrFile::File(file.value),
        (Some(_), Some(file)) => {
            let error = Diagnostic::error("this channel has both `url` and `url_file`", file.span);
            table.findings.push(error.help("remove one of them"));
            return None;
        }
        (None, None) if body == Body::Pagerduty && !table.keys().any(|key| key.starts_with("url")) => {
            UrlOrFile::Url(Url::parse(PAGERDUTY).ok()?)
        }
        (None, None) => {
            if !table.keys().any(|key| matches!(key, "url" | "url_file")) {
                let error = Diagnostic::error("this channel lacks `url`", table.span.clone());
                table
                    .findings
                    .missing(error.help("add `url = \"https://…\"`, or `url_file` where the URL is a secret"));
            }
            return None;
        }
    };
    if needs_secret && secret.is_none() {
        return None;
    }
    Some(Webhook { url, body, secret: secret.map(|secret| secret.value) })
}

fn warn_of_clear_text(table: &Table<'_, '_>, url: &Url, span: std::ops::Range<usize>) {
    let is_loopback = matches!(url.host(), Host::Address(address) if address.is_loopback());
    if url.scheme() == Scheme::Http && !is_loopback {
        let warning = Diagnostic::warning("messages to this channel can be read on their way", span);
        table.findings.push(warning.help("use `https://`"));
    }
}

fn read_smtp(table: &mut Table<'_, '_>, folder: &Path) -> Option<Smtp> {
    let host = table.require("host", read_host);
    let security = table.require("security", |item| match item.text()? {
        "starttls" => Ok(Security::StartTls),
        "tls" => Ok(Security::Tls),
        "none" => Ok(Security::None),
        other => Err(Refusal::not_among("a way to protect a connection", other, &["starttls", "tls", "none"])),
    });
    if let (Some(host), Some(security)) = (&host, &security) {
        let is_loopback = match &host.value {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name.as_str() == "localhost",
        };
        if security.value == Security::None && !is_loopback {
            let message = "`security = \"none\"` is permitted on the loopback alone";
            table.findings.push(Diagnostic::error(message, security.span.clone()).help("use `starttls` or `tls`"));
        }
    }
    let port = table.option("port", |item| {
        u16::try_from(item.positive()?).map_err(|_| Refusal::new("`port` must be from 1 to 65535"))
    });
    let user = table.option("user", |item| item.word());
    let secret = table.option("secret_file", |item| read_secret_file(item, folder));
    let login = match (user, secret) {
        (Some(user), Some(secret)) => Some((user.value, secret.value)),
        (None, None) => None,
        (Some(one), None) => {
            let error = Diagnostic::error("this channel has a `user` and no `secret_file`", one.span);
            table.findings.push(error.help("name the file that holds the password"));
            None
        }
        (None, Some(one)) => {
            let error = Diagnostic::error("this channel has a `secret_file` and no `user`", one.span);
            table.findings.push(error.help("say who signs in with it"));
            None
        }
    };
    let from = table.require("from", read_address);
    let to = table.get("to").and_then(|item| {
        let span = item.span.clone();
        let to = item.each(table.findings, read_address)?;
        if to.is_empty() || to.len() > 50 {
            let error = Diagnostic::error("`to` must name 1 to 50 addresses", span);
            table.findings.push(error.help("write `to = [\"on-call@example.com\"]`"));
            return None;
        }
        Some(to)
    });
    let security = security?.value;
    let usual = match security {
        Security::StartTls => 587,
        Security::Tls => 465,
        Security::None => 25,
    };
    let port = port.map_or(usual, |port| port.value);
    Some(Smtp { host: host?.value, port, security, login, from: from?.value, to: to? })
}

fn read_host(item: &Item<'_>) -> Result<Host, Refusal> {
    Host::parse(item.text()?).map_err(|error| Refusal::new(error.to_string()))
}

fn read_address(item: &Item<'_>) -> Result<String, Refusal> {
    let text = item.text()?;
    if is_address(text) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{}` is no address of mail", text.escape_default()))
        .help("write it without a name and without quotes, as in `on-call@example.com`"))
}

fn read_url(item: &Item<'_>) -> Result<Url, Refusal> {
    Url::parse(item.text()?).map_err(|error| Refusal::new(error.to_string()))
}

fn read_secret_file(item: &Item<'_>, folder: &Path) -> Result<SecretFile, Refusal> {
    SecretFile::parse(item.text()?, folder).ok_or_else(|| {
        Refusal::new(format!("`{}` names no file with a secret", item.name))
            .help("write a path, or `credential:NAME` for one that the service manager hands over")
    })
}

fn at_least_a_second(item: &Item<'_>) -> Result<Millis, Refusal> {
    match item.length()? {
        length if length.0 < 1_000 => Err(Refusal::new(format!("`{}` is {length}", item.name)).help("use at least 1s")),
        length => Ok(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
base_url = "https://sla.example.com/"
unknown_after = "10m"
[egress]
allow = ["10.0.0.0/8"]
[[channel]]
name = "hook"
kind = "webhook"
url = "https://hooks.example.com/in"
secret_file = "hook.secret"
solutions = ["workload-security"]
severities = ["page"]
min_for = "30s"
repeat_every = "4h"
[[channel]]
name = "pager"
kind = "webhook"
body = "pagerduty"
secret_file = "credential:pager"
[[channel]]
name = "chat"
kind = "webhook"
body = "slack"
url_file = "/run/secrets/slack"
[[channel]]
name = "mail"
kind = "smtp"
host = "mail.example.com"
security = "starttls"
user = "uphold"
secret_file = "mail.secret"
from = "uphold@example.com"
to = ["on-call@example.com"]
language = "ja"
"#;

    fn read(source: &str) -> Reading {
        let agreement = include_str!("../../../examples/cloud-one/agreement.toml");
        let agreement = uphold_core::agreement::read(agreement).agreement.unwrap();
        read_alerts(source, Path::new("/etc/uphold"), Some(&agreement))
    }

    #[test]
    fn a_good_file_is_read() {
        let reading = read(GOOD);
        assert_eq!(reading.findings, []);
        let alerts = reading.alerts.unwrap();
        assert_eq!(alerts.base_url.as_deref(), Some("https://sla.example.com"));
        let [hook, pager, chat, mail] = alerts.channels.as_slice() else { panic!("four channels") };
        assert_eq!((hook.min_for, hook.repeat_every), (Millis(30_000), Some(Millis(14_400_000))));
        let Way::Webhook(webhook) = &hook.way else { panic!("a webhook") };
        assert_eq!(webhook.secret, Some(SecretFile::Path(PathBuf::from("/etc/uphold/hook.secret"))));
        let Way::Webhook(webhook) = &pager.way else { panic!("a webhook") };
        assert!(matches!(&webhook.url, UrlOrFile::Url(url) if url.to_string() == PAGERDUTY));
        assert!(matches!(&chat.way, Way::Webhook(Webhook { url: UrlOrFile::File(_), secret: None, .. })));
        assert!(matches!(&mail.way, Way::Smtp(smtp) if smtp.port == 587));
    }

    #[test]
    fn the_example_is_read() {
        assert_eq!(read(include_str!("../../../examples/alerts.toml")).findings, []);
    }

    #[test]
    fn each_mistake_has_a_message_of_its_own() {
        for (from, to, message) in [
            ("\"hook\"\nkind", "\"a\\nb\"\nkind", "is no name of a channel"),
            ("\"hook\"\nkind", "\"mail\"\nkind", "the name `mail` is used twice"),
            ("\"webhook\"", "\"webhok\"", "`webhok` is not a kind of channel"),
            ("secret_file = \"hook.secret\"\n", "", "this channel lacks `secret_file`"),
            ("url = \"https://hooks.example.com/in\"\n", "", "this channel lacks `url`"),
            ("url_file =", "url = \"https://a.example/\"\nurl_file =", "this channel has both `url` and `url_file`"),
            ("https://hooks", "file://hooks", "could not read URL"),
            ("https://hooks", "http://hooks", "can be read on their way"),
            ("[\"page\"]", "[\"pag\"]", "`pag` is not a severity"),
            ("[\"workload-security\"]", "[\"workload\"]", "the agreement has no solution `workload`"),
            ("\"4h\"", "\"4s\"", "`repeat_every` is 4s"),
            ("\"starttls\"", "\"none\"", "`security = \"none\"` is permitted on the loopback alone"),
            ("user = \"uphold\"\n", "", "this channel has a `secret_file` and no `user`"),
            ("secret_file = \"mail.secret\"\n", "", "this channel has a `user` and no `secret_file`"),
            ("uphold@example.com\"", "Uphold <u@example.com>\"", "is no address of mail"),
            ("[\"on-call@example.com\"]", "[]", "`to` must name 1 to 50 addresses"),
            ("on-call@example.com", "a@b.example\\r\\nBcc: x@y.example", "is no address of mail"),
            ("credential:pager", "credential:../pager", "`secret_file` names no file with a secret"),
            ("\"ja\"", "\"de\"", "`de` is not a language of messages"),
            ("min_for", "min_fr", "has no key `min_fr`"),
        ] {
            let changed = GOOD.replacen(from, to, 1);
            assert_ne!(changed, GOOD, "{message}");
            let found: Vec<_> = read(&changed).findings.into_iter().map(|finding| finding.message).collect();
            assert!(found.iter().any(|found| found.contains(message)), "{message}: {found:?}");
        }
    }
}
