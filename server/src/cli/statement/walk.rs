//! A statement oldest first, from a server that gives it newest first: first to its beginning, then back.
//!
//! What does not fit in memory is forgotten on the way there and fetched once more on the way back, a page at a time.

use super::super::failure::Failure;

/// Records that are kept on the way to the beginning.
pub(super) const KEPT_MAX: usize = 65_536;

/// A page: records, newest first, and where the next one begins.
pub(super) type Page<R, T> = (Vec<R>, Option<T>);

/// The way to the beginning of a statement.
pub(super) struct Walk<R, T> {
    marks: Vec<Mark<R, T>>,
    /// Marks below this one keep no records.
    forgotten: usize,
    kept: usize,
    kept_max: usize,
    /// Whether it stopped before the beginning, because it has as many as are wanted.
    pub is_cut: bool,
}

/// Where a page begins, and what was in it.
struct Mark<R, T> {
    token: Option<T>,
    newest: u64,
    oldest: u64,
    count: usize,
    records: Option<Vec<R>>,
}

impl<R, T: Clone> Walk<R, T> {
    /// Walks to the beginning, or until it has the newest `limit` records. `fetch` gives the page at a place,
    /// `sequence` that of a record. Calls `progress` with how many there are.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub async fn to_the_beginning(
        fetch: impl AsyncFn(Option<T>) -> Result<Page<R, T>, Failure>,
        sequence: impl Fn(&R) -> u64,
        limit: u64,
        kept_max: usize,
        mut progress: impl FnMut(u64),
    ) -> Result<Self, Failure> {
        let mut walk = Self { marks: Vec::new(), forgotten: 0, kept: 0, kept_max, is_cut: false };
        let (mut left, mut token) = (limit, None);
        loop {
            let (mut records, next) = fetch(token.clone()).await?;
            let room = usize::try_from(left).unwrap_or(usize::MAX);
            walk.is_cut = records.len() > room || (records.len() == room && next.is_some());
            records.truncate(room);
            left -= records.len() as u64;
            walk.note(token, records, &sequence);
            progress(limit - left);
            match next {
                Some(next) if left > 0 => token = Some(next),
                _ => return Ok(walk),
            }
        }
    }

    fn note(&mut self, token: Option<T>, records: Vec<R>, sequence: impl Fn(&R) -> u64) {
        let (Some(newest), Some(oldest)) = (records.first(), records.last()) else { return };
        let (newest, oldest, count) = (sequence(newest), sequence(oldest), records.len());
        self.marks.push(Mark { token, newest, oldest, count, records: Some(records) });
        self.kept += count;
        // The newest are needed last. A page alone is always kept.
        while self.kept > self.kept_max && self.forgotten + 1 < self.marks.len() {
            let mark = &mut self.marks[self.forgotten];
            self.kept -= mark.count;
            mark.records = None;
            self.forgotten += 1;
        }
    }

    /// Sequence of the oldest record; `None` if there is none.
    pub fn oldest(&self) -> Option<u64> {
        self.marks.last().map(|mark| mark.oldest)
    }

    /// The next records on the way back, oldest first; `None` after the last.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub async fn next(
        &mut self,
        fetch: impl AsyncFn(Option<T>) -> Result<Page<R, T>, Failure>,
        sequence: impl Fn(&R) -> u64,
    ) -> Result<Option<Vec<R>>, Failure> {
        let Some(mark) = self.marks.pop() else { return Ok(None) };
        let mut records = match mark.records {
            Some(records) => records,
            None => again(&mark, fetch, sequence).await?,
        };
        records.reverse();
        Ok(Some(records))
    }
}

