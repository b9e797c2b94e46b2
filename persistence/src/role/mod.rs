//! Who may write here: four small files in the data directory.
//!
//! `STANDBY` says that the journal is a copy and follows another server; `PROMOTING` that a promotion was begun, and by
//! which token it asks others to be fenced; `FENCE` that it was promoted, and from which epoch it writes; `FENCED` that
//! another server has taken over from it. `docs/JOURNAL_FORMAT.md` has their bytes.

use std::cmp::Ordering;
use std::io;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;

use crate::bytes::{array, put, u16_at, u64_at};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;

const MAGIC: [u8; 8] = *b"FLORNROL";
const VERSION: u16 = 1;
/// Longest place, bytes of UTF-8.
pub(crate) const PLACE_BYTES_MAX: usize = 128;
/// Openings of one promotion: whoever is opened again and again never reaches another one's.
const DRAW_EPOCHS: u64 = 1 << 20;
/// Promotions of one generation: those that took over from the same leader, if more than one did. Each draws its number.
const DRAWS: u64 = 1 << 20;
/// Epochs of one generation. Whoever followed a promoted leader is promoted into the next one.
const GENERATION_EPOCHS: u64 = DRAWS * DRAW_EPOCHS;
/// The highest epoch that a promotion gives: openings count up from it for ever.
pub const PROMOTED_EPOCH_MAX: u64 = u64::MAX / 2;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const KIND: usize = VERSION + 2;
    pub(super) const RESERVED: usize = KIND + 1;
    pub(super) const LINEAGE: usize = RESERVED + 5;
    pub(super) const EPOCH: usize = LINEAGE + 16;
    pub(super) const SEQUENCE: usize = EPOCH + 8;
    pub(super) const AT: usize = SEQUENCE + 8;
    pub(super) const PLACE_LEN: usize = AT + 8;
    pub(super) const PLACE: usize = PLACE_LEN + 2;
    pub(super) const HASH: usize = PLACE + super::PLACE_BYTES_MAX;
    pub(super) const LEN: usize = HASH + 32;
}
const _: () = assert!(at::LINEAGE == 16 && at::HASH == 186 && at::LEN == 218);

/// What a data directory is, besides a ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// A copy that follows another server.
    Standby = 1,
    /// It was promoted. The same bytes are the token that fences others.
    Fence = 2,
    /// Another server has taken over from it.
    Fenced = 3,
    /// A promotion was begun: with this token others are asked to be fenced. Run again, it asks with the same one.
    Promoting = 4,
}

impl Role {
    /// The file's name.
    const fn file(self) -> &'static str {
        match self {
            Self::Standby => "STANDBY",
            Self::Fence => "FENCE",
            Self::Fenced => "FENCED",
            Self::Promoting => "PROMOTING",
        }
    }
}

/// What a role's file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fence {
    /// Which history it is about; zeros where there is none yet.
    pub lineage: [u8; 16],
    /// Of a fence: the least epoch of the new leader. Of a standby: 0.
    pub epoch: u64,
    /// The last event that the new leader began with. Of a standby: 0.
    pub sequence: Sequence,
    /// When it was written, ns since 1970.
    pub at_ns: u64,
    /// Where the new leader is, or the one that is followed: for people. Cut to 128 bytes.
    pub place: String,
}

impl Fence {
    /// The bytes of the file, and of the token.
    pub fn encode(&self, role: Role) -> Vec<u8> {
        let mut out = vec![0; at::LEN];
        let mut ends = (0..=self.place.len().min(PLACE_BYTES_MAX)).rev();
        let end = ends.find(|end| self.place.is_char_boundary(*end)).unwrap_or(0);
        let place = &self.place[..end];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::KIND, [role as u8]);
        put(&mut out, at::LINEAGE, self.lineage);
        put(&mut out, at::EPOCH, self.epoch.to_le_bytes());
        put(&mut out, at::SEQUENCE, self.sequence.to_le_bytes());
        put(&mut out, at::AT, self.at_ns.to_le_bytes());
        let len = u16::try_from(place.len()).unwrap_or(u16::MAX);
        put(&mut out, at::PLACE_LEN, len.to_le_bytes());
        out[at::PLACE..][..place.len()].copy_from_slice(place.as_bytes());
        let hash = blake3::hash(&out[..at::HASH]);
        put(&mut out, at::HASH, *hash.as_bytes());
        out
    }

    /// Reads a file or a token; `None` if it is not what was written, or of another role.
    pub fn decode(role: Role, bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; at::LEN] = bytes.try_into().ok()?;
        let hash = blake3::hash(&bytes[..at::HASH]);
        let is_whole = bytes[..at::VERSION] == MAGIC
            && u16_at(bytes, at::VERSION) == VERSION
            && bytes[at::KIND] == role as u8
            && array::<32>(bytes, at::HASH) == *hash.as_bytes();
        if !is_whole {
            return None;
        }
        let len = usize::from(u16_at(bytes, at::PLACE_LEN));
        let place = bytes[at::PLACE..at::HASH].get(..len)?;
        Some(Self {
            lineage: array(bytes, at::LINEAGE),
            epoch: u64_at(bytes, at::EPOCH),
            sequence: u64_at(bytes, at::SEQUENCE),
            at_ns: u64_at(bytes, at::AT),
            place: String::from_utf8(place.to_vec()).ok()?,
        })
    }
}

