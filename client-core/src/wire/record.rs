//! How JSON objects with known fields are read and written: one loop for all types, driven by a
//! table per type.

use super::{Extra, Fault, Reader, ToWire as _, Writer};

/// What is known of a field before its value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Another name that it is read by.
    pub alias: Option<&'static str>,
    /// When it is left out of what is written.
    pub omit: Omit,
    /// Whether an object without it is refused.
    pub required: bool,
}

/// When a field is left out of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omit {
    /// Never.
    Never,
    /// Where it is `null`.
    Null,
    /// Where it is `null`, an empty text, list or object, 0 or `false`.
    Empty,
}

impl Omit {
    fn applies(self, written: &[u8]) -> bool {
        match self {
            Self::Never => false,
            Self::Null => written == b"null",
            Self::Empty => matches!(written, b"null" | b"\"\"" | b"[]" | b"{}" | b"0" | b"false"),
        }
    }
}

/// A struct as the loops see it. Implemented by `#[derive(Wire)]`.
pub trait Record {
    /// Its fields, in order.
    fn fields(&self) -> &'static [Field];

    /// Reads the value of a field.
    ///
    /// # Errors
    ///
    /// The value is of another shape.
    fn read_field(&mut self, index: usize, from: &mut Reader<'_>) -> Result<(), Fault>;

    /// Writes the value of a field.
    fn write_field(&self, index: usize, to: &mut Writer);

    /// The struct whose fields stand among its own.
    fn inner(&self) -> Option<&dyn Record> {
        None
    }

    /// The same, to read into.
    fn inner_mut(&mut self) -> Option<&mut dyn Record> {
        None
    }

    /// Where fields are kept that it does not know.
    fn extra(&self) -> Option<&Extra> {
        None
    }

    /// The same, to read into.
    fn extra_mut(&mut self) -> Option<&mut Extra> {
        None
    }
}

/// Reads an object into a record that is blank.
///
/// # Errors
///
/// It is no object, or one of its fields is of another shape.
pub fn read_record(record: &mut dyn Record, from: &mut Reader<'_>) -> Result<(), Fault> {
    if from.null()? {
        return Ok(());
    }
    let fields = record.fields();
    // Servers write fields in the order of their structs, so that the next is nearly always known.
    let mut expected = 0;
    let mut seen: u128 = 0;
    from.object(&mut |from, key| {
        if let Some(index) = position(fields, &key, expected) {
            expected = index + 1;
            seen |= 1_u128.checked_shl(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0);
            return record.read_field(index, from).map_err(|fault| fault.in_field(name(fields, index)));
        }
        other_field(record, from, &key)
    })?;
    missing(fields, seen).map_or(Ok(()), |field| Err(from.misfit("a missing field").in_field(field)))
}

fn name(fields: &'static [Field], index: usize) -> &'static str {
    fields.get(index).map_or("", |field| field.name)
}

fn position(fields: &[Field], key: &str, expected: usize) -> Option<usize> {
    if fields.get(expected).is_some_and(|field| field.name == key) {
        return Some(expected);
    }
    fields.iter().position(|field| field.name == key || field.alias == Some(key))
}

fn missing(fields: &'static [Field], seen: u128) -> Option<&'static str> {
    let mut fields = fields.iter().enumerate();
    fields.find(|(index, field)| field.required && seen >> index & 1 == 0).map(|(_, field)| field.name)
}

#[inline(never)]
fn other_field(record: &mut dyn Record, from: &mut Reader<'_>, key: &str) -> Result<(), Fault> {
    if let Some(inner) = record.inner_mut() {
        let fields = inner.fields();
        if let Some(index) = position(fields, key, 0) {
            return inner.read_field(index, from).map_err(|fault| fault.in_field(name(fields, index)));
        }
    }
    match record.extra_mut() {
        Some(extra) => {
            let value = from.by_serde().map_err(Fault::in_entry)?;
            extra.insert(key.to_owned(), value);
        }
        None => {
            from.raw()?;
        }
    }
    Ok(())
}

/// Writes a record as an object.
pub fn write_record(record: &dyn Record, to: &mut Writer) {
    write_record_without(record, to, &|_, _| false);
}

/// Writes a record as an object, without the fields of which `left_out` says so by their names
/// and what would be written.
pub fn write_record_without(record: &dyn Record, to: &mut Writer, left_out: &dyn Fn(&str, &[u8]) -> bool) {
    to.object(|entries| {
        write_fields(record, entries, left_out);
        if let Some(inner) = record.inner() {
            write_fields(inner, entries, left_out);
        }
        let extra = record.inner().and_then(Record::extra);
        for (key, value) in record.extra().into_iter().chain(extra).flatten() {
            value.write(entries.key(key));
        }
    });
}

fn write_fields(
    record: &dyn Record,
    entries: &mut super::writer::Entries<'_>,
    left_out: &dyn Fn(&str, &[u8]) -> bool,
) {
    for (index, field) in record.fields().iter().enumerate() {
        let (before, was_first) = (entries.length(), entries.is_first());
        let to = entries.key(field.name);
        let start = to.length();
        record.write_field(index, to);
        let written = to.since(start);
        if field.omit.applies(written) || left_out(field.name, written) {
            entries.take_back(before, was_first);
        }
    }
}
