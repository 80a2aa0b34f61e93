//! A statement as a terminal shows it: a table for each commitment, and below each row what follows from it.
//!
//! The headings are English in every language, and of figures the words of the HTML form; the names are the agreement's.
//! The public forms for other programs are JSON and CSV.

use uphold_core::agreement::{Agreement, Commitment, CreditUnit, Language};
use uphold_core::id::CommitmentId;
use uphold_core::ratio::Ratio;
use uphold_core::statement::{
    Amount, ClaimRow, ClaimState, Credit, CreditNote, GoalRow, Inputs, Right, Row, Statement,
};
use uphold_core::time::tzdb_version;
use uphold_core::timeline::Tally;

use super::count;
use super::table::Table;
use crate::wording::{Texts, measured};

/// How a statement is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// The language of names.
    pub(super) language: Language,
    /// Whether every reason stands below its row.
    pub(super) reasons: bool,
}

/// The whole statement. `revisions` are those that it was made from, the newest last.
pub(super) fn text(statement: &Statement, revisions: &[Agreement], inputs: &Inputs, shown: Shown) -> String {
    let mut text = head(statement, revisions, inputs, shown.language);
    for (commitment, id) in commitments(revisions) {
        let rows: Vec<&Row> = statement.rows.iter().filter(|row| row.commitment == *id).collect();
        let name = commitment.name.in_language(shown.language);
        text.push_str(&format!("\n{name} (clause {}, {})\n", commitment.clause, commitment.kind()));
        if rows.is_empty() {
            text.push_str("  there is nothing that it could be judged for in this period\n");
        } else {
            text.push_str(&table(&rows, statement.revisions.len() > 1, shown.reasons).to_string());
        }
    }
    text
}

fn head(statement: &Statement, revisions: &[Agreement], inputs: &Inputs, language: Language) -> String {
    let title = revisions.last().map_or("", |agreement| agreement.title.in_language(language));
    let word = if statement.revisions.len() > 1 { "revisions" } else { "revision" };
    let mut text = format!(
        "{title}, {word} {}\n{}, as known at {} (tz database {})\ninputs: {}, SHA-256 {}\n",
        statement.revisions.join(", "),
        statement.period.name,
        statement.as_known_at,
        tzdb_version(),
        count(usize::try_from(inputs.lines).unwrap_or(usize::MAX), "line", "lines"),
        inputs.digest,
    );
    if let Some(until) = statement.made_up_until {
        text.push_str(&format!("made up: nothing before {until} was measured\n"));
    }
    if inputs.skipped > 0 {
        let skipped = count(usize::try_from(inputs.skipped).unwrap_or(usize::MAX), "bad line", "bad lines");
        text.push_str(&format!("left out: {skipped}, by `--skip-bad-lines`; what they say is in no figure below\n"));
    }
    let newest = revisions.last().filter(|agreement| language != agreement.authoritative);
    if let Some(note) = newest.and_then(|agreement| agreement.note.as_ref()) {
        text.push_str(&format!("{}\n", note.in_language(language)));
    }
    text
}

/// Every commitment of any revision once, in the order and with the names of the newest one that has it.
fn commitments(revisions: &[Agreement]) -> Vec<(&Commitment, &CommitmentId)> {
    let mut all: Vec<(&Commitment, &CommitmentId)> = Vec::new();
    for commitment in revisions.iter().rev().flat_map(|agreement| &agreement.commitments) {
        if !all.iter().any(|(_, id)| **id == commitment.id) {
            all.push((commitment, &commitment.id));
        }
    }
    all
}

/// The columns that these rows fill; one that none of them fills is left out.
fn table(rows: &[&Row], several_revisions: bool, reasons: bool) -> Table {
    let customers = rows.iter().any(|row| row.customer().is_some());
    let percentages = rows.iter().any(|row| row.availability.is_some() || row.kind == "availability");
    let mut keys: Vec<&'static str> = Vec::new();
    for measured in rows.iter().flat_map(|row| &row.measured) {
        if !keys.contains(&measured.key) {
            keys.push(measured.key);
        }
    }
    let mut header = vec!["subject"];
    header.extend(customers.then_some("customer"));
    header.extend(several_revisions.then_some("revision"));
    header.extend(["period", "verdict"]);
    if percentages {
        header.extend(["lower", "upper", "target", "down s", "excluded s", "unknown s", "covered s"]);
    }
    let headings = keys.iter().map(|key| measured::label(Texts(Language::En), key).to_lowercase());
    let mut table = Table::new(header.into_iter().map(str::to_owned).chain(headings));
    for row in rows {
        let mut cells = vec![row.subject.to_string()];
        cells.extend(customers.then(|| row.customer().map_or("–".to_owned(), ToString::to_string)));
        cells.extend(several_revisions.then(|| row.revision.clone()));
        cells.extend([format!("{} {}", row.period.name, row.zone), row.verdict.name().to_owned()]);
        if percentages {
            cells.extend(percentage(row));
        }
        for key in &keys {
            let figure = row.measured.iter().find(|measured| measured.key == *key);
            cells.push(figure.map_or("–".to_owned(), |measured| amount(&measured.amount, row.decimals)));
        }
        table.row(cells, notes(row, reasons));
    }
    table
}

