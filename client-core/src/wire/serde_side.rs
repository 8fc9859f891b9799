//! serde's traits for types that have [`Wire`]: for users, who may want another format or put our
//! types into their own.

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::Value;

use super::{Reader, ToWire, Wire, Writer};

/// Writes a value with any serializer, its secrets redacted.
///
/// # Errors
///
/// The serializer's own.
pub fn serialize<S: Serializer>(value: &dyn ToWire, serializer: S) -> Result<S::Ok, S::Error> {
    match redacted(value) {
        Some(value) => value.serialize(serializer),
        None => Err(serde::ser::Error::custom("the value has no JSON form")),
    }
}

fn redacted(value: &dyn ToWire) -> Option<Value> {
    let mut to = Writer::redacting();
    value.write(&mut to);
    to_value(to)
}

pub(crate) fn to_value(written: Writer) -> Option<Value> {
    serde_json::from_slice(&written.finish()?).ok()
}

/// Reads a value with any deserializer.
///
/// # Errors
///
/// The deserializer's own, or that the value is of another shape.
pub fn deserialize<'de, T: Wire, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = Value::deserialize(deserializer)?.to_string();
    let mut value = T::blank();
    value.read(&mut Reader::new(&text)).map_err(serde::de::Error::custom)?;
    Ok(value)
}
