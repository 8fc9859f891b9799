//! Transit: encryption, signing, hashing and random bytes with keys that stay here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use ring::{digest, hmac};
use serde_json::{Value, json};

use super::super::ids;
use super::super::request::{Failure, Operation, Outcome, Reply, Request};
use super::super::value::{Object, after};
use super::Context;

/// A transit mount.
#[derive(Debug, Default)]
pub(crate) struct Transit {
    keys: BTreeMap<String, Key>,
}

#[derive(Clone, Debug)]
struct Key {
    kind: String,
    versions: BTreeMap<u64, Material>,
    deletion_allowed: bool,
    exportable: bool,
    allow_plaintext_backup: bool,
    min_decryption_version: u64,
    min_encryption_version: u64,
    auto_rotate_period: i64,
}

/// The 32 secret bytes behind one version.
#[derive(Clone, Debug)]
struct Material {
    secret: Vec<u8>,
    hmac: Vec<u8>,
    created: Timestamp,
}

const AEAD_KINDS: [&str; 3] = ["aes256-gcm96", "aes128-gcm96", "chacha20-poly1305"];

impl Transit {
    pub(crate) fn exists(&self, rest: &str) -> Option<bool> {
        rest.strip_prefix("encrypt/").map(|name| self.keys.contains_key(name))
    }

