//! [Snapshots](https://developer.hashicorp.com/consul/api-docs/snapshot) of all that the servers know.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use client_core::caps::Plain;
use client_core::wire::{bytes, empty, recode_empty, recode_raw};
use client_core::{Op, Verb, operations};
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::{Call, Client, Error, Result};

operations! {
    SAVE: Bytes, Save =
        Op::decoded_by(Verb::Get, "snapshot.save", "/v1/snapshot", bytes, recode_raw).streaming();
    RESTORE: (), Plain = Op::decoded_by(Verb::Put, "snapshot.restore", "/v1/snapshot", empty, recode_empty);
}

client_core::capabilities! {
    /// Saves a snapshot.
    pub struct Save: Stale;
}

/// Snapshots.
#[derive(Debug, Clone)]
pub struct Snapshots<'a>(&'a Client);

impl Client {
    /// Snapshots of all that the servers know.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::StreamExt;
    /// use std::io::Write;
    /// let mut file = std::fs::File::create("backup.snap")?;
    /// let mut snapshot = consul.snapshot().save().stream().await?;
    /// while let Some(piece) = snapshot.next().await {
    ///     file.write_all(&piece?)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshots<'_> {
        Snapshots(self)
    }
}

impl Snapshots<'_> {
    /// Saves a snapshot: a compressed archive with the sums of its parts. `.await` keeps it in
    /// memory, [`stream`](Call::stream) does not.
    ///
    /// An error on the server after the first byte cannot change the status any more: what ends
    /// early fails to unpack, and `consul snapshot inspect` tells.
    pub fn save(&self) -> Call<Bytes, Save> {
        self.0.call(&SAVE, &[])
    }

    /// Replaces all that the servers know by a snapshot.
    pub fn restore(&self, snapshot: impl Into<Bytes>) -> Call<()> {
        let snapshot = snapshot.into();
        self.0.call(&RESTORE, &[]).edit(|request| request.bytes("application/octet-stream", snapshot))
    }
}

impl Call<Bytes, Save> {
    /// Runs the call and answers the snapshot piece by piece.
    ///
    /// # Errors
    ///
    /// The call cannot be sent or is refused.
    pub async fn stream(self) -> Result<SnapshotStream> {
        let opened = self.inner.open().await?;
        let stream = futures_util::stream::unfold(Some(opened), |opened| async {
            let mut opened = opened?;
            match opened.chunk().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(opened))),
                Ok(None) => None,
                Err(error) => Some((Err(Error::from(error)), None)),
            }
        });
        Ok(SnapshotStream(stream.boxed()))
    }
}

/// A snapshot, piece by piece. Dropping it ends the connection.
pub struct SnapshotStream(BoxStream<'static, Result<Bytes>>);

impl Stream for SnapshotStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for SnapshotStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SnapshotStream")
    }
}
