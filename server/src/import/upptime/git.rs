//! The git form: the commits of `history/*.yml`, read through the `git` command.
//!
//! The state is read from the file of each commit and not from its message: Upptime lets its owner reword messages and
//! choose other signs for them, while the file keeps its form. A commit that leaves `lastUpdated` as it was, such as one
//! made by a person, is no observation.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use uphold_core::history::Seen;
use uphold_core::run::Observed;
use uphold_core::time::Instant;

use super::{Found, FoundSite, detail};
use crate::error::Failure;

/// One site in the summary that Upptime publishes.
#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) name: String,
    pub(super) slug: String,
}

const SUMMARY: &str = "history/summary.json";

/// A commit's version of one site's file.
struct Version {
    at: Instant,
    slug: String,
    /// Absent where the commit removed the file.
    blob: Option<String>,
}

pub(super) fn read(source: &Path) -> Result<Found, Failure> {
    if git(source, &["rev-parse", "--is-shallow-repository"], "")?.trim_ascii() == b"true" {
        return Err(Failure::new(format!("`{}` holds only a part of its history", source.display()))
            .help("fetch the rest with `git fetch --unshallow`"));
    }
    let log = git(
        source,
        &[
            "log",
            "--reverse",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-show-signature",
            "--format=commit %at",
            "HEAD",
            "--",
            ":(top,glob)history/*.yml",
        ],
        "",
    )?;
    let versions = versions(&String::from_utf8_lossy(&log));
    if versions.is_empty() {
        return Err(Failure::new(format!("no commit of `{}` touches `history/*.yml`", source.display()))
            .help("name the checkout of an Upptime repository"));
    }
    let wanted: String = versions.iter().filter_map(|v| v.blob.as_deref()).map(|blob| format!("{blob}\n")).collect();
    let blobs = blobs(&git(source, &["cat-file", "--batch"], &wanted)?);
    let mut found = sites(versions, &blobs);
    // A repository without a summary is one whose sites have no names.
    let summary = git(source, &["cat-file", "blob", &format!("HEAD:{SUMMARY}")], "").unwrap_or_default();
    let names: Vec<Summary> = serde_json::from_slice(&summary).unwrap_or_default();
    for site in &mut found.sites {
        site.name = names.iter().find(|each| each.slug == site.slug).map(|each| each.name.clone());
    }
    let published = git(source, &["log", "-1", "--format=%at", "HEAD", "--", &format!(":(top){SUMMARY}")], "")?;
    found.published_at = instant(String::from_utf8_lossy(&published).trim());
    Ok(found)
}

/// Runs git without anything that the repository's own configuration could make it start.
fn git(source: &Path, args: &[&str], input: &str) -> Result<Vec<u8>, Failure> {
    let cannot = || Failure::new(format!("cannot read the git history of `{}`", source.display()));
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(source)
        .args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "log.showRoot=true"])
        .args(args)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("LC_ALL", "C")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().map_err(|error| {
        cannot().because(error).help("install git: this form of the source is read with its command line")
    })?;
    let stdin = process.stdin.take();
    let output = std::thread::scope(|scope| {
        // Written from another thread: git answers while it still reads, and would wait for us for ever.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        process.wait_with_output()
    })
    .map_err(|error| cannot().because(error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(cannot().because(said).help("name a git checkout, or a folder with `observations.csv` and `published.json`"))
}

/// What `git log --raw` says, in its order.
fn versions(log: &str) -> Vec<Version> {
    let mut at = None;
    let mut versions = Vec::new();
    for line in log.lines() {
        if let Some(time) = line.strip_prefix("commit ") {
            at = instant(time);
            continue;
        }
        let Some((meta, path)) = line.strip_prefix(':').and_then(|raw| raw.split_once('\t')) else { continue };
        let slug = path.strip_prefix("history/").and_then(|file| file.strip_suffix(".yml"));
        let mut meta = meta.split(' ').skip(3);
        if let (Some(at), Some(slug), Some(blob), Some(act)) = (at, slug, meta.next(), meta.next()) {
            versions.push(Version { at, slug: slug.to_owned(), blob: (act != "D").then(|| blob.to_owned()) });
        }
    }
    versions
}

/// What `git cat-file --batch` says: `ID blob SIZE`, the content, and a newline, again and again.
fn blobs(mut batch: &[u8]) -> BTreeMap<String, String> {
    let mut blobs = BTreeMap::new();
    while let Some(end) = batch.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&batch[..end]).into_owned();
        let mut parts = head.split(' ');
        let size = parts.clone().nth(2).and_then(|size| size.parse::<usize>().ok()).unwrap_or(0);
        let (start, stop) = (end + 1, (end + 1).saturating_add(size));
        let content = batch.get(start..stop).unwrap_or_default();
        if let Some(id) = parts.next() {
            blobs.insert(id.to_owned(), String::from_utf8_lossy(content).into_owned());
        }
        // After an object that is missing there is no content, and so no newline of its own.
        let next = if head.ends_with(" missing") { start } else { stop.saturating_add(1) };
        batch = batch.get(next..).unwrap_or_default();
    }
    blobs
}

