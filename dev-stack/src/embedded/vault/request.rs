//! A request as the engines see it, and what they answer.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::value::{Object, boolean, integer, seconds, strings, text};

/// What a request wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Operation {
    #[default]
    Read,
    List,
    Create,
    Update,
    Delete,
    Patch,
    Header,
}

impl Operation {
    /// `Create` and `Update` alike.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update)
    }
}

/// One logical request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    /// Without `/v1/`.
    pub(crate) path: String,
    /// The body, or the query of a read.
    pub(crate) data: Object,
    /// The client's token; empty if there is none.
    pub(crate) token: String,
    /// In seconds.
    pub(crate) wrap_ttl: Option<i64>,
    pub(crate) peer: Option<IpAddr>,
    /// The address the client used, for the OIDC issuer and the like.
    pub(crate) host: String,
}

impl Request {
    /// A field as text; empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        self.data.get(name).map(text).unwrap_or_default()
    }

    pub(crate) fn bool(&self, name: &str, default: bool) -> Result<bool, Failure> {
        match self.data.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(v) => boolean(v).ok_or_else(|| field_error(name, v)),
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.data.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(v) => integer(v).map(Some).ok_or_else(|| field_error(name, v)),
        }
    }

    /// A duration in seconds.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.data.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(v) => seconds(v).map(Some).map_err(|_| field_error(name, v)),
        }
    }

    pub(crate) fn strings(&self, name: &str) -> Option<Vec<String>> {
        self.data.get(name).filter(|v| !v.is_null()).map(strings)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.data.contains_key(name)
    }
}

fn field_error(name: &str, value: &Value) -> Failure {
    let kind = match value {
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
        _ => "value",
    };
    Failure::bad(format!(
        "Field validation failed: error converting input for field \"{name}\": cannot parse {kind}"
    ))
}

/// A token to be issued by a login.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub(crate) policies: Vec<String>,
    pub(crate) metadata: Object,
    pub(crate) display_name: String,
    /// The name of the entity alias; none leaves the token without an entity.
    pub(crate) alias: Option<String>,
    pub(crate) alias_metadata: Object,
    pub(crate) group_aliases: Vec<String>,
    pub(crate) settings: TokenSettings,
}

/// The `token_*` fields roles of all auth methods share.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenSettings {
    pub(crate) bound_cidrs: Vec<String>,
    pub(crate) explicit_max_ttl: i64,
    pub(crate) max_ttl: i64,
    pub(crate) no_default_policy: bool,
    pub(crate) num_uses: i64,
    pub(crate) period: i64,
    pub(crate) policies: Vec<String>,
    pub(crate) ttl: i64,
    pub(crate) kind: String,
}

impl TokenSettings {
    /// Takes over the fields a request has.
    pub(crate) fn update(&mut self, request: &Request) -> Result<(), Failure> {
        let either = |new: &str, old: &str| if request.has(new) { new.to_owned() } else { old.to_owned() };
        if let Some(v) = request.strings("token_bound_cidrs") {
            self.bound_cidrs = v;
        }
        if let Some(v) = request.seconds("token_explicit_max_ttl")? {
            self.explicit_max_ttl = v;
        }
        if let Some(v) = request.seconds(&either("token_max_ttl", "max_ttl"))? {
            self.max_ttl = v;
        }
        self.no_default_policy = request.bool("token_no_default_policy", self.no_default_policy)?;
        if let Some(v) = request.integer(&either("token_num_uses", "num_uses"))? {
            if v < 0 {
                return Err(Failure::bad("'token_num_uses' cannot be negative"));
            }
            self.num_uses = v;
        }
        if let Some(v) = request.seconds(&either("token_period", "period"))? {
            self.period = v;
        }
        if let Some(v) = request.strings(&either("token_policies", "policies")) {
            self.policies = v;
        }
        if let Some(v) = request.seconds(&either("token_ttl", "ttl"))? {
            self.ttl = v;
        }
        if self.max_ttl > 0 && self.ttl > self.max_ttl {
            return Err(Failure::bad("'token_ttl' should not be greater than 'token_max_ttl'"));
        }
        if request.has("token_type") {
            self.kind = match request.text("token_type").as_str() {
                "" | "default" => "default".into(),
                k @ ("service" | "batch" | "default-service" | "default-batch") => k.to_owned(),
                other => return Err(Failure::bad(format!("invalid 'token_type' value {other:?}"))),
            };
        }
        if self.kind == "batch" && (self.period > 0 || self.num_uses > 0) {
            return Err(Failure::bad(
                "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens or tokens with limited use count",
            ));
        }
        Ok(())
    }

