//! The ports of one stack: a block below the range the kernel hands out to outgoing connections, so that an agent that
//! is down for a moment finds its port free again.

use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

const FIRST: u16 = 10_000;
const SIZE: u16 = 500;
const BLOCKS: u16 = 20;
/// Ports at the start of a block that agents listen on; the rest is for Nomad's dynamic ports.
const LISTENERS: u16 = 10;

/// A block of ports, held for as long as this lives: its first port is bound as a lock against other stacks.
#[derive(Debug)]
pub(super) struct Block {
    base: u16,
    _lock: TcpListener,
}

impl Block {
    /// A block none of whose listeners' ports is in use; the search starts at a place given by `seed`.
    pub(super) fn find(seed: u16) -> io::Result<Self> {
        (0..BLOCKS)
            .map(|step| FIRST + (seed % BLOCKS + step) % BLOCKS * SIZE)
            .find_map(|base| Self::at(base).ok())
            .ok_or_else(|| {
                io::Error::new(io::ErrorKind::AddrInUse, "no free block of ports from 10000 to 19999")
            })
    }

    /// The block that starts at `base`, as it was found by an earlier run.
    pub(super) fn at(base: u16) -> io::Result<Self> {
        let lock = TcpListener::bind((Ipv4Addr::LOCALHOST, base))?;
        for port in base + 1..base + LISTENERS {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        }
        Ok(Self { base, _lock: lock })
    }

    pub(super) fn base(&self) -> u16 {
        self.base
    }

    pub(super) fn nomad_http(&self) -> u16 {
        self.base + 1
    }

    pub(super) fn nomad_rpc(&self) -> u16 {
        self.base + 2
    }

    pub(super) fn nomad_serf(&self) -> u16 {
        self.base + 3
    }

    pub(super) fn vault_http(&self) -> u16 {
        self.base + 4
    }

    pub(super) fn vault_cluster(&self) -> u16 {
        self.base + 5
    }

    pub(super) fn consul_http(&self) -> u16 {
        self.base + 6
    }

    pub(super) fn consul_server(&self) -> u16 {
        self.base + 7
    }

    pub(super) fn consul_serf(&self) -> u16 {
        self.base + 8
    }

    /// The first and the last port Nomad gives to tasks.
    pub(super) fn dynamic(&self) -> (u16, u16) {
        (self.base + LISTENERS, self.base + SIZE - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stacks_never_share_a_block() {
        let first = Block::find(7).unwrap();
        let second = Block::find(7).unwrap();
        assert_ne!(first.base(), second.base());
        assert!(Block::at(first.base()).is_err(), "the lock holds");
    }

    #[test]
    fn a_block_can_be_taken_again_after_it_was_let_go() {
        let base = Block::find(11).unwrap().base();
        // Another test may have taken it in between; both outcomes keep the promise that a held block is exclusive.
        if let Ok(again) = Block::at(base) {
            assert_eq!(again.base(), base);
            assert!(Block::at(base).is_err());
        }
    }

    #[test]
    fn dynamic_ports_stay_inside_the_block_and_off_the_listeners() {
        let block = Block::find(3).unwrap();
        let (low, high) = block.dynamic();
        assert!(low > block.consul_serf() && high < block.base() + SIZE && low < high);
    }
}
