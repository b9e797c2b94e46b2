//! Holds: placed, captured, released, changed; what they reserve, and what stands in their way.

use florin_engine::{Fault, Reason, check_transfer};

use crate::{cases, script};

/// Every reason that a hold adds, in order of precedence.
pub const REFUSED: &str = "
    capture 11 10 5                                            -> HOLD_NOT_FOUND asked=5
    release 11 10 all                                          -> HOLD_NOT_FOUND
    change 11 10 5                                             -> HOLD_NOT_FOUND asked=5
    hold 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | capture 11 10 5 -> HOLD_NOT_FOUND asked=5
    pay 10 1 2 5 | capture 11 10 5                             -> HOLD_NOT_FOUND asked=5
    authorize 10 1 2 5 | capture 11 10 5                       -> HOLD_NOT_FOUND asked=5
    authorize 10 1 2 5 | change 11 10 5                        -> HOLD_NOT_FOUND asked=5
    charge 10 1 2 5 | release 11 10 all                        -> HOLD_NOT_FOUND
    hold 10 1 2 5 | capture 11 10 5 | capture 12 11 5          -> HOLD_NOT_FOUND asked=5
    hold 10 1 2 5 | tenant 1 | capture 11 10 5                 -> HOLD_NOT_FOUND asked=5
    group 9 { capture 11 10 5 ; hold 10 1 2 5 }                -> HOLD_NOT_FOUND asked=5
    hold 10 1 2 5 due=2000 | next 2000 | capture 11 10 5       -> HOLD_EXPIRED asked=5
    hold 10 1 2 5 due=2000 | next 2000 | release 11 10 all     -> HOLD_EXPIRED
    hold 10 1 2 5 due=2000 | next 2000 | change 11 10 5        -> HOLD_EXPIRED asked=5
    hold 10 1 2 5 due=2000 | next 2000 | change 11 10 0 due=3000 -> HOLD_EXPIRED
    hold 10 1 2 5 due=2000 | capture 12 10 2 | next 2000 | due -> released 10 3 | capture 11 10 all -> HOLD_EXPIRED
    hold 10 1 2 5 | capture 11 10 5 | capture 12 10 1          -> HOLD_CLOSED asked=1
    hold 10 1 2 5 | capture 11 10 all -> posted 5 | capture 12 10 all -> HOLD_CLOSED
    hold 10 1 2 5 | release 11 10 5 | release 12 10 1          -> HOLD_CLOSED asked=1
    hold 10 1 2 5 | capture 11 10 2 rest -> posted 2 rest=3 | capture 12 10 1 -> HOLD_CLOSED asked=1
    hold 10 1 2 5 | release 11 10 5 | change 12 10 5           -> HOLD_CLOSED asked=5
    hold 10 1 2 5 | capture 11 10 5 | change 12 10 0 due=9000  -> HOLD_CLOSED
    hold 10 1 2 5 due=2000 auto | next 2000 | due -> captured 10 5 | capture 11 10 1 -> HOLD_CLOSED asked=1
    hold 10 1 2 5 due=2000 auto | next 2000 | capture 11 10 1  -> HOLD_CLOSED asked=1
    hold 10 1 2 5 due=2000 auto | next 2000 | release 11 10 all -> HOLD_CLOSED
    hold 10 1 2 5 | capture 11 10 6                            -> HOLD_EXCEEDED asked=6 missing=1 would_pass=5
    hold 10 1 2 5 | capture 11 10 6 rest                       -> HOLD_EXCEEDED asked=6 missing=1 would_pass=5
    hold 10 1 2 5 | release 11 10 6                            -> HOLD_EXCEEDED asked=6 missing=1 would_pass=5
    hold 10 1 2 5 | capture 11 10 2 | release 12 10 1 | capture 13 10 3 -> HOLD_EXCEEDED asked=3 missing=1 would_pass=2
    hold 10 1 2 5 | capture 11 10 max                          -> HOLD_EXCEEDED asked=max missing=max-5 would_pass=5
    hold 10 1 2 5 due=5                                        -> DUE_PASSED asked=5
    next 2000 | hold 10 1 2 5 due=2000                         -> DUE_PASSED asked=5
    authorize 10 1 2 5 due=5                                   -> DUE_PASSED asked=5
    hold 10 1 2 5 due=5000 | next 2000 | change 11 10 0 due=2000 -> DUE_PASSED
    hold 10 1 2 5 | change 11 10 5 due=5                       -> DUE_PASSED asked=5
";

#[test]
fn refused() {
    cases(REFUSED);
}

