//! Takes the guide apart: files, commands, and what they are said to print.

use std::path::Path;

/// A block of the guide, in its order.
#[derive(Debug, PartialEq)]
pub enum Block {
    /// A file to have.
    File { name: String, text: String },
    /// Commands, and what they print.
    Commands { commands: Vec<Command>, printed: Vec<String>, on: On },
}

/// Where commands can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Wherever there is a stack.
    Any,
    /// Real agents only.
    Agents,
    /// Only by whoever prepares a terminal: it is what the test does by itself.
    Setup,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub line: usize,
    pub text: String,
    pub code: i32,
}

pub fn read() -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide.md");
    blocks(&std::fs::read_to_string(path).unwrap())
}

/// The blocks of a document; anything that is not understood fails, so that nothing is left out silently.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((start, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            assert!(!line.trim_start().starts_with("```"), "line {}: an indented block", start + 1);
            continue;
        };
        let inside: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
        let whole = || inside.iter().map(|(_, line)| format!("{line}\n")).collect::<String>();
        match info.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["sh", on @ ..] => {
                let on = match on {
                    [] => On::Any,
                    ["agents"] => On::Agents,
                    ["setup"] => On::Setup,
                    other => panic!("line {}: {other:?}", start + 1),
                };
                let commands: Vec<Command> =
                    inside.iter().filter_map(|(n, line)| command(n + 1, line)).collect();
                assert!(!commands.is_empty(), "line {}: no command", start + 1);
                blocks.push(Block::Commands { commands, printed: Vec::new(), on });
            }
            ["text"] => match blocks.last_mut() {
                Some(Block::Commands { printed, .. }) if printed.is_empty() => {
                    printed.extend(inside.iter().map(|(_, line)| (*line).to_owned()));
                }
                _ => panic!("line {}: output of no command", start + 1),
            },
            [_, name] if name.contains('.') => {
                blocks.push(Block::File { name: (*name).to_owned(), text: whole() });
            }
            other => panic!("line {}: what is a block of {other:?}?", start + 1),
        }
    }
    blocks
}

/// A command, its comment and the exit code that the comment names.
fn command(number: usize, line: &str) -> Option<Command> {
    let (text, comment) = line.split_once(" # ").unwrap_or((line, ""));
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    assert!(!text.ends_with('\\'), "line {number}: commands have a line each");
    let code = comment.trim().strip_prefix("exit code ").map_or(0, |rest| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        digits.parse().unwrap()
    });
    Some(Command { line: number, text: text.to_owned(), code })
}

/// The first of the wanted lines that was not printed, in their order; `…` stands for anything.
pub fn missing<'a>(wanted: &'a [String], printed: &str) -> Option<&'a str> {
    let mut lines = printed.lines();
    wanted.iter().find(|line| !lines.any(|printed| fits(line, printed))).map(String::as_str)
}

fn fits(pattern: &str, line: &str) -> bool {
    let line = line.trim_end();
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut last = "";
    let mut open = false;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
        (last, open) = (part, true);
    }
    rest.is_empty() || open && (last.is_empty() || line.ends_with(last))
}

#[test]
fn the_marks_are_understood() {
    let text = "\
text
```toml a.toml
x = 1
```
```sh
one --flag # exit code 9: because
# nothing
two
```
```text
a … c
…
```
```sh agents
three
```
";
    let found = blocks(text);
    assert_eq!(found[0], Block::File { name: "a.toml".to_owned(), text: "x = 1\n".to_owned() });
    let Block::Commands { commands, printed, on: On::Any } = &found[1] else { panic!("{found:?}") };
    assert_eq!((commands[0].text.as_str(), commands[0].code, commands[0].line), ("one --flag", 9, 6));
    assert_eq!((commands[1].text.as_str(), commands[1].code), ("two", 0));
    assert_eq!(printed, &["a … c", "…"]);
    assert!(matches!(&found[2], Block::Commands { on: On::Agents, .. }));
}

#[test]
fn output_is_compared_in_order() {
    let wanted = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let printed = "2026 ✓ plan (0.1 s)\nwuffchat-api is deployed\nend";
    assert_eq!(missing(&wanted(&["… ✓ plan (… s)", "wuffchat-api …", "end"]), printed), None);
    assert_eq!(missing(&wanted(&["end", "wuffchat-api …"]), printed), Some("wuffchat-api …"));
    for pattern in ["✓ plan (0.1 s)", "wuffchat-api", "… deploye", "is deployed", "e…x"] {
        assert!(missing(&wanted(&[pattern]), printed).is_some(), "{pattern}");
    }
    assert!(fits("a … a", "a b a c a") && !fits("a … a", "a") && fits("a…", "a"));
}
