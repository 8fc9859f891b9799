//! The server all embedded products share, and its faults.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dev_stack::embedded::faults::{Fault, FaultRule, Faults};
use dev_stack::embedded::http::{HttpReq, HttpResp, Server, Service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn local() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn echo() -> Arc<dyn Service> {
    Arc::new(|req: HttpReq| {
        HttpResp::text(
            200,
            format!("{} {} {:?} {}", req.method, req.path, req.query, String::from_utf8_lossy(&req.body)),
        )
    })
}

/// Everything the server sends until it closes.
async fn exchange(addr: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut out = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut out).await;
    String::from_utf8_lossy(&out).into_owned()
}

const GET: &str = "GET /a%20b?x=1&y HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn any_method_chunked_bodies_and_keep_alive() {
    let server = Server::start(local(), echo(), Faults::new()).await.unwrap();
    let both = exchange(
        server.addr,
        "SCAN /one HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nLIST /two?q=a+b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(both.contains("SCAN /one [] abc"), "{both}");
    assert!(both.contains("LIST /two [(\"q\", \"a b\")] "), "{both}");
    let head = exchange(server.addr, &GET.replace("GET", "HEAD")).await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn faults_reset_truncate_delay_and_refuse() {
    let faults = Faults::new();
    let server = Server::start(local(), echo(), faults.clone()).await.unwrap();
    let reset = faults.add(FaultRule::new(Fault::Reset).times(1));
    assert_eq!(exchange(server.addr, GET).await, "");
    let truncated = faults.add(FaultRule::new(Fault::TruncatedBody).times(1));
    let cut = exchange(server.addr, GET).await;
    assert!(cut.contains("GET /a b [") && !cut.contains("\"y\""), "{cut}");
    let late = faults.add(FaultRule::new(Fault::Latency(Duration::from_millis(50))).times(1));
    let start = Instant::now();
    assert!(exchange(server.addr, GET).await.contains("(\"y\", \"\")"));
    assert!(start.elapsed() >= Duration::from_millis(50));
    let refusal =
        Fault::Status { status: 503, body: "later".into(), retry_after: Some(Duration::from_secs(3)) };
    let refusals = faults.add(FaultRule::new(refusal).path("/a"));
    let refused = exchange(server.addr, GET).await;
    assert!(
        refused.starts_with("HTTP/1.1 503")
            && refused.contains("retry-after: 3")
            && refused.ends_with("later"),
        "{refused}"
    );
    faults.clear();
    let counts = [reset, truncated, late, refusals].map(|injected| injected.count());
    assert_eq!((counts, faults.injected()), ([1, 1, 1, 1], 4));
    assert!(exchange(server.addr, GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn dropped_connections_and_a_dropped_server_end_streams() {
    let (tx, rx) = tokio::sync::mpsc::channel::<Bytes>(1);
    let slot = std::sync::Mutex::new(Some(rx));
    let service = Arc::new(move |_: HttpReq| match slot.lock().unwrap().take() {
        Some(rx) => HttpResp::stream(200, "text/plain", rx),
        None => HttpResp::empty(204),
    });
    let faults = Faults::new();
    let server = Server::start(local(), service, faults.clone()).await.unwrap();
    tx.send(Bytes::from_static(b"first")).await.unwrap();
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(5).any(|w| w == b"first") {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "ended early");
    }
    faults.drop_connections();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(tx.send(Bytes::from_static(b"second")).await.is_err(), "nobody reads any more");
    assert!(exchange(server.addr, GET).await.starts_with("HTTP/1.1 204"), "new connections are welcome");
    let addr = server.addr;
    drop(server);
    // The listener closes as soon as its task is polled.
    let gone = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap();
}
