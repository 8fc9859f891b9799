//! What programs read and write as it happens: logs, commands, events, and readers that go away.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::programs::{Embedded, Folder, Site, all, built};
use crate::shared::{prepared, task};

/// As of a program that SIGPIPE ended.
const NOBODY_READS: i32 = 141;

fn start(site: &Site, program: &str, arguments: &[&str]) -> Child {
    let mut command = site.command(built().join(program));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The exit code of a program that ends by itself, and what it said on stderr.
#[track_caller]
fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut stderr = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), said.join().unwrap());
        }
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reader_that_goes_away_ends_every_program() {
    let (stack, _folder) = prepared("pipes");
    for name in all() {
        let arguments = if name == "evaluate_strategy" { vec![] } else { task(&name) };
        let mut child = start(&stack.site, &name, &arguments);
        // Nobody ever reads it.
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        // It may be gone already.
        let _ = stdin.write_all(b"no case\n");
        drop(stdin);
        let (code, said) = ended(child);
        // That one has nothing to say on a stack without a PKI.
        let wanted = if name == "issue_certificate" { 1 } else { NOBODY_READS };
        assert_eq!(code, Some(wanted), "{name}: {said}");
        assert!(
            name == "issue_certificate" || !said.contains("error") && !said.contains("panic"),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_command_without_end_ends_with_its_reader() {
    let stack = Embedded::deployed();
    for (program, arguments) in
        [("exec", &["--stdin", "--", "cat"][..]), ("events", &[]), ("logs", &["--follow"])]
    {
        let mut child = start(&stack.site, program, arguments);
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        // As `yes` does, which a simulated task does not have.
        std::thread::spawn(move || while stdin.write_all(b"y\n").is_ok() {});
        let mut first = [0; 4];
        stdout.read_exact(&mut first).unwrap();
        assert!(program != "exec" || first == *b"y\ny\n", "{first:?}");
        drop(stdout);
        // What is written next shows that nobody reads.
        if program != "exec" {
            stack.site.run("deploy", &["--version", &format!("v-{program}"), "--only", "api"]).exits(0);
        }
        let (code, said) = ended(child);
        assert_eq!(code, Some(NOBODY_READS), "{program}: {said}");
    }
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (program, arguments) in [("render", &["hcl"][..]), ("cost", &[]), ("deploy", &["--plan"])] {
        let mut command = Site::default().command(built().join(program));
        command.args(arguments).stdin(Stdio::null()).stdout(full()).stderr(Stdio::piped());
        let (code, said) = ended(command.spawn().unwrap());
        assert_eq!(code, Some(1), "{program}: {said}");
        assert!(said.contains("the output cannot be written"), "{program}: {said}");
    }
}

#[test]
fn a_release_goes_on_when_nobody_reads_what_it_says() {
    let stack = Embedded::deployed();
    let folder = Folder::new("unread");
    let report = folder.0.join("report.json");
    let arguments = ["--version", "v2", "--report", report.to_str().unwrap()];
    let mut child = start(&stack.site, "deploy", &arguments);
    drop((child.stdout.take(), child.stdin.take()));
    assert_eq!(ended(child).0, Some(NOBODY_READS), "it could not say how it went");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(written["outcome"], "deployed");
    // With nobody on either side.
    let mut child = start(&stack.site, "deploy", &["--version", "v3"]);
    drop((child.stdout.take(), child.stdin.take(), child.stderr.take()));
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(NOBODY_READS));
    stack.site.run("status", &[]).exits(0).says(&["release v3"]);
}

#[test]
fn followed_logs_end_with_their_instances() {
    let stack = Embedded::deployed();
    let child = start(&stack.site, "logs", &["--follow", "--output", "json"]);
    let mut child = child;
    let mut stdout = child.stdout.take().unwrap();
    let lines = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    // A new version replaces both.
    stack.site.run("deploy", &["--version", "v2", "--only", "api"]).exits(0);
    let (code, said) = ended(child);
    assert_eq!(code, Some(0), "{said}");
    let lines = lines.join().unwrap();
    let documents: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(documents.len() >= 4, "two instances of two lines: {lines}");
    assert!(documents.iter().all(|it| it["line"].is_string() && it["allocation"].is_string()), "{lines}");
    // Asked for by its id, what is over is shown, and followed to where it ended.
    let id = documents[0]["allocation"].as_str().unwrap();
    let ran = stack.site.run("logs", &["--follow", "--allocation", id]).exits(0);
    assert!(ran.stdout.lines().all(|line| line.starts_with(id)) && !ran.stdout.is_empty(), "{ran}");
    stack.site.run("logs", &["--successors"]).exits(1).warns(&["--follow"]);
    stack.site.run("logs", &["--allocation", "nobody"]).exits(1).warns(&["error: ", "nobody"]);
}

#[test]
fn events_are_those_after_the_index() {
    let stack = Embedded::deployed();
    let ran = stack.site.run("events", &["--count", "8", "--output", "json"]).exits(0);
    let indexes = |text: &str| -> Vec<u64> {
        let index = |line: &str| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap();
        text.lines().map(index).collect()
    };
    let seen = indexes(&ran.stdout);
    let middle = seen[4];
    let arguments = ["--index", &middle.to_string(), "--count", "3", "--output", "json"];
    let later = indexes(&stack.site.run("events", &arguments).exits(0).stdout);
    assert!(later.len() == 3 && later.iter().all(|index| *index > middle), "{seen:?} {later:?}");
    // With an index that nothing has yet the newest is no news.
    let mut child = start(&stack.site, "events", &["--index", "999999999", "--count", "1"]);
    std::thread::sleep(Duration::from_secs(2));
    assert!(child.try_wait().unwrap().is_none(), "something older was shown");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn much_input_goes_through_a_command() {
    let stack = Embedded::deployed();
    let input = ("x".repeat(63) + "\n").repeat(16 << 10);
    let mut child = start(&stack.site, "exec", &["--stdin", "--", "cat"]);
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let back = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let (code, said) = ended(child);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(back.join().unwrap().len(), input.len());
}
