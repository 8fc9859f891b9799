//! Tokens: issuing, expiry, renewal, revocation with children, and what a lookup shows.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ids;
use super::request::TokenSettings;
use super::value::{Object, after, go_seconds, seconds_until};

/// The lease times a server without configuration uses (768 hours), in seconds.
pub(crate) const SYSTEM_TTL: i64 = 2_764_800;

/// Service tokens are stored, batch tokens carry themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenKind {
    #[default]
    Service,
    Batch,
}

impl TokenKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Batch => "batch",
        }
    }
}

/// An answer kept for whoever has the wrapping token.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped {
    pub(crate) body: Value,
    pub(crate) ttl: i64,
}

/// One token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) accessor: String,
    pub(crate) kind: TokenKind,
    pub(crate) policies: Vec<String>,
    /// The path that created it, such as `auth/token/create`.
    pub(crate) path: String,
    pub(crate) meta: Option<Object>,
    pub(crate) display_name: String,
    /// 0 is unlimited.
    pub(crate) num_uses: i64,
    pub(crate) parent: Option<String>,
    pub(crate) orphan: bool,
    pub(crate) creation_ttl: i64,
    pub(crate) period: i64,
    pub(crate) explicit_max_ttl: i64,
    /// What renewals may add up to; 0 is the system's.
    pub(crate) max_ttl: i64,
    pub(crate) renewable: bool,
    pub(crate) entity_id: String,
    pub(crate) role: Option<String>,
    pub(crate) bound_cidrs: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) renewed: Option<Timestamp>,
    pub(crate) wrapped: Option<Wrapped>,
}

/// What a new token is to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewToken {
    pub(crate) id: Option<String>,
    pub(crate) path: String,
    pub(crate) policies: Vec<String>,
    pub(crate) meta: Option<Object>,
    pub(crate) display_name: String,
    pub(crate) parent: Option<String>,
    pub(crate) orphan: bool,
    pub(crate) renewable: bool,
    pub(crate) entity_id: String,
    pub(crate) role: Option<String>,
    pub(crate) kind: TokenKind,
    /// `ttl`, `period`, the limits, uses and addresses; policies are above.
    pub(crate) settings: TokenSettings,
}

impl Token {
    pub(crate) fn is_root(&self) -> bool {
        self.policies.iter().any(|p| p == "root")
    }

    pub(crate) fn ttl(&self, now: Timestamp) -> i64 {
        self.expires.map_or(0, |e| seconds_until(now, e))
    }

    /// The lease that revokes it.
    pub(crate) fn lease_id(&self) -> String {
        format!("{}/h{}", self.path, ids::sha256_hex(self.id.as_bytes()))
    }

    /// The `auth` block of an answer.
    pub(crate) fn auth(&self, now: Timestamp, identity_policies: &[String]) -> Value {
        let mut all = self.policies.clone();
        all.extend(identity_policies.iter().filter(|p| !self.policies.contains(p)).cloned());
        all.sort();
        let mut auth = json!({
            "client_token": self.id, "accessor": self.accessor, "policies": all, "token_policies": self.policies,
            "metadata": self.meta, "lease_duration": self.ttl(now), "renewable": self.renewable,
            "entity_id": self.entity_id, "token_type": self.kind.name(), "orphan": self.orphan,
            "mfa_requirement": null, "num_uses": self.num_uses,
        });
        if let Some(auth) = auth.as_object_mut()
            && !identity_policies.is_empty()
        {
            auth.insert("identity_policies".into(), json!(identity_policies));
        }
        auth
    }

    /// The data of a lookup.
    pub(crate) fn show(&self, now: Timestamp, identity_policies: &[String]) -> Object {
        let mut data = Object::new();
        let expires = self.expires.map_or(Value::Null, |e| json!(e.to_string()));
        let fields = [
            ("accessor", json!(self.accessor)),
            ("creation_time", json!(self.created.as_second())),
            ("creation_ttl", json!(self.creation_ttl)),
            ("display_name", json!(self.display_name)),
            ("entity_id", json!(self.entity_id)),
            ("expire_time", expires),
            ("explicit_max_ttl", json!(self.explicit_max_ttl)),
            ("id", json!(self.id)),
            ("issue_time", json!(self.created.to_string())),
            ("meta", json!(self.meta)),
            ("num_uses", json!(self.num_uses)),
            ("orphan", json!(self.orphan)),
            ("path", json!(self.path)),
            ("policies", json!(self.policies)),
            ("renewable", json!(self.renewable)),
            ("ttl", json!(self.ttl(now))),
            ("type", json!(self.kind.name())),
        ];
        data.extend(fields.map(|(k, v)| (k.to_owned(), v)));
        if self.period > 0 {
            data.insert("period".into(), json!(self.period));
        }
        if let Some(role) = &self.role {
            data.insert("role".into(), json!(role));
        }
        if !self.bound_cidrs.is_empty() {
            data.insert("bound_cidrs".into(), json!(self.bound_cidrs));
        }
        if !identity_policies.is_empty() {
            data.insert("identity_policies".into(), json!(identity_policies));
        }
        if let Some(renewed) = self.renewed {
            data.insert("last_renewal".into(), json!(renewed.to_string()));
            data.insert("last_renewal_time".into(), json!(renewed.as_second()));
        }
        data
    }
}

