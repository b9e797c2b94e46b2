use florin_proto::v1;
use tokio::time::Instant;

use super::Client;
use crate::bulk::{BulkOutcome, BulkTransfers};
use crate::error::Error;
use crate::group::{self, GroupOutcome};
use crate::hold::Hold;
use crate::id::{GroupId, TransferId};
use crate::outcome::{self, Outcome};
use crate::record::{Lookup, TransferRecord};
use crate::retry::Kind;
use crate::transfer::{self, Transfer};
use crate::wire::minor;

impl Client {
    /// One transfer. Calls that run at the same time travel together, and each has its own answer.
    ///
    /// After [`Error::Unknown`], or after dropping the future, the payment may or may not have been
    /// made: call again with the same id and content, and get the first answer.
    pub async fn transfer(&self, transfer: Transfer) -> Result<Outcome, Error> {
        let deadline = Instant::now() + self.deadline;
        self.coalescer.submit(transfer.wire, deadline).await
    }

    /// A batch of 1 to 8,190 transfers, each on its own. One answer a transfer, in order.
    pub async fn create_transfers(
        &self,
        transfers: impl IntoIterator<Item = Transfer>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut request = v1::CreateTransfersRequest {
            transfers: transfer::to_wire(transfers),
            ..v1::CreateTransfersRequest::default()
        };
        request.set_mode(v1::TransferMode::Independent);
        let response = self.send_transfers(&request).await?;
        outcome::check_belongs(ids(&request), &response.results)?;
        response.results.into_iter().map(outcome::from_wire).collect()
    }

    /// A group of 1 to 8,190 transfers: all or nothing. The group's id is its idempotency key.
    pub async fn create_group(
        &self,
        id: GroupId,
        transfers: impl IntoIterator<Item = Transfer>,
    ) -> Result<GroupOutcome, Error> {
        let mut request = v1::CreateTransfersRequest {
            group_id: Some(id.into()),
            transfers: transfer::to_wire(transfers),
            ..v1::CreateTransfersRequest::default()
        };
        request.set_mode(v1::TransferMode::Group);
        let response = self.send_transfers(&request).await?;
        let outcome = group::from_wire(response.group, response.results.clone())?;
        if outcome.is_ok() {
            outcome::check_belongs(ids(&request), &response.results)?;
        }
        Ok(outcome)
    }

    /// A batch in columns: the fast way to move much.
    pub async fn bulk(&self, batch: &BulkTransfers) -> Result<BulkOutcome, Error> {
        let response = self
            .call(Kind::Idempotent, &batch.wire, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.bulk_transfers(request).await }
            })
            .await?;
        response.try_into()
    }

    /// Looks transfers up by id, posted and refused ones alike.
    pub async fn get_transfers(
        &self,
        ids: impl IntoIterator<Item = TransferId>,
    ) -> Result<Lookup<TransferRecord, TransferId>, Error> {
        let request = v1::GetTransfersRequest { ids: ids.into_iter().map(Into::into).collect() };
        let response = self
            .call(Kind::Read, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.get_transfers(request).await }
            })
            .await?;
        let found: Result<Vec<_>, Error> =
            response.transfers.into_iter().map(TransferRecord::try_from).collect();
        Ok(Lookup {
            found: found?,
            missing: response.missing.into_iter().map(Into::into).collect(),
        })
    }

    /// Looks holds up by id, open and closed ones alike. Payments are no holds.
    pub async fn get_holds(
        &self,
        ids: impl IntoIterator<Item = TransferId>,
    ) -> Result<Lookup<Hold, TransferId>, Error> {
        let request = v1::GetHoldsRequest { ids: ids.into_iter().map(Into::into).collect() };
        let response = self
            .call(Kind::Read, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.get_holds(request).await }
            })
            .await?;
        let found: Result<Vec<_>, Error> = response.holds.into_iter().map(Hold::try_from).collect();
        Ok(Lookup {
            found: found?,
            missing: response.missing.into_iter().map(Into::into).collect(),
        })
    }

    async fn send_transfers(
        &self,
        request: &v1::CreateTransfersRequest,
    ) -> Result<v1::CreateTransfersResponse, Error> {
        self.call(Kind::Idempotent, request, |request| {
            let mut ledger = self.ledger.clone();
            async move { ledger.create_transfers(request).await }
        })
        .await
    }
}

fn ids(request: &v1::CreateTransfersRequest) -> impl ExactSizeIterator<Item = TransferId> {
    request.transfers.iter().map(|transfer| TransferId(minor(transfer.id)))
}
