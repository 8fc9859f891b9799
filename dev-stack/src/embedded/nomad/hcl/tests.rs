//! What the parser makes of each kind of input. What the server makes of the same is asked in the contract.

use serde_json::{Value, json};

use super::jobspec::parse;

fn job(hcl: &str) -> Value {
    parse(hcl, "", false).unwrap_or_else(|e| panic!("{e}\n{hcl}"))
}

fn refused(hcl: &str) -> String {
    match parse(hcl, "", false) {
        Ok(job) => panic!("accepted: {job}"),
        Err(e) => e,
    }
}

/// A job with this in its only task.
fn in_task(inside: &str) -> String {
    format!("job \"a\" {{\n  group \"g\" {{\n    task \"t\" {{\n{inside}\n    }}\n  }}\n}}\n")
}

fn task(inside: &str) -> Value {
    job(&in_task(inside))["TaskGroups"][0]["Tasks"][0].clone()
}

/// The value of an expression, as driver settings get it.
fn value(expression: &str) -> Value {
    task(&format!("config {{\nx = {expression}\n}}"))["Config"]["x"].clone()
}

fn failure(expression: &str) -> String {
    refused(&in_task(&format!("config {{\nx = {expression}\n}}")))
}

#[test]
fn constraints_spell_their_operators_as_attributes() {
    let constraint = |inside: &str| {
        job(&format!("job \"a\" {{\nconstraint {{\n{inside}\n}}\n}}"))["Constraints"][0].clone()
    };
    let is = |l: &str, r: &str, op: &str| json!({"LTarget": l, "RTarget": r, "Operand": op});
    assert_eq!(
        constraint("attribute = \"${attr.kernel.name}\"\nregexp = \"lin.*\""),
        is("${attr.kernel.name}", "lin.*", "regexp")
    );
    assert_eq!(constraint("distinct_hosts = true"), is("", "true", "distinct_hosts"));
    assert_eq!(constraint("distinct_hosts = false"), is("", "false", "distinct_hosts"));
    assert_eq!(
        constraint("distinct_property = \"${meta.rack}\"\nvalue = \"2\""),
        is("${meta.rack}", "2", "distinct_property")
    );
    assert_eq!(constraint("attribute = \"x\"\nversion = \">= 1.0\""), is("x", ">= 1.0", "version"));
    assert_eq!(constraint("attribute = \"x\"\nsemver = \"> 1\""), is("x", "> 1", "semver"));
    assert_eq!(constraint("attribute = \"x\"\nset_contains = \"a,b\""), is("x", "a,b", "set_contains"));
    assert_eq!(constraint("attribute = \"x\"\noperator = \"is_set\""), is("x", "", "is_set"));
    assert_eq!(constraint("attribute = \"x\"\nvalue = 1"), is("x", "1", "="));
    assert!(refused("job \"a\" {\nconstraint {\nweight = 1\n}\n}").contains("An argument named \"weight\""));

    let affinity =
        |inside: &str| job(&format!("job \"a\" {{\naffinity {{\n{inside}\n}}\n}}"))["Affinities"][0].clone();
    assert_eq!(
        affinity("attribute = \"${node.class}\"\nset_contains_any = \"a,b\"\nweight = -50"),
        json!({"LTarget": "${node.class}", "RTarget": "a,b", "Operand": "set_contains_any", "Weight": -50})
    );
    assert_eq!(affinity("set_contains_all = \"a\"")["Operand"], "set_contains_all");
}

