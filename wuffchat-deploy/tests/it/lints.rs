//! Lints against what is released and rendered.

use std::collections::BTreeSet;

use wuffchat_deploy::lint::{self, Severity};
use wuffchat_deploy::render::{self, File};
use wuffchat_deploy::{Component, Driver, Environment, Stage};

use crate::stack::Stack;

const DOCUMENT: &str = include_str!("../data/wuffchat-on-nomad.md");

/// Everything that is rendered for an environment, in every form.
fn rendered(environment: &Environment) -> Vec<Vec<File>> {
    let version = "v2".parse().unwrap();
    let mut hcl = render::hcl(environment, &version).unwrap();
    hcl.extend(render::platform_hcl(environment).unwrap());
    hcl.extend(render::prometheus(environment));
    hcl.extend(render::grafana(environment));
    let mut json = render::json(environment, &version).unwrap();
    json.extend(render::platform_json(environment));
    let mut module = render::terraform(environment, &version).unwrap();
    module.extend(render::platform_hcl(environment).unwrap());
    vec![hcl, json, module, render::github_actions(environment).unwrap()]
}

#[test]
fn the_document_has_59_defects_and_our_files_have_none() {
    let numbers: BTreeSet<u8> = lint::document(DOCUMENT).iter().filter_map(|found| found.number).collect();
    assert_eq!(numbers, (1..=59).collect());
    let mut looked_at = 0;
    for stage in [Stage::Dev, Stage::Staging, Stage::Production] {
        let mut environment = Environment::new(stage);
        environment.platform.grafana.enabled = true;
        environment.platform.redis.enabled = true;
        let mut programs = environment.clone();
        programs.driver = Driver::RawExec { command: "/bin/app".into(), args: vec![] };
        programs.platform.prometheus.consul_discovery = false;
        let mut ends_tls = environment.clone();
        ends_tls.traefik.cert_resolver = Some("le".to_owned());
        ends_tls.platform.traefik.acme_email = Some("ops@example.com".to_owned());
        ends_tls.platform.consul.acl = true;
        for environment in [environment, programs, ends_tls] {
            for files in rendered(&environment) {
                let known = files.iter().filter(|file| lint::Kind::of(&file.name, &file.text).is_some());
                looked_at += known.count();
                let found = lint::files(&files, None).unwrap();
                let bad: Vec<_> = found.iter().filter(|(_, one)| one.severity >= Severity::Warning).collect();
                assert!(bad.is_empty(), "{stage}: {bad:#?}");
            }
        }
    }
    assert!(looked_at > 250, "{looked_at} files");
}

#[test]
fn what_jobs_need_of_each_other_is_looked_for_in_a_set_of_files() {
    let environment = Environment::new(Stage::Production);
    let version = "v2".parse().unwrap();
    let mut files = render::hcl(&environment, &version).unwrap();
    let numbers = |files: &[File], cluster| -> BTreeSet<u8> {
        let found = lint::files(files, cluster).unwrap();
        let bad = found.iter().filter(|(_, one)| one.severity >= Severity::Warning);
        bad.filter_map(|(_, one)| one.number).collect()
    };
    assert_eq!(numbers(&files, None), BTreeSet::from([3, 28]));
    files.extend(render::platform_hcl(&environment).unwrap());
    assert_eq!(numbers(&files, None), BTreeSet::new());
    // The document's machines are too few for its greatest count. With one more, all but a release at that
    // count has room: its canaries come on top, 14,848 MiB on 4 × 3,584. Two more are enough.
    assert_eq!(numbers(&files, lint::Cluster::of(3, "t3.medium")), BTreeSet::from([32]));
    assert_eq!(numbers(&files, lint::Cluster::of(4, "t3.medium")), BTreeSet::from([32]));
    assert_eq!(numbers(&files, lint::Cluster::of(5, "t3.medium")), BTreeSet::new());
    // In Terraform, what is wrong in one file is named by that file and its own line.
    let mut module = render::terraform(&environment, &version).unwrap();
    let balancer = module.iter_mut().find(|file| file.name == "load_balancer.tf").unwrap();
    balancer.text = balancer.text.replace("/ping", "/health");
    let line = balancer.text.lines().position(|line| line.contains("/health")).unwrap() + 1;
    let found = lint::files(&module, None).unwrap();
    let (name, one) = found.iter().find(|(_, one)| one.number == Some(34)).unwrap();
    assert_eq!((name.as_str(), one.line), ("load_balancer.tf", u32::try_from(line).ok()));
}

/// A server fills in what a job leaves to defaults: it must not look worse for that.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_read_back_from_a_server_are_clean() {
    let stack = Stack::embedded().await;
    stack.deploy("v1").await;
    for component in Component::ALL {
        let job = stack.clients.nomad.jobs().get(component.job_id()).await.unwrap();
        let found = lint::job(&job);
        let bad: Vec<_> = found.iter().filter(|found| found.severity >= Severity::Warning).collect();
        assert!(bad.is_empty(), "{component}: {bad:#?}");
    }
}

/// What the document's first job is refused for is what the lint says about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_file_that_the_server_refuses_is_looked_at() {
    let stack = Stack::embedded().await;
    let block = |start: &str| {
        let (_, rest) = DOCUMENT.split_once(start).unwrap();
        format!("{start}{}", rest.split("```").next().unwrap())
    };
    let api = block("job \"wuffchat-api\"");
    assert!(stack.clients.nomad.jobs().parse(&api).await.is_err());
    let found = lint::job_text(&api).unwrap();
    assert!(found.iter().any(|found| found.rule == "scaling-in-task" && found.severity == Severity::Error));
    let ui = block("job \"wuffchat-ui\"");
    let parsed = stack.clients.nomad.jobs().parse(&ui).await.unwrap();
    let numbers =
        |found: &[lint::Diagnostic]| -> BTreeSet<u8> { found.iter().filter_map(|one| one.number).collect() };
    assert_eq!(numbers(&lint::job(&parsed)), numbers(&lint::job_text(&ui).unwrap()));
}
