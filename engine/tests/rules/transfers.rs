//! Transfers and groups: what is posted, and every reason that the state of the ledger has against it.

use florin_engine::Reason;

use crate::{accounts, cases, ceilings, holds, payments, script};

/// Every reason, in order of precedence.
pub const REFUSED: &str = "
    pay 10 1 2 5 | pay 10 1 2 6                                -> ID_REUSED amount
    group 9 { pay 10 1 2 5 } | group 9 { pay 10 1 2 6 }        -> ID_REUSED transfers[0].amount
    pay 10 1 2 5 | group 9 { pay 10 1 2 5 }                    -> GROUP_MIXED
    pay 10 1 2 5 | group 9 { pay 11 1 2 5 ; pay 10 1 2 5 }     -> GROUP_MIXED member=1
    group 8 { pay 10 1 2 5 } | group 9 { pay 10 1 2 5 }        -> GROUP_MIXED
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | group 9 { pay 10 1 2 5 } -> GROUP_MIXED
    undo 11 10                                                 -> ORIGINAL_NOT_FOUND
    group 9 { undo 11 10 ; pay 10 1 2 5 }                      -> ORIGINAL_NOT_FOUND
    group 10 { pay 9 1 2 5 } | undo 11 10                      -> ORIGINAL_NOT_FOUND
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | undo 11 10 -> ORIGINAL_NOT_POSTED
    batch { pay 10 2 1 5 ; undo 11 10 } -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 ; ORIGINAL_NOT_POSTED
    pay 10 1 2 5 | undo 11 10 | undo 12 10                     -> ALREADY_REVERSED asked=5
    pay 10 1 2 5 | batch { undo 11 10 ; undo 12 10 }           -> posted ; ALREADY_REVERSED asked=5
    pay 10 1 2 5 | group 9 { undo 11 10 ; undo 12 10 }         -> ALREADY_REVERSED member=1 asked=5
    pay 10 7 2 5                                               -> ACCOUNT_NOT_FOUND account=7 asked=5
    pay 10 1 7 5                                               -> ACCOUNT_NOT_FOUND account=7 asked=5
    pay 10 7 8 5                                               -> ACCOUNT_NOT_FOUND account=7 asked=5
    tenant 1 | pay 10 1 2 5                                    -> ACCOUNT_NOT_FOUND account=1 asked=5
    pay 10 1 4 5                                               -> ASSET_MISMATCH account=4 asked=5
    pay 10 1 2 5 asset=JPY                                     -> ASSET_MISMATCH account=1 asked=5
    pay 10 1 4 5 asset=JPY                                     -> ASSET_MISMATCH account=4 asked=5
    batch asset=JPY { pay 10 1 2 5 ; pay 11 4 5 6 }            -> ASSET_MISMATCH account=1 asked=5 ; posted
    batch asset=EUR { pay 10 1 2 5 asset=JPY }                 -> ASSET_MISMATCH account=1 asked=5
    pay 10 1 2 5 | batch asset=JPY { undo 11 10 }              -> ASSET_MISMATCH account=2 asked=5
    update 2 close | pay 10 2 1 5                              -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    update 2 close | pay 10 1 2 5                              -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    update 1 close | update 2 close | pay 10 1 2 5             -> ACCOUNT_CLOSED account=1 asked=5 missing=5
    update 2 close | pay 10 6 2 5 upto                         -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    pay 10 1 2 5 | pay 11 2 1 5 | update 2 close | undo 12 10  -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    update 1 freeze=debits | pay 10 1 2 5                      -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    update 1 freeze=both | pay 10 1 2 5                        -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    update 2 freeze=credits | pay 10 1 2 5                     -> ACCOUNT_FROZEN account=2 asked=5 missing=5
    update 2 freeze=both | pay 10 1 2 5                        -> ACCOUNT_FROZEN account=2 asked=5 missing=5
    update 1 freeze=both | update 2 freeze=both | pay 10 1 2 5 -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    pay 10 1 2 5 | update 2 freeze=debits | undo 11 10         -> ACCOUNT_FROZEN account=2 asked=5 missing=5
    pay 9 1 2 3 | update 6 freeze=credits | pay 10 2 6 5 upto  -> ACCOUNT_FROZEN account=6 asked=5 missing=5
    pay 10 2 1 5                           -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    pay 9 1 2 5 | pay 10 2 1 6             -> INSUFFICIENT_FUNDS account=2 asked=6 missing=1 would_pass=5
    pay 10 3 1 51                          -> INSUFFICIENT_FUNDS account=3 asked=51 missing=1 would_pass=50
    pay 9 3 1 20 | pay 10 3 1 31           -> INSUFFICIENT_FUNDS account=3 asked=31 missing=1 would_pass=30
    pay 9 3 1 50 | pay 10 3 1 1            -> INSUFFICIENT_FUNDS account=3 asked=1 missing=1
    pay 9 1 3 7 | pay 10 3 1 58            -> INSUFFICIENT_FUNDS account=3 asked=58 missing=1 would_pass=57
    pay 10 2 1 max                         -> INSUFFICIENT_FUNDS account=2 asked=max missing=max
    pay 10 2 1 5 upto                      -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    pay 9 3 1 50 | pay 10 3 1 9 upto       -> INSUFFICIENT_FUNDS account=3 asked=9 missing=9
    pay 9 1 2 5 | pay 10 2 1 2 | undo 11 9 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=2 would_pass=3
    pay 9 1 2 max | pay 10 6 2 1           -> BALANCE_OVERFLOW account=2 asked=1 missing=1
    pay 9 1 2 max-9 | pay 10 6 2 10        -> BALANCE_OVERFLOW account=2 asked=10 missing=1 would_pass=9
    pay 9 1 2 max | pay 10 1 3 2           -> BALANCE_OVERFLOW account=1 asked=2 missing=1 would_pass=1
    pay 9 1 2 max | pay 10 1 3 2 upto      -> BALANCE_OVERFLOW account=1 asked=2 missing=1 would_pass=1
    pay 9 1 2 max-9 | pay 8 6 3 10 | pay 10 3 2 99 upto -> BALANCE_OVERFLOW account=2 asked=99 missing=90 would_pass=9
    # Both accounts would overflow: the answer is the debit account's.
    pay 9 1 2 max | pay 10 1 2 max         -> BALANCE_OVERFLOW account=1 asked=max missing=max-1 would_pass=1
    # 2 received and paid 2 (2^127 - 1): of its totals, 1 is left.
    pay 6 1 2 max | pay 7 2 1 max | pay 8 1 2 max | pay 9 2 1 max | pay 10 6 2 2 -> BALANCE_OVERFLOW account=2 asked=2 missing=1 would_pass=1
    pay 6 1 2 max | pay 7 2 1 max | pay 8 1 2 max | pay 9 2 1 max | pay 10 1 6 2 -> BALANCE_OVERFLOW account=1 asked=2 missing=1 would_pass=1
