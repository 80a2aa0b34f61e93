//! The pages of a demo and the people who look at them: one list for every test that visits each page, and what such a test
//! does as a person would (join, fill in, send). What is looked for on a page is in `console.rs` and `layout.rs`.

use std::net::SocketAddr;

use serde_json::json;

use crate::browser::{self, Browser, Running, free_address, wait};
use crate::program::stdout;

/// A demo with its made-up past, and where its first operator is made.
pub(crate) struct Demo {
    pub(crate) listen: SocketAddr,
    /// Where the sample application is.
    pub(crate) sample: SocketAddr,
    pub(crate) link: String,
    pub(crate) folder: tempfile::TempDir,
    _process: Running,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (listen, sample) = (free_address(), free_address());
        let (process, link) = browser::demo(folder.path(), listen, sample, &[]);
        Self { listen, sample, link: link.unwrap(), folder, _process: process }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.listen)
    }

    /// The same page in the language of this code.
    pub(crate) fn in_language(&self, path: &str, language: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        self.at(&format!("{path}{separator}lang={language}"))
    }
}

/// Makes the account that a link is for. Only the first operator chooses the name.
pub(crate) fn join(browser: &Browser, link: &str, name: Option<&str>) {
    browser.open(link);
    if let Some(name) = name {
        choose(browser, "name", name);
    }
    for field in ["password", "again"] {
        choose(browser, field, "korrekt pferd batterie");
    }
    send(browser, "main form button");
    assert!(browser.head().contains("Signed in as"), "{}", browser.text());
}

/// Puts a value into a field as a person would who picks it.
pub(crate) fn choose(browser: &Browser, field: &str, value: &str) {
    browser.script(&format!("document.getElementsByName({})[0].value = {}", json!(field), json!(value)));
}

/// Sends the form with its last button, and waits for the next page.
pub(crate) fn send(browser: &Browser, button: &str) {
    browser.script("window.isOld = true;");
    browser.click(button);
    wait(|| {
        (browser.script("return window.isOld === undefined && document.readyState") == json!("complete")).then_some(())
    });
}

/// A browser in which somebody of the customer acme is signed in.
pub(crate) fn customer_of(demo: &Demo) -> Browser {
    let data = demo.folder.path().to_str().unwrap();
    let said = stdout(["person", "invite", "ben", "--role", "customer", "--customer", "acme", "--data", data]);
    let path = said.split_whitespace().find_map(|word| word.find("/join/").map(|at| word[at..].to_owned())).unwrap();
    let browser = Browser::start();
    join(&browser, &demo.at(&path), None);
    browser
}

/// Every page that a link of the demo leads to an operator. Those whose address depends on the day or on what was recorded
/// are found by their links.
const OF_OPERATOR: [&str; 27] = [
    "/",
    "/status",
    "/maintenance",
    "/incidents",
    "/statements",
    "/agreement",
    "/agreement/history",
    "/agreement/compare?from=demo-1&to=demo-2",
    "/sub-processors",
    "/solutions/workload-security",
    "/customers",
    "/customers?standing=suspended&id=none",
    "/customers/globex",
    "/customers/acme/statements",
    "/checks",
    "/checks/api",
    "/ledger",
    "/ledger/0",
    "/tell",
    "/tell/maintenance",
    "/tell/recovery",
    "/tell/correction?of=late-patch",
    "/people",
    "/account",
    "/no-such-page",
    "/checks/api?from=x",
    "/people/ana",
];

/// A page of the list, and the link on it that leads to the page that is wanted.
const LINKED: [(&str, &str); 4] = [
    ("/incidents", ".incident a"),
    ("/statements", ".subject a"),
    ("/statements", ".subject a[href*='number=']"),
    ("/checks/api", "td a[href^='/evidence/']"),
];

/// Breaks or mends a part of the sample application, by its own page.
pub(crate) fn breaks(browser: &Browser, demo: &Demo, mode: &str) {
    browser.open(&format!("http://{}/control", demo.sample));
    browser.click(&format!("#api button[value={mode}]"));
}

/// What a customer sees besides what everybody sees.
const OF_CUSTOMER: [&str; 3] = ["/mine", "/mine/statements", "/mine/incidents"];

/// One browser for each kind of person: an operator, a customer, and somebody who is not signed in.
pub(crate) struct Everybody {
    pub(crate) operator: Browser,
    pub(crate) customer: Browser,
    pub(crate) stranger: Browser,
    linked: Vec<String>,
}

impl Everybody {
    /// Signs them in, and lets what is measured break and be mended, so that there is something to show.
    pub(crate) fn of(demo: &Demo) -> Self {
        let (operator, stranger) = (Browser::start(), Browser::start());
        join(&operator, &demo.link, Some("ana"));
        // What is kept of failures needs one.
        breaks(&stranger, demo, "down");
        let linked = LINKED.map(|(path, link)| {
            wait(|| {
                operator.open(&demo.at(path));
                let found =
                    operator.script(&format!("return document.querySelector({})?.getAttribute('href')", json!(link)));
                found.as_str().map(str::to_owned)
            })
        });
        breaks(&stranger, demo, "up");
        stranger.open(&demo.in_language("/sign-in", "en"));
        Self { operator, customer: customer_of(demo), stranger, linked: linked.to_vec() }
    }

    /// Each browser with the addresses of its pages.
    pub(crate) fn pages(&self) -> [(&Browser, Vec<String>); 3] {
        let named = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>();
        let of_operator = [named(&OF_OPERATOR), self.linked.clone()].concat();
        [(&self.operator, of_operator), (&self.customer, named(&OF_CUSTOMER)), (&self.stranger, named(&["/sign-in"]))]
    }
}
