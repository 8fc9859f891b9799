#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use super::*;
use crate::Stage;

const DOCUMENT: &str = include_str!("../../tests/data/wuffchat-on-nomad.md");

fn numbers(found: &[Diagnostic]) -> BTreeSet<u8> {
    found.iter().filter_map(|found| found.number).collect()
}

#[test]
fn the_document_has_each_of_its_59_defects() {
    let found = document(DOCUMENT);
    assert_eq!(numbers(&found), (1..=59).collect::<BTreeSet<u8>>());
    for one in &found {
        assert!(one.line.is_some() && !one.fix.is_empty() && one.rule != "unreadable-block", "{one:?}");
    }
}

#[test]
fn each_number_has_one_rule() {
    let rules = rules();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules.len());
    let numbers: Vec<u8> = rules.iter().filter_map(|rule| rule.number).collect();
    assert_eq!(numbers.len(), 59);
    assert_eq!(numbers.into_iter().collect::<BTreeSet<u8>>(), (1..=59).collect());
}

/// Where in the document each defect is.
#[test]
fn lines_are_those_of_the_document() {
    let found = document(DOCUMENT);
    let lines: Vec<&str> = DOCUMENT.lines().collect();
    let cases: &[(u8, &str)] = &[
        (2, "scaling {"),
        (4, "nomad_client_allocs_cpu_percent"),
        (7, "policies ="),
        (9, "secret/wuffchat/openai"),
        (8, "vault policy write"),
        (13, "vault kv put"),
        (14, "NOMAD_META_environment"),
        (15, "OPENAI_APIKEY="),
        (16, "${version}"),
        (21, "check {"),
        (22, "/v2/health"),
        (29, "REACT_APP_API_URL"),
        (31, "args = ["),
        (33, "8000"),
        (34, "path                = \"/health\""),
        (38, "1.4"),
        (40, "branches:"),
        (43, "sed -i"),
        (44, "LatestDeployment"),
        (47, "curl -O"),
        (48, "NOMAD_TOKEN"),
        (50, "ports = [\"prometheus\"]"),
        (51, "prom/prometheus:latest"),
        (53, "CONSUL_HTTP_ADDR"),
        (54, "job_name: 'nomad'"),
        (58, "# 1. Test thoroughly"),
    ];
    for (number, text) in cases {
        let one = found.iter().find(|found| found.number == Some(*number)).unwrap();
        let line = lines[usize::try_from(one.line.unwrap()).unwrap() - 1];
        assert!(line.contains(text), "{number} is at `{line}`, not at `{text}`");
    }
}

#[test]
fn our_own_jobs_are_clean() {
    for stage in [Stage::Dev, Stage::Staging, Stage::Production] {
        for version in ["v2", &format!("sha256:{}", "a".repeat(64))] {
            let found = environment(&Environment::new(stage), &version.parse().unwrap());
            let bad: Vec<_> = found.iter().filter(|found| found.severity >= Severity::Warning).collect();
            assert!(bad.is_empty(), "{stage}: {bad:#?}");
        }
        let mut local = Environment::new(stage);
        local.driver = crate::Driver::RawExec { command: "/bin/app".into(), args: vec![] };
        let found = environment(&local, &"v2".parse().unwrap());
        assert!(found.iter().all(|found| found.severity < Severity::Warning), "{found:#?}");
    }
}

#[test]
fn the_document_can_be_repaired() {
    let repaired = repair_mojibake(DOCUMENT).unwrap();
    for text in [
        "# 🎯 WuffChat V2",
        "## 🏗️ WuffChat",
        "(2023 → 2025)",
        "🛠️ **Control**",
        "## 🏆 Why",
        "🎓 **Learning**",
        "use! 🎉",
    ] {
        assert!(repaired.contains(text), "{text}");
    }
    assert!(!numbers(&document(&repaired)).contains(&1));
    assert!(repair_mojibake(&repaired).is_none());
}

/// A text with the defect, one without it, and the rule.
fn pairs(run: impl Fn(&str) -> Vec<Diagnostic>, cases: &[(u8, &str, &str)]) {
    for (number, before, after) in cases {
        assert!(
            numbers(&run(before)).contains(number),
            "{number} is not found in {before}: {:#?}",
            run(before)
        );
        assert!(!numbers(&run(after)).contains(number), "{number} is found in {after}: {:#?}", run(after));
    }
}

