//! Files of allocations.

use client_core::Extra;
use client_core::time::rfc3339;
use client_core::wire::Wire;
use jiff::Timestamp;

use super::StreamFile;
use crate::Call;
use crate::caps::Endless;

/// A file or folder.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// In bytes.
    pub size: u64,
    /// Its permissions, as `ls` shows them.
    pub file_mode: String,
    /// When it was last written.
    #[wire(with = rfc3339)]
    pub mod_time: Option<Timestamp>,
    /// What seems to be in it; of single files only.
    pub content_type: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl<S> Call<bytes::Bytes, StreamFile<S>> {
    /// Keeps waiting for more at the end, so that only [`stream`](Self::stream) reads it.
    pub fn follow(self) -> Call<bytes::Bytes, StreamFile<Endless>> {
        self.set_query("follow", true).then(|call| call)
    }

    /// Starts this many bytes before the end.
    pub fn tail(self, bytes: u64) -> Self {
        self.set_query("origin", "end").set_query("offset", bytes)
    }

    /// The file, frame by frame.
    pub fn stream(self) -> super::LogStream {
        super::LogStream::new(self.inner)
    }
}
