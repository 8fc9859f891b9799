//! Starting parameterized jobs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client_core::Extra;
use client_core::wire::Wire;

use super::{DispatchJob, DispatchRaw};
use crate::Call;

/// The job that a dispatch started.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct JobDispatch {
    /// Its id.
    #[wire(name = "DispatchedJobID")]
    pub dispatched_job_id: String,
    /// The evaluation that places it; empty where the idempotency token was known already.
    #[wire(name = "EvalID")]
    pub eval_id: String,
    /// The index at which the evaluation was created.
    pub eval_create_index: u64,
    /// The index at which the job was created.
    pub job_create_index: u64,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Makes the call one that may be repeated, since the server knows a repeat by the token.
fn with_token<T, C>(call: Call<T, C>, token: String) -> Call<T, C> {
    call.set_query("idempotency_token", token).edit(|request| request.idempotent(true))
}

impl<T, S> Call<T, DispatchJob<S>> {
    /// The meta that the job asks for.
    pub fn meta<K: Into<String>, V: Into<String>>(self, meta: impl IntoIterator<Item = (K, V)>) -> Self {
        let meta: BTreeMap<String, String> = meta.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self.field("Meta", &meta)
    }

    /// The payload, at most 16 KiB.
    pub fn payload(self, payload: impl AsRef<[u8]>) -> Self {
        self.field("Payload", &STANDARD.encode(payload))
    }

    /// Put into the new job's id.
    pub fn id_prefix_template(self, template: impl Into<String>) -> Self {
        self.field("IdPrefixTemplate", &template.into())
    }

    /// The new job's priority, 1 to 100. The default is the parent's.
    pub fn priority(self, priority: u8) -> Self {
        self.field("Priority", &priority)
    }

    /// Starts nothing if a job was dispatched with this token before, and makes it safe to repeat
    /// the call after a lost answer.
    pub fn idempotency_token(self, token: impl Into<String>) -> Self {
        with_token(self, token.into())
    }
}

impl<T, S> Call<T, DispatchRaw<S>> {
    /// Starts nothing if a job was dispatched with this token before, and makes it safe to repeat
    /// the call after a lost answer.
    pub fn idempotency_token(self, token: impl Into<String>) -> Self {
        with_token(self, token.into())
    }
}
