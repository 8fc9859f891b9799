//! How the types that all records are made of are read and written.
//!
//! `null` reads as the blank value everywhere: Go writes empty lists, maps and pointers that way.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::IpAddr;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Fault, Reader, ToWire, Wire, Writer};

macro_rules! scalars {
    ($($ty:ty: $from:ident => $read:expr, $blank:expr $(, $nullable:literal)?;)*) => {$(
        impl ToWire for $ty {
            fn write(&self, to: &mut Writer) {
                to.by_serde(self);
            }
        }

        impl Wire for $ty {
            $(const NULLABLE: bool = $nullable;)?

            fn blank() -> Self {
                $blank
            }

            #[inline(never)]
            fn read(&mut self, $from: &mut Reader<'_>) -> Result<(), Fault> {
                *self = if $from.null()? { $blank } else { $read };
                Ok(())
            }
        }
    )*};
}

scalars! {
    bool: from => from.bool()?, false;
    u64: from => from.u64()?, 0;
    i64: from => from.i64()?, 0;
    u32: from => narrow(from.u64()?, from)?, 0;
    u16: from => narrow(from.u64()?, from)?, 0;
    u8: from => narrow(from.u64()?, from)?, 0;
    usize: from => narrow(from.u64()?, from)?, 0;
    i32: from => narrow(from.i64()?, from)?, 0;
    f64: from => from.f64()?, 0.0;
    Value: from => from.by_serde()?, Value::Null, true;
    Map<String, Value>: from => from.by_serde()?, Map::new();
    Box<RawValue>: from => from.by_serde()?, RawValue::NULL.to_owned(), true;
    IpAddr: from => parsed(from)?, IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
}

fn narrow<T, N: TryFrom<T>>(value: T, from: &Reader<'_>) -> Result<N, Fault> {
    N::try_from(value).map_err(|_| from.misfit("a number out of range"))
}

fn parsed<T: std::str::FromStr>(from: &mut Reader<'_>) -> Result<T, Fault> {
    from.text()?.parse().map_err(|_| from.misfit("a text of another form"))
}

impl ToWire for () {
    fn write(&self, to: &mut Writer) {
        to.null();
    }
}

impl Wire for () {
    const NULLABLE: bool = true;

    fn blank() -> Self {}

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        from.raw().map(drop)
    }
}

impl ToWire for str {
    fn write(&self, to: &mut Writer) {
        to.text(self);
    }
}

impl ToWire for String {
    fn write(&self, to: &mut Writer) {
        to.text(self);
    }
}

impl Wire for String {
    fn blank() -> Self {
        Self::new()
    }

    #[inline(never)]
    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        if from.null()? {
            self.clear();
        } else {
            *self = from.text()?.into_owned();
        }
        Ok(())
    }
}

impl ToWire for Box<str> {
    fn write(&self, to: &mut Writer) {
        to.text(self);
    }
}

impl Wire for Box<str> {
    fn blank() -> Self {
        Self::default()
    }

    #[inline(never)]
    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        *self = if from.null()? { Self::default() } else { from.text()?.into() };
        Ok(())
    }
}

impl ToWire for SecretString {
    fn write(&self, to: &mut Writer) {
        to.secret(self.expose_secret());
    }
}

impl Wire for SecretString {
    fn blank() -> Self {
        Self::from(String::new())
    }

    #[inline(never)]
    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        *self = if from.null()? { Self::blank() } else { Self::from(from.text()?.into_owned()) };
        Ok(())
    }
}

impl ToWire for Timestamp {
    fn write(&self, to: &mut Writer) {
        to.text(&self.to_string());
    }
}

/// As RFC 3339.
impl Wire for Timestamp {
    fn blank() -> Self {
        Self::UNIX_EPOCH
    }

    #[inline(never)]
    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        *self = if from.null()? { Self::UNIX_EPOCH } else { parsed(from)? };
        Ok(())
    }
}

impl<T: ToWire + ?Sized> ToWire for &T {
    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
}

impl<T: ToWire> ToWire for Box<T> {
    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
}

impl<T: Wire> Wire for Box<T> {
    const NULLABLE: bool = T::NULLABLE;

    fn blank() -> Self {
        Self::new(T::blank())
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        (**self).read(from)
    }
}

impl<T: ToWire> ToWire for Option<T> {
    fn write(&self, to: &mut Writer) {
        match self {
            Some(value) => value.write(to),
            None => to.null(),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    const NULLABLE: bool = true;

    fn blank() -> Self {
        None
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        *self = None;
        if from.null()? { Ok(()) } else { self.insert(T::blank()).read(from) }
    }
}

impl<T: ToWire> ToWire for [T] {
    fn write(&self, to: &mut Writer) {
        to.list(self, T::write);
    }
}

impl<T: ToWire, const N: usize> ToWire for [T; N] {
    fn write(&self, to: &mut Writer) {
        self.as_slice().write(to);
    }
}

impl<T: ToWire> ToWire for Vec<T> {
    fn write(&self, to: &mut Writer) {
        self.as_slice().write(to);
    }
}

impl<T: Wire> Wire for Vec<T> {
    const NULLABLE: bool = true;

    fn blank() -> Self {
        Self::new()
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.clear();
        if from.null()? {
            return Ok(());
        }
        from.list(&mut |from| {
            if self.is_empty() {
                // Most have one or two items; the default growth starts at four.
                self.reserve_exact(1);
            }
            let mut item = T::blank();
            item.read(from)?;
            self.push(item);
            Ok(())
        })
    }
}

impl<K: AsRef<str>, V: ToWire> ToWire for BTreeMap<K, V> {
    fn write(&self, to: &mut Writer) {
        to.object(|entries| {
            for (key, value) in self {
                value.write(entries.key(key.as_ref()));
            }
        });
    }
}

impl<V: Wire> Wire for BTreeMap<String, V> {
    const NULLABLE: bool = true;

    fn blank() -> Self {
        Self::new()
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.clear();
        if from.null()? {
            return Ok(());
        }
        from.object(&mut |from, key| {
            let mut value = V::blank();
            value.read(from).map_err(Fault::in_entry)?;
            self.insert(key.into_owned(), value);
            Ok(())
        })
    }
}

impl<K: AsRef<str>, V: ToWire, S> ToWire for HashMap<K, V, S> {
    fn write(&self, to: &mut Writer) {
        to.object(|entries| {
            for (key, value) in self {
                value.write(entries.key(key.as_ref()));
            }
        });
    }
}

impl<V: Wire, S: BuildHasher + Default> Wire for HashMap<String, V, S> {
    const NULLABLE: bool = true;

    fn blank() -> Self {
        Self::default()
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.clear();
        if from.null()? {
            return Ok(());
        }
        from.object(&mut |from, key| {
            let mut value = V::blank();
            value.read(from).map_err(Fault::in_entry)?;
            self.insert(key.into_owned(), value);
            Ok(())
        })
    }
}
