//! An embedded Consul: KV with sessions and locks, catalog, health, agent and ACLs, in memory, with real indexes.

mod acl;
mod agent;
mod catalog;
mod catalog_api;
mod checks;
mod decode;
mod event;
mod filter;
mod kv;
mod misc;
mod probe;
mod query;
mod reply;
mod session;
mod state;
mod txn;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use self::acl::rules::{Access, Authorizer};
use self::filter::Filter;
use self::reply::{Body, Outcome, Refusal, Reply, Watch};
use self::state::State;
use super::clock::{Clock, add};
use super::http::{HttpReq, HttpResp, Service};
use super::index::Indexes;
use super::vault::jose;

/// How an embedded Consul starts.
#[derive(Clone)]
pub struct ConsulOptions {
    /// The secret of the token with the `global-management` policy.
    pub management_token: String,
    /// Whether ACLs are on. Without them every request may do everything, and there are no tokens.
    pub acl: bool,
    /// Whether requests without a rule are allowed, as `acl.default_policy = "allow"` does.
    pub default_allow: bool,
    /// The name of the agent's node.
    pub node: String,
    /// The datacenter.
    pub datacenter: String,
    /// The address of the agent's node.
    pub address: String,
}

impl fmt::Debug for ConsulOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsulOptions")
            .field("acl", &self.acl)
            .field("default_allow", &self.default_allow)
            .field("node", &self.node)
            .field("datacenter", &self.datacenter)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consul").finish_non_exhaustive()
    }
}

impl Default for ConsulOptions {
    fn default() -> Self {
        Self {
            management_token: "11111111-2222-3333-4444-555555555555".into(),
            acl: true,
            default_allow: false,
            node: "node-1".into(),
            datacenter: "dc1".into(),
            address: "127.0.0.1".into(),
        }
    }
}

impl ConsulOptions {
    fn default_policy(&self) -> &'static str {
        if self.default_allow || !self.acl { "allow" } else { "deny" }
    }

    fn default_access(&self) -> Access {
        if self.default_allow || !self.acl { Access::Write } else { Access::Deny }
    }

    /// The address of the server's RPC, which nothing listens on.
    fn rpc_address(&self) -> String {
        format!("{}:8300", self.address)
    }
}

/// A stateful single-server Consul in this process.
///
/// TTLs, lock delays and blocking queries follow the clock.
pub struct Consul {
    clock: Clock,
    indexes: Arc<Indexes>,
    state: Mutex<State>,
    me: Weak<Self>,
}

/// One request, decoded as far as all handlers need it.
pub(crate) struct Call<'r> {
    pub(crate) req: &'r HttpReq,
    pub(crate) auth: Authorizer,
    /// The token's secret; empty for none.
    pub(crate) secret: String,
    /// Keys fetched for a login.
    pub(crate) keys: Option<Result<Value, String>>,
}

impl Call<'_> {
    /// The body, decoded.
    fn json(&self) -> Result<Value, Refusal> {
        self.req.json().map_err(|e| Refusal::bad(format!("Request decode failed: {e}")))
    }

    /// The `filter` parameter, if there is one.
    fn filter(&self) -> Result<Option<Filter>, Refusal> {
        match self.req.q("filter") {
            None | Some("") => Ok(None),
            Some(text) => filter::parse(text).map(Some).map_err(Refusal::server),
        }
    }
}

fn unknown_path() -> Refusal {
    Refusal::new(404, "Invalid URL path: not a recognized HTTP API endpoint\n")
}

impl Consul {
    /// A server in its initial state: one node, the `consul` service, the management and the anonymous token.
    pub fn new(clock: Clock, opts: ConsulOptions) -> Arc<Self> {
        let indexes = Arc::new(Indexes::new());
        let state = State::new(opts, indexes.clone(), clock.now());
        Arc::new_cyclic(|me| Self { clock, indexes, state: Mutex::new(state), me: me.clone() })
    }

    /// Registers a service with its checks on `node`, as `PUT /v1/agent/service/register` does for the agent's own
    /// node. A node the catalog does not know is added.
    ///
    /// # Errors
    /// The server's text for a registration it does not accept.
    pub fn register_service(&self, node: &str, registration: &Value) -> Result<String, String> {
        self.lock().register(node, registration, true).map_err(|refusal| refusal.text)
    }

    /// Removes a service and its checks from whichever node has it.
    pub fn deregister_service(&self, id: &str) {
        let mut state = self.lock();
        let nodes: Vec<String> = state
            .catalog
            .services
            .keys()
            .filter(|(_, service)| service == id)
            .map(|(node, _)| node.clone())
            .collect();
        for node in nodes {
            state.remove_service(&node, id);
        }
    }

    /// Sets the state of a check (`passing`, `warning`, `critical`) on whichever node has it.
    pub fn set_check(&self, check_id: &str, status: &str, output: &str) {
        let mut state = self.lock();
        let nodes: Vec<String> = state
            .catalog
            .checks
            .keys()
            .filter(|(_, check)| check == check_id)
            .map(|(node, _)| node.clone())
            .collect();
        for node in nodes {
            state.update_check(&node, check_id, status, output);
        }
    }

