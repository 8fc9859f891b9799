//! What the areas declare in one way.

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
