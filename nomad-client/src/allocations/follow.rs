//! The log of a task from before its start to its end, through reconnects, and on with what takes
//! its place.

use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::follow_reader::{Read, Reader};
use super::{Allocation, ClientStatus, TaskRunState, TaskState};
use crate::evaluations::EvalStatus;
use crate::{Client, Error, Result, TransportError};

/// Follows what a task writes, from before its start to its end.
///
/// A server's own stream needs a task that runs, breaks with its connection, and goes on for ever
/// when the task is over. This one waits for the start, takes up a broken stream where it broke, ends
/// when the task is over and all it wrote was read, and on request goes on with what took the
/// allocation's place.
#[derive(Debug, Clone)]
#[must_use = "nothing is read until it is streamed"]
pub struct FollowLogs {
    client: Client,
    alloc_id: String,
    task: String,
    stderr: bool,
    tail: Option<u64>,
    successors: bool,
}

/// What a followed task does.
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowedLog {
    /// The task has not started yet.
    Waiting {
        /// Its allocation.
        alloc_id: String,
    },
    /// The task wrote something.
    Data {
        /// Its allocation.
        alloc_id: String,
        /// What, cut anywhere.
        data: Bytes,
    },
    /// Something was deleted before it could be read: the servers keep only so many files.
    Gap {
        /// Its allocation.
        alloc_id: String,
    },
    /// The stream broke and is taken up where it was.
    Reconnecting {
        /// Its allocation.
        alloc_id: String,
        /// Why it broke.
        error: Error,
    },
    /// The task is over, and all it wrote was read.
    Over {
        /// Its allocation.
        alloc_id: String,
        /// How it ended, as far as its node told.
        task: Option<Box<TaskState>>,
    },
    /// Another allocation took the place of the one that was followed, and is followed now.
    Successor {
        /// The allocation that is over.
        previous: String,
        /// The one that takes its place.
        alloc_id: String,
    },
}

impl FollowLogs {
    pub(super) fn new(client: Client, alloc_id: &str, task: &str) -> Self {
        Self {
            client,
            alloc_id: alloc_id.to_owned(),
            task: task.to_owned(),
            stderr: false,
            tail: None,
            successors: false,
        }
    }

    /// Reads the task's standard error instead of its standard output.
    pub fn stderr(mut self) -> Self {
        self.stderr = true;
        self
    }

    /// Starts this many bytes before the end of what is there. The default is its start. What takes
    /// the allocation's place is read from its start.
    pub fn tail(mut self, bytes: u64) -> Self {
        self.tail = Some(bytes);
        self
    }

    /// Goes on with what takes the allocation's place: the next attempt of a batch job, what a failed
    /// instance was rescheduled to, what a new version or a drained node replaced it by. It ends when
    /// nothing does.
    pub fn successors(mut self, yes: bool) -> Self {
        self.successors = yes;
        self
    }

    /// Starts following. Dropping the stream ends it.
    pub fn stream(self) -> FollowedLogs {
        // Whoever reads slowly is not read ahead of.
        let (tell, items) = mpsc::channel(1);
        FollowedLogs { work: Some(self.run(tell).boxed()), items, error: None }
    }

    async fn run(self, tell: Tell) -> Result<()> {
        let mut alloc_id = self.alloc_id.clone();
        let mut tail = self.tail;
        loop {
            let over = self.one(&alloc_id, tail, &tell).await?;
            if !self.successors {
                return Ok(());
            }
            let Some(next) = successor(&self.client, over).await? else { return Ok(()) };
            let previous = std::mem::replace(&mut alloc_id, next);
            told(&tell, FollowedLog::Successor { previous, alloc_id: alloc_id.clone() }).await?;
            tail = None;
        }
    }

    /// One allocation to its end. Answers what it was last.
    async fn one(&self, alloc_id: &str, tail: Option<u64>, tell: &Tell) -> Result<Allocation> {
        let own = || alloc_id.to_owned();
        let mut states = self.client.allocations().get(alloc_id).watch();
        let mut latest = states.next().await.unwrap_or_else(ended)?;
        if !self.is_known(&latest) {
            let text = format!("allocation {alloc_id} has no task `{}`", self.task);
            return Err(Error::NotFound(TransportError::stream(text)));
        }
        if !self.has_started(&latest) && !self.is_over(&latest) {
            told(tell, FollowedLog::Waiting { alloc_id: own() }).await?;
        }
        while !self.has_started(&latest) && !self.is_over(&latest) {
            latest = states.next().await.unwrap_or_else(ended)?;
        }
        if !self.has_started(&latest) {
            return if self.successors { Ok(latest) } else { Err(self.never_started(&latest)) };
        }
        let mut call = self.client.allocations().logs(alloc_id, &self.task);
        if self.stderr {
            call = call.stderr();
        }
        let mut reader = Reader::new(call, tail);
        let mut over = self.is_over(&latest);
        let mut quiet = 0;
        loop {
            let read = {
                let mut next = pin!(reader.next());
                loop {
                    tokio::select! {
                        read = &mut next => break read,
                        state = states.next(), if !over => match state.unwrap_or_else(ended) {
                            Ok(state) => {
                                over = self.is_over(&state);
                                latest = state;
                            }
                            // It was forgotten: what can be read still is.
                            Err(Error::NotFound(_)) => over = true,
                            Err(error) => return Err(error),
                        },
                    }
                }
            };
            match read {
                Read::Data(data) => {
                    quiet = 0;
                    told(tell, FollowedLog::Data { alloc_id: own(), data }).await?;
                }
                Read::Gap => told(tell, FollowedLog::Gap { alloc_id: own() }).await?,
                // From one heartbeat after the end to the next the server had nothing more.
                Read::Quiet if over && quiet > 0 => break,
                Read::Quiet => quiet += u32::from(over),
                Read::Lost { error: Error::NotFound(_), .. } if over => break,
                Read::Lost { error, lasts: true } => return Err(error),
                Read::Lost { error, .. } => {
                    told(tell, FollowedLog::Reconnecting { alloc_id: own(), error }).await?;
                }
            }
        }
        let task = latest.task_states.get(&self.task).cloned().map(Box::new);
        told(tell, FollowedLog::Over { alloc_id: own(), task }).await?;
        Ok(latest)
    }

