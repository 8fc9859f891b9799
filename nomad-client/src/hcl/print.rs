//! Bodies as text, in the format of `nomad fmt`.

use super::body::{Body, Expr};
use super::{config, text};

const WIDTH: usize = 100;

/// A block and its end of line.
pub(super) fn block(name: &str, body: &Body) -> String {
    let mut out = String::new();
    write_block(name, body, 0, &mut out);
    out
}

fn write_block(name: &str, body: &Body, depth: usize, out: &mut String) {
    indent(depth, out);
    out.push_str(name);
    if let Some(label) = &body.label {
        out.push(' ');
        out.push_str(label);
    }
    out.push_str(" {");
    if body.attributes.is_empty() && body.blocks.is_empty() {
        out.push_str("}\n");
        return;
    }
    out.push('\n');
    let attributes: Vec<_> =
        body.attributes.iter().map(|(name, expr)| (name.clone(), attribute_value(expr, depth + 1))).collect();
    write_entries(&attributes, depth + 1, out);
    for (index, (name, block)) in body.blocks.iter().enumerate() {
        if index > 0 || !body.attributes.is_empty() {
            out.push('\n');
        }
        write_block(name, block, depth + 1, out);
    }
    indent(depth, out);
    out.push_str("}\n");
}

/// Writes `name = value` lines; the `=` of neighbours that take one line each, or are heredocs, are
/// aligned.
fn write_entries(entries: &[(String, String)], depth: usize, out: &mut String) {
    let aligned = |value: &str| !value.contains('\n') || value.starts_with("<<");
    for group in entries.chunk_by(|(_, a), (_, b)| aligned(a) && aligned(b)) {
        let width = group.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in group {
            indent(depth, out);
            out.push_str(&format!("{name:width$} = {value}\n"));
        }
    }
}

/// The value of an attribute, where long texts are heredocs.
fn attribute_value(expr: &Expr, depth: usize) -> String {
    let Expr::Text(text) = expr else { return value(expr, depth) };
    match text::heredoc(text) {
        Some((marker, lines)) if text.ends_with('\n') => format!("<<{marker}\n{lines}\n{marker}"),
        // A heredoc always ends with a newline; this takes it away again.
        Some((marker, lines)) => format!("chomp(<<{marker}\n{lines}\n{marker}\n{})", " ".repeat(depth * 2)),
        None => text::quoted(text),
    }
}

fn value(expr: &Expr, depth: usize) -> String {
    match expr {
        Expr::Plain(text) => text.clone(),
        Expr::Text(text) => text::quoted(text),
        Expr::List(items) => list(items, depth),
        Expr::Object(entries) => object(entries, depth),
        Expr::BareObject(entries) => format!("({})", object(entries, depth)),
    }
}

fn list(items: &[Expr], depth: usize) -> String {
    let one_line = items.iter().map(|item| value(item, depth)).collect::<Vec<_>>().join(", ");
    if one_line.len() + depth * 2 < WIDTH && !one_line.contains('\n') {
        return format!("[{one_line}]");
    }
    let mut out = String::from("[\n");
    for item in items {
        indent(depth + 1, &mut out);
        out.push_str(&value(item, depth + 1));
        out.push_str(",\n");
    }
    indent(depth, &mut out);
    out.push(']');
    out
}

fn object(entries: &[(String, Expr)], depth: usize) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let mut out = String::from("{\n");
    let entries: Vec<_> = entries.iter().map(|(name, expr)| (key(name), value(expr, depth + 1))).collect();
    write_entries(&entries, depth + 1, &mut out);
    indent(depth, &mut out);
    out.push('}');
    out
}

/// The key of an object; `for` would start an expression, and the rest would be values.
fn key(name: &str) -> String {
    if config::is_identifier(name) && !matches!(name, "for" | "null" | "true" | "false") {
        name.to_owned()
    } else {
        text::quoted(name)
    }
}

fn indent(depth: usize, out: &mut String) {
    out.push_str(&"  ".repeat(depth));
}
