//! Rows by id that are also found by what they belong to, and that tell which of them changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use serde_json::Value;

use super::state::Key;

/// A table whose rows never change what they belong to.
///
/// `marked` keeps apart the few rows that somebody looks through again and again, such as allocations that use
/// resources among thousands that have ended.
#[derive(Debug)]
pub(crate) struct Table {
    rows: BTreeMap<String, Value>,
    owned: BTreeMap<Key, BTreeSet<String>>,
    marked: BTreeSet<String>,
    /// None where nobody asks.
    changed: Option<BTreeSet<String>>,
    owner: fn(&Value) -> Key,
    mark: fn(&Value) -> bool,
}

impl Table {
    pub(crate) fn new(owner: fn(&Value) -> Key, mark: fn(&Value) -> bool) -> Self {
        Self {
            rows: BTreeMap::new(),
            owned: BTreeMap::new(),
            marked: BTreeSet::new(),
            changed: Some(BTreeSet::new()),
            owner,
            mark,
        }
    }

    /// A table that keeps no note of what changed.
    pub(crate) fn unwatched(self) -> Self {
        Self { changed: None, ..self }
    }

    fn note(&mut self, id: &str) {
        if let Some(changed) = &mut self.changed {
            changed.insert(id.to_owned());
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.rows.get(id)
    }

    pub(crate) fn contains_key(&self, id: &str) -> bool {
        self.rows.contains_key(id)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.rows.values()
    }

    /// The rows that belong to `owner`.
    pub(crate) fn of<'a>(&'a self, owner: &Key) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.owned.get(owner).into_iter().flatten().filter_map(|id| self.rows.get(id))
    }

    /// The rows for which the table's mark holds.
    pub(crate) fn marked(&self) -> impl Iterator<Item = &Value> {
        self.marked.iter().filter_map(|id| self.rows.get(id))
    }

    /// A row to change.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<RowMut<'_>> {
        let (id, row) = (id.to_owned(), self.rows.get_mut(id)?);
        Some(RowMut { id, row, marked: &mut self.marked, changed: self.changed.as_mut(), mark: self.mark })
    }

    pub(crate) fn insert(&mut self, id: String, row: Value) {
        self.remove(&id);
        self.owned.entry((self.owner)(&row)).or_default().insert(id.clone());
        if (self.mark)(&row) {
            self.marked.insert(id.clone());
        }
        self.note(&id);
        self.rows.insert(id, row);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        let row = self.rows.remove(id)?;
        let owner = (self.owner)(&row);
        if let Some(ids) = self.owned.get_mut(&owner) {
            ids.remove(id);
            if ids.is_empty() {
                self.owned.remove(&owner);
            }
        }
        self.marked.remove(id);
        self.note(id);
        Some(row)
    }

    /// The ids of rows that came, changed or went since this was last asked.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<String> {
        self.changed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.changed.as_ref().is_some_and(|changed| !changed.is_empty())
    }
}

/// A row that is being changed.
pub(crate) struct RowMut<'a> {
    id: String,
    row: &'a mut Value,
    marked: &'a mut BTreeSet<String>,
    changed: Option<&'a mut BTreeSet<String>>,
    mark: fn(&Value) -> bool,
}

impl Deref for RowMut<'_> {
    type Target = Value;
    fn deref(&self) -> &Value {
        self.row
    }
}

impl DerefMut for RowMut<'_> {
    fn deref_mut(&mut self) -> &mut Value {
        self.row
    }
}

impl Drop for RowMut<'_> {
    fn drop(&mut self) {
        if (self.mark)(self.row) {
            self.marked.insert(self.id.clone());
        } else {
            self.marked.remove(&self.id);
        }
        if let Some(changed) = &mut self.changed {
            changed.insert(std::mem::take(&mut self.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::nomad::json::Json as _;
    use crate::embedded::nomad::state::key_of;
    use serde_json::json;

    #[test]
    fn marks_owners_and_changes_follow_the_rows() {
        let mut table = Table::new(key_of, |row| row.b("Live"));
        let owner = ("default".to_owned(), "web".to_owned());
        for id in ["a", "b"] {
            table.insert(id.into(), json!({"ID": id, "Namespace": "default", "JobID": "web", "Live": true}));
        }
        assert_eq!((table.of(&owner).count(), table.marked().count()), (2, 2));
        assert_eq!(table.take_changed().len(), 2);
        table.get_mut("a").unwrap().put("Live", false);
        assert_eq!(table.marked().map(|r| r.s("ID")).collect::<Vec<_>>(), ["b"]);
        assert_eq!(table.take_changed().into_iter().collect::<Vec<_>>(), ["a"]);
        table.remove("a");
        table.remove("b");
        assert!(table.has_changed());
        table.take_changed();
        assert!(table.owned.is_empty() && table.marked.is_empty() && table.rows.is_empty());
    }
}
