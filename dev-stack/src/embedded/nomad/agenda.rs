//! What falls due by itself, ordered by when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::state::Key;

/// Something that happens when its time has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    /// An evaluation that waits goes to the scheduler.
    Evaluation(String),
    /// A group of a deployment has to have made progress.
    Progress(String),
    /// The health changes of a deployment are evaluated together.
    Batch(String),
    /// A draining node has to be empty.
    Drain(String),
    /// A variable's lock runs out.
    Lock(Key),
    /// A periodic job starts.
    Launch(Key),
    /// A task of an allocation goes on, or its health is judged.
    Runner(String),
    /// What ended long ago is collected.
    Collection,
}

/// At most one time for each item.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    times: BTreeMap<Item, Timestamp>,
    order: BTreeSet<(Timestamp, Item)>,
}

impl Agenda {
    /// Sets the item's time, or takes it off the agenda.
    pub(crate) fn set(&mut self, item: Item, at: Option<Timestamp>) {
        if let Some(old) = self.times.remove(&item) {
            self.order.remove(&(old, item.clone()));
        }
        if let Some(at) = at {
            self.times.insert(item.clone(), at);
            self.order.insert((at, item));
        }
    }

    /// Sets the item's time if it has none.
    pub(crate) fn set_once(&mut self, item: Item, at: Timestamp) {
        if !self.times.contains_key(&item) {
            self.set(item, Some(at));
        }
    }

    pub(crate) fn remove(&mut self, item: Item) {
        self.set(item, None);
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the first item that is due.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<Item> {
        self.order.first().filter(|(at, _)| *at <= now)?;
        let (_, item) = self.order.pop_first()?;
        self.times.remove(&item);
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_once_and_with_their_last_time() {
        let at = |s| Timestamp::from_second(s).unwrap();
        let mut agenda = Agenda::default();
        agenda.set(Item::Batch("late".into()), Some(at(9)));
        agenda.set(Item::Collection, Some(at(1)));
        agenda.set(Item::Collection, Some(at(3)));
        agenda.set_once(Item::Collection, at(2));
        assert_eq!(agenda.pop(at(2)), None);
        assert_eq!(agenda.pop(at(3)), Some(Item::Collection));
        assert_eq!((agenda.pop(at(3)), agenda.next()), (None, Some(at(9))));
        agenda.remove(Item::Batch("late".into()));
        assert_eq!(agenda.next(), None);
    }
}