#[test]
fn reserved_and_given_back() {
    cases(
        "
    hold 10 1 2 5 | see 10 -> Open amount=5 remaining=5 | account 1 -> out=5 | account 2 -> in=5
    hold 10 3 2 5 | account 3 -> out=5 free=45 | release 11 10 all -> posted 5 | account 3 -> free=50 | account 2 -> none
    hold 10 1 2 5 | release 11 10 2 | see 10 -> Open amount=5 released=2 remaining=3 | account 1 -> out=3 | account 2 -> in=3
    hold 10 1 2 5 | release 11 10 2 | release 12 10 3 | see 10 -> Released amount=5 released=5
    hold 10 1 2 5 | release 11 10 2 | release 12 10 all -> posted 3 | see 10 -> Released amount=5 released=5
    hold 10 1 2 max | see 10 -> Open amount=max remaining=max | account 1 -> out=max | account 2 -> in=max
    # Of two holds on one account each has its own.
    hold 10 3 2 5 | hold 11 3 2 7 | release 12 10 all -> posted 5 | see 11 -> Open amount=7 remaining=7 | account 3 -> out=7 free=43
    # Nothing moves, so no direction that is closed matters.
    hold 10 1 2 5 | update 1 freeze=both | update 2 freeze=both | release 11 10 all -> posted 5
    # Tenants never meet.
    hold 10 1 2 5 | tenant 1 | see 10 -> none | open 1 EUR none | open 2 EUR | hold 10 1 2 7 | capture 11 10 7 | tenant 0 | see 10 -> Open amount=5 remaining=5
    ",
    );
}

#[test]
fn captured() {
    cases(
        "
    hold 10 1 2 5 | capture 11 10 5 | see 10 -> Captured amount=5 captured=5 | account 1 -> owes=5 | account 2 -> has=5 free=5
    hold 10 1 2 5 | capture 11 10 all -> posted 5 | see 10 -> Captured amount=5 captured=5
    # In parts.
    hold 10 1 2 5 | capture 11 10 1 | capture 12 10 1 | see 10 -> Open amount=5 captured=2 remaining=3 | account 1 -> owes=2 out=3 | account 2 -> has=2 in=3 free=2
    hold 10 1 2 5 | capture 11 10 1 | capture 12 10 4 | see 10 -> Captured amount=5 captured=5 | account 1 -> owes=5
    hold 10 1 2 5 | capture 11 10 2 | capture 12 10 all -> posted 3 | see 10 -> Captured amount=5 captured=5
    hold 10 1 2 5 | capture 11 10 2 | release 12 10 1 | capture 13 10 all -> posted 2 | see 10 -> Captured amount=5 captured=4 released=1
    hold 10 1 2 5 | capture 11 10 2 | release 12 10 all -> posted 3 | see 10 -> Captured amount=5 captured=2 released=3
    # The rest is given back with the last part.
    hold 10 1 2 5 | capture 11 10 2 rest -> posted 2 rest=3 | see 10 -> Captured amount=5 captured=2 released=3 | account 1 -> owes=2 | account 2 -> has=2 free=2
    hold 10 1 2 5 | capture 11 10 2 | capture 12 10 1 rest -> posted 1 rest=2 | see 10 -> Captured amount=5 captured=3 released=2
    hold 10 1 2 5 | capture 11 10 5 rest | see 10 -> Captured amount=5 captured=5
    hold 10 1 2 5 | capture 11 10 all rest -> posted 5 | see 10 -> Captured amount=5 captured=5
    # What is captured can go on at once.
    hold 10 1 2 5 | capture 11 10 5 | pay 12 2 3 5
    batch { hold 10 1 2 5 ; capture 11 10 2 ; capture 12 10 4 ; release 13 10 all } -> posted ; posted ; HOLD_EXCEEDED asked=4 missing=1 would_pass=3 ; posted 3
    # With code, date and metadata of their own.
    hold 10 1 2 5 code=1 date=20240229 meta=k:v due=9000 auto | capture 11 10 2 code=2 date=20250101 meta=for:tea | change 12 10 1 code=3 meta=k:w | release 13 10 1 code=4 meta=k:x
    ",
    );
}

#[test]
fn changed() {
    cases(
        "
    hold 10 3 2 5 | change 11 10 3 | see 10 -> Open amount=8 remaining=8 | account 3 -> out=8 free=42 | account 2 -> in=8
    hold 10 1 2 5 due=2000 | change 11 10 0 due=3000 | see 10 -> Open amount=5 remaining=5 due=3000 | next 2000 | due -> nothing | next 3000 | due -> released 10 5
    hold 10 1 2 5 due=3000 | change 11 10 0 due=2000 | next 2000 | due -> released 10 5
    hold 10 1 2 5 | change 11 10 0 due=2000 | see 10 -> Open amount=5 remaining=5 due=2000 | next 2000 | due -> released 10 5
    hold 10 1 2 5 due=2000 | change 11 10 3 due=3000 | see 10 -> Open amount=8 remaining=8 due=3000
    hold 10 1 2 5 due=2000 | change 11 10 3 | see 10 -> Open amount=8 remaining=8 due=2000
    # What was agreed for that time stays.
    hold 10 1 2 5 due=2000 auto | change 11 10 3 due=3000 | next 3000 | due -> captured 10 8
    # What was captured and released already does not matter.
    hold 10 1 2 5 | capture 11 10 2 | release 12 10 1 | change 13 10 4 | see 10 -> Open amount=9 captured=2 released=1 remaining=6
    # An increase is asked of the accounts as a hold is; a new time is not.
    hold 10 3 2 45 | change 11 10 6            -> INSUFFICIENT_FUNDS account=3 asked=6 missing=1 would_pass=5
    hold 10 3 2 45 | change 11 10 5
    update 2 ceiling=9 | hold 10 1 2 5 | change 11 10 5 -> CEILING_EXCEEDED account=2 asked=5 missing=1 would_pass=4
    hold 10 1 2 5 | update 1 freeze=debits | change 11 10 1 -> ACCOUNT_FROZEN account=1 asked=1 missing=1
    hold 10 1 2 5 | update 2 freeze=credits | change 11 10 1 -> ACCOUNT_FROZEN account=2 asked=1 missing=1
    hold 10 1 2 5 | update 1 freeze=both | update 2 freeze=both | change 11 10 0 due=9000
    hold 10 3 2 50 | change 11 10 0 due=9000
    # A payment's amount is what it was created with.
    authorize 10 1 2 5 due=2000 | change 11 10 0 due=3000 -> HOLD_NOT_FOUND
    ",
    );
}

