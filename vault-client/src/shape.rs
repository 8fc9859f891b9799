//! How values are written that Vault writes in a form of its own; for `#[wire(with = …)]`.

/// A list of texts, which servers show as one text with commas at some places.
pub(crate) mod list {
    use client_core::wire::{Fault, Next, Reader, ToWire, Wire, Writer};

    pub(crate) fn read(list: &mut Option<Vec<String>>, from: &mut Reader<'_>) -> Result<(), Fault> {
        if from.peek()? != Next::Text {
            return list.read(from);
        }
        let text = from.text()?;
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        *list = Some(items.map(str::to_owned).collect());
        Ok(())
    }

    pub(crate) fn write(list: &Option<Vec<String>>, to: &mut Writer) {
        ToWire::write(list, to);
    }
}

/// Values by number, which are the keys of an object.
pub(crate) mod numbered {
    use std::collections::BTreeMap;

    use client_core::wire::{Fault, Reader, ToWire, Wire, Writer};

    pub(crate) fn read<V: Wire>(values: &mut BTreeMap<u64, V>, from: &mut Reader<'_>) -> Result<(), Fault> {
        values.clear();
        if from.null()? {
            return Ok(());
        }
        from.object(&mut |from, key| {
            let number = key.parse().map_err(|_| from.misfit("a key that is no number"))?;
            let mut value = V::blank();
            value.read(from)?;
            values.insert(number, value);
            Ok(())
        })
    }

    pub(crate) fn write<V: ToWire>(values: &BTreeMap<u64, V>, to: &mut Writer) {
        to.object(|entries| {
            for (number, value) in values {
                value.write(entries.key(&number.to_string()));
            }
        });
    }
}
