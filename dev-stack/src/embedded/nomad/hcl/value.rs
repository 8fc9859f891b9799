//! The values of expressions, and how they convert into each other.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// A value. Numbers without fraction are integers as far as those reach.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Val>),
    /// Sorted, each item once.
    Set(Vec<Val>),
    Map(BTreeMap<String, Val>),
}

impl From<&str> for Val {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Val {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Val {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<usize> for Val {
    fn from(n: usize) -> Self {
        i64::try_from(n).map_or(Self::Null, Self::Int)
    }
}

impl From<Value> for Val {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(b),
            Value::Number(n) => match n.as_i64() {
                Some(i) => Self::Int(i),
                None => n.as_f64().map_or(Self::Null, Self::number),
            },
            Value::String(s) => Self::Text(s),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Map(map.into_iter().map(|(k, v)| (k, v.into())).collect()),
        }
    }
}

impl From<Val> for Value {
    fn from(val: Val) -> Self {
        match val {
            Val::Null => Self::Null,
            Val::Bool(b) => b.into(),
            Val::Int(i) => i.into(),
            Val::Float(f) => Number::from_f64(f).map_or(Self::Null, Self::Number),
            Val::Text(s) => s.into(),
            Val::List(items) | Val::Set(items) => items.into_iter().map(Self::from).collect(),
            Val::Map(map) => map.into_iter().map(|(k, v)| (k, Self::from(v))).collect::<Map<_, _>>().into(),
        }
    }
}

impl Val {
    /// Whole numbers come out without a fraction.
    pub(super) fn number(f: f64) -> Self {
        if f.fract() == 0.0
            && f.abs() < 9e18
            && let Ok(i) = format!("{f:.0}").parse::<i64>()
        {
            return Self::Int(i);
        }
        Self::Float(f)
    }

    /// A set of these.
    pub(super) fn set(items: impl IntoIterator<Item = Self>) -> Self {
        let mut items: Vec<Self> = items.into_iter().collect();
        items.sort_by(Self::order);
        items.dedup();
        Self::Set(items)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        match (self.as_f64(), other.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => self.plain_text().cmp(&other.plain_text()),
        }
    }

    /// Only of numbers.
    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            // Rust's own text is the nearest float, which is what the comparison needs.
            Self::Int(i) => i.to_string().parse().ok(),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// Text for ordering and for what is known to convert.
    pub(super) fn plain_text(&self) -> String {
        match self.to_text() {
            Ok(text) => text,
            Err(_) => Value::from(self.clone()).to_string(),
        }
    }

    /// What HCL calls the value's type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "dynamic",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Float(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "tuple",
            Self::Set(_) => "set",
            Self::Map(_) => "object",
        }
    }

    fn required(&self, wanted: &str) -> String {
        format!("{wanted} required, but have {}", self.kind())
    }

    /// Converted to a string; null is an error here.
    pub(super) fn to_text(&self) -> Result<String, String> {
        match self {
            Self::Text(s) => Ok(s.clone()),
            Self::Bool(b) => Ok(b.to_string()),
            Self::Int(i) => Ok(i.to_string()),
            Self::Float(f) => Ok(f.to_string()),
            other => Err(other.required("string")),
        }
    }

    /// Converted to a number.
    pub(super) fn to_number(&self) -> Result<Self, String> {
        match self {
            Self::Int(_) | Self::Float(_) => Ok(self.clone()),
            Self::Text(s) => parse_number(s).ok_or_else(|| "a number is required".to_owned()),
            other => Err(other.required("number")),
        }
    }

    /// Converted to a boolean.
    pub(super) fn to_bool(&self) -> Result<bool, String> {
        match self {
            Self::Bool(b) => Ok(*b),
            Self::Text(s) => match s.as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(match s.to_lowercase().as_str() {
                    word @ ("true" | "false") => {
                        format!("a bool is required; to convert from string, use lowercase {word:?}")
                    }
                    _ => "a bool is required".to_owned(),
                }),
            },
            other => Err(other.required("bool")),
        }
    }

    /// Keys and values, if this has any: positions, the items themselves of a set, or names.
    pub(super) fn entries(&self) -> Option<Vec<(Self, Self)>> {
        Some(match self {
            Self::List(items) => items.iter().enumerate().map(|(i, v)| (i.into(), v.clone())).collect(),
            Self::Set(items) => items.iter().map(|v| (v.clone(), v.clone())).collect(),
            Self::Map(map) => map.iter().map(|(k, v)| (k.as_str().into(), v.clone())).collect(),
            _ => return None,
        })
    }

    /// The items of a list or a set.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    /// As `jsonencode` writes it, which is Go's way: `<`, `>` and `&` are escaped.
    pub(super) fn json(&self) -> String {
        Value::from(self.clone())
            .to_string()
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029")
    }
}

/// A decimal number, as it is written in HCL and as texts convert.
pub(super) fn parse_number(text: &str) -> Option<Val> {
    if let Ok(i) = text.parse::<i64>() {
        return Some(Val::Int(i));
    }
    let decimal = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    text.parse::<f64>().ok().filter(|f| decimal && f.is_finite()).map(Val::number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_texts_convert_as_hcl_says() {
        assert_eq!(parse_number("9007199254740993"), Some(Val::Int(9_007_199_254_740_993)));
        assert_eq!(parse_number("1e3"), Some(Val::Int(1000)));
        assert_eq!((parse_number("inf"), parse_number("0x10"), parse_number("")), (None, None, None));
        assert_eq!(Val::Float(0.5).to_text(), Ok("0.5".into()));
        assert_eq!(Val::from("1").to_bool(), Ok(true));
        assert!(Val::from("True").to_bool().unwrap_err().contains("lowercase \"true\""));
        assert_eq!(Val::Int(1).to_bool(), Err("bool required, but have number".into()));
        assert_eq!(Val::List(Vec::new()).to_text(), Err("string required, but have tuple".into()));
    }

    #[test]
    fn json_is_escaped_as_go_does() {
        assert_eq!(Val::from("<a&b>").json(), "\"\\u003ca\\u0026b\\u003e\"");
    }
}
