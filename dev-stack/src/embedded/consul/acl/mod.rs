//! Tokens, policies, roles, auth methods and binding rules.

mod api;
mod login;
pub(crate) mod rules;
pub(crate) mod store;
