//! Layers: what an application puts around attempts and calls, with the traits of `tower`.
//!
//! An attempt is an [`HttpRequest`] that is answered by an [`HttpResponse`]; whatever else a layer
//! fails with counts as a broken connection. A call is an [`Invocation`] that is answered by a
//! [`Completion`].
//!
//! ```
//! use std::task::{Context, Poll};
//! use client_core::layer::{BoxError, Calls, Invocation, Completion};
//! use futures_util::future::BoxFuture;
//! use tower_service::Service;
//!
//! /// Says which operations take long.
//! #[derive(Clone)]
//! struct Slow<S>(S);
//!
//! impl<S> Service<Invocation> for Slow<S>
//! where
//!     S: Service<Invocation, Response = Completion, Future: Send + 'static>,
//! {
//!     type Response = Completion;
//!     type Error = S::Error;
//!     type Future = BoxFuture<'static, Result<Completion, S::Error>>;
//!
//!     fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
//!         self.0.poll_ready(context)
//!     }
//!
//!     fn call(&mut self, invocation: Invocation) -> Self::Future {
//!         let operation = invocation.operation();
//!         let begun = std::time::Instant::now();
//!         let run = self.0.call(invocation);
//!         Box::pin(async move {
//!             let done = run.await;
//!             if begun.elapsed().as_secs() > 1 {
//!                 println!("{operation} took {:?}", begun.elapsed());
//!             }
//!             done
//!         })
//!     }
//! }
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, poll_fn};
use tower_layer::Layer;
use tower_service::Service;

use crate::send::{self, Mode, Rest};
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use crate::{Client, Error, ErrorKind, Meta, Parts, Request};

/// Whatever a layer fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) type WrapTransport = Box<dyn FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport> + Send>;
pub(crate) type WrapCalls = Box<dyn FnOnce(Calls) -> Calls + Send>;

/// Sends each attempt: the innermost service under layers around attempts.
#[derive(Clone)]
pub struct Attempts(Arc<dyn Transport>);

impl Service<HttpRequest> for Attempts {
    type Response = HttpResponse;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<HttpResponse, TransportError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        self.0.send(request)
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempts")
    }
}

/// A layered service as a transport. Each attempt has a clone of it, as `tower` asks for.
struct Layered<S>(Mutex<S>);

impl<S> Transport for Layered<S>
where
    S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let mut service = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        async move {
            poll_fn(|context| service.poll_ready(context))
                .await
                .map_err(|error| transport_error(error.into(), false))?;
            service.call(request).await.map_err(|error| transport_error(error.into(), true))
        }
        .boxed()
    }
}

fn transport_error(error: BoxError, sent: bool) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(known) => *known,
        Err(other) => TransportError { sent, source: other },
    }
}

pub(crate) fn wrap_transport<L>(layer: L) -> WrapTransport
where
    L: Layer<Attempts> + Send + 'static,
    L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + 'static,
    <L::Service as Service<HttpRequest>>::Error: Into<BoxError>,
    <L::Service as Service<HttpRequest>>::Future: Send,
{
    Box::new(move |inner| Arc::new(Layered(Mutex::new(layer.layer(Attempts(inner))))))
}

/// A call that is about to run.
pub struct Invocation {
    pub(crate) client: Client,
    pub(crate) request: Request,
    pub(crate) mode: Mode,
}

impl Invocation {
    /// The operation, such as `jobs.register`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.request.operation.name
    }

    /// The request as it will be sent.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The request, to add a header or a query parameter to it.
    pub fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The product's name.
    #[must_use]
    pub fn product(&self) -> &'static str {
        self.client.shared.spec.name
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invocation({})", self.operation())
    }
}

/// A call that was answered.
pub struct Completion {
    pub(crate) parts: Parts,
    pub(crate) rest: Rest,
}

impl Completion {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.parts.meta.status
    }

    /// What the headers of the answer said, how often it was sent and how long it took.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.parts.meta
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completion({})", self.status())
    }
}

/// Runs each call: the innermost service under layers around calls.
#[derive(Clone, Default)]
pub struct Calls(Option<Arc<dyn Run>>);

trait Run: Send + Sync {
    fn run(&self, invocation: Invocation) -> BoxFuture<'static, Result<Completion, Error>>;
}

impl Calls {
    pub(crate) async fn invoke(&self, invocation: Invocation) -> Result<Completion, Error> {
        match &self.0 {
            Some(layered) => layered.run(invocation).await,
            None => send::run(invocation).await,
        }
    }
}

impl Service<Invocation> for Calls {
    type Response = Completion;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Completion, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        let this = self.clone();
        async move { this.invoke(invocation).await }.boxed()
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

struct LayeredCalls<S>(Mutex<S>);

impl<S> Run for LayeredCalls<S>
where
    S: Service<Invocation, Response = Completion> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn run(&self, invocation: Invocation) -> BoxFuture<'static, Result<Completion, Error>> {
        let mut service = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        async move {
            let operation = invocation.operation();
            let failed = |error: BoxError| match error.downcast::<Error>() {
                Ok(known) => *known,
                Err(other) => {
                    let text = format!("a layer ended the call: {other}");
                    Error::new(ErrorKind::Layer, text).with_source(other).with_operation(operation)
                }
            };
            poll_fn(|context| service.poll_ready(context)).await.map_err(|error| failed(error.into()))?;
            service.call(invocation).await.map_err(|error| failed(error.into()))
        }
        .boxed()
    }
}

pub(crate) fn wrap_calls<L>(layer: L) -> WrapCalls
where
    L: Layer<Calls> + Send + 'static,
    L::Service: Service<Invocation, Response = Completion> + Clone + Send + 'static,
    <L::Service as Service<Invocation>>::Error: Into<BoxError>,
    <L::Service as Service<Invocation>>::Future: Send,
{
    Box::new(move |inner| Calls(Some(Arc::new(LayeredCalls(Mutex::new(layer.layer(inner)))))))
}
