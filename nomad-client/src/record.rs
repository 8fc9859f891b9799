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
