//! Issues a certificate from a role of Vault's PKI engine, for a new key or for a request. Creates nothing in Vault
//! unless `--setup` is given.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, note, program};
use secrecy::ExposeSecret as _;
use vault_client::engines::{Certificate, CertificateRequest, PkiRole};
use vault_client::sys::{MountConfig, MountSettings};
use vault_client::{Client, Error};

/// How long the root and the role of `--setup` let certificates live.
const ROOT_LIFE: Duration = Duration::from_secs(365 * 86_400);
const MOST_LIFE: Duration = Duration::from_secs(30 * 86_400);

/// Issues a certificate from a role of Vault's PKI engine
#[derive(Debug, Parser)]
#[command(name = "issue_certificate")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Whom the certificate is for
    #[arg(value_name = "NAME")]
    common_name: String,
    /// Where the PKI engine is mounted
    #[arg(long, default_value = "pki")]
    mount: String,
    /// The role to issue with
    #[arg(long, default_value = "web")]
    role: String,
    /// A further name; may be repeated [default: none]
    #[arg(long = "also", value_name = "NAME")]
    alt_names: Vec<String>,
    /// How long it is valid, such as `24h` or `30d` [default: as the role says]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    ttl: Option<Duration>,
    /// A file with a request in PEM to sign, whose key stays where it is, instead of making a key [default: a new key]
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    /// The folder to write certificate.pem, chain.pem and key.pem to, for their owner alone [default: the public parts
    /// go to stdout, and the key nowhere]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Mounts the engine and makes a root and the role for this name, where they are missing
    #[arg(long)]
    setup: bool,
}

fn main() -> ExitCode {
    examples::run(issue)
}

async fn issue(arguments: Arguments) -> Result<u8, Failure> {
    let stack = Stack::open_by_variables(&arguments.common).await?;
    let result = with(&stack, &arguments).await;
    stack.close().await;
    result.map(|()| 0)
}

async fn with(stack: &Stack, arguments: &Arguments) -> Result<(), Failure> {
    if stack.name == "embedded" {
        let text = "the embedded stack does not simulate PKI: use `--stack agents`, or `env` with a Vault of your own";
        return Err(Failure::usage(text));
    }
    let vault = &stack.clients.vault;
    let made = if arguments.setup { set_up(vault, arguments).await? } else { Vec::new() };
    let mut request = CertificateRequest::new().common_name(&arguments.common_name);
    if !arguments.alt_names.is_empty() {
        request = request.alt_names(arguments.alt_names.join(","));
    }
    request.ttl = arguments.ttl;
    let pki = vault.pki(&arguments.mount);
    let call = match &arguments.csr {
        Some(file) => pki.sign(&arguments.role, &request.csr(program::read(file)?)),
        None => pki.issue(&arguments.role, &request),
    };
    let certificate = call.await.map_err(|error| explained(error, arguments))?;
    let files = match &arguments.folder {
        Some(folder) => write_files(folder, &certificate)?,
        None => Vec::new(),
    };
    show(&certificate, arguments, &files, &made)
}

/// What to do about a mount or role that is not there.
fn explained(error: Error, arguments: &Arguments) -> Failure {
    let missing = match &error {
        Error::Unsupported(_) => true,
        Error::InvalidRequest(details) => details.mentions("unknown role"),
        _ => false,
    };
    let mut failure = Failure::from(error);
    if missing && !arguments.setup {
        failure.text += "; `--setup` makes what is missing";
    }
    failure
}

/// Makes what is missing and says what that was.
async fn set_up(vault: &Client, arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let (mount, role) = (arguments.mount.trim_matches('/'), arguments.role.as_str());
    let mut made = Vec::new();
    if !vault.sys().mounts().await?.contains_key(&format!("{mount}/")) {
        let settings = MountSettings::of("pki").config(MountConfig::new().max_lease_ttl(ROOT_LIFE));
        vault.sys().enable_mount(mount, &settings).await?;
        made.push(format!("mount {mount}"));
    }
    let pki = vault.pki(mount);
    if pki.issuers().await?.is_empty() {
        let root =
            CertificateRequest::new().common_name(format!("{mount} root")).key_type("ec").ttl(ROOT_LIFE);
        pki.generate_root("internal", &root).await?;
        made.push(format!("root of {mount}"));
    }
    if pki.role(role).optional().await?.is_none() {
        let names = std::iter::once(&arguments.common_name).chain(&arguments.alt_names);
        let settings = PkiRole::new()
            .allowed_domains(names.cloned())
            .allow_bare_domains(true)
            .key_type(if arguments.csr.is_some() { "any" } else { "ec" })
            .max_ttl(MOST_LIFE);
        pki.put_role(role, &settings).await?;
        made.push(format!("role {role}"));
    }
    Ok(made)
}

fn chain(certificate: &Certificate) -> String {
    let issuers = if certificate.ca_chain.is_empty() {
        std::slice::from_ref(&certificate.issuing_ca)
    } else {
        &certificate.ca_chain
    };
    issuers.iter().map(|pem| format!("{}\n", pem.trim())).collect()
}

fn write_files(folder: &Path, certificate: &Certificate) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(folder)
        .map_err(|cause| Failure::usage(format!("`{}` cannot be made: {cause}", folder.display())))?;
    let mut files = Vec::new();
    let mut write = |name: &str, text: &str| {
        let file = folder.join(name);
        write_private(&file, text)
            .map_err(|cause| Failure::usage(format!("`{}` cannot be written: {cause}", file.display())))?;
        files.push(file);
        Ok::<_, Failure>(())
    };
    // The key first: a certificate without its key is of no use to whoever watches the files.
    if let Some(key) = &certificate.private_key {
        write("key.pem", &format!("{}\n", key.expose_secret().trim()))?;
    }
    write("chain.pem", &chain(certificate))?;
    write("certificate.pem", &format!("{}\n", certificate.certificate.trim()))?;
    Ok(files)
}

/// Replaces a file at once, readable for its owner alone from the beginning.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let new = file.with_extension("pem.new");
    let _ = fs::remove_file(&new);
    let mut open = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()?;
    fs::rename(&new, file)
}

fn show(
    certificate: &Certificate,
    arguments: &Arguments,
    files: &[PathBuf],
    made: &[String],
) -> Result<(), Failure> {
    let expires = jiff::Timestamp::from_second(certificate.expiration).ok().map(|time| time.to_string());
    if arguments.common.output == Output::Json {
        return program::print_json(&serde_json::json!({
            "common_name": arguments.common_name,
            "serial_number": certificate.serial_number,
            "expires": expires,
            "certificate": certificate.certificate,
            "chain": chain(certificate),
            "files": files,
            "made": made,
        }));
    }
    let output = arguments.common.output;
    for what in made {
        note(output, &format!("{what} is made"));
    }
    let expires = expires.unwrap_or_else(|| "an unknown time".to_owned());
    note(output, &format!("{} until {expires}", certificate.serial_number));
    for file in files {
        examples::say!("{}", file.display());
    }
    if files.is_empty() {
        examples::say!("{}\n{}", certificate.certificate.trim(), chain(certificate).trim());
        if certificate.private_key.is_some() {
            note(
                output,
                "the key is thrown away: give `--folder` to keep it, or `--csr` for a key of your own",
            );
        }
    }
    Ok(())
}
