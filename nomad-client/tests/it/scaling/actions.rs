//! How wishes are cut to limits and become one.

use nomad_client::scaling::{Action, Direction, combine};
use serde_json::{Value, json};

use super::{cases, no_difference};

fn action(wish: &Value) -> Action {
    let mut action = Action::default();
    action.direction = match wish[0].as_i64().unwrap() {
        -1 => Direction::Down,
        0 => Direction::None,
        _ => Direction::Up,
    };
    action.count = wish[1].as_i64().unwrap();
    if action.direction != Direction::None {
        action.reason = "r".to_owned();
    }
    action
}

#[test]
fn wishes_become_one_as_the_autoscalers_do() {
    let all = cases("actions.jsonl", 250);
    let mut differences = Vec::new();
    for case in &all {
        let (min, max) = (case["min"].as_i64().unwrap(), case["max"].as_i64().unwrap());
        let groups = case["groups"].as_object().unwrap();
        let wishes = groups.iter().flat_map(|(group, wishes)| {
            wishes.as_array().unwrap().iter().map(move |wish| (group.as_str(), action(wish).capped(min, max)))
        });
        let found = combine(wishes).map_or(json!({}), |action| {
            let capped = action.original.is_some();
            json!({
                "direction": action.direction, "count": action.count, "reason": action.reason,
                "original": action.original, "history": capped.then_some(action.reason_history),
            })
        });
        if found != case["answer"] {
            differences.push(format!("{case} became {found}"));
        }
    }
    no_difference(differences, all.len());
}
