//! The call type of this client.

use crate::Error;
use crate::caps::Reversible;
use crate::client::Nomad;

client_core::define_call!(Nomad, Error);

impl<T, C> Call<T, C> {
    /// Asks this region instead of the client's.
    pub fn region(self, region: impl Into<String>) -> Self {
        let region = region.into();
        self.edit(|request| {
            request.insist_on_query("region", &region);
            request.set_query("region", region);
        })
    }
}

impl<T, C: Reversible> Call<T, C> {
    /// Reads the list from its other end.
    pub fn reverse(self, yes: bool) -> Self {
        self.set_query("reverse", yes)
    }
}
