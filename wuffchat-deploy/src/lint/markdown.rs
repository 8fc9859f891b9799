//! The fenced blocks of a Markdown document.

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    /// The word after the fence, in lower case.
    pub(super) language: String,
    /// What is in it, as far as the document goes; the first line has this index.
    pub(super) start: usize,
    /// The index of the line after the last.
    pub(super) end: usize,
    /// Its text.
    pub(super) text: String,
}

impl Fence {
    /// The document with every line blank that is not in one of these, so that lines keep their
    /// numbers.
    pub(super) fn only<'a>(document: &str, fences: impl IntoIterator<Item = &'a Self>) -> String {
        let ranges: Vec<_> = fences.into_iter().map(|fence| fence.start..fence.end).collect();
        let kept = |index: &usize| ranges.iter().any(|range| range.contains(index));
        let lines = document.lines().enumerate();
        lines.map(|(index, line)| if kept(&index) { format!("{line}\n") } else { "\n".to_owned() }).collect()
    }
}

/// The blocks, whose fences may be indented and are of backticks or tildes; one that is not closed
/// goes to the end.
pub(super) fn fences(document: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<(String, Fence)> = None;
    for (index, line) in document.lines().enumerate() {
        let trimmed = line.trim_start();
        let mark: String = trimmed.chars().take_while(|c| matches!(c, '`' | '~')).collect();
        match open.take() {
            None if mark.len() >= 3 => {
                let info = trimmed.trim_start_matches(['`', '~']).trim();
                let language = info.split([' ', ',', '{']).next().unwrap_or_default().to_lowercase();
                open =
                    Some((mark, Fence { language, start: index + 1, end: index + 1, text: String::new() }));
            }
            Some((fence, block)) if mark.starts_with(&fence) && trimmed.trim_end() == mark => {
                fences.push(block)
            }
            Some((fence, mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                block.end = index + 1;
                open = Some((fence, block));
            }
            None => {}
        }
    }
    fences.extend(open.map(|(_, block)| block));
    fences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_language_and_their_lines() {
        let text = "a\n```hcl\nx = 1\n```\n   ~~~~ bash title\nls\n```\n~~~~\n```\nopen\n";
        let found = fences(text);
        let seen: Vec<_> = found.iter().map(|f| (f.language.as_str(), f.start, f.text.as_str())).collect();
        assert_eq!(seen, [("hcl", 2, "x = 1\n"), ("bash", 5, "ls\n```\n"), ("", 9, "open\n")]);
        assert_eq!(Fence::only(text, &found[..1]).lines().nth(2), Some("x = 1"));
        assert_eq!(Fence::only(text, &found[..1]).trim(), "x = 1");
    }
}
