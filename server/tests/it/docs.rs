//! What documents say of the program: their command lines are ones that it takes, their links lead to a heading, both
//! languages of the README say the same; and what is made from the commands, manual pages and completions, is whole.
//!
//! That a linked file exists is a rule of `tests/tidy`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};
use uphold::cli::Cli;

use crate::program::{root, stdout};

/// The documents for people, with their path in the repository.
fn documents() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = Vec::new();
    markdown_below(&root().join("docs"), &mut paths);
    for name in ["README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"] {
        paths.push(root().join(name));
    }
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        (name, fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

fn markdown_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            markdown_below(&path, found);
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
}

/// A document in parts: its prose, and its blocks of code with what language they say they are.
struct Parts {
    prose: String,
    blocks: Vec<(String, String)>,
}

fn parts(text: &str) -> Parts {
    let (mut prose, mut blocks, mut open) = (String::new(), Vec::new(), None::<(String, String)>);
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(language), None) => open = Some((language.trim().to_owned(), String::new())),
            (None, Some((language, body))) => open = Some((language, format!("{body}{line}\n"))),
            (None, None) => prose += &format!("{line}\n"),
        }
    }
    assert!(open.is_none(), "a block of code has no end");
    Parts { prose, blocks }
}

/// The simple commands of a shell's text, as words, without redirections. What stands in `$(…)` comes as a command of its
/// own.
fn commands(script: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut script = script.replace("\\\n", " ");
    while let Some(at) = script.find("$(") {
        let Some(end) = script[at..].find(')') else { break };
        found.extend(commands(&script[at + 2..at + end]));
        script.replace_range(at..=at + end, "VALUE");
    }
    found.extend(script.lines().flat_map(simple_commands));
    found
}

fn simple_commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut redirected) = (Vec::new(), Vec::new(), false);
    for word in words_of(line) {
        match word.as_str() {
            "|" | "&" | "&&" | "||" | ";" => all.push(std::mem::take(&mut words)),
            ">" | ">>" | "<" | "2>" => redirected = true,
            "2>&1" => {}
            _ if redirected => redirected = false,
            _ => words.push(word),
        }
    }
    all.push(words);
    all.retain(|words| !words.is_empty());
    all
}

/// The words of one line as a shell divides it; from a `#` on it is a comment.
fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in line.chars() {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ' | '\t', None) => words.extend(word.take()),
            ('#', None) if word.is_none() => break,
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What of a simple command is a call of our program: its arguments, with the program's name first.
fn call_of(words: &[String]) -> Option<Vec<String>> {
    let is_ours = |word: &String| word == "uphold" || word.ends_with("/uphold");
    let is_known = |word: &String| Cli::command().get_subcommands().any(|sub| sub.get_name() == word);
    let at = words.iter().position(is_ours)?;
    // Elsewhere than at the beginning it may be the name of a user or of a unit.
    if at > 0 && !words.get(at + 1).is_some_and(is_known) {
        return None;
    }
    Some(words[at..].to_vec())
}

/// Why our program would not take these words; `None` where it would, or where what is wrong is a place to fill in.
fn refusal(words: &[String], is_whole: bool) -> Option<String> {
    // A synopsis: what may be left out stands in brackets, and one of several words between bars.
    let plain = words.iter().map(|word| word.trim_matches(['[', ']']).split('|').next().unwrap_or_default().to_owned());
    let error = Cli::command().try_get_matches_from(plain.filter(|word| word != "…")).err()?;
    let value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => value.as_str(),
        _ => "",
    };
    let is_place = !value.is_empty() && !value.contains(|c: char| c.is_lowercase());
    let is_passed = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => is_place || (value.is_empty() && !is_whole),
        ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => !is_whole,
        _ => false,
    };
    (!is_passed).then(|| error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// Every call of our program in a document that it would refuse.
fn refused(text: &str) -> Vec<String> {
    let parts = parts(text);
    let shell = parts.blocks.iter().filter(|(language, _)| ["", "sh", "bash"].contains(&language.as_str()));
    let whole = shell.flat_map(|(_, block)| commands(block)).map(|words| (words, true));
    let spans = parts.prose.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " "));
    let named = spans.filter(|span| span.starts_with("uphold ")).flat_map(|span| commands(&span));
    let calls = whole.chain(named.map(|words| (words, false)));
    let calls = calls.filter_map(|(words, is_whole)| Some((call_of(&words)?, is_whole)));
    calls.filter_map(|(call, whole)| Some(format!("{}: {}", call.join(" "), refusal(&call, whole)?))).collect()
}

