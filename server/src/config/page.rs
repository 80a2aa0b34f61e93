//! A check of a page in a browser: its keys, and its definition.

use std::time::Duration;

use uphold_core::diagnostic::Diagnostic;
use uphold_core::document::{Item, Table};
use uphold_core::ledger::canonical::Value;
use uphold_core::ledger::digest::Digest;
use uphold_probe::Check;
use uphold_probe::browser::{BrowserCheck, BrowserSettings, SignIn};

use super::around::Around;
use super::assertion::{self, Allowed};
use super::definition;

/// Reads what a browser check opens, how it signs in, and what it waits for.
pub(super) fn read(table: &mut Table<'_, '_>, timeout: Duration, around: &Around<'_>) -> Option<(Check, Digest)> {
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
    let digest = definition(&settings);
    match BrowserCheck::new(settings, browsers?) {
        Ok(check) => Some((Check::Browser(Box::new(check)), digest)),
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
fn definition(settings: &BrowserSettings) -> Digest {
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
    definition::digest(members)
}
