//! Runs a scaling policy over a series of metrics.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use examples::{Common, Failure, Output, Stack, Target, program, say};
use jiff::Timestamp;
use nomad_client::jobspec::Scaling;
use nomad_client::scaling::{Chart, Check, Load, Outcome, Policy, Report, Series, Simulation, Strategy};
use nomad_client::{Job, TaskGroup};
use wuffchat_deploy::jobs::scaling_policy;

/// Runs a scaling policy over a series of metrics, and shows what it would do as a table, JSON or a picture
#[derive(Debug, Parser)]
#[command(name = "simulate_scaling")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// A job, group or scaling block in JSON, or a job in HCL, which the stack parses [default: the
    /// environment's own policy]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The group whose policy it is [default: the first that has one]
    #[arg(long)]
    group: Option<String>,
    /// A target for the metric, instead of a policy of its own, kept by --min, --max, --interval and
    /// --cooldown [default: that of the policy]
    #[arg(long, conflicts_with = "policy")]
    target_value: Option<f64>,
    /// The least count [default: that of the policy]
    #[arg(long)]
    min: Option<u64>,
    /// The highest count [default: that of the policy]
    #[arg(long)]
    max: Option<u64>,
    /// The time between two looks, such as 30s [default: that of the policy]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    interval: Option<Duration>,
    /// The pause after a change, such as 2m [default: that of the policy]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    cooldown: Option<Duration>,
    /// What a value is: `per-instance` is what each instance sees however many there are, as it was recorded; `total`
    /// is divided among those that run, and that of --shape is what as many as run at the start see of it together
    /// [default: total for --shape, per-instance where there is a file]
    #[arg(long, value_enum)]
    load: Option<LoadChoice>,
    /// Metrics as lines of time and value, or as JSON; `-` is stdin [default: those of --shape]
    #[arg(long, value_name = "FILE")]
    series: Option<PathBuf>,
    /// Metrics of one check alone, such as cpu=cpu.csv; for each check once [default: none]
    #[arg(long, value_name = "CHECK=FILE", value_parser = check_file)]
    check_series: Vec<(String, PathBuf)>,
    /// The time of the start, for schedules, such as 2026-11-26T09:00:00Z [default: that of the metrics
    /// where their times are dates, else 1970-01-01T00:00:00Z]
    #[arg(long, value_name = "TIME")]
    begin: Option<Timestamp>,
    /// A metric that is made up: how loaded as many instances are as run at the start
    #[arg(long, value_enum, default_value_t = Shape::Burst)]
    shape: Shape,
    /// The lowest value of that metric
    #[arg(long, default_value_t = 30.0)]
    low: f64,
    /// Its highest value
    #[arg(long, default_value_t = 95.0)]
    high: f64,
    /// How long it goes
    #[arg(long, default_value = "30m", value_parser = program::duration, value_name = "DURATION")]
    length: Duration,
    /// The count at the start [default: the policy's least]
    #[arg(long)]
    count: Option<u32>,
    /// How long a new instance takes until it runs
    #[arg(long, default_value = "0s", value_parser = program::duration, value_name = "DURATION")]
    start_delay: Duration,
    /// How long Nomad takes to answer a change
    #[arg(long, default_value = "0s", value_parser = program::duration, value_name = "DURATION")]
    scale_latency: Duration,
    /// How long a change keeps a deployment going
    #[arg(long, default_value = "0s", value_parser = program::duration, value_name = "DURATION")]
    deployment: Duration,
    /// How long before the start the group was last scaled [default: not at all]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    last_event: Option<Duration>,
    /// Writes a picture in SVG to this file, or to stdout for `-` [default: none]
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LoadChoice {
    /// What each instance sees
    PerInstance,
    /// What all of them share
    Total,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    /// The highest value all the time
    Steady,
    /// Low, high in the middle third, low
    Burst,
    /// From low to high
    Ramp,
    /// Waves of ten minutes
    Wave,
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let policy = policy(&arguments).await?;
        let checks: Vec<_> = policy.checks.iter().map(|check| check.name.clone()).collect();
        let made_up = arguments.series.is_none() && arguments.check_series.is_empty();
        let shared = arguments.load.map_or(made_up, |load| load == LoadChoice::Total);
        let at_start = arguments.count.or(u32::try_from(policy.min).ok()).unwrap_or(1).max(1);
        let mut simulation = Simulation::new(policy, series(&arguments, if shared { at_start } else { 1 })?)
            .load(if shared { Load::Total } else { Load::PerInstance })
            .start_delay(arguments.start_delay)
            .scale_latency(arguments.scale_latency)
            .deployment(arguments.deployment);
        if let Some(count) = arguments.count {
            simulation = simulation.count(count);
        }
        if let Some(begin) = arguments.begin {
            simulation = simulation.begin(begin);
        }
        if let Some(before) = arguments.last_event {
            simulation = simulation.last_event(before);
        }
        for (check, path) in &arguments.check_series {
            if !checks.contains(check) {
                return Err(Failure::usage(format!("the policy has no check `{check}`")));
            }
            simulation = simulation.check_series(check, read_series(path)?);
        }
        let report = simulation.run().map_err(|error| Failure::usage(error.to_string()))?;
        if let Some(path) = &arguments.svg {
            let svg = Chart::new(&report).to_svg();
            if path.as_os_str() == "-" {
                say!("{}", svg.trim_end());
                return Ok(0);
            }
            program::write(path, &svg)?;
        }
        match arguments.common.output {
            Output::Json => program::print_json(&report)?,
            _ => table(&report),
        }
        Ok(0)
    })
}