/// What is reserved cannot be spent, and what will come needs its room.
#[test]
fn held_against_floors_and_ceilings() {
    cases(
        "
    hold 10 2 1 5                              -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    hold 10 3 1 51                             -> INSUFFICIENT_FUNDS account=3 asked=51 missing=1 would_pass=50
    hold 10 3 1 30 | hold 11 3 1 21            -> INSUFFICIENT_FUNDS account=3 asked=21 missing=1 would_pass=20
    hold 10 3 1 30 | pay 11 3 1 21             -> INSUFFICIENT_FUNDS account=3 asked=21 missing=1 would_pass=20
    hold 10 3 1 30 | pay 11 3 1 99 upto        -> posted 20
    hold 10 3 1 50 | pay 11 3 1 1 upto         -> INSUFFICIENT_FUNDS account=3 asked=1 missing=1
    hold 10 3 1 30 | pay 11 3 1 20 | capture 12 10 all -> posted 30 | account 3 -> owes=50
    hold 10 3 1 30 | release 11 10 10 | pay 12 3 1 30
    hold 10 3 1 30 | capture 11 10 10 | pay 12 3 1 21 -> INSUFFICIENT_FUNDS account=3 asked=21 missing=1 would_pass=20
    hold 10 3 1 30 | capture 11 10 10 rest -> posted 10 rest=20 | pay 12 3 1 40
    # What is reserved for an account is not there yet.
    hold 10 1 2 5 | pay 11 2 1 5               -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    pay 10 1 2 5 | hold 11 2 3 5 | undo 12 10  -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    # Ceilings count it all the same.
    update 2 ceiling=9 | hold 10 1 2 10        -> CEILING_EXCEEDED account=2 asked=10 missing=1 would_pass=9
    update 2 ceiling=9 | hold 10 1 2 9 | pay 11 1 2 1 -> CEILING_EXCEEDED account=2 asked=1 missing=1
    update 2 ceiling=9 | hold 10 1 2 9 | hold 11 6 2 1 -> CEILING_EXCEEDED account=2 asked=1 missing=1
    update 2 ceiling=9 | hold 10 1 2 9 | release 11 10 4 | pay 12 1 2 4
    update 2 ceiling=9 | hold 10 1 2 9 | capture 11 10 4 rest -> posted 4 rest=5 | pay 12 1 2 5
    update 2 ceiling=9 | hold 10 1 2 9 | capture 11 10 all -> posted 9 | pay 12 2 1 9 | pay 13 1 2 9
    # What is reserved of an account makes no room below its ceiling.
    open 7 EUR ceiling=9 | pay 9 1 7 9 | hold 10 7 2 9 | pay 11 1 7 1 -> CEILING_EXCEEDED account=7 asked=1 missing=1
    ",
    );
}

