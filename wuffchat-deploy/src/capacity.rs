//! What jobs need of nodes, and whether they have room: one model for the cost of an environment, its
//! preflight and the lints over job files.
//!
//! It counts what is registered: each group's instances as the job says, as few and as many as its
//! scaling may make them, the canaries of a deployment, and system jobs once on each node. Memory and CPU
//! are what is reserved; `memory_max` is no promise, and whole cores are not counted as CPU.

use nomad_client::jobspec::{LifecycleHook, TaskGroup};
use nomad_client::lint::Block;
use nomad_client::{Job, JobType};

use crate::app::{Component, Environment, Version};
use crate::{jobs, platform};

/// What a machine keeps of its memory for its system and the agents, in MiB, where nobody says.
pub const RESERVED: u64 = 512;
/// What a task has that says nothing, in MHz and MiB.
const UNSAID: Room = Room { cpu: 100, memory: 300 };

/// What a node has left, or what an instance needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// CPU in MHz.
    pub cpu: u64,
    /// Memory in MiB.
    pub memory: u64,
}

impl Room {
    fn plus(self, other: Self) -> Self {
        Self { cpu: self.cpu.saturating_add(other.cpu), memory: self.memory.saturating_add(other.memory) }
    }

    fn most(self, other: Self) -> Self {
        Self { cpu: self.cpu.max(other.cpu), memory: self.memory.max(other.memory) }
    }

    fn times(self, count: u32) -> Self {
        let count = u64::from(count);
        Self { cpu: self.cpu.saturating_mul(count), memory: self.memory.saturating_mul(count) }
    }
}

/// How many instances are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As few as scaling may make them.
    Least,
    /// As registered.
    Registered,
    /// As registered, and the canaries of a deployment.
    Deploying,
    /// As many as scaling may make them.
    Most,
    /// As many as scaling may make them, and the canaries of a deployment.
    MostDeploying,
}

/// The instances of a group that need a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Demand {
    /// The job.
    pub job: String,
    /// The group.
    pub group: String,
    /// How many are registered.
    pub count: u32,
    /// The fewest that scaling may make them.
    pub least: u32,
    /// The most that scaling may make them.
    pub most: u32,
    /// How many more a deployment starts beside them.
    pub canaries: u32,
    /// Whether there is one on each node instead.
    pub everywhere: bool,
    /// What each needs.
    pub each: Room,
}

impl Demand {
    /// A number of instances of some size.
    #[must_use]
    pub fn new(count: u32, each: Room) -> Self {
        Self { count, least: count, most: count, each, ..Self::default() }
    }

    /// What the groups of a job need.
    #[must_use]
    pub fn of(job: &Job) -> Vec<Self> {
        let everywhere = matches!(job.kind, Some(JobType::System | JobType::SysBatch));
        let one = |group: &TaskGroup| {
            let count = number(group.count.unwrap_or(1));
            let scaling = group.scaling.as_ref().filter(|scaling| scaling.enabled != Some(false));
            let canary = |update: &nomad_client::jobspec::Update| update.canary;
            let canaries = group.update.as_ref().and_then(canary).or(job.update.as_ref().and_then(canary));
            Self {
                job: job.id.clone(),
                group: group.name.clone(),
                count,
                least: scaling.and_then(|it| it.min).map_or(count, |least| number(least).min(count)),
                most: scaling.and_then(|it| it.most()).map_or(count, |most| number(most).max(count)),
                canaries: number(canaries.unwrap_or(0)),
                everywhere,
                each: size(group),
            }
        };
        job.task_groups.iter().map(one).collect()
    }

