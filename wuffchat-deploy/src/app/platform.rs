//! The jobs beside the application: Traefik, monitoring, the autoscaler, Redis.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Environment, Stage};
use crate::{Error, Result};

/// The jobs beside the application: Traefik, monitoring, the autoscaler, Redis.
///
/// Images are named with their tag, and with their digest where it has to be exactly that one:
/// `traefik:v3.7.9@sha256:…`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Platform {
    /// How these jobs reach Consul.
    pub consul: ConsulAccess,
    /// The router in front of the application.
    pub traefik: TraefikJob,
    /// Metrics and alerts.
    pub prometheus: PrometheusJob,
    /// Dashboards.
    pub grafana: GrafanaJob,
    /// What changes the API's count.
    pub autoscaler: AutoscalerJob,
    /// Redis, for development.
    pub redis: RedisJob,
}

/// How tasks reach Consul.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConsulAccess {
    /// Host and port; `None` for the agent on the task's own node, at port 8500.
    pub address: Option<String>,
    /// Whether tasks log in to Consul with their workload identity.
    pub acl: bool,
    /// Whom those identities are meant for: what Consul's auth method expects.
    pub audience: String,
}

/// Traefik, on every node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TraefikJob {
    /// Whether it is deployed.
    pub enabled: bool,
    /// Its image.
    pub image: String,
    /// CPU in MHz.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// The port of plain HTTP.
    pub web_port: u16,
    /// The port of HTTPS, opened only where Traefik ends TLS.
    pub websecure_port: u16,
    /// The port of `/ping` and `/metrics`, which is not for users.
    pub ping_port: u16,
    /// The time between two looks at Consul. Instances are asked to stop `update.shutdown_delay`
    /// after they left Consul, which has to be longer.
    #[serde(with = "crate::text_duration")]
    pub refresh_interval: Duration,
    /// Sees changes in Consul as they happen, instead of at the next look.
    pub watch: bool,
    /// The address ranges of the load balancer in front, whose `X-Forwarded-…` headers count.
    pub trusted_ips: Vec<String>,
    /// How long it goes on taking requests once it is asked to stop: until the load balancer has
    /// seen `/ping` fail.
    #[serde(with = "crate::text_duration")]
    pub accept_grace: Duration,
    /// How long requests may take after that.
    #[serde(with = "crate::text_duration")]
    pub grace: Duration,
    /// The address for the certificate authority, needed where Traefik ends TLS.
    pub acme_email: Option<String>,
}

/// Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PrometheusJob {
    /// Whether it is deployed.
    pub enabled: bool,
    /// Its image.
    pub image: String,
    /// CPU in MHz.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Its port on the node; `None` for one that Nomad chooses.
    pub port: Option<u16>,
    /// The time between two scrapes.
    #[serde(with = "crate::text_duration")]
    pub scrape_interval: Duration,
    /// How long samples are kept.
    #[serde(with = "crate::text_duration")]
    pub retention: Duration,
    /// Where the API has its metrics.
    pub api_metrics_path: String,
    /// Whether Prometheus asks Consul itself what there is to scrape. Else Nomad writes that into
    /// its configuration: for builds without Consul, such as Debian's.
    pub consul_discovery: bool,
    /// Where samples are kept; `None` for the allocation's own disk.
    pub volume: Option<Volume>,
    /// Whether Nomad's agents speak TLS.
    pub nomad_tls: Option<ScrapeTls>,
}

/// The TLS of a scrape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ScrapeTls {
    /// The authority's certificate in Prometheus' task, such as `/etc/ssl/nomad/ca.pem`.
    pub ca_file: String,
    /// The name in the agents' certificates, such as `client.global.nomad`.
    pub server_name: Option<String>,
    /// The client certificate, where agents want one.
    pub cert_file: Option<String>,
    /// Its key.
    pub key_file: Option<String>,
}

/// Where a task keeps what has to outlive it. Only containers have one mounted: with `raw-exec`
/// data is on the allocation's disk, which goes along to the next allocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Volume {
    /// A host volume of Nomad, such as a dynamic one; it has to exist.
    Host {
        /// Its name.
        source: String,
    },
    /// A volume of the node's Docker, which stays on that node.
    Docker {
        /// Its name.
        source: String,
    },
}

