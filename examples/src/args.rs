//! The flags that mean the same in every program.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use wuffchat_deploy::{Driver, Environment, Stage};

use crate::{Failure, program};

/// Where a program connects to and how it shows things.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Where to run: `env` uses the servers that `[addresses]` in the settings names, and for those left out
    /// NOMAD_ADDR, VAULT_ADDR and CONSUL_HTTP_ADDR; `embedded` is a simulation in this process, `agents` real agents
    /// started from PATH; `auto` is `env`, and the simulation only for dev where nothing names a server
    #[arg(long, value_enum, default_value_t = StackChoice::Auto, global = true)]
    pub stack: StackChoice,
    /// How to show progress and result; `auto` is a live display on a terminal, else plain lines
    #[arg(long, value_enum, default_value_t = Output::Auto, global = true)]
    pub output: Output,
}

/// Where the three products run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StackChoice {
    /// `env`; `embedded` for development where nothing names a server.
    Auto,
    /// In this process.
    Embedded,
    /// Real agents, started from PATH.
    Agents,
    /// What settings and variables point to.
    Env,
}

/// How progress and result are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Live on a terminal, else plain.
    Auto,
    /// A line for each change.
    Plain,
    /// One JSON document on stdout, one event a line on stderr.
    Json,
}

impl Output {
    /// Whether to draw over earlier lines.
    #[must_use]
    pub fn is_live(self) -> bool {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        self == Self::Auto && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none() && !dumb
    }

    /// Whether colour may be used.
    #[must_use]
    pub fn is_coloured(self) -> bool {
        self.is_live() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }
}

/// Which environment, and how its tasks run.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The environment: dev, staging or production
    #[arg(long, default_value = "dev", value_parser = stage)]
    pub environment: Stage,
    /// A TOML file with settings that differ from those of the environment [default: none]
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// How tasks run; `raw-exec` runs a small stand-in application without containers [default: that of the settings,
    /// docker unless a file says otherwise]
    #[arg(long, value_enum)]
    pub driver: Option<DriverChoice>,
    /// Where images come from; empty for images that the nodes have already [default: that of the settings,
    /// your-registry unless a file says otherwise]
    #[arg(long)]
    pub registry: Option<String>,
}

fn stage(text: &str) -> Result<Stage, String> {
    text.parse().map_err(|error: wuffchat_deploy::Error| error.to_string())
}

/// How tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DriverChoice {
    /// Containers.
    Docker,
    /// A program on the node.
    RawExec,
}

/// The word that makes a program be the stand-in application instead of itself.
pub const STAND_IN: &str = "stand-in";

impl Target {
    /// The file that settings come from.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The environment's settings.
    ///
    /// # Errors
    ///
    /// The file cannot be read or has settings that cannot be used.
    pub fn settings(&self) -> Result<Environment, Failure> {
        let mut environment = match &self.config {
            Some(path) => Environment::from_toml(&program::read(path)?, Some(self.environment))?,
            None => Environment::new(self.environment),
        };
        if let Some(registry) = &self.registry {
            environment.registry.clone_from(registry);
        }
        match self.driver {
            Some(DriverChoice::Docker) if !matches!(environment.driver, Driver::Docker { .. }) => {
                environment.driver = Driver::Docker { local_images: false };
            }
            Some(DriverChoice::RawExec) => {
                let program = std::env::current_exe().map_err(|cause| {
                    Failure::usage(format!("this program's own path is unknown: {cause}"))
                })?;
                environment.driver = Driver::RawExec {
                    command: program.display().to_string(),
                    args: vec![STAND_IN.to_owned()],
                };
            }
            _ => {}
        }
        if environment.registry.is_empty()
            && let Driver::Docker { local_images } = &mut environment.driver
        {
            *local_images = true;
        }
        Ok(environment)
    }
}
