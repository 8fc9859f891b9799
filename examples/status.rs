//! Shows jobs, deployments, instances and health of an environment.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, Target, program};
use wuffchat_deploy::status::{self, JobState, Status};

/// Shows jobs, deployments, instances and health of an environment; exits with 1 if something is not healthy
#[derive(Debug, Parser)]
#[command(name = "status")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let environment = arguments.target.settings()?;
        let stack = Stack::open(&arguments.common, &environment, arguments.target.file()).await?;
        let status = status::status(&stack.clients, &environment).await?;
        if arguments.common.output == Output::Json {
            program::print_json(&status)?;
        } else {
            tell(&status);
        }
        stack.close().await;
        Ok::<u8, Failure>(u8::from(!status.is_healthy()))
    })
}

fn tell(status: &Status) {
    if status.jobs.is_empty() {
        examples::say!("nothing is deployed on {}", status.environment);
    }
    for job in &status.jobs {
        job_lines(job);
    }
}

fn job_lines(job: &JobState) {
    let release = job.release.as_deref().unwrap_or("unknown");
    let version = job.version.map(|version| format!(", job version {version}")).unwrap_or_default();
    examples::say!("{}: {} (release {release}{version})", job.job, job.status);
    examples::say!("  healthy {}/{}, passing in Consul {}", job.healthy, job.desired, job.passing);
    if let Some(deployment) = &job.deployment {
        let id = deployment.id.get(..8).unwrap_or(&deployment.id);
        examples::say!("  deployment {id}: {} – {}", deployment.status, deployment.description);
    }
    for allocation in &job.allocations {
        let id = allocation.id.get(..8).unwrap_or(&allocation.id);
        let health = match allocation.healthy {
            Some(true) => "healthy",
            Some(false) => "unhealthy",
            None => "health unknown",
        };
        let checks = allocation.failing_checks.join(", ");
        let checks = if checks.is_empty() { String::new() } else { format!("  ({checks})") };
        examples::say!(
            "  {id} {:<22} {:<9} {health} on {}, job version {}{checks}",
            allocation.name,
            allocation.status,
            allocation.node,
            allocation.version
        );
    }
}
