//! What Nomad adds to the groups of a job each time it is registered.

use super::{Constraint, Job, Operator};

/// The constraint of groups whose tasks or services have identities. Nomad appends it at each registration, also
/// where it is there already.
const APPENDED: (&str, &str) = ("${attr.nomad.version}", ">= 1.7.0-a");
/// What Nomad adds where nothing else is said about the attribute.
const ADDED_ONCE: [&str; 2] = ["${attr.vault.version}", "${attr.consul.version}"];

fn is_appended(constraint: &Constraint) -> bool {
    let (attribute, value) = APPENDED;
    constraint.operator == Some(Operator::Semver)
        && constraint.attribute.as_deref() == Some(attribute)
        && constraint.value.as_deref() == Some(value)
}

fn is_implied(constraint: &Constraint) -> bool {
    let attribute = constraint.attribute.as_deref().unwrap_or_default();
    is_appended(constraint) || ADDED_ONCE.contains(&attribute)
}

impl Job {
    /// Makes a job that was read from Nomad ready to be registered again: without the constraint that Nomad appends
    /// to groups with identities at each registration.
    ///
    /// A job that is read, changed and registered otherwise has it once more each time. A plan then calls the job as
    /// it is written `Edited` although nothing that it shows differs.
    ///
    /// ```no_run
    /// # async fn example(nomad: &nomad_client::Client) -> nomad_client::Result<()> {
    /// let job = nomad.jobs().get("api").await?.without_implied_constraints();
    /// nomad.jobs().register(&job.priority(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn without_implied_constraints(mut self) -> Self {
        for group in &mut self.task_groups {
            group.constraints.retain(|constraint| !is_appended(constraint));
        }
        self
    }

    /// Gives groups the constraints that Nomad added to them in `registered`, where it is the same job apart from
    /// that: a plan of it then says what really differs, also where somebody registered a job as it was read, as
    /// `nomad job revert` does.
    #[must_use]
    pub fn with_implied_constraints_of(mut self, registered: &Self) -> Self {
        for group in &mut self.task_groups {
            let Some(live) = registered.task_group(&group.name) else { continue };
            // Once is what planning adds by itself.
            let Some(last) = live.constraints.iter().rposition(is_appended) else { continue };
            let own: Vec<&Constraint> = live.constraints.iter().filter(|it| !is_implied(it)).collect();
            if own.len() == group.constraints.len() && own.into_iter().eq(&group.constraints) {
                let mut constraints = live.constraints.clone();
                constraints.remove(last);
                group.constraints = constraints;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobspec::TaskGroup;

    fn group(constraints: &[(&str, &str, &str)]) -> Job {
        let add = |group: TaskGroup, (left, operator, right): &(&str, &str, &str)| {
            group.constraint(Constraint::new(*left, *operator, *right))
        };
        Job::service("api").group(constraints.iter().fold(TaskGroup::new("api"), add))
    }

    const OWN: (&str, &str, &str) = ("${attr.kernel.name}", "=", "linux");
    const VAULT: (&str, &str, &str) = ("${attr.vault.version}", "semver", ">= 0.6.1");
    const NOMAD: (&str, &str, &str) = ("${attr.nomad.version}", "semver", ">= 1.7.0-a");

    #[test]
    fn what_is_registered_again_has_it_once() {
        let read = group(&[OWN, VAULT, NOMAD, NOMAD]);
        assert_eq!(read.without_implied_constraints(), group(&[OWN, VAULT]));
        let own = group(&[("${attr.nomad.version}", "semver", ">= 1.9.0")]);
        assert_eq!(own.clone().without_implied_constraints(), own);
    }

    #[test]
    fn a_plan_is_made_against_what_is_there() {
        let live = group(&[OWN, VAULT, NOMAD, NOMAD]);
        assert_eq!(group(&[OWN]).with_implied_constraints_of(&live), group(&[OWN, VAULT, NOMAD]));
        // A constraint of its own that differs stays a difference.
        assert_eq!(group(&[]).with_implied_constraints_of(&live), group(&[]));
        assert_eq!(group(&[OWN]).with_implied_constraints_of(&group(&[OWN])), group(&[OWN]));
    }
}
