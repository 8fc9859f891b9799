//! Which operations the wire tests look at, read off their source.

use std::collections::BTreeSet;
use std::path::Path;

use client_core::Entry;

use crate::Product;
use crate::recorded::{Exchange, find};

const METHODS: [&str; 8] = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "LIST", "SCAN"];

/// The operations that the wire tests of a product's client name, or expect the request of.
///
/// A wire test says what is sent as `"PUT /v1/job/x/plan"`.
pub(super) fn tested(product: Product, operations: &[Entry]) -> BTreeSet<&'static str> {
    let mut text = String::new();
    collect(&product.client_folder().join("tests/it"), false, &mut text);
    let literals: BTreeSet<&str> = text.split('"').skip(1).step_by(2).collect();
    let named = operations.iter().map(|entry| entry.operation.name).filter(|name| literals.contains(name));
    let expected = literals.iter().filter_map(|literal| {
        let (method, path) = literal.split_once(' ')?;
        let request = METHODS.contains(&method) && path.starts_with('/');
        let exchange = request.then(|| Exchange::asked(method, path))?;
        find(product, &exchange, operations).first().map(|entry| entry.operation.name)
    });
    named.chain(expected).collect()
}

fn collect(folder: &Path, all: bool, text: &mut String) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let wire = all || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("wire"));
        if path.is_dir() {
            collect(&path, wire, text);
        } else if wire && path.extension().is_some_and(|ending| ending == "rs") {
            // Escaped quotes would shift what is inside quotes and what is not.
            let source = std::fs::read_to_string(&path).unwrap_or_default();
            text.push_str(&source.replace("\\\"", "'").replace("'\"'", "' '"));
            text.push_str(if text.matches('"').count().is_multiple_of(2) { "\n" } else { "\"\n" });
        }
    }
}
