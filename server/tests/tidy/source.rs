//! A source file as the rules see it: what is code, what is a comment, what stands between quotes, what is a test.
//!
//! A small scanner instead of a parser: it knows enough of Rust's lexical rules to never take a brace in a string for a
//! brace, and nothing else. Not here: any rule.

use std::ops::Range;

/// What a byte of a Rust file belongs to. The quotes of a string are code; what stands between them is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    Comment,
    Text,
}

/// A file of the repository with its path from the root.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    kinds: Vec<Kind>,
    is_test: bool,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of `fn`, from 1.
    pub(crate) line: usize,
    /// From the line of `fn` to the line of the closing brace, both counted.
    pub(crate) lines: usize,
    pub(crate) is_async: bool,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let kinds = if path.ends_with(".rs") { classify(text.as_bytes()) } else { vec![Kind::Code; text.len()] };
        let in_folder = |name: &str| path.contains(&format!("/{name}/"));
        let is_test = in_folder("tests") || in_folder("benches") || path.ends_with("/tests.rs");
        Self { path: path.to_owned(), text: text.to_owned(), kinds, is_test }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The file with every byte of another kind blanked: offsets and lines stay.
    pub(crate) fn view(&self, kept: &[Kind]) -> String {
        let keep = |(byte, kind): (u8, &Kind)| if byte == b'\n' || kept.contains(kind) { byte } else { b' ' };
        let bytes = self.text.bytes().zip(&self.kinds).map(keep).collect();
        String::from_utf8(bytes).expect("a character is of one kind, so it is kept or blanked whole")
    }

    /// Code alone: no comments, nothing between quotes.
    pub(crate) fn code(&self) -> String {
        self.view(&[Kind::Code])
    }

    /// The code with all test code blanked, too; empty for a file of tests.
    pub(crate) fn shipped_code(&self) -> String {
        let mut code = self.code().into_bytes();
        if self.is_test_file() {
            blank(&mut code);
        }
        for region in test_regions(&code) {
            blank(&mut code[region]);
        }
        String::from_utf8(code).expect("code outside strings and comments is whole characters")
    }

    /// The line of a byte, from 1.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// Every function that has a body, tests included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let code = self.code();
        let mut found = Vec::new();
        let mut offset = 0;
        for (place, line) in code.split('\n').enumerate() {
            if let Some((name, is_async)) = function_header(line)
                && let Some(open) = body_start(code.as_bytes(), offset)
            {
                let end = matching_brace(code.as_bytes(), open);
                let lines = code[offset..end].matches('\n').count() + 1;
                found.push(Function { name: name.to_owned(), line: place + 1, lines, is_async });
            }
            offset += line.len() + 1;
        }
        found
    }

    /// Whether nothing in the file is shipped.
    pub(crate) fn is_test_file(&self) -> bool {
        self.is_test
    }

    /// The paths, without `.rs`, of the modules that this file declares for tests alone: `#[cfg(test)] mod name;`.
    fn test_modules(&self) -> Vec<String> {
        let code = if self.is_rust() { self.code() } else { String::new() };
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
            _ => self.path.trim_end_matches(".rs"),
        };
        code.match_indices("#[cfg(test)]")
            .filter_map(|(at, mark)| code[at + mark.len()..].split_once(';'))
            .filter_map(|(declared, _)| declared.trim().rsplit_once("mod "))
            .filter(|(_, name)| name.bytes().all(is_word_byte))
            .map(|(_, name)| format!("{folder}/{name}"))
            .collect()
    }
}

/// Marks the files of the modules that others declare for tests alone.
pub(crate) fn mark_test_modules(all: &mut [Source]) {
    let modules: Vec<String> = all.iter().flat_map(Source::test_modules).collect();
    for source in all {
        let is_of = |module: &String| {
            let rest = source.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.is_test |= modules.iter().any(is_of);
    }
}

pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `word` stands in `code` as a whole word.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || !is_word_byte(bytes[at - 1]))
        .filter(|at| bytes.get(at + word.len()).is_none_or(|byte| !is_word_byte(*byte)))
        .collect()
}

