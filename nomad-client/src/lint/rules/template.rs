//! Rules about `template` blocks.

use super::{Block, Look, rules};

rules! {
    KV2_PATH = "kv2-path" Some(9), Warning,
        "write the path with `data/`, such as secret/data/…: without it the agent has to find out what the mount is";
    UNQUOTED = "secret-not-quoted" Some(11), Warning,
        "NAME={{ .Data.data.key | toJSON }} without quotes of your own";
    MISSING_KEY = "template-restarts-all" Some(12), Warning,
        "error_on_missing_key = true, and splay = \"30s\" so that a changed secret does not restart all instances at once";
    CONSUL_ADDRESS = "consul-address-unset" Some(53), Error,
        "{{ env \"attr.unique.network.ip-address\" }}:8500, with a token where Consul has ACLs";
    INTERPOLATED = "heredoc-interpolates" Some(57), Error,
        "write $${ and %%{ for what the file itself should contain";
}

pub(super) fn look(look: &Look<'_>, task: &Block, template: &Block) {
    let Some(attribute) = template.attributes.get("data") else { return };
    let data = attribute.value.as_str().unwrap_or_default();
    let line = |offset: usize| attribute.text_line()?.checked_add(u32::try_from(offset).ok()?);
    paths(look, data, &line);
    quotes(look, template, data, &line);
    changes(look, template, data);
    if let Some((at, _)) = lines_with(data, "env \"CONSUL_HTTP_ADDR\"").next()
        && !task.map("env").contains_key("CONSUL_HTTP_ADDR")
    {
        let message = "CONSUL_HTTP_ADDR is not set in tasks, and 127.0.0.1 would be the container itself";
        look.found(&CONSUL_ADDRESS, line(at), message);
    }
    interpolations(look, data, attribute, &line);
}

fn lines_with<'a>(data: &'a str, what: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    data.lines().enumerate().filter(move |(_, text)| text.contains(what))
}

/// The paths that `secret` reads in a line.
fn secrets(line: &str) -> impl Iterator<Item = &str> {
    line.split("secret \"").skip(1).filter_map(|rest| rest.split('"').next())
}

fn paths(look: &Look<'_>, data: &str, line: &impl Fn(usize) -> Option<u32>) {
    // Only a KV of version 2 has data in its data.
    let version_2 = data.contains(".Data.data");
    let bad: Vec<(usize, &str)> = data
        .lines()
        .enumerate()
        .flat_map(|(at, text)| secrets(text).map(move |path| (at, path)))
        .filter(|(_, path)| !path.split('/').any(|part| part == "data"))
        .collect();
    if let (true, Some((at, path))) = (version_2, bad.first()) {
        look.found(
            &KV2_PATH,
            line(*at),
            format!("`{path}` is the path of a secret in a KV of version 2 without `data/`"),
        );
    }
}

fn quotes(look: &Look<'_>, template: &Block, data: &str, line: &impl Fn(usize) -> Option<u32>) {
    if template.flag("env") != Some(true) {
        return;
    }
    let quoted = data
        .lines()
        .enumerate()
        .find(|(_, text)| text.contains("=\"{{") && text.contains(".Data") && !text.contains("toJSON"));
    if let Some((at, text)) = quoted {
        let name = text.split('=').next().unwrap_or_default();
        let message = format!("`{name}` breaks when the secret has a quote, a backslash or a line end in it");
        look.found(&UNQUOTED, line(at), message);
    }
}

fn changes(look: &Look<'_>, template: &Block, data: &str) {
    if secrets(data).next().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    if template.flag("error_on_missing_key") != Some(true) {
        wrong.push("a missing key becomes `<no value>`");
    }
    let restarts = template.text("change_mode").unwrap_or("restart") == "restart";
    if restarts && !template.attributes.contains_key("splay") {
        wrong.push("a changed secret restarts all instances within 5 s");
    }
    if !wrong.is_empty() {
        look.found(&MISSING_KEY, template.line, wrong.join("; "));
    }
}

fn interpolations(
    look: &Look<'_>,
    data: &str,
    attribute: &super::super::Attribute,
    line: &impl Fn(usize) -> Option<u32>,
) {
    let number = |inside: &str| !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit());
    if let Some(inside) = attribute.interpolations.iter().find(|inside| number(inside)) {
        let at = lines_with(data, &format!("${{{inside}}}")).next().map_or(0, |(at, _)| at);
        let message = format!("`${{{inside}}}` is evaluated when the job file is read, to {inside}");
        look.found(&INTERPOLATED, line(at), message);
    } else if attribute.heredoc && data.contains("scrape_configs:") && !data.contains("${") {
        let message = "a Prometheus configuration in a heredoc: a later `replacement: '${1}'` would be evaluated when the job file is read";
        look.push(INTERPOLATED.found(line(0), message).severity(super::Severity::Info));
    }
}
