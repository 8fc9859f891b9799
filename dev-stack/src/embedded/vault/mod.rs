//! An embedded Vault: policies, tokens, KV, auth methods, wrapping and transit, in memory, with enforcement.

mod core;
mod engines;
mod fields;
mod identity;
pub(crate) mod ids;
pub(crate) mod jose;
mod mounts;
pub(crate) mod policy;
mod request;
mod status;
mod sys;
mod token_api;
mod token_roles;
mod tokens;
pub(crate) mod value;
mod wrapping;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use self::core::{Answer, Core, refuse};
use self::request::{Failure, Operation, Request};
use self::value::{Object, seconds_text};
use super::clock::Clock;
use super::http::{HttpReq, HttpResp, Service};

/// How an embedded Vault starts.
#[derive(Clone)]
pub struct VaultOptions {
    /// The token with the `root` policy.
    pub root_token: String,
    /// The key `sys/unseal` takes after a `sys/seal`.
    pub unseal_key: String,
}

impl fmt::Debug for VaultOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultOptions").finish_non_exhaustive()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self { root_token: "root".into(), unseal_key: "dW5zZWFsLWtleS1vZi1hLWRldmVsb3BtZW50LXZhdWx0".into() }
    }
}

/// A stateful Vault in this process, laid out like `vault server -dev`: KV version 2 at `secret/`,
/// `cubbyhole/`, `identity/`, `sys/` and token auth.
///
/// TTLs follow the clock; what has expired is gone with the next request.
pub struct Vault {
    clock: Clock,
    core: Mutex<Core>,
}

/// The largest request, as a listener takes it by default.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// The status and the messages a request was refused with.
pub type Refusal = (u16, Vec<String>);

impl Vault {
    /// A server in its initial state, unsealed.
    pub fn new(clock: Clock, opts: VaultOptions) -> Arc<Self> {
        let core = Core::new(clock.now(), &opts.root_token, opts.unseal_key);
        Arc::new(Self { clock, core: Mutex::new(core) })
    }

    /// Logs in at `auth/{mount}/login` with a JSON web token and returns the client token.
    ///
    /// # Errors
    /// The status and messages of the refusal, as over HTTP.
    pub async fn login_jwt(&self, mount: &str, role: &str, jwt: &str) -> Result<String, Refusal> {
        let request = Request {
            operation: Operation::Update,
            path: format!("auth/{}/login", mount.trim_matches('/')),
            data: Object::from_iter([("role".to_owned(), json!(role)), ("jwt".to_owned(), json!(jwt))]),
            ..Request::default()
        };
        let body = outcome(self.serve(request).await)?.unwrap_or_default();
        Ok(body.pointer("/auth/client_token").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Reads a path with a token and returns the answer's `data`; `None` if there is nothing.
    ///
    /// # Errors
    /// The status and messages of the refusal, as over HTTP.
    pub fn read(&self, token: &str, path: &str) -> Result<Option<Value>, Refusal> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let data = query.split('&').filter_map(|pair| pair.split_once('='));
        let data = data.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        self.request(token, Operation::Read, path, data)
    }

    /// Writes a path with a token, as `POST` does, and returns the answer's `data`.
    ///
    /// # Errors
    /// The status and messages of the refusal, as over HTTP.
    pub fn write(&self, token: &str, path: &str, body: &Value) -> Result<Option<Value>, Refusal> {
        self.request(token, Operation::Update, path, body.as_object().cloned().unwrap_or_default())
    }

    fn request(
        &self,
        token: &str,
        operation: Operation,
        path: &str,
        data: Object,
    ) -> Result<Option<Value>, Refusal> {
        let path = path.trim_start_matches('/');
        let path = path.strip_prefix("v1/").unwrap_or(path).to_owned();
        let request = Request { operation, path, data, token: token.to_owned(), ..Request::default() };
        let answer = self.lock().answer(self.clock.now(), request, None);
        Ok(outcome(answer)?.and_then(|body| body.get("data").cloned()))
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, request: Request) -> Answer {
        let wanted = self.lock().wants_keys(&request);
        let keys = match wanted {
            Some(url) => Some(jose::fetch_json(&url).await),
            None => None,
        };
        self.lock().answer(self.clock.now(), request, keys)
    }

    async fn http(&self, req: HttpReq) -> HttpResp {
        let head = req.method == "HEAD";
        let mut resp = respond(self.route(req).await);
        if head {
            resp.body = super::http::HttpBody::Bytes(Bytes::new());
        }
        resp
    }

    async fn route(&self, req: HttpReq) -> Answer {
        let Some(path) = req.path.strip_prefix("/v1/").map(str::to_owned) else {
            return Answer {
                status: 404,
                body: None,
                raw: Some(("text/plain; charset=utf-8".into(), b"404 page not found\n".to_vec())),
            };
        };
        {
            let mut core = self.lock();
            core.advance(self.clock.now());
            if let Some(answer) = core.status(&req, &path) {
                return answer;
            }
        }
        if req.body.len() > MAX_BODY {
            return refuse(&Failure::new(413, "failed to parse JSON input: http: request body too large"));
        }
        match logical(&req, path) {
            Ok(request) => self.serve(request).await,
            Err(failure) => refuse(&failure),
        }
    }
}

impl Service for Vault {
    fn call(&self, req: HttpReq) -> Pin<Box<dyn Future<Output = HttpResp> + Send + '_>> {
        Box::pin(self.http(req))
    }
}

