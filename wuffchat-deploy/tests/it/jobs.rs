use nomad_client::Job;
use wuffchat_deploy::{Component, Environment, Stage, jobs, render};

fn job(component: Component, stage: Stage) -> serde_json::Value {
    serde_json::to_value(jobs::job(component, &Environment::new(stage), &"v2".parse().unwrap())).unwrap()
}

#[test]
fn the_api_is_what_the_document_asks_for_in_its_correct_form() {
    let job = job(Component::Api, Stage::Production);
    assert_eq!(
        (&job["ID"], &job["Namespace"], &job["Type"]),
        (&"wuffchat-api".into(), &"production".into(), &"service".into())
    );
    assert_eq!(job["Meta"]["environment"], "production");
    let group = &job["TaskGroups"][0];
    assert_eq!((&group["Name"], &group["Count"]), (&"api".into(), &2.into()));
    assert_eq!(group["Networks"][0]["DynamicPorts"][0]["To"], 8000);
    let scaling = &group["Scaling"];
    assert_eq!((&scaling["Min"], &scaling["Max"]), (&2.into(), &10.into()));
    assert_eq!(scaling["Policy"]["cooldown"], "2m0s");
    assert_eq!(scaling["Policy"]["evaluation_interval"], "30s");
    let cpu = &scaling["Policy"]["check"][0]["cpu_usage"][0];
    assert_eq!(cpu["strategy"][0]["target-value"][0]["target"], "70");
    assert!(
        cpu["query"]
            .as_str()
            .unwrap()
            .starts_with("avg(nomad_client_allocs_cpu_total_ticks{exported_job=\"wuffchat-api\"")
    );
    let update = &group["Update"];
    assert_eq!(
        (&update["Canary"], &update["AutoRevert"], &update["AutoPromote"]),
        (&1.into(), &true.into(), &true.into())
    );
    let (service, readiness) = (&group["Services"][0], &group["Services"][1]);
    let checks = |service: &serde_json::Value| -> Vec<_> {
        service["Checks"].as_array().unwrap().iter().map(|check| check["Path"].clone()).collect()
    };
    assert_eq!((checks(service), checks(readiness)), (vec!["/health".into()], vec!["/v2/health".into()]));
    // What fails the deep check is still found by Traefik and in Consul's DNS.
    assert_eq!((&service["Name"], &readiness["Name"]), (&"wuffchat-api".into(), &jobs::READINESS.into()));
    assert_eq!(readiness["Checks"][0]["OnUpdate"], "ignore");
    assert!(!readiness["Tags"].to_string().contains("traefik"));
    let tags = service["Tags"].to_string();
    assert!(tags.contains("Host(`api.wuffchat.de`)") && !tags.contains("tls"), "{tags}");
    assert_eq!(service["CanaryTags"], serde_json::json!(["api", "wuffchat", "canary"]));
    let task = &group["Tasks"][0];
    assert_eq!(task["Config"]["image"], "your-registry/wuffchat-api:v2");
    assert_eq!((&task["Resources"]["CPU"], &task["Resources"]["MemoryMB"]), (&500.into(), &1024.into()));
    assert_eq!(task["Vault"]["Role"], "wuffchat-api-production");
    assert_eq!(task["Identities"][0]["Name"], "vault_default");
    let template = task["Templates"][0]["EmbeddedTmpl"].as_str().unwrap();
    for name in [
        "OPENAI_APIKEY=",
        "OPENAI_API_KEY=",
        "WEAVIATE_URL=",
        "WEAVIATE_API_KEY=",
        "REDIS_URL=",
        "ENVIRONMENT=",
    ] {
        assert!(template.lines().any(|line| line.starts_with(name)), "{name} in {template}");
    }
    assert!(template.contains("secret/data/production/wuffchat-api/openai"));
}

#[test]
fn the_ui_has_its_port_and_no_secrets() {
    let job = job(Component::Ui, Stage::Production);
    let group = &job["TaskGroups"][0];
    assert_eq!(group["Networks"][0]["DynamicPorts"][0]["To"], 3000);
    assert_eq!(group["Scaling"], serde_json::Value::Null);
    let task = &group["Tasks"][0];
    assert_eq!(task["Vault"], serde_json::Value::Null);
    assert_eq!(task["Env"]["REACT_APP_API_URL"], "https://api.wuffchat.de");
    assert_eq!((&task["Resources"]["CPU"], &task["Resources"]["MemoryMB"]), (&200.into(), &512.into()));
}

#[test]
fn rendered_files_have_both_jobs() {
    let environment = Environment::new(Stage::Staging);
    let version = "v2".parse().unwrap();
    let names: Vec<String> =
        render::hcl(&environment, &version).unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["wuffchat-api.nomad.hcl", "wuffchat-ui.nomad.hcl"]);
    for (file, component) in render::json(&environment, &version).unwrap().iter().zip(Component::ALL) {
        let value: serde_json::Value = serde_json::from_str(&file.text).unwrap();
        let job: Job = serde_json::from_value(value["Job"].clone()).unwrap();
        assert_eq!(job, jobs::job(component, &environment, &version));
    }
}
