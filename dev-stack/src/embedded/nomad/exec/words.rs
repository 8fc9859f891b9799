//! Shell text taken apart: words, quotes, variables, `;`, `&&`, `||` and what goes to stderr.

/// Part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    /// `$NAME`, `${NAME}` or `$?`.
    Variable(String),
}

pub(super) type Word = Vec<Part>;

/// When a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// After `&&`.
    Succeeded,
    /// After `||`.
    Failed,
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) when: When,
    pub(super) words: Vec<Word>,
    /// Its output goes to stderr, as after `>&2`.
    pub(super) to_stderr: bool,
}

impl Step {
    fn after(when: When) -> Self {
        Self { when, words: Vec::new(), to_stderr: false }
    }
}

/// The commands of a text; the error names what this shell does not have.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut step = Step::after(When::Always);
    let mut chars = text.chars().peekable();
    let mut word: Option<Word> = None;
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => step.words.extend(word.take()),
            ';' | '\n' => {
                step.words.extend(word.take());
                steps.push(std::mem::replace(&mut step, Step::after(When::Always)));
            }
            '&' | '|' if chars.peek() == Some(&c) => {
                chars.next();
                step.words.extend(word.take());
                let when = if c == '&' { When::Succeeded } else { When::Failed };
                steps.push(std::mem::replace(&mut step, Step::after(when)));
            }
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            '>' => {
                // `1>&2` is the same as `>&2`.
                if word.as_ref().is_some_and(|word| *word != [Part::Text("1".to_owned())]) {
                    step.words.extend(word.take());
                }
                word = None;
                if chars.next() != Some('&') || chars.next() != Some('2') {
                    return Err("only >&2 is simulated".to_owned());
                }
                step.to_stderr = true;
            }
            '&' | '|' | '<' | '`' | '(' | ')' => return Err(format!("`{c}` is not simulated")),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => push(word, c),
                        None => return Err("unterminated quoted string".to_owned()),
                    }
                }
                word.push(Part::Text(String::new()));
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('$') => variable(word, &mut chars)?,
                        Some('\\') => {
                            push(word, chars.next_if(|c| matches!(c, '"' | '\\' | '$' | '`')).unwrap_or('\\'))
                        }
                        Some(c) => push(word, c),
                        None => return Err("unterminated quoted string".to_owned()),
                    }
                }
                word.push(Part::Text(String::new()));
            }
            '\\' => push(word.get_or_insert_default(), chars.next().unwrap_or('\\')),
            '$' => variable(word.get_or_insert_default(), &mut chars)?,
            c => push(word.get_or_insert_default(), c),
        }
    }
    step.words.extend(word);
    steps.push(step);
    steps.retain(|step| !step.words.is_empty());
    Ok(steps)
}

fn push(word: &mut Word, c: char) {
    match word.last_mut() {
        Some(Part::Text(text)) => text.push(c),
        _ => word.push(Part::Text(c.to_string())),
    }
}

fn variable(word: &mut Word, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    let mut name = String::new();
    if chars.next_if_eq(&'{').is_some() {
        loop {
            match chars.next() {
                Some('}') => break,
                Some(c) if c == '_' || c.is_ascii_alphanumeric() => name.push(c),
                _ => return Err("only ${NAME} is simulated".to_owned()),
            }
        }
    } else if chars.next_if_eq(&'?').is_some() {
        name.push('?');
    } else if chars.peek() == Some(&'(') {
        return Err("`$(` is not simulated".to_owned());
    } else {
        while let Some(c) = chars.next_if(|c| *c == '_' || c.is_ascii_alphanumeric()) {
            name.push(c);
        }
    }
    if name.is_empty() {
        push(word, '$')
    } else {
        word.push(Part::Variable(name))
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Vec<String>> {
        let shown = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => format!("<{name}>"),
        };
        let word = |word: &Word| word.iter().map(shown).collect();
        steps(text).unwrap().iter().map(|step| step.words.iter().map(word).collect()).collect()
    }

    #[test]
    fn words_and_quotes() {
        assert_eq!(plain("echo  a 'b  c' \"d $E\" f\\ g"), [["echo", "a", "b  c", "d <E>", "f g"]]);
        assert_eq!(plain("echo '' # no more"), [["echo", ""]]);
        assert_eq!(plain("echo ${A}b$? '$A' 5$"), [["echo", "<A>b<?>", "$A", "5$"]]);
    }

    #[test]
    fn commands_and_conditions() {
        let found = steps("a; b && c || d >&2\ne 1>&2").unwrap();
        let when: Vec<_> = found.iter().map(|step| (step.when, step.to_stderr)).collect();
        let (always, stderr) = (When::Always, true);
        assert_eq!(
            when,
            [
                (always, false),
                (always, false),
                (When::Succeeded, false),
                (When::Failed, stderr),
                (always, stderr)
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        for text in ["a | b", "a > b", "$(a)", "a < b", "'a", "\"a", "a &"] {
            assert!(steps(text).is_err(), "{text}");
        }
    }
}
