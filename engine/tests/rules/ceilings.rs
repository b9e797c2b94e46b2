//! Ceilings: how far a balance may rise, and what counts.

use florin_engine::{
    AMOUNT_MAX_MINOR, AccountChange, AssetCode, Fault, Floor, NewAccount, Reason,
    check_account_change, check_new_account,
};

use crate::cases;

pub const REFUSED: &str = "
    open 7 EUR ceiling=9 | pay 10 1 7 10                       -> CEILING_EXCEEDED account=7 asked=10 missing=1 would_pass=9
    open 7 EUR ceiling=9 | pay 10 1 7 9 | pay 11 1 7 1         -> CEILING_EXCEEDED account=7 asked=1 missing=1
    open 7 EUR ceiling=0 | pay 10 1 7 1                        -> CEILING_EXCEEDED account=7 asked=1 missing=1
    update 2 ceiling=9 | pay 10 1 2 10                         -> CEILING_EXCEEDED account=2 asked=10 missing=1 would_pass=9
    update 2 ceiling=0 | pay 10 1 2 max                        -> CEILING_EXCEEDED account=2 asked=max missing=max
    update 2 ceiling=9 | group 9 { pay 10 1 2 9 ; pay 11 1 2 1 } -> CEILING_EXCEEDED member=1 account=2 asked=1 missing=1
    # Who owes can take what he owes on top.
    pay 9 3 1 20 | update 3 ceiling=5 | pay 10 1 3 26          -> CEILING_EXCEEDED account=3 asked=26 missing=1 would_pass=25
    update 1 ceiling=0 | pay 9 1 2 5 | pay 10 6 1 6            -> CEILING_EXCEEDED account=1 asked=6 missing=1 would_pass=5
    # Less may move, but never because of a ceiling.
    update 2 ceiling=9 | pay 10 3 2 99 upto                    -> CEILING_EXCEEDED account=2 asked=99 missing=90 would_pass=9
    update 2 ceiling=9 | pay 9 3 1 42 | pay 10 3 2 99 upto     -> posted 8
    # Of a reversal, the first payer's counts.
    pay 10 6 2 5 | update 6 ceiling=0 | pay 11 1 6 5 | undo 12 10 -> CEILING_EXCEEDED account=6 asked=5 missing=5
";

#[test]
fn refused() {
    cases(REFUSED);
}

