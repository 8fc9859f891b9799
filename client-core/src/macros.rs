//! The mechanisms that the clients share and that have to be in their crates.

/// Declares marker types that several endpoints share, with the capabilities they have: traits in
/// scope.
#[macro_export]
macro_rules! capabilities {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident $(: $first:ident $(+ $more:ident)*)?;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name<S = $crate::caps::Whole>(::std::marker::PhantomData<S>);
        impl<S: $crate::caps::State> $crate::caps::Marker for $name<S> {
            type State = S;
            type In<N: $crate::caps::State> = $name<N>;
            const CAPABILITIES: &'static [&'static str] =
                &[$(stringify!($first), $(stringify!($more)),*)?];
        }
        $(impl<S> $first for $name<S> {} $(impl<S> $more for $name<S> {})*)?
    )*};
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
/// their own (see [`endpoints`](crate::endpoints)).
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
            pub(crate) fn new(client: &$crate::Client, op: &$crate::Op<T, C>, arguments: &[&str]) -> Self
            where
                C: $crate::caps::Marker,
            {
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
            pub fn reply(self) -> $crate::Replying<T, $error>
            where
                C: $crate::caps::Ends,
            {
                self.inner.reply()
            }
        }

        impl<T, C: $crate::caps::Ends> ::std::future::IntoFuture for Call<T, C> {
            type Output = ::std::result::Result<T, $error>;
            type IntoFuture = $crate::Running<T, $error>;

            fn into_future(self) -> Self::IntoFuture {
                self.inner.run()
            }
        }

        impl<C> Call<$crate::RawReply, C> {
            /// Adds a query parameter.
            pub fn query(self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self.edit(|request| request.add_query(name.into(), value))
            }

            /// Sends this JSON.
            pub fn body<B: $crate::serde::Serialize + ?Sized>(self, value: &B) -> Self {
                self.edit(|request| request.json_by_serde(value))
            }

            /// Sends these bytes.
            pub fn bytes(self, value: impl Into<$crate::bytes::Bytes>) -> Self {
                self.edit(|request| request.bytes("application/octet-stream", value))
            }

            /// Sends what is read while it is sent, of this many bytes where that is known. It is sent
            /// once.
            pub fn body_stream<S>(self, stream: S, length: Option<u64>) -> Self
            where
                S: $crate::futures_core::Stream<Item = ::std::io::Result<$crate::bytes::Bytes>>
                    + Send
                    + 'static,
            {
                self.edit(|request| request.stream("application/octet-stream", stream, length))
            }

            /// Says what the body is, where it is not what its setter says.
            pub fn content_type(self, content_type: &'static str) -> Self {
                self.edit(|request| request.content_type(content_type))
            }

            /// Runs the call and answers the body while it arrives.
            ///
            /// # Errors
            ///
            /// It cannot be sent or is refused.
            pub async fn stream(self) -> ::std::result::Result<$crate::RawStream<$error>, $error> {
                Ok($crate::RawStream::new(self.inner.open().await?))
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
            /// Answers `None`, instead of an error, where the server says that this very thing
            /// does not exist.
            pub fn optional(self) -> Call<Option<T>, C::In<$crate::caps::Settled>>
            where
                T: 'static,
                C: $crate::caps::Marker<State: $crate::caps::Given>,
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