/// Grafana.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GrafanaJob {
    /// Whether it is deployed.
    pub enabled: bool,
    /// Its image.
    pub image: String,
    /// CPU in MHz.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Its port on the node; `None` for one that Nomad chooses.
    pub port: Option<u16>,
    /// The path of the secret below Vault's mount; its key `admin_password` is the password.
    pub secret: String,
    /// The role in Vault that may read it, and the policy of that role.
    pub role: String,
    /// Where users and dashboards are kept; `None` for the allocation's own disk.
    pub volume: Option<Volume>,
}

/// The Nomad Autoscaler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AutoscalerJob {
    /// Whether it is deployed.
    pub enabled: bool,
    /// Its image.
    pub image: String,
    /// CPU in MHz.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Nomad's API; `None` for the socket that Nomad gives each task.
    pub nomad_address: Option<String>,
    /// The cooldown of policies that name none.
    #[serde(with = "crate::text_duration")]
    pub default_cooldown: Duration,
    /// The evaluation interval of policies that name none.
    #[serde(with = "crate::text_duration")]
    pub default_interval: Duration,
    /// Runs two of them, of which one at a time holds a lock and works.
    pub high_availability: bool,
}

/// Redis, for development: it keeps nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisJob {
    /// Whether it is deployed.
    pub enabled: bool,
    /// Its image.
    pub image: String,
    /// CPU in MHz.
    pub cpu: u32,
    /// Memory in MiB; half of it is for data.
    pub memory: u32,
    /// Its port on the node; `None` for one that Nomad chooses.
    pub port: Option<u16>,
}

impl Platform {
    /// The values of a stage.
    #[must_use]
    pub fn of(stage: Stage) -> Self {
        let seconds = Duration::from_secs;
        let dev = stage == Stage::Dev;
        let volume = |source: &str| (!dev).then(|| Volume::Host { source: source.to_owned() });
        Self {
            consul: ConsulAccess { address: None, acl: false, audience: "consul.io".to_owned() },
            traefik: TraefikJob {
                enabled: true,
                image: "traefik:v3.7.9".to_owned(),
                cpu: 200,
                memory: 256,
                web_port: 80,
                websecure_port: 443,
                ping_port: 8082,
                refresh_interval: seconds(2),
                watch: false,
                trusted_ips: Vec::new(),
                accept_grace: seconds(10),
                grace: seconds(15),
                acme_email: None,
            },
            prometheus: PrometheusJob {
                enabled: true,
                image: "prom/prometheus:v3.5.0".to_owned(),
                cpu: 300,
                memory: 512,
                port: None,
                scrape_interval: if dev { seconds(5) } else { seconds(15) },
                retention: seconds(if dev { 24 * 60 * 60 } else { 15 * 24 * 60 * 60 }),
                api_metrics_path: "/metrics".to_owned(),
                consul_discovery: true,
                volume: volume("prometheus"),
                nomad_tls: None,
            },
            grafana: GrafanaJob {
                enabled: !dev,
                image: "grafana/grafana:12.1.1".to_owned(),
                cpu: 200,
                memory: 256,
                port: None,
                secret: format!("{stage}/grafana"),
                role: format!("grafana-{stage}"),
                volume: volume("grafana"),
            },
            autoscaler: AutoscalerJob {
                enabled: true,
                image: "hashicorp/nomad-autoscaler:0.5.0".to_owned(),
                cpu: 100,
                memory: 128,
                nomad_address: None,
                default_cooldown: seconds(5 * 60),
                default_interval: seconds(10),
                high_availability: stage == Stage::Production,
            },
            redis: RedisJob {
                enabled: dev,
                image: "redis:8.2.1".to_owned(),
                cpu: 100,
                memory: 128,
                port: None,
            },
        }
    }

