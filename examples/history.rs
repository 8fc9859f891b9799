//! Shows what was released when, by whom, and what can be gone back to.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Display, Failure, Output, Stack, Target, program};
use wuffchat_deploy::history::{self, VersionLine};
use wuffchat_deploy::{Version, secrets};

/// Shows what was released when, by whom, with which secrets, and what can be gone back to
#[derive(Debug, Parser)]
#[command(name = "history")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// Shows versions that only scaling made too
    #[arg(long)]
    all: bool,
    /// Deploys this version first, so that there is something to show; may be repeated (embedded and agents only)
    /// [default: none]
    #[arg(long, value_name = "TAG")]
    from: Vec<Version>,
}

fn main() -> ExitCode {
    examples::run(show)
}

async fn show(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, target, all, from } = arguments;
    let environment = target.settings()?;
    let stack = Stack::open(&common, &environment, target.file()).await?;
    let display = Display::new(common.output);
    for version in from {
        let first = (version, secrets::Values::throw_away());
        stack.deploy_first("--from", &environment, first, &display).await?;
    }
    drop(display);
    let history = history::of(&stack.clients, &environment).await?;
    stack.close().await;
    if common.output == Output::Json {
        program::print_json(&history)?;
        return Ok(0);
    }
    if history.jobs.is_empty() {
        examples::say!("nothing was ever released to {}", environment.stage);
    }
    for job in &history.jobs {
        examples::say!("{}", job.job);
        for line in job.versions.iter().filter(|line| all || !line.scaled || line.current) {
            examples::say!("{}", text(line));
        }
    }
    Ok(0)
}

fn text(line: &VersionLine) -> String {
    let second = |at: jiff::Timestamp| at.round(jiff::Unit::Second).unwrap_or(at).to_string();
    let state = match (&line.deployment, line.stable, line.scaled) {
        (Some(deployment), _, _) => deployment.status.as_str(),
        (None, true, _) => "stable",
        (None, false, true) => "scaled",
        (None, false, false) => "not judged",
    };
    let mut text = format!(
        "{} {:>4}  {:<12} {:<20} {:<11}",
        if line.current { "*" } else { " " },
        line.version,
        line.release.as_deref().unwrap_or("?"),
        line.at.map(second).unwrap_or_default(),
        state
    );
    let mut add = |more: String| text.push_str(&format!("  {more}"));
    if let Some(tag) = &line.tag {
        add(format!("tag {tag}"));
    }
    if let Some(who) = &line.who {
        add(format!("by {who}"));
    }
    if !line.secrets.is_empty() {
        let short = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let versions: Vec<String> =
            line.secrets.iter().map(|(path, version)| format!("{}={version}", short(path))).collect();
        add(format!("secrets {}", versions.join(" ")));
    }
    if !line.kept {
        add("dropped by Nomad".to_owned());
    }
    text.trim_end().to_owned()
}
