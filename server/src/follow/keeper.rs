//! The copy, and a ledger beside it if one is wanted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use florin_engine::{Body, Event, Ledger, Sequence};
use florin_persistence::{
    Cut, DataDir, Fence, FollowError, FollowPoint, LeaderSeen, OpenError, Piece, RealDisk, Role,
    Standby,
};
use florin_persistence::{
    drop_role, forget_leader, journal_dir, least_leader_epoch, settle, write_role,
};
use florin_proto::v1;

use super::figures::Figures;
use super::{now_ns, with_reason};
use crate::serve::ReplayBar;

/// Takes what the leader ships. Every call waits for the disk.
pub(super) struct Keeper {
    standby: Standby<RealDisk>,
    data: PathBuf,
    follows: Follows,
    replay: Option<Replay>,
    figures: Arc<Figures>,
    /// What is known of promotions.
    least_epoch: u64,
    /// The directory was no standby's, and the leader has not shown yet that its history is the same.
    is_adopting: bool,
    /// What was damaged at the end and was cut off.
    cut: Option<Cut>,
    /// What the leader has said of itself last, and when that was noted on disk.
    seen: Option<LeaderSeen>,
    noted_at: Option<Instant>,
}

/// How often it is noted on disk how far the leader is.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// Whom a directory follows.
#[derive(Debug, Clone)]
pub(super) struct Follows {
    /// What its file STANDBY says; `None`: there is none yet, and will be once a leader fits.
    pub(super) known: Option<Fence>,
    /// Address of the leader.
    pub(super) place: String,
}

impl Follows {
    /// Which history; `None` as long as no leader has said.
    fn lineage(&self) -> Option<[u8; 16]> {
        let known = self.known.as_ref().map(|known| known.lineage);
        known.filter(|lineage| *lineage != [0; 16])
    }
}

/// A ledger that is kept along.
struct Replay {
    ledger: Ledger,
    digests_checked: u64,
}

impl Replay {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        self.ledger.replay(event)?;
        self.digests_checked += u64::from(matches!(event.body, Body::DigestTaken { .. }));
        Ok(())
    }
}

impl Keeper {
    /// Opens the copy and verifies all of it. With `cut_damaged_tail` what has changed at its end is cut off.
    pub fn open(
        data: &DataDir,
        follows: Follows,
        replay: bool,
        cut_damaged_tail: bool,
        figures: Arc<Figures>,
    ) -> anyhow::Result<Self> {
        let mut replay = if replay {
            let seed = getrandom::u64().context("the system's randomness")?;
            Some(Replay { ledger: Ledger::new(seed), digests_checked: 0 })
        } else {
            None
        };
        let mut sink = |event: Event| match &mut replay {
            Some(replay) => replay.event(&event),
            None => Ok(()),
        };
        let mut bar = ReplayBar::new();
        let journal = data.journal(0);
        let mut show = |progress| bar.show(&progress);
        let open = if cut_damaged_tail {
            Standby::<RealDisk>::open_and_cut
        } else {
            Standby::<RealDisk>::open
        };
        let opened = open(&RealDisk, &journal, &mut sink, &mut show);
        bar.finish();
        let (standby, report) = opened.map_err(with_reason)?;
        let least_epoch = least_leader_epoch(&RealDisk, data.path()).map_err(with_reason)?;
        let cut = report.cut.clone().filter(|cut| cut.was_damaged);
        if let Some(Cut { file, offset, bytes, .. }) = &cut {
            let file = file.display();
            tracing::warn!(%file, offset, bytes, "what was damaged at the end was cut off");
        }
        tracing::info!(?report, least_epoch, "the copy is whole");
        let data = data.path().to_path_buf();
        let is_adopting = follows.known.is_none();
        let keeper = Self {
            standby,
            data,
            follows,
            replay,
            figures,
            least_epoch,
            is_adopting,
            cut,
            seen: None,
            noted_at: None,
        };
        keeper.note(0);
        Ok(keeper)
    }

    /// What a leader has to be asked for.
    pub fn point(&self) -> FollowPoint {
        self.standby.point()
    }

    /// The last event that is durable here.
    pub fn followed_through(&self) -> Sequence {
        self.standby.followed_through()
    }

    /// The epoch of what was followed last.
    pub fn epoch(&self) -> u64 {
        self.standby.epoch()
    }

