//! `#[derive(Wire)]` and `#[derive(ToWire)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Expr, Field, Fields, Generics, Ident, Index, Path, Type, parse_quote};

use crate::attributes::{OfField, OfStruct, pascal};

/// A field with a name of its own in JSON.
struct Named<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    name: String,
    alias: Option<String>,
    with: Option<Path>,
    omit: TokenStream,
    required: Expr,
}

/// A struct as both derives see it.
struct Shape<'a> {
    fields: Vec<Named<'a>>,
    inner: Option<&'a Ident>,
    extra: Option<&'a Ident>,
    /// Neither read nor written.
    skipped: Vec<&'a Ident>,
}

pub(crate) fn write(input: &DeriveInput) -> syn::Result<TokenStream> {
    if let Some(transparent) = transparent(input)? {
        return Ok(transparent_write(input, transparent));
    }
    let shape = Shape::of(input, false)?;
    let record = record(input, &shape, false);
    Ok(quote! { #record })
}

pub(crate) fn read_and_write(input: &DeriveInput) -> syn::Result<TokenStream> {
    if let Some(transparent) = transparent(input)? {
        let write = transparent_write(input, transparent);
        let read = transparent_read(input, transparent);
        return Ok(quote! { #write #read });
    }
    let shape = Shape::of(input, true)?;
    let record = record(input, &shape, true);
    let read = read(input, &shape);
    Ok(quote! { #record #read })
}

fn fields(input: &DeriveInput) -> syn::Result<&Fields> {
    match &input.data {
        Data::Struct(data) => Ok(&data.fields),
        _ => Err(syn::Error::new_spanned(
            &input.ident,
            "only structs can be derived; see `open_enum!` for enums",
        )),
    }
}

/// The field of a struct that is read and written as that.
fn transparent(input: &DeriveInput) -> syn::Result<Option<&Field>> {
    match fields(input)? {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(fields.unnamed.first()),
        Fields::Unnamed(_) => Err(syn::Error::new_spanned(&input.ident, "tuples have no form in JSON here")),
        _ => Ok(None),
    }
}

impl<'a> Shape<'a> {
    fn of(input: &'a DeriveInput, read: bool) -> syn::Result<Self> {
        let of_struct = OfStruct::parse(&input.attrs)?;
        let mut shape = Self { fields: Vec::new(), inner: None, extra: None, skipped: Vec::new() };
        for field in fields(input)? {
            let Some(ident) = &field.ident else { continue };
            let said = OfField::parse(&field.attrs)?;
            if said.skip {
                shape.skipped.push(ident);
                continue;
            }
            if said.flatten {
                if shape.inner.replace(ident).is_some() {
                    return Err(syn::Error::new_spanned(ident, "a second `flatten`"));
                }
                continue;
            }
            if ident == "extra" {
                shape.extra = Some(ident);
                continue;
            }
            let plain = ident.to_string();
            let plain = plain.trim_start_matches("r#");
            let name = match &said.name {
                Some(name) => name.value(),
                None if of_struct.pascal => pascal(plain),
                None => plain.to_owned(),
            };
            let omit = if said.keep {
                quote!(Never)
            } else if said.omit || of_struct.omit && is_collection(&field.ty) {
                quote!(Empty)
            } else if said.omit_null || of_struct.omit && is_option(&field.ty) {
                quote!(Null)
            } else {
                quote!(Never)
            };
            shape.fields.push(Named {
                ident,
                ty: &field.ty,
                name,
                alias: said.alias.as_ref().map(syn::LitStr::value),
                with: said.with,
                omit,
                required: said.required.unwrap_or_else(|| parse_quote!(false)),
            });
        }
        if shape.fields.len() > 127 {
            return Err(syn::Error::new_spanned(&input.ident, "more than 127 fields"));
        }
        if read && !of_struct.closed && shape.extra.is_none() {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "a type that is read needs a field `extra: Extra`, or `#[wire(closed)]`",
            ));
        }
        Ok(shape)
    }

    /// The struct with nothing in it.
    fn blank(&self, generics: &Generics) -> TokenStream {
        let is_parameter = |ty: &Type| {
            generics
                .type_params()
                .any(|known| matches!(ty, Type::Path(path) if path.path.is_ident(&known.ident)))
        };
        let fields = self.fields.iter().map(|Named { ident, ty, with, .. }| {
            if with.is_some() && !is_parameter(ty) {
                quote!(#ident: ::std::default::Default::default(),)
            } else {
                quote!(#ident: ::client_core::wire::Wire::blank(),)
            }
        });
        let others = self.skipped.iter().chain(&self.inner).chain(&self.extra);
        quote! { Self { #(#fields)* #(#others: ::std::default::Default::default(),)* } }
    }
}

fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

pub(crate) fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|name| name == "Option")
}

/// What can be empty and then says nothing. A text of its own is kept: an empty one says something.
fn is_collection(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|name| {
        matches!(&*name, "Vec" | "BTreeMap" | "HashMap" | "ByName" | "Map" | "Value" | "Bytes")
    })
}

/// The implementations of `ToWire`, `Record` and `Serialize`.
fn record(input: &DeriveInput, shape: &Shape<'_>, read: bool) -> TokenStream {
    let name = &input.ident;
    let bound: Path = if read {
        parse_quote!(::client_core::wire::Wire)
    } else {
        parse_quote!(::client_core::wire::ToWire)
    };
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#bound));
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let table = shape.fields.iter().map(|field| {
        let (name, omit, required) = (&field.name, &field.omit, &field.required);
        let alias = match &field.alias {
            Some(alias) => quote!(::std::option::Option::Some(#alias)),
            None => quote!(::std::option::Option::None),
        };
        quote! {
            ::client_core::wire::Field { name: #name, alias: #alias, omit: ::client_core::wire::Omit::#omit, required: #required }
        }
    });
    let reads = shape.fields.iter().enumerate().filter(|_| read).map(|(index, field)| {
        let (ident, ty) = (field.ident, field.ty);
        match &field.with {
            Some(with) => quote_spanned! { ty.span() => #index => #with::read(&mut self.#ident, from), },
            None => quote_spanned! { ty.span() => #index => ::client_core::wire::Wire::read(&mut self.#ident, from), },
        }
    });
    let writes = shape.fields.iter().enumerate().map(|(index, field)| {
        let (ident, ty) = (field.ident, field.ty);
        match &field.with {
            Some(with) => quote_spanned! { ty.span() => #index => #with::write(&self.#ident, to), },
            None => quote_spanned! { ty.span() => #index => ::client_core::wire::ToWire::write(&self.#ident, to), },
        }
    });
    let inner = shape.inner.map(|inner| {
        let inner_mut = read.then(|| {
            quote! {
                fn inner_mut(&mut self) -> ::std::option::Option<&mut dyn ::client_core::wire::Record> {
                    ::std::option::Option::Some(&mut self.#inner)
                }
            }
        });
        quote! {
            fn inner(&self) -> ::std::option::Option<&dyn ::client_core::wire::Record> {
                ::std::option::Option::Some(&self.#inner)
            }
            #inner_mut
        }
    });
    let extra = shape.extra.map(|extra| {
        quote! {
            fn extra(&self) -> ::std::option::Option<&::client_core::wire::Extra> {
                ::std::option::Option::Some(&self.#extra)
            }
            fn extra_mut(&mut self) -> ::std::option::Option<&mut ::client_core::wire::Extra> {
                ::std::option::Option::Some(&mut self.#extra)
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics ::client_core::wire::Record for #name #ty_generics #where_clause {
            fn fields(&self) -> &'static [::client_core::wire::Field] {
                const { &[#(#table),*] }
            }

            #[allow(unused_variables)]
            fn read_field(
                &mut self,
                index: usize,
                from: &mut ::client_core::wire::Reader<'_>,
            ) -> ::std::result::Result<(), ::client_core::wire::Fault> {
                match index {
                    #(#reads)*
                    _ => ::std::result::Result::Ok(()),
                }
            }

            #[allow(unused_variables)]
            fn write_field(&self, index: usize, to: &mut ::client_core::wire::Writer) {
                match index {
                    #(#writes)*
                    _ => {}
                }
            }

            #inner
            #extra
        }

        #[automatically_derived]
        impl #impl_generics ::client_core::wire::ToWire for #name #ty_generics #where_clause {
            fn write(&self, to: &mut ::client_core::wire::Writer) {
                ::client_core::wire::write_record(self, to);
            }
        }

        #[automatically_derived]
        impl #impl_generics ::client_core::serde::Serialize for #name #ty_generics #where_clause {
            fn serialize<__S: ::client_core::serde::Serializer>(
                &self,
                serializer: __S,
            ) -> ::std::result::Result<__S::Ok, __S::Error> {
                ::client_core::wire::serialize(self, serializer)
            }
        }
    }
}

/// The implementations of `Wire` and `Deserialize` for a record.
fn read(input: &DeriveInput, shape: &Shape<'_>) -> TokenStream {
    let blank = match input.generics.type_params().next() {
        // What is put into it need not have a default.
        Some(_) => shape.blank(&input.generics),
        None => quote!(<Self as ::std::default::Default>::default()),
    };
    let body = quote! {
        fn read(
            &mut self,
            from: &mut ::client_core::wire::Reader<'_>,
        ) -> ::std::result::Result<(), ::client_core::wire::Fault> {
            ::client_core::wire::read_record(self, from)
        }
    };
    wire(input, &blank, &quote!(false), &body)
}

fn wire(input: &DeriveInput, blank: &TokenStream, nullable: &TokenStream, read: &TokenStream) -> TokenStream {
    let name = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::client_core::wire::Wire));
    }
    let mut with_lifetime = generics.clone();
    with_lifetime.params.insert(0, parse_quote!('de));
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let (de_generics, _, _) = with_lifetime.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::client_core::wire::Wire for #name #ty_generics #where_clause {
            const NULLABLE: bool = #nullable;

            fn blank() -> Self {
                #blank
            }

            #read
        }

        #[automatically_derived]
        impl #de_generics ::client_core::serde::Deserialize<'de> for #name #ty_generics #where_clause {
            fn deserialize<__D: ::client_core::serde::Deserializer<'de>>(
                deserializer: __D,
            ) -> ::std::result::Result<Self, __D::Error> {
                ::client_core::wire::deserialize(deserializer)
            }
        }
    }
}

fn transparent_write(input: &DeriveInput, field: &Field) -> TokenStream {
    let name = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::client_core::wire::ToWire));
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let index = Index::from(0);
    let write = match OfField::parse(&field.attrs).ok().and_then(|said| said.with) {
        Some(with) => quote!(#with::write(&self.#index, to)),
        None => quote!(::client_core::wire::ToWire::write(&self.#index, to)),
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics ::client_core::wire::ToWire for #name #ty_generics #where_clause {
            fn write(&self, to: &mut ::client_core::wire::Writer) {
                #write
            }
        }

        #[automatically_derived]
        impl #impl_generics ::client_core::serde::Serialize for #name #ty_generics #where_clause {
            fn serialize<__S: ::client_core::serde::Serializer>(
                &self,
                serializer: __S,
            ) -> ::std::result::Result<__S::Ok, __S::Error> {
                ::client_core::wire::serialize(self, serializer)
            }
        }
    }
}

fn transparent_read(input: &DeriveInput, field: &Field) -> TokenStream {
    let index = Index::from(0);
    let ty = &field.ty;
    let said = OfField::parse(&field.attrs).ok().and_then(|said| said.with);
    let read = match &said {
        Some(with) => quote!(#with::read(&mut self.#index, from)),
        None => quote!(::client_core::wire::Wire::read(&mut self.#index, from)),
    };
    let (blank, nullable) = match said {
        Some(_) => (quote!(<Self as ::std::default::Default>::default()), quote!(false)),
        None => (
            quote!(Self(<#ty as ::client_core::wire::Wire>::blank())),
            quote!(<#ty as ::client_core::wire::Wire>::NULLABLE),
        ),
    };
    let body = quote! {
        fn read(
            &mut self,
            from: &mut ::client_core::wire::Reader<'_>,
        ) -> ::std::result::Result<(), ::client_core::wire::Fault> {
            #read
        }
    };
    wire(input, &blank, &nullable, &body)
}
