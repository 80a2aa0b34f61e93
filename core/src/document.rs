//! Reads tables of a TOML document so that every problem is found in one pass, each with its place.
//!
//! The agreement and the program's own configuration files are read with this. Not here: what any key means.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Refusal, Severity};
use crate::nearest::nearest;
use crate::time::{Date, Instant, Millis};

/// Where the readers of one document put what they find.
#[derive(Debug, Default)]
pub struct Findings {
    all: RefCell<Vec<Diagnostic>>,
    /// Where the syntax first broke: from there on the reader cannot tell what its author meant.
    broken: Cell<Option<usize>>,
    /// Of what something was refused: a name of that kind that nothing seems to have may be its.
    lost: RefCell<BTreeSet<&'static str>>,
}

impl Findings {
    /// Adds one, unless it lies behind a break of the syntax, whose mere consequence it may be.
    pub fn push(&self, diagnostic: Diagnostic) {
        if self.broken.get().is_none_or(|broken| diagnostic.span.start < broken) {
            self.all.borrow_mut().push(diagnostic);
        }
    }

    /// Adds one about something that is missing, unless the syntax is broken: then it may be there after all.
    pub fn missing(&self, diagnostic: Diagnostic) {
        if self.broken.get().is_none() {
            self.push(diagnostic);
        }
    }

    /// Tells that one of a kind, such as a clause, was refused, so that not every name of that kind is known.
    pub fn lose(&self, kind: &'static str) {
        self.lost.borrow_mut().insert(kind);
    }

    /// Whether one of a kind was refused.
    #[must_use]
    pub fn has_lost(&self, kind: &str) -> bool {
        self.lost.borrow().contains(kind)
    }

    /// How many errors there are so far.
    fn errors(&self) -> usize {
        self.all.borrow().iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// All of them, in the order of their places.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut all = self.all.into_inner();
        all.sort_by_key(|finding| (finding.span.start, finding.span.end));
        all
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// Parses a document; what the syntax allows to save is returned beside the errors.
#[must_use]
pub fn parse<'s>(source: &'s str, findings: &Findings) -> Spanned<DeTable<'s>> {
    let (root, errors) = DeTable::parse_recoverable(source);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let finding = Diagnostic::error(error.message().lines().collect::<Vec<_>>().join(", "), span.clone());
        findings
            .all
            .borrow_mut()
            .push(finding.help("mend the syntax here first: what stands behind it was not checked"));
        // What stands before it on its line belongs to it.
        let line = source[..span.start.min(source.len())].rfind('\n').map_or(0, |newline| newline + 1);
        findings.broken.set(Some(findings.broken.get().map_or(line, |broken| broken.min(line))));
    }
    root
}

/// One value of a table, with the name it is known by in messages.
#[derive(Debug, Clone)]
pub struct Item<'d> {
    value: &'d DeValue<'d>,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// The key, as messages show it.
    pub name: String,
}

impl<'d> Item<'d> {
    fn refuse(&self, expected: &str) -> Refusal {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        Refusal::new(format!("`{}` must be {expected}, and this is {found}", self.name))
    }

    /// The same with a help that is about the form alone.
    fn refuse_form(&self, expected: &str, help: String) -> Refusal {
        Refusal { of_form: true, ..self.refuse(expected).help(help) }
    }

