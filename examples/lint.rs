//! Looks for what goes wrong in job files, Terraform, workflows, commands and whole documents.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use examples::{Failure, Output, program};
use serde::Serialize;
use wuffchat_deploy::lint::{self, Diagnostic, Kind, Severity};
use wuffchat_deploy::{Environment, Stage, Version};

/// Looks for what goes wrong in job files, Terraform, workflows, commands and whole documents, with a fix for each;
/// exits with 9 if something is a warning or an error
#[derive(Debug, Parser)]
#[command(name = "lint")]
struct Arguments {
    /// What to look at; `-` is stdin [default: stdin unless an environment is named]
    files: Vec<PathBuf>,
    /// Looks at the jobs of this environment: dev, staging or production [default: none]
    #[arg(long)]
    environment: Option<Stage>,
    /// A TOML file with settings that differ from those of the environment [default: none]
    #[arg(long, value_name = "FILE.toml", requires = "environment")]
    config: Option<PathBuf>,
    /// The version of the environment's application: an image tag or a `sha256:` digest
    #[arg(long, default_value = "v1", value_name = "TAG")]
    version: Version,
    /// What the files are; `auto` goes by name and content
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// The least that is shown: info, warning or error
    #[arg(long, value_enum, default_value_t = Least::Info)]
    level: Least,
    /// Puts back characters that were lost to a wrong encoding, writes the text to stdout and does nothing else
    #[arg(long, conflicts_with = "environment")]
    repair: bool,
    /// How to show what was found; `json` is one document
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Auto,
    Document,
    Job,
    Terraform,
    Workflow,
    Prometheus,
    Shell,
}

impl Format {
    fn kind(self, name: &str, text: &str) -> Option<Kind> {
        match self {
            Self::Auto => Kind::of(name, text),
            Self::Document => Some(Kind::Document),
            Self::Job => Some(Kind::Job),
            Self::Terraform => Some(Kind::Terraform),
            Self::Workflow => Some(Kind::Workflow),
            Self::Prometheus => Some(Kind::Prometheus),
            Self::Shell => Some(Kind::Shell),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Least {
    Info,
    Warning,
    Error,
}

#[derive(Debug, Serialize)]
struct Found {
    file: String,
    #[serde(flatten)]
    found: Diagnostic,
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let mut all = Vec::new();
        if let Some(stage) = arguments.environment {
            let environment = settings(stage, arguments.config.as_ref())?;
            let found = lint::environment(&environment, &arguments.version);
            all.extend(found.into_iter().map(|found| Found { file: stage.to_string(), found }));
        }
        let stdin = arguments.files.is_empty() && arguments.environment.is_none();
        let files = if stdin { vec![PathBuf::from("-")] } else { arguments.files.clone() };
        for path in &files {
            let name = path.display().to_string();
            let text = if name == "-" {
                std::io::read_to_string(std::io::stdin())
            } else {
                std::fs::read_to_string(path)
            };
            let text = text.map_err(|cause| Failure::usage(format!("{name} cannot be read: {cause}")))?;
            if arguments.repair {
                let repaired = lint::repair_mojibake(&text).unwrap_or(text);
                examples::say!("{}", repaired.trim_end_matches('\n'));
                continue;
            }
            let kind = arguments.format.kind(&name, &text);
            let kind =
                kind.ok_or_else(|| Failure::usage(format!("what {name} is has to be said with --format")))?;
            let found =
                lint::text(kind, &text).map_err(|cause| Failure::usage(format!("{name}: {cause}")))?;
            all.extend(found.into_iter().map(|found| Found { file: name.clone(), found }));
        }
        let least = match arguments.level {
            Least::Info => Severity::Info,
            Least::Warning => Severity::Warning,
            Least::Error => Severity::Error,
        };
        let bad = all.iter().any(|found| found.found.severity >= Severity::Warning);
        all.retain(|found| found.found.severity >= least);
        if arguments.output == Output::Json {
            program::print_json(&all)?;
        } else {
            tell(&all);
        }
        Ok(if bad { 9 } else { 0 })
    })
}

fn settings(stage: Stage, file: Option<&PathBuf>) -> Result<Environment, Failure> {
    let Some(path) = file else { return Ok(Environment::new(stage)) };
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::usage(format!("{} cannot be read: {cause}", path.display())))?;
    Ok(Environment::from_toml(&text, Some(stage))?)
}

fn tell(all: &[Found]) {
    for Found { file, found } in all {
        match found.line {
            Some(line) => examples::say!("{file}:{line}: {found}"),
            None => examples::say!("{file}: {found}"),
        }
    }
}
