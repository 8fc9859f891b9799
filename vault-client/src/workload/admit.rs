//! Whether a role admits claims.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::auth::JwtRole;

/// What a login makes of a token's claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admitted {
    /// The name of the entity's alias, from `user_claim`. Two tokens with the same one are the
    /// same entity.
    pub alias: String,
    /// The alias' metadata, from `claim_mappings`. Servers add the role's name as `role`.
    pub metadata: BTreeMap<String, String>,
    /// Names of the groups' aliases, from `groups_claim`.
    pub groups: Vec<String>,
    /// Claims of `claim_mappings` that the token lacks. Servers do not mind; policies whose
    /// templates use them open nothing.
    pub unmapped: Vec<String>,
}

/// Why a role refuses a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The role is for logins with a browser.
    #[error("the role's type is `oidc`, the default, not `jwt`")]
    NotJwt,
    /// The token has no `aud`, and the role wants one.
    #[error("no `aud`, expected {}", listed(expected))]
    AudienceMissing {
        /// One of these.
        expected: Vec<String>,
    },
    /// The token is for somebody else.
    #[error("`aud` is {}, expected {}", listed(found), listed(expected))]
    AudienceMismatch {
        /// One of these.
        expected: Vec<String>,
        /// What the token has.
        found: Vec<String>,
    },
    /// The token has an `aud`, and the role names none.
    #[error("`aud` is {}, and the role has no `bound_audiences`", listed(found))]
    AudienceUnbound {
        /// What the token has.
        found: Vec<String>,
    },
    /// The token has another `sub`.
    #[error("`sub` is `{found}`, expected `{expected}`")]
    SubjectMismatch {
        /// The role's.
        expected: String,
        /// The token's; empty if it has none.
        found: String,
    },
    /// A claim of `bound_claims` is missing.
    #[error("no claim `{claim}`")]
    ClaimMissing {
        /// The claim.
        claim: String,
    },
    /// A claim has none of the values it must have.
    #[error("`{claim}` is {found}, expected {}", listed(expected))]
    ClaimMismatch {
        /// The claim.
        claim: String,
        /// One of these, or a text that matches one of these patterns.
        expected: Vec<String>,
        /// What the token has.
        found: String,
    },
    /// The role binds a claim to what can never match: an object, or a number as a pattern.
    #[error("the role binds `{claim}` to what nothing matches")]
    ClaimUnmatchable {
        /// The claim.
        claim: String,
    },
    /// The role says nothing about whom the token is for: servers refuse to write such a role.
    #[error("the role has no `user_claim`")]
    NoUserClaim,
    /// The claim that names the user is missing.
    #[error("no claim `{claim}`, which names the user")]
    UserClaimMissing {
        /// The claim.
        claim: String,
    },
    /// A claim that becomes a name or metadata is no text.
    #[error("`{claim}` is not a text")]
    ClaimNotText {
        /// The claim.
        claim: String,
    },
    /// The claim that lists the groups is missing or no list of texts.
    #[error("`{claim}` is missing or lists no groups")]
    GroupsUnreadable {
        /// The claim.
        claim: String,
    },
}

fn listed(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(" or ") }
}

