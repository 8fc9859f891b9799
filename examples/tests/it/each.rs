//! Each program does its task, where the guide does not show it.

use serde_json::{Value, json};

use crate::programs::{Embedded, Folder, SECRETS, Site};

#[test]
fn a_deployment_by_itself_needs_nothing() {
    let site = Site::default();
    let ran = site.run("deploy", &["--output", "json"]).exits(0);
    let report = ran.json();
    assert_eq!((&report["outcome"], &report["stack"]), (&json!("deployed"), &json!("embedded")));
    assert_eq!(report["jobs"].as_array().unwrap().len(), 2);
    for field in ["environment", "version", "secrets", "steps", "warnings"] {
        assert!(!report[field].is_null(), "no {field}: {ran}");
    }
    let job = &report["jobs"][0];
    for field in ["job", "version", "deployment_id", "deployment_status", "outcome", "healthy", "desired"] {
        assert!(!job[field].is_null(), "no {field}: {ran}");
    }
    assert_eq!((&job["healthy"], &job["desired"]), (&json!(2), &json!(2)));
}

#[test]
fn what_became_of_a_release_is_its_exit_code() {
    let site = Site::default();
    let reverted = site.run("deploy", &["--from", "v1", "--version", "bad-1", "--output", "json"]).exits(3);
    let report = reverted.json();
    assert_eq!(report["outcome"], "reverted");
    let failure = &report["jobs"][0]["failure"];
    assert_eq!(failure["class"], "check", "{reverted}");
    assert!(!failure["task_events"].as_array().unwrap().is_empty() && !failure["log_tail"].is_null());
    let crashed = site.run("deploy", &["--from", "v1", "--version", "crash-1"]).exits(3);
    crashed.says(&["failed (crash)", "exiting with code 1", "reverted: the version before it runs"]);
    site.run("deploy", &["--version", "bad-1"]).exits(4).says(&["failed and was not reverted"]);
    let canary = site.run("deploy", &["--from", "v1", "--version", "v2", "--no-promote"]).exits(8);
    canary.says(&["wait for promotion", "go on with: deploy"]);
    let again = ["--from", "v1", "--version", "v1"];
    site.run("deploy", &again).exits(0).says(&["version v1 on dev is unchanged"]);
    let folder = Folder::new("placement");
    folder.write("dev.toml", "datacenters = [\"nowhere\"]\n");
    let site = Site { folder: Some(folder.0.clone()), ..Site::default() };
    site.run("deploy", &["--config", "dev.toml", "--placement-timeout", "300ms"])
        .exits(2)
        .says(&["could not be placed"]);
}

#[test]
fn a_release_waits_for_nobody_without_a_terminal() {
    let stack = Embedded::start();
    stack.site.run("deploy", &[]).exits(9).warns(&[
        "secrets are missing",
        "WUFFCHAT_OPENAI_API_KEY",
        "seed_secrets",
    ]);
    stack.site.run_with("deploy", &["--secrets", "-"], SECRETS).exits(0);
    stack
        .site
        .run("deploy", &["--from", "v1"])
        .exits(1)
        .warns(&["`--from` is for stacks of this program's own"]);
    stack.site.run("status", &[]).exits(0).says(&["wuffchat-api: running (release v1", "healthy 2/2"]);
    stack.site.run("drift", &[]).exits(0).says(&["dev is what the settings say"]);
    // What only one release decided is no drift: who promotes its canaries.
    stack.site.run("deploy", &["--version", "v2", "--soak", "1ms"]).exits(0);
    stack.site.run("drift", &[]).exits(0).says(&["dev is what the settings say"]);
}

#[test]
fn a_report_that_cannot_be_written_is_said_and_shown() {
    let arguments = ["--plan", "--report", "/no/such/folder/report.md", "--output", "json"];
    let ran = Site::default().run("deploy", &arguments).exits(1);
    assert_eq!(ran.json()["outcome"], "planned");
    assert!(ran.stderr.contains("/no/such/folder/report.md cannot be written"), "{ran}");
}

