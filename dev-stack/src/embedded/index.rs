//! Raft-like indexes: one counter for the whole store, the last value per table, and waiting for a table to move.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::clock::{Clock, add};

/// One global, only ever growing index and the index each table was last written at.
#[derive(Debug)]
pub struct Indexes {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    global: u64,
    tables: HashMap<&'static str, u64>,
}

impl Default for Indexes {
    fn default() -> Self {
        Self::new()
    }
}

impl Indexes {
    /// Indexes that start at 0; the first write gets 1.
    pub fn new() -> Self {
        Self { state: Mutex::new(State::default()), changed: watch::Sender::new(0) }
    }

    /// Records one write that touched `tables`, wakes waiting queries, and returns the write's index.
    pub fn bump(&self, tables: &[&'static str]) -> u64 {
        let index = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.global += 1;
            let index = state.global;
            for table in tables {
                state.tables.insert(table, index);
            }
            index
        };
        self.changed.send_modify(|i| *i = (*i).max(index));
        index
    }

    /// The index of the last write to `table`; 0 if there was none.
    pub fn current(&self, table: &str) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).tables.get(table).copied().unwrap_or(0)
    }

    /// The highest of the indexes of `tables`; 0 if none was ever written.
    pub fn highest(&self, tables: &[&'static str]) -> u64 {
        tables.iter().map(|t| self.current(t)).max().unwrap_or(0)
    }

    /// The index of the last write to anything.
    pub fn global(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).global
    }

    /// Waits until one of `tables` was written after `index`, or `timeout` has passed on `clock`.
    /// Returns the highest index of `tables` at that moment.
    pub async fn wait_past(
        &self,
        tables: &[&'static str],
        index: u64,
        timeout: Duration,
        clock: &Clock,
    ) -> u64 {
        let deadline = add(clock.now(), timeout);
        let mut changed = self.changed.subscribe();
        loop {
            let now = self.highest(tables);
            if now > index || clock.now() >= deadline {
                return now;
            }
            tokio::select! {
                got = changed.changed() => if got.is_err() { return self.highest(tables) },
                () = clock.sleep_until(deadline) => {}
            }
        }
    }

    /// A receiver that sees the global index after every write.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_wait_ends_with_a_write_to_its_table_and_not_with_another() {
        let indexes = Arc::new(Indexes::new());
        indexes.bump(&["jobs"]);
        let clock = Clock::stepped(jiff::Timestamp::UNIX_EPOCH);
        let waiting = tokio::spawn({
            let (indexes, clock) = (indexes.clone(), clock.clone());
            async move { indexes.wait_past(&["jobs"], 1, Duration::from_secs(60), &clock).await }
        });
        tokio::task::yield_now().await;
        indexes.bump(&["nodes"]);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        indexes.bump(&["jobs"]);
        assert_eq!(waiting.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_wait_ends_with_its_time_and_keeps_the_index() {
        let indexes = Indexes::new();
        indexes.bump(&["jobs"]);
        let clock = Clock::scaled(1000.0);
        assert_eq!(indexes.wait_past(&["jobs"], 1, Duration::from_secs(5), &clock).await, 1);
    }
}
