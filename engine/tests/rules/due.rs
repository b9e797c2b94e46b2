//! Falling due: when, in which order, what happens, and what the clock may do.

use crate::cases;

#[test]
fn to_the_nanosecond() {
    cases(
        "
    hold 10 1 2 5 due=2000 | next 1999 | due -> nothing | next 2000 | due -> released 10 5 | see 10 -> Expired amount=5 released=5 due=2000 | account 1 -> none | account 2 -> none
    hold 10 1 2 5 due=2000 | next 1999 | capture 11 10 5
    hold 10 1 2 5 due=2000 | next 2000 | capture 11 10 5       -> HOLD_EXPIRED asked=5
    hold 10 1 2 5 due=2000 | next 2001 | capture 11 10 5       -> HOLD_EXPIRED asked=5
    authorize 10 1 2 5 due=2000 | next 1999 | take 11 10 5
    authorize 10 1 2 5 due=2000 | next 2000 | take 11 10 5     -> PAYMENT_STATE_INVALID asked=5
    next 2000 | hold 10 1 2 5 due=2001 | next 2001 | due       -> released 10 5
    # A millisecond is a million of them.
    hold 10 1 2 5 due=5000000 | next 4999999 | due -> nothing | next 5000000 | due -> released 10 5
    hold 10 1 2 5 due=18446744073709551615 | next 18446744073709551600 | due -> nothing | capture 11 10 5
    # Events have moments of their own, each later than the one before: that is the time that counts.
    hold 10 1 2 5 due=2000 | next 1998 | batch { pay 11 1 2 1 ; capture 12 10 1 ; capture 13 10 1 } -> posted ; posted ; HOLD_EXPIRED asked=1
    hold 10 1 2 5 due=2000 | next 1998 | group 9 { pay 11 1 2 1 ; capture 12 10 1 ; capture 13 10 1 } -> HOLD_EXPIRED member=2 asked=1
    hold 10 1 2 5 due=2000 | next 1998 | group 9 { pay 11 1 2 1 ; capture 12 10 2 }
    next 1998 | group 9 { pay 11 1 2 1 ; hold 12 1 2 5 due=2000 ; pay 13 1 2 1 }
    next 1998 | group 9 { pay 11 1 2 1 ; pay 13 1 2 1 ; hold 12 1 2 5 due=2000 } -> DUE_PASSED member=2 asked=5
    next 1998 | batch { pay 11 1 2 1 ; pay 13 1 2 1 ; hold 12 1 2 5 due=2000 } -> posted ; posted ; DUE_PASSED asked=5
    # One that never does.
    hold 10 1 2 5 | next 18446744073709551000 | due -> nothing | capture 11 10 5
    ",
    );
}

#[test]
fn released_or_captured() {
    cases(
        "
    hold 10 1 2 5 due=2000 auto | next 2000 | due -> captured 10 5 | see 10 -> Captured amount=5 captured=5 due=2000 | account 1 -> owes=5 | account 2 -> has=5 free=5
    hold 10 1 2 5 due=2000 auto | capture 11 10 2 | release 12 10 1 | next 2000 | due -> captured 10 2 | see 10 -> Captured amount=5 captured=4 released=1 due=2000
    hold 10 1 2 5 due=2000 | capture 11 10 2 | next 2000 | due -> released 10 3 | see 10 -> Expired amount=5 captured=2 released=3 due=2000
    authorize 10 1 2 5 due=2000 | next 2000 | due -> released 10 5 | see 10 -> payment Expired amount=5 released=5 due=2000
    authorize 10 1 2 5 due=2000 | take 11 10 2 | next 2000 | due -> released 10 3 | see 10 -> payment Captured amount=5 captured=2 released=3 due=2000
    authorize 10 1 2 5 due=2000 auto | next 2000 | due -> captured 10 5 | see 10 -> payment Captured amount=5 captured=5 due=2000
    authorize 10 1 2 5 due=2000 auto | take 11 10 2 | refund 12 10 2 | next 2000 | due -> captured 10 3 | see 10 -> payment PartiallyRefunded amount=5 captured=5 refunded=2 due=2000
    # Once.
    hold 10 1 2 5 due=2000 | next 2000 | due -> released 10 5 | due -> nothing
    hold 10 1 2 5 due=2000 auto | next 2000 | due -> captured 10 5 | due -> nothing
    # What is closed before does not fall due.
    hold 10 1 2 5 due=2000 | capture 11 10 5 | next 2000 | due -> nothing
    hold 10 1 2 5 due=2000 auto | release 11 10 5 | next 2000 | due -> nothing
    hold 10 1 2 5 due=2000 | capture 11 10 2 rest -> posted 2 rest=3 | next 2000 | due -> nothing
    # Nobody asked for it: it uses up no id, and nothing is there to undo.
    hold 10 1 2 5 due=2000 auto | next 2000 | due -> captured 10 5 | undo 11 10 -> ORIGINAL_NOT_POSTED
    # Floors and ceilings were asked when it was placed.
    hold 10 3 2 50 due=2000 auto | update 2 ceiling=50 | next 2000 | due -> captured 10 50
    ",
    );
}

