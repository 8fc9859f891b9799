//! What goes to stdout and stderr. Whether it could be written is looked at here, and nowhere else.

use std::io::{self, ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// The exit code where nobody reads what is written any more: as of a program that SIGPIPE ended.
pub const NOBODY_READS: u8 = 141;

/// Whether the program has something to bring to its end whoever listens.
static GOES_ON: AtomicBool = AtomicBool::new(false);
/// The exit code for what could not be written, where the program goes on.
static UNWRITTEN: AtomicU8 = AtomicU8::new(0);

/// Has the program go on when its output cannot be written: what it does matters more than who hears of it.
pub(crate) fn goes_on() {
    GOES_ON.store(true, Ordering::Relaxed);
}

/// Whether stdout takes nothing any more.
#[must_use]
pub fn is_closed() -> bool {
    UNWRITTEN.load(Ordering::Relaxed) != 0
}

/// The exit code of a program that ends well: another one where it could not say so.
pub(crate) fn code(good: u8) -> u8 {
    match UNWRITTEN.load(Ordering::Relaxed) {
        unwritten if good == 0 => unwritten,
        _ => good,
    }
}

/// Prints a line of the result. Whoever reads it may have seen enough: then the program ends, quietly.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::out::line(::std::format_args!($($text)*))
    };
}

/// What [`say!`](crate::say) does.
pub fn line(text: std::fmt::Arguments<'_>) {
    looked_at(writeln!(io::stdout().lock(), "{text}"));
}

/// Writes bytes as they are, now.
pub fn bytes(data: &[u8]) {
    let mut stdout = io::stdout().lock();
    looked_at(stdout.write_all(data).and_then(|()| stdout.flush()));
}

/// Writes bytes to stderr as they are. A remark that nobody hears is none.
pub fn error_bytes(data: &[u8]) {
    let _ = io::stderr().lock().write_all(data);
}

/// Writes a line to stderr. A remark that nobody hears is none.
pub fn error_line(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn looked_at(written: io::Result<()>) {
    let Err(cause) = written else { return };
    let code = if cause.kind() == ErrorKind::BrokenPipe { NOBODY_READS } else { 1 };
    let before = UNWRITTEN.swap(code, Ordering::Relaxed);
    if code != NOBODY_READS && before == 0 {
        error_line(format_args!("error: the output cannot be written: {cause}"));
    }
    if !GOES_ON.load(Ordering::Relaxed) {
        std::process::exit(i32::from(code));
    }
}
