#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice)]

use super::*;
use crate::jobspec::{Job, Task, TaskGroup, Vault};

/// A job in order, with marks where a case puts its own.
fn good() -> String {
    r#"variable "digest" {}

job "web" {
  namespace   = "production"
  datacenters = ["*"]
  meta { environment = "production" }

  group "web" {
    count          = 2
    shutdown_delay = "10s"
    network {
      port "http" { to = 8000 }
    }
    update {
      canary            = 1
      auto_promote      = true
      auto_revert       = true
      healthy_deadline  = "3m"
      progress_deadline = "10m"
    }
    restart { attempts = 2 }
    reschedule { unlimited = true }
    migrate { max_parallel = 1 }
    spread { attribute = "${node.unique.id}" }
    scaling {
      min = 2
      max = 4
      policy {
        check "cpu" {
          source = "prometheus"
          query  = "avg(nomad_client_allocs_cpu_total_percent)"
        }
        check "memory" {
          source = "prometheus"
          query  = "avg(nomad_client_allocs_memory_usage)"
        }
      }
    }
    service {
      name = "web"
      port = "http"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.web.rule=Host(`example.com`)",
        "traefik.http.routers.web.entrypoints=websecure",
        "traefik.http.routers.web.tls=true",
        "traefik.http.routers.web.tls.certresolver=main",
      ]
      canary_tags = ["canary"]
      check {
        name     = "liveness"
        type     = "http"
        path     = "/health"
        interval = "10s"
        timeout  = "3s"
        check_restart { limit = 3 }
      }
    }
    service {
      name = "web-readiness"
      port = "http"
      check {
        name     = "shallow"
        type     = "http"
        path     = "/health"
        interval = "10s"
        timeout  = "3s"
      }
      check {
        name      = "readiness"
        type      = "http"
        path      = "/ready"
        interval  = "30s"
        timeout   = "5s"
        on_update = "ignore"
      }
    }
    task "web" {
      driver       = "docker"
      kill_timeout = "30s"
      config {
        image           = "example.com/web@sha256:${var.digest}"
        ports           = ["http"]
        entrypoint      = ["python", "-m", "uvicorn"]
        args            = ["main:app", "--proxy-headers", "--timeout-graceful-shutdown", "20"]
        cap_drop        = ["all"]
        readonly_rootfs = true
      }
      env {
        NODE_ENV = "production"
      }
      vault { role = "web" }
      identity {
        name = "vault_default"
        aud  = ["vault.io"]
        ttl  = "1h"
      }
      template {
        data                 = <<EOF
KEY={{ with secret "secret/data/web" }}{{ .Data.data.key | toJSON }}{{ end }}
ENVIRONMENT="{{ env "NOMAD_META_environment" }}"
EOF
        destination          = "secrets/app.env"
        env                  = true
        error_on_missing_key = true
        splay                = "30s"
      }
      resources {
        cpu    = 100
        memory = 128
      }
    }
  }
}
"#
    .to_owned()
}

fn at_least(found: &[Diagnostic], severity: Severity) -> Vec<&Diagnostic> {
    found.iter().filter(|found| found.severity >= severity).collect()
}

#[test]
fn a_job_in_order_is_left_alone() {
    let found = text(&good()).unwrap();
    assert!(at_least(&found, Severity::Warning).is_empty(), "{found:#?}");
    let rules: Vec<&str> = found.iter().map(|found| found.rule.as_str()).collect();
    assert_eq!(rules, ["count-beside-scaling"]);
    let disabled = good().replacen("scaling {", "scaling {\n enabled = false", 1);
    assert_eq!(text(&disabled).unwrap(), []);
}

