//! Certificates.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use vault_client::Error;
use vault_client::engines::{
    CertificateRequest, IssuerSettings, IssuersConfig, Pki, PkiRole, PkiTidy, PkiUrls,
};
use vault_client::sys::MountSettings;

use crate::scenario::{Backend, Result, eventually, fail, skip};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Vault] "vault pki" {
    issue_and_revoke, intermediate, issuers,
} }

const HOUR: Duration = Duration::from_secs(3600);

/// A new mount with a root of its own. The embedded stack must say itself that it has none.
async fn mounted(backend: &Backend, name: &str) -> Result<(Pki, String)> {
    let mount = backend.unique(name);
    let settings = MountSettings::of("pki");
    let made = backend.vault.sys().enable_mount(&mount, &settings).await;
    if backend.is_embedded() {
        return match made {
            Err(Error::InvalidRequest(_)) => skip("the embedded stack has no PKI engine, and says so"),
            other => fail(format!("an engine that is not there was mounted: {other:?}")),
        };
    }
    made?;
    let pki = backend.vault.pki(&mount);
    eventually(backend.patience(), "the new engine", async || Ok(pki.urls().await.is_ok().then_some(())))
        .await?;
    Ok((pki, mount))
}

fn request(name: &str) -> CertificateRequest {
    CertificateRequest::new().common_name(name)
}

async fn issue_and_revoke(backend: &Backend) -> Result {
    let (pki, mount) = mounted(backend, "pki").await?;
    let root =
        pki.generate_root("internal", &request("Test Root").ttl(24 * HOUR).key_type("ec").key_bits(256_u64));
    let root = root.await?;
    ensure!(root.private_key.is_none(), "an internal root shows its key");
    let urls = PkiUrls::new().crl_distribution_points([format!("http://127.0.0.1:8200/v1/{mount}/crl")]);
    pki.put_urls(&urls).await?;
    let role = PkiRole::new().allowed_domains(["example.test"]).allow_subdomains(true).max_ttl(2 * HOUR);
    pki.put_role("web", &role.key_type("ec").key_bits(256_u64)).await?;
    ensure_eq!(pki.roles().await?, vec!["web".to_owned()]);
    ensure_eq!(pki.role("web").await?.max_ttl, Some(2 * HOUR));
    pki.patch_role("web", &PkiRole::new().max_ttl(HOUR)).await?;
    let role = pki.role("web").await?;
    ensure_eq!((role.max_ttl, role.allow_subdomains), (Some(HOUR), Some(true)));

    match pki.issue("web", &request("example.org")).await {
        Err(Error::InvalidRequest(error)) => ensure!(error.mentions("not allowed"), "{error}"),
        other => return fail(format!("a name outside the role was issued: {other:?}")),
    }
    let issued = pki.issue("web", &request("api.example.test").ttl(HOUR / 2)).await?;
    let Some(key) = &issued.private_key else { return fail("there is no key") };
    ensure!(key.expose_secret().contains("PRIVATE KEY"), "the key is none");
    ensure!(!format!("{issued:?}").contains(key.expose_secret()), "the key is shown");
    ensure_eq!(issued.issuing_ca, root.certificate);
    ensure!(pki.certs().await?.iter().any(|serial| same(serial, &issued.serial_number)), "it is not listed");
    ensure_eq!(pki.cert(&issued.serial_number).await?.revocation_time, 0);

    let revoked = pki.revoke(&issued.serial_number).await?;
    ensure_eq!(revoked.state, "revoked");
    ensure!(pki.cert(&issued.serial_number).await?.revocation_time > 0, "it is not revoked");
    ensure!(
        pki.revoked_certs().await?.iter().any(|serial| same(serial, &issued.serial_number)),
        "nor listed"
    );
    ensure!(pki.rotate_crl().await?.success, "the list is not written");
    ensure!(pki.crl_pem().await?.contains("BEGIN X509 CRL"), "the list is none");
    ensure!(!pki.crl_der().await?.is_empty(), "the list is empty");
    // A certificate may be told to everybody.
    let nobody = backend.vault_as(None)?.pki(&mount);
    ensure_eq!(nobody.ca_pem().await?.trim(), root.certificate.trim());
    ensure!(nobody.ca_chain_pem().await?.contains(root.certificate.trim()), "the chain is not the root");
    ensure!(!nobody.ca_der().await?.is_empty(), "the root is empty");

    pki.tidy_with(&PkiTidy::new().tidy_cert_store(true).safety_buffer(HOUR)).await?;
    eventually(backend.patience(), "tidying up", async || {
        Ok((pki.tidy_status().await?.state == "Finished").then_some(()))
    })
    .await?;
    pki.delete_role("web").await?;
    ensure!(pki.roles().await?.is_empty(), "the role is there");
    Ok(())
}

