//! `#[derive(Setters)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Field, GenericArgument, Ident, LitStr, PathArguments, Type, Visibility,
};

/// What `#[set(…)]` says.
#[derive(Default)]
struct Said {
    skip: bool,
    replace: bool,
    one: Option<LitStr>,
}

pub(crate) fn setters(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "only structs have setters"));
    };
    let mut found = Vec::new();
    for field in &data.fields {
        let Some(ident) = &field.ident else { continue };
        let said = said(&field.attrs)?;
        if said.skip || ident == "extra" || !matches!(field.vis, Visibility::Public(_)) {
            continue;
        }
        found.push(setter(field, ident, &said));
    }
    let name = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics #name #ty_generics #where_clause {
            #(#found)*
        }
    })
}

fn said(attributes: &[Attribute]) -> syn::Result<Said> {
    let mut said = Said::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("set")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                said.skip = true;
            } else if meta.path.is_ident("replace") {
                said.replace = true;
            } else if meta.path.is_ident("one") {
                said.one = Some(meta.value()?.parse()?);
            } else {
                return Err(meta.error("expected `skip`, `replace` or `one`"));
            }
            Ok(())
        })?;
    }
    Ok(said)
}

/// The setters of one field.
fn setter(field: &Field, ident: &Ident, said: &Said) -> TokenStream {
    let docs: Vec<_> = field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
    if let Some(inner) = argument(&field.ty, "Option", 0) {
        let (parameter, value) = match argument(inner, "Box", 0) {
            Some(inner) => {
                let (parameter, value) = taken(inner, said);
                (parameter, quote!(::std::boxed::Box::new(#value)))
            }
            None => taken(inner, said),
        };
        return plain(&docs, ident, &parameter, &quote!(::std::option::Option::Some(#value)));
    }
    if said.replace {
        let (parameter, value) = taken(&field.ty, said);
        return plain(&docs, ident, &parameter, &value);
    }
    if let Some(item) = argument(&field.ty, "Vec", 0) {
        return list(&docs, ident, item, said.one.as_ref());
    }
    for map in ["BTreeMap", "ByName", "Map"] {
        if let Some(value) = argument(&field.ty, map, usize::from(map != "ByName")) {
            return entry(&docs, ident, value, said.one.as_ref());
        }
    }
    let (parameter, value) = taken(&field.ty, said);
    plain(&docs, ident, &parameter, &value)
}

fn plain(docs: &[&Attribute], ident: &Ident, parameter: &TokenStream, value: &TokenStream) -> TokenStream {
    quote! {
        #(#docs)*
        #[must_use]
        pub fn #ident(mut self, value: #parameter) -> Self {
            self.#ident = #value;
            self
        }
    }
}

fn list(docs: &[&Attribute], ident: &Ident, item: &Type, one: Option<&LitStr>) -> TokenStream {
    let one = one.map(|one| {
        let one = format_ident!("{}", one.value(), span = one.span());
        quote! {
            #(#docs)*
            ///
            /// Adds one.
            #[must_use]
            pub fn #one(mut self, value: impl ::std::convert::Into<#item>) -> Self {
                self.#ident.push(value.into());
                self
            }
        }
    });
    quote! {
        #(#docs)*
        ///
        /// Adds to what is there.
        #[must_use]
        pub fn #ident(
            mut self,
            values: impl ::std::iter::IntoIterator<Item = impl ::std::convert::Into<#item>>,
        ) -> Self {
            self.#ident.extend(values.into_iter().map(::std::convert::Into::into));
            self
        }
        #one
    }
}

fn entry(docs: &[&Attribute], ident: &Ident, value: &Type, one: Option<&LitStr>) -> TokenStream {
    let name = one.map_or_else(|| ident.clone(), |one| format_ident!("{}", one.value(), span = one.span()));
    quote! {
        #(#docs)*
        ///
        /// Adds one entry, or replaces it.
        #[must_use]
        pub fn #name(
            mut self,
            key: impl ::std::convert::Into<::std::string::String>,
            value: impl ::std::convert::Into<#value>,
        ) -> Self {
            self.#ident.insert(key.into(), value.into());
            self
        }
    }
}

/// What a setter of a `ty` takes, and how that becomes one.
fn taken(ty: &Type, said: &Said) -> (TokenStream, TokenStream) {
    if let Some(item) = argument(ty, "Vec", 0) {
        return (
            quote!(impl ::std::iter::IntoIterator<Item = impl ::std::convert::Into<#item>>),
            quote!(value.into_iter().map(::std::convert::Into::into).collect()),
        );
    }
    if let Some(item) = argument(ty, "BTreeMap", 1).filter(|_| !said.skip) {
        return (
            quote!(impl ::std::iter::IntoIterator<
                Item = (impl ::std::convert::Into<::std::string::String>, impl ::std::convert::Into<#item>),
            >),
            quote!(value.into_iter().map(|(key, value)| (key.into(), value.into())).collect()),
        );
    }
    let as_it_is = match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| {
            matches!(
                &*segment.ident.to_string(),
                "bool"
                    | "u8"
                    | "u16"
                    | "u32"
                    | "u64"
                    | "usize"
                    | "i32"
                    | "i64"
                    | "f64"
                    | "Duration"
                    | "Timestamp"
            )
        }),
        _ => true,
    };
    if as_it_is {
        (quote!(#ty), quote!(value))
    } else {
        (quote!(impl ::std::convert::Into<#ty>), quote!(value.into()))
    }
}

/// The argument at `index` of a type that is called `name`.
fn argument<'a>(ty: &'a Type, name: &str, index: usize) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.iter().nth(index)? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}
