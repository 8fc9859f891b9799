//! reqwest and serde_json without anything of ours.

use std::any::Any;

use futures_util::StreamExt;
use serde::de::IgnoredAny;

use crate::subjects::all;
use crate::{Outcome, server};

/// A client as we build ours: ring, no proxy, no redirects.
pub fn client() -> Outcome<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().tcp_nodelay(true).tls_certs_only([]).build()?)
}

/// Reads the small answer.
pub async fn small(client: &reqwest::Client, address: &str) -> Outcome {
    let body = client
        .get(format!("{address}{}", server::SECRET))
        .header("X-Vault-Token", "t")
        .send()
        .await?
        .bytes()
        .await?;
    let value: serde_json::Value = serde_json::from_slice(&body)?;
    check(value["data"]["data"]["api_key"].is_string())
}

/// Receives a list and skips over its items.
pub async fn list(
    client: &reqwest::Client,
    address: &str,
    path: &str,
    wanted: usize,
) -> Outcome<Box<dyn Any>> {
    let body = client.get(format!("{address}{path}")).send().await?.bytes().await?;
    let items: Vec<IgnoredAny> = serde_json::from_slice(&body)?;
    all(items, wanted)
}

/// Receives lines and decodes each as untyped JSON.
pub async fn events(client: &reqwest::Client, address: &str, wanted: usize) -> Outcome {
    let mut body = client.get(format!("{address}{}", server::EVENTS)).send().await?.bytes_stream();
    let mut held = Vec::new();
    let mut count = 0;
    while let Some(chunk) = body.next().await {
        held.extend_from_slice(&chunk?);
        let mut lines = held.split_inclusive(|byte| *byte == b'\n').peekable();
        let mut read = 0;
        while let Some(line) = lines.next_if(|line| line.ends_with(b"\n")) {
            let value: serde_json::Value = serde_json::from_slice(line)?;
            count += value["Events"].as_array().map_or(0, Vec::len);
            read += line.len();
        }
        held.drain(..read);
    }
    check(count == wanted)
}

/// An answer that is not what was asked for makes a measurement worthless.
pub fn check(right: bool) -> Outcome {
    if right { Ok(()) } else { Err("the subject did not see what the server sent".into()) }
}
