//! What a handler answers, and how it becomes HTTP.

use bytes::Bytes;
use serde_json::Value;

use crate::embedded::http::HttpResp;

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Value),
    Text(String),
    Raw(Vec<u8>),
    Empty,
}

/// What a read depends on, so that it can wait for a change.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// The index of the result, at least 1.
    pub(crate) index: u64,
    /// The tables a change of which may change the result.
    pub(crate) tables: &'static [&'static str],
    /// The index comes from the agent, not from the servers' store.
    pub(crate) local: bool,
    /// The result is told apart by a hash instead of an index.
    pub(crate) hash: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) watch: Option<Watch>,
    /// The endpoint says which consistency it used.
    pub(crate) consistency: bool,
    pub(crate) filtered: bool,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    fn new(status: u16, body: Body) -> Self {
        Self { status, body, watch: None, consistency: false, filtered: false, headers: Vec::new() }
    }

    pub(crate) fn json(value: Value) -> Self {
        Self::new(200, Body::Json(value))
    }

    /// 200 without a body.
    pub(crate) fn done() -> Self {
        Self::new(200, Body::Empty)
    }

    pub(crate) fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, Body::Text(text.into()))
    }

    pub(crate) fn raw(bytes: Vec<u8>) -> Self {
        Self::new(200, Body::Raw(bytes))
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The result can be waited for.
    pub(crate) fn watch(mut self, index: u64, tables: &'static [&'static str]) -> Self {
        self.watch = Some(Watch { index: index.max(1), tables, local: false, hash: None });
        self
    }

    /// The result can be waited for, and its index is a hash: any other one is news.
    pub(crate) fn watch_hash(mut self, index: u64, tables: &'static [&'static str]) -> Self {
        self.watch = Some(Watch { index, tables, local: true, hash: None });
        self
    }

    /// The result can be waited for with `?hash=`.
    pub(crate) fn watch_content(mut self, hash: &str, tables: &'static [&'static str]) -> Self {
        self.watch = Some(Watch { index: 0, tables, local: true, hash: Some(hash.to_owned()) });
        self.header("X-Consul-Contenthash", hash)
    }

    /// As catalog, health and prepared query reads do.
    pub(crate) fn consistent(mut self) -> Self {
        self.consistency = true;
        self
    }

    pub(crate) fn filtered(mut self, filtered: bool) -> Self {
        self.filtered = filtered;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_http(self, default_policy: &str, pretty: bool) -> HttpResp {
        let missing = self.status == 404 && matches!(self.body, Body::Empty);
        let mut resp = match self.body {
            Body::Json(value) if pretty => {
                let text = serde_json::to_string_pretty(&value).unwrap_or_default();
                HttpResp::bytes(self.status, "application/json", Bytes::from(text))
            }
            Body::Json(value) => HttpResp::json(self.status, &value),
            Body::Text(text) => HttpResp::text(self.status, text),
            Body::Raw(bytes) => HttpResp::bytes(self.status, "text/plain; charset=utf-8", Bytes::from(bytes))
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Security-Policy", "sandbox"),
            Body::Empty if missing => HttpResp::empty(self.status),
            Body::Empty => HttpResp::empty(self.status).header("Content-Type", "application/json"),
        };
        resp = resp.header("Vary", "Accept-Encoding").header("X-Consul-Default-Acl-Policy", default_policy);
        if let Some(watch) = self.watch.as_ref().filter(|w| w.hash.is_none()) {
            resp = resp.header("X-Consul-Index", watch.index.to_string());
            if !watch.local {
                resp = resp
                    .header("X-Consul-Knownleader", "true")
                    .header("X-Consul-Lastcontact", "0")
                    .header("X-Consul-Query-Backend", "blocking-query");
            }
        }
        if self.consistency {
            resp = resp.header("X-Consul-Effective-Consistency", "leader");
        }
        if self.filtered {
            resp = resp.header("X-Consul-Results-Filtered-By-Acls", "true");
        }
        for (name, value) in self.headers {
            resp = resp.header(name, value);
        }
        resp
    }
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(400, text)
    }

    pub(crate) fn server(text: impl Into<String>) -> Self {
        Self::new(500, text)
    }

    pub(crate) fn method(method: &str) -> Self {
        Self::new(405, format!("method {method} not allowed"))
    }
}

/// An answer or a refusal.
pub(crate) type Outcome = Result<Reply, Refusal>;
