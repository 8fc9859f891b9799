//! Users with passwords.

use std::collections::BTreeMap;

use super::super::ids;
use super::super::request::{Failure, Login, Operation, Outcome, Reply, Request, TokenSettings};
use super::super::value::Object;

/// A userpass mount.
#[derive(Debug, Default)]
pub(crate) struct Userpass {
    users: BTreeMap<String, User>,
}

#[derive(Clone, Debug, Default)]
struct User {
    /// Salt and digest.
    password: Option<(String, String)>,
    token: TokenSettings,
}

impl User {
    fn set_password(&mut self, password: &str) {
        let salt = ids::uuid();
        let digest = ids::sha256_hex(format!("{salt}{password}").as_bytes());
        self.password = Some((salt, digest));
    }

    fn accepts(&self, password: &str) -> bool {
        self.password
            .as_ref()
            .is_some_and(|(salt, digest)| ids::sha256_hex(format!("{salt}{password}").as_bytes()) == *digest)
    }
}

impl Userpass {
    pub(crate) fn exists(&self, rest: &str) -> Option<bool> {
        match rest.strip_prefix("users/") {
            Some(name) if !name.contains('/') => Some(self.users.contains_key(&name.to_lowercase())),
            _ => None,
        }
    }

    pub(crate) fn handle(&mut self, request: &Request, rest: &str) -> Outcome {
        let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        match segments.as_slice() {
            ["login", name] if request.operation.writes() => self.login(request, &name.to_lowercase()),
            ["users"] if request.operation == Operation::List => {
                Reply::keys(self.users.keys().cloned().collect())
            }
            ["users", name] => self.user(request, &name.to_lowercase()),
            ["users", name, field @ ("password" | "policies")] if request.operation.writes() => {
                let user = self
                    .users
                    .get_mut(&name.to_lowercase())
                    .ok_or_else(|| Failure::bad("username does not exist"))?;
                if *field == "policies" {
                    user.token.update(request)?;
                } else if request.text("password").is_empty() {
                    return Err(Failure::bad("missing password"));
                } else {
                    user.set_password(&request.text("password"));
                }
                Ok(None)
            }
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn user(&mut self, request: &Request, name: &str) -> Outcome {
        match request.operation {
            Operation::Read => Ok(self.users.get(name).map(|user| {
                let mut data = Object::new();
                user.token.show(&mut data);
                Reply::data(data.into())
            })),
            Operation::Create | Operation::Update => {
                let mut user = self.users.get(name).cloned().unwrap_or_default();
                let password = request.text("password");
                if user.password.is_none() && password.is_empty() {
                    return Err(Failure::bad("missing password"));
                }
                if !password.is_empty() {
                    user.set_password(&password);
                }
                user.token.update(request)?;
                self.users.insert(name.to_owned(), user);
                Ok(None)
            }
            Operation::Delete => {
                self.users.remove(name);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn login(&self, request: &Request, name: &str) -> Outcome {
        if request.text("password").is_empty() {
            return Err(Failure::bad("missing password"));
        }
        let user = self
            .users
            .get(name)
            .filter(|u| u.accepts(&request.text("password")))
            .ok_or_else(|| Failure::bad("invalid username or password"))?;
        if !user.token.admits(request.peer) {
            return Err(Failure::no_token());
        }
        Ok(Some(Reply::login(Login {
            policies: user.token.policies.clone(),
            metadata: Object::from_iter([("username".to_owned(), name.into())]),
            display_name: name.to_owned(),
            alias: Some(name.to_owned()),
            settings: user.token.clone(),
            ..Login::default()
        })))
    }
}
