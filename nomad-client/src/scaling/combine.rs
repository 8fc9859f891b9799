//! From what checks want to what a policy wants.

use super::strategy::{Action, Direction};

/// The count that stands for "none" in a dry run, which no limit applies to.
const DRY_RUN: i64 = -1;

impl Action {
    /// Brings the count within limits, and says so in its reason. The direction stays, also where the
    /// count then is the one there is.
    ///
    /// A count of -1 stays too: the autoscaler takes it for the mark of a dry run.
    #[must_use]
    pub fn capped(mut self, min: i64, max: i64) -> Self {
        if self.count == DRY_RUN {
            return self;
        }
        let count = if self.count < min { min } else { self.count.min(max) };
        if count != self.count {
            let reason = format!("capped count from {} to {count} to stay within limits", self.count);
            let earlier = std::mem::replace(&mut self.reason, reason);
            self.reason_history.extend((!earlier.is_empty()).then_some(earlier));
            self.original = Some(self.count);
            self.count = count;
        }
        self
    }

    /// Which of two wins: up before none before down, then the higher count, then the first.
    #[must_use]
    pub fn or_safer(self, other: Self) -> Self {
        let higher = self.direction != Direction::None && other.count > self.count;
        if other.direction > self.direction || other.direction == self.direction && higher {
            other
        } else {
            self
        }
    }
}

/// What a policy wants, from what its checks want with the name of each one's group, empty for none.
/// `None` of no checks.
///
/// In a group, checks without a wish do not count unless all are; between groups, and between checks
/// without a group, none wins over down.
#[must_use]
pub fn combine<'a>(actions: impl IntoIterator<Item = (&'a str, Action)>) -> Option<Action> {
    let mut groups: Vec<(&str, Vec<Action>)> = Vec::new();
    for (group, action) in actions {
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, members)) => members.push(action),
            None => groups.push((group, vec![action])),
        }
    }
    groups.into_iter().filter_map(|(group, members)| group_winner(group, members)).reduce(Action::or_safer)
}

fn group_winner(group: &str, members: Vec<Action>) -> Option<Action> {
    let counts = |action: &Action| group.is_empty() || action.direction != Direction::None;
    if members.iter().any(counts) {
        members.into_iter().filter(counts).reduce(Action::or_safer)
    } else {
        members.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Down, None as Stay, Up};

    fn action(direction: Direction, count: i64) -> Action {
        Action { direction, count, ..Action::default() }
    }

    #[test]
    fn groups_and_single_checks() {
        type Case<'a> = (&'a [(&'a str, Direction, i64)], Option<(Direction, i64)>);
        let cases: &[Case<'_>] = &[
            (&[], None),
            (&[("", Down, 1), ("", Stay, 0)], Some((Stay, 0))),
            (&[("g", Down, 1), ("g", Stay, 0)], Some((Down, 1))),
            (&[("g1", Down, 1), ("g2", Stay, 0)], Some((Stay, 0))),
            (&[("", Down, 1), ("", Down, 4)], Some((Down, 4))),
            (&[("", Up, 3), ("", Up, 7)], Some((Up, 7))),
            (&[("", Up, 3), ("", Down, 9)], Some((Up, 3))),
            (&[("g", Stay, 5), ("g", Stay, 6)], Some((Stay, 5))),
            (&[("g", Stay, 0), ("", Down, 2)], Some((Stay, 0))),
        ];
        for (checks, wanted) in cases {
            let found = combine(checks.iter().map(|(group, way, count)| (*group, action(*way, *count))));
            assert_eq!(found.map(|found| (found.direction, found.count)), *wanted, "{checks:?}");
        }
    }

    #[test]
    fn limits_say_what_they_did() {
        let capped = Action { reason: "r".to_owned(), ..action(Up, 12) }.capped(2, 10);
        assert_eq!((capped.direction, capped.count, capped.original), (Up, 10, Some(12)));
        assert_eq!(capped.reason, "capped count from 12 to 10 to stay within limits");
        assert_eq!(capped.reason_history, ["r"]);
        assert_eq!(action(Down, -1).capped(2, 10).count, -1, "the mark of a dry run");
        assert_eq!(action(Stay, 0).capped(2, 10).direction, Stay);
        assert_eq!(action(Up, 3).capped(2, 10), action(Up, 3));
    }
}
