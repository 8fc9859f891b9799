//! Policies, judged by a real server.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use vault_client::auth::{TokenRequest, UserpassUser};
use vault_client::policy::{
    AccessRequest, AclEvaluator, Capability, Identity, IdentityAlias, IdentityEntity, IdentityGroup,
    Operation, PathRule, Policy, Reason,
};
use vault_client::sys::MountSettings;
use vault_client::{Client, Error, ExposeSecret, SecretString};

use crate::agent::Agent;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}

const CAPABILITIES: [&str; 9] =
    ["create", "read", "update", "delete", "list", "sudo", "patch", "subscribe", "deny"];

fn path(dice: &mut Dice, segments: &[&str]) -> String {
    let count = 1 + dice.roll(4);
    let mut path = (0..count).map(|_| *dice.of(segments)).collect::<Vec<_>>().join("/");
    match dice.roll(6) {
        0 => path.push('/'),
        1 => path.insert(0, '/'),
        _ => {}
    }
    path
}

fn pattern(dice: &mut Dice) -> String {
    let mut path = path(dice, &["a", "b", "ab", "+", "+", "a*b", "b+", ""]);
    if dice.roll(2) == 0 && !path.ends_with('+') {
        path.push('*');
    }
    path
}

fn policy(dice: &mut Dice) -> Policy {
    (0..1 + dice.roll(6))
        .map(|_| {
            let capabilities = (0..dice.roll(4)).map(|_| {
                // `deny` is rarer, or it would hide the rest.
                let sides = CAPABILITIES.len() - usize::from(dice.roll(3) > 0);
                Capability::from(CAPABILITIES[dice.roll(sides)])
            });
            let capabilities: Vec<_> = capabilities.collect();
            PathRule::new(pattern(dice), capabilities)
        })
        .collect()
}

async fn token(root: &Client, policies: &[String]) -> SecretString {
    let request = TokenRequest::new().policies(policies.iter().cloned()).no_default_policy(true);
    root.auth().token().create(&request).await.unwrap().client_token
}

#[tokio::test]
async fn capabilities_are_those_of_the_server() {
    let Some(agent) = Agent::start().await else { return };
    let root = agent.client("root");
    let mut dice = Dice(7);
    let (mut compared, mut not_denied) = (0, 0);
    for set in 0..300 {
        let policies: Vec<(String, Policy)> =
            (0..1 + dice.roll(3)).map(|number| (format!("p{number}"), policy(&mut dice))).collect();
        for (name, policy) in &policies {
            root.sys().put_policy(name, policy.to_hcl()).await.unwrap();
        }
        let names: Vec<String> = policies.iter().map(|(name, _)| name.clone()).collect();
        let token = token(&root, &names).await;
        let asked: Vec<String> =
            (0..25).map(|_| path(&mut dice, &["a", "b", "ab", "abb", "c", "b+", "+", ""])).collect();
        let asked: Vec<&str> =
            asked.iter().map(|path| path.trim_start_matches('/')).filter(|path| !path.is_empty()).collect();
        let said = root.sys().capabilities(&token, &asked).await.unwrap();
        let acl = AclEvaluator::new(policies.clone());
        for path in &asked {
            let found = acl.capabilities(path);
            assert_eq!(said.at(path), found, "set {set}, path {path:?}, policies {policies:#?}");
            compared += 1;
            not_denied += usize::from(found != [Capability::Deny]);
        }
    }
    println!("{compared} paths of 300 sets of policies, {not_denied} with capabilities");
    assert!(compared > 6000 && not_denied > 1500);
}

const RULES: [&str; 8] = ["allowed", "allowed", "denied", "denied", "required", "min", "max", "none"];

fn values(dice: &mut Dice) -> Vec<Value> {
    let some = [
        json!("x"),
        json!("x*"),
        json!("*y"),
        json!("*x*"),
        json!("*"),
        json!("1"),
        json!(1),
        json!(true),
        json!(["x"]),
        json!(["x*", 1]),
        json!({"a": "x"}),
        json!({"a": {"b": "x"}}),
        json!(1.5),
        json!(""),
    ];
    (0..dice.roll(3)).map(|_| dice.of(&some).clone()).collect()
}

