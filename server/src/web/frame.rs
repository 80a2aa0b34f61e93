//! What stands around every page: the head, the navigation, the choice of language, the foot.

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use uphold_core::agreement::Language;

use super::visitor::Visitor;
use super::{assets, problem, routes};
use crate::accounts::SignedIn;
use crate::live::Live;
use crate::wording::{Phrase, Texts, Words};

/// The pages that every page leads to, for whoever may open them: the path, and the key of the name. Who may, the table of
/// routes says.
const NAVIGATION: [(&str, &str); 11] = [
    ("/", "nav-agreement"),
    ("/status", "nav-status"),
    ("/maintenance", "nav-maintenance"),
    ("/incidents", "nav-incidents"),
    ("/statements", "nav-statements"),
    ("/mine", "nav-mine"),
    ("/customers", "nav-customers"),
    ("/checks", "nav-checks"),
    ("/ledger", "nav-ledger"),
    ("/tell", "nav-tell"),
    ("/people", "nav-people"),
];

/// One of the pages that every page leads to.
pub(super) struct Place {
    pub(super) path: &'static str,
    pub(super) name: String,
    pub(super) is_here: bool,
}

/// What the base template needs.
pub(super) struct Frame {
    /// The texts.
    pub(super) t: Texts,
    /// The page's own title.
    pub(super) title: String,
    /// The agreement's title.
    pub(super) agreement: Phrase,
    /// The path, for the choice of language.
    pub(super) path: String,
    /// What follows the `?` of the page's address, which the choice of language keeps.
    pub(super) query: String,
    /// The pages that every page leads to.
    pub(super) navigation: Vec<Place>,
    /// The languages: code, own name, whether it is this page's.
    pub(super) languages: Vec<(&'static str, &'static str, bool)>,
    /// The zone of times.
    pub(super) zone: String,
    /// The moment of knowledge in milliseconds.
    pub(super) known_ms: i64,
    /// The same in RFC 3339.
    pub(super) known_iso: String,
    /// The same in words.
    pub(super) known: String,
    /// The number of facts, grouped.
    pub(super) facts: String,
    /// The ledger's root.
    pub(super) root: String,
    /// That a part of what is shown is made up, if it is.
    pub(super) made_up: Option<String>,
    /// That the picture is not current, if it is not.
    pub(super) not_current: Option<String>,
    /// Who is signed in.
    pub(super) me: Option<Arc<SignedIn>>,
}

impl Frame {
    /// The frame of a page. A path that is not a page's is led back to the first page by the choice of language.
    pub(super) fn new(words: &Words, live: &Live, path: &str, title: String) -> Self {
        let here = words.texts.0;
        let visitor = Visitor::current();
        let name = |language| match language {
            Language::En => "English",
            Language::Ja => "日本語",
        };
        Self {
            t: words.texts,
            title,
            agreement: words.phrase(&live.agreement.title),
            path: path.to_owned(),
            navigation: navigation(words.texts, path, &visitor),
            query: String::new(),
            languages: Language::ALL.map(|each| (each.code(), name(each), each == here)).to_vec(),
            zone: words.zone.name().to_owned(),
            known_ms: live.as_known_at.0,
            known_iso: live.as_known_at.to_string(),
            known: words.moment(live.as_known_at),
            facts: words.number(&live.ledger.size.to_string()),
            root: live.ledger.root.clone(),
            made_up: live
                .history
                .made_up_until()
                .map(|until| until.min(live.as_known_at))
                .map(|until| words.texts.with("made-up", &[("time", words.moment(until).into())])),
            not_current: live
                .not_recorded_since
                .map(|since| words.texts.with("not-recorded", &[("time", words.moment(since).into())])),
            me: visitor.signed().cloned(),
        }
    }

    /// The frame of a page that was asked for with a query.
    pub(super) fn asking(self, query: String) -> Self {
        Self { query, ..self }
    }

    /// The address of the page in another language.
    pub(super) fn in_language(&self, code: &str) -> String {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let between = if self.query.is_empty() { "" } else { "&" };
        format!("{path}?{}{between}lang={code}", self.query)
    }

    /// The address of an asset.
    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// What every form for whoever is signed in carries in its field `csrf`.
    pub(super) fn form_token(&self) -> &str {
        self.me.as_ref().map_or("", |me| &me.form_token)
    }

    /// Where somebody signs in and comes back from to this page; a link that is good once is none to come back to.
    pub(super) fn sign_in_address(&self) -> String {
        let back = routes::own(&self.path).filter(|path| *path != "/sign-in" && !path.starts_with("/join/"));
        back.map_or_else(|| "/sign-in".to_owned(), |path| format!("/sign-in?next={path}"))
    }

    /// The units of a growing length, for the page's script.
    pub(super) fn units(&self) -> String {
        let t = self.t;
        [t.get("unit-day"), t.get("unit-hour"), t.get("unit-minute"), t.get("unit-second")].join(",")
    }
}

/// A page below another counts as that one.
fn navigation(texts: Texts, path: &str, visitor: &Visitor) -> Vec<Place> {
    let is_here = |place: &str| path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
    let opens = |place: &str| routes::access_of(place).is_some_and(|access| visitor.opens(access));
    let places = NAVIGATION.into_iter().filter(|(path, _)| opens(path));
    places.map(|(path, key)| Place { path, name: texts.get(key), is_here: is_here(path) }).collect()
}

/// The words for a picture: its zone is that of the first commitment, since a page names one zone at its head.
pub(super) fn words(texts: Texts, live: &Live) -> Words {
    let zone = live.agreement.zone();
    Words { texts, zone }
}

/// A page as an answer.
pub(super) fn respond(status: StatusCode, texts: Texts, page: &impl Template) -> Response {
    let headers = [("content-language", texts.code()), ("vary", "cookie, accept-language")];
    match page.render() {
        Ok(html) => (status, headers, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            problem::internal()
        }
    }
}
