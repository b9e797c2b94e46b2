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

    GROUP_MIXED over ORIGINAL_NOT_FOUND:       [pay 10 1 2 5 |] group 9 { undo 11 8 ; pay 10 1 2 5 }
    GROUP_MIXED over ORIGINAL_NOT_POSTED:      pay 8 1 7 5 -> ACCOUNT_NOT_FOUND account=7 asked=5 | [pay 10 1 2 5 |] group 9 { undo 11 8 ; pay 10 1 2 5 }
    GROUP_MIXED over ALREADY_REVERSED:         pay 8 1 2 5 | undo 7 8 | [pay 10 1 2 5 |] group 9 { undo 11 8 ; pay 10 1 2 5 }
    GROUP_MIXED over ACCOUNT_NOT_FOUND:        [pay 10 1 2 5 |] group 9 { pay 11 1 7 5 ; pay 10 1 2 5 }
    GROUP_MIXED over ASSET_MISMATCH:           [pay 10 1 2 5 |] group 9 { pay 11 1 4 5 ; pay 10 1 2 5 }
    GROUP_MIXED over ACCOUNT_CLOSED:           [pay 10 1 2 5 |] update 3 close | group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }
    GROUP_MIXED over ACCOUNT_FROZEN:           [pay 10 1 2 5 |] update 3 freeze=both | group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }
    GROUP_MIXED over INSUFFICIENT_FUNDS:       [pay 10 1 2 5 |] group 9 { pay 11 3 1 60 ; pay 10 1 2 5 }
    GROUP_MIXED over BALANCE_OVERFLOW:         [pay 10 1 2 5 |] pay 8 6 3 max | group 9 { pay 11 1 3 5 ; pay 10 1 2 5 }

    ALREADY_REVERSED over ASSET_MISMATCH:      pay 10 1 2 5 | [undo 11 10 |] batch asset=JPY { undo 12 10 }
    ALREADY_REVERSED over ACCOUNT_CLOSED:      pay 10 1 2 5 | [undo 11 10 | pay 8 1 2 5 |] pay 9 2 1 5 | update 2 close | undo 12 10
    ALREADY_REVERSED over ACCOUNT_FROZEN:      pay 10 1 2 5 | [undo 11 10 |] update 2 freeze=debits | undo 12 10
    ALREADY_REVERSED over INSUFFICIENT_FUNDS:  pay 10 1 2 5 | [undo 11 10 | pay 8 1 2 5 |] pay 9 2 1 5 | undo 12 10
    ALREADY_REVERSED over BALANCE_OVERFLOW:    pay 10 1 2 5 | [undo 11 10 | pay 8 1 2 5 |] pay 7 6 1 max | pay 9 6 1 1 | undo 12 10

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
";

/// Pairs that cannot meet: an original that is unknown or was refused has no accounts and no amount to
/// object to, it is only one of these; and the accounts of one that was posted exist.
const NEVER_MEET: [(Reason, &[Reason]); 3] = {
    use Reason::{
        AccountClosed, AccountFrozen, AccountNotFound, AlreadyReversed, AssetMismatch,
        BalanceOverflow, InsufficientFunds, OriginalNotFound, OriginalNotPosted,
    };
    const LATER: &[Reason] = &[
        OriginalNotPosted,
        AlreadyReversed,
        AccountNotFound,
        AssetMismatch,
        AccountClosed,
        AccountFrozen,
        InsufficientFunds,
        BalanceOverflow,
    ];
    [
        (OriginalNotFound, LATER),
        (OriginalNotPosted, LATER.split_at(1).1),
        (AlreadyReversed, &[AccountNotFound]),
    ]
};

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
            let never = never.any(|(_, reasons)| reasons.contains(later));
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