/// What is changed in the good job, to what, and the rule that finds it.
const CASES: &[(&str, &str, &str, Option<u8>)] = &[
    (
        "avg(nomad_client_allocs_cpu_total_percent)",
        "nomad_client_allocs_cpu_total_percent",
        "scaling-metric",
        Some(4),
    ),
    (
        "avg(nomad_client_allocs_cpu_total_percent)",
        "avg(nomad_client_allocs_cpu_percent)",
        "scaling-metric",
        Some(4),
    ),
    ("check \"memory\"", "check \"more_cpu\"", "", None),
    ("role = \"web\"", "policies = [\"web\"]", "vault-policies", Some(7)),
    ("name = \"vault_default\"", "name = \"other\"", "vault-without-identity", None),
    ("secret/data/web", "secret/web", "kv2-path", Some(9)),
    (
        "KEY={{ with secret \"secret/data/web\" }}{{ .Data.data.key | toJSON }}{{ end }}",
        "KEY=\"{{ with secret \"secret/data/web\" }}{{ .Data.data.key }}{{ end }}\"",
        "secret-not-quoted",
        Some(11),
    ),
    ("error_on_missing_key = true", "", "template-restarts-all", Some(12)),
    ("splay                = \"30s\"", "", "template-restarts-all", Some(12)),
    ("meta { environment = \"production\" }", "", "meta-not-defined", Some(14)),
    ("${var.digest}", "${version}", "undefined-name", Some(16)),
    ("variable \"digest\" {}", "", "undefined-name", Some(16)),
    ("@sha256:${var.digest}", ":v1", "image-by-tag", Some(17)),
    ("@sha256:${var.digest}", ":latest", "image-latest", Some(51)),
    ("@sha256:${var.digest}", "", "image-latest", Some(51)),
    ("auto_revert       = true", "", "canary-without-auto-revert", None),
    ("canary            = 1", "", "auto-promote-without-canary", None),
    ("\"10m\"", "\"2m\"", "healthy-deadline-too-long", None),
    ("shutdown_delay = \"10s\"", "", "no-graceful-stop", Some(19)),
    ("kill_timeout = \"30s\"", "", "no-graceful-stop", Some(19)),
    ("kill_timeout = \"30s\"", "kill_timeout = \"1s\"", "kill-timeout-short", None),
    ("check_restart { limit = 3 }", "", "no-recovery", Some(20)),
    ("restart { attempts = 2 }\n    reschedule", "reschedule", "no-recovery", Some(20)),
    ("restart { attempts = 2 }", "restart { attempts = 20 }", "restarts-outlast-deadline", None),
    ("migrate { max_parallel = 1 }", "", "no-recovery", Some(20)),
    ("name     = \"shallow\"", "name = \"readiness\"", "check-names", Some(21)),
    ("on_update = \"ignore\"", "", "deep-check-gates", Some(22)),
    ("interval = \"10s\"", "interval = \"5m\"", "check-too-slow", None),
    ("spread { attribute = \"${node.unique.id}\" }", "", "not-spread", Some(23)),
    ("namespace   = \"production\"", "", "no-namespace", Some(24)),
    ("[\"*\"]", "[\"dc1\"]", "fixed-datacenter", None),
    ("canary_tags = [\"canary\"]", "", "no-canary-tags", Some(25)),
    (
        "canary_tags = [\"canary\"]",
        "canary_tags = [\"traefik.enable=false\"]",
        "canary-disables-service",
        None,
    ),
    (
        "check_restart { limit = 3 }\n      }\n",
        "check_restart { limit = 3 }\n      }\n      check {\n path = \"/ready\"\n on_update = \"ignore\"\n }\n",
        "deep-check-routes",
        None,
    ),
    ("\"traefik.http.routers.web.entrypoints=websecure\",", "", "tls-without-entry-point", Some(26)),
    ("\"traefik.http.routers.web.tls.certresolver=main\",", "", "tls-without-certificate", Some(27)),
    ("NODE_ENV = \"production\"", "REACT_APP_API_URL = \"https://x\"", "build-time-variable", Some(29)),
    ("entrypoint      = [\"python\", \"-m\", \"uvicorn\"]", "", "", None),
    ("\"main:app\", \"--proxy-headers\"", "\"main:app\"", "args-without-entrypoint", Some(31)),
    ("ports           = [\"http\"]", "ports = [\"metrics\"]", "port-not-defined", Some(50)),
    (
        "secret/data/web\" }}",
        "secret/data/web\" }}{{ env \"CONSUL_HTTP_ADDR\" }}",
        "consul-address-unset",
        Some(53),
    ),
    ("KEY={{", "X=${1}\nKEY={{", "heredoc-interpolates", Some(57)),
    ("cap_drop        = [\"all\"]", "", "runs-as-root", Some(59)),
    ("readonly_rootfs = true", "", "runs-as-root", Some(59)),
    ("readonly_rootfs = true", "readonly_rootfs = true\n privileged = true", "runs-as-root", Some(59)),
    ("to = 8000", "static = 8000", "static-port-shared", None),
    ("max = 4", "max = 1", "scaling-limits", None),
];

