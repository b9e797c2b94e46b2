//! The text format of Prometheus, version 0.0.4, read strictly: what a scraper might forgive is an error here.

use std::collections::BTreeMap;

/// A metric with all its samples.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

#[derive(Debug, Default)]
pub struct Exposition {
    pub families: BTreeMap<String, Family>,
}

impl Exposition {
    /// Reads a whole exposition.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        let mut lines = text.strip_suffix('\n').ok_or("no line feed at the end")?.split('\n');
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').ok_or(format!("no help: {line}"))?;
                if !is_name(name) || help.trim() != help || help.is_empty() {
                    return Err(format!("a bad help: {line}"));
                }
                let next = lines.next().unwrap_or_default();
                let kind = next
                    .strip_prefix(&format!("# TYPE {name} "))
                    .ok_or(format!("no type behind {line}: {next}"))?;
                if !["counter", "gauge", "histogram"].contains(&kind) {
                    return Err(format!("an unknown type: {next}"));
                }
                if (kind == "counter") != name.ends_with("_total") {
                    return Err(format!("counters and only they end in _total: {next}"));
                }
                name.clone_into(&mut current);
                let family = Family { kind: kind.to_owned(), samples: Vec::new() };
                if families.insert(current.clone(), family).is_some() {
                    return Err(format!("{name} comes twice"));
                }
            } else {
                let sample = sample(line)?;
                let family = families.get_mut(&current).ok_or(format!("of no metric: {line}"))?;
                let suffix =
                    sample.name.strip_prefix(&current).ok_or(format!("out of place: {line}"))?;
                let is_right = match family.kind.as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                    _ => suffix.is_empty(),
                };
                if !is_right {
                    return Err(format!("no sample of a {}: {line}", family.kind));
                }
                let same = |it: &Sample| it.name == sample.name && it.labels == sample.labels;
                if family.samples.iter().any(same) {
                    return Err(format!("twice: {line}"));
                }
                if family.kind != "gauge" && sample.value < 0.0 {
                    return Err(format!("below zero: {line}"));
                }
                family.samples.push(sample);
            }
        }
        for (name, family) in &families {
            if family.samples.is_empty() {
                return Err(format!("{name} has no samples"));
            }
            if family.kind == "histogram" {
                check_histogram(name, &family.samples)?;
            }
        }
        Ok(Self { families })
    }

    /// The value of the sample with these labels; 0 if there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let family = self.families.get(name).or_else(|| {
            let (family, _) = name.rsplit_once('_')?;
            self.families.get(family)
        });
        let samples = family.map_or(&[][..], |family| &family.samples);
        let is_it = |sample: &&Sample| {
            sample.name == name
                && sample.labels.len() == labels.len()
                && labels.iter().all(|(k, v)| sample.labels.get(*k).is_some_and(|it| it == v))
        };
        samples.iter().find(is_it).map_or(0.0, |sample| sample.value)
    }
}

/// `name{label="value",…} 1.5`
fn sample(line: &str) -> Result<Sample, String> {
    let bad = |what: &str| format!("{what}: {line}");
    let name_end = line.find(['{', ' ']).ok_or(bad("no value"))?;
    let (name, rest) = line.split_at(name_end);
    if !is_name(name) {
        return Err(bad("a bad name"));
    }
    let mut labels = BTreeMap::new();
    let value = match rest.strip_prefix('{') {
        None => &rest[1..],
        Some(rest) => {
            let mut rest = rest;
            loop {
                let (label, after) = rest.split_once("=\"").ok_or(bad("no label"))?;
                let end = after.find(['"', '\\']).ok_or(bad("an open label"))?;
                let text = &after[..end];
                if !is_name(label) || label.contains(':') || labels.contains_key(label) {
                    return Err(bad("a bad label"));
                }
                labels.insert(label.to_owned(), text.to_owned());
                rest = &after[end + 1..];
                if let Some(value) = rest.strip_prefix("} ") {
                    break value;
                }
                rest = rest.strip_prefix(',').ok_or(bad("labels that do not end"))?;
            }
        }
    };
    let number = match value {
        "+Inf" => f64::INFINITY,
        value if value.contains(|c: char| !"0123456789.e-+".contains(c)) => {
            return Err(bad("no number"));
        }
        value => value.parse().map_err(|_| bad("no number"))?,
    };
    Ok(Sample { name: name.to_owned(), labels, value: number })
}

