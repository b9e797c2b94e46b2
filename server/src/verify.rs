//! `florin verify`: reads a data directory that no server has open, and says whether its journal is one
//! unbroken chain, whether replaying it gives what was recorded, and whether money was conserved.

use std::fmt;
use std::path::Path;

use florin_engine::Ledger;
use florin_persistence::archive::Archive;
use florin_persistence::{
    Base, DataDir, OpenError, RealDisk, ScanReport, SealedIndex, scan, scan_behind,
};

use crate::backup::journal_of;
use crate::serve::ReplayBar;

/// Verifies and reports; `false` if something is wrong. `archive` is where the archive is now, if it was moved.
///
/// # Errors
/// The directory cannot be opened: it is locked, or not one of ours.
pub fn run(data: &Path, archive: Option<&str>, json: bool) -> anyhow::Result<bool> {
    let dir = DataDir::open_existing(data)
        .map_err(|error| anyhow::anyhow!("{}: {error}", error.reason()))?;
    let found = Findings::of(&dir, archive)?;
    if json {
        println!("{}", found.as_json());
    } else {
        found.print();
    }
    Ok(found.is_good())
}

/// What was found.
struct Findings {
    ledger: Ledger,
    /// `None` if the journal could not be read to its end.
    report: Option<ScanReport>,
    digests: u64,
    journal: Archive<RealDisk>,
    skipped: Option<Skipped>,
    // `None` where nobody could look.
    chain_whole: Option<bool>,
    replay_equal: Option<bool>,
    conserved: Option<bool>,
    problem: Option<String>,
}

impl Findings {
    fn of(dir: &DataDir, archive: Option<&str>) -> anyhow::Result<Self> {
        let (journal, skipped) = archived(dir, archive)?;
        let mut ledger = Ledger::new(0);
        let mut digests = 0u64;
        let mut differs = None;
        let mut checked = |event: florin_engine::Event| {
            ledger.replay(&event).inspect_err(|what: &String| differs = Some(what.clone()))?;
            digests += u64::from(matches!(event.body, florin_engine::Body::DigestTaken { .. }));
            Ok(())
        };
        let mut bar = ReplayBar::new();
        let mut told = |progress| bar.show(&progress);
        let folder = dir.journal(0);
        let scanned = match &skipped {
            None => scan(&journal, &folder, &mut checked, &mut told),
            Some(Skipped { base, .. }) => {
                scan_behind(&journal, &folder, base.clone(), &mut |_| Ok(()), &mut told)
            }
        };
        bar.finish();

        // Nobody could look at the rest: that says nothing about what is in it.
        let broke_off = scanned.as_ref().is_err_and(OpenError::is_out_of_reach);
        // Without the archive there is nothing that events could be replayed on.
        let conserved = ledger.is_conserved() && ledger.is_conserved_by_account();
        let is_replayed = skipped.is_none() && !broke_off;
        let conserved = is_replayed.then_some(conserved);
        let replay_equal = is_replayed.then_some(differs.is_none());
        // Where replay stopped, nobody has looked at the chain behind.
        let (chain_whole, problem) = match &scanned {
            Ok(report) if report.segments == 0 && skipped.is_none() => {
                (Some(false), Some("there is no segment of a journal here".to_owned()))
            }
            Ok(_) => (Some(true), skipped.as_ref().map(ToString::to_string)),
            Err(error) if broke_off => {
                let through = journal.through();
                let what =
                    format!("DATA_ARCHIVED: of events 1 to {through} not all were looked at");
                (None, Some(format!("{what}: {error}")))
            }
            Err(error) if differs.is_none() => {
                (Some(false), Some(format!("{}: {error}", error.reason())))
            }
            Err(error) => (None, Some(error.to_string())),
        };
        let report = scanned.ok();
        Ok(Self {
            ledger,
            report,
            digests,
            journal,
            skipped,
            chain_whole,
            replay_equal,
            conserved,
            problem,
        })
    }

    fn is_good(&self) -> bool {
        let Self { chain_whole, replay_equal, conserved, report, .. } = self;
        [*chain_whole, *replay_equal, *conserved] == [Some(true); 3] && report.is_some()
    }

    /// A figure of the journal; 0 if it could not be read to its end.
    fn figure(&self, of: impl FnOnce(&ScanReport) -> u64) -> u64 {
        self.report.as_ref().map_or(0, of)
    }

