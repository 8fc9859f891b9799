//! Secrets engines beyond key-value.

mod database;
mod identity;
mod pki;
mod ssh;
mod totp;
mod transit;

pub use database::{Connection, Credentials, Database, DatabaseRole, StaticCredentials, StaticRole};
pub use identity::{
    Entity, EntityAlias, EntityName, EntitySettings, Group, GroupSettings, Identity, OidcConfiguration,
};
pub use pki::{
    Certificate, CertificateInfo, CertificateRequest, Csr, Imported, Issuer, IssuerSettings, IssuerSummary,
    IssuersConfig, Pki, PkiRole, PkiTidy, PkiUrls, Revocation, Rotated, TidyStatus,
};
pub use ssh::{Ssh, SshCa, SshCertificate, SshOtp, SshRole, SshSign};
pub use totp::{Generated, Totp, TotpKey, TotpKeySettings};
pub use transit::{
    BatchItem, Ciphertext, DataKey, DataKeyOptions, DecryptOptions, EncryptOptions, Encrypted, HmacOptions,
    KeySettings, RewrapOptions, SignOptions, Transit, TransitKey, VerifyHmacOptions, VerifyOptions,
};

pub(crate) const OPERATIONS: [&[client_core::Entry]; 6] = [
    database::OPERATIONS,
    identity::OPERATIONS,
    pki::OPERATIONS,
    ssh::OPERATIONS,
    totp::OPERATIONS,
    transit::OPERATIONS,
];
