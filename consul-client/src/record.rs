//! Forms that only some fields have.

/// Durations as Go text, with `""` for none in both directions, as checks have them.
pub(crate) mod go_or_empty {
    use std::time::Duration;

    use client_core::time::go;
    use client_core::wire::{Fault, Reader, Writer};

    pub(crate) fn write(value: &Option<Duration>, to: &mut Writer) {
        match value {
            Some(duration) => go::write(duration, to),
            None => to.text(""),
        }
    }

    pub(crate) fn read(value: &mut Option<Duration>, from: &mut Reader<'_>) -> Result<(), Fault> {
        go::option::read(value, from)
    }
}
