//! A table of comma-separated values (RFC 4180) as history lines of one type.
//!
//! Which keys a type has and what their values must be comes from [`LineType`], so a new type of line needs no change
//! here. Every row is judged by the reader of history files itself before anything is written.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use ::csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value};
use uphold_core::diagnostic::Refusal;
use uphold_core::history::{Field, FieldKind, LineType, Reader};
use uphold_core::time::Instant;

/// How times are written in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TimeFormat {
    /// With date, time and offset, as in `2026-10-03T01:10:00Z`
    Rfc3339,
    /// Seconds since 1970-01-01T00:00:00Z, with up to three decimals
    EpochS,
    /// Milliseconds since 1970-01-01T00:00:00Z
    EpochMs,
}

impl TimeFormat {
    /// The time as history files write it.
    fn convert(self, text: &str) -> Result<String, Refusal> {
        let millis = match self {
            Self::Rfc3339 => return Ok(Instant::parse(text)?.to_string()),
            Self::EpochS => {
                let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
                let decimals = (1..=3).contains(&fraction.len()) && is_digits(fraction);
                whole(seconds)
                    .filter(|_| decimals)
                    .and_then(|s| s.checked_mul(1000)?.checked_add(thousandths(fraction)))
            }
            Self::EpochMs => whole(text),
        };
        let unit = if self == Self::EpochS { "seconds" } else { "milliseconds" };
        let instant = millis.map(Instant).filter(|instant| *instant < Instant::MAX);
        instant.map(|instant| instant.to_string()).ok_or_else(|| {
            Refusal::new(format!("`{text}` is not a time in {unit} since 1970")).help("choose another `--time-format`")
        })
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| is_digits(text))
}

fn thousandths(fraction: &str) -> i64 {
    format!("{fraction:0<3}").parse().unwrap_or(0)
}

/// How the columns of a table become the keys of history lines.
#[derive(Debug)]
pub struct Plan {
    /// The type of every line.
    pub line: LineType,
    /// Keys that are read from a column, with its name.
    pub map: BTreeMap<String, String>,
    /// Keys that are the same in every line, as history files write them.
    pub set: BTreeMap<String, String>,
    /// How times are written.
    pub time_format: TimeFormat,
    /// What the table calls each state, where it does not use our names.
    pub states: BTreeMap<String, String>,
    /// What stands between two values.
    pub delimiter: u8,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line of the file in which the row begins, from 1.
    pub line: u64,
    /// The column's number from 1 and its name, where one value is to blame.
    pub column: Option<(usize, String)>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        if let Some((number, name)) = &self.column {
            write!(f, "column {number} (`{name}`): ")?;
        }
        f.write_str(&self.message)
    }
}

/// The lines of a table.
#[derive(Debug, Default)]
pub struct Converted {
    /// One history line for each good row, in order.
    pub lines: Vec<String>,
    /// Every row that could not be used.
    pub bad: Vec<BadRow>,
}

/// Why nothing of a table could be used.
#[derive(Debug)]
pub enum PlanError {
    /// A key, a column or a value that the command line names does not fit.
    Wrong(Refusal),
    /// The file could not be read.
    Unreadable(std::io::Error),
}

impl From<Refusal> for PlanError {
    fn from(refusal: Refusal) -> Self {
        Self::Wrong(refusal)
    }
}

