//! A small shell beside us that ends the agents and their tasks when we let go of it, or die without a word.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// What the reaper does when it is let go of.
const SCRIPT: &str = include_str!("reaper.sh");

/// Guards the agents' processes: what it watches does not outlive this value, nor this process.
///
/// A signal handler or `Drop` alone would not be enough: a killed owner runs neither.
#[derive(Debug)]
pub(super) struct Reaper {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Reaper {
    /// Starts the shell. `mark` is the `NAME=value` found in the environment of everything that is to end; `folder` is
    /// deleted at the end when `remove` says so.
    pub(super) fn spawn(mark: &str, folder: &Path, remove: bool, docker: bool) -> io::Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "reaper", mark])
            .arg(folder)
            .arg(if remove { "remove" } else { "keep" })
            .arg(if docker { "docker" } else { "" })
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let orders = child.stdin.take();
        Ok(Self { child, orders })
    }

    /// Ends the process group of `pid` when the time comes.
    pub(super) fn watch(&mut self, pid: u32) -> io::Result<()> {
        self.order("watch", pid)
    }

    /// The process is gone, and its number may soon be somebody else's.
    pub(super) fn forget(&mut self, pid: u32) -> io::Result<()> {
        self.order("forget", pid)
    }

    /// Sends SIGINT.
    pub(super) fn interrupt(&mut self, pid: u32) -> io::Result<()> {
        self.order("interrupt", pid)
    }

    fn order(&mut self, word: &str, pid: u32) -> io::Result<()> {
        match &mut self.orders {
            Some(orders) => writeln!(orders, "{word} {pid}"),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Ends everything watched and waits until that is done, which takes well under a second.
    pub(super) fn finish(&mut self) {
        if self.orders.take().is_some() {
            // Nothing can be done here about a shell that cannot be waited for.
            let _ = self.child.wait();
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.finish();
    }
}
