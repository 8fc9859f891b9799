//! What a release has to pass beside Nomad's own checks.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Component, Stage};
use crate::{Error, Result};

/// What a release has to pass beside Nomad's own checks.
///
/// With a gate or a soak time the jobs are registered without automatic promotion: Nomad would
/// promote before the release decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ReleaseSettings {
    /// How long all has to stay healthy, canaries before they are promoted and then the whole job.
    /// Zero, which does not watch.
    #[serde(with = "crate::text_duration")]
    pub soak: Duration,
    /// The time between two looks of the gates. 2 seconds.
    #[serde(with = "crate::text_duration")]
    pub gate_interval: Duration,
    /// How long gates may take to pass, the soak time not counted. 5 minutes.
    #[serde(with = "crate::text_duration")]
    pub gate_timeout: Duration,
    /// Ends a deployment at the first cause that waiting cannot mend. On.
    pub fail_fast: bool,
    /// How long a template may wait for a secret, or a task for its token, before that counts as
    /// missing. 20 seconds.
    #[serde(with = "crate::text_duration")]
    pub missing_grace: Duration,
    /// Gives canaries a router of their own, for requests with [`canary_header`](Self::canary_header),
    /// also where no HTTP gate asks for it. Off: nobody reaches a canary.
    pub expose_canaries: bool,
    /// The header whose value `always` leads to the canaries.
    pub canary_header: String,
    /// What looks at the canaries before they are promoted, and at the job during its soak time.
    pub gates: Vec<GateSettings>,
}

impl Default for ReleaseSettings {
    fn default() -> Self {
        Self {
            soak: Duration::ZERO,
            gate_interval: Duration::from_secs(2),
            gate_timeout: Duration::from_secs(300),
            fail_fast: true,
            missing_grace: Duration::from_secs(20),
            expose_canaries: false,
            canary_header: "X-WuffChat-Canary".to_owned(),
            gates: Vec::new(),
        }
    }
}

impl ReleaseSettings {
    /// The values of a stage, which are the same for all.
    #[must_use]
    pub fn of(_: Stage) -> Self {
        Self::default()
    }

    /// Whether the release decides about promotion, and not Nomad.
    #[must_use]
    pub fn decides_promotion(&self) -> bool {
        !self.gates.is_empty() || !self.soak.is_zero()
    }

    /// Whether canaries have a router of their own.
    #[must_use]
    pub fn shows_canaries(&self) -> bool {
        self.expose_canaries || self.gates.iter().any(|gate| matches!(gate, GateSettings::Http(_)))
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.gate_interval.is_zero() {
            return Err(Error::settings("`release.gate_interval` is zero"));
        }
        let header = &self.canary_header;
        if header.is_empty() || !header.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(Error::settings(format!(
                "`release.canary_header` is `{header}`, which is no header"
            )));
        }
        self.gates.iter().try_for_each(GateSettings::check)
    }
}

/// A ready-made gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GateSettings {
    /// Probes through Traefik, by host name.
    Http(HttpGateSettings),
    /// A query whose values have to keep to a bound.
    Prometheus(PrometheusGateSettings),
}

/// Probes of a component through Traefik, at [`Addresses::traefik`](super::Addresses::traefik).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HttpGateSettings {
    /// Whose host name is asked for; the gate looks at this component alone. The API.
    pub component: Component,
    /// The path. `/health`.
    pub path: String,
    /// How many of the probes have to succeed. 3.
    pub successes: u32,
    /// How many probes are sent at each look. 3.
    pub attempts: u32,
    /// How long the gate may take to pass. 30 seconds.
    #[serde(with = "crate::text_duration")]
    pub within: Duration,
    /// What takes longer is no success. 1 second.
    #[serde(with = "crate::text_duration")]
    pub latency: Duration,
    /// The status of a success. 200.
    pub status: u16,
}

impl Default for HttpGateSettings {
    fn default() -> Self {
        Self {
            component: Component::Api,
            path: "/health".to_owned(),
            successes: 3,
            attempts: 3,
            within: Duration::from_secs(30),
            latency: Duration::from_secs(1),
            status: 200,
        }
    }
}

/// An instant query of Prometheus, at [`Addresses::prometheus`](super::Addresses::prometheus).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PrometheusGateSettings {
    /// Which component's release it looks at; both where it is left out.
    #[serde(default)]
    pub component: Option<Component>,
    /// The query. `$job` in it becomes the job's id, `$allocations` the ids of the instances as
    /// alternatives of a regular expression.
    pub query: String,
    /// How a good value compares with the bound.
    pub comparison: Comparison,
    /// The bound.
    pub bound: f64,
    /// How many good answers are needed, one after the other. 1.
    #[serde(default = "one")]
    pub samples: u32,
    /// What an answer without values means. `wait`.
    #[serde(default)]
    pub no_data: NoData,
}

const fn one() -> u32 {
    1
}

/// How a good value compares with its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Less.
    #[serde(rename = "<")]
    Less,
    /// Less or equal.
    #[serde(rename = "<=")]
    AtMost,
    /// Greater or equal.
    #[serde(rename = ">=")]
    AtLeast,
    /// Greater.
    #[serde(rename = ">")]
    Greater,
}

