//! Runs one case with one subject, in a process of its own.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream;
use nomad_client::EventItem;

use crate::cases::{FULL, Sizes};
use crate::raw::check;
use crate::report::Measure;
use crate::{Outcome, raw, server, usage};

/// Measures and prints the result as JSON.
pub async fn run(case: &str, subject: &str, address: &str) -> Outcome {
    let measure = measure(case, subject, address, FULL).await?;
    println!("{}", serde_json::to_string(&measure)?);
    Ok(())
}

/// Measures.
pub async fn measure(case: &str, subject: &str, address: &str, sizes: Sizes) -> Outcome<Measure> {
    let subject = Subject::new(subject, address)?;
    // Connections, certificates and allocator are warm in any program that does more than one call.
    subject.small().await?;
    usage::reset_peak();
    let idle = usage::resident();
    let (started, cpu) = (Instant::now(), usage::cpu_micros());
    let mut lists: Vec<Box<dyn Any>> = Vec::new();
    let operations = match case {
        "small-read" => {
            for _ in 0..sizes.reads {
                subject.small().await?;
            }
            sizes.reads
        }
        "throughput" => throughput(subject, sizes.concurrent_reads).await?,
        "allocations" => kept(&mut lists, subject.allocations(sizes.allocations).await?),
        "kv" => kept(&mut lists, subject.kv(sizes.entries).await?),
        "services" => kept(&mut lists, subject.services(sizes.instances).await?),
        "events" => subject.events(sizes.events).await.map(|()| 1)?,
        other => return Err(format!("there is no case `{other}`").into()),
    };
    let operations = f64::from(operations);
    Ok(Measure {
        micros: started.elapsed().as_secs_f64() * 1e6 / operations,
        cpu_micros: (usage::cpu_micros() - cpu) / operations,
        peak_kib: usage::peak().saturating_sub(idle),
    })
}

/// A list's time ends when it is there: freeing it is not part of reading it.
fn kept(lists: &mut Vec<Box<dyn Any>>, list: Box<dyn Any>) -> u32 {
    lists.push(list);
    1
}

/// `list`, which has to be as long as is wanted.
pub fn all<T: Any>(list: Vec<T>, wanted: usize) -> Outcome<Box<dyn Any>> {
    check(list.len() == wanted)?;
    Ok(Box::new(list))
}

/// 64 tasks, each with the next request as soon as its last one is answered.
async fn throughput(subject: Subject, times: u32) -> Outcome<u32> {
    let subject = Arc::new(subject);
    let left = Arc::new(AtomicU32::new(times));
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
    Ok(times)
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
            "vault-client" => {
                Self::Vault(vault_client::Client::builder().address(address).token("t").build()?)
            }
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
            Self::Vault(client) => {
                check(client.kv2("secret").get("wuffchat/openai").await?.metadata.version == 3)
            }
            Self::Consul(client) | Self::ConsulItems(client) => {
                check(client.kv().get("app/config").await?.flags == 42)
            }
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.small().await,
        }
    }

    async fn allocations(&self, wanted: usize) -> Outcome<Box<dyn Any>> {
        match self {
            Self::Raw(client, address) => raw::list(client, address, server::ALLOCATIONS, wanted).await,
            Self::Nomad(client) => all(client.allocations().list().task_states(true).await?, wanted),
            Self::NomadItems(client) => {
                count(client.allocations().list().task_states(true).items(), wanted).await
            }
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.allocations(wanted).await,
            _ => Err(nothing()),
        }
    }

    async fn kv(&self, wanted: usize) -> Outcome<Box<dyn Any>> {
        match self {
            Self::Raw(client, address) => raw::list(client, address, server::ENTRIES, wanted).await,
            Self::Consul(client) => all(client.kv().list("app/config/").await?, wanted),
            Self::ConsulItems(client) => count(client.kv().list("app/config/").items(), wanted).await,
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.kv(wanted).await,
            _ => Err(nothing()),
        }
    }

    async fn services(&self, wanted: usize) -> Outcome<Box<dyn Any>> {
        match self {
            Self::Raw(client, address) => raw::list(client, address, server::SERVICES, wanted).await,
            Self::Consul(client) => all(client.health().service("wuffchat-api").await?, wanted),
            Self::ConsulItems(client) => count(client.health().service("wuffchat-api").items(), wanted).await,
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.services(wanted).await,
            _ => Err(nothing()),
        }
    }

    async fn events(&self, wanted: usize) -> Outcome {
        match self {
            Self::Raw(client, address) => raw::events(client, address, wanted).await,
            Self::Nomad(client) => events(client, wanted).await,
            #[cfg(feature = "peers")]
            Self::Peer(peer) => check(peer.events(wanted).await? == wanted),
            _ => Err(nothing()),
        }
    }
}

async fn count<T, E>(
    mut items: impl stream::Stream<Item = Result<T, E>> + Unpin,
    wanted: usize,
) -> Outcome<Box<dyn Any>>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut count = 0;
    while let Some(item) = items.next().await {
        item?;
        count += 1;
    }
    check(count == wanted)?;
    Ok(Box::new(()))
}

/// Reads the events of one connection and decodes each allocation.
async fn events(client: &nomad_client::Client, wanted: usize) -> Outcome {
    let mut events = client.events().stream();
    let mut count = 0;
    while count < wanted {
        let Some(item) = events.next().await else {
            break;
        };
        if let EventItem::Event(event) = item? {
            check(event.allocation()?.is_some())?;
            count += 1;
        }
    }
    check(count == wanted)
}

/// The error of a subject without a call for a case.
pub fn nothing() -> Box<dyn std::error::Error + Send + Sync> {
    "this subject has no such call".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    const SMALL: Sizes =
        Sizes { reads: 3, concurrent_reads: 70, allocations: 12, entries: 30, instances: 7, events: 9 };

    async fn server() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(server::serve(listener, server::Answers::new(SMALL)));
        address
    }

    #[tokio::test]
    async fn every_subject_can_do_its_cases() {
        let address = server().await;
        for case in CASES {
            for subject in [case.baseline].iter().chain(case.subjects) {
                let measured = measure(case.name, subject, &address, SMALL).await;
                assert!(measured.is_ok_and(|measured| measured.micros > 0.0), "{} {subject}", case.name);
            }
        }
    }

    #[tokio::test]
    async fn a_subject_that_sees_less_than_there_is_fails() {
        let address = server().await;
        for case in CASES.iter().filter(|case| !matches!(case.name, "small-read" | "throughput" | "events")) {
            for subject in [case.baseline].iter().chain(case.subjects) {
                let more = Sizes { allocations: 13, entries: 31, instances: 8, ..SMALL };
                assert!(
                    measure(case.name, subject, &address, more).await.is_err(),
                    "{} {subject}",
                    case.name
                );
            }
        }
    }
}
