//! The same id again: with the same content the first answer, whatever has happened since; with another, the
//! first field that differs.

use crate::cases;

#[test]
fn same_content() {
    cases(
        "
    pay 10 1 2 5 | pay 10 1 2 5                                          -> known
    pay 10 1 2 5 code=7 date=20240229 meta=k:v | pay 10 1 2 5 code=7 date=20240229 meta=k:v -> known
    pay 10 1 2 5 | undo 11 10 | undo 11 10                               -> known
    pay 9 1 2 5 | pay 10 2 1 9 upto -> posted 5 | pay 10 2 1 9 upto      -> known
    # The guard is not part of the content, nor is a group or a batch.
    pay 10 1 2 5 asset=EUR | pay 10 1 2 5                                -> known
    pay 10 1 2 5 | pay 10 1 2 5 asset=JPY                                -> known
    pay 10 1 2 5 | batch asset=JPY { pay 10 1 2 5 }                      -> known
    group 9 { pay 10 1 2 5 } | pay 10 1 2 5                              -> known
    group 9 { pay 10 1 2 5 } | group 9 asset=JPY { pay 10 1 2 5 asset=JPY } -> known
    # A no stays a no, and a yes a yes.
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 11 1 2 5 | pay 10 2 1 5 -> known
    pay 10 1 7 5 -> ACCOUNT_NOT_FOUND account=7 asked=5 | open 7 EUR | pay 10 1 7 5 -> known
    undo 11 10 -> ORIGINAL_NOT_FOUND | pay 10 1 2 5 | undo 11 10         -> known
    pay 10 1 2 5 | undo 11 10 | pay 10 1 2 5                             -> known
    pay 10 1 2 5 | update 1 freeze=both | pay 10 1 2 5                   -> known
    pay 10 1 2 5 | pay 11 2 1 5 | update 2 close | pay 10 1 2 5          -> known
    pay 10 3 1 50 | pay 11 1 3 50 | update 3 floor=zero | pay 10 3 1 50  -> known
    group 9 { pay 10 1 2 5 ; pay 11 2 1 5 } | update 2 close | group 9 { pay 10 1 2 5 ; pay 11 2 1 5 } -> known
    group 9 { pay 10 2 1 5 } -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 1 2 5 | group 9 { pay 10 2 1 5 } -> known
    pay 10 1 2 5 | clock 0 | pay 10 1 2 5                                -> known
    # Other tenants' ids do not count.
    pay 10 1 2 5 | tenant 1 | open 1 EUR none | open 2 EUR | pay 10 1 2 6 | pay 10 1 2 6 -> known
    ",
    );
}

#[test]
fn other_content_than_a_posted_transfer() {
    cases(
        "
    pay 10 1 2 5 | pay 10 6 2 5                                          -> ID_REUSED debit_account
    pay 10 1 2 5 | pay 10 1 3 5                                          -> ID_REUSED credit_account
    pay 10 1 2 5 | pay 10 1 2 6                                          -> ID_REUSED amount
    pay 10 1 2 5 | pay 10 1 2 5 upto                                     -> ID_REUSED amount_mode
    pay 10 1 2 5 upto | pay 10 1 2 5                                     -> ID_REUSED amount_mode
    pay 10 1 2 5 | pay 10 1 2 5 code=1                                   -> ID_REUSED code
    pay 10 1 2 5 | pay 10 1 2 5 date=20240229                            -> ID_REUSED value_date
    pay 10 1 2 5 | pay 10 1 2 5 meta=k:v                                 -> ID_REUSED metadata
    pay 10 1 2 5 meta=k:v | pay 10 1 2 5                                 -> ID_REUSED metadata
    pay 10 1 2 5 meta=k:v | pay 10 1 2 5 meta=k:w                        -> ID_REUSED metadata
    pay 10 1 2 5 | undo 10 9                                             -> ID_REUSED reverses
    # What counts is what was asked, not what was moved.
    pay 9 1 2 5 | pay 10 2 1 9 upto -> posted 5 | pay 10 2 1 5 upto      -> ID_REUSED amount
    pay 9 1 2 5 | pay 10 2 1 9 upto -> posted 5 | pay 10 2 1 5           -> ID_REUSED amount
    # The first of several.
    pay 10 1 2 5 | pay 10 6 3 6 upto code=1 date=20240229 meta=k:v       -> ID_REUSED debit_account
    pay 10 1 2 5 | pay 10 1 3 6 upto code=1 date=20240229 meta=k:v       -> ID_REUSED credit_account
    pay 10 1 2 5 | pay 10 1 2 6 upto code=1 date=20240229 meta=k:v       -> ID_REUSED amount
    pay 10 1 2 5 | pay 10 1 2 5 upto code=1 date=20240229 meta=k:v       -> ID_REUSED amount_mode
    pay 10 1 2 5 | pay 10 1 2 5 code=1 date=20240229 meta=k:v            -> ID_REUSED code
    pay 10 1 2 5 | pay 10 1 2 5 date=20240229 meta=k:v                   -> ID_REUSED value_date
    ",
    );
}

