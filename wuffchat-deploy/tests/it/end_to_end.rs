//! From empty agents to production, through a real Traefik, with requests on their way all the time. Where one of
//! the programs is not on PATH it is skipped, which is said and counted.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dev_stack::DevStack;
use dev_stack::agents::AgentsOptions;
use nomad_client::fetch::{Fetch as _, Get, HttpFetch};
use tokio::time::Instant;
use wuffchat_deploy::app::GateSettings;
use wuffchat_deploy::platform::{self, Part};
use wuffchat_deploy::promotion::{self, Place, Terms};
use wuffchat_deploy::release::{Fetcher, Request};
use wuffchat_deploy::{
    Clients, Component, Driver, Environment, Outcome, Report, Stage, identity, release, rollback, scale,
    secrets,
};

use crate::stack::{Stack, Told};

const PROGRAMS: [&str; 3] = ["traefik", "prometheus", "nomad-autoscaler"];

fn missing() -> Option<String> {
    if let Err(missing) = AgentsOptions::new().check_binaries() {
        return Some(missing.to_string());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let absent: Vec<&str> = PROGRAMS
        .into_iter()
        .filter(|name| !std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
        .collect();
    (!absent.is_empty()).then(|| format!("{} not on PATH", absent.join(", ")))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Asks for both hosts through Traefik, again and again, until it is told to stop.
struct Users {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<Vec<String>>,
}

impl Users {
    fn begin(traefik: &str, hosts: &[&str]) -> Self {
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, counter) = (Arc::clone(&stop), Arc::clone(&asked));
        let requests: Vec<(String, Get)> = hosts
            .iter()
            .map(|host| {
                let get =
                    Get::new(format!("{traefik}/")).header("host", *host).limit(Duration::from_secs(10));
                ((*host).to_owned(), get)
            })
            .collect();
        let task = tokio::spawn(async move {
            let fetch = HttpFetch::new().unwrap();
            let mut failed = Vec::new();
            while !until.load(Ordering::Relaxed) {
                for (host, get) in &requests {
                    counter.fetch_add(1, Ordering::Relaxed);
                    match fetch.get(get).await {
                        Ok(answer) if answer.status == 200 => {}
                        Ok(answer) => {
                            failed.push(format!("{} {host}: {}", jiff::Timestamp::now(), answer.status))
                        }
                        Err(error) => failed.push(format!("{} {host}: {error}", jiff::Timestamp::now())),
                    }
                }
                // A steady load, not as much as the machine can bear.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            failed
        });
        Self { stop, asked, task }
    }

    async fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failed = self.task.await.unwrap();
        (self.asked.load(Ordering::Relaxed), failed)
    }
}

/// Looks until `what` answers something.
async fn until<T>(text: &str, limit: Duration, mut what: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = what().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {text}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn status(url: &str, host: &str) -> Option<u16> {
    let get = Get::new(url).header("host", host).limit(Duration::from_secs(5));
    HttpFetch::new().unwrap().get(&get).await.ok().map(|answer| answer.status)
}

async fn instant(prometheus: &str, query: &str) -> Option<f64> {
    let url = format!(
        "{prometheus}/api/v1/query?query={}",
        query.replace('{', "%7B").replace('}', "%7D").replace('"', "%22")
    );
    let answer = HttpFetch::new().unwrap().get(&Get::new(url).limit(Duration::from_secs(5))).await.ok()?;
    let value: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    value["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}

fn settings(stage: Stage, driver: &Driver, consul: &str, ports: [u16; 3]) -> Environment {
    let mut environment = Environment::new(stage);
    environment.driver = driver.clone();
    // Far more than it needs, so that the autoscaler finds one instance enough.
    environment.api.cpu = 1500;
    environment.api.memory = 512;
    environment.ui.cpu = 50;
    environment.ui.memory = 64;
    let seconds = Duration::from_secs;
    let update = &mut environment.update;
    (update.min_healthy_time, update.check_interval, update.shutdown_delay) =
        (seconds(3), seconds(2), seconds(6));
    (update.healthy_deadline, update.progress_deadline) = (seconds(60), seconds(180));
    let platform = &mut environment.platform;
    platform.consul.address = Some(consul.to_owned());
    platform.consul.acl = true;
    platform.prometheus.consul_discovery = false;
    platform.prometheus.scrape_interval = seconds(2);
    let traefik = &mut platform.traefik;
    [traefik.web_port, traefik.websecure_port, traefik.ping_port] = ports;
    environment
}

/// Waits until only instances of the newest versions are left.
async fn gone(nomad: &nomad_client::Client) {
    for component in Component::ALL {
        until("what was replaced is gone", Duration::from_secs(60), async || {
            let version = nomad.jobs().get(component.job_id()).await.ok()?.version?;
            let allocations = nomad.jobs().allocations(component.job_id()).await.ok()?;
            allocations.iter().all(|it| it.is_over() || it.job_version == version).then_some(())
        })
        .await;
    }
}

async fn released(clients: &Clients, environment: &Environment, request: &Request) -> Report {
    release::run(clients, environment, request, &Told::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_empty_agents_to_production_without_a_failed_request() {
    if let Some(missing) = missing() {
        return xtest::skip(missing);
    }
    let mut stack = Stack::of(DevStack::agents().await.unwrap());
    let command = std::env::current_exe().unwrap().display().to_string();
    let args = ["--exact", "agents::stand_in", "--nocapture"].map(str::to_owned).to_vec();
    let driver = Driver::RawExec { command, args };
    let consul = stack.stack.consul().address.trim_start_matches("http://").to_owned();
    let ports = [free_port(), free_port(), free_port()];
    let mut staging = settings(Stage::Staging, &driver, &consul, ports);
    // The task's own socket would be at a path longer than a socket's may be.
    staging.platform.autoscaler.nomad_address = Some(stack.stack.nomad().address.clone());
    staging.scaling.as_mut().unwrap().interval = Duration::from_secs(5);
    staging.scaling.as_mut().unwrap().cooldown = Duration::from_secs(10);
    (staging.scaling.as_mut().unwrap().min, staging.api.count) = (1, 2);
    let mut production = settings(Stage::Production, &driver, &consul, ports);
    (production.scaling.as_mut().unwrap().min, production.api.count) = (1, 1);
    production.ui.count = 1;
    let traefik = format!("http://127.0.0.1:{}", ports[0]);
    staging.addresses.traefik = Some(traefik.clone());
    let hosts = [staging.domains.api.clone(), staging.domains.ui.clone()];
    let clients = stack.clients.clone();
    stack.environment = staging.clone();

    // The platform: Traefik reads Consul with its own identity.
    let namespaces = clients.nomad.namespaces();
    namespaces.upsert(&nomad_client::Namespace::new("staging")).await.unwrap();
    identity::ensure_consul(&clients.nomad, &clients.consul, &staging).await.unwrap();
    let mut options = platform::Options::default();
    options.parts = Some(vec![Part::Traefik, Part::Prometheus, Part::Autoscaler]);
    let deployed = platform::deploy(&clients, &staging, &options, &Told::default()).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Deployed, "{deployed:#?}");

    // The first release, reached by host name.
    let first = released(&clients, &staging, &stack.request("v1")).await;
    assert_eq!(first.outcome, Outcome::Deployed, "{first:#?}");
    for host in &hosts {
        until("Traefik routes", Duration::from_secs(20), async || {
            (status(&traefik, host).await == Some(200)).then_some(())
        })
        .await;
    }
    assert_eq!(status(&traefik, "nobody.example").await, Some(404));
    let users = Users::begin(&traefik, &[&hosts[0], &hosts[1]]);

    // Prometheus scrapes Nomad and the API, and the autoscaler acts on it: nothing is to be done, so one is enough.
    let parts = platform::status(&clients, &staging).await.unwrap();
    let prometheus =
        parts.iter().find(|part| part.part == Part::Prometheus).unwrap().address.clone().unwrap();
    let prometheus = if prometheus.starts_with("http") { prometheus } else { format!("http://{prometheus}") };
    until("the API and Nomad are scraped", Duration::from_secs(60), async || {
        let api = instant(&prometheus, "count(up{job=\"wuffchat-api\"}==1)").await;
        let nomad = instant(&prometheus, "count(nomad_client_allocs_cpu_allocated)").await;
        (api.is_some() && nomad.is_some()).then_some(())
    })
    .await;
    until("the autoscaler scales in", Duration::from_secs(150), async || {
        let count = scale::show(&clients, &staging, Component::Api).await.ok()?;
        (count.desired == 1).then_some(())
    })
    .await;
    let nomad = clients.within(&staging).nomad;
    let latest = nomad.jobs().latest_deployment("wuffchat-api").await.unwrap().unwrap();
    nomad.wait().deployment(&latest.id).await.unwrap();

    // A release that passes a gate through Traefik.
    staging.release.gates = vec!["http=/health".parse::<GateSettings>().unwrap()];
    let fetching = |mut request: Request| {
        request.fetch = Fetcher::new(HttpFetch::new().unwrap());
        request
    };
    let second = released(&clients, &staging, &fetching(stack.request("v2"))).await;
    assert_eq!(second.outcome, Outcome::Deployed, "{second:#?}");
    // A release that is bad is explained and undone.
    let bad = released(&clients, &staging, &fetching(stack.request("bad-1"))).await;
    assert_eq!(bad.outcome, Outcome::Reverted, "{bad:#?}");
    assert_eq!(bad.jobs[0].failure.as_ref().unwrap().class, "check", "{bad:#?}");
    assert_eq!(bad.jobs[0].outcome, Some(Outcome::Reverted));

    // New values of a secret.
    let mut request = fetching(Request::rollback());
    request.secrets = secrets::Values::parse("[openai]\napi_key = \"rotated\"\n").unwrap();
    let rotated = secrets::rotate(&clients, &staging, &request, &Told::default()).await.unwrap();
    assert_eq!(rotated.outcome, Outcome::Deployed, "{rotated:#?}");

    // What runs in staging goes to production.
    let from = Place { clients: &clients, environment: &staging };
    let to = Place { clients: &clients, environment: &production };
    let mut request = stack.request("replaced");
    request.secrets = secrets::Values::throw_away();
    let promoted = promotion::run(from, to, &request, &Terms::default(), &Told::default()).await.unwrap();
    assert_eq!((promoted.outcome, promoted.version.as_str()), (Outcome::Deployed, "v2"), "{promoted:#?}");
    until("production is reached", Duration::from_secs(20), async || {
        (status(&traefik, &production.domains.api).await == Some(200)).then_some(())
    })
    .await;
    // Staging goes back to what it had before: one instance, which Nomad itself promotes.
    let back = rollback::To::Named("v1".to_owned());
    let back = rollback::run(&clients, &staging, &fetching(Request::rollback()), &back, &Told::default())
        .await
        .unwrap();
    assert_eq!(back.outcome, Outcome::Deployed, "{back:#?}");
    // Requests are lost, if any, until the last instance that was replaced has gone.
    for environment in [&staging, &production] {
        gone(&clients.within(environment).nomad).await;
    }

    let (asked, failed) = users.end().await;
    assert!(asked > 1_000, "only {asked} requests");
    assert!(failed.is_empty(), "{} of {asked} requests failed: {failed:#?}", failed.len());
    let _ = writeln!(
        std::io::stderr(),
        "end to end on real agents: {asked} requests through Traefik, none failed"
    );
}
