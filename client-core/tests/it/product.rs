//! A product of this test's own, as a client would describe one.

use client_core::caps::{BlockingLookup, List, PagedList, Plain};
use client_core::{Client, Error, Op, Placement, Product, ProductSpec, Verb};

pub struct Demo;

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DemoError(#[from] pub Error);

pub struct DemoClient(pub Client);

impl From<Client> for DemoClient {
    fn from(core: Client) -> Self {
        Self(core)
    }
}

impl Product for Demo {
    type Error = DemoError;
    type Client = DemoClient;
    const SPEC: &'static ProductSpec = &ProductSpec {
        name: "demo",
        default_address: "http://127.0.0.1:1",
        default_scheme: "http",
        token_header: "x-demo-token",
        namespace: Placement::Query("namespace"),
        headers: &[("x-demo-request", "true")],
        user_agent: "demo-client/0",
        held: None,
        calls: None,
        urgent: &["thing.set"],
        rejects_token: |_, messages| messages.iter().any(|m| m.contains("unknown token")),
        messages: |_, body| client_core::text_messages(body),
        transient: |status, messages| status == 500 && messages.iter().any(|m| m.contains("No leader")),
        meta: |headers| {
            let mut meta = client_core::Meta::default();
            meta.index = client_core::Meta::parse(headers, "x-demo-index");
            meta.next_token = client_core::Meta::text(headers, "x-demo-next");
            meta
        },
        absent: |error| error.status() == Some(404),
        environment: |_, _| Ok(()),
    };
}

mod call {
    use super::{Demo, DemoError};
    client_core::define_call!(Demo, DemoError);
}
pub use call::Call;

static GET: Op<serde_json::Value, BlockingLookup> = Op::new(Verb::Get, "thing.get", "/v1/thing/{id}");
static LIST: Op<Vec<u32>, PagedList> = Op::new(Verb::Get, "thing.list", "/v1/things");
static PUT: Op<(), Plain> = Op::new(Verb::Put, "thing.put", "/v1/thing/{id}");
static SET: Op<(), Plain> = Op::new(Verb::Put, "thing.set", "/v1/thing/{id}").idempotent();
static KEYS: Op<Vec<u32>, List> = Op::new(Verb::Get, "thing.keys", "/v1/keys").empty_if_missing().root();

impl DemoClient {
    pub fn at(uri: &str) -> Self {
        Self::with(uri, |builder| builder)
    }

    pub fn with(
        uri: &str,
        edit: impl FnOnce(client_core::Builder<Demo>) -> client_core::Builder<Demo>,
    ) -> Self {
        edit(client_core::Builder::default().address(uri).token("hunter2")).build().unwrap()
    }

    pub fn get(&self, id: &str) -> Call<serde_json::Value, BlockingLookup> {
        Call::new(&self.0, &GET, &[id])
    }

    pub fn list(&self) -> Call<Vec<u32>, PagedList> {
        Call::new(&self.0, &LIST, &[])
    }

    pub fn keys(&self) -> Call<Vec<u32>, List> {
        Call::new(&self.0, &KEYS, &[])
    }

    pub fn put(&self, id: &str) -> Call<()> {
        Call::new(&self.0, &PUT, &[id]).json("secret-body")
    }

    pub fn set(&self, id: &str) -> Call<()> {
        Call::new(&self.0, &SET, &[id]).json("secret-body")
    }
}

#[test]
fn what_a_call_can_do_is_told_by_its_operation() {
    let operation = LIST.operation();
    assert!(operation.blocking && operation.paged && operation.can("Listed") && !operation.can("Optional"));
    assert!(GET.operation().can("Optional") && !GET.operation().paged && !PUT.operation().blocking);
}
