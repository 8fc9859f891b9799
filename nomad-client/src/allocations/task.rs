//! Tasks of an allocation and what happened to them.

use std::time::Duration;

use client_core::Extra;
use client_core::time::{nanos, rfc3339, unix_nanos};
use client_core::wire::Wire;
use jiff::Timestamp;

use crate::ByName;
use crate::record::enums;

/// The tasks of an allocation, by name.
pub type TaskStates = ByName<TaskState>;

enums! {
    /// Whether a task runs.
    pub enum TaskRunState {
        /// Not yet.
        Pending = "pending",
        /// It does.
        Running = "running",
        /// Not any more.
        Dead = "dead",
    }

    /// Whether a task with a schedule is paused (Enterprise).
    pub enum TaskScheduleState {
        /// It runs, which is written as nothing.
        Running = "",
        /// It was started by hand.
        ForcedRun = "force_run",
        /// Its schedule pauses it.
        ScheduledPause = "scheduled_pause",
        /// It was paused by hand.
        ForcedPause = "force_pause",
        /// Its schedule lets it run.
        ScheduledResume = "schedule_resume",
    }

    /// What to do with a task that has a schedule (Enterprise).
    pub enum ScheduleOverride {
        /// Pause it.
        Pause = "pause",
        /// Let it run.
        Run = "run",
        /// Follow its schedule again.
        Scheduled = "scheduled",
    }

    /// What happened to a task.
    pub enum TaskEventType {
        /// Its node learned of it.
        Received = "Received",
        /// Its folder or environment is being made.
        TaskSetup = "Task Setup",
        /// That failed.
        SetupFailure = "Setup Failure",
        /// A hook before its start failed.
        TaskHookFailed = "Task hook failed",
        /// A hook says something.
        TaskHookMessage = "Task hook message",
        /// Its artifacts are being fetched.
        DownloadingArtifacts = "Downloading Artifacts",
        /// That failed.
        ArtifactDownloadFailed = "Failed Artifact Download",
        /// Its driver says something.
        Driver = "Driver",
        /// Its driver could not start it.
        DriverFailure = "Driver Failure",
        /// It started.
        Started = "Started",
        /// It ended.
        Terminated = "Terminated",
        /// It will start again.
        Restarting = "Restarting",
        /// It will not start again.
        NotRestarting = "Not Restarting",
        /// It was asked to restart.
        RestartSignaled = "Restart Signaled",
        /// A signal is being sent.
        Signaling = "Signaling",
        /// It is being stopped.
        Killing = "Killing",
        /// It was stopped.
        Killed = "Killed",
        /// Another task of its group failed.
        SiblingFailed = "Sibling Task Failed",
        /// The group's leader ended.
        LeaderTaskDead = "Leader Task Dead",
        /// Its allocation's files grew too large.
        DiskResourcesExceeded = "Disk Resources Exceeded",
        /// Its configuration was refused.
        ValidationFailed = "Failed Validation",
        /// A check of it restarts it.
        RestartUnhealthy = "Restart Unhealthy",
        /// Its deployment found the allocation unhealthy.
        AllocUnhealthy = "Alloc Unhealthy",
        /// Its node lost its client for a while.
        ClientReconnected = "Reconnected",
        /// Its template says something.
        Template = "Template",
        /// The main tasks are all over.
        MainDead = "Main Tasks Dead",
        /// Its shutdown delay runs.
        WaitingForShutdownDelay = "Waiting for shutdown delay",
        /// Its shutdown delay is skipped.
        SkippingShutdownDelay = "Skipping shutdown delay",
        /// Its folder is being made.
        BuildingTaskDirectory = "Building Task Directory",
        /// It could not be restored after a restart of the agent.
        FailedRestoringTask = "Failed Restoring Task",
        /// Its schedule pauses it (Enterprise).
        Pausing = "Pausing",
        /// Its schedule lets it run (Enterprise).
        Running = "Running",
        /// Its plugin became healthy.
        PluginHealthy = "Plugin became healthy",
        /// Its plugin became unhealthy.
        PluginUnhealthy = "Plugin became unhealthy",
    }
}

/// A task of an allocation.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskState {
    /// Whether it runs.
    pub state: TaskRunState,
    /// Whether it failed for good.
    pub failed: bool,
    /// How often it was restarted.
    pub restarts: u64,
    /// When it was last restarted.
    #[wire(with = rfc3339)]
    pub last_restart: Option<Timestamp>,
    /// When it started.
    #[wire(with = rfc3339)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[wire(with = rfc3339)]
    pub finished_at: Option<Timestamp>,
    /// The last ten things that happened to it.
    pub events: Vec<TaskEvent>,
    /// Whether it is paused.
    pub paused: TaskScheduleState,
    /// What this version does not know.
    pub extra: Extra,
}

/// Something that happened to a task.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskEvent {
    /// What.
    #[wire(name = "Type")]
    pub event_type: TaskEventType,
    /// When.
    #[wire(with = unix_nanos)]
    pub time: Option<Timestamp>,
    /// In words, possibly empty.
    pub message: Box<str>,
    /// In words for people.
    pub display_message: Box<str>,
    /// The particulars, by name.
    pub details: ByName<Box<str>>,
    /// Whether the task failed by it.
    pub fails_task: bool,
    /// See `details`.
    pub restart_reason: Box<str>,
    /// See `details`.
    pub setup_error: Box<str>,
    /// See `details`.
    pub driver_error: Box<str>,
    /// The code the task ended with.
    pub exit_code: i64,
    /// The signal that ended the task; 0 for none.
    pub signal: i64,
    /// How long the task has to end by itself.
    #[wire(with = nanos)]
    pub kill_timeout: Duration,
    /// See `details`.
    pub kill_error: Box<str>,
    /// See `details`.
    pub kill_reason: Box<str>,
    /// How long the next start is put off.
    #[wire(with = nanos)]
    pub start_delay: Duration,
    /// See `details`.
    pub download_error: Box<str>,
    /// See `details`.
    pub validation_error: Box<str>,
    /// How large the files may grow, in MB.
    pub disk_limit: i64,
    /// See `details`.
    pub failed_sibling: Box<str>,
    /// See `details`.
    pub vault_error: Box<str>,
    /// See `details`.
    pub task_signal_reason: Box<str>,
    /// See `details`.
    pub task_signal: Box<str>,
    /// See `details`.
    pub driver_message: Box<str>,
    /// What says it, such as `Template`.
    pub generic_source: Box<str>,
    /// What this version does not know.
    pub extra: Extra,
}

impl TaskEvent {
    /// What happened, in the words there are for people.
    #[must_use]
    pub fn text(&self) -> &str {
        if self.display_message.is_empty() { &self.message } else { &self.display_message }
    }

    /// One of the particulars.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(|value| &**value)
    }

    /// Whether the task was ended for using too much memory.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        self.detail("oom_killed") == Some("true")
    }
}

impl TaskState {
    /// Its last end: exit code and signal.
    #[must_use]
    pub fn last_exit(&self) -> Option<&TaskEvent> {
        self.events.iter().rev().find(|event| event.event_type == TaskEventType::Terminated)
    }
}
