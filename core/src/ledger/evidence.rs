//! The fact that evidence of an observation is kept: what was seen, and the digests of the files that show it.
//!
//! The files lie beside the ledger and may expire; this stays. A file is named by the SHA-256 of its bytes, so that it cannot
//! be exchanged. Not here: what the files hold, and how long they are kept.

use crate::id::{CheckId, FactId, Series, VantageId};
use crate::ledger::canonical::{FieldError, Fields, Value};
use crate::ledger::digest::Digest;
use crate::ledger::fact::{Fact, WHY_MAX, count, digest, id, instant, plain};
use crate::run::Observed;
use crate::time::Instant;

/// How many files one observation may have.
pub const FILES_MAX: usize = 4;

/// Evidence of one observation is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The fact.
    pub id: FactId,
    /// Who says so.
    pub by: String,
    /// The check and the vantage point.
    pub series: Series,
    /// The instant of the observation.
    pub at: Instant,
    /// What was seen.
    pub state: Observed,
    /// Why, in the words of the probe.
    pub cause: String,
    /// How long each part took.
    pub took: Took,
    /// The files: at least one.
    pub files: Vec<File>,
}

/// How long each part of a measurement took, in microseconds; zero for a part that was not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Took {
    /// From the name to its addresses.
    pub resolve_us: u64,
    /// From the address to a connection.
    pub connect_us: u64,
    /// The TLS handshake.
    pub tls_us: u64,
    /// From the request to the beginning of the answer.
    pub first_byte_us: u64,
    /// The rest of the answer.
    pub body_us: u64,
    /// All of it.
    pub total_us: u64,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What it is.
    pub media: Media,
    /// How long it is.
    pub bytes: u64,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// What was seen, as JSON.
    Json,
    /// A picture of a page.
    Png,
}

impl Media {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Json, Self::Png];

    /// The name, as RFC 6838 registers it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Png => "image/png",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.name() == name)
    }
}

impl Took {
    fn parts(&self) -> [(&'static str, u64); 6] {
        [
            ("resolve", self.resolve_us),
            ("connect", self.connect_us),
            ("tls", self.tls_us),
            ("first_byte", self.first_byte_us),
            ("body", self.body_us),
            ("total", self.total_us),
        ]
    }
}

/// Adds what the payload has beside `id` and `by`.
pub(super) fn encode(fact: &Evidence, members: &mut Vec<(&'static str, Value)>) {
    let map = |members: &[(&str, Value)]| {
        Value::Map(members.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    };
    let file = |file: &File| {
        map(&[
            ("digest", Value::text(file.digest)),
            ("media", Value::text(file.media.name())),
            ("bytes", Value::count(file.bytes)),
        ])
    };
    members.extend([
        ("check", Value::text(&fact.series.check)),
        ("vantage", Value::text(&fact.series.vantage)),
        ("at", Value::Int(fact.at.0)),
        ("state", Value::text(fact.state.name())),
        ("cause", Value::text(&fact.cause)),
        ("took_us", map(&fact.took.parts().map(|(key, us)| (key, Value::count(us))))),
        ("files", Value::List(fact.files.iter().map(file).collect())),
    ]);
}

/// Reads what [`encode`] adds.
pub(super) fn decode((fact_id, by): (FactId, String), fields: &mut Fields) -> Result<Fact, FieldError> {
    let series =
        Series { check: id(fields, "check", CheckId::parse)?, vantage: id(fields, "vantage", VantageId::parse)? };
    let at = instant(fields.int("at")?, "at")?;
    let state = Observed::find(&fields.text("state")?).ok_or_else(|| FieldError::new("state", "is no state"))?;
    let cause = plain(fields, "cause", WHY_MAX)?;
    let took = decode_took(fields)?;
    let files: Vec<File> = fields.list("files")?.into_iter().map(decode_file).collect::<Result<_, _>>()?;
    if !(1..=FILES_MAX).contains(&files.len()) {
        return Err(FieldError::new("files", format!("must list 1 to {FILES_MAX} files")));
    }
    Ok(Fact::Evidence(Evidence { id: fact_id, by, series, at, state, cause, took, files }))
}

fn decode_took(fields: &mut Fields) -> Result<Took, FieldError> {
    let value = fields.find("took_us").ok_or_else(|| FieldError::new("took_us", "is missing"))?;
    let mut parts = Fields::of(value, "took_us")?;
    let took = Took {
        resolve_us: count(&mut parts, "resolve")?,
        connect_us: count(&mut parts, "connect")?,
        tls_us: count(&mut parts, "tls")?,
        first_byte_us: count(&mut parts, "first_byte")?,
        body_us: count(&mut parts, "body")?,
        total_us: count(&mut parts, "total")?,
    };
    parts.finish()?;
    Ok(took)
}

fn decode_file(value: Value) -> Result<File, FieldError> {
    let mut fields = Fields::of(value, "files")?;
    let file = File {
        digest: digest(&mut fields, "digest")?,
        media: Media::find(&fields.text("media")?).ok_or_else(|| FieldError::new("media", "is not known"))?,
        bytes: count(&mut fields, "bytes")?,
    };
    fields.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fact::FactKind;

    #[test]
    fn a_payload_that_says_something_else_is_refused_with_its_key() {
        let fact = Fact::Evidence(Evidence {
            id: FactId::parse("evidence-1").unwrap(),
            by: "server:tokyo-1".to_owned(),
            series: Series { check: CheckId::parse("api").unwrap(), vantage: VantageId::parse("tokyo-1").unwrap() },
            at: Instant(1_000),
            state: Observed::Down,
            cause: "HTTP 503".to_owned(),
            took: Took { total_us: 7, ..Took::default() },
            files: vec![File { digest: Digest::of(&[b"x"]), media: Media::Json, bytes: 1 }],
        });
        let text = String::from_utf8(fact.encode()).unwrap();
        assert_eq!(Fact::decode(FactKind::Evidence, 1, text.as_bytes()), Ok(fact));
        for (old, new, says) in [
            ("\"state\":\"down\"", "\"state\":\"dwn\"", "`state`: is no state"),
            ("HTTP 503", "", "`cause`: must have 1 to"),
            ("\"body\":0,", "", "`body`: is missing"),
            ("\"body\":0,", "\"body\":-1,", "`body`: is negative"),
            ("\"connect\":0", "\"connect\":0,\"dns\":0", "`dns`: is unknown"),
            ("application/json", "text/html", "`media`: is not known"),
            ("\"bytes\":1", "\"bytes\":1,\"c\":\"x\"", "`c`: is unknown"),
        ] {
            let bad = text.replacen(old, new, 1);
            assert_ne!(bad, text, "{old}");
            let error = Fact::decode(FactKind::Evidence, 1, bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let (head, rest) = text.split_once("\"files\":[").unwrap();
        let none = format!("{head}\"files\":[{}", &rest[rest.find(']').unwrap()..]);
        let error = Fact::decode(FactKind::Evidence, 1, none.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`files`: must list 1 to 4 files"), "{error}");
    }
}
