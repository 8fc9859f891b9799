//! A rollout as a stream of events.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::rollout::{RolloutEvent, RolloutOutcome, RolloutWait};
use crate::Result;

/// What happens during a rollout, as it happens. The last item is
/// [`Finished`](RolloutEvent::Finished) or an error.
pub struct RolloutStream {
    work: Option<BoxFuture<'static, Result<RolloutOutcome>>>,
    events: UnboundedReceiver<RolloutEvent>,
    end: Option<Result<RolloutOutcome>>,
}

impl RolloutStream {
    pub(super) fn new(wait: RolloutWait) -> Self {
        let (tell, events) = mpsc::unbounded_channel();
        Self { work: Some(wait.run(tell).boxed()), events, end: None }
    }
}

impl Stream for RolloutStream {
    type Item = Result<RolloutEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The work runs here, on whoever polls: no task of its own, and dropping ends it.
        if let Some(work) = &mut self.work
            && let Poll::Ready(end) = work.poll_unpin(context)
        {
            self.work = None;
            self.end = Some(end);
        }
        match self.events.poll_recv(context) {
            Poll::Ready(Some(event)) => Poll::Ready(Some(Ok(event))),
            Poll::Ready(None) => Poll::Ready(
                self.end.take().map(|end| end.map(|outcome| RolloutEvent::Finished(Box::new(outcome)))),
            ),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for RolloutStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RolloutStream")
    }
}
