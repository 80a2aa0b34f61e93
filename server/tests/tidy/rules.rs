//! Rules on shape and wording that one file can break by itself.
//!
//! Every rule is a function from a source to the places that break it, and has a test that shows it fire on a bad sample
//! and stay silent on a good one. Not here: which file may know of which other one (`dependence.rs`).

use crate::Breach;
use crate::source::{Kind, Source, matching_brace, words};

/// Functions: at most this many lines, signature and closing brace counted.
const FUNCTION_LINES: usize = 70;
/// Async functions of `server/src/web/`: unwrap the input, one call, wrap the output.
const HANDLER_LINES: usize = 20;
/// Rust files.
const FILE_LINES: usize = 800;
/// Names that hide what a file holds.
const HOLLOW_NAMES: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers"];

/// `#[allow(…)]` switches a lint off silently; `#[expect(…, reason = "…")]` says why and ends with its cause.
pub(crate) fn no_allow(source: &Source) -> Vec<Breach> {
    let code = if source.is_rust() { source.code() } else { String::new() };
    let plain = ["#[allow", "#![allow"].into_iter().flat_map(|mark| code.match_indices(mark));
    let conditional =
        code.match_indices("cfg_attr(").filter(|(at, _)| !words(line_from(&code, *at), "allow").is_empty());
    plain.chain(conditional).map(|(at, _)| source.breach(at, "use `#[expect(lint, reason = \"…\")]`")).collect()
}

/// A test that never runs shows nothing.
pub(crate) fn no_ignored_test(source: &Source) -> Vec<Breach> {
    let code = if source.is_rust() { source.code() } else { String::new() };
    code.match_indices("#[ignore").map(|(at, _)| source.breach(at, "an ignored test shows nothing")).collect()
}

/// No panic without a reason in what is shipped, and no left-over of unfinished work anywhere.
pub(crate) fn no_unfinished_code(source: &Source) -> Vec<Breach> {
    if !source.is_rust() {
        return Vec::new();
    }
    let (code, shipped) = (source.code(), source.shipped_code());
    let macros = ["todo!", "unimplemented!", "dbg!"].into_iter().flat_map(|name| {
        let bare = name.trim_end_matches('!');
        words(&code, bare).into_iter().filter(|at| code[at + bare.len()..].starts_with('!')).map(move |at| (at, name))
    });
    let calls = [".unwrap()", ".expect(\"\")"].into_iter().flat_map(|call| shipped.match_indices(call));
    macros
        .chain(calls)
        .map(|(at, what)| source.breach(at, &format!("`{what}`: handle it, or `.expect(\"…\")` with the reason")))
        .collect()
}

/// A note of work to do names its issue, as in `#12`.
pub(crate) fn notes_name_an_issue(source: &Source) -> Vec<Breach> {
    if source.path.ends_with(".md") {
        return Vec::new();
    }
    let text = if source.is_rust() { source.view(&[Kind::Comment]) } else { source.text.clone() };
    ["TODO", "FIXME", "XXX"]
        .into_iter()
        .flat_map(|mark| words(&text, mark))
        .filter(|at| !names_issue(line_from(&text, *at)))
        .map(|at| source.breach(at, "write the number of its issue, as in `#12`"))
        .collect()
}

fn names_issue(line: &str) -> bool {
    line.split('#').skip(1).any(|after| after.starts_with(|first: char| first.is_ascii_digit()))
}

/// A function longer than a screen is two functions.
pub(crate) fn functions_are_short(source: &Source) -> Vec<Breach> {
    if !source.is_rust() {
        return Vec::new();
    }
    let is_long = |lines: usize| lines > FUNCTION_LINES;
    let all = source.functions().into_iter().filter(|function| is_long(function.lines));
    all.map(|f| source.breach_on(f.line, &format!("`{}` has {} lines of {FUNCTION_LINES}", f.name, f.lines))).collect()
}

