//! Which rule's path is for a request's path.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Rules by the kind of their path.
#[derive(Debug, Clone)]
pub(super) struct Patterns<T> {
    exact: BTreeMap<String, T>,
    /// Without the `*`.
    prefixes: BTreeMap<String, T>,
    /// Those that have `+` segments, as they are.
    segments: BTreeMap<String, T>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self { exact: BTreeMap::new(), prefixes: BTreeMap::new(), segments: BTreeMap::new() }
    }
}

impl<T> Patterns<T> {
    /// The place of a rule's path: the same one for the same path.
    pub(super) fn place(&mut self, path: &str) -> std::collections::btree_map::Entry<'_, String, T> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if path == "+" || path.starts_with("+/") || path.contains("/+") {
            return self.segments.entry(path.to_owned());
        }
        match path.strip_suffix('*') {
            Some(prefix) => self.prefixes.entry(prefix.to_owned()),
            None => self.exact.entry(path.to_owned()),
        }
    }

    /// What decides about a path. For a list, the path without its slash goes first: rules may be
    /// written either way.
    pub(super) fn find(&self, path: &str, list: bool) -> Option<&T> {
        let path = path.trim_start_matches('/');
        let bare = path.strip_suffix('/').filter(|_| list);
        let exact = self.exact.get(path).or_else(|| self.exact.get(bare?));
        exact.or_else(|| self.inexact(bare?)).or_else(|| self.inexact(path))
    }

    fn inexact(&self, path: &str) -> Option<&T> {
        let mut best: Option<(Rank<'_>, &T)> = None;
        let lengths = (0..=path.len()).rev();
        let mut prefixes = lengths.filter_map(|end| self.prefixes.get_key_value(path.get(..end)?));
        if let Some((prefix, rule)) = prefixes.next() {
            let rank = Rank { first: prefix.len(), prefix: true, wildcards: 0, path: prefix };
            best = Some((rank, rule));
        }
        for (pattern, rule) in &self.segments {
            if let Some(rank) = rank(pattern, path)
                && best.as_ref().is_none_or(|(other, _)| rank > *other)
            {
                best = Some((rank, rule));
            }
        }
        best.map(|(_, rule)| rule)
    }
}

/// How well a pattern matches; the greatest one decides.
#[derive(Debug, PartialEq, Eq)]
struct Rank<'a> {
    /// Where its first `+` or its `*` is: later is better.
    first: usize,
    /// Whether it ends in `*`: worse.
    prefix: bool,
    /// How many `+` it has: fewer is better.
    wildcards: usize,
    /// The pattern without its `*`: longer is better, then the greater one.
    path: &'a str,
}

impl Ord for Rank<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.first.cmp(&other.first))
            .then(other.prefix.cmp(&self.prefix))
            .then(other.wildcards.cmp(&self.wildcards))
            .then(self.path.len().cmp(&other.path.len()))
            .then(self.path.cmp(other.path))
    }
}

impl PartialOrd for Rank<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The rank of a pattern with `+` segments, if it matches.
fn rank<'a>(pattern: &'a str, path: &str) -> Option<Rank<'a>> {
    // Also a `+` that is a part of a segment's name counts here, as it does for servers.
    let first = pattern.find('+')?;
    let (bare, prefix) = match pattern.strip_suffix('*') {
        Some(bare) => (bare, true),
        None => (pattern, false),
    };
    let last = bare.split('/').count() - 1;
    let segments = path.split('/').count();
    if segments <= last || (!prefix && segments != last + 1) {
        return None;
    }
    let mut wildcards = 0;
    for (position, (wanted, found)) in bare.split('/').zip(path.split('/')).enumerate() {
        if wanted == "+" {
            wildcards += 1;
        } else if wanted != found && !(prefix && position == last && found.starts_with(wanted)) {
            return None;
        }
    }
    Some(Rank { first, prefix, wildcards, path: bare })
}
