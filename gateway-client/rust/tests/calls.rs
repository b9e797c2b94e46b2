//! Every method of the client against a real server.

mod fake;

use fake::{Fake, Ledger, Step};
use florin_client::{
    Account, AccountId, AccountKey, AccountUpdate, Asset, BackupStep, BulkMember, BulkTransfers,
    Client, EventAt, Floor, Freeze, GroupId, HoldState, Moment, Money, NewAccount, NewBackup,
    NewPayment, PaymentCapture, PaymentOutcome, PaymentRefund, PaymentState, Reason, Side,
    StatementPage, Transfer, TransferId, TransferKind,
};

async fn started() -> (Fake, Client) {
    let fake = Fake::start(&Ledger::default());
    let client = Client::connect(fake.endpoint()).await.expect("connects");
    (fake, client)
}

async fn with_accounts(names: &[&str]) -> (Fake, Client) {
    let (fake, client) = started().await;
    let new = names.iter().map(|&name| NewAccount::new(name, "EUR"));
    for opened in client.create_accounts(new).await.expect("answers") {
        opened.expect("opens");
    }
    (fake, client)
}

fn payment(id: u128, from: &str, to: &str, amount_minor: u128) -> Transfer {
    Transfer::new(TransferId(id)).debit(from).credit(to).amount_minor(amount_minor)
}

#[tokio::test]
async fn assets() {
    let (_fake, client) = started().await;
    for (asset, replayed, refused) in [
        (Asset::new("POINTS", 0), Some(false), None),
        (Asset::new("POINTS", 0), Some(true), None),
        (Asset::new("POINTS", 2), None, Some("scale")),
    ] {
        let outcomes = client.create_assets([asset]).await.expect("answers");
        match &outcomes[..] {
            [Ok(registered)] => assert_eq!(Some(registered.replayed), replayed),
            [Err(refusal)] => {
                assert_eq!(refusal.reason, Reason::IdReused);
                assert_eq!(refusal.field.as_deref(), refused);
            }
            other => panic!("one answer an asset: {other:?}"),
        }
    }
    let listed = client.list_assets().await.expect("answers");
    assert_eq!(listed, [Asset::new("POINTS", 0)]);
}

#[tokio::test]
async fn accounts_are_opened_found_and_changed() {
    let (_fake, client) = started().await;
    let overdraft = Floor::Overdraft { minor: 5_000 };
    let outcomes = client
        .create_accounts([
            NewAccount::new("cash", "EUR").floor(Floor::None),
            NewAccount::new(AccountId(7), "EUR").floor(overdraft).metadata("owner", "42"),
            NewAccount::new("odd", "XXX"),
        ])
        .await
        .expect("answers");
    assert_eq!(outcomes[0].as_ref().expect("opened").id, AccountId::of_name("cash"));
    assert!(!outcomes[1].as_ref().expect("opened").replayed);
    let refusal = outcomes[2].as_ref().expect_err("no such asset");
    assert_eq!(refusal.reason, Reason::AssetNotFound);

    let keys = [AccountKey::from("cash"), AccountId(7).into(), "nobody".into()];
    let lookup = client.get_accounts(keys).await.expect("answers");
    let [cash, seven] = &lookup.found[..] else {
        panic!("two exist: {lookup:?}");
    };
    assert_eq!(lookup.missing, [AccountKey::from("nobody")]);
    assert_eq!((cash.name.as_deref(), cash.floor), (Some("cash"), Floor::None));
    assert_eq!((seven.name.as_deref(), seven.floor), (None, overdraft));
    assert_eq!(seven.metadata["owner"], "42");
    assert_eq!(cash.asset.format_minor(cash.balance_minor), "0.00");

    for (update, freeze, floor, closed) in [
        (AccountUpdate::new("cash").freeze(Freeze::Debits), Freeze::Debits, Floor::None, false),
        (AccountUpdate::new("cash").floor(Floor::Zero), Freeze::Debits, Floor::Zero, false),
        (AccountUpdate::new("cash").freeze(Freeze::None).close(), Freeze::None, Floor::Zero, true),
    ] {
        let account = client.update_account(update).await.expect("updates");
        assert_eq!((account.freeze, account.floor, account.closed), (freeze, floor, closed));
    }
}

#[tokio::test]
async fn all_accounts_come_page_after_page() {
    for names in [&[][..], &["a"], &["a", "b"], &["a", "b", "c"], &["a", "b", "c", "d", "e"]] {
        let (_fake, client) = with_accounts(names).await;
        let mut accounts = client.all_accounts();
        let mut listed: Vec<Account> = Vec::new();
        while let Some(account) = accounts.next().await.expect("answers") {
            listed.push(account);
        }
        let mut found: Vec<_> = listed.into_iter().filter_map(|account| account.name).collect();
        found.sort();
        assert_eq!(found, names);
    }
}

