//! How wire types are declared: one line a field, and nothing that Go leaves out or nulls fails.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares structs as they are on the wire, in Go's field names.
///
/// A field that is missing or `null` reads as its default. `= "ID"` names a field whose wire name
/// is not the PascalCase of its own; `as "module"` reads and writes it with a serde module; `..` at
/// the end keeps fields that this version does not know.
macro_rules! records {
    ($($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* })+) => {
        $($crate::record::records!(@next [$(#[$meta])* $name] [] $($body)*);)+
    };
    (@next [$(#[$meta:meta])* $name:ident] [$($fields:tt)*]) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[non_exhaustive]
        pub struct $name { $($fields)* }
    };
    (@next $head:tt [$($fields:tt)*] ..) => {
        $crate::record::records!(@next $head [$($fields)*
            /// What this version does not know.
            #[serde(flatten)]
            pub extra: client_core::Extra,
        ]);
    };
    (@next $head:tt [$($fields:tt)*]
        $(#[$meta:meta])* $field:ident: $ty:ty = $wire:literal as $with:literal, $($rest:tt)*) => {
        $crate::record::records!(@next $head [$($fields)*
            $(#[$meta])* #[serde(rename = $wire, default, with = $with)] pub $field: $ty,
        ] $($rest)*);
    };
    (@next $head:tt [$($fields:tt)*]
        $(#[$meta:meta])* $field:ident: $ty:ty = $wire:literal, $($rest:tt)*) => {
        $crate::record::records!(@next $head [$($fields)*
            $(#[$meta])*
            #[serde(rename = $wire, default, deserialize_with = "client_core::wire::null_default")]
            pub $field: $ty,
        ] $($rest)*);
    };
    (@next $head:tt [$($fields:tt)*]
        $(#[$meta:meta])* $field:ident: $ty:ty as $with:literal, $($rest:tt)*) => {
        $crate::record::records!(@next $head [$($fields)*
            $(#[$meta])* #[serde(default, with = $with)] pub $field: $ty,
        ] $($rest)*);
    };
    (@next $head:tt [$($fields:tt)*]
        $(#[$meta:meta])* $field:ident: $ty:ty, $($rest:tt)*) => {
        $crate::record::records!(@next $head [$($fields)*
            $(#[$meta])*
            #[serde(default, deserialize_with = "client_core::wire::null_default")]
            pub $field: $ty,
        ] $($rest)*);
    };
}
pub(crate) use records;

/// Declares open enums that read as an empty unknown value where the server says nothing.
macro_rules! enums {
    ($($(#[$meta:meta])* pub enum $name:ident { $($body:tt)* })+) => {$(
        client_core::open_enum! { $(#[$meta])* pub enum $name { $($body)* } }
        impl Default for $name {
            fn default() -> Self {
                Self::Unknown(String::new())
            }
        }
    )+};
}
pub(crate) use enums;

/// Declares the handle of an area and the method of the client that answers it.
macro_rules! handle {
    ($(#[$meta:meta])* $name:ident, $(#[$method_meta:meta])* $method:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'a>(&'a $crate::Client);

        impl $crate::Client {
            $(#[$method_meta])*
            #[must_use]
            pub fn $method(&self) -> $name<'_> {
                $name(self)
            }
        }
    };
}
pub(crate) use handle;

/// Values by name, in the order they were sent: a JSON object that is small, as most are.
///
/// Unlike a map it takes one allocation, which is what long lists of allocations need.
#[derive(Clone, PartialEq)]
pub struct ByName<V>(Vec<(Box<str>, V)>);

impl<V> ByName<V> {
    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> + DoubleEndedIterator {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The values.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> + DoubleEndedIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: fmt::Debug> fmt::Debug for ByName<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<Box<str>>, V> FromIterator<(N, V)> for ByName<V> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<V: Serialize> Serialize for ByName<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByName<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = ByName<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByName<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    if entries.is_empty() {
                        // Most have one or two entries; the default growth starts at four.
                        entries.reserve_exact(1);
                    }
                    entries.push(entry);
                }
                Ok(ByName(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
