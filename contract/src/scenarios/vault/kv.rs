//! Secrets with versions.

use secrecy::ExposeSecret as _;
use serde_json::json;
use vault_client::Error;
use vault_client::kv::{KvConfig, SecretMetadata};
use vault_client::sys::MountSettings;

use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Vault] "vault kv" {
    versions, check_and_set, deleted_and_destroyed, patch, metadata, lists, odd_values, version_one, cubbyhole,
} }

/// A KV v2 engine of the scenario's own.
async fn mounted(backend: &Backend) -> Result<String> {
    let mount = backend.unique("kv");
    backend.vault.sys().enable_mount(&mount, &MountSettings::kv2()).await?;
    // A new engine upgrades itself for a moment and refuses requests meanwhile.
    crate::scenario::eventually(backend.patience(), "the new engine", async || {
        Ok(backend.vault.kv2(&mount).config().await.is_ok().then_some(()))
    })
    .await?;
    Ok(mount)
}

async fn unmount(backend: &Backend, mount: &str) -> Result {
    backend.vault.sys().disable_mount(mount).await?;
    Ok(())
}

async fn versions(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    ensure_eq!(kv.put("app/db", &json!({"user": "a", "password": "one"})).await?.version, 1);
    ensure_eq!(kv.put("app/db", &json!({"user": "a", "password": "two"})).await?.version, 2);
    let last = kv.get("app/db").await?;
    ensure_eq!(last.metadata.version, 2);
    let password = last.data.text("password").map(|text| text.expose_secret().to_owned());
    ensure_eq!(password.as_deref(), Some("two"));
    let first = kv.get("app/db").version(1).await?;
    let password = first.data.text("password").map(|text| text.expose_secret().to_owned());
    ensure_eq!(password.as_deref(), Some("one"));
    let typed: std::collections::BTreeMap<String, String> = last.get_as()?;
    ensure_eq!(typed.len(), 2);
    ensure!(!format!("{last:?}").contains("two"), "the secret is in its debug output");
    let subkeys = kv.subkeys("app/db").await?;
    ensure_eq!(subkeys.subkeys.keys().map(String::as_str).collect::<Vec<_>>(), ["password", "user"]);
    ensure!(kv.get("app/none").optional().await?.is_none(), "there is a secret that is not there");
    unmount(backend, &mount).await
}

async fn check_and_set(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    kv.put("a", &json!({"n": 1})).cas(0).await?;
    for wrong in [0, 7] {
        match kv.put("a", &json!({"n": 2})).cas(wrong).await {
            Err(Error::CasMismatch(_)) => {}
            other => return fail(format!("version {wrong} was accepted: {other:?}")),
        }
    }
    ensure_eq!(kv.put("a", &json!({"n": 2})).cas(1).await?.version, 2);
    kv.configure(&KvConfig::new().cas_required(true).max_versions(2)).await?;
    ensure_eq!(kv.config().await?.cas_required, Some(true));
    ensure!(kv.put("a", &json!({"n": 3})).await.is_err(), "a version is required and was not given");
    kv.put("a", &json!({"n": 3})).cas(2).await?;
    match kv.get("a").version(1).await {
        Err(error) if error.is_not_found() => {}
        other => return fail(format!("a version beyond the limit is kept: {other:?}")),
    }
    unmount(backend, &mount).await
}

async fn deleted_and_destroyed(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    for n in 1..=3 {
        kv.put("a", &json!({"n": n})).await?;
    }
    kv.delete("a").await?;
    match kv.get("a").await {
        Err(Error::Deleted { metadata, .. }) => {
            ensure_eq!((metadata.version, metadata.destroyed), (3, false))
        }
        other => return fail(format!("a deleted version was read: {other:?}")),
    }
    kv.undelete_versions("a", &[3]).await?;
    ensure_eq!(kv.get("a").await?.metadata.version, 3);
    kv.delete_versions("a", &[1, 2]).await?;
    ensure!(kv.get("a").version(2).await.is_err(), "a deleted version was read");
    kv.destroy_versions("a", &[1]).await?;
    match kv.get("a").version(1).await {
        Err(Error::Deleted { metadata, .. }) => {
            ensure!(metadata.destroyed, "it does not say that it is gone for good")
        }
        other => return fail(format!("a destroyed version was read: {other:?}")),
    }
    kv.undelete_versions("a", &[1]).await?;
    ensure!(kv.get("a").version(1).await.is_err(), "a destroyed version came back");
    kv.delete_metadata("a").await?;
    ensure!(kv.metadata("a").optional().await?.is_none(), "its metadata is still there");
    match kv.get("a").await {
        Err(Error::NotFound(_)) => {}
        other => return fail(format!("a secret that is gone: {other:?}")),
    }
    unmount(backend, &mount).await
}

