//! A job that decodes is written back as one that decodes to the same job, and renders without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nomad_client::Job;

fuzz_target!(|data: &[u8]| {
    if let Ok(job) = serde_json::from_slice::<Job>(data) {
        let text = serde_json::to_vec(&job).expect("a job has a JSON form");
        let again: Job = serde_json::from_slice(&text).expect("it decodes again");
        assert_eq!(job, again);
        let _ = job.to_hcl();
    }
});