fn sites(versions: Vec<Version>, blobs: &BTreeMap<String, String>) -> Found {
    let mut sites: BTreeMap<String, (FoundSite, String)> = BTreeMap::new();
    let mut removed = Vec::new();
    for Version { at, slug, blob } in versions {
        removed.retain(|other| *other != slug);
        let Some(blob) = blob else {
            removed.push(slug);
            continue;
        };
        let Some(file) = blobs.get(&blob) else { continue };
        let (site, updated) = sites.entry(slug.clone()).or_default();
        site.slug = slug;
        site.address = value(file, "url").to_owned();
        site.start = value(file, "startTime").to_owned();
        let latest = value(file, "lastUpdated");
        if latest == updated && !latest.is_empty() {
            continue;
        }
        latest.clone_into(updated);
        let Some(state) = Observed::find(value(file, "status")) else { continue };
        let latency_ms = value(file, "responseTime").parse().ok();
        site.seen.push(Seen { at, state, detail: detail(value(file, "code")), latency_ms });
    }
    removed.iter().for_each(|slug| drop(sites.remove(slug)));
    Found { sites: sites.into_values().map(|(site, _)| site).collect(), published_at: None, removed }
}

/// The value of a key in a site's file. Its first versions wrote each key as an item of a list.
fn value<'f>(file: &'f str, key: &str) -> &'f str {
    let lines = file.lines().map(|line| line.strip_prefix("- ").unwrap_or(line));
    let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    values.next().unwrap_or_default().trim().trim_matches(['"', '\''])
}

fn instant(epoch_s: &str) -> Option<Instant> {
    let instant = Instant(epoch_s.parse::<i64>().ok()?.checked_mul(1000)?);
    (Instant::MIN..Instant::MAX).contains(&instant).then_some(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(state: &str, updated: &str) -> String {
        format!(
            "url: https://example.org\nstatus: {state}\ncode: 200\nresponseTime: 51\nlastUpdated: {updated}\n\
             startTime: 2026-01-01T00:00:00.000Z\ngenerator: Upptime\n"
        )
    }

    fn version(at: i64, slug: &str, blob: Option<&str>) -> Version {
        Version { at: Instant(at), slug: slug.to_owned(), blob: blob.map(str::to_owned) }
    }

    #[test]
    fn the_log_and_the_batch_are_taken_apart() {
        let log = "commit 1786446385\n\n:000000 100644 00 aa A\thistory/a.yml\n:100644 000000 bb 00 D\thistory/b.yml\n\
            commit 1786446386\n\n:100644 100644 aa cc M\thistory/a.yml\n";
        let versions: Vec<(i64, String, Option<String>)> =
            versions(log).into_iter().map(|v| (v.at.0, v.slug, v.blob)).collect();
        assert_eq!(
            versions,
            [
                (1_786_446_385_000, "a".to_owned(), Some("aa".to_owned())),
                (1_786_446_385_000, "b".to_owned(), None),
                (1_786_446_386_000, "a".to_owned(), Some("cc".to_owned())),
            ]
        );
        let blobs = blobs(b"aa blob 5\nx: 1\n\nbb missing\ncc blob 0\n\ndd blob 2\nhi\n");
        let blobs: Vec<(&str, &str)> = blobs.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        assert_eq!(blobs, [("aa", "x: 1\n"), ("bb", ""), ("cc", ""), ("dd", "hi")]);
    }

    #[test]
    fn a_version_that_was_not_updated_is_no_observation_and_a_removed_site_is_none() {
        let old = "- url: https://old.example.org\n- status: down\n- code: 503\n- lastUpdated: t1\n- startTime: s\n";
        let blobs: BTreeMap<String, String> = [
            ("old", old.to_owned()),
            ("up", file("up", "t2")),
            ("edited", file("down", "t2")),
            ("slow", file("degraded", "t3")),
        ]
        .map(|(id, text)| (id.to_owned(), text))
        .into();
        let found = sites(
            vec![
                version(1, "a", Some("old")),
                version(2, "a", Some("up")),
                version(3, "gone", Some("up")),
                version(4, "a", Some("edited")),
                version(5, "a", Some("slow")),
                version(6, "gone", None),
            ],
            &blobs,
        );
        assert_eq!(found.removed, ["gone"]);
        let [site] = found.sites.as_slice() else { panic!("{found:?}") };
        let seen: Vec<(i64, Observed, &str)> =
            site.seen.iter().map(|seen| (seen.at.0, seen.state, seen.detail.as_str())).collect();
        assert_eq!(
            seen,
            [(1, Observed::Down, "HTTP 503"), (2, Observed::Up, "HTTP 200"), (5, Observed::Degraded, "HTTP 200")]
        );
        assert_eq!((site.start.as_str(), site.address.as_str()), ("2026-01-01T00:00:00.000Z", "https://example.org"));
    }
}
