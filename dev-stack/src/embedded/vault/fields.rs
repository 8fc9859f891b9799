//! Which fields of a write are simulated. What is not simulated is refused, never ignored.

use serde_json::Value;

use super::request::{Failure, Request};
use super::value::Object;

const TOKEN: &[&str] = &[
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_max_ttl",
    "max_ttl",
    "token_no_default_policy",
    "token_num_uses",
    "num_uses",
    "token_period",
    "period",
    "token_policies",
    "policies",
    "token_ttl",
    "ttl",
    "token_type",
];

const TRANSIT: &[&str] = &[
    "type",
    "allow_plaintext_backup",
    "exportable",
    "deletion_allowed",
    "auto_rotate_period",
    "min_decryption_version",
    "min_encryption_version",
    "plaintext",
    "ciphertext",
    // Without derived keys a context changes nothing.
    "context",
    "input",
    "signature",
    "hmac",
    "algorithm",
    "hash_algorithm",
    "format",
    "bytes",
    "source",
    "key_version",
    "batch_input",
    "reference",
    "name",
];

const APPROLE: &[&str] = &[
    "role_id",
    "secret_id",
    "secret_id_accessor",
    "bind_secret_id",
    "bound_cidr_list",
    "secret_id_bound_cidrs",
    "secret_id_num_uses",
    "secret_id_ttl",
    "local_secret_ids",
    "metadata",
    "cidr_list",
    "role_name",
];

const JWT: &[&str] = &[
    "jwt",
    "role",
    "jwks_url",
    "jwks_ca_pem",
    "jwt_validation_pubkeys",
    "bound_issuer",
    "default_role",
    "jwt_supported_algs",
    "namespace_in_state",
    "oidc_discovery_url",
    "role_type",
    "user_claim",
    "user_claim_json_pointer",
    "groups_claim",
    "bound_audiences",
    "bound_subject",
    "bound_claims",
    "bound_claims_type",
    "claim_mappings",
    "clock_skew_leeway",
    "expiration_leeway",
    "not_before_leeway",
    "max_age",
    "oidc_scopes",
    "allowed_redirect_uris",
    "verbose_oidc_logging",
];

const KV2: &[&str] = &[
    "data",
    "options",
    "version",
    "versions",
    "cas_required",
    "max_versions",
    "delete_version_after",
    "custom_metadata",
];

const CREATE_TOKEN: &[&str] = &[
    "id",
    "policies",
    "meta",
    "no_parent",
    "no_default_policy",
    "renewable",
    "lease",
    "ttl",
    "type",
    "explicit_max_ttl",
    "display_name",
    "num_uses",
    "period",
    "token",
    "accessor",
    "increment",
    "orphan",
    "path_suffix",
    "allowed_policies",
    "disallowed_policies",
    "allowed_policies_glob",
    "disallowed_policies_glob",
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_no_default_policy",
    "token_num_uses",
    "token_period",
    "token_type",
];

const MOUNT: &[&str] = &[
    "type",
    "description",
    "config",
    "options",
    "local",
    "seal_wrap",
    "external_entropy_access",
    "plugin_name",
    "path",
];

/// Refuses a write to an engine that sets a field which is not simulated.
pub(crate) fn check(kind: &str, request: &Request) -> Result<(), Failure> {
    if !request.operation.writes() {
        return Ok(());
    }
    let known: &[&[&str]] = match kind {
        "transit" => &[TRANSIT],
        "approle" => &[APPROLE, TOKEN],
        "jwt" | "oidc" => &[JWT, TOKEN],
        "userpass" => &[&["username", "password"], TOKEN],
        "token" => &[CREATE_TOKEN],
        "kv" if request.data.contains_key("data") || request.data.contains_key("versions") => &[KV2],
        _ => return Ok(()),
    };
    let known: Vec<&str> = known.concat();
    only(kind, &known, &request.data)?;
    let items = request.data.get("batch_input").and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_object).try_for_each(|item| only(kind, &known, item))
}

/// Refuses to enable an engine with settings that are not simulated.
pub(crate) fn check_mount(request: &Request) -> Result<(), Failure> {
    only("mount", MOUNT, &request.data)
}

/// Refuses a setting that is not simulated, unless it asks for nothing.
pub(crate) fn only(what: &str, known: &[&str], fields: &Object) -> Result<(), Failure> {
    match fields.iter().find(|(name, value)| !known.contains(&name.as_str()) && !asks_for_nothing(value)) {
        Some((name, _)) => Err(unsimulated(what, name)),
        None => Ok(()),
    }
}

fn unsimulated(what: &str, name: &str) -> Failure {
    Failure::bad(format!("{what}: {name:?} is not simulated by the embedded Vault"))
}

/// Whether a value is what a field has that was not sent.
fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(text) => matches!(text.as_str(), "" | "0" | "0s" | "false"),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
}
