//! Rules about Terraform: versions, the load balancer and who owns the jobs.

use nomad_client::lint::{Block, Diagnostic, Unreadable};
use serde_json::Value;

use super::declare;

declare! {
    TARGET = "target-group-bypasses-traefik" Some(33), Error,
        "forward to Traefik's static port, and attach the autoscaling group to the target group";
    HEALTH_PATH = "target-group-health-path" Some(34), Error,
        "ask Traefik's ping: path = \"/ping\" on its entry point";
    LISTENER = "listener-incomplete" Some(35), Error,
        "listeners on 80 (redirect) and 443 (certificate from ACM), and a rule for both hosts to the one target group";
    DELAY = "deregistration-delay" Some(36), Warning,
        "deregistration_delay a little longer than the tasks' shutdown_delay";
    VERSIONS = "terraform-versions" Some(37), Warning,
        "aws 6, vault 5, nomad 2 and consul 2, with provider blocks and a backend, and the lock file committed";
    OWNER = "two-owners-of-jobs" Some(39), Warning,
        "leave the nomad provider out, or let nomad_job own the jobs with detach = false and nobody run `nomad job run`";
    OPEN_STATE = "secret-in-state" None, Warning,
        "write the secret with vault_kv_secret_v2 and data_json_wo, which stays out of the state";
}

/// What the rules find in Terraform: one file, or several one after the other.
///
/// ```
/// let text = "resource \"aws_lb_target_group\" \"api\" {\n  port = 8000\n}\n";
/// let found = wuffchat_deploy::lint::terraform(text)?;
/// assert!(found.iter().any(|found| found.rule == "target-group-bypasses-traefik"));
/// # Ok::<(), wuffchat_deploy::lint::Unreadable>(())
/// ```
///
/// # Errors
///
/// The text is no HCL.
pub fn terraform(text: &str) -> Result<Vec<Diagnostic>, Unreadable> {
    let root = Block::parse(text)?;
    let mut found = Vec::new();
    versions(&root, &mut found);
    let groups: Vec<&Block> = resources(&root, "aws_lb_target_group").collect();
    for group in &groups {
        target_group(&root, group, &mut found);
    }
    listeners(&root, &mut found);
    owner(&root, &mut found);
    for secret in resources(&root, "vault_kv_secret_v2").chain(resources(&root, "vault_generic_secret")) {
        if secret.attributes.contains_key("data_json") {
            let message = format!(
                "the values of {}.{} are in the state for everybody who reads it",
                secret.label(),
                name(secret)
            );
            found.push(OPEN_STATE.found(secret.line_of("data_json"), message));
        }
    }
    Ok(super::sorted(found))
}

fn resources<'a>(root: &'a Block, kind: &'a str) -> impl Iterator<Item = &'a Block> {
    root.blocks("resource").filter(move |block| block.label() == kind)
}

fn name(block: &Block) -> &str {
    block.labels.get(1).map_or("", String::as_str)
}

/// The oldest major version that a constraint such as `~> 5.0` or `>= 5, < 7` is about, and whether
/// it keeps newer ones out.
fn major(constraint: &str) -> Option<(u32, bool)> {
    let first = constraint.split(',').next()?.trim();
    let digits: String =
        first.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, !first.starts_with('>')))
}

fn versions(root: &Block, found: &mut Vec<Diagnostic>) {
    let Some(terraform) = root.block("terraform") else { return };
    let required = terraform.map_of("required_providers");
    let mut wrong = Vec::new();
    for (provider, current) in [("aws", 6), ("vault", 5), ("nomad", 2), ("consul", 2)] {
        let Some(settings) = required.iter().find(|(name, _)| name == provider).map(|(_, value)| value)
        else {
            continue;
        };
        let constraint =
            settings.get("version").and_then(Value::as_str).or(settings.as_str()).unwrap_or_default();
        if major(constraint).is_some_and(|(major, closed)| closed && major < current) {
            wrong.push(format!("{provider} `{constraint}` keeps version {current} out"));
        }
    }
    let listed = |name: &str| required.iter().any(|(provider, _)| provider == name);
    if listed("vault") && listed("nomad") && !listed("consul") {
        wrong.push("no consul provider".to_owned());
    }
    if root.blocks("provider").next().is_none() {
        wrong.push("no provider blocks".to_owned());
    }
    if terraform.block("backend").is_none() && terraform.block("cloud").is_none() {
        wrong.push("no backend: the state is a file on somebody's disk".to_owned());
    }
    if !wrong.is_empty() {
        found.push(VERSIONS.found(terraform.line, wrong.join("; ")));
    }
}

