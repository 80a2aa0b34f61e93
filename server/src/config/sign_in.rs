//! The sign-in file: the identity provider that people may sign in through. Its secret is named in it and lies elsewhere.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use uphold_core::diagnostic::{Diagnostic, Refusal, Severity};
use uphold_core::document::{self, Findings, Item, Table};
use uphold_probe::egress::{Cidr, Host};
use uphold_probe::url::{Scheme, Url};

use super::{read_name_server, read_range};
use crate::secret::SecretFile;

/// How long a name, or what the provider knows us by, may be, in bytes.
const TEXT_MAX: usize = 200;

/// What the file says.
#[derive(Debug, Clone)]
pub struct SignInFile {
    /// Where people reach this server, without a slash at its end: they come back there.
    pub base_url: String,
    /// The host of that address.
    pub host: Host,
    /// Address ranges that are not public and may be reached all the same.
    pub allow: Vec<Cidr>,
    /// The name servers to ask; none means those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// The provider, letter by letter as it calls itself.
    pub issuer: String,
    /// Where its description is.
    pub discovery: Url,
    /// What it knows us by.
    pub client_id: String,
    /// Where the secret lies with which we show that we are that.
    pub secret: SecretFile,
    /// What people call it.
    pub name: String,
    /// More authorities to trust, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// What came of reading a sign-in file.
#[derive(Debug)]
pub struct Reading {
    /// What it says, when nothing was an error.
    pub file: Option<SignInFile>,
    /// Every finding, in the order of the file.
    pub findings: Vec<Diagnostic>,
}

/// Reads a sign-in file. `folder` is where it lies: relative paths are below it. All problems are found in one pass.
#[must_use]
pub fn read_sign_in(source: &str, folder: &Path) -> Reading {
    let findings = Findings::default();
    let root = document::parse(source, &findings);
    let file = {
        let first_line = 0..source.find('\n').unwrap_or(source.len());
        let mut root = Table::new(root.get_ref(), first_line, "the sign-in file", &findings);
        let file = read_root(&mut root, folder);
        root.finish();
        file
    };
    let findings = findings.into_sorted();
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    Reading { file: file.filter(|_| !failed), findings }
}

fn read_root(root: &mut Table<'_, '_>, folder: &Path) -> Option<SignInFile> {
    let base = root.require("base_url", read_base);
    let (allow, name_servers) = root.table("egress").map_or_else(Default::default, |mut table| {
        let ranges = table.find("allow").and_then(|item| item.each(table.findings, read_range));
        let servers = table.find("name_servers").and_then(|item| item.each(table.findings, read_name_server));
        table.finish();
        (ranges.unwrap_or_default(), servers.unwrap_or_default())
    });
    let mut table = root.require_table("identity_provider")?;
    let issuer = table.require("issuer", read_issuer);
    let client_id = table.require("client_id", read_text);
    let secret = table.require("secret_file", |item| read_secret_file(item, folder));
    let name = table.option("name", read_text);
    let ca_file = table.option("ca_file", |item| Ok(folder.join(item.word()?)));
    table.finish();
    let (base_url, host) = base?.value;
    let (issuer, discovery) = issuer?.value;
    let name = name.map_or_else(|| discovery.host().to_string(), |name| name.value);
    let (client_id, secret) = (client_id?.value, secret?.value);
    let ca_file = ca_file.map(|path| path.value);
    Some(SignInFile { base_url, host, allow, name_servers, issuer, discovery, client_id, secret, name, ca_file })
}

/// Whether an address is one that nobody on the way can listen to: of TLS, or of this very machine.
#[must_use]
pub fn is_private(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Host::Address(address) => address.is_loopback(),
        Host::Name(name) => name.as_str() == "localhost",
    };
    url.scheme() == Scheme::Https || is_loopback
}

fn read_private(item: &Item<'_>) -> Result<Url, Refusal> {
    let url = Url::parse(item.text()?).map_err(|error| Refusal::new(error.to_string()))?;
    if is_private(&url) {
        return Ok(url);
    }
    let message = format!("`{}` is an address without encryption, which is permitted on the loopback alone", item.name);
    Err(Refusal::new(message).help("use `https://`"))
}

fn read_base(item: &Item<'_>) -> Result<(String, Host), Refusal> {
    let url = read_private(item)?;
    if url.path_and_query() != "/" {
        return Err(Refusal::new("`base_url` has a path").help("write it as in `https://sla.example.com`"));
    }
    Ok((url.to_string().trim_end_matches('/').to_owned(), url.host().clone()))
}

