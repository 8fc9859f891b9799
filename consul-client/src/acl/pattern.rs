//! Regular expressions, as far as selectors have use for them: a subset of Go's, without
//! backtracking. What is outside it is an error, never a wrong answer.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// Groups within groups, and repetitions, that are followed at most.
const DEPTH: usize = 50;
const REPEATS: usize = 1000;

/// A regular expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    One(Set),
    Start,
    End,
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, usize, Option<usize>),
}

/// The characters that one place takes.
#[derive(Debug, Clone, PartialEq, Default)]
struct Set {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl Pattern {
    /// Reads an expression; the error is what in it is not known here.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut chars = text.chars().peekable();
        let node = either(&mut chars, DEPTH)?;
        match chars.next() {
            None => Ok(Self(node)),
            Some(more) => Err(format!("`{more}` closes nothing")),
        }
    }

    /// Whether it is found anywhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        !self.0.ends(&text, (0..=text.len()).collect()).is_empty()
    }
}

impl Node {
    /// Where matches end that begin at one of these places.
    fn ends(&self, text: &[char], from: BTreeSet<usize>) -> BTreeSet<usize> {
        match self {
            Self::One(set) => {
                let fits = |at: &usize| text.get(*at).is_some_and(|c| set.contains(*c));
                from.into_iter().filter(fits).map(|at| at + 1).collect()
            }
            Self::Start => from.into_iter().filter(|at| *at == 0).collect(),
            Self::End => from.into_iter().filter(|at| *at == text.len()).collect(),
            Self::Sequence(nodes) => nodes.iter().fold(from, |at, node| node.ends(text, at)),
            Self::Either(nodes) => nodes.iter().flat_map(|node| node.ends(text, from.clone())).collect(),
            Self::Repeat(node, least, most) => {
                let mut at = (0..*least).fold(from, |at, _| node.ends(text, at));
                let mut all = at.clone();
                let mut left = most.map(|most| most.saturating_sub(*least));
                while left != Some(0) && !at.is_empty() {
                    at = node.ends(text, at).difference(&all).copied().collect();
                    all.extend(&at);
                    left = left.map(|left| left - 1);
                }
                all
            }
        }
    }
}

impl Set {
    fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != self.negated
    }
}

fn either(chars: &mut Peekable<Chars<'_>>, depth: usize) -> Result<Node, String> {
    let mut branches = vec![sequence(chars, depth)?];
    while chars.next_if_eq(&'|').is_some() {
        branches.push(sequence(chars, depth)?);
    }
    Ok(Node::Either(branches))
}

fn sequence(chars: &mut Peekable<Chars<'_>>, depth: usize) -> Result<Node, String> {
    let mut nodes = Vec::new();
    while let Some(c) = chars.next_if(|c| !matches!(c, '|' | ')')) {
        let node = match c {
            '(' => group(chars, depth)?,
            '[' => Node::One(class(chars)?),
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::One(Set { ranges: vec![('\n', '\n')], negated: true }),
            '\\' => escape(chars)?,
            '*' | '+' | '?' => return Err(format!("`{c}` repeats nothing")),
            c => Node::One(Set { ranges: vec![(c, c)], negated: false }),
        };
        nodes.push(repeated(node, chars)?);
    }
    Ok(Node::Sequence(nodes))
}

fn group(chars: &mut Peekable<Chars<'_>>, depth: usize) -> Result<Node, String> {
    if chars.next_if_eq(&'?').is_some() && chars.next() != Some(':') {
        return Err("groups with flags or names are not known here".to_owned());
    }
    let depth = depth.checked_sub(1).ok_or("too many groups within groups")?;
    let node = either(chars, depth)?;
    chars.next_if_eq(&')').map(|_| node).ok_or_else(|| "a group is not closed".to_owned())
}

fn repeated(node: Node, chars: &mut Peekable<Chars<'_>>) -> Result<Node, String> {
    let (least, most) = match chars.peek() {
        Some('*') => (0, None),
        Some('+') => (1, None),
        Some('?') => (0, Some(1)),
        Some('{') => return counted(node, chars),
        _ => return Ok(node),
    };
    chars.next();
    finished(Node::Repeat(Box::new(node), least, most), chars)
}

