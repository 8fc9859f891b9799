//! The data of a secret.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::ops::{Deref, DerefMut};

use client_core::wire::REDACTED;
use client_core::wire::{Fault, Next, Reader, ToWire, Wire, Writer};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::Result;

/// The data of a secret: names and JSON values.
///
/// `Debug` shows the names only, and there is no `Serialize`, so that values get nowhere by
/// accident; [`expose`](KvData::expose) is how they are read and written back. Numbers keep all
/// their digits on the way.
#[derive(Clone, Default, PartialEq)]
pub struct KvData(Exposed);

/// The values of a secret by name.
///
/// Written as JSON, a value that was not changed is what the server sent, to the letter: a [`Value`]
/// cannot hold every number. One that it cannot hold at all, such as `1e400`, is its text here.
#[derive(Clone, Default)]
pub struct Exposed {
    values: BTreeMap<String, Value>,
    /// What was sent for values that would be written otherwise.
    letters: BTreeMap<String, Box<RawValue>>,
}

impl KvData {
    /// The value of `name`, as text: strings as they are, everything else as JSON.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<SecretString> {
        if let Some(letters) = self.0.letters(name) {
            return Some(SecretString::from(letters.get()));
        }
        Some(match self.0.get(name)? {
            Value::Null => return None,
            Value::String(text) => SecretString::from(text.as_str()),
            other => SecretString::from(other.to_string()),
        })
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a value for `name`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values themselves.
    #[must_use]
    pub fn expose(&self) -> &Exposed {
        &self.0
    }

    /// The values themselves, to be changed.
    pub fn expose_mut(&mut self) -> &mut Exposed {
        &mut self.0
    }

    /// The data as a type of the caller's.
    ///
    /// # Errors
    ///
    /// It is not of that shape; the text names the place, never the value.
    pub fn get_as<T: DeserializeOwned>(&self) -> Result<T> {
        let text = serde_json::to_string(&self.0)
            .map_err(|_| client_core::Error::decode("the data cannot be written as JSON"))?;
        Ok(read_as(&text)?)
    }
}

impl Exposed {
    /// What was sent for `name`, where its value would be written otherwise and is still the same.
    fn letters(&self, name: &str) -> Option<&RawValue> {
        let letters: &RawValue = self.letters.get(name)?;
        let sent = read_value(&mut Reader::new(letters.get()), &mut true).ok()?;
        (self.values.get(name) == Some(&sent)).then_some(letters)
    }
}

impl Deref for Exposed {
    type Target = BTreeMap<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl DerefMut for Exposed {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.values
    }
}

impl<'a> IntoIterator for &'a Exposed {
    type Item = (&'a String, &'a Value);
    type IntoIter = btree_map::Iter<'a, String, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.values.iter()
    }
}

impl PartialEq for Exposed {
    fn eq(&self, other: &Self) -> bool {
        let text = |data: &Self, name: &str| data.letters(name).map(|letters| letters.get().to_owned());
        self.values == other.values && self.values.keys().all(|name| text(self, name) == text(other, name))
    }
}

impl PartialEq<BTreeMap<String, Value>> for Exposed {
    fn eq(&self, other: &BTreeMap<String, Value>) -> bool {
        self.values == *other
    }
}

impl fmt::Debug for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name| (name, REDACTED);
        f.debug_map().entries(self.values.keys().map(shown)).finish()
    }
}

impl Serialize for Exposed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Written<'a> {
            Letters(&'a RawValue),
            Value(&'a Value),
        }
        serializer.collect_map(
            self.values.iter().map(|(name, value)| {
                (name, self.letters(name).map_or(Written::Value(value), Written::Letters))
            }),
        )
    }
}

impl From<BTreeMap<String, Value>> for Exposed {
    fn from(values: BTreeMap<String, Value>) -> Self {
        Self { values, letters: BTreeMap::new() }
    }
}

