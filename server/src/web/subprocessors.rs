//! The public list of sub-processors: who is used for what at present, and the changes with the notice of each.
//!
//! What is shown is what was told. Whatever is a single customer's is not on it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uphold_core::agreement::{About, Commitment, Limit, Obligation, Promise, Subject};
use uphold_core::history::{Audience, Fact, Subprocessor};
use uphold_core::time::{Instant, Millis};

use super::App;
use super::beside::Beside;
use super::frame::{self, Frame};
use super::language::Reader;
use super::maintenance::solution_name;
use super::tell::links;
use crate::live::Live;
use crate::wording::{Phrase, Texts, Words};

/// `GET /sub-processors`
pub(super) async fn show(State(app): State<App>, Reader(texts): Reader) -> Response {
    let live = app.live();
    frame::respond(StatusCode::OK, texts, &ListPage::new(texts, &live))
}

#[derive(Template)]
#[template(path = "sub_processors.html")]
struct ListPage {
    frame: Frame,
    present: Vec<ChangeView>,
    ahead: Vec<ChangeView>,
    past: Vec<ChangeView>,
    acts: Vec<links::Link>,
}

/// One change: the present state is the last one of each.
struct ChangeView {
    name: String,
    solution: Phrase,
    action: String,
    effective: String,
    /// The address of its own agreement, where it is one of the web.
    sla: Option<String>,
    /// Since when it was announced, and whether that is as promised.
    notice: String,
}

/// Every change that everybody may know of, in the order in which they take effect.
fn changes(live: &Live) -> Vec<&Fact<Subprocessor>> {
    let public = |fact: &&Fact<Subprocessor>| fact.body.scope.parts.customer.is_none();
    let mut changes: Vec<_> = live.facts.subprocessors.iter().filter(public).collect();
    changes.sort_by_key(|fact| (fact.body.effective_at, &fact.id));
    changes
}

/// What is in use at the moment of knowledge: of each name and scope the last change that has taken effect, unless that
/// took it away.
fn present(live: &Live) -> Vec<&Fact<Subprocessor>> {
    let mut present: Vec<&Fact<Subprocessor>> = Vec::new();
    for fact in changes(live).into_iter().filter(|fact| fact.body.effective_at <= live.as_known_at) {
        present.retain(|other| (&other.body.name, &other.body.scope) != (&fact.body.name, &fact.body.scope));
        if fact.body.action != "removed" {
            present.push(fact);
        }
    }
    present.sort_by(|a, b| (&a.body.name, &a.id).cmp(&(&b.body.name, &b.id)));
    present
}

/// What the contract page says beside the promise that the list is public.
pub(super) fn beside(words: &Words, live: &Live) -> Beside {
    let texts = words.texts;
    let names: Vec<String> = present(live).into_iter().map(|fact| fact.body.name.clone()).collect();
    let said = if names.is_empty() { texts.get("sub-processors-none") } else { words.list(&names) };
    Beside {
        figures: vec![(texts.get("sub-processors-present"), said)],
        links: vec![("/sub-processors".to_owned(), texts.get("sub-processors-title"))],
        ..Beside::default()
    }
}

impl ListPage {
    fn new(texts: Texts, live: &Live) -> Self {
        let words = frame::words(texts, live);
        let view = |fact: &Fact<Subprocessor>| change(&words, live, fact);
        let (mut past, ahead): (Vec<_>, Vec<_>) =
            changes(live).into_iter().partition(|fact| fact.body.effective_at <= live.as_known_at);
        past.reverse();
        Self {
            present: present(live).into_iter().map(view).collect(),
            ahead: ahead.into_iter().map(view).collect(),
            past: past.into_iter().map(view).collect(),
            acts: links::first(texts, "subprocessor"),
            frame: Frame::new(&words, live, "/sub-processors", texts.get("sub-processors-title")),
        }
    }
}

fn change(words: &Words, live: &Live, fact: &Fact<Subprocessor>) -> ChangeView {
    let (texts, body) = (words.texts, &fact.body);
    let solution = Subject { solution: body.scope.solution.clone(), ..Subject::default() };
    let is_web = |address: &&String| address.starts_with("https://") || address.starts_with("http://");
    ChangeView {
        name: body.name.clone(),
        solution: solution_name(words, live, &solution),
        action: match body.action.as_str() {
            "added" => texts.get("sub-processors-added"),
            "removed" => texts.get("sub-processors-removed"),
            _ => texts.get("sub-processors-changed"),
        },
        effective: words.moment(body.effective_at),
        sla: body.sla.as_ref().filter(is_web).cloned(),
        notice: notice(words, live, fact),
    }
}

/// When a change was published, how long before it takes effect, and what is promised.
fn notice(words: &Words, live: &Live, fact: &Fact<Subprocessor>) -> String {
    let texts = words.texts;
    let public =
        live.notices.iter().filter(|notice| notice.body.about == fact.id && notice.body.audience == Audience::Public);
    let at = public.filter_map(|notice| notice.body.published_at).filter(|at| *at <= live.as_known_at).min();
    let promised = promised(live, fact.body.effective_at);
    let needed = promised.map_or_else(
        || texts.get("gauge-no-promise"),
        |limit| texts.with("sub-processors-promised", &[("length", words.length(limit).into())]),
    );
    let Some(at) = at else { return texts.with("sub-processors-untold", &[("needed", needed.into())]) };
    let given = fact.body.effective_at - at;
    let moment = ("moment", words.moment(at).into());
    if given.0 < 0 {
        let after = ("length", words.length(Millis(-given.0)).into());
        return texts.with("sub-processors-told-after", &[moment, after, ("needed", needed.into())]);
    }
    let ahead = ("length", words.length(Millis(given.0 / 1000 * 1000)).into());
    texts.with("sub-processors-told", &[moment, ahead, ("needed", needed.into())])
}

/// The longest notice that any commitment of the revision in force then promises of a change.
fn promised(live: &Live, at: Instant) -> Limit {
    let of = |commitment: &Commitment| match &commitment.promise {
        Promise::Obligation(Obligation::Notice { about, within, .. }) if about.value == About::Subprocessor => {
            within.value
        }
        _ => None,
    };
    live.revisions.in_force(at).commitments.iter().filter_map(of).max()
}
