//! What the tokens at hand may do, and how long they live.

use std::time::Duration;

use jiff::Timestamp;
use nomad_client::{AclRules, TokenType};
use vault_client::policy::Capability;

use super::servers::not_allowed;
use crate::Clients;
use crate::app::{API, Environment};
use crate::finding::Finding;
use crate::secrets;

/// What a release does in its namespace.
const NEEDED: [&str; 5] = ["list-jobs", "read-job", "submit-job", "scale-job", "read-logs"];

pub(super) async fn look(clients: &Clients, environment: &Environment, release: Duration) -> Vec<Finding> {
    let (nomad, vault, consul) = tokio::join!(
        nomad(clients, environment, release),
        vault(clients, environment, release),
        consul(clients, release)
    );
    nomad.into_iter().chain(vault).chain(consul).collect()
}

async fn nomad(clients: &Clients, environment: &Environment, release: Duration) -> Vec<Finding> {
    let nomad = &clients.nomad;
    let mut findings = Vec::new();
    let namespace = environment.namespace.as_str();
    let token = match nomad.acl().own_token().await {
        Ok(token) => token,
        Err(error) if is_off(error.status(), &error) => {
            let found =
                Finding::warning("nomad.token", "Nomad has no ACLs: whoever reaches it may do everything")
                    .fix("acl { enabled = true } in the agents, then bootstrap");
            findings.push(found);
            findings.push(self::namespace(clients, namespace, true).await);
            return findings;
        }
        Err(error) => {
            let found = Finding::problem("nomad.token", format!("Nomad does not know the token: {error}"));
            return vec![found.fix("log in again, or set NOMAD_TOKEN")];
        }
    };
    findings.push(lifetime("nomad", token.expiration_time, release));
    let manages = token.token_type == TokenType::Management;
    if manages {
        let found =
            Finding::ok("nomad.capabilities", "a management token, which may do more than a release needs");
        findings.push(found);
    } else {
        findings.extend(capabilities(nomad, environment).await);
    }
    findings.push(self::namespace(clients, namespace, manages).await);
    findings
}

async fn capabilities(nomad: &nomad_client::Client, environment: &Environment) -> Vec<Finding> {
    let check = "nomad.capabilities";
    let rules = match rules(nomad).await {
        Ok(rules) => rules,
        Err(error) => return vec![not_allowed(check, "the token's policies", &error)],
    };
    match AclRules::parse(rules.iter().map(String::as_str)) {
        Ok(rules) => judge(&rules, environment),
        Err(cause) => vec![Finding::unknown(check, format!("the token's policies are not HCL: {cause}"))],
    }
}

/// The rules of the token's policies. Nomad lists its own without them, and lets it read each.
async fn rules(nomad: &nomad_client::Client) -> nomad_client::Result<Vec<String>> {
    let mut rules = Vec::new();
    for policy in nomad.acl().own_policies().await? {
        rules.push(match policy.rules.is_empty() {
            true => nomad.acl().policy(&policy.name).await?.rules,
            false => policy.rules,
        });
    }
    Ok(rules)
}

fn judge(rules: &AclRules, environment: &Environment) -> Vec<Finding> {
    let namespace = environment.namespace.as_str();
    let missing: Vec<&str> =
        NEEDED.into_iter().filter(|capability| !rules.allows(namespace, capability)).collect();
    let check = "nomad.capabilities";
    let mut findings = vec![if missing.is_empty() {
        Finding::ok(check, format!("the token may do what a release does in `{namespace}`"))
    } else {
        let fix = format!("namespace \"{namespace}\" {{ capabilities = [\"{}\"] }}", missing.join("\", \""));
        Finding::problem(check, format!("in `{namespace}` the token lacks {}", missing.join(", "))).fix(fix)
    }];
    let path = crate::release::lock_path(environment);
    let may = ["read", "write", "list"]
        .into_iter()
        .all(|capability| rules.allows_variable(namespace, &path, capability));
    findings.push(if may {
        Finding::ok("nomad.lock", format!("the token may hold the lock `{path}`"))
    } else {
        let folder = path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder);
        let fix = format!("variables {{ path \"{folder}/*\" {{ capabilities = [\"read\", \"write\", \"list\"] }} }} in the namespace");
        Finding::problem("nomad.lock", format!("the token may not write the variable `{path}`, the lock of releases")).fix(fix)
    });
    if !rules.reads("node") {
        let found =
            Finding::warning("nomad.nodes", "the token may not read nodes, so capacity cannot be judged");
        findings.push(found.fix("node { policy = \"read\" }"));
    }
    findings
}

async fn namespace(clients: &Clients, name: &str, manages: bool) -> Finding {
    let check = "nomad.namespace";
    match clients.nomad.namespaces().get(name).optional().await {
        Ok(Some(_)) => Finding::ok(check, format!("the namespace `{name}` exists")),
        Ok(None) if manages => Finding::ok(check, format!("the namespace `{name}` will be made")),
        Ok(None) => {
            Finding::problem(check, format!("there is no namespace `{name}`, and the token may not make it"))
                .fix(format!("nomad namespace apply {name}"))
        }
        Err(error) => not_allowed(check, "the namespace", &error),
    }
}

/// ACLs that are off answer an error of their own.
fn is_off(status: Option<u16>, error: &dyn std::error::Error) -> bool {
    let says = |error: &dyn std::error::Error| error.to_string().contains("ACL support disabled");
    matches!(status, Some(400 | 401 | 500)) && (says(error) || error.source().is_some_and(says))
}

