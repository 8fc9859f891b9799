//! The call type of this client.

use std::time::Duration;

use client_core::caps::Marker;
use client_core::time::GoDuration;
use client_core::wire::{self, ToWire, Wire};

use crate::Error;
use crate::caps::{CheckAndSet, Enveloped, Ranged, Settled, Shaped, Warned, Whole};
use crate::client::Vault;
use crate::secret::{Secret, WrapInfo, read_warnings, read_wrap_info};

client_core::define_call!(Vault, Error, of);

impl<T, C: Marker<State = Whole>> Call<T, C> {
    /// Answers where the answer is instead of the answer: a token that shows it once, within
    /// `ttl`, which has to be more than zero. The server keeps the answer until then.
    ///
    /// See [response wrapping](https://developer.hashicorp.com/vault/docs/concepts/response-wrapping).
    pub fn wrap(self, ttl: Duration) -> Call<WrapInfo, C::In<Settled>> {
        self.edit(|request| {
            // The server would wrap nothing, and what was made would be lost with its answer.
            if ttl < Duration::from_secs(1) {
                return request.mistake("a wrapped answer needs at least a second to be unwrapped in");
            }
            request.header("x-vault-wrap-ttl", &GoDuration::from(ttl).to_string());
        })
        .then(|call| call.decoded_by(read_wrap_info))
    }
}

impl<T, C> Call<T, C> {
    /// Passes a second factor with the request itself; the passcode may be empty where the method
    /// asks on another way. Several factors are given one after the other. A login that was refused
    /// for want of one names the method in its [`mfa_requirement`](crate::Auth::mfa_requirement).
    pub fn mfa(self, method: &str, passcode: &str) -> Self {
        let value = if passcode.is_empty() { method.to_owned() } else { format!("{method}:{passcode}") };
        self.edit(|request| request.add_header("x-vault-mfa", &value))
    }

    /// Overrides a soft-mandatory Sentinel policy (Enterprise).
    pub fn policy_override(self) -> Self {
        self.edit(|request| request.header("x-vault-policy-override", "true"))
    }

    /// Asks for an answer that knows the write whose [`Meta::state`](crate::Meta::state) this is.
    /// A server that does not know it yet answers 412, which is asked again.
    pub fn require_state(self, state: &str) -> Self {
        self.edit(|request| request.header("x-vault-index", state))
    }

    /// Lets a standby that does not know a required state yet pass the request to the active node.
    pub fn forward_when_inconsistent(self) -> Self {
        self.edit(|request| request.header("x-vault-inconsistent", "forward-active-node"))
    }

    /// Sends a JSON body as a merge patch.
    pub(crate) fn merge_patch(self) -> Self {
        self.edit(|request| request.content_type("application/merge-patch+json"))
    }

    /// Sends no token: a login must not depend on one that may have expired.
    pub(crate) fn anonymous(self) -> Self {
        self.edit(client_core::Request::anonymous)
    }

    /// Sends a field if it has a value.
    pub(crate) fn field_if<B: ToWire + ?Sized>(self, name: &'static str, value: Option<&B>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }
}

impl<T: Wire, C: Enveloped + Marker<State = Whole>> Call<T, C> {
    /// Answers the whole envelope: warnings, lease and token beside the data.
    pub fn envelope(self) -> Call<Secret<T>, C::In<Shaped>> {
        self.then(|call| call.decoded_by(wire::json::<Secret<T>>))
    }
}

impl<C: Warned + Marker<State = Whole>> Call<(), C> {
    /// Answers the warnings that came with the success.
    pub fn warnings(self) -> Call<Vec<String>, C::In<Settled>> {
        self.then(|call| call.decoded_by(read_warnings))
    }
}

impl<T, C: Ranged> Call<T, C> {
    /// Starts after this name (OpenBao; Vault ignores it).
    pub fn after(self, name: impl Into<String>) -> Self {
        self.set_query("after", name.into())
    }

    /// Answers at most this many names (OpenBao; Vault ignores it).
    pub fn limit(self, count: u32) -> Self {
        self.set_query("limit", count)
    }
}

impl<T, C: CheckAndSet> Call<T, C> {
    /// Writes only if the current version is `version`; 0 for "does not exist".
    ///
    /// Otherwise the call fails with [`Error::CasMismatch`].
    pub fn cas(self, version: u64) -> Self {
        #[derive(ToWire)]
        struct Options {
            cas: u64,
        }
        self.field("options", &Options { cas: version })
    }
}
