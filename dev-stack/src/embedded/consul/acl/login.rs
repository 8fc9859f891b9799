//! Login with a JSON web token: the auth method's checks, and the binding rules.

use serde_json::{Value, json};

use super::super::Call;
use super::super::decode::{duration_ns, fields};
use super::super::filter;
use super::super::reply::{Outcome, Refusal, Reply};
use super::super::state::State;
use super::store::get;
use crate::embedded::clock::add;
use crate::embedded::vault::jose::{self, Key, Unverified};
use crate::embedded::vault::value::{Object, integer, strings, text};

impl State {
    /// The URL whose keys a login with this body needs.
    pub(crate) fn login_keys_url(&self, body: &Value) -> Option<String> {
        let method = body
            .as_object()?
            .iter()
            .find(|(k, _)| k.eq_ignore_ascii_case("authmethod"))
            .map(|(_, v)| text(v))?;
        let config = self.acl.auth_methods.get(&method)?.get("Config")?;
        config.get("JWKSURL").and_then(Value::as_str).filter(|u| !u.is_empty()).map(str::to_owned)
    }

    pub(crate) fn acl_login(&mut self, call: &Call<'_>) -> Outcome {
        let body = fields(&call.json()?, &["AuthMethod", "BearerToken", "Meta"])?;
        let name = get(&body, "AuthMethod");
        let missing = || {
            Refusal::new(403, format!("rpc error making call: auth method {name:?} not found: ACL not found"))
        };
        let method = self.acl.auth_methods.get(&name).cloned().ok_or_else(missing)?;
        let config = method.get("Config").and_then(Value::as_object).cloned().unwrap_or_default();
        let denied = |why: String| Refusal::new(403, format!("Permission denied: {why}"));
        let claims = verify(&config, &get(&body, "BearerToken"), call).map_err(denied)?;
        self.expect(&config, &claims).map_err(|e| Refusal::new(403, format!("Permission denied: {e}")))?;
        let identity = identity(&config, &claims);
        let mut token = self.bind(&name, &identity)?;
        if token.is_empty() {
            return Err(Refusal::new(403, "Permission denied"));
        }
        let meta = match body.get("Meta") {
            Some(Value::Object(meta)) if !meta.is_empty() => format!(": {}", Value::Object(meta.clone())),
            _ => String::new(),
        };
        token.insert("Description".into(), json!(format!("token created via login{meta}")));
        token.insert("AuthMethod".into(), json!(name));
        token.insert("Local".into(), json!(get(&method, "TokenLocality") != "global"));
        let ttl = method.get("MaxTokenTTL").and_then(|t| duration_ns(t).ok()).unwrap_or_default();
        if !ttl.is_zero() {
            token.insert("ExpirationTime".into(), json!(add(self.now, ttl).to_string()));
        }
        self.create_token(token).map(|t| Reply::json(t.into()))
    }

    fn expect(&self, config: &Object, claims: &Object) -> Result<(), String> {
        let now = self.now.as_second();
        let time = |name: &str| claims.get(name).and_then(integer);
        // The default clock skew leeway.
        if time("exp").is_some_and(|t| t + 60 < now) {
            return Err(
                "error validating token: invalid expiration time (exp) claim: token is expired".into()
            );
        }
        if time("nbf").is_some_and(|t| t - 60 > now) {
            return Err("error validating token: invalid not before (nbf) claim: token not yet valid".into());
        }
        let issuer = get(config, "BoundIssuer");
        if !issuer.is_empty() && get(claims, "iss") != issuer {
            return Err("error validating token: invalid issuer (iss) claim".into());
        }
        let bound = config.get("BoundAudiences").map(strings).unwrap_or_default();
        let audiences = match claims.get("aud") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(list) => strings(list),
            None => Vec::new(),
        };
        if !bound.is_empty() && !audiences.iter().any(|a| bound.contains(a)) {
            return Err("error validating token: invalid audience (aud) claim: audience claim does not match any expected audience".into());
        }
        Ok(())
    }

    /// What the binding rules of a method give to an identity.
    fn bind(&self, method: &str, identity: &Value) -> Result<Object, Refusal> {
        let mut token = Object::new();
        let mut give = |field: &str, item: Value| {
            if let Value::Array(items) = token.entry(field).or_insert_with(|| json!([])) {
                items.push(item);
            }
        };
        for rule in self.acl.binding_rules.values().filter(|r| get(r, "AuthMethod") == method) {
            let selector = get(rule, "Selector");
            let selected = selector.is_empty() || filter::parse(&selector).is_ok_and(|f| f.matches(identity));
            if !selected {
                continue;
            }
            // One rule that cannot be followed is the end of the login, whatever others would give.
            let template = get(rule, "BindName");
            let name = interpolate(&template, identity)
                .ok_or_else(|| Refusal::new(500, format!("error interpreting template: {template}")))?;
            if name.is_empty() {
                return Err(Refusal::new(500, format!("invalid bind name: {name:?}")));
            }
            match get(rule, "BindType").as_str() {
                "service" => give("ServiceIdentities", json!({ "ServiceName": name })),
                "node" => {
                    give("NodeIdentities", json!({ "NodeName": name, "Datacenter": self.options.datacenter }))
                }
                "role" if self.acl.role(&name).is_some() => give("Roles", json!({ "Name": name })),
                "policy" if self.acl.policy(&name).is_some() => give("Policies", json!({ "Name": name })),
                "templated-policy" => {
                    let variables: Object = rule
                        .get("BindVars")
                        .and_then(Value::as_object)
                        .into_iter()
                        .flatten()
                        .filter_map(|(k, v)| interpolate(&text(v), identity).map(|v| (k.clone(), json!(v))))
                        .collect();
                    give(
                        "TemplatedPolicies",
                        json!({ "TemplateName": name, "TemplateVariables": variables }),
                    );
                }
                _ => {}
            }
        }
        Ok(token)
    }
}

