//! The result of a release, for people and for programs.
//!
//! A [`Report`] is JSON through serde, Markdown through [`Report::to_markdown`] and a page through
//! [`Report::to_html`].

mod chart;
mod clock;
mod html;
mod instances;
mod markdown;
mod serving;
mod tables;
mod timeline;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::{Component, Stage};

pub(crate) use instances::moments;
use instances::woven;
pub(crate) use markdown::title;
pub(crate) use timeline::Recorder;
pub use timeline::{Happening, Moment};

/// How a release, or one job of it, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The new version runs.
    Deployed,
    /// It ran already; nothing was done.
    Unchanged,
    /// A plan was made and nothing was done.
    Planned,
    /// The old version runs again after a failure.
    Reverted,
    /// The new version failed and the old one does not run instead.
    Failed,
    /// Nothing could be placed.
    PlacementFailed,
    /// Healthy canaries wait for somebody to promote them.
    ReadyForPromotion,
    /// The job was changed by somebody else between plan and registration.
    Conflict,
    /// A newer version took over while this one was being deployed.
    Superseded,
    /// Somebody else holds the release lock.
    LockHeld,
    /// The time was up; the deployment goes on.
    Timeout,
    /// Something a release needs is not in order; nothing was changed.
    NotReady,
    /// The release was interrupted; the deployment goes on.
    Interrupted,
    /// Nothing was done with this job, because another one failed first.
    Untouched,
}

impl Outcome {
    /// The exit code of a program that ends with this outcome.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Deployed | Self::Unchanged | Self::Planned | Self::Untouched => 0,
            Self::PlacementFailed => 2,
            Self::Reverted => 3,
            Self::Failed => 4,
            Self::Conflict | Self::Superseded => 5,
            Self::LockHeld => 6,
            Self::Timeout => 7,
            Self::ReadyForPromotion => 8,
            Self::NotReady => 9,
            Self::Interrupted => 130,
        }
    }

    /// Whether the release did what was asked for.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Deployed | Self::Unchanged | Self::Planned)
    }

    /// Whether the deployment is on its way and can be gone on with.
    pub(crate) const fn goes_on(self) -> bool {
        matches!(self, Self::Interrupted | Self::Timeout | Self::ReadyForPromotion)
    }

    /// The outcome as a sentence about `what`.
    #[must_use]
    pub fn sentence(self, what: &str) -> String {
        match self {
            Self::Deployed => format!("{what} is deployed"),
            Self::Unchanged => format!("{what} is unchanged: it is registered already"),
            Self::Planned => format!("{what} was planned; nothing was changed"),
            Self::Reverted => format!("{what} failed and was reverted: the version before it runs"),
            Self::Failed => format!("{what} failed and was not reverted"),
            Self::PlacementFailed => format!("{what} could not be placed"),
            Self::ReadyForPromotion => format!("{what} has healthy canaries that wait for promotion"),
            Self::Conflict => {
                format!("{what} was changed by somebody else meanwhile; nothing was registered")
            }
            Self::Superseded => format!("{what} was superseded by a newer version"),
            Self::LockHeld => format!("{what} was not begun: somebody else holds the lock"),
            Self::Timeout => format!("{what} is still being deployed; the time to watch it is up"),
            Self::NotReady => format!("{what} was not begun: something it needs is not in order"),
            Self::Interrupted => format!("{what} goes on without being watched"),
            Self::Untouched => format!("{what} was not touched"),
        }
    }
}

/// The report of a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// How the whole ended.
    pub outcome: Outcome,
    /// The environment.
    pub environment: Stage,
    /// The version that was asked for.
    pub version: String,
    /// Where it ran: `embedded`, `agents` or `env`.
    pub stack: String,
    /// Whether that was a simulation: nothing of it happened on a server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// What became of each job.
    pub jobs: Vec<JobReport>,
    /// The secrets the release relies on.
    pub secrets: Vec<SecretReport>,
    /// What was done, in order, and how long it took.
    pub steps: Vec<StepReport>,
    /// What did not stop the release but deserves a look.
    pub warnings: Vec<String>,
    /// Who released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// What happened when, all of it by the clock of who released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Moment>,
    /// How many times as fast as that clock the servers' ran, where it did not run alike: in a simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_clock: Option<f64>,
    /// The versions of the secrets when what was gone back to was released, and now; for rollbacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_versions: Vec<SecretVersions>,
    /// Where what was released ran before; for promotions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promoted: Vec<PromotedReport>,
}

impl Report {
    pub(crate) fn new(environment: Stage, version: &str, stack: &str) -> Self {
        Self {
            outcome: Outcome::Unchanged,
            environment,
            version: version.to_owned(),
            stack: stack.to_owned(),
            simulated: false,
            jobs: Vec::new(),
            secrets: Vec::new(),
            steps: Vec::new(),
            warnings: Vec::new(),
            who: None,
            started: None,
            finished: None,
            timeline: Vec::new(),
            server_clock: None,
            secret_versions: Vec::new(),
            promoted: Vec::new(),
        }
    }

