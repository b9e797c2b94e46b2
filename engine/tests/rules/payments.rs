//! Payments: authorized and captured, or paid at once; canceled, refunded.

use crate::cases;

/// Every reason that a payment adds, in order of precedence.
pub const REFUSED: &str = "
    take 11 10 5                                               -> PAYMENT_NOT_FOUND asked=5
    cancel 11 10 all                                           -> PAYMENT_NOT_FOUND
    refund 11 10 all                                           -> PAYMENT_NOT_FOUND
    authorize 10 2 1 5 -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5 | take 11 10 5 -> PAYMENT_NOT_FOUND asked=5
    pay 10 1 2 5 | refund 11 10 5                              -> PAYMENT_NOT_FOUND asked=5
    hold 10 1 2 5 | take 11 10 5                               -> PAYMENT_NOT_FOUND asked=5
    hold 10 1 2 5 | capture 11 10 5 | refund 12 10 5           -> PAYMENT_NOT_FOUND asked=5
    authorize 10 1 2 5 | tenant 1 | cancel 11 10 all           -> PAYMENT_NOT_FOUND
    # Nothing left to capture.
    charge 10 1 2 5 | take 11 10 1                             -> PAYMENT_STATE_INVALID asked=1
    authorize 10 1 2 5 | take 11 10 5 | take 12 10 all         -> PAYMENT_STATE_INVALID
    authorize 10 1 2 5 | take 11 10 2 rest -> posted 2 rest=3 | take 12 10 1 -> PAYMENT_STATE_INVALID asked=1
    authorize 10 1 2 5 | cancel 11 10 all -> posted 5 | take 12 10 5 -> PAYMENT_STATE_INVALID asked=5
    authorize 10 1 2 5 due=2000 | next 2000 | take 11 10 5     -> PAYMENT_STATE_INVALID asked=5
    authorize 10 1 2 5 due=2000 | next 2000 | due -> released 10 5 | take 11 10 5 -> PAYMENT_STATE_INVALID asked=5
    # Nothing left to cancel.
    charge 10 1 2 5 | cancel 11 10 all                         -> PAYMENT_STATE_INVALID
    authorize 10 1 2 5 | cancel 11 10 all -> posted 5 | cancel 12 10 all -> PAYMENT_STATE_INVALID
    authorize 10 1 2 5 due=2000 | next 2000 | cancel 11 10 all -> PAYMENT_STATE_INVALID
    authorize 10 1 2 5 due=2000 auto | next 2000 | cancel 11 10 all -> PAYMENT_STATE_INVALID
    # Nothing left to refund.
    authorize 10 1 2 5 | refund 11 10 1                        -> PAYMENT_STATE_INVALID asked=1
    authorize 10 1 2 5 | cancel 11 10 all -> posted 5 | refund 12 10 all -> PAYMENT_STATE_INVALID
    charge 10 1 2 5 | refund 11 10 all -> posted 5 | refund 12 10 1 -> PAYMENT_STATE_INVALID asked=1
    # Too much.
    authorize 10 1 2 5 | take 11 10 6                          -> PAYMENT_EXCEEDED asked=6 missing=1 would_pass=5
    authorize 10 1 2 5 | take 11 10 3 | take 12 10 3           -> PAYMENT_EXCEEDED asked=3 missing=1 would_pass=2
    charge 10 1 2 5 | refund 11 10 6                           -> PAYMENT_EXCEEDED asked=6 missing=1 would_pass=5
    charge 10 1 2 5 | refund 11 10 3 | refund 12 10 3          -> PAYMENT_EXCEEDED asked=3 missing=1 would_pass=2
    authorize 10 1 2 5 | take 11 10 2 | refund 12 10 3         -> PAYMENT_EXCEEDED asked=3 missing=1 would_pass=2
";

#[test]
fn refused() {
    cases(REFUSED);
}

#[test]
fn paid_at_once() {
    cases(
        "
    charge 10 1 2 5 | see 10 -> payment Captured amount=5 captured=5 | account 1 -> owes=5 | account 2 -> has=5 free=5
    charge 10 1 2 max | see 10 -> payment Captured amount=max captured=max
    charge 10 2 1 5                            -> INSUFFICIENT_FUNDS account=2 asked=5 missing=5
    update 2 ceiling=4 | charge 10 1 2 5       -> CEILING_EXCEEDED account=2 asked=5 missing=1 would_pass=4
    charge 10 1 4 5                            -> ASSET_MISMATCH account=4 asked=5
    update 1 freeze=debits | charge 10 1 2 5   -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    charge 10 1 2 5 | due -> nothing
    ",
    );
}

