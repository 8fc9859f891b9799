//! A call: a request, the client to send it with, and how to read the answer.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::send::{self, Opened};
use crate::stream::{Items, Pages, Watch};
use crate::wire::Wire;
use crate::{Client, Error, Meta, Op, Operation, Parts, Placement, Product, Reply, Request, Spec, Verb};

type Decode<T> = dyn Fn(&Parts) -> Result<T, Error> + Send + Sync;

/// How an answer is read: an operation's own function, or one made of it.
pub(crate) enum Decoder<T> {
    Plain(fn(&Parts) -> Result<T, Error>),
    Made(Arc<Decode<T>>),
}

impl<T> Clone for Decoder<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(decode) => Self::Plain(*decode),
            Self::Made(decode) => Self::Made(Arc::clone(decode)),
        }
    }
}

impl<T> Decoder<T> {
    pub(crate) fn decode(&self, answer: &Parts) -> Result<T, Error> {
        match self {
            Self::Plain(decode) => decode(answer),
            Self::Made(decode) => decode(answer),
        }
    }
}

/// The product-independent part of a client's `Call`.
pub struct Call<P, T> {
    client: Client,
    request: Request,
    decoder: Decoder<T>,
    product: PhantomData<fn() -> P>,
}

impl<P, T> Clone for Call<P, T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            request: self.request.clone(),
            decoder: self.decoder.clone(),
            product: PhantomData,
        }
    }
}

impl<P, T> fmt::Debug for Call<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

impl<P: Product, T> Call<P, T> {
    /// A call of `op` with the arguments of its path.
    pub fn new<C>(client: &Client, op: &Op<T, C>, arguments: &[&str]) -> Self {
        Self {
            client: client.clone(),
            request: Request::new(op.operation(), arguments),
            decoder: Decoder::Plain(op.decode),
            product: PhantomData,
        }
    }

    /// Changes the request.
    pub fn edit(&mut self, f: impl FnOnce(&mut Request)) {
        f(&mut self.request);
    }

    /// Works in `namespace` instead of the client's.
    pub fn namespace(&mut self, namespace: String) {
        if let Placement::Query(name) = P::SPEC.namespace {
            self.request.insist_on_query(name, &namespace);
        }
        self.client = self.client.with_namespace(namespace);
    }

    /// Authenticates as `token` does, or not at all, and in the client's other settings.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What would be sent.
    ///
    /// # Errors
    ///
    /// An argument cannot be sent.
    pub fn spec(&self) -> Result<Spec, P::Error> {
        let mut request = self.request.clone();
        apply_scope(&self.client, &mut request);
        Ok(request.spec()?)
    }

    pub(crate) fn ready(self) -> (Client, Request, Decoder<T>) {
        let Self { client, mut request, decoder, .. } = self;
        apply_scope(&client, &mut request);
        (client, request, decoder)
    }

    /// Runs the call.
    ///
    /// # Errors
    ///
    /// It cannot be sent, is refused, or its answer cannot be read.
    pub async fn reply(self) -> Result<Reply<T>, P::Error> {
        let (client, request, decoder) = self.ready();
        let operation = request.operation.name;
        let answer = send::execute(&client, request).await?;
        let value = decoder.decode(&answer).map_err(|error| error.with_operation(operation))?;
        Ok(Reply::new(value, answer.meta))
    }

    /// Runs the call and answers the body while it arrives.
    ///
    /// # Errors
    ///
    /// It cannot be sent or is refused.
    pub async fn open(self) -> Result<Opened, P::Error> {
        let (client, request, _) = self.ready();
        Ok(send::open(&client, request).await?)
    }

    /// Runs the call as the start of a WebSocket.
    ///
    /// # Errors
    ///
    /// It cannot be sent, is refused, or the server does not switch.
    #[cfg(feature = "websocket")]
    pub async fn websocket(self) -> Result<crate::websocket::WebSocket, P::Error> {
        let (client, request, _) = self.ready();
        Ok(crate::websocket::open(&client, request).await?)
    }