/// What a fence token is to a server that was fenced before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Of the promotion that has fenced it: it is asked again.
    Same,
    /// Of a promotion that came after that one, and knew of it.
    Later,
    /// Of another promotion that took over from the same leader: one of them must not be.
    Rival,
    /// Of a promotion before that one.
    Older,
}

impl Fence {
    /// What a token is where this one was kept.
    pub fn claim_of(&self, token: &Self) -> Claim {
        let which = |it: &Self| (it.lineage, it.epoch, it.at_ns);
        let generation = |it: &Self| it.epoch / GENERATION_EPOCHS;
        if which(self) == which(token) {
            return Claim::Same; // it has taken more since
        }
        match generation(token).cmp(&generation(self)) {
            Ordering::Greater => Claim::Later,
            Ordering::Equal => Claim::Rival,
            Ordering::Less => Claim::Older,
        }
    }
}

/// The least epoch of who is promoted where `known` is the highest epoch that is known: of the next generation, and of a draw
/// in that by `random`, so that two promotions that know nothing of one another do not get the same. `None` if there
/// are no more.
pub const fn epoch_of_promotion(known: u64, random: u64) -> Option<u64> {
    let generation = known / GENERATION_EPOCHS + 1;
    let Some(first) = generation.checked_mul(GENERATION_EPOCHS) else { return None };
    let Some(epoch) = first.checked_add(random % DRAWS * DRAW_EPOCHS) else { return None };
    if epoch > PROMOTED_EPOCH_MAX { None } else { Some(epoch) }
}

/// Whether an epoch is of the generation that comes next where `known` is the highest that is known.
pub const fn is_of_next_generation(epoch: u64, known: u64) -> bool {
    epoch / GENERATION_EPOCHS == known / GENERATION_EPOCHS + 1
}

/// Reads the file of a role; `None` if there is none.
///
/// # Errors
/// It cannot be read, or is not what was written.
pub fn read_role<D: Disk>(disk: &D, data: &Path, role: Role) -> Result<Option<Fence>, OpenError> {
    let path = data.join(role.file());
    let file = match disk.open_read_only(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|e| OpenError::from_io("opened", &path, e))?,
    };
    // One more, so that a longer file is not taken for its first bytes.
    let mut bytes = [0; at::LEN + 1];
    let len = file.read_at(&mut bytes, 0).map_err(|e| OpenError::from_io("read", &path, e))?;
    Fence::decode(role, &bytes[..len]).map(Some).ok_or(OpenError::RoleDamaged { path })
}

/// Writes the file of a role, in place of an earlier one; durable when it returns.
///
/// # Errors
/// The disk failed; there is the earlier file or the new one.
pub fn write_role<D: Disk>(
    disk: &D,
    data: &Path,
    role: Role,
    fence: &Fence,
) -> Result<(), OpenError> {
    let (path, unfinished) = (data.join(role.file()), unfinished(data, role));
    let failed = |did| {
        let path = path.clone();
        move |error| OpenError::from_io(did, &path, error)
    };
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("made")(error)),
        _ => {}
    }
    let file = disk.create(&unfinished).map_err(failed("made"))?;
    file.write_at(&fence.encode(role), 0).map_err(failed("written"))?;
    file.sync_data().map_err(failed("synced"))?;
    disk.rename(&unfinished, &path).map_err(failed("renamed"))?;
    disk.sync_dir(data).map_err(failed("synced"))
}

/// Takes a role away; durable when it returns.
///
/// # Errors
/// The disk failed.
pub fn drop_role<D: Disk>(disk: &D, data: &Path, role: Role) -> Result<(), OpenError> {
    let path = data.join(role.file());
    match disk.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(OpenError::from_io("removed", &path, error));
        }
        _ => {}
    }
    disk.sync_dir(data).map_err(|e| OpenError::from_io("synced", data, e))
}

