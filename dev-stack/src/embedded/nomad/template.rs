//! The part of consul-template's language that job templates use.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json::Json as _;

/// Why a template has no text (yet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Data that has not been asked for yet.
    Need(Source),
    Error(String),
}

/// A piece of data a template depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Secret(String),
    Key(String),
    Variable(String),
    Service(String),
}

impl Source {
    /// The name consul-template has for it in "Missing: …".
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Secret(p) => match p.split_once("?version=") {
                Some((path, version)) => format!("vault.read({path}.v{version})"),
                None => format!("vault.read({p})"),
            },
            Self::Key(p) => format!("kv.block({p})"),
            Self::Variable(p) => format!("nomad.var.block({p})"),
            Self::Service(p) => format!("health.service({p}|passing)"),
        }
    }
}

/// What a template can see. Data that was asked for and is not there is null.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) sources: BTreeMap<Source, Value>,
    pub(crate) error_on_missing_key: bool,
    /// Data that was asked for and is not there, after a rendering.
    pub(crate) missing: Vec<Source>,
}

/// Renders `text`. With anything in [`Data::missing`] afterwards the text is not to be used.
pub(crate) fn render(text: &str, left: &str, right: &str, data: &mut Data) -> Result<String, Stop> {
    let tokens = split(text, left, right)?;
    let mut pos = 0;
    let nodes = parse(&tokens, &mut pos, false)?;
    let mut out = String::new();
    let mut scope = Scope { vars: Vec::new(), data };
    run(&nodes, &Value::Null, &mut scope, &mut out)?;
    Ok(out)
}

#[derive(Debug)]
enum Token {
    Text(String),
    Action(String),
}

fn split(text: &str, left: &str, right: &str) -> Result<Vec<Token>, Stop> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(left) {
        let (action, tail) = after.split_once(right).ok_or_else(|| Stop::Error("unclosed action".into()))?;
        let (trim_left, action) = action.strip_prefix("- ").map_or((false, action), |a| (true, a));
        let (trim_right, action) = action.strip_suffix(" -").map_or((false, action), |a| (true, a));
        tokens.push(Token::Text(if trim_left { before.trim_end() } else { before }.to_owned()));
        let action = action.trim();
        if !action.starts_with("/*") {
            tokens.push(Token::Action(action.to_owned()));
        }
        rest = if trim_right { tail.trim_start() } else { tail };
    }
    tokens.push(Token::Text(rest.to_owned()));
    Ok(tokens)
}

#[derive(Debug)]
enum Node {
    Text(String),
    Print(Expr),
    Set(String, Expr),
    With { var: Option<String>, of: Expr, then: Vec<Node>, other: Vec<Node> },
    If { of: Expr, then: Vec<Node>, other: Vec<Node> },
    Range { key: Option<String>, value: Option<String>, of: Expr, then: Vec<Node>, other: Vec<Node> },
}

/// A pipeline: each call gets the result of the one before as its last argument.
#[derive(Debug)]
struct Expr(Vec<Vec<Arg>>);

#[derive(Debug)]
enum Arg {
    Text(String),
    Number(Value),
    /// `.`, `.a.b`, `$x`, `$x.a`.
    Path(Option<String>, Vec<String>),
    Word(String),
    Nested(Expr),
}

fn parse(tokens: &[Token], pos: &mut usize, inside: bool) -> Result<Vec<Node>, Stop> {
    let mut nodes = Vec::new();
    while let Some(token) = tokens.get(*pos) {
        let action = match token {
            Token::Text(t) => {
                nodes.push(Node::Text(t.clone()));
                *pos += 1;
                continue;
            }
            Token::Action(a) => a.as_str(),
        };
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
        match word {
            "end" | "else" if inside => return Ok(nodes),
            "with" | "if" | "range" => {
                *pos += 1;
                nodes.push(block(word, rest, tokens, pos)?);
            }
            _ => {
                *pos += 1;
                nodes.push(match action.split_once(":=") {
                    Some((name, value)) if action.starts_with('$') => {
                        Node::Set(name.trim().to_owned(), expr(value)?)
                    }
                    _ => Node::Print(expr(action)?),
                });
            }
        }
    }
    if inside { Err(Stop::Error("unexpected EOF".into())) } else { Ok(nodes) }
}

