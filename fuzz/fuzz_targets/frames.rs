//! No byte stream makes a frame decoder panic, loop or hold more than its limit.
#![no_main]

use bytes::BytesMut;
use client_core::stream::frames::{ConcatenatedJson, NewlineJson};
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::Decoder;

const LIMIT: usize = 256;

fn feed<D: Decoder>(mut decoder: D, data: &[u8], size: usize) {
    let mut buffer = BytesMut::new();
    for piece in data.chunks(size.max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(buffer.len() <= LIMIT + piece.len());
    }
    while let Ok(Some(_)) = decoder.decode_eof(&mut buffer) {}
}

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (size, data) = input;
    feed(NewlineJson::new(LIMIT), &data, usize::from(size));
    feed(ConcatenatedJson::new(LIMIT), &data, usize::from(size));
});
