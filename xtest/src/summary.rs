//! What stands at the end of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Note;

/// So many names of tests are told in full; of others there is the number.
const NAMED: usize = 4;

/// What was skipped and why, most first, and how many of what was counted passed, failed and were skipped.
#[must_use]
pub fn summary(notes: &[Note]) -> String {
    let mut text = String::new();
    let mut reasons: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    let (mut tests, mut parts) = (0_usize, 0_usize);
    for note in notes {
        let Note::Skipped { package, test, part, why } = note else { continue };
        *if part.is_empty() { &mut tests } else { &mut parts } += 1;
        let name = if part.is_empty() { test.clone() } else { format!("{part} in {test}") };
        reasons.entry(why).or_default().entry(package).or_default().push(name);
    }
    let mut counted_skips = 0;
    for note in notes {
        let Note::Counted { what, passed, failed, skipped } = note else { continue };
        counted_skips += skipped;
        let _ = writeln!(text, "{what}: {passed} passed, {failed} failed, {skipped} skipped");
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    let size = |packages: &BTreeMap<&str, Vec<String>>| packages.values().map(Vec::len).sum::<usize>();
    reasons.sort_by_key(|(_, packages)| std::cmp::Reverse(size(packages)));
    for (why, packages) in &reasons {
        let _ = writeln!(text, "skipped: {why}");
        for (package, names) in packages {
            let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let _ = writeln!(text, "  {package}, {}: {shown}{more}", names.len());
        }
    }
    // Whoever counts by itself has told its skips; to the others a skipped test is one that passed.
    let hidden = tests.saturating_sub(counted_skips);
    let _ = match (tests, parts) {
        (0, 0) => writeln!(text, "skipped: nothing"),
        _ => writeln!(
            text,
            "skipped: {tests} tests, of which {hidden} count as passed in the results above; parts of others: {parts}"
        ),
    };
    text
}
