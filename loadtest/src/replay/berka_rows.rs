//! The bank's rows as double entry.
//!
//! Every row moves money between a customer's account and one of the bank's own. A row that the bank
//! rounded is two transfers in one group: the row, and its rounding.

use anyhow::{Context, Result, bail, ensure};
use florin_proto::v1::{AccountKey, NewTransfer};
use serde::Deserialize;

use crate::names::{NamedAccount, transfer_id};
use crate::replay::rows::value_date;

/// A row of `transactions.csv.gz`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    trans_id: u64,
    account_id: u64,
    date: String,
    direction: Direction,
    operation_cz: String,
    amount_minor: u64,
    balance_after_minor: i64,
    src_rounding_minor: i64,
    k_symbol: String,
    partner_bank: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Direction {
    Credit,
    Debit,
}

/// A row of `expected_closing_balances.csv.gz`.
#[derive(Debug, Clone, Deserialize)]
pub struct Closing {
    /// The customer's account.
    pub account_id: u64,
    /// What the bank says is in it at the end.
    pub closing_balance_minor: i64,
}

/// A row as it is posted.
#[derive(Debug, Clone)]
pub struct Posting {
    /// The bank's id of the row.
    pub trans_id: u64,
    /// The customer's account.
    pub customer: NamedAccount,
    /// The accounts of the bank that take part, the rounding account included.
    pub counterparties: Vec<NamedAccount>,
    /// One transfer, or two with a rounding.
    pub transfers: Vec<NewTransfer>,
    /// Whether the customer is the creditor of the last transfer.
    pub last_credits_customer: bool,
    /// The bank's own balance after the row, minor units.
    pub balance_after: i128,
}

impl Posting {
    /// The double entry of a row.
    pub fn of(row: &Row) -> Result<Self> {
        Self::build(row).with_context(|| format!("transaction {}", row.trans_id))
    }

    fn build(row: &Row) -> Result<Self> {
        let customer = customer(row.account_id);
        let counterparty = NamedAccount::new(counterparty(row)?);
        let value_date = value_date(&row.date)?;
        let transfer = |what: String, other: &NamedAccount, amount: u64, credits: bool| {
            let (debit, credit) =
                if credits { (other.id, customer.id) } else { (customer.id, other.id) };
            NewTransfer {
                id: Some(transfer_id(&what).into()),
                debit_account: Some(AccountKey::from(debit)),
                credit_account: Some(AccountKey::from(credit)),
                amount: Some(u128::from(amount).into()),
                value_date,
                ..NewTransfer::default()
            }
        };
        let credits = row.direction == Direction::Credit;
        let mut posting = Self {
            trans_id: row.trans_id,
            transfers: vec![transfer(
                format!("berka:{}", row.trans_id),
                &counterparty,
                row.amount_minor,
                credits,
            )],
            counterparties: vec![counterparty],
            last_credits_customer: credits,
            balance_after: row.balance_after_minor.into(),
            customer: customer.clone(),
        };
        if row.src_rounding_minor != 0 {
            let rounding = NamedAccount::new("berka:ROUNDING".into());
            let credits = row.src_rounding_minor > 0;
            posting.transfers.push(transfer(
                format!("berka:{}:rounding", row.trans_id),
                &rounding,
                row.src_rounding_minor.unsigned_abs(),
                credits,
            ));
            posting.counterparties.push(rounding);
            posting.last_credits_customer = credits;
        }
        Ok(posting)
    }

    /// Whether the row is a group.
    pub fn is_group(&self) -> bool {
        self.transfers.len() > 1
    }

    /// The id of the group that the row is, if it is one.
    pub fn group_id(&self) -> u128 {
        transfer_id(&format!("berka:{}:group", self.trans_id))
    }
}

/// The account of a customer.
pub fn customer(account_id: u64) -> NamedAccount {
    NamedAccount::new(format!("berka:account:{account_id}"))
}

