//! Counts by hand beside a scaling policy, on the embedded stack.

use nomad_client::scaling::{AutoscalerPlugins, Policy, lint, validate};
use wuffchat_deploy::{Component, Environment, Error, Stage, jobs, scale};

use crate::stack::Stack;

#[test]
fn the_policy_is_taken_by_everybody_and_has_no_trap() {
    for stage in [Stage::Staging, Stage::Production] {
        let environment = Environment::new(stage);
        let policy = jobs::scaling_policy(&environment).unwrap();
        let scaling = policy.to_scaling();
        let plugins = AutoscalerPlugins::default().apm("prometheus");
        assert_eq!(validate(&scaling, Some(2), &plugins), []);
        assert_eq!(lint(&scaling, Some(2), &plugins), []);
        assert_eq!(Policy::read(&scaling).unwrap(), policy);
        let missing = validate(&scaling, Some(2), &AutoscalerPlugins::default());
        assert_eq!(
            missing[0].to_string(),
            "failed to get APM for strategy target-value: apm plugin \"prometheus\" not initialized"
        );
    }
}

async fn deployed() -> Stack {
    let mut stack = Stack::embedded().await;
    stack.environment.scaling = Environment::new(Stage::Production).scaling;
    stack.environment.api.count = 2;
    stack.deploy("v1").await;
    stack
}

#[tokio::test]
async fn a_count_is_set_within_the_policy_and_remembered() {
    let stack = deployed().await;
    let (clients, environment) = (&stack.clients, &stack.environment);
    let change = scale::Change::to(3).reason("more dogs").who("ann").wait(true);
    let found = scale::change(clients, environment, Component::Api, &change).await.unwrap();
    assert_eq!((found.desired, found.min, found.max, found.held), (3, Some(2), Some(10), false));
    let events = scale::history(clients, environment, Component::Api).await.unwrap();
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.count, event.previous, event.who.as_str()), (Some(3), 2, "ann"));
    assert_eq!((event.message.as_str(), event.error, event.capped_from), ("more dogs", false, None));

    scale::change(clients, environment, Component::Api, &scale::Change::to(3)).await.unwrap();
    let events = scale::history(clients, environment, Component::Api).await.unwrap();
    assert_eq!(events.len(), 1, "what is so already is not set again");
    let refused = scale::set(clients, environment, Component::Api, 11, "too many").await;
    assert!(matches!(refused, Err(Error::OutsidePolicy { count: 11, min: 2, max: 10, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_hold_switches_the_policy_off_and_keeps_the_count() {
    let stack = deployed().await;
    let (clients, environment) = (&stack.clients, &stack.environment);
    let held = scale::hold(clients, environment, Component::Api).await.unwrap();
    assert_eq!((held.held, held.desired), (true, 2));
    let job = clients.nomad.jobs().get("wuffchat-api").await.unwrap();
    assert_eq!(job.task_groups[0].scaling.as_ref().unwrap().enabled, Some(false));
    let released = scale::release(clients, environment, Component::Api).await.unwrap();
    assert_eq!((released.held, released.desired), (false, 2));
    let refused = scale::hold(clients, environment, Component::Ui).await;
    assert_eq!(refused.unwrap_err().to_string(), "wuffchat-ui has no scaling policy");
}

#[tokio::test]
async fn nothing_is_scaled_or_held_during_a_deployment() {
    let mut stack = deployed().await;
    stack.environment.update.auto_promote = false;
    let mut request = stack.request("v2");
    request.promote = false;
    request.components = vec![Component::Api];
    stack.run(&request).await.unwrap();
    let (clients, environment) = (&stack.clients, &stack.environment);
    for refused in [
        scale::set(clients, environment, Component::Api, 3, "more dogs").await,
        scale::hold(clients, environment, Component::Api).await,
    ] {
        let Err(Error::Deploying { job, deployment, status }) = refused else { panic!("{refused:?}") };
        assert_eq!((job.as_str(), status.as_str()), ("wuffchat-api", "running"));
        // Nomad says the same, were it asked.
        let asked = clients.nomad.jobs().scale("wuffchat-api", Component::Api.group(), 3).await;
        let text = asked.unwrap_err().to_string();
        assert!(text.contains("job scaling blocked due to active deployment"), "{text}");
        clients.nomad.deployments().get(&deployment).await.unwrap();
    }
    let unchanged = scale::set(clients, environment, Component::Api, 2, "as it is").await.unwrap();
    assert_eq!(unchanged.desired, 2, "what is so already needs no scaling");
    let latest = clients.nomad.jobs().latest_deployment("wuffchat-api").await.unwrap().unwrap();
    clients.nomad.deployments().promote(&latest.id).await.unwrap();
    clients.nomad.wait().deployment(&latest.id).await.unwrap();
    let found = scale::set(clients, environment, Component::Api, 3, "more dogs").await.unwrap();
    assert_eq!(found.desired, 3);
    let again = scale::history(clients, environment, Component::Api).await.unwrap();
    assert_eq!(again.len(), 1, "{again:?}");
}
