//! Reading answers and writing bodies: JSON with Go's habits, without ever quoting what was read.
//!
//! A type says with [`Wire`] how it is read and written, nearly always by `#[derive(Wire)]`, which
//! makes a table of its fields for one loop that is compiled once. Nothing here is generic over
//! the format; serde's traits, which the derive implements too, go through this.

mod by_name;
mod extra;
mod json;
mod reader;
mod record;
mod serde_side;
mod values;
mod writer;

pub use by_name::ByName;
pub use client_derive::{Setters, ToWire, Wire};
pub use extra::Extra;
pub use json::Json;
pub use reader::{Fault, FaultKind, Next, Reader};
pub use record::{Field, Omit, Record, read_record, write_record, write_record_without};
pub use serde_side::{deserialize, serialize};
pub use writer::{Entries, REDACTED, Writer};

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Meta};

/// What can be written as JSON.
pub trait ToWire {
    /// Writes it.
    fn write(&self, to: &mut Writer);
}

/// What can be read from JSON and written again.
pub trait Wire: ToWire + Sized {
    /// Whether a whole answer that is `null` or empty is one.
    const NULLABLE: bool = false;

    /// What stands where nothing was sent.
    fn blank() -> Self;

    /// Reads a value in place of a blank one.
    ///
    /// # Errors
    ///
    /// It is of another shape.
    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault>;
}

/// A whole answer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Parts {
    /// What the headers said.
    pub meta: Meta,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether it is an error answer that says that there is nothing.
    pub(crate) absent: bool,
}

impl Parts {
    /// A successful answer with this body, as recorded exchanges and tests need it.
    #[must_use]
    pub fn of(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { meta: Meta { status, ..Meta::default() }, headers, body: body.into(), absent: false }
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({}, {} bytes)", self.meta.status, self.body.len())
    }
}

/// Reads JSON. An empty body reads as `null`, since many writes answer nothing.
///
/// # Errors
///
/// The text says where in the answer something else than expected was found, and never what.
pub fn from_slice<T: Wire>(body: &[u8]) -> Result<T, Error> {
    let text = text_of(body)?;
    let mut value = T::blank();
    let mut reader = Reader::new(text);
    let outcome = match reader.null() {
        // Where a thing is expected, nothing is none.
        Ok(true) if !T::NULLABLE => Err(reader.misfit("nothing")),
        Ok(true) => Ok(()),
        Ok(false) => value.read(&mut reader),
        Err(fault) => Err(fault),
    };
    match outcome.and_then(|()| reader.end()) {
        Ok(()) => Ok(value),
        Err(fault) => Err(told(&fault, text)),
    }
}

/// One look at the whole is faster than one at each string in it.
fn text_of(body: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Error::decode(format!("the answer is not valid JSON: no UTF-8 from byte {}", error.valid_up_to()))
    })?;
    Ok(if text.bytes().all(|byte| byte.is_ascii_whitespace()) { "null" } else { text })
}

#[cold]
pub(crate) fn told(fault: &Fault, text: &str) -> Error {
    let what = match fault.kind() {
        FaultKind::Syntax | FaultKind::Incomplete => "the answer is not valid JSON",
        FaultKind::Shape => "the answer has an unexpected shape",
    };
    let before = text.as_bytes().get(..fault.at()).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    Error::decode(format!("{what} at `{}` (line {line}, column {column})", fault.path()))
}

/// Reads JSON into a type that has only serde's own traits, such as a caller's.
///
/// # Errors
///
/// As [`from_slice`].
pub fn from_slice_by_serde<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let text = text_of(body)?;
    let mut reader = Reader::new(text);
    let value = reader.by_serde();
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(fault) => Err(told(&fault, text)),
    }
}

