//! [Transit](https://developer.hashicorp.com/vault/api-docs/secret/transit): encryption and
//! signatures with keys that never leave the server.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client_core::caps::Marker;
use client_core::wire::{Parts, Setters, ToWire, Wire, json};
use client_core::{Error as CoreError, Extra, Op, Verb, endpoints, handle};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::Value;

use crate::caps::{Authenticated, Derived, List, Read, Signing, Versioned, Write};
use crate::client::MountPath;
use crate::error::messages;
use crate::secret::{Secret, recode_envelope};
use crate::{Call, Client};

/// A write that newer servers answer with what was written, and older ones with nothing.
const fn data_or_nothing<C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<Option<TransitKey>, C> {
    fn read(answer: &Parts) -> Result<Option<TransitKey>, CoreError> {
        Ok(json::<Option<Secret<Option<TransitKey>>>>(answer)?.and_then(|secret| secret.data))
    }
    fn recode(answer: &Parts) -> Result<Value, CoreError> {
        client_core::wire::recode::<Option<Secret<Option<TransitKey>>>>(answer)
    }
    Op::decoded_by(verb, name, path, read, recode)
}

impl<T, C: Derived> Call<T, C> {
    /// The context that a derived key is derived with.
    pub fn context(self, context: impl AsRef<[u8]>) -> Self {
        self.field("context", &STANDARD.encode(context))
    }
}

impl<T, C: Authenticated> Call<T, C> {
    /// Data that is authenticated and not encrypted.
    pub fn associated_data(self, data: impl AsRef<[u8]>) -> Self {
        self.field("associated_data", &STANDARD.encode(data))
    }
}

impl<T, C: Versioned> Call<T, C> {
    /// The version of the key. The newest by default.
    pub fn key_version(self, version: u64) -> Self {
        self.field("key_version", &version)
    }
}

impl<T, C: Signing> Call<T, C> {
    /// The hash function: `sha2-256`, …
    pub fn hash_algorithm(self, name: &str) -> Self {
        self.field("hash_algorithm", name)
    }

    /// `pss` or `pkcs1v15`, for RSA keys.
    pub fn signature_algorithm(self, name: &str) -> Self {
        self.field("signature_algorithm", name)
    }

    /// How an ECDSA signature is written: `asn1` or `jws`.
    pub fn marshaling_algorithm(self, name: &str) -> Self {
        self.field("marshaling_algorithm", name)
    }

    /// Whether the input is a hash already.
    pub fn prehashed(self, yes: bool) -> Self {
        self.field("prehashed", &yes)
    }
}

