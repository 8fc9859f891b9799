//! The files that Prometheus and Grafana read.

mod dashboard;
mod scrape;

pub(crate) use dashboard::{dashboard, dashboard_provider, data_source};
pub(crate) use scrape::{Discovery, prometheus_yml, rules};
