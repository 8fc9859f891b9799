//! A test of a small function without a server: `cargo test -p nomad-client --features testing --example testing`.

use nomad_client::{Client, Result};

/// Stops a job unless it is dead already, and says whether it did.
async fn stop_if_alive(nomad: &Client, id: &str) -> Result<bool> {
    let job = nomad.jobs().get(id).await?;
    if job.status.is_some_and(|status| status.as_str() == "dead") {
        return Ok(false);
    }
    nomad.jobs().deregister(id).await?;
    Ok(true)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    println!("stopped: {}", stop_if_alive(&Client::from_env()?, "wuffchat-api").await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nomad_client::testing::{Answer, Answers};
    use serde_json::json;

    fn server(status: &str) -> (Client, Answers) {
        let answers = Answers::new();
        answers
            .on("jobs.get", &json!({ "ID": "web", "Status": status }))
            .on("jobs.deregister", &json!({ "EvalID": "5c1e", "JobModifyIndex": 7 }));
        (Client::builder().transport(answers.clone()).build().unwrap(), answers)
    }

    #[tokio::test]
    async fn what_runs_is_stopped() {
        let (nomad, answers) = server("running");
        assert!(stop_if_alive(&nomad, "web").await.unwrap());
        assert_eq!(answers.sent_for("jobs.deregister")[0].path, "/v1/job/web");
    }

    #[tokio::test]
    async fn what_is_dead_is_left_alone() {
        let (nomad, answers) = server("dead");
        assert!(!stop_if_alive(&nomad, "web").await.unwrap());
        assert!(answers.sent_for("jobs.deregister").is_empty());
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let (nomad, answers) = server("running");
        answers.on("jobs.deregister", Answer::error(403, "Permission denied"));
        let error = stop_if_alive(&nomad, "web").await.unwrap_err();
        assert!(matches!(error, nomad_client::Error::PermissionDenied(_)), "{error}");
    }
}
