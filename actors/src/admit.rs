//! Weigh before you queue: a request is taken only while there is room for it, by count and by bytes. Who is
//! refused is told at once, and can do something about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use florin_engine::{
    Action, BATCH_MEMBERS_MAX, METADATA_BYTES_MAX, REFERENCE_BYTES_MAX, Transfer, TransferBatch,
};

use crate::command::{Command, Unavailable};

/// How much is taken at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Requests that are not yet answered.
    pub requests: u64,
    /// Bytes of memory and journal that they can take.
    pub bytes: u64,
}

/// The door.
#[derive(Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    requests: AtomicU64,
    bytes: AtomicU64,
    closed: AtomicBool,
    fenced: AtomicBool,
    refused_overloaded: AtomicU64,
    refused_shutting_down: AtomicU64,
}

/// How full it is, and whom it has sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionFigures {
    /// Requests that are admitted and not yet answered.
    pub requests: u64,
    /// Bytes that they can take.
    pub bytes: u64,
    /// How much is taken at once.
    pub limits: AdmissionLimits,
    /// Requests refused with [`Unavailable::Overloaded`].
    pub refused_overloaded: u64,
    /// Requests refused with [`Unavailable::ShuttingDown`] or [`Unavailable::Fenced`].
    pub refused_shutting_down: u64,
}

/// Room for one request; given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    bytes: u64,
}

