//! Key-value secrets: [version 2](https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2),
//! [version 1](https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1) and the
//! [cubbyhole](https://developer.hashicorp.com/vault/api-docs/secret/cubbyhole).

mod data;
mod kv1;
mod kv2;
mod metadata;

pub(crate) use data::read_as;
pub use data::{Exposed, KvData};
pub use kv1::{Cubbyhole, Kv1, ReadKv};
pub use kv2::{Kv2, KvSecret, PatchSecret, ReadSubkeys, ReadVersion, Subkeys, WriteSecret};
pub use metadata::{KvConfig, KvMetadata, KvVersion, Lifetime, SecretMetadata, VersionMetadata};

pub(crate) const OPERATIONS: [&[client_core::Entry]; 3] = [kv1::OPERATIONS, kv1::CUBBYHOLE, kv2::OPERATIONS];
