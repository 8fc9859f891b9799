//! The application and the environments it runs in, as typed values.

mod addresses;
mod cloud;
mod platform;
mod release;
mod settings;
mod version;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub use addresses::{Addresses, Server};
pub use cloud::Cloud;
pub use platform::{
    AutoscalerJob, ConsulAccess, GrafanaJob, Platform, PrometheusJob, RedisJob, ScrapeTls, TraefikJob, Volume,
};
pub use release::{
    Comparison, GateSettings, HttpGateSettings, NoData, PrometheusGateSettings, ReleaseSettings,
};
pub use settings::{ConsulSettings, Domains, Driver, Scaling, Size, Traefik, Update, VaultSettings};
pub use version::Version;

/// The id of the API's job, which is also the name of its task and its service.
pub const API: &str = "wuffchat-api";
/// The id of the UI's job, which is also the name of its task and its service.
pub const UI: &str = "wuffchat-ui";

/// One of the two jobs that make up a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// The API, on port 8000.
    Api,
    /// The user interface, on port 3000.
    Ui,
}

impl Component {
    /// Both, in the order in which they are released: the UI needs the API.
    pub const ALL: [Self; 2] = [Self::Api, Self::Ui];

    /// The job's id.
    #[must_use]
    pub const fn job_id(self) -> &'static str {
        match self {
            Self::Api => API,
            Self::Ui => UI,
        }
    }

    /// The name of the job's only group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Ui => "ui",
        }
    }

    /// The port it listens on inside its container.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Api => 8000,
            Self::Ui => 3000,
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.group())
    }
}

impl FromStr for Component {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "api" | API => Ok(Self::Api),
            "ui" | UI => Ok(Self::Ui),
            other => Err(Error::settings(format!("`{other}` is neither `api` nor `ui`"))),
        }
    }
}

/// Which of the three stages an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// For trying things out: namespace `default`, no scaling.
    #[serde(alias = "development")]
    Dev,
    /// As production, smaller.
    Staging,
    /// What users reach.
    #[serde(alias = "prod")]
    Production,
}

impl Stage {
    /// Its name in ids, paths and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "dev" | "development" => Ok(Self::Dev),
            "staging" => Ok(Self::Staging),
            "production" | "prod" => Ok(Self::Production),
            other => Err(Error::settings(format!("`{other}` is not `dev`, `staging` or `production`"))),
        }
    }
}

/// An environment: where WuffChat runs and how large it is.
///
/// [`Environment::new`] has the values of the three stages; a TOML file overrides what differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Environment {
    /// Which stage it is.
    pub stage: Stage,
    /// The Nomad namespace.
    pub namespace: String,
    /// The Nomad region; `None` for the agent's own.
    pub region: Option<String>,
    /// The data centers, as Nomad's globs.
    pub datacenters: Vec<String>,
    /// The node pool; `None` for Nomad's default.
    pub node_pool: Option<String>,
    /// The host names that users reach.
    pub domains: Domains,
    /// Where images come from, such as `registry.example.com/team`; empty for local images.
    pub registry: String,
    /// The API's size.
    pub api: Size,
    /// The UI's size.
    pub ui: Size,
    /// How the API scales; `None` keeps its count.
    pub scaling: Option<Scaling>,
    /// Where secrets are and who may read them.
    pub vault: VaultSettings,
    /// Who may do what in Consul.
    pub consul: ConsulSettings,
    /// How Traefik reaches the services.
    pub traefik: Traefik,
    /// How a deployment moves on.
    pub update: Update,
    /// How tasks run.
    pub driver: Driver,
    /// Values for the API's environment beside the secrets.
    pub variables: BTreeMap<String, String>,
    /// Where the servers are.
    pub addresses: Addresses,
    /// The jobs beside the application: Traefik, monitoring, the autoscaler, Redis.
    pub platform: Platform,
    /// What a release has to pass beside Nomad's own checks.
    pub release: ReleaseSettings,
    /// The machines and the load balancer in the cloud.
    pub cloud: Cloud,
}

