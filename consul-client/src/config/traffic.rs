//! Where requests to a service go.

use std::collections::BTreeMap;

use client_core::time::GoDuration;

use super::{ConfigKind, Settings};
use crate::record::record;

record! {
    /// Where requests to a service go, by path, header or method (`service-router`).
    pub struct ServiceRouter {
        /// The routes; the first that matches counts.
        routes: Vec<ServiceRoute>,
        ..extra
    }

    /// Which requests go where.
    pub struct ServiceRoute {
        /// Which requests; all, if it is `None`.
        r#match: Option<RouteMatch>,
        /// Where they go.
        destination: Option<RouteDestination>,
        ..extra
    }

    /// Which requests take a route.
    pub struct RouteMatch {
        /// HTTP requests like this.
        #[serde(rename = "HTTP")]
        http: Option<HttpRouteMatch>,
    }

    /// Which HTTP requests take a route.
    pub struct HttpRouteMatch {
        /// Those with exactly this path.
        path_exact: Option<String>,
        /// Those whose path starts like this.
        path_prefix: Option<String>,
        /// Those whose path matches this regular expression.
        path_regex: Option<String>,
        /// Upper and lower case are the same in paths.
        case_insensitive: Option<bool>,
        /// Those with these headers.
        header: Vec<RouteHeader>,
        /// Those with these query parameters.
        query_param: Vec<RouteQueryParam>,
        /// Those with one of these methods.
        methods: Vec<String>,
        ..extra
    }

    /// A condition on a header.
    pub struct RouteHeader {
        /// Its name.
        name: String,
        /// It is there.
        present: Option<bool>,
        /// It has this value.
        exact: Option<String>,
        /// It starts like this.
        prefix: Option<String>,
        /// It ends like this.
        suffix: Option<String>,
        /// It matches this regular expression.
        regex: Option<String>,
        /// The opposite.
        invert: Option<bool>,
        ..extra
    }

    /// A condition on a query parameter.
    pub struct RouteQueryParam {
        /// Its name.
        name: String,
        /// It is there.
        present: Option<bool>,
        /// It has this value.
        exact: Option<String>,
        /// It matches this regular expression.
        regex: Option<String>,
        ..extra
    }

    /// Where requests go, and how.
    pub struct RouteDestination {
        /// The service; the router's own, if it is `None`.
        service: Option<String>,
        /// The subset of its instances.
        service_subset: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// What the matching prefix of the path is replaced by.
        prefix_rewrite: Option<String>,
        /// How long a request may take; negative for no limit.
        request_timeout: Option<GoDuration>,
        /// How long it may be silent; negative for no limit.
        idle_timeout: Option<GoDuration>,
        /// How often it is repeated.
        num_retries: Option<u32>,
        /// Whether it is repeated where no connection could be made.
        retry_on_connect_failure: Option<bool>,
        /// The statuses after which it is repeated.
        retry_on_status_codes: Vec<u32>,
        /// Further conditions for that, in Envoy's words.
        retry_on: Vec<String>,
        /// Changes to its headers.
        request_headers: Option<HeaderModifiers>,
        /// Changes to the answer's headers.
        response_headers: Option<HeaderModifiers>,
        ..extra
    }

    /// Changes to headers.
    pub struct HeaderModifiers {
        /// Headers that are added.
        add: BTreeMap<String, String>,
        /// Headers that are replaced.
        set: BTreeMap<String, String>,
        /// Headers that are removed.
        remove: Vec<String>,
    }

    /// How requests to a service are divided (`service-splitter`).
    pub struct ServiceSplitter {
        /// The parts, which make a hundred together.
        splits: Vec<ServiceSplit>,
        ..extra
    }

    /// A part of the requests.
    pub struct ServiceSplit {
        /// How many of a hundred.
        weight: f64,
        /// The service; the splitter's own, if it is `None`.
        service: Option<String>,
        /// The subset of its instances.
        service_subset: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// Changes to the requests' headers.
        request_headers: Option<HeaderModifiers>,
        /// Changes to the answers' headers.
        response_headers: Option<HeaderModifiers>,
        ..extra
    }

