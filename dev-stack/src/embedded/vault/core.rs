//! One request through the server: token, policies, the engine, the token of a login, wrapping.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::engines::{Context, Engine};
use super::identity::{Identity, Origin, fill_template};
use super::ids;
use super::mounts::{Mount, Mounts};
use super::policy::acl::Acl;
use super::policy::{DEFAULT_POLICY, Policy, RESPONSE_WRAPPING_POLICY, Rule};
use super::request::{Failure, Login, Operation, Outcome, Reply, Request};
use super::tokens::{NewToken, Token, TokenKind, Tokens, Wrapped, sanitize};
use super::value::Object;

/// The whole state of the server.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) now: Timestamp,
    pub(crate) sealed: bool,
    pub(crate) unseal_key: String,
    pub(crate) started: Timestamp,
    pub(crate) cluster_id: String,
    pub(crate) cluster_name: String,
    pub(crate) secrets: Mounts,
    pub(crate) auths: Mounts,
    pub(crate) policies: BTreeMap<String, Policy>,
    pub(crate) tokens: Tokens,
    pub(crate) token_roles: BTreeMap<String, super::token_roles::TokenRole>,
    pub(crate) identity: Identity,
    pub(crate) audits: BTreeMap<String, Value>,
    pub(crate) password_policies: BTreeMap<String, String>,
    /// Moves of mounts that were made: from where to where, by id.
    pub(crate) migrations: BTreeMap<String, (String, String)>,
}

/// What goes back to the client.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// None is an empty body.
    pub(crate) body: Option<Value>,
    /// Content type and bytes of what is not JSON.
    pub(crate) raw: Option<(String, Vec<u8>)>,
}

/// The caller of an authenticated request.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) token: Token,
    pub(crate) acl: Acl,
    /// Root, or a rule with `sudo` for this path.
    pub(crate) privileged: bool,
}

impl Core {
    pub(crate) fn new(now: Timestamp, root_token: &str, unseal_key: String) -> Self {
        let mut secrets = Mounts::default();
        secrets.insert("cubbyhole/", Mount::built_in("cubbyhole", "per-token private secret storage"));
        secrets.insert("identity/", Mount::built_in("identity", "identity store"));
        let system = "system endpoints used for control, policy and debugging";
        secrets.insert("sys/", Mount::built_in("system", system));
        let kv = Engine::Kv2(super::engines::kv2::Kv2::default());
        let mut secret = Mount::new("kv", "key/value secret storage", kv, false);
        secret.options = Some(Object::from_iter([("version".to_owned(), json!("2"))]));
        secrets.insert("secret/", secret);
        let mut auths = Mounts::default();
        auths.insert("token/", Mount::built_in("token", "token based credentials"));
        let mut policies = BTreeMap::new();
        for (name, text) in [("default", DEFAULT_POLICY), ("response-wrapping", RESPONSE_WRAPPING_POLICY)] {
            if let Ok(policy) = Policy::parse(text) {
                policies.insert(name.to_owned(), policy);
            }
        }
        let mut tokens = Tokens::default();
        tokens.issue(
            now,
            NewToken {
                id: Some(root_token.to_owned()),
                // As the token given to `vault server -dev` looks.
                path: "auth/token/create".into(),
                policies: vec!["root".into()],
                display_name: "token".into(),
                orphan: true,
                ..NewToken::default()
            },
        );
        Self {
            now,
            sealed: false,
            unseal_key,
            started: now,
            cluster_id: ids::uuid(),
            cluster_name: format!("vault-cluster-{}", ids::hex(&ids::bytes(4))),
            secrets,
            auths,
            policies,
            tokens,
            token_roles: BTreeMap::new(),
            identity: Identity::default(),
            audits: BTreeMap::new(),
            password_policies: BTreeMap::new(),
            migrations: BTreeMap::new(),
        }
    }

