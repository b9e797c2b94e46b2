//! The server that a command works on: one that it starts itself, or one that runs already.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::cli::ServerArgs;
use crate::server_process::ServerProcess;
use crate::{florin_binary, machine};

/// A free port of this machine.
pub const ANY_PORT: &str = "127.0.0.1:0";

/// How to start a server on a data directory, once or again.
#[derive(Debug)]
pub struct Launcher {
    binary: PathBuf,
    data: PathBuf,
    first_data: PathBuf,
    temporary: Option<TempDir>,
    /// Settings of the environment.
    settings: &'static [(&'static str, &'static str)],
}

impl Launcher {
    /// Settles on a binary and a data directory.
    pub fn new(args: &ServerArgs) -> Result<Self> {
        let binary = florin_binary::find(args.florin.as_deref())?;
        if let Some(data) = &args.data {
            let (data, first_data) = (data.clone(), data.clone());
            return Ok(Self { binary, data, first_data, temporary: None, settings: &[] });
        }
        let dir = tempfile::Builder::new()
            .prefix("florin-loadtest-")
            .tempdir_in(machine::scratch_dir())
            .context("cannot make a temporary data directory")?;
        let data = dir.path().join("data");
        Ok(Self { binary, first_data: data.clone(), data, temporary: Some(dir), settings: &[] })
    }

    /// With settings of the environment.
    #[must_use]
    pub fn with(self, settings: &'static [(&'static str, &'static str)]) -> Self {
        Self { settings, ..self }
    }

    /// Starts it on this address.
    pub async fn start(&self, listen: &str) -> Result<ServerProcess> {
        let mut command = self.florin();
        command.arg("serve").arg("--data").arg(&self.data).args(["--listen", listen]);
        command.envs(self.settings.iter().copied());
        ServerProcess::start(command).await
    }

    /// The binary, as a command without arguments.
    pub fn florin(&self) -> Command {
        let mut command = Command::new(&self.binary);
        // Settings may come from the environment, and this one is ours, not the server's.
        command.env_remove("FLORIN_BIN");
        command
    }

    /// From now on this data directory is served.
    pub fn lead_from(&mut self, data: PathBuf) {
        self.data = data;
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The data directory that was served first.
    pub fn first_data(&self) -> &Path {
        &self.first_data
    }

    /// Whether the data directory is still there afterwards.
    pub fn keeps_data(&self) -> bool {
        self.temporary.is_none()
    }
}

/// A running server.
#[derive(Debug)]
pub struct Target {
    url: String,
    // Before the launcher, which removes a temporary directory: fields are dropped in order.
    process: Option<ServerProcess>,
    launcher: Option<Launcher>,
}

impl Target {
    /// Starts a server, or takes the one that was named.
    pub async fn open(args: &ServerArgs) -> Result<Self> {
        Self::open_with(args, &[]).await
    }

    /// As [`Self::open`]; a server that it starts has these settings of the environment.
    pub async fn open_with(
        args: &ServerArgs,
        settings: &'static [(&'static str, &'static str)],
    ) -> Result<Self> {
        if let Some(url) = &args.server {
            let url = if url.contains("://") { url.clone() } else { format!("http://{url}") };
            return Ok(Self { url, process: None, launcher: None });
        }
        let launcher = Launcher::new(args)?.with(settings);
        Self::launch(launcher, ANY_PORT).await
    }

    /// Starts a server on this address.
    pub async fn launch(launcher: Launcher, listen: &str) -> Result<Self> {
        let process = launcher.start(listen).await?;
        Ok(Self { url: process.url(), process: Some(process), launcher: Some(launcher) })
    }

    /// Where clients connect.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id, if it is ours.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ServerProcess::pid)
    }

    /// Its data directory, if it is ours.
    pub fn data(&self) -> Option<&Path> {
        self.launcher.as_ref().map(Launcher::data)
    }

    /// The data directory as text, where it outlives this command.
    pub fn kept_data(&self) -> Option<String> {
        let launcher = self.launcher.as_ref().filter(|l| l.keeps_data())?;
        Some(launcher.data().display().to_string())
    }

    /// The process, if it is ours.
    pub fn process(&mut self) -> Option<&mut ServerProcess> {
        self.process.as_mut()
    }

    /// Adds to a failed result what the server said if it has died.
    pub async fn explain<T>(&mut self, result: Result<T>) -> Result<T> {
        match &mut self.process {
            Some(process) => process.explain(result).await,
            None => result,
        }
    }

    /// Drains the server if it is ours. A temporary data directory goes with it.
    pub async fn close(self) -> Result<()> {
        match self.process {
            Some(process) => process.terminate().await,
            None => Ok(()),
        }
    }
}
