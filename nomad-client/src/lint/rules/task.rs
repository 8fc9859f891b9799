//! Rules about tasks: identity, environment, ports, rights.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Block, Look, listed, rules};

rules! {
    VAULT_POLICIES = "vault-policies" Some(7), Error,
        "vault { role = \"…\" } and identity { name = \"vault_default\", aud = [\"vault.io\"], ttl = \"1h\" }";
    VAULT_IDENTITY = "vault-without-identity" None, Warning,
        "identity { name = \"vault_default\", aud = [\"vault.io\"], ttl = \"1h\" }, or a default_identity in the servers' configuration";
    BUILD_TIME = "build-time-variable" Some(29), Warning,
        "give it as a build argument, or let the page read a generated file such as /config.js";
    DEV_SERVER = "development-server" Some(30), Warning,
        "serve the built files from a static server";
    PORTS = "port-not-defined" Some(50), Error,
        "network { port \"…\" {} } in the group";
    ROOT = "runs-as-root" Some(59), Warning,
        "cap_drop = [\"all\"], readonly_rootfs = true, a `user`, and no `privileged`";
    NO_RESOURCES = "no-resources" None, Info,
        "resources { cpu, memory }: the defaults are 100 MHz and 300 MiB";
    KILL_TIMEOUT = "kill-timeout-short" None, Warning,
        "give the program at least as long to end as its load balancer takes to forget it";
}

pub(super) fn look(look: &Look<'_>, task: &Block) {
    vault(look, task);
    environment(look, task);
    if task.block("resources").is_none() {
        look.found(&NO_RESOURCES, task.line, "no `resources`");
    }
    if task.duration("kill_timeout").is_some_and(|timeout| timeout < Duration::from_secs(5))
        && look.kind() == "service"
    {
        look.found(&KILL_TIMEOUT, task.line_of("kill_timeout"), "less than the default of 5 s to end");
    }
    if task.text("driver") == Some("docker")
        && let Some(config) = task.block("config")
    {
        ports(look, config);
        rights(look, task, config);
    }
}

fn vault(look: &Look<'_>, task: &Block) {
    let of = |block: Option<&Block>| block.and_then(|block| block.block("vault")).is_some();
    if let Some(vault) = task.block("vault").filter(|vault| vault.attributes.contains_key("policies")) {
        let message =
            "`policies` is ignored since Nomad 1.10, without a word: the task gets no token for them";
        look.found(&VAULT_POLICIES, vault.line_of("policies"), message);
    }
    let uses = of(Some(task)) || of(look.group) || of(Some(look.job));
    let known = task
        .blocks("identity")
        .any(|identity| identity.text("name").unwrap_or_else(|| identity.label()).starts_with("vault_"));
    if uses && !known {
        let line = task.block("vault").map_or(task.line, |vault| vault.line);
        let message = "no identity for Vault: unless the servers have a default one, the task waits for ever and no event says why";
        look.found(&VAULT_IDENTITY, line, message);
    }
}

fn environment(look: &Look<'_>, task: &Block) {
    let env = task.map("env");
    let line_of = |name: &str| task.block("env").map_or(task.line_of("env"), |block| block.line_of(name));
    let generated = task
        .blocks("template")
        .any(|template| template.text("destination").is_some_and(|path| path.ends_with(".js")));
    let built = env.keys().find(|name| name.starts_with("REACT_APP_") || name.starts_with("VITE_"));
    if let (Some(name), false) = (built, generated) {
        look.found(
            &BUILD_TIME,
            line_of(name),
            format!("`{name}` is read when the page is built, not when it runs"),
        );
    }
    let config = task.block("config");
    let told = |name: &str| config.is_some_and(|config| config.attributes.contains_key(name));
    let hardened = config.and_then(|config| config.flag("readonly_rootfs")) == Some(true);
    let to_3000 = look.group.is_some_and(|group| {
        group
            .blocks("network")
            .flat_map(|network| network.blocks("port"))
            .any(|port| port.number("to") == Some(3000))
    });
    if env.contains_key("NODE_ENV") && to_3000 && !hardened && !told("command") && !told("entrypoint") {
        let message = "NODE_ENV and port 3000 look like the development server";
        look.found(&DEV_SERVER, line_of("NODE_ENV"), message);
    }
}

fn ports(look: &Look<'_>, config: &Block) {
    let networks = look.group.into_iter().flat_map(|group| group.blocks("network"));
    let own =
        look.task.into_iter().flat_map(|task| task.blocks("resources")).flat_map(|r| r.blocks("network"));
    let defined: BTreeSet<&str> =
        networks.chain(own).flat_map(|network| network.blocks("port")).map(Block::label).collect();
    let used = config.get("ports").and_then(|value| value.as_array());
    for port in used.into_iter().flatten().filter_map(|port| port.as_str()) {
        if !defined.contains(port) {
            let message =
                format!("port \"{port}\" is not in a `network` of the group: the task fails at its start");
            look.found(&PORTS, config.line_of("ports"), message);
        }
    }
}

fn rights(look: &Look<'_>, task: &Block, config: &Block) {
    let mut wrong = Vec::new();
    if config.flag("privileged") == Some(true) {
        wrong.push("privileged");
    }
    if !config.attributes.contains_key("cap_drop") {
        wrong.push("with Docker's capabilities");
    }
    if config.flag("readonly_rootfs") != Some(true) {
        wrong.push("writable");
    }
    if wrong.is_empty() {
        return;
    }
    let who = match task.text("user") {
        None | Some("root" | "0") => "as the image's user, mostly root",
        Some(_) => "as a user of its own",
    };
    look.found(&ROOT, config.line, format!("runs {who}, {}", listed(&wrong)));
}
