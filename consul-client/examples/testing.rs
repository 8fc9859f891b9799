//! A test of a small function without a server: `cargo test -p consul-client --features testing --example testing`.

use consul_client::{Client, Result};

/// The addresses of the healthy instances of a service.
async fn addresses(consul: &Client, service: &str) -> Result<Vec<String>> {
    let instances = consul.health().service(service).passing().await?;
    Ok(instances.iter().map(|found| format!("{}:{}", found.host(), found.service.port)).collect())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    println!("{}", addresses(&Client::from_env()?, "web").await?.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use consul_client::testing::{Answer, Answers};
    use serde_json::json;

    #[tokio::test]
    async fn one_retry_later_all_are_found() {
        let answers = Answers::new();
        let instance = json!({
            "Node": { "Node": "one", "Address": "10.0.0.1" },
            "Service": { "ID": "web-1", "Service": "web", "Port": 8080, "Address": "" },
            "Checks": [],
        });
        answers.in_turn("health.service", [Answer::error(503, "starting"), Answer::json([instance])]);
        let consul = Client::builder().transport(answers.clone()).build().unwrap();
        assert_eq!(addresses(&consul, "web").await.unwrap(), ["10.0.0.1:8080"]);
        let sent = answers.sent_for("health.service");
        assert_eq!((sent.len(), sent[1].resent), (2, 1));
        assert!(sent[0].query.contains("passing"), "{:?}", sent[0]);
    }
}
