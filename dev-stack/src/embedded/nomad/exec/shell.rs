//! A shell with the few commands that people look around with.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::words::{Part, Step, When, Word, steps};
use crate::embedded::clock::Clock;

const SHELLS: [&str; 3] = ["sh", "bash", "ash"];
const COMMANDS: [&str; 9] = ["cat", "echo", "env", "false", "printenv", "pwd", "sleep", "stty", "true"];

/// Something a command wrote.
#[derive(Debug)]
pub(super) enum Written {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

impl Written {
    pub(super) fn is_empty(&self) -> bool {
        let (Self::Stdout(data) | Self::Stderr(data)) = self;
        data.is_empty()
    }
}

/// What a command reads and writes.
pub(super) struct Io {
    input: mpsc::UnboundedReceiver<Vec<u8>>,
    /// What was received and not read yet.
    held: Vec<u8>,
    written: mpsc::Sender<Written>,
    /// Height and width of the terminal, if there is one.
    size: Option<watch::Receiver<(u64, u64)>>,
    to_stderr: bool,
}

impl Io {
    pub(super) fn new(
        input: mpsc::UnboundedReceiver<Vec<u8>>,
        written: mpsc::Sender<Written>,
        size: Option<watch::Receiver<(u64, u64)>>,
    ) -> Self {
        Self { input, held: Vec::new(), written, size, to_stderr: false }
    }

    async fn out(&self, data: impl Into<Vec<u8>>) {
        let data = data.into();
        let written = if self.to_stderr { Written::Stderr(data) } else { Written::Stdout(data) };
        // Whoever left does not mind.
        let _ = self.written.send(written).await;
    }

    async fn err(&self, text: String) {
        let _ = self.written.send(Written::Stderr((text + "\n").into_bytes())).await;
    }

    /// What there is to read; `None` at the end.
    async fn piece(&mut self) -> Option<Vec<u8>> {
        if self.held.is_empty() { self.input.recv().await } else { Some(std::mem::take(&mut self.held)) }
    }

    /// The next line without its end; `None` at the end.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                return Some(String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned());
            }
            match self.input.recv().await {
                Some(more) => self.held.extend(more),
                None if self.held.is_empty() => return None,
                None => return Some(String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()),
            }
        }
    }
}

/// A command that can be started: its name and its arguments.
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
}

/// A task's environment and files, seen from inside.
pub(super) struct Shell {
    clock: Clock,
    folder: String,
    task: String,
    variables: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    /// The code of the last command.
    code: i32,
    /// `exit` was called.
    over: bool,
}

impl Shell {
    pub(super) fn new(
        clock: Clock,
        folder: String,
        task: String,
        variables: BTreeMap<String, String>,
        files: BTreeMap<String, String>,
    ) -> Self {
        Self { clock, folder, task, variables, files, code: 0, over: false }
    }

    /// The program a command names, or why there is none.
    pub(super) fn resolve(&self, command: &[String]) -> Result<Program, String> {
        let (first, arguments) = command.split_first().ok_or("exec: no command")?;
        let (folder, name) = first.rsplit_once('/').unwrap_or(("", first));
        let known = SHELLS.contains(&name) || COMMANDS.contains(&name);
        if !first.contains('/') && !known {
            return Err(format!("exec: {first:?}: executable file not found in $PATH"));
        }
        if !matches!(folder, "" | "/bin" | "/usr/bin") || !known {
            return Err(format!("fork/exec {first}: no such file or directory"));
        }
        Ok(Program { name: name.to_owned(), arguments: arguments.to_vec() })
    }

