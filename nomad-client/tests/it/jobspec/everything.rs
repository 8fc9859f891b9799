//! A job that uses every block, and as good as every setting, of the job specification.

use std::time::Duration;

use nomad_client::jobspec::*;
use serde_json::json;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The job.
pub(super) fn job() -> Job {
    Job::service("kitchen/sink")
        .named("kitchen sink")
        .namespace("default")
        .region("global")
        .priority(70)
        .all_at_once(false)
        .datacenters(["dc1", "eu-*"])
        .node_pool("default")
        .meta("owner", "dogs")
        .meta("with.dots", "and spaces")
        .constraint(Constraint::new("${attr.kernel.name}", Operator::Equal, "linux"))
        .constraint(Constraint::distinct_hosts())
        .constraint(Constraint::distinct_property("${meta.rack}").value("2"))
        .constraint(Constraint::new("${attr.vault.version}", Operator::Semver, ">= 1.2.0"))
        .affinity(Affinity::new("${node.datacenter}", "=", "dc1").weight(-50))
        .spread(Spread::over("${node.datacenter}").weight(100).target("dc1", 60).target("dc2", 40))
        .update(update())
        .migrate(migrate())
        .reschedule(reschedule())
        .periodic(
            Periodic::at("*/15 * * * *").prohibit_overlap(true).time_zone("Europe/Berlin").enabled(false),
        )
        .parameterized(
            Parameterized::default()
                .payload(PayloadPolicy::Optional)
                .require_meta("input")
                .allow_meta("verbose"),
        )
        .multiregion(
            Multiregion::default()
                .strategy(MultiregionStrategy::default().max_parallel(1).on_failure("fail_all"))
                .region(
                    MultiregionRegion::new("west")
                        .count(2)
                        .datacenter("west-1")
                        .node_pool("default")
                        .meta("side", "left"),
                )
                .region(MultiregionRegion::new("east").count(0)),
        )
        .ui(JobUi::default().description("# A *job*\n").link("Docs", "https://example.com/?a=1&b=2"))
        .group(first_group())
        .group(gateways())
        .group(old_and_rare())
}

fn update() -> Update {
    Update::default()
        .max_parallel(1)
        .health_check(HealthCheck::Checks)
        .min_healthy_time(seconds(10))
        .healthy_deadline(seconds(300))
        .progress_deadline(seconds(600))
        .auto_revert(true)
        .auto_promote(false)
        .canary(1)
        .stagger(seconds(30))
}

fn migrate() -> Migrate {
    Migrate::default()
        .max_parallel(1)
        .health_check(HealthCheck::TaskStates)
        .min_healthy_time(Duration::from_millis(1_500))
        .healthy_deadline(seconds(300))
}

fn reschedule() -> Reschedule {
    Reschedule::default()
        .attempts(0)
        .interval(seconds(0))
        .delay(seconds(30))
        .delay_function(DelayFunction::Exponential)
        .max_delay(seconds(3600))
        .unlimited(true)
}

fn restart() -> Restart {
    Restart::default()
        .attempts(2)
        .interval(seconds(1800))
        .delay(seconds(15))
        .mode(RestartMode::Fail)
        .render_templates(true)
}

