//! What an environment costs on Nomad, on Fargate and on EKS, and which claims of the plan hold.

use std::process::ExitCode;

use clap::Parser;
use examples::{Failure, Output, Target, program};
use wuffchat_deploy::cost::{self, Cost, Verdict};

/// What an environment costs on Nomad, on Fargate and on EKS, and which claims of the plan hold
#[derive(Debug, Parser)]
#[command(name = "cost")]
struct Arguments {
    #[command(flatten)]
    target: Target,
    /// For how many hours; 730 are a month
    #[arg(long, default_value_t = 730.0, value_parser = hours)]
    hours: f64,
    /// How to show the result
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    output: Output,
}

fn hours(text: &str) -> Result<f64, String> {
    let hours: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if hours.is_finite() && hours > 0.0 { Ok(hours) } else { Err("hours are greater than 0".to_owned()) }
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let environment = arguments.target.settings()?;
        environment.check()?;
        let cost = cost::model(&environment, arguments.hours);
        if arguments.output == Output::Json {
            program::print_json(&cost)?;
        } else {
            show(&cost);
        }
        Ok::<u8, Failure>(0)
    })
}

fn show(cost: &Cost) {
    examples::say!("{} hours in {}, US dollars ({})", cost.hours, cost.prices.region, cost.prices.source);
    for setup in &cost.setups {
        examples::say!("\n{:<34}{:>9.2}{:>9.2}", setup.name, setup.total.low, setup.total.high);
        for item in &setup.items {
            examples::say!("  {:<32}{:>9.2}{:>9.2}", item.name, item.cost.low, item.cost.high);
        }
    }
    examples::say!("\nclaims");
    for claim in &cost.claims {
        let verdict = match claim.verdict {
            Verdict::Right => "right",
            Verdict::Partly => "partly",
            _ => "wrong",
        };
        examples::say!("  {verdict:<7} {}", claim.claim);
        examples::say!("          {}", claim.found);
    }
}