async fn patch(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    kv.put("a", &json!({"x": "1", "y": "2", "z": "3"})).await?;
    ensure_eq!(kv.patch("a", &json!({"y": "two", "z": null})).await?.version, 2);
    let data = kv.get("a").await?.data;
    ensure_eq!(data.names().collect::<Vec<_>>(), ["x", "y"]);
    let y = data.text("y").map(|text| text.expose_secret().to_owned());
    ensure_eq!(y.as_deref(), Some("two"));
    match kv.patch("a", &json!({"y": "3"})).cas(1).await {
        Err(Error::CasMismatch(_)) => {}
        other => return fail(format!("an old version was patched: {other:?}")),
    }
    ensure!(kv.patch("none", &json!({"y": "3"})).await.is_err(), "a secret that is not there was patched");
    unmount(backend, &mount).await
}

async fn metadata(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    let settings = SecretMetadata::new().max_versions(3).custom_metadata([("owner", "team")]);
    kv.put_metadata("a", &settings).await?;
    kv.put("a", &json!({"n": 1})).await?;
    let read = kv.metadata("a").await?;
    ensure_eq!((read.current_version, read.max_versions), (1, 3));
    ensure_eq!(read.custom_metadata.get("owner").map(String::as_str), Some("team"));
    kv.patch_metadata("a", &SecretMetadata::new().custom_metadata([("tier", "1")])).await?;
    let read = kv.metadata("a").await?;
    ensure_eq!(read.custom_metadata.len(), 2);
    kv.clear_custom_metadata("a").await?;
    ensure!(kv.metadata("a").await?.custom_metadata.is_empty(), "custom metadata is still there");
    unmount(backend, &mount).await
}

async fn lists(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    ensure!(kv.list("").await?.is_empty(), "a new engine has secrets");
    for path in ["a", "b/one", "b/two"] {
        kv.put(path, &json!({"n": 1})).await?;
    }
    ensure_eq!(kv.list("").await?, ["a", "b/"]);
    ensure_eq!(kv.list("b").await?, ["one", "two"]);
    ensure!(kv.list("c").await?.is_empty(), "there is a folder that is not there");
    unmount(backend, &mount).await
}

async fn odd_values(backend: &Backend) -> Result {
    let mount = mounted(backend).await?;
    let kv = backend.vault.kv2(&mount);
    let value = json!({"quote\"s": "line\nbreak ü", "number": 9_007_199_254_740_991_u64, "list": [1, {"a": null}], "": "empty"});
    kv.put("odd/ü b", &value).await?;
    let read: serde_json::Value = kv.get("odd/ü b").await?.get_as()?;
    ensure_eq!(read, value);
    ensure_eq!(kv.list("odd").await?, ["ü b"]);
    ensure!(kv.put("odd/../x", &value).await.is_err(), "`..` was sent");
    unmount(backend, &mount).await
}

async fn version_one(backend: &Backend) -> Result {
    let mount = backend.unique("kv1");
    backend.vault.sys().enable_mount(&mount, &MountSettings::of("kv")).await?;
    let kv = backend.vault.kv1(&mount);
    kv.put("a/b", &json!({"n": "1"})).await?;
    ensure_eq!(kv.get("a/b").await?.names().collect::<Vec<_>>(), ["n"]);
    ensure_eq!(kv.list("a").await?, ["b"]);
    kv.delete("a/b").await?;
    ensure!(kv.get("a/b").optional().await?.is_none(), "it is still there");
    unmount(backend, &mount).await
}

async fn cubbyhole(backend: &Backend) -> Result {
    let name = backend.unique("cubby");
    let cubbyhole = backend.vault.cubbyhole();
    cubbyhole.put(&name, &json!({"n": "1"})).await?;
    ensure!(cubbyhole.get(&name).await?.contains("n"), "it is empty");
    cubbyhole.delete(&name).await?;
    ensure!(cubbyhole.get(&name).optional().await?.is_none(), "it is still there");
    Ok(())
}
