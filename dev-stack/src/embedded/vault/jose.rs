//! JSON web tokens: taking them apart, verifying them, and fetching the keys.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::value::Object;

/// A token whose signature has not been looked at yet.
#[derive(Debug)]
pub(crate) struct Unverified {
    pub(crate) algorithm: String,
    key_id: Option<String>,
    claims: Object,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// A public key that can verify some algorithms.
#[derive(Debug)]
pub(crate) enum Key {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
        id: Option<String>,
    },
    /// An uncompressed point and the size of the curve.
    Ec {
        point: Vec<u8>,
        bits: u16,
        id: Option<String>,
    },
    Ed25519 {
        public: Vec<u8>,
        id: Option<String>,
    },
}

impl Unverified {
    /// Reads a compact token; the error is the text Go's oidc library has for it.
    pub(crate) fn parse(token: &str) -> Result<Self, String> {
        let mut parts = token.split('.');
        let (Some(head), Some(body), Some(sig), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(
                "oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts".into()
            );
        };
        let malformed = |e: String| format!("oidc: malformed jwt: {e}");
        let raw = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|e| malformed(illegal_base64(part, &e)));
        let object = |bytes: &[u8]| -> Result<Object, String> {
            serde_json::from_slice(bytes).map_err(|e| malformed(format!("invalid character in token: {e}")))
        };
        let (head_raw, body_raw, signature) = (raw(head)?, raw(body)?, raw(sig)?);
        let header = object(&head_raw)?;
        let field = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            algorithm: field("alg").unwrap_or_default(),
            key_id: field("kid"),
            claims: object(&body_raw)?,
            signed: format!("{head}.{body}").into_bytes(),
            signature,
        })
    }

    /// The claims, if one of the keys made the signature.
    pub(crate) fn verify(self, keys: &[Key]) -> Result<Object, String> {
        let good = keys.iter().any(|key| key.fits(self.key_id.as_deref()) && key.verifies(&self));
        if good { Ok(self.claims) } else { Err("failed to verify id token signature".into()) }
    }
}

/// Go's text for the first byte that is not base64.
fn illegal_base64(part: &str, error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(at, _)
        | base64::DecodeError::InvalidLastSymbol { offset: at, .. } => {
            format!("illegal base64 data at input byte {at}")
        }
        _ => format!("illegal base64 data at input byte {}", part.len().saturating_sub(part.len() % 4)),
    }
}

impl Key {
    fn fits(&self, key_id: Option<&str>) -> bool {
        let (Self::Rsa { id, .. } | Self::Ec { id, .. } | Self::Ed25519 { id, .. }) = self;
        match (id.as_deref(), key_id) {
            (Some(id), Some(wanted)) => id == wanted,
            _ => true,
        }
    }

    fn verifies(&self, token: &Unverified) -> bool {
        let check = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(&token.signed, &token.signature).is_ok()
        };
        match (self, token.algorithm.as_str()) {
            (Self::Rsa { n, e, .. }, algorithm) => {
                let parameters: &signature::RsaParameters = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => return false,
                };
                let components = signature::RsaPublicKeyComponents { n, e };
                components.verify(parameters, &token.signed, &token.signature).is_ok()
            }
            (Self::Ec { point, bits: 256, .. }, "ES256") => check(&signature::ECDSA_P256_SHA256_FIXED, point),
            (Self::Ec { point, bits: 384, .. }, "ES384") => check(&signature::ECDSA_P384_SHA384_FIXED, point),
            (Self::Ed25519 { public, .. }, "EdDSA") => check(&signature::ED25519, public),
            _ => false,
        }
    }
}

/// The keys of a JWKS that can be used here; others are skipped.
pub(crate) fn keys_from_jwks(jwks: &Value) -> Vec<Key> {
    let keys = jwks.get("keys").and_then(Value::as_array);
    keys.into_iter().flatten().filter_map(key_from_jwk).collect()
}

fn key_from_jwk(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| text(name).and_then(|t| URL_SAFE_NO_PAD.decode(t.trim_end_matches('=')).ok());
    let id = text("kid").map(str::to_owned);
    match (text("kty")?, text("crv")) {
        ("RSA", _) => Some(Key::Rsa { n: bytes("n")?, e: bytes("e")?, id }),
        ("EC", Some(curve)) => {
            let bits = match curve {
                "P-256" => 256,
                "P-384" => 384,
                _ => return None,
            };
            let mut point = vec![4];
            point.extend(bytes("x")?);
            point.extend(bytes("y")?);
            Some(Key::Ec { point, bits, id })
        }
        ("OKP", Some("Ed25519")) => Some(Key::Ed25519 { public: bytes("x")?, id }),
        _ => None,
    }
}

