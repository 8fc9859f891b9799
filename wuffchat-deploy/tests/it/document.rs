//! `docs/document.md` names what there is.

use std::path::Path;

/// What stands between backquotes in a column of the table.
fn named(column: usize) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/document.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|row| row.split('|').nth(column).unwrap_or_default().to_owned());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn each_program_and_test_of_the_table_exists() {
    let programs = named(3);
    assert!(programs.len() > 30, "{programs:?}");
    for program in programs.iter().filter(|name| !name.starts_with("--")) {
        let name = program.split(' ').next().unwrap_or_default();
        assert!(root().join("examples").join(format!("{name}.rs")).is_file(), "no program {name}");
    }
    let tests = named(4);
    let files: Vec<_> = tests.iter().filter(|name| name.starts_with("it/")).collect();
    assert!(files.len() > 30, "{files:?}");
    for file in files {
        assert!(root().join("wuffchat-deploy/tests").join(file).is_file(), "no test {file}");
    }
}
