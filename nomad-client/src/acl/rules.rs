//! What ACL policies allow, evaluated as a server does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::lint::{Block, Unreadable};

/// The rules of one or several policies, to ask without a server what a token with them may do.
/// [Policy syntax](https://developer.hashicorp.com/nomad/docs/reference/acl-policy)
///
/// Of the names that a namespace or a path of variables matches, the exact one counts, else the
/// pattern that is nearest to it; `deny` outweighs what other policies say of the same name.
///
/// ```
/// use nomad_client::AclRules;
/// let rules = AclRules::parse(["namespace \"prod-*\" {\n  policy = \"read\"\n}\n"])?;
/// assert!(rules.allows("prod-eu", "read-job") && !rules.allows("prod-eu", "submit-job"));
/// # Ok::<(), nomad_client::lint::Unreadable>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AclRules {
    namespaces: BTreeMap<String, BTreeSet<String>>,
    variables: BTreeMap<String, BTreeSet<String>>,
    areas: BTreeMap<String, BTreeSet<String>>,
}

const READ: [&str; 9] = [
    "list-jobs",
    "parse-job",
    "read-job",
    "csi-list-volume",
    "csi-read-volume",
    "read-job-scaling",
    "list-scaling-policies",
    "read-scaling-policy",
    "host-volume-read",
];
const WRITE: [&str; 11] = [
    "scale-job",
    "submit-job",
    "dispatch-job",
    "read-logs",
    "read-fs",
    "alloc-exec",
    "alloc-lifecycle",
    "csi-mount-volume",
    "csi-write-volume",
    "submit-recommendation",
    "host-volume-create",
];
const SCALE: [&str; 6] = [
    "list-scaling-policies",
    "read-scaling-policy",
    "read-job-scaling",
    "scale-job",
    "read-job",
    "submit-recommendation",
];

impl AclRules {
    /// Reads the rules of policies, in HCL.
    ///
    /// # Errors
    ///
    /// One of them is no HCL.
    pub fn parse<'a>(policies: impl IntoIterator<Item = &'a str>) -> Result<Self, Unreadable> {
        let mut rules = Self::default();
        for policy in policies {
            rules.add(&Block::parse(policy)?);
        }
        Ok(rules)
    }

    fn add(&mut self, root: &Block) {
        for block in &root.children {
            match block.kind.as_str() {
                "namespace" => self.namespace(block),
                area => {
                    let levels = self.areas.entry(area.to_owned()).or_default();
                    levels.extend(block.text("policy").map(str::to_owned));
                }
            }
        }
    }

    fn namespace(&mut self, block: &Block) {
        let name = if block.label().is_empty() { "default" } else { block.label() };
        let capabilities = self.namespaces.entry(name.to_owned()).or_default();
        let expanded: &[&[&str]] = match block.text("policy") {
            Some("read") => &[&READ],
            Some("write") => &[&READ, &WRITE],
            Some("scale") => &[&SCALE],
            Some("deny") => &[&["deny"]],
            _ => &[],
        };
        capabilities.extend(expanded.iter().flat_map(|list| list.iter()).map(|name| (*name).to_owned()));
        capabilities.extend(texts(block));
        for path in block.blocks("variables").flat_map(|variables| variables.blocks("path")) {
            let capabilities = self.variables.entry(format!("{name}\0{}", path.label())).or_default();
            capabilities.extend(texts(path));
            if capabilities.contains("read") {
                capabilities.insert("list".to_owned());
            }
        }
    }

    /// Whether a capability such as `submit-job` is there in a namespace.
    #[must_use]
    pub fn allows(&self, namespace: &str, capability: &str) -> bool {
        decide(&self.namespaces, namespace, capability)
    }

    /// Whether `read`, `list`, `write` or `destroy` is allowed at a path of variables.
    #[must_use]
    pub fn allows_variable(&self, namespace: &str, path: &str, capability: &str) -> bool {
        decide(&self.variables, &format!("{namespace}\0{path}"), capability)
    }

    /// Whether `node`, `agent`, `operator`, `quota` or `plugin` may be read.
    #[must_use]
    pub fn reads(&self, area: &str) -> bool {
        self.areas.get(area).is_some_and(|levels| {
            !levels.contains("deny") && (levels.contains("read") || levels.contains("write"))
        })
    }
}

fn texts(block: &Block) -> Vec<String> {
    let values = block.get("capabilities").and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn decide(rules: &BTreeMap<String, BTreeSet<String>>, name: &str, capability: &str) -> bool {
    let globs = || {
        let matching = rules.iter().filter(|(glob, _)| glob.contains('*') && matches(glob, name));
        let distance =
            |glob: &str| name.len().abs_diff(glob.chars().filter(|c| *c != '*').map(char::len_utf8).sum());
        matching.min_by_key(|(glob, _)| distance(glob)).map(|(_, capabilities)| capabilities)
    };
    let found = rules.get(name).or_else(globs);
    found.is_some_and(|capabilities| !capabilities.contains("deny") && capabilities.contains(capability))
}

/// `*` stands for any text.
fn matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_name_outweighs_the_nearest_pattern() {
        let rules = AclRules::parse([
            "namespace \"*\" {\n policy = \"deny\"\n}\nnamespace \"prod-*\" {\n policy = \"write\"\n}\n",
            "namespace \"prod-eu\" {\n capabilities = [\"read-job\"]\n}\nnode {\n policy = \"read\"\n}\nagent {\n policy = \"deny\"\n}\n",
        ])
        .unwrap();
        assert!(rules.allows("prod-us", "submit-job") && rules.allows("prod-us", "read-job"));
        assert!(!rules.allows("prod-eu", "submit-job") && rules.allows("prod-eu", "read-job"));
        assert!(!rules.allows("dev", "read-job"));
        assert!(rules.reads("node") && !rules.reads("agent") && !rules.reads("operator"));
    }

    #[test]
    fn deny_outweighs_other_policies_for_the_same_name() {
        let write = "namespace \"a\" {\n policy = \"write\"\n}\n";
        let deny = "namespace \"a\" {\n policy = \"deny\"\n}\n";
        assert!(AclRules::parse([write]).unwrap().allows("a", "scale-job"));
        assert!(!AclRules::parse([write, deny]).unwrap().allows("a", "scale-job"));
        let scale = AclRules::parse(["namespace \"a\" {\n policy = \"scale\"\n}\n"]).unwrap();
        assert!(scale.allows("a", "scale-job") && !scale.allows("a", "read-logs"));
    }

    #[test]
    fn variables_have_paths_of_their_own() {
        let text = "namespace \"a\" {\n variables {\n path \"locks/*\" {\n capabilities = [\"write\", \"read\"]\n }\n path \"locks/x\" {\n capabilities = [\"deny\"]\n }\n }\n}\n";
        let rules = AclRules::parse([text]).unwrap();
        assert!(
            rules.allows_variable("a", "locks/y", "write") && rules.allows_variable("a", "locks/y", "list")
        );
        assert!(!rules.allows_variable("a", "locks/x", "write"));
        assert!(
            !rules.allows_variable("a", "other", "read") && !rules.allows_variable("b", "locks/y", "read")
        );
        assert!(AclRules::parse(["namespace {"]).is_err());
    }

    #[test]
    fn patterns_match_as_a_whole() {
        for (glob, name, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acd", false),
            ("*b*", "abc", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }
}
