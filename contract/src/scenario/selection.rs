//! Scenarios as tests: their names, and what the command line of a test binary asks of them.

use std::fmt;

use super::Scenario;

/// A place where scenarios run as tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The simulation in this process.
    Embedded,
    /// Real agents from PATH.
    Agents,
}

impl Place {
    /// Both, in the order in which they run.
    pub const ALL: [Self; 2] = [Self::Embedded, Self::Agents];
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Agents => "agents",
        })
    }
}

impl Scenario {
    /// Its name as a test: `embedded::nomad_jobs::register`.
    #[must_use]
    pub fn test_name(&self, place: Place) -> String {
        format!("{place}::{}", self.name.replace(": ", "::").replace(' ', "_"))
    }
}

/// What the arguments of a test binary ask: those of Rust's own test harness, as far as they mean
/// something where tests share a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names, or parts of them, of which one has to fit; everything fits where there is none.
    pub filters: Vec<String>,
    /// Names, or parts of them, of which none may fit.
    pub skip: Vec<String>,
    /// Names have to be equal.
    pub exact: bool,
    /// Names are listed and nothing is run.
    pub list: bool,
    /// A character for each test instead of a line.
    pub terse: bool,
    /// So many run at once.
    pub at_once: Option<usize>,
    /// Only what is ignored without having been tried, of which there is nothing.
    pub ignored: bool,
}

impl Selection {
    /// Reads arguments.
    ///
    /// # Errors
    ///
    /// An argument is unknown, or its value is wrong.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut selection = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (argument, None),
            };
            let mut value = || {
                inline.clone().or_else(|| arguments.next()).ok_or_else(|| format!("`{name}` needs a value"))
            };
            match name.as_str() {
                "--exact" => selection.exact = true,
                "--list" => selection.list = true,
                "--ignored" => selection.ignored = true,
                "-q" | "--quiet" => selection.terse = true,
                "--skip" => selection.skip.push(value()?),
                "--test-threads" => {
                    let number = value()?;
                    let read = number.parse().ok().filter(|count| *count > 0);
                    selection.at_once =
                        Some(read.ok_or_else(|| format!("`{number}` is no number of tests at once"))?);
                }
                "--format" => match value()?.as_str() {
                    "pretty" => selection.terse = false,
                    "terse" => selection.terse = true,
                    other => return Err(format!("the format `{other}` is not known here")),
                },
                "--color" => drop(value()?),
                // What is printed is never captured, nothing is ignored from the start, and nothing is measured.
                "--nocapture" | "--no-capture" | "--show-output" | "--include-ignored" | "--test"
                | "--bench" => {}
                flag if flag.starts_with('-') => return Err(format!("`{flag}` is not known here")),
                _ => selection.filters.push(name),
            }
        }
        Ok(selection)
    }

    /// Whether a test is asked for.
    #[must_use]
    pub fn has(&self, test: &str) -> bool {
        let fits = |wanted: &String| if self.exact { test == wanted } else { test.contains(wanted.as_str()) };
        !self.ignored
            && (self.filters.is_empty() || self.filters.iter().any(fits))
            && !self.skip.iter().any(fits)
    }

    /// Whether all tests are asked for.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.filters.is_empty() && self.skip.is_empty() && !self.ignored
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn read(line: &str) -> Result<Selection, String> {
        Selection::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_scenario_is_a_test_of_its_own_on_each_backend() {
        let scenarios = crate::scenarios::all();
        let names: BTreeSet<String> = Place::ALL
            .into_iter()
            .flat_map(|place| scenarios.iter().map(move |scenario| scenario.test_name(place)))
            .collect();
        assert_eq!(names.len(), scenarios.len() * 2);
        assert!(names.contains("agents::together::secret_reaches_a_task"), "{names:?}");
        for name in names {
            let plain = |it: char| it.is_ascii_alphanumeric() || "_:-".contains(it);
            assert!(name.chars().all(plain), "{name} has to be quoted");
        }
    }

    #[test]
    fn arguments_are_those_of_other_tests() {
        let selection = read("kv agents:: --skip locks --test-threads=2 --nocapture").unwrap();
        assert!(selection.has("embedded::consul_kv::put") && selection.has("agents::nomad_jobs::plan"));
        assert!(!selection.has("embedded::nomad_jobs::plan") && !selection.has("agents::consul_locks::one"));
        assert_eq!((selection.at_once, selection.is_everything()), (Some(2), false));

        let exact = read("--exact agents::a").unwrap();
        assert!(exact.has("agents::a") && !exact.has("agents::a_b"));
        assert!(read("--list --format terse").unwrap().list);
        assert!(read("").unwrap().is_everything() && read("--test-threads 3").unwrap().is_everything());
        assert!(!read("--ignored").unwrap().has("agents::a"), "nothing is ignored from the start");

        for (line, wrong) in [
            ("--jobs 3", "`--jobs` is not known here"),
            ("--test-threads none", "`none` is no number of tests at once"),
            ("--test-threads 0", "`0` is no number of tests at once"),
            ("--skip", "`--skip` needs a value"),
            ("--format json", "the format `json` is not known here"),
        ] {
            assert_eq!(read(line), Err(wrong.to_owned()));
        }
    }
}