/// All tokens.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_id: HashMap<String, Token>,
    by_accessor: BTreeMap<String, String>,
}

impl Tokens {
    /// Issues a token; the second value is what the answer should warn about.
    pub(crate) fn issue(&mut self, now: Timestamp, new: NewToken) -> (Token, Vec<String>) {
        let s = &new.settings;
        let root = new.policies.iter().any(|p| p == "root");
        let mut warnings = Vec::new();
        let limit = [s.max_ttl, s.explicit_max_ttl].into_iter().filter(|t| *t > 0).min();
        let mut ttl = match (s.period, s.ttl) {
            (period, _) if period > 0 => period,
            (_, 0) if root => 0,
            (_, 0) => SYSTEM_TTL,
            (_, ttl) => ttl,
        };
        let ceiling = match (limit, s.period > 0) {
            (Some(limit), false) => limit.min(SYSTEM_TTL),
            (None, false) => SYSTEM_TTL,
            (_, true) => {
                if s.explicit_max_ttl > 0 {
                    s.explicit_max_ttl
                } else {
                    i64::MAX
                }
            }
        };
        if ttl > ceiling {
            warnings.push(format!(
                "TTL of {:?} exceeded the effective max_ttl of {:?}; TTL value is capped accordingly",
                go_seconds(ttl),
                go_seconds(ceiling)
            ));
            ttl = ceiling;
        }
        let batch = new.kind == TokenKind::Batch;
        let id = new.id.unwrap_or_else(|| {
            if batch { ids::token("hvb.AAAAAQ", 96) } else { ids::token("hvs.CAESI", 68) }
        });
        let token = Token {
            accessor: if batch { String::new() } else { ids::alphanumeric(24) },
            kind: new.kind,
            policies: new.policies,
            path: new.path,
            meta: new.meta,
            display_name: new.display_name,
            num_uses: s.num_uses,
            parent: new.parent,
            orphan: new.orphan,
            creation_ttl: ttl,
            period: s.period,
            explicit_max_ttl: s.explicit_max_ttl,
            max_ttl: s.max_ttl,
            renewable: new.renewable && !batch && ttl > 0,
            entity_id: new.entity_id,
            role: new.role,
            bound_cidrs: s.bound_cidrs.clone(),
            created: now,
            expires: (ttl > 0).then(|| after(now, ttl)),
            renewed: None,
            wrapped: None,
            id,
        };
        self.insert(token.clone());
        (token, warnings)
    }

    pub(crate) fn insert(&mut self, token: Token) {
        if !token.accessor.is_empty() {
            self.by_accessor.insert(token.accessor.clone(), token.id.clone());
        }
        self.by_id.insert(token.id.clone(), token);
    }

    /// A token that has not expired.
    pub(crate) fn get(&self, now: Timestamp, id: &str) -> Option<&Token> {
        self.by_id.get(id).filter(|t| t.expires.is_none_or(|e| e > now))
    }

    pub(crate) fn id_of(&self, accessor: &str) -> Option<String> {
        self.by_accessor.get(accessor).cloned()
    }

    pub(crate) fn accessors(&self) -> Vec<String> {
        self.by_accessor.keys().cloned().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Token> {
        self.by_id.values()
    }

    /// Revokes a token and everything created with it; returns the ids that are gone.
    pub(crate) fn revoke(&mut self, id: &str) -> Vec<String> {
        let mut gone = Vec::new();
        let mut queue = vec![id.to_owned()];
        while let Some(id) = queue.pop() {
            let Some(token) = self.by_id.remove(&id) else { continue };
            self.by_accessor.remove(&token.accessor);
            queue.extend(
                self.by_id.values().filter(|t| t.parent.as_deref() == Some(&id)).map(|t| t.id.clone()),
            );
            gone.push(id);
        }
        gone
    }

    /// Revokes a token but keeps its children, which become orphans.
    pub(crate) fn revoke_orphan(&mut self, id: &str) -> Vec<String> {
        for child in self.by_id.values_mut().filter(|t| t.parent.as_deref() == Some(id)) {
            child.parent = None;
            child.orphan = true;
        }
        self.revoke(id)
    }

    /// Revokes what has expired, children included; returns the ids that are gone.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<String> {
        let due: Vec<String> = self
            .by_id
            .values()
            .filter(|t| t.expires.is_some_and(|e| e <= now))
            .map(|t| t.id.clone())
            .collect();
        due.iter().flat_map(|id| self.revoke(id)).collect()
    }

