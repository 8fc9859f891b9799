//! Recorded exchanges: what real servers answered, run through the clients.
//!
//! A folder has one file per exchange, `{"request": {"method", "path", "body"?}, "status", "headers", "body"}`;
//! `body` is decoded JSON, a string where the answer was text, `null` where it was empty. Answers
//! are decoded by the operation that method and path name and written again; whatever is lost or
//! changed on the way is listed. Error answers must become the typed error they stand for.

mod compare;
mod events;
mod find;
mod refusal;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use client_core::{Entry, Parts};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

pub use compare::{Difference, differences};
pub use find::find;
pub use refusal::{Refusal, refusal};

use crate::Product;

/// One request and its answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// The status of the answer.
    pub status: u16,
    /// The headers of the answer that belong to the API.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The answer.
    #[serde(default)]
    pub body: Value,
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
}

/// The request of an exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
}

impl Exchange {
    /// A request without its answer.
    #[must_use]
    pub fn asked(method: &str, path: &str) -> Self {
        Self {
            request: Request { method: method.to_owned(), path: path.to_owned() },
            status: 200,
            headers: BTreeMap::new(),
            body: Value::Null,
            name: String::new(),
        }
    }

    /// The path without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.request.path.split('?').next().unwrap_or_default()
    }

    /// The query, name by name.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.request.path.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The method, with `LIST` and `SCAN` where the query says so.
    #[must_use]
    pub fn method(&self, product: Product) -> &str {
        if product == Product::Vault && self.request.method == "GET" {
            for (name, value) in self.query() {
                match (name, value) {
                    ("list", "true") => return "LIST",
                    ("scan", "true") => return "SCAN",
                    _ => {}
                }
            }
        }
        &self.request.method
    }

    /// The body as it was on the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let json = self.headers.get("content-type").is_some_and(|value| value.contains("json"));
        match &self.body {
            Value::Null => Vec::new(),
            Value::String(text) if !json => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        }
    }

    /// The headers as HTTP has them.
    #[must_use]
    pub fn header_map(&self) -> HeaderMap {
        let pairs = self.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
        });
        pairs.collect()
    }
}

/// What became of one exchange.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Where it was read.
    pub file: PathBuf,
    /// Whose it is.
    pub product: Product,
    /// Method and path.
    pub title: String,
    /// The operation that it belongs to.
    pub operation: Option<&'static str>,
    /// The result.
    pub outcome: Outcome,
}

/// The result of checking one exchange.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Decoded and written again without a loss.
    Kept,
    /// An error answer that became this typed error.
    Refused(Refusal),
    /// Decoded, but fields were lost or changed.
    Lost(Vec<Difference>),
    /// Not decoded, or not the typed error it should be.
    Failed(String),
    /// No operation of the client has this method and path.
    Unknown,
}

