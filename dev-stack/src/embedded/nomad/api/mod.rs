//! The HTTP API: routes, authorisation, blocking queries and paging.

pub(crate) mod acl;
mod agent;
mod allocations;
mod cluster;
pub(crate) mod dispatch;
mod files;
pub(crate) mod jobs;
mod jobs_read;
mod operator;
mod scale;
mod search;
mod variables;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::acl::Acl;
use super::json::{Json as _, parse_go_duration, random_below};
use super::state::State;
use super::{Nomad, bexpr, events};
use crate::embedded::clock::add;
use crate::embedded::http::{HttpReq, HttpResp, Service};

/// An answer, or the refusal that is one too.
pub(crate) type Answer = Result<HttpResp, HttpResp>;

/// A request with what its token allows and the namespace it is about.
pub(crate) struct Ctx {
    pub(crate) req: HttpReq,
    pub(crate) acl: Acl,
    pub(crate) ns: String,
}

pub(crate) fn denied() -> HttpResp {
    HttpResp::text(403, "Permission denied")
}

pub(crate) fn not_found() -> HttpResp {
    HttpResp::empty(404)
}

pub(crate) fn no_method() -> HttpResp {
    HttpResp::text(405, "Invalid method")
}

pub(crate) fn bad(text: impl Into<String>) -> HttpResp {
    HttpResp::text(400, text)
}

pub(crate) fn failed(text: impl Into<String>) -> HttpResp {
    HttpResp::text(500, text)
}

/// The answer to a write.
pub(crate) fn written(index: u64, body: &Value) -> HttpResp {
    HttpResp::json(200, body).header("X-Nomad-Index", index.to_string())
}

/// The answer to a write that says nothing.
pub(crate) fn done(index: u64) -> HttpResp {
    HttpResp::empty(200).header("X-Nomad-Index", index.to_string())
}

fn read(index: u64, resp: HttpResp) -> HttpResp {
    resp.header("X-Nomad-Index", index.to_string())
        .header("X-Nomad-KnownLeader", "true")
        .header("X-Nomad-LastContact", "0")
}

impl Ctx {
    pub(crate) fn need(&self, capability: &str) -> Result<(), HttpResp> {
        if self.acl.namespace(&self.ns, capability) { Ok(()) } else { Err(denied()) }
    }

    pub(crate) fn management(&self) -> Result<(), HttpResp> {
        if self.acl.management { Ok(()) } else { Err(denied()) }
    }

    pub(crate) fn ensure(&self, ok: bool) -> Result<(), HttpResp> {
        if ok { Ok(()) } else { Err(denied()) }
    }

    /// The body as JSON.
    pub(crate) fn body(&self) -> Result<Value, HttpResp> {
        if self.req.body.is_empty() {
            return Err(bad("EOF"));
        }
        self.req.json().map_err(bad)
    }

    /// The body, or an empty object where none was sent.
    pub(crate) fn body_or_empty(&self) -> Result<Value, HttpResp> {
        if self.req.body.is_empty() { Ok(serde_json::json!({})) } else { self.body() }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, HttpResp> {
        match self.req.q(name) {
            None => Ok(false),
            Some("" | "1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some(other) => Err(bad(format!(
                "Failed to parse value of {name:?} ({other}) as a bool: strconv.ParseBool: parsing {other:?}: invalid syntax"
            ))),
        }
    }

    /// Whether an object of this namespace belongs in a list of the request's namespace.
    pub(crate) fn shows(&self, ns: &str, capability: &str) -> bool {
        (self.ns == "*" || self.ns == ns) && self.acl.namespace(ns, capability)
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.req.method.as_str(), "PUT" | "POST")
    }
}

/// What a read found: the index it depends on and the answer.
pub(crate) struct Found {
    pub(crate) index: u64,
    pub(crate) resp: HttpResp,
}

impl Found {
    pub(crate) fn json(index: u64, body: &Value) -> Self {
        Self { index, resp: HttpResp::json(200, body) }
    }

    pub(crate) fn missing(index: u64, text: &str) -> Self {
        Self { index, resp: HttpResp::text(404, text) }
    }
}

impl Service for Arc<Nomad> {
    fn call(&self, req: HttpReq) -> Pin<Box<dyn Future<Output = HttpResp> + Send + '_>> {
        Box::pin(async move { serve(self, req).await.unwrap_or_else(|e| e) })
    }
}

/// Query parameters that change what a real server does, and that nothing here looks at.
const UNSIMULATED: [&str; 4] = ["reschedule", "node_pool", "task_group", "on_disk"];

