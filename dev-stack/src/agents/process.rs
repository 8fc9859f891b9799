//! One agent as a child process: its log, whether it still runs, and how it is made to end.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::error::AgentsError;
use super::reaper::Reaper;

/// How often a condition is looked at while waiting.
const POLL: Duration = Duration::from_millis(50);
/// How many lines of the log an error shows.
const TAIL_LINES: usize = 20;
/// How far back in the log those lines are looked for.
const TAIL_BYTES: u64 = 16 * 1024;
/// Variables that agents inherit. Others, like `NOMAD_ADDR` or `VAULT_TOKEN`, would change what they do.
const INHERITED: [&str; 6] = ["PATH", "HOME", "USER", "TMPDIR", "LANG", "DOCKER_HOST"];

/// The reaper is told about processes from several places, for moments only.
pub(super) type SharedReaper = Arc<Mutex<Reaper>>;

/// A program, how it is run, and its process while it runs.
#[derive(Debug)]
pub(super) struct Agent {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
    mark: (&'static str, String),
    log: PathBuf,
    reaper: SharedReaper,
    child: Option<Child>,
}

impl Agent {
    pub(super) fn new(
        name: &'static str,
        program: &Path,
        arguments: Vec<OsString>,
        log: PathBuf,
        mark: (&'static str, &str),
        reaper: SharedReaper,
    ) -> Self {
        let mark = (mark.0, mark.1.to_owned());
        Self { name, program: program.to_owned(), arguments, mark, log, reaper, child: None }
    }

    /// Starts the process; its output is appended to the log.
    pub(super) fn spawn(&mut self) -> Result<(), AgentsError> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(AgentsError::io(format!("open {}", self.log.display())))?;
        let doing = format!("start {}", self.program.display());
        let errors = log.try_clone().map_err(AgentsError::io(&doing))?;

        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().env(self.mark.0, &self.mark.1);
        command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // A group of its own: Ctrl-C in a terminal is for the owner to act on, in its own order.
        command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
        let child = command.spawn().map_err(AgentsError::io(&doing))?;
        if let Some(pid) = child.id() {
            self.reaper().watch(pid).map_err(AgentsError::io("talk to the reaper"))?;
        }
        self.child = Some(child);
        Ok(())
    }

    /// Waits until `ready` answers true. The error shows the log when the agent ends first or time is up.
    pub(super) async fn wait_until<F, Fut>(
        &mut self,
        what: &str,
        limit: Duration,
        ready: F,
    ) -> Result<(), AgentsError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = bool>,
    {
        let start = Instant::now();
        while !ready().await {
            if let Some(status) = self.ended() {
                return Err(self.not_ready(format!("ended ({status}) while waiting until {what}")));
            }
            if start.elapsed() >= limit {
                return Err(self.not_ready(format!("was given {} s until {what}", limit.as_secs())));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Kills the process alone, as a crash would; its tasks go on.
    pub(super) async fn kill(&mut self) -> Result<(), AgentsError> {
        if let Some(mut child) = self.child.take() {
            let pid = child.id();
            child.kill().await.map_err(AgentsError::io(format!("kill {}", self.name)))?;
            self.forget(pid);
        }
        Ok(())
    }

    /// Sends SIGINT and waits for the end; gives up after `limit` and leaves the rest to the reaper.
    pub(super) async fn interrupt(&mut self, limit: Duration) {
        let Some(child) = &mut self.child else { return };
        let Some(pid) = child.id() else { return };
        let sent = self.reaper.lock().unwrap_or_else(PoisonError::into_inner).interrupt(pid);
        if sent.is_ok() && tokio::time::timeout(limit, child.wait()).await.is_ok() {
            self.child = None;
            self.forget(Some(pid));
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut()?;
        let pid = child.id();
        let status = child.try_wait().ok().flatten()?;
        self.forget(pid);
        Some(status)
    }

    fn forget(&mut self, pid: Option<u32>) {
        if let Some(pid) = pid {
            // A reaper that is gone has nothing left to end.
            let _ = self.reaper().forget(pid);
        }
    }

    fn reaper(&self) -> std::sync::MutexGuard<'_, Reaper> {
        self.reaper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_ready(&self, reason: String) -> AgentsError {
        AgentsError::NotReady { agent: self.name, reason, log_tail: tail(&self.log) }
    }
}

/// The last lines of a file, as far as they can be read.
fn tail(path: &Path) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(script: &str, folder: &Path) -> Agent {
        let reaper = Reaper::spawn("DEV_STACK_ID=process-test", folder, false, false).unwrap();
        let arguments = vec!["-c".into(), script.into()];
        let mark = ("DEV_STACK_ID", "process-test");
        Agent::new(
            "nomad",
            Path::new("/bin/sh"),
            arguments,
            folder.join("log"),
            mark,
            Arc::new(Mutex::new(reaper)),
        )
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("dev-stack-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[tokio::test]
    async fn an_agent_that_ends_early_is_reported_with_its_last_lines() {
        let folder = folder("ends-early");
        let mut agent = agent("seq 1 50; echo 'bad config' >&2; exit 3", &folder);
        agent.spawn().unwrap();
        let error =
            agent.wait_until("it is ready", Duration::from_secs(20), || async { false }).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("nomad ended (exit status: 3) while waiting until it is ready"), "{text}");
        assert!(text.ends_with("49\n50\nbad config"), "{text}");
        assert!(!text.contains("\n31\n"), "only the last lines: {text}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn the_environment_of_the_owner_does_not_reach_an_agent() {
        let folder = folder("environment");
        let mut agent = agent("env | cut -d= -f1 | sort", &folder);
        agent.spawn().unwrap();
        // It ends by itself; the condition never holds.
        let _ = agent.wait_until("it ends", Duration::from_secs(20), || async { false }).await.unwrap_err();
        let seen = std::fs::read_to_string(&agent.log).unwrap();
        assert!(seen.contains("DEV_STACK_ID\n") && seen.contains("PATH\n"), "{seen}");
        assert!(!seen.contains("CARGO"), "cargo sets CARGO_MANIFEST_DIR for tests: {seen}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn letting_go_ends_the_agent_and_what_carries_its_mark() {
        let folder = folder("reaps");
        let id = format!("reap-{}", std::process::id());
        let mark = format!("DEV_STACK_ID={id}");
        let reaper = Arc::new(Mutex::new(Reaper::spawn(&mark, &folder, true, false).unwrap()));
        // The grandchild leaves the process group, as a Nomad executor does.
        let script = "setsid sleep 300 & echo $! ; exec sleep 300";
        let arguments = vec!["-c".into(), script.into()];
        let log = folder.join("log");
        let mut agent = Agent::new(
            "nomad",
            Path::new("/bin/sh"),
            arguments,
            log.clone(),
            ("DEV_STACK_ID", &id),
            reaper.clone(),
        );
        agent.spawn().unwrap();
        let pid = agent.child.as_ref().unwrap().id().unwrap();
        let has_line = || async { std::fs::read_to_string(&log).unwrap().ends_with('\n') };
        agent.wait_until("the grandchild runs", Duration::from_secs(20), has_line).await.unwrap();
        let grandchild: u32 = std::fs::read_to_string(&log).unwrap().trim().parse().unwrap();
        assert!(runs(pid) && runs(grandchild));

        reaper.lock().unwrap().finish();
        let _ = agent.child.as_mut().unwrap().wait().await;
        assert!(!runs(pid), "the agent");
        assert!(!runs(grandchild), "what it left behind");
        assert!(!folder.exists(), "the temporary folder");
    }

    /// Whether a process is there and not a zombie.
    fn runs(pid: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
    }
}