async fn policy(arguments: &Arguments) -> Result<Policy, Failure> {
    let mut policy = match (&arguments.policy, arguments.target_value) {
        (Some(path), _) => read_policy(arguments, &program::read(path)?).await?,
        (None, Some(target)) => {
            Policy::between(1, 10).check(Check::new("metric", Strategy::target_value(target)).query("metric"))
        }
        (None, None) => scaling_policy(&arguments.target.settings()?)
            .ok_or_else(|| Failure::usage("the environment has no scaling policy"))?,
    };
    policy.min = arguments.min.unwrap_or(policy.min);
    policy.max = arguments.max.unwrap_or(policy.max);
    if let Some(interval) = arguments.interval {
        policy = policy.evaluation_interval(interval);
    }
    if let Some(cooldown) = arguments.cooldown {
        policy = policy.cooldown(cooldown);
    }
    readable(&policy.to_scaling())
}

async fn read_policy(arguments: &Arguments, text: &str) -> Result<Policy, Failure> {
    let scaling = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => {
            let value = value.get("Job").cloned().unwrap_or(value);
            let unusable =
                |error: serde_json::Error| Failure::usage(format!("the policy cannot be read: {error}"));
            if value.get("TaskGroups").is_some() {
                of_job(arguments, serde_json::from_value(value).map_err(unusable)?)
            } else if value.get("Tasks").is_some() {
                serde_json::from_value::<TaskGroup>(value).map_err(unusable)?.scaling
            } else {
                Some(serde_json::from_value::<Scaling>(value).map_err(unusable)?)
            }
        }
        // Only Nomad itself reads HCL exactly.
        Err(_) => {
            let stack = Stack::open_by_variables(&arguments.common).await?;
            let job = stack.clients.nomad.jobs().parse(text).await;
            stack.close().await;
            of_job(arguments, job?)
        }
    };
    let scaling = scaling.ok_or_else(|| Failure::usage("no group has a scaling policy"))?;
    readable(&scaling)
}

/// The policy, as the autoscaler would take it.
fn readable(scaling: &Scaling) -> Result<Policy, Failure> {
    Policy::read(scaling).map_err(|violations| {
        let texts: Vec<_> = violations.iter().map(ToString::to_string).collect();
        Failure::usage(format!("the autoscaler would refuse the policy: {}", texts.join("; ")))
    })
}

fn of_job(arguments: &Arguments, job: Job) -> Option<Scaling> {
    let wanted = |group: &TaskGroup| arguments.group.as_ref().is_none_or(|name| *name == group.name);
    job.task_groups.into_iter().filter(wanted).find_map(|group| group.scaling)
}

fn check_file(text: &str) -> Result<(String, PathBuf), String> {
    let (check, path) = text.split_once('=').ok_or("it is not CHECK=FILE")?;
    Ok((check.to_owned(), path.into()))
}

fn read_series(path: &PathBuf) -> Result<Series, Failure> {
    let text = program::read(path)?;
    let json = text.trim_start().starts_with(['[', '{']);
    let series = if json { Series::from_json(&text) } else { Series::from_csv(&text) };
    series.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// The metrics; those that are made up as what that many instances see together.
fn series(arguments: &Arguments, together: u32) -> Result<Series, Failure> {
    if let Some(path) = &arguments.series {
        return read_series(path);
    }
    let step = 10_u32;
    let whole = arguments.length.as_secs_f64();
    let (low, high) = (arguments.low * f64::from(together), arguments.high * f64::from(together));
    let values = (0..).map(|number: u32| f64::from(number) * f64::from(step)).take_while(|at| *at <= whole);
    let values = values.map(|at| {
        let part = at / whole.max(1.0);
        Some(match arguments.shape {
            Shape::Steady => high,
            Shape::Burst => {
                if (1.0 / 3.0..2.0 / 3.0).contains(&part) {
                    high
                } else {
                    low
                }
            }
            Shape::Ramp => low + (high - low) * part,
            Shape::Wave => low + (high - low) * (0.5 - 0.5 * (at / 600.0 * std::f64::consts::TAU).cos()),
        })
    });
    Ok(Series::every(Duration::from_secs(u64::from(step)), values))
}

fn table(report: &Report) {
    say!(
        "{:>8} {:>9} {:>7} {:>7} {:>6} {:>8}  reason",
        "time",
        "metric",
        "running",
        "desired",
        "wanted",
        "result"
    );
    for tick in &report.ticks {
        let metric = tick.metric.map_or_else(|| "-".to_owned(), |metric| format!("{metric:.2}"));
        let wanted = tick.wanted.map_or_else(|| "-".to_owned(), |wanted| wanted.to_string());
        let time = format!("{}s", tick.at.as_secs());
        say!(
            "{time:>8} {metric:>9} {:>7} {:>7} {wanted:>6} {:>8}  {}",
            tick.running,
            tick.desired,
            tick.result,
            tick.reason
        );
    }
    let flapping = &report.flapping;
    let idle = report.ticks.iter().filter(|tick| tick.result == Outcome::None).count();
    say!(
        "changes: {}, reversals: {} ({} quick), {:.0} % at rest, {:.0} % at the highest count",
        flapping.changes,
        flapping.reversals,
        flapping.quick_reversals,
        100.0 * idle as f64 / report.ticks.len().max(1) as f64,
        flapping.at_max_share * 100.0
    );
    for warning in &report.warnings {
        say!("warning: {}: {}", warning.id, warning.message);
    }
}
