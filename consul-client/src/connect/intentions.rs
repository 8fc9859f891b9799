//! Intentions: who may talk to whom in the mesh.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, open_enum};
use jiff::Timestamp;

use super::Mesh;
use crate::Call;
use crate::caps::{FilteredList, Lookup};

open_enum! {
    /// Whether connections are allowed.
    pub enum IntentionAction {
        /// They are.
        Allow = "allow",
        /// They are not.
        Deny = "deny",
    }

    /// Which side of intentions a service is looked for on.
    pub enum MatchBy {
        /// Those that say whom it may call.
        Source = "source",
        /// Those that say who may call it.
        Destination = "destination",
    }
}

/// Services are named `[partition/][namespace/]name`, and those of a peer `peer:peer-name/name`;
/// `*` stands for all.
#[endpoints("connect")]
impl Mesh {
    /// Lists all intentions.
    #[get("/v1/connect/intentions")]
    pub fn intentions(&self) -> Call<Vec<Intention>, FilteredList> {}

    /// Finds the intentions that count for services, in their order of precedence.
    #[get("/v1/connect/intentions/match", Stale, Blocking, Cached)]
    pub fn match_intentions<'n>(
        &self,
        by: &MatchBy,
        services: impl IntoIterator<Item = &'n str>,
    ) -> Call<BTreeMap<String, Vec<Intention>>, MatchIntentions> {
        call.set_query("by", by.as_str()).edit(|request| {
            for service in services {
                request.add_query("name", service);
            }
        })
    }

    /// Whether `source` may connect to `destination`. Intentions about HTTP requests count as a
    /// no.
    #[get("/v1/connect/intentions/check", Stale)]
    #[query(
        /// What the source is; `consul` for a service, the default.
        source_type = "source-type": String,
    )]
    pub fn check_intention(&self, source: &str, destination: &str) -> Call<IntentionCheck, CheckIntention> {
        call.set_query("source", source).set_query("destination", destination)
    }

    /// Reads the intention between exactly these two.
    #[get("/v1/connect/intentions/exact")]
    pub fn intention(&self, source: &str, destination: &str) -> Call<Intention, Lookup> {
        call.set_query("source", source).set_query("destination", destination)
    }

    /// Writes the intention between these two.
    #[put("/v1/connect/intentions/exact", idempotent)]
    pub fn upsert_intention(&self, source: &str, destination: &str, intention: &Intention) -> Call<bool> {
        let call = call.json(intention);
        call.set_query("source", source).set_query("destination", destination)
    }

    /// Deletes the intention between these two, which need not exist.
    #[delete("/v1/connect/intentions/exact", idempotent)]
    pub fn delete_intention(&self, source: &str, destination: &str) -> Call<bool> {
        call.set_query("source", source).set_query("destination", destination)
    }

    /// Creates an intention with an id, as before 1.9; [`upsert_intention`](Self::upsert_intention)
    /// took its place.
    #[post("/v1/connect/intentions")]
    pub fn create_intention(&self, intention: &Intention) -> Call<IntentionId> {
        call.json(intention)
    }

    /// Reads an intention that has an id.
    #[get("/v1/connect/intentions/{id}")]
    pub fn intention_by_id(&self, id: &str) -> Call<Intention, Lookup> {}

    /// Replaces an intention that has an id.
    #[put("/v1/connect/intentions/{id}", idempotent)]
    pub fn update_intention_by_id(&self, id: &str, intention: &Intention) -> Call<IntentionId> {
        call.json(intention)
    }

    /// Deletes an intention that has an id.
    #[delete("/v1/connect/intentions/{id}", idempotent)]
    pub fn delete_intention_by_id(&self, id: &str) -> Call<bool> {}
}