/// One past the brace that closes the one at `open`, or the end of the file.
pub(crate) fn matching_brace(code: &[u8], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(code: &mut [u8]) {
    code.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

fn classify(bytes: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let (range, kind, next) = token(bytes, at);
        kinds[range].fill(kind);
        at = next;
    }
    kinds
}

/// The token at `at`: which bytes of it are of which kind (the rest stay code), and where the next one begins.
fn token(bytes: &[u8], at: usize) -> (Range<usize>, Kind, usize) {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        let end = at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        (at..end, Kind::Comment, end)
    } else if rest.starts_with(b"/*") {
        let end = block_comment_end(bytes, at);
        (at..end, Kind::Comment, end)
    } else if let Some((inside, next)) = raw_string(bytes, at) {
        (inside, Kind::Text, next)
    } else if rest[0] == b'"' {
        let end = quoted_end(bytes, at + 1);
        (at + 1..end, Kind::Text, (end + 1).min(bytes.len()))
    } else if let Some(end) = character_end(bytes, at) {
        (at + 1..end, Kind::Text, end + 1)
    } else {
        // A word is taken whole, so that the `r` in `for` never begins a raw string.
        let word = rest.iter().take_while(|byte| is_word_byte(**byte)).count();
        let is_prefix = matches!(&rest[..word], b"b" | b"c") && rest.get(word) == Some(&b'"');
        let next = at + if is_prefix { word } else { word.max(1) };
        (at..next, Kind::Code, next)
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if bytes[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// What a raw string at `at` holds, and where the code goes on.
fn raw_string(bytes: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|prefix| {
        let after = bytes.get(at + prefix.len());
        bytes[at..].starts_with(prefix) && matches!(after, Some(b'"' | b'#'))
    })?;
    let hashes = bytes[at + prefix.len()..].iter().take_while(|byte| **byte == b'#').count();
    let start = at + prefix.len() + hashes;
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let close = [&b"\""[..], &vec![b'#'; hashes]].concat();
    let inside = &bytes[start + 1..];
    let length = inside.windows(close.len()).position(|window| window == close).unwrap_or(inside.len());
    let end = start + 1 + length;
    Some((start + 1..end, (end + close.len()).min(bytes.len())))
}

fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The closing quote of a character literal at `at`; nothing for a lifetime.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes[at] != b'\'' {
        return None;
    }
    if bytes.get(at + 1) == Some(&b'\\') {
        return bytes.iter().skip(at + 3).position(|byte| *byte == b'\'').map(|more| at + 3 + more);
    }
    // The length of the one character: bytes 10xxxxxx continue it.
    let more = bytes.iter().skip(at + 2).take_while(|byte| **byte & 0xC0 == 0x80).count();
    let end = at + 2 + more;
    (bytes.get(end) == Some(&b'\'')).then_some(end)
}

fn test_regions(code: &[u8]) -> Vec<Range<usize>> {
    let text = std::str::from_utf8(code).expect("code outside strings and comments is whole characters");
    text.match_indices("#[cfg(test)]")
        .filter_map(|(start, _)| Some(start..matching_brace(code, body_start(code, start + "#[cfg(test)]".len())?)))
        .collect()
}

/// The name of the function whose header begins on this line, and whether it is async.
fn function_header(line: &str) -> Option<(&str, bool)> {
    let mut rest = line.trim_start();
    let mut is_async = false;
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "fn" => {
                let length = after.bytes().take_while(|byte| is_word_byte(*byte)).count();
                return (length > 0).then(|| (&after[..length], is_async));
            }
            "async" => is_async = true,
            "pub" | "const" | "unsafe" | "extern" | "default" => {}
            _ if word.starts_with("pub(") || word.starts_with('"') || word.ends_with(')') => {}
            _ => return None,
        }
        rest = after.trim_start();
    }
}

/// The brace that opens the body of what is declared at `start`; nothing if a semicolon ends it first.
fn body_start(code: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (at, byte) in code.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(text: &str) -> String {
        Source::new("core/src/a.rs", text).code()
    }

    #[test]
    fn what_stands_in_comments_and_between_quotes_is_not_code() {
        assert_eq!(code_of("a /* b /* c */ d */ e // f\ng"), "a                   e     \ng");
        assert_eq!(code_of(r#"a("b\"{", 'c', '\'', '{') + d"#), r#"a("    ", ' ', '  ', ' ') + d"#);
        assert_eq!(code_of("r#\"a\"{\"# b\"}\" br\"}\" for\"x\""), "r#\"   \"# b\" \" br\" \" for\" \"");
        assert_eq!(code_of("'あ' x"), "'   ' x");
    }

    #[test]
    fn a_lifetime_does_not_begin_a_character() {
        assert_eq!(code_of("fn a<'b>(c: &'b str) {}"), "fn a<'b>(c: &'b str) {}");
    }

    #[test]
    fn a_function_is_counted_from_its_first_line_to_its_closing_brace() {
        let source = Source::new(
            "core/src/a.rs",
            "pub(crate) async fn a(\n    b: [u8; 2],\n) {\n    c(\"}\");\n}\n\ntrait D {\n    fn e();\n    fn f() {}\n}\n",
        );
        let function = |name: &str, line, lines, is_async| Function { name: name.to_owned(), line, lines, is_async };
        assert_eq!(source.functions(), [function("a", 1, 5, true), function("f", 9, 1, false)]);
    }

    #[test]
    fn test_code_is_not_shipped() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let shipped = Source::new("core/src/a.rs", text).shipped_code();
        assert!(shipped.contains("fn a") && !shipped.contains("fn b") && shipped.contains("fn c"));
        assert_eq!(shipped.len(), text.len());
        assert!(Source::new("server/tests/it/a.rs", text).shipped_code().trim().is_empty());
    }

    #[test]
    fn a_module_that_is_declared_for_tests_is_not_shipped() {
        let paths = ["server/src/a/b.rs", "server/src/a/b/c.rs", "server/src/a/bd.rs", "server/src/e/f.rs"];
        let mut all = paths.map(|path| Source::new(path, "")).to_vec();
        all.push(Source::new("server/src/a/mod.rs", "#[cfg(test)]\npub(crate) mod b;\nmod bd;"));
        all.push(Source::new("server/src/e.rs", "#[cfg(test)]\nmod f;\n#[cfg(test)]\nmod tests { use a; }"));
        mark_test_modules(&mut all);
        let tests: Vec<bool> = all.iter().map(Source::is_test_file).collect();
        assert_eq!(tests, [true, true, false, true, false, false]);
    }

    #[test]
    fn a_word_is_found_whole_only() {
        assert_eq!(words("web webs _web web", "web"), [0, 14]);
    }
}