#[test]
fn each_change_for_the_worse_is_found() {
    for (from, to, rule, number) in CASES {
        let good = good();
        assert!(good.contains(from), "{from} is not in the job");
        let found = text(&good.replacen(from, to, 1)).unwrap();
        if rule.is_empty() {
            assert!(at_least(&found, Severity::Warning).is_empty(), "{from} -> {to}: {found:#?}");
            continue;
        }
        let hit = found.iter().find(|found| found.rule == *rule);
        let hit = hit.unwrap_or_else(|| panic!("{from} -> {to}: no {rule} in {found:#?}"));
        assert_eq!(hit.number, *number, "{rule}");
        assert!(hit.line.is_some() && !hit.fix.is_empty(), "{hit:?}");
        // Nothing else is blamed for it.
        let others: Vec<_> =
            at_least(&found, Severity::Warning).into_iter().filter(|f| f.rule != *rule).collect();
        assert!(others.is_empty(), "{from} -> {to}: {others:#?}");
    }
}

#[test]
fn scaling_in_a_task_is_found_where_a_server_cannot_parse() {
    let block = "driver       = \"docker\"\n scaling {\n max = 3\n policy {\n check \"cpu_usage\" {\n source = \"prometheus\"\n query = \"nomad_client_allocs_cpu_percent\"\n }\n }\n }";
    let found = text(&good().replacen("driver       = \"docker\"", block, 1)).unwrap();
    let rules: Vec<&str> = found.iter().map(|found| found.rule.as_str()).collect();
    assert!(rules.contains(&"scaling-in-task") && rules.contains(&"scaling-without-memory"), "{rules:?}");
    // The form that does exist is left alone.
    let vertical = "driver       = \"docker\"\n scaling \"mem\" {\n max = 3\n }";
    let found = text(&good().replacen("driver       = \"docker\"", vertical, 1)).unwrap();
    assert!(!found.iter().any(|found| found.rule == "scaling-in-task"));
}

#[test]
fn a_page_with_generated_settings_and_a_static_server_is_fine() {
    let dev = good().replacen("to = 8000", "to = 3000", 1);
    let server = "        entrypoint      = [\"python\", \"-m\", \"uvicorn\"]\n        args            = [\"main:app\", \"--proxy-headers\", \"--timeout-graceful-shutdown\", \"20\"]\n";
    let dev = dev.replacen(server, "", 1).replacen("readonly_rootfs = true", "", 1);
    assert!(text(&dev).unwrap().iter().any(|found| found.number == Some(30)), "development server");
    let still = good().replacen(server, "", 1).replacen("to = 8000", "to = 3000", 1);
    assert!(!text(&still).unwrap().iter().any(|found| found.number == Some(30)));
    let generated = good().replacen("NODE_ENV =", "REACT_APP_X =", 1).replacen(
        "vault {",
        "template {\n data = \"x\"\n destination = \"local/config.js\"\n }\n vault {",
        1,
    );
    assert!(!text(&generated).unwrap().iter().any(|found| found.number == Some(29)));
}

