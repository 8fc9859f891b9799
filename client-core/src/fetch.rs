//! Reading an address that belongs to none of the products: a probe of a web page, a query of a
//! metrics server. One small trait, so that a caller brings its own client or a test an answer.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::header;

use crate::Error;

/// The most of a body that is read.
const MOST: usize = 4 * 1024 * 1024;

/// Reads an address over HTTP.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Sends one `GET`. Redirects are not followed and nothing is repeated; any status is an answer.
    ///
    /// # Errors
    ///
    /// There was no answer, or not in time: why, without the URL, which may hold a secret.
    async fn get(&self, request: &Get) -> Result<Fetched, String>;
}

/// What to read.
#[derive(Clone)]
#[non_exhaustive]
pub struct Get {
    /// The whole URL.
    pub url: String,
    /// Headers; a `host` among them takes the place of the URL's.
    pub headers: Vec<(String, String)>,
    /// How long the whole may take. 5 seconds.
    pub limit: Duration,
}

impl Get {
    /// A `GET` of `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: Vec::new(), limit: Duration::from_secs(5) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long the whole may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

/// Shows no value of a header: one may be a token.
impl fmt::Debug for Get {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Get").field("headers", &names).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The body, of which at most 4 MiB are read.
    pub body: Bytes,
    /// From the call to the end of the body.
    pub took: Duration,
}

impl Fetched {
    /// An answer.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>, took: Duration) -> Self {
        Self { status, body: body.into(), took }
    }
}

/// Reads over the network, with the certificates that the host trusts.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use client_core::fetch::{Fetch, Get, HttpFetch};
/// let page = HttpFetch::new()?.get(&Get::new("http://127.0.0.1/ping").header("host", "example.com")).await?;
/// println!("{}", page.status);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HttpFetch {
    plain: reqwest::Client,
    /// Made at the first address that needs it: a host without certificates must not fail before.
    secure: OnceLock<reqwest::Client>,
}

impl HttpFetch {
    /// A client that keeps its connections.
    ///
    /// # Errors
    ///
    /// The HTTP client cannot be set up.
    pub fn new() -> Result<Self, Error> {
        // reqwest panics without a provider; an application's own choice stays.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let plain = builder()
            .tls_certs_only([])
            .build()
            .map_err(|cause| Error::config("the HTTP client cannot be set up").with_source(cause))?;
        Ok(Self { plain, secure: OnceLock::new() })
    }

    fn client(&self, url: &str) -> Result<&reqwest::Client, String> {
        let secure = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
        if !secure {
            return Ok(&self.plain);
        }
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        let client = builder().build().map_err(|_| "no certificates to trust were found".to_owned())?;
        Ok(self.secure.get_or_init(|| client))
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("wuffchat-client/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, request: &Get) -> Result<Fetched, String> {
        let begun = Instant::now();
        let mut call = self.client(&request.url)?.get(&request.url).timeout(request.limit);
        for (name, value) in &request.headers {
            let name = if name.eq_ignore_ascii_case("host") { header::HOST.as_str() } else { name };
            call = call.header(name, value);
        }
        let mut response = call.send().await.map_err(words)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(words)? {
            let room = MOST.saturating_sub(body.len());
            body.extend(chunk.iter().take(room));
            if body.len() >= MOST {
                break;
            }
        }
        Ok(Fetched::new(response.status().as_u16(), body, begun.elapsed()))
    }
}

fn words(error: reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_builder() {
        "the address or a header is not valid".to_owned()
    } else if error.is_connect() {
        "no connection could be made".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}
