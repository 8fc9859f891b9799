//! What the clients promise about memory, measured in a process of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_benches");

/// The most that a list may take over idle when its items are read one by one.
const MOST_KIB: u64 = 16 << 10;

struct Server(Child);

impl Server {
    fn start() -> (Self, String) {
        let mut server = Command::new(PROGRAM).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let output = server.stdout.take().unwrap();
        let mut address = String::new();
        let server = Self(server);
        BufReader::new(output).read_line(&mut address).unwrap();
        (server, address.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Resident memory over idle at its peak while 35 MB of allocations are listed, in KiB.
fn peak(subject: &str, address: &str) -> u64 {
    let output = Command::new(PROGRAM).args(["subject", "allocations", subject, address]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let measure: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    measure["peak_kib"].as_u64().unwrap()
}

#[test]
fn a_long_list_read_item_by_item_takes_little_memory() {
    let (_server, address) = Server::start();
    let items = peak("nomad-client items", &address);
    assert!(items < MOST_KIB, "{items} KiB");
    // The same list as a whole does not fit, so the measurement sees what it should.
    let whole = peak("nomad-client", &address);
    assert!(whole > MOST_KIB, "{whole} KiB");
}