/// Whether a server may open this directory; the least epoch that it writes with.
///
/// # Errors
/// It is a standby's, or was fenced: [`OpenError::Standby`], [`OpenError::Fenced`].
pub fn check_may_serve<D: Disk>(disk: &D, data: &Path) -> Result<u64, OpenError> {
    if read_role(disk, data, Role::Standby)?.is_some() {
        return Err(OpenError::Standby { path: data.to_path_buf() });
    }
    let own = read_role(disk, data, Role::Fence)?.map_or(0, |fence| fence.epoch);
    match read_role(disk, data, Role::Fenced)? {
        // One that was fenced, followed the new leader, and was promoted after it, serves again.
        Some(fenced) if fenced.epoch > own => Err(OpenError::Fenced {
            path: data.to_path_buf(),
            epoch: fenced.epoch,
            place: fenced.place,
        }),
        _ => Ok(own),
    }
}

/// The least epoch that this directory's standby follows, by what it knows of promotions.
///
/// # Errors
/// A file cannot be read.
pub fn least_leader_epoch<D: Disk>(disk: &D, data: &Path) -> Result<u64, OpenError> {
    let own = read_role(disk, data, Role::Fence)?.map_or(0, |fence| fence.epoch);
    let fenced = read_role(disk, data, Role::Fenced)?.map_or(0, |fence| fence.epoch);
    Ok(own.max(fenced))
}

