//! Finding services: a cache that a watch keeps, and waiting for a service to be as it should.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::check::CheckStatus;
use crate::health::{HealthyInstances, ServiceEntry};
use crate::{Call, Client, Error, Result};

/// What is different between two lists of instances.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// Instances that were not there before.
    pub added: Vec<ServiceEntry>,
    /// Instances that are not there any more.
    pub removed: Vec<ServiceEntry>,
    /// Instances that are there, but not the same: their address, tags or checks.
    pub changed: Vec<ServiceEntry>,
}

impl Changes {
    /// The way from `before` to `after`. An instance is told by its node and id.
    #[must_use]
    pub fn between(before: &[ServiceEntry], after: &[ServiceEntry]) -> Self {
        let mut old: BTreeMap<_, _> = before.iter().map(|entry| (key(entry), entry)).collect();
        let mut changes = Self::default();
        for entry in after {
            match old.remove(&key(entry)) {
                None => changes.added.push(entry.clone()),
                Some(known) if known != entry => changes.changed.push(entry.clone()),
                Some(_) => {}
            }
        }
        changes.removed = old.into_values().cloned().collect();
        changes
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn key(entry: &ServiceEntry) -> (&str, &str) {
    (&entry.node.node, &entry.service.id)
}

/// The instances of a service, kept up to date by a task and read without asking anybody.
///
/// While Consul cannot be reached the last known instances stay. Dropping it ends the task.
pub struct ServiceStore {
    state: watch::Receiver<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct State {
    entries: Option<Arc<[ServiceEntry]>>,
    /// Why the task gave up.
    failure: Option<Arc<str>>,
}

impl Call<Vec<ServiceEntry>, HealthyInstances> {
    /// Starts a task that keeps the instances this call answers.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// let web = consul.health().service("web").passing().spawn_store();
    /// web.ready().await?;
    /// for instance in web.entries().iter() {
    ///     println!("{}:{}", instance.host(), instance.service.port);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// There is no tokio runtime.
    #[must_use]
    pub fn spawn_store(self) -> ServiceStore {
        let (sender, state) = watch::channel(State::default());
        let mut values = self.watch();
        let task = tokio::spawn(async move {
            while let Some(value) = values.next().await {
                sender.send_modify(|state| match value {
                    Ok(entries) => state.entries = Some(entries.into()),
                    Err(error) => state.failure = Some(error.to_string().into()),
                });
            }
        });
        ServiceStore { state, task }
    }
}

impl ServiceStore {
    /// The instances as they were last known; none before [`ready`](Self::ready).
    #[must_use]
    pub fn entries(&self) -> Arc<[ServiceEntry]> {
        self.state.borrow().entries.clone().unwrap_or_default()
    }

    /// Resolves once the instances are known.
    ///
    /// # Errors
    ///
    /// They cannot be asked for; asking again would not help.
    pub async fn ready(&self) -> Result<()> {
        let mut state = self.state.clone();
        loop {
            let now = state.borrow_and_update().clone();
            if now.entries.is_some() {
                return Ok(());
            }
            if let Some(failure) = now.failure {
                return Err(gave_up(&failure));
            }
            if state.changed().await.is_err() {
                return Err(gave_up("the task ended"));
            }
        }
    }

    /// The differences from now on, beginning with what is known now.
    #[must_use]
    pub fn changes(&self) -> ServiceChanges {
        ServiceChanges { state: self.state.clone(), seen: Arc::default(), first: true }
    }
}

fn gave_up(reason: &str) -> Error {
    client_core::Error::stream(format!("the service is not followed any more: {reason}")).into()
}

impl Drop for ServiceStore {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for ServiceStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceStore").field("entries", &self.entries().len()).finish_non_exhaustive()
    }
}

/// The differences of a [`ServiceStore`], one after the other.
pub struct ServiceChanges {
    state: watch::Receiver<State>,
    seen: Arc<[ServiceEntry]>,
    first: bool,
}

impl ServiceChanges {
    /// The next difference; several that came in the meantime are one. `None` once the store is
    /// dropped or has given up.
    pub async fn next(&mut self) -> Option<Changes> {
        loop {
            if self.first {
                self.first = false;
            } else {
                self.state.changed().await.ok()?;
            }
            let Some(now) = self.state.borrow_and_update().entries.clone() else {
                continue;
            };
            let changes = Changes::between(&self.seen, &now);
            self.seen = now;
            if !changes.is_empty() {
                return Some(changes);
            }
        }
    }
}

impl fmt::Debug for ServiceChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceChanges")
    }
}

