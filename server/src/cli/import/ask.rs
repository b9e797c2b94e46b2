//! Looking many things up.

use florin_client::Error;

use crate::cli::failure::Failure;

/// Most in one question.
const ASKED_MAX: usize = 4_000;

/// Asks about all of these, fewer at once where an answer would be too large: what is attached to things has no size
/// that could be known before.
pub(super) async fn in_parts<K, T>(
    keys: &[K],
    ask: impl AsyncFn(&[K]) -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Failure> {
    let mut waiting: Vec<&[K]> = keys.chunks(ASKED_MAX).collect();
    let mut found = Vec::new();
    while let Some(asked) = waiting.pop() {
        match ask(asked).await {
            Ok(answer) => found.extend(answer),
            Err(error) if error.reason() == "MESSAGE_TOO_LARGE" && asked.len() > 1 => {
                let (first, second) = asked.split_at(asked.len() / 2);
                waiting.extend([second, first]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use florin_client::Fault;

    use super::*;

    #[tokio::test]
    async fn what_is_too_much_at_once_is_asked_for_in_parts() {
        for (keys, room, expected) in [
            (0, 10, Ok(0)),
            (10, 10, Ok(10)),
            (10_001, 100_000, Ok(10_001)),
            (10_001, 7, Ok(10_001)),
            (10, 0, Err("MESSAGE_TOO_LARGE")),
        ] {
            let keys: Vec<usize> = (0..keys).collect();
            let ask = async |asked: &[usize]| {
                if asked.len() <= room {
                    return Ok(asked.to_vec());
                }
                Err(Error::Fault(Box::new(Fault {
                    reason: "MESSAGE_TOO_LARGE".to_owned(),
                    message: String::new(),
                    code: tonic::Code::OutOfRange,
                    metadata: BTreeMap::new(),
                    retry_after: None,
                })))
            };
            let found = in_parts(&keys, ask).await;
            let count = found.map(|mut found| {
                found.sort_unstable();
                assert_eq!(found, keys);
                found.len()
            });
            assert_eq!(count.map_err(|failure| failure.reason), expected.map_err(str::to_owned));
        }
    }
}
