//! The environment variables of Nomad's CLI.

use client_core::env::Vars;
use client_core::{ClientIdentity, Config, Error, RootCertificates, StaticToken};
use secrecy::SecretString;

/// Reads NOMAD_ADDR, NOMAD_REGION, NOMAD_NAMESPACE, NOMAD_TOKEN, NOMAD_HTTP_AUTH, NOMAD_CACERT,
/// NOMAD_CAPATH, NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY, NOMAD_TLS_SERVER_NAME, NOMAD_SKIP_VERIFY
/// and, inside a task, NOMAD_UNIX_ADDR where NOMAD_ADDR is not set.
pub(crate) fn read(vars: &Vars<'_>, config: &mut Config) -> Result<(), Error> {
    config.address = vars.first(&["NOMAD_ADDR", "NOMAD_UNIX_ADDR"])?.map(|(_, address)| address);
    config.namespace = vars.text("NOMAD_NAMESPACE")?;
    if let Some(region) = vars.text("NOMAD_REGION")? {
        config.query.push(("region", region));
    }
    if let Some(token) = vars.secret("NOMAD_TOKEN")? {
        config.token = Some(std::sync::Arc::new(StaticToken(token)));
    }
    if let Some(pair) = vars.text("NOMAD_HTTP_AUTH")? {
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        config.basic = Some((user.to_owned(), SecretString::from(password)));
    }
    if let Some(file) = vars.path("NOMAD_CACERT") {
        config.tls.roots = RootCertificates::File(file);
    } else if let Some(folder) = vars.path("NOMAD_CAPATH") {
        config.tls.roots = RootCertificates::Directory(folder);
    }
    config.tls.identity = ClientIdentity::from_pair(
        vars.path("NOMAD_CLIENT_CERT"),
        vars.path("NOMAD_CLIENT_KEY"),
        ("NOMAD_CLIENT_CERT", "NOMAD_CLIENT_KEY"),
    )?;
    config.tls.server_name = vars.text("NOMAD_TLS_SERVER_NAME")?;
    config.tls.skip_verify = vars.bool("NOMAD_SKIP_VERIFY")?.unwrap_or_default();
    Ok(())
}
