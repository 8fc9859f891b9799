//! No secret is in anything a release says: events, reports in each form, errors, `Debug`, logs at every level, what
//! Nomad keeps for people to read.

use std::io::Write;
use std::sync::{Arc, Mutex};

use dev_stack::embedded::faults::{Fault, FaultRule};
use dev_stack::embedded::{Behaviour, Product};
use tracing_subscriber::fmt::MakeWriter;
use wuffchat_deploy::events::{Event, EventSink};
use wuffchat_deploy::{Report, drift, history, preflight, rollback, secrets, status};

use crate::stack::Stack;

/// Everything that was said, in one heap.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Said {
    fn add(&self, text: impl AsRef<str>) {
        let mut all = self.0.lock().unwrap();
        all.push_str(text.as_ref());
        all.push('\n');
    }

    fn report(&self, report: &Report) {
        self.add(format!("{report:?}"));
        self.add(serde_json::to_string(report).unwrap());
        self.add(report.to_markdown());
        self.add(report.to_html());
    }

    fn result(&self, result: &wuffchat_deploy::Result<Report>) {
        match result {
            Ok(report) => self.report(report),
            Err(error) => self.add(format!("{error} {error:?}")),
        }
    }
}

impl EventSink for Said {
    fn event(&self, event: &Event) {
        self.add(format!("{event:?}"));
        self.add(serde_json::to_string(event).unwrap());
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.add(String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Said {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const FIRST: [&str; 4] =
    ["marker one key", "http://marker-one-url/", "marker-one=weaviate", "redis://:marker-one-pw@h:6379/0"];
const ROTATED: [&str; 2] = ["marker \"two\" key\nwith a second line", "redis://:marker-two-pw@h:6379/0"];

/// What of the values must not be seen: no line of any, in no usual encoding.
fn traces() -> Vec<String> {
    let lines = FIRST.iter().chain(&ROTATED).flat_map(|value| value.lines());
    let mut all: Vec<String> = lines.map(str::to_owned).collect();
    all.extend(["marker-one-pw", "marker-two-pw", "marker one", "second line"].map(str::to_owned));
    all.push(serde_json::to_string(ROTATED[0]).unwrap().trim_matches('"').to_owned());
    all.push("bWFya2Vy".to_owned());
    all
}

#[tokio::test]
async fn nothing_that_is_said_has_a_secret_in_it() {
    let said = Said::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(said.clone());
    // On this thread only, where the whole of the test and its clients run.
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let stack = Stack::embedded().await;
    let Stack { clients, environment, .. } = &stack;
    let values = |pairs: &[(&str, &str, &str)]| {
        let mut values = secrets::Values::default();
        for (secret, key, value) in pairs {
            values.set(secret, key, (*value).to_owned()).unwrap();
        }
        values
    };
    let first = values(&[
        ("openai", "api_key", FIRST[0]),
        ("weaviate", "url", FIRST[1]),
        ("weaviate", "api_key", FIRST[2]),
        ("redis", "url", FIRST[3]),
    ]);
    let rotated = values(&[("openai", "api_key", ROTATED[0]), ("redis", "url", ROTATED[1])]);
    let mut request = stack.request("v1");
    request.secrets = first.clone();
    said.add(format!("{request:?} {clients:?} {environment:?}"));
    said.result(&stack.run_telling(&request, &said).await);

    let embedded = stack.stack.as_embedded().unwrap();
    let mut rotation = stack.request("v1");
    rotation.secrets = rotated.clone();
    said.result(&secrets::rotate(clients, environment, &rotation, &said).await);

    // A version that prints what it was given as it falls over.
    let loud = format!("connecting to {} with {}\n", ROTATED[1], ROTATED[0]);
    embedded.behave("wuffchat-api:bad-2", Behaviour::Prints { stdout: loud.clone(), stderr: loud.clone() });
    embedded
        .behave("wuffchat-api:bad-2*", Behaviour::Crash { exit_code: 1, after: std::time::Duration::ZERO });
    request.version = "bad-2".parse().unwrap();
    request.secrets = rotated.clone();
    said.result(&stack.run_telling(&request, &said).await);

    // A server that refuses what it was given.
    let refusal = |body: String| Fault::Status { status: 400, body, retry_after: None };
    let body = serde_json::json!({"errors": ["invalid request"]}).to_string();
    let one = FaultRule::new(refusal(body)).method("POST").path("/v1/secret/data/").times(1);
    let injected = embedded.faults(Product::Vault).add(one);
    rotation.secrets = values(&[("openai", "api_key", "marker one key")]);
    let refused = secrets::rotate(clients, environment, &rotation, &said).await;
    assert!(refused.is_err());
    assert_eq!(injected.count(), 1);

    said.result(&rollback::run(clients, environment, &request, &rollback::To::LastGood, &said).await);
    said.add(format!("{:?}", drift::look(clients, environment, None).await));
    said.add(format!("{:?}", status::status(clients, environment).await));
    said.add(format!("{:?}", history::of(clients, environment).await));
    said.add(format!("{:?}", preflight::run(clients, environment, &preflight::Options::default()).await));
    said.add(format!(
        "{:?}",
        secrets::preview(&clients.vault, environment, &first, secrets::Existing::Replace).await
    ));
    for job in ["wuffchat-api", "wuffchat-ui"] {
        said.add(serde_json::to_string(&clients.nomad.jobs().versions(job).await.unwrap().versions).unwrap());
        said.add(serde_json::to_string(&clients.nomad.jobs().allocations(job).await.unwrap()).unwrap());
    }
    for variable in clients.nomad.variables().list().await.unwrap() {
        let variable = clients.nomad.variables().get(&variable.path).await.unwrap();
        said.add(format!("{variable:?} {:?}", variable.items.iter().collect::<Vec<_>>()));
    }
    let said = said.0.lock().unwrap().clone();
    for wanted in ["kv2", "reverted", "wuffchat-deploy/dev/release", "TRACE"] {
        assert!(said.contains(wanted), "nothing was heard of {wanted}");
    }
    for trace in traces() {
        if let Some((before, _)) = said.split_once(&trace) {
            let near: String = before.chars().rev().take(200).collect();
            panic!("{trace:?} is in …{}", near.chars().rev().collect::<String>());
        }
    }
}
