//! [Snapshots](https://developer.hashicorp.com/consul/api-docs/snapshot) of all that the servers know.

use bytes::Bytes;
use client_core::{endpoints, handle};

use crate::{Call, Client, Error, Result};

/// A snapshot, piece by piece.
pub type SnapshotStream = client_core::stream::SnapshotStream<Error>;

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
#[handle(Client::snapshot)]
pub struct Snapshots;

#[endpoints("snapshot")]
impl Snapshots {
    /// Saves a snapshot: a compressed archive with the sums of its parts. `.await` keeps it in
    /// memory, [`stream`](Call::stream) does not.
    ///
    /// It takes as long as it takes, as long as something arrives, and is asked for once. An error
    /// on the server after the first byte cannot change the status any more; the stream ends with
    /// an error then, since the archive does not come to its end.
    #[get("/v1/snapshot", Stale, streaming, not_idempotent)]
    pub fn save(&self) -> Call<Bytes, Save> {
        call.edit(|request| request.timeout(None))
    }

    /// Replaces all that the servers know by a snapshot.
    #[put("/v1/snapshot")]
    pub fn restore(&self, snapshot: impl Into<Bytes>) -> Call<()> {
        let snapshot = snapshot.into();
        call.edit(|request| {
            request.bytes("application/octet-stream", snapshot);
            request.timeout(None);
        })
    }

    /// Replaces all that the servers know by a snapshot that is read while it is sent, of this many
    /// bytes where that is known. It is sent once.
    pub fn restore_stream<S>(&self, snapshot: S, length: Option<u64>) -> Call<()>
    where
        S: futures_core::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let stream = |request: &mut client_core::Request| {
            request.stream("application/octet-stream", snapshot, length);
        };
        self.client.call(&Self::RESTORE, &[]).edit(stream)
    }
}

impl Call<Bytes, Save> {
    /// Runs the call and answers the snapshot piece by piece, checked while it passes.
    ///
    /// # Errors
    ///
    /// The call cannot be sent or is refused.
    pub async fn stream(self) -> Result<SnapshotStream> {
        Ok(SnapshotStream::new(self.inner.open().await?))
    }
}