impl Outcome {
    /// Whether it is a defect of a client. A missing operation is a gap, not a defect.
    #[must_use]
    pub fn is_defect(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Failed(_))
    }

    /// Whether an answer was decoded by its operation without a loss.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Kept)
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.unwrap_or("no operation");
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        write!(f, "{} {name}: {} ({operation}): ", self.product, self.title)?;
        match &self.outcome {
            Outcome::Kept => f.write_str("kept"),
            Outcome::Refused(refusal) => write!(f, "refused as {}", refusal.variant),
            Outcome::Failed(reason) => write!(f, "failed: {reason}"),
            Outcome::Unknown => f.write_str("no operation has this method and path"),
            Outcome::Lost(differences) => {
                for (position, difference) in differences.iter().enumerate() {
                    write!(f, "{}{difference}", if position == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

/// Checks every exchange below `folder`, which has one sub-folder per product.
///
/// # Errors
///
/// The folder cannot be read, or a file is not a recorded exchange.
pub async fn check_all(folder: &Path) -> Result<Vec<Checked>, String> {
    let mut checked = Vec::new();
    for name in ["nomad", "vault", "openbao", "consul"] {
        let below = folder.join(name);
        if let Some(product) = Product::named(name).filter(|_| below.is_dir()) {
            checked.extend(check_folder(product, &below).await?);
        }
    }
    if checked.is_empty() {
        let folder = folder.display();
        return Err(format!(
            "{folder} has no folder nomad, vault, openbao or consul with recorded exchanges"
        ));
    }
    Ok(checked)
}

/// Checks the exchanges that the clients' own tests have, of all products.
///
/// # Errors
///
/// As [`check_all`].
pub async fn check_committed() -> Result<Vec<Checked>, String> {
    let mut checked = Vec::new();
    for product in Product::ALL {
        for folder in product.fixture_folders() {
            if folder.is_dir() {
                checked.extend(check_folder(product, &folder).await?);
            }
        }
    }
    Ok(checked)
}

/// Checks the exchanges of one product that lie in `folder`.
///
/// # Errors
///
/// As [`check_all`].
pub async fn check_folder(product: Product, folder: &Path) -> Result<Vec<Checked>, String> {
    let operations = product.operations();
    let mut checked = Vec::new();
    for file in files(folder)? {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        if file.extension().is_some_and(|ending| ending == "ndjson") {
            checked.push(events::check(product, file, &text, &operations));
            continue;
        }
        let Ok(mut exchange) = serde_json::from_str::<Exchange>(&text) else {
            return Err(format!("{} is not a recorded exchange", file.display()));
        };
        exchange.name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        checked.push(check(product, file, &exchange, &operations).await);
    }
    Ok(checked)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file() && path.extension().is_some_and(|e| e == "json" || e == "ndjson"))
        .collect();
    files.sort();
    Ok(files)
}

async fn check(product: Product, file: PathBuf, exchange: &Exchange, operations: &[Entry]) -> Checked {
    let found = find(product, exchange, operations);
    let title = format!("{} {}", exchange.request.method, exchange.request.path);
    let answer = |entry: &&Entry| exchange.status < 400 || entry.operation.answers.contains(&exchange.status);
    let answers: Vec<&Entry> = match wrapped(exchange, operations) {
        Some(entry) => vec![entry],
        None => found.iter().copied().filter(answer).collect(),
    };
    let (operation, outcome) = match best(exchange, &answers) {
        // An error status is an error, unless the operation reads an answer out of it.
        (entry, outcome) if exchange.status >= 400 && !outcome.is_kept() => {
            let refused = match refusal(product, exchange).await {
                Ok(refusal) => Outcome::Refused(refusal),
                Err(_) if matches!(outcome, Outcome::Lost(_)) => outcome,
                Err(reason) => Outcome::Failed(reason),
            };
            (entry.or(found.first().copied()), refused)
        }
        // The operations for any path read the usual envelope; an answer without one needs an
        // operation of its own.
        (Some(entry), Outcome::Failed(_) | Outcome::Lost(_))
            if is_generic(entry) && exchange.body.get("request_id").is_none() =>
        {
            (None, Outcome::Unknown)
        }
        other => other,
    };
    let operation = operation.map(|entry| entry.operation.name);
    Checked { file, product, title, operation, outcome }
}

/// The operation that reads an answer which was wrapped, whatever was asked for.
fn wrapped<'a>(exchange: &Exchange, operations: &'a [Entry]) -> Option<&'a Entry> {
    exchange.body.get("wrap_info").filter(|info| info.is_object())?;
    operations.iter().find(|entry| entry.operation.path == "/v1/sys/wrapping/wrap")
}

fn is_generic(entry: &Entry) -> bool {
    entry.operation.name.starts_with("logical.")
}

/// Decodes by each of the operations that fit equally well, and keeps the best result.
fn best<'a>(exchange: &Exchange, entries: &[&'a Entry]) -> (Option<&'a Entry>, Outcome) {
    let parts = Parts::of(exchange.status, exchange.header_map(), exchange.bytes());
    let mut worse: Option<(&Entry, Outcome)> = None;
    for &entry in entries {
        let outcome = match entry.recode(&parts) {
            Ok(written) => match differences(&exchange.body, &written) {
                differences if differences.is_empty() => return (Some(entry), Outcome::Kept),
                differences => Outcome::Lost(differences),
            },
            Err(error) => Outcome::Failed(error.to_string()),
        };
        worse.get_or_insert((entry, outcome));
    }
    match worse {
        Some((entry, outcome)) => (Some(entry), outcome),
        None => (None, Outcome::Unknown),
    }
}
