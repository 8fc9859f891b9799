//! What was skipped in this run of cargo, and why. Cargo runs this last of all: its package and its
//! own name come after all others.

use std::time::Instant;

use xtest::{Note, Run, summary};

fn main() {
    let begun = Instant::now();
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let Some(run) = Run::current() else {
        println!("what was skipped stands where it was: which run this is cannot be told here");
        return;
    };
    let notes = run.notes();
    run.forget();
    let (mut skipped, mut counted) = (0, 0);
    for note in &notes {
        match note {
            Note::Skipped { part, .. } => skipped += usize::from(part.is_empty()),
            Note::Counted { skipped, .. } => counted += skipped,
        }
    }
    println!("\n{}", summary(&notes));
    // What others have counted themselves is not counted again.
    let ignored = skipped.saturating_sub(counted);
    let elapsed = begun.elapsed().as_secs_f64();
    println!(
        "test result: ok. 0 passed; 0 failed; {ignored} ignored; 0 measured; 0 filtered out; finished in {elapsed:.2}s"
    );
}