/// Fetches a page once more. It may come in parts, or with more, but what was in it is there.
async fn again<R, T: Clone>(
    mark: &Mark<R, T>,
    fetch: impl AsyncFn(Option<T>) -> Result<Page<R, T>, Failure>,
    sequence: impl Fn(&R) -> u64,
) -> Result<Vec<R>, Failure> {
    let (mut found, mut token) = (Vec::with_capacity(mark.count), mark.token.clone());
    while found.len() < mark.count {
        let (records, next) = fetch(token).await?;
        let is_of_it = |record: &R| (mark.oldest..=mark.newest).contains(&sequence(record));
        found.extend(records.into_iter().filter(is_of_it));
        if next.is_none() {
            break;
        }
        token = next;
    }
    if found.len() != mark.count {
        let message = "the server has given the same page twice, and it was not the same";
        return Err(Failure::no_answer("STATEMENT_UNBALANCED", &message));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A server with records of these sequences, and more that are newer than those on every page but the first asked
    /// for. A token is a place; pages end where `sizes` says.
    struct Server {
        sequences: Vec<u64>,
        sizes: [usize; 3],
        asked: Cell<usize>,
        largest: Cell<usize>,
    }

    impl Server {
        fn page(&self, token: Option<usize>) -> Page<u64, usize> {
            let asked = self.asked.get();
            self.asked.set(asked + 1);
            let from = token.unwrap_or(0);
            let to = (from + self.sizes[asked % 3]).min(self.sequences.len());
            let mut page = self.sequences[from..to].to_vec();
            if token.is_none() && asked > 0 {
                page.insert(0, 1_000_000); // it came meanwhile
            }
            self.largest.set(self.largest.get().max(page.len()));
            (page, (to < self.sequences.len()).then_some(to))
        }
    }

    #[tokio::test]
    async fn there_and_back() {
        for count in [0, 1, 2, 9, 10, 100] {
            for limit in [u64::MAX, 0, 1, 10, 99, 100, 101] {
                for kept_max in [0, 7, 1_000] {
                    for sizes in [[1, 1, 1], [3, 0, 5], [10, 10, 10], [0, 7, 100]] {
                        let newest_first: Vec<u64> = (1..=count).rev().map(|n| n * 3).collect();
                        let server = Server {
                            sequences: newest_first.clone(),
                            sizes,
                            asked: Cell::new(0),
                            largest: Cell::new(0),
                        };
                        let fetch = async |token| Ok(server.page(token));
                        let what = format!("{count} {limit} {kept_max} {sizes:?}");
                        let mut told = 0;
                        let mut walk = Walk::to_the_beginning(
                            fetch,
                            |sequence| *sequence,
                            limit,
                            kept_max,
                            |so_far| told = so_far,
                        )
                        .await
                        .expect("a walk");
                        assert!(walk.kept <= kept_max.max(server.largest.get()), "{what}");
                        assert_eq!(told, count.min(limit), "{what}");
                        if limit < count {
                            assert!(walk.is_cut, "{what}");
                        }
                        if limit > count {
                            assert!(!walk.is_cut, "{what}");
                        }
                        let mut expected: Vec<u64> = newest_first;
                        expected.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                        expected.reverse();
                        assert_eq!(walk.oldest(), expected.first().copied(), "{what}");
                        let mut read = Vec::new();
                        let by = |sequence: &u64| *sequence;
                        while let Some(page) = walk.next(fetch, by).await.expect("a page") {
                            read.extend(page);
                        }
                        assert_eq!(read, expected, "{what}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_page_that_is_not_the_same_again() {
        let asked = Cell::new(0);
        let fetch = async |token: Option<u64>| {
            asked.set(asked.get() + 1);
            let page = if asked.get() > 2 { vec![9] } else { vec![9 - token.unwrap_or(0) * 4] };
            Ok((page, (asked.get() == 1).then_some(1)))
        };
        let mut walk = Walk::to_the_beginning(fetch, |sequence| *sequence, 10, 0, |_| ()).await;
        let walk = walk.as_mut().expect("a walk");
        assert_eq!(walk.next(fetch, |sequence| *sequence).await, Ok(Some(vec![5])));
        assert_eq!(walk.next(fetch, |sequence| *sequence).await, Ok(Some(vec![9])));
        let mut lost = Walk {
            marks: vec![Mark { token: None, newest: 8, oldest: 7, count: 2, records: None }],
            forgotten: 1,
            kept: 0,
            kept_max: 0,
            is_cut: false,
        };
        let failure = lost.next(fetch, |sequence| *sequence).await.expect_err("not the same");
        assert_eq!(failure.reason, "STATEMENT_UNBALANCED");
    }
}