#[test]
fn authorized() {
    cases(
        "
    authorize 10 3 2 5 | see 10 -> payment RequiresCapture amount=5 remaining=5 | account 3 -> out=5 free=45 | account 2 -> in=5
    authorize 10 1 2 5 | take 11 10 5 | see 10 -> payment Captured amount=5 captured=5
    authorize 10 1 2 5 | take 11 10 all -> posted 5 | see 10 -> payment Captured amount=5 captured=5
    authorize 10 1 2 5 | take 11 10 2 | see 10 -> payment PartiallyCaptured amount=5 captured=2 remaining=3 | account 1 -> owes=2 out=3
    authorize 10 1 2 5 | take 11 10 2 | take 12 10 all -> posted 3 | see 10 -> payment Captured amount=5 captured=5
    authorize 10 1 2 5 | take 11 10 2 rest -> posted 2 rest=3 | see 10 -> payment Captured amount=5 captured=2 released=3 | account 1 -> owes=2
    authorize 10 1 2 5 | cancel 11 10 all -> posted 5 | see 10 -> payment Canceled amount=5 released=5 | account 1 -> none
    authorize 10 1 2 5 | take 11 10 2 | cancel 12 10 all -> posted 3 | see 10 -> payment Captured amount=5 captured=2 released=3
    authorize 10 3 2 51                        -> INSUFFICIENT_FUNDS account=3 asked=51 missing=1 would_pass=50
    authorize 10 1 2 5 | update 1 freeze=debits | take 11 10 all -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    authorize 10 1 2 5 | update 2 freeze=credits | take 11 10 2 -> ACCOUNT_FROZEN account=2 asked=2 missing=2
    authorize 10 1 2 5 | update 1 freeze=both | cancel 11 10 all -> posted 5
    # The currency of a part is that of the payment.
    authorize 10 1 2 5 | batch asset=JPY { take 11 10 2 }   -> ASSET_MISMATCH account=1 asked=2
    authorize 10 1 2 5 | batch asset=JPY { take 11 10 all } -> ASSET_MISMATCH account=1
    authorize 10 1 2 5 | batch asset=JPY { cancel 11 10 all } -> ASSET_MISMATCH account=1
    authorize 10 1 2 5 | batch asset=EUR { take 11 10 2 }
    ",
    );
}

#[test]
fn refunded() {
    cases(
        "
    charge 10 1 2 5 | refund 11 10 2 | see 10 -> payment PartiallyRefunded amount=5 captured=5 refunded=2 | account 1 -> owes=3 | account 2 -> has=3 free=3
    charge 10 1 2 5 | refund 11 10 2 | refund 12 10 3 | see 10 -> payment Refunded amount=5 captured=5 refunded=5 | account 1 -> none
    charge 10 1 2 5 | refund 11 10 2 | refund 12 10 all -> posted 3 | see 10 -> payment Refunded amount=5 captured=5 refunded=5
    charge 10 1 2 5 | refund 11 10 all meta=why:broken code=3 date=20240229 -> posted 5 | see 10 -> payment Refunded amount=5 captured=5 refunded=5
    # While more can be captured.
    authorize 10 1 2 5 | take 11 10 2 | refund 12 10 1 | see 10 -> payment PartiallyRefunded amount=5 captured=2 refunded=1 remaining=3
    authorize 10 1 2 5 | take 11 10 2 | refund 12 10 2 | see 10 -> payment PartiallyRefunded amount=5 captured=2 refunded=2 remaining=3
    authorize 10 1 2 5 | take 11 10 2 | refund 12 10 2 | cancel 13 10 all -> posted 3 | see 10 -> payment Refunded amount=5 captured=2 released=3 refunded=2
    authorize 10 1 2 5 | take 11 10 2 | refund 12 10 2 | take 13 10 1 | refund 14 10 1 | see 10 -> payment PartiallyRefunded amount=5 captured=3 refunded=3 remaining=2
    authorize 10 1 2 5 due=2000 | take 11 10 2 | next 2000 | due -> released 10 3 | refund 12 10 all -> posted 2 | see 10 -> payment Refunded amount=5 captured=2 released=3 refunded=2 due=2000
    authorize 10 1 2 5 due=2000 | take 11 10 2 | next 2000 | refund 12 10 1 | due -> released 10 3
    # A refund moves money: both accounts are asked, the payee as payer.
    charge 10 1 2 5 | pay 9 2 1 1 | refund 11 10 all     -> INSUFFICIENT_FUNDS account=2 asked=5 missing=1 would_pass=4
    charge 10 1 2 5 | hold 9 2 1 1 | refund 11 10 5      -> INSUFFICIENT_FUNDS account=2 asked=5 missing=1 would_pass=4
    charge 10 3 2 5 | pay 9 1 3 9 | update 3 ceiling=6 | refund 11 10 3 -> CEILING_EXCEEDED account=3 asked=3 missing=1 would_pass=2
    charge 10 1 2 5 | update 2 freeze=debits | refund 11 10 5 -> ACCOUNT_FROZEN account=2 asked=5 missing=5
    charge 10 1 2 5 | update 1 freeze=credits | refund 11 10 5 -> ACCOUNT_FROZEN account=1 asked=5 missing=5
    charge 10 1 2 5 | update 1 freeze=debits | update 2 freeze=credits | refund 11 10 5
    charge 10 1 2 5 | pay 9 2 1 5 | update 2 close | refund 11 10 5 -> ACCOUNT_CLOSED account=2 asked=5 missing=5
    charge 10 1 2 5 | refund 11 10 5 asset=JPY           -> ASSET_MISMATCH account=2 asked=5
    # It would not know of a reversal, nor is a refund undone.
    charge 10 1 2 5 | undo 11 10                         -> ORIGINAL_NOT_POSTED
    authorize 10 1 2 5 | undo 11 10                      -> ORIGINAL_NOT_POSTED
    authorize 10 1 2 5 | take 11 10 5 | undo 12 11       -> ORIGINAL_NOT_POSTED
    authorize 10 1 2 5 | cancel 11 10 all -> posted 5 | undo 12 11 -> ORIGINAL_NOT_POSTED
    charge 10 1 2 5 | refund 11 10 5 | undo 12 11        -> ORIGINAL_NOT_POSTED
    ",
    );
}

