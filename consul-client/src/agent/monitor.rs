//! The agent's log and metrics as they come.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use client_core::endpoints;
use client_core::stream::frames::{ConcatenatedJson, Frames, NewlineJson};
use client_core::wire::from_slice;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{Agent, Metrics};
use crate::caps::Endless;
use crate::{Call, Error, Result};

#[endpoints("agent")]
impl Agent {
    /// The agent's log from now on; `.lines()` runs the call. The agent leaves lines out for a
    /// reader that is too slow.
    #[get("/v1/agent/monitor", streaming, with = crate::answers::text)]
    #[query(
        /// The least important level to show: `trace`, `debug`, `info`, `warn`, `error`.
        log_level = "loglevel": String,
        /// Writes each line as JSON.
        log_json = "logjson",
    )]
    pub fn monitor(&self) -> Call<String, Monitor<Endless>> {}

    /// The agent's metrics, interval by interval.
    ///
    /// # Errors
    ///
    /// The call cannot be sent or is refused.
    #[get("/v1/agent/metrics/stream", streaming, reads = String, with = crate::answers::text)]
    pub async fn metrics_stream(&self) -> Result<MetricsStream> {
        let opened = call.inner.open().await?;
        let frames = Frames::new(opened, ConcatenatedJson::default());
        let stream = futures_util::stream::unfold(Some(frames), |frames| async {
            let mut frames = frames?;
            match frames.next().await {
                Ok(Some(frame)) => Some((from_slice(&frame).map_err(Error::from), Some(frames))),
                Ok(None) => None,
                Err(error) => Some((Err(Error::from(error)), None)),
            }
        });
        Ok(MetricsStream(stream.boxed()))
    }
}

impl Call<String, Monitor<Endless>> {
    /// Runs the call and answers the log's lines as they come.
    ///
    /// # Errors
    ///
    /// The call cannot be sent or is refused.
    pub async fn lines(self) -> Result<LogLines> {
        /// A quiet log says nothing for long; the connection's end is noticed by other means.
        const QUIET: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
        let opened = self.inner.open().await?.idle_limit(QUIET);
        let frames = Frames::new(opened, NewlineJson::default());
        let stream = futures_util::stream::unfold(Some(frames), |frames| async {
            let mut frames = frames?;
            match frames.next().await {
                Ok(Some(line)) => Some((Ok(String::from_utf8_lossy(&line).into_owned()), Some(frames))),
                Ok(None) => None,
                Err(error) => Some((Err(Error::from(error)), None)),
            }
        });
        Ok(LogLines(stream.boxed()))
    }
}

/// Lines of a log. Dropping it ends the connection.
pub struct LogLines(BoxStream<'static, Result<String>>);

impl Stream for LogLines {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for LogLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogLines")
    }
}

/// Metrics, interval by interval. Dropping it ends the connection.
pub struct MetricsStream(BoxStream<'static, Result<Metrics>>);

impl Stream for MetricsStream {
    type Item = Result<Metrics>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for MetricsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsStream")
    }
}
