//! Sending transfers, and trying again what was refused before.

use std::collections::HashSet;

use florin_client::{
    Asset, Client, Error, GroupId, GroupRefused, Outcome, Reason, Refused, TransferId,
};

use super::rows::TransferRow;
use super::units::{Group, Unit};
use crate::cli::failure::Failure;
use crate::cli::import::ask::in_parts;
use crate::cli::import::ids;
use crate::cli::import::interrupt::Interrupt;
use crate::cli::import::report::{RefusedRows, Report};
use crate::cli::view::{Parties, RefusedView};

/// Sends one unit after the other.
pub(super) struct Sender<'a> {
    pub client: &'a Client,
    pub interrupt: Interrupt,
    /// Rows that an earlier import found refused are tried again, under the id that follows from the refused one.
    pub retry_refused: bool,
}

/// A row under one of its ids: the first, or one of those that follow from refusals.
struct Attempt {
    row: TransferRow,
    id: TransferId,
}

impl Attempt {
    fn next(self) -> Self {
        Self { id: TransferId(ids::after_refusal(self.id.0)), ..self }
    }
}

impl Sender<'_> {
    /// Sends a unit, and reports what became of its rows.
    pub async fn send(&mut self, unit: Unit, report: &mut Report<'_, '_>) -> Result<(), Failure> {
        match unit {
            Unit::Batch(rows) => self.batch(rows, report).await?,
            Unit::Group(group) => self.group(group, report).await?,
        }
        self.interrupt.check()
    }

    async fn batch(
        &mut self,
        rows: Vec<TransferRow>,
        report: &mut Report<'_, '_>,
    ) -> Result<(), Failure> {
        let mut pending: Vec<Attempt> =
            rows.into_iter().map(|row| Attempt { id: row.id, row }).collect();
        while !pending.is_empty() {
            let transfers = pending.iter().map(|attempt| attempt.row.transfer(attempt.id));
            let outcomes = self.interrupt.answer(self.client.create_transfers(transfers)).await?;
            if outcomes.len() != pending.len() {
                return Err(Error::Malformed { what: "not one result for each transfer" }.into());
            }
            let refused_before = self.refused_before(&outcomes).await?;
            let mut again = Vec::new();
            for (attempt, outcome) in pending.into_iter().zip(outcomes) {
                match outcome {
                    Ok(posted) => report.applied(1, posted.replayed),
                    Err(_) if refused_before.contains(&attempt.id) => again.push(attempt.next()),
                    Err(refused) => report_row(&attempt, &refused, report)?,
                }
            }
            pending = again;
        }
        Ok(())
    }

    /// Which of these were refused by an earlier import, and may be tried again. A row that was mended since is answered
    /// with `ID_REUSED`, whatever became of the first one: the record of that says it.
    async fn refused_before(&self, outcomes: &[Outcome]) -> Result<HashSet<TransferId>, Failure> {
        if !self.retry_refused {
            return Ok(HashSet::new());
        }
        let refused = || outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        let mut before: HashSet<TransferId> = refused()
            .filter(|refused| refused.replayed && refused.sequence != 0)
            .map(|refused| refused.id)
            .collect();
        let used_twice: Vec<TransferId> = refused()
            .filter(|refused| refused.refusal.reason == Reason::IdReused)
            .map(|refused| refused.id)
            .collect();
        let refused = in_parts(&used_twice, async |asked| {
            let records = self.client.get_transfers(asked.iter().copied()).await?.found;
            let refused = records.into_iter().filter(|record| record.outcome.is_err());
            Ok(refused.map(|record| record.id).collect())
        });
        before.extend(refused.await?);
        Ok(before)
    }

    async fn group(&mut self, group: Group, report: &mut Report<'_, '_>) -> Result<(), Failure> {
        let Group { mut id, rows } = group;
        loop {
            let transfers = rows.iter().map(|row| row.transfer(row.id));
            let outcome = self.interrupt.answer(self.client.create_group(id, transfers)).await?;
            match outcome {
                Ok(posted) => {
                    report.applied(rows.len(), posted.replayed);
                    return Ok(());
                }
                Err(refused) if self.retry_refused && refused.replayed && has_used_up(&refused) => {
                    id = GroupId(ids::after_refusal(id.0));
                }
                Err(refused) => return report_group(&rows, refused, report),
            }
        }
    }
}

/// Whether the group has an id no more, and all of it may be tried again under another one. Where a member is known
/// from elsewhere, it may have been applied there.
fn has_used_up(refused: &GroupRefused) -> bool {
    refused.sequence != 0 && refused.refusal.reason != Reason::GroupMixed
}

fn report_row(
    attempt: &Attempt,
    refused: &Refused,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let row = &attempt.row;
    let parties = parties(row);
    report.refused(&RefusedRows {
        line: row.line,
        group: None,
        subject: subject(row),
        view: RefusedView::transfer(refused, Some(&parties)),
        refusal: &refused.refusal,
        asset: Some(&row.asset),
        used_up: (refused.sequence != 0).then_some(attempt.id.0),
        rows: vec![(row.line, &row.cells)],
    })
}

fn report_group(
    rows: &[TransferRow],
    refused: GroupRefused,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let used_up = has_used_up(&refused).then_some(refused.id.0);
    let member = usize::try_from(refused.refusal.member).ok().and_then(|member| rows.get(member));
    let Some(decided) = member.or(rows.first()) else { return Ok(()) };
    // To show it as a transfer is shown: what was refused has the id of the group.
    let refused = Refused {
        id: TransferId(refused.id.0),
        replayed: refused.replayed,
        sequence: refused.sequence,
        timestamp_ns: 0,
        refusal: refused.refusal,
    };
    let label = decided.group.as_deref().unwrap_or_default();
    let parties = parties(decided);
    report.refused(&RefusedRows {
        line: decided.line,
        group: Some(label),
        subject: format!("{} and its group (rows: {})", subject(decided), rows.len()),
        view: RefusedView::transfer(&refused, Some(&parties)),
        refusal: &refused.refusal,
        asset: Some(&decided.asset),
        used_up,
        rows: rows.iter().map(|row| (row.line, &row.cells)).collect(),
    })
}

fn parties(row: &TransferRow) -> Parties {
    Parties {
        debit: row.debit.clone(),
        credit: row.credit.clone(),
        asset: Asset::clone(&row.asset),
    }
}

fn subject(row: &TransferRow) -> String {
    let amount = florin_client::money::format_minor_unsigned(row.amount_minor, row.asset.scale);
    format!("{} → {} {amount} {}", row.debit, row.credit, row.asset.code)
}
