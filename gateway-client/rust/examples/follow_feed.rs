//! Prints every transfer, from the beginning or from where it stopped the last time, and then each as it happens, against
//! a server that runs:
//!
//! ```sh
//! florin serve &
//! cargo run -p florin-client --example follow_feed -- cursor.txt
//! ```
//!
//! The cursor is kept in the file. A real consumer keeps it in the same transaction as what it has made of the events:
//! then each of them counts exactly once, whatever breaks.

use std::path::PathBuf;

use florin_client::{Client, Cursor, EventBody, EventFilter, EventKind, FeedFrom, money};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server =
        std::env::var("FLORIN_SERVER").unwrap_or_else(|_| "http://127.0.0.1:7411".to_owned());
    let file = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "cursor.txt".to_owned()));
    let from = match std::fs::read_to_string(&file) {
        Ok(cursor) => FeedFrom::Cursor(Cursor::new(cursor.trim())),
        Err(_) => FeedFrom::Beginning,
    };

    let client = Client::connect(server).await?;
    let transfers = EventFilter::everything().kind(EventKind::TransferPosted);
    let mut feed = client.subscribe(from, transfers).await?;
    loop {
        // A connection that breaks is made again: an error means that it stays away, or that this cursor is of no use.
        let batch = feed.next().await?;
        for event in &batch.events {
            if let EventBody::Transfer(transfer) = &event.body
                && let (Ok(posted), Some(asset)) = (&transfer.outcome, &event.asset)
            {
                let amount = money::format_minor_unsigned(posted.amount_minor, asset.scale);
                println!("{} {} {amount} {}", event.sequence, transfer.id, asset.code);
            }
        }
        std::fs::write(&file, batch.cursor.as_str())?;
    }
}
