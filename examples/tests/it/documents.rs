//! Every command of README, CONTRIBUTING and the guide's preparations, as it stands, from the root of
//! the workspace. The guide's others are walked through in `walk`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use dev_stack::agents::AgentsOptions;

use crate::programs::{Embedded, SECRETS, Site, finish, kill};

/// A server is there, or it never will be.
const READY: Duration = Duration::from_secs(120);

/// What has to be so for a command to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It ends by itself.
    Ends,
    /// It serves until it is told to end.
    Serves,
    /// It ends by itself, and works on the servers that the variables name.
    OnServers,
    /// It is what runs this test.
    Tests,
    /// It searches until it is told to end, with a tool of its own.
    Fuzzes,
}

/// Commands that do not just run to their end, by how they begin. Longer ones come first.
const KINDS: [(&str, How); 7] = [
    (".ci/run", How::Tests),
    ("cargo test", How::Tests),
    ("CONTRACT_RECORD=1 cargo test", How::Tests),
    ("cargo run -p dev-stack", How::Serves),
    ("cargo +nightly fuzz run", How::Fuzzes),
    ("cargo run --example deploy -- --environment", How::OnServers),
    ("cargo ", How::Ends),
];

/// A command of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    place: String,
    text: String,
    code: i32,
}

impl Said {
    fn how(&self) -> How {
        let Self { place, text, .. } = self;
        let kind = KINDS.into_iter().find(|(start, _)| text.starts_with(start));
        kind.unwrap_or_else(|| panic!("{place}: what is to be done with `{text}`?")).1
    }

    fn wants_agents(&self) -> bool {
        ["--agents", "--stack agents"].iter().any(|flag| self.text.contains(flag))
    }