async fn serve(n: &Arc<Nomad>, req: HttpReq) -> Answer {
    if req.segments.first().is_some_and(String::is_empty) && req.segments.len() == 1 {
        return Ok(HttpResp::empty(307).header("Location", "/ui/"));
    }
    if req.raw_path.contains("//") {
        let mut clean = req.raw_path.clone();
        while clean.contains("//") {
            clean = clean.replace("//", "/");
        }
        return Ok(HttpResp::empty(307).header("Location", clean));
    }
    let bearer = req.header("authorization").and_then(|h| h.strip_prefix("Bearer ")).map(str::trim);
    let secret = req.header("x-nomad-token").filter(|t| !t.is_empty()).or(bearer).unwrap_or("").to_owned();
    let acl = if n.options.acl {
        let claims = if secret.matches('.').count() == 2 { n.verify_identity(&secret) } else { None };
        super::acl::resolve(&n.lock(), &secret, claims.as_ref())
            .map_err(|(status, text)| HttpResp::text(status, text))
    } else {
        Ok(Acl::management())
    };
    let ns = req.q("namespace").filter(|ns| !ns.is_empty()).unwrap_or("default").to_owned();
    let parts: Vec<String> = req.segments.clone();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    // Some routes answer without knowing who asks, and without a leader.
    let open = matches!(
        parts.as_slice(),
        ["v1", "agent" | "status" | "metrics" | "regions", ..]
            | [".well-known", ..]
            | ["v1", "acl", "bootstrap" | "login" | "auth-methods"]
    );
    let acl = if open { acl.unwrap_or_default() } else { acl? };
    if req.q("region").is_some_and(|r| !matches!(r, "" | "global")) {
        return Err(failed("No path to region"));
    }
    if !n.faults.has_leader() && !open {
        n.faults.note();
        return Err(failed("No cluster leader"));
    }
    let unsimulated = |(name, value): &&(String, String)| {
        UNSIMULATED.contains(&name.as_str()) && !matches!(value.as_str(), "" | "false" | "0")
    };
    if let Some((name, _)) = req.query.iter().find(unsimulated) {
        return Err(HttpResp::text(501, format!("{name:?} is not simulated by the embedded Nomad")));
    }
    let ctx = Ctx { req, acl, ns };
    match parts.as_slice() {
        ["v1", "jobs" | "job" | "validate", ..] => jobs_route(n, ctx, parts.get(1..).unwrap_or(&[])).await,
        [
            "v1",
            "allocations" | "allocation" | "evaluations" | "evaluation" | "deployments" | "deployment"
            | "services" | "service",
            ..,
        ] => allocations::route(n, ctx, parts.get(1..).unwrap_or(&[])).await,
        [
            "v1",
            "nodes" | "node" | "namespaces" | "namespace" | "scaling" | "volumes" | "volume" | "plugins"
            | "plugin",
            ..,
        ] => cluster::route(n, ctx, parts.get(1..).unwrap_or(&[])).await,
        ["v1", "client", ..] => files::route(n, ctx, parts.get(2..).unwrap_or(&[])).await,
        ["v1", "acl", ..] => acl::route(n, ctx, parts.get(2..).unwrap_or(&[])).await,
        ["v1", "vars"] | ["v1", "var", ..] => variables::route(n, ctx, parts.get(1..).unwrap_or(&[])).await,
        ["v1", "search", ..] => search::route(n, &ctx, parts.get(2..).unwrap_or(&[])),
        ["v1", "event", "stream"] => {
            let Ctx { req, acl, ns } = ctx;
            events::stream(n, &req, acl, ns)
        }
        ["v1", "operator" | "system", ..] => operator::route(n, ctx, parts.get(1..).unwrap_or(&[])).await,
        [
            "v1",
            "quotas" | "quota" | "quota-usages" | "sentinel" | "recommendations" | "recommendation",
            ..,
        ] => Err(HttpResp::text(501, "Nomad Enterprise only endpoint")),
        ["v1", "agent" | "status" | "regions" | "metrics", ..] | [".well-known", ..] => {
            agent::route(n, &ctx, &parts)
        }
        ["ui", ..] => Ok(HttpResp::bytes(200, "text/html", "<!doctype html><title>Nomad</title>".into())),
        _ => Err(not_found()),
    }
}

async fn jobs_route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    if ctx.is_write() || ctx.req.method == "DELETE" {
        jobs::route(n, &ctx, parts)
    } else {
        jobs_read::route(n, &ctx, parts).await
    }
}

