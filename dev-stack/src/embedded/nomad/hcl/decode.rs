//! From blocks to the API's fields, by the shapes.

use serde_json::{Map, Value, json};

use super::eval::{Scope, text};
use super::jobspec::one_label;
use super::parse::{Block, Expr};
use super::shapes::{CONSTRAINT, Nest, Shape, Take};
use super::{Error, Pos};
use crate::embedded::nomad::json::{Json as _, parse_go_duration};

pub(super) struct Decoder<'a> {
    pub(super) scope: &'a Scope,
}

impl Decoder<'_> {
    pub(super) fn block(&self, block: &Block, shape: &Shape) -> Result<Value, Error> {
        let mut out = json!({});
        for (name, e, pos) in &block.body.attributes {
            let Some((_, field, take)) = shape.attributes.iter().find(|(n, ..)| n == name) else {
                return Err(Error::new(
                    Pos { end: pos.column + name.len(), ..*pos },
                    "Unsupported argument",
                    format!("An argument named {name:?} is not expected here."),
                ));
            };
            let v = self.scope.eval(e)?;
            out.put(field, take_value(name, v, *take, *pos)?);
        }
        for b in &block.body.blocks {
            if b.kind == "dynamic" {
                for inner in self.dynamic(b)? {
                    Decoder { scope: &inner.1 }.nest(&mut out, &inner.0, shape)?;
                }
            } else {
                self.nest(&mut out, b, shape)?;
            }
        }
        if std::ptr::eq(shape, CONSTRAINT) {
            shorthand(&mut out);
        }
        Ok(out)
    }

    /// A `dynamic` block as the blocks it stands for, each with its iterator.
    fn dynamic(&self, b: &Block) -> Result<Vec<(Block, Scope)>, Error> {
        let kind = one_label(b, "name")?;
        let attribute = |name: &str| b.body.attributes.iter().find(|(n, ..)| n == name).map(|(_, e, _)| e);
        let Some(of) = attribute("for_each") else {
            return Err(Error::new(
                b.pos,
                "Missing required argument",
                "The argument \"for_each\" is required, but no definition was found.",
            ));
        };
        let iterator = match attribute("iterator") {
            Some(Expr::Path(_, name, _)) => name.clone(),
            _ => kind.clone(),
        };
        let labels = attribute("labels");
        let Some(content) = b.body.blocks.iter().find(|c| c.kind == "content") else {
            return Err(Error::new(
                b.pos,
                "Missing content block",
                "A dynamic block must have a content block.",
            ));
        };
        let items: Vec<(Value, Value)> = match self.scope.eval(of)? {
            Value::Array(a) => a.into_iter().enumerate().map(|(i, v)| (i.into(), v)).collect(),
            Value::Object(m) => m.into_iter().map(|(k, v)| (k.into(), v)).collect(),
            _ => Vec::new(),
        };
        items
            .into_iter()
            .map(|(k, v)| {
                let mut scope = self.scope.clone();
                scope.names.insert(iterator.clone(), json!({"key": k, "value": v}));
                let labels = match labels {
                    Some(e) => {
                        scope.eval(e)?.as_array().map(|l| l.iter().map(text).collect()).unwrap_or_default()
                    }
                    None => Vec::new(),
                };
                Ok((
                    Block {
                        kind: kind.clone(),
                        labels,
                        body: content.body.clone(),
                        brace: content.brace,
                        pos: b.pos,
                    },
                    scope,
                ))
            })
            .collect()
    }

    fn nest(&self, out: &mut Value, b: &Block, shape: &Shape) -> Result<(), Error> {
        let Some((_, field, nest)) = shape.blocks.iter().find(|(n, ..)| *n == b.kind) else {
            let end = b.pos.column + b.kind.len();
            return Err(Error::new(
                Pos { end, ..b.pos },
                "Unsupported block type",
                format!("Blocks of type {:?} are not expected here.", b.kind),
            ));
        };
        match nest {
            Nest::One(inner) => {
                if out.has(field) {
                    return Err(Error::new(
                        b.pos,
                        format!("Duplicate {} block", b.kind),
                        format!("Only one {} block is allowed.", b.kind),
                    ));
                }
                let v = self.block(b, inner)?;
                out.put(field, v);
            }
            Nest::Many(inner, label) => {
                let mut v = self.block(b, inner)?;
                // A `!` or a lower-case name means that the label has to be there.
                let needed = label.ends_with('!')
                    || label.starts_with(char::is_lowercase)
                    || matches!(b.kind.as_str(), "action" | "secret" | "device" | "target");
                if needed {
                    let name = one_label(b, "name")?;
                    v.put(label.trim_end_matches('!'), name);
                } else if let (false, Some(name)) = (label.is_empty(), b.labels.first()) {
                    v.put(label, name.as_str());
                }
                out.list_mut(field).push(v);
            }
            Nest::ByLabel(inner) => {
                let name = one_label(b, "name")?;
                let mut v = self.block(b, inner)?;
                v.put("Name", name.as_str());
                out.obj(field).put(&name, v);
            }
            Nest::Map => {
                for (name, e, _) in &b.body.attributes {
                    let v = text(&self.scope.eval(e)?);
                    out.obj(field).put(name, v);
                }
            }
            Nest::Free => {
                let v = self.scope.plain(&b.body)?;
                out.put(field, v);
            }
            Nest::Config => {
                let v = self.scope.plain(&b.body)?;
                out.put(field, v);
            }
            Nest::Network => {
                let v = self.network(b)?;
                out.list_mut(field).push(v);
            }
        }
        Ok(())
    }

    fn network(&self, b: &Block) -> Result<Value, Error> {
        let mut out = json!({"CIDR": "", "CNI": null, "DNS": null, "Device": "", "DynamicPorts": null, "Hostname": "", "IP": "", "MBits": null, "Mode": "", "ReservedPorts": null});
        for (name, e, pos) in &b.body.attributes {
            let v = self.scope.eval(e)?;
            match name.as_str() {
                "mode" => out.put("Mode", text(&v)),
                "hostname" => out.put("Hostname", text(&v)),
                "mbits" => out.put("MBits", v),
                "device" => out.put("Device", text(&v)),
                other => {
                    return Err(Error::new(
                        *pos,
                        "Unsupported argument",
                        format!("An argument named {other:?} is not expected here."),
                    ));
                }
            }
        }
        for p in &b.body.blocks {
            match p.kind.as_str() {
                "port" => {
                    let label = one_label(p, "label")?;
                    let (mut port, mut fixed) = (
                        json!({"HostNetwork": "", "IgnoreCollision": false, "Label": label, "To": 0, "Value": 0}),
                        false,
                    );
                    for (name, e, pos) in &p.body.attributes {
                        let v = take_value(
                            name,
                            self.scope.eval(e)?,
                            if matches!(name.as_str(), "static" | "to") { Take::Number } else { Take::Any },
                            *pos,
                        )?;
                        match name.as_str() {
                            "to" => port.put("To", v),
                            "host_network" => port.put("HostNetwork", text(&v)),
                            "ignore_collision" => port.put("IgnoreCollision", v),
                            "static" => {
                                fixed = v != 0;
                                port.put("Value", v);
                            }
                            other => {
                                return Err(Error::new(
                                    *pos,
                                    "Unsupported argument",
                                    format!("An argument named {other:?} is not expected here."),
                                ));
                            }
                        }
                    }
                    out.list_mut(if fixed { "ReservedPorts" } else { "DynamicPorts" }).push(port);
                }
                "dns" => {
                    let v = self.scope.plain(&p.body)?;
                    out.put("DNS", json!({"Servers": v.at("servers"), "Searches": v.at("searches"), "Options": v.at("options")}));
                }
                "cni" => {
                    let v = self.scope.plain(&p.body)?;
                    out.put("CNI", json!({"Args": v.at("args")}));
                }
                other => {
                    return Err(Error::new(
                        p.pos,
                        "Unsupported block type",
                        format!("Blocks of type {other:?} are not expected here."),
                    ));
                }
            }
        }
        Ok(out)
    }
}