impl From<BTreeMap<String, Value>> for KvData {
    fn from(values: BTreeMap<String, Value>) -> Self {
        Self(values.into())
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for KvData {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::from(
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect::<BTreeMap<_, _>>(),
        )
    }
}

impl fmt::Debug for KvData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Without its secrets, the names and how they are nested: what proves that nothing was lost.
impl ToWire for KvData {
    fn write(&self, to: &mut Writer) {
        if to.is_exposing() {
            return to.by_serde(&self.0);
        }
        to.object(|entries| {
            for (name, value) in &self.0 {
                write_redacted(value, entries.key(name));
            }
        });
    }
}

/// A version whose data is `null` is empty.
impl Wire for KvData {
    fn blank() -> Self {
        Self::default()
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        *self = Self::default();
        if from.null()? {
            return Ok(());
        }
        from.object(&mut |from, name| {
            let mut again = *from;
            let mut kept = true;
            let value = read_value(from, &mut kept)?;
            let name = name.into_owned();
            // The last of several with one name is the one that counts.
            self.0.letters.remove(&name);
            if !kept {
                self.0.letters.insert(name.clone(), again.by_serde()?);
            }
            self.0.values.insert(name, value);
            Ok(())
        })
    }
}

/// Reads a value; `kept` becomes false where it has a number that would be written otherwise.
fn read_value(from: &mut Reader<'_>, kept: &mut bool) -> Result<Value, Fault> {
    Ok(match from.peek()? {
        Next::Null => {
            from.null()?;
            Value::Null
        }
        Next::Bool => Value::Bool(from.bool()?),
        Next::Text => Value::String(from.text()?.into_owned()),
        Next::Number => {
            let text = from.number()?;
            let number = text.parse::<Number>().ok();
            *kept &= number.as_ref().is_some_and(|number| number.to_string() == text);
            number.map_or_else(|| Value::from(text), Value::Number)
        }
        Next::List => {
            let mut items = Vec::new();
            from.list(&mut |from| {
                items.push(read_value(from, kept)?);
                Ok(())
            })?;
            Value::Array(items)
        }
        Next::Object => {
            let mut entries = Map::new();
            from.object(&mut |from, name| {
                entries.insert(name.into_owned(), read_value(from, kept)?);
                Ok(())
            })?;
            Value::Object(entries)
        }
    })
}

/// Reads data as a type of the caller's.
pub(crate) fn read_as<T: DeserializeOwned>(text: &str) -> Result<T, client_core::Error> {
    serde_json::from_str(text).map_err(|error| {
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let at = lines.map(str::len).sum::<usize>() + error.column();
        let mut path = String::new();
        // It was read before, so that it is JSON.
        let _ = place(&mut Reader::new(text), at, &mut path);
        let path = path.trim_start_matches('.');
        let path = if path.is_empty() { "." } else { path };
        client_core::Error::decode(format!("the data has an unexpected shape at `{path}`"))
    })
}

/// Where in a value the byte `at` is: names and positions, never values.
fn place(from: &mut Reader<'_>, at: usize, path: &mut String) -> Result<(), Fault> {
    let mut found = false;
    let mut step = |from: &mut Reader<'_>, step: &str| {
        let mut inside = *from;
        from.raw()?;
        if found || from.position() < at {
            return Ok(());
        }
        found = true;
        if at < inside.position() {
            return Ok(());
        }
        path.push_str(step);
        place(&mut inside, at, path)
    };
    match from.peek()? {
        Next::Object => from.object(&mut |from, name| step(from, &format!(".{name}"))),
        Next::List => {
            let mut index = 0;
            from.list(&mut |from| {
                index += 1;
                step(from, &format!("[{}]", index - 1))
            })
        }
        _ => from.raw().map(drop),
    }
}

fn write_redacted(value: &Value, to: &mut Writer) {
    match value {
        Value::Null => to.null(),
        Value::Array(items) => to.list(items, write_redacted),
        Value::Object(map) => to.object(|entries| {
            for (name, value) in map {
                write_redacted(value, entries.key(name));
            }
        }),
        _ => to.text(REDACTED),
    }
}

/// Changes JSON by a merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)), as the server
/// does it. What the patch does not name stays as it is, to the letter.
pub(super) fn merge(target: Option<&RawValue>, patch: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let Ok(patch) = object(patch) else { return Ok(patch.to_owned()) };
    let mut merged = target.and_then(|target| object(target).ok()).unwrap_or_default();
    for (name, value) in patch {
        if value.get() == "null" {
            merged.remove(&name);
        } else {
            let value = merge(merged.get(&name).map(|old| &**old), &value)?;
            merged.insert(name, value);
        }
    }
    serde_json::value::to_raw_value(&merged)
}

