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
use client_core::caps::{BlockingList, BlockingLookup, Lookup};
use client_core::{endpoints, handle, wire};

use crate::jobs::{EvaluationCreated, Indexed};
use crate::services::ServiceRegistration;
use crate::{Call, Client};

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
#[handle(Client::allocations)]
pub struct Allocations;

#[endpoints("client")]
impl Allocations {
    /// Lists allocations.
    #[get(
        "/v1/allocations",
        Stale,
        Listed,
        Blocking,
        Paged,
        Filtered,
        Prefixed,
        Reversible,
        name = "allocations.list"
    )]
    #[query(
        /// Includes the resources that were allocated.
        resources: bool,
        /// Includes the states of the tasks and their events. On by default.
        task_states: bool,
    )]
    pub fn list(&self) -> Call<Vec<AllocationListStub>, ListAllocations> {}

    /// Reads an allocation, whose id must be whole.
    #[get("/v1/allocation/{alloc_id}", name = "allocations.get")]
    pub fn get(&self, alloc_id: &str) -> Call<Allocation, BlockingLookup> {}

    /// Stops an allocation and places another one instead.
    #[put("/v1/allocation/{alloc_id}/stop", name = "allocations.stop")]
    #[query(
        /// Skips the shutdown delay of group and tasks.
        no_shutdown_delay: bool,
        /// Places a successor, also for a batch or system job.
        reschedule: bool,
    )]
    pub fn stop(&self, alloc_id: &str) -> Call<EvaluationCreated, StopAllocation> {}

    /// The services an allocation has registered with Nomad.
    #[get("/v1/allocation/{alloc_id}/services", name = "allocations.services")]
    pub fn services(&self, alloc_id: &str) -> Call<Vec<ServiceRegistration>, BlockingList> {}

    /// The latest results of the checks of services that are registered with Nomad, by check id.
    #[get("/v1/client/allocation/{alloc_id}/checks", name = "alloc_checks")]
    pub fn checks(&self, alloc_id: &str) -> Call<Option<BTreeMap<String, CheckResult>>, Lookup> {}

    /// As [`checks`](Self::checks), by the other path the servers have for it.
    #[get("/v1/allocation/{alloc_id}/checks", name = "allocations.checks_alias")]
    pub fn checks_alias(&self, alloc_id: &str) -> Call<Option<BTreeMap<String, CheckResult>>, Lookup> {}

    /// What an allocation uses of processors and memory right now.
    #[get("/v1/client/allocation/{alloc_id}/stats", Optional, name = "alloc_stats")]
    #[query(
        /// Answers for this task only.
        task: String,
    )]
    pub fn stats(&self, alloc_id: &str) -> Call<AllocationStats, ReadStats> {}

    /// Restarts tasks in place.
    #[put("/v1/client/allocation/{alloc_id}/restart", name = "alloc_restart")]
    #[body(
        /// Restarts this task only, which must be running.
        task = "TaskName": String,
        /// Restarts all tasks, also those that ended. The default is those that run.
        all_tasks = "AllTasks": bool,
    )]
    pub fn restart(&self, alloc_id: &str) -> Call<Indexed, RestartAllocation> {
        // Without any body the server takes the defaults as well, but says so in no document.
        call.field("TaskName", "")
    }

    /// Sends a signal, such as `SIGHUP`, to tasks.
    #[put("/v1/client/allocation/{alloc_id}/signal", name = "alloc_signal")]
    #[body(
        /// Signals this task only. The default is all of them.
        task = "Task": String,
    )]
    pub fn signal(&self, alloc_id: &str, signal: impl Into<String>) -> Call<(), SignalAllocation> {
        call.field("Signal", &signal.into())
    }

    /// Removes the files of an allocation that is over.
    #[get("/v1/client/allocation/{alloc_id}/gc", name = "alloc_gc")]
    pub fn gc(&self, alloc_id: &str) -> Call<()> {}

    /// Whether a task with a schedule is paused (Enterprise).
    #[get("/v1/client/allocation/{alloc_id}/pause", enterprise, name = "alloc_pause_state")]
    pub fn pause_state(&self, alloc_id: &str, task: &str) -> Call<TaskScheduleState, Lookup> {
        call.set_query("task", task)
    }

    /// Pauses a task, lets it run, or gives it back to its schedule (Enterprise).
    #[put("/v1/client/allocation/{alloc_id}/pause", idempotent, enterprise, name = "alloc_set_pause_state")]
    pub fn set_pause_state(&self, alloc_id: &str, task: &str, state: ScheduleOverride) -> Call<()> {
        call.field("Task", task).field("ScheduleState", &state)
    }

    /// Lists a folder of an allocation.
    #[get("/v1/client/fs/ls/{alloc_id}", Optional, name = "fs_list")]
    pub fn list_files(&self, alloc_id: &str, path: &str) -> Call<Vec<FileInfo>, ListFiles> {
        call.set_query("path", path)
    }

    /// Reads about one file.
    #[get("/v1/client/fs/stat/{alloc_id}", name = "fs_stat")]
    pub fn stat_file(&self, alloc_id: &str, path: &str) -> Call<FileInfo, ListFiles> {
        call.set_query("path", path)
    }

    /// Reads a file.
    ///
    /// The server answers a failure as if it were the file: where that matters, ask
    /// [`stat_file`](Self::stat_file) first, or use [`stream_file`](Self::stream_file).
    #[get("/v1/client/fs/cat/{alloc_id}", name = "fs_cat")]
    pub fn cat_file(&self, alloc_id: &str, path: &str) -> Call<Bytes> {
        call.set_query("path", path)
    }

    /// Reads a file from a position on. A failure is answered as in [`cat_file`](Self::cat_file).
    #[get("/v1/client/fs/readat/{alloc_id}", name = "fs_read_at")]
    #[query(
        /// Reads at most this many bytes.
        limit: u64,
    )]
    pub fn read_file_at(&self, alloc_id: &str, path: &str, offset: u64) -> Call<Bytes, ReadFileAt> {
        call.set_query("path", path).set_query("offset", offset)
    }

    /// Reads a file, reporting failures as errors. With [`follow`](Call::follow), its
    /// [`stream`](Call::stream) goes on with what is added to it.
    #[get(
        "/v1/client/fs/stream/{alloc_id}",
        streaming, name = "fs_stream", decode = logs::join_frames, recode = wire::recode_raw,
    )]
    #[query(
        /// Starts at this position.
        offset: u64,
    )]
    pub fn stream_file(&self, alloc_id: &str, path: &str) -> Call<Bytes, StreamFile> {
        call.set_query("path", path).set_query("follow", false)
    }

    /// Reads what a task wrote: its standard output, or with [`stderr`](Call::stderr) its errors.
    #[get(
        "/v1/client/fs/logs/{alloc_id}",
        own, streaming, name = "fs_logs", decode = logs::join_frames, recode = wire::recode_raw,
    )]
    pub fn logs(&self, alloc_id: &str, task: &str) -> Call<Bytes, ReadLogs> {
        call.set_query("task", task).set_query("type", "stdout")
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
        FollowLogs::new(self.client.clone(), alloc_id, task)
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
    #[get(
        "/v1/client/allocation/{alloc_id}/exec",
        not_idempotent, streaming, name = "alloc_exec", reads = Bytes,
    )]
    pub fn exec(
        &self,
        alloc_id: &str,
        task: &str,
        command: impl IntoIterator<Item = impl Into<String>>,
    ) -> Exec {
        let command: Vec<String> = command.into_iter().map(Into::into).collect();
        let command = serde_json::Value::from(command).to_string();
        Exec::new(call.set_query("task", task).set_query("command", command))
    }
}