#[test]
fn frozen_and_closed() {
    cases(
        "
    update 1 freeze=debits | hold 10 1 2 5     -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    update 2 freeze=credits | hold 10 1 2 5    -> ACCOUNT_FROZEN account=2 asked=5 missing=5
    update 1 freeze=credits | update 2 freeze=debits | hold 10 1 2 5 | capture 11 10 5
    hold 10 1 2 5 | update 1 freeze=debits | capture 11 10 all -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    hold 10 1 2 5 | update 2 freeze=credits | capture 11 10 2 -> ACCOUNT_FROZEN account=2 asked=2 missing=2
    hold 10 1 2 5 | update 1 freeze=both | update 2 freeze=both | capture 11 10 2 -> ACCOUNT_FROZEN account=1 asked=2 missing=2
    hold 10 1 2 5 | update 1 freeze=debits | capture 11 10 5 -> ACCOUNT_FROZEN account=1 asked=5 missing=5 | update 1 freeze=none | capture 12 10 5
    update 2 close | hold 10 1 2 5             -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    update 2 close | hold 10 2 1 5             -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    # Nobody closes an account of which, or for which, something is reserved: so no capture ever meets a closed one.
    hold 10 1 2 5 | update 1 close             -> ACCOUNT_NOT_EMPTY account=1
    hold 10 1 2 5 | update 2 close             -> ACCOUNT_NOT_EMPTY account=2
    authorize 10 1 2 5 | update 2 close        -> ACCOUNT_NOT_EMPTY account=2
    hold 10 1 2 5 | release 11 10 all -> posted 5 | update 1 close | update 2 close
    hold 10 1 2 5 | release 11 10 4 | update 2 close -> ACCOUNT_NOT_EMPTY account=2
    hold 10 1 2 5 due=2000 | next 2000 | update 2 close -> ACCOUNT_NOT_EMPTY account=2
    hold 10 1 2 5 due=2000 | next 2000 | due -> released 10 5 | update 2 close
    hold 10 1 2 5 | capture 11 10 5 | update 2 close -> ACCOUNT_NOT_EMPTY account=2 missing=5
    hold 10 1 2 5 | capture 11 10 5 | pay 12 2 1 5 | update 2 close | capture 13 10 1 -> HOLD_CLOSED asked=1
    # One that is gone for good: what is known is known.
    hold 10 1 2 5 | release 11 10 all -> posted 5 | update 2 close | hold 10 1 2 5 -> known
    ",
    );
}

#[test]
fn of_one_asset() {
    cases(
        "
    hold 10 1 4 5                              -> ASSET_MISMATCH account=4 asked=5
    hold 10 1 2 5 asset=JPY                    -> ASSET_MISMATCH account=1 asked=5
    hold 10 1 2 5 asset=EUR | capture 11 10 2 asset=EUR | release 12 10 1 asset=EUR | change 13 10 1 asset=EUR
    hold 10 1 2 5 | capture 11 10 2 asset=JPY  -> ASSET_MISMATCH account=1 asked=2
    hold 10 1 2 5 | capture 11 10 all asset=JPY -> ASSET_MISMATCH account=1
    hold 10 1 2 5 | release 11 10 2 asset=JPY  -> ASSET_MISMATCH account=1 asked=2
    hold 10 1 2 5 | change 11 10 2 asset=JPY   -> ASSET_MISMATCH account=1 asked=2
    hold 10 1 2 5 | change 11 10 0 due=9000 asset=JPY -> ASSET_MISMATCH account=1
    hold 10 1 2 5 | batch asset=JPY { capture 11 10 2 } -> ASSET_MISMATCH account=1 asked=2
    hold 10 1 2 5 | group 9 asset=JPY { hold 12 4 5 1 ; release 11 10 2 } -> ASSET_MISMATCH member=1 account=1 asked=2
    ",
    );
}

#[test]
fn at_the_ends_of_128_bits() {
    cases(
        "
    # Whatever becomes of what is reserved, a balance stays within 128 bits.
    hold 10 1 2 max | hold 11 1 3 1 | hold 12 1 3 1      -> BALANCE_OVERFLOW account=1 asked=1 missing=1
    hold 10 1 2 max | hold 11 6 2 1                      -> BALANCE_OVERFLOW account=2 asked=1 missing=1
    hold 10 1 2 max | pay 11 6 2 1                       -> BALANCE_OVERFLOW account=2 asked=1 missing=1
    hold 10 1 2 max | pay 11 1 3 2                       -> BALANCE_OVERFLOW account=1 asked=2 missing=1 would_pass=1
    hold 10 1 2 max | capture 11 10 all -> posted max | account 1 -> owes=max | account 2 -> has=max free=max
    hold 10 1 2 max | hold 11 1 3 1 | capture 12 10 all -> posted max | capture 13 11 all -> posted 1 | account 1 -> owes=2^127
    hold 10 1 2 max | release 11 10 all -> posted max | hold 12 1 2 max
    # What is reserved of an account does not help it: the other hold may be released.
    pay 9 1 2 max | hold 10 2 6 max | pay 11 1 2 1       -> BALANCE_OVERFLOW account=2 asked=1 missing=1
    # Totals count what may still come: of 2^128 - 1 here 1 is left.
    pay 6 1 2 max | pay 7 2 1 max | pay 8 1 2 max | pay 9 2 1 max | hold 10 6 2 1 | pay 11 6 2 1 -> BALANCE_OVERFLOW account=2 asked=1 missing=1
    pay 6 1 2 max | pay 7 2 1 max | pay 8 1 2 max | pay 9 2 1 max | hold 10 1 6 1 | hold 11 1 6 1 -> BALANCE_OVERFLOW account=1 asked=1 missing=1
    # All that a hold ever reserved is an amount like any other: 2^127 - 1 at most.
    hold 10 1 2 max | release 11 10 max-1 | change 12 10 1   -> BALANCE_OVERFLOW asked=1 missing=1
    hold 10 1 2 max-3 | release 11 10 9 | change 12 10 4     -> BALANCE_OVERFLOW asked=4 missing=1 would_pass=3
    hold 10 1 2 max-3 | release 11 10 9 | change 12 10 3
    pay 8 1 6 max | hold 10 6 1 max | change 11 10 1 -> BALANCE_OVERFLOW asked=1 missing=1
    pay 8 1 6 max | hold 10 6 1 max | capture 11 10 all -> posted max | undo 12 11 | account 6 -> has=max
    ",
    );
}

