//! SIGINT and SIGTERM, heard whatever the rest of the process is doing.

use std::io;
use std::process;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells that the process is to end, and sees to it that it does.
pub struct Signals {
    told: watch::Receiver<bool>,
}

impl Signals {
    /// Listens on a thread of its own: a stack that is busy, or hangs, cannot keep a signal from being heard.
    ///
    /// The process ends at the second signal, or `patience` after the first, if it has not by then.
    pub fn listen(patience: Duration) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let (tell, told) = watch::channel(false);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                tell.send_replace(true);
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    () = tokio::time::sleep(patience) => {}
                }
                process::exit(0);
            });
        })?;
        Ok(Self { told })
    }

    /// Waits for the first signal.
    pub async fn told(&mut self) {
        if self.told.wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}