fn first_group() -> TaskGroup {
    TaskGroup::new("first")
        .count(2)
        .constraint(Constraint::new("${attr.cpu.arch}", Operator::IsSet, ""))
        .affinity(Affinity::new("${attr.memory.totalbytes}", Operator::Greater, "1000").weight(10))
        .spread(Spread::over("${attr.platform.aws.placement.availability-zone}"))
        .meta("note", "a \"quoted\" \\ note\twith $${odd} %{things} and ${ends")
        .network(
            Network::bridge()
                .hostname("sink-${NOMAD_ALLOC_INDEX}")
                .port(Port::dynamic("http").to(8000))
                .port(Port::dynamic("same").to(-1).host_network("private"))
                .port(Port::fixed("admin", 9000).ignore_collision(true))
                .dns(Dns::default().servers(["1.1.1.1"]).searches(["example.com"]).options(["ndots:2"]))
                .cni(Cni::default().arg("nomad.example/key", "value")),
        )
        .volume(VolumeRequest::host("cache", "cache").read_only(true))
        .volume(
            VolumeRequest::csi("data", "data")
                .access_mode(AccessMode::MultiNodeMultiWriter)
                .attachment_mode(AttachmentMode::FileSystem)
                .mount_options(MountOptions::default().fs_type("ext4").mount_flag("noatime"))
                .per_alloc(true)
                .sticky(true),
        )
        .ephemeral_disk(EphemeralDisk::default().size(500).sticky(true).migrate(true))
        .update(update())
        .migrate(migrate())
        .restart(restart())
        .reschedule(reschedule())
        .disconnect(
            Disconnect::default().lost_after(seconds(600)).replace(false).reconcile(Reconcile::BestScore),
        )
        .shutdown_delay(seconds(5))
        .max_run_duration(seconds(86_400))
        .scaling(
            Scaling::between(1, 10)
                .enabled(true)
                .kind(ScalingType::Horizontal)
                .policy("cooldown", "2m")
                .policy("evaluation_interval", "30s")
                .policy(
                    "check",
                    json!([
                        {"cpu_usage": [{
                            "source": "prometheus",
                            "query": "avg(nomad_client_allocs_cpu_total_percent{task_group=\"first\"})",
                            "strategy": [{"target-value": [{"target": "70"}]}],
                        }]},
                        {"memory": [{"query": "avg_memory", "strategy": [{"pass-through": [{}]}]}]},
                    ]),
                )
                .policy("target", json!([{"nomad-target": [{"dry-run": "true"}]}])),
        )
        .consul(Consul::default().namespace("team").cluster("default").partition("part"))
        .service(mesh_service())
        .task(main_task())
        .task(
            Task::new("init", "raw_exec")
                .lifecycle(Lifecycle::prestart().sidecar(false))
                .config("command", "/bin/sh")
                .config("args", ["-c", "echo ${NOMAD_TASK_DIR} $HOME $${PATH} ${1} ${ 2 }"]),
        )
        .task(
            Task::new("plugin", "docker").config("image", "csi").csi_plugin(
                CsiPlugin::new("nfs", CsiPluginType::Monolith)
                    .mount_dir("/csi")
                    .stage_publish_base_dir("/local/csi")
                    .health_timeout(seconds(30)),
            ),
        )
}

