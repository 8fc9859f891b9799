//! Tokens and logins.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use vault_client::Error;
use vault_client::auth::{AppRoleRole, JwtConfig, JwtRole, NewSecretId, TokenRequest, TokenRole};
use vault_client::sys::MountSettings;

use crate::scenario::{Backend, Result, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Vault] "vault auth" {
    tokens, children, limited_uses, token_roles, approle, jwt_settings, jwt_refused, userpass,
} }

async fn tokens(backend: &Backend) -> Result {
    let tokens = backend.vault.auth().token();
    let request = TokenRequest::new()
        .policies(["default"])
        .ttl(Duration::from_secs(600))
        .display_name("contract")
        .meta([("who", "me")]);
    let auth = tokens.create(&request).await?;
    ensure!(auth.renewable, "it cannot be renewed");
    ensure_eq!(auth.lease_duration, Duration::from_secs(600));
    let mine = backend.vault_as(Some(auth.client_token.expose_secret()))?;
    let myself = mine.auth().token().lookup_self().await?;
    ensure_eq!(myself.display_name, "token-contract");
    ensure_eq!(myself.meta.get("who").map(String::as_str), Some("me"));
    ensure!(myself.ttl > Duration::ZERO && myself.ttl <= Duration::from_secs(600), "{:?}", myself.ttl);
    ensure_eq!(tokens.lookup(&auth.client_token).await?.accessor, auth.accessor);
    ensure_eq!(tokens.lookup_accessor(&auth.accessor).await?.display_name, "token-contract");
    let renewed = mine.auth().token().renew_self().increment(Duration::from_secs(1200)).await?;
    ensure_eq!(renewed.lease_duration, Duration::from_secs(1200));
    tokens.renew(&auth.client_token).await?;
    tokens.renew_accessor(&auth.accessor).await?;
    ensure!(tokens.accessors().await?.contains(&auth.accessor), "it is not listed");
    mine.auth().token().revoke_self().await?;
    match mine.auth().token().lookup_self().await {
        Err(Error::PermissionDenied(_)) => Ok(()),
        other => fail(format!("a revoked token is used: {:?}", other.map(drop))),
    }
}

async fn children(backend: &Backend) -> Result {
    let tokens = backend.vault.auth().token();
    let policy = backend.unique("parent");
    backend
        .vault
        .sys()
        .put_policy(&policy, "path \"auth/token/create\" { capabilities = [\"update\"] }")
        .await?;
    let parent = tokens.create(&TokenRequest::new().policies([policy.as_str()])).await?;
    let theirs = backend.vault_as(Some(parent.client_token.expose_secret()))?;
    let child = theirs.auth().token().create(&TokenRequest::new()).await?;
    let orphan = tokens.create_orphan(&TokenRequest::new().policies(["default"])).await?;
    ensure!(tokens.lookup(&orphan.client_token).await?.orphan, "an orphan has a parent");
    tokens.revoke_accessor(&parent.accessor).await?;
    ensure!(tokens.lookup(&child.client_token).await.is_err(), "a child outlived its parent");
    tokens.revoke(&orphan.client_token).await?;
    ensure!(tokens.lookup(&orphan.client_token).await.is_err(), "a revoked token is known");
    backend.vault.sys().delete_policy(&policy).await?;
    Ok(())
}

async fn limited_uses(backend: &Backend) -> Result {
    let tokens = backend.vault.auth().token();
    let auth = tokens.create(&TokenRequest::new().policies(["default"]).num_uses(2)).await?;
    let mine = backend.vault_as(Some(auth.client_token.expose_secret()))?;
    for _ in 0..2 {
        mine.auth().token().lookup_self().await?;
    }
    match mine.auth().token().lookup_self().await {
        Err(Error::PermissionDenied(_)) => Ok(()),
        other => fail(format!("a token was used too often: {:?}", other.map(drop))),
    }
}

async fn token_roles(backend: &Backend) -> Result {
    let tokens = backend.vault.auth().token();
    let role = backend.unique("role");
    tokens.put_role(&role, &TokenRole::new().allowed_policies(["default"]).orphan(true)).await?;
    ensure_eq!(tokens.role(&role).await?.orphan, Some(true));
    ensure!(tokens.roles().await?.contains(&role), "it is not listed");
    let auth = tokens.create_with_role(&role, &TokenRequest::new().policies(["default"])).await?;
    ensure_eq!(tokens.lookup(&auth.client_token).await?.role, role);
    let refused = tokens.create_with_role(&role, &TokenRequest::new().policies(["root"])).await;
    ensure!(refused.is_err(), "the role allows a policy it does not name");
    tokens.delete_role(&role).await?;
    ensure!(tokens.role(&role).optional().await?.is_none(), "it is still there");
    Ok(())
}