    /// The value as a string.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self) -> Result<&'d str, Refusal> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.refuse_form("a string in quotes", format!("write `{} = \"…\"`", self.name))),
        }
    }

    /// The value as a whole number that is not negative.
    ///
    /// # Errors
    /// When it is something else, or too large.
    pub fn whole(&self) -> Result<u32, Refusal> {
        const HELP: &str = "write digits alone, without quotes, point or sign";
        let DeValue::Integer(number) = self.value else { return Err(self.refuse("a whole number").help(HELP)) };
        u32::from_str_radix(number.as_str(), number.radix()).map_err(|_| {
            Refusal::new(format!("`{}` must be a whole number from 0 to {}", self.name, u32::MAX)).help(HELP)
        })
    }

    /// The value as a whole number of at least 1.
    ///
    /// # Errors
    /// When it is something else.
    pub fn positive(&self) -> Result<u32, Refusal> {
        match self.whole()? {
            0 => Err(Refusal::new(format!("`{}` must be at least 1", self.name)).help("write 1 or more")),
            number => Ok(number),
        }
    }

    /// The value as true or false.
    ///
    /// # Errors
    /// When it is something else.
    pub fn boolean(&self) -> Result<bool, Refusal> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.refuse("true or false").help("write `true` or `false`, without quotes")),
        }
    }

    /// The value as a string that is not blank.
    ///
    /// # Errors
    /// When it is something else.
    pub fn word(&self) -> Result<String, Refusal> {
        let text = self.text()?.trim();
        if text.is_empty() {
            return Err(Refusal::new(format!("`{}` is empty", self.name)).help("write what it is between the quotes"));
        }
        Ok(text.to_owned())
    }

    /// The value as the text of a number, which stands in quotes so that it stays exact.
    ///
    /// # Errors
    /// When it is something else.
    pub fn quoted_number(&self) -> Result<&'d str, Refusal> {
        self.text().map_err(|refusal| {
            refusal
                .help(format!("write the number in quotes, as in `{} = \"99.95\"`, so that it stays exact", self.name))
        })
    }

    /// The value as the text of a plain decimal number, which need not stand in quotes: it is read as it is written.
    ///
    /// # Errors
    /// When it is something else.
    pub fn decimal(&self) -> Result<&'d str, Refusal> {
        match self.value {
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str()),
            DeValue::Float(number) => Ok(number.as_str()),
            _ => Err(self.refuse("a number")),
        }
    }

    /// The value as a length of time.
    ///
    /// # Errors
    /// When it is something else.
    pub fn length(&self) -> Result<Millis, Refusal> {
        Ok(Millis::parse(
            self.text().map_err(|refusal| refusal.help("write a length of time in quotes, as in \"15m\" or \"7d\""))?,
        )?)
    }

    /// The value as a local date.
    ///
    /// # Errors
    /// When it is something else, or has a time.
    pub fn date(&self) -> Result<Date, Refusal> {
        const HELP: &str = "write a date without quotes, as in `2026-04-01`";
        match self.value {
            DeValue::Datetime(datetime) => match (&datetime.date, &datetime.time) {
                (Some(date), None) => Date::new(
                    i16::try_from(date.year).unwrap_or(i16::MAX),
                    i8::try_from(date.month).unwrap_or(i8::MAX),
                    i8::try_from(date.day).unwrap_or(i8::MAX),
                )
                .map_err(|_| Refusal::new(format!("`{date}` is no date of the calendar")).help(HELP)),
                _ => Err(Refusal::new(format!("`{}` must be a date without a time", self.name)).help(HELP)),
            },
            _ => Err(self.refuse("a date").help(HELP)),
        }
    }

    /// The value as a moment: an offset date-time of TOML.
    ///
    /// # Errors
    /// When it is something else, or lacks its offset.
    pub fn instant(&self) -> Result<Instant, Refusal> {
        const HELP: &str = "write date, time and offset without quotes, as in `2026-04-01T00:00:00Z`";
        match self.value {
            DeValue::Datetime(datetime) if datetime.offset.is_some() => Ok(Instant::parse(&datetime.to_string())?),
            DeValue::Datetime(_) => {
                Err(Refusal::new(format!("`{}` lacks its time or its offset", self.name)).help(HELP))
            }
            _ => Err(self.refuse("a date-time").help(HELP)),
        }
    }

    /// The items of a list.
    ///
    /// # Errors
    /// When it is no list.
    pub fn list(&self) -> Result<Vec<Item<'d>>, Refusal> {
        match self.value {
            DeValue::Array(items) => Ok(items
                .iter()
                .map(|item| Item { value: item.get_ref(), span: item.span(), name: self.name.clone() })
                .collect()),
            _ => Err(self.refuse_form("a list", format!("write `{} = [ … ]`, even for one", self.name))),
        }
    }

    /// The value as a table.
    #[must_use]
    pub fn find_table<'f>(&self, findings: &'f Findings) -> Option<Table<'d, 'f>> {
        match self.value {
            DeValue::Table(table) => Some(Table::new(table, self.span.clone(), format!("`{}`", self.name), findings)),
            _ => None,
        }
    }

    /// The value as a table that must be one.
    ///
    /// # Errors
    /// When it is something else.
    pub fn table<'f>(&self, findings: &'f Findings) -> Result<Table<'d, 'f>, Refusal> {
        self.find_table(findings)
            .ok_or_else(|| self.refuse_form("a table", format!("write `{} = {{ key = …, key = … }}`", self.name)))
    }

    /// The value in one line, as it would be written inline: comments and the layout of the file do not show.
    #[must_use]
    pub fn written(&self, source: &str) -> String {
        written(self.value, &self.span, source)
    }

    /// The items of a list, each read with `read`; every item that is refused is a finding of its own.
    pub fn each<T>(&self, findings: &Findings, read: impl Fn(&Item<'d>) -> Result<T, Refusal>) -> Option<Vec<T>> {
        let items = self.accept(findings, Self::list)?;
        let read: Vec<Option<T>> = items.iter().map(|item| item.accept(findings, &read)).collect();
        read.into_iter().collect()
    }

    /// What `read` makes of the item; a refusal becomes a finding, unless something within the item was refused already:
    /// then it may be a mere consequence.
    pub fn accept<T>(&self, findings: &Findings, read: impl FnOnce(&Self) -> Result<T, Refusal>) -> Option<T> {
        let before = findings.errors();
        match read(self) {
            Ok(value) => Some(value),
            Err(_) if findings.errors() > before => None,
            Err(refusal) => {
                let finding = Diagnostic::error(refusal.message, self.span.clone());
                findings.push(Diagnostic { help: refusal.help, ..finding });
                None
            }
        }
    }
}