impl Environment {
    /// The values of a stage.
    #[must_use]
    pub fn new(stage: Stage) -> Self {
        let name = stage.as_str();
        let (namespace, host) = match stage {
            Stage::Dev => ("default", "dev.wuffchat.de"),
            Stage::Staging => ("staging", "staging.wuffchat.de"),
            Stage::Production => ("production", "wuffchat.de"),
        };
        let seconds = Duration::from_secs;
        // Trying things out is no fun when each try takes minutes.
        let (min_healthy_time, healthy_deadline, progress_deadline, shutdown_delay) = match stage {
            Stage::Dev => (seconds(5), seconds(90), seconds(300), seconds(5)),
            Stage::Staging | Stage::Production => (seconds(10), seconds(180), seconds(600), seconds(10)),
        };
        let app = if stage == Stage::Production { format!("app.{host}") } else { host.to_owned() };
        let scaling = Scaling {
            min: 2,
            max: 10,
            cooldown: Duration::from_secs(120),
            interval: Duration::from_secs(30),
            window: Duration::from_secs(60),
            target_cpu: 70.0,
            target_memory: Some(80.0),
        };
        Self {
            stage,
            namespace: namespace.to_owned(),
            region: None,
            datacenters: vec!["*".to_owned()],
            node_pool: None,
            domains: Domains { api: format!("api.{host}"), ui: app },
            registry: "your-registry".to_owned(),
            api: Size { count: 2, cpu: 500, memory: 1024, memory_max: None },
            ui: Size { count: 2, cpu: 200, memory: 512, memory_max: None },
            scaling: Some(scaling),
            vault: VaultSettings {
                mount: "secret".to_owned(),
                prefix: format!("{name}/{API}"),
                auth_mount: "jwt-nomad".to_owned(),
                role: format!("{API}-{name}"),
                audience: "vault.io".to_owned(),
                openai_key_names: vec!["OPENAI_APIKEY".to_owned(), "OPENAI_API_KEY".to_owned()],
            },
            consul: ConsulSettings::default(),
            traefik: Traefik { entry_point: "web".to_owned(), cert_resolver: None },
            update: Update {
                canary: 1,
                max_parallel: 1,
                auto_promote: true,
                min_healthy_time,
                healthy_deadline,
                progress_deadline,
                shutdown_delay,
                kill_timeout: seconds(30),
                check_interval: seconds(10),
                readiness_interval: seconds(30),
            },
            driver: Driver::Docker { local_images: false },
            variables: BTreeMap::from([("LOG_LEVEL".to_owned(), "INFO".to_owned())]),
            addresses: Addresses::default(),
            platform: Platform::of(stage),
            release: ReleaseSettings::of(stage),
            cloud: Cloud::of(stage),
        }
    }

    /// Reads an environment from TOML. What the text leaves out has the value of its stage, which
    /// the text must name unless `stage` does.
    ///
    /// ```
    /// use wuffchat_deploy::{Environment, Stage};
    /// let text = "stage = \"staging\"\nregistry = \"registry.example.com\"\n[api]\ncount = 3\n";
    /// let staging = Environment::from_toml(text, None)?;
    /// assert_eq!((staging.api.count, staging.api.memory), (3, 1024));
    /// # Ok::<(), wuffchat_deploy::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text is not TOML, names a setting that does not exist, or contradicts `stage`.
    pub fn from_toml(text: &str, stage: Option<Stage>) -> Result<Self> {
        let given: toml::Table =
            text.parse().map_err(|cause| Error::settings(format!("the settings: {cause}")))?;
        let named = match given.get("stage") {
            Some(value) => {
                let text = value.as_str().ok_or_else(|| Error::settings("`stage` is not a text"))?;
                Some(text.parse::<Stage>()?)
            }
            None => None,
        };
        let stage = match (stage, named) {
            (Some(asked), Some(named)) if asked != named => {
                return Err(Error::settings(format!(
                    "`{asked}` was asked for, but the settings are for `{named}`"
                )));
            }
            (Some(stage), _) | (None, Some(stage)) => stage,
            (None, None) => return Err(Error::settings("the settings do not name a `stage`")),
        };
        let defaults =
            toml::Table::try_from(Self::new(stage)).map_err(|cause| Error::settings(cause.to_string()))?;
        let merged = merge(defaults, given);
        let environment: Self = merged.try_into().map_err(|cause: toml::de::Error| {
            Error::settings(format!("the settings: {}", cause.message()))
        })?;
        environment.check()?;
        Ok(environment)
    }

