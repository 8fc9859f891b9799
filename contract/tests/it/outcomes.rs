//! What becomes of each call by what the server answers: every operation, with everything its calls
//! can do, on the answers there are.

use std::time::Duration;

use client_core::http::{HeaderMap, HeaderName, HeaderValue};
use client_core::retry::RetryPolicy;
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use client_core::{Builder, Call, Client, Entry, Error, ErrorKind};
use contract::Product;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;

/// An answer of a server.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A value, if it is one.
    Value,
    /// This very thing does not exist.
    Absent,
    /// An error, also to calls that take what is absent.
    Refused,
}

impl Transport for Answer {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let headers: HeaderMap = self
            .headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let answer = HttpResponse::full(self.status, headers, self.body);
        async move { Ok(answer) }.boxed()
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const TEXT: (&str, &str) = ("content-type", "text/plain; charset=utf-8");
const HTML: (&str, &str) = ("content-type", "text/html");
const INDEX: (&str, &str) = ("x-consul-index", "7");

const fn answer(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    meaning: Meaning,
) -> Answer {
    Answer { status, headers, body, meaning }
}

fn answers(product: Product) -> Vec<Answer> {
    use Meaning::{Absent, Refused, Value};
    let mut all: Vec<Answer> = [
        "null",
        "{}",
        "[]",
        "[{}]",
        "true",
        "\"a\"",
        "7",
        "",
        "{\"data\":{\"keys\":[\"a\"]}}",
        "{\"data\":{}}",
    ]
    .into_iter()
    .map(|body| match product {
        Product::Consul => answer(200, &[JSON, INDEX], body, Value),
        Product::Nomad => answer(200, &[JSON, ("x-nomad-index", "7")], body, Value),
        Product::Vault => answer(200, &[JSON], body, Value),
    })
    .collect();
    all.extend(match product {
        Product::Nomad => vec![
            answer(404, &[TEXT], "job not found", Absent),
            answer(500, &[TEXT], "Unknown allocation \"x\"", Absent),
            answer(404, &[TEXT], "404 page not found\n", Refused),
            answer(403, &[TEXT], "Permission denied", Refused),
            answer(429, &[TEXT], "Too Many Requests", Refused),
            answer(500, &[TEXT], "No path to region", Refused),
        ],
        Product::Vault => vec![
            answer(404, &[JSON], "{\"errors\":[]}", Absent),
            answer(
                404,
                &[JSON],
                "{\"data\":{\"data\":null,\"metadata\":{\"created_time\":\"2026-01-01T00:00:00Z\",\
                 \"custom_metadata\":null,\"deletion_time\":\"2026-01-02T00:00:00Z\",\"destroyed\":false,\
                 \"version\":1}}}",
                Absent,
            ),
            answer(
                404,
                &[JSON],
                "{\"errors\":[],\"warnings\":[\"Invalid path for a versioned K/V\"]}",
                Refused,
            ),
            answer(
                404,
                &[JSON],
                "{\"errors\":[\"no handler for route \\\"x\\\". route entry not found.\"]}",
                Refused,
            ),
            answer(404, &[], "", Refused),
            answer(403, &[JSON], "{\"errors\":[\"permission denied\"]}", Refused),
            answer(429, &[JSON], "{\"errors\":[\"request path: rate limit quota exceeded\"]}", Refused),
            answer(500, &[JSON], "{\"errors\":[\"internal error\"]}", Refused),
        ],
        Product::Consul => vec![
            answer(404, &[INDEX], "", Absent),
            answer(404, &[TEXT], "unknown service ID: x", Absent),
            answer(404, &[TEXT], "404 page not found", Refused),
            answer(404, &[TEXT], "Invalid URL path: not a recognized HTTP API endpoint", Refused),
            answer(404, &[], "", Refused),
            answer(403, &[TEXT], "Permission denied", Refused),
            answer(429, &[TEXT], "rate limit reached", Refused),
            answer(500, &[TEXT], "server error", Refused),
        ],
    });
    all.push(answer(404, &[HTML], "<html><body><h1>Not Found</h1></body></html>", Refused));
    all
}

/// What a call is, without its client's own error.
struct Plain<P>(std::marker::PhantomData<fn() -> P>);

impl<P: client_core::Product> client_core::Product for Plain<P> {
    type Error = Error;
    type Client = Client;
    const SPEC: &'static client_core::ProductSpec = P::SPEC;
}

async fn walk<P: client_core::Product>(_: Builder<P>, product: Product) -> (usize, Vec<String>) {
    let (mut tried, mut wrong) = (0, Vec::new());
    for answer in answers(product) {
        let client = Builder::<Plain<P>>::default()
            .address("http://127.0.0.1:9")
            .transport(answer)
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        for entry in product.operations() {
            let mut check = Check { entry, answer, client: &client, tried: 0, wrong: Vec::new() };
            check.all::<Plain<P>>().await;
            tried += check.tried;
            wrong.extend(check.wrong);
        }
    }
    (tried, wrong)
}

struct Check<'a> {
    entry: Entry,
    answer: Answer,
    client: &'a Client,
    tried: usize,
    wrong: Vec<String>,
}

