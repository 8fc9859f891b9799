//! Rules about a job as a whole.

use super::{Look, rules};

rules! {
    NO_NAMESPACE = "no-namespace" Some(24), Warning,
        "set `namespace`, and take `datacenters` from the environment, such as [\"*\"]";
}

pub(super) fn look(look: &Look<'_>) {
    let datacenters = look.job.get("datacenters").and_then(|value| value.as_array());
    let fixed = datacenters.is_some_and(|names| names.iter().any(|name| name == "dc1"));
    let nowhere = look.job.text("namespace").is_none();
    if nowhere || fixed {
        let mut what = Vec::new();
        if nowhere {
            what.push("no namespace: every environment would share `default`");
        }
        if fixed {
            what.push("the datacenter `dc1` is written into the job");
        }
        let line = if fixed { look.job.line_of("datacenters") } else { look.job.line };
        look.found(&NO_NAMESPACE, line, what.join("; "));
    }
}
