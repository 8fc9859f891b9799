//! Rules about commands: seeding secrets, setting Vault up, minimum versions.

use nomad_client::lint::Diagnostic;

use super::app::SHARED_PATH;
use super::{declare, names_environment, number};

declare! {
    UNBOUND_POLICY = "vault-not-wired" Some(8), Warning,
        "enable KV version 2 and the auth method jwt-nomad, configure its keys, and write a role that has the policy (`identity::ensure`, program `seed_secrets`)";
    IN_ARGUMENTS = "secret-in-arguments" Some(13), Error,
        "give the value on stdin or as key=@file, with -cas=<version>; or use `seed_secrets`";
    OLD_MINIMUM = "minimum-too-old" Some(38), Warning,
        "Nomad >= 1.10, Vault >= 1.18, Consul >= 1.21, Terraform >= 1.9, said once";
    NO_COMMANDS = "steps-without-commands" Some(58), Warning,
        "run `deploy`, which plans, tests by canary, watches and takes back, and `rollback`";
}

/// The oldest releases that are still looked after.
const MINIMA: [(&str, (u32, u32)); 4] =
    [("nomad", (1, 10)), ("vault", (1, 18)), ("consul", (1, 21)), ("terraform", (1, 9))];

/// What the rules find in commands.
///
/// ```
/// let found = wuffchat_deploy::lint::shell("# 1. Test\n# 2. Deploy with zero downtime\n");
/// assert_eq!(found[0].rule, "steps-without-commands");
/// ```
#[must_use]
pub fn shell(text: &str) -> Vec<Diagnostic> {
    let mut found = commands(text);
    found.extend(intentions(text));
    found.extend(versions(text));
    super::sorted(found)
}

/// Commands with the lines that end in a backslash joined, without comments, and where each starts.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut commands: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') {
            continue;
        }
        let part = trimmed.trim_end_matches('\\').trim_end();
        match commands.last_mut().filter(|_| open) {
            Some((_, command)) => {
                command.push(' ');
                command.push_str(part);
            }
            None => commands.push((index, part.to_owned())),
        }
        open = trimmed.ends_with('\\');
    }
    commands
}

pub(super) fn commands(text: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let commands = joined(text);
    let any =
        |words: &[&str]| commands.iter().any(|(_, command)| words.iter().all(|word| command.contains(word)));
    let wired =
        any(&["vault write", "auth/", "/role/"]) && (any(&["vault auth enable"]) || any(&["sys/auth/"]));
    let policy = commands.iter().find(|(_, command)| command.contains("vault policy write"));
    if let (Some((at, command)), false) = (policy, wired) {
        let name = command.split_whitespace().skip_while(|word| *word != "write").nth(1).unwrap_or_default();
        let message = format!("the policy `{name}` is bound to nothing: no auth method for Nomad, no role");
        found.push(UNBOUND_POLICY.found(number(*at), message));
    }
    for (at, command) in &commands {
        if let Some(path) = command.strip_prefix("path \"").and_then(|rest| rest.split('"').next()) {
            shared(path, *at, &mut found);
        }
        for words in ["vault kv put ", "vault kv patch "] {
            if let Some((_, arguments)) = command.split_once(words) {
                seeding(arguments, *at, &mut found);
            }
        }
    }
    found
}

fn shared(path: &str, at: usize, found: &mut Vec<Diagnostic>) {
    if path.split('/').any(|part| part == "wuffchat") && !names_environment(path) {
        let message = format!("`{path}` is the same in every environment: each reads the others' secrets");
        found.push(SHARED_PATH.found(number(at), message));
    }
}

fn seeding(arguments: &str, at: usize, found: &mut Vec<Diagnostic>) {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    if let Some(path) = words.iter().find(|word| !word.starts_with('-') && !word.contains('=')) {
        shared(path, at, found);
    }
    let given = words.iter().filter(|word| !word.starts_with('-')).find_map(|word| {
        let (key, value) = word.split_once('=')?;
        (!value.starts_with(['@', '-']) && !value.is_empty()).then_some(key)
    });
    if let Some(key) = given {
        let cas = if words.iter().any(|word| word.starts_with("-cas")) {
            ""
        } else {
            ", and without -cas it replaces whatever is there"
        };
        let message =
            format!("the value of `{key}` is in the shell's history and in the list of processes{cas}");
        found.push(IN_ARGUMENTS.found(number(at), message));
    }
}

/// Steps that are only spoken of.
pub(super) fn intentions(text: &str) -> Option<Diagnostic> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let all = lines.len() >= 2 && lines.iter().all(|line| line.starts_with('#') && !line.starts_with("#!"));
    let at = text.lines().position(|line| !line.trim().is_empty()).and_then(number);
    let message = "steps without a command: nothing tests, deploys, watches or takes back";
    all.then(|| NO_COMMANDS.found(at, message))
}

/// Minimum versions such as `1.6+` in prose, comments and commands.
pub(super) fn versions(text: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        for (product, minimum) in MINIMA {
            if !lower.contains(product) {
                continue;
            }
            let old = lower.split_whitespace().find_map(|word| {
                let word = word.trim_matches(|c: char| !c.is_ascii_digit() && c != '+' && c != '.');
                let (major, minor) = word.strip_suffix('+')?.split_once('.')?;
                let version = (major.parse::<u32>().ok()?, minor.split('.').next()?.parse::<u32>().ok()?);
                (version < minimum).then(|| word.to_owned())
            });
            if let Some(old) = old {
                let message = format!(
                    "{product} {old} is asked for, but before {}.{} nothing is looked after",
                    minimum.0, minimum.1
                );
                found.push(OLD_MINIMUM.found(number(index), message));
                break;
            }
        }
    }
    found
}
