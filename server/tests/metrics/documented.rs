//! The list in `docs/METRICS.md`, and everything that goes by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A metric as documented.
#[derive(Debug, PartialEq, Eq)]
pub struct Documented {
    pub kind: String,
    pub labels: BTreeSet<String>,
}

/// A file of the repository.
pub fn file(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All of them: rows of tables whose first cell is a name.
pub fn all() -> BTreeMap<String, Documented> {
    let text = file("docs/METRICS.md");
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, unit, labels, meaning, _alarm] = cells[..] else {
            continue; // a row of another table
        };
        let name = name.trim_end_matches(" †").trim_matches('`').to_owned();
        assert!(!unit.is_empty() && !meaning.is_empty(), "{line}");
        let labels = labels.split_whitespace().map(|label| label.trim_matches('`').to_owned());
        let documented = Documented { kind: kind.to_owned(), labels: labels.collect() };
        assert!(all.insert(name, documented).is_none(), "twice: {line}");
    }
    all
}

/// Names of metrics in some text: words that begin like one.
fn names_in(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("florin_") || word.starts_with("process_"))
        .collect()
}

#[test]
fn rules_and_dashboard_use_what_there_is() {
    let all = all();
    for path in ["deploy/prometheus/alerts.yml", "deploy/grafana/florin.json"] {
        let text = file(path);
        let names = names_in(&text);
        assert!(names.len() > 10, "{path}: {names:?}");
        for name in names {
            let of_histogram = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| name.strip_suffix(suffix))
                .find(|base| all.get(*base).is_some_and(|it| it.kind == "histogram"));
            assert!(all.contains_key(of_histogram.unwrap_or(name)), "{path} uses {name}");
        }
    }
}

#[test]
fn the_dashboard_is_one() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&file("deploy/grafana/florin.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "twice: {}", panel["id"]);
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let expr = target["expr"].as_str().expect("a query");
            let count = |c: char| expr.matches(c).count();
            assert!(count('(') == count(')') && count('{') == count('}'), "{expr}");
        }
    }
}
