//! One run under one seed: picks what happens next.

use florin_actors::command::Answer;
use florin_actors::seal::Sealed;
use florin_engine::Event;
use florin_persistence::{SimDisk, WriteError, frame_bytes_max};

use crate::beside::{Sealing, Snapshotting};
use crate::book::{Book, Heard};
use crate::clients::{Clients, Port, Sending, describe};
use crate::clock::Clock;
use crate::coverage::Coverage;
use crate::invariants::{Invariant, Verdict, Violation, require};
use crate::node::{Fatal, Node, Unread, is_disk_full};
use crate::plants::{self, Plant};
use crate::process::ProcessDisk;
use crate::profile::{Action, Profile};
use crate::remote::Remote;
use crate::report::Totals;
use crate::restart::Past;
use crate::rng::Rng;
use crate::subscriber::{Read, Subscriber};
use crate::trace::Trace;

/// Crashes that every run has, at least.
pub const CRASHES_MIN: u64 = 3;
/// Requests that every run sends, at least.
pub const COMMANDS_MIN: u64 = 1_000;
/// Steps in which a node that takes nothing more must have answered everything.
const DRAIN_STEPS: u64 = 20_000;
/// The port of the node's own last command.
pub const OWN_PORT: Port = 0;

pub type SimNode = Node<ProcessDisk<SimDisk>>;

pub struct World {
    pub rng: Rng,
    pub profile: Profile,
    pub plant: Plant,
    pub clock: Clock,
    pub disk: SimDisk,
    /// The disk as the running process sees it.
    pub process: ProcessDisk<SimDisk>,
    pub node: Option<SimNode>,
    pub clients: Clients,
    pub book: Book,
    pub past: Past,
    pub trace: Trace,
    pub totals: Totals,
    pub coverage: Coverage,
    pub subscriber: Subscriber,
    /// The step at which the disk is well again.
    pub well_at: u64,
    /// Where segments and backups go.
    pub store: Remote,
    /// The step at which the line to it is good again.
    pub line_good_at: u64,
    pub is_backing_up: bool,
    /// It goes on beside another, to see that it can.
    pub is_aside: bool,
    /// Of the worlds that have gone on beside this one.
    pub aside: Totals,
}

/// What clients take for the limit: an empty segment less its header, a footer, and some sectors to spare.
fn largest_batch_bytes(segment_bytes: u64) -> u64 {
    frame_bytes_max(segment_bytes).min(segment_bytes - 4 * 4_096)
}

impl World {
    pub fn new(seed: u64, plant: Plant) -> Self {
        let mut rng = Rng::new(seed);
        let profile = Profile::draw(&mut rng);
        let disk = SimDisk::new(rng.next_u64());
        let count = rng.index(4) + 3;
        let store = Remote::new(rng.fork(), profile.is_store_near);
        Self {
            clients: Clients::new(rng.fork(), count, largest_batch_bytes(profile.segment_bytes)),
            profile,
            plant,
            clock: Clock::new(),
            process: ProcessDisk::new(disk.clone(), plant.lie()),
            disk,
            node: None,
            book: Book::default(),
            past: Past::default(),
            trace: Trace::new(),
            totals: Totals { seeds: 1, ..Totals::default() },
            coverage: Coverage::default(),
            subscriber: Subscriber::default(),
            well_at: u64::MAX,
            store,
            line_good_at: u64::MAX,
            is_backing_up: false,
            is_aside: false,
            aside: Totals::default(),
            rng,
        }
    }

    /// The whole run. It ends with a stop, a crash, and everything still there.
    pub fn run(&mut self) -> Verdict {
        self.restart()?;
        while self.totals.commands < self.profile.commands || self.totals.crashes < CRASHES_MIN {
            self.turn()?;
        }
        self.heal();
        self.mend_line();
        self.stop()?;
        self.lose_power()?;
        self.heal();
        self.stop()?;
        if self.rng.percent(60) {
            self.restore_aside()?;
        }
        self.totals += self.aside;
        Ok(())
    }

