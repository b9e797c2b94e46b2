//! Registering assets, opening and changing accounts.

use crate::cases;

pub const OPENED: &str = "
    open 7 EUR | open 7 EUR                                              -> before
    open 7 EUR zero | open 7 EUR                                         -> before
    open 7 EUR overdraft=9 name=a meta=k:v | open 7 EUR overdraft=9 name=a meta=k:v -> before
    open 2 EUR                                                           -> before
    tenant 1 | open 2 JPY none
    # The first field that differs.
    open 7 EUR name=a | open 7 EUR name=b                                -> ID_REUSED key
    open 7 EUR name=a | open 7 EUR                                       -> ID_REUSED key
    open 7 EUR | open 7 EUR name=a                                       -> ID_REUSED key
    open 7 EUR | open 7 JPY                                              -> ID_REUSED asset
    open 7 EUR | open 7 EUR none                                         -> ID_REUSED floor
    open 7 EUR | open 7 EUR overdraft=1                                  -> ID_REUSED floor
    open 7 EUR overdraft=1 | open 7 EUR overdraft=2                      -> ID_REUSED floor
    open 7 EUR meta=k:v | open 7 EUR none meta=k:v                       -> ID_REUSED floor
    open 7 EUR | open 7 EUR meta=k:v                                     -> ID_REUSED metadata
    open 7 EUR meta=k:v | open 7 EUR                                     -> ID_REUSED metadata
    open 7 EUR meta=k:v | open 7 EUR meta=k:w                            -> ID_REUSED metadata
    open 7 EUR name=a | open 7 JPY name=b none meta=k:v                  -> ID_REUSED key
    open 7 EUR | open 7 JPY none meta=k:v                                -> ID_REUSED asset
    open 7 EUR | open 7 EUR none meta=k:v                                -> ID_REUSED floor
    open 7 EUR meta=k:v | open 7 EUR none meta=k:w                       -> ID_REUSED floor
    # What counts is the opening, whatever became of the account.
    open 7 EUR | update 7 floor=none | open 7 EUR                        -> before
    open 7 EUR | update 7 floor=none | open 7 EUR none                   -> ID_REUSED floor
    open 7 EUR | update 7 floor=none | open 7 EUR meta=k:v               -> ID_REUSED metadata
    open 7 EUR | update 7 freeze=both | pay 10 1 2 5 | open 7 EUR        -> before
    open 7 EUR | update 7 close | open 7 EUR                             -> before
    open 7 EUR | update 7 close | open 7 JPY                             -> ID_REUSED asset
    # Currencies of ISO 4217 need no registration, all else does. A refused opening uses up nothing.
    open 7 KWD
    open 7 POINTS                                                        -> ASSET_NOT_FOUND asset
    open 7 POINTS -> ASSET_NOT_FOUND asset | open 7 EUR
    open 7 POINTS -> ASSET_NOT_FOUND asset | asset POINTS 0 | open 7 POINTS
    asset POINTS 3 | asset POINTS 3                                      -> before
    asset POINTS 3 | asset POINTS 0                                      -> ID_REUSED scale
    asset EUR 2                                                          -> before
    asset KWD 3 | open 7 KWD
    open 7 KWD | asset KWD 3                                             -> before
";

#[test]
fn opened() {
    cases(OPENED);
}

