//! Error answers: whether they become the typed error they stand for.

use std::marker::PhantomData;

use bytes::Bytes;
use client_core::caps::Plain;
use client_core::retry::RetryPolicy;
use client_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use client_core::{Builder, Call, Client, Op, ProductSpec, Verb, wire};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Exchange, find};
use crate::Product;

/// A typed error that an answer became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The variant of the client's error.
    pub variant: String,
    /// Its text.
    pub text: String,
}

/// Runs the operation of a recorded error answer in-process and looks at the error it ends with.
///
/// # Errors
///
/// The error is not of a kind that the status and the server's words call for, or loses them.
pub async fn refusal(product: Product, exchange: &Exchange) -> Result<Refusal, String> {
    let refusal = match product {
        Product::Nomad => run(nomad_client::Client::builder(), product, exchange).await,
        Product::Vault => run(vault_client::Client::builder(), product, exchange).await,
        Product::Consul => run(consul_client::Client::builder(), product, exchange).await,
    }?;
    let text = exchange.body.to_string();
    let wanted = wanted(product, exchange.status, &text);
    if wanted.contains(&refusal.variant.as_str()) {
        Ok(refusal)
    } else {
        let status = exchange.status;
        Err(format!("{status} became `{}`, not {}: {}", refusal.variant, wanted.join(" or "), refusal.text))
    }
}

/// The client's product with the transport's own error, which the client's is then made of.
struct Untyped<P>(PhantomData<fn() -> P>);

impl<P: client_core::Product> client_core::Product for Untyped<P> {
    type Error = client_core::Error;
    type Client = Client;
    const SPEC: &'static ProductSpec = P::SPEC;
}

async fn run<P>(_: Builder<P>, product: Product, exchange: &Exchange) -> Result<Refusal, String>
where
    P: client_core::Product,
{
    let answer =
        Recorded { status: exchange.status, headers: exchange.header_map(), body: exchange.bytes().into() };
    let client = Builder::<Untyped<P>>::default()
        .address("http://127.0.0.1:9")
        .transport(answer)
        .retry(RetryPolicy::never())
        .build()
        .map_err(|error| error.to_string())?;
    let operations = product.operations();
    let name = find(product, exchange, &operations).first().map_or("raw", |entry| entry.operation.name);
    let operation: Op<Bytes, Plain> =
        Op::decoded_by(verb(&exchange.request.method), name, "/{path**}", wire::bytes, wire::recode_raw);
    let path = exchange.path().trim_start_matches('/');
    let Err(error) = Call::<Untyped<P>, Bytes>::new(&client, &operation, &[path]).reply().await else {
        return Err(format!("status {} is not an error to the client", exchange.status));
    };
    if error.status() != Some(exchange.status) {
        return Err(format!("the error lost its status: {error}"));
    }
    let typed = P::Error::from(error);
    let (text, debug) = (typed.to_string(), format!("{typed:?}"));
    for message in messages(exchange) {
        if !debug.contains(&escaped(&message)) {
            return Err(format!("the error lost the server's words `{message}`: {text}"));
        }
    }
    let variant = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    Ok(Refusal { variant, text })
}

/// What the server says in an error answer, however it words it.
fn messages(exchange: &Exchange) -> Vec<String> {
    let body = &exchange.body;
    match body.get("errors").and_then(|errors| errors.as_array()) {
        Some(errors) => errors.iter().filter_map(|error| error.as_str()).map(first_line).collect(),
        None => body.as_str().map(first_line).into_iter().collect(),
    }
}

/// Servers indent lists of errors over several lines; the first with words in it is looked for.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(|line| line.trim_start_matches([' ', '\t', '*']).trim());
    lines.find(|line| !line.is_empty() && !line.ends_with("occurred:")).unwrap_or_default().to_owned()
}

/// The text as `Debug` shows it inside quotes.
fn escaped(text: &str) -> String {
    let quoted = format!("{text:?}");
    quoted.trim_matches('"').to_owned()
}

