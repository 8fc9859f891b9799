//! Calls in programs without a runtime: one function for any call, one for any stream.
//!
//! Everything runs on one background runtime of this process, which is made at the first call. The
//! connections are its own, so they are kept from call to call.

use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;

fn runtime() -> Result<&'static Runtime, Error> {
    static SHARED: OnceLock<Runtime> = OnceLock::new();
    // Waiting for one runtime within another would stop the other.
    if Handle::try_current().is_ok() {
        return Err(Error::config(
            "a blocking call was made within an async runtime; await the call instead",
        ));
    }
    if let Some(runtime) = SHARED.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("client-calls")
        .enable_all()
        .build()
        .map_err(|cause| Error::config(format!("no runtime can be started: {cause}")).with_source(cause))?;
    Ok(SHARED.get_or_init(|| made))
}

/// Runs a call, or anything else that could be awaited, to its end.
///
/// # Errors
///
/// As awaiting it; or it is asked for within an async runtime.
pub fn run<F, T, E>(call: F) -> Result<T, E>
where
    F: IntoFuture<Output = Result<T, E>>,
    E: From<Error>,
{
    runtime()?.block_on(call.into_future())
}

/// The items of a stream, such as a watch or the pages of a list, as an iterator.
///
/// # Errors
///
/// It is asked for within an async runtime.
pub fn iter<S>(stream: S) -> Result<Iter<S>, Error>
where
    S: Stream,
{
    Ok(Iter { runtime: runtime()?, stream: Box::pin(stream) })
}

/// A stream that is waited for item by item. Dropping it cancels the stream.
pub struct Iter<S> {
    runtime: &'static Runtime,
    stream: Pin<Box<S>>,
}

impl<S: Stream> Iterator for Iter<S> {
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        self.runtime.block_on(self.stream.next())
    }
}

impl<S> std::fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Iter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_awaited_elsewhere_is_waited_for_here() {
        assert_eq!(run(async { Ok::<_, Error>(7) }).unwrap(), 7);
        let sleep = async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            Err::<(), _>(Error::request("no"))
        };
        assert_eq!(run(sleep).unwrap_err().to_string(), "no");
        assert_eq!(iter(futures_util::stream::iter([1, 2, 3])).unwrap().sum::<i32>(), 6);
    }

    #[test]
    fn within_a_runtime_it_is_an_error_and_no_panic() {
        let outer = Builder::new_current_thread().build().unwrap();
        let error = outer.block_on(async { run(async { Ok::<_, Error>(7) }).unwrap_err() });
        assert!(error.to_string().contains("within an async runtime"), "{error}");
    }
}