#[test]
fn rotating_keeps_the_new_value_to_itself() {
    let stack = Embedded::deployed();
    let arguments = ["openai", "--key", "api_key", "--from", "-", "--output", "json"];
    let ran = stack.site.run_with("rotate_secret", &arguments, "sk-never-seen-either\n").exits(0);
    let report = ran.json();
    assert_eq!((&report["outcome"], &report["secrets"][0]["version"]), (&json!("deployed"), &json!(2)));
    assert!(!format!("{ran}").contains("never-seen"), "{ran}");
    stack.site.run("history", &[]).exits(0).says(&["openai=2"]);
    let seen = ["--", "printenv", "OPENAI_API_KEY"];
    stack.site.run("exec", &seen).exits(0).says(&["sk-never-seen-either"]);
    stack.site.run("rotate_secret", &["openai"]).exits(1).warns(&["there is no new value for `openai`"]);
    stack.site.run_with("rotate_secret", &["nope", "--from", "-"], SECRETS).exits(1);
}

#[test]
fn going_back_keeps_the_live_counts() {
    let stack = Embedded::deployed();
    stack.site.run("deploy", &["--version", "v2"]).exits(0);
    stack
        .site
        .run("scale", &["api", "3", "--reason", "a test"])
        .exits(0)
        .says(&["3 wanted", "allows 2 to 10"]);
    stack.site.run("scale", &["api", "99"]).exits(1).warns(&["outside its scaling policy"]);
    let plan = stack.site.run("rollback", &["--plan"]).exits(0);
    plan.says(&["v2 → v1", "was planned; nothing was changed"]);
    stack.site.run("rollback", &[]).exits(0).says(&["wuffchat-api is deployed", "3/3 healthy"]);
    stack.site.run("scale", &["--history"]).exits(0).says(&["3 wanted", "a test"]);
    stack.site.run("rollback", &["--to", "v7"]).exits(4);
    stack.site.run("history", &[]).exits(0).says(&["v1", "v2"]);
}

#[test]
fn commands_run_in_an_instance() {
    let stack = Embedded::deployed();
    let line = ["--", "sh", "-c", "echo $NOMAD_TASK_NAME; echo trouble >&2; exit 7"];
    stack.site.run("exec", &line).exits(7).says(&["wuffchat-api\n"]).warns(&["trouble\n"]);
    let input = stack.site.run_with("exec", &["ui", "--stdin", "--", "cat"], "one\ntwo\n").exits(0);
    assert_eq!(input.stdout, "one\ntwo\n");
    let json = stack.site.run("exec", &[&["--output", "json"], &line[..]].concat()).exits(7).json();
    assert_eq!((&json["exit_code"], &json["stdout"]), (&json!(7), &json!("wuffchat-api\n")));
    stack.site.run("exec", &["--", "/no/such"]).exits(1).warns(&["no such file or directory"]);
    stack.site.run("exec", &["--allocation", "zzz", "--", "true"]).exits(1).warns(&["`zzz`"]);
    let shown = stack.site.run("logs", &["ui"]).exits(0).says(&["starting", "ready"]);
    let id = shown.stdout.split_whitespace().next().unwrap().to_owned();
    let one = stack.site.run("logs", &["ui", "--allocation", &id]).exits(0);
    assert!(one.stdout.lines().all(|line| line.starts_with(&id)), "{one}");
    stack.site.run("logs", &["--allocation", "zzz"]).exits(1).warns(&["`zzz`"]);
}

#[test]
fn waiting_ends_with_what_was_waited_for() {
    let stack = Embedded::deployed();
    stack.site.run("wait_healthy", &["--count", "2"]).exits(0).says(&["wuffchat-api is healthy: 2 of 2"]);
    let late = stack.site.run("wait_healthy", &["nobody", "--timeout", "300ms"]).exits(7);
    late.says(&["nobody is not healthy: 0 of 1"]);
    let events = stack.site.run("events", &["--only", "ui", "--count", "2"]).exits(0);
    assert_eq!(events.stdout.lines().count(), 2, "{events}");
    assert!(events.stdout.contains("Job JobRegistered wuffchat-ui"), "{events}");
    let index = events.stdout.split_whitespace().next().unwrap();
    let later = stack.site.run("events", &["--only", "ui", "--count", "1", "--index", index]).exits(0);
    assert!(!later.stdout.starts_with(&format!("{index} ")), "{later}");
}