/// Handlers stay thin, so that what they do can be tested without HTTP.
pub(crate) fn handlers_are_thin(source: &Source) -> Vec<Breach> {
    if !source.is_rust() || !source.path.starts_with("server/src/web/") {
        return Vec::new();
    }
    let handlers = source.functions().into_iter().filter(|function| function.is_async);
    handlers
        .filter(|function| function.lines > HANDLER_LINES)
        .map(|f| source.breach_on(f.line, &format!("`{}` has {} lines of {HANDLER_LINES}", f.name, f.lines)))
        .collect()
}

/// A file that long holds two nouns.
pub(crate) fn files_are_short(source: &Source) -> Vec<Breach> {
    let lines = source.text.lines().count();
    if !source.is_rust() || lines <= FILE_LINES {
        return Vec::new();
    }
    vec![source.breach_on(lines, &format!("{lines} lines of {FILE_LINES}"))]
}

/// Every module says what lives in it.
pub(crate) fn modules_are_documented(source: &Source) -> Vec<Breach> {
    let is_module = source.is_rust() && source.path.contains("src/") && !source.is_test_file();
    if !is_module || source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![source.breach_on(1, "begin with `//!`: what lives here, and what deliberately does not")]
}

/// Core is exact: no float type, no float literal.
pub(crate) fn core_has_no_floats(source: &Source) -> Vec<Breach> {
    if !source.is_rust() || !source.path.starts_with("core/src/") {
        return Vec::new();
    }
    let code = source.code();
    let bytes = code.as_bytes();
    let types = ["f32", "f64"].into_iter().flat_map(|name| code.match_indices(name)).map(|(at, _)| at).filter(|at| {
        !bytes[at.saturating_sub(1)].is_ascii_alphabetic()
            && bytes.get(at + 3).is_none_or(|byte| !byte.is_ascii_alphanumeric())
    });
    let literals = code.match_indices('.').map(|(at, _)| at).filter(|at| is_float_point(bytes, *at));
    types.chain(literals).map(|at| source.breach(at, "use integers, `Ratio` or a decimal text")).collect()
}

/// Whether the point at `at` is one between the digits of a number; `pair.0.1` is not.
fn is_float_point(bytes: &[u8], at: usize) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let before = bytes[..at].iter().rev().take_while(|byte| is_digit(byte)).count();
    let first = bytes[..at - before].last();
    before > 0
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        && first.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.')
}

/// Libraries return what they found; only the program prints.
pub(crate) fn libraries_do_not_print(source: &Source) -> Vec<Breach> {
    let is_library = ["core/src/", "probe/src/"].iter().any(|folder| source.path.starts_with(folder));
    if !source.is_rust() || !is_library {
        return Vec::new();
    }
    let code = source.code();
    ["println", "print", "eprintln", "eprint"]
        .into_iter()
        .flat_map(|name| words(&code, name).into_iter().map(move |at| (at, name)))
        .filter(|(at, name)| code[at + name.len()..].starts_with('!'))
        .map(|(at, _)| source.breach(at, "return it; the server prints"))
        .collect()
}

/// An error is a type.
pub(crate) fn errors_are_types(source: &Source) -> Vec<Breach> {
    let code = if source.is_rust() { source.shipped_code() } else { String::new() };
    let starts = words(&code, "Result").into_iter().filter(|at| code[at + "Result".len()..].starts_with('<'));
    starts
        .filter(|at| last_argument(&code[at + "Result<".len()..]) == Some("String"))
        .map(|at| source.breach(at, "make the error a type that a caller can match"))
        .collect()
}