    /// The fields as a role's read shows them.
    pub(crate) fn show(&self, into: &mut Object) {
        let kind = if self.kind.is_empty() { "default" } else { &self.kind };
        let fields = [
            ("token_bound_cidrs", json!(self.bound_cidrs)),
            ("token_explicit_max_ttl", json!(self.explicit_max_ttl)),
            ("token_max_ttl", json!(self.max_ttl)),
            ("token_no_default_policy", json!(self.no_default_policy)),
            ("token_num_uses", json!(self.num_uses)),
            ("token_period", json!(self.period)),
            ("token_policies", json!(self.policies)),
            ("token_ttl", json!(self.ttl)),
            ("token_type", json!(kind)),
        ];
        into.extend(fields.map(|(k, v)| (k.to_owned(), v)));
    }

    /// Whether a peer may use what these settings guard.
    pub(crate) fn admits(&self, peer: Option<IpAddr>) -> bool {
        self.bound_cidrs.is_empty() || peer.is_some_and(|p| super::value::in_any_cidr(p, &self.bound_cidrs))
    }
}

/// What an engine answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) data: Value,
    pub(crate) auth: Value,
    pub(crate) login: Option<Login>,
    pub(crate) warnings: Vec<String>,
    pub(crate) lease_duration: i64,
    /// `data` is repeated at the top level, as older endpoints do.
    pub(crate) repeated: bool,
    /// `data` is the whole body.
    pub(crate) bare: bool,
    /// A whole answer that was wrapped earlier.
    pub(crate) unwrapped: Option<Value>,
    /// The answer is not text in the usual envelope.
    pub(crate) raw: Option<(String, Vec<u8>)>,
}

impl Reply {
    pub(crate) fn data(data: Value) -> Self {
        Self {
            status: 200,
            data,
            auth: Value::Null,
            login: None,
            warnings: Vec::new(),
            lease_duration: 0,
            repeated: false,
            bare: false,
            unwrapped: None,
            raw: None,
        }
    }

    pub(crate) fn auth(auth: Value) -> Self {
        Self { auth, ..Self::data(Value::Null) }
    }

    pub(crate) fn login(login: Login) -> Self {
        Self { login: Some(login), ..Self::data(Value::Null) }
    }

    pub(crate) fn bare(status: u16, data: Value) -> Self {
        Self { status, bare: true, ..Self::data(data) }
    }

    pub(crate) fn repeated(data: Value) -> Self {
        Self { repeated: true, ..Self::data(data) }
    }

    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self { warnings: vec![text.into()], ..Self::data(Value::Null) }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The keys of a list; an empty list is no answer at all.
    pub(crate) fn keys(keys: Vec<String>) -> Outcome {
        Ok(if keys.is_empty() { None } else { Some(Self::data(json!({ "keys": keys }))) })
    }

    /// A list whose keys have details.
    pub(crate) fn keys_with_info(keys: Vec<String>, info: Object) -> Outcome {
        Ok(if keys.is_empty() { None } else { Some(Self::data(json!({ "keys": keys, "key_info": info }))) })
    }
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) errors: Vec<String>,
}

impl Failure {
    pub(crate) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, errors: vec![error.into()] }
    }

    /// 400 with this text.
    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Self::new(400, error)
    }

    /// The text in the list format some layers of the server wrap errors in.
    pub(crate) fn listed(status: u16, error: &str) -> Self {
        Self::new(status, format!("1 error occurred:\n\t* {error}\n\n"))
    }

    /// 403 for a token whose policies do not permit the request.
    pub(crate) fn denied() -> Self {
        Self::listed(403, "permission denied")
    }

    /// 403 for a request without a token.
    pub(crate) fn no_token() -> Self {
        Self::new(403, "permission denied")
    }

    /// 403 for a token the server does not know.
    pub(crate) fn bad_token() -> Self {
        Self::new(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
    }

    pub(crate) fn unsupported_path() -> Self {
        Self::listed(404, "unsupported path")
    }

    pub(crate) fn unsupported_operation() -> Self {
        Self::listed(405, "unsupported operation")
    }
}

/// An answer, nothing (204 after a write, 404 after a read), or a refusal.
pub(crate) type Outcome = Result<Option<Reply>, Failure>;
