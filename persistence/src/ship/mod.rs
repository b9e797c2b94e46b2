//! Shipping a journal to a standby, byte for byte.
//!
//! The leader's [`Shipper`] reads pieces of segment files as they stand on its disk: a header, whole frames, a footer.
//! It gives out only what is durable. The [`Standby`] verifies each piece with the walker that recovery uses, writes it
//! at the same place of the same file, syncs it, and only then counts it as followed.
//!
//! **What was shipped is never lost by the leader.** A frame is given out after its sync has returned, so an opening
//! finds it, and takes it over into its new segment if nothing vouches for it. Should a leader come back with less (a
//! device that lied, an end that was cut by hand), its takeover does not reach the standby's last event, and the standby
//! stops ([`FollowError::Diverged`]) instead of throwing away what somebody was told.
//!
//! What the leader's openings do to segments is done here too, and follows from the journal itself: a takeover frame
//! names the segment that it cuts, and where. Nothing else is believed.

mod error;
mod mark;
mod piece;
mod seen;
mod shipper;
mod standby;

pub use error::{FollowError, ShipError};
pub use piece::{FollowPoint, Piece};
pub use seen::{LeaderSeen, forget_leader};
pub use shipper::Shipper;
pub use standby::{Standby, settle};
