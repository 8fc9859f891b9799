//! One transaction over both jobs: lock, check, plan, register, watch, verify, report; and undo
//! what was moved if something fails.

mod follow;
mod gate;
mod job;
mod lock;
mod plan;
mod prepare;
mod promoter;
mod record;
mod resume;
mod rotate;
mod run;
mod soak;
mod undo;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::app::{Component, Version};
use crate::secrets::Values;

pub use gate::{Fetcher, Gate, Gates, Situation, Verdict};
pub use plan::{JobPlanned, plan};
pub use promoter::Promoter;
pub(crate) use rotate::rotate;
pub use run::run;
pub(crate) use run::{promote, roll_back};

pub(crate) use follow::{Ended, Follow};
pub(crate) use lock::{ReleaseLock, path as lock_path};
pub(crate) use plan::{
    differences, essence, plan_as_live, plan_job, plan_of, still_forced, with_live_counts,
};

/// What to release, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Request {
    /// The version.
    pub version: Version,
    /// Versions of single jobs that differ from [`version`](Self::version), such as digests.
    pub versions: BTreeMap<Component, Version>,
    /// Which jobs; both by default.
    pub components: Vec<Component>,
    /// Only plans; nothing is changed.
    pub plan_only: bool,
    /// Has healthy canaries promoted, by Nomad or by the release ([`Promoter`]). On by default; without
    /// it nobody here does, whatever the settings say, and a release ends as ready for promotion.
    pub promote: bool,
    /// Fails a deployment at its first unhealthy instance, and at the first cause that waiting
    /// cannot mend, instead of letting Nomad try other nodes until the progress deadline. On by
    /// default; the environment can switch it off too.
    pub fail_fast: bool,
    /// Gates beside those of the environment. Jobs released with some are registered without
    /// automatic promotion.
    pub gates: Gates,
    /// How the environment's gates reach Traefik and Prometheus; needed if it has some.
    pub fetch: Fetcher,
    /// Registers the jobs although they did not change, so that everything starts anew.
    pub force: bool,
    /// How long the release is watched. 10 minutes.
    pub timeout: Duration,
    /// How long an instance may find no place. 2 minutes.
    pub placement_timeout: Duration,
    /// How long to wait for a lock that was left behind to expire. 25 seconds.
    pub lock_wait: Duration,
    /// Values for secrets that are missing.
    pub secrets: Values,
    /// Who releases; shown to others while the lock is held.
    pub who: String,
    /// Where it runs, for the report.
    pub stack: String,
    /// Whether that is a simulation, which the report says so that nobody takes it for a release.
    pub simulated: bool,
    /// Ends watching early, and leaves what was begun as it is.
    pub interrupt: Interrupt,
}

impl Request {
    /// A rollback, which finds its version itself.
    #[must_use]
    pub fn rollback() -> Self {
        Self::new(Version::unknown())
    }

    /// A release of both jobs.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            version,
            versions: BTreeMap::new(),
            components: Component::ALL.to_vec(),
            plan_only: false,
            promote: true,
            fail_fast: true,
            gates: Gates::default(),
            fetch: Fetcher::default(),
            force: false,
            timeout: Duration::from_secs(600),
            placement_timeout: Duration::from_secs(120),
            lock_wait: Duration::from_secs(25),
            secrets: Values::default(),
            who: "somebody".to_owned(),
            stack: "env".to_owned(),
            simulated: false,
            interrupt: Interrupt::default(),
        }
    }
}

impl Request {
    /// The version of one job.
    #[must_use]
    pub fn version_of(&self, component: Component) -> &Version {
        self.versions.get(&component).unwrap_or(&self.version)
    }
}

/// Ends the watching of a release from elsewhere, such as a signal handler. Clones are the same
/// interrupt.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<watch::Sender<bool>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Interrupt {
    /// Ends watching.
    pub fn interrupt(&self) {
        self.0.send_replace(true);
    }

    /// Whether watching was ended.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until watching is ended.
    pub async fn interrupted(&self) {
        // The sender lives as long as `self`, so this ends only with the interrupt.
        let _ = self.0.subscribe().wait_for(|yes| *yes).await;
    }
}

/// Who releases what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holder {
    /// A person, or a pipeline's run.
    pub who: String,
    /// The version being released.
    pub version: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, who releases {}", self.who, self.version)?;
        if let Some(since) = self.since {
            write!(f, " since {}", since.round(jiff::Unit::Second).unwrap_or(since))?;
        }
        Ok(())
    }
}
