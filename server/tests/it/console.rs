//! The console as people use it: breaking and mending apart (`browser.rs`), telling with the consequence first, correcting after
//! a month was frozen, a customer's own view; and every page looked at for those who cannot see it well.
//!
//! Needs what `browser.rs` needs, and axe-core for the latter: `UPHOLD_AXE` is the path of its script, which `./test` sets.

use serde_json::{Value, json};

use uphold::clock::Clock;
use uphold_core::time::Millis;

use crate::browser::{Browser, has_browser, wait};
use crate::pages::{Demo, Everybody, choose, customer_of, join, send};
use crate::program::stdout;

const LAST: &str = "form.tell > p:last-of-type button";
const RECORD: &str = "button[name=record]";

#[test]
fn an_operator_declares_maintenance_and_corrects_a_frozen_month_and_a_customer_sees_its_own() {
    if !has_browser() {
        return;
    }
    let demo = Demo::start();
    let browser = Browser::start();
    join(&browser, &demo.link, Some("ana"));
    declare_maintenance(&browser, &demo);
    correct_a_frozen_month(&browser, &demo);
    a_customer_sees_its_own(&demo);
    // Whoever saw the pages in Japanese sees them so everywhere.
    browser.open(&demo.at("/tell?lang=ja"));
    assert!(browser.text().contains("手による記録"));
    browser.open(&demo.at("/maintenance"));
    assert_eq!(browser.script("return document.documentElement.lang"), json!("ja"));
    stdout(["ledger", "verify", "--data", demo.folder.path().to_str().unwrap()]);
}

/// A window is declared, its consequence read first, and stands in the public schedule for whoever is not signed in.
fn declare_maintenance(browser: &Browser, demo: &Demo) {
    browser.open(&demo.at("/tell/maintenance"));
    let day = (Clock::system().now() + Millis(20 * 86_400_000)).to_string();
    let day = &day[..10];
    for (field, value) in [
        ("scope.solution", "workload-security".to_owned()),
        ("class", "scheduled".to_owned()),
        ("status", "CONFIRMED".to_owned()),
        ("from", format!("{day}T01:00:00")),
        ("until", format!("{day}T02:30:00")),
        ("id", "from-the-form".to_owned()),
        ("why", "a new disk".to_owned()),
    ] {
        choose(browser, field, &value);
    }
    send(browser, LAST);
    assert!(browser.text().contains("If this is recorded now"), "{}", browser.text());
    send(browser, RECORD);
    assert!(browser.text().contains("Recorded as fact"), "{}", browser.text());
    let stranger = Browser::start();
    let shown = wait(|| {
        stranger.open(&demo.at("/maintenance?lang=en"));
        Some(stranger.text()).filter(|text| text.contains("from-the-form"))
    });
    assert!(!shown.contains("ana"), "the public schedule names nobody: {shown}");
}

/// The end of a window of a month that is frozen is corrected; the month has a next version, and the earlier one stays.
fn correct_a_frozen_month(browser: &Browser, demo: &Demo) {
    let versions = || {
        browser.open(&demo.at("/api/v1/statements?limit=1000"));
        let text = browser.script("return document.body.innerText");
        let all: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        let all = all["statements"].as_array().unwrap().clone();
        all.iter().filter(|each| each["customer"].is_null()).count()
    };
    let before = versions();
    browser.open(&demo.at("/tell/correction?of=late-patch"));
    let until = browser.script("return document.getElementsByName('actual_until')[0].value");
    assert!(until.as_str().unwrap().ends_with("16:12"), "with the correction that the demo tells: {until}");
    choose(browser, "actual_until", &until.as_str().unwrap().replace("16:12", "16:20"));
    choose(browser, "why", "another eight minutes, says the log");
    send(browser, LAST);
    send(browser, RECORD);
    assert!(browser.text().contains("Recorded as fact"), "{}", browser.text());
    wait(|| (versions() > before).then_some(()));
}

/// A customer has its own page, and nothing of anybody else's on it or behind it.
fn a_customer_sees_its_own(demo: &Demo) {
    let browser = customer_of(demo);
    browser.open(&demo.at("/mine?lang=en"));
    let text = browser.text();
    assert!(text.contains("acme") && !text.contains("globex") && !text.contains("credential-stuffing"), "{text}");
    // A month that was frozen is worked out again, as it was known then.
    let version =
        browser.script("return [...document.querySelectorAll('a')].find((a) => a.innerText == 'Version 1').pathname");
    browser.open(&demo.at(&format!("{}?number=1", version.as_str().unwrap())));
    let text = browser.text();
    assert!(text.contains("it never changes") && text.contains("acme") && !text.contains("globex"), "{version} {text}");
    for path in ["/tell", "/people", "/checks", "/customers", "/ledger", "/api/v1/statement?customer=globex"] {
        browser.open(&demo.at(path));
        let text = browser.text();
        assert!(text.contains("may not") || text.contains("not for") || text.contains("wrong-role"), "{path}: {text}");
    }
}

#[test]
fn axe_finds_nothing_serious_on_any_page_in_either_theme() {
    let Some(axe) = std::env::var_os("UPHOLD_AXE").filter(|_| has_browser()) else {
        eprintln!("skipped: UPHOLD_AXE does not name axe-core's script; ./test does");
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let demo = Demo::start();
    let before = Browser::start();
    before.open(&demo.link);
    let mut wrong = looked_at(&before, &axe, "join");
    drop(before);
    let everybody = Everybody::of(&demo);
    for (theme, language) in [("light", "en"), ("dark", "ja")] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        for (browser, paths) in everybody.pages() {
            browser.devtools("Emulation.setEmulatedMedia", media.clone());
            for path in paths {
                browser.open(&demo.in_language(&path, language));
                wrong.extend(looked_at(browser, &axe, &format!("{path} {theme}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What axe finds of the page that is open, that is serious or critical.
pub(crate) fn looked_at(browser: &Browser, axe: &str, page: &str) -> Vec<String> {
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations
            .filter((one) => ['serious', 'critical'].includes(one.impact))
            .flatMap((one) => one.nodes.slice(0, 3).map((node) =>
                `${one.id}: ${node.target.join(' ')}: ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message}`))));";
    let found = browser.script_that_waits(&format!("{axe};\n{run}"));
    let found = found.as_array().unwrap_or_else(|| panic!("{page}: {found}"));
    found.iter().map(|one| format!("{page}: {}", one.as_str().unwrap())).collect()
}
