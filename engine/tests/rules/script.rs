//! The language of the tables: lines, commands, words.

use florin_engine::{
    AMOUNT_MAX_MINOR, Action, AssetCode, AtDue, Floor, Freeze, Transfer, TransferOptions,
    encode_metadata,
};

/// Lines that say something.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The commands of a line.
pub fn commands(line: &str) -> impl Iterator<Item = &str> {
    line.split('|').map(str::trim).filter(|command| !command.is_empty())
}

/// `10`, `all` (0), `max` (2^127 - 1), `2^90`; and sums and differences of them: `max-5`.
pub fn number(word: &str) -> u128 {
    let simple = |word: &str| match word.split_once('^') {
        _ if word == "max" => AMOUNT_MAX_MINOR,
        _ if word == "all" => 0,
        Some((base, power)) => {
            let power = power.parse().unwrap_or_else(|_| panic!("no power: {word}"));
            u128::pow(base.parse().unwrap_or_else(|_| panic!("no number: {word}")), power)
        }
        None => word.parse().unwrap_or_else(|_| panic!("no number: {word}")),
    };
    if let Some((a, b)) = word.split_once('-') {
        simple(a) - simple(b)
    } else if let Some((a, b)) = word.split_once('+') {
        simple(a) + simple(b)
    } else {
        simple(word)
    }
}

/// A moment, ns since 1970.
pub fn ns(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("no time: {word}"))
}

pub fn asset(word: &str) -> AssetCode {
    AssetCode::new(word).unwrap_or_else(|| panic!("no asset: {word}"))
}

pub fn metadata(word: &str) -> Box<[u8]> {
    let pair = word.split_once(':').unwrap_or_else(|| panic!("no key:value: {word}"));
    encode_metadata([pair]).expect("short")
}

pub fn floor(word: &str) -> Option<Floor> {
    Some(match word.split_once('=').or_else(|| word.split_once(':')) {
        Some(("overdraft", minor)) => Floor::Overdraft(number(minor)),
        None if word == "zero" => Floor::Zero,
        None if word == "none" => Floor::None,
        _ => return None,
    })
}

pub fn freeze(word: &str) -> Freeze {
    match word {
        "none" => Freeze::None,
        "debits" => Freeze::Debits,
        "credits" => Freeze::Credits,
        "both" => Freeze::Both,
        _ => panic!("no freeze: {word}"),
    }
}

/// What a verb does, and whether it names two accounts, or what is there.
fn verb(word: &str) -> Option<(Action, bool)> {
    Some(match word {
        "pay" => (Action::Move, true),
        "hold" => (Action::Hold, true),
        "authorize" => (Action::Authorize, true),
        "charge" => (Action::Pay, true),
        "capture" => (Action::Capture, false),
        "release" => (Action::Release, false),
        "change" => (Action::Change, false),
        "take" => (Action::CapturePayment, false),
        "cancel" => (Action::CancelPayment, false),
        "refund" => (Action::Refund, false),
        _ => return None,
    })
}

/// Whether a command is a transfer.
pub fn is_transfer(word: &str) -> bool {
    word == "undo" || verb(word).is_some()
}

/// | transfer | |
/// |---|---|
/// | `pay ID DEBIT CREDIT AMOUNT [upto]` | moves money |
/// | `undo ID ORIGINAL` | a reversal |
/// | `hold ID DEBIT CREDIT AMOUNT [due=NS] [auto]` | places a hold; `auto`: to be captured when due |
/// | `capture ID HOLD AMOUNT [rest]`, `release ID HOLD AMOUNT` | of a hold; `all` for what is left; `rest`: the rest is given back |
/// | `change ID HOLD AMOUNT [due=NS]` | increases a hold, or moves its time |
/// | `authorize` (as `hold`), `charge ID DEBIT CREDIT AMOUNT` | creates a payment: `[fee=N] [score=N] [ref=R]` |
/// | `take ID PAYMENT AMOUNT [rest]`, `cancel ID PAYMENT all`, `refund ID PAYMENT AMOUNT` | of a payment |
///
/// Each with `[code=N] [date=N] [meta=K:V] [asset=A]`; and, for what is malformed, `[hold=N] [reverses=N]
/// [debit=N] [credit=N]`.
pub fn transfer(text: &str) -> Transfer {
    let transfer = unchecked(text);
    assert_eq!(florin_engine::check_transfer(&transfer), Ok(()), "{text} is malformed");
    transfer.seal()
}

/// The same, whatever it says.
pub fn unchecked(text: &str) -> Transfer {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut extra = TransferOptions::default();
    let (numbers, options) = match *words.as_slice() {
        ["undo", id, original, ref options @ ..] => {
            extra.reverses = Some(number(original));
            ([number(id), 0, 0, 0], options)
        }
        [word, id, first, second, ref options @ ..] => {
            let (action, accounts) = verb(word).unwrap_or_else(|| panic!("no transfer: {text}"));
            extra.terms.action = action;
            match *options {
                [amount, ref options @ ..] if accounts => {
                    ([id, first, second, amount].map(number), options)
                }
                _ => {
                    extra.terms.hold = number(first);
                    ([number(id), 0, 0, number(second)], options)
                }
            }
        }
        _ => panic!("no transfer: {text}"),
    };
    let [id, debit_account, credit_account, amount_minor] = numbers;
    let mut transfer = Transfer {
        id,
        debit_account,
        credit_account,
        amount_minor,
        content_hash: 0,
        code: 0,
        value_date: 0,
        up_to_available: false,
        extra: None,
    };
    for word in options {
        option(word, &mut transfer, &mut extra);
    }
    if extra != TransferOptions::default() {
        transfer.extra = Some(Box::new(extra));
    }
    transfer
}

fn option(word: &str, transfer: &mut Transfer, extra: &mut TransferOptions) {
    let terms = &mut extra.terms;
    match word.split_once('=') {
        Some(("code", code)) => transfer.code = code.parse().expect("a code"),
        Some(("date", date)) => transfer.value_date = date.parse().expect("a date"),
        Some(("meta", pair)) => extra.metadata = metadata(pair),
        Some(("asset", code)) => extra.asset = Some(asset(code)),
        Some(("due", at)) => terms.due_at_ns = ns(at),
        Some(("hold", id)) => terms.hold = number(id),
        Some(("reverses", id)) => extra.reverses = Some(number(id)),
        Some(("debit", id)) => transfer.debit_account = number(id),
        Some(("credit", id)) => transfer.credit_account = number(id),
        Some((name @ ("fee" | "score" | "ref"), value)) => {
            let payment = extra.payment.get_or_insert_default();
            match name {
                "fee" => payment.fee_minor = number(value),
                "score" => payment.score = Some(value.parse().expect("a score")),
                _ => payment.reference = value.into(),
            }
        }
        None if word == "upto" => transfer.up_to_available = true,
        None if word == "auto" => terms.at_due = AtDue::Capture,
        None if word == "rest" => terms.release_rest = true,
        _ => panic!("no option: {word}"),
    }
}