#[test]
fn captures_can_be_reversed() {
    cases(
        "
    hold 10 1 2 5 | capture 11 10 2 | undo 12 11 | account 1 -> out=3 | account 2 -> in=3 | see 10 -> Open amount=5 captured=2 remaining=3
    hold 10 1 2 5 | capture 11 10 2 | capture 12 10 3 | undo 13 12 | undo 14 11 | account 1 -> none
    hold 10 1 2 5 | capture 11 10 2 | undo 12 11 | undo 13 11    -> ALREADY_REVERSED asked=2
    hold 10 1 2 5 | capture 11 10 2 | undo 12 11 | undo 13 12 | account 2 -> has=2 in=3 free=2
    batch { hold 10 1 2 5 ; capture 11 10 2 ; undo 12 11 ; undo 13 11 } -> posted ; posted ; posted ; ALREADY_REVERSED asked=2
    group 9 { hold 10 1 2 5 ; capture 11 10 2 ; undo 12 11 }
    group 9 { hold 10 1 2 5 ; capture 11 10 2 ; undo 12 11 ; undo 13 11 } -> ALREADY_REVERSED member=3 asked=2
    # Reserved is not moved: there is nothing to undo in any other step.
    hold 10 1 2 5 | undo 11 10                                   -> ORIGINAL_NOT_POSTED
    hold 10 1 2 5 | release 11 10 2 | undo 12 11                 -> ORIGINAL_NOT_POSTED
    hold 10 1 2 5 | change 11 10 2 | undo 12 11                  -> ORIGINAL_NOT_POSTED
    group 9 { hold 10 1 2 5 ; undo 11 10 }                       -> ORIGINAL_NOT_POSTED member=1
    batch { hold 10 1 2 5 ; undo 11 10 }                         -> posted ; ORIGINAL_NOT_POSTED
    hold 10 1 2 5 | capture 11 10 6 -> HOLD_EXCEEDED asked=6 missing=1 would_pass=5 | undo 12 11 -> ORIGINAL_NOT_POSTED
    # A reversal is a transfer: the payer needs the money.
    hold 10 1 2 5 | capture 11 10 2 | pay 12 2 1 1 | undo 13 11  -> INSUFFICIENT_FUNDS account=2 asked=2 missing=1 would_pass=1
    ",
    );
}

#[test]
fn in_groups() {
    cases(
        "
    # Members see each other's holds.
    group 9 { hold 10 1 2 5 ; capture 11 10 2 ; capture 12 10 3 } | see 10 -> Captured amount=5 captured=5
    group 9 { hold 10 1 2 5 ; capture 11 10 all rest } | see 10 -> Captured amount=5 captured=5
    group 9 { hold 10 1 2 5 ; change 11 10 3 due=9000 ; release 12 10 1 } | see 10 -> Open amount=8 released=1 remaining=7 due=9000
    group 9 { pay 10 1 2 5 ; hold 11 2 3 5 ; pay 12 2 3 1 }      -> INSUFFICIENT_FUNDS member=2 account=2 asked=1 missing=1
    group 9 { hold 10 1 2 5 ; capture 11 10 5 ; pay 12 2 3 5 }
    group 9 { hold 10 3 1 50 ; release 11 10 20 ; pay 12 3 1 20 ; pay 13 3 1 1 } -> INSUFFICIENT_FUNDS member=3 account=3 asked=1 missing=1
    group 9 { hold 10 1 2 5 ; hold 11 1 3 5 ; capture 12 11 5 ; capture 13 10 5 }
    hold 10 1 2 5 | group 9 { capture 11 10 2 ; capture 12 10 2 ; capture 13 10 2 } -> HOLD_EXCEEDED member=2 asked=2 missing=1 would_pass=1
    hold 10 1 2 5 | group 9 { capture 11 10 2 rest ; capture 12 10 1 } -> HOLD_CLOSED member=1 asked=1
    group 9 { authorize 10 1 2 5 ; take 11 10 2 ; refund 12 10 1 ; cancel 13 10 all } | see 10 -> payment PartiallyRefunded amount=5 captured=2 released=3 refunded=1
    group 9 { charge 10 1 2 5 ; refund 11 10 all ; refund 12 10 1 } -> PAYMENT_STATE_INVALID member=2 asked=1
    # A refused group leaves nothing.
    group 9 { hold 10 1 2 5 ; pay 11 2 1 1 } -> INSUFFICIENT_FUNDS member=1 account=2 asked=1 missing=1 | see 10 -> none | account 1 -> none | capture 12 10 1 -> HOLD_NOT_FOUND asked=1
    hold 10 1 2 5 due=9000 | group 9 { capture 11 10 2 rest ; pay 12 2 1 3 } -> INSUFFICIENT_FUNDS member=1 account=2 asked=3 missing=1 would_pass=2 | see 10 -> Open amount=5 remaining=5 due=9000 | capture 13 10 5
    hold 10 1 2 5 | group 9 { change 11 10 2 due=9000 ; capture 12 10 8 } -> HOLD_EXCEEDED member=1 asked=8 missing=1 would_pass=7 | see 10 -> Open amount=5 remaining=5
    group 9 { hold 10 1 2 5 ; hold 11 2 1 1 } -> INSUFFICIENT_FUNDS member=1 account=2 asked=1 missing=1 | group 8 { hold 10 1 2 5 ; hold 11 1 2 1 }
    # A group that is known, and one that is not the same.
    group 9 { hold 10 1 2 5 ; capture 11 10 2 } | group 9 { hold 10 1 2 5 ; capture 11 10 2 } -> known
    group 9 { hold 10 1 2 5 ; capture 11 10 2 } | group 9 { hold 10 1 2 5 ; capture 11 10 3 } -> ID_REUSED transfers[1].amount
    group 9 { hold 10 1 2 5 ; capture 11 10 2 } | group 9 { hold 10 1 2 5 ; release 11 10 2 } -> ID_REUSED transfers[1].kind
    group 9 { hold 10 1 2 5 ; capture 11 10 2 } | group 9 { hold 12 1 2 5 ; capture 11 12 2 } -> ID_REUSED transfers[0].id
    group 9 { hold 10 1 2 5 ; capture 11 10 2 } | group 9 { hold 10 1 2 5 } -> ID_REUSED transfers
    group 9 { hold 10 1 2 5 } | group 9 { pay 10 1 2 5 }         -> ID_REUSED transfers[0].kind
    group 9 { hold 10 1 2 5 } | group 8 { hold 10 1 2 5 }        -> GROUP_MIXED
    ",
    );
}

