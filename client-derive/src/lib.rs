//! Derives for types that are read from the servers and sent to them.
//!
//! The crates that use them see them through `client_core`; nobody else needs this crate.

use proc_macro::TokenStream;

mod attributes;
mod block;
mod setters;
mod wire;

/// Reads and writes a struct as a JSON object, in one loop that all types share.
///
/// A field that is missing or `null` reads as its blank value. A field called `extra` of type
/// `Extra` keeps what the type does not know.
///
/// On the struct, `#[wire(…)]` takes
///
/// | word | meaning |
/// |---|---|
/// | `pascal` | names are the PascalCase of the fields' |
/// | `omit` | unset fields are not written: `None`, and empty texts, lists and maps |
/// | `closed` | on purpose without a field `extra`: what is unknown is lost |
///
/// and on a field
///
/// | word | meaning |
/// |---|---|
/// | `name = "ID"` | its name |
/// | `alias = "id"` | another name that it is read by |
/// | `with = path` | read and written by `path::read` and `path::write` |
/// | `required` | an object without it is refused; `required = …` where that is true |
/// | `flatten` | its fields stand among the struct's own |
/// | `omit`, `keep` | not written where it is unset; written always |
/// | `omit_null` | not written where it is `null` |
/// | `skip` | neither read nor written |
///
/// A struct with one unnamed field is read and written as that.
#[proc_macro_derive(Wire, attributes(wire))]
pub fn wire(input: TokenStream) -> TokenStream {
    run(input, wire::read_and_write)
}

/// The writing half of [`Wire`](derive@Wire): for the bodies of requests.
#[proc_macro_derive(ToWire, attributes(wire))]
pub fn to_wire(input: TokenStream) -> TokenStream {
    run(input, wire::write)
}

/// Writes a block of the job specification as HCL, for `nomad_client::hcl`.
///
/// `#[hcl(…)]` says how a field is written: `attr` (the default), `zero`, `required`, `block`, `label`,
/// … (see `hcl_field!` there), with a name where it is not the field's; `none` and `server` not at all.
#[proc_macro_derive(Block, attributes(hcl))]
pub fn block(input: TokenStream) -> TokenStream {
    run(input, block::block)
}

/// A setter for each public field, which has the field's documentation.
///
/// Numbers, booleans and durations are taken as they are, anything else by `Into`; an `Option` is
/// set, a `Vec` is extended, a map gets an entry. `#[set(skip)]` leaves a field out,
/// `#[set(one = "name")]` adds a setter for one item of a list or names that of a map's entry,
/// `#[set(replace)]` sets a list or map as a whole.
#[proc_macro_derive(Setters, attributes(set))]
pub fn setters(input: TokenStream) -> TokenStream {
    run(input, setters::setters)
}

fn run(
    input: TokenStream,
    derive: fn(&syn::DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
