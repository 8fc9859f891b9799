//! Endpoints, handles, and derives for types that are read from the servers and sent to them.
//!
//! The crates that use them see them through `client_core`; nobody else needs this crate.

use proc_macro::TokenStream;

mod attributes;
mod block;
mod endpoint;
mod handle;
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

/// Declares the endpoints of a handle: each method that has a path is one.
///
/// ```text
/// #[endpoints("nodes")]
/// impl Nodes {
///     /// Lists nodes.
///     #[get("/v1/nodes", Stale, Listed, Blocking, Paged, Filtered, Prefixed)]
///     #[query(
///         /// Includes what the nodes have and reserve.
///         resources: bool,
///         /// Includes the nodes' operating systems.
///         os: bool,
///     )]
///     pub fn list(&self) -> Call<Vec<NodeListStub>, ListNodes> {}
///
///     /// Drains a node.
///     #[put("/v1/node/{node_id}/drain")]
///     #[body(
///         /// Makes the node eligible again.
///         mark_eligible = "MarkEligible": bool,
///     )]
///     pub fn drain(&self, node_id: &str, drain: DrainSpec) -> Call<NodeUpdate, DrainNode> {
///         call.field("NodeID", node_id).field("DrainSpec", &drain)
///     }
/// }
/// ```
///
/// The verb's attribute (`get`, `head`, `post`, `put`, `patch`, `delete`, `list`, `scan`) has the
/// path and then, in any order:
///
/// - names of capabilities, the traits in the client's `caps`. They, or options, or the word `own`
///   declare the marker that the return type names; without them the marker is one that exists;
/// - `idempotent`, `not_idempotent`, `streaming`, `enterprise`, `root` (it belongs to no namespace)
///   and `empty_if_missing`;
/// - `answers(429, 503)`: error statuses whose body is the answer all the same;
/// - `name = "…"` where the operation is not called as the method is; with a dot it is the whole
///   name;
/// - `job_id = &job.id` for an argument of the path that is no parameter of its name;
/// - `reads = T` for what the answer is read as, where that is not what is returned, and
///   `marker = C` where no `Call` is returned;
/// - `with = f` for what makes the operation of verb, name and path, or `decode = f, recode = g`
///   for what reads its answer. Otherwise `()`, `Bytes`, lists of names and all else are read by
///   `nothing`, `bytes`, `names` and `value` of the client's `answers`.
///
/// An option is `name: Type`, with `= "Wire"` between where the server calls it otherwise; without
/// a type its presence is its meaning. Texts are given by anything that becomes one.
///
/// In the method's body `call` is the call; an empty body answers it as it is. Beside the name of
/// the area may stand fields of the handle that paths mention, and `operations = NAME` for the list
/// of the block's operations, where `OPERATIONS` is taken.
#[proc_macro_attribute]
pub fn endpoints(attribute: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declares a handle, which is cheap to clone, and the method that makes it.
///
/// ```text
/// /// A KV v2 mount.
/// #[handle(Client::kv2)]
/// pub struct Kv2 {
///     mount: Mount,
/// }
/// ```
///
/// The documentation is that of both; the method takes what becomes each field.
#[proc_macro_attribute]
pub fn handle(attribute: TokenStream, item: TokenStream) -> TokenStream {
    handle::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