/// What a service should be like.
#[derive(Debug, Clone, Default)]
#[must_use = "a condition is for `wait_for_service`"]
pub struct ServiceCondition {
    passing: usize,
    tags: Vec<String>,
    meta: Vec<(String, String)>,
    no_others: bool,
}

impl ServiceCondition {
    /// At least `count` instances whose checks all pass.
    pub fn passing(count: usize) -> Self {
        Self { passing: count, ..Self::default() }
    }

    /// Only instances with this tag count.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Only instances with this key-value pair count.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.meta.push((key.into(), value.into()));
        self
    }

    /// No instance that counts may have a check that does not pass.
    pub fn and_none_failing(mut self) -> Self {
        self.no_others = true;
        self
    }

    /// Whether instances are like this.
    #[must_use]
    pub fn holds(&self, entries: &[ServiceEntry]) -> bool {
        let counting = || entries.iter().filter(|entry| self.counts(entry));
        let passing = counting().filter(|entry| entry.status() == CheckStatus::Passing).count();
        passing >= self.passing && (!self.no_others || passing == counting().count())
    }

    fn counts(&self, entry: &ServiceEntry) -> bool {
        let service = &entry.service;
        self.tags.iter().all(|tag| service.tags.contains(tag))
            && self.meta.iter().all(|(key, value)| service.meta.get(key) == Some(value))
    }
}

impl Client {
    /// Waits until a service is like `condition`, and answers its instances then.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// use std::time::Duration;
    /// use consul_client::ServiceCondition;
    /// let two = ServiceCondition::passing(2).tag("v2");
    /// consul.wait_for_service("wuffchat-api", &two, Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Timeout`](crate::ErrorKind::Timeout) that says what the service was like instead, once
    /// `limit` is over; or the service cannot be asked for.
    pub async fn wait_for_service(
        &self,
        service: &str,
        condition: &ServiceCondition,
        limit: Duration,
    ) -> Result<Vec<ServiceEntry>> {
        let mut last: Option<Vec<ServiceEntry>> = None;
        let search = async {
            let mut values = self.health().service(service).watch();
            while let Some(entries) = values.next().await {
                let entries = entries?;
                if condition.holds(&entries) {
                    return Ok(entries);
                }
                last = Some(entries);
            }
            Err(gave_up("the watch ended"))
        };
        match tokio::time::timeout(limit, search).await {
            Ok(found) => found,
            Err(_) => Err(client_core::Error::new(
                client_core::ErrorKind::Timeout,
                format!("`{service}` was not as wanted within {limit:?}: {}", describe(last.as_deref())),
            )
            .into()),
        }
    }
}

fn describe(entries: Option<&[ServiceEntry]>) -> String {
    let Some(entries) = entries else {
        return "nothing was answered".to_owned();
    };
    let passing = entries.iter().filter(|entry| entry.status() == CheckStatus::Passing).count();
    let failing: Vec<_> = entries
        .iter()
        .flat_map(|entry| entry.checks.iter().map(move |check| (entry, check)))
        .filter(|(_, check)| check.status != CheckStatus::Passing)
        .map(|(entry, check)| format!("{} of {} is {}", check.name, entry.service.id, check.status))
        .take(5)
        .collect();
    format!("{passing} of {} instances pass; {}", entries.len(), failing.join(", "))
}