#[tokio::test]
async fn accounts_by_the_beginning_of_their_name() {
    let (_fake, client) = with_accounts(&["a/1", "b/1", "a/2", "c", "a/3"]).await;
    for (prefix, expected) in [("a/", &["a/1", "a/2", "a/3"][..]), ("c", &["c"]), ("d", &[])] {
        let mut accounts = client.accounts_named(prefix);
        // As callers do, in a task of its own.
        let listed = tokio::spawn(async move {
            let mut names = Vec::new();
            while let Some(account) = accounts.next().await.expect("answers") {
                names.extend(account.name);
            }
            names.sort();
            names
        });
        assert_eq!(listed.await.expect("no panic"), expected, "{prefix}");
    }
}

#[tokio::test]
async fn ceilings() {
    let (_fake, client) = started().await;
    let capped = NewAccount::new("capped", "EUR").ceiling_minor(500);
    client.create_accounts([capped]).await.expect("answers")[0].as_ref().expect("opens");
    let found = client.get_accounts(["capped"]).await.expect("answers").found;
    assert_eq!(found[0].ceiling_minor, Some(500));
    for (limit, expected) in [(Some(0), Some(0)), (None, None), (Some(7), Some(7))] {
        let update = AccountUpdate::new("capped").ceiling_minor(limit);
        let account = client.update_account(update).await.expect("updates");
        assert_eq!(account.ceiling_minor, expected);
    }
    let update = AccountUpdate::new("capped").freeze(Freeze::Debits);
    let account = client.update_account(update).await.expect("updates");
    assert_eq!(account.ceiling_minor, Some(7), "what is unset stays");
}

#[tokio::test]
async fn the_life_of_a_hold() {
    const HOLD: TransferId = TransferId(1);
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    let id = TransferId;
    // What is done, what is left, and where the hold is then.
    for (transfer, remaining, state) in [
        (Transfer::hold(HOLD).debit("a").credit("b").amount_minor(100), 100, HoldState::Open),
        (Transfer::change(id(2), HOLD).amount_minor(50), 150, HoldState::Open),
        (Transfer::capture(id(3), HOLD).amount_minor(60), 90, HoldState::Open),
        (Transfer::release(id(4), HOLD).amount_minor(20), 70, HoldState::Open),
        (Transfer::capture(id(5), HOLD).amount_minor(30).release_rest(), 0, HoldState::Captured),
    ] {
        let posted = client.transfer(transfer).await.expect("answers").expect("posted");
        assert_eq!(posted.hold_remaining_minor, Some(remaining));
        let lookup = client.get_holds([HOLD, TransferId(9)]).await.expect("answers");
        assert_eq!(lookup.missing, [TransferId(9)]);
        assert_eq!((lookup.found[0].remaining_minor, lookup.found[0].state), (remaining, state));
    }
    let hold = client.get_holds([HOLD]).await.expect("answers").found.remove(0);
    let parts = (hold.amount_minor, hold.captured_minor, hold.released_minor);
    assert_eq!(parts, (150, 90, 60));
    assert_eq!(hold.debit_account, AccountId::of_name("a"));
}

#[tokio::test]
async fn a_statement_goes_on_over_empty_pages() {
    let (fake, client) = with_accounts(&["a", "b"]).await;
    for id in 1..=5 {
        client.transfer(payment(id, "a", "b", id)).await.expect("answers").expect("posted");
    }
    let mut statement = client
        .statement("a")
        .from_ns(1)
        .until_ns(2)
        .side(Side::Debit)
        .kinds([TransferKind::Move])
        .code(0)
        .page_size(2);
    let mut ids = Vec::new();
    while let Some(transfer) = statement.next().await.expect("answers") {
        ids.push(transfer.id.0);
    }
    assert_eq!(ids, [5, 4, 3, 2, 1]);
    let asked = fake.ledger.lock().state.statement_request.clone().expect("was asked");
    assert_eq!((asked.from_ns, asked.until_ns, asked.side, asked.page_size), (1, 2, 1, 2));
    assert_eq!((asked.kinds, asked.code), (vec![TransferKind::Move.into()], Some(0)));

    let error = client.statement("nobody").next().await.expect_err("no such account");
    assert_eq!(error.reason(), "UNEXPECTED_STATUS", "the fake gives no reason");
}

