//! A real `vault`, for what only it can prove. Where it is not on PATH, that is said.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vault_client::{Client, RetryPolicy};

/// A server in development mode on a free port; it is killed when this is dropped.
pub struct Agent {
    child: Child,
    address: String,
}

impl Agent {
    /// Starts one; without it on PATH the test is skipped.
    pub async fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program =
            std::env::split_paths(&path).map(|folder| folder.join("vault")).find(|file| file.is_file());
        let Some(program) = program else {
            xtest::skip("no `vault` on PATH");
            return None;
        };
        // Somebody else may take the port in between; another one is tried then.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let address = format!("127.0.0.1:{port}");
            let child = Command::new(&program)
                .args(["server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root"])
                .arg(format!("-dev-listen-address={address}"))
                .env_remove("VAULT_ADDR")
                .env("HOME", std::env::temp_dir())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut agent = Self { child, address };
            if agent.is_up().await {
                return Some(agent);
            }
        }
        panic!("vault does not start");
    }

    async fn is_up(&mut self) -> bool {
        let root = self.client("root");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            // The mount of secrets is the last that development mode makes.
            if root.kv2("secret").config().await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// A client with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::builder()
            .address(format!("http://{}", self.address))
            .token(token)
            .retry(RetryPolicy::never())
            .build()
            .unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
