//! What Enterprise servers add for operators.

use bytes::Bytes;
use client_core::caps::Plain;
use client_core::wire::{Wire, bytes, recode_raw, text};
use client_core::{Extra, Op, Verb, operations};
use jiff::Timestamp;

use super::Operator;
use crate::Call;

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
