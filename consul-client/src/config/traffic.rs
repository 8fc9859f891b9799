//! Where requests to a service go.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::time::GoDuration;
use client_core::wire::Wire;

use super::{ConfigKind, Settings};

/// Where requests to a service go, by path, header or method (`service-router`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceRouter {
    /// The routes; the first that matches counts.
    pub routes: Vec<ServiceRoute>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Which requests go where.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceRoute {
    /// Which requests; all, if it is `None`.
    pub r#match: Option<RouteMatch>,
    /// Where they go.
    pub destination: Option<RouteDestination>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Which requests take a route.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RouteMatch {
    /// HTTP requests like this.
    #[wire(name = "HTTP")]
    pub http: Option<HttpRouteMatch>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Which HTTP requests take a route.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HttpRouteMatch {
    /// Those with exactly this path.
    pub path_exact: Option<String>,
    /// Those whose path starts like this.
    pub path_prefix: Option<String>,
    /// Those whose path matches this regular expression.
    pub path_regex: Option<String>,
    /// Upper and lower case are the same in paths.
    pub case_insensitive: Option<bool>,
    /// Those with these headers.
    pub header: Vec<RouteHeader>,
    /// Those with these query parameters.
    pub query_param: Vec<RouteQueryParam>,
    /// Those with one of these methods.
    pub methods: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A condition on a header.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RouteHeader {
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
    /// It matches this regular expression.
    pub regex: Option<String>,
    /// The opposite.
    pub invert: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A condition on a query parameter.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RouteQueryParam {
    /// Its name.
    pub name: String,
    /// It is there.
    pub present: Option<bool>,
    /// It has this value.
    pub exact: Option<String>,
    /// It matches this regular expression.
    pub regex: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Where requests go, and how.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RouteDestination {
    /// The service; the router's own, if it is `None`.
    pub service: Option<String>,
    /// The subset of its instances.
    pub service_subset: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What the matching prefix of the path is replaced by.
    pub prefix_rewrite: Option<String>,
    /// How long a request may take; negative for no limit.
    pub request_timeout: Option<GoDuration>,
    /// How long it may be silent; negative for no limit.
    pub idle_timeout: Option<GoDuration>,
    /// How often it is repeated.
    pub num_retries: Option<u32>,
    /// Whether it is repeated where no connection could be made.
    pub retry_on_connect_failure: Option<bool>,
    /// The statuses after which it is repeated.
    pub retry_on_status_codes: Vec<u32>,
    /// Further conditions for that, in Envoy's words.
    pub retry_on: Vec<String>,
    /// Changes to its headers.
    pub request_headers: Option<HeaderModifiers>,
    /// Changes to the answer's headers.
    pub response_headers: Option<HeaderModifiers>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Changes to headers.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HeaderModifiers {
    /// Headers that are added.
    pub add: BTreeMap<String, String>,
    /// Headers that are replaced.
    pub set: BTreeMap<String, String>,
    /// Headers that are removed.
    pub remove: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How requests to a service are divided (`service-splitter`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceSplitter {
    /// The parts, which make a hundred together.
    pub splits: Vec<ServiceSplit>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A part of the requests.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceSplit {
    /// How many of a hundred.
    pub weight: f64,
    /// The service; the splitter's own, if it is `None`.
    pub service: Option<String>,
    /// The subset of its instances.
    pub service_subset: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Changes to the requests' headers.
    pub request_headers: Option<HeaderModifiers>,
    /// Changes to the answers' headers.
    pub response_headers: Option<HeaderModifiers>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a service is found (`service-resolver`).
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceResolver {
    /// The subset that counts where none is named.
    pub default_subset: Option<String>,
    /// Subsets of its instances, by name.
    pub subsets: BTreeMap<String, ResolverSubset>,
    /// Another service instead.
    pub redirect: Option<ResolverRedirect>,
    /// Other services where there is no healthy instance, by subset; `*` for all.
    pub failover: BTreeMap<String, ResolverFailover>,
    /// How long connecting may take; negative for no limit.
    pub connect_timeout: Option<GoDuration>,
    /// How long a request may take; negative for no limit.
    pub request_timeout: Option<GoDuration>,
    /// Whether near instances come first.
    pub prioritize_by_locality: Option<PrioritizeByLocality>,
    /// How load is spread.
    pub load_balancer: Option<LoadBalancer>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A subset of a service's instances.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ResolverSubset {
    /// Which they are.
    pub filter: Option<String>,
    /// Whether their checks have to pass, and not only not be critical.
    pub only_passing: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Another service instead of one.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ResolverRedirect {
    /// The service.
    pub service: Option<String>,
    /// The subset of its instances.
    pub service_subset: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its datacenter.
    pub datacenter: Option<String>,
    /// The peer that has it.
    pub peer: Option<String>,
    /// The sameness group that has it (Enterprise).
    pub sameness_group: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Other services where there is no healthy instance.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ResolverFailover {
    /// The service; the same, if it is `None`.
    pub service: Option<String>,
    /// The subset of its instances.
    pub service_subset: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// In these datacenters.
    pub datacenters: Vec<String>,
    /// In these places, one after the other.
    pub targets: Vec<FailoverTarget>,
    /// How they are tried.
    pub policy: Option<FailoverPolicy>,
    /// In this sameness group (Enterprise).
    pub sameness_group: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A place to fail over to.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct FailoverTarget {
    /// The service; the same, if it is `None`.
    pub service: Option<String>,
    /// The subset of its instances.
    pub service_subset: Option<String>,
    /// The admin partition (Enterprise).
    pub partition: Option<String>,
    /// The namespace (Enterprise).
    pub namespace: Option<String>,
    /// The datacenter.
    pub datacenter: Option<String>,
    /// The peer.
    pub peer: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How failover goes on.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct FailoverPolicy {
    /// `sequential` or `order-by-locality`.
    pub mode: Option<String>,
    /// The regions in which to look.
    pub regions: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether near instances come first.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PrioritizeByLocality {
    /// `failover`, or none.
    pub mode: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How load is spread.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LoadBalancer {
    /// `random`, `round_robin`, `least_request`, `ring_hash` or `maglev`.
    pub policy: Option<String>,
    /// Settings of `ring_hash`.
    pub ring_hash_config: Option<RingHashConfig>,
    /// Settings of `least_request`.
    pub least_request_config: Option<LeastRequestConfig>,
    /// What is hashed.
    pub hash_policies: Vec<HashPolicy>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of `ring_hash`.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct RingHashConfig {
    /// The least entries of the ring.
    pub minimum_ring_size: Option<u64>,
    /// The most entries of the ring.
    pub maximum_ring_size: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of `least_request`.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct LeastRequestConfig {
    /// Among how many instances the least loaded is taken.
    pub choice_count: Option<u32>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What is hashed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct HashPolicy {
    /// `header`, `cookie` or `query_parameter`.
    pub field: Option<String>,
    /// Its name.
    pub field_value: Option<String>,
    /// Settings of the cookie.
    pub cookie_config: Option<CookieConfig>,
    /// Whether it is the client's address.
    #[wire(name = "SourceIP")]
    pub source_ip: Option<bool>,
    /// Whether nothing further is hashed where this is there.
    pub terminal: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Settings of a cookie.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CookieConfig {
    /// Whether it ends with the browser's session.
    pub session: Option<bool>,
    /// How long it lives.
    #[wire(name = "TTL")]
    pub ttl: Option<GoDuration>,
    /// The path it counts for.
    pub path: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Settings for ServiceRouter {
    const KIND: ConfigKind = ConfigKind::ServiceRouter;
}
impl Settings for ServiceSplitter {
    const KIND: ConfigKind = ConfigKind::ServiceSplitter;
}
impl Settings for ServiceResolver {
    const KIND: ConfigKind = ConfigKind::ServiceResolver;
}
