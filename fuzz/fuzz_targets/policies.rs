//! A policy that reads is written as one that reads the same, and decides about any path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vault_client::policy::{AclEvaluator, Policy};

fuzz_target!(|input: (&str, &str)| {
    let (text, path) = input;
    let Ok(policy) = Policy::parse(text) else { return };
    let written = policy.to_hcl();
    let again = Policy::parse(&written).unwrap_or_else(|error| panic!("{error}:\n{written}"));
    assert_eq!(policy, again, "{written}");
    let again = Policy::parse(&policy.to_json().to_string()).expect("it reads as JSON");
    assert_eq!(policy, again);
    let _ = AclEvaluator::new([("p", policy)]).capabilities(path);
});
