//! Backups of a node that runs, and what is made of them on another machine: the past, up to a moment, and a ledger that
//! goes on from there.

use std::ops::ControlFlow;
use std::path::Path;

use florin_engine::{Event, Ledger, Sequence};
use florin_persistence::backup::{
    BackupError, ExportOptions, LineageChoice, Manifest, Moment, Objects, RestoreOptions, Restored,
    export, list, load, restore, verify,
};
use florin_persistence::{Faults, SimDisk};

use crate::coverage::Coverage;
use crate::history::History;
use crate::invariants::{Invariant, Verdict, Violation, require};
use crate::process::ProcessDisk;
use crate::remote::Line;
use crate::report::Totals;
use crate::restart::{Past, dir};
use crate::trace::Trace;
use crate::world::World;

/// The data directory, on whichever machine.
const DATA: &str = "/data";
/// Requests that a ledger answers which was restored to see that it can.
const COMMANDS_ASIDE: u64 = 40;

fn differs(detail: String) -> Violation {
    Violation { invariant: Invariant::RestoredIsThePast, detail }
}

/// The last event at or before a moment with which a group ends, or that is in none; 0 if there is none.
fn last_whole(events: &[Event], moment: Moment) -> Sequence {
    let is_within = |event: &&Event| match moment {
        Moment::End => true,
        Moment::Sequence(last) => event.sequence <= last,
        Moment::Time(last_ns) => event.timestamp_ns <= last_ns,
    };
    let within = events.iter().take_while(is_within);
    let is_end = |event: &&Event| event.group().len <= event.group().index + 1;
    within.filter(is_end).last().map_or(0, |event| event.sequence)
}