/// Settings of a key.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct KeySettings {
    /// `aes256-gcm96` by default, `chacha20-poly1305`, `ed25519`, `ecdsa-p256`, `rsa-2048`, …
    pub r#type: Option<String>,
    /// Whether a key is derived for each context.
    pub derived: Option<bool>,
    /// Whether the same text is encrypted to the same.
    pub convergent_encryption: Option<bool>,
    /// Whether the key can be exported. Cannot be taken back.
    pub exportable: Option<bool>,
    /// Whether the key can be backed up. Cannot be taken back.
    pub allow_plaintext_backup: Option<bool>,
    /// The length in bytes, for `hmac` keys.
    pub key_size: Option<u64>,
    /// How often it is rotated by itself; zero for never.
    #[wire(with = client_core::time::seconds::option)]
    pub auto_rotate_period: Option<Duration>,
    /// The oldest version that still decrypts.
    pub min_decryption_version: Option<u64>,
    /// The oldest version that still encrypts; 0 for the newest only.
    pub min_encryption_version: Option<u64>,
    /// Whether it may be deleted.
    pub deletion_allowed: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl KeySettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A key.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct TransitKey {
    /// Its name.
    pub name: String,
    /// Its type.
    pub r#type: String,
    /// Its versions: when each was made, or that and the public key.
    #[wire(with = crate::shape::numbered)]
    pub keys: BTreeMap<u64, Value>,
    /// Its newest version.
    pub latest_version: u64,
    /// The oldest version there is.
    pub min_available_version: u64,
    /// The oldest version that still decrypts.
    pub min_decryption_version: u64,
    /// The oldest version that still encrypts; 0 for the newest only.
    pub min_encryption_version: u64,
    /// How often it is rotated by itself; zero for never.
    #[wire(with = client_core::time::seconds)]
    pub auto_rotate_period: Duration,
    /// Whether it may be deleted.
    pub deletion_allowed: bool,
    /// Whether a key is derived for each context.
    pub derived: bool,
    /// Whether it can be exported.
    pub exportable: bool,
    /// Whether it can be backed up.
    pub allow_plaintext_backup: bool,
    /// Whether it was made elsewhere.
    pub imported_key: bool,
    /// Whether it encrypts.
    pub supports_encryption: bool,
    /// Whether it decrypts.
    pub supports_decryption: bool,
    /// Whether keys can be derived of it.
    pub supports_derivation: bool,
    /// Whether it signs.
    pub supports_signing: bool,
    /// Whether it is deleted and can be restored (OpenBao).
    #[wire(omit_null)]
    pub soft_deleted: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What something was encrypted to.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Ciphertext {
    /// The ciphertext: `vault:v1:…`.
    pub ciphertext: String,
    /// The version of the key.
    pub key_version: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What an item of a batch was encrypted to.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Encrypted {
    /// The ciphertext; empty where the item failed.
    pub ciphertext: String,
    /// The version of the key.
    pub key_version: u64,
    /// Why the item failed.
    #[wire(omit_null)]
    pub error: Option<String>,
    /// The caller's name for the item.
    pub reference: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A key for encrypting data elsewhere.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct DataKey {
    /// The key, encrypted, to be kept beside the data.
    pub ciphertext: String,
    /// The key in base64, where it was asked for in plain.
    #[wire(omit_null)]
    pub plaintext: Option<SecretString>,
    /// The version of the key it is encrypted with.
    pub key_version: u64,
    /// What this version does not know.
    pub extra: Extra,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Plaintext {
    #[wire(required)]
    plaintext: SecretString,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Hmac {
    #[wire(required)]
    hmac: String,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Signature {
    #[wire(required)]
    signature: String,
    key_version: u64,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Verified {
    #[wire(required)]
    valid: bool,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Sum {
    #[wire(required)]
    sum: String,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct RandomBytes {
    #[wire(required)]
    random_bytes: SecretString,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
struct Batch {
    #[wire(required)]
    batch_results: Vec<Encrypted>,
}

/// A batch of which items failed is a 400 that carries the others all the same.
fn read_batch(answer: &Parts) -> Result<Vec<Encrypted>, CoreError> {
    match json::<Secret<Batch>>(answer) {
        Ok(secret) => Ok(secret.data.batch_results),
        Err(_) if answer.meta.status >= 400 => {
            Err(CoreError::of_answer(messages(None, &answer.body), answer))
        }
        Err(error) => Err(error),
    }
}

fn recode_batch(answer: &Parts) -> Result<Value, CoreError> {
    read_batch(answer)?;
    recode_envelope::<Batch>(answer)
}

/// An item to encrypt among others.
#[derive(Clone, Default, ToWire)]
#[non_exhaustive]
pub struct BatchItem {
    plaintext: String,
    #[wire(omit_null)]
    context: Option<String>,
    #[wire(omit_null)]
    associated_data: Option<String>,
    #[wire(omit)]
    reference: String,
}

impl BatchItem {
    /// An item with this plaintext.
    #[must_use]
    pub fn new(plaintext: impl AsRef<[u8]>) -> Self {
        Self { plaintext: STANDARD.encode(plaintext), ..Self::default() }
    }

    /// The context that a derived key is derived with.
    #[must_use]
    pub fn context(mut self, context: impl AsRef<[u8]>) -> Self {
        self.context = Some(STANDARD.encode(context));
        self
    }

    /// Data that is authenticated and not encrypted.
    #[must_use]
    pub fn associated_data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.associated_data = Some(STANDARD.encode(data));
        self
    }

    /// A name for the item, which its result has too.
    #[must_use]
    pub fn reference(mut self, name: impl Into<String>) -> Self {
        self.reference = name.into();
        self
    }
}

impl std::fmt::Debug for BatchItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchItem").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// The transit engine at `mount`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// let transit = vault.transit("transit");
/// let encrypted = transit.encrypt("orders", b"\x00binary too").await?;
/// let plain = transit.decrypt("orders", &encrypted.ciphertext).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::transit)]
pub struct Transit {
    mount: MountPath,
}

#[endpoints("transit", mount)]
impl Transit {
    /// Creates a key. One that is there stays as it is.
    #[post("/v1/{mount*}/keys/{name}", idempotent, with = data_or_nothing)]
    pub fn create_key(&self, name: &str, settings: &KeySettings) -> Call<Option<TransitKey>> {
        call.json(settings)
    }

    /// Reads a key; never the key material.
    #[get("/v1/{mount*}/keys/{name}", name = "read_key")]
    pub fn key(&self, name: &str) -> Call<TransitKey, Read> {}

    /// Lists keys.
    #[list("/v1/{mount*}/keys", name = "list_keys")]
    pub fn keys(&self) -> Call<Vec<String>, List> {}

    /// Deletes a key, which must allow it. What it encrypted is lost.
    #[delete("/v1/{mount*}/keys/{name}", idempotent)]
    pub fn delete_key(&self, name: &str) -> Call<(), Write> {}

    /// Changes a key; what is not set stays as it is.
    #[post("/v1/{mount*}/keys/{name}/config", idempotent, with = data_or_nothing)]
    pub fn configure_key(&self, name: &str, settings: &KeySettings) -> Call<Option<TransitKey>> {
        call.json(settings)
    }

    /// Adds a new version to a key.
    #[post("/v1/{mount*}/keys/{name}/rotate", with = data_or_nothing)]
    pub fn rotate_key(&self, name: &str) -> Call<Option<TransitKey>> {}

    /// Removes all versions of a key before this one. What they encrypted is lost.
    #[post("/v1/{mount*}/keys/{name}/trim", idempotent)]
    pub fn trim_key(&self, name: &str, min_available_version: u64) -> Call<(), Write> {
        call.field("min_available_version", &min_available_version)
    }

    /// Encrypts bytes.
    #[post("/v1/{mount*}/encrypt/{name}", Enveloped, Derived, Authenticated, Versioned, idempotent)]
    pub fn encrypt(&self, name: &str, plaintext: impl AsRef<[u8]>) -> Call<Ciphertext, EncryptOptions> {
        call.field("plaintext", &STANDARD.encode(plaintext))
    }

    /// Encrypts many items at once. An item that fails says so in its result; the others are there.
    #[post(
        "/v1/{mount*}/encrypt/{name}",
        idempotent, answers(400), decode = read_batch, recode = recode_batch,
    )]
    pub fn encrypt_batch(&self, name: &str, items: &[BatchItem]) -> Call<Vec<Encrypted>> {
        call.field("batch_input", items)
    }

    /// Decrypts.
    #[post("/v1/{mount*}/decrypt/{name}", Derived, Authenticated, idempotent, reads = Plaintext)]
    pub fn decrypt(&self, name: &str, ciphertext: &str) -> Call<SecretSlice<u8>, DecryptOptions> {
        call.field("ciphertext", ciphertext).then(|call| call.map(bytes_of))
    }

    /// Encrypts with the newest version of the key what an older one encrypted, without showing it.
    #[post("/v1/{mount*}/rewrap/{name}", Enveloped, Derived, Versioned, idempotent)]
    pub fn rewrap(&self, name: &str, ciphertext: &str) -> Call<Ciphertext, RewrapOptions> {
        call.field("ciphertext", ciphertext)
    }

    /// Makes a key for encrypting data elsewhere, and shows it.
    #[post(
        "/v1/{mount*}/datakey/{type}/{name}",
        Enveloped,
        Derived,
        idempotent,
        name = "generate_data_key",
        type = "plaintext"
    )]
    #[body(
        /// The length of the key in bits: 128, 256 or 512.
        bits: u32,
    )]
    pub fn data_key(&self, name: &str) -> Call<DataKey, DataKeyOptions> {}

    /// Makes a key for encrypting data elsewhere, and shows it encrypted only.
    pub fn wrapped_data_key(&self, name: &str) -> Call<DataKey, DataKeyOptions> {
        self.client.call(&Self::DATA_KEY, &[&self.mount, "wrapped", name])
    }

    /// The HMAC of bytes: `vault:v1:…`.
    #[post("/v1/{mount*}/hmac/{name}", Versioned, idempotent, reads = Hmac)]
    #[body(
        /// The hash function: `sha2-256`, …
        hash_algorithm = "algorithm": &str,
    )]
    pub fn hmac(&self, name: &str, input: impl AsRef<[u8]>) -> Call<String, HmacOptions> {
        call.field("input", &STANDARD.encode(input)).then(|call| call.map(|Hmac { hmac }| Ok(hmac)))
    }

    /// Signs bytes: `vault:v1:…`.
    #[post("/v1/{mount*}/sign/{name}", Derived, Versioned, Signing, idempotent, reads = Signature)]
    pub fn sign(&self, name: &str, input: impl AsRef<[u8]>) -> Call<String, SignOptions> {
        let call = call.field("input", &STANDARD.encode(input));
        call.then(|call| call.map(|Signature { signature, .. }| Ok(signature)))
    }

    /// Whether a signature is of these bytes.
    #[post("/v1/{mount*}/verify/{name}", Derived, Signing, idempotent, reads = Verified)]
    pub fn verify(&self, name: &str, input: impl AsRef<[u8]>, signature: &str) -> Call<bool, VerifyOptions> {
        let call = call.field("input", &STANDARD.encode(input));
        call.field("signature", signature).then(|call| call.map(|Verified { valid }| Ok(valid)))
    }

    /// Whether an HMAC is of these bytes.
    #[post("/v1/{mount*}/verify/{name}", idempotent, reads = Verified)]
    #[body(
        /// The hash function: `sha2-256`, …
        hash_algorithm: &str,
    )]
    pub fn verify_hmac(
        &self,
        name: &str,
        input: impl AsRef<[u8]>,
        hmac: &str,
    ) -> Call<bool, VerifyHmacOptions> {
        let call = call.field("input", &STANDARD.encode(input));
        call.field("hmac", hmac).then(|call| call.map(|Verified { valid }| Ok(valid)))
    }

    /// The hash of bytes, in hex.
    #[post("/v1/{mount*}/hash/{algorithm}", idempotent, algorithm = algorithm.as_str(), reads = Sum)]
    pub fn hash(&self, algorithm: &crate::sys::HashAlgorithm, input: impl AsRef<[u8]>) -> Call<String> {
        let call = call.field("input", &STANDARD.encode(input));
        call.then(|call| call.map(|Sum { sum }| Ok(sum)))
    }

    /// Random bytes, in base64.
    #[post("/v1/{mount*}/random/{bytes}", idempotent, bytes = &count.to_string(), reads = RandomBytes)]
    pub fn random(&self, count: u32) -> Call<SecretString> {
        call.then(|call| call.map(|RandomBytes { random_bytes }| Ok(random_bytes)))
    }
}

fn bytes_of(Plaintext { plaintext }: Plaintext) -> Result<SecretSlice<u8>, CoreError> {
    let bytes = STANDARD.decode(plaintext.expose_secret());
    bytes.map(SecretSlice::from).map_err(|_| CoreError::decode("the plaintext is not base64"))
}
