//! A call: a request, the client to send it with, and how to read the answer.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::caps::{Marker, Plain};
use crate::send::{self, Opened};
use crate::stream::{Items, Pages, Watch};
use crate::wire::Wire;
use crate::{
    Client, Error, Meta, Op, Operation, Parts, Placement, Product, ProductSpec, Reply, Request, Spec, Verb,
};

type Decode<T> = dyn Fn(&Parts) -> Result<T, Error> + Send + Sync;

/// How an answer is read: by an operation's own function, or one made of it.
pub(crate) struct Decoder<T> {
    read: Read<T>,
    /// What an answer means that says that there is nothing. Without it, such an answer is an error.
    absent: Option<fn() -> T>,
}

enum Read<T> {
    Plain(fn(&Parts) -> Result<T, Error>),
    Made(Arc<Decode<T>>),
    /// Also reads that there is nothing.
    Whatever(Arc<Decode<T>>),
}

impl<T> Clone for Decoder<T> {
    fn clone(&self) -> Self {
        let read = match &self.read {
            Read::Plain(decode) => Read::Plain(*decode),
            Read::Made(decode) => Read::Made(Arc::clone(decode)),
            Read::Whatever(decode) => Read::Whatever(Arc::clone(decode)),
        };
        Self { read, absent: self.absent }
    }
}

impl<T> Decoder<T> {
    fn plain(decode: fn(&Parts) -> Result<T, Error>, absent: Option<fn() -> T>) -> Self {
        Self { read: Read::Plain(decode), absent }
    }

    pub(crate) fn decode(&self, answer: &Parts) -> Result<T, Error> {
        match (&self.read, self.absent) {
            (Read::Whatever(decode), _) => decode(answer),
            (_, Some(absent)) if answer.absent => Ok(absent()),
            (Read::Plain(decode), _) => decode(answer),
            (Read::Made(decode), _) => decode(answer),
        }
    }

    /// Whether it makes a value of an answer that says that there is nothing.
    pub(crate) fn takes_absence(&self) -> bool {
        self.absent.is_some() || matches!(self.read, Read::Whatever(_))
    }

    /// What there is to decode: also the error that says that there is nothing, where that is a value.
    pub(crate) fn settle(&self, spec: &ProductSpec, outcome: Result<Parts, Error>) -> Result<Parts, Error> {
        match outcome {
            Err(error) if self.takes_absence() && (spec.absent)(&error) => Ok(error.into_absence()),
            outcome => outcome,
        }
    }
}

/// The product-independent part of a client's `Call`.
pub struct Call<P, T> {
    client: Client,
    request: Request,
    decoder: Decoder<T>,
    /// Whether the namespace was named for this call.
    placed: bool,
    product: PhantomData<fn() -> P>,
}

