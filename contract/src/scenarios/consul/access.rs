//! Tokens and what they may do.

use consul_client::Error;
use consul_client::acl::{Policy, Role, Token};
use secrecy::ExposeSecret as _;

use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Consul] "consul access" {
    own_token, limited_token, roles,
} }

async fn own_token(backend: &Backend) -> Result {
    let me = backend.consul.acl().token_self().await?;
    ensure!(!me.accessor_id.is_empty(), "it has no accessor");
    ensure_eq!(backend.consul.acl().token(&me.accessor_id).await?.accessor_id, me.accessor_id);
    match backend.consul_as(Some("00000000-0000-0000-0000-0000000000ff"))?.acl().token_self().await {
        Err(Error::AclNotFound(_)) => Ok(()),
        other => fail(format!("a token that is not there was taken: {:?}", other.map(drop))),
    }
}

async fn limited_token(backend: &Backend) -> Result {
    let acl = backend.consul.acl();
    let name = backend.unique("reader");
    let open = backend.unique("kv/open");
    let rules = format!("key_prefix \"{open}\" {{\n  policy = \"read\"\n}}\n");
    let policy = acl.create_policy(&Policy::new(&name, &rules)).await?.id.unwrap_or_default();
    ensure_eq!(acl.policy_by_name(&name).await?.rules, Some(rules));
    ensure_eq!(acl.policy(&policy).await?.name, name);
    ensure!(
        acl.policies().await?.iter().any(|found| found.id.as_ref() == Some(&policy)),
        "the policy is not listed"
    );
    let token = acl.create_token(&Token::new().description("a test").policy(&name)).await?;
    let limited = backend.consul_as(Some(token.secret_id.expose_secret()))?;
    ensure_eq!(limited.acl().token_self().await?.accessor_id, token.accessor_id);

    backend.consul.kv().put(&open, "1").await?;
    ensure_eq!(limited.kv().get(&open).await?.text().ok(), Some("1"));
    for (what, result) in [
        ("a key was written", limited.kv().put(&open, "2").await),
        ("another key was written", limited.kv().put("elsewhere", "2").await),
        ("tokens were listed", limited.acl().tokens().await.map(drop)),
    ] {
        match result {
            Err(Error::PermissionDenied(_)) => {}
            other => return fail(format!("{what}: {other:?}")),
        }
    }
    acl.delete_token(&token.accessor_id).await?;
    ensure!(limited.kv().get(&open).await.is_err(), "a deleted token is used");
    acl.delete_policy(&policy).await?;
    backend.consul.kv().delete(&open).await?;
    Ok(())
}

async fn roles(backend: &Backend) -> Result {
    let acl = backend.consul.acl();
    let name = backend.unique("role");
    let policy = acl
        .create_policy(&Policy::new(&name, "node_prefix \"\" { policy = \"read\" }"))
        .await?
        .id
        .unwrap_or_default();
    let role = acl.create_role(&Role::new(&name).policy(&name)).await?.id.unwrap_or_default();
    ensure_eq!(acl.role_by_name(&name).await?.id.as_ref(), Some(&role));
    ensure!(acl.roles().await?.iter().any(|found| found.id.as_ref() == Some(&role)), "it is not listed");
    let token = acl.create_token(&Token::new().role(&name)).await?;
    let limited = backend.consul_as(Some(token.secret_id.expose_secret()))?;
    ensure!(!limited.catalog().nodes().await?.is_empty(), "the role allows nothing");
    acl.delete_token(&token.accessor_id).await?;
    acl.delete_role(&role).await?;
    ensure!(acl.role(&role).optional().await?.is_none(), "it is still there");
    acl.delete_policy(&policy).await?;
    Ok(())
}
