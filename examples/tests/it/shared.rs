//! What all programs have in common, for every program there is.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::programs::{Embedded, Folder, Site, all, built, kill};

/// Programs whose result has no end of its own, or one for each line of input: each line of stdout is a document.
const LINES: [&str; 3] = ["evaluate_strategy", "events", "logs"];
/// Programs without `--output`.
const PLAIN_ONLY: [&str; 1] = ["evaluate_strategy"];

#[test]
fn help_says_one_sentence_and_each_flag_with_its_default() {
    let (mut flags, site) = (0, Site::default());
    for name in all() {
        let ran = site.run(&name, &["--help"]).exits(0);
        let help = &ran.stdout;
        let sentence = help.lines().next().unwrap();
        assert!(
            sentence.len() > 20 && !sentence.contains(". ") && !sentence.ends_with('.'),
            "{name}: {sentence}"
        );
        assert!(help.contains(&format!("Usage: {name}")), "{ran}");
        assert!(help.contains("Exit codes"), "{ran}");
        let options = help.split_once("Options:\n").map_or("", |(_, options)| options);
        let options = options.split_once("\nExit codes").map_or("", |(options, _)| options);
        let mut about: Vec<String> = Vec::new();
        for line in options.lines() {
            if line.trim_start().starts_with('-') && line.starts_with("  ") && line.contains("--") {
                about.push(line.trim().to_owned());
            } else if let Some(last) = about.last_mut() {
                *last += &format!(" {}", line.trim());
            }
        }
        for flag in about.iter().filter(|flag| !flag.starts_with("-h, --help")) {
            assert!(flag.contains("[default: "), "{name}: no default: {flag}");
            flags += 1;
        }
    }
    assert!(flags > 150, "only {flags} flags were found");
}

#[test]
fn wrong_use_is_1_and_names_what_is_wrong() {
    let site = Site::default();
    for name in all() {
        let ran = site.run(&name, &["--no-such-flag"]).exits(1).warns(&["--no-such-flag"]);
        assert!(ran.stdout.is_empty(), "{ran}");
    }
    site.run("deploy", &["--timeout", "soon"]).exits(1).warns(&["soon", "--timeout"]);
    site.run("status", &["--environment", "prodution"]).exits(1).warns(&["prodution", "staging"]);
    site.run("status", &["--config", "/no/such.toml"]).exits(1).warns(&["/no/such.toml"]);
}

#[test]
fn a_failure_is_json_too() {
    // Nothing listens there.
    let variables = ["NOMAD_ADDR", "VAULT_ADDR", "CONSUL_HTTP_ADDR"];
    let nowhere = |name: &str| (name.to_owned(), "http://127.0.0.1:9".to_owned());
    let site = Site { variables: variables.map(nowhere).to_vec(), folder: None };
    let mut tried = 0;
    for (name, arguments) in [
        ("status", &[][..]),
        ("scale", &[]),
        ("history", &[]),
        ("logs", &[]),
        ("seed_secrets", &[]),
        ("exec", &["--", "true"]),
        ("issue_certificate", &["web.example.com"]),
        ("wait_healthy", &["--timeout", "2s"]),
    ] {
        let ran = site.run(name, &[&["--output", "json"][..], arguments].concat());
        let document = ran.json();
        assert_ne!(ran.code, Some(0), "{ran}");
        if name != "wait_healthy" {
            assert_eq!(document["exit_code"], ran.code.unwrap(), "{ran}");
            let text = document["error"].as_str().unwrap();
            assert!(text.contains("127.0.0.1:9") || text.contains("connect"), "{ran}");
        }
        tried += 1;
    }
    assert_eq!(tried, 8);
    let plain = site.run("status", &[]).exits(1).warns(&["error: "]);
    assert!(plain.stdout.is_empty(), "{plain}");
}

