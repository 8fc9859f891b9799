//! A test of a small function without a server: `cargo test -p vault-client --features testing --example testing`.

use vault_client::{Client, Result};

/// Whether a server can be given requests, for a probe that must not fail itself.
async fn is_ready(vault: &Client) -> Result<bool> {
    match vault.sys().health().await {
        Ok(health) => Ok(health.is_usable()),
        Err(error) if error.is_unavailable() => Ok(false),
        Err(error) => Err(error),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    println!("ready: {}", is_ready(&Client::from_env()?).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;
    use vault_client::testing::{Answer, Answers};

    #[tokio::test(start_paused = true)]
    async fn ready_sealed_and_nobody_there() {
        let answers = Answers::new();
        let vault = Client::builder().address("http://127.0.0.1:8200").transport(answers.clone());
        let vault = vault.timeouts(|limits| limits.call = Some(Duration::from_secs(5))).build().unwrap();
        answers.on("sys.health", &json!({ "initialized": true, "sealed": false, "standby": false }));
        assert!(is_ready(&vault).await.unwrap());
        let sealed = json!({ "initialized": true, "sealed": true, "standby": true });
        answers.on("sys.health", Answer::json(sealed).with_status(503));
        assert!(!is_ready(&vault).await.unwrap());
        answers.on("sys.health", Answer::error(503, "<html><body>no server</body></html>"));
        assert!(!is_ready(&vault).await.unwrap());
        answers.on("sys.health", Answer::unreachable());
        assert!(is_ready(&vault).await.unwrap_err().to_string().contains("no connection to 127.0.0.1:8200"));
    }
}