    /// Checks that the values fit together.
    ///
    /// # Errors
    ///
    /// The first contradiction, by the names of the settings.
    pub fn check(&self) -> Result<()> {
        let name = |what: &str, value: &str| {
            let fine = !value.is_empty() && !value.chars().any(|c| c.is_control() || c.is_whitespace());
            if fine {
                Ok(())
            } else {
                Err(Error::settings(format!("`{what}` is `{value}`, which is no name")))
            }
        };
        name("namespace", &self.namespace)?;
        name("domains.api", &self.domains.api)?;
        name("domains.ui", &self.domains.ui)?;
        name("vault.mount", &self.vault.mount)?;
        name("vault.prefix", &self.vault.prefix)?;
        name("vault.role", &self.vault.role)?;
        name("vault.auth_mount", &self.vault.auth_mount)?;
        name("vault.audience", &self.vault.audience)?;
        name("consul.auth_method", &self.consul.auth_method)?;
        name("consul.audience", &self.consul.audience)?;
        name("consul.task_policy", &self.consul.task_policy)?;
        if self.datacenters.is_empty() {
            return Err(Error::settings("`datacenters` is empty"));
        }
        if let Some(scaling) = &self.scaling {
            let count = self.api.count;
            if scaling.min > scaling.max {
                return Err(Error::settings("`scaling.min` is greater than `scaling.max`"));
            }
            if count < scaling.min || count > scaling.max {
                return Err(Error::settings(format!(
                    "`api.count` is {count}, outside `scaling` {}–{}",
                    scaling.min, scaling.max
                )));
            }
            if scaling.interval.is_zero() {
                return Err(Error::settings("`scaling.interval` is zero"));
            }
        }
        let update = &self.update;
        if update.healthy_deadline >= update.progress_deadline {
            return Err(Error::settings(
                "`update.healthy_deadline` must be shorter than `update.progress_deadline`",
            ));
        }
        if update.min_healthy_time >= update.healthy_deadline {
            return Err(Error::settings(
                "`update.min_healthy_time` must be shorter than `update.healthy_deadline`",
            ));
        }
        self.release.check()?;
        self.platform.check(self)?;
        self.cloud.check()
    }

    /// The size of a component.
    #[must_use]
    pub fn size(&self, component: Component) -> Size {
        match component {
            Component::Api => self.api,
            Component::Ui => self.ui,
        }
    }

    /// The host name of a component.
    #[must_use]
    pub fn domain(&self, component: Component) -> &str {
        match component {
            Component::Api => &self.domains.api,
            Component::Ui => &self.domains.ui,
        }
    }

    /// The image of a component at a version: a tag, or a digest such as `sha256:…`.
    #[must_use]
    pub fn image(&self, component: Component, version: &Version) -> String {
        let registry = self.registry.trim_end_matches('/');
        let slash = if registry.is_empty() { "" } else { "/" };
        let separator = if version.is_digest() { '@' } else { ':' };
        format!("{registry}{slash}{}{separator}{version}", component.job_id())
    }
}

/// What the text says, over what the stage says.
fn merge(mut base: toml::Table, over: toml::Table) -> toml::Table {
    for (key, value) in over {
        match (base.remove(&key), value) {
            // A driver is replaced as a whole: its fields belong to its name.
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) if key != "driver" => {
                base.insert(key, toml::Value::Table(merge(old, new)));
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_consistent() {
        for stage in [Stage::Dev, Stage::Staging, Stage::Production] {
            Environment::new(stage).check().unwrap();
            assert_eq!(stage.to_string().parse::<Stage>().unwrap(), stage);
        }
        assert_eq!(Environment::new(Stage::Production).domains.ui, "app.wuffchat.de");
    }

    #[test]
    fn a_file_overrides_its_stage() {
        let text = "stage = \"production\"\n[update]\ncanary = 2\n[driver]\nname = \"raw-exec\"\ncommand = \"/bin/x\"\n";
        let environment = Environment::from_toml(text, Some(Stage::Production)).unwrap();
        assert_eq!((environment.update.canary, environment.update.max_parallel), (2, 1));
        assert_eq!(environment.driver, Driver::RawExec { command: "/bin/x".into(), args: vec![] });
        let written = toml::to_string(&environment).unwrap();
        assert_eq!(Environment::from_toml(&written, None).unwrap(), environment);
    }

    #[test]
    fn bad_settings_are_named() {
        let cases = [
            ("registry = \"r\"", "stage"),
            ("stage = \"moon\"", "moon"),
            ("stage = \"dev\"\nregistri = \"r\"", "registri"),
            ("stage = \"dev\"\n[api]\ncount = 99", "api.count"),
            ("stage = \"dev\"\n[update]\nhealthy_deadline = \"soon\"", "duration"),
            ("stage = \"dev\"\n[update]\nhealthy_deadline = \"20m\"", "progress_deadline"),
        ];
        for (text, named) in cases {
            let message = Environment::from_toml(text, None).unwrap_err().to_string();
            assert!(message.contains(named), "{text}: {message}");
        }
        let message =
            Environment::from_toml("stage = \"dev\"", Some(Stage::Staging)).unwrap_err().to_string();
        assert!(message.contains("staging") && message.contains("dev"), "{message}");
    }

    #[test]
    fn images() {
        let environment = Environment::new(Stage::Dev);
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = |version: &str| environment.image(Component::Api, &version.parse().unwrap());
        assert_eq!(image("v1"), "your-registry/wuffchat-api:v1");
        assert_eq!(image(&digest), format!("your-registry/wuffchat-api@{digest}"));
        for bad in ["", "latest", "a b", "${version}", "sha256:12"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
