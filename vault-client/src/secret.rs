//! The envelope of Vault's answers, and how operations read it.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::caps::Marker;
use client_core::wire::{self, Parts, Wire, recode_raw};
use client_core::{Error, Op, Verb};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::Extra;

/// A whole answer: the data, and the lease that decides how long it is good for.
///
/// Most calls answer their data alone; `.envelope()` answers this instead. Calls that issue
/// credentials always answer it, because without the lease they cannot be renewed or revoked.
#[derive(Debug, Clone, Default, Wire)]
// What some answers of `sys/` have beside these fields are copies of the data.
#[wire(closed)]
#[non_exhaustive]
pub struct Secret<T> {
    /// Names the request in the server's audit log.
    pub request_id: String,
    /// What to renew or revoke the lease by; empty where there is none.
    pub lease_id: String,
    /// How long the data is good for; a mere hint where there is no lease.
    #[wire(with = client_core::time::seconds)]
    pub lease_duration: Duration,
    /// Whether the lease can be renewed.
    pub renewable: bool,
    /// The data.
    #[wire(with = sent, required = !T::NULLABLE)]
    pub data: T,
    /// What the server wants to be noticed although the call succeeded.
    pub warnings: Vec<String>,
    /// The token that was issued or renewed.
    pub auth: Option<Auth>,
    /// Where the answer is, if it was wrapped.
    pub wrap_info: Option<WrapInfo>,
    /// The type of the mount that answered; empty on OpenBao.
    pub mount_type: String,
}

/// Data that may be missing only where its type has a value for nothing.
mod sent {
    use client_core::wire::{Fault, Reader, ToWire, Wire, Writer};

    pub(super) fn read<T: Wire>(data: &mut T, from: &mut Reader<'_>) -> Result<(), Fault> {
        if !T::NULLABLE && from.null()? {
            return Err(from.misfit("nothing"));
        }
        data.read(from)
    }

    pub(super) fn write<T: ToWire>(data: &T, to: &mut Writer) {
        data.write(to);
    }
}

impl<T> Secret<T> {
    /// The same envelope around something else.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Secret<U> {
        let Self {
            request_id,
            lease_id,
            lease_duration,
            renewable,
            data,
            warnings,
            auth,
            wrap_info,
            mount_type,
        } = self;
        let data = f(data);
        Secret {
            request_id,
            lease_id,
            lease_duration,
            renewable,
            data,
            warnings,
            auth,
            wrap_info,
            mount_type,
        }
    }

    /// Whether there is a lease to renew or revoke.
    #[must_use]
    pub fn has_lease(&self) -> bool {
        !self.lease_id.is_empty()
    }
}