fn monitoring(image: &str, config: &str, rest: &str) -> Vec<Diagnostic> {
    let text = format!(
        "job \"m\" {{\n group \"m\" {{\n task \"m\" {{\n driver = \"docker\"\n config {{\n image = \"{image}\"\n {config}\n }}\n {rest}\n }}\n }}\n}}\n"
    );
    super::text(&text).unwrap()
}

fn has(found: &[Diagnostic], number: u8) -> bool {
    found.iter().any(|found| found.number == Some(number))
}

#[test]
fn monitoring_has_its_own_traps() {
    let template = "template {\n data = \"scrape_configs: []\"\n destination = \"local/prometheus.yml\"\n }";
    let bare = monitoring("prom/prometheus:v3.8.0", "", template);
    assert!(has(&bare, 52) && has(&bare, 55), "{bare:#?}");
    let kept = format!(
        "{template}\n volume_mount {{\n volume = \"d\"\n }}\n resources {{}}\n service {{\n name = \"p\"\n }}"
    );
    let args = "args = [\"--config.file=/local/prometheus.yml\", \"--storage.tsdb.retention.time=15d\"]";
    let fine = monitoring("prom/prometheus:v3.8.0", args, &kept);
    assert!(!has(&fine, 52) && !has(&fine, 55), "{fine:#?}");

    // Rules are named by the configuration beside them, which does not name itself.
    let rules = "template {\n data = \"groups: []\"\n destination = \"local/rules.yml\"\n }";
    let named = kept.replace("scrape_configs: []", "rule_files: [rules.yml]");
    assert!(!has(&monitoring("prom/prometheus:v3.8.0", args, &format!("{rules}\n {named}")), 52));
    assert!(has(&monitoring("prom/prometheus:v3.8.0", args, &format!("{rules}\n {kept}")), 52));

    assert!(has(&monitoring("grafana/grafana:12.3.0", "", ""), 56));
    let env = "env {\n GF_SECURITY_ADMIN_PASSWORD__FILE = \"/secrets/p\"\n GF_PATHS_PROVISIONING = \"/local/provisioning\"\n }";
    let fine = monitoring("grafana/grafana:12.3.0", "", env);
    assert!(!has(&fine, 56), "{fine:#?}");
}

#[test]
fn a_heredoc_says_when_hcl_would_evaluate_it() {
    let of = |replacement: &str| {
        monitoring(
            "example.com/p:v1",
            "args = [\"/local/p.yml\"]",
            &format!(
                "template {{\n data = <<EOF\nscrape_configs:\n  - replacement: '{replacement}'\nEOF\n destination = \"local/p.yml\"\n }}"
            ),
        )
    };
    let level = |found: &[Diagnostic]| found.iter().find(|f| f.number == Some(57)).map(|f| f.severity);
    assert_eq!(level(&of("${1}")), Some(Severity::Error));
    assert_eq!(level(&of("$${1}")), None);
    assert_eq!(level(&of("x")), Some(Severity::Info));
}

#[test]
fn typed_jobs_and_json_are_looked_at_without_lines() {
    let mut vault = Vault::with_role("web");
    vault.extra.insert("Policies".to_owned(), serde_json::json!(["old"]));
    let given = Job::service("web").group(
        TaskGroup::new("web").task(Task::new("web", "docker").config("image", "web:${version}").vault(vault)),
    );
    let found = job(&given);
    for rule in ["vault-policies", "undefined-name", "no-update"] {
        let hit = found.iter().find(|found| found.rule == rule);
        assert!(hit.is_some_and(|hit| hit.line.is_none()), "{rule} in {found:#?}");
    }
    let json = serde_json::json!({"Job": given}).to_string();
    assert_eq!(text(&json).unwrap(), found);
    assert_eq!(text(&serde_json::to_string(&given).unwrap()).unwrap(), found);
}

