//! The transport that `nomad-client`, `vault-client` and `consul-client` share.
//!
//! Nothing in here knows a product. A product describes itself with a [`Product`] (its token
//! header, how it words errors, which environment it reads), lists its endpoints as [`Op`]
//! constants and gets, from one macro, a `Call` type whose setters depend on what each endpoint
//! supports. Applications do not use this crate directly; everything they need is re-exported by
//! the clients.
//!
//! What happens to a call, in order:
//!
//! 1. [`path`] fills the operation's template with percent-encoded segments,
//! 2. [`Request`] collects query, headers and body as plain data, with no I/O,
//! 3. [`send`] runs it: token, time limits, [`retry`], [`redirect`], one span,
//! 4. the operation's decoder reads the answer ([`wire`]), and [`Meta`] its headers.
//!
//! [`stream`] builds on the same steps for blocking queries, pages, frames and list items.

pub mod address;
#[cfg(feature = "blocking")]
pub mod blocking;
mod call;
pub mod caps;
mod client;
mod config;
pub mod env;
mod error;
pub mod fetch;
pub mod layer;
mod meta;
mod net;
mod operation;
pub mod path;
mod places;
mod product;
pub mod proxy;
mod rate;
pub mod redirect;
mod request;
mod reqwest_client;
pub mod retry;
pub mod send;
pub mod stream;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
mod tls;
mod token;
pub mod transport;
mod upload;
#[cfg(feature = "websocket")]
pub mod websocket;
pub mod wire;
mod words;

#[doc(hidden)]
pub mod macros;

pub use address::Address;
pub use call::{Call, RawReply, RawStream, Replying, Running};
pub use client::{Client, Scope};
pub use config::{Builder, Config, Limits, Pool, Timeouts};
pub use error::{Error, ErrorKind};
pub use meta::{Meta, Reply};
pub use operation::{Entry, Op, Operation, Verb};
pub use product::{Placement, Product, ProductSpec, text_messages};
pub use rate::RateLimit;
pub use request::{Body, QueryValue, Request, Spec};
pub use reqwest_client::Reqwest;
pub use stream::{Items, Pages, Watch, WatchMonitor, WatchStatus};
pub use tls::{ClientIdentity, RootCertificates, Tls};
pub use token::{LoginToken, StaticToken, TokenFile, TokenSource};
pub use wire::{Extra, Parts};

pub use client_derive::{endpoints, handle};

// The derives name this crate as its users do.
#[allow(unused_extern_crates, reason = "used by what the derives write, here in tests only")]
extern crate self as client_core;

#[doc(hidden)]
pub use {bytes, futures_core, futures_util, http, jiff, secrecy, serde, serde_json, tokio, tracing};
