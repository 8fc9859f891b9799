//! Watching what is healthy for a while, with the gates, before it is trusted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nomad_client::{AllocationListStub, ClientStatus, DesiredStatus};
use tokio::time::Instant;

use super::gate::{Gate, Situation, Verdict};
use crate::app::{Component, Environment};
use crate::events::{Event, EventSink};
use crate::report::FailureReport;
use crate::{Clients, Result, failure};

/// What came of it.
pub(super) enum Decision {
    Good,
    Bad(FailureReport),
}

/// What is watched.
pub(super) struct Soak<'a> {
    pub(super) clients: &'a Clients,
    pub(super) environment: &'a Environment,
    pub(super) events: &'a dyn EventSink,
    pub(super) gates: Vec<Arc<dyn Gate>>,
    pub(super) component: Component,
    /// The deployment; empty where there is none.
    pub(super) deployment: String,
    /// The job version that is watched.
    pub(super) version: u64,
    /// Whether it is the canaries, or the whole job.
    pub(super) canaries: bool,
}

impl Soak<'_> {
    /// Watches until everything was good for the soak time without a break, or something is not.
    pub(super) async fn watch(self) -> Result<Decision> {
        let settings = &self.environment.release;
        let job = || self.component.job_id().to_owned();
        let begun = Instant::now();
        let mut good_since: Option<Instant> = None;
        let mut restarts = BTreeMap::new();
        let mut told = BTreeMap::new();
        let mut told_soak = false;
        loop {
            let instances = self.instances().await?;
            if let Some(report) = self.worse(&instances, &mut restarts).await? {
                return Ok(Decision::Bad(report));
            }
            let instances: Vec<_> = instances.into_iter().filter(|it| !it.is_over()).collect();
            let healthy = instances.iter().all(|it| it.is_healthy() != Some(false));
            let (passed, waiting) = match self.ask(&instances, begun, &mut told).await {
                Ok(waiting) => (waiting.is_empty() && healthy && !instances.is_empty(), waiting),
                Err(report) => return Ok(Decision::Bad(report)),
            };
            if passed {
                let since = *good_since.get_or_insert_with(Instant::now);
                if !told_soak && !settings.soak.is_zero() {
                    told_soak = true;
                    let millis = u64::try_from(settings.soak.as_millis()).unwrap_or(u64::MAX);
                    self.events.event(&Event::Soaking { job: job(), canaries: self.canaries, millis });
                }
                if since.elapsed() >= settings.soak {
                    if told_soak {
                        self.events.event(&Event::Soaked { job: job(), canaries: self.canaries });
                    }
                    return Ok(Decision::Good);
                }
            } else {
                good_since = None;
                if begun.elapsed() >= self.patience() {
                    let what =
                        if waiting.is_empty() { "the instances".to_owned() } else { waiting.join("; ") };
                    return Ok(Decision::Bad(failure::gate(&format!("not passed in time: {what}"))));
                }
            }
            let left = good_since
                .map_or(settings.gate_interval, |since| settings.soak.saturating_sub(since.elapsed()));
            tokio::time::sleep(left.min(settings.gate_interval)).await;
        }
    }

    /// How long it may take until all was good for the soak time.
    fn patience(&self) -> Duration {
        let settings = &self.environment.release;
        settings.gate_timeout.saturating_add(settings.soak)
    }

    async fn instances(&self) -> Result<Vec<AllocationListStub>> {
        let nomad = &self.clients.nomad;
        let mut all = if self.canaries {
            nomad.deployments().allocations(self.deployment.as_str()).await?
        } else {
            nomad.jobs().allocations(self.component.job_id()).await?
        };
        all.retain(|it| if self.canaries { it.is_canary() } else { it.job_version == self.version });
        Ok(all)
    }

    /// What got worse since it was seen first: a restart, a failure, a health that is gone.
    async fn worse(
        &self,
        instances: &[AllocationListStub],
        seen: &mut BTreeMap<String, u64>,
    ) -> Result<Option<FailureReport>> {
        for instance in instances {
            let restarts = instance.task_states.values().map(|state| state.restarts).sum::<u64>();
            let Some(before) = seen.get(&instance.id).copied() else {
                // What failed before is not what is watched.
                if !instance.is_over() {
                    seen.insert(instance.id.clone(), restarts);
                }
                continue;
            };
            // Stopped on purpose, as an autoscaler does.
            if instance.desired_status != DesiredStatus::Run {
                continue;
            }
            let lost = matches!(instance.client_status, ClientStatus::Failed | ClientStatus::Lost);
            if restarts > before || lost || instance.is_healthy() == Some(false) {
                let what = if restarts > before && !lost { "was restarted" } else { "became unhealthy" };
                let mut report = failure::explain(&self.clients.nomad, &instance.id).await?;
                report.message = format!("{} {what} while it was watched: {}", instance.name, report.message);
                return Ok(Some(report));
            }
        }
        Ok(None)
    }

    /// Asks the gates; answers what those say that do not pass yet.
    async fn ask(
        &self,
        instances: &[AllocationListStub],
        begun: Instant,
        told: &mut BTreeMap<String, &'static str>,
    ) -> std::result::Result<Vec<String>, FailureReport> {
        let settings = &self.environment.release;
        let mut waiting = Vec::new();
        for gate in self.gates.iter().filter(|gate| gate.concerns(self.component)) {
            let situation = Situation {
                environment: self.environment,
                component: self.component,
                deployment: &self.deployment,
                canaries: self.canaries,
                instances,
                since: begun.elapsed(),
            };
            let name = gate.name();
            // A gate that hangs must not hold the release for good.
            let left = self.patience().saturating_sub(begun.elapsed()).max(settings.gate_interval);
            let verdict = tokio::time::timeout(left, gate.look(&situation)).await;
            let verdict = verdict.unwrap_or_else(|_| Verdict::NotYet("it did not answer".to_owned()));
            // One event for each change: the values alone change all the time.
            if told.insert(name.clone(), verdict.as_str()) != Some(verdict.as_str()) {
                self.events.event(&Event::Gate {
                    job: self.component.job_id().to_owned(),
                    gate: name.clone(),
                    verdict: verdict.as_str().to_owned(),
                    text: verdict.text().to_owned(),
                });
            }
            let says = format!("gate `{name}`: {}", verdict.text());
            match verdict {
                Verdict::Pass(_) => {}
                Verdict::NotYet(_) => waiting.push(says),
                Verdict::Fail(_) => return Err(failure::gate(&says)),
            }
        }
        Ok(waiting)
    }
}
