use client_core::{ClientIdentity, RootCertificates};

use crate::product::{Demo, DemoError};
use crate::tls_support::{Authority, Pair, Server, Settings, cases};

fn build(
    edit: impl FnOnce(client_core::Builder<Demo>) -> client_core::Builder<Demo>,
) -> Result<(), DemoError> {
    edit(client_core::Builder::default().address("https://h")).build().map(|_| ())
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let cases: [(&str, Result<(), DemoError>); 4] = [
        ("/nope/ca.pem", build(|b| b.root_certificates(RootCertificates::File("/nope/ca.pem".into())))),
        ("/nope/dir", build(|b| b.root_certificates(RootCertificates::Directory("/nope/dir".into())))),
        ("PEM", build(|b| b.root_certificates(RootCertificates::Pem("nothing".into())))),
        (
            "/nope/cert.pem",
            build(|b| b.client_identity(ClientIdentity::files("/nope/cert.pem", "/nope/key.pem"))),
        ),
    ];
    for (named, result) in cases {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(named), "{named}: {message}");
    }
}

#[test]
fn a_certificate_without_its_key_names_both_settings() {
    let error =
        ClientIdentity::from_pair(Some("c.pem".into()), None, ("CERT", "KEY")).unwrap_err().to_string();
    assert!(error.contains("CERT") && error.contains("KEY"), "{error}");
}

#[test]
fn plain_http_needs_no_certificate_store() {
    client_core::Builder::<Demo>::default().address("http://h").build().map(|_| ()).unwrap();
}

async fn call(settings: Settings) -> Result<(), String> {
    mod parts {
        pub use client_core::retry::RetryPolicy;
        pub use client_core::{ClientIdentity, RootCertificates};
    }
    let client: Result<crate::product::DemoClient, _> =
        crate::tls_client!(client_core::Builder::<Demo>::default(), settings, parts);
    let client = client.map_err(|error| error.to_string())?;
    client.list().await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn whom_tls_asks_for_and_where_is_connected_to() {
    cases(call).await;
}

/// Writes a file and makes sure that its time differs from what it was.
fn write(path: &std::path::Path, text: &str) {
    let before = std::fs::metadata(path).and_then(|found| found.modified()).ok();
    std::fs::write(path, text).unwrap();
    if let Some(before) = before {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(before + std::time::Duration::from_secs(1)).unwrap();
    }
}

#[tokio::test]
async fn certificates_are_read_again_when_their_files_change() {
    use crate::product::DemoClient;
    let folder = std::env::temp_dir().join(format!("core-certificates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [roots, certificate, key] = ["ca.pem", "me.pem", "me.key"].map(|name| folder.join(name));
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let (first, second) = (old.issue("me"), new.issue("me"));
    let settled = |roots_of: &Authority, pair: &Pair| {
        write(&roots, &roots_of.pem());
        write(&certificate, &pair.certificate);
        write(&key, &pair.key);
    };
    settled(&old, &first);
    let server_old = Server::start("127.0.0.1", 0, &old.issue("127.0.0.1"), Some(&old)).await;
    let client = DemoClient::with(&format!("https://127.0.0.1:{}", server_old.port), |b| {
        b.root_certificates(RootCertificates::File(roots.clone()))
            .client_identity(ClientIdentity::files(&certificate, &key))
            .retry(client_core::retry::RetryPolicy::never())
    });
    client.list().await.unwrap();
    // Half of a rotation cannot be used: what was read before stays in use.
    write(&certificate, &second.certificate);
    client.list().await.unwrap();
    // All of it can: the old server is not trusted any more, which proves that it was read.
    settled(&new, &second);
    let error = client.list().await.unwrap_err().to_string();
    assert!(error.contains("was not issued by an authority that is trusted here"), "{error}");
    settled(&old, &first);
    client.list().await.unwrap();
    assert!(server_old.seen().iter().all(|seen| seen.client));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_redirect_from_http_to_https_finds_its_certificates() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let authority = Authority::new("one");
    let secure = Server::start("127.0.0.1", 0, &authority.issue("127.0.0.1"), None).await;
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", plain.local_addr().unwrap());
    let location = format!("https://127.0.0.1:{}/v1/things", secure.port);
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let mut seen = [0; 2048];
        let _ = stream.read(&mut seen).await;
        let answer = format!("HTTP/1.1 307 T\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let client = crate::product::DemoClient::with(&address, |b| {
        b.root_certificates(RootCertificates::Pem(authority.pem()))
    });
    client.list().await.unwrap();
    assert_eq!(secure.seen().len(), 1);
}