fn percent(ratio: Option<&Ratio>, decimals: usize) -> String {
    ratio.map_or("–".to_owned(), |ratio| format!("{} %", ratio.percent(decimals)))
}

fn percentage(row: &Row) -> [String; 7] {
    let Tally { down, excluded, unknown, .. } = row.tally;
    [
        percent(row.availability.as_ref().map(|bounds| &bounds.lower), row.decimals),
        percent(row.availability.as_ref().map(|bounds| &bounds.upper), row.decimals),
        row.target.as_ref().map_or("–".to_owned(), |target| format!("{} %", target.percent)),
        down.seconds(),
        excluded.seconds(),
        unknown.seconds(),
        row.tally.covered().seconds(),
    ]
}

fn amount(amount: &Amount, decimals: usize) -> String {
    match amount {
        Amount::Time(length) => length.to_string(),
        Amount::Count(number) => number.to_string(),
        Amount::Moment(at) => at.to_string(),
        Amount::Share(share) => percent(Some(share), decimals),
    }
}

/// What stands below a row: its goals, what the miss earns, and on demand every reason.
fn notes(row: &Row, reasons: bool) -> Vec<String> {
    let mut notes: Vec<String> = row.goals.iter().map(|each| goal(each, row.decimals)).collect();
    notes.extend(row.credit.as_ref().filter(|credit| may_be_owed(credit)).map(credit));
    notes.extend(row.claim.as_ref().filter(|claim| claim.state != ClaimState::NotDue).map(claim));
    notes.extend(row.termination.as_ref().map(right));
    if reasons {
        notes.extend(row.reasons.iter().map(|reason| {
            let (from, until) = (reason.interval.from(), reason.interval.until());
            format!("{from} to {until}: {}: {}", reason.kind.name(), reason.text())
        }));
    }
    notes
}

fn goal(goal: &GoalRow, decimals: usize) -> String {
    let name = goal.name.as_ref().map_or_else(|| "goal".to_owned(), |name| format!("goal `{name}`"));
    let target = goal.target.as_ref().map_or("no target".to_owned(), |target| format!("target {} %", target.percent));
    let figure = match &goal.availability {
        None => "no time counted".to_owned(),
        Some(bounds) => {
            format!("{} to {}", percent(Some(&bounds.lower), decimals), percent(Some(&bounds.upper), decimals))
        }
    };
    format!("{name}: {}, {figure}, {target}", goal.verdict.name())
}

/// Whether there is anything to tell: a miss, or unknown time that may yet turn out to be one.
fn may_be_owed(credit: &Credit) -> bool {
    !credit.notes.contains(&CreditNote::NotMissed) || credit.range.as_ref().is_some_and(|(least, most)| least != most)
}

fn credit(credit: &Credit) -> String {
    let unit = match &credit.unit {
        None => "none".to_owned(),
        Some(CreditUnit::Share(share)) => format!("{} % of the fee", share.percent(2)),
        Some(CreditUnit::ServiceDays(days)) => count(*days as usize, "day of service", "days of service"),
        Some(CreditUnit::TimesLost(times)) => format!("{} times the fee for the lost time", times.places(2)),
        Some(CreditUnit::PerStarted { step, share }) => {
            format!("{} % of the fee for every started {step}", share.percent(2))
        }
    };
    let money = |amount: &Ratio| {
        let places = measured::money(amount);
        credit.currency.as_ref().map_or_else(|| places.clone(), |currency| format!("{places} {currency}"))
    };
    let mut text = format!("credit: {unit}");
    if let Some(base) = &credit.base {
        text.push_str(&format!(", on {}", money(base)));
    }
    if let Some(amount) = &credit.amount {
        text.push_str(&format!(": {}", money(amount)));
    }
    if let Some((least, most)) = credit.range.as_ref().filter(|(least, most)| least != most) {
        text.push_str(&format!(", from {} to {} as the unknown time decides", money(least), money(most)));
    }
    if !credit.notes.is_empty() {
        let notes: Vec<&str> = credit.notes.iter().map(|note| note.name()).collect();
        text.push_str(&format!(" ({})", notes.join(", ")));
    }
    text
}

fn claim(claim: &ClaimRow) -> String {
    let mut text = format!("claim: {}", claim.state.name());
    if let Some(deadline) = claim.deadline {
        text.push_str(&format!(", deadline {deadline}"));
    }
    if let Some(fact) = &claim.fact {
        text.push_str(&format!(", filed as `{fact}`"));
    }
    if !claim.missing.is_empty() {
        text.push_str(&format!(", still to be handed in: {}", claim.missing.join(", ")));
    }
    text
}

fn right(right: &Right) -> String {
    let lapses = right.lapses.map_or_else(|| "does not lapse".to_owned(), |at| format!("lapses {at}"));
    format!("right to end the contract: arises {}, {lapses}", right.arises)
}