/// The last of the generic arguments whose list has just been opened, if there are two or more.
fn last_argument(rest: &str) -> Option<&str> {
    let (mut depth, mut from, mut arguments) = (0usize, 0, Vec::new());
    for (at, c) in rest.char_indices() {
        match c {
            '>' if rest[..at].ends_with('-') => {}
            '>' if depth == 0 => {
                arguments.push(rest[from..at].trim());
                // A list over several lines ends with a comma.
                arguments.retain(|argument| !argument.is_empty());
                return arguments.get(1..)?.last().copied();
            }
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                arguments.push(rest[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// The server has one clock; tests steer it.
pub(crate) fn one_clock(source: &Source) -> Vec<Breach> {
    let code = if source.is_rust() { source.shipped_code() } else { String::new() };
    let places = words(&code, "disallowed_methods");
    let is_clock = source.path == "server/src/clock.rs";
    let breaches = places.into_iter().filter(|_| !is_clock);
    breaches.map(|at| source.breach(at, "take the time from `server/src/clock.rs`")).collect()
}

/// A path names what is there.
pub(crate) fn names_say_what_is_there(source: &Source) -> Vec<Breach> {
    let hollow = source.path.split('/').find(|part| HOLLOW_NAMES.contains(&part.split('.').next().unwrap_or(part)));
    hollow.map(|part| source.breach_on(1, &format!("`{part}` hides its content"))).into_iter().collect()
}

/// A public trait that one type implements is that type.
pub(crate) fn traits_are_shared(all: &[Source]) -> Vec<Breach> {
    let codes: Vec<String> = all.iter().map(|s| if s.is_rust() { s.code() } else { String::new() }).collect();
    let mut breaches = Vec::new();
    for (source, code) in all.iter().zip(&codes) {
        for at in words(code, "trait") {
            let rest = code[at + "trait".len()..].trim_start();
            let name = &rest[..rest.bytes().take_while(|byte| crate::source::is_word_byte(*byte)).count()];
            let count = codes.iter().map(|code| implementors(code, name)).sum::<usize>();
            if !name.is_empty() && count < 2 {
                breaches.push(source.breach(at, &format!("`{name}` has {count} implementor(s): use the type itself")));
            }
        }
    }
    breaches
}

fn implementors(code: &str, name: &str) -> usize {
    let named = words(code, name).into_iter().filter(|at| {
        let after = &code[at + name.len()..];
        let after = match after.strip_prefix('<') {
            Some(list) => list.split_once('>').map_or("", |(_, rest)| rest),
            None => after,
        };
        after.trim_start().starts_with("for ")
    });
    named.count()
}

/// Every test that SECURITY.md or ARCHITECTURE.md names in the form `test:name` exists.
pub(crate) fn documents_name_real_tests(all: &[Source]) -> Vec<Breach> {
    let names: Vec<String> =
        all.iter().filter(|s| s.is_rust()).flat_map(|s| s.functions()).map(|function| function.name).collect();
    let mut breaches = Vec::new();
    for source in all.iter().filter(|source| source.path.ends_with(".md")) {
        for (at, mark) in source.text.match_indices("`test:") {
            let rest = &source.text[at + mark.len()..];
            let name = rest.split('`').next().unwrap_or(rest);
            if !names.iter().any(|known| known == name) {
                breaches.push(source.breach(at, &format!("there is no test `{name}`")));
            }
        }
    }
    breaches
}

/// Every link from one file of the repository to another leads somewhere. Pictures are made after the text.
pub(crate) fn links_lead_somewhere(all: &[Source], exists: &dyn Fn(&str) -> bool) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in all.iter().filter(|source| source.path.ends_with(".md")) {
        let folder = source.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for (at, _) in source.text.match_indices("](") {
            let target = source.text[at + 2..].split([')', '#', ' ']).next().unwrap_or_default();
            let is_picture = target.ends_with(".png");
            if !target.is_empty() && !target.contains(':') && !is_picture && !exists(&format!("{folder}{target}")) {
                breaches.push(source.breach(at, &format!("`{target}` does not exist")));
            }
        }
    }
    breaches
}

fn line_from(text: &str, at: usize) -> &str {
    text[at..].split('\n').next().unwrap_or_default()
}

/// The first identifiers of what is imported from `root`: `crate::a::b` and `crate::{a, b::c}` both name `a`.
pub(crate) fn modules_named(code: &str, root: &str) -> Vec<(usize, String)> {
    let start = format!("{root}::");
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&start) {
        let rest = &code[at + start.len()..];
        let group = rest.starts_with('{').then(|| &rest[1..matching_brace(rest.as_bytes(), 0) - 1]);
        let paths = group.map_or_else(|| vec![rest], split_group);
        for path in paths {
            let path = path.trim_start();
            let length = path.bytes().take_while(|byte| crate::source::is_word_byte(*byte)).count();
            found.push((at, path[..length].to_owned()));
        }
    }
    found
}

/// The members of `{a, b::{c, d}}`, without its braces.
fn split_group(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut members) = (0usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                members.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    members.push(&group[from..]);
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a rule fires on one file.
    fn fires(rule: fn(&Source) -> Vec<Breach>, path: &str, text: &str) -> usize {
        rule(&Source::new(path, text)).len()
    }

    fn function_of(lines: usize, header: &str) -> String {
        format!("{header} {{\n{}}}\n", "    a();\n".repeat(lines - 2))
    }

    #[test]
    fn allow_is_found_and_expect_is_not() {
        for bad in ["#[allow(dead_code)]", "#![allow(dead_code)]", "#[cfg_attr(test, allow(dead_code))]"] {
            assert_eq!(fires(no_allow, "core/src/a.rs", bad), 1, "{bad}");
        }
        assert_eq!(fires(no_allow, "core/src/a.rs", "#[expect(dead_code, reason = \"x\")] // #[allow"), 0);
    }

    #[test]
    fn an_ignored_test_is_found() {
        assert_eq!(fires(no_ignored_test, "core/src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}"), 1);
        assert_eq!(fires(no_ignored_test, "core/src/a.rs", "#[test]\nfn a() {}"), 0);
    }

    #[test]
    fn unfinished_code_is_found_and_a_reason_is_enough() {
        for bad in ["a.unwrap();", "a.expect(\"\");", "todo!()", "unimplemented!(\"x\")", "dbg!(a)"] {
            assert_eq!(fires(no_unfinished_code, "core/src/a.rs", bad), 1, "{bad}");
        }
        for good in ["a.expect(\"checked above\");", "a.unwrap_or(b);", "// a.unwrap()", "f(\"todo!\")"] {
            assert_eq!(fires(no_unfinished_code, "core/src/a.rs", good), 0, "{good}");
        }
        assert_eq!(fires(no_unfinished_code, "server/tests/it/a.rs", "a.unwrap(); todo!()"), 1, "only the second");
    }

    #[test]
    fn a_note_without_an_issue_is_found() {
        let mark = ["TO", "DO"].concat();
        assert_eq!(fires(notes_name_an_issue, "core/src/a.rs", &format!("// {mark}: later")), 1);
        assert_eq!(fires(notes_name_an_issue, "server/assets/a.css", &format!("/* {mark} #x */")), 1);
        assert_eq!(fires(notes_name_an_issue, "core/src/a.rs", &format!("// {mark}(#12): later")), 0);
        assert_eq!(fires(notes_name_an_issue, "core/src/a.rs", &format!("let a = \"{mark}\";")), 0);
    }

    #[test]
    fn the_seventy_first_line_of_a_function_is_found() {
        assert_eq!(fires(functions_are_short, "core/src/a.rs", &function_of(71, "fn a()")), 1);
        assert_eq!(fires(functions_are_short, "core/src/a.rs", &function_of(70, "fn a()")), 0);
    }

    #[test]
    fn the_twenty_first_line_of_a_handler_is_found() {
        let path = "server/src/web/a.rs";
        assert_eq!(fires(handlers_are_thin, path, &function_of(21, "pub(crate) async fn a()")), 1);
        assert_eq!(fires(handlers_are_thin, path, &function_of(20, "pub(crate) async fn a()")), 0);
        assert_eq!(fires(handlers_are_thin, path, &function_of(21, "fn a()")), 0);
        assert_eq!(fires(handlers_are_thin, "server/src/measure/a.rs", &function_of(21, "async fn a()")), 0);
    }

    #[test]
    fn the_eight_hundred_and_first_line_of_a_file_is_found() {
        assert_eq!(fires(files_are_short, "core/src/a.rs", &"\n".repeat(801)), 1);
        assert_eq!(fires(files_are_short, "core/src/a.rs", &"\n".repeat(800)), 0);
        assert_eq!(fires(files_are_short, "server/locales/a.ftl", &"\n".repeat(801)), 0);
    }

    #[test]
    fn a_module_without_a_word_about_itself_is_found() {
        assert_eq!(fires(modules_are_documented, "core/src/a.rs", "use b;"), 1);
        assert_eq!(fires(modules_are_documented, "core/src/a.rs", "//! A.\nuse b;"), 0);
        assert_eq!(fires(modules_are_documented, "core/src/a/tests.rs", "use super::*;"), 0);
    }

    #[test]
    fn floats_are_found_in_core_alone() {
        for bad in ["fn a(b: f64) {}", "1f32", "let a = 0.5;", "c.as_f64()"] {
            assert_eq!(fires(core_has_no_floats, "core/src/a.rs", bad), 1, "{bad}");
            assert_eq!(fires(core_has_no_floats, "server/src/a.rs", bad), 0, "{bad}");
        }
        for good in ["pair.0.1", "0..5", "\"0.5\"", "// 0.5", "a.1", "x1.2"] {
            assert_eq!(fires(core_has_no_floats, "core/src/a.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn a_library_that_prints_is_found() {
        assert_eq!(fires(libraries_do_not_print, "probe/src/a.rs", "println!(\"a\"); eprint!(\"b\")"), 2);
        assert_eq!(fires(libraries_do_not_print, "server/src/a.rs", "println!(\"a\")"), 0);
        assert_eq!(fires(libraries_do_not_print, "core/src/a.rs", "fn print() {} // println!"), 0);
    }

    #[test]
    fn an_error_that_is_a_text_is_found() {
        for bad in
            ["-> Result<u8, String> {", "Result<\n    Vec<(u8, u8)>,\n    String,\n>", "Result<fn() -> u8, String>"]
        {
            assert_eq!(fires(errors_are_types, "core/src/a.rs", bad), 1, "{bad}");
        }
        for good in ["Result<String, E>", "Result<String>", "Result<HashMap<A, String>, E>", "Option<String>"] {
            assert_eq!(fires(errors_are_types, "core/src/a.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn a_second_clock_is_found() {
        let text = "#[expect(clippy::disallowed_methods, reason = \"x\")]";
        assert_eq!(fires(one_clock, "server/src/measure/a.rs", text), 1);
        assert_eq!(fires(one_clock, "server/src/clock.rs", text), 0);
    }

    #[test]
    fn a_hollow_name_is_found() {
        for bad in ["core/src/util.rs", "server/tests/common/mod.rs", "server/src/helpers.rs", "docs/misc.md"] {
            assert_eq!(fires(names_say_what_is_there, bad, ""), 1, "{bad}");
        }
        assert_eq!(fires(names_say_what_is_there, "core/src/utility_bill.rs", ""), 0);
    }

    #[test]
    fn a_trait_with_one_implementor_is_found() {
        let all = |more: &str| {
            let text = format!("pub trait A<T> {{}}\nimpl A<u8> for B {{}}\n{more}");
            [Source::new("core/src/a.rs", &text)]
        };
        assert_eq!(traits_are_shared(&all("")).len(), 1);
        assert_eq!(traits_are_shared(&all("impl<T> A<T> for C {}")).len(), 0);
    }

    #[test]
    fn a_test_that_only_a_document_knows_is_found() {
        let all = [Source::new("SECURITY.md", "| `test:a` | `test:b` |"), Source::new("core/src/a.rs", "fn a() {}")];
        assert_eq!(documents_name_real_tests(&all).len(), 1);
    }

    #[test]
    fn a_dead_link_is_found() {
        let text = "[a](b.md) [c](d.md#e) [f](https://example.org) [g](#h) ![i](j.png)";
        let all = [Source::new("docs/k.md", text)];
        assert_eq!(links_lead_somewhere(&all, &|path| path == "docs/b.md").len(), 1);
    }

    #[test]
    fn an_import_names_its_first_modules() {
        let names = |code| modules_named(code, "crate").into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names("use crate::a::b; crate::c()"), ["a", "c"]);
        assert_eq!(names("use crate::{a::{x, y}, b};"), ["a", "b"]);
    }
}
