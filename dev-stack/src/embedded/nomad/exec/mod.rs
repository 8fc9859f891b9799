//! Commands in simulated tasks: Nomad's frames over a WebSocket, and a shell that knows a few commands.

mod shell;
mod terminal;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use self::shell::{Io, Shell, Written};
use self::terminal::{Terminal, Typed};
use super::Nomad;
use super::api::Ctx;
use super::json::Json as _;
use super::render::{destination, environment, find};
use crate::embedded::http::HttpResp;
use crate::embedded::websocket::{self, Socket};

/// The close codes of a refusal: the server looked and refuses, or could not do it.
const POLICY: u16 = 1008;
const INTERNAL: u16 = 1011;

/// The code and the reason a session ends with before a command ran.
type Refusal = (u16, String);

/// Opens the session. Whatever stands in its way is said by closing it, as real servers do.
pub(super) fn answer(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> HttpResp {
    let begun = begin(n, ctx, id);
    websocket::open(&ctx.req, move |socket| async move {
        match begun {
            Ok(session) => session.run(socket).await,
            Err((code, reason)) => socket.close(code, &reason).await,
        }
    })
}

struct Session {
    command: Vec<String>,
    tty: bool,
    shell: Shell,
}

fn begin(n: &Arc<Nomad>, ctx: &Ctx, id: &str) -> Result<Session, Refusal> {
    let internal = |text: String| (INTERNAL, text);
    let text = ctx.req.q("command").unwrap_or("");
    let command: Vec<String> = serde_json::from_str(text).map_err(|error| {
        let why = if text.is_empty() { "unexpected end of JSON input".to_owned() } else { error.to_string() };
        internal(format!("failed to marshal command into json: {why}"))
    })?;
    let tty = ctx.flag("tty").map_err(|_| internal("tty value is not a boolean".to_owned()))?;
    let task = ctx.req.q("task").filter(|task| !task.is_empty());
    let task = task.ok_or_else(|| (POLICY, "must provide task name".to_owned()))?;
    if command.is_empty() {
        return Err((POLICY, "command is not present".to_owned()));
    }
    if id.len() != 36 {
        return Err(internal("alloc lookup failed: index error: UUID must be 36 characters".to_owned()));
    }
    let alloc = n.lock().allocs.get(id).cloned();
    let alloc = alloc.ok_or_else(|| (POLICY, format!("Unknown allocation {id:?}")))?;
    if !ctx.acl.namespace(alloc.s("Namespace"), "alloc-exec") {
        return Err(internal("Permission denied".to_owned()));
    }
    let Some((alloc, found)) = find(n, id, task) else { return Err(internal("task not found".to_owned())) };
    let (running, files) = {
        let state = n.lock();
        let runner = state.runners.get(id);
        let files: BTreeMap<String, String> = runner
            .into_iter()
            .flat_map(|runner| &runner.files)
            .map(|(path, (text, _))| (path.clone(), text.clone()))
            .collect();
        (runner.is_some_and(|runner| runner.running(task)), files)
    };
    if !running {
        return Err(internal(format!("task {task:?} is not running.")));
    }
    let variables = variables(&alloc, &found, task, &files);
    let shell = Shell::new(n.clock.clone(), format!("/alloc/{id}/{task}"), task.to_owned(), variables, files);
    Ok(Session { command, tty, shell })
}

/// The environment of a task, with what its templates give it.
fn variables(
    alloc: &Value,
    task: &Value,
    name: &str,
    files: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut variables = environment(alloc, task);
    // What only templates can ask for.
    variables.retain(|name, _| !name.contains('.'));
    if task.at("Vault").b("Env")
        && let Some(token) = files.get(&format!("{name}/secrets/vault_token"))
    {
        variables.insert("VAULT_TOKEN".to_owned(), token.clone());
    }
    for template in task.a("Templates").iter().filter(|template| template.b("Envvars")) {
        let path = format!("{name}/{}", destination(template.s("DestPath")));
        let lines = files.get(&path).map_or("", String::as_str).lines();
        for (key, value) in lines.filter_map(|line| line.trim().split_once('=')) {
            let value = value.trim();
            // Quoted as in JSON, or as it is.
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
            variables.insert(key.trim().to_owned(), value);
        }
    }
    variables
}

/// A message of the client.
enum Said {
    Input(Vec<u8>),
    End,
    Size(u64, u64),
    Nothing,
}

fn said(message: &[u8]) -> Said {
    let Ok(message) = serde_json::from_slice::<Value>(message) else { return Said::Nothing };
    let (stdin, size) = (message.at("stdin"), message.at("tty_size"));
    match STANDARD.decode(stdin.s("data")) {
        _ if size.is_object() => Said::Size(size.u("height"), size.u("width")),
        _ if stdin.b("close") => Said::End,
        Ok(data) if !data.is_empty() => Said::Input(data),
        _ => Said::Nothing,
    }
}

impl Session {
    async fn run(self, mut socket: Socket) {
        let program = match self.shell.resolve(&self.command) {
            Ok(program) => program,
            Err(why) => {
                let why = format!("rpc error: code = Unknown desc = failed to start command: {why}");
                return socket.close(INTERNAL, &why).await;
            }
        };
        let (input, read) = mpsc::unbounded_channel();
        let (written, mut output) = mpsc::channel(16);
        let (size, sizes) = watch::channel((0, 0));
        let io = Io::new(read, written, self.tty.then_some(sizes));
        let running = tokio::spawn(async move { self.shell.run(program, io).await });
        let _ends_with_the_session = AbortOnDrop(running.abort_handle());
        let mut input = Input { sender: Some(input), terminal: self.tty.then(Terminal::default) };
        let mut interrupted = false;
        let mut over = false;
        // As with `raw_exec`: without a terminal the end is not told before the input is over.
        while !over || input.is_open() && !self.tty {
            tokio::select! {
                piece = output.recv(), if !over => match piece {
                    Some(piece) => {
                        if !socket.send(frame(piece, self.tty)).await {
                            return;
                        }
                    }
                    None => over = true,
                },
                message = socket.next() => match message.as_deref().map(said) {
                    None => return,
                    Some(Said::Size(height, width)) => drop(size.send((height, width))),
                    Some(Said::End) => input.end(),
                    Some(Said::Input(data)) => {
                        let typed = input.take(data);
                        let echo = Written::Stdout(typed.echo);
                        if !echo.is_empty() && !socket.send(frame(echo, false)).await {
                            return;
                        }
                        if typed.interrupt {
                            interrupted = true;
                            running.abort();
                        }
                    }
                    Some(Said::Nothing) => {}
                },
            }
        }
        let code = running.await.unwrap_or(if interrupted { 130 } else { 137 });
        if !self.tty && !socket.send(json!({"stderr": {"close": true}}).to_string()).await {
            return;
        }
        let result = if code == 0 { json!({}) } else { json!({"exit_code": code}) };
        if socket.send(json!({"stdout": {"close": true}}).to_string()).await {
            socket.send(json!({"exited": true, "result": result}).to_string()).await;
        }
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where what the client sends goes.
struct Input {
    sender: Option<mpsc::UnboundedSender<Vec<u8>>>,
    terminal: Option<Terminal>,
}

impl Input {
    fn is_open(&self) -> bool {
        self.sender.is_some()
    }

    /// The client's end is not a terminal's: there it is a character.
    fn end(&mut self) {
        if self.terminal.is_none() {
            self.sender = None;
        }
    }

    fn take(&mut self, data: Vec<u8>) -> Typed {
        let mut typed = match &mut self.terminal {
            Some(terminal) => terminal.typed(&data),
            None => Typed { input: vec![data], ..Typed::default() },
        };
        for piece in typed.input.drain(..) {
            drop(self.sender.as_ref().map(|sender| sender.send(piece)));
        }
        if typed.end {
            self.sender = None;
        }
        typed
    }
}

/// What a command wrote, as the server sends it.
fn frame(piece: Written, tty: bool) -> String {
    let (name, data) = match piece {
        Written::Stdout(data) => ("stdout", data),
        Written::Stderr(data) if tty => ("stdout", data),
        Written::Stderr(data) => ("stderr", data),
    };
    let data = if tty { terminal::shown(&data) } else { data };
    json!({name: {"data": STANDARD.encode(data)}}).to_string()
}
