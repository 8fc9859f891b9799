//! Environment variables with a meaning, read so that a bad value is an error that names it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::Error;
use crate::time::GoDuration;

type Lookup<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// A source of variables: the process environment, or a test's own.
pub struct Vars<'a>(Box<Lookup<'a>>);

impl Vars<'static> {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        Self(Box::new(|name| std::env::var_os(name)))
    }
}

impl<'a> Vars<'a> {
    /// Variables looked up by `f`.
    pub fn new(f: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self(Box::new(move |name| f(name).map(OsString::from)))
    }

    /// Variables looked up by `f`, whose values need not be text.
    pub fn of_os(f: impl Fn(&str) -> Option<OsString> + 'a) -> Self {
        Self(Box::new(f))
    }

    /// Whether `name` is set, be it to nothing.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        (self.0)(name).is_some()
    }

    /// The value of `name`; empty counts as unset.
    ///
    /// # Errors
    ///
    /// The value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match (self.0)(name).map(OsString::into_string) {
            Some(Ok(value)) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
            // The value is not shown: it may be most of a secret.
            Some(Err(_)) => Err(Error::config(format!("the environment variable {name} is not UTF-8"))),
            None => Ok(None),
        }
    }

    /// The first of several names that is set, and its value.
    ///
    /// # Errors
    ///
    /// Its value is not UTF-8.
    pub fn first<'n>(&self, names: &[&'n str]) -> Result<Option<(&'n str, String)>, Error> {
        for name in names {
            if let Some(value) = self.text(name)? {
                return Ok(Some((*name, value)));
            }
        }
        Ok(None)
    }

    /// The value of `name` as a secret, trimmed.
    ///
    /// # Errors
    ///
    /// The value is not UTF-8.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>, Error> {
        Ok(self.text(name)?.map(|value| SecretString::from(value.trim())))
    }

    /// The value of `name` as a path, which need not be UTF-8.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        (self.0)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The value of `name` as a truth value, as Go's `strconv.ParseBool` reads it.
    ///
    /// # Errors
    ///
    /// It is set to something else.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, Error> {
        self.text(name)?
            .map(|value| match value.trim() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                other => Err(bad(name, other, "a truth value such as `true` or `false`")),
            })
            .transpose()
    }

    /// The value of `name` as a number.
    ///
    /// # Errors
    ///
    /// It is set to something else.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Error> {
        self.text(name)?
            .map(|value| value.trim().parse().map_err(|_| bad(name, &value, "a number")))
            .transpose()
    }

    /// The value of `name` as a duration: Go's syntax, or plain seconds.
    ///
    /// # Errors
    ///
    /// It is set to something else.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, Error> {
        self.text(name)?
            .map(|value| {
                let value = value.trim();
                let parsed = match value.parse::<u64>() {
                    Ok(seconds) => Some(Duration::from_secs(seconds)),
                    Err(_) => value.parse::<GoDuration>().ok().and_then(|d| Duration::try_from(d).ok()),
                };
                parsed.ok_or_else(|| bad(name, value, "a duration such as `30s`"))
            })
            .transpose()
    }
}

/// The error for a variable whose value cannot be used.
#[must_use]
pub fn bad(name: &str, value: &str, wanted: &str) -> Error {
    Error::config(format!("the environment variable {name} is `{value}`, which is not {wanted}"))
}

impl fmt::Debug for Vars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_values_name_their_variable() {
        let vars = Vars::new(|_| Some("maybe".to_owned()));
        for message in [
            vars.bool("X_VERIFY").unwrap_err().to_string(),
            vars.number::<u32>("X_VERIFY").unwrap_err().to_string(),
            vars.duration("X_VERIFY").unwrap_err().to_string(),
        ] {
            assert!(message.contains("X_VERIFY") && message.contains("maybe"), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_an_error_that_names_its_variable() {
        use std::os::unix::ffi::OsStringExt;
        let vars = Vars::of_os(|_| Some(OsString::from_vec(b"hunter2\xff".to_vec())));
        for error in [
            vars.text("X_ADDR").unwrap_err(),
            vars.secret("X_ADDR").map(|_| ()).unwrap_err(),
            vars.bool("X_ADDR").unwrap_err(),
            vars.first(&["X_ADDR"]).unwrap_err(),
        ] {
            let message = error.to_string();
            assert!(message.contains("X_ADDR is not UTF-8") && !message.contains("hunter2"), "{message}");
        }
        assert!(vars.path("X_FILE").is_some(), "a path is what the system says it is");
    }

    #[test]
    fn durations_are_seconds_or_go() {
        for (text, seconds) in [("60", 60), ("1m30s", 90), (" 5s ", 5)] {
            let vars = Vars::new(|_| Some(text.to_owned()));
            assert_eq!(vars.duration("T").unwrap(), Some(Duration::from_secs(seconds)));
        }
    }
}