fn request_value(dice: &mut Dice) -> Value {
    let some = [
        json!("x"),
        json!("xy"),
        json!("y"),
        json!("axa"),
        json!("*"),
        json!("1"),
        json!(1),
        json!(true),
        json!(["x"]),
        json!({"a": "x"}),
        json!({"a": {"b": "x"}}),
        json!(null),
        json!(""),
        json!(1.5),
    ];
    dice.of(&some).clone()
}

fn rule_with_parameters(dice: &mut Dice, path: &str) -> PathRule {
    let all = ["create", "read", "update", "delete", "list"].map(Capability::from);
    let mut rule = PathRule::new(path, all);
    for _ in 0..1 + dice.roll(3) {
        let name = *dice.of(&["a", "B", "c", "*"]);
        rule = match *dice.of(&RULES) {
            "allowed" => rule.allow_parameter(name, values(dice)),
            "denied" => rule.deny_parameter(name, values(dice)),
            "required" => rule.require_parameter(*dice.of(&["a", "B", "c"])),
            kind @ ("min" | "max") => {
                let ttl = Some(Duration::from_secs(60 + 60 * u64::try_from(dice.roll(3)).unwrap()));
                match kind {
                    "min" if rule.max_wrapping_ttl.is_none_or(|max| Some(max) >= ttl) => {
                        rule.min_wrapping_ttl = ttl
                    }
                    "max" if rule.min_wrapping_ttl.is_none_or(|min| Some(min) <= ttl) => {
                        rule.max_wrapping_ttl = ttl
                    }
                    _ => {}
                }
                rule
            }
            _ => rule,
        };
    }
    rule
}

#[tokio::test]
async fn requests_are_allowed_as_the_server_allows_them() {
    let Some(agent) = Agent::start().await else { return };
    let root = agent.client("root");
    root.sys().enable_mount("kv", &MountSettings::of("kv")).await.unwrap();
    root.logical().write("kv/there", &json!({"a": 1})).await.unwrap();
    let mut dice = Dice(11);
    let mut counts = BTreeMap::new();
    for set in 0..250 {
        let mut policies = Vec::new();
        for number in 0..1 + dice.roll(2) {
            let rules = ["kv/there", "kv/new"].map(|path| rule_with_parameters(&mut dice, path));
            policies.push((format!("q{number}"), Policy::from_iter(rules)));
        }
        for (name, policy) in &policies {
            root.sys().put_policy(name, policy.to_hcl()).await.unwrap();
        }
        let names: Vec<String> = policies.iter().map(|(name, _)| name.clone()).collect();
        let client = agent.client(token(&root, &names).await.expose_secret());
        let acl = AclEvaluator::new(policies.clone());
        for _ in 0..6 {
            let (path, operation) = *dice.of(&[
                ("kv/there", Operation::Update),
                ("kv/there", Operation::Update),
                ("kv/new", Operation::Create),
                ("kv/there", Operation::Read),
                ("kv/there", Operation::List),
                ("kv/new", Operation::Delete),
            ]);
            let mut data = Map::new();
            if matches!(operation, Operation::Update | Operation::Create) {
                for _ in 0..dice.roll(4) {
                    data.insert((*dice.of(&["a", "b", "B", "c", "d"])).to_owned(), request_value(&mut dice));
                }
            }
            let wrap =
                [None, Some(60), Some(90), Some(120), Some(180)][dice.roll(5)].map(Duration::from_secs);
            let mut request = AccessRequest::new(operation, path).parameters(&data);
            request.wrap_ttl = wrap;
            let decision = acl.decide(&request);
            let status = send(&client, operation, path, &data, wrap).await;
            let context =
                format!("set {set}: {operation:?} {path} {data:?} {wrap:?}: {decision}\n{policies:#?}");
            assert_eq!(decision.allowed, status != 403, "status {status}, {context}");
            *counts.entry((operation, decision.allowed)).or_insert(0) += 1;
            // What was created goes, so that the next one creates again.
            root.logical().delete("kv/new").await.unwrap();
        }
    }
    println!("1500 requests: {counts:?}");
    assert!(counts.len() >= 10, "{counts:?}");
}