#[test]
fn every_command_line_in_a_document_is_one_that_the_program_takes() {
    let mut seen = 0;
    let mut bad = Vec::new();
    for (name, text) in documents() {
        seen += text.matches("uphold ").count();
        bad.extend(refused(&text).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(seen > 100, "only {seen} command lines were seen");
    assert!(bad.is_empty(), "{} command line(s) would be refused:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn a_command_line_that_the_program_does_not_take_is_found() {
    let block = |line: &str| refused(&format!("```sh\n{line}\n```\n")).len();
    for bad in [
        "uphold serv",
        "uphold check --colour a.toml",
        "uphold ledger verifi --data d",
        "sudo uphold check --colour a.toml",
        "uphold ledger verify",
        "cat a | uphold check --colour a.toml",
        "uphold verify b --key \"$(uphold ledger kye --data d)\"",
        "uphold check a.toml \\\n  --colour",
        "uphold evaluate --agreement a --history h --period 2026-10 --format xml",
    ] {
        assert_eq!(block(bad), 1, "{bad}");
    }
    for good in [
        "uphold check a.toml  # --colour",
        "uphold ledger verify --data d > --out",
        "uphold export history --data d | grep x &",
        "uphold doctor --data FOLDER [--agreement F] [--format text|json]",
        "useradd --system uphold && chown -R uphold /var/lib/uphold",
        "uphold evaluate --agreement a --history h --period START/END",
        "uphold verify b --key \"$(uphold ledger key --data d)\"",
    ] {
        assert_eq!(refused(&format!("```\n{good}\n```\n")), Vec::<String>::new());
    }
    assert_eq!(refused("Say `uphold check --colour`, or `uphold\nserve`.").len(), 1);
    assert_eq!(refused("```toml\nuphold serv\n```\n").len(), 0, "a block of another language is no command");
}

#[test]
fn the_configuration_that_is_installed_is_a_right_one() {
    let [agreement, checks, alerts] =
        ["examples/new/agreement.toml", "packaging/etc/checks.toml", "packaging/etc/alerts.toml"]
            .map(|path| root().join(path).display().to_string());
    stdout(["check", &agreement, "--checks", &checks, "--alerts", &alerts]);
}

#[test]
fn the_service_starts_the_server_as_it_can_be_started() {
    let unit = fs::read_to_string(root().join("packaging/uphold.service")).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert_eq!(refusal(&call_of(&words_of(start)).unwrap(), true), None);
}

/// The name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    heading.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn headings(text: &str) -> Vec<(usize, String)> {
    let prose = parts(text).prose;
    let level = |line: &str| line.bytes().take_while(|byte| *byte == b'#').count();
    let is_heading = |line: &&str| level(line) > 0 && line[level(line)..].starts_with(' ');
    prose.lines().filter(is_heading).map(|line| (level(line), line[level(line)..].trim().to_owned())).collect()
}

/// Where the links of a document lead.
fn links(text: &str) -> Vec<String> {
    let prose = parts(text).prose;
    let targets = prose.match_indices("](").map(|(at, mark)| prose[at + mark.len()..].split([')', ' ']).next());
    targets.map(|target| target.unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_link_to_a_heading_finds_it() {
    let (mut bad, mut seen) = (Vec::new(), 0);
    for (name, text) in documents() {
        for link in links(&text).into_iter().filter(|link| !link.contains(':')) {
            let Some((file, wanted)) = link.split_once('#') else { continue };
            seen += 1;
            let file =
                if file.is_empty() { root().join(&name) } else { root().join(&name).with_file_name("").join(file) };
            let anchors = fs::read_to_string(file).map(|text| headings(&text)).unwrap_or_default();
            if !anchors.iter().any(|(_, heading)| anchor(heading) == wanted) {
                bad.push(format!("{name}: `{link}`"));
            }
        }
    }
    assert!(seen > 10, "only {seen} links to headings were seen");
    assert!(bad.is_empty(), "these headings do not exist:\n{}", bad.join("\n"));
}

#[test]
fn the_index_of_the_handbook_names_every_page() {
    let index = links(&fs::read_to_string(root().join("docs/README.md")).unwrap());
    let mut pages = Vec::new();
    markdown_below(&root().join("docs"), &mut pages);
    let names = pages.iter().map(|path| path.strip_prefix(root().join("docs")).unwrap().display().to_string());
    let missing: Vec<String> = names
        .filter(|name| name != "README.md" && !name.starts_with("decisions/"))
        .filter(|name| !index.contains(name))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "docs/README.md has no line for these");
}

#[test]
fn the_readme_says_the_same_in_both_languages() {
    let [english, japanese] = ["README.md", "README.ja.md"].map(|name| fs::read_to_string(root().join(name)).unwrap());
    let levels = |text: &str| headings(text).into_iter().map(|(level, _)| level).collect::<Vec<_>>();
    assert_eq!(levels(&english), levels(&japanese), "the headings");
    assert_eq!(parts(&english).blocks, parts(&japanese).blocks, "the blocks of code");
    let rows = |text: &str| text.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows(&english), rows(&japanese), "the rows of tables");
    let items = |text: &str| text.lines().filter(|line| line.starts_with("- ")).count();
    assert_eq!(items(&english), items(&japanese), "the items of lists");
    // Each links to the other; a page of others may be the one in the reader's language.
    let targets = |text: &str| {
        let all = links(text).into_iter().map(|link| link.replace("/ja/", "/en/").replace("README.ja.md", "README.md"));
        let mut all: Vec<String> = all.collect();
        all.sort();
        all
    };
    assert_eq!(targets(&english), targets(&japanese), "the links");
}

/// The part of a document under a heading of the third level.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let rest = text.split_once(&format!("### {heading}\n")).unwrap().1;
    rest.split("\n#").next().unwrap()
}

#[test]
fn the_map_names_every_module_and_nothing_that_is_not_there() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for part in ["core", "probe", "server"] {
        let told = section(&map, part);
        let words: BTreeSet<&str> = told.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for entry in fs::read_dir(root().join(part).join("src")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_told = words.contains(name.trim_end_matches(".rs"));
            assert!(is_told || name == "lib.rs", "{part}/src/{name} is not on the map");
        }
        let mut below = Vec::new();
        paths_below(&root().join(part), &mut below);
        let spans = told.split('`').skip(1).step_by(2);
        for name in spans.filter(|span| span.ends_with(".rs") || span.ends_with('/')) {
            let end = format!("/{}", name.trim_end_matches('/'));
            assert!(below.iter().any(|path| path.ends_with(&end)), "`{name}` of the map is not below {part}/");
        }
    }
}

