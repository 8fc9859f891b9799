//! What Enterprise servers add for operators.

use bytes::Bytes;
use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use jiff::Timestamp;

use super::Operator;
use crate::Call;

#[endpoints("operator")]
impl Operator {
    /// The licence in use (Enterprise).
    #[get("/v1/operator/license", enterprise)]
    pub fn license(&self) -> Call<LicenseReply> {}

    /// The licence as it was signed (Enterprise).
    #[get("/v1/operator/license", enterprise, with = crate::answers::text)]
    pub fn license_signed(&self) -> Call<String> {
        call.set_query("signed", "1")
    }

    /// Lists the network segments (Enterprise).
    #[get("/v1/operator/segment", enterprise)]
    pub fn segments(&self) -> Call<Vec<String>> {}

    /// The hash under which the audit log has a text (Enterprise).
    #[post("/v1/operator/audit-hash", idempotent, enterprise)]
    pub fn audit_hash(&self, input: &str) -> Call<AuditHash> {
        call.field("Input", input)
    }

    /// A bundle of usage data, as JSON (Enterprise, 1.22 and later).
    #[get("/v1/operator/utilization", not_idempotent, enterprise)]
    #[query(
        /// Puts a message into the bundle.
        message: String,
        /// Takes today's data only.
        today_only: bool,
        /// Sends the bundle to HashiCorp too.
        send_report: bool,
    )]
    pub fn utilization(&self) -> Call<Bytes, Utilization> {}
}

/// A hash.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AuditHash {
    /// The hash.
    pub hash: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A licence and whether it counts (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LicenseReply {
    /// Whether it does.
    pub valid: bool,
    /// The licence.
    pub license: Option<License>,
    /// What is wrong with it.
    pub warnings: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A licence (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct License {
    /// Its id.
    pub license_id: String,
    /// Whose it is.
    pub customer_id: String,
    /// The installation it is for; `*` for all.
    pub installation_id: String,
    /// When it was made.
    #[wire(with = client_core::time::rfc3339)]
    pub issue_time: Option<Timestamp>,
    /// When it begins.
    #[wire(with = client_core::time::rfc3339)]
    pub start_time: Option<Timestamp>,
    /// When it ends.
    #[wire(with = client_core::time::rfc3339)]
    pub expiration_time: Option<Timestamp>,
    /// When servers stop working with it.
    #[wire(with = client_core::time::rfc3339)]
    pub termination_time: Option<Timestamp>,
    /// Whether they do not.
    pub ignore_termination: bool,
    /// The product.
    pub product: String,
    /// Settings.
    pub flags: Extra,
    /// Parts of the product.
    pub modules: Vec<String>,
    /// Features of the product.
    pub features: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}