/// The same id again.
#[test]
fn repeated() {
    cases(
        "
    hold 10 1 2 5 | hold 10 1 2 5                                -> known
    hold 10 1 2 5 due=9000 auto meta=k:v | hold 10 1 2 5 due=9000 auto meta=k:v -> known
    hold 10 1 2 5 | capture 11 10 2 | capture 11 10 2            -> known
    hold 10 1 2 5 | capture 11 10 all -> posted 5 | capture 11 10 all -> known
    hold 10 1 2 5 | capture 11 10 2 rest -> posted 2 rest=3 | capture 11 10 2 rest -> known
    hold 10 1 2 5 | change 11 10 0 due=9000 | change 11 10 0 due=9000 -> known
    # Also after it has fallen due, or is closed; a no stays a no.
    hold 10 1 2 5 due=2000 | next 2000 | due -> released 10 5 | hold 10 1 2 5 due=2000 -> known
    hold 10 1 2 5 | capture 11 10 6 -> HOLD_EXCEEDED asked=6 missing=1 would_pass=5 | change 12 10 1 | capture 11 10 6 -> known
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | hold 10 1 2 5 | capture 11 10 5 -> known
    hold 10 1 2 5 due=5 -> DUE_PASSED asked=5 | hold 10 1 2 5 due=5 -> known
    # The guard is no content.
    hold 10 1 2 5 | capture 11 10 2 asset=EUR | capture 11 10 2 asset=JPY -> known

    # Holds, payments and transfers share one set of ids.
    pay 10 1 2 5 | hold 10 1 2 5                                 -> ID_REUSED kind
    hold 10 1 2 5 | pay 10 1 2 5                                 -> ID_REUSED kind
    hold 10 1 2 5 | authorize 10 1 2 5                           -> ID_REUSED kind
    hold 10 1 2 5 | capture 10 9 5                               -> ID_REUSED kind
    hold 10 1 2 5 | undo 10 9                                    -> ID_REUSED reverses
    pay 9 1 2 5 | undo 10 9 | capture 10 9 5                     -> ID_REUSED reverses
    hold 10 1 2 5 | capture 11 10 2 | release 11 10 2            -> ID_REUSED kind
    hold 10 1 2 5 | capture 11 10 2 | take 11 10 2               -> ID_REUSED kind
    hold 10 1 2 5 | change 11 10 2 | capture 11 10 2             -> ID_REUSED kind
    # Each field, and the first of several.
    hold 10 1 2 5 | hold 12 1 2 5 | capture 11 10 2 | capture 11 12 2 -> ID_REUSED hold
    hold 10 1 2 5 | hold 10 6 2 5                                -> ID_REUSED debit_account
    hold 10 1 2 5 | hold 10 1 3 5                                -> ID_REUSED credit_account
    hold 10 1 2 5 | hold 10 1 2 6                                -> ID_REUSED amount
    hold 10 1 2 5 | hold 10 1 2 5 due=9000                       -> ID_REUSED due_at_ns
    hold 10 1 2 5 due=9000 | hold 10 1 2 5                       -> ID_REUSED due_at_ns
    hold 10 1 2 5 due=9000 | hold 10 1 2 5 due=9000 auto         -> ID_REUSED at_due
    hold 10 1 2 5 | capture 11 10 2 | capture 11 10 2 rest       -> ID_REUSED release_rest
    hold 10 1 2 5 | capture 11 10 5 rest | capture 11 10 5       -> ID_REUSED release_rest
    hold 10 1 2 5 | hold 10 1 2 5 code=1                         -> ID_REUSED code
    hold 10 1 2 5 | hold 10 1 2 5 date=20240229                  -> ID_REUSED value_date
    hold 10 1 2 5 | hold 10 1 2 5 meta=k:v                       -> ID_REUSED metadata
    hold 10 1 2 5 | capture 11 10 all -> posted 5 | capture 11 10 5 -> ID_REUSED amount
    hold 10 1 2 5 | capture 11 10 5 | capture 11 10 all          -> ID_REUSED amount
    hold 10 1 2 5 | release 11 10 all -> posted 5 | release 11 10 5 -> ID_REUSED amount
    hold 10 1 2 5 | release 11 10 2 | release 11 10 2 code=1     -> ID_REUSED code
    hold 10 1 2 5 | change 11 10 2 | change 11 10 3              -> ID_REUSED amount
    hold 10 1 2 5 | change 11 10 2 | change 11 10 0 due=9000     -> ID_REUSED amount
    hold 10 1 2 5 | change 11 10 2 | change 11 10 2 due=9000     -> ID_REUSED due_at_ns
    hold 10 1 2 5 due=9000 | change 11 10 2 | change 11 10 2 due=9000 -> ID_REUSED due_at_ns
    hold 10 1 2 5 due=9000 | capture 11 10 2 | capture 11 10 2 code=1 -> ID_REUSED code
    hold 10 1 2 5 due=9000 auto | capture 11 10 2 | capture 11 10 2 code=1 -> ID_REUSED code
    hold 10 1 2 5 | hold 10 6 3 6 due=9000 auto code=1           -> ID_REUSED debit_account
    hold 10 1 2 5 | hold 10 1 2 5 due=9000 auto code=1 meta=k:v  -> ID_REUSED due_at_ns
    # Against what was refused.
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | capture 11 10 6  -> ID_REUSED amount
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | capture 11 10 5 code=1 -> ID_REUSED code
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | capture 11 12 5  -> ID_REUSED hold
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | release 11 10 5  -> ID_REUSED kind
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | capture 11 10 5 rest -> ID_REUSED release_rest
    capture 11 10 5 -> HOLD_NOT_FOUND asked=5 | pay 11 1 2 5     -> ID_REUSED kind
    hold 10 1 2 5 | update 1 freeze=both | capture 11 10 all -> ACCOUNT_FROZEN account=1 asked=5 missing=5 | capture 11 10 all rest -> ID_REUSED release_rest
    hold 10 2 1 5 due=9000 auto -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | hold 10 2 1 5 due=9000 -> ID_REUSED at_due
    hold 10 2 1 5 due=9000 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | hold 10 2 1 5 -> ID_REUSED due_at_ns
    change 11 10 0 due=9000 -> HOLD_NOT_FOUND | change 11 10 0 due=9001 -> ID_REUSED due_at_ns
    ",
    );
}