impl Plan {
    /// Whether every key is one of the type, none is given twice, none is missing, and every set value is good.
    ///
    /// # Errors
    /// What is wrong first, with what to do.
    pub fn check(&self) -> Result<(), Refusal> {
        let keys: Vec<&str> = self.line.fields().map(|field| field.key).collect();
        for key in self.map.keys().chain(self.set.keys()) {
            if !keys.contains(&key.as_str()) {
                return Err(Refusal::not_among(&format!("a key of the type `{}`", self.line.name), key, &keys));
            }
            if self.map.contains_key(key) && self.set.contains_key(key) {
                return Err(Refusal::new(format!("`{key}` is both read from a column and set"))
                    .help("leave out either its `--map` or its `--set`"));
            }
        }
        let is_given = |field: &Field| self.map.contains_key(field.key) || self.set.contains_key(field.key);
        let missing: Vec<String> = self
            .line
            .fields()
            .filter(|field| field.required && !is_given(field))
            .map(|field| format!("`{}`", field.key))
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::new(format!("a line of type `{}` needs {}", self.line.name, missing.join(", ")))
                .help("name its column with `--map key=column`, or its value with `--set key=value`"));
        }
        for field in self.line.fields() {
            if let Some(value) = self.set.get(field.key) {
                let named = |refusal: Refusal| Refusal { message: format!("`{}`: {refusal}", field.key), ..refusal };
                field.kind.check(value).map_err(named)?;
            }
        }
        let names = ["up", "degraded", "down", "unknown"];
        match self.states.values().find(|state| !names.contains(&state.as_str())) {
            Some(other) => Err(Refusal::not_among("a state", other, &names)),
            None => Ok(()),
        }
    }

    /// Makes the lines of a table. A row that does not fit is listed, and the others are converted all the same.
    ///
    /// # Errors
    /// When the plan does not fit the type or the table, or the table cannot be read.
    pub fn convert(&self, table: impl Read) -> Result<Converted, PlanError> {
        self.check()?;
        let mut reader = ReaderBuilder::new().delimiter(self.delimiter).from_reader(table);
        let header = reader.byte_headers().map_err(unreadable)?.clone();
        let columns = self.columns(&header)?;
        let mut converted = Converted::default();
        let mut places = Vec::new();
        let mut judge = Reader::of_a_part();
        let mut record = ByteRecord::new();
        loop {
            let line = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {
                    let line = record.position().map_or(line, ::csv::Position::line);
                    match self.row(&record, &columns) {
                        Ok(json) => {
                            judge.line(&json);
                            places.push(line);
                            converted.lines.push(json);
                        }
                        Err((column, message)) => converted.bad.push(BadRow { line, column, message }),
                    }
                }
                Err(error) => converted.bad.push(uneven(error, line)?),
            }
        }
        leave_out(&mut converted, judge, &places);
        Ok(converted)
    }

    /// Where each mapped key's column is.
    fn columns(&self, header: &ByteRecord) -> Result<Vec<Column>, Refusal> {
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let mut columns = Vec::new();
        for field in self.line.fields() {
            let Some(name) = self.map.get(field.key) else { continue };
            let mut places = (0..names.len()).filter(|place| names[*place] == *name);
            match (places.next(), places.next()) {
                (Some(place), None) => columns.push(Column { field, place, name: name.clone() }),
                (Some(_), Some(_)) => {
                    return Err(Refusal::new(format!("two columns are named `{name}`"))
                        .help("give each column of the table a name of its own"));
                }
                (None, _) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    return Err(Refusal::not_among("a column of the table", name, &names));
                }
            }
        }
        Ok(columns)
    }

    /// One row as a history line, or the column that does not fit and why.
    fn row(&self, record: &ByteRecord, columns: &[Column]) -> Result<String, (Option<(usize, String)>, String)> {
        let mut json = Map::new();
        json.insert("v".to_owned(), Value::from(1));
        json.insert("type".to_owned(), Value::from(self.line.name));
        for field in self.line.fields() {
            if let Some(value) = self.set.get(field.key) {
                put(&mut json, field, value);
            }
        }
        for column in columns {
            let blame = |message: String| (Some((column.place + 1, column.name.clone())), message);
            let bytes = record.get(column.place).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| blame("the value is not UTF-8 text".to_owned()))?.trim();
            if !text.is_empty() {
                let value = self.value(column.field, text).map_err(|refusal| blame(told(&refusal)))?;
                put(&mut json, column.field, &value);
            } else if column.field.required {
                return Err(blame(format!("the value is empty, and `{}` is needed", column.field.key)));
            }
        }
        Ok(Value::Object(json).to_string())
    }

    /// A value of the table as history files write it.
    fn value(&self, field: Field, text: &str) -> Result<String, Refusal> {
        let value = match field.kind {
            FieldKind::Time => return self.time_format.convert(text),
            FieldKind::State => self.states.get(text).map_or(text, String::as_str),
            _ => text,
        };
        field.kind.check(value).map_err(|refusal| match field.kind {
            FieldKind::State => refusal.help(format!("say what it means with `--state-map {text}=up`")),
            _ => refusal,
        })?;
        Ok(value.to_owned())
    }
}

/// A column that a key is read from.
#[derive(Debug)]
struct Column {
    field: Field,
    /// From 0.
    place: usize,
    name: String,
}

