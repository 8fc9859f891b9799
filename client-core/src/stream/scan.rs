//! Finding where a JSON value ends without decoding it.

use memchr::{memchr2, memchr3};

/// Follows one JSON value through pieces of input.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
    in_scalar: bool,
}

/// What a byte range holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The value ends before this offset.
    End(usize),
    /// All of the range belongs to the value or the space before it.
    More,
}

impl Scanner {
    /// Whether nothing of a value has been seen yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.depth == 0 && !self.in_string && !self.in_scalar
    }

    /// Scans `bytes`, which follow what was scanned before.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Found {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.in_string {
                at += self.string(rest);
                if !self.in_string && self.depth == 0 {
                    return self.end(at);
                }
                continue;
            }
            if self.depth > 0 {
                match next_structural(rest) {
                    Some(skip) => at += skip,
                    None => return Found::More,
                }
            }
            let Some(&byte) = bytes.get(at) else {
                return Found::More;
            };
            match byte {
                // In a bare scalar these begin what follows it.
                b'{' | b'[' | b'"' | b',' | b']' | b'}' if self.in_scalar && self.depth == 0 => {
                    return self.end(at);
                }
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return self.end(at + 1);
                    }
                }
                byte if byte.is_ascii_whitespace() && self.in_scalar && self.depth == 0 => {
                    return self.end(at);
                }
                // Before a value it is skipped.
                byte if byte.is_ascii_whitespace() => {}
                _ if self.depth == 0 => self.in_scalar = true,
                _ => {}
            }
            at += 1;
        }
        Found::More
    }

    /// How far the string goes on in `rest`.
    fn string(&mut self, rest: &[u8]) -> usize {
        if std::mem::take(&mut self.escaped) {
            return 1;
        }
        match memchr2(b'"', b'\\', rest) {
            None => rest.len(),
            Some(at) => {
                if rest.get(at) == Some(&b'"') {
                    self.in_string = false;
                } else {
                    self.escaped = true;
                }
                at + 1
            }
        }
    }

    fn end(&mut self, at: usize) -> Found {
        *self = Self::default();
        Found::End(at)
    }
}

/// The next byte inside a container that can change the nesting or begin a string.
fn next_structural(rest: &[u8]) -> Option<usize> {
    // Strings are so frequent that the brackets before the next quote are looked for only there.
    let quote = memchr::memchr(b'"', rest);
    let before = rest.get(..quote.unwrap_or(rest.len())).unwrap_or(rest);
    let open = memchr2(b'{', b'[', before);
    let until = before.get(..open.unwrap_or(before.len())).unwrap_or(before);
    memchr3(b'}', b']', b']', until).or(open).or(quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str, sizes: &[usize]) -> Vec<String> {
        let bytes = text.as_bytes();
        let mut values = Vec::new();
        let mut scanner = Scanner::default();
        let mut held = Vec::new();
        let mut at = 0;
        let mut sizes = sizes.iter().cycle();
        while at < bytes.len() {
            let size = (*sizes.next().unwrap()).clamp(1, bytes.len() - at);
            let mut piece = &bytes[at..at + size];
            at += size;
            loop {
                match scanner.scan(piece) {
                    Found::End(end) => {
                        held.extend_from_slice(&piece[..end]);
                        values.push(String::from_utf8(std::mem::take(&mut held)).unwrap().trim().to_owned());
                        piece = &piece[end..];
                    }
                    Found::More => {
                        held.extend_from_slice(piece);
                        break;
                    }
                }
            }
        }
        values
    }

    #[test]
    fn values_one_after_the_other() {
        let text = r#"{"a":"}\"{"} {"b":[1,{"c":"\\"}]}{} "x" [1] "#;
        let wanted = [r#"{"a":"}\"{"}"#, r#"{"b":[1,{"c":"\\"}]}"#, "{}", "\"x\"", "[1]"];
        for size in 1..text.len() {
            assert_eq!(split(text, &[size]), wanted, "pieces of {size}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC{0,8}|[\"\\\\{}\\[\\],]{0,6}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::btree_map("[a-z\"{]{0,4}", inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn objects_come_out_as_they_went_in(
            values in prop::collection::vec(json().prop_map(|v| serde_json::json!({"v": v})), 1..5),
            sizes in prop::collection::vec(1usize..9, 1..4),
        ) {
            let text: String = values.iter().map(ToString::to_string).collect();
            let wanted: Vec<String> = values.iter().map(ToString::to_string).collect();
            prop_assert_eq!(split(&text, &sizes), wanted);
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut scanner = Scanner::default();
            let mut rest = &bytes[..];
            while let Found::End(at) = scanner.scan(rest) {
                if at == 0 { break; }
                rest = &rest[at..];
            }
        }
    }
}
