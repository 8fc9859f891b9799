//! Stands in for WuffChat's API and UI where no container image of them is at hand.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    dev_stack::standin::run(std::env::args().skip(1)).await
}
