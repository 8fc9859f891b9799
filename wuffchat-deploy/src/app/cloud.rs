//! The machines and the load balancer in the cloud.

use serde::{Deserialize, Serialize};

use super::Stage;

/// The machines and the load balancer in the cloud.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Cloud {}

impl Cloud {
    /// The values of a stage.
    #[must_use]
    pub fn of(_stage: Stage) -> Self {
        Self {}
    }
}