    /// Drops what has expired by `now`.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.now = now.max(self.now);
        let gone = self.tokens.expire(self.now);
        self.forget(&gone);
    }

    /// Forgets the cubbyholes of revoked tokens.
    pub(crate) fn forget(&mut self, tokens: &[String]) {
        if let Some(Engine::Cubbyhole(spaces)) = self.secrets.get_mut("cubbyhole/").map(|m| &mut m.engine) {
            spaces.retain(|id, _| !tokens.contains(id));
        }
    }

    pub(crate) fn revoke(&mut self, id: &str) {
        let gone = self.tokens.revoke(id);
        self.forget(&gone);
    }

    /// The URL whose keys are needed before this request can be answered.
    pub(crate) fn wants_keys(&self, request: &Request) -> Option<String> {
        let (mount, rest) = self.auths.find(request.path.strip_prefix("auth/")?)?;
        let Engine::Jwt(jwt) = &self.auths.get(&mount)?.engine else { return None };
        match rest {
            "login" if request.operation.writes() => jwt.jwks_url().map(str::to_owned),
            "config" if request.operation.writes() => {
                Some(request.text("jwks_url")).filter(|u| !u.is_empty())
            }
            _ => None,
        }
    }

    /// Answers a request.
    pub(crate) fn answer(
        &mut self,
        now: Timestamp,
        mut request: Request,
        keys: Option<Result<Value, String>>,
    ) -> Answer {
        self.advance(now);
        if self.sealed {
            return refuse(&Failure::new(503, "Vault is sealed"));
        }
        let mut mount_type = String::new();
        let outcome = self.run(&mut request, keys, &mut mount_type);
        match outcome {
            Err(failure) => refuse(&failure),
            Ok(None)
                if matches!(request.operation, Operation::Read | Operation::List | Operation::Header) =>
            {
                Answer { status: 404, body: Some(json!({ "errors": [] })), raw: None }
            }
            Ok(None) => Answer { status: 204, body: None, raw: None },
            Ok(Some(reply)) => self.finish(&request, reply, mount_type),
        }
    }

    fn run(
        &mut self,
        request: &mut Request,
        keys: Option<Result<Value, String>>,
        mount_type: &mut String,
    ) -> Outcome {
        if let Some(outcome) = self.wrapping_preflight(request) {
            return outcome;
        }
        if self.is_login(&request.path) {
            return self.login(request, keys);
        }
        if super::sys::is_unauthenticated(&request.path) {
            let path = request.path.clone();
            return self.system(None, request, path.strip_prefix("sys/").unwrap_or_default());
        }
        let caller = self.authenticate(request)?;
        let changes = request.operation.writes() || request.operation == Operation::Patch;
        if changes && request.path.ends_with('/') {
            return Err(Failure::bad("cannot write to a path ending in '/'"));
        }
        let last_use = self.tokens.used(&caller.token.id);
        let outcome = self.dispatch(&caller, request, keys, mount_type);
        if last_use {
            self.revoke(&caller.token.id);
        }
        outcome
    }

    fn is_login(&self, path: &str) -> bool {
        let found = path.strip_prefix("auth/").and_then(|p| self.auths.find(p));
        found.is_some_and(|(mount, rest)| self.auths.get(&mount).is_some_and(|m| m.engine.is_login(rest)))
    }

    /// Who asks, and whether they may.
    fn authenticate(&mut self, request: &mut Request) -> Result<Caller, Failure> {
        if request.token.is_empty() {
            return Err(Failure::no_token());
        }
        let token = self.tokens.get(self.now, &request.token).cloned().ok_or_else(Failure::bad_token)?;
        if !token.bound_cidrs.is_empty()
            && !request.peer.is_some_and(|p| super::value::in_any_cidr(p, &token.bound_cidrs))
        {
            return Err(Failure::no_token());
        }
        if self.identity.entity(&token.entity_id).is_some_and(|e| e.disabled) {
            return Err(Failure::denied());
        }
        if request.operation.writes() {
            let context = self.context(&token.id, None);
            let exists = self.mount_of(&request.path).and_then(|(m, rest)| m.engine.exists(&context, &rest));
            request.operation = if exists == Some(false) { Operation::Create } else { Operation::Update };
        }
        let acl = self.acl(&token);
        let decision = acl.decide(request.operation, request);
        if !decision.allowed || (super::sys::needs_sudo(&request.path) && !decision.privileged) {
            return Err(Failure::denied());
        }
        Ok(Caller { token, acl, privileged: decision.privileged })
    }

    fn mount_of(&self, path: &str) -> Option<(&Mount, String)> {
        let (table, path) = match path.strip_prefix("auth/") {
            Some(path) => (&self.auths, path),
            None => (&self.secrets, path),
        };
        let (mount, rest) = table.find(path)?;
        table.get(&mount).map(|m| (m, rest.to_owned()))
    }

    fn context(&self, token: &str, fetched_keys: Option<Result<Value, String>>) -> Context {
        Context {
            now: self.now,
            token: token.to_owned(),
            default_lease_ttl: super::tokens::SYSTEM_TTL,
            fetched_keys,
        }
    }

    /// The rules a token is held to.
    pub(crate) fn acl(&self, token: &Token) -> Acl {
        let mut names = token.policies.clone();
        names.extend(self.identity.policies(&token.entity_id));
        if names.iter().any(|n| n == "root") {
            return Acl::root();
        }
        let rules = names.iter().filter_map(|n| self.policies.get(n)).flat_map(|p| &p.rules);
        Acl::new(rules.filter_map(|rule| {
            let path = fill_template(&rule.path, &self.identity, &token.entity_id)?;
            Some(Rule { path, permissions: rule.permissions.clone() })
        }))
    }

    fn dispatch(
        &mut self,
        caller: &Caller,
        request: &Request,
        keys: Option<Result<Value, String>>,
        mount_type: &mut String,
    ) -> Outcome {
        let missing =
            || Failure::new(404, format!("no handler for route {:?}. route entry not found.", request.path));
        let (auth, below) = match request.path.strip_prefix("auth/") {
            Some(below) => (true, below),
            None => (false, request.path.as_str()),
        };
        let table = if auth { &self.auths } else { &self.secrets };
        let (mount, rest) = table.find(below).ok_or_else(missing)?;
        let found = table.get(&mount).ok_or_else(missing)?;
        mount_type.clone_from(&found.kind);
        super::fields::check(&found.kind, request)?;
        match found.kind.as_str() {
            "system" => self.system(Some(caller), request, rest),
            "token" => self.token_api(caller, request, rest),
            "identity" => {
                let mounts: Vec<(String, Origin)> =
                    self.auths.iter().map(|(path, m)| (m.accessor.clone(), origin(path, m))).collect();
                self.identity.handle(self.now, request, rest, &mounts)
            }
            _ => {
                let lease = found.lease_ttl();
                let context = Context { default_lease_ttl: lease, ..self.context(&caller.token.id, keys) };
                let table = if auth { &mut self.auths } else { &mut self.secrets };
                table.get_mut(&mount).ok_or_else(missing)?.engine.handle(&context, request, rest)
            }
        }
    }

    fn login(&mut self, request: &Request, keys: Option<Result<Value, String>>) -> Outcome {
        let context = self.context("", keys);
        let below = request.path.strip_prefix("auth/").unwrap_or_default();
        let (path, rest) = self.auths.find(below).ok_or_else(Failure::unsupported_path)?;
        let mount = self.auths.get_mut(&path).ok_or_else(Failure::unsupported_path)?;
        super::fields::check(&mount.kind, request)?;
        let origin = origin(&path, mount);
        let (default_ttl, max_ttl) = (mount.default_ttl(), mount.max_ttl());
        let mut outcome = mount.engine.handle(&context, request, rest)?;
        if let Some(reply) = &mut outcome
            && let Some(mut login) = reply.login.take()
        {
            let settings = &mut login.settings;
            if settings.ttl == 0 {
                settings.ttl = default_ttl;
            }
            if settings.max_ttl == 0 {
                settings.max_ttl = max_ttl;
            }
            let (auth, warnings) = self.issue_login(&request.path, &path, &origin, login)?;
            reply.auth = auth;
            reply.warnings.extend(warnings);
        }
        Ok(outcome)
    }

    fn issue_login(
        &mut self,
        path: &str,
        mount: &str,
        origin: &Origin,
        login: Login,
    ) -> Result<(Value, Vec<String>), Failure> {
        let entity_id = match &login.alias {
            Some(alias) => {
                let id = self.identity.entity_for(self.now, alias, origin, &login.alias_metadata);
                self.identity.join_groups(&id, origin, &login.group_aliases);
                id
            }
            None => String::new(),
        };
        if self.identity.entity(&entity_id).is_some_and(|e| e.disabled) {
            return Err(Failure::denied());
        }
        let kind = match login.settings.kind.as_str() {
            "batch" | "default-batch" => TokenKind::Batch,
            _ => TokenKind::Service,
        };
        let display = format!("{}-{}", mount.trim_end_matches('/').replace('/', "-"), login.display_name);
        let policies = sanitize(&login.policies, !login.settings.no_default_policy);
        let display_name =
            if origin.kind == login.display_name { login.display_name.clone() } else { display };
        let (token, warnings) = self.tokens.issue(
            self.now,
            NewToken {
                path: path.to_owned(),
                policies,
                meta: Some(login.metadata),
                display_name,
                orphan: true,
                renewable: true,
                entity_id,
                kind,
                settings: login.settings,
                ..NewToken::default()
            },
        );
        let identity_policies = self.identity.policies(&token.entity_id);
        Ok((token.auth(self.now, &identity_policies), warnings))
    }

    /// Puts a reply into the envelope, and the envelope into a wrapping token if that was asked for.
    fn finish(&mut self, request: &Request, reply: Reply, mount_type: String) -> Answer {
        if let Some((kind, bytes)) = reply.raw {
            return Answer { status: reply.status, body: None, raw: Some((kind, bytes)) };
        }
        if reply.bare {
            return Answer { status: reply.status, body: Some(reply.data), raw: None };
        }
        let mount_type = if reply.status == 200 { mount_type } else { String::new() };
        let mut body = match reply.unwrapped {
            Some(mut body) => {
                if let Some(body) = body.as_object_mut() {
                    body.insert("request_id".into(), json!(ids::uuid()));
                }
                body
            }
            None => json!({
                "request_id": ids::uuid(), "lease_id": "", "renewable": false, "lease_duration": reply.lease_duration,
                "data": reply.data, "wrap_info": null, "auth": reply.auth, "mount_type": mount_type,
                "warnings": if reply.warnings.is_empty() { Value::Null } else { json!(reply.warnings) },
            }),
        };
        if let Some(ttl) = request.wrap_ttl.filter(|ttl| *ttl > 0)
            && reply.status == 200
            && !super::wrapping::never_wrapped(&request.path)
        {
            return self.wrap(&request.path, ttl, body);
        }
        if reply.repeated
            && let Some(body) = body.as_object_mut()
            && let Some(Value::Object(data)) = body.get("data").cloned()
        {
            for (key, value) in data {
                body.entry(key).or_insert(value);
            }
        }
        Answer { status: reply.status, body: Some(body), raw: None }
    }

    /// Keeps an answer behind a new wrapping token.
    pub(crate) fn wrap(&mut self, path: &str, ttl: i64, body: Value) -> Answer {
        let auth = body.get("auth").filter(|a| !a.is_null()).cloned();
        let mut token = self.wrapping_token(path, ttl);
        token.wrapped = Some(Wrapped { body, ttl });
        let mut info = json!({
            "token": token.id, "accessor": token.accessor, "ttl": ttl,
            "creation_time": self.now.to_string(), "creation_path": path,
        });
        if let (Some(info), Some(auth)) = (info.as_object_mut(), auth) {
            info.insert("wrapped_accessor".into(), auth.get("accessor").cloned().unwrap_or_default());
        }
        self.tokens.insert(token);
        let body = json!({
            "request_id": "", "lease_id": "", "renewable": false, "lease_duration": 0, "data": null,
            "wrap_info": info, "warnings": null, "auth": null, "mount_type": "",
        });
        Answer { status: 200, body: Some(body), raw: None }
    }

    fn wrapping_token(&mut self, path: &str, ttl: i64) -> Token {
        let settings =
            super::request::TokenSettings { ttl, explicit_max_ttl: ttl, num_uses: 1, ..Default::default() };
        let new = NewToken {
            path: path.to_owned(),
            policies: vec!["response-wrapping".into()],
            orphan: true,
            settings,
            ..NewToken::default()
        };
        self.tokens.issue(self.now, new).0
    }
}

fn origin(path: &str, mount: &Mount) -> Origin {
    Origin { accessor: mount.accessor.clone(), path: format!("auth/{path}"), kind: mount.kind.clone() }
}

/// The body of a refusal.
pub(crate) fn refuse(failure: &Failure) -> Answer {
    Answer { status: failure.status, body: Some(json!({ "errors": failure.errors })), raw: None }
}