    /// `None` where the answer is a 404.
    #[must_use]
    pub fn optional(self) -> Call<P, Option<T>>
    where
        T: 'static,
    {
        let mut request = self.request;
        request.missing_is_fine = true;
        let decoder = self.decoder;
        let decode = move |answer: &Parts| match answer.meta.status {
            404 if P::is_missing(answer) => Ok(None),
            404 => Err(send::refusal(P::SPEC, answer)),
            _ => decoder.decode(answer).map(Some),
        };
        Call { client: self.client, request, decoder: Decoder::Made(Arc::new(decode)), product: PhantomData }
    }

    /// The same call with its value changed by `f`.
    #[must_use]
    pub fn map<U>(self, f: impl Fn(T) -> Result<U, Error> + Send + Sync + 'static) -> Call<P, U>
    where
        T: 'static,
    {
        let decoder = self.decoder;
        let decode = move |answer: &Parts| decoder.decode(answer).and_then(&f);
        Call {
            client: self.client,
            request: self.request,
            decoder: Decoder::Made(Arc::new(decode)),
            product: PhantomData,
        }
    }

    /// The same request with its answer read by `decode`.
    #[must_use]
    pub fn decoded_by<U>(self, decode: fn(&Parts) -> Result<U, Error>) -> Call<P, U> {
        Call {
            client: self.client,
            request: self.request,
            decoder: Decoder::Plain(decode),
            product: PhantomData,
        }
    }

    /// The value now and after each change.
    pub fn watch(self) -> Watch<T, P::Error>
    where
        T: Send + 'static,
    {
        let (client, request, decoder) = self.ready();
        Watch::new(client, request, decoder)
    }
}

/// Adds what the client's scope says and the request does not.
fn apply_scope(client: &Client, request: &mut Request) {
    if let Some((placement, namespace)) = client.place_namespace() {
        match placement {
            Placement::Query(name) if !request.query.iter().any(|(known, _)| known == name) => {
                request.set_query(name, namespace);
            }
            Placement::Header(name) if !request.headers.contains_key(name) => request.header(name, namespace),
            _ => {}
        }
    }
    for (name, value) in &client.scope.query {
        if !request.query.iter().any(|(known, _)| known == name) {
            request.set_query(name, value);
        }
    }
    for (name, value) in &client.scope.headers {
        if !request.headers.contains_key(name) {
            request.headers.insert(name, value.clone());
        }
    }
}

impl<P: Product, T: Send + 'static> Call<P, Vec<T>> {
    /// All items, page by page.
    pub fn pages(self) -> Pages<T, P::Error> {
        let (client, request, decoder) = self.ready();
        Pages::new(client, request, decoder)
    }

    /// The items of one answer, decoded while it arrives.
    pub fn items(self) -> Items<T, P::Error>
    where
        T: Wire,
    {
        let (client, request, _) = self.ready();
        Items::new(client, request)
    }
}

/// The answer of a raw call.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawReply {
    /// The status, below 400.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl RawReply {
    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// It is not JSON of that shape; the text names the place, never the value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        crate::wire::from_slice_by_serde(&self.body)
    }
}

impl fmt::Debug for RawReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawReply({}, {} bytes)", self.status, self.body.len())
    }
}

impl<P: Product> Call<P, RawReply> {
    /// A request that no operation describes.
    #[must_use]
    pub fn raw(client: &Client, verb: Verb, path: &str) -> Self {
        static RAW: Op<RawReply, ()> =
            Op::decoded_by(Verb::Get, "raw", "", decode_raw, crate::wire::recode_raw);
        let operation = Operation { verb, idempotent: verb.is_read(), ..RAW.operation() };
        let mut request = Request::new(operation, &[]);
        request.raw_path(path.to_owned());
        Self { client: client.clone(), request, decoder: Decoder::Plain(decode_raw), product: PhantomData }
    }
}

fn decode_raw(answer: &Parts) -> Result<RawReply, Error> {
    let Parts { headers, body, meta: Meta { status, .. } } = answer;
    Ok(RawReply { status: *status, headers: headers.clone(), body: body.clone() })
}
