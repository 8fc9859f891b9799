//! What strategies want.

use nomad_client::scaling::{config_text, run_strategy};

use super::{cases, no_difference};

#[test]
fn strategies_want_what_the_autoscalers_want() {
    let all = cases("strategies.jsonl", 400);
    let mut differences = Vec::new();
    for case in &all {
        let config = case["config"].as_object().into_iter().flatten();
        let config = config.map(|(key, value)| (key.clone(), config_text(value))).collect();
        let metrics: Vec<f64> = serde_json::from_value(case["metrics"].clone()).unwrap();
        let (name, count) = (case["strategy"].as_str().unwrap(), case["count"].as_i64().unwrap());
        let wanted = &case["answer"];
        let same = match run_strategy(name, &config, count, &metrics) {
            Ok(action) => {
                let action = action.unwrap_or_default();
                wanted["direction"] == action.direction.as_str()
                    && wanted["count"] == action.count
                    && wanted["reason"] == action.reason
            }
            Err(error) => wanted["error"] == error.to_string(),
        };
        if !same {
            differences.push(case.to_string());
        }
    }
    no_difference(differences, all.len());
}
