//! Promotes what runs in one environment to the next: the same images and the spec that was tested.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Display, DriverChoice, Failure, Output, Reports, Stack, Target, program};
use wuffchat_deploy::app::Server;
use wuffchat_deploy::promotion::{self, Place, Terms};
use wuffchat_deploy::{Clients, Component, Environment, Outcome, Stage, Version, secrets};

/// Promotes what runs in one environment to the next, with the same images and the spec that was tested, and refuses what
/// is not stable there
#[derive(Debug, Parser)]
#[command(name = "promote")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// The environment whose running version goes on
    #[arg(long, default_value = "staging", value_name = "ENVIRONMENT")]
    from: Stage,
    /// The environment it goes to
    #[arg(long, default_value = "production", value_name = "ENVIRONMENT")]
    to: Stage,
    /// A TOML file with the settings of the target that differ from those of its stage [default: none]
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// A TOML file with the settings of the source that differ from those of its stage [default: none]
    #[arg(long, value_name = "FILE.toml")]
    from_config: Option<PathBuf>,
    /// The Nomad of the source, where it is not that of the target; its token is read from FROM_NOMAD_TOKEN
    /// [default: what the source's settings name, else the target's]
    #[arg(long, value_name = "URL")]
    from_nomad: Option<String>,
    /// How tasks run, in both [default: that of the settings]
    #[arg(long, value_enum)]
    driver: Option<DriverChoice>,
    /// Where images come from, in both [default: that of the settings]
    #[arg(long)]
    registry: Option<String>,
    /// The version that has to run in the source [default: any]
    #[arg(long, value_name = "TAG")]
    version: Option<Version>,
    /// Only this job [default: both]
    #[arg(long, value_name = "api|ui")]
    only: Option<Component>,
    /// Lets the two jobs have different versions, as digests always are
    #[arg(long)]
    allow_mixed: bool,
    /// Refuses tags, which may name another image by now
    #[arg(long)]
    require_digest: bool,
    /// Shows what would change, and changes nothing
    #[arg(long)]
    plan: bool,
    /// Deploys this version to the source first, so that there is something to promote (embedded and agents only)
    /// [default: none]
    #[arg(long, value_name = "TAG")]
    deploy: Option<Version>,
    /// How long the release is watched
    #[arg(long, default_value = "10m", value_parser = program::duration, value_name = "DURATION")]
    timeout: Duration,
    /// A TOML or JSON file with values for secrets the target lacks, or `-` for stdin; [default: they are read from
    /// variables such as WUFFCHAT_OPENAI_API_KEY]
    #[arg(long, value_name = "FILE")]
    secrets: Option<String>,
    #[command(flatten)]
    reports: Reports,
}

fn main() -> ExitCode {
    examples::run_to_the_end(promote)
}

async fn promote(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, reports, .. } = &arguments;
    let settings = |environment, config: &Option<PathBuf>| {
        let (config, registry) = (config.clone(), arguments.registry.clone());
        Target { environment, config, driver: arguments.driver, registry }.settings()
    };
    let from = settings(arguments.from, &arguments.from_config)?;
    let to = settings(arguments.to, &arguments.config)?;
    let stack = Stack::open(common, &to, arguments.config.as_deref()).await?;
    let source = match &arguments.deploy {
        // It is deployed there first, to have something to promote.
        Some(_) => stack.clients.clone(),
        None => source(&arguments, &from, &stack)?,
    };
    let display = Display::new(common.output);
    let values = match &arguments.secrets {
        Some(file) => program::secret_values(file)?,
        None => {
            let given = secrets::Values::from_vars(|name| std::env::var(name).ok());
            if given.is_empty() && stack.is_throw_away() { secrets::Values::throw_away() } else { given }
        }
    };
    let request = |version: Version| {
        let mut request = stack.request(version);
        (request.secrets, request.timeout) = (values.clone(), arguments.timeout);
        request
    };
    if let Some(version) = &arguments.deploy {
        let first = (version.clone(), values.clone());
        let report = stack.deploy_first("--deploy", &from, first, &display).await?;
        if !report.outcome.is_success() {
            drop(display);
            let code = reports.give(common.output, &report)?;
            stack.close().await;
            return Ok(code);
        }
    }
    let mut terms = Terms::default();
    terms.components = arguments.only.into_iter().collect();
    terms.expected.clone_from(&arguments.version);
    (terms.allow_mixed, terms.require_digest) = (arguments.allow_mixed, arguments.require_digest);
    let candidate = promotion::candidate(&source, &from, &terms).await?;
    for job in &candidate.jobs {
        display.note(&format!(
            "{} runs {} in {}, and it is stable",
            job.component.job_id(),
            job.version,
            from.stage
        ));
    }
    let version = candidate.version().cloned();
    let mut request = request(version.ok_or_else(|| Failure::usage("there is nothing to promote"))?);
    request.plan_only = arguments.plan;
    request.interrupt = program::interrupts(common.output);
    let (source, target) =
        (Place { clients: &source, environment: &from }, Place { clients: &stack.clients, environment: &to });
    let report = promotion::run(source, target, &request, &terms, &display).await?;
    drop(display);
    let code = reports.give(common.output, &report)?;
    if report.outcome == Outcome::Planned && common.output != Output::Json {
        for job in &candidate.jobs {
            for line in promotion::differences(job.component, &job.version, &from, &to) {
                examples::say!("by the settings: {}: {line}", job.component.job_id());
            }
        }
    }
    stack.close().await;
    Ok(code)
}

/// The source's clients: what the flag or the source's settings name, where that is not the target.
fn source(arguments: &Arguments, from: &Environment, stack: &Stack) -> Result<Clients, Failure> {
    let file = arguments.from_config.as_deref().map_or_else(String::new, |file| file.display().to_string());
    let flag = |name: &str| (name == "NOMAD_ADDR").then(|| arguments.from_nomad.clone()).flatten();
    let located = from.addresses.locate(Server::Nomad, &file, &flag);
    let located =
        located.map_err(|error| Failure::usage(error.to_string().replace("NOMAD_ADDR", "`--from-nomad`")))?;
    let same = || Ok(stack.clients.clone());
    // A stack of this program's own has both environments.
    let Some(address) = located.filter(|_| !stack.is_throw_away()) else { return same() };
    let builder = nomad_client::Client::builder().address(address);
    let nomad = match std::env::var("FROM_NOMAD_TOKEN").ok().filter(|token| !token.is_empty()) {
        Some(token) => builder.token(token.as_str()).build()?,
        None => builder.build()?,
    };
    if arguments.from_nomad.is_none()
        && nomad.address().to_string() == stack.clients.nomad.address().to_string()
    {
        return same();
    }
    Ok(Clients { nomad, ..stack.clients.clone() })
}
