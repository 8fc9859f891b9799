//! Runs one case with one subject, in a process of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream;

use crate::raw::check;
use crate::report::Measure;
use crate::{Outcome, memory, raw, server};

/// Measures and prints the result as JSON.
pub async fn run(case: &str, subject: &str, address: &str) -> Outcome {
    let subject = Subject::new(subject, address)?;
    // Connections, certificates and allocator are warm in any program that does more than one call.
    subject.small().await?;
    memory::reset_peak();
    let idle = memory::resident();
    let started = Instant::now();
    let operations = match case {
        "small-read" => {
            const TIMES: u32 = 4_000;
            for _ in 0..TIMES {
                subject.small().await?;
            }
            TIMES
        }
        "throughput" => throughput(subject).await?,
        "allocations" => subject.allocations().await.map(|()| 1)?,
        "kv" => subject.kv().await.map(|()| 1)?,
        "services" => subject.services().await.map(|()| 1)?,
        "events" => subject.events().await.map(|()| 1)?,
        other => return Err(format!("there is no case `{other}`").into()),
    };
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(operations);
    let measure = Measure { micros, peak_kib: memory::peak().saturating_sub(idle) };
    println!("{}", serde_json::to_string(&measure)?);
    Ok(())
}

/// 64 tasks, each with the next request as soon as its last one is answered.
async fn throughput(subject: Subject) -> Outcome<u32> {
    const TIMES: u32 = 20_000;
    let subject = Arc::new(subject);
    let left = Arc::new(AtomicU32::new(TIMES));
    let tasks = (0..64).map(|_| {
        let (subject, left) = (Arc::clone(&subject), Arc::clone(&left));
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                subject.small().await?;
            }
            Outcome::Ok(())
        })
    });
    let mut tasks = stream::iter(tasks).buffer_unordered(64);
    while let Some(result) = tasks.next().await {
        result??;
    }
    Ok(TIMES)
}

/// Whose client is measured.
enum Subject {
    Raw(reqwest::Client, String),
    Nomad(nomad_client::Client),
    NomadItems(nomad_client::Client),
    Vault(vault_client::Client),
    Consul(consul_client::Client),
    ConsulItems(consul_client::Client),
    #[cfg(feature = "peers")]
    Peer(crate::peers::Peer),
}

impl Subject {
    fn new(name: &str, address: &str) -> Outcome<Self> {
        let nomad = || nomad_client::Client::builder().address(address).token("t").build();
        let consul = || consul_client::Client::builder().address(address).token("t").build();
        Ok(match name {
            "raw" => Self::Raw(raw::client()?, address.to_owned()),
            "nomad-client" => Self::Nomad(nomad()?),
            "nomad-client items" => Self::NomadItems(nomad()?),
            "vault-client" => Self::Vault(vault_client::Client::builder().address(address).token("t").build()?),
            "consul-client" => Self::Consul(consul()?),
            "consul-client items" => Self::ConsulItems(consul()?),
            #[cfg(feature = "peers")]
            other => Self::Peer(crate::peers::Peer::new(other, address)?),
            #[cfg(not(feature = "peers"))]
            other => return Err(format!("there is no subject `{other}` without the feature `peers`").into()),
        })
    }

    async fn small(&self) -> Outcome {
        match self {
            Self::Raw(client, address) => raw::small(client, address).await,
            Self::Nomad(client) | Self::NomadItems(client) => {
                check(client.namespaces().get("default").await?.name == "default")
            }
            Self::Vault(client) => check(client.kv2("secret").get("wuffchat/openai").await?.metadata.version == 3),
            Self::Consul(client) | Self::ConsulItems(client) => {
                check(client.kv().get("app/config").await?.is_some_and(|pair| pair.flags == 42))
            }
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.small().await,
        }
    }

    async fn allocations(&self) -> Outcome {
        match self {
            Self::Raw(client, address) => raw::list(client, address, server::ALLOCATIONS).await,
            Self::Nomad(client) => check(client.allocations().list().task_states(true).await?.len() == 10_000),
            Self::NomadItems(client) => check(count(client.allocations().list().task_states(true).items()).await? == 10_000),
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.allocations().await,
            _ => Err(nothing()),
        }
    }

    async fn kv(&self) -> Outcome {
        match self {
            Self::Raw(client, address) => raw::list(client, address, server::ENTRIES).await,
            Self::Consul(client) => check(client.kv().list("app/config/").await?.len() == 50_000),
            Self::ConsulItems(client) => check(count(client.kv().list("app/config/").items()).await? == 50_000),
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.kv().await,
            _ => Err(nothing()),
        }
    }

    async fn services(&self) -> Outcome {
        match self {
            Self::Raw(client, address) => raw::list(client, address, server::SERVICES).await,
            Self::Consul(client) => check(client.health().service("wuffchat-api").await?.len() == 5_000),
            Self::ConsulItems(client) => check(count(client.health().service("wuffchat-api").items()).await? == 5_000),
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.services().await,
            _ => Err(nothing()),
        }
    }

    async fn events(&self) -> Outcome {
        match self {
            Self::Raw(client, address) => raw::events(client, address).await,
            Self::Nomad(client) => events(client).await,
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.events().await,
            _ => Err(nothing()),
        }
    }
}

async fn count<T, E>(mut items: impl stream::Stream<Item = Result<T, E>> + Unpin) -> Outcome<usize>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut count = 0;
    while let Some(item) = items.next().await {
        item?;
        count += 1;
    }
    Ok(count)
}

/// Reads the events of one connection and decodes each allocation.
async fn events(client: &nomad_client::Client) -> Outcome {
    let mut events = client.events().stream();
    let mut count = 0;
    while let Some(event) = events.next().await {
        let event = event?;
        check(event.allocation()?.is_some())?;
        count += 1;
        if count == 5_000 {
            break;
        }
    }
    check(count == 5_000)
}

fn nothing() -> Box<dyn std::error::Error + Send + Sync> {
    "this subject has no such call".into()
}
