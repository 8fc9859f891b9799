//! Where a job lives: its own namespace and region, which count more than the client's.

use crate::jobspec::Job;
use crate::{Call, Client};

/// The namespace and region that a job's specification names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JobPlace {
    namespace: Option<String>,
    region: Option<String>,
}

impl JobPlace {
    pub(crate) fn of(job: &Job) -> Self {
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        // The regions of a job that has several are in that block.
        let region = named(&job.region).filter(|_| job.multiregion.is_none());
        Self { namespace: named(&job.namespace), region }
    }

    /// A client that looks there.
    pub(crate) fn client(&self, client: &Client) -> Client {
        let mut client = client.clone();
        if let Some(namespace) = &self.namespace {
            client = client.namespace(namespace.as_str());
        }
        if let Some(region) = &self.region {
            client = client.region(region.as_str());
        }
        client
    }

    /// The call, going there. The servers take what the query says before what the job says.
    pub(super) fn place<T, C>(&self, call: Call<T, C>) -> Call<T, C> {
        call.edit(|request| {
            if let Some(namespace) = &self.namespace {
                request.set_query("namespace", namespace.as_str());
            }
            if let Some(region) = &self.region {
                request.set_query("region", region.as_str());
            }
        })
    }
}
