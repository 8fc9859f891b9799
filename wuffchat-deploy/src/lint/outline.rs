//! The part of YAML that workflows and Prometheus configurations are written in, as a tree.

/// A key with what is below it, an item of a list (whose key is `-`), or the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) key: String,
    /// A scalar without its quotes, or a block text.
    pub(super) value: String,
    /// Its line, from 0.
    pub(super) line: usize,
    /// Where a block text starts, from 0.
    pub(super) text_line: usize,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.children.iter().find(|node| node.key == key)
    }

    /// What is at the end of several keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(super) fn value_of(&self, key: &str) -> &str {
        self.get(key).map_or("", |node| node.value.as_str())
    }

    /// The items of a list, or the one scalar in place of it.
    pub(super) fn items(&self) -> Vec<&Self> {
        if self.children.is_empty() && !self.value.is_empty() {
            return vec![self];
        }
        self.children.iter().filter(|node| node.key == "-").collect()
    }

    /// Itself and everything below.
    pub(super) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            all.extend(child.all());
        }
        all
    }
}

struct Line {
    indent: usize,
    text: String,
    number: usize,
}

/// Reads a text; what it does not understand it leaves out. JSON is YAML too.
pub(super) fn parse(text: &str) -> Node {
    if text.trim_start().starts_with('{') {
        let json = without_actions(text);
        if serde_json::from_str::<serde_json::Value>(&json).is_ok() {
            return Json { text: &json, rest: &json }.node(String::new(), 0);
        }
    }
    let mut lines: Vec<Line> = text
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let trimmed = line.trim_start_matches(' ');
            Line { indent: line.len() - trimmed.len(), text: trimmed.trim_end().to_owned(), number }
        })
        .collect();
    let mut at = 0;
    let mut root = Node::default();
    while at < lines.len() {
        let before = at;
        root.children.extend(block(&mut lines, &mut at, 0));
        // A line that fits nowhere must not hold the rest up.
        at += usize::from(at == before);
    }
    root
}

/// The text with each `{{ … }}` of a template as a word, since their quotes are none of JSON's.
fn without_actions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{ ") {
        out.push_str(before);
        let (_, tail) = after.split_once(" }}").unwrap_or((after, ""));
        out.push_str("action");
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A JSON document that was found to be one, read once more for its lines.
struct Json<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Json<'a> {
    fn line(&self) -> usize {
        let read = self.text.len() - self.rest.len();
        self.text.bytes().take(read).filter(|byte| *byte == b'\n').count()
    }

    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        self.next();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A text with its quotes, or a word.
    fn scalar(&mut self) -> &'a str {
        self.next();
        let mut escaped = false;
        let end = match self.rest.strip_prefix('"') {
            Some(inside) => inside
                .find(|c: char| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                })
                .map(|end| end + 2),
            None => self.rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | ':')),
        };
        let (scalar, rest) =
            self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or((self.rest, ""));
        self.rest = rest;
        scalar
    }

    fn text(&mut self) -> String {
        match serde_json::from_str(self.scalar()) {
            Ok(serde_json::Value::String(text)) => text,
            Ok(serde_json::Value::Null) | Err(_) => String::new(),
            Ok(other) => other.to_string(),
        }
    }

    fn node(&mut self, key: String, line: usize) -> Node {
        let mut node = Node { key, line, ..Node::default() };
        let close = match self.next() {
            Some('{') => '}',
            Some('[') => ']',
            _ => {
                node.text_line = self.line();
                node.line = node.text_line;
                node.value = self.text();
                return node;
            }
        };
        self.eat(if close == '}' { '{' } else { '[' });
        while !self.eat(close) && !self.rest.is_empty() {
            self.next();
            let line = self.line();
            let key = if close == '}' { self.text() } else { "-".to_owned() };
            self.eat(':');
            node.children.push(self.node(key, line));
            self.eat(',');
        }
        node
    }
}

/// Whether there is nothing in a line: blank, a comment, the start of a document, an action of a
/// template.
fn is_empty(text: &str) -> bool {
    let action = text.starts_with("{{") && text.ends_with("}}");
    text.is_empty() || text.starts_with('#') || text == "---" || action
}

/// The nodes of one indentation, which is that of the first line, at least `least`.
fn block(lines: &mut [Line], at: &mut usize, least: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut indent = None;
    while let Some(line) = lines.get_mut(*at) {
        if is_empty(&line.text) {
            *at += 1;
            continue;
        }
        if line.indent < least || indent.is_some_and(|indent| line.indent != indent) {
            break;
        }
        indent = Some(line.indent);
        let (number, own) = (line.number, line.indent);
        if line.text == "-" || line.text.starts_with("- ") {
            // What follows the dash is a block of its own, further in.
            let rest = line.text.trim_start_matches('-');
            let inner = rest.trim_start();
            line.indent = own + 1 + (rest.len() - inner.len());
            line.text = inner.to_owned();
            nodes.push(item(lines, at, number, own));
        } else if let Some((key, value)) = key_and_value(&line.text) {
            *at += 1;
            nodes.push(entry(lines, at, Node { key, line: number, ..Node::default() }, &value, own));
        } else {
            *at += 1;
        }
    }
    nodes
}

fn item(lines: &mut [Line], at: &mut usize, number: usize, indent: usize) -> Node {
    let mut node = Node { key: "-".to_owned(), line: number, ..Node::default() };
    let text = lines.get(*at).map(|line| line.text.clone()).unwrap_or_default();
    if is_empty(&text) || key_and_value(&text).is_some() || text.starts_with("- ") {
        node.children = block(lines, at, indent + 1);
    } else {
        *at += 1;
        node = entry(lines, at, node, &text, indent);
    }
    node
}

