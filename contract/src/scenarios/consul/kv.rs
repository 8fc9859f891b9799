//! Keys and transactions.

use std::time::Duration;

use consul_client::Error;

use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Consul] "consul kv" {
    life_cycle, check_and_set, lists, binary_values, odd_keys, missing, transaction, transaction_conflict,
    blocking_query,
} }

async fn life_cycle(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let key = backend.unique("kv/life");
    kv.put(&key, "one").flags(42).await?;
    let pair = kv.get(&key).await?;
    ensure_eq!((pair.key.as_str(), pair.text().ok(), pair.flags), (key.as_str(), Some("one"), 42));
    ensure_eq!(&kv.raw(&key).await?[..], b"one");
    kv.put(&key, "two").await?;
    let again = kv.get(&key).await?;
    ensure_eq!((again.text().ok(), again.flags), (Some("two"), 0));
    ensure_eq!(again.create_index, pair.create_index);
    ensure!(again.modify_index > pair.modify_index, "its index did not grow");
    kv.delete(&key).await?;
    ensure!(kv.get(&key).optional().await?.is_none(), "the key is still there");
    // Deleting a key that is not there is no error.
    kv.delete(&key).await?;
    Ok(())
}

async fn check_and_set(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let key = backend.unique("kv/cas");
    kv.put(&key, "one").cas(0).await?;
    refused(kv.put(&key, "again").cas(0).await, "a key that exists was created")?;
    let index = kv.get(&key).await?.modify_index;
    kv.put(&key, "two").cas(index).await?;
    refused(kv.put(&key, "three").cas(index).await, "an old index was taken")?;
    ensure_eq!(kv.get(&key).await?.text().ok(), Some("two"));
    refused(kv.delete(&key).cas(index).await, "a key was deleted by an old index")?;
    let index = kv.get(&key).await?.modify_index;
    kv.delete(&key).cas(index).await?;
    Ok(())
}

/// Fails unless a check-and-set was refused.
fn refused(outcome: consul_client::Result<()>, what: &str) -> Result {
    match outcome {
        Err(Error::CasMismatch(_)) => Ok(()),
        other => fail(format!("{what}: {other:?}")),
    }
}

async fn lists(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let top = backend.unique("kv/list");
    for name in ["a", "b/one", "b/two"] {
        kv.put(&format!("{top}/{name}"), name).await?;
    }
    let pairs = kv.list(&format!("{top}/")).await?;
    let values: Vec<_> = pairs.iter().filter_map(|pair| pair.text().ok()).collect();
    ensure_eq!(values, ["a", "b/one", "b/two"]);
    let keys = kv.keys(&format!("{top}/")).await?;
    ensure_eq!(keys.len(), 3);
    let level = kv.keys(&format!("{top}/")).separator("/").await?;
    ensure_eq!(level, [format!("{top}/a"), format!("{top}/b/")]);
    kv.delete_tree(&format!("{top}/b/")).await?;
    ensure_eq!(kv.keys(&format!("{top}/")).await?, [format!("{top}/a")]);
    kv.delete_tree(&top).await?;
    ensure!(kv.list(&top).await?.is_empty(), "the tree is still there");
    Ok(())
}

async fn binary_values(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let key = backend.unique("kv/binary");
    let value: Vec<u8> = (0..=255).collect();
    kv.put(&key, value.clone()).await?;
    ensure_eq!(kv.get(&key).await?.value.to_vec(), value);
    ensure_eq!(kv.raw(&key).await?.to_vec(), value);
    kv.put(&key, "").await?;
    ensure!(kv.get(&key).await?.value.is_empty(), "an empty value is not empty");
    let large = vec![b'x'; 600 << 10];
    match kv.put(&key, large).await {
        Err(Error::TooLarge(_)) => {}
        other => return fail(format!("600 KiB were taken: {other:?}")),
    }
    kv.delete(&key).await?;
    Ok(())
}

async fn odd_keys(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let top = backend.unique("kv/odd");
    for name in ["a b", "ü/ñ", "100%", "q?x=1&y#z", "a//b", "plus+plus", "folder/"] {
        let key = format!("{top}/{name}");
        kv.put(&key, name).await?;
        let pair = kv.get(&key).await?;
        ensure_eq!((pair.key.as_str(), pair.text().ok()), (key.as_str(), Some(name)));
    }
    ensure_eq!(kv.keys(&top).await?.len(), 7);
    ensure!(kv.get(&format!("{top}/../x")).await.is_err(), "`..` was sent");
    kv.delete_tree(&top).await?;
    Ok(())
}

async fn missing(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let key = backend.unique("kv/none");
    match kv.get(&key).await {
        Err(Error::NotFound(error)) => {
            ensure!(error.meta().is_some_and(|meta| meta.index.is_some()), "a 404 has no index to wait from");
        }
        other => return fail(format!("a key that is not there: {other:?}")),
    }
    ensure!(kv.keys(&key).await?.is_empty(), "there are keys");
    Ok(())
}

async fn transaction(backend: &Backend) -> Result {
    let consul = &backend.consul;
    let top = backend.unique("kv/txn");
    let key = |name: &str| format!("{top}/{name}");
    let results = consul
        .txn()
        .check_not_exists(&key("a"))
        .set(&key("a"), "1")
        .cas(&key("b"), "2", 0)
        .get_tree(&format!("{top}/"))
        .apply()
        .await?;
    ensure!(
        results.pairs().any(|pair| pair.key == key("b") && pair.text() == Ok("2")),
        "the result is incomplete"
    );
    ensure_eq!(consul.kv().get(&key("a")).await?.text().ok(), Some("1"));
    consul.txn().delete_tree(&format!("{top}/")).apply().await?;
    ensure!(consul.kv().keys(&top).await?.is_empty(), "the tree is still there");
    Ok(())
}

async fn transaction_conflict(backend: &Backend) -> Result {
    let consul = &backend.consul;
    let top = backend.unique("kv/conflict");
    let (a, b) = (format!("{top}/a"), format!("{top}/b"));
    consul.kv().put(&a, "1").await?;
    match consul.txn().set(&b, "2").cas(&a, "3", 1).apply().await {
        Err(Error::TxnConflict { errors, .. }) => {
            ensure_eq!(errors.iter().map(|error| error.op_index).collect::<Vec<_>>(), [1]);
        }
        other => return fail(format!("the transaction was not rolled back: {other:?}")),
    }
    ensure!(consul.kv().get(&b).optional().await?.is_none(), "half of it was applied");
    ensure_eq!(consul.kv().get(&a).await?.text().ok(), Some("1"));
    consul.kv().delete_tree(&top).await?;
    Ok(())
}

async fn blocking_query(backend: &Backend) -> Result {
    let kv = backend.consul.kv();
    let key = backend.unique("kv/blocking");
    kv.put(&key, "one").await?;
    let reply = kv.get(&key).reply().await?;
    let Some(index) = reply.meta.index else { return fail("the answer has no index") };
    let started = std::time::Instant::now();
    let same = kv.get(&key).index(index).wait(Duration::from_millis(500)).await?;
    ensure!(started.elapsed() >= Duration::from_millis(400), "the server did not hold the answer");
    ensure_eq!(same.text().ok(), Some("one"));
    let held = kv.get(&key).index(index).wait(Duration::from_secs(30)).reply();
    let (held, written) = futures_util::future::join(held, async { kv.put(&key, "two").await }).await;
    written?;
    let held = held?;
    ensure_eq!(held.value.text().ok(), Some("two"));
    ensure!(held.meta.index > Some(index), "the index did not grow");
    kv.delete(&key).await?;
    Ok(())
}
