//! Modules of the clients form no cycles but those of `cycles.txt`, which may only become fewer.
//!
//! A module and those inside it are one thing to its neighbours: what is looked at are siblings. A name
//! that a module only passes on counts as the module it is from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::workspace::root;

const CRATES: [&str; 4] = ["client-core", "nomad-client", "vault-client", "consul-client"];

type Name = Vec<String>;

/// The modules of a crate and their texts, without comments, texts in quotes and tests.
#[derive(Default)]
struct Modules(BTreeMap<Name, String>);

impl Modules {
    fn read(folder: &Path) -> Self {
        let mut modules = Self::default();
        modules.add(folder, &[]);
        modules
    }

    fn add(&mut self, folder: &Path, at: &[String]) {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let inner: Name = at.iter().cloned().chain([stem.clone()]).collect();
            if path.is_dir() {
                self.add(&path, &inner);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = if ["mod", "lib", "main"].contains(&stem.as_str()) { at.to_vec() } else { inner };
                self.0.insert(name, bare(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    /// The module that a path is in, seen from one; nothing where it is not of this crate.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Name> {
        let mut at: Name = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => from.to_vec(),
            "super" => from.split_last()?.1.to_vec(),
            first => from.iter().cloned().chain([first.to_owned()]).collect(),
        };
        let relative = !["crate", "self", "super"].contains(&path[0].as_str());
        if relative && !self.0.contains_key(&at) {
            return None;
        }
        for segment in &path[1..] {
            if segment == "super" {
                at.pop()?;
                continue;
            }
            let inner: Name = at.iter().cloned().chain([segment.clone()]).collect();
            if self.0.contains_key(&inner) {
                at = inner;
                continue;
            }
            // A name of this module, which it may have from another.
            let from_where = (depth < 4).then(|| self.passed_on(&at, segment, depth)).flatten();
            return Some(from_where.unwrap_or(at));
        }
        Some(at)
    }

    /// Where a module has a name from that it passes on.
    fn passed_on(&self, module: &[String], name: &str, depth: usize) -> Option<Name> {
        let text = self.0.get(module)?;
        let uses = text.split(';').filter_map(|it| it.split("pub use ").nth(1)).flat_map(expand);
        uses.filter(|path| path.last().is_some_and(|last| last == name))
            .find_map(|path| self.resolve(module, &path, depth + 1))
    }

    /// Which siblings use which, by the module they are in.
    fn edges(&self) -> BTreeMap<Name, BTreeSet<(String, String)>> {
        let mut edges: BTreeMap<Name, BTreeSet<(String, String)>> = BTreeMap::new();
        for (module, text) in &self.0 {
            for path in paths(text) {
                let Some(used) = self.resolve(module, &path, 0) else { continue };
                let common = module.iter().zip(&used).take_while(|(one, other)| one == other).count();
                // One inside the other is one thing.
                if let (Some(one), Some(other)) = (module.get(common), used.get(common)) {
                    edges.entry(module[..common].to_vec()).or_default().insert((one.clone(), other.clone()));
                }
            }
        }
        edges
    }
}

/// The text without what is no code, and without the tests at its end.
fn bare(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or("");
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or(""));
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\\"", "");
    text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Paths that begin with `crate`, `self` or `super`, groups taken apart.
fn paths(text: &str) -> Vec<Name> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (place, _) in text.match_indices(start) {
            let before = text.get(..place).unwrap_or_default().chars().next_back();
            if !before.is_some_and(|it| it.is_alphanumeric() || "_:$".contains(it)) {
                found.extend(expand(text.get(place..).unwrap_or_default()));
            }
        }
    }
    found
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`; reads as far as it is a path.
fn expand(text: &str) -> Vec<Name> {
    let mut all = Vec::new();
    read_tree(&mut text.trim_start().chars().peekable(), &[], &mut all);
    all
}

fn read_tree(text: &mut std::iter::Peekable<std::str::Chars<'_>>, before: &[String], all: &mut Vec<Name>) {
    let mut path = before.to_vec();
    loop {
        while text.next_if(|it| it.is_whitespace()).is_some() {}
        if text.next_if_eq(&'{').is_some() {
            loop {
                read_tree(text, &path, all);
                // ` as other` and what else stands there is of no interest.
                while text.next_if(|it| !",}".contains(*it)).is_some() {}
                match text.next() {
                    Some(',') => while text.next_if(|it| it.is_whitespace()).is_some() {},
                    _ => return,
                }
            }
        }
        let mut segment = String::new();
        while let Some(letter) = text.next_if(|it| it.is_alphanumeric() || *it == '_') {
            segment.push(letter);
        }
        if segment.is_empty() {
            break;
        }
        path.push(segment);
        if text.next_if_eq(&':').is_none() || text.next_if_eq(&':').is_none() {
            break;
        }
    }
    if path.len() > before.len() {
        all.push(path);
    }
}

/// Groups of which each uses each other, directly or not.
fn cycles(edges: &BTreeSet<(String, String)>) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(next) = open.pop() {
            for (_, to) in edges.iter().filter(|(one, _)| *one == next) {
                if seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    let names: BTreeSet<&String> = edges.iter().map(|(one, _)| one).collect();
    let all: BTreeMap<&str, BTreeSet<String>> =
        names.iter().map(|name| (name.as_str(), reached(name))).collect();
    let together = |one: &String| -> BTreeSet<String> {
        all[one.as_str()]
            .iter()
            .filter(|to| all.get(to.as_str()).is_some_and(|it| it.contains(one)))
            .cloned()
            .collect()
    };
    names.into_iter().map(together).filter(|group| group.len() > 1).collect()
}

/// Each cycle of a crate as a line: where, and which.
fn lines(name: &str, modules: &Modules) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, edges) in modules.edges() {
        for group in cycles(&edges) {
            let place = [&[name.to_owned()][..], &at].concat().join("::");
            lines.push(format!("{place}: {}", group.into_iter().collect::<Vec<_>>().join(" ")));
        }
    }
    lines
}

/// Whether a cycle is one that is known, or what has become of one.
fn is_known(line: &str, known: &str) -> bool {
    let parts = |line: &str| {
        let (place, names) = line.split_once(": ").unwrap();
        (place.to_owned(), names.split(' ').map(str::to_owned).collect::<BTreeSet<_>>())
    };
    let (place, names) = parts(line);
    known.lines().map(parts).any(|(at, all)| at == place && names.is_subset(&all))
}

#[test]
fn modules_form_no_new_cycles() {
    let known = include_str!("../cycles.txt");
    let found: Vec<String> =
        CRATES.iter().flat_map(|name| lines(name, &Modules::read(&root().join(name).join("src")))).collect();
    println!("{}", found.join("\n"));
    let new: Vec<&String> = found.iter().filter(|line| !is_known(line, known)).collect();
    assert!(
        new.is_empty(),
        "modules use each other in a circle, as xtest/tests/cycles.txt does not say: {new:#?}"
    );
}

#[test]
fn a_cycle_is_found() {
    let module = |name: &str, text: &str| {
        let name: Name = name.split("::").filter(|it| !it.is_empty()).map(str::to_owned).collect();
        (name, bare(text))
    };
    let modules =
        |texts: &[(&str, &str)]| Modules(texts.iter().map(|(name, text)| module(name, text)).collect());
    let circle = modules(&[
        ("", "mod a; mod b; pub use a::{Thing, other::{More as Most, X}};"),
        ("a", "use crate::{c::Free, b::{self, Part}};\nmod other;"),
        ("a::other", "use super::Inner; // crate::c::Free\nlet text = \"crate::c\";"),
        ("b", "fn f() -> crate::Thing { super::c::g() }"),
        ("c", "pub struct Free;\n#[cfg(test)]\nmod tests { use crate::a::Thing; }"),
    ]);
    assert_eq!(lines("x", &circle), ["x: a b"]);
    let tree = modules(&[
        ("", "pub use a::Thing;"),
        ("a", "use crate::b::Part; use other::More;"),
        ("a::other", "use super::Inner; use crate::b::Part;"),
        ("b", "use std::sync::Arc;"),
    ]);
    assert_eq!(lines("x", &tree), [""; 0]);
    assert!(is_known("x: a b", "y: a b\nx: a b c") && !is_known("x: a d", "x: a b c"));
}
