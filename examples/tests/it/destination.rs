//! Where a program goes: where settings and variables say, and into a simulation only where that was asked for or
//! nothing is configured for development.

use serde_json::json;

use crate::programs::{Embedded, Folder, SECRETS, Site};

/// Programs that go to an environment, with what they need to do something there.
const PROGRAMS: [(&str, &[&str]); 14] = [
    ("deploy", &["--version", "v7", "--yes"]),
    ("status", &[]),
    ("rollback", &[]),
    ("history", &[]),
    ("drift", &[]),
    ("platform", &["--plan"]),
    ("preflight", &[]),
    ("seed_secrets", &["--dry-run"]),
    ("rotate_secret", &["openai"]),
    ("scale", &["api", "3"]),
    ("logs", &[]),
    ("events", &["--count", "1"]),
    ("exec", &[]),
    ("promote", &[]),
];

fn arguments<'a>(name: &str, more: &[&'a str], environment: &'a str, config: &'a str) -> Vec<&'a str> {
    let target = if name == "promote" { "--to" } else { "--environment" };
    let mut all = vec![target, environment, "--config", config];
    all.extend(more);
    if name == "promote" {
        all.extend(["--from", "dev"]);
    }
    if name == "exec" {
        all.extend(["--", "true"]);
    }
    all
}

fn with_file(text: &str) -> (Folder, Site) {
    // Tests of a process run side by side, each in a folder of its own.
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = Folder::new(&format!("destination-{number}"));
    folder.write("prod.toml", text);
    let site = Site { folder: Some(folder.0.clone()), ..Site::default() };
    (folder, site)
}

#[test]
fn an_environment_with_users_is_never_simulated_by_accident() {
    let (_folder, site) = with_file("registry = \"registry.example.com\"\n");
    for environment in ["production", "staging"] {
        for (name, more) in PROGRAMS {
            let ran = site.run(name, &arguments(name, more, environment, "prod.toml")).exits(1);
            let ran = ran.warns(&[
                "error: ",
                environment,
                "prod.toml",
                "NOMAD_ADDR",
                "VAULT_ADDR",
                "CONSUL_HTTP_ADDR",
            ]);
            assert!(ran.stdout.is_empty(), "{ran}");
        }
    }
    // A variable that is missing is named, and those that are there are not.
    let one = Site {
        variables: vec![
            ("NOMAD_ADDR".to_owned(), "http://127.0.0.1:9".to_owned()),
            ("CONSUL_HTTP_ADDR".to_owned(), "http://127.0.0.1:9".to_owned()),
        ],
        ..site.clone()
    };
    let ran = one.run("deploy", &["--environment", "production", "--yes"]).exits(1).warns(&["VAULT_ADDR"]);
    assert!(!ran.stderr.contains("NOMAD_ADDR"), "{ran}");
    // As JSON it is one document.
    let ran = site.run("deploy", &["--environment", "production", "--output", "json"]).exits(1);
    assert!(ran.json()["error"].as_str().unwrap().contains("NOMAD_ADDR"), "{ran}");
    // Asked for by name it is simulated.
    site.run("deploy", &["--environment", "production", "--stack", "embedded", "--plan"])
        .exits(0)
        .says(&["simulated"]);
}

#[test]
fn the_settings_addresses_are_what_is_connected_to() {
    let stack = Embedded::start();
    let of = |name: &str| {
        let found = stack.site.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    let settings = format!(
        "[addresses]\nnomad = \"{}\"\nvault = \"{}\"\nconsul = \"{}\"\n[update]\nmin_healthy_time = \"1s\"\n",
        of("NOMAD_ADDR"),
        of("VAULT_ADDR"),
        of("CONSUL_HTTP_ADDR")
    );
    let (_folder, mut site) = with_file(&settings);
    let tokens = stack.site.variables.iter().filter(|(name, _)| name.ends_with("_TOKEN"));
    site.variables = tokens.cloned().collect();
    assert_eq!(site.variables.len(), 3);
    let deploy =
        ["--environment", "production", "--config", "prod.toml", "--version", "v7", "--secrets", "-"];
    let ran = site.run_with("deploy", &deploy, SECRETS).exits(0);
    assert!(!format!("{ran}").contains("simulated"), "{ran}");
    let status = ["--environment", "production", "--config", "prod.toml"];
    site.run("status", &status).exits(0).says(&["release v7", "healthy 2/2"]);
    // It is there, and not somewhere else.
    stack.site.run("status", &["--environment", "production"]).exits(0).says(&["release v7"]);
    let report =
        site.run("deploy", &[&deploy[..6], &["--plan", "--output", "json"]].concat()).exits(0).json();
    assert_eq!(report["stack"], json!("env"));
    assert!(report["simulated"].is_null(), "{report}");

    // A variable that says the same is no contradiction, one that says something else is.
    let mut same = site.clone();
    same.variables.push(("NOMAD_ADDR".to_owned(), format!("{}/", of("NOMAD_ADDR"))));
    same.run("status", &status).exits(0);
    for name in ["NOMAD_ADDR", "VAULT_ADDR", "CONSUL_HTTP_ADDR"] {
        let mut other = site.clone();
        other.variables.push((name.to_owned(), "http://127.0.0.1:9".to_owned()));
        for (program, more) in PROGRAMS {
            let ran = other.run(program, &arguments(program, more, "production", "prod.toml")).exits(1);
            let ran = ran.warns(&["prod.toml", of(name).as_str(), name, "http://127.0.0.1:9"]);
            for (_, token) in &site.variables {
                assert!(!format!("{ran}").contains(token.as_str()), "{ran}");
            }
        }
    }
}

#[test]
fn a_simulation_says_so_first_and_last() {
    let (folder, site) = with_file("");
    let reports = ["--report", "r.md", "--report", "r.html", "--report", "r.json"];
    let ran = site.run("deploy", &reports).exits(0);
    let said = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let (first, last) = (lines.first().copied().unwrap_or(""), lines.last().copied().unwrap_or(""));
        assert!(first.contains("simulated") && last.contains("simulated"), "{text}");
    };
    said(&ran.stdout);
    let read = |name: &str| std::fs::read_to_string(folder.0.join(name)).unwrap();
    for name in ["r.md", "r.html"] {
        assert!(read(name).contains("simulated: version v1 on dev is deployed"), "{name}");
    }
    let report: serde_json::Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(report["simulated"], true);
    for (name, more) in [
        ("status", &[][..]),
        ("preflight", &[]),
        ("history", &[]),
        ("seed_secrets", &[]),
        ("rollback", &["--from", "v1", "--from", "v2", "--plan"]),
        ("deploy", &["--version", "bad-1"]),
    ] {
        said(&site.run(name, more).stdout);
        let document = site.run(name, &[&["--output", "json"][..], more].concat()).json();
        assert_eq!(document["simulated"], true, "{name}");
    }
    // What belongs to somebody else is not touched, nor is it silent.
    for (name, more) in
        [("logs", &[][..]), ("exec", &["--", "true"]), ("leader_election", &["--lead", "1ms"])]
    {
        let ran = site.run(name, more);
        assert!(!ran.stdout.contains("simulated"), "{ran}");
        said(&ran.stderr);
    }
}