fn block(word: &str, rest: &str, tokens: &[Token], pos: &mut usize) -> Result<Node, Stop> {
    let (names, of) = match rest.split_once(":=") {
        Some((names, of)) if rest.trim_start().starts_with('$') => {
            (names.split(',').map(|n| n.trim().to_owned()).collect(), of)
        }
        _ => (Vec::new(), rest),
    };
    let of = expr(of)?;
    let then = parse(tokens, pos, true)?;
    let mut other = Vec::new();
    if let Some(Token::Action(a)) = tokens.get(*pos) {
        if let Some(chained) = a.strip_prefix("else ").map(str::trim) {
            let (word, rest) = chained.split_once(char::is_whitespace).unwrap_or((chained, ""));
            *pos += 1;
            // The chained block's `end` is ours too.
            other.push(block(word, rest, tokens, pos)?);
            *pos -= 1;
        } else if a == "else" {
            *pos += 1;
            other = parse(tokens, pos, true)?;
        }
    }
    *pos += 1;
    let mut names = names.into_iter();
    Ok(match word {
        "with" => Node::With { var: names.next(), of, then, other },
        "if" => Node::If { of, then, other },
        _ => {
            let (first, second) = (names.next(), names.next());
            let (key, value) = if second.is_some() { (first, second) } else { (None, first) };
            Node::Range { key, value, of, then, other }
        }
    })
}

fn expr(text: &str) -> Result<Expr, Stop> {
    let mut chars = text.char_indices().peekable();
    let mut calls = vec![Vec::new()];
    let bad = |what: &str| Stop::Error(format!("template: {what} in {text:?}"));
    while let Some((i, c)) = chars.next() {
        let Some(call) = calls.last_mut() else { return Err(bad("empty pipeline")) };
        match c {
            c if c.is_whitespace() => {}
            '|' => calls.push(Vec::new()),
            '"' => {
                let mut s = String::new();
                loop {
                    match chars.next() {
                        Some((_, '\\')) => match chars.next() {
                            Some((_, 'n')) => s.push('\n'),
                            Some((_, 't')) => s.push('\t'),
                            Some((_, c)) => s.push(c),
                            None => return Err(bad("unterminated quoted string")),
                        },
                        Some((_, '"')) => break,
                        Some((_, c)) => s.push(c),
                        None => return Err(bad("unterminated quoted string")),
                    }
                }
                call.push(Arg::Text(s));
            }
            '`' => {
                let mut s = String::new();
                for (_, c) in chars.by_ref() {
                    if c == '`' {
                        break;
                    }
                    s.push(c);
                }
                call.push(Arg::Text(s));
            }
            '(' => {
                let mut depth = 1;
                let mut end = i;
                let mut quoted = false;
                for (j, c) in chars.by_ref() {
                    match c {
                        '"' => quoted = !quoted,
                        '(' if !quoted => depth += 1,
                        ')' if !quoted => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        end = j;
                        break;
                    }
                }
                let inner =
                    text.get(i + 1..end).filter(|_| depth == 0).ok_or_else(|| bad("unclosed left paren"))?;
                call.push(Arg::Nested(expr(inner)?));
            }
            _ => {
                let mut end = i + c.len_utf8();
                while let Some((j, c)) = chars.peek().copied() {
                    if c.is_whitespace() || matches!(c, '|' | '(' | ')' | '"') {
                        break;
                    }
                    end = j + c.len_utf8();
                    chars.next();
                }
                call.push(word(text.get(i..end).unwrap_or("")));
            }
        }
    }
    if calls.iter().any(Vec::is_empty) {
        return Err(bad("missing value for command"));
    }
    Ok(Expr(calls))
}

