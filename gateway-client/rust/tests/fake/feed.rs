//! A feed that says what it is told, and breaks off when it is told.

use std::pin::Pin;

use florin_proto::v1;
use florin_proto::v1::event_service_server::EventService;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::Ledger;
use super::service::Answer;

/// What becomes of one subscription.
#[derive(Debug, Clone)]
pub enum Feed {
    /// It is not taken.
    Refuse(Status),
    /// These are sent, one event a batch; then it ends with this.
    Send(std::ops::Range<u64>, Status),
    /// These are sent, and nothing more comes.
    Stay(std::ops::Range<u64>),
}

/// The only event of its batch.
fn batch(sequence: u64) -> v1::EventBatch {
    v1::EventBatch {
        events: vec![v1::Event { sequence, ..v1::Event::default() }],
        cursor: format!("after {sequence}"),
        live: true,
    }
}

#[tonic::async_trait]
impl EventService for Ledger {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<v1::EventBatch, Status>> + Send>>;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Answer<Self::SubscribeStream> {
        let script = {
            let mut inner = self.lock();
            inner.subscriptions.push(request.into_inner());
            inner.feeds.pop_front().unwrap_or(Feed::Stay(0..0))
        };
        let (sequences, end) = match script {
            Feed::Refuse(status) => return Err(status),
            Feed::Send(sequences, status) => (sequences, Some(status)),
            Feed::Stay(sequences) => (sequences, None),
        };
        let (sender, batches) = mpsc::channel(16);
        tokio::spawn(async move {
            for sequence in sequences {
                let _ = sender.send(Ok(batch(sequence))).await;
            }
            match end {
                Some(status) => drop(sender.send(Err(status)).await),
                None => sender.closed().await,
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(batches))))
    }
}
