//! Sessions and locks.

use std::time::Duration;

use consul_client::{Behavior, Error, SessionOptions};

use crate::scenario::{Backend, Result, eventually, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Consul] "consul locks" {
    sessions, raw_lock, lock_delay, delete_behaviour, guard, contention, lost_guard,
} }

fn options(name: &str) -> SessionOptions {
    SessionOptions::new().name(name).ttl(Duration::from_secs(10)).lock_delay(Duration::ZERO)
}

async fn sessions(backend: &Backend) -> Result {
    let sessions = backend.consul.session();
    let name = backend.unique("session");
    let id = sessions.create(&options(&name)).await?.id;
    let Some(info) = sessions.info(&id).await? else { return fail("the session is not there") };
    ensure_eq!((info.name.as_str(), info.ttl), (name.as_str(), Some(Duration::from_secs(10))));
    ensure_eq!(info.lock_delay, Duration::ZERO);
    ensure!(sessions.list().await?.iter().any(|session| session.id == id), "it is not listed");
    ensure!(sessions.node(&info.node).await?.iter().any(|session| session.id == id), "it is not on its node");
    ensure_eq!(sessions.renew(&id).await?.id, id);
    ensure!(sessions.destroy(&id).await?, "it was not destroyed");
    ensure!(sessions.info(&id).await?.is_none(), "it is still there");
    ensure!(sessions.renew(&id).optional().await?.is_none(), "it was renewed");
    Ok(())
}

async fn raw_lock(backend: &Backend) -> Result {
    let (kv, sessions) = (backend.consul.kv(), backend.consul.session());
    let key = backend.unique("lock/raw");
    let one = sessions.create(&options("one")).await?.id;
    let two = sessions.create(&options("two")).await?.id;
    ensure!(kv.put(&key, "one").acquire(&one).await?, "a free lock was not taken");
    ensure!(kv.put(&key, "one again").acquire(&one).await?, "the holder cannot write");
    let pair = kv.get(&key).await?;
    ensure_eq!((pair.session.as_deref(), pair.lock_index), (Some(one.as_str()), 1));
    ensure!(!kv.put(&key, "two").acquire(&two).await?, "a lock that is held was taken");
    match kv.put(&key, "two").acquire(&two).checked(&key).await {
        Err(Error::LockHeld { .. }) => {}
        other => return fail(format!("a held lock is no error: {other:?}")),
    }
    ensure!(!kv.put(&key, "two").release(&two).await?, "a lock was released by somebody else");
    ensure!(kv.put(&key, "free").release(&one).await?, "the lock was not released");
    ensure!(kv.get(&key).await?.session.is_none(), "it is still held");
    ensure!(kv.put(&key, "two").acquire(&two).await?, "a released lock was not taken");
    ensure_eq!(kv.get(&key).await?.lock_index, 2);
    for session in [&one, &two] {
        sessions.destroy(session).await?;
    }
    kv.delete(&key).await?;
    Ok(())
}

async fn lock_delay(backend: &Backend) -> Result {
    let (kv, sessions) = (backend.consul.kv(), backend.consul.session());
    let key = backend.unique("lock/delay");
    let one = sessions.create(&options("one").lock_delay(Duration::from_secs(2))).await?.id;
    let two = sessions.create(&options("two")).await?.id;
    ensure!(kv.put(&key, "one").acquire(&one).await?, "a free lock was not taken");
    sessions.destroy(&one).await?;
    ensure!(kv.get(&key).await?.session.is_none(), "the session's end did not free its lock");
    ensure!(!kv.put(&key, "two").acquire(&two).await?, "the lock was taken during its delay");
    eventually(backend.patience(), "the lock after its delay", async || {
        Ok(kv.put(&key, "two").acquire(&two).await?.then_some(()))
    })
    .await?;
    sessions.destroy(&two).await?;
    kv.delete(&key).await?;
    Ok(())
}

async fn delete_behaviour(backend: &Backend) -> Result {
    let (kv, sessions) = (backend.consul.kv(), backend.consul.session());
    let key = backend.unique("lock/delete");
    let one = sessions.create(&options("one").behavior(Behavior::Delete)).await?.id;
    ensure!(kv.put(&key, "one").acquire(&one).await?, "a free lock was not taken");
    sessions.destroy(&one).await?;
    ensure!(kv.get(&key).optional().await?.is_none(), "the key outlived its session");
    Ok(())
}

async fn guard(backend: &Backend) -> Result {
    let key = backend.unique("lock/guard");
    let lock = backend.consul.lock(&key).ttl(Duration::from_secs(10)).value("me").session_name("guard");
    let guard = lock.acquire().await?;
    ensure!(guard.is_held(), "it is not held");
    let pair = backend.consul.kv().get(&key).await?;
    ensure_eq!((pair.session.as_deref(), pair.text().ok()), (Some(guard.session()), Some("me")));
    guard.set_value("still me").await?;
    ensure_eq!(backend.consul.kv().get(&key).await?.text().ok(), Some("still me"));
    let first = guard.fencing_token();
    guard.release().await?;
    let again = backend.consul.lock(&key).ttl(Duration::from_secs(10)).try_acquire().await?;
    ensure!(again.fencing_token() > first, "the fencing token did not grow");
    again.release().await?;
    backend.consul.kv().delete(&key).await?;
    Ok(())
}

async fn contention(backend: &Backend) -> Result {
    let key = backend.unique("lock/contended");
    let lock = |value: &'static str| backend.consul.lock(&key).ttl(Duration::from_secs(10)).value(value);
    let first = lock("first").acquire().await?;
    match lock("second").try_acquire().await {
        Err(Error::LockHeld { .. }) => {}
        other => return fail(format!("a lock that is held was taken: {other:?}")),
    }
    match lock("second").wait(Duration::from_millis(300)).acquire().await {
        Err(Error::LockHeld { .. }) => {}
        other => return fail(format!("a lock that is held was taken: {other:?}")),
    }
    let waits = lock("second").wait(backend.patience()).acquire();
    let (second, released) = futures_util::future::join(waits, first.release()).await;
    released?;
    let second = second?;
    ensure_eq!(backend.consul.kv().get(&key).await?.text().ok(), Some("second"));
    second.release().await?;
    backend.consul.kv().delete(&key).await?;
    Ok(())
}

async fn lost_guard(backend: &Backend) -> Result {
    let key = backend.unique("lock/lost");
    let lock = backend.consul.lock(&key).ttl(Duration::from_secs(10)).lock_delay(Duration::ZERO);
    let guard = lock.acquire().await?;
    let lost = guard.lost();
    backend.consul.session().destroy(guard.session()).await?;
    match tokio::time::timeout(backend.patience(), lost).await {
        Ok(_) => {}
        Err(_) => return fail("nobody was told that the session is gone"),
    }
    ensure!(!guard.is_held() && guard.loss().is_some(), "it still counts as held");
    drop(guard);
    backend.consul.kv().delete(&key).await?;
    Ok(())
}
