//! The [key-value store](https://developer.hashicorp.com/consul/api-docs/kv).

use bytes::Bytes;
use client_core::caps::Plain;
use client_core::wire::{self, Parts, Wire, recode, recode_raw};
use client_core::{Extra, Op, Verb, operations};

use crate::caps::{BlockingList, BlockingLookup, Cas};
use crate::error::Refused;
use crate::{Call, Client};

operations! {
    GET: KvPair, BlockingLookup =
        Op::decoded_by(Verb::Get, "kv.get", "/v1/kv/{key**}", first, recode::<Vec<KvPair>>).blocking();
    LIST: Vec<KvPair>, BlockingList = Op::decoded_by(
        Verb::Get, "kv.list", "/v1/kv/{prefix**}", pairs, recode::<Vec<KvPair>>
    ).blocking();
    KEYS: Vec<String>, KeyList = Op::decoded_by(
        Verb::Get, "kv.keys", "/v1/kv/{prefix**}", keys, recode::<Vec<String>>
    ).blocking();
    RAW: Bytes, BlockingLookup =
        Op::decoded_by(Verb::Get, "kv.raw", "/v1/kv/{key**}", wire::bytes, recode_raw).blocking();
    PUT: bool, Put = Op::new(Verb::Put, "kv.put", "/v1/kv/{key**}").idempotent();
    DELETE: bool, Delete = Op::new(Verb::Delete, "kv.delete", "/v1/kv/{key**}").idempotent();
    DELETE_TREE: bool, Plain = Op::new(Verb::Delete, "kv.delete_tree", "/v1/kv/{prefix**}").idempotent();
}

client_core::capabilities! {
    /// Lists keys without their values.
    pub struct KeyList: Stale + Listed + Blocking;
    /// Writes a value whatever is there.
    pub struct Put;
    /// Writes a value if the index is still the one that was read.
    pub struct PutCas;
    /// Writes a value and takes the lock.
    pub struct PutAcquire;
    /// Writes a value and gives the lock back.
    pub struct PutRelease;
    /// Deletes whatever is there.
    pub struct Delete;
    /// Deletes if the index is still the one that was read.
    pub struct DeleteCas;
}
client_core::options! {
    KeyList {
        /// Keeps only the part up to the next separator, so that one level is listed, as folders
        /// are with `/`.
        text separator() = "separator";
    }
    Put {
        /// Stores a number beside the value, free for the application to use.
        query flags(u64) = "flags";
    }
    PutCas {
        /// Stores a number beside the value, free for the application to use.
        query flags(u64) = "flags";
    }
    PutAcquire {
        /// Stores a number beside the value, free for the application to use.
        query flags(u64) = "flags";
    }
    PutRelease {
        /// Stores a number beside the value, free for the application to use.
        query flags(u64) = "flags";
    }
}
impl Cas for PutCas {}
impl Cas for DeleteCas {}

/// The key-value store.
#[derive(Debug, Clone)]
pub struct Kv<'a>(&'a Client);

impl Client {
    /// The key-value store. Keys may hold any character but cannot have `.` or `..` as a segment.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// let kv = consul.kv();
    /// kv.put("wuffchat/motd", "hello").await?;
    /// let pair = kv.get("wuffchat/motd").await?;
    /// kv.put("wuffchat/motd", "hi").cas(pair.modify_index).checked().await?;
    /// assert!(kv.get("wuffchat/nope").optional().await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn kv(&self) -> Kv<'_> {
        Kv(self)
    }
}

