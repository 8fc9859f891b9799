//! Whether values arrive as they were written: through Vault, the template and Nomad's own reading of the file.

use std::io::Write as _;
use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::{AgentsOptions, Docker};
use nomad_client::Job;
use nomad_client::jobspec::{Resources, Restart, Task, TaskGroup, Template, Vault};
use tokio::time::Instant;
use wuffchat_deploy::{identity, secrets};

use crate::stack::Stack;

const HOSTILE: [&str; 12] = [
    "plain",
    "two\nlines\n",
    "say \"yes\" and 'no'",
    "a=b=c; export X=1",
    "back\\slash \\n no line",
    "$HOME ${NOMAD_ALLOC_ID} `id` $(id)",
    "{{ env \"HOME\" }} {{ end }}",
    "<html>&amp;</html>",
    "# no comment",
    "  spaces around  ",
    "tabs\tand\rreturns",
    "Größe 🐾 \u{7f}\u{1}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_arrive_as_they_were_written() {
    let options = AgentsOptions::new().docker(Docker::Off);
    if let Err(missing) = options.check_binaries() {
        return xtest::skip(missing);
    }
    let stack = Stack::of(DevStack::agents_with(options).await.unwrap());
    let Stack { clients, environment, .. } = &stack;
    identity::ensure(&clients.nomad, &clients.vault, environment).await.unwrap();
    let mut differences = Vec::new();
    for (number, chunk) in HOSTILE.chunks(4).enumerate() {
        let mut values = secrets::Values::default();
        let places = [("openai", "api_key"), ("weaviate", "url"), ("weaviate", "api_key"), ("redis", "url")];
        for ((secret, key), value) in places.iter().zip(chunk) {
            values.set(secret, key, (*value).to_owned()).unwrap();
        }
        secrets::seed(&clients.vault, environment, &values, secrets::Existing::Replace).await.unwrap();
        let names = ["OPENAI_API_KEY", "WEAVIATE_URL", "WEAVIATE_API_KEY", "REDIS_URL"];
        let printed = names
            .map(|name| format!("printf %s \"${name}\" | od -An -v -tx1 | tr -d ' \\n'; echo;"))
            .join(" ");
        // Under the name that the role admits, as what it is not: it ends when it has said what it was given.
        let task = Task::new("wuffchat-api", "raw_exec")
            .config("command", "/bin/bash")
            .config("args", serde_json::json!(["-c", printed]))
            .vault(Vault::with_role(environment.vault.role.as_str()))
            .template(
                Template::new(secrets::environment_template(environment), "${NOMAD_SECRETS_DIR}/app.env")
                    .env(true),
            )
            .resources(Resources::new(50, 50));
        let group = TaskGroup::new("api").restart(Restart::default().attempts(0).mode("fail")).task(task);
        let job = Job::new("wuffchat-api", "batch").meta("run", number.to_string()).group(group);
        clients.nomad.jobs().register(&job).await.unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        let allocation = loop {
            let all = clients.nomad.jobs().allocations("wuffchat-api").await.unwrap();
            let newest = all.into_iter().max_by_key(|it| it.create_index);
            if let Some(done) =
                newest.filter(|it| it.client_status.as_str() == "complete" && it.job_version == number as u64)
            {
                break done;
            }
            assert!(Instant::now() < end, "{:#?}", clients.nomad.jobs().allocations("wuffchat-api").await);
            tokio::time::sleep(Duration::from_millis(300)).await;
        };
        let lines = clients.nomad.allocations().log_tail(&allocation.id, "wuffchat-api", 10).await.unwrap();
        for (value, line) in chunk.iter().zip(&lines) {
            let wanted: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
            if *line != wanted {
                differences.push(format!("{value:?}: {line} instead of {wanted}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    let _ =
        writeln!(std::io::stderr(), "{} values on real agents arrived as they were written", HOSTILE.len());
}
