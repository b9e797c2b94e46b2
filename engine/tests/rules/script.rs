//! The language of the tables: lines, commands, words.

use florin_engine::{
    AMOUNT_MAX_MINOR, AssetCode, Floor, Freeze, Transfer, TransferOptions, encode_metadata,
};

/// Lines that say something.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The commands of a line.
pub fn commands(line: &str) -> impl Iterator<Item = &str> {
    line.split('|').map(str::trim).filter(|command| !command.is_empty())
}

/// `10`, `max` (2^127 - 1), `2^90`; and sums and differences of them: `max-5`.
pub fn number(word: &str) -> u128 {
    let simple = |word: &str| match word.split_once('^') {
        _ if word == "max" => AMOUNT_MAX_MINOR,
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

/// `pay ID DEBIT CREDIT AMOUNT [upto] [asset=A]` or `undo ID ORIGINAL`, then `[code=N] [date=N] [meta=K:V]`.
pub fn transfer(text: &str) -> Transfer {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (numbers, reverses, options) = match *words.as_slice() {
        ["pay", id, debit, credit, amount, ref options @ ..] => {
            ([id, debit, credit, amount].map(number), None, options)
        }
        ["undo", id, original, ref options @ ..] => {
            ([number(id), 0, 0, 0], Some(number(original)), options)
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
    let mut extra = TransferOptions { reverses, ..TransferOptions::default() };
    for word in options {
        match word.split_once('=') {
            Some(("code", code)) => transfer.code = code.parse().expect("a code"),
            Some(("date", date)) => transfer.value_date = date.parse().expect("a date"),
            Some(("meta", pair)) => extra.metadata = metadata(pair),
            Some(("asset", code)) => extra.asset = Some(asset(code)),
            None if *word == "upto" => transfer.up_to_available = true,
            _ => panic!("no option: {word}"),
        }
    }
    if extra != TransferOptions::default() {
        transfer.extra = Some(Box::new(extra));
    }
    assert_eq!(florin_engine::check_transfer(&transfer), Ok(()), "{text} is malformed");
    transfer.seal()
}
