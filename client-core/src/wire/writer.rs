//! A writer of JSON that is not generic, and knows whether secrets may be written.

use serde::Serialize;

/// What stands for a secret where it must not be shown.
pub const REDACTED: &str = "[redacted]";

/// A JSON text that grows.
pub struct Writer {
    out: Vec<u8>,
    exposing: bool,
    failed: bool,
}

impl Writer {
    /// A text in which secrets are [redacted](REDACTED).
    #[must_use]
    pub fn redacting() -> Self {
        Self { out: Vec::new(), exposing: false, failed: false }
    }

    /// A text with the secrets themselves: for the bodies of requests.
    #[must_use]
    pub fn exposing() -> Self {
        Self { out: Vec::new(), exposing: true, failed: false }
    }

    /// Whether secrets are written.
    #[must_use]
    pub fn is_exposing(&self) -> bool {
        self.exposing
    }

    /// The text; `None` where a value had no JSON form.
    #[must_use]
    pub fn finish(self) -> Option<Vec<u8>> {
        (!self.failed).then_some(self.out)
    }

    pub(crate) fn length(&self) -> usize {
        self.out.len()
    }

    pub(crate) fn cut(&mut self, length: usize) {
        self.out.truncate(length);
    }

    pub(crate) fn since(&self, length: usize) -> &[u8] {
        self.out.get(length..).unwrap_or_default()
    }

    /// Writes what is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) {
        self.by_serde(text);
    }

    /// Writes a secret, or what stands for one.
    pub fn secret(&mut self, secret: &str) {
        self.text(if self.exposing || secret.is_empty() { secret } else { REDACTED });
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// Writes a value by its own serde implementation.
    pub fn by_serde<T: Serialize + ?Sized>(&mut self, value: &T) {
        if serde_json::to_writer(&mut self.out, value).is_err() {
            self.failed = true;
        }
    }

    /// Writes an object; `entries` writes them.
    pub fn object(&mut self, entries: impl FnOnce(&mut Entries<'_>)) {
        self.raw("{");
        entries(&mut Entries { to: self, first: true });
        self.raw("}");
    }

    /// Writes a list of what `items` yields, each by `write`.
    pub fn list<I: IntoIterator>(&mut self, items: I, write: impl Fn(I::Item, &mut Self)) {
        self.raw("[");
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.raw(",");
            }
            write(item, self);
        }
        self.raw("]");
    }
}

/// The entries of an object that is being written.
pub struct Entries<'a> {
    to: &'a mut Writer,
    first: bool,
}

impl Entries<'_> {
    /// Begins an entry and answers where to write its value.
    pub fn key(&mut self, key: &str) -> &mut Writer {
        if !std::mem::replace(&mut self.first, false) {
            self.to.raw(",");
        }
        self.to.text(key);
        self.to.raw(":");
        self.to
    }

    /// Takes back what was written since `length`, when that was all of an entry.
    pub(crate) fn take_back(&mut self, length: usize, was_first: bool) {
        self.to.cut(length);
        self.first = was_first;
    }

    pub(crate) fn length(&self) -> usize {
        self.to.length()
    }

    pub(crate) fn is_first(&self) -> bool {
        self.first
    }
}
