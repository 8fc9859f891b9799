//! Reading answers: JSON with Go's habits, without ever quoting what was read.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{Error, Meta};

/// Fields of an answer that its type does not know, kept so that writing it back loses nothing.
pub type Extra = BTreeMap<String, Value>;

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
}

impl Parts {
    /// A successful answer with this body, as recorded exchanges and tests need it.
    #[must_use]
    pub fn of(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { meta: Meta { status, ..Meta::default() }, headers, body: body.into() }
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
pub fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // One look at the whole is faster than one at each string in it.
    let text = std::str::from_utf8(body).map_err(|error| {
        Error::decode(format!("the answer is not valid JSON: no UTF-8 from byte {}", error.valid_up_to()))
    })?;
    let text = if text.bytes().all(|byte| byte.is_ascii_whitespace()) { "null" } else { text };
    // The plain reader is faster; only a failure is worth finding the path of.
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => Err(locate::<T>(text, &error)),
    }
}

fn locate<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> Error {
    let mut reader = serde_json::Deserializer::from_str(text);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => error.path().to_string(),
        Ok(_) => ".".to_owned(),
    };
    let what = match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
            "the answer is not valid JSON"
        }
        _ => "the answer has an unexpected shape",
    };
    Error::decode(format!("{what} at `{path}` (line {}, column {})", error.line(), error.column()))
}

/// Reads a JSON answer.
///
/// # Errors
///
/// As [`from_slice`].
pub fn json<T: DeserializeOwned>(answer: &Parts) -> Result<T, Error> {
    from_slice(&answer.body)
}

/// Reads a JSON answer and writes it again.
///
/// # Errors
///
/// As [`from_slice`], or the value cannot be written.
pub fn recode<T: DeserializeOwned + Serialize>(answer: &Parts) -> Result<Value, Error> {
    rewrite(&json::<T>(answer)?)
}

/// Writes a value as JSON.
///
/// # Errors
///
/// It has no JSON form.
pub fn rewrite<T: Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|_| Error::decode("the value cannot be written as JSON again"))
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

/// Reads `null` as the default: Go writes empty lists and maps that way. For
/// `#[serde(default, deserialize_with = "…")]`.
///
/// # Errors
///
/// The value is neither `null` nor a `T`.
pub fn null_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Bytes as base64 in JSON; for `#[serde(with = "…")]`.
pub mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    /// Writes bytes as base64.
    ///
    /// # Errors
    ///
    /// The serializer's own.
    pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    /// Reads base64; `null` is empty.
    ///
    /// # Errors
    ///
    /// The value is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Bytes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("base64 or null")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                STANDARD.decode(text).map(Bytes::from).map_err(|_| E::custom("not base64"))
            }
            fn visit_unit<E>(self) -> Result<Bytes, E> {
                Ok(Bytes::new())
            }
            fn visit_none<E>(self) -> Result<Bytes, E> {
                Ok(Bytes::new())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// Secrets in JSON: read into [`SecretString`](secrecy::SecretString); written only where a
/// request has to carry them, and redacted everywhere else.
pub mod secret {
    use secrecy::{ExposeSecret, SecretString};
    use serde::{Deserialize, Deserializer, Serializer};

    /// What stands for a secret where it must not be shown.
    pub const REDACTED: &str = "[redacted]";

    /// Reads a secret; `null` is empty.
    ///
    /// # Errors
    ///
    /// The value is not a string.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
        Ok(SecretString::from(Option::<String>::deserialize(deserializer)?.unwrap_or_default()))
    }

    /// Writes [`REDACTED`].
    ///
    /// # Errors
    ///
    /// The serializer's own.
    pub fn serialize<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if secret.expose_secret().is_empty() { "" } else { REDACTED })
    }

    /// Writes the secret itself: for the bodies of requests.
    ///
    /// # Errors
    ///
    /// The serializer's own.
    pub fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose_secret())
    }

    /// The same for secrets that may be missing.
    pub mod option {
        use super::{Deserialize, Deserializer, ExposeSecret, REDACTED, SecretString, Serializer};

        /// Reads a secret that may be missing.
        ///
        /// # Errors
        ///
        /// The value is neither a string nor `null`.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<SecretString>, D::Error> {
            Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
        }

        /// Writes [`REDACTED`] or `null`.
        ///
        /// # Errors
        ///
        /// The serializer's own.
        pub fn serialize<S: Serializer>(
            secret: &Option<SecretString>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match secret {
                Some(_) => serializer.serialize_some(REDACTED),
                None => serializer.serialize_none(),
            }
        }

        /// Writes the secret itself, or `null`.
        ///
        /// # Errors
        ///
        /// The serializer's own.
        pub fn expose<S: Serializer>(
            secret: &Option<SecretString>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match secret {
                Some(secret) => serializer.serialize_some(secret.expose_secret()),
                None => serializer.serialize_none(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Serialize, PartialEq)]
    struct Thing {
        #[serde(default, deserialize_with = "null_default")]
        list: Vec<u8>,
        #[serde(default)]
        name: Option<String>,
    }

    #[test]
    fn null_lists_are_empty() {
        let thing: Thing = from_slice(br#"{"list":null}"#).unwrap();
        assert_eq!(thing, Thing { list: vec![], name: None });
    }

    #[test]
    fn a_decode_error_names_the_place_and_hides_the_value() {
        let message = from_slice::<Thing>(br#"{"list":["hunter2"]}"#).unwrap_err().to_string();
        assert!(message.contains("list[0]"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn what_is_not_utf_8_is_an_error_that_says_where() {
        let message = from_slice::<Thing>(b"{\"name\":\"\xff\"}").unwrap_err().to_string();
        assert!(message.contains("byte 9"), "{message}");
    }

    #[test]
    fn an_empty_body_is_null() {
        assert_eq!(from_slice::<Option<Thing>>(b"").unwrap(), None);
    }
}