    /// Runs a program to its end.
    pub(super) async fn run(mut self, program: Program, mut io: Io) -> i32 {
        let Program { name, arguments } = program;
        if !SHELLS.contains(&name.as_str()) {
            return self.command(&name, &arguments, &mut io).await;
        }
        match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["-c" | "-ec" | "-lc", text, ..] => self.script(text, &mut io).await,
            [] => {
                while !self.over
                    && let Some(line) = io.line().await
                {
                    self.script(&line, &mut io).await;
                }
            }
            [other, ..] => {
                io.err(format!("sh: 0: cannot open {other}: No such file")).await;
                self.code = 2;
            }
        }
        self.code
    }

    async fn script(&mut self, text: &str, io: &mut Io) {
        let steps = match steps(text) {
            Ok(steps) => steps,
            Err(why) => {
                io.err(format!("sh: 1: Syntax error: {why}")).await;
                (self.code, self.over) = (2, true);
                return;
            }
        };
        for Step { when, words, to_stderr } in steps {
            let wanted = match when {
                When::Always => true,
                When::Succeeded => self.code == 0,
                When::Failed => self.code != 0,
            };
            if !wanted {
                continue;
            }
            let words: Vec<String> = words.iter().map(|word| self.expand(word)).collect();
            let Some((name, arguments)) = words.split_first() else { continue };
            io.to_stderr = to_stderr;
            match name.as_str() {
                "exit" => {
                    self.code = arguments.first().map_or(self.code, |code| code.parse().unwrap_or(2));
                    self.over = true;
                }
                "read" => {
                    let line = io.line().await;
                    self.code = i32::from(line.is_none());
                    if let Some(name) = arguments.last() {
                        self.variables.insert(name.clone(), line.unwrap_or_default());
                    }
                }
                name => {
                    let name = name.strip_prefix("/usr/bin/").or(name.strip_prefix("/bin/")).unwrap_or(name);
                    self.code = self.command(name, arguments, io).await;
                }
            }
            io.to_stderr = false;
            if self.over {
                return;
            }
        }
    }

    fn expand(&self, word: &Word) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) if name == "?" => self.code.to_string(),
            Part::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
        };
        word.iter().map(part).collect()
    }

    async fn command(&mut self, name: &str, arguments: &[String], io: &mut Io) -> i32 {
        match name {
            "true" => 0,
            "false" => 1,
            "echo" => {
                io.out(arguments.join(" ") + "\n").await;
                0
            }
            "pwd" => {
                io.out(format!("{}\n", self.folder)).await;
                0
            }
            "env" | "printenv" => self.printenv(arguments, io).await,
            "cat" => self.cat(arguments, io).await,
            "sleep" => {
                let seconds: f64 = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(0.0);
                let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
                self.clock.sleep(time.min(Duration::from_secs(86_400))).await;
                0
            }
            "stty" => match (arguments, &io.size) {
                ([size], Some(known)) if size == "size" => {
                    let (height, width) = *known.borrow();
                    io.out(format!("{height} {width}\n")).await;
                    0
                }
                _ => {
                    io.err("stty: 'standard input': Inappropriate ioctl for device".to_owned()).await;
                    1
                }
            },
            other => {
                io.err(format!("sh: 1: {other}: not found")).await;
                127
            }
        }
    }

    async fn printenv(&self, names: &[String], io: &mut Io) -> i32 {
        let mut code = 0;
        if names.is_empty() {
            let all: String =
                self.variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            io.out(all).await;
        }
        for name in names {
            match self.variables.get(name) {
                Some(value) => io.out(format!("{value}\n")).await,
                None => code = 1,
            }
        }
        code
    }

    async fn cat(&self, paths: &[String], io: &mut Io) -> i32 {
        if paths.is_empty() || paths == ["-"] {
            while let Some(piece) = io.piece().await {
                io.out(piece).await;
            }
            return 0;
        }
        let mut code = 0;
        for path in paths {
            match self.files.get(&self.place(path)) {
                Some(text) => io.out(text.clone()).await,
                None => {
                    io.err(format!("cat: {path}: No such file or directory")).await;
                    code = 1;
                }
            }
        }
        code
    }

    /// Where a path leads below the allocation's directory.
    fn place(&self, path: &str) -> String {
        let below = path.strip_prefix(&format!("{}/", self.folder)).unwrap_or(path).trim_start_matches('/');
        if below.starts_with("alloc/") { below.to_owned() } else { format!("{}/{below}", self.task) }
    }
}