/// The same id again.
#[test]
fn repeated() {
    cases(
        "
    charge 10 1 2 5 fee=1 score=9 ref=r meta=k:v | charge 10 1 2 5 fee=1 score=9 ref=r meta=k:v -> known
    authorize 10 1 2 5 due=9000 auto | take 11 10 2 | authorize 10 1 2 5 due=9000 auto -> known
    charge 10 1 2 5 | refund 11 10 all -> posted 5 | refund 11 10 all -> known
    authorize 10 1 2 5 | cancel 11 10 all -> posted 5 | cancel 11 10 all -> known
    charge 10 1 2 5 | authorize 10 1 2 5                 -> ID_REUSED kind
    charge 10 1 2 5 | pay 10 1 2 5                       -> ID_REUSED kind
    charge 10 1 2 5 | charge 10 6 2 5                    -> ID_REUSED debit_account
    charge 10 1 2 5 | charge 10 1 3 5                    -> ID_REUSED credit_account
    charge 10 1 2 5 | charge 10 1 2 6                    -> ID_REUSED amount
    charge 10 1 2 5 fee=1 | charge 10 1 2 5 fee=2        -> ID_REUSED fee
    charge 10 1 2 5 score=1 | charge 10 1 2 5 score=2    -> ID_REUSED score
    charge 10 1 2 5 score=0 | charge 10 1 2 5 ref=r      -> ID_REUSED score
    charge 10 1 2 5 ref=a | charge 10 1 2 5 ref=b        -> ID_REUSED reference
    charge 10 1 2 5 ref=a | charge 10 1 2 5 ref=a meta=k:v -> ID_REUSED metadata
    charge 10 1 2 5 fee=1 | charge 10 1 2 5 fee=2 score=3 ref=r meta=k:v -> ID_REUSED fee
    authorize 10 1 2 5 due=9000 | authorize 10 1 2 5 due=9001 -> ID_REUSED due_at_ns
    authorize 10 1 2 5 due=9000 | authorize 10 1 2 5 due=9000 auto -> ID_REUSED at_due
    authorize 10 1 2 5 | take 11 10 2 | cancel 11 10 all -> ID_REUSED kind
    authorize 10 1 2 5 | take 11 10 2 | take 11 10 2 rest -> ID_REUSED release_rest
    charge 10 1 2 5 | charge 12 1 2 5 | refund 11 10 2 | refund 11 12 2 -> ID_REUSED hold
    charge 10 1 2 5 | refund 11 10 5 | refund 11 10 all  -> ID_REUSED amount
    charge 10 1 2 5 | refund 11 10 2 | refund 11 10 2 meta=k:v -> ID_REUSED metadata
    refund 11 10 5 -> PAYMENT_NOT_FOUND asked=5 | refund 11 10 5 code=1 -> ID_REUSED code
    ",
    );
}
