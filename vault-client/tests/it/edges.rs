//! What happens at the edges: redirects, error answers, wrapping, answers that are not there.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use vault_client::sys::HealthState;
use vault_client::{Client, Error, RetryPolicy, SecretString, TokenFile, TokenSource};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::Fake;

fn client(server: &MockServer) -> Client {
    let mut policy = RetryPolicy::attempts(3);
    policy.base = Duration::from_millis(1);
    Client::builder().address(server.uri()).token("s.token").retry(policy).build().unwrap()
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_to_another_host() {
    let (here, there) = (MockServer::start().await, MockServer::start().await);
    let elsewhere = format!("http://localhost:{}/v1/sys/leader", there.address().port());
    Mock::given(any())
        .respond_with(ResponseTemplate::new(307).insert_header("location", elsewhere.as_str()))
        .mount(&here)
        .await;
    let error = client(&here).sys().leader().await.unwrap_err();
    assert!(error.to_string().contains("another host"), "{error}");
    assert!(there.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_within_the_host_keeps_method_body_and_token() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/secret/data/a"))
        .respond_with(ResponseTemplate::new(307).insert_header("location", "/v1/other"))
        .mount(&server)
        .await;
    Mock::given(path("/v1/other"))
        .and(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": {"version": 4}})))
        .mount(&server)
        .await;
    let version = client(&server).kv2("secret").put("a", &json!({"k": "v"})).await.unwrap();
    assert_eq!(version.version, 4);
    let last = server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(last.headers["x-vault-token"], "s.token");
    assert_eq!(last.headers["x-vault-request"], "true");
    assert_eq!(serde_json::from_slice::<Value>(&last.body).unwrap(), json!({"data": {"k": "v"}}));
}

#[tokio::test]
async fn a_state_that_is_not_there_yet_is_asked_for_again() {
    let server = MockServer::start().await;
    let not_yet =
        ResponseTemplate::new(412).set_body_json(json!({"errors": ["required index state not present"]}));
    Mock::given(any()).respond_with(not_yet).up_to_n_times(1).mount(&server).await;
    let secret = json!({"data": {"data": {"k": "v"}, "metadata": {"version": 1}}});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(secret))
        .mount(&server)
        .await;
    let vault = client(&server);
    let reply = vault.kv2("secret").get("a").require_state("abc").reply().await.unwrap();
    assert_eq!(reply.meta.attempts, 2);
}

#[tokio::test]
async fn a_write_is_not_repeated() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(412).set_body_json(json!({"errors": ["not yet"]})))
        .mount(&server)
        .await;
    let error = client(&server).kv2("secret").put("a", &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::ConsistencyRetry(_)));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_text_of_an_error_decides() {
    type Is = fn(&Error) -> bool;
    let cases: [(u16, &str, Is); 12] = [
        (503, "Vault is sealed", |e| matches!(e, Error::Sealed(_))),
        (503, "error performing token check: Vault is sealed", |e| e.is_sealed()),
        (500, "local node not active but active cluster node not found", |e| {
            matches!(e, Error::NoActiveNode(_))
        }),
        (503, "no active node", |e| matches!(e, Error::NoActiveNode(_))),
        (503, "server overloaded", |e| e.is_unavailable() && e.is_retryable()),
        (429, "request path \"x\": rate limit quota exceeded", |e| matches!(e, Error::RateLimited(_))),
        (400, "check-and-set parameter did not match the current version", Error::is_cas_mismatch),
        (400, "check-and-set parameter required for this call", |e| matches!(e, Error::InvalidRequest(_))),
        (400, "missing client token", Error::is_permission_denied),
        (404, "no handler for route \"x\". route entry not found.", |e| matches!(e, Error::Unsupported(_))),
        (404, "enterprise-only feature", |e| matches!(e, Error::EnterpriseOnly(_)) && e.is_unsupported()),
        (502, "third party rate limited", |e| matches!(e, Error::Other(_))),
    ];
    for (status, text, is) in cases {
        let vault = Fake::always(status, json!({"errors": [text]})).client();
        let error = vault.sys().leader().await.unwrap_err();
        assert!(is(&error), "{status} {text}: {error:?}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn every_state_of_a_server_is_an_answer() {
    for (status, wanted) in [
        (200, HealthState::Active),
        (429, HealthState::Standby),
        (472, HealthState::DrSecondary),
        (473, HealthState::PerformanceStandby),
        (474, HealthState::HaConnectionLost),
        (501, HealthState::Uninitialized),
        (503, HealthState::Sealed),
        (530, HealthState::Removed),
    ] {
        let body = json!({"initialized": status != 501, "sealed": status == 503, "standby": status == 429});
        let health = Fake::always(status, body).client().sys().health().await.unwrap();
        assert_eq!(health.state, wanted);
        assert_eq!(health.is_active(), status == 200, "{status}");
        assert_eq!(health.is_usable(), matches!(status, 200 | 429 | 473), "{status}");
    }
    // A secondary that was told to answer 200 all the same says what it is in the body.
    let body =
        json!({"initialized": true, "sealed": false, "standby": false, "replication_dr_mode": "secondary"});
    let health = Fake::always(200, body).client().sys().health().await.unwrap();
    assert!(!health.is_active() && !health.is_usable());
}

#[tokio::test]
async fn a_load_balancers_page_is_no_state_of_the_server() {
    const PAGE: &str = "<html><head><title>503</title></head><body>hunter2</body></html>";
    for status in [429, 502, 503, 504] {
        for body in [json!(PAGE), json!("no healthy upstream"), json!({"message": "no healthy upstream"})] {
            let vault = Fake::always(status, body.clone()).client();
            for error in [vault.sys().health().await.unwrap_err(), vault.sys().leader().await.unwrap_err()] {
                assert!(error.is_unavailable() && error.is_retryable(), "{status} {body}: {error:?}");
                assert!(!error.is_sealed() && !error.to_string().contains("hunter2"), "{error}");
            }
        }
        let vault = Fake::always(status, json!(PAGE)).client();
        assert!(vault.sys().health_status().await.unwrap_err().is_unavailable(), "{status}");
    }
}

#[tokio::test]
async fn nothing_there() {
    let missing = Fake::always(404, json!({"errors": []})).client();
    assert!(missing.kv2("secret").get("a").optional().await.unwrap().is_none());
    assert!(missing.kv2("secret").get("a").await.unwrap_err().is_not_found());
    assert!(missing.kv2("secret").list("a").await.unwrap().is_empty());
    assert!(missing.sys().namespaces().await.unwrap().is_empty());
    assert!(missing.logical().read("a").await.unwrap_err().is_not_found());

    let no_path = Fake::always(404, json!({"errors": ["unsupported path"]})).client();
    assert!(no_path.kv2("secret").list("a").await.unwrap_err().is_unsupported());

    let warned = Fake::always(404, json!({"data": null, "warnings": ["look elsewhere"]})).client();
    assert_eq!(warned.logical().read("a").await.unwrap().warnings, ["look elsewhere"]);
    let error = warned.kv2("secret").get("a").await.unwrap_err();
    assert_eq!(error.warnings(), ["look elsewhere"]);

    let unknown = Fake::always(204, Value::Null).client();
    let secret_id = SecretString::from("x");
    assert!(unknown.auth().approle("approle").lookup_secret_id("ci", &secret_id).await.unwrap().is_none());
}

#[tokio::test]
async fn warnings_and_leases_are_within_reach() {
    let vault = Fake::always(200, json!({"data": null, "warnings": ["ttl was capped"]})).client();
    assert_eq!(vault.sys().disable_mount("a").warnings().await.unwrap(), ["ttl was capped"]);
    let vault = Fake::always(204, Value::Null).client();
    assert!(vault.sys().disable_mount("a").warnings().await.unwrap().is_empty());
    let body = json!({"lease_id": "kv/1", "lease_duration": 3600, "renewable": true, "data": {"a": "b"}, "warnings": ["w"]});
    let secret = Fake::always(200, body).client().kv1("kv").get("a").envelope().await.unwrap();
    assert_eq!(
        (secret.lease_id.as_str(), secret.lease_duration.as_secs(), secret.renewable),
        ("kv/1", 3600, true)
    );
    assert_eq!(secret.warnings, ["w"]);
    assert!(secret.data.contains("a"));
}

#[tokio::test]
async fn wrapping() {
    let wrapped = json!({"data": null, "wrap_info": {
        "token": "s.wrapped", "accessor": "x", "ttl": 60, "creation_time": "2026-11-23T09:08:00.37Z",
        "creation_path": "secret/data/a",
    }});
    let fake = Fake::always(200, wrapped);
    let info = fake.client().kv2("secret").get("a").wrap(Duration::from_secs(60)).await.unwrap();
    assert_eq!((info.creation_path.as_str(), info.ttl.as_secs()), ("secret/data/a", 60));
    assert_eq!(fake.asked()[0].header("x-vault-wrap-ttl"), Some("1m0s"));
    let nothing = Fake::always(204, Value::Null).client();
    let error = nothing.sys().disable_mount("a").wrap(Duration::from_secs(60)).await.unwrap_err();
    assert!(error.to_string().contains("nothing to wrap"), "{error}");
}

#[tokio::test]
async fn a_token_that_was_made_elsewhere_is_not_unwrapped() {
    let fake = Fake::new(|asked| match asked.target.as_str() {
        "/v1/sys/wrapping/lookup" => {
            (200, json!({"data": {"creation_path": "auth/approle/role/ci/secret-id"}}))
        }
        _ => (200, json!({"data": {"secret_id": "x"}})),
    });
    let (vault, token) = (fake.client(), SecretString::from("s.wrap"));
    let error = vault.sys().unwrap_checked(&token, "auth/approle/role/prod/secret-id").await.unwrap_err();
    assert!(matches!(error, Error::WrappingPathMismatch { .. }));
    assert_eq!(fake.asked().len(), 1, "it was used up");

    for fine in ["auth/approle/role/ci/secret-id", "/auth/approle/role/"] {
        let secret = vault.sys().unwrap_checked(&token, fine).await.unwrap();
        assert!(secret.data.unwrap().contains("secret_id"));
    }
    let last = fake.asked().pop().unwrap();
    assert_eq!(last.header("x-vault-token"), Some("s.wrap"));
}

/// A KV engine that does not know PATCH, with somebody else writing in between `others` times.
fn old_engine(others: u64) -> Fake {
    let state = std::sync::Mutex::new((1_u64, json!({"a": 1, "n": {"x": 1, "y": 2}}), others));
    Fake::new(move |asked| {
        let mut state = state.lock().unwrap();
        let (version, data, others) = &mut *state;
        match asked.method.as_str() {
            "PATCH" => (405, json!({"errors": []})),
            "GET" => {
                let answer = json!({"data": {"data": data, "metadata": {"version": *version}}});
                if *others > 0 {
                    *others -= 1;
                    *version += 1;
                }
                (200, answer)
            }
            _ if asked.json()["options"]["cas"] != json!(*version) => {
                (400, json!({"errors": ["check-and-set parameter did not match the current version"]}))
            }
            _ => {
                *version += 1;
                *data = asked.json()["data"].clone();
                (200, json!({"data": {"version": *version}}))
            }
        }
    })
}

#[tokio::test]
async fn patching_where_there_is_no_patch() {
    let fake = old_engine(2);
    let patch = json!({"a": null, "n": {"x": 9}});
    let version = fake.client().kv2("secret").patch_or_rewrite("s", &patch).await.unwrap();
    assert_eq!(version.version, 4);
    let written = fake.asked().pop().unwrap().json();
    assert_eq!(written["data"], json!({"n": {"x": 9, "y": 2}}));

    let busy = old_engine(99);
    let error = busy.client().kv2("secret").patch_or_rewrite("s", &patch).await.unwrap_err();
    assert!(error.is_cas_mismatch());
}

#[tokio::test]
async fn rolling_back_writes_the_old_data_as_a_new_version() {
    let fake = Fake::new(|asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("GET", "/v1/secret/metadata/a") => (200, json!({"data": {"current_version": 7}})),
        ("GET", "/v1/secret/data/a?version=2") => {
            (200, json!({"data": {"data": {"k": "old"}, "metadata": {"version": 2}}}))
        }
        ("POST", "/v1/secret/data/a") => (200, json!({"data": {"version": 8}})),
        other => panic!("{other:?}"),
    });
    assert_eq!(fake.client().kv2("secret").rollback("a", 2).await.unwrap().version, 8);
    assert_eq!(fake.asked().pop().unwrap().json(), json!({"data": {"k": "old"}, "options": {"cas": 7}}));
}

#[tokio::test]
async fn data_of_a_known_shape() {
    #[derive(Debug, serde::Deserialize)]
    struct Key {
        key: String,
    }
    let body = json!({"data": {"data": {"key": "k"}, "metadata": {"version": 1}}});
    let vault = Fake::always(200, body).client();
    assert_eq!(vault.kv2("secret").get("a").typed::<Key>().await.unwrap().data.key, "k");
    let secret = vault.kv2("secret").get("a").await.unwrap();
    assert_eq!(secret.get_as::<Key>().unwrap().key, "k");
    let error = secret.get_as::<BTreeMap<String, u64>>().unwrap_err().to_string();
    assert!(error.contains("key") && !error.contains("\"k\""), "{error}");
}

#[tokio::test]
async fn logins_send_no_token() {
    let fake = Fake::always(200, json!({"data": null, "auth": {"client_token": "s.new", "policies": null}}));
    let vault = fake.client();
    vault.auth().jwt("jwt").login("r", "j").await.unwrap();
    vault.auth().approle("approle").login("r", "s").await.unwrap();
    vault.auth().userpass("userpass").login("al", "pw").await.unwrap();
    vault.sys().leader().await.unwrap();
    let tokens: Vec<_> =
        fake.asked().iter().map(|asked| asked.header("x-vault-token").map(str::to_owned)).collect();
    assert_eq!(tokens, [None, None, None, Some("s.test".to_owned())]);
}

#[tokio::test]
async fn a_login_may_want_a_second_factor() {
    let body = json!({"data": null, "auth": {
        "client_token": "", "policies": null, "mfa_requirement": {
            "mfa_request_id": "req", "mfa_constraints": {"c": {"any": [{"type": "totp", "id": "m", "uses_passcode": true}]}},
        },
    }});
    let auth = Fake::always(200, body).client().auth().userpass("userpass").login("al", "pw").await.unwrap();
    let wanted = auth.mfa_requirement.unwrap();
    assert_eq!(wanted.mfa_request_id, "req");
    assert_eq!(wanted.mfa_constraints["c"].any[0].id, "m");
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_not_sent() {
    let fake = Fake::always(200, json!({}));
    let error = fake.client().with_token("s.a\nb").sys().leader().await.unwrap_err();
    assert!(!error.to_string().contains("s.a"), "{error}");
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn the_token_file_is_read_each_time() {
    use vault_client::ExposeSecret;
    let folder = std::env::temp_dir().join(format!("vault-client-token-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("token");
    let source = TokenFile::new(&path);
    assert!(source.token().await.unwrap().is_none());
    for token in ["s.one", "s.two"] {
        std::fs::write(&path, format!("{token}\n")).unwrap();
        assert_eq!(source.token().await.unwrap().unwrap().expose_secret(), token);
    }
    assert!(TokenFile::new(&folder).token().await.is_err(), "a folder is no token");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn capabilities_of_root_and_of_nobody() {
    use vault_client::policy::Capability;
    let body =
        json!({"data": {"a": ["root"], "b": ["deny"], "c": ["read", "brew"], "capabilities": ["read"]}});
    let found = Fake::always(200, body).client().sys().capabilities_self(&["a", "b", "c"]).await.unwrap();
    assert!(found.allow("a", &Capability::Delete));
    assert!(!found.allow("b", &Capability::Read));
    assert!(found.allow("c", &Capability::Read) && !found.allow("c", &Capability::List));
    assert!(found.at("c").contains(&Capability::Unknown("brew".to_owned())));
    assert!(found.at("nowhere").is_empty());
}

#[tokio::test]
async fn a_version_without_data_is_empty() {
    let fake =
        Fake::always(200, json!({"data": {"data": null, "subkeys": null, "metadata": {"version": 3}}}));
    let kv = fake.client().kv2("secret");
    let secret = kv.get("a").await.unwrap();
    assert!(secret.data.is_empty());
    assert_eq!(secret.metadata.version, 3);
    assert!(kv.subkeys("a").await.unwrap().subkeys.is_empty());
    // A secret of an engine without versions is not one.
    let fake = Fake::always(200, json!({"data": {"k": "v"}}));
    assert!(fake.client().kv2("kv").get("a").await.is_err());
    let fake = Fake::always(200, json!({"data": null}));
    assert!(fake.client().kv1("kv").get("a").await.is_err());
}

#[tokio::test]
async fn numbers_are_written_back_as_they_were_read() {
    const DATA: &str = r#"{"big":12345678901234567890123,"e":1e3,"f":1.10,"huge":1e400}"#;
    let v1 = format!(r#"{{"data":{DATA}}}"#);
    let fake = Fake::new(move |_| (200, Value::String(v1.clone())));
    let kv = fake.client().kv1("kv");
    let secret = kv.get("a").await.unwrap();
    assert_eq!(kv.put("a", secret.expose()).spec().unwrap().body, DATA.as_bytes());
    let v2 = format!(r#"{{"data":{{"data":{DATA},"metadata":{{"version":1}}}}}}"#);
    let fake = Fake::new(move |_| (200, Value::String(v2.clone())));
    let kv = fake.client().kv2("secret");
    let secret = kv.get("a").await.unwrap();
    let put = kv.put("a", secret.data.expose()).spec().unwrap();
    assert_eq!(put.body, format!(r#"{{"data":{DATA}}}"#).as_bytes());
}

/// Our types are written by serde without their secrets, which no server shall take for the secrets.
#[tokio::test]
async fn a_redacted_secret_is_not_sent() {
    let user = vault_client::auth::UserpassUser::new().password("hunter22");
    let fake = Fake::always(204, Value::Null);
    let error = fake.client().logical().write("auth/userpass/users/al", &user).await.unwrap_err().to_string();
    assert!(error.contains("redacted") && !error.contains("hunter22"), "{error}");
    assert!(fake.asked().is_empty());
    fake.client().auth().userpass("userpass").put_user("al", &user).await.unwrap();
    assert_eq!(fake.asked().pop().unwrap().json(), json!({"password": "hunter22"}));
}
