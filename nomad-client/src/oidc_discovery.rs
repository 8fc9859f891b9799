//! The [keys](https://developer.hashicorp.com/nomad/api-docs/jwks) that workload identities are
//! signed with, and what [OIDC](https://developer.hashicorp.com/nomad/api-docs/oidc) wants to know.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use client_core::caps::{BlockingRead, Lookup};
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::{Call, Client};

/// What others need to verify workload identities. No token is needed.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// for key in nomad.oidc_discovery().jwks().await?.keys {
///     println!("{} {}", key.kid, key.alg);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::oidc_discovery)]
pub struct OidcDiscovery;

#[endpoints("oidc_discovery")]
impl OidcDiscovery {
    /// The public keys that identities are signed with.
    #[get("/.well-known/jwks.json")]
    pub fn jwks(&self) -> Call<Jwks, BlockingRead> {}

    /// What OIDC wants to know, where the servers have an issuer configured.
    #[get("/.well-known/openid-configuration")]
    pub fn openid_configuration(&self) -> Call<OpenIdConfiguration, Lookup> {}
}

/// Public keys, as in RFC 7517.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A public key, as in RFC 7517. Its numbers are in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct Jwk {
    /// Its id.
    pub kid: String,
    /// Its type, such as `RSA`.
    pub kty: String,
    /// Its algorithm, such as `RS256`.
    pub alg: String,
    /// Its use, such as `sig`.
    #[wire(name = "use")]
    pub key_use: String,
    /// The numbers, in base64.
    pub extra: Extra,
}

impl Jwk {
    /// The key as PEM (`PUBLIC KEY`), as those want it who cannot fetch the key set: Vault's
    /// `jwt_validation_pubkeys`, Consul's `JWTValidationPubKeys`. `None` for what is neither an
    /// RSA nor an Ed25519 key.
    ///
    /// ```
    /// let text = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key: nomad_client::Jwk = serde_json::from_str(text)?;
    /// assert!(key.to_pem().is_some_and(|pem| pem.starts_with("-----BEGIN PUBLIC KEY-----")));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn to_pem(&self) -> Option<String> {
        let key = self.subject_public_key_info()?;
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let text = STANDARD.encode(key);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Some(pem)
    }

    /// The key in DER, with the name of its algorithm before it, as in RFC 5280 and RFC 8410.
    fn subject_public_key_info(&self) -> Option<Vec<u8>> {
        const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
        let (algorithm, key) = match self.kty.as_str() {
            "RSA" => {
                let numbers = [integer(&self.number("n")?), integer(&self.number("e")?)].concat();
                (RSA, element(0x30, &numbers))
            }
            "OKP" if self.extra.get("crv").and_then(|curve| curve.as_str()) == Some("Ed25519") => {
                (ED25519, self.number("x").filter(|key| key.len() == 32)?)
            }
            _ => return None,
        };
        let bits = [&[0], key.as_slice()].concat();
        Some(element(0x30, &[element(0x30, algorithm), element(0x03, &bits)].concat()))
    }

    fn number(&self, name: &str) -> Option<Vec<u8>> {
        let text = self.extra.get(name)?.as_str()?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok().filter(|bytes| !bytes.is_empty())
    }
}

/// A DER integer that is not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if digits.first().is_none_or(|byte| *byte >= 0x80) {
        digits.insert(0, 0);
    }
    element(0x02, &digits)
}

/// A DER element: its tag, its length, its content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match digits.as_slice() {
        [] => out.push(0),
        [one] if *one < 0x80 => out.push(*one),
        // No length has more bytes than a number of this machine.
        more => {
            out.push(0x80 | u8::try_from(more.len()).unwrap_or(8));
            out.extend_from_slice(more);
        }
    }
    out.extend_from_slice(content);
    out
}

/// What OIDC wants to know.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct OpenIdConfiguration {
    /// The issuer.
    pub issuer: String,
    /// Where the keys are.
    pub jwks_uri: String,
    /// Algorithms of signatures.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// The rest.
    pub extra: Extra,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // What `openssl` writes for the same keys.
    const RSA: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsWCN1wh2n3FOty7pL8gF\n8vMQKOum3IESH2kihtAKpi4dEObgYsK+XZCKCvYXUhlmk8i16p2b2trtho0+0qbM\n+FUjzRwTpgE6EsUoQqFURHmm7To+ewFngigAi2m+Ofwt6qupQPTvZ4t3nIvuJPIo\nMVPvDWzdcytZh1/YW71na4ZMSeJv6oUeztFH7VD3OExk1kaOaafL/N8fYfi9Iho/\np9+laRu+x8arXr4chZB40phVSmbY4ssIhEgh4vzKfncoocBRqWbLUzh2IPnzGZhe\nWHbGgtSJmx1rcySvZntkIHJYsC73jmREVLUFbNECRR1FZhCEp5cZ+tNpeWStqEQT\nkwIDAQAB\n-----END PUBLIC KEY-----\n";
    const ED25519: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAu6tegORwzlQDNIMuA6Pwik7JIeSl34YX/Lsxq8Dgi8o=\n-----END PUBLIC KEY-----\n";
    const MODULUS: &str = "sWCN1wh2n3FOty7pL8gF8vMQKOum3IESH2kihtAKpi4dEObgYsK-XZCKCvYXUhlmk8i16p2b2trtho0-0qbM-FUjzRwTpgE6EsUoQqFURHmm7To-ewFngigAi2m-Ofwt6qupQPTvZ4t3nIvuJPIoMVPvDWzdcytZh1_YW71na4ZMSeJv6oUeztFH7VD3OExk1kaOaafL_N8fYfi9Iho_p9-laRu-x8arXr4chZB40phVSmbY4ssIhEgh4vzKfncoocBRqWbLUzh2IPnzGZheWHbGgtSJmx1rcySvZntkIHJYsC73jmREVLUFbNECRR1FZhCEp5cZ-tNpeWStqEQTkw";

    fn key(value: serde_json::Value) -> Jwk {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn keys_become_pem_as_openssl_writes_it() {
        let rsa =
            key(json!({"kty": "RSA", "kid": "a", "alg": "RS256", "use": "sig", "n": MODULUS, "e": "AQAB"}));
        assert_eq!(rsa.to_pem().as_deref(), Some(RSA));
        let ed25519 =
            key(json!({"kty": "OKP", "crv": "Ed25519", "x": "u6tegORwzlQDNIMuA6Pwik7JIeSl34YX_Lsxq8Dgi8o"}));
        assert_eq!(ed25519.to_pem().as_deref(), Some(ED25519));
    }

    #[test]
    fn other_keys_have_no_pem_here() {
        for value in [
            json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
            json!({"kty": "OKP", "crv": "X25519", "x": "AA"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
            json!({"kty": "RSA", "n": "not base64!", "e": "AQAB"}),
            json!({"kty": "RSA", "e": "AQAB"}),
        ] {
            assert_eq!(key(value.clone()).to_pem(), None, "{value}");
        }
    }
}
