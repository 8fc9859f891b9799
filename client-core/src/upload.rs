//! Bodies that are sent while they are made: as long as they move they may take any time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::watch;

use crate::transport::BodyStream;

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// So many pieces were taken.
    Taken(u64),
    /// All was taken; what is waited for is the server's.
    Over,
}

/// Watches a body being sent.
pub(crate) struct Pace(watch::Receiver<Step>);

/// The same body, and how it moves.
pub(crate) fn paced(body: BodyStream) -> (BodyStream, Pace) {
    let (sender, receiver) = watch::channel(Step::Taken(0));
    let sender = Arc::new(sender);
    let at_end = Arc::clone(&sender);
    let pieces = body.stream.inspect(move |_| {
        sender.send_modify(|step| {
            if let Step::Taken(count) = step {
                *count = count.saturating_add(1);
            }
        });
    });
    let end = futures_util::stream::poll_fn(move |_| {
        at_end.send_replace(Step::Over);
        std::task::Poll::Ready(None)
    });
    (BodyStream { stream: pieces.chain(end).boxed(), length: body.length }, Pace(receiver))
}

impl Pace {
    /// Runs `sending`; `None` where nothing of the body was taken for longer than `idle`.
    pub(crate) async fn watch<T>(mut self, sending: BoxFuture<'_, T>, idle: Option<Duration>) -> Option<T> {
        let Some(idle) = idle else { return Some(sending.await) };
        let stalled = async move {
            loop {
                if *self.0.borrow_and_update() == Step::Over {
                    return std::future::pending().await;
                }
                match tokio::time::timeout(idle, self.0.changed()).await {
                    Ok(Ok(())) => {}
                    // The body is gone: it was sent, or the request is over.
                    Ok(Err(_)) => return std::future::pending().await,
                    Err(_) => return,
                }
            }
        };
        match select(sending, Box::pin(stalled)).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(((), _)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;

    use super::*;
    use crate::transport::TransportError;

    fn body(pieces: usize, pause: Duration) -> BodyStream {
        let stream = futures_util::stream::iter(0..pieces).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, TransportError>(Bytes::from_static(b"x"))
        });
        BodyStream { stream: stream.boxed(), length: None }
    }

    #[tokio::test(start_paused = true)]
    async fn what_moves_may_take_long_and_what_stands_still_may_not() {
        let second = Duration::from_secs(1);
        for (pause, server, wanted) in [(1, 0, true), (1, 600, true), (30, 0, false)] {
            let (mut body, pace) = paced(body(100, second * pause));
            let sending = async move {
                let mut sent = 0;
                while body.stream.next().await.is_some() {
                    sent += 1;
                }
                tokio::time::sleep(second * server).await;
                sent
            };
            let answer = pace.watch(sending.boxed(), Some(second * 10)).await;
            assert_eq!(answer, wanted.then_some(100), "a piece in {pause} s, an answer in {server} s");
        }
    }
}
