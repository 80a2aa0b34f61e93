//! The files that the server is started with: read, valid, and their secrets in place.

use std::path::Path;

use uphold_core::agreement::Agreement;
use uphold_core::diagnostic::{Diagnostic, Severity};
use uphold_core::evaluate::Problem;
use uphold_core::ledger::digest::Digest;

use super::folder::private;
use super::{Finding, Read, Subject};
use crate::config::alerts::{Channel, UrlOrFile, Way, read_alerts};
use crate::config::read_checks_of;
use crate::config::sign_in::read_sign_in;
use crate::error::Failure;
use crate::identity;
use crate::notify;
use crate::revisions::{Revisions, files_of};
use crate::secret::SecretFile;

pub(super) fn examine(subject: &Subject<'_>) -> (Read, Vec<Finding>) {
    let (mut read, mut findings) = (Read::default(), Vec::new());
    read.agreement = agreements(subject, &mut findings);
    if let Some(path) = &subject.checks
        && let Some(source) = source("checks-file", path, &mut findings)
    {
        read.browser = names_a_browser(&source);
        match &read.agreement {
            Some([covering, current]) => {
                let folder = path.parent().unwrap_or(std::path::Path::new(""));
                let reading = read_checks_of(&source, folder, covering, current);
                findings.push(judged("checks-file", path, &reading.findings));
                read.checks = reading.checks;
            }
            None => findings.push(Finding::warning(
                "checks-file",
                "it was not read, since it is about an agreement that was not read",
                "name the agreement with `--agreement`",
            )),
        }
    }
    if let Some(path) = &subject.alerts
        && let Some(source) = source("alerts-file", path, &mut findings)
    {
        let reading = read_alerts(&source, folder_of(path), read.agreement.as_ref().map(|[covering, _]| covering));
        findings.push(judged("alerts-file", path, &reading.findings));
        if let Some(alerts) = reading.alerts {
            findings.extend(alerts.channels.iter().flat_map(channel));
            read.alerts = Some(alerts);
        }
    }
    sign_in(subject, &mut read, &mut findings);
    (read, findings)
}

/// Reads the sign-in file and its secret. The provider is asked elsewhere.
fn sign_in(subject: &Subject<'_>, read: &mut Read, findings: &mut Vec<Finding>) {
    const CHECK: &str = "identity-provider";
    let Some(path) = &subject.sign_in else { return };
    let Some(source) = source("sign-in-file", path, findings) else { return };
    let reading = read_sign_in(&source, folder_of(path));
    findings.push(judged("sign-in-file", path, &reading.findings));
    let Some(file) = reading.file else { return };
    match identity::open(file.clone(), path, subject.clock.clone()) {
        Ok(provider) => {
            findings.push(Finding::ok(CHECK, format!("`{}`: its secret can be read", provider.name())));
            read.identity_provider = Some(provider);
        }
        Err(failure) => findings.push(failed(CHECK, &failure, "mend it, and start the server again")),
    }
    findings.extend(privately(&file.secret));
    read.sign_in = Some(file);
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

fn failed(check: &'static str, failure: &Failure, help: &str) -> Finding {
    let said = failure.to_string().replace('\n', " ");
    Finding::problem(check, said.trim_start_matches("error: "), help)
}

/// Whether a secret is its owner's alone. The service manager looks after the rights of what it hands over.
fn privately(secret: &SecretFile) -> Option<Finding> {
    match secret {
        SecretFile::Path(_) => private("secret-file", &secret.path(None)?),
        SecretFile::Credential(_) => None,
    }
}

/// Reads every revision, and what they have against each other. None, where one cannot be read or they do not fit.
fn agreements(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> Option<[Agreement; 2]> {
    let (mut each, mut wanted) = (Vec::new(), 0);
    for path in &subject.agreements {
        let help = "give the file of each revision, or the folder that they are in";
        let files = files_of(path).unwrap_or_default();
        if files.is_empty() {
            let said = format!("`{}`: the folder cannot be read, or holds no `*.toml`", path.display());
            findings.push(Finding::problem("agreement", said, help));
            wanted += 1;
        }
        for file in files {
            wanted += 1;
            let Some(source) = source("agreement", &file, findings) else { continue };
            let reading = uphold_core::agreement::read(&source);
            findings.push(judged("agreement", &file, &reading.findings));
            each.extend(reading.agreement.map(|agreement| (agreement, Digest::of(&[source.as_bytes()]))));
        }
    }
    if each.len() < wanted || each.is_empty() {
        return None;
    }
    let several = each.len() > 1;
    match Revisions::new(each) {
        Ok(revisions) => {
            let now = subject.clock.now();
            if several && !revisions.any_in_force(now) {
                let (said, help) = ("none of the revisions is in force now", "give the one that is in force too");
                findings.push(Finding::problem("revisions", said, help));
            }
            Some([revisions.covering(now), Agreement::clone(revisions.in_force(now))])
        }
        Err(problems) => {
            let told =
                problems.into_iter().map(|Problem { message, help }| Finding::problem("revisions", message, help));
            findings.extend(told);
            None
        }
    }
}

fn source(check: &'static str, path: &Path, findings: &mut Vec<Finding>) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(source) => Some(source),
        Err(error) => {
            let help = "check the spelling of the path, and give the user that runs uphold access to it";
            findings.push(Finding::problem(check, format!("`{}`: {error}", path.display()), help));
            None
        }
    }
}

fn judged(check: &'static str, path: &Path, all: &[Diagnostic]) -> Finding {
    let count = |severity| all.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let said = format!("`{}`: {errors} errors, {warnings} warnings", path.display());
    const HELP: &str = "`uphold check AGREEMENT --checks FILE --alerts FILE --sign-in FILE` prints each with its place";
    match (errors, warnings) {
        (0, 0) => Finding::ok(check, said),
        (0, _) => Finding::warning(check, said, HELP),
        _ => Finding::problem(check, said, HELP),
    }
}

/// Whether the secrets of a channel can be read, and by nobody else.
fn channel(channel: &Channel) -> Vec<Finding> {
    const CHECK: &str = "alert-channel";
    let mut findings = match notify::open(channel) {
        Ok(_) => vec![Finding::ok(CHECK, format!("`{}`: its secrets can be read", channel.name))],
        Err(failure) => {
            vec![failed(CHECK, &failure, "mend it, and try the channel with `uphold alerts test`")]
        }
    };
    let secrets: Vec<&SecretFile> = match &channel.way {
        Way::Webhook(webhook) => {
            let url = match &webhook.url {
                UrlOrFile::File(file) => Some(file),
                UrlOrFile::Url(_) => None,
            };
            url.into_iter().chain(&webhook.secret).collect()
        }
        Way::Smtp(smtp) => smtp.login.iter().map(|(_, file)| file).collect(),
    };
    findings.extend(secrets.into_iter().filter_map(privately));
    findings
}

/// Whether a check is one of a browser, as the file is written: this must also be known of a file with mistakes.
fn names_a_browser(source: &str) -> bool {
    source
        .lines()
        .filter_map(|line| line.split_once('='))
        .any(|(key, value)| matches!(key.trim(), "kind" | "type") && value.trim().starts_with("\"browser\""))
}
