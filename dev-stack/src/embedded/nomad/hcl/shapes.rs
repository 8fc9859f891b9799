//! What each block of a job file may hold, and the API's name for it.

/// How an attribute's value is taken.
#[derive(Clone, Copy)]
pub(super) enum Take {
    Text,
    Number,
    Bool,
    /// A duration string, as nanoseconds.
    Time,
    Texts,
    Map,
    Any,
}

/// How a nested block is taken.
#[derive(Clone, Copy)]
pub(super) enum Nest {
    /// One object.
    One(&'static Shape),
    /// A list of objects.
    Many(&'static Shape, &'static str),
    /// An object of objects, by label.
    ByLabel(&'static Shape),
    /// A map written as a block.
    Map,
    /// Free form.
    Free,
    Network,
    Config,
}

/// What a block may hold: HCL name, field of the API, and how.
pub(super) struct Shape {
    pub(super) attributes: &'static [(&'static str, &'static str, Take)],
    pub(super) blocks: &'static [(&'static str, &'static str, Nest)],
}

pub(super) const CONSTRAINT: &Shape = &Shape {
    attributes: &[
        ("attribute", "LTarget", Take::Text),
        ("operator", "Operand", Take::Text),
        ("value", "RTarget", Take::Text),
        ("version", "version", Take::Text),
        ("semver", "semver", Take::Text),
        ("regexp", "regexp", Take::Text),
        ("set_contains", "set_contains", Take::Text),
        ("distinct_hosts", "distinct_hosts", Take::Bool),
        ("distinct_property", "distinct_property", Take::Text),
        ("weight", "Weight", Take::Number),
    ],
    blocks: &[],
};
pub(super) const SPREAD: &Shape = &Shape {
    attributes: &[("attribute", "Attribute", Take::Text), ("weight", "Weight", Take::Number)],
    blocks: &[(
        "target",
        "SpreadTarget",
        Nest::Many(&Shape { attributes: &[("percent", "Percent", Take::Number)], blocks: &[] }, "Value"),
    )],
};
pub(super) const UPDATE: &Shape = &Shape {
    attributes: &[
        ("max_parallel", "MaxParallel", Take::Number),
        ("health_check", "HealthCheck", Take::Text),
        ("min_healthy_time", "MinHealthyTime", Take::Time),
        ("healthy_deadline", "HealthyDeadline", Take::Time),
        ("progress_deadline", "ProgressDeadline", Take::Time),
        ("auto_revert", "AutoRevert", Take::Bool),
        ("auto_promote", "AutoPromote", Take::Bool),
        ("canary", "Canary", Take::Number),
        ("stagger", "Stagger", Take::Time),
    ],
    blocks: &[],
};
pub(super) const MIGRATE: &Shape = &Shape {
    attributes: &[
        ("max_parallel", "MaxParallel", Take::Number),
        ("health_check", "HealthCheck", Take::Text),
        ("min_healthy_time", "MinHealthyTime", Take::Time),
        ("healthy_deadline", "HealthyDeadline", Take::Time),
    ],
    blocks: &[],
};
pub(super) const RESTART: &Shape = &Shape {
    attributes: &[
        ("attempts", "Attempts", Take::Number),
        ("interval", "Interval", Take::Time),
        ("delay", "Delay", Take::Time),
        ("mode", "Mode", Take::Text),
        ("render_templates", "RenderTemplates", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const RESCHEDULE: &Shape = &Shape {
    attributes: &[
        ("attempts", "Attempts", Take::Number),
        ("interval", "Interval", Take::Time),
        ("delay", "Delay", Take::Time),
        ("delay_function", "DelayFunction", Take::Text),
        ("max_delay", "MaxDelay", Take::Time),
        ("unlimited", "Unlimited", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const PERIODIC: &Shape = &Shape {
    attributes: &[
        ("cron", "Spec", Take::Text),
        ("crons", "Specs", Take::Texts),
        ("prohibit_overlap", "ProhibitOverlap", Take::Bool),
        ("time_zone", "TimeZone", Take::Text),
        ("enabled", "Enabled", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const PARAMETERIZED: &Shape = &Shape {
    attributes: &[
        ("payload", "Payload", Take::Text),
        ("meta_required", "MetaRequired", Take::Texts),
        ("meta_optional", "MetaOptional", Take::Texts),
    ],
    blocks: &[],
};
pub(super) const SCALING: &Shape = &Shape {
    attributes: &[
        ("enabled", "Enabled", Take::Bool),
        ("min", "Min", Take::Number),
        ("max", "Max", Take::Number),
    ],
    blocks: &[("policy", "Policy", Nest::Free)],
};
pub(super) const DISK: &Shape = &Shape {
    attributes: &[
        ("migrate", "Migrate", Take::Bool),
        ("size", "SizeMB", Take::Number),
        ("sticky", "Sticky", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const CONSUL: &Shape = &Shape {
    attributes: &[
        ("namespace", "Namespace", Take::Text),
        ("cluster", "Cluster", Take::Text),
        ("partition", "Partition", Take::Text),
    ],
    blocks: &[],
};
pub(super) const CHECK_RESTART: &Shape = &Shape {
    attributes: &[
        ("limit", "Limit", Take::Number),
        ("grace", "Grace", Take::Time),
        ("ignore_warnings", "IgnoreWarnings", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const CHECK: &Shape = &Shape {
    attributes: &[
        ("name", "Name", Take::Text),
        ("type", "Type", Take::Text),
        ("command", "Command", Take::Text),
        ("args", "Args", Take::Texts),
        ("path", "Path", Take::Text),
        ("protocol", "Protocol", Take::Text),
        ("port", "PortLabel", Take::Text),
        ("interval", "Interval", Take::Time),
        ("timeout", "Timeout", Take::Time),
        ("address_mode", "AddressMode", Take::Text),
        ("method", "Method", Take::Text),
        ("body", "Body", Take::Text),
        ("initial_status", "InitialStatus", Take::Text),
        ("on_update", "OnUpdate", Take::Text),
        ("task", "TaskName", Take::Text),
        ("tls_skip_verify", "TLSSkipVerify", Take::Bool),
        ("tls_server_name", "TLSServerName", Take::Text),
        ("success_before_passing", "SuccessBeforePassing", Take::Number),
        ("failures_before_critical", "FailuresBeforeCritical", Take::Number),
        ("failures_before_warning", "FailuresBeforeWarning", Take::Number),
        ("grpc_service", "GRPCService", Take::Text),
        ("grpc_use_tls", "GRPCUseTLS", Take::Bool),
        ("expose", "Expose", Take::Bool),
        ("notes", "Notes", Take::Text),
        ("header", "Header", Take::Any),
    ],
    blocks: &[("check_restart", "CheckRestart", Nest::One(CHECK_RESTART)), ("header", "Header", Nest::Free)],
};
pub(super) const IDENTITY: &Shape = &Shape {
    attributes: &[
        ("name", "Name", Take::Text),
        ("aud", "Audience", Take::Texts),
        ("change_mode", "ChangeMode", Take::Text),
        ("change_signal", "ChangeSignal", Take::Text),
        ("env", "Env", Take::Bool),
        ("file", "File", Take::Bool),
        ("filepath", "Filepath", Take::Text),
        ("ttl", "TTL", Take::Time),
    ],
    blocks: &[("extra_claims", "ExtraClaims", Nest::Map)],
};
pub(super) const SERVICE: &Shape = &Shape {
    attributes: &[
        ("name", "Name", Take::Text),
        ("port", "PortLabel", Take::Text),
        ("tags", "Tags", Take::Texts),
        ("canary_tags", "CanaryTags", Take::Texts),
        ("address", "Address", Take::Text),
        ("address_mode", "AddressMode", Take::Text),
        ("provider", "Provider", Take::Text),
        ("task", "TaskName", Take::Text),
        ("on_update", "OnUpdate", Take::Text),
        ("enable_tag_override", "EnableTagOverride", Take::Bool),
        ("cluster", "Cluster", Take::Text),
        ("kind", "Kind", Take::Text),
        ("meta", "Meta", Take::Map),
        ("canary_meta", "CanaryMeta", Take::Map),
        ("tagged_addresses", "TaggedAddresses", Take::Map),
    ],
    blocks: &[
        ("check", "Checks", Nest::Many(CHECK, "Name")),
        ("meta", "Meta", Nest::Map),
        ("canary_meta", "CanaryMeta", Nest::Map),
        ("check_restart", "CheckRestart", Nest::One(CHECK_RESTART)),
        ("connect", "Connect", Nest::Free),
        ("identity", "Identity", Nest::One(IDENTITY)),
        ("tagged_addresses", "TaggedAddresses", Nest::Map),
        ("weights", "Weights", Nest::Free),
    ],
};
pub(super) const VOLUME: &Shape = &Shape {
    attributes: &[
        ("type", "Type", Take::Text),
        ("source", "Source", Take::Text),
        ("read_only", "ReadOnly", Take::Bool),
        ("sticky", "Sticky", Take::Bool),
        ("access_mode", "AccessMode", Take::Text),
        ("attachment_mode", "AttachmentMode", Take::Text),
        ("per_alloc", "PerAlloc", Take::Bool),
    ],
    blocks: &[("mount_options", "MountOptions", Nest::Free)],
};
pub(super) const RESOURCES: &Shape = &Shape {
    attributes: &[
        ("cpu", "CPU", Take::Number),
        ("cores", "Cores", Take::Number),
        ("memory", "MemoryMB", Take::Number),
        ("memory_max", "MemoryMaxMB", Take::Number),
        ("disk", "DiskMB", Take::Number),
        ("secrets", "SecretsMB", Take::Number),
    ],
    blocks: &[
        ("network", "Networks", Nest::Network),
        (
            "device",
            "Devices",
            Nest::Many(&Shape { attributes: &[("count", "Count", Take::Number)], blocks: &[] }, "Name"),
        ),
        ("numa", "NUMA", Nest::Free),
    ],
};
pub(super) const TEMPLATE: &Shape = &Shape {
    attributes: &[
        ("data", "EmbeddedTmpl", Take::Text),
        ("source", "SourcePath", Take::Text),
        ("destination", "DestPath", Take::Text),
        ("change_mode", "ChangeMode", Take::Text),
        ("change_signal", "ChangeSignal", Take::Text),
        ("splay", "Splay", Take::Time),
        ("perms", "Perms", Take::Text),
        ("env", "Envvars", Take::Bool),
        ("left_delimiter", "LeftDelim", Take::Text),
        ("right_delimiter", "RightDelim", Take::Text),
        ("error_on_missing_key", "ErrMissingKey", Take::Bool),
        ("once", "Once", Take::Bool),
        ("uid", "Uid", Take::Number),
        ("gid", "Gid", Take::Number),
        ("vault_grace", "VaultGrace", Take::Time),
    ],
    blocks: &[
        (
            "change_script",
            "ChangeScript",
            Nest::One(&Shape {
                attributes: &[
                    ("command", "Command", Take::Text),
                    ("args", "Args", Take::Texts),
                    ("timeout", "Timeout", Take::Time),
                    ("fail_on_error", "FailOnError", Take::Bool),
                ],
                blocks: &[],
            }),
        ),
        (
            "wait",
            "Wait",
            Nest::One(&Shape {
                attributes: &[("min", "Min", Take::Time), ("max", "Max", Take::Time)],
                blocks: &[],
            }),
        ),
    ],
};
pub(super) const VAULT: &Shape = &Shape {
    attributes: &[
        ("policies", "Policies", Take::Texts),
        ("role", "Role", Take::Text),
        ("env", "Env", Take::Bool),
        ("disable_file", "DisableFile", Take::Bool),
        ("change_mode", "ChangeMode", Take::Text),
        ("change_signal", "ChangeSignal", Take::Text),
        ("namespace", "Namespace", Take::Text),
        ("cluster", "Cluster", Take::Text),
        ("allow_token_expiration", "AllowTokenExpiration", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const LOGS: &Shape = &Shape {
    attributes: &[
        ("max_files", "MaxFiles", Take::Number),
        ("max_file_size", "MaxFileSizeMB", Take::Number),
        ("disabled", "Disabled", Take::Bool),
        ("enabled", "Enabled", Take::Bool),
    ],
    blocks: &[],
};
pub(super) const ARTIFACT: &Shape = &Shape {
    attributes: &[
        ("source", "GetterSource", Take::Text),
        ("destination", "RelativeDest", Take::Text),
        ("mode", "GetterMode", Take::Text),
        ("insecure", "GetterInsecure", Take::Bool),
        ("chown", "Chown", Take::Bool),
    ],
    blocks: &[("options", "GetterOptions", Nest::Map), ("headers", "GetterHeaders", Nest::Map)],
};
pub(super) const TASK: &Shape = &Shape {
    attributes: &[
        ("driver", "Driver", Take::Text),
        ("user", "User", Take::Text),
        ("leader", "Leader", Take::Bool),
        ("kill_timeout", "KillTimeout", Take::Time),
        ("kill_signal", "KillSignal", Take::Text),
        ("shutdown_delay", "ShutdownDelay", Take::Time),
        ("kind", "Kind", Take::Text),
        ("env", "Env", Take::Map),
        ("meta", "Meta", Take::Map),
    ],
    blocks: &[
        ("config", "Config", Nest::Config),
        ("env", "Env", Nest::Map),
        ("meta", "Meta", Nest::Map),
        ("service", "Services", Nest::Many(SERVICE, "Name")),
        ("constraint", "Constraints", Nest::Many(CONSTRAINT, "")),
        ("affinity", "Affinities", Nest::Many(CONSTRAINT, "")),
        ("resources", "Resources", Nest::One(RESOURCES)),
        ("restart", "RestartPolicy", Nest::One(RESTART)),
        ("template", "Templates", Nest::Many(TEMPLATE, "")),
        ("artifact", "Artifacts", Nest::Many(ARTIFACT, "")),
        ("vault", "Vault", Nest::One(VAULT)),
        ("consul", "Consul", Nest::One(CONSUL)),
        ("identity", "Identities", Nest::Many(IDENTITY, "")),
        ("logs", "LogConfig", Nest::One(LOGS)),
        (
            "lifecycle",
            "Lifecycle",
            Nest::One(&Shape {
                attributes: &[("hook", "Hook", Take::Text), ("sidecar", "Sidecar", Take::Bool)],
                blocks: &[],
            }),
        ),
        (
            "dispatch_payload",
            "DispatchPayload",
            Nest::One(&Shape { attributes: &[("file", "File", Take::Text)], blocks: &[] }),
        ),
        (
            "volume_mount",
            "VolumeMounts",
            Nest::Many(
                &Shape {
                    attributes: &[
                        ("volume", "Volume", Take::Text),
                        ("destination", "Destination", Take::Text),
                        ("read_only", "ReadOnly", Take::Bool),
                        ("propagation_mode", "PropagationMode", Take::Text),
                        ("selinux_label", "SELinuxLabel", Take::Text),
                    ],
                    blocks: &[],
                },
                "",
            ),
        ),
        ("scaling", "ScalingPolicies", Nest::Many(SCALING, "name")),
        (
            "action",
            "Actions",
            Nest::Many(
                &Shape {
                    attributes: &[("command", "Command", Take::Text), ("args", "Args", Take::Texts)],
                    blocks: &[],
                },
                "Name",
            ),
        ),
        (
            "secret",
            "Secrets",
            Nest::Many(
                &Shape {
                    attributes: &[("provider", "Provider", Take::Text), ("path", "Path", Take::Text)],
                    blocks: &[("config", "Config", Nest::Config), ("env", "Env", Nest::Map)],
                },
                "Name",
            ),
        ),
        ("csi_plugin", "CSIPluginConfig", Nest::Free),
        ("schedule", "Schedule", Nest::Free),
    ],
};
pub(super) const GROUP: &Shape = &Shape {
    attributes: &[
        ("count", "Count", Take::Number),
        ("shutdown_delay", "ShutdownDelay", Take::Time),
        ("stop_after_client_disconnect", "StopAfterClientDisconnect", Take::Time),
        ("max_client_disconnect", "MaxClientDisconnect", Take::Time),
        ("prevent_reschedule_on_lost", "PreventRescheduleOnLost", Take::Bool),
        ("max_run_duration", "MaxRunDuration", Take::Time),
        ("meta", "Meta", Take::Map),
    ],
    blocks: &[
        ("task", "Tasks", Nest::Many(TASK, "Name!")),
        ("network", "Networks", Nest::Network),
        ("service", "Services", Nest::Many(SERVICE, "Name")),
        ("constraint", "Constraints", Nest::Many(CONSTRAINT, "")),
        ("affinity", "Affinities", Nest::Many(CONSTRAINT, "")),
        ("spread", "Spreads", Nest::Many(SPREAD, "")),
        ("update", "Update", Nest::One(UPDATE)),
        ("migrate", "Migrate", Nest::One(MIGRATE)),
        ("restart", "RestartPolicy", Nest::One(RESTART)),
        ("reschedule", "ReschedulePolicy", Nest::One(RESCHEDULE)),
        ("ephemeral_disk", "EphemeralDisk", Nest::One(DISK)),
        ("meta", "Meta", Nest::Map),
        ("scaling", "Scaling", Nest::One(SCALING)),
        ("volume", "Volumes", Nest::ByLabel(VOLUME)),
        ("consul", "Consul", Nest::One(CONSUL)),
        (
            "disconnect",
            "Disconnect",
            Nest::One(&Shape {
                attributes: &[
                    ("lost_after", "LostAfter", Take::Time),
                    ("stop_on_client_after", "StopOnClientAfter", Take::Time),
                    ("replace", "Replace", Take::Bool),
                    ("reconcile", "Reconcile", Take::Text),
                ],
                blocks: &[],
            }),
        ),
    ],
};
pub(super) const JOB: &Shape = &Shape {
    attributes: &[
        ("id", "ID", Take::Text),
        ("name", "Name", Take::Text),
        ("type", "Type", Take::Text),
        ("datacenters", "Datacenters", Take::Texts),
        ("region", "Region", Take::Text),
        ("namespace", "Namespace", Take::Text),
        ("node_pool", "NodePool", Take::Text),
        ("priority", "Priority", Take::Number),
        ("all_at_once", "AllAtOnce", Take::Bool),
        ("meta", "Meta", Take::Map),
        ("consul_token", "ConsulToken", Take::Text),
        ("vault_token", "VaultToken", Take::Text),
    ],
    blocks: &[
        ("group", "TaskGroups", Nest::Many(GROUP, "Name!")),
        ("constraint", "Constraints", Nest::Many(CONSTRAINT, "")),
        ("affinity", "Affinities", Nest::Many(CONSTRAINT, "")),
        ("spread", "Spreads", Nest::Many(SPREAD, "")),
        ("update", "Update", Nest::One(UPDATE)),
        ("migrate", "Migrate", Nest::One(MIGRATE)),
        ("reschedule", "Reschedule", Nest::One(RESCHEDULE)),
        ("periodic", "Periodic", Nest::One(PERIODIC)),
        ("parameterized", "ParameterizedJob", Nest::One(PARAMETERIZED)),
        ("meta", "Meta", Nest::Map),
        (
            "ui",
            "UI",
            Nest::One(&Shape {
                attributes: &[("description", "Description", Take::Text)],
                blocks: &[(
                    "link",
                    "Links",
                    Nest::Many(
                        &Shape {
                            attributes: &[("label", "Label", Take::Text), ("url", "URL", Take::Text)],
                            blocks: &[],
                        },
                        "",
                    ),
                )],
            }),
        ),
        ("multiregion", "Multiregion", Nest::Free),
        ("vault", "_vault", Nest::One(VAULT)),
    ],
};
