//! Deploys the jobs beside the application: Traefik, Prometheus, Grafana, the autoscaler, Redis.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Display, Failure, Output, Stack, Target, program};
use wuffchat_deploy::Error;
use wuffchat_deploy::platform::{self, Options, Part};

/// Deploys the jobs beside the application: Traefik, Prometheus, Grafana, the autoscaler, Redis
///
/// Grafana's first password is read from WUFFCHAT_GRAFANA_ADMIN_PASSWORD.
#[derive(Debug, Parser)]
#[command(name = "platform")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// Only this part, several times for several: redis, prometheus, traefik, autoscaler or grafana [default: those
    /// that the settings want]
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Shows what would change, and changes nothing
    #[arg(long, conflicts_with = "status")]
    plan: bool,
    /// Shows how the parts are doing, and changes nothing; exits with 1 if one is not healthy
    #[arg(long)]
    status: bool,
    /// How long each job is watched
    #[arg(long, default_value = "5m", value_parser = program::duration, value_name = "DURATION")]
    timeout: Duration,
}

/// Where Grafana's first password is read from.
const GRAFANA_PASSWORD: &str = "WUFFCHAT_GRAFANA_ADMIN_PASSWORD";

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let Arguments { common, target, only, plan, status, timeout } = arguments;
        let environment = target.settings()?;
        let stack = Stack::open(&common, &environment, target.file()).await?;
        if status {
            let states = platform::status(&stack.clients, &environment).await?;
            if common.output == Output::Json {
                program::print_json(&states)?;
            } else {
                for state in &states {
                    let job = state.status.as_deref().unwrap_or("not there");
                    let at = state.address.as_ref().map(|at| format!(", at {at}")).unwrap_or_default();
                    examples::say!("{}: {job}, {} passing{at}", state.part, state.passing);
                }
            }
            stack.close().await;
            return Ok(u8::from(states.iter().any(|state| state.passing == 0)));
        }
        let display = Display::new(common.output);
        let mut options = Options::default();
        (options.plan_only, options.timeout) = (plan, timeout);
        options.parts = (!only.is_empty()).then_some(only);
        // Never as an argument: those are seen by everybody on the machine.
        options.grafana_password = std::env::var(GRAFANA_PASSWORD).ok().map(Into::into);
        let report = platform::deploy(&stack.clients, &environment, &options, &display).await;
        drop(display);
        let report = report.map_err(|error| match error {
            Error::SecretsMissing(what) => Failure {
                text: format!("secrets are missing: {}; set {GRAFANA_PASSWORD}", what.join(", ")),
                code: 9,
            },
            other => other.into(),
        })?;
        if common.output == Output::Json {
            program::print_json(&report)?;
        } else {
            for what in &report.ensured {
                let done = if report.created.contains(what) { "created" } else { "changed" };
                examples::say!("{what} was {done}");
            }
            for job in &report.jobs {
                for change in job.changes.iter().filter(|_| plan) {
                    examples::say!("{}: {change}", job.part);
                }
                let message = job.message.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
                examples::say!("{}{message}", job.outcome.sentence(&job.part.to_string()));
            }
        }
        stack.close().await;
        Ok::<u8, Failure>(report.outcome.exit_code())
    })
}