/// A key in a PEM `PUBLIC KEY` (RSA, P-256, P-384, Ed25519) or `RSA PUBLIC KEY` block.
pub(crate) fn key_from_pem(pem: &str) -> Option<Key> {
    let (_, after) = pem.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    let (body, _) = after.split_once("-----END")?;
    let text: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(text).ok()?;
    match label {
        "RSA PUBLIC KEY" => rsa_from_pkcs1(&der),
        "PUBLIC KEY" => key_from_spki(&der),
        _ => None,
    }
}

/// One DER element: its tag, its content, and what follows it.
fn der(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = data.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (bytes.iter().try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn rsa_from_pkcs1(data: &[u8]) -> Option<Key> {
    let (_, sequence, _) = der(data)?;
    let (_, n, rest) = der(sequence)?;
    let (_, e, _) = der(rest)?;
    let unsigned = |b: &[u8]| b.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
    Some(Key::Rsa { n: unsigned(n), e: unsigned(e), id: None })
}

fn key_from_spki(data: &[u8]) -> Option<Key> {
    let (_, sequence, _) = der(data)?;
    let (_, algorithm, rest) = der(sequence)?;
    let (_, bits, _) = der(rest)?;
    let (_, key) = bits.split_first()?;
    let (_, oid, _) = der(algorithm)?;
    match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] => rsa_from_pkcs1(key),
        [0x2b, 0x65, 0x70] => Some(Key::Ed25519 { public: key.to_vec(), id: None }),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] => {
            let bits = match key.len() {
                65 => 256,
                97 => 384,
                _ => return None,
            };
            Some(Key::Ec { point: key.to_vec(), bits, id: None })
        }
        _ => None,
    }
}

/// Gets a JSON document over plain HTTP.
pub(crate) async fn fetch_json(url: &str) -> Result<Value, String> {
    let get = async {
        let rest = url
            .strip_prefix("http://")
            .ok_or_else(|| format!("Get {url:?}: only plain http is supported here"))?;
        let (host, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
        let path = if path.is_empty() { "/" } else { path };
        let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let failed = |e: std::io::Error| format!("Get {url:?}: dial tcp {address}: {e}");
        let mut stream = tokio::net::TcpStream::connect(&address).await.map_err(failed)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(4 << 20).read_to_end(&mut answer).await.map_err(failed)?;
        parse_answer(&answer)
    };
    match tokio::time::timeout(Duration::from_secs(10), get).await {
        Ok(got) => got,
        Err(_) => Err(format!("Get {url:?}: context deadline exceeded")),
    }
}

fn parse_answer(answer: &[u8]) -> Result<Value, String> {
    let cut = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or("malformed HTTP response")?;
    let (head, body) = answer.split_at_checked(cut).ok_or("malformed HTTP response")?;
    let body = body.get(4..).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap_or("");
    if status != "200" {
        return Err(format!("get keys failed: {status} {}", String::from_utf8_lossy(body)));
    }
    let chunked = head.lines().any(|l| l.starts_with("transfer-encoding:") && l.contains("chunked"));
    let body = if chunked { unchunk(body).ok_or("malformed chunked encoding")? } else { body.to_vec() };
    serde_json::from_slice(&body).map_err(|e| format!("failed to decode keys: {e}"))
}

fn unchunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n")?;
        let (size, rest) = body.split_at_checked(end)?;
        let size = std::str::from_utf8(size).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        let (chunk, rest) = rest.get(2..)?.split_at_checked(size)?;
        out.extend_from_slice(chunk);
        body = rest.get(2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_token_is_told_apart_as_go_does() {
        let error = Unverified::parse("a.b.c").unwrap_err();
        assert_eq!(error, "oidc: malformed jwt: illegal base64 data at input byte 0");
        assert!(Unverified::parse("x").unwrap_err().contains("three parts"));
    }

    #[test]
    fn the_published_ed25519_example_verifies_and_a_changed_one_does_not() {
        // RFC 8037, appendix A.
        let jwks = serde_json::json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let good = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let token = |signed: &str| Unverified {
            algorithm: "EdDSA".into(),
            key_id: None,
            claims: Object::new(),
            signed: signed.as_bytes().to_vec(),
            signature: URL_SAFE_NO_PAD.decode(good).unwrap(),
        };
        let keys = keys_from_jwks(&jwks);
        assert!(token(signed).verify(&keys).is_ok());
        assert!(token("other").verify(&keys).is_err());
    }

    #[test]
    fn answers_are_read_with_and_without_chunks() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
        assert_eq!(parse_answer(plain), Ok(serde_json::json!({})));
        assert_eq!(parse_answer(chunked), Ok(serde_json::json!({})));
        assert!(parse_answer(b"HTTP/1.1 500 X\r\n\r\nno").is_err());
    }
}