#[test]
fn commands_before_and_after() {
    pairs(
        shell,
        &[
            (
                8,
                "vault policy write a - <<EOF\nEOF\n",
                "vault auth enable -path=jwt-nomad jwt\nvault policy write a a.hcl\nvault write auth/jwt-nomad/role/a @role.json\n",
            ),
            (
                10,
                "vault kv put secret/wuffchat/openai @openai.json\n",
                "vault kv put secret/production/wuffchat/openai @openai.json\n",
            ),
            (10, "path \"secret/data/wuffchat/*\" {\n", "path \"secret/data/staging/wuffchat/*\" {\n"),
            (
                13,
                "vault kv put secret/dev/a \\\n  key=\"sk-1\"\n",
                "vault kv put -cas=0 secret/dev/a key=@key.txt other=-\n",
            ),
            (13, "vault kv patch secret/dev/a key=$KEY\n", "vault kv get secret/dev/a key=1\n"),
            (38, "nomad version # Should be 1.6+\n", "nomad version # Should be 1.10+\n"),
            (58, "# 1. Test\n# 2. Deploy\n", "# 1. Deploy\ndeploy --environment staging\n"),
        ],
    );
}

const MODULE: &str = r#"terraform {
  backend "s3" {}
  required_providers {
    aws    = { source = "hashicorp/aws", version = "~> 6.0" }
    nomad  = { source = "hashicorp/nomad", version = "~> 2.5" }
    vault  = { source = "hashicorp/vault", version = ">= 4, < 6" }
    consul = { source = "hashicorp/consul", version = "~> 2.22" }
  }
}
provider "aws" {}
resource "nomad_job" "api" {
  detach = false
}
resource "aws_lb_target_group" "traefik" {
  port                 = 80
  deregistration_delay = 30
  health_check { path = "/ping" }
}
resource "aws_autoscaling_attachment" "traefik" {
  lb_target_group_arn = aws_lb_target_group.traefik.arn
}
resource "aws_lb_listener" "https" {
  port = 443
}
resource "aws_lb_listener_rule" "hosts" {
  listener_arn = aws_lb_listener.https.arn
  condition {
    host_header { values = ["api.wuffchat.de", "app.wuffchat.de"] }
  }
}
"#;

#[test]
fn terraform_before_and_after() {
    assert_eq!(terraform(MODULE).unwrap(), []);
    let cases = [
        (33, "= 80\n", "= 8000\n"),
        (33, "aws_lb_target_group.traefik.arn", "var.other"),
        (34, "/ping", "/health"),
        (35, ", \"app.wuffchat.de\"", ""),
        (35, "aws_lb_listener.https.arn", "aws_lb_listener.main.arn"),
        (35, "= 443", "= 80"),
        (36, "deregistration_delay = 30", ""),
        (37, "~> 6.0", "~> 5.0"),
        (37, ">= 4, < 6", "~> 4.0"),
        (37, "backend \"s3\" {}", ""),
        (37, "provider \"aws\" {}", ""),
        (37, "consul = ", "other = "),
        (39, "detach = false", ""),
        (39, "resource \"nomad_job\"", "resource \"null\""),
    ];
    for (number, from, to) in cases {
        assert!(MODULE.contains(from), "{from}");
        let found = terraform(&MODULE.replacen(from, to, 1)).unwrap();
        assert_eq!(numbers(&found), BTreeSet::from([number]), "{from} -> {to}: {found:#?}");
    }
    let open = "resource \"vault_kv_secret_v2\" \"a\" {\n data_json = \"{}\"\n}\n";
    assert_eq!(terraform(open).unwrap()[0].rule, "secret-in-state");
    assert!(terraform("resource {").is_err());
}

const WORKFLOW: &str = "name: deploy
on:
  push:
    branches: [main, develop]
permissions: {contents: read, id-token: write}
concurrency:
  group: deploy-${{ github.ref }}
jobs:
  deploy:
    runs-on: self-hosted
    environment: ${{ github.ref_name }}
    env:
      NOMAD_ADDR: https://nomad.example.com
      NOMAD_CACERT: ca.pem
    steps:
      - uses: docker/login-action@v3
      - run: |
          docker push r/wuffchat-api
          docker push r/wuffchat-ui
          curl -O https://releases.hashicorp.com/nomad/2.0.5/nomad.zip
          sha256sum -c nomad.sha256
          nomad job plan api.nomad.hcl
          nomad job run -check-index 3 -var version=$V api.nomad.hcl
";

