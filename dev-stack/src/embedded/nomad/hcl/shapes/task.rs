//! Tasks and what they hold.

use super::group::{CONSUL, SCALING};
use super::service::SERVICE;
use super::{
    Field, Label, Nest, Shape, Take, config, field, flag, flat, int, labelled, many, map, map_or_attribute,
    nested, one, shape, text, texts, time,
};

pub(super) const RESTART: Shape = flat(&[
    time("interval", "Interval").or_null(),
    int("attempts", "Attempts").or_null(),
    time("delay", "Delay").or_null(),
    text("mode", "Mode").or_null(),
    flag("render_templates", "RenderTemplates").or_null(),
]);

pub(super) const VAULT: Shape = flat(&[
    texts("policies", "Policies"),
    text("role", "Role"),
    text("namespace", "Namespace").or_null(),
    text("cluster", "Cluster"),
    flag("env", "Env").or_null(),
    flag("disable_file", "DisableFile").or_null(),
    text("change_mode", "ChangeMode").or_null(),
    text("change_signal", "ChangeSignal").or_null(),
    flag("allow_token_expiration", "AllowTokenExpiration").or_null(),
]);

pub(super) const SECRET: Shape = labelled(
    "Name",
    "name",
    &[text("provider", "Provider"), text("path", "Path")],
    &[config("config", "Config"), map("env", "Env")],
);

pub(super) const IDENTITY: Shape = flat(&[
    text("name", "Name"),
    texts("aud", "Audience"),
    text("change_mode", "ChangeMode"),
    text("change_signal", "ChangeSignal"),
    flag("env", "Env"),
    flag("file", "File"),
    text("filepath", "Filepath"),
    text("service_name", "ServiceName"),
    time("ttl", "TTL"),
    texts("extra_claims", "ExtraClaims"),
]);

const PORT: Shape = labelled(
    "Label",
    "",
    &[
        int("static", "Value"),
        int("to", "To"),
        text("host_network", "HostNetwork"),
        flag("ignore_collision", "IgnoreCollision"),
    ],
    &[],
);

pub(super) const NETWORK: Shape = shape(
    &[
        text("mode", "Mode"),
        text("device", "Device"),
        text("cidr", "CIDR"),
        text("ip", "IP"),
        text("hostname", "Hostname"),
        int("mbits", "MBits").or_null(),
    ],
    &[
        one(
            "dns",
            "DNS",
            &flat(&[texts("servers", "Servers"), texts("searches", "Searches"), texts("options", "Options")]),
        ),
        many("reserved_ports", "ReservedPorts", &PORT),
        many("port", "DynamicPorts", &PORT),
        one("cni", "CNI", &flat(&[field("args", "Args", Take::Map)])),
    ],
);

const DEVICE: Shape = labelled(
    "Name",
    "",
    &[field("count", "Count", Take::Int(0, i64::MAX)).or_null()],
    &[
        nested("constraint", "Constraints", Nest::Constraints),
        nested("affinity", "Affinities", Nest::Affinities),
    ],
);

pub(super) const RESOURCES: Shape = shape(
    &[
        int("cpu", "CPU").or_null(),
        int("cores", "Cores").or_null(),
        int("memory", "MemoryMB").or_null(),
        int("memory_max", "MemoryMaxMB").or_null(),
        int("disk", "DiskMB").or_null(),
        int("secrets", "SecretsMB").or_null(),
        int("iops", "IOPS").or_null(),
    ],
    &[
        many("network", "Networks", &NETWORK),
        many("device", "Devices", &DEVICE),
        one("numa", "NUMA", &flat(&[text("affinity", "Affinity"), texts("devices", "Devices")])),
    ],
);

const CHANGE_SCRIPT: Shape = flat(&[
    text("command", "Command").or_null(),
    texts("args", "Args"),
    time("timeout", "Timeout").or_null(),
    flag("fail_on_error", "FailOnError").or_null(),
    flag("run_on_first_render", "RunOnFirstRender").or_null(),
]);