/// Setting one; the reasons of opening and updating stand in `accounts`.
pub const SET: &str = "
    open 7 EUR ceiling=9 | pay 10 1 7 9 | pay 11 7 1 9 | pay 12 1 7 9
    open 7 EUR ceiling=max | pay 10 1 7 max
    open 7 EUR none ceiling=0 | pay 10 7 1 5 | pay 11 1 7 5
    update 2 ceiling=9 | update 2 ceiling=none | pay 10 1 2 10
    update 2 ceiling=9 | update 2 ceiling=20 | pay 10 1 2 20
    update 2 ceiling=9 floor=overdraft:5 freeze=credits | update 2 freeze=none | pay 10 2 1 5 | pay 11 1 2 14
    update 2 ceiling=none                                      -> nothing
    update 2 ceiling=9 | update 2 ceiling=9                    -> nothing
    update 2 ceiling=0 | update 2 ceiling=none
    # Never below the balance, with what is reserved for the account.
    pay 10 1 2 5 | update 2 ceiling=4                          -> BALANCE_ABOVE_CEILING account=2 missing=1
    pay 10 1 2 5 | update 2 ceiling=5
    pay 10 1 2 max | update 2 ceiling=0                        -> BALANCE_ABOVE_CEILING account=2 missing=max
    hold 10 1 2 5 | update 2 ceiling=4                         -> BALANCE_ABOVE_CEILING account=2 missing=1
    hold 10 1 2 5 | update 2 ceiling=5
    pay 9 1 2 3 | hold 10 1 2 5 | update 2 ceiling=7           -> BALANCE_ABOVE_CEILING account=2 missing=1
    pay 9 3 1 20 | hold 10 1 3 25 | update 3 ceiling=4         -> BALANCE_ABOVE_CEILING account=3 missing=1
    pay 9 3 1 20 | hold 10 1 3 25 | update 3 ceiling=5
    hold 10 1 2 5 | release 11 10 all -> posted 5 | update 2 ceiling=0
    pay 9 1 2 5 | hold 10 2 1 5 | update 2 ceiling=4           -> BALANCE_ABOVE_CEILING account=2 missing=1
    pay 10 1 2 5 | update 2 freeze=both ceiling=4              -> BALANCE_ABOVE_CEILING account=2 missing=1
    # Nor a floor above the balance, less what is reserved.
    hold 10 3 1 20 | update 3 floor=overdraft:19               -> BALANCE_BELOW_FLOOR account=3 missing=1
    hold 10 3 1 20 | update 3 floor=overdraft:20 | pay 11 3 1 1 -> INSUFFICIENT_FUNDS account=3 asked=1 missing=1
    hold 10 3 1 20 | update 3 floor=zero                       -> BALANCE_BELOW_FLOOR account=3 missing=20
    pay 9 3 1 5 | hold 10 3 1 20 | update 3 floor=overdraft:24 -> BALANCE_BELOW_FLOOR account=3 missing=1
    pay 9 1 3 5 | hold 10 3 1 20 | update 3 floor=overdraft:14 -> BALANCE_BELOW_FLOOR account=3 missing=1
    pay 9 1 3 5 | hold 10 3 1 20 | update 3 floor=overdraft:15 | capture 11 10 all -> posted 20 | account 3 -> owes=15
    hold 10 1 2 max | update 1 floor=zero                      -> BALANCE_BELOW_FLOOR account=1 missing=max
    # What has been reserved was agreed to: a capture asks for neither floor nor ceiling.
    hold 10 3 2 50 | update 3 floor=none | update 3 floor=overdraft:50 | capture 11 10 all -> posted 50
    # Other limits are as they were.
    hold 10 1 2 5 | update 2 ceiling=7 | pay 11 1 2 3          -> CEILING_EXCEEDED account=2 asked=3 missing=1 would_pass=2
    # Both: the floor comes first.
    pay 9 3 1 5 | hold 10 1 3 20 | update 3 floor=zero ceiling=14 -> BALANCE_BELOW_FLOOR account=3 missing=5
    pay 9 3 1 5 | hold 10 1 3 20 | update 3 close ceiling=14   -> ACCOUNT_NOT_EMPTY account=3 missing=5
    update 7 ceiling=5                                         -> ACCOUNT_NOT_FOUND account=7
    update 2 close | update 2 ceiling=5                        -> ACCOUNT_CLOSED account=2
    # The content of an opening.
    open 7 EUR ceiling=9 | open 7 EUR ceiling=9                -> before
    open 7 EUR ceiling=9 | open 7 EUR ceiling=8                -> ID_REUSED ceiling
    open 7 EUR ceiling=9 | open 7 EUR                          -> ID_REUSED ceiling
    open 7 EUR | open 7 EUR ceiling=9                          -> ID_REUSED ceiling
    open 7 EUR | open 7 EUR ceiling=0                          -> ID_REUSED ceiling
    open 7 EUR ceiling=9 | open 7 EUR none ceiling=8 meta=k:v  -> ID_REUSED floor
    open 7 EUR ceiling=9 | open 7 EUR ceiling=8 meta=k:v       -> ID_REUSED ceiling
    open 7 EUR ceiling=9 | open 7 EUR ceiling=9 meta=k:v       -> ID_REUSED metadata
    open 7 EUR ceiling=9 | update 7 ceiling=8 | open 7 EUR ceiling=9 -> before
    open 7 EUR ceiling=9 | update 7 ceiling=8 | open 7 EUR ceiling=8 -> ID_REUSED ceiling
    open 7 EUR | update 7 ceiling=8 | update 7 ceiling=7 floor=none | open 7 EUR -> before
    open 7 EUR | update 7 ceiling=8 | update 7 ceiling=7 floor=none | open 7 EUR none ceiling=7 -> ID_REUSED floor
    open 7 EUR | update 7 ceiling=8 | update 7 ceiling=7 floor=none | open 7 EUR ceiling=7 -> ID_REUSED ceiling
    open 7 EUR | update 7 ceiling=8 | open 7 EUR meta=k:v      -> ID_REUSED metadata
";

#[test]
fn set() {
    cases(SET);
}

#[test]
fn malformed() {
    let most = Some(AMOUNT_MAX_MINOR);
    for (ceiling, fine) in [
        (None, true),
        (Some(0), true),
        (most, true),
        (Some(AMOUNT_MAX_MINOR + 1), false),
        (Some(u128::MAX), false),
    ] {
        let asset = AssetCode::new("EUR").expect("a code");
        let (floor, name, metadata) = (Floor::Zero, None, Box::default());
        let account = NewAccount { tenant: 0, id: 7, asset, floor, name, metadata, ceiling };
        let (freeze, close, floor) = (None, false, None);
        let change = |ceiling| AccountChange { tenant: 0, id: 7, freeze, close, floor, ceiling };
        let expected = Err(Fault::new(Reason::CeilingInvalid, "ceiling.limit"));
        let expected = if fine { Ok(()) } else { expected };
        assert_eq!(check_new_account(&account), expected, "{ceiling:?}");
        assert_eq!(check_account_change(&change(Some(ceiling))), expected, "{ceiling:?}");
        let empty = Err(Fault::new(Reason::UpdateEmpty, ""));
        assert_eq!(check_account_change(&change(None)), empty);
        // A floor that makes no sense comes first.
        let both = NewAccount { floor: Floor::Overdraft(0), ..account };
        let floor = Err(Fault::new(Reason::FloorInvalid, "floor.overdraft"));
        assert_eq!(check_new_account(&both), floor);
    }
}
