//! Variables over HTTP.

use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Ctx, Found, Row, bad, denied, no_method, page, prefixed};
use crate::embedded::http::HttpResp;
use crate::embedded::nomad::Nomad;
use crate::embedded::nomad::json::Json as _;
use crate::embedded::nomad::variables::{
    Refusal, acquire, delete, parse_cas, put, release, renew, valid_path,
};

pub(super) async fn route(n: &Arc<Nomad>, ctx: Ctx, parts: &[&str]) -> Answer {
    let ctx = &ctx;
    match parts {
        ["vars"] => {
            n.query(ctx, |s| {
                let rows = s
                    .variables
                    .iter()
                    .filter(|(k, _)| {
                        (ctx.ns == "*" || k.0 == ctx.ns)
                            && prefixed(ctx, &k.1)
                            && ctx.acl.variable(&k.0, &k.1, "list")
                    })
                    .map(|(k, v)| {
                        let meta = v.meta(k);
                        Row { token: format!("{}.{}", k.0, k.1), full: meta.clone(), stub: meta }
                    })
                    .collect();
                page(ctx, s.indexes.current("variables"), rows)
            })
            .await
        }
        ["var", path @ ..] => {
            let path = path.join("/");
            match ctx.req.method.as_str() {
                "GET" | "HEAD" => {
                    ctx.ensure(ctx.acl.variable(&ctx.ns, &path, "read"))?;
                    let key = (ctx.ns.clone(), path);
                    n.query(ctx, |s| {
                        Ok(match s.variables.get(&key) {
                            Some(v) => Found::json(v.modified.0, &v.full(&key)),
                            None => Found::missing(s.indexes.current("variables"), "variable not found"),
                        })
                    })
                    .await
                }
                "PUT" | "POST" => write(n, ctx, &path),
                "DELETE" => {
                    ctx.ensure(ctx.acl.variable(&ctx.ns, &path, "destroy"))?;
                    let cas = parse_cas(ctx.req.q("cas")).map_err(bad)?;
                    let i = delete(&mut n.lock(), &(ctx.ns.clone(), path.clone()), cas)
                        .map_err(|e| refusal(ctx, &path, e))?;
                    Ok(HttpResp::empty(204).header("X-Nomad-Index", i.to_string()))
                }
                _ => Err(no_method()),
            }
        }
        _ => Err(super::not_found()),
    }
}

fn refusal(ctx: &Ctx, path: &str, e: Refusal) -> HttpResp {
    match e {
        Refusal::Text(status, text) => HttpResp::text(status, text),
        Refusal::Conflict(mut body) => {
            if !ctx.acl.variable(&ctx.ns, path, "read")
                && let Value::Object(map) = &mut body
            {
                map.remove("Items");
            }
            let index = body.u("ModifyIndex");
            // JSON, but labelled as text.
            let resp = HttpResp::text(409, body.to_string());
            if index > 0 { resp.header("X-Nomad-Index", index.to_string()) } else { resp }
        }
    }
}

fn write(n: &Arc<Nomad>, ctx: &Ctx, path: &str) -> Answer {
    let body = ctx.body()?;
    if body.has("Path") && !body.s("Path").is_empty() && body.s("Path") != path {
        return Err(bad("variable path does not match URL path"));
    }
    let ns = if body.s("Namespace").is_empty() { ctx.ns.clone() } else { body.s("Namespace").to_owned() };
    if ns == "*" {
        return Err(bad("invalid namespace \"*\""));
    }
    valid_path(path).map_err(bad)?;
    if !ctx.acl.variable(&ns, path, "write") {
        return Err(denied());
    }
    let locks: Vec<&str> =
        ["lock-acquire", "lock-release", "lock-renew"].into_iter().filter(|op| ctx.req.has(op)).collect();
    if locks.len() > 1 {
        return Err(bad("multiple lock operations"));
    }
    if !locks.is_empty() && ctx.req.has("cas") {
        return Err(bad("CAS can't be used with lock operations"));
    }
    let mut s = n.lock();
    if !s.namespaces.contains_key(&ns) {
        return Err(bad(format!("nonexistent namespace {ns:?}")));
    }
    let key = (ns, path.to_owned());
    let fail = |e| refusal(ctx, path, e);
    let (index, out) = match locks.first() {
        None => put(&mut s, &key, &body, parse_cas(ctx.req.q("cas")).map_err(bad)?).map_err(fail)?,
        Some(&"lock-acquire") => acquire(&mut s, &key, &body).map_err(fail)?,
        Some(&"lock-release") => release(&mut s, &key, &body).map_err(fail)?,
        Some(_) => return renew(&mut s, &key, &body).map(|v| HttpResp::json(200, &v)).map_err(fail),
    };
    Ok(super::written(index, &out))
}
