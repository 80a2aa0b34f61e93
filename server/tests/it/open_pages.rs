//! Pages that stay open, in a real browser: what they say when the server is gone and when it is back, and timelines that are
//! zoomed by hand.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::browser::{self, Browser, free_address, has_browser, wait};

const PASSWORD: &str = "korrekt pferd batterie";

fn signed_in(link: &str) -> Browser {
    let browser = Browser::start();
    browser.open(link);
    for (field, value) in [("name", "alice"), ("password", PASSWORD), ("again", PASSWORD)] {
        browser.script(&format!("document.getElementsByName('{field}')[0].value = '{value}'"));
    }
    browser.click("main form button");
    wait(|| browser.head().contains("Signed in as alice").then_some(()));
    browser
}

#[test]
fn open_pages_say_that_the_server_is_gone_until_it_is_back_and_timelines_are_zoomed_by_hand() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (listen, sample) = (free_address(), free_address());
    let (mut server, link) = browser::demo(folder.path(), listen, sample, &["--no-past"]);
    let browser = signed_in(&link.unwrap());
    a_timeline_is_zoomed_by_hand(&browser, listen);
    // A browser opens few connections to one server, and each page holds one.
    for pages in [["/", "/status", "/checks", "/checks/api"], ["/maintenance", "/incidents", "/statements", "/ledger"]]
    {
        let tabs = pages.map(|page| {
            let tab = browser.command("window/new", &json!({ "type": "tab" }))["handle"].clone();
            browser.command("window", &json!({ "handle": tab }));
            browser.open(&format!("http://{listen}{page}"));
            tab
        });
        let each = |says: &dyn Fn() -> bool, what: &str| {
            for (tab, page) in tabs.iter().zip(pages) {
                browser.command("window", &json!({ "handle": tab }));
                eprintln!("{page} is to be {what}");
                wait(|| says().then_some(()));
            }
        };
        let read = || browser.script("return document.getElementById('connection').innerText");
        let said = || read().as_str().unwrap().to_owned();
        let is_offline = || browser.script("return document.documentElement.classList.contains('offline')");
        // A stream that was opened is what can be lost.
        each(&|| said().is_empty() && is_offline() == json!(false), "connected");
        drop(server);
        each(&|| said().contains("No connection") && is_offline() == json!(true), "without its server");
        server = browser::demo(folder.path(), listen, sample, &["--no-past"]).0;
        each(&|| !said().contains("No connection") && is_offline() == json!(false), "connected again");
        for tab in &tabs {
            browser.command("window", &json!({ "handle": tab }));
            // What is left open would hold its connection.
            browser.open("about:blank");
        }
    }
}

/// By the mouse, by a finger and by the wheel: the span becomes what was dragged over, or half of what it was.
fn a_timeline_is_zoomed_by_hand(browser: &Browser, listen: SocketAddr) {
    let length = || {
        let found = browser.script(
            "const t = document.getElementById('timeline'); return t ? Number(t.dataset.until) - Number(t.dataset.from) : 0;",
        );
        found.as_i64().unwrap_or(0)
    };
    let place = |share: f64| {
        browser.script(&format!(
            "const t = document.getElementById('timeline'); t.scrollIntoView({{block: 'center'}});
             const b = t.getBoundingClientRect();
             return [Math.round(b.left + b.width * {share}), Math.round(b.top + b.height / 2)];"
        ))
    };
    let about_half = |of: i64| (of * 48 / 100..=of * 52 / 100).contains(&length());
    for kind in ["mouse", "touch"] {
        browser.open(&format!("http://{listen}/checks/api?last=hour"));
        let before = length();
        assert_eq!(before, 3_600_000);
        let (from, until) = (place(0.25), place(0.75));
        let to = |at: &Value| json!({ "type": "pointerMove", "duration": 100, "x": at[0], "y": at[1] });
        let button = |act: &str| json!({ "type": act, "button": 0 });
        let actions = [to(&from), button("pointerDown"), to(&until), button("pointerUp")];
        let pointer =
            json!({ "type": "pointer", "id": kind, "parameters": { "pointerType": kind }, "actions": actions });
        browser.command("actions", &json!({ "actions": [pointer] }));
        wait(|| about_half(before).then_some(()));
    }
    let before = length();
    browser.script("document.getElementById('timeline').focus()");
    let at = place(0.5);
    let scroll = json!({ "type": "scroll", "x": at[0], "y": at[1], "deltaX": 0, "deltaY": -120, "duration": 0 });
    browser.command("actions", &json!({ "actions": [{ "type": "wheel", "id": "wheel", "actions": [scroll] }] }));
    wait(|| about_half(before).then_some(()));
}
