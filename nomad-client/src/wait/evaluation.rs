//! An evaluation to its end.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::allocations::AllocMetric;
use crate::evaluations::{EvalStatus, Evaluation};
use crate::{Client, ErrorKind, Result, TransportError};

/// Waits for an evaluation. Awaiting it answers the outcome.
#[derive(Debug, Clone)]
#[must_use = "nothing is waited for until it is awaited"]
pub struct EvaluationWait {
    client: Client,
    eval_id: String,
    limit: Duration,
    until_placed: bool,
}

impl EvaluationWait {
    pub(super) fn new(client: Client, eval_id: String) -> Self {
        Self { client, eval_id, limit: Duration::from_secs(300), until_placed: false }
    }

    /// How long to wait at the most. Five minutes.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Goes on waiting while allocations wait for room. Off by default.
    pub fn until_placed(mut self, yes: bool) -> Self {
        self.until_placed = yes;
        self
    }

    async fn run(self) -> Result<EvaluationOutcome> {
        let deadline = Instant::now() + self.limit;
        let mut chain = Chain::new(self.client, self.eval_id);
        let mut followed = Vec::new();
        loop {
            let Some(evaluation) = chain.next(deadline, self.until_placed, |_| {}).await? else {
                let text = format!("the evaluation was not carried out within {:?}", self.limit);
                return Err(TransportError::new(ErrorKind::Timeout, text).into());
            };
            if chain.is_over() {
                return Ok(EvaluationOutcome { evaluation, followed });
            }
            followed.push(evaluation.id);
        }
    }
}

impl IntoFuture for EvaluationWait {
    type Output = Result<EvaluationOutcome>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// How an evaluation ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EvaluationOutcome {
    /// The last of them.
    pub evaluation: Evaluation,
    /// The ids of those it follows from, oldest first.
    pub followed: Vec<String>,
}

impl EvaluationOutcome {
    /// Whether everything found a place.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        self.evaluation.status == EvalStatus::Complete && self.evaluation.failed_tg_allocs.is_empty()
    }

    /// Why allocations found no place, by group.
    #[must_use]
    pub fn placement_failures(&self) -> &BTreeMap<String, AllocMetric> {
        &self.evaluation.failed_tg_allocs
    }
}

/// An evaluation and those that follow from it.
pub(super) struct Chain {
    client: Client,
    current: Option<String>,
}

impl Chain {
    pub(super) fn new(client: Client, eval_id: String) -> Self {
        Self { client, current: Some(eval_id) }
    }

    /// Whether nothing follows from the last one that [`next`](Self::next) answered.
    pub(super) fn is_over(&self) -> bool {
        self.current.is_none()
    }

    /// The next evaluation once it is at its end; `None` at the deadline.
    pub(super) async fn next(
        &mut self,
        deadline: Instant,
        until_placed: bool,
        mut tell: impl FnMut(&Evaluation),
    ) -> Result<Option<Evaluation>> {
        let Some(eval_id) = self.current.clone() else {
            return Ok(None);
        };
        // A server that lags behind does not have it yet: the query waits for that too.
        let mut watch = self.client.evaluations().get(&eval_id).optional().watch();
        loop {
            let Ok(next) = timeout_at(deadline, watch.next()).await else {
                return Ok(None);
            };
            let Some(next) = next else {
                return Err(TransportError::stream("the evaluation cannot be watched any more").into());
            };
            let Some(evaluation) = next? else { continue };
            tell(&evaluation);
            if evaluation.status.is_terminal() {
                self.current = successor(&evaluation, until_placed);
                return Ok(Some(evaluation));
            }
        }
    }
}

/// What has to be waited for after this one. An evaluation that failed because it was tried too
/// often goes on as a blocked one, which is not the end.
fn successor(evaluation: &Evaluation, until_placed: bool) -> Option<String> {
    let some = |id: &String| Some(id.clone()).filter(|id| !id.is_empty());
    some(&evaluation.next_eval).or_else(|| {
        let goes_on = evaluation.status == EvalStatus::Failed || until_placed;
        some(&evaluation.blocked_eval).filter(|_| goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows() {
        let evaluation = |status, next: &str, blocked: &str| Evaluation {
            status,
            next_eval: next.to_owned(),
            blocked_eval: blocked.to_owned(),
            ..Evaluation::default()
        };
        let cases = [
            (EvalStatus::Complete, "", "", false, None),
            (EvalStatus::Complete, "", "b", false, None),
            (EvalStatus::Complete, "", "b", true, Some("b")),
            (EvalStatus::Complete, "n", "b", false, Some("n")),
            (EvalStatus::Failed, "", "b", false, Some("b")),
            (EvalStatus::Failed, "", "", false, None),
            (EvalStatus::Canceled, "", "", true, None),
        ];
        for (status, next, blocked, until_placed, wanted) in cases {
            let got = successor(&evaluation(status.clone(), next, blocked), until_placed);
            assert_eq!(got.as_deref(), wanted, "{status} {next} {blocked} {until_placed}");
        }
    }
}