impl Admission {
    /// A door with these limits.
    pub fn new(limits: AdmissionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            fenced: AtomicBool::new(false),
            refused_overloaded: AtomicU64::new(0),
            refused_shutting_down: AtomicU64::new(0),
        })
    }

    /// Takes room for a command. A single request larger than all the bytes there are is still taken when
    /// nothing else is: it would never pass otherwise.
    ///
    /// # Errors
    /// [`Unavailable::ShuttingDown`], [`Unavailable::Fenced`] or [`Unavailable::Overloaded`].
    pub fn admit(self: &Arc<Self>, command: &Command) -> Result<Permit, Unavailable> {
        if let Some(why) = self.closed() {
            return Err(why);
        }
        let bytes = weigh(command);
        let permit = Permit { admission: Arc::clone(self), bytes };
        let requests_before = self.requests.fetch_add(1, Ordering::AcqRel);
        let bytes_before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let too_many = requests_before >= self.limits.requests;
        let too_much = bytes_before > 0 && bytes_before + bytes > self.limits.bytes;
        if too_many || too_much {
            return Err(Unavailable::Overloaded); // dropping the permit gives the room back
        }
        Ok(permit)
    }

    /// Counts that somebody was told so. (Who waits outside, as a stream does, is not.)
    pub(crate) fn refused(&self, why: &Unavailable) {
        match why {
            Unavailable::Overloaded => self.refused_overloaded.fetch_add(1, Ordering::Relaxed),
            _ => self.refused_shutting_down.fetch_add(1, Ordering::Relaxed),
        };
    }

    /// Takes room whether there is any or not: for the engine's own commands.
    pub(crate) fn force(self: &Arc<Self>, command: &Command) -> Permit {
        let bytes = weigh(command);
        self.requests.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        Permit { admission: Arc::clone(self), bytes }
    }

    /// Refuses everything from now on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Refuses everything from now on, with [`Unavailable::Fenced`].
    pub fn fence(&self) {
        self.fenced.store(true, Ordering::Release);
        self.close();
    }

    /// Whether it was fenced.
    pub fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Acquire)
    }

    /// Why nothing is taken any more, if it was closed.
    pub fn closed(&self) -> Option<Unavailable> {
        let is_fenced = self.is_closed().then(|| self.is_fenced())?;
        Some(if is_fenced { Unavailable::Fenced } else { Unavailable::ShuttingDown })
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Requests that are admitted and not yet answered.
    pub fn in_flight(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// How full it is, and whom it has sent away.
    pub fn figures(&self) -> AdmissionFigures {
        AdmissionFigures {
            requests: self.in_flight(),
            bytes: self.bytes.load(Ordering::Acquire),
            limits: self.limits,
            refused_overloaded: self.refused_overloaded.load(Ordering::Relaxed),
            refused_shutting_down: self.refused_shutting_down.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.requests.fetch_sub(1, Ordering::AcqRel);
        self.admission.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Bytes of a record in the journal.
const RECORD: u64 = 176;
/// Bytes that a payload entry takes besides its content.
const ENTRY: u64 = 48 + 16;
/// Bytes of what is journaled of an account besides its name and metadata.
const ACCOUNT: usize = 40;
/// Bytes of a step of a hold or payment, beside what it has in common with transfers.
const STEP: u64 = payload(64) + payload(16);
/// Bytes of what a payment has beside a hold.
const PAYMENT: u64 = payload(24) + payload(REFERENCE_BYTES_MAX);
/// Bytes of a refusal's payload.
const REFUSAL: u64 = payload(96);
/// Bytes of an asset's registration.
const ASSET: u64 = RECORD + payload(17);
/// Bytes of an object with its metadata.
const OBJECT: u64 = 256 + METADATA_BYTES_MAX as u64;
/// More than ISO 4217 has.
const ISO_4217_CODES: usize = 200;
/// Bytes of a frame's header, and of the sector that it fills up.
pub const FRAME_BYTES: u64 = 176 + 4_096;

/// Bytes of a payload entry; nothing if it is empty.
const fn payload(bytes: usize) -> u64 {
    if bytes == 0 { 0 } else { ENTRY + bytes as u64 }
}

/// An upper bound of the journal bytes of something that falls due.
pub const DUE_BYTES: u64 = (RECORD + STEP) * 4_096 / 4_088 + 1;

/// An upper bound of the journal bytes that a command can cause, as one frame.
pub fn weigh(command: &Command) -> u64 {
    let members = match command {
        Command::Transfers(batch) => weigh_transfers(batch),
        Command::OpenAccounts(accounts) => {
            let opened = accounts.iter().map(|account| {
                let name = account.name.as_ref().map_or(0, |name| payload(name.len()));
                RECORD + payload(ACCOUNT) + name + payload(account.metadata.len())
            });
            // Currencies of ISO 4217 are registered when they are first used.
            opened.sum::<u64>() + accounts.len().min(ISO_4217_CODES) as u64 * ASSET
        }
        Command::RegisterAssets(assets) => assets.len() as u64 * ASSET,
        Command::UpdateAccount(_) => RECORD + payload(ACCOUNT),
        Command::TakeDigest => RECORD + payload(32),
        // Reads take no journal, but memory: each object can have all the metadata there may be.
        Command::GetAccounts { ids, .. }
        | Command::GetTransfers { ids, .. }
        | Command::GetHolds { ids, .. }
        | Command::GetPayments { ids, .. } => ids.len() as u64 * OBJECT,
        Command::ListAccounts { limit, .. } => *limit as u64 * OBJECT,
        Command::ListAssets | Command::GetFigures | Command::AcceptClock => 0,
    };
    on_disk(members)
}

/// As [`weigh`], of a batch that is no command yet.
pub fn weigh_batch(batch: &TransferBatch) -> u64 {
    on_disk(weigh_transfers(batch))
}

/// Bytes of tag in each sector come on top.
const fn on_disk(content_bytes: u64) -> u64 {
    (FRAME_BYTES + content_bytes) * 4_096 / 4_088 + 1
}

fn weigh_transfers(batch: &TransferBatch) -> u64 {
    debug_assert!(batch.transfers.len() <= BATCH_MEMBERS_MAX);
    let options = |transfer: &Transfer| {
        let reverses = if transfer.extra.is_some() { payload(16) } else { 0 };
        let step = match transfer.action() {
            Action::Move => 0,
            action if action.is_of_payment() => STEP + PAYMENT,
            _ => STEP,
        };
        let own = payload(transfer.metadata().len()) + reverses + step;
        let requested = if transfer.up_to_available { payload(16) } else { 0 };
        // A refusal keeps neither metadata nor amount asked for; it has its own payload instead.
        if batch.group.is_some() { own + requested } else { (own + requested).max(REFUSAL + own) }
    };
    let group = if batch.group.is_some() { payload(24) + REFUSAL } else { 0 };
    batch.transfers.iter().map(|transfer| RECORD + options(transfer)).sum::<u64>() + group
}

#[cfg(test)]
mod tests {
    use florin_engine::{AssetCode, Floor, NewAccount};
    use florin_persistence::{FRAME_BYTES_MAX, SEGMENT_BYTES_DEFAULT, frame_bytes_max};

    use super::*;

    /// What the contract allows in one message of 4 MiB fits one frame.
    #[test]
    fn the_largest_batches_fit_a_frame() {
        const MESSAGE: usize = 4 << 20;
        assert_eq!(frame_bytes_max(SEGMENT_BYTES_DEFAULT), FRAME_BYTES_MAX);
        for metadata_bytes in [0, 300, METADATA_BYTES_MAX] {
            let members = BATCH_MEMBERS_MAX.min(MESSAGE / (metadata_bytes + 60));
            let metadata: Box<[u8]> = vec![0; metadata_bytes].into();
            let transfer = || Transfer {
                id: 1,
                debit_account: 2,
                credit_account: 3,
                amount_minor: 4,
                content_hash: 0,
                code: 0,
                value_date: 0,
                up_to_available: true,
                extra: Some(Box::new(florin_engine::TransferOptions {
                    metadata: metadata.clone(),
                    ..Default::default()
                })),
            };
            let transfers = (0..members).map(|_| transfer()).collect();
            let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers };
            let account = || NewAccount {
                tenant: 0,
                id: 1,
                asset: AssetCode::new("EUR").expect("a code"),
                floor: Floor::Zero,
                name: Some("customer:0000000000000000/wallet".into()),
                metadata: metadata.clone(),
                ceiling: None,
            };
            let accounts = (0..members).map(|_| account()).collect();
            for command in [Command::Transfers(batch), Command::OpenAccounts(accounts)] {
                let bytes = weigh(&command);
                assert!(bytes <= FRAME_BYTES_MAX, "{members} × {metadata_bytes}: {bytes}");
            }
        }
    }

    #[test]
    fn count_bytes_and_closing() {
        let small = Command::GetFigures;
        let weight = weigh(&small);
        for (requests, bytes, taken) in [
            (2, u64::MAX, 2),
            (10, weight * 3, 3),
            (10, weight * 3 - 1, 2),
            (10, 0, 1),
            (0, u64::MAX, 0),
        ] {
            let door = Admission::new(AdmissionLimits { requests, bytes });
            let permits: Vec<_> = (0..5).map_while(|_| door.admit(&small).ok()).collect();
            assert_eq!(permits.len(), taken, "{requests} requests, {bytes} bytes");
            assert_eq!(door.in_flight(), taken as u64);
            door.refused(&Unavailable::Overloaded);
            let full = AdmissionFigures {
                requests: taken as u64,
                bytes: taken as u64 * weight,
                limits: AdmissionLimits { requests, bytes },
                refused_overloaded: 1,
                refused_shutting_down: 0,
            };
            assert_eq!(door.figures(), full);
            drop(permits);
            assert_eq!(door.in_flight(), 0);
            door.close();
            assert_eq!(door.admit(&small).err(), Some(Unavailable::ShuttingDown));
            door.refused(&Unavailable::ShuttingDown);
            assert_eq!(
                door.figures(),
                AdmissionFigures { requests: 0, bytes: 0, refused_shutting_down: 1, ..full }
            );
            assert!(!door.is_fenced());
            assert_eq!(door.closed(), Some(Unavailable::ShuttingDown));
            door.fence();
            assert_eq!(door.closed(), Some(Unavailable::Fenced));
            assert_eq!(door.admit(&small).err(), Some(Unavailable::Fenced));
            assert!(door.is_fenced() && door.is_closed());
        }
    }
}
