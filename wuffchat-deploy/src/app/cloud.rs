//! The machines and the load balancer in the cloud.

use serde::{Deserialize, Serialize};

use super::Stage;
use crate::cost::Prices;
use crate::{Error, Result};

/// The machines and the load balancer in the cloud.
///
/// What is `None` or empty is a variable of the rendered Terraform without a value, which Terraform
/// asks for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Cloud {
    /// The AWS region.
    pub region: String,
    /// The VPC of the nodes and the load balancer.
    pub vpc_id: Option<String>,
    /// Public subnets of the load balancer, in two availability zones at least.
    pub subnet_ids: Vec<String>,
    /// The security group of the Nomad clients.
    pub node_security_group_id: Option<String>,
    /// The Auto Scaling group of the Nomad clients; `None` attaches [`instance_ids`](Self::instance_ids).
    pub autoscaling_group: Option<String>,
    /// The Nomad clients that run Traefik, where no Auto Scaling group has them.
    pub instance_ids: Vec<String>,
    /// A certificate that exists; `None` has ACM issue one, validated in the zone.
    pub certificate_arn: Option<String>,
    /// The Route 53 zone of the domains; `None` where DNS is kept elsewhere.
    pub zone: Option<String>,
    /// Traefik's static port for plain HTTP on each node.
    pub traefik_port: u16,
    /// Traefik's static port that answers `/ping` on each node.
    pub ping_port: u16,
    /// The bucket of Terraform's state; `None` leaves it to `-backend-config`.
    pub state_bucket: Option<String>,
    /// The GitHub repository whose workflow deploys, as `owner/name`.
    pub github_repository: Option<String>,
    /// How many nodes there are, for the cost model.
    pub nodes: u32,
    /// The size of each node's volume in GiB, for the cost model.
    pub volume_gib: u32,
    /// What AWS asks, for the cost model.
    pub prices: Prices,
}

impl Cloud {
    /// The values of a stage.
    #[must_use]
    pub fn of(_stage: Stage) -> Self {
        Self {
            region: "eu-central-1".to_owned(),
            vpc_id: None,
            subnet_ids: Vec::new(),
            node_security_group_id: None,
            autoscaling_group: None,
            instance_ids: Vec::new(),
            certificate_arn: None,
            zone: Some("wuffchat.de".to_owned()),
            traefik_port: 80,
            ping_port: 8082,
            state_bucket: None,
            github_repository: None,
            nodes: 3,
            volume_gib: 50,
            prices: Prices::eu_central_1(),
        }
    }

    /// Checks that the values can be used.
    ///
    /// # Errors
    ///
    /// The first value that cannot, by its name.
    pub fn check(&self) -> Result<()> {
        let refuse = |text: String| Err(Error::settings(text));
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        };
        let named = [
            ("region", Some(&self.region)),
            ("vpc_id", self.vpc_id.as_ref()),
            ("node_security_group_id", self.node_security_group_id.as_ref()),
            ("autoscaling_group", self.autoscaling_group.as_ref()),
            ("certificate_arn", self.certificate_arn.as_ref()),
            ("zone", self.zone.as_ref()),
            ("state_bucket", self.state_bucket.as_ref()),
            ("github_repository", self.github_repository.as_ref()),
        ];
        for (name, value) in named {
            if let Some(value) = value
                && !plain(value)
            {
                return refuse(format!("`cloud.{name}` is `{value}`, which is no name"));
            }
        }
        if self.subnet_ids.len() == 1 {
            return refuse("`cloud.subnet_ids` names one subnet; a load balancer needs two".to_owned());
        }
        if self.zone.is_none() && self.certificate_arn.is_none() {
            return refuse("neither `cloud.zone` nor `cloud.certificate_arn` is set".to_owned());
        }
        if self.github_repository.as_ref().is_some_and(|name| name.split('/').count() != 2) {
            return refuse("`cloud.github_repository` is not `owner/name`".to_owned());
        }
        if self.traefik_port == 0 || self.ping_port == 0 {
            return refuse("`cloud.traefik_port` or `cloud.ping_port` is 0".to_owned());
        }
        // One security group rule for each port: the same port twice would be the same rule twice,
        // and a ping on the users' port needs a router of its own.
        if self.traefik_port == self.ping_port {
            return refuse("`cloud.traefik_port` and `cloud.ping_port` are the same".to_owned());
        }
        if self.nodes == 0 {
            return refuse("`cloud.nodes` is 0".to_owned());
        }
        self.prices.check()
    }
}
