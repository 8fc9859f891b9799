//! What a policy does over time.

use std::time::Duration;

use jiff::Timestamp;
use nomad_client::jobspec::Scaling;
use nomad_client::scaling::{Outcome, Policy, Report, Sample, Series, Simulation, Tick};
use serde_json::{Value, json};

use super::{cases, no_difference};

fn simulate(case: &Value) -> Report {
    let seconds = |key: &str| Duration::from_secs_f64(case[key].as_f64().unwrap_or_default());
    let scaling: Scaling = serde_json::from_value(case["policy"].clone()).unwrap();
    let policy = Policy::read(&scaling).unwrap();
    let queries: Vec<_> =
        policy.checks.iter().map(|check| (check.name.clone(), check.query.clone().unwrap())).collect();
    let mut simulation = Simulation::new(policy, Series::default())
        .count(case["count"].as_u64().unwrap().try_into().unwrap())
        .begin(Timestamp::from_second(case["begin"].as_i64().unwrap()).unwrap())
        .length(seconds("length"))
        .scale_latency(seconds("latency"))
        .deployment(seconds("deployment"))
        .start_delay(seconds("delay"));
    if case["lastEvent"].is_number() {
        simulation = simulation.last_event(seconds("lastEvent"));
    }
    for (check, query) in queries {
        let samples = case["series"][&query].as_array().unwrap().iter().map(|sample| Sample {
            at: Duration::from_secs_f64(sample[0].as_f64().unwrap()),
            value: sample[1].as_f64(),
        });
        simulation = simulation.check_series(check, Series::new(samples));
    }
    simulation.run().unwrap()
}

/// The looks, as they are recorded: without what the autoscaler does not say of them.
fn looks(report: &Report) -> Vec<Value> {
    let look = |tick: &Tick| {
        let mut look = json!({"result": tick.result});
        // Why a change is blocked is not what the autoscaler logs.
        if tick.result != Outcome::Blocked
            && !matches!(
                tick.reason.as_str(),
                "" | "outside the policy's schedule" | "no check is within its schedule"
            )
        {
            look["reason"] = tick.reason.as_str().into();
        }
        if tick.result != Outcome::Error && tick.reason != "outside the policy's schedule" {
            look["from"] = tick.running.into();
        }
        if let Some(wanted) = tick.wanted {
            look["to"] = wanted.into();
        }
        look
    };
    report.ticks.iter().map(look).collect()
}

/// The recorded looks, of which those that are alike stand together with their number.
fn recorded(answer: &Value) -> Vec<Value> {
    let runs = answer.as_array().unwrap().iter();
    let run = |run: &Value| {
        let mut look = run[1].clone();
        if look["result"] == "blocked" {
            look.as_object_mut().unwrap().remove("reason");
        }
        vec![look; run[0].as_u64().unwrap().try_into().unwrap()]
    };
    runs.flat_map(run).collect()
}

#[test]
fn policies_do_over_time_what_the_autoscalers_do() {
    let all = cases("sequences.jsonl", 40);
    let mut differences = Vec::new();
    for case in &all {
        let report = simulate(case);
        let (found, wanted) = (looks(&report), recorded(&case["answer"]));
        if found == wanted {
            continue;
        }
        let first = found.iter().zip(&wanted).enumerate().find(|(_, (found, wanted))| found != wanted);
        let what = first.map(|(index, (found, wanted))| format!("look {index}: {found}, not {wanted}"));
        let policy = &case["policy"];
        let mut rest = case.clone();
        rest.as_object_mut().unwrap().retain(|key, _| !["policy", "series", "answer"].contains(&&**key));
        differences.push(format!("{rest} {policy}: {}", what.unwrap_or_default()));
    }
    no_difference(differences, all.len());
}