    /// Something happened, for the trace.
    pub fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.line(self.clock.now_ns(), what);
    }

    pub fn turn(&mut self) -> Verdict {
        if self.trace.step() >= self.well_at {
            self.heal();
        }
        if self.trace.step() >= self.line_good_at {
            self.mend_line();
        }
        if self.rng.below(10_000) < self.profile.backup_per_10_000 {
            self.back_up()?;
        }
        if !self.is_aside && self.rng.below(10_000) < self.profile.restore_per_10_000 {
            if self.rng.percent(30) { self.go_on_restored()? } else { self.restore_aside()? }
        }
        if self.rng.below(10_000) < self.profile.fault_per_10_000 {
            self.trouble()?;
        }
        self.step(true)
    }

    /// One of the threads gets to run.
    fn step(&mut self, can_send: bool) -> Verdict {
        self.clock.tick(&mut self.rng);
        let Some(node) = &mut self.node else { unreachable!("a dead node is opened at once") };
        let can = |action| match action {
            Action::Send => can_send && self.clients.in_flight() < self.profile.in_flight_max,
            Action::Partition => node.has_mail(),
            Action::Journal => node.has_work(),
            Action::Reader => node.has_loads(),
            Action::Spare => node.wants_spare(),
            Action::Due => node.is_due(self.clock.now()),
            Action::Subscriber => self.subscriber.has_more(node),
            Action::Seal => node.may_seal(),
            Action::Snapshot => can_send,
            Action::Archive => can_send && node.has_archivist(),
        };
        let possible = self
            .profile
            .weights
            .map(|(weight, action)| (if can(action) { weight } else { 0 }, action));
        // What wakes by itself, and whoever looks on, answers nobody.
        let answers = |action| {
            use Action::{Archive, Due, Snapshot, Subscriber};
            !matches!(action, Due | Subscriber | Snapshot | Archive)
        };
        let is_stuck = possible.iter().all(|(weight, action)| *weight == 0 || !answers(*action));
        if is_stuck && !node.is_answered() {
            return Err(Violation {
                invariant: Invariant::Answered,
                detail: "requests wait, and nothing can happen any more".to_owned(),
            });
        }
        let action = self.rng.weighted(&possible);
        self.act(action)?;
        // What goes on beside the payments does not end the process: the disk does, or the machine.
        if self.disk.has_crashed() {
            self.lose_power()
        } else if self.process.is_dead() {
            self.lose_process()
        } else {
            Ok(())
        }
    }

    fn act(&mut self, action: Action) -> Verdict {
        let Some(node) = &mut self.node else { unreachable!("a dead node is opened at once") };
        match action {
            Action::Send => self.send(),
            Action::Partition | Action::Due => {
                let (early, decided) = node.step_partition(self.clock.now());
                let count = decided.len();
                self.decided(decided);
                self.note(format_args!("partition decides {count} events"));
                self.deliver(early)
            }
            Action::Journal => {
                let most = self.rng.index(6) + 1;
                let committed = node.step_journal(most);
                let durable = node.reader().durable_through();
                self.note(format_args!("journal is durable through {durable}"));
                match committed {
                    Ok(replies) => {
                        self.deliver(replies)?;
                        self.remember_digest();
                        Ok(())
                    }
                    Err(fatal) => self.died(&fatal),
                }
            }
            Action::Reader => {
                let reads = self.store.reads();
                let unread = node.step_reader(self.rng.index(2));
                self.note(format_args!("records are read"));
                self.has_read(reads, unread)
            }
            Action::Subscriber => {
                let (reads, most) = (self.store.reads(), self.rng.between(1, 200));
                let read = self.subscriber.read(node, most);
                self.note(format_args!("the subscriber {read}"));
                let unread = if let Read::Failed(unread) = read { Some(unread) } else { None };
                self.has_read(reads, unread)
            }
            Action::Seal => {
                let sealed = node.step_sealing();
                self.past.ids_through = self.past.ids_through.max(node.ids_through());
                self.note(format_args!("sealing: {sealed:?}"));
                match sealed {
                    Ok(Sealing::Done(sealed)) => {
                        self.totals.segments_indexed += u64::from(sealed == Sealed::Segment);
                        self.totals.id_merges += u64::from(sealed == Sealed::Merged);
                        Ok(())
                    }
                    Ok(Sealing::Failed) => Ok(()),
                    Err(fatal) => self.died(&fatal),
                }
            }
            Action::Snapshot => {
                let step = node.step_snapshot(self.clock.now_ns());
                self.totals.snapshots += u64::from(matches!(step, Snapshotting::Published(_)));
                self.note(format_args!("snapshot: {step:?}"));
                Ok(())
            }
            Action::Archive => self.archive(),
            Action::Spare => {
                let made = node.step_spare();
                self.note(format_args!("spare"));
                made.or_else(|fatal| self.died(&fatal))
            }
        }
    }

    /// Something was read, from the archive perhaps, or not.
    fn has_read(&mut self, reads_before: u64, unread: Option<Unread>) -> Verdict {
        self.totals.archive_reads += u64::from(self.store.reads() > reads_before);
        let Some(unread) = unread else { return Ok(()) };
        self.totals.archive_misses += u64::from(Remote::is_of_line(&unread.what));
        self.unread(&unread)
    }

    fn send(&mut self) -> Verdict {
        let mut commands = Vec::new();
        for _ in 0..self.rng.between(1, 4) {
            let Sending { port, client, how, command } =
                self.clients.send(self.book.now(), self.clock.now_ns());
            self.totals.commands += 1;
            self.note(format_args!("client {client} {how} #{port}: {}", describe(&command)));
            commands.push((port, command));
        }
        let refused = self.node.as_mut().map(|node| node.submit(commands));
        self.deliver(refused.unwrap_or_default())
    }

    fn decided(&mut self, events: Vec<Event>) {
        self.totals.events += events.len() as u64;
        // What falls due is told to nobody.
        for event in &events {
            self.coverage.see_due(event);
        }
        self.past.decided.extend(events);
    }

    /// Answers arrive, or get lost.
    fn deliver(&mut self, replies: Vec<(Port, Answer)>) -> Verdict {
        for (port, answer) in replies {
            if let Some(node) = &mut self.node {
                node.give_back(port);
            }
            let hidden = self.plant == Plant::SplitGroup && plants::shows_marks(&answer);
            if self.rng.percent(self.profile.lost_answer_percent) || hidden {
                self.note(format_args!("answer to #{port} is lost"));
                self.clients.lose(port);
                continue;
            }
            let Some((command, sent)) = self.clients.asked(port) else { continue };
            let heard = self.book.hear(command, sent, &answer)?;
            self.coverage.see(&answer);
            self.totals.acknowledged += u64::from(heard == Heard::Done);
            self.totals.disk_full += u64::from(is_disk_full(&answer));
            let highest = self.book.highest();
            self.note(format_args!("answer to #{port}: {heard:?}, told up to {highest}"));
            let untouched = self.clients.answered(port, heard);
            let ledger = self.node.as_ref().map(Node::ledger);
            let known = untouched.into_iter().find(|(tenant, id)| {
                ledger.is_some_and(|ledger| ledger.transfer_sequence(*tenant, *id).is_some())
            });
            require(known.is_none(), Invariant::OneOutcome, || {
                format!("#{port} was told not to be taken, and {known:x?} is known")
            })?;
        }
        Ok(())
    }

    fn remember_digest(&mut self) {
        let is_chosen = self.rng.percent(8);
        if let Some(node) = self.node.as_ref().filter(|node| is_chosen && node.is_durable()) {
            self.past.remember(node.last_sequence(), node.ledger().digest());
        }
    }

    /// A graceful stop: nothing more is taken, everything that was taken is answered, then the digest is
    /// journaled. And another start.
    pub fn stop(&mut self) -> Verdict {
        let recoveries = self.totals.recoveries;
        self.node.as_mut().into_iter().for_each(Node::close);
        for is_last in [false, true] {
            for step in 0.. {
                let Some(node) =
                    self.node.as_mut().filter(|_| self.totals.recoveries == recoveries)
                else {
                    return Ok(()); // it died on the way, and was opened again
                };
                let is_idle = !node.has_mail() && !node.has_work() && !node.has_loads();
                // On a full disk it goes on asking for a segment: for as long as it runs.
                if node.is_answered() && (is_idle || node.is_out_of_space()) {
                    break;
                }
                require(step < DRAIN_STEPS, Invariant::Answered, || {
                    "a node that takes nothing more does not come to rest".to_owned()
                })?;
                self.step(false)?;
            }
            if let Some(node) = self.node.as_mut().filter(|_| !is_last) {
                node.take_digest(OWN_PORT);
            }
        }
        self.totals.stops += 1;
        self.note(format_args!("stopped"));
        self.lose_node();
        self.disk.kill();
        self.restart()
    }

    /// The process ends itself. That is right only if the disk has failed it.
    fn died(&mut self, fatal: &Fatal) -> Verdict {
        if self.disk.has_crashed() {
            return self.lose_power();
        }
        let is_fault =
            self.process.is_dead() || self.disk.counters().failed_operations > self.past.failures;
        let is_disk = match fatal {
            Fatal::Journal(WriteError::Failed { did, .. }) => {
                let is_sync = *did == "synced" && !self.process.is_dead();
                self.totals.failed_syncs += u64::from(is_sync);
                true
            }
            Fatal::Journal(_) => false,
            Fatal::Spare(_) | Fatal::Ids(_) => true,
        };
        require(is_fault && is_disk, Invariant::Opens, || {
            format!("the process ended for no reason: {fatal}")
        })?;
        // A supervisor starts it again; or the machine goes down with it.
        if self.rng.percent(25) { self.lose_power() } else { self.lose_process() }
    }
}