impl Check<'_> {
    fn call<P: client_core::Product>(&self) -> Call<P, Value> {
        let arguments = vec!["x"; self.entry.operation.path.matches('{').count()];
        self.entry.call(self.client, &arguments)
    }

    fn expect(&mut self, what: &str, right: bool, got: impl std::fmt::Debug) {
        self.tried += 1;
        if !right {
            let Answer { status, body, .. } = self.answer;
            self.wrong.push(format!("{} {what} on {status} `{body}`: {got:?}", self.entry.operation.name));
        }
    }

    async fn all<P: client_core::Product<Error = Error>>(&mut self) {
        let operation = self.entry.operation;
        let plain = self.call::<P>().reply().await.map(|reply| reply.value);
        self.plain(&plain);
        if operation.can("Optional") {
            let optional = self.call::<P>().optional().reply().await.map(|reply| reply.value);
            let right = match (&plain, &optional, self.answer.meaning) {
                (Err(error), Ok(None), Meaning::Absent) => error.status() == Some(self.answer.status),
                (Ok(value), Ok(Some(same)), _) => value == same,
                (Err(one), Err(other), Meaning::Value | Meaning::Refused) => one.status() == other.status(),
                _ => false,
            };
            self.expect("optional", right, &optional);
        }
        if operation.can("Blocking") {
            self.watch::<P>(&plain).await;
        }
        if operation.can("Listed") {
            let list = self.call::<P>().map(listed).items();
            let items: Vec<Result<Value, Error>> = list.collect().await;
            self.items("items", &plain, items);
        }
        if operation.can("Paged") {
            let items: Vec<Result<Value, Error>> = self.call::<P>().map(listed).pages().collect().await;
            self.items("stream", &plain, items);
        }
    }

    fn plain(&mut self, plain: &Result<Value, Error>) {
        let operation = self.entry.operation;
        let answers = operation.answers.contains(&self.answer.status);
        let right = match (self.answer.meaning, plain) {
            _ if answers => true,
            (Meaning::Value, Ok(_)) => true,
            (Meaning::Value, Err(error)) => {
                matches!(error.kind(), ErrorKind::Decode | ErrorKind::Condition | ErrorKind::Stream)
            }
            (Meaning::Absent, Ok(value)) => operation.empty_if_missing && value == &Value::Array(Vec::new()),
            (Meaning::Absent, Err(error)) => {
                !operation.empty_if_missing && error.status() == Some(self.answer.status)
            }
            (Meaning::Refused, outcome) => {
                outcome.as_ref().is_err_and(|error| error.status() == Some(self.answer.status))
            }
        };
        self.expect("await", right, plain);
    }

    /// The first that a watch says is what awaiting says; an error is its end, unless it may pass.
    async fn watch<P: client_core::Product<Error = Error>>(&mut self, plain: &Result<Value, Error>) {
        let mut watch = self.call::<P>().watch();
        let first = tokio::time::timeout(Duration::from_secs(300), watch.next()).await;
        let right = match (&first, plain) {
            (Ok(Some(Ok(value))), Ok(same)) => value == same,
            (Ok(Some(Err(error))), Err(same)) => {
                error.status() == same.status() && error.kind() == same.kind()
            }
            // Without an index to wait for.
            (Ok(Some(Err(error))), Ok(_)) => self.answer.status >= 400 && error.kind() == ErrorKind::Stream,
            (Err(_), Err(error)) => error.is_retryable(),
            _ => false,
        };
        self.expect("watch", right, &first);
    }

    fn items(&mut self, what: &str, plain: &Result<Value, Error>, items: Vec<Result<Value, Error>>) {
        let right = match plain {
            Ok(Value::Array(wanted)) if self.answer.status >= 400 => wanted.len() == items.len(),
            Ok(Value::Array(wanted)) => wanted.len() == items.len() && items.iter().all(Result::is_ok),
            Ok(_) => items.is_empty() || items.iter().any(Result::is_err),
            Err(error) if error.status().is_some() => {
                matches!(&items[..], [Err(only)] if only.status() == error.status())
            }
            // What is none of the list's items is told where it stands.
            Err(_) => true,
        };
        self.expect(what, right, &items);
    }
}

fn listed(value: Value) -> Result<Vec<Value>, Error> {
    Ok(match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    })
}

#[tokio::test(start_paused = true)]
async fn every_operation_makes_of_each_answer_what_it_says() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for product in Product::ALL {
        let (more, bad) = match product {
            Product::Nomad => walk(nomad_client::Client::builder(), product).await,
            Product::Vault => walk(vault_client::Client::builder(), product).await,
            Product::Consul => walk(consul_client::Client::builder(), product).await,
        };
        tried += more;
        wrong.extend(bad);
    }
    assert!(tried > 10_000, "only {tried} outcomes were looked at");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}
