//! What is told of tests, in the form in which Rust's own harness tells it.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use contract::scenario::{Outcome, Place, Scenario};
use xtest::{Note, Run, summary};

/// The names of tests, a line each.
pub fn list(chosen: &[(Place, Vec<Scenario>)], terse: bool) {
    let mut count = 0;
    for (place, scenarios) in chosen {
        for scenario in scenarios {
            println!("{}: test", scenario.test_name(*place));
            count += 1;
        }
    }
    if !terse {
        println!("\n{count} tests, 0 benchmarks");
    }
}

/// What was told so far.
pub struct Told {
    terse: bool,
    ended: Vec<(String, Outcome)>,
}

impl Told {
    pub fn new(terse: bool) -> Self {
        Self { terse, ended: Vec::new() }
    }

    /// A test has ended.
    pub fn ended(&mut self, test: &str, outcome: &Outcome) {
        if self.terse {
            print!(
                "{}",
                match outcome {
                    Outcome::Passed => '.',
                    Outcome::Failed(_) => 'F',
                    Outcome::Skipped(_) => 'i',
                }
            );
            let _ = std::io::stdout().flush();
        } else {
            match outcome {
                Outcome::Passed => println!("test {test} ... ok"),
                Outcome::Failed(_) => println!("test {test} ... FAILED"),
                Outcome::Skipped(why) => println!("test {test} ... ignored, {why}"),
            }
        }
        self.ended.push((test.to_owned(), outcome.clone()));
    }

    fn count(&self, wanted: fn(&Outcome) -> bool, at: &str) -> usize {
        self.ended.iter().filter(|(test, outcome)| test.starts_with(at) && wanted(outcome)).count()
    }

    fn counted(&self, at: &str) -> [usize; 3] {
        [
            self.count(|it| matches!(it, Outcome::Passed), at),
            self.count(|it| matches!(it, Outcome::Failed(_)), at),
            self.count(|it| matches!(it, Outcome::Skipped(_)), at),
        ]
    }

    /// What is to be said at the end of the run of cargo as well.
    fn notes(&self) -> Vec<Note> {
        let package = xtest::package();
        let mut notes: Vec<Note> = self
            .ended
            .iter()
            .filter_map(|(test, outcome)| {
                let Outcome::Skipped(why) = outcome else { return None };
                let (package, test, why) = (package.clone(), test.clone(), why.clone());
                Some(Note::Skipped { package, test, part: String::new(), why })
            })
            .collect();
        for place in Place::ALL {
            let [passed, failed, skipped] = self.counted(&format!("{place}::"));
            if passed + failed + skipped > 0 {
                notes.push(Note::Counted { what: format!("scenarios on {place}"), passed, failed, skipped });
            }
        }
        notes
    }

    /// All tests have ended.
    pub fn end(self, filtered_out: usize, elapsed: Duration) -> ExitCode {
        let failures: Vec<_> = self
            .ended
            .iter()
            .filter_map(|(test, outcome)| match outcome {
                Outcome::Failed(why) => Some((test, why)),
                _ => None,
            })
            .collect();
        if !failures.is_empty() {
            println!("\nfailures:");
            for (test, why) in &failures {
                println!("\n---- {test} ----\n{why}");
            }
            println!("\n\nfailures:");
            for (test, _) in &failures {
                println!("    {test}");
            }
        }
        let notes = self.notes();
        if let Some(run) = Run::current() {
            notes.iter().for_each(|note| run.note(note));
        }
        println!("\n{}", summary(&notes));
        let [passed, failed, ignored] = self.counted("");
        let result = if failed == 0 { "ok" } else { "FAILED" };
        let seconds = elapsed.as_secs_f64();
        println!(
            "test result: {result}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {filtered_out} filtered out; finished in {seconds:.2}s\n"
        );
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
    }
}
