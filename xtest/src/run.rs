//! The run of cargo that a test belongs to, and what was noted during it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Note;

/// Notes of runs that nobody has asked for are kept this long.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// One run of `cargo test`: all test binaries that the same process has started.
#[derive(Clone, Debug)]
pub struct Run {
    file: PathBuf,
}

impl Run {
    /// The run that this process belongs to; `None` where that cannot be told.
    #[must_use]
    pub fn current() -> Option<Self> {
        Self::started_by(starter()?)
    }

    /// The run of the tests that a process has started; `None` where it is over.
    #[must_use]
    pub fn started_by(process: u32) -> Option<Self> {
        let test = std::env::current_exe().ok()?;
        // target/debug/deps/it-…
        let target = test.ancestors().nth(3)?;
        // Numbers of processes come again, with another time of start.
        let name = format!("{process}-{}", start(process)?);
        Some(Self::of(&target.join("tmp").join("skips"), &name))
    }

    /// The run of a name, with its notes in `folder`.
    #[must_use]
    pub fn of(folder: &Path, name: &str) -> Self {
        Self { file: folder.join(name) }
    }

    /// Keeps a note. A note that cannot be kept is said instead.
    pub fn note(&self, note: &Note) {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let written = fs::create_dir_all(folder).and_then(|()| {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
            // One write, since other threads and processes write as well.
            file.write_all(line(note).as_bytes())
        });
        if let Err(error) = written {
            let _ = writeln!(std::io::stderr(), "{} cannot be written: {error}", self.file.display());
        }
    }

    /// What was noted so far, each note once, in order.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let mut notes: Vec<Note> = text.lines().filter_map(read).collect();
        notes.sort();
        notes.dedup();
        notes
    }

    /// Forgets the notes of this run, and of old ones.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.file);
        let folder = self.file.parent().unwrap_or(Path::new("."));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let age = entry.metadata().and_then(|it| it.modified()).ok().and_then(|it| it.elapsed().ok());
            if age.is_some_and(|age| age > KEPT) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(unix)]
fn starter() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

/// Elsewhere skips are said and not collected.
#[cfg(not(unix))]
fn starter() -> Option<u32> {
    None
}

/// When a process was started, in whatever form the system says it.
fn start(process: u32) -> Option<String> {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) {
        // The name, in parentheses, may have spaces; the start is the twentieth field after it.
        return Some(stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_owned());
    }
    let asked = Command::new("ps").args(["-o", "lstart=", "-p", &process.to_string()]).output().ok()?;
    let said: String =
        String::from_utf8(asked.stdout).ok()?.chars().filter(char::is_ascii_alphanumeric).collect();
    (!said.is_empty()).then_some(said)
}

fn line(note: &Note) -> String {
    let fields: Vec<String> = match note {
        Note::Skipped { package, test, part, why } => {
            ["skipped", package, test, part, why].map(str::to_owned).to_vec()
        }
        Note::Counted { what, passed, failed, skipped } => {
            let mut fields = vec!["counted".to_owned(), what.clone()];
            fields.extend([passed, failed, skipped].map(ToString::to_string));
            fields
        }
    };
    let plain: Vec<String> = fields.iter().map(|it| it.replace(['\t', '\n', '\r'], " ")).collect();
    plain.join("\t") + "\n"
}

fn read(line: &str) -> Option<Note> {
    match line.split('\t').collect::<Vec<_>>().as_slice() {
        ["skipped", package, test, part, why] => {
            let [package, test, part, why] = [package, test, part, why].map(|it| (*it).to_owned());
            Some(Note::Skipped { package, test, part, why })
        }
        ["counted", what, passed, failed, skipped] => Some(Note::Counted {
            what: (*what).to_owned(),
            passed: passed.parse().ok()?,
            failed: failed.parse().ok()?,
            skipped: skipped.parse().ok()?,
        }),
        _ => None,
    }
}