fn verb(method: &str) -> Verb {
    match method {
        "POST" => Verb::Post,
        "PUT" => Verb::Put,
        "PATCH" => Verb::Patch,
        "DELETE" => Verb::Delete,
        "LIST" => Verb::List,
        "HEAD" => Verb::Head,
        _ => Verb::Get,
    }
}

/// A server that always gives the recorded answer.
struct Recorded {
    status: u16,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Transport for Recorded {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let answer = HttpResponse::full(self.status, self.headers.clone(), self.body.clone());
        async move { Ok(answer) }.boxed()
    }
}

/// The kinds of error that a status and the server's words may be; the first line that fits decides.
fn wanted(product: Product, status: u16, text: &str) -> &'static [&'static str] {
    let text = text.to_ascii_lowercase();
    let fits = |line: &&Line| {
        line.product.is_none_or(|wanted| wanted == product)
            && line.status == status
            && text.contains(line.text)
    };
    LINES.iter().find(fits).map_or(&["Other"], |line| line.variants)
}

struct Line {
    product: Option<Product>,
    status: u16,
    text: &'static str,
    variants: &'static [&'static str],
}

const fn line(product: Product, status: u16, text: &'static str, variants: &'static [&'static str]) -> Line {
    Line { product: Some(product), status, text, variants }
}

const fn any(status: u16, text: &'static str, variants: &'static [&'static str]) -> Line {
    Line { product: None, status, text, variants }
}

const LINES: [Line; 36] = {
    use Product::{Consul, Nomad, Vault};
    [
        line(Nomad, 500, "enforcing job modify index", &["JobModifyIndexConflict"]),
        line(Nomad, 500, "enterprise only", &["EnterpriseOnly"]),
        line(Nomad, 501, "enterprise", &["EnterpriseOnly"]),
        line(Nomad, 500, "permission denied", &["PermissionDenied"]),
        line(Nomad, 500, "no cluster leader", &["NoLeader"]),
        line(Nomad, 500, "did not provide required meta", &["Invalid"]),
        line(Nomad, 500, "healthy allocations", &["Conflict"]),
        line(Nomad, 500, "not found", &["NotFound"]),
        line(Nomad, 500, "no such plugin", &["NotFound"]),
        line(Nomad, 400, "already done", &["Conflict"]),
        line(Nomad, 401, "", &["PermissionDenied"]),
        line(Nomad, 409, "modifyindex", &["VariableConflict"]),
        line(Nomad, 409, "", &["Conflict"]),
        line(Consul, 403, "acl not found", &["AclNotFound"]),
        line(Consul, 404, "invalid url path", &["EnterpriseOnly", "NoSuchEndpoint"]),
        line(Consul, 409, "results", &["TxnConflict"]),
        line(Consul, 500, "discovery chain", &["Invalid"]),
        line(Consul, 500, "boolean expression", &["Invalid"]),
        line(Consul, 500, "must be enabled", &["Invalid"]),
        line(Consul, 500, "no cluster leader", &["NoLeader"]),
        line(Consul, 429, "", &["RateLimited"]),
        line(Consul, 413, "", &["TooLarge"]),
        line(Vault, 400, "check-and-set", &["CasMismatch"]),
        line(Vault, 400, "wrapping token is not valid", &["WrappingTokenInvalid"]),
        line(Vault, 400, "", &["InvalidRequest"]),
        line(Vault, 404, "deletion_time", &["Deleted"]),
        line(Vault, 404, "enterprise", &["EnterpriseOnly"]),
        line(Vault, 404, "unsupported path", &["Unsupported"]),
        line(Vault, 405, "", &["MethodNotAllowed"]),
        line(Vault, 429, "", &["RateLimited"]),
        line(Vault, 503, "sealed", &["Sealed"]),
        any(403, "", &["PermissionDenied"]),
        any(404, "", &["NotFound"]),
        any(400, "", &["Invalid"]),
        any(422, "", &["Invalid"]),
        any(500, "", &["Other"]),
    ]
};