    /// What the groups of a job need, as its file has it.
    pub(crate) fn of_block(job: &Block) -> Vec<Self> {
        let kind = job.text("type").unwrap_or("service");
        let canary = |block: &Block| block.block("update").and_then(|update| update.number("canary"));
        let one = |group: &Block| {
            let scaled = |block: &Block, limit: &str| {
                block.block("scaling").and_then(|scaling| scaling.number(limit)).map(number)
            };
            let limits = |limit: &str| -> Vec<u32> {
                let of_tasks = group.blocks("task").filter_map(|task| scaled(task, limit));
                scaled(group, limit).into_iter().chain(of_tasks).collect()
            };
            let count = number(group.number("count").unwrap_or(1));
            let task = |task: &Block| {
                let asked = |what: &str| task.block("resources").and_then(|it| it.number(what));
                let lifecycle = task.block("lifecycle");
                let hook = lifecycle.and_then(|it| it.text("hook")).map(LifecycleHook::from);
                let sidecar = lifecycle.and_then(|it| it.flag("sidecar")).unwrap_or(false);
                (hook, sidecar, asked_for(asked("cpu"), asked("cores"), asked("memory")))
            };
            Self {
                job: job.label().to_owned(),
                group: group.label().to_owned(),
                count,
                least: limits("min").into_iter().min().map_or(count, |least| least.min(count)),
                most: limits("max").into_iter().max().map_or(count, |most| most.max(count)),
                canaries: number(canary(group).or(canary(job)).unwrap_or(0)),
                everywhere: matches!(kind, "system" | "sysbatch"),
                each: together(group.blocks("task").map(task)),
            }
        };
        job.blocks("group").map(one).collect()
    }

    /// How many instances there are on that many nodes.
    #[must_use]
    pub fn instances(&self, count: Count, nodes: usize) -> u32 {
        if self.everywhere {
            return u32::try_from(nodes).unwrap_or(u32::MAX);
        }
        match count {
            Count::Least => self.least,
            Count::Registered => self.count,
            Count::Deploying => self.count.saturating_add(self.canaries),
            Count::Most => self.most,
            Count::MostDeploying => self.most.saturating_add(self.canaries),
        }
    }
}

/// What an instance of a group needs.
fn size(group: &TaskGroup) -> Room {
    together(group.tasks.iter().map(|task| {
        let asked = task.resources.clone().unwrap_or_default();
        let lifecycle = task.lifecycle.as_ref();
        let hook = lifecycle.and_then(|it| it.hook.clone());
        let sidecar = lifecycle.is_some_and(|it| it.sidecar == Some(true));
        (hook, sidecar, asked_for(asked.cpu, asked.cores, asked.memory))
    }))
}

fn asked_for(cpu: Option<u64>, cores: Option<u64>, memory: Option<u64>) -> Room {
    let unsaid = if cores.is_some() { 0 } else { UNSAID.cpu };
    Room { cpu: cpu.unwrap_or(unsaid), memory: memory.unwrap_or(UNSAID.memory) }
}

/// What tasks need that run at the same time: those that prepare before the others, those that clean up
/// after them, and sidecars beside all.
fn together(tasks: impl Iterator<Item = (Option<LifecycleHook>, bool, Room)>) -> Room {
    let mut rooms = [Room::default(); 4];
    let [before, during, after, beside] = &mut rooms;
    for (hook, sidecar, each) in tasks {
        let part = match (hook, sidecar) {
            (Some(_), true) => &mut *beside,
            (Some(LifecycleHook::Prestart), false) => &mut *before,
            (Some(LifecycleHook::Poststop), false) => &mut *after,
            _ => &mut *during,
        };
        *part = part.plus(each);
    }
    before.most(*during).most(*after).plus(*beside)
}

