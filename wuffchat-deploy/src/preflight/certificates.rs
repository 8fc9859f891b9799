//! When certificates end.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::finding::Finding;

/// Certificates with less than this left deserve a look.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// From when to when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// It begins.
    pub not_before: Timestamp,
    /// It ends.
    pub not_after: Timestamp,
}

/// A text that is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotACertificate;

impl fmt::Display for NotACertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no certificate in it, or one that cannot be read")
    }
}

impl std::error::Error for NotACertificate {}

/// The certificates of a PEM text, in their order; keys and what else is in it are passed over.
///
/// # Errors
///
/// There is none, or one of them is broken.
pub fn certificates(pem: &str) -> Result<Vec<Certificate>, NotACertificate> {
    let begin = "-----BEGIN CERTIFICATE-----";
    let end = "-----END CERTIFICATE-----";
    let mut found = Vec::new();
    for part in pem.split(begin).skip(1) {
        let body = part.split_once(end).ok_or(NotACertificate)?.0;
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(body).map_err(|_| NotACertificate)?;
        found.push(validity(&der).ok_or(NotACertificate)?);
    }
    if found.is_empty() { Err(NotACertificate) } else { Ok(found) }
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The validity, which comes after version, serial number, algorithm and issuer.
fn validity(der: &[u8]) -> Option<Certificate> {
    let (tag, certificate, _) = element(der)?;
    let (tbs_tag, tbs, _) = element(certificate)?;
    if tag != SEQUENCE || tbs_tag != SEQUENCE {
        return None;
    }
    let mut rest = tbs;
    let (first, _, after) = element(rest)?;
    if first == VERSION {
        rest = after;
    }
    for _ in ["serial number", "algorithm", "issuer"] {
        rest = element(rest)?.2;
    }
    let (tag, validity, _) = element(rest)?;
    let (start_tag, start, rest) = element(validity)?;
    let (end_tag, end, _) = element(rest)?;
    (tag == SEQUENCE).then_some(())?;
    Some(Certificate { not_before: time(start_tag, start)?, not_after: time(end_tag, end)? })
}

/// The tag and content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn time(tag: u8, content: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { year + 2000 } else { year + 1900 }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let (hour, minute, second) = (part(4)?, part(6)?, part(8)?);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    let clock = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    if !valid || !clock || rest.len() != 10 {
        return None;
    }
    // Not every month has so many days.
    let day = jiff::civil::Date::new(year, month, day).ok()?;
    TimeZone::UTC.to_timestamp(day.at(hour, minute, second, 0)).ok()
}

/// What a certificate's end means for a release that takes a while.
///
/// ```
/// use wuffchat_deploy::{Level, preflight};
///
/// fn is_fine(pem: &str) -> Result<bool, preflight::NotACertificate> {
///     let (release, now) = (std::time::Duration::from_secs(1800), jiff::Timestamp::now());
///     let found = preflight::certificates(pem)?;
///     Ok(found.into_iter().all(|one| preflight::expiry("nomad", one, release, now).level == Level::Ok))
/// }
/// assert!(is_fine("").is_err());
/// ```
#[must_use]
pub fn expiry(name: &str, certificate: Certificate, release: Duration, now: Timestamp) -> Finding {
    let check = format!("certificate.{name}");
    let left = certificate.not_after.as_second().saturating_sub(now.as_second());
    let fix = "issue a new one, and reload the agents that use it";
    if now < certificate.not_before {
        let message = format!("{name}: valid only from {}", certificate.not_before);
        return Finding::problem(check, message).fix("look at the clocks, or wait");
    }
    let until = certificate.not_after;
    let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
        return Finding::problem(check, format!("{name}: ended at {until}")).fix(fix);
    };
    if left < release.as_secs() {
        return Finding::problem(check, format!("{name}: ends at {until}, within a release")).fix(fix);
    }
    let message = format!("{name}: valid until {until}, {} days", left / 86_400);
    if left < SOON.as_secs() {
        Finding::warning(check, message).fix(fix)
    } else {
        Finding::ok(check, message)
    }
}

pub(super) fn look(given: &[(String, String)], release: Duration, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, pem) in given {
        match certificates(pem) {
            Ok(found) => findings.extend(found.into_iter().map(|one| expiry(name, one, release, now))),
            Err(cause) => {
                findings.push(Finding::problem(format!("certificate.{name}"), format!("{name}: {cause}")))
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    const PEM: &str = include_str!("../../tests/data/certificate.pem");

    #[test]
    fn a_certificate_says_when_it_ends() {
        let found = certificates(&format!("# a chain\n{PEM}{PEM}-----BEGIN EC PRIVATE KEY-----\n")).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].not_before.to_string(), "2026-11-26T12:07:18Z");
        assert_eq!(found[0].not_after.to_string(), "2036-11-23T12:07:18Z");
        assert_eq!(certificates("hello"), Err(NotACertificate));
        assert_eq!(certificates(&PEM.replace("MIIBd", "MIIBe")), Err(NotACertificate));
        assert_eq!(certificates(&PEM.replace("-----END", "-----")), Err(NotACertificate));
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        let at = |tag, text: &str| time(tag, text.as_bytes()).map(|time| time.to_string());
        assert_eq!(at(UTC_TIME, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(at(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(at(GENERALIZED_TIME, "20520229000000Z").as_deref(), Some("2052-02-29T00:00:00Z"));
        for broken in ["20510229000000Z", "20511301000000Z", "2051Z", "20510101000000", "20510101006000Z"] {
            assert_eq!(at(GENERALIZED_TIME, broken), None, "{broken}");
        }
        assert_eq!(at(0x02, "491231235959Z"), None);
    }

    #[test]
    fn cut_off_bytes_are_no_certificate() {
        let body: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        for length in 0..der.len() {
            assert_eq!(validity(&der[..length]), None, "{length}");
        }
        assert!(validity(&der).is_some());
    }

    #[test]
    fn the_end_decides() {
        let one = certificates(PEM).unwrap()[0];
        let level = |now: &str| expiry("ca", one, Duration::from_secs(1800), now.parse().unwrap()).level;
        assert_eq!(level("2026-11-26T12:00:00Z"), Level::Problem);
        assert_eq!(level("2030-01-01T00:00:00Z"), Level::Ok);
        assert_eq!(level("2036-11-20T00:00:00Z"), Level::Warning);
        assert_eq!(level("2036-11-23T12:00:00Z"), Level::Problem);
        assert_eq!(level("2037-01-01T00:00:00Z"), Level::Problem);
        let given = [("broken".to_owned(), "x".to_owned())];
        assert_eq!(look(&given, Duration::ZERO, Timestamp::now())[0].level, Level::Problem);
    }
}