fn main_task() -> Task {
    Task::new("main", "docker")
        .user("1000:1000")
        .leader(true)
        .kill_timeout(seconds(20))
        .kill_signal("SIGINT")
        .shutdown_delay(seconds(3))
        .config("image", "example/main:1.2.3")
        .config("ports", ["http", "admin"])
        .config("privileged", false)
        .config("cpu_cfs_period", 100_000)
        .config("ratio", 0.25)
        .config("empty", json!([]))
        .config("labels", json!([{"com.example/team": "dogs", "plain": "${NOMAD_JOB_NAME}"}]))
        .config("auth", json!([{"username": "u", "password": "p"}]))
        .config("logging", json!([{"type": "json-file", "config": [{"max-file": "2", "max-size": "2m"}]}]))
        .config(
            "mount",
            json!([
                {"type": "bind", "source": "local/a", "target": "/a", "readonly": true},
                {"type": "volume", "target": "/b", "volume_options": [{"driver_config": [{"name": "x"}]}]},
            ]),
        )
        .config("bare", json!({"a": {"b": [1, "2", null, true]}, "for": 1}))
        .config("mixed", json!([{"a": 1}, 2, "three"]))
        .env("LOG_LEVEL", "info")
        .env("ADDRESS", "http://${NOMAD_IP_http}:${NOMAD_PORT_http}/${node.unique.name}?${env[\"HOME\"]}")
        .env("JSON", "{\"a\": {\"b\": \"${NOMAD_ALLOC_ID}\"}, \"c\": {${NOMAD_GROUP_NAME}}}")
        .meta("version", "3")
        .constraint(Constraint::new("${node.class}", Operator::SetContainsAny, "a,b"))
        .affinity(Affinity::new("${node.class}", Operator::Regexp, "^(a|b)\\.c$"))
        .resources(
            Resources::default()
                .cores(2)
                .memory(512)
                .memory_max(1024)
                .secrets(2)
                .numa(Numa::default().affinity(NumaAffinity::Prefer).device("nvidia/gpu"))
                .device(
                    RequestedDevice::new("nvidia/gpu")
                        .count(1)
                        .constraint(Constraint::new("${device.attr.memory}", ">=", "2 GiB"))
                        .affinity(Affinity::new("${device.model}", "regexp", "T4").weight(75)),
                ),
        )
        .restart(restart())
        .service(
            Service::new("main-${NOMAD_TASK_NAME}")
                .provider(ServiceProvider::Nomad)
                .port("admin")
                .address_mode(AddressMode::Driver)
                .address("10.0.0.1")
                .check(ServiceCheck::tcp().name("alive").interval(seconds(10)).timeout(seconds(2))),
        )
        .artifact(
            Artifact::new("https://example.com/a.tar.gz")
                .destination("local/a")
                .mode(ArtifactMode::Dir)
                .option("checksum", "sha256:abc")
                .header("Accept", "application/gzip")
                .insecure(false)
                .chown(true),
        )
        .template(
            Template::new(
                "{{ with secret \"secret/data/wuffchat\" }}KEY={{ .Data.data.key }}{{ end }}\n\
                 HOST=${NOMAD_IP_http}\nRULE=${1} $${x} %{if}\n  EOT\nEOT\n\ttab \\ \"quotes\"\n",
                "secrets/app.env",
            )
            .env(true)
            .change_mode(ChangeMode::Restart)
            .once(false)
            .splay(seconds(5))
            .perms("0600")
            .uid(1000)
            .gid(1000)
            .wait(Wait::new(seconds(2), seconds(10)))
            .error_on_missing_key(true),
        )
        .template(
            Template::new("no newline\nat the end", "local/b")
                .left_delimiter("[[")
                .right_delimiter("]]")
                .change_mode(ChangeMode::Script)
                .change_script(
                    ChangeScript::new("/bin/reload")
                        .arg("-f")
                        .timeout(seconds(7))
                        .fail_on_error(true)
                        .run_on_first_render(true),
                ),
        )
        .template(
            Template::from_file("local/a/c.tpl", "local/c")
                .change_mode(ChangeMode::Signal)
                .change_signal("SIGHUP"),
        )
        .volume_mount(
            VolumeMount::new("data", "/data")
                .read_only(false)
                .propagation_mode(PropagationMode::Private)
                .selinux_label("Z"),
        )
        .vault(
            Vault::with_role("main")
                .namespace("team")
                .cluster("default")
                .env(false)
                .disable_file(true)
                .change_mode(ChangeMode::Signal)
                .change_signal("SIGUSR1")
                .allow_token_expiration(true),
        )
        .consul(Consul::default().cluster("default"))
        .with_identity(Identity::default().name("default").env(true).file(true))
        .with_identity(
            Identity::new("vault_default")
                .aud("vault.io")
                .ttl(seconds(3600))
                .change_mode(ChangeMode::Noop)
                .change_signal("SIGHUP")
                .file(true)
                .filepath("local/token.jwt")
                .extra_claim("job_id"),
        )
        .secret({
            let mut secret = Secret::new("api", "vault", "secret/data/api").env("A", "b");
            secret.config.insert("engine".to_owned(), json!("kv_v2"));
            secret
        })
        .logs(LogConfig::new(3, 20).disabled(false))
        .dispatch_payload(DispatchPayload::to_file("input.json"))
        .action(Action::new("migrate", "/bin/migrate").arg("--all"))
        .scaling_policy(Scaling::between(100, 500).kind(ScalingType::VerticalCpu).policy("cooldown", "1h"))
        .schedule(Schedule::cron_window("0 30 9 * * MON-FRI *", "0 16"))
}