";

#[test]
fn refused() {
    cases(REFUSED);
}

#[test]
fn posted() {
    cases(
        "
    pay 10 1 2 5
    pay 10 1 2 max
    pay 10 1 2 5 asset=EUR | batch asset=JPY { pay 11 4 5 5 asset=JPY }
    pay 10 1 2 5 code=4294967295 date=20240229 meta=for:tea
    pay 10 3 1 50
    pay 10 1 2 5 | pay 11 2 3 5
    # The lowest balance there is, -2^127.
    pay 9 1 2 max | pay 10 1 3 1
    # What is available, and no more.
    pay 9 1 2 5 | pay 10 2 1 9 upto                   -> posted 5
    pay 9 1 2 5 | pay 10 2 1 5 upto                   -> posted
    pay 9 1 2 5 | pay 10 2 1 4 upto                   -> posted
    pay 10 3 1 max upto                               -> posted 50
    pay 9 3 1 20 | pay 10 3 1 31 upto                 -> posted 30
    pay 10 1 2 max upto                               -> posted
    # The rest of the room of the receiver, if that is all that there is to move.
    pay 9 1 2 max-9 | pay 8 6 3 9 | update 3 floor=zero | pay 10 3 2 99 upto -> posted 9
    # Frozen the other way.
    update 1 freeze=credits | pay 10 1 2 5
    update 2 freeze=debits | pay 10 1 2 5
    update 1 freeze=both | update 1 freeze=none | pay 10 1 2 5
    # Reversals: of payments, of reversals, of less than was asked, within a batch.
    pay 10 1 2 5 | undo 11 10 | pay 12 2 1 1          -> INSUFFICIENT_FUNDS account=2 asked=1 missing=1
    pay 10 1 2 5 | undo 11 10 | undo 12 11 | pay 13 2 1 5
    pay 9 1 2 5 | pay 10 2 1 9 upto -> posted 5 | undo 11 10 | pay 12 2 1 6 -> INSUFFICIENT_FUNDS account=2 asked=6 missing=1 would_pass=5
    batch { pay 10 1 2 5 ; undo 11 10 }
    batch { pay 10 1 2 5 ; pay 12 1 3 1 ; undo 11 10 ; undo 13 11 }
    pay 10 1 2 5 | undo 11 10 code=9 date=20250101 meta=why:mistake
    # Tenants never meet: the same ids mean something else.
    pay 10 1 2 5 | tenant 1 | open 1 EUR none | open 2 EUR | pay 10 1 2 6 | pay 11 2 1 7 -> INSUFFICIENT_FUNDS account=2 asked=7 missing=1 would_pass=6
    pay 10 1 2 5 | tenant 1 | undo 11 10              -> ORIGINAL_NOT_FOUND
    group 9 { pay 10 1 2 5 } | tenant 1 | open 1 EUR none | open 2 EUR | group 9 { pay 10 1 2 6 }
    # The clock may stand still or go back.
    clock 0 | pay 10 1 2 5 | clock 0 | batch { pay 11 1 2 5 ; pay 12 1 2 5 }
    ",
    );
}