#[test]
fn workflow_before_and_after() {
    assert_eq!(workflow(WORKFLOW), []);
    let cases = [
        (40, "    environment: ${{ github.ref_name }}\n", ""),
        (41, "concurrency:\n  group: deploy-${{ github.ref }}\n", ""),
        (42, "      - uses: docker/login-action@v3\n", ""),
        (42, "          docker push r/wuffchat-ui\n", ""),
        (
            43,
            "nomad job plan api",
            "nomad job plan api\n          sed -i s/a/b/ jobs/a.nomad\n          true",
        ),
        (45, "sha256sum -c", "nomad deployment status 1\n          sha256sum -c"),
        (46, "nomad job plan api.nomad.hcl\n          nomad job run -check-index 3", "nomad job run"),
        (47, "          sha256sum -c nomad.sha256\n", ""),
        (48, "      NOMAD_CACERT:", "      NOMAD_TOKEN: ${{ secrets.NOMAD_TOKEN }}\n      NOMAD_CACERT:"),
        (49, "      NOMAD_CACERT: ca.pem\n", ""),
    ];
    for (number, from, to) in cases {
        assert!(WORKFLOW.contains(from), "{from}");
        let found = workflow(&WORKFLOW.replacen(from, to, 1));
        assert_eq!(numbers(&found), BTreeSet::from([number]), "{from} -> {to}: {found:#?}");
    }
    let lost = "nomad deployment status $(nomad job status -json a | jq -r '.LatestDeployment.ID')";
    let found = workflow(&WORKFLOW.replacen("sha256sum -c", &format!("{lost}\n          sha256sum -c"), 1));
    assert_eq!(numbers(&found), BTreeSet::from([44, 45]));
    let kept = lost.replace("'.Latest", "'.[0].Latest");
    let found = workflow(&WORKFLOW.replacen("sha256sum -c", &format!("{kept}\n          sha256sum -c"), 1));
    assert_eq!(numbers(&found), BTreeSet::from([45]));
    // Indented and quoted otherwise, it is the same.
    let other = WORKFLOW
        .replace("  ", "    ")
        .replace("[main, develop]", "['main', \"develop\"]")
        .replace("    environment: ", "    # ");
    assert!(numbers(&workflow(&other)).contains(&40));
    assert!(
        workflow(&WORKFLOW.replace("permissions:", "# permissions:"))
            .iter()
            .any(|found| found.rule == "no-permissions")
    );
}

#[test]
fn findings_in_workflows_have_their_lines() {
    let text = "# deploys\n\nname: x\non:\n  push:\n    branches: [main, develop]\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    env:\n      NOMAD_ADDR: https://n\n      NOMAD_TOKEN: ${{ secrets.T }}\n    steps:\n      - name: y\n        run: |\n          true\n\n          nomad job run a.nomad\n          nomad deployment status x\n      - run: docker push x/wuffchat-api\n";
    let lines = |text: &str| {
        let found = workflow(text);
        let all = found
            .iter()
            .map(|found| (found.rule.clone(), found.line))
            .collect::<std::collections::BTreeMap<_, _>>();
        move |rule: &str| all.get(rule).copied().flatten()
    };
    let expected = [
        ("no-permissions", 3),
        ("branches-share-target", 6),
        ("no-concurrency", 7),
        ("no-certificates", 11),
        ("long-lived-token", 12),
        ("no-plan", 18),
        ("status-is-no-wait", 19),
        ("images-incomplete", 20),
    ];
    let alone = lines(text);
    for (rule, line) in expected {
        assert_eq!(alone(rule), Some(line), "{rule}");
    }
    // In a document they are the document's.
    let found = document(&format!("# Title\n\n```yaml\n{text}```\n"));
    for (rule, line) in expected {
        assert_eq!(found.iter().find(|found| found.rule == rule).unwrap().line, Some(line + 3), "{rule}");
    }
    // And JSON has lines too.
    let json = "{\n \"on\": {\"push\": {\n  \"branches\": [\"main\", \"develop\"]}},\n \"jobs\": {\"a\": {\n  \"steps\": [\n   {\"run\": \"true\\nnomad job run a.nomad\"}]}}\n}\n";
    let json = lines(json);
    assert_eq!(
        (json("no-permissions"), json("branches-share-target"), json("no-plan")),
        (Some(2), Some(3), Some(6))
    );
}

#[test]
fn a_comment_before_a_job_does_not_hide_it() {
    for text in ["/* why */ job \"a\" {\n}\n", "# why\njob \"a\" {\n}\n", "/* a\n b */\njob \"a\" {\n}\n"] {
        assert_eq!(Kind::of("a.hcl", text), Some(Kind::Job), "{text}");
    }
}

