//! The folder form: `observations.csv` with every status commit, and `published.json` with the sites.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use uphold_core::history::Seen;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

use super::{Found, FoundSite, detail};
use crate::error::{Failure, file_failure};

/// The table by which this form is known.
pub(super) const TABLE: &str = "observations.csv";
const SITES: &str = "published.json";

#[derive(Deserialize)]
struct Published {
    summary_commit_epoch_s: Option<i64>,
    sites: BTreeMap<String, PublishedSite>,
    #[serde(default)]
    summary: Vec<super::git::Summary>,
}

#[derive(Deserialize)]
struct PublishedSite {
    #[serde(rename = "startTime")]
    start_time: String,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Row {
    epoch_s: i64,
    slug: String,
    state: String,
    #[serde(default)]
    http_code: String,
    response_ms: Option<u64>,
}

pub(super) fn read(source: &Path) -> Result<Found, Failure> {
    let path = source.join(SITES);
    let text = std::fs::read(&path).map_err(|error| file_failure("read", &path, error))?;
    let published: Published = serde_json::from_slice(&text).map_err(|error| {
        Failure::new(format!("cannot read `{}`", path.display()))
            .because(error)
            .help("it must hold `sites`, each with its `startTime`")
    })?;
    let mut seen = observations(&source.join(TABLE))?;
    let mut names: BTreeMap<String, String> =
        published.summary.into_iter().map(|each| (each.slug, each.name)).collect();
    let sites = published.sites.into_iter().map(|(slug, site)| FoundSite {
        name: names.remove(&slug),
        seen: seen.remove(&slug).unwrap_or_default(),
        slug,
        address: site.url,
        start: site.start_time,
    });
    let sites = sites.collect();
    if let Some(slug) = seen.keys().next() {
        return Err(Failure::new(format!("`{}` has no site `{slug}`, which `{TABLE}` observes", path.display()))
            .help("add the site with its `startTime`, or take its rows out of the table"));
    }
    let published_at = published.summary_commit_epoch_s.and_then(instant);
    Ok(Found { sites, published_at, removed: Vec::new() })
}

fn observations(path: &Path) -> Result<BTreeMap<String, Vec<Seen>>, Failure> {
    let cannot = || Failure::new(format!("cannot read `{}`", path.display()));
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|error| cannot().because(error))?;
    let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for (number, row) in reader.deserialize::<Row>().enumerate() {
        let row = row.map_err(|error| {
            cannot().because(error).help("its columns are epoch_s, slug, state, http_code and response_ms")
        })?;
        let bad =
            |what: String| cannot().because(format!("row {}: {what}", number + 1)).help("mend the row, or take it out");
        let state = Observed::find(&row.state).ok_or_else(|| bad(format!("`{}` is not a state", row.state)))?;
        let at = instant(row.epoch_s).ok_or_else(|| bad(format!("`{}` is not a time", row.epoch_s)))?;
        let one = Seen { at, state, detail: detail(&row.http_code), latency_ms: row.response_ms };
        seen.entry(row.slug).or_default().push(one);
    }
    Ok(seen)
}

fn instant(epoch_s: i64) -> Option<Instant> {
    let instant = Instant(epoch_s.checked_mul(1000)?);
    (Instant::MIN..Instant::MAX).contains(&instant).then_some(instant)
}
