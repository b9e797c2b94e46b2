//! Subscribers at work: each goes on from its cursor wherever the server is.

use std::time::Duration;

use anyhow::{Context, Result};
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::subscribe_request::From;
use florin_proto::v1::{EventBatch, SubscribeRequest};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::{Code, Status, Streaming};

use crate::crash::accounts::Accounts;
use crate::crash::feed::filter::Filter;
use crate::crash::feed::story::Story;
use crate::ledger::{self, describe};

/// Largest batch to take, bytes.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// When a server that is not there is asked again.
const AGAIN: Duration = Duration::from_millis(20);
/// How long all of them may take to hear the end.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

/// Where the server is.
#[derive(Debug, Clone)]
struct Place {
    url: String,
    /// Nothing more will happen: whoever has heard all is done.
    is_last: bool,
}

/// All subscribers.
#[derive(Debug)]
pub struct Followers {
    tasks: JoinSet<Result<Story>>,
    place: watch::Sender<Place>,
}

impl Followers {
    /// Sets some to follow from the beginning on.
    pub fn start(count: usize, url: String, accounts: &Accounts) -> Self {
        let (place, at) = watch::channel(Place { url, is_last: false });
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let filter = Filter::of(number, accounts);
            let follower = Follower { story: Story::new(filter), cursor: None, at: at.clone() };
            tasks.spawn(follower.follow());
        }
        Self { tasks, place }
    }

    /// The server is somewhere else from now on.
    pub fn moved(&self, url: String) {
        self.place.send_replace(Place { url, is_last: false });
    }

    /// Lets all of them hear the end. The one who was told everything comes first, if there is one.
    pub async fn finish(mut self) -> Result<Vec<Story>> {
        self.place.send_modify(|place| place.is_last = true);
        let mut stories = Vec::with_capacity(self.tasks.len());
        let finish = async {
            while let Some(story) = self.tasks.join_next().await {
                stories.push(story??);
            }
            anyhow::Ok(())
        };
        let finished = tokio::time::timeout(ENDS_WITHIN, finish).await;
        finished.context("subscribers did not hear the end within 120 s")??;
        stories.sort_by_key(|story| !story.filter.is_everything());
        Ok(stories)
    }
}

/// One subscriber.
#[derive(Debug)]
struct Follower {
    story: Story,
    /// Right after the last batch that was taken.
    cursor: Option<String>,
    at: watch::Receiver<Place>,
}

/// Why a subscription is over.
enum Over {
    /// Nothing more will come.
    AllHeard,
    /// The server is somewhere else, or about to be.
    Moved,
    /// It broke.
    Broken(anyhow::Error),
    /// It will be no better another time.
    Refused(Status),
}

impl Follower {
    async fn follow(mut self) -> Result<Story> {
        loop {
            let place = self.at.borrow_and_update().clone();
            match self.listen(&place).await {
                Over::AllHeard => return Ok(self.story),
                Over::Moved => {}
                Over::Broken(error) if place.is_last => return Err(error),
                // It was killed: another one comes, or has not quite come yet.
                Over::Broken(_) => {
                    let _ = tokio::time::timeout(AGAIN, self.at.changed()).await;
                }
                // What it does not hear from here on is missed.
                Over::Refused(status) => {
                    eprintln!("a subscriber was turned away: {:#}", describe(&status));
                    return Ok(self.story);
                }
            }
        }
    }

    async fn listen(&mut self, place: &Place) -> Over {
        let mut batches = match self.subscribe(&place.url).await {
            Ok(Ok(batches)) => batches,
            Ok(Err(status)) => return over(status),
            Err(error) => return Over::Broken(error),
        };
        loop {
            let batch = tokio::select! {
                changed = self.at.changed() => {
                    return changed.map_or_else(|error| Over::Broken(error.into()), |()| Over::Moved);
                }
                batch = batches.message() => batch,
            };
            match batch {
                Ok(Some(batch)) => {
                    self.take(&batch);
                    // Only a subscription that was made after the last event knows that it was the last.
                    if place.is_last && batch.live {
                        return Over::AllHeard;
                    }
                }
                Ok(None) => return Over::Broken(anyhow::anyhow!("the feed ended by itself")),
                Err(status) => return over(status),
            }
        }
    }

    fn take(&mut self, batch: &EventBatch) {
        self.story.take(batch);
        self.cursor = Some(batch.cursor.clone());
    }

    async fn subscribe(&mut self, url: &str) -> Result<Result<Streaming<EventBatch>, Status>> {
        let channel = ledger::connect(url).await?;
        let mut client =
            EventServiceClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
        let from = match &self.cursor {
            Some(cursor) => From::Cursor(cursor.clone()),
            None => From::Beginning(true),
        };
        let filter = Some(self.story.filter.wire());
        let request = SubscribeRequest { from: Some(from), filter, batch_events: 0 };
        let batches = client.subscribe(request).await;
        if batches.is_ok() && self.cursor.is_some() {
            self.story.resumptions += 1;
        }
        Ok(batches.map(tonic::Response::into_inner))
    }
}

fn over(status: Status) -> Over {
    let is_final = matches!(
        status.code(),
        Code::InvalidArgument
            | Code::OutOfRange
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::DataLoss
    );
    if is_final { Over::Refused(status) } else { Over::Broken(describe(&status)) }
}
