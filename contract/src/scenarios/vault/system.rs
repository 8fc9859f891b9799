//! Health, mounts, policies, wrapping.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::json;
use vault_client::Error;
use vault_client::auth::TokenRequest;
use vault_client::sys::MountSettings;

use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Vault] "vault system" {
    health, mounts, policies_are_enforced, capabilities, wrapping, generic,
} }

async fn health(backend: &Backend) -> Result {
    let sys = backend.vault.sys();
    let health = sys.health().await?;
    ensure!(health.is_active(), "the server is not active: {health:?}");
    ensure!(!health.version.is_empty(), "it has no version");
    let seal = sys.seal_status().await?;
    ensure!(seal.initialized && !seal.sealed, "it is sealed");
    ensure!(sys.is_initialized().await?, "it is not initialized");
    sys.leader().await?;
    Ok(())
}

async fn mounts(backend: &Backend) -> Result {
    let sys = backend.vault.sys();
    let path = backend.unique("engine");
    let settings = MountSettings::kv2().description("a test");
    sys.enable_mount(&path, &settings).await?;
    match sys.enable_mount(&path, &settings).await {
        Err(Error::InvalidRequest(error)) => ensure!(error.mentions("already in use"), "{error}"),
        other => return fail(format!("a path was used twice: {other:?}")),
    }
    let all = sys.mounts().await?;
    let Some(mount) = all.get(&format!("{path}/")) else { return fail("it is not listed") };
    ensure_eq!((mount.description.as_str(), mount.kv_version()), ("a test", Some(2)));
    ensure_eq!(sys.mount_of(&format!("{path}/data/x")).await?.kv_version(), Some(2));
    sys.disable_mount(&path).await?;
    ensure!(!sys.mounts().await?.contains_key(&format!("{path}/")), "it is still there");
    match sys.enable_mount(&path, &MountSettings::of("nope")).await {
        Err(Error::InvalidRequest(_)) => Ok(()),
        other => fail(format!("an engine that is not there was enabled: {other:?}")),
    }
}

async fn policies_are_enforced(backend: &Backend) -> Result {
    let sys = backend.vault.sys();
    let (mount, policy) = (backend.unique("kv"), backend.unique("reader"));
    sys.enable_mount(&mount, &MountSettings::kv2()).await?;
    crate::scenario::eventually(backend.patience(), "the new engine", async || {
        Ok(backend.vault.kv2(&mount).config().await.is_ok().then_some(()))
    })
    .await?;
    let kv = backend.vault.kv2(&mount);
    for path in ["open/a", "closed/a", "open/denied"] {
        kv.put(path, &json!({"n": "1"})).await?;
    }
    let text = format!(
        "path \"{mount}/data/open/*\" {{ capabilities = [\"read\"] }}\n\
         path \"{mount}/data/open/denied\" {{ capabilities = [\"deny\"] }}\n"
    );
    sys.put_policy(&policy, &text).await?;
    ensure_eq!(sys.policy(&policy).await?.policy, text);
    ensure!(sys.policies().await?.contains(&policy), "the policy is not listed");
    let auth = backend.vault.auth().token().create(&TokenRequest::new().policies([policy.as_str()])).await?;
    let limited = backend.vault_as(Some(auth.client_token.expose_secret()))?;
    let theirs = limited.kv2(&mount);
    theirs.get("open/a").await?;
    for (what, result) in [
        ("a closed path was read", theirs.get("closed/a").await.map(drop)),
        ("a denied path was read", theirs.get("open/denied").await.map(drop)),
        ("a path was written", theirs.put("open/a", &json!({"n": "2"})).await.map(drop)),
        ("a path was listed", theirs.list("open").await.map(drop)),
        ("mounts were listed", limited.sys().mounts().await.map(drop)),
    ] {
        match result {
            Err(Error::PermissionDenied(_)) => {}
            other => return fail(format!("{what}: {other:?}")),
        }
    }
    let anonymous = backend.vault_as(None)?;
    ensure!(
        matches!(anonymous.kv2(&mount).get("open/a").await, Err(Error::PermissionDenied(_))),
        "nobody was asked for a token"
    );
    match sys.put_policy(&policy, "path \"x\" { capabilities = [\"fly\"] }").await {
        Err(Error::InvalidRequest(error)) => ensure!(error.mentions("fly"), "{error}"),
        other => return fail(format!("a capability that is not there was taken: {other:?}")),
    }
    sys.delete_policy(&policy).await?;
    ensure!(sys.policy(&policy).optional().await?.is_none(), "the policy is still there");
    ensure!(theirs.get("open/a").await.is_err(), "a policy that is gone still allows something");
    sys.disable_mount(&mount).await?;
    Ok(())
}

async fn capabilities(backend: &Backend) -> Result {
    let sys = backend.vault.sys();
    let policy = backend.unique("caps");
    sys.put_policy(&policy, "path \"secret/data/x\" { capabilities = [\"read\", \"list\"] }").await?;
    let auth = backend.vault.auth().token().create(&TokenRequest::new().policies([policy.as_str()])).await?;
    let paths = ["secret/data/x", "secret/data/y"];
    let root = sys.capabilities_self(&paths).await?;
    ensure_eq!(root.at(paths[0]).iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["root"]);
    for found in [
        sys.capabilities(&auth.client_token, &paths).await?,
        sys.capabilities_accessor(&auth.accessor, &paths).await?,
        backend.vault_as(Some(auth.client_token.expose_secret()))?.sys().capabilities_self(&paths).await?,
    ] {
        let mut read: Vec<&str> = found.at(paths[0]).iter().map(|c| c.as_str()).collect();
        read.sort_unstable();
        ensure_eq!(read, ["list", "read"]);
        ensure_eq!(found.at(paths[1]).iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["deny"]);
    }
    sys.delete_policy(&policy).await?;
    Ok(())
}

async fn wrapping(backend: &Backend) -> Result {
    let sys = backend.vault.sys();
    let minute = Duration::from_secs(60);
    let wrapped = sys.wrap(&json!({"n": "1"}), minute).await?;
    let looked = sys.lookup_wrapping(&wrapped.token).await?;
    ensure_eq!((looked.creation_path.as_str(), looked.creation_ttl), ("sys/wrapping/wrap", minute));
    let rewrapped = sys.rewrap(&wrapped.token).await?;
    let inside: vault_client::Secret<serde_json::Value> = sys.unwrap_as(&rewrapped.token).await?;
    ensure_eq!(inside.data, json!({"n": "1"}));
    match sys.unwrap(&rewrapped.token).await {
        Err(Error::WrappingTokenInvalid(_)) => {}
        other => return fail(format!("a wrapping token was used twice: {:?}", other.map(drop))),
    }
    let handed =
        backend.vault.auth().token().create(&TokenRequest::new().policies(["default"])).wrap(minute).await?;
    ensure_eq!(handed.creation_path, "auth/token/create");
    ensure!(!handed.wrapped_accessor.is_empty(), "it does not say which token is in it");
    Ok(())
}

async fn generic(backend: &Backend) -> Result {
    let logical = backend.vault.logical();
    let name = backend.unique("logical");
    let path = format!("cubbyhole/{name}");
    logical.write(&path, &json!({"a": "1"})).await?;
    let read = logical.read(&path).await?;
    ensure!(read.data.as_ref().is_some_and(|data| data.contains("a")), "it is empty");
    ensure!(logical.list("cubbyhole").await?.contains(&name), "it is not listed");
    logical.delete(&path).await?;
    Ok(())
}
