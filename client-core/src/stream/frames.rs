//! Frames in a byte stream: newline-delimited JSON and JSON values without any separator.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::Decoder;

use super::scan::{Found, Scanner};
use crate::Error;
use crate::send::Opened;

/// No frame of the three products comes near this; a longer one is an error, not memory.
pub const LONGEST: usize = 16 << 20;

/// One JSON value a line, as in Nomad's event stream.
#[derive(Debug, Clone)]
pub struct NewlineJson {
    longest: usize,
    searched: usize,
}

impl NewlineJson {
    /// Lines of at most `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self { longest, searched: 0 }
    }
}

impl Default for NewlineJson {
    fn default() -> Self {
        Self::new(LONGEST)
    }
}

impl Decoder for NewlineJson {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        loop {
            let found = buffer.get(self.searched..).and_then(|rest| memchr(b'\n', rest));
            let Some(found) = found else {
                self.searched = buffer.len();
                return if buffer.len() > self.longest {
                    Err(FrameError::TooLong(self.longest))
                } else {
                    Ok(None)
                };
            };
            let end = self.searched + found;
            self.searched = 0;
            if end > self.longest {
                return Err(FrameError::TooLong(self.longest));
            }
            let line = buffer.split_to(end).freeze();
            buffer.advance(1);
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(line));
            }
        }
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self.decode(buffer)? {
            Some(line) => Ok(Some(line)),
            None if buffer.iter().all(u8::is_ascii_whitespace) => Ok(None),
            None => {
                self.searched = 0;
                Ok(Some(buffer.split().freeze()))
            }
        }
    }
}

/// JSON values one after the other, with any white space or none between them, as in Nomad's log
/// frames and Consul's metrics stream.
#[derive(Debug, Clone)]
pub struct ConcatenatedJson {
    longest: usize,
    scanned: usize,
    scanner: Scanner,
}

impl ConcatenatedJson {
    /// Values of at most `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self { longest, scanned: 0, scanner: Scanner::default() }
    }
}

impl Default for ConcatenatedJson {
    fn default() -> Self {
        Self::new(LONGEST)
    }
}

impl Decoder for ConcatenatedJson {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        if self.scanner.is_fresh() {
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            buffer.advance(blank);
            self.scanned = 0;
        }
        // Every frame is an object. Anything else is a late error text in a body that began well.
        if let Some(first) = buffer.first()
            && *first != b'{'
        {
            return Err(FrameError::NotJson(
                String::from_utf8_lossy(buffer).trim().chars().take(400).collect(),
            ));
        }
        match self.scanner.scan(buffer.get(self.scanned..).unwrap_or_default()) {
            Found::End(at) => {
                let end = self.scanned + at;
                self.scanned = 0;
                if end > self.longest {
                    return Err(FrameError::TooLong(self.longest));
                }
                Ok(Some(buffer.split_to(end).freeze()))
            }
            Found::More => {
                self.scanned = buffer.len();
                if buffer.len() > self.longest { Err(FrameError::TooLong(self.longest)) } else { Ok(None) }
            }
        }
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self.decode(buffer)? {
            Some(value) => Ok(Some(value)),
            None if buffer.is_empty() => Ok(None),
            None => Err(FrameError::CutOff),
        }
    }
}

/// The elements of one JSON list, each as it becomes complete.
#[derive(Debug, Clone)]
pub(crate) struct ListItems {
    longest: usize,
    scanned: usize,
    scanner: Scanner,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    After,
}

impl Default for ListItems {
    fn default() -> Self {
        Self { longest: LONGEST, scanned: 0, scanner: Scanner::default(), place: Place::Before }
    }
}

impl ListItems {
    /// Whether the list has begun and the next byte is between items.
    pub(crate) fn is_between(&self) -> bool {
        self.place == Place::Inside && self.scanner.is_fresh()
    }
}

impl Decoder for ListItems {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        loop {
            if self.scanner.is_fresh() {
                let skip = |byte: &&u8| {
                    byte.is_ascii_whitespace() || (**byte == b',' && self.place == Place::Inside)
                };
                let blank = buffer.iter().take_while(skip).count();
                buffer.advance(blank);
                self.scanned = 0;
                match (self.place, buffer.first()) {
                    (_, None) => return Ok(None),
                    (Place::Before, Some(b'[')) => {
                        buffer.advance(1);
                        self.place = Place::Inside;
                        continue;
                    }
                    // Go writes an empty list as `null`.
                    (Place::Before, Some(b'n')) => {
                        if buffer.len() < 4 {
                            return Ok(None);
                        }
                        if buffer.starts_with(b"null") {
                            buffer.advance(4);
                            self.place = Place::After;
                            continue;
                        }
                        return Err(FrameError::NotAList);
                    }
                    (Place::Before | Place::After, Some(_)) => return Err(FrameError::NotAList),
                    (Place::Inside, Some(b']')) => {
                        buffer.advance(1);
                        self.place = Place::After;
                        continue;
                    }
                    (Place::Inside, Some(_)) => {}
                }
            }
            return match self.scanner.scan(buffer.get(self.scanned..).unwrap_or_default()) {
                Found::End(at) => {
                    let end = self.scanned + at;
                    self.scanned = 0;
                    Ok(Some(buffer.split_to(end).freeze()))
                }
                Found::More => {
                    self.scanned = buffer.len();
                    if buffer.len() > self.longest {
                        Err(FrameError::TooLong(self.longest))
                    } else {
                        Ok(None)
                    }
                }
            };
        }
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self.decode(buffer)? {
            Some(item) => Ok(Some(item)),
            None if self.place == Place::After => Ok(None),
            None => Err(FrameError::CutOff),
        }
    }
}

