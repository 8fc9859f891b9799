//! Open enums: a value that a newer server sends is kept.

use nomad_client as n;

macro_rules! keeps_unknown {
    ($($name:ty),* $(,)?) => {$(
        let made_up: $name = serde_json::from_str("\"made-up\"").unwrap();
        assert_eq!(made_up.as_str(), "made-up", stringify!($name));
        assert_eq!(serde_json::to_string(&made_up).unwrap(), "\"made-up\"", stringify!($name));
    )*};
}

#[test]
fn unknown_values_are_kept() {
    keeps_unknown!(
        n::AuthMethodType,
        n::BindType,
        n::CheckMode,
        n::CheckStatus,
        n::ClientStatus,
        n::DeploymentStatus,
        n::DesiredStatus,
        n::DiffType,
        n::DrainStatus,
        n::EnforcementLevel,
        n::EvalStatus,
        n::EvalTrigger,
        n::FailureClass,
        n::FileEvent,
        n::HostVolumeState,
        n::JobFormat,
        n::LastReschedule,
        n::MemberStatus,
        n::NodeEligibility,
        n::NodeStatus,
        n::RootKeyState,
        n::ScheduleOverride,
        n::SchedulerAlgorithm,
        n::SearchContext,
        n::TaskEventType,
        n::TaskRunState,
        n::TaskScheduleState,
        n::TokenLocality,
        n::TokenType,
        n::Topic,
    );
}