/// The bank's side of a row: what the payment was for decides first, then how it was made.
fn counterparty(row: &Row) -> Result<String> {
    let own = match row.k_symbol.as_str() {
        "UROK" => Some("INTEREST_EXPENSE"),
        "SLUZBY" => Some("FEE_INCOME"),
        "SANKC. UROK" => Some("PENALTY_INCOME"),
        "UVER" => Some("LOANS"),
        _ => None,
    };
    if let Some(own) = own {
        return Ok(format!("berka:{own}"));
    }
    match row.operation_cz.as_str() {
        "VKLAD" | "VYBER" | "VYBER KARTOU" => Ok("berka:CASH".into()),
        "PREVOD NA UCET" | "PREVOD Z UCTU" => {
            ensure!(!row.partner_bank.is_empty(), "a transfer without a partner bank");
            Ok(format!("berka:CLEARING:{}", row.partner_bank))
        }
        other => bail!("no rule for operation {other:?} with symbol {:?}", row.k_symbol),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::names::wide;
    use crate::replay::rows::{self, parse};

    const HEADER: &str = "seq,trans_id,account_id,date,direction,type_cz,operation_cz,amount_minor,\
                          balance_after_minor,src_rounding_minor,k_symbol,partner_bank,partner_account";

    fn posting(line: &str) -> Result<Posting> {
        let rows: Vec<Row> = parse(format!("{HEADER}\n{line}\n").as_bytes())?;
        Posting::of(&rows[0])
    }

    fn id_of(key: Option<&AccountKey>) -> u128 {
        use florin_proto::v1::account_key::Key;
        match key.and_then(|key| key.key.clone()) {
            Some(Key::Id(id)) => id.into(),
            _ => 0,
        }
    }

    #[test]
    fn rows_become_double_entries() {
        let bank = |name: &str| NamedAccount::new(format!("berka:{name}")).id;
        let me = customer(8).id;
        for (line, entries) in [
            ("1,7,8,1993-01-01,CREDIT,PRIJEM,VKLAD,700,700,0,,,", vec![(bank("CASH"), me, 700)]),
            ("1,7,8,1993-01-01,DEBIT,VYDAJ,VYBER,300,0,0,SIPO,,", vec![(me, bank("CASH"), 300)]),
            ("1,7,8,1993-01-01,DEBIT,VYDAJ,VYBER KARTOU,1,0,0,,,", vec![(me, bank("CASH"), 1)]),
            (
                "1,7,8,1993-01-01,DEBIT,VYDAJ,PREVOD NA UCET,5,0,0,SIPO,AB,99",
                vec![(me, bank("CLEARING:AB"), 5)],
            ),
            (
                "1,7,8,1993-01-01,CREDIT,PRIJEM,PREVOD Z UCTU,5,0,0,DUCHOD,YZ,99",
                vec![(bank("CLEARING:YZ"), me, 5)],
            ),
            (
                "1,7,8,1993-01-01,DEBIT,VYDAJ,PREVOD NA UCET,5,0,0,UVER,AB,99",
                vec![(me, bank("LOANS"), 5)],
            ),
            (
                "1,7,8,1993-01-01,DEBIT,VYDAJ,VYBER,5,0,0,SLUZBY,,",
                vec![(me, bank("FEE_INCOME"), 5)],
            ),
            (
                "1,7,8,1993-01-31,CREDIT,PRIJEM,,1413,1403,-10,UROK,,",
                vec![(bank("INTEREST_EXPENSE"), me, 1413), (me, bank("ROUNDING"), 10)],
            ),
            (
                "1,7,8,1993-01-31,DEBIT,VYDAJ,VYBER,20,-10,10,SANKC. UROK,,",
                vec![(me, bank("PENALTY_INCOME"), 20), (bank("ROUNDING"), me, 10)],
            ),
        ] {
            let posting = posting(line).expect(line);
            let found: Vec<_> = posting
                .transfers
                .iter()
                .map(|t| {
                    let accounts =
                        (id_of(t.debit_account.as_ref()), id_of(t.credit_account.as_ref()));
                    (accounts.0, accounts.1, wide(t.amount))
                })
                .collect();
            assert_eq!(found, entries, "{line}");
            assert_eq!(posting.is_group(), entries.len() == 2);
            assert_eq!(posting.last_credits_customer, entries.last().is_some_and(|e| e.1 == me));
            assert_eq!(posting.counterparties.len(), entries.len());
        }
    }

    #[test]
    fn a_row_keeps_its_date_balance_and_ids() {
        let line = "1,7,8,1993-01-31,CREDIT,PRIJEM,,1413,-1403,-10,UROK,,";
        let (first, again) = (posting(line).expect("sound"), posting(line).expect("sound"));
        assert_eq!(first.transfers, again.transfers);
        assert_eq!(first.group_id(), again.group_id());
        assert_eq!(first.transfers[0].value_date, 19_930_131);
        assert_eq!(first.balance_after, -1403);
        assert_ne!(first.transfers[0].id, first.transfers[1].id);
    }

    #[test]
    fn what_fits_no_rule_is_said() {
        for (line, complaint) in [
            ("1,7,8,1993-01-01,CREDIT,PRIJEM,,5,5,0,,,", "transaction 7"),
            ("1,7,8,1993-01-01,CREDIT,PRIJEM,PREVOD Z UCTU,5,5,0,,,", "partner bank"),
            ("1,7,8,930101,CREDIT,PRIJEM,VKLAD,5,5,0,,,", "930101"),
            ("1,7,8,1993-01-01,SIDEWAYS,PRIJEM,VKLAD,5,5,0,,,", "line 2"),
            ("1,7,8,1993-01-01,CREDIT,PRIJEM,VKLAD,-5,5,0,,,", "line 2"),
        ] {
            let text = format!("{:#}", posting(line).expect_err(line));
            assert!(text.contains(complaint), "{text}");
        }
    }

    #[test]
    fn the_double_entry_of_the_whole_bank_gives_its_own_balance_after_every_row() {
        let Some(dir) = rows::shared_data("berka1993") else { return };
        let rows: Vec<Row> = rows::read(&dir.join("transactions.csv.gz")).expect("sound");
        let mut balances: HashMap<u128, i128> = HashMap::new();
        let mut transfers = 0;
        for row in &rows {
            let posting = Posting::of(row).expect("sound");
            for transfer in &posting.transfers {
                let amount = wide(transfer.amount).cast_signed();
                *balances.entry(id_of(transfer.debit_account.as_ref())).or_default() -= amount;
                *balances.entry(id_of(transfer.credit_account.as_ref())).or_default() += amount;
                transfers += 1;
            }
            let after = balances.get(&posting.customer.id).copied();
            assert_eq!(after, Some(posting.balance_after), "transaction {}", posting.trans_id);
        }
        assert_eq!((rows.len(), transfers), (46_997, 49_028));
        assert_eq!(balances.values().sum::<i128>(), 0);
    }
}