impl JwtRole {
    /// Whether a token with these claims may log in, and as whom. Signature, times, issuer and the
    /// address it comes from are the server's to check.
    ///
    /// # Errors
    ///
    /// Every reason why it may not, of which a server would name the first.
    ///
    /// ```
    /// use vault_client::workload::{Refusal, WorkloadClaims, WorkloadRole};
    /// let role = WorkloadRole::new("default", "api").build();
    /// let claims = WorkloadClaims::new("default", "api", "api").audience("consul.io");
    /// let refusals = role.admits(&claims.to_map()).unwrap_err();
    /// assert_eq!(refusals[0].to_string(), "`aud` is `consul.io`, expected `vault.io`");
    /// ```
    pub fn admits(&self, claims: &Map<String, Value>) -> Result<Admitted, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let mut admitted = Admitted::default();
        if self.role_type.as_deref().is_none_or(|kind| kind.is_empty() || kind == "oidc") {
            refusals.push(Refusal::NotJwt);
        }
        refusals.extend(self.subject_refusal(claims));
        refusals.extend(self.audience_refusal(claims));
        match self.user(claims) {
            Ok(user) => admitted.alias = user,
            Err(refusal) => refusals.push(refusal),
        }
        for (claim, name) in self.claim_mappings.iter().flatten() {
            match find(claims, claim) {
                None | Some(Value::Null) => admitted.unmapped.push(claim.clone()),
                Some(Value::String(text)) => {
                    admitted.metadata.insert(name.clone(), text.clone());
                }
                Some(_) => refusals.push(Refusal::ClaimNotText { claim: claim.clone() }),
            }
        }
        if let Some(claim) = self.groups_claim.as_ref().filter(|claim| !claim.is_empty()) {
            match find(claims, claim).and_then(groups) {
                Some(groups) => admitted.groups = groups,
                None => refusals.push(Refusal::GroupsUnreadable { claim: claim.clone() }),
            }
        }
        let globs = self.bound_claims_type.as_deref() == Some("glob");
        for (claim, wanted) in self.bound_claims.iter().flatten() {
            refusals.extend(claim_refusal(claim, wanted, find(claims, claim), globs));
        }
        if refusals.is_empty() { Ok(admitted) } else { Err(refusals) }
    }

    fn subject_refusal(&self, claims: &Map<String, Value>) -> Option<Refusal> {
        let expected = self.bound_subject.as_ref().filter(|subject| !subject.is_empty())?;
        let found = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        (found != expected)
            .then(|| Refusal::SubjectMismatch { expected: expected.clone(), found: found.to_owned() })
    }

    fn audience_refusal(&self, claims: &Map<String, Value>) -> Option<Refusal> {
        let found: Vec<String> = match claims.get("aud") {
            Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let expected = self.bound_audiences.clone().unwrap_or_default();
        match (expected.is_empty(), found.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Refusal::AudienceUnbound { found }),
            (false, true) => Some(Refusal::AudienceMissing { expected }),
            (false, false) if found.iter().any(|audience| expected.contains(audience)) => None,
            (false, false) => Some(Refusal::AudienceMismatch { expected, found }),
        }
    }

    fn user(&self, claims: &Map<String, Value>) -> Result<String, Refusal> {
        let claim = self.user_claim.as_ref().filter(|claim| !claim.is_empty()).ok_or(Refusal::NoUserClaim)?;
        let pointer = self.user_claim_json_pointer == Some(true);
        let value = if pointer { find(claims, claim) } else { claims.get(claim.as_str()) };
        match value {
            None | Some(Value::Null) => Err(Refusal::UserClaimMissing { claim: claim.clone() }),
            Some(Value::String(user)) => Ok(user.clone()),
            Some(_) => Err(Refusal::ClaimNotText { claim: claim.clone() }),
        }
    }
}

/// A claim by its name, or by a JSON pointer where it begins with a slash.
fn find<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    let Some(pointer) = claim.strip_prefix('/') else { return claims.get(claim) };
    let mut keys = pointer.split('/').map(|key| key.replace("~1", "/").replace("~0", "~"));
    let first = claims.get(&keys.next()?)?;
    keys.try_fold(first, |value, key| match value {
        Value::Object(map) => map.get(&key),
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn groups(value: &Value) -> Option<Vec<String>> {
    let values = as_list(value)?;
    let names: Option<Vec<&str>> = values.iter().map(|value| value.as_str()).collect();
    Some(names?.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// A list, or one value as a list of one.
fn as_list(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(list) => Some(list.iter().collect()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Some(vec![value]),
        Value::Null | Value::Object(_) => None,
    }
}

fn claim_refusal(claim: &str, wanted: &Value, found: Option<&Value>, globs: bool) -> Option<Refusal> {
    let claim = claim.to_owned();
    let Some(found) = found.filter(|found| !found.is_null()) else {
        return Some(Refusal::ClaimMissing { claim });
    };
    let Some(patterns) = as_list(wanted) else { return Some(Refusal::ClaimUnmatchable { claim }) };
    let values = as_list(found).unwrap_or_default();
    for pattern in &patterns {
        if globs && !pattern.is_string() {
            return Some(Refusal::ClaimUnmatchable { claim });
        }
        let matches = |value: &&Value| match (pattern.as_str(), value.as_str()) {
            (Some(pattern), Some(text)) if globs => glob(pattern, text),
            _ => equal(pattern, value),
        };
        if values.iter().any(matches) {
            return None;
        }
    }
    let expected = patterns.into_iter().map(shown).collect();
    let found = values.into_iter().map(|value| format!("`{}`", shown(value))).collect::<Vec<_>>();
    let found = if found.is_empty() { "no value".to_owned() } else { found.join(" and ") };
    Some(Refusal::ClaimMismatch { claim, expected, found })
}

/// Numbers of claims are cut to whole ones before servers compare them.
fn equal(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Number(left), Value::Number(right)) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.to_bits() == right.trunc().to_bits(),
            _ => left == right,
        },
        _ => pattern == value,
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `*` stands for anything, anywhere.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}