/// A byte stream that is not made of frames.
#[derive(Debug)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame is longer than the limit, in bytes.
    TooLong(usize),
    /// The stream ended within a frame.
    CutOff,
    /// Something else than a frame was sent, such as the text of a late error.
    NotJson(String),
    /// The answer is no list.
    NotAList,
    /// The connection failed.
    Io(std::io::Error),
}

impl From<std::io::Error> for FrameError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLong(limit) => Error::stream(format!("a frame is longer than {limit} bytes")),
            FrameError::CutOff => Error::stream("the stream ended within a frame").with_retryable(true),
            FrameError::NotJson(text) => Error::stream(format!("the server ended the stream with: {text}")),
            FrameError::NotAList => Error::decode("the answer is not a JSON list"),
            FrameError::Io(cause) => {
                Error::stream("the stream broke").with_source(cause).with_retryable(true)
            }
        }
    }
}

/// The frames of an open answer.
pub struct Frames<D> {
    opened: Opened,
    decoder: D,
    buffer: BytesMut,
    ended: bool,
}

impl<D> Frames<D>
where
    D: Decoder<Item = Bytes, Error = FrameError>,
{
    /// Reads `opened` with `decoder`.
    pub fn new(opened: Opened, decoder: D) -> Self {
        Self { opened, decoder, buffer: BytesMut::new(), ended: false }
    }

    /// The next frame; `None` at the end. Cancelling it loses nothing.
    ///
    /// # Errors
    ///
    /// The connection broke or fell silent, or what arrives is not made of frames.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let operation = self.opened.operation();
        loop {
            let decoded = if self.ended {
                self.decoder.decode_eof(&mut self.buffer)
            } else {
                self.decoder.decode(&mut self.buffer)
            };
            match decoded.map_err(|error| Error::from(error).with_operation(operation))? {
                Some(frame) => return Ok(Some(frame)),
                None if self.ended => return Ok(None),
                None => match self.opened.chunk().await? {
                    Some(chunk) => self.buffer.extend_from_slice(&chunk),
                    None => self.ended = true,
                },
            }
        }
    }
}

impl<D> std::fmt::Debug for Frames<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frames({:?})", self.opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `text` in pieces of `size` and collects the frames.
    fn feed<D>(mut decoder: D, text: &[u8], size: usize) -> Result<Vec<String>, FrameError>
    where
        D: Decoder<Item = Bytes, Error = FrameError>,
    {
        let mut buffer = BytesMut::new();
        let mut frames = Vec::new();
        for piece in text.chunks(size.max(1)) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = decoder.decode(&mut buffer)? {
                frames.push(String::from_utf8_lossy(&frame).into_owned());
            }
        }
        while let Some(frame) = decoder.decode_eof(&mut buffer)? {
            frames.push(String::from_utf8_lossy(&frame).into_owned());
        }
        Ok(frames)
    }

    #[test]
    fn lines() {
        for size in 1..20 {
            let frames = feed(NewlineJson::default(), b"{}\n\n{\"a\":1}\r\n{\"b\"", size).unwrap();
            assert_eq!(frames, ["{}", "{\"a\":1}\r", "{\"b\""], "pieces of {size}");
        }
        assert!(matches!(feed(NewlineJson::new(4), b"123456\n", 2), Err(FrameError::TooLong(4))));
    }

    #[test]
    fn values_without_separators() {
        for size in 1..20 {
            let frames = feed(ConcatenatedJson::default(), b"{}{\"a\":\"}\"} \n{\"b\":[{}]}", size).unwrap();
            assert_eq!(frames, ["{}", "{\"a\":\"}\"}", "{\"b\":[{}]}"], "pieces of {size}");
        }
        assert!(matches!(feed(ConcatenatedJson::default(), b"{\"a\":", 3), Err(FrameError::CutOff)));
        assert!(matches!(feed(ConcatenatedJson::new(4), b"{\"aaaaaaa\":1}", 3), Err(FrameError::TooLong(4))));
        match feed(ConcatenatedJson::default(), b"{}task not running", 100) {
            Err(FrameError::NotJson(text)) => assert_eq!(text, "task not running"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn list_items() {
        for size in 1..20 {
            let frames = feed(ListItems::default(), b" [ {\"a\":[1]} , \"x,]\",3, null,[] ] ", size).unwrap();
            assert_eq!(frames, ["{\"a\":[1]}", "\"x,]\"", "3", "null", "[]"], "pieces of {size}");
        }
        assert_eq!(feed(ListItems::default(), b"null\n", 1).unwrap(), Vec::<String>::new());
        assert_eq!(feed(ListItems::default(), b"[]", 1).unwrap(), Vec::<String>::new());
        assert!(matches!(feed(ListItems::default(), b"{}", 1), Err(FrameError::NotAList)));
        assert!(matches!(feed(ListItems::default(), b"[1,2", 1), Err(FrameError::CutOff)));
        assert!(matches!(feed(ListItems::default(), b"", 1), Err(FrameError::CutOff)));
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), size in 1usize..9) {
            let _ = feed(NewlineJson::new(32), &bytes, size);
            let _ = feed(ConcatenatedJson::new(32), &bytes, size);
            let _ = feed(ListItems::default(), &bytes, size);
        }
    }
}
