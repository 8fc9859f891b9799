//! The [key-value store](https://developer.hashicorp.com/consul/api-docs/kv).

use bytes::Bytes;
use client_core::wire::{self, Parts, Wire, recode};
use client_core::{Extra, endpoints, handle};

use crate::answers::{checked, list};
use crate::caps::{BlockingList, BlockingLookup};
use crate::error::Refused;
use crate::{Call, Client};

/// The key-value store. Keys may hold any character but cannot have `.` or `..` as a segment.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// let kv = consul.kv();
/// kv.put("wuffchat/motd", "hello").await?;
/// let pair = kv.get("wuffchat/motd").await?;
/// kv.put("wuffchat/motd", "hi").cas(pair.modify_index).await?;
/// assert!(kv.get("wuffchat/nope").optional().await?.is_none());
/// # Ok(())
/// # }
/// ```
#[handle(Client::kv)]
pub struct Kv;

#[endpoints("kv")]
impl Kv {
    /// Reads one key.
    ///
    /// `optional().watch()` also tells, by `None`, that the key is not there yet or not any more.
    #[get("/v1/kv/{key**}", decode = first, recode = recode::<Vec<KvPair>>)]
    pub fn get(&self, key: &str) -> Call<KvPair, BlockingLookup> {
        named(call, key)
    }

    /// Reads the value of one key, without base64 and without its index.
    #[get("/v1/kv/{key**}")]
    pub fn raw(&self, key: &str) -> Call<Bytes, BlockingLookup> {
        named(call, key).edit(|request| request.flag("raw"))
    }

    /// Reads all keys that start with `prefix`; an empty list where there are none.
    #[get("/v1/kv/{prefix**}", empty_if_missing, with = list)]
    pub fn list(&self, prefix: &str) -> Call<Vec<KvPair>, BlockingList> {
        call.edit(|request| request.flag("recurse"))
    }

    /// Lists the names of all keys that start with `prefix`; an empty list where there are none.
    #[get("/v1/kv/{prefix**}", Stale, Listed, Blocking, empty_if_missing, with = list)]
    #[query(
        /// Keeps only the part up to the next separator, so that one level is listed, as folders
        /// are with `/`.
        separator: String,
    )]
    pub fn keys(&self, prefix: &str) -> Call<Vec<String>, KeyList> {
        call.edit(|request| request.flag("keys"))
    }

    /// Writes a value: `.cas(index)` only if the key is unchanged, `.acquire(session)` and
    /// `.release(session)` together with the key's lock.
    ///
    /// # Errors
    ///
    /// [`CasMismatch`](crate::Error::CasMismatch) where the key was changed;
    /// [`TooLarge`](crate::Error::TooLarge) above the server's limit, 512 KiB by default.
    #[put("/v1/kv/{key**}", CheckAndSet, idempotent, with = checked)]
    #[query(
        /// Stores a number beside the value, free for the application to use.
        flags: u64,
    )]
    pub fn put(&self, key: &str, value: impl AsRef<[u8]>) -> Call<(), Put> {
        let value = Bytes::copy_from_slice(value.as_ref());
        named(call, key).edit(|request| request.bytes("application/octet-stream", value))
    }

    /// Deletes one key; it need not exist. `.cas(index)` deletes it only if it is unchanged.
    #[delete("/v1/kv/{key**}", CheckAndSet, idempotent, with = checked)]
    pub fn delete(&self, key: &str) -> Call<(), Delete> {
        named(call, key)
    }

    /// Deletes all keys that start with `prefix`; an empty prefix is every key there is.
    #[delete("/v1/kv/{prefix**}", idempotent, with = checked)]
    pub fn delete_tree(&self, prefix: &str) -> Call<()> {
        call.edit(|request| request.flag("recurse"))
    }
}

fn named<T, C>(call: Call<T, C>, key: &str) -> Call<T, C> {
    if key.is_empty() { call.edit(|request| request.mistake("the key is empty")) } else { call }
}