/// What is refused on its own, by reason and field, in order of precedence.
const MALFORMED: &str = "
    hold 0 1 2 5 rest                        -> ID_ZERO id
    hold 10 0 2 5                            -> ACCOUNT_KEY_MISSING debit_account
    hold 10 1 0 5                            -> ACCOUNT_KEY_MISSING credit_account
    hold 10 1 1 5                            -> SAME_ACCOUNT credit_account
    hold 10 1 2 0                            -> AMOUNT_ZERO amount
    hold 10 1 2 2^127                        -> AMOUNT_TOO_LARGE amount
    capture 11 10 2^127 rest                 -> AMOUNT_TOO_LARGE amount
    change 11 10 2^127                       -> AMOUNT_TOO_LARGE amount
    charge 10 1 2 0                          -> AMOUNT_ZERO amount
    capture 11 10 5 date=1 debit=1           -> VALUE_DATE_INVALID value_date
    hold 10 1 2 5 fee=2^127 date=1           -> AMOUNT_TOO_LARGE fee
    undo 11 10 due=9000                      -> HOLD_MALFORMED due_at_ns
    undo 11 10 hold=9                        -> HOLD_MALFORMED hold
    capture 11 10 0 reverses=9               -> HOLD_MALFORMED reverses
    capture 11 0 5                           -> HOLD_MALFORMED hold
    capture 11 11 5                          -> HOLD_MALFORMED hold
    release 11 0 5                           -> HOLD_MALFORMED hold
    change 11 0 5                            -> HOLD_MALFORMED hold
    take 11 0 5                              -> HOLD_MALFORMED hold
    cancel 11 0 all                          -> HOLD_MALFORMED hold
    refund 11 0 5                            -> HOLD_MALFORMED hold
    pay 10 1 2 5 hold=9                      -> HOLD_MALFORMED hold
    hold 10 1 2 5 hold=9                     -> HOLD_MALFORMED hold
    authorize 10 1 2 5 hold=9                -> HOLD_MALFORMED hold
    capture 11 10 5 debit=1                  -> HOLD_MALFORMED debit_account
    release 11 10 5 credit=1                 -> HOLD_MALFORMED credit_account
    change 11 10 5 debit=1                   -> HOLD_MALFORMED debit_account
    refund 11 10 5 credit=1                  -> HOLD_MALFORMED credit_account
    hold 10 1 2 5 upto                       -> HOLD_MALFORMED amount_mode
    capture 11 10 5 upto                     -> HOLD_MALFORMED amount_mode
    charge 10 1 2 5 upto                     -> HOLD_MALFORMED amount_mode
    change 11 10 0                           -> HOLD_MALFORMED amount
    cancel 11 10 5                           -> HOLD_MALFORMED amount
    pay 10 1 2 5 due=9000                    -> HOLD_MALFORMED due_at_ns
    capture 11 10 5 due=9000                 -> HOLD_MALFORMED due_at_ns
    release 11 10 5 due=9000                 -> HOLD_MALFORMED due_at_ns
    charge 10 1 2 5 due=9000                 -> HOLD_MALFORMED due_at_ns
    take 11 10 5 due=9000                    -> HOLD_MALFORMED due_at_ns
    refund 11 10 5 due=9000                  -> HOLD_MALFORMED due_at_ns
    pay 10 1 2 5 auto                        -> HOLD_MALFORMED at_due
    hold 10 1 2 5 auto                       -> HOLD_MALFORMED at_due
    authorize 10 1 2 5 auto                  -> HOLD_MALFORMED at_due
    change 11 10 5 due=9000 auto             -> HOLD_MALFORMED at_due
    charge 10 1 2 5 auto                     -> HOLD_MALFORMED at_due
    pay 10 1 2 5 rest                        -> HOLD_MALFORMED release_rest
    hold 10 1 2 5 rest                       -> HOLD_MALFORMED release_rest
    release 11 10 5 rest                     -> HOLD_MALFORMED release_rest
    refund 11 10 5 rest                      -> HOLD_MALFORMED release_rest
    pay 10 1 2 5 fee=1                       -> HOLD_MALFORMED payment
    hold 10 1 2 5 score=1                    -> HOLD_MALFORMED payment
    take 11 10 5 ref=r                       -> HOLD_MALFORMED payment
    refund 11 10 5 fee=1                     -> HOLD_MALFORMED payment
    authorize 10 1 2 5 fee=2^127 score=1001  -> AMOUNT_TOO_LARGE fee
    charge 10 1 2 5 score=1001               -> SCORE_INVALID score
    hold 10 1 2 5 hold=9 upto auto rest fee=1 -> HOLD_MALFORMED hold
    # The edges of what is well formed.
    hold 10 1 2 max due=1 auto               -> fine
    capture 11 10 all rest                   -> fine
    capture 11 10 max                        -> fine
    release 11 10 all                        -> fine
    change 11 10 0 due=1                     -> fine
    change 11 10 1                           -> fine
    authorize 10 1 2 5 fee=max score=1000 ref=r due=1 auto -> fine
    charge 10 1 2 5 fee=0 score=0            -> fine
    take 11 10 all rest                      -> fine
    cancel 11 10 all                         -> fine
    refund 11 10 all meta=k:v                -> fine
