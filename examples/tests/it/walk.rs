//! Walks through the guide: every command in it, in its order, on the embedded stack and on real agents.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use dev_stack::DevStack;
use dev_stack::agents::AgentsOptions;

use crate::guide::{self, Block, Command, On, missing};
use crate::programs::{Embedded, Folder, Ran, Site, all, built, finish};

/// Where the guide's files are, with the settings that differ here.
struct Walk {
    site: Site,
    folder: Folder,
    agents: bool,
    settings: toml::Table,
}

impl Walk {
    fn new(mut site: Site, agents: bool, settings: toml::Table) -> Self {
        let folder = Folder::new(if agents { "guide-agents" } else { "guide" });
        folder.write("plan.md", include_str!("../../../wuffchat-deploy/tests/data/wuffchat-on-nomad.md"));
        site.folder = Some(folder.0.clone());
        Self { site, folder, agents, settings }
    }

    /// Runs all of it, and answers which programs were run and how many commands were left out.
    #[track_caller]
    fn through(&self) -> (BTreeSet<String>, usize) {
        let (mut ran, mut left_out) = (BTreeSet::new(), 0);
        let mut wrong = Vec::new();
        for block in guide::read() {
            match block {
                Block::File { name, text } => self.file(&name, &text),
                Block::Commands { on: On::Setup, .. } => {}
                Block::Commands { commands, on: On::Agents, .. } if !self.agents => {
                    left_out += commands.len()
                }
                Block::Commands { commands, printed, .. } => {
                    let mut all_printed = String::new();
                    for command in &commands {
                        let done = self.command(command, &mut ran);
                        if done.code != Some(command.code) {
                            wrong.push(format!(
                                "line {}: exit code {} was said: {done}",
                                command.line, command.code
                            ));
                        }
                        all_printed += &done.stderr;
                        all_printed += &done.stdout;
                    }
                    if let Some(line) = missing(&printed, &all_printed) {
                        wrong.push(format!(
                            "line {}: `{line}` is not printed:\n{all_printed}",
                            commands[0].line
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "the guide is wrong in {} places:\n{}", wrong.len(), wrong.join("\n\n"));
        (ran, left_out)
    }

    /// A file of the guide; settings with what differs here.
    fn file(&self, name: &str, text: &str) {
        let mut text = text.to_owned();
        if matches!(name, "staging.toml" | "production.toml") {
            let mut table: toml::Table = text.parse().unwrap();
            merge(&mut table, &self.settings);
            if name == "production.toml" {
                // One Traefik serves both.
                table["platform"]["traefik"]["enabled"] = false.into();
            }
            text = table.to_string();
        }
        self.folder.write(name, &text);
    }

    fn command(&self, command: &Command, ran: &mut BTreeSet<String>) -> Ran {
        let text = resolved(&command.text, ran);
        let mut shell = self.site.command("sh");
        shell.args(["-c", &text]);
        let done = finish(shell, &command.text, "");
        for secret in ["sk-staging", "sk-production", "wv-staging", "wv-production", "correct-horse"] {
            let asked_for = command.text.contains("OPENAI_API_KEY");
            assert!(
                asked_for || !format!("{}{}", done.stdout, done.stderr).contains(secret),
                "{secret}: {done}"
            );
        }
        done
    }
}

fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

/// A command with the path of the program in place of its name.
fn resolved(text: &str, ran: &mut BTreeSet<String>) -> String {
    let text = text
        .strip_prefix("cargo run --example ")
        .map_or_else(|| text.to_owned(), |rest| rest.replacen(" -- ", " ", 1));
    let is_variable = |word: &str| word.split_once('=').is_some_and(|(name, _)| !name.contains('-'));
    let name = text.split(' ').find(|word| !is_variable(word)).unwrap();
    assert!(all().iter().any(|program| program == name), "`{name}` is no program: {text}");
    ran.insert(name.to_owned());
    text.replacen(name, &built().join(name).display().to_string(), 1)
}

/// Stands for Traefik where nothing routes: answers the API's host.
fn router() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = |mut stream: TcpStream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let (mut host, mut path, mut line) = (String::new(), String::new(), String::new());
            reader.read_line(&mut path)?;
            while reader.read_line(&mut line)? > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("host:") {
                    host = value.trim().to_owned();
                }
                line.clear();
            }
            if path.is_empty() {
                return std::io::Result::Ok(());
            }
            let known = host == "api.staging.example.com" && path.starts_with("GET /health ");
            let status = if known { "200 OK" } else { "404 Not Found" };
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok")?;
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let stack = Embedded::start();
    let settings = format!("[addresses]\ntraefik = \"{}\"\n", router());
    let walk = Walk::new(stack.site.clone(), false, settings.parse().unwrap());
    let (ran, left_out) = walk.through();
    xtest::skip_part(format_args!("{left_out} command"), "the simulation has no PKI");
    assert_eq!(left_out, 1);
    assert!(ran.len() >= 18, "only {ran:?}");
}

#[test]
fn what_the_guide_leaves_to_its_reader_is_known() {
    let setup: Vec<String> = guide::read()
        .into_iter()
        .filter_map(|block| match block {
            Block::Commands { commands, on: On::Setup, .. } => Some(commands),
            _ => None,
        })
        .flatten()
        .map(|command| command.text)
        .collect();
    assert_eq!(
        setup,
        [
            "cargo build --examples",
            "export PATH=\"$PWD/target/debug/examples:$PATH\"",
            "cargo run -p dev-stack"
        ]
    );
}

/// Programs that stand for the platform's containers.
const PLATFORM: [&str; 3] = ["traefik", "prometheus", "nomad-autoscaler"];

fn absent() -> Option<String> {
    if let Err(missing) = AgentsOptions::new().check_binaries() {
        return Some(missing.to_string());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |name: &&str| {
        std::env::split_paths(&path).any(|folder: std::path::PathBuf| folder.join(name).is_file())
    };
    let absent: Vec<&str> = PLATFORM.into_iter().filter(|name| !there(name)).collect();
    (!absent.is_empty()).then(|| format!("{} not on PATH", absent.join(", ")))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Programs instead of containers, small ones, and checks that come often.
fn without_containers(stack: &DevStack, stand_in: &Path) -> toml::Table {
    let (web, secure, ping) = (free_port(), free_port(), free_port());
    let nomad = &stack.nomad().address;
    let consul = stack.consul().address.trim_start_matches("http://");
    let stand_in = stand_in.display();
    format!(
        r#"
        driver = {{ name = "raw-exec", command = "{stand_in}", args = ["stand-in"] }}
        api = {{ cpu = 50, memory = 64 }}
        ui = {{ cpu = 50, memory = 64 }}
        addresses = {{ traefik = "http://127.0.0.1:{web}" }}
        [update]
        min_healthy_time = "2s"
        check_interval = "1s"
        readiness_interval = "1s"
        shutdown_delay = "6s"
        healthy_deadline = "60s"
        progress_deadline = "180s"
        [platform]
        consul = {{ address = "{consul}", acl = true }}
        grafana = {{ enabled = false }}
        prometheus = {{ cpu = 50, memory = 128, consul_discovery = false }}
        autoscaler = {{ cpu = 50, memory = 64, nomad_address = "{nomad}" }}
        traefik = {{ cpu = 50, memory = 64, web_port = {web}, websecure_port = {secure}, ping_port = {ping} }}
        "#
    )
    .parse()
    .unwrap()
}

#[test]
fn the_guide_holds_on_real_agents() {
    if let Some(absent) = absent() {
        return xtest::skip(absent);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stack = runtime.block_on(DevStack::agents()).unwrap();
    let settings = without_containers(&stack, &built().join("deploy"));
    let walk = Walk::new(Site::of(&stack), true, settings);
    let (ran, left_out) = walk.through();
    runtime.block_on(stack.stop());
    assert_eq!(left_out, 0);
    assert!(ran.len() >= 19, "only {ran:?}");
}
