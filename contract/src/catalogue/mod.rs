//! Every documented endpoint, one line each.
//!
//! The tables lie in `contract/catalogue` and are part of this crate. [`pair`] says which operation
//! of a client is which endpoint.

mod pairing;
mod route;

pub(crate) use pairing::words;
pub use pairing::{Pairing, Row, pair};
pub use route::{Template, key};

use crate::Product;

/// A documented endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whose it is.
    pub product: Product,
    /// The part of the API it belongs to, such as `jobs` or `auth/approle`.
    pub area: &'static str,
    /// `GET`, `PUT`, …, with `LIST` for Vault's lists and `ANY` where it does not matter.
    pub method: &'static str,
    /// The path with its parameters in braces; some name the query that makes it an endpoint of its own.
    pub path: &'static str,
    /// What a client calls it; several names that share the endpoint are separated by `|`.
    pub operation: &'static str,
    /// Whether blocking queries work on it.
    pub blocking: bool,
    /// Whether it answers in pages.
    pub paged: bool,
    /// Whether it answers with a stream.
    pub streaming: bool,
    /// What else is known.
    pub notes: &'static str,
}

impl Endpoint {
    /// Whether several operations of a client may be this endpoint, because the table says so.
    #[must_use]
    pub fn has_variants(&self) -> bool {
        self.operation.contains('|')
    }

    /// Whether no client should have it: removed from the servers, or no API at all.
    #[must_use]
    pub fn is_out_of_scope(&self) -> bool {
        self.operation == "(skip)" || self.method == "ANY" || matches!(self.area, "ui" | "debug")
    }

    /// Whether the server takes a request with this method.
    #[must_use]
    pub fn takes(&self, method: &str) -> bool {
        if self.method == method || self.method == "ANY" {
            return true;
        }
        match (self.method, method) {
            ("LIST", "GET") | ("SCAN", "GET") => true,
            ("PUT", "POST") | ("POST", "PUT") => {
                let only = ["PUT only", "POST only", "PUT 405", "PUT is 405", "POST 405", "POST is 404"];
                self.product.mixes_put_and_post() && !only.iter().any(|text| self.notes.contains(text))
            }
            _ => false,
        }
    }

    /// Method and path as one text, for lists of what is missing.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The endpoints of a product, in the order of its table.
#[must_use]
pub fn endpoints(product: Product) -> Vec<Endpoint> {
    let table = match product {
        Product::Nomad => include_str!("../../catalogue/nomad.tsv"),
        Product::Vault => include_str!("../../catalogue/vault.tsv"),
        Product::Consul => include_str!("../../catalogue/consul.tsv"),
    };
    parse(product, table)
}

/// Operations that share an endpoint with another one on purpose, and why.
///
/// The second element is the operation's name in its client.
#[must_use]
pub fn declared_variants() -> Vec<(Product, &'static str, &'static str)> {
    let lines = include_str!("../../catalogue/variants.tsv").lines().skip(1);
    lines
        .filter_map(|line| {
            let mut cells = line.splitn(3, '\t');
            Some((Product::named(cells.next()?)?, cells.next()?, cells.next()?))
        })
        .collect()
}

fn parse(product: Product, table: &'static str) -> Vec<Endpoint> {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    lines
        .map(|line| {
            let cells: Vec<&'static str> = line.split('\t').collect();
            let cell = |name: &str| {
                let column = header.iter().position(|known| *known == name);
                column.and_then(|column| cells.get(column)).copied().unwrap_or_default().trim()
            };
            let set = |name: &str| !matches!(cell(name), "" | "no");
            Endpoint {
                product,
                area: cell("area"),
                method: cell("method"),
                path: cell("path"),
                operation: cell("operation"),
                blocking: set("blocking"),
                paged: set("paginated"),
                streaming: set("stream"),
                notes: cell("notes"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_whole() {
        for product in Product::ALL {
            let endpoints = endpoints(product);
            assert!(endpoints.len() > 190, "{product} has {} endpoints", endpoints.len());
            for endpoint in &endpoints {
                let filled = [endpoint.area, endpoint.method, endpoint.path, endpoint.operation];
                assert!(filled.iter().all(|cell| !cell.is_empty()), "{endpoint:?}");
            }
            let mut seen = std::collections::BTreeSet::new();
            for endpoint in &endpoints {
                assert!(seen.insert((endpoint.area, endpoint.method, endpoint.path)), "twice: {endpoint:?}");
            }
        }
    }

    #[test]
    fn methods_that_are_the_same_to_the_server() {
        let nomad = endpoints(Product::Nomad);
        let find =
            |path| nomad.iter().find(|endpoint| endpoint.path == path && endpoint.method != "GET").unwrap();
        assert!(find("/v1/jobs").takes("POST"));
        assert!(!find("/v1/system/gc").takes("POST"));
        assert!(!find("/v1/client/metadata").takes("PUT"));
        let consul = endpoints(Product::Consul);
        assert!(!consul.iter().find(|endpoint| endpoint.path == "/v1/txn").unwrap().takes("POST"));
    }
}
