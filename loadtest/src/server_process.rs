//! A server as a child process: started, watched, stopped or killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::progress;
use crate::server_log::ServerLog;

/// Longest wait for `ready`: a big journal is replayed first.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// Longest wait for a drain after SIGTERM.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);
/// As above where nobody waits for the result.
const DROPPED_WITHIN: Duration = Duration::from_secs(5);
/// How long a process may take to be gone once its connections are.
const DYING: Duration = Duration::from_millis(500);

/// The line that a server prints when it serves: `ready {json}`.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Address and port.
    pub listen: String,
}

/// A running child. Dropping it stops it: by SIGTERM, and by SIGKILL if that is not enough.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    ready: Ready,
    log: ServerLog,
}

impl ServerProcess {
    /// Starts a server and waits until it serves.
    pub async fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            // Settings may come from the environment, and this one is ours, not the server's.
            .env_remove("FLORIN_BIN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            bail!("no pipes from {program}");
        };
        let log = ServerLog::follow(stderr);
        let (send, ready_line) = oneshot::channel();
        thread::spawn(move || {
            let mut send = Some(send);
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(json) = line.strip_prefix("ready ")
                    && let Some(send) = send.take()
                {
                    // Nobody listens any more if the wait timed out.
                    let _ = send.send(json.to_owned());
                }
            }
        });
        // From here on the child is stopped on every way out.
        let mut server = Self { child, ready: Ready { listen: String::new() }, log };
        let spinner = progress::spinner(format!("waiting for {program} to serve"));
        let line = tokio::time::timeout(READY_WITHIN, ready_line).await;
        spinner.finish_and_clear();
        let json = match line {
            Ok(Ok(json)) => json,
            Ok(Err(_)) => {
                let status = server.wait(DROPPED_WITHIN).await?;
                // Its last words may still be in the pipe.
                tokio::time::sleep(Duration::from_millis(50)).await;
                bail!("{program} ended before it served ({status}){}", server.log.tail());
            }
            Err(_) => bail!(
                "{program} did not serve within {} s{}",
                READY_WITHIN.as_secs(),
                server.log.tail()
            ),
        };
        server.ready = serde_json::from_str(&json)
            .with_context(|| format!("cannot read the ready line of {program}: {json}"))?;
        Ok(server)
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.ready.listen)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said last.
    pub fn log(&self) -> &ServerLog {
        &self.log
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to drain, and waits until it has. An end other than success is an error.
    pub async fn terminate(mut self) -> Result<()> {
        if self.ended()?.is_none() {
            signal(self.pid(), Signal::TERM)?;
        }
        let status = self.wait(DRAINED_WITHIN).await?;
        if !status.success() {
            bail!("the server did not stop cleanly ({status}){}", self.log.tail());
        }
        Ok(())
    }

    /// Adds to a failed result what the server said if it has died: that is the cause then.
    pub async fn explain<T>(&mut self, result: Result<T>) -> Result<T> {
        let Err(error) = &result else {
            return result;
        };
        match self.wait(DYING).await {
            Ok(status) => {
                bail!("the server ended by itself ({status}): {error:#}{}", self.log.tail())
            }
            Err(_) => result,
        }
    }

    /// Returns when it has ended by itself.
    pub async fn ends(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits for its end.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("the server did not end within {} s{}", within.as_secs(), self.log.tail());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let deadline = Instant::now() + DROPPED_WITHIN;
        if !matches!(self.child.try_wait(), Ok(None)) || signal(self.pid(), Signal::TERM).is_err() {
            return;
        }
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Best effort on the way out; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills a child that has not been waited for, at once and without warning.
pub fn kill(pid: u32) -> Result<()> {
    signal(pid, Signal::KILL)
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.context("the server has no process id")?;
    kill_process(pid, signal).context("cannot signal the server")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work)
    }

    #[test]
    fn the_ready_line_is_found_and_a_drain_is_waited_for() {
        block_on(async {
            let server = ServerProcess::start(shell(
                "trap 'exit 0' TERM; echo hello; echo 'ready {\"listen\":\"127.0.0.1:9\",\"epoch\":1}'; \
                 while :; do sleep 0.01; done",
            ))
            .await
            .expect("it serves");
            assert_eq!(server.url(), "http://127.0.0.1:9");
            server.terminate().await.expect("it drains");
        });
    }

    #[test]
    fn a_server_that_cannot_start_is_quoted() {
        block_on(async {
            let failed = ServerProcess::start(shell("echo 'no such disk' >&2; exit 3")).await;
            let text = format!("{:#}", failed.expect_err("it ended"));
            assert!(text.contains("exit status: 3"), "{text}");
            assert!(text.contains("no such disk"), "{text}");
        });
    }

    #[test]
    fn a_killed_server_ends_by_signal() {
        block_on(async {
            let mut server = ServerProcess::start(shell(
                "echo 'ready {\"listen\":\"127.0.0.1:9\"}'; exec sleep 60",
            ))
            .await
            .expect("it serves");
            assert_eq!(server.ended().expect("a child"), None);
            kill(server.pid()).expect("a child");
            let status = server.wait(Duration::from_secs(5)).await.expect("it ends");
            assert!(!status.success());
        });
    }
}
