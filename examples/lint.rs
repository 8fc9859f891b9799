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

/// What is looked at as one: a file, or the Terraform files of a folder, which are one module.
struct Text {
    kind: Kind,
    folder: PathBuf,
    /// The files and the line each begins with.
    files: Vec<(String, u32)>,
    text: String,
}

impl Text {
    fn add(&mut self, file: String, text: &str) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let lines = u32::try_from(self.text.lines().count()).unwrap_or(u32::MAX);
        self.files.push((file, lines.saturating_add(1)));
        self.text.push_str(text);
    }

    fn look(&self) -> Result<Vec<Found>, Failure> {
        let names: Vec<&str> = self.files.iter().map(|(file, _)| file.as_str()).collect();
        let found = lint::text(self.kind, &self.text)
            .map_err(|cause| Failure::usage(format!("{}: {cause}", names.join(", "))))?;
        Ok(found.into_iter().map(|found| self.placed(found)).collect())
    }

    /// With the file it is in, and the line there.
    fn placed(&self, mut found: Diagnostic) -> Found {
        let line = found.line.unwrap_or(1);
        let file = self.files.iter().rfind(|(_, begin)| *begin <= line);
        let (file, begin) = file.map_or(("", 1), |(file, begin)| (file.as_str(), *begin));
        found.line = found.line.map(|line| line.saturating_sub(begin).saturating_add(1));
        Found { file: file.to_owned(), found }
    }
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
        let mut texts: Vec<Text> = Vec::new();
        for path in &files {
            let name = path.display().to_string();
            let text = program::read(path)?;
            if arguments.repair {
                let repaired = lint::repair_mojibake(&text).unwrap_or(text);
                examples::say!("{}", repaired.trim_end_matches('\n'));
                continue;
            }
            let kind = arguments.format.kind(&name, &text);
            let kind =
                kind.ok_or_else(|| Failure::usage(format!("what {name} is has to be said with --format")))?;
            let folder = path.parent().map(PathBuf::from).unwrap_or_default();
            let module =
                texts.iter_mut().find(|it| kind == Kind::Terraform && it.kind == kind && it.folder == folder);
            match module {
                Some(module) => module.add(name, &text),
                None => texts.push(Text { kind, folder, files: vec![(name, 1)], text }),
            }
        }
        if arguments.repair {
            return Ok(0);
        }
        for text in &texts {
            all.extend(text.look()?);
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
            tell(&all, files.len() + usize::from(arguments.environment.is_some()));
        }
        Ok(if bad { 9 } else { 0 })
    })
}

fn settings(stage: Stage, file: Option<&PathBuf>) -> Result<Environment, Failure> {
    let Some(path) = file else { return Ok(Environment::new(stage)) };
    Ok(Environment::from_toml(&program::read(path)?, Some(stage))?)
}

fn tell(all: &[Found], looked_at: usize) {
    for Found { file, found } in all {
        match found.line {
            Some(line) => examples::say!("{file}:{line}: {found}"),
            None => examples::say!("{file}: {found}"),
        }
    }
    let count = |severity| all.iter().filter(|found| found.found.severity == severity).count();
    let (errors, warnings, hints) = (count(Severity::Error), count(Severity::Warning), count(Severity::Info));
    examples::say!("{looked_at} looked at: {errors} errors, {warnings} warnings, {hints} hints");
}
