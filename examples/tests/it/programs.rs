//! The programs as they were built, and what came of a run.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use dev_stack::embedded::EmbeddedOptions;
use dev_stack::embedded::clock::Clock;
use dev_stack::{DevStack, Endpoint};
use serde_json::Value;

/// No run takes longer, unless it hangs.
const LONGEST: Duration = Duration::from_secs(180);

/// Variables of whoever runs the tests that would change what a program does.
const FOREIGN: [&str; 9] =
    ["NOMAD_", "VAULT_", "CONSUL_", "WUFFCHAT_", "GITHUB_", "RUST_LOG", "NO_COLOR", "CI", "FROM_NOMAD"];

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all programs, from their sources.
pub fn all() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() > 20, "{names:?}");
    names
}

/// The folder of the built programs. `cargo test` has built them unless a single test binary was asked for.
pub fn built() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let test = std::env::current_exe().unwrap();
        // target/debug/deps/it-…
        let profile = test.parent().and_then(Path::parent).unwrap();
        let built = profile.join("examples");
        if all().iter().any(|name| is_stale(&built, name)) {
            let mut cargo = Command::new(env!("CARGO"));
            xtest::without_cargo(&mut cargo);
            cargo.args(["build", "--package", "examples", "--examples"]).current_dir(folder());
            cargo.env("CARGO_TARGET_DIR", profile.parent().unwrap());
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            assert!(cargo.status().unwrap().success(), "the programs were not built");
        }
        built
    });
    &BUILT
}

/// Whether a program is missing or older than something it was made of, by the list cargo keeps beside it.
fn is_stale(built: &Path, name: &str) -> bool {
    let changed =
        |path: &Path| path.metadata().and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Ok(list) = std::fs::read_to_string(built.join(format!("{name}.d"))) else { return true };
    let program = built.join(name);
    let sources = list.split_once(": ").map_or("", |(_, sources)| sources);
    !program.is_file()
        || sources.split_whitespace().any(|source| changed(Path::new(source)) > changed(&program))
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub command: String,
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The same, if it ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The same, if stdout has each of these.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text), "`{text}` is missing: {self}");
        }
        self
    }

    /// The same, if stderr has each of these.
    #[track_caller]
    pub fn warns(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is missing: {self}");
        }
        self
    }

    /// The one document on stdout, where each line of stderr is an event.
    #[track_caller]
    pub fn json(&self) -> Value {
        for line in self.stderr.lines() {
            let event: Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}\n{self}"));
            assert!(event["event"].is_string() && event["ts"].is_string(), "{line}");
        }
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "{command}\nended with {code:?}\n-- stdout\n{stdout}\n-- stderr\n{stderr}")
    }
}

/// How programs are run: where, and with which stack.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pub variables: Vec<(String, String)>,
    pub folder: Option<PathBuf>,
}

impl Site {
    /// With the addresses and tokens of a stack.
    pub fn of(stack: &DevStack) -> Self {
        let mut variables = Vec::new();
        for (address, token, endpoint) in [
            ("NOMAD_ADDR", "NOMAD_TOKEN", stack.nomad()),
            ("VAULT_ADDR", "VAULT_TOKEN", stack.vault()),
            ("CONSUL_HTTP_ADDR", "CONSUL_HTTP_TOKEN", stack.consul()),
        ] {
            let Endpoint { address: at, token: secret, .. } = endpoint;
            variables.push((address.to_owned(), at.clone()));
            variables.extend(secret.clone().map(|secret| (token.to_owned(), secret)));
        }
        Self { variables, folder: None }
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| FOREIGN.iter().any(|it| name.starts_with(it))) {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs a program.
    #[track_caller]
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        self.run_with(program, arguments, "")
    }

    /// Runs a program that reads `input`.
    #[track_caller]
    pub fn run_with(&self, program: &str, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(built().join(program));
        command.args(arguments);
        finish(command, &format!("{program} {}", arguments.join(" ")), input)
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn finish(mut command: Command, name: &str, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    // Who does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let id = child.id();
    let (done, ended) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || done.send(child.wait_with_output().unwrap()));
    let output = ended.recv_timeout(LONGEST).unwrap_or_else(|_| {
        kill(id, "KILL");
        panic!("{name} did not end within {LONGEST:?}")
    });
    waiting.join().unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        command: name.to_owned(),
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

pub fn kill(process: u32, signal: &str) {
    Command::new("kill").args(["-s", signal, &process.to_string()]).status().unwrap();
}

/// An embedded stack, and the runtime it lives in.
pub struct Embedded {
    pub site: Site,
    stack: Option<DevStack>,
    runtime: tokio::runtime::Runtime,
}

impl Embedded {
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut options = EmbeddedOptions::default();
        options.clock = Clock::scaled(60.0);
        let stack = runtime.block_on(DevStack::embedded_with(options)).unwrap();
        Self { site: Site::of(&stack), stack: Some(stack), runtime }
    }

    /// With the application's first version in the development environment.
    pub fn deployed() -> Self {
        let stack = Self::start();
        stack.site.run_with("deploy", &["--secrets", "-"], SECRETS).exits(0);
        stack
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(stack) = self.stack.take() {
            self.runtime.block_on(stack.stop());
        }
    }
}

/// Values for the application's secrets, with a word that must never be seen.
pub const SECRETS: &str = r#"
[openai]
api_key = "sk-never-seen"
[weaviate]
url = "https://never-seen.example.com"
api_key = "wv-never-seen"
[redis]
url = "redis://never-seen.example.com:6379"
"#;

/// A folder for one test, gone with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wuffchat-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