fn word(w: &str) -> Arg {
    if w.starts_with('.') || w.starts_with('$') {
        let (var, path) = match w.strip_prefix('.') {
            Some(path) => (None, path),
            None => {
                let (v, p) = w.split_once('.').unwrap_or((w, ""));
                (Some(v.to_owned()), p)
            }
        };
        return Arg::Path(var, path.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect());
    }
    match serde_json::from_str::<Value>(w) {
        Ok(v) if v.is_number() || v.is_boolean() => Arg::Number(v),
        _ => Arg::Word(w.to_owned()),
    }
}

struct Scope<'a> {
    vars: Vec<(String, Value)>,
    data: &'a mut Data,
}

fn run(nodes: &[Node], dot: &Value, scope: &mut Scope<'_>, out: &mut String) -> Result<(), Stop> {
    let depth = scope.vars.len();
    for node in nodes {
        match node {
            Node::Text(t) => out.push_str(t),
            Node::Print(e) => {
                let v = eval(e, dot, scope)?;
                out.push_str(&text_of(&v));
            }
            Node::Set(name, e) => {
                let v = eval(e, dot, scope)?;
                scope.vars.push((name.clone(), v));
            }
            Node::If { of, then, other } => {
                let v = eval(of, dot, scope)?;
                run(if truthy(&v) { then } else { other }, dot, scope, out)?;
            }
            Node::With { var, of, then, other } => {
                let v = eval(of, dot, scope)?;
                if truthy(&v) {
                    if let Some(name) = var {
                        scope.vars.push((name.clone(), v.clone()));
                    }
                    run(then, &v, scope, out)?;
                } else {
                    run(other, dot, scope, out)?;
                }
            }
            Node::Range { key, value, of, then, other } => {
                let v = eval(of, dot, scope)?;
                let items: Vec<(Value, Value)> = match v {
                    Value::Array(a) => a.into_iter().enumerate().map(|(i, v)| (Value::from(i), v)).collect(),
                    Value::Object(m) => m.into_iter().map(|(k, v)| (Value::from(k), v)).collect(),
                    _ => Vec::new(),
                };
                if items.is_empty() {
                    run(other, dot, scope, out)?;
                }
                for (k, v) in items {
                    let depth = scope.vars.len();
                    scope.vars.extend(key.clone().map(|name| (name, k)));
                    scope.vars.extend(value.clone().map(|name| (name, v.clone())));
                    run(then, &v, scope, out)?;
                    scope.vars.truncate(depth);
                }
            }
        }
    }
    scope.vars.truncate(depth);
    Ok(())
}

fn eval(e: &Expr, dot: &Value, scope: &mut Scope<'_>) -> Result<Value, Stop> {
    let mut last: Option<Value> = None;
    for call in &e.0 {
        let (head, args) = call.split_first().ok_or_else(|| Stop::Error("empty pipeline".into()))?;
        let mut values = Vec::new();
        for a in args {
            values.push(arg(a, dot, scope)?);
        }
        values.extend(last.take());
        last = Some(match head {
            Arg::Word(name) => function(name, values, scope)?,
            head if values.is_empty() => arg(head, dot, scope)?,
            _ => return Err(Stop::Error("can't give argument to non-function".into())),
        });
    }
    Ok(last.unwrap_or(Value::Null))
}

fn arg(a: &Arg, dot: &Value, scope: &mut Scope<'_>) -> Result<Value, Stop> {
    match a {
        Arg::Text(t) => Ok(t.as_str().into()),
        Arg::Number(n) => Ok(n.clone()),
        Arg::Word(name) => function(name, Vec::new(), scope),
        Arg::Nested(e) => eval(e, dot, scope),
        Arg::Path(var, path) => {
            let mut at = match var {
                None => dot.clone(),
                Some(name) if name == "$" => dot.clone(),
                Some(name) => scope
                    .vars
                    .iter()
                    .rev()
                    .find(|(n, _)| n == name)
                    .map(|(_, v)| v.clone())
                    .ok_or_else(|| Stop::Error(format!("undefined variable {name:?}")))?,
            };
            for (i, step) in path.iter().enumerate() {
                at = match at {
                    Value::Object(map) => match map.get(step) {
                        Some(v) => v.clone(),
                        // Below the envelope's own fields a missing key prints as this.
                        None if scope.data.error_on_missing_key => {
                            return Err(Stop::Error(format!("map has no entry for key {step:?}")));
                        }
                        None if i + 1 == path.len() => Value::from("<no value>"),
                        None => Value::Null,
                    },
                    _ => {
                        return Err(Stop::Error(format!(
                            "can't evaluate field {step} in type {}",
                            kind(&at)
                        )));
                    }
                };
            }
            Ok(at)
        }
    }
}

