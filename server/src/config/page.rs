//! A check of a page in a browser: its keys, and its definition.

use std::time::Duration;

use uphold_core::diagnostic::Diagnostic;
use uphold_core::document::{Item, Table};
use uphold_core::ledger::canonical::Value;
use uphold_probe::Check;
use uphold_probe::browser::{BrowserCheck, BrowserSettings, SignIn};

use super::around::Around;
use super::assertion::{self, Allowed};
use super::definition::{self, Defined};

/// Reads what a browser check opens, how it signs in, and what it waits for.
pub(super) fn read(table: &mut Table<'_, '_>, timeout: Duration, around: &Around<'_>) -> Option<(Check, Defined)> {
    let text = |item: &Item<'_>| Ok(item.text()?.to_owned());
    let url = table.require("url", text);
    let wait_for = table.require("wait_for", text);
    let shows = table.option("text", text);
    let has_sign_in = table.keys().any(|key| key == "sign_in");
    let sign_in = table.table("sign_in").and_then(|mut table| {
        let sign_in = read_sign_in(&mut table, around);
        table.finish();
        sign_in
    });
    let assertions = assertion::read(table, Allowed::Latency);
    let browsers = around.browsers(table);
    if has_sign_in && sign_in.is_none() {
        return None;
    }
    let url = url?;
    let shows = shows.map(|text| text.value);
    let settings =
        BrowserSettings { url: url.value, wait_for: wait_for?.value, text: shows, sign_in, assertions, timeout };
    let defined = definition(&settings);
    match BrowserCheck::new(settings, browsers?) {
        Ok(check) => Some((Check::Browser(Box::new(check)), defined)),
        Err(error) => {
            table.findings.push(Diagnostic::error(error.to_string(), url.span));
            None
        }
    }
}

fn read_sign_in(table: &mut Table<'_, '_>, around: &Around<'_>) -> Option<SignIn> {
    let text = |item: &Item<'_>| Ok(item.text()?.to_owned());
    let user_field = table.require("user_field", text);
    let password_field = table.require("password_field", text);
    let submit = table.require("submit", text);
    let findings = table.findings;
    let credentials = table.require("credentials_file", |item| around.credentials(item, findings));
    let origins = table.find("origins").map(|item| item.each(findings, text));
    Some(SignIn {
        user_field: user_field?.value,
        password_field: password_field?.value,
        submit: submit?.value,
        origins: origins.unwrap_or(Some(Vec::new()))?,
        credentials: credentials?.value,
    })
}

/// What a browser check asks and expects, without who signs in.
fn definition(settings: &BrowserSettings) -> Defined {
    let mut members = definition::begin("browser", settings.timeout);
    definition::push(&mut members, "url", Value::text(&settings.url));
    definition::push(&mut members, "wait_for", Value::text(&settings.wait_for));
    if let Some(text) = &settings.text {
        definition::push(&mut members, "text", Value::text(text));
    }
    if let Some(sign_in) = &settings.sign_in {
        let fields = [&sign_in.user_field, &sign_in.password_field, &sign_in.submit].map(Value::text);
        definition::push(&mut members, "sign_in", Value::List(fields.to_vec()));
        definition::push(&mut members, "origins", definition::texts(&sign_in.origins));
    }
    definition::push_assertions(&mut members, &settings.assertions);
    definition::defined(members)
}

#[cfg(test)]
mod tests {
    use crate::config::{EvidenceLimits, read_checks};
    use std::path::Path;
    use uphold_core::time::Millis;

    const AGREEMENT: &str = include_str!("../../../examples/cloud-one/agreement.toml");

    /// A checks file with these lines at its top and this check, in a folder with these files; its errors and warnings with
    /// their help, and the digest of the check.
    fn read(top: &str, check: &str, files: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
        let agreement = uphold_core::agreement::read(AGREEMENT).agreement.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let source = format!(
            "vantage = \"local\"\n{top}\n[[check]]\nid = \"a\"\nsolution = \"workload-security\"\ninterface = \"console\"\n\
             interval = \"10s\"\ntimeout = \"5s\"\nstaleness = \"30s\"\n{check}"
        );
        let reading = read_checks(&source, folder.path(), &agreement);
        let said = reading.findings.iter().filter(|found| !found.message.starts_with("no check measures"));
        let said = said.map(|found| format!("{} | {}", found.message, found.help.as_deref().unwrap_or("")));
        (said.collect(), reading.checks.map(|checks| checks.checks[0].defined.digest.to_string()))
    }

    /// Any program will do: none is run.
    const PROGRAMS: &str = "[browser]\nchromium = \"/bin/sh\"\nchromedriver = \"/bin/sh\"\nsessions = 3";
    const PAGE: &str = "kind = \"browser\"\nurl = \"https://console.example.com/\"\nwait_for = \"#ready\"\n";
    const SIGN_IN: &str = "[check.sign_in]\nuser_field = \"#u\"\npassword_field = \"#p\"\nsubmit = \"button\"\n\
                           credentials_file = \"secret\"\norigins = [\"https://id.example.com\"]\n";

