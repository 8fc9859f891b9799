//! Variables and their locks.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use nomad_client::{Error, LockId, VariableItems};

use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad variables" {
    life_cycle, check_and_set, listing, lock_by_hand, lock_guard, lock_expires,
} }

fn items(value: &str) -> VariableItems {
    [("user", "contract"), ("password", value)].into_iter().collect()
}

async fn life_cycle(backend: &Backend) -> Result {
    let variables = backend.nomad.variables();
    let path = backend.unique("contract/life");
    let written = variables.put(&path, &items("hunter2")).await?;
    ensure_eq!(written.metadata.path, path);
    let read = variables.get(&path).await?;
    ensure_eq!(read.items.get("password"), Some("hunter2"));
    ensure!(!format!("{read:?}").contains("hunter2"), "the secret is in its debug output");
    variables.put(&path, &items("two")).await?;
    let again = variables.get(&path).await?;
    ensure_eq!(again.items.get("password"), Some("two"));
    ensure!(again.metadata.modify_index > read.metadata.modify_index, "its index did not grow");
    ensure_eq!(again.metadata.create_index, read.metadata.create_index);
    match variables.put(&path, &VariableItems::default()).await {
        Err(Error::Invalid(_)) => {}
        other => return fail(format!("an empty variable was taken: {:?}", other.map(drop))),
    }
    variables.delete(&path).await?;
    ensure!(variables.get(&path).optional().await?.is_none(), "it is still there");
    variables.delete(&path).await?;
    Ok(())
}

async fn check_and_set(backend: &Backend) -> Result {
    let variables = backend.nomad.variables();
    let path = backend.unique("contract/cas");
    let first = variables.put(&path, &items("one")).cas(0).await?;
    let second = variables.put(&path, &items("two")).cas(first.metadata.modify_index).await?;
    for wrong in [0, first.metadata.modify_index] {
        match variables.put(&path, &items("three")).cas(wrong).await {
            Err(Error::VariableConflict { found, .. }) => {
                ensure_eq!(found.metadata.modify_index, second.metadata.modify_index);
            }
            other => return fail(format!("index {wrong} was accepted: {:?}", other.map(drop))),
        }
    }
    match variables.delete(&path).cas(first.metadata.modify_index).await {
        Err(Error::VariableConflict { .. }) => {}
        other => return fail(format!("it was deleted by an old index: {other:?}")),
    }
    variables.delete(&path).cas(second.metadata.modify_index).await?;
    ensure!(variables.get(&path).optional().await?.is_none(), "it is still there");
    Ok(())
}

async fn listing(backend: &Backend) -> Result {
    let variables = backend.nomad.variables();
    let prefix = backend.unique("contract/list");
    let paths: Vec<String> = (0..3).map(|n| format!("{prefix}/{n}")).collect();
    for path in &paths {
        variables.put(path, &items("x")).await?;
    }
    let listed = variables.list().prefix(&prefix).await?;
    ensure_eq!(listed.into_iter().map(|found| found.path).collect::<Vec<_>>(), paths);
    let paged: Vec<_> = variables.list().prefix(&prefix).per_page(2).stream().try_collect().await?;
    ensure_eq!(paged.len(), 3);
    for path in &paths {
        variables.delete(path).await?;
    }
    Ok(())
}

async fn lock_by_hand(backend: &Backend) -> Result {
    let variables = backend.nomad.variables();
    let path = backend.unique("contract/lock");
    let (ttl, delay) = (Duration::from_secs(10), Duration::from_secs(1));
    let locked = variables.lock_acquire(&path).ttl(ttl, delay).items(&items("mine")).await?;
    let Some(id) = locked.metadata.lock.and_then(|lock| lock.id) else { return fail("the lock has no id") };
    let id = LockId::new(id);
    match variables.lock_acquire(&path).ttl(ttl, delay).await {
        Err(Error::VariableConflict { .. } | Error::Conflict(_)) => {}
        other => return fail(format!("a lock that is held was acquired: {:?}", other.map(drop))),
    }
    ensure!(variables.put(&path, &items("theirs")).await.is_err(), "a locked variable was written");
    variables.put(&path, &items("mine again")).lock_id(&id).await?;
    variables.lock_renew(&path, &id).await?;
    ensure_eq!(variables.get(&path).await?.items.get("password"), Some("mine again"));
    variables.lock_release(&path, &id).await?;
    ensure!(variables.lock_renew(&path, &id).await.is_err(), "a lock that was released was renewed");
    variables.put(&path, &items("theirs")).await?;
    variables.delete(&path).await?;
    Ok(())
}

async fn lock_guard(backend: &Backend) -> Result {
    let variables = backend.nomad.variables();
    let path = backend.unique("contract/guard");
    let guard = variables.lock(&path).ttl(Duration::from_secs(10)).items(items("mine")).acquire().await?;
    let guard = guard.spawn_renewal();
    ensure!(guard.is_held(), "it is not held");
    guard.renew().await?;
    ensure!(variables.lock(&path).acquire().await.is_err(), "a lock that is held was acquired");
    guard.release().await?;
    let again = variables.lock(&path).ttl(Duration::from_secs(10)).acquire().await?;
    again.release().await?;
    variables.delete(&path).await?;
    Ok(())
}

async fn lock_expires(backend: &Backend) -> Result {
    let variables = backend.nomad.variables();
    let path = backend.unique("contract/expires");
    let request = || variables.lock(&path).ttl(Duration::from_secs(10)).lock_delay(Duration::from_secs(1));
    let guard = request().acquire().await?;
    let lost = guard.lost();
    drop(guard);
    let again = eventually(backend.patience(), "the lock of a holder that is gone", async || {
        Ok(request().acquire().await.ok())
    })
    .await?;
    // Whoever held it knew that it was lost before somebody else got it.
    ensure!(futures_util::FutureExt::now_or_never(lost).is_some(), "the first holder was not told");
    again.release().await?;
    variables.delete(&path).await?;
    Ok(())
}
