//! The jobs beside the application: their texts read back, checked by Prometheus' own tool, and
//! deployed.

use std::process::Command;
use std::time::Duration;

use dev_stack::embedded::Behaviour;
use serde_json::Value;
use wuffchat_deploy::events::Silent;
use wuffchat_deploy::platform::{self, Options, Part};
use wuffchat_deploy::{Driver, Environment, Error, Outcome, Stage, render};

use crate::stack::Stack;

const STAGES: [Stage; 3] = [Stage::Dev, Stage::Staging, Stage::Production];

/// All five, in both drivers.
fn environments() -> Vec<Environment> {
    let mut all = Vec::new();
    for stage in STAGES {
        let mut containers = Environment::new(stage);
        containers.platform.redis.enabled = true;
        containers.platform.grafana.enabled = true;
        containers.platform.consul.acl = stage == Stage::Production;
        let mut programs = containers.clone();
        programs.platform.prometheus.consul_discovery = false;
        programs.driver = Driver::RawExec { command: "/bin/true".to_owned(), args: vec![] };
        all.extend([containers, programs]);
    }
    all
}

#[tokio::test]
async fn what_is_written_as_hcl_is_read_back_as_the_same_job() {
    let stack = Stack::embedded().await;
    for environment in environments() {
        let files = render::platform_hcl(&environment).unwrap();
        assert_eq!(files.len(), Part::ALL.len());
        for (file, part) in files.iter().zip(Part::ALL) {
            let parsed = stack.clients.nomad.jobs().parse(file.text.as_str()).await.unwrap();
            let parsed = serde_json::to_value(parsed).unwrap();
            let built = serde_json::to_value(part.job(&environment)).unwrap();
            assert_eq!(lost(&built, &parsed, part.job_id()), None, "{}", file.text);
        }
    }
}

/// The first place where something of `built` is not in `parsed`, which also says what is unset.
fn lost(built: &Value, parsed: &Value, place: &str) -> Option<String> {
    match (built, parsed) {
        (Value::Object(built), Value::Object(_)) => {
            built.iter().find_map(|(key, value)| lost(value, &parsed[key], &format!("{place}.{key}")))
        }
        (Value::Array(built), Value::Array(parsed)) if built.len() == parsed.len() => built
            .iter()
            .zip(parsed)
            .enumerate()
            .find_map(|(index, (built, parsed))| lost(built, parsed, &format!("{place}[{index}]"))),
        (built, parsed) if built == parsed => None,
        (built, parsed) => Some(format!("{place}: {built} became {parsed}")),
    }
}

#[test]
fn containers_have_no_more_than_they_need() {
    for environment in environments().iter().filter(|it| matches!(it.driver, Driver::Docker { .. })) {
        for part in Part::ALL {
            let job = part.job(environment);
            let task = &job.task_groups[0].tasks[0];
            assert_eq!(task.config["cap_drop"], serde_json::json!(["all"]), "{part}");
            assert_eq!(task.config["readonly_rootfs"], true, "{part}");
            let on_host = task.config.get("network_mode").is_some_and(|mode| mode == "host");
            assert_eq!(on_host, part == Part::Traefik, "{part}");
            let image = task.config["image"].as_str().unwrap();
            assert!(image.contains(':') && !image.ends_with(":latest"), "{image}");
            // Every port that the driver or a service names is there.
            let network = &job.task_groups[0].networks[0];
            let labels: Vec<&str> = network
                .reserved_ports
                .iter()
                .chain(&network.dynamic_ports)
                .map(|port| port.label.as_str())
                .collect();
            let service = &job.task_groups[0].services[0];
            assert!(labels.contains(&service.port.as_deref().unwrap()), "{part}");
            assert!(!service.checks.is_empty(), "{part}");
        }
    }
}

/// Whether this build of Prometheus has Consul in it; Debian's has not.
fn knows_consul() -> bool {
    let file = std::env::temp_dir().join(format!("wuffchat-consul-{}.yml", std::process::id()));
    let text =
        r#"{"scrape_configs": [{"job_name": "x", "consul_sd_configs": [{"server": "127.0.0.1:8500"}]}]}"#;
    std::fs::write(&file, text).unwrap();
    let checked = Command::new("promtool").args(["check", "config"]).arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    checked.status.success()
}

