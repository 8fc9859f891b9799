//! What a login gets: the binding rules of an auth method, as the server goes through them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::selector::{Selector, SelectorError};
use super::{BindType, BindingRule, JwtConfig};

/// What an auth method makes of a login's claims: what binding rules select by and fill in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginIdentity {
    /// The mapped claims that are there, as `value.…` of selectors.
    pub values: BTreeMap<String, String>,
    /// The mapped claims that are lists, as `list.…` of selectors.
    pub lists: BTreeMap<String, Vec<String>>,
    /// The names that may be filled in as `${value.…}`: those of all mapped claims, there or not.
    mapped: Vec<String>,
}

/// Something that a login gets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// The identity of a service.
    Service(String),
    /// The identity of a node.
    Node(String),
    /// A role; nothing, where there is none of this name.
    Role(String),
    /// A policy; nothing, where there is none of this name.
    Policy(String),
    /// A policy made of a template.
    TemplatedPolicy {
        /// The template.
        template: String,
        /// The name that is filled in, if there is one.
        name: Option<String>,
    },
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "the identity of the service `{name}`"),
            Self::Node(name) => write!(f, "the identity of the node `{name}`"),
            Self::Role(name) => write!(f, "the role `{name}`"),
            Self::Policy(name) => write!(f, "the policy `{name}`"),
            Self::TemplatedPolicy { template, name: Some(name) } => {
                write!(f, "the policy made of `{template}` for `{name}`")
            }
            Self::TemplatedPolicy { template, name: None } => write!(f, "the policy made of `{template}`"),
        }
    }
}

/// Why a binding rule gives nothing. Only the selector's error leaves the other rules alone: the
/// rest are the end of the login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindingError {
    /// The selector cannot be used: the rule is for no login.
    Selector(SelectorError),
    /// The name asks for something that the auth method does not map: `${value.x}`.
    Unmapped {
        /// What is asked for.
        variable: String,
    },
    /// The name that comes out is none of this kind.
    Name {
        /// What comes out.
        name: String,
    },
    /// The kind of thing is not known here.
    BindType(String),
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selector(error) => error.fmt(f),
            Self::Unmapped { variable } => {
                write!(f, "the auth method maps no claim to `{variable}`, which the name asks for")
            }
            Self::Name { name } => write!(f, "the name would be `{name}`, which is none of this kind"),
            Self::BindType(kind) => write!(f, "what `{kind}` gives is not known here"),
        }
    }
}

impl std::error::Error for BindingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        None
    }
}

impl JwtConfig {
    /// What binding rules see of a login with these claims.
    ///
    /// ```
    /// use consul_client::{BindType, BindingRule, Grant, JwtConfig};
    /// let config = JwtConfig::jwks("http://127.0.0.1:4646/.well-known/jwks.json", "consul.io")
    ///     .claim("nomad_namespace", "nomad_namespace");
    /// let claims = serde_json::json!({"nomad_namespace": "production", "aud": "consul.io"});
    /// let login = config.identity(claims.as_object().unwrap());
    /// let rule = BindingRule::new("nomad-workloads", BindType::Role, "nomad-${value.nomad_namespace}-tasks");
    /// assert_eq!(rule.grant(&login)?, Some(Grant::Role("nomad-production-tasks".to_owned())));
    /// # Ok::<(), consul_client::BindingError>(())
    /// ```
    #[must_use]
    pub fn identity(&self, claims: &Map<String, Value>) -> LoginIdentity {
        let whole = Value::Object(claims.clone());
        let find = |claim: &str| match claim.strip_prefix('/') {
            Some(_) => whole.pointer(claim).cloned(),
            None => claims.get(claim).cloned(),
        };
        let mut login = LoginIdentity {
            mapped: self.claim_mappings.values().cloned().collect(),
            ..LoginIdentity::default()
        };
        for (claim, name) in &self.claim_mappings {
            if let Some(value) = find(claim).as_ref().and_then(plain) {
                login.values.insert(name.clone(), value);
            }
        }
        for (claim, name) in &self.list_claim_mappings {
            let list = match find(claim) {
                Some(Value::Array(items)) => items.iter().filter_map(plain).collect(),
                Some(one) => plain(&one).into_iter().collect(),
                None => continue,
            };
            login.lists.insert(name.clone(), list);
        }
        login
    }

    /// Why a token with these claims is refused, whatever it is signed with; nothing, if it is not.
    #[must_use]
    pub fn refusals(&self, claims: &Map<String, Value>) -> Vec<String> {
        let mut refusals = Vec::new();
        let audiences: Vec<String> = match claims.get("aud") {
            Some(Value::Array(items)) => items.iter().filter_map(plain).collect(),
            Some(one) => plain(one).into_iter().collect(),
            None => Vec::new(),
        };
        if !self.bound_audiences.is_empty() && !audiences.iter().any(|aud| self.bound_audiences.contains(aud))
        {
            refusals.push(format!(
                "the token is meant for `{}`, and the auth method wants `{}`",
                audiences.join("`, `"),
                self.bound_audiences.join("`, `")
            ));
        }
        if self.bound_audiences.is_empty() && !audiences.is_empty() {
            refusals.push("the token has an audience, and the auth method is bound to none".to_owned());
        }
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        if let Some(bound) =
            self.bound_issuer.as_deref().filter(|bound| !bound.is_empty() && *bound != issuer)
        {
            refusals.push(format!("the token's issuer is `{issuer}`, and the auth method wants `{bound}`"));
        }
        refusals
    }
}

