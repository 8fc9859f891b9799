//! A reader of JSON that is not generic: types are driven by it instead of being compiled into it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};

/// How deep values may be nested, as in serde_json.
const DEEPEST: u8 = 127;

/// Why a text could not be read, and where. It never holds anything of the text.
pub struct Fault(Box<Inner>);

struct Inner {
    kind: FaultKind,
    at: usize,
    /// From the inside out.
    path: Vec<Step>,
    what: Cow<'static, str>,
}

enum Step {
    Field(&'static str),
    Index(usize),
    Entry,
}

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The text ends inside of a value.
    Incomplete,
    /// It is no JSON.
    Syntax,
    /// It is JSON, and of another shape than expected.
    Shape,
}

impl Fault {
    #[cold]
    fn new(kind: FaultKind, at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, at, path: Vec::new(), what: what.into() }))
    }

    /// What kind of fault it is.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.0.kind
    }

    /// The byte at which reading stopped.
    #[must_use]
    pub fn at(&self) -> usize {
        self.0.at
    }

    #[cold]
    pub(crate) fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Step::Field(name));
        self
    }

    #[cold]
    pub(crate) fn in_item(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }

    #[cold]
    pub(crate) fn in_entry(mut self) -> Self {
        self.0.path.push(Step::Entry);
        self
    }

    /// Where in the value it is, such as `Tasks[0].Name`; `.` for the value itself. The keys of
    /// maps are data and are not shown.
    #[must_use]
    pub fn path(&self) -> String {
        use fmt::Write as _;
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            // Writing to a string does not fail.
            let _ = match step {
                Step::Field(name) if path.is_empty() => write!(path, "{name}"),
                Step::Field(name) => write!(path, ".{name}"),
                Step::Index(index) => write!(path, "[{index}]"),
                Step::Entry if path.is_empty() => write!(path, "*"),
                Step::Entry => write!(path, ".*"),
            };
        }
        if path.is_empty() { ".".to_owned() } else { path }
    }

    /// What was expected.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.0.what
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at `{}`", self.0.what, self.path())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}

impl std::error::Error for Fault {}

/// What reads the entries of an object.
type EachEntry<'e, 'a> = dyn FnMut(&mut Reader<'a>, Cow<'a, str>) -> Result<(), Fault> + 'e;

/// A place in a JSON text.
///
/// Each method reads one value and the space before it. Copies are cheap and independent, so that
/// a value can be looked at before it is read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

