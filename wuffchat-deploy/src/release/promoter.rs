//! Who promotes the canaries of a release: decided here, and followed by the job's update block, by the
//! wait and by the outcome.

use nomad_client::{Canaries, Job};

use super::Request;
use crate::app::Environment;

/// Who promotes healthy canaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promoter {
    /// Nomad, as soon as they are healthy.
    Nomad,
    /// The release, as soon as they are healthy.
    Release,
    /// The release, once they passed its gates and its soak time.
    Gates,
    /// Somebody else: the release ends as ready for promotion.
    SomebodyElse,
}

impl Promoter {
    /// Who promotes by the settings alone, which is what a rendered job says.
    #[must_use]
    pub fn by_settings(environment: &Environment) -> Self {
        Self::decide(environment, true, false)
    }

    /// Who promotes in a release.
    #[must_use]
    pub fn of(environment: &Environment, request: &Request) -> Self {
        Self::decide(environment, request.promote, !request.gates.0.is_empty())
    }

    /// Who promotes a job that is put back where it was asked for: what has proven itself before waits for
    /// no gates.
    pub(crate) fn going_back(request: &Request) -> Self {
        if request.promote { Self::Release } else { Self::SomebodyElse }
    }

    fn decide(environment: &Environment, asked: bool, own_gates: bool) -> Self {
        match () {
            () if !asked => Self::SomebodyElse,
            () if own_gates || environment.release.decides_promotion() => Self::Gates,
            () if environment.update.auto_promote => Self::Nomad,
            () => Self::Release,
        }
    }

    /// The job, told whether Nomad promotes its canaries. Where there are none Nomad refuses to.
    pub(crate) fn tell(self, mut job: Job) -> Job {
        for update in job.task_groups.iter_mut().filter_map(|group| group.update.as_mut()) {
            update.auto_promote = Some(self == Self::Nomad && update.canary.is_some_and(|count| count > 0));
        }
        job
    }

    /// The job that runs, registered once more. Only whoever leaves promotion to somebody else has to be
    /// told to Nomad: else it is as it was, and what Nomad does not promote the release does.
    pub(crate) fn tell_again(self, job: Job) -> Job {
        if self == Self::SomebodyElse { self.tell(job) } else { job }
    }

    /// What a wait does with healthy canaries that Nomad does not promote: a job that was registered
    /// without that, and did not change since, is promoted by the release.
    pub(super) fn canaries(self) -> Canaries {
        match self {
            Self::Nomad | Self::Release => Canaries::Promote,
            Self::Gates => Canaries::Wait,
            Self::SomebodyElse => Canaries::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Component, Stage, jobs};

    #[test]
    fn one_decides() {
        use Promoter::{Gates, Nomad, Release, SomebodyElse};
        // Asked to promote, by Nomad by the settings, gates or a soak time.
        for (asked, automatic, gates, wanted, auto) in [
            (true, true, false, Nomad, true),
            (true, false, false, Release, false),
            (true, true, true, Gates, false),
            (true, false, true, Gates, false),
            (false, true, false, SomebodyElse, false),
            (false, true, true, SomebodyElse, false),
            (false, false, false, SomebodyElse, false),
        ] {
            let mut environment = Environment::new(Stage::Production);
            environment.update.auto_promote = automatic;
            if gates {
                environment.release.soak = std::time::Duration::from_secs(1);
            }
            let mut request = Request::new("v1".parse().unwrap());
            request.promote = asked;
            let promoter = Promoter::of(&environment, &request);
            assert_eq!(promoter, wanted, "{asked} {automatic} {gates}");
            let job = promoter.tell(jobs::job(Component::Api, &environment, &request.version));
            let update = job.task_groups[0].update.as_ref().unwrap();
            assert_eq!(update.auto_promote, Some(auto), "{promoter:?}");
        }
    }

    #[test]
    fn nobody_promotes_what_has_no_canaries() {
        let mut environment = Environment::new(Stage::Dev);
        environment.update.canary = 0;
        let job = jobs::job(Component::Api, &environment, &"v1".parse().unwrap());
        assert_eq!(job.task_groups[0].update.as_ref().unwrap().auto_promote, Some(false));
    }
}