/// Entries of a block or an attribute, owned.
trait Entries {
    fn map_of(&self, name: &str) -> Vec<(String, Value)>;
}

impl Entries for Block {
    fn map_of(&self, name: &str) -> Vec<(String, Value)> {
        self.map(name).into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

fn target_group(root: &Block, group: &Block, found: &mut Vec<Diagnostic>) {
    let mut wrong = Vec::new();
    if let Some(port @ (8000 | 3000)) = group.number("port") {
        wrong.push(format!("port {port} is inside the container; Nomad maps it to another one on the node"));
    }
    let reference = format!("aws_lb_target_group.{}.", name(group));
    let attachments =
        ["aws_lb_target_group_attachment", "aws_autoscaling_attachment", "aws_autoscaling_group"];
    let attached = attachments
        .into_iter()
        .flat_map(|kind| resources(root, kind))
        .any(|block| block.texts().iter().any(|(text, _)| text.contains(&reference)));
    if !attached {
        wrong.push("no target is attached to it".to_owned());
    }
    if !wrong.is_empty() {
        found.push(TARGET.found(group.line_of("port"), wrong.join("; ")));
    }
    if let Some(check) = group.block("health_check")
        && !check.text("path").unwrap_or("/").contains("ping")
    {
        let path = check.text("path").unwrap_or("/");
        let message = format!(
            "`{path}` is asked for by address, and Traefik has no router for that: 404, and every target is unhealthy"
        );
        found.push(HEALTH_PATH.found(check.line_of("path"), message));
    }
    if !group.attributes.contains_key("deregistration_delay") {
        let message = "deregistration_delay is 300 s, whatever the tasks' shutdown_delay is";
        found.push(DELAY.found(group.line, message));
    }
}

fn listeners(root: &Block, found: &mut Vec<Diagnostic>) {
    let rules: Vec<&Block> = resources(root, "aws_lb_listener_rule").collect();
    let Some(first) = rules.first() else { return };
    let mut wrong = Vec::new();
    for rule in &rules {
        let listener = rule.text("listener_arn").unwrap_or_default();
        let named = listener.strip_prefix("aws_lb_listener.").and_then(|rest| rest.split(['.', '[']).next());
        if let Some(named) = named
            && !resources(root, "aws_lb_listener").any(|block| name(block) == named)
        {
            wrong.push(format!("the listener `{named}` is not defined"));
        }
    }
    let secure = resources(root, "aws_lb_listener")
        .any(|block| block.number("port") == Some(443) || block.text("protocol") == Some("HTTPS"));
    if !secure {
        wrong.push("no listener on 443".to_owned());
    }
    let hosts: Vec<String> = rules
        .iter()
        .flat_map(|rule| rule.all())
        .filter(|block| block.kind == "host_header")
        .flat_map(Block::texts)
        .map(|(text, _)| text.to_owned())
        .collect();
    if hosts.len() == 1 && hosts.iter().all(|host| host.starts_with("api.")) {
        wrong.push(format!("only {} is forwarded, and not the UI's host", hosts.join(", ")));
    }
    if !wrong.is_empty() {
        found.push(LISTENER.found(first.line, wrong.join("; ")));
    }
}

fn owner(root: &Block, found: &mut Vec<Diagnostic>) {
    let jobs: Vec<&Block> = resources(root, "nomad_job").collect();
    for job in &jobs {
        if job.flag("detach") != Some(false) {
            let message = "nomad_job does not wait for the deployment: apply succeeds whatever becomes of it";
            found.push(OWNER.found(job.line, message));
        }
    }
    let listed = root.block("terraform").map(|terraform| terraform.map_of("required_providers"));
    let provider = listed.is_some_and(|listed| listed.iter().any(|(name, _)| name == "nomad"));
    let used = root.children.iter().any(|block| {
        matches!(block.kind.as_str(), "resource" | "data") && block.label().starts_with("nomad_")
    });
    if provider && !used {
        let line = root.block("terraform").and_then(|block| block.line);
        let message = "the nomad provider is there and owns nothing: jobs are registered by hand beside it";
        found.push(OWNER.found(line, message));
    }
}
