//! The three products of one world, and how they reach each other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::clock::Clock;
use super::consul::Consul;
use super::faults::Faults;
use super::nomad::{Later, Neighbours, Nomad, VaultError};
use super::vault::Vault;

/// One clock, three products, and the faults of each.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) nomad: Arc<Nomad>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) consul: Arc<Consul>,
    pub(crate) nomad_faults: Faults,
    pub(crate) vault_faults: Faults,
    pub(crate) consul_faults: Faults,
}

/// What Nomad's tasks reach: the Vault and the Consul of their world.
pub(crate) struct Around {
    pub(crate) vault: Arc<Vault>,
    pub(crate) consul: Arc<Consul>,
    pub(crate) consul_token: String,
}

impl Neighbours for Around {
    fn vault_login<'a>(
        &'a self,
        mount: &'a str,
        role: &'a str,
        jwt: &'a str,
    ) -> Later<'a, Result<String, VaultError>> {
        Box::pin(self.vault.login_jwt(mount, role, jwt))
    }

    fn vault_read<'a>(
        &'a self,
        token: &'a str,
        path: &'a str,
    ) -> Later<'a, Result<Option<Value>, VaultError>> {
        let found = self.vault.read(token, path).map(|data| data.map(|data| json!({"data": data})));
        Box::pin(std::future::ready(found))
    }

    fn consul_register(&self, node: &str, service: &Value) {
        if let Err(error) = self.consul.register_service(node, service) {
            tracing::warn!(%error, "consul refused a service");
        }
    }

    fn consul_deregister(&self, id: &str) {
        self.consul.deregister_service(id);
    }

    fn consul_check(&self, id: &str, status: &str, output: &str) {
        self.consul.set_check(id, status, output);
    }

    fn consul_key<'a>(&'a self, key: &'a str) -> Later<'a, Option<String>> {
        Box::pin(async move {
            let body = self.ask(&format!("/v1/kv/{key}?raw")).await?;
            String::from_utf8(body.to_vec()).ok()
        })
    }

    fn consul_service<'a>(&'a self, name: &'a str) -> Later<'a, Value> {
        Box::pin(async move {
            let body = self.ask(&format!("/v1/health/service/{name}?passing")).await;
            let list: Vec<Value> = body.and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
            let instance = |entry: &Value| {
                let s = entry.get("Service")?;
                Some(
                    json!({"Name": s.get("Service"), "ID": s.get("ID"), "Address": s.get("Address"), "Port": s.get("Port"), "Tags": s.get("Tags")}),
                )
            };
            list.iter().filter_map(instance).collect()
        })
    }
}

impl Around {
    /// The body of a good answer of Consul to a read.
    async fn ask(&self, path: &str) -> Option<bytes::Bytes> {
        use super::http::{HttpBody, HttpReq, Service as _, decode, parse_query};
        let (raw, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = ::http::HeaderMap::new();
        headers.insert("X-Consul-Token", self.consul_token.parse().ok()?);
        let req = HttpReq {
            method: ::http::Method::GET,
            path: decode(raw, false),
            raw_path: raw.to_owned(),
            segments: raw.split('/').skip(1).map(|s| decode(s, false)).collect(),
            query: parse_query(query),
            headers,
            body: bytes::Bytes::new(),
            peer: ([127, 0, 0, 1], 0).into(),
        };
        let resp = self.consul.call(req).await;
        match resp.body {
            HttpBody::Bytes(body) if resp.status == 200 => Some(body),
            _ => None,
        }
    }
}