    /// The history that is followed, once it is here: what comes first may be of others, which it goes on from.
    pub fn lineage(&self) -> Option<[u8; 16]> {
        self.standby.lineage().filter(|lineage| Some(*lineage) == self.follows())
    }

    /// The history that is followed; `None`: whichever the leader writes.
    pub fn follows(&self) -> Option<[u8; 16]> {
        self.follows.lineage()
    }

    /// What was damaged at the end and was cut off.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// What is known of promotions here.
    pub fn least_epoch(&self) -> u64 {
        self.least_epoch
    }

    pub fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    /// Takes a message. When it returns, what is in it is durable here.
    ///
    /// # Errors
    /// It does not fit, or the disk failed: the process ends.
    pub fn take(&mut self, message: v1::ShippedPiece) -> Result<(), FollowError> {
        let v1::ShippedPiece {
            segment,
            offset,
            bytes,
            durable_through,
            read_at_ns,
            epoch,
            lineage,
        } = message;
        self.check_lineage(&lineage)?;
        self.standby.check_leader(epoch, durable_through, self.least_epoch)?;
        self.bind(&lineage)?;
        let len = bytes.len() as u64;
        if segment > 0 {
            let replay = &mut self.replay;
            let mut sink = |event: Event| match replay {
                Some(replay) => replay.event(&event),
                None => Ok(()),
            };
            self.standby.take(&Piece { segment, offset, bytes }, &mut sink)?;
        }
        self.is_adopting &= !self.standby.is_settled();
        self.note(len);
        let mut seen = LeaderSeen { lineage: [0; 16], epoch, durable_through, at_ns: now_ns() };
        seen.lineage.copy_from_slice(&lineage);
        self.seen = Some(seen);
        if self.noted_at.is_none_or(|at| at.elapsed() >= NOTE_EVERY) {
            self.note_leader();
        }
        let ago = Duration::from_nanos(now_ns().saturating_sub(read_at_ns));
        self.figures.heard(durable_through, epoch, ago, len > 0);
        Ok(())
    }

    /// A directory follows one history: that which the first leader wrote. The same leader with another one was restored,
    /// or is a fork.
    fn check_lineage(&self, lineage: &[u8]) -> Result<(), FollowError> {
        let fits = match self.follows() {
            Some(known) => lineage == known,
            None => lineage.len() == 16 && lineage != [0; 16],
        };
        if fits { Ok(()) } else { Err(FollowError::LineageChanged { dir: self.data.clone() }) }
    }

    /// Notes whom the directory follows, before anything of it is written there.
    fn bind(&mut self, lineage: &[u8]) -> Result<(), FollowError> {
        let Follows { known, place } = &mut self.follows;
        if known.as_ref().is_some_and(|it| it.lineage == lineage && it.place == *place) {
            return Ok(());
        }
        let mut standby = Fence { at_ns: now_ns(), place: place.clone(), ..Fence::default() };
        standby.lineage.copy_from_slice(lineage);
        write_role(&RealDisk, &self.data, Role::Standby, &standby)?;
        *known = Some(standby);
        Ok(())
    }

    /// Notes on disk how far the leader was, for when it is gone.
    pub fn note_leader(&mut self) {
        let Some(seen) = self.seen else { return };
        self.noted_at = Some(Instant::now());
        if let Err(error) = seen.note(&RealDisk, &self.data) {
            tracing::warn!(%error, "how far the leader is cannot be noted");
        }
    }

    /// Ends it. A directory that was to follow, and whose history is not the leader's after all, becomes what it was.
    ///
    /// # Errors
    /// The disk failed.
    pub fn end(self, is_refused: bool) -> Result<(), OpenError> {
        let Self { standby, data, follows, is_adopting, .. } = self;
        drop(standby);
        if !is_refused || !is_adopting || follows.known.is_none() {
            return Ok(());
        }
        settle(&RealDisk, &journal_dir(&data, 0))?;
        forget_leader(&RealDisk, &data)?;
        drop_role(&RealDisk, &data, Role::Standby)
    }

    fn note(&self, more_bytes: u64) {
        let Self { standby, follows, replay, figures, .. } = self;
        figures.change(|it| {
            it.lineage = follows.lineage();
            it.followed_through = standby.followed_through();
            it.segment = standby.point().segment;
            it.bytes += more_bytes;
            if let Some(Replay { ledger, digests_checked }) = replay {
                it.replayed = ledger.last_sequence();
                it.digests_checked = *digests_checked;
            }
        });
    }
}