";

#[test]
fn malformed() {
    for row in script::lines(MALFORMED) {
        let (transfer, expected) = row.split_once("->").expect("an answer");
        let answer = match check_transfer(&script::unchecked(transfer)) {
            Ok(()) => "fine".to_owned(),
            Err(Fault { reason, field }) => format!("{} {field}", reason.name()),
        };
        assert_eq!(answer, expected.trim(), "{row}");
    }
}

/// What has no spaces cannot be said in a line.
#[test]
fn references() {
    let longest = "x".repeat(128);
    let wide = "ü".repeat(64);
    for (reference, fine) in [
        ("", true),
        ("order 7", true),
        (&*longest, true),
        (&*format!("{longest}x"), false),
        (&*wide, true),
        (&*format!("{wide}x"), false),
        ("two\nlines", false),
        ("\u{7f}", false),
        ("\u{85}", false),
        ("\0", false),
    ] {
        let mut transfer = script::unchecked("charge 10 1 2 5 ref=r");
        let payment = transfer.extra.as_mut().and_then(|extra| extra.payment.as_mut());
        payment.expect("a payment").reference = reference.into();
        let expected = Err(Fault::new(Reason::ReferenceInvalid, "reference"));
        let expected = if fine { Ok(()) } else { expected };
        assert_eq!(check_transfer(&transfer), expected, "{reference:?}");
    }
}