impl Call<(), Put> {
    /// Takes the key's lock for a session, which may hold it already, and writes the value.
    ///
    /// Answers `false` where another session holds it, or its lock delay is not over.
    pub fn acquire(self, session: &str) -> Call<bool, PutAcquire> {
        self.under("acquire", session)
    }

    /// Gives the key's lock back and writes the value, which replaces what is there.
    ///
    /// Answers `false` where the session does not hold it.
    pub fn release(self, session: &str) -> Call<bool, PutRelease> {
        self.under("release", session)
    }

    fn under<C>(self, name: &'static str, session: &str) -> Call<bool, C> {
        self.condition(name, session.to_owned()).then(|call| call.decoded_by(wire::json))
    }
}

impl Call<bool, PutAcquire> {
    /// Makes the error [`LockHeld`](crate::Error::LockHeld) of an answer `false`.
    pub fn checked(self, key: impl Into<String>) -> Call<(), PutAcquire> {
        let key = key.into();
        self.then(|call| {
            call.map(move |done| if done { Ok(()) } else { Err(Refused::Acquire(key.clone()).into()) })
        })
    }
}

impl Call<bool, PutRelease> {
    /// Makes the error [`LockLost`](crate::Error::LockLost) of an answer `false`.
    pub fn checked(self, key: impl Into<String>) -> Call<(), PutRelease> {
        let key = key.into();
        self.then(|call| {
            call.map(move |done| if done { Ok(()) } else { Err(Refused::Release(key.clone()).into()) })
        })
    }
}

client_core::capabilities! {
    /// Writes a value and takes the lock.
    pub struct PutAcquire;
    /// Writes a value and gives the lock back.
    pub struct PutRelease;
}

impl<S> Call<bool, PutAcquire<S>> {
    /// Stores a number beside the value.
    pub fn flags(self, value: u64) -> Self {
        self.set_query("flags", value)
    }
}

impl<S> Call<bool, PutRelease<S>> {
    /// Stores a number beside the value.
    pub fn flags(self, value: u64) -> Self {
        self.set_query("flags", value)
    }
}

fn first(answer: &Parts) -> Result<KvPair, client_core::Error> {
    let pairs: Vec<KvPair> = wire::json(answer)?;
    pairs.into_iter().next().ok_or_else(|| client_core::Error::decode("the answer is an empty list"))
}

/// A key and its value. `Debug` shows the value's length only, since it may be a secret.
#[derive(Clone, Default, PartialEq, Eq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct KvPair {
    /// The key.
    pub key: String,
    /// The value; empty where there is none, and in answers that leave it out.
    #[wire(with = value)]
    pub value: Bytes,
    /// The number stored beside the value.
    pub flags: u64,
    /// The session that holds the key's lock.
    #[wire(omit_null)]
    pub session: Option<String>,
    /// How often the lock was taken by another session than before: grows with each holder.
    pub lock_index: u64,
    /// The index at which the key was created.
    pub create_index: u64,
    /// The index of the last change.
    pub modify_index: u64,
    /// The key's namespace (Enterprise).
    #[wire(omit_null)]
    pub namespace: Option<String>,
    /// The key's admin partition (Enterprise).
    #[wire(omit_null)]
    pub partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for KvPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KvPair")
            .field("key", &self.key)
            .field("value", &format_args!("{} bytes", self.value.len()))
            .field("flags", &self.flags)
            .field("session", &self.session)
            .field("lock_index", &self.lock_index)
            .field("modify_index", &self.modify_index)
            .finish_non_exhaustive()
    }
}

impl KvPair {
    /// The value as text.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub fn text(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.value)
    }
}

/// Values are base64 in JSON, and `null` where they are empty.
pub(crate) mod value {
    use bytes::Bytes;
    use client_core::wire::Writer;
    pub(crate) use client_core::wire::base64_bytes::read;

    pub(crate) fn write(bytes: &Bytes, to: &mut Writer) {
        if bytes.is_empty() {
            to.null();
        } else {
            client_core::wire::base64_bytes::write(bytes, to);
        }
    }
}