async fn approle(backend: &Backend) -> Result {
    let mount = backend.unique("approle");
    backend.vault.sys().enable_auth_method(&mount, &MountSettings::of("approle")).await?;
    let approle = backend.vault.auth().approle(&mount);
    let settings = AppRoleRole::new()
        .token_policies(["default"])
        .token_ttl(Duration::from_secs(300))
        .secret_id_num_uses(1);
    approle.put_role("ci", &settings).await?;
    ensure_eq!(approle.roles().await?, ["ci"]);
    ensure_eq!(approle.role("ci").await?.secret_id_num_uses, Some(1));
    let role_id = approle.role_id("ci").await?;
    let secret_id = approle.generate_secret_id("ci", &NewSecretId::new().metadata("build", "7")).await?;
    ensure_eq!(approle.secret_id_accessors("ci").await?, [secret_id.secret_id_accessor.as_str()]);
    let known = approle.lookup_secret_id("ci", &secret_id.secret_id).await?;
    ensure!(
        known.is_some_and(|info| info.metadata.get("build").is_some_and(|b| b == "7")),
        "its metadata is lost"
    );
    let anonymous = backend.vault_as(None)?;
    let login = anonymous.auth().approle(&mount);
    let auth = login.login(&role_id, secret_id.secret_id.clone()).await?;
    ensure!(auth.token_policies.iter().any(|policy| policy == "default"), "{:?}", auth.token_policies);
    ensure_eq!(auth.lease_duration, Duration::from_secs(300));
    let mine = backend.vault_as(Some(auth.client_token.expose_secret()))?;
    ensure_eq!(mine.auth().token().lookup_self().await?.path, format!("auth/{mount}/login"));
    match login.login(&role_id, secret_id.secret_id).await {
        Err(Error::InvalidRequest(_)) => {}
        other => return fail(format!("a secret id was used too often: {:?}", other.map(drop))),
    }
    backend.vault.sys().disable_auth_method(&mount).await?;
    ensure!(mine.auth().token().lookup_self().await.is_err(), "a token outlived its auth method");
    Ok(())
}

/// The public half of a key nobody has the private half of.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
    -----END PUBLIC KEY-----\n";

async fn jwt_mounted(backend: &Backend) -> Result<String> {
    let mount = backend.unique("jwt");
    backend.vault.sys().enable_auth_method(&mount, &MountSettings::of("jwt")).await?;
    Ok(mount)
}

async fn jwt_settings(backend: &Backend) -> Result {
    let mount = jwt_mounted(backend).await?;
    let jwt = backend.vault.auth().jwt(&mount);
    jwt.configure(&JwtConfig::new().jwt_validation_pubkeys([PUBLIC_KEY]).default_role("app")).await?;
    ensure_eq!(jwt.config().await?.default_role.as_deref(), Some("app"));
    let role = JwtRole::new()
        .role_type("jwt")
        .bound_audiences(["vault.io"])
        .user_claim("sub")
        .token_policies(["default"])
        .token_period(Duration::from_secs(1800));
    jwt.put_role("app", &role).await?;
    let read = jwt.role("app").await?;
    ensure_eq!(read.user_claim.as_deref(), Some("sub"));
    ensure_eq!(read.bound_audiences, Some(vec!["vault.io".to_owned()]));
    ensure_eq!(jwt.roles().await?, ["app"]);
    jwt.delete_role("app").await?;
    ensure!(jwt.roles().await?.is_empty(), "the role is still there");
    backend.vault.sys().disable_auth_method(&mount).await?;
    Ok(())
}

async fn jwt_refused(backend: &Backend) -> Result {
    let mount = jwt_mounted(backend).await?;
    let jwt = backend.vault.auth().jwt(&mount);
    jwt.configure(&JwtConfig::new().jwt_validation_pubkeys([PUBLIC_KEY])).await?;
    let role = JwtRole::new().role_type("jwt").bound_audiences(["vault.io"]).user_claim("sub");
    jwt.put_role("app", &role).await?;
    // Well formed, and signed by another key.
    let forged = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJ2YXVsdC5pbyIsInN1YiI6Im1lIiwiZXhwIjo0MTAyNDQ0ODAwfQ.\
                  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let anonymous = backend.vault_as(None)?;
    for wrong in [forged, "not.a.jwt", ""] {
        match anonymous.auth().jwt(&mount).login("app", wrong).await {
            Err(Error::InvalidRequest(_) | Error::PermissionDenied(_)) => {}
            other => return fail(format!("a forged token logged in: {:?}", other.map(drop))),
        }
    }
    backend.vault.sys().disable_auth_method(&mount).await?;
    Ok(())
}

async fn userpass(backend: &Backend) -> Result {
    let mount = backend.unique("userpass");
    backend.vault.sys().enable_auth_method(&mount, &MountSettings::of("userpass")).await?;
    let userpass = backend.vault.auth().userpass(&mount);
    let user = serde_json::from_value(
        serde_json::json!({"password": "correct horse", "token_policies": ["default"]}),
    )?;
    userpass.put_user("al", &user).await?;
    ensure_eq!(userpass.users().await?, ["al"]);
    let anonymous = backend.vault_as(None)?;
    anonymous.auth().userpass(&mount).login("al", "correct horse").await?;
    match anonymous.auth().userpass(&mount).login("al", "wrong").await {
        Err(Error::InvalidRequest(_)) => {}
        other => return fail(format!("a wrong password was taken: {:?}", other.map(drop))),
    }
    userpass.delete_user("al").await?;
    ensure!(userpass.users().await?.is_empty(), "the user is still there");
    backend.vault.sys().disable_auth_method(&mount).await?;
    Ok(())
}
