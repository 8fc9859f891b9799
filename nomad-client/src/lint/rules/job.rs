//! Rules about a job as a whole.

use super::{Block, Look, rules};

rules! {
    NO_NAMESPACE = "no-namespace" Some(24), Warning,
        "set `namespace`, such as to a variable";
    FIXED_DATACENTER = "fixed-datacenter" None, Info,
        "take `datacenters` from the environment, such as [\"*\"]";
}

pub(super) fn look(look: &Look<'_>) {
    if look.job.text("namespace").is_none() && knows_environments(look) {
        let message = "no namespace: every environment would share `default`";
        look.found(&NO_NAMESPACE, look.job.line, message);
    }
    let datacenters = look.job.get("datacenters").and_then(|value| value.as_array());
    if datacenters.is_some_and(|names| names.iter().any(|name| name == "dc1")) {
        let message = "the datacenter `dc1` is written into the job";
        look.found(&FIXED_DATACENTER, look.job.line_of("datacenters"), message);
    }
}

/// Whether the file speaks of an environment that it is for. One that does not may well be for the
/// only one there is, or be registered with `-namespace`.
fn knows_environments(look: &Look<'_>) -> bool {
    let named = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            let word = word.to_ascii_lowercase();
            let words =
                ["environment", "env", "stage", "staging", "prod", "production", "dev", "development"];
            words.contains(&word.as_str())
        })
    };
    let of_block = |block: &Block| {
        let secret = |text: &str| {
            text.split("secret \"").skip(1).any(|rest| rest.split('"').next().is_some_and(named))
        };
        let of_meta = |text: &str| {
            let names = text.split("NOMAD_META_").skip(1);
            names.filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next()).any(named)
        };
        match block.kind.as_str() {
            "meta" => block
                .attributes
                .iter()
                .any(|(key, found)| named(key) || found.value.as_str().is_some_and(named)),
            "template" => block.text("data").is_some_and(|data| secret(data) || of_meta(data)),
            _ => block.map("meta").into_keys().any(named),
        }
    };
    look.root.blocks("variable").any(|variable| named(variable.label()))
        || named(look.job.label())
        || look.job.all().into_iter().any(of_block)
}
