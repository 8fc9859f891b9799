//! Deploys WuffChat's API and UI: seeds what is missing, plans, registers, watches, verifies and reports.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Display, Failure, Output, Stack, Target};
use nomad_client::GoDuration;
use nomad_client::fetch::HttpFetch;
use wuffchat_deploy::app::GateSettings;
use wuffchat_deploy::release::{self, Fetcher, Interrupt, Request};
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
    /// Deploys this version first, so that there is something to update (embedded and agents only)
    #[arg(long, value_name = "TAG")]
    from: Option<Version>,
    /// Only this job
    #[arg(long, value_name = "api|ui")]
    only: Option<Component>,
    /// Shows what would change, and changes nothing
    #[arg(long)]
    plan: bool,
    /// Does not ask before changing something (it is asked on a terminal only, and only with `--stack env`)
    #[arg(long)]
    yes: bool,
    /// Registers the jobs although they did not change
    #[arg(long)]
    force: bool,
    /// How long the release is watched
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
    /// A gate beside those of the environment's `[release]`: `http=PATH` (through Traefik, the API's host),
    /// `http=ui:PATH` or `prometheus=QUERY<=BOUND`; may be given more than once
    #[arg(long = "gate", value_name = "GATE")]
    gates: Vec<GateSettings>,
    /// How long all has to stay healthy, before promotion and after [default: the environment's, else 0s]
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    soak: Option<Duration>,
    /// Waits for Nomad's deadlines also where waiting cannot help
    #[arg(long)]
    no_fail_fast: bool,
    /// Leaves healthy canaries to somebody else to promote
    #[arg(long)]
    no_promote: bool,
    /// A TOML or JSON file with values for missing secrets, or `-` for stdin; without it they are read from
    /// variables such as WUFFCHAT_OPENAI_API_KEY
    #[arg(long, value_name = "FILE")]
    secrets: Option<String>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: GoDuration = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from(duration).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    examples::run(deploy)
}

async fn deploy(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, target, version, from, only, plan, timeout, no_promote, .. } = &arguments;
    let mut environment = target.settings()?;
    if *no_promote {
        environment.update.auto_promote = false;
    }
    environment.release.gates.extend(arguments.gates.iter().cloned());
    environment.release.soak = arguments.soak.unwrap_or(environment.release.soak);
    let stack = Stack::open(common.stack).await?;
    if from.is_some() && !stack.is_throw_away() {
        return Err(Failure::usage(
            "`--from` is for stacks of this program's own; yours has a version already",
        ));
    }
    let display = Display::new(common.output);
    let interrupt = interrupts();
    let mut request = Request::new(version.clone());
    request.components = only.map_or_else(|| Component::ALL.to_vec(), |component| vec![component]);
    request.plan_only = *plan;
    request.promote = !no_promote;
    request.force = arguments.force;
    request.fail_fast = !arguments.no_fail_fast;
    request.fetch = Fetcher::new(HttpFetch::new().map_err(nomad_client::Error::from)?);
    request.timeout = *timeout;
    request.who = examples::program::who();
    request.stack = stack.name.to_owned();
    request.secrets = values(&arguments, &stack)?;
    request.interrupt = interrupt;
    if let Some(from) = from {
        display.note(&format!("deploying {from} first, so that there is something to update"));
        let mut first = request.clone();
        (first.version, first.plan_only, first.promote, first.force) = (from.clone(), false, true, false);
        let mut settings = environment.clone();
        settings.update.auto_promote = true;
        settings.release.gates.clear();
        settings.release.soak = Duration::ZERO;
        let report = release::run(&stack.clients, &settings, &first, &display).await?;
        if !report.outcome.is_success() {
            return finish(stack, common.output, display, &report).await;
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
    finish(stack, common.output, display, &report).await
}

/// The first signal ends watching, the second the program.
fn interrupts() -> Interrupt {
    let interrupt = Interrupt::default();
    let signalled = interrupt.clone();
    tokio::spawn(async move {
        examples::program::signal().await;
        signalled.interrupt();
        eprintln!("interrupted: leaving what was begun as it is; once more to end at once");
        // Some programs signal both a process and its group: that is one wish, not two.
        tokio::time::sleep(Duration::from_millis(250)).await;
        examples::program::signal().await;
        std::process::exit(130);
    });
    interrupt
}

fn values(arguments: &Arguments, stack: &Stack) -> Result<secrets::Values, Failure> {
    match &arguments.secrets {
        Some(file) => examples::program::secret_values(file),
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

async fn finish(stack: Stack, output: Output, display: Display, report: &Report) -> Result<u8, Failure> {
    drop(display);
    if output == Output::Json {
        examples::program::print_json(report)?;
    } else {
        tell(report);
    }
    stack.close().await;
    Ok(report.outcome.exit_code())
}

fn tell(report: &Report) {
    for job in &report.jobs {
        for change in job.changes.iter().filter(|_| report.outcome == Outcome::Planned) {
            examples::say!("{}: {change}", job.job);
        }
        let Some(failure) = &job.failure else { continue };
        examples::say!("\n{} failed ({}): {}", job.job, failure.class, failure.message);
        for event in &failure.task_events {
            examples::say!("    {event}");
        }
        if !failure.log_tail.is_empty() {
            examples::say!("  last output:");
        }
        for line in &failure.log_tail {
            examples::say!("    {line}");
        }
        examples::say!("");
    }
    for job in &report.jobs {
        let Some(outcome) = job.outcome else { continue };
        let version = job.version.map(|version| format!(" (version {version})")).unwrap_or_default();
        examples::say!("{}{version}, {}/{} healthy", outcome.sentence(&job.job), job.healthy, job.desired);
        if matches!(outcome, Outcome::Interrupted | Outcome::Timeout | Outcome::ReadyForPromotion)
            && let Some(id) = &job.deployment_id
        {
            examples::say!(
                "  go on with: deploy --environment {} --version {}",
                report.environment,
                report.version
            );
            examples::say!("  or look at deployment {id}");
        }
    }
    examples::say!(
        "{}",
        report.outcome.sentence(&format!("version {} on {}", report.version, report.environment))
    );
}
