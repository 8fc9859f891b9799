//! One declaration per block: its fields, how the API's JSON and HCL name them, its setters.

/// Declares blocks of the job specification.
///
/// A field reads `kind name: Type = "JsonName" => hcl "hcl_name";`, where `kind` is one of
///
/// | kind | field | setter |
/// |---|---|---|
/// | `name` | `Type` | none, a constructor takes it |
/// | `opt` | `Option<Type>` | takes a `Type` |
/// | `boxed` | `Option<Box<Type>>` | takes a `Type`; for large blocks that few use |
/// | `into` | `Option<Type>` | takes what becomes a `Type` |
/// | `list` | `Vec<Type>` | adds several; `add one` names a second one that adds one |
/// | `map` | `BTreeMap<String, Type>` | adds a key and a value |
/// | `bytes` | `Bytes` | replaces |
///
/// and `hcl` says how it is written in a job file (see `hcl::body`): `none` not at all, `server`
/// not at all and without a setter.
macro_rules! blocks {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {$(
            $(#[$field_meta:meta])*
            $kind:ident $field:ident: $ty:ty = $json:literal => $hcl:ident $($hcl_name:literal)? $(, add $one:ident)?;
        )*}
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(
                    rename = $json,
                    default,
                    skip_serializing_if = "crate::jobspec::wire::is_unset",
                    serialize_with = "crate::jobspec::wire::write",
                    deserialize_with = "crate::jobspec::wire::read"
                )]
                pub $field: $crate::jobspec::macros::field_type!($kind $ty),
            )*
            /// What this version does not know.
            #[serde(flatten)]
            pub extra: ::client_core::Extra,
        }

        $crate::jobspec::wire::scalars!($name);

        impl $name {
            $($crate::jobspec::macros::field_setter!($hcl $kind $field: $ty, [$(#[$field_meta])*] $($one)?);)*
        }

        #[cfg(feature = "hcl")]
        impl $crate::hcl::Block for $name {
            #[allow(unused_variables)]
            fn fill(&self, body: &mut $crate::hcl::Body) -> ::std::result::Result<(), $crate::hcl::Inexpressible> {
                $($crate::hcl::hcl_field!(body, self.$field, $hcl $($hcl_name)?);)*
                Ok(())
            }
        }
    )+};
}

macro_rules! field_type {
    (name $ty:ty) => { $ty };
    (opt $ty:ty) => { Option<$ty> };
    (boxed $ty:ty) => { Option<Box<$ty>> };
    (into $ty:ty) => { Option<$ty> };
    (list $ty:ty) => { Vec<$ty> };
    (map $ty:ty) => { ::std::collections::BTreeMap<String, $ty> };
    (bytes $ty:ty) => { $ty };
}

macro_rules! field_setter {
    (server $($rest:tt)*) => {};
    ($hcl:ident name $($rest:tt)*) => {};
    ($hcl:ident opt $field:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        #[must_use]
        pub fn $field(mut self, value: $ty) -> Self {
            self.$field = Some(value);
            self
        }
    };
    ($hcl:ident boxed $field:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        #[must_use]
        pub fn $field(mut self, value: $ty) -> Self {
            self.$field = Some(Box::new(value));
            self
        }
    };
    ($hcl:ident into $field:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        #[must_use]
        pub fn $field(mut self, value: impl Into<$ty>) -> Self {
            self.$field = Some(value.into());
            self
        }
    };
    ($hcl:ident list $field:ident: $ty:ty, $meta:tt $one:ident) => {
        $crate::jobspec::macros::field_setter!($hcl list $field: $ty, $meta);
        $crate::jobspec::macros::field_setter!(@one $field $one: $ty, $meta);
    };
    ($hcl:ident list $field:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        ///
        /// Adds to what is there.
        #[must_use]
        pub fn $field(mut self, values: impl IntoIterator<Item = impl Into<$ty>>) -> Self {
            self.$field.extend(values.into_iter().map(Into::into));
            self
        }
    };
    (@one $field:ident $one:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        ///
        /// Adds one.
        #[must_use]
        pub fn $one(mut self, value: impl Into<$ty>) -> Self {
            self.$field.push(value.into());
            self
        }
    };
    ($hcl:ident map $field:ident: $ty:ty, $meta:tt) => {
        $crate::jobspec::macros::field_setter!(@entry $field $field: $ty, $meta);
    };
    ($hcl:ident map $field:ident: $ty:ty, $meta:tt $one:ident) => {
        $crate::jobspec::macros::field_setter!(@entry $field $one: $ty, $meta);
    };
    (@entry $field:ident $one:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        ///
        /// Adds one entry, or replaces it.
        #[must_use]
        pub fn $one(mut self, key: impl Into<String>, value: impl Into<$ty>) -> Self {
            self.$field.insert(key.into(), value.into());
            self
        }
    };
    ($hcl:ident bytes $field:ident: $ty:ty, [$($meta:tt)*]) => {
        $($meta)*
        #[must_use]
        pub fn $field(mut self, value: impl Into<$ty>) -> Self {
            self.$field = value.into();
            self
        }
    };
}

pub(crate) use {blocks, field_setter, field_type};
