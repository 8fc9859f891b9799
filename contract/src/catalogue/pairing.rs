//! Which operation of a client is which endpoint of the catalogue.

use std::collections::BTreeMap;

use client_core::{Entry, Operation};

use super::route::key;
use super::{Endpoint, endpoints};
use crate::Product;

/// An endpoint and the operations a client has for it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The client's operations; none where it is missing.
    pub operations: Vec<Operation>,
    /// An operation of another endpoint whose options make this one of it, such as a put with
    /// check-and-set.
    pub covered_by: Option<Operation>,
}

impl Row {
    /// Whether the client has it.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        !self.operations.is_empty() || self.covered_by.is_some()
    }

    /// The names of the operations that are this endpoint.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.operations.iter().chain(&self.covered_by).map(|operation| operation.name)
    }
}

/// The result of holding a client's operations against the catalogue.
#[derive(Clone, Debug)]
pub struct Pairing {
    /// Every endpoint, in the order of the catalogue.
    pub rows: Vec<Row>,
    /// Operations without an endpoint: a wrong path or method, or a line the catalogue lacks.
    pub unknown: Vec<Operation>,
}

/// Finds the endpoint of each operation.
///
/// Method and path decide. Where several endpoints have the same (Vault's engines, queries that
/// make a path another endpoint), the names do.
#[must_use]
pub fn pair(product: Product, operations: &[Entry]) -> Pairing {
    let mut rows: Vec<Row> = endpoints(product)
        .into_iter()
        .map(|endpoint| Row { endpoint, operations: Vec::new(), covered_by: None })
        .collect();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, row) in rows.iter().enumerate() {
        groups.entry(key(product, row.endpoint.method, row.endpoint.path)).or_default().push(position);
    }
    let mut unknown = Vec::new();
    for entry in operations {
        let operation = entry.operation;
        let group = keys_of(product, operation).into_iter().find_map(|key| groups.get(&key));
        let best = group.and_then(|group| best_of(&rows, group, operation));
        match best.and_then(|position| rows.get_mut(position)) {
            Some(row) => row.operations.push(operation),
            None => unknown.push(operation),
        }
    }
    for group in groups.values() {
        cover_by_options(&mut rows, group);
    }
    Pairing { rows, unknown }
}

/// The keys an operation may have in the catalogue, best first: a list may be a `GET` with `?list=true`.
fn keys_of(product: Product, operation: Operation) -> Vec<String> {
    let mut keys = vec![key(product, operation.verb.as_str(), operation.path)];
    let last = operation.name.rsplit('.').next().unwrap_or_default();
    if operation.verb.as_str() == "GET" {
        for method in ["LIST", "SCAN"] {
            let listed = key(product, method, operation.path);
            match last.contains(&method.to_ascii_lowercase()) {
                true => keys.insert(0, listed),
                false => keys.push(listed),
            }
        }
    }
    keys
}

fn best_of(rows: &[Row], group: &[usize], operation: Operation) -> Option<usize> {
    let alone = group.len() == 1;
    group
        .iter()
        .filter_map(|position| rows.get(*position).map(|row| (*position, likeness(&row.endpoint, operation))))
        .filter(|(_, likeness)| alone || *likeness > 0)
        // Of equals the first is the plain one.
        .min_by_key(|(position, likeness)| (std::cmp::Reverse(*likeness), *position))
        .map(|(position, _)| position)
}

/// How alike the names of an endpoint and an operation are.
fn likeness(endpoint: &Endpoint, operation: Operation) -> usize {
    let wanted = words(operation.name);
    let area = words(endpoint.area);
    let variants = endpoint.operation.split('|').map(words);
    let named = variants
        .map(|words| {
            let shared = wanted.iter().filter(|word| words.contains(word)).count();
            let exact = words.last() == wanted.last() && shared == words.len().min(wanted.len());
            // What the endpoint says and the operation does not makes it another one.
            10 * shared + usize::from(exact) * 5 + 9_usize.saturating_sub(words.len())
        })
        .max()
        .unwrap_or_default();
    let areas = wanted.iter().filter(|word| area.contains(word)).count();
    100 * areas + named
}

/// The words of a name: `auth().approle(mount).read_role` has `auth`, `approle`, `read` and `role`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for c in name.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_ascii_lowercase())
        .collect()
}

/// Endpoints that only a query sets apart are options of the operation that has the path.
fn cover_by_options(rows: &mut [Row], group: &[usize]) {
    let there: Vec<Operation> = group
        .iter()
        .filter_map(|position| rows.get(*position))
        .flat_map(|row| row.operations.iter().copied())
        .collect();
    for position in group {
        let Some(row) = rows.get_mut(*position) else { continue };
        if !row.operations.is_empty() || !row.endpoint.path.contains('?') {
            continue;
        }
        let wanted = words(row.endpoint.operation);
        row.covered_by = there.iter().copied().find(|operation| {
            let last = operation.name.rsplit('.').next().unwrap_or_default();
            words(last).first() == wanted.first()
        });
    }
}
