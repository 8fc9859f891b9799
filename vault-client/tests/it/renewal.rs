//! Tokens and leases over time, on a clock that is not real.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use vault_client::renewal::{TokenStatus, spawn_self_renewal, spawn_token_renewal};
use vault_client::{Client, Error};

use crate::support::{Asked, Fake};

fn auth(token: &str, seconds: u64, renewable: bool) -> Value {
    json!({"data": null, "auth": {
        "client_token": token, "accessor": token, "policies": ["p"], "lease_duration": seconds, "renewable": renewable,
    }})
}

async fn log_in(vault: Client) -> Result<vault_client::Auth, Error> {
    vault.auth().jwt("jwt").login("r", "j").await
}

/// Counts logins and renewals; each login gives another token.
#[derive(Default)]
struct Counts {
    logins: AtomicU64,
    renewals: AtomicU64,
}

fn server(
    counts: &Arc<Counts>,
    login: impl Fn(u64) -> (u16, Value) + Send + Sync + 'static,
    renew: impl Fn(u64, &Asked) -> (u16, Value) + Send + Sync + 'static,
) -> Fake {
    let counts = Arc::clone(counts);
    Fake::new(move |asked| match asked.target.as_str() {
        "/v1/auth/jwt/login" => login(counts.logins.fetch_add(1, SeqCst) + 1),
        "/v1/auth/token/renew-self" => renew(counts.renewals.fetch_add(1, SeqCst) + 1, asked),
        _ => (200, json!({})),
    })
}

