//! Skips are noted for their run alone, and summed up by reason.

use std::path::PathBuf;
use std::process::Command;

use xtest::{Note, Run, summary};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("xtest-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn skipped(package: &str, test: &str, part: &str, why: &str) -> Note {
    let [package, test, part, why] = [package, test, part, why].map(str::to_owned);
    Note::Skipped { package, test, part, why }
}

#[test]
fn notes_are_of_their_run() {
    let folder = Folder::new("runs");
    let (one, two) = (Run::of(&folder.0, "1-100"), Run::of(&folder.0, "1-200"));
    let first = skipped("a", "it::x", "", "no nomad");
    let counted = Note::Counted { what: "scenarios".to_owned(), passed: 3, failed: 1, skipped: 2 };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (one.note(&first), one.note(&counted)));
        }
    });
    two.note(&skipped("a", "it::x", "2 commands", "many\nlines\tand tabs"));
    assert_eq!(one.notes(), [first, counted]);
    assert_eq!(two.notes(), [skipped("a", "it::x", "2 commands", "many lines and tabs")]);
    one.forget();
    assert_eq!(one.notes(), []);
    assert_eq!(two.notes().len(), 1);
}

/// Set in the process that skips.
const SKIPS: &str = "XTEST_SKIPS";

#[test]
fn a_skip_is_said_past_the_capture_and_noted_under_the_name_of_its_test() {
    if std::env::var_os(SKIPS).is_some() {
        xtest::skip("this is how it looks");
        return xtest::skip_part("a half", "this is how it looks");
    }
    // In a run of its own, which this process is, so that nothing of it is told at the end of this one.
    let name = "notes::a_skip_is_said_past_the_capture_and_noted_under_the_name_of_its_test";
    let mut test = Command::new(std::env::current_exe().unwrap());
    let output = test.args(["--exact", name]).env(SKIPS, "1").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("1 passed") && !printed.contains("looks"), "{printed}");
    assert_eq!(
        said,
        format!(
            "skipped xtest {name}: this is how it looks\nskipped xtest {name}: a half: this is how it looks\n"
        )
    );
    let run = Run::started_by(std::process::id()).unwrap();
    let why = "this is how it looks";
    assert_eq!(run.notes(), [skipped("xtest", name, "", why), skipped("xtest", name, "a half", why)]);
    run.forget();
}

#[test]
fn the_most_common_reason_comes_first() {
    let mut notes = vec![
        skipped("b", "it::one", "", "no yaml"),
        skipped("a", "it::walk", "1 command", "no PKI"),
        Note::Counted { what: "scenarios on agents".to_owned(), passed: 1, failed: 0, skipped: 5 },
    ];
    notes.extend((0..5).map(|number| skipped("c", &format!("agents::{number}"), "", "no nomad")));
    notes.push(skipped("b", "it::two", "", "no nomad"));
    let wanted = "\
scenarios on agents: 1 passed, 0 failed, 5 skipped
skipped: no nomad
  b, 1: it::two
  c, 5: agents::0, agents::1, agents::2, agents::3 and 1 more
skipped: no PKI
  a, 1: 1 command in it::walk
skipped: no yaml
  b, 1: it::one
skipped: 7 tests, of which 2 count as passed in the results above; parts of others: 1
";
    assert_eq!(summary(&notes), wanted);
    assert_eq!(summary(&[]), "skipped: nothing\n");
}
