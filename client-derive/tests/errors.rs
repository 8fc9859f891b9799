//! What the macros refuse, and where they say so: each file of `errors/` has one mistake, which its
//! comment `//~` marks, with a part of what is said. The column is that of the marked `^`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

fn macros() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let mut found: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.starts_with("libclient_derive-") && file.ends_with(std::env::consts::DLL_SUFFIX)
        })
        .map(|path| (std::fs::metadata(&path).and_then(|data| data.modified()).unwrap(), path))
        .collect();
    found.sort();
    found.pop().unwrap().1
}

/// The first error the compiler has for a file: its text, line and column.
fn compile(file: &Path) -> (String, u64, u64) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = std::env::temp_dir().join(format!("client-derive-{}.rmeta", std::process::id()));
    let output = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .arg("-o")
        .arg(&out)
        .arg("--extern")
        .arg(format!("client_derive={}", macros().display()))
        .arg(file)
        .output()
        .unwrap();
    let _ = std::fs::remove_file(out);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut lines = said.lines();
    let text = lines.find(|line| line.starts_with("error")).unwrap_or_else(|| panic!("{file:?}: {said}"));
    let place = lines.next().unwrap_or_default();
    let mut numbers = place.rsplit(':').map(|number| number.trim().parse().unwrap_or_default());
    let (column, line) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    (text.to_owned(), line, column)
}

#[test]
fn mistakes_are_told_where_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6);
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let (above, marked) =
            source.lines().enumerate().find(|(_, line)| line.contains("//~")).expect("a marked line");
        let (before, words) = marked.split_once('^').expect("a column");
        let wanted = (above as u64, before.len() as u64 + 1);
        let (said, line, column) = compile(&file);
        assert!(said.contains(words.trim()), "{file:?}: {said}");
        assert_eq!((line, column), wanted, "{file:?}: {said}");
    }
}