#[test]
fn other_content_than_a_refused_transfer() {
    cases(
        "
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 6 1 5             -> ID_REUSED debit_account
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 3 5             -> ID_REUSED credit_account
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 1 6             -> ID_REUSED amount
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 1 5 upto        -> ID_REUSED amount_mode
    pay 10 2 1 5 upto -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 1 5        -> ID_REUSED amount_mode
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 1 5 code=1      -> ID_REUSED code
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 1 5 date=20240229 -> ID_REUSED value_date
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | pay 10 2 1 5 meta=k:v    -> ID_REUSED metadata
    pay 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | undo 10 9                -> ID_REUSED reverses
    pay 10 1 7 5 -> ACCOUNT_NOT_FOUND account=7 asked=5 | pay 10 1 8 5                        -> ID_REUSED credit_account
    ",
    );
}

#[test]
fn other_content_than_a_reversal() {
    cases(
        "
    pay 10 1 2 5 | undo 11 10 | undo 11 9                                -> ID_REUSED reverses
    pay 10 1 2 5 | undo 11 10 | pay 11 2 1 5                             -> ID_REUSED reverses
    pay 10 1 2 5 | undo 11 10 | undo 11 10 code=1                        -> ID_REUSED code
    pay 10 1 2 5 | undo 11 10 | undo 11 10 date=20240229                 -> ID_REUSED value_date
    pay 10 1 2 5 | undo 11 10 | undo 11 10 meta=k:v                      -> ID_REUSED metadata
    undo 11 10 -> ORIGINAL_NOT_FOUND | undo 11 9                         -> ID_REUSED reverses
    undo 11 10 -> ORIGINAL_NOT_FOUND | undo 11 10 code=1                 -> ID_REUSED code
    pay 10 1 2 5 | undo 11 10 | undo 12 10 -> ALREADY_REVERSED asked=5 | undo 12 10 code=1 -> ID_REUSED code
    pay 10 1 2 5 | undo 11 10 | undo 12 10 -> ALREADY_REVERSED asked=5 | pay 12 2 1 5      -> ID_REUSED reverses
    ",
    );
}

#[test]
fn other_content_than_a_group() {
    cases(
        "
    group 9 { pay 10 1 2 5 } | group 9 { pay 11 1 2 5 }                                       -> ID_REUSED transfers[0].id
    group 9 { pay 10 1 2 5 } | group 9 { pay 10 6 2 5 }                                       -> ID_REUSED transfers[0].debit_account
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 ; pay 11 1 3 5 }         -> ID_REUSED transfers[1].credit_account
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 ; pay 11 1 2 6 }         -> ID_REUSED transfers[1].amount
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 ; pay 11 1 2 5 upto }    -> ID_REUSED transfers[1].amount_mode
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 ; pay 11 1 2 5 code=1 }  -> ID_REUSED transfers[1].code
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 date=20240229 ; pay 11 1 2 5 } -> ID_REUSED transfers[0].value_date
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 ; pay 11 1 2 5 meta=k:v } -> ID_REUSED transfers[1].metadata
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 ; undo 11 10 }           -> ID_REUSED transfers[1].reverses
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 11 1 2 5 ; pay 10 1 2 5 }         -> ID_REUSED transfers[0].id
    group 9 { pay 10 1 2 5 ; pay 11 1 2 5 } | group 9 { pay 10 1 2 5 }                        -> ID_REUSED transfers
    group 9 { pay 10 1 2 5 } | group 9 { pay 10 1 2 5 ; pay 11 1 2 5 }                        -> ID_REUSED transfers
    # What follows a group in the journal is not part of it.
    group 9 { pay 10 1 2 5 } | pay 11 1 2 5 | group 9 { pay 10 1 2 5 ; pay 12 1 2 5 }         -> ID_REUSED transfers
    # Of a refused group, the members are not kept.
    group 9 { pay 10 2 1 5 } -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | group 9 { pay 10 2 1 6 } -> ID_REUSED transfers
    ",
    );
}
