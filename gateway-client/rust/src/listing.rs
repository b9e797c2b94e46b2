//! What is listed a page at a time.

use std::future::Future;

use crate::account::PageToken;
use crate::error::Error;

/// A listing that is fetched as it is asked for.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    page: std::vec::IntoIter<T>,
    rest: Rest,
}

/// What is not fetched yet.
#[derive(Debug)]
enum Rest {
    From(Option<PageToken>),
    Nothing,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { page: Vec::new().into_iter(), rest: Rest::From(None) }
    }
}

impl<T> Listing<T> {
    /// The next one; `None` after the last. A page may be empty although more follow. After an error, or when the
    /// future was dropped, the same page is fetched again.
    pub async fn next<F>(
        &mut self,
        fetch: impl Fn(Option<PageToken>) -> F,
    ) -> Result<Option<T>, Error>
    where
        F: Future<Output = Result<(Vec<T>, Option<PageToken>), Error>>,
    {
        loop {
            if let Some(item) = self.page.next() {
                return Ok(Some(item));
            }
            let Rest::From(token) = &self.rest else {
                return Ok(None);
            };
            let (page, next) = fetch(token.clone()).await?;
            self.page = page.into_iter();
            self.rest = next.map_or(Rest::Nothing, |token| Rest::From(Some(token)));
        }
    }
}
