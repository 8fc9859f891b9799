//! What a release has to pass beside Nomad's own checks.

use serde::{Deserialize, Serialize};

use super::Stage;

/// What a release has to pass beside Nomad's own checks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ReleaseSettings {}

impl ReleaseSettings {
    /// The values of a stage.
    #[must_use]
    pub fn of(_stage: Stage) -> Self {
        Self {}
    }
}