#[test]
fn vault_and_secrets_are_inherited_from_the_nearest() {
    let job = job(r#"
job "a" {
  vault {
    role = "from-job"
  }
  secret "all" {
    provider = "vault"
    path     = "p"
  }
  task "alone" {
    driver = "docker"
  }
  group "g" {
    vault {
      role        = "from-group"
      change_mode = "noop"
    }
    task "t" {
      driver = "docker"
    }
    task "own" {
      vault {
        env = false
      }
    }
  }
  group "h" {
    consul {
      namespace = "n"
    }
    task "u" {
      driver = "docker"
      consul {
        cluster = "c"
      }
    }
  }
}
"#);
    let vault = |g: usize, t: usize| job["TaskGroups"][g]["Tasks"][t]["Vault"].clone();
    assert_eq!(job["TaskGroups"][0]["Name"], "alone");
    assert_eq!((&vault(0, 0)["Role"], &vault(3 - 1, 0)["Role"]), (&json!("from-job"), &json!("from-job")));
    assert_eq!((&vault(1, 0)["Role"], &vault(1, 0)["ChangeMode"]), (&json!("from-group"), &json!("noop")));
    assert_eq!((&vault(1, 1)["Role"], &vault(1, 1)["Env"]), (&json!(""), &json!(false)));
    assert_eq!(job["TaskGroups"][1]["Tasks"][0]["Secrets"][0]["Name"], "all");
    assert_eq!(job["TaskGroups"][2]["Consul"], json!({"Namespace": "n", "Cluster": "", "Partition": ""}));
    assert_eq!(job["TaskGroups"][2]["Tasks"][0]["Consul"]["Cluster"], "c");
    assert!(job.as_object().unwrap().keys().all(|k| !k.starts_with('_')));
}

#[test]
fn connect_and_csi_plugins_are_read_whole() {
    let group = job(r#"
job "a" {
  group "g" {
    service {
      name = "a"
      port = "9001"
      connect {
        sidecar_service {
          proxy {
            upstreams {
              destination_name = "b"
              local_bind_port  = 8080
              config {
                protocol = "http"
              }
              mesh_gateway {
                mode = "local"
              }
            }
            upstreams {
              destination_name = "c"
            }
            expose {
              path {
                path            = "/metrics"
                local_path_port = 9000
                listener_port   = "m"
              }
            }
            transparent_proxy {
              exclude_outbound_ports = [80, 443]
            }
          }
        }
        sidecar_task {
          resources {
            cpu = 20
          }
        }
      }
    }
    service {
      connect {
        gateway {
          proxy {
            connect_timeout = "2s"
            envoy_gateway_bind_addresses "x" {
              address = "0.0.0.0"
              port    = -1
            }
          }
          ingress {
            listener {
              port = 80
              service {
                name            = "*"
                max_connections = 4
                request_headers {
                  add {
                    a = "b"
                  }
                }
              }
            }
          }
          mesh {}
        }
      }
    }
    task "plugin" {
      csi_plugin {
        id             = "p"
        type           = "monolith"
        mount_dir      = "/csi"
        health_timeout = "1m"
      }
      resources {
        memory_max = -1
        device "nvidia/gpu" {
          count = 2
          constraint {
            attribute = "x"
          }
        }
        numa {
          affinity = "prefer"
        }
      }
    }
  }
}
"#)["TaskGroups"][0]
        .clone();
    let sidecar = &group["Services"][0]["Connect"];
    let proxy = &sidecar["SidecarService"]["Proxy"];
    assert_eq!(
        (
            &proxy["Upstreams"][0]["LocalBindPort"],
            &proxy["Upstreams"][0]["Config"],
            &proxy["Upstreams"][0]["MeshGateway"]
        ),
        (&json!(8080), &json!({"protocol": "http"}), &json!({"Mode": "local"}))
    );
    assert_eq!(proxy["Upstreams"][1]["DestinationName"], "c");
    assert_eq!(proxy["Expose"]["Paths"][0]["ListenerPort"], "m");
    assert_eq!(proxy["TransparentProxy"]["ExcludeOutboundPorts"], json!([80, 443]));
    assert_eq!(sidecar["SidecarTask"]["Resources"]["CPU"], 20);
    let gateway = &group["Services"][1]["Connect"]["Gateway"];
    assert_eq!(gateway["Proxy"]["ConnectTimeout"], 2_000_000_000_u64);
    assert_eq!(
        gateway["Proxy"]["EnvoyGatewayBindAddresses"],
        json!({"x": {"Name": "x", "Address": "0.0.0.0", "Port": -1}})
    );
    let service = &gateway["Ingress"]["Listeners"][0]["Services"][0];
    assert_eq!(
        (&service["MaxConnections"], &service["RequestHeaders"]["Add"]),
        (&json!(4), &json!({"a": "b"}))
    );
    assert_eq!(gateway["Mesh"], json!({}));
    let task = &group["Tasks"][0];
    assert_eq!(
        task["CSIPluginConfig"],
        json!({"ID": "p", "Type": "monolith", "MountDir": "/csi", "StagePublishBaseDir": "", "HealthTimeout": 60_000_000_000_u64})
    );
    assert_eq!(task["Resources"]["MemoryMaxMB"], -1);
    assert_eq!(task["Resources"]["Devices"][0]["Constraints"][0]["LTarget"], "x");
    assert!(
        refused(&in_task("service {\nconnect {\nsidecar {}\n}\n}")).contains("Blocks of type \"sidecar\"")
    );
}

#[test]
fn templates_have_directives_trims_and_escapes() {
    for (expression, wanted) in [
        ("\"a%{ if true }-b%{ endif }\"", "a-b"),
        ("\"%{ if 1 > 2 }x%{ else }y%{ endif }\"", "y"),
        ("\"%{ for v in [1, 2] }<${v}>%{ endfor }\"", "<1><2>"),
        ("\"%{ for k, v in {a = 1} }${k}=${v};%{ endfor }\"", "a=1;"),
        ("\"a ${~ \"b\" ~} c\"", "abc"),
        ("\"$${x} %%{y} $5 100%\"", "${x} %{y} $5 100%"),
        ("\"${NOMAD_ALLOC_ID}-${1 + 1}\"", "${NOMAD_ALLOC_ID}-2"),
        ("\"${ attr.kernel.name }\"", "${ attr.kernel.name }"),
        ("\"${upper(node.class)}\"", "${NODE.CLASS}"),
        ("\"${env[\"A\"]}/x\"", "${env[\"A\"]}/x"),
        ("docker", "${docker}"),
        ("\"\\u00e9\\t\\\"\\\\\"", "é\t\"\\"),
        ("<<EOT\na\n  %{ if true ~}\n  b\n  %{ endif ~}\nEOT", "a\n    b\n  "),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
    assert!(failure("\"%{ if true }x\"").contains("The if directive at input.hcl:5,6-"));
    assert!(failure("\"%{ endif }\"").contains("Unexpected endif directive"));
    assert!(failure("\"%{http_code}\"").contains("not a valid template control keyword"));
    assert!(failure("\"${null}-\"").contains("Cannot include a null value"));
    assert!(failure("\"a\nb\"").contains("Invalid multi-line string"));
    assert!(failure("\"\\d\"").contains("Invalid escape sequence"));
}

#[test]
fn heredocs_lose_the_indentation_they_share_and_keep_blank_lines() {
    let text = |hcl: &str| value(hcl).as_str().unwrap().to_owned();
    assert_eq!(text("<<-EOT\n    a\n      b\n\n    c\n  EOT"), "a\n  b\n\nc\n");
    // Blank lines do not count, and what they are made of stays.
    assert_eq!(text("<<-EOT\n    a\n  \n    b\n    EOT"), "a\n  \nb\n");
    assert_eq!(text("<<-EOT\n      a\n    ${1}\n    EOT"), "  a\n1\n");
    assert_eq!(text("<<-EOT\n${1} a\n    b\nEOT"), "1 a\n    b\n");
    assert_eq!(text("<<EOT\n  a\\n\n  EOTS\n  EOT"), "  a\\n\n  EOTS\n");
    assert!(refused("job \"a\" {\n name = <<EOT\nx").contains("No closing marker"));
}

#[test]
fn settings_of_drivers_come_out_as_the_parser_makes_them() {
    let config = task(
        "config {\n labels = {\n a = 1\n }\n mount {\n type = \"bind\"\n o {\n ro = true\n }\n }\n mount {\n target = \"/x\"\n }\n list = [{ a = 1 }, { b = [2] }]\n plain = ({ a = 1 })\n port_map \"x\" \"y\" {\n z = 1.5\n }\n none = null\n}",
    )["Config"]
        .clone();
    assert_eq!(
        config,
        json!({
            "labels": [{"a": 1}],
            "mount": [{"type": "bind", "o": [{"ro": true}]}, {"target": "/x"}],
            "list": [{"a": 1}, {"b": [2]}],
            "plain": {"a": 1},
            "port_map": [{"x": [{"y": [{"z": 1.5}]}]}],
        })
    );
}

#[test]
fn maps_are_blocks_and_some_are_attributes_too() {
    let t = task("env = { \"a.b\" = 1, c = \"${NOMAD_DC}\" }\nmeta {\n x = true\n}");
    assert_eq!((&t["Env"], &t["Meta"]), (&json!({"a.b": "1", "c": "${NOMAD_DC}"}), &json!({"x": "true"})));
    assert!(refused(&in_task("env = { a = 1 }\nenv {\n b = 2\n}")).contains("Duplicate env block"));
    assert!(
        refused(&in_task("env {\n b = 2\n}\nenv {\n c = 2\n}"))
            .contains("Only one env block is allowed. Another was defined at input.hcl:4,1-4.")
    );
    assert!(
        refused(&in_task("service {\n meta = { a = 1 }\n}"))
            .contains("Did you mean to define a block of type \"meta\"?")
    );
    let check = task("service {\n check {\n header {\n Host = [\"a\", \"b\"]\n }\n }\n}");
    assert_eq!(check["Services"][0]["Checks"][0]["Header"], json!({"Host": ["a", "b"]}));
}

#[test]
fn scaling_takes_all_its_forms() {
    let group = |inside: &str| format!("job \"a\" {{\ngroup \"g\" {{\n{inside}\n}}\n}}");
    let scaling = |inside: &str| job(&group(inside))["TaskGroups"][0]["Scaling"].clone();
    let horizontal = scaling("scaling {\n type = \"horizontal\"\n min = 3\n max = 5\n}");
    assert_eq!(
        (&horizontal["Type"], &horizontal["Min"], &horizontal["Max"]),
        (&json!("horizontal"), &json!(3), &json!(5))
    );
    let policy = scaling(
        "scaling {\n max = 5\n policy {\n cooldown = \"1m\"\n check \"x\" {\n strategy \"target-value\" {\n target = 70\n }\n }\n }\n}",
    );
    assert_eq!(
        (&policy["Type"], &policy["Policy"]["check"][0]["x"][0]["strategy"][0]["target-value"][0]["target"]),
        (&json!("horizontal"), &json!(70))
    );
    assert!(refused(&group("scaling {\n min = 1\n}")).contains("The argument \"max\" is required"));
    assert!(refused(&group("scaling {\n max = 1\n type = \"x\"\n}")).contains("Invalid group scaling type"));
    let vertical =
        task("scaling \"cpu\" {\n policy {}\n}\nscaling \"MEM\" {\n type = \"vertical_mem\"\n max = 5\n}");
    let policies = &vertical["ScalingPolicies"];
    assert_eq!(
        (&policies[0]["Type"], &policies[0]["Max"], &policies[0]["Policy"]),
        (&json!("vertical_cpu"), &Value::Null, &json!({}))
    );
    assert_eq!(policies[1]["Type"], "vertical_mem");
    assert!(policies[0].get("_Label").is_none());
    assert!(refused(&in_task("scaling \"disk\" {\n}")).contains("scaling policy name must be"));
    assert!(
        refused(&in_task("scaling \"cpu\" {\n}\nscaling \"cpu\" {\n}"))
            .contains("Duplicate scaling \"cpu\" block")
    );
    let unnamed = refused(&in_task("scaling {\n}"));
    let (first, second) = unnamed.split_once('\n').unwrap();
    assert_eq!(first, second);
}

#[test]
fn tasks_templates_and_networks_are_normalized() {
    let t = task(
        "template {\n data = \"x\"\n change_mode = \"script\"\n change_script {\n command = \"/c\"\n run_on_first_render = true\n }\n}\nidentity {\n aud = [\"a\"]\n}\nidentity {\n name = \"b\"\n ttl = \"1h\"\n}",
    );
    let script = &t["Templates"][0]["ChangeScript"];
    assert_eq!(
        (&script["RunOnFirstRender"], &script["Timeout"], &script["Args"]),
        (&json!(true), &json!(5_000_000_000_u64), &json!([]))
    );
    assert_eq!((&t["Templates"][0]["Perms"], &t["Identity"]["Audience"]), (&json!("0644"), &json!(["a"])));
    assert_eq!(
        (t["Identities"].as_array().unwrap().len(), &t["Identities"][0]["TTL"]),
        (1, &json!(3_600_000_000_000_u64))
    );
    let network = job("job \"a\" {\ngroup \"g\" {\nnetwork {\n mode = \"bridge\"\n port \"a\" {}\n port \"b\" {\n static = 80\n }\n dns {\n servers = [\"1.1.1.1\"]\n }\n cni {\n args = { a = \"b\" }\n }\n}\n}\n}")["TaskGroups"][0]["Networks"][0].clone();
    assert_eq!(
        (&network["DynamicPorts"][0]["Label"], &network["ReservedPorts"][0]["Value"]),
        (&json!("a"), &json!(80))
    );
    assert_eq!((&network["DNS"]["Searches"], &network["CNI"]["Args"]), (&Value::Null, &json!({"a": "b"})));
}

#[test]
fn dynamic_blocks_stand_for_many() {
    let group = job(r#"
job "a" {
  group "g" {
    dynamic "task" {
      for_each = { one = 1, two = 2 }
      iterator = it
      labels   = ["t-${it.key}"]
      content {
        driver = "docker"
        config {
          n = it.value
        }
        dynamic "template" {
          for_each = [it.key]
          content {
            data = template.value
          }
        }
      }
    }
  }
}
"#)["TaskGroups"][0]["Tasks"]
        .clone();
    assert_eq!((&group[0]["Name"], &group[1]["Name"]), (&json!("t-one"), &json!("t-two")));
    assert_eq!(
        (&group[1]["Config"]["n"], &group[1]["Templates"][0]["EmbeddedTmpl"]),
        (&json!(2), &json!("two"))
    );
    let wrong = |inside: &str| refused(&in_task(&format!("dynamic \"template\" {{\n{inside}\n}}")));
    assert!(wrong("content {}").contains("\"for_each\" is required"));
    assert!(wrong("for_each = [1]").contains("Missing dynamic content block"));
    assert!(wrong("for_each = 1\ncontent {}").contains("Cannot use a number value in for_each"));
    assert!(wrong("for_each = []\nlabels = []\ncontent {}").contains("An argument named \"labels\""));
}

#[test]
fn variables_have_types_rules_and_values() {
    let parsed = |hcl: &str, vars: &str| parse(hcl, vars, false);
    let hcl = r#"
variable "list" {
  type    = list(string)
  default = [1, true]
}
variable "set" {
  type    = set(number)
  default = [3, 1, 3]
}
variable "shape" {
  type = object({ a = number, b = map(bool) })
}
variable "size" {
  type    = number
  default = 1
  validation {
    condition     = var.size > 0 && var.size < 10
    error_message = "The size is not a size."
  }
}
variables {
  plain = "p"
}
locals {
  late  = "${local.early}!"
  early = var.plain
}
job "a" {
  meta {
    list  = join(",", var.list)
    set   = jsonencode(var.set)
    shape = "${var.shape.a + 1} ${var.shape.b["x"]}"
    size  = var.size
    late  = local.late
  }
}
"#;
    let shape = "shape = { a = \"41\", b = { x = \"true\" }, c = 1 }\nunknown = 1\n";
    assert_eq!(
        parsed(hcl, &format!("{shape}size = \"7\"")).unwrap()["Meta"],
        json!({"list": "1,true", "set": "[1,3]", "shape": "42 true", "size": "7", "late": "p!"})
    );
    assert!(parsed(hcl, "").unwrap_err().contains("<nil>: Unset variable \"shape\""));
    assert!(
        parsed(hcl, &format!("{shape}size = 0"))
            .unwrap_err()
            .contains("Invalid value for varfile variable; The size is not a size.")
    );
    assert!(parsed(hcl, "shape = { a = 1 }").unwrap_err().contains("attribute \"b\" is required"));
    assert!(parsed(hcl, "shape = var.list").unwrap_err().contains("Variables may not be used here"));
    assert!(refused("variable \"x\" {\n type = any\n}\njob \"a\" {}").contains("an exact type is required"));
    assert!(
        refused("variable \"x\" {\n default = 1\n}\nvariable \"x\" {}\njob \"a\" {}")
            .contains("Duplicate variable")
    );
    let rule = |condition: &str| {
        refused(&format!(
            "variable \"x\" {{\n default = 1\n validation {{\n condition = {condition}\n error_message = \"no\"\n }}\n}}\njob \"a\" {{}}"
        ))
    };
    assert!(rule("true").contains("must refer to var.x"));
    assert!(rule("var.x > 1 && local.y").contains("can only refer to the variable itself, using var.x"));
    assert!(rule("length([for v in [var.x] : v if v > 1]) == 1").contains("no\n\nThis was checked"));
    assert!(
        refused("locals {\n a = local.b\n b = local.a\n}\njob \"a\" {}").contains("Unsupported attribute")
    );
}

#[test]
fn expressions_are_evaluated_exactly() {
    for (expression, wanted) in [
        ("1 + 2 * 3 - 4 / 2", json!(5)),
        ("(1\n+ 2)", json!(3)),
        ("7 % 3 == 1 && !(2 > 3) || false", json!(true)),
        ("9007199254740993 + 0", json!(9_007_199_254_740_993_i64)),
        ("1 / 4", json!(0.25)),
        ("true ? \"x\" : 1", json!("x")),
        ("false ? \"x\" : 1", json!("1")),
        ("[for i, v in [\"a\", \"b\"] : \"${i}${v}\" if v != \"a\"]", json!(["1b"])),
        ("({for v in [\"a\", \"b\", \"a\"] : v => 1...})", json!({"a": [1, 1], "b": [1]})),
        ("[{ a = 1 }, { a = 2 }][*].a", json!([1, 2])),
        ("[{ a = [1] }, { a = [2] }].*.a.0", json!([1, 2])),
        ("({ for = 1, \"x y\" : 2, true = 3, (\"d\") = 4 })", json!({"for": 1, "x y": 2, "true": 3, "d": 4})),
        ("[1, 2,\n # comment\n 3,\n]", json!([1, 2, 3])),
        ("max([1, 5]...)", json!(5)),
        ("coalesce(null, 1, \"x\")", json!("1")),
        ("try(coalesce([1], 1), 2)", json!(2)),
        ("try(var.nope, \"else\")", json!("else")),
        ("can(var.nope)", json!(false)),
        ("merge({ a = 1 }, { b = 2 })[\"b\"]", json!(2)),
        ("element([1, 2, 3], 4)", json!(2)),
        ("range(3, 0)", json!([3, 2, 1])),
        ("setproduct([1, 2], [\"a\"])", json!([[1, "a"], [2, "a"]])),
        ("convert([\"b\", \"a\", \"b\"], set(string))", json!(["a", "b"])),
        ("substr(\"hello\", -3, 2)", json!("ll")),
        ("format(\"%03d|%s\", 7, true)", json!("007|true")),
        ("base64decode(base64encode(\"é\"))", json!("é")),
        ("jsondecode(\"{\\\"a\\\":[1]}\").a[0]", json!(1)),
        ("sha256(\"a\")", json!("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")),
        ("title(\"a b-c\")", json!("A B-C")),
        ("strrev(\"abc\")", json!("cba")),
        ("uuidv5(\"dns\", \"example.com\")", json!("cfbff0d1-9375-5685-968c-48ce8b15ae17")),
        (
            "uuidv5(\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\", \"example.com\")",
            json!("cfbff0d1-9375-5685-968c-48ce8b15ae17"),
        ),
        ("zipmap([\"a\"], [1])[\"a\"]", json!(1)),
    ] {
        assert_eq!(value(expression), wanted, "{expression}");
    }
    let id = value("uuidv4()");
    let id = id.as_str().unwrap();
    assert_eq!((id.len(), id.as_bytes()[14], b"89ab".contains(&id.as_bytes()[19])), (36, b'4', true));
    assert_ne!(value("uuidv4()"), value("uuidv4()"));
}

#[test]
fn what_the_simulation_does_not_do_is_refused_by_name() {
    for (expression, text) in [
        ("yamldecode(\"a\")", "The function \"yamldecode\" is not simulated by the embedded Nomad."),
        ("cidrhost(\"10.0.0.0/8\", 1)", "The function \"cidrhost\" is not simulated"),
        ("file(\"/etc/passwd\")", "filesystem function disabled"),
        ("toset([])", "There is no function named \"toset\"."),
        ("upper()", "Not enough function arguments"),
        ("upper(\"a\", \"b\")", "Too many function arguments"),
        ("1 + \"x\"", "Unsuitable value for right operand: a number is required."),
        ("[1][1]", "greater than or equal to the length"),
        ("{ a.b = 1 }", "Ambiguous attribute key"),
        ("true ? [] : 1", "Inconsistent conditional result types"),
        ("{for v in [1, 1] : \"a\" => v}", "Two different items produced the key \"a\""),
    ] {
        let found = failure(expression);
        assert!(found.contains(text), "{expression}: {found}");
    }
    assert!(refused("  {\"job\": {}}").contains("HCL written as JSON is not simulated"));
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
    for expression in [
        deep("[", "]"),
        deep("(", ")"),
        deep("!", ""),
        deep("1 + ", ""),
        deep("{ a = ", "}"),
        format!("x{}", "[y]".repeat(50_000)),
        deep("\"${", "}\""),
    ] {
        let found = failure(&expression);
        assert!(found.contains("Nesting deeper than 100 levels is not simulated"), "{found}");
    }
    assert!(refused(&"a {\n".repeat(50_000)).contains("Nesting deeper"));
}

#[test]
fn syntax_is_as_strict_as_the_servers_with_its_words() {
    for (hcl, text) in [
        (
            "job \"a\" { group \"g\" { task \"t\" { driver = \"docker\" } } }",
            "input.hcl:1,11-18: Argument definition required; A single-line block definition can contain only a single argument.",
        ),
        (
            "job \"a\" {\n  meta {\n    \"A\" = \"b\"\n  }\n}",
            "input.hcl:3,5-6: Invalid argument name; Argument names must not be quoted.",
        ),
        (
            "job \"a\" {\n  name = \"b\",\n}",
            "input.hcl:2,13-14: Unexpected comma after argument; Argument definitions must be separated by newlines, not commas. An argument definition must end with a newline.",
        ),
        (
            "job \"a\" {\n  type = 1\n  type = 2\n}",
            "input.hcl:3,3-7: Attribute redefined; The argument \"type\" was already set at input.hcl:2,3-7. Each argument may be set only once.",
        ),
        ("job \"a\" {\n  meta { a = 1, b = 2 }\n}", "Invalid single-argument block definition"),
        ("job \"a\" {\n  meta { a = 1 b = 2 }\n}", "Invalid single-argument block definition"),
        ("job \"a\" {\n  x = 1 y = 2\n}", "Missing newline after argument"),
        ("job \"a\" {\n", "input.hcl:1,9-10: Unclosed configuration block"),
        ("job \"a\"\n{\n}", "A block definition must have block content delimited by"),
        ("job \"a\" {\n  x y = 1\n}", "The equals sign \"=\" indicates an argument definition"),
        ("job {\n}", "input.hcl:1,5-6: Missing name for job; All job blocks must have 1 labels (name)."),
        (
            "job \"a\" \"b\" {\n}",
            "input.hcl:1,9-12: Extraneous label for job; Only 1 labels (name) are expected for job blocks.",
        ),
        (
            "job \"a\" {\n}\njob \"b\" {\n}",
            "input.hcl:3,1-8: Duplicate job block; Only one block of type \"job\" is allowed. Previous definition was at input.hcl:1,1-8.",
        ),
        ("", "<nil>: Missing job block; A job block is required"),
        (
            "job \"a\" {\n  grop \"g\" {}\n}",
            "input.hcl:2,3-7: Unsupported block type; Blocks of type \"grop\" are not expected here. Did you mean \"group\"?",
        ),
        ("job \"a\" {\n  priority = \"x\"\n}", "Unsuitable value: a number is required"),
        ("job \"a\" {\n  priority = 1.5\n}", "value must be a whole number"),
        (
            "job \"a\" {\n  reschedule {\n    delay = \"5\"\n  }\n}",
            "Unsuitable duration value: time: missing unit in duration \"5\"",
        ),
        (
            "job \"a\" {\n  task \"t\" {\n    lifecycle {}\n  }\n}",
            "The argument \"hook\" is required, but no definition was found.",
        ),
    ] {
        let found = refused(hcl);
        assert!(found.contains(text), "{hcl}\n{found}\n{text}");
    }
}

#[test]
fn the_canonical_form_has_the_client_librarys_defaults() {
    let hcl = in_task(
        "service {\n port = \"http\"\n check_restart {\n limit = 3\n }\n check {\n type = \"http\"\n }\n}\nartifact {\n source = \"https://x/y.zip\"\n mode = \"file\"\n}\nvolume_mount {\n volume = \"v\"\n}\ncsi_plugin {\n id = \"p\"\n}",
    );
    let hcl = hcl.replacen("group \"g\" {", "group \"g\" {\n scaling {\n min = 2\n max = 4\n }", 1);
    let job = parse(&hcl, "", true).unwrap();
    let group = &job["TaskGroups"][0];
    assert_eq!(
        (&job["Update"]["Stagger"], &group["Update"]["HealthCheck"]),
        (&json!(30_000_000_000_u64), &json!("checks"))
    );
    assert_eq!((&group["Count"], &group["Scaling"]["Enabled"]), (&json!(2), &json!(true)));
    let task = &group["Tasks"][0];
    let service = &task["Services"][0];
    assert_eq!(
        (&service["Name"], &service["Provider"], &service["AddressMode"]),
        (&json!("a-g-t"), &json!("consul"), &json!("auto"))
    );
    assert_eq!(
        service["Checks"][0]["CheckRestart"],
        json!({"Limit": 3, "Grace": 1_000_000_000, "IgnoreWarnings": false})
    );
    assert_eq!(service["Checks"][0]["OnUpdate"], "require_healthy");
    assert_eq!(
        (&task["Artifacts"][0]["RelativeDest"], &task["VolumeMounts"][0]["PropagationMode"]),
        (&json!("local/y.zip"), &json!("private"))
    );
    assert_eq!(
        (&task["CSIPluginConfig"]["MountDir"], &task["RestartPolicy"]["Attempts"]),
        (&json!("/csi"), &json!(2))
    );
    let batch = "job \"a\" {\n type = \"batch\"\n group \"g\" {\n update {\n max_parallel = 2\n }\n }\n}";
    let group = parse(batch, "", true).unwrap()["TaskGroups"][0].clone();
    assert_eq!((&group["Update"]["MaxParallel"], &group["Update"]["Canary"]), (&json!(2), &json!(0)));
    assert_eq!((&group["ReschedulePolicy"]["Attempts"], &group["Migrate"]), (&json!(1), &Value::Null));
}
