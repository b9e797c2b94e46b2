//! A place that has failed is left alone for a while: whoever comes next is told so at once, and does not wait as long as the
//! first one for the same answer.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use florin_persistence::backup::{Head, Objects, Place, PlaceError};

/// How long a place is left alone.
pub(super) const LEFT_ALONE: Duration = Duration::from_secs(5);

/// A place of an archive, as those who wait for an answer want it.
pub(super) struct Patience {
    place: Arc<dyn Place>,
    left_alone: Duration,
    /// When it failed the last time, and how; `None` if it has done something since.
    failed: Mutex<Option<(Instant, String)>>,
}

impl Patience {
    pub fn new(place: Arc<dyn Place>, left_alone: Duration) -> Self {
        Self { place, left_alone, failed: Mutex::new(None) }
    }

    fn ask<T>(
        &self,
        name: &str,
        ask: impl FnOnce(&dyn Place) -> Result<T, PlaceError>,
    ) -> Result<T, PlaceError> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, what)) = &*failed()
            && at.elapsed() < self.left_alone
        {
            let what = format!("the place has just failed: {what}");
            return Err(PlaceError::failed("asked for", name, &what));
        }
        let answer = ask(&*self.place);
        *failed() = match &answer {
            // What is missing or mangled is an answer too.
            Err(error @ PlaceError::Failed { .. }) => Some((Instant::now(), error.to_string())),
            _ => None,
        };
        answer
    }
}

impl Objects for Patience {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        self.ask(name, |place| place.get(name, offset, buf))
    }
}

impl Place for Patience {
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &[u8; 32],
    ) -> Result<(), PlaceError> {
        self.ask(name, |place| place.put(name, content, bytes, blake3))
    }

    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError> {
        self.ask(name, |place| place.head(name))
    }

    fn settle(&self, name: &str) -> Result<(), PlaceError> {
        self.ask(name, |place| place.settle(name))
    }

    fn confirm(&self, name: &str, bytes: u64, blake3: &[u8; 32]) -> Result<(), PlaceError> {
        self.ask(name, |place| place.confirm(name, bytes, blake3))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError> {
        self.ask(prefix, |place| place.list(prefix))
    }

    fn is_near(&self) -> bool {
        self.place.is_near()
    }

    fn delete(&self, name: &str) -> Result<(), PlaceError> {
        self.ask(name, |place| place.delete(name))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts how often it is asked; only `there` can be had.
    #[derive(Default)]
    struct Down(AtomicU32);

    impl Objects for Down {
        fn get(&self, name: &str, _: u64, _: &mut [u8]) -> Result<(), PlaceError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            match name {
                "there" => Ok(()),
                "missing" => Err(PlaceError::Missing { name: name.to_owned() }),
                _ => Err(PlaceError::failed("read", name, &"the line is dead")),
            }
        }
    }

    impl Place for Down {
        fn put(&self, _: &str, _: &mut dyn Read, _: u64, _: &[u8; 32]) -> Result<(), PlaceError> {
            Ok(())
        }

        fn head(&self, _: &str) -> Result<Option<Head>, PlaceError> {
            Ok(None)
        }

        fn list(&self, _: &str) -> Result<Vec<Head>, PlaceError> {
            Ok(Vec::new())
        }

        fn delete(&self, _: &str) -> Result<(), PlaceError> {
            Ok(())
        }
    }

    #[test]
    fn what_has_failed_is_not_asked_again_for_a_while() {
        for (left_alone, asked) in
            [(Duration::MAX, [1, 2, 3, 3, 3]), (Duration::ZERO, [1, 2, 3, 4, 5])]
        {
            let down = Arc::new(Down::default());
            let place = Patience::new(Arc::clone(&down) as Arc<dyn Place>, left_alone);
            for (name, asked) in ["there", "missing", "x", "x", "there"].into_iter().zip(asked) {
                let got = place.get(name, 0, &mut []);
                assert_eq!(down.0.load(Ordering::Relaxed), asked, "{name}: {got:?}");
                if name == "x" {
                    assert!(got.expect_err("it is down").to_string().contains("dead"));
                }
            }
        }
    }
}
