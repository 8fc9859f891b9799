//! Handles: a client and where in it one works.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, Ident, ItemStruct, Path, Result, Token, parse::Parse, parse::ParseStream};

/// `Client::kv2`: the type that has the method, and the method.
struct Place {
    parent: Path,
    method: Ident,
}

impl Parse for Place {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut path: Path = input.parse()?;
        let missing = syn::Error::new_spanned(&path, "expected a type and a method of it: `Client::nodes`");
        let Some(method) = path.segments.pop() else { return Err(missing) };
        path.segments.pop_punct();
        if path.segments.is_empty() {
            return Err(missing);
        }
        if input.peek(Token![,]) {
            return Err(input.error("nothing more is expected"));
        }
        Ok(Self { parent: path, method: method.ident })
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let Place { parent, method } = syn::parse2(attribute)?;
    let ItemStruct { attrs, vis, struct_token, ident, generics, fields, .. } = syn::parse2(item)?;
    if !generics.params.is_empty() {
        return Err(syn::Error::new_spanned(generics, "a handle has no parameters"));
    }
    let named = match fields {
        Fields::Unit => Vec::new(),
        Fields::Named(fields) => fields.named.into_iter().collect(),
        Fields::Unnamed(fields) => {
            return Err(syn::Error::new_spanned(fields, "the fields of a handle have names"));
        }
    };
    let names: Vec<_> = named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let types: Vec<_> = named.iter().map(|field| &field.ty).collect();
    let docs = attrs.iter().filter(|attr| attr.path().is_ident("doc"));
    let client = match parent.is_ident("Client") {
        true => quote!(::core::clone::Clone::clone(self)),
        false => quote!(::core::clone::Clone::clone(&self.client)),
    };
    Ok(quote! {
        #(#attrs)*
        #[derive(Debug, Clone)]
        #vis #struct_token #ident {
            pub(crate) client: crate::Client,
            #(#named,)*
        }

        impl #parent {
            #(#docs)*
            #[must_use]
            #vis fn #method(&self, #(#names: impl ::core::convert::Into<#types>),*) -> #ident {
                #ident { client: #client, #(#names: #names.into(),)* }
            }
        }
    })
}
