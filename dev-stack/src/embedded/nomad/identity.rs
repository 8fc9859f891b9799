//! Workload identities: the key, the JWTs signed with it, and where they are checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::json::{Json as _, uuid};

/// Keys for development only, in this repository for everybody to read: making an RSA key takes longer than a stack may
/// take to start. A keyring starts with the first, and each rotation takes the next.
const KEYS: [&[u8]; 4] = [
    include_bytes!("identity_keys/1.der"),
    include_bytes!("identity_keys/2.der"),
    include_bytes!("identity_keys/3.der"),
    include_bytes!("identity_keys/4.der"),
];

/// A signing key of the keyring.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pair: RsaKeyPair,
    pub(crate) created: i64,
    pub(crate) active: bool,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The key a keyring gets after `rotations`; `None` if there are no more.
    pub(crate) fn nth(rotations: usize, now_ns: i64) -> Option<Self> {
        let pair = RsaKeyPair::from_pkcs8(KEYS.get(rotations)?).ok()?;
        Some(Self { id: uuid(), pair, created: now_ns, active: true })
    }

    pub(crate) fn jwk(&self) -> Value {
        let public: PublicKeyComponents<Vec<u8>> = self.pair.public_key().into();
        json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id, "n": B64.encode(public.n), "e": B64.encode(public.e)})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": self.id, "typ": "JWT"});
        let body = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body.as_bytes(), &mut signature);
        if signed.is_err() {
            tracing::error!("an identity could not be signed");
        }
        format!("{body}.{}", B64.encode(signature))
    }

    /// The claims of a token this key signed.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let (body, signature) = token.rsplit_once('.')?;
        let signature = B64.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref())
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
        let key = SigningKey::nth(0, 0).unwrap();
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