/// Reads one field of an object; `None` where it is missing or `null`.
///
/// # Errors
///
/// As [`from_slice`].
pub fn field<T: Wire>(text: &str, name: &'static str) -> Result<Option<T>, Error> {
    let mut found = None;
    let mut reader = Reader::new(text);
    let outcome = if reader.null().unwrap_or(false) {
        Ok(())
    } else {
        reader.object(&mut |from, key| {
            if key == name {
                return found.read(from).map_err(|fault| fault.in_field(name));
            }
            from.raw().map(drop)
        })
    };
    outcome.map_err(|fault| told(&fault, text))?;
    Ok(found)
}

/// Reads a JSON answer.
///
/// # Errors
///
/// As [`from_slice`].
pub fn json<T: Wire>(answer: &Parts) -> Result<T, Error> {
    from_slice(&answer.body)
}

/// Reads a JSON answer and writes it again, without its secrets.
///
/// # Errors
///
/// As [`from_slice`], or the value cannot be written.
pub fn recode<T: Wire>(answer: &Parts) -> Result<Value, Error> {
    rewrite(&json::<T>(answer)?)
}

/// Writes a value as JSON, without its secrets.
///
/// # Errors
///
/// It has no JSON form.
pub fn rewrite<T: ToWire>(value: &T) -> Result<Value, Error> {
    let mut to = Writer::redacting();
    value.write(&mut to);
    serde_side::to_value(to).ok_or_else(|| Error::decode("the value cannot be written as JSON again"))
}

/// The JSON of a request's body, secrets and all; `None` where it has no JSON form.
#[must_use]
pub fn body<B: ToWire + ?Sized>(value: &B) -> Option<Vec<u8>> {
    let mut to = Writer::exposing();
    value.write(&mut to);
    to.finish()
}

/// Reads an answer whose body does not matter.
///
/// # Errors
///
/// Never.
pub fn empty(_: &Parts) -> Result<(), Error> {
    Ok(())
}

/// The JSON of an answer whose body does not matter: itself.
///
/// # Errors
///
/// Never.
pub fn recode_empty(answer: &Parts) -> Result<Value, Error> {
    recode_raw(answer)
}

/// Reads an answer as text.
///
/// # Errors
///
/// It is not UTF-8.
pub fn text(answer: &Parts) -> Result<String, Error> {
    String::from_utf8(answer.body.to_vec()).map_err(|_| Error::decode("the answer is not UTF-8"))
}

/// Reads an answer as bytes.
///
/// # Errors
///
/// Never.
pub fn bytes(answer: &Parts) -> Result<Bytes, Error> {
    Ok(answer.body.clone())
}

/// The JSON of an answer that is kept as it is: itself, or a string of its text.
///
/// # Errors
///
/// Never.
pub fn recode_raw(answer: &Parts) -> Result<Value, Error> {
    Ok(match serde_json::from_slice(&answer.body) {
        Ok(value) => value,
        Err(_) if answer.body.is_empty() => Value::Null,
        Err(_) => Value::String(String::from_utf8_lossy(&answer.body).into_owned()),
    })
}

/// Bytes as base64 in JSON; for `#[wire(with = …)]`.
pub mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;

    use super::{Fault, Reader, Writer};

    /// Writes bytes as base64.
    pub fn write(bytes: &Bytes, to: &mut Writer) {
        to.text(&STANDARD.encode(bytes));
    }

    /// Reads base64; `null` is empty.
    ///
    /// # Errors
    ///
    /// The value is neither.
    pub fn read(bytes: &mut Bytes, from: &mut Reader<'_>) -> Result<(), Fault> {
        *bytes = Bytes::new();
        if !from.null()? {
            let text = from.text()?;
            *bytes = STANDARD.decode(&*text).map(Bytes::from).map_err(|_| from.misfit("no base64"))?;
        }
        Ok(())
    }
}

/// Values by their own serde implementations; for `#[wire(with = …)]`.
pub mod by_serde {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::{Fault, Reader, Writer};

    /// Writes a value.
    pub fn write<T: Serialize>(value: &T, to: &mut Writer) {
        to.by_serde(value);
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// It is of another shape.
    pub fn read<T: DeserializeOwned>(value: &mut T, from: &mut Reader<'_>) -> Result<(), Fault> {
        *value = from.by_serde()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
