use std::collections::HashMap;

use super::*;
use crate::cli::import::file::{Mapped, Wishes};

fn open<'t>(
    text: &'t str,
    import: &str,
    key: Option<&str>,
) -> Result<TransferRows<&'t [u8]>, Failure> {
    let rows = Rows::open(text.as_bytes(), b',').expect("read").expect("a header");
    let mapped: &[Mapped] = &[];
    let wishes = Wishes { mapped, ignored: &[], key };
    let columns = Columns::find(rows.header(), 1, FIELDS, &wishes).expect("columns");
    let terms = Terms {
        import: import.to_owned(),
        asset: Some("EUR".to_owned()),
        date_format: DateFormat::Iso,
    };
    TransferRows::new(rows, columns, terms, Assets::default())
}

/// Every row that makes sense, and what is wrong with the others.
fn read(text: &str, import: &str, key: Option<&str>) -> (Vec<TransferRow>, Vec<Finding>) {
    let mut rows = open(text, import, key).expect("sound arguments");
    let (mut sound, mut found) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().expect("read") {
        match row {
            Ok(row) => sound.push(row),
            Err(findings) => found.extend(findings),
        }
    }
    (sound, found)
}

fn ids(text: &str, import: &str, key: Option<&str>) -> Vec<TransferId> {
    let (rows, found) = read(text, import, key);
    assert_eq!(found, [], "{text:?}");
    rows.iter().map(|row| row.id).collect()
}

/// Line, reason and column of what is wrong, a text each.
fn wrong(text: &str, import: &str, key: Option<&str>) -> Vec<String> {
    let (_, found) = read(text, import, key);
    let text = |finding: &Finding| {
        let column = finding.column.as_deref().unwrap_or("-");
        format!("{} {} {column}", finding.line, finding.reason)
    };
    found.iter().map(text).collect()
}

#[test]
fn a_row_with_all_that_it_can_have() {
    let text = "id,from,to,amount,asset,code,value_date,group,metadata.b,metadata.a\n\
                0000000000000000000000000000000a,alice,id:0000000000000000000000000000000b,1.5,JPY,7,2026-11-30,g,x,\n";
    let (_, found) = read(text, "", None);
    assert_eq!(found[0].reason, "AMOUNT_TOO_PRECISE", "of the row's asset, not of the one for all");
    let text = text.replace("1.5,JPY", "12.5,USD");
    let (rows, found) = read(&text, "", None);
    assert_eq!(found, []);
    let [row] = &rows[..] else { panic!("one row") };
    assert_eq!((row.line, row.id.0, row.debit.to_string()), (2, 10, "alice".to_owned()));
    assert_eq!((row.credit.id().0, row.amount_minor, row.asset.code.as_str()), (11, 1_250, "USD"));
    assert_eq!((row.code, row.value_date, row.group.as_deref()), (7, 20_261_130, Some("g")));
    assert_eq!(row.metadata, [("b".to_owned(), "x".to_owned())]);
    let transfer = Transfer::new(TransferId(10))
        .debit(row.debit.id())
        .credit(row.credit.id())
        .amount_minor(1_250)
        .asset("USD")
        .code(7)
        .value_date(20_261_130)
        .metadata("b", "x");
    assert_eq!(row.transfer(row.id), transfer);
}

