//! [Allocations](https://developer.hashicorp.com/nomad/api-docs/allocations) and, on their nodes,
//! their [tasks and files](https://developer.hashicorp.com/nomad/api-docs/client).

mod allocation;
mod checks;
#[cfg(feature = "exec")]
mod exec;
mod files;
mod follow;
mod follow_reader;
mod logs;
mod metric;
mod resources;
mod stats;
mod task;

pub use allocation::*;
pub use checks::*;
#[cfg(feature = "exec")]
pub use exec::*;
pub use files::*;
pub use follow::*;
pub use logs::*;
pub use metric::*;
pub use resources::*;
pub use stats::*;
pub use task::*;

use std::collections::BTreeMap;

use bytes::Bytes;
use client_core::caps::{BlockingList, BlockingLookup, Lookup, Plain};
use client_core::{Op, Verb, capabilities, operations, options, wire};

use crate::Call;
use crate::call::Reversible;
use crate::jobs::{EvaluationCreated, Indexed};
use crate::record::handle;
use crate::services::ServiceRegistration;

capabilities! {
    /// Lists allocations.
    pub struct ListAllocations: Stale + Listed + Blocking + Paged + Filtered + Prefixed;
    /// Stops an allocation.
    pub struct StopAllocation;
    /// Restarts tasks.
    pub struct RestartAllocation;
    /// Signals tasks.
    pub struct SignalAllocation;
    /// Reads what an allocation uses.
    pub struct ReadStats: Optional;
    /// Lists files.
    pub struct ListFiles: Optional;
    /// Reads from a position in a file.
    pub struct ReadFileAt;
    /// Follows a file.
    pub struct StreamFile;
}
impl Reversible for ListAllocations {}

operations! {
    LIST: Vec<AllocationListStub>, ListAllocations =
        Op::new(Verb::Get, "allocations.list", "/v1/allocations").blocking().paged();
    GET: Allocation, BlockingLookup =
        Op::new(Verb::Get, "allocations.get", "/v1/allocation/{alloc_id}").blocking();
    STOP: EvaluationCreated, StopAllocation =
        Op::new(Verb::Put, "allocations.stop", "/v1/allocation/{alloc_id}/stop");
    SERVICES: Vec<ServiceRegistration>, BlockingList =
        Op::new(Verb::Get, "allocations.services", "/v1/allocation/{alloc_id}/services").blocking();
    CHECKS_ALIAS: Option<BTreeMap<String, CheckResult>>, Lookup =
        Op::new(Verb::Get, "allocations.checks_alias", "/v1/allocation/{alloc_id}/checks");
    CHECKS: Option<BTreeMap<String, CheckResult>>, Lookup =
        Op::new(Verb::Get, "client.alloc_checks", "/v1/client/allocation/{alloc_id}/checks");
    STATS: AllocationStats, ReadStats =
        Op::new(Verb::Get, "client.alloc_stats", "/v1/client/allocation/{alloc_id}/stats");
    RESTART: Indexed, RestartAllocation =
        Op::new(Verb::Put, "client.alloc_restart", "/v1/client/allocation/{alloc_id}/restart");
    SIGNAL: (), SignalAllocation = Op::decoded_by(
        Verb::Put, "client.alloc_signal", "/v1/client/allocation/{alloc_id}/signal", wire::empty, wire::recode_empty,
    );
    GC: (), Plain = Op::decoded_by(
        Verb::Get, "client.alloc_gc", "/v1/client/allocation/{alloc_id}/gc", wire::empty, wire::recode_empty,
    );
    PAUSE_STATE: TaskScheduleState, Lookup =
        Op::new(Verb::Get, "client.alloc_pause_state", "/v1/client/allocation/{alloc_id}/pause").enterprise();
    SET_PAUSE_STATE: (), Plain = Op::decoded_by(
        Verb::Put, "client.alloc_set_pause_state", "/v1/client/allocation/{alloc_id}/pause", wire::empty,
        wire::recode_empty,
    ).idempotent().enterprise();
    FS_LIST: Vec<FileInfo>, ListFiles = Op::new(Verb::Get, "client.fs_list", "/v1/client/fs/ls/{alloc_id}");
    FS_STAT: FileInfo, ListFiles = Op::new(Verb::Get, "client.fs_stat", "/v1/client/fs/stat/{alloc_id}");
    FS_CAT: Bytes, Plain = Op::decoded_by(
        Verb::Get, "client.fs_cat", "/v1/client/fs/cat/{alloc_id}", wire::bytes, wire::recode_raw,
    );
    FS_READ_AT: Bytes, ReadFileAt = Op::decoded_by(
        Verb::Get, "client.fs_read_at", "/v1/client/fs/readat/{alloc_id}", wire::bytes, wire::recode_raw,
    );
    FS_STREAM: Bytes, StreamFile = Op::decoded_by(
        Verb::Get, "client.fs_stream", "/v1/client/fs/stream/{alloc_id}", logs::join_frames, wire::recode_raw,
    ).streaming();
    FS_LOGS: Bytes, ReadLogs = Op::decoded_by(
        Verb::Get, "client.fs_logs", "/v1/client/fs/logs/{alloc_id}", logs::join_frames, wire::recode_raw,
    ).streaming();
    EXEC: Bytes, Plain = Op::decoded_by(
        Verb::Get, "client.alloc_exec", "/v1/client/allocation/{alloc_id}/exec", wire::bytes, wire::recode_raw,
    ).not_idempotent().streaming();
}