fn kind(v: &Value) -> &'static str {
    match v {
        Value::Null => "nil",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
    }
}

fn function(name: &str, args: Vec<Value>, scope: &mut Scope<'_>) -> Result<Value, Stop> {
    let text = |i: usize| args.get(i).map(text_of).unwrap_or_default();
    let first = || args.first().cloned().unwrap_or(Value::Null);
    Ok(match name {
        "env" => scope.data.env.get(&text(0)).cloned().unwrap_or_default().into(),
        "envOrDefault" | "mustEnv" => match scope.data.env.get(&text(0)).filter(|v| !v.is_empty()) {
            Some(v) => v.clone().into(),
            None if name == "mustEnv" => {
                return Err(Stop::Error(format!("environment variable {:?} is not set", text(0))));
            }
            None => text(1).into(),
        },
        "secret" => source(Source::Secret(text(0)), scope)?,
        "key" => source(Source::Key(text(0)), scope)?,
        "nomadVar" => source(Source::Variable(text(0)), scope)?,
        "service" | "nomadService" => source(Source::Service(text(0)), scope)?,
        "keyOrDefault" => match source(Source::Key(text(0)), scope)? {
            Value::Null => {
                scope.data.missing.retain(|m| *m != Source::Key(text(0)));
                text(1).into()
            }
            v => v,
        },
        "keyExists" => {
            let v = source(Source::Key(text(0)), scope)?;
            scope.data.missing.retain(|m| *m != Source::Key(text(0)));
            (!v.is_null()).into()
        }
        "toJSON" => first().to_string().into(),
        "toJSONPretty" => serde_json::to_string_pretty(&first()).unwrap_or_default().into(),
        "parseJSON" => serde_json::from_str(&text(0)).map_err(|e| Stop::Error(e.to_string()))?,
        "toUpper" => text(0).to_uppercase().into(),
        "toLower" => text(0).to_lowercase().into(),
        "trimSpace" => text(0).trim().into(),
        "replaceAll" => text(2).replace(&text(0), &text(1)).into(),
        "join" => args
            .get(1)
            .and_then(Value::as_array)
            .map(|a| a.iter().map(text_of).collect::<Vec<_>>().join(&text(0)))
            .unwrap_or_default()
            .into(),
        "split" => text(1).split(&text(0)).map(Value::from).collect(),
        "print" => args.iter().map(text_of).collect::<String>().into(),
        "printf" => printf(&text(0), args.get(1..).unwrap_or(&[])).into(),
        "len" => match first() {
            Value::Array(a) => a.len().into(),
            Value::Object(m) => m.len().into(),
            v => text_of(&v).len().into(),
        },
        "index" => args.get(1..).unwrap_or(&[]).iter().fold(first(), |at, key| match (&at, key) {
            (Value::Array(a), k) => k
                .as_u64()
                .and_then(|i| usize::try_from(i).ok())
                .and_then(|i| a.get(i))
                .cloned()
                .unwrap_or(Value::Null),
            (at, k) => at.at(&text_of(k)).clone(),
        }),
        "eq" => args.iter().skip(1).any(|a| text_of(a) == text(0)).into(),
        "ne" => (text(0) != text(1)).into(),
        "not" => (!truthy(&first())).into(),
        "and" => args.iter().find(|a| !truthy(a)).or(args.last()).cloned().unwrap_or(Value::Null),
        "or" => args.iter().find(|a| truthy(a)).or(args.last()).cloned().unwrap_or(Value::Null),
        "base64Encode" => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(text(0)).into()
        }
        "timestamp" => jiff::Timestamp::now().to_string().into(),
        other => return Err(Stop::Error(format!("function {other:?} not defined"))),
    })
}