    /// Checks that the values fit together, and to the rest of the environment.
    pub(super) fn check(&self, environment: &Environment) -> Result<()> {
        let parts = [
            ("traefik", self.traefik.enabled, &self.traefik.image),
            ("prometheus", self.prometheus.enabled, &self.prometheus.image),
            ("grafana", self.grafana.enabled, &self.grafana.image),
            ("autoscaler", self.autoscaler.enabled, &self.autoscaler.image),
            ("redis", self.redis.enabled, &self.redis.image),
        ];
        for (part, _, image) in parts.into_iter().filter(|(_, enabled, _)| *enabled) {
            if !is_pinned(image) {
                return Err(Error::settings(format!(
                    "`platform.{part}.image` is `{image}`, which names no certain version"
                )));
            }
        }
        if self.traefik.enabled {
            self.traefik.check(environment)?;
        }
        let prometheus = &self.prometheus;
        if prometheus.enabled && prometheus.scrape_interval < Duration::from_secs(1) {
            return Err(Error::settings("`platform.prometheus.scrape_interval` is shorter than a second"));
        }
        if prometheus.enabled && prometheus.retention <= prometheus.scrape_interval {
            return Err(Error::settings(
                "`platform.prometheus.retention` must be longer than `platform.prometheus.scrape_interval`",
            ));
        }
        if prometheus.enabled && !prometheus.api_metrics_path.starts_with('/') {
            return Err(Error::settings("`platform.prometheus.api_metrics_path` does not start with `/`"));
        }
        if prometheus.nomad_tls.as_ref().is_some_and(|tls| tls.cert_file.is_some() != tls.key_file.is_some())
        {
            return Err(Error::settings(
                "`platform.prometheus.nomad_tls` has only one of `cert_file` and `key_file`",
            ));
        }
        if self.grafana.enabled && self.grafana.secret.trim_matches('/') != self.grafana.secret {
            return Err(Error::settings("`platform.grafana.secret` begins or ends with `/`"));
        }
        if self.autoscaler.enabled && self.autoscaler.default_interval.is_zero() {
            return Err(Error::settings("`platform.autoscaler.default_interval` is zero"));
        }
        Ok(())
    }
}

impl TraefikJob {
    fn check(&self, environment: &Environment) -> Result<()> {
        let ports = [self.web_port, self.websecure_port, self.ping_port];
        if ports.contains(&0) {
            return Err(Error::settings("a port of `platform.traefik` is 0"));
        }
        let [web, websecure, ping] = ports;
        if web == websecure || web == ping || websecure == ping {
            return Err(Error::settings("two ports of `platform.traefik` are the same"));
        }
        if self.refresh_interval.is_zero() {
            return Err(Error::settings("`platform.traefik.refresh_interval` is zero"));
        }
        if environment.update.shutdown_delay <= self.refresh_interval {
            return Err(Error::settings(
                "`update.shutdown_delay` must be longer than `platform.traefik.refresh_interval`: until then \
                 Traefik sends requests to an instance that is leaving",
            ));
        }
        if environment.traefik.cert_resolver.is_some() && self.acme_email.is_none() {
            return Err(Error::settings(
                "`traefik.cert_resolver` ends TLS at Traefik, and `platform.traefik.acme_email` is missing",
            ));
        }
        Ok(())
    }
}

/// Whether an image has a digest, or a tag that is not `latest`.
fn is_pinned(image: &str) -> bool {
    if image.contains("@sha256:") {
        return true;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certain_versions_are_pinned() {
        for (image, pinned) in [
            ("traefik:v3.7.9", true),
            ("registry:5000/team/traefik:v3", true),
            ("traefik@sha256:0123", true),
            ("traefik", false),
            ("traefik:latest", false),
            ("registry:5000/traefik", false),
        ] {
            assert_eq!(is_pinned(image), pinned, "{image}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let cases = [
            ("[platform.traefik]\nrefresh_interval = \"10s\"", "shutdown_delay"),
            ("[platform.traefik]\nping_port = 80", "two ports"),
            ("[traefik]\ncert_resolver = \"le\"", "acme_email"),
            ("[platform.prometheus]\nimage = \"prom/prometheus\"", "platform.prometheus.image"),
            ("[platform.prometheus]\nretention = \"1s\"", "retention"),
            ("[platform.redis]\nkind = 3", "kind"),
        ];
        for (text, wanted) in cases {
            let error = Environment::from_toml(text, Some(Stage::Production)).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
