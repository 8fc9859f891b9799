//! What a simulated task does once it runs.

use std::time::Duration;

use serde_json::Value;

use super::json::{Json as _, glob};
use crate::embedded::Behaviour;

/// How one start of a task goes.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) pull_error: Option<String>,
    pub(crate) start_error: Option<String>,
    /// From start until its checks pass; `None` is never.
    pub(crate) healthy_after: Option<Duration>,
    /// When it ends by itself, and how.
    pub(crate) exit: Option<(Duration, i64)>,
    pub(crate) oom: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What the image tag, the command, the environment or a rule say about a task.
pub(crate) fn script(task: &Value, kind: &str, rules: &[(String, Behaviour)]) -> Script {
    let subject = subject(task);
    let finishes = matches!(kind, "batch" | "sysbatch")
        || task.at("Lifecycle").has("Hook") && !task.at("Lifecycle").b("Sidecar");
    let rule = rules.iter().rev().find(|(pattern, _)| {
        subject.names.iter().any(|n| {
            n == pattern || n.contains(pattern.as_str()) || (pattern.contains('*') && glob(pattern, n))
        })
    });
    let behaviour = match rule {
        Some((_, b)) => b.clone(),
        None if subject.tags.iter().any(|t| t.starts_with("crash")) => {
            Behaviour::Crash { exit_code: 1, after: Duration::from_secs(1) }
        }
        None if subject.tags.iter().any(|t| t.starts_with("bad")) => Behaviour::Unhealthy,
        None => return shell(task, finishes).unwrap_or_else(|| default(&subject, finishes)),
    };
    let mut script = default(&subject, finishes);
    match behaviour {
        Behaviour::Healthy => {}
        Behaviour::Unhealthy => {
            script.healthy_after = None;
            script.stderr = "health: upstream check failed\nGET /health 500\n".into();
        }
        Behaviour::SlowStart { after } => script.healthy_after = Some(after),
        Behaviour::Crash { exit_code, after } => {
            script.exit = Some((after, i64::from(exit_code)));
            script.healthy_after = None;
            script.stderr = format!("fatal: startup failed\nexiting with code {exit_code}\n");
        }
        Behaviour::OutOfMemory { after } => {
            script.exit = Some((after, 137));
            script.oom = true;
        }
        Behaviour::PullFailure { message } => script.pull_error = Some(message),
        Behaviour::StartFailure { message } => script.start_error = Some(message),
        Behaviour::Exits { exit_code, after } => script.exit = Some((after, i64::from(exit_code))),
        Behaviour::Prints { stdout, stderr } => {
            script.stdout = stdout;
            script.stderr = stderr;
        }
    }
    script
}

struct Subject {
    /// Image, command and their like, for rules.
    names: Vec<String>,
    /// What may carry a version.
    tags: Vec<String>,
}

fn subject(task: &Value) -> Subject {
    let config = task.at("Config");
    let (mut names, mut tags) = (Vec::new(), Vec::new());
    let image = config.s("image");
    if !image.is_empty() {
        names.push(image.to_owned());
        let last = image.rsplit('/').next().unwrap_or(image);
        if let Some((_, tag)) = last.split_once(':') {
            tags.push(tag.split('@').next().unwrap_or(tag).to_owned());
        }
    }
    if !config.s("command").is_empty() {
        names.push(config.s("command").to_owned());
    }
    for arg in config.a("args").iter().filter_map(Value::as_str) {
        names.push(arg.to_owned());
        if image.is_empty() && (arg.starts_with("bad") || arg.starts_with("crash")) {
            tags.push(arg.to_owned());
        }
    }
    for key in ["VERSION", "APP_VERSION"] {
        let version = task.at("Env").s(key);
        if !version.is_empty() {
            tags.push(version.to_owned());
        }
        let version = task.at("Meta").s(&key.to_lowercase());
        if !version.is_empty() {
            tags.push(version.to_owned());
        }
    }
    names.push(task.s("Name").to_owned());
    Subject { names, tags }
}

