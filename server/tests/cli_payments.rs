//! Holds, payments and the feed through the `florin` binary, as a person or a script uses it.

mod support;

use std::process::Stdio;

use serde_json::{Value, json};
use support::cli::{id, one, refused, run, started, text};
use support::{Server, florin};

fn available(server: &Server, account: &str) -> Value {
    one(server, &format!("account show {account}"))["available"].clone()
}

#[test]
fn a_hold_from_its_placing_to_its_end() {
    let server = started();
    let hold = id(1);
    let placed =
        one(&server, &format!("hold --from alice --to shop --amount 30 --due 2h --id {hold}"));
    assert_eq!((&placed["status"], &placed["hold_remaining"]), (&json!("posted"), &json!("30.00")));
    assert_eq!(available(&server, "alice"), "70.00");
    let again = format!("hold --from alice --to shop --amount 31 --id {hold}");
    assert_eq!(refused(&server, &again), (1, "ID_REUSED".to_owned()));

    // What is done, what is left, what alice has available.
    for (line, remaining, left) in [
        (format!("hold change {hold} --increase 10"), "40.00", "60.00"),
        (format!("capture {hold} --amount 12.50"), "27.50", "60.00"),
        (format!("release {hold} --amount 7.50"), "20.00", "67.50"),
        (format!("hold change {hold} --due 3d"), "20.00", "67.50"),
        (format!("capture {hold} --amount 15 --rest-released"), "0.00", "72.50"),
    ] {
        let done = one(&server, &line);
        assert_eq!(done["hold_remaining"], remaining, "{line}");
        assert_eq!(available(&server, "alice"), left, "{line}");
    }
    let shown = one(&server, &format!("hold show {hold}"));
    for (field, expected) in [
        ("state", "captured"),
        ("debit_account", "alice"),
        ("credit_account", "shop"),
        ("amount", "40.00"),
        ("captured", "27.50"),
        ("released", "12.50"),
        ("remaining", "0.00"),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    for (line, reason) in [
        (format!("capture {hold}"), "HOLD_CLOSED"),
        (format!("release {hold}"), "HOLD_CLOSED"),
        (format!("refund {hold}"), "PAYMENT_NOT_FOUND"),
        (format!("capture {}", id(99)), "HOLD_NOT_FOUND"),
        (format!("hold show {}", id(99)), "HOLD_NOT_FOUND"),
        ("hold --from alice --to shop --amount 72.51".to_owned(), "INSUFFICIENT_FUNDS"),
        ("hold --from alice --to capped --amount 5.01".to_owned(), "CEILING_EXCEEDED"),
        ("hold --from alice --to shop --amount 1 --due 2020-01-01".to_owned(), "DUE_PASSED"),
        ("hold --from alice --to shop --amount 1.005".to_owned(), "AMOUNT_TOO_PRECISE"),
    ] {
        assert_eq!(refused(&server, &line), (1, reason.to_owned()), "{line}");
    }
}

#[test]
fn a_payment_from_its_creation_to_its_refund() {
    let server = started();
    let (manual, at_once, canceled) = (id(1), id(2), id(3));
    let pay = "pay --from alice --to shop --currency EUR --amount";
    for (line, state, captured, refunded) in [
        (
            format!("{pay} 20 --manual --due 3d --reference order-7 --id {manual}"),
            "requires_capture",
            "0.00",
            "0.00",
        ),
        (format!("capture {manual} --amount 5.50"), "partially_captured", "5.50", "0.00"),
        (format!("capture {manual} --amount 4.50 --rest-released"), "captured", "10.00", "0.00"),
        (format!("refund {manual} --amount 2.50"), "partially_refunded", "10.00", "2.50"),
        (format!("refund {manual}"), "refunded", "10.00", "10.00"),
        (format!("{pay} 7.25 --id {at_once}"), "captured", "7.25", "0.00"),
        (format!("{pay} 1 --manual --id {canceled}"), "requires_capture", "0.00", "0.00"),
        (format!("release {canceled}"), "canceled", "0.00", "0.00"),
    ] {
        let done = one(&server, &line);
        let payment = &done["payment"];
        assert_eq!(
            (&payment["state"], &payment["amount_captured"], &payment["amount_refunded"]),
            (&json!(state), &json!(captured), &json!(refunded)),
            "{line}"
        );
        assert_eq!(
            (&payment["source"], &payment["destination"]),
            (&json!("alice"), &json!("shop"))
        );
    }
    assert_eq!(available(&server, "alice"), "92.75");
    let shown = one(&server, &format!("payment show {manual}"));
    assert_eq!(
        (&shown["reference"], &shown["amount_released"]),
        (&json!("order-7"), &json!("10.00"))
    );
    for (line, reason) in [
        (format!("capture {at_once}"), "PAYMENT_STATE_INVALID"),
        (format!("refund {at_once} --amount 7.26"), "PAYMENT_EXCEEDED"),
        (format!("payment cancel {at_once}"), "PAYMENT_STATE_INVALID"),
        (format!("payment show {}", id(99)), "PAYMENT_NOT_FOUND"),
        (format!("{pay} 92.76"), "INSUFFICIENT_FUNDS"),
        (format!("{pay} 1.005"), "AMOUNT_TOO_PRECISE"),
        (format!("{pay} 1 --id {at_once}"), "ID_REUSED"),
    ] {
        assert_eq!(refused(&server, &line), (1, reason.to_owned()), "{line}");
    }
    for (filter, expected) in [
        ("", vec![&canceled, &at_once, &manual]),
        ("--limit 1", vec![&canceled]),
        ("--state captured", vec![&at_once]),
        ("--state refunded --state canceled", vec![&canceled, &manual]),
        ("--state expired", vec![]),
    ] {
        let (code, lines) = run(&server, &format!("payment list {filter}"));
        let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().expect("an id")).collect();
        assert_eq!(
            (code, ids),
            (0, expected.into_iter().map(String::as_str).collect()),
            "{filter}"
        );
    }
    let table = text(&server, "payment list --limit 2");
    let titles: Vec<_> = table.lines().next().expect("titles").split_whitespace().collect();
    assert_eq!(titles[..5], ["PAYMENT", "CREATED", "STATE", "FROM", "TO"]);
    assert_eq!(table.lines().count(), 3);
}

