//! The public maintenance schedule for other programs of people: as a calendar (RFC 5545) and as a feed (RFC 4287).
//!
//! What is changed or called off keeps its name and says so, so that whoever took it over learns of it.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use uphold_core::agreement::Language;
use uphold_core::id::FactId;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Millis};

use super::cache::Kept;
use super::language::Reader;
use super::maintenance::{self, anchor, window_view};
use super::paging::Asked;
use super::{App, frame, problem};
use crate::live::Live;
use crate::schedule::{Standing, Window};
use crate::wording::{Texts, Words};

/// What is over is told for so long.
const KEPT: Millis = Millis(400 * 86_400_000);

/// How many entries a feed has at most, the newest change first.
const ENTRIES: usize = 200;

/// The longest line of a calendar, in bytes, without its end.
const LINE_BYTES: usize = 75;

const CALENDAR: Kept =
    Kept { name: "maintenance.ics", kind: "text/calendar; charset=utf-8", control: "public, max-age=60" };
const FEED: Kept =
    Kept { name: "maintenance.atom", kind: "application/atom+xml; charset=utf-8", control: "public, max-age=60" };

/// In which language, where the program that asks cannot say it otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageQuery {
    lang: Option<String>,
}

/// `GET /maintenance.ics`
pub(super) async fn calendar(
    state: State<App>,
    reader: Reader,
    headers: HeaderMap,
    query: Asked<LanguageQuery>,
) -> Response {
    answer(&state, &reader, &headers, query, CALENDAR, ics)
}

/// `GET /maintenance.atom`
pub(super) async fn feed(
    state: State<App>,
    reader: Reader,
    headers: HeaderMap,
    query: Asked<LanguageQuery>,
) -> Response {
    answer(&state, &reader, &headers, query, FEED, atom)
}

fn answer(
    State(app): &State<App>,
    Reader(texts): &Reader,
    headers: &HeaderMap,
    query: Asked<LanguageQuery>,
    what: Kept,
    draw: fn(Texts, &Live) -> String,
) -> Response {
    let live = app.live();
    let language = match query {
        Ok(Query(LanguageQuery { lang: None })) => Some(texts.0),
        Ok(Query(LanguageQuery { lang: Some(code) })) => Language::find(&code),
        Err(_) => None,
    };
    let Some(language) = language else { return problem::bad_query(*texts, &live) };
    app.cache.answer(&live, (what, language), headers, || Some(draw(Texts(language), &live)))
}

/// What is told of: all that is ahead, and what is not over for too long.
fn windows(live: &Live) -> impl Iterator<Item = &Window> {
    let since = live.as_known_at - KEPT;
    live.schedule.iter().filter(move |window| window.plan.planned.until() > since)
}

/// In words: what becomes of it, since when it was published, and what of its promised notice.
fn told(words: &Words, live: &Live, window: &Window) -> Vec<String> {
    let view = window_view(words, live, window);
    let texts = words.texts;
    let mut lines = vec![view.standing, format!("{}: {}", texts.get("maintenance-when"), view.times)];
    lines.extend(view.earlier.iter().map(|times| format!("{}: {times}", texts.get("maintenance-earlier"))));
    lines.extend(view.actual.map(|times| format!("{}: {times}", texts.get("maintenance-actual"))));
    lines.extend(view.overran);
    lines.extend(view.impact.map(|impact| format!("{}: {impact}", texts.get("maintenance-impact"))));
    lines.push(view.published);
    lines.extend(view.notices.into_iter().map(|notice| {
        let by = notice.by.map(|by| format!(" {by}")).unwrap_or_default();
        format!("{} {}{by}", notice.label, notice.given)
    }));
    lines
}

fn title(words: &Words, live: &Live, window: &Window) -> String {
    let names: Vec<String> =
        maintenance::what(words, live, &window.plan).into_iter().map(|phrase| phrase.text).collect();
    let blanks = [("what", names.join(" · ").into()), ("kind", window.plan.class.as_str().into())];
    match window.standing {
        Standing::Cancelled => words.texts.with("maintenance-cancelled-of", &blanks),
        _ => words.texts.with("maintenance-of", &blanks),
    }
}

