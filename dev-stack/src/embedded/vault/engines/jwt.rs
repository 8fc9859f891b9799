//! Login with JSON web tokens: the configuration, roles, and the checks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::jose::{self, Key, Unverified};
use super::super::request::{Failure, Login, Operation, Outcome, Reply, Request, TokenSettings};
use super::super::value::{Object, glob, seconds, strings, text};
use super::Context;

/// A JWT mount.
#[derive(Debug, Default)]
pub(crate) struct Jwt {
    config: Option<Config>,
    roles: BTreeMap<String, Role>,
}

#[derive(Clone, Debug, Default)]
struct Config {
    jwks_url: String,
    jwks_ca_pem: String,
    pubkeys: Vec<String>,
    bound_issuer: String,
    default_role: String,
    algorithms: Vec<String>,
    namespace_in_state: bool,
}

#[derive(Clone, Debug, Default)]
struct Role {
    role_type: String,
    bound_audiences: Vec<String>,
    bound_claims: Option<Object>,
    bound_claims_type: String,
    bound_subject: String,
    claim_mappings: Option<Object>,
    user_claim: String,
    user_claim_json_pointer: bool,
    groups_claim: String,
    allowed_redirect_uris: Vec<String>,
    oidc_scopes: Vec<String>,
    clock_skew_leeway: i64,
    expiration_leeway: i64,
    not_before_leeway: i64,
    max_age: i64,
    verbose_oidc_logging: bool,
    token: TokenSettings,
}

impl Jwt {
    pub(crate) fn exists(&self, rest: &str) -> Option<bool> {
        rest.strip_prefix("role/").map(|name| self.roles.contains_key(&name.to_lowercase()))
    }

    /// The URL whose keys a login needs.
    pub(crate) fn jwks_url(&self) -> Option<&str> {
        self.config.as_ref().map(|c| c.jwks_url.as_str()).filter(|url| !url.is_empty())
    }

