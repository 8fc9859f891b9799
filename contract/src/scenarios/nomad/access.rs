//! Tokens and what they may do.

use nomad_client::{AclPolicy, Error, NewToken};
use secrecy::ExposeSecret as _;

use super::workload::{STAYS, job, spec};
use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad access" {
    own_token, limited_token, roles,
} }

async fn own_token(backend: &Backend) -> Result {
    let me = backend.nomad.acl().own_token().await?;
    ensure_eq!(me.token_type.as_str(), "management");
    let read = backend.nomad.acl().token(&me.accessor_id).await?;
    ensure_eq!(read.name, me.name);
    match backend.nomad_as(Some("00000000-0000-0000-0000-000000000000"))?.jobs().list().await {
        Err(Error::PermissionDenied(_)) => Ok(()),
        other => fail(format!("a token that is not there was taken: {:?}", other.map(drop))),
    }
}

async fn limited_token(backend: &Backend) -> Result {
    let acl = backend.nomad.acl();
    let name = backend.unique("reader");
    let rules = "namespace \"default\" {\n  policy = \"read\"\n}\n";
    acl.upsert_policy(&AclPolicy::new(&name, rules)).await?;
    ensure_eq!(acl.policy(&name).await?.rules, rules);
    ensure!(acl.policies().await?.iter().any(|stub| stub.name == name), "the policy is not listed");
    let token = acl.create_token(&NewToken::client(&name).policy(&name)).await?;
    ensure!(
        acl.tokens().await?.iter().any(|stub| stub.accessor_id == token.accessor_id),
        "the token is not listed"
    );
    let limited = backend.nomad_as(Some(token.secret_id.expose_secret()))?;
    ensure_eq!(limited.acl().own_token().await?.accessor_id, token.accessor_id);
    ensure!(limited.acl().own_policies().await?.iter().any(|policy| policy.name == name), "it has no policy");

    limited.jobs().list().await?;
    let wanted = job(spec(&backend.unique("refused"), "service", STAYS))?;
    for (what, result) in [
        ("a job was registered", limited.jobs().register(&wanted).await.map(drop)),
        (
            "a variable was written",
            limited.variables().put("x", &[("a", "b")].into_iter().collect()).await.map(drop),
        ),
        ("nodes were listed", limited.nodes().list().await.map(drop)),
        (
            "a token was made",
            limited.acl().create_token(&NewToken::client("x").policy(&name)).await.map(drop),
        ),
    ] {
        match result {
            Err(Error::PermissionDenied(_)) => {}
            other => return fail(format!("{what}: {other:?}")),
        }
    }
    let anonymous = backend.nomad_as(None)?;
    ensure!(
        matches!(anonymous.jobs().list().await, Err(Error::PermissionDenied(_))),
        "nobody was asked for a token"
    );
    acl.delete_token(&token.accessor_id).await?;
    ensure!(limited.jobs().list().await.is_err(), "a deleted token is used");
    acl.delete_policy(&name).await?;
    ensure!(acl.policy(&name).optional().await?.is_none(), "the policy is still there");
    Ok(())
}

async fn roles(backend: &Backend) -> Result {
    let acl = backend.nomad.acl();
    let name = backend.unique("role");
    acl.upsert_policy(&AclPolicy::new(&name, "node {\n  policy = \"read\"\n}\n")).await?;
    let role = acl.create_role(&nomad_client::AclRole::new(&name, [name.as_str()])).await?;
    ensure_eq!(acl.role_by_name(&name).await?.id, role.id);
    ensure!(acl.roles().await?.iter().any(|found| found.id == role.id), "it is not listed");
    let token = acl.create_token(&NewToken::client(&name).role(nomad_client::RoleLink::name(&name))).await?;
    let limited = backend.nomad_as(Some(token.secret_id.expose_secret()))?;
    limited.nodes().list().await?;
    acl.delete_token(&token.accessor_id).await?;
    acl.delete_role(&role.id).await?;
    ensure!(acl.role(&role.id).optional().await?.is_none(), "it is still there");
    acl.delete_policy(&name).await?;
    Ok(())
}
