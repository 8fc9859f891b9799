//! Identifiers and secrets, from the system's random source.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Fills a buffer with random bytes.
pub(crate) fn fill(buffer: &mut [u8]) {
    if SystemRandom::new().fill(buffer).is_err() {
        // Without the system's source there is no randomness to be had; distinct values are what a development
        // server still needs, so count instead.
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (slot, byte) in buffer.iter_mut().zip(n.to_be_bytes().iter().cycle()) {
            *slot = *byte;
        }
    }
}

/// Random bytes.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    let mut out = vec![0; count];
    fill(&mut out);
    out
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// The bytes behind hexadecimal text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    Some(digits?.chunks_exact(2).map(|pair| pair.iter().fold(0, |n, d| n * 16 + d)).collect())
}

/// A UUID in the usual notation.
pub(crate) fn uuid() -> String {
    let h = hex(&bytes(16));
    let part = |from: usize, to: usize| h.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Random letters and digits.
pub(crate) fn alphanumeric(count: usize) -> String {
    bytes(count)
        .into_iter()
        .filter_map(|b| ALPHANUMERIC.get(usize::from(b) % ALPHANUMERIC.len()).copied().map(char::from))
        .collect()
}

/// A token with the prefix its type has (`hvs.`, `hvb.`).
pub(crate) fn token(prefix: &str, entropy: usize) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes(entropy)))
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256_hex(data: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, data).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_dashes_and_is_not_repeated() {
        let (a, b) = (uuid(), uuid());
        assert_ne!(a, b);
        assert_eq!(a.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(unhex("00ff10").as_deref(), Some(&[0, 255, 16][..]));
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
        assert_eq!(unhex("abc"), None);
    }
}
