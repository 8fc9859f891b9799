//! Commands inside running tasks.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};

use bytes::{Bytes, BytesMut};
use client_core::websocket::{Message, WebSocket};
use client_core::wire::{self, Wire};
use futures_core::Stream;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::Interval;
use tokio_util::sync::PollSender;

use crate::{Call, Result, TransportError};

/// Servers end a session that is silent for longer than they expect this to be.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Messages that may wait to be sent before writing waits too.
const WAITING: usize = 16;
/// Input goes out in pieces of at most this size.
const PIECE: usize = 32 << 10;

/// A command to run in a task. Awaiting it runs it without input and gathers its output;
/// [`start`](Self::start) is for a conversation.
#[derive(Debug, Clone)]
#[must_use = "nothing is run until it is awaited or started"]
pub struct Exec {
    call: Call<Bytes>,
}

impl Exec {
    pub(crate) fn new(call: Call<Bytes>) -> Self {
        Self { call: call.set_query("tty", false) }
    }

    /// Runs the command on a terminal: its errors then come with its output, and
    /// [`ExecInput::resize`] has an effect.
    pub fn tty(mut self, yes: bool) -> Self {
        self.call = self.call.set_query("tty", yes);
        self
    }

    /// Gives the command what `reader` reads as its input, to the reader's end.
    ///
    /// Input and output move together, however much there is of either:
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client, dump: Vec<u8>) -> nomad_client::Result<()> {
    /// let command = nomad.allocations().exec("8ba85cef-…", "db", ["gzip", "-c"]);
    /// let result = command.stdin(std::io::Cursor::new(dump)).await?;
    /// println!("{} bytes remain", result.stdout.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn stdin(self, reader: impl AsyncRead + Send + 'static) -> FedExec {
        FedExec { exec: self, reader: Box::pin(reader) }
    }

    /// What would be sent to open the session.
    ///
    /// # Errors
    ///
    /// An argument cannot be sent.
    pub fn spec(&self) -> Result<crate::Spec> {
        self.call.spec()
    }

    /// Starts the command. The server looks at ids and rights only after it has opened the
    /// session, so that most refusals come as errors of the output.
    ///
    /// # Errors
    ///
    /// The session cannot be opened.
    pub async fn start(self) -> Result<(ExecInput, ExecOutput)> {
        let (sender, output) = self.open(None).await?;
        Ok((ExecInput { sender: PollSender::new(sender) }, output))
    }

    async fn open(self, input: Option<Input>) -> Result<(mpsc::Sender<Value>, ExecOutput)> {
        let socket = self.call.inner.websocket().await?;
        let (sender, messages) = mpsc::channel(WAITING);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.reset();
        let output = ExecOutput {
            socket,
            is_fed: input.is_some(),
            input,
            messages: Some(messages),
            heartbeat,
            unflushed: false,
            arrived: VecDeque::new(),
            unread: Bytes::new(),
            exit_code: None,
            over: false,
        };
        Ok((sender, output))
    }
}

/// All that a command wrote, and how it ended.
async fn gather(mut output: ExecOutput) -> Result<ExecResult> {
    let (mut stdout, mut stderr, mut exit_code) = (BytesMut::new(), BytesMut::new(), None);
    while let Some(event) = output.next().await {
        match event? {
            ExecEvent::Stdout(data) => stdout.extend_from_slice(&data),
            ExecEvent::Stderr(data) => stderr.extend_from_slice(&data),
            ExecEvent::Exited(code) => exit_code = Some(code),
        }
    }
    match exit_code {
        Some(exit_code) => Ok(ExecResult { exit_code, stdout: stdout.freeze(), stderr: stderr.freeze() }),
        None => Err(no_exit().into()),
    }
}

impl IntoFuture for Exec {
    type Output = Result<ExecResult>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (input, output) = self.start().await?;
            drop(input);
            gather(output).await
        })
    }
}

type Input = Pin<Box<dyn AsyncRead + Send>>;

/// A command whose input is read from somewhere while its output is. Awaiting it runs it and gathers
/// its output.
#[must_use = "nothing is run until it is awaited or started"]
pub struct FedExec {
    exec: Exec,
    reader: Input,
}

impl FedExec {
    /// Starts the command. Reading the output is what moves its input too.
    ///
    /// # Errors
    ///
    /// The session cannot be opened. A reader that fails is an error of the output.
    pub async fn start(self) -> Result<(ExecTerminal, ExecOutput)> {
        let (sender, output) = self.exec.open(Some(self.reader)).await?;
        Ok((ExecTerminal { sender }, output))
    }
}

impl IntoFuture for FedExec {
    type Output = Result<ExecResult>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { gather(self.start().await?.1).await })
    }
}

