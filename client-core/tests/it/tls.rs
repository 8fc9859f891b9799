use client_core::{ClientIdentity, RootCertificates};

use crate::product::{Demo, DemoError};

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