    pub(crate) fn handle(&mut self, context: &Context, request: &Request, rest: &str) -> Outcome {
        let writes = request.operation.writes();
        for key in self.keys.values_mut() {
            key.rotate_by_itself(context.now);
        }
        match rest.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            ["keys"] if request.operation == Operation::List => {
                Reply::keys(self.keys.keys().cloned().collect())
            }
            ["keys", name] => self.key(context, request, name),
            ["keys", name, what @ ("rotate" | "config")] if writes => {
                let key = self.keys.get_mut(*name).ok_or_else(missing)?;
                if *what == "rotate" {
                    key.rotate(context.now);
                } else {
                    key.configure(request)?;
                }
                Ok(Some(Reply::data(key.show(name))))
            }
            ["encrypt", name] if writes => {
                if !self.keys.contains_key(*name) {
                    let kind = request.text("type");
                    let kind = if kind.is_empty() { "aes256-gcm96" } else { &kind };
                    self.keys.insert((*name).to_owned(), Key::new(context.now, kind)?);
                }
                self.each(request, name, &["plaintext", "context"], Key::encrypt)
            }
            ["decrypt", name] if writes => self.each(request, name, &["ciphertext"], Key::decrypt),
            ["rewrap", name] if writes => self.each(request, name, &["ciphertext"], |key, item| {
                let plain = key.decrypt(item)?;
                let mut again = item.clone();
                again.extend(plain);
                key.encrypt(&again)
            }),
            ["sign", name, ..] if writes => self.each(request, name, &["input"], Key::sign),
            ["verify", name, ..] if writes => {
                self.each(request, name, &["input", "signature", "hmac"], Key::verify)
            }
            ["hmac", name, ..] if writes => self.each(request, name, &["input"], Key::hmac),
            ["datakey", what @ ("plaintext" | "wrapped"), name] if writes => {
                let key = self.keys.get(*name).ok_or_else(missing)?;
                let plain = STANDARD.encode(ids::bytes(32));
                let mut out = key
                    .encrypt(&Object::from_iter([("plaintext".to_owned(), json!(plain))]))
                    .map_err(Failure::bad)?;
                if *what == "plaintext" {
                    out.insert("plaintext".into(), json!(plain));
                }
                Ok(Some(Reply::data(out.into())))
            }
            ["random", ..] if writes => random(request, rest).map(Some),
            ["hash", ..] if writes => {
                hash(request, rest.strip_prefix("hash/").unwrap_or("sha2-256")).map(Some)
            }
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn key(&mut self, context: &Context, request: &Request, name: &str) -> Outcome {
        match request.operation {
            Operation::Read => Ok(self.keys.get(name).map(|k| Reply::data(k.show(name)))),
            Operation::Create | Operation::Update => {
                let kind = request.text("type");
                let kind = if kind.is_empty() { "aes256-gcm96" } else { &kind };
                if !self.keys.contains_key(name) {
                    let mut key = Key::new(context.now, kind)?;
                    key.exportable = request.bool("exportable", false)?;
                    key.allow_plaintext_backup = request.bool("allow_plaintext_backup", false)?;
                    key.auto_rotate_period = auto_rotate_period(request)?.unwrap_or(0);
                    self.keys.insert(name.to_owned(), key);
                }
                Ok(self.keys.get(name).map(|k| Reply::data(k.show(name))))
            }
            Operation::Delete => match self.keys.get(name) {
                None => Err(Failure::bad(format!(
                    "error deleting policy {name}: could not delete key; not found"
                ))),
                Some(key) if !key.deletion_allowed => Err(Failure::bad(format!(
                    "error deleting policy {name}: deletion is not allowed for this key"
                ))),
                Some(_) => {
                    self.keys.remove(name);
                    Ok(None)
                }
            },
            _ => Err(Failure::unsupported_operation()),
        }
    }

    /// Runs one operation on the request, or on each item of its `batch_input`.
    fn each(
        &self,
        request: &Request,
        name: &str,
        fields: &[&str],
        run: impl Fn(&Key, &Object) -> Result<Object, String>,
    ) -> Outcome {
        let key = self.keys.get(name).ok_or_else(missing)?;
        let Some(Value::Array(items)) = request.data.get("batch_input") else {
            if !fields.iter().any(|f| request.has(f)) {
                return Err(Failure::bad(format!("missing {}", fields.first().unwrap_or(&"input"))));
            }
            return run(key, &request.data).map(|data| Some(Reply::data(data.into()))).map_err(Failure::bad);
        };
        if items.is_empty() {
            return Err(Failure::bad("missing batch input to process"));
        }
        let mut failed = false;
        let results: Vec<Value> = items
            .iter()
            .map(|item| {
                let item = item.as_object().cloned().unwrap_or_default();
                let mut out = run(key, &item).unwrap_or_else(|error| {
                    failed = true;
                    Object::from_iter([("error".to_owned(), json!(error))])
                });
                out.insert("reference".into(), item.get("reference").cloned().unwrap_or_else(|| json!("")));
                Value::Object(out)
            })
            .collect();
        let status = if failed { 400 } else { 200 };
        Ok(Some(Reply::data(json!({ "batch_results": results })).status(status)))
    }
}

/// The period between rotations, in seconds.
fn auto_rotate_period(request: &Request) -> Result<Option<i64>, Failure> {
    match request.seconds("auto_rotate_period")? {
        Some(period) if period != 0 && period < 3600 => {
            Err(Failure::bad("auto rotate period must be 0 to disable or at least an hour"))
        }
        period => Ok(period),
    }
}

fn missing() -> Failure {
    Failure::bad("encryption key not found")
}

impl Key {
    fn new(now: Timestamp, kind: &str) -> Result<Self, Failure> {
        if !AEAD_KINDS.contains(&kind) && kind != "ed25519" {
            return Err(Failure::bad(format!("unknown key type {kind}")));
        }
        let mut key = Self {
            kind: kind.to_owned(),
            versions: BTreeMap::new(),
            deletion_allowed: false,
            exportable: false,
            allow_plaintext_backup: false,
            min_decryption_version: 1,
            min_encryption_version: 0,
            auto_rotate_period: 0,
        };
        key.rotate(now);
        Ok(key)
    }

    fn rotate(&mut self, now: Timestamp) {
        let size = if self.kind == "aes128-gcm96" { 16 } else { 32 };
        let material = Material { secret: ids::bytes(size), hmac: ids::bytes(32), created: now };
        self.versions.insert(self.latest() + 1, material);
    }

