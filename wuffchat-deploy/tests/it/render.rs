//! Rendered files, looked at by the programs they are for where those are on PATH.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use wuffchat_deploy::render::{self, File};
use wuffchat_deploy::{Environment, Stage, identity, secrets};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[File]) -> Self {
        let folder =
            Self(std::env::temp_dir().join(format!("wuffchat-render-{name}-{}", std::process::id())));
        for file in files {
            let path = folder.0.join(&file.name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &file.text).unwrap();
        }
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a program says, or nothing where it is not on PATH.
fn run(program: &str, args: &[&str], folder: &Path) -> Option<Output> {
    match Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            xtest::skip(format_args!("{program} is not on PATH"));
            None
        }
        Err(cause) => panic!("{program}: {cause}"),
    }
}

fn assert_fine(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn module(stage: Stage) -> Vec<File> {
    render::terraform(&Environment::new(stage), &"v2".parse().unwrap()).unwrap()
}

fn text<'a>(files: &'a [File], name: &str) -> &'a str {
    &files.iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no {name}")).text
}

#[test]
fn terraform_finds_the_module_well_formed() {
    let folder = Folder::with("fmt", &module(Stage::Production));
    if let Some(output) = run("terraform", &["fmt", "-check", "-diff", "-recursive"], &folder.0) {
        assert_fine(&output);
    }
}

/// The part for AWS alone, since other providers may not be at hand.
#[test]
fn terraform_finds_the_load_balancer_valid() {
    let Some(plugins) = std::env::var_os("TF_PLUGIN_DIR") else {
        return xtest::skip("TF_PLUGIN_DIR does not name a folder of Terraform's providers");
    };
    let mut files = module(Stage::Production);
    files.retain(|file| {
        ["load_balancer.tf", "certificate.tf", "variables.tf", "outputs.tf"].contains(&file.name.as_str())
    });
    let folder = Folder::with("validate", &files);
    let versions = "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \">= 5.0\"\n    }\n  }\n}\n";
    std::fs::write(folder.0.join("versions.tf"), versions).unwrap();
    let plugins = format!("-plugin-dir={}", plugins.to_string_lossy());
    let Some(output) = run("terraform", &["init", "-backend=false", "-no-color", &plugins], &folder.0) else {
        return;
    };
    assert_fine(&output);
    assert_fine(&run("terraform", &["validate", "-no-color"], &folder.0).unwrap());
}

#[test]
fn every_variable_has_a_declaration_and_each_without_default_a_value() {
    let mut environment = Environment::new(Stage::Production);
    environment.cloud.vpc_id = Some("vpc-1".into());
    environment.cloud.subnet_ids = vec!["subnet-1".into(), "subnet-2".into()];
    environment.cloud.node_security_group_id = Some("sg-1".into());
    environment.addresses.nomad = Some("https://nomad.example.com:4646/".into());
    let files = render::terraform(&environment, &"v2".parse().unwrap()).unwrap();
    let values: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text(&files, "terraform.tfvars.json")).unwrap();
    let blocks: Vec<&str> = text(&files, "variables.tf").split("variable \"").skip(1).collect();
    let name = |block: &str| block.split('"').next().unwrap().to_owned();
    let declared: Vec<String> = blocks.iter().map(|block| name(block)).collect();
    for value in values.keys() {
        assert!(declared.contains(value), "{value} is not declared");
    }
    for block in blocks {
        assert!(
            block.contains("\n  default ") || values.contains_key(&name(block)),
            "{} has no value",
            name(block)
        );
    }
    assert_eq!(values["nomad_jwks_url"], "https://nomad.example.com:4646/.well-known/jwks.json");
}

#[test]
fn the_module_is_the_model_of_a_release() {
    let environment = Environment::new(Stage::Production);
    let files = module(Stage::Production);
    let values: serde_json::Value = serde_json::from_str(text(&files, "terraform.tfvars.json")).unwrap();
    let role = serde_json::to_value(identity::role(&environment)).unwrap();
    assert_eq!(values["vault_role_settings"]["bound_claims"], role["bound_claims"]);
    assert_eq!(values["vault_role_settings"]["token_period"], role["token_period"]);
    assert!(values["vault_role_settings"]["token_period"].is_u64());
    assert_eq!(text(&files, "policies/api.hcl"), identity::policy(&environment).to_hcl());
    assert_eq!(values["secret_names"].as_array().unwrap().len(), secrets::LAYOUT.len());
    // A task leaves after 10 s and is killed 30 s later.
    assert_eq!(values["deregistration_delay"], 40);
    assert_eq!(values["github_ref"], "refs/heads/main");
    let jobs = render::json(&environment, &"v2".parse().unwrap()).unwrap();
    assert_eq!(text(&files, "jobs/wuffchat-api.nomad.json"), jobs[0].text);
    let balancer = text(&files, "load_balancer.tf");
    assert_eq!(balancer.matches("resource \"aws_lb_target_group\"").count(), 1);
    for part in ["path                = \"/ping\"", "HTTP_301", "TLS13", "for_each = toset(var.domains)"] {
        assert!(balancer.contains(part), "{part}");
    }
    assert!(text(&files, "vault.tf").contains("data_json_wo_version"));
    assert!(text(&files, "backend.tf").contains("use_lockfile = true"));
}