pub const UPDATED: &str = "
    update 7 freeze=both                                                 -> ACCOUNT_NOT_FOUND account=7
    tenant 1 | update 2 close                                            -> ACCOUNT_NOT_FOUND account=2
    update 2 freeze=both | update 2 freeze=credits | update 2 freeze=none
    update 2 floor=none | update 2 floor=overdraft:9 | update 2 floor=zero
    update 2 freeze=both close floor=overdraft:9
    # Closed is for good.
    update 2 close | update 2 freeze=both                                -> ACCOUNT_CLOSED account=2
    update 2 close | update 2 floor=none                                 -> ACCOUNT_CLOSED account=2
    update 2 close | update 2 close floor=none                           -> ACCOUNT_CLOSED account=2
    # Only what is empty can be closed. All of an update or nothing.
    pay 10 1 2 5 | update 2 close                                        -> ACCOUNT_NOT_EMPTY account=2 missing=5
    pay 10 3 1 5 | update 3 close                                        -> ACCOUNT_NOT_EMPTY account=3 missing=5
    pay 9 1 2 max | pay 10 1 3 1 | update 1 close                        -> ACCOUNT_NOT_EMPTY account=1 missing=2^127
    pay 10 1 2 5 | update 2 freeze=both floor=none close                 -> ACCOUNT_NOT_EMPTY account=2 missing=5
    pay 10 1 2 5 | pay 11 2 1 5 | update 2 close
    # A floor is never set above the balance.
    pay 10 3 1 20 | update 3 floor=zero                                  -> BALANCE_BELOW_FLOOR account=3 missing=20
    pay 10 3 1 20 | update 3 floor=overdraft:19                          -> BALANCE_BELOW_FLOOR account=3 missing=1
    pay 10 3 1 20 | update 3 freeze=both floor=overdraft:19              -> BALANCE_BELOW_FLOOR account=3 missing=1
    pay 10 3 1 20 | update 3 floor=overdraft:20 | pay 11 3 1 1           -> INSUFFICIENT_FUNDS account=3 asked=1 missing=1
    pay 10 1 2 max | update 1 floor=overdraft:max
    pay 9 1 2 max | pay 10 1 3 1 | update 1 floor=overdraft:max          -> BALANCE_BELOW_FLOOR account=1 missing=1
    pay 10 1 2 max | update 1 floor=zero                                 -> BALANCE_BELOW_FLOOR account=1 missing=max
    pay 10 1 2 5 | update 2 floor=zero                                   -> nothing
    # What changes nothing makes no event, also where a change would be refused.
    update 2 freeze=none                                                 -> nothing
    update 2 freeze=both | update 2 freeze=both                          -> nothing
    update 2 floor=zero                                                  -> nothing
    update 3 floor=overdraft:50                                          -> nothing
    update 2 freeze=none floor=zero                                      -> nothing
    update 2 close | update 2 close                                      -> nothing
    update 2 close | update 2 freeze=none floor=zero close               -> nothing
    # A floor is what counts from now on.
    update 2 floor=overdraft:9 | pay 10 2 1 9 | pay 11 1 2 9 | update 2 floor=zero | pay 12 2 1 1 -> INSUFFICIENT_FUNDS account=2 asked=1 missing=1
    update 2 floor=none | pay 10 2 1 max
    update 3 floor=none | update 3 floor=overdraft:7 | pay 10 3 1 8      -> INSUFFICIENT_FUNDS account=3 asked=8 missing=1 would_pass=7
";

#[test]
fn updated() {
    cases(UPDATED);
}

/// 1,024 lines make no table.
#[test]
fn as_many_assets_as_there_can_be() {
    use florin_engine::{
        ASSETS_MAX, AssetCode, Fault, Floor, Ledger, NewAccount, NewAsset, Opened, Reason,
        Registered,
    };
    let mut ledger = Ledger::new(1);
    let mut events = Vec::new();
    let asset =
        |number| NewAsset { code: AssetCode::new(&format!("A{number}")).unwrap(), scale: 0 };
    for number in 0..ASSETS_MAX {
        assert_eq!(ledger.register_asset(asset(number), 1, &mut events), Registered::Now);
    }
    let refused = Registered::Refused(Fault::new(Reason::AssetLimit, "code"));
    assert_eq!(ledger.register_asset(asset(ASSETS_MAX), 1, &mut events), refused);
    assert_eq!(ledger.register_asset(asset(0), 1, &mut events), Registered::Before);
    let account = |id, code| NewAccount {
        tenant: 0,
        id,
        asset: AssetCode::new(code).unwrap(),
        floor: Floor::Zero,
        name: None,
        metadata: Box::default(),
        ceiling: None,
    };
    let refused = Opened::Refused(Fault::new(Reason::AssetLimit, "asset"));
    assert_eq!(ledger.open_account(&account(1, "EUR"), 1, &mut events), refused);
    assert_eq!(events.len(), ASSETS_MAX);
    assert!(matches!(ledger.open_account(&account(1, "A7"), 1, &mut events), Opened::Now(_)));
}