/// What the next value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Next {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'a> Reader<'a> {
    /// At the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// How many bytes were read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    #[cold]
    fn fault(&self, kind: FaultKind, what: &'static str) -> Fault {
        Fault::new(kind, self.at, what)
    }

    /// That what is here is not what was expected.
    #[cold]
    #[must_use]
    pub fn unexpected(&self, expected: &'static str) -> Fault {
        match self.text.as_bytes().get(self.at) {
            None => self.fault(FaultKind::Incomplete, "the text ends"),
            Some(_) => self.fault(FaultKind::Shape, expected),
        }
    }

    /// That a value was well formed and does not fit.
    #[cold]
    #[must_use]
    pub fn misfit(&self, what: impl Into<Cow<'static, str>>) -> Fault {
        Fault::new(FaultKind::Shape, self.at, what)
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips space and answers the next byte.
    #[inline]
    fn peek_byte(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// What the next value is.
    ///
    /// # Errors
    ///
    /// The text ends here, or no value begins here.
    pub fn peek(&mut self) -> Result<Next, Fault> {
        Ok(match self.peek_byte() {
            Some(b'n') => Next::Null,
            Some(b't' | b'f') => Next::Bool,
            Some(b'"') => Next::Text,
            Some(b'[') => Next::List,
            Some(b'{') => Next::Object,
            Some(b'-' | b'0'..=b'9') => Next::Number,
            Some(_) => return Err(self.fault(FaultKind::Syntax, "no value")),
            None => return Err(self.fault(FaultKind::Incomplete, "the text ends")),
        })
    }

    /// Reads `null` if it is next.
    ///
    /// # Errors
    ///
    /// Something else that begins like it is next.
    #[inline]
    pub fn null(&mut self) -> Result<bool, Fault> {
        match self.peek_byte() {
            Some(b'n') => self.word("null").map(|()| true),
            _ => Ok(false),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        let kind = if word.as_bytes().starts_with(rest) { FaultKind::Incomplete } else { FaultKind::Syntax };
        Err(self.fault(kind, "no value"))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    ///
    /// Something else is next.
    pub fn bool(&mut self) -> Result<bool, Fault> {
        match self.peek_byte() {
            Some(b't') => self.word("true").map(|()| true),
            Some(b'f') => self.word("false").map(|()| false),
            _ => Err(self.unexpected("no boolean")),
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// Something else is next.
    #[inline]
    pub fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek_byte() != Some(b'"') {
            return Err(self.unexpected("no text"));
        }
        let start = self.at + 1;
        let end = plain_end(self.text.as_bytes(), start);
        match self.text.as_bytes().get(end) {
            Some(b'"') => {
                let plain = self.text.get(start..end);
                self.at = end + 1;
                plain.map(Cow::Borrowed).ok_or_else(|| self.fault(FaultKind::Syntax, "no text"))
            }
            Some(b'\\') => self.escaped().map(Cow::Owned),
            Some(_) => Err(self.fault(FaultKind::Syntax, "a control character in a text")),
            None => Err(self.fault(FaultKind::Incomplete, "the text ends")),
        }
    }

    /// Reads a text with escapes.
    #[cold]
    fn escaped(&mut self) -> Result<String, Fault> {
        self.by_serde::<String>()
    }

    /// Reads a value by its own serde implementation.
    ///
    /// # Errors
    ///
    /// It cannot be.
    pub fn by_serde<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        self.peek()?;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => Err(self.serde_fault(&error)),
            None => Err(self.fault(FaultKind::Incomplete, "the text ends")),
        }
    }

    #[cold]
    fn serde_fault(&self, error: &serde_json::Error) -> Fault {
        use serde_json::error::Category;
        match error.classify() {
            Category::Eof => self.fault(FaultKind::Incomplete, "the text ends"),
            Category::Data => self.fault(FaultKind::Shape, "another shape was expected"),
            Category::Syntax | Category::Io => self.fault(FaultKind::Syntax, "no JSON"),
        }
    }

    /// Skips a value and answers its text.
    ///
    /// # Errors
    ///
    /// It is no JSON.
    pub fn raw(&mut self) -> Result<&'a str, Fault> {
        self.peek()?;
        let start = self.at;
        self.by_serde::<IgnoredAny>()?;
        self.text.get(start..self.at).ok_or_else(|| self.fault(FaultKind::Syntax, "no value"))
    }

    /// Reads the text of a number, whatever its size.
    ///
    /// # Errors
    ///
    /// Something else is next.
    pub fn number(&mut self) -> Result<&'a str, Fault> {
        if !matches!(self.peek_byte(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.unexpected("no number"));
        }
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        if let Some(b'0'..=b'9') = self.byte() {
            return Err(self.fault(FaultKind::Syntax, "no number"));
        }
        self.text.get(start..self.at).ok_or_else(|| self.fault(FaultKind::Syntax, "no number"))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        Err(match self.byte() {
            None => self.fault(FaultKind::Incomplete, "the text ends"),
            Some(_) => self.fault(FaultKind::Syntax, "no number"),
        })
    }

    /// Reads a whole number from 0.
    ///
    /// # Errors
    ///
    /// Something else is next, or it does not fit.
    pub fn u64(&mut self) -> Result<u64, Fault> {
        // Nearly all numbers are short and whole.
        self.peek_byte();
        let mut value: u64 = 0;
        let mut at = self.at;
        let bytes = self.text.as_bytes();
        while let Some(digit @ b'0'..=b'9') = bytes.get(at).copied() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        let length = at - self.at;
        let leading_zero = length > 1 && self.byte() == Some(b'0');
        if (1..19).contains(&length) && !leading_zero && !matches!(bytes.get(at), Some(b'.' | b'e' | b'E')) {
            self.at = at;
            return Ok(value);
        }
        self.number()?.parse().map_err(|_| self.misfit("no whole number from 0 that fits"))
    }

    /// Reads a whole number.
    ///
    /// # Errors
    ///
    /// Something else is next, or it does not fit.
    pub fn i64(&mut self) -> Result<i64, Fault> {
        if self.peek_byte() == Some(b'-') {
            return self.number()?.parse().map_err(|_| self.misfit("no whole number that fits"));
        }
        let value = self.u64()?;
        i64::try_from(value).map_err(|_| self.misfit("no whole number that fits"))
    }

    /// Reads a number, to the last bit.
    ///
    /// # Errors
    ///
    /// Something else is next, or it does not fit.
    pub fn f64(&mut self) -> Result<f64, Fault> {
        match self.number()?.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.misfit("a number out of range")),
        }
    }

    /// Reads an object: `entry` is called with each key and has to read its value.
    ///
    /// # Errors
    ///
    /// Something else is next, or `entry` fails.
    pub fn object(&mut self, entry: &mut EachEntry<'_, 'a>) -> Result<(), Fault> {
        if self.peek_byte() != Some(b'{') {
            return Err(self.unexpected("no object"));
        }
        self.enter()?;
        if self.peek_byte() == Some(b'}') {
            return self.leave();
        }
        loop {
            if self.peek_byte() != Some(b'"') {
                return Err(self.broken("no key"));
            }
            let key = self.text()?;
            if self.peek_byte() != Some(b':') {
                return Err(self.broken("no colon"));
            }
            self.at += 1;
            entry(self, key)?;
            match self.peek_byte() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.leave(),
                _ => return Err(self.broken("no comma")),
            }
        }
    }

    /// Reads a list: `item` is called before each item and has to read it.
    ///
    /// # Errors
    ///
    /// Something else is next, or `item` fails.
    pub fn list(&mut self, item: &mut dyn FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        if self.peek_byte() != Some(b'[') {
            return Err(self.unexpected("no list"));
        }
        self.enter()?;
        if self.peek_byte() == Some(b']') {
            return self.leave();
        }
        let mut index = 0;
        loop {
            item(self).map_err(|fault| fault.in_item(index))?;
            index += 1;
            match self.peek_byte() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.leave(),
                _ => return Err(self.broken("no comma")),
            }
        }
    }

    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth >= DEEPEST {
            return Err(self.fault(FaultKind::Syntax, "too deep"));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "the value of the loops above")]
    fn leave(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.saturating_sub(1);
        self.at += 1;
        Ok(())
    }

    #[cold]
    fn broken(&self, what: &'static str) -> Fault {
        match self.byte() {
            None => self.fault(FaultKind::Incomplete, "the text ends"),
            Some(_) => self.fault(FaultKind::Syntax, what),
        }
    }

    /// That nothing but space follows.
    ///
    /// # Errors
    ///
    /// Something does.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek_byte() {
            None => Ok(()),
            Some(_) => Err(self.fault(FaultKind::Syntax, "more than one value")),
        }
    }

    /// The text of the field `name` of the object that is next, which is not read.
    ///
    /// # Errors
    ///
    /// No object is next.
    pub fn tag(&self, name: &str) -> Result<Option<String>, Fault> {
        let mut found = None;
        let mut ahead = *self;
        ahead.object(&mut |reader, key| {
            if key == name && reader.peek()? == Next::Text {
                found = Some(reader.text()?.into_owned());
            } else {
                reader.raw()?;
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Where the plain part of a text that begins at `at` ends: at a quote, a backslash, a control
/// character, or the end.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        // A byte's high bit is set where it is zero, or below 0x20; carries only reach higher bytes.
        let stops = (quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & HIGHS;
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            return at;
        }
        at += 1;
    }
    at
}
