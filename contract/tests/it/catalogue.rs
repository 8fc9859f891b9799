//! Catalogue and code agree, walked both ways.

use std::collections::BTreeSet;

use contract::Product;
use contract::catalogue::{declared_variants, endpoints, pair};

#[test]
fn every_operation_is_an_endpoint() {
    for product in Product::ALL {
        let operations = product.operations();
        let unknown: Vec<String> = pair(product, &operations)
            .unknown
            .iter()
            .map(|operation| format!("{} ({} {})", operation.name, operation.verb.as_str(), operation.path))
            .collect();
        assert_eq!(unknown, Vec::<String>::new(), "{product}: in the client, not in the catalogue");
    }
}

#[test]
fn every_endpoint_is_typed_or_counted_as_missing() {
    for product in Product::ALL {
        let operations = product.operations();
        let pairing = pair(product, &operations);
        assert_eq!(pairing.rows.len(), endpoints(product).len());
        let paired: usize = pairing.rows.iter().map(|row| row.operations.len()).sum();
        assert_eq!(
            paired + pairing.unknown.len(),
            operations.len(),
            "{product}: each operation is somewhere"
        );
    }
}

#[test]
fn operations_share_an_endpoint_only_where_that_is_declared() {
    let declared: BTreeSet<(Product, &str)> =
        declared_variants().into_iter().map(|(product, operation, _)| (product, operation)).collect();
    let mut shared = Vec::new();
    for product in Product::ALL {
        for row in pair(product, &product.operations()).rows {
            let undeclared: Vec<&str> = row
                .operations
                .iter()
                .map(|operation| operation.name)
                .filter(|name| !declared.contains(&(product, *name)))
                .collect();
            if undeclared.len() > 1 && !row.endpoint.has_variants() {
                shared.push(format!("{product} {}: {undeclared:?}", row.endpoint.title()));
            }
        }
    }
    assert_eq!(shared, Vec::<String>::new());
}

#[test]
fn declared_variants_exist() {
    for (product, operation, reason) in declared_variants() {
        assert!(!reason.is_empty(), "{operation} has no reason");
        let exists = product.operations().iter().any(|entry| entry.operation.name == operation);
        assert!(exists, "{product} has no operation {operation}");
    }
}

#[test]
fn methods_are_those_the_server_takes() {
    let mut wrong = Vec::new();
    for product in Product::ALL {
        for row in pair(product, &product.operations()).rows {
            for operation in &row.operations {
                if !row.endpoint.takes(operation.verb.as_str()) {
                    wrong.push(format!(
                        "{} sends {} to {}",
                        operation.name,
                        operation.verb.as_str(),
                        row.endpoint.title()
                    ));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn names_are_unique() {
    for product in Product::ALL {
        let mut seen = BTreeSet::new();
        for entry in product.operations() {
            assert!(seen.insert(entry.operation.name), "{product}: {} twice", entry.operation.name);
        }
    }
}

#[test]
fn what_the_catalogue_says_of_blocking_and_paging_is_what_the_client_offers() {
    // Vault has neither, and the catalogue has no column for them there.
    let mut wrong = Vec::new();
    for product in [Product::Nomad, Product::Consul] {
        for row in pair(product, &product.operations()).rows {
            for operation in &row.operations {
                let endpoint = &row.endpoint;
                if operation.blocking && !endpoint.blocking {
                    wrong.push(format!("{product} {}: offers blocking", operation.name));
                }
                if product == Product::Nomad && operation.paged && !endpoint.paged {
                    wrong.push(format!("{product} {}: offers pages", operation.name));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
