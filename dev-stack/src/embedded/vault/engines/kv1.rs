//! KV version 1, and the cubbyhole, which is one per token.

use std::collections::BTreeMap;

use super::super::request::{Failure, Operation, Outcome, Reply, Request};
use super::super::value::{Object, seconds};
use super::{Context, children, folder};

/// Values by path.
#[derive(Debug, Default)]
pub(crate) struct Kv1 {
    values: BTreeMap<String, Object>,
}

impl Kv1 {
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.values.contains_key(path)
    }

    /// `leased`: reads carry a lease time.
    pub(crate) fn handle(
        &mut self,
        context: &Context,
        request: &Request,
        path: &str,
        leased: bool,
    ) -> Outcome {
        match request.operation {
            Operation::List => Reply::keys(children(self.values.keys().map(String::as_str), &folder(path))),
            Operation::Read | Operation::Header => Ok(self.values.get(path).map(|value| {
                let own = value.get("ttl").or_else(|| value.get("lease")).and_then(|v| seconds(v).ok());
                let lease = own.filter(|s| *s > 0).unwrap_or(context.default_lease_ttl);
                let reply = Reply::data(value.clone().into());
                if leased { Reply { lease_duration: lease, ..reply } } else { reply }
            })),
            Operation::Create | Operation::Update => {
                if path.is_empty() || path.ends_with('/') {
                    return Err(Failure::bad("cannot write to a path ending in '/'"));
                }
                if request.data.is_empty() {
                    return Err(Failure::bad("missing data fields"));
                }
                self.values.insert(path.to_owned(), request.data.clone());
                Ok(None)
            }
            Operation::Delete => {
                self.values.remove(path);
                Ok(None)
            }
            Operation::Patch => Err(Failure::unsupported_operation()),
        }
    }
}