    /// The command that only builds what this one runs.
    fn build(&self) -> Option<String> {
        let run = self.text.split(" -- ").next()?.strip_prefix("cargo run ")?;
        Some(format!("cargo build {run}"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The commands of a document: the lines of its `sh` blocks, and code in its sentences that begins as a
/// command does.
fn commands(name: &str, text: &str) -> Vec<Said> {
    let mut found = Vec::new();
    let mut block: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let mut add = |line: &str| {
            let (text, comment) = line.split_once(" # ").unwrap_or((line, ""));
            let code = comment.trim().strip_prefix("exit code ").map_or(0, |rest| {
                rest.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap()
            });
            let (place, text) = (format!("{name}:{number}"), text.trim().to_owned());
            if !text.is_empty() && !text.starts_with('#') {
                found.push(Said { place, text, code });
            }
        };
        if let Some(info) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(info) };
        } else if block.is_some_and(|info| info.split_whitespace().next() == Some("sh")) {
            add(line);
        } else if block.is_none() {
            for code in line.split('`').skip(1).step_by(2) {
                let starts = ["cargo ", ".ci/"].iter().any(|start| code.starts_with(start));
                if starts && !code.contains('…') && !code.contains("NAME") || code.contains(" cargo ") {
                    add(code);
                }
            }
        }
    }
    assert!(block.is_none(), "{name}: a block has no end");
    found
}

fn all_commands() -> Vec<Said> {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let mut all: Vec<Said> =
        ["README.md", "CONTRIBUTING.md"].iter().flat_map(|name| commands(name, &read(name))).collect();
    // Of the guide the preparations; they stand for themselves.
    let guide = commands("docs/guide.md", &read("docs/guide.md"));
    all.extend(
        guide
            .into_iter()
            .filter(|said| ["cargo build", "cargo run -p"].iter().any(|start| said.text.starts_with(start))),
    );
    all
}

/// A shell at the root, whose cargo finds what was built with this test.
fn shell(site: &Site, text: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let mut shell = site.command("sh");
    xtest::without_cargo(&mut shell).args(["-c", text]).current_dir(root());
    if target != root().join("target") {
        shell.env("CARGO_TARGET_DIR", target);
    }
    shell
}

/// Builds what a command runs, which takes as long as it takes.
fn build(site: &Site, said: &Said) {
    let Some(text) = said.build() else { return };
    let built = shell(site, &text).stdin(Stdio::null()).output().unwrap();
    assert!(built.status.success(), "{}: {text}: {}", said.place, String::from_utf8_lossy(&built.stderr));
}

/// Runs a command that serves: until it has said where, and until it has ended when it was told to.
fn serve(site: &Site, said: &Said) -> Result<(), String> {
    let Said { place, text, .. } = said;
    // In place of the shell, so that the signal reaches what serves.
    let mut command = shell(site, &format!("exec {text}"));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let output = BufReader::new(child.stdout.take().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    let mut wanted = vec!["NOMAD_ADDR=", "VAULT_ADDR=", "CONSUL_HTTP_ADDR="];
    let mut printed = Vec::new();
    while !wanted.is_empty() {
        let Ok(line) = told.recv_timeout(READY) else { break };
        wanted.retain(|name| !line.contains(name));
        printed.push(line);
    }
    kill(child.id(), "TERM");
    let (done, ended) = mpsc::channel();
    let id = child.id();
    std::thread::spawn(move || done.send(child.wait()));
    let status = ended.recv_timeout(READY).map_err(|_| {
        kill(id, "KILL");
        format!("{place}: `{text}` did not end within {READY:?} of SIGTERM")
    })?;
    let errors = errors.join().unwrap().unwrap_or_default();
    if !wanted.is_empty() || !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
        let printed = printed.join("\n");
        return Err(format!("{place}: `{text}` ended with {status:?}:\n{printed}\n{errors}"));
    }
    Ok(())
}

/// What a command that tests names is there, as far as that can be seen without running it.
fn exists(said: &Said) -> Result<(), String> {
    let words: Vec<&str> = said.text.split_whitespace().collect();
    let package = words.iter().position(|word| *word == "-p").map(|place| words[place + 1]);
    let there = match package {
        Some(package) => root().join(package).join("Cargo.toml").is_file(),
        None => words[0] != ".ci/run" || root().join(".ci/run").is_file(),
    };
    if there { Ok(()) } else { Err(format!("{}: `{}` names what is not there", said.place, said.text)) }
}

fn has_fuzz() -> bool {
    Command::new("cargo").args(["+nightly", "fuzz", "--version"]).output().is_ok_and(|it| it.status.success())
}

#[test]
fn every_command_of_the_documents_does_what_it_says() {
    let nowhere = Site::default();
    let coverage = root().join("docs/coverage.md");
    let committed = std::fs::read_to_string(&coverage).unwrap();
    let agents = AgentsOptions::new().check_binaries();
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for said in all_commands() {
        let Said { place, text, code } = &said;
        if let (true, Err(missing)) = (said.wants_agents(), &agents) {
            xtest::skip_part(format_args!("`{text}`"), missing);
            continue;
        }
        let outcome = match said.how() {
            How::Tests => {
                xtest::skip_part(format_args!("`{text}`"), "a test cannot run the tests it is one of");
                exists(&said)
            }
            How::Fuzzes if !has_fuzz() => {
                xtest::skip_part(format_args!("`{text}`"), "cargo-fuzz is not installed");
                Ok(())
            }
            How::Fuzzes => {
                let mut fuzz = shell(&nowhere, &format!("cd fuzz && {text} -- -runs=1000"));
                let output = fuzz.stdin(Stdio::null()).output().unwrap();
                let errors = String::from_utf8_lossy(&output.stderr);
                if output.status.success() { Ok(()) } else { Err(format!("{place}: `{text}`: {errors}")) }
            }
            How::Serves => {
                build(&nowhere, &said);
                serve(&nowhere, &said)
            }
            How::Ends | How::OnServers => {
                build(&nowhere, &said);
                let stack = (said.how() == How::OnServers).then(Embedded::start);
                let site = stack.as_ref().map_or(&nowhere, |stack| &stack.site);
                if stack.is_some() {
                    let seeded = ["--environment", "staging", "--from", "-"];
                    site.run_with("seed_secrets", &seeded, SECRETS).exits(0);
                }
                let done = finish(shell(site, text), text, "");
                if done.code == Some(*code) {
                    Ok(())
                } else {
                    Err(format!("{place}: exit code {code} was said: {done}"))
                }
            }
        };
        ran += 1;
        wrong.extend(outcome.err());
    }
    let written = std::fs::read_to_string(&coverage).unwrap();
    if written != committed {
        std::fs::write(&coverage, committed).unwrap();
        wrong.push("docs/coverage.md is not what `cargo run --example coverage` writes".to_owned());
    }
    assert!(wrong.is_empty(), "{} commands are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(ran >= 8, "only {ran} commands were tried");
}

#[test]
fn commands_are_found_in_blocks_and_in_sentences() {
    let text = "\
Run `.ci/run`, or `cargo run --example NAME -- …`, not `cargo`.
```sh
cargo run --example deploy       # watch
# nothing
cargo run --example deploy -- --version bad # exit code 3: reverted
```
```rust
let x = `cargo no`;
```
- `CONTRACT_RECORD=1 cargo test -p contract` records.
";
    let found: Vec<(String, String, i32)> =
        commands("a.md", text).into_iter().map(|it| (it.place, it.text, it.code)).collect();
    let wanted = [
        ("a.md:1", ".ci/run", 0),
        ("a.md:3", "cargo run --example deploy", 0),
        ("a.md:5", "cargo run --example deploy -- --version bad", 3),
        ("a.md:10", "CONTRACT_RECORD=1 cargo test -p contract", 0),
    ];
    assert_eq!(found, wanted.map(|(place, text, code)| (place.to_owned(), text.to_owned(), code)));
    let said = |text: &str| Said { place: String::new(), text: text.to_owned(), code: 0 };
    assert_eq!(said("cargo run -p dev-stack -- --agents").how(), How::Serves);
    assert!(said("cargo run --example deploy -- --stack agents").wants_agents());
    let built = said("cargo run --example deploy -- --from v1").build();
    assert_eq!(built.as_deref(), Some("cargo build --example deploy"));
    assert!(
        exists(&said("cargo test -p nothing")).is_err() && exists(&said("cargo test -p contract")).is_ok()
    );
}