#[test]
fn one_leads_after_the_other() {
    let stack = Embedded::start();
    let first = stack.site.run("leader_election", &["--lead", "1ms"]).exits(0);
    first
        .says(&["leading service/wuffchat/leader with fencing token"])
        .warns(&["gave service/wuffchat/leader back"]);
    let mut holder = stack.site.command(crate::programs::built().join("leader_election"));
    let mut holder = holder.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut said = std::io::BufReader::new(holder.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert!(line.starts_with("leading"), "{line}");
    stack.site.run("leader_election", &["--wait", "200ms"]).exits(6);
    crate::programs::kill(holder.id(), "TERM");
    assert_eq!(holder.wait().unwrap().code(), Some(130));
    stack.site.run("leader_election", &["--lead", "1ms", "--wait", "30s"]).exits(0);
}

#[test]
fn strategies_answer_line_by_line() {
    let cases = [
        r#"{"strategy":"target-value","config":{"target":"50"},"count":2,"metrics":[20,90]}"#,
        r#"{"strategy":"target-value","config":{"target":50},"count":2,"metrics":[50]}"#,
        "no json",
        r#"{"strategy":"nope","count":2}"#,
    ];
    let ran = Site::default().run_with("evaluate_strategy", &[], &cases.join("\n")).exits(0);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        answers[..2],
        [json!({"direction": "up", "count": 4}), json!({"direction": "none", "count": 0})]
    );
    assert!(
        answers[2]["error"].is_string() && answers[3]["error"].is_string() && answers.len() == 4,
        "{ran}"
    );
}

#[test]
fn a_policy_is_simulated_and_drawn() {
    let site = Site::default();
    let steady =
        ["--target-value", "50", "--shape", "steady", "--high", "100", "--length", "5m", "--count", "2"];
    let ran = site.run("simulate_scaling", &[&steady[..], &["--output", "json"]].concat()).exits(0);
    let report = ran.json();
    let ticks = report["ticks"].as_array().unwrap();
    // 100 each are 200 together, which four bear with 50 each, and then all is well.
    assert_eq!((&ticks[0]["metric"], &ticks[0]["running"]), (&json!(100.0), &json!(2)), "{ran}");
    let last = ticks.last().unwrap();
    assert_eq!((&last["metric"], &last["running"]), (&json!(50.0), &json!(4)), "{ran}");
    let recorded = [&steady[..], &["--load", "per-instance", "--output", "json"]].concat();
    let report = site.run("simulate_scaling", &recorded).exits(0).json();
    let last = report["ticks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["metric"], json!(100.0), "what each was recorded to see stays");
    site.run("simulate_scaling", &steady).exits(0).says(&["desired", "changes"]);
    let drawn = site.run("simulate_scaling", &[&steady[..], &["--svg", "-"]].concat()).exits(0);
    assert!(drawn.stdout.starts_with("<svg") && drawn.stdout.trim_end().ends_with("</svg>"), "{drawn}");
    let refused = site.run("simulate_scaling", &["--min", "9", "--max", "3"]).exits(1);
    refused.warns(&["the autoscaler would refuse the policy"]);
}

#[test]
fn lint_knows_what_it_reads() {
    let site = Site::default();
    let job = "job \"x\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"docker\"\n      config { image = \"x:latest\" }\n    }\n  }\n}\n";
    let ran = site.run_with("lint", &["--format", "job"], job).exits(9);
    ran.says(&["-:5: warning: image-latest", "fix: "]);
    let found = site.run_with("lint", &["--format", "job", "--output", "json"], job).exits(9).json();
    assert!(found.as_array().unwrap().iter().all(|one| one["file"] == "-"), "{found}");
    site.run_with("lint", &[], "neither this nor that").exits(1).warns(&["--format"]);
    site.run("lint", &["--environment", "staging"]).exits(0).says(&["1 looked at: 0 errors, 0 warnings"]);
    site.run_with("lint", &["--repair"], "Ã¼ber").exits(0).says(&["über"]);
    // The files of a Terraform module are read together, and each line is found where it is.
    let folder = Folder::new("lint");
    folder.write("a.tf", "provider \"aws\" {\n}\n");
    folder.write("b.tf", "\nresource \"aws_lb_target_group\" \"api\" {\n  port = 8000\n}\n");
    let site = Site { folder: Some(folder.0.clone()), ..Site::default() };
    site.run("lint", &["a.tf", "b.tf"]).exits(9).says(&["b.tf:3: error: target-group-bypasses-traefik"]);
}

#[test]
fn cost_counts_hours() {
    let total = |hours: &str| {
        let report = Site::default().run("cost", &["--hours", hours, "--output", "json"]).exits(0).json();
        report["setups"][0]["total"]["low"].as_f64().unwrap()
    };
    assert!(total("1460") > total("730"));
    let shown = Site::default().run("cost", &["--environment", "production"]).exits(0);
    assert!(
        !shown.stdout.contains("$-") && shown.stdout.contains("from $20 dearer to $260 cheaper"),
        "{shown}"
    );
    Site::default().run("cost", &["--hours", "0"]).exits(1);
}
