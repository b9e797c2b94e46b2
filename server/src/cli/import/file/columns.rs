//! Which column of the file is which of ours.

use csv::StringRecord;

use super::Finding;

/// A column that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::import) struct Field {
    pub name: &'static str,
    /// Other names under which it is found by itself.
    pub aliases: &'static [&'static str],
    pub required: bool,
}

/// Begins the name of a column whose cells are attached under the rest of it.
const METADATA: &str = "metadata.";
/// The columns that are added to a file of refused rows, apart from [`REFUSED_ID`]. They are read over.
pub(in crate::cli::import) const REFUSED_WHY: [&str; 3] =
    ["refused_line", "refused_reason", "refused_detail"];
/// The id that a refusal used up.
pub(in crate::cli::import) const REFUSED_ID: &str = "refused_id";

/// `--map OURS=THEIRS`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::import) struct Mapped {
    pub ours: String,
    pub theirs: String,
}

/// What the command line says about columns.
#[derive(Debug, Default)]
pub(in crate::cli::import) struct Wishes<'a> {
    pub mapped: &'a [Mapped],
    pub ignored: &'a [String],
    /// Read by its own name, whatever else it is.
    pub key: Option<&'a str>,
}

/// Places of our columns in the file, from 0 on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cli::import) struct Columns {
    fields: Vec<(&'static str, usize)>,
    /// Keys of metadata, ascending.
    pub metadata: Vec<(String, usize)>,
    pub key: Option<usize>,
}

impl Columns {
    /// Finds our columns in a header that begins on `line`.
    pub fn find(
        header: &StringRecord,
        line: u64,
        known: &'static [Field],
        wishes: &Wishes<'_>,
    ) -> Result<Self, Vec<Finding>> {
        let names: Vec<String> = header.iter().map(normal).collect();
        let mut search =
            Search { header, line, names: &names, known, found: Self::default(), findings: vec![] };
        let mut taken = vec![false; names.len()];
        search.check_names();
        for mapped in wishes.mapped {
            if let Some(place) = search.place_of("--map", &mapped.theirs) {
                search.take(&mapped.ours, place);
                taken[place] = true;
            }
        }
        for ignored in wishes.ignored {
            if let Some(place) = search.place_of("--ignore", ignored) {
                taken[place] = true;
            }
        }
        if let Some(key) = wishes.key {
            search.found.key = search.place_of("--key-column", key);
        }
        for place in 0..names.len() {
            let name = &names[place];
            let is_twice = names[..place].contains(name);
            if taken[place] || is_twice || name.is_empty() || REFUSED_WHY.contains(&name.as_str()) {
                continue;
            }
            search.take_by_name(place);
        }
        search.check_complete(wishes);
        search.found.metadata.sort_unstable();
        if let Some(delimiter) = search.other_delimiter().filter(|_| !search.findings.is_empty()) {
            // Whatever else there is to say follows from that.
            search.findings.clear();
            let message = format!("the header is one column: try --delimiter {delimiter}");
            search.fail(None, "COLUMN_MISSING", message);
        }
        if search.findings.is_empty() { Ok(search.found) } else { Err(search.findings) }
    }

    /// Where a column of ours is, if the file has it.
    pub fn place(&self, ours: &str) -> Option<usize> {
        self.fields.iter().find(|(name, _)| *name == ours).map(|&(_, place)| place)
    }
}

struct Search<'a> {
    header: &'a StringRecord,
    line: u64,
    names: &'a [String],
    known: &'static [Field],
    found: Columns,
    findings: Vec<Finding>,
}

