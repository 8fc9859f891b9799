//! The jobs beside the application: Traefik, monitoring, the autoscaler, Redis.

use serde::{Deserialize, Serialize};

use super::Stage;

/// The jobs beside the application: Traefik, monitoring, the autoscaler, Redis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Platform {}

impl Platform {
    /// The values of a stage.
    #[must_use]
    pub fn of(_stage: Stage) -> Self {
        Self {}
    }
}