async fn vault(clients: &Clients, environment: &Environment, release: Duration) -> Vec<Finding> {
    let vault = &clients.vault;
    let token = match vault.auth().token().lookup_self().await {
        Ok(token) => token,
        Err(error) if error.is_sealed() => return Vec::new(),
        Err(error) => {
            let found = Finding::problem("vault.token", format!("Vault does not know the token: {error}"));
            return vec![found.fix("log in again, or set VAULT_TOKEN")];
        }
    };
    let mut findings = vec![lifetime("vault", token.expire_time, release)];
    let settings = &environment.vault;
    let data = |name: &str| format!("{}/data/{}", settings.mount, secrets::path(environment, name));
    let paths: Vec<String> = secrets::LAYOUT.iter().map(|layout| data(layout.name)).collect();
    let role = format!("auth/{}/role/{}", settings.auth_mount, settings.role);
    let policy = format!("sys/policies/acl/{}", settings.role);
    let asked: Vec<&str> = paths.iter().chain([&role, &policy]).map(String::as_str).collect();
    let found = match vault.sys().capabilities_self(&asked).await {
        Ok(found) => found,
        Err(error) => {
            findings.push(not_allowed("vault.capabilities", "what the token may do", &error));
            return findings;
        }
    };
    let lacking = |capability: Capability| -> Vec<&str> {
        asked.iter().copied().filter(|path| !found.allow(path, &capability)).collect()
    };
    let unread = lacking(Capability::Read);
    findings.push(if unread.is_empty() {
        Finding::ok("vault.capabilities", "the token may read the secrets, the role and the policy")
    } else {
        Finding::problem("vault.capabilities", format!("the token may not read {}", unread.join(", ")))
            .fix("a policy with `read` at these paths")
    });
    let unwritten = lacking(Capability::Update);
    findings.push(if unwritten.is_empty() {
        Finding::ok("vault.writes", "the token may write what is missing")
    } else {
        let message = format!("the token may not write {}: it has to be there already", unwritten.join(", "));
        Finding::warning("vault.writes", message)
            .fix("a policy with `create` and `update` at these paths, or `seed_secrets` with another token")
    });
    findings
}

async fn consul(clients: &Clients, release: Duration) -> Vec<Finding> {
    let consul = &clients.consul;
    let mut findings = match consul.acl().token_self().await {
        Ok(token) => vec![lifetime("consul", token.expiration_time, release)],
        Err(error) if is_off(error.status(), &error) => {
            let found =
                Finding::warning("consul.token", "Consul has no ACLs: whoever reaches it may do everything");
            vec![found.fix("acl { enabled = true, default_policy = \"deny\" } in the agents, then bootstrap")]
        }
        Err(error) => vec![not_allowed("consul.token", "the token", &error)],
    };
    let check = "consul.capabilities";
    findings.push(match consul.health().service(API).reply().await {
        Ok(reply) if reply.meta.results_filtered_by_acls == Some(true) => Finding::problem(
            check,
            format!("the token may not see all of `{API}` in Consul"),
        )
        .fix("service_prefix \"wuffchat-\" { policy = \"read\" } and node_prefix \"\" { policy = \"read\" }"),
        Ok(_) => Finding::ok(check, format!("the token may see the health of `{API}`")),
        Err(error) => Finding::problem(check, format!("the health of `{API}` cannot be read: {error}")).fix(
            "service_prefix \"wuffchat-\" { policy = \"read\" } and node_prefix \"\" { policy = \"read\" }",
        ),
    });
    findings
}

fn lifetime(product: &str, ends: Option<Timestamp>, release: Duration) -> Finding {
    let check = format!("{product}.token");
    let Some(ends) = ends else {
        return Finding::ok(check, format!("{product}'s token does not end"));
    };
    let left = u64::try_from(ends.as_second().saturating_sub(Timestamp::now().as_second())).unwrap_or(0);
    let message = format!("{product}'s token ends in {} min", left / 60);
    if left < release.as_secs() {
        let fix = "log in anew, or renew it, right before the release";
        Finding::problem(check, format!("{message}, and a release may take {} min", release.as_secs() / 60))
            .fix(fix)
    } else {
        Finding::ok(check, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, Stage};

    #[test]
    fn a_policy_that_allows_releases_is_enough_and_less_is_not() {
        let environment = Environment::new(Stage::Staging);
        let enough = "namespace \"staging\" {\n policy = \"write\"\n variables {\n path \"wuffchat-deploy/*\" {\n capabilities = [\"read\", \"write\", \"list\"]\n }\n }\n}\nnode {\n policy = \"read\"\n}\n";
        let found = judge(&AclRules::parse([enough]).unwrap(), &environment);
        assert!(found.iter().all(|found| found.level == Level::Ok), "{found:?}");
        let less = "namespace \"staging\" {\n policy = \"read\"\n}\n";
        let found = judge(&AclRules::parse([less]).unwrap(), &environment);
        let levels: Vec<_> = found.iter().map(|found| (found.check.as_str(), found.level)).collect();
        assert_eq!(
            levels,
            [
                ("nomad.capabilities", Level::Problem),
                ("nomad.lock", Level::Problem),
                ("nomad.nodes", Level::Warning)
            ]
        );
        assert!(found[0].message.contains("submit-job") && !found[0].message.contains("read-job"));
        let elsewhere = judge(&AclRules::parse([enough]).unwrap(), &Environment::new(Stage::Production));
        assert_eq!(elsewhere[0].level, Level::Problem);
    }

    #[test]
    fn a_token_has_to_outlast_the_release() {
        let soon = Timestamp::now() + Duration::from_secs(600);
        assert_eq!(lifetime("nomad", Some(soon), Duration::from_secs(1800)).level, Level::Problem);
        assert_eq!(lifetime("nomad", Some(soon), Duration::from_secs(60)).level, Level::Ok);
        assert_eq!(lifetime("nomad", None, Duration::from_secs(60)).level, Level::Ok);
    }
}
