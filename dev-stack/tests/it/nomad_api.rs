//! What the embedded Nomad's API promises besides deployments: locks, tokens, files, lists, events, logs.

use std::time::Duration;

use dev_stack::embedded::clock::Clock;
use dev_stack::embedded::faults::{Fault, FaultRule};
use dev_stack::embedded::{Behaviour, Embedded, EmbeddedOptions, Product};
use serde_json::{Value, json};

use crate::nomad::{Api, register, service, world};

/// Reads a streaming answer line by line.
struct Lines {
    body: hyper::body::Incoming,
    buffer: Vec<u8>,
}

impl Lines {
    async fn open(api: &Api, path: &str) -> Self {
        let stream = tokio::net::TcpStream::connect(api.addr).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(path).header("host", "nomad").header(api.header, &api.token);
        let body = http_body_util::Empty::<bytes::Bytes>::new();
        let response = sender.send_request(request.body(body).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), buffer: Vec::new() }
    }

    /// The next line; none at the end.
    async fn next(&mut self) -> Option<Value> {
        use http_body_util::BodyExt as _;
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame =
                tokio::time::timeout(Duration::from_secs(30), self.body.frame()).await.expect("silence")?;
            self.buffer.extend_from_slice(&frame.ok()?.into_data().ok()?);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_held_expire_and_keep_others_out_for_a_while() {
    let mut options = EmbeddedOptions::default();
    options.clock = Clock::stepped("2026-01-01T00:00:00Z".parse().unwrap());
    let world = Embedded::start(options).await.unwrap();
    let nomad = Api::nomad(&world);
    let acquire = || {
        nomad.call(
            "PUT",
            "/v1/var/deploy/lock?lock-acquire",
            json!({"Path": "deploy/lock", "Items": {"who": "a"}, "Lock": {"TTL": "15s", "LockDelay": "5s"}}),
        )
    };
    let held = acquire().await.body();
    let id = held["Lock"]["ID"].as_str().unwrap().to_owned();
    assert_eq!(acquire().await.status, 409);
    world.advance(Duration::from_secs(10));
    let renewed = nomad
        .ok("PUT", "/v1/var/deploy/lock?lock-renew", json!({"Path": "deploy/lock", "Lock": {"ID": id}}))
        .await;
    assert!(renewed.get("Items").is_none());
    world.advance(Duration::from_secs(10));
    assert_eq!(acquire().await.status, 409, "renewed");
    world.advance(Duration::from_secs(6));
    nomad.until("/v1/var/deploy/lock", |v| v.get("Lock").is_none()).await;
    assert_eq!(acquire().await.status, 409, "the delay after a lost lock");
    let lost = nomad
        .call("PUT", "/v1/var/deploy/lock?lock-renew", json!({"Path": "deploy/lock", "Lock": {"ID": id}}))
        .await;
    assert_eq!(lost.status, 409);
    world.advance(Duration::from_secs(6));
    let next = acquire().await.body();
    assert_ne!(next["Lock"]["ID"], id.as_str());
    let released = nomad
        .ok(
            "PUT",
            "/v1/var/deploy/lock?lock-release",
            json!({"Path": "deploy/lock", "Lock": {"ID": next["Lock"]["ID"]}}),
        )
        .await;
    assert!(released.get("Lock").is_none());
    let cas = nomad
        .call("PUT", "/v1/var/deploy/lock?cas=1", json!({"Path": "deploy/lock", "Items": {"a": "b"}}))
        .await;
    assert_eq!((cas.status, cas.body()["Items"]["who"].clone()), (409, "a".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_may_do_what_their_policies_say() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    assert_eq!(nomad.with_token("").call("GET", "/v1/jobs", Value::Null).await.status, 403);
    assert_eq!(
        nomad
            .with_token("22222222-0000-0000-0000-000000000000")
            .call("GET", "/v1/jobs", Value::Null)
            .await
            .status,
        403
    );
    nomad
        .ok(
            "PUT",
            "/v1/acl/policy/reader",
            json!({"Name": "reader", "Rules": "namespace \"default\" { policy = \"read\" }"}),
        )
        .await;
    let token = nomad
        .ok("PUT", "/v1/acl/token", json!({"Name": "ci", "Type": "client", "Policies": ["reader"]}))
        .await;
    let reader = nomad.with_token(token["SecretID"].as_str().unwrap());
    reader.get("/v1/jobs").await;
    let refused = reader.call("POST", "/v1/jobs", json!({"Job": service("web", "app:v1")})).await;
    assert_eq!((refused.status, refused.body()), (403, "Permission denied".into()));
    assert_eq!(reader.call("GET", "/v1/acl/policies", Value::Null).await.status, 403);
    assert_eq!(reader.get("/v1/acl/token/self").await["Name"], "ci");
    assert_eq!(reader.call("GET", "/v1/var/x", Value::Null).await.status, 403);
    let again = nomad.call("PUT", "/v1/acl/bootstrap", Value::Null).await;
    assert!(
        again.status == 400
            && again.body().as_str().unwrap().starts_with("ACL bootstrap already done (reset index: ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_and_faults_are_followed() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    world.behave("special:*", Behaviour::PullFailure { message: "no such host".into() });
    register(&nomad, &service("web", "special:v1")).await;
    nomad
        .until("/v1/job/web/allocations", |l| {
            l[0]["TaskStates"]["t"]["Events"].as_array().is_some_and(|e| {
                e.iter().any(|e| e["DisplayMessage"] == "Failed to pull `special:v1`: no such host")
            })
        })
        .await;
    let faults = world.faults(Product::Nomad);
    let limits = faults.add(
        FaultRule::new(Fault::Status {
            status: 429,
            body: "slow down".into(),
            retry_after: Some(Duration::from_secs(2)),
        })
        .path("/v1/jobs")
        .times(1),
    );
    let limited = nomad.call("GET", "/v1/jobs", Value::Null).await;
    assert_eq!((limited.status, limited.headers["retry-after"].as_str()), (429, "2"));
    assert_eq!(nomad.call("GET", "/v1/jobs", Value::Null).await.status, 200);
    faults.lose_leader();
    let leaderless = nomad.call("GET", "/v1/jobs", Value::Null).await;
    assert_eq!((leaderless.status, leaderless.body()), (500, "No cluster leader".into()));
    assert_eq!(nomad.get("/v1/status/leader").await, "");
    assert_eq!((limits.count(), faults.injected()), (1, 2), "the refusal for want of a leader counts too");
    faults.restore_leader();
    nomad.get("/v1/jobs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_files_parse_with_variables_locals_and_later_interpolation() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let hcl = r#"
        variable "version" { default = "v1" }
        variable "count" { type = number }
        locals { image = "reg/app:${var.version}" }
        # A comment
        job "web" {
          datacenters = ["dc1", "dc2"]
          meta { owner = "team" }
          group "g" {
            count = var.count
            network {
              port "http" { to = 8000 }
            }
            constraint { distinct_hosts = true }
            update { min_healthy_time = "5s" }
            task "t" {
              driver = "docker"
              config {
                image  = local.image
                ports  = ["http"]
                labels = { app = "web" }
              }
              env { ADDR = "${NOMAD_ADDR_http}" }
              template {
                data        = <<-EOF
                  A={{ env "X" }}
                    B=1
                  EOF
                destination = "local/x"
              }
            }
          }
        }
    "#;
    let job = nomad
        .ok(
            "POST",
            "/v1/jobs/parse",
            json!({"JobHCL": hcl, "Variables": "version = \"v2\"\ncount = 3\n", "Canonicalize": true}),
        )
        .await;
    let group = &job["TaskGroups"][0];
    let task = &group["Tasks"][0];
    assert_eq!(
        (&job["ID"], &job["Datacenters"], &job["Meta"]["owner"]),
        (&json!("web"), &json!(["dc1", "dc2"]), &json!("team"))
    );
    assert_eq!(
        (
            &group["Count"],
            &group["Networks"][0]["DynamicPorts"][0]["To"],
            &group["Constraints"][0]["Operand"]
        ),
        (&json!(3), &json!(8000), &json!("distinct_hosts"))
    );
    assert_eq!(group["Update"]["MinHealthyTime"], 5_000_000_000_u64);
    assert_eq!(
        (&task["Config"]["image"], &task["Config"]["labels"][0]["app"]),
        (&json!("reg/app:v2"), &json!("web"))
    );
    assert_eq!(task["Env"]["ADDR"], "${NOMAD_ADDR_http}");
    assert_eq!(task["Templates"][0]["EmbeddedTmpl"], "A={{ env \"X\" }}\n  B=1\n");
    nomad.ok("POST", "/v1/jobs", json!({"Job": job})).await;

    for (hcl, text) in [
        (
            "job \"x\" {\n  nope = 1\n}",
            "input.hcl:2,3-7: Unsupported argument; An argument named \"nope\" is not expected here.",
        ),
        ("variable \"v\" {}\njob \"x\" {}", "Unset variable"),
        ("job \"x\" {\n", "Unclosed configuration block"),
        // A name that is not known stays for later, and so is no number.
        ("job \"x\" {\n group \"g\" {\n  count = foo\n }\n}", "Unsuitable value: a number is required"),
    ] {
        let refused = nomad.call("POST", "/v1/jobs/parse", json!({"JobHCL": hcl})).await;
        let body = refused.body();
        assert!(refused.status == 400 && body.as_str().unwrap().contains(text), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_paged_and_turned_around() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    for id in ["a", "b", "c"] {
        register(&nomad, &service(id, "app:v1")).await;
    }
    let first = nomad.call("GET", "/v1/jobs?per_page=2", Value::Null).await;
    assert_eq!(first.headers["x-nomad-nexttoken"], "default.c");
    let rest = nomad.get("/v1/jobs?per_page=2&next_token=default.c").await;
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]["ID"]), (1, &json!("c")));
    assert_eq!(nomad.get("/v1/jobs?reverse=true").await[0]["ID"], "c");
    let filtered = nomad
        .get("/v1/jobs?filter=ID%20matches%20%22%5E%5Bab%5D%24%22%20and%20Type%20%3D%3D%20service")
        .await;
    assert_eq!(filtered.as_array().unwrap().len(), 2);
    let missing = nomad.call("GET", "/v1/job/nope", Value::Null).await;
    assert!(missing.status == 404 && missing.headers["x-nomad-index"] != "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_of_every_write_and_end_with_a_restart() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut lines = Lines::open(&nomad, "/v1/event/stream?topic=Deployment&topic=Job:web").await;
    assert_eq!(lines.next().await.unwrap(), json!({}), "the heartbeat comes at once");
    register(&nomad, &service("web", "app:v1")).await;
    register(&nomad, &service("other", "app:v1")).await;
    let (mut seen, mut last) = (Vec::new(), 0);
    while !seen.iter().any(|(_, s)| s == "successful") {
        let line = lines.next().await.unwrap();
        let Some(index) = line["Index"].as_u64() else { continue };
        assert!(index > last, "each write once, in order");
        last = index;
        for e in line["Events"].as_array().unwrap() {
            assert_eq!(e["Index"], index);
            let topic = e["Topic"].as_str().unwrap();
            assert!(topic == "Deployment" || e["Key"] == "web", "{e}");
            if topic == "Deployment" && e["FilterKeys"] == json!(["web"]) {
                seen.push((
                    e["Type"].clone(),
                    e["Payload"]["Deployment"]["Status"].as_str().unwrap().to_owned(),
                ));
            } else if topic == "Job" {
                assert_eq!(e["Payload"]["Job"]["ID"], "web");
            }
        }
    }
    assert_eq!(seen[0], (json!("PlanResult"), "running".to_owned()));

    // A later subscriber gets what is buffered, a restart empties the buffer and ends the stream.
    let mut replay = Lines::open(&nomad, "/v1/event/stream?topic=Job:web").await;
    assert_eq!(replay.next().await.unwrap(), json!({}));
    assert_eq!(replay.next().await.unwrap()["Events"][0]["Type"], "JobRegistered");
    world.faults(Product::Nomad).restart();
    while lines.next().await.is_some() {}
    assert!(world.faults(Product::Nomad).injected() > 0, "the stream was cut");
    let job = nomad.get("/v1/job/web").await;
    assert_eq!(job["Status"], "running", "what is stored stays");
    let mut denied = Lines::open(&nomad.with_token(""), "/v1/event/stream?topic=Job").await;
    assert_eq!(denied.next().await, None, "status 200, then nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_can_be_followed_while_the_task_runs() {
    use http_body_util::BodyExt as _;
    let world = world().await;
    let nomad = Api::nomad(&world);
    world.behave("app:*", Behaviour::Prints { stdout: "one\n".into(), stderr: String::new() });
    register(&nomad, &service("web", "app:v1")).await;
    let allocs = nomad
        .until("/v1/job/web/allocations", |l| {
            l.as_array().unwrap().iter().any(|a| a["ClientStatus"] == "running")
        })
        .await;
    let id = allocs.as_array().unwrap().iter().find(|a| a["ClientStatus"] == "running").unwrap()["ID"]
        .as_str()
        .unwrap()
        .to_owned();
    let logs = format!("/v1/client/fs/logs/{id}?task=t&type=stdout&follow=true&plain=true");
    let stream = tokio::net::TcpStream::connect(nomad.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(&logs).header("host", "nomad").header(nomad.header, &nomad.token);
    let response = sender
        .send_request(request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap())
        .await
        .unwrap();
    let mut body = response.into_body();
    nomad.ok("PUT", &format!("/v1/client/allocation/{id}/restart"), json!({"TaskName": "t"})).await;
    nomad
        .until(&format!("/v1/allocation/{id}"), |a| {
            let events = a["TaskStates"]["t"]["Events"].as_array().unwrap();
            events.iter().filter(|e| e["Type"] == "Started").count() == 2
        })
        .await;
    nomad.ok("DELETE", "/v1/job/web", Value::Null).await;
    nomad.until(&format!("/v1/allocation/{id}"), |a| a["ClientStatus"] == "complete").await;
    let mut text = Vec::new();
    while text.len() < b"one\none\n".len() {
        let frame = tokio::time::timeout(Duration::from_secs(30), body.frame()).await.unwrap();
        let frame = frame.expect("the stream goes on").unwrap();
        text.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    assert_eq!(&text[..], b"one\none\n");
    // As on a real server, a followed log does not end with its allocation: who follows has to look.
    let more = tokio::time::timeout(Duration::from_secs(2), body.frame()).await;
    assert!(!matches!(more, Ok(None)), "the stream ended by itself");
}