#[test]
fn what_fell_due_is_known_by_its_hold() {
    let server = started();
    one(&server, &format!("hold --from alice --to shop --amount 30 --due 1s --id {}", id(1)));
    let newest = || run(&server, "statement alice --limit 1").1[1]["transfer"]["kind"].clone();
    for _ in 0..100 {
        if newest() == "due_release" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(newest(), "due_release");
    let table = text(&server, "statement alice --limit 1");
    let row = table.lines().nth(2).expect("a row, after the opening balance");
    assert!(row.ends_with(&id(1)), "{row}");
}

#[test]
fn accounts_with_ceilings_and_by_prefix() {
    let server = started();
    for (line, ceiling) in [
        ("account show capped", json!("5.00")),
        ("account update capped --ceiling 7.50", json!("7.50")),
        ("account update capped --ceiling none", json!(null)),
        ("account update capped --ceiling 0", json!("0.00")),
    ] {
        assert_eq!(one(&server, line)["ceiling"], ceiling, "{line}");
    }
    let below = "account update alice --ceiling 99.99";
    assert_eq!(refused(&server, below), (1, "BALANCE_ABOVE_CEILING".to_owned()));
    for (prefix, expected) in
        [("ca", vec!["capped", "cash"]), ("shop", vec!["shop"]), ("x", vec![])]
    {
        let (_, lines) = run(&server, &format!("account list --prefix {prefix}"));
        let names: Vec<_> = lines.iter().map(|line| line["name"].as_str().expect("one")).collect();
        assert_eq!(names, expected, "{prefix}");
    }
    let refused = refused(&server, "account list --prefix a*b");
    assert_eq!(refused, (1, "FILTER_INVALID".to_owned()));
}

#[test]
fn what_happened_and_what_happens() {
    let server = started();
    let hold = id(1);
    one(&server, &format!("hold --from alice --to shop --amount 30 --id {hold}"));
    let (code, events) = run(&server, "watch --from-beginning --once");
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().expect("one")).collect();
    assert_eq!(code, 0);
    let opened = kinds.iter().filter(|kind| **kind == "account_opened").count();
    assert_eq!((opened, kinds[kinds.len() - 2..].to_vec()), (4, vec!["transfer_posted", "hold"]));
    let last = &events[events.len() - 1];
    assert_eq!(
        (&last["transfer"]["id"], &last["transfer"]["kind"]),
        (&json!(hold), &json!("hold"))
    );
    assert_eq!(last["transfer"]["debit_account"], "alice");

    // What comes after a cursor, and of that only what was asked for.
    let cursor = last["cursor"].as_str().expect("the last line has a cursor").to_owned();
    one(&server, &format!("capture {hold} --amount 10"));
    one(&server, "transfer --from cash --to shop --amount 1");
    refused(&server, "transfer --from alice --to shop --amount 1000");
    for (filter, expected) in [
        ("", vec!["hold", "transfer_posted", "transfer_refused"]),
        ("--kind hold", vec!["hold"]),
        ("--account alice", vec!["hold", "transfer_refused"]),
        ("--account cash", vec!["transfer_posted"]),
        ("--prefix sho --kind transfer-posted", vec!["transfer_posted"]),
        ("--asset JPY", vec![]),
        ("--limit 2", vec!["hold", "transfer_posted"]),
    ] {
        let (code, events) = run(&server, &format!("watch --once --cursor {cursor} {filter}"));
        let kinds: Vec<_> =
            events.iter().map(|event| event["event"].as_str().expect("one")).collect();
        assert_eq!((code, kinds), (0, expected), "{filter}");
    }
    let line = text(&server, &format!("watch --once --cursor {cursor} --kind hold"));
    let words: Vec<_> = line.split_whitespace().skip(2).take(6).collect();
    assert_eq!(words, ["capture", "alice", "→", "shop", "10.00", "EUR,"]);
    assert!(!line.contains('\u{1b}'), "no colours in a pipe: {line:?}");
    let bad = refused(&server, "watch --once --cursor nonsense");
    assert_eq!(bad, (1, "CURSOR_INVALID".to_owned()));

    // From now on: it is there when it happens.
    let mut command = florin();
    command.args(["watch", "--json", "--kind", "transfer-posted", "--limit", "1"]);
    command.args(["--server", &server.address]).stdout(Stdio::piped());
    let watching = command.spawn().expect("florin runs");
    while status(&server)["partitions"][0]["subscribers"] != 1 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    one(&server, &format!("transfer --from cash --to shop --amount 2 --id {}", id(7)));
    let output = watching.wait_with_output().expect("it ends by itself");
    let event: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(event["transfer"]["id"], id(7));
}

fn status(server: &Server) -> Value {
    one(server, "status")
}

#[test]
fn what_is_held_stands_in_the_status() {
    let server = started();
    let holds = |server: &Server| {
        let partition = status(server)["partitions"][0].clone();
        (partition["open_holds"].clone(), partition["timers"].clone())
    };
    assert_eq!(holds(&server), (json!(0), json!(0)));
    one(&server, &format!("hold --from alice --to shop --amount 1 --id {}", id(1)));
    one(&server, &format!("hold --from alice --to shop --amount 1 --due 1h --id {}", id(2)));
    assert_eq!(holds(&server), (json!(2), json!(1)));
    one(&server, &format!("release {}", id(2)));
    assert_eq!(holds(&server), (json!(1), json!(0)));
    let accepted = one(&server, "clock accept");
    assert_eq!(accepted, json!({"status": "accepted", "was_paused": false}));
    assert!(text(&server, "status").contains("1 open, 0 will fall due"));
}
