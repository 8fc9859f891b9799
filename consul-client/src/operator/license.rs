//! What Enterprise servers add for operators.

use bytes::Bytes;
use client_core::caps::Plain;
use client_core::wire::{bytes, recode_raw, text};
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Operator;
use crate::Call;
use crate::record::record;

operations! {
    LICENSE: LicenseReply, Plain =
        Op::new(Verb::Get, "operator.license", "/v1/operator/license").enterprise();
    SIGNED: String, Plain =
        Op::decoded_by(Verb::Get, "operator.license_signed", "/v1/operator/license", text, recode_raw).enterprise();
    SEGMENTS: Vec<String>, Plain = Op::new(Verb::Get, "operator.segments", "/v1/operator/segment").enterprise();
    AUDIT_HASH: AuditHash, Plain =
        Op::new(Verb::Post, "operator.audit_hash", "/v1/operator/audit-hash").idempotent().enterprise();
    UTILIZATION: Bytes, Utilization =
        Op::decoded_by(Verb::Get, "operator.utilization", "/v1/operator/utilization", bytes, recode_raw)
            .not_idempotent()
            .enterprise();
}

client_core::capabilities! {
    /// Makes a bundle of usage data.
    pub struct Utilization;
}
client_core::options! {
    Utilization {
        /// Puts a message into the bundle.
        text message() = "message";
        /// Takes today's data only.
        query today_only(bool) = "today_only";
        /// Sends the bundle to HashiCorp too.
        query send_report(bool) = "send_report";
    }
}

impl Operator<'_> {
    /// The licence in use (Enterprise).
    pub fn license(&self) -> Call<LicenseReply> {
        self.0.call(&LICENSE, &[])
    }

    /// The licence as it was signed (Enterprise).
    pub fn license_signed(&self) -> Call<String> {
        self.0.call(&SIGNED, &[]).set_query("signed", "1")
    }

    /// Lists the network segments (Enterprise).
    pub fn segments(&self) -> Call<Vec<String>> {
        self.0.call(&SEGMENTS, &[])
    }

    /// The hash under which the audit log has a text (Enterprise).
    pub fn audit_hash(&self, input: &str) -> Call<AuditHash> {
        self.0.call(&AUDIT_HASH, &[]).field("Input", input)
    }

    /// A bundle of usage data, as JSON (Enterprise, 1.22 and later).
    pub fn utilization(&self) -> Call<Bytes, Utilization> {
        self.0.call(&UTILIZATION, &[])
    }
}

record! {
    /// A hash.
    pub struct AuditHash {
        /// The hash.
        hash: String,
    }

    /// A licence and whether it counts (Enterprise).
    pub struct LicenseReply {
        /// Whether it does.
        valid: bool,
        /// The licence.
        license: Option<License>,
        /// What is wrong with it.
        warnings: Vec<String>,
        ..extra
    }
}

/// A licence (Enterprise).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct License {
    /// Its id.
    pub license_id: String,
    /// Whose it is.
    pub customer_id: String,
    /// The installation it is for; `*` for all.
    pub installation_id: String,
    /// When it was made.
    #[serde(with = "client_core::time::rfc3339")]
    pub issue_time: Option<Timestamp>,
    /// When it begins.
    #[serde(with = "client_core::time::rfc3339")]
    pub start_time: Option<Timestamp>,
    /// When it ends.
    #[serde(with = "client_core::time::rfc3339")]
    pub expiration_time: Option<Timestamp>,
    /// When servers stop working with it.
    #[serde(with = "client_core::time::rfc3339")]
    pub termination_time: Option<Timestamp>,
    /// Whether they do not.
    pub ignore_termination: bool,
    /// The product.
    pub product: String,
    /// Settings.
    #[serde(deserialize_with = "client_core::wire::null_default")]
    pub flags: Extra,
    /// Parts of the product.
    #[serde(deserialize_with = "client_core::wire::null_default")]
    pub modules: Vec<String>,
    /// Features of the product.
    #[serde(deserialize_with = "client_core::wire::null_default")]
    pub features: Vec<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl crate::record::Unset for License {}
