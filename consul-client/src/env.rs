//! The environment variables of Consul's CLI.

use std::sync::Arc;

use client_core::env::{Vars, bad};
use client_core::{ClientIdentity, Config, Error, RootCertificates, StaticToken};
use secrecy::SecretString;

/// Reads CONSUL_HTTP_ADDR, _HTTP_TOKEN, _HTTP_TOKEN_FILE, _HTTP_AUTH, _HTTP_SSL, _HTTP_SSL_VERIFY,
/// CONSUL_CACERT, _CAPATH, _CLIENT_CERT, _CLIENT_KEY, _TLS_SERVER_NAME, _NAMESPACE and _PARTITION.
pub(crate) fn read(vars: &Vars<'_>, config: &mut Config) -> Result<(), Error> {
    config.address = vars.text("CONSUL_HTTP_ADDR")?;
    config.https = vars.bool("CONSUL_HTTP_SSL")?.unwrap_or_default();
    config.namespace = vars.text("CONSUL_NAMESPACE")?;
    if let Some(partition) = vars.text("CONSUL_PARTITION")? {
        config.query.push(("partition", partition));
    }
    if let Some(token) = token(vars)? {
        config.token = Some(Arc::new(StaticToken(token)));
    }
    if let Some(pair) = vars.text("CONSUL_HTTP_AUTH")? {
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        config.basic = Some((user.to_owned(), SecretString::from(password)));
    }
    if let Some(file) = vars.path("CONSUL_CACERT") {
        config.tls.roots = RootCertificates::File(file);
    } else if let Some(folder) = vars.path("CONSUL_CAPATH") {
        config.tls.roots = RootCertificates::Directory(folder);
    }
    config.tls.identity = ClientIdentity::from_pair(
        vars.path("CONSUL_CLIENT_CERT"),
        vars.path("CONSUL_CLIENT_KEY"),
        ("CONSUL_CLIENT_CERT", "CONSUL_CLIENT_KEY"),
    )?;
    config.tls.server_name = vars.text("CONSUL_TLS_SERVER_NAME")?.map(|name| without_port(&name).to_owned());
    config.tls.skip_verify = !vars.bool("CONSUL_HTTP_SSL_VERIFY")?.unwrap_or(true);
    Ok(())
}

/// The token of the file, or else the token itself.
fn token(vars: &Vars<'_>) -> Result<Option<SecretString>, Error> {
    const FILE: &str = "CONSUL_HTTP_TOKEN_FILE";
    let Some(path) = vars.path(FILE) else {
        return vars.secret("CONSUL_HTTP_TOKEN");
    };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|cause| bad(FILE, &shown, "a file that can be read").with_source(cause))?;
    match text.trim() {
        "" => Err(bad(FILE, &shown, "a file with a token in it")),
        token => Ok(Some(SecretString::from(token))),
    }
}

/// `name` without a `:port`, which some put there out of habit.
fn without_port(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => name,
    }
}