fn sent_token(fake: &Fake) -> Option<String> {
    fake.asked().pop().unwrap().header("x-vault-token").map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_in_time_and_for_ever() {
    let counts = Arc::new(Counts::default());
    let fake = server(&counts, |_| (200, auth("s.1", 60, true)), |_, _| (200, auth("s.1", 60, true)));
    let renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    sleep(Duration::from_secs(39)).await;
    assert_eq!(counts.renewals.load(SeqCst), 0, "before two thirds are over");
    sleep(Duration::from_secs(3600)).await;
    let renewals = counts.renewals.load(SeqCst);
    assert!((80..=90).contains(&renewals), "{renewals} renewals in an hour");
    assert_eq!(counts.logins.load(SeqCst), 1);
    assert_eq!(renewal.status(), TokenStatus::Valid);
    let renewing = fake.asked().into_iter().find(|asked| asked.target.ends_with("renew-self")).unwrap();
    assert_eq!(renewing.header("x-vault-token"), Some("s.1"));
}

#[tokio::test(start_paused = true)]
async fn near_its_maximum_a_token_is_replaced_while_it_still_works() {
    let counts = Arc::new(Counts::default());
    let start = Instant::now();
    let fake = server(
        &counts,
        |count| (200, auth(&format!("s.{count}"), 60, true)),
        // The maximum is 150 seconds: renewals bring less and less.
        move |_, _| {
            let left = 150_u64.saturating_sub(start.elapsed().as_secs());
            (200, auth("s.1", left.min(60), true))
        },
    );
    let renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    let vault = renewal.client();
    for _ in 0..150 {
        sleep(Duration::from_secs(1)).await;
        if counts.logins.load(SeqCst) > 1 {
            break;
        }
    }
    assert_eq!(counts.logins.load(SeqCst), 2);
    assert!(start.elapsed() < Duration::from_secs(150), "{:?}", start.elapsed());
    vault.sys().leader().await.unwrap();
    assert_eq!(sent_token(&fake).as_deref(), Some("s.2"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_be_renewed_is_used_up_and_replaced() {
    let counts = Arc::new(Counts::default());
    let fake = server(
        &counts,
        |count| (200, auth(&format!("s.{count}"), 100, true)),
        |_, _| (403, json!({"errors": ["permission denied"]})),
    );
    let _renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    sleep(Duration::from_secs(79)).await;
    assert_eq!((counts.logins.load(SeqCst), counts.renewals.load(SeqCst)), (1, 1));
    sleep(Duration::from_secs(12)).await;
    assert_eq!(counts.logins.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_in_between_costs_nothing() {
    let counts = Arc::new(Counts::default());
    let fake = server(
        &counts,
        |count| (200, auth(&format!("s.{count}"), 600, true)),
        |count, _| match count {
            1 | 2 => (500, json!({"errors": ["storage is slow"]})),
            _ => (200, auth("s.1", 600, true)),
        },
    );
    let renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    sleep(Duration::from_secs(560)).await;
    assert_eq!((counts.logins.load(SeqCst), counts.renewals.load(SeqCst)), (1, 3));
    assert!(renewal.remaining().unwrap() > Duration::from_secs(400));
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_never_sent() {
    let counts = Arc::new(Counts::default());
    let fake = server(
        &counts,
        |count| match count {
            1 => (200, auth("s.1", 30, false)),
            2..6 => (500, json!({"errors": ["no"]})),
            _ => (200, auth("s.2", 30, false)),
        },
        |_, _| panic!("it cannot be renewed"),
    );
    let renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    let vault = renewal.client();
    sleep(Duration::from_secs(30)).await;
    // Logging in again has failed by now, and the old token is over.
    if counts.logins.load(SeqCst) < 6 {
        let error = vault.sys().leader().await.unwrap_err();
        assert!(error.to_string().contains("logging in failed"), "{error}");
        assert!(matches!(renewal.status(), TokenStatus::Failing(_)));
    }
    sleep(Duration::from_secs(20)).await;
    vault.sys().leader().await.unwrap();
    assert_eq!(sent_token(&fake).as_deref(), Some("s.2"));
    let old = fake.asked().iter().filter(|asked| asked.header("x-vault-token") == Some("s.1")).count();
    assert_eq!(old, 0);
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_for_a_new_token_are_one_login() {
    let counts = Arc::new(Counts::default());
    let fake = server(
        &counts,
        |count| (200, auth(&format!("s.{count}"), 3600, true)),
        |_, _| (200, auth("s.1", 3600, true)),
    );
    let renewal = Arc::new(spawn_token_renewal(&fake.client(), log_in).await.unwrap());
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let renewal = Arc::clone(&renewal);
            tokio::spawn(async move { renewal.login_again().await })
        })
        .collect();
    for asker in askers {
        asker.await.unwrap().unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(counts.logins.load(SeqCst), 2);
    renewal.login_again().await.unwrap();
    assert_eq!(counts.logins.load(SeqCst), 3);
    renewal.client().sys().leader().await.unwrap();
    assert_eq!(sent_token(&fake).as_deref(), Some("s.3"));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_guard_stops_it() {
    let counts = Arc::new(Counts::default());
    let fake = server(&counts, |_| (200, auth("s.1", 60, true)), |_, _| (200, auth("s.1", 60, true)));
    let renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    let vault = renewal.client();
    drop(renewal);
    sleep(Duration::from_secs(50)).await;
    assert_eq!(counts.renewals.load(SeqCst), 0);
    vault.sys().leader().await.unwrap();
    sleep(Duration::from_secs(11)).await;
    let error = vault.sys().leader().await.unwrap_err();
    assert!(error.to_string().contains("not renewed any more"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_token_ends_at_its_maximum() {
    let fake = Fake::new(|asked| match asked.target.as_str() {
        "/v1/auth/token/lookup-self" => (200, json!({"data": {"id": "s.own", "ttl": 60, "renewable": true}})),
        "/v1/auth/token/renew-self" => (400, json!({"errors": ["lease is not renewable"]})),
        _ => (200, json!({})),
    });
    let mut renewal = spawn_self_renewal(&fake.client()).await.unwrap();
    while renewal.status() == TokenStatus::Valid {
        renewal.changed().await;
    }
    assert_eq!(renewal.status(), TokenStatus::Ended);
    assert!(renewal.remaining().unwrap() > Duration::from_secs(5));
    assert!(renewal.login_again().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_without_an_end_needs_nothing() {
    let counts = Arc::new(Counts::default());
    let fake = server(&counts, |_| (200, auth("root", 0, false)), |_, _| panic!("it has no end"));
    let renewal = spawn_token_renewal(&fake.client(), log_in).await.unwrap();
    sleep(Duration::from_secs(86_400 * 365)).await;
    renewal.client().sys().leader().await.unwrap();
    assert_eq!(counts.logins.load(SeqCst), 1);
    assert_eq!(renewal.remaining(), None);
}

#[tokio::test]
async fn a_login_that_gives_no_token_is_an_error() {
    let body =
        json!({"data": null, "auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": "x"}}});
    let error = spawn_token_renewal(&Fake::always(200, body).client(), log_in).await.unwrap_err();
    assert!(error.to_string().contains("second factor"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_until_that_does_not_help() {
    let renewals = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&renewals);
    let fake = Fake::new(move |asked| match asked.target.as_str() {
        "/v1/sys/leases/renew" => {
            assert_eq!(asked.json(), json!({"lease_id": "db/1"}));
            let left = [60, 60, 30, 1][usize::try_from(counted.fetch_add(1, SeqCst)).unwrap().min(3)];
            (200, json!({"lease_id": "db/1", "lease_duration": left, "renewable": true}))
        }
        _ => (
            200,
            json!({"lease_id": "db/1", "lease_duration": 60, "renewable": true, "data": {"password": "x"}}),
        ),
    });
    let vault = fake.client();
    let secret = vault.logical().read("database/creds/api").await.unwrap();
    let mut lease = vault.lease(&secret).unwrap();
    let start = Instant::now();
    let near = lease.until_near_end().await;
    assert!((3..=4).contains(&renewals.load(SeqCst)));
    assert!(start.elapsed() > Duration::from_secs(100), "{:?}", start.elapsed());
    assert!(near.remaining <= Duration::from_secs(30));
    let unleased = Fake::always(200, json!({"data": {}})).client().logical().read("a").await.unwrap();
    assert!(vault.lease(&unleased).is_none());
}