/// The status that a request gets.
async fn send(
    client: &Client,
    operation: Operation,
    path: &str,
    data: &Map<String, Value>,
    wrap: Option<Duration>,
) -> u16 {
    fn status<T>(result: Result<T, Error>) -> u16 {
        match result {
            Ok(_) => 200,
            // A write that has nothing to wrap answers nothing.
            Err(error) => error.status().unwrap_or(200),
        }
    }
    let logical = client.logical();
    macro_rules! with {
        ($call:expr) => {
            match wrap {
                Some(ttl) => status($call.wrap(ttl).await),
                None => status($call.await),
            }
        };
    }
    match operation {
        Operation::Read => with!(logical.read(path)),
        Operation::List => with!(logical.list(path)),
        Operation::Delete => with!(logical.delete(path)),
        _ => with!(logical.write(path, data)),
    }
}

/// Texts that servers take, and such that they refuse.
const TEXTS: [&str; 62] = [
    "# nothing\n",
    "path \"a\" { capabilities = [\"read\"] }",
    "path \"a\" { capabilities = [\"read\"], comment = \"x\" }",
    "path a { capabilities = [\"read\"] }",
    "path \"a\" \"b\" { capabilities = [\"read\"] }",
    "path = { \"a\" = { capabilities = [\"read\"] } }",
    "path { capabilities = [\"read\"] }",
    "path \"a\" {}",
    "path \"a\" = {}",
    "path \"a\" { policy = \"write\" }",
    "path \"a\" { policy = \"nope\" }",
    "path \"a\" { policy = \"\" }",
    "path \"a\" { policy = \"read\" policy = \"deny\" }",
    "path \"a\" { capabilities = [\"read\"] capabilities = [\"list\"] }",
    "path \"a\" { capabilities = [\"read\" \"list\"] }",
    "path \"a\" { capabilities = [\"read\",] }",
    "path \"a\" { capabilities = [,\"read\"] }",
    "path \"a\" { capabilities = \"read\" }",
    "path \"a\" { capabilities = [1] }",
    "path \"a\" { capabilities = [true] }",
    "path \"a\" { capabilities = [\"nope\"] }",
    "path \"a\" { capabilities = [\"root\"] }",
    "path \"a\" { capabilities = [\"nope\", \"deny\"] }",
    "path \"a\" { capabilities = [\"deny\", \"read\"] }",
    "path \"a\" { nope = 1 }",
    "nope \"a\" {}",
    "name = \"x\"\npath \"a\" {}",
    "name = 5\n",
    "name = true\n",
    "path \"+*\" {}",
    "path \"a/+*\" {}",
    "path \"a+/b\" {}",
    "path \"a/{{identity.entity.id}}\" {}",
    "path \"a/{{identity.entity.id\" {}",
    "path \"a/identity.entity.id}}\" {}",
    "path \"a/{{nope}}\" {}",
    "path \"a\" { allowed_parameters = { \"x\" = [\"1\", 2, true] } }",
    "path \"a\" { allowed_parameters { x = [] } }",
    "path \"a\" { allowed_parameters = { \"x\" = \"1\" } }",
    "path \"a\" { allowed_parameters = [] }",
    "path \"a\" { denied_parameters = { \"*\" = [] } required_parameters = [\"a\"] }",
    "path \"a\" { required_parameters = \"a\" }",
    "path \"a\" { min_wrapping_ttl = \"1h\" max_wrapping_ttl = 7200 }",
    "path \"a\" { min_wrapping_ttl = \"2h\" max_wrapping_ttl = \"1h\" }",
    "path \"a\" { min_wrapping_ttl = \"2h\" max_wrapping_ttl = \"1h\" capabilities = [\"deny\"] }",
    "path \"a\" { min_wrapping_ttl = \"soon\" }",
    "path \"a\" { min_wrapping_ttl = \"2d\" }",
    "path \"a\" { /* x */ // y\n # z\n capabilities = [\"read\"] }",
    "path \"a\" { capabilities = [\"read\"]",
    "path \"a { }",
    "path \"a\\\"b\" { }",
    "path \"a\\qb\" { }",
    "path \"${a \"b\"}\" { }",
    "path \"a\" { comment = <<EOF\nx\nEOF\n}",
    "path \"a\" { comment = <<-EOF\n  x\n  EOF\n}",
    "path \"a\" { mfa_methods = [\"x\"] }",
    "{\"path\": {\"a\": {\"capabilities\": [\"read\"]}, \"b\": {\"policy\": \"read\"}}}",
    "{\"path\": [{\"a\": {\"capabilities\": [\"read\"]}}]}",
    "{\"path\": {\"a\": {\"nope\": 1}}}",
    "{\"nope\": 1}",
    "{\"path\": {\"a\": {\"capabilities\": [\"read\"], \"allowed_parameters\": {\"x\": []}}}}",
    "@",
];

