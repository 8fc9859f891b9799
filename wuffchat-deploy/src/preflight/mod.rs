//! Whether everything that a release needs is in order, looked at without changing anything.
//!
//! A release has a short look of its own, which ends it; this one is long, goes on after the first
//! problem and says how to mend each.
//!
//! ```no_run
//! # async fn example(clients: &wuffchat_deploy::Clients) {
//! use wuffchat_deploy::{Environment, Stage, preflight};
//!
//! let environment = Environment::new(Stage::Production);
//! let preflight = preflight::run(clients, &environment, &preflight::Options::default()).await;
//! for finding in preflight.findings.iter().filter(|finding| finding.level != wuffchat_deploy::Level::Ok) {
//!     println!("{finding}");
//! }
//! # }
//! ```

mod access;
mod capacity;
mod certificates;
mod clocks;
mod externals;
mod needs;
mod servers;
mod version;

use std::time::Duration;

use serde::Serialize;

pub use certificates::{Certificate, NotACertificate, certificates, expiry};
pub use externals::{External, Reach};
pub use version::{Product, judge};

use crate::app::{Component, Environment, Stage, Version};
use crate::finding::{Finding, Level, worst};
use crate::{Clients, identity, jobs, secrets};

/// What [`run`] looks at beside the three servers.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Options<'a> {
    /// How Weaviate, OpenAI and Redis are reached; nothing leaves them out.
    pub reach: Option<&'a dyn Reach>,
    /// Certificates as PEM, each with the name it has in findings: those of clients and CAs.
    pub certificates: Vec<(String, String)>,
    /// How long a release may take, which tokens and certificates have to outlast; 30 minutes if
    /// zero.
    pub release_time: Duration,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.certificates.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Options")
            .field("reach", &self.reach.is_some())
            .field("certificates", &names)
            .field("release_time", &self.release_time)
            .finish()
    }
}

impl<'a> Options<'a> {
    /// Looks whether what is outside can be reached.
    #[must_use]
    pub fn reach(mut self, reach: &'a dyn Reach) -> Self {
        self.reach = Some(reach);
        self
    }

    /// Looks when these certificates end.
    #[must_use]
    pub fn certificate(mut self, name: impl Into<String>, pem: impl Into<String>) -> Self {
        self.certificates.push((name.into(), pem.into()));
        self
    }

    /// A release takes this long.
    #[must_use]
    pub fn release_time(mut self, time: Duration) -> Self {
        self.release_time = time;
        self
    }

    fn duration(&self) -> Duration {
        if self.release_time.is_zero() { Duration::from_secs(30 * 60) } else { self.release_time }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Preflight {
    /// The environment.
    pub environment: Stage,
    /// The worst of the findings.
    pub level: Level,
    /// Everything that was looked at, in the order of looking.
    pub findings: Vec<Finding>,
}

impl Preflight {
    fn of(environment: &Environment, findings: Vec<Finding>) -> Self {
        Self { environment: environment.stage, level: worst(&findings), findings }
    }

    /// Whether nothing stands in the way; warnings and what could not be looked at do not.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.level < Level::Problem
    }

    /// What stands in the way.
    pub fn problems(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Problem)
    }
}

/// Whether the doctor of identities tells the cause of a finding about secrets already: who cannot log in
/// has no role or none that admits it, and who may read nothing has no policy. What follows from one cause is
/// one finding.
fn is_told(finding: &Finding, identity: &[Finding]) -> bool {
    let causes: &[&str] = match finding.check.as_str() {
        "secrets.login" => &["identity.vault.method", "identity.vault.role"],
        "secrets.policy" => &["identity.vault.method", "identity.vault.role", "identity.vault.policy"],
        _ => return false,
    };
    let level = finding.level;
    let bad = |level| matches!(level, Level::Problem | Level::Unknown);
    let told =
        |cause: &Finding| bad(cause.level) && cause.level >= level && causes.contains(&cause.check.as_str());
    bad(level) && identity.iter().any(told)
}

/// Looks at everything. A server that does not answer is a finding, no error.
pub async fn run(clients: &Clients, environment: &Environment, options: &Options<'_>) -> Preflight {
    let clients = &clients.within(environment);
    let mut findings = Vec::new();
    match environment.check() {
        Ok(()) => findings.push(Finding::ok("settings", "the settings fit together")),
        Err(error) => findings.push(Finding::problem("settings", error.to_string())),
    }
    // One after the other is slow over a network, and no part needs another.
    let api = jobs::job(Component::Api, environment, &Version::unknown());
    let (servers, clocks, access, capacity, needs, identity, secrets, externals) = tokio::join!(
        Box::pin(servers::look(clients)),
        Box::pin(clocks::look(clients)),
        Box::pin(access::look(clients, environment, options.duration())),
        Box::pin(capacity::look(clients, environment)),
        Box::pin(needs::look(clients, environment)),
        Box::pin(identity::doctor(clients, environment, &api)),
        Box::pin(secrets::check_access(&clients.vault, environment, &api)),
        Box::pin(externals::look(clients, environment, options.reach)),
    );
    let secrets = secrets.into_iter().filter(|finding| !is_told(finding, &identity)).collect();
    for part in [servers, clocks, access, capacity, needs, identity.clone(), secrets] {
        findings.extend(part);
    }
    findings.extend(certificates::look(&options.certificates, options.duration(), jiff::Timestamp::now()));
    findings.extend(externals);
    Preflight::of(environment, findings)
}
