//! `#[derive(Block)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Ident, LitStr, Token};

/// How a field is written.
struct Form {
    form: Ident,
    name: Option<LitStr>,
}

pub(crate) fn block(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "only structs are blocks"));
    };
    let mut fields = Vec::new();
    for field in &data.fields {
        let Some(ident) = field.ident.as_ref().filter(|ident| *ident != "extra") else { continue };
        let Form { form, name } = form(&field.attrs, ident)?;
        let name = if matches!(&*form.to_string(), "label" | "none" | "server" | "env_labels") {
            name
        } else {
            Some(
                name.unwrap_or_else(|| LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span())),
            )
        };
        fields.push(quote!(crate::hcl::hcl_field!(body, self.#ident, #form #name);));
    }
    let name = &input.ident;
    Ok(quote! {
        #[cfg(feature = "hcl")]
        #[automatically_derived]
        impl crate::hcl::Block for #name {
            #[allow(unused_variables)]
            fn fill(&self, body: &mut crate::hcl::Body) -> ::std::result::Result<(), crate::hcl::Inexpressible> {
                #(#fields)*
                Ok(())
            }
        }
    })
}

fn form(attributes: &[Attribute], field: &Ident) -> syn::Result<Form> {
    let Some(attribute) = attributes.iter().find(|attribute| attribute.path().is_ident("hcl")) else {
        return Ok(Form { form: Ident::new("attr", field.span()), name: None });
    };
    attribute.parse_args_with(|input: syn::parse::ParseStream<'_>| {
        let form = input.call(syn::ext::IdentExt::parse_any)?;
        let name = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Form { form, name })
    })
}