fn counted(node: Node, chars: &mut Peekable<Chars<'_>>) -> Result<Node, String> {
    chars.next();
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| *c != '}') {
        text.push(c);
    }
    let bad = || format!("`{{{text}}}` is no count");
    chars.next_if_eq(&'}').ok_or_else(bad)?;
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n <= REPEATS).ok_or_else(bad);
    let (least, most) = match text.split_once(',') {
        None => (number(&text)?, Some(number(&text)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    if most.is_some_and(|most| most < least) {
        return Err(bad());
    }
    finished(Node::Repeat(Box::new(node), least, most), chars)
}

/// What is asked for is whether there is a match, so that greed makes no difference.
fn finished(node: Node, chars: &mut Peekable<Chars<'_>>) -> Result<Node, String> {
    chars.next_if_eq(&'?');
    match chars.peek() {
        Some(c @ ('*' | '+' | '?' | '{')) => Err(format!("`{c}` repeats a repetition")),
        _ => Ok(node),
    }
}

fn escape(chars: &mut Peekable<Chars<'_>>) -> Result<Node, String> {
    match chars.next() {
        Some('A') => Ok(Node::Start),
        Some('z') => Ok(Node::End),
        Some(c) => escaped(c).map(Node::One),
        None => Err("`\\` at the end".to_owned()),
    }
}

fn escaped(c: char) -> Result<Set, String> {
    let digits = vec![('0', '9')];
    let word = vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
    let space = vec![('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];
    let (ranges, negated) = match c {
        'd' => (digits, false),
        'D' => (digits, true),
        'w' => (word, false),
        'W' => (word, true),
        's' => (space, false),
        'S' => (space, true),
        'n' => (vec![('\n', '\n')], false),
        'r' => (vec![('\r', '\r')], false),
        't' => (vec![('\t', '\t')], false),
        c if c.is_ascii_punctuation() => (vec![(c, c)], false),
        c => return Err(format!("`\\{c}` is not known here")),
    };
    Ok(Set { ranges, negated })
}

fn class(chars: &mut Peekable<Chars<'_>>) -> Result<Set, String> {
    let mut set = Set { negated: chars.next_if_eq(&'^').is_some(), ..Set::default() };
    let mut first = true;
    loop {
        let c = chars.next().ok_or("a class is not closed")?;
        match c {
            ']' if !first => return Ok(set),
            '[' if chars.peek() == Some(&':') => {
                return Err("classes with names are not known here".to_owned());
            }
            '\\' => {
                let inner = escaped(chars.next().ok_or("a class is not closed")?)?;
                if inner.negated {
                    return Err("a negated class within a class is not known here".to_owned());
                }
                set.ranges.extend(inner.ranges);
            }
            from => {
                let mut ahead = chars.clone();
                let to = match (ahead.next(), ahead.next()) {
                    (Some('-'), Some(to)) if to != ']' => {
                        *chars = ahead;
                        to
                    }
                    _ => from,
                };
                if to < from || to == '\\' {
                    return Err(format!("`{from}-{to}` is no range"));
                }
                set.ranges.push((from, to));
            }
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn expressions_search() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("b+c", "abbbc", true),
            ("^a.c$", "abc", true),
            ("^a.c$", "a\nc", false),
            ("^(wuffchat-)?(api|ui)$", "wuffchat-ui", true),
            ("^(wuffchat-)?(api|ui)$", "wuffchat-db", false),
            ("^(a*)*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false),
            (r"^\d{2,3}$", "1234", false),
            (r"^\d{2,3}$", "123", true),
            (r"^[^a-c\-]+$", "xyz", true),
            (r"^[^a-c\-]+$", "x-z", false),
            ("^[]x]$", "]", true),
            (r"\.eu$", "a.eu", true),
            ("(?:x|^)b??$", "b", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().is_match(text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for pattern in
            ["(", ")", "[a", "*a", "a**", "(?i)a", r"\b", r"\pL", "a{2,1}", "[[:alpha:]]", "[z-a]", "\\"]
        {
            Pattern::parse(pattern).unwrap_err();
        }
    }
}
