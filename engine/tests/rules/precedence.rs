//! Where two reasons apply, the first in the order of `Reason` is the answer.
//!
//! A line names both and is run twice: without what stands in `[…]` and with the left of `a/b` it must end in the later
//! reason; with what stands in `[…]` and with the right of `a/b`, in the earlier one.

use florin_engine::Reason;

use crate::world::World;
use crate::{ACCOUNTS, script};

const BOTH_APPLY: &str = "
    ID_REUSED over GROUP_MIXED:                pay 10 1 2 5 | [group 9 { pay 11 1 2 5 } |] group 9 { pay 10 1 2 5 }
    ID_REUSED over ORIGINAL_NOT_FOUND:         [pay 11 1 2 5 |] undo 11 10
    ID_REUSED over ORIGINAL_NOT_POSTED:        pay 10 1 7 5 -> ACCOUNT_NOT_FOUND account=7 asked=5 | [pay 11 1 2 5 |] undo 11 10
    ID_REUSED over ALREADY_REVERSED:           pay 10 1 2 5 | undo 12 10 | [pay 11 1 2 5 |] undo 11 10
    ID_REUSED over ACCOUNT_NOT_FOUND:          [pay 10 1 2 5 |] pay 10 1 7 5
    ID_REUSED over ASSET_MISMATCH:             [pay 10 1 2 5 |] pay 10 1 4 5
    ID_REUSED over ACCOUNT_CLOSED:             [pay 10 1 3 5 |] update 2 close | pay 10 1 2 5
    ID_REUSED over ACCOUNT_FROZEN:             [pay 10 1 3 5 |] update 2 freeze=both | pay 10 1 2 5
    ID_REUSED over INSUFFICIENT_FUNDS:         [pay 10 1 3 5 |] pay 10 2 1 5
    ID_REUSED over BALANCE_OVERFLOW:           [pay 10 1 3 5 |] pay 9 6 2 max | pay 10 1 2 5

    ID_REUSED over HOLD_NOT_FOUND:             [pay 11 1 2 5 |] capture 11 10 5
    ID_REUSED over HOLD_EXPIRED:               hold 10 1 2 5 due=2000 | [pay 11 1 2 5 |] next 2000 | capture 11 10 5
    ID_REUSED over HOLD_CLOSED:                hold 10 1 2 5 | release 9 10 5 | [pay 11 1 2 5 |] capture 11 10 5
    ID_REUSED over HOLD_EXCEEDED:              hold 10 1 2 5 | [pay 11 1 2 5 |] capture 11 10 6
    ID_REUSED over PAYMENT_NOT_FOUND:          [pay 11 1 2 5 |] take 11 10 5
    ID_REUSED over PAYMENT_STATE_INVALID:      charge 10 1 2 5 | [pay 11 1 2 5 |] take 11 10 5
    ID_REUSED over PAYMENT_EXCEEDED:           charge 10 1 2 5 | [pay 11 1 2 5 |] refund 11 10 6
    ID_REUSED over DUE_PASSED:                 [pay 11 1 2 5 |] hold 11 1 2 5 due=5
    ID_REUSED over CEILING_EXCEEDED:           [pay 10 1 3 5 |] update 2 ceiling=4 | pay 10 1 2 5

    GROUP_MIXED over ORIGINAL_NOT_FOUND:       [pay 10 1 2 5 |] group 9 { undo 11 8 ; pay 10 1 2 5 }
    GROUP_MIXED over ORIGINAL_NOT_POSTED:      pay 8 1 7 5 -> ACCOUNT_NOT_FOUND account=7 asked=5 | [pay 10 1 2 5 |] group 9 { undo 11 8 ; pay 10 1 2 5 }
    GROUP_MIXED over ALREADY_REVERSED:         pay 8 1 2 5 | undo 7 8 | [pay 10 1 2 5 |] group 9 { undo 11 8 ; pay 10 1 2 5 }
    GROUP_MIXED over ACCOUNT_NOT_FOUND:        [pay 10 1 2 5 |] group 9 { pay 11 1 7 5 ; pay 10 1 2 5 }
    GROUP_MIXED over ASSET_MISMATCH:           [pay 10 1 2 5 |] group 9 { pay 11 1 4 5 ; pay 10 1 2 5 }
    GROUP_MIXED over ACCOUNT_CLOSED:           [pay 10 1 2 5 |] update 3 close | group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }
    GROUP_MIXED over ACCOUNT_FROZEN:           [pay 10 1 2 5 |] update 3 freeze=both | group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }
    GROUP_MIXED over INSUFFICIENT_FUNDS:       [pay 10 1 2 5 |] group 9 { pay 11 3 1 60 ; pay 10 1 2 5 }
    GROUP_MIXED over BALANCE_OVERFLOW:         [pay 10 1 2 5 |] pay 8 6 3 max | group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }

    GROUP_MIXED over HOLD_NOT_FOUND:           [pay 10 1 2 5 |] group 9 { capture 11 8 5 ; pay 10 1 2 5 }
    GROUP_MIXED over HOLD_EXPIRED:             hold 8 1 2 5 due=2000 | [pay 10 1 2 5 |] next 2000 | group 9 { capture 11 8 5 ; pay 10 1 2 5 }
    GROUP_MIXED over HOLD_CLOSED:              hold 8 1 2 5 | release 7 8 5 | [pay 10 1 2 5 |] group 9 { capture 11 8 5 ; pay 10 1 2 5 }
    GROUP_MIXED over HOLD_EXCEEDED:            hold 8 1 2 5 | [pay 10 1 2 5 |] group 9 { capture 11 8 6 ; pay 10 1 2 5 }
    GROUP_MIXED over PAYMENT_NOT_FOUND:        [pay 10 1 2 5 |] group 9 { take 11 8 5 ; pay 10 1 2 5 }
    GROUP_MIXED over PAYMENT_STATE_INVALID:    charge 8 1 2 5 | [pay 10 1 2 5 |] group 9 { take 11 8 5 ; pay 10 1 2 5 }
    GROUP_MIXED over PAYMENT_EXCEEDED:         charge 8 1 2 5 | [pay 10 1 2 5 |] group 9 { refund 11 8 6 ; pay 10 1 2 5 }
    GROUP_MIXED over DUE_PASSED:               [pay 10 1 2 5 |] group 9 { hold 11 1 2 5 due=5 ; pay 10 1 2 5 }
    GROUP_MIXED over CEILING_EXCEEDED:         update 3 ceiling=4 | [pay 10 1 2 5 |] group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }

    ALREADY_REVERSED over ASSET_MISMATCH:      pay 10 1 2 5 | [undo 11 10 |] batch asset=JPY { undo 12 10 }
    ALREADY_REVERSED over ACCOUNT_CLOSED:      pay 10 1 2 5 | [undo 11 10 | pay 8 1 2 5 |] pay 9 2 1 5 | update 2 close | undo 12 10
    ALREADY_REVERSED over ACCOUNT_FROZEN:      pay 10 1 2 5 | [undo 11 10 |] update 2 freeze=debits | undo 12 10
    ALREADY_REVERSED over INSUFFICIENT_FUNDS:  pay 10 1 2 5 | [undo 11 10 | pay 8 1 2 5 |] pay 9 2 1 5 | undo 12 10
    ALREADY_REVERSED over BALANCE_OVERFLOW:    pay 10 1 2 5 | [undo 11 10 | pay 8 1 2 5 |] pay 7 6 1 max | pay 9 6 1 1 | undo 12 10

    ALREADY_REVERSED over CEILING_EXCEEDED:    pay 10 6 2 5 | [undo 11 10 | pay 8 6 2 5 |] pay 9 1 6 5 | update 6 ceiling=4 | undo 12 10

    HOLD_NOT_FOUND over DUE_PASSED:            hold 10 1 2 5 | change 11 10/8 1 due=5

    HOLD_EXPIRED over HOLD_CLOSED:             hold 10 1 2 5 due=2000 | capture 11 10 5/3 | [next 2000 | due -> released 10 2 |] release 12 10 all
    HOLD_EXPIRED over HOLD_EXCEEDED:           hold 10 1 2 5 due=2000 | [next 2000 |] capture 11 10 6
    HOLD_EXPIRED over DUE_PASSED:              hold 10 1 2 5 due=2000 | [next 2000 |] change 11 10 1 due=5
    HOLD_EXPIRED over ASSET_MISMATCH:          hold 10 1 2 5 due=2000 | [next 2000 |] capture 11 10 1 asset=JPY
    HOLD_EXPIRED over ACCOUNT_FROZEN:          hold 10 1 2 5 due=2000 | update 2 freeze=both | [next 2000 |] capture 11 10 1
    HOLD_EXPIRED over INSUFFICIENT_FUNDS:      hold 10 3 2 5 due=2000 | [next 2000 |] change 11 10 60
    HOLD_EXPIRED over CEILING_EXCEEDED:        hold 10 1 2 5 due=2000 | update 2 ceiling=5 | [next 2000 |] change 11 10 1
    HOLD_EXPIRED over BALANCE_OVERFLOW:        hold 10 1 2 max due=2000 | [next 2000 |] change 11 10 1

    HOLD_CLOSED over HOLD_EXCEEDED:            hold 10 1 2 5 | [release 9 10 5 |] capture 11 10 6
    HOLD_CLOSED over DUE_PASSED:               hold 10 1 2 5 | [release 9 10 5 |] change 11 10 1 due=5
    HOLD_CLOSED over ASSET_MISMATCH:           hold 10 1 2 5 | [release 9 10 5 |] capture 11 10 1 asset=JPY
    HOLD_CLOSED over ACCOUNT_FROZEN:           hold 10 1 2 5 | update 1 freeze=both | [release 9 10 5 |] capture 11 10 1
    HOLD_CLOSED over INSUFFICIENT_FUNDS:       hold 10 3 2 5 | [release 9 10 5 |] change 11 10 60
    HOLD_CLOSED over CEILING_EXCEEDED:         hold 10 1 2 5 | update 2 ceiling=5 | [release 9 10 5 |] change 11 10 6
    HOLD_CLOSED over BALANCE_OVERFLOW:         hold 10 1 2 max | [release 9 10 max |] change 11 10 1

    HOLD_EXCEEDED over ASSET_MISMATCH:         hold 10 1 2 5 | capture 11 10 5/6 asset=JPY
    HOLD_EXCEEDED over ACCOUNT_FROZEN:         hold 10 1 2 5 | update 1 freeze=both | capture 11 10 5/6

    PAYMENT_STATE_INVALID over PAYMENT_EXCEEDED: authorize 10 1 2 5 | [cancel 9 10 all -> posted 5 |] take 11 10 6
    PAYMENT_STATE_INVALID over ASSET_MISMATCH: authorize 10 1 2 5 | [cancel 9 10 all -> posted 5 |] take 11 10 1 asset=JPY
    PAYMENT_STATE_INVALID over ACCOUNT_CLOSED: charge 10 1 2 5 | [refund 8 10 5 | pay 7 1 2 5 |] pay 9 2 6 5 | update 2 close | refund 11 10 5
    PAYMENT_STATE_INVALID over ACCOUNT_FROZEN: authorize 10 1 2 5 | update 2 freeze=both | [cancel 9 10 all -> posted 5 |] take 11 10 1
    PAYMENT_STATE_INVALID over INSUFFICIENT_FUNDS: charge 10 1 2 5 | [refund 8 10 5 | pay 7 1 2 5 |] pay 9 2 6 5 | refund 11 10 5
    PAYMENT_STATE_INVALID over CEILING_EXCEEDED: charge 10 6 2 5 | [refund 8 10 5 |] pay 9 1 6 15/10 | update 6 ceiling=10 | refund 11 10 5
    PAYMENT_STATE_INVALID over BALANCE_OVERFLOW: charge 10 6 2 5 | [refund 8 10 5 |] pay 9 1 6 max/max-5 | pay 7 3 6 5 | refund 11 10 5

    PAYMENT_EXCEEDED over ASSET_MISMATCH:      authorize 10 1 2 5 | take 11 10 5/6 asset=JPY
    PAYMENT_EXCEEDED over ACCOUNT_CLOSED:      charge 10 1 2 5 | pay 9 2 6 5 | update 2 close | refund 11 10 5/6
    PAYMENT_EXCEEDED over ACCOUNT_FROZEN:      charge 10 1 2 5 | update 2 freeze=both | refund 11 10 5/6
    PAYMENT_EXCEEDED over INSUFFICIENT_FUNDS:  charge 10 1 2 5 | pay 9 2 6 5 | refund 11 10 5/6
    PAYMENT_EXCEEDED over CEILING_EXCEEDED:    charge 10 6 2 5 | pay 9 1 6 15 | update 6 ceiling=10 | refund 11 10 5/6
    PAYMENT_EXCEEDED over BALANCE_OVERFLOW:    charge 10 6 2 5 | pay 9 1 6 max | pay 7 3 6 5 | refund 11 10 5/6

    DUE_PASSED over ACCOUNT_NOT_FOUND:         hold 10 1 7 5 due=9000/due=5
    DUE_PASSED over ASSET_MISMATCH:            hold 10 1 4 5 due=9000/due=5
    DUE_PASSED over ACCOUNT_CLOSED:            update 2 close | authorize 10 1 2 5 due=9000/due=5
    DUE_PASSED over ACCOUNT_FROZEN:            update 2 freeze=both | hold 10 1 2 5 due=9000/due=5
    DUE_PASSED over INSUFFICIENT_FUNDS:        authorize 10 2 1 5 due=9000/due=5
    DUE_PASSED over CEILING_EXCEEDED:          update 2 ceiling=4 | hold 10 1 2 5 due=9000/due=5
    DUE_PASSED over BALANCE_OVERFLOW:          pay 9 1 2 max | hold 10 6 2 5 due=9000/due=5

    ACCOUNT_NOT_FOUND over CEILING_EXCEEDED:   update 2 ceiling=4 | pay 10 1/7 2 5
    ASSET_MISMATCH over CEILING_EXCEEDED:      update 2 ceiling=4 | pay 10 1/4 2 5
    ACCOUNT_CLOSED over CEILING_EXCEEDED:      update 2 ceiling=4 | [update 2 close |] pay 10 1 2 5
    ACCOUNT_CLOSED over CEILING_EXCEEDED:      update 2 ceiling=4 | [update 1 close |] pay 10 1 2 5
    ACCOUNT_FROZEN over CEILING_EXCEEDED:      update 2 ceiling=4 | [update 2 freeze=credits |] pay 10 1 2 5
    ACCOUNT_FROZEN over CEILING_EXCEEDED:      update 2 ceiling=4 | [update 1 freeze=debits |] pay 10 1 2 5
    INSUFFICIENT_FUNDS over CEILING_EXCEEDED:  update 2 ceiling=4 | pay 10 1/3 2 60
    CEILING_EXCEEDED over BALANCE_OVERFLOW:    pay 9 1 2 max | [update 2 ceiling=max |] pay 10 6 2 1
    CEILING_EXCEEDED over BALANCE_OVERFLOW:    pay 9 1 3 max | [update 2 ceiling=1 |] pay 10 1 2 2

    ACCOUNT_NOT_FOUND over ASSET_MISMATCH:     pay 10 1 2/7 5 asset=JPY
    ACCOUNT_NOT_FOUND over ACCOUNT_CLOSED:     update 2 close | pay 10 2 1/7 5
    ACCOUNT_NOT_FOUND over ACCOUNT_FROZEN:     update 2 freeze=both | pay 10 2 1/7 5
    ACCOUNT_NOT_FOUND over INSUFFICIENT_FUNDS: pay 10 2 1/7 5
    ACCOUNT_NOT_FOUND over BALANCE_OVERFLOW:   pay 9 1 2 max | pay 10 6/7 2 5

    ASSET_MISMATCH over ACCOUNT_CLOSED:        update 2 close | pay 10 1/4 2 5
    ASSET_MISMATCH over ACCOUNT_FROZEN:        update 2 freeze=both | pay 10 1/4 2 5
    ASSET_MISMATCH over INSUFFICIENT_FUNDS:    pay 10 2 1/4 5
    ASSET_MISMATCH over BALANCE_OVERFLOW:      pay 9 1 2 max | pay 10 6/4 2 5

    ACCOUNT_CLOSED over ACCOUNT_FROZEN:        update 2 freeze=both | [update 2 close |] pay 10 1 2 5
    ACCOUNT_CLOSED over ACCOUNT_FROZEN:        update 1 freeze=both | [update 2 close |] pay 10 1 2 5
    ACCOUNT_CLOSED over ACCOUNT_FROZEN:        update 2 freeze=both | [update 1 close |] pay 10 1 2 5
    ACCOUNT_CLOSED over INSUFFICIENT_FUNDS:    [update 2 close |] pay 10 2 1 5
    ACCOUNT_CLOSED over INSUFFICIENT_FUNDS:    [update 3 close |] pay 10 2 3 5
    ACCOUNT_CLOSED over INSUFFICIENT_FUNDS:    [update 3 close |] pay 10 2 3 5 upto
    ACCOUNT_CLOSED over BALANCE_OVERFLOW:      pay 9 1 2 max | [update 6 close |] pay 10 6 2 5

    ACCOUNT_FROZEN over INSUFFICIENT_FUNDS:    [update 2 freeze=debits |] pay 10 2 1 5
    ACCOUNT_FROZEN over INSUFFICIENT_FUNDS:    [update 1 freeze=credits |] pay 10 2 1 5
    ACCOUNT_FROZEN over BALANCE_OVERFLOW:      pay 9 1 2 max | [update 2 freeze=credits |] pay 10 6 2 5
    ACCOUNT_FROZEN over BALANCE_OVERFLOW:      pay 9 1 2 max | [update 6 freeze=debits |] pay 10 6 2 5

    INSUFFICIENT_FUNDS over BALANCE_OVERFLOW:  pay 9 1 2 max | pay 10 6/3 2 60

    ID_REUSED over ASSET_NOT_FOUND:            open 7/2 POINTS
    ACCOUNT_NOT_FOUND over ACCOUNT_CLOSED:     update 2 close | update 2/7 freeze=both
    ACCOUNT_NOT_FOUND over ACCOUNT_NOT_EMPTY:  pay 10 1 2 5 | update 2/7 close
    ACCOUNT_NOT_FOUND over BALANCE_BELOW_FLOOR: pay 10 3 1 5 | update 3/7 floor=zero
    ACCOUNT_NOT_EMPTY over BALANCE_BELOW_FLOOR: pay 10 3 1 5 | update 3 [close] floor=zero
    ACCOUNT_NOT_FOUND over BALANCE_ABOVE_CEILING: pay 10 1 2 5 | update 2/7 ceiling=4
    ACCOUNT_NOT_EMPTY over BALANCE_ABOVE_CEILING: pay 10 1 2 5 | update 2 [close] ceiling=4
    BALANCE_BELOW_FLOOR over BALANCE_ABOVE_CEILING: hold 9 3 1 5 | hold 10 1 3 5 | update 3 [floor=zero] ceiling=4
