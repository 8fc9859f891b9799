//! Writes an environment's jobs as HCL or JSON, or what its monitoring reads, to stdout or into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use examples::{Failure, Target};
use wuffchat_deploy::{Version, render};

/// Writes an environment's jobs as HCL or JSON, or what its monitoring reads, to stdout or into a folder
#[derive(Debug, Parser)]
#[command(name = "render")]
struct Arguments {
    /// What to write
    #[arg(value_enum)]
    format: Format,
    #[command(flatten)]
    target: Target,
    /// The version of the application: an image tag or a `sha256:` digest
    #[arg(long, default_value = "v1", value_name = "TAG")]
    version: Version,
    /// Writes the jobs beside the application instead: Traefik, Prometheus, Grafana, the autoscaler, Redis (hcl and
    /// json only)
    #[arg(long)]
    platform: bool,
    /// Writes files into this folder instead of to stdout
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Nomad job files
    Hcl,
    /// What Nomad's API and `nomad job run -json` take
    Json,
    /// Prometheus' configuration and alert rules
    Prometheus,
    /// Grafana's data source and dashboard
    Grafana,
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let environment = arguments.target.settings()?;
        environment.check()?;
        let files = match arguments.format {
            Format::Hcl if arguments.platform => render::platform_hcl(&environment)?,
            Format::Json if arguments.platform => render::platform_json(&environment),
            _ if arguments.platform => {
                return Err(Failure::usage("`--platform` is for jobs: `hcl` and `json`"));
            }
            Format::Hcl => render::hcl(&environment, &arguments.version)?,
            Format::Json => render::json(&environment, &arguments.version)?,
            Format::Prometheus => render::prometheus(&environment),
            Format::Grafana => render::grafana(&environment),
        };
        let Some(folder) = &arguments.into else {
            for file in &files {
                examples::say!("{}", file.text.trim_end());
            }
            return Ok(0);
        };
        let unusable = |cause| Failure::usage(format!("{} cannot be written to: {cause}", folder.display()));
        std::fs::create_dir_all(folder).map_err(unusable)?;
        for file in &files {
            let path = folder.join(&file.name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(unusable)?;
            }
            std::fs::write(&path, &file.text).map_err(unusable)?;
            examples::say!("{}", path.display());
        }
        Ok(0)
    })
}