    /// Bytes at the end that nobody was told about.
    fn tail_bytes(&self) -> u64 {
        self.figure(|report| report.cut.as_ref().map_or(0, |cut| cut.bytes))
    }

    fn as_json(&self) -> serde_json::Value {
        let Self { ledger, report, .. } = self;
        let counters = ledger.counters();
        let last_sequence = |report: &ScanReport| report.last_sequence;
        serde_json::json!({
            "ok": self.is_good(),
            "chain_whole": self.chain_whole,
            "replay_equal": self.replay_equal,
            "conserved": self.conserved,
            "problem": self.problem,
            "not_looked_at_through": self.skipped.as_ref().map(|skipped| skipped.base.through()),
            "archived_through": self.journal.through(),
            "sequence": report.as_ref().map_or(ledger.last_sequence(), last_sequence),
            "format": self.figure(|report| report.format.into()),
            "segments": self.figure(|report| report.segments),
            "frames": self.figure(|report| report.frames),
            "journal_bytes": self.figure(|report| report.bytes),
            "unacknowledged_tail_bytes": self.tail_bytes(),
            "accounts": ledger.accounts_len(),
            "transfers_posted": counters.transfers_posted,
            "transfers_refused": counters.transfers_refused,
            "digests_checked": self.digests,
            "digest": hex(&ledger.digest()),
        })
    }

    fn print(&self) {
        let Self { ledger, journal, .. } = self;
        let counters = ledger.counters();
        println!(
            "chain whole     {}  ({} segments, {} frames, {} bytes)",
            yes_no(self.chain_whole),
            self.figure(|report| report.segments),
            self.figure(|report| report.frames),
            self.figure(|report| report.bytes),
        );
        println!(
            "replay equal    {}  ({} events; {} recorded digests of the state checked)",
            yes_no(self.replay_equal),
            ledger.last_sequence(),
            self.digests,
        );
        println!(
            "conserved       {}  ({} accounts, {} transfers posted, {} refused)",
            yes_no(self.conserved),
            ledger.accounts_len(),
            counters.transfers_posted,
            counters.transfers_refused,
        );
        for asset in ledger.assets() {
            let sum = |minor| florin_proto::money::format_minor_unsigned(minor, asset.scale.into());
            println!(
                "  {:<16}debits {}, credits {}",
                asset.code.as_str(),
                sum(asset.debits_posted_minor),
                sum(asset.credits_posted_minor),
            );
        }
        println!("format          {}", self.figure(|report| report.format.into()));
        if journal.through() > 0 {
            println!(
                "archived        events 1 to {}, {} bytes",
                journal.through(),
                journal.bytes()
            );
        }
        let tail_bytes = self.tail_bytes();
        if tail_bytes > 0 {
            println!(
                "unacknowledged  {tail_bytes} bytes at the end, cut at the next start: a write that a crash tore"
            );
        }
        println!("state digest    {}", hex(&ledger.digest()));
        if let Some(what) = &self.problem {
            println!("problem         {what}");
        }
    }
}

fn yes_no(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "unknown",
    }
}

/// What cannot be looked at.
struct Skipped {
    base: Base,
    why: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (through, why) = (self.base.through(), &self.why);
        write!(f, "DATA_ARCHIVED: events 1 to {through} were not looked at: {why}")
    }
}

/// The journal with its archive, and what of it cannot be read.
fn archived(
    dir: &DataDir,
    elsewhere: Option<&str>,
) -> anyhow::Result<(Archive<RealDisk>, Option<Skipped>)> {
    let failed = |error: &OpenError| anyhow::anyhow!("{}: {error}", error.reason());
    let (journal, problem) = journal_of(dir, elsewhere).map_err(|error| failed(&error))?;
    let segments = journal.segments();
    let Some(newest) = segments.last() else { return Ok((journal, None)) };
    let missing = || match journal.missing() {
        Ok(object) => object.map(|object| format!("{object} is not in the archive")),
        Err(error) => Some(error.to_string()),
    };
    let Some(why) = problem.or_else(missing) else { return Ok((journal, None)) };
    let index = SealedIndex::load(&RealDisk, &dir.sealed(0), newest.object.number);
    let index = index.map_err(|error| anyhow::anyhow!("{error}, and {why}"))?;
    let base = index.and_then(|index| Base::new(0, &segments, index.passed()));
    let through = journal.through();
    let base = base.ok_or_else(|| failed(&OpenError::Archived { needed: 1, through }))?;
    Ok((journal, Some(Skipped { base, why })))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
