//! Lines that say what an earlier line should have said.

use serde_json::{Map, Value};

use super::line::{Wrong, lines, parse};
use crate::history::version::Body;
use crate::history::write::write_correction;
use crate::history::{Change, Correction, Fact};
use crate::id::FactId;

lines! {
    CorrectionLine: must [of why], may [], scope [], other {
        sequence: Option<u32>,
        set: Option<Map<String, Value>>,
        retract: Option<bool>,
    }
}

impl Body for Correction {
    const TYPE: &'static str = "correction";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: CorrectionLine<'_> = parse(text)?;
        let change = match (line.set.clone(), line.retract) {
            (Some(set), None) if set.is_empty() => return Err(Wrong::new("`set` names no key to correct")),
            (Some(set), None) => Change::Set(set),
            (None, Some(true)) => Change::Retract,
            (None, Some(false)) => return Err(Wrong::new("`retract` is true or absent")),
            _ => return Err(Wrong::new("a correction has either `set` or `\"retract\": true`")),
        };
        let (of, why) = (FactId::parse(&line.of)?, line.why.to_owned());
        line.said().fact(text, None, Self { of, sequence: line.sequence, change, why })
    }

    fn write(fact: &Fact<Self>) -> String {
        write_correction(fact)
    }
}