impl World {
    /// Makes a backup, while everybody else goes on.
    pub fn back_up(&mut self) -> Verdict {
        let Some(node) = self.node.as_ref().filter(|_| !self.is_backing_up) else { return Ok(()) };
        let through = node.reader().durable_through();
        if through == 0 {
            return Ok(());
        }
        let (journal, archived) = (node.archive().clone(), node.archive().segments());
        let full = self.rng.percent(25);
        let now_ns = self.clock.now_ns();
        let options = ExportOptions { durable_through: Some(through), full, now_ns };
        self.note(format_args!("a backup through event {through} begins, full: {full}"));
        let (before, recoveries) = (self.before(), self.totals.recoveries);
        let (place, mut verdict) = (self.store.place(), Ok(()));
        self.is_backing_up = true;
        let made = export(&journal, dir(), &archived, &*place, &options, &mut |_| {
            if self.others_go_on(&mut verdict) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        self.is_backing_up = false;
        verdict?;
        if self.totals.recoveries != recoveries {
            return Ok(()); // whoever made it is gone
        }
        match made {
            Ok(made) => {
                self.totals.backups += 1;
                self.totals.backups_of_archived += u64::from(!archived.is_empty());
                self.note(format_args!("{} is made, {} sent", made.name, made.objects_sent));
                require(made.manifest.sequence == through, Invariant::RestoredIsThePast, || {
                    format!("a backup through event {through} ends with {:?}", made.manifest)
                })
            }
            Err(error) => {
                self.note(format_args!("no backup is made: {error}"));
                self.excused(before, "no backup is made", &error.to_string())
            }
        }
    }

    /// Restores a backup on a machine beside, and sees whether it can go on.
    pub fn restore_aside(&mut self) -> Verdict {
        let Some(mut aside) = self.branch(false)? else { return Ok(()) };
        aside.trace = std::mem::replace(&mut self.trace, Trace::new());
        let outcome = aside.run_aside();
        self.trace = std::mem::replace(&mut aside.trace, Trace::new());
        outcome?;
        self.note(format_args!("what was restored aside has gone on"));
        aside.totals.add_disk(aside.disk.counters());
        self.aside += aside.totals;
        self.coverage.add(&aside.coverage);
        Ok(())
    }

    fn run_aside(&mut self) -> Verdict {
        self.restart()?;
        while self.totals.commands < COMMANDS_ASIDE {
            self.turn()?;
        }
        self.heal();
        self.stop()?;
        self.lose_power()
    }

    /// The machine is gone for good, and with it what no backup has. The world goes on from one.
    pub fn go_on_restored(&mut self) -> Verdict {
        self.lose_process()?;
        let Some(mut restored) = self.branch(true)? else { return Ok(()) };
        self.lose_node();
        restored.trace = std::mem::replace(&mut self.trace, Trace::new());
        restored.coverage.add(&self.coverage);
        (restored.totals, restored.aside) = (self.totals, self.aside);
        restored.totals.add_disk(self.disk.counters());
        restored.totals.restored_worlds += 1;
        *self = *restored;
        self.restart()
    }

    /// Restores a backup on another machine, and gives the world as it is there. `None` if there is none.
    fn branch(&mut self, goes_on: bool) -> Result<Option<Box<Self>>, Violation> {
        let Some((name, manifest, is_newest)) = self.choose()? else { return Ok(None) };
        let known = self.past.events().take(usize::try_from(manifest.sequence).unwrap_or(0));
        let mut events: Vec<Event> = known.cloned().collect();
        require(events.len() as u64 == manifest.sequence, Invariant::RestoredIsThePast, || {
            format!("{name} has events that were never decided")
        })?;
        let (moment, lineage) = self.moment(&events, is_newest);
        let at = last_whole(&events, moment);
        self.note(format_args!(
            "{name} is restored to {moment:?}, which is event {at}, {lineage:?}, goes on: {goes_on}"
        ));
        self.check_backup(&manifest, &events)?;
        let disk = SimDisk::new(self.rng.next_u64());
        let options = RestoreOptions {
            moment,
            lineage,
            segment_bytes: self.profile.segment_bytes,
            entropy: self.rng.bytes(),
            now_ns: self.clock.now_ns(),
        };
        let restored = self.restore_on(&disk, &manifest, &options);
        if at == 0 {
            let is_told = matches!(restored, Ok(Err(BackupError::Moment { .. })));
            require(is_told, Invariant::RestoredIsThePast, || "before the first event".to_owned())?;
            return Ok(None);
        }
        events.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        let mut ledger = Ledger::new(self.rng.next_u64());
        let mut history = History::default();
        for event in &events {
            ledger.replay(event).map_err(|what| differs(format!("{what}: {event:?}")))?;
            history.push(event.clone())?;
        }
        match restored? {
            Ok(Some(Restored { replayed, lineage: now, is_fork, .. })) => {
                let is_as_asked = replayed.sequence == at
                    && replayed.digest == ledger.digest()
                    && (now == manifest.lineage) == (lineage == LineageChoice::Same)
                    && is_fork == (manifest.is_fork || lineage == LineageChoice::Fork);
                require(is_as_asked, Invariant::RestoredIsThePast, || {
                    format!("{name} at event {at} is restored as {replayed:?}, {now}")
                })?;
            }
            Ok(None) => {} // its last step was done, and nobody was told
            Err(error) => return Err(differs(format!("{name} is not restored: {error}"))),
        }
        self.totals.restores += 1;
        Ok(Some(Box::new(self.world_on(disk, &history, events, goes_on))))
    }

    /// A backup of this history, mostly the newest.
    fn choose(&mut self) -> Result<Option<(String, Manifest, bool)>, Violation> {
        let eye = self.store.eye();
        let wrong = |error: BackupError| differs(format!("a backup is there in part: {error}"));
        let lineage = self.node.as_ref().map(|node| node.identity().lineage);
        let mut all = Vec::new();
        for listed in list(&*eye).map_err(wrong)? {
            let manifest = load(&*eye, &listed.name).map_err(wrong)?;
            if Some(manifest.lineage.0) == lineage {
                all.push((listed.name, manifest));
            }
        }
        if all.is_empty() {
            return Ok(None);
        }
        let newest = all.len() - 1;
        let at = if self.rng.percent(50) { newest } else { self.rng.index(all.len()) };
        let (name, manifest) = all.swap_remove(at);
        Ok(Some((name, manifest, at == newest)))
    }

    /// Up to where it is restored, and as which history.
    fn moment(&mut self, events: &[Event], is_newest: bool) -> (Moment, LineageChoice) {
        let lineage = match self.rng.below(10) {
            // What others have of the same history must not go on beyond it.
            0..3 if is_newest => return (Moment::End, LineageChoice::Same),
            0..5 => LineageChoice::Fork,
            _ => LineageChoice::New,
        };
        let event = self.rng.pick_recent(events).map_or((1, 1), |e| (e.sequence, e.timestamp_ns));
        let moment = match self.rng.below(10) {
            0..2 => Moment::End,
            2..7 => Moment::Sequence(event.0),
            7..9 => Moment::Time(event.1),
            _ => Moment::Time(event.1 - 1),
        };
        (moment, lineage)
    }

    /// Now and then, the backup is read where it lies.
    fn check_backup(&mut self, manifest: &Manifest, events: &[Event]) -> Verdict {
        if !self.rng.percent(30) {
            return Ok(());
        }
        let mut ledger = Ledger::new(self.rng.next_u64());
        let replayed = events.iter().try_for_each(|event| ledger.replay(event).map(drop));
        replayed.map_err(differs)?;
        let eye = self.store.eye();
        let verified = verify(&eye, manifest, &mut |_| ControlFlow::Continue(()));
        let verified = verified.map_err(|error| differs(format!("a backup: {error}")))?;
        require(verified.digest == ledger.digest(), Invariant::RestoredIsThePast, || {
            format!("the digest of a backup of event {}", manifest.sequence)
        })
    }

    /// Restores on a machine that may fail the first time. What is there after that is all or nothing. `None`: it is there,
    /// and whoever did it did not live to tell.
    fn restore_on(
        &mut self,
        disk: &SimDisk,
        manifest: &Manifest,
        options: &RestoreOptions,
    ) -> Result<Result<Option<Restored>, BackupError>, Violation> {
        let data = Path::new(DATA);
        let run = |objects: &dyn Objects| {
            restore(disk, objects, manifest, data, options, &mut |_| ControlFlow::Continue(()))
        };
        let soon = Some(disk.operations() + self.rng.below(120));
        match self.rng.below(10) {
            0..3 => disk.set_faults(Faults { crash_at: soon, ..Faults::default() }),
            3..5 => disk.set_faults(Faults { fail_at: soon, ..Faults::default() }),
            _ => {}
        }
        let (place, failures) = (self.store.place(), self.store.failures());
        let first = run(&*place);
        let has_failed = self.store.failures() > failures
            || disk.has_crashed()
            || disk.counters().failed_operations > 0;
        let is_lost = disk.has_crashed() || self.rng.percent(50);
        if is_lost {
            disk.crash();
        } else {
            disk.kill();
        }
        disk.set_faults(Faults::default());
        let error = match first {
            Ok(restored) => return Ok(Ok(Some(restored))),
            Err(error @ BackupError::Moment { .. }) => return Ok(Err(error)),
            Err(error) => error,
        };
        self.note(format_args!("it is not restored: {error}"));
        require(has_failed, Invariant::RestoredIsThePast, || error.to_string())?;
        // It has its name last, and its last sync may have failed: the machine goes down, or nobody knows whether it stays.
        disk.crash();
        if !disk.files(dir()).is_empty() {
            return Ok(Ok(None));
        }
        Ok(run(&*self.store.eye()).map(Some))
    }

    /// The world on another machine, where the past ends earlier.
    fn world_on(
        &mut self,
        disk: SimDisk,
        history: &History,
        events: Vec<Event>,
        goes_on: bool,
    ) -> Self {
        let mut clients = self.clients.clone();
        clients.begin_again();
        let mut book = self.book.clone();
        book.roll_back(history);
        let mut subscriber = self.subscriber.clone();
        subscriber.roll_back(history.last_sequence());
        // What goes on beside has a store of its own: it may have the same history.
        let store = if goes_on { self.store.clone() } else { self.store.copy() };
        Self {
            rng: self.rng.fork(),
            profile: self.profile.clone(),
            plant: self.plant,
            clock: self.clock.clone(),
            process: ProcessDisk::new(disk.clone(), self.plant.lie()),
            disk,
            node: None,
            clients,
            book,
            past: Past::of(events),
            trace: Trace::new(),
            totals: Totals::default(),
            aside: Totals::default(),
            coverage: Coverage::default(),
            subscriber,
            well_at: u64::MAX,
            line_good_at: if goes_on { self.line_good_at } else { u64::MAX },
            is_backing_up: false,
            is_aside: self.is_aside || !goes_on,
            store,
        }
    }

    /// The line to the store is as it should be.
    pub fn mend_line(&mut self) {
        self.store.set_line(Line::Good);
        self.line_good_at = u64::MAX;
    }
}