fn source(s: Source, scope: &mut Scope<'_>) -> Result<Value, Stop> {
    let Some(v) = scope.data.sources.get(&s).cloned() else { return Err(Stop::Need(s)) };
    if v.is_null() && !scope.data.missing.contains(&s) {
        scope.data.missing.push(s);
    }
    Ok(v)
}

fn printf(format: &str, args: &[Value]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next() {
                Some('%') => out.push('%'),
                Some('q') => out += &args.next().map(|a| format!("{:?}", text_of(a))).unwrap_or_default(),
                Some(_) => out += &args.next().map(text_of).unwrap_or_default(),
                None => out.push('%'),
            },
            c => out.push(c),
        }
    }
    out
}

fn text_of(v: &Value) -> String {
    match v {
        Value::Null => "<no value>".into(),
        Value::String(s) => s.clone(),
        Value::Object(m) => {
            let inner: Vec<String> = m.iter().map(|(k, v)| format!("{k}:{}", text_of(v))).collect();
            format!("map[{}]", inner.join(" "))
        }
        Value::Array(a) => format!("[{}]", a.iter().map(text_of).collect::<Vec<_>>().join(" ")),
        v => v.to_string(),
    }
}

fn truthy(v: &Value) -> bool {
    match v {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::String(s) => !s.is_empty() && s != "<no value>",
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::Array(a) => !a.is_empty(),
        Value::Object(m) => !m.is_empty(),
    }
}

/// A secret's envelope as templates see it: Vault's field names with the capitals of Go's struct.
pub(crate) fn secret_view(envelope: &Value) -> Value {
    let mut out = Map::new();
    for (from, to) in [
        ("data", "Data"),
        ("lease_id", "LeaseID"),
        ("lease_duration", "LeaseDuration"),
        ("renewable", "Renewable"),
        ("request_id", "RequestID"),
        ("warnings", "Warnings"),
    ] {
        out.insert(to.into(), envelope.at(from).clone());
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(text: &str, sources: &[(Source, Value)]) -> (Result<String, Stop>, Vec<Source>) {
        let mut data = Data { sources: sources.iter().cloned().collect(), ..Data::default() };
        data.env.insert("NOMAD_META_environment".into(), "dev".into());
        let out = render(text, "{{", "}}", &mut data);
        (out, data.missing)
    }

    fn secret() -> (Source, Value) {
        (
            Source::Secret("secret/data/a".into()),
            secret_view(&json!({"data": {"data": {"key": "q\"uote", "n": 1}}})),
        )
    }

    #[test]
    fn secrets_environment_and_json() {
        let text = r#"A={{with secret "secret/data/a"}}{{.Data.data.key | toJSON}}{{end}} E={{ env "NOMAD_META_environment" }}"#;
        assert_eq!(with(text, &[secret()]).0.unwrap(), r#"A="q\"uote" E=dev"#);
        assert_eq!(with(text, &[]).0, Err(Stop::Need(Source::Secret("secret/data/a".into()))));
    }

    #[test]
    fn what_is_missing_is_named() {
        let (out, missing) = with(
            r#"{{with secret "x"}}{{.Data}}{{else}}no{{end}}"#,
            &[(Source::Secret("x".into()), Value::Null)],
        );
        assert_eq!(out.unwrap(), "no");
        assert_eq!(missing[0].name(), "vault.read(x)");
    }

    #[test]
    fn ranges_conditions_and_trimming() {
        let text = "{{ range $k, $v := (secret \"secret/data/a\").Data }}{{ end -}}\n x";
        assert!(
            with(text, &[secret()]).0.is_err(),
            "fields of a call are not part of this subset and say so"
        );
        let text = r#"{{- with secret "secret/data/a" }}{{ range $k, $v := .Data.data }}{{ $k }}={{ $v }};{{ end }}{{ end -}}  end"#;
        assert_eq!(with(text, &[secret()]).0.unwrap(), "key=q\"uote;n=1;end");
        assert_eq!(
            with(r#"{{ if eq (env "NOMAD_META_environment") "dev" }}a{{ else }}b{{ end }}"#, &[]).0.unwrap(),
            "a"
        );
    }
}
