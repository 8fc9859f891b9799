//! What looks at a release before it is trusted: gates, the caller's own and ready-made ones.

use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nomad_client::AllocationListStub;
use nomad_client::fetch::{Fetch, Get};

use super::Request;
use crate::app::{Component, Environment, GateSettings, HttpGateSettings, NoData, PrometheusGateSettings};
use crate::{Error, Result};

/// Looks at a release: at healthy canaries before they are promoted, then, during the soak time, at
/// all instances.
///
/// ```
/// use wuffchat_deploy::release::{Gate, Situation, Verdict};
///
/// /// Lets through what was seen by somebody.
/// struct Seen(std::sync::atomic::AtomicBool);
///
/// #[async_trait::async_trait]
/// impl Gate for Seen {
///     fn name(&self) -> String {
///         "seen".to_owned()
///     }
///
///     async fn look(&self, situation: &Situation<'_>) -> Verdict {
///         match self.0.load(std::sync::atomic::Ordering::Relaxed) {
///             true => Verdict::Pass(format!("{} was seen", situation.component)),
///             false => Verdict::NotYet("nobody looked".to_owned()),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Gate: Send + Sync {
    /// Its name in events and reports.
    fn name(&self) -> String;

    /// Whether it looks at this component's release at all. It does.
    fn concerns(&self, component: Component) -> bool {
        let _ = component;
        true
    }

    /// Looks once. It is asked again until the gates passed for the soak time, or one failed.
    async fn look(&self, situation: &Situation<'_>) -> Verdict;
}

/// What a gate looks at.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Situation<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The component.
    pub component: Component,
    /// The deployment; empty where there is none.
    pub deployment: &'a str,
    /// Whether it is canaries that wait for promotion, or the whole job.
    pub canaries: bool,
    /// The instances it is about.
    pub instances: &'a [AllocationListStub],
    /// The time since the first look.
    pub since: Duration,
}

/// What a gate says, and why in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Good.
    Pass(String),
    /// It cannot be said, or may become good.
    NotYet(String),
    /// Bad: the release ends.
    Fail(String),
}

impl Verdict {
    /// `pass`, `not_yet` or `fail`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::NotYet(_) => "not_yet",
            Self::Fail(_) => "fail",
        }
    }

    /// Why.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Pass(text) | Self::NotYet(text) | Self::Fail(text) => text,
        }
    }
}

/// Gates of the caller's own.
#[derive(Clone, Default)]
pub struct Gates(pub Vec<Arc<dyn Gate>>);

impl Gates {
    /// Adds one.
    #[must_use]
    pub fn with(mut self, gate: impl Gate + 'static) -> Self {
        self.0.push(Arc::new(gate));
        self
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|gate| gate.name())).finish()
    }
}

/// How the ready-made gates reach Traefik and Prometheus.
#[derive(Clone, Default)]
pub struct Fetcher(pub Option<Arc<dyn Fetch>>);

impl Fetcher {
    /// Through this.
    #[must_use]
    pub fn new(fetch: impl Fetch + 'static) -> Self {
        Self(Some(Arc::new(fetch)))
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Fetcher" } else { "no Fetcher" })
    }
}

/// The caller's gates and those of the settings.
pub(super) fn all(environment: &Environment, request: &Request) -> Result<Vec<Arc<dyn Gate>>> {
    let mut gates = request.gates.0.clone();
    for settings in &environment.release.gates {
        let fetch = request.fetch.0.clone().ok_or_else(|| {
            Error::settings(
                "the environment's gates need a `fetch` in the request to reach what they look at",
            )
        })?;
        let address = |named: &Option<String>, name: &str| {
            let missing = || Error::settings(format!("a gate needs `addresses.{name}`, which is not set"));
            Ok::<_, Error>(named.as_deref().ok_or_else(missing)?.trim_end_matches('/').to_owned())
        };
        gates.push(match settings {
            GateSettings::Http(settings) => {
                let base = address(&environment.addresses.traefik, "traefik")?;
                Arc::new(HttpGate { settings: settings.clone(), base, fetch })
            }
            GateSettings::Prometheus(settings) => Arc::new(PrometheusGate {
                settings: settings.clone(),
                base: address(&environment.addresses.prometheus, "prometheus")?,
                fetch,
                good: Mutex::default(),
            }),
        });
    }
    Ok(gates)
}

struct HttpGate {
    settings: HttpGateSettings,
    base: String,
    fetch: Arc<dyn Fetch>,
}

#[async_trait]
impl Gate for HttpGate {
    fn name(&self) -> String {
        format!("http {}{}", self.settings.component, self.settings.path)
    }

    fn concerns(&self, component: Component) -> bool {
        self.settings.component == component
    }