#[test]
fn independent_members_answer_for_themselves_and_see_those_before() {
    cases(
        "
    batch { pay 10 2 1 5 ; pay 11 1 2 5 ; pay 12 2 1 5 } -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 ; posted ; posted
    batch { pay 10 1 2 5 ; pay 11 2 3 6 ; pay 12 2 3 5 } -> posted ; INSUFFICIENT_FUNDS account=2 asked=6 missing=1 would_pass=5 ; posted
    pay 10 1 2 5 | batch { pay 11 1 2 1 ; pay 10 1 2 5 ; pay 12 1 2 1 ; pay 10 1 2 6 } -> posted ; known ; posted ; ID_REUSED amount
    pay 10 1 2 5 | batch { pay 10 1 2 5 ; undo 11 10 }   -> known ; posted
    ",
    );
}

#[test]
fn groups_are_all_or_nothing() {
    cases(
        "
    group 9 { pay 10 1 2 5 }
    group 9 { pay 10 1 2 5 ; pay 11 2 3 5 ; pay 12 3 1 55 }
    # The numbers of groups and of transfers are different things.
    pay 9 1 2 5 | group 9 { pay 10 1 2 5 } | pay 8 1 2 5 | group 10 { pay 11 1 2 5 }
    group 9 { pay 9 1 2 5 } | pay 9 1 2 5                 -> known
    # One member decides, and its numbers count what those before it did.
    group 9 { pay 10 1 2 5 ; pay 11 2 3 6 }               -> INSUFFICIENT_FUNDS member=1 account=2 asked=6 missing=1 would_pass=5
    group 9 { pay 10 2 3 5 ; pay 11 1 2 5 }               -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    group 9 { pay 10 1 2 max ; pay 11 6 2 1 }             -> BALANCE_OVERFLOW member=1 account=2 asked=1 missing=1
    group 9 { pay 10 3 1 30 ; pay 11 3 1 30 }             -> INSUFFICIENT_FUNDS member=1 account=3 asked=30 missing=10 would_pass=20
    group 9 { pay 10 1 2 5 ; pay 11 2 3 9 upto ; pay 12 3 1 55 }
    group 9 asset=JPY { pay 10 4 5 1 ; pay 11 1 2 1 }     -> ASSET_MISMATCH member=1 account=1 asked=1
    # Reversals inside a group.
    group 9 { pay 10 1 2 5 ; undo 11 10 }
    group 9 { pay 10 1 2 5 ; undo 11 10 ; undo 12 11 ; pay 13 2 1 5 }
    group 9 { pay 10 1 2 5 ; undo 11 10 ; undo 12 10 }    -> ALREADY_REVERSED member=2 asked=5
    group 9 { pay 10 1 2 5 ; pay 11 2 3 5 ; undo 12 10 }  -> INSUFFICIENT_FUNDS member=2 account=2 asked=5 missing=5
    pay 10 1 2 5 | group 9 { undo 11 10 ; pay 12 1 2 5 }
    group 9 { pay 10 1 2 5 } | undo 11 10 | undo 12 10    -> ALREADY_REVERSED asked=5
    # A refused group uses up its own id and no other.
    group 9 { pay 10 1 2 5 ; pay 11 2 1 6 } -> INSUFFICIENT_FUNDS member=1 account=2 asked=6 missing=1 would_pass=5 | group 8 { pay 10 1 2 6 ; pay 11 2 1 6 }
    group 9 { pay 10 1 2 5 ; pay 11 2 1 6 } -> INSUFFICIENT_FUNDS member=1 account=2 asked=6 missing=1 would_pass=5 | pay 11 1 2 1
    group 9 { pay 10 2 1 6 } -> INSUFFICIENT_FUNDS account=2 asked=6 missing=6 | pay 11 1 2 6 | group 9 { pay 10 2 1 6 } -> known
    group 9 { pay 10 2 1 6 } -> INSUFFICIENT_FUNDS account=2 asked=6 missing=6 | undo 11 10 -> ORIGINAL_NOT_FOUND
    ",
    );
}

/// A new reason needs a line here.
#[test]
fn every_reason_of_the_state_has_a_line() {
    let tables = [
        REFUSED,
        accounts::OPENED,
        accounts::UPDATED,
        ceilings::REFUSED,
        ceilings::SET,
        holds::REFUSED,
        payments::REFUSED,
    ];
    let answers: Vec<&str> = tables
        .iter()
        .flat_map(|table| script::lines(table))
        .flat_map(script::commands)
        .filter_map(|command| command.split_once("->"))
        .flat_map(|(_, answers)| answers.split(';'))
        .filter_map(|answer| answer.split_whitespace().next())
        .collect();
    for reason in Reason::ALL.iter().filter(|reason| !reason.is_malformed()) {
        // Other members' refusals are told from the group's: no decision ends in this one. The limit of assets
        // has a test of its own, `accounts::as_many_assets_as_there_can_be`.
        let told = matches!(reason, Reason::GroupMemberRefused | Reason::AssetLimit);
        assert!(told || answers.contains(&reason.name()), "{} has no line", reason.name());
    }
}