    pub(crate) fn handle(&mut self, context: &Context, request: &Request, rest: &str) -> Outcome {
        match rest.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            ["login"] if request.operation.writes() => self.login(context, request),
            ["config"] => self.configure(context, request),
            ["role"] if request.operation == Operation::List => {
                Reply::keys(self.roles.keys().cloned().collect())
            }
            ["role", name] => self.role(request, &name.to_lowercase()),
            ["login" | "role"] => Err(Failure::unsupported_operation()),
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn configure(&mut self, context: &Context, request: &Request) -> Outcome {
        match request.operation {
            Operation::Read => Ok(self.config.as_ref().map(|c| Reply::data(c.show()))),
            Operation::Create | Operation::Update => {
                let config = Config {
                    jwks_url: request.text("jwks_url"),
                    jwks_ca_pem: request.text("jwks_ca_pem"),
                    pubkeys: request.strings("jwt_validation_pubkeys").unwrap_or_default(),
                    bound_issuer: request.text("bound_issuer"),
                    default_role: request.text("default_role"),
                    algorithms: request.strings("jwt_supported_algs").unwrap_or_default(),
                    namespace_in_state: request.bool("namespace_in_state", true)?,
                };
                if !request.text("oidc_discovery_url").is_empty() {
                    return Err(Failure::bad(
                        "error checking oidc discovery URL: not supported by the embedded server",
                    ));
                }
                if config.jwks_url.is_empty() == config.pubkeys.is_empty() {
                    return Err(Failure::bad(
                        "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set",
                    ));
                }
                if let Some(Err(e)) = &context.fetched_keys {
                    return Err(Failure::bad(format!("error checking jwks URL: fetching keys oidc: {e}")));
                }
                if config.pubkeys.iter().any(|pem| jose::key_from_pem(pem).is_none()) {
                    return Err(Failure::bad(
                        "error parsing public key: data does not contain any valid public keys",
                    ));
                }
                for algorithm in &config.algorithms {
                    if !ALGORITHMS.contains(&algorithm.as_str()) {
                        return Err(Failure::bad(format!("unsupported signing algorithm: {algorithm}")));
                    }
                }
                self.config = Some(config);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn role(&mut self, request: &Request, name: &str) -> Outcome {
        match request.operation {
            Operation::Read => Ok(self.roles.get(name).map(|r| Reply::data(r.show().into()))),
            Operation::Create | Operation::Update => {
                let mut role = self.roles.get(name).cloned().unwrap_or_default();
                role.update(request)?;
                self.roles.insert(name.to_owned(), role);
                Ok(None)
            }
            Operation::Delete => {
                self.roles.remove(name);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn login(&self, context: &Context, request: &Request) -> Outcome {
        let config = self.config.as_ref().ok_or_else(|| Failure::bad("could not load configuration"))?;
        let mut name = request.text("role");
        if name.is_empty() {
            name.clone_from(&config.default_role);
        }
        if name.is_empty() {
            return Err(Failure::bad("missing role"));
        }
        let role = self
            .roles
            .get(&name.to_lowercase())
            .ok_or_else(|| Failure::bad(format!("role {name:?} could not be found")))?;
        if role.role_type == "oidc" {
            return Err(Failure::bad("role with oidc role_type is not allowed"));
        }
        let token = request.text("jwt");
        if token.is_empty() {
            return Err(Failure::bad("missing token"));
        }
        if !role.token.admits(request.peer) {
            return Err(Failure::no_token());
        }
        let claims = config
            .verify(context, &token)
            .and_then(|(algorithm, claims)| {
                role.expect(config, context.now, &algorithm, &claims)?;
                Ok(claims)
            })
            .map_err(|e| Failure::bad(format!("error validating token: {e}")))?;
        role.check_claims(&claims).map_err(|e| Failure::bad(format!("error validating claims: {e}")))?;
        role.login(&name, &claims).map(|login| Some(Reply::login(login))).map_err(Failure::bad)
    }
}

const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"];

impl Config {
    fn show(&self) -> Value {
        json!({
            "bound_issuer": self.bound_issuer, "default_role": self.default_role, "jwks_ca_pem": self.jwks_ca_pem,
            "jwks_pairs": [], "jwks_url": self.jwks_url, "jwt_supported_algs": self.algorithms,
            "jwt_validation_pubkeys": self.pubkeys, "namespace_in_state": self.namespace_in_state,
            "oidc_client_id": "", "oidc_discovery_ca_pem": "", "oidc_discovery_url": "", "oidc_response_mode": "",
            "oidc_response_types": [], "provider_config": {}, "unsupported_critical_cert_extensions": [],
        })
    }

    /// The algorithm and the claims of a token whose signature is good.
    fn verify(&self, context: &Context, token: &str) -> Result<(String, Object), String> {
        let unsigned = |e: String| format!("error verifying token signature: {e}");
        let parsed = Unverified::parse(token).map_err(unsigned)?;
        let algorithm = parsed.algorithm.clone();
        let claims = if self.pubkeys.is_empty() {
            let jwks = match &context.fetched_keys {
                Some(Ok(jwks)) => jwks,
                Some(Err(e)) => {
                    return Err(unsigned(format!("failed to verify signature: fetching keys oidc: {e}")));
                }
                None => return Err(unsigned("failed to verify signature: no keys".into())),
            };
            parsed.verify(&jose::keys_from_jwks(jwks)).map_err(unsigned)?
        } else {
            let keys: Vec<Key> = self.pubkeys.iter().filter_map(|pem| jose::key_from_pem(pem)).collect();
            let none = |_| unsigned("no known key successfully validated the token signature".into());
            parsed.verify(&keys).map_err(none)?
        };
        Ok((algorithm, claims))
    }
}

impl Role {
    fn update(&mut self, request: &Request) -> Result<(), Failure> {
        let set = |name: &str, slot: &mut String| {
            if request.has(name) {
                *slot = request.text(name);
            }
        };
        set("role_type", &mut self.role_type);
        set("bound_claims_type", &mut self.bound_claims_type);
        set("bound_subject", &mut self.bound_subject);
        set("user_claim", &mut self.user_claim);
        set("groups_claim", &mut self.groups_claim);
        if self.role_type.is_empty() {
            self.role_type = "oidc".into();
        }
        if !matches!(self.role_type.as_str(), "jwt" | "oidc") {
            return Err(Failure::bad(format!("invalid 'role_type': {}", self.role_type)));
        }
        match self.bound_claims_type.as_str() {
            "" => self.bound_claims_type = "string".into(),
            "string" | "glob" => {}
            other => return Err(Failure::bad(format!("invalid 'bound_claims_type': {other}"))),
        }
        for (name, slot) in [
            ("bound_audiences", &mut self.bound_audiences),
            ("allowed_redirect_uris", &mut self.allowed_redirect_uris),
            ("oidc_scopes", &mut self.oidc_scopes),
        ] {
            if let Some(values) = request.strings(name) {
                *slot = values;
            }
        }
        for (name, slot) in
            [("bound_claims", &mut self.bound_claims), ("claim_mappings", &mut self.claim_mappings)]
        {
            match request.data.get(name) {
                None => {}
                Some(Value::Null) => *slot = None,
                Some(Value::Object(map)) => *slot = Some(map.clone()),
                // The CLI sends maps it was given as text.
                Some(Value::String(json)) => {
                    let map = serde_json::from_str(json).map_err(|_| {
                        Failure::bad(format!(
                            "Field validation failed: error converting input for field {name:?}"
                        ))
                    })?;
                    *slot = Some(map);
                }
                Some(_) => {
                    return Err(Failure::bad(format!(
                        "Field validation failed: error converting input for field {name:?}"
                    )));
                }
            }
        }
        for (name, slot) in [
            ("clock_skew_leeway", &mut self.clock_skew_leeway),
            ("expiration_leeway", &mut self.expiration_leeway),
            ("not_before_leeway", &mut self.not_before_leeway),
            ("max_age", &mut self.max_age),
        ] {
            if let Some(value) = request.data.get(name).filter(|v| !v.is_null()) {
                *slot = seconds(value).map_err(Failure::bad)?;
            }
        }
        self.user_claim_json_pointer =
            request.bool("user_claim_json_pointer", self.user_claim_json_pointer)?;
        self.verbose_oidc_logging = request.bool("verbose_oidc_logging", self.verbose_oidc_logging)?;
        self.token.update(request)?;
        if self.user_claim.is_empty() {
            return Err(Failure::bad("a user claim must be defined on the role"));
        }
        let metadata_keys = self.claim_mappings.iter().flatten().map(|(_, v)| text(v)).collect::<Vec<_>>();
        for (at, key) in metadata_keys.iter().enumerate() {
            if key == "role" {
                return Err(Failure::bad(format!(
                    "metadata key {key:?} is reserved and may not be a mapping destination"
                )));
            }
            if metadata_keys.iter().skip(at + 1).any(|k| k == key) {
                return Err(Failure::bad(format!("multiple keys are mapped to metadata key {key:?}")));
            }
        }
        if self.role_type == "oidc" && self.allowed_redirect_uris.is_empty() {
            return Err(Failure::bad(
                "'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.",
            ));
        }
        let bound = !self.bound_audiences.is_empty()
            || !self.bound_subject.is_empty()
            || !self.token.bound_cidrs.is_empty()
            || self.bound_claims.as_ref().is_some_and(|c| !c.is_empty());
        if self.role_type == "jwt" && !bound {
            return Err(Failure::bad(
                "must have at least one bound constraint when creating/updating a role",
            ));
        }
        Ok(())
    }

    fn show(&self) -> Object {
        let list = |items: &Vec<String>| if items.is_empty() { Value::Null } else { json!(items) };
        let mut data = Object::new();
        let fields = [
            ("allowed_redirect_uris", list(&self.allowed_redirect_uris)),
            ("bound_audiences", list(&self.bound_audiences)),
            ("bound_claims", json!(self.bound_claims)),
            ("bound_claims_type", json!(self.bound_claims_type)),
            ("bound_subject", json!(self.bound_subject)),
            ("claim_mappings", json!(self.claim_mappings)),
            ("clock_skew_leeway", json!(self.clock_skew_leeway)),
            ("expiration_leeway", json!(self.expiration_leeway)),
            ("groups_claim", json!(self.groups_claim)),
            ("max_age", json!(self.max_age)),
            ("not_before_leeway", json!(self.not_before_leeway)),
            ("oidc_scopes", list(&self.oidc_scopes)),
            ("role_type", json!(self.role_type)),
            ("user_claim", json!(self.user_claim)),
            ("user_claim_json_pointer", json!(self.user_claim_json_pointer)),
            ("verbose_oidc_logging", json!(self.verbose_oidc_logging)),
        ];
        data.extend(fields.map(|(k, v)| (k.to_owned(), v)));
        self.token.show(&mut data);
        data
    }

    /// The registered claims and the algorithm.
    fn expect(
        &self,
        config: &Config,
        now: Timestamp,
        algorithm: &str,
        claims: &Object,
    ) -> Result<(), String> {
        let claim = |name: &str| claims.get(name).map(text).unwrap_or_default();
        if !config.bound_issuer.is_empty() && claim("iss") != config.bound_issuer {
            return Err("invalid issuer (iss) claim".into());
        }
        if !self.bound_subject.is_empty() && claim("sub") != self.bound_subject {
            return Err("invalid subject (sub) claim".into());
        }
        let audiences = match claims.get("aud") {
            Some(Value::Array(items)) => items.iter().map(text).collect(),
            Some(Value::String(one)) => vec![one.clone()],
            _ => Vec::new(),
        };
        if self.bound_audiences.is_empty() {
            if !audiences.is_empty() {
                return Err("audience claim found in JWT but no audiences bound to the role".into());
            }
        } else if !audiences.iter().any(|a| self.bound_audiences.contains(a)) {
            return Err(
                "invalid audience (aud) claim: audience claim does not match any expected audience".into()
            );
        }
        // Without a list, any algorithm the keys can verify is taken.
        if !config.algorithms.is_empty() && !config.algorithms.iter().any(|a| a == algorithm) {
            return Err(
                "invalid algorithm (alg) header parameter: token signed with unexpected algorithm".into()
            );
        }
        self.expect_times(now, claims)
    }

    fn expect_times(&self, now: Timestamp, claims: &Object) -> Result<(), String> {
        let time = |name: &str| claims.get(name).and_then(Value::as_f64).map_or(0.0, |t| t);
        let (issued, mut not_before, mut expires) = (time("iat"), time("nbf"), time("exp"));
        if issued == 0.0 && not_before == 0.0 && expires == 0.0 {
            return Err(
                "no issued at (iat), not before (nbf), or expiration time (exp) claims in token".into()
            );
        }
        // 0 stands for the default, negative for none.
        let leeway = |set: i64, default: i32| {
            let seconds = match set {
                0 => default,
                n => i32::try_from(n.max(0)).unwrap_or(i32::MAX),
            };
            f64::from(seconds)
        };
        if expires == 0.0 {
            expires = issued.max(not_before) + leeway(self.expiration_leeway, 150);
        }
        if not_before == 0.0 {
            not_before = if issued == 0.0 { expires } else { issued } - leeway(self.not_before_leeway, 150);
        }
        let skew = leeway(self.clock_skew_leeway, 60);
        let now = now.as_second() as f64;
        if now + skew < not_before {
            return Err("invalid not before (nbf) claim: token not yet valid".into());
        }
        if now - skew > expires {
            return Err("invalid expiration time (exp) claim: token is expired".into());
        }
        if now + skew < issued {
            return Err("invalid issued at (iat) claim: token issued in the future".into());
        }
        Ok(())
    }

    fn check_claims(&self, claims: &Object) -> Result<(), String> {
        for (name, expected) in self.bound_claims.iter().flatten() {
            let actual = claim(claims, name).ok_or_else(|| format!("claim {name:?} is missing"))?;
            let actual = match actual {
                Value::Array(items) => items.iter().map(text).collect::<Vec<_>>(),
                Value::Object(_) => {
                    return Err(format!("received claim is not a string or list: {actual}"));
                }
                other => vec![text(other)],
            };
            let expected = match expected {
                Value::Array(items) => items.iter().map(text).collect(),
                other => vec![text(other)],
            };
            let matches = |pattern: &String, value: &String| match self.bound_claims_type.as_str() {
                "glob" => glob(pattern, value),
                _ => pattern == value,
            };
            if !expected.iter().any(|e| actual.iter().any(|a| matches(e, a))) {
                return Err(format!("claim {name:?} does not match any associated bound claim values"));
            }
        }
        Ok(())
    }

    fn login(&self, name: &str, claims: &Object) -> Result<Login, String> {
        let user = if self.user_claim_json_pointer {
            claim(claims, &self.user_claim)
        } else {
            claims.get(&self.user_claim)
        };
        let user = user.ok_or_else(|| format!("claim {:?} not found in token", self.user_claim))?;
        let user = user
            .as_str()
            .ok_or_else(|| format!("claim {:?} could not be converted to string", self.user_claim))?;
        let mut mapped = Object::new();
        for (source, target) in self.claim_mappings.iter().flatten() {
            match claim(claims, source) {
                None | Some(Value::Null) => {}
                Some(Value::Object(_) | Value::Array(_)) => {
                    return Err(format!("error converting claim '{source}' to string from unknown type"));
                }
                Some(value) => {
                    mapped.insert(text(target), json!(text(value)));
                }
            }
        }
        let mut groups = Vec::new();
        if !self.groups_claim.is_empty() {
            groups = match claim(claims, &self.groups_claim) {
                None => return Err(format!("{:?} claim not found in token", self.groups_claim)),
                Some(value @ (Value::Array(_) | Value::String(_))) => strings(value),
                Some(_) => {
                    return Err(format!(
                        "{:?} claim could not be converted to string list",
                        self.groups_claim
                    ));
                }
            };
        }
        let mut metadata = mapped.clone();
        metadata.insert("role".into(), json!(name));
        Ok(Login {
            policies: self.token.policies.clone(),
            metadata,
            display_name: user.to_owned(),
            alias: Some(user.to_owned()),
            alias_metadata: mapped,
            group_aliases: groups,
            settings: self.token.clone(),
        })
    }
}

/// A claim by name, or by JSON pointer if the name starts with a slash.
fn claim<'a>(claims: &'a Object, name: &str) -> Option<&'a Value> {
    match name.strip_prefix('/') {
        None => claims.get(name),
        Some(pointer) => {
            let (first, rest) = pointer.split_once('/').map_or((pointer, ""), |(a, b)| (a, b));
            let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
            if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(fields: Value) -> Role {
        let mut role = Role::default();
        let data = fields.as_object().cloned().unwrap();
        role.update(&Request { data, ..Request::default() }).unwrap();
        role
    }

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn each_registered_claim_has_its_own_refusal() {
        let role = role(
            json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": "a,b", "bound_subject": "s"}),
        );
        let now = Timestamp::from_second(1_000_000).unwrap();
        let config =
            Config { bound_issuer: "i".into(), algorithms: vec!["EdDSA".into()], ..Config::default() };
        let good = json!({"iss": "i", "sub": "s", "aud": ["b"], "exp": 1_000_100, "iat": 999_990});
        let check = |change: Value, algorithm: &str| {
            let mut claims = object(good.clone());
            claims.extend(object(change));
            role.expect(&config, now, algorithm, &claims)
        };
        assert_eq!(check(json!({}), "EdDSA"), Ok(()));
        for (change, text) in [
            (json!({"iss": "x"}), "invalid issuer (iss) claim"),
            (json!({"sub": "x"}), "invalid subject (sub) claim"),
            (
                json!({"aud": "x"}),
                "invalid audience (aud) claim: audience claim does not match any expected audience",
            ),
            (json!({"exp": 999_900}), "invalid expiration time (exp) claim: token is expired"),
            (json!({"nbf": 1_000_070}), "invalid not before (nbf) claim: token not yet valid"),
            (
                json!({"iat": 1_000_070, "nbf": 1}),
                "invalid issued at (iat) claim: token issued in the future",
            ),
        ] {
            assert_eq!(check(change, "EdDSA").unwrap_err(), text);
        }
        assert!(check(json!({}), "RS256").unwrap_err().starts_with("invalid algorithm"));
    }

    #[test]
    fn bound_claims_take_pointers_lists_and_globs() {
        let role = role(json!({
            "role_type": "jwt", "user_claim": "/user/id", "user_claim_json_pointer": true,
            "bound_claims_type": "glob", "claim_mappings": {"/user/team": "team"},
            "bound_claims": {"/user/team": ["x", "ops-*"], "roles": "admin"},
        }));
        let claims =
            |team: &str| object(json!({"user": {"id": "u1", "team": team}, "roles": ["dev", "admin"]}));
        assert_eq!(role.check_claims(&claims("ops-1")), Ok(()));
        let error = role.check_claims(&claims("dev")).unwrap_err();
        assert_eq!(error, "claim \"/user/team\" does not match any associated bound claim values");
        assert_eq!(
            role.check_claims(&object(json!({"roles": ["admin"]}))).unwrap_err(),
            "claim \"/user/team\" is missing"
        );
        let login = role.login("r", &claims("ops-1")).unwrap();
        assert_eq!(login.alias.as_deref(), Some("u1"));
        assert_eq!(Value::Object(login.metadata), json!({"team": "ops-1", "role": "r"}));
    }
}
