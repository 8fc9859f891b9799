//! How the fields of a block are read and written: `null` and missing are the same, unset fields
//! are left out, durations are nanoseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::bytes::Bytes;
use client_core::time::{nanos, unix_nanos};
use client_core::wire::{base64_bytes, null_default};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};

/// A value that a block may or may not set.
pub(crate) trait Scalar: Sized + Serialize + DeserializeOwned {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        null_default(deserializer)
    }

    fn write<S: Serializer>(value: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

macro_rules! scalars {
    ($($ty:ty),+ $(,)?) => { $(impl $crate::jobspec::wire::Scalar for $ty {})+ };
}
pub(crate) use scalars;

/// The same for the open enums, which job files write as texts.
macro_rules! enums {
    ($($ty:ty),+ $(,)?) => {$(
        $crate::jobspec::wire::scalars!($ty);

        #[cfg(feature = "hcl")]
        impl $crate::hcl::Literal for $ty {
            fn expr(&self) -> $crate::hcl::Expr {
                $crate::hcl::Expr::Text(self.as_str().to_owned())
            }

            fn is_zero(&self) -> bool {
                self.as_str().is_empty()
            }
        }
    )+};
}
pub(crate) use enums;

scalars!(String, bool, u64, i64);

impl Scalar for Duration {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        nanos::option::deserialize(deserializer)
    }

    fn write<S: Serializer>(value: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        nanos::option::serialize(value, serializer)
    }
}

impl Scalar for Timestamp {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        unix_nanos::deserialize(deserializer)
    }

    fn write<S: Serializer>(value: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        unix_nanos::serialize(value, serializer)
    }
}

impl<T: Scalar> Scalar for Box<T> {}

/// A field of a block.
pub(crate) trait Field: Sized {
    fn is_unset(&self) -> bool;
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Scalar> Field for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::write(self, serializer)
    }
}

macro_rules! empty_is_unset {
    ($([$($generics:tt)*] $ty:ty)+) => {$(
        impl $($generics)* Field for $ty {
            fn is_unset(&self) -> bool {
                self.is_empty()
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                null_default(deserializer)
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )+};
}

empty_is_unset! {
    [] String
    [<T: Serialize + DeserializeOwned>] Vec<T>
    [<T: Serialize + DeserializeOwned>] BTreeMap<String, T>
}

impl Field for Bytes {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        base64_bytes::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64_bytes::serialize(self, serializer)
    }
}

pub(crate) fn is_unset<T: Field>(value: &T) -> bool {
    value.is_unset()
}

pub(crate) fn read<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

pub(crate) fn write<T: Field, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}
