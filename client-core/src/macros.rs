//! The mechanisms that keep an endpoint's price at a constant and a line or two.

/// Declares marker types with the capabilities they have.
#[macro_export]
macro_rules! capabilities {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident $(: $first:ident $(+ $more:ident)*)?;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name;
        $(impl $crate::caps::$first for $name {} $(impl $crate::caps::$more for $name {})*)?
    )*};
}

/// Declares the operations of an area and the list of them, `OPERATIONS`.
///
/// ```text
/// operations! {
///     LIST: Vec<JobListStub>, ListJobs = Op::new(Verb::Get, "jobs.list", "/v1/jobs").blocking().paged();
/// }
/// ```
#[macro_export]
macro_rules! operations {
    ($($name:ident: $value:ty, $caps:ty = $op:expr;)*) => {
        $(pub(crate) static $name: $crate::Op<$value, $caps> = $op;)*
        /// The operations of this area.
        pub(crate) static OPERATIONS: &[$crate::Entry] = &[$($name.entry()),*];
    };
}

/// Gives the calls of an endpoint the setters of its own options, on the `Call` in scope.
///
/// Kinds: `query` (any [`QueryValue`](crate::QueryValue)), `text` (anything that becomes a
/// string), `flag` (present or absent), `field` and `text_field` (of a JSON body built of fields).
///
/// ```text
/// capabilities! { pub struct ListJobs: Stale + Listed + Blocking + Paged; }
/// options! { ListJobs {
///     /// Includes each job's meta.
///     query meta(bool) = "meta";
/// } }
/// ```
#[macro_export]
macro_rules! options {
    ($($name:ident { $($(#[$meta:meta])* $kind:ident $option:ident ($($ty:ty)?) = $wire:literal;)* })*) => {$(
        impl<T> Call<T, $name> {
            $($crate::options!(@$kind [$(#[$meta])*] $option ($($ty)?) $wire);)*
        }
    )*};
    (@query [$(#[$meta:meta])*] $option:ident ($ty:ty) $wire:literal) => {
        $(#[$meta])*
        pub fn $option(self, value: $ty) -> Self { self.set_query($wire, value) }
    };
    (@text [$(#[$meta:meta])*] $option:ident () $wire:literal) => {
        $(#[$meta])*
        pub fn $option(self, value: impl Into<String>) -> Self { self.set_query($wire, value.into()) }
    };
    (@flag [$(#[$meta:meta])*] $option:ident () $wire:literal) => {
        $(#[$meta])*
        pub fn $option(self) -> Self { self.edit(|request| request.flag($wire)) }
    };
    (@field [$(#[$meta:meta])*] $option:ident ($ty:ty) $wire:literal) => {
        $(#[$meta])*
        pub fn $option(self, value: $ty) -> Self { self.field($wire, &value) }
    };
    (@text_field [$(#[$meta:meta])*] $option:ident () $wire:literal) => {
        $(#[$meta])*
        pub fn $option(self, value: impl Into<String>) -> Self { self.field($wire, &value.into()) }
    };
}

/// Declares a wire enum that keeps values it does not know.
///
/// ```
/// client_core::open_enum! {
///     /// State of a thing.
///     pub enum State {
///         /// It runs.
///         Running = "running",
///         /// It is over.
///         Dead = "dead",
///     }
/// }
/// assert_eq!("running".parse::<State>().unwrap(), State::Running);
/// assert_eq!(State::from("new").as_str(), "new");
/// ```
#[macro_export]
macro_rules! open_enum {
    ($($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A value this version does not know, kept as it was sent.
            Unknown(String),
        }

        impl $name {
            /// The value as it is on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text $(| $alias)* => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text $(| $alias)* => Self::$variant,)+
                    _ => Self::Unknown(text),
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::wire::ToWire for $name {
            fn write(&self, to: &mut $crate::wire::Writer) {
                to.text(self.as_str());
            }
        }

        impl $crate::wire::Wire for $name {
            fn blank() -> Self {
                Self::Unknown(String::new())
            }

            fn read(&mut self, from: &mut $crate::wire::Reader<'_>) -> ::std::result::Result<(), $crate::wire::Fault> {
                *self = if from.null()? { Self::blank() } else { Self::from(&*from.text()?) };
                Ok(())
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                $crate::wire::deserialize(deserializer)
            }
        }
    )+};
}

/// Declares builder setters over public fields: `with` takes the value, `into` converts it.
#[macro_export]
macro_rules! setters {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $ty:ty $(= $wrap:ident)?;)* }) => {
        impl $name {$(
            $(#[$meta])*
            #[must_use]
            pub fn $field(mut self, value: impl Into<$ty>) -> Self {
                self.$field = $crate::setters!(@wrap $($wrap)? (value.into()));
                self
            }
        )*}
    };
    (@wrap ($value:expr)) => { $value };
    (@wrap $wrap:ident ($value:expr)) => { $wrap($value) };
}

/// As [`setters!`](crate::setters) without conversion: for numbers, whose literals have no type.
#[macro_export]
macro_rules! number_setters {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $ty:ty $(= $wrap:ident)?;)* }) => {
        impl $name {$(
            $(#[$meta])*
            #[must_use]
            pub fn $field(mut self, value: $ty) -> Self {
                self.$field = $crate::setters!(@wrap $($wrap)? (value));
                self
            }
        )*}
    };
}

/// Declares a client's `Call`: one generic type for all its operations.
///
/// It is declared in the client's crate so that the client can give single endpoints setters of
/// their own (see `options!`).
#[macro_export]
macro_rules! define_call {
    ($product:ty, $error:ty) => {
        $crate::define_call!($product, $error, wrap);
    };
    // A product whose calls have a `wrap` of their own names the crate-internal constructor.
    ($product:ty, $error:ty, $wrap:ident) => {
        /// A call that is plain data until it is awaited.
        ///
        /// `C` says what the endpoint supports; only those setters exist. Dropping a call, or
        /// its future, cancels it.
        #[must_use = "a call does nothing until it is awaited"]
        pub struct Call<T, C = $crate::caps::Plain> {
            pub(crate) inner: $crate::Call<$product, T>,
            capabilities: ::std::marker::PhantomData<fn() -> C>,
        }

        impl<T, C> ::std::fmt::Debug for Call<T, C> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl<T, C> ::std::clone::Clone for Call<T, C> {
            fn clone(&self) -> Self {
                Self { inner: self.inner.clone(), capabilities: ::std::marker::PhantomData }
            }
        }

        #[allow(dead_code)]
        impl<T, C> Call<T, C> {
            pub(crate) fn new(client: &$crate::Client, op: &$crate::Op<T, C>, arguments: &[&str]) -> Self {
                Self::$wrap($crate::Call::new(client, op, arguments))
            }

            pub(crate) fn $wrap(inner: $crate::Call<$product, T>) -> Self {
                Self { inner, capabilities: ::std::marker::PhantomData }
            }

            /// The same request with other capabilities or another answer.
            pub(crate) fn then<U, D>(
                self,
                f: impl FnOnce($crate::Call<$product, T>) -> $crate::Call<$product, U>,
            ) -> Call<U, D> {
                Call::$wrap(f(self.inner))
            }

            pub(crate) fn edit(mut self, f: impl FnOnce(&mut $crate::Request)) -> Self {
                self.inner.edit(f);
                self
            }

            /// Sends the JSON of `body`.
            pub(crate) fn json<B: $crate::wire::ToWire + ?Sized>(self, body: &B) -> Self {
                self.edit(|request| request.json(body))
            }

            /// Sends a JSON object built field by field.
            pub(crate) fn field<B: $crate::wire::ToWire + ?Sized>(
                self,
                name: &'static str,
                value: &B,
            ) -> Self {
                self.edit(|request| request.field(name, value))
            }

            /// Sends the JSON of a caller's value.
            pub(crate) fn json_by_serde<B: $crate::serde::Serialize + ?Sized>(self, body: &B) -> Self {
                self.edit(|request| request.json_by_serde(body))
            }

            /// As `field`, with a caller's value.
            pub(crate) fn field_by_serde<B: $crate::serde::Serialize + ?Sized>(
                self,
                name: &'static str,
                value: &B,
            ) -> Self {
                self.edit(|request| request.field_by_serde(name, value))
            }

            pub(crate) fn set_query(self, name: &'static str, value: impl $crate::QueryValue) -> Self {
                self.edit(|request| request.set_query(name, value))
            }

            /// Uses this token instead of the client's.
            pub fn token(self, token: impl Into<$crate::secrecy::SecretString>) -> Self {
                let token = token.into();
                self.edit(|request| request.token(token))
            }

            /// Limits the whole call, retries included; a stream's or watch's single requests.
            /// `None` takes all limits but those on silence away.
            pub fn timeout(self, limit: impl Into<Option<::std::time::Duration>>) -> Self {
                let limit = limit.into();
                self.edit(|request| request.timeout(limit))
            }

            /// Adds a header to this call.
            pub fn header(self, name: &str, value: &str) -> Self {
                self.edit(|request| request.header(name, value))
            }

            /// Works in this namespace instead of the client's.
            pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
                self.inner.namespace(namespace.into());
                self
            }

            /// What would be sent: method, path, query and body, without any I/O.
            ///
            /// # Errors
            ///
            /// An argument cannot be sent, such as an id that is empty or `..`.
            pub fn spec(&self) -> ::std::result::Result<$crate::Spec, $error> {
                self.inner.spec()
            }

            /// Runs the call and answers the value together with what the headers said.
            ///
            /// # Errors
            ///
            /// As awaiting the call.
            pub async fn reply(self) -> ::std::result::Result<$crate::Reply<T>, $error>
            where
                T: Send + 'static,
            {
                self.inner.reply().await
            }
        }

        impl<T: Send + 'static, C> ::std::future::IntoFuture for Call<T, C> {
            type Output = ::std::result::Result<T, $error>;
            type IntoFuture = ::std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                let inner = self.inner;
                Box::pin(async move { inner.reply().await.map(|reply| reply.value) })
            }
        }

        impl<T, C: $crate::caps::Stale> Call<T, C> {
            /// Lets any server answer, not just the leader: faster, available without a leader,
            /// and possibly a little behind.
            pub fn stale(self) -> Self {
                self.edit($crate::Request::stale)
            }
        }

        impl<T, C: $crate::caps::Filtered> Call<T, C> {
            /// Keeps the entries for which a [filter expression] is true.
            ///
            /// [filter expression]: https://developer.hashicorp.com/nomad/api-docs#filtering
            pub fn filter(self, expression: impl Into<String>) -> Self {
                self.set_query("filter", expression.into())
            }
        }

        impl<T, C: $crate::caps::Prefixed> Call<T, C> {
            /// Keeps the entries whose id or name starts with `prefix`.
            pub fn prefix(self, prefix: impl Into<String>) -> Self {
                self.set_query("prefix", prefix.into())
            }
        }

        impl<T, C: $crate::caps::Optional> Call<T, C> {
            /// Answers `None` where the thing does not exist, instead of an error.
            pub fn optional(self) -> Call<Option<T>, C>
            where
                T: 'static,
            {
                self.then($crate::Call::optional)
            }
        }

        impl<T, C: $crate::caps::Blocking> Call<T, C> {
            /// Answers once the index is past `index`, or the wait is over.
            pub fn index(self, index: u64) -> Self {
                self.edit(|request| request.index(index))
            }

            /// How long the server may hold the answer. The default is its own, five minutes.
            pub fn wait(self, wait: ::std::time::Duration) -> Self {
                self.edit(|request| request.wait(wait))
            }

            /// The value now, and again each time it changes.
            ///
            /// Reconnects by itself while the cause may pass; ends after an error that will not.
            pub fn watch(self) -> $crate::Watch<T, $error>
            where
                T: Send + 'static,
            {
                self.inner.watch()
            }
        }

        impl<T, C: $crate::caps::Paged> Call<T, C> {
            /// How many entries a page has. The default is one page with all of them.
            pub fn per_page(self, count: u32) -> Self {
                self.set_query("per_page", count)
            }

            /// Starts at a page that an earlier answer named.
            pub fn next_token(self, token: impl Into<String>) -> Self {
                self.set_query("next_token", token.into())
            }
        }

        impl<T, C: $crate::caps::Paged> Call<Vec<T>, C> {
            /// All items, page by page; the next page is asked for when it is needed.
            pub fn stream(self) -> $crate::Pages<T, $error>
            where
                T: Send + 'static,
            {
                self.inner.pages()
            }
        }

        impl<T, C: $crate::caps::Listed> Call<Vec<T>, C> {
            /// The items of one answer, decoded while it arrives: memory stays constant however
            /// long the list is.
            pub fn items(self) -> $crate::Items<T, $error>
            where
                T: $crate::wire::Wire + Send + 'static,
            {
                self.inner.items()
            }
        }
    };
}
