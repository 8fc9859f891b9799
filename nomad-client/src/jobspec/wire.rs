//! Open enums as job files write them.

/// Writes open enums as the texts they are in job files.
macro_rules! enums {
    ($($ty:ty),+ $(,)?) => {$(
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
