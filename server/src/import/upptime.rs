//! An Upptime repository as a history and a starter agreement.
//!
//! Upptime commits a file for each site whenever its state changes, and a few times a day besides. Two forms of the source
//! are read: a git checkout (`upptime/git.rs`), and a folder with the same as a table. Not here: what a state counts as;
//! the starter agreement says that, in terms that its owner can change.

mod folder;
mod git;

use std::path::Path;

use uphold_core::history::{Check, CheckScope, Role, Seen, write_check, write_observation};
use uphold_core::id::{AgreementId, CheckId, InterfaceId, Series, SolutionId, VantageId};
use uphold_core::interval::Interval;
use uphold_core::run::{Observed, Staleness};
use uphold_core::time::{Instant, Millis};

use crate::error::Failure;

/// The one interface that every site gets.
const INTERFACE: &str = "site";
/// Where the observations come from. Upptime does not record on which machine it ran.
const VANTAGE: &str = "upptime";

/// One site that Upptime watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its slug as an id.
    pub id: SolutionId,
    /// Its name; the slug, where the source has none.
    pub name: String,
    /// Its address; empty where the source has none.
    pub address: String,
    /// From when Upptime watches it.
    pub start: Instant,
    /// What was recorded, in order of time.
    pub seen: Vec<Seen>,
}

/// Everything that a source holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// What the source is called.
    pub id: AgreementId,
    /// Its sites, by id; never none.
    pub sites: Vec<Site>,
    /// When Upptime last published figures; the last observation, where that is not known.
    pub published_at: Instant,
    /// Slugs of sites that were removed from Upptime, and so are left out.
    pub removed: Vec<String>,
}

/// What was taken out of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Episodes of down shorter than this.
    pub below: Millis,
    /// How many.
    pub episodes: usize,
    /// How long they were together.
    pub hidden: Millis,
    /// At how many sites.
    pub sites: usize,
}

impl Repository {
    /// Reads a source: a folder with `observations.csv` and `published.json`, or a git checkout.
    ///
    /// # Errors
    /// When it is neither, or what it holds cannot be read.
    pub fn read(source: &Path) -> Result<Self, Failure> {
        let name = source.canonicalize().ok();
        let name = name.as_deref().and_then(Path::file_name).map_or_else(String::new, |n| n.to_string_lossy().into());
        let id = AgreementId::parse(&as_id(&name)).or_else(|_| AgreementId::parse("upptime"));
        let id = id.map_err(|error| Failure::new("cannot name the agreement").because(error))?;
        let found = if source.join(folder::TABLE).is_file() { folder::read(source)? } else { git::read(source)? };
        found.into_repository(id, source)
    }

    /// Takes out every episode of down or degraded that is shorter than `below`, and says how much that was. An episode
    /// goes from the first observation that is not up to the next one that is; the last one, still open, stays.
    pub fn drop_below(&mut self, below: Millis) -> Dropped {
        let mut dropped = Dropped { below, episodes: 0, hidden: Millis(0), sites: 0 };
        for site in &mut self.sites {
            let before = dropped.episodes;
            let mut kept: Vec<Seen> = Vec::with_capacity(site.seen.len());
            for seen in site.seen.drain(..) {
                let episode = kept.iter().rev().take_while(|seen| is_failing(seen)).count();
                if !is_failing(&seen) && episode > 0 {
                    let start = kept.len() - episode;
                    let length = seen.at - kept[start].at;
                    if length < below {
                        kept.truncate(start);
                        dropped.episodes += 1;
                        dropped.hidden = dropped.hidden + length;
                    }
                }
                kept.push(seen);
            }
            site.seen = kept;
            dropped.sites += usize::from(dropped.episodes > before);
        }
        dropped
    }