    #[test]
    fn a_check_of_a_page_is_read_and_who_signs_in_is_not_in_its_digest() {
        assert!(read(PROGRAMS, PAGE, &[]).1.is_some());
        let with = |secret: &str, more: &str| read(PROGRAMS, &format!("{PAGE}{more}{SIGN_IN}"), &[("secret", secret)]);
        let (said, digest) = with("ops\nhunter2\n", "");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("other users of this machine may read `secret`") && said[0].contains("chmod 600"));
        assert_eq!(digest, with("other\nhunter3\n", "").1);
        assert_ne!(digest, with("ops\nhunter2\n", "text = \"Welcome\"\n").1);
        assert_ne!(digest, read(PROGRAMS, PAGE, &[]).1);
    }

    #[test]
    fn what_a_check_of_a_page_cannot_do_says_so_and_never_what_is_secret() {
        let one = |top: &str, check: &str, files: &[(&str, &str)]| {
            let (said, digest) = read(top, check, files);
            assert!(digest.is_none() && !format!("{said:?}").contains("hunter2"), "{said:?}");
            said.into_iter().find(|said| !said.starts_with("other users")).unwrap()
        };
        let missing = one("[browser]\nchromium = \"/nowhere/chromium\"", PAGE, &[]);
        assert_eq!(
            missing,
            "there is no program `/nowhere/chromium` | install both programs, as with `apt-get install chromium \
             chromium-driver`, or name them in `[browser]`"
        );
        let signing = format!("{PAGE}{SIGN_IN}");
        assert!(one(PROGRAMS, &signing, &[]).starts_with("cannot read `secret`: No such file"));
        let three = one(PROGRAMS, &signing, &[("secret", "a\nhunter2\nc\n")]);
        assert!(three.contains("`secret` holds no credentials: it must have two lines"), "{three}");
        for (from, to, says) in [
            ("https://console", "file:///console", "it must begin with `http://` or `https://`"),
            ("https://console", "data:console", "it must begin with"),
            ("#ready", "", "could not wait for ``"),
            ("wait_for", "wait", "lacks `wait_for`"),
        ] {
            let said = read(PROGRAMS, &PAGE.replace(from, to), &[]).0;
            assert!(said.iter().any(|said| said.contains(says)), "{to}: {said:?}");
        }
        let elsewhere = signing.replace("https://id.example.com", "https://id.example.com/login");
        assert!(one(PROGRAMS, &elsewhere, &[("secret", "a\nb")]).contains("could not read origin"));
    }

    const AUTHORITY: &str = include_str!("../../../probe/tests/data/authority.pem");
    const TLS: &str = "kind = \"tls\"\naddress = \"a.example:443\"\nca_file = \"ca.pem\"\n";

    #[test]
    fn an_authority_is_part_of_the_definition_by_its_digest() {
        let with = |check: &str, pem: &str| read("", check, &[("ca.pem", pem)]);
        let (said, digest) = with(TLS, AUTHORITY);
        assert!(said.is_empty() && digest.is_some(), "{said:?}");
        let plain = TLS.replace("ca_file = \"ca.pem\"\n", "");
        let only = format!("{TLS}ca_only = true\n");
        let digests = [digest, with(&plain, "").1, with(&only, AUTHORITY).1, with(TLS, &format!("# a\n{AUTHORITY}")).1];
        assert_eq!(digests.iter().flatten().collect::<std::collections::BTreeSet<_>>().len(), 4);
        for (kind, address) in [("grpc", "address = \"a.example:443\""), ("http", "url = \"https://a.example/\"")] {
            let check = format!("kind = \"{kind}\"\n{address}\nca_file = \"ca.pem\"\n");
            assert!(with(&check, AUTHORITY).1.is_some(), "{kind}");
        }
        for (check, pem, says) in [
            (TLS, "no certificate", "`ca.pem` cannot be trusted: it holds no certificate"),
            (TLS, &AUTHORITY[..AUTHORITY.len() / 2], "cannot be trusted: "),
            (&*TLS.replace("ca.pem", "none.pem"), "", "cannot read `none.pem`: No such file"),
            (&*only.replace("ca_file = \"ca.pem\"\n", ""), "", "this check has `ca_only` and no `ca_file`"),
            (
                "kind = \"http\"\nurl = \"http://a.example/\"\nca_file = \"ca.pem\"\n",
                AUTHORITY,
                "its URL is not `https`",
            ),
            (
                "kind = \"grpc\"\naddress = \"a:1\"\ntls = false\nca_file = \"ca.pem\"\n",
                AUTHORITY,
                "its `tls` is false",
            ),
        ] {
            let (said, digest) = with(check, pem);
            assert!(digest.is_none() && said.iter().any(|said| said.contains(says)), "{says}: {said:?}");
        }
    }

    #[test]
    fn how_much_evidence_is_kept_is_a_setting() {
        let agreement = uphold_core::agreement::read(AGREEMENT).agreement.unwrap();
        let limits = |top: &str| {
            let source = format!("vantage = \"local\"\n{top}");
            read_checks(&source, Path::new(""), &agreement).checks.map(|checks| checks.evidence)
        };
        assert_eq!(limits(""), Some(EvidenceLimits { per_day: 24, keep: Millis(35 * 86_400_000) }));
        let set = limits("evidence_per_day = 2\nevidence_keep = \"7d\"\n");
        assert_eq!(set, Some(EvidenceLimits { per_day: 2, keep: Millis(7 * 86_400_000) }));
        assert!(limits("evidence_per_day = 1001\n").is_none() && limits("evidence_keep = \"1h\"\n").is_none());
    }
}