/// The calendar.
fn ics(texts: Texts, live: &Live) -> String {
    let words = frame::words(texts, live);
    let provider = words.phrase(&live.agreement.provider).text;
    let name = texts.with("maintenance-title-of", &[("provider", provider.as_str().into())]);
    let mut out = Lines::default();
    out.push("BEGIN:VCALENDAR");
    out.push("VERSION:2.0");
    out.push(&format!("PRODID:-//Uphold//Uphold {}//{}", env!("CARGO_PKG_VERSION"), texts.code().to_uppercase()));
    out.push("CALSCALE:GREGORIAN");
    out.push("METHOD:PUBLISH");
    out.text("NAME", &name);
    out.text("X-WR-CALNAME", &name);
    out.push("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    out.push("X-PUBLISHED-TTL:PT1H");
    for window in windows(live) {
        event(&mut out, &words, live, window, &provider);
    }
    out.push("END:VCALENDAR");
    out.0
}

fn event(out: &mut Lines, words: &Words, live: &Live, window: &Window, provider: &str) {
    let (plan, status) = (&window.plan, status(window.standing));
    out.push("BEGIN:VEVENT");
    out.text("UID", &format!("{}@{}.maintenance", window.id, live.agreement.id));
    out.push(&format!("SEQUENCE:{}", window.version));
    out.push(&format!("DTSTAMP:{}", stamp(window.changed_at)));
    out.push(&format!("CREATED:{}", stamp(window.told_at)));
    out.push(&format!("LAST-MODIFIED:{}", stamp(window.changed_at)));
    out.push(&format!("DTSTART:{}", stamp(plan.planned.from())));
    if plan.planned.until() < Instant::MAX {
        // A part of a second is no time of a calendar: the end is never shown before it.
        out.push(&format!("DTEND:{}", stamp(plan.planned.until() + Millis(999))));
    }
    out.push(&format!("STATUS:{}", status.0));
    out.push("TRANSP:TRANSPARENT");
    out.push("CLASS:PUBLIC");
    out.text("SUMMARY", &title(words, live, window));
    out.text("DESCRIPTION", &told(words, live, window).join("\n"));
    out.text("CATEGORIES", &plan.class);
    out.text("X-MAINTNOTE-PROVIDER", provider);
    out.text("X-MAINTNOTE-ACCOUNT", "public");
    out.text("X-MAINTNOTE-MAINTENANCE-ID", window.id.as_str());
    let object = plan.scope.solution.as_ref().map_or_else(|| live.agreement.id.to_string(), ToString::to_string);
    out.text("X-MAINTNOTE-OBJECT-ID", &object);
    if let Some(impact) = plan.impact.as_deref().filter(|impact| IMPACTS.contains(impact)) {
        out.push(&format!("X-MAINTNOTE-IMPACT:{impact}"));
    }
    out.push(&format!("X-MAINTNOTE-STATUS:{}", status.1));
    out.push("END:VEVENT");
}

/// The impacts that the convention for maintenance in calendars knows.
const IMPACTS: [&str; 4] = ["NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE"];

/// The status of an event, and of the maintenance that it tells of.
fn status(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Planned | Standing::Due | Standing::Untold => ("CONFIRMED", "CONFIRMED"),
        Standing::Running | Standing::Overrun => ("CONFIRMED", "IN-PROCESS"),
        Standing::Completed => ("CONFIRMED", "COMPLETED"),
        Standing::Cancelled => ("CANCELLED", "CANCELLED"),
    }
}

/// `20261010T150000Z`.
fn stamp(at: Instant) -> String {
    let text: String = at.to_string().chars().take(19).filter(|c| *c != '-' && *c != ':').collect();
    format!("{text}Z")
}

/// Lines of a calendar: folded, and ended as it asks.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A line whose value needs no escapes.
    fn push(&mut self, line: &str) {
        let mut room = LINE_BYTES;
        for letter in line.chars() {
            if letter.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LINE_BYTES - 1;
            }
            room -= letter.len_utf8();
            self.0.push(letter);
        }
        self.0.push_str("\r\n");
    }

    /// A line whose value is a text of people.
    fn text(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for letter in value.chars() {
            match letter {
                '\\' => line.push_str("\\\\"),
                ';' => line.push_str("\\;"),
                ',' => line.push_str("\\,"),
                '\n' => line.push_str("\\n"),
                letter if letter.is_control() => {}
                letter => line.push(letter),
            }
        }
        self.push(&line);
    }
}