#[test]
fn what_cannot_be_read_says_where() {
    assert_eq!(text("job \"a\" {\n  group \"b\" {\n").unwrap_err().line(), Some(2));
    assert!(text("{\"a\": }").unwrap_err().line() == Some(1));
    assert!(text("resource \"a\" \"b\" {}").unwrap_err().to_string().contains("no `job`"));
    assert!(text("{\"ID\": \"x\"}").unwrap_err().to_string().contains("TaskGroups"));
}

#[test]
fn rules_have_names_of_their_own() {
    let ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    assert!(
        ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
    );
    let numbers: Vec<u8> = rules().iter().filter_map(|rule| rule.number).collect();
    let unique: std::collections::BTreeSet<_> = numbers.iter().collect();
    assert_eq!(unique.len(), numbers.len());
}

/// The names of the rules that find something in a job with this in its task.
fn in_task(before: &str, driver: &str, inside: &str) -> Vec<String> {
    let text = format!(
        "{before}\njob \"m\" {{\n group \"m\" {{\n task \"m\" {{\n driver = \"{driver}\"\n {inside}\n }}\n }}\n}}\n"
    );
    super::text(&text).unwrap().into_iter().map(|found| found.rule).collect()
}

#[test]
fn names_that_come_from_elsewhere_are_not_undefined() {
    let undefined = |before: &str, driver: &str, inside: &str| {
        in_task(before, driver, inside).iter().any(|rule| rule == "undefined-name")
    };
    let args = |text: &str| format!("config {{\n args = [\"-c\", \"{text}\"]\n }}");
    let template = |data: &str| {
        format!("template {{\n env = true\n data = <<EOF\n{data}\nEOF\n }}\n {}", args("${A_NAME}"))
    };
    for (before, driver, inside) in [
        ("", "docker", args("--endpoint=${CSI_ENDPOINT} ${VAULT_TOKEN}")),
        ("variable \"m\" {}", "docker", args("${var.m.key.deep}")),
        ("variables {\n v = 1\n}", "docker", args("${var.v}")),
        ("", "raw_exec", args("${HOME}/bin:${PATH}")),
        ("", "docker", args("X=1; for y in 1 2; do read -r z; echo ${X} ${y} ${z}; done")),
        (
            "",
            "docker",
            template("{{ with nomadVar \"a\" }}{{ range .Tuples }}{{ .K }}={{ .V }}\n{{ end }}{{ end }}"),
        ),
        ("", "docker", template("{{ range ls \"a\" }}{{ .Key | toUpper }}={{ .Value }}{{ end }}")),
        ("", "docker", template("{{ key \"whole-file\" }}")),
        ("", "docker", template("A_{{ .Name }}=1")),
        ("", "docker", template("A_NAME={{ .V }}")),
    ] {
        assert!(!undefined(before, driver, &inside), "{before} {inside}");
    }
    for (before, driver, inside) in [
        ("", "docker", args("${CSI_ENDPOINTS}")),
        ("variable \"m\" {}", "docker", args("${var.n.key}")),
        ("", "docker", args("${HOME}")),
        ("", "docker", args("AX=1; echo ${X}")),
        ("", "docker", template("{{ with secret \"a/data/b\" }}B_NAME={{ .Data.data.x | toJSON }}{{ end }}")),
    ] {
        assert!(undefined(before, driver, &inside), "{before} {inside}");
    }
}

#[test]
fn a_task_may_have_its_size_scaled() {
    for label in ["cpu", "mem", "CPU"] {
        let policy = format!(
            "scaling \"{label}\" {{\n policy {{\n check \"cpu\" {{\n strategy \"app-sizing-avg\" {{}}\n }}\n }}\n }}"
        );
        assert!(!in_task("", "docker", &policy).iter().any(|rule| rule.contains("scaling")), "{label}");
    }
    assert!(in_task("", "docker", "scaling \"disk\" {}").contains(&"scaling-in-task".to_owned()));
}

