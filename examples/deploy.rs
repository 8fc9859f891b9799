//! Deploys WuffChat's API and UI: seeds what is missing, plans, registers, watches, verifies and reports.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Display, Failure, Output, Reports, Stack, Target, program};
use nomad_client::fetch::HttpFetch;
use wuffchat_deploy::app::GateSettings;
use wuffchat_deploy::release::{self, Fetcher, Request};
use wuffchat_deploy::{Component, Environment, Outcome, Report, Version, secrets};

/// Deploys WuffChat's API and UI: seeds what is missing, plans, registers, watches, verifies and reports
#[derive(Debug, Parser)]
#[command(name = "deploy")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// The version to deploy: an image tag or a `sha256:` digest
    #[arg(long, default_value = "v1", value_name = "TAG")]
    version: Version,
    /// The version of one job where it differs, such as `ui=sha256:…`; may be given more than once [default: none]
    #[arg(long, value_name = "JOB=TAG", value_parser = version_of)]
    version_of: Vec<(Component, Version)>,
    /// Deploys this version first, so that there is something to update (embedded and agents only) [default: none]
    #[arg(long, value_name = "TAG")]
    from: Option<Version>,
    /// Only this job [default: both]
    #[arg(long, value_name = "api|ui")]
    only: Option<Component>,
    /// Shows what would change, and changes nothing
    #[arg(long)]
    plan: bool,
    /// Shows what would start anew, what would be changed in place, and because of which setting; changes nothing
    #[arg(long)]
    why: bool,
    /// Does not ask before changing something (it is asked on a terminal only, and only with `--stack env`)
    #[arg(long)]
    yes: bool,
    /// Registers the jobs although they did not change
    #[arg(long)]
    force: bool,
    /// How long the release is watched
    #[arg(long, default_value = "10m", value_parser = program::duration, value_name = "DURATION")]
    timeout: Duration,
    /// How long it is waited while nothing of a job finds a place
    #[arg(long, default_value = "2m", value_parser = program::duration, value_name = "DURATION")]
    placement_timeout: Duration,
    /// A gate beside those of the environment's `[release]`: `http=PATH` (through Traefik, the API's host),
    /// `http=ui:PATH` or `prometheus=QUERY<=BOUND`; may be repeated [default: none]
    #[arg(long = "gate", value_name = "GATE")]
    gates: Vec<GateSettings>,
    /// How long all has to stay healthy, before promotion and after [default: the environment's, else 0s]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    soak: Option<Duration>,
    /// Waits for Nomad's deadlines also where waiting cannot help
    #[arg(long)]
    no_fail_fast: bool,
    /// Leaves healthy canaries to somebody else to promote
    #[arg(long)]
    no_promote: bool,
    /// A TOML or JSON file with values for missing secrets, or `-` for stdin; [default: they are read from
    /// variables such as WUFFCHAT_OPENAI_API_KEY]
    #[arg(long, value_name = "FILE")]
    secrets: Option<String>,
    #[command(flatten)]
    reports: Reports,
}

fn main() -> ExitCode {
    examples::run_to_the_end(deploy)
}

async fn deploy(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, target, version, from, only, plan, timeout, no_promote, .. } = &arguments;
    let mut environment = target.settings()?;
    environment.release.gates.extend(arguments.gates.iter().cloned());
    environment.release.soak = arguments.soak.unwrap_or(environment.release.soak);
    let stack = Stack::open(common, &environment, target.file()).await?;
    let display = Display::new(common.output);
    let interrupt = program::interrupts(common.output);
    let mut request = stack.request(version.clone());
    request.components = only.map_or_else(|| Component::ALL.to_vec(), |component| vec![component]);
    request.versions.extend(arguments.version_of.iter().cloned());
    let plan = *plan || arguments.why;
    request.plan_only = plan;
    request.promote = !no_promote;
    request.force = arguments.force;
    request.fail_fast = !arguments.no_fail_fast;
    request.fetch = Fetcher::new(HttpFetch::new().map_err(nomad_client::Error::from)?);
    request.timeout = *timeout;
    request.placement_timeout = arguments.placement_timeout;
    request.secrets = values(&arguments, &stack)?;
    request.interrupt = interrupt;
    if let Some(from) = from {
        let first = (from.clone(), request.secrets.clone());
        let report = stack.deploy_first("--from", &environment, first, &display).await?;
        if !report.outcome.is_success() {
            return finish(stack, (common.output, &arguments.reports), display, &report).await;
        }
        display.note(&format!("now {version}"));
    }
    if !plan
        && !arguments.yes
        && !stack.is_throw_away()
        && !confirmed(&stack, &environment, &request, &display).await?
    {
        return Err(Failure::usage("not confirmed; nothing was changed"));
    }
    let report = release::run(&stack.clients, &environment, &request, &display).await?;
    if arguments.why && common.output != Output::Json {
        drop(display);
        for job in &report.jobs {
            job.restarts.iter().for_each(|sentence| examples::say!("{}: {sentence}", job.job));
        }
        stack.close().await;
        return Ok(report.outcome.exit_code());
    }
    finish(stack, (common.output, &arguments.reports), display, &report).await
}

fn version_of(text: &str) -> Result<(Component, Version), String> {
    let (job, version) = text.split_once('=').ok_or("write JOB=TAG")?;
    let job = job.parse().map_err(|error: wuffchat_deploy::Error| error.to_string())?;
    Ok((job, version.parse().map_err(|error: wuffchat_deploy::Error| error.to_string())?))
}

fn values(arguments: &Arguments, stack: &Stack) -> Result<secrets::Values, Failure> {
    match &arguments.secrets {
        Some(file) => program::secret_values(file),
        None => {
            let given = secrets::Values::from_vars(|name| std::env::var(name).ok());
            Ok(if given.is_empty() && stack.is_throw_away() { secrets::Values::throw_away() } else { given })
        }
    }
}

/// Shows the plan and asks, where somebody can answer.
async fn confirmed(
    stack: &Stack,
    environment: &Environment,
    request: &Request,
    display: &Display,
) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(true);
    }
    let mut plan = request.clone();
    plan.plan_only = true;
    let report = release::run(&stack.clients, environment, &plan, display).await?;
    if report.outcome == Outcome::Unchanged {
        return Ok(true);
    }
    eprint!("deploy {} to {}? [y/N] ", request.version, environment.stage);
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn finish(
    stack: Stack,
    (output, reports): (Output, &Reports),
    display: Display,
    report: &Report,
) -> Result<u8, Failure> {
    drop(display);
    let code = reports.give(output, report)?;
    stack.close().await;
    Ok(code)
}
