//! Files of allocations.

use client_core::time::rfc3339;
use jiff::Timestamp;

use super::StreamFile;
use crate::Call;
use crate::record::records;

records! {
    /// A file or folder.
    pub struct FileInfo {
        /// Its name.
        name: String,
        /// Whether it is a folder.
        is_dir: bool,
        /// In bytes.
        size: u64,
        /// Its permissions, as `ls` shows them.
        file_mode: String,
        /// When it was last written.
        mod_time: Option<Timestamp> as "rfc3339",
        /// What seems to be in it; of single files only.
        content_type: String,
        ..
    }
}

client_core::options! { StreamFile {
    /// Keeps waiting for more at the end. For `stream()`.
    query follow(bool) = "follow";
    /// Starts at this position.
    query offset(u64) = "offset";
} }

impl Call<bytes::Bytes, StreamFile> {
    /// Starts this many bytes before the end.
    pub fn tail(self, bytes: u64) -> Self {
        self.set_query("origin", "end").set_query("offset", bytes)
    }

    /// The file, frame by frame.
    pub fn stream(self) -> super::LogStream {
        super::LogStream::new(self.inner)
    }
}