/// The provider is known by its exact spelling, with or without a slash at its end; its description lies below it.
fn read_issuer(item: &Item<'_>) -> Result<(String, Url), Refusal> {
    read_private(item)?;
    let issuer = item.text()?;
    if issuer.contains(['?', '#']) {
        return Err(Refusal::new("`issuer` has a query or a fragment").help("an issuer has neither"));
    }
    let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let discovery = Url::parse(&discovery).map_err(|error| Refusal::new(error.to_string()))?;
    Ok((issuer.to_owned(), discovery))
}

fn read_text(item: &Item<'_>) -> Result<String, Refusal> {
    let text = item.text()?.trim();
    if text.is_empty() || text.len() > TEXT_MAX || text.chars().any(char::is_control) {
        let message = format!("`{}` must be one line of 1 to {TEXT_MAX} bytes", item.name);
        return Err(Refusal::new(message));
    }
    Ok(text.to_owned())
}

fn read_secret_file(item: &Item<'_>, folder: &Path) -> Result<SecretFile, Refusal> {
    SecretFile::parse(item.text()?, folder).ok_or_else(|| {
        Refusal::new(format!("`{}` names no file with a secret", item.name))
            .help("write a path, or `credential:NAME` for one that the service manager hands over")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
base_url = "https://sla.example.com/"
[egress]
allow = ["10.0.0.0/8"]
[identity_provider]
issuer = "https://id.example.com/realms/main"
client_id = "uphold"
secret_file = "id.secret"
name = "Example ID"
"#;

    fn read(source: &str) -> Reading {
        read_sign_in(source, Path::new("/etc/uphold"))
    }

    fn errors(source: &str) -> Vec<String> {
        let reading = read(source);
        assert!(reading.file.is_none(), "{source}");
        reading.findings.iter().map(|finding| finding.message.clone()).collect()
    }

    #[test]
    fn what_the_file_says_is_read_and_what_it_leaves_out_is_named() {
        let reading = read(GOOD);
        assert_eq!(reading.findings, []);
        let file = reading.file.unwrap();
        assert_eq!((&*file.base_url, &*file.host.to_string()), ("https://sla.example.com", "sla.example.com"));
        assert_eq!(file.discovery.to_string(), "https://id.example.com/realms/main/.well-known/openid-configuration");
        assert_eq!((&*file.issuer, &*file.name), ("https://id.example.com/realms/main", "Example ID"));
        assert_eq!(file.secret, SecretFile::Path("/etc/uphold/id.secret".into()));
        let unnamed = read(&GOOD.replace("name = \"Example ID\"\n", "")).file.unwrap();
        assert_eq!(unnamed.name, "id.example.com");
        let slash = read(&GOOD.replace("/realms/main", "/")).file.unwrap();
        assert_eq!(slash.issuer, "https://id.example.com/", "letter by letter");
        assert_eq!(slash.discovery.to_string(), "https://id.example.com/.well-known/openid-configuration");
    }

    #[test]
    fn every_problem_is_found_in_one_pass() {
        let bad = GOOD
            .replace("https://sla.example.com/", "http://sla.example.com/")
            .replace("https://id.example.com", "http://id.example.com")
            .replace("\"uphold\"", "\"\"")
            .replace("id.secret", "credential:../x");
        let found = errors(&bad);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].contains("permitted on the loopback alone"), "{found:?}");
        assert_eq!(errors(&GOOD.replace("issuer", "isuer")).len(), 2, "what is there and what is missing");
        assert_eq!(errors("base_url = \"https://a.example/\"").len(), 1);
        assert_eq!(errors(&GOOD.replace("example.com/\"", "example.com/x\"")), ["`base_url` has a path"]);
        assert_eq!(errors(&GOOD.replace("/main", "/main?a=b")), ["`issuer` has a query or a fragment"]);
    }

    #[test]
    fn without_encryption_only_this_very_machine_is_asked() {
        for (issuer, is_good) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost:8080/", true),
            ("http://[::1]:8080", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
            ("ftp://id.example.com", false),
        ] {
            let source = GOOD.replace("https://id.example.com/realms/main", issuer);
            assert_eq!(read(&source).file.is_some(), is_good, "{issuer}");
        }
    }
}
