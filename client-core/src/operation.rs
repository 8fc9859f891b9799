//! One constant per endpoint: what it is called, where it is, what it answers.

use std::marker::PhantomData;

use http::Method;
use serde_json::Value;

use crate::Error;
use crate::caps::{self, Marker};
use crate::wire::{self, Parts, Wire};

/// The HTTP methods the three APIs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Verb {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    List,
    Scan,
}

/// Under the names that HTTP libraries give them.
#[allow(missing_docs)]
impl Verb {
    pub const GET: Self = Self::Get;
    pub const HEAD: Self = Self::Head;
    pub const POST: Self = Self::Post;
    pub const PUT: Self = Self::Put;
    pub const PATCH: Self = Self::Patch;
    pub const DELETE: Self = Self::Delete;
    pub const LIST: Self = Self::List;
}

impl Verb {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::List => "LIST",
            Self::Scan => "SCAN",
        }
    }

    /// Whether it only reads.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::List | Self::Scan)
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
            // Both are plain tokens, which is all a method has to be.
            Self::List | Self::Scan => Method::from_bytes(self.as_str().as_bytes()).unwrap_or(Method::GET),
        }
    }
}

/// An endpoint's description. Spans, retries, coverage and documentation are driven by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Area and verb, such as `jobs.register`.
    pub name: &'static str,
    /// The HTTP method.
    pub verb: Verb,
    /// The path template; see [`path`](crate::path) for its syntax.
    pub path: &'static str,
    /// Whether a repeat after a lost answer leaves the same state. Reads are.
    pub idempotent: bool,
    /// Whether the server can hold the answer until something changes.
    pub blocking: bool,
    /// Whether the answer comes in pages.
    pub paged: bool,
    /// Whether the answer is a stream without an end of its own.
    pub streaming: bool,
    /// Whether only Enterprise servers have it.
    pub enterprise: bool,
    /// Whether it belongs to no namespace, and is sent without the client's.
    pub root: bool,
    /// Whether what does not exist is an empty list.
    pub empty_if_missing: bool,
    /// The names of what its calls can do.
    pub capabilities: &'static [&'static str],
    /// Error statuses whose body is the answer all the same, such as health reports.
    pub answers: &'static [u16],
}

impl Operation {
    /// Whether its calls have the capability of this name.
    #[must_use]
    pub const fn can(&self, capability: &str) -> bool {
        caps::has(self.capabilities, capability)
    }
}

/// An [`Operation`] whose answer is a `T` and whose calls have the capabilities `C`.
pub struct Op<T, C> {
    operation: Operation,
    pub(crate) decode: fn(&Parts) -> Result<T, Error>,
    pub(crate) absent: Option<fn() -> T>,
    recode: fn(&Parts) -> Result<Value, Error>,
    capabilities: PhantomData<fn() -> C>,
}

impl<T, C: Marker> Op<T, C> {
    /// An operation that answers JSON.
    #[must_use]
    pub const fn new(verb: Verb, name: &'static str, path: &'static str) -> Self
    where
        T: Wire,
    {
        Self::decoded_by(verb, name, path, wire::json::<T>, wire::recode::<T>)
    }

    /// An operation whose answer is read by `decode`; `recode` reads it and writes it again, to
    /// prove that nothing is lost.
    #[must_use]
    pub const fn decoded_by(
        verb: Verb,
        name: &'static str,
        path: &'static str,
        decode: fn(&Parts) -> Result<T, Error>,
        recode: fn(&Parts) -> Result<Value, Error>,
    ) -> Self {
        let operation = Operation {
            name,
            verb,
            path,
            idempotent: verb.is_read(),
            blocking: caps::has(C::CAPABILITIES, "Blocking"),
            paged: caps::has(C::CAPABILITIES, "Paged"),
            streaming: false,
            enterprise: false,
            root: false,
            empty_if_missing: false,
            capabilities: C::CAPABILITIES,
            answers: &[],
        };
        Self { operation, decode, absent: None, recode, capabilities: PhantomData }
    }

    /// A write that may be repeated when its answer was lost.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.operation.idempotent = true;
        self
    }

    /// A read that changes something all the same, and is not repeated.
    #[must_use]
    pub const fn not_idempotent(mut self) -> Self {
        self.operation.idempotent = false;
        self
    }

    /// Answers with a stream that does not end by itself.
    #[must_use]
    pub const fn streaming(mut self) -> Self {
        self.operation.streaming = true;
        self
    }

    /// Exists on Enterprise servers only.
    #[must_use]
    pub const fn enterprise(mut self) -> Self {
        self.operation.enterprise = true;
        self
    }

    /// Belongs to no namespace.
    #[must_use]
    pub const fn root(mut self) -> Self {
        self.operation.root = true;
        self
    }

    /// Answers nothing, rather than an error, where there is nothing.
    #[must_use]
    pub const fn empty_if_missing(mut self) -> Self
    where
        T: Default,
    {
        self.operation.empty_if_missing = true;
        self.absent = Some(T::default);
        self
    }

    /// Error statuses whose body is the answer all the same.
    #[must_use]
    pub const fn answers(mut self, statuses: &'static [u16]) -> Self {
        self.operation.answers = statuses;
        self
    }

    /// The description.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The entry for the client's list of operations.
    #[must_use]
    pub const fn entry(&self) -> Entry {
        Entry { operation: self.operation, recode: self.recode }
    }
}

/// An operation without its types, as a client lists all it has.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Entry {
    /// The description.
    pub operation: Operation,
    recode: fn(&Parts) -> Result<Value, Error>,
}

impl Entry {
    /// A call of it whose value is what the answer is written as again.
    #[must_use]
    pub fn call<P: crate::Product>(
        &self,
        client: &crate::Client,
        arguments: &[&str],
    ) -> crate::Call<P, Value> {
        let absent: Option<fn() -> Value> =
            if self.operation.empty_if_missing { Some(|| Value::Array(Vec::new())) } else { None };
        crate::Call::described(client, self.operation, self.recode, absent, arguments)
    }

    /// Decodes an answer as this operation would and writes it as JSON again.
    ///
    /// # Errors
    ///
    /// The answer is not of the operation's shape.
    pub fn recode(&self, answer: &Parts) -> Result<Value, Error> {
        (self.recode)(answer).map_err(|error| error.with_operation(self.operation.name))
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.operation.fmt(f)
    }
}
