//! Scenarios: what a user does, written once against the clients' public API, run on every backend.
//!
//! Which operations a scenario exercises is observed, not declared: an [`Observer`] collects the
//! spans of the calls it makes. What a backend cannot do a scenario says with [`skip`]; it is
//! printed and counted, never passed silently.

mod backend;
mod observe;
mod record;
mod run;
mod selection;

use std::fmt;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

pub use backend::Backend;
pub use observe::{Observed, Observer};
pub use record::{Record, RecordedScenario};
pub use run::{Outcome, Ran, Report, run};
pub use selection::{Place, Selection};

use crate::Product;

/// Why a scenario ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something was not as it should be.
    Failed(String),
    /// The backend cannot do it, for this reason.
    Skipped(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            cause = error.source();
        }
        Self::Failed(text)
    }
}

/// The result of a scenario and of its steps.
pub type Result<T = (), E = Stop> = std::result::Result<T, E>;

/// Ends a scenario that the backend cannot do.
///
/// # Errors
///
/// Always.
pub fn skip<T>(reason: impl Into<String>) -> Result<T> {
    Err(Stop::Skipped(reason.into()))
}

/// Ends a scenario as failed.
///
/// # Errors
///
/// Always.
pub fn fail<T>(reason: impl Into<String>) -> Result<T> {
    Err(Stop::Failed(reason.into()))
}

/// Fails the scenario unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return $crate::scenario::fail(format!($($text)+));
        }
    };
}

/// Fails the scenario unless both are equal.
#[macro_export]
macro_rules! ensure_eq {
    ($left:expr, $right:expr $(, $($text:tt)+)?) => {
        match (&$left, &$right) {
            (left, right) => {
                if !(*left == *right) {
                    let what = concat!(stringify!($left), " = ");
                    #[allow(unused_mut)]
                    let mut text = format!("{what}{left:?}, not {right:?}");
                    $(text.push_str(&format!(" ({})", format!($($text)+)));)?
                    return $crate::scenario::fail(text);
                }
            }
        }
    };
}

/// Looks again until `look` answers something.
///
/// # Errors
///
/// `look` failed, or the time is over.
pub async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let search = async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(limit, search).await {
        Ok(found) => found,
        Err(_) => fail(format!("{what}: not within {limit:?}")),
    }
}

/// A scenario.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its unique name, product first.
    pub name: &'static str,
    /// The products it is about.
    pub products: &'static [Product],
    /// What it does.
    pub run: for<'a> fn(&'a Backend) -> LocalBoxFuture<'a, Result>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Declares a module's scenarios: `scenarios! { [Nomad] "nomad jobs" { register, plan } }` makes
/// `SCENARIOS` of the functions `register` and `plan`.
#[macro_export]
macro_rules! scenarios {
    ($products:tt $area:literal { $($name:ident),* $(,)? }) => {
        /// The scenarios of this area.
        pub const SCENARIOS: &[$crate::scenario::Scenario] = &[$(
            $crate::scenario::Scenario {
                name: concat!($area, ": ", stringify!($name)),
                products: $crate::scenarios!(@products $products),
                run: |backend| Box::pin($name(backend)),
            }
        ),*];
    };
    (@products [$($product:ident),+]) => { &[$($crate::Product::$product),+] };
}