#[test]
fn what_is_wrong_with_rows() {
    for (text, import, key, expected) in [
        ("from,to,amount\na,b,1\n", "x", None, vec![]),
        (
            "from,to,amount,asset,code,value_date\na,a,0,,x,soon\n",
            "x",
            None,
            vec![
                "2 SAME_ACCOUNT to",
                "2 AMOUNT_ZERO amount",
                "2 CODE_INVALID code",
                "2 VALUE_DATE_INVALID value_date",
            ],
        ),
        (
            "from,to,amount\na,id:0,1\n,b,1\n",
            "x",
            None,
            vec!["2 NAME_INVALID to", "3 ACCOUNT_KEY_MISSING from"],
        ),
        ("from,to,amount,asset\na,b,1,MILES\na,b,1,\n", "x", None, vec!["2 ASSET_NOT_FOUND asset"]),
        ("from,to,amount\na,b\na,b,1\n", "x", None, vec!["2 ROW_RAGGED -"]),
        (
            "id,from,to,amount\n7,a,b,1\n,a,b,1\n0,a,b,1\n",
            "",
            None,
            vec!["3 ID_MISSING id", "4 ID_ZERO id"],
        ),
        // However it is written, it is one id.
        (
            "id,from,to,amount\n7,a,b,1\n00000000000000000000000000000007,c,d,2\nx,a,b,1\nx,a,b,1\n",
            "",
            None,
            vec!["3 ID_TWICE_IN_FILE id", "5 ID_TWICE_IN_FILE id"],
        ),
        (
            "key,from,to,amount\nk,a,b,1\n,a,b,1\nk,c,d,1\n",
            "x",
            Some("key"),
            vec!["3 KEY_MISSING key", "4 KEY_TWICE_IN_FILE key"],
        ),
        // Rows that say the same are as many payments.
        ("from,to,amount\na,b,1\na,b,1\n", "x", None, vec![]),
        (
            "from,to,amount,group\na,b,1,g\na,b,1,\na,b,1,g\na,b,1,h\na,b,1,g\n",
            "x",
            None,
            vec!["4 GROUP_SCATTERED group", "6 GROUP_SCATTERED group"],
        ),
        (
            "from,to,amount,refused_id\na,b,1,7\na,b,1,00000000000000000000000000000000\n",
            "x",
            None,
            vec!["2 REFUSED_ID_INVALID refused_id", "3 REFUSED_ID_INVALID refused_id"],
        ),
        (
            "from,to,amount,refused_id\na,b,1,0000000000000000000000000000000a\nc,d,1,0000000000000000000000000000000a\n",
            "",
            None,
            vec!["3 REFUSED_ID_TWICE_IN_FILE refused_id"],
        ),
        (
            "from,to,amount,group,refused_id\na,b,1,g,0000000000000000000000000000000a\nc,d,1,g,\n",
            "x",
            None,
            vec!["3 REFUSED_ID_INVALID group"],
        ),
        // Without a name nothing can be derived from what a row says.
        (
            "from,to,amount,refused_id\na,b,1,0000000000000000000000000000000a\nc,d,1,\n",
            "",
            None,
            vec!["3 ID_MISSING -"],
        ),
    ] {
        assert_eq!(wrong(text, import, key), expected, "{text:?}");
    }
}

#[test]
fn groups_have_a_largest_size() {
    let rows = |count: usize, metadata: &str| {
        let row = format!("a,b,1,g,{metadata}\n");
        format!("from,to,amount,group,metadata.m\n{}", row.repeat(count))
    };
    let fat = "x".repeat(4_000);
    for (count, metadata, expected) in [
        (8_190, "", vec![]),
        (8_192, "", vec!["8192 GROUP_TOO_LARGE group"]),
        (900, &fat[..], vec![]),
        (1_100, &fat[..], vec!["994 GROUP_TOO_LARGE group"]),
    ] {
        assert_eq!(wrong(&rows(count, metadata), "x", None), expected, "{count}");
    }
}

#[test]
fn arguments_that_do_not_go_with_the_file() {
    for (header, import, key, fine) in [
        ("from,to,amount", "", None, false),
        ("from,to,amount", "x", None, true),
        ("id,from,to,amount", "", None, true),
        ("id,from,to,amount", "x", None, true),
        ("id,from,to,amount,k", "x", Some("k"), false),
        ("from,to,amount,k", "x", Some("k"), true),
        ("from,to,amount,refused_id", "", None, true),
    ] {
        assert_eq!(open(header, import, key).is_ok(), fine, "{header} {import:?} {key:?}");
    }
}

