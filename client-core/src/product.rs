//! What a client tells this crate about its product.

use http::HeaderMap;

use crate::{Client, Config, Error, Meta};

/// A product's types: what the generic parts of this crate need to know of a client.
pub trait Product: Sized + Send + Sync + 'static {
    /// The client's error.
    type Error: From<Error> + std::error::Error + Send + Sync + 'static;
    /// The client.
    type Client: From<Client>;
    /// The facts that do not depend on types.
    const SPEC: &'static ProductSpec;
}

/// Where a setting such as the namespace goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Into the query, under this name.
    Query(&'static str),
    /// Into this header.
    Header(&'static str),
}

/// A product's facts.
#[derive(Debug)]
pub struct ProductSpec {
    /// Its name in messages and spans.
    pub name: &'static str,
    /// Used where neither the program nor the environment names an address.
    pub default_address: &'static str,
    /// The scheme of an address that has none.
    pub default_scheme: &'static str,
    /// The header for the token.
    pub token_header: &'static str,
    /// Where the namespace goes.
    pub namespace: Placement,
    /// Headers on every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// The crate's name and version, as a server's log shows them.
    pub user_agent: &'static str,
    /// How many requests may be held at a time, so that an agent's limit on the connections of one
    /// address leaves room for others; `None` where there is no such limit.
    pub held: Option<usize>,
    /// How many other requests may be open at a time.
    pub calls: Option<usize>,
    /// Operations that keep something alive and never wait for a place.
    pub urgent: &'static [&'static str],
    /// Whether an error answer says that the token itself is not known, or not any more.
    pub rejects_token: fn(u16, &[String]) -> bool,
    /// The messages in an error answer, given its content type and body.
    pub messages: fn(Option<&str>, &[u8]) -> Vec<String>,
    /// Whether an error answer, besides 429 and 502–504, has a cause that passes by itself.
    pub transient: fn(u16, &[String]) -> bool,
    /// Whether an error answer says that the very thing that was asked for does not exist, rather
    /// than the endpoint, the namespace or the place it is in.
    pub absent: fn(&Error) -> bool,
    /// What the headers of an answer say.
    pub meta: fn(&HeaderMap) -> Meta,
    /// Reads the configuration from the environment.
    pub environment: fn(&crate::env::Vars<'_>, &mut Config) -> Result<(), Error>,
}

/// The messages of a plain-text error answer: its trimmed text, cut where it is very long. A page
/// of HTML says nothing worth reading, and JSON is data, which may be secret.
#[must_use]
pub fn text_messages(body: &[u8]) -> Vec<String> {
    const LONGEST: usize = 4096;
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let is_json = text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if text.is_empty() || is_json || crate::words::is_html(text) {
        return Vec::new();
    }
    let mut message: String = text.chars().take(LONGEST).collect();
    if message.len() < text.len() {
        message.push('…');
    }
    vec![message]
}
