//! How pages are laid out, in a real browser: at every width from a narrow telephone to a wide screen and with text at 200 %,
//! on paper, and as a screen reader is told of them (`layout/tree.rs`).
//!
//! Each page is opened once for each language, and changed in place. The rules are the scripts of `layout/`; what they say
//! names the page, the language, the width and a CSS path of the element. Contrast and most of WCAG are not here: axe looks
//! at them in `console.rs`. Needs what `browser.rs` needs.

mod tree;

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::browser::{Browser, has_browser, wait};
use crate::pages::{Demo, Everybody, breaks};

const WAYS: &str = include_str!("layout/ways.js");
const SCREEN: &str = include_str!("layout/screen.js");
const PAPER: &str = include_str!("layout/paper.js");
const WORDS: &str = include_str!("layout/words.js");

/// CSS pixels. 320 is 1280 at 400 %, as WCAG wants it, and 640 is 1280 at 200 %.
const WIDTHS: [u32; 5] = [1280, 1920, 640, 360, 320];
/// What the margins of both style sheets leave of A4, 210 mm wide: 17 mm on each side, at 96 dots per inch.
const PAPER_WIDTH: u32 = 794 - 2 * 64;

/// What people print: these are made into a PDF as well.
const DOCUMENTS: [&str; 3] = ["/statements/", "/incidents/", "/mine/statements/"];

#[test]
fn every_page_fits_its_width_and_paper_and_makes_sense_to_a_screen_reader_in_both_languages() {
    if !has_browser() {
        return;
    }
    let demo = Demo::start();
    let joining = Browser::start();
    let mut wrong = Vec::new();
    for language in ["en", "ja"] {
        let page = Page { browser: &joining, name: format!("/join/… ({language})") };
        joining.open(&format!("{}?lang={language}", demo.link));
        wrong.extend(page.looked_at(language));
    }
    drop(joining);
    let everybody = Everybody::of(&demo);
    for language in ["en", "ja"] {
        for (browser, paths) in everybody.pages() {
            for path in paths {
                let page = Page { browser, name: format!("{path} ({language})") };
                browser.open(&demo.in_language(&path, language));
                wrong.extend(page.looked_at(language));
                if DOCUMENTS.iter().any(|documents| path.starts_with(documents)) {
                    wrong.extend(page.printed());
                }
            }
        }
    }
    wrong.extend(a_change_is_announced_in_few_words(&everybody.stranger, &demo));
    let mut all = String::new();
    for line in &wrong {
        let _ = writeln!(all, "{line}");
    }
    assert!(wrong.is_empty(), "{} findings\n{all}", wrong.len());
}

/// What an open page tells a screen reader when a service breaks, and when forty break at once: politely, and not for
/// minutes.
fn a_change_is_announced_in_few_words(browser: &Browser, demo: &Demo) -> Vec<String> {
    let announced =
        || browser.script("return document.getElementById('announce').textContent").as_str().unwrap().to_owned();
    let page = Page { browser, name: "/status (en)".to_owned() };
    page.width(WIDTHS[0], "screen");
    browser.open(&demo.in_language("/status", "en"));
    let control = Browser::start();
    breaks(&control, demo, "down");
    let one = wait(|| Some(announced()).filter(|words| !words.is_empty()));
    breaks(&control, demo, "up");
    browser.open(&demo.in_language("/status", "en"));
    browser.script(MANY);
    let many = wait(|| Some(announced()).filter(|words| words.contains("service number")));
    let tree = browser.devtools("Accessibility.getFullAXTree", json!({}));
    let polite =
        tree["nodes"].as_array().unwrap().iter().flat_map(|node| node["properties"].as_array().into_iter().flatten());
    let is_polite =
        polite.into_iter().any(|each| each["name"] == json!("live") && each["value"]["value"] == json!("polite"));
    let checks = [
        (one.to_lowercase().contains("down"), format!("the change is not told: {one}")),
        (many.contains(" more."), format!("what is left out is not counted: {many}")),
        (many.chars().count() <= 400, format!("too much is said at once: {} letters", many.chars().count())),
        (is_polite, "no polite live region".to_owned()),
    ];
    checks.into_iter().filter(|(is_right, _)| !is_right).map(|(_, says)| format!("{}: {says}", page.name)).collect()
}

/// Makes the next picture that the page fetches one in which forty services have broken.
const MANY: &str = "
    const main = document.getElementById('main').cloneNode(true);
    for (let n = 1; n <= 40; n += 1) {
      const line = document.createElement('p');
      line.className = 'headline';
      line.dataset.state = `broken-${n}`;
      line.textContent = `The service number ${n} has been down for a minute`;
      main.prepend(line);
    }
    window.fetch = async () => new Response(`<!DOCTYPE html><html><body>${main.outerHTML}</body></html>`);";

/// Each rule, as it begins what it says: the page `broken.html` breaks every one.
const RULES: [&str; 34] = [
    "cut at the right of the paper",
    "dark on paper",
    "English that is not marked so",
    "graphic that is neither hidden nor told",
    "graphic without a table or figures beside it",
    "head of a table stands once",
    "headings: 2 of the first level",
    "headings: body > main:nth-of-type(1) > h4",
    "Japanese that is not marked so",
    "labels lie over each other",
    "landmarks: 2 of the role main",
    "landmarks: body > nav:nth-of-type(2)",
    "links: ",
    "live region says too much",
    "no name: body > form > button",
    "no name: body > form > input",
    "no name: body > section:nth-of-type(1) > svg",
    "no name: body > div.scroll:nth-of-type(1) > table",
    "page in another language",
    "pale on paper",
    "printed smaller",
    "printed though nobody can use it on paper",
    "row breaks between pages",
    "scroller out of a keyboard's reach",
    "scroller without role or name",
    "scrolls sideways",
    "scrolls though the screen is wide",
    "sticks out",
    "target too small",
    "text is cut",
    "text leaves its cell",
    "text leaves its cell on paper",
    "text sticks out",
    "wider than its scroller",
];