#[test]
fn a_row_keeps_its_id_as_long_as_it_says_the_same() {
    let first = ids("from,to,amount\na,b,1\nc,d,2\n", "x", None);
    for (text, import, expected) in [
        // Inserted lines, another order of columns, other ways to write the same.
        ("from,to,amount\nn,e,9\n\na,b,1\n\"c\",d,2.00\n", "x", vec![None, Some(0), Some(1)]),
        ("amount,to,from\n1,b,a\n02,d,c\n", "x", vec![Some(0), Some(1)]),
        ("from,to,amount,code,asset\na,b,1,,EUR\nc,d,2,0,\n", "x", vec![Some(0), Some(1)]),
        // Other content, another import.
        ("from,to,amount\na,b,1.01\nc,d,2\n", "x", vec![None, Some(1)]),
        ("from,to,amount,code\na,b,1,5\nc,d,2,\n", "x", vec![None, Some(1)]),
        ("from,to,amount\na,b,1\nc,d,2\n", "y", vec![None, None]),
        // The same again is another payment, whichever of them stands first.
        ("from,to,amount\na,b,1\na,b,1\nc,d,2\n", "x", vec![Some(0), None, Some(1)]),
    ] {
        let places: Vec<Option<usize>> = ids(text, import, None)
            .iter()
            .map(|id| first.iter().position(|first| first == id))
            .collect();
        assert_eq!(places, expected, "{text:?}");
    }
    let by_id = AccountKey::from("a").id();
    let named = ids(&format!("from,to,amount\nid:{by_id},b,1\n"), "x", None);
    assert_eq!(named[0], first[0], "an account is the same by its id");
}

#[test]
fn a_key_is_all_that_counts_where_there_is_one() {
    let first = ids("k,from,to,amount\n1,a,b,1\n2,c,d,2\n", "x", Some("k"));
    let mended = ids("k,from,to,amount\n2,c,d,3\n1,a,b,1\n", "x", Some("k"));
    assert_eq!((mended[0], mended[1]), (first[1], first[0]));
}

#[test]
fn what_is_tried_again_follows_from_the_refused_id_alone() {
    let text = |amount: &str| {
        format!("id,from,to,amount,refused_id\n7,a,b,{amount},0000000000000000000000000000000a\n")
    };
    let expected = TransferId(crate::cli::import::ids::after_refusal(10));
    for (amount, import) in [("1", ""), ("2", ""), ("1", "x")] {
        assert_eq!(ids(&text(amount), import, None), [expected]);
    }
}

/// A file that is edited at random and read again: by a twin that only counts, as many payments are new as there are
/// rows that did not stand in any earlier version.
#[test]
fn a_mended_file_applies_what_is_missing_and_nothing_twice() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % limit as u64).expect("small")
    };
    for _ in 0..200 {
        let mut lines: Vec<usize> = (0..below(12)).map(|_| below(5)).collect();
        let mut applied = std::collections::HashSet::new();
        let mut most: HashMap<usize, usize> = HashMap::new();
        for _ in 0..6 {
            let rows: Vec<String> =
                lines.iter().map(|amount| format!("a,b,{}", amount + 1)).collect();
            let text = rows.join(
                "
",
            );
            applied.extend(ids(&format!("from,to,amount\n{text}"), "x", None));
            // The twin: of each content as many as its fullest version had.
            for content in 0..5 {
                let count = lines.iter().filter(|line| **line == content).count();
                let most = most.entry(content).or_default();
                *most = count.max(*most);
            }
            assert_eq!(applied.len(), most.values().sum::<usize>(), "{lines:?}");
            match below(3) {
                0 => lines.insert(below(lines.len() + 1), below(5)),
                1 if !lines.is_empty() => {
                    let place = below(lines.len());
                    lines[place] = below(5);
                }
                _ if !lines.is_empty() => {
                    lines.remove(below(lines.len()));
                }
                _ => {}
            }
        }
    }
}
