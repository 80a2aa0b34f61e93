//! Publishing: the picture that pages and interfaces show, made from the book after every flush.

use std::collections::BTreeMap;
use std::sync::Arc;

use uphold_core::evaluate::{Request, evaluate, timeline};
use uphold_core::id::Series;
use uphold_core::ledger::digest::Digest;
use uphold_core::time::{Instant, Zone};

use super::{Engine, Settings, Target};
use crate::ledger::Receipt;
use crate::ledger::book::Book;
use crate::live::{CheckView, LatestRun, LedgerHead, Live, SubjectTimeline};

impl Engine {
    pub(super) fn publish(&self, receipt: &Receipt) {
        let head = (receipt.tree_size, receipt.root);
        let picture = picture(&self.settings, &self.book, &self.targets, head);
        self.live.send_replace(Arc::new(picture));
    }
}

/// The picture as of the latest fact in the book.
pub(super) fn picture(settings: &Settings, book: &Book, targets: &[Target], head: (u64, Digest)) -> Live {
    let agreement = &settings.agreement;
    let as_known_at = book.recorded_at.unwrap_or(Instant::MIN);
    let zone = agreement.commitments.first().map_or_else(Zone::utc, |commitment| commitment.terms.zone.value.clone());
    let history = book.history();
    let statement = evaluate(agreement, &history, &Request { period: zone.month_of(as_known_at), as_known_at });
    let known = history.known_at(as_known_at);
    let timelines = agreement
        .commitments
        .iter()
        .flat_map(|commitment| agreement.subjects(commitment).map(move |subject| (commitment, subject)))
        .map(|(commitment, subject)| SubjectTimeline {
            commitment: commitment.id.clone(),
            timeline: timeline(agreement, commitment, &subject, &known),
            subject,
        })
        .collect();
    Live {
        agreement: Arc::clone(agreement),
        as_known_at,
        statement,
        timelines,
        checks: checks(settings, book, targets),
        ledger: LedgerHead { size: head.0, root: head.1.to_string() },
    }
}

fn checks(settings: &Settings, book: &Book, targets: &[Target]) -> Vec<CheckView> {
    let details: BTreeMap<&Series, &str> = targets.iter().map(|target| (&target.series, &*target.detail)).collect();
    book.checks
        .iter()
        .filter(|registration| registration.check.active.until() == Instant::MAX)
        .map(|registration| {
            let series = &registration.check.series;
            let open = book.fold.open_run(series);
            // A run of an earlier definition says nothing about this one.
            let latest = open.filter(|run| registration.check.active.contains(run.last));
            CheckView {
                series: series.clone(),
                scope: registration.check.scope.clone(),
                interval: registration.interval,
                latest: latest.map(|run| LatestRun { state: run.state, from: run.from, last: run.last }),
                detail: details.get(series).copied().unwrap_or("").to_owned(),
            }
        })
        .filter(|view| view.series.vantage == settings.checks.vantage)
        .collect()
}
