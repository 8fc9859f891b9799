//! Jobs, allocations, deployments, evaluations, services, scaling.

use nomad_client::jobspec::Job;
use nomad_client::{Client, JobSubmission, NamespacedId, ScheduleOverride, SearchContext, Topic};

use super::{Line, wire};

pub(super) fn lines(nomad: &Client, lines: &mut Vec<Line>) {
    jobs(nomad, lines);
    allocations(nomad, lines);
    rest(nomad, lines);
}

fn jobs(nomad: &Client, lines: &mut Vec<Line>) {
    let jobs = nomad.jobs();
    let job: Job = serde_json::from_str(r#"{"ID": "api"}"#).unwrap();
    let source = JobSubmission::hcl("job \"api\" {}");
    let meta = [("by".to_owned(), "test".into())].into_iter().collect();
    wire! { lines:
        jobs.list().meta(true).prefix("a").filter("Status == \"dead\"").per_page(2).next_token("b") =>
            "GET /v1/jobs?meta=true&prefix=a&filter=Status%20%3D%3D%20%22dead%22&per_page=2&next_token=b";
        jobs.register(&job) => "PUT /v1/jobs", {"Job": {"ID": "api"}};
        jobs.register(&job).cas(7).policy_override(true).preserve_counts(true).preserve_resources(true)
            .eval_priority(80).submission(&source) => "PUT /v1/jobs", {
                "Job": {"ID": "api"}, "EnforceIndex": true, "JobModifyIndex": 7, "PolicyOverride": true,
                "PreserveCounts": true, "PreserveResources": true, "EvalPriority": 80,
                "Submission": {
                    "Source": "job \"api\" {}", "Format": "hcl2", "VariableFlags": {}, "Variables": "",
                    "Namespace": "", "JobID": "", "Version": 0, "JobModifyIndex": 0
                }
            };
        jobs.update("api", &job).cas(0) => "PUT /v1/job/api",
            {"Job": {"ID": "api"}, "EnforceIndex": true, "JobModifyIndex": 0};
        jobs.parse("job \"x\" {}").variables("a = 1").canonicalize(true) => "PUT /v1/jobs/parse",
            {"JobHCL": "job \"x\" {}", "Variables": "a = 1", "Canonicalize": true};
        jobs.statuses().include_children(true) => "GET /v1/jobs/statuses?include_children=true";
        jobs.statuses_for(&[NamespacedId::new("default", "api")]) => "POST /v1/jobs/statuses",
            {"Jobs": [{"ID": "api", "Namespace": "default"}]};
        jobs.validate(&job) => "PUT /v1/validate/job", {"Job": {"ID": "api"}};
        jobs.get("api") => "GET /v1/job/api";
        jobs.deregister("api").purge(true).global(true).eval_priority(60).no_shutdown_delay(true) =>
            "DELETE /v1/job/api?purge=true&global=true&eval_priority=60&no_shutdown_delay=true";
        jobs.evaluate("api").force_reschedule(true) => "PUT /v1/job/api/evaluate",
            {"JobID": "api", "EvalOptions": {"ForceReschedule": true}};
        jobs.allocations("api").all(true) => "GET /v1/job/api/allocations?all=true";
        jobs.evaluations("api") => "GET /v1/job/api/evaluations";
        jobs.deployments("api").all(true) => "GET /v1/job/api/deployments?all=true";
        jobs.latest_deployment("api").index(5) => "GET /v1/job/api/deployment?index=5";
        jobs.periodic_force("nightly") => "PUT /v1/job/nightly/periodic/force";
        jobs.plan(&job).policy_override(true) => "PUT /v1/job/api/plan",
            {"Job": {"ID": "api"}, "Diff": true, "PolicyOverride": true};
        jobs.summary("api") => "GET /v1/job/api/summary";
        jobs.dispatch("p").meta([("who", "me")]).payload("hello").id_prefix_template("run1").priority(70)
            .idempotency_token("t") => "PUT /v1/job/p/dispatch?idempotency_token=t", {
                "JobID": "p", "Meta": {"who": "me"}, "Payload": "aGVsbG8=", "IdPrefixTemplate": "run1", "Priority": 70
            };
        jobs.dispatch_raw("p", "hello").idempotency_token("t") =>
            "PUT /v1/job/p/dispatch/payload?idempotency_token=t";
        jobs.versions("api").diffs(true).diff_tag("good").diff_version(3) =>
            "GET /v1/job/api/versions?diffs=true&diff_tag=good&diff_version=3";
        jobs.revert("api", 2).enforce_prior_version(5) => "PUT /v1/job/api/revert",
            {"JobID": "api", "JobVersion": 2, "EnforcePriorVersion": 5};
        jobs.set_stable("api", 2, false) => "PUT /v1/job/api/stable",
            {"JobID": "api", "JobVersion": 2, "Stable": false};
        jobs.scale_status("api") => "GET /v1/job/api/scale";
        jobs.scale("api", "web", 0).message("night").error(false).meta(&meta).policy_override(true).cas(9) =>
            "PUT /v1/job/api/scale", {
                "Target": {"Job": "api", "Group": "web"}, "Count": 0, "Message": "night", "Error": false,
                "Meta": {"by": "test"}, "PolicyOverride": true, "EnforceIndex": true, "JobModifyIndex": 9
            };
        jobs.record_scaling_event("api", "web", "no need") => "PUT /v1/job/api/scale",
            {"Target": {"Job": "api", "Group": "web"}, "Message": "no need"};
        jobs.services("api") => "GET /v1/job/api/services";
        jobs.submission("api", 0) => "GET /v1/job/api/submission?version=0";
        jobs.actions("api") => "GET /v1/job/api/actions";
        jobs.run_action("api", "migrate", "a", "web").tty(true) =>
            "GET /v1/job/api/action?action=migrate&allocID=a&task=web&tty=true";
        jobs.tag_version("api", "good", 1).description("known good") => "PUT /v1/job/api/versions/good/tag",
            {"Version": 1, "Description": "known good"};
        jobs.tag_latest_version("api", "good") => "PUT /v1/job/api/versions/good/tag", {"Latest": true};
        jobs.untag_version("api", "good") => "DELETE /v1/job/api/versions/good/tag";
    }
}

fn allocations(nomad: &Client, lines: &mut Vec<Line>) {
    let allocations = nomad.allocations();
    wire! { lines:
        allocations.list().resources(true).task_states(false).reverse(true) =>
            "GET /v1/allocations?resources=true&task_states=false&reverse=true";
        allocations.get("a") => "GET /v1/allocation/a";
        allocations.stop("a").no_shutdown_delay(true).reschedule(true) =>
            "PUT /v1/allocation/a/stop?no_shutdown_delay=true&reschedule=true";
        allocations.services("a") => "GET /v1/allocation/a/services";
        allocations.checks("a") => "GET /v1/client/allocation/a/checks";
        allocations.checks_alias("a") => "GET /v1/allocation/a/checks";
        allocations.stats("a").task("api") => "GET /v1/client/allocation/a/stats?task=api";
        allocations.restart("a") => "PUT /v1/client/allocation/a/restart", {"TaskName": ""};
        allocations.restart("a").task("api") => "PUT /v1/client/allocation/a/restart", {"TaskName": "api"};
        allocations.restart("a").all_tasks(true) => "PUT /v1/client/allocation/a/restart",
            {"TaskName": "", "AllTasks": true};
        allocations.signal("a", "SIGHUP").task("api") => "PUT /v1/client/allocation/a/signal",
            {"Signal": "SIGHUP", "Task": "api"};
        allocations.gc("a") => "GET /v1/client/allocation/a/gc";
        allocations.pause_state("a", "api") => "GET /v1/client/allocation/a/pause?task=api";
        allocations.set_pause_state("a", "api", ScheduleOverride::Pause) => "PUT /v1/client/allocation/a/pause",
            {"Task": "api", "ScheduleState": "pause"};
        allocations.list_files("a", "/alloc logs") => "GET /v1/client/fs/ls/a?path=%2Falloc%20logs";
        allocations.stat_file("a", "alloc") => "GET /v1/client/fs/stat/a?path=alloc";
        allocations.cat_file("a", "x") => "GET /v1/client/fs/cat/a?path=x";
        allocations.read_file_at("a", "x", 5).limit(10) => "GET /v1/client/fs/readat/a?path=x&offset=5&limit=10";
        allocations.stream_file("a", "x") => "GET /v1/client/fs/stream/a?path=x&follow=false";
        allocations.stream_file("a", "x").follow().tail(9) =>
            "GET /v1/client/fs/stream/a?path=x&follow=true&origin=end&offset=9";
        allocations.exec("a", "api", ["ls", "-l"]) =>
            "GET /v1/client/allocation/a/exec?task=api&command=%5B%22ls%22%2C%22-l%22%5D&tty=false";
        allocations.logs("a", "api") => "GET /v1/client/fs/logs/a?task=api&type=stdout";
        allocations.logs("a", "api").stderr().follow().tail(4096) =>
            "GET /v1/client/fs/logs/a?task=api&type=stderr&follow=true&origin=end&offset=4096";
        allocations.logs("a", "api").offset(3).plain() =>
            "GET /v1/client/fs/logs/a?task=api&type=stdout&origin=start&offset=3&plain=true";
    }
}

fn rest(nomad: &Client, lines: &mut Vec<Line>) {
    let deployments = nomad.deployments();
    let evaluations = nomad.evaluations();
    wire! { lines:
        deployments.list().prefix("a") => "GET /v1/deployments?prefix=a";
        deployments.get("d") => "GET /v1/deployment/d";
        deployments.allocations("d") => "GET /v1/deployment/allocations/d";
        deployments.fail("d") => "PUT /v1/deployment/fail/d", {"DeploymentID": "d"};
        deployments.pause("d") => "PUT /v1/deployment/pause/d", {"DeploymentID": "d", "Pause": true};
        deployments.resume("d") => "PUT /v1/deployment/pause/d", {"DeploymentID": "d", "Pause": false};
        deployments.promote("d") => "PUT /v1/deployment/promote/d", {"DeploymentID": "d", "All": true};
        deployments.promote("d").groups(["api"]) => "PUT /v1/deployment/promote/d",
            {"DeploymentID": "d", "All": false, "Groups": ["api"]};
        deployments.set_alloc_health("d", &["a"], &["b"]) => "PUT /v1/deployment/allocation-health/d",
            {"DeploymentID": "d", "HealthyAllocationIDs": ["a"], "UnhealthyAllocationIDs": ["b"]};
        deployments.unblock("d") => "PUT /v1/deployment/unblock/d", {"DeploymentID": "d"};

        evaluations.list().status("blocked").job("api") => "GET /v1/evaluations?status=blocked&job=api";
        evaluations.count().filter("Status == \"blocked\"") =>
            "GET /v1/evaluations/count?filter=Status%20%3D%3D%20%22blocked%22";
        evaluations.delete(&["e"]) => "DELETE /v1/evaluations", {"EvalIDs": ["e"]};
        evaluations.delete_matching("x") => "DELETE /v1/evaluations", {"Filter": "x"};
        evaluations.get("e").related(true) => "GET /v1/evaluation/e?related=true";
        evaluations.allocations("e") => "GET /v1/evaluation/e/allocations";

        nomad.services().list() => "GET /v1/services";
        nomad.services().get("api").choose(2, "me") => "GET /v1/service/api?choose=2%7Cme";
        nomad.services().delete("api", "_nomad-task-1") => "DELETE /v1/service/api/_nomad-task-1";

        nomad.scaling_policies().list().job("api").policy_type("horizontal") =>
            "GET /v1/scaling/policies?job=api&type=horizontal";
        nomad.scaling_policies().get("p") => "GET /v1/scaling/policy/p";

        nomad.search().prefix("wuff").context(&SearchContext::Jobs) => "PUT /v1/search",
            {"Prefix": "wuff", "Context": "jobs"};
        nomad.search().fuzzy("wuff") => "PUT /v1/search/fuzzy", {"Text": "wuff", "Context": "all"};

        nomad.events().topic(Topic::Deployment).topic_key(Topic::Job, "a/b").index(7).namespace("*") =>
            "GET /v1/event/stream?topic=Deployment&topic=Job%3Aa%2Fb&index=7&namespace=%2A";
        nomad.events() => "GET /v1/event/stream";
    }
}