impl Comparison {
    /// Whether `value` keeps to `bound`.
    #[must_use]
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::AtLeast => value >= bound,
            Self::Greater => value > bound,
        }
    }

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Greater => ">",
        }
    }
}

/// What an answer without values means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoData {
    /// The gate waits for values.
    #[default]
    Wait,
    /// Nothing happened, so nothing bad did.
    Pass,
    /// What cannot be measured is not let through.
    Fail,
}

impl GateSettings {
    fn check(&self) -> Result<()> {
        match self {
            Self::Http(http) if !http.path.starts_with('/') => Err(Error::settings(format!(
                "a gate's `path` is `{}`, which does not begin with `/`",
                http.path
            ))),
            Self::Http(http) if http.successes == 0 || http.successes > http.attempts => {
                Err(Error::settings(format!(
                    "a gate wants {} successes of {} attempts",
                    http.successes, http.attempts
                )))
            }
            Self::Prometheus(gate) if gate.query.trim().is_empty() => {
                Err(Error::settings("a gate's `query` is empty"))
            }
            Self::Prometheus(gate) if !gate.bound.is_finite() => {
                Err(Error::settings("a gate's `bound` is not a number"))
            }
            Self::Prometheus(gate) if gate.samples == 0 => Err(Error::settings("a gate's `samples` is zero")),
            _ => Ok(()),
        }
    }
}

/// Reads `http=PATH` (of the API), `http=ui:PATH` and `prometheus=QUERY<=BOUND`.
impl FromStr for GateSettings {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            Error::settings(format!(
                "`{text}` is not `http=PATH`, `http=ui:PATH` or `prometheus=QUERY<=BOUND`"
            ))
        };
        let gate = match text.split_once('=').ok_or_else(unknown)? {
            ("http", target) => {
                let (component, path) = match target.split_once(":/") {
                    Some((component, _)) if !component.contains('/') => {
                        (component.parse()?, target.get(component.len() + 1..).unwrap_or_default())
                    }
                    _ => (Component::Api, target),
                };
                Self::Http(HttpGateSettings { component, path: path.to_owned(), ..Default::default() })
            }
            ("prometheus", condition) => {
                let at = condition.rfind(['<', '>']).ok_or_else(unknown)?;
                let (query, rest) = condition.split_at(at);
                let operators =
                    [Comparison::AtMost, Comparison::AtLeast, Comparison::Less, Comparison::Greater];
                let (comparison, bound) = operators
                    .into_iter()
                    .find_map(|operator| Some((operator, rest.strip_prefix(operator.as_str())?)))
                    .ok_or_else(unknown)?;
                Self::Prometheus(PrometheusGateSettings {
                    component: None,
                    query: query.trim().to_owned(),
                    comparison,
                    bound: bound.trim().parse().map_err(|_| unknown())?,
                    samples: 1,
                    no_data: NoData::Wait,
                })
            }
            _ => return Err(unknown()),
        };
        gate.check()?;
        Ok(gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;

    #[test]
    fn gates_as_text() {
        let http = |text: &str| match text.parse().unwrap() {
            GateSettings::Http(gate) => (gate.component, gate.path),
            other => panic!("{other:?}"),
        };
        assert_eq!(http("http=/health"), (Component::Api, "/health".to_owned()));
        assert_eq!(http("http=ui:/"), (Component::Ui, "/".to_owned()));
        let text = r#"prometheus=sum(rate(errors{code=~"5.."}[1m])) > 0 <= 0.05"#;
        let GateSettings::Prometheus(gate) = text.parse().unwrap() else { panic!() };
        assert_eq!((gate.comparison, gate.bound), (Comparison::AtMost, 0.05));
        assert_eq!(gate.query, r#"sum(rate(errors{code=~"5.."}[1m])) > 0"#);
        for bad in ["http", "http=health", "prometheus=up", "prometheus=up<=many", "prometheus=<1", "smtp=/"]
        {
            assert!(bad.parse::<GateSettings>().is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_of_a_file() {
        let text = "stage = \"production\"\n[release]\nsoak = \"30s\"\n[[release.gates]]\nkind = \"http\"\n\
                    path = \"/ready\"\n[[release.gates]]\nkind = \"prometheus\"\nquery = \"up\"\n\
                    comparison = \">=\"\nbound = 1\nno_data = \"fail\"\n";
        let environment = Environment::from_toml(text, None).unwrap();
        assert!(environment.release.decides_promotion() && environment.release.shows_canaries());
        assert_eq!(environment.release.gates.len(), 2);
        let written = toml::to_string(&environment).unwrap();
        assert_eq!(Environment::from_toml(&written, None).unwrap(), environment);
        for (bad, named) in [
            ("[release]\nsoack = \"1s\"", "soack"),
            ("[release]\ngate_interval = \"0s\"", "gate_interval"),
            ("[[release.gates]]\nkind = \"http\"\nsuccesses = 9", "9 successes"),
            ("[[release.gates]]\nkind = \"http\"\npfad = \"/\"", "pfad"),
        ] {
            let error = Environment::from_toml(&format!("stage = \"dev\"\n{bad}"), None).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