/// The id of an intention that has one.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct IntentionId {
    /// The id.
    #[wire(name = "ID")]
    pub id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether a connection is allowed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct IntentionCheck {
    /// Whether it is.
    pub allowed: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// Who may talk to whom.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Intention {
    /// Its id, if it was created with one.
    #[wire(name = "ID")]
    pub id: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The source's namespace.
    #[wire(name = "SourceNS")]
    pub source_ns: Option<String>,
    /// Who connects.
    pub source_name: Option<String>,
    /// The destination's namespace.
    #[wire(name = "DestinationNS")]
    pub destination_ns: Option<String>,
    /// To whom.
    pub destination_name: Option<String>,
    /// The source's admin partition (Enterprise).
    pub source_partition: Option<String>,
    /// The destination's admin partition (Enterprise).
    pub destination_partition: Option<String>,
    /// The peer the source is imported from.
    pub source_peer: Option<String>,
    /// The sameness group the source is in (Enterprise).
    pub source_sameness_group: Option<String>,
    /// What the source is: `consul` for a service.
    pub source_type: Option<String>,
    /// Whether it may; `None` where permissions say so for each request.
    pub action: Option<IntentionAction>,
    /// What it may, request by request.
    pub permissions: Vec<Permission>,
    /// What requests have to show.
    #[wire(name = "JWT")]
    pub jwt: Option<JwtRequirement>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// How specific it is: the highest that matches counts.
    pub precedence: Option<u32>,
    /// When it was created.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub created_at: Option<Timestamp>,
    /// When it was changed last.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub updated_at: Option<Timestamp>,
    /// A hash of its content, as base64.
    pub hash: Option<String>,
    /// The index at which it was created.
    pub create_index: Option<u64>,
    /// The index of its last change.
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A rule for HTTP requests; the first that matches counts.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Permission {
    /// Whether they are allowed.
    pub action: Option<IntentionAction>,
    /// Which requests it is for.
    #[wire(name = "HTTP")]
    pub http: Option<HttpPermission>,
    /// What they have to show.
    #[wire(name = "JWT")]
    pub jwt: Option<JwtRequirement>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Which requests a rule is for.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HttpPermission {
    /// Those with exactly this path.
    pub path_exact: Option<String>,
    /// Those whose path starts like this.
    pub path_prefix: Option<String>,
    /// Those whose path matches this regular expression.
    pub path_regex: Option<String>,
    /// Those with these headers.
    pub header: Vec<HttpHeaderMatch>,
    /// Those with one of these methods.
    pub methods: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A condition on a header.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HttpHeaderMatch {
    /// Its name.
    pub name: String,
    /// It is there.
    pub present: Option<bool>,
    /// It has this value.
    pub exact: Option<String>,
    /// It starts like this.
    pub prefix: Option<String>,
    /// It ends like this.
    pub suffix: Option<String>,
    /// It contains this.
    pub contains: Option<String>,
    /// It matches this regular expression.
    pub regex: Option<String>,
    /// The opposite.
    pub invert: Option<bool>,
    /// Upper and lower case are the same.
    pub ignore_case: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Tokens that requests have to show.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtRequirement {
    /// One from any of these.
    pub providers: Vec<JwtProvider>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An issuer of tokens, and what they have to say.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtProvider {
    /// The name of its config entry.
    pub name: String,
    /// Claims and their values.
    pub verify_claims: Vec<JwtClaim>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A claim and its value.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct JwtClaim {
    /// The way to the claim.
    pub path: Vec<String>,
    /// Its value.
    pub value: String,
    /// What this version does not know.
    pub extra: Extra,
}

impl Intention {
    /// An intention about whole connections.
    #[must_use]
    pub fn new(action: IntentionAction) -> Self {
        Self { action: Some(action), ..Self::default() }
    }

    /// An intention about single requests.
    #[must_use]
    pub fn of_requests(permissions: Vec<Permission>) -> Self {
        Self { permissions, ..Self::default() }
    }
}

client_core::setters! { Intention {
    /// Says what it is for.
    description: String = Some;
    /// Gives it key-value pairs.
    meta: BTreeMap<String, String>;
} }
