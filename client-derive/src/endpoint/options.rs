//! The options of an endpoint: `#[query(/** … */ name = "wire": Type)]` and `#[body(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token, Type};

/// Where an option goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Body,
}

/// One attribute's options.
pub(super) struct Options {
    place: Place,
    pub(super) span: Span,
    pub(super) list: Vec<Setting>,
}

/// One option.
pub(super) struct Setting {
    docs: Vec<Attribute>,
    pub(super) name: Ident,
    wire: LitStr,
    ty: Option<Type>,
}

impl Options {
    pub(super) fn parse(place: Place, attribute: &Attribute) -> Result<Self> {
        let tokens = attribute.meta.require_list()?.tokens.clone();
        let list = Punctuated::<Setting, Token![,]>::parse_terminated.parse2(tokens)?;
        Ok(Self { place, span: attribute.path().span(), list: list.into_iter().collect() })
    }

    pub(super) fn setters(&self) -> impl Iterator<Item = TokenStream> {
        self.list.iter().map(|setting| setting.setter(self.place))
    }
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let docs = input.call(Attribute::parse_outer)?;
        let name = input.call(Ident::parse_any)?;
        if docs.is_empty() {
            return Err(Error::new(name.span(), "an option says above it what it does"));
        }
        let wire = match input.parse::<Option<Token![=]>>()? {
            Some(_) => input.parse()?,
            None => LitStr::new(&name.unraw().to_string(), name.span()),
        };
        let ty = match input.parse::<Option<Token![:]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { docs, name, wire, ty })
    }
}

impl Setting {
    /// The first line of what it does.
    pub(super) fn summary(&self) -> String {
        let lines = self.docs.iter().filter_map(|attr| match &attr.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        });
        lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn setter(&self, place: Place) -> TokenStream {
        let Self { docs, name, wire, ty } = self;
        let text =
            ty.as_ref().is_some_and(|ty| matches!(ty, Type::Path(path) if path.path.is_ident("String")));
        let head = match ty {
            None => quote!(self),
            Some(_) if text => quote!(self, value: impl ::core::convert::Into<::std::string::String>),
            Some(ty) => quote!(self, value: #ty),
        };
        let body = match (place, ty) {
            (Place::Query, None) => quote!(self.edit(|request| request.flag(#wire))),
            (Place::Query, Some(_)) if text => {
                quote!(self.set_query(#wire, ::core::convert::Into::<::std::string::String>::into(value)))
            }
            (Place::Query, Some(_)) => quote!(self.set_query(#wire, value)),
            (Place::Body, None) => quote!(self.field(#wire, &true)),
            (Place::Body, Some(_)) if text => {
                quote!(self.field(#wire, &::core::convert::Into::<::std::string::String>::into(value)))
            }
            (Place::Body, Some(_)) => quote!(self.field(#wire, &value)),
        };
        quote! {
            #(#docs)*
            pub fn #name(#head) -> Self { #body }
        }
    }
}