/// The body of a good answer; none for "nothing there".
fn outcome(answer: Answer) -> Result<Option<Value>, Refusal> {
    match answer.status {
        200..=299 => Ok(answer.body),
        404 if answer
            .body
            .as_ref()
            .is_none_or(|b| b.get("data").is_some() || b.get("errors") == Some(&json!([]))) =>
        {
            Ok(None)
        }
        status => {
            let errors =
                answer.body.as_ref().and_then(|b| b.get("errors")).map(value::strings).unwrap_or_default();
            Err((status, errors))
        }
    }
}

fn respond(answer: Answer) -> HttpResp {
    let resp = match (answer.raw, answer.body) {
        (Some((kind, bytes)), _) => HttpResp::bytes(answer.status, &kind, Bytes::from(bytes)),
        (None, Some(body)) => {
            HttpResp::bytes(answer.status, "application/json", Bytes::from(format!("{body}\n")))
        }
        (None, None) => HttpResp::empty(answer.status).header("Content-Type", "application/json"),
    };
    resp.header("Cache-Control", "no-store")
        .header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
}

/// An HTTP request as the engines see it.
fn logical(req: &HttpReq, path: String) -> Result<Request, Failure> {
    let listing = req.q("list").is_some_and(|v| value::boolean(&json!(v)).unwrap_or(false));
    let operation = match req.method.as_str() {
        "GET" if listing => Operation::List,
        "GET" => Operation::Read,
        "LIST" => Operation::List,
        "PUT" | "POST" => Operation::Update,
        "DELETE" => Operation::Delete,
        "PATCH" => Operation::Patch,
        "HEAD" => Operation::Header,
        _ => return Err(Failure { status: 405, errors: Vec::new() }),
    };
    let content_type = req.header("content-type").unwrap_or_default().to_owned();
    let mut data = Object::new();
    match operation {
        Operation::Update | Operation::Patch => {
            if operation == Operation::Patch
                && content_type.split(';').next().map(str::trim) != Some("application/merge-patch+json")
            {
                return Err(Failure::new(
                    415,
                    format!(
                        "PATCH requires Content-Type of application/merge-patch+json, provided {content_type}"
                    ),
                ));
            }
            data = body(req, &content_type)?;
        }
        _ => {
            for (key, value) in req.query.iter().filter(|(k, _)| k != "list") {
                match data.get_mut(key) {
                    Some(Value::Array(values)) => values.push(json!(value)),
                    Some(first) => *first = json!([first.clone(), value]),
                    None => {
                        data.insert(key.clone(), json!(value));
                    }
                }
            }
            if operation == Operation::Delete && data.is_empty() && !req.body.is_empty() {
                data = body(req, &content_type)?;
            }
        }
    }
    let token = req.header("x-vault-token").map(str::to_owned).or_else(|| {
        let bearer = req.header("authorization")?;
        bearer.strip_prefix("Bearer ").map(|t| t.trim().to_owned())
    });
    let wrap_ttl = match req.header("x-vault-wrap-ttl") {
        None | Some("") => None,
        Some(text) => Some(
            seconds_text(text)
                .map_err(|e| Failure::bad(format!("error parsing X-Vault-Wrap-TTL header: {e}")))?,
        ),
    };
    let path = if operation == Operation::List && !path.ends_with('/') { format!("{path}/") } else { path };
    Ok(Request {
        operation,
        path,
        data,
        token: token.unwrap_or_default(),
        wrap_ttl,
        peer: Some(req.peer.ip()),
        host: req.header("host").unwrap_or_default().to_owned(),
    })
}

fn body(req: &HttpReq, content_type: &str) -> Result<Object, Failure> {
    if req.body.is_empty() {
        return Ok(Object::new());
    }
    if content_type.starts_with("application/x-www-form-urlencoded") {
        // `curl -d '{…}'` says form and sends JSON; take either.
        if !req.body.starts_with(b"{") {
            let text = String::from_utf8_lossy(&req.body);
            return Ok(super::http::parse_query(&text).into_iter().map(|(k, v)| (k, json!(v))).collect());
        }
    }
    match req.json() {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Ok(Object::new()),
        Ok(_) => Err(Failure::bad("failed to parse JSON input: expected an object")),
        Err(e) => Err(Failure::bad(format!("failed to parse JSON input: {e}"))),
    }
}