impl Kv<'_> {
    /// Reads one key.
    ///
    /// `optional().watch()` also tells, by `None`, that the key is not there yet or not any more.
    pub fn get(&self, key: &str) -> Call<KvPair, BlockingLookup> {
        named(self.0.call(&GET, &[key]), key)
    }

    /// Reads the value of one key, without base64 and without its index.
    pub fn raw(&self, key: &str) -> Call<Bytes, BlockingLookup> {
        named(self.0.call(&RAW, &[key]), key).edit(|request| request.flag("raw"))
    }

    /// Reads all keys that start with `prefix`; an empty list where there are none.
    pub fn list(&self, prefix: &str) -> Call<Vec<KvPair>, BlockingList> {
        empty_if_missing(self.0.call(&LIST, &[prefix])).edit(|request| request.flag("recurse"))
    }

    /// Lists the names of all keys that start with `prefix`; an empty list where there are none.
    pub fn keys(&self, prefix: &str) -> Call<Vec<String>, KeyList> {
        empty_if_missing(self.0.call(&KEYS, &[prefix])).edit(|request| request.flag("keys"))
    }

    /// Writes a value: `.cas(index)` only if the key is unchanged, `.acquire(session)` and
    /// `.release(session)` together with the key's lock.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::Error::TooLarge) above the server's limit, 512 KiB by default.
    pub fn put(&self, key: &str, value: impl Into<Bytes>) -> Call<bool, Put> {
        let value = value.into();
        named(self.0.call(&PUT, &[key]), key).edit(|request| request.bytes("application/octet-stream", value))
    }

    /// Deletes one key; it need not exist. `.cas(index)` deletes it only if it is unchanged.
    pub fn delete(&self, key: &str) -> Call<bool, Delete> {
        named(self.0.call(&DELETE, &[key]), key)
    }

    /// Deletes all keys that start with `prefix`; an empty prefix is every key there is.
    pub fn delete_tree(&self, prefix: &str) -> Call<bool> {
        self.0.call(&DELETE_TREE, &[prefix]).edit(|request| request.flag("recurse"))
    }
}

fn named<T, C>(call: Call<T, C>, key: &str) -> Call<T, C> {
    if key.is_empty() { call.edit(|request| request.mistake("the key is empty")) } else { call }
}

fn empty_if_missing<T: Send + 'static, C>(call: Call<Vec<T>, C>) -> Call<Vec<T>, C> {
    // The decoder reads a missing prefix as an empty list; the request lets its 404 through.
    call.edit(client_core::Request::allow_missing)
}

impl Call<bool, Put> {
    /// Writes only if the key's `modify_index` is still `index`; 0 only if there is no such key.
    ///
    /// Answers whether it was written; [`checked`](Call::checked) makes an error of `false`.
    pub fn cas(self, index: u64) -> Call<bool, PutCas> {
        self.conditional("cas", index.to_string())
    }

    /// Takes the key's lock for a session, which may hold it already, and writes the value.
    ///
    /// Answers `false` where another session holds it, or its lock delay is not over.
    pub fn acquire(self, session: &str) -> Call<bool, PutAcquire> {
        self.conditional("acquire", session.to_owned())
    }

    /// Gives the key's lock back and writes the value, which replaces what is there.
    ///
    /// Answers `false` where the session does not hold it.
    pub fn release(self, session: &str) -> Call<bool, PutRelease> {
        self.conditional("release", session.to_owned())
    }
}

impl Call<bool, Delete> {
    /// Deletes only if the key's `modify_index` is still `index`. With 0 nothing is deleted.
    pub fn cas(self, index: u64) -> Call<bool, DeleteCas> {
        self.conditional("cas", index.to_string())
    }
}

impl<C: Cas> Call<bool, C> {
    /// Makes the error [`CasMismatch`](crate::Error::CasMismatch) of an answer `false`.
    pub fn checked(self) -> Call<(), C> {
        self.then(|call| call.map(|done| if done { Ok(()) } else { Err(Refused::Cas.into()) }))
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

fn first(answer: &Parts) -> Result<KvPair, client_core::Error> {
    let pairs: Vec<KvPair> = wire::json(answer)?;
    pairs.into_iter().next().ok_or_else(|| client_core::Error::decode("the answer is an empty list"))
}

fn pairs(answer: &Parts) -> Result<Vec<KvPair>, client_core::Error> {
    Ok(wire::json::<Option<_>>(answer)?.unwrap_or_default())
}

fn keys(answer: &Parts) -> Result<Vec<String>, client_core::Error> {
    Ok(wire::json::<Option<_>>(answer)?.unwrap_or_default())
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