impl fmt::Debug for FedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FedExec").field("exec", &self.exec).finish_non_exhaustive()
    }
}

/// The terminal of a command whose input is read from somewhere.
#[derive(Debug, Clone)]
pub struct ExecTerminal {
    sender: mpsc::Sender<Value>,
}

impl ExecTerminal {
    /// Tells the command's terminal how large it is, in characters.
    ///
    /// # Errors
    ///
    /// The session is over.
    pub async fn resize(&self, height: u16, width: u16) -> io::Result<()> {
        self.sender.send(size(height, width)).await.map_err(|_| gone())
    }
}

fn size(height: u16, width: u16) -> Value {
    json!({"tty_size": {"height": height, "width": width}})
}

fn no_exit() -> TransportError {
    TransportError::stream("the session ended without saying how the command did")
}

/// How a command ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecResult {
    /// Its exit code.
    pub exit_code: i32,
    /// Its standard output.
    pub stdout: Bytes,
    /// Its standard error; empty on a terminal.
    pub stderr: Bytes,
}

/// Something a running command did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecEvent {
    /// It wrote to its standard output.
    Stdout(Bytes),
    /// It wrote to its standard error.
    Stderr(Bytes),
    /// It ended with this exit code.
    Exited(i32),
}

/// The input of a running command. What is written is sent while the [`ExecOutput`] is read: writing
/// much before reading anything waits for ever, as with two pipes. [`Exec::stdin`] does both at once.
/// Shutting it down or dropping it tells the command that its input is over, as with a pipe.
pub struct ExecInput {
    sender: PollSender<Value>,
}

impl ExecInput {
    /// Tells the command's terminal how large it is, in characters.
    ///
    /// # Errors
    ///
    /// The session is over.
    pub async fn resize(&self, height: u16, width: u16) -> io::Result<()> {
        let sender = self.sender.get_ref().ok_or_else(gone)?;
        sender.send(size(height, width)).await.map_err(|_| gone())
    }
}

impl fmt::Debug for ExecInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExecInput")
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the session is over")
}

fn stdin(data: &[u8]) -> Value {
    use base64::Engine as _;
    json!({"stdin": {"data": base64::engine::general_purpose::STANDARD.encode(data)}})
}

impl AsyncWrite for ExecInput {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.sender.poll_reserve(context)).map_err(|_| gone())?;
        let piece = data.get(..data.len().min(PIECE)).unwrap_or(data);
        self.sender.send_item(stdin(piece)).map_err(|_| gone())?;
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Tells the command that its input is over.
    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sender.close();
        Poll::Ready(Ok(()))
    }
}

/// What a running command does, as a stream of events or, through [`AsyncRead`], as the bytes it
/// writes. Reading it is what moves the session; dropping it ends the session, and with it the
/// command's terminal.
pub struct ExecOutput {
    socket: WebSocket,
    /// What is read as the command's input, until it ends.
    input: Option<Input>,
    /// Whether the input is read from somewhere, so that nobody writes it.
    is_fed: bool,
    messages: Option<mpsc::Receiver<Value>>,
    heartbeat: Interval,
    unflushed: bool,
    arrived: VecDeque<ExecEvent>,
    unread: Bytes,
    exit_code: Option<i32>,
    over: bool,
}