const TEMPLATE: Shape = shape(
    &[
        text("source", "SourcePath").or_null(),
        text("destination", "DestPath").or_null(),
        text("data", "EmbeddedTmpl").or_null(),
        text("change_mode", "ChangeMode").or_null(),
        text("change_signal", "ChangeSignal").or_null(),
        flag("once", "Once").or_null(),
        time("splay", "Splay").or_null(),
        text("perms", "Perms").or_null(),
        int("uid", "Uid").or_null(),
        int("gid", "Gid").or_null(),
        text("left_delimiter", "LeftDelim").or_null(),
        text("right_delimiter", "RightDelim").or_null(),
        flag("env", "Envvars").or_null(),
        time("vault_grace", "VaultGrace").or_null(),
        flag("error_on_missing_key", "ErrMissingKey").or_null(),
    ],
    &[
        one("change_script", "ChangeScript", &CHANGE_SCRIPT),
        one("wait", "Wait", &flat(&[time("min", "Min").or_null(), time("max", "Max").or_null()])),
    ],
);

pub(super) const LOGS: Shape = flat(&[
    int("max_files", "MaxFiles").or_null(),
    int("max_file_size", "MaxFileSizeMB").or_null(),
    flag("enabled", "Enabled").or_null(),
    flag("disabled", "Disabled").or_null(),
]);

const ARTIFACT: Shape = shape(
    &[
        text("source", "GetterSource").or_null(),
        text("mode", "GetterMode").or_null(),
        flag("insecure", "GetterInsecure").or_null(),
        text("destination", "RelativeDest").or_null(),
        flag("chown", "Chown"),
    ],
    &[map("options", "GetterOptions"), map("headers", "GetterHeaders")],
);

pub(super) const VOLUME_MOUNT: Shape = flat(&[
    text("volume", "Volume").or_null(),
    text("destination", "Destination").or_null(),
    flag("read_only", "ReadOnly").or_null(),
    text("propagation_mode", "PropagationMode").or_null(),
    text("selinux_label", "SELinuxLabel").or_null(),
]);

const CSI_PLUGIN: Shape = flat(&[
    text("id", "ID"),
    text("type", "Type"),
    text("mount_dir", "MountDir"),
    text("stage_publish_base_dir", "StagePublishBaseDir"),
    time("health_timeout", "HealthTimeout"),
]);

const SCHEDULE: Shape = shape(
    &[],
    &[one(
        "cron",
        "Cron",
        &flat(&[text("start", "Start"), text("end", "End"), text("timezone", "Timezone")]),
    )],
);

const ACTION: Shape =
    labelled("Name", "name", &[text("command", "Command").required(), texts("args", "Args")], &[]);

const LIFECYCLE: Shape = flat(&[text("hook", "Hook").required(), flag("sidecar", "Sidecar")]);

/// A task's scaling policy has a label that says of what.
const VERTICAL: Shape = Shape {
    label: Some(Label { api: "_Label", name: "name" }),
    fields: SCALING.fields,
    blocks: SCALING.blocks,
    others: SCALING.others,
};

const FIELDS: &[Field] = &[
    text("driver", "Driver"),
    text("user", "User"),
    time("kill_timeout", "KillTimeout").or_null(),
    flag("leader", "Leader"),
    time("shutdown_delay", "ShutdownDelay"),
    text("kill_signal", "KillSignal"),
    text("kind", "Kind"),
];

pub(super) const TASK: Shape = Shape {
    label: Some(Label { api: "Name", name: "name" }),
    fields: FIELDS,
    blocks: &[
        map_or_attribute("env", "Env"),
        map_or_attribute("meta", "Meta"),
        nested("scaling", "ScalingPolicies", Nest::Vertical(&VERTICAL)).first(),
        one("lifecycle", "Lifecycle", &LIFECYCLE),
        config("config", "Config"),
        nested("constraint", "Constraints", Nest::Constraints),
        nested("affinity", "Affinities", Nest::Affinities),
        many("service", "Services", &SERVICE),
        one("resources", "Resources", &RESOURCES),
        one("restart", "RestartPolicy", &RESTART),
        one("logs", "LogConfig", &LOGS),
        many("artifact", "Artifacts", &ARTIFACT),
        one("vault", "Vault", &VAULT),
        one("consul", "Consul", &CONSUL),
        many("template", "Templates", &TEMPLATE),
        one("dispatch_payload", "DispatchPayload", &flat(&[text("file", "File")])),
        many("volume_mount", "VolumeMounts", &VOLUME_MOUNT),
        one("csi_plugin", "CSIPluginConfig", &CSI_PLUGIN),
        many("secret", "Secrets", &SECRET),
        many("identity", "Identities", &IDENTITY),
        many("action", "Actions", &ACTION),
        one("schedule", "Schedule", &SCHEDULE),
    ],
    others: &[("Identity", "null")],
};