    async fn look(&self, situation: &Situation<'_>) -> Verdict {
        let wanted = &self.settings;
        let mut request = Get::new(format!("{}{}", self.base, wanted.path))
            .header("host", situation.environment.domain(wanted.component))
            // What is late is told as late, up to a point.
            .limit(wanted.latency.saturating_mul(2));
        if situation.canaries {
            request = request.header(situation.environment.release.canary_header.as_str(), "always");
        }
        let (mut good, mut last) = (0, String::new());
        for _ in 0..wanted.attempts {
            match self.fetch.get(&request).await {
                Ok(answer) if answer.status != wanted.status => {
                    last = format!("status {} instead of {}", answer.status, wanted.status);
                }
                Ok(answer) if answer.took > wanted.latency => {
                    last = format!("an answer after {} ms", answer.took.as_millis());
                }
                Ok(_) => good += 1,
                Err(text) => last = text,
            }
        }
        let text = format!("{good} of {} probes succeeded", wanted.attempts);
        if good >= wanted.successes {
            return Verdict::Pass(text);
        }
        let text = format!("{text}, {} have to: {last}", wanted.successes);
        if situation.since >= wanted.within { Verdict::Fail(text) } else { Verdict::NotYet(text) }
    }
}

struct PrometheusGate {
    settings: PrometheusGateSettings,
    base: String,
    fetch: Arc<dyn Fetch>,
    /// Good answers, one after the other, for a deployment and its stage.
    good: Mutex<(String, u32)>,
}

impl PrometheusGate {
    async fn values(&self, situation: &Situation<'_>) -> std::result::Result<Vec<f64>, String> {
        let allocations: Vec<&str> = situation.instances.iter().map(|it| it.id.as_str()).collect();
        let query = self
            .settings
            .query
            .replace("$job", situation.component.job_id())
            .replace("$allocations", &allocations.join("|"));
        let request = Get::new(format!("{}/api/v1/query?query={}", self.base, encoded(&query)));
        let answer = self.fetch.get(&request).await?;
        values(answer.status, &answer.body)
    }
}

#[async_trait]
impl Gate for PrometheusGate {
    fn name(&self) -> String {
        format!("prometheus {}", self.settings.query)
    }

    fn concerns(&self, component: Component) -> bool {
        self.settings.component.is_none_or(|wanted| wanted == component)
    }

    async fn look(&self, situation: &Situation<'_>) -> Verdict {
        let wanted = &self.settings;
        let values = match self.values(situation).await {
            Ok(values) => values,
            Err(text) => return Verdict::NotYet(format!("Prometheus did not answer the query: {text}")),
        };
        let bad = values.iter().find(|value| !wanted.comparison.holds(**value, wanted.bound));
        let place = format!("{}/{}/{}", situation.component, situation.deployment, situation.canaries);
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.0 != place {
            *good = (place, 0);
        }
        let condition = format!("{} {}", wanted.comparison.as_str(), wanted.bound);
        if let Some(bad) = bad {
            return Verdict::Fail(format!("the value is {bad}, which is not {condition}"));
        }
        if values.is_empty() {
            let text = "the query has no values".to_owned();
            return match wanted.no_data {
                NoData::Wait => Verdict::NotYet(text),
                NoData::Pass => Verdict::Pass(text),
                NoData::Fail => Verdict::Fail(text),
            };
        }
        good.1 = good.1.saturating_add(1);
        let text = format!("{} of {} answers are {condition}", good.1.min(wanted.samples), wanted.samples);
        if good.1 >= wanted.samples { Verdict::Pass(text) } else { Verdict::NotYet(text) }
    }
}

/// The values of an instant query; `NaN` is none.
fn values(status: u16, body: &[u8]) -> std::result::Result<Vec<f64>, String> {
    let answer: serde_json::Value =
        serde_json::from_slice(body).map_err(|_| format!("status {status} and no JSON"))?;
    let said = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    if said("status") != "success" {
        return Err(format!("status {status}: {}", said("error")));
    }
    let result = answer.pointer("/data/result").and_then(serde_json::Value::as_array);
    let result = result.ok_or("the answer has no result")?;
    let number = |pair: &serde_json::Value| pair.get(1)?.as_str()?.parse::<f64>().ok();
    let values: Option<Vec<f64>> = match answer.pointer("/data/resultType").and_then(|it| it.as_str()) {
        Some("vector") => result.iter().map(|series| number(series.get("value")?)).collect(),
        Some("scalar") => number(&serde_json::Value::Array(result.clone())).map(|value| vec![value]),
        other => return Err(format!("the query answers a {}", other.unwrap_or("nothing"))),
    };
    let mut values = values.ok_or("a value is not a number")?;
    values.retain(|value| !value.is_nan());
    Ok(values)
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_prometheus() {
        let of = |kind: &str, result: &str| {
            let body =
                format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
            values(200, body.as_bytes())
        };
        assert_eq!(
            of("vector", r#"[{"metric":{},"value":[1.5,"0.25"]},{"metric":{},"value":[1,"NaN"]}]"#),
            Ok(vec![0.25])
        );
        assert_eq!(of("scalar", r#"[1.5,"3"]"#), Ok(vec![3.0]));
        assert_eq!(of("vector", "[]"), Ok(vec![]));
        assert_eq!(of("vector", r#"[{"value":[1,"+Inf"]}]"#), Ok(vec![f64::INFINITY]));
        assert!(of("matrix", "[]").is_err() && of("vector", r#"[{"value":[1,"x"]}]"#).is_err());
        let bad = br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        assert_eq!(values(400, bad), Err("status 400: parse error".to_owned()));
        assert_eq!(values(502, b"<html>"), Err("status 502 and no JSON".to_owned()));
        assert_eq!(encoded("a{b=\"c\"}+ä"), "a%7Bb%3D%22c%22%7D%2B%C3%A4");
    }
}