    /// How a service is found (`service-resolver`).
    pub struct ServiceResolver {
        /// The subset that counts where none is named.
        default_subset: Option<String>,
        /// Subsets of its instances, by name.
        subsets: BTreeMap<String, ResolverSubset>,
        /// Another service instead.
        redirect: Option<ResolverRedirect>,
        /// Other services where there is no healthy instance, by subset; `*` for all.
        failover: BTreeMap<String, ResolverFailover>,
        /// How long connecting may take; negative for no limit.
        connect_timeout: Option<GoDuration>,
        /// How long a request may take; negative for no limit.
        request_timeout: Option<GoDuration>,
        /// Whether near instances come first.
        prioritize_by_locality: Option<PrioritizeByLocality>,
        /// How load is spread.
        load_balancer: Option<LoadBalancer>,
        ..extra
    }

    /// A subset of a service's instances.
    pub struct ResolverSubset {
        /// Which they are.
        filter: Option<String>,
        /// Whether their checks have to pass, and not only not be critical.
        only_passing: Option<bool>,
    }

    /// Another service instead of one.
    pub struct ResolverRedirect {
        /// The service.
        service: Option<String>,
        /// The subset of its instances.
        service_subset: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// Its datacenter.
        datacenter: Option<String>,
        /// The peer that has it.
        peer: Option<String>,
        /// The sameness group that has it (Enterprise).
        sameness_group: Option<String>,
    }

    /// Other services where there is no healthy instance.
    pub struct ResolverFailover {
        /// The service; the same, if it is `None`.
        service: Option<String>,
        /// The subset of its instances.
        service_subset: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// In these datacenters.
        datacenters: Vec<String>,
        /// In these places, one after the other.
        targets: Vec<FailoverTarget>,
        /// How they are tried.
        policy: Option<FailoverPolicy>,
        /// In this sameness group (Enterprise).
        sameness_group: Option<String>,
    }

    /// A place to fail over to.
    pub struct FailoverTarget {
        /// The service; the same, if it is `None`.
        service: Option<String>,
        /// The subset of its instances.
        service_subset: Option<String>,
        /// The admin partition (Enterprise).
        partition: Option<String>,
        /// The namespace (Enterprise).
        namespace: Option<String>,
        /// The datacenter.
        datacenter: Option<String>,
        /// The peer.
        peer: Option<String>,
    }

    /// How failover goes on.
    pub struct FailoverPolicy {
        /// `sequential` or `order-by-locality`.
        mode: Option<String>,
        /// The regions in which to look.
        regions: Vec<String>,
    }

    /// Whether near instances come first.
    pub struct PrioritizeByLocality {
        /// `failover`, or none.
        mode: Option<String>,
    }

    /// How load is spread.
    pub struct LoadBalancer {
        /// `random`, `round_robin`, `least_request`, `ring_hash` or `maglev`.
        policy: Option<String>,
        /// Settings of `ring_hash`.
        ring_hash_config: Option<RingHashConfig>,
        /// Settings of `least_request`.
        least_request_config: Option<LeastRequestConfig>,
        /// What is hashed.
        hash_policies: Vec<HashPolicy>,
    }

    /// Settings of `ring_hash`.
    pub struct RingHashConfig {
        /// The least entries of the ring.
        minimum_ring_size: Option<u64>,
        /// The most entries of the ring.
        maximum_ring_size: Option<u64>,
    }

    /// Settings of `least_request`.
    pub struct LeastRequestConfig {
        /// Among how many instances the least loaded is taken.
        choice_count: Option<u32>,
    }

    /// What is hashed.
    pub struct HashPolicy {
        /// `header`, `cookie` or `query_parameter`.
        field: Option<String>,
        /// Its name.
        field_value: Option<String>,
        /// Settings of the cookie.
        cookie_config: Option<CookieConfig>,
        /// Whether it is the client's address.
        #[serde(rename = "SourceIP")]
        source_ip: Option<bool>,
        /// Whether nothing further is hashed where this is there.
        terminal: Option<bool>,
    }

    /// Settings of a cookie.
    pub struct CookieConfig {
        /// Whether it ends with the browser's session.
        session: Option<bool>,
        /// How long it lives.
        #[serde(rename = "TTL")]
        ttl: Option<GoDuration>,
        /// The path it counts for.
        path: Option<String>,
    }
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