fn paths_below(folder: &Path, found: &mut Vec<String>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        found.push(path.display().to_string());
        if path.is_dir() {
            paths_below(&path, found);
        }
    }
}

/// The names of all commands below one, as their manual pages are called.
fn pages(command: &Command, prefix: &str, found: &mut BTreeSet<String>) {
    found.insert(format!("{prefix}.1"));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        pages(sub, &format!("{prefix}-{}", sub.get_name()), found);
    }
}

#[test]
fn every_command_has_a_manual_page_with_all_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man");
    stdout(["man", "--out", out.to_str().unwrap()]);
    let mut wanted = BTreeSet::new();
    pages(&Cli::command(), "uphold", &mut wanted);
    assert!(wanted.contains("uphold-export-bundle.1") && wanted.len() > 25, "{wanted:?}");
    let there = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), wanted);
    let page = fs::read_to_string(out.join("uphold-export-bundle.1")).unwrap().replace("\\-", "-");
    for part in [".TH uphold-export-bundle 1", "--data", "--as-known-at", "Where to write"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn completions_load_in_their_shells_and_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = stdout(["completions", shell]);
        for command in Cli::command().get_subcommands().filter(|sub| !sub.is_hide_set()) {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
        for part in ["as-known-at", "support-bundle"] {
            assert!(script.contains(part), "{shell}: {part}");
        }
        let file = folder.path().join(shell);
        fs::write(&file, script).unwrap();
        match Process::new(shell).arg(check).arg(&file).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => eprintln!("skipped: `{shell}` cannot be started: {error}"),
        }
    }
}
