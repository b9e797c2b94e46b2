//! Finding the `florin` binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The binary to start: the one that was asked for, or the one beside this program.
///
/// Under `cargo run` the latter is brought up to date first: cargo builds only the package it runs,
/// and a measurement of yesterday's server would be worse than none.
pub fn find(asked_for: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = asked_for {
        if !path.is_file() {
            bail!("no florin binary at {} (from --florin or FLORIN_BIN)", path.display());
        }
        return Ok(path.to_owned());
    }
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = own.parent().context("this program has no folder")?;
    if let Some(mut build) = under_cargo(folder) {
        let status = build.status().context("cannot start cargo")?;
        if !status.success() {
            bail!("the florin server does not build ({status}); see above");
        }
    }
    let sibling = folder.join("florin");
    if !sibling.is_file() {
        bail!(
            "no florin binary at {}: run `cargo build --release` first, or give --florin PATH",
            sibling.display()
        );
    }
    Ok(sibling)
}

/// The build that `cargo run` left out, if this is `cargo run`: it tells its children about itself.
fn under_cargo(folder: &Path) -> Option<Command> {
    let cargo = std::env::var_os("CARGO")?;
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_PATH")?);
    if !manifest.ends_with("loadtest/Cargo.toml") {
        return None;
    }
    let profile = match folder.file_name()?.to_str()? {
        "debug" => "dev",
        other => other,
    };
    let mut command = Command::new(cargo);
    command
        .args(["build", "--package", "florin-server", "--bin", "florin"])
        .args(["--profile", profile, "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(folder.parent()?)
        // Standard output belongs to the report.
        .stdout(Stdio::null());
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_path_is_named() {
        let error = find(Some(Path::new("/nowhere/florin"))).expect_err("there is nothing");
        assert!(error.to_string().contains("/nowhere/florin"), "{error}");
    }
}
