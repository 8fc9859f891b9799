//! [Tools](https://developer.hashicorp.com/vault/api-docs/system/tools): hashes and random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client_core::bytes::Bytes;
use client_core::endpoints;
use client_core::wire::Wire;
use secrecy::SecretString;

use super::Sys;
use crate::Call;
use crate::caps::Plain;

client_core::open_enum! {
    /// A hash function.
    pub enum HashAlgorithm {
        /// SHA-2 with 224 bits.
        Sha2_224 = "sha2-224",
        /// SHA-2 with 256 bits.
        Sha2_256 = "sha2-256",
        /// SHA-2 with 384 bits.
        Sha2_384 = "sha2-384",
        /// SHA-2 with 512 bits.
        Sha2_512 = "sha2-512",
        /// SHA-3 with 224 bits.
        Sha3_224 = "sha3-224",
        /// SHA-3 with 256 bits.
        Sha3_256 = "sha3-256",
        /// SHA-3 with 384 bits.
        Sha3_384 = "sha3-384",
        /// SHA-3 with 512 bits.
        Sha3_512 = "sha3-512",
    }
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

#[endpoints("sys")]
impl Sys {
    /// The hash of `input`, in hex.
    #[post("/v1/sys/tools/hash/{algorithm}", idempotent, algorithm = algorithm.as_str(), reads = Sum)]
    pub fn hash(&self, algorithm: &HashAlgorithm, input: impl Into<Bytes>) -> Call<String, Plain> {
        let input: Bytes = input.into();
        let call = call.field("input", &STANDARD.encode(input));
        call.then(|call| call.map(|Sum { sum }| Ok(sum)))
    }

    /// Random bytes, in base64.
    #[post("/v1/sys/tools/random/{bytes}", idempotent, bytes = &count.to_string(), reads = RandomBytes)]
    pub fn random_bytes(&self, count: u32) -> Call<SecretString, Plain> {
        call.then(|call| call.map(|RandomBytes { random_bytes }| Ok(random_bytes)))
    }
}
