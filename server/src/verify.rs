//! `florin verify`: reads a data directory that no server has open, and says whether its journal is one
//! unbroken chain, whether replaying it gives what was recorded, and whether money was conserved.

use std::path::Path;

use florin_engine::Ledger;
use florin_persistence::{DataDir, RealDisk};

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
    let scanned =
        florin_persistence::scan(&RealDisk, &dir.journal(0), &mut checked, &mut |progress| {
            bar.show(&progress);
        });
    bar.finish();

    let conserved = ledger.is_conserved() && ledger.is_conserved_by_account();
    let replay_equal = differs.is_none();
    // Where replay stopped, nobody has looked at the chain behind.
    let (chain_whole, what) = match &scanned {
        Ok(report) if report.segments == 0 => {
            (Some(false), Some("there is no segment of a journal here".to_owned()))
        }
        Ok(_) => (Some(true), None),
        Err(error) if replay_equal => (Some(false), Some(format!("{}: {error}", error.reason()))),
        Err(error) => (None, Some(error.to_string())),
    };
    let report = scanned.ok();
    let good = chain_whole == Some(true) && replay_equal && conserved && report.is_some();
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
            "sequence": ledger.last_sequence(),
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
    let yes_no = |holds: bool| if holds { "yes" } else { "NO" };
    println!(
        "chain whole     {}  ({segments} segments, {frames} frames, {bytes} bytes)",
        chain_whole.map_or("unknown", yes_no)
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
