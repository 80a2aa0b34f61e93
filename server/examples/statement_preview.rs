//! Writes the statement of an invented month as HTML in both languages and as CSV, for looking at it:
//! `cargo run --example statement_preview -- target/statement`.

use std::path::PathBuf;

use uphold::statement::{csv, html};
use uphold_core::agreement::{self, Language};
use uphold_core::evaluate::{Customers, Request, evaluate};
use uphold_core::history::Reader;
use uphold_core::id::CustomerId;
use uphold_core::statement::Inputs;
use uphold_core::time::{Instant, Period, Zone};

const AGREEMENT: &str = include_str!("../../examples/month/agreement.toml");
const HISTORY: &str = include_str!("../../examples/month/history.jsonl");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/statement".to_owned()));
    let reading = agreement::read(AGREEMENT);
    let agreement = reading.agreement.ok_or_else(|| format!("{:#?}", reading.findings))?;
    let mut reader = Reader::new(&agreement);
    HISTORY.lines().for_each(|line| reader.line(line));
    let (history, counted, bad) = reader.finish();
    for line in bad {
        println!("history.jsonl:{line}");
    }
    let request = Request {
        period: Period::parse("2026-10", &Zone::parse("Europe/Berlin")?)?,
        as_known_at: Instant::parse("2026-11-10T09:00:00Z")?,
        customers: Customers::One(CustomerId::parse("acme")?),
    };
    let agreements = [agreement];
    let statement = evaluate(&agreements, &history, &request).map_err(|problems| format!("{problems:#?}"))?;
    let digest = counted.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let inputs = Inputs { digest, lines: counted.lines, skipped: counted.skipped };
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("statement.csv"), csv(&statement, &inputs))?;
    for language in Language::ALL {
        let file = folder.join(format!("statement.{}.html", language.code()));
        std::fs::write(&file, html(&statement, &agreements, &inputs, language)?)?;
        println!("{}", file.display());
    }
    Ok(())
}