    /// The aggregated state of a service instance: `passing`, `warning`, `critical` or `maintenance`; `critical` for
    /// one that is not registered.
    pub fn service_id_health(&self, id: &str) -> String {
        let state = self.lock();
        let node =
            state.catalog.services.keys().find(|(_, service)| service == id).map(|(node, _)| node.clone());
        match node {
            Some(node) => catalog::aggregate(state.catalog.checks_of(&node, id)).to_owned(),
            None => "critical".to_owned(),
        }
    }

    /// The state, brought up to now.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(self.clock.now());
        state
    }

    async fn http(&self, req: HttpReq) -> HttpResp {
        let policy = self.lock().options.default_policy();
        let pretty = req.has("pretty");
        if req.segments.first().map(String::as_str) == Some("v1")
            && req.parts().get(1..) == Some(&["agent", "monitor"])
        {
            return self.monitor(&req).unwrap_or_else(|refusal| refuse(&refusal, policy, false));
        }
        let keys = match self.keys_url(&req) {
            Some(url) => Some(jose::fetch_json(&url).await),
            None => None,
        };
        let reads = matches!(req.method.as_str(), "GET" | "HEAD");
        match self.answer(&req, keys).await {
            Ok(reply) => {
                let mut resp = reply.into_http(policy, pretty);
                if req.method == "HEAD" {
                    resp.body = super::http::HttpBody::Bytes(Bytes::new());
                }
                resp
            }
            Err(refusal) => refuse(&refusal, policy, reads),
        }
    }

    fn keys_url(&self, req: &HttpReq) -> Option<String> {
        if req.path != "/v1/acl/login" {
            return None;
        }
        let body = req.json().ok()?;
        self.lock().login_keys_url(&body)
    }

    /// Runs a request, again and again while it is a blocking query that has nothing new.
    async fn answer(&self, req: &HttpReq, keys: Option<Result<Value, String>>) -> Outcome {
        let parse =
            |name: &str, text: &str| text.parse::<u64>().map_err(|_| Refusal::bad(format!("Invalid {name}")));
        let known =
            req.q("index").filter(|i| !i.is_empty()).map(|i| parse("index", i)).transpose()?.unwrap_or(0);
        if req.has("stale") && req.has("consistent") {
            return Err(Refusal::bad("Cannot specify ?stale with ?consistent, conflicting semantics."));
        }
        let wait = match req.q("wait").filter(|w| !w.is_empty()) {
            Some(text) => decode::duration_ns(&Value::String(text.to_owned()))
                .map_err(|_| Refusal::bad("Invalid wait time"))?,
            None => Duration::from_secs(300),
        };
        let ends = add(self.clock.now(), wait.min(Duration::from_secs(600)));
        let reads = matches!(req.method.as_str(), "GET" | "HEAD");
        loop {
            let (reply, watch, seen, due) = {
                let mut state = self.lock();
                let reply = run(&mut state, req, keys.clone())?;
                self.start_probes(std::mem::take(&mut state.unprobed));
                let watch = reply.watch.clone();
                let seen = watch.as_ref().map_or(0, |w| self.indexes.highest(w.tables));
                (reply, watch, seen, state.next_deadline())
            };
            let asked = |w: &Watch| w.hash.is_some() && w.hash.as_deref() == req.q("hash");
            let waits = |w: &Watch| reads && (asked(w) || (w.hash.is_none() && known > 0));
            let Some(watch) = watch.filter(waits) else { return Ok(reply) };
            let news = if watch.hash.is_some() {
                false
            } else if watch.local {
                watch.index != known
            } else {
                watch.index > known
            };
            let now = self.clock.now();
            if news || now >= ends {
                return Ok(reply);
            }
            let until = due.map_or(ends, |due| due.min(ends));
            let left = super::vault::value::until(now, until).max(Duration::from_millis(1));
            self.indexes.wait_past(watch.tables, seen, left, &self.clock).await;
        }
    }

    /// `/v1/agent/monitor`: a line now, and one for every write after that.
    fn monitor(&self, req: &HttpReq) -> Result<HttpResp, Refusal> {
        let state = self.lock();
        let auth = authorize(&state, req)?.0;
        auth.require("agent", &state.options.node, Access::Read)?;
        let (node, policy) = (state.options.node.clone(), state.options.default_policy());
        drop(state);
        let (lines, body) = mpsc::channel(16);
        let mut changes = self.indexes.subscribe();
        let clock = self.clock.clone();
        tokio::spawn(async move {
            let line = |text: String| Bytes::from(format!("{} [INFO]  agent: {text}\n", clock.now()));
            if lines.send(line(format!("monitor attached: node={node}"))).await.is_err() {
                return;
            }
            while let Ok(()) = tokio::select! {
                changed = changes.changed() => changed.map_err(drop),
                () = lines.closed() => Err(()),
            } {
                let index = *changes.borrow_and_update();
                if lines.send(line(format!("state changed: index={index}"))).await.is_err() {
                    return;
                }
            }
        });
        Ok(HttpResp::stream(200, "text/plain; charset=utf-8", body)
            .header("X-Consul-Default-Acl-Policy", policy))
    }
}

