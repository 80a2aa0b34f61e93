//! What the program says when it cannot do what it was told, word for word.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::{root, text, uphold};

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// What the program said, with what differs from run to run named.
    fn said(&self, command: &mut Command) -> String {
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{}", text(&output));
        let folder = self.folder.path().to_str().unwrap();
        let said = text(&output).replace(folder, "FOLDER").replace(root().to_str().unwrap(), "ROOT");
        format!("{said}exit {}\n", output.status.code().unwrap_or(-1))
    }
}

fn example() -> PathBuf {
    root().join("examples/cloud-one/agreement.toml")
}

fn check(file: &Path) -> Command {
    let mut command = uphold(["check"]);
    command.arg(file);
    command
}

fn serve(data: &Path, listen: &str) -> Command {
    let mut command = uphold(["serve", "--listen", listen]);
    command.arg("--agreement").arg(example()).arg("--checks").arg(root().join("examples/demo/checks.toml"));
    command.arg("--data").arg(data);
    command
}

#[test]
fn an_agreement_that_does_not_exist() {
    let folder = Folder::new();
    insta::assert_snapshot!(folder.said(&mut check(&folder.path("none.toml"))));
}

#[test]
fn an_agreement_that_is_not_text() {
    let folder = Folder::new();
    insta::assert_snapshot!(folder.said(&mut check(&folder.file("bytes.toml", b"[agreement]\nid = \"\xff\""))));
}

#[test]
fn an_agreement_with_many_mistakes_names_them_all() {
    let folder = Folder::new();
    let source = std::fs::read_to_string(example()).unwrap();
    let wrong = source
        .replacen("per = \"interface\"", "per = \"interfaces\"", 1)
        .replacen("clause = \"4(g)\"", "clause = \"4(z)\"", 1)
        .replacen("kind = \"availability\"", "kind = \"availability\"\ntarget = \"100.0001\"", 2)
        .replacen("zone = \"UTC\"", "zone = \"Europe/Berlni\"", 1)
        .replacen("close_after = \"7d\"", "close_after = \"-7d\"", 1)
        .replacen("authoritative", "authorative", 1)
        .replacen("degraded = \"down\"\n", "", 1);
    insta::assert_snapshot!(folder.said(&mut check(&folder.file("agreement.toml", wrong))));
}

#[test]
fn a_revision_that_ends_before_it_begins_and_a_text_without_its_japanese() {
    let folder = Folder::new();
    let source = std::fs::read_to_string(example()).unwrap();
    let wrong = source
        .replacen(
            "valid_from = 2026-01-01T00:00:00Z",
            "valid_from = 2026-01-01T00:00:00Z\nvalid_until = 2025-01-01T00:00:00Z",
            1,
        )
        .replacen("title = { en = \"Purpose\", ja = \"目的\" }", "title = { en = \"Purpose\" }", 1)
        .replacen("[policy]", "[policy]\n[policy", 1);
    insta::assert_snapshot!(folder.said(&mut check(&folder.file("agreement.toml", wrong))));
}

#[test]
fn a_port_that_is_in_use() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let said = folder.said(&mut serve(&folder.path("data"), &address.to_string()));
    assert!(!folder.path("data").exists(), "a server that cannot serve must leave no trace");
    insta::assert_snapshot!(said.replace(&address.port().to_string(), "PORT"));
}