    /// From the first site's start.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.sites.iter().map(|site| site.start).min().unwrap_or(Instant::MIN)
    }

    /// The history: one check a site, registered from its start, and every observation.
    #[must_use]
    pub fn history(&self) -> String {
        let mut text = String::new();
        for site in &self.sites {
            let Some(check) = check(site) else { continue };
            text.push_str(&write_check(&check));
            text.push('\n');
            for seen in &site.seen {
                text.push_str(&write_observation(&check.series, seen));
                text.push('\n');
            }
        }
        text
    }

    /// A starter agreement: it promises nothing, and measures every site as exactly as the source allows.
    #[must_use]
    pub fn agreement(&self, dropped: Option<&Dropped>) -> String {
        let mut text = String::from(HEAD);
        let mut title = format!("Availability of the sites of {}", self.id);
        if let Some(Dropped { below, episodes, hidden, .. }) = dropped {
            text.push_str(&format!(
                "#\n# The history beside it hides {episodes} episodes of down shorter than {below}, {} seconds in all. \
                 Its figures\n# are those that Upptime publishes, not what Upptime saw.\n",
                hidden.seconds()
            ));
            title.push_str(&format!(", without outages shorter than {below}"));
        }
        text.push_str(&format!(
            "\n[agreement]\nid = \"{}\"\ntitle.en = {}\nprovider.en = \"{}\"\nrevision = \"imported\"\n\
             languages = [\"en\"]\nauthoritative = \"en\"\nvalid_from = {}\n",
            self.id,
            quoted(&title),
            self.id,
            self.start()
        ));
        text.push_str(CLAUSE);
        for site in &self.sites {
            let address = if site.address.is_empty() { String::new() } else { format!("# {}\n", site.address) };
            text.push_str(&format!(
                "\n{address}[[solution]]\nid = \"{}\"\nname.en = {}\ncovered_from = {}\n\n[[solution.interface]]\n\
                 id = \"{INTERFACE}\"\nname.en = \"Site\"\n",
                site.id,
                quoted(&site.name),
                site.start
            ));
        }
        text.push_str(TERMS);
        text
    }
}

const HEAD: &str = "\
# A starter agreement, written by `uphold import upptime`. It is yours now: change it.
";

const CLAUSE: &str = r#"
[[clause]]
id = "1"
force = "statement"
title.en = "Availability"
text.en = "The availability of each site is measured and published. No figure is promised."
"#;

const TERMS: &str = r#"
# No target: to promise a figure, add `target = "99.9"` and `binding = "lower"`.
[[commitment]]
id = "availability"
name.en = "Availability of each site"
clause = "1"
kind = "availability"
per = "solution"

# Each of these is a choice, and every statement says so.
[policy]
zone = "UTC"
# Whatever `--period` asks for is judged as one, as Upptime's overall uptime is. For statements by the calendar: "month".
period = "asked"
# Upptime records changes of state only, so an observation holds until the next one and the checks of the history have no
# staleness. What is left unknown is the time from a site's start to its first commit, which can take an hour. Upptime
# counts it as up, and so does this. With "bounds" it would stand in the figures as what it is: not observed.
unknown = "up"
# Upptime counts a degraded site as down.
degraded = "down"
service_time = "24x7"
# What each site's checks saw, as its share of the time, and nothing is left out.
indicator = "states"
aggregate = "duration"
exclusions = []
vantages = "all"
checks = "all"
decimals = 4
close_after = "0s"
"#;

/// What a form of the source holds, before it is judged.
#[derive(Debug)]
struct Found {
    sites: Vec<FoundSite>,
    published_at: Option<Instant>,
    removed: Vec<String>,
}

/// One site as the source writes it.
#[derive(Debug, Default)]
struct FoundSite {
    slug: String,
    name: Option<String>,
    address: String,
    start: String,
    seen: Vec<Seen>,
}

impl Found {
    fn into_repository(self, id: AgreementId, source: &Path) -> Result<Repository, Failure> {
        let source = source.display();
        let mut sites: Vec<Site> = Vec::new();
        for mut found in self.sites {
            let cannot = || Failure::new(format!("cannot import the site `{}` of `{source}`", found.slug));
            let id = SolutionId::parse(&as_id(&found.slug)).map_err(|error| {
                cannot().because(error).help("give the site another `slug` in Upptime's configuration")
            })?;
            let start = rounded(&found.start).ok_or_else(|| {
                cannot()
                    .because(format!("its start time `{}` is not a time", found.start))
                    .help("mend `startTime` of the site, as in `2026-10-03T01:10:00.000Z`")
            })?;
            if sites.iter().any(|other| other.id == id) {
                return Err(cannot()
                    .because(format!("another site has the id `{id}` too"))
                    .help("give the sites slugs that differ in more than case and punctuation"));
            }
            found.seen.sort_by_key(|seen| seen.at);
            let name = found.name.unwrap_or(found.slug);
            let address = if found.address.chars().any(char::is_control) { String::new() } else { found.address };
            sites.push(Site { id, name, address, start, seen: found.seen });
        }
        sites.sort_by(|a, b| a.id.cmp(&b.id));
        let last = sites.iter().filter_map(|site| Some(site.seen.last()?.at)).max();
        match self.published_at.or(last) {
            Some(published_at) => Ok(Repository { id, sites, published_at, removed: self.removed }),
            None => Err(Failure::new(format!("`{source}` holds no observation of any site"))
                .help("name the checkout of an Upptime repository, with its whole history")),
        }
    }
}

fn is_failing(seen: &Seen) -> bool {
    matches!(seen.state, Observed::Down | Observed::Degraded)
}

