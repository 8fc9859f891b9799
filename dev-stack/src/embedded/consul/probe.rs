//! The agent's own checks: HTTP and TCP, run on their interval for as long as they are registered.

use std::sync::Weak;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Consul;
use super::checks::Probe;

/// The most of an answer that is kept as a check's output.
const MAX_OUTPUT: usize = 4096;

impl Consul {
    /// Starts a task for each of these checks that is not probed yet.
    pub(super) fn start_probes(&self, checks: Vec<(String, String)>) {
        for (node, check) in checks {
            tokio::spawn(keep_probing(self.me.clone(), node, check));
        }
    }

    /// What to do for a check; none once it is gone or has become another.
    fn probe_of(&self, node: &str, check: &str) -> Option<Probe> {
        self.lock().catalog.checks.get(&(node.to_owned(), check.to_owned())).and_then(|c| c.probe.clone())
    }
}

/// Ends when the check is gone, has changed, or the server is dropped.
async fn keep_probing(consul: Weak<Consul>, node: String, check: String) {
    let Some(probe) = consul.upgrade().and_then(|c| c.probe_of(&node, &check)) else { return };
    loop {
        let (status, output) = run(&probe).await;
        let Some(consul) = consul.upgrade() else { return };
        if consul.probe_of(&node, &check).as_ref() != Some(&probe) {
            return;
        }
        consul.lock().update_check(&node, &check, status, &output);
        let clock = consul.clock.clone();
        drop(consul);
        let (Probe::Http { interval, .. } | Probe::Tcp { interval, .. }) = &probe;
        clock.sleep(*interval).await;
    }
}

/// One look: the state and the output of the check.
async fn run(probe: &Probe) -> (&'static str, String) {
    let result = match probe {
        Probe::Http { url, method, headers, body, timeout, .. } => {
            within(*timeout, http(method, url, headers, body)).await
        }
        Probe::Tcp { address, timeout, .. } => within(*timeout, tcp(address)).await,
    };
    result.unwrap_or_else(|why| ("critical", why))
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err("context deadline exceeded (Client.Timeout exceeded while awaiting headers)".into()),
    }
}

async fn tcp(address: &str) -> Result<(&'static str, String), String> {
    match TcpStream::connect(address).await {
        Ok(_) => Ok(("passing", format!("TCP connect {address}: Success"))),
        Err(e) => Err(format!("dial tcp {address}: connect: {e}")),
    }
}

async fn http(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: &str,
) -> Result<(&'static str, String), String> {
    let failed = |why: String| format!("{} {url:?}: {why}", title(method));
    let rest = url.strip_prefix("http://").ok_or_else(|| failed("only plain http is probed here".into()))?;
    let (host, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    let path = if path.is_empty() { "/" } else { path };
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&address)
        .await
        .map_err(|e| failed(format!("dial tcp {address}: connect: {e}")))?;
    let broken = |e: std::io::Error| failed(e.to_string());
    let usual = [
        ("Host", host),
        ("User-Agent", "Consul Health Check"),
        ("Accept", "text/plain, text/*, */*"),
        ("Connection", "close"),
    ];
    let given = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let own = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let lines: String = usual
        .into_iter()
        .filter(|(name, _)| !given(name))
        .chain(own)
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request = format!("{method} {path} HTTP/1.1\r\n{lines}{length}\r\n{body}");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    let most = u64::try_from(MAX_OUTPUT * 4).unwrap_or(u64::MAX);
    stream.take(most).read_to_end(&mut answer).await.map_err(broken)?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let line = head.lines().next().unwrap_or_default();
    let status = line.split_once(' ').map_or("", |(_, s)| s);
    let code: u16 = status.split(' ').next().and_then(|c| c.parse().ok()).unwrap_or(0);
    let body: String = body.chars().take(MAX_OUTPUT).collect();
    let state = match code {
        200..=299 => "passing",
        429 => "warning",
        _ => "critical",
    };
    Ok((state, format!("HTTP {method} {url}: {status} Output: {body}")))
}

/// `Get`, as Go begins its errors.
fn title(method: &str) -> String {
    let lower = method.to_lowercase();
    lower.chars().take(1).flat_map(char::to_uppercase).chain(lower.chars().skip(1)).collect()
}
