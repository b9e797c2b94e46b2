//! `florin completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::failure::{Exit, Failure};
use super::output::Output;

const EXAMPLE: &str = "\
Example:
  florin completions bash > ~/.local/share/bash-completion/completions/florin
  florin completions zsh > ~/.zfunc/_florin
  florin completions fish > ~/.config/fish/completions/florin.fish";

/// Print a script that completes commands and options in a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Completions {
    /// For which shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        output.text(&self.script())?;
        Ok(Exit::Done)
    }

    fn script(self) -> String {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "florin", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn every_shell_gets_every_command() {
        for &shell in Shell::value_variants() {
            let script = Completions { shell }.script();
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
