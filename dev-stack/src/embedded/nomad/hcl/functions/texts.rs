//! Functions of texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::format::format;
use super::{Args, Val};
use crate::embedded::nomad::json::uuid;

type Answer = Result<Val, String>;

pub(super) fn call(name: &str, args: &Args<'_>) -> Option<Answer> {
    let map = |f: fn(&str) -> String| args.text(0).map(|s| f(&s).into());
    let hash = |algorithm| {
        args.text(0).map(|s| {
            let sum = digest::digest(algorithm, s.as_bytes());
            Val::from(sum.as_ref().iter().map(|b| format!("{b:02x}")).collect::<String>())
        })
    };
    Some(match name {
        "upper" => map(|s| s.to_uppercase()),
        "lower" => map(|s| s.to_lowercase()),
        "title" => map(title),
        "chomp" => map(|s| s.trim_end_matches(['\n', '\r']).to_owned()),
        "trimspace" => map(|s| s.trim().to_owned()),
        "reverse" | "strrev" => map(|s| s.chars().rev().collect()),
        "urlencode" => map(url_encode),
        "base64encode" => map(|s| STANDARD.encode(s)),
        "base64decode" => args.text(0).and_then(|s| {
            let bytes = STANDARD.decode(&s).map_err(|_| "failed to decode base64 data".to_owned())?;
            String::from_utf8(bytes)
                .map(Val::from)
                .map_err(|_| "the result of decoding the provided string is not valid UTF-8".to_owned())
        }),
        "sha1" => hash(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" => hash(&digest::SHA256),
        "sha512" => hash(&digest::SHA512),
        "strlen" => args.text(0).map(|s| s.chars().count().into()),
        "uuidv4" => Ok(uuid_v4().into()),
        "uuidv5" => args.text(0).and_then(|space| uuid_v5(&space, &args.text(1)?)),
        "trim" => two(args, |s, set| s.trim_matches(|c| set.contains(c)).to_owned()),
        "trimprefix" => two(args, |s, prefix| s.strip_prefix(prefix).unwrap_or(s).to_owned()),
        "trimsuffix" => two(args, |s, suffix| s.strip_suffix(suffix).unwrap_or(s).to_owned()),
        "replace" => args.text(0).and_then(|s| Ok(s.replace(&args.text(1)?, &args.text(2)?).into())),
        "substr" => substr(args),
        "split" => args.text(0).and_then(|separator| split(&separator, &args.text(1)?)),
        "join" => join(args),
        "indent" => args.whole(0).and_then(|n| {
            let blanks = " ".repeat(usize::try_from(n).unwrap_or(0).min(1000));
            Ok(args.text(1)?.replace('\n', &format!("\n{blanks}")).into())
        }),
        "format" => args.text(0).and_then(|s| format(&s, args.from(1))).map(Val::from),
        "jsonencode" => Ok(args.get(0).json().into()),
        "jsondecode" => args.text(0).and_then(|s| {
            serde_json::from_str::<serde_json::Value>(&s).map(Val::from).map_err(|e| e.to_string())
        }),
        _ => return None,
    })
}

fn two(args: &Args<'_>, f: fn(&str, &str) -> String) -> Answer {
    Ok(f(&args.text(0)?, &args.text(1)?).into())
}

/// A random UUID whose bits say that it is one.
fn uuid_v4() -> String {
    let id = uuid();
    let marked = id.char_indices().map(|(i, c)| match i {
        14 => '4',
        19 => match c {
            '0'..='3' => '8',
            '4'..='7' => '9',
            '8'..='b' => 'a',
            _ => 'b',
        },
        _ => c,
    });
    marked.collect()
}

/// The UUID that a name has in a namespace.
fn uuid_v5(space: &str, name: &str) -> Answer {
    let id = match space {
        "dns" | "DNS" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" | "URL" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" | "OID" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" | "X500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let digits: Vec<u8> = id
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .filter(|digits: &Vec<u8>| digits.len() == 32)
        .ok_or_else(|| format!("uuidv5() doesn't support namespace {space} (invalid UUID)"))?;
    let mut bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit)).collect();
    bytes.extend(name.as_bytes());
    let sum = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let mut out = String::new();
    for (i, byte) in sum.as_ref().iter().take(16).enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let byte = match i {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        out += &format!("{byte:02x}");
    }
    Ok(out.into())
}

fn title(s: &str) -> String {
    let mut start = true;
    s.chars()
        .flat_map(|c| {
            let first = std::mem::replace(&mut start, !c.is_alphanumeric() && c != '\'' && c != '_');
            if first { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] }
        })
        .collect()
}

/// As Go's `url.QueryEscape`.
fn url_encode(s: &str) -> String {
    s.bytes()
        .map(|b| match b {
            b' ' => "+".to_owned(),
            b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn substr(args: &Args<'_>) -> Answer {
    let chars: Vec<char> = args.text(0)?.chars().collect();
    let (offset, length) = (args.whole(1)?, args.whole(2)?);
    let count = i64::try_from(chars.len()).unwrap_or(i64::MAX);
    // A negative offset counts from the end, a negative length means the rest.
    let from = if offset < 0 { (offset + count).max(0) } else { offset.min(count) };
    let to = if length < 0 { count } else { from.saturating_add(length).min(count) };
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
    Ok(chars.get(from..to).unwrap_or(&[]).iter().collect::<String>().into())
}

fn split(separator: &str, text: &str) -> Answer {
    Ok(Val::List(if separator.is_empty() {
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        text.split(separator).map(Val::from).collect()
    }))
}

fn join(args: &Args<'_>) -> Answer {
    let separator = args.text(0)?;
    if args.all().len() < 2 {
        return Err("at least one list is required".to_owned());
    }
    let mut words = Vec::new();
    for list in args.from(1) {
        let items =
            list.items().ok_or_else(|| format!("list of string required, but have {}", list.kind()))?;
        for (i, item) in items.iter().enumerate() {
            if item.is_null() {
                return Err(format!("element {i} is null; cannot concatenate null values"));
            }
            words.push(item.to_text()?);
        }
    }
    Ok(words.join(&separator).into())
}