/// A token, as logins, token creation and renewals answer it.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Auth {
    /// The token; empty while [`mfa_requirement`](Auth::mfa_requirement) is not met.
    pub client_token: SecretString,
    /// A handle for looking up and revoking the token that cannot be used as one. Batch tokens
    /// have none.
    pub accessor: String,
    /// All its policies.
    pub policies: Vec<String>,
    /// The policies it has by itself.
    pub token_policies: Vec<String>,
    /// The policies it has through its entity.
    #[wire(omit)]
    pub identity_policies: Vec<String>,
    /// Facts about the login.
    pub metadata: BTreeMap<String, String>,
    /// How long it lives unless it is renewed; zero for ever.
    #[wire(with = client_core::time::seconds)]
    pub lease_duration: Duration,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// Whose identity it has.
    pub entity_id: String,
    /// `service` or `batch`.
    pub token_type: String,
    /// Whether it outlives the token that made it.
    pub orphan: bool,
    /// How often it may be used; 0 for any number.
    pub num_uses: u64,
    /// What a second step, [`validate_mfa`](crate::sys::Sys::validate_mfa), has to prove before
    /// there is a token.
    pub mfa_requirement: Option<MfaRequirement>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a login still has to prove.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct MfaRequirement {
    /// Names the login in the second step.
    pub mfa_request_id: String,
    /// For each constraint, the methods of which one has to be passed.
    pub mfa_constraints: BTreeMap<String, MfaConstraint>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Methods of which one has to be passed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct MfaConstraint {
    /// The methods.
    pub any: Vec<MfaMethod>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A second factor.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[non_exhaustive]
pub struct MfaMethod {
    /// `totp`, `duo`, `okta` or `pingid`.
    #[wire(name = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Whether it wants a passcode.
    pub uses_passcode: bool,
    /// Its name.
    pub name: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where a wrapped answer is: a token that shows it once.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct WrapInfo {
    /// Unwraps the answer, once.
    pub token: SecretString,
    /// A handle for the token.
    pub accessor: String,
    /// How long the token lives.
    #[wire(with = client_core::time::seconds)]
    pub ttl: Duration,
    /// When the answer was wrapped.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub creation_time: Option<Timestamp>,
    /// The path whose answer is in it: what a receiver compares before it unwraps.
    pub creation_path: String,
    /// The accessor of the token inside, where a login or a token creation was wrapped.
    #[wire(omit)]
    pub wrapped_accessor: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// An operation whose answer is the data of an envelope.
pub(crate) const fn data<T: Wire, C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<T, C> {
    Op::decoded_by(verb, name, path, read_data::<T>, recode_envelope::<T>)
}

/// An operation that answers the whole envelope, because of its lease.
pub(crate) const fn leased<T: Wire, C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<Secret<T>, C> {
    Op::decoded_by(verb, name, path, wire::json::<Secret<T>>, recode_envelope::<T>)
}

/// A write whose answer holds no more than warnings.
pub(crate) const fn written<C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<(), C> {
    Op::decoded_by(verb, name, path, wire::empty, recode_written)
}

/// An operation that issues or renews a token.
pub(crate) const fn issues_token<C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<Auth, C> {
    Op::decoded_by(verb, name, path, read_auth, recode_envelope::<Option<Value>>)
}

/// An operation whose answer is where something was wrapped.
pub(crate) const fn wraps<C: Marker>(verb: Verb, name: &'static str, path: &'static str) -> Op<WrapInfo, C> {
    Op::decoded_by(verb, name, path, read_wrap_info, recode_envelope::<Option<Value>>)
}

/// A list of names. Vault answers 404 where there are none.
pub(crate) const fn keys<C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<Vec<String>, C> {
    Op::decoded_by(verb, name, path, read_keys, recode_envelope::<Keys<Value>>).empty_if_missing()
}

/// A list of names with something about each. Vault answers 404 where there are none.
pub(crate) const fn key_info<T: Wire, C: Marker>(
    verb: Verb,
    name: &'static str,
    path: &'static str,
) -> Op<BTreeMap<String, T>, C> {
    Op::decoded_by(verb, name, path, read_key_info::<T>, recode_envelope::<Keys<T>>).empty_if_missing()
}

#[derive(Default, Wire)]
#[wire(closed)]
struct Keys<T> {
    keys: Vec<String>,
    #[wire(omit)]
    key_info: BTreeMap<String, T>,
}

fn read_data<T: Wire>(answer: &Parts) -> Result<T, Error> {
    wire::json::<Secret<T>>(answer).map(|secret| secret.data)
}

/// Warnings of an answer that may have no body at all.
pub(crate) fn read_warnings(answer: &Parts) -> Result<Vec<String>, Error> {
    let secret = wire::json::<Option<Secret<()>>>(answer)?;
    Ok(secret.map(|secret| secret.warnings).unwrap_or_default())
}

pub(crate) fn read_auth(answer: &Parts) -> Result<Auth, Error> {
    let auth = wire::json::<Secret<()>>(answer)?.auth;
    auth.ok_or_else(|| Error::decode("the answer has no `auth`"))
}

pub(crate) fn read_wrap_info(answer: &Parts) -> Result<WrapInfo, Error> {
    let info = wire::json::<Option<Secret<()>>>(answer)?.and_then(|secret| secret.wrap_info);
    info.ok_or_else(|| Error::decode("the answer has no `wrap_info`: there was nothing to wrap"))
}

fn read_keys(answer: &Parts) -> Result<Vec<String>, Error> {
    Ok(read_data::<Keys<()>>(answer)?.keys)
}

fn read_key_info<T: Wire>(answer: &Parts) -> Result<BTreeMap<String, T>, Error> {
    Ok(read_data::<Keys<T>>(answer)?.key_info)
}

/// Reads an envelope and writes it again, with the copies of the data that some answers of
/// `sys/` have beside the envelope's own fields.
pub(crate) fn recode_envelope<T: Wire>(answer: &Parts) -> Result<Value, Error> {
    let secret = wire::json::<Secret<T>>(answer)?;
    with_copies(answer, wire::rewrite(&secret)?)
}

pub(crate) fn with_copies(answer: &Parts, mut envelope: Value) -> Result<Value, Error> {
    let original: BTreeMap<String, ()> = wire::json(answer)?;
    let data = envelope.get("data").cloned().unwrap_or_default();
    if let Some(envelope) = envelope.as_object_mut() {
        for name in original.into_keys() {
            if let Some(copy) = data.get(&name) {
                envelope.entry(name).or_insert_with(|| copy.clone());
            }
        }
    }
    Ok(envelope)
}

fn recode_written(answer: &Parts) -> Result<Value, Error> {
    read_warnings(answer)?;
    recode_raw(answer)
}