#[tokio::test]
async fn texts_are_policies_where_the_server_takes_them() {
    let Some(agent) = Agent::start().await else { return };
    let root = agent.client("root");
    let mut differ = Vec::new();
    let mut taken = 0;
    for text in TEXTS {
        let server = root.sys().put_policy("text", text).await;
        let here = Policy::parse(text).map_err(|error| error.to_string());
        let here = here.and_then(|policy| match policy.unknown_capabilities().first() {
            Some(name) => Err(format!("unknown capability {name}")),
            None => Ok(policy),
        });
        taken += usize::from(server.is_ok());
        if server.is_ok() != here.is_ok() {
            differ.push(format!("{text:?}: here {here:?}, there {server:?}"));
            continue;
        }
        let Ok(policy) = here else { continue };
        assert_eq!(Policy::parse(&policy.to_hcl()).unwrap(), without_comments(&policy), "{text:?}");
        if text.starts_with('#') || text.starts_with("name") {
            continue;
        }
        let token = token(&root, &["text".to_owned()]).await;
        let said = root.sys().capabilities(&token, &["a", "b", "path"]).await.unwrap();
        let acl = AclEvaluator::new([("text", policy)]);
        for path in ["a", "b", "path"] {
            if said.at(path) != acl.capabilities(path) {
                differ.push(format!(
                    "{text:?}: {path}: {:?}, there {:?}",
                    acl.capabilities(path),
                    said.at(path)
                ));
            }
        }
    }
    println!("{} texts, {taken} of them policies", TEXTS.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// HCL has comments where the field is; they do not come back.
fn without_comments(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    policy.rules.iter_mut().for_each(|rule| rule.comment.clear());
    policy
}

#[tokio::test]
async fn templates_are_filled_as_the_server_fills_them() {
    let Some(agent) = Agent::start().await else { return };
    let root = agent.client("root");
    root.sys().enable_auth_method("userpass", &MountSettings::of("userpass")).await.unwrap();
    let accessor = root.sys().auth_methods().await.unwrap()["userpass/"].accessor.clone();
    let user =
        UserpassUser::new().password("hunter22").token_policies(["templated"]).token_no_default_policy(true);
    root.auth().userpass("userpass").put_user("ann", &user).await.unwrap();
    let logical = root.logical();
    let id = |answer: Option<vault_client::Secret<Option<vault_client::kv::KvData>>>| {
        answer.unwrap().data.unwrap().expose()["id"].as_str().unwrap().to_owned()
    };
    let entity = json!({"name": "ann", "metadata": {"team": "red", "star": "*", "none": "", "plus": "+"}});
    let entity_id = id(logical.write("identity/entity", &entity).await.unwrap());
    let alias = json!({"name": "ann", "canonical_id": entity_id, "mount_accessor": accessor, "custom_metadata": {"c": "d"}});
    let alias_id = id(logical.write("identity/entity-alias", &alias).await.unwrap());
    let group = json!({"name": "reds", "member_entity_ids": [entity_id], "metadata": {"floor": "3"}});
    let group_id = id(logical.write("identity/group", &group).await.unwrap());

    let templates = [
        "identity.entity.id",
        "identity.entity.name",
        "identity.entity.metadata.team",
        "identity.entity.metadata.star",
        "identity.entity.metadata.none",
        "identity.entity.metadata.plus",
        "identity.entity.metadata.missing",
        "identity.entity.metadata",
        "identity.entity.nope",
        "identity.entity.aliases.A.id",
        "identity.entity.aliases.A.name",
        "identity.entity.aliases.A.metadata.missing",
        "identity.entity.aliases.A.custom_metadata.c",
        "identity.entity.aliases.other.name",
        "identity.entity.aliases.A",
        "identity.groups.names.reds.id",
        "identity.groups.names.reds.name",
        "identity.groups.names.reds.metadata.floor",
        "identity.groups.ids.G.name",
        "identity.groups.names.blues.id",
        "identity.groups.nope.reds.id",
        "identity.groups.names.reds",
        "nope",
        "identity.entity.groups.names",
    ];
    let mut policy = Policy::new();
    for (number, template) in templates.iter().enumerate() {
        let template =
            template.replace(".A", &format!(".{accessor}")).replace(".G.", &format!(".{group_id}."));
        policy = policy.allow(format!("t{number}/{{{{ {template} }}}}/x"), [Capability::Read]);
        // `+*` would make the token unusable.
        if !template.ends_with("plus") {
            policy = policy.allow(format!("s{number}/{{{{{template}}}}}*"), [Capability::List]);
        }
    }
    root.sys().put_policy("templated", policy.to_hcl()).await.unwrap();
    let login = root.auth().userpass("userpass").login("ann", "hunter22").await.unwrap();

    let entity = IdentityEntity::new(&entity_id, "ann");
    let entity =
        entity.metadata("team", "red").metadata("star", "*").metadata("none", "").metadata("plus", "+");
    let alias = IdentityAlias::new(&accessor, &alias_id, "ann").custom_metadata("c", "d");
    let identity = Identity::new()
        .entity(entity.alias(alias))
        .group(IdentityGroup::new(&group_id, "reds").metadata("floor", "3"));
    let acl = AclEvaluator::for_identity([("templated", policy.clone())], &identity);
    let mut differ = Vec::new();
    let mut open = 0;
    let values = [&entity_id, "ann", "red", "*", "+", "", &alias_id, "d", &group_id, "reds", "3", "zzz"];
    for (number, template) in templates.iter().enumerate() {
        let paths: Vec<String> = values
            .iter()
            .flat_map(|value| [format!("t{number}/{value}/x"), format!("s{number}/{value}more")])
            .collect();
        let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
        let said = root.sys().capabilities(&login.client_token, &asked).await.unwrap();
        for path in asked {
            let here = acl.capabilities(path);
            open += usize::from(here != [Capability::Deny]);
            if said.at(path) != here {
                differ.push(format!("{template}: {path}: {here:?}, there {:?}", said.at(path)));
            }
        }
    }
    let broken = policy.allow("z/{{identity.entity.metadata.plus}}*", [Capability::Read]);
    root.sys().put_policy("templated", broken.to_hcl()).await.unwrap();
    let fails = root.sys().capabilities(&login.client_token, &["t0"]).await.unwrap_err();
    assert_eq!(fails.status(), Some(500));
    let decision = AclEvaluator::for_identity([("templated", broken)], &identity);
    assert_eq!(decision.allows(Operation::Read, "t0", &Map::new()).reason, Reason::Unusable);
    println!("{} templates, {open} paths open, {} rules dropped", templates.len(), acl.dropped().len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(open > 20 && acl.dropped().len() > 8);
}
