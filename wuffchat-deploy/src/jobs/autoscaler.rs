//! The Nomad Autoscaler: what makes the API's scaling policy more than a text.

use nomad_client::jobspec::{Identity, Network, Spread};
use nomad_client::{AclPolicy, GoDuration, Job, JobAcl};

use super::beside::{self, LOCAL, Program};
use super::grafana::prometheus_in_template;
use crate::app::Environment;

/// The job, its task and its service.
pub const AUTOSCALER: &str = "nomad-autoscaler";
/// The lock of those that are highly available, in Nomad's variables.
const LOCK: &str = "nomad-autoscaler/lock";

/// The autoscaler, with Prometheus and Nomad to ask.
#[must_use]
pub fn autoscaler(environment: &Environment) -> Job {
    let settings = &environment.platform.autoscaler;
    let program = Program {
        name: AUTOSCALER,
        command: "nomad-autoscaler",
        image: &settings.image,
        cpu: settings.cpu,
        memory: settings.memory,
        arguments: vec![
            "agent".to_owned(),
            "-config".to_owned(),
            format!("{LOCAL}/config.hcl"),
            "-http-bind-address".to_owned(),
            beside::listen(environment, "http"),
            "-http-bind-port".to_owned(),
            "${NOMAD_PORT_http}".to_owned(),
        ],
        ports: &["http"],
    };
    let task = program
        .task(environment)
        // The token for the task's own socket, or for the address that is given instead.
        .with_identity(Identity::new("default").env(true))
        .template(beside::reloaded(config(environment), "local/config.hcl"));
    let service = beside::service(environment, AUTOSCALER, "http", &["metrics"])
        .check(beside::restarts(beside::check("health", "/v1/health", environment)));
    let mut group = beside::group(environment, AUTOSCALER, beside::reads_consul(environment, task), service)
        .network(Network::default().port(beside::port("http", None)));
    if settings.high_availability {
        group = group.count(2).spread(Spread::over("${node.unique.id}").weight(100));
    }
    beside::placed(environment, Job::service(AUTOSCALER)).group(group)
}

/// What the autoscaler may do in Nomad: scale the jobs of this namespace, and no more. It belongs
/// to the job's workload identity, so that there is no token to keep.
#[must_use]
pub fn autoscaler_policy(environment: &Environment) -> AclPolicy {
    let namespace = &environment.namespace;
    let lock = if environment.platform.autoscaler.high_availability {
        format!("  variables {{\n    path \"{LOCK}\" {{\n      capabilities = [\"write\"]\n    }}\n  }}\n")
    } else {
        String::new()
    };
    let rules = format!("namespace \"{namespace}\" {{\n  policy = \"scale\"\n{lock}}}\n");
    AclPolicy::new(format!("{AUTOSCALER}-{namespace}"), rules)
        .description("What the autoscaler may do, by its workload identity")
        .job_acl(JobAcl::job(namespace.as_str(), AUTOSCALER))
}

/// Every value of a plugin's `config` is a text.
fn config(environment: &Environment) -> String {
    let settings = &environment.platform.autoscaler;
    let namespace = &environment.namespace;
    let socket = "unix://{{ env \"NOMAD_SECRETS_DIR\" }}/api.sock";
    let nomad = settings.nomad_address.as_deref().unwrap_or(socket);
    let region =
        environment.region.as_ref().map_or_else(String::new, |it| format!("  region    = \"{it}\"\n"));
    let prometheus = prometheus_in_template(environment);
    let (cooldown, interval) =
        (GoDuration::from(settings.default_cooldown), GoDuration::from(settings.default_interval));
    let lock = if settings.high_availability {
        format!(
            "\nhigh_availability {{\n  enabled        = true\n  lock_namespace = \"{namespace}\"\n  lock_path      = \
             \"{LOCK}\"\n}}\n"
        )
    } else {
        String::new()
    };
    format!(
        r#"log_level = "INFO"
log_json  = true

nomad {{
  address   = "{nomad}"
{region}  namespace = ["{namespace}"]
}}

apm "prometheus" {{
  driver = "prometheus"
  config = {{
    address = "{prometheus}"
  }}
}}

apm "nomad-apm" {{
  driver = "nomad-apm"
}}

policy {{
  default_cooldown            = "{cooldown}"
  default_evaluation_interval = "{interval}"
}}

telemetry {{
  prometheus_metrics = true
  disable_hostname   = true
}}
{lock}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

    #[test]
    fn the_lock_is_asked_for_and_allowed_together() {
        for stage in [Stage::Staging, Stage::Production] {
            let environment = Environment::new(stage);
            let high = environment.platform.autoscaler.high_availability;
            assert_eq!(config(&environment).contains("high_availability"), high);
            let policy = autoscaler_policy(&environment);
            assert_eq!(policy.rules.contains(LOCK), high);
            assert!(policy.rules.contains(&format!("namespace \"{stage}\"")), "{}", policy.rules);
        }
    }
}
