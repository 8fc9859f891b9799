//! What the variables of Consul's CLI mean.

use consul_client::{Builder, Client, Result};

fn build(variables: &[(&str, &str)]) -> Result<Client> {
    let lookup =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Builder::from_vars(&client_core::env::Vars::new(lookup)).build()
}

#[test]
fn addresses() {
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[], "http://127.0.0.1:8500"),
        (&[("CONSUL_HTTP_ADDR", "10.0.0.1:8500")], "http://10.0.0.1:8500"),
        (&[("CONSUL_HTTP_ADDR", "https://consul.example:8501/prefix")], "https://consul.example:8501/prefix"),
        (&[("CONSUL_HTTP_ADDR", "10.0.0.1:8501"), ("CONSUL_HTTP_SSL", "true")], "https://10.0.0.1:8501"),
        (&[("CONSUL_HTTP_ADDR", "http://h:1"), ("CONSUL_HTTP_SSL", "1")], "https://h:1"),
        (&[("CONSUL_HTTP_ADDR", "unix:///run/consul.sock")], "unix:///run/consul.sock"),
        (&[("CONSUL_HTTP_ADDR", "")], "http://127.0.0.1:8500"),
    ];
    for (variables, wanted) in cases {
        assert_eq!(build(variables).unwrap().address().to_string(), wanted, "{variables:?}");
    }
}

#[test]
fn bad_values_are_errors_that_name_their_variable() {
    for (name, value) in [
        ("CONSUL_HTTP_SSL", "maybe"),
        ("CONSUL_HTTP_SSL_VERIFY", "nope"),
        ("CONSUL_HTTP_TOKEN_FILE", "/does/not/exist"),
        ("CONSUL_CLIENT_CERT", "cert.pem"),
        ("CONSUL_CLIENT_KEY", "key.pem"),
    ] {
        let message = build(&[(name, value)]).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
    for address in ["ftp://h", "http://"] {
        assert!(build(&[("CONSUL_HTTP_ADDR", address)]).is_err(), "{address}");
    }
}

#[test]
fn scopes() {
    let consul = build(&[("CONSUL_NAMESPACE", "team"), ("CONSUL_PARTITION", "west")]).unwrap();
    assert_eq!(consul.kv().get("a").spec().unwrap().target, "/v1/kv/a?ns=team&partition=west");
}

#[tokio::test]
async fn a_token_file_comes_before_a_token() {
    use crate::support::{Answer, Server};
    let file = std::env::temp_dir().join(format!("consul-token-{}", std::process::id()));
    let path = file.to_str().unwrap().to_owned();
    for (content, wanted) in [("from-file\n", Some("from-file")), ("  \n", None)] {
        std::fs::write(&file, content).unwrap();
        let variables = [("CONSUL_HTTP_TOKEN", "from-variable"), ("CONSUL_HTTP_TOKEN_FILE", path.as_str())];
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let builder = Builder::from_vars(&client_core::env::Vars::new(lookup));
        let server = Server(|request: consul_client::transport::HttpRequest| -> Answer {
            let token = request.headers["x-consul-token"].to_str().unwrap().to_owned();
            Box::pin(async move {
                let body = format!("\"{token}\"");
                Ok(consul_client::transport::HttpResponse::full(200, http::HeaderMap::new(), body))
            })
        });
        match (builder.transport(server).build(), wanted) {
            (Ok(consul), Some(wanted)) => {
                assert_eq!(consul.status().leader().await.unwrap().as_deref(), Some(wanted));
            }
            (Err(error), None) => assert!(error.to_string().contains("CONSUL_HTTP_TOKEN_FILE"), "{error}"),
            (built, wanted) => panic!("{built:?}, wanted {wanted:?}"),
        }
    }
    std::fs::remove_file(&file).unwrap();
}
