//! Recorded answers of real servers survive the clients' decoders.

use contract::recorded::{Outcome, check_committed};

#[tokio::test]
async fn no_recorded_answer_loses_a_field() {
    let checked = check_committed().await.unwrap();
    assert!(checked.len() > 100, "only {} recorded exchanges were found", checked.len());
    let defects: Vec<String> =
        checked.iter().filter(|checked| checked.outcome.is_defect()).map(ToString::to_string).collect();
    let known = checked.iter().filter(|checked| !matches!(checked.outcome, Outcome::Unknown)).count();
    println!("{} exchanges, {known} of known operations, {} defects", checked.len(), defects.len());
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}