#[test]
fn a_mounted_folder_is_read() {
    let unread = |config: &str, place: &str| {
        let template = format!("template {{\n data = \"x\"\n destination = \"{place}\"\n }}");
        has(&monitoring("example.com/p:v1", config, &template), 52)
    };
    for volume in
        ["local:/etc/x", "./local:/etc/x:ro", "local/:/etc/x", "local/conf:/etc/x", "${NOMAD_TASK_DIR}:/x"]
    {
        assert!(!unread(&format!("volumes = [\"{volume}\"]"), "local/conf/x.yml"), "{volume}");
    }
    assert!(unread("volumes = [\"local/other:/etc/x\", \"locals:/x\"]", "local/conf/x.yml"));
    assert!(unread("volumes = [\"/srv/local:/etc/x\"]", "local/x.yml"));
}

#[test]
fn a_namespace_is_missed_only_where_environments_are_known() {
    let found = |before: &str, inside: &str| {
        let text = format!("{before}\njob \"m\" {{\n {inside}\n}}\n");
        super::text(&text).unwrap().into_iter().map(|found| found.rule).collect::<Vec<_>>()
    };
    let missed = |before: &str, inside: &str| found(before, inside).contains(&"no-namespace".to_owned());
    assert!(!missed("", ""));
    assert!(!missed("", "datacenters = [\"dc1\"]"));
    assert!(!missed("variable \"environment\" {}", "namespace = \"x\"\n datacenters = [\"dc1\"]"));
    assert!(!missed("variable \"environment\" {}", "namespace = var.namespace"));
    assert!(missed("variable \"environment\" {}", ""));
    assert!(missed("", "meta {\n stage = \"x\"\n }"));
    assert!(missed(
        "",
        "group \"g\" {\n task \"t\" {\n template {\n data = \"E={{ env \\\"NOMAD_META_environment\\\" }}\"\n }\n }\n }"
    ));
    assert!(!missed("", "group \"g\" {\n task \"t\" {\n env {\n NODE_ENV = \"production\"\n }\n }\n }"));
    assert!(missed(
        "",
        "group \"g\" {\n task \"t\" {\n template {\n data = \"{{ with secret \\\"kv/data/production/x\\\" }}{{ end }}\"\n }\n }\n }"
    ));
    assert_eq!(found("", "datacenters = [\"dc1\"]"), ["fixed-datacenter"]);
}

#[test]
fn repeated_keys_and_comments_do_not_stop_the_reading() {
    let text = "/* first */ // second\n# third\njob \"a\" { # fourth\n  meta {\n    x = 1\n    x = 2\n  }\n  group \"g\" {\n    task \"t\" {\n      config {\n        labels = { a = 1, a = 2, \"b c\" = 3, \"b c\" = { d = 4, d = 5 } }\n        image = \"x:latest\"\n      }\n      driver = \"docker\"\n    }\n  }\n}\n";
    let root = Block::parse(text).unwrap();
    let job = root.block("job").unwrap();
    assert_eq!(job.block("meta").unwrap().get("x"), Some(&serde_json::json!(2)));
    let config = job.all().into_iter().find(|block| block.kind == "config").unwrap();
    assert_eq!(config.get("labels"), Some(&serde_json::json!({"a": 2, "b c": {"d": 5}})));
    let found = super::text(text).unwrap();
    assert_eq!(found.iter().find(|found| found.rule == "image-latest").unwrap().line, Some(12));
    let inline = Block::parse("/* why */ job \"a\" {\n}\n").unwrap();
    assert_eq!(inline.block("job").unwrap().label(), "a");
    // One that is no key is still an error.
    assert_eq!(Block::parse("x = { a = 1, a }\n").unwrap_err().line(), Some(1));
}