#[test]
fn frozen_when_due() {
    cases(
        "
    hold 10 1 2 5 due=2000 auto | update 1 freeze=debits | next 2000 | due -> released 10 5 ACCOUNT_FROZEN | see 10 -> Expired amount=5 released=5 due=2000 | account 1 -> none
    hold 10 1 2 5 due=2000 auto | update 2 freeze=credits | next 2000 | due -> released 10 5 ACCOUNT_FROZEN
    hold 10 1 2 5 due=2000 auto | update 1 freeze=both | update 2 freeze=both | next 2000 | due -> released 10 5 ACCOUNT_FROZEN
    hold 10 1 2 5 due=2000 auto | update 1 freeze=credits | update 2 freeze=debits | next 2000 | due -> captured 10 5
    hold 10 1 2 5 due=2000 auto | update 1 freeze=both | update 1 freeze=none | next 2000 | due -> captured 10 5
    hold 10 1 2 5 due=2000 auto | capture 11 10 2 | update 1 freeze=both | next 2000 | due -> released 10 3 ACCOUNT_FROZEN | see 10 -> Expired amount=5 captured=2 released=3 due=2000
    authorize 10 1 2 5 due=2000 auto | update 2 freeze=credits | next 2000 | due -> released 10 5 ACCOUNT_FROZEN | see 10 -> payment Expired amount=5 released=5 due=2000
    # What is given back needs nobody's leave.
    hold 10 1 2 5 due=2000 | update 1 freeze=both | update 2 freeze=both | next 2000 | due -> released 10 5
    ",
    );
}

#[test]
fn the_earliest_first_and_so_many_at_a_time() {
    cases(
        "
    hold 10 1 2 5 due=3000 | hold 11 1 2 6 due=2000 | hold 12 1 2 7 due=2000 | hold 13 1 2 8 | next 3000 | due -> released 11 6 ; released 12 7 ; released 10 5
    hold 10 1 2 5 due=3000 | hold 11 1 2 6 due=2000 | hold 12 1 2 7 due=2000 auto | next 3000 | due 1 -> released 11 6 | due 1 -> captured 12 7 | due 5 -> released 10 5 | due 5 -> nothing
    hold 10 1 2 5 due=2000 | next 2000 | due 0 -> nothing | due 1 -> released 10 5
    hold 10 1 2 5 due=3000 | hold 11 1 2 6 due=2000 | change 12 10 0 due=1900 | next 2500 | due -> released 10 5 ; released 11 6
    hold 10 1 2 5 due=2000 | tenant 1 | open 1 EUR none | open 2 EUR | hold 10 1 2 6 due=2000 | next 2000 | due -> released 10 5 ; released 10 6
    # Between the steps payments go on, and what is due but has not fallen yet cannot be had any more.
    hold 10 1 2 5 due=2000 | hold 11 1 2 6 due=2000 | next 2000 | due 1 -> released 10 5 | pay 12 1 2 1 | capture 13 11 6 -> HOLD_EXPIRED asked=6 | account 1 -> owes=1 out=6 | due -> released 11 6
    ",
    );
}

/// A clock that jumps is held back until somebody says that it is right; one that goes back takes nothing back.
#[test]
fn the_clock_jumps() {
    cases(
        "
    # Forward: what lies within the jump waits, and can still be captured.
    hold 10 1 2 5 due=2000 | trust 1500 | next 9000 | due -> nothing | capture 11 10 2 | see 10 -> Open amount=5 captured=2 remaining=3 due=2000
    hold 10 1 2 5 due=2000 | hold 11 1 2 6 due=1400 | trust 1500 | next 9000 | due -> released 11 6 | trust all | due -> released 10 5
    hold 10 1 2 5 due=2000 | trust 1999 | next 9000 | due -> nothing | trust 2000 | due -> released 10 5
    # Meanwhile a time counts as passed as far as the clock is believed.
    trust 1500 | next 9000 | hold 10 1 2 5 due=1500              -> DUE_PASSED asked=5
    trust 1500 | next 9000 | hold 10 1 2 5 due=1501 | due -> nothing | trust all | due -> released 10 5
    hold 10 1 2 5 due=2000 auto | trust 1500 | next 9000 | change 11 10 1 due=99000 | trust all | due -> nothing | next 99000 | due -> captured 10 6
    # Back: time stands still, never back. What has fallen due has, and what has not is due at its time.
    hold 10 1 2 5 due=2000 | next 2000 | due -> released 10 5 | next 1500 | capture 11 10 5 -> HOLD_EXPIRED asked=5
    hold 10 1 2 5 due=2000 | next 5000 | pay 11 1 2 1 | next 1500 | capture 12 10 5 -> HOLD_EXPIRED asked=5 | next 1500 | due -> released 10 5
    hold 10 1 2 5 due=9000 | next 5000 | pay 11 1 2 1 | next 1500 | hold 12 1 2 5 due=4000 -> DUE_PASSED asked=5 | next 1500 | due -> nothing | next 9000 | due -> released 10 5
    # Both ways.
    hold 10 1 2 5 due=3000 | trust 1500 | next 9000 | pay 11 1 2 1 | next 1600 | trust 1600 | due -> nothing | capture 12 10 1 | trust 3000 | due -> released 10 4
    ",
    );
}