/// `version = "> 1"` and its like, spelled out.
fn shorthand(out: &mut Value) {
    for key in ["version", "semver", "regexp", "set_contains"] {
        if out.has(key) {
            let v = out.at(key).clone();
            out.put("Operand", key);
            out.put("RTarget", v);
        }
    }
    if out.b("distinct_hosts") {
        out.put("Operand", "distinct_hosts");
    }
    if out.has("distinct_property") {
        let v = out.at("distinct_property").clone();
        out.put("Operand", "distinct_property");
        out.put("LTarget", v);
    }
    if let Value::Object(map) = out {
        for key in ["version", "semver", "regexp", "set_contains", "distinct_hosts", "distinct_property"] {
            map.remove(key);
        }
    }
}

fn take_value(name: &str, v: Value, take: Take, pos: Pos) -> Result<Value, Error> {
    let wrong = |what: &str| {
        Error::new(
            pos,
            "Incorrect attribute value type",
            format!("Inappropriate value for attribute {name:?}: {what} required."),
        )
    };
    Ok(match take {
        Take::Any => v,
        _ if v.is_null() => v,
        Take::Text => match &v {
            Value::Array(_) | Value::Object(_) => return Err(wrong("string")),
            v => text(v).into(),
        },
        Take::Number => match &v {
            Value::Number(_) => v,
            Value::String(s) => serde_json::from_str::<Value>(s)
                .ok()
                .filter(Value::is_number)
                .ok_or_else(|| wrong("a number is"))?,
            _ => return Err(wrong("a number is")),
        },
        Take::Bool => match &v {
            Value::Bool(_) => v,
            Value::String(s) if matches!(s.as_str(), "true" | "false") => (s == "true").into(),
            _ => return Err(wrong("a bool is")),
        },
        Take::Time => match &v {
            Value::Number(_) => v,
            v => {
                let text = text(v);
                let d = parse_go_duration(&text).ok_or_else(|| {
                    Error::new(
                        pos,
                        "Unsuitable value type",
                        format!("Unsuitable duration value: time: invalid duration {text:?}"),
                    )
                })?;
                u64::try_from(d.as_nanos()).unwrap_or(u64::MAX).into()
            }
        },
        Take::Texts => match v {
            Value::Array(items) => items.iter().map(|i| Value::from(text(i))).collect(),
            _ => return Err(wrong("list of string")),
        },
        Take::Map => match v {
            Value::Object(map) => {
                map.into_iter().map(|(k, v)| (k, Value::from(text(&v)))).collect::<Map<_, _>>().into()
            }
            _ => return Err(wrong("map of string")),
        },
    })
}