#[test]
fn prometheus_before_and_after() {
    let good = "scrape_configs:\n- job_name: nomad\n  metrics_path: /v1/metrics\n  params:\n    format: [prometheus]\n  consul_sd_configs:\n  - services: [nomad, nomad-client]\n    tags: [http]\n- job_name: api\n";
    assert_eq!(prometheus(good), []);
    let json = r#"{"scrape_configs": [{"job_name": "nomad", "metrics_path": "/metrics",
        "consul_sd_configs": [{"server": "{{ env "X" }}:8500", "services": ["nomad"], "tags": ["http"]}]}]}"#;
    assert_eq!(numbers(&prometheus(json)), BTreeSet::from([54]));
    let fine = json.replace("/metrics\"", "/v1/metrics\", \"params\": {\"format\": [\"prometheus\"]}");
    assert_eq!(prometheus(&fine), []);
    for (from, to) in [
        ("/v1/metrics", "/metrics"),
        ("[prometheus]", "[json]"),
        ("    tags: [http]\n", ""),
        ("[nomad, nomad-client]", "[nomad-client]"),
    ] {
        assert_eq!(numbers(&prometheus(&good.replace(from, to))), BTreeSet::from([54]), "{from}");
    }
}

#[test]
fn jobs_that_need_each_other() {
    let read = |text: &str| Block::parse(text).unwrap().children;
    let api = "job \"a\" {\n group \"a\" {\n count = 2\n scaling {\n max = 10\n policy {\n check \"c\" {}\n }\n }\n service {\n tags = [\"traefik.enable=true\"]\n }\n task \"a\" {\n resources {\n memory = 1024\n }\n }\n }\n}\n";
    let others = "job \"t\" {\n task \"t\" {\n config {\n image = \"docker.io/traefik:v3.7\"\n }\n }\n}\njob \"s\" {\n task \"s\" {\n config {\n image = \"hashicorp/nomad-autoscaler@sha256:1\"\n }\n }\n}\n";
    let small = Cluster::of(4, "t3.medium");
    assert_eq!(numbers(&together(&read(api), small)), BTreeSet::from([3, 28]));
    // As much memory in all as ten want, and room for three on each of three.
    assert_eq!(numbers(&together(&read(api), Cluster::of(3, "t3.medium"))), BTreeSet::from([3, 28, 32]));
    assert_eq!(together(&read(&format!("{api}{others}")), small), []);
    assert_eq!(Cluster::of(1, "x9.huge"), None);
}

#[test]
fn the_application_before_and_after() {
    let job = |data: &str| {
        format!("job \"a\" {{\n task \"a\" {{\n template {{\n data = <<EOF\n{data}\nEOF\n }}\n }}\n}}\n")
    };
    let run = |data: &str| job_text(&job(data)).unwrap();
    pairs(
        run,
        &[
            (15, "OPENAI_APIKEY=x", "OPENAI_APIKEY=x\nOPENAI_API_KEY=x"),
            (
                10,
                "{{ with secret \"secret/data/wuffchat/openai\" }}",
                "{{ with secret \"secret/data/production/wuffchat/openai\" }}",
            ),
        ],
    );
    let found = run("A=1\nOPENAI_APIKEY=x");
    assert_eq!(found.iter().find(|found| found.number == Some(15)).unwrap().line, Some(6));
}

#[test]
fn kinds_are_known_by_name_or_content() {
    let cases = [
        ("a.md", "", Some(Kind::Document)),
        ("main.tf", "", Some(Kind::Terraform)),
        ("api.nomad.hcl", "", Some(Kind::Job)),
        ("a.hcl", "resource \"a\" \"b\" {}", Some(Kind::Terraform)),
        ("a.yml", "on: push\njobs:\n", Some(Kind::Workflow)),
        ("p.yml", "scrape_configs:\n", Some(Kind::Prometheus)),
        ("p.yml", "{\"scrape_configs\": []}", Some(Kind::Prometheus)),
        ("terraform.tfvars.json", "{\"region\": \"x\"}", None),
        ("-", "{\"Job\": {}}", Some(Kind::Job)),
        ("-", "#!/bin/sh\n", Some(Kind::Shell)),
        ("-", "hello", None),
        ("-", "# x\n```hcl\n```\n", Some(Kind::Document)),
    ];
    for (name, text, kind) in cases {
        assert_eq!(Kind::of(name, text), kind, "{name} {text}");
    }
}
