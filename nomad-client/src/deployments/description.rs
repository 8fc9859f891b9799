//! What the words of a deployment's status mean.

/// What a deployment's status description means. The text itself stays in
/// [`status_description`](super::Deployment::status_description).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeploymentDescription {
    /// Why it stands where it stands.
    pub cause: DeploymentCause,
    /// What becomes of a failed one.
    pub revert: Option<Revert>,
}

/// Why a deployment stands where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeploymentCause {
    /// It runs.
    Running,
    /// Somebody has to promote its canaries.
    NeedsPromotion,
    /// The server will promote its canaries once they are healthy.
    PendingAutoPromotion,
    /// An operator paused it.
    Paused,
    /// It came to a good end.
    Successful,
    /// The job was stopped.
    JobStopped,
    /// A newer version of the job took its place.
    NewerVersion,
    /// Allocations became unhealthy.
    UnhealthyAllocations,
    /// Too long no allocation became healthy.
    ProgressDeadline,
    /// An operator, or a program, failed it.
    MarkedFailed,
    /// It failed in another region (Enterprise).
    FailedByPeer,
    /// It is done here and waits for other regions (Enterprise).
    WaitingForPeer,
    /// It lets other regions go on (Enterprise).
    Unblocking,
    /// It waits for its region's turn (Enterprise).
    PendingForPeer,
    /// Other words, kept as they were sent.
    Unknown(String),
}

/// What becomes of a failed deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revert {
    /// The job goes back to this version.
    To(u64),
    /// It does not, since this stable version is the same.
    SameSpecification(u64),
    /// It does not, since no version is stable: a first deployment, usually.
    NoStableVersion,
}

const CAUSES: [(&str, DeploymentCause); 14] = [
    ("Deployment is running", DeploymentCause::Running),
    ("Deployment is running but requires manual promotion", DeploymentCause::NeedsPromotion),
    ("Deployment is running pending automatic promotion", DeploymentCause::PendingAutoPromotion),
    ("Deployment is paused", DeploymentCause::Paused),
    ("Deployment completed successfully", DeploymentCause::Successful),
    ("Cancelled because job is stopped", DeploymentCause::JobStopped),
    ("Cancelled due to newer version of job", DeploymentCause::NewerVersion),
    ("Failed due to unhealthy allocations", DeploymentCause::UnhealthyAllocations),
    ("Failed due to progress deadline", DeploymentCause::ProgressDeadline),
    ("Deployment marked as failed", DeploymentCause::MarkedFailed),
    ("Failed because of an error in peer region", DeploymentCause::FailedByPeer),
    ("Deployment is complete but waiting for peer region", DeploymentCause::WaitingForPeer),
    ("Deployment is unblocking remaining regions", DeploymentCause::Unblocking),
    ("Deployment is pending, waiting for peer region", DeploymentCause::PendingForPeer),
];

impl DeploymentDescription {
    /// Reads a status description.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (base, suffix) = text.split_once(" - ").map_or((text, None), |(base, rest)| (base, Some(rest)));
        let cause = CAUSES.iter().find(|(known, _)| *known == base).map(|(_, cause)| cause.clone());
        Self {
            cause: cause.unwrap_or_else(|| DeploymentCause::Unknown(text.to_owned())),
            revert: suffix.and_then(Revert::parse),
        }
    }
}

impl Revert {
    fn parse(suffix: &str) -> Option<Self> {
        let version = |rest: &str| rest.split(' ').next()?.parse().ok();
        if let Some(rest) = suffix.strip_prefix("rolling back to job version ") {
            return version(rest).map(Self::To);
        }
        if let Some(rest) = suffix.strip_prefix("not rolling back to stable job version ") {
            return version(rest).map(Self::SameSpecification);
        }
        suffix.starts_with("no stable job version").then_some(Self::NoStableVersion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions() {
        use DeploymentCause as Cause;
        let cases = [
            ("Deployment is running", Cause::Running, None),
            ("Deployment is running but requires manual promotion", Cause::NeedsPromotion, None),
            (
                "Failed due to progress deadline - rolling back to job version 1",
                Cause::ProgressDeadline,
                Some(Revert::To(1)),
            ),
            (
                "Failed due to unhealthy allocations - not rolling back to stable job version 7 as current job has same specification",
                Cause::UnhealthyAllocations,
                Some(Revert::SameSpecification(7)),
            ),
            (
                "Deployment marked as failed - no stable job version to auto revert to",
                Cause::MarkedFailed,
                Some(Revert::NoStableVersion),
            ),
            ("Something new", Cause::Unknown("Something new".into()), None),
            ("", Cause::Unknown(String::new()), None),
        ];
        for (text, cause, revert) in cases {
            assert_eq!(DeploymentDescription::parse(text), DeploymentDescription { cause, revert }, "{text}");
        }
    }
}
