//! `florin verify`: reads a data directory that no server has open, and says whether its journal is one
//! unbroken chain, whether replaying it gives what was recorded, and whether money was conserved.

use std::fmt;
use std::path::Path;

use florin_engine::Ledger;
use florin_persistence::archive::Archive;
use florin_persistence::{Base, DataDir, OpenError, RealDisk, SealedIndex, scan, scan_behind};

use crate::backup::journal_of;
use crate::serve::ReplayBar;

/// Verifies and reports; `false` if something is wrong.
///
/// # Errors
/// The directory cannot be opened: it is locked, or not one of ours.
pub fn run(data: &Path, json: bool) -> anyhow::Result<bool> {
    let dir = DataDir::open_existing(data)
        .map_err(|error| anyhow::anyhow!("{}: {error}", error.reason()))?;
    let mut ledger = Ledger::new(0);
    let mut digests = 0u64;
    let mut bar = ReplayBar::new();
    let mut replay = |event: florin_engine::Event| {
        ledger.replay(&event)?;
        digests += u64::from(matches!(event.body, florin_engine::Body::DigestTaken { .. }));
        Ok(())
    };
    let mut differs = None;
    let mut checked = |event: florin_engine::Event| {
        replay(event).inspect_err(|what: &String| differs = Some(what.clone()))
    };
    let mut told = |progress| bar.show(&progress);
    let (journal, skipped) = archived(&dir)?;
    let folder = dir.journal(0);
    let scanned = match &skipped {
        None => scan(&journal, &folder, &mut checked, &mut told),
        Some(Skipped { base, .. }) => {
            scan_behind(&journal, &folder, base.clone(), &mut |_| Ok(()), &mut told)
        }
    };
    bar.finish();

    // Without the archive there is nothing that events could be replayed on.
    let conserved = ledger.is_conserved() && ledger.is_conserved_by_account();
    let conserved = skipped.is_none().then_some(conserved);
    let replay_equal = skipped.is_none().then_some(differs.is_none());
    // Where replay stopped, nobody has looked at the chain behind.
    let (chain_whole, what) = match &scanned {
        Ok(report) if report.segments == 0 => {
            (Some(false), Some("there is no segment of a journal here".to_owned()))
        }
        Ok(_) => (Some(true), skipped.as_ref().map(ToString::to_string)),
        Err(error) if differs.is_none() => {
            (Some(false), Some(format!("{}: {error}", error.reason())))
        }
        Err(error) => (None, Some(error.to_string())),
    };
    let report = scanned.ok();
    let held = [chain_whole, replay_equal, conserved];
    let good = held == [Some(true); 3] && report.is_some();
    let sequence = report.as_ref().map_or(ledger.last_sequence(), |report| report.last_sequence);
    let counters = ledger.counters();
    let segments = report.as_ref().map_or(0, |report| report.segments);
    let frames = report.as_ref().map_or(0, |report| report.frames);
    let format = report.as_ref().map_or(0, |report| report.format);
    let bytes = report.as_ref().map_or(0, |report| report.bytes);
    let tail_bytes =
        report.as_ref().map_or(0, |report| report.cut.as_ref().map_or(0, |cut| cut.bytes));
    if json {
        let report = serde_json::json!({
            "ok": good,
            "chain_whole": chain_whole,
            "replay_equal": replay_equal,
            "conserved": conserved,
            "problem": what,
            "not_looked_at_through": skipped.as_ref().map(|skipped| skipped.base.through()),
            "archived_through": journal.through(),
            "sequence": sequence,
            "format": format,
            "segments": segments,
            "frames": frames,
            "journal_bytes": bytes,
            "unacknowledged_tail_bytes": tail_bytes,
            "accounts": ledger.accounts_len(),
            "transfers_posted": counters.transfers_posted,
            "transfers_refused": counters.transfers_refused,
            "digests_checked": digests,
            "digest": hex(&ledger.digest()),
        });
        println!("{report}");
        return Ok(good);
    }
    let yes_no = |holds: Option<bool>| match holds {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "unknown",
    };
    println!(
        "chain whole     {}  ({segments} segments, {frames} frames, {bytes} bytes)",
        yes_no(chain_whole)
    );
    println!(
        "replay equal    {}  ({} events; {digests} recorded digests of the state checked)",
        yes_no(replay_equal),
        ledger.last_sequence(),
    );
    println!(
        "conserved       {}  ({} accounts, {} transfers posted, {} refused)",
        yes_no(conserved),
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
    println!("format          {format}");
    if journal.through() > 0 {
        println!("archived        events 1 to {}, {} bytes", journal.through(), journal.bytes());
    }
    if tail_bytes > 0 {
        println!(
            "unacknowledged  {tail_bytes} bytes at the end, cut at the next start: a write that a crash tore"
        );
    }
    println!("state digest    {}", hex(&ledger.digest()));
    if let Some(what) = what {
        println!("problem         {what}");
    }
    Ok(good)
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
fn archived(dir: &DataDir) -> anyhow::Result<(Archive<RealDisk>, Option<Skipped>)> {
    let failed = |error: &OpenError| anyhow::anyhow!("{}: {error}", error.reason());
    let (journal, problem) = journal_of(dir).map_err(|error| failed(&error))?;
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
