//! Lints against what is released and rendered.

use std::collections::BTreeSet;

use wuffchat_deploy::lint::{self, Severity};
use wuffchat_deploy::{Component, Environment, Stage, render};

use crate::stack::Stack;

const DOCUMENT: &str = include_str!("../data/wuffchat-on-nomad.md");

#[test]
fn the_document_has_59_defects_and_our_files_have_none() {
    let numbers: BTreeSet<u8> = lint::document(DOCUMENT).iter().filter_map(|found| found.number).collect();
    assert_eq!(numbers, (1..=59).collect());
    for stage in [Stage::Dev, Stage::Staging, Stage::Production] {
        let environment = Environment::new(stage);
        let version = "v2".parse().unwrap();
        let hcl = render::hcl(&environment, &version).unwrap();
        for file in hcl.iter().chain(&render::json(&environment, &version).unwrap()) {
            let kind = lint::Kind::of(&file.name, &file.text).unwrap();
            let found = lint::text(kind, &file.text).unwrap();
            let bad: Vec<_> = found.iter().filter(|found| found.severity >= Severity::Warning).collect();
            assert!(bad.is_empty(), "{}: {bad:#?}", file.name);
        }
    }
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
