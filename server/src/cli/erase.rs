//! `uphold ledger erase`: what is old, or one record, in a ledger that no server has open.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use uphold_core::history::{Reader as Lines, write_check};
use uphold_core::id::FactId;
use uphold_core::ledger::fact::{FactKind, WHY_MAX};
use uphold_core::ledger::record::Recorded;
use uphold_core::time::Instant;

use super::ledger::failure;
use super::{DataFolder, Failure, count};
use crate::clock::Clock;
use crate::ledger::book::Book;
use crate::ledger::{FILE, Ledger, LedgerError, NewFact, Reader, agreements_in_use};
use crate::measure::retention::{Plan, erase_now, of_record, plan};
use crate::operate::incident;
use crate::operate::retention::{Known, Limit, limit};
use crate::revisions::Revisions;

/// Who says so.
const BY: &str = "cli";

/// What to erase.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: DataFolder,
    /// Erase what was observed before this time, as far as nothing needs it any more
    #[arg(long, value_name = "TIME", conflicts_with = "fact", required_unless_present = "fact")]
    before: Option<String>,
    /// Erase one record that was told, such as one that should not have named a person
    #[arg(long, value_name = "ID")]
    fact: Option<String>,
    /// Why; it stays in the ledger, and everybody who verifies it may read it
    #[arg(long, value_name = "WHY", required_unless_present = "dry_run")]
    why: Option<String>,
    /// Print what would be erased, and erase nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let why = args.why.as_deref().unwrap_or_default();
    if why.len() > WHY_MAX || why.chars().any(char::is_control) || (why.is_empty() && !args.dry_run) {
        let says = format!("it must have 1 to {WHY_MAX} bytes and no control characters");
        return Err(Failure::new("cannot understand `--why`").because(says).exit(2));
    }
    let now = Clock::system().now();
    let known = Kept::read(&args.folder.data)?;
    let facts = match (&args.before, &args.fact) {
        (Some(before), _) => {
            let wanted = Instant::parse(before)
                .map_err(|error| Failure::new("cannot understand `--before`").because(error).exit(2))?;
            known.old(wanted.min(now), args.dry_run)?.map(|plan| plan.facts(BY, why, now))
        }
        (None, Some(id)) => {
            let records = known.record(id)?;
            outln!("{} {} of the record:", if args.dry_run { "would erase" } else { "erases" }, parts(&records));
            records.iter().for_each(|record| outln!("  fact {}, `{}`, told by {}", record.seq, record.id, record.by));
            Some(records.iter().map(|record| of_record(record.seq, BY, why, now)).collect())
        }
        (None, None) => None,
    };
    match facts.filter(|_| !args.dry_run) {
        Some(facts) => erase(&args.folder.data, facts),
        None => Ok(()),
    }
}

fn parts(records: &[&Recorded]) -> String {
    count(records.len(), "fact", "facts")
}

fn cannot(error: LedgerError) -> Failure {
    failure("cannot erase", error)
}

fn erase(data: &Path, facts: Vec<NewFact>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new("cannot start the runtime").because(error))?;
    let clock = Clock::system();
    let ledger = Ledger::open(data, Arc::new(move || clock.now())).map_err(|error| match error {
        LedgerError::Locked { .. } => Failure::new("cannot erase")
            .because(error)
            .help("stop the server, erase, and start it again; what is old it erases by itself, with `[retention]`"),
        error => cannot(error),
    })?;
    let deleted = runtime.block_on(erase_now(&ledger, facts)).map_err(cannot)?;
    outln!("erased {}; their leaves stay", count(usize::try_from(deleted).unwrap_or(usize::MAX), "fact", "facts"));
    outln!("copies that were made before still hold them");
    Ok(())
}

/// What the ledger says now, with the revisions that judge it.
struct Kept {
    reader: Reader,
    book: Book,
    revisions: Revisions,
}

impl Kept {
    fn read(data: &Path) -> Result<Self, Failure> {
        let reader = Reader::open(&data.join(FILE)).map_err(cannot)?;
        let book = reader.book(Book::default(), Instant::MAX);
        let book = book.map_err(|error| {
            Failure::new("cannot erase").because(error).help("run `uphold ledger verify` on the folder")
        })?;
        let kept = agreements_in_use(data, &book).map_err(cannot)?;
        // One that is missing might be the one that judges what is to be erased.
        let revisions = Some(kept).filter(|kept| kept.len() == book.revisions.len());
        let revisions = revisions.and_then(|kept| Revisions::new(kept).ok()).ok_or_else(|| {
            Failure::new("cannot erase: a revision of the agreement that judges is not kept here")
                .help("start `uphold serve` on this folder once: it keeps the texts of its agreement")
        })?;
        Ok(Self { reader, book, revisions })
    }

