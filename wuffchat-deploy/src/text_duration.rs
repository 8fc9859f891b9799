//! Durations in settings files, as Nomad writes them: `30s`, `2m`.

use std::time::Duration;

use nomad_client::GoDuration;
use serde::{Deserialize, Deserializer, Serializer, de};

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&GoDuration::from(*duration))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration: GoDuration =
        text.parse().map_err(|cause| de::Error::custom(format!("`{text}` is {cause}")))?;
    Duration::try_from(duration).map_err(|_| de::Error::custom(format!("`{text}` is a negative duration")))
}