fn mesh_service() -> Service {
    Service::new("mesh")
        .port("8000")
        .tags(["a", "traefik.http.routers.x.rule=Host(`api.example.com`)"])
        .canary_tag("canary")
        .enable_tag_override(true)
        .task("main")
        .on_update(OnUpdate::RequireHealthy)
        .cluster("default")
        .meta("k", "v")
        .canary_meta("k", "canary")
        .tagged_address("wan", "1.2.3.4")
        .weights(Weights::default().passing(10).warning(1))
        .identity(Identity::new("consul_mesh").aud("consul.io"))
        .check_restart(CheckRestart::after(3).grace(seconds(90)).ignore_warnings(true))
        .check(
            ServiceCheck::http("/health?deep=true")
                .name("health")
                .port("http")
                .protocol("https")
                .method("POST")
                .body("{\"a\": \"${NOMAD_ALLOC_ID}\"}")
                .header("Authorization", vec!["Basic abc".to_owned(), "x".to_owned()])
                .interval(seconds(10))
                .timeout(seconds(2))
                .tls_server_name("example.com")
                .tls_skip_verify(true)
                .address_mode(AddressMode::Alloc)
                .expose(true)
                .initial_status(InitialStatus::Warning)
                .success_before_passing(2)
                .failures_before_critical(3)
                .failures_before_warning(1)
                .on_update(OnUpdate::IgnoreWarnings)
                .notes("call us")
                .check_restart(CheckRestart::after(5)),
        )
        .check(
            ServiceCheck::grpc()
                .name("grpc")
                .grpc_service("health")
                .grpc_use_tls(true)
                .advertise("1.2.3.4")
                .interval(seconds(10))
                .timeout(seconds(2)),
        )
        .check(
            ServiceCheck::script("/bin/check")
                .name("script")
                .arg("-v")
                .task("main")
                .interval(seconds(10))
                .timeout(seconds(2)),
        )
        .connect(
            Connect::sidecar(
                SidecarService::default()
                    .tag("proxy")
                    .port("same")
                    .disable_default_tcp_check(true)
                    .meta("m", "1")
                    .proxy(
                        Proxy::default()
                            .local_service_address("127.0.0.1")
                            .local_service_port(8000)
                            .expose(
                                Expose::default().path(
                                    ExposePath::default()
                                        .path("/metrics")
                                        .protocol("http")
                                        .local_path_port(8000)
                                        .listener_port("http"),
                                ),
                            )
                            .upstream(
                                Upstream::new("db", 5432)
                                    .local_bind_address("127.0.0.1")
                                    .datacenter("dc2")
                                    .destination_namespace("ns")
                                    .destination_partition("part")
                                    .destination_peer("peer")
                                    .destination_type("service")
                                    .mesh_gateway(MeshGateway::default().mode("local"))
                                    .config("connect_timeout_ms", 5000),
                            )
                            .upstream(
                                Upstream::default()
                                    .destination_name("sock")
                                    .local_bind_socket_path("/tmp/s")
                                    .local_bind_socket_mode("0600"),
                            )
                            .transparent_proxy(
                                TransparentProxy::default()
                                    .uid("101")
                                    .outbound_port(15001)
                                    .exclude_inbound_ports(["8080", "admin"])
                                    .exclude_outbound_ports([443_u64, 80])
                                    .exclude_outbound_cidrs(["10.0.0.0/8"])
                                    .exclude_uids(["1", "2"])
                                    .no_dns(true),
                            )
                            .config("protocol", "http")
                            .config("nested", json!({"deep": {"x": [1, 2]}})),
                    ),
            )
            .sidecar_task(
                SidecarTask::default()
                    .name("proxy")
                    .driver("docker")
                    .user("101")
                    .config("image", "envoy")
                    .config("labels", json!([{"a": "b"}]))
                    .env("E", "f")
                    .resources(Resources::new(100, 64))
                    .meta("m", "n")
                    .logs(LogConfig::new(1, 1))
                    .kill_timeout(seconds(5))
                    .shutdown_delay(seconds(1))
                    .kill_signal("SIGTERM")
                    .volume_mount(VolumeMount::new("cache", "/cache"))
                    .identity(Identity::new("envoy").aud("x")),
            ),
        )
}