fn without_consul(text: &str) -> String {
    let mut file: Value = serde_json::from_str(text).unwrap();
    for scrape in file["scrape_configs"].as_array_mut().into_iter().flatten() {
        scrape.as_object_mut().unwrap().remove("consul_sd_configs");
        scrape["static_configs"] = serde_json::json!([{"targets": ["127.0.0.1:1"]}]);
    }
    file.to_string()
}

#[test]
fn prometheus_accepts_its_files() {
    if Command::new("promtool").arg("--version").output().is_err() {
        return xtest::skip("no `promtool` on PATH");
    }
    let asks_consul = knows_consul();
    if !asks_consul {
        xtest::skip_part("Consul's settings", "this `promtool` does not know them");
    }
    for environment in environments() {
        let folder =
            std::env::temp_dir().join(format!("wuffchat-rules-{}-{}", std::process::id(), environment.stage));
        std::fs::create_dir_all(&folder).unwrap();
        for file in render::prometheus(&environment) {
            let edited = file.name == "prometheus.yml" && !asks_consul;
            let text = if edited { without_consul(&file.text) } else { file.text };
            std::fs::write(folder.join(&file.name), text).unwrap();
        }
        let checked =
            Command::new("promtool").args(["check", "config"]).arg(folder.join("prometheus.yml")).output();
        let checked = checked.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
        let alerts = if environment.scaling.is_some() { 5 } else { 4 };
        assert!(said.contains(&format!("{alerts} rules found")), "{said}");
    }
}

#[tokio::test]
async fn the_platform_is_deployed_once() {
    let mut stack = Stack::embedded().await;
    let environment = &mut stack.environment;
    environment.platform.grafana.enabled = true;
    let mut options = Options::default();
    let missing = platform::deploy(&stack.clients, &stack.environment, &options, &Silent).await;
    assert!(matches!(missing, Err(Error::SecretsMissing(_))), "{missing:?}");

    options.grafana_password = Some("a password of a test".to_owned().into());
    let report = platform::deploy(&stack.clients, &stack.environment, &options, &Silent).await.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
    let parts: Vec<Part> = report.jobs.iter().map(|job| job.part).collect();
    assert_eq!(parts, Part::ALL);
    assert!(!format!("{report:?}").contains("a password"), "{report:?}");

    let again = platform::deploy(&stack.clients, &stack.environment, &Options::default(), &Silent).await;
    let again = again.unwrap();
    assert_eq!((again.outcome, again.ensured.len()), (Outcome::Unchanged, 0), "{again:#?}");

    let nodes = stack.clients.nomad.nodes().list().await.unwrap().len();
    let states = platform::status(&stack.clients, &stack.environment).await.unwrap();
    for state in &states {
        let wanted = if state.part == Part::Traefik { nodes } else { 1 };
        assert_eq!((state.status.as_deref(), state.passing), (Some("running"), wanted), "{states:#?}");
    }
    let redis = platform::redis_url(&stack.clients).await.unwrap().unwrap();
    let of = states.iter().find(|state| state.part == Part::Redis).unwrap();
    assert_eq!(redis, format!("redis://{}/0", of.address.as_ref().unwrap()));

    stack.environment.platform.prometheus.memory += 1;
    let changed = platform::deploy(&stack.clients, &stack.environment, &Options::default(), &Silent).await;
    let changed = changed.unwrap();
    let outcomes: Vec<Outcome> = changed.jobs.iter().map(|job| job.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Deployed).count(), 1, "{changed:#?}");
}

#[tokio::test]
async fn an_unchanged_part_that_does_not_run_is_no_success() {
    let stack = Stack::embedded().await;
    let mut options = Options::default();
    options.parts = Some(vec![Part::Redis]);
    let deploy = async |options: &Options| {
        platform::deploy(&stack.clients, &stack.environment, options, &Silent).await.unwrap()
    };
    assert_eq!(deploy(&options).await.outcome, Outcome::Deployed);
    let message = "the port is taken".to_owned();
    stack.stack.as_embedded().unwrap().behave("redis", Behaviour::StartFailure { message });
    let nomad = &stack.clients.nomad;
    for allocation in nomad.jobs().allocations("redis").await.unwrap() {
        nomad.allocations().stop(&allocation.id).await.unwrap();
    }
    options.timeout = Duration::from_secs(2);
    let report = deploy(&options).await;
    assert_eq!(report.outcome, Outcome::Failed, "{report:#?}");
    assert!(report.jobs[0].message.as_ref().is_some_and(|text| text.contains("0 of 1 run")), "{report:#?}");
}