    /// Counts one use; true if it was the last.
    pub(crate) fn used(&mut self, id: &str) -> bool {
        match self.by_id.get_mut(id) {
            Some(token) if token.num_uses > 0 => {
                token.num_uses -= 1;
                if token.num_uses == 0 {
                    // -1 keeps "used up" apart from "unlimited" until the request is over.
                    token.num_uses = -1;
                }
                token.num_uses == -1
            }
            _ => false,
        }
    }

    /// Renews a token; the error is the server's text.
    pub(crate) fn renew(
        &mut self,
        now: Timestamp,
        id: &str,
        increment: i64,
    ) -> Result<(Token, Vec<String>), String> {
        let token = self.by_id.get_mut(id).ok_or("token not found")?;
        if token.kind == TokenKind::Batch {
            return Err("batch tokens cannot be renewed".into());
        }
        if !token.renewable || token.expires.is_none() {
            return Err("lease is not renewable".into());
        }
        let mut warnings = Vec::new();
        let wanted = match (token.period, increment) {
            (period, _) if period > 0 => period,
            (_, increment) if increment > 0 => increment,
            _ => token.creation_ttl,
        };
        let mut ends = after(now, wanted);
        let limits = [
            (token.explicit_max_ttl > 0).then_some(token.explicit_max_ttl),
            (token.period == 0).then_some(if token.max_ttl > 0 {
                token.max_ttl.min(SYSTEM_TTL)
            } else {
                SYSTEM_TTL
            }),
        ];
        if let Some(limit) = limits.into_iter().flatten().min() {
            let last = after(token.created, limit);
            if ends > last {
                warnings.push(format!(
                    "TTL of {:?} exceeded the effective max_ttl of {:?}; TTL value is capped accordingly",
                    go_seconds(wanted),
                    go_seconds(seconds_until(now, last))
                ));
                ends = last;
            }
        }
        token.expires = Some(ends);
        token.renewed = Some(now);
        Ok((token.clone(), warnings))
    }
}

/// Lower-cases, sorts and dedupes policy names, and adds `default` unless told not to.
pub(crate) fn sanitize(policies: &[String], default: bool) -> Vec<String> {
    let mut out: Vec<String> =
        policies.iter().map(|p| p.trim().to_lowercase()).filter(|p| !p.is_empty()).collect();
    if out.iter().any(|p| p == "root") {
        return vec!["root".into()];
    }
    if default {
        out.push("default".into());
    }
    out.sort();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(tokens: &mut Tokens, parent: Option<&str>, settings: TokenSettings) -> Token {
        let new = NewToken {
            path: "auth/token/create".into(),
            policies: vec!["default".into()],
            parent: parent.map(str::to_owned),
            renewable: true,
            settings,
            ..NewToken::default()
        };
        tokens.issue(Timestamp::UNIX_EPOCH, new).0
    }

    #[test]
    fn revoking_takes_the_children_along_and_orphaning_does_not() {
        let mut tokens = Tokens::default();
        let a = issue(&mut tokens, None, TokenSettings::default());
        let b = issue(&mut tokens, Some(&a.id), TokenSettings::default());
        let c = issue(&mut tokens, Some(&b.id), TokenSettings::default());
        tokens.revoke_orphan(&b.id);
        assert!(tokens.get(Timestamp::UNIX_EPOCH, &c.id).unwrap().orphan);
        let d = issue(&mut tokens, Some(&c.id), TokenSettings::default());
        tokens.revoke(&c.id);
        assert!(tokens.get(Timestamp::UNIX_EPOCH, &d.id).is_none());
        assert!(tokens.get(Timestamp::UNIX_EPOCH, &a.id).is_some());
    }

    #[test]
    fn renewal_stops_at_the_limits_and_a_period_does_not() {
        let mut tokens = Tokens::default();
        let at = |s| after(Timestamp::UNIX_EPOCH, s);
        let limited =
            issue(&mut tokens, None, TokenSettings { ttl: 60, explicit_max_ttl: 100, ..Default::default() });
        let (renewed, warnings) = tokens.renew(at(50), &limited.id, 60).unwrap();
        assert_eq!((renewed.expires.unwrap(), warnings.len()), (at(100), 1));
        let periodic = issue(&mut tokens, None, TokenSettings { ttl: 60, period: 30, ..Default::default() });
        assert_eq!(periodic.creation_ttl, 30);
        assert_eq!(tokens.renew(at(20), &periodic.id, 3600).unwrap().0.expires.unwrap(), at(50));
        assert_eq!(tokens.expire(at(50)), [periodic.id]);
        assert!(tokens.get(at(99), &limited.id).is_some() && tokens.get(at(100), &limited.id).is_none());
    }

    #[test]
    fn root_stands_alone_in_a_list_of_policies() {
        assert_eq!(sanitize(&["B".into(), "a".into(), "a".into()], true), ["a", "b", "default"]);
        assert_eq!(sanitize(&["x".into(), "root".into()], true), ["root"]);
    }
}
