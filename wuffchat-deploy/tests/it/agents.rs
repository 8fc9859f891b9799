//! What only real agents can prove. Without them on PATH it is skipped, which is said and counted.

use std::sync::Arc;

use dev_stack::DevStack;
use dev_stack::agents::AgentsOptions;
use tokio::sync::Notify;
use wuffchat_deploy::events::Event;
use wuffchat_deploy::{Component, Driver, Outcome};

use crate::stack::Stack;

#[tokio::test]
async fn a_nomad_that_restarts_during_a_deployment_loses_nothing() {
    if let Err(missing) = AgentsOptions::new().check_binaries() {
        return xtest::skip(missing);
    }
    let mut stack = Stack::of(DevStack::agents().await.unwrap());
    // What runs is this test binary, as the test below.
    let command = std::env::current_exe().unwrap().display().to_string();
    let args = ["--exact", "agents::stand_in", "--nocapture"].map(str::to_owned).to_vec();
    stack.environment.driver = Driver::RawExec { command, args };
    let registered = Arc::new(Notify::new());
    let tell = Arc::clone(&registered);
    let sink = move |event: &Event| {
        if matches!(event, Event::Progress { .. }) {
            tell.notify_one();
        }
    };
    let mut request = stack.request("v1");
    request.components = vec![Component::Api];
    let agents = stack.stack.as_agents().unwrap();
    let restart = async {
        registered.notified().await;
        agents.restart_nomad().await.unwrap();
    };
    let (report, ()) = tokio::join!(stack.run_telling(&request, &sink), restart);
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::Deployed, "{report:#?}");
}

/// Is the application when a task runs this binary, and nothing at all in a test run.
#[tokio::test]
async fn stand_in() {
    if std::env::var_os("NOMAD_PORT_http").is_some() {
        // What the job says: which half of the application, and its version.
        let arguments: Vec<String> = std::env::args().collect();
        let [.., component, version] = arguments.as_slice() else { return };
        dev_stack::standin::run([component.clone(), version.clone()]).await;
    }
}
