//! Calls that go on as a WebSocket: the same address, TLS, token and redirect rules as any other.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{Sink, SinkExt as _, StreamExt as _};
use http::header;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message as WsMessage};

use crate::places::Place;
use crate::transport::Connection;
use crate::{Client, Error, ErrorKind, Request, send};

/// A message must not be larger than this. Servers send far less.
const LARGEST: usize = 16 << 20;

/// A message of a WebSocket. Pings are answered and pongs dropped where they arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text or binary.
    Data(Bytes),
    /// The other side closes, with a code and a reason where it gives them.
    Close(Option<(u16, String)>),
}

/// An open WebSocket. Dropping it breaks the connection.
pub struct WebSocket {
    socket: WebSocketStream<Connection>,
    _place: Place,
    operation: &'static str,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebSocket({})", self.operation)
    }
}

pub(crate) async fn open(client: &Client, mut request: Request) -> Result<WebSocket, Error> {
    let operation = request.operation.name;
    let key = generate_key();
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", &key),
    ] {
        request.header(name, value);
    }
    let (headers, connection, place) = send::upgrade(client, request).await?;
    let accepted = headers.get(header::SEC_WEBSOCKET_ACCEPT).and_then(|value| value.to_str().ok());
    if accepted != Some(derive_accept_key(key.as_bytes()).as_str()) {
        let text = "the server switched to something else than this WebSocket";
        return Err(Error::new(ErrorKind::Decode, text).with_operation(operation));
    }
    let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let socket = WebSocketStream::from_raw_socket(connection, Role::Client, Some(limits)).await;
    Ok(WebSocket { socket, _place: place, operation })
}

impl WebSocket {
    /// The operation's name.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    fn broken(&self, cause: WsError) -> Error {
        Error::new(ErrorKind::Stream, "the connection broke")
            .with_source(cause)
            .with_operation(self.operation)
    }

    /// Whether a message can be taken; the task is woken once it can.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_ready_unpin(context).map_err(|cause| self.broken(cause))
    }

    /// Takes a text message, which [`poll_flush`](Self::poll_flush) sends.
    ///
    /// # Errors
    ///
    /// The connection broke or is closed.
    pub fn start_send(&mut self, text: String) -> Result<(), Error> {
        Pin::new(&mut self.socket).start_send(WsMessage::text(text)).map_err(|cause| self.broken(cause))
    }

    /// Sends what was taken.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_flush_unpin(context).map_err(|cause| self.broken(cause))
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(message) = std::task::ready!(self.socket.poll_next_unpin(context)) else {
                return Poll::Ready(None);
            };
            let message = match message {
                Ok(WsMessage::Text(text)) => Message::Data(text.into()),
                Ok(WsMessage::Binary(data)) => Message::Data(data),
                Ok(WsMessage::Close(frame)) => {
                    Message::Close(frame.map(|CloseFrame { code, reason }| (code.into(), reason.to_string())))
                }
                Ok(_) => continue,
                Err(WsError::ConnectionClosed) => return Poll::Ready(None),
                Err(cause) => return Poll::Ready(Some(Err(self.broken(cause)))),
            };
            return Poll::Ready(Some(Ok(message)));
        }
    }
}