#[tokio::test]
async fn pages_of_a_statement_by_their_tokens() {
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    for id in 1..=5 {
        client.transfer(payment(id, "a", "b", id)).await.expect("answers").expect("posted");
    }
    let statement = client.statement("a");
    let ids = |page: &StatementPage| -> Vec<u128> {
        page.transfers.iter().map(|transfer| transfer.id.0).collect()
    };
    let (mut pages, mut tokens, mut next) = (Vec::new(), Vec::new(), None);
    loop {
        let page = statement.page(next.clone()).await.expect("answers");
        pages.push(ids(&page));
        tokens.push(next);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec![5, 4], vec![], vec![3, 2], vec![], vec![1]]);
    for (token, expected) in tokens.into_iter().zip(pages).rev() {
        assert_eq!(ids(&statement.page(token).await.expect("answers")), expected);
    }
}

#[tokio::test]
async fn a_balance_of_the_past() {
    let (fake, client) = with_accounts(&["a", "b"]).await;
    client.transfer(payment(1, "a", "b", 12)).await.expect("answers").expect("posted");
    fake.ledger.lock().steps.push_back(Step::ApplyThenLose); // it only reads, so it is asked again
    let then = client.balance_at("b", Moment::TimeNs(5)).await.expect("answers");
    assert!(then.is_opened());
    assert_eq!((then.balance_minor, then.debits_pending_minor), (12, 3));
    assert_eq!((then.floor, then.available_minor), (Some(Floor::Zero), Some(4)));
    assert_eq!(then.event, Some(EventAt { sequence: 7, time_ns: 70 }));
    assert_eq!(then.resolved, Some(EventAt { sequence: 9, time_ns: 90 }));
    let before = client.balance_at("b", Moment::Sequence(6)).await.expect("answers");
    assert_eq!((before.event, before.floor, before.available_minor), (None, None, None));
    let error = client.balance_at("nobody", Moment::Sequence(9)).await.expect_err("none");
    assert_eq!(error.reason(), "UNEXPECTED_STATUS", "the fake gives no reason");
}

fn state_of(outcome: &PaymentOutcome) -> PaymentState {
    outcome.as_ref().expect("done").payment.state
}

#[tokio::test]
async fn the_life_of_a_payment() {
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    let id = TransferId;
    let eur = |amount: &str| Money::new(amount, "EUR");
    let new = |number| {
        let payment = NewPayment::new(id(number)).source("a").destination("b");
        payment.amount(eur("12.50")).reference("order 7")
    };
    let created = client.create_payment(new(1).manual()).await.expect("answers");
    assert_eq!(state_of(&created), PaymentState::RequiresCapture);
    let again = client.create_payment(new(1).manual()).await.expect("answers").expect("done");
    assert!(again.replayed);

    let part = PaymentCapture::new(id(2), id(1)).amount(eur("2.50"));
    let done = client.capture_payment(part).await.expect("answers").expect("done");
    assert_eq!((done.id, &done.amount), (id(2), &eur("2.50")));
    assert_eq!(done.payment.capturable, eur("10.00"));
    let too_much = PaymentCapture::new(id(3), id(1)).amount(eur("10.01"));
    let refused = client.capture_payment(too_much).await.expect("answers").expect_err("refused");
    assert_eq!(refused.refusal.reason, Reason::PaymentExceeded);
    assert_eq!(refused.refusal.would_pass_minor, Some(1_000));
    assert_eq!(refused.payment.expect("there is one").id, id(1));
    let last = PaymentCapture::new(id(4), id(1)).amount(eur("5")).last();
    let done = client.capture_payment(last).await.expect("answers").expect("done");
    assert_eq!((done.payment.captured, done.payment.released), (eur("7.50"), eur("5.00")));

    let refund = PaymentRefund::new(id(5), id(1));
    let done = client.refund_payment(refund).await.expect("answers").expect("done");
    assert_eq!((done.amount, done.payment.refunded), (eur("7.50"), eur("7.50")));

    client.create_payment(new(6).manual()).await.expect("answers").expect("done");
    let canceled = client.cancel_payment(id(7), id(6)).await.expect("answers");
    assert_eq!(state_of(&canceled), PaymentState::Canceled);
    let refused = client.cancel_payment(id(8), id(99)).await.expect("answers").expect_err("none");
    assert_eq!((refused.refusal.reason, refused.payment), (Reason::PaymentNotFound, None));

    let found = client.get_payment(id(1)).await.expect("answers").expect("there is one");
    assert_eq!(found.reference.as_deref(), Some("order 7"));
    assert_eq!(client.get_payment(id(99)).await.expect("answers"), None);

    for number in 10..13 {
        client.create_payment(new(number)).await.expect("answers").expect("done");
    }
    for (states, expected) in [
        (vec![], vec![12, 11, 10, 6, 1]),
        (vec![PaymentState::Captured], vec![12, 11, 10]),
        (vec![PaymentState::Canceled], vec![6]),
        (vec![PaymentState::Expired], vec![]),
    ] {
        let mut payments = client.all_payments(states.clone());
        let mut ids = Vec::new();
        while let Some(payment) = payments.next().await.expect("answers") {
            ids.push(payment.id.0);
        }
        assert_eq!(ids, expected, "{states:?}");
    }
}

