//! The job and what it shares with groups.

use super::group::GROUP;
use super::task::{SECRET, TASK, VAULT};
use super::{
    Nest, Shape, Take, flag, flat, int, labelled, many, map, map_or_attribute, nested, one, shape, text,
    texts, time,
};

pub(super) const UPDATE: Shape = flat(&[
    time("stagger", "Stagger").or_null(),
    int("max_parallel", "MaxParallel").or_null(),
    text("health_check", "HealthCheck").or_null(),
    time("min_healthy_time", "MinHealthyTime").or_null(),
    time("healthy_deadline", "HealthyDeadline").or_null(),
    time("progress_deadline", "ProgressDeadline").or_null(),
    int("canary", "Canary").or_null(),
    flag("auto_revert", "AutoRevert").or_null(),
    flag("auto_promote", "AutoPromote").or_null(),
]);

pub(super) const MIGRATE: Shape = flat(&[
    int("max_parallel", "MaxParallel").or_null(),
    text("health_check", "HealthCheck").or_null(),
    time("min_healthy_time", "MinHealthyTime").or_null(),
    time("healthy_deadline", "HealthyDeadline").or_null(),
]);

pub(super) const RESCHEDULE: Shape = flat(&[
    int("attempts", "Attempts").or_null(),
    time("interval", "Interval").or_null(),
    time("delay", "Delay").or_null(),
    text("delay_function", "DelayFunction").or_null(),
    time("max_delay", "MaxDelay").or_null(),
    flag("unlimited", "Unlimited").or_null(),
]);

const TARGET: Shape = labelled("Value", "", &[super::field("percent", "Percent", Take::Int(0, 255))], &[]);

pub(super) const SPREAD: Shape = shape(
    &[text("attribute", "Attribute"), super::field("weight", "Weight", Take::Int(-128, 127)).or_null()],
    &[many("target", "SpreadTarget", &TARGET)],
);

const PERIODIC: Shape = Shape {
    label: None,
    fields: &[
        flag("enabled", "Enabled").or_null(),
        text("cron", "Spec").or_null(),
        texts("crons", "Specs"),
        flag("prohibit_overlap", "ProhibitOverlap").or_null(),
        text("time_zone", "TimeZone").or_null(),
    ],
    blocks: &[],
    others: &[("SpecType", "null")],
};

const PARAMETERIZED: Shape = flat(&[
    text("payload", "Payload"),
    texts("meta_required", "MetaRequired"),
    texts("meta_optional", "MetaOptional"),
]);

const UI: Shape = shape(
    &[text("description", "Description")],
    &[many("link", "Links", &flat(&[text("label", "Label"), text("url", "URL")]))],
);

const REGION: Shape = labelled(
    "Name",
    "",
    &[int("count", "Count").or_null(), texts("datacenters", "Datacenters"), text("node_pool", "NodePool")],
    &[map("meta", "Meta")],
);

const MULTIREGION: Shape = shape(
    &[],
    &[
        one(
            "strategy",
            "Strategy",
            &flat(&[int("max_parallel", "MaxParallel").or_null(), text("on_failure", "OnFailure").or_null()]),
        ),
        many("region", "Regions", &REGION),
    ],
);

pub(in super::super) const JOB: Shape = Shape {
    label: None,
    fields: &[
        text("region", "Region").or_null(),
        text("namespace", "Namespace").or_null(),
        text("id", "ID").or_null(),
        text("name", "Name").or_null(),
        text("type", "Type").or_null(),
        int("priority", "Priority").or_null(),
        flag("all_at_once", "AllAtOnce").or_null(),
        texts("datacenters", "Datacenters"),
        text("node_pool", "NodePool").or_null(),
    ],
    blocks: &[
        one("vault", "_Vault", &VAULT).first(),
        many("secret", "_Secrets", &SECRET).first(),
        many("task", "_Tasks", &TASK).first(),
        map_or_attribute("meta", "Meta"),
        nested("constraint", "Constraints", Nest::Constraints),
        nested("affinity", "Affinities", Nest::Affinities),
        many("group", "TaskGroups", &GROUP),
        one("update", "Update", &UPDATE),
        one("multiregion", "Multiregion", &MULTIREGION),
        many("spread", "Spreads", &SPREAD),
        one("periodic", "Periodic", &PERIODIC),
        one("parameterized", "ParameterizedJob", &PARAMETERIZED),
        one("reschedule", "Reschedule", &RESCHEDULE),
        one("migrate", "Migrate", &MIGRATE),
        one("ui", "UI", &UI),
    ],
    others: &[
        ("ConsulNamespace", "null"),
        ("CreateIndex", "null"),
        ("DispatchIdempotencyToken", "null"),
        ("Dispatched", "false"),
        ("JobModifyIndex", "null"),
        ("ModifyIndex", "null"),
        ("NomadTokenID", "null"),
        ("ParentID", "null"),
        ("Payload", "null"),
        ("Stable", "null"),
        ("Status", "null"),
        ("StatusDescription", "null"),
        ("Stop", "null"),
        ("SubmitTime", "null"),
        ("VaultNamespace", "null"),
        ("Version", "null"),
        ("VersionTag", "null"),
    ],
};