fn object(json: &RawValue) -> serde_json::Result<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(json.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: &str =
        r#"{"big":12345678901234567890123,"e":1e3,"f":1.10,"huge":1e400,"n":{"d":[-0]},"plain":7}"#;

    fn read(text: &str) -> KvData {
        let mut data = KvData::default();
        data.read(&mut Reader::new(text)).unwrap();
        data
    }

    #[test]
    fn numbers_are_kept_to_the_letter() {
        use secrecy::ExposeSecret as _;
        let mut data = read(NUMBERS);
        assert_eq!(serde_json::to_string(data.expose()).unwrap(), NUMBERS);
        assert_eq!(data.text("big").unwrap().expose_secret(), "12345678901234567890123");
        assert_eq!(data.text("huge").unwrap().expose_secret(), "1e400");
        assert_eq!(data.expose()["plain"], 7);
        let typed: BTreeMap<String, Box<RawValue>> = data.get_as().unwrap();
        assert_eq!(typed["f"].get(), "1.10");
        assert_eq!(data, read(NUMBERS));
        assert_ne!(data, read(&NUMBERS.replace("1.10", "1.1")));
        // What is changed is written as it is now, and the others as before.
        data.expose_mut().insert("big".to_owned(), "text".into());
        data.expose_mut().remove("huge");
        let wanted = NUMBERS.replace("12345678901234567890123", "\"text\"").replace("\"huge\":1e400,", "");
        assert_eq!(serde_json::to_string(data.expose()).unwrap(), wanted);
    }

    #[test]
    fn the_last_of_a_name_counts() {
        assert_eq!(serde_json::to_string(read(r#"{"a":1.0e2,"a":1}"#).expose()).unwrap(), r#"{"a":1}"#);
        assert_eq!(serde_json::to_string(read(r#"{"a":1,"a":1.0e2}"#).expose()).unwrap(), r#"{"a":1.0e2}"#);
    }

    #[test]
    fn only_requests_carry_the_values() {
        let data = read(r#"{"a":"hidden","b":{"c":[1,null]}}"#);
        let redacted = serde_json::json!({"a": REDACTED, "b": {"c": [REDACTED, null]}});
        assert_eq!(client_core::wire::rewrite(&data).unwrap(), redacted);
        assert_eq!(client_core::wire::body(&data).unwrap(), br#"{"a":"hidden","b":{"c":[1,null]}}"#);
    }

    #[test]
    fn a_wrong_shape_is_told_by_its_place() {
        type Shape = BTreeMap<String, Vec<BTreeMap<String, u64>>>;
        let text = "{\"a\": [],\n \"b\": [{\"c\": 1}, {\"d\": 2, \"e\": \"hidden\"}], \"f\": []}";
        let error = read_as::<Shape>(text).unwrap_err().to_string();
        assert!(error.contains("`b[1].e`") && !error.contains("hidden"), "{error}");
        let error = read_as::<u64>(text).unwrap_err().to_string();
        assert!(error.contains("`.`"), "{error}");
    }

    #[test]
    fn nothing_is_empty() {
        assert!(read("null").is_empty());
        assert!(KvData::default().read(&mut Reader::new("[]")).is_err());
    }

    #[test]
    fn merge_patches() {
        let cases = [
            (r#"{"a":1}"#, r#"{"b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":{"b":1,"c":2.50}}"#, r#"{"a":{"b":null}}"#, r#"{"a":{"c":2.50}}"#),
            (r#"{"a":[1]}"#, r#"{"a":{"b":null,"c":1}}"#, r#"{"a":{"c":1}}"#),
            (r#"{"a":1e400}"#, r#"{"b":[null]}"#, r#"{"a":1e400,"b":[null]}"#),
        ];
        for (target, patch, wanted) in cases {
            let of = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
            assert_eq!(merge(Some(&of(target)), &of(patch)).unwrap().get(), wanted);
        }
    }
}