    /// Rotates a key whose period has passed since its last version.
    fn rotate_by_itself(&mut self, now: Timestamp) {
        while self.auto_rotate_period > 0 {
            let Some(last) = self.versions.values().next_back().map(|m| m.created) else { return };
            let due = after(last, self.auto_rotate_period);
            if due > now {
                return;
            }
            self.rotate(due);
        }
    }

    fn latest(&self) -> u64 {
        self.versions.keys().next_back().copied().unwrap_or(0)
    }

    fn configure(&mut self, request: &Request) -> Result<(), Failure> {
        self.deletion_allowed = request.bool("deletion_allowed", self.deletion_allowed)?;
        self.exportable = request.bool("exportable", self.exportable)? || self.exportable;
        self.allow_plaintext_backup = request.bool("allow_plaintext_backup", self.allow_plaintext_backup)?
            || self.allow_plaintext_backup;
        if let Some(period) = auto_rotate_period(request)? {
            self.auto_rotate_period = period;
        }
        let latest = self.latest();
        let version = |name: &str| -> Result<Option<u64>, Failure> {
            match request.integer(name)? {
                None => Ok(None),
                Some(n) => match u64::try_from(n) {
                    Ok(n) if n <= latest => Ok(Some(n)),
                    Ok(n) => Err(Failure::bad(format!(
                        "cannot set {} of {n}, latest key version is {latest}",
                        name.replace('_', " ")
                    ))),
                    Err(_) => Err(Failure::bad(format!("{} cannot be negative", name.replace('_', " ")))),
                },
            }
        };
        if let Some(n) = version("min_decryption_version")? {
            self.min_decryption_version = n.max(1);
        }
        if let Some(n) = version("min_encryption_version")? {
            self.min_encryption_version = n;
        }
        Ok(())
    }

    fn show(&self, name: &str) -> Value {
        let aead = self.kind != "ed25519";
        let keys: Object = self
            .versions
            .iter()
            .filter(|(n, _)| **n >= self.min_decryption_version)
            .map(|(n, material)| {
                let shown = match material.ed25519() {
                    Some(pair) if !aead => json!({
                        "certificate_chain": "", "creation_time": material.created.to_string(), "name": "ed25519",
                        "public_key": STANDARD.encode(pair.public_key().as_ref()),
                    }),
                    _ => json!(material.created.as_second()),
                };
                (n.to_string(), shown)
            })
            .collect();
        json!({
            "allow_plaintext_backup": self.allow_plaintext_backup, "auto_rotate_period": self.auto_rotate_period,
            "deletion_allowed": self.deletion_allowed, "derived": false, "exportable": self.exportable,
            "imported_key": false, "keys": keys, "latest_version": self.latest(), "min_available_version": 0,
            "min_decryption_version": self.min_decryption_version,
            "min_encryption_version": self.min_encryption_version, "name": name, "supports_decryption": aead,
            "supports_derivation": true, "supports_encryption": aead, "supports_signing": !aead, "type": self.kind,
        })
    }

    fn algorithm(&self) -> Option<&'static Algorithm> {
        match self.kind.as_str() {
            "aes256-gcm96" => Some(&AES_256_GCM),
            "aes128-gcm96" => Some(&AES_128_GCM),
            "chacha20-poly1305" => Some(&CHACHA20_POLY1305),
            _ => None,
        }
    }

    fn aead(&self, material: &Material) -> Result<LessSafeKey, String> {
        let algorithm = self
            .algorithm()
            .ok_or_else(|| format!("message encryption not supported for key type {}", self.kind))?;
        UnboundKey::new(algorithm, &material.secret).map(LessSafeKey::new).map_err(|_| "invalid key".into())
    }