impl ExecOutput {
    /// The command's exit code, once the end of the output was reached.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Sends what waits, as far as the connection takes it.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Result<(), TransportError> {
        while let Poll::Ready(ready) = self.socket.poll_ready(context) {
            ready?;
            let message = match self.messages.as_mut().map(|messages| messages.poll_recv(context)) {
                Some(Poll::Ready(Some(message))) => message,
                Some(Poll::Ready(None)) => {
                    self.messages = None;
                    if self.is_fed {
                        continue;
                    }
                    json!({"stdin": {"close": true}})
                }
                _ => match self.poll_input(context)? {
                    Poll::Ready(message) => message,
                    Poll::Pending if self.heartbeat.poll_tick(context).is_ready() => json!({}),
                    Poll::Pending => break,
                },
            };
            self.socket.start_send(message.to_string())?;
            self.unflushed = true;
        }
        if self.unflushed && self.socket.poll_flush(context)?.is_ready() {
            self.unflushed = false;
        }
        Ok(())
    }

    /// The next piece of what is read as input.
    fn poll_input(&mut self, context: &mut Context<'_>) -> Result<Poll<Value>, TransportError> {
        let Some(reader) = &mut self.input else { return Ok(Poll::Pending) };
        let mut piece = vec![0; PIECE];
        let mut buffer = ReadBuf::new(&mut piece);
        match reader.as_mut().poll_read(context, &mut buffer) {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.input = None;
                Ok(Poll::Ready(json!({"stdin": {"close": true}})))
            }
            Poll::Ready(Ok(())) => Ok(Poll::Ready(stdin(buffer.filled()))),
            Poll::Ready(Err(cause)) => {
                self.input = None;
                Err(TransportError::stream(format!("the command's input cannot be read: {cause}")))
            }
        }
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ExecEvent, TransportError>>> {
        loop {
            if let Some(event) = self.arrived.pop_front() {
                if let ExecEvent::Exited(code) = event {
                    (self.exit_code, self.over) = (Some(code), true);
                }
                return Poll::Ready(Some(Ok(event)));
            }
            if self.over {
                return Poll::Ready(None);
            }
            let sent = self.poll_send(context);
            // The reason for a broken connection may be waiting to be read.
            let message = match self.socket.poll_next_unpin(context) {
                Poll::Pending if sent.is_ok() => return Poll::Pending,
                Poll::Pending | Poll::Ready(None) => sent.err().map_or_else(|| Err(no_exit()), Err),
                Poll::Ready(Some(message)) => message,
            };
            let read = message.and_then(|message| match message {
                Message::Data(data) => frame(&data),
                Message::Close(reason) => Err(refusal(reason)),
            });
            match read {
                Ok(events) => self.arrived.extend(events),
                Err(error) => {
                    self.over = true;
                    return Poll::Ready(Some(Err(error.with_operation(self.socket.operation()))));
                }
            }
        }
    }
}

/// The events in a message of the server.
fn frame(data: &[u8]) -> Result<Vec<ExecEvent>, TransportError> {
    #[derive(Default, Wire)]
    #[wire(closed)]
    struct Output {
        #[wire(with = wire::base64_bytes)]
        data: Bytes,
    }
    #[derive(Default, Wire)]
    #[wire(closed)]
    struct Exit {
        exit_code: i32,
    }
    #[derive(Default, Wire)]
    #[wire(closed)]
    struct Frame {
        stdout: Option<Output>,
        stderr: Option<Output>,
        exited: bool,
        result: Option<Exit>,
    }
    let frame: Frame = wire::from_slice(data)?;
    let mut events = Vec::new();
    let written = |output: Option<Output>| output.map(|it| it.data).filter(|data| !data.is_empty());
    events.extend(written(frame.stdout).map(ExecEvent::Stdout));
    events.extend(written(frame.stderr).map(ExecEvent::Stderr));
    if frame.exited {
        // A code of 0 is left out.
        events.push(ExecEvent::Exited(frame.result.unwrap_or_default().exit_code));
    }
    Ok(events)
}

/// What a server means by closing a session whose command did not end.
fn refusal(reason: Option<(u16, String)>) -> TransportError {
    match reason {
        Some((_, text)) if !text.is_empty() => {
            TransportError::stream(format!("the server ended the session: {text}"))
        }
        _ => no_exit(),
    }
}

impl Stream for ExecOutput {
    type Item = Result<ExecEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context).map(|event| event.map(|event| event.map_err(Into::into)))
    }
}

/// Reads what the command writes to its standard output and standard error, as it arrives.
impl AsyncRead for ExecOutput {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.poll_event(context)) {
                Some(Ok(ExecEvent::Stdout(data) | ExecEvent::Stderr(data))) => self.unread = data,
                Some(Ok(ExecEvent::Exited(_))) | None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        let most = self.unread.len().min(buffer.remaining());
        let piece = self.unread.split_to(most);
        buffer.put_slice(&piece);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for ExecOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecOutput(exit code {:?})", self.exit_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_server() {
        assert_eq!(frame(b"{\"stdout\":{\"data\":\"aGk=\"}}").unwrap(), [ExecEvent::Stdout("hi".into())]);
        assert_eq!(frame(b"{\"stderr\":{\"data\":\"aGk=\"}}").unwrap(), [ExecEvent::Stderr("hi".into())]);
        assert_eq!(frame(b"{\"stdout\":{\"close\":true}}").unwrap(), []);
        assert_eq!(frame(b"{}").unwrap(), []);
        assert_eq!(frame(b"{\"exited\":true,\"result\":{}}").unwrap(), [ExecEvent::Exited(0)]);
        assert_eq!(frame(b"{\"exited\":true,\"result\":{\"exit_code\":3}}").unwrap(), [ExecEvent::Exited(3)]);
        assert!(frame(b"{\"stdout\":{\"data\":\"?\"}}").is_err());
    }

    #[test]
    fn a_close_frame_says_why() {
        let text = refusal(Some((1011, "Permission denied".into()))).to_string();
        assert!(text.contains("Permission denied"), "{text}");
        assert!(refusal(None).to_string().contains("without saying"));
    }
}