/// Serial numbers are written with colons or dashes.
fn same(left: &str, right: &str) -> bool {
    left.replace('-', ":") == right.replace('-', ":")
}

async fn intermediate(backend: &Backend) -> Result {
    let (root, _) = mounted(backend, "root").await?;
    root.generate_root("internal", &request("Root").key_type("ec").ttl(48 * HOUR)).await?;
    let (below, _) = mounted(backend, "below").await?;
    let wanted = below.generate_intermediate("internal", &request("Below").key_type("ec")).await?;
    ensure!(wanted.private_key.is_none(), "an internal key is shown");
    let signing = request("Below").csr(wanted.csr.as_str()).ttl(24 * HOUR).max_path_length(0);
    let signed = root.sign_intermediate(&signing).await?;
    let chain = format!("{}\n{}", signed.certificate, signed.issuing_ca);
    let imported = below.set_signed_intermediate(&chain).await?;
    ensure_eq!(imported.imported_issuers.len(), 2);
    let (Some(issuer), Some(mapped)) =
        (imported.mapping.iter().find(|(_, key)| !key.is_empty()), imported.imported_issuers.first())
    else {
        return fail("no issuer has a key");
    };
    ensure!(imported.imported_issuers.contains(issuer.0), "{mapped} is not the issuer");
    below.put_issuers_config(&IssuersConfig::new().default(issuer.0.as_str())).await?;

    // A role for keys of any kind only signs.
    below.put_role("any", &PkiRole::new().allow_any_name(true).key_type("any")).await?;
    below.put_role("ec", &PkiRole::new().allow_any_name(true).key_type("ec")).await?;
    let issued = below.issue("ec", &request("a.test").ttl(HOUR)).await?;
    ensure_eq!(issued.ca_chain.len(), 2, "the chain has both authorities");
    // A request whose key Vault never sees: that of another authority serves.
    let other = below.generate_intermediate("internal", &request("other.test").key_type("ec")).await?;
    let csr = request("other.test").csr(other.csr.as_str()).ttl(HOUR);
    ensure!(below.sign("any", &csr).await?.private_key.is_none(), "a signed request has a key");
    below.sign_verbatim(&csr).await?;
    below.sign_verbatim_with_role("any", &csr).await?;
    Ok(())
}

async fn issuers(backend: &Backend) -> Result {
    let (pki, _) = mounted(backend, "issuers").await?;
    let first = pki.generate_root("internal", &request("One").issuer_name("one").key_type("ec")).await?;
    let exported = pki.generate_root("exported", &request("Two").issuer_name("two").key_type("ec")).await?;
    ensure!(exported.private_key.is_some(), "an exported root has no key");
    let Some(id) = first.issuer_id else { return fail("no issuer id") };
    ensure_eq!(pki.issuers_config().await?.default, Some(id.clone()));
    ensure_eq!(pki.issuers().await?.len(), 2);
    pki.put_issuers_config(&IssuersConfig::new().default("two")).await?;
    ensure_eq!(pki.issuer("default").await?.issuer_name, "two");
    let renamed = pki.patch_issuer("one", &IssuerSettings::new().issuer_name("old")).await?;
    ensure_eq!((renamed.issuer_id, renamed.issuer_name.as_str()), (id, "old"));
    let settings = IssuerSettings::new().issuer_name("old").leaf_not_after_behavior("truncate");
    ensure_eq!(pki.put_issuer("old", &settings).await?.leaf_not_after_behavior, "truncate");
    ensure!(pki.revoke_issuer("old").await?.revoked, "it is not revoked");
    pki.delete_issuer("old").await?;
    ensure_eq!(pki.issuers().await?.len(), 1);

    let (other, _) = mounted(backend, "imported").await?;
    let Some(key) = &exported.private_key else { return fail("no key") };
    let bundle = format!("{}\n{}", key.expose_secret(), exported.certificate);
    let imported = other.import_bundle(&bundle.into()).await?;
    ensure_eq!((imported.imported_issuers.len(), imported.imported_keys.len()), (1, 1));
    ensure_eq!(other.ca_pem().await?.trim(), exported.certificate.trim());
    Ok(())
}
