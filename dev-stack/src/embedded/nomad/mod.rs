//! The embedded Nomad: servers, scheduler and simulated clients in one.

mod acl;
mod agenda;
mod api;
mod behaviour;
mod bexpr;
mod canonical;
mod client;
#[cfg(test)]
mod cost_tests;
mod deployments;
mod diff;
mod events;
mod exec;
mod gc;
mod hcl;
mod identity;
mod json;
mod nodes;
mod placement;
mod reconcile;
mod registration;
mod render;
mod scheduler;
mod state;
mod table;
mod template;
mod usage;
mod validate;
mod variables;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};

use self::client::{Effect, Rendered};
use self::identity::SigningKey;
use self::json::Json as _;
use self::state::State;
use super::clock::{Clock, add};
use super::faults::Faults;
use super::index::Indexes;
use super::{Behaviour, NodeOptions};

/// A random id, for tokens nobody chose.
pub(crate) fn random_id() -> String {
    json::uuid()
}

pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A refusal of Vault: status and errors.
pub(crate) type VaultError = (u16, Vec<String>);

/// The products a Nomad works with.
pub(crate) trait Neighbours: Send + Sync + 'static {
    /// Trades a workload identity for a Vault token.
    fn vault_login<'a>(
        &'a self,
        mount: &'a str,
        role: &'a str,
        jwt: &'a str,
    ) -> Later<'a, Result<String, VaultError>>;
    /// Reads a path; `None` is Vault's 404.
    fn vault_read<'a>(
        &'a self,
        token: &'a str,
        path: &'a str,
    ) -> Later<'a, Result<Option<Value>, VaultError>>;
    fn consul_register(&self, node: &str, service: &Value);
    fn consul_deregister(&self, id: &str);
    fn consul_check(&self, id: &str, status: &str, output: &str);
    /// A value of Consul's KV store.
    fn consul_key<'a>(&'a self, key: &'a str) -> Later<'a, Option<String>>;
    /// The passing instances of a service, as `health/service/:name` answers them.
    fn consul_service<'a>(&'a self, name: &'a str) -> Later<'a, Value>;
}

/// How an embedded Nomad is set up.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) nodes: Vec<NodeOptions>,
    pub(crate) acl: bool,
    /// Secret of the bootstrap token.
    pub(crate) token: String,
    pub(crate) vault_mount: String,
    /// The identity the servers give to tasks with a `vault` block that have none; null for none.
    pub(crate) vault_identity: Value,
}

/// One Nomad.
pub(crate) struct Nomad {
    state: Mutex<State>,
    indexes: Arc<Indexes>,
    clock: Clock,
    faults: Faults,
    keys: Mutex<Vec<SigningKey>>,
    rules: Mutex<Vec<(String, Behaviour)>>,
    options: Options,
    neighbours: OnceLock<Arc<dyn Neighbours>>,
    http: OnceLock<SocketAddr>,
    server_id: String,
    /// How often the keyring was rotated.
    rotations: AtomicUsize,
    /// How many tasks wait for secrets and templates; simulated time waits with them.
    rendering: AtomicUsize,
}

impl std::fmt::Debug for Nomad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nomad").field("http", &self.http.get()).finish_non_exhaustive()
    }
}

impl Nomad {
    pub(crate) fn new(clock: Clock, faults: Faults, options: Options) -> Arc<Self> {
        let indexes = Arc::new(Indexes::new());
        let mut state = State::new(clock.clone(), indexes.clone());
        let key = SigningKey::nth(0, clock.now_ns());
        state.signing_key = key.as_ref().map(|k| k.id.clone()).unwrap_or_default();
        if options.acl {
            api::acl::bootstrap(&mut state, &options.token);
        }
        Arc::new(Self {
            state: Mutex::new(state),
            indexes,
            clock,
            faults,
            keys: Mutex::new(key.into_iter().collect()),
            rules: Mutex::new(Vec::new()),
            options,
            neighbours: OnceLock::new(),
            http: OnceLock::new(),
            server_id: json::uuid(),
            rotations: AtomicUsize::new(0),
            rendering: AtomicUsize::new(0),
        })
    }

