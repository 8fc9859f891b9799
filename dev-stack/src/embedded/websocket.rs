//! Connections that go on as a WebSocket.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::http::{HttpBody, HttpReq, HttpResp, Takeover};

/// The server's end of a WebSocket.
pub(crate) struct Socket(WebSocketStream<TokioIo<Upgraded>>);

/// Opens the WebSocket a request asks for, and leaves it to `run`.
pub(crate) fn open<F: Future<Output = ()> + Send + 'static>(
    req: &HttpReq,
    run: impl FnOnce(Socket) -> F + Send + 'static,
) -> HttpResp {
    let wants = |name: &str, value: &str| req.header(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
    let key = req.header("sec-websocket-key").filter(|_| wants("upgrade", "websocket"));
    let Some(key) = key.filter(|_| wants("sec-websocket-version", "13")) else {
        return HttpResp::text(400, "Bad Request\n");
    };
    let takeover = Takeover::new(move |connection| async move {
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, None).await;
        run(Socket(socket)).await;
    });
    let mut resp = HttpResp::empty(101)
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes()));
    resp.body = HttpBody::Upgrade(takeover);
    resp
}

impl Socket {
    /// The next message; `None` once the other side is gone.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => return Some(text.into()),
                Message::Binary(data) => return Some(data),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Sends a message; `false` if the other side is gone.
    pub(crate) async fn send(&mut self, text: String) -> bool {
        self.0.send(Message::text(text)).await.is_ok()
    }

    /// Says why the connection ends.
    pub(crate) async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        if self.0.close(Some(frame)).await.is_ok() {
            // Until the other side has read it: a connection that is dropped earlier may take it along.
            while self.0.next().await.is_some_and(|message| message.is_ok()) {}
        }
    }
}