    fn is_known(&self, allocation: &Allocation) -> bool {
        let (planned, states) = (allocation.allocated_resources.as_ref(), &allocation.task_states);
        let unsaid = planned.is_none() && states.iter().next().is_none();
        unsaid
            || planned.is_some_and(|has| has.tasks.get(&self.task).is_some())
            || states.get(&self.task).is_some()
    }

    fn has_started(&self, allocation: &Allocation) -> bool {
        allocation.task_states.get(&self.task).is_some_and(|task| task.started_at.is_some())
    }

    /// Whether the task will write nothing more. An allocation that is to be stopped still writes.
    fn is_over(&self, allocation: &Allocation) -> bool {
        use ClientStatus::{Complete, Failed, Lost};
        matches!(allocation.client_status, Complete | Failed | Lost)
            || allocation.task_states.get(&self.task).is_some_and(|task| task.state == TaskRunState::Dead)
    }

    fn never_started(&self, allocation: &Allocation) -> Error {
        let events = allocation.task_states.get(&self.task).map(|task| task.events.as_slice());
        let last = events.and_then(|events| events.last()).map(|event| &*event.display_message);
        let why = last.filter(|text| !text.is_empty()).unwrap_or(&allocation.client_description);
        let text = format!("task `{}` of allocation {} never started: {why}", self.task, allocation.id);
        Error::NotFound(TransportError::stream(text.trim_end_matches([':', ' '])))
    }
}

/// What takes the place of an allocation that is over, once it does; nothing where none will.
async fn successor(client: &Client, over: Allocation) -> Result<Option<String>> {
    let allocations = client.allocations();
    let home = client.namespace(over.namespace.as_str());
    let mut states = allocations.get(&over.id).watch();
    let mut evaluations = home.jobs().evaluations(&over.job_id).watch();
    let mut going = None;
    let mut latest = over;
    loop {
        if !latest.next_allocation.is_empty() {
            return Ok(Some(latest.next_allocation));
        }
        if going == Some(false) {
            // The evaluation that ended may have placed one since the allocation was looked at.
            return match allocations.get(&latest.id).await {
                Ok(now) => Ok(Some(now.next_allocation).filter(|next| !next.is_empty())),
                Err(Error::NotFound(_)) => Ok(None),
                Err(error) => Err(error),
            };
        }
        tokio::select! {
            state = states.next() => match state.unwrap_or_else(ended) {
                Ok(state) => latest = state,
                Err(Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            },
            found = evaluations.next() => {
                // An evaluation is made together with what it is for: without one nothing happens.
                let waits = |status: &EvalStatus| {
                    matches!(status, EvalStatus::Pending | EvalStatus::Blocked)
                };
                going = Some(found.unwrap_or_else(ended)?.iter().any(|it| waits(&it.status)));
            }
        }
    }
}

type Tell = mpsc::Sender<FollowedLog>;

async fn told(tell: &Tell, item: FollowedLog) -> Result<()> {
    // Nobody is left to hear it only where the stream itself is gone, and this with it.
    tell.send(item).await.map_err(|_| TransportError::stream("nobody follows any more").into())
}

fn ended<T>() -> Result<T> {
    Err(TransportError::stream("the allocation cannot be watched any more").into())
}

/// What a followed task does, as it happens. An error is the last item.
pub struct FollowedLogs {
    work: Option<BoxFuture<'static, Result<()>>>,
    items: mpsc::Receiver<FollowedLog>,
    error: Option<Error>,
}

impl Stream for FollowedLogs {
    type Item = Result<FollowedLog>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The work runs here, on whoever polls: no task of its own, and dropping ends it.
        if let Some(work) = &mut self.work
            && let Poll::Ready(end) = work.poll_unpin(context)
        {
            self.work = None;
            self.error = end.err();
        }
        match self.items.poll_recv(context) {
            Poll::Ready(Some(item)) => Poll::Ready(Some(Ok(item))),
            Poll::Ready(None) => Poll::Ready(self.error.take().map(Err)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for FollowedLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FollowedLogs")
    }
}
