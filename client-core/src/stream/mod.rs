//! Answers that are more than one value.
//!
//! - [`Watch`]: a blocking query as a stream of changed values.
//! - [`Pages`]: a paged list as a stream of items.
//! - [`Items`]: one long list, decoded while it arrives.
//! - [`frames`]: newline-delimited and concatenated JSON, with limits.

pub mod blocking;
pub mod frames;
mod items;
mod pages;
mod scan;
mod snapshot;
mod status;
mod watch;

pub use items::Items;
pub use pages::Pages;
pub use snapshot::{SnapshotStream, check_snapshot};
pub use status::{WatchMonitor, WatchStatus};
pub use watch::Watch;
