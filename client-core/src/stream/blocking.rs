//! The rules of blocking queries: what an index in an answer means for the next question.

/// What to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something may have changed: look at the value, then block on this index.
    Changed(u64),
    /// The wait is over and nothing changed: block on the same index again.
    Unchanged(u64),
    /// The server's history went backwards (a restore, a new leader): look at the value and start
    /// over without an index.
    StartOver,
    /// The answer names no index, so this endpoint cannot be blocked on.
    CannotBlock,
}

/// Decides about an answer with the index `got` to a question that blocked on `asked`.
///
/// Index 0 would not block and make the loop spin; it counts as 1.
#[must_use]
pub fn step(asked: Option<u64>, got: Option<u64>) -> Step {
    match (asked, got.map(|index| index.max(1))) {
        (_, None) => Step::CannotBlock,
        (None, Some(got)) => Step::Changed(got),
        (Some(asked), Some(got)) if got < asked => Step::StartOver,
        (Some(asked), Some(got)) if got == asked => Step::Unchanged(got),
        (Some(_), Some(got)) => Step::Changed(got),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let cases = [
            (None, Some(7), Step::Changed(7)),
            (None, Some(0), Step::Changed(1)),
            (None, None, Step::CannotBlock),
            (Some(7), Some(8), Step::Changed(8)),
            (Some(7), Some(7), Step::Unchanged(7)),
            (Some(7), Some(6), Step::StartOver),
            (Some(1), Some(0), Step::Unchanged(1)),
            (Some(7), Some(0), Step::StartOver),
            (Some(7), None, Step::CannotBlock),
        ];
        for (asked, got, wanted) in cases {
            assert_eq!(step(asked, got), wanted, "{asked:?} → {got:?}");
        }
    }
}