impl<P, T> Clone for Call<P, T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            request: self.request.clone(),
            decoder: self.decoder.clone(),
            placed: self.placed,
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
    pub fn new<C: Marker>(client: &Client, op: &Op<T, C>, arguments: &[&str]) -> Self {
        Self::described(client, op.operation(), op.decode, op.absent, arguments)
    }

    pub(crate) fn described(
        client: &Client,
        operation: Operation,
        decode: fn(&Parts) -> Result<T, Error>,
        absent: Option<fn() -> T>,
        arguments: &[&str],
    ) -> Self {
        Self {
            client: client.clone(),
            request: Request::new(operation, arguments),
            decoder: Decoder::plain(decode, absent),
            placed: false,
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
        self.placed = true;
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
        apply_scope(&self.client, &mut request, self.placed);
        Ok(request.spec()?)
    }

    pub(crate) fn ready(self) -> (Client, Request, Decoder<T>) {
        let Self { client, mut request, decoder, placed, .. } = self;
        apply_scope(&client, &mut request, placed);
        (client, request, decoder)
    }

    /// Runs the call.
    ///
    /// # Errors
    ///
    /// It cannot be sent, is refused, or its answer cannot be read.
    pub fn reply(self) -> Replying<T, P::Error> {
        let (client, request, decoder) = self.ready();
        let operation = request.operation.name;
        Replying {
            answer: send::boxed(client, request),
            decoder,
            spec: P::SPEC,
            operation,
            error: PhantomData,
        }
    }

    /// Runs the call and answers its value alone.
    pub fn run(self) -> Running<T, P::Error> {
        Running(self.reply())
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

    fn read_by<U>(self, decoder: Decoder<U>) -> Call<P, U> {
        let Self { client, request, placed, .. } = self;
        Call { client, request, decoder, placed, product: PhantomData }
    }

    /// `None` where the server says that this very thing does not exist.
    #[must_use]
    pub fn optional(self) -> Call<P, Option<T>>
    where
        T: 'static,
    {
        let decoder = self.decoder.clone();
        let decode = move |answer: &Parts| match answer.absent {
            true => Ok(None),
            false => match decoder.decode(answer) {
                // What is let through as an answer can turn out to say so too.
                Err(error) if (P::SPEC.absent)(&error) => Ok(None),
                outcome => outcome.map(Some),
            },
        };
        self.read_by(Decoder { read: Read::Whatever(Arc::new(decode)), absent: None })
    }

    /// The same call with its value changed by `f`.
    #[must_use]
    pub fn map<U>(self, f: impl Fn(T) -> Result<U, Error> + Send + Sync + 'static) -> Call<P, U>
    where
        T: 'static,
    {
        let decoder = self.decoder.clone();
        let takes_absence = decoder.takes_absence();
        let decode: Arc<Decode<U>> = Arc::new(move |answer: &Parts| decoder.decode(answer).and_then(&f));
        let read = if takes_absence { Read::Whatever(decode) } else { Read::Made(decode) };
        self.read_by(Decoder { read, absent: None })
    }

    /// The same request with its answer read by `decode`.
    #[must_use]
    pub fn decoded_by<U>(self, decode: fn(&Parts) -> Result<U, Error>) -> Call<P, U> {
        self.read_by(Decoder::plain(decode, None))
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
fn apply_scope(client: &Client, request: &mut Request, placed: bool) {
    let root = request.operation.root && !placed;
    if let Some((placement, namespace)) = client.place_namespace().filter(|_| !root) {
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
        let (client, request, decoder) = self.ready();
        Items::new(client, request, decoder.takes_absence())
    }
}

/// A call that runs, and answers its value with what the headers said.
#[must_use = "a call does nothing until it is awaited"]
pub struct Replying<T, E> {
    answer: BoxFuture<'static, Result<Parts, Error>>,
    decoder: Decoder<T>,
    spec: &'static ProductSpec,
    operation: &'static str,
    error: PhantomData<fn() -> E>,
}

impl<T, E: From<Error>> Future for Replying<T, E> {
    type Output = Result<Reply<T>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.answer.poll_unpin(context).map(|outcome| {
            let answer = this.decoder.settle(this.spec, outcome)?;
            match this.decoder.decode(&answer) {
                Ok(value) => Ok(Reply::new(value, answer.meta)),
                Err(error) => Err(error.with_operation(this.operation).into()),
            }
        })
    }
}

/// A call that runs.
#[must_use = "a call does nothing until it is awaited"]
pub struct Running<T, E>(Replying<T, E>);

impl<T, E: From<Error>> Future for Running<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_unpin(context).map(|reply| reply.map(|reply| reply.value))
    }
}

impl<T, E> fmt::Debug for Replying<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Replying({})", self.operation)
    }
}

impl<T, E> fmt::Debug for Running<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.0.operation)
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
        static RAW: Op<RawReply, Plain> =
            Op::decoded_by(Verb::Get, "raw", "", decode_raw, crate::wire::recode_raw);
        let operation = Operation { verb, idempotent: verb.is_read(), ..RAW.operation() };
        let mut call = Self::described(client, operation, decode_raw, None, &[]);
        call.request.raw_path(path.to_owned());
        call
    }
}

/// The answer of a raw call whose body is arriving.
#[non_exhaustive]
pub struct RawStream<E> {
    /// The status, below 400.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: BoxStream<'static, Result<Bytes, E>>,
}

impl<E: From<Error> + 'static> RawStream<E> {
    /// The body of what was opened.
    #[must_use]
    pub fn new(opened: Opened) -> Self {
        let (status, headers) = (opened.meta.status, opened.headers.clone());
        let body = futures_util::stream::unfold(Some(opened), |opened| async {
            let mut opened = opened?;
            match opened.chunk().await {
                Ok(piece) => Some((Ok(piece?), Some(opened))),
                Err(error) => Some((Err(E::from(error)), None)),
            }
        });
        Self { status, headers, body: body.boxed() }
    }
}

impl<E> Stream for RawStream<E> {
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.poll_next_unpin(context)
    }
}

impl<E> fmt::Debug for RawStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawStream({})", self.status)
    }
}

fn decode_raw(answer: &Parts) -> Result<RawReply, Error> {
    let Parts { headers, body, meta: Meta { status, .. }, .. } = answer;
    Ok(RawReply { status: *status, headers: headers.clone(), body: body.clone() })
}
