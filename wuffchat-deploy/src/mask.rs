//! Keeping secrets out of what reports quote: an application's own words may hold one.

use secrecy::ExposeSecret;

use crate::report::FailureReport;
use crate::secrets::Values;

const MASK: &str = "***";

/// Prefixes of what is a secret wherever it stands.
const PREFIXES: [&str; 8] = ["sk-", "hvs.", "hvb.", "ghp_", "github_pat_", "xoxb-", "AKIA", "eyJ"];

/// Parts of a value that are shorter, such as a lone brace, stand in other texts too.
const LEAST_LINE: usize = 8;

/// Hides secrets in texts: the values a release was given, and what looks like a key, a token or a
/// password in a URL. The values that were in Vault before are not known, since they are never read.
pub(crate) struct Mask(Vec<String>);

impl Mask {
    pub(crate) fn new(values: &Values) -> Self {
        let mut known: Vec<String> =
            values.secrets().flat_map(|value| forms(value.expose_secret())).collect();
        // Shorter ones would make a text unreadable, and are no secrets.
        known.retain(|value| value.len() >= 4);
        known.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(known)
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let known = self.0.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASK));
        passwords(&tokens(&known))
    }

    pub(crate) fn report(&self, report: FailureReport) -> FailureReport {
        let lines = |lines: Vec<String>| lines.iter().map(|line| self.text(line)).collect();
        FailureReport {
            class: report.class,
            message: self.text(&report.message),
            task_events: lines(report.task_events),
            log_tail: lines(report.log_tail),
        }
    }
}

/// A value as programs print it: as it is, quoted, and line by line, since output is read by lines.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if let Ok(quoted) = serde_json::to_string(value) {
        forms.push(quoted.trim_matches('"').to_owned());
    }
    forms.push(format!("{value:?}").trim_matches('"').to_owned());
    forms.extend(value.lines().map(|line| line.trim().to_owned()).filter(|line| line.len() >= LEAST_LINE));
    forms.dedup();
    forms
}

/// Hides words that begin as keys do and are long enough to be one.
fn tokens(text: &str) -> String {
    let part_of_one = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !part_of_one(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let prefix = PREFIXES.iter().find(|prefix| word.starts_with(**prefix));
        match prefix {
            Some(prefix) if word.len() >= prefix.len() + 12 => {
                out.push_str(prefix);
                out.push_str(MASK);
            }
            _ => out.push_str(word),
        }
        let mut others = after.chars();
        out.extend(others.next());
        rest = others.as_str();
    }
    out
}

/// Hides the password in `scheme://user:password@host`.
fn passwords(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/\"'<>".contains(c)).unwrap_or(after.len());
        let (authority, after) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split_once(':').map_or(user, |(user, _)| user);
                out.push_str(&format!("{user}:{MASK}@{host}"));
            }
            None => out.push_str(authority),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden() {
        let mut values = Values::default();
        values.set("redis", "url", "redis-value-9").unwrap();
        values.set("openai", "api_key", "abc").unwrap();
        let mask = Mask::new(&values);
        let cases = [
            ("cannot reach redis-value-9: refused", "cannot reach ***: refused"),
            ("key=sk-proj-abcdefghijklmnop, retry", "key=sk-***, retry"),
            (
                "redis://:hunter2@10.0.0.1:6379/0 and https://u:p@h",
                "redis://:***@10.0.0.1:6379/0 and https://u:***@h",
            ),
            ("token hvs.CAESIJ0123456789abc.", "token hvs.***"),
            ("sk-short abc https://example.com/a", "sk-short abc https://example.com/a"),
        ];
        for (text, wanted) in cases {
            assert_eq!(mask.text(text), wanted);
        }
    }

    #[test]
    fn a_value_of_several_lines_is_hidden_in_each_form() {
        let mut values = Values::default();
        let value = "-----BEGIN KEY-----\nMIIE\"vAIBADANBg=\n}\n-----END KEY-----";
        values.set("openai", "api_key", value.to_owned()).unwrap();
        let mask = Mask::new(&values);
        let printed = format!("{value}\n{value:?} {}", serde_json::json!({"key": value}));
        let report = FailureReport {
            class: "crash".to_owned(),
            message: printed.clone(),
            task_events: vec![printed.clone()],
            log_tail: printed.lines().map(str::to_owned).collect(),
        };
        let shown = format!("{:?}", mask.report(report));
        for part in ["MIIE", "BEGIN KEY", "END KEY", "BADANBg"] {
            assert!(!shown.contains(part), "{part}: {shown}");
        }
        assert!(shown.contains('}'), "what is no secret by itself stays: {shown}");
    }
}
