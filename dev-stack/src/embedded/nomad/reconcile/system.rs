//! System jobs: one instance per feasible node.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    LOST, NOT_NEEDED, Reconciler, Stop, UPDATING, Updates, Wanted, alloc_name, created, needs_replacement,
    new_group,
};
use crate::embedded::nomad::json::Json as _;
use crate::embedded::nomad::state::{many, terminal};

impl<'a> Reconciler<'a> {
    /// One instance per feasible node.
    pub(super) fn system_group(&mut self, tg: &'a Value, all: &[&'a Value]) {
        let name = tg.s("Name");
        let mut up = Updates::default();
        let nodes = self.cluster.feasible(self.job, tg);
        let sysbatch = self.job.s("Type") == "sysbatch";
        let mut have: BTreeSet<String> = BTreeSet::new();
        let (mut destructive, mut unfinished) = (Vec::new(), 0_u64);
        for a in all {
            let node = self.state.nodes.get(a.s("NodeID"));
            let current = a.at("Job").u("Version") == self.job.u("Version")
                && a.at("Job").u("CreateIndex") == created(self.job);
            if terminal(a) {
                if current && a.s("DesiredStatus") == "run" && (sysbatch || a.s("ClientStatus") == "failed") {
                    have.insert(a.s("NodeID").to_owned());
                }
                continue;
            }
            if node.is_none_or(|n| n.s("Status") == "down") {
                up.stop += 1;
                self.plan.stops.push(Stop { id: a.s("ID").to_owned(), why: LOST, lost: true });
                continue;
            }
            let draining = a.at("DesiredTransition").b("Migrate");
            if draining
                || (!nodes.contains(&a.s("NodeID").to_owned())
                    && node.is_some_and(|n| n.s("SchedulingEligibility") == "eligible"))
            {
                up.stop += 1;
                self.stop(a, NOT_NEEDED);
                continue;
            }
            have.insert(a.s("NodeID").to_owned());
            if current {
                up.ignore += 1;
                unfinished += u64::from(a.at("DeploymentStatus").at("Healthy").is_null());
            } else if needs_replacement(a.at("Job"), self.job, name) {
                destructive.push(*a);
            } else {
                up.inplace += 1;
                self.plan.inplace.push(a.s("ID").to_owned());
            }
        }
        let update = tg.at("Update");
        let strategy = self.job.s("Type") == "system" && update.u("MaxParallel") > 0;
        let halted = self.current.is_some_and(|d| d.s("Status") == "paused") || self.failed.is_some();
        let mut limit = if halted {
            0
        } else if strategy {
            update.u("MaxParallel").saturating_sub(unfinished)
        } else {
            many(&destructive)
        };
        let mut moves = 0_u64;
        for a in destructive {
            moves += 1;
            if limit == 0 {
                up.ignore += 1;
                continue;
            }
            limit -= 1;
            up.destructive += 1;
            self.stop(a, UPDATING);
            self.place(Wanted {
                name: alloc_name(self.job, name, 0),
                node: Some(a.s("NodeID")),
                previous: Some(a),
                in_deployment: strategy,
                ..Wanted::of(tg)
            });
        }
        for node in nodes.iter().filter(|n| !have.contains(*n)) {
            up.place += 1;
            moves += 1;
            self.place(Wanted {
                name: alloc_name(self.job, name, 0),
                node: Some(node),
                in_deployment: strategy,
                ..Wanted::of(tg)
            });
        }
        let dstate = self.current.map_or(&Value::Null, |d| d.at("TaskGroups").at(name));
        let had_running = all.iter().any(|a| {
            a.at("Job").u("Version") == self.job.u("Version")
                && a.at("Job").u("CreateIndex") == created(self.job)
        });
        if self.current.is_none() && self.failed.is_none() && strategy && !had_running && !nodes.is_empty() {
            self.new_groups.insert(name.to_owned(), new_group(update, many(&nodes), 0));
        }
        if !dstate.is_null() && (moves > 0 || dstate.u("HealthyAllocs") < dstate.u("DesiredTotal")) {
            self.complete = false;
        }
        self.plan.annotations.insert(name.to_owned(), up);
    }
}