impl Nomad {
    /// Answers a read, now or when what it depends on was written after the request's `index`.
    pub(crate) async fn query<F>(&self, ctx: &Ctx, mut find: F) -> Answer
    where
        F: FnMut(&State) -> Result<Found, HttpResp> + Send,
    {
        let after: u64 = match ctx.req.q("index") {
            None | Some("") => 0,
            Some(text) => text.parse().map_err(|_| bad("Invalid index"))?,
        };
        let wait = match ctx.req.q("wait") {
            None | Some("") => Duration::from_secs(300),
            Some(text) => parse_go_duration(text).ok_or_else(|| bad("Invalid wait time"))?,
        };
        let wait = if wait.is_zero() { Duration::from_secs(300) } else { wait.min(Duration::from_secs(300)) };
        let jitter =
            Duration::from_millis(random_below(u64::try_from(wait.as_millis() / 16).unwrap_or(0).max(1)));
        let deadline = add(self.clock.now(), self.clock.during(wait + jitter));
        let mut changed = self.indexes.subscribe();
        loop {
            let Found { index, resp } = {
                let s = self.lock();
                find(&s)?
            };
            if after == 0 || index > after || self.clock.now() >= deadline {
                return Ok(read(index, resp));
            }
            tokio::select! {
                got = changed.changed() => if got.is_err() { return Ok(read(index, resp)) },
                () = self.clock.sleep_until(deadline) => {}
            }
            if !self.faults.has_leader() {
                self.faults.note();
                return Err(failed("No cluster leader"));
            }
        }
    }
}

/// One row of a list: its page token, what filters see, what is answered.
pub(crate) struct Row {
    pub(crate) token: String,
    pub(crate) full: Value,
    pub(crate) stub: Value,
}

/// Filters, sorts and pages rows that come in their natural order.
pub(crate) fn page(ctx: &Ctx, index: u64, mut rows: Vec<Row>) -> Result<Found, HttpResp> {
    if ctx.flag("reverse")? {
        rows.reverse();
    }
    if let Some(text) = ctx.req.q("filter").filter(|f| !f.is_empty()) {
        let broken = |e: String| {
            bad(format!("failed to create result paginator: failed to read filter expression: {e}"))
        };
        let filter = bexpr::parse(text).map_err(broken)?;
        let mut kept = Vec::new();
        for row in rows {
            if filter.matches(&row.full).map_err(|e| bad(format!("failed to read result page: {e}")))? {
                kept.push(row);
            }
        }
        rows = kept;
    }
    if let Some(token) = ctx.req.q("next_token").filter(|t| !t.is_empty())
        && let Some(start) = rows.iter().position(|r| r.token == token)
    {
        rows.drain(..start);
    }
    let mut next = None;
    if let Some(text) = ctx.req.q("per_page").filter(|t| !t.is_empty()) {
        let n: usize = text.parse().map_err(|_| bad(format!("Failed to parse value of \"per_page\" ({text}) as a int32: strconv.ParseInt: parsing {text:?}: invalid syntax")))?;
        if n > 0 && rows.len() > n {
            next = rows.get(n).map(|r| r.token.clone());
            rows.truncate(n);
        }
    }
    let body: Value = rows.into_iter().map(|r| r.stub).collect();
    let mut found = Found::json(index, &body);
    if let Some(next) = next {
        found.resp = found.resp.header("X-Nomad-NextToken", next);
    }
    Ok(found)
}

/// The token of things listed in the order they were made.
pub(crate) fn by_index(v: &Value) -> String {
    format!("{}.{}", v.u("CreateIndex"), v.s("ID"))
}

/// Rows in the order they were made.
pub(crate) fn chronological(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| {
        (a.full.u("CreateIndex"), a.full.s("ID")).cmp(&(b.full.u("CreateIndex"), b.full.s("ID")))
    });
    rows
}

/// Whether an id passes the request's `prefix`.
pub(crate) fn prefixed(ctx: &Ctx, id: &str) -> bool {
    ctx.req.q("prefix").is_none_or(|p| id.starts_with(p))
}

/// The metadata some answers repeat in their body.
pub(crate) fn with_meta(mut body: Value, index: u64, known_leader: bool) -> Value {
    body.put("Index", index);
    body.put("KnownLeader", known_leader);
    body.put("LastContact", 0);
    body.put("NextToken", "");
    body
}

/// The host and port of an address, as the API spells them.
pub(crate) fn rpc(http: Option<&SocketAddr>) -> String {
    http.map_or_else(|| "127.0.0.1:4647".into(), |a| format!("{}:{}", a.ip(), a.port().wrapping_add(1)))
}