/// Buckets ascend in their bound and in their count, and the last is everything.
fn check_histogram(name: &str, samples: &[Sample]) -> Result<(), String> {
    let mut by_labels: BTreeMap<String, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        let mut labels = sample.labels.clone();
        labels.remove("le");
        by_labels.entry(format!("{labels:?}")).or_default().push(sample);
    }
    for (labels, samples) in by_labels {
        let of = |suffix: &str| {
            let whole = format!("{name}{suffix}");
            samples.iter().filter(move |sample| sample.name == whole)
        };
        let mut buckets = Vec::new();
        for bucket in of("_bucket") {
            let le = bucket.labels.get("le").ok_or(format!("{name}{labels}: no le"))?;
            let le =
                if le == "+Inf" { f64::INFINITY } else { le.parse().map_err(|_| le.clone())? };
            buckets.push((le, bucket.value));
        }
        let ascends = buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        let last = buckets.last().copied().unwrap_or_default();
        let count = of("_count").next().map(|sample| sample.value);
        if !ascends || !last.0.is_infinite() || Some(last.1) != count || of("_sum").count() != 1 {
            return Err(format!("{name}{labels}: no histogram: {buckets:?}, count {count:?}"));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(is_first) && name.chars().all(|c| is_first(c) || c.is_ascii_digit())
}

#[test]
fn what_is_wrong_is_refused() {
    let head = "# HELP a_total A thing.\n# TYPE a_total counter\n";
    let histogram = "# HELP h H.\n# TYPE h histogram\n";
    for (text, is_right) in [
        (format!("{head}a_total 1\n"), true),
        (format!("{head}a_total{{b=\"c\",d=\"e\"}} 1\na_total 2.5\n"), true),
        (format!("{head}a_total 1"), false),
        (format!("{head}a_total 1\n\n"), false),
        (format!("{head}a_total\n"), false),
        (format!("{head}a_total x\n"), false),
        (format!("{head}a_total -1\n"), false),
        (format!("{head}a_total 1\na_total 1\n"), false),
        (format!("{head}b_total 1\n"), false),
        (format!("{head}a_total{{b=\"c\"}}1\n"), false),
        (format!("{head}a_total{{b=\"c}} 1\n"), false),
        (format!("{head}a_total{{b=\"c\",b=\"d\"}} 1\n"), false),
        (format!("{head}a_total 1\n{head}a_total 2\n"), false),
        (head.to_owned(), false),
        ("a_total 1\n".to_owned(), false),
        ("# HELP a A.\n# TYPE a counter\na 1\n".to_owned(), false),
        ("# HELP a A.\na 1\n".to_owned(), false),
        (
            format!(
                "{histogram}h_bucket{{le=\"1.0\"}} 1\nh_bucket{{le=\"+Inf\"}} 2\nh_sum 3\nh_count 2\n"
            ),
            true,
        ),
        (
            format!(
                "{histogram}h_bucket{{le=\"1.0\"}} 3\nh_bucket{{le=\"+Inf\"}} 2\nh_sum 3\nh_count 2\n"
            ),
            false,
        ),
        (format!("{histogram}h_bucket{{le=\"1.0\"}} 1\nh_sum 3\nh_count 1\n"), false),
        (format!("{histogram}h_bucket{{le=\"+Inf\"}} 2\nh_sum 3\nh_count 1\n"), false),
        (format!("{histogram}h 1\n"), false),
    ] {
        assert_eq!(Exposition::parse(&text).is_ok(), is_right, "{text}");
    }
}
