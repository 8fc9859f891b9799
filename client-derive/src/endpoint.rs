//! Endpoints: from a method with a path come its operation, its marker, its setters and its place
//! in the list of operations.

mod attribute;
mod options;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Pat,
    PathArguments, Result, ReturnType, Token, Type, TypePath,
};

use attribute::{Endpoint, Reader, Verb};
use options::{Options, Place};

/// What stands beside `endpoints`: the area, fields that paths mention, the name of the list.
struct Area {
    name: LitStr,
    fields: Vec<Ident>,
    operations: Ident,
}

impl Parse for Area {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: LitStr = input.parse()?;
        let (mut fields, mut operations) = (Vec::new(), format_ident!("OPERATIONS"));
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            let word: Ident = input.parse()?;
            if word == "operations" && input.peek(Token![=]) {
                input.parse::<Token![=]>()?;
                operations = input.parse()?;
            } else {
                fields.push(word);
            }
        }
        Ok(Self { name, fields, operations })
    }
}

/// A method that is an endpoint, taken apart.
struct Declared {
    endpoint: Endpoint,
    options: Vec<Options>,
    /// What the operation's answer is read as.
    answer: Type,
    /// What the calls can do.
    marker: Type,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let area: Area = syn::parse2(attribute)?;
    let mut block: ItemImpl = syn::parse2(item)?;
    let handle = block.self_ty.clone();
    let client = match &*handle {
        Type::Path(path) if path.path.is_ident("Client") => quote!(self),
        _ => quote!(self.client),
    };
    let mut constants = Vec::new();
    let mut entries = Vec::new();
    let mut markers = Markers::default();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(declared) = take(method)? else { continue };
        let conditions: Vec<Attribute> =
            method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
        let constant = constant(&method.sig.ident);
        let operation = operation(&area, method, &declared);
        let Declared { answer, marker, .. } = &declared;
        constants.push(quote! {
            #(#conditions)*
            pub(crate) const #constant: ::client_core::Op<#answer, #marker> = #operation;
        });
        entries.push(quote!(#(#conditions)* <#handle>::#constant.entry()));
        let arguments = arguments(&area, method, &declared.endpoint)?;
        // The caller's body has to see it, and errors about it belong to the method's name.
        let call = Ident::new("call", Span::call_site());
        let body = std::mem::take(&mut method.block.stmts);
        let rest = if body.is_empty() { quote!(#call) } else { quote!(#(#body)*) };
        let made =
            quote_spanned!(method.sig.ident.span()=> #client.call(&Self::#constant, &[#(#arguments),*]));
        method.block = syn::parse2(quote!({ let #call = #made; #rest }))?;
        document(method, &declared);
        markers.add(&handle, method, declared)?;
    }
    let markers = markers.declarations();
    let (list, impl_attrs) = (&area.operations, &block.attrs);
    let (generics, items) = (&block.generics, &block.items);
    Ok(quote! {
        #(#impl_attrs)*
        impl #generics #handle {
            #(#constants)*
            #(#items)*
        }

        /// The operations of this area.
        pub(crate) static #list: &[::client_core::Entry] = &[#(#entries),*];

        #markers
    })
}

/// The name of a method's operation.
fn constant(method: &Ident) -> Ident {
    Ident::new(&method.unraw().to_string().to_uppercase(), method.span())
}

/// Takes a method's own attributes off it; `None` where it is no endpoint.
fn take(method: &mut ImplItemFn) -> Result<Option<Declared>> {
    let mut endpoint = None;
    let mut options = Vec::new();
    let mut others = Vec::new();
    for attr in std::mem::take(&mut method.attrs) {
        if let Some(verb) = Verb::of(&attr) {
            if endpoint.is_some() {
                return Err(Error::new_spanned(attr, "an endpoint has one path"));
            }
            endpoint = Some(Endpoint::parse(verb, &attr)?);
        } else if attr.path().is_ident("query") {
            options.push(Options::parse(Place::Query, &attr)?);
        } else if attr.path().is_ident("body") {
            options.push(Options::parse(Place::Body, &attr)?);
        } else {
            others.push(attr);
        }
    }
    method.attrs = others;
    let Some(endpoint) = endpoint else {
        return match options.first() {
            Some(options) => {
                Err(Error::new(options.span, "options belong to an endpoint, and this has no path"))
            }
            None => Ok(None),
        };
    };
    let (mut answer, mut marker) = (endpoint.reads.clone(), endpoint.marker.clone());
    if let Some((value, capabilities)) = called(&method.sig.output) {
        answer = answer.or(Some(value));
        marker = marker.or(capabilities);
    } else if answer.is_none() {
        return Err(Error::new_spanned(
            &method.sig.ident,
            "an endpoint returns a `Call`, or says what its answer is with `reads = …`",
        ));
    }
    let Some(answer) = answer else { return Ok(None) };
    let marker = marker.unwrap_or_else(|| syn::parse_quote!(crate::caps::Plain));
    Ok(Some(Declared { endpoint, options, answer, marker }))
}

/// Answer and marker of `Call<T, C>`.
fn called(output: &ReturnType) -> Option<(Type, Option<Type>)> {
    let ReturnType::Type(_, output) = output else { return None };
    let Type::Path(TypePath { path, .. }) = &**output else { return None };
    let last = path.segments.last().filter(|last| last.ident == "Call")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    });
    Some((types.next()?, types.next()))
}

fn operation(area: &Area, method: &ImplItemFn, declared: &Declared) -> TokenStream {
    let Endpoint { verb, path, name, reader, flags, answers, .. } = &declared.endpoint;
    let own = method.sig.ident.unraw().to_string();
    let full = match name {
        Some(name) if name.value().contains('.') => name.clone(),
        Some(name) => LitStr::new(&format!("{}.{}", area.name.value(), name.value()), name.span()),
        None => LitStr::new(&format!("{}.{own}", area.name.value()), method.sig.ident.span()),
    };
    let verb_name = format_ident!("{}", verb.variant());
    let start = quote!(::client_core::Verb::#verb_name, #full, #path);
    let made = match reader {
        Reader::With(function) => quote!(#function(#start)),
        Reader::Pair(pair) => {
            let (decode, recode) = &**pair;
            quote!(::client_core::Op::decoded_by(#start, #decode, #recode))
        }
        Reader::Usual => {
            let usual = format_ident!("{}", usual(*verb, &declared.answer));
            quote!(crate::answers::#usual(#start))
        }
    };
    let answers = answers.as_ref().map(|statuses| quote!(.answers(&[#statuses])));
    quote!(#made #(.#flags())* #answers)
}

/// Which function of the client's `answers` reads such an answer.
fn usual(verb: Verb, answer: &Type) -> &'static str {
    match answer {
        Type::Tuple(tuple) if tuple.elems.is_empty() => "nothing",
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Bytes") => "bytes",
        _ if matches!(verb, Verb::List | Verb::Scan) => "names",
        _ => "value",
    }
}

/// The arguments of the path, in its order.
fn arguments(area: &Area, method: &ImplItemFn, endpoint: &Endpoint) -> Result<Vec<TokenStream>> {
    let parameters: Vec<&Ident> = method
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(pattern) => Some(&pattern.ident),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect();
    let template = endpoint.path.value();
    let wanted = placeholders(&template);
    let known: HashSet<&str> = wanted.iter().copied().collect();
    if let Some((name, _)) =
        endpoint.arguments.iter().find(|(name, _)| !known.contains(&*name.unraw().to_string()))
    {
        return Err(Error::new(name.span(), format!("the path has no `{{{name}}}`")));
    }
    let mut arguments = Vec::new();
    for wanted in wanted {
        let given = endpoint.arguments.iter().find(|(name, _)| name.unraw() == wanted);
        let parameter = parameters.iter().find(|parameter| parameter.unraw() == wanted);
        let field = area.fields.iter().find(|field| field.unraw() == wanted);
        let value = match (given, parameter, field) {
            (Some((_, expression)), ..) => quote!(#expression),
            (None, Some(parameter), _) => quote!(#parameter),
            (None, None, Some(field)) => quote!(*self.#field),
            (None, None, None) => {
                let text = format!("the path has `{{{wanted}}}`, and there is no parameter of that name");
                return Err(Error::new(endpoint.path.span(), text));
            }
        };
        arguments.push(quote!(::core::convert::AsRef::<str>::as_ref(&#value)));
    }
    Ok(arguments)
}

/// The names in `/v1/job/{job_id}/{path*}`.
fn placeholders(template: &str) -> Vec<&str> {
    let inside = template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    inside.map(|name| name.trim_end_matches('*')).collect()
}

/// Says below the method's own words what it sends and where its options are.
fn document(method: &mut ImplItemFn, declared: &Declared) {
    let Endpoint { verb, path, flags, .. } = &declared.endpoint;
    let mut text = format!("`{} {}`", verb.wire(), path.value());
    for flag in flags {
        let said = match &*flag.to_string() {
            "idempotent" => "; repeated after a lost answer",
            "not_idempotent" => "; not repeated after a lost answer",
            "enterprise" => "; Enterprise",
            "root" => "; belongs to no namespace",
            _ => "",
        };
        text.push_str(said);
    }
    if let Some(marker) = marker_name(&declared.marker).filter(|marker| *marker != "Plain") {
        let ty = &declared.marker;
        let path = quote!(#ty).to_string().replace(' ', "");
        let path = path.split('<').next().unwrap_or_default();
        let names: Vec<String> = declared
            .options
            .iter()
            .flat_map(|options| &options.list)
            .map(|option| format!("`{}`", option.name))
            .collect();
        let listed = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        text.push_str(&format!(". Options: [`{marker}`]({path}){listed}"));
    }
    method.attrs.push(syn::parse_quote!(#[doc = ""]));
    method.attrs.push(syn::parse_quote!(#[doc = #text]));
}

fn marker_name(marker: &Type) -> Option<&Ident> {
    match marker {
        Type::Path(TypePath { path, .. }) => path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// The markers a block declares.
#[derive(Default)]
struct Markers {
    order: Vec<TokenStream>,
    known: HashMap<String, Ident>,
}

impl Markers {
    fn add(&mut self, handle: &Type, method: &ImplItemFn, declared: Declared) -> Result<()> {
        let Declared { endpoint, options, marker, .. } = declared;
        if !endpoint.own && endpoint.capabilities.is_empty() && options.is_empty() {
            return Ok(());
        }
        let name = match &marker {
            Type::Path(TypePath { qself: None, path, .. }) if path.segments.len() == 1 => {
                marker_name(&marker).cloned()
            }
            _ => None,
        };
        let Some(name) = name else {
            return Err(Error::new_spanned(
                &marker,
                "options need a marker of their own: `Call<T, ListThings>`",
            ));
        };
        let text = name.to_string();
        if let Some(first) = self.known.get(&text) {
            let text = format!("`{first}` says already what `{name}` can do; name it alone");
            return Err(Error::new(name.span(), text));
        }
        self.known.insert(text, method.sig.ident.clone());
        let conditions: Vec<&Attribute> =
            method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
        let (vis, capabilities) = (&method.vis, &endpoint.capabilities);
        let list: Vec<_> = options.iter().flat_map(|options| &options.list).collect();
        let intro = format!(
            " What [`{0}::{1}`]({0}::{1}) can be told, besides what every call can.",
            quote!(#handle).to_string().replace(' ', ""),
            method.sig.ident
        );
        let lines = list.iter().map(|option| format!(" - `{}`: {}", option.name, option.summary()));
        let lines = (!list.is_empty()).then(|| quote!(#[doc = ""] #(#[doc = #lines])*));
        let setters = options.iter().flat_map(Options::setters);
        let setters = (!list.is_empty()).then(|| {
            quote! {
                #(#conditions)*
                impl<T, S> crate::Call<T, #name<S>> { #(#setters)* }
            }
        });
        let abilities = capabilities
            .iter()
            .map(|capability| quote!(#(#conditions)* impl<S> crate::caps::#capability for #name<S> {}));
        self.order.push(quote! {
            #(#conditions)*
            #[doc = #intro]
            #lines
            #[derive(Debug, Clone, Copy)]
            #vis struct #name<S = ::client_core::caps::Whole>(::core::marker::PhantomData<S>);
            #(#conditions)*
            impl<S: ::client_core::caps::State> ::client_core::caps::Marker for #name<S> {
                type State = S;
                type In<N: ::client_core::caps::State> = #name<N>;
                const CAPABILITIES: &'static [&'static str] = &[#(::core::stringify!(#capabilities)),*];
            }
            #(#abilities)*
            #setters
        });
        Ok(())
    }

    fn declarations(self) -> TokenStream {
        let order = self.order;
        quote!(#(#order)*)
    }
}
