//! The workflow that builds and releases.

use super::File;
use crate::app::Environment;
use crate::{Error, Result};

/// The GitHub Actions workflow that builds both images and releases them by digest, and the
/// environment's settings it reads. The workflow is the same for all environments of a registry:
/// `develop` goes to staging, and `main` takes to production what staging runs.
///
/// It logs in with GitHub's own identity; who may is in `github.tf` of
/// [`terraform`](super::terraform).
///
/// ```
/// use wuffchat_deploy::{Environment, Stage, render};
/// let files = render::github_actions(&Environment::new(Stage::Staging))?;
/// assert!(files[0].text.contains("id-token: write"));
/// # Ok::<(), wuffchat_deploy::Error>(())
/// ```
///
/// # Errors
///
/// There is no registry to push to, or its name cannot be one.
pub fn github_actions(environment: &Environment) -> Result<Vec<File>> {
    environment.check()?;
    let registry = environment.registry.trim_end_matches('/');
    let plain = registry.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c));
    if registry.is_empty() || !plain {
        return Err(Error::settings(format!("`registry` is `{registry}`, to which nothing can be pushed")));
    }
    let host = registry.split('/').next().unwrap_or(registry);
    let workflow = include_str!("deploy.yml")
        .replace("__PROGRAM__\n", include_str!("program.yml"))
        .replace("__CERTIFICATES__\n", include_str!("certificates.yml"))
        .replace("__NOMAD_LOGIN__\n", include_str!("nomad_login.yml"))
        .replace("__REGISTRY_HOST__", host)
        .replace("__REGISTRY__", registry);
    let settings = toml::to_string(environment).map_err(|cause| Error::settings(cause.to_string()))?;
    Ok(vec![
        File::new(".github/workflows/deploy.yml", workflow),
        File::new(format!("deploy/{}.toml", environment.stage), settings),
    ])
}
