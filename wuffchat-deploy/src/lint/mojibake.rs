//! UTF-8 that was read as Windows-1252 or Windows-1254, written again as UTF-8, and made good.

/// The upper half of Windows-1252 from 0x80 to 0x9f; `\0` where there is nothing.
const UPPER: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“',
    '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// What Windows-1254 has in other places than Windows-1252.
const TURKISH: [(char, u8); 6] =
    [('Ğ', 0xd0), ('İ', 0xdd), ('Ş', 0xde), ('ğ', 0xf0), ('ı', 0xfd), ('ş', 0xfe)];

/// Bytes that one of the two has nothing for, and that programs therefore drop.
const DROPPED: [u8; 7] = [0x81, 0x8d, 0x8e, 0x8f, 0x90, 0x9d, 0x9e];

/// What headings and lists are decorated with. Where a byte is gone, several characters may have
/// been meant; these are meant before others.
const COMMON: [char; 22] = [
    '🎯', '🏆', '🎉', '🎓', '🏗', '\u{fe0f}', '🎨', '🐛', '🐳', '🏠', '🏢', '🎬', '🎮', '🎵', '🐘', '🏁', '🏷',
    '🎫', '🌍', '🌐', '🍀', '”',
];

/// The text with the characters that were meant, or nothing if it is as it should be.
///
/// Only runs of characters that make UTF-8 as a whole are changed, so `é` and `→` stay. Some bytes
/// get lost on the way, since the code page has no character for them: 🎯 arrives as three
/// characters. Of the characters they may have been, a few common symbols are put back, and a run
/// that none of them explains stays.
///
/// ```
/// use wuffchat_deploy::lint::repair_mojibake;
/// assert_eq!(repair_mojibake("2023 â†’ 2025 ğŸš€").as_deref(), Some("2023 → 2025 🚀"));
/// assert_eq!(repair_mojibake("Café → 🚀"), None);
/// ```
#[must_use]
pub fn repair_mojibake(text: &str) -> Option<String> {
    let mut repaired = String::with_capacity(text.len());
    let mut run = String::new();
    let mut changed = false;
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if !c.is_ascii() => run.push(c),
            _ => {
                match meant(&run) {
                    Some(meant) => {
                        changed = true;
                        repaired.push_str(&meant);
                    }
                    None => repaired.push_str(&run),
                }
                run.clear();
                repaired.extend(c);
            }
        }
    }
    changed.then_some(repaired)
}

/// The first line that has such a run, from 0.
pub(super) fn first_line(text: &str) -> Option<usize> {
    text.lines().position(|line| repair_mojibake(line).is_some())
}

fn meant(run: &str) -> Option<String> {
    let bytes: Vec<u8> = run.chars().map(byte).collect::<Option<_>>()?;
    let mut meant = String::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (c, used) = whole(rest).or_else(|| incomplete(rest))?;
        meant.push(c);
        rest = rest.get(used..)?;
    }
    (!meant.is_empty()).then_some(meant)
}

fn byte(c: char) -> Option<u8> {
    let turkish = TURKISH.iter().find(|(letter, _)| *letter == c).map(|(_, byte)| *byte);
    let upper = || UPPER.iter().zip(0x80..).find(|(upper, _)| **upper == c).map(|(_, byte)| byte);
    turkish.or_else(upper).or_else(|| u8::try_from(u32::from(c)).ok().filter(|byte| *byte >= 0x80))
}

/// The character that the bytes begin with, if they are UTF-8.
fn whole(bytes: &[u8]) -> Option<(char, usize)> {
    (2..=4).find_map(|length| {
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        text.chars().next().map(|c| (c, length))
    })
}

/// The common character that the bytes begin with, if one is missing that gets lost.
fn incomplete(bytes: &[u8]) -> Option<(char, usize)> {
    COMMON.iter().find_map(|c| {
        let mut buffer = [0; 4];
        let left: Vec<u8> =
            c.encode_utf8(&mut buffer).bytes().filter(|byte| !DROPPED.contains(byte)).collect();
        (left.len() + 1 == c.len_utf8() && bytes.starts_with(&left)).then_some((*c, left.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happened to the text, for either code page.
    fn damaged(text: &str, turkish: bool, drop: bool) -> String {
        let as_char = |byte: u8| -> Option<char> {
            if turkish && let Some((letter, _)) = TURKISH.iter().find(|(_, code)| *code == byte) {
                return Some(*letter);
            }
            match byte {
                _ if drop && DROPPED.contains(&byte) => None,
                0x80..=0x9f => match UPPER[usize::from(byte - 0x80)] {
                    '\0' => Some(char::from(byte)),
                    c => Some(c),
                },
                _ => Some(char::from(byte)),
            }
        };
        text.bytes().filter_map(as_char).collect()
    }

    #[test]
    fn round_trips() {
        let text = "Grüße → ✅ 🚀 🎯 🏆 🎓 🎉 🏗️ 🛠️ — “ok”";
        for turkish in [false, true] {
            for drop in [false, true] {
                let damaged = damaged(text, turkish, drop);
                assert_eq!(repair_mojibake(&damaged).as_deref(), Some(text), "{damaged}");
            }
        }
        assert_eq!(repair_mojibake(text), None);
        assert_eq!(repair_mojibake("plain"), None);
        assert_eq!(first_line("a\nâœ… b"), Some(1));
    }

    #[test]
    fn what_cannot_be_explained_stays() {
        assert_eq!(repair_mojibake("ğŸ and é and ÄÖ"), None);
        assert_eq!(repair_mojibake("é â†’ ğŸ").as_deref(), Some("é → ğŸ"));
    }
}