fn put(json: &mut Map<String, Value>, field: Field, text: &str) {
    let value = match (field.kind, text.parse::<u64>()) {
        (FieldKind::Whole, Ok(number)) => Value::from(number),
        (FieldKind::Flag, _) => Value::from(text == "true"),
        (FieldKind::Texts, _) => Value::from(text.split('|').collect::<Vec<_>>()),
        _ => Value::from(text),
    };
    match field.key.split_once('.') {
        None => drop(json.insert(field.key.to_owned(), value)),
        Some((table, key)) => {
            let table = json.entry(table).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(table) = table {
                table.insert(key.to_owned(), value);
            }
        }
    }
}

fn told(refusal: &Refusal) -> String {
    match &refusal.help {
        Some(help) => format!("{refusal}; {help}"),
        None => refusal.message.clone(),
    }
}

/// A row that has more or fewer values than the table has columns is a bad row; anything else ends the reading.
fn uneven(error: ::csv::Error, line: u64) -> Result<BadRow, PlanError> {
    match error.kind() {
        ::csv::ErrorKind::UnequalLengths { pos, expected_len, len } => Ok(BadRow {
            line: pos.as_ref().map_or(line, ::csv::Position::line),
            column: None,
            message: format!("the row has {len} values, and the table has {expected_len} columns"),
        }),
        _ => Err(unreadable(error)),
    }
}

fn unreadable(error: ::csv::Error) -> PlanError {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => PlanError::Unreadable(error),
        other => PlanError::Unreadable(std::io::Error::other(format!("{other:?}"))),
    }
}

