//! Which operations were exercised, read off the spans of the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The operations of a scenario, by product and name, with the statuses they were answered with.
pub type Observed = BTreeMap<(String, String), BTreeSet<u16>>;

/// A layer that notes each call under the scenario that made it.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    seen: Arc<Mutex<BTreeMap<String, Observed>>>,
}

impl Observer {
    /// The span in which the scenario `name` has to run.
    #[must_use]
    pub fn span(name: &str) -> Span {
        tracing::debug_span!("scenario", name)
    }

    /// The same layer with nothing noted, for the next run.
    #[must_use]
    pub fn cleared(&self) -> Self {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.clone()
    }

    /// What the scenario `name` has called so far.
    #[must_use]
    pub fn of(&self, name: &str) -> Observed {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().unwrap_or_default()
    }
}

/// What is known of a span of interest.
#[derive(Debug, Default)]
struct Seen {
    scenario: Option<String>,
    operation: Option<String>,
    product: Option<String>,
    status: Option<u16>,
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => self.scenario = Some(value.to_owned()),
            "op" => self.operation = Some(value.to_owned()),
            "product" => self.product = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "http.response.status_code" {
            self.status = u16::try_from(value).ok();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Observer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| matches!(span.name(), "call" | "scenario")) else {
            return;
        };
        let mut seen = Seen::default();
        attributes.record(&mut seen);
        if seen.scenario.is_none() {
            let outer = span.scope().skip(1);
            seen.scenario = outer
                .filter_map(|span| span.extensions().get::<Seen>().and_then(|seen| seen.scenario.clone()))
                .next();
        }
        span.extensions_mut().insert(seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(seen) = span.extensions_mut().get_mut::<Seen>()
        {
            values.record(seen);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(seen) = context.span(&id).and_then(|span| span.extensions_mut().remove::<Seen>()) else {
            return;
        };
        // A call that was never answered, such as a watch that was dropped, has exercised nothing.
        if let Seen {
            scenario: Some(scenario),
            operation: Some(operation),
            product: Some(product),
            status: Some(status),
        } = seen
            && status > 0
        {
            let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(scenario).or_default().entry((product, operation)).or_default().insert(status);
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn calls_are_noted_under_their_scenario() {
        let observer = Observer::default();
        let subscriber = tracing_subscriber::registry().with(observer.clone());
        tracing::subscriber::with_default(subscriber, || {
            let _in_scenario = Observer::span("one").entered();
            for status in [200_u16, 404] {
                let status_later = tracing::field::Empty;
                let call = tracing::debug_span!(
                    "call",
                    product = "nomad",
                    op = "jobs.get",
                    http.response.status_code = status_later
                );
                call.record("http.response.status_code", status);
            }
            drop(tracing::debug_span!("call", product = "nomad", op = "jobs.list"));
        });
        let observed = observer.of("one");
        let wanted = BTreeMap::from([(("nomad".into(), "jobs.get".into()), BTreeSet::from([200, 404]))]);
        assert_eq!(observed, wanted);
        assert!(observer.of("two").is_empty());
    }
}
