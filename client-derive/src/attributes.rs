//! What `#[wire(…)]` says.

use syn::{Attribute, Expr, LitStr, Path, Token, parse_quote};

/// On the struct.
#[derive(Default)]
pub(crate) struct OfStruct {
    pub(crate) pascal: bool,
    pub(crate) omit: bool,
    pub(crate) closed: bool,
}

impl OfStruct {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("wire")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("pascal") {
                    found.pascal = true;
                } else if meta.path.is_ident("omit") {
                    found.omit = true;
                } else if meta.path.is_ident("closed") {
                    found.closed = true;
                } else {
                    return Err(meta.error("expected `pascal`, `omit` or `closed`"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// On a field.
#[derive(Default)]
pub(crate) struct OfField {
    pub(crate) name: Option<LitStr>,
    pub(crate) alias: Option<LitStr>,
    pub(crate) with: Option<Path>,
    pub(crate) required: Option<Expr>,
    pub(crate) flatten: bool,
    pub(crate) omit: bool,
    pub(crate) omit_null: bool,
    pub(crate) keep: bool,
    pub(crate) skip: bool,
}

impl OfField {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("wire")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    found.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("alias") {
                    found.alias = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("with") {
                    found.with = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("required") {
                    let says_when = meta.input.peek(Token![=]);
                    found.required =
                        Some(if says_when { meta.value()?.parse()? } else { parse_quote!(true) });
                } else if meta.path.is_ident("flatten") {
                    found.flatten = true;
                } else if meta.path.is_ident("omit") {
                    found.omit = true;
                } else if meta.path.is_ident("omit_null") {
                    found.omit_null = true;
                } else if meta.path.is_ident("keep") {
                    found.keep = true;
                } else if meta.path.is_ident("skip") {
                    found.skip = true;
                } else {
                    return Err(meta.error(
                        "expected `name`, `alias`, `with`, `required`, `flatten`, `omit`, `omit_null`, `keep` or `skip`",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// The PascalCase of a field's name.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}
