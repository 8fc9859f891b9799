//! Bodies: what is sent, whole or while it is made, and what arrives, packed or not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::transport::{BodyStream, ByteStream, HttpBody, TransportError};

/// A body as the HTTP library takes it.
pub(crate) enum Outgoing {
    Whole(Option<Bytes>),
    Stream(ByteStream, Option<u64>),
}

impl From<HttpBody> for Outgoing {
    fn from(body: HttpBody) -> Self {
        match body {
            HttpBody::Whole(bytes) => Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            HttpBody::Stream(BodyStream { stream, length }) => Self::Stream(stream, length),
        }
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream, _) => {
                stream.poll_next_unpin(context).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(
                bytes.as_ref().map_or(0, |bytes| bytes.len().try_into().unwrap_or(u64::MAX)),
            ),
            Self::Stream(_, Some(length)) => SizeHint::with_exact(*length),
            Self::Stream(_, None) => SizeHint::default(),
        }
    }
}

/// The bytes of an answer, unpacked; the headers lose what was said of the packed ones.
pub(crate) fn incoming(headers: &mut HeaderMap, body: Incoming) -> ByteStream {
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let stream = body.into_data_stream().map_err(TransportError::broken);
    if !packed {
        return stream.boxed();
    }
    headers.remove(header::CONTENT_ENCODING);
    headers.remove(header::CONTENT_LENGTH);
    // An empty answer is none of gzip's, although the header says so.
    let stream = futures_util::stream::once(async move {
        let mut stream = stream.map_err(io::Error::other).boxed();
        let Some(first) = stream.next().await else {
            return futures_util::stream::empty().boxed();
        };
        let whole = futures_util::stream::iter([first]).chain(stream);
        let mut decoder = GzipDecoder::new(StreamReader::new(whole));
        // Some servers send several members one after the other.
        decoder.multiple_members(true);
        ReaderStream::with_capacity(decoder, 16 << 10).map_err(TransportError::broken).boxed()
    });
    stream.flatten().boxed()
}
