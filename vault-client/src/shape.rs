//! Two macros that declare what the server's JSON objects look like, one line a field.
//!
//! Vault's objects are flat lists of optional settings or of facts; what differs from field to
//! field is its kind: how it is written, what it is in Rust, what its setter takes.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fields this version does not know, kept so that writing an object back loses nothing.
///
/// `Debug` shows their names only: what they hold may be secret.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(pub BTreeMap<String, Value>);

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Deref for Extra {
    type Target = BTreeMap<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Declares settings that are sent, and read back where the server shows them.
///
/// Every field is optional: what is `None` is not sent, so the server's default or earlier value
/// stays. Kinds: `flag`, `number`, `signed`, `text`, `secret`, `list`, `map`, `seconds`, `go` (a
/// duration written as text), `json`, `of(T)`; `token_settings` stands for the fields that all
/// auth roles share.
macro_rules! settings {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $crate::shape::settings!(@next $name [$(#[$meta])*] {} {} $($body)*);
    };
    (@next $name:ident [$($meta:tt)*] {$($fields:tt)*} {$($setters:tt)*}) => {
        $($meta)*
        #[derive(Debug, Clone, Default, ::serde::Serialize, ::serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $($fields)*
            /// What this version does not know.
            #[serde(flatten)]
            pub extra: $crate::Extra,
        }
        impl $name {
            /// Nothing set yet.
            #[must_use]
            pub fn new() -> Self {
                <Self as Default>::default()
            }
            $($setters)*
        }
    };
    (@next $n:ident $m:tt $f:tt $s:tt token_settings; $($rest:tt)*) => {
        $crate::shape::settings!(@next $n $m $f $s
            /// How long its tokens live at first.
            token_ttl: seconds,
            /// How long its tokens can be renewed to live.
            token_max_ttl: seconds,
            /// Policies of its tokens.
            token_policies: list,
            /// Address ranges from which its tokens may be used.
            token_bound_cidrs: list,
            /// A limit on the life of its tokens that later changes of the mount do not move.
            token_explicit_max_ttl: seconds,
            /// Whether the `default` policy is left out.
            token_no_default_policy: flag,
            /// How often its tokens may be used; 0 for any number.
            token_num_uses: number,
            /// Makes its tokens periodic: each renewal is for this long, without a maximum.
            token_period: seconds,
            /// The kind of its tokens: `service`, `batch`, `default`, …
            token_type: text,
            /// Whether tokens may only be used from the address that logged in (OpenBao).
            token_strictly_bind_ip: flag,
            $($rest)*
        );
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: flag, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field [] (bool) (bool) (v => v) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: number, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field [] (u64) (u64) (v => v) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: signed, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field [] (i64) (i64) (v => v) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: text, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field [] (String) (impl Into<String>) (v => v.into()) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: secret, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field
            [#[serde(serialize_with = "client_core::wire::secret::option::expose", deserialize_with = "client_core::wire::secret::option::deserialize")]]
            (::secrecy::SecretString) (impl Into<::secrecy::SecretString>) (v => v.into()) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: list, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field
            [#[serde(deserialize_with = "crate::shape::list")]]
            (Vec<String>) (impl IntoIterator<Item = impl Into<String>>) (v => v.into_iter().map(Into::into).collect()) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: map, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field []
            (::std::collections::BTreeMap<String, String>) (impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>)
            (v => v.into_iter().map(|(k, v)| (k.into(), v.into())).collect()) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: seconds, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field
            [#[serde(with = "client_core::time::seconds::option")]]
            (::std::time::Duration) (::std::time::Duration) (v => v) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: go, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field
            [#[serde(with = "client_core::time::go::option")]]
            (::std::time::Duration) (::std::time::Duration) (v => v) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: json, $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field [] (::serde_json::Value) (impl Into<::serde_json::Value>) (v => v.into()) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $s:tt $(#[$d:meta])* $field:ident: of($ty:ty), $($rest:tt)*) => {
        $crate::shape::settings!(@add $n $m $f $s [$(#[$d])*] $field [] ($ty) (impl Into<$ty>) (v => v.into()) $($rest)*);
    };
    (@add $n:ident $m:tt {$($f:tt)*} {$($s:tt)*} [$($d:tt)*] $field:ident [$($attr:tt)*] ($ty:ty) ($arg:ty) ($v:ident => $made:expr) $($rest:tt)*) => {
        $crate::shape::settings!(@next $n $m
            {$($f)*
                $($d)*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                $($attr)*
                pub $field: Option<$ty>,
            }
            {$($s)*
                $($d)*
                #[must_use]
                pub fn $field(mut self, $v: $arg) -> Self {
                    self.$field = Some($made);
                    self
                }
            }
            $($rest)*);
    };
}

/// Declares what the server answers. A field that is missing or `null` reads as its default.
///
/// Kinds: `flag`, `number`, `signed`, `float`, `text`, `secret`, `list`, `map`, `seconds`, `time`,
/// `of(T)`, and `maybe(T)` for what is not always there.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $crate::shape::record!(@next $name [$(#[$meta])*] {} $($body)*);
    };
    (@next $name:ident [$($meta:tt)*] {$($fields:tt)*}) => {
        $($meta)*
        #[derive(Debug, Clone, Default, ::serde::Serialize, ::serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $($fields)*
            /// What this version does not know.
            #[serde(flatten)]
            pub extra: $crate::Extra,
        }
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: flag, $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field (bool) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: number, $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field (u64) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: signed, $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field (i64) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: text, $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field (String) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: list, $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field (Vec<String>) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: map, $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field (::std::collections::BTreeMap<String, String>) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: of($ty:ty), $($rest:tt)*) => {
        $crate::shape::record!(@null $n $m $f [$(#[$d])*] $field ($ty) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: maybe($ty:ty), $($rest:tt)*) => {
        $crate::shape::record!(@add $n $m $f [$(#[$d])*] $field [#[serde(default, skip_serializing_if = "Option::is_none")]] (Option<$ty>) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: secret, $($rest:tt)*) => {
        $crate::shape::record!(@add $n $m $f [$(#[$d])*] $field [#[serde(default, with = "client_core::wire::secret")]] (::secrecy::SecretString) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: maybe_secret, $($rest:tt)*) => {
        $crate::shape::record!(@add $n $m $f [$(#[$d])*] $field [#[serde(default, skip_serializing_if = "Option::is_none", with = "client_core::wire::secret::option")]] (Option<::secrecy::SecretString>) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: seconds, $($rest:tt)*) => {
        $crate::shape::record!(@add $n $m $f [$(#[$d])*] $field [#[serde(default, with = "client_core::time::seconds")]] (::std::time::Duration) $($rest)*);
    };
    (@next $n:ident $m:tt $f:tt $(#[$d:meta])* $field:ident: time, $($rest:tt)*) => {
        $crate::shape::record!(@add $n $m $f [$(#[$d])*] $field [#[serde(default, with = "client_core::time::rfc3339::nullable")]] (Option<::jiff::Timestamp>) $($rest)*);
    };
    (@null $n:ident $m:tt $f:tt $d:tt $field:ident ($ty:ty) $($rest:tt)*) => {
        $crate::shape::record!(@add $n $m $f $d $field [#[serde(default, deserialize_with = "client_core::wire::null_default")]] ($ty) $($rest)*);
    };
    (@add $n:ident $m:tt {$($f:tt)*} [$($d:tt)*] $field:ident [$($attr:tt)*] ($ty:ty) $($rest:tt)*) => {
        $crate::shape::record!(@next $n $m {$($f)* $($d)* $($attr)* pub $field: $ty,} $($rest)*);
    };
}

pub(crate) use {record, settings};

/// Reads a list of strings; servers show some as one text with commas.
pub(crate) fn list<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<String>),
        Text(String),
    }
    Ok(Option::<Either>::deserialize(deserializer)?.map(|either| match either {
        Either::List(list) => list,
        Either::Text(text) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        }
    }))
}
