//! What a statement comes to: the figures, verdicts and amounts alone, as a digest. Two statements with one digest owe and
//! judge the same, whatever their words.

use std::collections::BTreeMap;

use super::{Availability, Row, Statement};
use crate::ledger::canonical::{self, Value};
use crate::ledger::digest::Digest;
use crate::ratio::Ratio;

impl Statement {
    /// The digest of the figures of every row whose own period ends within the statement's: one that goes on is judged by
    /// the statement in which it ends. Claims are not in it, since they change by the calendar alone.
    ///
    /// Its form is version 1 and final: a list of one object a row, as canonical JSON.
    #[must_use]
    pub fn figures(&self) -> Digest {
        let end = self.period.interval.until();
        let rows = self.rows.iter().filter(|row| row.period.interval.until() <= end);
        Digest::of(&[&canonical::to_bytes(&Value::List(rows.map(figures).collect()))])
    }
}

fn figures(row: &Row) -> Value {
    let mut members: BTreeMap<String, Value> = BTreeMap::new();
    let mut put = |key: &str, value: Value| {
        members.insert(key.to_owned(), value);
    };
    put("id", Value::text(&row.commitment));
    put("subject", Value::text(&row.subject));
    put("revision", Value::text(&row.revision));
    put("from", Value::Int(row.period.interval.from().0));
    put("until", Value::Int(row.period.interval.until().0));
    put("verdict", Value::text(row.verdict.name()));
    if let Some(customer) = row.customer() {
        put("customer", Value::text(customer));
    }
    if let Some(Availability { lower, upper }) = &row.availability {
        put("lower", fraction(lower));
        put("upper", fraction(upper));
    }
    let seconds = [row.tally.up, row.tally.down, row.tally.excluded, row.tally.unknown];
    put("ms", Value::List(seconds.map(|length| Value::Int(length.0)).to_vec()));
    let measured = row.measured.iter().map(|measured| (measured.key.to_owned(), Value::text(&measured.amount)));
    put("measured", Value::Map(measured.collect()));
    let goals = row.goals.iter().map(|goal| Value::text(goal.verdict.name()));
    put("goals", Value::List(goals.collect()));
    if let Some(credit) = &row.credit {
        let range = credit.range.as_ref().map(|(least, most)| vec![fraction(least), fraction(most)]);
        let amount = credit.amount.as_ref().map(|amount| vec![fraction(amount)]);
        put("credit", Value::List(amount.or(range).unwrap_or_default()));
        put("tier", Value::List(credit.tier.map(|tier| Value::count(tier as u64)).into_iter().collect()));
        put("currency", Value::text(credit.currency.as_deref().unwrap_or("")));
    }
    if let Some(right) = &row.termination {
        put("termination", Value::Int(right.arises.0));
    }
    Value::Map(members)
}

fn fraction(ratio: &Ratio) -> Value {
    Value::text(format!("{}/{}", ratio.num(), ratio.den()))
}