fn written(value: &DeValue<'_>, span: &Range<usize>, source: &str) -> String {
    match value {
        DeValue::Table(table) if table.is_empty() => "{}".to_owned(),
        DeValue::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            let entry = |(key, value): &(&Spanned<_>, &Spanned<DeValue<'_>>)| {
                format!("{} = {}", key.get_ref(), written(value.get_ref(), &value.span(), source))
            };
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item.get_ref(), &item.span(), source)).collect();
            format!("[{}]", items.join(", "))
        }
        _ => source.get(span.clone()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// A table whose keys are taken one by one; what is left at the end is unknown.
#[derive(Debug)]
pub struct Table<'d, 'f> {
    table: &'d DeTable<'d>,
    /// Its header, or its whole text when it is written inline.
    pub span: Range<usize>,
    name: String,
    taken: BTreeSet<&'static str>,
    /// Whether any other key may be there.
    open: bool,
    /// Where its problems go.
    pub findings: &'f Findings,
}

impl<'d, 'f> Table<'d, 'f> {
    /// Begins to read a table known as `name`.
    #[must_use]
    pub fn new(table: &'d DeTable<'d>, span: Range<usize>, name: impl Into<String>, findings: &'f Findings) -> Self {
        Self { table, span, name: name.into(), taken: BTreeSet::new(), open: false, findings }
    }

    /// Takes a key that may be absent.
    pub fn find(&mut self, key: &'static str) -> Option<Item<'d>> {
        self.taken.insert(key);
        let (_, value) = self.table.get_key_value(key)?;
        Some(Item { value: value.get_ref(), span: value.span(), name: key.to_owned() })
    }

    /// Takes a key that must be there.
    pub fn get(&mut self, key: &'static str) -> Option<Item<'d>> {
        let found = self.find(key);
        if found.is_none() {
            let message = format!("{} lacks `{key}`", self.name);
            self.findings.missing(Diagnostic::error(message, self.span.clone()).help(format!("add `{key} = …` to it")));
        }
        found
    }

    /// Takes a key that must be there, and what `read` makes of it.
    pub fn require<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Item<'d>) -> Result<T, Refusal>,
    ) -> Option<Placed<T>> {
        let item = self.get(key)?;
        item.accept(self.findings, read).map(|value| Placed { value, span: item.span })
    }

    /// Takes a key that may be absent, and what `read` makes of it.
    pub fn option<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Item<'d>) -> Result<T, Refusal>,
    ) -> Option<Placed<T>> {
        let item = self.find(key)?;
        item.accept(self.findings, read).map(|value| Placed { value, span: item.span })
    }

    /// Takes a list of tables, which may be absent, each known as `name`.
    pub fn tables(&mut self, key: &'static str, name: &str) -> Vec<Table<'d, 'f>> {
        let Some(item) = self.find(key) else { return Vec::new() };
        let several = |item: &Item<'d>| {
            item.list().map_err(|refusal| refusal.help(format!("write `[[{key}]]`, with two brackets, once for each")))
        };
        let Some(items) = item.accept(self.findings, several) else { return Vec::new() };
        let mut tables = Vec::new();
        for item in items {
            match item.find_table(self.findings) {
                Some(table) => tables.push(Table { name: name.to_owned(), ..table }),
                None => {
                    item.accept(self.findings, |item| Err::<(), _>(item.refuse("a table")));
                }
            }
        }
        tables
    }

    /// Takes a table that may be absent.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'d, 'f>> {
        let item = self.find(key)?;
        let table = item.find_table(self.findings);
        if table.is_none() {
            let help = format!("write `[{key}]`, and its keys below it");
            item.accept(self.findings, |item| Err::<(), _>(item.refuse("a table").help(help)));
        }
        table.map(|table| Table { name: format!("[{key}]"), ..table })
    }

    /// Takes a table that must be there.
    pub fn require_table(&mut self, key: &'static str) -> Option<Table<'d, 'f>> {
        let present = self.table.contains_key(key);
        if !present {
            let message = format!("{} lacks `[{key}]`", self.name);
            self.findings.missing(Diagnostic::error(message, self.span.clone()).help(format!("add a table `[{key}]`")));
        }
        self.table(key)
    }

    /// The keys that are there.
    pub fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.table.keys().map(|key| key.get_ref().as_ref())
    }

    /// Every value with its key, for tables whose keys are names. They all count as taken.
    pub fn items(self) -> impl Iterator<Item = Item<'d>> {
        self.table.iter().map(|(key, value)| Item {
            value: value.get_ref(),
            span: value.span(),
            name: key.get_ref().to_string(),
        })
    }

    /// Takes every key, where it cannot be said which are right.
    pub fn take_all(&mut self) {
        self.open = true;
    }

    /// Ends the reading: a key that nobody took is an error that names the nearest valid one.
    pub fn finish(self) {
        for key in self.table.keys() {
            let text: &str = key.get_ref();
            if self.open || self.taken.contains(text) {
                continue;
            }
            let help = match nearest(text, self.taken.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let valid: Vec<String> = self.taken.iter().map(|key| format!("`{key}`")).collect();
                    format!("valid keys here: {}", valid.join(", "))
                }
            };
            self.findings.push(
                Diagnostic::error(format!("{} has no key `{text}`", self.name), key.span())
                    .label("unknown key")
                    .help(help),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(source: &str) -> Vec<(String, Option<String>)> {
        let findings = Findings::default();
        let root = parse(source, &findings);
        let mut table = Table::new(root.get_ref(), root.span(), "the file", &findings);
        table.require("name", |item| item.text().map(str::to_owned));
        table.option("count", Item::whole);
        table.option("start", Item::instant);
        table.finish();
        findings.into_sorted().into_iter().map(|d| (d.message, d.help)).collect()
    }

    #[test]
    fn all_problems_are_found_in_one_pass() {
        let found = findings("nam = 1\ncount = -2\nstart = 2026-01-01\n");
        let messages: Vec<_> = found.iter().map(|(message, _)| message.as_str()).collect();
        assert_eq!(messages.len(), 4, "{found:?}");
        assert!(found.contains(&("the file has no key `nam`".into(), Some("did you mean `name`?".into()))));
        assert!(messages.contains(&"the file lacks `name`"));
        assert!(messages.contains(&"`count` must be a whole number from 0 to 4294967295"));
        assert!(messages.contains(&"`start` lacks its time or its offset"));
    }

    #[test]
    fn what_may_be_a_mere_consequence_of_broken_syntax_is_not_reported() {
        let found = findings("count = -2\n[broken\nname = \"x\"\nfoo = 1\n");
        let messages: Vec<_> = found.iter().map(|(message, _)| message.as_str()).collect();
        assert_eq!(messages, ["`count` must be a whole number from 0 to 4294967295", "unclosed table, expected `]`"]);
    }

    #[test]
    fn a_good_file_has_no_findings() {
        assert_eq!(findings("name = \"x\"\ncount = 0x10\nstart = 2026-01-01T00:00:00+09:00"), []);
    }
}