fn default(subject: &Subject, finishes: bool) -> Script {
    let what = subject.names.first().map_or("task", String::as_str);
    Script {
        pull_error: None,
        start_error: None,
        healthy_after: Some(Duration::from_millis(500)),
        exit: finishes.then_some((Duration::from_secs(2), 0)),
        oom: false,
        stdout: format!("starting {what}\nready\n"),
        stderr: String::new(),
    }
}

/// The handful of shell words development jobs are made of: `echo`, `sleep`, `exit`, `true`, `false`.
fn shell(task: &Value, finishes: bool) -> Option<Script> {
    let config = task.at("Config");
    let command = config.s("command").rsplit('/').next().unwrap_or("");
    let args: Vec<&str> = config.a("args").iter().filter_map(Value::as_str).collect();
    let text = match (command, args.as_slice()) {
        ("sh" | "bash" | "ash", ["-c" | "-ec", text, ..]) => (*text).to_owned(),
        ("sleep" | "echo" | "true" | "false" | "exit", args) => format!("{command} {}", args.join(" ")),
        _ => return None,
    };
    let (mut slept, mut code, mut endless) = (Duration::ZERO, None, false);
    let (mut stdout, mut stderr) = (String::new(), String::new());
    for part in text.split([';', '\n']).flat_map(|p| p.split("&&")) {
        let part = part.trim();
        let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        match word {
            "echo" => {
                let (text, to_stderr) = match rest.split_once(">&2") {
                    Some((a, b)) => (format!("{}{}", a.trim(), b), true),
                    None => (rest.trim().to_owned(), false),
                };
                let text = text.trim().trim_matches(['"', '\'']).to_owned() + "\n";
                if to_stderr { stderr += &text } else { stdout += &text }
            }
            "sleep" if rest.trim() == "infinity" => endless = true,
            "sleep" => {
                slept += Duration::from_secs_f64(
                    rest.trim().parse::<f64>().ok().filter(|s| (0.0..1e9).contains(s)).unwrap_or(1.0),
                )
            }
            "exit" => {
                code = Some(rest.trim().parse().unwrap_or(0));
                break;
            }
            "false" => code = Some(1),
            "true" => code = Some(0),
            "while" | "tail" | "exec" => endless = true,
            _ => {}
        }
    }
    let exits = !endless && (finishes || code.is_some() || !slept.is_zero());
    Some(Script {
        pull_error: None,
        start_error: None,
        healthy_after: Some(Duration::from_millis(200)),
        exit: exits.then(|| (slept.max(Duration::from_millis(50)), code.unwrap_or(0))),
        oom: false,
        stdout,
        stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_image_tag_decides() {
        let with = |image: &str| script(&json!({"Name": "t", "Config": {"image": image}}), "service", &[]);
        assert!(with("reg:5000/app:v1").healthy_after.is_some());
        assert!(with("reg:5000/app:bad-2").healthy_after.is_none());
        assert_eq!(with("app:crash").exit.map(|e| e.1), Some(1));
        assert!(with("bad/app:v1").healthy_after.is_some(), "only the tag counts");
    }

    #[test]
    fn a_shell_line_is_followed() {
        let task = json!({"Name": "t", "Config": {"command": "/bin/sh", "args": ["-c", "echo boom >&2; sleep 2; exit 3"]}});
        let s = script(&task, "service", &[]);
        assert_eq!((s.stderr.as_str(), s.exit), ("boom\n", Some((Duration::from_secs(2), 3))));
    }

    #[test]
    fn the_last_matching_rule_wins() {
        let rules = [("app".to_owned(), Behaviour::Unhealthy), ("app:v*".to_owned(), Behaviour::Healthy)];
        let s = script(&json!({"Config": {"image": "app:v2"}}), "service", &rules);
        assert!(s.healthy_after.is_some());
    }
}
