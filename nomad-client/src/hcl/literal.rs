//! How the values of settings are written.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::time::GoDuration;

use super::body::Expr;

/// A single value.
pub(crate) trait Literal {
    fn expr(&self) -> Expr;
    fn is_zero(&self) -> bool;
}

/// The value of an attribute, if it is set.
pub(crate) trait Attribute {
    fn attribute(&self) -> Option<Expr>;
}

impl<T: Literal> Attribute for Option<T> {
    fn attribute(&self) -> Option<Expr> {
        self.as_ref().map(Literal::expr)
    }
}

impl Attribute for String {
    fn attribute(&self) -> Option<Expr> {
        Some(self.expr())
    }
}

impl<T: Literal> Attribute for Vec<T> {
    fn attribute(&self) -> Option<Expr> {
        (!self.is_empty()).then(|| Expr::List(self.iter().map(Literal::expr).collect()))
    }
}

impl<T: Literal> Attribute for BTreeMap<String, T> {
    fn attribute(&self) -> Option<Expr> {
        let entries = self.iter().map(|(key, value)| (key.clone(), value.expr()));
        (!self.is_empty()).then(|| Expr::Object(entries.collect()))
    }
}

impl Literal for String {
    fn expr(&self) -> Expr {
        Expr::Text(self.clone())
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

macro_rules! plain {
    ($($ty:ty)+) => {$(
        impl Literal for $ty {
            fn expr(&self) -> Expr {
                Expr::Plain(self.to_string())
            }

            fn is_zero(&self) -> bool {
                *self == <$ty>::default()
            }
        }
    )+};
}

plain!(bool u64 i64);

impl Literal for Duration {
    fn expr(&self) -> Expr {
        Expr::Text(short(&GoDuration::from(*self).to_string()))
    }

    fn is_zero(&self) -> bool {
        Duration::is_zero(self)
    }
}

/// `1h0m0s` as people write it: `1h`.
fn short(duration: &str) -> String {
    let duration = duration.strip_suffix("0s").filter(|rest| rest.ends_with('m')).unwrap_or(duration);
    duration.strip_suffix("0m").filter(|rest| rest.ends_with('h')).unwrap_or(duration).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let cases = [
            (0, "0s"),
            (10, "10s"),
            (60, "1m"),
            (90, "1m30s"),
            (600, "10m"),
            (3600, "1h"),
            (3610, "1h0m10s"),
            (36_000, "10h"),
            (5400, "1h30m"),
            (4200, "1h10m"),
        ];
        for (seconds, text) in cases {
            assert_eq!(Duration::from_secs(seconds).expr(), Expr::Text(text.to_owned()));
        }
    }
}
