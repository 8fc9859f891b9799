//! Sessions in tasks, against a server that follows a script.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use nomad_client::{Client, ExecEvent};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

type Socket = WebSocketStream<TcpStream>;

/// A client of a server that accepts one session and hands it to `script`.
async fn serving<F: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(Socket) -> F + Send + 'static,
) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(tokio_tungstenite::accept_async(stream).await.unwrap()).await;
    });
    Client::builder().address(address).token("hunter2").build().unwrap()
}

async fn received(socket: &mut Socket) -> Value {
    serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
}

async fn wrote(socket: &mut Socket, what: &str, text: &str) {
    let frame = format!(r#"{{"{what}":{{"data":"{}"}}}}"#, STANDARD.encode(text));
    socket.send(Message::text(frame)).await.unwrap();
}

#[tokio::test]
async fn a_command_without_input_is_run_to_its_end() {
    let nomad = serving(|mut socket| async move {
        assert_eq!(received(&mut socket).await, serde_json::json!({"stdin": {"close": true}}));
        wrote(&mut socket, "stdout", "one ").await;
        wrote(&mut socket, "stderr", "oh").await;
        wrote(&mut socket, "stdout", "two").await;
        socket.send(Message::text(r#"{"stdout":{"close":true}}"#)).await.unwrap();
        socket.send(Message::text(r#"{"exited":true,"result":{"exit_code":7}}"#)).await.unwrap();
    })
    .await;
    let result = nomad.allocations().exec("a", "api", ["x"]).await.unwrap();
    assert_eq!((result.exit_code, &result.stdout[..], &result.stderr[..]), (7, &b"one two"[..], &b"oh"[..]));
}

#[tokio::test]
async fn a_conversation_goes_both_ways() {
    let nomad = serving(|mut socket| async move {
        let size = received(&mut socket).await;
        assert_eq!(size, serde_json::json!({"tty_size": {"height": 24, "width": 80}}));
        loop {
            let message = received(&mut socket).await;
            match message["stdin"]["data"].as_str() {
                Some(data) => {
                    let text = String::from_utf8(STANDARD.decode(data).unwrap()).unwrap();
                    wrote(&mut socket, "stdout", &text.to_uppercase()).await;
                }
                None => break,
            }
        }
        socket.send(Message::text(r#"{"exited":true,"result":{}}"#)).await.unwrap();
    })
    .await;
    let (mut input, mut output) =
        nomad.allocations().exec("a", "api", ["sh"]).tty(true).start().await.unwrap();
    let write = async {
        input.resize(24, 80).await.unwrap();
        // More than fits into what may wait at once.
        for _ in 0..40 {
            input.write_all(b"hello ").await.unwrap();
        }
        input.shutdown().await.unwrap();
    };
    let mut text = String::new();
    let (read, ()) = tokio::join!(output.read_to_string(&mut text), write);
    read.unwrap();
    assert_eq!(text, "HELLO ".repeat(40));
    assert_eq!(output.exit_code(), Some(0));
}

#[tokio::test]
async fn a_refusal_after_the_handshake_is_an_error_with_its_reason() {
    let nomad = serving(|mut socket| async move {
        let frame = CloseFrame { code: CloseCode::Error, reason: "Permission denied".into() };
        socket.close(Some(frame)).await.unwrap();
        while socket.next().await.is_some() {}
    })
    .await;
    let error = nomad.allocations().exec("a", "api", ["x"]).await.unwrap_err();
    assert!(error.to_string().contains("Permission denied"), "{error}");
}

#[tokio::test]
async fn a_session_that_breaks_off_is_an_error() {
    let nomad = serving(|mut socket| async move {
        wrote(&mut socket, "stdout", "half").await;
    })
    .await;
    let (_input, mut output) = nomad.allocations().exec("a", "api", ["x"]).start().await.unwrap();
    assert_eq!(output.next().await.unwrap().unwrap(), ExecEvent::Stdout("half".into()));
    output.next().await.unwrap().unwrap_err();
    assert!(output.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_answers_in_http_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
        assert!(
            request.contains("upgrade: websocket") && request.contains("x-nomad-token: hunter2"),
            "{request}"
        );
        let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\nPermission denied";
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let nomad = Client::builder().address(address).token("hunter2").build().unwrap();
    let error = nomad.allocations().exec("a", "api", ["x"]).await.unwrap_err();
    assert!(matches!(error, nomad_client::Error::PermissionDenied { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_session_is_kept_alive() {
    let nomad = serving(|mut socket| async move {
        assert_eq!(received(&mut socket).await, serde_json::json!({}));
        assert_eq!(received(&mut socket).await, serde_json::json!({}));
        socket.send(Message::text(r#"{"exited":true,"result":{}}"#)).await.unwrap();
    })
    .await;
    let started = tokio::time::Instant::now();
    let (_input, mut output) = nomad.allocations().exec("a", "api", ["x"]).start().await.unwrap();
    assert_eq!(output.next().await.unwrap().unwrap(), ExecEvent::Exited(0));
    assert!(started.elapsed() >= Duration::from_secs(20));
}

/// Gives everything back until its input is over.
async fn echoes(mut socket: Socket) {
    while let Some(data) = received(&mut socket).await["stdin"]["data"].as_str().map(str::to_owned) {
        let frame = format!(r#"{{"stdout":{{"data":"{data}"}}}}"#);
        socket.send(Message::text(frame)).await.unwrap();
    }
    socket.send(Message::text(r#"{"exited":true,"result":{}}"#)).await.unwrap();
}

#[tokio::test]
async fn a_megabyte_goes_in_while_it_comes_out() {
    let nomad = serving(echoes).await;
    let data: Vec<u8> = (0..1_u32 << 20).map(|number| u8::try_from(number % 251).unwrap()).collect();
    let result = nomad.allocations().exec("a", "api", ["cat"]).stdin(std::io::Cursor::new(data.clone()));
    let result = tokio::time::timeout(Duration::from_secs(60), result).await.unwrap().unwrap();
    assert!(result.stdout[..] == data[..], "{} of {} bytes", result.stdout.len(), data.len());
    assert_eq!(result.exit_code, 0);
}

#[tokio::test]
async fn input_that_cannot_be_read_is_an_error_of_the_output() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::Error::other("the disk is gone")))
        }
    }
    let nomad = serving(echoes).await;
    let error = nomad.allocations().exec("a", "api", ["cat"]).stdin(Broken).await.unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
}

#[tokio::test]
async fn a_terminal_is_resized_while_its_input_is_read() {
    let nomad = serving(|mut socket| async move {
        let (mut size, mut closed) = (false, false);
        while !(size && closed) {
            let message = received(&mut socket).await;
            size |= message["tty_size"]["width"] == 80;
            closed |= message["stdin"]["close"] == true;
        }
        socket.send(Message::text(r#"{"exited":true,"result":{"exit_code":2}}"#)).await.unwrap();
    })
    .await;
    let exec = nomad.allocations().exec("a", "api", ["sh"]).tty(true).stdin(tokio::io::empty());
    let (terminal, mut output) = exec.start().await.unwrap();
    terminal.resize(24, 80).await.unwrap();
    drop(terminal);
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    assert_eq!(output.exit_code(), Some(2));
}