fn check(site: &Site) -> Option<Check> {
    let scope = CheckScope::whole(site.id.clone(), InterfaceId::parse(INTERFACE).ok()?);
    let series = Series { check: CheckId::parse(site.id.as_str()).ok()?, vantage: VantageId::parse(VANTAGE).ok()? };
    let active = Interval::new(site.start, Instant::MAX)?;
    let role = Role::Measure;
    Some(Check { series, scope, staleness: Staleness::None, weight: 1, role, active, recorded_at: site.start })
}

/// A slug or a name with everything that an id may not have replaced.
fn as_id(text: &str) -> String {
    let is_good = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(*c);
    let replaced: String =
        text.chars().flat_map(char::to_lowercase).map(|c| if is_good(&c) { c } else { '-' }).collect();
    replaced.trim_start_matches(['-', '_', '.']).chars().take(64).collect()
}

/// A time to the millisecond, which is what JavaScript writes; anything finer is cut.
fn rounded(text: &str) -> Option<Instant> {
    let stamp: jiff::Timestamp = text.parse().ok()?;
    Instant::parse(&Instant(stamp.as_millisecond()).to_string()).ok()
}

/// A TOML string. JSON's escapes are all TOML's too; it only lets one control character through.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// The words of an observation: what Upptime wrote beside the state.
fn detail(code: &str) -> String {
    match code {
        "" => String::new(),
        "0" => "no answer".to_owned(),
        code => format!("HTTP {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Observed::{Degraded, Down, Up};
    use uphold_core::history::Reader;

    fn repository(seen: &[(i64, Observed)]) -> Repository {
        let seen = seen
            .iter()
            .map(|(minute, state)| Seen {
                at: Instant(minute * 60_000),
                state: *state,
                detail: detail("200"),
                latency_ms: Some(5),
            })
            .collect();
        let found = FoundSite {
            slug: "My Site".into(),
            name: Some("Say \"hi\"\n\u{7f}\\".into()),
            address: "https://example.org".into(),
            start: "1970-01-01T00:00:00.000Z".into(),
            seen,
        };
        let found = Found { sites: vec![found], published_at: None, removed: Vec::new() };
        found.into_repository(AgreementId::parse("a").unwrap(), Path::new("x")).unwrap()
    }

    #[test]
    fn episodes_shorter_than_the_limit_are_dropped_and_counted() {
        let all =
            [(0, Up), (10, Down), (12, Degraded), (24, Up), (30, Degraded), (45, Up), (50, Down), (51, Up), (60, Down)];
        let mut repository = repository(&all);
        let dropped = repository.drop_below(Millis(15 * 60_000));
        assert_eq!((dropped.episodes, dropped.hidden, dropped.sites), (2, Millis(15 * 60_000), 1));
        let kept: Vec<i64> = repository.sites[0].seen.iter().map(|seen| seen.at.0 / 60_000).collect();
        assert_eq!(kept, [0, 24, 30, 45, 51, 60], "an episode of exactly the limit stays, and so does the open one");
    }

    #[test]
    fn the_agreement_and_the_history_can_be_read_whatever_the_names_are() {
        let mut repository = repository(&[(0, Up), (10, Down), (12, Up)]);
        let dropped = repository.drop_below(Millis(60_000));
        for text in [repository.agreement(None), repository.agreement(Some(&dropped))] {
            let reading = uphold_core::agreement::read(&text);
            assert_eq!(reading.findings, [], "{text}");
            let agreement = reading.agreement.unwrap();
            assert_eq!(agreement.solutions[0].id.as_str(), "my-site");
            assert_eq!(agreement.solutions[0].covered_from, Some(Instant(0)));
            let mut reader = Reader::new(&agreement);
            repository.history().lines().for_each(|line| reader.line(line));
            let (history, counted, bad) = reader.finish();
            assert_eq!((bad, counted.lines), (vec![], 4));
            assert_eq!(history.checks[0].staleness, Staleness::None);
        }
    }

    #[test]
    fn sites_that_would_share_an_id_are_refused() {
        let site = |slug: &str| FoundSite {
            slug: slug.into(),
            start: "2026-01-01T00:00:00.1234567Z".into(),
            ..FoundSite::default()
        };
        let found = |a: &str, b: &str| Found {
            sites: vec![site(a), site(b)],
            published_at: Some(Instant(0)),
            removed: Vec::new(),
        };
        let id = || AgreementId::parse("a").unwrap();
        assert!(found("A b", "a-b").into_repository(id(), Path::new("x")).is_err());
        let two = found("a", "b").into_repository(id(), Path::new("x")).unwrap();
        assert_eq!(two.start().to_string(), "2026-01-01T00:00:00.123Z");
        assert!(found("日本", "b").into_repository(id(), Path::new("x")).is_err(), "no letter is left");
    }
}