    /// The version to write with.
    fn writing(&self, item: &Object) -> Result<(u64, &Material), String> {
        let asked = item.get("key_version").and_then(Value::as_u64).unwrap_or(0);
        let number = if asked == 0 { self.latest() } else { asked };
        if number < self.min_encryption_version {
            return Err(
                "requested version for encryption is less than the minimum encryption key version".into()
            );
        }
        self.versions
            .get(&number)
            .map(|m| (number, m))
            .ok_or_else(|| "requested version for encryption is higher than the latest key version".into())
    }

    /// The version and payload of `vault:v1:…`.
    fn reading<'a>(&self, value: &'a str, what: &str) -> Result<(&Material, &'a str), String> {
        let invalid = || format!("invalid {what}: no prefix");
        let (version, payload) =
            value.strip_prefix("vault:v").and_then(|rest| rest.split_once(':')).ok_or_else(invalid)?;
        let number: u64 =
            version.parse().map_err(|_| format!("invalid {what}: version number could not be decoded"))?;
        if number < self.min_decryption_version {
            return Err(format!("{what} or signature version is disallowed by policy (too old)"));
        }
        let material =
            self.versions.get(&number).ok_or_else(|| format!("invalid {what}: version is too new"))?;
        Ok((material, payload))
    }

    fn encrypt(&self, item: &Object) -> Result<Object, String> {
        let plain = bytes_field(item, "plaintext")?;
        let (number, material) = self.writing(item)?;
        let key = self.aead(material)?;
        let mut nonce = [0_u8; 12];
        ids::fill(&mut nonce);
        let mut sealed = plain;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(item)?, &mut sealed)
            .map_err(|_| "encryption failed")?;
        let mut out = nonce.to_vec();
        out.append(&mut sealed);
        Ok(Object::from_iter([
            ("ciphertext".to_owned(), json!(format!("vault:v{number}:{}", STANDARD.encode(out)))),
            ("key_version".to_owned(), json!(number)),
        ]))
    }

    fn decrypt(&self, item: &Object) -> Result<Object, String> {
        let text = item.get("ciphertext").and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() {
            return Err("missing ciphertext to decrypt".into());
        }
        let (material, payload) = self.reading(text, "ciphertext")?;
        let sealed = STANDARD.decode(payload).map_err(|_| "invalid ciphertext: could not decode base64")?;
        let (nonce, body) = sealed.split_at_checked(12).ok_or("invalid ciphertext length")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| "invalid ciphertext length")?;
        let mut body = body.to_vec();
        let plain = self
            .aead(material)?
            .open_in_place(nonce, aad(item)?, &mut body)
            .map_err(|_| "invalid ciphertext: unable to decrypt")?;
        Ok(Object::from_iter([("plaintext".to_owned(), json!(STANDARD.encode(plain)))]))
    }

    fn sign(&self, item: &Object) -> Result<Object, String> {
        let input = bytes_field(item, "input")?;
        let (number, material) = self.writing(item)?;
        let pair = material
            .ed25519()
            .filter(|_| self.kind == "ed25519")
            .ok_or_else(|| format!("key type {} does not support signing", self.kind))?;
        let signature = STANDARD.encode(pair.sign(&input).as_ref());
        Ok(Object::from_iter([
            ("key_version".to_owned(), json!(number)),
            ("signature".to_owned(), json!(format!("vault:v{number}:{signature}"))),
        ]))
    }

    fn verify(&self, item: &Object) -> Result<Object, String> {
        let input = bytes_field(item, "input")?;
        let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|s| !s.is_empty());
        let valid = match (text("signature"), text("hmac")) {
            (Some(signature), None) => {
                let (material, payload) = self.reading(signature, "signature")?;
                let signature = STANDARD.decode(payload).map_err(|_| "invalid base64 signature value")?;
                let pair = material
                    .ed25519()
                    .filter(|_| self.kind == "ed25519")
                    .ok_or_else(|| format!("key type {} does not support verification", self.kind))?;
                UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref())
                    .verify(&input, &signature)
                    .is_ok()
            }
            (None, Some(mac)) => {
                let (material, payload) = self.reading(mac, "hmac")?;
                let mac = STANDARD.decode(payload).map_err(|_| "invalid base64 hmac value")?;
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &material.hmac), &input, &mac).is_ok()
            }
            (Some(_), Some(_)) => return Err("provide one of 'signature', 'hmac' or 'cmac'".into()),
            (None, None) => return Err("neither a 'signature', 'hmac' nor 'cmac' was given to verify".into()),
        };
        Ok(Object::from_iter([("valid".to_owned(), json!(valid))]))
    }

    fn hmac(&self, item: &Object) -> Result<Object, String> {
        let input = bytes_field(item, "input")?;
        let (number, material) = self.writing(item)?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &material.hmac), &input);
        let mac = STANDARD.encode(tag.as_ref());
        Ok(Object::from_iter([("hmac".to_owned(), json!(format!("vault:v{number}:{mac}")))]))
    }
}

