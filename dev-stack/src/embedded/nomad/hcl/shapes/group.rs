//! Groups and what only they have.

use super::job::{MIGRATE, RESCHEDULE, SPREAD, UPDATE};
use super::service::SERVICE;
use super::task::{NETWORK, RESTART, SECRET, TASK, VAULT};
use super::{
    Nest, Shape, config, flag, flat, int, labelled, many, map_or_attribute, nested, one, text, texts, time,
};

pub(super) const SCALING: Shape = Shape {
    label: None,
    fields: &[
        int("min", "Min").or_null(),
        int("max", "Max").or_null(),
        flag("enabled", "Enabled").or_null(),
        text("type", "Type"),
    ],
    blocks: &[config("policy", "Policy")],
    others: &[
        ("ID", "\"\""),
        ("Namespace", "\"\""),
        ("Target", "null"),
        ("CreateIndex", "0"),
        ("ModifyIndex", "0"),
    ],
};

pub(super) const CONSUL: Shape =
    flat(&[text("namespace", "Namespace"), text("cluster", "Cluster"), text("partition", "Partition")]);

const MOUNT_OPTIONS: Shape = flat(&[text("fs_type", "FSType"), texts("mount_flags", "MountFlags")]);

const VOLUME: Shape = labelled(
    "Name",
    "name",
    &[
        text("type", "Type"),
        text("source", "Source"),
        flag("read_only", "ReadOnly"),
        flag("sticky", "Sticky"),
        text("access_mode", "AccessMode"),
        text("attachment_mode", "AttachmentMode"),
        flag("per_alloc", "PerAlloc"),
    ],
    &[one("mount_options", "MountOptions", &MOUNT_OPTIONS)],
);

const DISCONNECT: Shape = flat(&[
    time("lost_after", "LostAfter").or_null(),
    time("stop_on_client_after", "StopOnClientAfter").or_null(),
    flag("replace", "Replace").or_null(),
    text("reconcile", "Reconcile").or_null(),
]);

const DISK: Shape = flat(&[
    flag("sticky", "Sticky").or_null(),
    flag("migrate", "Migrate").or_null(),
    int("size", "SizeMB").or_null(),
]);

pub(in super::super) const GROUP: Shape = labelled(
    "Name",
    "name",
    &[
        int("count", "Count").or_null(),
        time("shutdown_delay", "ShutdownDelay").or_null(),
        time("max_run_duration", "MaxRunDuration").or_null(),
        time("stop_after_client_disconnect", "StopAfterClientDisconnect").or_null(),
        time("max_client_disconnect", "MaxClientDisconnect").or_null(),
        flag("prevent_reschedule_on_lost", "PreventRescheduleOnLost").or_null(),
    ],
    &[
        one("vault", "_Vault", &VAULT),
        many("secret", "_Secrets", &SECRET),
        map_or_attribute("meta", "Meta"),
        nested("constraint", "Constraints", Nest::Constraints),
        nested("affinity", "Affinities", Nest::Affinities),
        many("task", "Tasks", &TASK),
        many("spread", "Spreads", &SPREAD),
        nested("volume", "Volumes", Nest::Keyed(&VOLUME)),
        one("restart", "RestartPolicy", &RESTART),
        one("disconnect", "Disconnect", &DISCONNECT),
        one("reschedule", "ReschedulePolicy", &RESCHEDULE),
        one("ephemeral_disk", "EphemeralDisk", &DISK),
        one("update", "Update", &UPDATE),
        one("migrate", "Migrate", &MIGRATE),
        many("network", "Networks", &NETWORK),
        many("service", "Services", &SERVICE),
        nested("scaling", "Scaling", Nest::Horizontal(&SCALING)),
        one("consul", "Consul", &CONSUL),
    ],
);
