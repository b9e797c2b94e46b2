//! `REPORT.md` and the reports say the same.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::bench::report::{BenchReport, Level, Throughput};
use crate::bench::snapshots::SnapshotsReport;
use crate::crash::report::CrashReport;
use crate::figures::Spread;
use crate::replay::journey::JourneyReport;
use crate::replay::{AmlsimReport, BerkaReport};

const REPORT: &str = include_str!("../REPORT.md");

/// The keys that the tables of a section document, with their braces expanded.
fn documented(section: &str) -> BTreeSet<String> {
    let heading = format!("\n## {section}\n");
    let (_, rest) = REPORT.split_once(&heading).unwrap_or_else(|| panic!("no section {section}"));
    let text = rest.split("\n## ").next().unwrap_or(rest);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.flat_map(expand).collect()
}

fn expand(key: &str) -> Vec<String> {
    let Some((before, rest)) = key.split_once('{') else {
        return vec![key.to_owned()];
    };
    let (choices, after) = rest.split_once('}').expect("a closing brace");
    let tails = expand(after);
    let heads = choices.split(',').map(|choice| format!("{before}{choice}"));
    heads.flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect()
}

/// The keys of a report: leaves, and `.*` for what documentation leaves open.
fn printed(report: &impl Serialize, open: &BTreeSet<String>) -> BTreeSet<String> {
    fn walk(path: &str, value: &Value, open: &BTreeSet<String>, keys: &mut BTreeSet<String>) {
        let any = format!("{path}.*");
        match value {
            _ if open.contains(&any) => {
                keys.insert(any);
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, open, keys);
                }
            }
            _ => {
                keys.insert(path.to_owned());
            }
        }
    }
    let mut keys = BTreeSet::new();
    walk("", &serde_json::to_value(report).expect("serialises"), open, &mut keys);
    keys
}

fn compare(section: &str, report: &impl Serialize) {
    let documented = documented(section);
    let printed = printed(report, &documented);
    let missing: Vec<_> = documented.difference(&printed).collect();
    let undocumented: Vec<_> = printed.difference(&documented).collect();
    assert!(missing.is_empty(), "{section}: documented and not printed: {missing:?}");
    assert!(undocumented.is_empty(), "{section}: printed and not documented: {undocumented:?}");
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_printed() {
    compare("bench", &BenchReport::default());
    compare("bench --snapshots", &SnapshotsReport::default());
    compare("replay berka", &BerkaReport::default());
    compare("replay amlsim", &AmlsimReport::default());
    compare("replay journey, replay synthetic, run", &JourneyReport::default());
    compare("crash", &CrashReport::default());
}

#[test]
fn spreads_have_a_minimum_and_a_maximum() {
    let spread = Spread { min: 1.0, max: 2.0 };
    let level = Level { spread: [("rps", spread)].into(), ..Level::default() };
    let text = serde_json::to_string(&level).expect("serialises");
    assert!(text.contains(r#""spread":{"rps":{"min":1.0,"max":2.0}}"#), "{text}");
    let throughput = serde_json::to_value(Throughput::default()).expect("serialises");
    assert_eq!(throughput["spread"], serde_json::json!({}));
}

#[test]
fn braces_expand_to_every_choice() {
    assert_eq!(expand("a.{b,c}.{d,e}"), ["a.b.d", "a.b.e", "a.c.d", "a.c.e"]);
    assert_eq!(expand("plain"), ["plain"]);
}