fn gateways() -> TaskGroup {
    let tls = GatewayTls::default()
        .enabled(true)
        .tls_min_version("TLSv1_2")
        .tls_max_version("TLSv1_3")
        .cipher_suites(["TLS_A"])
        .sds(GatewayTlsSds::default().cluster_name("sds").cert_resource("cert"));
    let ingress = Gateway::default()
        .proxy(
            GatewayProxy::default()
                .connect_timeout(Duration::from_millis(500))
                .envoy_gateway_bind_tagged_addresses(true)
                .bind_address("all", {
                    let mut address = GatewayBindAddress::default().address("0.0.0.0").port(8080);
                    address.name = "all".to_owned();
                    address
                })
                .envoy_gateway_no_default_bind(true)
                .envoy_dns_discovery_type("STRICT_DNS")
                .config("x", 1),
        )
        .ingress(
            IngressGateway::default().tls(tls.clone()).listener(
                IngressListener::default().port(8080).protocol("http").service(
                    IngressService::default()
                        .name("web")
                        .host("example.com")
                        .tls(tls)
                        .request_headers(
                            HeaderModifiers::default().add("X-A", "1").set("X-B", "2").remove(["X-C"]),
                        )
                        .response_headers(HeaderModifiers::default().set("Y", "3"))
                        .max_connections(10)
                        .max_pending_requests(11)
                        .max_concurrent_requests(12),
                ),
            ),
        );
    let terminating = Gateway::default().terminating(
        TerminatingGateway::default().service(
            LinkedService::default()
                .name("outside")
                .ca_file("/ca")
                .cert_file("/cert")
                .key_file("/key")
                .sni("outside.example.com"),
        ),
    );
    TaskGroup::new("gateways")
        .service(Service::new("in").connect(Connect::default().gateway(ingress)))
        .service(Service::new("out").connect(Connect::default().gateway(terminating)))
        .service(
            Service::new("mesh-gateway")
                .kind("api-gateway")
                .connect(Connect::default().gateway(Gateway::default().mesh(MeshGatewayEntry::default()))),
        )
        .service(Service::new("native").connect(Connect::native_service()))
}

/// What is not used any more, and what the other groups have no place for.
fn old_and_rare() -> TaskGroup {
    TaskGroup::new("old")
        .stop_after_client_disconnect(seconds(60))
        .max_client_disconnect(seconds(61))
        .prevent_reschedule_on_lost(true)
        .disconnect(Disconnect::default().stop_on_client_after(seconds(62)).replace(true))
        .reschedule(Reschedule::default().attempts(3).interval(seconds(60)).unlimited(false))
        .update(Update::default().canary(0).auto_promote(true).max_parallel(0))
        .ephemeral_disk(EphemeralDisk::default().size(0))
        .network(
            Network::default()
                .device("eth0")
                .cidr("10.0.0.0/8")
                .ip("10.0.0.1")
                .mbits(10)
                .port(Port::fixed("ssh", 22).to(2222).host_network("public")),
        )
        .task(
            Task::new("old", "java")
                .kind("connect-native:old")
                .lifecycle(Lifecycle::poststart().sidecar(true))
                .resources(
                    Resources::new(0, 0).disk(1).iops(2).cores(0).network(
                        Network::default().mbits(5).port(Port::dynamic("a")).port(Port::fixed("b", 80)),
                    ),
                )
                .logs(LogConfig::default().enabled(false).disabled(true))
                .artifact(Artifact::new("git::git@example.com:a/b").insecure(true))
                .vault(Vault::default().policy("a").env(true).disable_file(false).change_mode("noop"))
                .template(Template::new("", "local/x").once(true).vault_grace(seconds(15)).splay(seconds(0)))
                .volume_mount(
                    VolumeMount::new("cache", "/c").read_only(true).propagation_mode("bidirectional"),
                )
                .scaling_policy(Scaling::between(10, 20).kind(ScalingType::VerticalMem).enabled(true))
                .with_identity(
                    Identity::default()
                        .change_mode(ChangeMode::Signal)
                        .change_signal("SIGHUP")
                        .filepath("local/t")
                        .service_name("s")
                        .ttl(seconds(600))
                        .extra_claim("x"),
                )
                .with_identity(Identity::new("other").env(true).service_name("s"))
                .schedule(Schedule::default().cron(
                    ScheduleCron::default().start("0 9 * * * *").end("0 17").timezone("Europe/Berlin"),
                )),
        )
}