impl Material {
    fn ed25519(&self) -> Option<Ed25519KeyPair> {
        Ed25519KeyPair::from_seed_unchecked(&self.secret).ok()
    }
}

fn bytes_field(item: &Object, name: &str) -> Result<Vec<u8>, String> {
    let text = item.get(name).and_then(Value::as_str).unwrap_or_default();
    STANDARD.decode(text).map_err(|e| match e {
        base64::DecodeError::InvalidByte(at, _) => format!("illegal base64 data at input byte {at}"),
        _ => format!("illegal base64 data at input byte {}", text.len().saturating_sub(text.len() % 4)),
    })
}

fn aad(item: &Object) -> Result<Aad<Vec<u8>>, String> {
    if item.contains_key("associated_data") {
        bytes_field(item, "associated_data").map(Aad::from)
    } else {
        Ok(Aad::from(Vec::new()))
    }
}

fn encoded(bytes: &[u8], format: &str, default: &str) -> Result<String, Failure> {
    match if format.is_empty() { default } else { format } {
        "hex" => Ok(ids::hex(bytes)),
        "base64" => Ok(STANDARD.encode(bytes)),
        other => {
            Err(Failure::bad(format!("unsupported encoding format {other}; must be \"hex\" or \"base64\"")))
        }
    }
}

/// Random bytes; also `sys/tools/random`.
pub(crate) fn random(request: &Request, rest: &str) -> Result<Reply, Failure> {
    let in_path = rest.split('/').filter_map(|s| s.parse::<usize>().ok()).next();
    let asked = request.integer("bytes")?.and_then(|n| usize::try_from(n).ok());
    let count = in_path.or(asked).unwrap_or(32);
    if count == 0 || count > 128 * 1024 {
        return Err(Failure::bad("\"bytes\" should be between 1 and 131072"));
    }
    let random = encoded(&ids::bytes(count), &request.text("format"), "base64")?;
    Ok(Reply::data(json!({ "random_bytes": random })))
}

/// A digest; also `sys/tools/hash`.
pub(crate) fn hash(request: &Request, algorithm: &str) -> Result<Reply, Failure> {
    let input = bytes_field(&request.data, "input")
        .map_err(|e| Failure::bad(format!("unable to decode input as base64: {e}")))?;
    let named = request.text("algorithm");
    let name = if named.is_empty() || algorithm != "sha2-256" { algorithm } else { &named };
    let algorithm = match name {
        "sha2-256" => &digest::SHA256,
        "sha2-384" => &digest::SHA384,
        "sha2-512" => &digest::SHA512,
        other => return Err(Failure::bad(format!("unsupported algorithm {other}"))),
    };
    let sum = encoded(digest::digest(algorithm, &input).as_ref(), &request.text("format"), "hex")?;
    Ok(Reply::data(json!({ "sum": sum })))
}