#[test]
fn a_page_that_breaks_every_rule_is_found_to_break_every_rule() {
    if !has_browser() {
        return;
    }
    let browser = Browser::start();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/layout/broken.html");
    let page = Page { browser: &browser, name: "broken".to_owned() };
    browser.open(&format!("file://{path}"));
    let mut wrong = page.looked_at("ja");
    wrong.extend(page.printed());
    browser.script("document.querySelector('[aria-live]').remove();");
    wrong.extend(page.said(WORDS, &json!(["en"]), ""));
    let silent = RULES.into_iter().chain(["no live region"]).filter(|rule| {
        let says = format!(": {rule}");
        !wrong.iter().any(|line| line.contains(&says))
    });
    let silent: Vec<&str> = silent.collect();
    assert!(silent.is_empty(), "rules that find nothing: {silent:?}\n{}", wrong.join("\n"));
}

/// A page that is open in a browser.
struct Page<'a> {
    browser: &'a Browser,
    /// Its path and its language.
    name: String,
}

impl Page<'_> {
    /// Gives the window another width, and the page another medium. On paper the reader's theme is the dark one, which must
    /// not matter.
    fn width(&self, width: u32, medium: &str) {
        self.browser.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true }));
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.browser.devtools("Emulation.setDeviceMetricsOverride", metrics);
        let theme = if medium == "print" { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.browser.devtools("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features }));
    }

    /// Everything that is wrong with it.
    fn looked_at(&self, language: &str) -> Vec<String> {
        self.width(WIDTHS[0], "screen");
        // What is folded away is looked at as well.
        self.browser.script("for (const e of document.querySelectorAll('details')) e.open = true;");
        let mut wrong = tree::looked_at(self.browser, &self.name);
        wrong.extend(self.said(WORDS, &json!([language]), ""));
        for width in WIDTHS {
            self.width(width, "screen");
            wrong.extend(self.said(SCREEN, &json!([]), &format!(" at {width} px")));
        }
        self.width(1280, "screen");
        self.browser.script("document.documentElement.style.fontSize = '200%'");
        wrong.extend(self.said(SCREEN, &json!([]), " at 1280 px with text at 200 %"));
        self.browser.script("document.documentElement.style.fontSize = ''");
        self.width(PAPER_WIDTH, "print");
        wrong.extend(self.said(PAPER, &json!([]), " on paper"));
        wrong
    }

    /// What is wrong with its PDF, which is to be called while it is laid out for paper. A browser that finds a page too wide
    /// for the sheet prints all of it smaller; its links tell by how much.
    fn printed(&self) -> Vec<String> {
        let paper =
            json!({ "preferCSSPageSize": true, "printBackground": true, "paperWidth": 8.27, "paperHeight": 11.69 });
        let pdf = self.browser.devtools("Page.printToPDF", paper);
        let pdf = base64::engine::general_purpose::STANDARD.decode(pdf["data"].as_str().unwrap()).unwrap();
        let pdf = String::from_utf8_lossy(&pdf);
        let boxes = |key: &str| -> Vec<[f64; 4]> {
            let all = pdf.split(key).skip(1).filter_map(|rest| rest.split_once('[')?.1.split_once(']'));
            let numbers =
                all.map(|(inner, _)| inner.split_whitespace().filter_map(|number| number.parse().ok()).collect());
            numbers.filter_map(|four: Vec<f64>| four.try_into().ok()).collect()
        };
        let widest = |boxes: &[[f64; 4]]| boxes.iter().map(|[left, _, right, _]| right - left).fold(0.0, f64::max);
        let sheets = boxes("/MediaBox");
        let links = widest(&boxes("/Rect"));
        let wanted = self.browser.script(
            "return Math.max(...[...document.querySelectorAll('a[href]')].filter((a) => a.checkVisibility())
                .flatMap((a) => [...a.getClientRects()].map((box) => box.width)));",
        );
        // 72 points and 96 pixels are an inch.
        let share = links / (wanted.as_f64().unwrap() * 0.75);
        let mut wrong = Vec::new();
        if sheets.is_empty() || widest(&sheets) > 596.0 {
            wrong.push(format!("{} as PDF: no sheets of A4: {sheets:?}", self.name));
        }
        if !(0.95..1.05).contains(&share) {
            wrong.push(format!("{} as PDF: printed smaller: {share:.2} of its size, for it is too wide", self.name));
        }
        wrong
    }

    /// What a script of rules says.
    fn said(&self, rules: &str, arguments: &Value, place: &str) -> Vec<String> {
        let script = format!("{WAYS}{rules}");
        let found = self.browser.command("execute/sync", &json!({ "script": script, "args": arguments }));
        let found = found.as_array().unwrap().iter();
        found.map(|line| format!("{}{place}: {}", self.name, line.as_str().unwrap())).collect()
    }
}
