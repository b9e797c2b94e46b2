//! A part of the work, in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use florin_actors::admit::AdmissionLimits;
use florin_actors::archive::ArchiveSettings;
use florin_actors::snapshots::SnapshotOptions;
use florin_actors::{Engine, EngineOptions, OpenedEngine};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Failure;

/// Runs a part of the work in a process of its own, which is killed when it has said what it found.
pub fn part<T: DeserializeOwned>(
    role: &str,
    dir: &Path,
    arguments: &[(&str, String)],
) -> Result<T, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    for (name, value) in arguments {
        command.arg(name).arg(value);
    }
    command.arg("--dir").arg(dir).args(["--role", role]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    child.kill()?;
    child.wait()?;
    if line.is_empty() {
        return Err(format!("the process that should {role} has ended early").into());
    }
    Ok(serde_json::from_str(&line)?)
}

/// How the engine of a part is opened.
pub fn engine_options(dir: &Path, segment_bytes: u64, archive: ArchiveSettings) -> EngineOptions {
    EngineOptions {
        data: dir.join("data"),
        segment_bytes,
        limits: AdmissionLimits { requests: 4_096, bytes: 64 << 20 },
        cut_damaged_tail: false,
        accept_clock: true,
        fork: false,
        id_filter_bytes: 1 << 30,
        snapshots: SnapshotOptions::default(),
        archive,
    }
}

/// Opens the engine in this process, runs something with it, says what came of it, and waits to be killed.
pub fn in_engine<T: Serialize>(
    options: &EngineOptions,
    run: impl AsyncFnOnce(OpenedEngine) -> Result<T, Failure>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy)?;
        let opened = Engine::open(options, entropy, &mut |_| {})?;
        let found = run(opened).await?;
        println!("{}", serde_json::to_string(&found)?);
        std::future::pending::<()>().await;
        Ok(())
    })
}

/// Memory of this process, by the name of a line of `/proc/self/status`.
pub fn memory_bytes(name: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib: u64 =
        line.ok_or_else(|| format!("no {name}"))?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1_024)
}
