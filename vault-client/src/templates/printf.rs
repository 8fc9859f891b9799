//! `printf`, as far as paths need it.

/// The text, if the format is one of `%s`, `%v`, `%d` and `%%` and fits its arguments.
pub(super) fn printf(format: &str, arguments: &[&str]) -> Option<String> {
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next()? {
                '%' => text.push('%'),
                's' | 'v' | 'd' => text.push_str(arguments.next()?),
                _ => return None,
            },
            c => text.push(c),
        }
    }
    arguments.next().is_none().then_some(text)
}
