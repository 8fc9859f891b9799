//! What stands between the keys and a command: echo, lines, and the keys that mean something.

/// Collects a line until it is entered.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    line: Vec<u8>,
}

/// What came of some keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// What the terminal shows at once.
    pub(super) echo: Vec<u8>,
    /// What the command gets to read.
    pub(super) input: Vec<Vec<u8>>,
    /// Control-D on an empty line: the input is over.
    pub(super) end: bool,
    /// Control-C.
    pub(super) interrupt: bool,
}

impl Terminal {
    pub(super) fn typed(&mut self, keys: &[u8]) -> Typed {
        let mut typed = Typed::default();
        for key in keys {
            match key {
                b'\r' | b'\n' => {
                    typed.echo.extend_from_slice(b"\r\n");
                    self.line.push(b'\n');
                    typed.input.push(std::mem::take(&mut self.line));
                }
                0x03 => {
                    typed.echo.extend_from_slice(b"^C");
                    typed.interrupt = true;
                    self.line.clear();
                }
                0x04 if self.line.is_empty() => typed.end = true,
                0x04 => typed.input.push(std::mem::take(&mut self.line)),
                0x7f => {
                    if self.line.pop().is_some() {
                        typed.echo.extend_from_slice(b"\x08 \x08");
                    }
                }
                key => {
                    typed.echo.push(*key);
                    self.line.push(*key);
                }
            }
        }
        typed
    }
}

/// Output as a terminal shows it: each line starts at the left.
pub(super) fn shown(data: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(data.len());
    for byte in data {
        if *byte == b'\n' {
            shown.push(b'\r');
        }
        shown.push(*byte);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_when_it_is_entered() {
        let mut terminal = Terminal::default();
        let typed = terminal.typed(b"lx\x7fs");
        assert_eq!((typed.echo.as_slice(), typed.input.len()), (&b"lx\x08 \x08s"[..], 0));
        assert_eq!(terminal.typed(b"\r").input, [b"ls\n".to_vec()]);
    }

    #[test]
    fn some_keys_are_no_text() {
        let mut terminal = Terminal::default();
        assert!(terminal.typed(b"\x04").end);
        let typed = terminal.typed(b"x\x04\x04");
        assert_eq!((typed.input, typed.end), (vec![b"x".to_vec()], true));
        let typed = terminal.typed(b"half\x03");
        assert!(typed.interrupt && typed.echo.ends_with(b"^C") && typed.input.is_empty());
    }

    #[test]
    fn lines_start_at_the_left() {
        assert_eq!(shown(b"a\nb\n"), b"a\r\nb\r\n");
    }
}