    /// What can be erased of what was observed before an instant. Prints it, and what needs the rest.
    fn old(&self, wanted: Instant, is_dry: bool) -> Result<Option<Plan>, Failure> {
        let history = self.book.history();
        let as_known_at = self.book.recorded_at.unwrap_or(Instant::MIN);
        let (revisions, statements) = (&self.revisions, self.book.statements.as_slice());
        let Limit { before, held } = limit(&Known { revisions, history: &history, statements, as_known_at }, wanted);
        for (from, need) in &held {
            outln!("held from {from} on: {need}");
        }
        let plan = plan(&self.reader, before).map_err(|error| {
            Failure::new("cannot erase").because(error).help("run `uphold ledger verify` on the folder")
        })?;
        let Some(plan) = plan else {
            outln!("nothing that was observed before {before} can be erased: a cut stands at the beginning of a month");
            return Ok(None);
        };
        outln!("{} what was observed before {}:", if is_dry { "would erase" } else { "erases" }, plan.before);
        for part in &plan.parts {
            outln!(
                "  {} `{}` before place {} of the ledger, {} bytes",
                count(usize::try_from(part.count).unwrap_or(usize::MAX), "fact", "facts"),
                part.kind.name(),
                plan.until,
                part.bytes
            );
        }
        Ok(Some(plan))
    }

    /// A record, and its corrections where no other telling of it is left that they could correct.
    fn record(&self, id: &str) -> Result<Vec<&Recorded>, Failure> {
        let fact =
            FactId::parse(id).map_err(|error| Failure::new("cannot understand `--fact`").because(error).exit(2))?;
        let found = self.reader.find(&fact).map_err(cannot)?.ok_or_else(|| {
            Failure::new(format!("cannot erase `{fact}`: the ledger has no such fact, or it was erased"))
                .help("`/api/v1/records` lists the facts that were told, with their ids")
        })?;
        if found.leaf.kind != FactKind::Record {
            let why = format!("it is a fact `{}`, and only what was told can be erased alone", found.leaf.kind.name());
            return Err(Failure::new(format!("cannot erase `{fact}`")).because(why));
        }
        let records = &self.book.records;
        let Some(record) = records.iter().find(|record| record.seq == found.leaf.seq) else { return Ok(Vec::new()) };
        if record.by.starts_with(incident::SERVER) {
            return Err(Failure::new(format!("cannot erase `{fact}`"))
                .because("the server told it, since it follows from the figures, and would tell it again"));
        }
        let mut gone = vec![record];
        let mut next = 0;
        while let Some(record) = gone.get(next).copied() {
            next += 1;
            let line = members(record);
            let is_left = |other: &&Recorded| !gone.iter().any(|gone| gone.seq == other.seq);
            let same = |other: &Recorded| ["type", "id"].iter().all(|key| members(other).get(*key) == line.get(*key));
            if records.iter().filter(is_left).any(same) {
                continue;
            }
            let corrects = |other: &&Recorded| members(other).get("of").is_some_and(|of| Some(of) == line.get("id"));
            let corrections: Vec<&Recorded> = records.iter().filter(is_left).filter(corrects).collect();
            gone.extend(corrections);
        }
        self.is_fit_without(&gone)?;
        Ok(gone)
    }

    /// What stays must still be a history.
    fn is_fit_without(&self, gone: &[&Recorded]) -> Result<(), Failure> {
        let all: Vec<&Recorded> = self.book.records.iter().collect();
        let left: Vec<&Recorded> =
            all.iter().copied().filter(|record| !gone.iter().any(|gone| gone.seq == record.seq)).collect();
        let before = self.unfit(&all);
        let Some(seq) = self.unfit(&left).into_iter().find(|seq| !before.contains(seq)) else { return Ok(()) };
        let record = left.iter().find(|record| record.seq == seq).map_or("", |record| record.id.as_str());
        Err(Failure::new(format!("cannot erase `{}`", gone[0].id))
            .because(format!("fact {seq}, `{record}`, refers to it and would make no sense"))
            .help(format!("erase `{record}` first, or retract it")))
    }

    /// The records that make no sense beside these.
    fn unfit(&self, records: &[&Recorded]) -> BTreeSet<u64> {
        let covering = self.revisions.covering(self.book.recorded_at.unwrap_or(Instant::MIN));
        let mut lines = Lines::new(&covering);
        let checks = self.book.checks.iter().map(|known| write_check(&known.check));
        let mut before = 0_u64;
        checks.for_each(|line| {
            before += 1;
            lines.line(&line);
        });
        records.iter().for_each(|record| lines.line(&record.line));
        let (_, _, bad) = lines.finish();
        let place = |line: u64| usize::try_from(line.checked_sub(before + 1)?).ok();
        bad.into_iter().filter_map(|bad| Some(records.get(place(bad.line)?)?.seq)).collect()
    }
}

fn members(record: &Recorded) -> Map<String, Value> {
    serde_json::from_str(&record.line).unwrap_or_default()
}
