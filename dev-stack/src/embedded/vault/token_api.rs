//! `auth/token/*`.

use serde_json::{Value, json};

use super::core::{Caller, Core};
use super::request::{Failure, Operation, Outcome, Reply, Request, TokenSettings};
use super::token_roles::TokenRole;
use super::tokens::{NewToken, Token, TokenKind, sanitize};
use super::value::{Object, text};

/// What a create asks for beyond the token's own settings.
struct Wish<'a> {
    role: Option<(&'a str, TokenRole)>,
    orphan: bool,
}

impl Core {
    pub(crate) fn token_api(&mut self, caller: &Caller, request: &Request, rest: &str) -> Outcome {
        let writes = request.operation.writes();
        match rest.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            ["create"] if writes => self.create_token(caller, request, Wish { role: None, orphan: false }),
            ["create-orphan"] if writes => self.create_token(caller, request, Wish { role: None, orphan: true }),
            ["create", name] if writes => {
                let role = self.token_roles.get(*name).cloned();
                let role = role.ok_or_else(|| Failure::bad(format!("unknown role {name}")))?;
                self.create_token(caller, request, Wish { orphan: role.orphan, role: Some((name, role)) })
            }
            ["lookup"] => {
                let given = request.text("token");
                let id = if given.is_empty() { caller.token.id.clone() } else { given };
                let token = self.tokens.get(self.now, &id).ok_or_else(|| Failure::new(403, "bad token"))?;
                Ok(Some(self.shown(token)))
            }
            ["lookup-self"] => Ok(Some(match self.tokens.get(self.now, &caller.token.id) {
                Some(token) => self.shown(token),
                None => self.shown(&caller.token),
            })),
            ["lookup-accessor"] if writes => {
                let id = self.by_accessor(request)?;
                let token = self.tokens.get(self.now, &id).ok_or_else(invalid_accessor)?;
                let mut reply = self.shown(token);
                if let Some(data) = reply.data.as_object_mut() {
                    data.insert("id".into(), json!(""));
                }
                Ok(Some(reply))
            }
            ["renew"] if writes => {
                let given = request.text("token");
                self.renew_token(request, if given.is_empty() { &caller.token.id } else { &given })
            }
            ["renew-self"] if writes => self.renew_token(request, &caller.token.id),
            ["renew-accessor"] if writes => {
                let id = self.by_accessor(request)?;
                let mut reply = self.renew_token(request, &id)?;
                if let Some(auth) = reply.as_mut().and_then(|r| r.auth.as_object_mut()) {
                    auth.insert("client_token".into(), json!(""));
                }
                Ok(reply)
            }
            ["revoke"] if writes => self.revoke_token(&request.text("token")),
            ["revoke-self"] if writes => self.revoke_token(&caller.token.id),
            ["revoke-orphan"] if writes => {
                let id = request.text("token");
                if self.tokens.get(self.now, &id).is_none() {
                    return Err(Failure::bad("token to revoke not found"));
                }
                let gone = self.tokens.revoke_orphan(&id);
                self.forget(&gone);
                Ok(None)
            }
            ["revoke-accessor"] if writes => {
                let id = self.by_accessor(request)?;
                self.revoke(&id);
                Ok(None)
            }
            ["accessors"] if request.operation == Operation::List => Reply::keys(self.tokens.accessors()),
            ["tidy"] if writes => Ok(Some(
                Reply::warning(
                    "Tidy operation successfully started. Any information from the operation will be printed to \
                     Vault's server logs.",
                )
                .status(202),
            )),
            ["roles"] if request.operation == Operation::List => {
                Reply::keys(self.token_roles.keys().cloned().collect())
            }
            ["roles", name] => self.token_role(request, name),
            ["create" | "lookup-accessor" | "renew" | "renew-self" | "revoke" | "revoke-self" | "accessors"] => {
                Err(Failure::unsupported_operation())
            }
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn shown(&self, token: &Token) -> Reply {
        let identity = self.identity.policies(&token.entity_id);
        Reply::data(token.show(self.now, &identity).into())
    }

    fn by_accessor(&self, request: &Request) -> Result<String, Failure> {
        let accessor = request.text("accessor");
        if accessor.is_empty() {
            return Err(Failure::bad("missing accessor"));
        }
        self.tokens.id_of(&accessor).ok_or_else(invalid_accessor)
    }

    fn token_role(&mut self, request: &Request, name: &str) -> Outcome {
        match request.operation {
            Operation::Read => Ok(self.token_roles.get(name).map(|r| Reply::data(r.show(name).into()))),
            Operation::Create | Operation::Update => {
                let mut role = self.token_roles.get(name).cloned().unwrap_or_default();
                role.update(request)?;
                self.token_roles.insert(name.to_owned(), role);
                Ok(None)
            }
            Operation::Delete => {
                self.token_roles.remove(name);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn renew_token(&mut self, request: &Request, id: &str) -> Outcome {
        let increment = request.seconds("increment")?.unwrap_or(0);
        let (token, warnings) = self.tokens.renew(self.now, id, increment).map_err(Failure::bad)?;
        let identity = self.identity.policies(&token.entity_id);
        Ok(Some(Reply { warnings, ..Reply::auth(token.auth(self.now, &identity)) }))
    }

    fn revoke_token(&mut self, id: &str) -> Outcome {
        if id.is_empty() {
            return Err(Failure::bad("missing token ID"));
        }
        if self.tokens.get(self.now, id).is_some_and(|t| t.kind == TokenKind::Batch) {
            return Err(Failure::bad("batch tokens cannot be revoked"));
        }
        self.revoke(id);
        Ok(None)
    }

    fn create_token(&mut self, caller: &Caller, request: &Request, wish: Wish<'_>) -> Outcome {
        let parent = &caller.token;
        if parent.kind == TokenKind::Batch {
            return Err(Failure::bad("batch tokens cannot create more tokens"));
        }
        if parent.num_uses != 0 {
            return Err(Failure::bad("restricted use token cannot generate child tokens"));
        }
        let role = wish.role.as_ref().map(|(_, r)| r);
        let kind = token_kind(request, role)?;
        let mut settings = role.map(|r| r.settings.clone()).unwrap_or_default();
        self.read_settings(caller, request, role, &mut settings)?;
        let mut warnings = Vec::new();
        let policies = self.token_policies(caller, request, role, &mut warnings)?;
        let no_parent = wish.orphan || request.bool("no_parent", false)?;
        if no_parent && !caller.privileged && !wish.orphan {
            return Err(Failure::bad("root or sudo privileges required to create orphan token"));
        }
        let id = request.text("id");
        if !id.is_empty() {
            if !caller.privileged {
                return Err(Failure::bad("root or sudo privileges required to specify token id"));
            }
            if id.starts_with("hvs.") || id.starts_with("s.") || id.contains('.') {
                return Err(Failure::bad("custom token ID cannot have the 'hvs.' prefix or contain a '.'"));
            }
            if self.tokens.get(self.now, &id).is_some() {
                return Err(Failure::bad("cannot create a token with a duplicate ID"));
            }
        }
        if kind == TokenKind::Batch {
            // The CLI sends `0s` for what was not asked for.
            let set = |name: &str| {
                let value = request.data.get(name).map(text).unwrap_or_default();
                super::value::seconds_text(&value) != Ok(0)
            };
            for bad in ["id", "num_uses", "period", "explicit_max_ttl"] {
                if set(bad) {
                    return Err(Failure::bad(format!("batch tokens cannot have {bad:?} set")));
                }
            }
            if policies.iter().any(|p| p == "root") {
                return Err(Failure::bad("batch tokens cannot be root tokens"));
            }
        }
        let renewable = request.bool("renewable", true)? && role.is_none_or(|r| r.renewable);
        let display = request.text("display_name");
        let display_name = if display.is_empty() {
            "token".to_owned()
        } else {
            let plain: String = display
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' })
                .collect();
            format!("token-{}", plain.trim_end_matches('-'))
        };
        let path = match &wish.role {
            Some((name, role)) if role.path_suffix.is_empty() => format!("auth/token/create/{name}"),
            Some((name, role)) => format!("auth/token/create/{name}/{}", role.path_suffix),
            None if request.path.ends_with("create-orphan") => "auth/token/create-orphan".into(),
            None => "auth/token/create".into(),
        };
        let meta = match request.data.get("meta") {
            Some(Value::Object(meta)) if !meta.is_empty() => {
                Some(meta.iter().map(|(k, v)| (k.clone(), json!(text(v)))).collect::<Object>())
            }
            _ => None,
        };
        let new = NewToken {
            id: (!id.is_empty()).then_some(id),
            path,
            policies,
            meta,
            display_name,
            parent: (!no_parent).then(|| parent.id.clone()),
            orphan: no_parent,
            renewable,
            entity_id: if no_parent { String::new() } else { parent.entity_id.clone() },
            role: wish.role.map(|(name, _)| name.to_owned()),
            kind,
            settings,
        };
        let (token, more) = self.tokens.issue(self.now, new);
        warnings.extend(more);
        let identity = self.identity.policies(&token.entity_id);
        Ok(Some(Reply { warnings, ..Reply::auth(token.auth(self.now, &identity)) }))
    }

    fn read_settings(
        &self,
        caller: &Caller,
        request: &Request,
        role: Option<&TokenRole>,
        settings: &mut TokenSettings,
    ) -> Result<(), Failure> {
        if let Some(n) = request.integer("num_uses")? {
            if n < 0 {
                return Err(Failure::bad("number of uses cannot be negative"));
            }
            settings.num_uses = if settings.num_uses > 0 && n > 0 {
                n.min(settings.num_uses)
            } else {
                n.max(settings.num_uses)
            };
        }
        let positive = |name: &str| -> Result<i64, Failure> {
            let seconds = request
                .seconds(name)
                .map_err(|_| Failure::bad(format!("time: invalid duration {:?}", request.text(name))))?;
            match seconds {
                Some(n) if n < 0 => Err(Failure::bad(format!("{name} must be positive"))),
                Some(n) => Ok(n),
                None => Ok(0),
            }
        };
        let max = positive("explicit_max_ttl")?;
        if max > 0 {
            let role_max = settings.explicit_max_ttl;
            settings.explicit_max_ttl = if role_max > 0 { max.min(role_max) } else { max };
        }
        let period = positive("period")?;
        if period > 0 && role.is_none_or(|r| r.settings.period == 0) {
            if !caller.privileged {
                return Err(Failure::bad("root or sudo privileges required to create periodic token"));
            }
            settings.period = period;
        }
        let ttl = positive("ttl")?;
        settings.ttl = if ttl > 0 { ttl } else { positive("lease")? };
        Ok(())
    }

    fn token_policies(
        &self,
        caller: &Caller,
        request: &Request,
        role: Option<&TokenRole>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let parent = &caller.token;
        let asked = request.strings("policies").filter(|p| !p.is_empty());
        let no_default =
            request.bool("no_default_policy", false)? || role.is_some_and(|r| r.settings.no_default_policy);
        let policies = match (role, asked) {
            (Some(role), asked) => {
                let listed = asked.unwrap_or_else(|| {
                    if role.allowed_policies.is_empty() {
                        parent.policies.clone()
                    } else {
                        role.allowed_policies.clone()
                    }
                });
                let policies = sanitize(
                    &listed,
                    !no_default && !role.disallowed_policies.iter().any(|p| p == "default"),
                );
                role.check(&policies)?;
                policies
            }
            (None, None) => {
                let mut inherited =
                    sanitize(&parent.policies, !no_default && parent.policies.iter().any(|p| p == "default"));
                if no_default {
                    inherited.retain(|p| p != "default");
                }
                inherited
            }
            (None, Some(asked)) => {
                let default =
                    !no_default && (caller.privileged || parent.policies.iter().any(|p| p == "default"));
                let policies = sanitize(&asked, default);
                let mut have = parent.policies.clone();
                have.extend(self.identity.policies(&parent.entity_id));
                if !caller.privileged && policies.iter().any(|p| !have.contains(p)) {
                    return Err(Failure::bad("child policies must be subset of parent"));
                }
                policies
            }
        };
        if policies.iter().any(|p| p == "response-wrapping") {
            return Err(Failure::bad("cannot assign policy \"response-wrapping\""));
        }
        if policies.iter().any(|p| p == "root") && !parent.is_root() {
            return Err(Failure::bad("root tokens may not be created without parent token being root"));
        }
        for policy in policies.iter().filter(|p| *p != "root" && !self.policies.contains_key(*p)) {
            warnings.push(format!("Policy {policy:?} does not exist"));
        }
        Ok(policies)
    }
}

fn invalid_accessor() -> Failure {
    Failure::new(403, "1 error occurred:\n\t* invalid accessor\n\n")
}

fn token_kind(request: &Request, role: Option<&TokenRole>) -> Result<TokenKind, Failure> {
    match role.map(|r| r.settings.kind.as_str()) {
        Some("batch") => return Ok(TokenKind::Batch),
        Some("service") => return Ok(TokenKind::Service),
        _ => {}
    }
    match request.text("type").as_str() {
        "" if role.is_some_and(|r| r.settings.kind == "default-batch") => Ok(TokenKind::Batch),
        "" | "service" => Ok(TokenKind::Service),
        "batch" => Ok(TokenKind::Batch),
        _ => Err(Failure::bad("invalid 'token_type' value")),
    }
}