#[test]
fn a_second_server_on_the_same_data() {
    let folder = Folder::new();
    let data = folder.path("data");
    let mut first = serve(&data, "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(first.stdout.take().unwrap()), &mut line).unwrap();
    assert!(line.starts_with("uphold serves"), "{line}");
    let said = folder.said(&mut serve(&data, "127.0.0.1:0")).replace(&first.id().to_string(), "PID");
    first.kill().unwrap();
    first.wait().unwrap();
    insta::assert_snapshot!(said);
}

/// Root may write everywhere, so root becomes nobody for this, with a program and a folder that nobody may read.
fn without_privilege(folder: &Folder, command: &Command) -> Command {
    let is_root = std::fs::metadata("/proc/self").unwrap();
    if std::os::unix::fs::MetadataExt::uid(&is_root) != 0 {
        let mut same = Command::new(command.get_program());
        same.args(command.get_args());
        return same;
    }
    let program = folder.path("uphold");
    std::fs::copy(command.get_program(), &program).unwrap();
    for file in ["agreement.toml", "checks.toml"] {
        std::fs::set_permissions(folder.path(file), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    std::fs::set_permissions(folder.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut lowered = Command::new("setpriv");
    lowered.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(command.get_args());
    lowered
}

#[test]
fn a_folder_that_may_only_be_read() {
    let folder = Folder::new();
    folder.file("agreement.toml", std::fs::read(example()).unwrap());
    folder.file("checks.toml", std::fs::read(root().join("examples/demo/checks.toml")).unwrap());
    let data = folder.path("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = uphold(["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--agreement").arg(folder.path("agreement.toml")).arg("--checks").arg(folder.path("checks.toml"));
    command.arg("--data").arg(&data);
    let said = folder.said(&mut without_privilege(&folder, &command));
    let deeper = {
        let mut command = uphold(["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--agreement").arg(folder.path("agreement.toml")).arg("--checks").arg(folder.path("checks.toml"));
        command.arg("--data").arg(data.join("deeper"));
        folder.said(&mut without_privilege(&folder, &command))
    };
    insta::assert_snapshot!(format!("{said}\n{deeper}"));
}

#[test]
fn a_history_with_bad_lines_names_them_all() {
    let folder = Folder::new();
    let history = folder.file(
        "history.jsonl",
        concat!(
            r#"{"type":"check","id":"api","scope":{"solution":"workload-security","interface":"apo"},"vantage":"l","staleness":"15m","from":"2026-01-01T00:00:00Z"}"#,
            "\n",
            r#"{"type":"observation","check":"api","vantage":"l","at":"2026-10-03 01:10","state":"down"}"#,
            "\n\n",
            r#"{"type":"observation","check":"api","vantage":"l","at":"2026-10-03T01:10:00Z","state":"dawn"}"#,
            "\n",
            r#"{"type":"observation","check":"api","vantage":"l","at":"2026-10-03T01:10:00Z","state":"down","colour":"red"}"#,
            "\n",
            r#"{"type":"observaton","check":"api"}"#,
            "\n",
            r#"{"type":"observer_gap","from":"2026-10-03T01:10:00Z"}"#,
            "\n",
            r#"{"type":"run","check":"other","vantage":"l","from":"2026-10-03T01:10:00Z","last":"2026-10-03T01:10:00Z","state":"up","n":1}"#,
            "\n",
            "not json\n",
        ),
    );
    let mut command = uphold(["evaluate", "--period", "2026-10"]);
    command.arg("--agreement").arg(example()).arg("--history").arg(history);
    insta::assert_snapshot!(folder.said(&mut command));
}

#[test]
fn bad_lines_may_be_skipped_and_the_statement_says_how_many() {
    let folder = Folder::new();
    let history = folder.file(
        "history.jsonl",
        concat!(
            r#"{"type":"check","id":"api","scope":{"solution":"workload-security","interface":"api"},"vantage":"l","staleness":"15m","from":"2026-01-01T00:00:00Z"}"#,
            "\n",
            r#"{"type":"observation","check":"api","vantage":"l","at":"2026-10-03T01:10:00Z","state":"dawn"}"#,
            "\n",
            r#"{"type":"observation","check":"apo","vantage":"l","at":"2026-10-03T01:10:00Z","state":"up"}"#,
            "\n",
            r#"{"type":"observation","check":"apo","vantage":"l","at":"2026-10-03T01:11:00Z","state":"up"}"#,
            "\n",
        ),
    );
    let evaluate = |format: &str| {
        let mut command = uphold(["evaluate", "--period", "2026-10", "--skip-bad-lines", "--format", format]);
        command.arg("--agreement").arg(example()).arg("--history").arg(&history);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("history.jsonl:2:1: `dawn` is not a state"), "{told}");
        assert!(told.contains("history.jsonl:3:1: no line registers the check `apo`"), "{told}");
        String::from_utf8(output.stdout).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&evaluate("json")).unwrap();
    assert_eq!((&json["inputs"]["lines"], &json["inputs"]["skipped"]), (&4.into(), &3.into()));
    let printed = evaluate("text");
    assert!(printed.contains("left out: 3 bad lines, by `--skip-bad-lines`"), "{printed}");
}

#[test]
fn a_period_that_is_none() {
    let folder = Folder::new();
    let mut command = uphold(["evaluate", "--period", "2026-13", "--history", "/dev/null"]);
    command.arg("--agreement").arg(example());
    insta::assert_snapshot!(folder.said(&mut command));
}

#[test]
fn a_ledger_that_is_not_there() {
    let folder = Folder::new();
    let mut verify = uphold(["ledger", "verify", "--data"]);
    verify.arg(folder.path("nowhere"));
    let mut export = uphold(["export", "history", "--data"]);
    export.arg(folder.path("nowhere"));
    insta::assert_snapshot!(format!("{}\n{}", folder.said(&mut verify), folder.said(&mut export)));
}

#[test]
fn a_checks_file_with_mistakes() {
    let folder = Folder::new();
    let source = std::fs::read_to_string(root().join("examples/demo/checks.toml")).unwrap();
    let wrong = source
        .replacen("interface = \"api\"", "interface = \"apis\"", 1)
        .replacen("interval = \"2s\"", "interval = \"50ms\"", 1)
        .replacen("staleness = \"10s\"", "staleness = \"3s\"", 2)
        .replacen("url = \"http://127.0.0.1:8081/connect\"", "url = \"file:///etc/passwd\"", 1);
    let mut command = uphold(["check", "--checks"]);
    command.arg(folder.file("checks.toml", wrong)).arg(example());
    insta::assert_snapshot!(folder.said(&mut command));
}