/// Takes out the lines that the reader of history files refuses, such as a span that ends before it begins.
fn leave_out(converted: &mut Converted, judge: Reader<'_>, places: &[u64]) {
    let (_, _, refused) = judge.finish();
    let mut is_bad = vec![false; converted.lines.len()];
    for refusal in refused {
        let place = usize::try_from(refusal.line).unwrap_or(usize::MAX).saturating_sub(1);
        if let (Some(flag), Some(line)) = (is_bad.get_mut(place), places.get(place)) {
            *flag = true;
            converted.bad.push(BadRow { line: *line, column: None, message: refusal.message });
        }
    }
    let mut flags = is_bad.into_iter();
    converted.lines.retain(|_| !flags.next().unwrap_or(false));
    converted.bad.sort_by_key(|row| row.line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn plan(line: &str, map: &str, set: &str) -> Plan {
        Plan {
            line: LineType::find(line).unwrap(),
            map: pairs(map),
            set: pairs(set),
            time_format: TimeFormat::Rfc3339,
            states: BTreeMap::new(),
            delimiter: b',',
        }
    }

    fn observations() -> Plan {
        plan("observation", "at=time,check=site,state=state,detail=note", "vantage=tokyo")
    }

    fn bad(plan: &Plan, table: &str) -> Vec<String> {
        plan.convert(table.as_bytes()).unwrap().bad.iter().map(ToString::to_string).collect()
    }

    fn wrong(plan: &Plan, table: &str) -> String {
        match plan.convert(table.as_bytes()) {
            Err(PlanError::Wrong(refusal)) => told(&refusal),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_row_becomes_a_line() {
        let table = "\u{feff}site,time,state,note\r\napi,2026-10-01T09:00:00+09:00,up,\r\n";
        let converted = observations().convert(table.as_bytes()).unwrap();
        assert_eq!(converted.bad, []);
        assert_eq!(
            converted.lines,
            [
                r#"{"at":"2026-10-01T00:00:00Z","check":"api","state":"up","type":"observation","v":1,"vantage":"tokyo"}"#
            ]
        );
    }

    #[test]
    fn quoted_values_hold_delimiters_quotes_and_ends_of_lines() {
        let table = "site;time;state;note\napi;2026-10-01T00:00:00Z;down;\"a;\"\"b\"\"\nc\"\napi;x;up;\n";
        let converted = Plan { delimiter: b';', ..observations() }.convert(table.as_bytes()).unwrap();
        assert!(converted.lines[0].contains(r#""detail":"a;\"b\"\nc""#), "{:?}", converted.lines);
        assert_eq!((converted.bad[0].line, converted.bad[0].column.clone()), (4, Some((2, "time".to_owned()))));
    }

    #[test]
    fn every_bad_row_is_listed_with_its_line_and_column() {
        let table = "site,time,state,note\n\
            api,yesterday,up,\n\
            api,2026-10-01T00:00:00Z,fine,\n\
            api,2026-10-01T00:00:00Z,up\n\
            ,2026-10-01T00:00:00Z,up,\n\
            api,2026-10-01T00:00:00Z,up,\n\
            My Api,2026-10-01T00:00:00Z,up,\n";
        assert_eq!(
            bad(&observations(), table),
            [
                "2: column 2 (`time`): `yesterday` is not a time; write a time with its offset, as in `2026-10-03T01:10:00Z`",
                "3: column 3 (`state`): `fine` is not a state; say what it means with `--state-map fine=up`",
                "4: the row has 3 values, and the table has 4 columns",
                "5: column 1 (`site`): the value is empty, and `check` is needed",
                "7: column 1 (`site`): `My Api` is not a check id; use 1 to 64 of a-z, 0-9, `-`, `_` and `.`, and begin with a letter or a digit",
            ]
        );
    }

    #[test]
    fn a_row_that_is_not_text_is_listed() {
        let table = b"site,time,state,note\napi,2026-10-01T00:00:00Z,up,\xff\n";
        let converted = observations().convert(&table[..]).unwrap();
        assert_eq!(converted.bad[0].to_string(), "2: column 4 (`note`): the value is not UTF-8 text");
    }

    #[test]
    fn what_only_the_whole_line_shows_is_found_at_its_row() {
        let gaps = plan("observer_gap", "from=from,until=until", "recorded_at=2026-10-02T00:00:00Z");
        let table =
            "from,until\n2026-10-01T00:00:00Z,\n2026-10-01T00:00:00Z,2026-09-01T00:00:00Z\n2026-10-01T05:00:00Z,\n";
        let converted = gaps.convert(table.as_bytes()).unwrap();
        assert_eq!(converted.lines.len(), 2);
        assert_eq!(
            converted.bad[0].to_string(),
            "3: `until` (2026-09-01T00:00:00Z) is not later than `from` (2026-10-01T00:00:00Z)"
        );
    }

    #[test]
    fn times_are_read_in_each_format() {
        for (format, text, instant) in [
            (TimeFormat::EpochS, "1786446385", Some("2026-08-11T11:06:25Z")),
            (TimeFormat::EpochS, "1786446385.5", Some("2026-08-11T11:06:25.5Z")),
            (TimeFormat::EpochS, "1786446385.0001", None),
            (TimeFormat::EpochS, "1786446385000000", None),
            (TimeFormat::EpochS, "-1", None),
            (TimeFormat::EpochMs, "1786446385005", Some("2026-08-11T11:06:25.005Z")),
            (TimeFormat::EpochMs, "1786446385.5", None),
            (TimeFormat::Rfc3339, "2026-08-11", None),
        ] {
            assert_eq!(format.convert(text).ok().as_deref(), instant, "{format:?} {text}");
        }
    }

    #[test]
    fn every_type_of_line_can_be_made_with_nested_keys_and_numbers() {
        let checks =
            plan("check", "id=id,from=since", "scope.solution=shop,scope.interface=api,vantage=tokyo,staleness=5m");
        let line = &checks.convert("id,since\napi,2026-10-01T00:00:00Z\n".as_bytes()).unwrap().lines[0];
        assert!(line.contains(r#""scope":{"interface":"api","solution":"shop"}"#), "{line}");
        let runs = plan("run", "check=id,from=a,last=b,n=n", "vantage=tokyo,state=down");
        let table = "id,a,b,n\napi,2026-10-01T00:00:00Z,2026-10-01T00:05:00Z,6\n";
        assert!(runs.convert(table.as_bytes()).unwrap().lines[0].contains(r#""n":6"#));
        assert_eq!(bad(&runs, &table.replace(",6", ",six")), ["2: column 4 (`n`): `six` is not a whole number"]);
    }

    #[test]
    fn a_calendar_of_maintenance_becomes_lines() {
        let maintenance = plan(
            "maintenance",
            "id=ticket,sequence=rev,status=state,from=start,until=end,iaas=cloud,recorded_at=entered",
            "class=scheduled,scope.solution=shop",
        );
        let table = "ticket,rev,state,start,end,cloud,entered\n\
            M-7,0,CONFIRMED,2026-10-10T15:00:00Z,2026-10-10T17:00:00Z,false,2026-10-01T00:00:00Z\n\
            M-8,0,confirmed,2026-10-10T15:00:00Z,2026-10-10T17:00:00Z,false,2026-10-01T00:00:00Z\n\
            M-9,1,CANCELLED,2026-10-10T15:00:00Z,2026-10-10T14:00:00Z,true,2026-10-01T00:00:00Z\n\
            M-10,1,CANCELLED,2026-10-10T15:00:00Z,,yes,2026-10-01T00:00:00Z\n";
        let converted = maintenance.convert(table.as_bytes()).unwrap();
        assert_eq!(
            converted.lines,
            [
                r#"{"class":"scheduled","from":"2026-10-10T15:00:00Z","iaas":false,"id":"M-7","recorded_at":"2026-10-01T00:00:00Z","scope":{"solution":"shop"},"sequence":0,"status":"CONFIRMED","type":"maintenance","until":"2026-10-10T17:00:00Z","v":1}"#
            ]
        );
        assert_eq!(
            converted.bad.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "3: column 3 (`state`): `confirmed` is not one of the words that this key knows; did you mean `CONFIRMED`?",
                "4: `until` (2026-10-10T14:00:00Z) is not later than `from` (2026-10-10T15:00:00Z)",
                "5: column 6 (`cloud`): `yes` is not a yes or no; use one of: `true`, `false`",
            ]
        );
    }

    #[test]
    fn a_list_of_fees_becomes_lines_with_exact_amounts() {
        let fees = plan(
            "fee",
            "scope.customer=customer,from=from,until=until,amount=amount,id=invoice",
            "currency=JPY,recorded_at=2026-10-01T00:00:00Z",
        );
        let table = "invoice,customer,from,until,amount\n\
            f1,acme,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,120000.50\n\
            f2,acme,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,\"120,000\"\n\
            f3,acme,2026-12-01T00:00:00Z,,7\n";
        let converted = fees.convert(table.as_bytes()).unwrap();
        assert_eq!(converted.lines.len(), 1);
        assert!(converted.lines[0].contains(r#""amount":"120000.50""#), "{:?}", converted.lines);
        assert_eq!(
            converted.bad.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "3: column 5 (`amount`): `120,000` is not a decimal number; \
                 write digits with at most one point and no sign, as in `\"99.95\"`",
                "4: column 4 (`until`): the value is empty, and `until` is needed",
            ]
        );
    }

    #[test]
    fn a_value_with_bars_becomes_a_list() {
        let impacts = plan(
            "impact",
            "count=n,user_set=who",
            "from=2026-10-01T00:00:00Z,unit=user,recorded_at=2026-10-02T00:00:00Z",
        );
        let lines = impacts.convert("n,who\n2,ana|ben\n3,\n".as_bytes()).unwrap().lines;
        assert!(lines[0].contains(r#""user_set":["ana","ben"]"#) && !lines[1].contains("user_set"), "{lines:?}");
    }

    #[test]
    fn a_plan_that_does_not_fit_is_refused_before_any_row() {
        let table = "site,time,state,note\n";
        let plan_of = |map: &str, set: &str| plan("observation", map, set);
        for (plan, message) in [
            (plan_of("att=time", ""), "`att` is not a key of the type `observation`; did you mean `at`?"),
            (
                plan_of("at=time,check=site", ""),
                "a line of type `observation` needs `vantage`, `state`; \
                 name its column with `--map key=column`, or its value with `--set key=value`",
            ),
            (
                plan_of("at=time,check=site,state=state", "vantage=a,state=up"),
                "`state` is both read from a column and set; leave out either its `--map` or its `--set`",
            ),
            (
                plan_of("at=tiem,check=site,state=state", "vantage=a"),
                "`tiem` is not a column of the table; did you mean `time`?",
            ),
            (
                plan_of("at=time,check=site,state=state", "vantage=a b"),
                "`vantage`: `a b` is not a vantage point id; \
                 use 1 to 64 of a-z, 0-9, `-`, `_` and `.`, and begin with a letter or a digit",
            ),
        ] {
            assert_eq!(wrong(&plan, table), message);
        }
        let doubled = plan_of("at=time,check=site,state=state", "vantage=a");
        assert!(wrong(&doubled, "site,time,state,time\n").starts_with("two columns are named `time`"));
        let states = Plan { states: pairs("1=op"), ..observations() };
        assert_eq!(wrong(&states, table), "`op` is not a state; did you mean `up`?");
    }
}