/// The feed.
fn atom(texts: Texts, live: &Live) -> String {
    let words = frame::words(texts, live);
    let provider = words.phrase(&live.agreement.provider).text;
    let mut shown: Vec<&Window> = windows(live).collect();
    shown.sort_by_key(|window| std::cmp::Reverse((changed(window), &window.id)));
    shown.truncate(ENTRIES);
    let updated = shown.first().map_or(live.agreement.valid.from(), |window| changed(window));
    let title_of = texts.with("maintenance-title-of", &[("provider", provider.as_str().into())]);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    out.push_str(&format!("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n", texts.code()));
    out.push_str(&format!("<id>{}</id>\n", name(live, None)));
    out.push_str(&format!("<title>{}</title>\n<updated>{updated}</updated>\n", xml(&title_of)));
    out.push_str(&format!("<author><name>{}</name></author>\n", xml(&provider)));
    out.push_str("<link rel=\"self\" type=\"application/atom+xml\" href=\"/maintenance.atom\"/>\n");
    out.push_str("<link rel=\"alternate\" type=\"text/html\" href=\"/maintenance\"/>\n");
    out.push_str(&format!("<generator version=\"{}\">Uphold</generator>\n", env!("CARGO_PKG_VERSION")));
    for window in shown {
        entry(&mut out, &words, live, window);
    }
    out.push_str("</feed>\n");
    out
}

/// When there was last something new about it: told, or published.
fn changed(window: &Window) -> Instant {
    window.changed_at.max(window.published_at.unwrap_or(window.changed_at))
}

fn entry(out: &mut String, words: &Words, live: &Live, window: &Window) {
    let text = told(words, live, window).join("\n");
    let times = window_view(words, live, window).times;
    out.push_str(&format!("<entry>\n<id>{}</id>\n", name(live, Some(&window.id))));
    out.push_str(&format!("<title>{} · {}</title>\n", xml(&title(words, live, window)), xml(&times)));
    out.push_str(&format!("<updated>{}</updated>\n", changed(window)));
    out.push_str(&format!("<published>{}</published>\n", window.published_at.unwrap_or(window.told_at)));
    out.push_str(&format!("<link rel=\"alternate\" href=\"/maintenance#{}\"/>\n", anchor(&window.id)));
    out.push_str(&format!("<category term=\"{}\"/>\n", xml(&window.plan.class)));
    out.push_str(&format!("<content type=\"text\">{}</content>\n</entry>\n", xml(&text)));
}

/// A name that never changes and that nothing else has: a UUID of the eighth version, made of what it names.
fn name(live: &Live, window: Option<&FactId>) -> String {
    let of = window.map_or("", FactId::as_str);
    let digest =
        Digest::of(&[b"maintenance schedule", &[0], live.agreement.id.as_str().as_bytes(), &[0], of.as_bytes()]);
    let hex = digest.to_string();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("urn:uuid:{}-{}-8{}-8{}-{}", part(0..8), part(8..12), part(12..15), part(15..18), part(18..30))
}

/// A text of people in XML; what XML has no place for is left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            letter if letter.is_control() || letter == '\u{fffe}' || letter == '\u{ffff}' => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_letters_and_put_together_again() {
        let mut lines = Lines::default();
        let text = "計画メンテナンス、".repeat(20);
        lines.text("SUMMARY", &text);
        assert!(lines.0.split("\r\n").all(|line| line.len() <= LINE_BYTES), "{}", lines.0);
        assert!(lines.0.split("\r\n").count() > 5);
        assert_eq!(lines.0.replace("\r\n ", ""), format!("SUMMARY:{text}\r\n"));
        let mut exact = Lines::default();
        exact.push(&"x".repeat(LINE_BYTES));
        assert_eq!(exact.0.matches("\r\n").count(), 1);
    }

    #[test]
    fn a_text_cannot_become_a_line_of_its_own() {
        let mut lines = Lines::default();
        lines.text("SUMMARY", "a\r\nEND:VCALENDAR\u{b};b,c\\");
        assert_eq!(lines.0, "SUMMARY:a\\nEND:VCALENDAR\\;b\\,c\\\\\r\n");
        assert_eq!(xml("<a href=\"x\">&\u{0}</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    }

    #[test]
    fn moments_are_whole_seconds_in_utc() {
        assert_eq!(stamp(Instant::parse("2026-10-10T15:00:00.250Z").unwrap()), "20261010T150000Z");
    }
}
