//! How much of each product's API the clients have, and how each part was tried.
//!
//! Everything is computed from files of this workspace: the catalogue, the clients' lists of
//! operations, their wire tests and recorded answers, and the records of the last scenario runs.

mod show;
mod wire;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Product;
use crate::catalogue::{Row, pair};
use crate::recorded::{Checked, Outcome, check_committed};
use crate::scenario::Record;

pub use show::{markdown, table};

/// Numbers of endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the catalogue.
    pub endpoints: usize,
    /// That the client has with types.
    pub typed: usize,
    /// That a wire test names.
    pub wire: usize,
    /// Of which a recorded answer was decoded without a loss, or became its typed error.
    pub recorded: usize,
    /// That a scenario exercised on the embedded stack.
    pub embedded: usize,
    /// That a scenario exercised on real agents.
    pub agents: usize,
}

impl Counts {
    fn add(&mut self, tried: Tried) {
        self.endpoints += 1;
        self.typed += usize::from(tried.typed);
        self.wire += usize::from(tried.wire);
        self.recorded += usize::from(tried.recorded);
        self.embedded += usize::from(tried.embedded);
        self.agents += usize::from(tried.agents);
    }

    /// The numbers in their order.
    #[must_use]
    pub fn all(self) -> [usize; 6] {
        [self.endpoints, self.typed, self.wire, self.recorded, self.embedded, self.agents]
    }
}

/// How one endpoint was tried.
#[derive(Clone, Copy)]
struct Tried {
    typed: bool,
    wire: bool,
    recorded: bool,
    embedded: bool,
    agents: bool,
}

/// One product.
#[derive(Clone, Debug)]
pub struct ProductCoverage {
    /// Which.
    pub product: Product,
    /// All of it.
    pub total: Counts,
    /// Area by area, in the order of the catalogue.
    pub areas: Vec<(&'static str, Counts)>,
    /// Endpoints that the client does not have, with their area.
    pub missing: Vec<(&'static str, String)>,
    /// Endpoints that no client should have: removed ones, user interfaces, debugging.
    pub out_of_scope: Vec<String>,
}

/// All products, and the runs that the last two columns come from.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Nomad, Vault and Consul.
    pub products: Vec<ProductCoverage>,
    /// The last run on the embedded stack.
    pub embedded: Option<Record>,
    /// The last run on real agents.
    pub agents: Option<Record>,
}

impl Coverage {
    /// Computes coverage from the files of this workspace.
    ///
    /// # Errors
    ///
    /// A record or a recorded answer cannot be read.
    pub async fn measure() -> Result<Self, String> {
        let (embedded, agents) = (Record::read("embedded")?, Record::read("agents")?);
        let checked = check_committed().await?;
        let products = Product::ALL
            .into_iter()
            .map(|product| measure(product, &checked, embedded.as_ref(), agents.as_ref()))
            .collect();
        Ok(Self { products, embedded, agents })
    }

    /// The numbers as one JSON document, with what is missing.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let entries = self.products.iter().map(|coverage| {
            let Counts { endpoints, typed, wire, recorded, embedded, agents } = coverage.total;
            let missing: Vec<&String> = coverage.missing.iter().map(|(_, title)| title).collect();
            let value = json!({
                "endpoints": endpoints, "typed": typed, "wire": wire, "recorded": recorded,
                "embedded": embedded, "agents": agents, "missing": missing,
            });
            (coverage.product.name().to_owned(), value)
        });
        Value::Object(entries.collect())
    }
}

fn measure(
    product: Product,
    checked: &[Checked],
    embedded: Option<&Record>,
    agents: Option<&Record>,
) -> ProductCoverage {
    let operations = product.operations();
    let wire = wire::tested(product, &operations);
    let recorded: BTreeSet<&str> = checked
        .iter()
        .filter(|checked| checked.product == product)
        .filter(|checked| matches!(checked.outcome, Outcome::Kept | Outcome::Refused(_)))
        .filter_map(|checked| checked.operation)
        .collect();
    let exercised = |record: Option<&Record>| {
        record.and_then(|record| record.operations.get(product.name())).cloned().unwrap_or_default()
    };
    let (embedded, agents) = (exercised(embedded), exercised(agents));
    let mut coverage = ProductCoverage {
        product,
        total: Counts::default(),
        areas: Vec::new(),
        missing: Vec::new(),
        out_of_scope: Vec::new(),
    };
    for row in pair(product, &operations).rows {
        let tried = Tried {
            typed: row.is_typed(),
            wire: row.names().any(|name| wire.contains(name)),
            recorded: row.names().any(|name| recorded.contains(name)),
            embedded: row.names().any(|name| embedded.contains(name)),
            agents: row.names().any(|name| agents.contains(name)),
        };
        coverage.add(&row, tried);
    }
    coverage
}

impl ProductCoverage {
    fn add(&mut self, row: &Row, tried: Tried) {
        let endpoint = &row.endpoint;
        self.total.add(tried);
        match self.areas.iter_mut().find(|(area, _)| *area == endpoint.area) {
            Some((_, counts)) => counts.add(tried),
            None => {
                let mut counts = Counts::default();
                counts.add(tried);
                self.areas.push((endpoint.area, counts));
            }
        }
        if tried.typed {
            return;
        }
        if endpoint.is_out_of_scope() {
            self.out_of_scope.push(endpoint.title());
        } else {
            self.missing.push((endpoint.area, endpoint.title()));
        }
    }
}