/// Gives a node its value or its children.
fn entry(lines: &mut [Line], at: &mut usize, mut node: Node, value: &str, indent: usize) -> Node {
    let value = without_comment(value);
    if value.is_empty() {
        // A list may stand as far out as its key.
        let list = lines.get(*at..).and_then(|rest| rest.iter().find(|line| !is_empty(&line.text)));
        let level = list.is_some_and(|line| line.indent == indent && line.text.starts_with('-'));
        let inner = list.is_some_and(|line| line.indent > indent);
        if (level && node.key != "-") || inner {
            node.children = block(lines, at, if level { indent } else { indent + 1 });
            if level {
                node.children.retain(|child| child.key == "-");
            }
        }
    } else if value.starts_with(['|', '>']) {
        node.text_line = lines.get(*at).map_or(0, |line| line.number);
        while let Some(line) = lines.get(*at).filter(|line| line.text.is_empty() || line.indent > indent) {
            node.value.push_str(&line.text);
            node.value.push('\n');
            *at += 1;
        }
    } else if value.starts_with(['[', '{']) && !value.starts_with("{{") {
        node.children = flow(value, node.line);
    } else {
        node.text_line = node.line;
        node.value = unquoted(value);
    }
    node
}

/// `key: value`, where the key may be quoted.
fn key_and_value(text: &str) -> Option<(String, String)> {
    let (key, value) = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let (key, rest) = text.strip_prefix(quote)?.split_once(quote)?;
            (key, rest.trim_start().strip_prefix(':')?)
        }
        Some('{' | '[' | '&' | '*' | '!' | '?') | None => return None,
        _ => text.split_once(": ").or_else(|| text.strip_suffix(':').map(|key| (key, "")))?,
    };
    Some((key.trim().to_owned(), value.trim().to_owned()))
}

/// Without a comment after it.
fn without_comment(value: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (index, c) in value.char_indices() {
        match (quote, c) {
            (None, '#') if before == ' ' => return value.get(..index).unwrap_or(value).trim_end(),
            (None, '"' | '\'') if matches!(before, ' ' | '[' | ',' | '{') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        before = c;
    }
    value
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    value.to_owned()
}

/// A flow list or map within a line.
fn flow(value: &str, line: usize) -> Vec<Node> {
    let map = value.starts_with('{');
    let inner = value.trim_start_matches(['[', '{']).trim_end_matches([']', '}']);
    let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .filter_map(|part| {
            let (key, value) = match map {
                true => key_and_value(part)?,
                false => ("-".to_owned(), part.to_owned()),
            };
            Some(Node { key, value: unquoted(&value), line, text_line: line, children: Vec::new() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_several_ways_is_the_same() {
        let variants = [
            "on:\n  push:\n    branches: [main, develop]\njobs:\n  a:\n    steps:\n      - run: ls # all\n",
            "\"on\":\n    push:\n        branches:\n        - main\n        - 'develop'\njobs:\n    a:\n        steps:\n        - run: ls\n",
            "# comment\non: # when\n  push: {branches: x}\n  push:\n    branches:\n      - \"main\"\n\n      - develop\njobs:\n  a:\n    steps:\n    -   run: |\n          ls\n",
        ];
        for text in variants {
            let root = parse(text);
            let push: Vec<_> =
                root.at(&["on"]).unwrap().children.iter().filter(|node| node.key == "push").collect();
            let branches: Vec<_> = push
                .last()
                .unwrap()
                .get("branches")
                .unwrap()
                .items()
                .iter()
                .map(|node| node.value.as_str())
                .collect();
            assert_eq!(branches, ["main", "develop"], "{text}");
            let steps = root.at(&["jobs", "a", "steps"]).unwrap().items();
            assert_eq!(steps.len(), 1, "{text}");
            assert_eq!(steps[0].value_of("run").trim(), "ls", "{text}");
        }
    }

    #[test]
    fn texts_keep_their_lines_and_what_looks_like_comments() {
        let root = parse(
            "a:\n  - name: x\n    run: |\n      # one\n\n      two: three\n    env:\n      K: 'a # b'\nlast: {a: 1, 'b': \"2\"}\n",
        );
        let step = root.get("a").unwrap().items()[0];
        assert_eq!(step.value_of("run"), "# one\n\ntwo: three\n");
        assert_eq!(step.get("run").unwrap().text_line, 3);
        assert_eq!(step.at(&["env", "K"]).unwrap().value, "a # b");
        assert_eq!(root.at(&["last", "b"]).unwrap().value, "2");
        assert_eq!(root.get("last").unwrap().line, 8);
    }

    #[test]
    fn json_has_lines_too() {
        let root = parse(
            "\n{\n  \"a\": [\n    {\"b\\\"c\": \"x\\ny\"},\n    12\n  ],\n  \"d\": null, \"e\":\n true\n}\n",
        );
        let items = root.get("a").unwrap().items();
        assert_eq!((root.get("a").unwrap().line, items[0].children[0].line, items[1].line), (2, 3, 4));
        assert_eq!((items[0].value_of("b\"c"), items[1].value.as_str()), ("x\ny", "12"));
        assert_eq!((root.value_of("d"), root.value_of("e"), root.get("d").unwrap().line), ("", "true", 6));
    }

    #[test]
    fn nothing_makes_it_loop_or_panic() {
        for text in [
            "",
            "-",
            "- - a\n- b",
            "  deep\n shallow: 1\n",
            "a:\n b\n  c: d\n",
            "{",
            "?x\n: y",
            "\ta: b",
            "a: |",
        ] {
            parse(text);
        }
        assert_eq!(parse("- - a\n").children[0].children[0].value, "a");
    }
}
