//! Workload identities: the key, the JWTs signed with it, and where they are checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value, json};

use super::json::{Json as _, uuid};

/// A signing key of the keyring.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pair: Ed25519KeyPair,
    pub(crate) created: i64,
    pub(crate) active: bool,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key; `None` if the system has no randomness.
    pub(crate) fn generate(now_ns: i64) -> Option<Self> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok()?;
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).ok()?;
        Some(Self { id: uuid(), pair, created: now_ns, active: true })
    }

    pub(crate) fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": B64.encode(self.pair.public_key().as_ref())})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.id, "typ": "JWT"});
        let body = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = self.pair.sign(body.as_bytes());
        format!("{body}.{}", B64.encode(signature.as_ref()))
    }

    /// The claims of a token this key signed.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let (body, signature) = token.rsplit_once('.')?;
        let signature = B64.decode(signature).ok()?;
        UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref())
            .verify(body.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&B64.decode(body.split_once('.')?.1).ok()?).ok()
    }
}

/// The claims of an identity of a task, valid from `now` (seconds).
pub(crate) fn claims(alloc: &Value, task: &Value, identity: &Value, now: i64) -> Value {
    let job = alloc.at("Job");
    // Children answer for their parent: roles are bound to what was deployed, not to each dispatch.
    let job_id = if job.s("ParentID").is_empty() { job.s("ID") } else { job.s("ParentID") };
    let name = identity.s("Name");
    let mut claims = json!({
        "sub": format!("{}:{}:{job_id}:{}:{}:{name}", job.s("Region"), alloc.s("Namespace"), alloc.s("TaskGroup"), task.s("Name")),
        "iat": now, "nbf": now, "jti": uuid(), "nomad_namespace": alloc.s("Namespace"), "nomad_job_id": job_id,
        "nomad_allocation_id": alloc.s("ID"), "nomad_task": task.s("Name"),
    });
    match identity.a("Audience") {
        [] => {}
        [one] => claims.put("aud", one.clone()),
        many => claims.put("aud", many.to_vec()),
    }
    let ttl = i64::try_from(identity.dur("TTL").as_secs()).unwrap_or(0);
    if ttl > 0 {
        claims.put("exp", now + ttl);
    }
    if name.starts_with("vault_") && !task.at("Vault").s("Role").is_empty() {
        claims.put("vault_role", task.at("Vault").s("Role"));
    }
    let extra: Vec<(String, String)> = identity
        .map("ExtraClaims")
        .map(|(k, v)| {
            let text = v
                .as_str()
                .unwrap_or("")
                .replace("${job.region}", job.s("Region"))
                .replace("${job.namespace}", alloc.s("Namespace"))
                .replace("${job.id}", job_id)
                .replace("${group.name}", alloc.s("TaskGroup"))
                .replace("${task.name}", task.s("Name"))
                .replace("${alloc.id}", alloc.s("ID"))
                .replace("${node.id}", alloc.s("NodeID"));
            (k.clone(), text)
        })
        .collect();
    if !extra.is_empty() {
        claims.put(
            "extra_claims",
            extra.into_iter().map(|(k, v)| (k, Value::from(v))).collect::<serde_json::Map<_, _>>(),
        );
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_and_a_changed_one_does_not() {
        let key = SigningKey::generate(0).unwrap();
        let token = key.sign(&json!({"sub": "x"}));
        assert_eq!(key.verify(&token), Some(json!({"sub": "x"})));
        let (head, tail) = token.split_once('.').unwrap();
        let forged = format!("{head}.{}.{}", B64.encode("{\"sub\":\"y\"}"), tail.split_once('.').unwrap().1);
        assert_eq!(key.verify(&forged), None);
    }

    #[test]
    fn claims_name_the_parent_and_the_role() {
        let alloc = json!({"ID": "a", "Namespace": "prod", "TaskGroup": "g", "Job": {"ID": "p/dispatch-1", "ParentID": "p", "Region": "global"}});
        let task = json!({"Name": "t", "Vault": {"Role": "r"}});
        let c = claims(
            &alloc,
            &task,
            &json!({"Name": "vault_default", "Audience": ["vault.io"], "TTL": 3_600_000_000_000_u64}),
            100,
        );
        assert_eq!(c["sub"], "global:prod:p:g:t:vault_default");
        assert_eq!((&c["aud"], &c["vault_role"], &c["exp"]), (&json!("vault.io"), &json!("r"), &json!(3700)));
    }
}