fn verify(config: &Object, token: &str, call: &Call<'_>) -> Result<Object, String> {
    let unsigned = |e: String| format!("error validating token: error verifying token signature: {e}");
    let parsed = Unverified::parse(token).map_err(unsigned)?;
    let accepted = config.get("JWTSupportedAlgs").map(strings).unwrap_or_default();
    if !accepted.is_empty() && !accepted.contains(&parsed.algorithm) {
        return Err("error validating token: invalid algorithm (alg) header parameter: token signed with unexpected algorithm".into());
    }
    let keys: Vec<Key> = match &call.keys {
        Some(Ok(jwks)) => jose::keys_from_jwks(jwks),
        Some(Err(e)) => return Err(unsigned(format!("fetching keys {e}"))),
        None => config
            .get("JWTValidationPubKeys")
            .map(strings)
            .unwrap_or_default()
            .iter()
            .filter_map(|p| jose::key_from_pem(p))
            .collect(),
    };
    parsed.verify(&keys).map_err(unsigned)
}

/// `value.x` and `list.x`, by the mappings of the method.
fn identity(config: &Object, claims: &Object) -> Value {
    let mapped = |field: &str| config.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    let find = |path: &str| match path.strip_prefix('/') {
        Some(_) => Value::Object(claims.clone()).pointer(path).cloned(),
        None => claims.get(path).cloned(),
    };
    let names = mapped("ClaimMappings");
    let values: Object =
        names.iter().filter_map(|(claim, name)| find(claim).map(|v| (text(name), json!(text(&v))))).collect();
    // Names are filled in with what a selector does not see: nothing, for a claim that is missing.
    let projected: Object = names
        .values()
        .map(|name| (text(name), values.get(&text(name)).cloned().unwrap_or_else(|| json!(""))))
        .collect();
    let lists: Object = mapped("ListClaimMappings")
        .iter()
        .filter_map(|(claim, name)| find(claim).map(|v| (text(name), json!(strings(&v)))))
        .collect();
    json!({ "value": values, "list": lists, "projected": { "value": projected } })
}

/// `${value.x}` in a name, in lower case; none if no claim is mapped to it.
fn interpolate(name: &str, identity: &Value) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}')?;
        out.push_str(before);
        let value = identity.pointer(&format!("/projected/{}", variable.trim().replace('.', "/")))?;
        out.push_str(&text(value).to_lowercase());
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::store::object;
    use super::*;

    #[test]
    fn names_are_filled_in_from_the_claims() {
        let config = object(json!({"ClaimMappings": {"nomad_service": "service", "/a/b": "deep"}}));
        let claims = object(json!({"nomad_service": "Web", "a": {"b": 3}}));
        let identity = identity(&config, &claims);
        assert_eq!(interpolate("${value.service}-${value.deep}", &identity).as_deref(), Some("web-3"));
        assert_eq!(interpolate("${value.none}", &identity), None);
        assert!(filter::parse("\"service\" in value").unwrap().matches(&identity));
    }
}