fn unfinished(data: &Path, role: Role) -> PathBuf {
    data.join(format!("{}.tmp", role.file()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Faults, SimDisk};

    const ALL: [Role; 4] = [Role::Standby, Role::Fence, Role::Fenced, Role::Promoting];

    fn fence(epoch: u64) -> Fence {
        let place = "db-2:7411, promoted by hand".to_owned();
        Fence { lineage: [9; 16], epoch, sequence: 77, at_ns: 1_700_000_000_000_000_000, place }
    }

    #[test]
    fn round_trip_and_every_bit() {
        for role in ALL {
            for place in ["", "x", &"é".repeat(64), &"a".repeat(128)] {
                let fence = Fence { place: place.to_owned(), ..fence(1 << 20) };
                let bytes = fence.encode(role);
                assert_eq!(Fence::decode(role, &bytes), Some(fence));
                for other in ALL.into_iter().filter(|other| *other != role) {
                    assert_eq!(Fence::decode(other, &bytes), None, "{role:?} taken for {other:?}");
                }
                for at in 0..bytes.len() * 8 {
                    let mut changed = bytes.clone();
                    changed[at / 8] ^= 1 << (at % 8);
                    assert_eq!(Fence::decode(role, &changed), None, "bit {at} of {role:?}");
                }
                assert_eq!(Fence::decode(role, &bytes[1..]), None);
            }
        }
        // A place that is too long is cut between two characters.
        let long = Fence { place: "é".repeat(100), ..fence(1) };
        let read = Fence::decode(Role::Fence, &long.encode(Role::Fence)).unwrap();
        assert_eq!(read.place, "é".repeat(64));
        let odd = Fence { place: format!("a{}", "é".repeat(100)), ..fence(1) };
        let read = Fence::decode(Role::Fence, &odd.encode(Role::Fence)).unwrap();
        assert_eq!(read.place, format!("a{}", "é".repeat(63)));
    }

    #[test]
    fn the_bytes_are_pinned() {
        let bytes = fence(1 << 20).encode(Role::Fence);
        let text = bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let (head, hash) = text.split_at(at::HASH * 2);
        let expected = format!(
            "464c4f524e524f4c0100{:02x}0000000000{}{}{}{}{}{}{}",
            2,
            "09".repeat(16),
            "0000100000000000",
            "4d00000000000000",
            "00002a36fe9c9717",
            "1b00",
            "64622d323a373431312c2070726f6d6f7465642062792068616e64",
            "00".repeat(PLACE_BYTES_MAX - 27)
        );
        assert_eq!(head, expected);
        assert_eq!(hash, blake3::hash(&bytes[..at::HASH]).to_hex().as_str());
    }

    /// Files that are there, with their epochs.
    type Files = &'static [(Role, u64)];

    #[test]
    fn who_may_serve() {
        use Role::{Fence as F, Fenced, Standby};
        let term = 1 << 20;
        let cases: [(Files, Result<u64, &str>); 7] = [
            (&[], Ok(0)),
            (&[(F, 1 << 20)], Ok(term)),
            (&[(Standby, 0)], Err("DATA_STANDBY")),
            (&[(Standby, 0), (F, 1 << 20)], Err("DATA_STANDBY")),
            (&[(Fenced, 1 << 20)], Err("DATA_FENCED")),
            (&[(F, 1 << 20), (Fenced, 2 << 20)], Err("DATA_FENCED")),
            (&[(F, 3 << 20), (Fenced, 2 << 20)], Ok(3 * term)),
        ];
        let data = Path::new("/data");
        for (files, expected) in cases {
            let disk = SimDisk::new(1);
            disk.create_dir_all(data).unwrap();
            for (role, epoch) in files {
                write_role(&disk, data, *role, &fence(*epoch)).unwrap();
            }
            let may = check_may_serve(&disk, data).map_err(|error| error.reason());
            assert_eq!(may, expected, "{files:?}");
            for (role, _) in files {
                disk.flip_bit(&data.join(role.file()), 20, 3).unwrap();
                let damaged = check_may_serve(&disk, data).map_err(|error| error.reason());
                // A standby's other files are not looked at.
                let is_hidden = *role != Standby && files[0].0 == Standby;
                let expected = if is_hidden { "DATA_STANDBY" } else { "DATA_ROLE_DAMAGED" };
                assert_eq!(damaged, Err(expected), "{files:?}");
                disk.flip_bit(&data.join(role.file()), 20, 3).unwrap();
            }
        }
    }

    /// Whatever operation the power fails at, there is the old file or the new one.
    #[test]
    fn written_as_a_whole() {
        let data = Path::new("/data");
        for seed in 0..20 {
            for at in 0.. {
                let disk = SimDisk::new(seed);
                disk.create_dir_all(data).unwrap();
                write_role(&disk, data, Role::Fenced, &fence(1)).unwrap();
                let crash_at = Some(disk.operations() + at);
                disk.set_faults(Faults { crash_at, ..Faults::default() });
                let written = write_role(&disk, data, Role::Fenced, &fence(2));
                disk.crash();
                let read = read_role(&disk, data, Role::Fenced).unwrap().expect("one of them");
                assert!(read == fence(2) || written.is_err() && read == fence(1), "{at}: {read:?}");
                write_role(&disk, data, Role::Fenced, &fence(3)).unwrap();
                if written.is_ok() {
                    break;
                }
            }
        }
    }

    #[test]
    fn epochs_of_promotions() {
        let generation = 1 << 40;
        for (known, random, expected) in [
            (0, 0, Some(generation)),
            (1, 1, Some(generation + (1 << 20))),
            ((1 << 20) + 5, u64::MAX, Some(2 * generation - (1 << 20))),
            (generation, 0, Some(2 * generation)),
            // As often as a server is opened, another draw of its generation leads to the same one.
            (2 * generation - 1, 7, Some(2 * generation + (7 << 20))),
            (
                PROMOTED_EPOCH_MAX - generation,
                0,
                Some(PROMOTED_EPOCH_MAX / generation * generation),
            ),
            (PROMOTED_EPOCH_MAX, 0, None),
            (u64::MAX, u64::MAX, None),
        ] {
            let epoch = epoch_of_promotion(known, random);
            assert_eq!(epoch, expected, "{known} {random}");
            if let Some(epoch) = epoch {
                assert!(epoch > known && is_of_next_generation(epoch, known), "{known} {random}");
            }
        }
        assert!(!is_of_next_generation(generation, generation));
        assert!(!is_of_next_generation(3 * generation, generation));
    }

    #[test]
    fn who_has_fenced_first() {
        let generation = 1 << 40;
        let kept = fence(2 * generation + (5 << 20));
        let at = |epoch, at_ns| Fence { epoch, at_ns, ..kept.clone() };
        for (token, expected) in [
            (kept.clone(), Claim::Same),
            (Fence { sequence: kept.sequence + 9, ..kept.clone() }, Claim::Same),
            (at(kept.epoch, kept.at_ns + 1), Claim::Rival),
            (Fence { lineage: [8; 16], ..kept.clone() }, Claim::Rival),
            (at(2 * generation, kept.at_ns), Claim::Rival),
            (at(3 * generation - 1, kept.at_ns), Claim::Rival),
            (at(3 * generation, kept.at_ns), Claim::Later),
            (at(2 * generation - 1, kept.at_ns), Claim::Older),
        ] {
            assert_eq!(kept.claim_of(&token), expected, "{token:?}");
        }
    }
}
