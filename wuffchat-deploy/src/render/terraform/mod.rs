//! The environment as a Terraform module.
//!
//! The module's text is the same for every environment; what differs is in
//! `terraform.tfvars.json`, the policies and the jobs, which come from the same model as a release.

use std::time::Duration;

use serde_json::{Value, json};

use super::File;
use crate::app::{Environment, Stage, Version};
use crate::{Result, identity, secrets};

const MODULE: [(&str, &str); 11] = [
    ("backend.tf", include_str!("backend.tf")),
    ("certificate.tf", include_str!("certificate.tf")),
    ("consul.tf", include_str!("consul.tf")),
    ("github.tf", include_str!("github.tf")),
    ("jobs.tf", include_str!("jobs.tf")),
    ("load_balancer.tf", include_str!("load_balancer.tf")),
    ("outputs.tf", include_str!("outputs.tf")),
    ("providers.tf", include_str!("providers.tf")),
    ("variables.tf", include_str!("variables.tf")),
    ("vault.tf", include_str!("vault.tf")),
    ("versions.tf", include_str!("versions.tf")),
];

/// The environment as a Terraform module: load balancer, certificate, DNS, Vault's policy and role,
/// who may deploy, and the jobs and secrets where variables ask for them. Secrets' values are in no
/// file.
///
/// ```
/// use wuffchat_deploy::{Environment, Stage, render};
/// let files = render::terraform(&Environment::new(Stage::Staging), &"v2".parse()?)?;
/// assert!(files.iter().any(|file| file.name == "load_balancer.tf"));
/// # Ok::<(), wuffchat_deploy::Error>(())
/// ```
///
/// # Errors
///
/// The settings contradict each other.
pub fn terraform(environment: &Environment, version: &Version) -> Result<Vec<File>> {
    environment.check()?;
    let mut files: Vec<File> = MODULE.iter().map(|(name, text)| File::new(*name, *text)).collect();
    files.push(File::new("terraform.tfvars.json", format!("{:#}\n", variables(environment))));
    files.push(File::new("backend.s3.tfbackend", backend(environment)));
    files.push(File::new("policies/api.hcl", identity::policy(environment).to_hcl()));
    files.push(File::new("policies/deploy-nomad.hcl", deploy_nomad(environment)));
    files.push(File::new("policies/plan-nomad.hcl", plan_nomad(environment)));
    files.push(File::new("policies/deploy-vault.hcl", deploy_vault(environment)));
    files.push(File::new("policies/deploy-consul.hcl", DEPLOY_CONSUL));
    let jobs = super::json(environment, version)?;
    files.extend(jobs.into_iter().map(|file| File::new(format!("jobs/{}", file.name), file.text)));
    Ok(files)
}

/// The values of the module's variables; what is unknown is left for Terraform to ask.
fn variables(environment: &Environment) -> Value {
    let cloud = &environment.cloud;
    let vault = &environment.vault;
    let role = serde_json::to_value(identity::role(environment)).unwrap_or_default();
    let setting = |name: &str| role.get(name).cloned().unwrap_or_default();
    let branch = if environment.stage == Stage::Production { "main" } else { "develop" };
    let mut values = json!({
        "environment": environment.stage,
        "region": cloud.region,
        "vpc_id": cloud.vpc_id,
        "node_security_group_id": cloud.node_security_group_id,
        "autoscaling_group": cloud.autoscaling_group,
        "instance_ids": cloud.instance_ids,
        "domains": [environment.domains.api, environment.domains.ui],
        "certificate_arn": cloud.certificate_arn,
        "zone": cloud.zone,
        "traefik_port": cloud.traefik_port,
        "ping_port": cloud.ping_port,
        "deregistration_delay": drain(environment).as_secs(),
        "job_timeout": format!("{}s", job_timeout(environment).as_secs()),
        "vault_mount": vault.mount,
        "vault_prefix": vault.prefix,
        "vault_auth_mount": vault.auth_mount,
        "nomad_jwks_url": environment.addresses.nomad.as_ref()
            .map(|address| format!("{}/.well-known/jwks.json", address.trim_end_matches('/'))),
        "vault_role": vault.role,
        "vault_role_settings": {
            "user_claim": setting("user_claim"),
            "bound_audiences": setting("bound_audiences"),
            "bound_claims": setting("bound_claims"),
            "claim_mappings": setting("claim_mappings"),
            "token_period": setting("token_period"),
        },
        "secret_names": secrets::LAYOUT.iter().map(|layout| layout.name).collect::<Vec<_>>(),
        "github_repository": cloud.github_repository,
        "github_ref": format!("refs/heads/{branch}"),
    });
    if let Some(map) = values.as_object_mut() {
        if !cloud.subnet_ids.is_empty() {
            map.insert("subnet_ids".to_owned(), json!(cloud.subnet_ids));
        }
        map.retain(|_, value| !value.is_null());
    }
    values
}

