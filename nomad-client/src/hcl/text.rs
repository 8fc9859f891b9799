//! Texts: quoted or as heredocs, with everything escaped that HCL would evaluate.

use std::fmt::Write as _;

/// A quoted text in which known runtime interpolation stays.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", template(text, true))
}

/// A label, in which nothing can be interpolated: `None` where the escape for that cannot be either.
pub(super) fn label(text: &str) -> Option<String> {
    let mut out = String::from("\"");
    let mut before = None;
    for (index, c) in text.char_indices() {
        let opens = matches!(c, '$' | '%') && text.get(index + 1..).is_some_and(|rest| rest.starts_with('{'));
        if opens && matches!(before, Some('$' | '%')) {
            return None;
        }
        if opens {
            out.push(c);
        }
        escape(c, &mut out);
        before = Some(c);
    }
    out.push('"');
    Some(out)
}

/// The marker and the lines of a heredoc for a text of several lines; `None` where quotes are better.
pub(super) fn heredoc(text: &str) -> Option<(String, String)> {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let plain = text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
    if !lines.contains('\n') || !plain {
        return None;
    }
    let mut marker = "EOT".to_owned();
    while lines.lines().any(|line| line.trim() == marker) {
        marker.push('T');
    }
    Some((marker, template(lines, false)))
}

/// Copies `text`, keeping the interpolation that Nomad's clients do and escaping every other.
fn template(text: &str, in_quotes: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after = rest.trim_start_matches(['$', '%']);
        let run = rest.strip_suffix(after).unwrap_or_default();
        if run.is_empty() || !after.starts_with('{') {
            let end = run.len().max(next.len_utf8());
            let (plain, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            plain.chars().for_each(|c| if in_quotes { escape(c, &mut out) } else { out.push(c) });
            rest = after;
            continue;
        }
        if let (Some(reference), "$") = (runtime_reference(after), run) {
            out.push('$');
            out.push_str(reference);
            rest = after.strip_prefix(reference).unwrap_or_default();
            continue;
        }
        // `$${` is the escape; what stands before it is put aside, or it would be taken for a part.
        let (before, sign) = run.split_at_checked(run.len() - 1).unwrap_or_default();
        if !before.is_empty() {
            let _ = write!(out, "${{\"{before}\"}}");
        }
        let _ = write!(out, "{sign}{sign}{{");
        rest = after.strip_prefix('{').unwrap_or_default();
    }
    out
}

/// The `{…}` at the start of `text`, if the parser is sure to leave it alone.
///
/// It leaves names alone that it does not know, but it garbles one that another brace follows.
fn runtime_reference(text: &str) -> Option<&str> {
    let end = text.find('}')?;
    let (reference, after) = text.split_at_checked(end + 1)?;
    let name = reference.strip_prefix('{')?.strip_suffix('}')?;
    let mut parts = name.split('.');
    let root = parts.next()?;
    let known = root.starts_with("NOMAD_")
        || (matches!(root, "attr" | "node" | "meta" | "device" | "env") && name.contains('.'));
    let safe = known
        && super::config::is_identifier(root)
        && parts.all(super::config::is_identifier)
        && !after.trim_start_matches(' ').starts_with('}');
    safe.then_some(reference)
}

fn escape(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_control() => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtime_interpolation_stays_and_all_other_is_escaped() {
        let cases = [
            ("plain", r#""plain""#),
            ("${NOMAD_PORT_http}", r#""${NOMAD_PORT_http}""#),
            ("${attr.kernel.name}-${meta.rack}", r#""${attr.kernel.name}-${meta.rack}""#),
            ("${node.unique.network.ip-address}", r#""${node.unique.network.ip-address}""#),
            ("${1}", r#""$${1}""#),
            ("${var.image}", r#""$${var.image}""#),
            ("${attr}", r#""$${attr}""#),
            ("${upper(\"a\")}", r#""$${upper(\"a\")}""#),
            ("%{if true}", r#""%%{if true}""#),
            ("$${NOMAD_DC}", r#""${"$"}$${NOMAD_DC}""#),
            ("$$${x}", r#""${"$$"}$${x}""#),
            ("$%{x}", r#""${"$"}%%{x}""#),
            ("$%%", r#""$%%""#),
            ("{${NOMAD_DC}}", r#""{$${NOMAD_DC}}""#),
            ("{${NOMAD_DC} }", r#""{$${NOMAD_DC} }""#),
            ("5 $ or 10 %", r#""5 $ or 10 %""#),
            ("a\"b\\c\nd\te\u{7}", r#""a\"b\\c\nd\te\u0007""#),
            ("${unclosed", r#""$${unclosed""#),
            ("^a$", r#""^a$""#),
        ];
        for (text, wanted) in cases {
            assert_eq!(quoted(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_marker_is_not_in_the_text() {
        assert_eq!(heredoc("one line\n"), None);
        assert_eq!(heredoc("carriage\r\nreturn\n"), None);
        assert_eq!(heredoc("a\n  EOT\nb\n"), Some(("EOTT".to_owned(), "a\n  EOT\nb".to_owned())));
    }
}