#[tokio::test]
async fn the_clock_is_accepted() {
    let (_fake, client) = started().await;
    assert!(client.accept_clock().await.expect("answers"));
    assert!(!client.accept_clock().await.expect("answers"));
}

#[tokio::test]
async fn independent_transfers_have_their_own_answers() {
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    let outcomes = client
        .create_transfers([
            payment(1, "a", "b", 10),
            payment(2, "a", "nobody", 10),
            payment(3, "b", "a", 4),
        ])
        .await
        .expect("answers");
    let posted = outcomes[2].as_ref().expect("posted");
    assert_eq!(posted.amount_minor, 4);
    assert_eq!((posted.debit_balance_after_minor, posted.credit_balance_after_minor), (6, -6));
    let refused = outcomes[1].as_ref().expect_err("refused");
    assert_eq!(refused.refusal.reason, Reason::AccountNotFound);
    assert_eq!(refused.refusal.account_id, Some(AccountId::of_name("nobody")));

    let ids = [1, 2, 9].map(TransferId);
    let lookup = client.get_transfers(ids).await.expect("answers");
    assert_eq!(lookup.missing, [TransferId(9)]);
    assert_eq!(lookup.found[0].requested_minor, 10);
    assert!(lookup.found[0].outcome.is_ok());
    assert!(lookup.found[1].outcome.is_err());
}

#[tokio::test]
async fn groups_are_all_or_nothing() {
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    let good = [payment(1, "a", "b", 1), payment(2, "b", "a", 1)];
    let outcome = client.create_group(GroupId(1), good).await.expect("answers");
    let posted = outcome.expect("posted");
    assert_eq!((posted.id, posted.members.len()), (GroupId(1), 2));

    let bad = [payment(3, "a", "b", 1), payment(4, "b", "nobody", 1)];
    let outcome = client.create_group(GroupId(2), bad).await.expect("answers");
    let refused = outcome.expect_err("refused");
    assert_eq!(refused.refusal.reason, Reason::AccountNotFound);
    assert_eq!(refused.refusal.member, 1);
}

#[tokio::test]
async fn columns() {
    let (_fake, client) = started().await;
    let mut batch = BulkTransfers::independent();
    for amount_minor in [5, 0, 7] {
        batch.push(BulkMember {
            id: TransferId::generate(),
            amount_minor,
            ..BulkMember::default()
        });
    }
    let outcome = client.bulk(&batch).await.expect("answers");
    assert_eq!((outcome.posted, outcome.refused, outcome.replayed), (2, 1, 0));
    let [(1, Err(refused))] = &outcome.others[..] else {
        panic!("the second is refused: {outcome:?}");
    };
    assert_eq!(refused.refusal.reason, Reason::AmountZero);
}

#[tokio::test]
async fn status() {
    let (_fake, client) = started().await;
    let status = client.status().await.expect("answers");
    assert_eq!(status.uptime.as_secs(), 61);
    assert_eq!(status.not_accepting_reason.as_deref(), Some("DISK_FULL"));
    let partition = &status.partitions[0];
    assert_eq!((partition.open_holds, partition.timers, partition.subscribers), (3, 2, 1));
    assert!(partition.due_paused);
    let snapshot = florin_client::NewestSnapshot { id: 7, sequence: 5, taken_at_ns: 1_000 };
    assert_eq!((partition.snapshot, partition.events_to_replay), (Some(snapshot), 4));
    let totals = &status.partitions[0].assets[0];
    assert_eq!(totals.debits_minor, (2 << 64) + 1);
    assert_eq!(totals.asset, Asset::new("EUR", 2));
    assert!(status.fork);
}

#[tokio::test]
async fn backup() {
    let (_fake, client) = started().await;
    let backup = NewBackup { to: "here".to_owned(), full: true, bytes_per_second: 5 };
    let mut steps = client.create_backup(&backup).await.expect("it begins");
    let step = steps.next().await.expect("a step");
    assert_eq!(step, BackupStep::Sending { bytes_done: 3, bytes_total: 7 });
    let BackupStep::Made(made) = steps.next().await.expect("the last") else { panic!("not made") };
    assert_eq!((made.manifest.as_str(), made.sequence), ("here", 9));
    assert_eq!(steps.next().await.expect_err("no more").reason(), "CONNECTION_LOST");

    let broken = NewBackup { full: false, ..backup };
    let mut steps = client.create_backup(&broken).await.expect("it begins");
    steps.next().await.expect("a step");
    assert_eq!(steps.next().await.expect_err("it fails").reason(), "UNEXPECTED_STATUS");
}
