//! Writes an environment as job files, monitoring, Terraform or a GitHub workflow, to stdout or into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use examples::{Failure, Output, Target, program};
use serde_json::json;
use wuffchat_deploy::Version;
use wuffchat_deploy::render::{self, File};

/// Writes an environment as job files, monitoring, Terraform or a GitHub workflow, to stdout or into a folder
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
    /// How to show the files, or with `--into` their names; `json` is a list of names and texts
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    output: Output,
    /// Writes files into this folder instead of to stdout [default: none]
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
    /// A Terraform module: load balancer, certificate, Vault, who may deploy
    Terraform,
    /// A workflow that builds, plans and releases
    GithubActions,
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
            Format::Terraform => render::terraform(&environment, &arguments.version)?,
            Format::GithubActions => render::github_actions(&environment)?,
        };
        let Some(folder) = &arguments.into else {
            return show(arguments.output, &files);
        };
        let unusable = |cause| Failure::usage(format!("{} cannot be written to: {cause}", folder.display()));
        let mut paths = Vec::new();
        for file in &files {
            let path = folder.join(&file.name);
            std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unusable)?;
            program::write(&path, &file.text)?;
            paths.push(path);
        }
        if arguments.output == Output::Json {
            program::print_json(&paths)?;
        } else {
            for path in &paths {
                examples::say!("{}", path.display());
            }
        }
        Ok(0)
    })
}

fn show(output: Output, files: &[File]) -> Result<u8, Failure> {
    if output == Output::Json {
        let files: Vec<_> =
            files.iter().map(|file| json!({ "name": file.name, "text": file.text })).collect();
        program::print_json(&files)?;
        return Ok(0);
    }
    // Job files follow each other as they are; files of several kinds need their names.
    let named = files.iter().any(|file| file.name.contains('/'));
    for file in files {
        if named {
            examples::say!("# {}", file.name);
        }
        examples::say!("{}", file.text.trim_end());
    }
    Ok(0)
}
