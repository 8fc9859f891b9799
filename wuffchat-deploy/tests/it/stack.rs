//! A stack, the clients for it, and what a release told.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use dev_stack::DevStack;
use dev_stack::agents::AgentsOptions;
use wuffchat_deploy::events::{Event, EventSink};
use wuffchat_deploy::release::{self, Request};
use wuffchat_deploy::{Clients, Component, Environment, Report, Result, Stage, secrets};

pub struct Stack {
    pub stack: DevStack,
    pub clients: Clients,
    pub environment: Environment,
}

impl Stack {
    pub async fn embedded() -> Self {
        Self::of(DevStack::embedded().await.unwrap())
    }

    /// Real agents; without them on PATH the test is skipped.
    pub async fn agents() -> Option<Self> {
        if let Err(missing) = AgentsOptions::new().check_binaries() {
            xtest::skip(missing);
            return None;
        }
        Some(Self::of(DevStack::agents().await.unwrap()))
    }

    pub fn of(stack: DevStack) -> Self {
        let token = |endpoint: &dev_stack::Endpoint| endpoint.token.clone().unwrap();
        let (n, v, c) = (stack.nomad(), stack.vault(), stack.consul());
        let clients = Clients {
            nomad: nomad_client::Client::builder().address(&n.address).token(token(n)).build().unwrap(),
            vault: vault_client::Client::builder().address(&v.address).token(token(v)).build().unwrap(),
            consul: consul_client::Client::builder().address(&c.address).token(token(c)).build().unwrap(),
        };
        Self { stack, clients, environment: Environment::new(Stage::Dev) }
    }

    pub fn request(&self, version: &str) -> Request {
        let mut request = Request::new(version.parse().unwrap());
        request.secrets = secrets::Values::throw_away();
        request.who = "test".to_owned();
        request
    }

    pub async fn run(&self, request: &Request) -> Result<Report> {
        self.run_telling(request, &Told::default()).await
    }

    pub async fn run_telling(&self, request: &Request, told: &dyn EventSink) -> Result<Report> {
        release::run(&self.clients, &self.environment, request, told).await
    }

    pub async fn deploy(&self, version: &str) -> Report {
        self.run(&self.request(version)).await.unwrap()
    }

    /// The version of the application that a job has now, and its count.
    pub async fn now(&self, component: Component) -> (String, u64) {
        let job = self.clients.nomad.jobs().get(component.job_id()).await.unwrap();
        (job.meta["wuffchat_version"].clone(), job.task_groups[0].count.unwrap())
    }
}

/// Remembers what a release told.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Vec<(Instant, Event)>>>);

impl Told {
    pub fn any(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.0.lock().unwrap().iter().any(|(_, event)| wanted(event))
    }

    /// What was told until the first that is wanted, with that.
    pub fn until(&self, wanted: impl Fn(&Event) -> bool) -> Vec<(Instant, Event)> {
        let all = self.0.lock().unwrap();
        let end = all.iter().position(|(_, event)| wanted(event)).unwrap();
        all[..=end].to_vec()
    }
}

impl EventSink for Told {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push((Instant::now(), event.clone()));
    }
}