";

/// Pairs that cannot meet, and why.
const NEVER_MEET: [(Reason, &[Reason]); 16] = {
    use Reason::{
        AccountClosed, AccountFrozen, AccountNotFound, AlreadyReversed, AssetMismatch,
        BalanceOverflow, CeilingExceeded, DuePassed, HoldClosed, HoldExceeded, HoldExpired,
        HoldNotFound, InsufficientFunds, OriginalNotFound, OriginalNotPosted, PaymentExceeded,
        PaymentNotFound, PaymentStateInvalid,
    };
    const OF_HOLDS: &[Reason] = &[HoldNotFound, HoldExpired, HoldClosed, HoldExceeded];
    const OF_PAYMENTS: &[Reason] = &[PaymentNotFound, PaymentStateInvalid, PaymentExceeded];
    /// What is unknown, or was refused, has no accounts and no amount to object to.
    const OF_ACCOUNTS: &[Reason] = &[
        AccountNotFound,
        AssetMismatch,
        AccountClosed,
        AccountFrozen,
        InsufficientFunds,
        CeilingExceeded,
        BalanceOverflow,
    ];
    [
        (OriginalNotFound, OF_ACCOUNTS),
        (OriginalNotPosted, OF_ACCOUNTS),
        (OriginalNotFound, &[OriginalNotPosted, AlreadyReversed, DuePassed]),
        (OriginalNotPosted, &[AlreadyReversed, DuePassed]),
        // The accounts of what was posted exist; a reversal sets no time.
        (AlreadyReversed, &[AccountNotFound, DuePassed]),
        (HoldNotFound, OF_ACCOUNTS),
        (HoldNotFound, OF_HOLDS),
        (PaymentNotFound, OF_ACCOUNTS),
        (PaymentNotFound, OF_PAYMENTS),
        // The accounts of a hold exist, and cannot be closed while it is open; afterwards nobody asks them.
        (HoldExpired, &[AccountNotFound, AccountClosed]),
        (HoldClosed, &[AccountNotFound, AccountClosed]),
        (HoldExceeded, &[AccountNotFound, AccountClosed]),
        // A capture and a release ask for no floor and no ceiling, and set no time.
        (HoldExceeded, &[DuePassed, InsufficientFunds, CeilingExceeded, BalanceOverflow]),
        (PaymentNotFound, &[DuePassed]),
        (PaymentStateInvalid, &[DuePassed, AccountNotFound]),
        (PaymentExceeded, &[DuePassed, AccountNotFound]),
    ]
};