#[test]
fn settings_of_the_cloud_are_checked() {
    for (line, named) in [
        ("region = \"\"", "cloud.region"),
        ("zone = \"a b\"", "cloud.zone"),
        ("github_repository = \"wuffchat\"", "cloud.github_repository"),
        ("subnet_ids = [\"one\"]", "cloud.subnet_ids"),
        ("ping_port = 80", "cloud.ping_port"),
        ("nodes = 0", "cloud.nodes"),
        ("prices = { eks_hour = -1.0 }", "cloud.prices.eks_hour"),
        ("priecs = {}", "priecs"),
    ] {
        let text = format!("stage = \"dev\"\n[cloud]\n{line}\n");
        let message = Environment::from_toml(&text, None).unwrap_err().to_string();
        assert!(message.contains(named), "{line}: {message}");
    }
    let text = "stage = \"dev\"\n[cloud]\nprices = { eks_hour = 0.2 }\n";
    let cloud = Environment::from_toml(text, None).unwrap().cloud;
    assert!((cloud.prices.eks_hour - 0.2).abs() < f64::EPSILON && cloud.prices.instance_hour > 0.0);
}

#[test]
fn the_workflow_waits_its_turn_and_keeps_no_tokens() {
    let files = render::github_actions(&Environment::new(Stage::Staging)).unwrap();
    let workflow = text(&files, ".github/workflows/deploy.yml");
    for part in [
        "id-token: write",
        "cancel-in-progress: false",
        "environment: ${{ github.ref_name == 'main' && 'production' || 'staging' }}",
        "/v1/acl/login",
        "::add-mask::",
        "--plan",
        "steps.api.outputs.digest",
        "steps.ui.outputs.digest",
        // One release of both, which is undone as a whole.
        "--version-of \"api=$API_DIGEST\" --version-of \"ui=$UI_DIGEST\"",
        "--report report.html",
    ] {
        assert!(workflow.contains(part), "{part}");
    }
    for not in ["__", "secrets.NOMAD_TOKEN", "secrets.VAULT_TOKEN", ":latest", "\t"] {
        assert!(!workflow.contains(not), "{not}");
    }
    for line in workflow.lines() {
        if let Some(action) = line.split("uses: ").nth(1) {
            let version = action.split("@v").nth(1).unwrap_or_default();
            assert_eq!(version.split('.').count(), 3, "{line} is not pinned");
        }
    }
    assert_eq!(workflow.matches("timeout-minutes").count(), 3);
    let settings = text(&files, "deploy/staging.toml");
    assert_eq!(Environment::from_toml(settings, None).unwrap(), Environment::new(Stage::Staging));
    let mut local = Environment::new(Stage::Staging);
    local.registry = String::new();
    assert!(render::github_actions(&local).unwrap_err().to_string().contains("registry"));
}

#[test]
fn actionlint_finds_the_workflow_in_order() {
    for stage in [Stage::Staging, Stage::Production] {
        let files = render::github_actions(&Environment::new(stage)).unwrap();
        let folder = Folder::with(&format!("actionlint-{stage}"), &files);
        let arguments = ["-no-color", ".github/workflows/deploy.yml"];
        if let Some(output) = run("actionlint", &arguments, &folder.0) {
            assert_fine(&output);
        }
    }
}

/// YAML as a parser reads it, and each script as a shell does.
#[test]
fn the_workflow_is_yaml_with_scripts_that_bash_reads() {
    let files = render::github_actions(&Environment::new(Stage::Production)).unwrap();
    let folder = Folder::with("workflow", &files);
    let read = "import json, yaml; print(json.dumps(yaml.load(open('.github/workflows/deploy.yml'), yaml.BaseLoader)))";
    let Some(output) = run("python3", &["-c", read], &folder.0) else { return };
    if String::from_utf8_lossy(&output.stderr).contains("No module named") {
        return xtest::skip("python3 has no yaml");
    }
    assert_fine(&output);
    let workflow: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(workflow["permissions"]["contents"], "read");
    assert_eq!(workflow["jobs"]["deploy"]["permissions"]["id-token"], "write");
    assert_eq!(workflow["jobs"]["deploy"]["concurrency"]["cancel-in-progress"], "false");
    let mut scripts = 0;
    for job in workflow["jobs"].as_object().unwrap().values() {
        for step in job["steps"].as_array().unwrap() {
            assert!(step.get("uses").is_some() != step.get("run").is_some(), "{step}");
            let Some(script) = step.get("run").and_then(|script| script.as_str()) else { continue };
            assert!(!script.contains("${{"), "an expression in a script runs what others wrote: {script}");
            if let Some(output) = run("bash", &["-n", "-c", script], &folder.0) {
                assert_fine(&output);
            }
            scripts += 1;
        }
    }
    assert_eq!(scripts, 12);
}
