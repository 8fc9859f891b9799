//! Snapshots of a server's state: long, and worth nothing when they are not whole.

use std::fmt;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use bytes::Bytes;
use flate2::write::GzDecoder;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::HeaderMap;

use crate::Error;
use crate::send::Opened;

/// A snapshot, piece by piece, checked while it passes: the archive has to come to its end with
/// the right sum, and so does the digest that a server may announce.
///
/// An answer that breaks off cannot change its status any more; here it is an error, the last item
/// of the stream. What was written until then is no snapshot. Dropping the stream ends the
/// connection.
pub struct SnapshotStream<E> {
    stream: BoxStream<'static, Result<Bytes, E>>,
}

impl<E: From<Error> + 'static> SnapshotStream<E> {
    /// The snapshot in an answer.
    #[must_use]
    pub fn new(opened: Opened) -> Self {
        let check = Check::new(&opened.headers);
        let stream = futures_util::stream::unfold(Some((opened, check)), |state| async move {
            let (mut opened, mut check) = state?;
            let operation = opened.operation();
            let failed = |error: Error| Some((Err(E::from(error.with_operation(operation))), None));
            match opened.chunk().await {
                Ok(Some(piece)) => match check.take(&piece) {
                    Ok(()) => Some((Ok(piece), Some((opened, check)))),
                    Err(error) => failed(error),
                },
                Ok(None) => match check.finish() {
                    Ok(()) => None,
                    Err(error) => failed(error),
                },
                Err(error) => failed(error),
            }
        });
        Self { stream: stream.boxed() }
    }
}

impl<E> Stream for SnapshotStream<E> {
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<E> fmt::Debug for SnapshotStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SnapshotStream")
    }
}

/// Checks a snapshot that is there as a whole.
///
/// # Errors
///
/// It is not whole, or not what the server announced.
pub fn check_snapshot(headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    let mut check = Check::new(headers);
    check.take(body)?;
    check.finish()
}

struct Check {
    archive: GzDecoder<io::Sink>,
    digest: ring::digest::Context,
    announced: Option<Vec<u8>>,
}

fn not_whole(why: impl fmt::Display) -> Error {
    Error::stream(format!("the snapshot is not whole: {why}"))
}

impl Check {
    fn new(headers: &HeaderMap) -> Self {
        let announced = headers
            .get("digest")
            .and_then(|value| value.to_str().ok()?.strip_prefix("sha-256="))
            .and_then(|sum| base64::engine::general_purpose::STANDARD.decode(sum).ok());
        Self {
            archive: GzDecoder::new(io::sink()),
            digest: ring::digest::Context::new(&ring::digest::SHA256),
            announced,
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.announced.is_some() {
            self.digest.update(piece);
        }
        self.archive
            .write_all(piece)
            .map_err(|cause| not_whole(format_args!("its archive is damaged ({cause})")))
    }

    fn finish(mut self) -> Result<(), Error> {
        // What was never begun has no end to miss.
        if self.archive.header().is_none() {
            return Err(not_whole("it is no archive"));
        }
        self.archive.try_finish().map_err(|_| not_whole("its archive breaks off"))?;
        match self.announced {
            Some(announced) if self.digest.finish().as_ref() != announced.as_slice() => {
                Err(not_whole("its digest is not the one that the server announced"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&(0..20_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn only_what_is_whole_passes() {
        let whole = archive();
        let sum = ring::digest::digest(&ring::digest::SHA256, &whole);
        let sum = base64::engine::general_purpose::STANDARD.encode(sum);
        let announced = |sum: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("digest", format!("sha-256={sum}").parse().unwrap());
            headers
        };
        check_snapshot(&HeaderMap::new(), &whole).unwrap();
        check_snapshot(&announced(&sum), &whole).unwrap();
        let other = base64::engine::general_purpose::STANDARD.encode([7; 32]);
        let wrong = check_snapshot(&announced(&other), &whole).unwrap_err().to_string();
        assert!(wrong.contains("its digest is not the one"), "{wrong}");
        for cut in [0, 1, 5, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
            assert!(check_snapshot(&HeaderMap::new(), &whole[..cut]).is_err(), "{cut} of {}", whole.len());
        }
        let mut damaged = whole.clone();
        let middle = whole.len() / 2;
        damaged[middle] ^= 0xff;
        assert!(check_snapshot(&HeaderMap::new(), &damaged).is_err());
        assert!(check_snapshot(&HeaderMap::new(), b"error making snapshot").is_err());
    }
}
