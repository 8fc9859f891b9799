//! Rules about services, their checks and their tags for Traefik.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Block, Look, rules};

rules! {
    CHECK_NAMES = "check-names" Some(21), Warning,
        "name each check, such as \"liveness\" and \"readiness\"";
    DEEP_CHECK = "deep-check-gates" Some(22), Warning,
        "let only a cheap check decide (every 10 s or less), and put the deep one with on_update = \"ignore\" on a service of its own";
    DEEP_CHECK_ROUTES = "deep-check-routes" None, Warning,
        "put the check on a service of its own in the group, which nobody routes to";
    CANARY_TAGS = "no-canary-tags" Some(25), Warning,
        "canary_tags without any for Traefik (with exposedByDefault off), or a router of their own and traefik.consulcatalog.canary=true";
    CANARY_DISABLES = "canary-disables-service" None, Error,
        "leave Traefik's tags out of canary_tags, or give canaries a router of their own and traefik.consulcatalog.canary=true";
    TLS_ROUTER = "tls-without-entry-point" Some(26), Warning,
        "behind a load balancer that ends TLS leave `tls` out, and name the router's `entrypoints`";
    TLS_CERTIFICATE = "tls-without-certificate" Some(27), Warning,
        "set tls.certresolver, or end TLS at the load balancer";
    NO_CHECK = "no-check" None, Warning,
        "add a check: without one an instance counts as healthy as soon as its task runs";
    SLOW_CHECK = "check-too-slow" None, Error,
        "make the check's interval and timeout together shorter than healthy_deadline";
}

pub(super) fn look(look: &Look<'_>, service: &Block) {
    let checks: Vec<&Block> = service.blocks("check").collect();
    names(look, service, &checks);
    gates(look, &checks);
    tags(look, service, &checks);
    if checks.is_empty() && look.kind() == "service" && service.block("connect").is_none() {
        look.found(&NO_CHECK, service.line, format!("service \"{}\" has no check", name(look, service)));
    }
}

fn name<'a>(look: &'a Look<'_>, service: &'a Block) -> &'a str {
    service.text("name").unwrap_or_else(|| look.job.label())
}

fn names(look: &Look<'_>, service: &Block, checks: &[&Block]) {
    let mut seen = BTreeSet::new();
    for check in checks {
        let default = format!("service: \"{}\" check", name(look, service));
        let named = check.text("name").unwrap_or(&default).to_owned();
        if !seen.insert(named.clone()) {
            look.found(&CHECK_NAMES, check.line, format!("two checks are called `{named}`"));
        }
    }
}

/// Whether deployments wait for it.
fn decides(check: &Block) -> bool {
    !matches!(check.text("on_update"), Some("ignore" | "ignore_warnings"))
}

fn gates(look: &Look<'_>, checks: &[&Block]) {
    let interval = |check: &Block| check.duration("interval").unwrap_or(Duration::from_secs(10));
    let quickest = checks.iter().map(|check| interval(check)).min().unwrap_or_default();
    for check in checks.iter().filter(|check| decides(check)) {
        let every = interval(check);
        let deadline = look.healthy_deadline();
        if look.kind() == "service"
            && every.saturating_add(check.duration("timeout").unwrap_or_default()) >= deadline
        {
            let message =
                format!("a check every {}s against a deadline of {}s", every.as_secs(), deadline.as_secs());
            look.found(&SLOW_CHECK, check.line, message);
        } else if checks.len() > 1 && every > quickest && every >= Duration::from_secs(20) {
            let message = format!(
                "the check of `{}` decides too: each instance waits up to {} s for it, and trouble behind it takes all instances out",
                check.text("path").unwrap_or_default(),
                every.as_secs()
            );
            look.found(&DEEP_CHECK, check.line_of("path"), message);
        }
    }
}

fn tags(look: &Look<'_>, service: &Block, checks: &[&Block]) {
    let texts = |name: &str| {
        let values = service.get(name).and_then(|value| value.as_array());
        values.into_iter().flatten().filter_map(|value| value.as_str()).collect::<Vec<_>>()
    };
    let tags = texts("tags");
    let line = service.line_of("tags");
    let routed = tags.iter().any(|tag| tag.starts_with("traefik.http.routers."));
    if routed && !service.attributes.contains_key("canary_tags") && look.kind() == "service" {
        look.found(&CANARY_TAGS, service.line, "a canary gets users before it has proved itself");
    }
    if routed && texts("canary_tags").contains(&"traefik.enable=false") {
        let message = "Traefik joins the tags of all instances to see whether a service is enabled: one canary may take all instances out";
        look.found(&CANARY_DISABLES, service.line_of("canary_tags"), message);
    }
    for check in checks.iter().filter(|check| routed && !decides(check)) {
        let message = format!(
            "Traefik leaves out who fails any check of the service, so that the one of `{}` decides about users, if not about deployments",
            check.text("path").unwrap_or_default()
        );
        look.found(&DEEP_CHECK_ROUTES, check.line_of("path"), message);
    }
    for tag in &tags {
        let Some(router) = tag.strip_suffix(".tls=true") else { continue };
        let has = |setting: &str| tags.iter().any(|tag| tag.starts_with(&format!("{router}.{setting}")));
        if !has("entrypoints=") {
            let message = "a router with tls matches no plain request: behind a load balancer that ends TLS it answers 404";
            look.found(&TLS_ROUTER, line, message);
        }
        if !has("tls.certresolver=") && !has("tls.domains") {
            look.found(
                &TLS_CERTIFICATE,
                line,
                "tls without a resolver: users see Traefik's self-signed certificate",
            );
        }
    }
}