options! {
    ListAllocations {
        /// Includes the resources that were allocated.
        query resources(bool) = "resources";
        /// Includes the states of the tasks and their events. On by default.
        query task_states(bool) = "task_states";
    }
    StopAllocation {
        /// Skips the shutdown delay of group and tasks.
        query no_shutdown_delay(bool) = "no_shutdown_delay";
        /// Places a successor, also for a batch or system job.
        query reschedule(bool) = "reschedule";
    }
    RestartAllocation {
        /// Restarts this task only, which must be running.
        text_field task() = "TaskName";
        /// Restarts all tasks, also those that ended. The default is those that run.
        field all_tasks(bool) = "AllTasks";
    }
    SignalAllocation {
        /// Signals this task only. The default is all of them.
        text_field task() = "Task";
    }
    ReadStats {
        /// Answers for this task only.
        text task() = "task";
    }
    ReadFileAt {
        /// Reads at most this many bytes.
        query limit(u64) = "limit";
    }
}

handle! {
    /// The allocations of a namespace.
    Allocations,
    /// The allocations of a namespace.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// for stub in nomad.allocations().list().task_states(false).filter("ClientStatus == \"failed\"").await? {
    ///     let text = nomad.allocations().log_tail(&stub.id, "api", 20).stderr().await?;
    ///     println!("{} on {}:\n{}", stub.name, stub.node_name, text.join("\n"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    allocations
}

impl<'a> Allocations<'a> {
    /// Lists allocations.
    pub fn list(&self) -> Call<Vec<AllocationListStub>, ListAllocations> {
        self.0.call(&LIST, &[])
    }

    /// Reads an allocation, whose id must be whole.
    pub fn get(&self, alloc_id: &str) -> Call<Allocation, BlockingLookup> {
        self.0.call(&GET, &[alloc_id])
    }

    /// Stops an allocation and places another one instead.
    pub fn stop(&self, alloc_id: &str) -> Call<EvaluationCreated, StopAllocation> {
        self.0.call(&STOP, &[alloc_id])
    }

    /// The services an allocation has registered with Nomad.
    pub fn services(&self, alloc_id: &str) -> Call<Vec<ServiceRegistration>, BlockingList> {
        self.0.call(&SERVICES, &[alloc_id])
    }

    /// The latest results of the checks of services that are registered with Nomad, by check id.
    pub fn checks(&self, alloc_id: &str) -> Call<Option<BTreeMap<String, CheckResult>>, Lookup> {
        self.0.call(&CHECKS, &[alloc_id])
    }

    /// As [`checks`](Self::checks), by the other path the servers have for it.
    pub fn checks_alias(&self, alloc_id: &str) -> Call<Option<BTreeMap<String, CheckResult>>, Lookup> {
        self.0.call(&CHECKS_ALIAS, &[alloc_id])
    }

    /// What an allocation uses of processors and memory right now.
    pub fn stats(&self, alloc_id: &str) -> Call<AllocationStats, ReadStats> {
        self.0.call(&STATS, &[alloc_id])
    }

    /// Restarts tasks in place.
    pub fn restart(&self, alloc_id: &str) -> Call<Indexed, RestartAllocation> {
        // Without any body the server takes the defaults as well, but says so in no document.
        self.0.call(&RESTART, &[alloc_id]).field("TaskName", "")
    }

