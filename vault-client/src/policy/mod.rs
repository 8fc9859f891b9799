//! [Policies](https://developer.hashicorp.com/vault/docs/concepts/policies) as values: written,
//! read, and evaluated without asking a server.
//!
//! ```
//! use vault_client::policy::{AclEvaluator, Capability, Operation, Policy};
//!
//! # fn main() -> Result<(), vault_client::policy::PolicyError> {
//! let policy = Policy::parse(
//!     r#"
//!     path "secret/data/wuffchat/*"    { capabilities = ["read"] }
//!     path "secret/data/wuffchat/root" { capabilities = ["deny"] }
//!     "#,
//! )?;
//! let acl = AclEvaluator::new([("wuffchat", policy)]);
//! assert_eq!(acl.capabilities("secret/data/wuffchat/openai"), [Capability::Read]);
//! let decision = acl.allows(Operation::Read, "secret/data/wuffchat/root", &Default::default());
//! assert_eq!(decision.to_string(), "denied by `secret/data/wuffchat/root` of policy `wuffchat`");
//! # Ok(())
//! # }
//! ```

mod acl;
mod decide;
mod error;
mod identity;
mod matching;
mod model;
mod parameters;
mod parse;
mod render;
mod sudo;
mod syntax;
mod template;

pub use acl::{AclEvaluator, DroppedRule};
pub use decide::{AccessRequest, DecidingRule, Decision, Operation, Reason};
pub use error::PolicyError;
pub use identity::{Identity, IdentityAlias, IdentityEntity, IdentityGroup};
pub use model::{Capability, PathRule, Policy};
pub use sudo::needs_sudo;
pub use template::TemplateError;
