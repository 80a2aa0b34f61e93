//! Lines in which those who deal with something tell how far they have come.

use serde_json::Value;

use super::line::{Wrong, among, instant, lines, parse};
use crate::agreement::{Language, Text};
use crate::history::version::{Body, Pointer};
use crate::history::write::write_update;
use crate::history::{Fact, Said, Stage, Update};
use crate::id::{CustomerId, FactId};

lines! {
    UpdateLine: must [about at stage], may [customer], scope [], other {
        text: Value,
    }
}

impl Body for Update {
    const TYPE: &'static str = "update";

    fn read(text: &str) -> Result<Fact<Self>, Wrong> {
        let line: UpdateLine<'_> = parse(text)?;
        let body = Self {
            about: FactId::parse(&line.about)?,
            customer: line.customer.as_deref().map(CustomerId::parse).transpose()?,
            at: instant("at", &line.at)?,
            stage: among("a stage of an update", &line.stage, &Stage::ALL, Stage::name)?,
            text: said(&line.text)?,
        };
        line.said().fact(text, None, body)
    }

    fn write(fact: &Fact<Self>) -> String {
        write_update(fact)
    }

    fn pointers(&self) -> Vec<Pointer<'_>> {
        vec![Pointer::About(&self.about)]
    }
}

fn said(value: &Value) -> Result<Said, Wrong> {
    const FORM: &str = "`text` is a text, or a text for each language, as in {\"en\":\"…\",\"ja\":\"…\"}";
    match value {
        Value::String(text) => Ok(Said::Plain(text.clone())),
        Value::Object(texts) if !texts.is_empty() => {
            let one = |(code, text): (&String, &Value)| match (Language::find(code), text) {
                (Some(language), Value::String(text)) => Ok((language, text.clone())),
                (Some(_), _) => Err(Wrong::new(FORM)),
                (None, _) => {
                    let codes = Language::ALL.map(Language::code).join(", ");
                    Err(Wrong::new(format!("`text` has `{code}`, which is no language of this version: {codes}")))
                }
            };
            texts.iter().map(one).collect::<Result<_, _>>().map(|texts| Said::In(Text(texts)))
        }
        _ => Err(Wrong::new(FORM)),
    }
}