/// A claim as text; `None` for what no text is made of.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        // Fractions are cut off.
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.split_once('.').map_or(text.as_str(), |(whole, _)| whole).to_owned())
        }
        _ => None,
    }
}

impl BindingRule {
    /// What a login gets by this rule: `None` where the rule is for other logins. Nothing is asked
    /// of the server, so that whether a role or policy exists is left to the caller.
    ///
    /// # Errors
    ///
    /// The rule cannot be followed; see [`BindingError`] for what that means.
    pub fn grant(&self, login: &LoginIdentity) -> Result<Option<Grant>, BindingError> {
        let selector = self.selector.as_deref().unwrap_or_default();
        if !selector.is_empty() && !Selector::parse(selector).map_err(BindingError::Selector)?.matches(login)
        {
            return Ok(None);
        }
        let name = || login.fill_in(&self.bind_name);
        let named = |is_valid: fn(&str) -> bool| {
            let name = name()?;
            if is_valid(&name) { Ok(name) } else { Err(BindingError::Name { name }) }
        };
        Ok(Some(match &self.bind_type {
            BindType::Service => Grant::Service(named(is_identity_name)?),
            BindType::Node => Grant::Node(named(is_identity_name)?),
            BindType::Role => Grant::Role(named(is_role_name)?),
            BindType::Policy => Grant::Policy(named(is_role_name)?),
            BindType::TemplatedPolicy => Grant::TemplatedPolicy {
                template: self.bind_name.clone(),
                name: match self.bind_vars.as_ref().map(|variables| variables.name.as_str()) {
                    None | Some("") => None,
                    Some(name) => Some(login.fill_in(name)?),
                },
            },
            other => return Err(BindingError::BindType(other.to_string())),
        }))
    }
}

impl LoginIdentity {
    /// A text with `${value.…}` filled in: in lower case, as the server does it.
    fn fill_in(&self, text: &str) -> Result<String, BindingError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let unmapped = |variable: &str| BindingError::Unmapped { variable: variable.trim().to_owned() };
            let (variable, after) = after.split_once('}').ok_or_else(|| unmapped(after))?;
            let name = variable.trim().strip_prefix("value.").ok_or_else(|| unmapped(variable))?;
            match self.values.get(name) {
                Some(value) => out.push_str(&value.to_lowercase()),
                // A claim that is mapped and missing is nothing.
                None if self.mapped.iter().any(|mapped| mapped == name) => {}
                None => return Err(unmapped(variable)),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn is_identity_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=256).contains(&name.len())
        && name.chars().all(|c| plain(c) || matches!(c, '-' | '_'))
        && name.starts_with(plain)
        && name.ends_with(plain)
}

fn is_role_name(name: &str) -> bool {
    (1..=256).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn login(claims: Value) -> LoginIdentity {
        let config = ["nomad_namespace", "nomad_job_id", "nomad_service"]
            .into_iter()
            .fold(JwtConfig::jwks("http://n/.well-known/jwks.json", "consul.io"), |config, claim| {
                config.claim(claim, claim)
            });
        config.identity(claims.as_object().unwrap())
    }

    fn rules() -> [BindingRule; 2] {
        let method = "nomad-workloads";
        [
            BindingRule::new(method, BindType::Service, "${value.nomad_service}")
                .selector("\"nomad_service\" in value"),
            BindingRule::new(method, BindType::Role, "nomad-${value.nomad_namespace}-tasks")
                .selector("\"nomad_service\" not in value"),
        ]
    }

    #[test]
    fn nomads_rules_give_services_their_identity_and_tasks_a_role() {
        let [service, task] = rules();
        let web = login(json!({"nomad_namespace": "Prod", "nomad_service": "web"}));
        assert_eq!(service.grant(&web), Ok(Some(Grant::Service("web".into()))));
        assert_eq!(task.grant(&web), Ok(None));
        let task_login = login(json!({"nomad_namespace": "Prod", "nomad_task": "api"}));
        assert_eq!(service.grant(&task_login), Ok(None));
        assert_eq!(task.grant(&task_login), Ok(Some(Grant::Role("nomad-prod-tasks".into()))));
    }

    #[test]
    fn rules_that_cannot_be_followed_say_why() {
        let login = login(json!({"nomad_namespace": "a b"}));
        let rule = |name: &str| BindingRule::new("m", BindType::Role, name);
        assert_eq!(
            rule("${value.nobody}").grant(&login),
            Err(BindingError::Unmapped { variable: "value.nobody".into() })
        );
        assert_eq!(
            rule("r-${value.nomad_namespace}").grant(&login),
            Err(BindingError::Name { name: "r-a b".into() })
        );
        // Mapped, but not in this token.
        assert_eq!(
            rule("${value.nomad_service}").grant(&login),
            Err(BindingError::Name { name: String::new() })
        );
        let error = rule("r").selector("claims.x == y").grant(&login).unwrap_err();
        assert!(matches!(error, BindingError::Selector(_)));
    }

    #[test]
    fn audience_and_issuer_are_looked_at() {
        let config = JwtConfig::jwks("http://n", "consul.io").bound_issuer("https://nomad");
        let claims = |value: Value| value.as_object().unwrap().clone();
        assert!(
            config.refusals(&claims(json!({"aud": ["x", "consul.io"], "iss": "https://nomad"}))).is_empty()
        );
        assert_eq!(config.refusals(&claims(json!({"aud": "vault.io"}))).len(), 2);
    }
}