impl Search<'_> {
    fn fail(&mut self, place: Option<usize>, reason: &'static str, message: String) {
        let column = place.map(|place| self.header[place].to_owned());
        let finding = Finding { column, ..Finding::of_record(self.line, reason, message) };
        self.findings.push(finding);
    }

    /// Every column has a name of its own.
    fn check_names(&mut self) {
        for (place, name) in self.names.iter().enumerate() {
            if name.is_empty() {
                let message = format!("column {} has no name", place + 1);
                self.fail(None, "COLUMN_UNKNOWN", message);
            } else if let Some(first) = self.names[..place].iter().position(|other| other == name) {
                let message = format!("columns {} and {} have the same name", first + 1, place + 1);
                self.fail(Some(place), "COLUMN_TWICE", message);
            }
        }
    }

    /// A column that an option names.
    fn place_of(&mut self, option: &str, theirs: &str) -> Option<usize> {
        let wanted = normal(theirs);
        let place = self.names.iter().position(|name| *name == wanted);
        if place.is_none() {
            let near = hint(nearest(&wanted, self.names.iter().map(String::as_str)));
            let message = format!("{option} names a column {theirs:?} that the file lacks{near}");
            self.fail(None, "COLUMN_MISSING", message);
        }
        place
    }

    /// Takes a column for ours of this name.
    fn take(&mut self, ours: &str, place: usize) {
        let metadata = ours.strip_prefix(METADATA).filter(|key| !key.is_empty());
        if let Some(key) = metadata {
            let is_taken = self.found.metadata.iter().any(|(taken, _)| taken == key);
            if is_taken {
                self.fail(Some(place), "COLUMN_TWICE", format!("{ours} is another column already"));
            }
            self.found.metadata.push((key.to_owned(), place));
            return;
        }
        match self.known.iter().find(|field| field.name == ours) {
            Some(field) if self.found.place(field.name).is_some() => {
                self.fail(Some(place), "COLUMN_TWICE", format!("{ours} is another column already"));
            }
            Some(field) => self.found.fields.push((field.name, place)),
            None => {
                let near = nearest(ours, self.known.iter().map(|field| field.name));
                let message = format!("there is no column {ours:?} to map to{}", hint(near));
                self.fail(Some(place), "COLUMN_UNKNOWN", message);
            }
        }
    }

    fn take_by_name(&mut self, place: usize) {
        let name = self.names[place].as_str();
        // The key of metadata is theirs, and stays as they write it.
        let theirs = self.header[place].trim();
        let is_metadata = name.starts_with(METADATA) && name.len() > METADATA.len();
        if is_metadata {
            let key = &theirs[METADATA.len()..];
            self.take(&format!("{METADATA}{key}"), place);
            return;
        }
        let known =
            self.known.iter().find(|field| field.name == name || field.aliases.contains(&name));
        match known {
            Some(field) => self.take(field.name, place),
            None if self.found.key == Some(place) => {}
            None => {
                let names = self.known.iter().flat_map(|field| {
                    std::iter::once(field.name).chain(field.aliases.iter().copied())
                });
                let near = nearest(name, names.chain([METADATA]));
                let message = format!(
                    "not a column that is known{}; to import without it: --ignore {theirs:?}",
                    hint(near)
                );
                self.fail(Some(place), "COLUMN_UNKNOWN", message);
            }
        }
    }

    /// What cannot be done without is there.
    fn check_complete(&mut self, wishes: &Wishes<'_>) {
        for field in self.known.iter().filter(|field| field.required) {
            if self.found.place(field.name).is_some() {
                continue;
            }
            let mapped_in_vain = wishes.mapped.iter().any(|mapped| mapped.ours == field.name);
            if mapped_in_vain {
                continue; // that was said
            }
            let message = format!(
                "there is no column {}: name yours with --map {}=NAME",
                field.name, field.name
            );
            self.fail(None, "COLUMN_MISSING", message);
        }
    }

    /// A header in one piece is most likely separated by something else.
    fn other_delimiter(&self) -> Option<&'static str> {
        let [name] = self.names else { return None };
        let separators = [(',', "comma"), (';', "semicolon"), ('\t', "tab"), ('|', "pipe")];
        separators
            .into_iter()
            .find(|(separator, _)| name.contains(*separator))
            .map(|(_, name)| name)
    }
}

fn hint(near: Option<&str>) -> String {
    near.map(|near| format!(": did you mean {near}?")).unwrap_or_default()
}

/// Names of columns are compared without regard to case, and to what stands for a space.
fn normal(name: &str) -> String {
    let name = name.trim();
    // What follows `metadata.` is a key, in which case matters.
    match name.get(..METADATA.len()) {
        Some(head) if head.eq_ignore_ascii_case(METADATA) => {
            format!("{METADATA}{}", &name[METADATA.len()..])
        }
        _ => name.to_lowercase().replace([' ', '-'], "_"),
    }
}

fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(known, name);
    let near = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(near) >= 0.5).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    static KNOWN: &[Field] = &[
        Field { name: "from", aliases: &["debit"], required: true },
        Field { name: "amount", aliases: &[], required: true },
        Field { name: "value_date", aliases: &[], required: false },
    ];

    fn find(
        header: &str,
        map: &str,
        ignore: &str,
        key: Option<&str>,
    ) -> Result<Columns, Vec<Finding>> {
        let header: StringRecord = header.split(',').collect();
        let mapped: Vec<Mapped> = map
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .map(|(ours, theirs)| Mapped { ours: ours.to_owned(), theirs: theirs.to_owned() })
            .collect();
        let ignored: Vec<String> = ignore.split_whitespace().map(str::to_owned).collect();
        Columns::find(&header, 1, KNOWN, &Wishes { mapped: &mapped, ignored: &ignored, key })
    }

    #[test]
    fn where_columns_are() {
        for (header, map, ignore, from, amount, date, metadata) in [
            ("from,amount", "", "", 0, 1, None, vec![]),
            ("Amount, FROM ", "", "", 1, 0, None, vec![]),
            ("debit,amount,Value-Date", "", "", 0, 1, Some(2), vec![]),
            ("payer,sum", "from=payer amount=Sum", "", 0, 1, None, vec![]),
            // A mapped column is no longer what its name says.
            ("amount,total,from", "amount=total", "amount", 2, 1, None, vec![]),
            ("from,amount,note", "", "NOTE", 0, 1, None, vec![]),
            ("from,amount,metadata.b,Metadata.a B", "", "", 0, 1, None, vec![("a B", 3), ("b", 2)]),
            ("from,amount,branch", "metadata.branch=branch", "", 0, 1, None, vec![("branch", 2)]),
            ("from,amount,refused_line,refused_reason,refused_detail", "", "", 0, 1, None, vec![]),
        ] {
            let columns = find(header, map, ignore, None).expect(header);
            assert_eq!(columns.place("from"), Some(from), "{header}");
            assert_eq!(columns.place("amount"), Some(amount), "{header}");
            assert_eq!(columns.place("value_date"), date, "{header}");
            let metadata: Vec<_> =
                metadata.into_iter().map(|(key, place)| (key.to_owned(), place)).collect();
            assert_eq!(columns.metadata, metadata, "{header}");
        }
        let keyed = find("from,amount,invoice", "", "", Some("Invoice")).expect("known as the key");
        assert_eq!(keyed.key, Some(2));
        assert_eq!(find("from,amount", "", "", Some("from")).expect("both").key, Some(0));
    }

    #[test]
    fn what_is_wrong_with_a_header() {
        for (header, map, ignore, expected) in [
            (
                "from",
                "",
                "",
                "COLUMN_MISSING: there is no column amount: name yours with --map amount=NAME",
            ),
            (
                "from;amount",
                "",
                "",
                "COLUMN_MISSING: the header is one column: try --delimiter semicolon",
            ),
            ("from,amount,from", "", "", "COLUMN_TWICE: columns 1 and 3 have the same name"),
            ("from,amount,debit", "", "", "COLUMN_TWICE: from is another column already"),
            ("from,amount,x", "from=x", "", "COLUMN_TWICE: from is another column already"),
            (
                "from,amount,value_dat",
                "",
                "",
                "COLUMN_UNKNOWN: not a column that is known: did you mean value_date?; to import without it: \
                 --ignore \"value_dat\"",
            ),
            (
                "from,amount,zzz",
                "",
                "",
                "COLUMN_UNKNOWN: not a column that is known; to import without it: --ignore \"zzz\"",
            ),
            ("from,amount,", "", "", "COLUMN_UNKNOWN: column 3 has no name"),
            (
                "from,amount,metadata.",
                "",
                "",
                "COLUMN_UNKNOWN: not a column that is known: did you mean metadata.?; to import without it: \
                 --ignore \"metadata.\"",
            ),
            (
                "from,amont",
                "amount=amount",
                "amont",
                "COLUMN_MISSING: --map names a column \"amount\" that the file lacks: did you mean amont?",
            ),
            (
                "from,amount,x",
                "amout=x",
                "",
                "COLUMN_UNKNOWN: there is no column \"amout\" to map to: did you mean amount?",
            ),
            (
                "from,amount",
                "",
                "y",
                "COLUMN_MISSING: --ignore names a column \"y\" that the file lacks",
            ),
        ] {
            let findings = find(header, map, ignore, None).expect_err(header);
            let said = format!("{}: {}", findings[0].reason, findings[0].message);
            assert_eq!(said, expected, "{header} {map}");
        }
    }
}
