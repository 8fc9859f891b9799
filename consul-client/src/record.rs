//! The form all JSON types of this crate have, written once.

use std::collections::BTreeMap;

/// Whether a value is left out of what is sent. Scalars never are: a zero that was read is
/// written again, and what may be missing is an `Option`.
pub(crate) trait Unset {
    fn is_unset(&self) -> bool {
        false
    }
}

pub(crate) fn unset<T: Unset>(value: &T) -> bool {
    value.is_unset()
}

impl<T> Unset for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }
}
impl<T> Unset for Vec<T> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}
impl<K, V> Unset for BTreeMap<K, V> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}
impl Unset for serde_json::Map<String, serde_json::Value> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}
impl Unset for String {}
impl Unset for bool {}
impl Unset for u8 {}
impl Unset for u16 {}
impl Unset for u32 {}
impl Unset for u64 {}
impl Unset for i64 {}
impl Unset for f64 {}
impl Unset for serde_json::Value {
    fn is_unset(&self) -> bool {
        self.is_null()
    }
}
impl Unset for std::time::Duration {}
impl Unset for client_core::time::GoDuration {}

/// Declares JSON types with PascalCase names whose fields may be missing or `null`.
///
/// `field: Type = "module"` reads and writes the field by that module; `=>` also writes it where
/// it is unset. `..extra` keeps what the type does not know. The `Debug` of an `opaque` type shows
/// its name only, since its settings can be secrets.
macro_rules! record {
    () => {};
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* } $($more:tt)*) => {
        $crate::record::record!(@field [$(#[$meta])* #[derive(Debug)]] $name {} $($body)*);
        $crate::record::record!($($more)*);
    };
    ($(#[$meta:meta])* pub opaque struct $name:ident { $($body:tt)* } $($more:tt)*) => {
        $crate::record::record!(@field [$(#[$meta])*] $name {} $($body)*);
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
        $crate::record::record!($($more)*);
    };
    (@field [$($meta:tt)*] $name:ident { $($done:tt)* }) => {
        $($meta)*
        #[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        #[non_exhaustive]
        pub struct $name { $($done)* }
        impl $crate::record::Unset for $name {}
    };
    (@field $meta:tt $name:ident { $($done:tt)* } ..extra) => {
        $crate::record::record!(@field $meta $name { $($done)*
            /// What this version does not know.
            #[serde(flatten)]
            pub extra: client_core::Extra,
        });
    };
    (@field $meta:tt $name:ident { $($done:tt)* }
        $(#[$fmeta:meta])* $field:ident: $ty:ty = $module:literal, $($rest:tt)*) => {
        $crate::record::record!(@field $meta $name { $($done)*
            $(#[$fmeta])*
            #[serde(with = $module, skip_serializing_if = "crate::record::unset")]
            pub $field: $ty,
        } $($rest)*);
    };
    (@field $meta:tt $name:ident { $($done:tt)* }
        $(#[$fmeta:meta])* $field:ident: $ty:ty => $module:literal, $($rest:tt)*) => {
        $crate::record::record!(@field $meta $name { $($done)*
            $(#[$fmeta])*
            #[serde(with = $module)]
            pub $field: $ty,
        } $($rest)*);
    };
    (@field $meta:tt $name:ident { $($done:tt)* }
        $(#[$fmeta:meta])* $field:ident: $ty:ty, $($rest:tt)*) => {
        $crate::record::record!(@field $meta $name { $($done)*
            $(#[$fmeta])*
            #[serde(
                deserialize_with = "client_core::wire::null_default",
                skip_serializing_if = "crate::record::unset"
            )]
            pub $field: $ty,
        } $($rest)*);
    };
}
pub(crate) use record;

/// Durations as Go text, with `""` for none in both directions, as checks have them.
pub(crate) mod go_or_empty {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => client_core::time::go::serialize(duration, serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        client_core::time::go::option::deserialize(deserializer)
    }
}