    /// Makes the cluster live: its nodes join with the address they are reached at, and the scheduler starts.
    pub(crate) fn run(self: &Arc<Self>, http: SocketAddr, neighbours: Arc<dyn Neighbours>) {
        let _ = self.http.set(http);
        let _ = self.neighbours.set(neighbours);
        {
            let mut s = self.lock();
            for node in &self.options.nodes {
                nodes::join(&mut s, node, &http.to_string());
            }
        }
        tokio::spawn(drive(Arc::downgrade(self)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut s = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What only lives in memory does not outlive a restart.
        let restarts = self.faults.restarts();
        if s.restarts_seen != restarts {
            s.restarts_seen = restarts;
            s.events.clear();
        }
        s
    }

    fn address(&self) -> String {
        self.http.get().map(ToString::to_string).unwrap_or_default()
    }

    pub(crate) fn behave(&self, pattern: &str, behaviour: Behaviour) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push((pattern.to_owned(), behaviour));
    }

    pub(crate) fn file(&self, allocation: &str, task: &str, path: &str) -> Option<String> {
        let s = self.lock();
        s.runners.get(allocation)?.files.get(&format!("{task}/{path}")).map(|(text, _)| text.clone())
    }

    pub(crate) fn set_node_up(&self, name_or_id: &str, up: bool) -> bool {
        nodes::set_status(&mut self.lock(), name_or_id, up)
    }

    pub(crate) fn add_node(&self, node: &NodeOptions) {
        let http = self.address();
        let mut s = self.lock();
        nodes::join(&mut s, node, &http);
        s.freed = true;
    }

    /// The public keys workload identities are signed with.
    pub(crate) fn jwks(&self) -> Value {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        json!({"keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>()})
    }

    /// A JWT with these claims.
    pub(crate) fn sign_identity(&self, claims: &Value) -> String {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|k| k.active).map(|k| k.sign(claims)).unwrap_or_default()
    }

    /// The claims of a JWT one of this cluster's keys signed.
    fn verify_identity(&self, token: &str) -> Option<Value> {
        let claims =
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).iter().find_map(|k| k.verify(token))?;
        let expired = claims.has("exp") && claims.i("exp") <= self.clock.outside().now().as_second();
        (!expired).then_some(claims)
    }

    /// One turn of scheduler and clients: what changed and what is due by now, in the order it fell due. It stops early
    /// where it has to hear from the other products first, and before it keeps others from the store for long.
    fn turn(&self) -> (Vec<Effect>, Next) {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut s = self.lock();
        let real = self.clock.now();
        let mut effects = Vec::new();
        if !self.faults.has_leader() {
            // Without a leader nothing is decided; what runs goes on, but nobody hears of it.
            s.reached = real;
            return (effects, Next::At(s.after(Duration::from_secs(1))));
        }
        let mut at = s.agenda.next().unwrap_or(real).min(real);
        let enough = s.work + WORK_PER_TURN;
        loop {
            if self.rendering.load(Ordering::Acquire) > 0 {
                return (effects, Next::Told);
            }
            at = at.max(s.reached);
            s.reached = at;
            s.moment = Some(at);
            scheduler::tick(&mut s);
            let more = client::step(&mut s, &rules);
            s.moment = None;
            let renders = more.iter().filter(|e| matches!(e, Effect::Render { .. })).count();
            self.rendering.fetch_add(renders, Ordering::AcqRel);
            effects.extend(more);
            let due = s.agenda.next();
            if s.work >= enough {
                return (effects, Next::Soon);
            }
            if scheduler::has_work(&s) {
                // What follows from this moment happens in it, or right after it.
                at = if at < real { add(at, LEAST_STEP).min(real) } else { at };
                continue;
            }
            match due {
                Some(next) if next <= real && at < real => at = next.max(add(at, LEAST_STEP)).min(real),
                // Still due after its moment: it has to wait for the next.
                Some(next) if next <= real => return (effects, Next::At(add(real, LEAST_STEP))),
                Some(next) => return (effects, Next::At(next)),
                None => return (effects, Next::Told),
            }
        }
    }

    /// How many things the simulation looked at so far.
    #[cfg(test)]
    fn work(&self) -> u64 {
        self.lock().work
    }

    fn perform(self: &Arc<Self>, effect: Effect) {
        let Some(neighbours) = self.neighbours.get() else { return };
        match effect {
            Effect::Register { node, service } => neighbours.consul_register(&node, &service),
            Effect::Deregister { id } => neighbours.consul_deregister(&id),
            Effect::Check { id, status, output } => neighbours.consul_check(&id, status, &output),
            Effect::Render { alloc, task, again } => {
                let (nomad, neighbours) = (self.clone(), neighbours.clone());
                tokio::spawn(async move {
                    let prepared = render::prepare(&nomad, &*neighbours, &alloc, &task);
                    let outcome =
                        tokio::time::timeout(PATIENCE, prepared).await.unwrap_or_else(|_| Rendered::Failed {
                            kind: "Task hook failed",
                            message: "vault: failed to derive Vault token: context deadline exceeded".into(),
                            retry: true,
                        });
                    let rules = nomad.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    {
                        let mut s = nomad.lock();
                        // Asking takes no simulated time.
                        s.moment = Some(s.reached);
                        client::rendered(&mut s, &alloc, &task, outcome, again, &rules);
                        s.moment = None;
                    }
                    nomad.rendering.fetch_sub(1, Ordering::AcqRel);
                    // A step may be due although nothing was written.
                    nomad.indexes.bump(&["wake"]);
                });
            }
        }
    }
}

/// When the next turn is due.
enum Next {
    At(jiff::Timestamp),
    /// As soon as others had their chance.
    Soon,
    /// When something was written.
    Told,
}

/// Other products get this long (real time) to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A moment is at least this long after the one before, when catching up.
const LEAST_STEP: Duration = Duration::from_millis(10);
/// A turn looks at about this many things before others get the store.
const WORK_PER_TURN: u64 = 50;

async fn drive(nomad: Weak<Nomad>) {
    let Some((mut changed, clock)) = nomad.upgrade().map(|n| (n.indexes.subscribe(), n.clock.clone())) else {
        return;
    };
    loop {
        changed.mark_unchanged();
        let next = {
            let Some(n) = nomad.upgrade() else { return };
            let (effects, next) = n.turn();
            for effect in effects {
                n.perform(effect);
            }
            next
        };
        let timer = async {
            match next {
                Next::At(t) => clock.sleep_until(t).await,
                // The lock is not fair: who waits for it gets it while nobody asks.
                Next::Soon => tokio::time::sleep(Duration::from_millis(1)).await,
                Next::Told => std::future::pending().await,
            }
        };
        tokio::select! {
            got = changed.changed(), if !matches!(next, Next::Soon) => if got.is_err() { return },
            () = timer => {}
        }
    }
}
