//! What a mount does with the requests below it.

pub(crate) mod approle;
pub(crate) mod jwt;
pub(crate) mod kv1;
pub(crate) mod kv2;
pub(crate) mod transit;
pub(crate) mod userpass;

use std::collections::HashMap;

use jiff::Timestamp;

use super::request::{Outcome, Request};

/// What an engine needs to know besides the request.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) now: Timestamp,
    /// The client's token, for what belongs to it.
    pub(crate) token: String,
    /// Lease time of the mount, in seconds.
    pub(crate) default_lease_ttl: i64,
    /// Keys fetched for a JWT login.
    pub(crate) fetched_keys: Option<Result<serde_json::Value, String>>,
}

/// The state of a mount.
#[derive(Debug)]
pub(crate) enum Engine {
    Kv1(kv1::Kv1),
    Kv2(kv2::Kv2),
    /// A space of its own for each token.
    Cubbyhole(HashMap<String, kv1::Kv1>),
    Transit(transit::Transit),
    AppRole(approle::AppRole),
    Jwt(jwt::Jwt),
    Userpass(userpass::Userpass),
    /// `sys/`, `identity/` and `auth/token/`, which need the whole server.
    BuiltIn,
}

impl Engine {
    /// The engine behind a type of secrets engine.
    pub(crate) fn secrets(kind: &str, version: &str) -> Option<Self> {
        match (kind, version) {
            ("kv" | "kv-v2", "2") | ("kv-v2", _) => Some(Self::Kv2(kv2::Kv2::default())),
            ("kv" | "generic", _) => Some(Self::Kv1(kv1::Kv1::default())),
            ("transit", _) => Some(Self::Transit(transit::Transit::default())),
            _ => None,
        }
    }

    /// The engine behind a type of auth method.
    pub(crate) fn auth(kind: &str) -> Option<Self> {
        match kind {
            "approle" => Some(Self::AppRole(approle::AppRole::default())),
            "jwt" | "oidc" => Some(Self::Jwt(jwt::Jwt::default())),
            "userpass" => Some(Self::Userpass(userpass::Userpass::default())),
            _ => None,
        }
    }

    /// Whether what a write names is there already; none if every write is an update.
    pub(crate) fn exists(&self, context: &Context, rest: &str) -> Option<bool> {
        match self {
            Self::Kv1(kv) => Some(kv.exists(rest)),
            Self::Kv2(kv) => kv.exists(rest),
            Self::Cubbyhole(spaces) => Some(spaces.get(&context.token).is_some_and(|kv| kv.exists(rest))),
            Self::Transit(transit) => transit.exists(rest),
            Self::AppRole(approle) => approle.exists(rest),
            Self::Jwt(jwt) => jwt.exists(rest),
            Self::Userpass(userpass) => userpass.exists(rest),
            Self::BuiltIn => None,
        }
    }

    /// Whether a path needs no token.
    pub(crate) fn is_login(&self, rest: &str) -> bool {
        match self {
            Self::AppRole(_) | Self::Jwt(_) => rest == "login",
            Self::Userpass(_) => rest.starts_with("login/"),
            _ => false,
        }
    }

    /// Answers a request below the mount.
    pub(crate) fn handle(&mut self, context: &Context, request: &Request, rest: &str) -> Outcome {
        match self {
            Self::Kv1(kv) => kv.handle(context, request, rest, true),
            Self::Kv2(kv) => kv.handle(context, request, rest),
            Self::Cubbyhole(spaces) => {
                spaces.entry(context.token.clone()).or_default().handle(context, request, rest, false)
            }
            Self::Transit(transit) => transit.handle(context, request, rest),
            Self::AppRole(approle) => approle.handle(context, request, rest),
            Self::Jwt(jwt) => jwt.handle(context, request, rest),
            Self::Userpass(userpass) => userpass.handle(request, rest),
            Self::BuiltIn => Err(super::request::Failure::unsupported_path()),
        }
    }
}

/// The names directly below `prefix` (which ends in `/` or is empty); folders end in `/`.
pub(crate) fn children<'a>(keys: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = keys
        .filter_map(|key| key.strip_prefix(prefix))
        .filter(|rest| !rest.is_empty())
        .map(|rest| match rest.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => rest.to_owned(),
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A path to list, with its slash at the end.
pub(crate) fn folder(path: &str) -> String {
    if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}
