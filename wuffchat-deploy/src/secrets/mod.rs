//! The application's secrets: where they are, how they get there, how the API sees them, and how
//! they change under a running application.
//!
//! # Which version an instance reads
//!
//! A job's templates name the versions of the secrets they read:
//! `{{ with secret "secret/data/production/wuffchat-api/openai?version=3" }}`. A release pins what
//! is newest, so that a secret is a part of the release as the image is:
//!
//! - A changed secret reaches instances by a deployment, with canary, health checks and revert.
//!   Without a version, Nomad reads a secret again every five minutes and restarts every instance
//!   that sees a change, within the splay, healthy or not.
//! - An instance that is started anew, on another node or after a crash, reads what its neighbours
//!   read.
//! - Going back to an earlier version of the job goes back to its secrets, and can name them.
//!
//! The price is that a version has to stay readable while a job names it: KV v2 keeps ten unless
//! told otherwise, and [`check`] looks whether the versions are there. What Nomad does when a
//! template or a token changes is nothing (`noop`), since only a release changes what is read.
//!
//! [`rotate`] is such a release: it writes the new values, registers the job that runs with the
//! new versions, and follows that to its end. The earlier values stay readable all the while.

mod check;
mod pins;
mod rotate;
mod seed;
mod values;

use std::fmt::Write as _;

use crate::app::Environment;

pub use check::check;
pub(crate) use check::check_access;
pub(crate) use pins::inherited;
pub use pins::{newest, pinned, settle, versions_of};
pub use rotate::rotate;
pub(crate) use rotate::{Written, restore, write};
pub use seed::{Existing, Seeding, preview, seed};
pub use values::Values;

/// A secret and the keys it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Its name below the environment's folder.
    pub name: &'static str,
    /// The keys in it.
    pub keys: &'static [&'static str],
}

/// The secrets the API needs.
pub const LAYOUT: [Layout; 3] = [
    Layout { name: "openai", keys: &["api_key"] },
    Layout { name: "weaviate", keys: &["url", "api_key"] },
    Layout { name: "redis", keys: &["url"] },
];

/// The path of a secret below its mount.
#[must_use]
pub fn path(environment: &Environment, secret: &str) -> String {
    format!("{}/{secret}", environment.vault.prefix)
}

/// The template that gives the API its environment. Values are written as JSON texts, so that
/// quotes, backslashes and line ends in them arrive as they are.
#[must_use]
pub fn environment_template(environment: &Environment) -> String {
    let mut text = String::new();
    let mut line = |name: &str, secret: &str, key: &str| {
        let path = format!("{}/data/{}", environment.vault.mount, path(environment, secret));
        let _ = writeln!(
            text,
            "{name}={{{{ with secret \"{path}\" }}}}{{{{ .Data.data.{key} | toJSON }}}}{{{{ end }}}}"
        );
    };
    for name in &environment.vault.openai_key_names {
        line(name, "openai", "api_key");
    }
    line("WEAVIATE_URL", "weaviate", "url");
    line("WEAVIATE_API_KEY", "weaviate", "api_key");
    line("REDIS_URL", "redis", "url");
    text.push_str("ENVIRONMENT={{ env \"NOMAD_META_environment\" | toJSON }}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn the_template_names_data_paths_and_quotes() {
        let text = environment_template(&Environment::new(Stage::Production));
        let wanted = "REDIS_URL={{ with secret \"secret/data/production/wuffchat-api/redis\" }}{{ .Data.data.url | toJSON }}{{ end }}";
        assert!(text.lines().any(|line| line == wanted), "{text}");
        assert_eq!(text.matches("toJSON").count(), 6);
    }
}
