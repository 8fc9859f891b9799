//! Types of a caller among our own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Fault, Reader, ToWire, Wire, Writer};

/// A value that is read and written by its own serde implementation, such as a caller's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> ToWire for Json<T> {
    fn write(&self, to: &mut Writer) {
        to.by_serde(&self.0);
    }
}

/// Read where it has a place of its own: `None` stands for what was not sent.
impl<T: Serialize + DeserializeOwned> Wire for Json<Option<T>> {
    const NULLABLE: bool = true;

    fn blank() -> Self {
        Self(None)
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Result<(), Fault> {
        self.0 = if from.null()? { None } else { Some(from.by_serde()?) };
        Ok(())
    }
}