    /// The sentence that says how it ended.
    #[must_use]
    pub fn verdict(&self) -> String {
        let verdict = self.outcome.sentence(&format!("version {} on {}", self.version, self.environment));
        if self.simulated { format!("simulated: {verdict}") } else { verdict }
    }

    pub(crate) fn begun(environment: Stage, request: &crate::release::Request) -> Self {
        let mut report = Self::new(environment, request.version.as_str(), &request.stack);
        report.who = Some(request.who.clone());
        report.simulated = request.simulated;
        report.started = Some(Timestamp::now());
        report
    }

    /// Completes the timeline with what was told on the way, and puts what the servers told by their
    /// clock on that of who released.
    pub(crate) fn weave(&mut self, told: Vec<Moment>) {
        let remembered = std::mem::take(&mut self.timeline);
        let clock = instances::compared(&remembered, &told);
        self.timeline = woven(remembered, told, &clock, self.started, self.finished);
        self.server_clock = clock.speed();
        for failure in self.jobs.iter_mut().filter_map(|job| job.failure.as_mut()) {
            for line in &mut failure.task_events {
                *line = clock.own_line(line);
            }
        }
    }

    /// What is to be said of the servers' clock.
    pub(crate) fn clock_remark(&self) -> Option<String> {
        let speed = self.server_clock?;
        Some(format!(
            "The servers' clock is simulated and ran about {speed:.0} times as fast as this one: its times are shown on this one."
        ))
    }

    /// The report of one job.
    #[must_use]
    pub fn job(&self, component: Component) -> Option<&JobReport> {
        self.jobs.iter().find(|job| job.job == component.job_id())
    }
}

/// What became of one job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobReport {
    /// The job's id.
    pub job: String,
    /// Its Nomad version now.
    pub version: Option<u64>,
    /// Its Nomad version before.
    pub previous_version: Option<u64>,
    /// The deployment that was followed.
    pub deployment_id: Option<String>,
    /// How that deployment ended, in Nomad's words.
    pub deployment_status: Option<String>,
    /// How this job ended.
    pub outcome: Option<Outcome>,
    /// The version of the application now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The version of the application before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_release: Option<String>,
    /// Healthy instances of what runs at the end; those of the deployment where that goes on.
    pub healthy: u64,
    /// Instances there should be.
    pub desired: u64,
    /// What changes, a line each; for plans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Why instances would restart, or would not, a sentence each; for plans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReport>,
}

/// Why a job failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailureReport {
    /// A stable class: one of [`FailureClass`](nomad_client::FailureClass), such as `image`, `crash`,
    /// `check` or `placement`; or `gate`, where a gate did not let a healthy version through.
    pub class: String,
    /// One sentence.
    pub message: String,
    /// The task's last events.
    pub task_events: Vec<String>,
    /// The task's last lines of output.
    pub log_tail: Vec<String>,
}

/// A secret the release relies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecretReport {
    /// Mount and path.
    pub path: String,
    /// The version that new instances read.
    pub version: u64,
    /// Whether this release wrote it.
    pub changed: bool,
}

impl SecretReport {
    /// What was done with it: `created`, `changed`, or `unchanged`.
    #[must_use]
    pub const fn done(&self) -> &'static str {
        match (self.changed, self.version) {
            (false, _) => "unchanged",
            (true, 1) => "created",
            (true, _) => "changed",
        }
    }
}

/// A step of the release.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// Which step.
    pub name: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// `ok`, or what went wrong.
    pub outcome: String,
}

/// The versions of a secret at two times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecretVersions {
    /// Mount and path.
    pub path: String,
    /// The version that was in force for the release that is gone back to; `None` where nobody wrote it down.
    pub then: Option<u64>,
    /// The newest version now; `None` where there is none.
    pub now: Option<u64>,
    /// Whether the job names its version, so that going back brings the old value back.
    pub pinned: bool,
}

impl SecretVersions {
    /// What new instances read, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { path, then, now, pinned } = self;
        let number = |version: &Option<u64>| version.map_or_else(|| "none".to_owned(), |it| it.to_string());
        match then {
            None => format!("{path}: version {} is in force; what it was then is not known", number(now)),
            Some(then) if Some(*then) == *now => format!("{path}: version {then}, then and now"),
            Some(then) if *pinned => {
                format!("{path}: version {then} comes back with the job; the newest is {}", number(now))
            }
            Some(then) => format!(
                "{path}: version {then} then, {} now; going back does not change secrets, and the newest is in force",
                number(now)
            ),
        }
    }
}

/// Where a job that is promoted ran before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PromotedReport {
    /// The job.
    pub job: String,
    /// The environment it ran in.
    pub environment: Stage,
    /// The version of the application.
    pub release: String,
    /// The image it ran there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Its Nomad version there.
    pub version: u64,
    /// The deployment that succeeded there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
}