/// Whether they are said of different things: a step is one of a reversal, of a hold, or of a payment.
fn are_of_different_steps(a: Reason, b: Reason) -> bool {
    use Reason::{HoldExceeded, HoldNotFound, OriginalNotFound, PaymentExceeded, PaymentNotFound};
    let kind = |reason: Reason| match reason {
        _ if (OriginalNotFound..HoldNotFound).contains(&reason) => Some("reversal"),
        _ if (HoldNotFound..=HoldExceeded).contains(&reason) => Some("hold"),
        _ if (PaymentNotFound..=PaymentExceeded).contains(&reason) => Some("payment"),
        _ => None,
    };
    kind(a).zip(kind(b)).is_some_and(|(a, b)| a != b)
}

#[test]
fn the_earlier_reason_is_the_answer() {
    for row in script::lines(BOTH_APPLY) {
        let (label, history) = row.split_once(':').expect("a label");
        let (earlier, later) = label.split_once(" over ").expect("two reasons");
        assert_eq!(reason_of(&variant(history, false)), later.trim(), "alone: {row}");
        assert_eq!(reason_of(&variant(history, true)), earlier.trim(), "together: {row}");
    }
}

/// For any two reasons against a transfer, a line, or a cause why there can be none.
#[test]
fn every_pair_has_a_line() {
    let of_transfers: Vec<Reason> = Reason::ALL
        .iter()
        .copied()
        .filter(|reason| (Reason::IdReused..=Reason::BalanceOverflow).contains(reason))
        .collect();
    for (place, earlier) in of_transfers.iter().enumerate() {
        for later in &of_transfers[place + 1..] {
            let label = format!("{} over {}:", earlier.name(), later.name());
            let line = script::lines(BOTH_APPLY).any(|row| row.starts_with(&label));
            let mut never = NEVER_MEET.iter().filter(|(reason, _)| reason == earlier);
            let never = never.any(|(_, reasons)| reasons.contains(later))
                || are_of_different_steps(*earlier, *later);
            assert!(line != never, "{label} a line: {line}, never meet: {never}");
        }
    }
}

/// The reason in which a history ends.
fn reason_of(history: &str) -> String {
    let mut world = World::new();
    let mut commands: Vec<&str> =
        script::commands(ACCOUNTS).chain(script::commands(history)).collect();
    let last = commands.pop().expect("a command");
    for command in commands {
        world.expect(command, history);
    }
    let answer = world.run(last);
    world.finish(history);
    answer.split_whitespace().next().unwrap_or_default().to_owned()
}

/// The history with what stands in brackets and the right of `a/b`, or without and with the left.
fn variant(history: &str, with: bool) -> String {
    let mut text = String::new();
    let mut rest = history;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']').expect("an end of brackets");
        text.push_str(before);
        text.push_str(if with { inside } else { "" });
        rest = after;
    }
    text.push_str(rest);
    let choose = |word: &str| match word.split_once('/') {
        Some((left, right)) => if with { right } else { left }.to_owned(),
        None => word.to_owned(),
    };
    text.split_whitespace().map(choose).collect::<Vec<_>>().join(" ")
}