/// Arguments with which a program has something to do on a stack where development is deployed.
pub fn task(name: &str) -> Vec<&'static str> {
    match name {
        "deploy" => vec!["--plan"],
        "drift" | "history" | "preflight" | "status" | "scale" | "logs" | "cost" => vec![],
        "seed_secrets" => vec!["--dry-run"],
        "events" => vec!["--count", "3"],
        "exec" => vec!["--", "sh", "-c", "echo out; echo err >&2"],
        "issue_certificate" => vec!["web.example.com", "--stack", "embedded"],
        "leader_election" => vec!["--lead", "1ms"],
        "lint" => vec!["--environment", "production"],
        "platform" => vec!["--plan"],
        "promote" => vec!["--stack", "embedded", "--deploy", "v1", "--plan"],
        "render" => vec!["hcl"],
        "rollback" => vec!["--stack", "embedded", "--from", "v1", "--from", "v2", "--plan"],
        "rotate_secret" => vec!["openai", "--stack", "embedded"],
        "simulate_scaling" => vec!["--length", "2m"],
        "wait_healthy" => vec!["wuffchat-ui"],
        other => panic!("{other} is new: say what it can do here"),
    }
}

/// A stack with the application, in a folder of its own.
pub fn prepared(name: &str) -> (Embedded, Folder) {
    let (mut stack, folder) = (Embedded::deployed(), Folder::new(name));
    stack.site.folder = Some(folder.0.clone());
    (stack, folder)
}

#[test]
fn with_json_stdout_is_one_document_and_stderr_events() {
    let (stack, _folder) = prepared("json");
    let mut documents = 0;
    for name in all().iter().filter(|name| !PLAIN_ONLY.contains(&name.as_str())) {
        let arguments = [task(name).as_slice(), &["--output", "json"]].concat();
        // `exec` has its flags before its command.
        let arguments =
            if name == "exec" { [&["--output", "json"], task(name).as_slice()].concat() } else { arguments };
        let ran = stack.site.run(name, &arguments);
        let refuses = name == "issue_certificate";
        assert_eq!(ran.code == Some(0), !refuses, "{ran}");
        if LINES.contains(&name.as_str()) {
            assert!(ran.stdout.lines().count() > 1, "{ran}");
            for line in ran.stdout.lines() {
                assert!(serde_json::from_str::<Value>(line).is_ok_and(|it| it.is_object()), "{line}: {ran}");
            }
            assert!(ran.stderr.is_empty(), "{ran}");
        } else {
            ran.json();
        }
        assert!(!format!("{ran}").contains("never-seen"), "a secret is shown: {ran}");
        documents += 1;
    }
    assert_eq!(documents, all().len() - PLAIN_ONLY.len());
}

#[test]
fn plain_output_has_no_colour_and_no_secret() {
    let (stack, _folder) = prepared("plain");
    for name in all().iter().filter(|name| !PLAIN_ONLY.contains(&name.as_str())) {
        let ran = stack.site.run(name, &task(name));
        assert!(!ran.stdout.is_empty() || name == "issue_certificate", "{ran}");
        assert!(!format!("{ran}").contains('\x1b'), "{ran}");
        assert!(!format!("{ran}").contains("never-seen"), "a secret is shown: {ran}");
    }
}

#[test]
fn an_interrupt_is_130() {
    let stack = Embedded::deployed();
    for (name, arguments, begun) in [
        ("logs", &["--follow"][..], "starting"),
        ("events", &[], "JobRegistered"),
        ("leader_election", &[], "leading"),
        ("wait_healthy", &["nobody"], "0 of 1"),
        ("exec", &["--stdin", "--", "sh", "-c", "echo started; cat"], "started"),
        ("evaluate_strategy", &[], "error"),
        ("deploy", &["--version", "v9", "--soak", "10m", "--only", "api"], "stays healthy|watching for"),
    ] {
        let mut command = stack.site.command(built().join(name));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        if name == "evaluate_strategy" {
            std::io::Write::write_all(&mut stdin, b"no case\n").unwrap();
        }
        // Both, since progress is on stderr; a pipe that nobody empties would stop the program.
        let (send, lines) = std::sync::mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let other = send.clone();
        std::thread::spawn(move || stdout.lines().for_each(|line| drop(send.send(line.unwrap()))));
        std::thread::spawn(move || stderr.lines().for_each(|line| drop(other.send(line.unwrap()))));
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| begun.split('|').any(|text| line.contains(text))) {
            let line = lines.recv_timeout(std::time::Duration::from_secs(60));
            seen.push(line.unwrap_or_else(|_| panic!("{name} never said `{begun}`: {seen:#?}")));
        }
        kill(child.id(), "INT");
        let status = child.wait().unwrap();
        drop(stdin);
        assert_eq!(status.code(), Some(130), "{name}: {status}, {seen:#?}");
    }
}