impl Service for Consul {
    fn call(&self, req: HttpReq) -> Pin<Box<dyn Future<Output = HttpResp> + Send + '_>> {
        Box::pin(self.http(req))
    }
}

/// The token of a request and what it may do.
fn authorize(state: &State, req: &HttpReq) -> Result<(Authorizer, String), Refusal> {
    let bearer = || req.header("authorization").and_then(|h| h.strip_prefix("Bearer ")).map(str::trim);
    let secret = req
        .q("token")
        .or_else(|| req.header("x-consul-token"))
        .or_else(bearer)
        .unwrap_or_default()
        .to_owned();
    if !state.options.acl {
        let auth = Authorizer {
            accessor: String::new(),
            management: true,
            default: Access::Write,
            rules: Vec::new(),
        };
        return Ok((auth, secret));
    }
    let auth = state.acl.authorizer(&secret, state.options.default_access());
    // `token/self` has a text of its own for an unknown token.
    let auth = match (auth, req.path.as_str()) {
        (Some(auth), _) => auth,
        (None, "/v1/acl/token/self") => Authorizer {
            accessor: String::new(),
            management: false,
            default: Access::Deny,
            rules: Vec::new(),
        },
        (None, _) => return Err(Refusal::new(403, "ACL not found")),
    };
    Ok((auth, secret))
}

/// Query parameters that change what a real agent does, and that nothing here looks at.
fn unsimulated(parts: &[&str], name: &str) -> bool {
    const EVERYWHERE: [&str; 13] = [
        "peer",
        "sg",
        "sameness-group",
        "merge-central-config",
        "wan",
        "segment",
        "relay-factor",
        "local-only",
        "prune",
        "compile-dc",
        "authmethod-ns",
        "expanded",
        "global",
    ];
    // Lists of tokens and roles by what they are linked to.
    let of_acl = ["policy", "role", "servicename"];
    EVERYWHERE.contains(&name) || (parts.first() == Some(&"acl") && of_acl.contains(&name))
}

fn run(state: &mut State, req: &HttpReq, keys: Option<Result<Value, String>>) -> Outcome {
    let parts = req.parts();
    let ["v1", parts @ ..] = parts.as_slice() else {
        return Err(match parts.as_slice() {
            [""] => Refusal::new(
                301,
                "Consul Agent: UI disabled. To enable, set ui_config.enabled=true in the agent configuration and restart.",
            ),
            _ => unknown_path(),
        });
    };
    if let Some(dc) = req.q("dc").filter(|dc| !dc.is_empty() && *dc != state.options.datacenter) {
        return Err(Refusal::server(format!("No path to datacenter: {dc}")));
    }
    for (name, what) in [("ns", "namespace"), ("partition", "partition")] {
        if req.q(name).is_some_and(|v| !v.is_empty()) {
            return Err(Refusal::bad(format!(
                "Invalid query parameter: {name:?} - {what}s are a Consul Enterprise feature"
            )));
        }
    }
    if let Some((name, _)) =
        req.query.iter().find(|(name, value)| unsimulated(parts, name) && value != "false")
    {
        return Err(Refusal::new(501, format!("{name:?} is not simulated by the embedded Consul")));
    }
    let (auth, secret) = authorize(state, req)?;
    let call = Call { req, auth, secret, keys };
    match parts {
        ["kv", key @ ..] => {
            let key = key.join("/");
            state.kv_api(&call, &key)
        }
        ["txn"] if req.method == "PUT" => state.txn_api(&call),
        ["txn"] => Err(Refusal::method(req.method.as_str())),
        ["session", rest @ ..] => state.session_api(&call, rest),
        ["agent", rest @ ..] => state.agent_api(&call, rest),
        ["catalog", rest @ ..] => state.catalog_api(&call, rest),
        ["health", rest @ ..] => state.health_api(&call, rest),
        ["acl", ..] if !state.options.acl => Err(Refusal::new(401, "ACL support disabled")),
        ["acl", rest @ ..] => state.acl_api(&call, rest),
        ["event", rest @ ..] => state.event_api(&call, rest),
        ["query", rest @ ..] => state.query_api(&call, rest),
        rest => state.misc_api(&call, rest),
    }
}

fn refuse(refusal: &Refusal, policy: &str, read: bool) -> HttpResp {
    // A path nobody knows is answered before the agent adds its headers.
    if *refusal == unknown_path() {
        return HttpResp::text(404, refusal.text.clone());
    }
    let mut resp = Reply { body: Body::Text(refusal.text.clone()), ..Reply::done() }
        .status(refusal.status)
        .into_http(policy, false);
    if read && refusal.status == 403 {
        for (name, value) in [
            ("X-Consul-Index", "1"),
            ("X-Consul-Knownleader", "false"),
            ("X-Consul-Lastcontact", "0"),
            ("X-Consul-Query-Backend", "blocking-query"),
        ] {
            resp = resp.header(name, value);
        }
    }
    resp
}