    /// Sends a signal, such as `SIGHUP`, to tasks.
    pub fn signal(&self, alloc_id: &str, signal: impl Into<String>) -> Call<(), SignalAllocation> {
        self.0.call(&SIGNAL, &[alloc_id]).field("Signal", &signal.into())
    }

    /// Removes the files of an allocation that is over.
    pub fn gc(&self, alloc_id: &str) -> Call<()> {
        self.0.call(&GC, &[alloc_id])
    }

    /// Whether a task with a schedule is paused (Enterprise).
    pub fn pause_state(&self, alloc_id: &str, task: &str) -> Call<TaskScheduleState, Lookup> {
        self.0.call(&PAUSE_STATE, &[alloc_id]).set_query("task", task)
    }

    /// Pauses a task, lets it run, or gives it back to its schedule (Enterprise).
    pub fn set_pause_state(&self, alloc_id: &str, task: &str, state: ScheduleOverride) -> Call<()> {
        self.0.call(&SET_PAUSE_STATE, &[alloc_id]).field("Task", task).field("ScheduleState", &state)
    }

    /// Lists a folder of an allocation.
    pub fn list_files(&self, alloc_id: &str, path: &str) -> Call<Vec<FileInfo>, ListFiles> {
        self.0.call(&FS_LIST, &[alloc_id]).set_query("path", path)
    }

    /// Reads about one file.
    pub fn stat_file(&self, alloc_id: &str, path: &str) -> Call<FileInfo, ListFiles> {
        self.0.call(&FS_STAT, &[alloc_id]).set_query("path", path)
    }

    /// Reads a file.
    ///
    /// The server answers a failure as if it were the file: where that matters, ask
    /// [`stat_file`](Self::stat_file) first, or use [`stream_file`](Self::stream_file).
    pub fn cat_file(&self, alloc_id: &str, path: &str) -> Call<Bytes> {
        self.0.call(&FS_CAT, &[alloc_id]).set_query("path", path)
    }

    /// Reads a file from a position on. A failure is answered as in [`cat_file`](Self::cat_file).
    pub fn read_file_at(&self, alloc_id: &str, path: &str, offset: u64) -> Call<Bytes, ReadFileAt> {
        self.0.call(&FS_READ_AT, &[alloc_id]).set_query("path", path).set_query("offset", offset)
    }

    /// Reads a file, reporting failures as errors. With [`follow`](Call::follow), its
    /// [`stream`](Call::stream) goes on with what is added to it.
    pub fn stream_file(&self, alloc_id: &str, path: &str) -> Call<Bytes, StreamFile> {
        self.0.call(&FS_STREAM, &[alloc_id]).set_query("path", path).set_query("follow", false)
    }

    /// Reads what a task wrote: its standard output, or with [`stderr`](Call::stderr) its errors.
    pub fn logs(&self, alloc_id: &str, task: &str) -> Call<Bytes, ReadLogs> {
        self.0.call(&FS_LOGS, &[alloc_id]).set_query("task", task).set_query("type", "stdout")
    }

    /// The last `lines` lines a task wrote.
    pub fn log_tail(&self, alloc_id: &str, task: &str, lines: usize) -> LogTail {
        LogTail::new(self.logs(alloc_id, task), lines)
    }

    /// Follows what a task writes, from before its start to its end, through reconnects.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use futures_util::StreamExt;
    /// use nomad_client::FollowedLog;
    ///
    /// let mut log = nomad.allocations().follow_logs("8ba85cef-…", "api").successors(true).stream();
    /// while let Some(item) = log.next().await {
    ///     match item? {
    ///         FollowedLog::Data { data, .. } => print!("{}", String::from_utf8_lossy(&data)),
    ///         FollowedLog::Successor { alloc_id, .. } => println!("now {alloc_id}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow_logs(&self, alloc_id: &str, task: &str) -> FollowLogs {
        FollowLogs::new(self.0.clone(), alloc_id, task)
    }

    /// Runs a command in a running task.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// let result = nomad.allocations().exec("8ba85cef-…", "api", ["id", "-u"]).await?;
    /// println!("{} ({})", String::from_utf8_lossy(&result.stdout), result.exit_code);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "exec")]
    pub fn exec(
        &self,
        alloc_id: &str,
        task: &str,
        command: impl IntoIterator<Item = impl Into<String>>,
    ) -> Exec {
        let command: Vec<String> = command.into_iter().map(Into::into).collect();
        let command = serde_json::Value::from(command).to_string();
        Exec::new(self.0.call(&EXEC, &[alloc_id]).set_query("task", task).set_query("command", command))
    }
}
