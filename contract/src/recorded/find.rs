//! The operation of a recorded exchange.

use client_core::Entry;

use super::Exchange;
use crate::Product;
use crate::catalogue::Template;
use crate::catalogue::words;

/// The operations that an exchange may be of, best first.
///
/// Method and path decide, and the narrowest template. Where operations share a path the query
/// does, and after it the names; those that fit equally well are all answered.
#[must_use]
pub fn find<'a>(product: Product, exchange: &Exchange, operations: &'a [Entry]) -> Vec<&'a Entry> {
    let method = exchange.method(product);
    let path = exchange.path();
    let fits = |entry: &&Entry| {
        takes(product, entry.operation.verb.as_str(), method)
            && Template::new(entry.operation.path).matches(path)
    };
    let mut ranked: Vec<_> = operations
        .iter()
        .filter(fits)
        .map(|entry| {
            let verb = entry.operation.verb.as_str();
            let narrow = Template::new(entry.operation.path).narrowness();
            (
                (verb == method || verb != "GET", narrow, likeness(product, exchange, entry.operation.name)),
                entry,
            )
        })
        .collect();
    ranked.sort_by_key(|ranked| std::cmp::Reverse(ranked.0));
    let Some(((exact, narrow, likeness), _)) = ranked.first().copied() else {
        return Vec::new();
    };
    // Names are a hint, so near misses in likeness stay for the decoders to decide.
    ranked
        .into_iter()
        .filter(|((e, n, l), _)| (*e, *n) == (exact, narrow) && *l + QUERY > likeness)
        .map(|(_, entry)| entry)
        .collect()
}

fn takes(product: Product, verb: &str, method: &str) -> bool {
    let writes = ["PUT", "POST"];
    verb == method
        || (product.mixes_put_and_post() && writes.contains(&verb) && writes.contains(&method))
        || (matches!(method, "LIST" | "SCAN") && verb == "GET")
}

/// The weight of a word that the query has.
const QUERY: i64 = 100;

fn likeness(product: Product, exchange: &Exchange, operation: &str) -> i64 {
    let name = words(operation);
    let mut asked = Vec::new();
    for (key, value) in exchange.query() {
        asked.extend(words(key));
        // `?type=csi` and `?format=prometheus` make another endpoint of a path.
        if matches!(key, "type" | "format") {
            asked.extend(words(value));
        }
        if key == "recurse" {
            asked.extend(["list", "tree"].map(str::to_owned));
        }
    }
    let mut score = 0;
    for word in &name {
        if asked.contains(word) {
            score += QUERY;
        } else if QUERIED.iter().any(|(p, queried)| *p == product && queried.contains(&word.as_str())) {
            score -= QUERY;
        }
    }
    // File names begin with the area and the operation, mounts are often named after their engine.
    let hints = words(&exchange.name);
    let segments = words(exchange.path());
    // An engine can be mounted anywhere, so any path could be of one whose paths are free; it is
    // taken for one if its mount or the file is named after it.
    if FREE
        .iter()
        .any(|engine| operation.starts_with(engine) && !segments.iter().chain(&hints).any(|w| w == engine))
    {
        score -= QUERY;
    }
    for word in &name {
        score += i64::from(hints.contains(word)) * 3 + i64::from(segments.contains(word)) * 2 - 1;
    }
    score
}

/// Engines without a word of their own in their paths.
const FREE: [&str; 1] = ["kv1"];

/// Words that are in an operation's name because its query has them.
const QUERIED: [(Product, &[&str]); 2] = [
    (Product::Consul, &["keys", "list", "tree", "raw", "cas", "acquire", "release", "prometheus"]),
    (Product::Nomad, &["lock", "cas", "prometheus"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(method: &str, path: &str, name: &str) -> Exchange {
        Exchange { name: name.to_owned(), ..Exchange::asked(method, path) }
    }

    #[test]
    fn operations_are_found_by_method_path_and_query() {
        let cases = [
            (Product::Nomad, "PUT", "/v1/var/deploy/lock", "x", Some("variables.put")),
            (Product::Nomad, "GET", "/v1/namespace/staging", "x", Some("namespaces.get")),
            (Product::Nomad, "GET", "/v1/job/a%2Fb/versions?diffs=true", "x", Some("jobs.versions")),
            (Product::Nomad, "PUT", "/v1/var/deploy/lock?lock-renew", "x", Some("variables.lock_renew")),
            (Product::Nomad, "PUT", "/v1/var/deploy/lock?cas=1", "x", Some("variables.put_cas")),
            (Product::Consul, "GET", "/v1/kv/app?recurse", "x", Some("kv.list")),
            (Product::Consul, "GET", "/v1/kv/app/?keys&separator=/", "x", Some("kv.keys")),
            (Product::Consul, "GET", "/v1/kv/app", "x", Some("kv.get")),
            (Product::Vault, "GET", "/v1/secret/metadata/?list=true", "x", Some("kv2.list")),
            (Product::Vault, "GET", "/v1/secret/data/a/b", "x", Some("kv2.read")),
        ];
        for (product, method, path, name, wanted) in cases {
            let operations = product.operations();
            let found = find(product, &exchange(method, path, name), &operations);
            let found = found.first().map(|entry| entry.operation.name);
            assert_eq!(found, wanted, "{product} {method} {path}");
        }
    }
}