fn number(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What an environment registers: the application, and the jobs beside it that its settings want.
#[must_use]
pub fn registered(environment: &Environment) -> Vec<Job> {
    let mut all = application(environment);
    all.extend(platform::Part::enabled(environment).into_iter().map(|part| part.job(environment)));
    all
}

/// The jobs of the application.
pub(crate) fn application(environment: &Environment) -> Vec<Job> {
    // Which version it is makes no difference to its size.
    let version = "v1".parse::<Version>();
    let of = |version: &Version| Component::ALL.map(|it| jobs::job(it, environment, version)).into();
    version.as_ref().map(of).unwrap_or_default()
}

/// What all of these need.
#[must_use]
pub fn demands<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<Demand> {
    jobs.into_iter().flat_map(Demand::of).collect()
}

/// What all instances need together.
#[must_use]
pub fn wanted(demands: &[Demand], count: Count, nodes: usize) -> Room {
    let one = |demand: &Demand| demand.each.times(demand.instances(count, nodes));
    demands.iter().map(one).fold(Room::default(), Room::plus)
}

/// How many of all the instances find no place: first what runs on each node, then the largest, each
/// where it leaves the least memory over. The scheduler may do a little worse, since it spreads.
///
/// ```
/// use wuffchat_deploy::capacity::{Count, Demand, Room, place};
/// let nodes = [Room { cpu: 4000, memory: 3500 }; 2];
/// let instances = Demand::new(7, Room { cpu: 500, memory: 1024 });
/// assert_eq!(place(&nodes, &[instances], Count::Registered), 1);
/// ```
#[must_use]
pub fn place(nodes: &[Room], demands: &[Demand], count: Count) -> u32 {
    let mut nodes = nodes.to_vec();
    let mut left_over = 0;
    let take = |node: &mut Room, each: Room| {
        let fits = node.cpu >= each.cpu && node.memory >= each.memory;
        if fits {
            *node = Room { cpu: node.cpu - each.cpu, memory: node.memory - each.memory };
        }
        fits
    };
    for demand in demands.iter().filter(|demand| demand.everywhere) {
        let missing = nodes.iter_mut().filter_map(|node| (!take(node, demand.each)).then_some(())).count();
        left_over += u32::try_from(missing).unwrap_or(u32::MAX);
    }
    let mut others: Vec<&Demand> = demands.iter().filter(|demand| !demand.everywhere).collect();
    others.sort_by_key(|demand| std::cmp::Reverse((demand.each.memory, demand.each.cpu)));
    for demand in others {
        let each = demand.each;
        let wanted = demand.instances(count, nodes.len());
        for placed in 0..wanted {
            let fits = nodes.iter_mut().filter(|node| node.cpu >= each.cpu && node.memory >= each.memory);
            let Some(node) = fits.min_by_key(|node| node.memory) else {
                left_over += wanted - placed;
                break;
            };
            take(node, each);
        }
    }
    left_over
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;
    use nomad_client::jobspec::{Lifecycle, Resources, Scaling, Task, Update};

    fn room(cpu: u64, memory: u64) -> Room {
        Room { cpu, memory }
    }

    #[test]
    fn instances_are_packed() {
        let demand = |count, cpu, memory| Demand::new(count, room(cpu, memory));
        let placed = |nodes: &[Room], demands: &[Demand]| place(nodes, demands, Count::Registered);
        assert_eq!(placed(&[], &[demand(2, 1, 1)]), 2);
        assert_eq!(placed(&[room(1000, 1000)], &[demand(1, 1, 1000), demand(1, 1, 1)]), 1);
        let two = [room(1000, 1500), room(1000, 600)];
        assert_eq!(placed(&two, &[demand(2, 1, 500), demand(1, 1, 1000)]), 0);
        assert_eq!(placed(&[room(100, 9999)], &[demand(2, 60, 1)]), 1);
        let everywhere = Demand { everywhere: true, ..demand(1, 1, 1000) };
        assert_eq!(placed(&two, &[everywhere.clone(), demand(1, 1, 500)]), 1, "the second has no 1000");
        assert_eq!(wanted(&[everywhere], Count::Most, 3), room(3, 3000));
    }

    #[test]
    fn what_a_job_registers_is_what_counts() {
        let task = |name: &str, memory| Task::new(name, "docker").resources(Resources::new(100, memory));
        let group = TaskGroup::new("g")
            .count(3)
            .update(Update::default().canary(2))
            .scaling(Scaling::between(2, 8))
            .task(task("main", 500))
            .task(task("proxy", 50).lifecycle(Lifecycle::prestart().sidecar(true)))
            .task(task("migrate", 900).lifecycle(Lifecycle::prestart()))
            .task(Task::new("quiet", "docker").lifecycle(Lifecycle::poststop()));
        let [demand]: [Demand; 1] = Demand::of(&Job::service("j").group(group.clone())).try_into().unwrap();
        assert_eq!(demand.each, room(200, 950), "what prepares runs before the others, beside the proxy");
        let counts = [Count::Least, Count::Registered, Count::Deploying, Count::Most, Count::MostDeploying];
        assert_eq!(counts.map(|count| demand.instances(count, 4)), [2, 3, 5, 8, 10]);
        let [system]: [Demand; 1] = Demand::of(&Job::system("s").group(group)).try_into().unwrap();
        assert_eq!(counts.map(|count| system.instances(count, 4)), [4; 5]);
    }

    #[test]
    fn a_file_says_the_same_as_the_job_it_is_of() {
        for stage in [Stage::Dev, Stage::Production] {
            let environment = Environment::new(stage);
            for job in registered(&environment) {
                let text = job.to_hcl().unwrap();
                let [block]: [Block; 1] = Block::parse(&text).unwrap().children.try_into().unwrap();
                assert_eq!(Demand::of_block(&block), Demand::of(&job), "{}", job.id);
            }
        }
    }
}