/// A node that leaves has at least as long as a task for what it began.
fn drain(environment: &Environment) -> Duration {
    let update = &environment.update;
    update.shutdown_delay.saturating_add(update.kill_timeout).min(Duration::from_secs(3600))
}

/// Canaries and the rest each may take as long as Nomad lets them, and a revert after that.
fn job_timeout(environment: &Environment) -> Duration {
    environment.update.progress_deadline.saturating_mul(2)
}

fn lock_folder(environment: &Environment) -> String {
    format!("wuffchat-deploy/{}", environment.stage)
}

fn backend(environment: &Environment) -> String {
    let cloud = &environment.cloud;
    let mut text = String::new();
    if let Some(bucket) = &cloud.state_bucket {
        text.push_str(&format!("bucket = \"{bucket}\"\n"));
    }
    text.push_str(&format!("key    = \"wuffchat/{}/terraform.tfstate\"\n", environment.stage));
    text.push_str(&format!("region = \"{}\"\n", cloud.region));
    text
}

fn deploy_nomad(environment: &Environment) -> String {
    format!(
        "namespace \"{}\" {{
  capabilities = [\"list-jobs\", \"read-job\", \"submit-job\", \"scale-job\", \"read-job-scaling\", \"list-scaling-policies\", \"read-scaling-policy\", \"read-logs\"]

  variables {{
    path \"{}/*\" {{
      capabilities = [\"list\", \"read\", \"write\", \"destroy\"]
    }}
  }}
}}

node {{
  policy = \"read\"
}}

agent {{
  policy = \"read\"
}}
",
        environment.namespace,
        lock_folder(environment)
    )
}

fn plan_nomad(environment: &Environment) -> String {
    format!(
        "namespace \"{}\" {{
  capabilities = [\"list-jobs\", \"read-job\", \"plan-job\"]
}}
",
        environment.namespace
    )
}

fn deploy_vault(environment: &Environment) -> String {
    let vault = &environment.vault;
    let rules = [
        (format!("{}/data/{}/*", vault.mount, vault.prefix), "\"create\", \"read\", \"update\""),
        (format!("{}/metadata/{}/*", vault.mount, vault.prefix), "\"read\", \"list\""),
        (format!("{}/subkeys/{}/*", vault.mount, vault.prefix), "\"read\""),
        ("sys/auth".to_owned(), "\"read\""),
        (format!("sys/policies/acl/{}", vault.role), "\"read\""),
        (format!("auth/{}/config", vault.auth_mount), "\"read\""),
        (format!("auth/{}/role/{}", vault.auth_mount, vault.role), "\"read\""),
    ];
    let rule = |(path, what): (String, &str)| format!("path \"{path}\" {{\n  capabilities = [{what}]\n}}\n");
    rules.map(rule).join("\n")
}

const DEPLOY_CONSUL: &str = "service_prefix \"wuffchat-\" {
  policy = \"read\"
}

node_prefix \"\" {
  policy = \"read\"
}
";
