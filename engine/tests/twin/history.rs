//! Histories: made from a seed, run, and shortened where they fail.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::command::{Command, What};
use crate::coverage::Coverage;
use crate::generate::Generator;
use crate::pair::{Difference, Pair};
use crate::plant::Plant;

/// Commands that lead to a difference, and the difference.
#[derive(Debug, Clone)]
pub struct Failure {
    pub commands: Vec<Command>,
    pub difference: Difference,
}

/// Makes and runs a history.
pub fn run(seed: u64, len: usize, plant: Plant) -> Result<Coverage, Failure> {
    let mut generator = Generator::new(seed);
    let mut pair = Pair::new(plant);
    let mut commands = Vec::with_capacity(len);
    for _ in 0..len {
        commands.push(generator.next(&pair.twin));
        let command = &commands[commands.len() - 1];
        if let Err(difference) = caught(|| pair.step(command)) {
            return Err(Failure { commands, difference });
        }
    }
    match caught(|| pair.finish()) {
        Ok(()) => Ok(pair.coverage),
        Err(difference) => Err(Failure { commands, difference }),
    }
}

/// Runs given commands.
pub fn replay(commands: &[Command], plant: Plant) -> Result<(), Difference> {
    caught(|| {
        let mut pair = Pair::new(plant);
        commands.iter().try_for_each(|command| pair.step(command))?;
        pair.finish()
    })
}

/// A panic is a difference too: neither of the two may ever panic.
fn caught(run: impl FnOnce() -> Result<(), Difference>) -> Result<(), Difference> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

impl Failure {
    /// Leaves out what is not needed to fail, until all of it is.
    pub fn shorten(mut self, plant: Plant) -> Self {
        loop {
            let before = self.size();
            self.leave_out_commands(plant);
            self.leave_out_members(plant);
            if self.size() == before {
                return self;
            }
        }
    }

    fn size(&self) -> usize {
        let size = |command: &Command| match &command.what {
            What::Transfers(batch) => batch.transfers.len(),
            _ => 1,
        };
        self.commands.iter().map(size).sum()
    }

    /// Many at a time at first, then fewer.
    fn leave_out_commands(&mut self, plant: Plant) {
        let mut chunk = self.commands.len().div_ceil(2);
        while chunk > 0 {
            let mut start = 0;
            while start < self.commands.len() {
                let end = (start + chunk).min(self.commands.len());
                let mut fewer = self.commands.clone();
                fewer.drain(start..end);
                if !self.try_instead(fewer, plant) {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
    }

    fn leave_out_members(&mut self, plant: Plant) {
        for at in 0..self.commands.len() {
            let mut member = 0;
            while let What::Transfers(batch) = &self.commands[at].what
                && member < batch.transfers.len()
                && batch.transfers.len() > 1
            {
                let mut fewer = self.commands.clone();
                if let What::Transfers(batch) = &mut fewer[at].what {
                    batch.transfers.remove(member);
                }
                if !self.try_instead(fewer, plant) {
                    member += 1;
                }
            }
        }
    }

    /// Takes these commands instead if they fail as well.
    fn try_instead(&mut self, commands: Vec<Command>, plant: Plant) -> bool {
        let Err(difference) = replay(&commands, plant) else { return false };
        *self = Self { commands, difference };
        true
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for command in &self.commands {
            writeln!(f, "{command}")?;
        }
        writeln!(f, "{}", self.difference)
    }
}
